/* cmd/scrub.c: optout scrub: of a list, the records that may be contacted.
 *
 * What is kept is copied byte for byte and in order. What is removed goes, with its reason, to
 * --removed: a column more in CSV, a member more in NDJSON, a tab and the reason in lines.
 * Blank lines and comments are no records; they are neither kept nor counted.
 */
#include "cmd/feed.h"
#include "cmd/sink.h"

#include <stdio.h>
#include <unistd.h>

struct scrubbing {
    const struct context *c;
    struct authority *authority;
    struct inquiry inquiry;
    struct feed feed;
    struct sink kept, removed;
    struct feed_record *group;
    struct address *who;
    enum reason *reasons;
    uint64_t kept_count, by_reason[REASON_COUNT];
    struct problem problem;
};

/* --- removed records ------------------------------------------------------------------------ */

static struct span without_line_end(struct span raw)
{
    if (raw.n && raw.p[raw.n - 1] == '\n')
        raw.n--;
    if (raw.n && raw.p[raw.n - 1] == '\r')
        raw.n--;
    return raw;
}

static void add_csv(struct buf *out, const struct feed *f, const struct feed_record *r,
                    struct span reason)
{
    char delimiter = f->reader.shape.delimiter;
    struct span raw = without_line_end(r->raw);
    if (r->what == LIST_MALFORMED)
        (void)list_format_cell(raw, delimiter, false, out);
    else
        (void)buf_add_span(out, raw);
    (void)buf_add_char(out, delimiter);
    (void)list_format_cell(reason, delimiter, false, out);
}

static void add_ndjson(struct buf *out, const struct feed_record *r, struct span reason)
{
    struct span raw = span_trim(r->raw);
    if (r->what == LIST_MALFORMED || raw.n < 2 || raw.p[raw.n - 1] != '}') {
        (void)buf_add_text(out, "{\"record\":");
        (void)json_add_string(out, raw);
        (void)buf_add_char(out, ',');
    } else {
        struct span inside = span_trim((struct span){raw.p + 1, raw.n - 2});
        (void)buf_add_char(out, '{');
        (void)buf_add_span(out, inside);
        (void)buf_add_text(out, inside.n ? "," : "");
    }
    (void)buf_add_text(out, "\"optout_reason\":");
    (void)json_add_string(out, reason);
    (void)buf_add_char(out, '}');
}

static void add_removed(struct scrubbing *s, const struct feed_record *r, struct span reason)
{
    struct buf line = BUF_INIT(2 * LIST_RECORD_MAX + 4096);
    switch (s->feed.reader.shape.format) {
    case LIST_CSV:
        add_csv(&line, &s->feed, r, reason);
        break;
    case LIST_NDJSON:
        add_ndjson(&line, r, reason);
        break;
    default:
        (void)buf_add_span(&line, without_line_end(r->raw));
        (void)buf_add_char(&line, '\t');
        (void)buf_add_span(&line, reason);
    }
    (void)buf_add_char(&line, '\n');
    if (buf_status(&line) == OK)
        sink_add(&s->removed, buf_span(&line));
    else
        s->removed.failed = buf_status(&line);
    buf_free(&line);
}

/* The names of the columns and one more; a byte order mark, which comes by itself, as it is. */
static void add_removed_header(struct scrubbing *s, const struct feed_record *r)
{
    if (span_eq(r->raw, SPAN("\xef\xbb\xbf")))
        sink_add(&s->removed, r->raw);
    else if (without_line_end(r->raw).n)
        add_removed(s, r, SPAN("optout_reason"));
}

static void remove_record(struct scrubbing *s, const struct feed_record *r, enum reason reason)
{
    char text[256];
    s->by_reason[reason]++;
    if (reason == REASON_UNREADABLE)
        feed_complain(&s->feed, r);
    if (!sink_wanted(&s->removed))
        return;
    (void)snprintf(text, sizeof text, reason == REASON_UNREADABLE ? "%s: %s" : "%s",
                   reason_word(reason), r->why.what);
    add_removed(s, r, span_of(text));
}

/* --- the work ------------------------------------------------------------------------------- */

