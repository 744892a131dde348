/* test/unit/test_gpp.c: GPP strings as their readers see them: the header, the traps that encoders
 * left, and what is honoured of a broken string. The labelled cases are in
 * test/scenario/ads_decode.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "adapter/privacy/privacy.h"

static struct privacy_decision decide(const char *text)
{
    struct privacy_decision d;
    (void)privacy_read(span_of(text), NULL, &d);
    return d;
}

/* The value of a number field, or -1 when the string does not have it. */
struct search {
    const char *section, *name;
    int64_t number;
};

static void look(void *context, const struct privacy_value *v)
{
    struct search *s = context;
    if (strcmp(v->section, s->section) == 0 && strcmp(v->name, s->name) == 0)
        s->number = (int64_t)v->number;
}

static int64_t field(const char *text, const char *section, const char *name)
{
    struct privacy_decision d;
    struct search s = {section, name, -1};
    struct privacy_wish wish = {.visit = look, .context = &s};
    (void)privacy_read(span_of(text), &wish, &d);
    return s.number;
}

static void reads_headers_in_every_padding(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        unsigned n;
        uint16_t ids[3];
    } rows[] = {
        {"DBABM", 1, {2}},      {"DBABMA", 1, {2}},    {"DBABMA==", 1, {2}}, {"DBACNY", 2, {2, 6}},
        {"DBACNYA", 2, {2, 6}}, {"DBABjw", 2, {5, 6}}, {"DBAA", 0, {0}},     {"DBABLA", 1, {7}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct privacy_decision d = decide(rows[i].header);
        assert_int_equal(d.kind, PRIVACY_GPP);
        assert_int_equal(d.section_count, rows[i].n);
        assert_memory_equal(d.sections, rows[i].ids, rows[i].n * sizeof d.sections[0]);
    }
}

static void refuses_broken_headers(void **state)
{
    (void)state;
    static const struct {
        const char *text, *what;
    } rows[] = {
        {"D", "the header is cut short"},
        {"DB", "the header is cut short"},
        {"DBAB", "the header is cut short"},
        {"DCAA", "the version of the header is not 1"},
        {"DBA!", "not a base64url character"},
        {"DBABLA", "fewer sections than the header names"},
        {"DBAA~1YYN", "more sections than the header names"},
        {"DBAA_", "more follows the last section id"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct privacy_decision d = decide(rows[i].text);
        assert_non_null(d.fault.what);
        assert_string_equal(d.fault.what, rows[i].what);
        assert_true(d.fault.offset <= strlen(rows[i].text));
    }
}

/* One item that stands for very many ids. */
static void a_header_cannot_name_endless_sections(void **state)
{
    (void)state;
    assert_string_equal(decide("DBABgAAAD").fault.what, "the header is cut short");
    /* A group from 1, 2584 long: 1, 11, then 16 zeros and 11. */
    struct privacy_decision d = decide("DBAB4AAw");
    assert_true(d.section_count <= PRIVACY_SECTIONS_MAX);
    assert_string_equal(d.fault.what, "the header names too many sections");
}

static void tells_the_two_national_layouts_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool refused, gpc;
        int covered; /* what lies at different bits in the two layouts */
    } rows[] = {
        {"DBABL~BVQVAAAAAg", true, false, 0},      {"DBABL~BVQqAAAAAg", false, false, 0},
        {"DBABLA~BVQVAAAAAAGA.YA", true, true, 2}, {"DBABL~CAAAAAAAAA.Q", false, false, 0},
        {"DBABLA~CVQqAAAAAACA.YA", true, true, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct privacy_decision d = decide(rows[i].text);
        assert_null(d.fault.what);
        assert_int_equal(privacy_refuses_ads(&d), rows[i].refused);
        assert_int_equal(d.gpc, rows[i].gpc);
    }
    assert_int_equal(field(rows[2].text, "usnat", "MspaCoveredTransaction"), 2);
}

/* Maryland with SaleOptOut 1: as the library writes it, and under the header of the specification
 * (section 24, version 1, sub-section ids as its encoder could write them). */
static void reads_sections_of_2025_with_and_without_their_header(void **state)
{
    (void)state;
    static const char *const forms[] = {"DBABEYA~BQBA.QA", "DBABEYA~YBABMA.BQBA.QA",
                                        "DBABEYA~YBAA.BQBA"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct privacy_decision d = decide(forms[i]);
        assert_null(d.fault.what);
        assert_int_equal(d.said[RIGHT_SALE], SAID_REFUSED);
        assert_int_equal(field(forms[i], "usmd", "MspaVersion"), 1);
        assert_int_equal(field(forms[i], "usmd", "Gpc"), 0);
    }
}

static void a_header_without_its_core_is_broken(void **state)
{
    (void)state;
    assert_string_equal(decide("DBABEYA~YBAA").fault.what, "the core sub-section is missing");
}

