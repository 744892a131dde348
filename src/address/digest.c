/* src/address/digest.c: digests of normalised addresses, as other people's lists have them.
 *
 * The SHA families come in hex and in Base64 of either alphabet; their lengths never meet. MD5
 * comes in hex only: the short Base64 forms of it that exist are not all the same.
 */
#include "address/digest.h"
#include "address/unicode.h"

bool digest_prefix(struct span in, enum hash_name *family, struct span *rest)
{
    for (unsigned name = 0; name < HASH_NAMES; name++) {
        struct span word = span_of(hash_word((enum hash_name)name));
        if (in.n > word.n && span_starts_fold(in, word) && in.p[word.n] == ':') {
            *family = (enum hash_name)name;
            *rest = span_from(in, word.n + 1);
            return true;
        }
    }
    return false;
}

static bool read_as(struct span in, enum hash_name family, uint8_t out[HASH_BYTES_MAX])
{
    size_t n = hash_bytes(family);
    return hex_decode(in, out, n) || (family != HASH_MD5 && base64_decode_any(in, out, n));
}

/* Why read_as failed. */
static const char *fault(struct span in, enum hash_name family)
{
    uint8_t scratch[HASH_BYTES_MAX];
    if (family == HASH_MD5 && base64_decode_any(in, scratch, hash_bytes(family)))
        return "an MD5 digest in Base64, which is read in hex only";
    if (in.n == 2 * hash_bytes(family))
        return "a digest with characters that are no hex digits";
    return "a digest that is neither hex nor Base64 of its family's length";
}

enum status digest_parse(struct span in, enum hash_name family, struct address *out,
                         struct refusal *why)
{
    enum status s = text_check(in, why);
    if (s != OK)
        return s;
    struct span text = text_trim(in);
    size_t offset = (size_t)(text.p - in.p), word = strlen(hash_word(family));
    if (!read_as(text, family, out->digest))
        return refuse(why, fault(text, family), offset);
    out->kind = ADDRESS_DIGEST;
    out->family = family;
    memcpy(out->text, hash_word(family), word);
    out->text[word] = ':';
    hex_encode(out->digest, hash_bytes(family), out->text + word + 1);
    out->bytes = (uint16_t)(word + 1 + 2 * hash_bytes(family));
    return OK;
}

enum status digest_guess(struct span in, enum hash_name *family)
{
    uint8_t scratch[HASH_BYTES_MAX];
    struct span text = span_trim(in);
    for (unsigned name = 0; name < HASH_NAMES; name++) {
        if (read_as(text, (enum hash_name)name, scratch)) {
            *family = (enum hash_name)name;
            return OK;
        }
    }
    return NOT_FOUND;
}
