#ifndef JIELI_WIRE_TRUST_H
#define JIELI_WIRE_TRUST_H

#include "seal/sign.h"
#include "wire/wire.h"

/* Enrolment requests, trust notes and bundles (proto/trust.proto): files between machines that do
 * not know each other yet. At most WIRE_TRUST_SIZE bytes; strict like all decoders. */
enum { WIRE_TRUST_SIZE = 8192, WIRE_ENDPOINT_SIZE = 256 };

enum wire_enrolment_kind { WIRE_ENROL_STATION = 1, WIRE_ENROL_AUDITOR = 2, WIRE_ENROL_HUB = 3 };

struct wire_enrolment {
    enum wire_enrolment_kind kind;
    uint8_t public_key[LIMIT_KEY_SIZE];
    uint8_t curve_key[LIMIT_KEY_SIZE];
    uint8_t box_key[LIMIT_KEY_SIZE];
    char code[LIMIT_CODE_SIZE];
    char origin_prefix[WIRE_ORIGIN_SIZE]; /* hub only */
    uint8_t hub[LIMIT_ID_SIZE];           /* hub only */
    uint64_t made_ms;
};

struct wire_trust {
    uint8_t hub[LIMIT_ID_SIZE];
    uint8_t public_key[LIMIT_KEY_SIZE];
    uint8_t curve_key[LIMIT_KEY_SIZE];
    char origin_prefix[WIRE_ORIGIN_SIZE];
    char code[LIMIT_CODE_SIZE];
    uint64_t issued_ms;
};

struct wire_bundle {
    struct span trust; /* Signed bytes, for wire_trust_open; borrowed from the bundle's bytes */
    uint8_t root[LIMIT_KEY_SIZE];
    char endpoint[WIRE_ENDPOINT_SIZE];
    char bell_endpoint[WIRE_ENDPOINT_SIZE];
    uint8_t device[LIMIT_KEY_SIZE];
    enum wire_enrolment_kind kind;
    uint64_t issued_ms;
};

/* Appends the signed file. */
MUST_USE enum err wire_enrolment_seal(const struct wire_enrolment *enrolment,
                                      const struct signer *signer, struct buf *ret);
MUST_USE enum err wire_trust_seal(const struct wire_trust *trust, const struct signer *root,
                                  struct buf *ret);
MUST_USE enum err wire_bundle_seal(const struct wire_bundle *bundle, const struct signer *hub,
                                   struct buf *ret);
/* ERR_AUTH: not signed by the key it names (enrolment), by root, by the hub it names. An
 * enrolment's keys are checked for weakness. */
MUST_USE enum err wire_enrolment_open(struct span bytes, struct wire_enrolment *ret);
MUST_USE enum err wire_trust_open(struct span bytes, const uint8_t root[LIMIT_KEY_SIZE],
                                  struct wire_trust *ret);
/* Opens the bundle, the trust note in it, and checks that the trusted hub signed the bundle. root:
 * NULL takes the bundle's own (first contact: the fingerprint is shown to a person). */
MUST_USE enum err wire_bundle_open(struct span bytes, const uint8_t *root, struct wire_bundle *ret,
                                   struct wire_trust *ret_trust);

#endif
