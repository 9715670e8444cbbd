#include "seal/part.h"

#include "seal/hash.h"
#include "seal/secret.h"

#include <sodium.h>
#include <string.h>

enum {
    CONTEXT_SIZE = LIMIT_KEY_SIZE + 8 + 8 + LIMIT_ID_SIZE + 4,
    NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    PLAINTEXT_MAX_SIZE = LIMIT_SEALED_SIZE - 256,
};

_Static_assert(SEAL_RECORD_KEY_SIZE == crypto_generichash_KEYBYTES, "record key size");
_Static_assert(SEAL_PART_KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "part key size");
_Static_assert(SEAL_BOX_PUBLIC_SIZE == crypto_box_PUBLICKEYBYTES, "X25519 public key size");
_Static_assert(crypto_box_SECRETKEYBYTES == 32, "X25519 secret size");
_Static_assert(SEAL_WRAP_SIZE == crypto_box_SEALBYTES + 32, "a sealed box over 32 bytes");
_Static_assert(NONCE_SIZE + TAG_SIZE + SEAL_PAD_STEP <= 256, "room kept beside the plaintext");

static void context_encode(const struct seal_part_context *context, uint8_t ret[CONTEXT_SIZE])
{
    memcpy(ret, context->device, LIMIT_KEY_SIZE);
    put_u64(ret + LIMIT_KEY_SIZE, context->incarnation);
    put_u64(ret + LIMIT_KEY_SIZE + 8, context->seq);
    memcpy(ret + LIMIT_KEY_SIZE + 16, context->record, LIMIT_ID_SIZE);
    put_u32(ret + LIMIT_KEY_SIZE + 16 + LIMIT_ID_SIZE, context->label);
}

void seal_part_key(const uint8_t record_key[SEAL_RECORD_KEY_SIZE],
                   const struct seal_part_context *context, uint8_t ret_key[SEAL_PART_KEY_SIZE])
{
    static const char domain[] = "jieli/v1/part"; /* hashed with its NUL */
    uint8_t message[sizeof domain + CONTEXT_SIZE];
    memcpy(message, domain, sizeof domain);
    context_encode(context, message + sizeof domain);
    crypto_generichash(ret_key, SEAL_PART_KEY_SIZE, message, sizeof message, record_key,
                       SEAL_RECORD_KEY_SIZE);
}

void seal_part_commit(const uint8_t part_key[SEAL_PART_KEY_SIZE], uint8_t ret[LIMIT_HASH_SIZE])
{
    static const char domain[] = "jieli/v1/commit"; /* hashed with its NUL */
    struct seal_sha256 sha;
    seal_sha256_init(&sha);
    seal_sha256_update(&sha, span_of(domain, sizeof domain));
    seal_sha256_update(&sha, span_of(part_key, SEAL_PART_KEY_SIZE));
    seal_sha256_final(&sha, ret);
    sodium_memzero(&sha, sizeof sha);
}

enum err seal_part_encrypt(const uint8_t part_key[SEAL_PART_KEY_SIZE],
                           const struct seal_part_context *context, struct span plaintext,
                           struct buf *ret)
{
    uint8_t ad[CONTEXT_SIZE];
    if (plaintext.size > PLAINTEXT_MAX_SIZE) {
        return ERR_LIMIT;
    }
    size_t padded = (plaintext.size / SEAL_PAD_STEP + 1) * SEAL_PAD_STEP;
    uint8_t *nonce = buf_grow(ret, NONCE_SIZE + padded + TAG_SIZE);
    if (nonce == NULL) {
        return ret->err;
    }
    uint8_t *text = nonce + NONCE_SIZE;
    context_encode(context, ad);
    randombytes_buf(nonce, NONCE_SIZE);
    memset(text, 0, padded);
    if (plaintext.size > 0) {
        memcpy(text, plaintext.data, plaintext.size);
    }
    text[plaintext.size] = 0x80; /* ISO/IEC 7816-4, as sodium_unpad reads it */
    crypto_aead_xchacha20poly1305_ietf_encrypt(text, NULL, text, padded, ad, sizeof ad, NULL, nonce,
                                               part_key);
    return ERR_NONE;
}

