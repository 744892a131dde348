/* src/adapter/privacy/tcf.c: which legal basis has this vendor for which purposes? Answered from
 * the string as it stands; no vector of vendors is ever built.
 */
#include "adapter/privacy/read.h"

enum {
    /* Bits of the core. */
    POLICY_VERSION_AT = 132,
    SERVICE_SPECIFIC_AT = 138,
    PURPOSES_AT = 152,
    INTERESTS_AT = 176,
    VENDORS_AT = 213,
    POLICY_BITS = 6,

    POLICY_OLDEST_VALID = 4, /* TCF 2.2; older ones ended on 2023-09-30 */
    POLICY_DISCLOSURE = 5,   /* TCF 2.3: who is not disclosed has no basis */
    SEGMENT_BITS = 3,
    SEGMENT_DISCLOSED = 1
};

/* Bit p - 1 for purposes 1, 3, 4, 5 and 6, which need consent. */
static const uint32_t consent_only = 1u << 0 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5;

/* The TC string has the first purpose in its first bit. */
static uint32_t purposes_at(const struct privacy_bits *b, uint32_t at)
{
    uint32_t bits = (uint32_t)bits_at(b, at, TCF_PURPOSES), out = 0;
    for (unsigned p = 0; p < TCF_PURPOSES; p++)
        out |= (bits >> (TCF_PURPOSES - 1 - p) & 1) << p;
    return out;
}

/* One reading on behalf of one vendor. */
struct asking {
    uint32_t vendor;
    unsigned policy_version;
    bool service_specific, disclosed;
    struct tcf_bases bases;
};

/* Takes away what the publisher does not let this vendor have. */
static bool apply_restrictions(struct asking *a, struct privacy_bits *b)
{
    uint32_t count = (uint32_t)bits_take(b, COUNT_BITS);
    bool fine = !b->failed, ours = false;
    while (count-- && fine) {
        unsigned purpose = (unsigned)bits_take(b, PURPOSE_BITS);
        unsigned type = (unsigned)bits_take(b, RESTRICTION_BITS);
        fine = ids_scan_ranges(b, VENDOR_MAX, a->vendor, &ours);
        if (!ours || purpose < 1 || purpose > TCF_PURPOSES)
            continue;
        if (type != RESTRICTION_REQUIRE_CONSENT)
            a->bases.consent &= ~(1u << (purpose - 1));
        if (type != RESTRICTION_REQUIRE_INTEREST)
            a->bases.interest &= ~(1u << (purpose - 1));
    }
    return fine;
}

static bool read_vendors(struct asking *a, struct privacy_bits *b)
{
    bool consents = false, interests = false;
    if (!ids_scan(b, a->vendor, &consents) || !ids_scan(b, a->vendor, &interests))
        return false;
    if (!consents)
        a->bases.consent = 0;
    if (!interests)
        a->bases.interest = 0;
    return apply_restrictions(a, b);
}

static enum status read_core(struct asking *a, struct span text, struct refusal *why)
{
    struct privacy_bits b;
    bool clean = bits_open(&b, text);
    if (text.n == 0 || text.p[0] != 'C')
        return refuse(why, "the version is not 2", 0);
    if (!clean)
        return refuse(why, "not a base64url character", b.end / SEXTET_BITS);
    if (!bits_skip(&b, VENDORS_AT))
        return refuse(why, "cut short", text.n);
    a->policy_version = (unsigned)bits_at(&b, POLICY_VERSION_AT, POLICY_BITS);
    a->service_specific = bits_at(&b, SERVICE_SPECIFIC_AT, 1);
    a->bases.consent = purposes_at(&b, PURPOSES_AT);
    a->bases.interest = purposes_at(&b, INTERESTS_AT) & ~consent_only;
    if (read_vendors(a, &b))
        return OK;
    return refuse(why, b.failed ? "cut short" : "a range of ids makes no sense",
                  b.at / SEXTET_BITS);
}

/* The disclosed vendors; the other segments say nothing about vendors that is still in force. */
static bool read_segment(struct asking *a, struct span text)
{
    struct privacy_bits b;
    bool clean = bits_open(&b, text), disclosed = false;
    if (bits_take(&b, SEGMENT_BITS) != SEGMENT_DISCLOSED)
        return clean && !b.failed;
    bool fine = ids_scan(&b, a->vendor, &disclosed);
    a->disclosed |= disclosed;
    return clean && fine;
}

static const char *why_invalid(const struct asking *a)
{
    if (!a->service_specific)
        return "it is not service-specific";
    return a->policy_version < POLICY_OLDEST_VALID ? "its policy version is no longer valid" : NULL;
}

static enum status read_segments(struct asking *a, struct span text, struct refusal *why)
{
    struct span rest = text, piece = text;
    if (text.n > PRIVACY_TEXT_MAX)
        return refuse(why, "the string is too long", PRIVACY_TEXT_MAX);
    if (text.n)
        (void)read_piece(&rest, '.', &piece);
    enum status s = read_core(a, piece, why);
    while (s == OK && text.n && read_piece(&rest, '.', &piece))
        if (!read_segment(a, piece))
            s = refuse(why, "a segment cannot be read", (size_t)(piece.p - text.p));
    return s;
}

enum status tcf_bases_read(struct span text, uint32_t vendor, struct tcf_bases *out,
                           struct refusal *why)
{
    struct asking a = {.vendor = vendor};
    *out = (struct tcf_bases){0};
    enum status s = read_segments(&a, text, why);
    if (s != OK)
        return s;
    out->invalid = why_invalid(&a);
    bool undisclosed = a.policy_version >= POLICY_DISCLOSURE && !a.disclosed;
    if (!out->invalid && !undisclosed)
        *out = a.bases;
    return OK;
}
