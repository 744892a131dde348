/* src/adapter/list/sniff.c: what shape a list has, told from its first bytes.
 *
 * Format first (a brace or bracket: JSON; a delimiter that parts nearly every line alike: CSV; else
 * lines), then a header, then the column of addresses, then what product wrote it. A column is
 * taken when the user names it, when its name says so, or, in a list without names, when it is
 * the only one that holds addresses. Anything less is refused with the columns that there are.
 */
#include "adapter/list/part.h"

#include <stdarg.h>
#include <stdio.h>

/* What a cell looks like; a guess for telling columns apart, never a reading of the address. */
enum look {
    LOOKS_OTHER,
    LOOKS_EMAIL,
    LOOKS_PREFIXED, /* mailto:, sha256:, device: … */
    LOOKS_DIGEST,
    LOOKS_PHONE,  /* with its plus */
    LOOKS_DEVICE, /* a UUID */
    LOOKS_NUMBER, /* could be a phone in national form, or anything */
    LOOKS
};

struct sniff {
    struct span head; /* without the byte order mark */
    bool at_end;      /* head is all of the list */
    const struct list_wish *wish;
    struct problem *why;
    struct list_shape *shape;
    struct columns columns;
    size_t width; /* CSV: cells of the widest sampled row, at most LIST_COLUMNS_MAX */
    size_t rows;  /* CSV: rows sampled behind the header */
    uint16_t looks[LIST_COLUMNS_MAX][LOOKS];
};

/* --- cells ----------------------------------------------------------------------------------- */

static bool looks_like_uuid(struct span s)
{
    if (s.n != 36)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        char l = ascii_lower(s.p[i]);
        if (hyphen ? l != '-' : !ascii_is_digit(l) && (l < 'a' || l > 'f'))
            return false;
    }
    return true;
}

static bool looks_prefixed(struct span s)
{
    static const char *const prefixes[] = {
        "mailto:", "tel:", "device:", "cookie:", "sha256:", "sha1:", "sha512:", "md5:"};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (span_starts_fold(s, span_of(prefixes[i])))
            return true;
    return false;
}

/* Digits with what people put between them. */
static bool looks_numeric(struct span s)
{
    size_t digits = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (ascii_is_digit(s.p[i]))
            digits++;
        else if (s.p[i] == '\0' || !strchr("+-() ./", s.p[i]))
            return false;
    }
    return digits >= 7 && digits <= 15;
}

static enum look look_at(struct span s)
{
    enum hash_name family;
    size_t sign = span_find(s, '@');
    s = span_trim(s);
    if (looks_prefixed(s))
        return LOOKS_PREFIXED;
    if (s.n > 2 && sign > 0 && sign + 1 < s.n)
        return LOOKS_EMAIL;
    if (looks_numeric(s))
        return s.p[0] == '+' ? LOOKS_PHONE : LOOKS_NUMBER;
    if (looks_like_uuid(s))
        return LOOKS_DEVICE;
    return digest_guess(s, &family) == OK ? LOOKS_DIGEST : LOOKS_OTHER;
}

/* --- refusing -------------------------------------------------------------------------------- */

/* Appends to the sentence, as far as it fits. */
PRINTF_LIKE(2, 3) static void say(struct problem *why, const char *fmt, ...)
{
    size_t n = strlen(why->text);
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(why->text + n, sizeof why->text - n, fmt, args);
    va_end(args);
}

static void say_column(struct problem *why, const struct column *c)
{
    if (c->outer.n)
        say(why, "%.*s.", SPAN_ARG(c->outer));
    say(why, "%.*s", SPAN_ARG(span_cut(c->name, LIST_MEMBER_MAX)));
}

/* Refuses with `what` and the columns to choose from. */
static enum status refuse_columns(struct sniff *s, const char *what)
{
    enum status refused = problem_set(s->why, REFUSED, "%s", what);
    if (!s->why)
        return refused;
    if (s->columns.count == 0 && s->width > 1)
        say(s->why, "; there are %zu columns without names", s->width);
    for (size_t i = 0; i < s->columns.count; i++) {
        say(s->why, i ? ", " : "; columns: ");
        say_column(s->why, &s->columns.at[i]);
    }
    say(s->why, "; name one with --column");
    return refused;
}

