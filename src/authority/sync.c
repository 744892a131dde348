/* src/authority/sync.c: the lookup follows the ledger.
 *
 * The writer of the moment compares both before it adds anything: a lookup that is missing,
 * damaged, of another ledger or without a wanted family is made anew; one that is behind (a writer
 * died between its commit and the lookup) is brought up; one that is ahead means that the ledger
 * is an older copy, and nothing may be recorded on it.
 */
#include "authority/inside.h"

enum { REPLAY_BATCH = 512 };

static const char families_fact[] = "families";

enum status families_get(struct authority *a, family_set *out, struct problem *why)
{
    struct buf text = BUF_INIT(16);
    uint64_t stored = 0;
    enum status s = ledger_fact_get(a->ledger, "ledger", span_of(families_fact), &text, why);
    if (s == OK && span_to_u64(buf_span(&text), &stored) != OK)
        s = problem_set(why, DAMAGED, "the ledger's digest families are unreadable");
    buf_free(&text);
    if (s == NOT_FOUND)
        s = problem_set(why, DAMAGED, "the ledger's digest families are missing");
    if (s == OK)
        *out = (family_set)stored | FAMILY_BIT(HASH_SHA256);
    return s;
}

enum status families_put(struct authority *a, family_set families, struct problem *why)
{
    struct buf text = BUF_INIT(16);
    enum status s = buf_printf(&text, "%u", families);
    if (s == OK)
        s = ledger_fact_put(a->ledger, "ledger", span_of(families_fact), buf_span(&text), why);
    buf_free(&text);
    return s;
}

/* The handle stays while it is used: a reader that finds it wanting may replace it at any time. */
enum status lookup_tell(struct authority *a, const struct lookup_change *changes, size_t n,
                        uint64_t applied, struct problem *why)
{
    pthread_rwlock_rdlock(&a->lookup_lock);
    enum status s = a->lookup ? lookup_apply(a->lookup, changes, n, applied, why)
                              : problem_set(why, NOT_FOUND, "there is no lookup to change");
    if (s != OK && a->lookup)
        lookup_distrust(a->lookup);
    pthread_rwlock_unlock(&a->lookup_lock);
    return s;
}

void lookup_doubt(struct authority *a)
{
    pthread_rwlock_rdlock(&a->lookup_lock);
    if (a->lookup)
        lookup_distrust(a->lookup);
    pthread_rwlock_unlock(&a->lookup_lock);
}

enum status lookup_look(struct authority *a, struct lookup_origin *out)
{
    const struct lookup_view *v;
    pthread_rwlock_rdlock(&a->lookup_lock);
    enum status s = a->lookup ? lookup_view_take(a->lookup, &v) : NOT_FOUND;
    if (s == OK) {
        lookup_view_origin(v, out);
        lookup_view_give(a->lookup, v);
    }
    pthread_rwlock_unlock(&a->lookup_lock);
    return s;
}

/* Collects the changes of stored events and hands them over in batches. */
struct replay {
    struct authority *a;
    family_set families;
    struct lookup_build *build; /* NULL: into the lookup that is there */
    struct scope scopes[REPLAY_BATCH];
    struct lookup_change changes[REPLAY_BATCH * (LEDGER_ALIASES_MAX + 1)];
    size_t events, n;
    uint64_t last;
    struct problem *why;
};

static enum status replay_flush(struct replay *r)
{
    enum status s = r->build ? lookup_build_add(r->build, r->changes, r->n)
                             : lookup_tell(r->a, r->changes, r->n, r->last, r->why);
    r->events = r->n = 0;
    return s;
}

static enum status replay_event(void *context, const struct ledger_event *stored)
{
    struct replay *r = context;
    struct id ids[LEDGER_ALIASES_MAX + 1];
    size_t count;
    enum status s = ids_of_stored(r->a, stored, r->families, ids, &count, r->why);
    if (s != OK)
        return s;
    struct scope *scope = &r->scopes[r->events++];
    *scope = stored->scope;
    struct lookup_change change = {.scope = scope, .seq = stored->seq};
    change.no_effect = !effect_of_stored(stored, &change.effect);
    for (size_t i = 0; i < count; i++) {
        change.id = ids[i];
        r->changes[r->n++] = change;
    }
    r->last = stored->seq;
    return r->events == REPLAY_BATCH ? replay_flush(r) : OK;
}

static enum status replay(struct replay *r, uint64_t first, struct problem *why)
{
    r->why = why;
    r->last = first - 1;
    enum status s = ledger_each(r->a->ledger, first, replay_event, r, why);
    return s == OK && r->n ? replay_flush(r) : s;
}

static enum status rebuild(struct authority *a, family_set families, uint64_t last,
                           struct problem *why)
{
    uint8_t name[LEDGER_NAME_BYTES];
    struct replay *r = mem_new(1, sizeof *r);
    if (!r)
        return problem_set(why, NO_MEMORY, "out of memory");
    *r = (struct replay){.a = a, .families = families};
    ledger_name(a->ledger, name);
    enum status s = lookup_build_begin(a->dir, name, families, last, &r->build, why);
    if (s == OK) {
        s = replay(r, 1, why);
        if (s == OK)
            s = lookup_build_finish(r->build, r->last, why);
        else
            lookup_build_abandon(r->build);
    }
    mem_free(r);
    return s;
}

