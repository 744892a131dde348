#include "authority/inside.h"

static size_t add_id(struct id *ids, size_t n, struct id id)
{
    for (size_t i = 0; i < n; i++)
        if (id_equal(ids[i], id))
            return n;
    ids[n] = id;
    return n + 1;
}

/* Ids that only the address itself can tell: those of its digests in other families. */
static enum status add_derived(const struct authority *a, const struct ledger_event *e,
                               family_set families, struct id *ids, size_t *n, struct problem *why)
{
    struct buf text = BUF_INIT(ADDRESS_TEXT_MAX + 8);
    struct address who;
    struct id derived[ADDRESS_IDS_MAX];
    enum status s = open_who(a, e, &text);
    if (s == OK && address_parse(buf_span(&text), NULL, &who, NULL) != OK)
        s = DAMAGED;
    if (s == OK) {
        size_t count = address_ids(&a->ids, &who, families, derived);
        for (size_t i = 0; i < count; i++)
            *n = add_id(ids, *n, derived[i]);
    }
    buf_free(&text);
    if (s == NOT_FOUND) /* nothing is kept; then its ids are */
        return OK;
    return s == OK ? OK
                   : problem_set(why, s, "the address of event %llu cannot be opened",
                                 (unsigned long long)e->seq);
}

enum status ids_of_stored(const struct authority *a, const struct ledger_event *e,
                          family_set families, struct id ids[LEDGER_ALIASES_MAX + 1], size_t *n,
                          struct problem *why)
{
    *n = add_id(ids, 0, e->id);
    for (size_t at = 0; at < e->aliases.n; at += ID_BYTES)
        *n = add_id(ids, *n, id_load((const uint8_t *)e->aliases.p + at));
    /* Equivalent forms are always kept as aliases, so only families need the address. */
    if ((families & ~FAMILY_BIT(HASH_SHA256)) == 0 || e->aliases.n >= ID_BYTES * (HASH_NAMES - 1))
        return OK;
    return add_derived(a, e, families, ids, n, why);
}

bool was_told_in_clear(const struct authority *a, const struct ledger_event *e)
{
    struct buf text = BUF_INIT(ADDRESS_TEXT_MAX + 8);
    struct address who;
    if (e->aliases.n >= ID_BYTES * (HASH_NAMES - 1))
        return true; /* the ids of all families, which no digest could give */
    bool clear = open_who(a, e, &text) == OK &&
                 address_parse(buf_span(&text), NULL, &who, NULL) == OK &&
                 who.kind != ADDRESS_DIGEST;
    buf_free(&text);
    return clear;
}

bool stored_names(const struct authority *a, const struct ledger_event *e, family_set families,
                  struct id id)
{
    struct id ids[LEDGER_ALIASES_MAX + 1];
    size_t n;
    if (ids_of_stored(a, e, families, ids, &n, NULL) != OK)
        return false;
    for (size_t i = 0; i < n; i++)
        if (id_equal(ids[i], id))
            return true;
    return false;
}

bool effect_of_stored(const struct ledger_event *stored, enum effect *out)
{
    struct event e = {.kind = stored->kind,
                      .own_act = stored->proven,
                      .proof = stored->proven ? SPAN("given") : (struct span){0}};
    return effect_of_event(&e, out);
}

struct lookup_change change_of_event(const struct event *e, struct id id, uint64_t seq)
{
    struct lookup_change c = {.id = id, .scope = &e->scope, .seq = seq};
    c.no_effect = !effect_of_event(e, &c.effect);
    return c;
}
