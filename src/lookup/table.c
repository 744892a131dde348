#include "lookup/table.h"
#include "base/mem.h"

#include <sys/mman.h>

_Static_assert(sizeof(struct line) == LINE_BYTES, "a line is a cache line");
_Static_assert(sizeof(struct payload) == 16, "a payload slot has 16 bytes");

enum { HUGE_PAGE_BYTES = 2 << 20, ENTRIES_MIN = 1024 };

uint64_t table_lines(uint64_t entries)
{
    uint64_t per_line_percent = LINE_TAGS * LOAD_PERCENT;
    return (entries * 100 + per_line_percent - 1) / per_line_percent + 1;
}

/* Zeroed memory that begins at *aligned with a huge page, where the system has such. */
static void *huge_new(size_t bytes, void **aligned)
{
    size_t whole = (bytes + HUGE_PAGE_BYTES - 1) & -(size_t)HUGE_PAGE_BYTES;
    void *memory = mem_new(whole + HUGE_PAGE_BYTES, 1);
    if (!memory)
        return NULL;
    *aligned = (void *)(((uintptr_t)memory + HUGE_PAGE_BYTES - 1) & -(uintptr_t)HUGE_PAGE_BYTES);
    (void)madvise(*aligned, whole, MADV_HUGEPAGE); /* only for speed */
    return memory;
}

enum status table_new(struct table *t, uint64_t entries)
{
    *t = (struct table){.lines = table_lines(entries), .entries_max = entries};
    size_t line_bytes = t->lines * sizeof *t->line;
    void *aligned = NULL;
    t->memory = huge_new(line_bytes + t->lines * LINE_TAGS * sizeof *t->payload, &aligned);
    if (!t->memory)
        return NO_MEMORY;
    t->line = aligned;
    t->payload = (struct payload *)(void *)((uint8_t *)aligned + line_bytes);
    return OK;
}

void table_free(struct table *t)
{
    mem_free(t->memory);
    *t = (struct table){0};
}

static struct payload *line_append(struct table *t, uint64_t at, struct id id)
{
    struct line *l = &t->line[at];
    unsigned i = line_count(l);
    l->tag[i] = id_tag(id);
    l->mark += UINT32_C(1) << FILTER_BITS;
    t->entries++;
    struct payload *p = &t->payload[at * LINE_TAGS + i];
    p->rest = id.a;
    return p;
}

struct payload *table_put(struct table *t, struct id id)
{
    INVARIANT(t->entries < t->entries_max);
    uint32_t tag = id_tag(id), bit = filter_bit(tag);
    uint64_t at = line_home(id, t->lines);
    for (;; at = at + 1 == t->lines ? 0 : at + 1) {
        struct line *l = &t->line[at];
        for (uint32_t found = line_match(l, tag); found; found &= found - 1) {
            struct payload *p = &t->payload[at * LINE_TAGS + (unsigned)__builtin_ctz(found)];
            if (p->rest == id.a)
                return p;
        }
        if (line_count(l) < LINE_TAGS)
            return line_append(t, at, id);
        l->mark |= bit;
    }
}

static enum status table_resize(struct table *t, uint64_t entries)
{
    struct table bigger;
    enum status s = table_new(&bigger, entries);
    if (s != OK)
        return s;
    for (uint64_t at = 0; at < t->lines; at++) {
        for (unsigned i = 0; i < line_count(&t->line[at]); i++) {
            const struct payload *p = &t->payload[at * LINE_TAGS + i];
            table_put(&bigger, (struct id){p->rest, t->line[at].tag[i]})->value = p->value;
        }
    }
    table_free(t);
    *t = bigger;
    return OK;
}

enum status table_reserve(struct table *t, uint64_t more)
{
    uint64_t want = t->entries + more;
    if (want <= t->entries_max)
        return OK;
    uint64_t doubled = t->entries_max < ENTRIES_MIN ? ENTRIES_MIN : t->entries_max * 2;
    return table_resize(t, want < doubled ? doubled : want);
}

enum status table_fit(struct table *t)
{
    return t->entries < t->entries_max - t->entries_max / 16 ? table_resize(t, t->entries) : OK;
}
