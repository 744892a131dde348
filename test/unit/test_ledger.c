/* The ledger: numbered without a gap, kept once acknowledged, and honest about damage. */
#include "base/secret.h"
#include "ledger/ledger.h"

#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char dir[64], path[96], copy_path[96];

/* --- helpers ------------------------------------------------------------------------------- */

/* The ledger waits long for another writer; a test sets a shorter patience by standing before
 * SQLite's function of this name. */
static int patience_ms = 10000;

int sqlite3_busy_timeout(sqlite3 *db, int ms)
{
    int (*real)(sqlite3 *, int);
    void *found = dlsym(RTLD_NEXT, "sqlite3_busy_timeout");
    memcpy(&real, &found, sizeof real);
    return real(db, ms < patience_ms ? ms : patience_ms);
}

static int fresh(void **state)
{
    (void)state;
    patience_ms = 10000;
    (void)snprintf(dir, sizeof dir, "/tmp/optout-ledger-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    (void)snprintf(path, sizeof path, "%s/ledger.db", dir);
    (void)snprintf(copy_path, sizeof copy_path, "%s/copy.db", dir);
    return 0;
}

static int remove_all(void **state)
{
    (void)state;
    static const char *const names[] = {"ledger.db", "ledger.db-wal", "ledger.db-shm",
                                        "copy.db",   "copy.db-wal",   "copy.db-shm"};
    for (size_t i = 0; i < COUNT(names); i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "%s/%s", dir, names[i]);
        (void)unlink(name);
    }
    return rmdir(dir);
}

static struct ledger *open_ledger(enum ledger_mode mode)
{
    struct ledger *l = NULL;
    struct problem why = {""};
    if (ledger_open(path, mode, &l, &why) != OK)
        fail_msg("%s", why.text);
    return l;
}

static const char commitment[LEDGER_COMMITMENT_BYTES + 1] = "the hmac of the canonical text..";

static struct ledger_event event_of(uint64_t person, uint64_t prev, const char *scope)
{
    struct ledger_event e = {
        .id = {person, (uint32_t)person},
        .prev = prev,
        .kind = EVENT_OUT,
        .at_us = 1000,
        .recorded_us = 2000,
        .source = SPAN("cli"),
        .commitment = {commitment, LEDGER_COMMITMENT_BYTES},
    };
    assert_int_equal(scope_parse(span_of(scope), &e.scope, NULL), OK);
    return e;
}

static uint64_t append(struct ledger *l, uint64_t person, uint64_t prev)
{
    struct problem why = {""};
    struct ledger_event e = event_of(person, prev, "email:acme/news");
    if (ledger_append(l, &e, &why) != OK)
        fail_msg("%s", why.text);
    return e.seq;
}

/* n events of as many people, in one transaction. */
static void record(struct ledger *l, uint64_t n)
{
    struct problem why;
    assert_int_equal(ledger_begin(l, &why), OK);
    for (uint64_t i = 1; i <= n; i++)
        (void)append(l, i, 0);
    assert_int_equal(ledger_commit(l, &why), OK);
}

static uint64_t last_of(struct ledger *l)
{
    uint64_t last = 99;
    struct problem why;
    assert_int_equal(ledger_last(l, &last, &why), OK);
    return last;
}

