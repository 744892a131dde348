/* src/authority/ask.c: answering from the lookup, many at a time. */
#include "authority/inside.h"

enum { ASK_BATCH = 64, CHANNELS_OF_DIGEST = 3 };

/* A digest without a scope could be of an address of any kind: each is asked, the strictest
 * answer counts. */
static const enum channel digest_channels[CHANNELS_OF_DIGEST] = {CHANNEL_EMAIL, CHANNEL_SMS,
                                                                 CHANNEL_ADS};

/* The scopes that one address is asked about. */
static size_t scopes_asked(const struct inquiry *q, const struct address *who,
                           struct scope out[CHANNELS_OF_DIGEST])
{
    if (q->scope) {
        out[0] = *q->scope;
        return 1;
    }
    out[0] = scope_of_address(who);
    if (who->kind != ADDRESS_DIGEST)
        return 1;
    for (size_t i = 0; i < CHANNELS_OF_DIGEST; i++)
        out[i] = (struct scope){.channel = digest_channels[i]};
    return CHANNELS_OF_DIGEST;
}

static enum reason settle_consent(const struct authority *a, const struct scope *scope,
                                  enum purpose purpose, enum reason r)
{
    bool required = purpose == PURPOSE_MARKETING && config_consent_required(a->config, scope);
    return required ? reason_under_consent(r) : r;
}

/* The strictest answer over all ids of one person, for one scope. */
static enum status answer_scope(const struct lookup_view *v, const struct question *q,
                                const struct lookup_hit *hits, size_t n, enum reason *out)
{
    *out = q->purpose == PURPOSE_SERVICE ? REASON_SERVICE_MESSAGE : REASON_NO_RECORD;
    for (size_t i = 0; i < n; i++) {
        const struct state_item *items;
        size_t count;
        if (hits[i].state == 0)
            continue;
        enum status s = lookup_state(v, hits[i].state, &items, &count);
        if (s != OK)
            return s;
        *out = reason_strictest(*out, verdict_of_items(items, count, q));
    }
    return OK;
}

static enum status answer_one(const struct authority *a, const struct lookup_view *v,
                              const struct inquiry *q, const struct address *who,
                              const struct lookup_hit *hits, size_t n, enum reason *out)
{
    struct scope scopes[CHANNELS_OF_DIGEST];
    size_t count = scopes_asked(q, who, scopes);
    for (size_t i = 0; i < count; i++) {
        struct question question;
        enum reason r;
        question_prepare(v, &scopes[i], q->purpose, &question);
        enum status s = answer_scope(v, &question, hits, n, &r);
        if (s != OK)
            return s;
        r = settle_consent(a, &scopes[i], q->purpose, r);
        *out = i == 0 ? r : reason_strictest(*out, r);
    }
    return OK;
}

/* At most ASK_BATCH addresses from one view. */
static enum status ask_view(const struct authority *a, const struct lookup_view *v,
                            const struct inquiry *q, const struct address *who, size_t n,
                            enum reason *reasons)
{
    struct lookup_origin origin;
    struct id ids[ASK_BATCH * ADDRESS_IDS_MAX];
    struct lookup_hit hits[ASK_BATCH * ADDRESS_IDS_MAX];
    size_t counts[ASK_BATCH], total = 0;
    lookup_view_origin(v, &origin);
    for (size_t i = 0; i < n; i++) {
        counts[i] = address_ids(&a->ids, &who[i], origin.families, ids + total);
        total += counts[i];
    }
    enum status s = lookup_find(v, ids, total, hits);
    const struct lookup_hit *at = hits;
    for (size_t i = 0; s == OK && i < n; at += counts[i++])
        s = answer_one(a, v, q, &who[i], at, counts[i], &reasons[i]);
    return s;
}

/* Families of the digests asked about that the lookup does not have yet. */
static family_set families_missing(const struct lookup_view *v, const struct address *who, size_t n)
{
    struct lookup_origin origin;
    family_set asked = 0;
    lookup_view_origin(v, &origin);
    for (size_t i = 0; i < n; i++)
        if (who[i].kind == ADDRESS_DIGEST)
            asked |= FAMILY_BIT(who[i].family);
    return asked & ~origin.families;
}

static enum status ask_once(struct authority *a, const struct inquiry *q, const struct address *who,
                            size_t n, enum reason *reasons, family_set *missing,
                            struct problem *why)
{
    const struct lookup_view *v;
    *missing = 0;
    enum status s = view_take(a, &v, why);
    if (s != OK)
        return s;
    *missing = families_missing(v, who, n);
    if (*missing == 0)
        s = ask_view(a, v, q, who, n, reasons);
    if (s == DAMAGED && a->ledger)
        lookup_distrust(a->lookup);
    view_give(a, v);
    return s;
}

