/* src/lookup/delta.c: the mutable half, in shared memory: slots, words and states that came since
 * the base was written. One writer, any number of readers; every piece carries its check.
 */
#include "lookup/delta.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(struct delta_head) <= DELTA_HEADER_BYTES, "the header is one page");
_Static_assert(sizeof(struct delta_slot) == 32 && sizeof(struct delta_word) == 72,
               "as in the file");
_Static_assert(sizeof(struct delta_state) == 16 && sizeof(struct delta_shape) == 96, "no holes");

static const char magic[16] = "optout delta\n";

/* Marks a slot as taken, even by an id that is zero. */
#define SLOT_TAKEN (UINT64_C(1) << 32)

enum {
    SLOTS_MIN = 16,
    SLOTS_BITS_MAX = 36,
    WORDS_MIN = 64,
    WORDS_MAX = 4096,
    DELTA_STATES_MIN = 64,
    DELTA_STATES_MAX = 1 << 20,
    ARENA_BYTES_MIN = 64 << 10, /* several states of the greatest length */
    ARENA_BYTES_MAX = 64 << 20,
    SPIN_TRIES = 64,
    RETRY_US = 200000 /* a writer that was stopped within a slot for longer is taken for dead */
};

/* Salts: what a sealed word is. Places of different kinds never share one. */
enum salt { SALT_COUNTER = 1, SALT_WORD_INDEX, SALT_STATE_INDEX, SALT_STATE_AT, SALT_SLOT };

static uint64_t salt(const struct delta *d, enum salt kind, uint64_t place)
{
    return d->shape.generation ^ ((uint64_t)kind << 56) ^ place;
}

/* --- making and opening -------------------------------------------------------------------- */

static enum status read_boot_id(char out[BOOT_ID_BYTES], struct problem *why)
{
    const char *path = "/proc/sys/kernel/random/boot_id";
    struct buf b = BUF_INIT(256);
    enum status s = file_read(path, &b, why);
    if (s == OK && b.n < BOOT_ID_BYTES)
        s = problem_set(why, IO_FAILED, "%s is too short", path);
    if (s == OK)
        memcpy(out, b.p, BOOT_ID_BYTES);
    buf_free(&b);
    return s;
}

static uint32_t shape_crc(struct delta_shape shape)
{
    shape.crc = 0;
    return crc32c(0, &shape, sizeof shape);
}

static uint64_t clamp(uint64_t x, uint64_t low, uint64_t high)
{
    return x < low ? low : x > high ? high : x;
}

static void *byte_at(void *map, size_t at)
{
    return (uint8_t *)map + at;
}

/* Sets where the parts lie, in the order of the file. */
static void lay_out(struct delta *d)
{
    const struct delta_shape *h = &d->shape;
    size_t at = DELTA_HEADER_BYTES;
    d->head = d->map;
    d->slots = byte_at(d->map, at);
    at += sizeof *d->slots << h->slot_bits;
    d->word_index = byte_at(d->map, at);
    at += 2 * h->words_max * sizeof *d->word_index;
    d->state_index = byte_at(d->map, at);
    at += 2 * h->states_max * sizeof *d->state_index;
    d->state_at = byte_at(d->map, at);
    at += h->states_max * sizeof *d->state_at;
    d->words = byte_at(d->map, at);
    at += h->words_max * sizeof *d->words;
    d->arena = byte_at(d->map, at);
}

static size_t file_bytes(const struct delta_shape *h)
{
    return DELTA_HEADER_BYTES + (sizeof(struct delta_slot) << h->slot_bits) +
           h->words_max * (2 * sizeof(uint64_t) + sizeof(struct delta_word)) +
           h->states_max * (2 * sizeof(uint64_t) + sizeof(uint64_t)) + h->arena_bytes;
}

static struct delta_shape make_shape(uint64_t generation, uint64_t slots, uint32_t first_word,
                                     uint32_t first_state)
{
    unsigned bits = 0;
    while ((UINT64_C(1) << bits) < clamp(slots, SLOTS_MIN, UINT64_C(1) << SLOTS_BITS_MAX))
        bits++;
    slots = UINT64_C(1) << bits;
    struct delta_shape shape = {
        .version = DELTA_VERSION,
        .slot_bits = bits,
        .generation = generation,
        .first_word = first_word,
        .first_state = first_state,
        .words_max = (uint32_t)clamp(slots / 16, WORDS_MIN, WORDS_MAX),
        .states_max = (uint32_t)clamp(slots / 4, DELTA_STATES_MIN, DELTA_STATES_MAX),
        .arena_bytes = (uint32_t)clamp(slots * 32, ARENA_BYTES_MIN, ARENA_BYTES_MAX),
    };
    memcpy(shape.magic, magic, sizeof magic);
    return shape;
}