static void route(struct scrubbing *s, const struct feed_record *r, enum reason reason)
{
    switch (r->what) {
    case LIST_HEADER:
        sink_add(&s->kept, r->raw);
        if (sink_wanted(&s->removed) && s->feed.reader.shape.format == LIST_CSV)
            add_removed_header(s, r);
        break;
    case LIST_RECORD:
        if (!r->readable) {
            remove_record(s, r, REASON_UNREADABLE);
        } else if (reason_allows(reason)) {
            sink_add(&s->kept, r->raw);
            s->kept_count++;
        } else {
            remove_record(s, r, reason);
        }
        break;
    case LIST_MALFORMED:
        remove_record(s, r, REASON_UNREADABLE);
        break;
    case LIST_REST: /* more of a record that is too long to be read: told once, kept nowhere */
    case LIST_BLANK:
        break;
    }
}

static enum status scrub_group(struct scrubbing *s, size_t n)
{
    size_t asked = 0;
    for (size_t i = 0; i < n; i++)
        if (s->group[i].readable)
            s->who[asked++] = s->group[i].who;
    enum status st =
        authority_ask(s->authority, &s->inquiry, s->who, asked, s->reasons, &s->problem);
    if (st != OK)
        return st;
    for (size_t i = 0, at = 0; i < n; i++)
        route(s, &s->group[i], s->group[i].readable ? s->reasons[at++] : REASON_UNREADABLE);
    return s->kept.failed != OK ? s->kept.failed : s->removed.failed;
}

static enum status scrub_all(struct scrubbing *s)
{
    size_t n;
    s->group = mem_new(FEED_GROUP, sizeof *s->group);
    s->who = mem_new(FEED_GROUP, sizeof *s->who);
    s->reasons = mem_new(FEED_GROUP, sizeof *s->reasons);
    enum status st = s->group && s->who && s->reasons ? OK : NO_MEMORY;
    progress_start(&s->feed.progress, "scrub", input_size(s->feed.in));
    while (st == OK && (st = feed_next(&s->feed, s->group, &n, &s->problem)) == OK && n)
        st = scrub_group(s, n);
    progress_end(&s->feed.progress);
    mem_free(s->group);
    mem_free(s->who);
    mem_free(s->reasons);
    return st;
}

/* --- sums ----------------------------------------------------------------------------------- */

static uint64_t matched(const struct scrubbing *s)
{
    uint64_t n = 0;
    for (enum reason r = 0; r < REASON_COUNT; r++)
        n += reason_event_kind(r) && !reason_allows(r) ? s->by_reason[r] : 0;
    return n;
}

static double match_rate(const struct scrubbing *s)
{
    uint64_t readable = s->feed.records - s->feed.unreadable;
    return readable ? 100.0 * (double)matched(s) / (double)readable : 0;
}

/* Each reason that occurred: `opt-out 12, hold 1`, or as JSON members. */
static void add_reasons(const struct scrubbing *s, bool json, struct buf *out)
{
    const char *between = "";
    for (enum reason r = REASON_OPT_OUT; r < REASON_COUNT; r++) {
        unsigned long long n = s->by_reason[r];
        if (n == 0)
            continue;
        (void)buf_add_text(out, between);
        if (json)
            (void)buf_printf(out, "\"%s\":%llu", reason_word(r), n);
        else
            (void)buf_printf(out, "%s %llu", reason_word(r), n);
        between = json ? "," : ", ";
    }
}

static void add_sums_json(const struct scrubbing *s, struct buf *out)
{
    (void)buf_printf(out, "{\"read\":%llu,\"kept\":%llu,\"removed\":{",
                     (unsigned long long)s->feed.records, (unsigned long long)s->kept_count);
    add_reasons(s, true, out);
    (void)buf_printf(out, "},\"match_rate\":%.4f}\n", match_rate(s) / 100);
}

static void add_sums_text(const struct scrubbing *s, struct buf *out)
{
    uint64_t removed = s->feed.records - s->kept_count;
    (void)buf_printf(out, "optout: read %llu, kept %llu, removed %llu%s",
                     (unsigned long long)s->feed.records, (unsigned long long)s->kept_count,
                     (unsigned long long)removed, removed ? ": " : "");
    add_reasons(s, false, out);
    (void)buf_printf(out, "; match rate %.2f %%\n", match_rate(s));
}

