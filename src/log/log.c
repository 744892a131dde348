/* src/log/log.c: the folder of a log. */
#include "log/log.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LEVELS = 8, TILE = TILE_WIDTH, FOLDER_MAX = PATH_BYTES - 32 };

/* One file of hashes; its last, incomplete tile is kept in memory as well. */
struct level {
    int fd;
    uint64_t n;
    struct merkle_hash tail[TILE];
};

struct log {
    char folder[FOLDER_MAX];
    char origin[LOG_ORIGIN_MAX + 1];
    struct level levels[LEVELS];
    uint64_t sealed;
    bool has_note; /* the checkpoint is the signed form of the state */
};

static const char *in_folder(const struct log *l, const char *name, char out[PATH_BYTES])
{
    (void)snprintf(out, PATH_BYTES, "%s/%s", l->folder, name);
    return out;
}

/* --- levels --------------------------------------------------------------------------------- */

static enum status level_open(struct log *l, unsigned level, bool create, struct problem *why)
{
    char name[16], path[PATH_BYTES];
    (void)snprintf(name, sizeof name, "level%u", level);
    int fd = open(in_folder(l, name, path), O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
    if (fd < 0)
        return problem_errno(why, "cannot open %s", path);
    l->levels[level].fd = fd;
    return OK;
}

static enum status level_read(const struct level *v, uint64_t index, struct merkle_hash *out,
                              size_t n)
{
    size_t bytes = n * MERKLE_HASH_BYTES;
    ssize_t got;
    do
        got = pread(v->fd, out, bytes, (off_t)(index * MERKLE_HASH_BYTES));
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return status_of_errno(errno);
    return (size_t)got == bytes ? OK : DAMAGED;
}

static enum status level_write(const struct level *v, uint64_t index, const struct merkle_hash *in,
                               size_t n)
{
    const char *p = (const char *)in;
    size_t left = n * MERKLE_HASH_BYTES;
    off_t at = (off_t)(index * MERKLE_HASH_BYTES);
    while (left) {
        ssize_t done = pwrite(v->fd, p, left, at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done == 0 ? IO_FAILED : status_of_errno(errno);
        p += done;
        at += done;
        left -= (size_t)done;
    }
    return OK;
}

/* Sets every level to what a tree of `size` leaves has, and reads the incomplete tiles. */
static enum status levels_load(struct log *l, uint64_t size, struct problem *why)
{
    uint64_t n = size;
    for (unsigned i = 0; i < LEVELS; i++, n /= TILE) {
        struct level *v = &l->levels[i];
        v->n = n;
        enum status s = level_read(v, n - n % TILE, v->tail, n % TILE);
        if (s != OK)
            return problem_set(why, s, "%s/level%u does not hold the hashes of its %llu leaves: %s",
                               l->folder, i, (unsigned long long)size, status_text(s));
    }
    return OK;
}

/* --- reading -------------------------------------------------------------------------------- */

/* A subtree of 2^height leaves: out of the stored hashes of the level below. */
static enum status read_subtree(void *context, unsigned height, uint64_t index,
                                struct merkle_hash *out)
{
    const struct log *l = context;
    unsigned level = height / TILE_HEIGHT, within = height % TILE_HEIGHT;
    struct merkle_hash hashes[TILE / 2];
    size_t n = (size_t)1 << within;
    if (level >= LEVELS)
        return DAMAGED;
    enum status s = level_read(&l->levels[level], index << within, hashes, n);
    for (; s == OK && n > 1; n /= 2)
        for (size_t i = 0; i < n / 2; i++)
            hashes[i] = merkle_node(&hashes[2 * i], &hashes[2 * i + 1]);
    *out = hashes[0];
    return s;
}

/* merkle_get knows no const; the reading changes nothing. */
static void *reader_of(const struct log *l)
{
    return (void *)(uintptr_t)l;
}

static enum status reading(const struct log *l, enum status s, struct problem *why)
{
    return s == OK
               ? OK
               : problem_set(why, s, "cannot read the hashes in %s: %s", l->folder, status_text(s));
}

enum status log_root(const struct log *l, uint64_t size, struct merkle_hash *out,
                     struct problem *why)
{
    INVARIANT(size <= log_size(l));
    return reading(l, merkle_root(read_subtree, reader_of(l), size, out), why);
}

enum status log_stored(const struct log *l, unsigned level, uint64_t index, struct merkle_hash *out,
                       struct problem *why)
{
    if (level >= LEVELS || index >= l->levels[level].n)
        return problem_set(why, NOT_FOUND, "there is no such hash");
    return reading(l, level_read(&l->levels[level], index, out, 1), why);
}

enum status log_prove_inclusion(const struct log *l, uint64_t index, uint64_t size,
                                struct merkle_path *out, struct problem *why)
{
    if (index >= size || size > log_size(l))
        return problem_set(why, REFUSED, "the log has no such leaf");
    return reading(l, merkle_prove_inclusion(read_subtree, reader_of(l), index, size, out), why);
}

enum status log_prove_consistency(const struct log *l, uint64_t old, uint64_t size,
                                  struct merkle_path *out, struct problem *why)
{
    if (old > size || size > log_size(l))
        return problem_set(why, REFUSED, "the log has no such size");
    return reading(l, merkle_prove_consistency(read_subtree, reader_of(l), old, size, out), why);
}

uint64_t log_size(const struct log *l)
{
    return l->levels[0].n;
}

uint64_t log_sealed_size(const struct log *l)
{
    return l->sealed;
}

/* --- state ---------------------------------------------------------------------------------- */

static enum status body_of(const struct log *l, uint64_t size, struct buf *out, struct problem *why)
{
    struct checkpoint c = {.origin = span_of(l->origin), .size = size};
    enum status s = log_root(l, size, &c.root, why);
    return s == OK ? checkpoint_format(&c, out) : s;
}

/* The size that the state names; then the hashes must give its root. */
static enum status state_check(struct log *l, struct span state, struct problem *why)
{
    struct checkpoint stored;
    struct merkle_hash root;
    if (checkpoint_parse(state, &stored, NULL) != OK || !span_eq(stored.origin, span_of(l->origin)))
        return problem_set(why, DAMAGED, "%s/state is not the state of the log %s", l->folder,
                           l->origin);
    l->sealed = stored.size;
    enum status s = levels_load(l, l->sealed, why);
    if (s == OK)
        s = log_root(l, l->sealed, &root, why);
    if (s == OK && !merkle_equal(&root, &stored.root))
        s = problem_set(why, DAMAGED, "the hashes in %s do not give the root that was signed",
                        l->folder);
    return s;
}

static enum status log_new(const char *folder, const char *origin, struct log **out,
                           struct problem *why)
{
    struct log *l = mem_new(1, sizeof *l);
    if (!l)
        return problem_set(why, NO_MEMORY, "out of memory");
    for (unsigned i = 0; i < LEVELS; i++)
        l->levels[i].fd = -1;
    int n = snprintf(l->folder, sizeof l->folder, "%s", folder);
    int m = snprintf(l->origin, sizeof l->origin, "%s", origin);
    if (n < 0 || n >= FOLDER_MAX || m < 0 || m > LOG_ORIGIN_MAX) {
        log_close(l);
        return problem_set(why, REFUSED, "the log's path or origin is too long");
    }
    *out = l;
    return OK;
}

static enum status levels_open(struct log *l, bool create, struct problem *why)
{
    enum status s = OK;
    for (unsigned i = 0; s == OK && i < LEVELS; i++)
        s = level_open(l, i, create, why);
    return s;
}

/* Is the checkpoint signed over this state? A crash between the two leaves the one before. */
static bool note_matches(const struct log *l, struct span state)
{
    struct buf note = BUF_INIT(NOTE_BYTES_MAX);
    bool same = log_checkpoint(l, &note, NULL) == OK && span_starts(buf_span(&note), state) &&
                note.n > state.n && note.p[state.n] == '\n';
    buf_free(&note);
    return same;
}

enum status log_open(const char *folder, const char *origin, struct log **out, struct problem *why)
{
    char path[PATH_BYTES];
    struct log *l;
    struct buf state = BUF_INIT(1024);
    enum status s = log_new(folder, origin, &l, why);
    if (s != OK)
        return s;
    s = file_read(in_folder(l, "state", path), &state, why);
    if (s == OK) {
        s = levels_open(l, false, why);
        s = s == NOT_FOUND ? DAMAGED : s;
    }
    if (s == OK)
        s = state_check(l, buf_span(&state), why);
    if (s == OK)
        l->has_note = note_matches(l, buf_span(&state));
    buf_free(&state);
    if (s != OK) {
        log_close(l);
        return s;
    }
    *out = l;
    return OK;
}

/* The state comes last: a folder without one is no log yet and is begun again. */
enum status log_create(const char *folder, const char *origin, struct log **out,
                       struct problem *why)
{
    char path[PATH_BYTES];
    struct log *l;
    struct buf state = BUF_INIT(1024);
    enum status s = log_new(folder, origin, &l, why);
    if (s != OK)
        return s;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        s = problem_errno(why, "cannot create %s", folder);
    if (s == OK)
        s = levels_open(l, true, why);
    if (s == OK)
        s = body_of(l, 0, &state, why);
    if (s == OK)
        s = file_create(in_folder(l, "state", path), buf_span(&state), 0600, why);
    buf_free(&state);
    if (s != OK) {
        log_close(l);
        return s;
    }
    *out = l;
    return OK;
}

void log_close(struct log *l)
{
    for (unsigned i = 0; l && i < LEVELS; i++)
        if (l->levels[i].fd >= 0)
            (void)close(l->levels[i].fd);
    mem_free(l);
}

/* --- growing -------------------------------------------------------------------------------- */

static struct merkle_hash tile_root(const struct merkle_hash tile[TILE])
{
    struct merkle_hash h[TILE / 2];
    for (size_t i = 0; i < TILE / 2; i++)
        h[i] = merkle_node(&tile[2 * i], &tile[2 * i + 1]);
    for (size_t n = TILE / 2; n > 1; n /= 2)
        for (size_t i = 0; i < n / 2; i++)
            h[i] = merkle_node(&h[2 * i], &h[2 * i + 1]);
    return h[0];
}

/* Adds hashes to a level; each tile that gets whole adds one to the level above. */
static enum status level_append(struct log *l, unsigned level, const struct merkle_hash *hashes,
                                size_t n)
{
    struct level *v = &l->levels[level];
    INVARIANT(level < LEVELS);
    enum status s = level_write(v, v->n, hashes, n);
    for (size_t i = 0; s == OK && i < n; i++) {
        v->tail[v->n % TILE] = hashes[i];
        if (++v->n % TILE == 0) {
            struct merkle_hash root = tile_root(v->tail);
            s = level_append(l, level + 1, &root, 1);
        }
    }
    return s;
}

enum status log_append(struct log *l, const struct merkle_hash *leaves, size_t n,
                       struct problem *why)
{
    enum status s = level_append(l, 0, leaves, n);
    return s == OK ? OK
                   : problem_set(why, s, "cannot write the hashes in %s: %s", l->folder,
                                 status_text(s));
}

static enum status levels_sync(const struct log *l, struct problem *why)
{
    for (unsigned i = 0; i < LEVELS; i++)
        if (l->levels[i].n && fdatasync(l->levels[i].fd) != 0)
            return problem_errno(why, "cannot sync %s", l->folder);
    return OK;
}

enum status log_seal(struct log *l, log_sign *sign, void *context, struct problem *why)
{
    char path[PATH_BYTES];
    struct buf body = BUF_INIT(1024), note = BUF_INIT(NOTE_BYTES_MAX);
    if (l->sealed == log_size(l) && l->has_note)
        return OK;
    enum status s = levels_sync(l, why);
    if (s == OK)
        s = body_of(l, log_size(l), &body, why);
    if (s == OK)
        s = file_replace(in_folder(l, "state", path), buf_span(&body), 0600, why);
    if (s == OK) {
        l->sealed = log_size(l);
        s = sign(context, buf_span(&body), &note);
        if (s != OK)
            (void)problem_set(why, s, "cannot sign a checkpoint: %s", status_text(s));
    }
    if (s == OK)
        s = log_replace_checkpoint(l, buf_span(&note), why);
    l->has_note = s == OK;
    buf_free(&body);
    buf_free(&note);
    return s;
}

enum status log_checkpoint(const struct log *l, struct buf *out, struct problem *why)
{
    char path[PATH_BYTES];
    return file_read(in_folder(l, "checkpoint", path), out, why);
}

enum status log_replace_checkpoint(const struct log *l, struct span note, struct problem *why)
{
    char path[PATH_BYTES];
    return file_replace(in_folder(l, "checkpoint", path), note, 0644, why);
}
