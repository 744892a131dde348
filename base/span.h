/* base/span.h: borrowed bytes, and the little text work that everybody needs.
 *
 * A span never owns what it points to. Nothing here allocates, and nothing depends on the locale.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const char *p;
    size_t n;
};

/* A span over a string literal. */
#define SPAN(literal) ((struct span){"" literal, sizeof(literal) - 1})
/* For printf: "%.*s". */
#define SPAN_ARG(s) (int)(s).n, (s).p

static inline struct span span_of(const char *text)
{
    return (struct span){text, text ? strlen(text) : 0};
}

static inline struct span span_from(struct span s, size_t offset)
{
    size_t skip = offset < s.n ? offset : s.n;
    return (struct span){skip ? s.p + skip : s.p, s.n - skip}; /* p may be NULL when n is 0 */
}

static inline struct span span_cut(struct span s, size_t n)
{
    return n < s.n ? (struct span){s.p, n} : s;
}

static inline bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static inline bool ascii_is_alpha(char c)
{
    char l = ascii_lower(c);
    return l >= 'a' && l <= 'z';
}

/* Space, tab, CR, LF, VT and FF. */
static inline bool ascii_is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool span_eq(struct span a, struct span b);
/* Equal but for the case of ASCII letters. */
bool span_eq_fold(struct span a, struct span b);
bool span_starts(struct span s, struct span prefix);
bool span_starts_fold(struct span s, struct span prefix);
/* Without ASCII blanks at both ends. */
struct span span_trim(struct span s);
/* The index of the first `c`, or s.n. */
size_t span_find(struct span s, char c);

/* The whole span as a decimal number without sign: OK, or REFUSED when it is empty, has anything
 * but digits, or does not fit. `out` is untouched then. */
enum status span_to_u64(struct span s, uint64_t *out) MUST_CHECK;

/* Is it well-formed UTF-8 (RFC 3629: no overlong form, no surrogate, at most U+10FFFF)? */
bool utf8_valid(struct span s);

/* Reads the code point at s.p[*at] and moves *at behind it. Malformed bytes read as U+FFFD, one
 * at a time. *at must be below s.n. */
uint32_t utf8_next(struct span s, size_t *at);

#endif
