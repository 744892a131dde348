#include "proof/line.h"

bool line_next(struct lines *l, struct span *line)
{
    struct span rest = span_from(l->text, l->at);
    size_t n = span_find(rest, '\n');
    if (n == rest.n)
        return false;
    *line = span_cut(rest, n);
    l->at += n + 1;
    return true;
}

bool line_clean(struct span line)
{
    for (size_t i = 0; i < line.n; i++)
        if ((unsigned char)line.p[i] < ' ')
            return false;
    return utf8_valid(line);
}

bool line_u64(struct span line, uint64_t *out)
{
    if (line.n > 1 && line.p[0] == '0')
        return false;
    return span_to_u64(line, out) == OK;
}

bool line_hash(struct span line, struct merkle_hash *out)
{
    size_t n = 0;
    return base64_canonical_decode(line, out->bytes, sizeof out->bytes, &n) &&
           n == sizeof out->bytes;
}

void line_add_hash(struct buf *out, const struct merkle_hash *hash)
{
    (void)base64_canonical_add(out, hash->bytes, sizeof hash->bytes);
    (void)buf_add_char(out, '\n');
}
