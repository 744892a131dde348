/* src/authority/record.c: taking events in.
 *
 * Threads that record at the same time queue their requests; one of them leads and carries out
 * what has queued as one group, under one commit, while the others wait for their outcome. So the
 * price of an fsync is shared, and nothing is acknowledged before it.
 *
 * A group is carried out in steps, each a function below: enter as writer, bring the lookup up,
 * derive ids, look the people up, decide, append, commit, show in the lookup, leave.
 */
#include "authority/batch.h"
#include "authority/inside.h"
#include "base/clock.h"

struct request {
    const struct event *events;
    size_t n;
    enum record_policy policy;
    struct recorded *results;
    struct problem problem;
    enum status status;
    bool done;
    struct request *next;
};

/* One event of a group on its way. */
struct entry {
    const struct event *event;
    struct recorded *result;
    enum record_policy policy;
    struct id ids[ADDRESS_IDS_MAX];
    uint32_t id_count, first_hit; /* its hits in group.hits */
};

struct group {
    struct authority *a;
    struct entry *entries;
    struct lookup_hit *hits;
    struct id *flat_ids;
    struct lookup_change *changes;
    size_t n, id_total, change_count;
    struct batch batch;
    struct row_space space;
    family_set families;
    uint64_t last;
    int64_t now_us;
};

static void group_free(struct group *g)
{
    mem_free(g->entries);
    mem_free(g->hits);
    mem_free(g->flat_ids);
    mem_free(g->changes);
    batch_free(&g->batch);
    row_space_free(&g->space);
}

static family_set families_of_requests(const struct request *first)
{
    family_set wanted = 0;
    for (const struct request *r = first; r; r = r->next)
        for (size_t i = 0; i < r->n; i++)
            if (r->events[i].who->kind == ADDRESS_DIGEST)
                wanted |= FAMILY_BIT(r->events[i].who->family);
    return wanted;
}

static enum status group_collect(struct group *g, struct request *first)
{
    for (struct request *r = first; r; r = r->next)
        g->n += r->n;
    g->entries = mem_new(g->n, sizeof *g->entries);
    if (!g->entries)
        return NO_MEMORY;
    struct entry *entry = g->entries;
    for (struct request *r = first; r; r = r->next) {
        for (size_t i = 0; i < r->n; i++, entry++) {
            *entry = (struct entry){
                .event = &r->events[i], .result = &r->results[i], .policy = r->policy};
            entry->id_count =
                (uint32_t)address_ids(&g->a->ids, entry->event->who, g->families, entry->ids);
            entry->first_hit = (uint32_t)g->id_total;
            g->id_total += entry->id_count;
        }
    }
    g->hits = mem_new(g->id_total, sizeof *g->hits);
    g->flat_ids = mem_new(g->id_total, sizeof *g->flat_ids);
    g->changes = mem_new(g->id_total, sizeof *g->changes);
    if (!g->hits || !g->flat_ids || !g->changes)
        return NO_MEMORY;
    for (size_t i = 0; i < g->n; i++)
        memcpy(&g->flat_ids[g->entries[i].first_hit], g->entries[i].ids,
               g->entries[i].id_count * sizeof(struct id));
    return batch_init(&g->batch, g->id_total);
}

/* --- deciding ------------------------------------------------------------------------------- */

/* What stands for one id on a question, this group's earlier events included. */
struct standing {
    struct fold fold;
    bool effect_stands; /* an unlifted statement of the event's own effect */
    bool effect_settled;
};

static void standing_add(struct standing *s, enum effect said, enum effect own)
{
    (void)fold_add(&s->fold, said);
    if (!s->effect_settled && said == own)
        s->effect_stands = s->effect_settled = true;
    if (said == EFFECT_IN_PROVEN || (said == EFFECT_IN && own == EFFECT_DEAD))
        s->effect_settled = true;
}

static enum status standing_of_id(struct group *g, const struct lookup_view *v,
                                  const struct entry *e, size_t which, enum effect own,
                                  struct standing *out)
{
    const struct scope *scope = &e->event->scope;
    *out = (struct standing){.fold = FOLD_INIT};
    for (const struct batch_link *l = batch_find(&g->batch, e->ids[which]); l;
         l = batch_older(&g->batch, l)) {
        const struct event *earlier = g->entries[l->event].event;
        enum effect said;
        if (scope_contains(&earlier->scope, scope) && effect_of_event(earlier, &said))
            standing_add(out, said, own);
    }
    const struct state_item *items;
    struct question q;
    size_t n;
    question_prepare(v, scope, PURPOSE_MARKETING, &q); /* first: damaged words show below */
    enum status s = lookup_state(v, g->hits[e->first_hit + which].state, &items, &n);
    if (s != OK)
        return s;
    for (size_t i = n; i-- > 0;)
        if (question_covered(&items[i], &q))
            standing_add(out, items[i].effect, own);
    return OK;
}

