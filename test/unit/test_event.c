/* The one record's words: scopes, senders, topics, channels and kinds, as people write them. */
#include "event/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define W32          "abcdefghijklmnopqrstuvwxyz012345"
#define W64          W32 W32
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct scope scope_of(const char *text)
{
    struct scope s;
    struct refusal why = {"", 0};
    if (scope_parse(span_of(text), &s, &why) != OK)
        fail_msg("%s: %s at %zu", text, why.what, why.offset);
    return s;
}

/* --- scopes -------------------------------------------------------------------------------- */

static void scopes_are_read_in_their_full_form(void **state)
{
    (void)state;
    static const struct {
        const char *text, *full;
    } cases[] = {
        {"*", "*:*/*"},
        {"*:*/*", "*:*/*"},
        {"email:acme/news", "email:acme/news"},
        {"EMAIL:Acme/NEWS", "email:acme/news"},
        {"email:acme/*", "email:acme/*"},
        {"email:*/news", "email:*/news"},
        {"*:acme/*", "*:acme/*"},
        {"sms:a/b", "sms:a/b"},
        {"voice:0/9", "voice:0/9"},
        {"push:a.b_c-d/-", "push:a.b_c-d/-"},
        {"post:*/*", "post:*/*"},
        {"ads:" W64 "/" W64, "ads:" W64 "/" W64},
        {"email:ACME/" W64, "email:acme/" W64},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char full[SCOPE_BYTES];
        struct scope s = scope_of(cases[i].text), again;
        scope_format(&s, full);
        assert_string_equal(full, cases[i].full);
        again = scope_of(full);
        assert_true(scope_equal(&s, &again));
    }
}

static void the_longest_scope_fits_its_buffer(void **state)
{
    (void)state;
    char full[SCOPE_BYTES];
    struct scope s = scope_of("email:" W64 "/" W64);
    scope_format(&s, full);
    assert_int_equal(strlen(full), strlen("email:") + 2 * WORD_MAX + 1);
}

static void a_scope_that_is_none_is_refused_where_it_goes_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t offset;
        const char *what; /* a piece of the reason */
    } cases[] = {
        {"", 0, "CHANNEL:SENDER/TOPIC"},
        {"email", 5, "CHANNEL:SENDER/TOPIC"},
        {"**", 2, "CHANNEL:SENDER/TOPIC"},
        {"email:acme", 10, "CHANNEL:SENDER/TOPIC"},
        {"email/acme:news", 5, "CHANNEL:SENDER/TOPIC"},
        {"fax:acme/news", 0, "channel"},
        {":acme/news", 0, "channel"},
        {" email:acme/news", 0, "channel"},
        {"email:/news", 6, "empty"},
        {"email:acme/", 11, "empty"},
        {"email:ac me/news", 8, "letters"},
        {"email:acme/new+s", 14, "letters"},
        {"email:acme/news/more", 15, "letters"},
        {"email:acme/a:b", 12, "letters"},
        {"email:a*/news", 7, "letters"},
        {"email:acme/**", 11, "letters"},
        {"email:acme/n\xc3\xa9ws", 12, "letters"},
        {"email:" W64 "x/news", 6 + 64, "at most 64"},
        {"email:acme/" W64 "x", 11 + 64, "at most 64"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct scope s = scope_of("sms:untouched/still");
        struct refusal why = {"", 99};
        assert_int_equal(scope_parse(span_of(cases[i].text), &s, &why), REFUSED);
        if (why.offset != cases[i].offset || !strstr(why.what, cases[i].what))
            fail_msg("%s: %s at %zu", cases[i].text, why.what, why.offset);
        assert_int_equal(s.channel, CHANNEL_SMS);
        assert_int_equal(scope_parse(span_of(cases[i].text), &s, NULL), REFUSED);
    }
}

static void a_zero_byte_is_no_letter(void **state)
{
    (void)state;
    struct scope s;
    struct refusal why;
    assert_int_equal(scope_parse(SPAN("email:ac\0me/news"), &s, &why), REFUSED);
    assert_int_equal(why.offset, 8);
}

