/* base/json.h: JSON (RFC 8259) written into a buffer, and read without allocation.
 *
 * Reading is a strict pull parser over a span: every value that it hands out borrows from the
 * input, so that a caller may also copy the bytes through untouched. Refused: invalid UTF-8,
 * lone surrogates, control characters in strings, leading zeros, trailing commas, nesting over
 * JSON_DEPTH_MAX, anything after the value. Duplicate names of an object are the caller's matter:
 * json_object_find refuses them for the name that it looks for.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"

enum { JSON_DEPTH_MAX = 64 };

/* Appends `s` as a JSON string with its quotes. Malformed UTF-8 becomes U+FFFD, so that what is
 * written is always JSON. */
enum status json_add_string(struct buf *out, struct span s);

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

/* A value found in the input. `raw` is its text there, quotes and brackets included. */
struct json {
    enum json_type type;
    struct span raw;
};

/* Checks the whole text and gives its value: OK, or REFUSED with what and where. */
enum status json_parse(struct span text, struct json *out, struct refusal *why) MUST_CHECK;

/* Steps through an array or object that json_parse accepted. *at starts at 0. Returns false at
 * the end. `name` (objects; may be NULL) gets the raw string of the member's name. */
bool json_next(struct json container, size_t *at, struct json *name, struct json *value);

/* The member `name` of an object: OK; NOT_FOUND; REFUSED when it is there twice. */
enum status json_object_find(struct json object, struct span name, struct json *value) MUST_CHECK;

/* Appends the text of a JSON string, escapes resolved, to `out`. */
enum status json_string(struct json string, struct buf *out) MUST_CHECK;

/* Does the string's text, escapes resolved, equal `text`? */
bool json_string_is(struct json string, struct span text);

/* A whole number without fraction or exponent. */
enum status json_i64(struct json number, int64_t *out) MUST_CHECK;

#endif
