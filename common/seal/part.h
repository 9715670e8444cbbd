#ifndef JIELI_SEAL_PART_H
#define JIELI_SEAL_PART_H

#include "base/limits.h"
#include "base/span.h"

/* Sealed parts: personal and free-text content beside an event (evidence.md, section 7).
 * part key = KDF(record key, label); ct = XChaCha20-Poly1305(part key, random nonce, pad(text),
 * AD = station, incarnation, seq, record, label), nonce in front of ct. The body of the event
 * carries SHA-256 of these bytes and a commitment to the part key, so exactly one plaintext can
 * ever be shown and one part disclosed without the others. */

enum {
    SEAL_RECORD_KEY_SIZE = 32,
    SEAL_PART_KEY_SIZE = 32,
    SEAL_BOX_PUBLIC_SIZE = 32,
    SEAL_WRAP_SIZE = 80, /* a sealed box over 32 bytes */
    SEAL_PAD_STEP = 64   /* plaintexts are padded to a multiple of this */
};

struct seal_part_context {
    const uint8_t *device; /* LIMIT_KEY_SIZE */
    uint64_t incarnation;
    uint64_t seq;
    const uint8_t *record; /* LIMIT_ID_SIZE */
    uint32_t label;
};

/* Derives the key of one part: the context is in it, so no two parts share a key. */
void seal_part_key(const uint8_t record_key[SEAL_RECORD_KEY_SIZE],
                   const struct seal_part_context *context, uint8_t ret_key[SEAL_PART_KEY_SIZE]);
/* SHA-256("jieli/v1/commit" 0x00 part key): what the body carries. */
void seal_part_commit(const uint8_t part_key[SEAL_PART_KEY_SIZE], uint8_t ret[LIMIT_HASH_SIZE]);
/* Appends nonce and ciphertext. plaintext at most LIMIT_SEALED_SIZE - 256. */
MUST_USE enum err seal_part_encrypt(const uint8_t part_key[SEAL_PART_KEY_SIZE],
                                    const struct seal_part_context *context, struct span plaintext,
                                    struct buf *ret);
/* ERR_AUTH when key, context or bytes do not belong together. Appends the plaintext. */
MUST_USE enum err seal_part_decrypt(const uint8_t part_key[SEAL_PART_KEY_SIZE],
                                    const struct seal_part_context *context, struct span ciphertext,
                                    struct buf *ret);

/* X25519 keys of members and audiences. */
struct seal_box_secret; /* locked memory */
struct seal_box_secret *seal_box_new_random(void);
/* From 32 bytes, as unwrapped or read from a key file. */
struct seal_box_secret *seal_box_new(const uint8_t secret[32]);
void seal_box_free(struct seal_box_secret *secret);
const uint8_t *seal_box_public_view(const struct seal_box_secret *secret); /* 32 bytes */
/* False for the few public keys whose wraps everybody could open, and for encodings with the spare
 * bit set; asked once when a key is enrolled. */
MUST_USE bool seal_box_public_valid(const uint8_t public_key[SEAL_BOX_PUBLIC_SIZE]);
/* Anyone can wrap a random secret of 32 bytes for a public key; only its secret opens it. The same
 * for the same two: parts of one record carry the same wraps, which can be kept once. For a key
 * whose wraps everybody could open the wrap is all zeros and opens for nobody. */
void seal_wrap(const uint8_t public_key[SEAL_BOX_PUBLIC_SIZE], const uint8_t key[32],
               uint8_t ret_wrap[SEAL_WRAP_SIZE]);
MUST_USE enum err seal_unwrap(const struct seal_box_secret *secret,
                              const uint8_t wrap[SEAL_WRAP_SIZE], uint8_t ret_key[32]);
/* Wraps the secret itself for another member (an audience key for its members). */
void seal_box_wrap_for(const struct seal_box_secret *secret,
                       const uint8_t public_key[SEAL_BOX_PUBLIC_SIZE],
                       uint8_t ret_wrap[SEAL_WRAP_SIZE]);

#endif
