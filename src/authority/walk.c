/* src/authority/walk.c: the events of one identity, the latest first, each once.
 *
 * Mostly a chain by `prev`. Where an event brought together what had been told under different
 * digests, it has more than one event before it (`others`), and the walk takes the highest number
 * that is pending; those before an event always have lower numbers.
 */
#include "authority/inside.h"

static enum status walk_push(struct walk *w, uint64_t seq)
{
    if (seq == 0)
        return OK;
    if (w->n == w->capacity) {
        size_t capacity = w->capacity ? 2 * w->capacity : ADDRESS_IDS_MAX;
        uint64_t *grown = mem_resize(w->pending, capacity, sizeof *grown);
        if (!grown)
            return NO_MEMORY;
        w->pending = grown;
        w->capacity = capacity;
    }
    w->pending[w->n++] = seq;
    return OK;
}

/* Takes the highest pending number, and every other entry of it. 0: none is left. */
static uint64_t walk_pop(struct walk *w)
{
    uint64_t highest = 0;
    size_t kept = 0;
    for (size_t i = 0; i < w->n; i++)
        if (w->pending[i] > highest)
            highest = w->pending[i];
    for (size_t i = 0; i < w->n; i++)
        if (w->pending[i] != highest)
            w->pending[kept++] = w->pending[i];
    w->n = kept;
    return highest;
}

enum status walk_begin(struct walk *w, const uint64_t *lasts, size_t n)
{
    enum status s = OK;
    *w = (struct walk){0};
    for (size_t i = 0; s == OK && i < n; i++)
        s = walk_push(w, lasts[i]);
    return s;
}

enum status walk_next(struct authority *a, struct walk *w, struct ledger_event *out,
                      struct problem *why)
{
    uint64_t seq = walk_pop(w);
    if (seq == 0)
        return NOT_FOUND;
    enum status s = ledger_get(a->ledger, seq, out, why);
    if (s == NOT_FOUND)
        s = DAMAGED; /* an event before another one must be there */
    if (s == OK)
        s = walk_push(w, out->prev);
    for (size_t at = 0; s == OK && at + LEDGER_SEQ_BYTES <= out->others.n; at += LEDGER_SEQ_BYTES) {
        uint64_t other;
        memcpy(&other, out->others.p + at, sizeof other);
        s = other < seq ? walk_push(w, other) : DAMAGED;
    }
    return s;
}

void walk_free(struct walk *w)
{
    mem_free(w->pending);
    *w = (struct walk){0};
}

enum status walk_join(const uint64_t *lasts, size_t n, uint64_t *prev, struct buf *others)
{
    *prev = 0;
    for (size_t i = 0; i < n; i++)
        if (lasts[i] > *prev)
            *prev = lasts[i];
    buf_clear(others);
    for (size_t i = 0; i < n; i++) {
        bool told = lasts[i] == 0 || lasts[i] == *prev;
        for (size_t j = 0; j < i && !told; j++)
            told = lasts[j] == lasts[i];
        if (!told)
            (void)buf_add(others, &lasts[i], LEDGER_SEQ_BYTES);
    }
    return buf_status(others);
}
