/* lookup/mix.h: the arithmetic that both files share: mixing, sealed words, packed values.
 *
 * All of it is part of the file formats (spec/lookup.md).
 */
#ifndef LOOKUP_MIX_H
#define LOOKUP_MIX_H

#include "lookup/lookup.h"

/* 2^64 divided by the golden ratio, odd: spreads ids that are not random, as those of tests. */
#define MIX_SPREAD 0x9e3779b97f4a7c15u

enum { STATE_BITS = 24, SEQ_BITS = 40, SEALED_BITS = 40 };
#define STATES_MAX (UINT32_C(1) << STATE_BITS)
#define SEQ_MAX    ((UINT64_C(1) << SEQ_BITS) - 1)
#define SEALED_MAX ((UINT64_C(1) << SEALED_BITS) - 1)

/* A bijection in which every input bit moves about half of the output (the finaliser of
 * SplitMix64: Steele, Lea, Flood, 2014). */
static inline uint64_t mix64(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* A number below 2^40 with 24 bits of check, in one word so that it is written and read at once.
 * `salt` says where it belongs: the same word elsewhere is not valid. */
static inline uint64_t seal(uint64_t value, uint64_t salt)
{
    return value | mix64(value + mix64(salt)) << SEALED_BITS;
}

static inline bool unseal(uint64_t word, uint64_t salt, uint64_t *value)
{
    *value = word & SEALED_MAX;
    return seal(*value, salt) == word;
}

/* What is known of an id, in 64 bits. */
static inline uint64_t value_pack(uint32_t state, uint64_t seq)
{
    return state | seq << STATE_BITS;
}

static inline struct lookup_hit value_hit(uint64_t value)
{
    return (struct lookup_hit){(uint32_t)value & (STATES_MAX - 1), value >> STATE_BITS};
}

/* Where probing of an index starts. */
static inline uint64_t word_hash(const struct word *w)
{
    return mix64(crc32c(w->n, w->text, w->n));
}

static inline uint64_t state_hash(const struct state_item *items, size_t n)
{
    uint64_t h = n;
    for (size_t i = 0; i < n; i++) {
        h = mix64(h + items[i].channel + ((uint64_t)items[i].effect << 8));
        h = mix64(h + items[i].sender + ((uint64_t)items[i].topic << 32));
    }
    return h;
}

#endif
