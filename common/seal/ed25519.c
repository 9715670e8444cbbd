#include "seal/ed25519.h"

#include <sodium.h>
#include <string.h>

_Static_assert(SEAL_SEED_SIZE == crypto_sign_SEEDBYTES, "seed size");
_Static_assert(LIMIT_KEY_SIZE == crypto_sign_PUBLICKEYBYTES, "public key size");
_Static_assert(LIMIT_SIGNATURE_SIZE == crypto_sign_BYTES, "signature size");
_Static_assert(SEAL_SEED_SIZE + LIMIT_KEY_SIZE == crypto_sign_SECRETKEYBYTES,
               "libsodium's secret key is seed and public key");

void seal_ed25519_public(const uint8_t seed[SEAL_SEED_SIZE], uint8_t ret_public[LIMIT_KEY_SIZE])
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    crypto_sign_seed_keypair(ret_public, secret, seed);
    sodium_memzero(secret, sizeof secret);
}

void seal_ed25519_sign(const uint8_t seed[SEAL_SEED_SIZE], const uint8_t public_key[LIMIT_KEY_SIZE],
                       struct span message, uint8_t ret_signature[LIMIT_SIGNATURE_SIZE])
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    memcpy(secret, seed, SEAL_SEED_SIZE);
    memcpy(secret + SEAL_SEED_SIZE, public_key, LIMIT_KEY_SIZE);
    crypto_sign_detached(ret_signature, NULL, message.data, message.size, secret);
    sodium_memzero(secret, sizeof secret);
}

bool seal_ed25519_verify(const uint8_t public_key[LIMIT_KEY_SIZE], struct span message,
                         const uint8_t signature[LIMIT_SIGNATURE_SIZE])
{
    return crypto_sign_verify_detached(signature, message.data, message.size, public_key) == 0;
}

/* libsodium before 1.0.18-1+deb12u1 let points of order 2L through (CVE-2025-69277);
 * seal_sign_test.c tries such keys, so a build against an unpatched library fails its tests. */
bool seal_ed25519_key_valid(const uint8_t public_key[LIMIT_KEY_SIZE])
{
    return crypto_core_ed25519_is_valid_point(public_key) == 1;
}
