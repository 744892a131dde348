/* base/clock.h: the one time type, microseconds since 1970-01-01T00:00:00Z, and its RFC 3339 text.
 *
 * Rooms take the time as an argument; only the outermost code asks clock_now. Order never comes
 * from the clock: it is the ledger's sequence number.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/span.h"
#include "base/status.h"

#include <stdint.h>

enum { RFC3339_BYTES = 32 };

/* Now, in microseconds; a clock that stands before 1970 reads as 1970. The environment variable
 * OPTOUT_TEST_CLOCK (microseconds) replaces it, so that a scenario runs on a fake clock. Any
 * thread. */
int64_t clock_now_us(void);

/* A monotonic microsecond counter for durations and progress; its zero means nothing. */
int64_t clock_monotonic_us(void);

/* Reads `2026-11-23T10:00:00Z`, with fraction (up to 6 digits kept) or numeric offset, a space or
 * `t` for `T`, or a date alone (its midnight in UTC). Years 1970 to 9999. REFUSED says why. */
enum status rfc3339_parse(struct span s, int64_t *us, struct refusal *why) MUST_CHECK;

/* Writes the UTC form with a zero at its end: whole seconds when there is no fraction, else three
 * or six digits of it. Outside the years 0001 to 9999 it writes the nearest that can be said. */
void rfc3339_format(int64_t us, char out[RFC3339_BYTES]);

#endif