static enum status catch_up(struct authority *a, const struct lookup_origin *origin,
                            struct problem *why)
{
    struct replay *r = mem_new(1, sizeof *r);
    if (!r)
        return problem_set(why, NO_MEMORY, "out of memory");
    *r = (struct replay){.a = a, .families = origin->families};
    enum status s = replay(r, origin->applied + 1, why);
    mem_free(r);
    return s;
}

static enum status reopen(struct authority *a, struct problem *why)
{
    pthread_rwlock_wrlock(&a->lookup_lock);
    lookup_close(a->lookup);
    a->lookup = NULL;
    enum status s = lookup_open(a->dir, a->ledger != NULL, &a->lookup, why);
    if (s == NO_ACCESS)
        s = lookup_open(a->dir, false, &a->lookup, why);
    pthread_rwlock_unlock(&a->lookup_lock);
    return s;
}

static bool is_of_ledger(const struct authority *a, const struct lookup_origin *origin)
{
    uint8_t name[LEDGER_NAME_BYTES];
    ledger_name(a->ledger, name);
    return memcmp(name, origin->ledger, sizeof name) == 0;
}

/* The lookup's origin when it can be used for this ledger, opening it anew if it must be. */
static enum status usable_origin(struct authority *a, struct lookup_origin *origin)
{
    pthread_rwlock_rdlock(&a->lookup_lock);
    if (a->lookup)
        lookup_look_again(a->lookup);
    pthread_rwlock_unlock(&a->lookup_lock);
    enum status s = lookup_look(a, origin);
    if (s != OK && reopen(a, NULL) == OK)
        s = lookup_look(a, origin);
    return s == OK && !is_of_ledger(a, origin) ? DAMAGED : s;
}

static enum status older_copy(const struct authority *a, uint64_t last, uint64_t applied,
                              struct problem *why)
{
    return problem_set(why, DAMAGED,
                       "%s/ledger.db ends at event %llu, but event %llu was already "
                       "answered from: it is an older copy; put the newer ledger back (to accept "
                       "the loss, remove %s/lookup.*)",
                       a->dir, (unsigned long long)last, (unsigned long long)applied, a->dir);
}

static enum status bring_up_locked(struct authority *a, family_set wanted, struct problem *why)
{
    uint64_t last;
    family_set families;
    struct lookup_origin origin;
    enum status s = ledger_last(a->ledger, &last, why);
    if (s == OK && !a->age_checked)
        s = log_check_age(a, why);
    a->age_checked = s == OK;
    if (s == OK)
        s = families_get(a, &families, why);
    if (s == OK && (wanted & ~families) != 0) {
        families |= wanted;
        s = families_put(a, families, why);
    }
    if (s != OK)
        return s;
    s = usable_origin(a, &origin);
    if (s == OK && origin.applied > last)
        return older_copy(a, last, origin.applied, why);
    if (s == OK && (families & ~origin.families) == 0) {
        if (origin.applied == last || catch_up(a, &origin, NULL) == OK)
            return OK;
        lookup_doubt(a);
    }
    s = rebuild(a, families, last, why);
    return s == OK ? reopen(a, why) : s;
}

enum status lookup_bring_up(struct authority *a, family_set wanted, struct problem *why)
{
    pthread_mutex_lock(&a->ledger_mutex);
    enum status s = bring_up_locked(a, wanted, why);
    pthread_mutex_unlock(&a->ledger_mutex);
    return s;
}

static enum status last_event(struct authority *a, uint64_t *last)
{
    pthread_mutex_lock(&a->ledger_mutex);
    enum status s = ledger_last(a->ledger, last, NULL);
    pthread_mutex_unlock(&a->ledger_mutex);
    return s;
}

/* May this lookup be answered from without asking the writer's lock? Others may record meanwhile,
 * so it is looked at between two looks at the ledger: it must know all that the first one saw, and
 * nothing that the second one does not. */
static bool is_current(struct authority *a, family_set wanted)
{
    struct lookup_origin origin;
    uint64_t before = 0, after = UINT64_MAX;
    if (a->ledger && last_event(a, &before) != OK)
        return false;
    if (lookup_look(a, &origin) != OK || (wanted & ~origin.families) != 0)
        return false;
    if (a->ledger && (last_event(a, &after) != OK || !is_of_ledger(a, &origin)))
        return false;
    return before <= origin.applied && origin.applied <= after;
}

enum status lookup_ensure(struct authority *a, family_set wanted, struct problem *why)
{
    if (is_current(a, wanted) || (reopen(a, why) == OK && is_current(a, wanted)))
        return OK;
    if (!a->ledger)
        return problem_set(why, NO_ACCESS,
                           "the lookup in %s cannot be used, and this process may "
                           "not rebuild it",
                           a->dir);
    enum status s = writer_enter(a, why);
    if (s != OK)
        return s;
    s = lookup_bring_up(a, wanted, why);
    writer_leave(a);
    return s;
}

enum status view_take(struct authority *a, const struct lookup_view **v, struct problem *why)
{
    enum status s = NOT_FOUND;
    for (int attempt = 0; attempt < 2; attempt++) {
        pthread_rwlock_rdlock(&a->lookup_lock);
        s = a->lookup ? lookup_view_take(a->lookup, v) : NOT_FOUND;
        if (s == OK)
            return OK;
        pthread_rwlock_unlock(&a->lookup_lock);
        if (attempt == 0 && lookup_ensure(a, 0, why) != OK)
            break;
    }
    return s;
}

void view_give(struct authority *a, const struct lookup_view *v)
{
    lookup_view_give(a->lookup, v);
    pthread_rwlock_unlock(&a->lookup_lock);
}
