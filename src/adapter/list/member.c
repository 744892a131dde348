/* src/adapter/list/member.c: JSON records: their members, and where they are in a document.
 *
 * A document (`[…]`, `{"Suppressions": […]}`, one page behind the other) is not parsed as a whole,
 * since it may be larger than memory. Its records are the objects directly in an array, whatever
 * stands around that array; an object inside a record belongs to it.
 */
#include "adapter/list/part.h"

/* --- members -------------------------------------------------------------------------------- */

static struct span raw_name(struct json string)
{
    return (struct span){string.raw.p + 1, string.raw.n - 2};
}

static void add_members(struct json object, struct span outer, struct columns *out)
{
    struct json name, value;
    for (size_t at = 0; json_next(object, &at, &name, &value);) {
        struct span text = raw_name(name);
        bool usable = text.n <= LIST_MEMBER_MAX && span_find(text, '\\') == text.n &&
                      value.type != JSON_OBJECT;
        if (usable && out->count < LIST_COLUMNS_MAX)
            out->at[out->count++] = (struct column){.outer = outer, .name = text};
    }
}

void member_columns(struct json object, struct columns *out)
{
    struct json name, value;
    out->count = 0;
    add_members(object, (struct span){"", 0}, out);
    for (size_t at = 0; json_next(object, &at, &name, &value);)
        if (value.type == JSON_OBJECT && raw_name(name).n <= LIST_MEMBER_MAX)
            add_members(value, raw_name(name), out);
}

struct span string_text(struct json string, char scratch[LIST_CELL_MAX])
{
    struct span inside = raw_name(string);
    if (span_find(inside, '\\') == inside.n)
        return span_cut(inside, inside.n <= LIST_CELL_MAX ? inside.n : 0);
    /* A buffer at its ceiling from birth never asks the heap. */
    struct buf b = {.p = scratch, .capacity = LIST_CELL_MAX, .ceiling = LIST_CELL_MAX};
    return json_string(string, &b) == OK ? buf_span(&b) : (struct span){"", 0};
}

static struct span value_text(struct json value, char scratch[LIST_CELL_MAX])
{
    if (value.type == JSON_STRING)
        return string_text(value, scratch);
    if (value.type == JSON_NULL || value.raw.n > LIST_CELL_MAX)
        return (struct span){"", 0};
    return value.raw;
}

enum status member_text(struct json object, const struct list_field *f, char scratch[LIST_CELL_MAX],
                        struct span *out)
{
    *out = (struct span){"", 0};
    if (!f->present || object.type != JSON_OBJECT)
        return OK;
    struct json value = object;
    enum status s = OK;
    if (f->outer[0])
        s = json_object_find(object, span_of(f->outer), &value);
    if (s == OK && value.type == JSON_OBJECT)
        s = json_object_find(value, span_of(f->member), &value);
    else if (s == OK)
        s = NOT_FOUND;
    if (s == OK)
        *out = value_text(value, scratch);
    return s == NOT_FOUND ? OK : s;
}

/* --- documents ------------------------------------------------------------------------------ */

enum { LEVELS_MAX = 64 };

/* Levels deeper than there are bits are counted, but nothing in them is a record. */
static void open_bracket(struct list_nesting *n, bool is_array)
{
    if (n->depth < LEVELS_MAX)
        n->arrays = n->arrays << 1 | (is_array ? 1 : 0);
    n->depth++;
}

static void close_bracket(struct list_nesting *n)
{
    if (n->depth == 0)
        return;
    if (n->depth <= LEVELS_MAX)
        n->arrays >>= 1;
    n->depth--;
}

/* Within a string. JSON has no line end there: one ends the string, so that a quote too few does
 * not turn the rest of the document inside out. */
static void step_in_string(struct list_nesting *n, char c)
{
    if (n->escaped)
        n->escaped = false;
    else if (c == '\\')
        n->escaped = true;
    else if (c == '"' || c == '\n')
        n->in_string = false;
}

static void step(struct list_nesting *n, char c)
{
    if (n->in_string)
        step_in_string(n, c);
    else if (c == '"')
        n->in_string = true;
    else if (c == '{' || c == '[')
        open_bracket(n, c == '[');
    else if (c == '}' || c == ']')
        close_bracket(n);
}

static bool starts_record(const struct list_nesting *n, char c, bool strings)
{
    return !n->in_string && n->depth && n->depth <= LEVELS_MAX && (n->arrays & 1) &&
           c == (strings ? '"' : '{');
}

static struct extent text_of(struct span in, size_t bytes)
{
    struct span text = span_cut(in, bytes);
    return (struct extent){
        .bytes = bytes, .text = bytes, .lines = (uint32_t)count_line_ends(text) + 1};
}

/* Does the record that began at depth `floor` go on? */
static bool goes_on(const struct list_nesting *n)
{
    return n->in_string || n->depth > n->floor;
}

static size_t skip_record(struct list_nesting *n, struct span in)
{
    size_t at = 0;
    do
        step(n, in.p[at++]);
    while (at < in.n && goes_on(n));
    return at;
}

void document_begin_skip(struct list_nesting *n, struct span in)
{
    n->floor = n->depth;
    (void)skip_record(n, in);
}

size_t document_skip(struct list_nesting *n, struct span in, bool *ended)
{
    size_t bytes = skip_record(n, in);
    *ended = !goes_on(n);
    return bytes;
}

struct extent document_extent(struct list_nesting *n, struct span in, bool strings, bool at_end,
                              bool *is_record)
{
    *is_record = in.n && starts_record(n, in.p[0], strings);
    if (!*is_record) {
        size_t at = 0;
        while (at < in.n && !starts_record(n, in.p[at], strings))
            step(n, in.p[at++]);
        return text_of(in, at);
    }
    struct list_nesting inner = *n;
    inner.floor = n->depth;
    struct extent e = text_of(in, skip_record(&inner, in));
    if (goes_on(&inner) && !at_end)
        return (struct extent){0};
    if (goes_on(&inner))
        (void)refuse(&e.why, "document ends inside a record", e.bytes);
    return e;
}
