/* test/unit/test_email.c: what becomes of e-mail addresses, as written by people and programs. */
#include "address/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

struct accepted {
    const char *in, *text;
};

static void check_accepted(const struct accepted *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct address a, again;
        struct refusal why = {0};
        if (email_parse(span_of(rows[i].in), &a, &why) != OK)
            fail_msg("%s: refused: %s at %zu", rows[i].in, why.what, why.offset);
        assert_string_equal(a.text, rows[i].text);
        assert_int_equal(a.kind, ADDRESS_EMAIL);
        assert_int_equal(a.bytes, strlen(a.text));
        if (email_parse(address_span(&a), &again, &why) != OK)
            fail_msg("%s: its own text is refused: %s", a.text, why.what);
        assert_string_equal(again.text, a.text);
    }
}

struct refused {
    const char *in, *what;
    size_t offset;
};

static void check_refused(const struct refused *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct address a;
        struct refusal why = {0};
        if (email_parse(span_of(rows[i].in), &a, &why) == OK)
            fail_msg("%s: read as %s", rows[i].in, a.text);
        assert_string_equal(why.what, rows[i].what);
        if (why.offset != rows[i].offset)
            fail_msg("%s: offset %zu, not %zu", rows[i].in, why.offset, rows[i].offset);
        assert_int_equal(email_parse(span_of(rows[i].in), &a, NULL), REFUSED);
    }
}

#define ACCEPTED(rows)    check_accepted(rows, sizeof(rows) / sizeof *(rows))
#define REFUSED_ALL(rows) check_refused(rows, sizeof(rows) / sizeof *(rows))

static void reads_plain_addresses(void **state)
{
    (void)state;
    static const struct accepted rows[] = {
        {"jane@example.com", "jane@example.com"},
        {"JANE@EXAMPLE.COM", "jane@example.com"},
        {"Jane.Doe@Example.Com", "jane.doe@example.com"},
        {"jane+news@example.com", "jane+news@example.com"},
        {"j@e", "j@e"},
        {"jane@localhost", "jane@localhost"},
        {"jane@mail.example.co.uk", "jane@mail.example.co.uk"},
        {"jane@example.com.", "jane@example.com"},
        {"jane@3com.example", "jane@3com.example"},
        {"jane@foo_bar.example", "jane@foo_bar.example"},
        {"jane@r3---sn.example", "jane@r3---sn.example"},
        {"o'hara@example.com", "o'hara@example.com"},
        {"!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"},
        {"0123456789@example.com", "0123456789@example.com"},
        {"b=jane=example.com@example.net", "b=jane=example.com@example.net"},
    };
    ACCEPTED(rows);
}

static void dots_may_stand_anywhere_in_local_parts(void **state)
{
    (void)state;
    static const struct accepted rows[] = {
        {"foo..bar@docomo.example", "foo..bar@docomo.example"},
        {".foo@docomo.example", ".foo@docomo.example"},
        {"foo.@docomo.example", "foo.@docomo.example"},
        {"\"foo..bar\"@docomo.example", "foo..bar@docomo.example"},
        {"\"foo.\"@docomo.example", "foo.@docomo.example"},
        {"...@docomo.example", "...@docomo.example"},
    };
    ACCEPTED(rows);
}

static void blanks_around_are_dropped(void **state)
{
    (void)state;
    static const struct accepted rows[] = {
        {"  jane@example.com  ", "jane@example.com"},
        {"\tjane@example.com\r\n", "jane@example.com"},
        {"\u00a0jane@example.com\u00a0", "jane@example.com"},
        {"\u3000jane@example.com\u3000", "jane@example.com"},
        {"\u2003jane@example.com\u2028", "jane@example.com"},
        {"\ufeffjane@example.com", "jane@example.com"},
        {"\u200bjane@example.com\u200b", "jane@example.com"},
        {"\u202ajane@example.com\u202c", "jane@example.com"},
        {"\u2068jane@example.com\u2069", "jane@example.com"},
        {" \u200e \u00a0 jane@example.com", "jane@example.com"},
        {"<\u00a0jane@example.com\u200b>", "jane@example.com"},
    };
    ACCEPTED(rows);
}

