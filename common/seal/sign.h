#ifndef JIELI_SEAL_SIGN_H
#define JIELI_SEAL_SIGN_H

#include "base/limits.h"
#include "base/span.h"

/* What a signature is for. A signature made for one purpose fails under every other. */
enum seal_purpose {
    SEAL_EVENT,     /* application/vnd.jieli.event.v1+protobuf */
    SEAL_HEAD,      /* a station's chain head, once per push */
    SEAL_NACK,      /* the hub's refusal of a whole push */
    SEAL_ENROLMENT, /* a station's or hub's enrolment request */
    SEAL_TRUST,     /* the district root's trust note about a hub */
    SEAL_BUNDLE,    /* the hub's answer to an enrolment; USB bundles */
    SEAL_SLIP,      /* the QR on a printed slip */
    SEAL_PURPOSE_COUNT
};

enum { SEAL_SUITE_ED25519 = 1 /* 2 is reserved for SM2/SM3 */ };

/* The DSSE payload type of a purpose: "application/vnd.jieli.<kind>.v1+protobuf". */
const char *seal_purpose_type(enum seal_purpose purpose);

/* A key that can sign; the secret never leaves it (one day it may be a UKey). */
struct signer;

/* A signer over a copy of seed in locked memory. NULL when memory cannot be had. */
struct signer *signer_new(const uint8_t seed[32]);
void signer_free(struct signer *signer);
/* Borrowed, until signer_free. */
const uint8_t *signer_public_view(const struct signer *signer); /* LIMIT_KEY_SIZE bytes */
const uint8_t *signer_key_id_view(const struct signer *signer); /* LIMIT_HASH_SIZE bytes */
/* Signs DSSE PAE(type of purpose, body). Allocates only for bodies above LIMIT_ENVELOPE_SIZE. */
void signer_sign(const struct signer *signer, enum seal_purpose purpose, struct span body,
                 uint8_t ret_signature[LIMIT_SIGNATURE_SIZE]);
/* Signs the text of a C2SP note as it stands (no PAE: the public format asks for it). The text
 * must end in a newline and must not begin with "DSSEv1 ", as a PAE does. */
void signer_sign_note(const struct signer *signer, struct span text,
                      uint8_t ret_signature[LIMIT_SIGNATURE_SIZE]);

/* key id = SHA-256("jieli/v1/kid" 0x00 suite public_key) */
void seal_key_id(uint8_t suite, const uint8_t public_key[LIMIT_KEY_SIZE],
                 uint8_t ret_id[LIMIT_HASH_SIZE]);
/* id = SHA-256(PAE(type of purpose, body)): the event id when the purpose is SEAL_EVENT. */
void seal_body_id(enum seal_purpose purpose, struct span body, uint8_t ret_id[LIMIT_HASH_SIZE]);
MUST_USE bool seal_verify(const uint8_t public_key[LIMIT_KEY_SIZE], enum seal_purpose purpose,
                          struct span body, const uint8_t signature[LIMIT_SIGNATURE_SIZE]);
MUST_USE bool seal_verify_note(const uint8_t public_key[LIMIT_KEY_SIZE], struct span text,
                               const uint8_t signature[LIMIT_SIGNATURE_SIZE]);

/* Once per process before anything else of seal/; ERR_STATE when libsodium cannot start. */
MUST_USE enum err seal_init(void);
/* No core dumps, not dumpable, no swap for secrets; ERR_STATE when memory cannot be locked. */
MUST_USE enum err seal_harden_process(void);
/* Fills from the system's generator. */
void seal_random(void *ret, size_t size);

#endif
