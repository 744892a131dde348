/* test/unit/test_law.c: which clauses are told for a place, a channel and a day. */
#include "base/clock.h"
#include "law/law.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { FOUND_MAX = 64 };

static int64_t at(const char *time)
{
    int64_t us;
    assert_int_equal(rfc3339_parse(span_of(time), &us, NULL), OK);
    return us;
}

/* The ids of the applicable clauses, a blank after each. */
static const char *applicable(enum channel channel, const char *country, const char *time)
{
    static char text[4096];
    const struct law_clause *found[FOUND_MAX];
    size_t n = law_applicable(channel, country, at(time), found, FOUND_MAX);
    assert_true(n <= FOUND_MAX);
    text[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        strcat(text, found[i]->id);
        strcat(text, " ");
    }
    return text;
}

static bool applies(const char *id, enum channel channel, const char *country, const char *time)
{
    const struct law_clause *found[FOUND_MAX];
    size_t n = law_applicable(channel, country, at(time), found, FOUND_MAX);
    for (size_t i = 0; i < n; i++)
        if (strcmp(found[i]->id, id) == 0)
            return true;
    return false;
}

static void the_whole_table_is_there(void **state)
{
    (void)state;
    assert_int_equal(law_clause_count(), 51);
    for (size_t i = 0; i < law_clause_count(); i++) {
        const struct law_clause *c = law_clause_at(i);
        assert_ptr_equal(law_clause_find(span_of(c->id)), c);
        assert_true(c->channels != 0 && c->channels < 1u << CHANNEL_COUNT);
        assert_false(c->channels & 1u << CHANNEL_ANY);
        assert_true(*c->jurisdiction && *c->cite && c->deadline);
        assert_non_null(strchr("HML", c->confidence[0]));
        assert_true(c->from_us < c->until_us);
    }
}

static void a_clause_has_what_its_row_says(void **state)
{
    (void)state;
    const struct law_clause *c = law_clause_find(SPAN("us-fl-text"));
    assert_string_equal(c->jurisdiction, "US-FL");
    assert_int_equal(c->channels, 1u << CHANNEL_SMS);
    assert_string_equal(c->deadline, "15 cd after STOP");
    assert_string_equal(c->confidence, "H");
    assert_int_equal(c->from_us, at("2023-05-25"));
    assert_int_equal(c->until_us, INT64_MAX);
    assert_int_equal(law_clause_find(SPAN("us-prerec-voice"))->channels, 1u << CHANNEL_VOICE);
    assert_string_equal(law_clause_find(SPAN("us-tx-text"))->deadline, "");
}

static void unknown_ids_are_not_found(void **state)
{
    (void)state;
    assert_null(law_clause_find(SPAN("us-canspam")));
    assert_null(law_clause_find(SPAN("us-canspam-email-too")));
    assert_null(law_clause_find(SPAN("US-CANSPAM-EMAIL")));
    assert_null(law_clause_find(SPAN("")));
}

