/* test/unit/test_address.c: the kinds of addresses told apart, their digests and their ids. */
#include "address/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

#define UUID          "6d92078a-8246-4ba4-ae5b-76104861e7dc"
#define MD5_OF_ABC    "900150983cd24fb0d6963f7d28e17f72"
#define SHA1_OF_ABC   "a9993e364706816aba3e25717850c26c9cd0d89d"
#define SHA256_OF_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SHA512_OF_ABC                                                                              \
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"                             \
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"

static struct address read_address(const char *text)
{
    struct address a;
    struct refusal why = {0};
    if (address_parse(span_of(text), NULL, &a, &why) != OK)
        fail_msg("%s: refused: %s", text, why.what);
    return a;
}

static void kinds_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        enum address_kind kind;
        const char *text;
    } rows[] = {
        {"jane@example.com", ADDRESS_EMAIL, "jane@example.com"},
        {" Jane <JANE@example.com> ", ADDRESS_EMAIL, "jane@example.com"},
        {"mailto:jane@example.com", ADDRESS_EMAIL, "jane@example.com"},
        {"jane＠example.com", ADDRESS_EMAIL, "jane@example.com"},
        {"+14155550100@example.com", ADDRESS_EMAIL, "+14155550100@example.com"},
        {UUID "@example.com", ADDRESS_EMAIL, UUID "@example.com"},
        {"+14155550100", ADDRESS_PHONE, "+14155550100"},
        {"+1 (415) 555-0100", ADDRESS_PHONE, "+14155550100"},
        {"tel:+1-415-555-0100", ADDRESS_PHONE, "+14155550100"},
        {"＋１４１５５５５０１００", ADDRESS_PHONE, "+14155550100"},
        {"device:" UUID, ADDRESS_DEVICE, UUID},
        {"DEVICE:6D92078A-8246-4BA4-AE5B-76104861E7DC", ADDRESS_DEVICE, UUID},
        {"device:{" UUID "}", ADDRESS_DEVICE, UUID},
        {"device:6d92078a82464ba4ae5b76104861e7dc", ADDRESS_DEVICE, UUID},
        {"device: " UUID "\n", ADDRESS_DEVICE, UUID},
        {"cookie:Abc_1", ADDRESS_COOKIE, "cookie:Abc_1"},
        {"Cookie:jane@example.com", ADDRESS_COOKIE, "cookie:jane@example.com"},
        {"cookie:!~", ADDRESS_COOKIE, "cookie:!~"},
        {"cookie:md5:x", ADDRESS_COOKIE, "cookie:md5:x"},
        {"md5:" MD5_OF_ABC, ADDRESS_DIGEST, "md5:" MD5_OF_ABC},
        {"MD5:900150983CD24FB0D6963F7D28E17F72", ADDRESS_DIGEST, "md5:" MD5_OF_ABC},
        {"sha1:" SHA1_OF_ABC, ADDRESS_DIGEST, "sha1:" SHA1_OF_ABC},
        {"sha1:qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", ADDRESS_DIGEST, "sha1:" SHA1_OF_ABC},
        {"sha1:qZk-NkcGgWq6PiVxeFDCbJzQ2J0", ADDRESS_DIGEST, "sha1:" SHA1_OF_ABC},
        {"sha256:" SHA256_OF_ABC, ADDRESS_DIGEST, "sha256:" SHA256_OF_ABC},
        {"sha256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", ADDRESS_DIGEST,
         "sha256:" SHA256_OF_ABC},
        {"SHA256: ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0 ", ADDRESS_DIGEST,
         "sha256:" SHA256_OF_ABC},
        {"sha512:" SHA512_OF_ABC, ADDRESS_DIGEST, "sha512:" SHA512_OF_ABC},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct address a = read_address(rows[i].in);
        assert_int_equal(a.kind, rows[i].kind);
        assert_string_equal(a.text, rows[i].text);
        assert_int_equal(a.bytes, strlen(a.text));
    }
}

