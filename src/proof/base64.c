#include "proof/proof.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_canonical_encode(const void *p, size_t n, char *out)
{
    const uint8_t *bytes = p;
    for (size_t i = 0; i < n; i += 3) {
        size_t held = n - i < 3 ? n - i : 3;
        uint32_t bits = (uint32_t)bytes[i] << 16;
        bits |= held > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
        bits |= held > 2 ? bytes[i + 2] : 0;
        *out++ = alphabet[bits >> 18];
        *out++ = alphabet[bits >> 12 & 63];
        *out++ = held > 1 ? alphabet[bits >> 6 & 63] : '=';
        *out++ = held > 2 ? alphabet[bits & 63] : '=';
    }
    *out = '\0';
}

enum status base64_canonical_add(struct buf *out, const void *p, size_t n)
{
    size_t chars = (n + 2) / 3 * 4;
    enum status s = buf_reserve(out, chars + 1);
    if (s != OK)
        return s;
    base64_canonical_encode(p, n, out->p + out->n);
    out->n += chars;
    return OK;
}

/* Six bits, or -1. */
static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (ascii_is_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four characters of which the last `padding` are `=`. */
static bool group_bits(const char *group, size_t padding, uint32_t *out)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < 4; i++) {
        int value = i + padding < 4 ? value_of(group[i]) : 0;
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
    }
    *out = bits;
    return (bits & ((UINT32_C(1) << 8 * padding) - 1)) == 0;
}

bool base64_canonical_decode(struct span in, uint8_t *out, size_t max, size_t *n)
{
    *n = 0;
    if (in.n % 4 != 0)
        return false;
    for (size_t i = 0; i < in.n; i += 4) {
        bool last = i + 4 == in.n;
        size_t padding = last && in.p[i + 3] == '=' ? 1 + (in.p[i + 2] == '=') : 0;
        uint32_t bits;
        if (!group_bits(in.p + i, padding, &bits) || *n + 3 - padding > max)
            return false;
        for (size_t k = 0; k < 3 - padding; k++, ++*n)
            if (out)
                out[*n] = (uint8_t)(bits >> (16 - 8 * k));
    }
    return true;
}
