/* src/authority/publish.c: the public log of this ledger.
 *
 * DIR/log holds it (src/log). Leaf 0 says when the log began and which log it goes on from; leaf n
 * is event n. So a log never has more leaves than the ledger has events and one: where it does, the
 * ledger is an older copy than what was signed, and nothing is recorded, answered anew or signed
 * until the operator says that the loss is accepted (authority_log_restart). Then a new log begins
 * whose first leaf commits to the last checkpoint of the old one.
 *
 * Facts of the ledger: `log-epoch` (which log this is, 1, 2, …) and `log-first` (its leaf 0).
 */
#include "authority/inside.h"
#include "base/clock.h"
#include "base/file.h"
#include "log/log.h"

#include <stdio.h>
#include <unistd.h>

enum { EPOCH_MAX = 1000, PUBLISH_BATCH = 256 };

struct publisher {
    struct authority *a;
    struct log *log;
    char folder[PATH_BYTES], origin[LOG_ORIGIN_MAX + 1];
    struct sign_key signer;
    struct note_key key;
    struct problem *why;
};

/* --- names and keys ------------------------------------------------------------------------- */

static enum status read_epoch(struct authority *a, uint64_t *epoch, struct problem *why)
{
    struct buf text = BUF_INIT(32);
    *epoch = 1;
    enum status s = ledger_fact_get(a->ledger, "ledger", SPAN("log-epoch"), &text, why);
    if (s == OK && (span_to_u64(buf_span(&text), epoch) != OK || *epoch == 0 || *epoch > EPOCH_MAX))
        s = problem_set(why, DAMAGED, "the number of the ledger's log is unreadable");
    buf_free(&text);
    return s == NOT_FOUND ? OK : s;
}

/* optout/0123456789abcdef, and /log2 … for those that go on from another. */
static void origin_of(const struct authority *a, uint64_t epoch, char out[LOG_ORIGIN_MAX + 1])
{
    uint8_t name[LEDGER_NAME_BYTES];
    char hex[2 * LEDGER_NAME_BYTES + 1];
    ledger_name(a->ledger, name);
    hex_encode(name, LEDGER_NAME_BYTES / 2, hex);
    int n = snprintf(out, LOG_ORIGIN_MAX + 1, "optout/%s", hex);
    if (epoch > 1)
        (void)snprintf(out + n, LOG_ORIGIN_MAX + 1 - (size_t)n, "/log%u", (unsigned)epoch);
}

/* The signing key follows from the master secret, so that its backup is the log's backup. */
static enum status derive_key(const struct authority *a, const char *name, enum note_key_type type,
                              struct sign_key *signer, struct note_key *key)
{
    char label[64 + LOG_ORIGIN_MAX];
    (void)snprintf(label, sizeof label, "optout sign %d %s", (int)type, name);
    struct secret seed = secret_derive(&a->master, label);
    secret_sign_from_seed(&seed, signer);
    secret_wipe(&seed, sizeof seed);
    return note_key_make(span_of(name), type, signer->public_key, key, NULL);
}

static enum status publisher_init(struct publisher *p, struct authority *a, struct problem *why)
{
    uint64_t epoch;
    *p = (struct publisher){.a = a, .why = why};
    enum status s = read_epoch(a, &epoch, why);
    if (s == OK)
        s = path_join(p->folder, a->dir, "log");
    if (s != OK)
        return s;
    origin_of(a, epoch, p->origin);
    return derive_key(a, p->origin, NOTE_ED25519, &p->signer, &p->key);
}

static void publisher_free(struct publisher *p)
{
    log_close(p->log);
    secret_wipe(&p->signer, sizeof p->signer);
}

static enum status sign_body(void *context, struct span body, struct buf *note)
{
    struct publisher *p = context;
    (void)buf_add_span(note, body);
    enum status s = buf_add_char(note, '\n');
    return s == OK ? note_sign(body, &p->key, &p->signer, note) : s;
}

/* --- leaves --------------------------------------------------------------------------------- */

static struct merkle_hash hash_of_row(const struct ledger_event *row)
{
    char text[LEAF_BYTES];
    struct leaf leaf = leaf_of_row(row);
    size_t n = leaf_format(&leaf, text);
    return merkle_leaf((struct span){text, n});
}

