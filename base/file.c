/* base/file.c: whole writes, durable replacement and creation, locks between processes.
 *
 * A file that must survive a crash is written aside, synced, renamed (or linked, when it must not
 * replace anything), and its directory synced.
 */
#include "base/file.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 65536, TEMPORARY_TRIES = 100 };

enum status path_join(char out[PATH_BYTES], const char *dir, const char *name)
{
    int n = snprintf(out, PATH_BYTES, "%s/%s", dir, name);
    return n < 0 || n >= PATH_BYTES ? REFUSED : OK;
}

enum status fd_write(int fd, const void *p, size_t n)
{
    const char *at = p;
    while (n) {
        ssize_t done = write(fd, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) /* a device that takes nothing would be asked for ever */
            return done < 0 ? status_of_errno(errno) : IO_FAILED;
        at += done;
        n -= (size_t)done;
    }
    return OK;
}

enum status fd_read(int fd, void *p, size_t n, size_t *got)
{
    *got = 0;
    while (*got < n) {
        ssize_t done = read(fd, (char *)p + *got, n - *got);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return status_of_errno(errno);
        if (done == 0)
            break;
        *got += (size_t)done;
    }
    return OK;
}

/* Reads on to the end of `fd`. At the ceiling one byte more tells whether that is the end. */
static enum status read_rest(int fd, struct buf *out)
{
    char beyond;
    size_t got = 0;
    do {
        size_t room = out->ceiling - out->n, step = room < READ_BYTES ? room : READ_BYTES;
        enum status s = buf_reserve(out, step);
        if (s == OK)
            s = fd_read(fd, step ? out->p + out->n : &beyond, step ? step : 1, &got);
        if (s != OK)
            return s;
        if (got && !step)
            return NO_SPACE;
        out->n += got;
    } while (got);
    return OK;
}

enum status file_read(const char *path, struct buf *out, struct problem *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return problem_errno(why, "cannot read %s", path);
    size_t before = out->n;
    enum status s = read_rest(fd, out);
    if (s == NO_SPACE)
        s = problem_set(why, s, "cannot read %s: it is larger than %zu bytes", path,
                        out->ceiling - before);
    else if (s != OK)
        s = problem_set(why, s, "cannot read %s: %s", path, status_text(s));
    if (s != OK)
        out->n = before;
    (void)close(fd);
    return s;
}

/* Opens a new file beside `path` and tells its name. What a crashed process of the same number
 * left there, or one in another PID namespace is writing, is stepped over, never touched. */
static int open_temporary(const char *path, mode_t mode, char name[PATH_BYTES])
{
    static _Atomic unsigned serial;
    for (int tries = 0; tries < TEMPORARY_TRIES; tries++) {
        int n = snprintf(name, PATH_BYTES, "%s.%ld-%u.tmp", path, (long)getpid(),
                         atomic_fetch_add(&serial, 1));
        if (n < 0 || n >= PATH_BYTES) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

/* Writes `content` to a new file beside `path` and syncs it; a failure leaves no file. */
static enum status write_temporary(const char *path, struct span content, mode_t mode,
                                   char name[PATH_BYTES], struct problem *why)
{
    int fd = open_temporary(path, mode, name);
    if (fd < 0)
        return problem_errno(why, "cannot create a file beside %s", path);
    enum status s = fd_write(fd, content.p, content.n);
    if (s != OK)
        s = problem_set(why, s, "cannot write %s: %s", name, status_text(s));
    else if (fsync(fd) != 0)
        s = problem_errno(why, "cannot sync %s", name);
    if (close(fd) != 0 && s == OK)
        s = problem_errno(why, "cannot close %s", name);
    if (s != OK)
        (void)unlink(name);
    return s;
}

static enum status sync_parent(const char *path, struct problem *why)
{
    char dir[PATH_BYTES];
    const char *slash = strrchr(path, '/');
    (void)snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    return dir_sync(dir[0] ? dir : "/", why);
}

enum status file_replace(const char *path, struct span content, mode_t mode, struct problem *why)
{
    char temporary[PATH_BYTES];
    enum status s = write_temporary(path, content, mode, temporary, why);
    if (s == OK && rename(temporary, path) != 0) {
        s = problem_errno(why, "cannot rename %s to %s", temporary, path);
        (void)unlink(temporary);
    }
    return s == OK ? sync_parent(path, why) : s;
}

enum status file_create(const char *path, struct span content, mode_t mode, struct problem *why)
{
    char temporary[PATH_BYTES];
    enum status s = write_temporary(path, content, mode, temporary, why);
    if (s != OK)
        return s;
    /* link(2) instead of rename(2): it never replaces what another process put there first. */
    if (link(temporary, path) != 0)
        s = errno == EEXIST ? problem_set(why, BUSY, "%s is already there", path)
                            : problem_errno(why, "cannot create %s", path);
    (void)unlink(temporary);
    return s == OK ? sync_parent(path, why) : s;
}

enum status dir_sync(const char *dir, struct problem *why)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return problem_errno(why, "cannot open %s", dir);
    enum status s = fsync(fd) == 0 ? OK : problem_errno(why, "cannot sync %s", dir);
    (void)close(fd);
    return s;
}

enum status file_lock_open(struct file_lock *l, const char *path, struct problem *why)
{
    l->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return l->fd < 0 ? problem_errno(why, "cannot open %s", path) : OK;
}

enum status file_lock_take(struct file_lock *l, int64_t timeout_us)
{
    int64_t start = clock_monotonic_us(), nap_us = 50;
    if (timeout_us < 0) {
        while (flock(l->fd, LOCK_EX) != 0)
            if (errno != EINTR)
                return status_of_errno(errno);
        return OK;
    }
    while (flock(l->fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return status_of_errno(errno);
        if (clock_monotonic_us() - start >= timeout_us)
            return BUSY;
        struct timespec nap = {0, nap_us * 1000};
        (void)nanosleep(&nap, NULL);
        nap_us = nap_us < 5000 ? nap_us * 2 : nap_us;
    }
    return OK;
}

void file_lock_release(struct file_lock *l)
{
    (void)flock(l->fd, LOCK_UN);
}

void file_lock_close(struct file_lock *l)
{
    if (l->fd >= 0)
        (void)close(l->fd);
    l->fd = -1;
}
