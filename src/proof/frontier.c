#include "proof/proof.h"

enum { SIZE_BYTES = 8 };

unsigned frontier_append(struct frontier *f, const struct merkle_hash *leaf,
                         struct merkle_hash made[MERKLE_LEVELS])
{
    struct merkle_hash h = *leaf;
    unsigned level = 0;
    if (f->size == UINT64_MAX)
        return 0;
    for (;; level++) {
        if (made)
            made[level] = h;
        if (!(f->size >> level & 1))
            break;
        h = merkle_node(&f->edge[level], &h);
    }
    f->edge[level] = h;
    f->size++;
    return level + 1;
}

struct merkle_hash frontier_root(const struct frontier *f)
{
    struct merkle_hash root = merkle_empty();
    bool some = false;
    for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
        if (!(f->size >> level & 1))
            continue;
        root = some ? merkle_node(&f->edge[level], &root) : f->edge[level];
        some = true;
    }
    return root;
}

size_t frontier_store(const struct frontier *f, uint8_t out[FRONTIER_BYTES_MAX])
{
    size_t n = 0;
    for (; n < SIZE_BYTES; n++)
        out[n] = (uint8_t)(f->size >> 8 * (SIZE_BYTES - 1 - n));
    for (unsigned level = MERKLE_LEVELS; level-- > 0;) {
        if (!(f->size >> level & 1))
            continue;
        memcpy(out + n, f->edge[level].bytes, MERKLE_HASH_BYTES);
        n += MERKLE_HASH_BYTES;
    }
    return n;
}

enum status frontier_load(struct span in, struct frontier *out)
{
    *out = (struct frontier){0};
    if (in.n < SIZE_BYTES)
        return DAMAGED;
    uint64_t size = 0;
    for (size_t i = 0; i < SIZE_BYTES; i++)
        size = size << 8 | (uint8_t)in.p[i];
    if (in.n != SIZE_BYTES + (size_t)__builtin_popcountll(size) * MERKLE_HASH_BYTES)
        return DAMAGED;
    const char *p = in.p + SIZE_BYTES;
    for (unsigned level = MERKLE_LEVELS; level-- > 0;) {
        if (!(size >> level & 1))
            continue;
        memcpy(out->edge[level].bytes, p, MERKLE_HASH_BYTES);
        p += MERKLE_HASH_BYTES;
    }
    out->size = size;
    return OK;
}
