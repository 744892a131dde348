/* src/adapter/privacy/privacy.h: the privacy strings of online advertising, read field by field,
 * and the one question put to them: what did this person refuse?
 *
 *   GPP         IAB Global Privacy Platform: a header and sections 2 and 5 to 27
 *   TCF         IAB Europe Transparency and Consent string 2.0 to 2.3, alone or as section 2
 *   US Privacy  CCPA's four characters, alone or as section 6
 *
 * A broken string still counts for what it says: every refusal in front of the fault, and in the
 * other sections, is in the decision, and the fault is told beside it. So a fault is never a yes;
 * whoever asks about a broken string gets to know both.
 *
 * Pure functions over borrowed text: no heap, no clock. Any thread.
 */
#ifndef ADAPTER_PRIVACY_PRIVACY_H
#define ADAPTER_PRIVACY_PRIVACY_H

#include "base/span.h"
#include "base/status.h"

#include <stdint.h>

enum {
    PRIVACY_TEXT_MAX = 65535,  /* characters of one string */
    PRIVACY_SECTIONS_MAX = 64, /* sections that a GPP header may name */
    VENDOR_MAX = 65535,        /* ids have 16 bits */
    TCF_PURPOSES = 24
};

enum privacy_kind { PRIVACY_UNKNOWN, PRIVACY_GPP, PRIVACY_TCF, PRIVACY_USP };
/* "gpp", "tcf", "usp"; NULL for PRIVACY_UNKNOWN. */
const char *privacy_kind_word(enum privacy_kind k);

/* --- the decision --------------------------------------------------------------------------- */

/* What a person can refuse in a US section. */
enum privacy_right {
    RIGHT_SALE,
    RIGHT_SHARING,   /* for cross-context behavioural advertising */
    RIGHT_TARGETED,  /* targeted advertising */
    RIGHT_SENSITIVE, /* processing of any kind of sensitive data */
    RIGHT_CHILD,     /* processing of a known child's data */
    RIGHT_PERSONAL,  /* collection or use beyond what the service needs */
    RIGHT_COUNT
};

/* In ascending order of weight: of several sections the strictest counts. */
enum privacy_said { SAID_NOTHING, SAID_NO_REFUSAL, SAID_REFUSED };

struct privacy_decision {
    enum privacy_kind kind;
    enum privacy_said said[RIGHT_COUNT];
    bool gpc; /* Global Privacy Control was on */
    /* The first fault; `what` is NULL when there is none. `fault_in` names the section, or is
     * NULL for the string as a whole. */
    struct refusal fault;
    const char *fault_in;
    uint16_t sections[PRIVACY_SECTIONS_MAX]; /* as the header has them, ascending */
    unsigned section_count;
};

/* Sale, sharing or targeted advertising refused, by choice or by Global Privacy Control? */
bool privacy_refuses_ads(const struct privacy_decision *d);

/* --- fields --------------------------------------------------------------------------------- */

/* A position in base64url text, counted in bits. Private, but for its place in the types below. */
struct privacy_bits {
    const char *p;
    uint32_t end, at;
    bool failed; /* somebody read past the end */
};

/* A set of ids as it is written: a bit field, or ranges. */
struct privacy_ids {
    struct privacy_bits bits;
    uint32_t left; /* bits or range entries that were not read yet */
    uint32_t last; /* the last id */
    enum { IDS_BITFIELD, IDS_RANGES, IDS_FIBONACCI } form;
    bool failed;
};
/* The next run of ids, 1 <= *first <= *last <= VENDOR_MAX. Runs may overlap, and come in any order,
 * when the string has them so. */
bool privacy_ids_next(struct privacy_ids *ids, uint32_t *first, uint32_t *last);

enum { RESTRICTION_NOT_ALLOWED, RESTRICTION_REQUIRE_CONSENT, RESTRICTION_REQUIRE_INTEREST };

struct privacy_restriction {
    unsigned purpose, type;
    struct privacy_ids vendors;
};
struct privacy_restrictions {
    struct privacy_bits bits;
    uint32_t left;
    unsigned range_form; /* private */
};
bool privacy_restrictions_next(struct privacy_restrictions *r, struct privacy_restriction *out);

enum privacy_type {
    PRIVACY_NUMBER,
    PRIVACY_FLAG,
    PRIVACY_TIME,    /* number: deciseconds since 1970 */
    PRIVACY_LETTERS, /* two capitals at `letters` */
    PRIVACY_TEXT,    /* `text` */
    PRIVACY_CHOICES, /* `count` numbers of 2 bits */
    PRIVACY_FLAGS,   /* `count` flags */
    PRIVACY_IDS,
    PRIVACY_RESTRICTIONS
};

struct privacy_value {
    const char *section; /* "usnat" */
    const char *name;
    enum privacy_type type;
    unsigned count;
    uint64_t number;
    char letters[2];
    struct span text;
    struct privacy_bits items;
    struct privacy_ids ids;
    struct privacy_restrictions restrictions;
};
/* The i-th of a PRIVACY_CHOICES or PRIVACY_FLAGS value. */
unsigned privacy_item(const struct privacy_value *v, unsigned i);

/* Called for every field, in order. What a value points to is borrowed from the string. */
typedef void privacy_visit(void *context, const struct privacy_value *v);

/* How to read. Zeroed: nobody looks on, and every section counts. */
struct privacy_wish {
    privacy_visit *visit;
    void *context;
    /* OpenRTB's gpp_sid: bit n is set when section n of a GPP string applies, and counts towards
     * the decision; the others are read all the same. 0: all count. */
    uint64_t applies;
};

/* Reads one string of any kind. `wish` may be NULL. Always fills `out`; REFUSED when it has a
 * fault. An optional sub-section that is absent is told with the values that the IAB's libraries
 * give it: zero, and its own type. */
enum status privacy_read(struct span text, const struct privacy_wish *wish,
                         struct privacy_decision *out);

/* --- TCF: may this vendor, for these purposes? ---------------------------------------------- */

/* The purposes (the first in bit 0) for which a vendor has each legal basis. */
struct tcf_bases {
    uint32_t consent, interest;
    /* Why the string gives nobody a basis, however well it reads, or NULL: not service-specific
     * (global scope has ended), or of a policy version that is no longer valid. */
    const char *invalid;
};

/* What `vendor` may do by this TC string, found in one pass. A legitimate interest that was not
 * established and one that the person objected to look alike: no basis. A publisher's restriction
 * beats both bits. From policy version 5 on a vendor that is not disclosed has none. REFUSED: the
 * string cannot be read, and `out` has no basis. */
enum status tcf_bases_read(struct span text, uint32_t vendor, struct tcf_bases *out,
                           struct refusal *why) MUST_CHECK;

#endif