static void quotes_stay_only_where_needed(void **state)
{
    (void)state;
    static const struct accepted rows[] = {
        {"\"john doe\"@example.com", "\"john doe\"@example.com"},
        {"\"John Doe\"@Example.Com", "\"john doe\"@example.com"},
        {"\"jane\"@example.com", "jane@example.com"},
        {"\"j\\ane\"@example.com", "jane@example.com"},
        {"\"john\\ doe\"@example.com", "\"john doe\"@example.com"},
        {"\"a@b\"@example.com", "\"a@b\"@example.com"},
        {"\"a\\\"b\"@example.com", "\"a\\\"b\"@example.com"},
        {"\"a\\\\b\"@example.com", "\"a\\\\b\"@example.com"},
        {"\"a\\,b\"@example.com", "\"a,b\"@example.com"},
        {"\"a<b>c\"@example.com", "\"a<b>c\"@example.com"},
        {"\"(a\"@example.com", "\"(a\"@example.com"},
        {"\" \"@example.com", "\" \"@example.com"},
        {"\" jane\"@example.com", "\" jane\"@example.com"},
        {"\"mailto:x\"@example.com", "\"mailto:x\"@example.com"},
        {"\"jörg\"@example.com", "jörg@example.com"},
        {"\"jörg k\"@example.com", "\"jörg k\"@example.com"},
    };
    ACCEPTED(rows);
}

static void folds_unicode(void **state)
{
    (void)state;
    static const struct accepted rows[] = {
        {"ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ", "jane@example.com"},
        {"ＪＡＮＥ＠ＥＸＡＭＰＬＥ．ＣＯＭ", "jane@example.com"},
        {"jane＠example.com", "jane@example.com"},
        {"jane﹫example.com", "jane@example.com"},
        {"jane@example。com", "jane@example.com"},
        {"jane@example｡com", "jane@example.com"},
        {"jane@example.com。", "jane@example.com"},
        {"JÖRG@example.com", "jörg@example.com"},
        {"jo\u0308rg@example.com", "jörg@example.com"},
        {"straße@example.com", "straße@example.com"},
        {"STRAẞE@example.com", "straße@example.com"},
        {"ΣΊΣΥΦΟΣ@example.com", "σίσυφοσ@example.com"},
        {"ИВАН@example.com", "иван@example.com"},
        {"用户@example.com", "用户@example.com"},
        {"ﬁona@example.com", "fiona@example.com"},
        {"Ⅳ@example.com", "iv@example.com"},
        {"ϴ@example.com", "θ@example.com"},
        {"İ@example.com", "i\u0307@example.com"},
        {"<ｊａｎｅ＠example.com>", "jane@example.com"},
        {"山田＜jane＠example.com＞", "jane@example.com"},
        {"＂john doe＂＠example.com", "\"john doe\"@example.com"},
    };
    ACCEPTED(rows);
}

static void international_domains_become_a_labels(void **state)
{
    (void)state;
    static const struct accepted rows[] = {
        {"jane@bücher.example", "jane@xn--bcher-kva.example"},
        {"jane@BÜCHER.example", "jane@xn--bcher-kva.example"},
        {"jane@bu\u0308cher.example", "jane@xn--bcher-kva.example"},
        {"jane@XN--BCHER-KVA.example", "jane@xn--bcher-kva.example"},
        {"jane@straße.example", "jane@xn--strae-oqa.example"},
        {"jane@strasse.example", "jane@strasse.example"},
        {"jane@例え。テスト", "jane@xn--r8jz45g.xn--zckzah"},
        {"jane@пример.испытание", "jane@xn--e1afmkfd.xn--80akhbyknj4f"},
        {"jane@مثال.إختبار", "jane@xn--mgbh0fb.xn--kgbechtv"},
        {"jane@www.bücher.example.", "jane@www.xn--bcher-kva.example"},
        /* Persian needs its zero-width non-joiner. */
        {"jane@نامه\u200cای.example", "jane@xn--mgba3gch31f060k.example"},
        /* Punycode that means nothing is still the name that the DNS has. */
        {"jane@xn--0.example", "jane@xn--0.example"},
    };
    ACCEPTED(rows);
}

