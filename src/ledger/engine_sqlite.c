/* src/ledger/engine_sqlite.c: the ledger in one SQLite file. The door to SQLite.
 *
 * WAL with synchronous=FULL: a commit that returned OK is on disk. STRICT tables. Layout (the
 * bytes themselves are in spec/ledger.md):
 *
 *   event   one row an event, its number as the rowid; never deleted, and updated by an erasure
 *           alone
 *   scope   interned scopes and sources: a number and its text
 *   source
 *   fact    small named values: the ledger's name, API keys, imported files
 *
 * Every event and fact carries a CRC-32C of its content, since SQLite notices few damaged bytes:
 * what does not match is DAMAGED, never an event that says something else.
 *
 * user_version is the layout's version; a newer one than ours is refused.
 */
#include "base/file.h"
#include "base/mem.h"
#include "ledger/engine.h"

#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

enum {
    LAYOUT_VERSION = 1,
    BUSY_WAIT_MS = 60000, /* how long a writer waits for another process's transaction */
    CHECKPOINT_PAGES = 4000
};

static const char layout[] =
    "CREATE TABLE IF NOT EXISTS fact(kind TEXT NOT NULL, name BLOB NOT NULL, value BLOB NOT NULL,"
    " crc INTEGER NOT NULL, PRIMARY KEY(kind, name)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS scope(number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)"
    " STRICT;"
    "CREATE TABLE IF NOT EXISTS source(number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)"
    " STRICT;"
    "CREATE TABLE IF NOT EXISTS event(seq INTEGER PRIMARY KEY, prev INTEGER NOT NULL,"
    " id BLOB NOT NULL, kind INTEGER NOT NULL, scope INTEGER NOT NULL, proven INTEGER NOT NULL,"
    " at_us INTEGER NOT NULL, recorded_us INTEGER NOT NULL, source INTEGER NOT NULL,"
    " commitment BLOB NOT NULL, crc INTEGER NOT NULL, others BLOB, salt BLOB, who BLOB, proof BLOB,"
    " aliases BLOB) STRICT;";

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    LAST,
    APPEND,
    ERASE,
    GET,
    EACH,
    SCOPE_FIND,
    SCOPE_ADD,
    SOURCE_FIND,
    SOURCE_ADD,
    FACT_PUT,
    FACT_GET,
    FACT_EACH,
    STATEMENTS
};

/* Outer joins: an event whose scope or source is lost must show as damaged, not vanish. */
#define EVENT_COLUMNS                                                                              \
    "SELECT e.seq, e.prev, e.id, e.kind, s.text, e.proven, e.at_us, e.recorded_us, o.text,"        \
    " e.commitment, e.crc, e.others, e.salt, e.who, e.proof, e.aliases FROM event e"               \
    " LEFT JOIN scope s ON s.number = e.scope LEFT JOIN source o ON o.number = e.source"

static const char *const sql[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [LAST] = "SELECT coalesce(max(seq), 0) FROM event",
    [APPEND] = "INSERT INTO event VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [ERASE] = "UPDATE event SET crc = ?, salt = ?, who = ?, proof = ?, aliases = ? WHERE seq = ?",
    [GET] = EVENT_COLUMNS " WHERE e.seq = ?",
    [EACH] = EVENT_COLUMNS " WHERE e.seq >= ? ORDER BY e.seq",
    [SCOPE_FIND] = "SELECT number FROM scope WHERE text = ?",
    [SCOPE_ADD] = "INSERT INTO scope(text) VALUES(?)",
    [SOURCE_FIND] = "SELECT number FROM source WHERE text = ?",
    [SOURCE_ADD] = "INSERT INTO source(text) VALUES(?)",
    [FACT_PUT] = "INSERT OR REPLACE INTO fact VALUES(?, ?, ?, ?)",
    [FACT_GET] = "SELECT name, value, crc FROM fact WHERE kind = ? AND name = ?",
    [FACT_EACH] = "SELECT name, value, crc FROM fact WHERE kind = ? ORDER BY name",
};

/* The last scope and source used: nearly every event of a batch has the same. */
struct interned {
    char text[SCOPE_BYTES];
    sqlite3_int64 number; /* 0: nothing remembered */
};

struct engine {
    sqlite3 *db;
    sqlite3_stmt *statement[STATEMENTS];
    struct interned scope, source;
    struct buf row; /* what the last get handed out */
};

