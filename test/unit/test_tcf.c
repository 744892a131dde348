/* test/unit/test_tcf.c: who has a legal basis by a TC string. The strings are put together bit by
 * bit here, so that each case shows what it is about. Decoding of whole strings is in
 * test/scenario/ads_decode.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "adapter/privacy/privacy.h"

enum { TEXT_MAX = 512, VENDOR = 9, ALL_PURPOSES = (1 << TCF_PURPOSES) - 1 };

/* A string under construction: bits, put out as base64url. */
struct maker {
    char text[TEXT_MAX];
    size_t n;
    unsigned pending, bits;
};

static void put(struct maker *m, uint64_t value, unsigned width)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    while (width--) {
        m->pending = m->pending << 1 | (value >> width & 1);
        if (++m->bits == 6) {
            m->text[m->n++] = alphabet[m->pending & 63];
            m->bits = 0;
        }
    }
}

static void pad(struct maker *m)
{
    while (m->bits)
        put(m, 0, 1);
}

struct core {
    unsigned policy;
    bool service_specific;
    uint32_t consents, interests; /* the first purpose in the highest of 24 bits */
};

static const struct core everything = {4, true, ALL_PURPOSES, ALL_PURPOSES};

/* Everything in front of the vendors: 213 bits. */
static void put_core(struct maker *m, const struct core *c)
{
    put(m, 2, 6);
    put(m, 0, 63);
    put(m, 0, 63);
    put(m, c->policy, 6);
    put(m, c->service_specific, 1);
    put(m, 0, 13);
    put(m, c->consents, 24);
    put(m, c->interests, 24);
    put(m, 0, 13);
}

/* A bit field of vendors 1 to 16. */
static void put_bitfield(struct maker *m, unsigned field)
{
    put(m, 16, 16);
    put(m, 0, 1);
    put(m, field, 16);
}

static void put_range(struct maker *m, unsigned max, unsigned first, unsigned last)
{
    put(m, max, 16);
    put(m, 1, 1);
    put(m, 1, 12);
    put(m, 1, 1);
    put(m, first, 16);
    put(m, last, 16);
}

static void put_restriction(struct maker *m, unsigned purpose, unsigned type, unsigned vendor)
{
    put(m, 1, 12);
    put(m, purpose, 6);
    put(m, type, 2);
    put(m, 1, 12);
    put(m, 0, 1);
    put(m, vendor, 16);
}

enum { VENDOR_BIT = 1 << (16 - VENDOR) };

static struct tcf_bases ask(struct maker *m)
{
    struct tcf_bases bases;
    struct refusal why = {NULL, 0};
    pad(m);
    assert_int_equal(tcf_bases_read((struct span){m->text, m->n}, VENDOR, &bases, &why), OK);
    return bases;
}

static bool has(uint32_t purposes, unsigned purpose)
{
    return purposes >> (purpose - 1) & 1;
}

static void consent_needs_the_purpose_and_the_vendor(void **state)
{
    (void)state;
    struct maker m = {.n = 0};
    struct core c = everything;
    c.consents = 1u << 23; /* purpose 1 alone */
    put_core(&m, &c);
    put_bitfield(&m, VENDOR_BIT);
    put_bitfield(&m, 0);
    put(&m, 0, 12);
    struct tcf_bases bases = ask(&m);
    assert_int_equal(bases.consent, 1);
    assert_int_equal(bases.interest, 0); /* the vendor's bit is clear: objected to */
}

static void a_vendor_beside_the_range_has_nothing(void **state)
{
    (void)state;
    struct maker m = {.n = 0};
    put_core(&m, &everything);
    put_range(&m, 40, VENDOR + 1, 40);
    put_range(&m, 40, 1, VENDOR);
    put(&m, 0, 12);
    struct tcf_bases bases = ask(&m);
    assert_int_equal(bases.consent, 0);
    assert_true(has(bases.interest, 7));
}

static void interest_is_never_a_basis_for_what_needs_consent(void **state)
{
    (void)state;
    struct maker m = {.n = 0};
    put_core(&m, &everything);
    put_bitfield(&m, 0);
    put_bitfield(&m, VENDOR_BIT);
    put(&m, 0, 12);
    struct tcf_bases bases = ask(&m);
    for (unsigned p = 1; p <= 11; p++)
        assert_int_equal(has(bases.interest, p), p == 2 || p > 6);
}

