/* src/address/mailbox.c: see mailbox.h.
 *
 * One pass over the tokens of RFC 5322: quoted strings, comments and angle brackets are stepped
 * over whole, so that a comma or bracket inside of them separates nothing.
 */
#include "address/mailbox.h"
#include "address/unicode.h"

enum status piece_refuse(const struct piece *p, const char *what, size_t at, struct refusal *why)
{
    return refuse(why, what, p->rewritten ? p->offset : p->offset + at);
}

void piece_cut(struct piece *p, size_t from, size_t to)
{
    p->text = (struct span){p->text.p + from, to - from};
    if (!p->rewritten)
        p->offset += from;
}

void piece_trim(struct piece *p)
{
    struct span trimmed = text_trim(p->text);
    size_t from = (size_t)(trimmed.p - p->text.p);
    piece_cut(p, from, from + trimmed.n);
}

/* The end of the quoted string that starts at `at`, or 0 when it has none. */
static size_t quoted_end(struct span s, size_t at)
{
    for (size_t i = at + 1; i < s.n; i++) {
        if (s.p[i] == '"')
            return i + 1;
        if (s.p[i] == '\\')
            i++;
    }
    return 0;
}

/* Comments nest. */
static size_t comment_end(struct span s, size_t at)
{
    size_t depth = 0;
    for (size_t i = at; i < s.n; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '(')
            depth++;
        else if (s.p[i] == ')' && --depth == 0)
            return i + 1;
    }
    return 0;
}

static size_t angle_end(struct span s, size_t at)
{
    for (size_t i = at + 1; i < s.n;) {
        if (s.p[i] == '>')
            return i + 1;
        i = s.p[i] == '"' ? quoted_end(s, i) : i + 1;
        if (i == 0)
            return 0;
    }
    return 0;
}

static size_t token_end(struct span s, size_t at)
{
    switch (s.p[at]) {
    case '"':
        return quoted_end(s, at);
    case '(':
        return comment_end(s, at);
    case '<':
        return angle_end(s, at);
    default:
        return at + 1;
    }
}

/* What the pass has met so far, as byte positions. */
struct marks {
    bool words, angle, at_sign;
    size_t words_from, words_to; /* first to last token that is neither blank nor comment */
    size_t angle_from, angle_to; /* what stands between the brackets */
};

/* Why the token that starts with `c` may not follow what is marked, or NULL. */
static const char *misplaced(const struct marks *m, char c)
{
    bool separator = c == ',' || c == ';';
    if ((m->angle && (separator || c == '<')) || (m->at_sign && separator))
        return "more than one address";
    if (m->angle)
        return "text behind the address";
    if (c == ':' && !m->at_sign)
        return "a group of addresses";
    return NULL;
}

static void mark(struct marks *m, char c, size_t from, size_t to)
{
    if (!m->words)
        m->words_from = from;
    m->words = true;
    m->words_to = to;
    m->at_sign = m->at_sign || c == '@';
    if (c == '<') {
        m->angle = true;
        m->angle_from = from + 1;
        m->angle_to = to - 1;
    }
}

enum status mailbox_find(struct piece *p, struct refusal *why)
{
    struct marks m = {0};
    for (size_t at = 0, end; at < p->text.n; at = end) {
        char c = p->text.p[at];
        end = token_end(p->text, at);
        if (end == 0)
            return piece_refuse(p, "a quote, parenthesis or angle bracket that is not closed", at,
                                why);
        if (c == '(' || ascii_is_blank(c))
            continue;
        const char *fault = misplaced(&m, c);
        if (fault)
            return piece_refuse(p, fault, at, why);
        mark(&m, c, at, end);
    }
    if (m.angle)
        piece_cut(p, m.angle_from, m.angle_to);
    else
        piece_cut(p, m.words_from, m.words_to);
    return OK;
}

bool mailto_starts(struct span text)
{
    return span_starts_fold(text, SPAN("mailto:"));
}

enum status mailto_decode(struct piece *p, char room[ADDRESS_INPUT_MAX], struct refusal *why)
{
    INVARIANT(p->text.n <= ADDRESS_INPUT_MAX);
    piece_cut(p, SPAN("mailto:").n, p->text.n);
    piece_cut(p, 0, span_find(span_cut(p->text, span_find(p->text, '#')), '?'));
    size_t n = 0;
    for (size_t at = 0; at < p->text.n; at++, n++) {
        room[n] = p->text.p[at];
        if (room[n] == ',')
            return piece_refuse(p, "more than one address", at, why);
        if (room[n] != '%')
            continue;
        uint8_t byte;
        if (!hex_decode(span_cut(span_from(p->text, at + 1), 2), &byte, 1))
            return piece_refuse(p, "a percent sign without two hex digits", at, why);
        room[n] = (char)byte;
        at += 2;
    }
    *p = (struct piece){{room, n}, p->offset, true};
    struct refusal bad;
    return text_check(p->text, &bad) == OK ? OK : piece_refuse(p, bad.what, 0, why);
}