static void address_literals_are_domains(void **state)
{
    (void)state;
    static const struct accepted rows[] = {
        {"jane@[192.0.2.1]", "jane@[192.0.2.1]"},
        {"jane@[IPv6:2001:DB8::1]", "jane@[ipv6:2001:db8::1]"},
        {"jane@[ipv6:2001:db8:0:0:0:0:0:1]", "jane@[ipv6:2001:db8::1]"},
        {"Jane <jane@[192.0.2.1]>", "jane@[192.0.2.1]"},
        {"jane@[192.0.2.1] (home)", "jane@[192.0.2.1]"},
    };
    ACCEPTED(rows);
}

static void finds_the_address_behind_names_and_comments(void **state)
{
    (void)state;
    static const struct accepted rows[] = {
        {"<jane@example.com>", "jane@example.com"},
        {"< jane@example.com >", "jane@example.com"},
        {"Jane <jane@example.com>", "jane@example.com"},
        {"Jane<jane@example.com>", "jane@example.com"},
        {"Jane (home) <jane@example.com>", "jane@example.com"},
        {"Jane <jane@example.com> (home)", "jane@example.com"},
        {"jane@example.com (Jane)", "jane@example.com"},
        {"jane@example.com(Jane)", "jane@example.com"},
        {"(Jane) jane@example.com", "jane@example.com"},
        {"(a (nested) one) jane@example.com (\\) escaped)", "jane@example.com"},
        {"(b@example.com) jane@example.com", "jane@example.com"},
        {"(one, two; three) jane@example.com", "jane@example.com"},
        {"\"Doe, Jane\" <jane@example.com>", "jane@example.com"},
        {"Doe, Jane <jane@example.com>", "jane@example.com"},
        {"\"Jane \\\"JD\\\" Doe\" <jane@example.com>", "jane@example.com"},
        {"\"jane@example.net\" <jane@example.com>", "jane@example.com"},
        {"jane@example.com <jane@example.com>", "jane@example.com"},
        {"\"<jane@example.net>\" <jane@example.com>", "jane@example.com"},
        {"\"a: b; c\" <jane@example.com>", "jane@example.com"},
        {"=?utf-8?Q?J=C3=B6rg?= <jane@example.com>", "jane@example.com"},
        {"=?utf-8?B?SsO2cmc=?= <jane@example.com>", "jane@example.com"},
        {"Jane <\"john doe\"@example.com>", "\"john doe\"@example.com"},
        {"Jane <\"a>b\"@example.com>", "\"a>b\"@example.com"},
        {"Jane <mailto:jane@example.com>", "jane@example.com"},
        {"株式会社＠ホーム <jane@example.com>", "jane@example.com"},
        {"（株）例 <jane@example.com>", "jane@example.com"},
    };
    ACCEPTED(rows);
}

/* Names in the forms that the Maintainer fields of package indexes have them. */
static void reads_maintainer_fields(void **state)
{
    (void)state;
    static const char *const names[] = {
        "Jane Doe",
        "Debian Example Team",
        "José Müller-Łukasiewicz",
        "Jane \"JD\" Doe",
        "\"Jane Q. Doe\"",
        "Jane Q. Doe, IV",
        "Doe, Jane",
        "Jane Doe (jd)",
        "Jane (JD) Doe",
        "O'Hara d'Example",
        "Nguyễn Văn Ví Dụ",
        "Ольга Примерова",
        "例 太郎",
        "Jane Doe & John Roe",
        "jane@example.org",
        "GNU/Linux Example [list]",
        "D. J. 'quoted' Example",
        "Example\u00a0Team",
        "مثال شخص",
        "J\u0301ane e\u0301",
        "Team 42 #1!",
        "Jane – Doe",
        "\"Doe; Jane\"",
        "x\\y",
        "Example C++ Team",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char line[ADDRESS_INPUT_MAX];
        (void)snprintf(line, sizeof line, "%s <Pkg-%zu@Lists.Example.Org>", names[i], i);
        char text[ADDRESS_TEXT_MAX];
        (void)snprintf(text, sizeof text, "pkg-%zu@lists.example.org", i);
        struct accepted row = {line, text};
        check_accepted(&row, 1);
    }
}