struct leaf leaf_of_row(const struct ledger_event *row)
{
    struct leaf leaf = {.kind = LEAF_RECORD, .recorded_s = (uint64_t)row->recorded_us / 1000000};
    memcpy(leaf.commitment, row->commitment.p, sizeof leaf.commitment);
    return leaf;
}

/* The text of leaf 0, made and kept at the first call. `goes_on_from` is the note of the log
 * before this one. */
static enum status first_leaf(struct authority *a, struct span goes_on_from, struct buf *out,
                              struct problem *why)
{
    char text[LEAF_BYTES];
    enum status s = ledger_fact_get(a->ledger, "ledger", SPAN("log-first"), out, why);
    if (s != NOT_FOUND)
        return s;
    struct leaf leaf = {.kind = LEAF_LOG, .recorded_s = (uint64_t)clock_now_us() / 1000000};
    hash_digest(HASH_SHA256, goes_on_from, leaf.commitment);
    size_t n = leaf_format(&leaf, text);
    s = ledger_fact_put(a->ledger, "ledger", SPAN("log-first"), (struct span){text, n}, why);
    return s == OK ? buf_add(out, text, n) : s;
}

static enum status append_first(struct publisher *p)
{
    struct buf text = BUF_INIT(LEAF_BYTES);
    enum status s = first_leaf(p->a, SPAN(""), &text, p->why);
    if (s == OK) {
        struct merkle_hash h = merkle_leaf(buf_span(&text));
        s = log_append(p->log, &h, 1, p->why);
    }
    buf_free(&text);
    return s;
}

struct appending {
    struct publisher *p;
    struct merkle_hash hashes[PUBLISH_BATCH];
    size_t n;
};

static enum status append_flush(struct appending *w)
{
    enum status s = log_append(w->p->log, w->hashes, w->n, w->p->why);
    w->n = 0;
    return s;
}

static enum status append_row(void *context, const struct ledger_event *row)
{
    struct appending *w = context;
    w->hashes[w->n++] = hash_of_row(row);
    return w->n == PUBLISH_BATCH ? append_flush(w) : OK;
}

static enum status append_rows(struct publisher *p)
{
    struct appending w = {.p = p};
    enum status s = ledger_each(p->a->ledger, log_size(p->log), append_row, &w, p->why);
    return s == OK && w.n ? append_flush(&w) : s;
}

/* --- opening and bringing up ---------------------------------------------------------------- */

static enum status too_old(const struct authority *a, uint64_t last, uint64_t sealed,
                           struct problem *why)
{
    return problem_set(why, DAMAGED,
                       "%s/ledger.db ends at event %llu, but a checkpoint over %llu "
                       "events was signed: it is an older copy. Put the newer ledger back; or, to "
                       "accept the loss of what is missing, optout log restart",
                       a->dir, (unsigned long long)last, (unsigned long long)sealed - 1);
}

/* Opens the log; makes it when there is none. */
static enum status publisher_open(struct publisher *p)
{
    uint64_t last = 0;
    enum status s = log_open(p->folder, p->origin, &p->log, p->why);
    if (s == NOT_FOUND)
        s = log_create(p->folder, p->origin, &p->log, p->why);
    if (s == OK)
        s = ledger_last(p->a->ledger, &last, p->why);
    if (s == OK && log_sealed_size(p->log) > last + 1)
        s = too_old(p->a, last, log_sealed_size(p->log), p->why);
    return s;
}

static enum status publisher_bring_up(struct publisher *p)
{
    enum status s = publisher_open(p);
    if (s == OK && log_size(p->log) == 0)
        s = append_first(p);
    if (s == OK)
        s = append_rows(p);
    return s == OK ? log_seal(p->log, sign_body, p, p->why) : s;
}

