/* lookup/build.c: a whole lookup in memory, then in new files.
 *
 * The table that is built is the one that is written, so a build needs the memory of the new
 * lookup.base, twice that while the table grows. States that only led to others are dropped when
 * they have become many, and at the end.
 */
#include "lookup/build.h"
#include "base/file.h"
#include "base/mem.h"
#include "lookup/install.h"
#include "lookup/step.h"
#include "lookup/view.h"

#include <stdio.h>

enum { CHUNK = 64, TIDY_ITEMS_MIN = 1 << 20 };

struct lookup_build {
    char dir[PATH_BYTES];
    struct lookup_origin origin;
    struct table table;
    struct pool pool;
    struct stepper stepper;
    uint64_t tidy_at; /* number of items in the pool at which to tidy */
};

/* --- the pool as a store ------------------------------------------------------------------- */

static enum status store_word(void *in, const struct word *w, uint32_t *number)
{
    return pool_word(in, w, number);
}

static enum status store_items(void *in, uint32_t state, const struct state_item **items, size_t *n)
{
    *n = pool_items(in, state, items);
    return OK;
}

static enum status store_state(void *in, const struct state_item *items, size_t n, uint32_t *number)
{
    return pool_state(in, items, n, number);
}

static void reset_steps(struct lookup_build *b)
{
    stepper_reset(&b->stepper, (struct store){&b->pool, store_word, store_items, store_state});
}

/* --- moving states from one numbering to another ------------------------------------------- */

/* Reads states and words by the old numbers; gives new ones to those that are asked for. */
struct move {
    const void *from;
    enum status (*items)(const void *from, uint32_t state, const struct state_item **, size_t *);
    enum status (*word)(const void *from, uint32_t number, struct word *);
    struct pool *to;
    uint32_t *states; /* new number by old one, 0: not asked yet */
    uint32_t states_n;
    struct state_item work[STATE_ITEMS_MAX];
};

static enum status items_of_pool(const void *from, uint32_t state, const struct state_item **items,
                                 size_t *n)
{
    *n = pool_items(from, state, items);
    return OK;
}

static enum status word_of_pool(const void *from, uint32_t number, struct word *w)
{
    *w = ((const struct pool *)from)->words[number];
    return OK;
}

static enum status items_of_view(const void *from, uint32_t state, const struct state_item **items,
                                 size_t *n)
{
    return lookup_state(from, state, items, n);
}

static enum status word_of_view(const void *from, uint32_t number, struct word *w)
{
    return lookup_word(from, number, w);
}

static enum status move_word(struct move *m, uint32_t *number)
{
    struct word w;
    if (*number == WORD_ANY)
        return OK;
    enum status s = m->word(m->from, *number, &w);
    return s == OK ? pool_word(m->to, &w, number) : s;
}

static enum status move_new_state(struct move *m, uint32_t old)
{
    const struct state_item *items;
    size_t n;
    enum status s = m->items(m->from, old, &items, &n);
    if (s == OK && n > STATE_ITEMS_MAX)
        s = DAMAGED;
    for (size_t i = 0; s == OK && i < n; i++) {
        m->work[i] = items[i];
        s = move_word(m, &m->work[i].sender);
        if (s == OK)
            s = move_word(m, &m->work[i].topic);
    }
    return s == OK ? pool_state(m->to, m->work, n, &m->states[old]) : s;
}

/* Rewrites the state within a value. */
static enum status move_value(struct move *m, uint64_t *value)
{
    struct lookup_hit hit = value_hit(*value);
    enum status s = OK;
    if (hit.state >= m->states_n)
        return DAMAGED;
    if (hit.state && !m->states[hit.state])
        s = move_new_state(m, hit.state);
    *value = value_pack(m->states[hit.state], hit.last);
    return s;
}

static struct move *move_new(uint32_t states_n)
{
    struct move *m = mem_new(1, sizeof *m);
    if (!m)
        return NULL;
    m->states_n = states_n;
    m->states = mem_new(states_n, sizeof *m->states);
    if (m->states)
        return m;
    mem_free(m);
    return NULL;
}

static void move_free(struct move *m)
{
    mem_free(m->states);
    mem_free(m);
}

/* --- tidying ------------------------------------------------------------------------------- */

static enum status move_table(struct move *m, struct table *t)
{
    enum status s = OK;
    for (uint64_t at = 0; at < t->lines; at++)
        for (unsigned i = 0; s == OK && i < line_count(&t->line[at]); i++)
            s = move_value(m, &t->payload[at * LINE_TAGS + i].value);
    return s;
}

/* Keeps the states that somebody has, and their words, under new numbers. A failure in the midst
 * spoils the build. */
static enum status tidy(struct lookup_build *b)
{
    struct pool kept;
    struct move *m = move_new(b->pool.states_n);
    enum status s = m ? pool_new(&kept) : NO_MEMORY;
    if (s == OK) {
        m->from = &b->pool;
        m->items = items_of_pool;
        m->word = word_of_pool;
        m->to = &kept;
        s = move_table(m, &b->table);
        pool_free(&b->pool);
        b->pool = kept;
        reset_steps(b);
        b->tidy_at = b->pool.items_n * UINT64_C(2) + TIDY_ITEMS_MIN;
    }
    if (m)
        move_free(m);
    return s;
}