/* --- bytes that are no list ------------------------------------------------------------------ */

static enum status check_bytes(struct span head, struct problem *why)
{
    if (span_starts(head, SPAN("PK\x03\x04")))
        return problem_set(why, REFUSED, "this is a spreadsheet or a zip archive; save it as CSV");
    if (span_starts(head, SPAN("\xff\xfe")) || span_starts(head, SPAN("\xfe\xff")))
        return problem_set(why, REFUSED, "this is UTF-16 text; save it as UTF-8");
    if (span_trim(head).n == 0)
        return problem_set(why, REFUSED, "the list is empty");
    return OK;
}

/* --- CSV -------------------------------------------------------------------------------------- */

/* The next row of the sample that is not blank: its text; false when there is no whole one. */
static bool next_row(const struct sniff *s, char delimiter, size_t *at, struct span *row, bool *bad)
{
    while (*at < s->head.n) {
        struct span rest = span_from(s->head, *at);
        struct extent e = csv_extent(rest, delimiter, s->at_end);
        if (e.bytes == 0)
            return false;
        *at += e.bytes;
        *row = span_cut(rest, e.text);
        *bad = e.why.what != NULL;
        if (span_trim(*row).n)
            return true;
    }
    return false;
}

static size_t count_cells(struct span row, char delimiter)
{
    struct cell cell;
    size_t count = 0;
    for (size_t at = 0; csv_next_cell(row, delimiter, &at, &cell);)
        count++;
    return count;
}

/* Does a cell of the row have a name that columns of addresses have? */
static bool names_addresses(struct span row, char delimiter)
{
    struct cell cell;
    for (size_t at = 0; csv_next_cell(row, delimiter, &at, &cell);)
        if (name_place(cell.text, address_names))
            return true;
    return false;
}

/* How many sampled rows have the number of cells that most of them have. 0 when that is one, or
 * when it is less than four rows in five and no header speaks for this delimiter. */
static size_t agreeing_rows(const struct sniff *s, char delimiter)
{
    size_t cells[LIST_SAMPLE_ROWS], rows = 0, best = 0;
    struct span row;
    bool bad, named = false;
    for (size_t at = 0; rows < LIST_SAMPLE_ROWS && next_row(s, delimiter, &at, &row, &bad);) {
        cells[rows] = bad ? 0 : count_cells(row, delimiter);
        named |= rows == 0 && cells[0] > 1 && names_addresses(row, delimiter);
        rows++;
    }
    for (size_t i = 0; i < rows; i++) {
        size_t same = 0;
        for (size_t j = 0; j < rows && cells[i] > 1; j++)
            same += cells[j] == cells[i];
        best = same > best ? same : best;
    }
    return named || best * 5 >= rows * 4 ? best : 0;
}

/* The delimiter that most rows agree on, or 0. */
static char find_delimiter(const struct sniff *s)
{
    static const char delimiters[] = {',', ';', '\t', '|'};
    size_t best = 0;
    char found = '\0';
    for (size_t i = 0; i < sizeof delimiters; i++) {
        size_t agree = agreeing_rows(s, delimiters[i]);
        if (agree > best) {
            best = agree;
            found = delimiters[i];
        }
    }
    return found;
}

/* One column of cells in quotes, each of them whole. */
static bool is_quoted_column(const struct sniff *s)
{
    struct span row;
    bool bad;
    size_t rows = 0, quoted = 0;
    for (size_t at = 0; rows < LIST_SAMPLE_ROWS && next_row(s, ',', &at, &row, &bad); rows++) {
        if (bad || count_cells(row, ',') != 1)
            return false;
        quoted += row.p[0] == '"';
    }
    return quoted > 0;
}

static void name_columns(struct sniff *s, struct span row)
{
    struct cell cell;
    s->columns.count = 0;
    for (size_t at = 0; csv_next_cell(row, s->shape->delimiter, &at, &cell);) {
        size_t i = s->columns.count;
        if (i == LIST_COLUMNS_MAX)
            break;
        s->columns.at[i] = (struct column){.name = cell.text, .number = (uint16_t)i};
        s->columns.count++;
    }
}

