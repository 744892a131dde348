/* cmd/ads.c: optout ads: the privacy strings of online advertising, decoded line by line.
 *
 * One JSON object goes out for each string that came in, in order, whatever was wrong with it.
 */
#include "adapter/privacy/privacy.h"
#include "cmd/cmd.h"

#include <unistd.h>

enum {
    LINES_GROUP = 256,
    ID_SET_WORDS = (VENDOR_MAX + 64) / 64,
    /* Vendor ids printed for one string. A short string can claim all 65,535 vendors thousands of
     * times over in restrictions. */
    PRINTED_IDS_MAX = 1 << 20
};

/* A line that was cut is over the room's own limit, and so refused there. */
_Static_assert((int)PRIVACY_TEXT_MAX < (int)LINE_BYTES_MAX, "a cut line looks whole");

/* A set of vendors, sorted and without doubles. */
struct id_set {
    uint64_t words[ID_SET_WORDS];
};

struct decoding {
    uint64_t applies; /* as in struct privacy_wish */
    struct buf fault; /* what is wrong with the string at hand */
    uint64_t read, faulty;
};

struct printing {
    struct buf *out;
    const char *section; /* whose object is open, or NULL */
    uint32_t ids_left;
    bool first;
    bool cut; /* there were more ids than may be printed */
};

/* --- fields --------------------------------------------------------------------------------- */

static void set_add(struct id_set *set, uint32_t first, uint32_t last)
{
    for (uint32_t id = first; id <= last; id++)
        set->words[id / 64] |= UINT64_C(1) << id % 64;
}

static void print_ids(struct printing *p, struct privacy_ids ids)
{
    struct id_set set = {{0}};
    uint32_t first, last;
    const char *comma = "";
    while (privacy_ids_next(&ids, &first, &last))
        set_add(&set, first, last);
    (void)buf_add_char(p->out, '[');
    for (uint32_t word = 0; word < ID_SET_WORDS && !p->cut; word++) {
        for (uint64_t bits = set.words[word]; bits && !p->cut; bits &= bits - 1) {
            (void)buf_printf(p->out, "%s%u", comma, word * 64 + (unsigned)__builtin_ctzll(bits));
            comma = ",";
            p->cut = --p->ids_left == 0;
        }
    }
    (void)buf_add_char(p->out, ']');
}

static void print_restrictions(struct printing *p, struct privacy_restrictions all)
{
    struct privacy_restriction one;
    const char *comma = "";
    (void)buf_add_char(p->out, '[');
    while (!p->cut && privacy_restrictions_next(&all, &one)) {
        (void)buf_printf(p->out, "%s{\"purposeId\":%u,\"type\":%u,\"vendors\":", comma, one.purpose,
                         one.type);
        print_ids(p, one.vendors);
        (void)buf_add_char(p->out, '}');
        comma = ",";
    }
    (void)buf_add_char(p->out, ']');
}

/* Always with its milliseconds, as the IAB's libraries print it. */
static void print_time(struct buf *out, uint64_t deciseconds)
{
    enum { SECONDS_LENGTH = 19 }; /* 2026-11-23T10:00:00 */
    char text[RFC3339_BYTES];
    rfc3339_format((int64_t)(deciseconds / 10) * 1000000, text);
    (void)buf_printf(out, "\"%.*s.%u00Z\"", SECONDS_LENGTH, text, (unsigned)(deciseconds % 10));
}

static void print_list(struct buf *out, const struct privacy_value *v)
{
    (void)buf_add_char(out, '[');
    for (unsigned i = 0; i < v->count; i++) {
        unsigned item = privacy_item(v, i);
        if (i)
            (void)buf_add_char(out, ',');
        if (v->type == PRIVACY_FLAGS)
            (void)buf_add_text(out, item ? "true" : "false");
        else
            (void)buf_printf(out, "%u", item);
    }
    (void)buf_add_char(out, ']');
}

static void print_value(struct printing *p, const struct privacy_value *v)
{
    switch (v->type) {
    case PRIVACY_NUMBER:
        (void)buf_printf(p->out, "%llu", (unsigned long long)v->number);
        break;
    case PRIVACY_FLAG:
        (void)buf_add_text(p->out, v->number ? "true" : "false");
        break;
    case PRIVACY_TIME:
        print_time(p->out, v->number);
        break;
    case PRIVACY_LETTERS:
        (void)json_add_string(p->out, (struct span){v->letters, 2});
        break;
    case PRIVACY_TEXT:
        (void)json_add_string(p->out, v->text);
        break;
    case PRIVACY_CHOICES:
    case PRIVACY_FLAGS:
        print_list(p->out, v);
        break;
    case PRIVACY_IDS:
        print_ids(p, v->ids);
        break;
    case PRIVACY_RESTRICTIONS:
        print_restrictions(p, v->restrictions);
        break;
    }
}

/* Fields of one section come together, so a new name ends the object of the last. */
static void print_field(void *context, const struct privacy_value *v)
{
    struct printing *p = context;
    if (p->section != v->section) {
        (void)buf_printf(p->out, "%s\"%s\":{", p->section ? "}," : "", v->section);
        p->section = v->section;
        p->first = true;
    }
    (void)buf_printf(p->out, "%s\"%s\":", p->first ? "" : ",", v->name);
    p->first = false;
    print_value(p, v);
}

/* --- a line --------------------------------------------------------------------------------- */

static const char *said_word(enum privacy_said said)
{
    return said == SAID_NOTHING ? "null" : said == SAID_REFUSED ? "true" : "false";
}

