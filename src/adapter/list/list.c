/* src/adapter/list/list.c: the reader. Takes records off the front of the input, one by one. */
#include "adapter/list/part.h"

static const char *const format_words[] = {
    [LIST_AUTO] = "auto",     [LIST_LINES] = "lines", [LIST_CSV] = "csv",
    [LIST_NDJSON] = "ndjson", [LIST_JSON] = "json",
};

const char *list_format_word(enum list_format f)
{
    INVARIANT(f <= LIST_JSON);
    return format_words[f];
}

enum status list_format_parse(struct span s, enum list_format *out)
{
    for (unsigned f = 0; f <= LIST_JSON; f++) {
        if (span_eq_fold(s, span_of(format_words[f]))) {
            *out = (enum list_format)f;
            return OK;
        }
    }
    return NOT_FOUND;
}

/* The last column that anything is read from. */
static uint16_t last_column(const struct list_shape *s)
{
    const struct list_field *fields[] = {&s->address,       &s->scope, &s->status,
                                         &s->second_status, &s->time,  &s->note};
    uint16_t last = 0;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (fields[i]->present && fields[i]->column > last)
            last = fields[i]->column;
    return last;
}

void list_reader_init(struct list_reader *r, const struct list_shape *shape)
{
    INVARIANT(shape->format != LIST_AUTO);
    r->shape = *shape;
    r->last_column = last_column(shape);
    r->record_max = LIST_RECORD_MAX;
    r->line = 1;
    r->bom_done = shape->bom_bytes == 0;
    r->header_done = !shape->has_header;
    r->skipping = false;
    r->nesting = (struct list_nesting){0};
}

/* --- reading what a record holds ------------------------------------------------------------- */

static void spoil(struct list_record *out, const char *what, size_t offset)
{
    out->what = LIST_MALFORMED;
    (void)refuse(&out->why, what, offset);
}

static bool is_ascii(struct span s)
{
    unsigned char all = 0;
    for (size_t i = 0; i < s.n; i++)
        all |= (unsigned char)s.p[i];
    return all < 0x80;
}

static bool is_text(struct span s)
{
    return is_ascii(s) || utf8_valid(s);
}

/* A note that was cut at LIST_CELL_MAX ends with a whole character. */
static struct span note_text(struct span s)
{
    if (s.n == LIST_CELL_MAX) {
        while (s.n && ((unsigned char)s.p[s.n - 1] & 0xc0) == 0x80)
            s.n--;
        if (s.n && (unsigned char)s.p[s.n - 1] >= 0xc0)
            s.n--;
    }
    s = span_trim(s);
    return is_text(s) ? s : (struct span){"", 0};
}

/* What a record's cells or members say, before it is judged. */
struct content {
    struct span address, scope, status, second_status, time, note;
};

/* The part that every format has in common. `offset` is where the address is looked for. */
static void judge(const struct list_shape *shape, const struct content *c, size_t offset,
                  struct list_record *out)
{
    out->address = span_trim(c->address);
    if (out->address.n == 0)
        spoil(out, "no address in this record", offset);
    else if (!is_text(out->address))
        spoil(out, "address is not valid UTF-8", offset);
    else if (span_find(out->address, '\0') < out->address.n)
        spoil(out, "NUL byte", offset);
    else if (!is_text(c->scope))
        spoil(out, "scope is not valid UTF-8", offset);
    if (out->what == LIST_MALFORMED)
        return;
    out->scope = span_trim(c->scope);
    out->note = note_text(c->note);
    out->kind = kind_of_row(shape, c->status, c->second_status, c->time);
    out->at_us = list_time(c->time);
}

static bool is_at(const struct list_field *f, uint16_t column)
{
    return f->present && f->column == column;
}

/* One cell of a CSV record into whatever it is wanted for. */
static void keep_cell(struct list_reader *r, struct cell cell, uint16_t column, struct content *c,
                      char status[2][LIST_CELL_MAX], char time[LIST_CELL_MAX])
{
    const struct list_shape *s = &r->shape;
    if (is_at(&s->address, column))
        c->address = cell_text(cell, r->address);
    if (is_at(&s->scope, column))
        c->scope = cell_text(cell, r->scope);
    if (is_at(&s->status, column))
        c->status = cell_text(cell, status[0]);
    if (is_at(&s->second_status, column))
        c->second_status = cell_text(cell, status[1]);
    if (is_at(&s->time, column))
        c->time = cell_text(cell, time);
    if (is_at(&s->note, column))
        c->note = cell_text(cell, r->note);
}

static void read_csv(struct list_reader *r, struct span text, struct list_record *out)
{
    char status[2][LIST_CELL_MAX], time[LIST_CELL_MAX];
    struct content c = {0};
    struct cell cell;
    size_t at = 0, start = 0, address_at = SIZE_MAX;
    for (uint16_t column = 0; column <= r->last_column; column++, start = at) {
        if (!csv_next_cell(text, r->shape.delimiter, &at, &cell))
            break;
        if (is_at(&r->shape.address, column)) {
            address_at = start;
            if (cell.text.n > LIST_CELL_MAX) {
                spoil(out, "address is too long", start);
                return;
            }
        }
        keep_cell(r, cell, column, &c, status, time);
    }
    if (address_at == SIZE_MAX)
        spoil(out, "record ends before the column of addresses", text.n);
    else
        judge(&r->shape, &c, address_at, out);
}

static void read_line(struct list_reader *r, struct span text, struct list_record *out)
{
    if (text.n > LIST_CELL_MAX)
        spoil(out, "address is too long", 0);
    else
        judge(&r->shape, &(struct content){.address = text}, 0, out);
}

