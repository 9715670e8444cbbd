#include "seal/keyfile.h"

#include "seal/ed25519.h"
#include "seal/secret.h"

#include <sodium.h>
#include <string.h>
#include <sys/resource.h>

/* magic, version, suite, passes, memory, salt | nonce, two secrets sealed | tag under the device
 * secret over all before it. The tag is checked first: an altered or foreign file is refused before
 * it can make this machine work. */
enum {
    MAGIC_SIZE = 8,
    VERSION = 1,
    SALT_SIZE = crypto_pwhash_argon2id_SALTBYTES,
    NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    HEADER_SIZE = MAGIC_SIZE + 1 + 1 + 8 + 8 + SALT_SIZE + NONCE_SIZE,
    BOX_SECRET_SIZE = 32,
    SECRETS_SIZE = SEAL_SEED_SIZE + BOX_SECRET_SIZE,
    SEALED_SIZE = SECRETS_SIZE + crypto_aead_xchacha20poly1305_ietf_ABYTES,
    TAG_SIZE = 32,
    FILE_SIZE = HEADER_SIZE + SEALED_SIZE + TAG_SIZE,
    MIXED_SIZE = 64, /* password and device secret in one */
};

_Static_assert((size_t)FILE_SIZE <= KEYFILE_SIZE_MAX, "a key file fits its bound");
_Static_assert(KEYFILE_DEVICE_SECRET_SIZE == crypto_generichash_KEYBYTES, "device secret size");

static const uint8_t MAGIC[MAGIC_SIZE] = {'J', 'I', 'E', 'L', 'I', 'K', 'E', 'Y'};

static const uint64_t MEMORY_STEP = (uint64_t)1 << 20;
static const struct keyfile_cost COST_FLOOR = {3, (uint64_t)64 << 20};
static const struct keyfile_cost COST_CEILING = {64, (uint64_t)1 << 30};

struct keyring {
    uint8_t secrets[SECRETS_SIZE]; /* signing seed, then sealing secret */
    struct signer *signer;
    struct seal_box_secret *box;
};

/* Room for the secrets, to be filled before keyring_ready. */
static struct keyring *keyring_new(void)
{
    struct keyring *keyring = secret_new(sizeof *keyring);
    if (keyring != NULL) {
        memset(keyring, 0, sizeof *keyring);
    }
    return keyring;
}

static bool keyring_ready(struct keyring *keyring)
{
    keyring->signer = signer_new(keyring->secrets);
    keyring->box = seal_box_new(keyring->secrets + SEAL_SEED_SIZE);
    secret_freeze(keyring);
    return keyring->signer != NULL && keyring->box != NULL;
}

struct keyring *keyring_new_random(void)
{
    struct keyring *keyring = keyring_new();
    if (keyring == NULL) {
        return NULL;
    }
    randombytes_buf(keyring->secrets, SECRETS_SIZE);
    if (!keyring_ready(keyring)) {
        keyring_free(keyring);
        return NULL;
    }
    return keyring;
}

void keyring_free(struct keyring *keyring)
{
    if (keyring == NULL) {
        return;
    }
    signer_free(keyring->signer);
    seal_box_free(keyring->box);
    secret_free(keyring);
}

const struct signer *keyring_signer_view(const struct keyring *keyring)
{
    return keyring->signer;
}

const struct seal_box_secret *keyring_box_view(const struct keyring *keyring)
{
    return keyring->box;
}

static bool cost_valid(struct keyfile_cost cost)
{
    return cost.passes >= COST_FLOOR.passes && cost.passes <= COST_CEILING.passes &&
           cost.memory >= COST_FLOOR.memory && cost.memory <= COST_CEILING.memory &&
           cost.memory % MEMORY_STEP == 0;
}

struct keyfile_cost keyfile_cost_floor(void)
{
    return COST_FLOOR;
}

/* Argon2id over password and device secret. ERR_MEMORY: not that much memory. */
static enum err derive_key(struct span password,
                           const uint8_t device_secret[KEYFILE_DEVICE_SECRET_SIZE],
                           const uint8_t salt[SALT_SIZE], struct keyfile_cost cost,
                           uint8_t ret_key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES])
{
    static const char domain[] = "jieli/v1/password"; /* hashed with its NUL */
    uint8_t mixed[MIXED_SIZE];
    crypto_generichash_state hash;
    crypto_generichash_init(&hash, device_secret, KEYFILE_DEVICE_SECRET_SIZE, sizeof mixed);
    crypto_generichash_update(&hash, (const uint8_t *)domain, sizeof domain);
    crypto_generichash_update(&hash, password.data, password.size);
    crypto_generichash_final(&hash, mixed, sizeof mixed);
    int failed = crypto_pwhash_argon2id(ret_key, crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
                                        (const char *)mixed, sizeof mixed, salt, cost.passes,
                                        (size_t)cost.memory, crypto_pwhash_argon2id_ALG_ARGON2ID13);
    sodium_memzero(mixed, sizeof mixed);
    sodium_memzero(&hash, sizeof hash);
    return failed == 0 ? ERR_NONE : ERR_MEMORY;
}

