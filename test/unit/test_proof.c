/* test/unit/test_proof.c: the tree, its proofs, tiles, leaves, commitments and codes.
 *
 * Known answers: RFC 6962 as its authors' implementation prints them, and the labelled proofs in
 * test/vectors/proof. Everything made here is held against a model that follows the recursive
 * definitions of RFC 6962 word by word.
 */
#include "base/base.h"
#include "proof/proof.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* --- Base64 ---------------------------------------------------------------------------------- */

static void base64_has_one_spelling(void **unused)
{
    (void)unused;
    static const struct {
        const char *text, *bytes; /* NULL: refused */
    } cases[] = {
        {"", ""},        {"Zg==", "f"},        {"Zm8=", "fo"},
        {"Zm9v", "foo"}, {"Zm9vYg==", "foob"}, {"Zm9vYmFy", "foobar"},
        {"Zg", NULL},    {"Zg=", NULL},        {"Zh==", NULL},
        {"Zm9=", NULL},  {"Zm9v\n", NULL},     {" Zm9v", NULL},
        {"Z===", NULL},  {"====", NULL},       {"Zg==Zg==", NULL},
        {"Zm-v", NULL},  {"Zm_v", NULL},       {"Zm9v=", NULL},
        {"=g==", NULL},  {"Z=g=", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t out[16];
        size_t n;
        bool ok = base64_canonical_decode(span_of(cases[i].text), out, sizeof out, &n);
        assert_int_equal(ok, cases[i].bytes != NULL);
        if (!ok)
            continue;
        assert_int_equal(n, strlen(cases[i].bytes));
        assert_memory_equal(out, cases[i].bytes, n);
        char again[32];
        base64_canonical_encode(out, n, again);
        assert_string_equal(again, cases[i].text);
    }
}

static void base64_keeps_to_the_room_it_is_given(void **unused)
{
    (void)unused;
    uint8_t out[2];
    size_t n;
    assert_true(base64_canonical_decode(SPAN("Zm8="), out, sizeof out, &n));
    assert_false(base64_canonical_decode(SPAN("Zm9v"), out, sizeof out, &n));
    assert_true(base64_canonical_decode(SPAN("Zm9v"), NULL, SIZE_MAX, &n));
    assert_int_equal(n, 3);
    struct buf small = BUF_INIT(6);
    assert_int_equal(base64_canonical_add(&small, "foob", 4), NO_SPACE);
    assert_int_equal(small.n, 0);
    buf_free(&small);
}

/* --- known answers of RFC 6962 --------------------------------------------------------------- */

/* In hex, as the roots. */
static const char *const known_leaves[] = {"",
                                           "00",
                                           "10",
                                           "2021",
                                           "3031",
                                           "40414243",
                                           "5051525354555657",
                                           "606162636465666768696a6b6c6d6e6f"};
static const char *const known_roots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

static struct merkle_hash known_leaf(size_t i)
{
    uint8_t bytes[16];
    struct span hex = span_of(known_leaves[i]);
    assert_true(hex_decode(hex, bytes, hex.n / 2));
    return merkle_leaf((struct span){(const char *)bytes, hex.n / 2});
}

static void assert_hash(const struct merkle_hash *h, const char *hex)
{
    char text[2 * MERKLE_HASH_BYTES + 1];
    hex_encode(h->bytes, sizeof h->bytes, text);
    assert_string_equal(text, hex);
}

static void roots_of_rfc_6962(void **unused)
{
    (void)unused;
    struct frontier f = {0};
    for (size_t n = 0;; n++) {
        struct merkle_hash root = frontier_root(&f);
        assert_hash(&root, known_roots[n]);
        if (n == COUNT(known_leaves))
            break;
        struct merkle_hash leaf = known_leaf(n);
        assert_int_not_equal(frontier_append(&f, &leaf, NULL), 0);
    }
}

static void long_leaves_are_hashed_whole(void **unused)
{
    (void)unused;
    char text[1 + 1000] = {0};
    struct merkle_hash expected, leaf;
    for (size_t n = 250; n <= 1000; n += 250) {
        hash_digest(HASH_SHA256, (struct span){text, 1 + n}, expected.bytes);
        leaf = merkle_leaf((struct span){text + 1, n});
        assert_true(merkle_equal(&leaf, &expected));
    }
}

/* --- a model ---------------------------------------------------------------------------------- */

enum { TREE_MAX = 130, EVERY_BIT_MAX = 12 };
static struct merkle_hash leaves[TREE_MAX], roots[TREE_MAX + 1];

/* MTH(D[begin:end]) as RFC 6962 section 2.1 has it. */
static struct merkle_hash model_root(size_t begin, size_t end)
{
    size_t n = end - begin, k = 1;
    if (n == 0)
        return merkle_empty();
    if (n == 1)
        return leaves[begin];
    while (2 * k < n)
        k *= 2;
    struct merkle_hash left = model_root(begin, begin + k), right = model_root(begin + k, end);
    return merkle_node(&left, &right);
}

static enum status get_subtree(void *calls, unsigned level, uint64_t index, struct merkle_hash *out)
{
    ++*(size_t *)calls;
    *out = model_root((size_t)index << level, ((size_t)index + 1) << level);
    return OK;
}

/* The shape of PATH(index, D[size]): how many hashes, and a bit for each that stands at the left,
 * counted from the root. */
struct shape {
    unsigned n;
    uint64_t left;
};

static struct shape shape_of(uint64_t index, uint64_t size)
{
    struct shape s = {0};
    while (size > 1) {
        uint64_t k = 1;
        while (k < size - k)
            k *= 2;
        s.left = s.left << 1 | (index >= k);
        s.n++;
        size = index < k ? k : size - k;
        index = index < k ? index : index - k;
    }
    return s;
}

/* Where a consistency proof goes down to (SUBPROOF of section 2.1.2), as a shape: the path to the
 * last subtree of the old tree, and whether that is the whole of it. */
static struct shape consistency_shape(uint64_t old_size, uint64_t new_size)
{
    struct shape s = {0};
    uint64_t m = old_size, n = new_size;
    bool whole = true;
    while (m != n) {
        uint64_t k = 1;
        while (k < n - k)
            k *= 2;
        s.left = s.left << 1 | (m > k);
        s.n++;
        whole = whole && m <= k;
        n = m <= k ? k : n - k;
        m = m <= k ? m : m - k;
    }
    s.left = s.left << 1 | whole;
    return s;
}

static bool shape_equal(struct shape a, struct shape b)
{
    return a.n == b.n && a.left == b.left;
}

static int plant(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < TREE_MAX; i++) {
        char text[32];
        int n = snprintf(text, sizeof text, "leaf %zu", i);
        leaves[i] = merkle_leaf((struct span){text, (size_t)n});
    }
    for (size_t n = 0; n <= TREE_MAX; n++)
        roots[n] = model_root(0, n);
    return 0;
}

