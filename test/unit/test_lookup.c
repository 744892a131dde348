/* The lookup as its users see it: what is built and applied is answered, by every process, through
 * folds, crashes and damage; and where it can not be answered it is DAMAGED, never something else.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "lookup/delta.h"
#include "lookup/lookup.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

extern uint64_t lookup_test_delta_slots;

enum { SMALL_SLOTS = 64, FAMILIES = 1 };

static char dir[64];
static const uint8_t ledger[16] = "a ledger's name";

/* --- helpers ------------------------------------------------------------------------------- */

static uint64_t random_state;

static uint32_t below(uint32_t n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % n);
}

static struct id id_number(uint64_t i)
{
    return (struct id){i * 0x9e3779b97f4a7c15u, (uint32_t)(i * 0x85ebca6bu)};
}

static struct scope scope_of(const char *text)
{
    struct scope s;
    assert_int_equal(scope_parse(span_of(text), &s, NULL), OK);
    return s;
}

static const char *path_of(const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void remove_files(void)
{
    static const char *const names[] = {"lookup.base", "lookup.delta", "lookup.base.new",
                                        "lookup.delta.new"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        (void)unlink(path_of(names[i]));
}

static struct lookup *open_lookup(bool writable)
{
    struct lookup *l;
    struct problem why = {""};
    if (lookup_open(dir, writable, &l, &why) != OK)
        fail_msg("%s", why.text);
    return l;
}

static void build_of(const struct lookup_change *changes, size_t n, uint64_t applied)
{
    struct lookup_build *b;
    struct problem why;
    assert_int_equal(lookup_build_begin(dir, ledger, FAMILIES, n, &b, &why), OK);
    assert_int_equal(lookup_build_add(b, changes, n), OK);
    assert_int_equal(lookup_build_finish(b, applied, &why), OK);
}

static struct lookup_hit find_one(struct lookup *l, struct id id)
{
    const struct lookup_view *v;
    struct lookup_hit hit;
    assert_int_equal(lookup_view_take(l, &v), OK);
    assert_int_equal(lookup_find(v, &id, 1, &hit), OK);
    lookup_view_give(l, v);
    return hit;
}

static enum status take_status(struct lookup *l)
{
    const struct lookup_view *v;
    enum status s = lookup_view_take(l, &v);
    if (s == OK)
        lookup_view_give(l, v);
    return s;
}

static void apply_one(struct lookup *l, uint64_t id, const char *scope, enum effect effect,
                      uint64_t seq)
{
    struct scope s = scope_of(scope);
    struct problem why;
    struct lookup_change c = {.id = id_number(id), .scope = &s, .effect = effect, .seq = seq};
    assert_int_equal(lookup_apply(l, &c, 1, seq, &why), OK);
}

/* The state as text, as in "out email:acme/news; dead sms:acme/deals; ". */
static void describe(const struct lookup_view *v, uint32_t state, char *out, size_t n)
{
    static const char *const word[EFFECT_COUNT] = {"out", "complaint", "hold", "dead", "in", "IN"};
    const struct state_item *items;
    size_t count, at = 0;
    assert_int_equal(lookup_state(v, state, &items, &count), OK);
    out[0] = '\0';
    for (size_t i = 0; i < count && at < n; i++) {
        struct scope s = {.channel = items[i].channel};
        char text[SCOPE_BYTES];
        assert_int_equal(lookup_word(v, items[i].sender, &s.sender), OK);
        assert_int_equal(lookup_word(v, items[i].topic, &s.topic), OK);
        scope_format(&s, text);
        at += (size_t)snprintf(out + at, n - at, "%s %s; ", word[items[i].effect], text);
    }
}

static void assert_state(struct lookup *l, uint64_t id, const char *want)
{
    const struct lookup_view *v;
    struct lookup_hit hit;
    struct id key = id_number(id);
    char have[1024];
    assert_int_equal(lookup_view_take(l, &v), OK);
    assert_int_equal(lookup_find(v, &key, 1, &hit), OK);
    describe(v, hit.state, have, sizeof have);
    assert_string_equal(have, want);
    lookup_view_give(l, v);
}

static int setup(void **unused)
{
    (void)unused;
    random_state = 7;
    lookup_test_delta_slots = SMALL_SLOTS;
    (void)snprintf(dir, sizeof dir, "/tmp/test_lookup.XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **unused)
{
    (void)unused;
    remove_files();
    return rmdir(dir);
}

/* --- a model: every id's state by state_add, words by their letter ------------------------- */

enum { MODEL_IDS = 400, MODEL_WORDS = 6, MODEL_ITEMS = 200 };

struct model {
    struct {
        struct state_item items[MODEL_ITEMS];
        size_t n;
        uint64_t last;
    } who[MODEL_IDS];
    uint64_t seq;
};

/* Scopes with the words `a` to `e`; word 0 is `*`. */
static struct scope model_scope(struct state_item item)
{
    struct scope s = {.channel = item.channel};
    s.sender.n = item.sender != 0;
    s.sender.text[0] = (char)('a' + item.sender - 1);
    s.topic.n = item.topic != 0;
    s.topic.text[0] = (char)('a' + item.topic - 1);
    return s;
}

static void model_change(struct model *m, struct scope *scope, struct lookup_change *c)
{
    uint32_t who = below(MODEL_IDS);
    struct state_item item = {.channel = (uint8_t)below(CHANNEL_COUNT),
                              .effect = (uint8_t)below(EFFECT_COUNT),
                              .sender = below(MODEL_WORDS),
                              .topic = below(MODEL_WORDS)};
    *scope = model_scope(item);
    *c = (struct lookup_change){.id = id_number(who),
                                .scope = scope,
                                .effect = item.effect,
                                .no_effect = below(20) == 0,
                                .seq = ++m->seq};
    m->who[who].last = m->seq;
    if (!c->no_effect)
        state_add(m->who[who].items, &m->who[who].n, item);
    assert_true(m->who[who].n < MODEL_ITEMS);
}

static bool same_word(const struct lookup_view *v, uint32_t number, uint32_t want)
{
    struct word w;
    assert_int_equal(lookup_word(v, number, &w), OK);
    return want == 0 ? w.n == 0 : w.n == 1 && w.text[0] == (char)('a' + want - 1);
}

static void assert_like_model(struct lookup *l, const struct model *m)
{
    const struct lookup_view *v;
    struct id ids[MODEL_IDS];
    struct lookup_hit hits[MODEL_IDS];
    for (uint32_t i = 0; i < MODEL_IDS; i++)
        ids[i] = id_number(i);
    assert_int_equal(lookup_view_take(l, &v), OK);
    assert_int_equal(lookup_find(v, ids, MODEL_IDS, hits), OK);
    for (uint32_t i = 0; i < MODEL_IDS; i++) {
        const struct state_item *items;
        size_t n;
        assert_int_equal(hits[i].last, m->who[i].last);
        assert_int_equal(lookup_state(v, hits[i].state, &items, &n), OK);
        assert_int_equal(n, m->who[i].n);
        for (size_t k = 0; k < n; k++) {
            const struct state_item *want = &m->who[i].items[k];
            assert_int_equal(items[k].channel, want->channel);
            assert_int_equal(items[k].effect, want->effect);
            assert_true(same_word(v, items[k].sender, want->sender));
            assert_true(same_word(v, items[k].topic, want->topic));
        }
    }
    struct problem why;
    assert_int_equal(lookup_audit(v, &why), OK);
    lookup_view_give(l, v);
}

/* --- building and asking ------------------------------------------------------------------- */

static void nothing_there_is_not_found(void **unused)
{
    (void)unused;
    struct lookup *l;
    struct problem why;
    assert_int_equal(lookup_open(dir, false, &l, &why), NOT_FOUND);
}

static void empty_lookup_knows_nobody(void **unused)
{
    (void)unused;
    build_of(NULL, 0, 0);
    struct lookup *l = open_lookup(false);
    assert_int_equal(find_one(l, id_number(1)).state, 0);
    assert_int_equal(find_one(l, (struct id){0, 0}).last, 0);
    lookup_close(l);
}

static void origin_is_what_was_built_from(void **unused)
{
    (void)unused;
    const struct lookup_view *v;
    struct lookup_origin origin;
    build_of(NULL, 0, 17);
    struct lookup *l = open_lookup(false);
    assert_int_equal(lookup_view_take(l, &v), OK);
    lookup_view_origin(v, &origin);
    assert_memory_equal(origin.ledger, ledger, sizeof ledger);
    assert_int_equal(origin.applied, 17);
    assert_int_equal(origin.families, FAMILIES);
    lookup_view_give(l, v);
    lookup_close(l);
}

static void ids_that_differ_in_one_bit_are_different(void **unused)
{
    (void)unused;
    struct scope all = scope_of("*");
    struct id id = {0, 0};
    struct lookup_change c = {.id = id, .scope = &all, .effect = EFFECT_OUT, .seq = 1};
    build_of(&c, 1, 1);
    struct lookup *l = open_lookup(true);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(find_one(l, id).last, round + 1);
        for (int bit = 0; bit < 64; bit++)
            assert_int_equal(find_one(l, (struct id){UINT64_C(1) << bit, 0}).last, 0);
        for (int bit = 0; bit < 32; bit++)
            assert_int_equal(find_one(l, (struct id){0, UINT32_C(1) << bit}).last, 0);
        c.seq = 2; /* the second round asks the delta */
        assert_int_equal(lookup_apply(l, &c, 1, 2, NULL), OK);
    }
    lookup_close(l);
}

static void words_have_numbers_and_numbers_words(void **unused)
{
    (void)unused;
    const struct lookup_view *v;
    struct word acme = scope_of("*:acme/*").sender, none = scope_of("*:nobody/*").sender, back;
    build_of(NULL, 0, 0);
    struct lookup *l = open_lookup(true);
    apply_one(l, 1, "email:acme/news", EFFECT_OUT, 1);
    assert_int_equal(lookup_view_take(l, &v), OK);
    uint32_t number = lookup_word_number(v, &acme);
    assert_int_not_equal(number, WORD_NONE);
    assert_int_equal(lookup_word(v, number, &back), OK);
    assert_true(word_equal(&acme, &back));
    assert_int_equal(lookup_word_number(v, &none), WORD_NONE);
    assert_int_equal(lookup_word_number(v, &(struct word){0}), WORD_ANY);
    assert_int_equal(lookup_word(v, 1000, &back), NOT_FOUND);
    lookup_view_give(l, v);
    lookup_close(l);
}

static void expectation_may_be_wrong(void **unused)
{
    (void)unused;
    enum { N = 20000 };
    static const uint64_t expected[] = {0, 10, 10 * N};
    struct scope all = scope_of("*");
    for (size_t k = 0; k < sizeof expected / sizeof *expected; k++) {
        struct lookup_build *b;
        assert_int_equal(lookup_build_begin(dir, ledger, FAMILIES, expected[k], &b, NULL), OK);
        for (uint64_t i = 0; i < N; i++) {
            struct lookup_change c = {
                .id = id_number(i), .scope = &all, .effect = EFFECT_OUT, .seq = i + 1};
            assert_int_equal(lookup_build_add(b, &c, 1), OK);
        }
        assert_int_equal(lookup_build_finish(b, N, NULL), OK);
        struct stat st;
        assert_int_equal(stat(path_of("lookup.base"), &st), 0);
        assert_in_range(st.st_size, 1, N * 25 + 65536);
        struct lookup *l = open_lookup(false);
        for (uint64_t i = 0; i < N + 1000; i++)
            assert_int_equal(find_one(l, id_number(i)).last, i < N ? i + 1 : 0);
        lookup_close(l);
    }
}

static void states_that_only_led_to_others_are_not_kept(void **unused)
{
    (void)unused;
    enum { N = 20 };
    struct scope scopes[N];
    struct lookup_change changes[N];
    const struct lookup_view *v;
    struct lookup_sizes sizes;
    for (unsigned i = 0; i < N; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "email:acme/t%u", i);
        scopes[i] = scope_of(text);
        changes[i] = (struct lookup_change){
            .id = id_number(1), .scope = &scopes[i], .effect = EFFECT_OUT, .seq = i + 1};
    }
    build_of(changes, N, N);
    struct lookup *l = open_lookup(false);
    assert_int_equal(lookup_view_take(l, &v), OK);
    lookup_view_sizes(v, &sizes);
    lookup_view_give(l, v);
    assert_int_equal(sizes.states, 2); /* the empty one and hers */
    assert_int_equal(sizes.words, 2 + N);
    lookup_close(l);
}

/* --- changes ------------------------------------------------------------------------------- */

static void change_is_seen_at_once_by_others(void **unused)
{
    (void)unused;
    build_of(NULL, 0, 0);
    struct lookup *writer = open_lookup(true), *reader = open_lookup(false);
    apply_one(writer, 1, "email:acme/news", EFFECT_OUT, 1);
    assert_state(reader, 1, "out email:acme/news; ");
    apply_one(writer, 1, "email:acme/*", EFFECT_COMPLAINT, 2);
    assert_state(reader, 1, "out email:acme/news; complaint email:acme/*; ");
    apply_one(writer, 1, "*", EFFECT_IN_PROVEN, 3);
    assert_state(reader, 1, "IN *:*/*; ");
    assert_state(reader, 2, "");
    lookup_close(reader);
    lookup_close(writer);
}

static void reader_can_not_change(void **unused)
{
    (void)unused;
    struct problem why;
    build_of(NULL, 0, 0);
    struct lookup *l = open_lookup(false);
    assert_int_equal(lookup_apply(l, NULL, 0, 1, &why), NO_ACCESS);
    lookup_close(l);
}

static void forgetting_moves_only_the_last_event(void **unused)
{
    (void)unused;
    build_of(NULL, 0, 0);
    struct lookup *l = open_lookup(true);
    apply_one(l, 1, "*", EFFECT_OUT, 1);
    struct lookup_change c = {.id = id_number(1), .no_effect = true, .seq = 9};
    assert_int_equal(lookup_apply(l, &c, 1, 9, NULL), OK);
    assert_state(l, 1, "out *:*/*; ");
    assert_int_equal(find_one(l, id_number(1)).last, 9);
    lookup_close(l);
}

static void events_that_are_in_already_are_passed_over(void **unused)
{
    (void)unused;
    build_of(NULL, 0, 0);
    struct lookup *l = open_lookup(true);
    apply_one(l, 1, "*", EFFECT_IN_PROVEN, 4);
    apply_one(l, 1, "*", EFFECT_OUT, 5);
    apply_one(l, 1, "*", EFFECT_IN_PROVEN, 4);
    assert_state(l, 1, "out *:*/*; ");
    lookup_close(l);
}

static void sequence_numbers_have_forty_bits(void **unused)
{
    (void)unused;
    struct scope all = scope_of("*");
    const uint64_t most = (UINT64_C(1) << 40) - 1;
    struct problem why;
    build_of(NULL, 0, 0);
    struct lookup *l = open_lookup(true);
    struct lookup_change c = {.id = id_number(1), .scope = &all, .effect = EFFECT_OUT, .seq = most};
    assert_int_equal(lookup_apply(l, &c, 1, most, &why), OK);
    assert_int_equal(find_one(l, c.id).last, most);
    c.seq++;
    assert_int_equal(lookup_apply(l, &c, 1, most, &why), REFUSED);
    assert_int_equal(find_one(l, c.id).last, most);
    lookup_close(l);
}

static void random_changes_match_the_model(void **unused)
{
    (void)unused;
    enum { CALLS = 1500, MOST = 9 };
    struct model *m = mem_new(1, sizeof *m);
    build_of(NULL, 0, 0);
    struct lookup *writer = open_lookup(true), *reader = open_lookup(false);
    for (int call = 0; call < CALLS; call++) {
        struct scope scopes[MOST];
        struct lookup_change changes[MOST];
        size_t n = below(MOST + 1);
        for (size_t i = 0; i < n; i++)
            model_change(m, &scopes[i], &changes[i]);
        assert_int_equal(lookup_apply(writer, changes, n, m->seq, NULL), OK);
        if (call % 50 == 0)
            assert_like_model(reader, m);
    }
    assert_like_model(reader, m);
    lookup_close(reader);
    lookup_close(writer);
    mem_free(m);
}

static void many_changes_in_one_call(void **unused)
{
    (void)unused;
    enum { N = 100000 };
    struct lookup_change *changes = mem_new(N, sizeof *changes);
    struct scope all = scope_of("*");
    for (uint64_t i = 0; i < N; i++)
        changes[i] = (struct lookup_change){
            .id = id_number(i / 2), .scope = &all, .effect = EFFECT_OUT, .seq = i + 1};
    build_of(NULL, 0, 0);
    struct lookup *l = open_lookup(true);
    assert_int_equal(lookup_apply(l, changes, N, N, NULL), OK);
    for (uint64_t i = 0; i < N / 2; i += 97)
        assert_int_equal(find_one(l, id_number(i)).last, 2 * i + 2);
    assert_int_equal(find_one(l, id_number(N / 2)).last, 0);
    lookup_close(l);
    mem_free(changes);
}

static void folding_drops_states_that_nobody_has(void **unused)
{
    (void)unused;
    const struct lookup_view *v;
    struct lookup_sizes sizes;
    build_of(NULL, 0, 0);
    struct lookup *l = open_lookup(true);
    for (uint64_t i = 1; i <= 500; i++) {
        char scope[32];
        (void)snprintf(scope, sizeof scope, "email:acme/t%u", (unsigned)(i % 20));
        apply_one(l, 1, scope, EFFECT_OUT, i);
    }
    for (uint64_t i = 501; i <= 600; i++) /* so that the delta must be folded */
        apply_one(l, i, "*", EFFECT_OUT, i);
    assert_int_equal(lookup_view_take(l, &v), OK);
    lookup_view_sizes(v, &sizes);
    lookup_view_give(l, v);
    assert_in_range(sizes.states, 3, 4);
    assert_int_equal(sizes.entries_base + sizes.entries_delta, 101);
    lookup_close(l);
}

static void more_words_than_a_delta_holds(void **unused)
{
    (void)unused;
    build_of(NULL, 0, 0);
    struct lookup *l = open_lookup(true);
    for (unsigned i = 1; i <= 300; i++) {
        char scope[32];
        (void)snprintf(scope, sizeof scope, "email:sender%u/*", i);
        apply_one(l, i % 7, scope, EFFECT_OUT, i);
    }
    const struct lookup_view *v;
    assert_int_equal(lookup_view_take(l, &v), OK);
    for (unsigned i = 1; i <= 300; i++) {
        char scope[32];
        (void)snprintf(scope, sizeof scope, "email:sender%u/*", i);
        struct word w = scope_of(scope).sender;
        assert_int_not_equal(lookup_word_number(v, &w), WORD_NONE);
    }
    lookup_view_give(l, v);
    lookup_close(l);
}

/* --- views --------------------------------------------------------------------------------- */

static void held_view_outlives_its_files(void **unused)
{
    (void)unused;
    const struct lookup_view *old;
    struct id id = id_number(1);
    struct lookup_hit hit;
    build_of(NULL, 0, 0);
    struct lookup *reader = open_lookup(false), *writer = open_lookup(true);
    apply_one(writer, 1, "*", EFFECT_OUT, 1);
    assert_int_equal(lookup_view_take(reader, &old), OK);
    uint64_t generation = lookup_generation(old);
    for (uint64_t i = 2; i < 200; i++)
        apply_one(writer, i, "*", EFFECT_OUT, i);
    assert_int_equal(find_one(reader, id_number(199)).last, 199);
    assert_int_equal(lookup_generation(old), generation);
    assert_int_equal(lookup_find(old, &id, 1, &hit), OK);
    assert_int_equal(hit.last, 1);
    lookup_view_give(reader, old);
    lookup_close(reader);
    lookup_close(writer);
}

static void state_numbers_are_below_the_count(void **unused)
{
    (void)unused;
    const struct lookup_view *v;
    const struct state_item *items;
    size_t n;
    build_of(NULL, 0, 0);
    struct lookup *writer = open_lookup(true), *reader = open_lookup(false);
    assert_int_equal(lookup_view_take(reader, &v), OK);
    uint32_t count = lookup_state_count(v);
    for (unsigned i = 1; i < 20; i++) {
        char scope[32];
        struct lookup_hit hit;
        struct id id = id_number(i);
        (void)snprintf(scope, sizeof scope, "email:acme/t%u", i);
        apply_one(writer, i, scope, EFFECT_OUT, i);
        assert_int_equal(lookup_find(v, &id, 1, &hit), OK);
        assert_in_range(hit.state, 1, count - 1);
    }
    assert_int_equal(lookup_state(v, count - 1, &items, &n), NOT_FOUND);
    lookup_view_give(reader, v);
    lookup_close(reader);
    lookup_close(writer);
}

static void rebuilding_moves_the_readers(void **unused)
{
    (void)unused;
    struct scope all = scope_of("*");
    struct lookup_change c = {.id = id_number(5), .scope = &all, .effect = EFFECT_OUT, .seq = 3};
    build_of(NULL, 0, 0);
    struct lookup *reader = open_lookup(false);
    assert_int_equal(find_one(reader, c.id).last, 0);
    build_of(&c, 1, 3);
    assert_int_equal(find_one(reader, c.id).last, 3);
    lookup_close(reader);
}

static void removed_files_are_noticed(void **unused)
{
    (void)unused;
    build_of(NULL, 0, 0);
    struct lookup *l = open_lookup(false);
    remove_files();
    usleep(150000);
    assert_int_equal(take_status(l), NOT_FOUND);
    assert_int_equal(take_status(l), NOT_FOUND);
    build_of(NULL, 0, 4);
    assert_int_equal(take_status(l), OK);
    lookup_close(l);
}

static void half_of_the_pair_is_damaged(void **unused)
{
    (void)unused;
    static const char *const names[] = {"lookup.base", "lookup.delta"};
    for (int i = 0; i < 2; i++) {
        struct lookup *l;
        struct problem why;
        build_of(NULL, 0, 0);
        assert_int_equal(unlink(path_of(names[i])), 0);
        assert_int_equal(lookup_open(dir, false, &l, &why), DAMAGED);
    }
}

static void files_of_two_generations_are_damaged(void **unused)
{
    (void)unused;
    struct lookup *l;
    struct problem why;
    build_of(NULL, 0, 0);
    assert_int_equal(link(path_of("lookup.delta"), "/tmp/test_lookup.old"), 0);
    build_of(NULL, 0, 0);
    assert_int_equal(rename("/tmp/test_lookup.old", path_of("lookup.delta")), 0);
    assert_int_equal(lookup_open(dir, false, &l, &why), DAMAGED);
}

static void distrust_reaches_everybody_until_a_rebuild(void **unused)
{
    (void)unused;
    struct lookup *fresh;
    struct problem why;
    build_of(NULL, 0, 0);
    struct lookup *reader = open_lookup(false), *other = open_lookup(true);
    lookup_distrust(reader);
    assert_int_equal(take_status(reader), DAMAGED);
    assert_int_equal(take_status(other), DAMAGED);
    assert_int_equal(lookup_open(dir, false, &fresh, &why), DAMAGED);
    build_of(NULL, 0, 0);
    assert_int_equal(take_status(reader), OK);
    assert_int_equal(take_status(other), OK);
    lookup_close(reader);
    lookup_close(other);
}

/* --- damage -------------------------------------------------------------------------------- */

/* A file mapped for spoiling. */
static uint8_t *map_file(const char *name, size_t *n)
{
    struct stat st;
    int fd = open(path_of(name), O_RDWR);
    assert_int_equal(fstat(fd, &st), 0);
    *n = (size_t)st.st_size;
    uint8_t *p = mmap(NULL, *n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(p, MAP_FAILED);
    (void)close(fd);
    return p;
}

enum { ASKED = 24 };

/* All that can be asked, as one number: 0 when some of it is DAMAGED. */
static uint64_t ask_everything(void)
{
    struct lookup *l;
    const struct lookup_view *v;
    struct id ids[ASKED];
    struct lookup_hit hits[ASKED];
    struct word acme = {.n = 4, .text = "acme"};
    uint64_t sum = 1;
    if (lookup_open(dir, false, &l, NULL) != OK)
        return 0;
    for (unsigned i = 0; i < ASKED; i++)
        ids[i] = id_number(i);
    bool good = lookup_view_take(l, &v) == OK;
    if (good) {
        sum += lookup_word_number(v, &acme);
        good = lookup_find(v, ids, ASKED, hits) == OK;
        for (unsigned i = 0; good && i < ASKED; i++) {
            const struct state_item *items;
            size_t n;
            good = lookup_state(v, hits[i].state, &items, &n) == OK;
            sum = sum * 31 + hits[i].last * 7 + n;
            for (size_t k = 0; good && k < n; k++)
                sum = sum * 31 + items[k].effect * 5 + items[k].sender * 3 + items[k].topic;
        }
        lookup_view_give(l, v);
    }
    lookup_close(l);
    return good ? sum : 0;
}

/* Six people in the base, six others and one of them in the delta. */
static void fill_both(void)
{
    struct lookup_change c[6];
    struct scope scopes[3] = {scope_of("email:acme/news"), scope_of("*"), scope_of("sms:acme/*")};
    for (unsigned i = 0; i < 6; i++)
        c[i] = (struct lookup_change){.id = id_number(i),
                                      .scope = &scopes[i % 3],
                                      .effect = (enum effect)(i % EFFECT_COUNT),
                                      .seq = i + 1};
    build_of(c, 6, 6);
    struct lookup *l = open_lookup(true);
    for (unsigned i = 6; i < 13; i++)
        apply_one(l, i % 12, i % 2 ? "push:other/topic" : "email:acme/news", EFFECT_OUT, i + 1);
    lookup_close(l);
}

static void flip_and_ask(uint8_t *p, size_t at, unsigned bit, uint64_t right, unsigned *noticed)
{
    p[at] ^= (uint8_t)(1u << bit);
    uint64_t answer = ask_everything();
    p[at] ^= (uint8_t)(1u << bit);
    *noticed += answer == 0;
    if (answer != 0 && answer != right)
        fail_msg("bit %u of byte %zu changed an answer", bit, at);
}

/* Every bit of each byte that carries something, one bit of each other byte, and random bits of
 * all: a flipped bit is noticed, or it changes nothing. */
static void no_flipped_bit_of_the_base_changes_an_answer(void **unused)
{
    (void)unused;
    size_t n;
    unsigned noticed = 0;
    fill_both();
    uint64_t right = ask_everything();
    assert_int_not_equal(right, 0);
    uint8_t *p = map_file("lookup.base", &n);
    for (size_t at = 0; at < n; at++)
        for (unsigned bit = 0; bit < (p[at] || at < 512 ? 8 : 1); bit++)
            flip_and_ask(p, at, (bit + (unsigned)at) % 8, right, &noticed);
    for (int i = 0; i < 5000; i++)
        flip_and_ask(p, below((uint32_t)n), below(8), right, &noticed);
    assert_true(noticed > 2000);
    assert_int_equal(ask_everything(), right);
    (void)munmap(p, n);
}

static void flipped_bits_of_the_delta(size_t n, uint8_t *p, uint64_t right)
{
    enum { RETRY_COSTS = 200 }; /* a broken slot is waited for: 0.2 s each */
    unsigned noticed = 0, slots = 0;
    size_t slots_end = DELTA_HEADER_BYTES + SMALL_SLOTS * sizeof(struct delta_slot);
    for (size_t at = 0; at < n; at++) {
        bool in_slots = at >= DELTA_HEADER_BYTES && at < slots_end;
        if (in_slots ? below(RETRY_COSTS) || ++slots > 12 : !p[at])
            continue;
        for (unsigned bit = 0; bit < 8; bit += in_slots ? 8 : 1) {
            if (at >= offsetof(struct delta_head, standing) &&
                at < offsetof(struct delta_head, counter))
                continue; /* the standing is waited for, too: see below */
            flip_and_ask(p, at, bit, right, &noticed);
        }
    }
    assert_true(noticed > 500);
}

static void no_flipped_bit_of_the_delta_changes_an_answer(void **unused)
{
    (void)unused;
    size_t n;
    unsigned noticed = 0;
    fill_both();
    uint64_t right = ask_everything();
    assert_int_not_equal(right, 0);
    uint8_t *p = map_file("lookup.delta", &n);
    flipped_bits_of_the_delta(n, p, right);
    for (unsigned bit = 0; bit < 64; bit++)
        flip_and_ask(p, offsetof(struct delta_head, standing) + bit / 8, bit % 8, right, &noticed);
    assert_int_equal(noticed, 64);
    assert_int_equal(ask_everything(), right);
    (void)munmap(p, n);
}

static void audit_finds_what_nobody_asked_for(void **unused)
{
    (void)unused;
    size_t n;
    const struct lookup_view *v;
    struct problem why;
    fill_both();
    uint8_t *p = map_file("lookup.base", &n);
    p[2 * 4096 + 100] ^= 1;
    struct lookup *l = open_lookup(false);
    assert_int_equal(lookup_view_take(l, &v), OK);
    assert_int_equal(lookup_audit(v, &why), DAMAGED);
    assert_non_null(strstr(why.text, "block 2"));
    lookup_view_give(l, v);
    assert_int_equal(take_status(l), DAMAGED);
    lookup_close(l);
    (void)munmap(p, n);
}

static void delta_of_an_earlier_boot_is_damaged(void **unused)
{
    (void)unused;
    size_t n;
    struct lookup *l;
    struct problem why;
    build_of(NULL, 0, 0);
    uint8_t *p = map_file("lookup.delta", &n);
    struct delta_shape shape;
    memcpy(&shape, p, sizeof shape);
    shape.boot[0] = shape.boot[0] == '0' ? '1' : '0';
    shape.crc = 0;
    shape.crc = crc32c(0, &shape, sizeof shape);
    memcpy(p, &shape, sizeof shape);
    assert_int_equal(lookup_open(dir, false, &l, &why), DAMAGED);
    assert_non_null(strstr(why.text, "restarted"));
    (void)munmap(p, n);
}

static void short_and_strange_files_are_damaged(void **unused)
{
    (void)unused;
    static const char *const names[] = {"lookup.base", "lookup.delta"};
    static const off_t lengths[] = {0, 1, 4095, 4096, 8192, 10000};
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
            struct lookup *l;
            struct problem why;
            fill_both();
            assert_int_equal(truncate(path_of(names[i]), lengths[k]), 0);
            assert_int_equal(lookup_open(dir, true, &l, &why), DAMAGED);
        }
}

/* --- lack of memory ------------------------------------------------------------------------ */

/* At whichever allocation it fails: the change is in, or the call says no and what was acknowledged
 * before is still there or nothing is answered. */
static void failing_allocations_lose_nothing(void **unused)
{
    (void)unused;
    for (uint64_t k = 1; k < 60; k++) {
        struct problem why;
        struct scope all = scope_of("*");
        struct lookup_change c = {.scope = &all, .effect = EFFECT_OUT};
        build_of(NULL, 0, 0);
        struct lookup *l = open_lookup(true);
        mem_fail_at(k, 0);
        uint64_t in = 0;
        enum status s = OK;
        for (uint64_t i = 1; s == OK && i <= 80; i++) {
            c.id = id_number(i);
            c.seq = i;
            s = lookup_apply(l, &c, 1, i, &why);
            in = s == OK ? i : in;
        }
        mem_fail_at(0, 0);
        assert_true(s == OK || s == NO_MEMORY || s == DAMAGED);
        if (take_status(l) == OK)
            for (uint64_t i = 1; i <= in; i++)
                assert_int_equal(find_one(l, id_number(i)).last, i);
        lookup_close(l);
    }
}

/* --- threads and processes ----------------------------------------------------------------- */

enum { ROUNDS = 3000, WATCHED = 150 };

static _Atomic uint64_t acknowledged; /* all ids up to it are out */
static _Atomic bool finished;

/* What was acknowledged before the view was taken must be in it. */
static void *watch(void *arg)
{
    struct lookup *l = arg;
    uint64_t wrong = 0;
    while (!atomic_load(&finished)) {
        const struct lookup_view *v;
        struct id ids[WATCHED];
        struct lookup_hit hits[WATCHED];
        uint64_t upto = atomic_load(&acknowledged);
        for (uint64_t i = 0; i < WATCHED; i++)
            ids[i] = id_number(upto > i ? upto - i : 1 + i);
        if (lookup_view_take(l, &v) != OK || lookup_find(v, ids, WATCHED, hits) != OK)
            return (void *)(uintptr_t) "not answered";
        for (uint64_t i = 0; i < WATCHED && i < upto; i++)
            wrong += hits[i].state == 0;
        lookup_view_give(l, v);
    }
    return wrong ? (void *)(uintptr_t) "a change was not seen" : NULL;
}

static void threads_read_while_one_writes(void **unused)
{
    (void)unused;
    enum { THREADS = 3 };
    pthread_t threads[THREADS];
    build_of(NULL, 0, 0);
    struct lookup *writer = open_lookup(true), *reader = open_lookup(false);
    atomic_store(&acknowledged, 0);
    atomic_store(&finished, false);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, watch, i ? reader : writer), 0);
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        apply_one(writer, i, i % 3 ? "*" : "email:acme/news", EFFECT_OUT, i);
        atomic_store(&acknowledged, i);
    }
    atomic_store(&finished, true);
    for (int i = 0; i < THREADS; i++) {
        void *complaint;
        assert_int_equal(pthread_join(threads[i], &complaint), 0);
        assert_null(complaint);
    }
    lookup_close(reader);
    lookup_close(writer);
}

