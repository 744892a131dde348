/* test/unit/test_base.c: the ground that everything stands on: status, span, mem, clock, hash,
 * secret and file. json and input have tests of their own.
 */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* --- status ---------------------------------------------------------------------------------- */

static void every_status_has_words(void **state)
{
    (void)state;
    for (unsigned s = 0; s < STATUS_COUNT; s++)
        assert_true(strlen(status_text((enum status)s)) > 0);
}

static void errno_values_map_to_what_can_be_done(void **state)
{
    (void)state;
    static const struct {
        int err;
        enum status status;
    } cases[] = {{0, OK},
                 {ENOENT, NOT_FOUND},
                 {ENOMEM, NO_MEMORY},
                 {ENOSPC, NO_SPACE},
                 {EDQUOT, NO_SPACE},
                 {EROFS, NO_ACCESS},
                 {EACCES, NO_ACCESS},
                 {EAGAIN, BUSY},
                 {EIO, IO_FAILED},
                 {EBADF, IO_FAILED}};
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(status_of_errno(cases[i].err), cases[i].status);
}

static void refusals_and_problems_may_go_unheard(void **state)
{
    (void)state;
    struct refusal why;
    assert_int_equal(refuse(&why, "no digit", 7), REFUSED);
    assert_string_equal(why.what, "no digit");
    assert_int_equal(why.offset, 7);
    assert_int_equal(refuse(NULL, "no digit", 7), REFUSED);
    assert_int_equal(problem_set(NULL, BUSY, "%s", "taken"), BUSY);
    errno = ENOSPC;
    assert_int_equal(problem_errno(NULL, "cannot write"), NO_SPACE);
}

static void problems_say_what_and_why(void **state)
{
    (void)state;
    struct problem p;
    errno = ENOENT;
    assert_int_equal(problem_errno(&p, "cannot read %s", "list.csv"), NOT_FOUND);
    assert_string_equal(p.text, "cannot read list.csv: No such file or directory");
    assert_int_equal(problem_set(&p, BUSY, "%d readers", 3), BUSY);
    assert_string_equal(p.text, "3 readers");
}

static void long_problems_are_cut(void **state)
{
    (void)state;
    struct problem p;
    errno = EIO;
    assert_int_equal(problem_errno(&p, "%*s", 2 * PROBLEM_BYTES, "x"), IO_FAILED);
    assert_int_equal(strlen(p.text), PROBLEM_BYTES - 1);
}

static void a_failure_without_errno_is_no_success(void **state)
{
    (void)state;
    errno = 0;
    assert_int_equal(problem_errno(NULL, "cannot read"), IO_FAILED);
}

static void a_broken_invariant_stops_the_process(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        (void)close(STDERR_FILENO);
        (void)signal(SIGABRT, SIG_DFL);
        INVARIANT(child != 0);
        _exit(0);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGABRT);
}

/* --- span ------------------------------------------------------------------------------------ */

static void spans_are_cut_within_themselves(void **state)
{
    (void)state;
    struct span s = SPAN("opt-out"), none = {NULL, 0};
    assert_true(span_eq(span_from(s, 4), SPAN("out")));
    assert_int_equal(span_from(s, 7).n, 0);
    assert_int_equal(span_from(s, 99).n, 0);
    assert_true(span_eq(span_cut(s, 3), SPAN("opt")));
    assert_int_equal(span_cut(s, 99).n, 7);
    assert_int_equal(span_from(none, 5).n, 0);
    assert_null(span_from(none, 5).p);
    assert_int_equal(span_of(NULL).n, 0);
}

static void spans_are_compared_by_bytes_or_letters(void **state)
{
    (void)state;
    assert_true(span_eq(SPAN("a\0b"), SPAN("a\0b")));
    assert_false(span_eq(SPAN("a\0b"), SPAN("a\0c")));
    assert_false(span_eq(SPAN("a"), SPAN("A")));
    assert_true(span_eq((struct span){NULL, 0}, SPAN("")));
    assert_true(span_eq_fold(SPAN("STOP-1"), SPAN("stop-1")));
    assert_false(span_eq_fold(SPAN("stop"), SPAN("stops")));
    assert_false(span_eq_fold(SPAN("@["), SPAN("`{")));
    assert_true(span_starts(SPAN("mailto:x"), SPAN("mailto:")));
    assert_false(span_starts(SPAN("mail"), SPAN("mailto:")));
    assert_true(span_starts_fold(SPAN("MailTo:x"), SPAN("mailto:")));
}

static void spans_are_trimmed_and_searched(void **state)
{
    (void)state;
    assert_true(span_eq(span_trim(SPAN(" \t\r\n\v\fa b\r\n")), SPAN("a b")));
    assert_int_equal(span_trim(SPAN(" \t ")).n, 0);
    assert_int_equal(span_trim((struct span){NULL, 0}).n, 0);
    assert_true(span_eq(span_trim(SPAN("\xc2\xa0")), SPAN("\xc2\xa0")));
    assert_int_equal(span_find(SPAN("a:b:c"), ':'), 1);
    assert_int_equal(span_find(SPAN("abc"), ':'), 3);
    assert_int_equal(span_find((struct span){NULL, 0}, ':'), 0);
}

