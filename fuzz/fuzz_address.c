/* fuzz/fuzz_address.c: address_parse over any bytes, with and without a country.
 *
 * What is read, printed and read again is the same address; its ids are distinct and somebody's;
 * each of its forms has its ids. What is refused has a reason and a place within the input.
 */
#include "address/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void reads_back(const struct address *a)
{
    char text[ADDRESS_TEXT_MAX + 8];
    struct address again;
    struct refusal why;
    address_print(a, text);
    INVARIANT(address_parse(span_of(text), NULL, &again, &why) == OK);
    INVARIANT(again.kind == a->kind && span_eq(address_span(&again), address_span(a)));
    if (a->kind == ADDRESS_DIGEST)
        INVARIANT(again.family == a->family &&
                  memcmp(again.digest, a->digest, hash_bytes(a->family)) == 0);
}

static bool holds(const struct id *ids, size_t n, struct id id)
{
    for (size_t i = 0; i < n; i++)
        if (id_equal(ids[i], id))
            return true;
    return false;
}

static void has_ids(const struct address *a)
{
    static const struct id_key key = {{{1, 2}, {3, 4}, {5, 6}, {7, 8}}};
    struct id ids[ADDRESS_IDS_MAX], theirs[ADDRESS_IDS_MAX];
    size_t n = address_ids(&key, a, ~0u, ids);
    INVARIANT(n >= 1 && n <= ADDRESS_IDS_MAX);
    for (size_t i = 0; i < n; i++)
        INVARIANT(!holds(ids, i, ids[i]) && !id_equal(ids[i], (struct id){0}));
    struct address forms[ADDRESS_FORMS_MAX];
    size_t count = address_forms(a, forms);
    INVARIANT(count >= 1 && count <= ADDRESS_FORMS_MAX);
    for (size_t i = 0; i < count; i++) {
        INVARIANT(address_ids(&key, &forms[i], ~0u, theirs) == n);
        INVARIANT(holds(theirs, n, ids[0]) && holds(ids, n, theirs[0]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct address_options options[] = {{""}, {"US"}, {"DE"}, {"MX"}, {"BR"}};
    struct span in = {(const char *)data, size};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        struct address a;
        struct refusal why = {0};
        if (address_parse(in, &options[i], &a, &why) != OK) {
            INVARIANT(why.what && why.offset <= size);
            continue;
        }
        INVARIANT(a.bytes == strlen(a.text) && a.bytes <= ADDRESS_TEXT_MAX);
        reads_back(&a);
        has_ids(&a);
    }
    return 0;
}