/* Once more after what was missing or damaged has been made anew. */
static enum status ask_batch(struct authority *a, const struct inquiry *q,
                             const struct address *who, size_t n, enum reason *reasons,
                             struct problem *why)
{
    family_set missing;
    enum status s = ask_once(a, q, who, n, reasons, &missing, why);
    if (s == OK && missing == 0)
        return OK;
    s = lookup_ensure(a, missing, why);
    if (s == OK)
        s = ask_once(a, q, who, n, reasons, &missing, why);
    if (s == OK && missing != 0)
        s = problem_set(why, DAMAGED, "the lookup lacks a digest family that was asked for");
    return s;
}

enum status authority_ask(struct authority *a, const struct inquiry *q, const struct address *who,
                          size_t n, enum reason *reasons, struct problem *why)
{
    enum status worst = OK;
    for (size_t at = 0; at < n; at += ASK_BATCH) {
        size_t step = n - at < ASK_BATCH ? n - at : ASK_BATCH;
        enum status s = ask_batch(a, q, who + at, step, reasons + at, why);
        for (size_t i = 0; s != OK && i < step; i++)
            reasons[at + i] = REASON_STALE;
        worst = s != OK ? s : worst;
    }
    return worst;
}

/* --- the event behind an answer ------------------------------------------------------------- */

/* Finds in a chain, the latest first, the event that the answer rests on. */
struct search {
    const struct authority *a;
    const struct scope *question;
    struct id id; /* only what was said of this id counts, as in the lookup */
    family_set families;
    struct fold fold;
    uint64_t event;
    int64_t since_us;
};

static void search_add(struct search *s, const struct ledger_event *stored)
{
    enum effect effect;
    if (!scope_contains(&stored->scope, s->question) || !effect_of_stored(stored, &effect) ||
        !stored_names(s->a, stored, s->families, s->id))
        return;
    if (fold_add(&s->fold, effect)) {
        s->event = stored->seq;
        s->since_us = stored->at_us;
    }
}

static enum status search_events(struct authority *a, uint64_t last, struct search *s,
                                 struct problem *why)
{
    struct walk walk;
    struct ledger_event e;
    pthread_mutex_lock(&a->ledger_mutex);
    enum status st = walk_begin(&walk, &last, 1);
    while (st == OK && !s->fold.decided && (st = walk_next(a, &walk, &e, why)) == OK)
        search_add(s, &e);
    walk_free(&walk);
    pthread_mutex_unlock(&a->ledger_mutex);
    return st == NOT_FOUND ? OK : st;
}

enum status last_events(struct authority *a, const struct address *who, struct lasts *out,
                        struct problem *why)
{
    const struct lookup_view *v;
    struct lookup_origin origin;
    struct lookup_hit hits[ADDRESS_IDS_MAX];
    *out = (struct lasts){0};
    enum status s = view_take(a, &v, why);
    if (s != OK)
        return s;
    lookup_view_origin(v, &origin);
    out->families = origin.families;
    out->n = address_ids(&a->ids, who, origin.families, out->ids);
    s = lookup_find(v, out->ids, out->n, hits);
    for (size_t i = 0; s == OK && i < out->n; i++)
        out->seqs[i] = hits[i].last;
    view_give(a, v);
    return s;
}

static enum status find_event(struct authority *a, const struct address *who, struct explanation *x,
                              struct problem *why)
{
    struct lasts lasts;
    if (!a->ledger)
        return OK;
    enum status s = last_events(a, who, &lasts, why);
    for (size_t i = 0; s == OK && i < lasts.n; i++) {
        struct search search = {
            .a = a,
            .question = &x->scope,
            .id = lasts.ids[i],
            .families = lasts.families,
            .fold = FOLD_INIT,
        };
        s = search_events(a, lasts.seqs[i], &search, why);
        if (s == OK && search.fold.reason == x->reason && search.event > x->event) {
            x->event = search.event;
            x->since_us = search.since_us;
        }
    }
    return s;
}

enum status authority_explain(struct authority *a, const struct inquiry *q,
                              const struct address *who, struct explanation *out,
                              struct problem *why)
{
    struct scope scopes[CHANNELS_OF_DIGEST];
    size_t count = scopes_asked(q, who, scopes);
    *out = (struct explanation){.reason = REASON_STALE, .scope = scopes[0]};
    for (size_t i = 0; i < count; i++) {
        struct inquiry one = {&scopes[i], q->purpose};
        enum reason r;
        enum status s = authority_ask(a, &one, who, 1, &r, why);
        if (s != OK)
            return s;
        if (i == 0 || reason_strictest(out->reason, r) != out->reason)
            *out = (struct explanation){.reason = r, .scope = scopes[i]};
    }
    return reason_event_kind(out->reason) ? find_event(a, who, out, why) : OK;
}