static void flip(struct merkle_hash *h, unsigned bit)
{
    h->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

/* Up to EVERY_BIT_MAX leaves each bit of a hash is tried, above it one that moves on from hash to
 * hash, so that each place is met. */
static unsigned step_of(uint64_t size)
{
    return size <= EVERY_BIT_MAX ? 1 : 8 * MERKLE_HASH_BYTES;
}

static unsigned next_bit(void)
{
    static unsigned bit;
    bit = (bit + 37) % (8 * MERKLE_HASH_BYTES);
    return bit;
}

/* --- inclusion -------------------------------------------------------------------------------- */

struct inclusion {
    uint64_t index, size;
    struct merkle_hash leaf, root;
    struct merkle_path path;
};

static bool holds(const struct inclusion *p)
{
    return merkle_included(p->index, p->size, &p->leaf, &p->path, &p->root);
}

static void refused_when_flipped(struct inclusion *p, struct merkle_hash *h)
{
    unsigned step = step_of(p->size);
    for (unsigned bit = step == 1 ? 0 : next_bit(); bit < 8 * MERKLE_HASH_BYTES; bit += step) {
        flip(h, bit);
        assert_false(holds(p));
        flip(h, bit);
    }
}

/* Another number is refused, but for one that RFC 6962 gives the same path. */
static void refused_when_renumbered(struct inclusion *p, uint64_t *number)
{
    struct shape shape = shape_of(p->index, p->size);
    for (unsigned bit = 0; bit < 64; bit++) {
        *number ^= UINT64_C(1) << bit;
        bool same = p->index < p->size && shape_equal(shape_of(p->index, p->size), shape);
        assert_int_equal(holds(p), same);
        *number ^= UINT64_C(1) << bit;
    }
}

static void refused_at_other_length(struct inclusion *p)
{
    struct inclusion q = *p;
    q.path.hash[q.path.n++] = p->root;
    assert_false(holds(&q));
    q.path.hash[p->path.n] = p->leaf;
    assert_false(holds(&q));
    if (p->path.n == 0)
        return;
    q.path.n = p->path.n - 1;
    assert_false(holds(&q));
}

static void every_inclusion_holds_and_no_change_does(void **unused)
{
    (void)unused;
    size_t calls = 0;
    for (uint64_t size = 1; size <= TREE_MAX; size++) {
        for (uint64_t index = 0; index < size; index++) {
            struct inclusion p = {index, size, leaves[index], roots[size], {0}};
            assert_int_equal(merkle_prove_inclusion(get_subtree, &calls, index, size, &p.path), OK);
            assert_true(holds(&p));
            refused_when_flipped(&p, &p.leaf);
            refused_when_flipped(&p, &p.root);
            for (size_t i = 0; i < p.path.n; i++)
                refused_when_flipped(&p, &p.path.hash[i]);
            refused_when_renumbered(&p, &p.index);
            refused_when_renumbered(&p, &p.size);
            refused_at_other_length(&p);
        }
    }
}

/* A root that hangs above the real one: the path fits it, but not the size. */
static void a_path_ends_at_the_root(void **unused)
{
    (void)unused;
    struct inclusion p = {0, 1, leaves[0], merkle_node(&leaves[1], &leaves[0]), {1, {leaves[1]}}};
    assert_false(holds(&p));
    p = (struct inclusion){1, 2, leaves[1], merkle_node(&leaves[0], &leaves[1]), {1, {leaves[0]}}};
    assert_true(holds(&p));
    p.root = merkle_node(&leaves[2], &p.root);
    p.path.hash[p.path.n++] = leaves[2];
    assert_false(holds(&p));
}

/* --- consistency ------------------------------------------------------------------------------ */

struct growth {
    uint64_t old_size, new_size;
    struct merkle_hash old_root, new_root;
    struct merkle_path path;
};

static bool grows(const struct growth *p)
{
    return merkle_consistent(p->old_size, &p->old_root, p->new_size, &p->new_root, &p->path);
}

static void stops_growing_when_flipped(struct growth *p, struct merkle_hash *h)
{
    unsigned step = step_of(p->new_size);
    for (unsigned bit = step == 1 ? 0 : next_bit(); bit < 8 * MERKLE_HASH_BYTES; bit += step) {
        flip(h, bit);
        assert_false(grows(p));
        flip(h, bit);
    }
}

static void stops_growing_when_renumbered(struct growth *p, uint64_t *number)
{
    uint64_t m = p->old_size, n = p->new_size;
    struct shape shape = consistency_shape(m, n);
    for (unsigned bit = 0; bit < 64; bit++) {
        *number ^= UINT64_C(1) << bit;
        bool same = p->old_size > 0 && p->old_size < p->new_size && m < n &&
                    shape_equal(consistency_shape(p->old_size, p->new_size), shape);
        assert_int_equal(grows(p), same);
        *number ^= UINT64_C(1) << bit;
    }
}

static void every_growth_holds_and_no_change_does(void **unused)
{
    (void)unused;
    size_t calls = 0;
    for (uint64_t new_size = 1; new_size <= TREE_MAX; new_size++) {
        for (uint64_t old_size = 1; old_size < new_size; old_size++) {
            struct growth p = {old_size, new_size, roots[old_size], roots[new_size], {0}};
            assert_int_equal(
                merkle_prove_consistency(get_subtree, &calls, old_size, new_size, &p.path), OK);
            assert_true(grows(&p));
            stops_growing_when_flipped(&p, &p.old_root);
            stops_growing_when_flipped(&p, &p.new_root);
            for (size_t i = 0; i < p.path.n; i++)
                stops_growing_when_flipped(&p, &p.path.hash[i]);
            stops_growing_when_renumbered(&p, &p.old_size);
            stops_growing_when_renumbered(&p, &p.new_size);
        }
    }
}

static void a_tree_is_consistent_with_itself_without_a_path(void **unused)
{
    (void)unused;
    size_t calls = 0;
    for (uint64_t size = 0; size <= TREE_MAX; size++) {
        struct growth p = {size, size, roots[size], roots[size], {0}};
        assert_int_equal(merkle_prove_consistency(get_subtree, &calls, size, size, &p.path), OK);
        assert_int_equal(p.path.n, 0);
        assert_true(grows(&p));
        p.path.n = 1;
        assert_false(grows(&p));
    }
    assert_int_equal(calls, 0);
}

static void the_empty_tree_begins_every_tree(void **unused)
{
    (void)unused;
    struct growth p = {0, 5, roots[0], roots[5], {0}};
    assert_true(grows(&p));
    p.old_root = roots[1];
    assert_false(grows(&p));
    p.old_root = roots[0];
    p.path.n = 1;
    assert_false(grows(&p));
}

static void a_tree_does_not_shrink(void **unused)
{
    (void)unused;
    size_t calls = 0;
    struct merkle_path path;
    struct growth p = {5, 4, roots[5], roots[4], {0}};
    assert_false(grows(&p));
    assert_int_equal(merkle_prove_consistency(get_subtree, &calls, 5, 4, &path), REFUSED);
    assert_int_equal(merkle_prove_inclusion(get_subtree, &calls, 4, 4, &path), REFUSED);
    assert_int_equal(merkle_prove_inclusion(get_subtree, &calls, 0, 0, &path), REFUSED);
}

static enum status get_broken(void *context, unsigned level, uint64_t index,
                              struct merkle_hash *out)
{
    (void)context, (void)level, (void)index, (void)out;
    return DAMAGED;
}

static void a_store_that_fails_is_heard(void **unused)
{
    (void)unused;
    struct merkle_hash root;
    struct merkle_path path;
    assert_int_equal(merkle_root(get_broken, NULL, 3, &root), DAMAGED);
    assert_int_equal(merkle_prove_inclusion(get_broken, NULL, 1, 3, &path), DAMAGED);
    assert_int_equal(merkle_prove_consistency(get_broken, NULL, 1, 3, &path), DAMAGED);
}

/* --- the largest tree: every leaf alike, so that a subtree's root depends on its level alone ---
 */

static enum status get_alike(void *context, unsigned level, uint64_t index, struct merkle_hash *out)
{
    (void)context;
    assert_true(index <= UINT64_MAX >> level);
    *out = leaves[0];
    for (unsigned i = 0; i < level; i++)
        *out = merkle_node(out, out);
    return OK;
}

static void proofs_hold_in_the_largest_tree(void **unused)
{
    (void)unused;
    static const uint64_t places[] = {
        0, 1, INT64_MAX, UINT64_C(1) << 63, UINT32_MAX, UINT64_MAX - 2, UINT64_MAX - 1};
    struct merkle_hash root, old_root;
    struct merkle_path path;
    assert_int_equal(merkle_root(get_alike, NULL, UINT64_MAX, &root), OK);
    for (size_t i = 0; i < COUNT(places); i++) {
        assert_int_equal(merkle_prove_inclusion(get_alike, NULL, places[i], UINT64_MAX, &path), OK);
        assert_true(merkle_included(places[i], UINT64_MAX, &leaves[0], &path, &root));
        assert_false(merkle_included(places[i], UINT64_MAX, &leaves[1], &path, &root));
        uint64_t old = places[i] + 1;
        assert_int_equal(merkle_root(get_alike, NULL, old, &old_root), OK);
        assert_int_equal(merkle_prove_consistency(get_alike, NULL, old, UINT64_MAX, &path), OK);
        assert_true(merkle_consistent(old, &old_root, UINT64_MAX, &root, &path));
    }
    assert_false(merkle_included(UINT64_MAX, UINT64_MAX, &leaves[0], &path, &root));
}

/* --- labelled vectors ------------------------------------------------------------------------- */

struct tally {
    size_t accepted, refused;
};

static struct json member(struct json object, const char *name)
{
    struct json value;
    assert_int_equal(json_object_find(object, span_of(name), &value), OK);
    return value;
}

static bool hash_of(struct json string, struct merkle_hash *out)
{
    struct buf text = BUF_INIT(4096);
    size_t n = 0;
    if (string.type == JSON_NULL)
        return false;
    assert_int_equal(json_string(string, &text), OK);
    bool whole = base64_canonical_decode(buf_span(&text), out->bytes, sizeof out->bytes, &n);
    buf_free(&text);
    return whole && n == sizeof out->bytes;
}

static bool path_of(struct json array, struct merkle_path *out)
{
    struct json element;
    *out = (struct merkle_path){0};
    for (size_t at = 0; array.type == JSON_ARRAY && json_next(array, &at, NULL, &element);)
        if (out->n == MERKLE_PATH_MAX || !hash_of(element, &out->hash[out->n++]))
            return false;
    return true;
}

static uint64_t number_of(struct json object, const char *name)
{
    uint64_t number;
    assert_int_equal(span_to_u64(member(object, name).raw, &number), OK);
    return number;
}

static bool vector_holds(struct json v, bool inclusion)
{
    struct inclusion i;
    struct growth g;
    if (inclusion) {
        i.index = number_of(v, "leafIdx");
        i.size = number_of(v, "treeSize");
        return hash_of(member(v, "leafHash"), &i.leaf) && hash_of(member(v, "root"), &i.root) &&
               path_of(member(v, "proof"), &i.path) && holds(&i);
    }
    g.old_size = number_of(v, "size1");
    g.new_size = number_of(v, "size2");
    return hash_of(member(v, "root1"), &g.old_root) && hash_of(member(v, "root2"), &g.new_root) &&
           path_of(member(v, "proof"), &g.path) && grows(&g);
}

static void try_vector(const char *path, bool inclusion, struct tally *tally)
{
    struct buf text = BUF_INIT(1 << 16);
    struct json v;
    assert_int_equal(file_read(path, &text, NULL), OK);
    assert_int_equal(json_parse(buf_span(&text), &v, NULL), OK);
    bool wanted = member(v, "wantErr").type == JSON_FALSE;
    if (vector_holds(v, inclusion) != wanted)
        fail_msg("%s should %s", path, wanted ? "hold" : "be refused");
    *(wanted ? &tally->accepted : &tally->refused) += 1;
    buf_free(&text);
}

static void try_folder(const char *folder, bool inclusion, struct tally *tally)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        char path[PATH_BYTES];
        if (e->d_name[0] == '.')
            continue;
        assert_int_equal(path_join(path, folder, e->d_name), OK);
        if (span_find(span_of(e->d_name), '.') == strlen(e->d_name))
            try_folder(path, inclusion, tally);
        else
            try_vector(path, inclusion, tally);
    }
    assert_int_equal(closedir(dir), 0);
}

