/* cmd/log.c: optout log: the public log, its key, its checkpoint, and its dealings with witnesses.
 */
#include "cmd/cmd.h"

enum { REQUEST_BYTES_MAX = NOTE_BYTES_MAX + 8192 };

static enum exit_code print_key(struct authority *a)
{
    char key[NOTE_KEY_TEXT_BYTES];
    struct problem problem = {{0}};
    enum status s = authority_log_key(a, key, &problem);
    if (s != OK)
        return say_problem(s, &problem);
    out_printf("%s\n", key);
    return EXIT_DONE;
}

static enum exit_code print_checkpoint(struct authority *a)
{
    struct problem problem = {{0}};
    enum status s = authority_checkpoint(a, out_buf(), &problem);
    return s == OK ? EXIT_DONE : say_problem(s, &problem);
}

static enum exit_code print_request(struct authority *a, const char *old_text)
{
    uint64_t old = 0;
    struct problem problem = {{0}};
    if (old_text && span_to_u64(span_of(old_text), &old) != OK) {
        say("log request: --old %s is no size", old_text);
        return EXIT_BAD_INPUT;
    }
    enum status s = authority_witness_request(a, old, out_buf(), &problem);
    return s == OK ? EXIT_DONE : say_problem(s, &problem);
}

static enum exit_code add_cosignature(struct authority *a, const char *path)
{
    struct problem problem = {{0}};
    struct buf lines = BUF_INIT(REQUEST_BYTES_MAX);
    enum status s = read_whole(path, &lines, &problem);
    if (s == OK)
        s = authority_add_cosignature(a, buf_span(&lines), &problem);
    buf_free(&lines);
    return s == OK ? EXIT_DONE : say_problem(s, &problem);
}

static enum exit_code restart(struct authority *a)
{
    struct problem problem = {{0}};
    enum status s = authority_log_restart(a, &problem);
    if (s != OK)
        return say_problem(s, &problem);
    say("a new log has begun; its first leaf commits to the last checkpoint of the old one, which "
        "is kept aside");
    return print_key(a);
}

static enum exit_code act(struct authority *a, int n, char **argv, const char *old)
{
    if (n == 1 && strcmp(argv[0], "key") == 0)
        return print_key(a);
    if (n == 1 && strcmp(argv[0], "checkpoint") == 0)
        return print_checkpoint(a);
    if (n == 1 && strcmp(argv[0], "request") == 0)
        return print_request(a, old);
    if (n == 2 && strcmp(argv[0], "cosign") == 0)
        return add_cosignature(a, argv[1]);
    if (n == 1 && strcmp(argv[0], "restart") == 0)
        return restart(a);
    say("log: write log key, log checkpoint, log request, log cosign FILE or log restart");
    return EXIT_BAD_INPUT;
}

static enum exit_code run(struct context *c, int argc, char **argv)
{
    const char *old = NULL;
    const struct option_spec specs[] = {{"old", 0, &old, NULL}};
    int n;
    struct authority *a;
    enum options_result o = options_read(c, &verb_log, specs, 1, argc, argv, &n);
    if (o != OPTIONS_OK)
        return options_exit(&verb_log, o);
    enum exit_code code;
    if (open_data(c, AUTHORITY_READ, &a, &code) != OK)
        return code;
    code = act(a, n, argv, old);
    authority_close(a);
    return code;
}

const struct verb verb_log = {
    "log", "log key | log checkpoint | log request [--old SIZE] | log cosign FILE|- | log restart",
    "the public log: its key and checkpoint, requests to witnesses", run};