static enum status status_of_sqlite(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return BUSY;
    case SQLITE_FULL:
        return NO_SPACE;
    case SQLITE_NOMEM:
        return NO_MEMORY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
        return DAMAGED;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
        return NO_ACCESS;
    default:
        return IO_FAILED;
    }
}

/* SQLite says CANTOPEN for a file that is missing and for one that may not be opened. */
static enum status status_of_failure(const struct engine *e, int code)
{
    if ((code & 0xff) != SQLITE_CANTOPEN || !e->db)
        return status_of_sqlite(code);
    int err = sqlite3_system_errno(e->db);
    return err ? status_of_errno(err) : IO_FAILED;
}

static enum status fail(struct engine *e, int code, const char *doing, struct problem *why)
{
    return problem_set(why, status_of_failure(e, code), "ledger: %s: %s", doing,
                       e->db ? sqlite3_errmsg(e->db) : sqlite3_errstr(code));
}

static enum status prepare(struct engine *e, enum statement which, sqlite3_stmt **out,
                           struct problem *why)
{
    if (!e->statement[which]) {
        int code = sqlite3_prepare_v3(e->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT,
                                      &e->statement[which], NULL);
        if (code != SQLITE_OK)
            return fail(e, code, "prepare", why);
    }
    *out = e->statement[which];
    return OK;
}

/* Runs a statement that gives no row. */
static enum status run(struct engine *e, enum statement which, const char *doing,
                       struct problem *why)
{
    sqlite3_stmt *s;
    enum status st = prepare(e, which, &s, why);
    if (st != OK)
        return st;
    int code = sqlite3_step(s);
    if (code != SQLITE_DONE)
        st = fail(e, code, doing, why);
    (void)sqlite3_reset(s);
    return st;
}