static void decodes_mailto(void **state)
{
    (void)state;
    static const struct accepted rows[] = {
        {"mailto:jane@example.com", "jane@example.com"},
        {"MAILTO:Jane@Example.com", "jane@example.com"},
        {" mailto:jane@example.com ", "jane@example.com"},
        {"<mailto:jane@example.com>", "jane@example.com"},
        {"mailto:jane%40example.com?subject=stop", "jane@example.com"},
        {"mailto:jane@example.com?subject=Hi,%20<you>", "jane@example.com"},
        {"mailto:jane@example.com#top", "jane@example.com"},
        {"mailto:jane+news@example.com", "jane+news@example.com"},
        {"mailto:jane%2Bnews@example.com", "jane+news@example.com"},
        {"mailto:%22not%40me%22@example.org", "\"not@me\"@example.org"},
        {"mailto:%22a%2Cb%22@example.org", "\"a,b\"@example.org"},
        {"mailto:j%C3%B6rg@b%C3%BCcher.example", "jörg@xn--bcher-kva.example"},
        {"mailto:jörg@example.com", "jörg@example.com"},
        {"mailto:gorby%25kremvax@example.com", "gorby%kremvax@example.com"},
    };
    ACCEPTED(rows);
}

static void refuses_what_is_no_address(void **state)
{
    (void)state;
    static const char no_at[] = "an e-mail address without an @ sign";
    static const char blank[] = "a blank inside the address";
    static const char quoted_only[] = "a character that only a quoted local part may have";
    static const struct refused rows[] = {
        {"", "an empty address", 0},
        {"   ", "an empty address", 3},
        {"<>", "an empty address", 1},
        {"(Jane)", "an empty address", 0},
        {"jane", no_at, 0},
        {"  jane doe", no_at, 2},
        {"Jane <jane>", no_at, 6},
        {"@", "an empty local part", 0},
        {"@example.com", "an empty local part", 0},
        {"\"\"@example.com", "an empty local part", 0},
        {"<@a,@b:jane@example.com>", "an empty local part", 1},
        {"jane@", "an empty domain", 5},
        {"jane doe@example.com", blank, 4},
        {"jane @example.com", blank, 4},
        {"jane@ example.com", blank, 5},
        {"jane@exam ple.com", blank, 9},
        {"jane\u00a0doe@example.com", blank, 0},
        {"jane (home) doe@example.com", blank, 4},
        {"ja(x)ne@example.com", quoted_only, 2},
        {"ja[ne@example.com", quoted_only, 2},
        {"ja\\ne@example.com", quoted_only, 2},
        {"ja\"ne\"@example.com", quoted_only, 2},
        {"\"ja\"ne@example.com", "a quoted local part without an @ sign behind it", 4},
        {"jane@doe@example.com", "more than one @ sign", 8},
        {"jane\x01@example.com", "a control character", 4},
        {"jane\x7f@example.com", "a control character", 4},
        {"\"a\tb\"@example.com", "a control character", 2},
        {"jane@exam\x02ple.com", "a control character", 9},
        {"ja\u200bne@example.com", "an invisible character inside the address", 0},
        {"ja\u00adne@example.com", "an invisible character inside the address", 0},
        {"ja\u202ene@example.com", "an invisible character inside the address", 0},
        {"jane@exam\u200bple.com", "an invisible character inside the address", 0},
        {"jane\xc2\x81@example.com", "a control character", 0},
        {"\"a\\ö\"@example.com", "a backslash before nothing that it may stand before", 0},
    };
    REFUSED_ALL(rows);
}