static struct tally try_vectors(const char *kind, bool inclusion)
{
    char path[PATH_BYTES];
    struct tally tally = {0};
    const char *root = getenv("SOURCE_ROOT");
    int n = snprintf(path, sizeof path, "%s/test/vectors/proof/%s", root ? root : ".", kind);
    assert_true(n > 0 && (size_t)n < sizeof path);
    try_folder(path, inclusion, &tally);
    return tally;
}

static void labelled_inclusion_proofs_come_out_as_labelled(void **unused)
{
    (void)unused;
    struct tally t = try_vectors("inclusion", true);
    assert_int_equal(t.accepted, 6);
    assert_int_equal(t.refused, 80);
}

static void labelled_consistency_proofs_come_out_as_labelled(void **unused)
{
    (void)unused;
    struct tally t = try_vectors("consistency", false);
    assert_int_equal(t.accepted, 5);
    assert_int_equal(t.refused, 79);
}

/* --- frontier --------------------------------------------------------------------------------- */

static void a_frontier_has_the_root_at_every_size(void **unused)
{
    (void)unused;
    struct frontier f = {0}, again;
    for (size_t n = 0; n <= TREE_MAX; n++) {
        uint8_t stored[FRONTIER_BYTES_MAX];
        struct merkle_hash root = frontier_root(&f);
        assert_true(merkle_equal(&root, &roots[n]));
        struct span bytes = {(const char *)stored, frontier_store(&f, stored)};
        assert_int_equal(frontier_load(bytes, &again), OK);
        assert_int_equal(again.size, n);
        root = frontier_root(&again);
        assert_true(merkle_equal(&root, &roots[n]));
        f = again;
        if (n < TREE_MAX)
            assert_int_not_equal(frontier_append(&f, &leaves[n], NULL), 0);
    }
}

