#include "seal/hash.h"

/* libcrypto's SHA-256 uses the processor's own instructions, libsodium's is portable C: hashing is
 * what costs most beside the signatures (tests/bench). The plain interface of 1.1 is a third
 * faster for our short messages than EVP, and libcrypto 3 still has it. */
#define OPENSSL_API_COMPAT 0x10100000L
#include <openssl/sha.h>

_Static_assert(sizeof(struct seal_sha256) >= sizeof(SHA256_CTX), "room for libcrypto's state");
_Static_assert(_Alignof(struct seal_sha256) >= _Alignof(SHA256_CTX), "its alignment");
_Static_assert(LIMIT_HASH_SIZE == SHA256_DIGEST_LENGTH, "hash size");

static SHA256_CTX *sha_state(struct seal_sha256 *sha)
{
    return (void *)sha->opaque;
}

void seal_sha256_init(struct seal_sha256 *sha)
{
    (void)SHA256_Init(sha_state(sha));
}

void seal_sha256_update(struct seal_sha256 *sha, struct span bytes)
{
    if (bytes.size > 0) {
        (void)SHA256_Update(sha_state(sha), bytes.data, bytes.size);
    }
}

void seal_sha256_final(struct seal_sha256 *sha, uint8_t ret[LIMIT_HASH_SIZE])
{
    (void)SHA256_Final(ret, sha_state(sha));
}

void seal_sha256(struct span bytes, uint8_t ret[LIMIT_HASH_SIZE])
{
    struct seal_sha256 sha;
    seal_sha256_init(&sha);
    seal_sha256_update(&sha, bytes);
    seal_sha256_final(&sha, ret);
}