static enum status configure(struct engine *e, enum ledger_mode mode, struct problem *why)
{
    (void)sqlite3_busy_timeout(e->db, BUSY_WAIT_MS);
    const char *pragmas = mode == LEDGER_READ ? "PRAGMA query_only=1;"
                                              : "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                                                "PRAGMA secure_delete=1;";
    int code = sqlite3_exec(e->db, pragmas, NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return fail(e, code, "open", why);
    (void)sqlite3_wal_autocheckpoint(e->db, CHECKPOINT_PAGES);
    return OK;
}

static enum status read_version(struct engine *e, int *version, struct problem *why)
{
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v2(e->db, "PRAGMA user_version", -1, &s, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(s);
    if (code == SQLITE_ROW)
        *version = sqlite3_column_int(s, 0);
    enum status st = code == SQLITE_ROW ? OK : fail(e, code, "read its version", why);
    (void)sqlite3_finalize(s);
    return st;
}

static enum status create_layout(struct engine *e, struct problem *why)
{
    char text[sizeof layout + 128];
    (void)snprintf(text, sizeof text, "BEGIN IMMEDIATE; %s PRAGMA user_version=%d; COMMIT;", layout,
                   LAYOUT_VERSION);
    int code = sqlite3_exec(e->db, text, NULL, NULL, NULL);
    enum status st = code == SQLITE_OK ? OK : fail(e, code, "create", why);
    if (st != OK)
        (void)sqlite3_exec(e->db, "ROLLBACK", NULL, NULL, NULL);
    return st;
}

static enum status check_version(struct engine *e, enum ledger_mode mode, struct problem *why)
{
    int version = 0;
    enum status s = read_version(e, &version, why);
    if (s != OK)
        return s;
    if (version > LAYOUT_VERSION)
        return problem_set(why, DAMAGED,
                           "the ledger has layout %d, this program knows up to %d; "
                           "use the newer optout",
                           version, LAYOUT_VERSION);
    if (version == LAYOUT_VERSION)
        return OK;
    if (mode == LEDGER_CREATE)
        return create_layout(e, why);
    return problem_set(why, DAMAGED, "the ledger file has no ledger in it");
}

static void engine_close(struct engine *e)
{
    for (int i = 0; i < STATEMENTS; i++)
        (void)sqlite3_finalize(e->statement[i]);
    (void)sqlite3_close(e->db);
    buf_free(&e->row);
    mem_free(e);
}

static enum status engine_open(const char *where, enum ledger_mode mode, struct engine **out,
                               struct problem *why)
{
    static const int flags[] = {
        [LEDGER_READ] = SQLITE_OPEN_READWRITE, /* readers of a WAL need its shared memory */
        [LEDGER_WRITE] = SQLITE_OPEN_READWRITE,
        [LEDGER_CREATE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
    };
    struct engine *e = mem_new(1, sizeof *e);
    if (!e)
        return problem_set(why, NO_MEMORY, "out of memory");
    e->row = BUF_INIT(1 << 20);
    int code = sqlite3_open_v2(where, &e->db, flags[mode] | SQLITE_OPEN_NOMUTEX, NULL);
    enum status s = OK;
    if (code != SQLITE_OK)
        s = problem_set(why, status_of_failure(e, code), "cannot open %s: %s", where,
                        status_text(status_of_failure(e, code)));
    if (s == OK)
        s = configure(e, mode, why);
    if (s == OK)
        s = check_version(e, mode, why);
    if (s != OK) {
        engine_close(e);
        return s;
    }
    *out = e;
    return OK;
}

static enum status engine_begin(struct engine *e, struct problem *why)
{
    return run(e, BEGIN, "begin", why);
}

static enum status engine_commit(struct engine *e, struct problem *why)
{
    return run(e, COMMIT, "commit", why);
}

static void engine_rollback(struct engine *e)
{
    /* What was interned in this transaction is gone with it. */
    e->scope.number = e->source.number = 0;
    if (!sqlite3_get_autocommit(e->db))
        (void)run(e, ROLLBACK, "rollback", NULL);
}

static enum status engine_last(struct engine *e, uint64_t *seq, struct problem *why)
{
    sqlite3_stmt *s;
    enum status st = prepare(e, LAST, &s, why);
    if (st != OK)
        return st;
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW)
        *seq = (uint64_t)sqlite3_column_int64(s, 0);
    else
        st = fail(e, code, "find the last event", why);
    (void)sqlite3_reset(s);
    return st;
}

static uint32_t crc_number(uint32_t crc, uint64_t n)
{
    return crc32c(crc, &n, sizeof n);
}

static uint32_t crc_span(uint32_t crc, struct span s)
{
    return crc32c(crc_number(crc, s.n), s.p, s.n);
}

/* The check of everything that an event says, in the order of the columns. */
static uint32_t event_crc(const struct ledger_event *e)
{
    char scope[SCOPE_BYTES];
    uint8_t id[ID_BYTES];
    const struct span spans[] = {e->source, e->commitment, e->others, e->salt,
                                 e->who,    e->proof,      e->aliases};
    uint32_t crc = crc_number(crc_number(0, e->seq), e->prev);
    id_store(e->id, id);
    scope_format(&e->scope, scope);
    crc = crc32c(crc, id, sizeof id);
    crc = crc_span(crc_number(crc_number(crc, e->kind), e->proven), span_of(scope));
    crc = crc_number(crc_number(crc, (uint64_t)e->at_us), (uint64_t)e->recorded_us);
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++)
        crc = crc_span(crc, spans[i]);
    return crc;
}

static uint32_t fact_crc(const char *kind, struct span name, struct span value)
{
    return crc_span(crc_span(crc_span(0, span_of(kind)), name), value);
}

static void bind_span(sqlite3_stmt *s, int column, struct span text)
{
    if (text.n)
        (void)sqlite3_bind_blob64(s, column, text.p, text.n, SQLITE_STATIC);
    else
        (void)sqlite3_bind_null(s, column);
}

/* Looks `text` up in a table of texts: OK with its number, or NOT_FOUND. */
static enum status intern_find(struct engine *e, enum statement which, struct span text,
                               sqlite3_int64 *number, struct problem *why)
{
    sqlite3_stmt *s;
    enum status st = prepare(e, which, &s, why);
    if (st != OK)
        return st;
    (void)sqlite3_bind_text64(s, 1, text.p, text.n, SQLITE_STATIC, SQLITE_UTF8);
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW)
        *number = sqlite3_column_int64(s, 0);
    else
        st = code == SQLITE_DONE ? NOT_FOUND : fail(e, code, "find a word", why);
    (void)sqlite3_reset(s);
    return st;
}

