/* test/scenario/threads.c: eight threads of one process record and ask through liboptout on one
 * handle, while the lookup files are damaged or deleted and made anew, by them or by another
 * process. Run by ten.py; under the thread sanitizer it finds races too.
 *
 *     threads DIR SECONDS OPTOUT damage|delete
 *
 * Each thread records people of its own, in order, so that everybody knows who must be denied: the
 * first ones of each thread, as many as it has had acknowledged. Prints their number; exits 1 with
 * a sentence for each wrong answer. A record that fails is no wrong answer and is tried again.
 */
#include "include/optout.h"

#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    THREADS = 8,
    NAME_BYTES = 64,
    BATCH = 64,
    PATH_BYTES = 1024,
    DAMAGE_BYTES = 64,
    DAMAGE_EVERY_MS = 50,
    TRIES = 100
};

extern char **environ;

static struct optout *authority;
static atomic_bool over;
static atomic_ulong acknowledged[THREADS]; /* people 0 … n-1 of a thread are opted out */
static atomic_ulong wrong;

static void person(char out[NAME_BYTES], unsigned thread, unsigned long n)
{
    (void)snprintf(out, NAME_BYTES, "t%u.p%lu@example.com", thread, n);
}

static void complain(const char *what, const char *who)
{
    (void)fprintf(stderr, "%s: %s\n", who, what);
    atomic_fetch_add(&wrong, 1);
}

static void expect(const char *who, enum optout_reason expected)
{
    enum optout_reason why;
    (void)optout_check(authority, who, "email:acme/news", OPTOUT_MARKETING, &why);
    if (why != expected)
        complain(optout_reason_word(why), who);
}

/* Tries until it is acknowledged; a failed record may be on disk all the same. */
static bool record_person(const char *who)
{
    char error[OPTOUT_ERROR_BYTES];
    for (int i = 0; i < TRIES; i++)
        if (optout_record(authority, OPTOUT_EVENT_OUT, who, "email:acme/*", NULL, NULL, NULL,
                          error) == OPTOUT_OK)
            return true;
    complain(error, who);
    return false;
}

static void record_next(unsigned thread)
{
    char who[NAME_BYTES];
    unsigned long n = atomic_load(&acknowledged[thread]);
    person(who, thread, n);
    expect(who, OPTOUT_NO_RECORD);
    if (!record_person(who))
        return;
    atomic_store(&acknowledged[thread], n + 1);
    expect(who, OPTOUT_OPT_OUT);
}

/* Those whom another thread has told of are denied, and somebody who never spoke is not. */
static void ask_about(unsigned thread)
{
    char names[BATCH][NAME_BYTES];
    const char *who[BATCH];
    enum optout_reason why[BATCH];
    unsigned long told = atomic_load(&acknowledged[thread]);
    unsigned long n = told < BATCH - 1 ? told : BATCH - 1;
    for (unsigned long i = 0; i < n; i++)
        person(names[i], thread, told - 1 - i);
    (void)snprintf(names[n], NAME_BYTES, "nobody%u@example.com", thread);
    for (unsigned long i = 0; i <= n; i++)
        who[i] = names[i];
    if (optout_check_batch(authority, who, n + 1, "email:acme/news", OPTOUT_MARKETING, why) !=
        OPTOUT_OK)
        complain("no answer", names[n]);
    for (unsigned long i = 0; i < n; i++)
        if (why[i] != OPTOUT_OPT_OUT)
            complain(optout_reason_word(why[i]), names[i]);
    if (why[n] != OPTOUT_NO_RECORD)
        complain(optout_reason_word(why[n]), names[n]);
}

static void *work(void *context)
{
    unsigned thread = (unsigned)(uintptr_t)context;
    for (unsigned turn = 0; !atomic_load(&over); turn++) {
        record_next(thread);
        ask_about((thread + turn) % THREADS);
    }
    return NULL;
}

static void delete_lookup(const char *dir)
{
    static const char *const files[] = {"lookup.base", "lookup.delta"};
    char path[PATH_BYTES];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        (void)unlink(path);
    }
}

/* Overwrites some bytes in the middle, which mappings see at once. */
static void damage_lookup(const char *dir)
{
    char path[PATH_BYTES], garbage[DAMAGE_BYTES];
    (void)snprintf(path, sizeof path, "%s/lookup.base", dir);
    memset(garbage, 0x5a, sizeof garbage);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    off_t size = lseek(fd, 0, SEEK_END);
    if (size > DAMAGE_BYTES && pwrite(fd, garbage, sizeof garbage, size / 2) < 0)
        complain("cannot be damaged", path);
    (void)close(fd);
}

/* Another process, which asks about somebody who never spoke. */
static void ask_beside(const char *dir, char *program)
{
    char data[PATH_BYTES], check[] = "check", nobody[] = "nobody0@example.com";
    int status;
    pid_t pid;
    posix_spawn_file_actions_t quiet;
    (void)snprintf(data, sizeof data, "--data=%s", dir);
    char *const argv[] = {program, data, check, nobody, NULL};
    (void)posix_spawn_file_actions_init(&quiet);
    (void)posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawn(&pid, program, &quiet, NULL, argv, environ) != 0 ||
        waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        complain("the check beside us failed", nobody);
    (void)posix_spawn_file_actions_destroy(&quiet);
}

static void pause_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    char error[OPTOUT_ERROR_BYTES];
    if (argc != 5 || optout_open(argv[1], OPTOUT_WRITE, &authority, error) != OPTOUT_OK) {
        (void)fprintf(stderr, "threads: %s\n",
                      argc == 5 ? error : "DIR SECONDS OPTOUT damage|delete");
        return 2;
    }
    bool deletes = strcmp(argv[4], "delete") == 0;
    time_t end = time(NULL) + strtol(argv[2], NULL, 10);
    for (unsigned i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)i) != 0)
            return 2;
    while (time(NULL) < end) {
        pause_ms(DAMAGE_EVERY_MS);
        if (deletes)
            delete_lookup(argv[1]);
        else
            damage_lookup(argv[1]);
        ask_beside(argv[1], argv[3]);
    }
    atomic_store(&over, true);
    unsigned long sum = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
        sum += atomic_load(&acknowledged[i]);
    }
    optout_close(authority);
    (void)printf("%lu\n", sum);
    return atomic_load(&wrong) ? 1 : 0;
}
