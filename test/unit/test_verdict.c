/* May I, and why: the contract's rule, by tables and against a naive reading of its sentence. */
#include "verdict/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { ACME = 1, NEWS = 2, DEALS = 3, BETA = 4 };

static struct state_item item(enum effect effect, enum channel channel, uint32_t sender,
                              uint32_t topic)
{
    return (struct state_item){
        .channel = (uint8_t)channel, .effect = (uint8_t)effect, .sender = sender, .topic = topic};
}

static struct question question(enum channel channel, uint32_t sender, uint32_t topic)
{
    return (struct question){(uint8_t)channel, sender, topic, PURPOSE_MARKETING};
}

/* --- the rule, on one scope ---------------------------------------------------------------- */

/* Letters, in the order in which they were said: o out, c complaint, h hold, d dead, i an opt-in
 * without proof, P the person's own with proof. */
static enum effect effect_of_letter(char letter)
{
    static const char letters[EFFECT_COUNT + 1] = "ochdiP";
    const char *at = strchr(letters, letter);
    assert_non_null(at);
    return (enum effect)(at - letters);
}

static const struct {
    const char *said;
    enum reason reason;
} histories[] = {
    {"", REASON_NO_RECORD},
    {"o", REASON_OPT_OUT},
    {"c", REASON_COMPLAINT},
    {"h", REASON_HOLD},
    {"d", REASON_DEAD_ADDRESS},
    {"i", REASON_OPT_IN},
    {"P", REASON_OPT_IN},
    /* the latest wins */
    {"oc", REASON_COMPLAINT},
    {"co", REASON_OPT_OUT},
    {"Po", REASON_OPT_OUT},
    {"io", REASON_OPT_OUT},
    {"ih", REASON_HOLD},
    {"Pd", REASON_DEAD_ADDRESS},
    {"od", REASON_DEAD_ADDRESS},
    {"do", REASON_OPT_OUT},
    {"ochd", REASON_DEAD_ADDRESS},
    /* an opt-in without proof lifts no opt-out, complaint or hold */
    {"oi", REASON_OPT_OUT},
    {"ci", REASON_COMPLAINT},
    {"hi", REASON_HOLD},
    {"oiiii", REASON_OPT_OUT},
    {"ochi", REASON_HOLD},
    /* but any later opt-in ends a dead address, and what stood before shows again */
    {"di", REASON_OPT_IN},
    {"odi", REASON_OPT_OUT},
    {"oid", REASON_DEAD_ADDRESS},
    {"didi", REASON_OPT_IN},
    {"did", REASON_DEAD_ADDRESS},
    /* the person's own act with proof lifts everything before it */
    {"oP", REASON_OPT_IN},
    {"cP", REASON_OPT_IN},
    {"hP", REASON_OPT_IN},
    {"dP", REASON_OPT_IN},
    {"ochdP", REASON_OPT_IN},
    {"oPi", REASON_OPT_IN},
    {"oPo", REASON_OPT_OUT},
    {"oPoP", REASON_OPT_IN},
    {"oPdi", REASON_OPT_IN},
};

static enum reason answer_of_history(const char *said)
{
    struct state_item items[STATE_ITEMS_MAX + 1];
    size_t n = 0;
    for (; *said; said++)
        state_add(items, &n, item(effect_of_letter(*said), CHANNEL_EMAIL, ACME, NEWS));
    struct question q = question(CHANNEL_EMAIL, ACME, NEWS);
    return verdict_of_items(items, n, &q);
}

static void the_rule_by_the_contracts_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(histories); i++) {
        enum reason r = answer_of_history(histories[i].said);
        if (r != histories[i].reason)
            fail_msg("\"%s\" is %s, not %s", histories[i].said, reason_word(r),
                     reason_word(histories[i].reason));
    }
}

