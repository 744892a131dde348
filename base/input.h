/* base/input.h: a file or the standard input, read from its start to its end, unpacked on the way.
 *
 * gzip (RFC 1952, any number of members) and zstd (RFC 8878, any number of frames) are known by
 * their first bytes, never by a file name. Packed data that is cut short or broken is DAMAGED and
 * says where; it never looks like an end. A plain file is read straight into the caller's memory.
 *
 * An input belongs to one thread at a time.
 */
#ifndef BASE_INPUT_H
#define BASE_INPUT_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

/* How much is best asked for at a time. */
enum { INPUT_READ_BYTES = 256 * 1024 };

struct input;

/* Opens the file at `path`, or the standard input for "-". *out is freed with input_close. */
enum status input_open(const char *path, struct input **out, struct problem *why) MUST_CHECK;

/* Puts up to `n` bytes (at least 1) of the unpacked content at `p`. *got is 0 at the end alone; it
 * may be less than `n` before it, since what has come through a pipe is not held back. On a failure
 * *got is 0 and every later read fails alike. */
enum status input_read(struct input *in, void *p, size_t n, size_t *got,
                       struct problem *why) MUST_CHECK;

/* Bytes taken from the file so far, packed as they are: for a progress bar. */
uint64_t input_consumed(const struct input *in);
/* The file's size in those bytes, 0 when it is not known (a pipe). */
uint64_t input_size(const struct input *in);

/* Closes and frees; NULL is fine. */
void input_close(struct input *in);

#endif
