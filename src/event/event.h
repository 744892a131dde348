/* src/event/event.h: the one record. What a person, or a system on a person's behalf, said.
 *
 * Every medium ends here: who (an address), about what (a scope), their will (a kind), how we know
 * (source and proof), and when. Pure functions; any thread.
 */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include "address/address.h"
#include "base/span.h"
#include "base/status.h"

#include <stdint.h>

enum channel {
    CHANNEL_ANY, /* `*` */
    CHANNEL_EMAIL,
    CHANNEL_SMS,
    CHANNEL_VOICE,
    CHANNEL_PUSH,
    CHANNEL_POST,
    CHANNEL_ADS,
    CHANNEL_COUNT
};

const char *channel_word(enum channel c);
/* `*` too; ASCII case does not count. OK or NOT_FOUND. */
enum status channel_parse(struct span s, enum channel *out) MUST_CHECK;
/* The channel that an address is reached by when nobody says: e-mail, sms, ads (device, cookie);
 * CHANNEL_ANY for a digest, which does not tell what it is a digest of. */
enum channel channel_of_address(enum address_kind kind);

enum { WORD_MAX = 64, SCOPE_BYTES = 8 + 2 * WORD_MAX + 4 };

/* A sender or a topic: 1 to WORD_MAX of ASCII letters, digits, `.`, `_` and `-`, in lower case.
 * n == 0 is `*`. */
struct word {
    uint8_t n;
    char text[WORD_MAX];
};

static inline struct span word_span(const struct word *w)
{
    return w->n ? (struct span){w->text, w->n} : (struct span){"*", 1};
}
enum status word_parse(struct span s, struct word *out, struct refusal *why) MUST_CHECK;
bool word_equal(const struct word *a, const struct word *b);

/* CHANNEL:SENDER/TOPIC, each part a word or `*`. Zeroed it is everything. */
struct scope {
    enum channel channel;
    struct word sender, topic;
};

/* A lone `*` is everything. REFUSED with what and where. */
enum status scope_parse(struct span s, struct scope *out, struct refusal *why) MUST_CHECK;
/* Writes the full form with a zero at its end. */
void scope_format(const struct scope *s, char out[SCOPE_BYTES]);
bool scope_equal(const struct scope *a, const struct scope *b);
/* Does `outer` cover everything that `inner` names? A `*` in inner is covered by `*` alone. */
bool scope_contains(const struct scope *outer, const struct scope *inner);

enum event_kind {
    EVENT_OUT = 1,   /* opt-out */
    EVENT_IN,        /* opt-in */
    EVENT_COMPLAINT, /* reported as spam */
    EVENT_DEAD,      /* hard bounce, number gone */
    EVENT_HOLD,      /* a human must look */
    EVENT_FORGET,    /* erasure; changes no verdict */
    EVENT_KINDS
};

const char *event_kind_word(enum event_kind k);
enum status event_kind_parse(struct span s, enum event_kind *out) MUST_CHECK;

enum { SOURCE_MAX = 64, PROOF_MAX = 4096 };

/* One event on its way to the ledger. The spans are borrowed. */
struct event {
    enum event_kind kind;
    struct scope scope;
    const struct address *who;
    int64_t at_us; /* when it was said, microseconds since 1970, UTC */
    struct span
        source; /* a word for where it came from: cli, import, one-click …; at most SOURCE_MAX */
    struct span proof; /* what shows that the person did it; at most PROOF_MAX bytes of UTF-8 */
    bool own_act;      /* the person's own act; with a proof, an `in` lifts what stands */
};

/* May an `in` with these lift an opt-out? (contract: own act and proof) */
static inline bool event_lifts(const struct event *e)
{
    return e->kind == EVENT_IN && e->own_act && e->proof.n > 0;
}

#endif
