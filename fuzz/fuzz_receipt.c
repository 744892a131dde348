/* fuzz/fuzz_receipt.c: receipts, and the smaller texts that people and strangers hand in: codes,
 * tile paths, leaves, statements.
 *
 * What is read is written back the same. A receipt that the fixed log's key vouches for is bound
 * in every bit in front of its signatures.
 */
#include "proof/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct note_key log_key(void)
{
    static const struct secret seed = {{7}};
    struct sign_key signer;
    struct note_key key;
    secret_sign_from_seed(&seed, &signer);
    INVARIANT(note_key_make(SPAN("log.example.com"), NOTE_ED25519, signer.public_key, &key, NULL) ==
              OK);
    return key;
}

static void code_is_written_back(struct span in)
{
    uint8_t salt[SALT_BYTES], again[SALT_BYTES];
    char code[CODE_BYTES];
    struct refusal why = {0};
    if (code_parse(in, salt, &why) != OK) {
        INVARIANT(why.what && why.offset <= in.n);
        return;
    }
    code_format(salt, code);
    INVARIANT(code_parse(span_of(code), again, NULL) == OK);
    INVARIANT(memcmp(salt, again, sizeof salt) == 0);
}

static void tile_path_is_written_back(struct span in)
{
    struct tile t;
    char path[TILE_PATH_BYTES];
    struct refusal why = {0};
    if (tile_path_parse(in, &t, &why) != OK) {
        INVARIANT(why.what && why.offset <= in.n);
        return;
    }
    tile_path(&t, path);
    INVARIANT(span_eq(span_of(path), in));
}

static void leaf_is_written_back(struct span in)
{
    struct leaf leaf;
    char text[LEAF_BYTES];
    if (leaf_parse(in, &leaf, NULL) != OK)
        return;
    INVARIANT(span_eq((struct span){text, leaf_format(&leaf, text)}, in));
}

static void statement_is_written_back(struct span in)
{
    struct statement s;
    struct buf out = BUF_INIT(1 << 16);
    if (statement_parse(in, &s, NULL) == OK)
        INVARIANT(statement_format(&s, &out) == OK && span_eq(buf_span(&out), in));
    buf_free(&out);
}

static void bundle_is_its_entries(struct span in)
{
    struct span entry;
    struct buf out = BUF_INIT(1 << 20);
    size_t at = 0;
    enum status s;
    while ((s = entry_next(in, &at, &entry)) == OK)
        INVARIANT(entry_add(&out, entry) == OK);
    INVARIANT(span_eq(buf_span(&out), span_cut(in, at)));
    INVARIANT((s == NOT_FOUND) == (at == in.n));
    buf_free(&out);
}

/* Flips one bit, chosen by the input, in front of the signatures. */
static void receipt_is_bound(struct span in, const struct receipt_facts *facts)
{
    struct note_key key = log_key();
    struct receipt_facts other;
    struct buf copy = BUF_INIT(RECEIPT_BYTES_MAX);
    size_t bound = in.n - facts->note.signatures.n;
    INVARIANT(facts->index < facts->checkpoint.size);
    INVARIANT(buf_add_span(&copy, in) == OK);
    size_t bit = crc32c(0, in.p, in.n) % (8 * bound);
    copy.p[bit / 8] = (char)(copy.p[bit / 8] ^ 1 << bit % 8);
    INVARIANT(receipt_verify(buf_span(&copy), &key, NULL, &other, NULL) != OK);
    buf_free(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = {(const char *)data, size};
    struct note_key key = log_key();
    struct buf out = BUF_INIT(2 * RECEIPT_BYTES_MAX);
    struct receipt_facts facts;
    struct receipt r;
    struct refusal why = {0};
    code_is_written_back(in);
    tile_path_is_written_back(in);
    leaf_is_written_back(in);
    statement_is_written_back(in);
    bundle_is_its_entries(in);
    if (receipt_parse(in, &r, &why) == OK)
        INVARIANT(receipt_format(&r, &out) == OK && span_eq(buf_span(&out), in));
    buf_free(&out);
    if (receipt_verify(in, &key, NULL, &facts, &why) == OK)
        receipt_is_bound(in, &facts);
    else
        INVARIANT(why.what && why.offset <= size);
    return 0;
}
