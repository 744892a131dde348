#include "proof/line.h"

static bool extensions_clean(struct span extensions)
{
    struct lines l = {extensions, 0};
    struct span line;
    while (line_next(&l, &line))
        if (line.n == 0 || !line_clean(line))
            return false;
    return l.at == extensions.n;
}

static bool checkpoint_true(const struct checkpoint *c)
{
    struct merkle_hash empty = merkle_empty();
    return c->size > 0 || merkle_equal(&c->root, &empty);
}

enum status checkpoint_parse(struct span text, struct checkpoint *out, struct refusal *why)
{
    struct lines l = {text, 0};
    struct span line;
    *out = (struct checkpoint){0};
    if (!line_next(&l, &out->origin) || out->origin.n == 0 || !line_clean(out->origin))
        return refuse(why, "a checkpoint begins with a line for the log's origin", 0);
    size_t place = l.at;
    if (!line_next(&l, &line) || !line_u64(line, &out->size))
        return refuse(why, "a checkpoint's second line is the size as a plain number", place);
    place = l.at;
    if (!line_next(&l, &line) || !line_hash(line, &out->root))
        return refuse(why, "a checkpoint's third line is the root, 32 bytes in Base64", place);
    if (!checkpoint_true(out))
        return refuse(why, "a checkpoint of no entries has not the empty tree's root", place);
    out->extensions = span_from(text, l.at);
    if (!extensions_clean(out->extensions))
        return refuse(why, "a checkpoint's further lines are whole and not empty", l.at);
    return OK;
}

enum status checkpoint_format(const struct checkpoint *c, struct buf *out)
{
    if (c->origin.n == 0 || span_find(c->origin, '\n') != c->origin.n || !line_clean(c->origin) ||
        !extensions_clean(c->extensions) || !checkpoint_true(c))
        return REFUSED;
    (void)buf_add_span(out, c->origin);
    (void)buf_printf(out, "\n%llu\n", (unsigned long long)c->size);
    line_add_hash(out, &c->root);
    return buf_add_span(out, c->extensions);
}
