/* src/proof/leaf.c: the canonical texts of a leaf and of what it commits to.
 *
 *   optout/leaf/v1          optout/event/v1
 *   rec|key|index|log       out|in|complaint|dead|hold|forget
 *   seconds                 CHANNEL:SENDER/TOPIC
 *   Base64 of 32 bytes      address
 *                           source
 *                           SHA-256 of the proof text in lower-case hex, or -
 *                           microseconds when it was said
 *                           microseconds when it was recorded
 *                           version of the address normalisation
 *
 * Each line ends with a newline. Numbers have no sign and no leading zero. No part holds a newline,
 * so that no two statements share a text.
 */
#include "proof/line.h"

#include <stdio.h>

enum { SECOND_US = 1000000, WHO_MAX = ADDRESS_TEXT_MAX + 8, STATEMENT_BYTES_MAX = 2048 };

static const char *const leaf_words[LEAF_KINDS] = {
    [LEAF_RECORD] = "rec", [LEAF_KEY] = "key", [LEAF_INDEX] = "index", [LEAF_LOG] = "log"};

size_t leaf_format(const struct leaf *leaf, char out[LEAF_BYTES])
{
    char commitment[MERKLE_HASH_TEXT_BYTES + 1];
    base64_canonical_encode(leaf->commitment, sizeof leaf->commitment, commitment);
    int n = snprintf(out, LEAF_BYTES, "optout/leaf/v1\n%s\n%llu\n%s\n", leaf_words[leaf->kind],
                     (unsigned long long)leaf->recorded_s, commitment);
    INVARIANT(n > 0 && n < LEAF_BYTES);
    return (size_t)n;
}

static bool leaf_kind_parse(struct span s, enum leaf_kind *out)
{
    for (unsigned kind = 0; kind < LEAF_KINDS; kind++) {
        if (span_eq(s, span_of(leaf_words[kind]))) {
            *out = (enum leaf_kind)kind;
            return true;
        }
    }
    return false;
}

enum status leaf_parse(struct span in, struct leaf *out, struct refusal *why)
{
    struct lines l = {in, 0};
    struct span line;
    struct merkle_hash commitment;
    if (!line_next(&l, &line) || !span_eq(line, SPAN("optout/leaf/v1")))
        return refuse(why, "a leaf begins with optout/leaf/v1", 0);
    size_t place = l.at;
    if (!line_next(&l, &line) || !leaf_kind_parse(line, &out->kind))
        return refuse(why, "a leaf's kind is rec, key, index or log", place);
    place = l.at;
    if (!line_next(&l, &line) || !line_u64(line, &out->recorded_s))
        return refuse(why, "a leaf's time is a number of seconds", place);
    place = l.at;
    if (!line_next(&l, &line) || !line_hash(line, &commitment))
        return refuse(why, "a leaf's commitment is 32 bytes in Base64", place);
    if (l.at != in.n)
        return refuse(why, "something stands behind the leaf", l.at);
    memcpy(out->commitment, commitment.bytes, sizeof out->commitment);
    return OK;
}

static bool statement_fits(const struct statement *s)
{
    return s->who.n > 0 && s->who.n < WHO_MAX && line_clean(s->who) && s->source.n <= SOURCE_MAX &&
           line_clean(s->source) && s->at_us >= 0 && s->recorded_us >= 0;
}

enum status statement_format(const struct statement *s, struct buf *out)
{
    char scope[SCOPE_BYTES], digest[2 * SHA256_BYTES + 1] = "-";
    if (!statement_fits(s))
        return REFUSED;
    if (s->proven)
        hex_encode(s->proof_digest, sizeof s->proof_digest, digest);
    scope_format(&s->scope, scope);
    return buf_printf(out, "optout/event/v1\n%s\n%s\n%.*s\n%.*s\n%s\n%lld\n%lld\n%lu\n",
                      event_kind_word(s->kind), scope, SPAN_ARG(s->who), SPAN_ARG(s->source),
                      digest, (long long)s->at_us, (long long)s->recorded_us,
                      (unsigned long)s->normalisation);
}

static bool parse_kind(struct span line, struct statement *out)
{
    return event_kind_parse(line, &out->kind) == OK &&
           span_eq(line, span_of(event_kind_word(out->kind)));
}