enum status delta_create(int fd, uint64_t generation, uint64_t applied, uint64_t slots,
                         uint32_t first_word, uint32_t first_state, struct problem *why)
{
    struct delta d = {.shape = make_shape(generation, slots, first_word, first_state)};
    struct delta_head head = {.standing = DELTA_IN_USE};
    enum status s = read_boot_id(d.shape.boot, why);
    if (s != OK)
        return s;
    d.shape.crc = shape_crc(d.shape);
    head.shape = d.shape;
    for (unsigned i = 0; i < COUNTERS; i++)
        head.counter[i] = seal(i == COUNT_APPLIED ? applied : 0, salt(&d, SALT_COUNTER, i));
    int err = posix_fallocate(fd, 0, (off_t)file_bytes(&d.shape));
    s = err ? status_of_errno(err) : fd_write(fd, &head, sizeof head);
    return s == OK ? OK : problem_set(why, s, "cannot write lookup.delta: %s", status_text(s));
}

static enum status check_shape(const struct delta *d, struct problem *why)
{
    char boot[BOOT_ID_BYTES];
    const struct delta_shape *h = &d->shape;
    if (memcmp(h->magic, magic, sizeof magic) != 0 || h->crc != shape_crc(*h))
        return problem_set(why, DAMAGED, "lookup.delta has a damaged header");
    if (h->version != DELTA_VERSION || h->slot_bits == 0 || h->slot_bits > SLOTS_BITS_MAX)
        return problem_set(why, DAMAGED, "lookup.delta has a format that is not ours");
    enum status s = read_boot_id(boot, why);
    if (s == OK && memcmp(boot, h->boot, sizeof boot) != 0)
        s = problem_set(why, DAMAGED, "lookup.delta is from before the machine was restarted");
    return s;
}

