/* base/secret.h: random bytes, sealing, key derivation, signing, comparison in constant time.
 *
 * secret.c is the door to libsodium. Any thread.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"

#include <stdint.h>

enum { SECRET_BYTES = 32, SEAL_OVERHEAD_BYTES = 40 };

struct secret {
    uint8_t bytes[SECRET_BYTES];
};

/* Fills with random bytes of the kernel; cannot fail on a running system. */
void secret_random(void *out, size_t n);

/* HKDF-like derivation of an independent key for one purpose, named by `label`:
 * HMAC-SHA256(master, label). */
struct secret secret_derive(const struct secret *master, const char *label);

/* Overwrites so that the compiler cannot leave it out. */
void secret_wipe(void *p, size_t n);

bool secret_equal(const void *a, const void *b, size_t n);

/* Appends nonce (24), ciphertext and tag (16) to `out`: XChaCha20-Poly1305 with a random nonce;
 * `context` is bound but not stored. OK, NO_SPACE or NO_MEMORY. */
enum status secret_seal(const struct secret *key, struct span context, struct span plain,
                        struct buf *out) MUST_CHECK;
/* Appends the plain bytes to `out`: OK, or DAMAGED when key, context or bytes are not those that
 * were sealed. */
enum status secret_open(const struct secret *key, struct span context, struct span sealed,
                        struct buf *out) MUST_CHECK;

/* --- Ed25519 (RFC 8032) ---------------------------------------------------------------------- */

enum { SIGN_PUBLIC_BYTES = 32, SIGNATURE_BYTES = 64 };

/* The seed is the secret; the public key follows from it. */
struct sign_key {
    struct secret seed;
    uint8_t public_key[SIGN_PUBLIC_BYTES];
};

/* A new key out of random bytes. */
void secret_sign_new(struct sign_key *out);
void secret_sign_from_seed(const struct secret *seed, struct sign_key *out);
void secret_sign(const struct sign_key *key, struct span text, uint8_t out[SIGNATURE_BYTES]);

/* Strict, as verifiers disagree here: keys and points of small order, keys that are not written
 * canonically and an S that is not reduced are all refused. */
bool secret_verify(const uint8_t public_key[SIGN_PUBLIC_BYTES], struct span text,
                   const uint8_t signature[SIGNATURE_BYTES]) MUST_CHECK;

#endif
