/* lookup/snapshot.h: lookup.base, one moment of the ledger. Written once, then only read.
 *
 * The format is spec/lookup.md. Every 4 KiB block has a CRC-32C in a table at the end of the file,
 * and the table and the header have theirs, which are checked when it is opened. A block is checked
 * when it is first touched; a bitmap remembers those that were good. So opening costs nothing for
 * each entry, and still no changed bit is ever answered from.
 *
 * Reading is safe from any thread.
 */
#ifndef LOOKUP_SNAPSHOT_H
#define LOOKUP_SNAPSHOT_H

#include "lookup/pool.h"
#include "lookup/table.h"

#include <stdatomic.h>

enum { BLOCK_BYTES = 4096, BASE_VERSION = 1 };

enum section {
    SECTION_LINES,
    SECTION_PAYLOAD,
    SECTION_WORDS,
    SECTION_WORD_INDEX,
    SECTION_STARTS,
    SECTION_ITEMS,
    SECTION_STATE_INDEX,
    SECTION_CHECKS, /* the CRC-32C of every block between the header and this section */
    SECTIONS
};

struct base_header {
    char magic[16];
    uint32_t version;
    uint32_t crc; /* of the whole header block, this field being zero */
    uint8_t ledger[16];
    uint64_t generation, applied;
    uint32_t families, checks_crc;
    uint64_t lines, entries;
    uint32_t words, word_slots, states, state_slots, items, unused;
    struct {
        uint64_t at, bytes;
    } section[SECTIONS];
};

struct snapshot {
    const uint8_t *map;
    size_t bytes;
    const struct base_header *head;
    const struct line *line;
    const struct payload *payload;
    _Atomic uint64_t *checked; /* a bit for each block that was found good */
};

/* Maps the open file `fd`; it may be closed afterwards. OK, DAMAGED, NO_MEMORY, IO_FAILED. */
enum status snapshot_open(struct snapshot *s, int fd, struct problem *why) MUST_CHECK;
void snapshot_close(struct snapshot *s);

/* Checks every block that [p, p + n) touches and was not checked. */
bool snapshot_check(const struct snapshot *s, const void *p, size_t n);

/* snapshot_check for what lies within one block. */
static inline bool snapshot_good(const struct snapshot *s, const void *p)
{
    size_t block = (size_t)((const uint8_t *)p - s->map) / BLOCK_BYTES;
    uint64_t bits = atomic_load_explicit(&s->checked[block / 64], memory_order_relaxed);
    return __builtin_expect(bits >> (block % 64) & 1, 1) || snapshot_check(s, p, 1);
}

/* Follows an id from line `at`, where `found` are its tag's matches: the value, 0 when it is not
 * there. OK or DAMAGED. */
enum status snapshot_follow(const struct snapshot *s, struct id id, uint64_t at, uint32_t found,
                            uint64_t *value) MUST_CHECK;
enum status snapshot_find(const struct snapshot *s, struct id id, uint64_t *value) MUST_CHECK;

/* OK, NOT_FOUND or DAMAGED. */
enum status snapshot_word(const struct snapshot *s, uint32_t number, struct word *w) MUST_CHECK;
enum status snapshot_word_number(const struct snapshot *s, const struct word *w,
                                 uint32_t *number) MUST_CHECK;
enum status snapshot_items(const struct snapshot *s, uint32_t state,
                           const struct state_item **items, size_t *n) MUST_CHECK;
enum status snapshot_state_number(const struct snapshot *s, const struct state_item *items,
                                  size_t n, uint32_t *number) MUST_CHECK;

/* Writes a whole file of these to `fd` and syncs it. */
enum status snapshot_write(int fd, const struct table *table, const struct pool *pool,
                           const struct lookup_origin *origin, uint64_t generation,
                           struct problem *why) MUST_CHECK;

/* Checks every block. */
enum status snapshot_audit(const struct snapshot *s, struct problem *why) MUST_CHECK;

#endif