static void a_leaf_tells_the_subtrees_that_it_ends(void **unused)
{
    (void)unused;
    struct frontier f = {0};
    for (size_t i = 0; i < TREE_MAX; i++) {
        struct merkle_hash made[MERKLE_LEVELS];
        unsigned n = frontier_append(&f, &leaves[i], made);
        assert_int_equal(n, 1 + __builtin_ctzll(i + 1));
        for (unsigned level = 0; level < n; level++) {
            struct merkle_hash expected = model_root(i + 1 - ((size_t)1 << level), i + 1);
            assert_true(merkle_equal(&made[level], &expected));
        }
    }
}

static void a_full_tree_takes_no_leaf(void **unused)
{
    (void)unused;
    struct frontier f = {.size = UINT64_MAX};
    assert_int_equal(frontier_append(&f, &leaves[0], NULL), 0);
    f.size--;
    assert_int_equal(frontier_append(&f, &leaves[0], NULL), 1);
    assert_int_equal(f.size, UINT64_MAX);
}

static void a_frontier_of_wrong_length_is_damaged(void **unused)
{
    (void)unused;
    struct frontier f = {.size = 7}, out;
    uint8_t stored[FRONTIER_BYTES_MAX + 1] = {0};
    size_t right = frontier_store(&f, stored);
    for (size_t n = 0; n <= right + 1; n++)
        assert_int_equal(frontier_load((struct span){(const char *)stored, n}, &out),
                         n == right ? OK : DAMAGED);
}

