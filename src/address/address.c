/* src/address/address.c: which kind of address it is, and what all kinds have in common.
 *
 * What an address is is never guessed. In this order:
 *
 *   1. a prefix says it: device: cookie: md5: sha1: sha256: sha512: mailto: tel:
 *   2. what has an `@` is an e-mail address
 *   3. what looks like a UUID or a digest is refused: without its prefix it might be either, or
 *      the digest of another family
 *   4. what has a digit and starts with no letter is a phone
 *   5. anything else is refused
 */
#include "address/address.h"
#include "address/digest.h"
#include "address/email.h"
#include "address/phone.h"
#include "address/unicode.h"

enum { UUID_BYTES = 16, UUID_TEXT = 36 };

static bool uuid_has_hyphen(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

/* Reads 8-4-4-4-12 hex digits, in braces or not, or the digits without any hyphen. */
static bool uuid_decode(struct span in, uint8_t out[UUID_BYTES])
{
    char hex[2 * UUID_BYTES];
    size_t n = 0;
    if (in.n >= 2 && in.p[0] == '{' && in.p[in.n - 1] == '}')
        in = (struct span){in.p + 1, in.n - 2};
    if (in.n == UUID_TEXT) {
        for (size_t i = 0; i < UUID_TEXT; i++) {
            if (uuid_has_hyphen(i) != (in.p[i] == '-'))
                return false;
            if (in.p[i] != '-')
                hex[n++] = in.p[i];
        }
        in = (struct span){hex, n};
    }
    return hex_decode(in, out, UUID_BYTES);
}

static void uuid_print(const uint8_t uuid[UUID_BYTES], char out[UUID_TEXT + 1])
{
    char hex[2 * UUID_BYTES + 1];
    hex_encode(uuid, UUID_BYTES, hex);
    for (size_t i = 0, digit = 0; i < UUID_TEXT; i++)
        out[i] = uuid_has_hyphen(i) ? '-' : hex[digit++];
    out[UUID_TEXT] = '\0';
}

static enum status device_parse(struct span in, struct address *out, struct refusal *why)
{
    static const uint8_t nobody[UUID_BYTES];
    uint8_t uuid[UUID_BYTES];
    if (!uuid_decode(in, uuid))
        return refuse(why, "a device id that is no UUID", 0);
    if (memcmp(uuid, nobody, UUID_BYTES) == 0)
        return refuse(why, "the all-zero device id, which phones send for nobody", 0);
    out->kind = ADDRESS_DEVICE;
    out->bytes = UUID_TEXT;
    uuid_print(uuid, out->text);
    return OK;
}

static enum status cookie_parse(struct span in, struct address *out, struct refusal *why)
{
    if (in.n == 0)
        return refuse(why, "an empty cookie id", 0);
    if (in.n > COOKIE_MAX)
        return refuse(why, "a cookie id longer than 128 characters", COOKIE_MAX);
    for (size_t i = 0; i < in.n; i++)
        if (in.p[i] < '!' || in.p[i] > '~')
            return refuse(why, "a character that is not printable ASCII in a cookie id", i);
    out->kind = ADDRESS_COOKIE;
    const struct span prefix = SPAN("cookie:");
    out->bytes = (uint16_t)(prefix.n + in.n);
    memcpy(out->text, prefix.p, prefix.n);
    memcpy(out->text + prefix.n, in.p, in.n);
    out->text[out->bytes] = '\0';
    return OK;
}

static bool looks_like_phone(struct span in)
{
    bool digit = false;
    for (size_t at = 0; at < in.n && !digit;)
        digit = point_is_digit(utf8_next(in, &at));
    return digit && !ascii_is_alpha(in.p[0]);
}

/* Why `in`, which has neither prefix nor `@`, is refused; NULL when it may be a phone. */
static const char *unmarked(struct span in)
{
    uint8_t uuid[UUID_BYTES];
    enum hash_name family;
    bool digest = digest_guess(in, &family) == OK, device = uuid_decode(in, uuid);
    if (digest && device)
        return "an MD5 digest or a device id without its prefix, write md5: or device: before it";
    if (device)
        return "a device id without its prefix, write device: before it";
    if (digest)
        return "a digest without its prefix, write md5:, sha1:, sha256: or sha512: before it";
    if (looks_like_phone(in))
        return NULL;
    return "neither an e-mail address, a phone number, a device id, a cookie id nor a digest";
}

/* Does `in` start with `prefix`, in any case? *rest is what stands behind it. */
static bool prefixed(struct span in, struct span prefix, struct span *rest)
{
    if (!span_starts_fold(in, prefix))
        return false;
    *rest = text_trim(span_from(in, prefix.n));
    return true;
}

/* Reads trimmed text. *body becomes what the kind's own reader got, from which it counts its
 * offsets. */
static enum status parse_kind(struct span in, const char country[3], struct address *out,
                              struct span *body, struct refusal *why)
{
    enum hash_name family;
    *body = in;
    if (in.n == 0)
        return refuse(why, "an empty address", 0);
    if (prefixed(in, SPAN("device:"), body))
        return device_parse(*body, out, why);
    if (prefixed(in, SPAN("cookie:"), body))
        return cookie_parse(*body, out, why);
    if (digest_prefix(in, &family, body))
        return digest_parse(*body, family, out, why);
    if (span_starts_fold(in, SPAN("tel:")))
        return phone_parse(in, country, out, why);
    if (span_starts_fold(in, SPAN("mailto:")) || text_has_at_sign(in))
        return email_parse(in, out, why);
    const char *fault = unmarked(in);
    return fault ? refuse(why, fault, 0) : phone_parse(in, country, out, why);
}

enum status address_parse(struct span in, const struct address_options *options,
                          struct address *out, struct refusal *why)
{
    static const struct address_options none;
    if (email_parse_plain(in, out))
        return OK;
    enum status s = text_check(in, why);
    if (s != OK)
        return s;
    struct span body;
    struct refusal fault;
    s = parse_kind(text_trim(in), (options ? options : &none)->country, out, &body, &fault);
    return s == OK ? OK : refuse(why, fault.what, fault.offset + (size_t)(body.p - in.p));
}

size_t address_forms(const struct address *a, struct address forms[ADDRESS_FORMS_MAX])
{
    if (a->kind == ADDRESS_PHONE)
        return phone_forms(a, forms);
    forms[0] = *a;
    return 1;
}

void address_print(const struct address *a, char *out)
{
    struct span prefix = a->kind == ADDRESS_DEVICE ? SPAN("device:") : SPAN("");
    memcpy(out, prefix.p, prefix.n);
    memcpy(out + prefix.n, a->text, a->bytes);
    out[prefix.n + a->bytes] = '\0';
}

enum status address_digest(const struct address *a, enum hash_name family,
                           uint8_t out[HASH_BYTES_MAX])
{
    if (a->kind != ADDRESS_DIGEST) {
        hash_digest(family, address_span(a), out);
        return OK;
    }
    if (a->family != family)
        return NOT_FOUND;
    memcpy(out, a->digest, hash_bytes(family));
    return OK;
}