struct shared {
    _Atomic uint64_t acknowledged;
    _Atomic bool finished;
};

static struct shared *share(void)
{
    struct shared *s =
        mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(s, MAP_FAILED);
    return s;
}

/* A reading process: exit 0 when all that was acknowledged was always there. */
_Noreturn static void child_reads(struct shared *s)
{
    struct lookup *l;
    if (lookup_open(dir, false, &l, NULL) != OK)
        _exit(2);
    while (!atomic_load(&s->finished)) {
        const struct lookup_view *v;
        struct lookup_hit hit;
        uint64_t upto = atomic_load(&s->acknowledged);
        struct id id = id_number(upto);
        if (lookup_view_take(l, &v) != OK || lookup_find(v, &id, 1, &hit) != OK)
            _exit(3);
        if (upto && hit.last != upto)
            _exit(4);
        lookup_view_give(l, v);
    }
    _exit(0);
}

static void processes_read_while_one_writes(void **unused)
{
    (void)unused;
    enum { CHILDREN = 3 };
    pid_t child[CHILDREN];
    struct shared *s = share();
    build_of(NULL, 0, 0);
    for (int i = 0; i < CHILDREN; i++) {
        child[i] = fork();
        if (child[i] == 0)
            child_reads(s);
    }
    struct lookup *l = open_lookup(true);
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        apply_one(l, i, "*", EFFECT_OUT, i);
        atomic_store(&s->acknowledged, i);
    }
    atomic_store(&s->finished, true);
    for (int i = 0; i < CHILDREN; i++) {
        int status;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_int_equal(status, 0);
    }
    lookup_close(l);
    (void)munmap(s, sizeof *s);
}

