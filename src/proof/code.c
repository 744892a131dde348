/* src/proof/code.c: the receipt code, 52 characters of base32 (RFC 4648 section 6) that a person
 * may copy by hand. The last one holds a single bit of the salt; its four other bits are zero.
 */
#include "proof/proof.h"

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
enum { CHAR_BITS = 5, UNUSED_BITS = CODE_CHARS * CHAR_BITS - SALT_BYTES * 8 };

void code_format(const uint8_t salt[SALT_BYTES], char out[CODE_BYTES])
{
    for (unsigned i = 0; i < CODE_CHARS; i++) {
        unsigned bit = i * CHAR_BITS, byte = bit / 8;
        unsigned pair = (unsigned)salt[byte] << 8 | (byte + 1 < SALT_BYTES ? salt[byte + 1] : 0u);
        out[i] = alphabet[pair >> (16 - CHAR_BITS - bit % 8) & 31];
    }
    out[CODE_CHARS] = '\0';
}

/* Five bits, or -1. */
static int value_of(char c)
{
    if (ascii_is_alpha(c))
        return ascii_lower(c) - 'a';
    return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

enum status code_parse(struct span in, uint8_t salt[SALT_BYTES], struct refusal *why)
{
    unsigned bits = 0, held = 0;
    size_t chars = 0, done = 0;
    if (in.n > CODE_INPUT_MAX)
        return refuse(why, "a receipt code is not that long", CODE_INPUT_MAX);
    for (size_t i = 0; i < in.n; i++) {
        if (ascii_is_blank(in.p[i]) || in.p[i] == '-')
            continue;
        int value = value_of(in.p[i]);
        if (value < 0)
            return refuse(why, "a receipt code has the letters a to z and the digits 2 to 7", i);
        if (++chars > CODE_CHARS)
            return refuse(why, "a receipt code has 52 characters, this has more", i);
        bits = bits << CHAR_BITS | (unsigned)value;
        held += CHAR_BITS;
        if (held >= 8 && done < SALT_BYTES)
            salt[done++] = (uint8_t)(bits >> (held -= 8));
        bits &= (1u << held) - 1;
    }
    if (chars < CODE_CHARS)
        return refuse(why, "a receipt code has 52 characters, this has fewer", in.n);
    if (held != UNUSED_BITS || bits != 0)
        return refuse(why, "the last character of the receipt code is wrong", in.n);
    return OK;
}