static enum status intern(struct engine *e, enum statement find, enum statement add,
                          struct interned *last, struct span text, struct problem *why)
{
    if (last->number && span_eq(text, span_of(last->text)))
        return OK;
    sqlite3_int64 number = 0;
    enum status st = intern_find(e, find, text, &number, why);
    if (st == NOT_FOUND) {
        sqlite3_stmt *s;
        st = prepare(e, add, &s, why);
        if (st != OK)
            return st;
        (void)sqlite3_bind_text64(s, 1, text.p, text.n, SQLITE_STATIC, SQLITE_UTF8);
        st = run(e, add, "add a word", why);
        number = sqlite3_last_insert_rowid(e->db);
    }
    if (st != OK)
        return st;
    INVARIANT(text.n < sizeof last->text);
    memcpy(last->text, text.p, text.n);
    last->text[text.n] = '\0';
    last->number = number;
    return OK;
}

static enum status engine_append(struct engine *e, const struct ledger_event *event,
                                 struct problem *why)
{
    char scope[SCOPE_BYTES];
    uint8_t id[ID_BYTES];
    scope_format(&event->scope, scope);
    id_store(event->id, id);
    enum status st = intern(e, SCOPE_FIND, SCOPE_ADD, &e->scope, span_of(scope), why);
    if (st == OK)
        st = intern(e, SOURCE_FIND, SOURCE_ADD, &e->source, event->source, why);
    sqlite3_stmt *s;
    if (st == OK)
        st = prepare(e, APPEND, &s, why);
    if (st != OK)
        return st;
    (void)sqlite3_bind_int64(s, 1, (sqlite3_int64)event->seq);
    (void)sqlite3_bind_int64(s, 2, (sqlite3_int64)event->prev);
    (void)sqlite3_bind_blob64(s, 3, id, sizeof id, SQLITE_STATIC);
    (void)sqlite3_bind_int(s, 4, (int)event->kind);
    (void)sqlite3_bind_int64(s, 5, e->scope.number);
    (void)sqlite3_bind_int(s, 6, event->proven);
    (void)sqlite3_bind_int64(s, 7, event->at_us);
    (void)sqlite3_bind_int64(s, 8, event->recorded_us);
    (void)sqlite3_bind_int64(s, 9, e->source.number);
    bind_span(s, 10, event->commitment);
    (void)sqlite3_bind_int64(s, 11, event_crc(event));
    bind_span(s, 12, event->others);
    bind_span(s, 13, event->salt);
    bind_span(s, 14, event->who);
    bind_span(s, 15, event->proof);
    bind_span(s, 16, event->aliases);
    return run(e, APPEND, "append an event", why);
}

static struct span column_span(sqlite3_stmt *s, int column)
{
    const char *p = sqlite3_column_blob(s, column);
    return (struct span){p, p ? (size_t)sqlite3_column_bytes(s, column) : 0};
}

/* Reads the row under the statement; its spans live as long as the row. */
static enum status read_row(sqlite3_stmt *s, struct ledger_event *out, struct problem *why)
{
    struct span id = column_span(s, 2), scope = column_span(s, 4);
    int kind = sqlite3_column_int(s, 3);
    *out = (struct ledger_event){
        .seq = (uint64_t)sqlite3_column_int64(s, 0),
        .prev = (uint64_t)sqlite3_column_int64(s, 1),
        .kind = (enum event_kind)kind,
        .proven = sqlite3_column_int(s, 5) != 0,
        .at_us = sqlite3_column_int64(s, 6),
        .recorded_us = sqlite3_column_int64(s, 7),
        .source = column_span(s, 8),
        .commitment = column_span(s, 9),
        .others = column_span(s, 11),
        .salt = column_span(s, 12),
        .who = column_span(s, 13),
        .proof = column_span(s, 14),
        .aliases = column_span(s, 15),
    };
    if (id.n != ID_BYTES || kind < EVENT_OUT || kind >= EVENT_KINDS ||
        out->aliases.n % ID_BYTES != 0 || out->aliases.n > LEDGER_ALIASES_MAX * ID_BYTES ||
        out->prev >= out->seq || scope_parse(scope, &out->scope, NULL) != OK ||
        out->commitment.n != LEDGER_COMMITMENT_BYTES)
        return problem_set(why, DAMAGED, "ledger: event %llu is damaged",
                           (unsigned long long)out->seq);
    out->id = id_load((const uint8_t *)id.p);
    if (sqlite3_column_int64(s, 10) != event_crc(out))
        return problem_set(why, DAMAGED, "ledger: event %llu does not match its checksum",
                           (unsigned long long)out->seq);
    return OK;
}