_Noreturn static void child_writes(struct shared *s)
{
    struct lookup *l;
    struct scope all = {.channel = CHANNEL_ANY};
    if (lookup_open(dir, true, &l, NULL) != OK)
        _exit(2);
    for (;;) {
        uint64_t i = atomic_load(&s->acknowledged) + 1;
        struct lookup_change c = {
            .id = id_number(i % 500), .scope = &all, .effect = EFFECT_OUT, .seq = i};
        if (lookup_apply(l, &c, 1, i, NULL) != OK)
            _exit(3);
        atomic_store(&s->acknowledged, i);
    }
}

/* What the authority does with a doubtful lookup. */
static void rebuild_upto(uint64_t seq)
{
    struct scope all = scope_of("*");
    struct lookup_build *b;
    assert_int_equal(lookup_build_begin(dir, ledger, FAMILIES, 0, &b, NULL), OK);
    for (uint64_t i = 1; i <= seq; i++) {
        struct lookup_change c = {
            .id = id_number(i % 500), .scope = &all, .effect = EFFECT_OUT, .seq = i};
        assert_int_equal(lookup_build_add(b, &c, 1), OK);
    }
    assert_int_equal(lookup_build_finish(b, seq, NULL), OK);
}

/* Everything that was acknowledged is answered: OK; or nothing is: DAMAGED. */
static enum status status_of_acknowledged(uint64_t upto)
{
    struct lookup *l;
    const struct lookup_view *v;
    struct problem why;
    enum status s = lookup_open(dir, true, &l, &why);
    if (s != OK)
        return s;
    assert_int_equal(lookup_view_take(l, &v), OK);
    for (uint64_t i = upto > 400 ? upto - 400 : 1; s == OK && i <= upto; i++) {
        struct id id = id_number(i % 500);
        struct lookup_hit hit;
        s = lookup_find(v, &id, 1, &hit);
        assert_true(s != OK || hit.last >= i);
    }
    lookup_view_give(l, v);
    lookup_close(l);
    return s;
}

