#ifndef JIELI_FOLD_AUTHOR_H
#define JIELI_FOLD_AUTHOR_H

#include "fold/fold.h"
#include "seal/sign.h"

/* Writing an event: what a person or the device says (draft) becomes the next link of the device's
 * chain. The same for station and hub. */

/* Where the chain stands and what its device knows. */
struct author_chain {
    uint8_t hub[LIMIT_ID_SIZE];
    uint8_t device[LIMIT_KEY_SIZE];
    uint64_t incarnation;
    uint64_t seq;                /* newest; 0: none in this incarnation */
    uint8_t id[LIMIT_HASH_SIZE]; /* of seq */
    char seen_origin[WIRE_ORIGIN_SIZE];
    uint64_t seen_size; /* 0: no checkpoint verified yet */
    uint8_t seen_root[LIMIT_HASH_SIZE];
    uint64_t applied_common;
    uint64_t applied_own;
    uint64_t applied_epoch; /* of the log they are places of */
    uint8_t clock;          /* ClockQuality */
    uint8_t boot[LIMIT_ID_SIZE];
};

struct author_draft {
    uint8_t record[LIMIT_ID_SIZE];
    uint32_t payload;
    const struct values *facts;
    uint64_t claimed_ms;
    uint64_t mono_ms;
    bool back_entry;
    struct span paper_serial;
    uint64_t paper_ms;
    struct span back_reason;
    uint8_t attestation;
    struct span attestation_ground;
    struct span attestation_evidence;
    uint32_t sealed_count;
    struct wire_sealed sealed[LIMIT_SEALED_COUNT];
};

/* Fills the event that would be the chain's next link. Spans stay borrowed from draft and chain. */
void author_fill(const struct author_chain *chain, const struct author_draft *draft,
                 const uint8_t author[LIMIT_KEY_SIZE], struct wire_event *ret_event);
/* Encodes and signs it. body keeps the bytes that ret_envelope points into. */
MUST_USE enum err author_sign(const struct wire_event *event, const struct signer *signer,
                              struct buf *ret_body, struct wire_envelope *ret_envelope,
                              uint8_t ret_id[LIMIT_HASH_SIZE]);

#endif
