/* lookup/step.h: from one state to the next by one change, wherever words and states are kept.
 *
 * A build keeps them in a pool on the heap, a delta in shared memory; the step is the same. Since
 * most changes of a run take the same step (from nothing to "out of everything", say), recent
 * steps are remembered.
 */
#ifndef LOOKUP_STEP_H
#define LOOKUP_STEP_H

#include "lookup/mix.h"

/* Where words and states are found by number and numbered. */
struct store {
    void *in;
    enum status (*word)(void *in, const struct word *w, uint32_t *number);
    enum status (*items)(void *in, uint32_t state, const struct state_item **items, size_t *n);
    enum status (*state)(void *in, const struct state_item *items, size_t n, uint32_t *number);
};

enum { STEPS_REMEMBERED = 256 };

struct stepper {
    struct store store;
    struct {
        struct state_item item;
        uint32_t from, to; /* to 0: nothing remembered here, for no step leads to the empty state */
    } memo[STEPS_REMEMBERED];
    struct scope scope; /* the last one and its words: changes come in runs of one scope */
    uint32_t sender, topic;
    bool scope_known;
    struct state_item work[STATE_ITEMS_MAX + 1];
};

/* Numbers changed: forget what is remembered. */
void stepper_reset(struct stepper *s, struct store store);
/* The value of an id after the change, given that before it. A change that is not newer than what
 * is known of the id is in it already, so that the end of the ledger may be applied again. */
enum status stepper_next(struct stepper *s, const struct lookup_change *change,
                         uint64_t *value) MUST_CHECK;

#endif
