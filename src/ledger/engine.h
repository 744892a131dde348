/* src/ledger/engine.h: what a store must do to carry the ledger. Private to this room.
 *
 * Narrow on purpose, since PostgreSQL is the next one. An engine keeps rows and facts, makes a
 * transaction durable at commit, and reports; it numbers nothing, seals nothing and decides
 * nothing. Statuses: BUSY (somebody else writes), NO_SPACE, IO_FAILED, DAMAGED, NO_ACCESS.
 */
#ifndef LEDGER_ENGINE_H
#define LEDGER_ENGINE_H

#include "ledger/ledger.h"

struct engine;

struct engine_ops {
    enum status (*open)(const char *where, enum ledger_mode mode, struct engine **out,
                        struct problem *why);
    void (*close)(struct engine *e);
    enum status (*begin)(struct engine *e, struct problem *why);
    enum status (*append)(struct engine *e, const struct ledger_event *event, struct problem *why);
    enum status (*commit)(struct engine *e, struct problem *why);
    void (*rollback)(struct engine *e);
    enum status (*last)(struct engine *e, uint64_t *seq, struct problem *why);
    enum status (*get)(struct engine *e, uint64_t seq, struct ledger_event *out,
                       struct problem *why);
    enum status (*each)(struct engine *e, uint64_t first, ledger_visit *visit, void *context,
                        struct problem *why);
    enum status (*erase)(struct engine *e, const struct ledger_event *erased, struct problem *why);
    enum status (*scour)(struct engine *e, struct problem *why);
    enum status (*check_store)(struct engine *e, struct problem *why);
    enum status (*fact_put)(struct engine *e, const char *kind, struct span name, struct span value,
                            struct problem *why);
    enum status (*fact_get)(struct engine *e, const char *kind, struct span name, struct buf *out,
                            struct problem *why);
    enum status (*fact_each)(struct engine *e, const char *kind, ledger_fact_visit *visit,
                             void *context, struct problem *why);
    enum status (*backup)(struct engine *e, const char *path, struct problem *why);
};

extern const struct engine_ops engine_sqlite;

#endif
