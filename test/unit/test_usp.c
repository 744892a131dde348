/* test/unit/test_usp.c: the four characters of US Privacy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "adapter/privacy/privacy.h"

static struct privacy_decision decide(struct span text)
{
    struct privacy_decision d;
    (void)privacy_read(text, NULL, &d);
    return d;
}

static void takes_all_27_valid_strings(void **state)
{
    (void)state;
    static const char answers[] = "YN-";
    for (int i = 0; i < 27; i++) {
        char text[] = {'1', answers[i / 9], answers[i / 3 % 3], answers[i % 3], '\0'};
        struct privacy_decision d = decide(span_of(text));
        assert_int_equal(d.kind, PRIVACY_USP);
        assert_null(d.fault.what);
        assert_int_equal(d.said[RIGHT_SALE], text[2] == 'Y' ? SAID_REFUSED : SAID_NO_REFUSAL);
        assert_int_equal(d.said[RIGHT_TARGETED], SAID_NOTHING);
        assert_false(d.gpc);
    }
}

static void refuses_others_and_says_where(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t offset;
        enum privacy_said sale;
    } rows[] = {
        {"", 0, SAID_NOTHING},      {"1", 1, SAID_NOTHING},     {"1Y", 2, SAID_NOTHING},
        {"1YN", 3, SAID_NOTHING},   {"1YNNN", 4, SAID_NOTHING}, {"2YYN", 0, SAID_NOTHING},
        {"1yyn", 1, SAID_NOTHING},  {"1YX", 2, SAID_NOTHING},   {"1---\n", 4, SAID_NOTHING},
        {" 1---", 0, SAID_NOTHING}, {"1YYX", 3, SAID_REFUSED},  {"1NYNN", 4, SAID_REFUSED},
        {"1?YN", 1, SAID_REFUSED},  {"1YY", 3, SAID_REFUSED},   {"١YNN", 0, SAID_NOTHING},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct privacy_decision d = decide(span_of(rows[i].text));
        assert_non_null(d.fault.what);
        assert_int_equal(d.fault.offset, rows[i].offset);
        assert_int_equal(d.said[RIGHT_SALE], rows[i].sale);
    }
}

static void nothing_at_all_is_no_string(void **state)
{
    (void)state;
    struct privacy_decision d = decide((struct span){NULL, 0});
    assert_int_equal(d.kind, PRIVACY_UNKNOWN);
    assert_string_equal(d.fault.what, "the string is empty");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_all_27_valid_strings),
        cmocka_unit_test(refuses_others_and_says_where),
        cmocka_unit_test(nothing_at_all_is_no_string),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
