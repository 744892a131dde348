#include "base/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *status_text(enum status s)
{
    static const char *const text[STATUS_COUNT] = {
        [OK] = "done",
        [REFUSED] = "refused",
        [NOT_FOUND] = "not found",
        [NO_MEMORY] = "out of memory",
        [NO_SPACE] = "no space left",
        [NO_ACCESS] = "permission denied",
        [IO_FAILED] = "input/output error",
        [BUSY] = "busy",
        [DAMAGED] = "damaged",
    };
    INVARIANT(s < STATUS_COUNT);
    return text[s];
}

enum status refuse(struct refusal *why, const char *what, size_t offset)
{
    if (why)
        *why = (struct refusal){what, offset};
    return REFUSED;
}

enum status problem_set(struct problem *p, enum status s, const char *fmt, ...)
{
    if (p) {
        va_list args;
        va_start(args, fmt);
        (void)vsnprintf(p->text, sizeof p->text, fmt, args);
        va_end(args);
    }
    return s;
}

enum status status_of_errno(int err)
{
    switch (err) {
    case 0:
        return OK;
    case ENOENT:
    case ENOTDIR:
        return NOT_FOUND;
    case ENOMEM:
        return NO_MEMORY;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return NO_SPACE;
    case EACCES:
    case EPERM:
    case EROFS:
        return NO_ACCESS;
    case EAGAIN:
    case EBUSY:
        return BUSY;
    default:
        return IO_FAILED;
    }
}

enum status problem_errno(struct problem *p, const char *fmt, ...)
{
    int err = errno;
    if (p) {
        va_list args;
        va_start(args, fmt);
        int n = vsnprintf(p->text, sizeof p->text, fmt, args);
        va_end(args);
        if (n >= 0 && (size_t)n < sizeof p->text)
            (void)snprintf(p->text + n, sizeof p->text - (size_t)n, ": %s", strerror(err));
    }
    return err ? status_of_errno(err) : IO_FAILED; /* a failure never reads as done */
}

_Noreturn void bug(const char *file, int line, const char *what)
{
    (void)fprintf(stderr, "optout: bug at %s:%d: %s\n", file, line, what);
    abort();
}
