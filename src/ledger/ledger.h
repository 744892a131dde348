/* src/ledger/ledger.h: the truth, append-only, durable before it is acknowledged.
 *
 * Events are numbered 1, 2, 3 … without a gap; the number is the order, never the clock. An event
 * names the event before it of the same identity (`prev`), so that a person's history is a chain.
 * What is personal (address, proof) comes here already sealed: this room holds no key and knows
 * nothing of law, senders' configuration or verdicts.
 *
 * The store behind it is an engine (engine.h); SQLite is the first. After a device error or a full
 * disk the handle is broken: every later call fails with the same status, so that nothing is
 * acknowledged before somebody opens the ledger anew.
 *
 * One handle belongs to one thread at a time. Any number of handles and processes may be open;
 * ledger_begin lets one of them write.
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include "address/address.h"
#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "event/event.h"

#include <stdint.h>

enum {
    LEDGER_NAME_BYTES = 16,
    LEDGER_ALIASES_MAX = ADDRESS_IDS_MAX,
    LEDGER_SEQ_BYTES = 8,
    LEDGER_SALT_BYTES = 32,
    LEDGER_COMMITMENT_BYTES = 32
};

/* An event as it stands in the ledger. The spans are borrowed: by append for the call, by get and
 * each until the next call on the handle. */
struct ledger_event {
    uint64_t seq;  /* set by ledger_append */
    uint64_t prev; /* the previous event of this identity, 0 for the first */
    /* Further previous events (LEDGER_SEQ_BYTES each, little-endian), where this event brings
     * together what had been told apart; mostly none. */
    struct span others;
    struct id id;
    enum event_kind kind;
    struct scope scope;
    bool proven;   /* the person's own act, with a proof (which `forget` may have erased since) */
    int64_t at_us; /* when it was said */
    int64_t recorded_us; /* when we took it in */
    struct span source;
    struct span who;   /* the sealed address, empty when it is not kept */
    struct span proof; /* the sealed proof, empty when there is none */
    /* Further ids of the same identity, kept where `who` cannot tell them (ID_BYTES each). */
    struct span aliases;
    /* What the public log says of this event: the HMAC of its canonical text under `salt`
     * (LEDGER_COMMITMENT_BYTES); and the salt (LEDGER_SALT_BYTES), empty once it is erased. */
    struct span commitment, salt;
};

struct ledger;

enum ledger_mode { LEDGER_READ, LEDGER_WRITE, LEDGER_CREATE };

/* Opens `path`. LEDGER_CREATE makes it when it is not there. NOT_FOUND, NO_ACCESS, DAMAGED (no
 * ledger of ours, or of a newer version), NO_SPACE, IO_FAILED: told in `why`. */
enum status ledger_open(const char *path, enum ledger_mode mode, struct ledger **out,
                        struct problem *why) MUST_CHECK;
void ledger_close(struct ledger *l);

/* The random name that this ledger got when it was created. */
void ledger_name(const struct ledger *l, uint8_t out[LEDGER_NAME_BYTES]);

/* The number of the last event, 0 when there is none. */
enum status ledger_last(struct ledger *l, uint64_t *seq, struct problem *why) MUST_CHECK;

/* A group of events becomes durable together: begin, append …, commit. When commit returns OK
 * they are on disk. Anything else: none of them is there. */
enum status ledger_begin(struct ledger *l, struct problem *why) MUST_CHECK;
enum status ledger_append(struct ledger *l, struct ledger_event *e, struct problem *why) MUST_CHECK;
enum status ledger_commit(struct ledger *l, struct problem *why) MUST_CHECK;
void ledger_rollback(struct ledger *l);

/* The event `seq`: OK, NOT_FOUND, DAMAGED, IO_FAILED. */
enum status ledger_get(struct ledger *l, uint64_t seq, struct ledger_event *out,
                       struct problem *why) MUST_CHECK;

/* All events from `first` on in order; ends early when `visit` returns anything but OK, and
 * returns that. */
typedef enum status ledger_visit(void *context, const struct ledger_event *e);
enum status ledger_each(struct ledger *l, uint64_t first, ledger_visit *visit, void *context,
                        struct problem *why) MUST_CHECK;

/* Erases what is personal in event `seq` (address, proof, salt) and keeps `aliases` in its place.
 * Inside a transaction. Nothing else of an event ever changes. */
enum status ledger_erase(struct ledger *l, uint64_t seq, struct span aliases,
                         struct problem *why) MUST_CHECK;
/* After the commit of an erasure: empties the write-ahead log, so that no copy of what was erased
 * stays there. BUSY when a reader still needs it; then the erasure is not finished. */
enum status ledger_scour(struct ledger *l, struct problem *why) MUST_CHECK;

/* Asks the store to check its own structure: OK or DAMAGED with its words. */
enum status ledger_check_store(struct ledger *l, struct problem *why) MUST_CHECK;

/* Small named facts beside the events (API keys, imported files, digest families). Inside a
 * transaction they are part of it, outside each is durable by itself. */
enum status ledger_fact_put(struct ledger *l, const char *kind, struct span name, struct span value,
                            struct problem *why) MUST_CHECK;
/* Appends the value to `out`: OK or NOT_FOUND. */
enum status ledger_fact_get(struct ledger *l, const char *kind, struct span name, struct buf *out,
                            struct problem *why) MUST_CHECK;
typedef enum status ledger_fact_visit(void *context, struct span name, struct span value);
/* In order of their names. */
enum status ledger_fact_each(struct ledger *l, const char *kind, ledger_fact_visit *visit,
                             void *context, struct problem *why) MUST_CHECK;

/* Copies the ledger as it is now into a new file (0600; BUSY when something is there already),
 * while others go on writing. */
enum status ledger_backup(struct ledger *l, const char *path, struct problem *why) MUST_CHECK;

#endif
