#include "lookup/install.h"
#include "base/file.h"
#include "base/secret.h"
#include "lookup/view.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define NEW_SUFFIX ".new"

/* The smallest delta. A variable, so that tests fill one soon; nobody else sets it. */
uint64_t lookup_test_delta_slots;
enum { DELTA_SLOTS_MIN = 1 << 16 };

static uint64_t delta_slots(uint64_t base_entries)
{
    uint64_t least = lookup_test_delta_slots ? lookup_test_delta_slots : DELTA_SLOTS_MIN;
    return base_entries / 4 > least ? base_entries / 4 : least;
}

/* A fresh file: one left by a writer that died is removed. */
static enum status create_new(const char *dir, const char *name, int *fd, struct problem *why)
{
    char path[PATH_BYTES];
    if (path_join(path, dir, name) != OK)
        return problem_set(why, REFUSED, "path too long: %s", dir);
    (void)unlink(path);
    *fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return *fd < 0 ? problem_errno(why, "cannot create %s", path) : OK;
}

static enum status write_base(const char *dir, const struct table *table, const struct pool *pool,
                              const struct lookup_origin *origin, uint64_t generation,
                              struct problem *why)
{
    int fd;
    enum status s = create_new(dir, BASE_NAME NEW_SUFFIX, &fd, why);
    if (s != OK)
        return s;
    s = snapshot_write(fd, table, pool, origin, generation, why);
    if (close(fd) != 0 && s == OK)
        s = problem_errno(why, "cannot close lookup.base");
    return s;
}

static enum status write_delta(const char *dir, const struct table *table, const struct pool *pool,
                               uint64_t applied, uint64_t generation, struct problem *why)
{
    int fd;
    enum status s = create_new(dir, DELTA_NAME NEW_SUFFIX, &fd, why);
    if (s != OK)
        return s;
    s = delta_create(fd, generation, applied, delta_slots(table->entries), pool->words_n,
                     pool->states_n, why);
    if (close(fd) != 0 && s == OK)
        s = problem_errno(why, "cannot close lookup.delta");
    return s;
}

static enum status rename_new(const char *dir, const char *from, const char *to,
                              struct problem *why)
{
    char old[PATH_BYTES], new[PATH_BYTES];
    if (path_join(old, dir, from) != OK || path_join(new, dir, to) != OK)
        return problem_set(why, REFUSED, "path too long: %s", dir);
    return rename(old, new) == 0 ? OK : problem_errno(why, "cannot rename %s to %s", old, new);
}

static void remove_new(const char *dir, const char *name)
{
    char path[PATH_BYTES];
    if (path_join(path, dir, name) == OK)
        (void)unlink(path);
}

void install_standing(const char *dir, uint64_t standing)
{
    char path[PATH_BYTES];
    if (path_join(path, dir, DELTA_NAME) != OK)
        return;
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    /* Within the file only: a write beyond its end would make it longer. Eight bytes in one page
     * are written at once, and mappings see them. */
    if (lseek(fd, 0, SEEK_END) >= DELTA_HEADER_BYTES)
        (void)!pwrite(fd, &standing, sizeof standing, offsetof(struct delta_head, standing));
    (void)close(fd);
}

enum status install(const char *dir, const struct table *table, const struct pool *pool,
                    const struct lookup_origin *origin, struct problem *why)
{
    uint64_t generation;
    secret_random(&generation, sizeof generation);
    enum status s = write_base(dir, table, pool, origin, generation, why);
    if (s == OK)
        s = write_delta(dir, table, pool, origin->applied, generation, why);
    if (s != OK) {
        remove_new(dir, BASE_NAME NEW_SUFFIX);
        remove_new(dir, DELTA_NAME NEW_SUFFIX);
        return s;
    }
    install_standing(dir, DELTA_SUPERSEDED);
    s = rename_new(dir, BASE_NAME NEW_SUFFIX, BASE_NAME, why);
    if (s == OK)
        s = rename_new(dir, DELTA_NAME NEW_SUFFIX, DELTA_NAME, why);
    return s == OK ? dir_sync(dir, why) : s;
}
