/* cmd/verify.c: optout verify: an audit of the whole ledger. */
#include "cmd/cmd.h"

static void show(void *context, uint64_t done, uint64_t total)
{
    struct progress *p = context;
    p->total = total;
    progress_show(p, done, done);
}

static enum exit_code audit(const struct context *c, struct authority *a)
{
    struct audit audit;
    struct progress progress;
    struct problem problem = {{0}};
    progress_start(&progress, "verify", 0);
    enum status s = authority_audit(a, show, &progress, &audit, &problem);
    progress_end(&progress);
    if (s == DAMAGED) {
        say("%s", problem.text);
        return EXIT_NO;
    }
    if (s != OK)
        return say_problem(s, &problem);
    if (c->json)
        out_printf("{\"ok\":true,\"events\":%llu,\"erased\":%llu}\n",
                   (unsigned long long)audit.events, (unsigned long long)audit.erased);
    else
        out_printf("ok %llu events\n", (unsigned long long)audit.events);
    return EXIT_DONE;
}

static enum exit_code run(struct context *c, int argc, char **argv)
{
    int n;
    struct authority *a;
    enum options_result o = options_read(c, &verb_verify, NULL, 0, argc, argv, &n);
    if (o != OPTIONS_OK)
        return options_exit(&verb_verify, o);
    if (n != 0) {
        say("verify takes no operands");
        return EXIT_BAD_INPUT;
    }
    enum exit_code code;
    if (open_data(c, AUTHORITY_READ, &a, &code) != OK)
        return code;
    code = audit(c, a);
    authority_close(a);
    return code;
}

const struct verb verb_verify = {"verify", "verify",
                                 "audits the whole ledger and the lookup", run};
