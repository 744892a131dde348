/* cmd/import.c: optout import: takes in opt-outs that were kept elsewhere.
 *
 * An import can only close: what a list says of consent is left out. It adds nothing twice: a row
 * whose statement stands already is left out, and a file that was taken in whole is known by its
 * digest, so that importing it again does not even undo a later opt-in.
 */
#include "cmd/feed.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char fact_kind[] = "import";

struct importing {
    const struct context *c;
    struct authority *authority;
    struct scope scope;
    bool scope_given;
    struct span source;
    struct feed feed;
    struct feed_record *group;
    struct event *events;
    struct recorded *results;
    uint64_t recorded, known, not_opt_outs, bad_scopes;
    struct problem problem;
};

/* --- the same file again -------------------------------------------------------------------- */

/* A regular file's fact name: its SHA-256 and what it is imported as. NOT_FOUND for a pipe. */
static enum status name_import(const struct importing *m, const char *path, struct buf *name)
{
    struct stat st;
    uint8_t digest[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1], scope[SCOPE_BYTES] = "own";
    static char block[1 << 16];
    size_t got;
    if (strcmp(path, "-") == 0 || stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return NOT_FOUND;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct sha256_stream *hash = fd < 0 ? NULL : sha256_new();
    enum status s = hash ? OK : NOT_FOUND;
    while (s == OK && (s = fd_read(fd, block, sizeof block, &got)) == OK && got)
        sha256_add(hash, (struct span){block, got});
    if (hash)
        sha256_end(hash, digest);
    if (fd >= 0)
        (void)close(fd);
    if (s != OK)
        return s;
    hex_encode(digest, sizeof digest, hex);
    if (m->scope_given)
        scope_format(&m->scope, scope);
    return buf_printf(name, "%s %s", hex, scope);
}

static bool was_imported(struct importing *m, struct span name)
{
    struct buf value = BUF_INIT(1024);
    bool known = name.n && authority_fact_get(m->authority, fact_kind, name, &value, NULL) == OK;
    if (known && buf_terminate(&value) == OK)
        say("this very file was imported already (%s); nothing is added", value.p);
    buf_free(&value);
    return known;
}

static enum status note_import(struct importing *m, struct span name)
{
    char now[RFC3339_BYTES];
    struct buf value = BUF_INIT(1024);
    if (name.n == 0)
        return OK;
    rfc3339_format(clock_now_us(), now);
    enum status s =
        buf_printf(&value, "%s, %llu records, %llu recorded", now,
                   (unsigned long long)m->feed.records, (unsigned long long)m->recorded);
    if (s == OK)
        s = authority_fact_put(m->authority, fact_kind, name, buf_span(&value), &m->problem);
    buf_free(&value);
    return s;
}

/* --- records to events ---------------------------------------------------------------------- */

/* The scope of a row: what the command says, else what the list says, else the address's own. */
static enum status scope_of_row(struct importing *m, struct feed_record *r, struct scope *out)
{
    *out = m->scope;
    if (m->scope_given)
        return OK;
    if (r->scope_text.n)
        return scope_parse(r->scope_text, out, &r->why);
    *out = scope_of_address(&r->who);
    return OK;
}

/* Fills the next event; false when this record makes none. */
static bool event_of_row(struct importing *m, struct feed_record *r, struct event *e)
{
    if (r->what == LIST_MALFORMED || (r->what == LIST_RECORD && !r->readable)) {
        feed_complain(&m->feed, r);
        return false;
    }
    if (r->what != LIST_RECORD)
        return false;
    if (r->kind == 0 || r->kind == EVENT_IN || r->kind == EVENT_FORGET) {
        m->not_opt_outs++;
        return false;
    }
    *e = (struct event){
        .kind = r->kind, .who = &r->who, .at_us = r->at_us, .source = m->source, .proof = r->note};
    if (scope_of_row(m, r, &e->scope) == OK)
        return true;
    m->bad_scopes++;
    feed_complain(&m->feed, r);
    return false;
}

static enum status import_group(struct importing *m, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += event_of_row(m, &m->group[i], &m->events[count]);
    enum status s =
        authority_record(m->authority, m->events, count, RECORD_NEWS, m->results, &m->problem);
    for (size_t i = 0; s == OK && i < count; i++) {
        m->recorded += m->results[i].outcome == RECORDED;
        m->known += m->results[i].outcome == RECORD_KNOWN;
    }
    return s;
}

static enum status import_all(struct importing *m)
{
    size_t n;
    m->group = mem_new(FEED_GROUP, sizeof *m->group);
    m->events = mem_new(FEED_GROUP, sizeof *m->events);
    m->results = mem_new(FEED_GROUP, sizeof *m->results);
    enum status s = m->group && m->events && m->results ? OK : NO_MEMORY;
    progress_start(&m->feed.progress, "import", input_size(m->feed.in));
    while (s == OK && (s = feed_next(&m->feed, m->group, &n, &m->problem)) == OK && n)
        s = import_group(m, n);
    progress_end(&m->feed.progress);
    mem_free(m->group);
    mem_free(m->events);
    mem_free(m->results);
    return s;
}

/* --- telling -------------------------------------------------------------------------------- */

static void tell_sums(const struct importing *m)
{
    unsigned long long bad = m->feed.unreadable + m->bad_scopes;
    if (m->c->json) {
        out_printf("{\"read\":%llu,\"recorded\":%llu,\"known\":%llu,\"not_opt_outs\":%llu,"
                   "\"unreadable\":%llu,\"format\":\"%s\",\"product\":\"%s\"}\n",
                   (unsigned long long)m->feed.records, (unsigned long long)m->recorded,
                   (unsigned long long)m->known, (unsigned long long)m->not_opt_outs, bad,
                   list_format_word(m->feed.reader.shape.format),
                   list_product_word(m->feed.reader.shape.product));
        return;
    }
    say("read %llu, recorded %llu, known already %llu, no opt-outs %llu, unreadable %llu",
        (unsigned long long)m->feed.records, (unsigned long long)m->recorded,
        (unsigned long long)m->known, (unsigned long long)m->not_opt_outs, bad);
}

static void tell_shape(const struct importing *m)
{
    struct buf shape = BUF_INIT(1024);
    feed_describe(&m->feed, &shape);
    if (buf_status(&shape) == OK)
        say("%s: %s", m->feed.path, shape.p);
    buf_free(&shape);
}

static enum exit_code import_file(struct importing *m, const char *path,
                                  const struct list_wish *wish)
{
    struct buf name = BUF_INIT(512);
    if (name_import(m, path, &name) != OK)
        buf_clear(&name);
    if (was_imported(m, buf_span(&name))) {
        buf_free(&name);
        tell_sums(m);
        return EXIT_DONE;
    }
    enum status s =
        feed_open(&m->feed, path, wish, authority_address_options(m->authority), &m->problem);
    if (s == OK) {
        tell_shape(m);
        s = import_all(m);
        if (s == OK)
            s = note_import(m, buf_span(&name));
        tell_sums(m);
    }
    buf_free(&name);
    enum exit_code code = s != OK ? say_problem(s, &m->problem)
                          : m->feed.records && m->feed.unreadable == m->feed.records
                              ? EXIT_BAD_INPUT
                              : EXIT_DONE;
    feed_close(&m->feed);
    return code;
}

static enum status read_list_name(const char *name, struct importing *m)
{
    struct word word;
    m->source = span_of(name ? name : "import");
    if (word_parse(m->source, &word, NULL) == OK && word.n)
        return OK;
    say("--list %s: a list's name has letters, digits, '.', '_' and '-', at most %d", name,
        WORD_MAX);
    return REFUSED;
}

static enum exit_code run(struct context *c, int argc, char **argv)
{
    const char *scope_text = NULL, *list = NULL;
    struct feed_options f = {0};
    const struct option_spec specs[] = {
        {"scope", 's', &scope_text, NULL}, {"list", 0, &list, NULL},
        {"from", 0, &f.product, NULL},     {"column", 0, &f.column, NULL},
        {"format", 0, &f.format, NULL},    {"digest", 0, &f.digest, NULL}};
    int n;
    struct importing m = {.c = c};
    struct list_wish wish;
    enum options_result o = options_read(c, &verb_import, specs, 6, argc, argv, &n);
    if (o != OPTIONS_OK)
        return options_exit(&verb_import, o);
    if (n != 1) {
        say("import: name one list, or - for stdin");
        return EXIT_BAD_INPUT;
    }
    if (feed_wish(&f, &wish) != OK || read_list_name(list, &m) != OK ||
        read_scope(scope_text, &m.scope, &m.scope_given) != OK)
        return EXIT_BAD_INPUT;
    if (strcmp(argv[0], "-") != 0 && access(argv[0], R_OK) != 0) {
        say("import: cannot read %s", argv[0]);
        return EXIT_BAD_INPUT;
    }
    enum exit_code code;
    if (open_data(c, AUTHORITY_WRITE, &m.authority, &code) != OK)
        return code;
    code = import_file(&m, argv[0], &wish);
    if (m.recorded)
        publish(m.authority);
    authority_close(m.authority);
    return code;
}

const struct verb verb_import = {
    "import",
    "import [-s SCOPE] [--list NAME] [--from PRODUCT] [--column NAME|N] [--format FORMAT]"
    " [--digest NAME] FILE|-",
    "takes in the opt-outs of another system: lists, digests, products' exports", run};
