/* src/lookup/snapshot.c: reading a base: mapped, and checked block by block at the first touch. */
#include "lookup/snapshot.h"
#include "base/hash.h"
#include "base/mem.h"

#include <sys/mman.h>
#include <sys/stat.h>

_Static_assert(sizeof(struct base_header) <= BLOCK_BYTES, "the header is one block");
_Static_assert(sizeof(struct word) == 65 && sizeof(struct state_item) == 12, "as in the file");

static const char magic[16] = "optout lookup\n";

static const void *section(const struct snapshot *s, enum section which)
{
    return s->map + s->head->section[which].at;
}

static size_t data_blocks(const struct base_header *h)
{
    return h->section[SECTION_CHECKS].at / BLOCK_BYTES - 1;
}

/* --- opening ------------------------------------------------------------------------------- */

static uint32_t header_crc(const void *block)
{
    static const uint32_t zero;
    size_t at = offsetof(struct base_header, crc), after = at + sizeof zero;
    uint32_t crc = crc32c(0, block, at);
    crc = crc32c(crc, &zero, sizeof zero);
    return crc32c(crc, (const uint8_t *)block + after, BLOCK_BYTES - after);
}

/* Do the sections follow each other in order, with the sizes that the counts ask for? */
static bool sections_fit(const struct base_header *h, uint64_t file_bytes)
{
    const uint64_t want[SECTIONS] = {
        [SECTION_LINES] = h->lines * LINE_BYTES,
        [SECTION_PAYLOAD] = h->lines * LINE_TAGS * sizeof(struct payload),
        [SECTION_WORDS] = h->words * sizeof(struct word),
        [SECTION_WORD_INDEX] = h->word_slots * sizeof(uint32_t),
        [SECTION_STARTS] = (h->states + UINT64_C(1)) * sizeof(uint32_t),
        [SECTION_ITEMS] = h->items * sizeof(struct state_item),
        [SECTION_STATE_INDEX] = h->state_slots * sizeof(uint32_t),
        [SECTION_CHECKS] = data_blocks(h) * sizeof(uint32_t),
    };
    uint64_t at = BLOCK_BYTES;
    for (int i = 0; i < SECTIONS; i++) {
        if (h->section[i].at != at || h->section[i].bytes != want[i] || want[i] > file_bytes)
            return false;
        at += i == SECTION_CHECKS ? want[i] : (want[i] + BLOCK_BYTES - 1) & -(uint64_t)BLOCK_BYTES;
    }
    return at == file_bytes;
}

static bool is_power_of_two(uint32_t x)
{
    return x && !(x & (x - 1));
}

static enum status check_header(const struct snapshot *s, struct problem *why)
{
    const struct base_header *h = s->head;
    if (memcmp(h->magic, magic, sizeof magic) != 0 || h->crc != header_crc(h))
        return problem_set(why, DAMAGED, "lookup.base has a damaged header");
    if (h->version != BASE_VERSION)
        return problem_set(why, DAMAGED, "lookup.base has format version %u, not %u",
                           (unsigned)h->version, (unsigned)BASE_VERSION);
    if (h->lines == 0 || h->lines > s->bytes / LINE_BYTES || !is_power_of_two(h->word_slots) ||
        !is_power_of_two(h->state_slots) || !sections_fit(h, s->bytes))
        return problem_set(why, DAMAGED, "lookup.base has sections that do not fit its size");
    if (h->checks_crc != crc32c(0, section(s, SECTION_CHECKS), h->section[SECTION_CHECKS].bytes))
        return problem_set(why, DAMAGED, "lookup.base has a damaged table of checksums");
    return OK;
}

static enum status map_file(struct snapshot *s, int fd, struct problem *why)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return problem_errno(why, "cannot look at lookup.base");
    if (st.st_size < BLOCK_BYTES)
        return problem_set(why, DAMAGED, "lookup.base is too short");
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return problem_errno(why, "cannot map lookup.base");
    s->map = map;
    s->bytes = (size_t)st.st_size;
    s->head = map;
    return OK;
}

enum status snapshot_open(struct snapshot *s, int fd, struct problem *why)
{
    *s = (struct snapshot){0};
    enum status st = map_file(s, fd, why);
    if (st == OK)
        st = check_header(s, why);
    if (st == OK) {
        s->checked = mem_new(s->bytes / BLOCK_BYTES / 64 + 1, sizeof *s->checked);
        if (!s->checked)
            st = problem_set(why, NO_MEMORY, "no memory to open lookup.base");
    }
    if (st != OK) {
        snapshot_close(s);
        return st;
    }
    s->line = section(s, SECTION_LINES);
    s->payload = section(s, SECTION_PAYLOAD);
    /* For speed alone, where the file system keeps files in huge pages. */
    (void)madvise((void *)(uintptr_t)s->map, s->bytes, MADV_HUGEPAGE);
    return OK;
}

void snapshot_close(struct snapshot *s)
{
    if (s->map)
        (void)munmap((void *)(uintptr_t)s->map, s->bytes);
    mem_free((void *)s->checked);
    *s = (struct snapshot){0};
}

