/* bench/ads.c: how fast privacy strings are decided. `ads GPP-FILE TCF-FILE`, each with one string
 * a line, decides all of them again and again and prints a line for each kind, by the time that the
 * processor spent on us. The strings are
 * walked in turn, so that no branch predictor learns one by heart.
 */
#include "adapter/privacy/privacy.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { STRINGS_MAX = 4096, ROUNDS = 5, REPEATS = 16, FILE_MAX = 16 << 20, VENDOR = 128 };
static const clock_t round_ticks = CLOCKS_PER_SEC / 2;

struct strings {
    struct buf text;
    struct span each[STRINGS_MAX];
    size_t n;
};

static void read_strings(struct strings *s, const char *path)
{
    struct problem why = {""};
    s->text = BUF_INIT(FILE_MAX);
    if (file_read(path, &s->text, &why) != OK) {
        (void)fprintf(stderr, "%s\n", why.text);
        exit(EXIT_FAILURE);
    }
    struct span rest = buf_span(&s->text);
    while (rest.n && s->n < STRINGS_MAX) {
        size_t end = span_find(rest, '\n');
        s->each[s->n++] = span_cut(rest, end);
        rest = span_from(rest, end + 1);
    }
}

static unsigned decide_gpp(struct span text)
{
    struct privacy_decision d;
    return privacy_read(text, NULL, &d) == OK && privacy_refuses_ads(&d);
}

/* One vendor, purposes 1, 2 and 7. */
static unsigned decide_tcf(struct span text)
{
    enum { PURPOSES = 1 << 0 | 1 << 1 | 1 << 6 };
    struct tcf_bases bases;
    if (tcf_bases_read(text, VENDOR, &bases, NULL) != OK)
        return 0;
    return ((bases.consent | bases.interest) & PURPOSES) == PURPOSES;
}

static double rate(const struct strings *s, unsigned (*decide)(struct span), uint64_t *yes)
{
    clock_t start = clock(), now;
    uint64_t done = 0;
    do {
        for (int repeat = 0; repeat < REPEATS; repeat++)
            for (size_t i = 0; i < s->n; i++)
                *yes += decide(s->each[i]);
        done += REPEATS * s->n;
        now = clock();
    } while (now - start < round_ticks);
    return (double)done / ((double)(now - start) / CLOCKS_PER_SEC) / 1e6;
}

static void measure(const char *what, const char *path, unsigned (*decide)(struct span))
{
    static struct strings s;
    uint64_t yes = 0;
    double best = 0;
    s.n = 0;
    read_strings(&s, path);
    for (int i = 0; i < ROUNDS && s.n; i++) {
        double r = rate(&s, decide, &yes);
        best = r > best ? r : best;
    }
    (void)printf("%s: %zu strings of %zu characters on average, %.2f M decisions/s\n", what, s.n,
                 s.n ? s.text.n / s.n : 0, best);
    buf_free(&s.text);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        (void)fprintf(stderr, "usage: ads GPP-FILE TCF-FILE\n");
        return EXIT_FAILURE;
    }
    measure("gpp, refused?", argv[1], decide_gpp);
    measure("tcf, a vendor's bases", argv[2], decide_tcf);
    return EXIT_SUCCESS;
}
