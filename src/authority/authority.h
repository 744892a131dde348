/* src/authority/authority.h: the opt-out authority itself: one data directory, opened.
 *
 * Here the rooms below meet: an event is sealed, put into the ledger, made durable, shown in the
 * lookup, and only then acknowledged; a question is answered from the lookup alone.
 *
 *   DIR/key          the master secret, 0600; without it no record can be found again
 *   DIR/ledger.db    the truth
 *   DIR/lookup.*     the current state, disposable
 *   DIR/optout.conf  the configuration, if there is one
 *   DIR/lock         held by the one process that writes
 *
 * Who writes when: whoever records takes DIR/lock, brings the lookup up to the ledger, appends,
 * commits (fsync), applies the same events to the lookup, and lets go; so writers of all processes
 * queue, and after an acknowledgement every process answers deny. Threads of one process that
 * record at the same time share one commit. Readers take no lock.
 *
 * Any thread may call anything on one handle at the same time.
 */
#ifndef AUTHORITY_AUTHORITY_H
#define AUTHORITY_AUTHORITY_H

#include "address/address.h"
#include "config/config.h"
#include "event/event.h"
#include "law/law.h"
#include "ledger/ledger.h"
#include "proof/proof.h"
#include "verdict/verdict.h"

struct authority;

/* READ never creates anything but the lookup that it needs; WRITE creates what is missing in a
 * directory that has neither key nor events. */
enum authority_mode { AUTHORITY_READ, AUTHORITY_WRITE };

/* Opens `dir`. NOT_FOUND (nothing there), REFUSED (a configuration with errors, told through
 * `complain`), DAMAGED (key lost or of another ledger, ledger lost or older than what was already
 * answered from), NO_ACCESS, IO_FAILED …; `why` says what to do. `complain` may be NULL. */
enum status authority_open(const char *dir, enum authority_mode mode, config_complain *complain,
                           void *context, struct authority **out, struct problem *why) MUST_CHECK;
void authority_close(struct authority *a);

/* Did this open make a new key? Then the operator must hear how to keep it safe. */
bool authority_is_new(const struct authority *a);
const char *authority_dir(const struct authority *a);
const struct config *authority_config(const struct authority *a);
/* How addresses are read here: with the default country of the configuration. */
const struct address_options *authority_address_options(const struct authority *a);

/* The scope meant when none is given: the address's own channel, any sender and topic. */
struct scope scope_of_address(const struct address *who);

/* --- recording ------------------------------------------------------------------------------ */

enum record_policy {
    RECORD_EVERY, /* each event is said again each time */
    RECORD_NEWS   /* an event that already stands is left out (a list imported twice) */
};

enum record_outcome {
    RECORDED,
    RECORD_KNOWN,   /* RECORD_NEWS: it stands already; seq is 0 */
    RECORD_NO_PROOF /* an `in` without proof against a standing opt-out: refused */
};

struct recorded {
    enum record_outcome outcome;
    uint64_t seq;
};

/* Appends n events together. OK: all that are RECORDED in `results` are on disk and every process
 * answers accordingly. Anything else: none may be acknowledged. An event's `at_us` of 0 means
 * now. Waits for other writers. */
enum status authority_record(struct authority *a, const struct event *events, size_t n,
                             enum record_policy policy, struct recorded *results,
                             struct problem *why) MUST_CHECK;

/* --- asking --------------------------------------------------------------------------------- */

struct inquiry {
    const struct scope *scope; /* NULL: each address's own channel, any sender, any topic */
    enum purpose purpose;
};

/* The primary question: n addresses at once. Always fills all of `reasons`; what cannot be
 * answered is REASON_STALE, and then the status says why. */
enum status authority_ask(struct authority *a, const struct inquiry *q, const struct address *who,
                          size_t n, enum reason *reasons, struct problem *why);

/* One answer with the event behind it, read from the ledger. */
struct explanation {
    enum reason reason;
    struct scope scope; /* as asked */
    uint64_t event;     /* 0: none */
    int64_t since_us;   /* when it was said */
};
enum status authority_explain(struct authority *a, const struct inquiry *q,
                              const struct address *who, struct explanation *out,
                              struct problem *why);

/* --- history -------------------------------------------------------------------------------- */

/* An event with what is personal opened. Spans are borrowed for the visit. */
struct told_event {
    uint64_t seq;
    enum event_kind kind;
    struct scope scope;
    bool proven; /* the person's own act, with proof */
    int64_t at_us, recorded_us;
    struct span source, proof;
    struct span who; /* the address as printed, empty when it is not kept */
};
typedef enum status told_visit(void *context, const struct told_event *e);

/* Every event of an address, oldest first. The visitor must not call the authority. */
enum status authority_history(struct authority *a, const struct address *who, told_visit *visit,
                              void *context, struct problem *why) MUST_CHECK;

