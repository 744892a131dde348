/* The authority as its users see it: what was acknowledged is kept and answered at once, and what
 * is lost, foreign or damaged is said and denied, never guessed. */
#include "authority/authority.h"
#include "base/clock.h"

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char dir[64];
static struct authority *a;

/* --- helpers ------------------------------------------------------------------------------- */

static const char *path_of(const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void make_dir(void)
{
    (void)snprintf(dir, sizeof dir, "/tmp/optout-authority-XXXXXX");
    assert_non_null(mkdtemp(dir));
}

static void remove_lookup(void)
{
    (void)unlink(path_of("lookup.base"));
    (void)unlink(path_of("lookup.delta"));
}

static void remove_ledger(void)
{
    (void)unlink(path_of("ledger.db"));
    (void)unlink(path_of("ledger.db-wal"));
    (void)unlink(path_of("ledger.db-shm"));
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *place)
{
    (void)st;
    (void)type;
    (void)place;
    return remove(path);
}

static void remove_dir(void)
{
    enum { OPEN_DIRECTORIES = 8 };
    assert_int_equal(nftw(dir, remove_entry, OPEN_DIRECTORIES, FTW_DEPTH | FTW_PHYS), 0);
}

static enum status try_open(enum authority_mode mode, struct problem *why)
{
    a = NULL;
    return authority_open(dir, mode, NULL, NULL, &a, why);
}

static void reopen(enum authority_mode mode)
{
    struct problem why = {""};
    authority_close(a);
    if (try_open(mode, &why) != OK)
        fail_msg("%s", why.text);
}

static int fresh(void **state)
{
    (void)state;
    make_dir();
    a = NULL;
    reopen(AUTHORITY_WRITE);
    return 0;
}

static int empty(void **state)
{
    (void)state;
    make_dir();
    a = NULL;
    return 0;
}

static int finish(void **state)
{
    (void)state;
    authority_close(a);
    a = NULL;
    remove_dir();
    return 0;
}

static struct address address_of(const char *text)
{
    struct address who;
    struct refusal why;
    if (address_parse(span_of(text), NULL, &who, &why) != OK)
        fail_msg("%s: %s", text, why.what);
    return who;
}

static struct scope scope_of(const char *text)
{
    struct scope s;
    assert_int_equal(scope_parse(span_of(text), &s, NULL), OK);
    return s;
}

/* Borrows `who`. */
static struct event event_of(enum event_kind kind, const struct address *who, const char *scope,
                             const char *proof)
{
    return (struct event){.kind = kind,
                          .scope = scope_of(scope),
                          .who = who,
                          .source = SPAN("test"),
                          .proof = span_of(proof),
                          .own_act = proof != NULL};
}

static struct recorded record(enum event_kind kind, const char *address, const char *scope,
                              const char *proof, enum record_policy policy)
{
    struct problem why = {""};
    struct recorded result = {RECORDED, 0};
    struct address who = address_of(address);
    struct event e = event_of(kind, &who, scope, proof);
    if (authority_record(a, &e, 1, policy, &result, &why) != OK)
        fail_msg("%s", why.text);
    return result;
}

static uint64_t say(enum event_kind kind, const char *address, const char *scope)
{
    struct recorded r = record(kind, address, scope, NULL, RECORD_EVERY);
    assert_int_equal(r.outcome, RECORDED);
    return r.seq;
}

static enum reason ask(const char *address, const char *scope)
{
    struct problem why = {""};
    struct address who = address_of(address);
    struct scope s = scope_of(scope ? scope : "*");
    struct inquiry q = {scope ? &s : NULL, PURPOSE_MARKETING};
    enum reason r = REASON_COUNT;
    if (authority_ask(a, &q, &who, 1, &r, &why) != OK)
        assert_int_equal(r, REASON_STALE);
    return r;
}

static struct explanation explain(const char *address, const char *scope)
{
    struct problem why = {""};
    struct address who = address_of(address);
    struct scope s = scope_of(scope ? scope : "*");
    struct inquiry q = {scope ? &s : NULL, PURPOSE_MARKETING};
    struct explanation x;
    if (authority_explain(a, &q, &who, &x, &why) != OK)
        fail_msg("%s", why.text);
    return x;
}

/* The sequence numbers told, as `1 3 4 `. */
static enum status note_seq(void *context, const struct told_event *e)
{
    return buf_printf(context, "%llu ", (unsigned long long)e->seq);
}

static void expect_history(const char *address, const char *expected)
{
    struct problem why = {""};
    struct buf told = BUF_INIT(1024);
    struct address who = address_of(address);
    if (authority_history(a, &who, note_seq, &told, &why) != OK)
        fail_msg("%s", why.text);
    assert_int_equal(buf_terminate(&told), OK);
    assert_string_equal(told.p, expected);
    buf_free(&told);
}

static void expect_audit(enum status expected)
{
    struct problem why = {""};
    struct audit audit;
    if (authority_audit(a, NULL, NULL, &audit, &why) != expected)
        fail_msg("audit: %s", why.text);
}

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(path_of(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static void rename_file(const char *from, const char *to)
{
    char old[128];
    (void)snprintf(old, sizeof old, "%s", path_of(from));
    assert_int_equal(rename(old, path_of(to)), 0);
}

/* The digest of an address as a list of digests has it: `md5:…`. */
static const char *digest_of(const char *address, enum hash_name family)
{
    static const char *const names[HASH_NAMES] = {[HASH_SHA256] = "sha256",
                                                  [HASH_MD5] = "md5",
                                                  [HASH_SHA1] = "sha1",
                                                  [HASH_SHA512] = "sha512"};
    static char text[2 * HASH_BYTES_MAX + 16];
    char hex[2 * HASH_BYTES_MAX + 1];
    uint8_t digest[HASH_BYTES_MAX];
    struct address who = address_of(address);
    assert_int_equal(address_digest(&who, family, digest), OK);
    hex_encode(digest, hash_bytes(family), hex);
    (void)snprintf(text, sizeof text, "%s:%s", names[family], hex);
    return text;
}

#define JANE "jane@example.com"

/* --- opening ------------------------------------------------------------------------------- */

static void reading_creates_nothing(void **state)
{
    (void)state;
    struct problem why = {""};
    assert_int_equal(try_open(AUTHORITY_READ, &why), NOT_FOUND);
    assert_int_not_equal(access(path_of("key"), F_OK), 0);
    assert_int_not_equal(access(path_of("ledger.db"), F_OK), 0);
    assert_int_equal(rmdir(dir), 0);
    assert_int_equal(try_open(AUTHORITY_READ, &why), NOT_FOUND);
    assert_non_null(strstr(why.text, "--data"));
    assert_int_equal(mkdir(dir, 0700), 0);
}

static void writing_creates_what_only_the_owner_may_read(void **state)
{
    (void)state;
    struct stat st;
    assert_int_equal(rmdir(dir), 0);
    reopen(AUTHORITY_WRITE);
    assert_true(authority_is_new(a));
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(stat(path_of("key"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    reopen(AUTHORITY_WRITE);
    assert_false(authority_is_new(a));
}

static void a_configuration_with_errors_stops_everything(void **state)
{
    (void)state;
    struct problem why = {""};
    write_file("optout.conf", "keep_adresses = no\n");
    assert_int_equal(try_open(AUTHORITY_WRITE, &why), REFUSED);
    assert_non_null(strstr(why.text, "optout.conf"));
    assert_int_not_equal(access(path_of("key"), F_OK), 0);
}

static void a_lost_key_is_said_and_never_made_anew(void **state)
{
    (void)state;
    struct problem why = {""};
    (void)say(EVENT_OUT, JANE, "email:acme/news");
    authority_close(a);
    assert_int_equal(unlink(path_of("key")), 0);
    assert_int_equal(try_open(AUTHORITY_WRITE, &why), DAMAGED);
    assert_non_null(strstr(why.text, "key is missing"));
    assert_int_equal(try_open(AUTHORITY_READ, &why), DAMAGED);
    assert_int_not_equal(access(path_of("key"), F_OK), 0);
}

static void a_key_that_is_not_the_ledgers_is_refused(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "optout-key-v1\n00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", "",
        "optout-key-v1\n", "optout-key-v1\n0011\n", "something else\n"};
    struct problem why = {""};
    (void)say(EVENT_OUT, JANE, "email:acme/news");
    authority_close(a);
    for (size_t i = 0; i < COUNT(keys); i++) {
        write_file("key", keys[i]);
        assert_int_equal(try_open(AUTHORITY_WRITE, &why), DAMAGED);
        assert_int_equal(try_open(AUTHORITY_READ, &why), DAMAGED);
        assert_non_null(strstr(why.text, "key"));
    }
}

static void a_lost_ledger_is_said_and_never_begun_anew(void **state)
{
    (void)state;
    struct problem why = {""};
    (void)say(EVENT_OUT, JANE, "email:acme/news");
    authority_close(a);
    remove_ledger();
    assert_int_equal(try_open(AUTHORITY_WRITE, &why), DAMAGED);
    assert_non_null(strstr(why.text, "ledger.db is missing"));
    assert_int_equal(try_open(AUTHORITY_READ, &why), DAMAGED);
    assert_int_not_equal(access(path_of("ledger.db"), F_OK), 0);
    write_file("ledger.db", ""); /* emptied is lost as well */
    assert_int_equal(try_open(AUTHORITY_WRITE, &why), DAMAGED);
}

/* A beginning that a crash broke off is finished by the next writer. */
static void an_empty_ledger_without_a_key_is_a_beginning(void **state)
{
    (void)state;
    struct problem why = {""};
    struct ledger *l;
    write_file("ledger.db", "");
    reopen(AUTHORITY_WRITE);
    authority_close(a);
    assert_int_equal(unlink(path_of("key")), 0);
    remove_ledger();
    assert_int_equal(ledger_open(path_of("ledger.db"), LEDGER_CREATE, &l, &why), OK);
    ledger_close(l);
    a = NULL;
    reopen(AUTHORITY_WRITE);
    assert_true(authority_is_new(a));
    assert_int_equal(say(EVENT_OUT, JANE, "email:*/*"), 1);
    assert_int_equal(ask(JANE, "email:acme/news"), REASON_OPT_OUT);
}

static void a_key_without_check_value_is_a_beginning(void **state)
{
    (void)state;
    struct problem why = {""};
    struct ledger *l;
    authority_close(a);
    remove_ledger();
    assert_int_equal(ledger_open(path_of("ledger.db"), LEDGER_CREATE, &l, &why), OK);
    ledger_close(l);
    assert_int_equal(try_open(AUTHORITY_READ, &why), DAMAGED);
    reopen(AUTHORITY_WRITE);
    assert_false(authority_is_new(a));
    (void)say(EVENT_OUT, JANE, "email:*/*");
    reopen(AUTHORITY_READ);
    assert_int_equal(ask(JANE, "email:acme/news"), REASON_OPT_OUT);
}

/* --- recording ----------------------------------------------------------------------------- */

static void what_was_recorded_is_answered_at_once_by_every_handle(void **state)
{
    (void)state;
    struct authority *writer = a, *reader;
    struct problem why;
    assert_int_equal(authority_open(dir, AUTHORITY_READ, NULL, NULL, &reader, &why), OK);
    for (int i = 0; i < 20; i++) {
        char address[64];
        (void)snprintf(address, sizeof address, "p%d@example.com", i);
        a = reader;
        assert_int_equal(ask(address, "email:acme/news"), REASON_NO_RECORD);
        a = writer;
        assert_int_equal(say(EVENT_OUT, address, "email:acme/*"), i + 1);
        a = reader;
        assert_int_equal(ask(address, "email:acme/news"), REASON_OPT_OUT);
        assert_int_equal(ask(address, "email:beta/news"), REASON_NO_RECORD);
    }
    authority_close(reader);
    a = writer;
}

static void an_opt_in_without_proof_is_refused_against_an_opt_out(void **state)
{
    (void)state;
    (void)say(EVENT_OUT, JANE, "email:acme/*");
    struct recorded r = record(EVENT_IN, JANE, "email:acme/news", NULL, RECORD_EVERY);
    assert_int_equal(r.outcome, RECORD_NO_PROOF);
    assert_int_equal(r.seq, 0);
    assert_int_equal(ask(JANE, "email:acme/news"), REASON_OPT_OUT);
    r = record(EVENT_IN, JANE, "email:acme/news", "double opt-in 17", RECORD_EVERY);
    assert_int_equal(r.outcome, RECORDED);
    assert_int_equal(ask(JANE, "email:acme/news"), REASON_OPT_IN);
    assert_int_equal(ask(JANE, "email:acme/deals"), REASON_OPT_OUT);
}

static void an_opt_in_revives_a_dead_address(void **state)
{
    (void)state;
    (void)say(EVENT_DEAD, JANE, "email:*/*");
    assert_int_equal(ask(JANE, "email:acme/news"), REASON_DEAD_ADDRESS);
    (void)say(EVENT_IN, JANE, "email:*/*");
    assert_int_equal(ask(JANE, "email:acme/news"), REASON_OPT_IN);
}

/* The same person twice in one call: the second event is judged by the first. */
static void a_batch_knows_its_own_earlier_events(void **state)
{
    (void)state;
    struct problem why;
    struct address jane = address_of(JANE), mx = address_of("+525512345678"),
                   mobile = address_of("+5215512345678");
    const struct event events[] = {
        event_of(EVENT_OUT, &jane, "email:acme/*", NULL),
        event_of(EVENT_IN, &jane, "email:acme/news", NULL),
        event_of(EVENT_IN, &jane, "email:acme/*", "form"),
        event_of(EVENT_IN, &jane, "email:acme/news", NULL),
        event_of(EVENT_OUT, &mx, "sms:*/*", NULL),
        event_of(EVENT_IN, &mobile, "sms:acme/*", NULL),
    };
    const struct recorded expected[COUNT(events)] = {{RECORDED, 1}, {RECORD_NO_PROOF, 0},
                                                     {RECORDED, 2}, {RECORDED, 3},
                                                     {RECORDED, 4}, {RECORD_NO_PROOF, 0}};
    struct recorded results[COUNT(events)];
    assert_int_equal(authority_record(a, events, COUNT(events), RECORD_EVERY, results, &why), OK);
    for (size_t i = 0; i < COUNT(events); i++) {
        assert_int_equal(results[i].outcome, expected[i].outcome);
        assert_int_equal(results[i].seq, expected[i].seq);
    }
    expect_history(JANE, "1 2 3 ");
    expect_audit(OK);
}

static void news_leaves_out_what_stands_already(void **state)
{
    (void)state;
    struct problem why;
    struct address jane = address_of(JANE), john = address_of("john@example.com");
    const struct event list[] = {
        event_of(EVENT_OUT, &jane, "email:acme/*", NULL),
        event_of(EVENT_OUT, &john, "email:acme/*", NULL),
        event_of(EVENT_OUT, &jane, "email:acme/*", NULL),
        event_of(EVENT_OUT, &jane, "email:acme/news", NULL),
        event_of(EVENT_OUT, &jane, "email:*/*", NULL),
    };
    static const enum record_outcome first[] = {RECORDED, RECORDED, RECORD_KNOWN, RECORD_KNOWN,
                                                RECORDED};
    struct recorded results[COUNT(list)];
    assert_int_equal(authority_record(a, list, COUNT(list), RECORD_NEWS, results, &why), OK);
    for (size_t i = 0; i < COUNT(list); i++)
        assert_int_equal(results[i].outcome, first[i]);
    assert_int_equal(authority_record(a, list, COUNT(list), RECORD_NEWS, results, &why), OK);
    for (size_t i = 0; i < COUNT(list); i++) {
        assert_int_equal(results[i].outcome, RECORD_KNOWN);
        assert_int_equal(results[i].seq, 0);
    }
    assert_int_equal(say(EVENT_OUT, JANE, "email:acme/*"), 4);
}

/* A complaint is no opt-out that stands, and what was lifted is news again. */
static void news_are_told_when_something_else_stands(void **state)
{
    (void)state;
    (void)say(EVENT_COMPLAINT, JANE, "email:*/*");
    assert_int_equal(record(EVENT_OUT, JANE, "email:*/*", NULL, RECORD_NEWS).outcome, RECORDED);
    assert_int_equal(record(EVENT_OUT, JANE, "email:*/*", NULL, RECORD_NEWS).outcome, RECORD_KNOWN);
    (void)record(EVENT_IN, JANE, "email:*/*", "form", RECORD_EVERY);
    assert_int_equal(record(EVENT_OUT, JANE, "email:*/*", NULL, RECORD_NEWS).outcome, RECORDED);
    assert_int_equal(ask(JANE, NULL), REASON_OPT_OUT);
}

enum { THREADS = 8, EVENTS_EACH = 25 };

static void *record_many(void *context)
{
    const int *number = context;
    for (int i = 0; i < EVENTS_EACH; i++) {
        char address[64];
        (void)snprintf(address, sizeof address, "t%d-%d@example.com", *number, i);
        struct address who = address_of(address);
        struct event e = event_of(EVENT_OUT, &who, "email:acme/*", NULL);
        struct scope news = scope_of("email:acme/news");
        struct inquiry q = {&news, PURPOSE_MARKETING};
        struct recorded result;
        enum reason r;
        if (authority_record(a, &e, 1, RECORD_EVERY, &result, NULL) != OK || result.seq == 0 ||
            authority_ask(a, &q, &who, 1, &r, NULL) != OK || r != REASON_OPT_OUT)
            return NULL;
    }
    return context;
}

static void threads_share_commits_and_each_is_acknowledged(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    int numbers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, record_many, &numbers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *done;
        assert_int_equal(pthread_join(threads[i], &done), 0);
        assert_non_null(done);
    }
    reopen(AUTHORITY_WRITE);
    assert_int_equal(say(EVENT_OUT, JANE, "email:*/*"), THREADS * EVENTS_EACH + 1);
    expect_audit(OK);
}

/* Questions in a new digest family make the lookup anew under the feet of those who record. */
static void a_lookup_made_anew_disturbs_no_writer(void **state)
{
    (void)state;
    static const enum hash_name families[] = {HASH_MD5, HASH_SHA1, HASH_SHA512};
    pthread_t threads[2];
    int numbers[2] = {0, 1};
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, record_many, &numbers[i]), 0);
    for (size_t i = 0; i < COUNT(families); i++)
        assert_int_equal(ask(digest_of(JANE, families[i]), "email:*/*"), REASON_NO_RECORD);
    for (int i = 0; i < 2; i++) {
        void *done;
        assert_int_equal(pthread_join(threads[i], &done), 0);
        assert_non_null(done);
    }
    expect_audit(OK);
}

/* --- who is the same person ---------------------------------------------------------------- */

static void an_address_is_met_by_its_digests_of_every_family(void **state)
{
    (void)state;
    (void)say(EVENT_OUT, JANE, "email:*/*");
    for (unsigned family = 0; family < HASH_NAMES; family++)
        assert_int_equal(ask(digest_of(JANE, (enum hash_name)family), NULL), REASON_OPT_OUT);
    assert_int_equal(ask(digest_of("john@example.com", HASH_MD5), NULL), REASON_NO_RECORD);
}

static void a_digest_on_a_list_meets_the_address(void **state)
{
    (void)state;
    for (unsigned family = 0; family < HASH_NAMES; family++) {
        char address[64];
        (void)snprintf(address, sizeof address, "f%u@example.com", family);
        (void)say(EVENT_OUT, digest_of(address, (enum hash_name)family), "*");
        assert_int_equal(ask(address, NULL), REASON_OPT_OUT);
    }
    expect_audit(OK);
}

static void a_history_goes_across_digest_families(void **state)
{
    (void)state;
    (void)say(EVENT_OUT, digest_of(JANE, HASH_MD5), "*");
    (void)say(EVENT_OUT, digest_of(JANE, HASH_SHA1), "*");
    (void)say(EVENT_OUT, "john@example.com", "*");
    expect_history(JANE, "1 2 ");
    (void)say(EVENT_COMPLAINT, JANE, "email:acme/news");
    expect_history(JANE, "1 2 4 ");
    expect_history("john@example.com", "3 ");
    reopen(AUTHORITY_WRITE);
    expect_history(JANE, "1 2 4 ");
    expect_audit(OK);
}

static void a_history_goes_across_equivalent_phones(void **state)
{
    (void)state;
    (void)say(EVENT_OUT, "+525512345678", "sms:acme/*");
    (void)say(EVENT_HOLD, "+5215512345678", "sms:beta/*");
    expect_history("+525512345678", "1 2 ");
    expect_history("+5215512345678", "1 2 ");
    assert_int_equal(ask("+5215512345678", "sms:acme/news"), REASON_OPT_OUT);
    assert_int_equal(ask("+525512345678", "sms:beta/news"), REASON_HOLD);
    assert_int_equal(ask(digest_of("+525512345678", HASH_MD5), "sms:beta/news"), REASON_HOLD);
    expect_audit(OK);
}

static void without_addresses_everything_is_answered_all_the_same(void **state)
{
    (void)state;
    write_file("optout.conf", "keep_addresses = no\n");
    reopen(AUTHORITY_WRITE);
    (void)say(EVENT_OUT, JANE, "email:*/*");
    (void)say(EVENT_OUT, "+525512345678", "sms:*/*");
    remove_lookup();
    reopen(AUTHORITY_WRITE);
    for (unsigned family = 0; family < HASH_NAMES; family++) {
        assert_int_equal(ask(digest_of(JANE, (enum hash_name)family), NULL), REASON_OPT_OUT);
        assert_int_equal(ask(digest_of("+5215512345678", (enum hash_name)family), NULL),
                         REASON_OPT_OUT);
    }
    assert_int_equal(ask(JANE, NULL), REASON_OPT_OUT);
    expect_history(JANE, "1 ");
    expect_audit(OK);
}

/* --- the lookup ---------------------------------------------------------------------------- */

static void a_missing_lookup_is_made_anew(void **state)
{
    (void)state;
    (void)say(EVENT_OUT, JANE, "email:*/*");
    static const enum authority_mode modes[] = {AUTHORITY_READ, AUTHORITY_WRITE};
    for (size_t i = 0; i < COUNT(modes); i++) {
        remove_lookup();
        reopen(modes[i]);
        assert_int_equal(ask(JANE, NULL), REASON_OPT_OUT);
    }
}

/* Single bytes here and there in both files: the answer is deny, or that of the ledger. */
static void a_damaged_lookup_never_allows(void **state)
{
    (void)state;
    static const char *const names[] = {"lookup.base", "lookup.delta"};
    static const off_t offsets[] = {0, 8, 16, 40, 64, 100, 200, 512, 1000, 2000, 4096, 5000, 8192};
    (void)say(EVENT_OUT, JANE, "email:*/*");
    for (size_t i = 0; i < COUNT(names); i++) {
        for (size_t at = 0; at < COUNT(offsets); at++) {
            authority_close(a);
            int fd = open(path_of(names[i]), O_RDWR);
            uint8_t byte = 0;
            if (fd >= 0 && pread(fd, &byte, 1, offsets[at]) == 1) {
                byte ^= 0xff;
                assert_int_equal(pwrite(fd, &byte, 1, offsets[at]), 1);
            }
            if (fd >= 0)
                (void)close(fd);
            a = NULL;
            reopen(AUTHORITY_READ);
            assert_false(reason_allows(ask(JANE, NULL)));
        }
    }
}

static void a_lookup_that_is_behind_is_brought_up(void **state)
{
    (void)state;
    struct problem why;
    struct ledger *l;
    struct ledger_event e;
    (void)say(EVENT_OUT, JANE, "email:acme/*");
    authority_close(a);
    /* A writer died after its commit: the ledger has an event that the lookup does not have. */
    assert_int_equal(ledger_open(path_of("ledger.db"), LEDGER_WRITE, &l, &why), OK);
    assert_int_equal(ledger_get(l, 1, &e, &why), OK);
    e.prev = 1;
    e.scope = scope_of("email:beta/*");
    assert_int_equal(ledger_begin(l, &why), OK);
    assert_int_equal(ledger_append(l, &e, &why), OK);
    assert_int_equal(ledger_commit(l, &why), OK);
    ledger_close(l);
    a = NULL;
    reopen(AUTHORITY_READ);
    assert_int_equal(ask(JANE, "email:beta/news"), REASON_OPT_OUT);
    assert_int_equal(ask(JANE, "email:acme/news"), REASON_OPT_OUT);
}

/* An older copy of the ledger was put back: nothing is recorded on it, and nothing forgotten. */
static void a_ledger_older_than_its_lookup_is_refused(void **state)
{
    (void)state;
    struct problem why = {""};
    struct ledger *l;
    (void)say(EVENT_OUT, "john@example.com", "email:*/*");
    authority_close(a);
    assert_int_equal(ledger_open(path_of("ledger.db"), LEDGER_WRITE, &l, &why), OK);
    assert_int_equal(ledger_backup(l, path_of("saved"), &why), OK);
    ledger_close(l);
    a = NULL;
    reopen(AUTHORITY_WRITE);
    (void)say(EVENT_OUT, JANE, "email:*/*");
    authority_close(a);
    remove_ledger();
    rename_file("saved", "ledger.db");
    assert_int_equal(try_open(AUTHORITY_WRITE, &why), DAMAGED);
    assert_non_null(strstr(why.text, "older copy"));
    reopen(AUTHORITY_READ);
    assert_false(reason_allows(ask(JANE, NULL)));
    assert_false(reason_allows(ask(digest_of(JANE, HASH_MD5), NULL)));
}

static void a_lookup_of_another_ledger_is_not_believed(void **state)
{
    (void)state;
    char old[sizeof dir];
    (void)say(EVENT_OUT, "john@example.com", "email:*/*");
    authority_close(a);
    (void)snprintf(old, sizeof old, "%s", dir);
    make_dir();
    a = NULL;
    reopen(AUTHORITY_WRITE);
    (void)say(EVENT_OUT, JANE, "email:*/*");
    authority_close(a);
    remove_lookup();
    static const char *const names[] = {"lookup.base", "lookup.delta"};
    for (size_t i = 0; i < COUNT(names); i++) {
        char from[192];
        (void)snprintf(from, sizeof from, "%s/%s", old, names[i]);
        assert_int_equal(rename(from, path_of(names[i])), 0);
    }
    a = NULL;
    reopen(AUTHORITY_READ);
    assert_int_equal(ask(JANE, NULL), REASON_OPT_OUT);
    assert_int_equal(ask("john@example.com", NULL), REASON_NO_RECORD);
    authority_close(a);
    remove_dir();
    (void)snprintf(dir, sizeof dir, "%s", old);
    a = NULL;
}

/* --- asking -------------------------------------------------------------------------------- */

static void consent_regimes_count_where_they_are_set(void **state)
{
    (void)state;
    write_file("optout.conf", "[sender acme]\nconsent = opt-in\nconsent.post = opt-out\n"
                              "[topic beta/news]\nconsent = opt-in\n");
    reopen(AUTHORITY_WRITE);
    static const struct {
        const char *scope;
        enum reason reason;
    } cases[] = {
        {"email:acme/news", REASON_NO_CONSENT}, {"post:acme/news", REASON_NO_RECORD},
        {"email:beta/news", REASON_NO_CONSENT}, {"email:beta/deals", REASON_NO_RECORD},
        {"email:gamma/news", REASON_NO_RECORD},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(ask(JANE, cases[i].scope), cases[i].reason);
    (void)say(EVENT_IN, JANE, "email:acme/news");
    assert_int_equal(ask(JANE, "email:acme/news"), REASON_OPT_IN);
    assert_int_equal(ask(JANE, "email:acme/deals"), REASON_NO_CONSENT);
    (void)say(EVENT_OUT, JANE, "email:acme/news");
    assert_int_equal(ask(JANE, "email:acme/news"), REASON_OPT_OUT);
}

static void service_messages_are_allowed(void **state)
{
    (void)state;
    struct address jane = address_of(JANE);
    struct inquiry q = {NULL, PURPOSE_SERVICE};
    enum reason r;
    (void)say(EVENT_OUT, JANE, "*");
    assert_int_equal(authority_ask(a, &q, &jane, 1, &r, NULL), OK);
    assert_int_equal(r, REASON_SERVICE_MESSAGE);
}

/* More than fits one batch of the inside; every third is out. */
static void many_are_answered_each_for_itself(void **state)
{
    (void)state;
    enum { MANY = 200 };
    static struct address who[MANY];
    static struct event events[MANY];
    static struct recorded results[MANY];
    static enum reason reasons[MANY];
    size_t n = 0;
    struct scope news = scope_of("email:acme/news");
    struct inquiry q = {&news, PURPOSE_MARKETING};
    for (int i = 0; i < MANY; i++) {
        char address[64];
        (void)snprintf(address, sizeof address, "m%d@example.com", i);
        who[i] = address_of(address);
        if (i % 3 == 0)
            events[n++] = event_of(EVENT_OUT, &who[i], "email:acme/*", NULL);
    }
    assert_int_equal(authority_record(a, events, n, RECORD_EVERY, results, NULL), OK);
    assert_int_equal(authority_ask(a, &q, who, MANY, reasons, NULL), OK);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(reasons[i], i % 3 == 0 ? REASON_OPT_OUT : REASON_NO_RECORD);
}

static void an_explanation_names_the_event_and_when_it_was_said(void **state)
{
    (void)state;
    struct address jane = address_of(JANE);
    struct event e = event_of(EVENT_OUT, &jane, "email:acme/*", NULL);
    struct recorded result;
    (void)say(EVENT_COMPLAINT, "john@example.com", "*");
    e.at_us = 1234567;
    assert_int_equal(authority_record(a, &e, 1, RECORD_EVERY, &result, NULL), OK);
    (void)say(EVENT_DEAD, JANE, "email:*/*");
    (void)say(EVENT_IN, JANE, "email:*/*");
    (void)say(EVENT_HOLD, JANE, "sms:*/*");
    struct explanation x = explain(JANE, "email:acme/news");
    assert_int_equal(x.reason, REASON_OPT_OUT);
    assert_int_equal(x.event, 2);
    assert_int_equal(x.since_us, 1234567);
    x = explain(JANE, "email:beta/news");
    assert_int_equal(x.reason, REASON_OPT_IN);
    assert_int_equal(x.event, 4);
    x = explain(JANE, "voice:acme/news");
    assert_int_equal(x.reason, REASON_NO_RECORD);
    assert_int_equal(x.event, 0);
}

static void a_digest_without_a_scope_gets_the_strictest_answer(void **state)
{
    (void)state;
    (void)say(EVENT_HOLD, JANE, "email:*/*");
    const char *digest = digest_of(JANE, HASH_SHA256);
    assert_int_equal(ask(digest, NULL), REASON_HOLD);
    struct explanation x = explain(digest, NULL);
    assert_int_equal(x.reason, REASON_HOLD);
    assert_int_equal(x.scope.channel, CHANNEL_EMAIL);
    assert_int_equal(x.event, 1);
}

/* --- standing ------------------------------------------------------------------------------ */

static enum status note_standing(void *context, const struct told_event *e)
{
    char scope[SCOPE_BYTES];
    scope_format(&e->scope, scope);
    return buf_printf(context, "%llu %s %s %.*s\n", (unsigned long long)e->seq,
                      event_kind_word(e->kind), scope, SPAN_ARG(e->who));
}

static void expect_standing(const char *expected, uint64_t nameless)
{
    struct problem why = {""};
    struct buf told = BUF_INIT(4096);
    uint64_t count = 99;
    if (authority_standing(a, note_standing, &told, &count, &why) != OK)
        fail_msg("%s", why.text);
    assert_int_equal(buf_terminate(&told), OK);
    assert_string_equal(told.p, expected);
    assert_int_equal(count, nameless);
    buf_free(&told);
}

static void what_stands_is_told_once_a_person_and_scope(void **state)
{
    (void)state;
    (void)say(EVENT_OUT, JANE, "email:acme/*");
    (void)say(EVENT_OUT, "john@example.com", "email:*/*");
    (void)say(EVENT_COMPLAINT, JANE, "sms:*/*");
    (void)say(EVENT_OUT, JANE, "email:acme/*");
    (void)record(EVENT_IN, "john@example.com", "email:*/*", "form", RECORD_EVERY);
    (void)say(EVENT_OUT, "+525512345678", "sms:*/*");
    expect_standing("3 complaint sms:*/* jane@example.com\n4 out email:acme/* jane@example.com\n"
                    "6 out sms:*/* +525512345678\n",
                    0);
}

static void what_stands_is_told_after_the_lookup_was_lost(void **state)
{
    (void)state;
    (void)say(EVENT_OUT, JANE, "email:acme/*");
    remove_lookup();
    reopen(AUTHORITY_READ);
    expect_standing("1 out email:acme/* jane@example.com\n", 0);
}

/* --- erasure ------------------------------------------------------------------------------- */

static uint64_t forget(const char *address)
{
    struct problem why = {""};
    struct address who = address_of(address);
    uint64_t erased = 99;
    if (authority_forget(a, &who, &erased, &why) != OK)
        fail_msg("%s", why.text);
    return erased;
}

static void forgetting_changes_no_answer(void **state)
{
    (void)state;
    (void)say(EVENT_OUT, JANE, "email:acme/*");
    (void)say(EVENT_HOLD, JANE, "sms:*/*");
    assert_int_equal(forget(JANE), 2);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(ask(JANE, "email:acme/news"), REASON_OPT_OUT);
        assert_int_equal(ask(JANE, "sms:acme/news"), REASON_HOLD);
        assert_int_equal(ask(JANE, "email:beta/news"), REASON_NO_RECORD);
        for (unsigned family = 0; family < HASH_NAMES; family++)
            assert_int_equal(ask(digest_of(JANE, (enum hash_name)family), "email:acme/news"),
                             REASON_OPT_OUT);
        expect_history(JANE, "1 2 3 ");
        expect_standing("", 2);
        expect_audit(OK);
        remove_lookup();
        reopen(AUTHORITY_WRITE);
    }
}

static void who_is_not_known_leaves_no_trace_when_forgotten(void **state)
{
    (void)state;
    assert_int_equal(forget(JANE), 0);
    assert_int_equal(say(EVENT_OUT, JANE, "*"), 1);
}

/* Two digests that nothing has brought together yet are one person's once the address is named. */
static void forgetting_reaches_every_digest_of_a_person(void **state)
{
    (void)state;
    (void)say(EVENT_OUT, digest_of(JANE, HASH_MD5), "email:acme/*");
    (void)say(EVENT_OUT, digest_of(JANE, HASH_SHA1), "email:beta/*");
    assert_int_equal(forget(JANE), 2);
    expect_history(JANE, "1 2 3 ");
    assert_int_equal(ask(JANE, "email:acme/news"), REASON_OPT_OUT);
    assert_int_equal(ask(JANE, "email:beta/news"), REASON_OPT_OUT);
    assert_int_equal(explain(JANE, "email:acme/news").event, 1);
    assert_int_equal(explain(JANE, "email:beta/news").event, 2);
    expect_history(digest_of(JANE, HASH_MD5), "1 2 3 ");
    expect_audit(OK);
}

/* --- memory -------------------------------------------------------------------------------- */

/* Opens, records an opt-out and asks, while allocations fail from the k-th on (or it alone). What
 * was acknowledged is kept, no answer allows it, and the next open works. True when all of it
 * worked. */
static bool run_short_of_memory(uint64_t k, int persist)
{
    struct problem why;
    struct address jane = address_of(JANE);
    struct event e = event_of(EVENT_OUT, &jane, "email:*/*", NULL);
    struct inquiry q = {NULL, PURPOSE_MARKETING};
    struct recorded result = {RECORDED, 0};
    enum reason r = REASON_STALE;
    make_dir();
    mem_fail_at(k, persist);
    bool opened = try_open(AUTHORITY_WRITE, &why) == OK;
    bool kept = opened && authority_record(a, &e, 1, RECORD_EVERY, &result, &why) == OK;
    bool answered = opened && authority_ask(a, &q, &jane, 1, &r, &why) == OK;
    mem_fail_at(0, 0);
    bool wrong = kept && reason_allows(r);
    reopen(AUTHORITY_WRITE);
    wrong |= kept && ask(JANE, NULL) != REASON_OPT_OUT;
    authority_close(a);
    a = NULL;
    remove_dir();
    if (wrong)
        fail_msg("allocation %llu%s", (unsigned long long)k, persist ? " and later" : "");
    return opened && kept && answered;
}

static void without_memory_nothing_acknowledged_is_lost(void **state)
{
    (void)state;
    enum { MANY = 2000 };
    uint64_t last = 1;
    while (!run_short_of_memory(last, 1) && last < MANY)
        last++;
    assert_in_range(last, 10, MANY - 1);
    for (uint64_t k = 1; k <= last; k++)
        (void)run_short_of_memory(k, 0);
}

/* --- facts --------------------------------------------------------------------------------- */

static void facts_are_kept_and_the_key_is_copied_once(void **state)
{
    (void)state;
    struct problem why;
    struct stat st;
    struct buf value = BUF_INIT(64);
    assert_int_equal(authority_fact_put(a, "test", SPAN("a"), SPAN("one"), &why), OK);
    reopen(AUTHORITY_READ);
    assert_int_equal(authority_fact_get(a, "test", SPAN("a"), &value, &why), OK);
    assert_true(span_eq(buf_span(&value), SPAN("one")));
    buf_free(&value);
    assert_int_equal(authority_key_backup(a, path_of("saved"), &why), OK);
    assert_int_equal(stat(path_of("saved"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(authority_key_backup(a, path_of("saved"), &why), BUSY);
}

#define FRESH(name) cmocka_unit_test_setup_teardown(name, fresh, finish)
#define EMPTY(name) cmocka_unit_test_setup_teardown(name, empty, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EMPTY(reading_creates_nothing),
        EMPTY(writing_creates_what_only_the_owner_may_read),
        EMPTY(a_configuration_with_errors_stops_everything),
        FRESH(a_lost_key_is_said_and_never_made_anew),
        FRESH(a_key_that_is_not_the_ledgers_is_refused),
        FRESH(a_lost_ledger_is_said_and_never_begun_anew),
        EMPTY(an_empty_ledger_without_a_key_is_a_beginning),
        FRESH(a_key_without_check_value_is_a_beginning),
        FRESH(what_was_recorded_is_answered_at_once_by_every_handle),
        FRESH(an_opt_in_without_proof_is_refused_against_an_opt_out),
        FRESH(an_opt_in_revives_a_dead_address),
        FRESH(a_batch_knows_its_own_earlier_events),
        FRESH(news_leaves_out_what_stands_already),
        FRESH(news_are_told_when_something_else_stands),
        FRESH(threads_share_commits_and_each_is_acknowledged),
        FRESH(a_lookup_made_anew_disturbs_no_writer),
        FRESH(an_address_is_met_by_its_digests_of_every_family),
        FRESH(a_digest_on_a_list_meets_the_address),
        FRESH(a_history_goes_across_digest_families),
        FRESH(a_history_goes_across_equivalent_phones),
        FRESH(without_addresses_everything_is_answered_all_the_same),
        FRESH(a_missing_lookup_is_made_anew),
        FRESH(a_damaged_lookup_never_allows),
        FRESH(a_lookup_that_is_behind_is_brought_up),
        FRESH(a_ledger_older_than_its_lookup_is_refused),
        FRESH(a_lookup_of_another_ledger_is_not_believed),
        FRESH(consent_regimes_count_where_they_are_set),
        FRESH(service_messages_are_allowed),
        FRESH(many_are_answered_each_for_itself),
        FRESH(an_explanation_names_the_event_and_when_it_was_said),
        FRESH(a_digest_without_a_scope_gets_the_strictest_answer),
        FRESH(what_stands_is_told_once_a_person_and_scope),
        FRESH(what_stands_is_told_after_the_lookup_was_lost),
        FRESH(forgetting_changes_no_answer),
        FRESH(who_is_not_known_leaves_no_trace_when_forgotten),
        FRESH(forgetting_reaches_every_digest_of_a_person),
        FRESH(facts_are_kept_and_the_key_is_copied_once),
        cmocka_unit_test(without_memory_nothing_acknowledged_is_lost),
    };
    return cmocka_run_group_tests_name("authority", tests, NULL, NULL);
}
