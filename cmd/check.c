/* cmd/check.c: optout check: may these be contacted? */
#include "cmd/answer.h"
#include "cmd/cmd.h"

struct checking {
    const struct context *c;
    struct authority *authority; /* NULL: it could not be opened, and every answer is deny */
    struct inquiry inquiry;
    const char *country;
    uint64_t read, denied, unreadable;
    struct address *who;
    enum reason *reasons;
    enum status failed;
    struct problem problem;
};

static void print_text(const struct taken *t, enum reason r)
{
    char address[ADDRESS_TEXT_MAX + 8];
    out_printf("%s\t", verdict_word(r));
    if (t->readable) {
        address_print(&t->address, address);
        out_add(span_of(address));
    } else {
        add_visible(out_buf(), t->text);
    }
    out_printf("\t%s\n", reason_word(r));
}

/* The full answer, with the event behind it. */
static void print_json(struct checking *k, const struct taken *t, enum reason r)
{
    struct explanation x = {.reason = r};
    if (k->inquiry.scope)
        x.scope = *k->inquiry.scope;
    else if (t->readable)
        x.scope = scope_of_address(&t->address);
    if (t->readable && k->authority && r != REASON_STALE) {
        enum status s = authority_explain(k->authority, &k->inquiry, &t->address, &x, &k->problem);
        k->failed = s != OK ? s : k->failed;
    }
    answer_add_json(out_buf(), k->authority, t, &x, k->country);
    out_flush(false);
}

static void ask(struct checking *k, struct taken *group, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (group[i].readable)
            k->who[count++] = group[i].address;
    for (size_t i = 0; i < count; i++)
        k->reasons[i] = REASON_STALE;
    if (!k->authority)
        return;
    enum status s =
        authority_ask(k->authority, &k->inquiry, k->who, count, k->reasons, &k->problem);
    k->failed = s != OK ? s : k->failed;
}

static enum status check_group(void *context, struct taken *group, size_t n)
{
    struct checking *k = context;
    ask(k, group, n);
    k->read += n;
    for (size_t i = 0, at = 0; i < n; i++) {
        enum reason r = group[i].readable ? k->reasons[at++] : REASON_UNREADABLE;
        if (r == REASON_UNREADABLE) {
            say_unreadable(&group[i]);
            k->unreadable++;
        }
        k->denied += !reason_allows(r);
        if (k->c->json)
            print_json(k, &group[i], r);
        else
            print_text(&group[i], r);
    }
    out_flush(true);
    return OK;
}

static enum exit_code run_checking(struct checking *k, int count, char **operands)
{
    struct addresses from = {k->authority, count, operands,
                             count == 1 && strcmp(operands[0], "-") == 0};
    k->who = mem_new(TAKEN_GROUP, sizeof *k->who);
    k->reasons = mem_new(TAKEN_GROUP, sizeof *k->reasons);
    enum status s = k->who && k->reasons ? addresses_each(&from, check_group, k) : NO_MEMORY;
    mem_free(k->who);
    mem_free(k->reasons);
    if (s == OK)
        s = k->failed;
    if (s != OK)
        return say_problem(s, &k->problem);
    if (k->read && k->unreadable == k->read)
        return EXIT_BAD_INPUT;
    return k->denied ? EXIT_NO : EXIT_DONE;
}

static enum status read_question(const char *purpose, const char *country, struct checking *k)
{
    if (strcmp(purpose, "service") == 0) {
        k->inquiry.purpose = PURPOSE_SERVICE;
    } else if (strcmp(purpose, "marketing") != 0) {
        say("--purpose %s: it is marketing or service", purpose);
        return REFUSED;
    }
    return answer_read_country(country);
}

static enum exit_code run(struct context *c, int argc, char **argv)
{
    const char *scope_text = NULL, *purpose = "marketing", *country = NULL;
    const struct option_spec specs[] = {{"scope", 's', &scope_text, NULL},
                                        {"purpose", 0, &purpose, NULL},
                                        {"country", 0, &country, NULL}};
    int n;
    struct scope scope;
    bool scope_given;
    struct checking k = {.c = c};
    enum options_result o = options_read(c, &verb_check, specs, 3, argc, argv, &n);
    if (o != OPTIONS_OK)
        return options_exit(&verb_check, o);
    if (n < 1) {
        say("check: name at least one address, or - for lines on stdin");
        return EXIT_BAD_INPUT;
    }
    if (read_question(purpose, country, &k) != OK ||
        read_scope(scope_text, &scope, &scope_given) != OK)
        return EXIT_BAD_INPUT;
    k.country = country;
    k.inquiry.scope = scope_given ? &scope : NULL;
    enum exit_code opened = EXIT_DONE;
    if (open_data(c, AUTHORITY_READ, &k.authority, &opened) != OK)
        k.authority = NULL; /* what cannot be answered is denied, in print as well */
    enum exit_code code = run_checking(&k, n, argv);
    authority_close(k.authority);
    return opened != EXIT_DONE ? opened : code;
}

const struct verb verb_check = {
    "check", "check [-s SCOPE] [--purpose marketing|service] [--country CC] ADDRESS…|-",
    "says for each address whether it may be contacted, and why", run};
