/* base/sha256.h: SHA-256 of our own, for the short strings of the hot path. Private to base.
 *
 * An address fits one block; going through libcrypto costs several times what the block itself
 * does. The compression is chosen by the processor at the first call: SHA-NI, or portable C.
 * test_base.c holds every variant against libcrypto on random lengths.
 */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include "base/span.h"

#include <stdint.h>

void sha256_digest(struct span in, uint8_t out[32]);

/* HMAC-SHA256 with a key of at most 64 bytes. */
void sha256_hmac(struct span key, struct span in, uint8_t out[32]);

/* For tests: use the portable compression from now on (1), or the best one again (0). */
void sha256_force_portable(int on);

#endif
