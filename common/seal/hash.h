#ifndef JIELI_SEAL_HASH_H
#define JIELI_SEAL_HASH_H

#include "base/limits.h"
#include "base/span.h"

/* SHA-256 state, large enough for libsodium's; checked by a static assertion in hash.c. */
struct seal_sha256 {
    uint64_t opaque[16];
};

void seal_sha256_init(struct seal_sha256 *sha);
void seal_sha256_update(struct seal_sha256 *sha, struct span bytes);
void seal_sha256_final(struct seal_sha256 *sha, uint8_t ret[LIMIT_HASH_SIZE]);
void seal_sha256(struct span bytes, uint8_t ret[LIMIT_HASH_SIZE]);

#endif
