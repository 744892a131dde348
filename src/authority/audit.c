/* src/authority/audit.c: is everything what it should be? Reads the whole ledger and the lookup.
 *
 *   store   the engine's own structure
 *   rows    numbers without a gap, checksums, and each commitment against its opened event
 *   lookup  every block and entry; for each person, that the lookup answers on every scope in the
 *           person's history as the history itself does
 */
#include "authority/inside.h"
#include "base/clock.h"

static const int64_t DAY_US = 86400000000;

struct auditing {
    struct authority *a;
    const struct lookup_view *view;
    family_set families;
    struct row_space space;
    authority_progress *progress;
    void *context;
    struct audit found;
    uint64_t last, same_time;
    int64_t now_us, previous_us;
    struct problem *why;
};

/* --- the lookup against a person's history -------------------------------------------------- */

/* The answer on one scope, told by the history alone. */
static enum status answer_of_history(struct auditing *w, const struct chain *chain, struct id id,
                                     const struct scope *scope, enum reason *out)
{
    struct fold f = FOLD_INIT;
    enum status s = OK;
    for (size_t i = chain->n; s == OK && i-- > 0 && !f.decided;) {
        struct ledger_event e;
        enum effect effect;
        s = ledger_get(w->a->ledger, chain->seqs[i], &e, w->why);
        if (s == OK && scope_contains(&e.scope, scope) && effect_of_stored(&e, &effect) &&
            stored_names(w->a, &e, w->families, id))
            (void)fold_add(&f, effect);
    }
    *out = f.reason;
    return s;
}

static enum status compare_scope(struct auditing *w, const struct chain *chain, struct id id,
                                 const struct state_item *items, size_t n,
                                 const struct scope *scope)
{
    struct question q;
    enum reason expected;
    enum status s = answer_of_history(w, chain, id, scope, &expected);
    if (s != OK)
        return s;
    question_prepare(w->view, scope, PURPOSE_MARKETING, &q);
    if (verdict_of_items(items, n, &q) == expected)
        return OK;
    return problem_set(w->why, DAMAGED,
                       "the lookup answers otherwise than the ledger on the "
                       "person of event %llu; remove the lookup files, they are made anew",
                       (unsigned long long)chain->seqs[chain->n - 1]);
}

/* Every scope that this person's history names. */
static enum status compare_person(struct auditing *w, struct id id, const struct lookup_hit *hit)
{
    struct chain chain;
    const struct state_item *items;
    size_t n;
    enum status s = chain_of(w->a, &hit->last, 1, &chain, w->why);
    if (s == OK)
        s = lookup_state(w->view, hit->state, &items, &n);
    for (size_t i = 0; s == OK && i < chain.n; i++) {
        struct ledger_event e;
        s = ledger_get(w->a->ledger, chain.seqs[i], &e, w->why);
        if (s == OK)
            s = compare_scope(w, &chain, id, items, n, &e.scope);
    }
    chain_free(&chain);
    return s;
}

static enum status audit_lookup_of(struct auditing *w, const struct ledger_event *e)
{
    struct id ids[LEDGER_ALIASES_MAX + 1];
    struct lookup_hit hits[LEDGER_ALIASES_MAX + 1];
    size_t n;
    uint64_t seq = e->seq;
    enum status s = ids_of_stored(w->a, e, w->families, ids, &n, w->why);
    if (s == OK)
        s = lookup_find(w->view, ids, n, hits);
    for (size_t i = 0; s == OK && i < n; i++) {
        if (hits[i].last < seq)
            s = problem_set(w->why, DAMAGED,
                            "the lookup does not know event %llu; remove the "
                            "lookup files, they are made anew",
                            (unsigned long long)seq);
        else if (hits[i].last == seq)
            s = compare_person(w, ids[i], &hits[i]);
    }
    return s;
}

/* --- the walk ------------------------------------------------------------------------------- */

static void audit_clock(struct auditing *w, const struct ledger_event *e)
{
    w->same_time = e->recorded_us == w->previous_us ? w->same_time + 1 : 0;
    w->found.clock_back += e->recorded_us < w->previous_us;
    w->found.clock_ahead += e->recorded_us > w->now_us + DAY_US;
    w->found.clock_stuck |= w->same_time >= GROUP_EVENTS_MAX; /* one group has one time */
    w->previous_us = e->recorded_us;
}

static enum status audit_event(void *context, const struct ledger_event *e)
{
    struct auditing *w = context;
    enum status s = row_check(w->a, e, &w->space, w->why);
    if (s == OK)
        s = audit_lookup_of(w, e);
    w->found.events++;
    w->found.erased += e->salt.n == 0;
    audit_clock(w, e);
    if (w->progress)
        w->progress(w->context, w->found.events, w->last);
    return s;
}

static enum status audit_with_view(struct auditing *w)
{
    struct lookup_origin origin;
    lookup_view_origin(w->view, &origin);
    w->families = origin.families;
    enum status s = ledger_last(w->a->ledger, &w->last, w->why);
    if (s == OK && origin.applied != w->last)
        s = problem_set(w->why, DAMAGED, "the lookup is at event %llu, the ledger at %llu",
                        (unsigned long long)origin.applied, (unsigned long long)w->last);
    if (s == OK)
        s = lookup_audit(w->view, w->why);
    return s == OK ? ledger_each(w->a->ledger, 1, audit_event, w, w->why) : s;
}

enum status authority_audit(struct authority *a, authority_progress *progress, void *context,
                            struct audit *out, struct problem *why)
{
    struct auditing w = {.a = a,
                         .progress = progress,
                         .context = context,
                         .now_us = clock_now_us(),
                         .previous_us = INT64_MIN,
                         .why = why};
    if (!a->ledger)
        return problem_set(why, NO_ACCESS, "the ledger in %s cannot be read here", a->dir);
    enum status s = writer_enter(a, why); /* nothing moves while it is compared */
    if (s != OK)
        return s;
    s = lookup_bring_up(a, 0, why);
    row_space_init(&w.space);
    pthread_mutex_lock(&a->ledger_mutex);
    if (s == OK)
        s = ledger_check_store(a->ledger, why);
    pthread_rwlock_rdlock(&a->lookup_lock);
    if (s == OK)
        s = lookup_view_take(a->lookup, &w.view);
    if (s == OK) {
        s = audit_with_view(&w);
        lookup_view_give(a->lookup, w.view);
    }
    pthread_rwlock_unlock(&a->lookup_lock);
    pthread_mutex_unlock(&a->ledger_mutex);
    writer_leave(a);
    row_space_free(&w.space);
    *out = w.found;
    return s == OK ? log_audit(a, &out->root, why) : s;
}
