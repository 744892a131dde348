/* src/address/address.h: whom one could contact, in one normal form, and the ids we know them by.
 *
 * An address is read once, here, and refused with a reason when it cannot be read; nobody else in
 * the house looks into one. What is hashed, stored and compared is the normalised text:
 *
 *   e-mail  local part and domain in lower case, domain as A-labels (IDNA 2008, RFC 5891), local
 *           part in NFKC; dots, plus tags and quotes are kept: they are other mailboxes
 *   phone   E.164 with its plus: +14155550100
 *   device  the UUID in lower case with its hyphens
 *   cookie  `cookie:` and the id as it stands
 *   digest  not an address but the digest of a normalised text, made by somebody else
 *
 * NORMALISATION_VERSION is stored with the ledger; changing a rule above means a new number.
 *
 * The keyed id of an address is SipHash-2-4-128, cut to 96 bits, of the digest of that text, with
 * a key for each digest family. So an address and its SHA-256 in somebody's list have one id, and
 * nobody without the key can tell whether an address is known.
 *
 * Pure functions: no heap that outlives a call, no clock, no file. Any thread.
 */
#ifndef ADDRESS_ADDRESS_H
#define ADDRESS_ADDRESS_H

#include "base/hash.h"
#include "base/secret.h"
#include "base/span.h"
#include "base/status.h"

#include <stdint.h>

enum { NORMALISATION_VERSION = 1 };

enum address_kind {
    ADDRESS_EMAIL = 1,
    ADDRESS_PHONE,
    ADDRESS_DEVICE,
    ADDRESS_COOKIE,
    ADDRESS_DIGEST
};

enum {
    ADDRESS_INPUT_MAX = 1024, /* bytes of one address as written, names and blanks included */
    ADDRESS_TEXT_MAX = 320,   /* bytes of a normalised text */
    EMAIL_LOCAL_MAX = 64,     /* RFC 5321 section 4.5.3.1.1 */
    EMAIL_DOMAIN_MAX = 253,   /* RFC 1035 section 2.3.4, without the root's dot */
    EMAIL_MAX = 254,          /* RFC 5321 section 4.5.3.1.3, without the angle brackets */
    COOKIE_MAX = 128,
    ADDRESS_FORMS_MAX = 4, /* an address and its equivalents */
    ADDRESS_IDS_MAX = ADDRESS_FORMS_MAX * HASH_NAMES
};

struct address {
    enum address_kind kind;
    enum hash_name family;          /* ADDRESS_DIGEST: which digest it is */
    uint16_t bytes;                 /* length of text */
    uint8_t digest[HASH_BYTES_MAX]; /* ADDRESS_DIGEST: the digest itself */
    /* The normalised text with a zero behind it. For a digest its canonical form, as in
     * `sha256:` and lower-case hex. */
    char text[ADDRESS_TEXT_MAX + 1];
};

static inline struct span address_span(const struct address *a)
{
    return (struct span){a->text, a->bytes};
}

/* How addresses are to be read. Zeroed: no national phone numbers. */
struct address_options {
    char country[3]; /* ISO 3166 code in capitals for phones in national form; "" refuses them */
};

/* Reads one address in any of the forms of the contract: bare, in a display-name form
 * (`"Doe, Jane" <jane@example.com>`, `jane@example.com (Jane)`), `mailto:`, `tel:`, `device:`,
 * `cookie:`, `md5:` … with hex or Base64, any case, blanks around it, full-width forms.
 * `options` may be NULL. OK, or REFUSED; `why` (may be NULL) then tells what and at which byte. */
enum status address_parse(struct span in, const struct address_options *options,
                          struct address *out, struct refusal *why) MUST_CHECK;

/* Only these forms, for who knows what a column holds; the same rules. */
enum status email_parse(struct span in, struct address *out, struct refusal *why) MUST_CHECK;
enum status phone_parse(struct span in, const char country[3], struct address *out,
                        struct refusal *why) MUST_CHECK;

/* Reads a digest without its prefix (as columns of digest lists are): hex or Base64 of exactly
 * the family's length. */
enum status digest_parse(struct span in, enum hash_name family, struct address *out,
                         struct refusal *why) MUST_CHECK;
/* The family whose hex or Base64 form `in` could be, by its length: OK or NOT_FOUND. */
enum status digest_guess(struct span in, enum hash_name *family) MUST_CHECK;

/* The ISO 3166 code of a phone's country, or the first of several that share its plan; "" when
 * the plan has none (+800 …) or it is no phone. */
const char *phone_country(const struct address *a);
/* Is `country` (capitals) one whose national numbers can be read? */
bool phone_country_known(const char *country);
/* The version of the numbering plan facts, as in `libphonenumber-js 1.2.3`. */
const char *phone_table_version(void);

/* The same subscriber in the other ways of writing that networks treat as one (Mexico 52/521,
 * Argentina 54/549, Brazil with and without the ninth digit): forms[0] is `a` itself. Returns how
 * many, 1 to ADDRESS_FORMS_MAX; symmetric: each form has the others. */
size_t address_forms(const struct address *a, struct address forms[ADDRESS_FORMS_MAX]);

/* Writes the address so that address_parse reads it back: `jane@…`, `+1…`, `device:…`,
 * `cookie:…`, `sha256:…`. `out` has at least ADDRESS_TEXT_MAX + 8 bytes. */
void address_print(const struct address *a, char *out);

/* A digest of the normalised text; for a digest of that same family the digest itself, for one of
 * another family NOT_FOUND. Device ids are hashed as their bare UUID. */
enum status address_digest(const struct address *a, enum hash_name family,
                           uint8_t out[HASH_BYTES_MAX]) MUST_CHECK;

/* --- ids ----------------------------------------------------------------------------------- */

/* 96 bits by which the ledger and the lookup know somebody. All zero is nobody. */
struct id {
    uint64_t a;
    uint32_t b;
};

enum { ID_BYTES = 12 };

static inline bool id_equal(struct id x, struct id y)
{
    return x.a == y.a && x.b == y.b;
}
/* Little-endian bytes, as stored. */
void id_store(struct id id, uint8_t out[ID_BYTES]);
struct id id_load(const uint8_t in[ID_BYTES]);

struct id_key {
    struct siphash_key family[HASH_NAMES];
};
/* Independent keys for each family out of the master secret. */
void id_key_derive(const struct secret *master, struct id_key *out);

/* The id of a digest of `family` (hash_bytes(family) bytes). */
struct id id_of_digest(const struct id_key *key, enum hash_name family, const uint8_t *digest);

/* A set of digest families as bits (1u << HASH_MD5 …). HASH_SHA256 is always in it. */
typedef unsigned family_set;
#define FAMILY_BIT(name) (1u << (name))

/* All ids of an address: ids[0] is its own (SHA-256 of its text, or a digest's own), then those of
 * its equivalent forms and of the other families in `families`. Returns how many, at least 1. */
size_t address_ids(const struct id_key *key, const struct address *a, family_set families,
                   struct id ids[ADDRESS_IDS_MAX]);

#endif