static void refuses_malformed_domains(void **state)
{
    (void)state;
    static const char empty[] = "an empty domain label";
    static const char hyphen[] = "a hyphen at an end of a domain label";
    static const char literal[] = "an address literal that is no IP address";
    static const char no_domain[] = "a character that no domain may have";
    static const struct refused rows[] = {
        {"jane@.example.com", empty, 5},
        {"jane@example..com", empty, 13},
        {"jane@example.com..", empty, 17},
        {"jane@.", empty, 5},
        {"jane@-example.com", hyphen, 5},
        {"jane@example-.com", hyphen, 5},
        {"jane@example.com-", hyphen, 13},
        {"jane@exa!mple.com", no_domain, 8},
        {"'jane@example.com'", no_domain, 17},
        {"jane@example.com/news", no_domain, 16},
        {"jane@[192.0.2]", literal, 6},
        {"jane@[192.0.2.256]", literal, 6},
        {"jane@[192.0.2.1", literal, 5},
        {"jane@[192.0.2.1]x", literal, 5},
        {"jane@[]", literal, 6},
        {"jane@[2001:db8::1]", literal, 6},
        {"jane@[IPv6:2001:db8]", literal, 11},
        {"jane@[IPv6:192.0.2.1]", literal, 11},
        {"jane@[tag:content]", literal, 6},
        {"jane@аאb.example", "a domain label that breaks the rules of right-to-left names", 0},
        {"jane@a\u200cb.example", "an invisible joiner where the domain may not have one", 0},
    };
    REFUSED_ALL(rows);
}

static void refuses_more_than_one_address(void **state)
{
    (void)state;
    static const char many[] = "more than one address";
    static const char group[] = "a group of addresses";
    static const char open[] = "a quote, parenthesis or angle bracket that is not closed";
    static const struct refused rows[] = {
        {"a@example.com, b@example.com", many, 13},
        {"a@example.com; b@example.com", many, 13},
        {"a@example.com,", many, 13},
        {"A <a@example.com>, B <b@example.com>", many, 17},
        {"<a@example.com> <b@example.com>", many, 16},
        {"a@example.com, B <b@example.com>", many, 13},
        {"mailto:a@example.com,b@example.com", many, 20},
        {"friends: a@example.com, b@example.com;", group, 7},
        {"undisclosed-recipients:;", group, 22},
        {"<jane@example.com> Jane", "text behind the address", 19},
        {"Jane <jane@example.com", open, 5},
        {"\"Jane <jane@example.com>", open, 0},
        {"Jane (home <jane@example.com>", open, 5},
        {"\"jane@example.com", open, 0},
        {"mailto:jane%4", "a percent sign without two hex digits", 11},
        {"mailto:jane%zz@example.com", "a percent sign without two hex digits", 11},
        {"mailto:", "an empty address", 7},
        {"mailto:?to=jane@example.com", "an empty address", 7},
        {"mailto:jane%00@example.com", "a zero byte", 7},
        {"mailto:jane%ff@example.com", "not valid UTF-8", 7},
    };
    REFUSED_ALL(rows);
}

static void refuses_bytes_that_are_no_text(void **state)
{
    (void)state;
    static const struct refused rows[] = {
        {"jane\xff@example.com", "not valid UTF-8", 4},
        {"J\xfcrgen <jane@example.com>", "not valid UTF-8", 1},
        {"jane\xc0\xaf@example.com", "not valid UTF-8", 4},
        {"jane\xed\xa0\x80@example.com", "not valid UTF-8", 4},
        {"jane@example.com\xe3\x80", "not valid UTF-8", 16},
    };
    REFUSED_ALL(rows);
    struct address a;
    struct refusal why;
    assert_int_equal(email_parse(SPAN("jane\0@example.com"), &a, &why), REFUSED);
    assert_string_equal(why.what, "a zero byte");
    assert_int_equal(why.offset, 4);
}

/* `local` times `l`, an `@`, and labels of at most 63 bytes that make `domain` bytes together. */
static struct span sized(char *room, size_t local, size_t domain)
{
    memset(room, 'l', local);
    room[local] = '@';
    for (size_t i = 0; i < domain; i++)
        room[local + 1 + i] = i % 50 == 49 && i + 1 < domain ? '.' : 'd';
    return (struct span){room, local + 1 + domain};
}

