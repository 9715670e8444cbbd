#include "seal/hash.h"

#include <sodium.h>

_Static_assert(sizeof(struct seal_sha256) >= sizeof(crypto_hash_sha256_state),
               "struct seal_sha256 holds libsodium's state");
_Static_assert(_Alignof(struct seal_sha256) >= _Alignof(crypto_hash_sha256_state),
               "struct seal_sha256 is aligned for libsodium's state");
_Static_assert(LIMIT_HASH_SIZE == crypto_hash_sha256_BYTES, "hash size");

static crypto_hash_sha256_state *sha_state(struct seal_sha256 *sha)
{
    return (void *)sha->opaque;
}

void seal_sha256_init(struct seal_sha256 *sha)
{
    crypto_hash_sha256_init(sha_state(sha));
}

void seal_sha256_update(struct seal_sha256 *sha, struct span bytes)
{
    crypto_hash_sha256_update(sha_state(sha), bytes.data, bytes.size);
}

void seal_sha256_final(struct seal_sha256 *sha, uint8_t ret[LIMIT_HASH_SIZE])
{
    crypto_hash_sha256_final(sha_state(sha), ret);
}

void seal_sha256(struct span bytes, uint8_t ret[LIMIT_HASH_SIZE])
{
    crypto_hash_sha256(ret, bytes.data, bytes.size);
}
