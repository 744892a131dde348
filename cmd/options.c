/* cmd/options.c: options of a verb, in any order among its operands. `--` ends them. */
#include "cmd/cmd.h"

#include <stdio.h>

/* The option that `arg` names, and the value glued to it (`--scope=X`, `-sX`) if any. */
static const struct option_spec *find_option(const struct option_spec *specs, size_t n,
                                             const char *arg, const char **glued)
{
    *glued = NULL;
    for (size_t i = 0; i < n; i++) {
        const struct option_spec *spec = &specs[i];
        size_t length = strlen(spec->word);
        if (arg[1] == '-' && strncmp(arg + 2, spec->word, length) == 0 &&
            (arg[2 + length] == '\0' || arg[2 + length] == '=')) {
            *glued = arg[2 + length] ? arg + 2 + length + 1 : NULL;
            return spec;
        }
        if (spec->letter && arg[1] == spec->letter) {
            *glued = arg[2] ? arg + 2 : NULL;
            return spec;
        }
    }
    return NULL;
}

/* A phone number in international form or `-` is an operand, whatever it starts with. */
static bool is_operand(const char *arg)
{
    return arg[0] != '-' || arg[1] == '\0';
}

static enum options_result take_option(const struct verb *verb, const struct option_spec *specs,
                                       size_t n, int argc, char **argv, int *at)
{
    const char *glued;
    const struct option_spec *spec = find_option(specs, n, argv[*at], &glued);
    if (!spec) {
        say("%s: %s is no option here; see optout %s --help", verb->name, argv[*at], verb->name);
        return OPTIONS_BAD;
    }
    if (spec->flag) {
        if (glued) {
            say("%s: --%s takes no value", verb->name, spec->word);
            return OPTIONS_BAD;
        }
        *spec->flag = true;
        return OPTIONS_OK;
    }
    if (!glued && *at + 1 >= argc) {
        say("%s: --%s needs a value", verb->name, spec->word);
        return OPTIONS_BAD;
    }
    *spec->value = glued ? glued : argv[++*at];
    return OPTIONS_OK;
}

enum options_result options_read(struct context *c, const struct verb *verb,
                                 const struct option_spec *specs, size_t n, int argc, char **argv,
                                 int *operands)
{
    bool help = false, version = false, ended = false;
    const struct option_spec common[] = {{"data", 0, &c->data_dir, NULL},
                                         {"json", 0, NULL, &c->json},
                                         {"help", 'h', NULL, &help},
                                         {"version", 'V', NULL, &version}};
    enum { COMMON = sizeof common / sizeof common[0], SPECS_MAX = 16 };
    struct option_spec all[SPECS_MAX];
    INVARIANT(n + COMMON <= SPECS_MAX);
    for (size_t i = 0; i < n + COMMON; i++)
        all[i] = i < n ? specs[i] : common[i - n];
    *operands = 0;
    for (int at = 0; at < argc; at++) {
        if (!ended && strcmp(argv[at], "--") == 0) {
            ended = true;
        } else if (ended || is_operand(argv[at])) {
            argv[(*operands)++] = argv[at];
        } else {
            enum options_result r = take_option(verb, all, n + COMMON, argc, argv, &at);
            if (r != OPTIONS_OK)
                return r;
        }
    }
    return version ? OPTIONS_VERSION : help ? OPTIONS_HELP : OPTIONS_OK;
}

enum exit_code options_exit(const struct verb *verb, enum options_result r)
{
    if (r == OPTIONS_BAD)
        return EXIT_BAD_INPUT;
    if (r == OPTIONS_VERSION) {
        out_version();
        return EXIT_DONE;
    }
    out_printf("usage: optout [--data DIR] [--json] %s\n\n%s. See man optout-%s.\n", verb->usage,
               verb->summary, verb->name);
    return EXIT_DONE;
}
