/* test/unit/test_phone.c: phone numbers as they are written, and what they are read as. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "address/phone.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char short_code[] = "a short code is a sender, not a subscriber";
static const char sender_word[] = "an alphanumeric sender is not a subscriber";
static const char needs_country[] = "a national number needs a country; write it with +";

static const char nowhere[3] = ""; /* no default country */

/* `want` is what it is read as, or the reason of its refusal. */
struct reading {
    const char *country, *text, *want;
};

static void check_readings(const struct reading *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct address a;
        struct refusal why = {NULL, 0};
        enum status st = phone_parse(span_of(cases[i].text), cases[i].country, &a, &why);
        const char *got = st == OK ? a.text : why.what;
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s in '%s': %s, not %s", cases[i].text, cases[i].country, got, cases[i].want);
        if (st == OK) {
            assert_int_equal(a.kind, ADDRESS_PHONE);
            assert_int_equal(a.bytes, strlen(a.text));
        }
    }
}

#define READINGS(name, ...)                                                                        \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        static const struct reading cases[] = {__VA_ARGS__};                                       \
        check_readings(cases, COUNT(cases));                                                       \
    }

/* clang-format off */
READINGS(international_forms,
    {"", "+14155550100", "+14155550100"},
    {"", "+1 (415) 555-0100", "+14155550100"},
    {"", " ( +44 ) 20 7946 0958 ", "+442079460958"},
    {"", "+49.30/1234-567", "+49301234567"},
    {"", "0044 20 7946 0958", "+442079460958"},
    {"", "011 44 20 7946 0958", "+442079460958"},
    {"US", "+44 20 7946 0958", "+442079460958"},
    {"", "+800 1234 5678", "+80012345678"})

READINGS(exit_codes_of_the_default_country_come_first,
    {"AU", "0011 44 20 7946 0958", "+442079460958"},
    {"JP", "010 44 20 7946 0958", "+442079460958"},
    {"US", "011 44 20 7946 0958", "+442079460958"},
    {"US", "00 44 20 7946 0958", "+442079460958"},
    {"DE", "011 44 20 7946 0958", "+442079460958"})

READINGS(trunk_zero_in_parentheses,
    {"", "+44 (0)20 7946 0958", "+442079460958"},
    {"", "+44 020 7946 0958", "+442079460958"},
    {"", "+34 (0)91 123 45 67", "+34911234567"},
    {"", "+39 (0)6 6982 1234", "+390669821234"},
    {"", "+352 (0)621 123 456", "+352621123456"},
    {"GB", "(0)20 7946 0958", "+442079460958"})

READINGS(italy_keeps_its_zero,
    {"", "0039 06 6982", "+39066982"},
    {"", "+39 06 6982", "+39066982"},
    {"IT", "06 6982", "+39066982"},
    {"IT", "333 123 4567", "+393331234567"})

READINGS(national_forms,
    {"US", "(415) 555-0100", "+14155550100"},
    {"US", "1 415 555 0100", "+14155550100"},
    {"GB", "020 7946 0958", "+442079460958"},
    {"FR", "06 12 34 56 78", "+33612345678"},
    {"HU", "06 20 123 4567", "+36201234567"},
    {"RU", "8 (912) 345-67-89", "+79123456789"},
    {"RU", "800 555 35 35", "+78005553535"},
    {"LT", "8 612 34567", "+37061234567"},
    {"LT", "0 612 34567", "+37061234567"},
    {"BR", "(021) 2345-6789", "+552123456789"},
    {"BR", "0 21 11 98765-4321", "+5511987654321"},
    {"CO", "0 3 601 2345678", "+576012345678"},
    {"JE", "01534 734567", "+441534734567"},
    {"BB", "250 1234", "+12462501234"})

READINGS(national_forms_need_a_country,
    {"", "(415) 555-0100", needs_country},
    {"", "020 7946 0958", needs_country},
    {"", "14155550100", needs_country},
    {"", "1-800-FLOWERS", needs_country},
    {"XX", "020 7946 0958", "no numbering plan is known for the default country"})

READINGS(calling_code_without_plus_at_home,
    {"GB", "447911123456", "+447911123456"},
    {"RU", "79123456789", "+79123456789"},
    {"DE", "4915123456789", "+4915123456789"},
    {"PL", "483026887", "+48483026887"},
    {"IT", "393331234567", "+393331234567"},
    {"ID", "62812345678", "it can be read with or without a calling code; write it with +"})

READINGS(mexico_lost_its_prefixes,
    {"", "+52 1 55 1234 5678", "+525512345678"},
    {"", "+52 55 1234 5678", "+525512345678"},
    {"MX", "55 1234 5678", "+525512345678"},
    {"MX", "044 55 1234 5678", "+525512345678"},
    {"MX", "045 55 1234 5678", "+525512345678"},
    {"MX", "01 55 1234 5678", "+525512345678"},
    {"MX", "1 55 1234 5678", "+525512345678"})

