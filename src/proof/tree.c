/* src/proof/tree.c: roots and proofs out of the complete subtrees that a log keeps.
 *
 * RFC 6962 splits n leaves behind the largest power of two below n. So every range that comes up
 * begins at a multiple of the largest subtree in it, and falls into complete subtrees of falling
 * size from left to right.
 */
#include "proof/proof.h"

struct source {
    merkle_get *get;
    void *context;
};

struct range {
    uint64_t begin, end;
};

/* The root over a range that is not empty. */
static enum status range_root(struct source from, struct range r, struct merkle_hash *out)
{
    uint64_t n = r.end - r.begin, at = r.end;
    bool some = false;
    for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
        if (!(n >> level & 1))
            continue;
        struct merkle_hash subtree;
        at -= UINT64_C(1) << level;
        enum status s = from.get(from.context, level, at >> level, &subtree);
        if (s != OK)
            return s;
        *out = some ? merkle_node(&subtree, out) : subtree;
        some = true;
    }
    return OK;
}

/* Where RFC 6962 splits a range of two leaves or more. */
static uint64_t split_of(struct range r)
{
    uint64_t n = r.end - r.begin;
    return r.begin + (UINT64_C(1) << (63 - __builtin_clzll(n - 1)));
}

static enum status add_range(struct source from, struct range r, struct merkle_path *path)
{
    INVARIANT(path->n < MERKLE_PATH_MAX);
    return range_root(from, r, &path->hash[path->n++]);
}

/* Goes down from *r into the half that `leaf` is in, and adds the other half to the path. */
static enum status descend(struct source from, uint64_t leaf, struct range *r,
                           struct merkle_path *path)
{
    uint64_t middle = split_of(*r);
    struct range left = {r->begin, middle}, right = {middle, r->end};
    *r = leaf < middle ? left : right;
    return add_range(from, leaf < middle ? right : left, path);
}

static void turn_round(struct merkle_path *path)
{
    for (size_t i = 0; i < path->n / 2; i++) {
        struct merkle_hash h = path->hash[i];
        path->hash[i] = path->hash[path->n - 1 - i];
        path->hash[path->n - 1 - i] = h;
    }
}

enum status merkle_root(merkle_get *get, void *context, uint64_t size, struct merkle_hash *out)
{
    *out = merkle_empty();
    return range_root((struct source){get, context}, (struct range){0, size}, out);
}

enum status merkle_prove_inclusion(merkle_get *get, void *context, uint64_t index, uint64_t size,
                                   struct merkle_path *out)
{
    struct range r = {0, size};
    enum status s = index < size ? OK : REFUSED;
    out->n = 0;
    while (s == OK && r.end - r.begin > 1)
        s = descend((struct source){get, context}, index, &r, out);
    turn_round(out);
    return s;
}

enum status merkle_prove_consistency(merkle_get *get, void *context, uint64_t old_size,
                                     uint64_t new_size, struct merkle_path *out)
{
    struct source from = {get, context};
    struct range r = {0, new_size};
    enum status s = old_size <= new_size ? OK : REFUSED;
    out->n = 0;
    if (old_size == 0)
        return s;
    while (s == OK && r.end != old_size)
        s = descend(from, old_size - 1, &r, out);
    /* What is left is the last subtree of the old tree; only when it is all of it, its root is
     * known already. */
    if (s == OK && r.begin != 0)
        s = add_range(from, r, out);
    turn_round(out);
    return s;
}
