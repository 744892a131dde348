/* lookup/find.c: the primary question, n ids at once.
 *
 * Memory is far: 100 ns and more a line, at 10 ns of work. So ids go through three stages in
 * batches, each stage having asked for the memory that the next one reads while other batches are
 * worked on: where the line is; whether a tag matches; whether the payload confirms it. Most ids
 * are strangers and end at the second stage, after one line. The delta, when it has anything, is
 * asked in the third.
 */
#include "lookup/view.h"

/* Measured: with 64 to a batch the processor has more requests than it can keep, and is half as
 * fast; with 8 it waits. */
enum { BATCH = 16, STAGES = 3 };

struct batch {
    uint64_t line[BATCH];
    uint32_t found[BATCH];
    uint8_t on[BATCH]; /* those that need the third stage */
    size_t on_n;
};

/* What one call asks. */
struct search {
    const struct lookup_view *v;
    bool delta; /* there is something in the delta */
};

static void stage_line(const struct search *q, const struct id *ids, size_t n, struct batch *b)
{
    const struct lookup_view *v = q->v;
    for (size_t i = 0; i < n; i++) {
        b->line[i] = line_home(ids[i], v->base.head->lines);
        __builtin_prefetch(&v->base.line[b->line[i]]);
        if (q->delta)
            __builtin_prefetch(&v->delta.slots[delta_home(&v->delta, ids[i])]);
    }
}

/* Anything when there is none. */
static unsigned first_bit(uint32_t bits)
{
    return (unsigned)__builtin_ctz(bits | UINT32_C(1) << LINE_TAGS);
}

static enum status stage_tag(const struct search *q, const struct id *ids, size_t n,
                             struct batch *b, struct lookup_hit *hits)
{
    const struct snapshot *base = &q->v->base;
    size_t on = 0;
    for (size_t i = 0; i < n; i++) {
        const struct line *l = &base->line[b->line[i]];
        if (!snapshot_good(base, l))
            return DAMAGED;
        uint32_t tag = id_tag(ids[i]), found = line_match(l, tag);
        /* No branch on what the line says: it may not have come yet, and a wrong guess would wait
         * for it with all that follows. What is asked for is the payload of a match, else the next
         * line if the filter sends us there, else this line again. */
        uint32_t on_to_next = (l->mark & filter_bit(tag)) != 0;
        const struct payload *p = &base->payload[b->line[i] * LINE_TAGS + first_bit(found)];
        __builtin_prefetch(found ? (const void *)p : (const void *)(l + on_to_next));
        b->found[i] = found;
        b->on[on] = (uint8_t)i;
        on += (found | on_to_next) != 0;
        hits[i] = (struct lookup_hit){0, 0};
    }
    b->on_n = on;
    return OK;
}

static enum status stage_payload(const struct search *q, const struct id *ids,
                                 const struct batch *b, struct lookup_hit *hits)
{
    for (size_t k = 0; k < b->on_n; k++) {
        size_t i = b->on[k];
        uint64_t value;
        enum status s = snapshot_follow(&q->v->base, ids[i], b->line[i], b->found[i], &value);
        if (s != OK)
            return s;
        hits[i] = value_hit(value);
    }
    return OK;
}

/* The delta has the last word. */
static enum status stage_delta(const struct search *q, const struct id *ids, size_t n,
                               struct lookup_hit *hits)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t value;
        enum status s = delta_find(&q->v->delta, ids[i], &value, NULL);
        if (s == OK)
            hits[i] = value_hit(value);
        else if (s != NOT_FOUND)
            return s;
    }
    return OK;
}

static size_t batch_size(size_t n, size_t k)
{
    return n - k * BATCH < BATCH ? n - k * BATCH : BATCH;
}

static enum status find_staged(const struct search *q, const struct id *ids, size_t n,
                               struct lookup_hit *hits)
{
    struct batch ring[STAGES];
    size_t batches = (n + BATCH - 1) / BATCH;
    enum status s = OK;
    for (size_t k = 0; s == OK && k < batches + 2; k++) {
        size_t second = k - 1, third = k - 2; /* wrap to what is no batch */
        size_t at2 = second * BATCH, at3 = third * BATCH;
        if (k < batches)
            stage_line(q, ids + k * BATCH, batch_size(n, k), &ring[k % STAGES]);
        if (second < batches)
            s = stage_tag(q, ids + at2, batch_size(n, second), &ring[second % STAGES], hits + at2);
        if (s == OK && third < batches)
            s = stage_payload(q, ids + at3, &ring[third % STAGES], hits + at3);
        if (s == OK && q->delta && third < batches)
            s = stage_delta(q, ids + at3, batch_size(n, third), hits + at3);
    }
    return s;
}

enum status lookup_find(const struct lookup_view *v, const struct id *ids, size_t n,
                        struct lookup_hit *hits)
{
    uint64_t in_delta;
    if (delta_count(&v->delta, COUNT_SLOTS, &in_delta) != OK)
        return view_doubt(v);
    struct search q = {.v = v, .delta = in_delta > 0};
    if (find_staged(&q, ids, n, hits) != OK)
        return view_doubt(v);
    return atomic_load_explicit(&v->damaged, memory_order_relaxed) ? DAMAGED : OK;
}