READINGS(argentine_mobiles,
    {"", "+54 9 11 2345-6789", "+5491123456789"},
    {"", "+54 11 2345-6789", "+541123456789"},
    {"AR", "011 15 2345-6789", "+5491123456789"},
    {"AR", "11 15 2345-6789", "+5491123456789"},
    {"AR", "0221 15 412-3456", "+5492214123456"},
    {"AR", "02317 15 41-2345", "+5492317412345"},
    {"AR", "543715662714", "+543715662714"})

READINGS(letters_of_the_keypad,
    {"US", "1-800-FLOWERS", "+18003569377"},
    {"CA", "800 flowers", "+18003569377"},
    {"", "+1-800-FLOWERS", "+18003569377"},
    {"", "+44 800 FLOWERS", "letters stand for digits only in numbers of +1"},
    {"GB", "0800 FLOWERS", "letters stand for digits only in numbers of +1"},
    {"US", "415555010O", "letters stand for digits only in numbers of +1"})

READINGS(senders_are_not_subscribers,
    {"US", "12345", short_code},
    {"US", "262966", short_code},
    {"", "12345", short_code},
    {"DE", "12345", short_code},
    {"GB", "60006", short_code},
    {"", "+12345", short_code},
    {"", "+112345", short_code},
    {"US", "112", short_code},
    {"", "ACME", sender_word},
    {"US", "ACME1", sender_word},
    {"US", "4ACME", sender_word})

READINGS(scripts_and_widths,
    {"US", "（４１５）５５５－０１００", "+14155550100"},
    {"", "＋１ ４１５ ５５５ ０１００", "+14155550100"},
    {"", "+١٤١٥٥٥٥٠١٠٠", "+14155550100"},
    {"", "+۱۴۱۵۵۵۵۰۱۰۰", "+14155550100"},
    {"", "+१४१५५५५०१००", "+14155550100"},
    {"", "+1\u00a0415\u2011555\u20130100", "+14155550100"},
    {"", "+1 415\u2212555\u30fc0100", "+14155550100"},
    {"", "\u200e\ufeff+1 415 555 0100\u202c", "+14155550100"},
    {"", "\t+14155550100\r\n", "+14155550100"})

READINGS(extensions_are_dropped,
    {"US", "(415) 555-0100 x123", "+14155550100"},
    {"US", "(415) 555-0100x123", "+14155550100"},
    {"US", "(415) 555-0100 ext. 5", "+14155550100"},
    {"US", "(415) 555-0100, Extension: 5", "+14155550100"},
    {"US", "(415) 555-0100 extension: 5", "+14155550100"},
    {"US", "(415) 555-0100 #5", "+14155550100"},
    {"US", "415 555 0100,5", "+14155550100"},
    {"US", "(415) 555-0100 x", "more digits than any number of its country has"})

READINGS(tel_addresses,
    {"", "tel:+1-415-555-0100", "+14155550100"},
    {"", "TEL:+1-415-555-0100;ext=5", "+14155550100"},
    {"", "tel:+14155550100;isub=12;ext=5", "+14155550100"},
    {"", "+14155550100;ext=5", "+14155550100"},
    {"", "tel:555-0100;phone-context=+1-415", "+14155550100"},
    {"", "tel:+14155550100;phone-context=+44", "+14155550100"},
    {"US", "tel:415-555-0100;phone-context=example.com", "+14155550100"},
    {"", "tel:415-555-0100;phone-context=example.com", needs_country},
    {"", "+14155550100;+14155550101",
     "what follows the semicolon is no parameter of a tel: address"})

READINGS(nonsense_is_refused,
    {"", "", "there is no phone number here"},
    {"", " - ", "there is no phone number here"},
    {"", "+", "there is no phone number here"},
    {"", "+999 123456789", "no country has this calling code"},
    {"", "+041 44 668 18 00", "no country has this calling code"},
    {"", "+0 415 555 0100", "no country has this calling code"},
    {"", "+1 415 555 01000", "more digits than any number of its country has"},
    {"", "+33 1 23 45 67", short_code},
    {"", "+1+4155550100", "a plus sign belongs in front of the number, once"},
    {"", "++14155550100", "a plus sign belongs in front of the number, once"},
    {"", "+14155550100*", "a character that no phone number has"},
    {"", "+1415\xff" "5550100", "a character that no phone number has"},
    {"", "+1234567890123456789012345", "too many digits for a phone number"})

READINGS(small_islands_have_short_numbers,
    {"", "+685 39750", "+68539750"},
    {"WS", "39750", "+68539750"},
    {"", "+290 51234", "+29051234"})
/* clang-format on */

