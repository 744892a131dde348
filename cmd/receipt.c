/* cmd/receipt.c: optout receipt: proof of one event, for other people's software. */
#include "cmd/cmd.h"

enum { STATEMENT_BYTES_MAX = 8192 };

static void print_json(struct span receipt, struct span statement)
{
    struct buf *out = out_buf();
    (void)buf_add_text(out, "{\"receipt\":");
    (void)json_add_string(out, receipt);
    (void)buf_add_text(out, ",\"statement\":");
    if (statement.n)
        (void)json_add_string(out, statement);
    else
        (void)buf_add_text(out, "null");
    (void)buf_add_text(out, "}\n");
}

static enum exit_code print_receipt(const struct context *c, struct authority *a, uint64_t seq,
                                    bool private_side)
{
    struct problem problem = {{0}};
    struct buf receipt = BUF_INIT(RECEIPT_BYTES_MAX), statement = BUF_INIT(STATEMENT_BYTES_MAX);
    enum status s = authority_receipt(a, seq, &receipt, private_side ? &statement : NULL, &problem);
    if (s == OK && c->json)
        print_json(buf_span(&receipt), buf_span(&statement));
    else if (s == OK)
        out_add(buf_span(private_side ? &statement : &receipt));
    if (s == OK && private_side && !c->json)
        say("this is the private side: who has it and the receipt can show what was recorded");
    buf_free(&receipt);
    buf_free(&statement);
    if (s == NOT_FOUND) {
        say("%s", problem.text);
        return EXIT_NO;
    }
    return s == OK ? EXIT_DONE : say_problem(s, &problem);
}

static enum exit_code run(struct context *c, int argc, char **argv)
{
    bool private_side = false;
    const struct option_spec specs[] = {{"statement", 0, NULL, &private_side}};
    int n;
    uint64_t seq;
    struct authority *a;
    enum options_result o = options_read(c, &verb_receipt, specs, 1, argc, argv, &n);
    if (o != OPTIONS_OK)
        return options_exit(&verb_receipt, o);
    if (n != 1 || span_to_u64(span_of(argv[0]), &seq) != OK || seq == 0) {
        say("receipt: name one event by its number; optout why ADDRESS lists them");
        return EXIT_BAD_INPUT;
    }
    enum exit_code code;
    if (open_data(c, AUTHORITY_READ, &a, &code) != OK)
        return code;
    code = print_receipt(c, a, seq, private_side);
    authority_close(a);
    return code;
}

const struct verb verb_receipt = {"receipt", "receipt [--statement] EVENT",
                                  "proof that an event was recorded, checkable offline", run};
