/* src/address/id.c: the keyed ids, by which ledger and lookup know somebody.
 *
 * Bytes on disk are little-endian on every machine.
 */
#include "address/address.h"

static void store_le(uint64_t value, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t load_le(const uint8_t *in, size_t n)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++)
        value |= (uint64_t)in[i] << (8 * i);
    return value;
}

void id_store(struct id id, uint8_t out[ID_BYTES])
{
    store_le(id.a, sizeof id.a, out);
    store_le(id.b, sizeof id.b, out + sizeof id.a);
}

struct id id_load(const uint8_t in[ID_BYTES])
{
    return (struct id){load_le(in, sizeof(uint64_t)),
                       (uint32_t)load_le(in + sizeof(uint64_t), sizeof(uint32_t))};
}

/* The labels are part of what is on disk: another label makes other ids. */
void id_key_derive(const struct secret *master, struct id_key *out)
{
    static const char *const labels[HASH_NAMES] = {
        [HASH_SHA256] = "optout id sha256",
        [HASH_MD5] = "optout id md5",
        [HASH_SHA1] = "optout id sha1",
        [HASH_SHA512] = "optout id sha512",
    };
    for (size_t i = 0; i < HASH_NAMES; i++) {
        struct secret derived = secret_derive(master, labels[i]);
        out->family[i].k0 = load_le(derived.bytes, 8);
        out->family[i].k1 = load_le(derived.bytes + 8, 8);
        secret_wipe(&derived, sizeof derived);
    }
}

struct id id_of_digest(const struct id_key *key, enum hash_name family, const uint8_t *digest)
{
    struct siphash_out h = siphash128(key->family[family], digest, hash_bytes(family));
    struct id id = {h.lo, (uint32_t)h.hi};
    if (id.a == 0 && id.b == 0)
        id.a = 1; /* all zero is nobody */
    return id;
}

/* Appends an id unless it is there; forms that share a text share their ids. */
static size_t add(struct id *ids, size_t n, struct id id)
{
    for (size_t i = 0; i < n; i++)
        if (id_equal(ids[i], id))
            return n;
    ids[n] = id;
    return n + 1;
}

static size_t add_family(const struct id_key *key, const struct address *forms, size_t count,
                         enum hash_name family, struct id *ids, size_t n)
{
    uint8_t digest[HASH_BYTES_MAX];
    for (size_t i = 0; i < count; i++) {
        hash_digest(family, address_span(&forms[i]), digest);
        n = add(ids, n, id_of_digest(key, family, digest));
    }
    return n;
}

size_t address_ids(const struct id_key *key, const struct address *a, family_set families,
                   struct id ids[ADDRESS_IDS_MAX])
{
    if (a->kind == ADDRESS_DIGEST) {
        ids[0] = id_of_digest(key, a->family, a->digest);
        return 1;
    }
    struct address several[ADDRESS_FORMS_MAX];
    const struct address *forms = a;
    size_t count = 1, n = 0;
    /* Only phones have equivalents; all others are spared the copy. */
    if (a->kind == ADDRESS_PHONE) {
        count = address_forms(a, several);
        forms = several;
    }
    _Static_assert(HASH_SHA256 == 0, "our own family comes first");
    for (unsigned family = HASH_SHA256; family < HASH_NAMES; family++)
        if (family == HASH_SHA256 || (families & FAMILY_BIT(family)))
            n = add_family(key, forms, count, (enum hash_name)family, ids, n);
    return n;
}
