/* bench/workload.c: makes the workload of the benchmarks from a seed.
 *
 *   workload [-n COUNT] [-s SEED] DIR
 *
 * writes into DIR: send.txt and suppressed.txt, COUNT addresses each (default ten million), of
 * which a tenth is in both, in random order, 25.3 bytes a line on average; 70 % lower case, 20 %
 * capitalised, 10 % upper case, chosen independently in both; and send.csv, the same people as
 * `id,email,first_name,country`. The same seed gives the same bytes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

/* SplitMix64 (Steele, Lea, Flood, 2014): enough randomness, one word of state. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

static uint64_t next_random(void)
{
    return mix(state += 0x9e3779b97f4a7c15);
}

/* The person `who` has one name for ever, whatever file it stands in. */
static int name_person(uint64_t who, uint64_t seed, char out[96])
{
    static const char *const first[] = {"anna",  "ben",  "carla", "dario", "elena", "felix",
                                        "grace", "hugo", "iris",  "jonas", "kira",  "luis",
                                        "maria", "noah", "olga",  "paul"};
    static const char *const domain[] = {"example.com",  "example.org",  "example.net",
                                         "mail.example", "post.example", "corp.example"};
    uint64_t r = mix(who * 0x2545f4914f6cdd1d + seed);
    return snprintf(out, 96, "%s.%llx@%s", first[r % 16], (unsigned long long)who + 0x100000,
                    domain[(r >> 8) % 6]);
}

static void vary_case(char *s)
{
    uint64_t r = next_random() % 10;
    if (r < 7)
        return;
    for (size_t i = 0; s[i] && (r == 9 || i == 0); i++)
        if (s[i] >= 'a' && s[i] <= 'z')
            s[i] = (char)(s[i] - 'a' + 'A');
}

static void shuffle(uint64_t *people, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = next_random() % i;
        uint64_t t = people[i - 1];
        people[i - 1] = people[j];
        people[j] = t;
    }
}

static FILE *create(const char *dir, const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    if (!f) {
        perror(path);
        exit(3);
    }
    return f;
}

static void finish(FILE *f)
{
    if (ferror(f) || fclose(f) != 0) {
        perror("workload");
        exit(3);
    }
}

/* People first … first+n, shuffled, as lines and, if wanted, as CSV. */
static void write_people(const char *dir, const char *lines, const char *csv, uint64_t first,
                         size_t n, uint64_t seed)
{
    static const char *const country[] = {"US", "DE", "FR", "GB", "BR", "JP"};
    uint64_t *people = malloc(n * sizeof *people);
    FILE *plain = create(dir, lines), *table = csv ? create(dir, csv) : NULL;
    if (!people)
        exit(3);
    for (size_t i = 0; i < n; i++)
        people[i] = first + i;
    shuffle(people, n);
    if (table)
        (void)fputs("id,email,first_name,country\n", table);
    for (size_t i = 0; i < n; i++) {
        char address[96];
        (void)name_person(people[i], seed, address);
        vary_case(address);
        (void)fprintf(plain, "%s\n", address);
        if (table)
            (void)fprintf(table, "%zu,%s,%.*s,%s\n", i + 1, address, (int)strcspn(address, "."),
                          address, country[people[i] % 6]);
    }
    finish(plain);
    if (table)
        finish(table);
    free(people);
}

int main(int argc, char **argv)
{
    uint64_t count = 10000000, seed = 1;
    int at = 1;
    for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
        if (argv[at][1] == 'n')
            count = strtoull(argv[at + 1], NULL, 10);
        else if (argv[at][1] == 's')
            seed = strtoull(argv[at + 1], NULL, 10);
    }
    if (at + 1 != argc || count < 10) {
        (void)fprintf(stderr, "usage: workload [-n COUNT] [-s SEED] DIR\n");
        return 2;
    }
    state = seed;
    write_people(argv[at], "send.txt", "send.csv", 0, count, seed);
    write_people(argv[at], "suppressed.txt", NULL, count - count / 10, count, seed);
    return 0;
}
