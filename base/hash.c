/* base/hash.c: the door to libcrypto; SipHash, CRC-32C, hex and Base64 of our own. */
#include "base/hash.h"
#include "base/sha256.h"

#include <openssl/evp.h>
#include <pthread.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "SipHash and CRC-32C below load words as they stand in memory");

enum { HMAC_BLOCK_BYTES = 64 };

static const struct {
    const char *word, *fetch;
    size_t bytes;
} names[HASH_NAMES] = {
    [HASH_SHA256] = {"sha256", "SHA2-256", 32},
    [HASH_MD5] = {"md5", "MD5", 16},
    [HASH_SHA1] = {"sha1", "SHA1", 20},
    [HASH_SHA512] = {"sha512", "SHA2-512", 64},
};

/* Fetched once: fetching by name at each call costs more than the hash. They live as long as the
 * process. */
static EVP_MD *methods[HASH_NAMES];
static pthread_once_t methods_once = PTHREAD_ONCE_INIT;
static pthread_key_t context_key;

static void free_context(void *context)
{
    EVP_MD_CTX_free(context);
}

static void fetch_methods(void)
{
    for (int i = 0; i < HASH_NAMES; i++) {
        methods[i] = EVP_MD_fetch(NULL, names[i].fetch, NULL);
        INVARIANT(methods[i]);
    }
    INVARIANT(pthread_key_create(&context_key, free_context) == 0);
}

static EVP_MD_CTX *thread_context(void)
{
    pthread_once(&methods_once, fetch_methods);
    EVP_MD_CTX *context = pthread_getspecific(context_key);
    if (!context) {
        context = EVP_MD_CTX_new();
        INVARIANT(context && pthread_setspecific(context_key, context) == 0);
    }
    return context;
}

size_t hash_bytes(enum hash_name name)
{
    return names[name].bytes;
}

const char *hash_word(enum hash_name name)
{
    return names[name].word;
}

void hash_digest(enum hash_name name, struct span in, uint8_t *out)
{
    if (name == HASH_SHA256) {
        sha256_digest(in, out);
        return;
    }
    EVP_MD_CTX *context = thread_context();
    INVARIANT(EVP_DigestInit_ex2(context, methods[name], NULL) == 1 &&
              EVP_DigestUpdate(context, in.p, in.n) == 1 &&
              EVP_DigestFinal_ex(context, out, NULL) == 1);
}

struct sha256_stream *sha256_new(void)
{
    pthread_once(&methods_once, fetch_methods);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context && EVP_DigestInit_ex2(context, methods[HASH_SHA256], NULL) != 1) {
        EVP_MD_CTX_free(context);
        context = NULL;
    }
    return (struct sha256_stream *)context;
}

void sha256_add(struct sha256_stream *s, struct span in)
{
    INVARIANT(EVP_DigestUpdate((EVP_MD_CTX *)s, in.p, in.n) == 1);
}

void sha256_end(struct sha256_stream *s, uint8_t out[SHA256_BYTES])
{
    INVARIANT(EVP_DigestFinal_ex((EVP_MD_CTX *)s, out, NULL) == 1);
    EVP_MD_CTX_free((EVP_MD_CTX *)s);
}

void hmac_sha256(struct span key, struct span in, uint8_t out[SHA256_BYTES])
{
    uint8_t digest[SHA256_BYTES];
    if (key.n > HMAC_BLOCK_BYTES) { /* RFC 2104 section 2: a longer key is hashed first */
        sha256_digest(key, digest);
        key = (struct span){(const char *)digest, sizeof digest};
    }
    sha256_hmac(key, in, out);
}

static inline uint64_t rotl(uint64_t x, int b)
{
    return x << b | x >> (64 - b);
}

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1], v[1] = rotl(v[1], 13) ^ v[0], v[0] = rotl(v[0], 32);
    v[2] += v[3], v[3] = rotl(v[3], 16) ^ v[2];
    v[0] += v[3], v[3] = rotl(v[3], 21) ^ v[0];
    v[2] += v[1], v[1] = rotl(v[1], 17) ^ v[2], v[2] = rotl(v[2], 32);
}

