/* base/status.h: the three ways in which things go wrong, kept apart.
 *
 *   refuse  the world's input is wrong: a value, with what and where (struct refusal)
 *   fail    the machine could not: a status that must be looked at, told by struct problem
 *   bug     an invariant of ours broke: the process stops at once; stopping is always safe,
 *           since nothing is acknowledged before it is on disk
 *
 * Nothing here allocates; all of it may be used from any thread.
 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <stddef.h>

#define MUST_CHECK             __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

enum status {
    OK = 0,
    REFUSED,   /* the input is wrong; see the refusal */
    NOT_FOUND, /* what was asked for is not there, which may be quite right */
    NO_MEMORY, /* an allocation failed */
    NO_SPACE,  /* the disk or a ceiling of ours is full */
    NO_ACCESS, /* permission denied, or a read-only place */
    IO_FAILED, /* the device or the file system reported an error */
    BUSY,      /* somebody else holds it, and went on holding it */
    DAMAGED,   /* bytes on disk are not what was written there */
    STATUS_COUNT
};

/* A short English phrase for `s`, static. */
const char *status_text(enum status s);

/* Why an input was refused. `what` is static text, lower case, no full stop; `offset` is the
 * byte in the input at which it went wrong. */
struct refusal {
    const char *what;
    size_t offset;
};

/* Fills `why` (which may be NULL) and returns REFUSED, so that a parser can end with it. */
enum status refuse(struct refusal *why, const char *what, size_t offset);

enum { PROBLEM_BYTES = 512 };

/* What the machine could not do, in words for the operator: what, where, and what to do next. */
struct problem {
    char text[PROBLEM_BYTES];
};

/* Writes the sentence (cut at PROBLEM_BYTES) unless `p` is NULL, and returns `s`. */
enum status problem_set(struct problem *p, enum status s, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The same for a failed system call: appends strerror(errno) and maps errno to a status. */
enum status problem_errno(struct problem *p, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The status that stands for an errno value. */
enum status status_of_errno(int err);

/* Stops the process when `cond` is false. Always compiled in. */
#define INVARIANT(cond) ((cond) ? (void)0 : bug(__FILE__, __LINE__, #cond))
_Noreturn void bug(const char *file, int line, const char *what);

#endif
