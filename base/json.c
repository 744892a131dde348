/* base/json.c: the strict JSON reader, which keeps its nesting in a bit set instead of a stack of
 * calls, and the string writer.
 */
#include "base/json.h"

static bool is_json_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip_blanks(struct span s, size_t at)
{
    while (at < s.n && is_json_blank(s.p[at]))
        at++;
    return at;
}

static enum json_type type_of_first(char c)
{
    switch (c) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
        return JSON_TRUE;
    case 'f':
        return JSON_FALSE;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

/* --- checking ------------------------------------------------------------------------------ */

/* Nesting is kept as one bit a level, so that no input can make us recurse. */
struct scan {
    struct span s;
    size_t at;
    struct refusal *why;
    unsigned depth;
    uint64_t objects; /* bit 0: the innermost open container is an object */
};

_Static_assert(JSON_DEPTH_MAX <= 64, "a level is a bit of scan.objects");

static enum status fail_at(struct scan *c, const char *what, size_t at)
{
    return refuse(c->why, what, at);
}

static bool take(struct scan *c, char expected)
{
    if (c->at >= c->s.n || c->s.p[c->at] != expected)
        return false;
    c->at++;
    return true;
}

static int hex_digit(char c)
{
    char l = ascii_lower(c);
    return ascii_is_digit(c) ? c - '0' : l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

/* Four hex digits at `at`: their value, or -1. */
static int32_t hex4(struct span s, size_t at)
{
    if (at > s.n || s.n - at < 4)
        return -1;
    int32_t value = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = hex_digit(s.p[at + i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static bool is_high_surrogate(int32_t u)
{
    return u >= 0xd800 && u < 0xdc00;
}

static bool is_low_surrogate(int32_t u)
{
    return u >= 0xdc00 && u < 0xe000;
}

/* Behind the `\u`. */
static enum status check_unicode_escape(struct scan *c)
{
    size_t start = c->at - 2;
    int32_t unit = hex4(c->s, c->at);
    if (unit < 0)
        return fail_at(c, "\\u without four hex digits", start);
    c->at += 4;
    if (is_low_surrogate(unit))
        return fail_at(c, "lone surrogate", start);
    if (!is_high_surrogate(unit))
        return OK;
    if (!take(c, '\\') || !take(c, 'u') || !is_low_surrogate(hex4(c->s, c->at)))
        return fail_at(c, "lone surrogate", start);
    c->at += 4;
    return OK;
}

/* At the backslash. */
static enum status check_escape(struct scan *c)
{
    size_t start = c->at++;
    if (c->at >= c->s.n)
        return fail_at(c, "string does not end", start);
    char kind = c->s.p[c->at++];
    if (kind == 'u')
        return check_unicode_escape(c);
    return kind && strchr("\"\\/bfnrt", kind) ? OK : fail_at(c, "unknown escape", start);
}

static enum status check_utf8(struct scan *c)
{
    size_t start = c->at;
    uint32_t point = utf8_next(c->s, &c->at);
    /* A real U+FFFD has three bytes. */
    return point == 0xfffd && c->at == start + 1 ? fail_at(c, "invalid UTF-8", start) : OK;
}

static enum status check_string(struct scan *c)
{
    size_t start = c->at++;
    while (c->at < c->s.n) {
        unsigned char byte = (unsigned char)c->s.p[c->at];
        enum status s = OK;
        if (byte == '"') {
            c->at++;
            return OK;
        }
        if (byte < 0x20)
            return fail_at(c, "control character in a string", c->at);
        if (byte == '\\')
            s = check_escape(c);
        else if (byte >= 0x80)
            s = check_utf8(c);
        else
            c->at++;
        if (s != OK)
            return s;
    }
    return fail_at(c, "string does not end", start);
}

static bool take_digits(struct scan *c)
{
    size_t start = c->at;
    while (c->at < c->s.n && ascii_is_digit(c->s.p[c->at]))
        c->at++;
    return c->at > start;
}

static enum status check_number(struct scan *c)
{
    size_t start = c->at;
    (void)take(c, '-');
    if (!take(c, '0') && !take_digits(c))
        return fail_at(c, "not a value", start);
    if (take(c, '.') && !take_digits(c))
        return fail_at(c, "no digit after the decimal point", c->at);
    if (take(c, 'e') || take(c, 'E')) {
        if (!take(c, '+'))
            (void)take(c, '-');
        if (!take_digits(c))
            return fail_at(c, "no digit in the exponent", c->at);
    }
    if (c->at < c->s.n && ascii_is_digit(c->s.p[c->at]))
        return fail_at(c, "number with a leading zero", start);
    return OK;
}

static enum status check_word(struct scan *c, struct span word)
{
    if (!span_starts(span_from(c->s, c->at), word))
        return fail_at(c, "not a value", c->at);
    c->at += word.n;
    return OK;
}

static enum status check_scalar(struct scan *c)
{
    switch (type_of_first(c->s.p[c->at])) {
    case JSON_STRING:
        return check_string(c);
    case JSON_TRUE:
        return check_word(c, SPAN("true"));
    case JSON_FALSE:
        return check_word(c, SPAN("false"));
    case JSON_NULL:
        return check_word(c, SPAN("null"));
    default:
        return check_number(c);
    }
}

static enum status open_container(struct scan *c, bool is_object)
{
    if (c->depth == JSON_DEPTH_MAX)
        return fail_at(c, "nested too deeply", c->at);
    c->at++;
    c->depth++;
    c->objects = c->objects << 1 | (is_object ? 1 : 0);
    return OK;
}

/* Takes the bracket that ends the innermost container, if it comes next. */
static bool close_container(struct scan *c)
{
    c->at = skip_blanks(c->s, c->at);
    if (!take(c, c->objects & 1 ? '}' : ']'))
        return false;
    c->depth--;
    c->objects >>= 1;
    return true;
}

static enum status check_name(struct scan *c)
{
    c->at = skip_blanks(c->s, c->at);
    if (c->at >= c->s.n || c->s.p[c->at] != '"')
        return fail_at(c, "no name in double quotes where a member should start", c->at);
    enum status s = check_string(c);
    if (s != OK)
        return s;
    c->at = skip_blanks(c->s, c->at);
    return take(c, ':') ? OK : fail_at(c, "no colon after a name", c->at);
}

/* Everything that closes or goes on after a value. *more: another value must follow. */
static enum status check_after_value(struct scan *c, bool *more)
{
    *more = false;
    while (c->depth && !*more) {
        if (close_container(c))
            continue;
        if (!take(c, ','))
            return fail_at(c, "neither a comma nor a closing bracket after a value", c->at);
        *more = true;
    }
    return OK;
}

static enum status check_document(struct scan *c)
{
    bool more = true;
    enum status s = OK;
    while (s == OK && more) {
        if (c->depth && (c->objects & 1) && (s = check_name(c)) != OK)
            break;
        c->at = skip_blanks(c->s, c->at);
        if (c->at >= c->s.n)
            return fail_at(c, "text ends where a value should be", c->at);
        char first = c->s.p[c->at];
        if (first == '{' || first == '[') {
            s = open_container(c, first == '{');
            if (s != OK || !close_container(c))
                continue;
        } else {
            s = check_scalar(c);
        }
        if (s == OK)
            s = check_after_value(c, &more);
    }
    return s;
}

enum status json_parse(struct span text, struct json *out, struct refusal *why)
{
    struct scan c = {.s = text, .at = skip_blanks(text, 0), .why = why};
    size_t start = c.at;
    enum status s = check_document(&c);
    if (s != OK)
        return s;
    struct span raw = {text.p + start, c.at - start};
    c.at = skip_blanks(text, c.at);
    if (c.at != text.n)
        return fail_at(&c, "text after the value", c.at);
    *out = (struct json){type_of_first(raw.p[0]), raw};
    return OK;
}

/* --- walking what was accepted ------------------------------------------------------------- */

/* The offset behind the string that starts at `at`. */
static size_t skip_string(struct span s, size_t at)
{
    for (at++; s.p[at] != '"'; at++)
        if (s.p[at] == '\\')
            at++;
    return at + 1;
}

static size_t skip_container(struct span s, size_t at)
{
    size_t depth = 0;
    do {
        char c = s.p[at];
        if (c == '"') {
            at = skip_string(s, at);
            continue;
        }
        if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
        at++;
    } while (depth);
    return at;
}

static size_t skip_scalar(struct span s, size_t at)
{
    while (at < s.n && !is_json_blank(s.p[at]) && s.p[at] != ',' && s.p[at] != '}' &&
           s.p[at] != ']')
        at++;
    return at;
}

static struct json read_value(struct span s, size_t *at)
{
    size_t start = *at = skip_blanks(s, *at);
    enum json_type type = type_of_first(s.p[start]);
    if (type == JSON_STRING)
        *at = skip_string(s, start);
    else if (type == JSON_OBJECT || type == JSON_ARRAY)
        *at = skip_container(s, start);
    else
        *at = skip_scalar(s, start);
    return (struct json){type, {s.p + start, *at - start}};
}

bool json_next(struct json container, size_t *at, struct json *name, struct json *value)
{
    INVARIANT(container.type == JSON_OBJECT || container.type == JSON_ARRAY);
    struct span s = container.raw;
    size_t i = skip_blanks(s, *at ? *at : 1);
    if (i < s.n && s.p[i] == ',')
        i = skip_blanks(s, i + 1);
    if (i + 1 >= s.n) {
        *at = i;
        return false;
    }
    if (container.type == JSON_OBJECT) {
        struct json key = read_value(s, &i);
        i = skip_blanks(s, i) + 1;
        if (name)
            *name = key;
    }
    *value = read_value(s, &i);
    *at = i;
    return true;
}

enum status json_object_find(struct json object, struct span name, struct json *value)
{
    struct json key, member;
    bool found = false;
    for (size_t at = 0; json_next(object, &at, &key, &member);) {
        if (!json_string_is(key, name))
            continue;
        if (found)
            return REFUSED;
        found = true;
        *value = member;
    }
    return found ? OK : NOT_FOUND;
}

/* --- strings and numbers ------------------------------------------------------------------- */

enum { UTF8_BYTES_MAX = 4 };

static size_t utf8_encode(uint32_t point, char out[UTF8_BYTES_MAX])
{
    static const unsigned char lead[UTF8_BYTES_MAX + 1] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t n = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3f));
    out[0] = (char)(lead[n] | point);
    return n;
}

static char simple_escape(char kind)
{
    switch (kind) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return kind;
    }
}

/* The text of the escape whose backslash is at *at, moved behind it. */
static size_t read_escape(struct span s, size_t *at, char out[UTF8_BYTES_MAX])
{
    char kind = s.p[*at + 1];
    *at += 2;
    if (kind != 'u') {
        out[0] = simple_escape(kind);
        return 1;
    }
    uint32_t point = (uint32_t)hex4(s, *at);
    *at += 4;
    if (is_high_surrogate((int32_t)point)) {
        point = 0x10000 + ((point - 0xd800) << 10) + ((uint32_t)hex4(s, *at + 2) - 0xdc00);
        *at += 6;
    }
    return utf8_encode(point, out);
}

/* The next piece of a string's text: a run of the input or one resolved escape. */
static struct span next_piece(struct span inside, size_t *at, char escape[UTF8_BYTES_MAX])
{
    if (inside.p[*at] == '\\')
        return (struct span){escape, read_escape(inside, at, escape)};
    struct span rest = span_from(inside, *at);
    struct span run = span_cut(rest, span_find(rest, '\\'));
    *at += run.n;
    return run;
}

static struct span inside_quotes(struct json string)
{
    INVARIANT(string.type == JSON_STRING);
    return (struct span){string.raw.p + 1, string.raw.n - 2};
}

enum status json_string(struct json string, struct buf *out)
{
    struct span inside = inside_quotes(string);
    char escape[UTF8_BYTES_MAX];
    enum status s = OK;
    for (size_t at = 0; s == OK && at < inside.n;)
        s = buf_add_span(out, next_piece(inside, &at, escape));
    return s;
}

bool json_string_is(struct json string, struct span text)
{
    struct span inside = inside_quotes(string);
    char escape[UTF8_BYTES_MAX];
    for (size_t at = 0; at < inside.n;) {
        struct span piece = next_piece(inside, &at, escape);
        if (!span_starts(text, piece))
            return false;
        text = span_from(text, piece.n);
    }
    return text.n == 0;
}

enum status json_i64(struct json number, int64_t *out)
{
    if (number.type != JSON_NUMBER)
        return REFUSED;
    struct span digits = number.raw;
    bool negative = digits.p[0] == '-';
    uint64_t magnitude, limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    if (span_to_u64(span_from(digits, negative), &magnitude) != OK || magnitude > limit)
        return REFUSED;
    *out = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return OK;
}

/* --- writing ------------------------------------------------------------------------------- */

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

static void add_escaped(struct buf *out, char c)
{
    static const char kinds[] = "\"\\bfnrt", meanings[] = "\"\\\b\f\n\r\t";
    const char *hit = c ? strchr(meanings, c) : NULL;
    if (hit)
        (void)buf_printf(out, "\\%c", kinds[hit - meanings]);
    else
        (void)buf_printf(out, "\\u%04x", (unsigned)(unsigned char)c);
}

/* A code point over U+007F as it stands, or U+FFFD for a malformed byte. */
static void add_multibyte(struct buf *out, struct span s, size_t *at)
{
    char bytes[UTF8_BYTES_MAX];
    (void)buf_add(out, bytes, utf8_encode(utf8_next(s, at), bytes));
}

enum status json_add_string(struct buf *out, struct span s)
{
    (void)buf_add_char(out, '"');
    for (size_t at = 0; at < s.n;) {
        size_t start = at;
        while (at < s.n && is_plain(s.p[at]))
            at++;
        (void)buf_add(out, s.p + start, at - start);
        if (at == s.n)
            break;
        if ((unsigned char)s.p[at] >= 0x80)
            add_multibyte(out, s, &at);
        else
            add_escaped(out, s.p[at++]);
    }
    (void)buf_add_char(out, '"');
    return buf_status(out);
}
