/* cmd/feed.c: reading a list in groups. The buffer holds the longest record that there may be, so
 * that a group's records can be borrowed from it until the next group.
 */
#include "cmd/feed.h"

#include <stdio.h>

enum {
    BUFFER_BYTES = LIST_RECORD_MAX + INPUT_READ_BYTES,
    WORDS_BYTES = FEED_GROUP * 2 * LIST_CELL_MAX,
    COMPLAINTS_MAX = 50
};

static enum status fill(struct feed *f, struct problem *why)
{
    struct buf *b = &f->buffer;
    if (f->start) {
        memmove(b->p, b->p + f->start, b->n - f->start);
        b->n -= f->start;
        f->start = 0;
    }
    size_t room = b->ceiling - b->n, got = 0;
    if (room > INPUT_READ_BYTES)
        room = INPUT_READ_BYTES;
    INVARIANT(room > 0); /* a full buffer always yields a record */
    enum status s = buf_reserve(b, room);
    if (s != OK)
        return problem_set(why, s, "%s: %s", f->path, status_text(s));
    s = input_read(f->in, b->p + b->n, room, &got, why);
    if (s != OK)
        return s;
    f->at_end = got == 0;
    b->n += got;
    return OK;
}

enum status feed_open(struct feed *f, const char *path, const struct list_wish *wish,
                      const struct address_options *options, struct problem *why)
{
    struct list_shape shape;
    *f = (struct feed){.path = strcmp(path, "-") == 0 ? "stdin" : path,
                       .options = options,
                       .buffer = BUF_INIT(BUFFER_BYTES),
                       .words = BUF_INIT(WORDS_BYTES)};
    enum status s = input_open(path, &f->in, why);
    while (s == OK && !f->at_end && f->buffer.n < LIST_HEAD_MAX)
        s = fill(f, why);
    if (s == OK)
        s = list_sniff(span_cut(buf_span(&f->buffer), LIST_HEAD_MAX), wish, &shape, why);
    if (s != OK)
        return s;
    list_reader_init(&f->reader, &shape);
    return OK;
}

void feed_close(struct feed *f)
{
    input_close(f->in);
    buf_free(&f->buffer);
    buf_free(&f->words);
}

/* A copy of a short text that lives as long as the group. The pool is reserved whole beforehand,
 * so that it does not move. */
static struct span keep_words(struct feed *f, struct span text)
{
    size_t at = f->words.n;
    if (text.n == 0 || buf_add_span(&f->words, text) != OK)
        return (struct span){0};
    return (struct span){f->words.p + at, text.n};
}

/* In a column of digests one may still say its family itself, as `md5:…`. */
static enum status read_address(const struct feed *f, struct span text, struct address *who,
                                struct refusal *why)
{
    if (!f->reader.shape.has_digest)
        return address_parse(text, f->options, who, why);
    enum status s = digest_parse(text, f->reader.shape.digest, who, why);
    if (s == REFUSED && address_parse(text, f->options, who, NULL) == OK)
        s = who->kind == ADDRESS_DIGEST ? OK : REFUSED;
    return s;
}

static void understand(struct feed *f, const struct list_record *from, struct feed_record *to)
{
    *to = (struct feed_record){.what = from->what,
                               .raw = from->raw,
                               .line = from->line,
                               .why = from->why,
                               .kind = from->kind,
                               .at_us = from->at_us};
    if (from->what != LIST_RECORD)
        return;
    to->scope_text = keep_words(f, from->scope);
    to->note = keep_words(f, from->note);
    to->readable = read_address(f, from->address, &to->who, &to->why) == OK;
}

static void count(struct feed *f, const struct feed_record *r)
{
    f->records += r->what == LIST_RECORD || r->what == LIST_MALFORMED;
    f->malformed += r->what == LIST_MALFORMED;
    f->unreadable += (r->what == LIST_RECORD && !r->readable) || r->what == LIST_MALFORMED;
}

enum status feed_next(struct feed *f, struct feed_record *out, size_t *n, struct problem *why)
{
    *n = 0;
    buf_clear(&f->words);
    enum status s = buf_reserve(&f->words, WORDS_BYTES);
    if (s != OK)
        return problem_set(why, s, "%s", status_text(s));
    while (*n < FEED_GROUP) {
        struct list_record record;
        struct span rest = {f->buffer.p + f->start, f->buffer.n - f->start};
        size_t took = list_next(&f->reader, rest, f->at_end, &record);
        if (took == 0) {
            if (*n || f->at_end)
                break; /* refilling would move what the group borrows */
            s = fill(f, why);
            if (s != OK)
                return s;
            continue;
        }
        f->start += took;
        understand(f, &record, &out[*n]);
        count(f, &out[(*n)++]);
    }
    progress_show(&f->progress, input_consumed(f->in), f->records);
    return OK;
}

void feed_complain(struct feed *f, const struct feed_record *r)
{
    struct buf shown = BUF_INIT(4096);
    if (++f->complaints_shown == COMPLAINTS_MAX + 1)
        say("%s: more records cannot be read; they are counted, not shown", f->path);
    if (f->complaints_shown > COMPLAINTS_MAX)
        return;
    progress_end(&f->progress);
    struct span raw = span_trim(r->raw);
    add_visible(&shown, raw);
    if (buf_terminate(&shown) == OK)
        say("%s: line %llu: %s: %s", f->path, (unsigned long long)r->line, r->why.what, shown.p);
    buf_free(&shown);
}

void feed_describe(const struct feed *f, struct buf *out)
{
    const struct list_shape *s = &f->reader.shape;
    (void)buf_add_text(out, list_format_word(s->format));
    if (s->format == LIST_CSV)
        (void)buf_printf(out, ", addresses in column %d", s->address.column + 1);
    else if (s->address.present && s->address.member[0])
        (void)buf_printf(out, ", addresses in \"%s%s%s\"", s->address.outer,
                         s->address.outer[0] ? "." : "", s->address.member);
    if (s->has_digest)
        (void)buf_printf(out, ", %s digests", hash_word(s->digest));
    if (s->product != LIST_UNKNOWN && s->product != LIST_PLAIN)
        (void)buf_printf(out, ", an export of %s", list_product_word(s->product));
    (void)buf_terminate(out);
}

enum status feed_wish(const struct feed_options *o, struct list_wish *wish)
{
    *wish = (struct list_wish){.column = span_of(o->column)};
    if (o->format && list_format_parse(span_of(o->format), &wish->format) != OK) {
        say("--format %s: it is one of auto, lines, csv, ndjson, json", o->format);
        return REFUSED;
    }
    if (o->product && list_product_parse(span_of(o->product), &wish->product) != OK) {
        say("--from %s: known are plain, optout, sendgrid, mailchimp, ses, mailgun, postmark, "
            "klaviyo, twilio and listmonk",
            o->product);
        return REFUSED;
    }
    return read_digest_name(o->digest, &wish->digest, &wish->has_digest);
}
