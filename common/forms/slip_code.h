#ifndef JIELI_FORMS_SLIP_CODE_H
#define JIELI_FORMS_SLIP_CODE_H

#include "seal/sign.h"

/* What the QR of a slip says: which event it was printed for, signed by the station (SEAL_SLIP).
 * The text is "JL1:" and base64 of the signed message and its 64 bytes of signature. The message is
 * protobuf: 1 bytes public key, 2 fixed64 incarnation, 3 fixed64 seq, 4 bytes event id, 5 fixed32
 * due day (absent: none), always in this order. */
enum { SLIP_CODE_SIZE = 256 }; /* with the NUL */

struct slip_code {
    uint8_t public_key[LIMIT_KEY_SIZE]; /* of the station */
    uint64_t incarnation;
    uint64_t seq;
    uint8_t id[LIMIT_HASH_SIZE];
    uint32_t due_day; /* 0: none */
};

/* slip->public_key is taken from signer. Appends the text. */
void slip_code_make(const struct slip_code *slip, const struct signer *signer, struct buf *ret);
/* ERR_MALFORMED: no such text. ERR_AUTH: not signed by the key it names. Whose key that is, is the
 * caller's to know. */
MUST_USE enum err slip_code_open(struct span text, struct slip_code *ret);

#endif
