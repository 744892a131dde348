/* src/address/email.c: e-mail addresses in one normal form (RFC 5321, 5322, 6068, 6531).
 *
 * Invariant: reading a normalised address gives the same text again.
 *
 * Decided to the person's side, since an opt-out must be recordable for every mailbox that gets
 * mail: dots may stand anywhere in a local part (some networks gave out `jane..doe.@`), and a
 * local part is lower-cased though a host might tell cases apart (none is known to). Quotes that
 * are not needed are dropped, since RFC 5321 section 4.1.2 makes both forms one mailbox; of the
 * backslashes only those before `"` and `\` stay.
 */
#include "address/email.h"
#include "address/domain.h"
#include "address/unicode.h"

/* What each byte becomes in a local part without quotes; zero: it has no place there. */
static const char local_char[256] = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                    "\0!\0#$%&'\0\0*+\0-./"
                                    "0123456789\0\0\0=\0?"
                                    "\0abcdefghijklmno"
                                    "pqrstuvwxyz\0\0\0^_"
                                    "`abcdefghijklmno"
                                    "pqrstuvwxyz{|}~\0";

static void finish(struct address *out, size_t bytes)
{
    out->kind = ADDRESS_EMAIL;
    out->bytes = (uint16_t)bytes;
    out->text[bytes] = '\0';
}

bool email_parse_plain(struct span in, struct address *out)
{
    size_t n = 0;
    in = span_trim(in);
    if (in.n > EMAIL_MAX)
        return false;
    for (char c; n < in.n && (c = local_char[(unsigned char)in.p[n]]) != '\0'; n++)
        out->text[n] = c;
    if (n == 0 || n > EMAIL_LOCAL_MAX || n == in.n || in.p[n] != '@')
        return false;
    out->text[n++] = '@';
    size_t domain = domain_plain(span_from(in, n), out->text + n);
    finish(out, n + domain);
    return domain > 0;
}

/* A local part without its quotes and backslashes. */
struct local {
    char bytes[EMAIL_LOCAL_MAX];
    size_t n;
};

/* Why the code point has no place in a local part, or NULL. */
static const char *point_fault(uint32_t point, bool quoted)
{
    if (point < 0x80 && (quoted ? point == ' ' : local_char[point] != '\0'))
        return NULL;
    switch (point_classify(point)) {
    case POINT_BLANK:
        return quoted && point < 0x80 ? "a control character" : "a blank inside the address";
    case POINT_CONTROL:
        return "a control character";
    case POINT_INVISIBLE:
        return "an invisible character inside the address";
    default:
        return quoted || point >= 0x80 ? NULL
                                       : "a character that only a quoted local part may have";
    }
}

/* Appends the code point at *at and moves behind it. */
static enum status local_add(const struct piece *p, size_t *at, bool quoted, struct local *l,
                             struct refusal *why)
{
    size_t start = *at;
    const char *fault = point_fault(utf8_next(p->text, at), quoted);
    if (!fault && l->n + (*at - start) > EMAIL_LOCAL_MAX)
        fault = "a local part longer than 64 bytes";
    if (fault)
        return piece_refuse(p, fault, start, why);
    while (start < *at)
        l->bytes[l->n++] = ascii_lower(p->text.p[start++]);
    return OK;
}

/* Reads up to the `@`, which is there; *at is moved to it. */
static enum status bare_local(const struct piece *p, size_t *at, struct local *l,
                              struct refusal *why)
{
    enum status s = OK;
    while (s == OK && p->text.p[*at] != '@')
        s = local_add(p, at, false, l, why);
    return s;
}

/* Reads `"…"`, moving *at behind it. A backslash may stand before ASCII alone: dropped before a
 * combining mark, it would leave text that folds once more. */
static enum status quoted_local(const struct piece *p, size_t *at, struct local *l,
                                struct refusal *why)
{
    struct span s = p->text;
    enum status status = OK;
    for (*at = 1; status == OK && *at < s.n && s.p[*at] != '"';) {
        if (s.p[*at] == '\\') {
            ++*at;
            if (*at == s.n || (unsigned char)s.p[*at] >= 0x80)
                return piece_refuse(p, "a backslash before nothing that it may stand before",
                                    *at - 1, why);
        }
        status = local_add(p, at, true, l, why);
    }
    if (status == OK && *at == s.n)
        return piece_refuse(p, "a quote that is not closed", 0, why);
    ++*at;
    return status;
}

