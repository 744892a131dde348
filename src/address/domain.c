/* src/address/domain.c: see domain.h.
 *
 * Decided to the person's side, since an opt-out must be recordable for every domain that mail
 * may reach: underscores are let pass, and so are single labels (`localhost`, internal hosts).
 * A label that is ASCII stays what it is, be it `xn--` with broken Punycode: that is the name the
 * DNS knows, and a valid A-label already is the normal form of its U-label.
 */
#include "address/domain.h"
#include "address/idn.h"
#include "address/unicode.h"

#include <arpa/inet.h>

/* What each byte becomes in a domain; zero: it has no place there. */
static const char host_char[256] = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                   "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                   "\0\0\0\0\0\0\0\0\0\0\0\0\0-.\0"
                                   "0123456789\0\0\0\0\0\0"
                                   "\0abcdefghijklmno"
                                   "pqrstuvwxyz\0\0\0\0_"
                                   "\0abcdefghijklmno"
                                   "pqrstuvwxyz\0\0\0\0\0";

static bool label_is_plain(const char *label, size_t n)
{
    return n > 0 && n <= DOMAIN_LABEL_MAX && label[0] != '-' && label[n - 1] != '-';
}

size_t domain_plain(struct span in, char *out)
{
    size_t label = 0;
    for (size_t i = 0; i < in.n; i++) {
        out[i] = host_char[(unsigned char)in.p[i]];
        if (out[i] == '\0')
            return 0;
        if (out[i] == '.') {
            if (!label_is_plain(out + label, i - label))
                return 0;
            label = i + 1;
        }
    }
    return label_is_plain(out + label, in.n - label) ? in.n : 0;
}

/* Bytes of the label separator at `at`: a full stop, or the ideographic one, which NFKC leaves as
 * it is; 0 when there is none. */
static size_t dot_bytes(struct span s, size_t at)
{
    struct span rest = span_from(s, at), ideographic = SPAN("\u3002");
    return span_starts(rest, SPAN(".")) ? 1 : span_starts(rest, ideographic) ? ideographic.n : 0;
}

static const char *ascii_fault(char c)
{
    if (ascii_is_blank(c))
        return "a blank inside the address";
    if (c == '@')
        return "more than one @ sign";
    return (unsigned char)c < ' ' || c == 0x7f ? "a control character"
                                               : "a character that no domain may have";
}

/* Why the code point has no place in a domain, or NULL. Joiners are libidn2's to judge: some
 * scripts need them. */
static const char *point_fault(uint32_t point)
{
    enum { ZWNJ = 0x200c, ZWJ = 0x200d };
    if (point < 0x80)
        return host_char[point] ? NULL : ascii_fault((char)point);
    switch (point_classify(point)) {
    case POINT_BLANK:
        return "a blank inside the address";
    case POINT_CONTROL:
        return "a control character";
    case POINT_INVISIBLE:
        return point == ZWNJ || point == ZWJ ? NULL : "an invisible character inside the address";
    default:
        return NULL;
    }
}

/* The end of the label that starts at `from`; refused when a character has no place in it. */
static enum status label_end(const struct piece *p, size_t from, size_t *to, struct refusal *why)
{
    size_t at = from;
    while (at < p->text.n && dot_bytes(p->text, at) == 0) {
        size_t start = at;
        const char *fault = point_fault(utf8_next(p->text, &at));
        if (fault)
            return piece_refuse(p, fault, start, why);
    }
    *to = at;
    return OK;
}

/* Writes the label in lower case and ASCII, with a zero behind it. NULL, or why not. */
static const char *label_encode(struct span label, char out[DOMAIN_LABEL_MAX + 1])
{
    if (label.n == 0)
        return "an empty domain label";
    if (!text_is_ascii(label)) {
        const char *fault = idn_label(label, out);
        if (fault)
            return fault;
        label = span_of(out);
    }
    if (label.n > DOMAIN_LABEL_MAX)
        return "a domain label longer than 63 bytes";
    for (size_t i = 0; i < label.n; i++) {
        out[i] = host_char[(unsigned char)label.p[i]];
        if (out[i] == '\0' || out[i] == '.')
            return "a domain label that international domain names do not allow";
    }
    out[label.n] = '\0';
    return label_is_plain(out, label.n) ? NULL : "a hyphen at an end of a domain label";
}

static enum status name_parse(const struct piece *p, char out[EMAIL_DOMAIN_MAX], size_t *n,
                              struct refusal *why)
{
    size_t at = 0, to = 0;
    *n = 0;
    do {
        char label[DOMAIN_LABEL_MAX + 1];
        enum status s = label_end(p, at, &to, why);
        if (s != OK)
            return s;
        const char *fault = label_encode((struct span){p->text.p + at, to - at}, label);
        if (fault)
            return piece_refuse(p, fault, at, why);
        size_t bytes = strlen(label), dot = *n > 0;
        if (*n + dot + bytes > EMAIL_DOMAIN_MAX)
            return piece_refuse(p, "a domain longer than 253 bytes", at, why);
        if (dot)
            out[(*n)++] = '.';
        memcpy(out + *n, label, bytes);
        *n += bytes;
        at = to + dot_bytes(p->text, to);
    } while (at < p->text.n); /* so the root's dot at the end falls away */
    return OK;
}

/* `[192.0.2.1]` or `[ipv6:2001:db8::1]` (RFC 5321 section 4.1.3), the address in the one form
 * that inet_ntop gives it. */
static enum status literal_parse(const struct piece *p, char out[EMAIL_DOMAIN_MAX], size_t *n,
                                 struct refusal *why)
{
    static const char wrong[] = "an address literal that is no IP address";
    const struct span tag = SPAN("[ipv6:");
    bool v6 = span_starts_fold(p->text, tag);
    size_t head = v6 ? tag.n : 1;
    struct span body = span_from(p->text, head);
    char text[INET6_ADDRSTRLEN] = "";
    unsigned char address[sizeof(struct in6_addr)];
    if (body.n == 0 || body.n > sizeof text || body.p[body.n - 1] != ']')
        return piece_refuse(p, wrong, 0, why);
    memcpy(text, body.p, body.n - 1);
    int family = v6 ? AF_INET6 : AF_INET;
    if (inet_pton(family, text, address) != 1 || !inet_ntop(family, address, text, sizeof text))
        return piece_refuse(p, wrong, head, why);
    size_t bytes = strlen(text);
    memcpy(out, tag.p, head);
    memcpy(out + head, text, bytes);
    out[head + bytes] = ']';
    *n = head + bytes + 1;
    return OK;
}

enum status domain_parse(const struct piece *p, char out[EMAIL_DOMAIN_MAX], size_t *n,
                         struct refusal *why)
{
    if (p->text.n == 0)
        return piece_refuse(p, "an empty domain", 0, why);
    return p->text.p[0] == '[' ? literal_parse(p, out, n, why) : name_parse(p, out, n, why);
}
