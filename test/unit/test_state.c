/* The canonical form of a state: what goes, what stays, and that no verdict changes by it. */
#include "lookup/lookup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ACME = 1, NEWS = 2, DEALS = 3 };

static struct state_item item(enum effect effect, enum channel channel, uint32_t sender,
                              uint32_t topic)
{
    return (struct state_item){
        .channel = (uint8_t)channel, .effect = (uint8_t)effect, .sender = sender, .topic = topic};
}

struct fixture {
    struct state_item items[STATE_ITEMS_MAX + 1];
    size_t n;
};

static void add(struct fixture *f, struct state_item i)
{
    state_add(f->items, &f->n, i);
}

static void first_statement_is_kept(void **unused)
{
    (void)unused;
    struct fixture f = {.n = 0};
    add(&f, item(EFFECT_OUT, CHANNEL_EMAIL, ACME, NEWS));
    assert_int_equal(f.n, 1);
    assert_int_equal(f.items[0].topic, NEWS);
}

static void same_statement_again_is_one(void **unused)
{
    (void)unused;
    struct fixture f = {.n = 0};
    for (int i = 0; i < 5; i++)
        add(&f, item(EFFECT_OUT, CHANNEL_EMAIL, ACME, NEWS));
    assert_int_equal(f.n, 1);
}

static void wider_opt_out_takes_in_the_narrower(void **unused)
{
    (void)unused;
    struct fixture f = {.n = 0};
    add(&f, item(EFFECT_OUT, CHANNEL_EMAIL, ACME, NEWS));
    add(&f, item(EFFECT_OUT, CHANNEL_EMAIL, ACME, DEALS));
    add(&f, item(EFFECT_OUT, CHANNEL_ANY, WORD_ANY, WORD_ANY));
    assert_int_equal(f.n, 1);
    assert_int_equal(f.items[0].channel, CHANNEL_ANY);
}

static void narrower_opt_out_leaves_the_wider(void **unused)
{
    (void)unused;
    struct fixture f = {.n = 0};
    add(&f, item(EFFECT_OUT, CHANNEL_ANY, WORD_ANY, WORD_ANY));
    add(&f, item(EFFECT_OUT, CHANNEL_EMAIL, ACME, NEWS));
    assert_int_equal(f.n, 2);
    assert_int_equal(f.items[1].topic, NEWS);
}

