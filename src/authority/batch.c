#include "authority/batch.h"
#include "base/mem.h"

enum status batch_init(struct batch *b, size_t links)
{
    size_t slots = 16;
    while (slots < 2 * links)
        slots *= 2;
    *b = (struct batch){.capacity = links, .mask = slots - 1};
    b->links = mem_new(links, sizeof *b->links);
    b->heads = mem_new(slots, sizeof *b->heads);
    if (b->links && b->heads)
        return OK;
    batch_free(b);
    return NO_MEMORY;
}

void batch_free(struct batch *b)
{
    mem_free(b->links);
    mem_free(b->heads);
    *b = (struct batch){0};
}

/* The slot that holds `id`, or the empty one where it belongs. Ids are keyed hashes already. */
static uint32_t *slot_of(const struct batch *b, struct id id)
{
    size_t at = id.a & b->mask;
    while (b->heads[at] && !id_equal(b->links[b->heads[at] - 1].id, id))
        at = (at + 1) & b->mask;
    return &b->heads[at];
}

void batch_add(struct batch *b, struct id id, uint32_t event)
{
    INVARIANT(b->n < b->capacity);
    uint32_t *slot = slot_of(b, id);
    b->links[b->n++] = (struct batch_link){id, event, *slot};
    *slot = (uint32_t)b->n;
}

const struct batch_link *batch_find(const struct batch *b, struct id id)
{
    uint32_t head = *slot_of(b, id);
    return head ? &b->links[head - 1] : NULL;
}

const struct batch_link *batch_older(const struct batch *b, const struct batch_link *link)
{
    return link->older ? &b->links[link->older - 1] : NULL;
}
