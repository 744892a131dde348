/* src/lookup/lookup.h: the current state of everybody, in shared memory. Disposable.
 *
 * Two files in the data directory, mapped by every process on the machine:
 *
 *   lookup.base   what the ledger said up to some event; never changed once it has its name
 *   lookup.delta  what has come since; changed in place by one writer while readers go on
 *
 * A reader takes no lock that a writer holds and never sees half a change. Every block and entry
 * carries a checksum: what does not match is DAMAGED, never an answer. When either file is
 * missing, does not fit its fellow, stems from before a reboot (delta) or is damaged, it is thrown
 * away and made again from the ledger, which alone is the truth.
 *
 * Writers hold the house's writer lock (see authority); this room does not lock between writers.
 */
#ifndef LOOKUP_LOOKUP_H
#define LOOKUP_LOOKUP_H

#include "address/address.h"
#include "base/span.h"
#include "base/status.h"
#include "event/event.h"

#include <stdint.h>

/* --- states -------------------------------------------------------------------------------- */

/* What an event does to the answer. */
enum effect {
    EFFECT_OUT,
    EFFECT_COMPLAINT,
    EFFECT_HOLD,
    EFFECT_DEAD,
    EFFECT_IN,        /* an opt-in that lifts nothing but a dead address */
    EFFECT_IN_PROVEN, /* the person's own, with proof */
    EFFECT_COUNT
};

/* The word number of `*`, and of a word that no state mentions. */
enum { WORD_ANY = 0 };
#define WORD_NONE UINT32_MAX

/* One standing statement: this effect on that scope. Words are numbers of the lookup's word
 * table. */
struct state_item {
    uint8_t channel; /* enum channel */
    uint8_t effect;  /* enum effect */
    uint16_t unused;
    uint32_t sender, topic;
};

/* A state is a list of items in the order in which they were said, the latest last, without those
 * that a later one makes idle. An earlier item goes when a later one has a scope that contains it
 * and
 *   - the same effect;
 *   - or is IN_PROVEN: it lifts everything before it;
 *   - or is OUT, COMPLAINT or HOLD while the earlier is an opt-in of either kind, or DEAD while
 *     the earlier is IN: it was withdrawn;
 *   - or is IN while the earlier is DEAD.
 * No verdict changes by that (test/unit/test_state.c), and no standing OUT is hidden by a refusal
 * of another kind. Millions of people share a few hundred states, so states are interned: number
 * 0 is the empty one. A state is immutable; its number is good until the next change of
 * lookup_generation. */
enum { STATE_ITEMS_MAX = 1024 };

/* --- questions ----------------------------------------------------------------------------- */

struct lookup_hit {
    uint32_t state; /* 0: nothing is known of this id */
    uint64_t last;  /* the sequence number of the last event of this id, 0 for none */
};

struct lookup;

/* Opens what is in `dir`: OK; NOT_FOUND when there is none; DAMAGED when it is there but not to be
 * trusted (rebuild it); NO_ACCESS, NO_MEMORY, IO_FAILED. `writable` maps the delta for change. */
enum status lookup_open(const char *dir, bool writable, struct lookup **out,
                        struct problem *why) MUST_CHECK;
void lookup_close(struct lookup *l);

/* One consistent look at the files. Take it, ask, give it back, within one batch: answers reflect
 * every change that was finished before the view was taken. Any thread, any number at a time; the
 * holder must not call writer functions on the same lookup meanwhile. */
struct lookup_view;
enum status lookup_view_take(struct lookup *l, const struct lookup_view **out) MUST_CHECK;
void lookup_view_give(struct lookup *l, const struct lookup_view *v);

/* The next view is taken only after a look at the directory: are these still the named files? A
 * writer asks before it changes anything, since somebody may have removed them. */
void lookup_look_again(struct lookup *l);

/* The primary question: n ids at once, prefetched. hits[i] answers ids[i]. OK, or DAMAGED when a
 * checksum did not match, and then no hit may be used. */