/* --- checking ------------------------------------------------------------------------------ */

/* Blocks are counted from the start of the file; block 0, the header, has its own sum. */
static bool check_block(const struct snapshot *s, size_t block)
{
    _Atomic uint64_t *bits = &s->checked[block / 64];
    uint64_t bit = UINT64_C(1) << (block % 64);
    if (atomic_load_explicit(bits, memory_order_relaxed) & bit)
        return true;
    const uint32_t *checks = section(s, SECTION_CHECKS);
    if (checks[block - 1] != crc32c(0, s->map + block * BLOCK_BYTES, BLOCK_BYTES))
        return false;
    atomic_fetch_or_explicit(bits, bit, memory_order_relaxed);
    return true;
}

bool snapshot_check(const struct snapshot *s, const void *p, size_t n)
{
    size_t at = (size_t)((const uint8_t *)p - s->map);
    for (size_t block = at / BLOCK_BYTES; block * BLOCK_BYTES < at + n; block++)
        if (!check_block(s, block))
            return false;
    return true;
}

enum status snapshot_audit(const struct snapshot *s, struct problem *why)
{
    for (size_t block = 1; block <= data_blocks(s->head); block++)
        if (!check_block(s, block))
            return problem_set(why, DAMAGED, "lookup.base is damaged in its 4 KiB block %zu",
                               block);
    return OK;
}

/* --- finding ------------------------------------------------------------------------------- */

enum status snapshot_follow(const struct snapshot *s, struct id id, uint64_t at, uint32_t found,
                            uint64_t *value)
{
    uint32_t bit = filter_bit(id_tag(id));
    *value = 0;
    for (uint64_t seen = 0; seen < s->head->lines; seen++) {
        for (; found; found &= found - 1) {
            const struct payload *p = &s->payload[at * LINE_TAGS + (unsigned)__builtin_ctz(found)];
            if (!snapshot_good(s, p))
                return DAMAGED;
            if (p->rest == id.a) {
                *value = p->value;
                return OK;
            }
        }
        if (!(s->line[at].mark & bit))
            return OK;
        at = at + 1 == s->head->lines ? 0 : at + 1;
        if (!snapshot_good(s, &s->line[at]))
            return DAMAGED;
        found = line_match(&s->line[at], id_tag(id));
    }
    return OK;
}

enum status snapshot_find(const struct snapshot *s, struct id id, uint64_t *value)
{
    uint64_t at = line_home(id, s->head->lines);
    if (!snapshot_good(s, &s->line[at]))
        return DAMAGED;
    return snapshot_follow(s, id, at, line_match(&s->line[at], id_tag(id)), value);
}

enum status snapshot_word(const struct snapshot *s, uint32_t number, struct word *w)
{
    if (number >= s->head->words)
        return NOT_FOUND;
    const struct word *words = section(s, SECTION_WORDS);
    if (!snapshot_check(s, &words[number], sizeof *words))
        return DAMAGED;
    *w = words[number];
    return OK;
}

enum status snapshot_word_number(const struct snapshot *s, const struct word *w, uint32_t *number)
{
    const uint32_t *index = section(s, SECTION_WORD_INDEX);
    uint32_t mask = s->head->word_slots - 1, at = (uint32_t)word_hash(w) & mask;
    for (;; at = (at + 1) & mask) {
        struct word have;
        if (!snapshot_good(s, &index[at]))
            return DAMAGED;
        if (index[at] == 0)
            return NOT_FOUND;
        if (snapshot_word(s, index[at], &have) != OK)
            return DAMAGED;
        if (word_equal(&have, w)) {
            *number = index[at];
            return OK;
        }
    }
}

enum status snapshot_items(const struct snapshot *s, uint32_t state,
                           const struct state_item **items, size_t *n)
{
    if (state >= s->head->states)
        return NOT_FOUND;
    const uint32_t *starts = section(s, SECTION_STARTS);
    if (!snapshot_check(s, &starts[state], 2 * sizeof *starts))
        return DAMAGED;
    if (starts[state] > starts[state + 1] || starts[state + 1] > s->head->items)
        return DAMAGED;
    *items = (const struct state_item *)section(s, SECTION_ITEMS) + starts[state];
    *n = starts[state + 1] - starts[state];
    return snapshot_check(s, *items, *n * sizeof **items) ? OK : DAMAGED;
}

enum status snapshot_state_number(const struct snapshot *s, const struct state_item *items,
                                  size_t n, uint32_t *number)
{
    const uint32_t *index = section(s, SECTION_STATE_INDEX);
    uint32_t mask = s->head->state_slots - 1, at = (uint32_t)state_hash(items, n) & mask;
    for (;; at = (at + 1) & mask) {
        const struct state_item *have;
        size_t have_n;
        if (!snapshot_good(s, &index[at]))
            return DAMAGED;
        if (index[at] == 0)
            return NOT_FOUND;
        if (snapshot_items(s, index[at], &have, &have_n) != OK)
            return DAMAGED;
        if (have_n == n && memcmp(have, items, n * sizeof *items) == 0) {
            *number = index[at];
            return OK;
        }
    }
}