/* The last event of the entry's i-th id, this group's included. */
static uint64_t last_of_id(const struct group *g, const struct entry *e, size_t i)
{
    const struct batch_link *l = batch_find(&g->batch, e->ids[i]);
    return l ? g->entries[l->event].result->seq : g->hits[e->first_hit + i].last;
}

/* Does the statement stand for the digests of families that the lookup does not have yet as well?
 * They will be derived from what was told in clear, so what was told as a digest does not count. */
static enum status stands_in_clear(struct group *g, const struct entry *e, enum effect own,
                                   bool *stands, struct problem *why)
{
    uint64_t lasts[ADDRESS_IDS_MAX];
    struct walk walk;
    struct ledger_event earlier;
    struct standing standing = {.fold = FOLD_INIT};
    for (size_t i = 0; i < e->id_count; i++)
        lasts[i] = last_of_id(g, e, i);
    enum status s = walk_begin(&walk, lasts, e->id_count);
    while (s == OK && !standing.effect_settled &&
           (s = walk_next(g->a, &walk, &earlier, why)) == OK) {
        enum effect said;
        if (scope_contains(&earlier.scope, &e->event->scope) && effect_of_stored(&earlier, &said) &&
            was_told_in_clear(g->a, &earlier))
            standing_add(&standing, said, own);
    }
    walk_free(&walk);
    *stands = standing.effect_stands;
    return s == NOT_FOUND ? OK : s;
}

/* Is this event to be appended? Sets the outcome. */
static enum status decide(struct group *g, const struct lookup_view *v, struct entry *e,
                          struct problem *why)
{
    enum effect own;
    e->result->outcome = RECORDED;
    bool opt_in_unproven = e->event->kind == EVENT_IN && !event_lifts(e->event);
    if (!effect_of_event(e->event, &own) || (!opt_in_unproven && e->policy == RECORD_EVERY))
        return OK;
    bool known = e->policy == RECORD_NEWS;
    for (size_t i = 0; i < e->id_count; i++) {
        struct standing standing;
        enum status s = standing_of_id(g, v, e, i, own, &standing);
        if (s != OK)
            return problem_set(why, s, "the lookup is %s", status_text(s));
        known &= standing.effect_stands;
        enum reason r = standing.fold.reason;
        if (opt_in_unproven && !reason_allows(r) && r != REASON_DEAD_ADDRESS)
            e->result->outcome = RECORD_NO_PROOF;
    }
    enum status s = OK;
    if (known && e->event->who->kind != ADDRESS_DIGEST && g->families != FAMILIES_ALL)
        s = stands_in_clear(g, e, own, &known, why);
    if (known && e->result->outcome == RECORDED)
        e->result->outcome = RECORD_KNOWN;
    return s;
}

/* The events before this one, of all ids of its person. */
static enum status previous_events(const struct group *g, const struct entry *e, uint64_t *prev,
                                   struct buf *others)
{
    uint64_t lasts[ADDRESS_IDS_MAX];
    for (size_t i = 0; i < e->id_count; i++)
        lasts[i] = last_of_id(g, e, i);
    return walk_join(lasts, e->id_count, prev, others);
}

/* --- appending ------------------------------------------------------------------------------ */

static enum status append(struct group *g, struct entry *e, struct problem *why)
{
    struct ledger_event row;
    enum status s = row_make(g->a, e->event, e->ids[0], g->now_us, &g->space, &row);
    if (s != OK)
        return problem_set(why, s, "cannot seal an event: %s", status_text(s));
    s = previous_events(g, e, &row.prev, &g->space.others);
    row.others = buf_span(&g->space.others);
    if (s == OK)
        s = ledger_append(g->a->ledger, &row, why);
    e->result->seq = g->last = row.seq;
    return s;
}

static void note_changes(struct group *g, uint32_t index)
{
    struct entry *e = &g->entries[index];
    for (size_t i = 0; i < e->id_count; i++) {
        batch_add(&g->batch, e->ids[i], index);
        g->changes[g->change_count++] = change_of_event(e->event, e->ids[i], e->result->seq);
    }
}

