/* src/ledger/ledger.c: numbering, and the rule that a broken handle stays broken.
 *
 * The engine below does the storing. Here every status passes `settle`, so that after a device
 * error or a full disk nothing more goes through this handle (fsyncgate: the commit after a failed
 * fsync may claim success).
 */
#include "ledger/ledger.h"
#include "base/secret.h"
#include "ledger/engine.h"

struct ledger {
    const struct engine_ops *ops;
    struct engine *engine;
    enum status broken;
    bool writing;
    uint64_t next; /* while writing: the number of the next event */
    uint8_t name[LEDGER_NAME_BYTES];
};

static enum status settle(struct ledger *l, enum status s)
{
    if (s == IO_FAILED || s == NO_SPACE || s == DAMAGED)
        l->broken = s;
    return s;
}

static enum status still_whole(const struct ledger *l, struct problem *why)
{
    if (l->broken == OK)
        return OK;
    return problem_set(why, l->broken,
                       "the ledger failed before (%s); nothing is recorded until "
                       "it is opened anew",
                       status_text(l->broken));
}

static enum status read_name(struct ledger *l, struct problem *why)
{
    struct buf name = BUF_INIT(LEDGER_NAME_BYTES);
    enum status s = l->ops->fact_get(l->engine, "ledger", SPAN("name"), &name, why);
    if (s == OK && name.n != LEDGER_NAME_BYTES)
        s = problem_set(why, DAMAGED, "the ledger's name is %zu bytes long", name.n);
    if (s == OK)
        memcpy(l->name, name.p, LEDGER_NAME_BYTES);
    buf_free(&name);
    return s;
}

/* Names a ledger that has no name yet. The name is taken inside the write transaction, so that of
 * two processes that create it at once only one does so. */
static enum status give_name(struct ledger *l, struct problem *why)
{
    enum status s = l->ops->begin(l->engine, why);
    if (s != OK)
        return s;
    s = read_name(l, why);
    if (s == NOT_FOUND) {
        secret_random(l->name, sizeof l->name);
        s = l->ops->fact_put(l->engine, "ledger", SPAN("name"),
                             (struct span){(char *)l->name, sizeof l->name}, why);
    }
    if (s == OK)
        return l->ops->commit(l->engine, why);
    l->ops->rollback(l->engine);
    return s;
}

enum status ledger_open(const char *path, enum ledger_mode mode, struct ledger **out,
                        struct problem *why)
{
    struct ledger *l = mem_new(1, sizeof *l);
    if (!l)
        return problem_set(why, NO_MEMORY, "out of memory");
    l->ops = &engine_sqlite;
    enum status s = l->ops->open(path, mode, &l->engine, why);
    if (s == OK) {
        s = read_name(l, why);
        if (s == NOT_FOUND && mode == LEDGER_CREATE)
            s = give_name(l, why);
        else if (s == NOT_FOUND)
            s = problem_set(why, DAMAGED, "%s has no name: it is no finished ledger", path);
    }
    if (s != OK) {
        ledger_close(l);
        return s;
    }
    *out = l;
    return OK;
}

void ledger_close(struct ledger *l)
{
    if (!l)
        return;
    if (l->engine)
        l->ops->close(l->engine);
    mem_free(l);
}

void ledger_name(const struct ledger *l, uint8_t out[LEDGER_NAME_BYTES])
{
    memcpy(out, l->name, LEDGER_NAME_BYTES);
}

enum status ledger_last(struct ledger *l, uint64_t *seq, struct problem *why)
{
    return settle(l, l->ops->last(l->engine, seq, why));
}

enum status ledger_begin(struct ledger *l, struct problem *why)
{
    INVARIANT(!l->writing);
    enum status s = still_whole(l, why);
    if (s != OK)
        return s;
    s = settle(l, l->ops->begin(l->engine, why));
    if (s != OK)
        return s;
    l->writing = true;
    uint64_t last;
    s = settle(l, l->ops->last(l->engine, &last, why));
    if (s != OK)
        ledger_rollback(l);
    else
        l->next = last + 1;
    return s;
}

enum status ledger_append(struct ledger *l, struct ledger_event *e, struct problem *why)
{
    INVARIANT(l->writing && e->prev < l->next);
    e->seq = l->next;
    enum status s = settle(l, l->ops->append(l->engine, e, why));
    if (s == OK)
        l->next++;
    return s;
}

enum status ledger_commit(struct ledger *l, struct problem *why)
{
    INVARIANT(l->writing);
    enum status s = still_whole(l, why);
    if (s == OK)
        s = settle(l, l->ops->commit(l->engine, why));
    if (s != OK)
        l->ops->rollback(l->engine);
    l->writing = false;
    return s;
}

void ledger_rollback(struct ledger *l)
{
    if (l->writing)
        l->ops->rollback(l->engine);
    l->writing = false;
}

enum status ledger_get(struct ledger *l, uint64_t seq, struct ledger_event *out,
                       struct problem *why)
{
    return settle(l, l->ops->get(l->engine, seq, out, why));
}

enum status ledger_each(struct ledger *l, uint64_t first, ledger_visit *visit, void *context,
                        struct problem *why)
{
    return l->ops->each(l->engine, first, visit, context, why);
}

enum status ledger_erase(struct ledger *l, uint64_t seq, struct span aliases, struct problem *why)
{
    struct ledger_event e;
    INVARIANT(l->writing);
    enum status s = settle(l, l->ops->get(l->engine, seq, &e, why));
    if (s != OK)
        return s;
    e.who = e.proof = e.salt = (struct span){0};
    e.aliases = aliases;
    return settle(l, l->ops->erase(l->engine, &e, why));
}

enum status ledger_scour(struct ledger *l, struct problem *why)
{
    INVARIANT(!l->writing);
    return settle(l, l->ops->scour(l->engine, why));
}

enum status ledger_check_store(struct ledger *l, struct problem *why)
{
    return settle(l, l->ops->check_store(l->engine, why));
}

enum status ledger_fact_put(struct ledger *l, const char *kind, struct span name, struct span value,
                            struct problem *why)
{
    enum status s = still_whole(l, why);
    return s == OK ? settle(l, l->ops->fact_put(l->engine, kind, name, value, why)) : s;
}

enum status ledger_fact_get(struct ledger *l, const char *kind, struct span name, struct buf *out,
                            struct problem *why)
{
    return settle(l, l->ops->fact_get(l->engine, kind, name, out, why));
}

enum status ledger_fact_each(struct ledger *l, const char *kind, ledger_fact_visit *visit,
                             void *context, struct problem *why)
{
    return l->ops->fact_each(l->engine, kind, visit, context, why);
}

enum status ledger_backup(struct ledger *l, const char *path, struct problem *why)
{
    return l->ops->backup(l->engine, path, why);
}
