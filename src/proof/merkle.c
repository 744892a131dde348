/* src/proof/merkle.c: the hashes of RFC 6962 and the verification of its two proofs.
 *
 * Both walk a path from below as RFC 9162 (sections 2.1.3.2 and 2.1.4.2) does: `position` is the
 * node's number on its level, `last` that of the level's last node. A node without a right sibling
 * stands for itself a level higher, so levels are skipped until it is a right child.
 */
#include "proof/proof.h"

enum { LEAF_PREFIX = 0x00, NODE_PREFIX = 0x01 };
enum { SHORT_LEAF = 256 }; /* ours all are; the room for a long one takes time to clear */

bool merkle_equal(const struct merkle_hash *a, const struct merkle_hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

struct merkle_hash merkle_empty(void)
{
    struct merkle_hash h;
    hash_digest(HASH_SHA256, SPAN(""), h.bytes);
    return h;
}

static struct merkle_hash leaf_within(struct span leaf, char *room)
{
    struct merkle_hash h;
    room[0] = LEAF_PREFIX;
    if (leaf.n)
        memcpy(room + 1, leaf.p, leaf.n);
    hash_digest(HASH_SHA256, (struct span){room, 1 + leaf.n}, h.bytes);
    return h;
}

static struct merkle_hash long_leaf(struct span leaf)
{
    char room[1 + ENTRY_MAX];
    INVARIANT(leaf.n <= ENTRY_MAX);
    return leaf_within(leaf, room);
}

struct merkle_hash merkle_leaf(struct span leaf)
{
    char room[1 + SHORT_LEAF];
    return leaf.n <= SHORT_LEAF ? leaf_within(leaf, room) : long_leaf(leaf);
}

struct merkle_hash merkle_node(const struct merkle_hash *left, const struct merkle_hash *right)
{
    struct merkle_hash h;
    char text[1 + 2 * MERKLE_HASH_BYTES] = {NODE_PREFIX};
    memcpy(text + 1, left->bytes, MERKLE_HASH_BYTES);
    memcpy(text + 1 + MERKLE_HASH_BYTES, right->bytes, MERKLE_HASH_BYTES);
    hash_digest(HASH_SHA256, (struct span){text, sizeof text}, h.bytes);
    return h;
}

struct climb {
    uint64_t position, last;
};

static void rise(struct climb *c)
{
    c->position >>= 1;
    c->last >>= 1;
}

/* A left child whose sibling is in the tree has it at its right; all others rise until they have
 * one at their left. */
static bool sibling_is_left(struct climb *c)
{
    if (!(c->position & 1) && c->position != c->last)
        return false;
    while (!(c->position & 1) && c->position != 0)
        rise(c);
    return true;
}

bool merkle_included(uint64_t index, uint64_t size, const struct merkle_hash *leaf,
                     const struct merkle_path *path, const struct merkle_hash *root)
{
    if (index >= size || path->n > MERKLE_PATH_MAX)
        return false;
    struct climb c = {index, size - 1};
    struct merkle_hash h = *leaf;
    for (size_t i = 0; i < path->n; i++) {
        if (c.last == 0)
            return false;
        h = sibling_is_left(&c) ? merkle_node(&path->hash[i], &h) : merkle_node(&h, &path->hash[i]);
        rise(&c);
    }
    return c.last == 0 && merkle_equal(&h, root);
}

/* Climbs with both trees at once from a subtree that they share. */
static bool climb_both(struct climb c, struct merkle_hash shared, const struct merkle_path *path,
                       size_t first, const struct merkle_hash *old_root,
                       const struct merkle_hash *new_root)
{
    struct merkle_hash in_old = shared, in_new = shared;
    for (size_t i = first; i < path->n; i++) {
        const struct merkle_hash *sibling = &path->hash[i];
        if (c.last == 0)
            return false;
        if (sibling_is_left(&c)) {
            in_old = merkle_node(sibling, &in_old);
            in_new = merkle_node(sibling, &in_new);
        } else {
            in_new = merkle_node(&in_new, sibling);
        }
        rise(&c);
    }
    return c.last == 0 && merkle_equal(&in_old, old_root) && merkle_equal(&in_new, new_root);
}

bool merkle_consistent(uint64_t old_size, const struct merkle_hash *old_root, uint64_t new_size,
                       const struct merkle_hash *new_root, const struct merkle_path *path)
{
    struct merkle_hash empty = merkle_empty();
    if (old_size > new_size || path->n > MERKLE_PATH_MAX)
        return false;
    if (old_size == 0 && !merkle_equal(old_root, &empty))
        return false;
    if (old_size == new_size)
        return path->n == 0 && merkle_equal(old_root, new_root);
    if (old_size == 0)
        return path->n == 0;
    struct climb c = {old_size - 1, new_size - 1};
    while (c.position & 1)
        rise(&c);
    /* The old tree is one complete subtree: then its root is known and not in the path. */
    if (c.position == 0)
        return climb_both(c, *old_root, path, 0, old_root, new_root);
    return path->n > 0 && climb_both(c, path->hash[0], path, 1, old_root, new_root);
}
