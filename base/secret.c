#include "base/secret.h"
#include "base/hash.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>

_Static_assert(SEAL_OVERHEAD_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES +
                                          crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "the sealed form is nonce, text, tag");
_Static_assert(SECRET_BYTES == crypto_sign_ed25519_SEEDBYTES &&
                   SIGN_PUBLIC_BYTES == crypto_sign_ed25519_PUBLICKEYBYTES &&
                   SIGNATURE_BYTES == crypto_sign_ed25519_BYTES,
               "the sizes of RFC 8032");

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Random bytes are fetched from the kernel in bulk: an event needs three small pieces, and a system
 * call for each costs more than the sealing. A piece is wiped when it is handed out, and a child
 * process starts with an empty pool, so that no byte is ever used twice. */
enum { POOL_BYTES = 4096 };

static _Thread_local struct {
    uint8_t bytes[POOL_BYTES];
    size_t left;
    unsigned generation;
} pool;
static _Atomic unsigned fork_generation = 1;

static void child_after_fork(void)
{
    atomic_fetch_add(&fork_generation, 1);
}

static void start(void)
{
    INVARIANT(sodium_init() >= 0);
    INVARIANT(pthread_atfork(NULL, NULL, child_after_fork) == 0);
}

void secret_random(void *out, size_t n)
{
    pthread_once(&once, start);
    if (n > POOL_BYTES / 4) {
        randombytes_buf(out, n);
        return;
    }
    unsigned now = atomic_load(&fork_generation);
    if (pool.left < n || pool.generation != now) {
        randombytes_buf(pool.bytes, POOL_BYTES);
        pool.left = POOL_BYTES;
        pool.generation = now;
    }
    uint8_t *piece = pool.bytes + POOL_BYTES - pool.left;
    memcpy(out, piece, n);
    memset(piece, 0, n);
    pool.left -= n;
}

struct secret secret_derive(const struct secret *master, const char *label)
{
    struct secret derived;
    hmac_sha256((struct span){(const char *)master->bytes, SECRET_BYTES}, span_of(label),
                derived.bytes);
    return derived;
}

void secret_wipe(void *p, size_t n)
{
    sodium_memzero(p, n);
}

bool secret_equal(const void *a, const void *b, size_t n)
{
    return sodium_memcmp(a, b, n) == 0;
}

enum status secret_seal(const struct secret *key, struct span context, struct span plain,
                        struct buf *out)
{
    enum { NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES };
    enum status s = buf_reserve(out, plain.n + SEAL_OVERHEAD_BYTES);
    if (s != OK)
        return s;
    unsigned char *nonce = (unsigned char *)out->p + out->n;
    unsigned long long sealed = 0;
    secret_random(nonce, NONCE);
    INVARIANT(crypto_aead_xchacha20poly1305_ietf_encrypt(
                  nonce + NONCE, &sealed, (const unsigned char *)plain.p, plain.n,
                  (const unsigned char *)context.p, context.n, NULL, nonce, key->bytes) == 0);
    out->n += NONCE + sealed;
    return OK;
}

enum status secret_open(const struct secret *key, struct span context, struct span sealed,
                        struct buf *out)
{
    enum { NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES };
    if (sealed.n < SEAL_OVERHEAD_BYTES)
        return DAMAGED;
    pthread_once(&once, start);
    enum status s = buf_reserve(out, sealed.n - SEAL_OVERHEAD_BYTES);
    if (s != OK)
        return s;
    const unsigned char *nonce = (const unsigned char *)sealed.p;
    unsigned long long n = 0;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            (unsigned char *)out->p + out->n, &n, NULL, nonce + NONCE, sealed.n - NONCE,
            (const unsigned char *)context.p, context.n, nonce, key->bytes) != 0)
        return DAMAGED;
    out->n += n;
    return OK;
}

void secret_sign_new(struct sign_key *out)
{
    struct secret seed;
    secret_random(seed.bytes, sizeof seed.bytes);
    secret_sign_from_seed(&seed, out);
    secret_wipe(&seed, sizeof seed);
}

void secret_sign_from_seed(const struct secret *seed, struct sign_key *out)
{
    unsigned char expanded[crypto_sign_ed25519_SECRETKEYBYTES];
    pthread_once(&once, start);
    out->seed = *seed;
    INVARIANT(crypto_sign_ed25519_seed_keypair(out->public_key, expanded, seed->bytes) == 0);
    secret_wipe(expanded, sizeof expanded);
}

void secret_sign(const struct sign_key *key, struct span text, uint8_t out[SIGNATURE_BYTES])
{
    /* The public half is derived anew: signing with a wrong one would give the seed away. */
    unsigned char expanded[crypto_sign_ed25519_SECRETKEYBYTES], public_key[SIGN_PUBLIC_BYTES];
    pthread_once(&once, start);
    INVARIANT(crypto_sign_ed25519_seed_keypair(public_key, expanded, key->seed.bytes) == 0);
    INVARIANT(crypto_sign_ed25519_detached(out, NULL, (const unsigned char *)text.p, text.n,
                                           expanded) == 0);
    secret_wipe(expanded, sizeof expanded);
}

bool secret_verify(const uint8_t public_key[SIGN_PUBLIC_BYTES], struct span text,
                   const uint8_t signature[SIGNATURE_BYTES])
{
    pthread_once(&once, start);
    return crypto_sign_ed25519_verify_detached(signature, (const unsigned char *)text.p, text.n,
                                               public_key) == 0;
}
