#include "seal/ed25519.h"
#include "seal/sign.h"
#include "unit.h"

#include <string.h>

/* Linked with tests/sim/ed25519_fake.c in place of seal/ed25519.c. */

static struct signer *signer;
static struct signer *stranger;

static int set_up(void **state)
{
    uint8_t seed[32] = {1};
    (void)state;
    if (seal_init() != ERR_NONE) {
        return -1;
    }
    signer = signer_new(seed);
    seed[0] = 2;
    stranger = signer_new(seed);
    return signer == NULL || stranger == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    signer_free(signer);
    signer_free(stranger);
    return 0;
}

/* Below sign.h works the stand-in and not the real scheme. */
static void test_replaced(void **state)
{
    static const uint8_t seed[32] = {1};
    uint8_t expected[LIMIT_KEY_SIZE];
    (void)state;
    seal_ed25519_public(seed, expected);
    assert_memory_equal(signer_public_view(signer), expected, 32);
    /* The real public key of this seed begins with cecc1507. */
    assert_memory_not_equal(signer_public_view(signer), "\xce\xcc\x15\x07", 4);
}

static void test_binding(void **state)
{
    uint8_t body[50] = "a body";
    uint8_t key[LIMIT_KEY_SIZE];
    uint8_t signature[LIMIT_SIGNATURE_SIZE];
    struct span span = span_of(body, sizeof body);
    (void)state;
    memcpy(key, signer_public_view(signer), sizeof key);
    signer_sign(signer, SEAL_EVENT, span, signature);
    assert_true(seal_verify(key, SEAL_EVENT, span, signature));
    assert_false(seal_verify(key, SEAL_HEAD, span, signature));
    assert_false(seal_verify(signer_public_view(stranger), SEAL_EVENT, span, signature));
    assert_false(seal_verify(key, SEAL_EVENT, span_of(body, sizeof body - 1), signature));
    for (size_t bit = 0; bit < 8 * sizeof body; bit++) {
        body[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(seal_verify(key, SEAL_EVENT, span, signature));
        body[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof key; bit++) {
        key[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(seal_verify(key, SEAL_EVENT, span, signature));
        key[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof signature; bit++) {
        signature[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(seal_verify(key, SEAL_EVENT, span, signature));
        signature[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_true(seal_verify(key, SEAL_EVENT, span, signature));
}

static void test_keys(void **state)
{
    static const uint8_t zero[LIMIT_KEY_SIZE];
    (void)state;
    assert_true(seal_ed25519_key_valid(signer_public_view(signer)));
    assert_false(seal_ed25519_key_valid(zero));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_binding),
        cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests_name("seal fake", tests, set_up, tear_down);
}
