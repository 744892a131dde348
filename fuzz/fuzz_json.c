/* fuzz/fuzz_json.c: what json_parse accepts can be walked to its end, and written strings read
 * back.
 */
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk_string(struct json string)
{
    struct buf text = BUF_INIT(1 << 20), again = BUF_INIT(1 << 23);
    struct json back;
    INVARIANT(json_string(string, &text) == OK);
    INVARIANT(utf8_valid(buf_span(&text)));
    INVARIANT(json_string_is(string, buf_span(&text)));
    INVARIANT(json_add_string(&again, buf_span(&text)) == OK);
    INVARIANT(json_parse(buf_span(&again), &back, NULL) == OK && back.type == JSON_STRING);
    INVARIANT(json_string_is(back, buf_span(&text)));
    buf_free(&text);
    buf_free(&again);
}

/* Every part of an accepted value is an accepted value of the same type, inside its container. */
static void walk(struct json value, int depth)
{
    struct json again, name, member;
    INVARIANT(depth <= JSON_DEPTH_MAX);
    INVARIANT(json_parse(value.raw, &again, NULL) == OK);
    INVARIANT(again.type == value.type && span_eq(again.raw, value.raw));
    if (value.type == JSON_STRING)
        walk_string(value);
    if (value.type != JSON_ARRAY && value.type != JSON_OBJECT)
        return;
    for (size_t at = 0; json_next(value, &at, &name, &member);) {
        INVARIANT(member.raw.p > value.raw.p);
        INVARIANT(member.raw.p + member.raw.n < value.raw.p + value.raw.n);
        if (value.type == JSON_OBJECT)
            walk_string(name);
        walk(member, depth + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size};
    struct json value;
    struct refusal why = {0};
    struct buf out = BUF_INIT(1 << 23);
    if (json_parse(text, &value, &why) == OK)
        walk(value, 0);
    else
        INVARIANT(why.what && why.offset <= size);
    INVARIANT(json_add_string(&out, text) == OK);
    INVARIANT(json_parse(buf_span(&out), &value, NULL) == OK);
    buf_free(&out);
    return 0;
}
