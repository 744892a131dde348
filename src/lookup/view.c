/* src/lookup/view.c: one base and one delta that belong together, opened and watched. */
#include "lookup/view.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Between two renames a writer needs microseconds. After this it is taken for dead. */
enum { SWAP_WAIT_US = 200000, SWAP_NAP_NS = 200000 };

/* --- opening ------------------------------------------------------------------------------- */

static enum status open_file(const char *dir, const char *name, int flags, int *fd,
                             struct file_mark *mark, struct problem *why)
{
    char path[PATH_BYTES];
    struct stat st;
    *fd = -1;
    if (path_join(path, dir, name) != OK)
        return problem_set(why, REFUSED, "path too long: %s", dir);
    *fd = open(path, flags | O_CLOEXEC);
    if (*fd < 0 || fstat(*fd, &st) != 0)
        return problem_errno(why, "cannot open %s", path);
    *mark = (struct file_mark){st.st_dev, st.st_ino};
    return OK;
}

static void close_file(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

static enum status standing_status(const struct delta *d)
{
    switch (delta_standing(d)) {
    case DELTA_IN_USE:
        return OK;
    case DELTA_SUPERSEDED:
        return BUSY;
    default:
        return DAMAGED;
    }
}

/* Both files are mapped: are they a pair, and in use? BUSY when a swap would explain it. */
static enum status check_pair(const struct lookup_view *v, struct problem *why)
{
    const struct base_header *base = v->base.head;
    const struct delta_shape *delta = &v->delta.shape;
    if (base->generation != delta->generation || base->words != delta->first_word ||
        base->states != delta->first_state)
        return problem_set(why, BUSY, "lookup.base and lookup.delta do not belong together");
    enum status s = standing_status(&v->delta);
    return s == OK ? OK : problem_set(why, s, "lookup.delta is marked as not to be used");
}

static enum status map_pair(struct lookup_view *v, int base, int delta, bool writable,
                            struct problem *why)
{
    enum status s = snapshot_open(&v->base, base, why);
    if (s == OK)
        s = delta_open(&v->delta, delta, writable, why);
    return s == OK ? check_pair(v, why) : s;
}

static enum status open_pair(struct lookup_view *v, const char *dir, bool writable,
                             struct problem *why)
{
    int base, delta;
    enum status b = open_file(dir, BASE_NAME, O_RDONLY, &base, &v->base_mark, why);
    enum status d =
        open_file(dir, DELTA_NAME, writable ? O_RDWR : O_RDONLY, &delta, &v->delta_mark, why);
    enum status s = b != OK ? b : d;
    if ((b == OK && d == NOT_FOUND) || (b == NOT_FOUND && d == OK))
        s = problem_set(why, BUSY, "%s is missing", b == OK ? DELTA_NAME : BASE_NAME);
    if (b == OK && d == OK)
        s = map_pair(v, base, delta, writable, why);
    close_file(base);
    close_file(delta);
    return s;
}

static enum status open_once(const char *dir, bool writable, struct lookup_view **out,
                             struct problem *why)
{
    struct lookup_view *v = mem_new(1, sizeof *v);
    if (!v)
        return problem_set(why, NO_MEMORY, "no memory to open the lookup");
    enum status s = open_pair(v, dir, writable, why);
    if (s == OK)
        *out = v;
    else
        view_close(v);
    return s;
}

enum status view_open(const char *dir, bool writable, bool patient, struct lookup_view **out,
                      struct problem *why)
{
    int64_t until = clock_monotonic_us() + (patient ? SWAP_WAIT_US : 0);
    enum status s = open_once(dir, writable, out, why);
    while (s == BUSY && clock_monotonic_us() < until) {
        struct timespec nap = {0, SWAP_NAP_NS};
        (void)nanosleep(&nap, NULL);
        s = open_once(dir, writable, out, why);
    }
    return s == BUSY ? DAMAGED : s;
}

void view_close(struct lookup_view *v)
{
    snapshot_close(&v->base);
    delta_close(&v->delta);
    mem_free(v);
}

/* --- health -------------------------------------------------------------------------------- */

static bool name_means(const char *dir, const char *name, struct file_mark mark)
{
    char path[PATH_BYTES];
    struct stat st;
    return path_join(path, dir, name) == OK && stat(path, &st) == 0 && st.st_dev == mark.device &&
           st.st_ino == mark.inode;
}

bool view_is_current(const struct lookup_view *v, const char *dir)
{
    return name_means(dir, BASE_NAME, v->base_mark) && name_means(dir, DELTA_NAME, v->delta_mark);
}

enum status view_health(const struct lookup_view *v)
{
    if (atomic_load_explicit(&v->damaged, memory_order_relaxed))
        return DAMAGED;
    return standing_status(&v->delta);
}

enum status view_doubt(const struct lookup_view *v)
{
    /* Const is for those who ask; every view was made by open_once. */
    atomic_store(&((struct lookup_view *)(uintptr_t)v)->damaged, true);
    return DAMAGED;
}

/* --- questions other than lookup_find ------------------------------------------------------ */

enum status lookup_state(const struct lookup_view *v, uint32_t state,
                         const struct state_item **items, size_t *n)
{
    *items = NULL;
    *n = 0;
    if (atomic_load_explicit(&v->damaged, memory_order_relaxed))
        return DAMAGED;
    if (state == 0)
        return OK;
    enum status s = state < v->delta.shape.first_state ? snapshot_items(&v->base, state, items, n)
                                                       : delta_items(&v->delta, state, items, n);
    return s == DAMAGED ? view_doubt(v) : s;
}

uint32_t lookup_state_count(const struct lookup_view *v)
{
    return v->delta.shape.first_state + v->delta.shape.states_max;
}

uint64_t lookup_generation(const struct lookup_view *v)
{
    return v->delta.shape.generation;
}

uint32_t lookup_word_number(const struct lookup_view *v, const struct word *w)
{
    uint32_t number = WORD_NONE;
    if (w->n == 0)
        return WORD_ANY;
    enum status s = snapshot_word_number(&v->base, w, &number);
    if (s == NOT_FOUND)
        s = delta_word_number(&v->delta, w, &number);
    if (s != OK && s != NOT_FOUND)
        (void)view_doubt(v);
    return s == OK ? number : WORD_NONE;
}

enum status lookup_word(const struct lookup_view *v, uint32_t number, struct word *out)
{
    enum status s = number < v->delta.shape.first_word ? snapshot_word(&v->base, number, out)
                                                       : delta_word(&v->delta, number, out);
    return s == DAMAGED ? view_doubt(v) : s;
}

static uint64_t count_of(const struct lookup_view *v, enum delta_counter which)
{
    uint64_t n;
    if (delta_count(&v->delta, which, &n) == OK)
        return n;
    (void)view_doubt(v);
    return 0;
}

void lookup_view_origin(const struct lookup_view *v, struct lookup_origin *out)
{
    const struct base_header *h = v->base.head;
    *out = (struct lookup_origin){.applied = count_of(v, COUNT_APPLIED), .families = h->families};
    memcpy(out->ledger, h->ledger, sizeof out->ledger);
}

void lookup_view_sizes(const struct lookup_view *v, struct lookup_sizes *out)
{
    const struct base_header *h = v->base.head;
    *out = (struct lookup_sizes){
        .entries_base = h->entries,
        .entries_delta = count_of(v, COUNT_SLOTS),
        .bytes_base = v->base.bytes,
        .bytes_delta = v->delta.bytes,
        .states = h->states + (uint32_t)count_of(v, COUNT_STATES),
        .words = h->words + (uint32_t)count_of(v, COUNT_WORDS),
    };
}

enum status lookup_audit(const struct lookup_view *v, struct problem *why)
{
    enum status s = snapshot_audit(&v->base, why);
    if (s == OK)
        s = delta_audit(&v->delta, why);
    return s == DAMAGED ? view_doubt(v) : s;
}