static void a_fold_tells_on_which_statement_the_answer_rests(void **state)
{
    (void)state;
    static const struct {
        const char *said;
        int rests_on; /* its place in `said`, -1 for none */
    } cases[] = {
        {"", -1},  {"o", 0},  {"oc", 1}, {"oi", 0},  {"oii", 0},  {"odi", 0}, {"od", 1},
        {"oP", 1}, {"ii", 1}, {"di", 1}, {"iPi", 2}, {"oPii", 3}, {"cho", 2}, {"hoid", 3},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fold f = FOLD_INIT;
        int rests_on = -1;
        for (size_t at = strlen(cases[i].said); at-- > 0;)
            if (fold_add(&f, effect_of_letter(cases[i].said[at])))
                rests_on = (int)at;
        if (rests_on != cases[i].rests_on)
            fail_msg("\"%s\" rests on %d", cases[i].said, rests_on);
    }
}

static void nothing_older_changes_a_decided_answer(void **state)
{
    (void)state;
    for (unsigned newer = 0; newer < EFFECT_COUNT; newer++) {
        struct fold f = FOLD_INIT;
        assert_true(fold_add(&f, (enum effect)newer));
        assert_int_equal(f.decided, newer != EFFECT_IN);
        for (unsigned older = 0; f.decided && older < EFFECT_COUNT; older++) {
            struct fold before = f;
            assert_false(fold_add(&f, (enum effect)older));
            assert_int_equal(f.reason, before.reason);
        }
    }
}

/* --- scopes -------------------------------------------------------------------------------- */

