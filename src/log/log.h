/* src/log/log.h: the public log's hashes on disk, its size and root, its last checkpoint.
 *
 * A Merkle tree as of RFC 6962 section 2.1 over leaf hashes that somebody else makes. In a folder:
 *
 *   levelL      the hashes of complete subtrees of 256^L leaves, 32 bytes each, only appended to;
 *               a C2SP tlog-tiles tile (L, N) is 8,192 bytes of it from N * 8,192
 *   state       origin, size and root in the three lines of a checkpoint, replaced whole
 *   checkpoint  the signed note over it
 *
 * `state` is on disk (fsync) before the signature over it leaves, so that what was signed once is
 * never signed otherwise: a log that is opened must hold the hashes that give its state's root,
 * and only grows from there. Hashes behind the state's size were never signed and are forgotten.
 *
 * Appending belongs to one writer at a time (the house's writer lock); a handle to one thread.
 */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "proof/proof.h"

#include <stdint.h>

enum { LOG_ORIGIN_MAX = 200 };

struct log;

/* Opens the folder's log: NOT_FOUND when there is none, DAMAGED when its hashes do not give the
 * root of its state or its origin is another one. */
enum status log_open(const char *folder, const char *origin, struct log **out,
                     struct problem *why) MUST_CHECK;
/* Makes the folder and an empty log in it. */
enum status log_create(const char *folder, const char *origin, struct log **out,
                       struct problem *why) MUST_CHECK;
void log_close(struct log *l);

/* Leaves appended so far, signed or not; and those in the state. */
uint64_t log_size(const struct log *l);
uint64_t log_sealed_size(const struct log *l);

enum status log_append(struct log *l, const struct merkle_hash *leaves, size_t n,
                       struct problem *why) MUST_CHECK;

/* Signs a checkpoint body into a note: whoever holds the key. */
typedef enum status log_sign(void *context, struct span body, struct buf *note);

/* Makes what was appended durable, then the state, then lets `sign` sign it, then keeps the note
 * as the folder's checkpoint. Does nothing when nothing was appended since. */
enum status log_seal(struct log *l, log_sign *sign, void *context, struct problem *why) MUST_CHECK;

/* The last signed note: NOT_FOUND when there is none. */
enum status log_checkpoint(const struct log *l, struct buf *out, struct problem *why) MUST_CHECK;
/* Puts another form of the same note in its place (with cosignatures added). */
enum status log_replace_checkpoint(const struct log *l, struct span note,
                                   struct problem *why) MUST_CHECK;

/* The root over the first `size` leaves, size <= log_size. */
enum status log_root(const struct log *l, uint64_t size, struct merkle_hash *out,
                     struct problem *why) MUST_CHECK;
/* One stored hash of a complete subtree of 256^level leaves; NOT_FOUND when it is not there. */
enum status log_stored(const struct log *l, unsigned level, uint64_t index, struct merkle_hash *out,
                       struct problem *why) MUST_CHECK;

/* That leaf `index` is in the first `size`; that the first `old` are the beginning of the first
 * `size`. REFUSED when there are no such leaves. */
enum status log_prove_inclusion(const struct log *l, uint64_t index, uint64_t size,
                                struct merkle_path *out, struct problem *why) MUST_CHECK;
enum status log_prove_consistency(const struct log *l, uint64_t old, uint64_t size,
                                  struct merkle_path *out, struct problem *why) MUST_CHECK;

#endif