static void a_zeroed_scope_is_everything(void **state)
{
    (void)state;
    struct scope zero = {0}, star = scope_of("*");
    assert_true(scope_equal(&zero, &star));
}

static void a_scope_contains_what_it_names(void **state)
{
    (void)state;
    static const struct {
        const char *outer, *inner;
        bool contains;
    } cases[] = {
        {"*", "*", true},
        {"*", "email:acme/news", true},
        {"email:acme/news", "email:acme/news", true},
        {"email:acme/news", "EMAIL:ACME/NEWS", true},
        {"email:acme/*", "email:acme/news", true},
        {"email:*/news", "email:acme/news", true},
        {"*:acme/news", "sms:acme/news", true},
        {"*:*/news", "ads:acme/news", true},
        /* a `*` in the question is covered by `*` alone */
        {"email:acme/news", "email:acme/*", false},
        {"email:acme/news", "email:*/news", false},
        {"email:acme/news", "*:acme/news", false},
        {"email:*/*", "*", false},
        {"*:acme/*", "*", false},
        /* neighbours */
        {"email:acme/news", "email:acme/new", false},
        {"email:acme/new", "email:acme/news", false},
        {"email:acme/*", "sms:acme/*", false},
        {"email:acme/*", "email:acm/*", false},
        {"email:acme/*", "email:*/news", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct scope outer = scope_of(cases[i].outer), inner = scope_of(cases[i].inner);
        if (scope_contains(&outer, &inner) != cases[i].contains)
            fail_msg("%s, %s", cases[i].outer, cases[i].inner);
    }
}

/* --- words --------------------------------------------------------------------------------- */

static void a_word_is_kept_in_lower_case(void **state)
{
    (void)state;
    struct word w;
    assert_int_equal(word_parse(SPAN("Acme-2.Shop_EU"), &w, NULL), OK);
    assert_true(span_eq(word_span(&w), SPAN("acme-2.shop_eu")));
}

static void a_star_is_the_empty_word(void **state)
{
    (void)state;
    struct word w = {.n = 3};
    assert_int_equal(word_parse(SPAN("*"), &w, NULL), OK);
    assert_int_equal(w.n, 0);
    assert_true(span_eq(word_span(&w), SPAN("*")));
}

static void words_that_share_a_beginning_differ(void **state)
{
    (void)state;
    struct word a, b, star;
    assert_int_equal(word_parse(SPAN("news"), &a, NULL), OK);
    assert_int_equal(word_parse(SPAN("new"), &b, NULL), OK);
    assert_int_equal(word_parse(SPAN("*"), &star, NULL), OK);
    assert_false(word_equal(&a, &b));
    assert_false(word_equal(&a, &star));
    assert_true(word_equal(&a, &a));
}

static void a_word_has_64_characters_at_most(void **state)
{
    (void)state;
    struct word w;
    struct refusal why;
    assert_int_equal(word_parse(SPAN(W64), &w, &why), OK);
    assert_int_equal(w.n, WORD_MAX);
    assert_int_equal(word_parse(SPAN(W64 "a"), &w, &why), REFUSED);
    assert_int_equal(why.offset, WORD_MAX);
    assert_int_equal(w.n, WORD_MAX);
}

/* --- channels and kinds -------------------------------------------------------------------- */

static void channels_have_the_words_of_the_contract(void **state)
{
    (void)state;
    static const char *const words[CHANNEL_COUNT] = {"*",    "email", "sms", "voice",
                                                     "push", "post",  "ads"};
    for (unsigned c = 0; c < CHANNEL_COUNT; c++) {
        enum channel read = CHANNEL_COUNT;
        assert_string_equal(channel_word((enum channel)c), words[c]);
        assert_int_equal(channel_parse(span_of(words[c]), &read), OK);
        assert_int_equal(read, c);
    }
}

static void other_channels_are_not_found(void **state)
{
    (void)state;
    static const char *const words[] = {"", "e-mail", "emails", "emai", "fax", "**", " sms"};
    enum channel c = CHANNEL_POST;
    for (size_t i = 0; i < COUNT(words); i++)
        assert_int_equal(channel_parse(span_of(words[i]), &c), NOT_FOUND);
    assert_int_equal(c, CHANNEL_POST);
    assert_int_equal(channel_parse(SPAN("eMaIl"), &c), OK);
    assert_int_equal(c, CHANNEL_EMAIL);
}

static void an_address_has_its_own_channel(void **state)
{
    (void)state;
    assert_int_equal(channel_of_address(ADDRESS_EMAIL), CHANNEL_EMAIL);
    assert_int_equal(channel_of_address(ADDRESS_PHONE), CHANNEL_SMS);
    assert_int_equal(channel_of_address(ADDRESS_DEVICE), CHANNEL_ADS);
    assert_int_equal(channel_of_address(ADDRESS_COOKIE), CHANNEL_ADS);
    assert_int_equal(channel_of_address(ADDRESS_DIGEST), CHANNEL_ANY);
}

static void kinds_have_the_words_of_the_contract(void **state)
{
    (void)state;
    static const char *const words[EVENT_KINDS] = {
        [EVENT_OUT] = "out",   [EVENT_IN] = "in",     [EVENT_COMPLAINT] = "complaint",
        [EVENT_DEAD] = "dead", [EVENT_HOLD] = "hold", [EVENT_FORGET] = "forget"};
    for (unsigned k = EVENT_OUT; k < EVENT_KINDS; k++) {
        enum event_kind read = EVENT_KINDS;
        assert_string_equal(event_kind_word((enum event_kind)k), words[k]);
        assert_int_equal(event_kind_parse(span_of(words[k]), &read), OK);
        assert_int_equal(read, k);
    }
}

static void other_kinds_are_not_found(void **state)
{
    (void)state;
    static const char *const words[] = {"", "Out", "ou", "outs", "opt-out", "bounce"};
    enum event_kind k = EVENT_HOLD;
    for (size_t i = 0; i < COUNT(words); i++)
        assert_int_equal(event_kind_parse(span_of(words[i]), &k), NOT_FOUND);
    assert_int_equal(k, EVENT_HOLD);
}

static void only_an_own_opt_in_with_proof_lifts(void **state)
{
    (void)state;
    for (unsigned k = EVENT_OUT; k < EVENT_KINDS; k++) {
        for (int own = 0; own < 2; own++) {
            for (int proof = 0; proof < 2; proof++) {
                struct event e = {.kind = (enum event_kind)k, .own_act = own};
                e.proof = proof ? SPAN("form 7") : SPAN("");
                assert_int_equal(event_lifts(&e), k == EVENT_IN && own && proof);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scopes_are_read_in_their_full_form),
        cmocka_unit_test(the_longest_scope_fits_its_buffer),
        cmocka_unit_test(a_scope_that_is_none_is_refused_where_it_goes_wrong),
        cmocka_unit_test(a_zero_byte_is_no_letter),
        cmocka_unit_test(a_zeroed_scope_is_everything),
        cmocka_unit_test(a_scope_contains_what_it_names),
        cmocka_unit_test(a_word_is_kept_in_lower_case),
        cmocka_unit_test(a_star_is_the_empty_word),
        cmocka_unit_test(words_that_share_a_beginning_differ),
        cmocka_unit_test(a_word_has_64_characters_at_most),
        cmocka_unit_test(channels_have_the_words_of_the_contract),
        cmocka_unit_test(other_channels_are_not_found),
        cmocka_unit_test(an_address_has_its_own_channel),
        cmocka_unit_test(kinds_have_the_words_of_the_contract),
        cmocka_unit_test(other_kinds_are_not_found),
        cmocka_unit_test(only_an_own_opt_in_with_proof_lifts),
    };
    return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
