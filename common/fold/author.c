#include "fold/author.h"

#include <string.h>

void author_fill(const struct author_chain *chain, const struct author_draft *draft,
                 const uint8_t author[LIMIT_KEY_SIZE], struct wire_event *ret_event)
{
    memset(ret_event, 0, offsetof(struct wire_event, facts));
    ret_event->version = WIRE_VERSION;
    memcpy(ret_event->hub, chain->hub, LIMIT_ID_SIZE);
    memcpy(ret_event->device, chain->device, LIMIT_KEY_SIZE);
    ret_event->incarnation = chain->incarnation;
    ret_event->seq = chain->seq + 1;
    ret_event->has_prev = chain->seq > 0;
    if (ret_event->has_prev) {
        memcpy(ret_event->prev, chain->id, LIMIT_HASH_SIZE);
    }
    ret_event->has_seen = chain->seen_size > 0;
    if (ret_event->has_seen) {
        ret_event->seen_origin = span_text(chain->seen_origin);
        ret_event->seen_size = chain->seen_size;
        memcpy(ret_event->seen_root, chain->seen_root, LIMIT_HASH_SIZE);
    }
    ret_event->applied_common = chain->applied_common;
    ret_event->applied_own = chain->applied_own;
    ret_event->applied_epoch = chain->applied_epoch;
    memcpy(ret_event->author, author, LIMIT_KEY_SIZE);
    memcpy(ret_event->record, draft->record, LIMIT_ID_SIZE);
    ret_event->claimed_ms = draft->claimed_ms;
    ret_event->clock = chain->clock;
    memcpy(ret_event->boot, chain->boot, LIMIT_ID_SIZE);
    ret_event->mono_ms = draft->mono_ms;
    ret_event->back_entry = draft->back_entry;
    ret_event->paper_serial = draft->paper_serial;
    ret_event->paper_ms = draft->paper_ms;
    ret_event->back_reason = draft->back_reason;
    ret_event->attestation = draft->attestation;
    ret_event->attestation_ground = draft->attestation_ground;
    ret_event->attestation_evidence = draft->attestation_evidence;
    ret_event->sealed_count = draft->sealed_count;
    memcpy(ret_event->sealed, draft->sealed, sizeof ret_event->sealed);
    ret_event->payload = draft->payload;
    values_copy(&ret_event->facts, draft->facts);
}

enum err author_sign(const struct wire_event *event, const struct signer *signer,
                     struct buf *ret_body, struct wire_envelope *ret_envelope,
                     uint8_t ret_id[LIMIT_HASH_SIZE])
{
    buf_clear(ret_body);
    enum err err = wire_event_encode(event, ret_body);
    if (err == ERR_NONE && ret_body->size > LIMIT_BODY_SIZE) {
        err = ERR_LIMIT;
    }
    if (err != ERR_NONE) {
        return err;
    }
    ret_envelope->body = buf_span(ret_body);
    ret_envelope->suite = SEAL_SUITE_ED25519;
    signer_sign(signer, SEAL_EVENT, ret_envelope->body, ret_envelope->signature);
    seal_body_id(SEAL_EVENT, ret_envelope->body, ret_id);
    return ERR_NONE;
}
