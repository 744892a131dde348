/* src/proof/note.c: signed notes (C2SP signed-note) and cosignatures (C2SP tlog-cosignature v1).
 *
 *   text, one or more lines
 *   (an empty line: the last one of the note)
 *   U+2014 SP name SP base64(key id, 4 bytes || signature)
 *
 * Ed25519 signs the text; a cosignature is eight bytes of big-endian seconds and an Ed25519
 * signature over two lines, `cosignature/v1` and `time SECONDS`, and the text.
 */
#include "proof/note_line.h"

#define DASH "\xe2\x80\x94 "

enum { TIME_BYTES = 8, PAYLOAD_MAX = NOTE_KEY_ID_BYTES + TIME_BYTES + SIGNATURE_BYTES };

/* A signature line in its parts. */
struct signature {
    struct span name, base64;
};

static bool signature_split(struct span line, struct signature *out)
{
    if (!span_starts(line, SPAN(DASH)))
        return false;
    struct span rest = span_from(line, sizeof DASH - 1);
    out->name = span_cut(rest, span_find(rest, ' '));
    out->base64 = span_from(rest, out->name.n + 1);
    return true;
}

/* Any key's signature: the id and at least one byte more. */
static bool signature_valid(struct span line)
{
    struct signature s;
    size_t n = 0;
    return signature_split(line, &s) && note_name_valid(s.name) &&
           base64_canonical_decode(s.base64, NULL, SIZE_MAX, &n) && n > NOTE_KEY_ID_BYTES;
}

/* The byte behind the last empty line, 0 when there is none. */
static size_t signatures_begin(struct span in)
{
    for (size_t i = in.n; i > 1; i--)
        if (in.p[i - 1] == '\n' && in.p[i - 2] == '\n')
            return i;
    return 0;
}

/* The first byte that may stand in no note, or in.n. */
static size_t unclean_at(struct span in)
{
    for (size_t i = 0; i < in.n; i++)
        if ((unsigned char)in.p[i] < ' ' && in.p[i] != '\n')
            return i;
    return in.n;
}

static enum status count_signatures(struct span in, size_t at, size_t *count, struct refusal *why)
{
    struct lines l = {in, at};
    struct span line;
    for (*count = 0; l.at < in.n; ++*count) {
        size_t place = l.at;
        if (*count == NOTE_SIGNATURES_MAX)
            return refuse(why, "the note has too many signatures", place);
        if (!line_next(&l, &line) || !signature_valid(line))
            return refuse(why, "this is no signature line", place);
    }
    return *count > 0 ? OK : refuse(why, "the note has no signature", in.n);
}

enum status note_parse(struct span in, struct note *out, struct refusal *why)
{
    *out = (struct note){0};
    if (in.n > NOTE_BYTES_MAX)
        return refuse(why, "the note is too long", NOTE_BYTES_MAX);
    size_t at = unclean_at(in);
    if (at < in.n)
        return refuse(why, "the note has a control character", at);
    if (!utf8_valid(in))
        return refuse(why, "the note is not UTF-8", 0);
    at = signatures_begin(in);
    if (at == 0)
        return refuse(why, "no empty line stands between text and signatures", in.n);
    out->text = span_cut(in, at - 1);
    out->signatures = span_from(in, at);
    return count_signatures(in, at, &out->count, why);
}

static bool signed_by(struct span line, const struct note_key *key, struct span *base64)
{
    struct signature s;
    uint8_t id[NOTE_KEY_ID_BYTES];
    size_t n = 0;
    if (!signature_split(line, &s) || !span_eq(s.name, span_of(key->name)))
        return false;
    /* Eight characters are six bytes, of which the id is the first four. */
    uint8_t head[6];
    if (!base64_canonical_decode(span_cut(s.base64, 8), head, sizeof head, &n) || n < sizeof id)
        return false;
    memcpy(id, head, sizeof id);
    *base64 = s.base64;
    return memcmp(id, key->id, sizeof id) == 0;
}

/* What a witness signs. */
static enum status cosigned_text(struct span text, uint64_t seconds, struct buf *out)
{
    (void)buf_printf(out, "cosignature/v1\ntime %llu\n", (unsigned long long)seconds);
    return buf_add_span(out, text);
}

