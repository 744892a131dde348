/* cmd/main.c: the program `optout`: finds the verb and runs it. */
#include "cmd/cmd.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static const struct verb *const verbs[] = {
    &verb_record, &verb_check,   &verb_scrub, &verb_import,  &verb_export, &verb_why, &verb_forget,
    &verb_verify, &verb_receipt, &verb_log,   &verb_witness, &verb_key,    &verb_ads,
};
enum { VERB_COUNT = sizeof verbs / sizeof verbs[0] };

static void print_help(void)
{
    out_printf("usage: optout [--data DIR] [--json] VERB …\n\n"
               "One place for every opt-out: recorded with proof, answered at once.\n\n");
    for (size_t i = 0; i < VERB_COUNT; i++)
        out_printf("  %-8s %s\n", verbs[i]->name, verbs[i]->summary);
    out_printf("\n  --data DIR   the data directory (default $OPTOUT_DATA, then ./optout-data)\n"
               "  --json       one JSON object a line on stdout\n"
               "  --version    what this is\n\n"
               "`optout VERB --help` tells more; so do `man optout` and `man optout-VERB`.\n"
               "Exit codes: 0 done, 1 the answer is no, 2 bad usage or input, 3 the machine could"
               " not.\n");
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (strcmp(verbs[i]->name, name) == 0)
            return verbs[i];
    return NULL;
}

/* The options before the verb. Returns the index of the verb, or -1 with the code to exit with. */
static int read_global(struct context *c, int argc, char **argv, enum exit_code *code)
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        struct span word = span_of(argv[i]);
        if (span_eq(word, SPAN("--json"))) {
            c->json = true;
        } else if (span_starts(word, SPAN("--data="))) {
            c->data_dir = argv[i] + strlen("--data=");
        } else if (span_eq(word, SPAN("--data")) && i + 1 < argc) {
            c->data_dir = argv[++i];
        } else if (span_eq(word, SPAN("--version")) || span_eq(word, SPAN("-V"))) {
            out_version();
            *code = EXIT_DONE;
            return -1;
        } else if (span_eq(word, SPAN("--help")) || span_eq(word, SPAN("-h"))) {
            print_help();
            *code = EXIT_DONE;
            return -1;
        } else {
            say("%s is no option here; see optout --help", argv[i]);
            *code = EXIT_BAD_INPUT;
            return -1;
        }
    }
    if (i < argc)
        return i;
    say("a verb is missing; see optout --help");
    *code = EXIT_BAD_INPUT;
    return -1;
}

int main(int argc, char **argv)
{
    enum exit_code code = EXIT_BAD_INPUT;
    const char *from_environment = getenv("OPTOUT_DATA");
    struct context c = {.data_dir = from_environment && from_environment[0] ? from_environment
                                                                            : "./optout-data"};
    /* A reader of ours that has gone (`| head`) is a failed write, not a reason to die. */
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* nor is a file that may not grow */
    (void)umask(077);
    int at = read_global(&c, argc, argv, &code);
    if (at < 0)
        return out_finish(code);
    if (strcmp(argv[at], "help") == 0) {
        print_help();
        return out_finish(EXIT_DONE);
    }
    const struct verb *verb = find_verb(argv[at]);
    if (!verb) {
        say("there is no verb %s; see optout --help", argv[at]);
        return EXIT_BAD_INPUT;
    }
    return out_finish(verb->run(&c, argc - at - 1, argv + at + 1));
}
