/* cmd/verify.c: optout verify: an audit of the whole ledger, or of one receipt.
 *
 * A receipt is checked offline, without a data directory: form, signature, inclusion; and with its
 * private statement also that it is about that address, scope and time.
 */
#include "cmd/cmd.h"

enum { STATEMENT_BYTES_MAX = 8192 };

/* --- the ledger ----------------------------------------------------------------------------- */

static void show(void *context, uint64_t done, uint64_t total)
{
    struct progress *p = context;
    p->total = total;
    progress_show(p, done, done);
}

static void print_audit(const struct context *c, const struct audit *audit)
{
    unsigned long long events = audit->events, erased = audit->erased;
    struct buf root = BUF_INIT(64);
    if (base64_canonical_add(&root, audit->root.bytes, MERKLE_HASH_BYTES) == OK && c->json)
        out_printf("{\"ok\":true,\"events\":%llu,\"erased\":%llu,\"root\":\"%.*s\"}\n", events,
                   erased, SPAN_ARG(buf_span(&root)));
    else
        out_printf("ok %llu events, root %.*s\n", events, SPAN_ARG(buf_span(&root)));
    buf_free(&root);
}

/* Order is the sequence number, so a wrong clock breaks nothing; but times are evidence. */
static void report_clock(const struct audit *audit)
{
    if (audit->clock_back)
        say("the clock went back %llu times between events; order is by number, but look at the "
            "times before you show them",
            (unsigned long long)audit->clock_back);
    if (audit->clock_ahead)
        say("%llu events were recorded more than a day ahead of now by the clock of their time",
            (unsigned long long)audit->clock_ahead);
    if (audit->clock_stuck)
        say("the clock stood still over more than one group of events");
}

static enum exit_code audit_ledger(struct context *c)
{
    struct authority *a;
    struct audit audit;
    struct progress progress;
    struct problem problem = {{0}};
    enum exit_code code;
    if (open_data(c, AUTHORITY_READ, &a, &code) != OK)
        return code;
    progress_start(&progress, "verify", 0);
    enum status s = authority_audit(a, show, &progress, &audit, &problem);
    progress_end(&progress);
    authority_close(a);
    if (s == DAMAGED) {
        say("%s", problem.text);
        return EXIT_NO;
    }
    if (s != OK)
        return say_problem(s, &problem);
    print_audit(c, &audit);
    report_clock(&audit);
    return EXIT_DONE;
}

/* --- a receipt ------------------------------------------------------------------------------ */

/* The statement file: the canonical text, then `code` and the code. */
static enum status read_claim(struct span text, struct claim *out, struct refusal *why)
{
    size_t at = text.n;
    if (at && text.p[at - 1] == '\n')
        at--;
    while (at && text.p[at - 1] != '\n')
        at--;
    struct span last = span_trim(span_from(text, at));
    if (!span_starts(last, SPAN("code ")))
        return refuse(why, "the statement does not end with its code", at);
    out->code = span_from(last, strlen("code "));
    return statement_parse(span_cut(text, at), &out->said, why);
}

static void print_facts(const struct context *c, const struct receipt_facts *f)
{
    char recorded[RFC3339_BYTES];
    rfc3339_format((int64_t)f->leaf.recorded_s * 1000000, recorded);
    if (c->json)
        out_printf("{\"ok\":true,\"event\":%llu,\"recorded\":\"%s\",\"statement\":%s}\n",
                   (unsigned long long)f->index, recorded, f->claim_proven ? "true" : "null");
    else
        out_printf("ok event %llu, recorded %s, in the log %.*s of %llu leaves%s\n",
                   (unsigned long long)f->index, recorded, SPAN_ARG(f->checkpoint.origin),
                   (unsigned long long)f->checkpoint.size,
                   f->claim_proven ? "; it is what the statement says" : "");
}

static enum exit_code refuse_receipt(const char *path, const struct refusal *why)
{
    say("%s: %s (byte %zu)", path, why->what, why->offset + 1);
    return EXIT_NO;
}

static enum exit_code check_receipt(const struct context *c, const char *path, struct span receipt,
                                    const struct note_key *key, const char *statement_path,
                                    struct span statement)
{
    struct claim claim = {0};
    struct receipt_facts facts;
    struct refusal why = {"", 0};
    if (statement_path && read_claim(statement, &claim, &why) != OK)
        return refuse_receipt(statement_path, &why);
    enum status s = receipt_verify(receipt, key, statement_path ? &claim : NULL, &facts, &why);
    if (s == REFUSED)
        return refuse_receipt(path, &why);
    if (s != OK)
        return say_problem(s, &(struct problem){{0}});
    print_facts(c, &facts);
    return EXIT_DONE;
}

static enum exit_code audit_receipt(const struct context *c, const char *path, const char *vkey,
                                    const char *statement_path)
{
    struct note_key key;
    struct refusal why;
    struct problem problem = {{0}};
    struct buf receipt = BUF_INIT(RECEIPT_BYTES_MAX), statement = BUF_INIT(STATEMENT_BYTES_MAX);
    if (note_key_parse(span_of(vkey), &key, &why) != OK) {
        say("--key: %s (byte %zu)", why.what, why.offset + 1);
        return EXIT_BAD_INPUT;
    }
    enum status s = read_whole(path, &receipt, &problem);
    if (s == OK && statement_path)
        s = read_whole(statement_path, &statement, &problem);
    enum exit_code code = s == OK ? check_receipt(c, path, buf_span(&receipt), &key, statement_path,
                                                  buf_span(&statement))
                                  : say_problem(s, &problem);
    buf_free(&receipt);
    buf_free(&statement);
    return code;
}

static enum exit_code run(struct context *c, int argc, char **argv)
{
    const char *receipt = NULL, *key = NULL, *statement = NULL;
    const struct option_spec specs[] = {
        {"receipt", 0, &receipt, NULL}, {"key", 0, &key, NULL}, {"statement", 0, &statement, NULL}};
    int n;
    enum options_result o = options_read(c, &verb_verify, specs, 3, argc, argv, &n);
    if (o != OPTIONS_OK)
        return options_exit(&verb_verify, o);
    if (n != 0 || (receipt != NULL) != (key != NULL) || (statement && !receipt)) {
        say("verify: alone it audits the ledger; with --receipt FILE --key VKEY a receipt");
        return EXIT_BAD_INPUT;
    }
    return receipt ? audit_receipt(c, receipt, key, statement) : audit_ledger(c);
}

const struct verb verb_verify = {"verify", "verify [--receipt FILE --key VKEY [--statement FILE]]",
                                 "audits the whole ledger, or checks one receipt offline", run};
