/* src/authority/history.c: a person's events, and what stands against contacting people. */
#include "authority/inside.h"

/* Opens what is sealed and hands the event on. */
static enum status tell(struct authority *a, const struct ledger_event *e, told_visit *visit,
                        void *context)
{
    struct buf who = BUF_INIT(ADDRESS_TEXT_MAX + 8), proof = BUF_INIT(PROOF_MAX);
    enum status s = open_who(a, e, &who);
    if (s == OK || s == NOT_FOUND)
        s = open_proof(a, e, &proof);
    if (s == OK || s == NOT_FOUND) {
        struct told_event told = {
            .seq = e->seq,
            .kind = e->kind,
            .scope = e->scope,
            .proven = e->proven,
            .at_us = e->at_us,
            .recorded_us = e->recorded_us,
            .source = e->source,
            .proof = buf_span(&proof),
            .who = buf_span(&who),
        };
        s = visit(context, &told);
    }
    buf_free(&who);
    buf_free(&proof);
    return s;
}

static enum status chain_add(struct chain *c, uint64_t seq)
{
    if (c->n == c->capacity) {
        size_t capacity = c->capacity ? 2 * c->capacity : 16;
        uint64_t *grown = mem_resize(c->seqs, capacity, sizeof *grown);
        if (!grown)
            return NO_MEMORY;
        c->seqs = grown;
        c->capacity = capacity;
    }
    c->seqs[c->n++] = seq;
    return OK;
}

static void chain_reverse(struct chain *c)
{
    for (size_t i = 0; i < c->n / 2; i++) {
        uint64_t seq = c->seqs[i];
        c->seqs[i] = c->seqs[c->n - 1 - i];
        c->seqs[c->n - 1 - i] = seq;
    }
}

enum status chain_of(struct authority *a, const uint64_t *lasts, size_t n, struct chain *out,
                     struct problem *why)
{
    struct walk walk;
    struct ledger_event e;
    *out = (struct chain){0};
    enum status s = walk_begin(&walk, lasts, n);
    while (s == OK && (s = walk_next(a, &walk, &e, why)) == OK)
        s = chain_add(out, e.seq);
    walk_free(&walk);
    chain_reverse(out);
    return s == NOT_FOUND ? OK : s;
}

void chain_free(struct chain *c)
{
    mem_free(c->seqs);
}

enum status authority_history(struct authority *a, const struct address *who, told_visit *visit,
                              void *context, struct problem *why)
{
    struct lasts lasts;
    struct chain chain;
    if (!a->ledger)
        return problem_set(why, NO_ACCESS, "the ledger in %s cannot be read here", a->dir);
    enum status s = last_events(a, who, &lasts, why);
    if (s != OK)
        return s;
    pthread_mutex_lock(&a->ledger_mutex);
    s = chain_of(a, lasts.seqs, lasts.n, &chain, why);
    for (size_t i = 0; s == OK && i < chain.n; i++) {
        struct ledger_event e;
        s = ledger_get(a->ledger, chain.seqs[i], &e, why);
        if (s == OK)
            s = tell(a, &e, visit, context);
    }
    pthread_mutex_unlock(&a->ledger_mutex);
    chain_free(&chain);
    return s;
}

/* --- what stands ---------------------------------------------------------------------------- */

enum { STANDING_MAX = STATE_ITEMS_MAX };

struct standing_walk {
    struct authority *a;
    const struct lookup_view *view;
    told_visit *visit;
    void *context;
    uint64_t nameless;
    struct problem *why;
};

/* The scopes that this person's state denies, each by the statement that made it. */
static size_t denied_scopes(const struct state_item *items, size_t n,
                            struct state_item denied[STANDING_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        struct question q = {items[i].channel, items[i].sender, items[i].topic, PURPOSE_MARKETING};
        enum reason r = verdict_of_items(items, n, &q);
        enum event_kind kind = reason_allows(r) ? 0 : reason_event_kind(r);
        struct event e = {.kind = kind};
        enum effect effect;
        if (kind && effect_of_event(&e, &effect) && effect == items[i].effect)
            denied[count++] = items[i];
    }
    return count;
}

/* Is this the event that made the statement? */
static bool makes_statement(const struct ledger_event *e, const struct scope *scope,
                            enum effect effect)
{
    enum effect said;
    return effect_of_stored(e, &said) && said == effect && scope_equal(scope, &e->scope);
}

/* The latest event that said exactly this. */
static enum status tell_statement(struct standing_walk *w, uint64_t last,
                                  const struct state_item *item)
{
    struct scope scope = {.channel = item->channel};
    struct walk walk = {0};
    struct ledger_event e;
    enum status s = lookup_word(w->view, item->sender, &scope.sender);
    if (s == OK)
        s = lookup_word(w->view, item->topic, &scope.topic);
    if (s == OK)
        s = walk_begin(&walk, &last, 1);
    while (s == OK && (s = walk_next(w->a, &walk, &e, w->why)) == OK)
        if (makes_statement(&e, &scope, item->effect))
            break;
    walk_free(&walk);
    if (s != OK)
        return s == NOT_FOUND ? OK : s;
    if (e.who.n)
        return tell(w->a, &e, w->visit, w->context);
    w->nameless++;
    return OK;
}

/* Acts at a person's last event alone, so that each person is told once. */
static enum status standing_visit(void *context, const struct ledger_event *e)
{
    struct standing_walk *w = context;
    struct lookup_hit hit;
    const struct state_item *items;
    struct state_item denied[STANDING_MAX];
    size_t n;
    enum status s = lookup_find(w->view, &e->id, 1, &hit);
    if (s != OK || hit.last != e->seq)
        return s;
    s = lookup_state(w->view, hit.state, &items, &n);
    if (s != OK)
        return s;
    n = denied_scopes(items, n, denied);
    for (size_t i = 0; s == OK && i < n; i++)
        s = tell_statement(w, e->seq, &denied[i]);
    return s;
}

enum status authority_standing(struct authority *a, told_visit *visit, void *context,
                               uint64_t *nameless, struct problem *why)
{
    struct standing_walk w = {.a = a, .visit = visit, .context = context, .why = why};
    if (!a->ledger)
        return problem_set(why, NO_ACCESS, "the ledger in %s cannot be read here", a->dir);
    enum status s = lookup_ensure(a, 0, why);
    if (s != OK)
        return s;
    pthread_mutex_lock(&a->ledger_mutex);
    /* Under the ledger mutex no writer of this process replaces the lookup meanwhile. */
    pthread_rwlock_rdlock(&a->lookup_lock);
    s = a->lookup ? lookup_view_take(a->lookup, &w.view) : NOT_FOUND;
    if (s == OK) {
        s = ledger_each(a->ledger, 1, standing_visit, &w, why);
        lookup_view_give(a->lookup, w.view);
    } else {
        (void)problem_set(why, s, "the lookup is %s", status_text(s));
    }
    pthread_rwlock_unlock(&a->lookup_lock);
    pthread_mutex_unlock(&a->ledger_mutex);
    if (nameless)
        *nameless = w.nameless;
    return s;
}