enum status log_check_age(struct authority *a, struct problem *why)
{
    uint64_t last = 0;
    char path[PATH_BYTES];
    struct checkpoint state;
    struct buf text = BUF_INIT(4096);
    enum status s = ledger_last(a->ledger, &last, why);
    if (s == OK)
        s = path_join(path, a->dir, "log/state");
    if (s == OK)
        s = file_read(path, &text, why);
    if (s == OK && checkpoint_parse(buf_span(&text), &state, NULL) != OK)
        s = problem_set(why, DAMAGED, "%s is unreadable; optout verify tells more", path);
    if (s == OK && state.size > last + 1)
        s = too_old(a, last, state.size, why);
    buf_free(&text);
    return s == NOT_FOUND ? OK : s;
}

/* Runs `work` on the brought-up log, as writer and under the ledger mutex. */
typedef enum status publisher_work(struct publisher *p, void *context);
static enum status with_log(struct authority *a, publisher_work *work, void *context,
                            struct problem *why)
{
    struct publisher p;
    if (!a->ledger)
        return problem_set(why, NO_ACCESS, "the ledger in %s cannot be read here", a->dir);
    enum status s = writer_enter(a, why);
    if (s != OK)
        return s;
    pthread_mutex_lock(&a->ledger_mutex);
    s = publisher_init(&p, a, why);
    if (s == OK)
        s = publisher_bring_up(&p);
    if (s == OK && work)
        s = work(&p, context);
    publisher_free(&p);
    pthread_mutex_unlock(&a->ledger_mutex);
    writer_leave(a);
    return s;
}

enum status authority_publish(struct authority *a, struct problem *why)
{
    return with_log(a, NULL, NULL, why);
}

/* --- what people ask of a log --------------------------------------------------------------- */

static enum status tell_checkpoint(struct publisher *p, void *context)
{
    return log_checkpoint(p->log, context, p->why);
}

enum status authority_checkpoint(struct authority *a, struct buf *out, struct problem *why)
{
    return with_log(a, tell_checkpoint, out, why);
}

static enum status tell_key(struct publisher *p, void *context)
{
    note_key_format(&p->key, context);
    return OK;
}

enum status authority_log_key(struct authority *a, char out[NOTE_KEY_TEXT_BYTES],
                              struct problem *why)
{
    return with_log(a, tell_key, out, why);
}

struct receipt_wish {
    uint64_t seq;
    struct buf *receipt, *statement;
};

/* The private side: the text that is committed to, and the code that opens it. */
static enum status tell_statement(struct publisher *p, const struct ledger_event *row,
                                  struct buf *out)
{
    char code[CODE_BYTES];
    struct row_space space;
    if (row->salt.n == 0)
        return problem_set(p->why, NOT_FOUND,
                           "event %llu was erased; its receipt stands, what it "
                           "said is gone",
                           (unsigned long long)row->seq);
    row_space_init(&space);
    enum status s = row_check(p->a, row, &space, p->why);
    if (s == OK)
        s = buf_add_span(out, buf_span(&space.text));
    if (s == OK) {
        code_format((const uint8_t *)row->salt.p, code);
        s = buf_printf(out, "code %s\n", code);
    }
    row_space_free(&space);
    return s;
}

static enum status tell_receipt(struct publisher *p, void *context)
{
    const struct receipt_wish *wish = context;
    struct ledger_event row;
    struct buf note = BUF_INIT(NOTE_BYTES_MAX);
    struct receipt receipt = {.index = wish->seq};
    enum status s = ledger_get(p->a->ledger, wish->seq, &row, p->why);
    if (s == OK) {
        receipt.leaf = leaf_of_row(&row);
        s = log_prove_inclusion(p->log, wish->seq, log_sealed_size(p->log), &receipt.path, p->why);
    }
    if (s == OK)
        s = log_checkpoint(p->log, &note, p->why);
    receipt.note = buf_span(&note);
    if (s == OK)
        s = receipt_format(&receipt, wish->receipt);
    if (s == OK && wish->statement)
        s = tell_statement(p, &row, wish->statement);
    buf_free(&note);
    return s;
}

enum status authority_receipt(struct authority *a, uint64_t seq, struct buf *receipt,
                              struct buf *statement, struct problem *why)
{
    struct receipt_wish wish = {seq, receipt, statement};
    return with_log(a, tell_receipt, &wish, why);
}

