/* src/adapter/privacy/ids.h: sets of ids in the five ways in which the specifications, and the
 * published encoders, write them. Private to the room.
 */
#ifndef ADAPTER_PRIVACY_IDS_H
#define ADAPTER_PRIVACY_IDS_H

#include "adapter/privacy/bits.h"

/* Widths that the specifications share. */
enum { ID_BITS = 16, COUNT_BITS = 12, PURPOSE_BITS = 6, RESTRICTION_BITS = 2 };

enum range_form {
    RANGE_INT,       /* Range(Int): count, then each one id or the first and the last */
    RANGE_FIBONACCI, /* Range(Fibonacci): the same with Fibonacci-coded steps */
    /* A bit chooses between a bit field and a range: */
    RANGE_TCF,           /* greatest id first, the range is Range(Int): OptimizedIntRange */
    RANGE_LIBRARY,       /* greatest id first, the range is Range(Fibonacci): no specification has
                            it, but the IAB's library since 3.2.0 writes it for OptimizedRange */
    RANGE_SPECIFICATION, /* OptimizedRange: the length of the field only where there is one */
};

/* Places `out` at the set that starts at `b`, and moves `b` behind it. False, and `out` is empty:
 * the set is cut short, or has an id of 0, over VENDOR_MAX or over the greatest id it declares, or
 * a range that ends before it starts. `tidy` (may be NULL): is the greatest id the declared one, as
 * every encoder has it? */
bool ids_open(struct privacy_bits *b, enum range_form form, struct privacy_ids *out, bool *tidy);

/* Is `id` in the RANGE_TCF or RANGE_INT set that starts at `b`? Moves `b` behind it, without
 * anything kept; checks what ids_open does. */
bool ids_scan(struct privacy_bits *b, uint32_t id, bool *has);
bool ids_scan_ranges(struct privacy_bits *b, uint32_t greatest, uint32_t id, bool *has);

/* As ids_open, for the publisher's restrictions. */
bool restrictions_open(struct privacy_bits *b, enum range_form form,
                       struct privacy_restrictions *out);

#endif
