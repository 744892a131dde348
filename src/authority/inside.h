/* src/authority/inside.h: what the files of this room share. Private.
 *
 * Locks, in the order in which they may be taken:
 *   intake.mutex    the queue of threads that record
 *   writing         one thread of this process works as the writer …
 *   lock (file)     … and one process on the machine
 *   ledger_mutex    the ledger handle, for one thread at a time
 *   lookup_lock     read: a view is in use; write: the lookup handle is being replaced
 */
#ifndef AUTHORITY_INSIDE_H
#define AUTHORITY_INSIDE_H

#include "authority/authority.h"
#include "base/file.h"
#include "proof/proof.h"

#include <pthread.h>

struct request; /* record.c */

struct authority {
    char dir[PATH_BYTES];
    bool is_new;
    struct config *config;
    struct address_options address_options;

    struct secret master;
    struct secret seal; /* for addresses and proofs in the ledger */
    struct id_key ids;

    pthread_mutex_t writing;
    struct file_lock lock;

    pthread_mutex_t ledger_mutex;
    bool age_checked;      /* the ledger was held against what was signed */
    struct ledger *ledger; /* NULL when this process may not open it (a reader) */

    pthread_rwlock_t lookup_lock;
    struct lookup *lookup; /* NULL when there is none that can be used */

    struct {
        pthread_mutex_t mutex;
        pthread_cond_t changed;
        struct request *first, **end;
        bool led; /* a thread is at work on requests */
    } intake;
};

/* key.c: reads or creates DIR/key, DIR/ledger.db and the bond between them. */
enum status keys_open(struct authority *a, enum authority_mode mode, struct problem *why);

/* doubt.c. By the writer: the lock file says that all is well, unless it says something already. */
void doubt_begin(struct authority *a);
/* By the writer: this status came from the ledger; if the device failed, the next must audit. */
void doubt_raise(struct authority *a, enum status s);
/* Who opens for writing: audits when the last writer was left in doubt. */
enum status doubt_settle(struct authority *a, struct problem *why);

/* authority.c: become the one writer of the machine, and stop being it. */
enum status writer_enter(struct authority *a, struct problem *why);
void writer_leave(struct authority *a);

/* sync.c. By the writer (with the ledger mutex free): afterwards the lookup is there, is of this
 * ledger, and says all that the ledger says. `wanted` families are added to those that it has. */
enum status lookup_bring_up(struct authority *a, family_set wanted, struct problem *why);
/* By anybody: makes sure that there is a lookup to answer from, as writer if need be. */
enum status lookup_ensure(struct authority *a, family_set wanted, struct problem *why);
/* Takes a view under the read lock, and gives both back. */
enum status view_take(struct authority *a, const struct lookup_view **v, struct problem *why);
void view_give(struct authority *a, const struct lookup_view *v);

/* By the writer: applies changes to the lookup. On anything but OK it is distrusted. */
enum status lookup_tell(struct authority *a, const struct lookup_change *changes, size_t n,
                        uint64_t applied, struct problem *why);
/* Distrusts the lookup, if there is one. */
void lookup_doubt(struct authority *a);
/* What the lookup was made from; NOT_FOUND when there is none. */
enum status lookup_look(struct authority *a, struct lookup_origin *out);

/* The families that a ledger's events have ever been asked or told in. */
enum status families_get(struct authority *a, family_set *out, struct problem *why);
enum status families_put(struct authority *a, family_set families, struct problem *why);

/* ask.c: all ids of an address that the lookup goes by, and the last event of each. */
struct lasts {
    struct id ids[ADDRESS_IDS_MAX];
    uint64_t seqs[ADDRESS_IDS_MAX];
    size_t n;
    family_set families;
};
enum status last_events(struct authority *a, const struct address *who, struct lasts *out,
                        struct problem *why);

