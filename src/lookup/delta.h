/* lookup/delta.h: lookup.delta, what came after the snapshot. Shared, changed in place.
 *
 * A table of fixed capacity from id to its full new value, and append-only areas for the words and
 * states that the snapshot has not. One writer, in any process; any number of readers that take no
 * lock. The format is spec/lookup.md.
 *
 * Invariants:
 *   - every word that changes is an atomic of 64 bits that carries its own check, or one of the
 *     four of a slot, which carries a check over all; a reader that sees a half-written slot tries
 *     again for a bounded time, then calls it DAMAGED
 *   - a record is complete before the word that leads to it is stored (release), so that whoever
 *     loads that word (acquire) may read it
 *   - checks are salted with the generation and the place: bytes of another delta, or of another
 *     place in this one, are not valid
 *   - it is from this boot of the machine: nothing here is written back in order, so what a power
 *     failure leaves is worthless
 */
#ifndef LOOKUP_DELTA_H
#define LOOKUP_DELTA_H

#include "lookup/mix.h"

#include <stdatomic.h>

enum { DELTA_VERSION = 1, DELTA_HEADER_BYTES = 4096, BOOT_ID_BYTES = 36 };
/* A table that is at most half full is probed twice at most, nearly always once. */
enum { DELTA_LOAD_PERCENT = 50 };

/* The delta's standing: three words of which no flipped bits make another. Superseded: other files
 * have the names now, or are about to. Distrusted: both files are to be made anew. */
#define DELTA_IN_USE     UINT64_C(0x9d3c51a6e80f7b24)
#define DELTA_SUPERSEDED UINT64_C(0x57e2c80d136ab9f1)
#define DELTA_DISTRUSTED UINT64_C(0xe81b3674cd5290ac)

enum delta_counter { COUNT_APPLIED, COUNT_SLOTS, COUNT_WORDS, COUNT_STATES, COUNT_ARENA, COUNTERS };

/* What of it stays as it was made. */
struct delta_shape {
    char magic[16];
    uint32_t version;
    uint32_t crc; /* of this struct, this field being zero */
    char boot[BOOT_ID_BYTES];
    uint32_t slot_bits; /* there are 1 << slot_bits slots */
    uint64_t generation;
    uint32_t first_word, first_state; /* the numbers below are the snapshot's */
    uint32_t words_max, states_max, arena_bytes, unused;
};

struct delta_head {
    struct delta_shape shape;
    _Atomic uint64_t standing;
    _Atomic uint64_t counter[COUNTERS]; /* sealed */
};

struct delta_slot {
    _Atomic uint64_t word[4]; /* id.a; id.b and SLOT_TAKEN; value; check. All zero: free */
};

struct delta_word {
    struct word word;
    uint8_t unused[3];
    uint32_t crc;
};

/* In the arena, followed by its items. */
struct delta_state {
    uint32_t number, n, crc, unused;
    struct state_item items[];
};

struct delta {
    void *map;
    size_t bytes;
    bool writable;
    struct delta_shape shape; /* a copy, for the mapping may change under us */
    struct delta_head *head;
    struct delta_slot *slots;
    _Atomic uint64_t *word_index;  /* sealed word numbers */
    _Atomic uint64_t *state_index; /* sealed state numbers */
    _Atomic uint64_t *state_at;    /* sealed places in the arena */
    struct delta_word *words;
    void *arena;
};

/* Makes a whole empty delta in the empty file `fd`; its blocks are allocated, so that a full disk
 * shows here and never as a signal. */
enum status delta_create(int fd, uint64_t generation, uint64_t applied, uint64_t slots,
                         uint32_t first_word, uint32_t first_state, struct problem *why) MUST_CHECK;
/* Maps it; `fd` may be closed afterwards. OK, DAMAGED, IO_FAILED. */
enum status delta_open(struct delta *d, int fd, bool writable, struct problem *why) MUST_CHECK;
void delta_close(struct delta *d);

static inline uint64_t delta_standing(const struct delta *d)
{
    return atomic_load_explicit(&d->head->standing, memory_order_acquire);
}
enum status delta_count(const struct delta *d, enum delta_counter which, uint64_t *n) MUST_CHECK;

static inline uint64_t delta_home(const struct delta *d, struct id id)
{
    return id.a * MIX_SPREAD >> (64 - d->shape.slot_bits);
}
/* OK, NOT_FOUND or DAMAGED. `slot` (may be NULL) gets the slot of the id or the free one where it
 * would go. */
enum status delta_find(const struct delta *d, struct id id, uint64_t *value,
                       uint64_t *slot) MUST_CHECK;
enum status delta_word(const struct delta *d, uint32_t number, struct word *w) MUST_CHECK;
enum status delta_word_number(const struct delta *d, const struct word *w,
                              uint32_t *number) MUST_CHECK;
enum status delta_items(const struct delta *d, uint32_t state, const struct state_item **items,
                        size_t *n) MUST_CHECK;
enum status delta_state_number(const struct delta *d, const struct state_item *items, size_t n,
                               uint32_t *number) MUST_CHECK;

/* Called with every id; what it returns, unless OK, ends the walk. */
typedef enum status delta_visit(void *with, struct id id, uint64_t value);
enum status delta_walk(const struct delta *d, delta_visit *visit, void *with) MUST_CHECK;
/* Reads every slot, word and state. */
enum status delta_audit(const struct delta *d, struct problem *why) MUST_CHECK;

/* --- the writer's ------------------------------------------------------------------------- */

/* May `more` ids come in without the table being too full? */
enum status delta_has_room(const struct delta *d, uint64_t more, bool *room) MUST_CHECK;
/* Stores a value in the slot that delta_find gave, `taken` telling whether it found the id. */
enum status delta_put(struct delta *d, struct id id, uint64_t value, uint64_t slot,
                      bool taken) MUST_CHECK;
/* NO_SPACE: fold. */
enum status delta_add_word(struct delta *d, const struct word *w, uint32_t *number) MUST_CHECK;
enum status delta_add_state(struct delta *d, const struct state_item *items, size_t n,
                            uint32_t *number) MUST_CHECK;
void delta_set_count(struct delta *d, enum delta_counter which, uint64_t n);

#endif