static void a_lone_gpc_counts_and_its_missing_core_is_told(void **state)
{
    (void)state;
    struct privacy_decision d = decide("DBABLA~YA");
    assert_true(d.gpc);
    assert_int_equal(d.said[RIGHT_SALE], SAID_NOTHING);
    assert_string_equal(d.fault.what, "the core sub-section is missing");
    assert_string_equal(d.fault_in, "usnat");
}

static void honours_what_stands_in_front_of_a_fault(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum privacy_right right;
        const char *what;
        size_t offset;
    } rows[] = {
        {"DBABTA~1YYN~x", RIGHT_SALE, "more sections than the header names", 12},
        {"DBABRgA~bSFgmiU", RIGHT_TARGETED, "the version is unknown", 8},
        {"DBABLA~BVVV", RIGHT_SALE, "cut short", 11},
        {"DBABLA~BVVV*AAAAAA", RIGHT_SALE, "not a base64url character", 11},
        {"DBABLA~BVQVAAAAAg.AA", RIGHT_SALE, "an unknown sub-section", 18},
        {"DBABLA~BVQVAAAAAg.QA.YA", RIGHT_SALE, "a sub-section comes twice", 21},
        {"DBABTA~1YYX", RIGHT_SALE, "neither Y nor N nor -", 10},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct privacy_decision d = decide(rows[i].text);
        assert_int_equal(d.said[rows[i].right], SAID_REFUSED);
        assert_string_equal(d.fault.what, rows[i].what);
        assert_int_equal(d.fault.offset, rows[i].offset);
    }
}

static void an_undefined_choice_is_a_fault(void **state)
{
    (void)state;
    struct privacy_decision d = decide("DBABRg~BDwAABo");
    assert_string_equal(d.fault.what, "a choice has the undefined value 3");
}

static void the_strictest_of_the_sections_counts(void **state)
{
    (void)state;
    /* us_privacy 1YYN, and a national section that refuses nothing. */
    struct privacy_decision d = decide("DBACTM~1YYN~BVQqAAAAAg");
    assert_int_equal(d.section_count, 2);
    assert_int_equal(d.said[RIGHT_SALE], SAID_REFUSED);
    assert_int_equal(d.said[RIGHT_SHARING], SAID_NO_REFUSAL);
}

static void sections_that_do_not_apply_do_not_count(void **state)
{
    (void)state;
    struct privacy_decision d;
    struct privacy_wish wish = {.applies = 1u << 7};
    assert_int_equal(privacy_read(SPAN("DBABTA~1YYN"), &wish, &d), OK);
    assert_int_equal(d.said[RIGHT_SALE], SAID_NOTHING);
    assert_false(privacy_refuses_ads(&d));
    wish.applies = 1u << 6;
    assert_int_equal(privacy_read(SPAN("DBABTA~1YYN"), &wish, &d), OK);
    assert_int_equal(d.said[RIGHT_SALE], SAID_REFUSED);
}

static void sensitive_data_of_any_kind_refused_is_a_refusal(void **state)
{
    (void)state;
    struct privacy_decision d = decide("DBABBg~BSVWCBqA");
    assert_int_equal(d.said[RIGHT_SENSITIVE], SAID_REFUSED);
    d = decide("DBABRg~BFoAABo");
    assert_int_equal(d.said[RIGHT_SENSITIVE], SAID_NO_REFUSAL);
    d = decide("DBABEYA~BQBA.QA");
    assert_int_equal(d.said[RIGHT_SENSITIVE], SAID_NOTHING);
}

static void unknown_sections_are_told_and_the_others_count(void **state)
{
    (void)state;
    struct privacy_decision d = decide("DBACGA~x~1YYN");
    assert_non_null(d.fault.what);
    d = decide("DBABLY~BVQVAAAAAg");
    assert_int_equal(d.kind, PRIVACY_GPP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_headers_in_every_padding),
        cmocka_unit_test(refuses_broken_headers),
        cmocka_unit_test(a_header_cannot_name_endless_sections),
        cmocka_unit_test(tells_the_two_national_layouts_apart),
        cmocka_unit_test(reads_sections_of_2025_with_and_without_their_header),
        cmocka_unit_test(a_header_without_its_core_is_broken),
        cmocka_unit_test(a_lone_gpc_counts_and_its_missing_core_is_told),
        cmocka_unit_test(honours_what_stands_in_front_of_a_fault),
        cmocka_unit_test(an_undefined_choice_is_a_fault),
        cmocka_unit_test(the_strictest_of_the_sections_counts),
        cmocka_unit_test(sections_that_do_not_apply_do_not_count),
        cmocka_unit_test(sensitive_data_of_any_kind_refused_is_a_refusal),
        cmocka_unit_test(unknown_sections_are_told_and_the_others_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