static void add_fault(struct buf *out, const struct privacy_decision *d, bool cut)
{
    if (d->fault.what)
        (void)buf_printf(out, "%s%s%s (byte %zu)", d->fault_in ? d->fault_in : "",
                         d->fault_in ? ": " : "", d->fault.what, d->fault.offset + 1);
    else if (cut)
        (void)buf_printf(out, "more than %u vendor ids, the rest is not printed", PRINTED_IDS_MAX);
}

static void print_decision(struct buf *out, const struct privacy_decision *d, struct span fault)
{
    (void)buf_printf(out,
                     "},\"opt_out\":{\"sale\":%s,\"sharing\":%s,\"targeted\":%s,\"gpc\":%s},"
                     "\"error\":",
                     said_word(d->said[RIGHT_SALE]), said_word(d->said[RIGHT_SHARING]),
                     said_word(d->said[RIGHT_TARGETED]), d->gpc ? "true" : "false");
    if (fault.n)
        (void)json_add_string(out, fault);
    else
        (void)buf_add_text(out, "null");
    (void)buf_add_text(out, "}\n");
}

/* The sections are known before their fields are, so the string is read twice. */
static void print_opening(struct buf *out, const struct privacy_decision *d)
{
    const char *word = privacy_kind_word(d->kind);
    (void)buf_printf(out, word ? "{\"kind\":\"%s\",\"sections\":[" : "{\"kind\":%s,\"sections\":[",
                     word ? word : "null");
    for (unsigned i = 0; i < d->section_count; i++)
        (void)buf_printf(out, "%s%u", i ? "," : "", d->sections[i]);
    (void)buf_add_text(out, "],\"fields\":{");
}

/* False: there is a fault in it. */
static bool decode(struct decoding *k, struct span text)
{
    struct privacy_decision d;
    struct printing p = {.out = out_buf(), .ids_left = PRINTED_IDS_MAX};
    struct privacy_wish wish = {.applies = k->applies};
    (void)privacy_read(text, &wish, &d);
    print_opening(p.out, &d);
    wish.visit = print_field;
    wish.context = &p;
    (void)privacy_read(text, &wish, &d);
    if (p.section)
        (void)buf_add_char(p.out, '}');
    buf_clear(&k->fault);
    add_fault(&k->fault, &d, p.cut);
    print_decision(p.out, &d, buf_span(&k->fault));
    out_flush(false);
    return k->fault.n == 0;
}

/* --- the verb ------------------------------------------------------------------------------- */

static void take(struct decoding *k, struct span text, uint64_t line)
{
    k->read++;
    if (decode(k, text))
        return;
    k->faulty++;
    if (line)
        say("line %llu: %.*s", (unsigned long long)line, SPAN_ARG(buf_span(&k->fault)));
    else
        say("%.*s", SPAN_ARG(buf_span(&k->fault)));
}

static enum status decode_stdin(struct decoding *k)
{
    struct line_reader reader;
    struct line *lines = mem_new(LINES_GROUP, sizeof *lines);
    size_t n;
    if (!lines)
        return NO_MEMORY;
    lines_open(&reader, STDIN_FILENO);
    enum status s;
    while ((s = lines_next(&reader, lines, LINES_GROUP, &n)) == OK && n) {
        for (size_t i = 0; i < n; i++)
            take(k, lines[i].text, lines[i].number);
        out_flush(true);
    }
    lines_close(&reader);
    mem_free(lines);
    return s;
}

static enum exit_code decode_all(struct decoding *k, int count, char **strings)
{
    enum { FAULT_BYTES = 256 };
    enum status s = OK;
    k->fault = BUF_INIT(FAULT_BYTES);
    if (count == 0 || (count == 1 && strcmp(strings[0], "-") == 0))
        s = decode_stdin(k);
    else
        for (int i = 0; i < count; i++)
            take(k, span_of(strings[i]), 0);
    buf_free(&k->fault);
    if (s != OK)
        return say_problem(s, &(struct problem){""});
    return k->read && k->faulty == k->read ? EXIT_BAD_INPUT : EXIT_DONE;
}

/* `7` or `7,8`: OpenRTB's gpp_sid. */
static enum status read_sids(const char *text, uint64_t *applies)
{
    enum { SID_MAX = 63 };
    struct span rest = span_of(text);
    while (rest.n) {
        size_t end = span_find(rest, ',');
        uint64_t id;
        if (span_to_u64(span_cut(rest, end), &id) != OK || id > SID_MAX || id == 0) {
            say("ads: --sid %s: it is section ids with commas between, each 1 to %d", text,
                SID_MAX);
            return REFUSED;
        }
        *applies |= UINT64_C(1) << id;
        rest = span_from(rest, end + 1);
    }
    return OK;
}

static enum exit_code run(struct context *c, int argc, char **argv)
{
    const char *sid = "";
    const struct option_spec specs[] = {{"sid", 0, &sid, NULL}};
    struct decoding k = {0};
    int n;
    enum options_result o = options_read(c, &verb_ads, specs, 1, argc, argv, &n);
    if (o != OPTIONS_OK)
        return options_exit(&verb_ads, o);
    if (n < 1 || strcmp(argv[0], "decode") != 0) {
        say("ads: say decode; see optout ads --help");
        return EXIT_BAD_INPUT;
    }
    if (read_sids(sid, &k.applies) != OK)
        return EXIT_BAD_INPUT;
    return decode_all(&k, n - 1, argv + 1);
}

const struct verb verb_ads = {"ads", "ads decode [--sid ID,…] [STRING…|-]",
                              "decodes privacy strings of online advertising: GPP, TCF, US Privacy",
                              run};