enum err seal_part_decrypt(const uint8_t part_key[SEAL_PART_KEY_SIZE],
                           const struct seal_part_context *context, struct span ciphertext,
                           struct buf *ret)
{
    uint8_t ad[CONTEXT_SIZE];
    size_t around = NONCE_SIZE + TAG_SIZE;
    if (ciphertext.size > LIMIT_SEALED_SIZE || ciphertext.size < around + SEAL_PAD_STEP ||
        (ciphertext.size - around) % SEAL_PAD_STEP != 0) {
        return ERR_AUTH;
    }
    size_t padded = ciphertext.size - around;
    size_t start = ret->size;
    size_t size = 0;
    uint8_t *text = buf_grow(ret, padded);
    if (text == NULL) {
        return ret->err;
    }
    context_encode(context, ad);
    int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
        text, NULL, NULL, ciphertext.data + NONCE_SIZE, ciphertext.size - NONCE_SIZE, ad, sizeof ad,
        ciphertext.data, part_key);
    if (failed != 0 || sodium_unpad(&size, text, padded, SEAL_PAD_STEP) != 0) {
        sodium_memzero(text, padded);
        ret->size = start;
        return ERR_AUTH;
    }
    ret->size = start + size;
    return ERR_NONE;
}

struct seal_box_secret {
    uint8_t secret[32];
    uint8_t public_key[SEAL_BOX_PUBLIC_SIZE];
};

struct seal_box_secret *seal_box_new(const uint8_t secret[32])
{
    struct seal_box_secret *box = secret_new(sizeof *box);
    if (box == NULL) {
        return NULL;
    }
    memcpy(box->secret, secret, sizeof box->secret);
    crypto_scalarmult_base(box->public_key, box->secret);
    secret_freeze(box);
    return box;
}

struct seal_box_secret *seal_box_new_random(void)
{
    uint8_t secret[32];
    randombytes_buf(secret, sizeof secret);
    struct seal_box_secret *box = seal_box_new(secret);
    sodium_memzero(secret, sizeof secret);
    return box;
}

void seal_box_free(struct seal_box_secret *secret)
{
    secret_free(secret);
}

const uint8_t *seal_box_public_view(const struct seal_box_secret *secret)
{
    return secret->public_key;
}

bool seal_box_public_valid(const uint8_t public_key[SEAL_BOX_PUBLIC_SIZE])
{
    /* Any scalar will do: libsodium refuses when the product is the same for all of them. */
    static const uint8_t scalar[32] = {9};
    uint8_t product[32];
    return (public_key[31] & 0x80) == 0 && crypto_scalarmult(product, scalar, public_key) == 0;
}

/* A sealed box whose ephemeral key is derived from what it holds and for whom: libsodium's own box
 * (crypto_box_seal_open opens it), and the same each time. The key inside is random and secret, so
 * what is derived from it is, too. */
void seal_wrap(const uint8_t public_key[SEAL_BOX_PUBLIC_SIZE], const uint8_t key[32],
               uint8_t ret_wrap[SEAL_WRAP_SIZE])
{
    static const char domain[] = "jieli/v1/wrap"; /* hashed with its NUL */
    uint8_t message[sizeof domain + SEAL_BOX_PUBLIC_SIZE];
    uint8_t both[2 * crypto_box_PUBLICKEYBYTES];
    uint8_t secret[crypto_box_SECRETKEYBYTES];
    uint8_t nonce[crypto_box_NONCEBYTES];
    memcpy(message, domain, sizeof domain);
    memcpy(message + sizeof domain, public_key, SEAL_BOX_PUBLIC_SIZE);
    crypto_generichash(secret, sizeof secret, message, sizeof message, key, 32);
    (void)crypto_scalarmult_base(both, secret);
    memcpy(both + crypto_box_PUBLICKEYBYTES, public_key, SEAL_BOX_PUBLIC_SIZE);
    crypto_generichash(nonce, sizeof nonce, both, sizeof both, NULL, 0);
    memcpy(ret_wrap, both, crypto_box_PUBLICKEYBYTES);
    if (crypto_box_easy(ret_wrap + crypto_box_PUBLICKEYBYTES, key, 32, nonce, public_key, secret) !=
        0) {
        memset(ret_wrap, 0, SEAL_WRAP_SIZE);
    }
    sodium_memzero(secret, sizeof secret);
}

enum err seal_unwrap(const struct seal_box_secret *secret, const uint8_t wrap[SEAL_WRAP_SIZE],
                     uint8_t ret_key[32])
{
    uint8_t key[32];
    int failed =
        crypto_box_seal_open(key, wrap, SEAL_WRAP_SIZE, secret->public_key, secret->secret);
    if (failed == 0) {
        memcpy(ret_key, key, sizeof key);
    }
    sodium_memzero(key, sizeof key);
    return failed == 0 ? ERR_NONE : ERR_AUTH;
}

void seal_box_wrap_for(const struct seal_box_secret *secret,
                       const uint8_t public_key[SEAL_BOX_PUBLIC_SIZE],
                       uint8_t ret_wrap[SEAL_WRAP_SIZE])
{
    seal_wrap(public_key, secret->secret, ret_wrap);
}