static bool parse_scope(struct span line, struct statement *out)
{
    char text[SCOPE_BYTES];
    if (scope_parse(line, &out->scope, NULL) != OK)
        return false;
    scope_format(&out->scope, text);
    return span_eq(line, span_of(text));
}

static bool parse_who(struct span line, struct statement *out)
{
    out->who = line;
    return line.n > 0 && line.n < WHO_MAX && line_clean(line);
}

static bool parse_source(struct span line, struct statement *out)
{
    out->source = line;
    return line.n <= SOURCE_MAX && line_clean(line);
}

static bool parse_proof(struct span line, struct statement *out)
{
    char text[2 * SHA256_BYTES + 1];
    out->proven = !span_eq(line, SPAN("-"));
    if (!out->proven)
        return true;
    if (!hex_decode(line, out->proof_digest, sizeof out->proof_digest))
        return false;
    hex_encode(out->proof_digest, sizeof out->proof_digest, text);
    return span_eq(line, span_of(text));
}

static bool parse_time(struct span line, int64_t *out)
{
    uint64_t us;
    if (!line_u64(line, &us) || us > INT64_MAX)
        return false;
    *out = (int64_t)us;
    return true;
}

static bool parse_at(struct span line, struct statement *out)
{
    return parse_time(line, &out->at_us);
}

static bool parse_recorded(struct span line, struct statement *out)
{
    return parse_time(line, &out->recorded_us);
}

static bool parse_version(struct span line, struct statement *out)
{
    uint64_t version;
    if (!line_u64(line, &version) || version > UINT32_MAX)
        return false;
    out->normalisation = (uint32_t)version;
    return true;
}

static const struct {
    bool (*parse)(struct span line, struct statement *out);
    const char *wrong;
} statement_lines[] = {
    {parse_kind, "the kind of the event is unknown"},
    {parse_scope, "the scope is not CHANNEL:SENDER/TOPIC in lower case"},
    {parse_who, "the address is missing, too long or no clean text"},
    {parse_source, "the source is too long or no clean text"},
    {parse_proof, "the proof is neither - nor a SHA-256 in lower-case hex"},
    {parse_at, "the time when it was said is no plain number"},
    {parse_recorded, "the time when it was recorded is no plain number"},
    {parse_version, "the version of the normalisation is no plain number"},
};

enum status statement_parse(struct span text, struct statement *out, struct refusal *why)
{
    struct lines l = {text, 0};
    struct span line;
    *out = (struct statement){0};
    if (!line_next(&l, &line) || !span_eq(line, SPAN("optout/event/v1")))
        return refuse(why, "an event's text begins with optout/event/v1", 0);
    for (size_t i = 0; i < sizeof statement_lines / sizeof *statement_lines; i++) {
        size_t place = l.at;
        if (!line_next(&l, &line) || !statement_lines[i].parse(line, out))
            return refuse(why, statement_lines[i].wrong, place);
    }
    return l.at == text.n ? OK : refuse(why, "something stands behind the event's text", l.at);
}

void commitment_make(const uint8_t salt[SALT_BYTES], struct span text, uint8_t out[SHA256_BYTES])
{
    hmac_sha256((struct span){(const char *)salt, SALT_BYTES}, text, out);
}

enum status commitment_check(const struct leaf *leaf, const uint8_t salt[SALT_BYTES],
                             const struct statement *s, struct refusal *why)
{
    struct buf text = BUF_INIT(STATEMENT_BYTES_MAX);
    uint8_t expected[SHA256_BYTES] = {0};
    if (leaf->kind != LEAF_RECORD)
        return refuse(why, "the leaf is not about an event", 0);
    enum status done = statement_format(s, &text);
    if (done == OK)
        commitment_make(salt, buf_span(&text), expected);
    buf_free(&text);
    if (done == REFUSED)
        return refuse(why, "that cannot be the text of an event", 0);
    if (done != OK)
        return done;
    if ((uint64_t)s->recorded_us / SECOND_US != leaf->recorded_s)
        return refuse(why, "the leaf was recorded at another time", 0);
    if (!secret_equal(expected, leaf->commitment, sizeof expected))
        return refuse(why, "the leaf commits to something else, or the receipt code is wrong", 0);
    return OK;
}
