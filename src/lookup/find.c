/* lookup/find.c: the primary question, n ids at once.
 *
 * Memory is far: 100 ns and more a line, at 10 ns of work. So ids go through three stages in
 * batches, each stage having asked for the memory that the next one reads while other batches are
 * worked on: where the line is; whether a tag matches; whether the payload confirms it. Most ids
 * are strangers and end at the second stage, after one line. The delta, when it has anything, is
 * asked in the third.
 */
#include "lookup/view.h"

enum { BATCH = 64, STAGES = 3 };

struct batch {
    uint64_t line[BATCH];
    uint32_t found[BATCH];
    uint8_t on[BATCH]; /* those that need the third stage */
    size_t on_n;
};

static void stage_line(const struct lookup_view *v, const struct id *ids, size_t n, bool delta,
                       struct batch *b)
{
    for (size_t i = 0; i < n; i++) {
        b->line[i] = line_home(ids[i], v->base.head->lines);
        __builtin_prefetch(&v->base.line[b->line[i]]);
        if (delta)
            __builtin_prefetch(&v->delta.slots[delta_home(&v->delta, ids[i])]);
    }
}

static enum status stage_tag(const struct lookup_view *v, const struct id *ids, size_t n,
                             struct batch *b, struct lookup_hit *hits)
{
    size_t on = 0;
    for (size_t i = 0; i < n; i++) {
        const struct line *l = &v->base.line[b->line[i]];
        if (!snapshot_good(&v->base, l))
            return DAMAGED;
        uint32_t found = line_match(l, id_tag(ids[i]));
        if (found)
            __builtin_prefetch(
                &v->base.payload[b->line[i] * LINE_TAGS + (unsigned)__builtin_ctz(found)]);
        b->found[i] = found;
        b->on[on] = (uint8_t)i;
        on += found || (l->mark & filter_bit(id_tag(ids[i])));
        hits[i] = (struct lookup_hit){0, 0};
    }
    b->on_n = on;
    return OK;
}

static enum status stage_payload(const struct lookup_view *v, const struct id *ids,
                                 const struct batch *b, struct lookup_hit *hits)
{
    for (size_t k = 0; k < b->on_n; k++) {
        size_t i = b->on[k];
        uint64_t value;
        enum status s = snapshot_follow(&v->base, ids[i], b->line[i], b->found[i], &value);
        if (s != OK)
            return s;
        hits[i] = value_hit(value);
    }
    return OK;
}

/* The delta has the last word. */
static enum status stage_delta(const struct lookup_view *v, const struct id *ids, size_t n,
                               struct lookup_hit *hits)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t value;
        enum status s = delta_find(&v->delta, ids[i], &value, NULL);
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

static enum status find_staged(const struct lookup_view *v, const struct id *ids, size_t n,
                               bool delta, struct lookup_hit *hits)
{
    struct batch ring[STAGES];
    size_t batches = (n + BATCH - 1) / BATCH;
    enum status s = OK;
    for (size_t k = 0; s == OK && k < batches + 2; k++) {
        size_t second = k - 1, third = k - 2; /* wrap to what is no batch */
        if (k < batches)
            stage_line(v, ids + k * BATCH, batch_size(n, k), delta, &ring[k % STAGES]);
        if (second < batches)
            s = stage_tag(v, ids + second * BATCH, batch_size(n, second), &ring[second % STAGES],
                          hits + second * BATCH);
        if (s == OK && third < batches)
            s = stage_payload(v, ids + third * BATCH, &ring[third % STAGES], hits + third * BATCH);
        if (s == OK && delta && third < batches)
            s = stage_delta(v, ids + third * BATCH, batch_size(n, third), hits + third * BATCH);
    }
    return s;
}

enum status lookup_find(const struct lookup_view *v, const struct id *ids, size_t n,
                        struct lookup_hit *hits)
{
    uint64_t in_delta;
    if (delta_count(&v->delta, COUNT_SLOTS, &in_delta) != OK)
        return view_doubt(v);
    if (find_staged(v, ids, n, in_delta > 0, hits) != OK)
        return view_doubt(v);
    return atomic_load_explicit(&v->damaged, memory_order_relaxed) ? DAMAGED : OK;
}