/* --- tiles ------------------------------------------------------------------------------------ */

static void tile_paths_read_as_they_are_written(void **unused)
{
    (void)unused;
    static const struct {
        struct tile tile;
        const char *path;
    } cases[] = {
        {{false, 0, 0, 256}, "tile/0/000"},
        {{false, 3, 1234067, 256}, "tile/3/x001/x234/067"},
        {{false, 0, 273, 112}, "tile/0/273.p/112"},
        {{false, 63, 999, 1}, "tile/63/999.p/1"},
        {{true, 0, 1000, 255}, "tile/entries/x001/000.p/255"},
        {{true, 0, UINT64_MAX, 255}, "tile/entries/x018/x446/x744/x073/x709/x551/615.p/255"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char path[TILE_PATH_BYTES];
        struct tile t;
        tile_path(&cases[i].tile, path);
        assert_string_equal(path, cases[i].path);
        assert_int_equal(tile_path_parse(span_of(path), &t, NULL), OK);
        assert_int_equal(t.entries, cases[i].tile.entries);
        assert_int_equal(t.level, cases[i].tile.level);
        assert_int_equal(t.index, cases[i].tile.index);
        assert_int_equal(t.width, cases[i].tile.width);
    }
}

static void other_tile_paths_are_refused(void **unused)
{
    (void)unused;
    static const char *const paths[] = {
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/x001",
        "tile/0/x001/x002",
        "tile/0/001/002",
        "tile/0/000/",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/1/",
        "tile/0/000.p/1/2",
        "tile/0/000.q/1",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/entry/000",
        "tile/0/../000",
        "tile/0/ 00",
    };
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct tile t;
        struct refusal why = {0};
        if (tile_path_parse(span_of(paths[i]), &t, &why) != REFUSED)
            fail_msg("%s was read", paths[i]);
        assert_non_null(why.what);
        assert_true(why.offset <= strlen(paths[i]));
    }
}

