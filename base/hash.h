/* base/hash.h: digests, keyed short hashes, checksums, hex and Base64.
 *
 * MD5, SHA-1 and SHA-512 are libcrypto's (hash.c is its door). SHA-256, SipHash and CRC-32C are our
 * own, since they stand on the hot path. All functions may be used from any thread.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/span.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum hash_name { HASH_SHA256, HASH_MD5, HASH_SHA1, HASH_SHA512, HASH_NAMES };
enum { HASH_BYTES_MAX = 64, SHA256_BYTES = 32 };

/* The digest length in bytes: 32, 16, 20, 64. */
size_t hash_bytes(enum hash_name name);
/* "sha256", "md5", "sha1", "sha512". */
const char *hash_word(enum hash_name name);
/* Writes hash_bytes(name) bytes. Cannot fail short of a broken libcrypto, which is a bug. */
void hash_digest(enum hash_name name, struct span in, uint8_t *out);

/* A running SHA-256, for what does not fit in memory. */
struct sha256_stream;
struct sha256_stream *sha256_new(void); /* NULL: no memory */
void sha256_add(struct sha256_stream *s, struct span in);
void sha256_end(struct sha256_stream *s, uint8_t out[SHA256_BYTES]); /* and frees */

/* HMAC-SHA256 (RFC 2104) with a key of any length. */
void hmac_sha256(struct span key, struct span in, uint8_t out[SHA256_BYTES]);

/* SipHash-2-4 with 128 bits of output (Aumasson, Bernstein, 2012). */
struct siphash_key {
    uint64_t k0, k1;
};
struct siphash_out {
    uint64_t lo, hi;
};
struct siphash_out siphash128(struct siphash_key key, const void *in, size_t n);

/* CRC-32C (Castagnoli), continuing from `crc` (0 at the start). Finds every single-bit change. */
uint32_t crc32c(uint32_t crc, const void *in, size_t n);

/* Lower-case hex of `n` bytes into 2n characters and a zero. */
void hex_encode(const uint8_t *in, size_t n, char *out);
/* Exactly 2n hex digits in either case. */
bool hex_decode(struct span in, uint8_t *out, size_t n);

/* Base64 (RFC 4648) as digest lists have it: standard or URL alphabet, with or without its
 * padding, exactly `n` bytes, unused trailing bits zero. */
bool base64_decode_any(struct span in, uint8_t *out, size_t n);

#endif