/* --- the face ------------------------------------------------------------------------------ */

void lookup_build_abandon(struct lookup_build *b)
{
    if (!b)
        return;
    table_free(&b->table);
    pool_free(&b->pool);
    mem_free(b);
}

static enum status build_new(const char *dir, uint64_t entries, struct lookup_build **out)
{
    struct lookup_build *b = mem_new(1, sizeof *b);
    if (!b)
        return NO_MEMORY;
    int n = snprintf(b->dir, sizeof b->dir, "%s", dir);
    enum status s = n < 0 || n >= PATH_BYTES ? REFUSED : pool_new(&b->pool);
    if (s == OK)
        s = table_new(&b->table, entries);
    if (s != OK) {
        lookup_build_abandon(b);
        return s;
    }
    reset_steps(b);
    b->tidy_at = TIDY_ITEMS_MIN;
    *out = b;
    return OK;
}

enum status lookup_build_begin(const char *dir, const uint8_t ledger[16], family_set families,
                               uint64_t expected_entries, struct lookup_build **out,
                               struct problem *why)
{
    enum status s = build_new(dir, expected_entries, out);
    if (s != OK)
        return problem_set(why, s, "cannot start to build the lookup: %s", status_text(s));
    memcpy((*out)->origin.ledger, ledger, sizeof(*out)->origin.ledger);
    (*out)->origin.families = families;
    return OK;
}

static enum status add_one(struct lookup_build *b, const struct lookup_change *change)
{
    struct payload *p = table_put(&b->table, change->id);
    enum status s = stepper_next(&b->stepper, change, &p->value);
    if (s == NO_SPACE) {
        s = tidy(b);
        if (s == OK)
            s = stepper_next(&b->stepper, change, &p->value);
    }
    return s;
}

enum status lookup_build_add(struct lookup_build *b, const struct lookup_change *changes, size_t n)
{
    enum status s = OK;
    for (size_t at = 0; s == OK && at < n; at += CHUNK) {
        size_t m = n - at < CHUNK ? n - at : CHUNK;
        s = table_reserve(&b->table, m);
        for (size_t i = 0; s == OK && i < m; i++)
            table_prefetch(&b->table, changes[at + i].id);
        for (size_t i = 0; s == OK && i < m; i++)
            s = add_one(b, &changes[at + i]);
        if (s == OK && b->pool.items_n >= b->tidy_at)
            s = tidy(b);
    }
    return s;
}

enum status lookup_build_finish(struct lookup_build *b, uint64_t applied, struct problem *why)
{
    b->origin.applied = applied;
    enum status s = applied > SEQ_MAX ? REFUSED : tidy(b);
    if (s == OK)
        s = table_fit(&b->table);
    if (s != OK)
        (void)problem_set(why, s, "cannot finish the lookup: %s", status_text(s));
    else
        s = install(b->dir, &b->table, &b->pool, &b->origin, why);
    lookup_build_abandon(b);
    return s;
}

/* --- starting from a view ------------------------------------------------------------------ */

struct load {
    struct lookup_build *build;
    struct move *move;
};

static enum status load_id(void *with, struct id id, uint64_t value)
{
    struct load *l = with;
    enum status s = move_value(l->move, &value);
    if (s == OK)
        table_put(&l->build->table, id)->value = value;
    return s;
}

static enum status load_line(struct load *l, const struct snapshot *base, uint64_t at)
{
    const struct line *line = &base->line[at];
    const struct payload *p = &base->payload[at * LINE_TAGS];
    if (!snapshot_check(base, line, sizeof *line) ||
        !snapshot_check(base, p, LINE_TAGS * sizeof *p))
        return DAMAGED;
    enum status s = OK;
    for (unsigned i = 0; s == OK && i < line_count(line); i++)
        s = load_id(l, (struct id){p[i].rest, line->tag[i]}, p[i].value);
    return s;
}

static enum status load_view(struct lookup_build *b, const struct lookup_view *v)
{
    struct load l = {b, move_new(lookup_state_count(v))};
    if (!l.move)
        return NO_MEMORY;
    l.move->from = v;
    l.move->items = items_of_view;
    l.move->word = word_of_view;
    l.move->to = &b->pool;
    enum status s = OK;
    for (uint64_t at = 0; s == OK && at < v->base.head->lines; at++)
        s = load_line(&l, &v->base, at);
    if (s == OK)
        s = delta_walk(&v->delta, load_id, &l);
    move_free(l.move);
    return s;
}

enum status build_from_view(const char *dir, const struct lookup_view *v, uint64_t more,
                            struct lookup_build **out)
{
    struct lookup_sizes sizes;
    lookup_view_sizes(v, &sizes);
    enum status s = build_new(dir, sizes.entries_base + sizes.entries_delta + more, out);
    if (s != OK)
        return s;
    lookup_view_origin(v, &(*out)->origin);
    s = load_view(*out, v);
    if (s != OK)
        lookup_build_abandon(*out);
    return s;
}
