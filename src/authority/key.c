/* src/authority/key.c: the master secret, and its bond with the ledger.
 *
 * DIR/key is a text file: a line `optout-key-v1`, a line of 64 hex digits. The ledger keeps a
 * check value of the key it was written with, so that a foreign key is noticed before it makes
 * everybody look unknown.
 *
 * They are created in an order that a crash cannot turn into a loss: the empty ledger, the key,
 * the check value. An empty ledger without key or check value is an unfinished beginning; a ledger
 * with a check value but no key, or a key without ledger, is a loss and is said so.
 */
#include "authority/inside.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHECK_BYTES = 16, KEY_FILE_MAX = 4096 };
static const char key_magic[] = "optout-key-v1";

static void check_value(const struct secret *master, uint8_t out[CHECK_BYTES])
{
    struct secret derived = secret_derive(master, "optout key check");
    memcpy(out, derived.bytes, CHECK_BYTES);
    secret_wipe(&derived, sizeof derived);
}

static enum status key_parse(struct span text, struct secret *out)
{
    size_t line = span_find(text, '\n');
    struct span hex = span_trim(span_from(text, line));
    if (!span_eq(span_cut(text, line), span_of(key_magic)))
        return DAMAGED;
    return hex_decode(hex, out->bytes, SECRET_BYTES) ? OK : DAMAGED;
}

static enum status key_read(const char *path, struct secret *out, struct problem *why)
{
    struct buf text = BUF_INIT(KEY_FILE_MAX);
    enum status s = file_read(path, &text, why);
    if (s == OK) {
        s = key_parse(buf_span(&text), out);
        if (s != OK)
            (void)problem_set(why, s, "%s is not a key file of optout; restore it from its backup",
                              path);
    }
    if (text.p)
        secret_wipe(text.p, text.n);
    buf_free(&text);
    return s;
}

static enum status key_create(const char *path, struct secret *out, struct problem *why)
{
    char hex[2 * SECRET_BYTES + 1], text[sizeof key_magic + sizeof hex + 1];
    secret_random(out->bytes, SECRET_BYTES);
    hex_encode(out->bytes, SECRET_BYTES, hex);
    int n = snprintf(text, sizeof text, "%s\n%s\n", key_magic, hex);
    INVARIANT(n > 0 && (size_t)n < sizeof text);
    enum status s = file_create(path, (struct span){text, (size_t)n}, 0600, why);
    secret_wipe(hex, sizeof hex);
    secret_wipe(text, sizeof text);
    return s;
}

/* NOT_FOUND when the ledger has no check value yet. */
static enum status bond_check(struct authority *a, struct problem *why)
{
    uint8_t expected[CHECK_BYTES];
    struct buf stored = BUF_INIT(64);
    check_value(&a->master, expected);
    enum status s = ledger_fact_get(a->ledger, "ledger", SPAN("key-check"), &stored, why);
    if (s == OK && (stored.n != CHECK_BYTES || !secret_equal(stored.p, expected, CHECK_BYTES)))
        s = problem_set(why, DAMAGED,
                        "%s/key is not the key that this ledger was written with; "
                        "restore the right key file from its backup",
                        a->dir);
    buf_free(&stored);
    return s;
}

/* Ids are made of normalised text: other rules would look for other ids. */
static enum status normalisation_check(struct authority *a, struct problem *why)
{
    uint64_t version = 0;
    struct buf text = BUF_INIT(16);
    enum status s = ledger_fact_get(a->ledger, "ledger", SPAN("normalisation"), &text, why);
    if (s == NOT_FOUND || (s == OK && (span_to_u64(buf_span(&text), &version) != OK ||
                                       version != NORMALISATION_VERSION)))
        s = problem_set(why, DAMAGED,
                        "the ledger was written with normalisation %llu, this program "
                        "has %d; use the program that wrote it",
                        (unsigned long long)version, NORMALISATION_VERSION);
    buf_free(&text);
    return s;
}

static enum status bond_make(struct authority *a, struct problem *why)
{
    uint8_t check[CHECK_BYTES];
    static const char version[] = {'0' + NORMALISATION_VERSION};
    enum status s = families_put(a, FAMILY_BIT(HASH_SHA256), why);
    if (s == OK)
        s = ledger_fact_put(a->ledger, "ledger", SPAN("normalisation"),
                            (struct span){version, sizeof version}, why);
    if (s != OK)
        return s;
    check_value(&a->master, check);
    return ledger_fact_put(a->ledger, "ledger", SPAN("key-check"),
                           (struct span){(char *)check, sizeof check}, why);
}

static enum status ledger_is_begun(struct authority *a, bool *begun, struct problem *why)
{
    uint64_t last = 0;
    struct buf check = BUF_INIT(64);
    enum status s = ledger_last(a->ledger, &last, why);
    if (s == OK)
        s = ledger_fact_get(a->ledger, "ledger", SPAN("key-check"), &check, why);
    *begun = last > 0 || check.n > 0;
    buf_free(&check);
    return s == NOT_FOUND ? OK : s;
}

static enum status key_lost(const struct authority *a, struct problem *why)
{
    return problem_set(why, DAMAGED,
                       "%s/key is missing: without it no recorded opt-out can be "
                       "found, so every answer is deny; put the backup of the key file back",
                       a->dir);
}

