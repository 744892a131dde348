/* src/lookup/pool.c: words and states, interned while a base is built. */
#include "lookup/pool.h"
#include "base/mem.h"

enum { INDEX_SLOTS_MIN = 64, GROW_MIN = 64 };

/* Makes room for `need` items in an array that holds *room. */
static enum status grow(void **array, size_t size, uint32_t *room, uint64_t need)
{
    if (need <= *room)
        return OK;
    if (need > UINT32_MAX)
        return NO_SPACE;
    uint64_t want = (uint64_t)*room * 2 < GROW_MIN ? GROW_MIN : (uint64_t)*room * 2;
    if (want < need)
        want = need;
    if (want > UINT32_MAX)
        want = UINT32_MAX;
    void *bigger = mem_resize(*array, want, size);
    if (!bigger)
        return NO_MEMORY;
    *array = bigger;
    *room = (uint32_t)want;
    return OK;
}

static enum status grow_words(struct pool *p, uint64_t need)
{
    void *array = p->words;
    enum status s = grow(&array, sizeof *p->words, &p->words_room, need);
    p->words = array;
    return s;
}

static enum status grow_items(struct pool *p, uint64_t need)
{
    void *array = p->items;
    enum status s = grow(&array, sizeof *p->items, &p->items_room, need);
    p->items = array;
    return s;
}

static enum status grow_starts(struct pool *p, uint64_t need)
{
    void *array = p->starts;
    enum status s = grow(&array, sizeof *p->starts, &p->states_room, need);
    p->starts = array;
    return s;
}

enum status pool_new(struct pool *p)
{
    *p = (struct pool){.word_slots = INDEX_SLOTS_MIN, .state_slots = INDEX_SLOTS_MIN};
    p->word_index = mem_new(p->word_slots, sizeof *p->word_index);
    p->state_index = mem_new(p->state_slots, sizeof *p->state_index);
    enum status s = p->word_index && p->state_index ? OK : NO_MEMORY;
    if (s == OK)
        s = grow_words(p, 1);
    if (s == OK)
        s = grow_starts(p, 2);
    if (s == OK)
        s = grow_items(p, 1); /* so that even the empty state has a place */
    if (s != OK) {
        pool_free(p);
        return s;
    }
    p->words[0] = (struct word){0};
    p->starts[0] = p->starts[1] = 0;
    p->words_n = p->states_n = 1;
    return OK;
}

void pool_free(struct pool *p)
{
    mem_free(p->words);
    mem_free(p->items);
    mem_free(p->starts);
    mem_free(p->word_index);
    mem_free(p->state_index);
    *p = (struct pool){0};
}

static uint64_t hash_of_state(const struct pool *p, uint32_t state)
{
    const struct state_item *items;
    size_t n = pool_items(p, state, &items);
    return state_hash(items, n);
}

static void index_put(uint32_t *index, uint32_t slots, uint64_t hash, uint32_t number)
{
    uint32_t at = (uint32_t)hash & (slots - 1);
    while (index[at])
        at = (at + 1) & (slots - 1);
    index[at] = number;
}

/* An empty index of twice the slots; NULL when there is no memory. */
static uint32_t *index_double(uint32_t **index, uint32_t *slots)
{
    uint32_t *bigger = mem_new(*slots, 2 * sizeof *bigger);
    if (bigger) {
        mem_free(*index);
        *index = bigger;
        *slots *= 2;
    }
    return bigger;
}

static enum status word_index_reserve(struct pool *p)
{
    if (p->words_n < p->word_slots / 2)
        return OK;
    if (!index_double(&p->word_index, &p->word_slots))
        return NO_MEMORY;
    for (uint32_t i = 1; i < p->words_n; i++)
        index_put(p->word_index, p->word_slots, word_hash(&p->words[i]), i);
    return OK;
}

static enum status state_index_reserve(struct pool *p)
{
    if (p->states_n < p->state_slots / 2)
        return OK;
    if (!index_double(&p->state_index, &p->state_slots))
        return NO_MEMORY;
    for (uint32_t i = 1; i < p->states_n; i++)
        index_put(p->state_index, p->state_slots, hash_of_state(p, i), i);
    return OK;
}

static enum status add_word(struct pool *p, const struct word *w, uint32_t *number)
{
    if (p->words_n == STATES_MAX)
        return NO_SPACE;
    enum status s = grow_words(p, (uint64_t)p->words_n + 1);
    if (s == OK)
        s = word_index_reserve(p);
    if (s != OK)
        return s;
    struct word clean = {.n = w->n};
    memcpy(clean.text, w->text, w->n);
    *number = p->words_n++;
    p->words[*number] = clean;
    index_put(p->word_index, p->word_slots, word_hash(w), *number);
    return OK;
}

enum status pool_word(struct pool *p, const struct word *w, uint32_t *number)
{
    *number = WORD_ANY;
    if (w->n == 0)
        return OK;
    uint32_t mask = p->word_slots - 1;
    for (uint32_t at = (uint32_t)word_hash(w) & mask; p->word_index[at]; at = (at + 1) & mask) {
        *number = p->word_index[at];
        if (word_equal(&p->words[*number], w))
            return OK;
    }
    return add_word(p, w, number);
}

static enum status add_state(struct pool *p, const struct state_item *items, size_t n,
                             uint32_t *number)
{
    if (p->states_n == STATES_MAX)
        return NO_SPACE;
    enum status s = grow_items(p, (uint64_t)p->items_n + n);
    if (s == OK)
        s = grow_starts(p, (uint64_t)p->states_n + 2);
    if (s == OK)
        s = state_index_reserve(p);
    if (s != OK)
        return s;
    memcpy(p->items + p->items_n, items, n * sizeof *items);
    p->items_n += (uint32_t)n;
    *number = p->states_n++;
    p->starts[p->states_n] = p->items_n;
    index_put(p->state_index, p->state_slots, state_hash(items, n), *number);
    return OK;
}

enum status pool_state(struct pool *p, const struct state_item *items, size_t n, uint32_t *number)
{
    *number = 0;
    if (n == 0)
        return OK;
    uint32_t mask = p->state_slots - 1, at = (uint32_t)state_hash(items, n) & mask;
    for (; p->state_index[at]; at = (at + 1) & mask) {
        const struct state_item *have;
        *number = p->state_index[at];
        if (pool_items(p, *number, &have) == n && memcmp(have, items, n * sizeof *items) == 0)
            return OK;
    }
    return add_state(p, items, n, number);
}
