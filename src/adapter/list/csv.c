/* src/adapter/list/csv.c: lines, and RFC 4180 records and cells.
 *
 * The common line has no quote in it: it is found with memchr alone. Only a line with a quote is
 * walked cell by cell. Text in front of a quote makes that quote an ordinary character; text
 * behind a closing quote is wrong.
 */
#include "adapter/list/part.h"

enum { LINE_STRIDE_MIN = 256, LINE_STRIDE_MAX = 64 * 1024 };

/* The offset of the first CR or LF at or behind `at`, or s.n. In strides, so that a file with one
 * kind of line end is not searched to its end for the other. */
static size_t find_line_end(struct span s, size_t at)
{
    for (size_t stride = LINE_STRIDE_MIN; at < s.n; at += stride) {
        if (stride < LINE_STRIDE_MAX)
            stride *= 2;
        if (stride > s.n - at)
            stride = s.n - at;
        struct span window = {s.p + at, stride};
        window = span_cut(window, span_find(window, '\n'));
        size_t cr = span_find(window, '\r');
        if (cr < stride)
            return at + cr;
    }
    return s.n;
}

/* Bytes of the line end at `at` (0 at the end of the input), or -1 when the next byte decides. */
static int line_end_bytes(struct span s, size_t at, bool at_end)
{
    if (at == s.n)
        return at_end ? 0 : -1;
    if (s.p[at] == '\n')
        return 1;
    if (at + 1 == s.n)
        return at_end ? 1 : -1;
    return s.p[at + 1] == '\n' ? 2 : 1;
}

/* The line that holds `from`, as far as it starts at 0. */
static struct extent line_from(struct span in, size_t from, bool at_end)
{
    size_t end = find_line_end(in, from);
    int more = line_end_bytes(in, end, at_end);
    if (more < 0)
        return (struct extent){0};
    return (struct extent){.bytes = end + (size_t)more, .text = end, .lines = 1};
}

struct extent line_extent(struct span in, bool at_end)
{
    return line_from(in, 0, at_end);
}

uint64_t count_line_ends(struct span s)
{
    uint64_t count = 0;
    for (size_t at = 0; (at = find_line_end(s, at)) < s.n; count++)
        at += (size_t)line_end_bytes(s, at, true);
    return count;
}

enum quote_end { QUOTE_CLOSED, QUOTE_OPEN, QUOTE_TOO_LONG };

/* From the opening quote at `open`: *close gets the closing one. */
static enum quote_end find_closing_quote(struct span in, size_t open, size_t *close)
{
    struct span reach = span_cut(in, open + LIST_QUOTED_BYTES_MAX);
    size_t at = open + 1;
    while (at < reach.n) {
        size_t hit = at + span_find(span_from(reach, at), '"');
        if (hit >= reach.n)
            break;
        if (hit + 1 >= in.n || in.p[hit + 1] != '"') {
            *close = hit;
            return QUOTE_CLOSED;
        }
        at = hit + 2;
    }
    return reach.n < in.n ? QUOTE_TOO_LONG : QUOTE_OPEN;
}

/* A record with something wrong is its first line alone, wherever it went wrong. */
static struct extent spoiled(struct span in, bool at_end, const char *what, size_t offset)
{
    struct extent line = line_extent(in, at_end);
    (void)refuse(&line.why, what, offset < line.text ? offset : line.text);
    return line;
}

