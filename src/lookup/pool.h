/* lookup/pool.h: words and states by number, in memory, each once.
 *
 * What a build collects and the writer of lookup.base stores. Word 0 is `*`, state 0 is empty.
 * The indices are open-addressing tables of numbers (0: free place; neither word 0 nor state 0
 * needs one), never more than half full; they go to the file as they are.
 */
#ifndef LOOKUP_POOL_H
#define LOOKUP_POOL_H

#include "lookup/mix.h"

struct pool {
    struct word *words;
    struct state_item *items;
    uint32_t *starts; /* state s has items[starts[s]] up to items[starts[s + 1]] */
    uint32_t *word_index, *state_index;
    uint32_t words_n, states_n, items_n;
    uint32_t words_room, states_room, items_room; /* allocated */
    uint32_t word_slots, state_slots;             /* of the indices; powers of two */
};

enum status pool_new(struct pool *p) MUST_CHECK;
void pool_free(struct pool *p);
/* The number of a word or state, added when it is new: OK, NO_MEMORY, or NO_SPACE when there are
 * too many. */
enum status pool_word(struct pool *p, const struct word *w, uint32_t *number) MUST_CHECK;
enum status pool_state(struct pool *p, const struct state_item *items, size_t n,
                       uint32_t *number) MUST_CHECK;

static inline size_t pool_items(const struct pool *p, uint32_t state,
                                const struct state_item **items)
{
    *items = p->items + p->starts[state];
    return p->starts[state + 1] - p->starts[state];
}

#endif
