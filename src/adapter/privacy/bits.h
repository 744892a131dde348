/* src/adapter/privacy/bits.h: numbers of any width out of base64url text, read in place. Private to
 * the room.
 *
 * Reading past the end gives zero and marks the reader; a run of reads is checked once, at its end.
 */
#ifndef ADAPTER_PRIVACY_BITS_H
#define ADAPTER_PRIVACY_BITS_H

#include "adapter/privacy/privacy.h"

enum {
    SEXTET_BITS = 6,
    SEXTET_BAD = 0x80,
    WINDOW_SEXTETS = 8,
    WINDOW_BITS = WINDOW_SEXTETS * SEXTET_BITS,
    TAKE_BITS_MAX = WINDOW_BITS - (SEXTET_BITS - 1)
};

/* The value of each base64 character; `+` and `/` count as `-` and `_`, since the GPP
 * specification's own table prints them. */
extern const uint8_t sextet_of[256];

/* A reader over the leading base64 characters of `s`; `=` at its end is no character. False: there
 * is something else at s.p[out->end / SEXTET_BITS]. */
bool bits_open(struct privacy_bits *out, struct span s);

/* The eight characters from number `first` on, or those there are and zeros. */
static inline uint64_t bits_window(const struct privacy_bits *b, uint32_t first)
{
    const unsigned char *p = (const unsigned char *)b->p + first;
    uint32_t left = b->end / SEXTET_BITS - first;
    uint64_t window = 0;
    if (left >= WINDOW_SEXTETS) {
        /* The common case apart: loads that do not wait for each other, and no branches. */
        for (unsigned i = 0; i < WINDOW_SEXTETS; i++)
            window |= (uint64_t)sextet_of[p[i]] << (WINDOW_BITS - (i + 1) * SEXTET_BITS);
        return window;
    }
    for (unsigned i = 0; i < left; i++)
        window |= (uint64_t)sextet_of[p[i]] << (WINDOW_BITS - (i + 1) * SEXTET_BITS);
    return window;
}

/* `width` bits of a window, from its bit `at` on. */
static inline uint64_t window_bits(uint64_t window, uint32_t at, unsigned width)
{
    return window >> (WINDOW_BITS - at - width) & ((UINT64_C(1) << width) - 1);
}

/* The `width` (1 to TAKE_BITS_MAX) bits at `at`, which all lie before the end. */
static inline uint64_t bits_at(const struct privacy_bits *b, uint32_t at, unsigned width)
{
    return window_bits(bits_window(b, at / SEXTET_BITS), at % SEXTET_BITS, width);
}

static inline bool bits_skip(struct privacy_bits *b, uint32_t n)
{
    if (n > b->end - b->at) {
        b->at = b->end;
        b->failed = true;
        return false;
    }
    b->at += n;
    return true;
}

static inline uint64_t bits_take(struct privacy_bits *b, unsigned width)
{
    uint32_t at = b->at;
    return bits_skip(b, width) ? bits_at(b, at, width) : 0;
}

/* A Fibonacci-coded number, at least 1; 0 when there is none of at most 16 bits. */
uint32_t bits_take_fibonacci(struct privacy_bits *b);

/* Are all bits from here to the end zero? */
bool bits_rest_is_zero(const struct privacy_bits *b);

#endif
