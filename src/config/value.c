/* src/config/value.c: the checks of values. See value.h. */
#include "config/value.h"

#include <arpa/inet.h>
#include <stdio.h>

bool has_control(struct span s)
{
    for (size_t at = 0; at < s.n;) {
        uint32_t c = utf8_next(s, &at);
        if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029)
            return true;
    }
    return false;
}

static void lower(char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        text[i] = ascii_lower(text[i]);
}

const char *check_country(char *value)
{
    if (strlen(value) != 2 || !ascii_is_alpha(value[0]) || !ascii_is_alpha(value[1]))
        return "a country is two letters, as US (ISO 3166)";
    value[0] &= ~0x20;
    value[1] &= ~0x20;
    return NULL;
}

static bool is_one_of(const char *value, const char *const *words)
{
    for (; *words; words++)
        if (span_eq_fold(span_of(value), span_of(*words)))
            return true;
    return false;
}

bool value_is_yes(const char *value)
{
    static const char *const words[] = {"yes", "true", "on", "opt-in", NULL};
    return is_one_of(value, words);
}

const char *check_switch(char *value)
{
    static const char *const words[] = {"yes", "true", "on", "no", "false", "off", NULL};
    return is_one_of(value, words) ? NULL : "this is yes or no";
}

const char *check_consent(char *value)
{
    static const char *const words[] = {"opt-in", "opt-out", NULL};
    return is_one_of(value, words) ? NULL : "consent is opt-in or opt-out";
}

const char *check_title(char *value)
{
    _Static_assert(CONFIG_TITLE_MAX == 200, "the sentence below names it");
    return strlen(value) > CONFIG_TITLE_MAX ? "the text is longer than 200 bytes" : NULL;
}

const char *check_description(char *value)
{
    _Static_assert(CONFIG_DESCRIPTION_MAX == 1000, "the sentence below names it");
    return strlen(value) > CONFIG_DESCRIPTION_MAX ? "the text is longer than 1000 bytes" : NULL;
}

/* --- the base URL ---------------------------------------------------------------------------- */

/* A URL goes into `<...>` of a header and into pages, so that only what RFC 3986 lets stand in an
 * authority or a path is taken. `?`, `#` and `@` are told apart before. */
static bool is_url_char(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || (c && strchr("-._~!$&'()*+,;=:/[]%", c));
}

static bool is_hex(char c)
{
    return ascii_is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f');
}

static const char *check_url_chars(const char *url)
{
    if (strchr(url, '@'))
        return "a base URL has no user name";
    if (strchr(url, '?') || strchr(url, '#'))
        return "a base URL has neither query nor fragment";
    for (const char *p = url; *p; p++) {
        if ((unsigned char)*p >= 0x80)
            return "a base URL is plain ASCII; write the host in its xn-- form";
        if (!is_url_char(*p))
            return "a character that no URL may have";
        if (*p == '%' && !(is_hex(p[1]) && is_hex(p[2])))
            return "a '%' without two hex digits behind it";
    }
    return NULL;
}

static bool is_ipv6(struct span host)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr ignored;
    if (host.n < 3 || host.n - 2 >= sizeof text || host.p[0] != '[' || host.p[host.n - 1] != ']')
        return false;
    (void)snprintf(text, sizeof text, "%.*s", (int)(host.n - 2), host.p + 1);
    return inet_pton(AF_INET6, text, &ignored) == 1;
}

/* Letters, digits and inner hyphens in parts between dots; so is an IPv4 address. */
static bool is_host_name(struct span host)
{
    char before = '.';
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        bool edge = c == '.' || c == '-';
        if (!edge && !ascii_is_alpha(c) && !ascii_is_digit(c))
            return false;
        if ((before == '.' && edge) || (before == '-' && c == '.'))
            return false;
        before = c;
    }
    return host.n > 0 && before != '.' && before != '-';
}