static enum status verify_cosignature(struct span text, const struct note_key *key,
                                      const uint8_t *payload, uint64_t *seconds)
{
    struct buf whole = BUF_INIT(NOTE_BYTES_MAX + 64);
    uint64_t time = 0;
    for (size_t i = 0; i < TIME_BYTES; i++)
        time = time << 8 | payload[i];
    if (time > INT64_MAX)
        return REFUSED;
    enum status s = cosigned_text(text, time, &whole);
    if (s == OK && !secret_verify(key->public_key, buf_span(&whole), payload + TIME_BYTES))
        s = REFUSED;
    buf_free(&whole);
    if (s == OK && seconds)
        *seconds = time;
    return s;
}

static enum status verify_line(struct span text, const struct note_key *key, struct span base64,
                               uint64_t *seconds)
{
    uint8_t payload[PAYLOAD_MAX];
    bool timed = key->type == NOTE_COSIGNATURE;
    size_t n = 0, expected = timed ? PAYLOAD_MAX : PAYLOAD_MAX - TIME_BYTES;
    if (!base64_canonical_decode(base64, payload, sizeof payload, &n) || n != expected)
        return REFUSED;
    if (timed)
        return verify_cosignature(text, key, payload + NOTE_KEY_ID_BYTES, seconds);
    return secret_verify(key->public_key, text, payload + NOTE_KEY_ID_BYTES) ? OK : REFUSED;
}

enum status note_verify(const struct note *note, const struct note_key *key, uint64_t *seconds,
                        struct refusal *why)
{
    struct lines l = {note->signatures, 0};
    struct span line, base64;
    enum status found = NOT_FOUND;
    size_t before = note->text.n + 1, place = before;
    for (; line_next(&l, &line); place = before + l.at) {
        if (!signed_by(line, key, &base64))
            continue;
        if (found == OK)
            return refuse(why, "the key has signed twice", place);
        found = verify_line(note->text, key, base64, seconds);
        if (found == REFUSED)
            return refuse(why, "the signature is false", place);
        if (found != OK)
            return found;
    }
    return found;
}

static bool can_be_signed(struct span text)
{
    return text.n > 0 && text.n < NOTE_BYTES_MAX && text.p[text.n - 1] == '\n' &&
           unclean_at(text) == text.n && utf8_valid(text);
}

/* A whole line or nothing. */
static enum status add_line(const struct note_key *key, const uint8_t *payload, size_t n,
                            struct buf *out)
{
    size_t before = out->n;
    (void)buf_add_text(out, DASH);
    (void)buf_add_text(out, key->name);
    (void)buf_add_char(out, ' ');
    (void)base64_canonical_add(out, payload, n);
    (void)buf_add_char(out, '\n');
    if (buf_status(out) != OK)
        out->n = before;
    return buf_status(out);
}

enum status note_sign(struct span text, const struct note_key *key, const struct sign_key *signer,
                      struct buf *out)
{
    uint8_t payload[NOTE_KEY_ID_BYTES + SIGNATURE_BYTES];
    if (key->type != NOTE_ED25519 || !can_be_signed(text))
        return REFUSED;
    memcpy(payload, key->id, NOTE_KEY_ID_BYTES);
    secret_sign(signer, text, payload + NOTE_KEY_ID_BYTES);
    return add_line(key, payload, sizeof payload, out);
}

enum status note_cosign(struct span checkpoint, const struct note_key *key,
                        const struct sign_key *signer, uint64_t seconds, struct buf *out)
{
    struct checkpoint c;
    struct buf whole = BUF_INIT(NOTE_BYTES_MAX + 64);
    uint8_t payload[PAYLOAD_MAX], *p = payload;
    if (key->type != NOTE_COSIGNATURE || seconds > INT64_MAX || !can_be_signed(checkpoint) ||
        checkpoint_parse(checkpoint, &c, NULL) != OK)
        return REFUSED;
    memcpy(p, key->id, NOTE_KEY_ID_BYTES);
    p += NOTE_KEY_ID_BYTES;
    for (int shift = 8 * (TIME_BYTES - 1); shift >= 0; shift -= 8)
        *p++ = (uint8_t)(seconds >> shift);
    enum status s = cosigned_text(checkpoint, seconds, &whole);
    if (s == OK)
        secret_sign(signer, buf_span(&whole), p);
    buf_free(&whole);
    return s == OK ? add_line(key, payload, sizeof payload, out) : s;
}
