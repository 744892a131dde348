/* lookup/snapshot_write.c: writing lookup.base, from its start to its end in one pass.
 *
 * The header goes last, in its place at the start, so that a file that was not finished has none.
 */
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "lookup/snapshot.h"

#include <unistd.h>

struct writer {
    int fd;
    uint64_t at; /* where the next byte goes */
    uint32_t *checks;
    uint64_t checks_n;
    struct base_header *head; /* a whole block */
};

/* Appends one section, filled up with zeros to whole blocks, and the sum of each block. */
static enum status write_section(struct writer *w, enum section which, const void *p, uint64_t n)
{
    uint8_t last[BLOCK_BYTES] = {0};
    uint64_t whole = n / BLOCK_BYTES, rest = n % BLOCK_BYTES;
    w->head->section[which].at = w->at;
    w->head->section[which].bytes = n;
    for (uint64_t i = 0; i < whole; i++)
        w->checks[w->checks_n++] = crc32c(0, (const uint8_t *)p + i * BLOCK_BYTES, BLOCK_BYTES);
    enum status s = fd_write(w->fd, p, whole * BLOCK_BYTES);
    if (s == OK && rest) {
        memcpy(last, (const uint8_t *)p + whole * BLOCK_BYTES, rest);
        w->checks[w->checks_n++] = crc32c(0, last, BLOCK_BYTES);
        s = fd_write(w->fd, last, BLOCK_BYTES);
    }
    w->at += (whole + (rest ? 1 : 0)) * BLOCK_BYTES;
    return s;
}

static enum status write_sections(struct writer *w, const struct table *t, const struct pool *p)
{
    const struct {
        const void *p;
        uint64_t n;
    } part[SECTION_CHECKS] = {
        [SECTION_LINES] = {t->line, t->lines * sizeof *t->line},
        [SECTION_PAYLOAD] = {t->payload, t->lines * LINE_TAGS * sizeof *t->payload},
        [SECTION_WORDS] = {p->words, p->words_n * sizeof *p->words},
        [SECTION_WORD_INDEX] = {p->word_index, p->word_slots * sizeof *p->word_index},
        [SECTION_STARTS] = {p->starts, (p->states_n + UINT64_C(1)) * sizeof *p->starts},
        [SECTION_ITEMS] = {p->items, p->items_n * sizeof *p->items},
        [SECTION_STATE_INDEX] = {p->state_index, p->state_slots * sizeof *p->state_index},
    };
    uint64_t blocks = 0;
    for (int i = 0; i < SECTION_CHECKS; i++)
        blocks += (part[i].n + BLOCK_BYTES - 1) / BLOCK_BYTES;
    w->checks = mem_new(blocks, sizeof *w->checks);
    if (!w->checks)
        return NO_MEMORY;
    enum status s = OK;
    for (int i = 0; s == OK && i < SECTION_CHECKS; i++)
        s = write_section(w, (enum section)i, part[i].p, part[i].n);
    return s;
}

static enum status write_checks(struct writer *w)
{
    uint64_t n = w->checks_n * sizeof *w->checks;
    w->head->section[SECTION_CHECKS].at = w->at;
    w->head->section[SECTION_CHECKS].bytes = n;
    w->head->checks_crc = crc32c(0, w->checks, n);
    return fd_write(w->fd, w->checks, n);
}

static enum status write_header(struct writer *w)
{
    w->head->crc = crc32c(0, w->head, BLOCK_BYTES);
    if (lseek(w->fd, 0, SEEK_SET) != 0)
        return IO_FAILED;
    return fd_write(w->fd, w->head, BLOCK_BYTES);
}

static void fill_header(struct base_header *h, const struct table *t, const struct pool *p,
                        const struct lookup_origin *origin, uint64_t generation)
{
    *h = (struct base_header){
        .magic = "optout lookup\n",
        .version = BASE_VERSION,
        .generation = generation,
        .applied = origin->applied,
        .families = origin->families,
        .lines = t->lines,
        .entries = t->entries,
        .words = p->words_n,
        .word_slots = p->word_slots,
        .states = p->states_n,
        .state_slots = p->state_slots,
        .items = p->items_n,
    };
    memcpy(h->ledger, origin->ledger, sizeof h->ledger);
}

enum status snapshot_write(int fd, const struct table *table, const struct pool *pool,
                           const struct lookup_origin *origin, uint64_t generation,
                           struct problem *why)
{
    union {
        struct base_header head;
        uint8_t bytes[BLOCK_BYTES];
    } block = {.bytes = {0}};
    struct writer w = {.fd = fd, .at = BLOCK_BYTES, .head = &block.head};
    enum status s = fd_write(fd, block.bytes, BLOCK_BYTES); /* keeps the header's place */
    fill_header(&block.head, table, pool, origin, generation);
    if (s == OK)
        s = write_sections(&w, table, pool);
    if (s == OK)
        s = write_checks(&w);
    if (s == OK)
        s = write_header(&w);
    if (s == OK && fdatasync(fd) != 0)
        s = IO_FAILED;
    mem_free(w.checks);
    return s == OK ? OK : problem_set(why, s, "cannot write lookup.base: %s", status_text(s));
}