/* Moves a span's bytes into the handle's row buffer; the pointer is set when all are in. */
static void keep(struct buf *row, struct span *s, size_t *offset)
{
    *offset = row->n;
    (void)buf_add_span(row, *s);
}

/* The row as its own copy, so that the statement can be reset and no read transaction stays. */
static enum status keep_row(struct engine *e, struct ledger_event *event, struct problem *why)
{
    struct span *spans[] = {&event->source, &event->commitment, &event->others, &event->salt,
                            &event->who,    &event->proof,      &event->aliases};
    enum { SPANS = sizeof spans / sizeof spans[0] };
    size_t offsets[SPANS];
    buf_clear(&e->row);
    for (int i = 0; i < SPANS; i++)
        keep(&e->row, spans[i], &offsets[i]);
    if (buf_status(&e->row) != OK)
        return problem_set(why, buf_status(&e->row), "ledger: no memory for event %llu",
                           (unsigned long long)event->seq);
    for (int i = 0; i < SPANS; i++)
        spans[i]->p = e->row.p + offsets[i];
    return OK;
}

static enum status engine_get(struct engine *e, uint64_t seq, struct ledger_event *out,
                              struct problem *why)
{
    sqlite3_stmt *s;
    enum status st = prepare(e, GET, &s, why);
    if (st != OK)
        return st;
    (void)sqlite3_bind_int64(s, 1, (sqlite3_int64)seq);
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW) {
        st = read_row(s, out, why);
        if (st == OK)
            st = keep_row(e, out, why);
    } else if (code == SQLITE_DONE) {
        st = problem_set(why, NOT_FOUND, "there is no event %llu", (unsigned long long)seq);
    } else {
        st = fail(e, code, "read an event", why);
    }
    (void)sqlite3_reset(s);
    return st;
}

static enum status engine_each(struct engine *e, uint64_t first, ledger_visit *visit, void *context,
                               struct problem *why)
{
    sqlite3_stmt *s;
    enum status st = prepare(e, EACH, &s, why);
    if (st != OK)
        return st;
    (void)sqlite3_bind_int64(s, 1, (sqlite3_int64)first);
    uint64_t expected = first;
    int code;
    while (st == OK && (code = sqlite3_step(s)) != SQLITE_DONE) {
        struct ledger_event event;
        st = code == SQLITE_ROW ? read_row(s, &event, why) : fail(e, code, "read events", why);
        if (st == OK && event.seq != expected++)
            st = problem_set(why, DAMAGED, "ledger: event %llu is missing",
                             (unsigned long long)expected - 1);
        if (st == OK)
            st = visit(context, &event);
    }
    (void)sqlite3_reset(s);
    return st;
}

static enum status engine_fact_put(struct engine *e, const char *kind, struct span name,
                                   struct span value, struct problem *why)
{
    sqlite3_stmt *s;
    enum status st = prepare(e, FACT_PUT, &s, why);
    if (st != OK)
        return st;
    (void)sqlite3_bind_text(s, 1, kind, -1, SQLITE_STATIC);
    (void)sqlite3_bind_blob64(s, 2, name.n ? name.p : "", name.n, SQLITE_STATIC);
    (void)sqlite3_bind_blob64(s, 3, value.n ? value.p : "", value.n, SQLITE_STATIC);
    (void)sqlite3_bind_int64(s, 4, fact_crc(kind, name, value));
    return run(e, FACT_PUT, "write a fact", why);
}

/* Name and value of the fact under the statement, checked. */
static enum status read_fact(sqlite3_stmt *s, const char *kind, struct span *name,
                             struct span *value, struct problem *why)
{
    *name = column_span(s, 0);
    *value = column_span(s, 1);
    if (sqlite3_column_int64(s, 2) == fact_crc(kind, *name, *value))
        return OK;
    return problem_set(why, DAMAGED, "ledger: a fact (%s) does not match its checksum", kind);
}

