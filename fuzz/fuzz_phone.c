/* fuzz/fuzz_phone.c: whatever is read as a phone number is E.164 and reads as itself again.
 *
 * The first two bytes are the default country when they are capitals of a known one; the rest is
 * the number as written.
 */
#include "address/phone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char nowhere[3] = ""; /* no default country */

static void check_e164(struct span s)
{
    enum { LEAST = 7, MOST = 15 };
    INVARIANT(s.n >= 1 + LEAST && s.n <= 1 + MOST && s.p[0] == '+' && s.p[1] != '0');
    for (size_t i = 1; i < s.n; i++)
        INVARIANT(ascii_is_digit(s.p[i]));
    INVARIANT(s.p[s.n] == 0);
}

static void check_same(const struct address *a, const char country[3])
{
    struct address again;
    INVARIANT(phone_parse(address_span(a), country, &again, NULL) == OK);
    INVARIANT(span_eq(address_span(a), address_span(&again)));
}

static bool has_form(const struct address *forms, size_t n, const struct address *a)
{
    for (size_t i = 0; i < n; i++)
        if (span_eq(address_span(&forms[i]), address_span(a)))
            return true;
    return false;
}

static void check_forms(const struct address *a)
{
    struct address forms[ADDRESS_FORMS_MAX], others[ADDRESS_FORMS_MAX];
    size_t n = phone_forms(a, forms);
    INVARIANT(n >= 1 && n <= ADDRESS_FORMS_MAX);
    INVARIANT(span_eq(address_span(&forms[0]), address_span(a)));
    for (size_t i = 0; i < n; i++) {
        check_e164(address_span(&forms[i]));
        INVARIANT(phone_forms(&forms[i], others) == n);
        for (size_t j = 0; j < n; j++)
            INVARIANT(has_form(others, n, &forms[j]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = {(const char *)data, size};
    char country[3] = "";
    struct address a;
    struct refusal why = {NULL, SIZE_MAX};
    if (size >= 2) {
        country[0] = in.p[0];
        country[1] = in.p[1];
        in = span_from(in, 2);
    }
    if (!phone_country_known(country))
        country[0] = 0;
    if (phone_parse(in, country, &a, &why) != OK) {
        INVARIANT(why.what && why.offset <= in.n);
        return 0;
    }
    check_e164(address_span(&a));
    check_same(&a, nowhere);
    check_same(&a, country);
    check_forms(&a);
    INVARIANT(strlen(phone_country(&a)) != 1);
    return 0;
}