static void dates_of_the_table_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *id, *from;
    } cases[] = {
        {"us-canspam-email", "2004-01-01"}, {"in-tcccpr", "2025-03-01"},
        {"us-mscm-wireless", "2005-01-01"}, {"de-uwg7", "1970-01-01"},
        {"us-states-uoom", "1970-01-01"},   {"in-dpdp", "2027-05-14"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(law_clause_find(span_of(cases[i].id))->from_us, at(cases[i].from));
}

static void a_country_has_its_own_clauses(void **state)
{
    (void)state;
    assert_string_equal(applicable(CHANNEL_EMAIL, "US", "2026-11-23"),
                        "us-canspam-email us-mscm-wireless ");
    assert_string_equal(applicable(CHANNEL_SMS, "US", "2026-11-23"),
                        "us-tcpa-text-mktg us-dnc-internal us-dnc-national ");
    assert_string_equal(applicable(CHANNEL_SMS, "CA", "2026-11-23"), "ca-casl-cem ");
    assert_string_equal(applicable(CHANNEL_VOICE, "GB", "2026-11-23"), "gb-pecr-call ");
    assert_string_equal(applicable(CHANNEL_EMAIL, "AU", "2026-11-23"), "au-spam ");
}

static void union_rules_count_in_its_member_states(void **state)
{
    (void)state;
    assert_string_equal(applicable(CHANNEL_EMAIL, "DE", "2026-11-23"),
                        "eu-epd-email eu-gdpr-withdraw eu-gdpr-object de-uwg7 ");
    assert_string_equal(applicable(CHANNEL_POST, "EU", "2026-11-23"),
                        "eu-gdpr-withdraw eu-gdpr-object ");
    static const char *const states[] = {
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
        "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "IS", "LI", "NO"};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        assert_true(applies("eu-gdpr-object", CHANNEL_EMAIL, states[i], "2026-11-23"));
    static const char *const others[] = {"GB", "CH", "US", "TR", "UA", "EL", "T ", " A", "E"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(applies("eu-gdpr-object", CHANNEL_EMAIL, others[i], "2026-11-23"));
}

static void a_state_has_its_own_and_its_countrys(void **state)
{
    (void)state;
    assert_string_equal(applicable(CHANNEL_SMS, "US-VA", "2026-11-23"),
                        "us-tcpa-text-mktg us-dnc-internal us-dnc-national us-va-text ");
    assert_string_equal(applicable(CHANNEL_ADS, "US-CO", "2026-11-23"), "us-states-uoom ");
    assert_string_equal(applicable(CHANNEL_ADS, "US-CA", "2026-11-23"),
                        "us-ca-ccpa-sale us-ca-drop us-states-uoom ");
    assert_string_equal(applicable(CHANNEL_ADS, "US", "2026-11-23"), "");
    assert_string_equal(applicable(CHANNEL_ADS, "US-WA", "2026-11-23"), "");
    assert_string_equal(applicable(CHANNEL_ADS, "US-", "2026-11-23"), "");
    assert_string_equal(applicable(CHANNEL_ADS, "US-C", "2026-11-23"), "");
    assert_string_equal(applicable(CHANNEL_ADS, "US-CA,CO", "2026-11-23"), "");
}

static void no_country_has_no_clauses(void **state)
{
    (void)state;
    assert_string_equal(applicable(CHANNEL_ANY, "", "2026-11-23"), "");
    assert_string_equal(applicable(CHANNEL_ANY, "ZZ", "2026-11-23"), "");
    assert_string_equal(applicable(CHANNEL_ANY, "us", "2026-11-23"), "");
    assert_string_equal(applicable(CHANNEL_ANY, "-", "2026-11-23"), "");
}

static void rules_of_a_provider_are_of_no_place(void **state)
{
    (void)state;
    assert_non_null(law_clause_find(SPAN("mbp-gmail")));
    assert_false(applies("us-carrier-ctia", CHANNEL_SMS, "US", "2026-11-23"));
    assert_string_equal(applicable(CHANNEL_ANY, "MBP:gmail", "2026-11-23"), "");
    assert_string_equal(applicable(CHANNEL_ANY, "US carriers", "2026-11-23"), "");
    assert_string_equal(applicable(CHANNEL_ANY, "any w/ UOOM", "2026-11-23"), "");
}

static void any_channel_is_all_of_them(void **state)
{
    (void)state;
    assert_string_equal(applicable(CHANNEL_ANY, "CA", "2026-11-23"), "ca-casl-cem ca-dncl-voice ");
    assert_string_equal(applicable(CHANNEL_PUSH, "CA", "2026-11-23"), "");
}

static void a_clause_counts_from_its_first_day(void **state)
{
    (void)state;
    assert_false(applies("fr-voice", CHANNEL_VOICE, "FR", "2026-08-10T23:59:59.999999Z"));
    assert_true(applies("fr-voice", CHANNEL_VOICE, "FR", "2026-08-11T00:00:00Z"));
    assert_false(applies("in-dpdp", CHANNEL_EMAIL, "IN", "2026-11-23"));
    assert_true(applies("in-dpdp", CHANNEL_EMAIL, "IN", "2027-05-14"));
    assert_true(applies("de-uwg7", CHANNEL_EMAIL, "DE", "1970-01-01"));
}

static void more_than_fits_is_counted_not_written(void **state)
{
    (void)state;
    const struct law_clause *found[3] = {NULL};
    assert_int_equal(law_applicable(CHANNEL_EMAIL, "DE", at("2026-11-23"), found, 2), 4);
    assert_string_equal(found[0]->id, "eu-epd-email");
    assert_string_equal(found[1]->id, "eu-gdpr-withdraw");
    assert_null(found[2]);
    assert_int_equal(law_applicable(CHANNEL_EMAIL, "DE", at("2026-11-23"), NULL, 0), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_table_is_there),
        cmocka_unit_test(a_clause_has_what_its_row_says),
        cmocka_unit_test(unknown_ids_are_not_found),
        cmocka_unit_test(dates_of_the_table_are_read),
        cmocka_unit_test(a_country_has_its_own_clauses),
        cmocka_unit_test(union_rules_count_in_its_member_states),
        cmocka_unit_test(a_state_has_its_own_and_its_countrys),
        cmocka_unit_test(no_country_has_no_clauses),
        cmocka_unit_test(rules_of_a_provider_are_of_no_place),
        cmocka_unit_test(any_channel_is_all_of_them),
        cmocka_unit_test(a_clause_counts_from_its_first_day),
        cmocka_unit_test(more_than_fits_is_counted_not_written),
    };
    return cmocka_run_group_tests_name("law", tests, NULL, NULL);
}
