/* test/unit/test_input.c: plain, gzip and zstd input, whole and broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/input.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { TEXT_BYTES = 700000, PACKED_BYTES = 2 * TEXT_BYTES };

static char path[] = "/tmp/test_input_XXXXXX";
static char text[TEXT_BYTES];

/* Text that does not pack to nothing. */
static int set_up(void **state)
{
    (void)state;
    uint32_t x = 1;
    for (size_t i = 0; i < sizeof text; i++) {
        x = x * 1664525 + 1013904223;
        text[i] = i % 40 == 39 ? '\n' : (char)('a' + (x >> 28));
    }
    int fd = mkstemp(path);
    return fd < 0 || close(fd) != 0;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

static size_t pack_gzip(struct span s, char *out, size_t room)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)s.p;
    z.avail_in = (uInt)s.n;
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t n = room - z.avail_out;
    (void)deflateEnd(&z);
    return n;
}

static size_t pack_zstd(struct span s, char *out, size_t room)
{
    size_t n = ZSTD_compress(out, room, s.p, s.n, 3);
    assert_false(ZSTD_isError(n));
    return n;
}

typedef size_t packer(struct span s, char *out, size_t room);
static packer *const packers[] = {pack_gzip, pack_zstd};
static const char *const names[] = {"gzip", "zstd"};

static void put(struct span content)
{
    assert_int_equal(file_replace(path, content, 0600, NULL), OK);
}

static struct input *opened(const char *name)
{
    struct input *in;
    assert_int_equal(input_open(name, &in, NULL), OK);
    return in;
}

/* Reads in steps of `step`; returns how it ended and compares what came with the text. */
static enum status read_all(struct input *in, size_t step, size_t *total, struct problem *why)
{
    static char piece[INPUT_READ_BYTES];
    size_t got;
    enum status s;
    *total = 0;
    while ((s = input_read(in, piece, step, &got, why)) == OK && got) {
        assert_true(got <= step);
        for (size_t i = 0; i < got; i++)
            assert_int_equal(piece[i], text[(*total + i) % sizeof text]);
        *total += got;
    }
    return s;
}

static void assert_reads(size_t step, size_t expected)
{
    size_t total;
    struct input *in = opened(path);
    assert_int_equal(read_all(in, step, &total, NULL), OK);
    assert_int_equal(total, expected);
    assert_int_equal(input_consumed(in), input_size(in));
    input_close(in);
}

static void reads_a_plain_file(void **state)
{
    (void)state;
    put((struct span){text, sizeof text});
    assert_reads(INPUT_READ_BYTES, sizeof text);
    assert_reads(3, sizeof text);
}

static void reads_short_files(void **state)
{
    (void)state;
    for (size_t n = 0; n < 6; n++) {
        put((struct span){text, n});
        assert_reads(1, n);
        assert_reads(64, n);
    }
}

static void a_start_that_only_resembles_a_magic_is_plain(void **state)
{
    (void)state;
    static const struct span starts[] = {{"\x1f", 1}, {"\x1fx", 2}, {"(\xb5/", 3}, {"(ab) 1", 6}};
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        char bytes[16];
        size_t got;
        put(starts[i]);
        struct input *in = opened(path);
        assert_int_equal(input_read(in, bytes, sizeof bytes, &got, NULL), OK);
        size_t more;
        assert_int_equal(input_read(in, bytes + got, sizeof bytes - got, &more, NULL), OK);
        assert_true(span_eq((struct span){bytes, got + more}, starts[i]));
        input_close(in);
    }
}

static void unpacks(void **state)
{
    (void)state;
    static char packed[PACKED_BYTES];
    for (size_t i = 0; i < 2; i++) {
        size_t n = packers[i]((struct span){text, sizeof text}, packed, sizeof packed);
        put((struct span){packed, n});
        assert_reads(INPUT_READ_BYTES, sizeof text);
        assert_reads(777, sizeof text);
    }
}

static void unpacks_several_parts_one_after_the_other(void **state)
{
    (void)state;
    static char packed[PACKED_BYTES];
    for (size_t i = 0; i < 2; i++) {
        size_t half = sizeof text / 2;
        size_t n = packers[i]((struct span){text, half}, packed, sizeof packed);
        n += packers[i]((struct span){text, 0}, packed + n, sizeof packed - n);
        n += packers[i]((struct span){text + half, sizeof text - half}, packed + n,
                        sizeof packed - n);
        put((struct span){packed, n});
        assert_reads(INPUT_READ_BYTES, sizeof text);
    }
}

static void unpacks_nothing(void **state)
{
    (void)state;
    char packed[256];
    for (size_t i = 0; i < 2; i++) {
        put((struct span){packed, packers[i]((struct span){text, 0}, packed, sizeof packed)});
        assert_reads(64, 0);
    }
}