static void a_question_is_covered_by_a_scope_that_contains_it(void **state)
{
    (void)state;
    static const struct {
        struct state_item said;
        struct question asked;
        bool covered;
    } cases[] = {
        {{CHANNEL_EMAIL, 0, 0, ACME, NEWS}, {CHANNEL_EMAIL, ACME, NEWS, 0}, true},
        {{CHANNEL_EMAIL, 0, 0, ACME, WORD_ANY}, {CHANNEL_EMAIL, ACME, NEWS, 0}, true},
        {{CHANNEL_EMAIL, 0, 0, WORD_ANY, NEWS}, {CHANNEL_EMAIL, ACME, NEWS, 0}, true},
        {{CHANNEL_ANY, 0, 0, WORD_ANY, WORD_ANY}, {CHANNEL_SMS, BETA, DEALS, 0}, true},
        {{CHANNEL_ANY, 0, 0, WORD_ANY, WORD_ANY}, {CHANNEL_ANY, WORD_ANY, WORD_ANY, 0}, true},
        /* a word that no statement has */
        {{CHANNEL_ANY, 0, 0, WORD_ANY, WORD_ANY}, {CHANNEL_ADS, WORD_NONE, WORD_NONE, 0}, true},
        {{CHANNEL_ADS, 0, 0, ACME, WORD_ANY}, {CHANNEL_ADS, WORD_NONE, WORD_NONE, 0}, false},
        /* a `*` in a question is covered by `*` alone */
        {{CHANNEL_EMAIL, 0, 0, ACME, NEWS}, {CHANNEL_EMAIL, ACME, WORD_ANY, 0}, false},
        {{CHANNEL_EMAIL, 0, 0, ACME, NEWS}, {CHANNEL_EMAIL, WORD_ANY, NEWS, 0}, false},
        {{CHANNEL_EMAIL, 0, 0, ACME, NEWS}, {CHANNEL_ANY, ACME, NEWS, 0}, false},
        /* neighbours */
        {{CHANNEL_EMAIL, 0, 0, ACME, NEWS}, {CHANNEL_SMS, ACME, NEWS, 0}, false},
        {{CHANNEL_EMAIL, 0, 0, ACME, NEWS}, {CHANNEL_EMAIL, BETA, NEWS, 0}, false},
        {{CHANNEL_EMAIL, 0, 0, ACME, NEWS}, {CHANNEL_EMAIL, ACME, DEALS, 0}, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (question_covered(&cases[i].said, &cases[i].asked) != cases[i].covered)
            fail_msg("case %zu", i);
}

static void statements_about_something_else_do_not_count(void **state)
{
    (void)state;
    const struct state_item items[] = {
        item(EFFECT_OUT, CHANNEL_EMAIL, ACME, NEWS),
        item(EFFECT_COMPLAINT, CHANNEL_SMS, WORD_ANY, WORD_ANY),
        item(EFFECT_IN_PROVEN, CHANNEL_EMAIL, ACME, DEALS),
    };
    const struct {
        struct question q;
        enum reason reason;
    } cases[] = {
        {question(CHANNEL_EMAIL, ACME, NEWS), REASON_OPT_OUT},
        {question(CHANNEL_EMAIL, ACME, DEALS), REASON_OPT_IN},
        {question(CHANNEL_EMAIL, ACME, WORD_ANY), REASON_NO_RECORD},
        {question(CHANNEL_SMS, BETA, NEWS), REASON_COMPLAINT},
        {question(CHANNEL_VOICE, ACME, NEWS), REASON_NO_RECORD},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(verdict_of_items(items, COUNT(items), &cases[i].q), cases[i].reason);
}

static void a_narrow_opt_in_leaves_the_wider_opt_out(void **state)
{
    (void)state;
    const struct state_item items[] = {
        item(EFFECT_OUT, CHANNEL_EMAIL, ACME, WORD_ANY),
        item(EFFECT_IN_PROVEN, CHANNEL_EMAIL, ACME, NEWS),
    };
    struct question news = question(CHANNEL_EMAIL, ACME, NEWS);
    struct question deals = question(CHANNEL_EMAIL, ACME, DEALS);
    struct question all = question(CHANNEL_EMAIL, ACME, WORD_ANY);
    assert_int_equal(verdict_of_items(items, 2, &news), REASON_OPT_IN);
    assert_int_equal(verdict_of_items(items, 2, &deals), REASON_OPT_OUT);
    assert_int_equal(verdict_of_items(items, 2, &all), REASON_OPT_OUT);
}

static void a_service_message_is_no_marketing(void **state)
{
    (void)state;
    const struct state_item out = item(EFFECT_OUT, CHANNEL_ANY, WORD_ANY, WORD_ANY);
    struct question q = question(CHANNEL_EMAIL, ACME, NEWS);
    q.purpose = PURPOSE_SERVICE;
    assert_int_equal(verdict_of_items(&out, 1, &q), REASON_SERVICE_MESSAGE);
    assert_int_equal(verdict_of_items(NULL, 0, &q), REASON_SERVICE_MESSAGE);
}

/* --- all short histories ------------------------------------------------------------------- */

/* Three scopes, each within the one before. */
static const struct state_item scopes[] = {
    {.channel = CHANNEL_ANY, .sender = WORD_ANY, .topic = WORD_ANY},
    {.channel = CHANNEL_EMAIL, .sender = ACME, .topic = WORD_ANY},
    {.channel = CHANNEL_EMAIL, .sender = ACME, .topic = NEWS},
};
enum { SCOPES = COUNT(scopes), HISTORY_MAX = 5 };

struct said {
    unsigned effect, scope;
};

/* The contract's sentence, forward in time: what stands is lifted by an opt-in that may lift it;
 * then the latest that stands wins, before opt-ins. */
static enum reason naive_answer(const struct said *history, size_t n, unsigned asked)
{
    static const enum reason reasons[EFFECT_COUNT] = {
        [EFFECT_OUT] = REASON_OPT_OUT, [EFFECT_COMPLAINT] = REASON_COMPLAINT,
        [EFFECT_HOLD] = REASON_HOLD,   [EFFECT_DEAD] = REASON_DEAD_ADDRESS,
        [EFFECT_IN] = REASON_OPT_IN,   [EFFECT_IN_PROVEN] = REASON_OPT_IN,
    };
    unsigned standing[HISTORY_MAX];
    size_t count = 0;
    enum reason otherwise = REASON_NO_RECORD;
    for (size_t i = 0; i < n; i++) {
        unsigned effect = history[i].effect;
        if (history[i].scope > asked) /* narrower than the question */
            continue;
        if (effect != EFFECT_IN && effect != EFFECT_IN_PROVEN) {
            standing[count++] = effect;
            continue;
        }
        size_t kept = 0;
        for (size_t j = 0; j < count; j++)
            if (effect == EFFECT_IN && standing[j] != EFFECT_DEAD)
                standing[kept++] = standing[j];
        count = kept;
        otherwise = REASON_OPT_IN;
    }
    return count ? reasons[standing[count - 1]] : otherwise;
}

static enum reason fold_answer(const struct said *history, size_t n, unsigned asked)
{
    struct fold f = FOLD_INIT;
    for (size_t i = n; i-- > 0;)
        if (history[i].scope <= asked)
            (void)fold_add(&f, (enum effect)history[i].effect);
    return f.reason;
}

static void print_history(const struct said *history, size_t n)
{
    for (size_t i = 0; i < n; i++)
        print_error("%c%u ", "ochdiP"[history[i].effect], history[i].scope);
}

/* All continuations of a history; `items` is its state. Returns how many were looked at. */
static uint64_t explore(struct said *history, size_t n, const struct state_item *items,
                        size_t count)
{
    uint64_t seen = 1;
    for (unsigned asked = 0; asked < SCOPES; asked++) {
        const struct state_item *s = &scopes[asked];
        struct question q = question((enum channel)s->channel, s->sender, s->topic);
        enum reason expected = naive_answer(history, n, asked);
        if (verdict_of_items(items, count, &q) != expected ||
            fold_answer(history, n, asked) != expected) {
            print_history(history, n);
            fail_msg("asked about scope %u: not %s", asked, reason_word(expected));
        }
    }
    for (unsigned next = 0; n < HISTORY_MAX && next < EFFECT_COUNT * SCOPES; next++) {
        struct state_item longer[HISTORY_MAX + 1];
        size_t longer_count = count;
        history[n] = (struct said){next / SCOPES, next % SCOPES};
        for (size_t i = 0; i < count; i++)
            longer[i] = items[i];
        struct state_item added = scopes[history[n].scope];
        added.effect = (uint8_t)history[n].effect;
        state_add(longer, &longer_count, added);
        seen += explore(history, n + 1, longer, longer_count);
    }
    return seen;
}

static void every_short_history_is_answered_as_the_contract_says(void **state)
{
    (void)state;
    struct said history[HISTORY_MAX];
    assert_int_equal(explore(history, 0, NULL, 0), 1 + 18 + 324 + 5832 + 104976 + 1889568);
}

/* --- reasons ------------------------------------------------------------------------------- */

static const struct {
    enum reason reason;
    const char *word, *verdict;
    int kind; /* of the event it stems from */
} reasons[] = {
    {REASON_NO_RECORD, "no-record", "allow", 0},
    {REASON_OPT_IN, "opt-in", "allow", EVENT_IN},
    {REASON_SERVICE_MESSAGE, "service-message", "allow", 0},
    {REASON_OPT_OUT, "opt-out", "deny", EVENT_OUT},
    {REASON_COMPLAINT, "complaint", "deny", EVENT_COMPLAINT},
    {REASON_DEAD_ADDRESS, "dead-address", "deny", EVENT_DEAD},
    {REASON_HOLD, "hold", "deny", EVENT_HOLD},
    {REASON_NO_CONSENT, "no-consent", "deny", 0},
    {REASON_UNREADABLE, "unreadable", "deny", 0},
    {REASON_STALE, "stale", "deny", 0},
};

static void reasons_are_spelled_as_in_the_contract(void **state)
{
    (void)state;
    assert_int_equal(COUNT(reasons), REASON_COUNT);
    for (size_t i = 0; i < COUNT(reasons); i++) {
        assert_string_equal(reason_word(reasons[i].reason), reasons[i].word);
        assert_string_equal(verdict_word(reasons[i].reason), reasons[i].verdict);
        assert_int_equal(reason_event_kind(reasons[i].reason), reasons[i].kind);
    }
}

static void the_strictest_of_two_never_allows_what_one_denies(void **state)
{
    (void)state;
    for (unsigned a = 0; a < REASON_COUNT; a++) {
        for (unsigned b = 0; b < REASON_COUNT; b++) {
            enum reason x = (enum reason)a, y = (enum reason)b, r = reason_strictest(x, y);
            assert_true(r == x || r == y);
            assert_int_equal(r, reason_strictest(y, x));
            assert_int_equal(reason_allows(r), reason_allows(x) && reason_allows(y));
            for (unsigned c = 0; c < REASON_COUNT; c++)
                assert_int_equal(reason_strictest(r, (enum reason)c),
                                 reason_strictest(x, reason_strictest(y, (enum reason)c)));
        }
    }
}

static void an_opt_in_says_more_than_no_record(void **state)
{
    (void)state;
    assert_int_equal(reason_strictest(REASON_NO_RECORD, REASON_OPT_IN), REASON_OPT_IN);
    assert_int_equal(reason_strictest(REASON_DEAD_ADDRESS, REASON_OPT_OUT), REASON_OPT_OUT);
}

static void under_consent_no_record_means_no(void **state)
{
    (void)state;
    for (unsigned r = 0; r < REASON_COUNT; r++)
        assert_int_equal(reason_under_consent((enum reason)r),
                         r == REASON_NO_RECORD ? REASON_NO_CONSENT : r);
}

static void events_have_the_effects_of_their_kinds(void **state)
{
    (void)state;
    static const struct {
        struct event event;
        bool has_one;
        enum effect effect;
    } cases[] = {
        {{.kind = EVENT_OUT}, true, EFFECT_OUT},
        {{.kind = EVENT_COMPLAINT}, true, EFFECT_COMPLAINT},
        {{.kind = EVENT_HOLD}, true, EFFECT_HOLD},
        {{.kind = EVENT_DEAD}, true, EFFECT_DEAD},
        {{.kind = EVENT_FORGET}, false, EFFECT_OUT},
        {{.kind = EVENT_IN}, true, EFFECT_IN},
        {{.kind = EVENT_IN, .own_act = true}, true, EFFECT_IN},
        {{.kind = EVENT_IN, .proof = {"form", 4}}, true, EFFECT_IN},
        {{.kind = EVENT_IN, .own_act = true, .proof = {"form", 4}}, true, EFFECT_IN_PROVEN},
        {{.kind = EVENT_OUT, .own_act = true, .proof = {"form", 4}}, true, EFFECT_OUT},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum effect effect = EFFECT_OUT;
        assert_int_equal(effect_of_event(&cases[i].event, &effect), cases[i].has_one);
        assert_int_equal(effect, cases[i].effect);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rule_by_the_contracts_words),
        cmocka_unit_test(a_fold_tells_on_which_statement_the_answer_rests),
        cmocka_unit_test(nothing_older_changes_a_decided_answer),
        cmocka_unit_test(a_question_is_covered_by_a_scope_that_contains_it),
        cmocka_unit_test(statements_about_something_else_do_not_count),
        cmocka_unit_test(a_narrow_opt_in_leaves_the_wider_opt_out),
        cmocka_unit_test(a_service_message_is_no_marketing),
        cmocka_unit_test(every_short_history_is_answered_as_the_contract_says),
        cmocka_unit_test(reasons_are_spelled_as_in_the_contract),
        cmocka_unit_test(the_strictest_of_two_never_allows_what_one_denies),
        cmocka_unit_test(an_opt_in_says_more_than_no_record),
        cmocka_unit_test(under_consent_no_record_means_no),
        cmocka_unit_test(events_have_the_effects_of_their_kinds),
    };
    return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
