/* lookup/apply.c: changes to a lookup in use. Into the delta while there is room, else into new
 * files together with all that the old ones have.
 *
 * The writer may be another process each time, so nothing is remembered between two calls.
 */
#include "lookup/apply.h"
#include "lookup/build.h"
#include "lookup/step.h"
#include "lookup/view.h"

/* --- view and delta as a store ------------------------------------------------------------- */

static enum status store_word(void *in, const struct word *w, uint32_t *number)
{
    struct lookup_view *v = in;
    *number = WORD_ANY;
    if (w->n == 0)
        return OK;
    enum status s = snapshot_word_number(&v->base, w, number);
    if (s == NOT_FOUND)
        s = delta_word_number(&v->delta, w, number);
    return s == NOT_FOUND ? delta_add_word(&v->delta, w, number) : s;
}

static enum status store_items(void *in, uint32_t state, const struct state_item **items, size_t *n)
{
    return lookup_state(in, state, items, n);
}

static enum status store_state(void *in, const struct state_item *items, size_t n, uint32_t *number)
{
    struct lookup_view *v = in;
    enum status s = snapshot_state_number(&v->base, items, n, number);
    if (s == NOT_FOUND)
        s = delta_state_number(&v->delta, items, n, number);
    return s == NOT_FOUND ? delta_add_state(&v->delta, items, n, number) : s;
}

/* --- changing ------------------------------------------------------------------------------ */

static enum status change_one(struct lookup_view *v, struct stepper *stepper,
                              const struct lookup_change *change)
{
    uint64_t value, slot, before;
    enum status s = delta_find(&v->delta, change->id, &value, &slot);
    bool taken = s == OK;
    if (s == NOT_FOUND)
        s = snapshot_find(&v->base, change->id, &value);
    if (s != OK)
        return s;
    before = value;
    s = stepper_next(stepper, change, &value);
    return s == OK && value != before ? delta_put(&v->delta, change->id, value, slot, taken) : s;
}

/* NO_SPACE when there was none for all or for one of them; *done tells how many are in. */
static enum status change_delta(struct lookup_view *v, const struct lookup_change *changes,
                                size_t n, size_t *done)
{
    struct stepper stepper;
    bool room = false;
    enum status s = delta_has_room(&v->delta, n, &room);
    *done = 0;
    if (s == OK && !room)
        return NO_SPACE;
    stepper_reset(&stepper, (struct store){v, store_word, store_items, store_state});
    while (s == OK && *done < n) {
        s = change_one(v, &stepper, &changes[*done]);
        *done += s == OK;
    }
    return s;
}

static enum status fold(const char *dir, const struct lookup_view *v,
                        const struct lookup_change *changes, size_t n, uint64_t applied,
                        struct problem *why)
{
    struct lookup_build *b;
    enum status s = build_from_view(dir, v, n, &b);
    if (s != OK)
        return problem_set(why, s, "cannot fold the lookup: %s", status_text(s));
    s = lookup_build_add(b, changes, n);
    if (s == OK)
        return lookup_build_finish(b, applied, why);
    lookup_build_abandon(b);
    return problem_set(why, s, "cannot fold the lookup: %s",
                       s == NO_SPACE ? "more than 16 million different states or words"
                                     : status_text(s));
}

enum status apply(const char *dir, struct lookup_view *v, const struct lookup_change *changes,
                  size_t n, uint64_t applied, bool *begun, struct problem *why)
{
    size_t done;
    *begun = false;
    if (applied > SEQ_MAX)
        return problem_set(why, REFUSED, "the lookup counts to 2^40 events only");
    enum status s = change_delta(v, changes, n, &done);
    *begun = done > 0;
    if (s == NO_SPACE)
        return fold(dir, v, changes + done, n - done, applied, why);
    if (s != OK)
        return problem_set(why, s, "cannot change the lookup: %s", status_text(s));
    delta_set_count(&v->delta, COUNT_APPLIED, applied);
    return OK;
}