/* Cut anywhere, packed data is never mistaken for shorter data. */
static void truncated_data_is_damaged(void **state)
{
    (void)state;
    static char packed[PACKED_BYTES];
    for (size_t i = 0; i < 2; i++) {
        size_t n = packers[i]((struct span){text, 3000}, packed, sizeof packed);
        for (size_t cut = 4; cut < n; cut += cut + 20 < n ? 13 : 1) {
            put((struct span){packed, cut});
            struct problem why;
            char expected[PROBLEM_BYTES];
            size_t total;
            struct input *in = opened(path);
            assert_int_equal(read_all(in, 512, &total, &why), DAMAGED);
            (void)snprintf(expected, sizeof expected, "%s: truncated %s data after %zu bytes", path,
                           names[i], cut);
            assert_string_equal(why.text, expected);
            assert_int_equal(read_all(in, 512, &total, &why), DAMAGED);
            input_close(in);
        }
    }
}

static void corrupt_data_is_damaged(void **state)
{
    (void)state;
    static char packed[PACKED_BYTES];
    size_t n = pack_gzip((struct span){text, sizeof text}, packed, sizeof packed);
    size_t total;
    struct problem why;
    packed[n - 6] ^= 1; /* the checksum */
    put((struct span){packed, n});
    struct input *in = opened(path);
    assert_int_equal(read_all(in, 4096, &total, &why), DAMAGED);
    assert_non_null(strstr(why.text, ": corrupt gzip data after "));
    input_close(in);
    n = pack_zstd((struct span){text, 5000}, packed, sizeof packed);
    memcpy(packed + n, "trailing", 8);
    put((struct span){packed, n + 8});
    in = opened(path);
    assert_int_equal(read_all(in, 4096, &total, &why), DAMAGED);
    assert_non_null(strstr(why.text, ": corrupt zstd data after "));
    input_close(in);
}

static void what_follows_gzip_members_is_padding_or_damage(void **state)
{
    (void)state;
    static char packed[PACKED_BYTES];
    size_t total, n = pack_gzip((struct span){text, 5000}, packed, sizeof packed);
    memset(packed + n, 0, 512);
    put((struct span){packed, n + 512});
    assert_reads(4096, 5000);
    packed[n + 100] = 'x';
    put((struct span){packed, n + 512});
    struct input *in = opened(path);
    assert_int_equal(read_all(in, 4096, &total, NULL), DAMAGED);
    input_close(in);
    memcpy(packed + n, "text", 4);
    put((struct span){packed, n + 4});
    in = opened(path);
    assert_int_equal(read_all(in, 4096, &total, NULL), DAMAGED);
    input_close(in);
}

static void a_pipe_is_answered_at_once(void **state)
{
    (void)state;
    int ends[2], saved = dup(STDIN_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(write(ends[1], text, 10), 10);
    struct input *in = opened("-");
    assert_int_equal(input_size(in), 0);
    char bytes[64];
    size_t got, total = 0;
    while (total < 10) {
        assert_int_equal(input_read(in, bytes, sizeof bytes, &got, NULL), OK);
        total += got;
    }
    assert_int_equal(input_consumed(in), 10);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(input_read(in, bytes, sizeof bytes, &got, NULL), OK);
    assert_int_equal(got, 0);
    input_close(in);
    assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
    (void)close(saved);
    (void)close(ends[0]);
}

static void what_cannot_be_opened_is_named(void **state)
{
    (void)state;
    struct input *in;
    struct problem why;
    assert_int_equal(input_open("/nonexistent/list.csv", &in, &why), NOT_FOUND);
    assert_non_null(strstr(why.text, "/nonexistent/list.csv"));
    assert_null(in);
    assert_int_equal(input_open("/tmp", &in, &why), REFUSED);
    input_close(NULL);
}

static void missing_memory_is_told(void **state)
{
    (void)state;
    char packed[4096];
    put((struct span){packed, pack_gzip((struct span){text, 100}, packed, sizeof packed)});
    for (uint64_t k = 1; k <= 4; k++) {
        struct input *in;
        mem_fail_at(k, 0);
        assert_int_equal(input_open(path, &in, NULL), NO_MEMORY);
        mem_fail_at(0, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_plain_file),
        cmocka_unit_test(reads_short_files),
        cmocka_unit_test(a_start_that_only_resembles_a_magic_is_plain),
        cmocka_unit_test(unpacks),
        cmocka_unit_test(unpacks_several_parts_one_after_the_other),
        cmocka_unit_test(unpacks_nothing),
        cmocka_unit_test(truncated_data_is_damaged),
        cmocka_unit_test(corrupt_data_is_damaged),
        cmocka_unit_test(what_follows_gzip_members_is_padding_or_damage),
        cmocka_unit_test(a_pipe_is_answered_at_once),
        cmocka_unit_test(what_cannot_be_opened_is_named),
        cmocka_unit_test(missing_memory_is_told),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