static bool is_port(struct span s)
{
    uint64_t port;
    return span_to_u64(s, &port) == OK && port >= 1 && port <= 65535;
}

/* Splits HOST[:PORT]; the colons of an IPv6 address stand in brackets. */
static const char *check_authority(struct span authority, struct span *host)
{
    size_t end = authority.n && authority.p[0] == '[' ? span_find(authority, ']') + 1
                                                      : span_find(authority, ':');
    *host = span_cut(authority, end);
    if (!is_ipv6(*host) && !is_host_name(*host))
        return "a base URL has a host name or an IP address after its //";
    struct span rest = span_from(authority, end);
    if (rest.n && (rest.p[0] != ':' || !is_port(span_from(rest, 1))))
        return "the port is not a number from 1 to 65535";
    return NULL;
}

static bool is_loopback(struct span host)
{
    return span_eq_fold(host, SPAN("localhost")) || span_eq(host, SPAN("127.0.0.1")) ||
           span_eq(host, SPAN("[::1]"));
}

const char *check_base_url(char *value)
{
    _Static_assert(CONFIG_URL_MAX == 200, "the sentence below names it");
    bool secure = span_starts_fold(span_of(value), SPAN("https://"));
    size_t scheme = secure ? strlen("https://") : strlen("http://");
    if (!secure && !span_starts_fold(span_of(value), SPAN("http://")))
        return "a base URL starts with https://";
    if (strlen(value) > CONFIG_URL_MAX)
        return "a base URL has at most 200 bytes";
    const char *wrong = check_url_chars(value);
    if (wrong)
        return wrong;
    struct span host, authority = {value + scheme, strcspn(value + scheme, "/")};
    wrong = check_authority(authority, &host);
    if (wrong)
        return wrong;
    if (!secure && !is_loopback(host))
        return "http:// is for 127.0.0.1, [::1] and localhost only; write https://";
    lower(value, scheme + authority.n);
    for (size_t n = strlen(value); value[n - 1] == '/'; n--)
        value[n - 1] = '\0';
    return NULL;
}

/* --- language tags --------------------------------------------------------------------------- */

static bool all_of(struct span s, bool (*is)(char))
{
    for (size_t i = 0; i < s.n; i++)
        if (!is(s.p[i]))
            return false;
    return true;
}

/* The subtag at *at, moved behind it and its separator. */
static struct span next_subtag(struct span tag, size_t *at)
{
    struct span rest = span_from(tag, *at);
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '-' && rest.p[n] != '_')
        n++;
    *at += n + 1;
    return span_cut(rest, n);
}

static bool is_region(struct span s)
{
    return (s.n == 2 && all_of(s, ascii_is_alpha)) || (s.n == 3 && all_of(s, ascii_is_digit));
}

bool language_parse(struct span tag, char out[LANGUAGE_BYTES])
{
    size_t at = 0;
    if (tag.n >= LANGUAGE_BYTES)
        return false;
    struct span part = next_subtag(tag, &at);
    if (part.n < 2 || part.n > 3 || !all_of(part, ascii_is_alpha))
        return false;
    if (at <= tag.n) {
        part = next_subtag(tag, &at);
        bool script = part.n == 4 && all_of(part, ascii_is_alpha);
        if (script && at <= tag.n)
            part = next_subtag(tag, &at), script = false;
        if ((!script && !is_region(part)) || at <= tag.n)
            return false;
    }
    for (size_t i = 0; i < tag.n; i++)
        out[i] = tag.p[i] == '_' ? '-' : ascii_lower(tag.p[i]);
    out[tag.n] = '\0';
    return true;
}

bool language_equal(const char *tag, struct span asked)
{
    for (size_t i = 0; i < asked.n; i++)
        if (tag[i] == '\0' || tag[i] != (asked.p[i] == '_' ? '-' : ascii_lower(asked.p[i])))
            return false;
    return tag[asked.n] == '\0';
}
