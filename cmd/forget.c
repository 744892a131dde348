/* cmd/forget.c: optout forget: erases what is personal; the opt-out goes on being honoured. */
#include "cmd/cmd.h"

static enum exit_code forget(const struct context *c, struct authority *a, const char *text)
{
    struct taken t = {.text = span_of(text)};
    struct problem problem = {{0}};
    uint64_t erased;
    if (address_parse(t.text, authority_address_options(a), &t.address, &t.why) != OK) {
        say_unreadable(&t);
        return EXIT_BAD_INPUT;
    }
    enum status s = authority_forget(a, &t.address, &erased, &problem);
    if (s != OK)
        return say_problem(s, &problem);
    if (erased)
        publish(a);
    if (c->json)
        out_printf("{\"erased\":%llu}\n", (unsigned long long)erased);
    else if (erased)
        out_printf("erased %llu events; what they said goes on being honoured\n",
                   (unsigned long long)erased);
    else
        out_printf("nothing is known of this address\n");
    return EXIT_DONE;
}

static enum exit_code run(struct context *c, int argc, char **argv)
{
    int n;
    struct authority *a;
    enum options_result o = options_read(c, &verb_forget, NULL, 0, argc, argv, &n);
    if (o != OPTIONS_OK)
        return options_exit(&verb_forget, o);
    if (n != 1) {
        say("forget: name one address");
        return EXIT_BAD_INPUT;
    }
    enum exit_code code;
    if (open_data(c, AUTHORITY_READ, &a, &code) != OK)
        return code;
    code = forget(c, a, argv[0]);
    authority_close(a);
    return code;
}

const struct verb verb_forget = {"forget", "forget ADDRESS",
                                 "erases what is personal; the opt-out stays in force", run};