struct siphash_out siphash128(struct siphash_key key, const void *in, size_t n)
{
    uint64_t v[4] = {key.k0 ^ 0x736f6d6570736575, key.k1 ^ 0x646f72616e646f6d ^ 0xee,
                     key.k0 ^ 0x6c7967656e657261, key.k1 ^ 0x7465646279746573};
    const uint8_t *p = in;
    uint64_t word, last = (uint64_t)n << 56;
    for (size_t left = n; left >= 8; left -= 8, p += 8) {
        memcpy(&word, p, 8);
        v[3] ^= word;
        sip_round(v), sip_round(v);
        v[0] ^= word;
    }
    for (size_t i = 0; i < (n & 7); i++)
        last |= (uint64_t)p[i] << (8 * i);
    v[3] ^= last;
    sip_round(v), sip_round(v);
    v[0] ^= last;
    struct siphash_out out;
    v[2] ^= 0xee;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    out.lo = v[0] ^ v[1] ^ v[2] ^ v[3];
    v[1] ^= 0xdd;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    out.hi = v[0] ^ v[1] ^ v[2] ^ v[3];
    return out;
}

static uint32_t crc_table[8][256];
static pthread_once_t crc_once = PTHREAD_ONCE_INIT;

static void crc_fill(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++)
            c = c >> 1 ^ (c & 1 ? 0x82f63b78u : 0);
        crc_table[0][i] = c;
    }
    for (int t = 1; t < 8; t++)
        for (int i = 0; i < 256; i++)
            crc_table[t][i] = crc_table[t - 1][i] >> 8 ^ crc_table[0][crc_table[t - 1][i] & 0xff];
}

static uint32_t crc_portable(uint32_t c, const uint8_t *p, size_t n)
{
    pthread_once(&crc_once, crc_fill);
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        w ^= c;
        c = 0;
        for (int i = 0; i < 8; i++)
            c ^= crc_table[7 - i][w >> (8 * i) & 0xff];
    }
    for (; n; n--, p++)
        c = c >> 8 ^ crc_table[0][(c ^ *p) & 0xff];
    return c;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_sse42(uint32_t c, const uint8_t *p, size_t n)
{
    uint64_t c64 = c;
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        c64 = __builtin_ia32_crc32di(c64, w);
    }
    for (c = (uint32_t)c64; n; n--, p++)
        c = __builtin_ia32_crc32qi(c, *p);
    return c;
}
#endif

uint32_t crc32c(uint32_t crc, const void *in, size_t n)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2"))
        return ~crc_sse42(~crc, in, n);
#endif
    return ~crc_portable(~crc, in, n);
}

void hex_encode(const uint8_t *in, size_t n, char *out)
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        *out++ = digit[in[i] >> 4];
        *out++ = digit[in[i] & 15];
    }
    *out = '\0';
}

static int hex_value(char c)
{
    c = ascii_lower(c);
    return ascii_is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_decode(struct span in, uint8_t *out, size_t n)
{
    if (in.n != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        int high = hex_value(in.p[2 * i]), low = hex_value(in.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (ascii_is_digit(c))
        return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

bool base64_decode_any(struct span in, uint8_t *out, size_t n)
{
    size_t digits = (n * 8 + 5) / 6, padding = (3 - n % 3) % 3;
    if (in.n == digits + padding)
        for (size_t i = digits; i < in.n; i++)
            if (in.p[i] != '=')
                return false;
    if (in.n != digits && in.n != digits + padding)
        return false;
    uint32_t bits = 0;
    size_t held = 0, done = 0;
    for (size_t i = 0; i < digits; i++) {
        int value = base64_value(in.p[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[done++] = (uint8_t)(bits >> held);
            bits &= (1u << held) - 1;
        }
    }
    return bits == 0 && done == n;
}
