/* fuzz/fuzz_note.c: note_parse and what stands on it, over any bytes.
 *
 * A note is its text, a newline and its signatures, byte for byte. What is read is written back
 * the same: keys, checkpoints. A signature by the fixed key verifies on whatever can be signed, and
 * on nothing else.
 */
#include "proof/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct secret seed = {{7}};

static struct note_key make_key(const char *name, enum note_key_type type, struct sign_key *signer)
{
    struct note_key key;
    secret_sign_from_seed(&seed, signer);
    INVARIANT(note_key_make(span_of(name), type, signer->public_key, &key, NULL) == OK);
    return key;
}

static void key_is_written_back(struct span in)
{
    struct note_key key;
    struct refusal why = {0};
    char text[NOTE_KEY_TEXT_BYTES];
    if (note_key_parse(in, &key, &why) != OK) {
        INVARIANT(why.what && why.offset <= in.n);
        return;
    }
    note_key_format(&key, text);
    INVARIANT(span_eq(span_of(text), in));
}

static void checkpoint_is_written_back(struct span in)
{
    struct checkpoint c;
    struct refusal why = {0};
    struct buf out = BUF_INIT(1 << 20);
    if (checkpoint_parse(in, &c, &why) != OK) {
        INVARIANT(why.what && why.offset <= in.n);
        return;
    }
    INVARIANT(checkpoint_format(&c, &out) == OK && span_eq(buf_span(&out), in));
    buf_free(&out);
}

static void note_is_its_parts(struct span in, const struct note *note)
{
    INVARIANT(note->count >= 1 && note->count <= NOTE_SIGNATURES_MAX);
    INVARIANT(note->text.n > 0 && note->text.p[note->text.n - 1] == '\n');
    INVARIANT(note->text.p == in.p && note->text.n + 1 + note->signatures.n == in.n);
    INVARIANT(in.p[note->text.n] == '\n' && note->signatures.p + note->signatures.n == in.p + in.n);
    INVARIANT(utf8_valid(in));
}

/* Signs the text, and looks whether the signature holds for it and not for a longer one. */
static void signature_holds(struct span text, struct span more)
{
    struct sign_key signer;
    struct note_key key = make_key("fuzz.example.com", NOTE_ED25519, &signer);
    struct buf out = BUF_INIT(2 * NOTE_BYTES_MAX);
    struct note note;
    (void)buf_add_span(&out, text);
    (void)buf_add_char(&out, '\n');
    (void)buf_add_span(&out, more);
    if (note_sign(text, &key, &signer, &out) == OK &&
        note_parse(buf_span(&out), &note, NULL) == OK && span_eq(note.text, text)) {
        enum status s = note_verify(&note, &key, NULL, NULL);
        INVARIANT(s == OK || more.n > 0);
        note.text.n--;
        INVARIANT(note_verify(&note, &key, NULL, NULL) != OK);
    }
    buf_free(&out);
}

static void cosignature_holds(struct span text, uint64_t seconds)
{
    struct sign_key signer;
    struct note_key key = make_key("witness.example.com", NOTE_COSIGNATURE, &signer);
    struct buf out = BUF_INIT(2 * NOTE_BYTES_MAX);
    struct note note;
    uint64_t told = 0;
    (void)buf_add_span(&out, text);
    (void)buf_add_char(&out, '\n');
    if (note_cosign(text, &key, &signer, seconds, &out) == OK) {
        INVARIANT(note_parse(buf_span(&out), &note, NULL) == OK);
        INVARIANT(note_verify(&note, &key, &told, NULL) == OK && told == seconds);
    }
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = {(const char *)data, size};
    struct note note;
    struct refusal why = {0};
    key_is_written_back(in);
    checkpoint_is_written_back(in);
    cosignature_holds(in, size);
    signature_holds(in, SPAN(""));
    if (note_parse(in, &note, &why) != OK) {
        INVARIANT(why.what && why.offset <= size);
        return 0;
    }
    note_is_its_parts(in, &note);
    checkpoint_is_written_back(note.text);
    signature_holds(note.text, note.signatures);
    cosignature_holds(note.text, size);
    return 0;
}
