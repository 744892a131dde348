/* src/proof/receipt.c: a receipt is a tlog-proof (C2SP) whose extra data is the leaf.
 *
 *   c2sp.org/tlog-proof@v1
 *   extra Base64 of the leaf
 *   index N
 *   a hash in Base64 a line, from the leaf's sibling up
 *   (an empty line)
 *   the signed checkpoint
 *
 * All of it but the signatures of unknown keys is bound by the log's signature: the leaf and the
 * path by the root, the index by the path's shape in a tree of the signed size.
 */
#include "proof/line.h"

#define MAGIC "c2sp.org/tlog-proof@v1"

enum status receipt_format(const struct receipt *r, struct buf *out)
{
    char leaf[LEAF_BYTES];
    size_t n = leaf_format(&r->leaf, leaf);
    (void)buf_add_text(out, MAGIC "\nextra ");
    (void)base64_canonical_add(out, leaf, n);
    (void)buf_printf(out, "\nindex %llu\n", (unsigned long long)r->index);
    for (size_t i = 0; i < r->path.n; i++)
        line_add_hash(out, &r->path.hash[i]);
    (void)buf_add_char(out, '\n');
    return buf_add_span(out, r->note);
}

static enum status parse_extra(struct span line, size_t place, struct leaf *out,
                               struct refusal *why)
{
    uint8_t text[LEAF_BYTES];
    struct refusal inside = {0};
    size_t n = 0;
    if (!span_starts(line, SPAN("extra ")))
        return refuse(why, "the receipt has no line with the leaf", place);
    if (!base64_canonical_decode(span_from(line, 6), text, sizeof text, &n))
        return refuse(why, "the receipt's leaf is no Base64, or too long", place + 6);
    if (leaf_parse((struct span){(const char *)text, n}, out, &inside) != OK)
        return refuse(why, inside.what, place + 6);
    return OK;
}

static enum status parse_path(struct lines *l, struct merkle_path *out, struct refusal *why)
{
    struct span line;
    out->n = 0;
    for (size_t place = l->at; line_next(l, &line); place = l->at) {
        if (line.n == 0)
            return OK;
        if (out->n == MERKLE_LEVELS)
            return refuse(why, "the receipt's path is too long", place);
        if (!line_hash(line, &out->hash[out->n++]))
            return refuse(why, "a line of the path is not 32 bytes in Base64", place);
    }
    return refuse(why, "the receipt ends before its checkpoint", l->text.n);
}

enum status receipt_parse(struct span in, struct receipt *out, struct refusal *why)
{
    struct lines l = {in, 0};
    struct span line;
    *out = (struct receipt){0};
    if (in.n > RECEIPT_BYTES_MAX)
        return refuse(why, "the receipt is too long", RECEIPT_BYTES_MAX);
    if (!line_next(&l, &line) || !span_eq(line, SPAN(MAGIC)))
        return refuse(why, "a receipt begins with " MAGIC, 0);
    size_t place = l.at;
    enum status s = line_next(&l, &line) ? parse_extra(line, place, &out->leaf, why)
                                         : refuse(why, "the receipt ends before its leaf", place);
    if (s != OK)
        return s;
    place = l.at;
    if (!line_next(&l, &line) || !span_starts(line, SPAN("index ")) ||
        !line_u64(span_from(line, 6), &out->index))
        return refuse(why, "the receipt has no line with its index", place);
    s = parse_path(&l, &out->path, why);
    out->note = span_from(in, l.at);
    return s;
}

/* Puts what was refused at an offset of the note to its place in the receipt. */
static enum status within(enum status s, size_t note_at, struct refusal *why)
{
    if (s == REFUSED && why)
        why->offset += note_at;
    return s;
}

/* The note is signed by the log, and its text is a checkpoint of that log. */
static enum status open_checkpoint(struct span in, const struct note_key *log,
                                   struct receipt_facts *out, struct refusal *why)
{
    enum status s = note_parse(in, &out->note, why);
    if (s == OK)
        s = note_verify(&out->note, log, NULL, why);
    if (s == NOT_FOUND)
        return refuse(why, "the checkpoint is not signed by this key", out->note.text.n + 1);
    if (s == OK)
        s = checkpoint_parse(out->note.text, &out->checkpoint, why);
    if (s == OK && !span_eq(out->checkpoint.origin, span_of(log->name)))
        s = refuse(why, "the checkpoint is of another log", 0);
    return s;
}

static enum status check_claim(const struct leaf *leaf, const struct claim *claim,
                               struct refusal *why)
{
    uint8_t salt[SALT_BYTES];
    enum status s = code_parse(claim->code, salt, why);
    if (s == OK)
        s = commitment_check(leaf, salt, &claim->said, why);
    secret_wipe(salt, sizeof salt);
    if (s == REFUSED && why)
        why->offset = 0;
    return s;
}

enum status receipt_verify(struct span in, const struct note_key *log, const struct claim *claim,
                           struct receipt_facts *out, struct refusal *why)
{
    struct receipt r;
    char text[LEAF_BYTES];
    *out = (struct receipt_facts){0};
    enum status s = receipt_parse(in, &r, why);
    if (s == OK)
        s = within(open_checkpoint(r.note, log, out, why), in.n - r.note.n, why);
    if (s != OK)
        return s;
    struct merkle_hash leaf = merkle_leaf((struct span){text, leaf_format(&r.leaf, text)});
    if (!merkle_included(r.index, out->checkpoint.size, &leaf, &r.path, &out->checkpoint.root))
        return refuse(why, "the leaf is not in the log at this index", sizeof MAGIC);
    s = claim ? check_claim(&r.leaf, claim, why) : OK;
    out->leaf = r.leaf;
    out->index = r.index;
    out->claim_proven = claim && s == OK;
    return s;
}