static bool has_address_like_cell(struct span row, char delimiter)
{
    char scratch[LIST_CELL_MAX];
    struct cell cell;
    for (size_t at = 0; csv_next_cell(row, delimiter, &at, &cell);) {
        enum look look = look_at(cell_text(cell, scratch));
        if (look != LOOKS_OTHER)
            return true;
    }
    return false;
}

/* Is the first row, whose cells are s->columns, made of names? `later` follows it, if any does. */
static bool is_header(const struct sniff *s, struct span first, struct span later)
{
    struct list_shape ignored = {0};
    if (s->wish->column.n && find_wished(&s->columns, s->wish->column))
        return true;
    if (has_address_like_cell(first, s->shape->delimiter))
        return false;
    return find_column(&s->columns, address_names, NULL) ||
           (list_recognise(&s->columns, s->wish->product, &ignored) == OK &&
            ignored.product > LIST_PLAIN) ||
           has_address_like_cell(later, s->shape->delimiter);
}

static void weigh_row(struct sniff *s, struct span row)
{
    char scratch[LIST_CELL_MAX];
    struct cell cell;
    size_t column = 0;
    for (size_t at = 0; column < LIST_COLUMNS_MAX; column++) {
        if (!csv_next_cell(row, s->shape->delimiter, &at, &cell))
            break;
        s->looks[column][look_at(cell_text(cell, scratch))]++;
    }
    s->width = column > s->width ? column : s->width;
}

/* Reads the header, if there is one, and weighs the rows behind it. */
static void sample_rows(struct sniff *s)
{
    struct span first = {0}, later = {0};
    char delimiter = s->shape->delimiter;
    size_t at = 0, behind = 0;
    bool bad;
    if (!next_row(s, delimiter, &at, &first, &bad))
        first = s->head;
    behind = at;
    (void)next_row(s, delimiter, &at, &later, &bad);
    name_columns(s, first);
    s->shape->has_header = is_header(s, first, later);
    if (!s->shape->has_header)
        s->columns.count = 0;
    at = s->shape->has_header ? behind : 0;
    while (s->rows < LIST_SAMPLE_ROWS && next_row(s, delimiter, &at, &first, &bad)) {
        if (!bad)
            weigh_row(s, first);
        s->rows++;
    }
}

static bool holds_addresses(const struct sniff *s, const struct column *c)
{
    for (unsigned look = LOOKS_EMAIL; look < LOOKS; look++)
        if (s->looks[c->number][look])
            return true;
    return false;
}

/* The column that a header's names point to. One that holds nothing like an address (`Address` of
 * a street) is passed over, unless no other has a name. */
static const struct column *named_column(struct sniff *s, bool *twice)
{
    struct columns left = s->columns;
    const struct column *first = NULL;
    for (;;) {
        bool doubled;
        const struct column *c = find_column(&left, address_names, &doubled);
        if (!c || holds_addresses(s, c)) {
            *twice = c && doubled;
            return c ? &s->columns.at[c->number] : first;
        }
        if (!first)
            first = &s->columns.at[c->number];
        left.at[c->number].name.n = 0;
    }
}

/* In a list without names: the only column in which most cells look like addresses of one sort. */
static enum status sole_column(struct sniff *s, uint16_t *out)
{
    for (unsigned look = LOOKS_EMAIL; look <= LOOKS_DEVICE; look++) {
        size_t found = 0;
        for (size_t c = 0; c < s->width; c++) {
            if (s->looks[c][look] * 2 <= s->rows)
                continue;
            *out = (uint16_t)c;
            found++;
        }
        if (found)
            return found == 1 ? OK : REFUSED;
    }
    *out = 0;
    return s->width <= 1 ? OK : NOT_FOUND;
}

static enum status wished_csv_column(struct sniff *s, struct column *out)
{
    const struct column *named = find_wished(&s->columns, s->wish->column);
    uint64_t number;
    if (named) {
        *out = *named;
        return OK;
    }
    if (span_to_u64(s->wish->column, &number) != OK)
        return refuse_columns(s, "there is no column of that name");
    size_t width = s->columns.count > s->width ? s->columns.count : s->width;
    if (number == 0 || number > width)
        return refuse_columns(s, "there is no column of that number");
    *out = (struct column){.number = (uint16_t)(number - 1)};
    return OK;
}