static void killed_writers_leave_what_is_right_or_damaged(void **unused)
{
    (void)unused;
    enum { KILLS = 60 };
    struct shared *s = share();
    build_of(NULL, 0, 0);
    for (int k = 0; k < KILLS; k++) {
        int status;
        pid_t child = fork();
        if (child == 0)
            child_writes(s);
        usleep(500 + below(20000));
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        uint64_t upto = atomic_load(&s->acknowledged);
        if (status_of_acknowledged(upto) == OK)
            continue;
        assert_int_equal(status_of_acknowledged(upto), DAMAGED);
        rebuild_upto(upto);
        assert_int_equal(status_of_acknowledged(upto), OK);
    }
    (void)munmap(s, sizeof *s);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(nothing_there_is_not_found),
        CASE(empty_lookup_knows_nobody),
        CASE(origin_is_what_was_built_from),
        CASE(ids_that_differ_in_one_bit_are_different),
        CASE(words_have_numbers_and_numbers_words),
        CASE(expectation_may_be_wrong),
        CASE(states_that_only_led_to_others_are_not_kept),
        CASE(change_is_seen_at_once_by_others),
        CASE(reader_can_not_change),
        CASE(forgetting_moves_only_the_last_event),
        CASE(events_that_are_in_already_are_passed_over),
        CASE(sequence_numbers_have_forty_bits),
        CASE(random_changes_match_the_model),
        CASE(many_changes_in_one_call),
        CASE(folding_drops_states_that_nobody_has),
        CASE(more_words_than_a_delta_holds),
        CASE(held_view_outlives_its_files),
        CASE(state_numbers_are_below_the_count),
        CASE(rebuilding_moves_the_readers),
        CASE(removed_files_are_noticed),
        CASE(half_of_the_pair_is_damaged),
        CASE(files_of_two_generations_are_damaged),
        CASE(distrust_reaches_everybody_until_a_rebuild),
        CASE(no_flipped_bit_of_the_base_changes_an_answer),
        CASE(no_flipped_bit_of_the_delta_changes_an_answer),
        CASE(audit_finds_what_nobody_asked_for),
        CASE(delta_of_an_earlier_boot_is_damaged),
        CASE(short_and_strange_files_are_damaged),
        CASE(failing_allocations_lose_nothing),
        CASE(threads_read_while_one_writes),
        CASE(processes_read_while_one_writes),
        CASE(killed_writers_leave_what_is_right_or_damaged),
    };
    return cmocka_run_group_tests_name("lookup", tests, NULL, NULL);
}
