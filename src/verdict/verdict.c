/* src/verdict/verdict.c: the one place where what was said becomes an answer; no heap, no state. */
#include "verdict/verdict.h"

static const struct {
    const char *word;
    enum event_kind kind;
} reasons[REASON_COUNT] = {
    [REASON_NO_RECORD] = {"no-record", 0},
    [REASON_OPT_IN] = {"opt-in", EVENT_IN},
    [REASON_SERVICE_MESSAGE] = {"service-message", 0},
    [REASON_OPT_OUT] = {"opt-out", EVENT_OUT},
    [REASON_COMPLAINT] = {"complaint", EVENT_COMPLAINT},
    [REASON_DEAD_ADDRESS] = {"dead-address", EVENT_DEAD},
    [REASON_HOLD] = {"hold", EVENT_HOLD},
    [REASON_NO_CONSENT] = {"no-consent", 0},
    [REASON_UNREADABLE] = {"unreadable", 0},
    [REASON_STALE] = {"stale", 0},
};

const char *reason_word(enum reason r)
{
    INVARIANT(r < REASON_COUNT);
    return reasons[r].word;
}

const char *verdict_word(enum reason r)
{
    return reason_allows(r) ? "allow" : "deny";
}

enum event_kind reason_event_kind(enum reason r)
{
    INVARIANT(r < REASON_COUNT);
    return reasons[r].kind;
}

void question_prepare(const struct lookup_view *v, const struct scope *scope, enum purpose purpose,
                      struct question *out)
{
    *out = (struct question){
        .channel = (uint8_t)scope->channel,
        .sender = lookup_word_number(v, &scope->sender),
        .topic = lookup_word_number(v, &scope->topic),
        .purpose = purpose,
    };
}

/* A `*` in the question is covered by `*` alone: CHANNEL_ANY and WORD_ANY are what they equal. */
bool question_covered(const struct state_item *item, const struct question *q)
{
    return (item->channel == CHANNEL_ANY || item->channel == q->channel) &&
           (item->sender == WORD_ANY || item->sender == q->sender) &&
           (item->topic == WORD_ANY || item->topic == q->topic);
}

static enum reason reason_of_effect(enum effect e)
{
    switch (e) {
    case EFFECT_OUT:
        return REASON_OPT_OUT;
    case EFFECT_COMPLAINT:
        return REASON_COMPLAINT;
    case EFFECT_HOLD:
        return REASON_HOLD;
    case EFFECT_DEAD:
        return REASON_DEAD_ADDRESS;
    case EFFECT_IN:
    case EFFECT_IN_PROVEN:
        return REASON_OPT_IN;
    case EFFECT_COUNT:
        break;
    }
    bug(__FILE__, __LINE__, "no such effect");
}

/* Latest first, so that the first statement that still stands decides: a proven opt-in settles
 * everything before it, an unproven one only whether the address is dead. */
bool fold_add(struct fold *f, enum effect effect)
{
    bool opt_in = effect == EFFECT_IN || effect == EFFECT_IN_PROVEN;
    if (f->decided || (effect == EFFECT_DEAD && f->alive))
        return false;
    f->decided = effect != EFFECT_IN;
    f->alive = true;
    if (opt_in && f->reason == REASON_OPT_IN)
        return false;
    f->reason = reason_of_effect(effect);
    return true;
}

bool effect_of_event(const struct event *e, enum effect *out)
{
    switch (e->kind) {
    case EVENT_OUT:
        *out = EFFECT_OUT;
        return true;
    case EVENT_IN:
        *out = event_lifts(e) ? EFFECT_IN_PROVEN : EFFECT_IN;
        return true;
    case EVENT_COMPLAINT:
        *out = EFFECT_COMPLAINT;
        return true;
    case EVENT_DEAD:
        *out = EFFECT_DEAD;
        return true;
    case EVENT_HOLD:
        *out = EFFECT_HOLD;
        return true;
    case EVENT_FORGET:
    case EVENT_KINDS:
        break;
    }
    return false;
}

enum reason verdict_of_items(const struct state_item *items, size_t n, const struct question *q)
{
    if (q->purpose == PURPOSE_SERVICE)
        return REASON_SERVICE_MESSAGE;
    struct fold f = FOLD_INIT;
    for (size_t i = n; i-- > 0 && !f.decided;)
        if (question_covered(&items[i], q))
            (void)fold_add(&f, items[i].effect);
    return f.reason;
}

enum reason reason_under_consent(enum reason r)
{
    return r == REASON_NO_RECORD ? REASON_NO_CONSENT : r;
}

/* From the mildest to the strictest; among denials the one that a person's own word gave comes
 * before what machines found. */
static int strictness(enum reason r)
{
    static const int rank[REASON_COUNT] = {
        [REASON_NO_RECORD] = 0,    [REASON_OPT_IN] = 1,    [REASON_SERVICE_MESSAGE] = 2,
        [REASON_NO_CONSENT] = 3,   [REASON_STALE] = 4,     [REASON_HOLD] = 5,
        [REASON_DEAD_ADDRESS] = 6, [REASON_COMPLAINT] = 7, [REASON_OPT_OUT] = 8,
        [REASON_UNREADABLE] = 9,
    };
    return rank[r];
}

enum reason reason_strictest(enum reason a, enum reason b)
{
    return strictness(a) >= strictness(b) ? a : b;
}
