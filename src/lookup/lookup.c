/* lookup/lookup.c: who reads which files: views taken, given back and replaced.
 *
 * Readers come from many threads, so the current view is guarded by STRIPES locks instead of one:
 * a thread takes its own, whoever replaces the view takes all of them. A view that was replaced is
 * unmapped when its last holder has given it back.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "lookup/apply.h"
#include "lookup/install.h"

#include <pthread.h>
#include <stdio.h>

/* How long files that somebody removed or replaced by hand may go on being used. */
enum { STAT_EVERY_US = 100000 };

struct stripe {
    pthread_mutex_t lock;
    char apart[2 * CACHE_LINE_BYTES - sizeof(pthread_mutex_t)];
};

struct lookup {
    char dir[PATH_BYTES];
    bool writable;
    struct stripe stripes[STRIPES];
    struct lookup_view *current; /* changed under all stripes, read under any */
    struct lookup_view *retired; /* a list, under all stripes */
    pthread_mutex_t replacing;   /* one thread at a time looks for new files */
    bool failed; /* under it: the last look found none, so the next is not patient */
    _Atomic int64_t stat_due_us;
};

/* --- locks --------------------------------------------------------------------------------- */

static unsigned my_stripe(void)
{
    static _Atomic unsigned threads;
    static _Thread_local unsigned mine; /* one more than the stripe */
    if (mine == 0)
        mine = atomic_fetch_add(&threads, 1) % STRIPES + 1;
    return mine - 1;
}

static void lock_all(struct lookup *l)
{
    for (int i = 0; i < STRIPES; i++)
        pthread_mutex_lock(&l->stripes[i].lock);
}

static void unlock_all(struct lookup *l)
{
    for (int i = STRIPES; i-- > 0;)
        pthread_mutex_unlock(&l->stripes[i].lock);
}

static bool is_held(const struct lookup_view *v)
{
    int64_t holders = 0;
    for (int i = 0; i < STRIPES; i++)
        holders += v->taken[i].n;
    return holders != 0;
}

/* Under all locks: unmaps what nobody holds any more. */
static void reap(struct lookup *l)
{
    struct lookup_view **at = &l->retired;
    while (*at) {
        struct lookup_view *v = *at;
        if (is_held(v)) {
            at = &v->next;
        } else {
            *at = v->next;
            view_close(v);
        }
    }
}

static void replace_current(struct lookup *l, struct lookup_view *fresh)
{
    lock_all(l);
    l->current->retired = true;
    l->current->next = l->retired;
    l->retired = l->current;
    l->current = fresh;
    reap(l);
    unlock_all(l);
}

/* --- opening and closing ------------------------------------------------------------------- */

static struct lookup *lookup_new(const char *dir, bool writable)
{
    struct lookup *l = mem_new(1, sizeof *l);
    if (!l)
        return NULL;
    (void)snprintf(l->dir, sizeof l->dir, "%s", dir);
    l->writable = writable;
    for (int i = 0; i < STRIPES; i++)
        INVARIANT(pthread_mutex_init(&l->stripes[i].lock, NULL) == 0);
    INVARIANT(pthread_mutex_init(&l->replacing, NULL) == 0);
    return l;
}

enum status lookup_open(const char *dir, bool writable, struct lookup **out, struct problem *why)
{
    struct lookup_view *v;
    enum status s = view_open(dir, writable, true, &v, why);
    if (s != OK)
        return s;
    *out = lookup_new(dir, writable);
    if (!*out) {
        view_close(v);
        return problem_set(why, NO_MEMORY, "no memory to open the lookup");
    }
    (*out)->current = v;
    atomic_store(&(*out)->stat_due_us, clock_monotonic_us() + STAT_EVERY_US);
    return OK;
}

void lookup_close(struct lookup *l)
{
    if (!l)
        return;
    INVARIANT(!is_held(l->current));
    reap(l);
    INVARIANT(!l->retired);
    view_close(l->current);
    for (int i = 0; i < STRIPES; i++)
        pthread_mutex_destroy(&l->stripes[i].lock);
    pthread_mutex_destroy(&l->replacing);
    mem_free(l);
}

