/* base/sha256.c: FIPS 180-4 section 6.2; the compression in two variants, the padding in one. */
#include "base/sha256.h"

#include <stdatomic.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { BLOCK = 64 };

static const uint32_t k[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

typedef void compress_blocks(uint32_t state[8], const uint8_t *p, size_t blocks);

static inline uint32_t load_be32(const uint8_t *p)
{
    uint32_t w;
    memcpy(&w, p, 4);
    return __builtin_bswap32(w);
}

static inline void store_be32(uint8_t *p, uint32_t w)
{
    w = __builtin_bswap32(w);
    memcpy(p, &w, 4);
}

static inline uint32_t rotr(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

static void schedule(uint32_t w[64], const uint8_t *p)
{
    for (int i = 0; i < 16; i++)
        w[i] = load_be32(p + 4 * i);
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = rotr(w[i - 15], 7) ^ rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotr(w[i - 2], 17) ^ rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
}

static void compress_portable(uint32_t state[8], const uint8_t *p, size_t blocks)
{
    for (; blocks; blocks--, p += BLOCK) {
        uint32_t w[64], v[8];
        schedule(w, p);
        memcpy(v, state, sizeof v);
        for (int i = 0; i < 64; i++) {
            uint32_t s1 = rotr(v[4], 6) ^ rotr(v[4], 11) ^ rotr(v[4], 25);
            uint32_t choose = (v[4] & v[5]) ^ (~v[4] & v[6]);
            uint32_t t1 = v[7] + s1 + choose + k[i] + w[i];
            uint32_t s0 = rotr(v[0], 2) ^ rotr(v[0], 13) ^ rotr(v[0], 22);
            uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
            memmove(v + 1, v, 7 * sizeof v[0]);
            v[4] += t1;
            v[0] = t1 + t2;
        }
        for (int i = 0; i < 8; i++)
            state[i] += v[i];
    }
}

#if defined(__x86_64__)
/* Four rounds: the upper half of the words goes in with the second instruction. */
__attribute__((target("sha,sse4.1"), always_inline)) static inline void
four_rounds(__m128i *abef, __m128i *cdgh, __m128i words)
{
    *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, words);
    *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(words, 0x0e));
}

/* The next four words of the schedule out of the last sixteen, oldest first. */
__attribute__((target("sha,sse4.1"), always_inline)) static inline __m128i
next_words(__m128i m0, __m128i m1, __m128i m2, __m128i m3)
{
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(m0, m1), _mm_alignr_epi8(m3, m2, 4));
    return _mm_sha256msg2_epu32(sum, m3);
}

__attribute__((target("sha,sse4.1"))) static void compress_ni(uint32_t state[8], const uint8_t *p,
                                                              size_t blocks)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    /* The instructions want the state as ABEF and CDGH. */
    __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)state), 0xb1);
    __m128i high =
        _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)(state + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(low, high, 8), cdgh = _mm_blend_epi16(high, low, 0xf0);
    for (; blocks; blocks--, p += BLOCK) {
        __m128i m[4], abef_before = abef, cdgh_before = cdgh;
        for (int i = 0; i < 4; i++)
            m[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i)),
                                    swap);
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) {
            if (i >= 4)
                m[i & 3] = next_words(m[i & 3], m[(i + 1) & 3], m[(i + 2) & 3], m[(i + 3) & 3]);
            __m128i constants = _mm_load_si128((const __m128i *)(const void *)(k + 4 * i));
            four_rounds(&abef, &cdgh, _mm_add_epi32(m[i & 3], constants));
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    low = _mm_shuffle_epi32(abef, 0x1b);
    high = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(low, high, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(high, low, 8));
}
#endif

static _Atomic(compress_blocks *) chosen;

static compress_blocks *best(void)
{
#if defined(__x86_64__)
    uint32_t a, b, c, d;
    /* CPUID leaf 7: bit 29 of EBX is SHA; gcc 12 has no name for it in __builtin_cpu_supports. */
    __asm__("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(7), "c"(0));
    if ((b >> 29 & 1) && __builtin_cpu_supports("sse4.1"))
        return compress_ni;
#endif
    return compress_portable;
}

static compress_blocks *compress(void)
{
    compress_blocks *c = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (__builtin_expect(c == NULL, 0)) {
        c = best();
        atomic_store_explicit(&chosen, c, memory_order_relaxed);
    }
    return c;
}

void sha256_force_portable(int on)
{
    atomic_store(&chosen, on ? compress_portable : best());
}

/* Hashes the rest of a message of which `before` bytes (whole blocks) are in the state. */
static void finish(uint32_t state[8], struct span in, uint64_t before, uint8_t out[32])
{
    uint8_t tail[2 * BLOCK] = {0};
    size_t whole = in.n / BLOCK, rest = in.n % BLOCK;
    size_t tail_blocks = rest < BLOCK - 8 ? 1 : 2;
    uint64_t bits = __builtin_bswap64((before + in.n) * 8);
    compress_blocks *c = compress();
    if (whole)
        c(state, (const uint8_t *)in.p, whole);
    if (rest)
        memcpy(tail, in.p + whole * BLOCK, rest);
    tail[rest] = 0x80;
    memcpy(tail + tail_blocks * BLOCK - 8, &bits, 8);
    c(state, tail, tail_blocks);
    for (int i = 0; i < 8; i++)
        store_be32(out + 4 * i, state[i]);
}

void sha256_digest(struct span in, uint8_t out[32])
{
    uint32_t state[8];
    memcpy(state, initial, sizeof state);
    finish(state, in, 0, out);
}

/* The state after one block of the key with every byte changed by `pad` (RFC 2104). */
static void keyed_state(struct span key, uint8_t pad, uint32_t state[8])
{
    uint8_t block[BLOCK];
    memset(block, pad, sizeof block);
    for (size_t i = 0; i < key.n; i++)
        block[i] ^= (uint8_t)key.p[i];
    memcpy(state, initial, sizeof initial);
    compress()(state, block, 1);
}

void sha256_hmac(struct span key, struct span in, uint8_t out[32])
{
    uint32_t state[8];
    uint8_t inner[32];
    INVARIANT(key.n <= BLOCK);
    keyed_state(key, 0x36, state);
    finish(state, in, BLOCK, inner);
    keyed_state(key, 0x5c, state);
    finish(state, (struct span){(const char *)inner, sizeof inner}, BLOCK, out);
}
