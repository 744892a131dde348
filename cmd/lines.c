/* cmd/lines.c: lines of an input, in groups as they arrive. */
#include "cmd/cmd.h"

#include <errno.h>
#include <unistd.h>

enum { READ_BYTES = 65536 };

void lines_open(struct line_reader *r, int fd)
{
    *r = (struct line_reader){.fd = fd, .buffer = BUF_INIT(4 * LINE_BYTES_MAX)};
}

void lines_close(struct line_reader *r)
{
    buf_free(&r->buffer);
}

/* Moves what is left to the front and reads once behind it. */
static enum status refill(struct line_reader *r)
{
    struct buf *b = &r->buffer;
    if (r->start) {
        memmove(b->p, b->p + r->start, b->n - r->start);
        b->n -= r->start;
        r->start = 0;
    }
    enum status s = buf_reserve(b, READ_BYTES);
    if (s != OK)
        return s;
    ssize_t got;
    do
        got = read(r->fd, b->p + b->n, READ_BYTES);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return status_of_errno(errno);
    r->at_end = got == 0;
    b->n += (size_t)got;
    return OK;
}

/* Takes one line out of the buffer, if a whole one is there, or the last at the end. */
static bool take_line(struct line_reader *r, struct line *out)
{
    struct span rest = {r->buffer.p + r->start, r->buffer.n - r->start};
    size_t end = span_find(rest, '\n');
    bool whole = end < rest.n;
    bool too_long = !whole && rest.n > LINE_BYTES_MAX;
    if (rest.n == 0 || (!whole && !too_long && !r->at_end))
        return false;
    struct span text = span_cut(rest, end);
    if (text.n && text.p[text.n - 1] == '\r')
        text.n--;
    *out = (struct line){span_cut(text, LINE_BYTES_MAX), r->number + 1,
                         too_long || text.n > LINE_BYTES_MAX};
    r->start += end + whole;
    return true;
}

enum status lines_next(struct line_reader *r, struct line *out, size_t max, size_t *n)
{
    *n = 0;
    for (;;) {
        while (*n < max && take_line(r, &out[*n])) {
            bool ends_here = r->start == 0 || r->buffer.p[r->start - 1] == '\n' || r->at_end;
            bool tail = r->skipping; /* the rest of a line that was reported already */
            r->skipping = !ends_here;
            if (ends_here)
                r->number++;
            if (!tail)
                (*n)++;
        }
        if (*n || (r->at_end && r->start == r->buffer.n))
            return OK;
        enum status s = refill(r);
        if (s != OK)
            return s;
    }
}