/* Processor time of this thread so far; 0 when the system does not tell. */
static int64_t spent_us(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_THREAD, &usage) != 0) {
        return 0;
    }
    int64_t seconds = (int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec;
    return seconds * 1000000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

struct keyfile_cost keyfile_cost_default(void)
{
    static const uint8_t nothing[KEYFILE_DEVICE_SECRET_SIZE];
    const uint64_t wanted_us = 1000000;
    struct keyfile_cost cost = COST_FLOOR;
    uint8_t key[32];
    int64_t start_us = spent_us();
    if (derive_key(span_of(NULL, 0), nothing, nothing, COST_FLOOR, key) != ERR_NONE) {
        return cost;
    }
    int64_t run_us = spent_us() - start_us;
    uint64_t pass_us = (uint64_t)(run_us > 0 ? run_us : 1) / COST_FLOOR.passes + 1;
    uint64_t passes = wanted_us / pass_us;
    if (passes > COST_CEILING.passes) {
        passes = COST_CEILING.passes;
    }
    if (passes > cost.passes) {
        cost.passes = passes;
    }
    return cost;
}

static void file_tag(const uint8_t *file, const uint8_t device_secret[KEYFILE_DEVICE_SECRET_SIZE],
                     uint8_t ret[TAG_SIZE])
{
    static const char domain[] = "jieli/v1/keyfile"; /* hashed with its NUL */
    crypto_generichash_state hash;
    crypto_generichash_init(&hash, device_secret, KEYFILE_DEVICE_SECRET_SIZE, TAG_SIZE);
    crypto_generichash_update(&hash, (const uint8_t *)domain, sizeof domain);
    crypto_generichash_update(&hash, file, FILE_SIZE - TAG_SIZE);
    crypto_generichash_final(&hash, ret, TAG_SIZE);
    sodium_memzero(&hash, sizeof hash);
}

enum err keyfile_seal(const struct keyring *keyring, struct span password,
                      const uint8_t device_secret[KEYFILE_DEVICE_SECRET_SIZE],
                      struct keyfile_cost cost, struct buf *ret)
{
    uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
    uint8_t file[FILE_SIZE];
    if (!cost_valid(cost)) {
        return ERR_LIMIT;
    }
    memcpy(file, MAGIC, MAGIC_SIZE);
    file[MAGIC_SIZE] = VERSION;
    file[MAGIC_SIZE + 1] = SEAL_SUITE_ED25519;
    put_u64(file + MAGIC_SIZE + 2, cost.passes);
    put_u64(file + MAGIC_SIZE + 10, cost.memory);
    uint8_t *salt = file + MAGIC_SIZE + 18;
    uint8_t *nonce = salt + SALT_SIZE;
    randombytes_buf(salt, SALT_SIZE + NONCE_SIZE);
    enum err err = derive_key(password, device_secret, salt, cost, key);
    if (err != ERR_NONE) {
        return err;
    }
    crypto_aead_xchacha20poly1305_ietf_encrypt(file + HEADER_SIZE, NULL, keyring->secrets,
                                               SECRETS_SIZE, file, HEADER_SIZE, NULL, nonce, key);
    sodium_memzero(key, sizeof key);
    file_tag(file, device_secret, file + FILE_SIZE - TAG_SIZE);
    buf_put(ret, file, sizeof file);
    return ret->err;
}

/* All that can be told without the password. */
static enum err read_header(struct span file, const uint8_t *device_secret,
                            struct keyfile_cost *ret)
{
    uint8_t tag[TAG_SIZE];
    if (file.size < MAGIC_SIZE + 2 || memcmp(file.data, MAGIC, MAGIC_SIZE) != 0) {
        return ERR_MALFORMED;
    }
    if (file.data[MAGIC_SIZE] != VERSION || file.data[MAGIC_SIZE + 1] != SEAL_SUITE_ED25519) {
        return ERR_VERSION;
    }
    if (file.size != FILE_SIZE) {
        return ERR_MALFORMED;
    }
    ret->passes = get_u64(file.data + MAGIC_SIZE + 2);
    ret->memory = get_u64(file.data + MAGIC_SIZE + 10);
    if (!cost_valid(*ret)) {
        return ERR_LIMIT;
    }
    file_tag(file.data, device_secret, tag);
    return sodium_memcmp(tag, file.data + FILE_SIZE - TAG_SIZE, TAG_SIZE) == 0 ? ERR_NONE
                                                                               : ERR_AUTH;
}

enum err keyfile_open(struct span file, struct span password,
                      const uint8_t device_secret[KEYFILE_DEVICE_SECRET_SIZE],
                      struct keyring **ret_keyring)
{
    uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
    struct keyring *keyring = NULL;
    struct keyfile_cost cost;
    enum err err = read_header(file, device_secret, &cost);
    if (err != ERR_NONE) {
        return err;
    }
    const uint8_t *salt = file.data + MAGIC_SIZE + 18;
    const uint8_t *nonce = salt + SALT_SIZE;
    err = derive_key(password, device_secret, salt, cost, key);
    if (err != ERR_NONE) {
        return err;
    }
    keyring = keyring_new();
    if (keyring == NULL) {
        err = ERR_MEMORY;
        goto out;
    }
    int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(keyring->secrets, NULL, NULL,
                                                            file.data + HEADER_SIZE, SEALED_SIZE,
                                                            file.data, HEADER_SIZE, nonce, key);
    if (failed != 0) {
        err = ERR_AUTH;
    } else if (!keyring_ready(keyring)) {
        err = ERR_MEMORY;
    } else {
        *ret_keyring = keyring;
        keyring = NULL;
    }
out:
    keyring_free(keyring);
    sodium_memzero(key, sizeof key);
    return err;
}
