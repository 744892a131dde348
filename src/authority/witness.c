/* src/authority/witness.c: two installations that vouch for each other's logs.
 *
 * A log asks (C2SP tlog-witness, add-checkpoint), a witness that has seen it before checks that it
 * has only grown, keeps what it saw, and cosigns. So a rewritten history needs both, and a log
 * that shows two views is found out when either reaches the witness.
 *
 * What was seen of a log is a fact of the witness's own ledger: kind `witness`, name the origin,
 * value `SIZE BASE64-ROOT`.
 */
#include "authority/inside.h"
#include "base/clock.h"
#include "log/log.h"

#include <stdio.h>

static const char fact_kind[] = "witness";
enum { REQUEST_HASHES_MAX = 63 };

struct witness_request {
    uint64_t old;
    struct merkle_path path;
    struct span note;
};

static struct span take_line(struct span *text)
{
    size_t end = span_find(*text, '\n');
    struct span line = span_cut(*text, end);
    *text = span_from(*text, end + 1);
    return line;
}

/* `old N`, the proof's hashes in Base64, a blank line, the checkpoint. */
static enum status request_parse(struct span in, struct witness_request *out, struct refusal *why)
{
    struct span rest = in, first = take_line(&rest), line;
    *out = (struct witness_request){0};
    if (!span_starts(first, SPAN("old ")) || span_to_u64(span_from(first, 4), &out->old) != OK)
        return refuse(why, "the request does not start with old and a size", 0);
    while ((line = take_line(&rest)).n) {
        size_t n;
        if (out->path.n == REQUEST_HASHES_MAX ||
            !base64_canonical_decode(line, out->path.hash[out->path.n].bytes, MERKLE_HASH_BYTES,
                                     &n) ||
            n != MERKLE_HASH_BYTES)
            return refuse(why, "a line of the consistency proof is no hash",
                          (size_t)(line.p - in.p));
        out->path.n++;
    }
    out->note = rest;
    return OK;
}

/* --- what was seen -------------------------------------------------------------------------- */

struct seen {
    uint64_t size;
    struct merkle_hash root;
};

static enum status seen_get(struct authority *a, struct span origin, struct seen *out,
                            struct problem *why)
{
    struct buf value = BUF_INIT(128);
    size_t n = 0;
    *out = (struct seen){.root = merkle_empty()};
    enum status s = ledger_fact_get(a->ledger, fact_kind, origin, &value, why);
    struct span text = buf_span(&value);
    size_t blank = span_find(text, ' ');
    if (s == OK && (span_to_u64(span_cut(text, blank), &out->size) != OK ||
                    !base64_canonical_decode(span_from(text, blank + 1), out->root.bytes,
                                             MERKLE_HASH_BYTES, &n) ||
                    n != MERKLE_HASH_BYTES))
        s = problem_set(why, DAMAGED, "what was seen of the log %.*s is unreadable",
                        SPAN_ARG(origin));
    buf_free(&value);
    return s == NOT_FOUND ? OK : s;
}

static enum status seen_put(struct authority *a, const struct checkpoint *c, struct problem *why)
{
    struct buf value = BUF_INIT(128);
    (void)buf_printf(&value, "%llu ", (unsigned long long)c->size);
    enum status s = base64_canonical_add(&value, c->root.bytes, MERKLE_HASH_BYTES);
    if (s == OK)
        s = ledger_fact_put(a->ledger, fact_kind, c->origin, buf_span(&value), why);
    buf_free(&value);
    return s;
}

/* --- cosigning ------------------------------------------------------------------------------ */

/* Does the checkpoint go on from what was seen? */
static enum status check_growth(const struct witness_request *r, const struct checkpoint *c,
                                const struct seen *seen, struct problem *why)
{
    if (c->size < seen->size)
        return problem_set(why, REFUSED, "the log has shrunk: it had %llu leaves, now %llu",
                           (unsigned long long)seen->size, (unsigned long long)c->size);
    if (c->size == seen->size && !merkle_equal(&c->root, &seen->root))
        return problem_set(why, REFUSED,
                           "split view: the log had another root over the same %llu "
                           "leaves",
                           (unsigned long long)c->size);
    if (r->old != seen->size)
        return problem_set(why, REFUSED,
                           "the request starts from %llu leaves, this witness has "
                           "seen %llu: ask again with --old %llu",
                           (unsigned long long)r->old, (unsigned long long)seen->size,
                           (unsigned long long)seen->size);
    if (!merkle_consistent(seen->size, &seen->root, c->size, &c->root, &r->path))
        return problem_set(why, REFUSED,
                           "the log was rewritten: its %llu leaves do not begin with "
                           "the %llu that were seen",
                           (unsigned long long)c->size, (unsigned long long)seen->size);
    return OK;
}

static enum status read_signed(const struct note_key *log, struct span text, struct note *note,
                               struct checkpoint *c, struct problem *why)
{
    struct refusal refusal = {"", 0};
    enum status s = note_parse(text, note, &refusal);
    if (s == OK)
        s = checkpoint_parse(note->text, c, &refusal);
    if (s == OK)
        s = note_verify(note, log, NULL, &refusal);
    if (s == NOT_FOUND)
        s = refuse(&refusal, "the checkpoint is not signed by that log's key", 0);
    if (s == OK && !span_eq(c->origin, span_of(log->name)))
        s = refuse(&refusal, "the checkpoint's origin is not the key's name", 0);
    return s == OK ? OK : problem_set(why, s, "%s (byte %zu)", refusal.what, refusal.offset + 1);
}

static enum status cosign(struct authority *a, const struct note_key *log,
                          const struct witness_request *r, struct buf *out, uint64_t *seen_size,
                          struct problem *why)
{
    struct note note;
    struct checkpoint c;
    struct seen seen;
    struct sign_key signer;
    struct note_key key;
    enum status s = read_signed(log, r->note, &note, &c, why);
    if (s == OK)
        s = seen_get(a, c.origin, &seen, why);
    if (s != OK)
        return s;
    *seen_size = seen.size;
    s = check_growth(r, &c, &seen, why);
    if (s == OK)
        s = seen_put(a, &c, why); /* on disk before the cosignature leaves */
    if (s == OK)
        s = witness_key(a, &signer, &key);
    if (s == OK)
        s = note_cosign(note.text, &key, &signer, (uint64_t)clock_now_us() / 1000000, out);
    secret_wipe(&signer, sizeof signer);
    return s;
}

enum status authority_cosign(struct authority *a, const struct note_key *log, struct span request,
                             struct buf *out, uint64_t *seen, struct problem *why)
{
    struct witness_request r;
    struct refusal refusal;
    *seen = 0;
    if (!a->ledger)
        return problem_set(why, NO_ACCESS, "%s is read-only here", a->dir);
    if (request_parse(request, &r, &refusal) != OK)
        return problem_set(why, REFUSED, "%s (byte %zu)", refusal.what, refusal.offset + 1);
    enum status s = writer_enter(a, why);
    if (s != OK)
        return s;
    pthread_mutex_lock(&a->ledger_mutex);
    s = cosign(a, log, &r, out, seen, why);
    pthread_mutex_unlock(&a->ledger_mutex);
    writer_leave(a);
    return s;
}