static void refusals_say_what_and_where(void **state)
{
    (void)state;
    static const char nothing[] =
        "neither an e-mail address, a phone number, a device id, a cookie id nor a digest";
    static const char no_prefix[] =
        "a digest without its prefix, write md5:, sha1:, sha256: or sha512: before it";
    static const char no_digest[] =
        "a digest that is neither hex nor Base64 of its family's length";
    static const char no_uuid[] = "a device id that is no UUID";
    static const struct {
        const char *in, *what;
        size_t offset;
    } rows[] = {
        {"", "an empty address", 0},
        {" \n", "an empty address", 2},
        {" jane", nothing, 1},
        {"call me", nothing, 0},
        {"---", nothing, 0},
        {"foo:bar", nothing, 0},
        {UUID, "a device id without its prefix, write device: before it", 0},
        {"{" UUID "}", "a device id without its prefix, write device: before it", 0},
        {MD5_OF_ABC,
         "an MD5 digest or a device id without its prefix, write md5: or device: before it", 0},
        {SHA1_OF_ABC, no_prefix, 0},
        {SHA256_OF_ABC, no_prefix, 0},
        {SHA512_OF_ABC, no_prefix, 0},
        {"ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", no_prefix, 0},
        {"device:", no_uuid, 7},
        {"device:6d92078a-8246-4ba4-ae5b-76104861e7d", no_uuid, 7},
        {" device: 6d92078a-82464-ba4-ae5b-76104861e7dc", no_uuid, 9},
        {"device:6d92078a-8246-4ba4-ae5b-76104861e7dg", no_uuid, 7},
        {"device:{" UUID, no_uuid, 7},
        {"device:00000000-0000-0000-0000-000000000000",
         "the all-zero device id, which phones send for nobody", 7},
        {"cookie:", "an empty cookie id", 7},
        {"cookie:a b", "a character that is not printable ASCII in a cookie id", 8},
        {"cookie:ä", "a character that is not printable ASCII in a cookie id", 7},
        {"sha256:", no_digest, 7},
        {"md5:" SHA1_OF_ABC, no_digest, 4},
        {"sha256:" MD5_OF_ABC, no_digest, 7},
        {"md5:900150983cd24fb0d6963f7d28e17f7x", "a digest with characters that are no hex digits",
         4},
        {"md5:kAFQmDzST7DWlj99KOF/cg==", "an MD5 digest in Base64, which is read in hex only", 4},
        {" Jane <jane@.example>", "an empty domain label", 12},
        {"jane\xff@example.com", "not valid UTF-8", 4},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct address a;
        struct refusal why = {0};
        if (address_parse(span_of(rows[i].in), NULL, &a, &why) != REFUSED)
            fail_msg("%s: read as %s", rows[i].in, a.text);
        assert_string_equal(why.what, rows[i].what);
        if (why.offset != rows[i].offset)
            fail_msg("%s: offset %zu, not %zu", rows[i].in, why.offset, rows[i].offset);
    }
}

static void zero_bytes_and_long_inputs_are_refused(void **state)
{
    (void)state;
    struct address a;
    struct refusal why;
    assert_int_equal(address_parse(SPAN("cookie:a\0b"), NULL, &a, &why), REFUSED);
    assert_string_equal(why.what, "a zero byte");
    assert_int_equal(why.offset, 8);
    char text[ADDRESS_INPUT_MAX + 1];
    memset(text, ' ', sizeof text);
    memcpy(text, "cookie:x", 8);
    assert_int_equal(address_parse((struct span){text, ADDRESS_INPUT_MAX}, NULL, &a, &why), OK);
    assert_int_equal(address_parse((struct span){text, sizeof text}, NULL, &a, &why), REFUSED);
    assert_int_equal(why.offset, ADDRESS_INPUT_MAX);
}

static void cookies_have_at_most_128_characters(void **state)
{
    (void)state;
    struct address a;
    struct refusal why;
    char text[7 + COOKIE_MAX + 1];
    memcpy(text, "cookie:", 7);
    memset(text + 7, 'c', COOKIE_MAX + 1);
    assert_int_equal(address_parse((struct span){text, sizeof text - 1}, NULL, &a, &why), OK);
    assert_int_equal(a.bytes, 7 + COOKIE_MAX);
    assert_int_equal(address_parse((struct span){text, sizeof text}, NULL, &a, &why), REFUSED);
    assert_int_equal(why.offset, 7 + COOKIE_MAX);
}

static void national_numbers_need_a_country(void **state)
{
    (void)state;
    struct address a;
    struct refusal why;
    struct address_options us = {.country = "US"};
    assert_int_equal(address_parse(SPAN("(415) 555-0100"), NULL, &a, &why), REFUSED);
    assert_int_equal(address_parse(SPAN("(415) 555-0100"), &us, &a, &why), OK);
    assert_string_equal(a.text, "+14155550100");
}

