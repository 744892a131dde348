/* base/mem.h: the only door to the heap, and the bounded buffer.
 *
 * Every allocation of the project goes through here, so that a test can make the k-th one fail.
 * An allocation that fails is an ordinary answer (NULL, NO_MEMORY), never a crash.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/span.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

/* Zeroed memory for `count` items of `size` bytes, NULL when there is none or the product
 * overflows. Freed with mem_free. */
void *mem_new(size_t count, size_t size) MUST_CHECK;

/* Resizes like realloc, with the product checked; on failure `p` stays valid. New bytes are not
 * zeroed. */
void *mem_resize(void *p, size_t count, size_t size) MUST_CHECK;

/* Frees; NULL is fine. */
void mem_free(void *p);

/* Test seam: the k-th allocation from now fails (0: none does). With `persist` all after it fail
 * too. Also set at start by the environment variable OPTOUT_TEST_FAIL_ALLOC=K[+]. */
void mem_fail_at(uint64_t k, int persist);

/* A growing byte string with a ceiling chosen at birth. `p` is owned by the buffer and moves when
 * it grows. A failed append leaves the content as it was and marks the buffer, so that a run of
 * appends can be checked once at its end with buf_status. */
struct buf {
    char *p;
    size_t n, capacity, ceiling;
    enum status failed;
};

#define BUF_INIT(max) ((struct buf){.ceiling = (max)})

void buf_free(struct buf *b);
/* Forgets the content and the failure, keeps the memory. */
void buf_clear(struct buf *b);
/* Room for `more` bytes at b->p + b->n: OK, NO_SPACE over the ceiling, or NO_MEMORY. */
enum status buf_reserve(struct buf *b, size_t more);
enum status buf_add(struct buf *b, const void *p, size_t n);
enum status buf_add_char(struct buf *b, char c);
enum status buf_add_text(struct buf *b, const char *text);
enum status buf_add_span(struct buf *b, struct span s);
enum status buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Adds a terminating zero that is not counted in `n`. */
enum status buf_terminate(struct buf *b);
/* OK, or how the first failing append failed. */
static inline enum status buf_status(const struct buf *b)
{
    return b->failed;
}
static inline struct span buf_span(const struct buf *b)
{
    return (struct span){b->p, b->n};
}

#endif
