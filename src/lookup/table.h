/* lookup/table.h: the table from id to value: lines of tags, and apart from them the payload.
 *
 * A line is one cache line: up to fifteen 32-bit tags and a mark that holds their number and a
 * filter of the ids that found the line full and went to the next. So a question about a stranger
 * nearly always ends after one line. An id (96 bits) is its tag, in the line, and its rest, in the
 * payload slot of the same number; both are compared, so that a hit is exact.
 *
 * Invariants: tags fill a line from the left; an id lies in the first line, from its home on, that
 * had room when it came; every full line that it passed has its bit in the filter. Lines follow
 * each other in the order of the spread rest, so that copying one table into another of any size
 * reads and writes both from the start to the end.
 */
#ifndef LOOKUP_TABLE_H
#define LOOKUP_TABLE_H

#include "lookup/mix.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { LINE_TAGS = 15, LINE_BYTES = 64, FILTER_BITS = 28 };
/* Tables are made so that this share of the slots is taken: 64/15/0.85 + 16/0.85 = 23.8 bytes an
 * entry, and one line in five passes somebody on. */
enum { LOAD_PERCENT = 85 };

struct line {
    _Alignas(LINE_BYTES) uint32_t tag[LINE_TAGS];
    uint32_t mark; /* FILTER_BITS of filter, above them the number of tags */
};

struct payload {
    uint64_t rest, value;
};

static inline uint32_t id_tag(struct id id)
{
    return id.b;
}

__extension__ typedef unsigned __int128 uint128;

static inline uint64_t line_home(struct id id, uint64_t lines)
{
    return (uint64_t)((uint128)(id.a * MIX_SPREAD) * lines >> 64);
}

static inline uint32_t filter_bit(uint32_t tag)
{
    return UINT32_C(1) << ((tag * UINT32_C(0x9e3779b1) >> 16) * FILTER_BITS >> 16);
}

static inline unsigned line_count(const struct line *l)
{
    return l->mark >> FILTER_BITS;
}

/* Bit i: tag i is there and equals `tag`. */
static inline uint32_t line_match(const struct line *l, uint32_t tag)
{
    uint32_t found = 0;
#if defined(__SSE2__)
    const __m128i *part = (const __m128i *)l, want = _mm_set1_epi32((int)tag);
    __m128i low = _mm_packs_epi32(_mm_cmpeq_epi32(_mm_load_si128(part), want),
                                  _mm_cmpeq_epi32(_mm_load_si128(part + 1), want));
    __m128i high = _mm_packs_epi32(_mm_cmpeq_epi32(_mm_load_si128(part + 2), want),
                                   _mm_cmpeq_epi32(_mm_load_si128(part + 3), want));
    found = (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high));
#else
    for (unsigned i = 0; i < LINE_TAGS; i++)
        found |= (uint32_t)(l->tag[i] == tag) << i;
#endif
    return found & ((UINT32_C(1) << line_count(l)) - 1);
}

/* A table in memory that grows. */
struct table {
    struct line *line;
    struct payload *payload;
    void *memory; /* what both lie in */
    uint64_t lines, entries, entries_max;
};

/* Lines for that many entries, at least one. */
uint64_t table_lines(uint64_t entries);

enum status table_new(struct table *t, uint64_t entries) MUST_CHECK;
void table_free(struct table *t);
/* Makes room for `more` ids. Moves the payload. */
enum status table_reserve(struct table *t, uint64_t more) MUST_CHECK;
/* Gives the table the size that its entries need, when that is worth the work. */
enum status table_fit(struct table *t) MUST_CHECK;
/* The slot of `id`, new (value 0) when it was not there, for which there must be room. Good until
 * the table moves. */
struct payload *table_put(struct table *t, struct id id);

static inline void table_prefetch(const struct table *t, struct id id)
{
    __builtin_prefetch(&t->line[line_home(id, t->lines)], 1);
}

#endif
