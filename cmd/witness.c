/* cmd/witness.c: optout witness: cosigns the checkpoints of another installation's log. */
#include "cmd/cmd.h"

enum { REQUEST_BYTES_MAX = NOTE_BYTES_MAX + 8192 };

static enum exit_code print_key(struct authority *a)
{
    char key[NOTE_KEY_TEXT_BYTES];
    struct problem problem = {{0}};
    enum status s = authority_witness_key(a, key, &problem);
    if (s != OK)
        return say_problem(s, &problem);
    out_printf("%s\n", key);
    return EXIT_DONE;
}

static enum exit_code cosign(struct authority *a, const struct note_key *log, const char *path)
{
    uint64_t seen;
    struct problem problem = {{0}};
    struct buf request = BUF_INIT(REQUEST_BYTES_MAX);
    enum status s = read_whole(path, &request, &problem);
    if (s != OK) {
        buf_free(&request);
        return say_problem(s, &problem);
    }
    s = authority_cosign(a, log, buf_span(&request), out_buf(), &seen, &problem);
    buf_free(&request);
    if (s == REFUSED) {
        say("not cosigned: %s", problem.text);
        return EXIT_NO;
    }
    return s == OK ? EXIT_DONE : say_problem(s, &problem);
}

static enum exit_code run(struct context *c, int argc, char **argv)
{
    const char *log = NULL;
    const struct option_spec specs[] = {{"log", 0, &log, NULL}};
    int n;
    struct note_key key;
    struct refusal why;
    struct authority *a;
    enum options_result o = options_read(c, &verb_witness, specs, 1, argc, argv, &n);
    if (o != OPTIONS_OK)
        return options_exit(&verb_witness, o);
    bool asks_key = n == 1 && strcmp(argv[0], "key") == 0 && !log;
    if (!asks_key && (n != 1 || !log)) {
        say("witness: write witness key, or witness --log VKEY REQUEST|-");
        return EXIT_BAD_INPUT;
    }
    if (log && note_key_parse(span_of(log), &key, &why) != OK) {
        say("--log: %s (byte %zu)", why.what, why.offset + 1);
        return EXIT_BAD_INPUT;
    }
    enum exit_code code;
    if (open_data(c, AUTHORITY_WRITE, &a, &code) != OK)
        return code;
    code = asks_key ? print_key(a) : cosign(a, &key, argv[0]);
    authority_close(a);
    return code;
}

const struct verb verb_witness = {"witness", "witness key | witness --log VKEY REQUEST|-",
                                  "vouches for another installation's log", run};
