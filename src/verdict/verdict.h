/* src/verdict/verdict.h: may I, and why. Pure functions over the lookup's states.
 *
 * The rule (contract, Words): of the events whose scope contains the question's, the latest in
 * ledger order wins; but an `in` lifts an `out`, a `complaint` or a `hold` only when it is the
 * person's own act and carries proof. Any later `in` ends a `dead`, which is no opt-out but a
 * fact about the address.
 */
#ifndef VERDICT_VERDICT_H
#define VERDICT_VERDICT_H

#include "base/span.h"
#include "event/event.h"
#include "lookup/lookup.h"

enum purpose { PURPOSE_MARKETING, PURPOSE_SERVICE };

enum reason {
    REASON_NO_RECORD,
    REASON_OPT_IN,
    REASON_SERVICE_MESSAGE,
    REASON_OPT_OUT, /* from here on denials */
    REASON_COMPLAINT,
    REASON_DEAD_ADDRESS,
    REASON_HOLD,
    REASON_NO_CONSENT,
    REASON_UNREADABLE,
    REASON_STALE,
    REASON_COUNT
};

static inline bool reason_allows(enum reason r)
{
    return r < REASON_OPT_OUT;
}
/* `opt-out`, `no-record` … as the contract spells them. */
const char *reason_word(enum reason r);
/* "deny" or "allow". */
const char *verdict_word(enum reason r);

/* A question, its words looked up once for a whole batch. */
struct question {
    uint8_t channel; /* enum channel */
    uint32_t sender, topic;
    enum purpose purpose;
};
void question_prepare(const struct lookup_view *v, const struct scope *scope, enum purpose purpose,
                      struct question *out);

/* Does this statement's scope contain the question's? */
bool question_covered(const struct state_item *item, const struct question *q);

/* The rule itself, fed with the statements that cover a question, the latest first. */
struct fold {
    bool alive;   /* a later opt-in has shown that the address is not dead */
    bool decided; /* nothing older can change the answer */
    enum reason reason;
};
#define FOLD_INIT ((struct fold){.reason = REASON_NO_RECORD})
/* Adds the next older statement; true when it is the one that the answer now rests on. */
bool fold_add(struct fold *f, enum effect effect);

/* The effect of an event; false for one that has none (forget). */
bool effect_of_event(const struct event *e, enum effect *out);

/* The answer for one state. */
enum reason verdict_of_items(const struct state_item *items, size_t n, const struct question *q);

/* The answer for somebody known by several ids: the strictest of both; allows by opt-in beat
 * allows without record. */
enum reason reason_strictest(enum reason a, enum reason b);

/* The answer under an opt-in regime, once all ids of a person are asked: no record means no. */
enum reason reason_under_consent(enum reason r);

/* The event kind that a denying reason stems from; 0 when it stems from none. */
enum event_kind reason_event_kind(enum reason r);

#endif
