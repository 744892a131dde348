/* fuzz/replay.c: runs a fuzz target over the files of its seed folder, without libFuzzer.
 *
 * A target aborts when it finds a fault; so a run that ends has passed. Prints TAP, a line a seed.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *folder, const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    if (!f)
        return -1;
    static uint8_t bytes[1 << 20];
    size_t n = fread(bytes, 1, sizeof bytes, f);
    (void)fclose(f);
    /* A copy of the exact size, so that a sanitizer sees a read behind the end. */
    uint8_t *exact = malloc(n ? n : 1);
    if (!exact)
        return -1;
    for (size_t i = 0; i < n; i++)
        exact[i] = bytes[i];
    (void)LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    return 0;
}

int main(int argc, char **argv)
{
    DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
    if (!dir) {
        (void)fprintf(stderr, "usage: %s SEED-FOLDER\n", argv[0]);
        return 2;
    }
    int count = 0, failed = 0;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.')
            continue;
        int bad = replay(argv[1], e->d_name) != 0;
        failed += bad;
        (void)printf("%s %d - seed %s\n", bad ? "not ok" : "ok", ++count, e->d_name);
    }
    (void)closedir(dir);
    if (count == 0)
        (void)printf("not ok %d - no seed in %s\n", ++count, argv[1]);
    (void)printf("1..%d\n", count);
    return failed || count == 0;
}