/* The writer's part: makes what a fresh directory lacks. */
static enum status create_missing(struct authority *a, const char *key_path, bool has_key,
                                  const char *ledger_path, struct problem *why)
{
    bool begun = false;
    enum status s = ledger_open(ledger_path, LEDGER_CREATE, &a->ledger, why);
    if (s == OK)
        s = ledger_is_begun(a, &begun, why);
    if (s != OK)
        return s;
    if (!has_key && begun)
        return key_lost(a, why);
    if (!has_key) {
        s = key_create(key_path, &a->master, why);
        a->is_new = s == OK;
    } else {
        s = key_read(key_path, &a->master, why);
    }
    if (s != OK)
        return s;
    if (!begun)
        return bond_make(a, why);
    s = bond_check(a, why); /* another process has finished the beginning meanwhile */
    return s != NOT_FOUND ? s
                          : problem_set(why, DAMAGED,
                                        "the ledger in %s has events but no check "
                                        "value of its key; restore it from a backup",
                                        a->dir);
}

/* Without the directory's own name on disk, all that was synced inside is lost with it. Whose
 * parent may not be read has a directory that somebody else made. */
static enum status sync_own_name(const struct authority *a, struct problem *why)
{
    char parent[PATH_BYTES];
    if (path_join(parent, a->dir, "..") != OK)
        return problem_set(why, REFUSED, "the path %s is too long", a->dir);
    enum status s = dir_sync(parent, why);
    return s == NO_ACCESS ? OK : s;
}

static enum status open_fresh(struct authority *a, const char *key_path, const char *ledger_path,
                              struct problem *why)
{
    enum status s = writer_enter(a, why);
    if (s != OK)
        return s;
    /* Looked at under the lock: another process may have been here first. */
    bool has_key = access(key_path, F_OK) == 0, has_ledger = access(ledger_path, F_OK) == 0;
    if (has_key && !has_ledger)
        s = problem_set(why, DAMAGED,
                        "%s/ledger.db is missing beside its key: restore it from a "
                        "backup (to begin anew, remove %s/key as well)",
                        a->dir, a->dir);
    else if ((s = sync_own_name(a, why)) == OK)
        s = create_missing(a, key_path, has_key, ledger_path, why);
    writer_leave(a);
    return s;
}

/* A reader that may not open the ledger still answers from the lookup. */
static enum status open_existing(struct authority *a, enum authority_mode mode,
                                 const char *key_path, const char *ledger_path, struct problem *why)
{
    enum status s = key_read(key_path, &a->master, why);
    if (s == NOT_FOUND)
        return key_lost(a, why);
    if (s != OK)
        return s;
    s = ledger_open(ledger_path, LEDGER_WRITE, &a->ledger, why);
    if (s == NO_ACCESS && mode == AUTHORITY_READ)
        return OK;
    if (s == OK)
        s = bond_check(a, why);
    return s == OK ? normalisation_check(a, why) : s;
}

enum status keys_open(struct authority *a, enum authority_mode mode, struct problem *why)
{
    char key_path[PATH_BYTES], ledger_path[PATH_BYTES];
    if (path_join(key_path, a->dir, "key") != OK ||
        path_join(ledger_path, a->dir, "ledger.db") != OK)
        return problem_set(why, REFUSED, "the path %s is too long", a->dir);
    bool has_key = access(key_path, F_OK) == 0, has_ledger = access(ledger_path, F_OK) == 0;
    enum status s;
    if (!has_key && !has_ledger && mode == AUTHORITY_READ)
        return problem_set(why, NOT_FOUND,
                           "%s holds no ledger; name the right directory with "
                           "--data, or begin one by recording or importing",
                           a->dir);
    if ((!has_key || !has_ledger) && mode == AUTHORITY_WRITE)
        s = open_fresh(a, key_path, ledger_path, why);
    else
        s = open_existing(a, mode, key_path, ledger_path, why);
    if (s == NOT_FOUND && a->ledger && mode == AUTHORITY_WRITE) {
        /* A crash came between key and check value: finish the beginning. */
        ledger_close(a->ledger);
        a->ledger = NULL;
        s = open_fresh(a, key_path, ledger_path, why);
    } else if (s == NOT_FOUND) {
        s = problem_set(why, DAMAGED,
                        "%s/ledger.db is missing or unfinished beside its key: "
                        "restore it from a backup",
                        a->dir);
    }
    if (s != OK)
        return s;
    a->seal = secret_derive(&a->master, "optout seal");
    id_key_derive(&a->master, &a->ids);
    return OK;
}

enum status authority_key_backup(struct authority *a, const char *path, struct problem *why)
{
    char key_path[PATH_BYTES];
    struct buf text = BUF_INIT(KEY_FILE_MAX);
    if (path_join(key_path, a->dir, "key") != OK)
        return problem_set(why, REFUSED, "the path %s is too long", a->dir);
    enum status s = file_read(key_path, &text, why);
    if (s == OK)
        s = file_create(path, buf_span(&text), 0600, why);
    if (text.p)
        secret_wipe(text.p, text.n);
    buf_free(&text);
    return s;
}
