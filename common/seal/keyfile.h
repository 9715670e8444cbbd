#ifndef JIELI_SEAL_KEYFILE_H
#define JIELI_SEAL_KEYFILE_H

#include "seal/part.h"
#include "seal/sign.h"

/* The two secrets of one person or device: signing seed and sealing (X25519) secret. In memory
 * only inside struct keyring (locked pages); on disk only inside a key file. */
struct keyring;

struct keyring *keyring_new_random(void); /* NULL: no locked memory */
void keyring_free(struct keyring *keyring);
/* Borrowed until keyring_free. */
const struct signer *keyring_signer_view(const struct keyring *keyring);
const struct seal_box_secret *keyring_box_view(const struct keyring *keyring);

enum { KEYFILE_SIZE_MAX = 512, KEYFILE_DEVICE_SECRET_SIZE = 32 };

/* Argon2id costs; written into the file. keyfile_cost_default: calibrated to about 1 s, never
 * below 64 MiB and 3 passes. keyfile_cost_floor: exactly that floor (tests). */
struct keyfile_cost {
    uint64_t passes;
    uint64_t memory; /* bytes */
};
struct keyfile_cost keyfile_cost_default(void);
struct keyfile_cost keyfile_cost_floor(void);

/* Encrypts the keyring under password mixed with device_secret and appends the file's bytes.
 * A device key file uses an empty password. */
MUST_USE enum err keyfile_seal(const struct keyring *keyring, struct span password,
                               const uint8_t device_secret[KEYFILE_DEVICE_SECRET_SIZE],
                               struct keyfile_cost cost, struct buf *ret);
/* ERR_AUTH: wrong password, wrong device or altered file. ERR_LIMIT: costs beyond 1 GiB or 64
 * passes (a hostile file must not eat the machine). The caller frees *ret_keyring. */
MUST_USE enum err keyfile_open(struct span file, struct span password,
                               const uint8_t device_secret[KEYFILE_DEVICE_SECRET_SIZE],
                               struct keyring **ret_keyring);

#endif