/* Runs SQL behind the ledger's back. */
static void tamper(const char *sql)
{
    sqlite3 *db;
    char *error = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s", error);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static enum status open_status(enum ledger_mode mode, struct problem *why)
{
    struct ledger *l = NULL;
    enum status s = ledger_open(path, mode, &l, why);
    if (s == OK)
        ledger_close(l);
    return s;
}

/* --- opening ------------------------------------------------------------------------------- */

static void only_create_creates(void **state)
{
    (void)state;
    struct problem why = {""};
    assert_int_equal(open_status(LEDGER_READ, &why), NOT_FOUND);
    assert_int_equal(open_status(LEDGER_WRITE, &why), NOT_FOUND);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(open_status(LEDGER_CREATE, &why), OK);
    assert_int_equal(open_status(LEDGER_WRITE, &why), OK);
    assert_int_equal(open_status(LEDGER_READ, &why), OK);
}

static void a_ledger_keeps_its_name(void **state)
{
    (void)state;
    uint8_t name[LEDGER_NAME_BYTES], again[LEDGER_NAME_BYTES], zero[LEDGER_NAME_BYTES] = {0};
    struct ledger *l = open_ledger(LEDGER_CREATE);
    ledger_name(l, name);
    ledger_close(l);
    l = open_ledger(LEDGER_CREATE);
    ledger_name(l, again);
    ledger_close(l);
    assert_memory_equal(name, again, sizeof name);
    assert_memory_not_equal(name, zero, sizeof name);
}

static void a_newer_layout_is_refused(void **state)
{
    (void)state;
    struct problem why = {""};
    ledger_close(open_ledger(LEDGER_CREATE));
    tamper("PRAGMA user_version = 99");
    assert_int_equal(open_status(LEDGER_WRITE, &why), DAMAGED);
    assert_non_null(strstr(why.text, "newer optout"));
    assert_int_equal(open_status(LEDGER_CREATE, &why), DAMAGED);
}

static void a_file_of_something_else_is_refused_and_left_alone(void **state)
{
    (void)state;
    char garbage[8192], after[sizeof garbage + 1];
    struct problem why = {""};
    memset(garbage, 'g', sizeof garbage);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(garbage, 1, sizeof garbage, f), sizeof garbage);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(open_status(LEDGER_CREATE, &why), DAMAGED);
    assert_int_equal(open_status(LEDGER_READ, &why), DAMAGED);
    f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fread(after, 1, sizeof after, f), sizeof garbage);
    assert_int_equal(fclose(f), 0);
    assert_memory_equal(after, garbage, sizeof garbage);
}

static void an_unfinished_beginning_is_finished_by_create_alone(void **state)
{
    (void)state;
    struct problem why = {""};
    FILE *f = fopen(path, "wb"); /* a crash came right after the file was made */
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(open_status(LEDGER_WRITE, &why), DAMAGED);
    assert_int_equal(open_status(LEDGER_CREATE, &why), OK);
    tamper("DELETE FROM fact"); /* … or before it had its name */
    assert_int_equal(open_status(LEDGER_WRITE, &why), DAMAGED);
    assert_int_equal(open_status(LEDGER_CREATE, &why), OK);
    assert_int_equal(open_status(LEDGER_WRITE, &why), OK);
}

