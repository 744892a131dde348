/* fuzz/fuzz_gpp.c: privacy strings of every kind. The decision does not depend on whether somebody
 * looks on, what is told lies inside the string, and a longer string never takes back a refusal of
 * a section that stood in front.
 */
#include "adapter/privacy/privacy.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct looking {
    struct span text;
    uint64_t fields;
};

static void check_ids(struct privacy_ids ids)
{
    uint32_t first, last;
    while (privacy_ids_next(&ids, &first, &last))
        INVARIANT(first >= 1 && first <= last && last <= VENDOR_MAX);
    INVARIANT(!ids.failed); /* what is wrong with a set was found before it was told */
}

static void check_restrictions(struct privacy_restrictions all)
{
    struct privacy_restriction one;
    while (privacy_restrictions_next(&all, &one)) {
        INVARIANT(one.purpose < 64 && one.type < 4);
        check_ids(one.vendors);
    }
    INVARIANT(all.left == 0);
}

static void look(void *context, const struct privacy_value *v)
{
    struct looking *l = context;
    l->fields++;
    INVARIANT(v->section && v->name);
    if (v->type == PRIVACY_CHOICES || v->type == PRIVACY_FLAGS)
        for (unsigned i = 0; i < v->count; i++)
            INVARIANT(privacy_item(v, i) < (v->type == PRIVACY_CHOICES ? 4u : 2u));
    else if (v->type == PRIVACY_IDS)
        check_ids(v->ids);
    else if (v->type == PRIVACY_RESTRICTIONS)
        check_restrictions(v->restrictions);
    else if (v->type == PRIVACY_TEXT)
        INVARIANT(v->text.p >= l->text.p && v->text.p < l->text.p + l->text.n);
}

static void check_same(const struct privacy_decision *a, const struct privacy_decision *b)
{
    INVARIANT(a->kind == b->kind && a->gpc == b->gpc);
    INVARIANT(memcmp(a->said, b->said, sizeof a->said) == 0);
    INVARIANT(a->section_count == b->section_count && a->section_count <= PRIVACY_SECTIONS_MAX);
    INVARIANT(a->fault.what == b->fault.what && a->fault.offset == b->fault.offset);
}

/* One more section than the header names is a fault, and changes nothing that was said. */
static void check_longer(struct span text, const struct privacy_decision *d)
{
    struct buf longer = BUF_INIT(PRIVACY_TEXT_MAX);
    struct privacy_decision more;
    if (d->kind == PRIVACY_GPP && buf_add_span(&longer, text) == OK &&
        buf_add_text(&longer, "~1NNN") == OK) {
        (void)privacy_read(buf_span(&longer), NULL, &more);
        INVARIANT(d->fault.what || more.fault.what);
        INVARIANT(!privacy_refuses_ads(d) || privacy_refuses_ads(&more));
    }
    buf_free(&longer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct looking l = {{(const char *)data, size}, 0};
    struct privacy_wish wish = {.visit = look, .context = &l};
    struct privacy_decision alone, seen;
    enum status s = privacy_read(l.text, NULL, &alone);
    INVARIANT(privacy_read(l.text, &wish, &seen) == s);
    check_same(&alone, &seen);
    INVARIANT((s == REFUSED) == (alone.fault.what != NULL));
    INVARIANT(alone.fault.offset <= size);
    if (s == OK && alone.section_count)
        INVARIANT(l.fields > 0);
    check_longer(l.text, &alone);
    return 0;
}
