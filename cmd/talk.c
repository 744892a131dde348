/* cmd/talk.c: stdout and stderr. */
#include "cmd/cmd.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum { OUT_CEILING = 64 << 20, OUT_FLUSH_BYTES = 1 << 16, VISIBLE_MAX = 200 };

static struct buf out = {.ceiling = OUT_CEILING};
static enum status out_failed;

/* Without the heap: what must be said may be that there is none. */
void say(const char *fmt, ...)
{
    char line[4096] = "optout: ";
    size_t start = strlen(line);
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line + start, sizeof line - start - 1, fmt, args);
    va_end(args);
    size_t end = strlen(line);
    line[end++] = '\n';
    if (n < 0 || write(STDERR_FILENO, line, end) < 0) {
        /* Nobody hears us; the exit code still tells. */
    }
}

enum exit_code say_problem(enum status s, const struct problem *p)
{
    say("%s", p->text[0] ? p->text : status_text(s));
    return s == REFUSED ? EXIT_BAD_INPUT : EXIT_MACHINE;
}

void add_visible(struct buf *b, struct span s)
{
    for (size_t i = 0; i < s.n && i < VISIBLE_MAX; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == 0x7f || c == '\\')
            (void)buf_printf(b, "\\x%02x", c);
        else
            (void)buf_add_char(b, (char)c);
    }
    if (s.n > VISIBLE_MAX)
        (void)buf_add_text(b, "…");
}

struct buf *out_buf(void)
{
    return &out;
}

void out_flush(bool now)
{
    if (out.n < OUT_FLUSH_BYTES && !now)
        return;
    if (buf_status(&out) != OK && out_failed == OK)
        out_failed = buf_status(&out);
    if (out_failed == OK && out.n)
        out_failed = fd_write(STDOUT_FILENO, out.p, out.n);
    buf_clear(&out);
}

void out_add(struct span s)
{
    (void)buf_add_span(&out, s);
    out_flush(false);
}

void out_printf(const char *fmt, ...)
{
    char text[4096];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    INVARIANT(n >= 0 && (size_t)n < sizeof text);
    out_add((struct span){text, (size_t)n});
}

void out_version(void)
{
    out_printf("optout %s (phone numbers by %s)\n", OPTOUT_VERSION, phone_table_version());
}

enum exit_code out_finish(enum exit_code code)
{
    out_flush(true);
    buf_free(&out);
    if (out_failed == OK)
        return code;
    say("cannot write the results: %s", status_text(out_failed));
    return EXIT_MACHINE;
}
