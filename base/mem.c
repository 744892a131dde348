/* base/mem.c: the heap, with a seam that makes the k-th allocation fail; bounded buffers. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 0: never fail; else the number of allocations left until one fails. */
static _Atomic uint64_t fail_countdown;
static _Atomic int fail_persists;

void mem_fail_at(uint64_t k, int persist)
{
    atomic_store(&fail_persists, persist);
    atomic_store(&fail_countdown, k);
}

__attribute__((constructor)) static void fail_from_environment(void)
{
    const char *at = getenv("OPTOUT_TEST_FAIL_ALLOC");
    if (at)
        mem_fail_at(strtoull(at, NULL, 10), strchr(at, '+') != NULL);
}

static int must_fail(void)
{
    uint64_t left = atomic_load_explicit(&fail_countdown, memory_order_relaxed);
    if (__builtin_expect(left == 0, 1))
        return 0;
    if (left == 1 && atomic_load(&fail_persists))
        return 1;
    while (left && !atomic_compare_exchange_weak(&fail_countdown, &left, left - 1))
        ;
    return left == 1;
}

void *mem_new(size_t count, size_t size)
{
    size_t bytes;
    if (must_fail() || __builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return calloc(bytes ? bytes : 1, 1);
}

void *mem_resize(void *p, size_t count, size_t size)
{
    size_t bytes;
    if (must_fail() || __builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return realloc(p, bytes ? bytes : 1);
}

void mem_free(void *p)
{
    free(p);
}

void buf_free(struct buf *b)
{
    mem_free(b->p);
    *b = (struct buf){.ceiling = b->ceiling};
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->failed = OK;
}

static enum status buf_fail(struct buf *b, enum status s)
{
    if (b->failed == OK)
        b->failed = s;
    return s;
}

/* Room for `more` bytes of content and, with `zero` 1, for a terminating zero, which does not
 * count against the ceiling. */
static enum status reserve(struct buf *b, size_t more, size_t zero)
{
    if (b->ceiling < b->n || more > b->ceiling - b->n)
        return buf_fail(b, NO_SPACE);
    if (b->p && b->capacity - b->n >= more + zero)
        return OK;
    size_t want = b->capacity < 64 ? 64 : b->capacity + b->capacity / 2;
    if (want < b->n + more + zero)
        want = b->n + more + zero;
    if (want - zero > b->ceiling)
        want = b->ceiling + zero;
    char *p = mem_resize(b->p, want, 1);
    if (!p)
        return buf_fail(b, NO_MEMORY);
    b->p = p;
    b->capacity = want;
    return OK;
}

enum status buf_reserve(struct buf *b, size_t more)
{
    return reserve(b, more, 0);
}

enum status buf_add(struct buf *b, const void *p, size_t n)
{
    enum status s = buf_reserve(b, n);
    if (s == OK && n) {
        memcpy(b->p + b->n, p, n);
        b->n += n;
    }
    return s;
}

enum status buf_add_char(struct buf *b, char c)
{
    return buf_add(b, &c, 1);
}

enum status buf_add_text(struct buf *b, const char *text)
{
    return buf_add(b, text, strlen(text));
}

enum status buf_add_span(struct buf *b, struct span s)
{
    return buf_add(b, s.p, s.n);
}

enum status buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    INVARIANT(n >= 0);
    enum status s = reserve(b, (size_t)n, 1);
    if (s == OK) {
        (void)vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
    return s;
}

enum status buf_terminate(struct buf *b)
{
    enum status s = reserve(b, 0, 1);
    if (s == OK)
        b->p[b->n] = '\0';
    return s;
}
