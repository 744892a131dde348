#include "cmd/answer.h"

#include <stdio.h>

enum { CLAUSES_MAX = 32 };

enum status answer_read_country(const char *country)
{
    if (!country || (ascii_is_alpha(country[0]) && ascii_is_alpha(country[1]) && !country[2]))
        return OK;
    say("--country %s: it is an ISO 3166 code of two letters, as US", country);
    return REFUSED;
}

static void country_of(const struct authority *a, const struct taken *t, const char *given,
                       char out[3])
{
    const char *code = given ? given : t->readable ? phone_country(&t->address) : "";
    if (!code[0] && a)
        code = config_default_country(authority_config(a));
    (void)snprintf(out, 3, "%s", code);
    for (char *c = out; *c; c++)
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
}

static void add_law(struct buf *out, enum channel channel, const char *country)
{
    const struct law_clause *clauses[CLAUSES_MAX];
    size_t n = law_applicable(channel, country, clock_now_us(), clauses, CLAUSES_MAX);
    for (size_t i = 0; i < n && i < CLAUSES_MAX; i++) {
        (void)buf_add_text(out, i ? "," : "");
        (void)json_add_string(out, span_of(clauses[i]->id));
    }
}

void answer_add_json(struct buf *out, const struct authority *a, const struct taken *t,
                     const struct explanation *x, const char *given_country)
{
    char text[ADDRESS_TEXT_MAX + 8], scope[SCOPE_BYTES], since[RFC3339_BYTES], country[3];
    (void)buf_add_text(out, "{\"address\":");
    if (t->readable) {
        address_print(&t->address, text);
        (void)json_add_string(out, span_of(text));
    } else {
        (void)json_add_string(out, t->text);
    }
    scope_format(&x->scope, scope);
    (void)buf_printf(out, ",\"scope\":\"%s\",\"verdict\":\"%s\",\"reason\":\"%s\"", scope,
                     verdict_word(x->reason), reason_word(x->reason));
    if (x->event) {
        rfc3339_format(x->since_us, since);
        (void)buf_printf(out, ",\"event\":%llu,\"since\":\"%s\"", (unsigned long long)x->event,
                         since);
    } else {
        (void)buf_add_text(out, ",\"event\":null,\"since\":null");
    }
    (void)buf_add_text(out, ",\"law\":[");
    country_of(a, t, given_country, country);
    if (!reason_allows(x->reason) && country[0])
        add_law(out, x->scope.channel, country);
    (void)buf_add_text(out, "]}\n");
}