static void a_restriction_beats_both_bits(void **state)
{
    (void)state;
    static const struct {
        unsigned type, vendor;
        bool consent, interest;
    } rows[] = {
        {RESTRICTION_NOT_ALLOWED, VENDOR, false, false},
        {RESTRICTION_REQUIRE_CONSENT, VENDOR, true, false},
        {RESTRICTION_REQUIRE_INTEREST, VENDOR, false, true},
        {3, VENDOR, false, false}, /* undefined: to the person's side */
        {RESTRICTION_NOT_ALLOWED, VENDOR + 1, true, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct maker m = {.n = 0};
        put_core(&m, &everything);
        put_bitfield(&m, VENDOR_BIT);
        put_bitfield(&m, VENDOR_BIT);
        put_restriction(&m, 7, rows[i].type, rows[i].vendor);
        struct tcf_bases bases = ask(&m);
        assert_int_equal(has(bases.consent, 7), rows[i].consent);
        assert_int_equal(has(bases.interest, 7), rows[i].interest);
        assert_true(has(bases.consent, 2) && has(bases.interest, 2));
    }
}

static void global_scope_and_old_policies_give_nobody_a_basis(void **state)
{
    (void)state;
    static const struct core rows[] = {{4, false, ALL_PURPOSES, ALL_PURPOSES},
                                       {3, true, ALL_PURPOSES, ALL_PURPOSES}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct maker m = {.n = 0};
        put_core(&m, &rows[i]);
        put_bitfield(&m, VENDOR_BIT);
        put_bitfield(&m, VENDOR_BIT);
        put(&m, 0, 12);
        struct tcf_bases bases = ask(&m);
        assert_non_null(bases.invalid);
        assert_int_equal(bases.consent | bases.interest, 0);
    }
}

static void from_policy_5_on_a_vendor_must_be_disclosed(void **state)
{
    (void)state;
    for (int disclosed = -1; disclosed <= 1; disclosed++) {
        struct maker m = {.n = 0};
        struct core c = everything;
        c.policy = 5;
        put_core(&m, &c);
        put_bitfield(&m, VENDOR_BIT);
        put_bitfield(&m, VENDOR_BIT);
        put(&m, 0, 12);
        pad(&m);
        if (disclosed >= 0) { /* -1: without the segment */
            m.text[m.n++] = '.';
            put(&m, 1, 3);
            put_bitfield(&m, disclosed ? VENDOR_BIT : VENDOR_BIT << 1);
        }
        struct tcf_bases bases = ask(&m);
        assert_int_equal(bases.consent != 0, disclosed == 1);
        assert_null(bases.invalid);
    }
}

static void an_old_string_of_the_wild_gives_no_basis(void **state)
{
    (void)state;
    struct tcf_bases bases;
    assert_int_equal(
        tcf_bases_read(SPAN("CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA"), VENDOR, &bases, NULL),
        OK);
    assert_non_null(bases.invalid);
}

static void a_broken_string_gives_no_basis_and_says_where(void **state)
{
    (void)state;
    static const struct {
        const char *text, *what;
    } rows[] = {
        {"", "the version is not 2"},
        {"BOEFEAyOEFEAyAHABDENAI4AAAB9vABAASA", "the version is not 2"},
        {"CPXxRf", "cut short"},
        {"CPXxRfAPXxRf AAfKABENB", "not a base64url character"},
        {"CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA.I", "a segment cannot be read"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tcf_bases bases;
        struct refusal why = {NULL, 0};
        assert_int_equal(tcf_bases_read(span_of(rows[i].text), VENDOR, &bases, &why), REFUSED);
        assert_string_equal(why.what, rows[i].what);
        assert_int_equal(bases.consent | bases.interest, 0);
    }
}

static void ranges_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const unsigned rows[][3] = {
        {40, 0, 5}, /* there is no vendor 0 */
        {40, 9, 8}, /* ends before it starts */
        {40, 9, 41} /* over the greatest id declared */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct maker m = {.n = 0};
        struct tcf_bases bases;
        struct privacy_decision d;
        struct refusal why = {NULL, 0};
        put_core(&m, &everything);
        put_range(&m, rows[i][0], rows[i][1], rows[i][2]);
        put_bitfield(&m, 0);
        put(&m, 0, 12);
        pad(&m);
        struct span text = {m.text, m.n};
        assert_int_equal(tcf_bases_read(text, VENDOR, &bases, &why), REFUSED);
        assert_string_equal(why.what, "a range of ids makes no sense");
        assert_int_equal(privacy_read(text, NULL, &d), REFUSED);
        assert_string_equal(d.fault.what, "a range of ids makes no sense");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(consent_needs_the_purpose_and_the_vendor),
        cmocka_unit_test(a_vendor_beside_the_range_has_nothing),
        cmocka_unit_test(interest_is_never_a_basis_for_what_needs_consent),
        cmocka_unit_test(a_restriction_beats_both_bits),
        cmocka_unit_test(global_scope_and_old_policies_give_nobody_a_basis),
        cmocka_unit_test(from_policy_5_on_a_vendor_must_be_disclosed),
        cmocka_unit_test(an_old_string_of_the_wild_gives_no_basis),
        cmocka_unit_test(a_broken_string_gives_no_basis_and_says_where),
        cmocka_unit_test(ranges_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