static void lengths_have_their_limits(void **state)
{
    (void)state;
    static const struct {
        size_t local, domain;
        const char *what;
    } rows[] = {
        {64, 11, NULL},
        {65, 11, "a local part longer than 64 bytes"},
        {64, 189, NULL},
        {64, 190, "an e-mail address longer than 254 bytes"},
        {1, 252, NULL},
        {1, 253, "an e-mail address longer than 254 bytes"},
        {1, 254, "a domain longer than 253 bytes"},
        {1, 600, "a domain longer than 253 bytes"},
        {1, 1023, "longer than an address may be written"},
    };
    char room[2 * ADDRESS_INPUT_MAX];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct address a;
        struct refusal why = {0};
        enum status s = email_parse(sized(room, rows[i].local, rows[i].domain), &a, &why);
        assert_int_equal(s, rows[i].what ? REFUSED : OK);
        if (rows[i].what)
            assert_string_equal(why.what, rows[i].what);
    }
}

static void labels_and_quoted_locals_have_limits_too(void **state)
{
    (void)state;
    struct address a;
    struct refusal why;
    char text[200];
    (void)snprintf(text, sizeof text, "j@%063d.example", 0);
    assert_int_equal(email_parse(span_of(text), &a, &why), OK);
    (void)snprintf(text, sizeof text, "j@%064d.example", 0);
    assert_int_equal(email_parse(span_of(text), &a, &why), REFUSED);
    assert_string_equal(why.what, "a domain label longer than 63 bytes");
    (void)snprintf(text, sizeof text, "j@ü%060d.example", 0);
    assert_int_equal(email_parse(span_of(text), &a, &why), REFUSED);
    assert_string_equal(why.what, "a domain label longer than 63 bytes");
    (void)snprintf(text, sizeof text, "\"%061d \"@example.com", 0);
    assert_int_equal(email_parse(span_of(text), &a, &why), OK);
    (void)snprintf(text, sizeof text, "\"%062d \"@example.com", 0);
    assert_int_equal(email_parse(span_of(text), &a, &why), REFUSED);
    assert_string_equal(why.what, "a local part longer than 64 bytes");
}

/* Writes the code point as UTF-8 and gives its length. */
static size_t utf8_write(uint32_t c, char *out)
{
    if (c < 0x80)
        return out[0] = (char)c, 1;
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)((0xf00u >> n & 0xf0) | c);
    return n;
}

static void every_code_point_is_stable_once_read(void **state)
{
    (void)state;
    size_t read = 0;
    for (uint32_t c = 1; c < 0x110000; c++) {
        char text[40] = "a";
        size_t n = 1 + utf8_write(c, text + 1);
        memcpy(text + n, "b@example.com", 14);
        struct address a, again;
        if ((c >= 0xd800 && c < 0xe000) || email_parse(span_of(text), &a, NULL) != OK)
            continue;
        assert_int_equal(email_parse(address_span(&a), &again, NULL), OK);
        assert_string_equal(again.text, a.text);
        read++;
    }
    assert_true(read > 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_plain_addresses),
        cmocka_unit_test(dots_may_stand_anywhere_in_local_parts),
        cmocka_unit_test(blanks_around_are_dropped),
        cmocka_unit_test(quotes_stay_only_where_needed),
        cmocka_unit_test(folds_unicode),
        cmocka_unit_test(international_domains_become_a_labels),
        cmocka_unit_test(address_literals_are_domains),
        cmocka_unit_test(finds_the_address_behind_names_and_comments),
        cmocka_unit_test(reads_maintainer_fields),
        cmocka_unit_test(decodes_mailto),
        cmocka_unit_test(refuses_what_is_no_address),
        cmocka_unit_test(refuses_malformed_domains),
        cmocka_unit_test(refuses_more_than_one_address),
        cmocka_unit_test(refuses_bytes_that_are_no_text),
        cmocka_unit_test(lengths_have_their_limits),
        cmocka_unit_test(labels_and_quoted_locals_have_limits_too),
        cmocka_unit_test(every_code_point_is_stable_once_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
