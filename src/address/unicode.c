#include "address/unicode.h"

#include <utf8proc.h>

bool text_is_ascii(struct span s)
{
    unsigned char all = 0;
    for (size_t i = 0; i < s.n; i++)
        all |= (unsigned char)s.p[i];
    return all < 0x80;
}

/* Where the first malformed byte is, or in.n. */
static size_t malformed_at(struct span in)
{
    if (text_is_ascii(in))
        return in.n;
    for (size_t at = 0; at < in.n;) {
        size_t start = at;
        /* U+FFFD itself has three bytes; one byte that reads as it is malformed. */
        if (utf8_next(in, &at) == 0xfffd && at - start == 1)
            return start;
    }
    return in.n;
}

enum status text_check(struct span in, struct refusal *why)
{
    if (in.n > ADDRESS_INPUT_MAX)
        return refuse(why, "longer than an address may be written", ADDRESS_INPUT_MAX);
    size_t zero = span_find(in, '\0');
    if (zero < in.n)
        return refuse(why, "a zero byte", zero);
    size_t bad = malformed_at(in);
    return bad < in.n ? refuse(why, "not valid UTF-8", bad) : OK;
}

static enum point_class ascii_classify(char c)
{
    if (ascii_is_blank(c))
        return POINT_BLANK;
    return c < ' ' || c == 0x7f ? POINT_CONTROL : POINT_VISIBLE;
}

enum point_class point_classify(uint32_t point)
{
    enum { NEXT_LINE = 0x85 }; /* a control character that Unicode counts as white space */
    if (point < 0x80)
        return ascii_classify((char)point);
    if (point == NEXT_LINE)
        return POINT_BLANK;
    switch (utf8proc_category((utf8proc_int32_t)point)) {
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return POINT_BLANK;
    case UTF8PROC_CATEGORY_CC:
        return POINT_CONTROL;
    case UTF8PROC_CATEGORY_CF:
        return POINT_INVISIBLE;
    default:
        return POINT_VISIBLE;
    }
}

static bool is_trimmed(uint32_t point)
{
    enum point_class class = point_classify(point);
    return class == POINT_BLANK || class == POINT_INVISIBLE;
}

struct span text_trim(struct span in)
{
    for (size_t at = 0; in.n > 0 && is_trimmed(utf8_next(in, &at)); at = 0)
        in = span_from(in, at);
    while (in.n > 0) {
        size_t last = in.n - 1;
        while (last > 0 && ((unsigned char)in.p[last] & 0xc0) == 0x80)
            last--;
        size_t at = last;
        if (!is_trimmed(utf8_next(in, &at)))
            break;
        in.n = last;
    }
    return in;
}

bool text_has_at_sign(struct span in)
{
    for (size_t at = 0; at < in.n;) {
        uint32_t point = utf8_next(in, &at);
        if (point == '@' || point == 0xff20 || point == 0xfe6b)
            return true;
    }
    return false;
}

bool point_is_digit(uint32_t point)
{
    return utf8proc_category((utf8proc_int32_t)point) == UTF8PROC_CATEGORY_ND;
}

/* Lower case is applied between decomposition and composition: there each letter stands alone,
 * and no lower-case letter that comes of it can be decomposed further. */
enum status text_fold(struct span in, struct fold_room *room, struct span *out)
{
    const utf8proc_option_t nfkc = UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE;
    utf8proc_ssize_t n = utf8proc_decompose((const utf8proc_uint8_t *)in.p, (utf8proc_ssize_t)in.n,
                                            room->points, FOLD_POINTS_MAX, nfkc);
    if (n < 0 || n > FOLD_POINTS_MAX)
        return REFUSED;
    for (utf8proc_ssize_t i = 0; i < n; i++)
        room->points[i] = utf8proc_tolower(room->points[i]);
    n = utf8proc_reencode(room->points, n, nfkc);
    if (n < 0)
        return REFUSED;
    *out = (struct span){(const char *)room->points, (size_t)n};
    return OK;
}
