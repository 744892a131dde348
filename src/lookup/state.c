/* lookup/state.c: the canonical form of a state.
 *
 * Invariant: pruning never changes the verdict on any question (src/verdict). The verdict reads
 * the statements that cover a question from the latest back: an OUT, COMPLAINT or HOLD ends the
 * reading with a no, an IN_PROVEN ends it with a yes, a DEAD ends it unless an IN was seen before.
 * Whatever lies behind such an end, within its scope, is never read.
 */
#include "lookup/lookup.h"

#define BIT(effect) (1u << (effect))
enum { CONSENT = BIT(EFFECT_IN) | BIT(EFFECT_IN_PROVEN) };

/* idled_by[later]: the effects whose earlier statements a later one makes idle when its scope
 * contains theirs. A standing no is kept beside a later no of another kind, though the verdict
 * would not miss it: who lists standing opt-outs would. */
static const unsigned idled_by[EFFECT_COUNT] = {
    [EFFECT_OUT] = BIT(EFFECT_OUT) | CONSENT,
    [EFFECT_COMPLAINT] = BIT(EFFECT_COMPLAINT) | CONSENT,
    [EFFECT_HOLD] = BIT(EFFECT_HOLD) | CONSENT,
    [EFFECT_DEAD] = BIT(EFFECT_DEAD) | BIT(EFFECT_IN),
    [EFFECT_IN] = BIT(EFFECT_DEAD) | BIT(EFFECT_IN),
    [EFFECT_IN_PROVEN] = BIT(EFFECT_COUNT) - 1,
};

static bool contains(const struct state_item *outer, const struct state_item *inner)
{
    return (outer->channel == CHANNEL_ANY || outer->channel == inner->channel) &&
           (outer->sender == WORD_ANY || outer->sender == inner->sender) &&
           (outer->topic == WORD_ANY || outer->topic == inner->topic);
}

void state_add(struct state_item *items, size_t *n, struct state_item item)
{
    size_t kept = 0;
    INVARIANT(item.effect < EFFECT_COUNT && *n <= STATE_ITEMS_MAX);
    item.unused = 0;
    for (size_t i = 0; i < *n; i++)
        if (!(idled_by[item.effect] & BIT(items[i].effect)) || !contains(&item, &items[i]))
            items[kept++] = items[i];
    items[kept++] = item;
    if (kept > STATE_ITEMS_MAX) {
        items[0] = (struct state_item){.channel = CHANNEL_ANY, .effect = EFFECT_HOLD};
        kept = 1;
    }
    *n = kept;
}