static enum status engine_fact_get(struct engine *e, const char *kind, struct span name,
                                   struct buf *out, struct problem *why)
{
    sqlite3_stmt *s;
    struct span stored_name, value;
    enum status st = prepare(e, FACT_GET, &s, why);
    if (st != OK)
        return st;
    (void)sqlite3_bind_text(s, 1, kind, -1, SQLITE_STATIC);
    (void)sqlite3_bind_blob64(s, 2, name.n ? name.p : "", name.n, SQLITE_STATIC);
    int code = sqlite3_step(s);
    if (code != SQLITE_ROW)
        st = code == SQLITE_DONE ? NOT_FOUND : fail(e, code, "read a fact", why);
    else
        st = read_fact(s, kind, &stored_name, &value, why);
    if (st == OK)
        st = buf_add_span(out, value);
    (void)sqlite3_reset(s);
    return st;
}

static enum status engine_fact_each(struct engine *e, const char *kind, ledger_fact_visit *visit,
                                    void *context, struct problem *why)
{
    sqlite3_stmt *s;
    struct span name, value;
    enum status st = prepare(e, FACT_EACH, &s, why);
    if (st != OK)
        return st;
    (void)sqlite3_bind_text(s, 1, kind, -1, SQLITE_STATIC);
    int code;
    while (st == OK && (code = sqlite3_step(s)) != SQLITE_DONE) {
        st = code == SQLITE_ROW ? read_fact(s, kind, &name, &value, why)
                                : fail(e, code, "read facts", why);
        if (st == OK)
            st = visit(context, name, value);
    }
    (void)sqlite3_reset(s);
    return st;
}

static enum status engine_erase(struct engine *e, const struct ledger_event *erased,
                                struct problem *why)
{
    sqlite3_stmt *s;
    enum status st = prepare(e, ERASE, &s, why);
    if (st != OK)
        return st;
    (void)sqlite3_bind_int64(s, 1, event_crc(erased));
    bind_span(s, 2, erased->salt);
    bind_span(s, 3, erased->who);
    bind_span(s, 4, erased->proof);
    bind_span(s, 5, erased->aliases);
    (void)sqlite3_bind_int64(s, 6, (sqlite3_int64)erased->seq);
    return run(e, ERASE, "erase", why);
}

static enum status engine_scour(struct engine *e, struct problem *why)
{
    int code = sqlite3_wal_checkpoint_v2(e->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return code == SQLITE_OK ? OK : fail(e, code, "empty the write-ahead log", why);
}

static enum status engine_check_store(struct engine *e, struct problem *why)
{
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v2(e->db, "PRAGMA integrity_check(1)", -1, &s, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(s);
    enum status st = OK;
    if (code != SQLITE_ROW)
        st = fail(e, code, "check", why);
    else if (!span_eq(column_span(s, 0), SPAN("ok")))
        st = problem_set(why, DAMAGED, "ledger: %.*s", SPAN_ARG(column_span(s, 0)));
    (void)sqlite3_finalize(s);
    return st;
}

/* Copies all pages under one read transaction, so that writers go on meanwhile. */
static int copy_pages(sqlite3 *from, sqlite3 *to)
{
    sqlite3_backup *job = sqlite3_backup_init(to, "main", from, "main");
    if (!job)
        return sqlite3_errcode(to);
    int code = sqlite3_backup_step(job, -1);
    int finish = sqlite3_backup_finish(job);
    return code == SQLITE_DONE ? finish : code;
}

static enum status engine_backup(struct engine *e, const char *path, struct problem *why)
{
    sqlite3 *copy = NULL;
    enum status st = file_create(path, SPAN(""), 0600, why); /* replaces nothing */
    if (st != OK)
        return st;
    int code = sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE, NULL);
    if (code == SQLITE_OK)
        code = copy_pages(e->db, copy);
    if (code != SQLITE_OK)
        st = problem_set(why, status_of_sqlite(code), "cannot copy the ledger to %s: %s", path,
                         sqlite3_errstr(code));
    (void)sqlite3_close(copy);
    if (st != OK)
        (void)unlink(path);
    return st;
}

const struct engine_ops engine_sqlite = {
    .open = engine_open,
    .close = engine_close,
    .begin = engine_begin,
    .append = engine_append,
    .commit = engine_commit,
    .rollback = engine_rollback,
    .last = engine_last,
    .get = engine_get,
    .each = engine_each,
    .erase = engine_erase,
    .scour = engine_scour,
    .check_store = engine_check_store,
    .fact_put = engine_fact_put,
    .fact_get = engine_fact_get,
    .fact_each = engine_fact_each,
    .backup = engine_backup,
};