/* --- views --------------------------------------------------------------------------------- */

static struct lookup_view *hold_current(struct lookup *l)
{
    unsigned mine = my_stripe();
    pthread_mutex_lock(&l->stripes[mine].lock);
    struct lookup_view *v = l->current;
    v->taken[mine].n++;
    pthread_mutex_unlock(&l->stripes[mine].lock);
    return v;
}

/* Looks for files that took the place of those of `v`, unless another thread has found them. */
static enum status look_for_others(struct lookup *l, const struct lookup_view *v)
{
    struct lookup_view *fresh;
    enum status s = OK;
    pthread_mutex_lock(&l->replacing);
    if (l->current == v) {
        s = view_open(l->dir, l->writable, !l->failed, &fresh, NULL);
        if (s == OK)
            replace_current(l, fresh);
        l->failed = s != OK;
    }
    pthread_mutex_unlock(&l->replacing);
    return s;
}

/* Is it this thread's turn to ask the file system? */
static bool stat_is_due(struct lookup *l)
{
    int64_t now = clock_monotonic_us(), due = atomic_load(&l->stat_due_us);
    return now >= due && atomic_compare_exchange_strong(&l->stat_due_us, &due, now + STAT_EVERY_US);
}

/* May this view be handed out? BUSY: there must be others to look for. */
static enum status judge(struct lookup *l, const struct lookup_view *v)
{
    enum status s = view_health(v);
    if (s == DAMAGED)
        return view_is_current(v, l->dir) ? DAMAGED : BUSY;
    return s == OK && stat_is_due(l) && !view_is_current(v, l->dir) ? BUSY : s;
}

void lookup_look_again(struct lookup *l)
{
    atomic_store(&l->stat_due_us, 0);
}

enum status lookup_view_take(struct lookup *l, const struct lookup_view **out)
{
    for (;;) {
        struct lookup_view *v = hold_current(l);
        enum status s = judge(l, v);
        if (s == OK) {
            *out = v;
            return OK;
        }
        if (s == BUSY)
            s = look_for_others(l, v);
        lookup_view_give(l, v);
        if (s != OK) {
            atomic_store(&l->stat_due_us, 0); /* what is wrong now may be right soon: look again */
            return s;
        }
    }
}

void lookup_view_give(struct lookup *l, const struct lookup_view *given)
{
    struct lookup_view *v = (struct lookup_view *)(uintptr_t)given;
    unsigned mine = my_stripe();
    pthread_mutex_lock(&l->stripes[mine].lock);
    v->taken[mine].n--;
    bool retired = v->retired;
    pthread_mutex_unlock(&l->stripes[mine].lock);
    if (retired) {
        lock_all(l);
        reap(l);
        unlock_all(l);
    }
}

/* --- changes ------------------------------------------------------------------------------- */

enum status lookup_apply(struct lookup *l, const struct lookup_change *changes, size_t n,
                         uint64_t applied, struct problem *why)
{
    const struct lookup_view *v;
    bool begun = false;
    if (!l->writable)
        return problem_set(why, NO_ACCESS, "the lookup was opened for reading only");
    enum status s = lookup_view_take(l, &v);
    if (s != OK)
        return problem_set(why, s, "cannot change the lookup: %s", status_text(s));
    s = apply(l->dir, (struct lookup_view *)(uintptr_t)v, changes, n, applied, &begun, why);
    lookup_view_give(l, v);
    if (s != OK && (begun || s == DAMAGED))
        lookup_distrust(l);
    return s;
}

void lookup_distrust(struct lookup *l)
{
    struct lookup_view *v = hold_current(l);
    (void)view_doubt(v);
    /* Not through the mapping, which may be for reading. Files that have the names of those that
     * are doubted, but are others, are not touched. */
    if (view_is_current(v, l->dir))
        install_standing(l->dir, DELTA_DISTRUSTED);
    lookup_view_give(l, v);
}