static void printed_addresses_read_back(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "jane@example.com",
        "\"john doe\"@example.com",
        "+14155550100",
        "device:" UUID,
        "cookie:Abc",
        "md5:" MD5_OF_ABC,
        "sha1:" SHA1_OF_ABC,
        "sha256:" SHA256_OF_ABC,
        "sha512:" SHA512_OF_ABC,
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct address a = read_address(rows[i]);
        char text[ADDRESS_TEXT_MAX + 8];
        address_print(&a, text);
        assert_string_equal(text, rows[i]);
    }
}

static void digests_are_guessed_by_their_length(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        enum hash_name family;
    } rows[] = {
        {MD5_OF_ABC, HASH_MD5},
        {SHA1_OF_ABC, HASH_SHA1},
        {SHA256_OF_ABC, HASH_SHA256},
        {SHA512_OF_ABC, HASH_SHA512},
        {"qZk-NkcGgWq6PiVxeFDCbJzQ2J0", HASH_SHA1},
        {" ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=\r\n", HASH_SHA256},
    };
    enum hash_name family;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(digest_guess(span_of(rows[i].in), &family), OK);
        assert_int_equal(family, rows[i].family);
    }
    assert_int_equal(digest_guess(SPAN("jane@example.com"), &family), NOT_FOUND);
    assert_int_equal(digest_guess(SPAN(""), &family), NOT_FOUND);
    assert_int_equal(digest_guess(SPAN("kAFQmDzST7DWlj99KOF/cg=="), &family), NOT_FOUND);
}

static void assert_digest(const char *address, enum hash_name family, const char *hex)
{
    uint8_t digest[HASH_BYTES_MAX];
    char text[2 * HASH_BYTES_MAX + 1];
    struct address a = read_address(address);
    assert_int_equal(address_digest(&a, family, digest), OK);
    hex_encode(digest, hash_bytes(family), text);
    assert_string_equal(text, hex);
}

/* As sha256sum and md5sum of the text give them. */
static void digests_are_those_of_the_normalised_text(void **state)
{
    (void)state;
    assert_digest("Jane@Example.com", HASH_SHA256,
                  "8c87b489ce35cf2e2f39f80e282cb2e804932a56a213983eeeb428407d43b52d");
    assert_digest("Jane@Example.com", HASH_MD5, "9e26471d35a78862c17e467d87cddedf");
    assert_digest("sha256:" SHA256_OF_ABC, HASH_SHA256, SHA256_OF_ABC);
    assert_digest("md5:" MD5_OF_ABC, HASH_MD5, MD5_OF_ABC);
}