enum status lookup_find(const struct lookup_view *v, const struct id *ids, size_t n,
                        struct lookup_hit *hits) MUST_CHECK;

/* The items of a state, borrowed until the view is given back; DAMAGED as above. */
enum status lookup_state(const struct lookup_view *v, uint32_t state,
                         const struct state_item **items, size_t *n) MUST_CHECK;
/* More than any state number that this view gives as long as it is held: the size of a table by
 * state. Not all numbers below are in use; lookup_state knows the others as NOT_FOUND. */
uint32_t lookup_state_count(const struct lookup_view *v);
/* Another number for another numbering of states and words; views with the same have the same. */
uint64_t lookup_generation(const struct lookup_view *v);

/* The number of a word (WORD_NONE when no state has it) and back. When the words are damaged it is
 * WORD_NONE too, but then every later question to this view is DAMAGED: so prepare a question
 * before lookup_find. */
uint32_t lookup_word_number(const struct lookup_view *v, const struct word *w);
enum status lookup_word(const struct lookup_view *v, uint32_t number, struct word *out) MUST_CHECK;

/* What the lookup was made from. */
struct lookup_origin {
    uint8_t ledger[16];  /* the ledger's random name */
    uint64_t applied;    /* all events up to this sequence number are in it */
    family_set families; /* digest families whose ids are in it for every readable address */
};
void lookup_view_origin(const struct lookup_view *v, struct lookup_origin *out);

struct lookup_sizes {
    uint64_t entries_base, entries_delta, bytes_base, bytes_delta;
    uint32_t states, words;
};
void lookup_view_sizes(const struct lookup_view *v, struct lookup_sizes *out);

/* --- changes (by the holder of the writer lock) -------------------------------------------- */

struct lookup_change {
    struct id id;
    const struct scope *scope;
    enum effect effect;
    bool no_effect; /* moves `last` alone (a forget event) */
    uint64_t seq;   /* its event */
};

/* Changes of one id have rising sequence numbers from 1 up to 2^40 - 1. One that is not above the
 * id's `last` is in already and is passed over, so the end of the ledger may be applied again.
 *
 * Applies changes in order and then says that all events up to `applied` are in. Visible to every
 * process when it returns. May fold the delta into a new base, which needs memory and disk for one
 * more of it. On anything but OK the lookup is as it was or marked as doubtful; the ledger is the
 * truth and a rebuild mends it. NO_SPACE: the disk is full, or there are more than 2^24 states. */
enum status lookup_apply(struct lookup *l, const struct lookup_change *changes, size_t n,
                         uint64_t applied, struct problem *why) MUST_CHECK;

/* Tells every reader, in every process, to distrust these files, so that they are rebuilt. May be
 * called by readers too: files that have been replaced meanwhile are not touched. */
void lookup_distrust(struct lookup *l);

/* Making it anew: begin, add every event in ledger order, then finish, which puts the new files
 * in place and tells readers of the old ones to move. Constant memory beside the lookup itself. */
struct lookup_build;
enum status lookup_build_begin(const char *dir, const uint8_t ledger[16], family_set families,
                               uint64_t expected_entries, struct lookup_build **out,
                               struct problem *why) MUST_CHECK;
enum status lookup_build_add(struct lookup_build *b, const struct lookup_change *changes,
                             size_t n) MUST_CHECK;
/* Frees `b` in any case. */
enum status lookup_build_finish(struct lookup_build *b, uint64_t applied,
                                struct problem *why) MUST_CHECK;
void lookup_build_abandon(struct lookup_build *b);

/* Reads every block and entry: OK or DAMAGED with what and where. */
enum status lookup_audit(const struct lookup_view *v, struct problem *why) MUST_CHECK;

/* --- states by themselves (pure; also what a model is tested against) ---------------------- */

/* items[0..*n) plus one more statement, in the canonical form above. `items` has room for
 * STATE_ITEMS_MAX + 1. When the result would be longer than STATE_ITEMS_MAX, it becomes the one
 * item HOLD on everything: too much to remember is a no. */
void state_add(struct state_item *items, size_t *n, struct state_item item);

#endif