static enum status find_csv_column(struct sniff *s, struct column *out)
{
    bool twice = false;
    if (s->wish->column.n)
        return wished_csv_column(s, out);
    if (s->columns.count) {
        const struct column *named = named_column(s, &twice);
        if (twice)
            return refuse_columns(s, "several columns have the same name");
        if (!named && s->columns.count > 1)
            return refuse_columns(s, "no column is known to hold addresses");
        *out = named ? *named : s->columns.at[0];
        return OK;
    }
    *out = (struct column){0};
    enum status st = sole_column(s, &out->number);
    if (st == REFUSED)
        return refuse_columns(s, "several columns hold addresses");
    return st == OK ? OK : refuse_columns(s, "no column holds addresses");
}

static enum status refuse_product(struct sniff *s)
{
    char what[64];
    (void)snprintf(what, sizeof what, "this is no export of %s that is known here",
                   list_product_word(s->wish->product));
    return problem_set(s->why, REFUSED, "%s", what);
}

/* The product's own column of addresses goes before the usual names; the user's wish before both.
 */
static enum status recognise_and_choose(struct sniff *s,
                                        enum status (*choose)(struct sniff *, struct column *))
{
    struct list_shape *shape = s->shape;
    struct column chosen;
    if (list_recognise(&s->columns, s->wish->product, shape) != OK)
        return refuse_product(s);
    if (shape->address.present && s->wish->column.n == 0)
        return OK;
    enum status st = choose(s, &chosen);
    if (st == OK)
        shape->address = field_of(&chosen);
    return st;
}

static enum status sniff_csv(struct sniff *s, char delimiter)
{
    s->shape->format = LIST_CSV;
    s->shape->delimiter = delimiter ? delimiter : ',';
    sample_rows(s);
    return recognise_and_choose(s, find_csv_column);
}

/* --- lines ------------------------------------------------------------------------------------ */

/* The next line that is neither blank nor a comment; false when there is no whole one. */
static bool next_line(const struct sniff *s, size_t *at, struct span *line)
{
    while (*at < s->head.n) {
        struct span rest = span_from(s->head, *at);
        struct extent e = line_extent(rest, s->at_end);
        if (e.bytes == 0)
            return false;
        *at += e.bytes;
        *line = span_trim(span_cut(rest, e.text));
        if (line->n && line->p[0] != '#')
            return true;
    }
    return false;
}

static enum status sniff_lines(struct sniff *s)
{
    size_t at = 0;
    struct span line = {"", 0};
    (void)next_line(s, &at, &line);
    s->shape->format = LIST_LINES;
    /* Only a known name: an unreadable first line is a bad record, to be told of as one. */
    s->shape->has_header = name_place(line, address_names) > 0;
    if (s->wish->product > LIST_PLAIN)
        return refuse_product(s);
    s->shape->product = s->wish->product;
    s->shape->kind = EVENT_OUT;
    return OK;
}

/* --- JSON ------------------------------------------------------------------------------------- */

/* The first record of the head when it is read in this shape; false: there is no whole one. */
static bool first_record(const struct sniff *s, struct json *out)
{
    struct list_nesting nesting = {0};
    bool is_record = true;
    for (size_t at = 0; at < s->head.n;) {
        struct span rest = span_from(s->head, at);
        struct extent e =
            s->shape->format == LIST_JSON
                ? document_extent(&nesting, rest, s->shape->strings, s->at_end, &is_record)
                : line_extent(rest, s->at_end);
        if (e.bytes == 0)
            return false;
        if (is_record && json_parse(span_cut(rest, e.text), out, NULL) == OK)
            return true;
        at += e.bytes;
    }
    return false;
}

static enum status find_member(struct sniff *s, struct column *out)
{
    bool twice = false;
    struct span wish = s->wish->column;
    const struct column *found =
        wish.n ? find_wished(&s->columns, wish) : find_column(&s->columns, address_names, &twice);
    if (!found)
        return refuse_columns(s, wish.n ? "there is no member of that name"
                                        : "no member is known to hold addresses");
    if (twice)
        return refuse_columns(s, "several members have the same name");
    *out = *found;
    return OK;
}

