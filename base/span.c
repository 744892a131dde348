#include "base/span.h"

bool span_eq(struct span a, struct span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool span_eq_fold(struct span a, struct span b)
{
    return a.n == b.n && span_starts_fold(a, b);
}

bool span_starts(struct span s, struct span prefix)
{
    return s.n >= prefix.n && span_eq(span_cut(s, prefix.n), prefix);
}

bool span_starts_fold(struct span s, struct span prefix)
{
    if (s.n < prefix.n)
        return false;
    for (size_t i = 0; i < prefix.n; i++)
        if (ascii_lower(s.p[i]) != ascii_lower(prefix.p[i]))
            return false;
    return true;
}

struct span span_trim(struct span s)
{
    while (s.n && ascii_is_blank(s.p[0]))
        s.p++, s.n--;
    while (s.n && ascii_is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

size_t span_find(struct span s, char c)
{
    const char *hit = s.n ? memchr(s.p, c, s.n) : NULL;
    return hit ? (size_t)(hit - s.p) : s.n;
}

enum status span_to_u64(struct span s, uint64_t *out)
{
    uint64_t value = 0;
    if (s.n == 0)
        return REFUSED;
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_is_digit(s.p[i]) || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(s.p[i] - '0'), &value))
            return REFUSED;
    }
    *out = value;
    return OK;
}

/* How many bytes the sequence that starts with `lead` has, 0 when none starts so; and the lowest
 * code point that may be written with that many. */
static size_t utf8_length(unsigned char lead, uint32_t *lowest)
{
    static const uint32_t floor_of[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = lead < 0x80                   ? 1
               : lead >= 0xc2 && lead < 0xe0 ? 2
               : (lead & 0xf0) == 0xe0       ? 3
               : lead >= 0xf0 && lead < 0xf5 ? 4
                                             : 0;
    *lowest = floor_of[n];
    return n;
}

static bool utf8_read(struct span s, size_t at, uint32_t *point, size_t *length)
{
    uint32_t lowest, c = (unsigned char)s.p[at];
    size_t n = utf8_length((unsigned char)c, &lowest);
    if (n == 0 || n > s.n - at)
        return false;
    if (n > 1)
        c &= 0x7fu >> n;
    for (size_t i = 1; i < n; i++) {
        unsigned char next = (unsigned char)s.p[at + i];
        if ((next & 0xc0) != 0x80)
            return false;
        c = c << 6 | (next & 0x3fu);
    }
    if (c < lowest || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return false;
    *point = c;
    *length = n;
    return true;
}

bool utf8_valid(struct span s)
{
    for (size_t at = 0, n; at < s.n; at += n) {
        uint32_t point;
        if (!utf8_read(s, at, &point, &n))
            return false;
    }
    return true;
}

uint32_t utf8_next(struct span s, size_t *at)
{
    uint32_t point;
    size_t n;
    if (!utf8_read(s, *at, &point, &n)) {
        point = 0xfffd;
        n = 1;
    }
    *at += n;
    return point;
}