static void numbers_are_read_whole_or_refused(void **state)
{
    (void)state;
    uint64_t n = 7;
    static const char *const wrong[] = {
        "", "-1", "+1", " 1", "1 ", "0x10", "1.5", "18446744073709551616", "99999999999999999999"};
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_int_equal(span_to_u64(span_of(wrong[i]), &n), REFUSED);
    assert_int_equal(n, 7);
    assert_int_equal(span_to_u64(SPAN("18446744073709551615"), &n), OK);
    assert_true(n == UINT64_MAX);
    assert_int_equal(span_to_u64(SPAN("000"), &n), OK);
    assert_true(n == 0);
}

static void utf8_is_told_from_what_looks_like_it(void **state)
{
    (void)state;
    const struct {
        struct span text;
        bool valid;
    } cases[] = {
        {SPAN(""), true},
        {SPAN("a\0b"), true},
        {SPAN("\xc2\x80"), true},
        {SPAN("\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"), true},
        {SPAN("\xed\x9f\xbf\xee\x80\x80"), true},
        {SPAN("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), true},
        {SPAN("\x80"), false},
        {SPAN("\xc0\x80"), false},         /* overlong */
        {SPAN("\xc1\xbf"), false},         /* overlong */
        {SPAN("\xe0\x9f\xbf"), false},     /* overlong */
        {SPAN("\xf0\x8f\xbf\xbf"), false}, /* overlong */
        {SPAN("\xed\xa0\x80"), false},     /* surrogate */
        {SPAN("\xed\xbf\xbf"), false},     /* surrogate */
        {SPAN("\xf4\x90\x80\x80"), false}, /* above U+10FFFF */
        {SPAN("\xf5\x80\x80\x80"), false},
        {SPAN("\xff"), false},
        {SPAN("\xc3"), false}, /* cut off */
        {SPAN("\xe2\x82"), false},
        {SPAN("\xf0\x9f\x98"), false},
        {SPAN("\xe2\x28\xa1"), false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(utf8_valid(cases[i].text), cases[i].valid);
}

static void code_points_are_read_one_by_one(void **state)
{
    (void)state;
    static const uint32_t expected[] = {'a', 0xe9, 0x20ac, 0x1f600, 0xfffd, 'b', 0xfffd, 0xfffd};
    struct span s = SPAN("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xff"
                         "b\xe2\x82");
    size_t at = 0;
    for (size_t i = 0; i < COUNT(expected); i++)
        assert_int_equal(utf8_next(s, &at), expected[i]);
    assert_int_equal(at, s.n);
}

/* --- mem ------------------------------------------------------------------------------------- */

static void sizes_that_overflow_are_no_memory(void **state)
{
    (void)state;
    assert_null(mem_new(SIZE_MAX / 2, 3));
    assert_null(mem_resize(NULL, SIZE_MAX / 2, 3));
    unsigned char *p = mem_new(100, 1);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(p[i], 0);
    mem_free(p);
    mem_free(NULL);
    p = mem_new(0, 0);
    assert_non_null(p);
    mem_free(p);
}

static void the_kth_allocation_fails(void **state)
{
    (void)state;
    static const bool once[] = {true, false, true, true}, on[] = {true, false, false, false};
    for (int persist = 0; persist < 2; persist++) {
        mem_fail_at(2, persist);
        for (size_t i = 0; i < COUNT(once); i++) {
            void *p = mem_new(1, 1);
            assert_int_equal(p != NULL, persist ? on[i] : once[i]);
            mem_free(p);
        }
        mem_fail_at(0, 0);
    }
}

static void a_failed_resize_keeps_the_old(void **state)
{
    (void)state;
    char *p = mem_new(2, 1);
    p[0] = 'x';
    mem_fail_at(1, 0);
    assert_null(mem_resize(p, 1000, 1));
    assert_int_equal(p[0], 'x');
    mem_free(p);
}

static void buffers_grow_to_their_ceiling_and_not_beyond(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(1000);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(buf_add_char(&b, (char)('a' + i % 26)), OK);
    assert_int_equal(buf_status(&b), OK);
    assert_int_equal(buf_add_char(&b, 'x'), NO_SPACE);
    assert_int_equal(b.n, 1000);
    assert_int_equal(b.p[999], 'a' + 999 % 26);
    assert_int_equal(buf_status(&b), NO_SPACE);
    buf_clear(&b);
    assert_int_equal(buf_status(&b), OK);
    assert_int_equal(buf_add_text(&b, "again"), OK);
    assert_true(span_eq(buf_span(&b), SPAN("again")));
    buf_free(&b);
    assert_int_equal(b.ceiling, 1000);
}

static void a_terminating_zero_does_not_count(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(5);
    assert_int_equal(buf_printf(&b, "%s-%d", "abc", 7), OK);
    assert_int_equal(buf_terminate(&b), OK);
    assert_string_equal(b.p, "abc-7");
    assert_int_equal(b.n, 5);
    assert_int_equal(buf_add_char(&b, '!'), NO_SPACE);
    assert_int_equal(buf_printf(&b, "!"), NO_SPACE);
    assert_int_equal(b.n, 5);
    buf_free(&b);
    b = BUF_INIT(0);
    assert_int_equal(buf_terminate(&b), OK);
    assert_string_equal(b.p, "");
    assert_int_equal(buf_add_char(&b, 'x'), NO_SPACE);
    buf_free(&b);
}

static void a_failed_append_leaves_the_content(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(1 << 20);
    assert_int_equal(buf_add_text(&b, "kept"), OK);
    mem_fail_at(1, 0);
    assert_int_equal(buf_reserve(&b, 4096), NO_MEMORY);
    assert_true(span_eq(buf_span(&b), SPAN("kept")));
    assert_int_equal(buf_add_text(&b, " on"), OK);
    assert_int_equal(buf_status(&b), NO_MEMORY);
    assert_int_equal(buf_reserve(&b, SIZE_MAX), NO_SPACE);
    assert_int_equal(buf_add(&b, NULL, 0), OK);
    buf_free(&b);
}

/* --- clock ----------------------------------------------------------------------------------- */

static void times_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
    } cases[] = {
        {"1970-01-01", 0},
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-23T10:00:00Z", 1795428000000000},
        {"2026-11-23t10:00:00z", 1795428000000000},
        {"2026-11-23 10:00:00Z", 1795428000000000},
        {"2026-11-23T12:30:00+02:30", 1795428000000000},
        {"2026-11-22T22:00:00-12:00", 1795428000000000},
        {"2026-11-23T10:00:00.5Z", 1795428000500000},
        {"2026-11-23T10:00:00.000001Z", 1795428000000001},
        {"2026-11-23T10:00:00.1234567890Z", 1795428000123456},
        {"2000-02-29", 951782400000000},
        {"2016-12-31T23:59:60Z", 1483228800000000},
        {"9999-12-31T23:59:59.999999Z", 253402300799999999},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t us = -1;
        assert_int_equal(rfc3339_parse(span_of(cases[i].text), &us, NULL), OK);
        assert_true(us == cases[i].us);
    }
}

static void times_that_are_none_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *what;
        size_t offset;
    } cases[] = {
        {"", "date is not yyyy-mm-dd", 0},
        {"26-11-23", "date is not yyyy-mm-dd", 0},
        {"2026-1-23", "date is not yyyy-mm-dd", 5},
        {"2026-11-2", "date is not yyyy-mm-dd", 8},
        {"2026/11/23", "date is not yyyy-mm-dd", 4},
        {"1969-12-31", "no such day from 1970 to 9999", 0},
        {"2026-02-29", "no such day from 1970 to 9999", 0},
        {"2100-02-29", "no such day from 1970 to 9999", 0},
        {"2026-13-01", "no such day from 1970 to 9999", 0},
        {"2026-00-01", "no such day from 1970 to 9999", 0},
        {"2026-04-31", "no such day from 1970 to 9999", 0},
        {"2026-11-23x", "neither T nor blank between date and time", 10},
        {"2026-11-23T", "time is not hh:mm:ss", 11},
        {"2026-11-23T10:00Z", "time is not hh:mm:ss", 11},
        {"2026-11-23T24:00:00Z", "time is not hh:mm:ss", 11},
        {"2026-11-23T10:60:00Z", "time is not hh:mm:ss", 11},
        {"2026-11-23T10:00:61Z", "time is not hh:mm:ss", 11},
        {"2026-11-23T10:00:00", "time without Z or offset", 19},
        {"2026-11-23T10:00:00.Z", "no digit after the decimal point", 20},
        {"2026-11-23T10:00:00+2:00", "time offset is not +hh:mm or -hh:mm", 19},
        {"2026-11-23T10:00:00+0200", "time offset is not +hh:mm or -hh:mm", 19},
        {"2026-11-23T10:00:00+24:00", "time offset is not +hh:mm or -hh:mm", 19},
        {"2026-11-23T10:00:00Zulu", "text after the time", 20},
        {"1970-01-01T00:00:00+00:01", "no such time from 1970 to 9999", 0},
        {"9999-12-31T23:59:59-00:01", "no such time from 1970 to 9999", 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t us = 42;
        struct refusal why;
        assert_int_equal(rfc3339_parse(span_of(cases[i].text), &us, &why), REFUSED);
        assert_string_equal(why.what, cases[i].what);
        assert_int_equal(why.offset, cases[i].offset);
        assert_true(us == 42);
    }
}

static void times_are_written(void **state)
{
    (void)state;
    static const struct {
        int64_t us;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z"},
        {-1, "1969-12-31T23:59:59.999999Z"},
        {1795428000000000, "2026-11-23T10:00:00Z"},
        {1795428000120000, "2026-11-23T10:00:00.120Z"},
        {1795428000123456, "2026-11-23T10:00:00.123456Z"},
        {INT64_MIN, "0001-01-01T00:00:00Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999999Z"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[RFC3339_BYTES];
        rfc3339_format(cases[i].us, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    /* A stride of some 25 days that no month or year divides, with a fraction. */
    for (int64_t us = 0; us < 253402300799999999; us += 2190123456789) {
        char text[RFC3339_BYTES];
        int64_t back;
        rfc3339_format(us, text);
        assert_int_equal(rfc3339_parse(span_of(text), &back, NULL), OK);
        assert_true(back == us);
    }
}

static void the_clock_can_be_faked(void **state)
{
    (void)state;
    assert_int_equal(setenv("OPTOUT_TEST_CLOCK", "1795428000000000", 1), 0);
    assert_true(clock_now_us() == 1795428000000000);
    assert_int_equal(unsetenv("OPTOUT_TEST_CLOCK"), 0);
    assert_true(clock_now_us() > 1700000000000000);
    int64_t before = clock_monotonic_us();
    assert_true(clock_monotonic_us() >= before);
}

/* --- hash ------------------------------------------------------------------------------------ */

static void assert_hex(const uint8_t *bytes, size_t n, const char *expected)
{
    char text[2 * HASH_BYTES_MAX + 1];
    assert_true(n <= HASH_BYTES_MAX);
    hex_encode(bytes, n, text);
    assert_string_equal(text, expected);
}

static void digests_are_the_published_ones(void **state)
{
    (void)state;
    static const struct {
        enum hash_name name;
        const char *word, *text, *hex;
    } cases[] = {
        {HASH_SHA256, "sha256", "",
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {HASH_SHA256, "sha256", "abc",
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {HASH_MD5, "md5", "", "d41d8cd98f00b204e9800998ecf8427e"},
        {HASH_MD5, "md5", "message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        {HASH_SHA1, "sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {HASH_SHA512, "sha512", "abc",
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
         "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t out[HASH_BYTES_MAX];
        hash_digest(cases[i].name, span_of(cases[i].text), out);
        assert_hex(out, hash_bytes(cases[i].name), cases[i].hex);
        assert_string_equal(hash_word(cases[i].name), cases[i].word);
    }
}

static void a_running_digest_equals_that_of_the_whole(void **state)
{
    (void)state;
    uint8_t out[SHA256_BYTES];
    struct sha256_stream *s = sha256_new();
    assert_non_null(s);
    sha256_add(s, SPAN("a"));
    sha256_add(s, (struct span){NULL, 0});
    sha256_add(s, SPAN("bc"));
    sha256_end(s, out);
    assert_hex(out, sizeof out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void hmac_is_that_of_rfc4231(void **state)
{
    (void)state;
    char ones[20], many[131];
    memset(ones, 0x0b, sizeof ones);
    memset(many, 0xaa, sizeof many);
    const struct {
        struct span key, text;
        const char *hex;
    } cases[] = {
        {{ones, sizeof ones},
         SPAN("Hi There"),
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {SPAN("Jefe"), SPAN("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {{many, sizeof many},
         SPAN("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {{NULL, 0}, {NULL, 0}, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t out[SHA256_BYTES];
        hmac_sha256(cases[i].key, cases[i].text, out);
        assert_hex(out, sizeof out, cases[i].hex);
    }
}

/* The vectors of the reference implementation: key 00 01 … 0f, input 00 01 … of each length. */
static void siphash_is_that_of_its_authors(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        const char *hex;
    } cases[] = {
        {0, "a3817f04ba25a8e66df67214c7550293"},  {1, "da87c1d86b99af44347659119b22fc45"},
        {2, "8177228da4a45dc7fca38bdef60affe4"},  {3, "9c70b60c5267a94e5f33b6b02985ed51"},
        {7, "a1f1ebbed8dbc153c0b84aa61ff08239"},  {8, "3b62a9ba6258f5610f83e264f31497b4"},
        {9, "264499060ad9baabc47f8b02bb6d71ed"},  {15, "5493e99933b0a8117e08ec0f97cfc3d9"},
        {16, "6ee2a4ca67b054bbfd3315bf85230577"}, {63, "5150d1772f50834a503e069a973fbd7c"},
    };
    const struct siphash_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    uint8_t in[64], bytes[16];
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)i;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct siphash_out out = siphash128(key, in, cases[i].n);
        memcpy(bytes, &out.lo, 8);
        memcpy(bytes + 8, &out.hi, 8);
        assert_hex(bytes, sizeof bytes, cases[i].hex);
    }
}

/* RFC 3720 appendix B.4, and the check value of the Castagnoli polynomial. */
static void crc32c_is_the_published_one(void **state)
{
    (void)state;
    uint8_t in[32];
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(crc32c(0, NULL, 0), 0);
    memset(in, 0, sizeof in);
    assert_int_equal(crc32c(0, in, sizeof in), 0x8a9136aa);
    memset(in, 0xff, sizeof in);
    assert_int_equal(crc32c(0, in, sizeof in), 0x62a8ab43);
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)i;
    assert_int_equal(crc32c(0, in, sizeof in), 0x46dd794e);
}

static void crc32c_goes_on_from_any_cut(void **state)
{
    (void)state;
    char text[101];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 37);
    uint32_t whole = crc32c(0, text, sizeof text);
    for (size_t cut = 0; cut <= sizeof text; cut++)
        assert_int_equal(crc32c(crc32c(0, text, cut), text + cut, sizeof text - cut), whole);
}

static void crc32c_sees_every_flipped_bit(void **state)
{
    (void)state;
    uint8_t in[40] = {1, 2, 3};
    uint32_t right = crc32c(0, in, sizeof in);
    for (size_t bit = 0; bit < 8 * sizeof in; bit++) {
        in[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(crc32c(0, in, sizeof in), right);
        in[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void hex_is_read_whole_or_not(void **state)
{
    (void)state;
    uint8_t out[4];
    assert_true(hex_decode(SPAN("00fFA9c0"), out, 4));
    assert_hex(out, 4, "00ffa9c0");
    assert_true(hex_decode(SPAN(""), out, 0));
    static const char *const wrong[] = {"00ffa9c", "00ffa9c00", "00ffa9cg", "00ffa9 0", "0x00ffa9"};
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_false(hex_decode(span_of(wrong[i]), out, 4));
}

static void base64_is_read_in_its_written_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hex;
    } right[] = {
        {"+/8A", "fbff00"}, {"-_8A", "fbff00"}, {"+/8=", "fbff"}, {"-_8", "fbff"},
        {"+w==", "fb"},     {"-w", "fb"},       {"", ""},         {"AAAAAA==", "00000000"},
    };
    static const struct {
        const char *text;
        size_t n;
    } wrong[] = {
        {"+/8", 3},  {"+/8AA", 3}, {"+/8", 1},  {"+w=", 1},   {"+w===", 1}, {"+wA=", 1},
        {"+/9=", 2}, {"+x==", 1},  {"+/ A", 3}, {"+/8A=", 3}, {"=+/8", 3},  {"+=/8", 3},
    };
    uint8_t out[8];
    for (size_t i = 0; i < COUNT(right); i++) {
        size_t n = strlen(right[i].hex) / 2;
        assert_true(base64_decode_any(span_of(right[i].text), out, n));
        assert_hex(out, n, right[i].hex);
    }
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_false(base64_decode_any(span_of(wrong[i].text), out, wrong[i].n));
}

/* --- secret ---------------------------------------------------------------------------------- */

static const struct secret key = {{1, 2, 3}};

static struct buf sealed(struct span context, struct span plain)
{
    struct buf b = BUF_INIT(4096);
    assert_int_equal(secret_seal(&key, context, plain, &b), OK);
    assert_int_equal(b.n, plain.n + SEAL_OVERHEAD_BYTES);
    return b;
}

static void what_is_sealed_opens(void **state)
{
    (void)state;
    const struct span texts[] = {SPAN(""), SPAN("j"), SPAN("jane@example.com"), SPAN("a\0b")};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct buf box = sealed(SPAN("ledger"), texts[i]), out = BUF_INIT(4096);
        assert_int_equal(buf_add_text(&out, "before "), OK);
        assert_int_equal(secret_open(&key, SPAN("ledger"), buf_span(&box), &out), OK);
        assert_true(span_eq(span_from(buf_span(&out), 7), texts[i]));
        buf_free(&box);
        buf_free(&out);
    }
}

static void every_changed_byte_is_noticed(void **state)
{
    (void)state;
    struct buf box = sealed(SPAN("ledger"), SPAN("jane@example.com")), out = BUF_INIT(4096);
    for (size_t i = 0; i < box.n; i++) {
        box.p[i] ^= 0x40;
        assert_int_equal(secret_open(&key, SPAN("ledger"), buf_span(&box), &out), DAMAGED);
        box.p[i] ^= 0x40;
    }
    for (size_t n = 0; n < box.n; n++)
        assert_int_equal(secret_open(&key, SPAN("ledger"), span_cut(buf_span(&box), n), &out),
                         DAMAGED);
    assert_int_equal(out.n, 0);
    assert_int_equal(secret_open(&key, SPAN("ledger"), buf_span(&box), &out), OK);
    buf_free(&box);
    buf_free(&out);
}

static void another_key_or_context_does_not_open(void **state)
{
    (void)state;
    const struct secret other = {{1, 2, 4}};
    struct buf box = sealed(SPAN("ledger"), SPAN("jane")), out = BUF_INIT(4096);
    assert_int_equal(secret_open(&other, SPAN("ledger"), buf_span(&box), &out), DAMAGED);
    assert_int_equal(secret_open(&key, SPAN("token"), buf_span(&box), &out), DAMAGED);
    assert_int_equal(secret_open(&key, SPAN(""), buf_span(&box), &out), DAMAGED);
    buf_free(&box);
    buf_free(&out);
}

static void a_seal_never_looks_the_same(void **state)
{
    (void)state;
    struct buf a = sealed(SPAN(""), SPAN("jane")), b = sealed(SPAN(""), SPAN("jane"));
    assert_false(span_eq(buf_span(&a), buf_span(&b)));
    buf_free(&a);
    buf_free(&b);
}

static void sealing_keeps_to_the_ceiling(void **state)
{
    (void)state;
    struct buf small = BUF_INIT(43);
    assert_int_equal(secret_seal(&key, SPAN(""), SPAN("jane"), &small), NO_SPACE);
    assert_int_equal(small.n, 0);
    buf_free(&small);
}

static void derived_keys_differ_by_purpose(void **state)
{
    (void)state;
    struct secret a = secret_derive(&key, "a"), b = secret_derive(&key, "b");
    struct secret again = secret_derive(&key, "a");
    assert_true(secret_equal(&a, &again, sizeof a));
    assert_false(secret_equal(&a, &b, sizeof a));
    assert_false(secret_equal(&a, &key, sizeof a));
    secret_wipe(&a, sizeof a);
    static const struct secret zero;
    assert_true(secret_equal(&a, &zero, sizeof a));
}

static void random_bytes_do_not_repeat(void **state)
{
    (void)state;
    uint8_t a[SECRET_BYTES] = {0}, b[SECRET_BYTES] = {0};
    secret_random(a, sizeof a);
    secret_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

/* --- file ------------------------------------------------------------------------------------ */

/* A folder of its own for each test, with one path in it. */
struct place {
    char dir[64], path[128];
};

static int enter_place(void **state)
{
    struct place *p = mem_new(1, sizeof *p);
    if (!p)
        return -1;
    (void)snprintf(p->dir, sizeof p->dir, "/tmp/test_base.XXXXXX");
    if (!mkdtemp(p->dir))
        return -1;
    (void)snprintf(p->path, sizeof p->path, "%s/file", p->dir);
    *state = p;
    return 0;
}

/* Fails when anything but the file itself was left there. */
static int leave_place(void **state)
{
    struct place *p = *state;
    (void)unlink(p->path);
    int left = rmdir(p->dir);
    mem_free(p);
    return left;
}

static void assert_content(const char *path, const char *expected)
{
    struct buf b = BUF_INIT(1 << 20);
    assert_int_equal(file_read(path, &b, NULL), OK);
    assert_true(span_eq(buf_span(&b), span_of(expected)));
    buf_free(&b);
}

static void paths_are_joined_or_refused(void **state)
{
    (void)state;
    char out[PATH_BYTES], name[PATH_BYTES];
    assert_int_equal(path_join(out, "/data", "ledger"), OK);
    assert_string_equal(out, "/data/ledger");
    memset(name, 'n', sizeof name);
    name[PATH_BYTES - 3] = '\0';
    assert_int_equal(path_join(out, "d", name), OK);
    name[PATH_BYTES - 3] = 'n', name[PATH_BYTES - 2] = '\0';
    assert_int_equal(path_join(out, "d", name), REFUSED);
}

static void a_file_is_created_once(void **state)
{
    struct place *p = *state;
    struct problem why;
    struct stat st;
    assert_int_equal(file_create(p->path, SPAN("first"), 0600, &why), OK);
    assert_int_equal(file_create(p->path, SPAN("second"), 0600, &why), BUSY);
    assert_non_null(strstr(why.text, "is already there"));
    assert_content(p->path, "first");
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_file_is_replaced_whole(void **state)
{
    struct place *p = *state;
    assert_int_equal(file_replace(p->path, SPAN("a longer first content"), 0600, NULL), OK);
    assert_content(p->path, "a longer first content");
    assert_int_equal(file_replace(p->path, SPAN("short"), 0600, NULL), OK);
    assert_content(p->path, "short");
    assert_int_equal(file_replace(p->path, (struct span){NULL, 0}, 0600, NULL), OK);
    assert_content(p->path, "");
}

static void a_stale_temporary_file_is_stepped_over(void **state)
{
    struct place *p = *state;
    char stale[32][192];
    for (unsigned i = 0; i < COUNT(stale); i++) {
        (void)snprintf(stale[i], sizeof stale[i], "%s.%ld-%u.tmp", p->path, (long)getpid(), i);
        int fd = open(stale[i], O_WRONLY | O_CREAT | O_EXCL, 0600);
        assert_true(fd >= 0 && close(fd) == 0);
    }
    assert_int_equal(file_replace(p->path, SPAN("new"), 0600, NULL), OK);
    assert_content(p->path, "new");
    for (unsigned i = 0; i < COUNT(stale); i++)
        assert_int_equal(unlink(stale[i]), 0);
}

static void *replace_often(void *path)
{
    static const char *const contents[] = {"one", "another content", "and a third"};
    for (size_t i = 0; i < 30; i++)
        if (file_replace(path, span_of(contents[i % 3]), 0600, NULL) != OK)
            return path;
    return NULL;
}

static void threads_may_replace_one_file(void **state)
{
    struct place *p = *state;
    pthread_t threads[4];
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, replace_often, p->path), 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_content(p->path, "and a third");
}

static void a_file_that_cannot_be_put_is_told(void **state)
{
    struct place *p = *state;
    struct problem why;
    char path[192];
    (void)snprintf(path, sizeof path, "%s/none/file", p->dir);
    assert_int_equal(file_replace(path, SPAN("x"), 0600, &why), NOT_FOUND);
    assert_non_null(strstr(why.text, path));
    assert_int_equal(file_create(path, SPAN("x"), 0600, &why), NOT_FOUND);
    assert_int_equal(mkdir(p->path, 0700), 0);
    assert_int_not_equal(file_replace(p->path, SPAN("x"), 0600, &why), OK);
    assert_int_equal(rmdir(p->path), 0);
}

static void a_file_as_large_as_the_ceiling_is_read(void **state)
{
    struct place *p = *state;
    struct problem why;
    assert_int_equal(file_replace(p->path, SPAN("0123456789"), 0600, NULL), OK);
    struct buf b = BUF_INIT(10);
    assert_int_equal(file_read(p->path, &b, &why), OK);
    assert_int_equal(b.n, 10);
    buf_free(&b);
    b = BUF_INIT(9);
    assert_int_equal(file_read(p->path, &b, &why), NO_SPACE);
    assert_non_null(strstr(why.text, "larger than 9 bytes"));
    assert_int_equal(b.n, 0);
    buf_free(&b);
}

static void large_files_are_read_behind_what_is_there(void **state)
{
    struct place *p = *state;
    enum { LARGE = 300000 };
    char *large = mem_new(LARGE, 1);
    for (size_t i = 0; i < LARGE; i++)
        large[i] = (char)(i * 31);
    assert_int_equal(file_replace(p->path, (struct span){large, LARGE}, 0600, NULL), OK);
    struct buf b = BUF_INIT(1 << 20);
    assert_int_equal(buf_add_text(&b, "head"), OK);
    assert_int_equal(file_read(p->path, &b, NULL), OK);
    assert_int_equal(b.n, LARGE + 4);
    assert_memory_equal(b.p + 4, large, LARGE);
    mem_free(large);
    buf_free(&b);
}

static void a_missing_file_is_not_found(void **state)
{
    struct place *p = *state;
    struct problem why;
    struct buf b = BUF_INIT(10);
    assert_int_equal(file_read(p->path, &b, &why), NOT_FOUND);
    assert_non_null(strstr(why.text, "No such file"));
    assert_int_equal(file_read(p->dir, &b, &why), IO_FAILED);
    buf_free(&b);
}

static void a_full_disk_is_no_space(void **state)
{
    (void)state;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        skip();
    assert_int_equal(fd_write(fd, "opt-out", 7), NO_SPACE);
    assert_int_equal(fd_write(fd, "", 0), OK);
    (void)close(fd);
    assert_int_equal(fd_write(-1, "opt-out", 7), IO_FAILED);
}

static void reads_stop_at_the_end(void **state)
{
    (void)state;
    int ends[2];
    char got[8];
    size_t n;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fd_write(ends[1], "abc", 3), OK);
    assert_int_equal(fd_read(ends[0], got, 2, &n), OK);
    assert_int_equal(n, 2);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(fd_read(ends[0], got, sizeof got, &n), OK);
    assert_int_equal(n, 1);
    assert_int_equal(fd_read(ends[0], got, sizeof got, &n), OK);
    assert_int_equal(n, 0);
    (void)close(ends[0]);
}

/* A child that takes the lock and, told so over a pipe, keeps it until it is killed. */
static pid_t child_with_lock(const char *path)
{
    int ends[2];
    char byte;
    size_t n;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        struct file_lock l;
        bool taken = file_lock_open(&l, path, NULL) == OK && file_lock_take(&l, -1) == OK &&
                     fd_write(ends[1], "x", 1) == OK;
        while (taken)
            (void)pause();
        _exit(1);
    }
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(fd_read(ends[0], &byte, 1, &n), OK);
    assert_int_equal(n, 1);
    (void)close(ends[0]);
    return child;
}

static void a_lock_keeps_others_out_and_dies_with_its_holder(void **state)
{
    struct place *p = *state;
    struct file_lock l;
    pid_t child = child_with_lock(p->path);
    assert_int_equal(file_lock_open(&l, p->path, NULL), OK);
    assert_int_equal(file_lock_take(&l, 0), BUSY);
    int64_t start = clock_monotonic_us();
    assert_int_equal(file_lock_take(&l, 20000), BUSY);
    assert_true(clock_monotonic_us() - start >= 20000);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(file_lock_take(&l, 0), OK);
    file_lock_close(&l);
}

static void a_lock_is_between_openings_and_can_be_given_back(void **state)
{
    struct place *p = *state;
    struct file_lock a, b;
    assert_int_equal(file_lock_open(&a, p->path, NULL), OK);
    assert_int_equal(file_lock_open(&b, p->path, NULL), OK);
    assert_int_equal(file_lock_take(&a, -1), OK);
    assert_int_equal(file_lock_take(&b, 0), BUSY);
    file_lock_release(&a);
    assert_int_equal(file_lock_take(&b, 0), OK);
    assert_int_equal(file_lock_take(&a, 0), BUSY);
    file_lock_close(&b);
    assert_int_equal(file_lock_take(&a, 0), OK);
    file_lock_close(&a);
    file_lock_close(&a);
    assert_int_equal(a.fd, -1);
}

static void folders_are_made_durable(void **state)
{
    struct place *p = *state;
    struct problem why;
    assert_int_equal(dir_sync(p->dir, &why), OK);
    assert_int_equal(dir_sync(p->path, &why), NOT_FOUND);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, enter_place, leave_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_words),
        cmocka_unit_test(errno_values_map_to_what_can_be_done),
        cmocka_unit_test(refusals_and_problems_may_go_unheard),
        cmocka_unit_test(problems_say_what_and_why),
        cmocka_unit_test(long_problems_are_cut),
        cmocka_unit_test(a_failure_without_errno_is_no_success),
        cmocka_unit_test(a_broken_invariant_stops_the_process),
        cmocka_unit_test(spans_are_cut_within_themselves),
        cmocka_unit_test(spans_are_compared_by_bytes_or_letters),
        cmocka_unit_test(spans_are_trimmed_and_searched),
        cmocka_unit_test(numbers_are_read_whole_or_refused),
        cmocka_unit_test(utf8_is_told_from_what_looks_like_it),
        cmocka_unit_test(code_points_are_read_one_by_one),
        cmocka_unit_test(sizes_that_overflow_are_no_memory),
        cmocka_unit_test(the_kth_allocation_fails),
        cmocka_unit_test(a_failed_resize_keeps_the_old),
        cmocka_unit_test(buffers_grow_to_their_ceiling_and_not_beyond),
        cmocka_unit_test(a_terminating_zero_does_not_count),
        cmocka_unit_test(a_failed_append_leaves_the_content),
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(times_that_are_none_are_refused),
        cmocka_unit_test(times_are_written),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(the_clock_can_be_faked),
        cmocka_unit_test(digests_are_the_published_ones),
        cmocka_unit_test(a_running_digest_equals_that_of_the_whole),
        cmocka_unit_test(hmac_is_that_of_rfc4231),
        cmocka_unit_test(siphash_is_that_of_its_authors),
        cmocka_unit_test(crc32c_is_the_published_one),
        cmocka_unit_test(crc32c_goes_on_from_any_cut),
        cmocka_unit_test(crc32c_sees_every_flipped_bit),
        cmocka_unit_test(hex_is_read_whole_or_not),
        cmocka_unit_test(base64_is_read_in_its_written_forms),
        cmocka_unit_test(what_is_sealed_opens),
        cmocka_unit_test(every_changed_byte_is_noticed),
        cmocka_unit_test(another_key_or_context_does_not_open),
        cmocka_unit_test(a_seal_never_looks_the_same),
        cmocka_unit_test(sealing_keeps_to_the_ceiling),
        cmocka_unit_test(derived_keys_differ_by_purpose),
        cmocka_unit_test(random_bytes_do_not_repeat),
        cmocka_unit_test(paths_are_joined_or_refused),
        IN_PLACE(a_file_is_created_once),
        IN_PLACE(a_file_is_replaced_whole),
        IN_PLACE(a_stale_temporary_file_is_stepped_over),
        IN_PLACE(threads_may_replace_one_file),
        IN_PLACE(a_file_that_cannot_be_put_is_told),
        IN_PLACE(a_file_as_large_as_the_ceiling_is_read),
        IN_PLACE(large_files_are_read_behind_what_is_there),
        IN_PLACE(a_missing_file_is_not_found),
        cmocka_unit_test(a_full_disk_is_no_space),
        cmocka_unit_test(reads_stop_at_the_end),
        IN_PLACE(a_lock_keeps_others_out_and_dies_with_its_holder),
        IN_PLACE(a_lock_is_between_openings_and_can_be_given_back),
        IN_PLACE(folders_are_made_durable),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