/* walk.c: a person's events, the latest first. Under the ledger mutex. */
struct walk {
    uint64_t *pending;
    size_t n, capacity;
};
/* From the last events of all ids of the person. OK or NO_MEMORY. */
enum status walk_begin(struct walk *w, const uint64_t *lasts, size_t n);
/* The next older event: OK, NOT_FOUND at the end, or how the ledger failed. */
enum status walk_next(struct authority *a, struct walk *w, struct ledger_event *out,
                      struct problem *why);
void walk_free(struct walk *w);
/* What an event must name so that a walk from it finds all of a person's events: of the last ones
 * of all ids the latest in *prev, the rest, which may have a history of their own, in `others`. */
enum status walk_join(const uint64_t *lasts, size_t n, uint64_t *prev, struct buf *others);

/* history.c: the numbers of a person's events, ascending. Under the ledger mutex. */
struct chain {
    uint64_t *seqs;
    size_t n, capacity;
};
enum status chain_of(struct authority *a, const uint64_t *lasts, size_t n, struct chain *out,
                     struct problem *why);
void chain_free(struct chain *c);

/* seal.c: what is personal in an event, sealed to its id. */
enum status seal_who(const struct authority *a, struct id id, const struct address *who,
                     struct buf *out);
enum status seal_proof(const struct authority *a, struct id id, struct span proof, struct buf *out);
/* Appends the text: OK; NOT_FOUND when nothing is kept; DAMAGED. */
enum status open_who(const struct authority *a, const struct ledger_event *e, struct buf *out);
enum status open_proof(const struct authority *a, const struct ledger_event *e, struct buf *out);

/* publish.c. What the public log says of a row. */
struct leaf leaf_of_row(const struct ledger_event *row);
/* DAMAGED when more was signed than the ledger holds. Under the ledger mutex. */
enum status log_check_age(struct authority *a, struct problem *why);
/* The key by which this installation cosigns other logs. */
enum status witness_key(const struct authority *a, struct sign_key *signer, struct note_key *key);
/* Compares the log with the ledger; *root gets the tree's root. */
enum status log_audit(struct authority *a, struct merkle_hash *root, struct problem *why);

/* The most events under one commit, and so with one time of recording. */
enum { GROUP_EVENTS_MAX = 8192 };

/* row.c. */
enum { EVENT_TEXT_MAX = 2048 };
#define FAMILIES_ALL ((1u << HASH_NAMES) - 1)
/* Room for the variable parts of one row; a row borrows from it. */
struct row_space {
    struct buf who, proof, aliases, others, text;
    uint8_t salt[LEDGER_SALT_BYTES], commitment[LEDGER_COMMITMENT_BYTES];
};
void row_space_init(struct row_space *space);
void row_space_free(struct row_space *space);
/* Seals, commits and fills all of the row but `prev`; `id` is the event's own. */
enum status row_make(const struct authority *a, const struct event *e, struct id id, int64_t now_us,
                     struct row_space *space, struct ledger_event *row);
/* Is the row what its commitment says? OK, also for an erased one; DAMAGED. */
enum status row_check(const struct authority *a, const struct ledger_event *row,
                      struct row_space *space, struct problem *why);
/* The canonical text that is committed to. */
enum status event_text(const struct ledger_event *row, struct span who, struct span proof,
                       struct buf *out);
/* Appends the ids of `who` but the first, as they are stored. */
enum status aliases_add(const struct authority *a, const struct address *who, family_set families,
                        struct buf *out);

/* ids.c: every id by which a stored event is found, with those of `families`. */
enum status ids_of_stored(const struct authority *a, const struct ledger_event *e,
                          family_set families, struct id ids[LEDGER_ALIASES_MAX + 1], size_t *n,
                          struct problem *why);

/* Was it told of an address itself, and not of a digest of it? */
bool was_told_in_clear(const struct authority *a, const struct ledger_event *e);

/* Is this one of the stored event's ids? */
bool stored_names(const struct authority *a, const struct ledger_event *e, family_set families,
                  struct id id);

/* The effect of a stored event; false for one that has none. */
bool effect_of_stored(const struct ledger_event *e, enum effect *out);

/* The change that an event makes for one id. */
struct lookup_change change_of_event(const struct event *e, struct id id, uint64_t seq);

#endif
