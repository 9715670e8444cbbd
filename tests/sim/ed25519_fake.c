#include "seal/ed25519.h"
#include "seal/hash.h"

#include <string.h>

/* Stands in for seal/ed25519.c where speed counts and nobody attacks: anyone can sign for anyone,
 * but every changed byte of key, message or signature is noticed. */

void seal_ed25519_public(const uint8_t seed[SEAL_SEED_SIZE], uint8_t ret_public[LIMIT_KEY_SIZE])
{
    struct seal_sha256 sha;
    seal_sha256_init(&sha);
    seal_sha256_update(&sha, span_text("fake public"));
    seal_sha256_update(&sha, span_of(seed, SEAL_SEED_SIZE));
    seal_sha256_final(&sha, ret_public);
}

static void fake_sign(const uint8_t public_key[LIMIT_KEY_SIZE], struct span message,
                      uint8_t ret_signature[LIMIT_SIGNATURE_SIZE])
{
    struct seal_sha256 sha;
    seal_sha256_init(&sha);
    seal_sha256_update(&sha, span_text("fake signature"));
    seal_sha256_update(&sha, span_of(public_key, LIMIT_KEY_SIZE));
    seal_sha256_update(&sha, message);
    seal_sha256_final(&sha, ret_signature);
    seal_sha256(span_of(ret_signature, LIMIT_HASH_SIZE), ret_signature + LIMIT_HASH_SIZE);
}

void seal_ed25519_sign(const uint8_t seed[SEAL_SEED_SIZE], const uint8_t public_key[LIMIT_KEY_SIZE],
                       struct span message, uint8_t ret_signature[LIMIT_SIGNATURE_SIZE])
{
    (void)seed;
    fake_sign(public_key, message, ret_signature);
}

bool seal_ed25519_verify(const uint8_t public_key[LIMIT_KEY_SIZE], struct span message,
                         const uint8_t signature[LIMIT_SIGNATURE_SIZE])
{
    uint8_t expected[LIMIT_SIGNATURE_SIZE];
    fake_sign(public_key, message, expected);
    return memcmp(expected, signature, sizeof expected) == 0;
}

bool seal_ed25519_key_valid(const uint8_t public_key[LIMIT_KEY_SIZE])
{
    static const uint8_t zero[LIMIT_KEY_SIZE];
    return memcmp(public_key, zero, sizeof zero) != 0;
}