static void read_object(struct list_reader *r, struct json object, struct list_record *out)
{
    char status[2][LIST_CELL_MAX], time[LIST_CELL_MAX];
    const struct list_shape *s = &r->shape;
    struct content c;
    bool twice = member_text(object, &s->address, r->address, &c.address) != OK ||
                 member_text(object, &s->scope, r->scope, &c.scope) != OK ||
                 member_text(object, &s->status, status[0], &c.status) != OK ||
                 member_text(object, &s->second_status, status[1], &c.second_status) != OK ||
                 member_text(object, &s->time, time, &c.time) != OK ||
                 member_text(object, &s->note, r->note, &c.note) != OK;
    if (twice)
        spoil(out, "a member is there twice", 0);
    else
        judge(s, &c, 0, out);
}

static void read_json(struct list_reader *r, struct span text, struct list_record *out)
{
    struct json value;
    if (json_parse(text, &value, &out->why) != OK)
        out->what = LIST_MALFORMED;
    else if (value.type == JSON_OBJECT)
        read_object(r, value, out);
    else if (value.type == JSON_STRING && r->shape.strings)
        judge(&r->shape, &(struct content){.address = string_text(value, r->address)}, 0, out);
    else
        spoil(out, "not an object", 0);
}

/* --- finding records ------------------------------------------------------------------------- */

static bool is_blank_record(const struct list_shape *shape, struct span text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (shape->format == LIST_LINES && c == '#')
            return true;
        if (!ascii_is_blank(c) && (shape->format != LIST_CSV || c != shape->delimiter))
            return false;
    }
    return true;
}

/* Tells what the record is and reads it; `text` is its raw bytes without the line end. */
static void read_record(struct list_reader *r, struct span text, struct list_record *out)
{
    if (out->why.what)
        out->what = LIST_MALFORMED;
    else if (is_blank_record(&r->shape, text))
        out->what = LIST_BLANK;
    else if (!r->header_done)
        out->what = LIST_HEADER;
    else if (span_find(text, '\0') < text.n)
        spoil(out, "NUL byte", span_find(text, '\0'));
    else if (r->shape.format == LIST_CSV)
        read_csv(r, text, out);
    else if (r->shape.format == LIST_LINES)
        read_line(r, text, out);
    else
        read_json(r, text, out);
    r->header_done |= out->what != LIST_BLANK;
}

static struct extent find_record(struct list_reader *r, struct span in, bool at_end,
                                 bool *is_record)
{
    *is_record = true;
    switch (r->shape.format) {
    case LIST_CSV:
        return csv_extent(in, r->shape.delimiter, at_end);
    case LIST_JSON:
        return document_extent(&r->nesting, in, r->shape.strings, at_end, is_record);
    default:
        return line_extent(in, at_end);
    }
}

/* Gives `bytes` from the front of the input out as this record. */
static size_t take(struct list_reader *r, struct span in, size_t bytes, struct list_record *out)
{
    uint64_t ends = out->lines > 1 || r->shape.format == LIST_JSON || r->skipping
                        ? count_line_ends(span_cut(in, bytes))
                        : bytes && (in.p[bytes - 1] == '\n' || in.p[bytes - 1] == '\r');
    out->raw = span_cut(in, bytes);
    out->line = r->line;
    r->line += ends;
    return bytes;
}

/* The record at the front is longer than it may be. */
static size_t begin_skip(struct list_reader *r, struct span in, struct list_record *out)
{
    r->skipping = true;
    r->header_done = true;
    if (r->shape.format == LIST_JSON)
        document_begin_skip(&r->nesting, in);
    spoil(out, "record is too long", 0);
    out->lines = 1;
    return take(r, in, in.n, out);
}

static size_t skip(struct list_reader *r, struct span in, bool at_end, struct list_record *out)
{
    bool ended = true;
    size_t bytes;
    out->what = LIST_REST;
    out->lines = 1;
    if (r->shape.format == LIST_JSON) {
        bytes = document_skip(&r->nesting, in, &ended);
    } else {
        struct extent line = line_extent(in, at_end);
        ended = line.bytes != 0;
        bytes = ended ? line.bytes : in.n;
    }
    (void)take(r, in, bytes, out);
    r->skipping = !ended;
    return bytes;
}

static size_t take_bom(struct list_reader *r, struct span in, bool at_end, struct list_record *out)
{
    size_t bytes = r->shape.bom_bytes;
    if (in.n < bytes && !at_end)
        return 0;
    r->bom_done = true;
    out->what = LIST_HEADER;
    return take(r, in, span_cut(in, bytes).n, out);
}

size_t list_next(struct list_reader *r, struct span in, bool at_end, struct list_record *out)
{
    *out = (struct list_record){.what = LIST_RECORD};
    bool is_full = in.n >= r->record_max;
    /* A CR at the end may be half of a CRLF: it waits for what follows it. */
    if (!at_end && in.n && in.p[in.n - 1] == '\r')
        in.n--;
    if (in.n == 0)
        return 0;
    if (!r->bom_done)
        return take_bom(r, in, at_end, out);
    if (r->skipping)
        return skip(r, in, at_end, out);
    bool is_record;
    struct extent e = find_record(r, in, at_end, &is_record);
    if (e.bytes == 0)
        return is_full ? begin_skip(r, in, out) : 0;
    out->lines = e.lines;
    out->why = e.why;
    if (!is_record)
        out->what = LIST_BLANK;
    else if (e.bytes > r->record_max)
        spoil(out, "record is too long", 0);
    else
        read_record(r, span_cut(in, e.text), out);
    return take(r, in, e.bytes, out);
}
