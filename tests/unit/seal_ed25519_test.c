#include "base/text.h"
#include "seal/ed25519.h"
#include "seal/sign.h"
#include "unit.h"

#include <string.h>

static void from_hex(const char *hex, uint8_t *ret, size_t size)
{
    assert_int_equal(text_get_hex(span_text(hex), ret, size), ERR_NONE);
}

/* RFC 8032, section 7.1: tests 1, 2, 3 and SHA(abc). */
static const struct {
    const char *seed;
    const char *public_key;
    const char *message;
    const char *signature;
} known[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
     "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"},
};

static void test_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint8_t seed[SEAL_SEED_SIZE];
        uint8_t expected[LIMIT_SIGNATURE_SIZE];
        uint8_t message[64] = {0};
        uint8_t public_key[LIMIT_KEY_SIZE];
        uint8_t signature[LIMIT_SIGNATURE_SIZE];
        struct span span = span_of(message, strlen(known[i].message) / 2);
        from_hex(known[i].seed, seed, sizeof seed);
        from_hex(known[i].message, message, span.size);
        seal_ed25519_public(seed, public_key);
        from_hex(known[i].public_key, expected, LIMIT_KEY_SIZE);
        assert_memory_equal(public_key, expected, LIMIT_KEY_SIZE);
        assert_true(seal_ed25519_key_valid(public_key));
        seal_ed25519_sign(seed, public_key, span, signature);
        from_hex(known[i].signature, expected, LIMIT_SIGNATURE_SIZE);
        assert_memory_equal(signature, expected, LIMIT_SIGNATURE_SIZE);
        assert_true(seal_ed25519_verify(public_key, span, signature));
    }
}

static void test_every_bit(void **state)
{
    uint8_t public_key[LIMIT_KEY_SIZE];
    uint8_t signature[LIMIT_SIGNATURE_SIZE];
    uint8_t message[2] = {0};
    struct span span = span_of(message, sizeof message);
    (void)state;
    from_hex(known[2].public_key, public_key, sizeof public_key);
    from_hex(known[2].signature, signature, sizeof signature);
    from_hex(known[2].message, message, sizeof message);
    struct span parts[] = {span_of(public_key, sizeof public_key),
                           span_of(signature, sizeof signature), span};
    uint8_t *bytes[] = {public_key, signature, message};
    for (size_t part = 0; part < 3; part++) {
        for (size_t bit = 0; bit < parts[part].size * 8; bit++) {
            bytes[part][bit / 8] ^= (uint8_t)(1U << bit % 8);
            assert_false(seal_ed25519_verify(public_key, span, signature));
            bytes[part][bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
    }
    assert_false(seal_ed25519_verify(public_key, span_of(message, 1), signature));
    assert_true(seal_ed25519_verify(public_key, span, signature));
}

/* s and s + L are the same number to the equation; only s is a signature. */
static void test_not_malleable(void **state)
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                      0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
    uint8_t public_key[LIMIT_KEY_SIZE];
    uint8_t signature[LIMIT_SIGNATURE_SIZE];
    unsigned carry = 0;
    (void)state;
    from_hex(known[0].public_key, public_key, sizeof public_key);
    from_hex(known[0].signature, signature, sizeof signature);
    assert_true(seal_ed25519_verify(public_key, span_of(NULL, 0), signature));
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)signature[32 + i] + order[i];
        signature[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_int_equal(carry, 0);
    assert_false(seal_ed25519_verify(public_key, span_of(NULL, 0), signature));
}

static void test_weak_keys(void **state)
{
    static const char *const weak[] = {
        /* Points of order 1, 2, 4, 8. */
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        /* The same written otherwise: y + p, or a sign for x = 0. */
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        /* A good point plus one of order 8, 4, 8, 2, 8, 4, 8; the one of order 2 is
         * CVE-2025-69277. */
        "e5a369e1f023bf3db449eaf229b077c8c283b7346a74980f56411efb8e0e3899",
        "176dce5dcd9815017fd518e633dfcb69b6c1c32aa5468a263496154abef8da32",
        "dd8952a66f04b15f61df8c66ce93471979a95c884f2dede0f89f1fc9f9b407b4",
        "7e935ab9d51a9fdca5403b40e7089d1228d43e582161b6113f514a135572c831",
        "085c961e0fdc40c24bb6150dd64f88373d7c48cb958b67f0a9bee10471f1c766",
        "d69231a23267eafe802ae719cc203496493e3cd55ab975d9cb69eab5410725cd",
        "1076ad5990fb4ea09e207399316cb8e68656a377b0d2121f0760e036064bf84b",
        /* Not canonical, of large order: y = 3 + p and y = 18 + p. */
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        /* On no curve. */
        "0200000000000000000000000000000000000000000000000000000000000000",
    };
    uint8_t key[LIMIT_KEY_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof weak / sizeof *weak; i++) {
        from_hex(weak[i], key, sizeof key);
        if (seal_ed25519_key_valid(key)) {
            print_message("%s\n", weak[i]);
        }
        assert_false(seal_ed25519_key_valid(key));
    }
    /* The good point itself. */
    from_hex("6f6ca5462ae560235abfc4bf18f762edd72bc1a7de9e49eec0aeb5ecaa8d37ce", key, sizeof key);
    assert_true(seal_ed25519_key_valid(key));
}

static int set_up(void **state)
{
    (void)state;
    return seal_init() == ERR_NONE ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_not_malleable),
        cmocka_unit_test(test_weak_keys),
    };
    return cmocka_run_group_tests_name("seal ed25519", tests, set_up, NULL);
}
