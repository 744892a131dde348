/* test/unit/test_sha256.c: our SHA-256, every variant, against libcrypto on every short length and
 * on random long ones. */
#include "base/secret.h"
#include "base/sha256.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { LONGEST = 5000, ROUNDS = 2000 };

static uint8_t text[LONGEST];

static void same_as_libcrypto(size_t n)
{
    uint8_t ours[32], theirs[32];
    sha256_digest((struct span){(char *)text, n}, ours);
    assert_int_equal(EVP_Digest(text, n, theirs, NULL, EVP_sha256(), NULL), 1);
    assert_memory_equal(ours, theirs, 32);
}

static void same_hmac_as_libcrypto(size_t key_bytes, size_t n)
{
    uint8_t ours[32], theirs[32];
    sha256_hmac((struct span){(char *)text, key_bytes}, (struct span){(char *)text, n}, ours);
    assert_non_null(HMAC(EVP_sha256(), text, (int)key_bytes, text, n, theirs, NULL));
    assert_memory_equal(ours, theirs, 32);
}

static void sweep(void)
{
    for (size_t n = 0; n <= 300; n++) {
        secret_random(text, sizeof text);
        same_as_libcrypto(n);
        same_hmac_as_libcrypto(n % 65, n);
    }
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t r;
        secret_random(&r, sizeof r);
        same_as_libcrypto(r % LONGEST);
    }
}

static void best_variant(void **state)
{
    (void)state;
    sha256_force_portable(0);
    sweep();
}

static void portable_variant(void **state)
{
    (void)state;
    sha256_force_portable(1);
    sweep();
    sha256_force_portable(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(best_variant),
        cmocka_unit_test(portable_variant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
