/* cmd/export.c: optout export: what stands against contacting people, for other systems.
 *
 * CSV with the header address,scope,kind,since,source, which import reads back; NDJSON with
 * --json. With --digest no address leaves in clear.
 */
#include "adapter/list/list.h"
#include "cmd/cmd.h"

struct exporting {
    const struct context *c;
    struct scope scope;
    bool scope_given, has_digest, spreadsheet;
    enum hash_name digest;
    uint64_t told, undigestable;
};

/* The address as it leaves: itself, or its digest. NOT_FOUND: only a digest of another family is
 * known. */
static enum status outward(const struct exporting *x, struct span who, struct buf *out)
{
    struct address address;
    uint8_t digest[HASH_BYTES_MAX];
    char hex[2 * HASH_BYTES_MAX + 1];
    if (!x->has_digest)
        return buf_add_span(out, who);
    if (address_parse(who, NULL, &address, NULL) != OK)
        return DAMAGED;
    enum status s = address_digest(&address, x->digest, digest);
    if (s != OK)
        return s;
    hex_encode(digest, hash_bytes(x->digest), hex);
    return buf_printf(out, "%s:%s", hash_word(x->digest), hex);
}

static void print_csv(const struct exporting *x, struct span who, const struct told_event *e,
                      const char *scope, const char *since)
{
    struct buf *out = out_buf();
    struct span cells[] = {who, span_of(scope), span_of(event_kind_word(e->kind)), span_of(since),
                           e->source};
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        if (i)
            (void)buf_add_char(out, ',');
        (void)list_format_cell(cells[i], ',', x->spreadsheet, out);
    }
    out_add(SPAN("\r\n"));
}

static void print_json(struct span who, const struct told_event *e, const char *scope,
                       const char *since)
{
    struct buf *out = out_buf();
    (void)buf_add_text(out, "{\"address\":");
    (void)json_add_string(out, who);
    (void)buf_printf(out, ",\"scope\":\"%s\",\"kind\":\"%s\",\"since\":\"%s\",\"source\":", scope,
                     event_kind_word(e->kind), since);
    (void)json_add_string(out, e->source);
    out_add(SPAN("}\n"));
}

static enum status export_event(void *context, const struct told_event *e)
{
    struct exporting *x = context;
    char scope[SCOPE_BYTES], since[RFC3339_BYTES];
    struct buf who = BUF_INIT(ADDRESS_TEXT_MAX + 2 * HASH_BYTES_MAX);
    if (x->scope_given && !scope_contains(&e->scope, &x->scope))
        return OK;
    enum status s = outward(x, e->who, &who);
    if (s == NOT_FOUND) {
        x->undigestable++;
        s = OK;
    } else if (s == OK) {
        scope_format(&e->scope, scope);
        rfc3339_format(e->at_us, since);
        if (x->c->json)
            print_json(buf_span(&who), e, scope, since);
        else
            print_csv(x, buf_span(&who), e, scope, since);
        x->told++;
    }
    buf_free(&who);
    return s;
}

static enum exit_code export_all(struct exporting *x, struct authority *a)
{
    uint64_t nameless = 0;
    struct problem problem = {{0}};
    if (!x->c->json)
        out_add(SPAN("address,scope,kind,since,source\r\n"));
    enum status s = authority_standing(a, export_event, x, &nameless, &problem);
    if (s != OK)
        return say_problem(s, &problem);
    if (x->undigestable)
        say("%llu are known by a digest of another family only and cannot be told as %s",
            (unsigned long long)x->undigestable, hash_word(x->digest));
    if (nameless)
        say("%llu stand without an address that could be told", (unsigned long long)nameless);
    say("%llu standing", (unsigned long long)x->told);
    return EXIT_DONE;
}

static enum exit_code run(struct context *c, int argc, char **argv)
{
    const char *scope_text = NULL, *digest = NULL;
    struct exporting x = {.c = c};
    const struct option_spec specs[] = {{"scope", 's', &scope_text, NULL},
                                        {"digest", 0, &digest, NULL},
                                        {"spreadsheet", 0, NULL, &x.spreadsheet}};
    int n;
    struct authority *a;
    enum options_result o = options_read(c, &verb_export, specs, 3, argc, argv, &n);
    if (o != OPTIONS_OK)
        return options_exit(&verb_export, o);
    if (n != 0) {
        say("export: it takes no operands; redirect stdout to a file");
        return EXIT_BAD_INPUT;
    }
    if (read_digest_name(digest, &x.digest, &x.has_digest) != OK ||
        read_scope(scope_text, &x.scope, &x.scope_given) != OK)
        return EXIT_BAD_INPUT;
    enum exit_code code;
    if (open_data(c, AUTHORITY_READ, &a, &code) != OK)
        return code;
    code = export_all(&x, a);
    authority_close(a);
    return code;
}

const struct verb verb_export = {"export", "export [-s SCOPE] [--digest NAME] [--spreadsheet]",
                                 "standing opt-outs, to be told to other systems", run};
