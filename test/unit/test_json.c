/* test/unit/test_json.c: base/json.h as its users see it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"

static enum status parse(const char *text, struct json *out, struct refusal *why)
{
    return json_parse(span_of(text), out, why);
}

static struct json parsed(const char *text)
{
    struct json value;
    assert_int_equal(parse(text, &value, NULL), OK);
    return value;
}

static void accepts_every_kind_of_value(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum json_type type;
    } rows[] = {
        {"null", JSON_NULL},
        {"true", JSON_TRUE},
        {"false", JSON_FALSE},
        {"0", JSON_NUMBER},
        {"-0", JSON_NUMBER},
        {"-12.5e+3", JSON_NUMBER},
        {"1E9", JSON_NUMBER},
        {"\"\"", JSON_STRING},
        {"\"a\\u0041\\n\"", JSON_STRING},
        {"[]", JSON_ARRAY},
        {"[1,[2],{}]", JSON_ARRAY},
        {"{}", JSON_OBJECT},
        {" \t\r\n{ \"a\" : 1 } ", JSON_OBJECT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(parsed(rows[i].text).type, rows[i].type);
}

static void refuses_with_the_offset(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t offset;
        const char *what;
    } rows[] = {
        {"", 0, "text ends where a value should be"},
        {"  ", 2, "text ends where a value should be"},
        {"nul", 0, "not a value"},
        {"+1", 0, "not a value"},
        {"01", 0, "number with a leading zero"},
        {"-01", 0, "number with a leading zero"},
        {"1.", 2, "no digit after the decimal point"},
        {"1e", 2, "no digit in the exponent"},
        {"[1,]", 3, "not a value"},
        {"[1 2]", 3, "neither a comma nor a closing bracket after a value"},
        {"[1}", 2, "neither a comma nor a closing bracket after a value"},
        {"{\"a\":1,}", 7, "no name in double quotes where a member should start"},
        {"{a:1}", 1, "no name in double quotes where a member should start"},
        {"{\"a\" 1}", 5, "no colon after a name"},
        {"\"abc", 0, "string does not end"},
        {"\"a\nb\"", 2, "control character in a string"},
        {"\"\\x\"", 1, "unknown escape"},
        {"\"\\u12g4\"", 1, "\\u without four hex digits"},
        {"\"\\ud800\"", 1, "lone surrogate"},
        {"\"\\udc00\"", 1, "lone surrogate"},
        {"\"\\ud800\\u0041\"", 1, "lone surrogate"},
        {"\"a\xff\"", 2, "invalid UTF-8"},
        {"\"\xed\xa0\x80\"", 1, "invalid UTF-8"},
        {"1 2", 2, "text after the value"},
        {"{} x", 3, "text after the value"},
        {"[1", 2, "neither a comma nor a closing bracket after a value"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json value;
        struct refusal why = {0};
        assert_int_equal(parse(rows[i].text, &value, &why), REFUSED);
        assert_string_equal(why.what, rows[i].what);
        assert_int_equal(why.offset, rows[i].offset);
    }
}

static void refuses_a_nul_byte(void **state)
{
    (void)state;
    struct json value;
    assert_int_equal(json_parse(SPAN("\"\\\0\""), &value, NULL), REFUSED);
    assert_int_equal(json_parse(SPAN("1\0"), &value, NULL), REFUSED);
}

static void nests_as_deep_as_promised_and_no_deeper(void **state)
{
    (void)state;
    char text[2 * (JSON_DEPTH_MAX + 1) + 1];
    for (unsigned depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        struct json value;
        enum status s = json_parse((struct span){text, 2 * (size_t)depth}, &value, NULL);
        assert_int_equal(s, depth <= JSON_DEPTH_MAX ? OK : REFUSED);
    }
}

static void steps_through_an_object(void **state)
{
    (void)state;
    struct json object = parsed("{ \"a\" : [1, \"]\"] , \"b\":\"x}\\\"\",\"c\":-1.5 }");
    struct json name, value;
    size_t at = 0;
    assert_true(json_next(object, &at, &name, &value));
    assert_true(json_string_is(name, SPAN("a")));
    assert_true(span_eq(value.raw, SPAN("[1, \"]\"]")));
    assert_true(json_next(object, &at, &name, &value));
    assert_true(span_eq(value.raw, SPAN("\"x}\\\"\"")));
    assert_true(json_next(object, &at, NULL, &value));
    assert_true(span_eq(value.raw, SPAN("-1.5")));
    assert_false(json_next(object, &at, &name, &value));
    assert_false(json_next(object, &at, &name, &value));
}

static void steps_through_an_array(void **state)
{
    (void)state;
    static const char *const texts[] = {"[]", "[ ]", "[1]", "[ null , {} ]", "[[],[],[]]"};
    static const size_t counts[] = {0, 0, 1, 2, 3};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct json array = parsed(texts[i]), value;
        size_t at = 0, count = 0;
        while (json_next(array, &at, NULL, &value))
            count++;
        assert_int_equal(count, counts[i]);
    }
}

static void finds_a_member(void **state)
{
    (void)state;
    struct json object = parsed("{\"a\":1,\"\\u0062\":2,\"a\":3}"), value;
    assert_int_equal(json_object_find(object, SPAN("b"), &value), OK);
    assert_true(span_eq(value.raw, SPAN("2")));
    assert_int_equal(json_object_find(object, SPAN("a"), &value), REFUSED);
    assert_int_equal(json_object_find(object, SPAN("c"), &value), NOT_FOUND);
}

static void reads_strings(void **state)
{
    (void)state;
    static const char text[] =
        "\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20ac\\ud83d\\ude00\xc3\xa9\"";
    static const char expected[] = "a\"\\/\b\f\n\r\t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9";
    struct buf out = BUF_INIT(64);
    struct json string = parsed(text);
    assert_int_equal(json_string(string, &out), OK);
    assert_true(span_eq(buf_span(&out), span_of(expected)));
    assert_true(json_string_is(string, span_of(expected)));
    assert_false(json_string_is(string, SPAN("a")));
    assert_false(json_string_is(parsed("\"a\""), SPAN("ab")));
    buf_free(&out);
}

static void a_string_over_the_ceiling_is_told(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(3);
    assert_int_equal(json_string(parsed("\"abcd\""), &out), NO_SPACE);
    buf_free(&out);
}

static void reads_whole_numbers_only(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum status status;
        int64_t value;
    } rows[] = {
        {"0", OK, 0},
        {"-0", OK, 0},
        {"1795428000", OK, 1795428000},
        {"9223372036854775807", OK, INT64_MAX},
        {"-9223372036854775808", OK, INT64_MIN},
        {"9223372036854775808", REFUSED, 0},
        {"-9223372036854775809", REFUSED, 0},
        {"1.0", REFUSED, 0},
        {"1e3", REFUSED, 0},
        {"\"1\"", REFUSED, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t value = 0;
        assert_int_equal(json_i64(parsed(rows[i].text), &value), rows[i].status);
        assert_int_equal(value, rows[i].value);
    }
}

static void writes_strings_that_are_always_json(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(256);
    assert_int_equal(json_add_string(&out, SPAN("a\"\\\n\x01\xff\xc3\xa9\0/\x7f")), OK);
    assert_true(
        span_eq(buf_span(&out), SPAN("\"a\\\"\\\\\\n\\u0001\xef\xbf\xbd\xc3\xa9\\u0000/\x7f\"")));
    struct json value;
    assert_int_equal(json_parse(buf_span(&out), &value, NULL), OK);
    buf_free(&out);
}

static void writing_tells_of_missing_memory(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(256);
    mem_fail_at(1, 0);
    assert_int_equal(json_add_string(&out, SPAN("abc")), NO_MEMORY);
    mem_fail_at(0, 0);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_every_kind_of_value),
        cmocka_unit_test(refuses_with_the_offset),
        cmocka_unit_test(refuses_a_nul_byte),
        cmocka_unit_test(nests_as_deep_as_promised_and_no_deeper),
        cmocka_unit_test(steps_through_an_object),
        cmocka_unit_test(steps_through_an_array),
        cmocka_unit_test(finds_a_member),
        cmocka_unit_test(reads_strings),
        cmocka_unit_test(a_string_over_the_ceiling_is_told),
        cmocka_unit_test(reads_whole_numbers_only),
        cmocka_unit_test(writes_strings_that_are_always_json),
        cmocka_unit_test(writing_tells_of_missing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