static enum status append_all(struct group *g, const struct lookup_view *v, struct problem *why)
{
    enum status s = lookup_find(v, g->flat_ids, g->id_total, g->hits);
    for (uint32_t i = 0; s == OK && i < g->n; i++) {
        struct entry *e = &g->entries[i];
        e->result->seq = 0;
        s = decide(g, v, e, why);
        if (s != OK || e->result->outcome != RECORDED)
            continue;
        s = append(g, e, why);
        if (s == OK)
            note_changes(g, i);
    }
    return s;
}

/* Ledger first, then lookup; both under the writer's lock and the ledger mutex. */
static enum status group_write(struct group *g, struct problem *why)
{
    const struct lookup_view *v;
    struct authority *a = g->a;
    enum status s = ledger_begin(a->ledger, why);
    if (s != OK)
        return s;
    pthread_rwlock_rdlock(&a->lookup_lock);
    s = a->lookup ? lookup_view_take(a->lookup, &v) : NOT_FOUND;
    if (s == OK) {
        s = append_all(g, v, why);
        lookup_view_give(a->lookup, v);
    } else {
        (void)problem_set(why, s, "the lookup is %s", status_text(s));
    }
    pthread_rwlock_unlock(&a->lookup_lock);
    if (s != OK || g->change_count == 0) {
        ledger_rollback(a->ledger);
        return s;
    }
    return ledger_commit(a->ledger, why);
}

/* From here on the events are on disk. When the lookup cannot take them, it is distrusted: every
 * process then answers deny until it is made anew, and the caller hears a failure. */
static enum status group_show(struct group *g, struct problem *why)
{
    if (g->change_count == 0)
        return OK;
    enum status s = lookup_tell(g->a, g->changes, g->change_count, g->last, why);
    return s == OK ? OK : lookup_bring_up(g->a, 0, why);
}

static enum status group_carry_out(struct authority *a, struct request *first, struct problem *why)
{
    struct group g = {.a = a, .now_us = clock_now_us()};
    row_space_init(&g.space);
    enum status s = lookup_bring_up(a, families_of_requests(first), why);
    if (s == OK) {
        pthread_mutex_lock(&a->ledger_mutex);
        s = families_get(a, &g.families, why);
        if (!config_keep_addresses(a->config))
            g.families = FAMILIES_ALL; /* what cannot be derived later is in the lookup now */
        if (s == OK && group_collect(&g, first) != OK)
            s = problem_set(why, NO_MEMORY, "out of memory");
        if (s == OK)
            s = group_write(&g, why);
        pthread_mutex_unlock(&a->ledger_mutex);
    }
    if (s == OK)
        s = group_show(&g, why);
    doubt_raise(a, s);
    group_free(&g);
    return s;
}

/* --- the queue ------------------------------------------------------------------------------ */

/* Takes requests off the queue, as many as fit one group (at least one). */
static struct request *queue_take(struct authority *a)
{
    struct request *first = a->intake.first, *last = first;
    size_t events = first->n;
    while (last->next && events + last->next->n <= GROUP_EVENTS_MAX) {
        last = last->next;
        events += last->n;
    }
    a->intake.first = last->next;
    if (!a->intake.first)
        a->intake.end = &a->intake.first;
    last->next = NULL;
    return first;
}

/* Carries out one group for everybody in it. */
static void lead(struct authority *a)
{
    struct problem problem = {{0}};
    struct request *first = queue_take(a);
    pthread_mutex_unlock(&a->intake.mutex);
    enum status s = writer_enter(a, &problem);
    if (s == OK) {
        s = group_carry_out(a, first, &problem);
        writer_leave(a);
    }
    pthread_mutex_lock(&a->intake.mutex);
    for (struct request *r = first, *next; r; r = next) {
        next = r->next; /* a finished request is gone as soon as its thread sees it */
        r->status = s;
        r->problem = problem;
        r->done = true;
    }
}

enum status authority_record(struct authority *a, const struct event *events, size_t n,
                             enum record_policy policy, struct recorded *results,
                             struct problem *why)
{
    if (n == 0)
        return OK;
    if (!a->ledger)
        return problem_set(why, NO_ACCESS, "%s is read-only here", a->dir);
    struct request mine = {.events = events, .n = n, .policy = policy, .results = results};
    pthread_mutex_lock(&a->intake.mutex);
    *a->intake.end = &mine;
    a->intake.end = &mine.next;
    while (!mine.done) {
        if (a->intake.led) {
            pthread_cond_wait(&a->intake.changed, &a->intake.mutex);
            continue;
        }
        a->intake.led = true;
        lead(a);
        a->intake.led = false;
        pthread_cond_broadcast(&a->intake.changed);
    }
    pthread_mutex_unlock(&a->intake.mutex);
    if (why)
        *why = mine.problem;
    return mine.status;
}