static void tiles_of_a_tree_of_70000(void **unused)
{
    (void)unused;
    assert_int_equal(tile_width(0, 272, 70000), 256);
    assert_int_equal(tile_width(0, 273, 70000), 112);
    assert_int_equal(tile_width(0, 274, 70000), 0);
    assert_int_equal(tile_width(1, 0, 70000), 256);
    assert_int_equal(tile_width(1, 1, 70000), 17);
    assert_int_equal(tile_width(2, 0, 70000), 1);
    assert_int_equal(tile_width(3, 0, 70000), 0);
    assert_int_equal(tile_width(0, 0, 256), 256);
    assert_int_equal(tile_width(1, 0, 256), 1);
    assert_int_equal(tile_width(63, 0, UINT64_MAX), 0);
}

enum { TILED = 1000 };
static uint8_t level_0[TILED * MERKLE_HASH_BYTES], level_1[3 * MERKLE_HASH_BYTES];

/* Serves the subtrees of TILED leaves out of their tiles. */
static enum status get_tiled(void *unused, unsigned level, uint64_t index, struct merkle_hash *out)
{
    (void)unused;
    struct tile t = tile_holding(level, index);
    unsigned width = tile_width(t.level, t.index, TILED);
    const uint8_t *bytes = t.level ? level_1 : level_0;
    struct span tile = {(const char *)bytes + t.index * TILE_WIDTH * MERKLE_HASH_BYTES,
                        width * MERKLE_HASH_BYTES};
    return tile_hash(tile, level, index, out);
}

static void tiles_are_enough_for_roots_and_proofs(void **unused)
{
    (void)unused;
    struct frontier f = {0};
    struct merkle_hash made[MERKLE_LEVELS], root;
    struct merkle_path path;
    for (size_t i = 0; i < TILED; i++) {
        if (frontier_append(&f, &leaves[i % TREE_MAX], made) > TILE_HEIGHT)
            memcpy(level_1 + i / TILE_WIDTH * MERKLE_HASH_BYTES, made[TILE_HEIGHT].bytes,
                   MERKLE_HASH_BYTES);
        memcpy(level_0 + i * MERKLE_HASH_BYTES, made[0].bytes, MERKLE_HASH_BYTES);
    }
    struct merkle_hash expected = frontier_root(&f);
    assert_int_equal(merkle_root(get_tiled, NULL, TILED, &root), OK);
    assert_true(merkle_equal(&root, &expected));
    for (size_t i = 0; i < TILED; i += 7) {
        assert_int_equal(merkle_prove_inclusion(get_tiled, NULL, i, TILED, &path), OK);
        assert_true(merkle_included(i, TILED, &leaves[i % TREE_MAX], &path, &root));
    }
    assert_int_equal(merkle_root(get_tiled, NULL, TILED + 1, &root), NOT_FOUND);
}

static void bundles_give_back_their_entries(void **unused)
{
    (void)unused;
    static char big[ENTRY_MAX + 1];
    const struct span entries[] = {SPAN("one"), SPAN(""), {big, ENTRY_MAX}, SPAN("four")};
    struct buf bundle = BUF_INIT(1 << 18);
    struct span entry;
    size_t at = 0;
    for (size_t i = 0; i < COUNT(entries); i++)
        assert_int_equal(entry_add(&bundle, entries[i]), OK);
    assert_int_equal(entry_add(&bundle, (struct span){big, ENTRY_MAX + 1}), REFUSED);
    for (size_t i = 0; i < COUNT(entries); i++) {
        assert_int_equal(entry_next(buf_span(&bundle), &at, &entry), OK);
        assert_true(span_eq(entry, entries[i]));
    }
    assert_int_equal(entry_next(buf_span(&bundle), &at, &entry), NOT_FOUND);
    at = 0;
    assert_int_equal(entry_next(SPAN("\0"), &at, &entry), REFUSED);
    assert_int_equal(entry_next(SPAN("\0\4one"), &at, &entry), REFUSED);
    buf_free(&bundle);
}

/* --- leaves and commitments ------------------------------------------------------------------- */

static const char event_text[] = "optout/event/v1\nout\nemail:acme/news\njane@example.com\ncli\n-\n"
                                 "1764000000000001\n1764000000999999\n1\n";
static const uint8_t salt[SALT_BYTES] = {1, 2, 3, [31] = 255};