static void devices_are_hashed_bare_and_cookies_with_their_prefix(void **state)
{
    (void)state;
    static const struct {
        const char *address, *hashed;
    } rows[] = {{"device:6D92078A-8246-4BA4-AE5B-76104861E7DC", UUID},
                {"COOKIE:Abc", "cookie:Abc"},
                {"+1 415 555 0100", "+14155550100"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t digest[HASH_BYTES_MAX];
        char hex[2 * SHA256_BYTES + 1];
        hash_digest(HASH_SHA256, span_of(rows[i].hashed), digest);
        hex_encode(digest, SHA256_BYTES, hex);
        assert_digest(rows[i].address, HASH_SHA256, hex);
    }
}

static void a_digest_has_no_other_digest(void **state)
{
    (void)state;
    uint8_t digest[HASH_BYTES_MAX];
    struct address a = read_address("md5:" MD5_OF_ABC);
    assert_int_equal(address_digest(&a, HASH_SHA256, digest), NOT_FOUND);
}

static struct id_key test_key(uint8_t first)
{
    struct secret master = {{first, 2, 3}};
    struct id_key key;
    id_key_derive(&master, &key);
    return key;
}

static void an_address_and_its_digest_have_one_id(void **state)
{
    (void)state;
    struct id_key key = test_key(1);
    struct address jane = read_address("jane@example.com");
    struct id own[ADDRESS_IDS_MAX], listed[ADDRESS_IDS_MAX];
    size_t n = address_ids(&key, &jane, ~0u, own);
    assert_int_equal(n, HASH_NAMES);
    for (unsigned family = 0; family < HASH_NAMES; family++) {
        struct address digest;
        uint8_t bytes[HASH_BYTES_MAX];
        char hex[2 * HASH_BYTES_MAX + 1];
        assert_int_equal(address_digest(&jane, (enum hash_name)family, bytes), OK);
        hex_encode(bytes, hash_bytes((enum hash_name)family), hex);
        assert_int_equal(digest_parse(span_of(hex), (enum hash_name)family, &digest, NULL), OK);
        assert_int_equal(address_ids(&key, &digest, ~0u, listed), 1);
        assert_true(id_equal(listed[0], own[family]));
    }
}

static void the_first_id_is_that_of_the_sha256(void **state)
{
    (void)state;
    struct id_key key = test_key(1);
    struct address jane = read_address("jane@example.com");
    struct id ids[ADDRESS_IDS_MAX];
    uint8_t digest[HASH_BYTES_MAX];
    assert_int_equal(address_digest(&jane, HASH_SHA256, digest), OK);
    assert_int_equal(address_ids(&key, &jane, 0, ids), 1);
    assert_true(id_equal(ids[0], id_of_digest(&key, HASH_SHA256, digest)));
    assert_int_equal(address_ids(&key, &jane, FAMILY_BIT(HASH_SHA1), ids), 2);
    assert_int_equal(address_digest(&jane, HASH_SHA1, digest), OK);
    assert_true(id_equal(ids[1], id_of_digest(&key, HASH_SHA1, digest)));
}

static void equivalent_phones_share_their_ids(void **state)
{
    (void)state;
    struct id_key key = test_key(1);
    struct address phone = read_address("+525512345678"), forms[ADDRESS_FORMS_MAX];
    struct id ids[ADDRESS_IDS_MAX], theirs[ADDRESS_IDS_MAX];
    size_t n = address_forms(&phone, forms);
    assert_string_equal(forms[0].text, phone.text);
    assert_true(n > 1);
    assert_int_equal(address_ids(&key, &phone, 0, ids), n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(address_ids(&key, &forms[i], 0, theirs), n);
        assert_true(id_equal(theirs[0], ids[i]));
    }
}

static void only_phones_have_other_forms(void **state)
{
    (void)state;
    struct address jane = read_address("jane@example.com"), forms[ADDRESS_FORMS_MAX];
    assert_int_equal(address_forms(&jane, forms), 1);
    assert_string_equal(forms[0].text, "jane@example.com");
}

static void ids_depend_on_the_key_and_the_family(void **state)
{
    (void)state;
    struct id_key one = test_key(1), other = test_key(9);
    uint8_t digest[HASH_BYTES_MAX] = {7};
    struct id id = id_of_digest(&one, HASH_SHA256, digest);
    assert_false(id_equal(id, id_of_digest(&other, HASH_SHA256, digest)));
    for (unsigned family = HASH_MD5; family < HASH_NAMES; family++)
        assert_false(id_equal(id, id_of_digest(&one, (enum hash_name)family, digest)));
}

static void ids_are_stored_little_endian(void **state)
{
    (void)state;
    static const uint8_t stored[ID_BYTES] = {8, 7, 6, 5, 4, 3, 2, 1, 12, 11, 10, 9};
    struct id id = {0x0102030405060708, 0x090a0b0c};
    uint8_t out[ID_BYTES];
    id_store(id, out);
    assert_memory_equal(out, stored, ID_BYTES);
    assert_true(id_equal(id_load(out), id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_told_apart),
        cmocka_unit_test(refusals_say_what_and_where),
        cmocka_unit_test(zero_bytes_and_long_inputs_are_refused),
        cmocka_unit_test(cookies_have_at_most_128_characters),
        cmocka_unit_test(national_numbers_need_a_country),
        cmocka_unit_test(printed_addresses_read_back),
        cmocka_unit_test(digests_are_guessed_by_their_length),
        cmocka_unit_test(digests_are_those_of_the_normalised_text),
        cmocka_unit_test(devices_are_hashed_bare_and_cookies_with_their_prefix),
        cmocka_unit_test(a_digest_has_no_other_digest),
        cmocka_unit_test(an_address_and_its_digest_have_one_id),
        cmocka_unit_test(the_first_id_is_that_of_the_sha256),
        cmocka_unit_test(equivalent_phones_share_their_ids),
        cmocka_unit_test(only_phones_have_other_forms),
        cmocka_unit_test(ids_depend_on_the_key_and_the_family),
        cmocka_unit_test(ids_are_stored_little_endian),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
