#include "cmd/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SINK_BUFFER = 1 << 20 };

static bool is_special(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

enum status sink_open(struct sink *s, const char *path, struct problem *why)
{
    *s = (struct sink){.path = path, .fd = -1, .buffer = BUF_INIT(SINK_BUFFER)};
    if (!path)
        return OK;
    enum status st = buf_reserve(&s->buffer, SINK_BUFFER);
    if (st != OK)
        return problem_set(why, st, "out of memory");
    if (strcmp(path, "-") == 0) {
        s->fd = STDOUT_FILENO;
        return OK;
    }
    int n = snprintf(s->temporary, sizeof s->temporary, "%s.%ld.tmp", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof s->temporary)
        return problem_set(why, REFUSED, "the path %s is too long", path);
    if (is_special(path)) {
        s->temporary[0] = '\0';
        s->fd = open(path, O_WRONLY | O_CLOEXEC);
    } else {
        s->fd = open(s->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    }
    if (s->fd >= 0)
        return OK;
    s->temporary[0] = '\0';
    return problem_errno(why, "cannot write %s", path);
}

static void flush(struct sink *s)
{
    if (s->failed == OK && s->buffer.n)
        s->failed = fd_write(s->fd, s->buffer.p, s->buffer.n);
    buf_clear(&s->buffer);
}

void sink_add(struct sink *s, struct span bytes)
{
    if (!s->path)
        return;
    if (bytes.n > SINK_BUFFER - s->buffer.n)
        flush(s);
    if (bytes.n < SINK_BUFFER)
        (void)buf_add_span(&s->buffer, bytes);
    else if (s->failed == OK)
        s->failed = fd_write(s->fd, bytes.p, bytes.n);
}

enum status sink_finish(struct sink *s, struct problem *why)
{
    if (!s->path)
        return OK;
    flush(s);
    enum status st = s->failed;
    if (st != OK)
        (void)problem_set(why, st, "cannot write %s: %s", s->path, status_text(st));
    else if (s->temporary[0] && fsync(s->fd) != 0)
        st = problem_errno(why, "cannot sync %s", s->path);
    else if (s->temporary[0] && rename(s->temporary, s->path) != 0)
        st = problem_errno(why, "cannot name %s", s->path);
    if (st == OK)
        s->temporary[0] = '\0';
    sink_abandon(s);
    return st;
}

void sink_abandon(struct sink *s)
{
    if (s->fd > STDERR_FILENO)
        (void)close(s->fd);
    s->fd = -1;
    if (s->temporary[0])
        (void)unlink(s->temporary);
    s->temporary[0] = '\0';
    buf_free(&s->buffer);
}