static void leaves_read_as_they_are_written(void **unused)
{
    (void)unused;
    static const struct {
        struct leaf leaf;
        const char *text;
    } cases[] = {
        {{LEAF_RECORD, 1764000000, {0}},
         "optout/leaf/v1\nrec\n1764000000\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"},
        {{LEAF_KEY, 0, {[31] = 1}},
         "optout/leaf/v1\nkey\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=\n"},
        {{LEAF_INDEX, UINT64_MAX, {255}},
         "optout/leaf/v1\nindex\n18446744073709551615\n"
         "/wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"},
        {{LEAF_LOG, 1, {0}},
         "optout/leaf/v1\nlog\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[LEAF_BYTES];
        struct leaf leaf;
        assert_int_equal(leaf_format(&cases[i].leaf, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
        assert_int_equal(leaf_parse(span_of(text), &leaf, NULL), OK);
        assert_int_equal(leaf.kind, cases[i].leaf.kind);
        assert_int_equal(leaf.recorded_s, cases[i].leaf.recorded_s);
        assert_memory_equal(leaf.commitment, cases[i].leaf.commitment, SHA256_BYTES);
    }
}

static void other_leaves_are_refused(void **unused)
{
    (void)unused;
#define COMMITMENT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    static const struct {
        const char *text;
        size_t offset;
    } cases[] = {
        {"", 0},
        {"optout/leaf/v2\nrec\n1\n" COMMITMENT "\n", 0},
        {"optout/leaf/v1\r\nrec\n1\n" COMMITMENT "\n", 0},
        {"optout/leaf/v1\nout\n1\n" COMMITMENT "\n", 15},
        {"optout/leaf/v1\nrec\n01\n" COMMITMENT "\n", 19},
        {"optout/leaf/v1\nrec\n-1\n" COMMITMENT "\n", 19},
        {"optout/leaf/v1\nrec\n1\nAAAA\n", 21},
        {"optout/leaf/v1\nrec\n1\n" COMMITMENT, 21},
        {"optout/leaf/v1\nrec\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n", 21},
        {"optout/leaf/v1\nrec\n1\n" COMMITMENT "\n\n", 66},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct leaf leaf;
        struct refusal why = {0};
        assert_int_equal(leaf_parse(span_of(cases[i].text), &leaf, &why), REFUSED);
        assert_int_equal(why.offset, cases[i].offset);
    }
}

static void a_statement_reads_as_it_is_written(void **unused)
{
    (void)unused;
    struct statement s;
    struct buf text = BUF_INIT(1024);
    assert_int_equal(statement_parse(span_of(event_text), &s, NULL), OK);
    assert_int_equal(s.kind, EVENT_OUT);
    assert_true(span_eq(s.who, SPAN("jane@example.com")));
    assert_int_equal(s.recorded_us, INT64_C(1764000000999999));
    assert_int_equal(statement_format(&s, &text), OK);
    assert_true(span_eq(buf_span(&text), span_of(event_text)));
    buf_clear(&text);
    s.proven = true;
    s.source = SPAN("");
    assert_int_equal(statement_format(&s, &text), OK);
    assert_int_equal(statement_parse(buf_span(&text), &s, NULL), OK);
    assert_true(s.proven);
    buf_free(&text);
}

static void other_statements_are_refused(void **unused)
{
    (void)unused;
    static const char *const texts[] = {
        "",
        "optout/event/v1\n",
        "optout/event/v1\nOUT\nemail:acme/news\nj@example.com\n\n-\n1\n2\n1\n",
        "optout/event/v1\nout\nemail:Acme/news\nj@example.com\n\n-\n1\n2\n1\n",
        "optout/event/v1\nout\n*\nj@example.com\n\n-\n1\n2\n1\n",
        "optout/event/v1\nout\nemail:acme/news\n\n\n-\n1\n2\n1\n",
        "optout/event/v1\nout\nemail:acme/news\nj@example.com\n\n\n1\n2\n1\n",
        "optout/event/v1\nout\nemail:acme/news\nj@example.com\n\nabcd\n1\n2\n1\n",
        "optout/event/v1\nout\nemail:acme/news\nj@example.com\n\n-\n-1\n2\n1\n",
        "optout/event/v1\nout\nemail:acme/news\nj@example.com\n\n-\n1\n9223372036854775808\n1\n",
        "optout/event/v1\nout\nemail:acme/news\nj@example.com\n\n-\n1\n2\n01\n",
        "optout/event/v1\nout\nemail:acme/news\nj@example.com\n\n-\n1\n2\n1",
        "optout/event/v1\nout\nemail:acme/news\nj@example.com\n\n-\n1\n2\n1\n\n",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct statement s;
        if (statement_parse(span_of(texts[i]), &s, NULL) != REFUSED)
            fail_msg("%s was read", texts[i]);
    }
}

static void no_part_of_a_statement_runs_over_its_line(void **unused)
{
    (void)unused;
    struct statement s;
    struct buf text = BUF_INIT(1024);
    assert_int_equal(statement_parse(span_of(event_text), &s, NULL), OK);
    s.source = SPAN("cli\n-");
    assert_int_equal(statement_format(&s, &text), REFUSED);
    s.source = SPAN("cli");
    s.who = SPAN("jane@example.com\ncli");
    assert_int_equal(statement_format(&s, &text), REFUSED);
    s.who = SPAN("");
    assert_int_equal(statement_format(&s, &text), REFUSED);
    assert_int_equal(text.n, 0);
    buf_free(&text);
}

static void a_commitment_holds_for_its_statement_alone(void **unused)
{
    (void)unused;
    struct statement s, other;
    struct leaf leaf = {.kind = LEAF_RECORD, .recorded_s = 1764000000};
    uint8_t wrong[SALT_BYTES] = {0};
    commitment_make(salt, span_of(event_text), leaf.commitment);
    assert_int_equal(statement_parse(span_of(event_text), &s, NULL), OK);
    assert_int_equal(commitment_check(&leaf, salt, &s, NULL), OK);
    assert_int_equal(commitment_check(&leaf, wrong, &s, NULL), REFUSED);
    other = s;
    other.who = SPAN("joan@example.com");
    assert_int_equal(commitment_check(&leaf, salt, &other, NULL), REFUSED);
    other = s;
    other.kind = EVENT_IN;
    assert_int_equal(commitment_check(&leaf, salt, &other, NULL), REFUSED);
    leaf.recorded_s++;
    assert_int_equal(commitment_check(&leaf, salt, &s, NULL), REFUSED);
    leaf.recorded_s--;
    leaf.kind = LEAF_KEY;
    assert_int_equal(commitment_check(&leaf, salt, &s, NULL), REFUSED);
}

/* --- receipt codes ---------------------------------------------------------------------------- */

static void codes_read_in_any_dress(void **unused)
{
    (void)unused;
    char code[CODE_BYTES], dressed[2 * CODE_BYTES];
    uint8_t again[SALT_BYTES];
    size_t n = 0;
    code_format(salt, code);
    assert_string_equal(code, "aebagaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaad7q");
    for (size_t i = 0; i < CODE_CHARS; i++) {
        if (i % 4 == 0 && i > 0)
            dressed[n++] = i % 8 ? ' ' : '-';
        dressed[n++] = i % 3 || !ascii_is_alpha(code[i]) ? code[i] : (char)(code[i] - 32);
    }
    assert_int_equal(code_parse((struct span){dressed, n}, again, NULL), OK);
    assert_memory_equal(again, salt, SALT_BYTES);
}

static void every_bit_of_a_salt_is_in_its_code(void **unused)
{
    (void)unused;
    for (unsigned bit = 0; bit < 8 * SALT_BYTES; bit++) {
        char code[CODE_BYTES];
        uint8_t one[SALT_BYTES] = {0}, again[SALT_BYTES];
        one[bit / 8] = (uint8_t)(1u << bit % 8);
        code_format(one, code);
        assert_int_equal(code_parse(span_of(code), again, NULL), OK);
        assert_memory_equal(again, one, SALT_BYTES);
    }
}

static void other_codes_are_refused(void **unused)
{
    (void)unused;
#define CODE_51 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    static const struct {
        const char *text;
        size_t offset;
    } cases[] = {
        {"", 0},           {CODE_51, 51}, {CODE_51 "aa", 52}, {CODE_51 "b", 52},
        {CODE_51 "=", 51}, {"a1", 1},     {"a.b", 1},         {"0", 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t out[SALT_BYTES];
        struct refusal why = {0};
        assert_int_equal(code_parse(span_of(cases[i].text), out, &why), REFUSED);
        assert_int_equal(why.offset, cases[i].offset);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_has_one_spelling),
        cmocka_unit_test(base64_keeps_to_the_room_it_is_given),
        cmocka_unit_test(roots_of_rfc_6962),
        cmocka_unit_test(long_leaves_are_hashed_whole),
        cmocka_unit_test(every_inclusion_holds_and_no_change_does),
        cmocka_unit_test(a_path_ends_at_the_root),
        cmocka_unit_test(every_growth_holds_and_no_change_does),
        cmocka_unit_test(a_tree_is_consistent_with_itself_without_a_path),
        cmocka_unit_test(the_empty_tree_begins_every_tree),
        cmocka_unit_test(a_tree_does_not_shrink),
        cmocka_unit_test(a_store_that_fails_is_heard),
        cmocka_unit_test(proofs_hold_in_the_largest_tree),
        cmocka_unit_test(labelled_inclusion_proofs_come_out_as_labelled),
        cmocka_unit_test(labelled_consistency_proofs_come_out_as_labelled),
        cmocka_unit_test(a_frontier_has_the_root_at_every_size),
        cmocka_unit_test(a_leaf_tells_the_subtrees_that_it_ends),
        cmocka_unit_test(a_full_tree_takes_no_leaf),
        cmocka_unit_test(a_frontier_of_wrong_length_is_damaged),
        cmocka_unit_test(tile_paths_read_as_they_are_written),
        cmocka_unit_test(other_tile_paths_are_refused),
        cmocka_unit_test(tiles_of_a_tree_of_70000),
        cmocka_unit_test(tiles_are_enough_for_roots_and_proofs),
        cmocka_unit_test(bundles_give_back_their_entries),
        cmocka_unit_test(leaves_read_as_they_are_written),
        cmocka_unit_test(other_leaves_are_refused),
        cmocka_unit_test(a_statement_reads_as_it_is_written),
        cmocka_unit_test(other_statements_are_refused),
        cmocka_unit_test(no_part_of_a_statement_runs_over_its_line),
        cmocka_unit_test(a_commitment_holds_for_its_statement_alone),
        cmocka_unit_test(codes_read_in_any_dress),
        cmocka_unit_test(every_bit_of_a_salt_is_in_its_code),
        cmocka_unit_test(other_codes_are_refused),
    };
    return cmocka_run_group_tests(tests, plant, NULL);
}