/* What stands against contacting people: for each address and scope the latest event that denies
 * it, in ledger order of the people's last events. `nameless` (may be NULL) counts those of whom
 * only the keyed id is left, which cannot be told to anybody. */
enum status authority_standing(struct authority *a, told_visit *visit, void *context,
                               uint64_t *nameless, struct problem *why) MUST_CHECK;

/* --- erasure -------------------------------------------------------------------------------- */

/* Erases what is personal in every event of `who`: address, proof and the salts of the log, from
 * the ledger, its free pages and its write-ahead log. What was said goes on being honoured, by
 * keyed ids alone; a `forget` event says when. *erased gets how many events there were; 0, and
 * nothing is recorded, when the address is not known. */
enum status authority_forget(struct authority *a, const struct address *who, uint64_t *erased,
                             struct problem *why) MUST_CHECK;

/* --- audit ---------------------------------------------------------------------------------- */

struct audit {
    uint64_t events, erased; /* how many there are, and of how many only the commitment is left */
    struct merkle_hash root; /* of the public log over them */
    /* What the clock did, by the times of recording; order does not depend on it. How often it
     * went back, how many events are more than a day ahead of now, and whether it once stood
     * still for longer than any group of events takes. */
    uint64_t clock_back, clock_ahead;
    bool clock_stuck;
};
typedef void authority_progress(void *context, uint64_t done, uint64_t total);

/* Reads and checks everything: the store, every event against its checksum and commitment, the
 * lookup against every person's history, and the public log against the ledger. OK, or DAMAGED with
 * what and where. Writers wait meanwhile. `progress` may be NULL. */
enum status authority_audit(struct authority *a, authority_progress *progress, void *context,
                            struct audit *out, struct problem *why) MUST_CHECK;

/* --- the public log ------------------------------------------------------------------------- */

/* Brings DIR/log up to the ledger and signs a checkpoint over it (spec/log.md). The calls below do
 * so first. Recording does not wait for it; whoever has recorded calls it when there is time. */
enum status authority_publish(struct authority *a, struct problem *why) MUST_CHECK;

/* The signed checkpoint, as a C2SP signed note. */
enum status authority_checkpoint(struct authority *a, struct buf *out,
                                 struct problem *why) MUST_CHECK;
/* The key that signs it, in its vkey form. */
enum status authority_log_key(struct authority *a, char out[NOTE_KEY_TEXT_BYTES],
                              struct problem *why) MUST_CHECK;

/* The receipt of an event, a C2SP tlog-proof without anything personal; and, unless `statement` is
 * NULL, its private side: the text that was committed to and the code that opens it. NOT_FOUND
 * when there is no such event, or its statement was erased. */
enum status authority_receipt(struct authority *a, uint64_t seq, struct buf *receipt,
                              struct buf *statement, struct problem *why) MUST_CHECK;

/* After an older ledger was put back and its loss accepted: a new log, which names the last
 * checkpoint of the old one. */
enum status authority_log_restart(struct authority *a, struct problem *why) MUST_CHECK;

/* What a witness asks before it cosigns: the body of a C2SP tlog-witness add-checkpoint request,
 * with the proof that the log has only grown since it had `old` leaves. */
enum status authority_witness_request(struct authority *a, uint64_t old, struct buf *out,
                                      struct problem *why) MUST_CHECK;
/* Adds a witness's cosignature lines to our checkpoint. REFUSED when they are not well-formed. */
enum status authority_add_cosignature(struct authority *a, struct span lines,
                                      struct problem *why) MUST_CHECK;

/* As a witness of another log: checks the request against what was last seen of that log, keeps
 * that (fsync), and only then appends the cosignature line. REFUSED with `why` when the log was
 * rewritten, shows two views, or the request does not start from what was last seen: *seen then
 * has that size. */
enum status authority_cosign(struct authority *a, const struct note_key *log, struct span request,
                             struct buf *out, uint64_t *seen, struct problem *why) MUST_CHECK;
enum status authority_witness_key(struct authority *a, char out[NOTE_KEY_TEXT_BYTES],
                                  struct problem *why) MUST_CHECK;

/* --- small facts ---------------------------------------------------------------------------- */

/* API keys, imported files: see ledger.h. The lock is taken for a put. */
enum status authority_fact_put(struct authority *a, const char *kind, struct span name,
                               struct span value, struct problem *why) MUST_CHECK;
enum status authority_fact_get(struct authority *a, const char *kind, struct span name,
                               struct buf *out, struct problem *why) MUST_CHECK;
enum status authority_fact_each(struct authority *a, const char *kind, ledger_fact_visit *visit,
                                void *context, struct problem *why) MUST_CHECK;

/* Copies the key file to `path` (created, 0600, never replaced). */
enum status authority_key_backup(struct authority *a, const char *path,
                                 struct problem *why) MUST_CHECK;

#endif
