/* fuzz/fuzz_tcf.c: the one-pass answer about a vendor's bases, against the fields as they are told.
 * The first two bytes of the input are the vendor.
 */
#include "adapter/privacy/privacy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a reader of the fields would find out about the vendor. */
struct naive {
    uint32_t vendor, consents, interests;
    bool consented, interested;
};

static bool in_set(struct privacy_ids ids, uint32_t id)
{
    uint32_t first, last;
    bool found = false;
    while (privacy_ids_next(&ids, &first, &last))
        found |= id >= first && id <= last;
    return found;
}

static uint32_t purposes(const struct privacy_value *v)
{
    uint32_t out = 0;
    for (unsigned i = 0; i < v->count; i++)
        out |= (uint32_t)privacy_item(v, i) << i;
    return out;
}

static void look(void *context, const struct privacy_value *v)
{
    struct naive *n = context;
    struct span name = span_of(v->name);
    if (span_eq(name, SPAN("PurposeConsents")))
        n->consents = purposes(v);
    else if (span_eq(name, SPAN("PurposeLegitimateInterests")))
        n->interests = purposes(v);
    else if (span_eq(name, SPAN("VendorConsents")))
        n->consented = in_set(v->ids, n->vendor);
    else if (span_eq(name, SPAN("VendorLegitimateInterests")))
        n->interested = in_set(v->ids, n->vendor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct span text = {(const char *)data + 2, size - 2};
    struct naive n = {.vendor = (uint32_t)(data[0] << 8 | data[1])};
    struct privacy_wish wish = {.visit = look, .context = &n};
    struct privacy_decision d;
    struct tcf_bases bases;
    struct refusal why = {NULL, 0};
    enum status read = privacy_read(text, &wish, &d);
    enum status s = tcf_bases_read(text, n.vendor, &bases, &why);
    /* Whoever reads all of it is never less strict about its form. */
    if (read == OK && d.kind == PRIVACY_TCF)
        INVARIANT(s == OK);
    if (s != OK) {
        INVARIANT(why.what && why.offset <= text.n);
        INVARIANT(!bases.consent && !bases.interest);
        return 0;
    }
    INVARIANT(!bases.invalid || (!bases.consent && !bases.interest));
    INVARIANT(!(bases.consent & ~(n.consented ? n.consents : 0)));
    INVARIANT(!(bases.interest & ~(n.interested ? n.interests : 0)));
    return 0;
}