/* On stderr; as JSON on stdout when that is not taken by the list. */
static void tell_sums(const struct scrubbing *s)
{
    struct buf text = BUF_INIT(8192);
    bool to_file = s->kept.path && strcmp(s->kept.path, "-") != 0;
    if (s->c->json)
        add_sums_json(s, &text);
    else
        add_sums_text(s, &text);
    if (s->c->json && to_file)
        out_add(buf_span(&text));
    else
        (void)fprintf(stderr, "%.*s", SPAN_ARG(buf_span(&text)));
    buf_free(&text);
}

static void warn_of_no_match(struct scrubbing *s)
{
    struct buf shape = BUF_INIT(1024);
    if (matched(s) || s->feed.records == s->feed.unreadable)
        return;
    feed_describe(&s->feed, &shape);
    say("warning: not one record matches an opt-out. The list was read as %s.\n"
        "        If that is wrong, name the column (--column), the format (--format) or the digest "
        "(--digest sha256|md5|sha1|sha512);\n"
        "        digests match only when they were made of the address in lower case, without "
        "blanks, and a phone number as +15551234567.",
        shape.n ? shape.p : "?");
    buf_free(&shape);
}

static enum exit_code finish(struct scrubbing *s, enum status st)
{
    if (st == OK)
        st = sink_finish(&s->removed, &s->problem);
    if (st == OK)
        st = sink_finish(&s->kept, &s->problem);
    if (st != OK) {
        if (!s->problem.text[0])
            (void)problem_set(&s->problem, st, "cannot write the output: %s", status_text(st));
        return say_problem(st, &s->problem);
    }
    tell_sums(s);
    warn_of_no_match(s);
    return s->feed.records && s->feed.unreadable == s->feed.records ? EXIT_BAD_INPUT : EXIT_DONE;
}

static enum exit_code run_scrub(struct scrubbing *s, const char *path, const struct list_wish *wish,
                                const char *kept, const char *removed)
{
    const struct address_options *options = authority_address_options(s->authority);
    enum status st = feed_open(&s->feed, path, wish, options, &s->problem);
    if (st == OK && s->feed.reader.shape.format == LIST_JSON)
        st = problem_set(&s->problem, REFUSED,
                         "%s is one JSON document; scrub reads lines, CSV and "
                         "NDJSON (one object a line)",
                         s->feed.path);
    if (st == OK)
        st = sink_open(&s->kept, kept ? kept : "-", &s->problem);
    if (st == OK)
        st = sink_open(&s->removed, removed, &s->problem);
    if (st == OK)
        st = scrub_all(s);
    enum exit_code code = finish(s, st);
    sink_abandon(&s->kept);
    sink_abandon(&s->removed);
    feed_close(&s->feed);
    return code;
}

static enum exit_code run(struct context *c, int argc, char **argv)
{
    const char *scope_text = NULL, *kept = NULL, *removed = NULL;
    struct feed_options f = {0};
    const struct option_spec specs[] = {
        {"scope", 's', &scope_text, NULL}, {"column", 0, &f.column, NULL},
        {"format", 0, &f.format, NULL},    {"digest", 0, &f.digest, NULL},
        {"output", 'o', &kept, NULL},      {"removed", 0, &removed, NULL}};
    int n;
    struct scope scope;
    bool scope_given;
    struct list_wish wish;
    struct scrubbing s = {.c = c, .kept.fd = -1, .removed.fd = -1};
    enum options_result o = options_read(c, &verb_scrub, specs, 6, argc, argv, &n);
    if (o != OPTIONS_OK)
        return options_exit(&verb_scrub, o);
    if (n != 1) {
        say("scrub: name one list, or - for stdin");
        return EXIT_BAD_INPUT;
    }
    if (feed_wish(&f, &wish) != OK || read_scope(scope_text, &scope, &scope_given) != OK)
        return EXIT_BAD_INPUT;
    wish.product = LIST_PLAIN; /* every row is somebody to ask about, whatever else it says */
    s.inquiry.scope = scope_given ? &scope : NULL;
    enum exit_code code;
    if (open_data(c, AUTHORITY_READ, &s.authority, &code) != OK)
        return code;
    code = run_scrub(&s, argv[0], &wish, kept, removed);
    authority_close(s.authority);
    return code;
}

const struct verb verb_scrub = {
    "scrub",
    "scrub [-s SCOPE] [--column NAME|N] [--format auto|lines|csv|ndjson] [--digest NAME]"
    " [-o FILE] [--removed FILE] FILE|-",
    "copies those of a list who may be contacted", run};
