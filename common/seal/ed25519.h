#ifndef JIELI_SEAL_ED25519_H
#define JIELI_SEAL_ED25519_H

#include "base/limits.h"
#include "base/span.h"

/* The bare signature scheme, alone in its file: the simulator links a fast, binding stand-in
 * (tests/sim/ed25519_fake.c) instead. Everything else goes through sign.h. */

enum { SEAL_SEED_SIZE = 32 };

void seal_ed25519_public(const uint8_t seed[SEAL_SEED_SIZE], uint8_t ret_public[LIMIT_KEY_SIZE]);
void seal_ed25519_sign(const uint8_t seed[SEAL_SEED_SIZE], const uint8_t public_key[LIMIT_KEY_SIZE],
                       struct span message, uint8_t ret_signature[LIMIT_SIGNATURE_SIZE]);
MUST_USE bool seal_ed25519_verify(const uint8_t public_key[LIMIT_KEY_SIZE], struct span message,
                                  const uint8_t signature[LIMIT_SIGNATURE_SIZE]);
/* False for small-order, mixed-order and non-canonical points; asked once when a key is enrolled.
 */
MUST_USE bool seal_ed25519_key_valid(const uint8_t public_key[LIMIT_KEY_SIZE]);

#endif
