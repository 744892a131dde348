/* fuzz/list_properties.h: what holds for every list, whatever its bytes.
 *
 *   - the raw spans of its records are the list, byte for byte;
 *   - line numbers count its line ends;
 *   - the pieces in which it arrives make no difference to records and their meaning;
 *   - a caller with a small window always gets on;
 *   - what a reader hands out is text, and a cell that is written is read back.
 */
#ifndef FUZZ_LIST_PROPERTIES_H
#define FUZZ_LIST_PROPERTIES_H

#include "adapter/list/list.h"

enum { SMALL_RECORD_MAX = 64 };

/* What of a list must not depend on how it arrives. */
struct tally {
    uint64_t records, headers, malformed, lines;
    uint64_t digest; /* over the addresses and meanings, in order */
};

static inline uint64_t mix(uint64_t digest, struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        digest = (digest ^ (unsigned char)s.p[i]) * UINT64_C(1099511628211);
    return digest + 1;
}

static inline void check_record(const struct list_record *rec)
{
    INVARIANT(rec->what == LIST_MALFORMED ? rec->why.what != NULL : rec->why.what == NULL);
    INVARIANT(rec->why.offset <= rec->raw.n);
    if (rec->what != LIST_RECORD)
        return;
    INVARIANT(rec->address.n > 0 && rec->address.n <= LIST_CELL_MAX);
    INVARIANT(utf8_valid(rec->address) && span_find(rec->address, '\0') == rec->address.n);
    INVARIANT(rec->note.n <= LIST_CELL_MAX && utf8_valid(rec->note));
    INVARIANT(rec->scope.n <= LIST_CELL_MAX && utf8_valid(rec->scope));
    INVARIANT(rec->kind != EVENT_IN && rec->kind != EVENT_FORGET);
    INVARIANT(rec->lines >= 1);
}

static inline void count(struct tally *t, const struct list_record *rec)
{
    t->records += rec->what == LIST_RECORD;
    t->headers += rec->what == LIST_HEADER;
    t->malformed += rec->what == LIST_MALFORMED;
    if (rec->what != LIST_RECORD)
        return;
    t->digest = mix(mix(mix(t->digest, rec->address), rec->scope), rec->note);
    t->digest = t->digest * 31 + (uint64_t)rec->kind + (uint64_t)rec->at_us + rec->line;
}

static inline struct tally read_list(struct span list, const struct list_shape *shape, size_t step)
{
    static struct list_reader r;
    struct tally t = {0};
    struct list_record rec;
    list_reader_init(&r, shape);
    for (size_t at = 0, window = step; at < list.n;) {
        struct span in = span_cut(span_from(list, at), window);
        size_t n = list_next(&r, in, at + in.n == list.n, &rec);
        INVARIANT(n <= in.n);
        if (n == 0) {
            INVARIANT(at + in.n < list.n);
            window += step;
            continue;
        }
        INVARIANT(rec.raw.p == list.p + at && rec.raw.n == n);
        check_record(&rec);
        count(&t, &rec);
        at += n;
        window = step;
    }
    t.lines = r.line;
    return t;
}

/* A window of SMALL_RECORD_MAX bytes is enough to get through. */
static inline uint64_t read_with_small_window(struct span list, const struct list_shape *shape)
{
    static struct list_reader r;
    struct list_record rec;
    list_reader_init(&r, shape);
    r.record_max = SMALL_RECORD_MAX;
    for (size_t at = 0, n; at < list.n; at += n) {
        struct span in = span_cut(span_from(list, at), SMALL_RECORD_MAX);
        n = list_next(&r, in, at + in.n == list.n, &rec);
        INVARIANT(n > 0 && n <= in.n);
        check_record(&rec);
    }
    return r.line;
}

static inline uint64_t line_ends(struct span s)
{
    uint64_t ends = 0;
    for (size_t i = 0; i < s.n; i++)
        ends += s.p[i] == '\n' || (s.p[i] == '\r' && (i + 1 == s.n || s.p[i + 1] != '\n'));
    return ends;
}

/* Written as the only cell of a row under a header, text is read back. */
static inline void check_cell(struct span text, bool spreadsheet)
{
    struct buf list = BUF_INIT(1 << 23);
    struct list_reader r;
    struct list_record rec;
    struct list_shape shape = {
        .format = LIST_CSV, .delimiter = ',', .address = {.present = true}, .kind = EVENT_OUT};
    bool guarded = text.n > 1 && text.p[0] == '\'' && strchr("=+-@\t\r", text.p[1]);
    struct span trimmed = span_trim(text);
    if (text.n > LIST_CELL_MAX / 2 || trimmed.n == 0 || guarded || !utf8_valid(text) ||
        span_find(text, '\0') < text.n)
        return;
    INVARIANT(list_format_cell(text, ',', spreadsheet, &list) == OK);
    list_reader_init(&r, &shape);
    size_t n = list_next(&r, buf_span(&list), true, &rec);
    if (rec.what == LIST_RECORD) {
        INVARIANT(n == list.n);
        INVARIANT(span_eq(rec.address, trimmed));
    } else {
        /* Only a cell of too many lines. */
        INVARIANT(rec.what == LIST_MALFORMED && line_ends(text) >= LIST_QUOTED_LINES_MAX);
    }
    buf_free(&list);
}

static inline void check_list(struct span list, enum list_format format)
{
    const struct list_wish wishes[] = {
        {.format = format}, {.format = LIST_AUTO}, {.format = format, .column = SPAN("1")}};
    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++) {
        struct list_shape shape;
        struct problem why;
        if (list_sniff(span_cut(list, LIST_HEAD_MAX), &wishes[i], &shape, &why) != OK)
            continue;
        struct tally whole = read_list(list, &shape, list.n), pieces = read_list(list, &shape, 7);
        INVARIANT(whole.records == pieces.records && whole.headers == pieces.headers);
        INVARIANT(whole.malformed == pieces.malformed && whole.lines == pieces.lines);
        INVARIANT(whole.digest == pieces.digest);
        INVARIANT(whole.lines == 1 + line_ends(list));
        INVARIANT(read_with_small_window(list, &shape) == whole.lines);
    }
    check_cell(list, false);
    check_cell(list, true);
}

#endif