enum status delta_open(struct delta *d, int fd, bool writable, struct problem *why)
{
    struct stat st;
    *d = (struct delta){.writable = writable};
    if (fstat(fd, &st) != 0)
        return problem_errno(why, "cannot look at lookup.delta");
    if (st.st_size < DELTA_HEADER_BYTES)
        return problem_set(why, DAMAGED, "lookup.delta is too short");
    int protection = PROT_READ | (writable ? PROT_WRITE : 0);
    void *map = mmap(NULL, (size_t)st.st_size, protection, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return problem_errno(why, "cannot map lookup.delta");
    d->map = map;
    d->bytes = (size_t)st.st_size;
    memcpy(&d->shape, map, sizeof d->shape);
    enum status s = check_shape(d, why);
    if (s == OK && file_bytes(&d->shape) != d->bytes)
        s = problem_set(why, DAMAGED, "lookup.delta has not the size that its header says");
    if (s == OK)
        lay_out(d);
    else
        delta_close(d);
    return s;
}

void delta_close(struct delta *d)
{
    if (d->map)
        (void)munmap(d->map, d->bytes);
    *d = (struct delta){0};
}

/* --- words that carry their check ---------------------------------------------------------- */

static enum status load_sealed(const struct delta *d, const _Atomic uint64_t *from, enum salt kind,
                               uint64_t place, uint64_t *value)
{
    uint64_t word = atomic_load_explicit(from, memory_order_acquire);
    return unseal(word, salt(d, kind, place), value) ? OK : DAMAGED;
}

static void store_sealed(const struct delta *d, _Atomic uint64_t *to, enum salt kind,
                         uint64_t place, uint64_t value)
{
    atomic_store_explicit(to, seal(value, salt(d, kind, place)), memory_order_release);
}

enum status delta_count(const struct delta *d, enum delta_counter which, uint64_t *n)
{
    return load_sealed(d, &d->head->counter[which], SALT_COUNTER, which, n);
}

void delta_set_count(struct delta *d, enum delta_counter which, uint64_t n)
{
    store_sealed(d, &d->head->counter[which], SALT_COUNTER, which, n);
}

/* --- the table of ids ---------------------------------------------------------------------- */

/* A change of any one word changes the check for certain, of more but for 2^-64. */
static uint64_t slot_check(const struct delta *d, uint64_t slot, const uint64_t w[4])
{
    uint64_t c = mix64(salt(d, SALT_SLOT, slot));
    for (int i = 0; i < 3; i++)
        c = mix64(c ^ w[i]) + MIX_SPREAD;
    return c;
}

/* One try to read a slot whole. */
static bool load_slot(const struct delta *d, uint64_t slot, uint64_t w[4])
{
    const struct delta_slot *s = &d->slots[slot];
    for (int i = 0; i < 4; i++)
        w[i] = atomic_load_explicit(&s->word[i], memory_order_acquire);
    return !(w[0] | w[1] | w[2] | w[3]) || w[3] == slot_check(d, slot, w);
}

/* The same, giving a writer who is just at it time to finish. */
static enum status read_slot(const struct delta *d, uint64_t slot, uint64_t w[4])
{
    if (load_slot(d, slot, w))
        return OK;
    for (int i = 0; i < SPIN_TRIES; i++)
        if (load_slot(d, slot, w))
            return OK;
    int64_t until = clock_monotonic_us() + RETRY_US;
    do {
        struct timespec nap = {0, 50000};
        (void)nanosleep(&nap, NULL);
        if (load_slot(d, slot, w))
            return OK;
    } while (clock_monotonic_us() < until);
    return DAMAGED;
}

enum status delta_find(const struct delta *d, struct id id, uint64_t *value, uint64_t *slot)
{
    uint64_t slots = UINT64_C(1) << d->shape.slot_bits, at = delta_home(d, id);
    for (uint64_t seen = 0; seen < slots; seen++, at = (at + 1) & (slots - 1)) {
        uint64_t w[4];
        if (read_slot(d, at, w) != OK)
            return DAMAGED;
        if (slot)
            *slot = at;
        if (w[1] == 0)
            return NOT_FOUND;
        if (w[0] == id.a && w[1] == (id.b | SLOT_TAKEN)) {
            *value = w[2];
            return OK;
        }
    }
    return DAMAGED; /* it never gets that full */
}

enum status delta_has_room(const struct delta *d, uint64_t more, bool *room)
{
    uint64_t used, most = (UINT64_C(1) << d->shape.slot_bits) * DELTA_LOAD_PERCENT / 100;
    enum status s = delta_count(d, COUNT_SLOTS, &used);
    if (s == OK)
        *room = used <= most && more <= most - used;
    return s;
}

enum status delta_put(struct delta *d, struct id id, uint64_t value, uint64_t slot, bool taken)
{
    uint64_t used, w[4] = {id.a, id.b | SLOT_TAKEN, value};
    if (!taken) {
        /* Counted first: a reader that sees a count of zero does not look at the slots. */
        if (delta_count(d, COUNT_SLOTS, &used) != OK)
            return DAMAGED;
        delta_set_count(d, COUNT_SLOTS, used + 1);
    }
    w[3] = slot_check(d, slot, w);
    for (int i = 0; i < 4; i++)
        atomic_store_explicit(&d->slots[slot].word[i], w[i], memory_order_release);
    return OK;
}

enum status delta_walk(const struct delta *d, delta_visit *visit, void *with)
{
    enum status s = OK;
    for (uint64_t at = 0; s == OK && at < UINT64_C(1) << d->shape.slot_bits; at++) {
        uint64_t w[4];
        s = read_slot(d, at, w);
        if (s == OK && w[1])
            s = visit(with, (struct id){w[0], (uint32_t)w[1]}, w[2]);
    }
    return s;
}

/* --- words --------------------------------------------------------------------------------- */

static uint32_t word_crc(const struct delta *d, uint32_t number, const struct delta_word *w)
{
    uint64_t start = d->shape.generation + number;
    return crc32c(crc32c(0, &start, sizeof start), w, offsetof(struct delta_word, crc));
}

enum status delta_word(const struct delta *d, uint32_t number, struct word *w)
{
    uint64_t count;
    uint32_t i = number - d->shape.first_word;
    if (delta_count(d, COUNT_WORDS, &count) != OK || count > d->shape.words_max)
        return DAMAGED;
    if (number < d->shape.first_word || i >= count)
        return NOT_FOUND;
    if (d->words[i].crc != word_crc(d, number, &d->words[i]))
        return DAMAGED;
    *w = d->words[i].word;
    return OK;
}

/* The place of a word in the index, or the free one where it would go. */
static enum status find_word(const struct delta *d, const struct word *w, uint32_t *number,
                             uint32_t *place)
{
    uint32_t slots = 2 * d->shape.words_max, at = (uint32_t)word_hash(w) % slots;
    for (uint32_t seen = 0; seen < slots; seen++, at = (at + 1) % slots) {
        uint64_t found;
        struct word have;
        *place = at;
        if (atomic_load_explicit(&d->word_index[at], memory_order_acquire) == 0)
            return NOT_FOUND;
        if (load_sealed(d, &d->word_index[at], SALT_WORD_INDEX, at, &found) != OK ||
            delta_word(d, (uint32_t)found, &have) != OK)
            return DAMAGED;
        *number = (uint32_t)found;
        if (word_equal(&have, w))
            return OK;
    }
    return DAMAGED;
}

enum status delta_word_number(const struct delta *d, const struct word *w, uint32_t *number)
{
    uint32_t place;
    return find_word(d, w, number, &place);
}

enum status delta_add_word(struct delta *d, const struct word *w, uint32_t *number)
{
    uint32_t place;
    uint64_t count;
    if (find_word(d, w, number, &place) != NOT_FOUND || delta_count(d, COUNT_WORDS, &count) != OK)
        return DAMAGED;
    *number = d->shape.first_word + (uint32_t)count;
    if (count >= d->shape.words_max || *number >= STATES_MAX)
        return NO_SPACE;
    struct delta_word *record = &d->words[count];
    *record = (struct delta_word){.word.n = w->n};
    memcpy(record->word.text, w->text, w->n);
    record->crc = word_crc(d, *number, record);
    delta_set_count(d, COUNT_WORDS, count + 1);
    store_sealed(d, &d->word_index[place], SALT_WORD_INDEX, place, *number);
    return OK;
}

/* --- states -------------------------------------------------------------------------------- */

static uint32_t state_crc(const struct delta *d, const struct delta_state *r)
{
    uint64_t start = d->shape.generation;
    uint32_t crc = crc32c(crc32c(0, &start, sizeof start), r, offsetof(struct delta_state, crc));
    return crc32c(crc, r->items, r->n * sizeof *r->items);
}

enum status delta_items(const struct delta *d, uint32_t state, const struct state_item **items,
                        size_t *n)
{
    uint64_t count, at;
    uint32_t i = state - d->shape.first_state;
    if (delta_count(d, COUNT_STATES, &count) != OK || count > d->shape.states_max)
        return DAMAGED;
    if (state < d->shape.first_state || i >= count)
        return NOT_FOUND;
    if (load_sealed(d, &d->state_at[i], SALT_STATE_AT, i, &at) != OK)
        return DAMAGED;
    if (at > d->shape.arena_bytes - sizeof(struct delta_state) || at % 8 != 0)
        return DAMAGED;
    const struct delta_state *r = byte_at(d->arena, at);
    uint64_t room = d->shape.arena_bytes - sizeof *r - at;
    if (r->number != state || r->n > room / sizeof *r->items || r->crc != state_crc(d, r))
        return DAMAGED;
    *items = r->items;
    *n = r->n;
    return OK;
}

static enum status find_state(const struct delta *d, const struct state_item *items, size_t n,
                              uint32_t *number, uint32_t *place)
{
    uint32_t slots = 2 * d->shape.states_max, at = (uint32_t)state_hash(items, n) % slots;
    for (uint32_t seen = 0; seen < slots; seen++, at = (at + 1) % slots) {
        uint64_t found;
        const struct state_item *have;
        size_t have_n;
        *place = at;
        if (atomic_load_explicit(&d->state_index[at], memory_order_acquire) == 0)
            return NOT_FOUND;
        if (load_sealed(d, &d->state_index[at], SALT_STATE_INDEX, at, &found) != OK ||
            delta_items(d, (uint32_t)found, &have, &have_n) != OK)
            return DAMAGED;
        *number = (uint32_t)found;
        if (have_n == n && memcmp(have, items, n * sizeof *items) == 0)
            return OK;
    }
    return DAMAGED;
}

enum status delta_state_number(const struct delta *d, const struct state_item *items, size_t n,
                               uint32_t *number)
{
    uint32_t place;
    return find_state(d, items, n, number, &place);
}

enum status delta_add_state(struct delta *d, const struct state_item *items, size_t n,
                            uint32_t *number)
{
    uint32_t place;
    uint64_t count, at;
    if (find_state(d, items, n, number, &place) != NOT_FOUND ||
        delta_count(d, COUNT_STATES, &count) != OK || delta_count(d, COUNT_ARENA, &at) != OK)
        return DAMAGED;
    uint64_t bytes = (sizeof(struct delta_state) + n * sizeof *items + 7) & ~UINT64_C(7);
    *number = d->shape.first_state + (uint32_t)count;
    if (count >= d->shape.states_max || at > d->shape.arena_bytes ||
        bytes > d->shape.arena_bytes - at || *number >= STATES_MAX)
        return NO_SPACE;
    struct delta_state *r = byte_at(d->arena, at);
    *r = (struct delta_state){.number = *number, .n = (uint32_t)n};
    memcpy(r->items, items, n * sizeof *items);
    r->crc = state_crc(d, r);
    store_sealed(d, &d->state_at[count], SALT_STATE_AT, count, at);
    delta_set_count(d, COUNT_ARENA, at + bytes);
    delta_set_count(d, COUNT_STATES, count + 1);
    store_sealed(d, &d->state_index[place], SALT_STATE_INDEX, place, *number);
    return OK;
}

/* --- audit --------------------------------------------------------------------------------- */

struct tally {
    const struct delta *delta;
    uint64_t ids;
};

static enum status tally_id(void *with, struct id id, uint64_t value)
{
    struct tally *t = with;
    const struct state_item *items;
    size_t n;
    uint32_t state = value_hit(value).state;
    t->ids++;
    if (state >= t->delta->shape.first_state && delta_items(t->delta, state, &items, &n) != OK)
        return DAMAGED;
    return delta_find(t->delta, id, &value, NULL); /* can it be reached from its home? */
}

/* Every entry of an index that is not free must be whole. */
static bool index_whole(const struct delta *d, const _Atomic uint64_t *index, uint32_t slots,
                        enum salt kind)
{
    uint64_t unused;
    for (uint32_t at = 0; at < slots; at++)
        if (atomic_load_explicit(&index[at], memory_order_acquire) != 0 &&
            load_sealed(d, &index[at], kind, at, &unused) != OK)
            return false;
    return true;
}

static bool words_whole(const struct delta *d)
{
    uint64_t count;
    bool whole = delta_count(d, COUNT_WORDS, &count) == OK && count <= d->shape.words_max;
    for (uint32_t i = 0; whole && i < count; i++) {
        struct word unused;
        whole = delta_word(d, d->shape.first_word + i, &unused) == OK;
    }
    return whole && index_whole(d, d->word_index, 2 * d->shape.words_max, SALT_WORD_INDEX);
}

static bool states_whole(const struct delta *d)
{
    uint64_t count;
    bool whole = delta_count(d, COUNT_STATES, &count) == OK && count <= d->shape.states_max;
    for (uint32_t i = 0; whole && i < count; i++) {
        const struct state_item *items;
        size_t n;
        whole = delta_items(d, d->shape.first_state + i, &items, &n) == OK;
    }
    return whole && index_whole(d, d->state_index, 2 * d->shape.states_max, SALT_STATE_INDEX);
}

static bool ids_whole(const struct delta *d)
{
    struct tally t = {.delta = d};
    uint64_t before, after;
    if (delta_count(d, COUNT_SLOTS, &before) != OK || delta_walk(d, tally_id, &t) != OK ||
        delta_count(d, COUNT_SLOTS, &after) != OK)
        return false;
    /* A writer may be at work: it counts an id just before it stores it. */
    return t.ids + 1 >= before && t.ids <= after;
}

enum status delta_audit(const struct delta *d, struct problem *why)
{
    uint64_t unused;
    if (delta_count(d, COUNT_ARENA, &unused) != OK || delta_count(d, COUNT_APPLIED, &unused) != OK)
        return problem_set(why, DAMAGED, "lookup.delta has a damaged counter");
    if (!words_whole(d))
        return problem_set(why, DAMAGED, "lookup.delta has damaged words");
    if (!states_whole(d))
        return problem_set(why, DAMAGED, "lookup.delta has damaged states");
    if (!ids_whole(d))
        return problem_set(why, DAMAGED, "lookup.delta has damaged entries");
    return OK;
}
