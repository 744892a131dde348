#include "base/secret.h"
#include "base/hash.h"

#include <pthread.h>
#include <sodium.h>

_Static_assert(SEAL_OVERHEAD_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES +
                                          crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "the sealed form is nonce, text, tag");

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start(void)
{
    INVARIANT(sodium_init() >= 0);
}

void secret_random(void *out, size_t n)
{
    pthread_once(&once, start);
    randombytes_buf(out, n);
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
