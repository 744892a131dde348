/* bench/lookup.c: how fast the lookup answers. `lookup DIR ENTRIES` builds one in DIR from a seed,
 * asks it for ids of which one in ten is there, and prints one line.
 */
#include "lookup/lookup.h"
#include "base/clock.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 4096, QUESTIONS = 1 << 22, ROUNDS = 5 };

static uint64_t scramble(uint64_t x)
{
    x = (x ^ x >> 32) * 0xd6e8feb86659fd93u;
    x = (x ^ x >> 32) * 0xd6e8feb86659fd93u;
    return x ^ x >> 32;
}

static struct id id_number(uint64_t i)
{
    return (struct id){scramble(i + 1), (uint32_t)scramble(~i)};
}

static void must(enum status s, const char *what, const struct problem *why)
{
    if (s == OK)
        return;
    (void)fprintf(stderr, "%s: %s (%s)\n", what, status_text(s), why->text);
    exit(EXIT_FAILURE);
}

static double build(const char *dir, uint64_t entries)
{
    static struct lookup_change changes[CHUNK];
    struct problem why = {""};
    struct lookup_build *b;
    struct scope scope = {.channel = CHANNEL_EMAIL};
    uint8_t ledger[16] = {0};
    int64_t start = clock_monotonic_us();
    must(lookup_build_begin(dir, ledger, 1, entries, &b, &why), "begin", &why);
    for (uint64_t at = 0; at < entries; at += CHUNK) {
        size_t n = entries - at < CHUNK ? (size_t)(entries - at) : CHUNK;
        for (size_t i = 0; i < n; i++)
            changes[i] = (struct lookup_change){
                .id = id_number(at + i), .scope = &scope, .effect = EFFECT_OUT, .seq = at + i + 1};
        must(lookup_build_add(b, changes, n), "add", &why);
    }
    must(lookup_build_finish(b, entries, &why), "finish", &why);
    return (double)(clock_monotonic_us() - start) / 1e6;
}

/* Microseconds for all questions. */
static int64_t ask(struct lookup *l, const struct id *ids, uint64_t *known)
{
    static struct lookup_hit hits[CHUNK];
    const struct lookup_view *v;
    struct problem why = {""};
    int64_t start = clock_monotonic_us();
    *known = 0;
    must(lookup_view_take(l, &v), "take", &why);
    for (size_t at = 0; at < QUESTIONS; at += CHUNK) {
        must(lookup_find(v, ids + at, CHUNK, hits), "find", &why);
        for (size_t i = 0; i < CHUNK; i++)
            *known += hits[i].state != 0;
    }
    lookup_view_give(l, v);
    return clock_monotonic_us() - start;
}

int main(int argc, char **argv)
{
    struct problem why = {""};
    struct lookup *l;
    const struct lookup_view *v;
    struct lookup_sizes sizes;
    uint64_t entries = argc == 3 ? strtoull(argv[2], NULL, 10) : 0, known = 0;
    struct id *ids = mem_new(QUESTIONS, sizeof *ids);
    if (entries == 0 || !ids) {
        (void)fprintf(stderr, "usage: lookup DIR ENTRIES\n");
        return EXIT_FAILURE;
    }
    for (uint64_t i = 0; i < QUESTIONS; i++)
        ids[i] = id_number(scramble(i) % 10 ? entries + i : scramble(~i) % entries);
    double built_s = build(argv[1], entries);
    int64_t start = clock_monotonic_us();
    must(lookup_open(argv[1], false, &l, &why), "open", &why);
    int64_t opened = clock_monotonic_us() - start, first = ask(l, ids, &known), best = INT64_MAX;
    for (int i = 0; i < ROUNDS; i++) {
        int64_t t = ask(l, ids, &known);
        best = t < best ? t : best;
    }
    must(lookup_view_take(l, &v), "take", &why);
    lookup_view_sizes(v, &sizes);
    lookup_view_give(l, v);
    (void)printf("entries %llu  bytes/entry %.2f  build %.2f s  open %.3f ms  first %.1f M/s  "
                 "then %.1f M/s  known %.1f %%\n",
                 (unsigned long long)entries, (double)sizes.bytes_base / (double)entries, built_s,
                 (double)opened / 1e3, QUESTIONS / (double)first, QUESTIONS / (double)best,
                 100.0 * (double)known / QUESTIONS);
    lookup_close(l);
    mem_free(ids);
    return EXIT_SUCCESS;
}
