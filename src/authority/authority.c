/* src/authority/authority.c: opening and closing a data directory, and the writer's turn. */
#include "authority/inside.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status make_directory(const char *dir, struct problem *why)
{
    if (mkdir(dir, 0700) == 0 || errno == EEXIST)
        return OK;
    return problem_errno(why, "cannot create %s", dir);
}

static enum status read_config(struct authority *a, config_complain *complain, void *context,
                               struct problem *why)
{
    char path[PATH_BYTES];
    struct buf text = BUF_INIT(CONFIG_BYTES_MAX);
    if (path_join(path, a->dir, "optout.conf") != OK)
        return problem_set(why, REFUSED, "the path %s is too long", a->dir);
    enum status s = file_read(path, &text, why);
    if (s == OK || s == NOT_FOUND) {
        s = config_parse(buf_span(&text), &a->config, complain, context);
        if (s != OK)
            (void)problem_set(why, s, "%s has errors; nothing is done until they are mended", path);
    }
    buf_free(&text);
    if (s != OK)
        return s;
    const char *country = config_default_country(a->config);
    if (country[0] && !phone_country_known(country))
        return problem_set(why, REFUSED,
                           "%s: default_country %s has no numbering plan that is "
                           "known here",
                           path, country);
    (void)snprintf(a->address_options.country, sizeof a->address_options.country, "%s", country);
    return OK;
}

static void locks_init(struct authority *a)
{
    a->lock.fd = -1;
    INVARIANT(pthread_mutex_init(&a->writing, NULL) == 0 &&
              pthread_mutex_init(&a->ledger_mutex, NULL) == 0 &&
              pthread_rwlock_init(&a->lookup_lock, NULL) == 0 &&
              pthread_mutex_init(&a->intake.mutex, NULL) == 0 &&
              pthread_cond_init(&a->intake.changed, NULL) == 0);
    a->intake.end = &a->intake.first;
}

static enum status open_parts(struct authority *a, enum authority_mode mode,
                              config_complain *complain, void *context, struct problem *why)
{
    enum status s = mode == AUTHORITY_WRITE ? make_directory(a->dir, why) : OK;
    if (s == OK && access(a->dir, F_OK) != 0)
        s = problem_set(why, NOT_FOUND,
                        "there is no data directory %s; name the right one with "
                        "--data, or begin one by recording or importing",
                        a->dir);
    if (s == OK)
        s = read_config(a, complain, context, why);
    if (s == OK)
        s = keys_open(a, mode, why);
    if (s != OK)
        return s;
    /* A reader without a usable lookup opens all the same and answers `stale`. */
    s = lookup_ensure(a, 0, why);
    if (mode == AUTHORITY_READ)
        return OK;
    return s == OK ? doubt_settle(a, why) : s;
}

enum status authority_open(const char *dir, enum authority_mode mode, config_complain *complain,
                           void *context, struct authority **out, struct problem *why)
{
    struct authority *a = mem_new(1, sizeof *a);
    if (!a)
        return problem_set(why, NO_MEMORY, "out of memory");
    locks_init(a);
    int n = snprintf(a->dir, sizeof a->dir, "%s", dir);
    enum status s = n < 0 || (size_t)n >= sizeof a->dir
                        ? problem_set(why, REFUSED, "the path is too long")
                        : open_parts(a, mode, complain, context, why);
    if (s != OK) {
        authority_close(a);
        return s;
    }
    *out = a;
    return OK;
}

void authority_close(struct authority *a)
{
    if (!a)
        return;
    lookup_close(a->lookup);
    ledger_close(a->ledger);
    config_free(a->config);
    file_lock_close(&a->lock);
    (void)pthread_mutex_destroy(&a->writing);
    (void)pthread_mutex_destroy(&a->ledger_mutex);
    (void)pthread_rwlock_destroy(&a->lookup_lock);
    (void)pthread_mutex_destroy(&a->intake.mutex);
    (void)pthread_cond_destroy(&a->intake.changed);
    secret_wipe(a, sizeof *a);
    mem_free(a);
}

bool authority_is_new(const struct authority *a)
{
    return a->is_new;
}

const char *authority_dir(const struct authority *a)
{
    return a->dir;
}

const struct config *authority_config(const struct authority *a)
{
    return a->config;
}

const struct address_options *authority_address_options(const struct authority *a)
{
    return &a->address_options;
}

struct scope scope_of_address(const struct address *who)
{
    return (struct scope){.channel = channel_of_address(who->kind)};
}

static enum status lock_take(struct authority *a, struct problem *why)
{
    char path[PATH_BYTES];
    if (a->lock.fd < 0) {
        if (path_join(path, a->dir, "lock") != OK)
            return problem_set(why, REFUSED, "the path %s is too long", a->dir);
        enum status s = file_lock_open(&a->lock, path, why);
        if (s != OK)
            return s;
        doubt_begin(a);
    }
    enum status s = file_lock_take(&a->lock, -1);
    return s == OK ? OK : problem_set(why, s, "cannot lock %s: %s", a->dir, status_text(s));
}

enum status writer_enter(struct authority *a, struct problem *why)
{
    pthread_mutex_lock(&a->writing);
    enum status s = lock_take(a, why);
    if (s != OK)
        pthread_mutex_unlock(&a->writing);
    return s;
}

void writer_leave(struct authority *a)
{
    file_lock_release(&a->lock);
    pthread_mutex_unlock(&a->writing);
}

enum status authority_fact_put(struct authority *a, const char *kind, struct span name,
                               struct span value, struct problem *why)
{
    if (!a->ledger)
        return problem_set(why, NO_ACCESS, "%s is read-only here", a->dir);
    enum status s = writer_enter(a, why);
    if (s != OK)
        return s;
    pthread_mutex_lock(&a->ledger_mutex);
    s = ledger_fact_put(a->ledger, kind, name, value, why);
    pthread_mutex_unlock(&a->ledger_mutex);
    writer_leave(a);
    return s;
}

enum status authority_fact_get(struct authority *a, const char *kind, struct span name,
                               struct buf *out, struct problem *why)
{
    if (!a->ledger)
        return problem_set(why, NO_ACCESS, "the ledger in %s cannot be read here", a->dir);
    pthread_mutex_lock(&a->ledger_mutex);
    enum status s = ledger_fact_get(a->ledger, kind, name, out, why);
    pthread_mutex_unlock(&a->ledger_mutex);
    return s;
}

enum status authority_fact_each(struct authority *a, const char *kind, ledger_fact_visit *visit,
                                void *context, struct problem *why)
{
    if (!a->ledger)
        return problem_set(why, NO_ACCESS, "the ledger in %s cannot be read here", a->dir);
    pthread_mutex_lock(&a->ledger_mutex);
    enum status s = ledger_fact_each(a->ledger, kind, visit, context, why);
    pthread_mutex_unlock(&a->ledger_mutex);
    return s;
}