/* Walks a record that has quotes. `line` is the end of the physical line that `at` is in. */
static struct extent quoted_extent(struct span in, char delimiter, bool at_end, struct extent line)
{
    static const char unclosed[] = "quote is never closed";
    uint32_t lines = 1;
    for (size_t at = 0;; at++) {
        if (at < line.text && in.p[at] == '"') {
            size_t close = at;
            enum quote_end end = find_closing_quote(in, at, &close);
            if (end == QUOTE_TOO_LONG || (end == QUOTE_OPEN && at_end))
                return spoiled(in, at_end, unclosed, at);
            if (end == QUOTE_OPEN || (close + 1 == in.n && !at_end))
                return (struct extent){0};
            if (close >= line.text) {
                uint64_t inside = count_line_ends((struct span){in.p + at, close - at});
                if (inside >= LIST_QUOTED_LINES_MAX)
                    return spoiled(in, at_end, unclosed, at);
                lines += (uint32_t)inside;
                line = line_from(in, close + 1, at_end);
                if (line.bytes == 0)
                    return line;
            }
            at = close + 1;
            if (at < line.text && in.p[at] != delimiter)
                return spoiled(in, at_end, "text after a closing quote", at);
        }
        at += span_find((struct span){in.p + at, line.text - at}, delimiter);
        if (at >= line.text)
            return (struct extent){.bytes = line.bytes, .text = line.text, .lines = lines};
    }
}

struct extent csv_extent(struct span in, char delimiter, bool at_end)
{
    struct extent line = line_extent(in, at_end);
    size_t quote = line.bytes ? span_find(span_cut(in, line.text), '"') : 0;
    if (line.bytes == 0 || quote == line.text)
        return line;
    return quoted_extent(in, delimiter, at_end, line);
}

bool csv_next_cell(struct span record, char delimiter, size_t *at, struct cell *out)
{
    if (*at > record.n)
        return false;
    struct span rest = span_from(record, *at);
    out->quoted = rest.n && rest.p[0] == '"';
    size_t close = 0;
    if (out->quoted && find_closing_quote(rest, 0, &close) == QUOTE_CLOSED) {
        out->text = (struct span){rest.p + 1, close - 1};
        *at += close + 2;
    } else {
        out->text = span_cut(rest, span_find(rest, delimiter));
        *at += out->text.n + 1;
    }
    return true;
}

/* A cell that a spreadsheet must not take for a formula starts so. */
static bool is_formula_start(char c)
{
    return c != '\0' && strchr("=+-@\t\r", c) != NULL;
}

static struct span without_doubled_quotes(struct span s, char scratch[LIST_CELL_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < LIST_CELL_MAX; i++) {
        scratch[n++] = s.p[i];
        if (s.p[i] == '"' && i + 1 < s.n && s.p[i + 1] == '"')
            i++;
    }
    return (struct span){scratch, n};
}

struct span cell_text(struct cell cell, char scratch[LIST_CELL_MAX])
{
    struct span s = cell.text;
    if (cell.quoted && span_find(s, '"') < s.n)
        s = without_doubled_quotes(s, scratch);
    if (s.n > 1 && s.p[0] == '\'' && is_formula_start(s.p[1]))
        s = span_from(s, 1);
    return span_cut(s, LIST_CELL_MAX);
}

static bool needs_quotes(struct span cell, char delimiter)
{
    if (cell.n == 0)
        return false;
    return span_find(cell, delimiter) < cell.n || span_find(cell, '"') < cell.n ||
           find_line_end(cell, 0) < cell.n || ascii_is_blank(cell.p[0]) ||
           ascii_is_blank(cell.p[cell.n - 1]);
}

enum status list_format_cell(struct span cell, char delimiter, bool spreadsheet, struct buf *out)
{
    bool guard = spreadsheet && cell.n && is_formula_start(cell.p[0]);
    bool quotes = needs_quotes(cell, delimiter);
    if (quotes)
        (void)buf_add_char(out, '"');
    if (guard)
        (void)buf_add_char(out, '\'');
    for (struct span rest = cell; rest.n;) {
        size_t quote = span_find(rest, '"');
        (void)buf_add(out, rest.p, quote);
        if (quote < rest.n)
            (void)buf_add_text(out, "\"\"");
        rest = span_from(rest, quote + 1);
    }
    if (quotes)
        (void)buf_add_char(out, '"');
    return buf_status(out);
}