static bool has_address_member(struct sniff *s, struct span line)
{
    struct json object;
    if (json_parse(line, &object, NULL) != OK || object.type != JSON_OBJECT)
        return false;
    member_columns(object, &s->columns);
    return find_column(&s->columns, address_names, NULL) ||
           (s->wish->column.n && find_wished(&s->columns, s->wish->column));
}

/* Is it an object a line? So it is when at least half of the lines are one with an address, or
 * when it is no document that holds records either. */
static bool is_ndjson(struct sniff *s)
{
    struct json record;
    struct span line;
    size_t lines = 0, records = 0;
    for (size_t at = 0; lines < LIST_SAMPLE_ROWS && next_line(s, &at, &line); lines++)
        records += has_address_member(s, line);
    s->shape->format = LIST_JSON;
    return (records > 0 && records * 2 >= lines) || !first_record(s, &record);
}

static enum status sniff_json(struct sniff *s)
{
    struct span start = span_trim(s->head);
    struct span inside = span_trim(span_from(start, 1));
    struct json record;
    s->shape->strings = start.p[0] == '[' && inside.n && inside.p[0] == '"';
    bool lines = start.p[0] == '{' && is_ndjson(s);
    s->shape->format = lines ? LIST_NDJSON : LIST_JSON;
    s->columns.count = 0;
    if (!first_record(s, &record))
        return problem_set(s->why, REFUSED, "there is no whole JSON record in the first %d bytes",
                           LIST_HEAD_MAX);
    s->shape->kind = EVENT_OUT;
    if (s->shape->strings)
        return s->wish->product > LIST_PLAIN ? refuse_product(s) : OK;
    if (record.type != JSON_OBJECT)
        return problem_set(s->why, REFUSED, "the first JSON record is not an object");
    member_columns(record, &s->columns);
    return recognise_and_choose(s, find_member);
}

/* --- all of it -------------------------------------------------------------------------------- */

/* Are all addresses of the sample digests of one family? */
static void find_digest(struct sniff *s)
{
    struct list_reader r;
    struct list_record rec;
    size_t seen = 0;
    enum hash_name family = HASH_SHA256, first = HASH_SHA256;
    list_reader_init(&r, s->shape);
    r.bom_done = true;
    for (size_t at = 0, n; seen < LIST_SAMPLE_ROWS; at += n) {
        n = list_next(&r, span_from(s->head, at), s->at_end, &rec);
        if (n == 0)
            break;
        if (rec.what != LIST_RECORD)
            continue;
        if (digest_guess(rec.address, &family) != OK || (seen && family != first))
            return;
        first = family;
        seen++;
    }
    s->shape->has_digest = seen > 0;
    s->shape->digest = first;
}

static enum status sniff_format(struct sniff *s)
{
    enum list_format wish = s->wish->format;
    char first = span_trim(s->head).p[0];
    bool json = wish == LIST_NDJSON || wish == LIST_JSON;
    if (json || (wish == LIST_AUTO && (first == '{' || first == '[')))
        return sniff_json(s);
    if (wish == LIST_LINES)
        return sniff_lines(s);
    char delimiter = find_delimiter(s);
    bool csv = wish == LIST_CSV || delimiter || s->wish->column.n || is_quoted_column(s);
    return csv ? sniff_csv(s, delimiter) : sniff_lines(s);
}

enum status list_sniff(struct span head, const struct list_wish *wish, struct list_shape *out,
                       struct problem *why)
{
    struct sniff s = {.at_end = head.n < LIST_HEAD_MAX, .wish = wish, .why = why, .shape = out};
    *out = (struct list_shape){.bom_bytes = span_starts(head, SPAN("\xef\xbb\xbf")) ? 3 : 0};
    s.head = span_from(span_cut(head, LIST_HEAD_MAX), out->bom_bytes);
    enum status st = check_bytes(s.head, why);
    if (st == OK)
        st = sniff_format(&s);
    if (st != OK)
        return st;
    if (wish->has_digest) {
        out->has_digest = true;
        out->digest = wish->digest;
    } else {
        find_digest(&s);
    }
    return OK;
}