/* --- towards witnesses ---------------------------------------------------------------------- */

enum status witness_key(const struct authority *a, struct sign_key *signer, struct note_key *key)
{
    char origin[LOG_ORIGIN_MAX + 1], name[LOG_ORIGIN_MAX + 16];
    origin_of(a, 1, origin);
    (void)snprintf(name, sizeof name, "%s/witness", origin);
    return derive_key(a, name, NOTE_COSIGNATURE, signer, key);
}

static enum status tell_witness_key(struct publisher *p, void *context)
{
    struct sign_key signer;
    struct note_key key;
    enum status s = witness_key(p->a, &signer, &key);
    secret_wipe(&signer, sizeof signer);
    if (s == OK)
        note_key_format(&key, context);
    return s;
}

enum status authority_witness_key(struct authority *a, char out[NOTE_KEY_TEXT_BYTES],
                                  struct problem *why)
{
    return with_log(a, tell_witness_key, out, why);
}

struct request_wish {
    uint64_t old;
    struct buf *out;
};

static enum status tell_request(struct publisher *p, void *context)
{
    const struct request_wish *wish = context;
    struct merkle_path path;
    enum status s =
        log_prove_consistency(p->log, wish->old, log_sealed_size(p->log), &path, p->why);
    if (s != OK)
        return s;
    (void)buf_printf(wish->out, "old %llu\n", (unsigned long long)wish->old);
    for (size_t i = 0; i < path.n; i++) {
        (void)base64_canonical_add(wish->out, path.hash[i].bytes, MERKLE_HASH_BYTES);
        (void)buf_add_char(wish->out, '\n');
    }
    s = buf_add_char(wish->out, '\n');
    return s == OK ? log_checkpoint(p->log, wish->out, p->why) : s;
}

enum status authority_witness_request(struct authority *a, uint64_t old, struct buf *out,
                                      struct problem *why)
{
    struct request_wish wish = {old, out};
    return with_log(a, tell_request, &wish, why);
}

static enum status add_cosignature(struct publisher *p, void *context)
{
    const struct span *lines = context;
    struct note note;
    struct refusal refusal = {"", 0};
    struct buf text = BUF_INIT(NOTE_BYTES_MAX);
    enum status s = log_checkpoint(p->log, &text, p->why);
    if (s == OK)
        s = buf_add_span(&text, *lines);
    if (s == OK && note_parse(buf_span(&text), &note, &refusal) != OK)
        s = problem_set(p->why, REFUSED, "the cosignature does not fit the checkpoint: %s",
                        refusal.what);
    if (s == OK)
        s = log_replace_checkpoint(p->log, buf_span(&text), p->why);
    buf_free(&text);
    return s;
}

enum status authority_add_cosignature(struct authority *a, struct span lines, struct problem *why)
{
    return with_log(a, add_cosignature, &lines, why);
}

/* --- audit ---------------------------------------------------------------------------------- */

struct comparing {
    struct publisher *p;
    uint64_t next;
};

static enum status compare_row(void *context, const struct ledger_event *row)
{
    struct comparing *c = context;
    struct merkle_hash stored, expected = hash_of_row(row);
    enum status s = log_stored(c->p->log, 0, c->next++, &stored, c->p->why);
    if (s == OK && !merkle_equal(&stored, &expected))
        s = problem_set(c->p->why, DAMAGED, "event %llu is not what the log was told of it",
                        (unsigned long long)row->seq);
    return s;
}

/* Every row gives its leaf, the leaves give the root (log_open saw to that for what was sealed,
 * and here it is computed from the leaves alone), and the note is signed by our key. */