/* Somebody who may not read the file hears so, and not that there is none. */
static void a_ledger_that_may_not_be_opened_is_no_access(void **state)
{
    (void)state;
    enum { NOBODY = 65534 };
    if (geteuid() != 0)
        skip();
    ledger_close(open_ledger(LEDGER_CREATE));
    assert_int_equal(chmod(path, 0600) | chmod(dir, 0755), 0);
    pid_t child = fork();
    if (child == 0) {
        struct problem why;
        _exit(setuid(NOBODY) == 0 && open_status(LEDGER_READ, &why) == NO_ACCESS ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* --- events -------------------------------------------------------------------------------- */

static void events_are_numbered_without_a_gap(void **state)
{
    (void)state;
    struct problem why;
    struct ledger *l = open_ledger(LEDGER_CREATE);
    assert_int_equal(last_of(l), 0);
    for (uint64_t round = 0; round < 3; round++) {
        assert_int_equal(ledger_begin(l, &why), OK);
        assert_int_equal(append(l, 1, 0), 2 * round + 1);
        assert_int_equal(append(l, 2, 0), 2 * round + 2);
        assert_int_equal(ledger_commit(l, &why), OK);
        assert_int_equal(last_of(l), 2 * round + 2);
    }
    ledger_close(l);
}

static void what_was_rolled_back_never_was(void **state)
{
    (void)state;
    struct problem why;
    struct ledger_event e;
    struct ledger *l = open_ledger(LEDGER_CREATE);
    assert_int_equal(ledger_begin(l, &why), OK);
    assert_int_equal(append(l, 1, 0), 1);
    ledger_rollback(l);
    assert_int_equal(last_of(l), 0);
    assert_int_equal(ledger_get(l, 1, &e, &why), NOT_FOUND);
    record(l, 1); /* the number is free again, and so are the scope and source */
    assert_int_equal(ledger_get(l, 1, &e, &why), OK);
    assert_true(span_eq(e.source, SPAN("cli")));
    ledger_close(l);
}

static void an_open_transaction_ends_with_its_handle(void **state)
{
    (void)state;
    struct problem why;
    struct ledger *l = open_ledger(LEDGER_CREATE);
    assert_int_equal(ledger_begin(l, &why), OK);
    (void)append(l, 1, 0);
    ledger_close(l);
    l = open_ledger(LEDGER_WRITE);
    assert_int_equal(last_of(l), 0);
    ledger_close(l);
}

static void an_event_comes_back_as_it_was_given(void **state)
{
    (void)state;
    char aliases[2 * ID_BYTES] = "alias one...alias two..", salt[LEDGER_SALT_BYTES] = "salt";
    struct problem why;
    struct ledger_event e = event_of(7, 0, "sms:beta/*"), got;
    e.kind = EVENT_COMPLAINT;
    e.proven = true;
    e.at_us = -5;
    e.recorded_us = INT64_MAX;
    e.who = SPAN("sealed\0who");
    e.proof = SPAN("sealed proof");
    e.aliases = (struct span){aliases, sizeof aliases};
    e.salt = (struct span){salt, sizeof salt};
    struct ledger *l = open_ledger(LEDGER_CREATE);
    assert_int_equal(ledger_begin(l, &why), OK);
    assert_int_equal(ledger_append(l, &e, &why), OK);
    assert_int_equal(ledger_commit(l, &why), OK);
    assert_int_equal(ledger_get(l, 1, &got, &why), OK);
    assert_true(id_equal(got.id, e.id) && scope_equal(&got.scope, &e.scope));
    assert_true(got.kind == e.kind && got.proven && got.prev == 0 && got.seq == 1);
    assert_true(got.at_us == e.at_us && got.recorded_us == e.recorded_us);
    assert_true(span_eq(got.who, e.who) && span_eq(got.proof, e.proof));
    assert_true(span_eq(got.aliases, e.aliases) && span_eq(got.salt, e.salt));
    assert_true(span_eq(got.commitment, e.commitment) && span_eq(got.source, e.source));
    ledger_close(l);
}

static void a_history_is_a_chain(void **state)
{
    (void)state;
    struct problem why;
    struct ledger_event e;
    struct ledger *l = open_ledger(LEDGER_CREATE);
    assert_int_equal(ledger_begin(l, &why), OK);
    uint64_t first = append(l, 1, 0);
    (void)append(l, 2, 0);
    uint64_t second = append(l, 1, first);
    (void)append(l, 3, 0);
    uint64_t third = append(l, 1, second);
    assert_int_equal(ledger_commit(l, &why), OK);
    const uint64_t expected[] = {third, second, first};
    uint64_t at = third;
    for (size_t i = 0; i < COUNT(expected); i++, at = e.prev) {
        assert_int_equal(at, expected[i]);
        assert_int_equal(ledger_get(l, at, &e, &why), OK);
        assert_int_equal(e.id.a, 1);
    }
    assert_int_equal(at, 0);
    ledger_close(l);
}

static enum status count_up(void *context, const struct ledger_event *e)
{
    uint64_t *next = context;
    assert_int_equal(e->seq, *next);
    ++*next;
    return e->seq == 7 ? BUSY : OK;
}

static void each_tells_all_in_order_until_told_to_stop(void **state)
{
    (void)state;
    struct problem why;
    struct ledger *l = open_ledger(LEDGER_CREATE);
    record(l, 6);
    uint64_t next = 1;
    assert_int_equal(ledger_each(l, 1, count_up, &next, &why), OK);
    assert_int_equal(next, 7);
    assert_int_equal(ledger_each(l, 7, count_up, &next, &why), OK);
    assert_int_equal(next, 7);
    record(l, 3);
    next = 5;
    assert_int_equal(ledger_each(l, 5, count_up, &next, &why), BUSY);
    assert_int_equal(next, 8);
    ledger_close(l);
}

static void an_erased_event_keeps_all_but_what_is_personal(void **state)
{
    (void)state;
    char alias[ID_BYTES + 1] = "another id..";
    struct problem why;
    struct ledger_event e = event_of(7, 0, "sms:beta/*"), got;
    e.who = SPAN("SECRET-WHO");
    e.proof = SPAN("SECRET-PROOF");
    struct ledger *l = open_ledger(LEDGER_CREATE);
    assert_int_equal(ledger_begin(l, &why), OK);
    assert_int_equal(ledger_append(l, &e, &why), OK);
    assert_int_equal(ledger_commit(l, &why), OK);
    assert_int_equal(ledger_begin(l, &why), OK);
    assert_int_equal(ledger_erase(l, 1, (struct span){alias, ID_BYTES}, &why), OK);
    assert_int_equal(ledger_commit(l, &why), OK);
    assert_int_equal(ledger_scour(l, &why), OK);
    assert_int_equal(ledger_get(l, 1, &got, &why), OK);
    assert_int_equal(got.who.n + got.proof.n + got.salt.n, 0);
    assert_int_equal(got.aliases.n, ID_BYTES);
    assert_true(id_equal(got.id, e.id) && span_eq(got.commitment, e.commitment));
    ledger_close(l);
    struct buf file = BUF_INIT(1 << 20);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(buf_reserve(&file, 1 << 16), OK);
    file.n = fread(file.p, 1, 1 << 16, f);
    assert_int_equal(fclose(f), 0);
    assert_null(memmem(file.p, file.n, "SECRET", 6));
    buf_free(&file);
}

/* --- durability ---------------------------------------------------------------------------- */

static void what_was_committed_outlives_the_handle(void **state)
{
    (void)state;
    struct ledger *l = open_ledger(LEDGER_CREATE);
    record(l, 5);
    ledger_close(l);
    l = open_ledger(LEDGER_READ);
    assert_int_equal(last_of(l), 5);
    ledger_close(l);
}

/* A process that is killed the moment after it was told that its commit is done. */
static void what_was_committed_outlives_a_killed_process(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct ledger *l = open_ledger(LEDGER_CREATE);
        struct problem why;
        record(l, 5);
        if (ledger_begin(l, &why) == OK)
            (void)append(l, 1, 0); /* and this was not */
        (void)raise(SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    struct ledger *l = open_ledger(LEDGER_WRITE);
    assert_int_equal(last_of(l), 5);
    record(l, 1);
    assert_int_equal(last_of(l), 6);
    ledger_close(l);
}

static void one_writer_at_a_time(void **state)
{
    (void)state;
    struct problem why = {""};
    patience_ms = 50;
    struct ledger *one = open_ledger(LEDGER_CREATE), *two = open_ledger(LEDGER_WRITE);
    assert_int_equal(ledger_begin(one, &why), OK);
    (void)append(one, 1, 0);
    assert_int_equal(ledger_begin(two, &why), BUSY);
    assert_int_equal(last_of(two), 0); /* readers go on, and see what is committed */
    assert_int_equal(ledger_commit(one, &why), OK);
    assert_int_equal(ledger_begin(two, &why), OK); /* busy is no damage */
    assert_int_equal(append(two, 2, 0), 2);
    assert_int_equal(ledger_commit(two, &why), OK);
    assert_int_equal(last_of(one), 2);
    ledger_close(one);
    ledger_close(two);
}

static void *commit_soon(void *context)
{
    struct problem why;
    struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};
    (void)nanosleep(&pause, NULL);
    return ledger_commit(context, &why) == OK ? context : NULL;
}

static void the_second_writer_waits_for_the_first(void **state)
{
    (void)state;
    struct problem why;
    pthread_t thread;
    void *done = NULL;
    struct ledger *one = open_ledger(LEDGER_CREATE), *two = open_ledger(LEDGER_WRITE);
    assert_int_equal(ledger_begin(one, &why), OK);
    (void)append(one, 1, 0);
    assert_int_equal(pthread_create(&thread, NULL, commit_soon, one), 0);
    assert_int_equal(ledger_begin(two, &why), OK);
    assert_int_equal(append(two, 2, 0), 2);
    assert_int_equal(ledger_commit(two, &why), OK);
    assert_int_equal(pthread_join(thread, &done), 0);
    assert_ptr_equal(done, one);
    ledger_close(one);
    ledger_close(two);
}

/* --- a full disk --------------------------------------------------------------------------- */

static void limit_files(rlim_t bytes)
{
    struct rlimit limit = {.rlim_cur = bytes, .rlim_max = RLIM_INFINITY};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        _exit(9);
}

/* Records until the disk is full; the number of the last event that was acknowledged. */
static uint64_t record_until_full(struct ledger *l)
{
    struct problem why;
    for (uint64_t acknowledged = 0;;) {
        enum status s = ledger_begin(l, &why);
        struct ledger_event e = event_of(1, 0, "email:acme/news");
        if (s == OK)
            s = ledger_append(l, &e, &why);
        if (s == OK)
            s = ledger_commit(l, &why);
        else
            ledger_rollback(l);
        if (s != OK)
            return acknowledged;
        acknowledged = e.seq;
    }
}

/* In a child: exits with the step that went wrong, 0 for none. */
static void fill_the_disk(void)
{
    struct problem why = {""};
    struct ledger *l = open_ledger(LEDGER_CREATE);
    record(l, 3);
    (void)signal(SIGXFSZ, SIG_IGN);
    limit_files(200000);
    uint64_t acknowledged = record_until_full(l);
    if (acknowledged < 3)
        _exit(1);
    limit_files(RLIM_INFINITY); /* somebody made room, but this handle has failed */
    enum status s = ledger_begin(l, &why);
    if ((s != IO_FAILED && s != NO_SPACE) || !strstr(why.text, "opened anew"))
        _exit(2);
    if (ledger_fact_put(l, "test", SPAN("a"), SPAN("b"), &why) != s)
        _exit(3);
    ledger_close(l);
    l = open_ledger(LEDGER_WRITE);
    if (last_of(l) != acknowledged || ledger_check_store(l, &why) != OK)
        _exit(4);
    record(l, 1);
    if (last_of(l) != acknowledged + 1)
        _exit(5);
    ledger_close(l);
    _exit(0);
}

static void after_a_full_disk_only_a_new_handle_records(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0)
        fill_the_disk();
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- damage -------------------------------------------------------------------------------- */

static enum status pass(void *context, const struct ledger_event *e)
{
    (void)context;
    (void)e;
    return OK;
}

static void a_changed_row_is_damaged_and_never_says_something_else(void **state)
{
    (void)state;
    static const char *const changes[] = {
        "UPDATE event SET kind = 2 WHERE seq = 2",
        "UPDATE event SET kind = 77 WHERE seq = 2",
        "UPDATE event SET proven = 1 WHERE seq = 2",
        "UPDATE event SET prev = 1 WHERE seq = 2",
        "UPDATE event SET prev = 2 WHERE seq = 2",
        "UPDATE event SET id = x'000000000000000000000001' WHERE seq = 2",
        "UPDATE event SET id = x'00' WHERE seq = 2",
        "UPDATE event SET at_us = at_us + 1 WHERE seq = 2",
        "UPDATE event SET recorded_us = 0 WHERE seq = 2",
        "UPDATE event SET commitment = zeroblob(32) WHERE seq = 2",
        "UPDATE event SET commitment = x'' WHERE seq = 2",
        "UPDATE event SET who = x'61' WHERE seq = 2",
        "UPDATE event SET proof = x'61' WHERE seq = 2",
        "UPDATE event SET salt = x'61' WHERE seq = 2",
        "UPDATE event SET aliases = zeroblob(12) WHERE seq = 2",
        "UPDATE event SET aliases = x'61' WHERE seq = 2",
        "UPDATE event SET crc = crc + 1 WHERE seq = 2",
        "UPDATE scope SET text = 'email:acme/deals'",
        "UPDATE scope SET text = 'nothing'",
        "UPDATE source SET text = 'web'",
        "DELETE FROM scope",
        "DELETE FROM source",
    };
    ledger_close(open_ledger(LEDGER_CREATE));
    for (size_t i = 0; i < COUNT(changes); i++) {
        struct problem why = {""};
        struct ledger_event e;
        tamper("DELETE FROM event; DELETE FROM scope; DELETE FROM source");
        struct ledger *l = open_ledger(LEDGER_WRITE);
        record(l, 2);
        ledger_close(l);
        tamper(changes[i]);
        l = open_ledger(LEDGER_WRITE);
        enum status get = ledger_get(l, 2, &e, &why);
        enum status each = ledger_each(l, 1, pass, NULL, &why);
        if (get != DAMAGED || each != DAMAGED)
            fail_msg("%s: get is %s, each is %s", changes[i], status_text(get), status_text(each));
        assert_non_null(strstr(why.text, "event"));
        ledger_close(l);
    }
}

static void a_missing_row_is_damage(void **state)
{
    (void)state;
    struct problem why = {""};
    struct ledger *l = open_ledger(LEDGER_CREATE);
    record(l, 5);
    ledger_close(l);
    tamper("DELETE FROM event WHERE seq = 3");
    l = open_ledger(LEDGER_WRITE);
    assert_int_equal(ledger_each(l, 1, pass, NULL, &why), DAMAGED);
    assert_non_null(strstr(why.text, "event 3 is missing"));
    ledger_close(l);
}

static void a_row_without_a_fault_is_read_beside_a_damaged_one(void **state)
{
    (void)state;
    struct problem why = {""};
    struct ledger_event e;
    struct ledger *l = open_ledger(LEDGER_CREATE);
    record(l, 3);
    ledger_close(l);
    tamper("UPDATE event SET kind = 2 WHERE seq = 2");
    l = open_ledger(LEDGER_WRITE);
    assert_int_equal(ledger_get(l, 2, &e, &why), DAMAGED);
    assert_int_equal(ledger_get(l, 1, &e, &why), OK);
    assert_int_equal(ledger_get(l, 3, &e, &why), OK);
    ledger_close(l);
}

static void a_store_without_a_fault_says_so(void **state)
{
    (void)state;
    struct problem why = {""};
    struct ledger *l = open_ledger(LEDGER_CREATE);
    record(l, 100);
    assert_int_equal(ledger_check_store(l, &why), OK);
    ledger_close(l);
}

/* --- facts --------------------------------------------------------------------------------- */

static enum status get_fact(struct ledger *l, struct span name, struct buf *value)
{
    struct problem why;
    buf_clear(value);
    return ledger_fact_get(l, "test", name, value, &why);
}

static void facts_are_put_replaced_and_told_by_name(void **state)
{
    (void)state;
    struct problem why;
    struct buf value = BUF_INIT(64);
    struct ledger *l = open_ledger(LEDGER_CREATE);
    assert_int_equal(get_fact(l, SPAN("a"), &value), NOT_FOUND);
    assert_int_equal(ledger_fact_put(l, "test", SPAN("a"), SPAN("one"), &why), OK);
    assert_int_equal(ledger_fact_put(l, "other", SPAN("a"), SPAN("two"), &why), OK);
    assert_int_equal(ledger_fact_put(l, "test", SPAN("a"), SPAN("three"), &why), OK);
    assert_int_equal(ledger_fact_put(l, "test", SPAN("none"), SPAN(""), &why), OK);
    ledger_close(l);
    l = open_ledger(LEDGER_READ);
    assert_int_equal(get_fact(l, SPAN("a"), &value), OK);
    assert_true(span_eq(buf_span(&value), SPAN("three")));
    assert_int_equal(get_fact(l, SPAN("none"), &value), OK);
    assert_int_equal(value.n, 0);
    buf_free(&value);
    ledger_close(l);
}

static enum status join_names(void *context, struct span name, struct span value)
{
    (void)value;
    return buf_add_span(context, name);
}

static void facts_of_a_kind_come_in_the_order_of_their_names(void **state)
{
    (void)state;
    struct problem why;
    struct buf names = BUF_INIT(64);
    struct ledger *l = open_ledger(LEDGER_CREATE);
    assert_int_equal(ledger_fact_put(l, "test", SPAN("c"), SPAN("1"), &why), OK);
    assert_int_equal(ledger_fact_put(l, "test", SPAN("a"), SPAN("2"), &why), OK);
    assert_int_equal(ledger_fact_put(l, "other", SPAN("x"), SPAN("3"), &why), OK);
    assert_int_equal(ledger_fact_put(l, "test", SPAN("b"), SPAN("4"), &why), OK);
    assert_int_equal(ledger_fact_each(l, "test", join_names, &names, &why), OK);
    assert_true(span_eq(buf_span(&names), SPAN("abc")));
    buf_free(&names);
    ledger_close(l);
}

static void a_fact_belongs_to_its_transaction(void **state)
{
    (void)state;
    struct problem why;
    struct buf value = BUF_INIT(64);
    struct ledger *l = open_ledger(LEDGER_CREATE);
    assert_int_equal(ledger_begin(l, &why), OK);
    assert_int_equal(ledger_fact_put(l, "test", SPAN("a"), SPAN("one"), &why), OK);
    ledger_rollback(l);
    assert_int_equal(get_fact(l, SPAN("a"), &value), NOT_FOUND);
    buf_free(&value);
    ledger_close(l);
}

static void a_changed_fact_is_damaged(void **state)
{
    (void)state;
    struct problem why;
    struct buf value = BUF_INIT(64);
    struct ledger *l = open_ledger(LEDGER_CREATE);
    assert_int_equal(ledger_fact_put(l, "test", SPAN("a"), SPAN("one"), &why), OK);
    ledger_close(l);
    tamper("UPDATE fact SET value = x'74776f' WHERE kind = 'test'");
    l = open_ledger(LEDGER_WRITE);
    assert_int_equal(get_fact(l, SPAN("a"), &value), DAMAGED);
    buf_free(&value);
    ledger_close(l);
}

/* --- backup -------------------------------------------------------------------------------- */

static void *write_on(void *context)
{
    for (int i = 0; i < 50; i++)
        record(context, 10);
    return NULL;
}

static void a_backup_is_whole_while_others_write(void **state)
{
    (void)state;
    struct problem why = {""};
    pthread_t thread;
    struct ledger *writer = open_ledger(LEDGER_CREATE), *l = open_ledger(LEDGER_WRITE);
    record(writer, 500);
    assert_int_equal(pthread_create(&thread, NULL, write_on, writer), 0);
    if (ledger_backup(l, copy_path, &why) != OK)
        fail_msg("%s", why.text);
    assert_int_equal(pthread_join(thread, NULL), 0);
    ledger_close(writer);
    ledger_close(l);
    (void)snprintf(path, sizeof path, "%s", copy_path);
    l = open_ledger(LEDGER_WRITE);
    uint64_t last = last_of(l);
    assert_true(last >= 500 && last <= 1000 && last % 10 == 0);
    assert_int_equal(ledger_check_store(l, &why), OK);
    assert_int_equal(ledger_each(l, 1, pass, NULL, &why), OK);
    ledger_close(l);
}

static void a_backup_replaces_no_file(void **state)
{
    (void)state;
    struct problem why = {""};
    struct ledger *l = open_ledger(LEDGER_CREATE);
    assert_int_equal(ledger_backup(l, copy_path, &why), OK);
    assert_int_equal(ledger_backup(l, copy_path, &why), BUSY);
    assert_non_null(strstr(why.text, "copy.db"));
    ledger_close(l);
}

#define LEDGER_TEST(name) cmocka_unit_test_setup_teardown(name, fresh, remove_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(only_create_creates),
        LEDGER_TEST(a_ledger_keeps_its_name),
        LEDGER_TEST(a_newer_layout_is_refused),
        LEDGER_TEST(a_file_of_something_else_is_refused_and_left_alone),
        LEDGER_TEST(an_unfinished_beginning_is_finished_by_create_alone),
        LEDGER_TEST(a_ledger_that_may_not_be_opened_is_no_access),
        LEDGER_TEST(events_are_numbered_without_a_gap),
        LEDGER_TEST(what_was_rolled_back_never_was),
        LEDGER_TEST(an_open_transaction_ends_with_its_handle),
        LEDGER_TEST(an_event_comes_back_as_it_was_given),
        LEDGER_TEST(a_history_is_a_chain),
        LEDGER_TEST(each_tells_all_in_order_until_told_to_stop),
        LEDGER_TEST(an_erased_event_keeps_all_but_what_is_personal),
        LEDGER_TEST(what_was_committed_outlives_the_handle),
        LEDGER_TEST(what_was_committed_outlives_a_killed_process),
        LEDGER_TEST(one_writer_at_a_time),
        LEDGER_TEST(the_second_writer_waits_for_the_first),
        LEDGER_TEST(after_a_full_disk_only_a_new_handle_records),
        LEDGER_TEST(a_changed_row_is_damaged_and_never_says_something_else),
        LEDGER_TEST(a_missing_row_is_damage),
        LEDGER_TEST(a_row_without_a_fault_is_read_beside_a_damaged_one),
        LEDGER_TEST(a_store_without_a_fault_says_so),
        LEDGER_TEST(facts_are_put_replaced_and_told_by_name),
        LEDGER_TEST(facts_of_a_kind_come_in_the_order_of_their_names),
        LEDGER_TEST(a_fact_belongs_to_its_transaction),
        LEDGER_TEST(a_changed_fact_is_damaged),
        LEDGER_TEST(a_backup_is_whole_while_others_write),
        LEDGER_TEST(a_backup_replaces_no_file),
    };
    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
