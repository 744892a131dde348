/* fuzz/fuzz_email.c: email_parse over any bytes.
 *
 * What is read stays what it is: read again, bare or in any dress, it gives the same text, within
 * the limits. What is refused has a reason and a place within the input.
 */
#include "address/address.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Does the text, between those two, read as the same address? */
static void reads_within(const char *before, const struct address *a, const char *after)
{
    char text[ADDRESS_INPUT_MAX];
    struct address again;
    struct refusal why;
    int n = snprintf(text, sizeof text, "%s%s%s", before, a->text, after);
    INVARIANT(n > 0 && (size_t)n < sizeof text);
    INVARIANT(email_parse((struct span){text, (size_t)n}, &again, &why) == OK);
    INVARIANT(span_eq(address_span(&again), address_span(a)));
}

static void is_normal(const struct address *a)
{
    const char *at = strrchr(a->text, '@');
    INVARIANT(a->kind == ADDRESS_EMAIL && a->bytes == strlen(a->text) && a->bytes <= EMAIL_MAX);
    INVARIANT(at && at > a->text && at - a->text <= EMAIL_LOCAL_MAX);
    for (const char *p = at + 1; *p; p++)
        INVARIANT(*p > ' ' && *p < 0x7f && *p == ascii_lower(*p));
    INVARIANT(at[1] != '\0' && utf8_valid(address_span(a)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct address a, any;
    struct refusal why = {0};
    struct span in = {(const char *)data, size};
    if (email_parse(in, &a, &why) != OK) {
        INVARIANT(why.what && why.offset <= size);
        return 0;
    }
    is_normal(&a);
    INVARIANT(address_parse(address_span(&a), NULL, &any, &why) == OK);
    INVARIANT(span_eq(address_span(&any), address_span(&a)));
    reads_within("", &a, "");
    reads_within(" \u3000", &a, "\r\n");
    reads_within("<", &a, ">");
    reads_within("", &a, " (J\u00f6rg)");
    reads_within("\"Doe, Jane \\\"J\\\"\" (home) <", &a, "> (x)");
    return 0;
}