static enum status audit_log(struct publisher *p, void *context)
{
    struct merkle_hash *root = context;
    struct comparing c = {p, 1};
    struct note note;
    struct frontier f = {0};
    struct buf text = BUF_INIT(NOTE_BYTES_MAX);
    enum status s = ledger_each(p->a->ledger, 1, compare_row, &c, p->why);
    for (uint64_t i = 0; s == OK && i < log_sealed_size(p->log); i++) {
        struct merkle_hash leaf;
        s = log_stored(p->log, 0, i, &leaf, p->why);
        if (s == OK)
            (void)frontier_append(&f, &leaf, NULL);
    }
    *root = frontier_root(&f);
    struct merkle_hash sealed;
    if (s == OK)
        s = log_root(p->log, log_sealed_size(p->log), &sealed, p->why);
    if (s == OK && !merkle_equal(root, &sealed))
        s = problem_set(p->why, DAMAGED, "the levels in %s contradict each other", p->folder);
    if (s == OK)
        s = log_checkpoint(p->log, &text, p->why);
    if (s == OK && (note_parse(buf_span(&text), &note, NULL) != OK ||
                    note_verify(&note, &p->key, NULL, NULL) != OK))
        s = problem_set(p->why, DAMAGED, "%s/checkpoint is not signed by this ledger's key",
                        p->folder);
    buf_free(&text);
    return s;
}

enum status log_audit(struct authority *a, struct merkle_hash *root, struct problem *why)
{
    return with_log(a, audit_log, root, why);
}

/* --- going on after a loss ------------------------------------------------------------------ */

/* The old log keeps its folder under its number. */
static enum status put_aside(struct publisher *p, uint64_t epoch)
{
    char name[32], aside[PATH_BYTES];
    (void)snprintf(name, sizeof name, "log.%u", (unsigned)epoch);
    enum status s = path_join(aside, p->a->dir, name);
    if (s == OK && rename(p->folder, aside) != 0)
        s = problem_errno(p->why, "cannot rename %s", p->folder);
    return s == OK ? dir_sync(p->a->dir, p->why) : s;
}

static enum status last_note(struct publisher *p, struct buf *out)
{
    char path[PATH_BYTES];
    enum status s = path_join(path, p->folder, "checkpoint");
    return s == OK ? file_read(path, out, p->why) : s;
}

static enum status begin_next(struct authority *a, uint64_t epoch, struct span old_note,
                              struct problem *why)
{
    char text[LEAF_BYTES], number[16];
    struct leaf leaf = {.kind = LEAF_LOG, .recorded_s = (uint64_t)clock_now_us() / 1000000};
    hash_digest(HASH_SHA256, old_note, leaf.commitment);
    size_t n = leaf_format(&leaf, text);
    int digits = snprintf(number, sizeof number, "%u", (unsigned)epoch);
    enum status s = ledger_begin(a->ledger, why);
    if (s != OK)
        return s;
    s = ledger_fact_put(a->ledger, "ledger", SPAN("log-epoch"),
                        (struct span){number, (size_t)digits}, why);
    if (s == OK)
        s = ledger_fact_put(a->ledger, "ledger", SPAN("log-first"), (struct span){text, n}, why);
    if (s == OK)
        return ledger_commit(a->ledger, why);
    ledger_rollback(a->ledger);
    return s;
}

static enum status restart(struct authority *a, struct problem *why)
{
    uint64_t epoch;
    struct publisher p;
    struct buf note = BUF_INIT(NOTE_BYTES_MAX);
    enum status s = read_epoch(a, &epoch, why);
    if (s == OK)
        s = publisher_init(&p, a, why);
    if (s != OK)
        return s;
    /* The new number first: after a crash in between the old folder does not fit it, and nothing
     * is signed under the old name again. */
    s = last_note(&p, &note);
    if (s == OK)
        s = begin_next(a, epoch + 1, buf_span(&note), why);
    if (s == OK)
        s = put_aside(&p, epoch);
    buf_free(&note);
    publisher_free(&p);
    if (s != OK)
        return s;
    s = publisher_init(&p, a, why);
    if (s == OK)
        s = publisher_bring_up(&p);
    publisher_free(&p);
    return s;
}

enum status authority_log_restart(struct authority *a, struct problem *why)
{
    if (!a->ledger)
        return problem_set(why, NO_ACCESS, "%s is read-only here", a->dir);
    enum status s = writer_enter(a, why);
    if (s != OK)
        return s;
    pthread_mutex_lock(&a->ledger_mutex);
    s = restart(a, why);
    pthread_mutex_unlock(&a->ledger_mutex);
    writer_leave(a);
    return s;
}
