/* cmd/data.c: opening the data directory, and the addresses that a verb is given. */
#include "cmd/cmd.h"

#include <stdio.h>
#include <unistd.h>

static void complain_config(void *context, size_t line, const char *what, struct span text)
{
    const struct context *c = context;
    struct buf shown = BUF_INIT(4096);
    add_visible(&shown, text);
    if (buf_terminate(&shown) == OK)
        say("%s/optout.conf: line %zu: %s%s%s", c->data_dir, line, what, text.n ? ": " : "",
            text.n ? shown.p : "");
    buf_free(&shown);
}

static void explain_new_key(const struct context *c)
{
    say("began a new ledger in %s", c->data_dir);
    say("its key is %s/key: without it no opt-out recorded here can ever be found again.\n"
        "        Keep a copy in a safe place now:  optout --data %s key backup FILE",
        c->data_dir, c->data_dir);
}

enum status open_data(const struct context *c, enum authority_mode mode, struct authority **out,
                      enum exit_code *code)
{
    struct problem problem = {{0}};
    struct context copy = *c;
    enum status s = authority_open(c->data_dir, mode, complain_config, &copy, out, &problem);
    if (s != OK)
        *code = say_problem(s, &problem);
    else if (authority_is_new(*out))
        explain_new_key(c);
    return s;
}

void publish(struct authority *a)
{
    struct problem problem = {{0}};
    if (authority_publish(a, &problem) != OK)
        say("recorded, but the public log could not follow: %s", problem.text);
}

enum status read_whole(const char *path, struct buf *out, struct problem *why)
{
    return file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, out, why);
}

enum status read_scope(const char *text, struct scope *out, bool *given)
{
    struct refusal why;
    *given = text != NULL;
    if (!text || scope_parse(span_of(text), out, &why) == OK)
        return OK;
    say("--scope %s: %s (byte %zu)", text, why.what, why.offset + 1);
    return REFUSED;
}

enum status read_digest_name(const char *text, enum hash_name *out, bool *given)
{
    *given = text != NULL;
    if (!text)
        return OK;
    for (enum hash_name h = 0; h < HASH_NAMES; h++) {
        if (span_eq_fold(span_of(text), span_of(hash_word(h)))) {
            *out = h;
            return OK;
        }
    }
    say("--digest %s: it is one of sha256, md5, sha1, sha512", text);
    return REFUSED;
}

void say_unreadable(const struct taken *t)
{
    struct buf shown = BUF_INIT(4096);
    add_visible(&shown, t->text);
    if (buf_terminate(&shown) == OK) {
        if (t->line)
            say("line %llu: %s: %s (byte %zu)", (unsigned long long)t->line, shown.p, t->why.what,
                t->why.offset + 1);
        else
            say("%s: %s (byte %zu)", shown.p, t->why.what, t->why.offset + 1);
    }
    buf_free(&shown);
}

static void take(const struct addresses *from, struct span text, uint64_t line, bool too_long,
                 struct taken *t)
{
    t->line = line;
    t->text = text;
    if (too_long) {
        t->readable = false;
        t->why = (struct refusal){"the line is too long", LINE_BYTES_MAX};
        return;
    }
    const struct address_options *options =
        from->authority ? authority_address_options(from->authority) : NULL;
    t->readable = address_parse(text, options, &t->address, &t->why) == OK;
}

static enum status each_operand(const struct addresses *from, struct taken *group,
                                taken_visit *visit, void *context)
{
    enum status s = OK;
    for (int at = 0; s == OK && at < from->count;) {
        size_t n = 0;
        for (; n < TAKEN_GROUP && at < from->count; at++)
            take(from, span_of(from->operands[at]), 0, false, &group[n++]);
        s = visit(context, group, n);
    }
    return s;
}

static enum status each_line(const struct addresses *from, struct taken *group, struct line *lines,
                             taken_visit *visit, void *context)
{
    struct line_reader reader;
    size_t n;
    lines_open(&reader, STDIN_FILENO);
    enum status s;
    while ((s = lines_next(&reader, lines, TAKEN_GROUP, &n)) == OK && n) {
        size_t taken = 0;
        for (size_t i = 0; i < n; i++)
            if (span_trim(lines[i].text).n) /* an empty line names nobody */
                take(from, lines[i].text, lines[i].number, lines[i].too_long, &group[taken++]);
        s = taken ? visit(context, group, taken) : OK;
        if (s != OK)
            break;
    }
    lines_close(&reader);
    return s;
}

enum status addresses_each(const struct addresses *from, taken_visit *visit, void *context)
{
    struct taken *group = mem_new(TAKEN_GROUP, sizeof *group);
    struct line *lines = mem_new(TAKEN_GROUP, sizeof *lines);
    enum status s = NO_MEMORY;
    if (group && lines)
        s = from->from_stdin ? each_line(from, group, lines, visit, context)
                             : each_operand(from, group, visit, context);
    mem_free(group);
    mem_free(lines);
    return s;
}
