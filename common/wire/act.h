#ifndef JIELI_WIRE_ACT_H
#define JIELI_WIRE_ACT_H

#include "wire/json.h"

/* What a person asks to be written, as JSON: one payload and what may stand beside it.
 *   {"case":{"verb":"opened",...}, "record":"<hex or number>", "identity":{...}, "matter":{...},
 *    "attestation":{"kind":"paper","ground":"spouse","evidence":"<hex>"},
 *    "backEntry":{"serial":"..","time":"2026-10-01 09:30","reason":"power"}, "force":true} */
enum { WIRE_ACT_RECORD_SIZE = 64, WIRE_ACT_TEXT_SIZE = 65 };

struct wire_act {
    uint32_t payload;
    struct values facts;
    char record[WIRE_ACT_RECORD_SIZE]; /* as sent; "": a new one */
    struct buf identity;               /* protobuf bytes to seal; empty: none */
    struct buf matter;
    uint8_t attestation; /* AttestationKind */
    char ground[WIRE_ACT_TEXT_SIZE];
    uint8_t evidence[LIMIT_HASH_SIZE];
    bool has_evidence;
    bool back_entry;
    char serial[WIRE_ACT_TEXT_SIZE];
    uint64_t paper_ms;
    char back_reason[WIRE_ACT_TEXT_SIZE];
    bool force;
};

void wire_act_init(struct wire_act *act);
void wire_act_done(struct wire_act *act); /* wipes the parts */
/* ERR_MALFORMED with ret_problem filled: the field is the JSON path. */
MUST_USE enum err wire_act_from_json(struct span json, struct wire_act *ret,
                                     struct wire_problem *ret_problem);

/* Texts of an identity as it was sealed; "" when absent. A wrong encoding is ERR_MALFORMED. */
struct wire_identity {
    char name[256];
    char id_number[32];
    char phone[64];
    char relative_id_number[32];
};
MUST_USE enum err wire_identity_read(struct span bytes, struct wire_identity *ret);

#endif