static void refusal_says_where(void **state)
{
    (void)state;
    struct address a;
    struct refusal why;
    assert_int_equal(phone_parse(SPAN("+1 415?5550100"), nowhere, &a, &why), REFUSED);
    assert_int_equal(why.offset, 6);
    assert_int_equal(phone_parse(SPAN("\u00a0+1 415\u2013?"), nowhere, &a, &why), REFUSED);
    assert_int_equal(why.offset, 11);
    assert_int_equal(phone_parse(SPAN("  +999 12345678"), nowhere, &a, &why), REFUSED);
    assert_int_equal(why.offset, 2);
    assert_int_equal(phone_parse(SPAN("+999 12345678"), nowhere, &a, NULL), REFUSED);
}

static void too_long_a_text_is_refused(void **state)
{
    (void)state;
    char text[200];
    struct address a;
    struct refusal why;
    memset(text, '-', sizeof text);
    assert_int_equal(phone_parse((struct span){text, sizeof text}, nowhere, &a, &why), REFUSED);
    assert_string_equal(why.what, "too long for a phone number");
}

static void country_is_told_by_code_and_leading_digits(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"+14155550100", "US"},  {"+16135550100", "CA"},  {"+18765550100", "JM"},
        {"+79123456789", "RU"},  {"+77012345678", "KZ"},  {"+442079460958", "GB"},
        {"+441481256789", "GG"}, {"+441534734567", "JE"}, {"+39333123456", "IT"},
        {"+390669812345", "VA"}, {"+3581812345", "AX"},   {"+4779123456", "SJ"},
        {"+262639012345", "YT"}, {"+5997151234", "BQ"},   {"+2908123", "TA"},
        {"+61891641234", "CX"},  {"+80012345678", ""},    {"+5215512345678", "MX"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct address a = {.kind = ADDRESS_PHONE, .bytes = (uint16_t)strlen(cases[i][0])};
        memcpy(a.text, cases[i][0], a.bytes);
        assert_string_equal(phone_country(&a), cases[i][1]);
    }
    assert_string_equal(phone_country(&(struct address){.kind = ADDRESS_EMAIL}), "");
}

static void known_countries(void **state)
{
    (void)state;
    assert_true(phone_country_known("US"));
    assert_true(phone_country_known("AX"));
    assert_false(phone_country_known("us"));
    assert_false(phone_country_known("XX"));
    assert_false(phone_country_known(""));
}

static void table_names_its_version(void **state)
{
    (void)state;
    assert_int_equal(strncmp(phone_table_version(), "libphonenumber-js ", 18), 0);
}

static void check_pair(const char *text, const char *other)
{
    struct address a, forms[ADDRESS_FORMS_MAX], back[ADDRESS_FORMS_MAX];
    assert_int_equal(phone_parse(span_of(text), nowhere, &a, NULL), OK);
    size_t n = phone_forms(&a, forms);
    assert_string_equal(forms[0].text, text);
    assert_int_equal(n, other ? 2 : 1);
    if (!other)
        return;
    assert_string_equal(forms[1].text, other);
    assert_int_equal(phone_forms(&forms[1], back), 2);
    assert_string_equal(back[0].text, other);
    assert_string_equal(back[1].text, text);
}

static void equivalents_are_symmetric(void **state)
{
    (void)state;
    check_pair("+525512345678", "+5215512345678");
    check_pair("+5491123456789", "+541123456789");
    check_pair("+541123456789", "+5491123456789");
    check_pair("+5511987654321", "+551187654321");
    check_pair("+551187654321", "+5511987654321");
}

static void others_have_no_equivalents(void **state)
{
    (void)state;
    check_pair("+14155550100", NULL);
    check_pair("+552123456789", NULL);  /* a landline of Rio */
    check_pair("+5511912345678", NULL); /* never had eight digits */
    check_pair("+548001234567", NULL);  /* a toll-free number */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(international_forms),
        cmocka_unit_test(exit_codes_of_the_default_country_come_first),
        cmocka_unit_test(trunk_zero_in_parentheses),
        cmocka_unit_test(italy_keeps_its_zero),
        cmocka_unit_test(national_forms),
        cmocka_unit_test(national_forms_need_a_country),
        cmocka_unit_test(calling_code_without_plus_at_home),
        cmocka_unit_test(mexico_lost_its_prefixes),
        cmocka_unit_test(argentine_mobiles),
        cmocka_unit_test(letters_of_the_keypad),
        cmocka_unit_test(senders_are_not_subscribers),
        cmocka_unit_test(scripts_and_widths),
        cmocka_unit_test(extensions_are_dropped),
        cmocka_unit_test(tel_addresses),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(small_islands_have_short_numbers),
        cmocka_unit_test(refusal_says_where),
        cmocka_unit_test(too_long_a_text_is_refused),
        cmocka_unit_test(country_is_told_by_code_and_leading_digits),
        cmocka_unit_test(known_countries),
        cmocka_unit_test(table_names_its_version),
        cmocka_unit_test(equivalents_are_symmetric),
        cmocka_unit_test(others_have_no_equivalents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
