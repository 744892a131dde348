/* src/adapter/privacy/bits.c: the base64url alphabet, and the numbers that need more than a
 * shift.
 */
#include "adapter/privacy/bits.h"

#define BAD8  0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80
#define BAD32 BAD8, BAD8, BAD8, BAD8

/* clang-format off */
const uint8_t sextet_of[256] = {
    BAD32,
    BAD8,                                                  /* blank to ' */
    0x80, 0x80, 0x80, 62, 0x80, 62, 0x80, 63,              /* ( to /: + - / */
    52, 53, 54, 55, 56, 57, 58, 59,                        /* 0 to 7 */
    60, 61, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,            /* 8 to ? */
    0x80, 0, 1, 2, 3, 4, 5, 6,                             /* @ to G */
    7, 8, 9, 10, 11, 12, 13, 14,                           /* H to O */
    15, 16, 17, 18, 19, 20, 21, 22,                        /* P to W */
    23, 24, 25, 0x80, 0x80, 0x80, 0x80, 63,                /* X to _ */
    0x80, 26, 27, 28, 29, 30, 31, 32,                      /* ` to g */
    33, 34, 35, 36, 37, 38, 39, 40,                        /* h to o */
    41, 42, 43, 44, 45, 46, 47, 48,                        /* p to w */
    49, 50, 51, 0x80, 0x80, 0x80, 0x80, 0x80,              /* x to DEL */
    BAD32, BAD32, BAD32, BAD32
};
/* clang-format on */

/* How many leading characters of `s` are base64, in whole groups at first. */
static size_t leading(struct span s)
{
    enum { GROUP = 16 };
    const unsigned char *p = (const unsigned char *)s.p;
    size_t n = 0;
    for (; n + GROUP <= s.n; n += GROUP) {
        unsigned any = 0;
        for (size_t i = 0; i < GROUP; i++)
            any |= sextet_of[p[n + i]];
        if (any & SEXTET_BAD)
            break;
    }
    while (n < s.n && sextet_of[p[n]] != SEXTET_BAD)
        n++;
    return n;
}

bool bits_open(struct privacy_bits *out, struct span s)
{
    while (s.n && s.p[s.n - 1] == '=')
        s.n--;
    size_t n = leading(s);
    *out = (struct privacy_bits){.p = s.p, .end = (uint32_t)(n * SEXTET_BITS)};
    return n == s.n;
}

/* The terms up to VENDOR_MAX, the first for the first bit. */
static const uint32_t fibonacci[] = {1,    2,    3,    5,     8,     13,    21,   34,
                                     55,   89,   144,  233,   377,   610,   987,  1597,
                                     2584, 4181, 6765, 10946, 17711, 28657, 46368};

/* A number ends at its first two ones in a row, of which the second is no part of it. */
uint32_t bits_take_fibonacci(struct privacy_bits *b)
{
    enum { TERMS = sizeof fibonacci / sizeof fibonacci[0], LONGEST = TERMS + 1 };
    uint32_t left = b->end - b->at, width = left < LONGEST ? left : LONGEST, value = 0;
    uint32_t bits = width ? (uint32_t)bits_at(b, b->at, width) << (32 - width) : 0;
    uint32_t pairs = bits & bits << 1;
    if (!pairs) {
        b->failed = true;
        return 0;
    }
    unsigned last = (unsigned)__builtin_clz(pairs);
    for (unsigned i = 0; i <= last; i++)
        value += bits >> (31 - i) & 1 ? fibonacci[i] : 0;
    b->at += last + 2;
    return value;
}

bool bits_rest_is_zero(const struct privacy_bits *b)
{
    for (uint32_t at = b->at; at < b->end;) {
        unsigned width = SEXTET_BITS - at % SEXTET_BITS;
        if (bits_at(b, at, width))
            return false;
        at += width;
    }
    return true;
}
