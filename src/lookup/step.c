#include "lookup/step.h"

void stepper_reset(struct stepper *s, struct store store)
{
    *s = (struct stepper){.store = store};
}

static enum status read_scope(struct stepper *s, const struct scope *scope)
{
    if (s->scope_known && scope_equal(&s->scope, scope))
        return OK;
    s->scope_known = false;
    enum status st = s->store.word(s->store.in, &scope->sender, &s->sender);
    if (st == OK)
        st = s->store.word(s->store.in, &scope->topic, &s->topic);
    if (st == OK) {
        s->scope = *scope;
        s->scope_known = true;
    }
    return st;
}

static enum status take_step(struct stepper *s, uint32_t from, struct state_item item, uint32_t *to)
{
    const struct state_item *items;
    size_t n;
    enum status st = s->store.items(s->store.in, from, &items, &n);
    if (st != OK)
        return st;
    INVARIANT(n <= STATE_ITEMS_MAX);
    for (size_t i = 0; i < n; i++)
        s->work[i] = items[i];
    state_add(s->work, &n, item);
    return s->store.state(s->store.in, s->work, n, to);
}

/* take_step by memory. */
static enum status next_state(struct stepper *s, const struct lookup_change *change,
                              uint32_t *state)
{
    enum status st = read_scope(s, change->scope);
    if (st != OK)
        return st;
    struct state_item item = {.channel = (uint8_t)change->scope->channel,
                              .effect = (uint8_t)change->effect,
                              .sender = s->sender,
                              .topic = s->topic};
    size_t at = mix64(*state + state_hash(&item, 1)) % STEPS_REMEMBERED;
    if (s->memo[at].to == 0 || s->memo[at].from != *state ||
        memcmp(&s->memo[at].item, &item, sizeof item) != 0) {
        uint32_t to = 0;
        st = take_step(s, *state, item, &to);
        if (st != OK)
            return st;
        s->memo[at].item = item;
        s->memo[at].from = *state;
        s->memo[at].to = to;
    }
    *state = s->memo[at].to;
    return OK;
}

enum status stepper_next(struct stepper *s, const struct lookup_change *change, uint64_t *value)
{
    struct lookup_hit known = value_hit(*value);
    if (change->seq > SEQ_MAX)
        return REFUSED;
    if (change->seq <= known.last)
        return OK;
    enum status st = change->no_effect ? OK : next_state(s, change, &known.state);
    if (st == OK)
        *value = value_pack(known.state, change->seq);
    return st;
}
