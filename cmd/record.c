/* cmd/record.c: optout record: appends events, durable before they are printed. */
#include "cmd/cmd.h"

struct recording {
    const struct context *c;
    struct authority *authority;
    struct event pattern; /* what all events of this call share */
    bool scope_given;
    struct event *events;
    struct recorded *results;
    uint64_t read, recorded, refused, unreadable;
    struct problem problem;
};

static void print_recorded(const struct recording *r, const struct event *e, uint64_t seq)
{
    char scope[SCOPE_BYTES];
    scope_format(&e->scope, scope);
    out_printf(r->c->json ? "{\"event\":%llu,\"kind\":\"%s\",\"scope\":\"%s\"}\n" : "%llu %s %s\n",
               (unsigned long long)seq, event_kind_word(e->kind), scope);
}

static void say_no_proof(const struct taken *t)
{
    struct taken shown = *t;
    shown.why = (struct refusal){"stands opted out; only the person's own act lifts that: give its "
                                 "evidence with --proof",
                                 0};
    struct buf text = BUF_INIT(4096);
    add_visible(&text, shown.text);
    if (buf_terminate(&text) == OK)
        say("%s %s", text.p, shown.why.what);
    buf_free(&text);
}

static void report(struct recording *r, const struct taken *t, const struct event *e,
                   const struct recorded *result)
{
    if (result->outcome == RECORDED) {
        print_recorded(r, e, result->seq);
        r->recorded++;
    } else {
        say_no_proof(t);
        r->refused++;
    }
}

static enum status record_group(void *context, struct taken *group, size_t n)
{
    struct recording *r = context;
    size_t count = 0;
    r->read += n;
    for (size_t i = 0; i < n; i++) {
        if (!group[i].readable) {
            say_unreadable(&group[i]);
            r->unreadable++;
            continue;
        }
        struct event *e = &r->events[count++];
        *e = r->pattern;
        e->who = &group[i].address;
        if (!r->scope_given)
            e->scope = scope_of_address(e->who);
    }
    enum status s =
        authority_record(r->authority, r->events, count, RECORD_EVERY, r->results, &r->problem);
    if (s != OK)
        return s;
    for (size_t i = 0, at = 0; i < n; i++)
        if (group[i].readable) {
            report(r, &group[i], &r->events[at], &r->results[at]);
            at++;
        }
    out_flush(true);
    return OK;
}

static enum exit_code record_exit(const struct recording *r, bool from_stdin)
{
    if (from_stdin && (r->unreadable || r->refused))
        say("%llu read, %llu recorded, %llu refused, %llu unreadable", (unsigned long long)r->read,
            (unsigned long long)r->recorded, (unsigned long long)r->refused,
            (unsigned long long)r->unreadable);
    if (r->refused)
        return EXIT_NO;
    return r->read && r->unreadable == r->read ? EXIT_BAD_INPUT : EXIT_DONE;
}

static enum exit_code run_recording(struct recording *r, int count, char **operands)
{
    struct addresses from = {r->authority, count, operands,
                             count == 1 && strcmp(operands[0], "-") == 0};
    r->events = mem_new(TAKEN_GROUP, sizeof *r->events);
    r->results = mem_new(TAKEN_GROUP, sizeof *r->results);
    enum status s = r->events && r->results ? addresses_each(&from, record_group, r) : NO_MEMORY;
    mem_free(r->events);
    mem_free(r->results);
    return s == OK ? record_exit(r, from.from_stdin) : say_problem(s, &r->problem);
}

static enum status read_kind(const char *word, enum event_kind *kind)
{
    if (event_kind_parse(span_of(word), kind) != OK) {
        say("record: %s is no kind of event; it is one of out, in, complaint, dead, hold", word);
        return REFUSED;
    }
    if (*kind == EVENT_FORGET) {
        say("record: an erasure is no record but an act of its own: optout forget ADDRESS");
        return REFUSED;
    }
    return OK;
}

static enum status read_at(const char *text, int64_t *at_us)
{
    struct refusal why;
    if (!text || rfc3339_parse(span_of(text), at_us, &why) == OK)
        return OK;
    say("--at %s: %s (byte %zu)", text, why.what, why.offset + 1);
    return REFUSED;
}

/* Source and proof: their sizes and that they are text. */
static enum status read_words(const char *source, const char *proof, struct event *e)
{
    struct word word;
    struct refusal why;
    if (word_parse(span_of(source), &word, &why) != OK || word.n == 0) {
        say("--source %s: a source is a word of letters, digits, '.', '_' and '-'", source);
        return REFUSED;
    }
    e->source = span_of(source);
    e->proof = span_of(proof);
    e->own_act = e->proof.n > 0;
    if (e->proof.n <= PROOF_MAX && utf8_valid(e->proof))
        return OK;
    say("--proof: at most %d bytes of UTF-8", PROOF_MAX);
    return REFUSED;
}

static enum exit_code run(struct context *c, int argc, char **argv)
{
    const char *scope = NULL, *at = NULL, *source = "cli", *proof = NULL;
    const struct option_spec specs[] = {{"scope", 's', &scope, NULL},
                                        {"at", 0, &at, NULL},
                                        {"source", 0, &source, NULL},
                                        {"proof", 0, &proof, NULL}};
    int n;
    struct recording r = {.c = c};
    enum options_result o = options_read(c, &verb_record, specs, 4, argc, argv, &n);
    if (o != OPTIONS_OK)
        return options_exit(&verb_record, o);
    if (n < 2) {
        say("record: name a kind and at least one address, or - for lines on stdin");
        return EXIT_BAD_INPUT;
    }
    if (read_kind(argv[0], &r.pattern.kind) != OK || read_at(at, &r.pattern.at_us) != OK ||
        read_words(source, proof, &r.pattern) != OK ||
        read_scope(scope, &r.pattern.scope, &r.scope_given) != OK)
        return EXIT_BAD_INPUT;
    enum exit_code code;
    if (open_data(c, AUTHORITY_WRITE, &r.authority, &code) != OK)
        return code;
    code = run_recording(&r, n - 1, argv + 1);
    if (r.recorded)
        publish(r.authority);
    authority_close(r.authority);
    return code;
}

const struct verb verb_record = {
    "record",
    "record out|in|complaint|dead|hold [-s SCOPE] [--at TIME] [--source WORD] [--proof TEXT]"
    " ADDRESS…|-",
    "takes in what people said: opt-outs, opt-ins, complaints, dead addresses", run};