static bool needs_quotes(const struct local *l)
{
    for (size_t i = 0; i < l->n; i++) {
        unsigned char c = (unsigned char)l->bytes[i];
        if (c < 0x80 && local_char[c] == '\0')
            return true;
    }
    return false;
}

/* Writes the local part, quoted when it must be, and gives its length: at most twice that of the
 * bytes and two quotes. */
static size_t local_print(const struct local *l, char *out)
{
    if (!needs_quotes(l)) {
        memcpy(out, l->bytes, l->n);
        return l->n;
    }
    size_t n = 0;
    out[n++] = '"';
    for (size_t i = 0; i < l->n; i++) {
        if (l->bytes[i] == '"' || l->bytes[i] == '\\')
            out[n++] = '\\';
        out[n++] = l->bytes[i];
    }
    out[n++] = '"';
    return n;
}

/* Reads what stands before the `@` into out->text; *at is moved behind the `@`, *n is its length
 * there. */
static enum status local_parse(const struct piece *p, size_t *at, struct address *out, size_t *n,
                               struct refusal *why)
{
    _Static_assert(2 * EMAIL_LOCAL_MAX + 2 <= ADDRESS_TEXT_MAX, "any local part can be written");
    struct local l = {.n = 0};
    bool quoted = p->text.p[0] == '"';
    enum status s = (quoted ? quoted_local : bare_local)(p, at, &l, why);
    if (s != OK)
        return s;
    if (*at == p->text.n || p->text.p[*at] != '@')
        return piece_refuse(p, "a quoted local part without an @ sign behind it", *at, why);
    if (l.n == 0)
        return piece_refuse(p, "an empty local part", 0, why);
    *n = local_print(&l, out->text);
    ++*at;
    return *n <= EMAIL_LOCAL_MAX ? OK
                                 : piece_refuse(p, "a local part longer than 64 bytes", 0, why);
}

/* Reads an addr-spec: `local@domain`. */
static enum status spec_parse(const struct piece *p, struct address *out, struct refusal *why)
{
    size_t at = 0, local = 0, domain = 0;
    if (p->text.n == 0)
        return piece_refuse(p, "an empty address", 0, why);
    if (span_find(p->text, '@') == p->text.n)
        return piece_refuse(p, "an e-mail address without an @ sign", 0, why);
    enum status s = local_parse(p, &at, out, &local, why);
    if (s != OK)
        return s;
    struct piece host = *p;
    char name[EMAIL_DOMAIN_MAX];
    piece_cut(&host, at, p->text.n);
    s = domain_parse(&host, name, &domain, why);
    if (s != OK)
        return s;
    if (local + 1 + domain > EMAIL_MAX)
        return piece_refuse(p, "an e-mail address longer than 254 bytes", 0, why);
    out->text[local] = '@';
    memcpy(out->text + local + 1, name, domain);
    finish(out, local + 1 + domain);
    return OK;
}

/* Narrows `p` to the addr-spec, out of a display-name form or a mailto URI. */
static enum status spec_find(struct piece *p, char decoded[ADDRESS_INPUT_MAX], struct refusal *why)
{
    enum status s = OK;
    piece_trim(p);
    if (!mailto_starts(p->text)) {
        s = mailbox_find(p, why);
        piece_trim(p);
    }
    if (s == OK && mailto_starts(p->text)) {
        s = mailto_decode(p, decoded, why);
        piece_trim(p);
    }
    return s;
}

/* Reads any of the forms that people write. The form is looked for before folding, since display
 * names may well have full-width brackets and `@`; then once more, for who wrote the brackets of
 * the address itself in full width. */
static enum status written_parse(struct span in, struct address *out, struct refusal *why)
{
    char decoded[ADDRESS_INPUT_MAX];
    struct fold_room room;
    struct piece p = {.text = in};
    enum status s = text_check(in, why);
    if (s == OK)
        s = spec_find(&p, decoded, why);
    if (s == OK && !text_is_ascii(p.text)) {
        if (text_fold(p.text, &room, &p.text) != OK)
            return piece_refuse(&p, "longer than an address may be once folded", 0, why);
        p.rewritten = true;
        s = mailbox_find(&p, why);
        piece_trim(&p);
    }
    return s == OK ? spec_parse(&p, out, why) : s;
}

enum status email_parse(struct span in, struct address *out, struct refusal *why)
{
    return email_parse_plain(in, out) ? OK : written_parse(in, out, why);
}