/* What the later statement on everything leaves of an earlier one on a stream. */
static void pairs_of_effects(void **unused)
{
    (void)unused;
    static const struct {
        enum effect earlier, later;
        bool stays;
    } cases[] = {
        {EFFECT_OUT, EFFECT_COMPLAINT, true},   {EFFECT_OUT, EFFECT_HOLD, true},
        {EFFECT_OUT, EFFECT_DEAD, true},        {EFFECT_OUT, EFFECT_IN, true},
        {EFFECT_OUT, EFFECT_IN_PROVEN, false},  {EFFECT_COMPLAINT, EFFECT_IN, true},
        {EFFECT_HOLD, EFFECT_IN, true},         {EFFECT_HOLD, EFFECT_IN_PROVEN, false},
        {EFFECT_DEAD, EFFECT_IN, false},        {EFFECT_DEAD, EFFECT_IN_PROVEN, false},
        {EFFECT_DEAD, EFFECT_OUT, true},        {EFFECT_IN, EFFECT_OUT, false},
        {EFFECT_IN, EFFECT_IN_PROVEN, false},   {EFFECT_IN_PROVEN, EFFECT_OUT, false},
        {EFFECT_IN_PROVEN, EFFECT_IN, true},    {EFFECT_IN_PROVEN, EFFECT_DEAD, true},
        {EFFECT_IN_PROVEN, EFFECT_HOLD, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f = {.n = 0};
        add(&f, item(cases[i].earlier, CHANNEL_EMAIL, ACME, NEWS));
        add(&f, item(cases[i].later, CHANNEL_EMAIL, ACME, WORD_ANY));
        assert_int_equal(f.n, cases[i].stays ? 2 : 1);
    }
}

static void too_many_statements_are_a_hold_on_everything(void **unused)
{
    (void)unused;
    struct fixture f = {.n = 0};
    for (uint32_t i = 0; i < STATE_ITEMS_MAX; i++)
        add(&f, item(EFFECT_OUT, CHANNEL_EMAIL, ACME, i + 1));
    assert_int_equal(f.n, STATE_ITEMS_MAX);
    add(&f, item(EFFECT_OUT, CHANNEL_EMAIL, ACME, STATE_ITEMS_MAX + 1));
    assert_int_equal(f.n, 1);
    assert_int_equal(f.items[0].effect, EFFECT_HOLD);
    assert_int_equal(f.items[0].channel, CHANNEL_ANY);
    assert_int_equal(f.items[0].sender, WORD_ANY);
    assert_int_equal(f.items[0].topic, WORD_ANY);
}

/* --- random histories against the rule of src/verdict/verdict.h, written out naively ------- */

static bool covers(struct state_item i, struct state_item q)
{
    return (i.channel == CHANNEL_ANY || i.channel == q.channel) &&
           (i.sender == WORD_ANY || i.sender == q.sender) &&
           (i.topic == WORD_ANY || i.topic == q.topic);
}

/* The standing denial's effect, EFFECT_IN for an opt-in, EFFECT_COUNT for no record. */
static int naive_verdict(const struct state_item *items, size_t n, struct state_item q)
{
    int closed = -1, dead = -1;
    bool opt_in = false;
    for (size_t i = 0; i < n; i++) {
        if (!covers(items[i], q))
            continue;
        switch ((enum effect)items[i].effect) {
        case EFFECT_OUT:
        case EFFECT_COMPLAINT:
        case EFFECT_HOLD:
            closed = (int)i;
            break;
        case EFFECT_DEAD:
            dead = (int)i;
            break;
        case EFFECT_IN_PROVEN:
            closed = -1;
            dead = -1;
            opt_in = true;
            break;
        case EFFECT_IN:
            dead = -1;
            opt_in = true;
            break;
        case EFFECT_COUNT:
            fail();
        }
    }
    if (closed < 0 && dead < 0)
        return opt_in ? EFFECT_IN : EFFECT_COUNT;
    return items[closed > dead ? closed : dead].effect;
}

static uint64_t random_state = 42;

static uint32_t below(uint32_t n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % n);
}

static void compare_all_questions(const struct state_item *all, size_t all_n,
                                  const struct state_item *pruned, size_t pruned_n)
{
    for (uint32_t c = CHANNEL_ANY; c <= CHANNEL_SMS; c++)
        for (uint32_t sender = 0; sender < 4; sender++)
            for (uint32_t topic = 0; topic < 4; topic++) {
                struct state_item q = item(EFFECT_OUT, (enum channel)c, sender, topic);
                assert_int_equal(naive_verdict(all, all_n, q), naive_verdict(pruned, pruned_n, q));
            }
}

static void pruning_changes_no_verdict(void **unused)
{
    (void)unused;
    enum { HISTORIES = 4000, EVENTS = 24 };
    for (int h = 0; h < HISTORIES; h++) {
        struct state_item all[EVENTS];
        struct fixture f = {.n = 0};
        for (size_t i = 0; i < EVENTS; i++) {
            all[i] =
                item((enum effect)below(EFFECT_COUNT), (enum channel)below(3), below(3), below(3));
            add(&f, all[i]);
            compare_all_questions(all, i + 1, f.items, f.n);
        }
    }
}

/* Six effects on 3 x 3 x 3 scopes: without pruning there would be thousands of statements. */
static void long_histories_stay_short(void **unused)
{
    (void)unused;
    struct fixture f = {.n = 0};
    for (int i = 0; i < 20000; i++) {
        add(&f, item((enum effect)below(EFFECT_COUNT), (enum channel)below(3), below(3), below(3)));
        assert_in_range(f.n, 1, 6 * 27);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_statement_is_kept),
        cmocka_unit_test(same_statement_again_is_one),
        cmocka_unit_test(wider_opt_out_takes_in_the_narrower),
        cmocka_unit_test(narrower_opt_out_leaves_the_wider),
        cmocka_unit_test(pairs_of_effects),
        cmocka_unit_test(too_many_statements_are_a_hold_on_everything),
        cmocka_unit_test(pruning_changes_no_verdict),
        cmocka_unit_test(long_histories_stay_short),
    };
    return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
