/* cmd/why.c: optout why: the verdict, and every event behind it with its proof. */
#include "cmd/answer.h"
#include "cmd/cmd.h"

struct telling {
    const struct context *c;
    uint64_t events;
};

static void print_event_json(const struct told_event *e)
{
    struct buf *out = out_buf();
    char scope[SCOPE_BYTES], at[RFC3339_BYTES], recorded[RFC3339_BYTES];
    scope_format(&e->scope, scope);
    rfc3339_format(e->at_us, at);
    rfc3339_format(e->recorded_us, recorded);
    (void)buf_printf(out,
                     "{\"event\":%llu,\"kind\":\"%s\",\"scope\":\"%s\",\"at\":\"%s\","
                     "\"recorded\":\"%s\",\"source\":",
                     (unsigned long long)e->seq, event_kind_word(e->kind), scope, at, recorded);
    (void)json_add_string(out, e->source);
    (void)buf_add_text(out, ",\"proof\":");
    if (e->proof.n)
        (void)json_add_string(out, e->proof);
    else
        (void)buf_add_text(out, "null");
    (void)buf_add_text(out, "}\n");
}

static void print_event_text(const struct told_event *e)
{
    char scope[SCOPE_BYTES], at[RFC3339_BYTES];
    scope_format(&e->scope, scope);
    rfc3339_format(e->at_us, at);
    out_printf("%6llu  %-9s  %-24s  %s  from %.*s", (unsigned long long)e->seq,
               event_kind_word(e->kind), scope, at, SPAN_ARG(e->source));
    if (e->proof.n) {
        out_add(SPAN("  proof: "));
        add_visible(out_buf(), e->proof);
    }
    out_add(SPAN("\n"));
}

static enum status tell_event(void *context, const struct told_event *e)
{
    struct telling *t = context;
    t->events++;
    if (t->c->json)
        print_event_json(e);
    else
        print_event_text(e);
    return OK;
}

static void print_verdict(const struct context *c, const struct authority *a, const struct taken *t,
                          const struct explanation *x, const char *country)
{
    char address[ADDRESS_TEXT_MAX + 8], scope[SCOPE_BYTES], since[RFC3339_BYTES];
    if (c->json) {
        answer_add_json(out_buf(), a, t, x, country);
        return;
    }
    address_print(&t->address, address);
    scope_format(&x->scope, scope);
    out_printf("%s\t%s\t%s\n\n%s asked about %s: ", verdict_word(x->reason), address,
               reason_word(x->reason), address, scope);
    if (x->event) {
        rfc3339_format(x->since_us, since);
        out_printf("%s by event %llu, said %s\n", reason_word(x->reason),
                   (unsigned long long)x->event, since);
    } else {
        out_printf("%s\n", reason_word(x->reason));
    }
}

static enum exit_code tell_why(const struct context *c, struct authority *a,
                               const struct inquiry *q, const struct taken *t, const char *country)
{
    struct explanation x;
    struct telling telling = {.c = c};
    struct problem problem = {{0}};
    enum status s = authority_explain(a, q, &t->address, &x, &problem);
    if (s == OK) {
        print_verdict(c, a, t, &x, country);
        s = authority_history(a, &t->address, tell_event, &telling, &problem);
    }
    if (s == OK && telling.events == 0 && !c->json)
        out_printf("no event is known of this address\n");
    return s == OK ? EXIT_DONE : say_problem(s, &problem);
}

static enum exit_code run(struct context *c, int argc, char **argv)
{
    const char *scope_text = NULL, *country = NULL;
    const struct option_spec specs[] = {{"scope", 's', &scope_text, NULL},
                                        {"country", 0, &country, NULL}};
    int n;
    struct scope scope;
    bool scope_given;
    struct authority *a;
    enum options_result o = options_read(c, &verb_why, specs, 2, argc, argv, &n);
    if (o != OPTIONS_OK)
        return options_exit(&verb_why, o);
    if (n != 1) {
        say("why: name one address");
        return EXIT_BAD_INPUT;
    }
    if (read_scope(scope_text, &scope, &scope_given) != OK || answer_read_country(country) != OK)
        return EXIT_BAD_INPUT;
    enum exit_code code;
    if (open_data(c, AUTHORITY_READ, &a, &code) != OK)
        return code;
    struct taken t = {.text = span_of(argv[0])};
    struct inquiry q = {scope_given ? &scope : NULL, PURPOSE_MARKETING};
    t.readable = address_parse(t.text, authority_address_options(a), &t.address, &t.why) == OK;
    if (t.readable) {
        code = tell_why(c, a, &q, &t, country);
    } else {
        say_unreadable(&t);
        code = EXIT_BAD_INPUT;
    }
    authority_close(a);
    return code;
}

const struct verb verb_why = {"why", "why [-s SCOPE] [--country CC] ADDRESS",
                              "tells the verdict on one address and every event behind it", run};
