/* src/authority/forget.c: erasure on request (GDPR art. 17), while the opt-out stays in force.
 *
 * Address, proof and salt of each event are overwritten with nothing; its keyed ids in every
 * digest family take their place, so that lists of digests go on meeting it. The store overwrites
 * freed bytes (secure_delete), and the write-ahead log is emptied before this returns.
 */
#include "authority/inside.h"
#include "base/clock.h"

struct erasure {
    struct authority *a;
    struct problem *why;
    struct lasts lasts; /* the last events of all ids of the person */
    struct chain chain;
    uint64_t last; /* the number of the forget event */
};

/* The ids by which an event goes on being found, from its address while that is still there. */
static enum status aliases_to_keep(struct authority *a, const struct ledger_event *row,
                                   struct buf *out)
{
    struct address who;
    struct buf text = BUF_INIT(ADDRESS_TEXT_MAX + 8);
    enum status s = open_who(a, row, &text);
    if (s == OK && address_parse(buf_span(&text), NULL, &who, NULL) != OK)
        s = DAMAGED;
    if (s == OK && who.kind != ADDRESS_DIGEST)
        s = aliases_add(a, &who, FAMILIES_ALL, out);
    else if (s == OK || s == NOT_FOUND)
        s = buf_add_span(out, row->aliases);
    buf_free(&text);
    return s;
}

static enum status erase_event(struct erasure *e, uint64_t seq)
{
    struct ledger_event row;
    struct buf aliases = BUF_INIT(LEDGER_ALIASES_MAX * ID_BYTES + 1);
    enum status s = ledger_get(e->a->ledger, seq, &row, e->why);
    if (s == OK) {
        s = aliases_to_keep(e->a, &row, &aliases);
        if (s != OK)
            (void)problem_set(e->why, s, "event %llu cannot be read to be erased",
                              (unsigned long long)seq);
    }
    if (s == OK)
        s = ledger_erase(e->a->ledger, seq, buf_span(&aliases), e->why);
    buf_free(&aliases);
    return s;
}

/* The event that says when it was; it carries ids alone from its beginning. */
static enum status append_forget(struct erasure *e, const struct address *who)
{
    struct row_space space;
    struct ledger_event row;
    struct event event = {.kind = EVENT_FORGET, .who = who, .source = SPAN("forget")};
    struct id ids[ADDRESS_IDS_MAX];
    (void)address_ids(&e->a->ids, who, FAMILY_BIT(HASH_SHA256), ids);
    row_space_init(&space);
    enum status s = row_make(e->a, &event, ids[0], clock_now_us(), &space, &row);
    buf_clear(&space.aliases);
    if (s == OK)
        s = aliases_add(e->a, who, FAMILIES_ALL, &space.aliases);
    row.aliases = buf_span(&space.aliases);
    row.who = row.proof = row.salt = (struct span){0};
    if (s == OK)
        s = walk_join(e->lasts.seqs, e->lasts.n, &row.prev, &space.others);
    row.others = buf_span(&space.others);
    if (s == OK)
        s = ledger_append(e->a->ledger, &row, e->why);
    e->last = row.seq;
    row_space_free(&space);
    return s;
}

static enum status erase_chain(struct erasure *e, const struct address *who)
{
    enum status s = ledger_begin(e->a->ledger, e->why);
    if (s != OK)
        return s;
    for (size_t i = 0; s == OK && i < e->chain.n; i++)
        s = erase_event(e, e->chain.seqs[i]);
    if (s == OK)
        s = append_forget(e, who);
    if (s != OK) {
        ledger_rollback(e->a->ledger);
        return s;
    }
    s = ledger_commit(e->a->ledger, e->why);
    return s == OK ? ledger_scour(e->a->ledger, e->why) : s;
}

/* --- the lookup ----------------------------------------------------------------------------- */

/* From now on the lookup must know this person by the ids of every family, since a rebuild finds
 * them all kept: those it does not have yet are told the history, all are told the forget event.
 * An id that it has is told nothing twice, so that no answer changes even for a moment. */
struct showing {
    struct erasure *e;
    struct id present[ADDRESS_IDS_MAX];
    size_t present_count;
    struct lookup_change *changes;
    struct scope *scopes;
    size_t n;
};

static bool is_present(const struct showing *w, struct id id)
{
    for (size_t i = 0; i < w->present_count; i++)
        if (id_equal(w->present[i], id))
            return true;
    return false;
}

static enum status add_changes(struct showing *w, uint64_t seq, struct scope *scope)
{
    struct ledger_event row;
    struct id ids[LEDGER_ALIASES_MAX + 1];
    size_t n;
    enum status s = ledger_get(w->e->a->ledger, seq, &row, w->e->why);
    if (s == OK)
        s = ids_of_stored(w->e->a, &row, FAMILIES_ALL, ids, &n, w->e->why);
    if (s != OK)
        return s;
    *scope = row.scope;
    for (size_t i = 0; i < n; i++) {
        struct lookup_change change = {.id = ids[i], .scope = scope, .seq = seq};
        change.no_effect = !effect_of_stored(&row, &change.effect);
        if (change.no_effect || (!is_present(w, ids[i]) && !id_equal(ids[i], row.id)))
            w->changes[w->n++] = change;
    }
    return OK;
}

static enum status find_present(struct showing *w, const struct address *who)
{
    struct lookup_origin origin;
    enum status s = lookup_look(w->e->a, &origin);
    if (s == OK)
        w->present_count = address_ids(&w->e->a->ids, who, origin.families, w->present);
    return s;
}

static enum status show(struct erasure *e, const struct address *who)
{
    size_t events = e->chain.n + 1;
    struct showing w = {
        .e = e,
        .changes = mem_new(events * (LEDGER_ALIASES_MAX + 1), sizeof *w.changes),
        .scopes = mem_new(events, sizeof *w.scopes),
    };
    enum status s = w.changes && w.scopes ? find_present(&w, who) : NO_MEMORY;
    for (size_t i = 0; s == OK && i < events; i++)
        s = add_changes(&w, i < e->chain.n ? e->chain.seqs[i] : e->last, &w.scopes[i]);
    if (s == OK)
        s = lookup_tell(e->a, w.changes, w.n, e->last, e->why);
    mem_free(w.changes);
    mem_free(w.scopes);
    return s;
}

static enum status forget_as_writer(struct erasure *e, const struct address *who)
{
    enum status s = lookup_bring_up(e->a, 0, e->why);
    if (s == OK)
        s = last_events(e->a, who, &e->lasts, e->why);
    if (s != OK)
        return s;
    pthread_mutex_lock(&e->a->ledger_mutex);
    s = chain_of(e->a, e->lasts.seqs, e->lasts.n, &e->chain, e->why);
    if (s == OK && e->chain.n)
        s = erase_chain(e, who);
    bool shown = s != OK || e->chain.n == 0 || show(e, who) == OK;
    pthread_mutex_unlock(&e->a->ledger_mutex);
    if (!shown) {
        lookup_doubt(e->a);
        s = lookup_bring_up(e->a, 0, e->why);
    }
    return s;
}

enum status authority_forget(struct authority *a, const struct address *who, uint64_t *erased,
                             struct problem *why)
{
    struct erasure e = {.a = a, .why = why};
    *erased = 0;
    if (!a->ledger)
        return problem_set(why, NO_ACCESS, "%s is read-only here", a->dir);
    enum status s = writer_enter(a, why);
    if (s != OK)
        return s;
    s = forget_as_writer(&e, who);
    writer_leave(a);
    if (s == OK)
        *erased = e.chain.n;
    chain_free(&e.chain);
    return s;
}
