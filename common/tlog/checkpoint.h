#ifndef JIELI_TLOG_CHECKPOINT_H
#define JIELI_TLOG_CHECKPOINT_H

#include "seal/sign.h"
#include "tlog/tree.h"

/* C2SP tlog-checkpoint in a C2SP signed-note: origin, size, base64 root, blank line, signatures.
 * One known key is asked for; lines by other keys (cosignatures) are allowed and kept. */
enum { TLOG_ORIGIN_SIZE = 128 };

struct tlog_checkpoint {
    char origin[TLOG_ORIGIN_SIZE]; /* "hub.<county>.<town>.jieli/<epoch>" */
    uint64_t size;
    struct tlog_hash root;
};

/* Appends the note signed by signer under key name == origin (Ed25519 note key, algorithm 1). */
MUST_USE enum err tlog_checkpoint_sign(const struct tlog_checkpoint *checkpoint,
                                       const struct signer *signer, struct buf *ret_note);
/* Reads and verifies; strict: canonical numbers and base64, no extension lines, at most 16
 * signature lines, LIMIT_NOTE_SIZE bytes. ERR_MALFORMED or ERR_AUTH. */
MUST_USE enum err tlog_checkpoint_open(struct span note, const char *origin,
                                       const uint8_t public_key[LIMIT_KEY_SIZE],
                                       struct tlog_checkpoint *ret);
/* The epoch in an origin: the number behind the last slash, canonical, 1 .. UINT32_MAX. 0: there is
 * none, also for a leading zero or sign. */
uint64_t tlog_origin_epoch(struct span origin);
/* The verifier-key text "<name>+<hash>+<base64>" for the outside world's tools. */
MUST_USE enum err tlog_verifier_key(const char *origin, const uint8_t public_key[LIMIT_KEY_SIZE],
                                    struct buf *ret_text);

#endif
