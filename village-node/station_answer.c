#include "village-node/inside.h"

#include <string.h>

/* Answers and NACKs. An answer is believed when the leaves, made here from our own events and what
 * the hub says it decided, stand in the tree that it signed. */

static enum err make_leaf(struct station *station, struct kv_txn *txn,
                          const struct sync_answer *answer, uint32_t i, struct tlog_hash *ret)
{
    const struct sync_answered *said = &answer->answers[i];
    struct wire_leaf leaf = {
        .hub_ms = answer->hub_ms, .verdict = said->verdict, .refusal = said->refusal};
    if (!station_envelope_get(station, txn, answer->incarnation, answer->first_seq + i,
                              &leaf.envelope)) {
        return ERR_CONFLICT;
    }
    if (said->verdict == WIRE_VOID) {
        leaf.is_void = true;
        memcpy(leaf.void_device, signer_key_id_view(station->signer), LIMIT_KEY_SIZE);
        leaf.void_incarnation = answer->incarnation;
        leaf.void_seq = answer->first_seq + i;
        leaf.void_reason = said->void_reason;
        seal_body_id(SEAL_EVENT, leaf.envelope.body, leaf.void_id);
    }
    buf_clear(&station->leaf);
    enum err err = wire_leaf_encode(&leaf, &station->leaf);
    if (err == ERR_NONE) {
        tlog_leaf_hash(buf_span(&station->leaf), ret);
    }
    return err;
}

/* Does it go on where the answers end? A life begins where the one before was given up, or ended.
 */
static bool is_next(const struct station_state *state, const struct sync_answer *answer)
{
    bool same = answer->incarnation == state->answered_incarnation;
    bool later = answer->incarnation > state->answered_incarnation &&
                 answer->incarnation <= state->incarnation;
    return (same && answer->first_seq == state->answered + 1) || (later && answer->first_seq == 1);
}

static enum err check_answer(struct station *station, struct kv_txn *txn,
                             const struct sync_answer *answer, struct tlog_checkpoint *ret_head)
{
    const struct station_state *state = &station->state;
    struct tlog_hash hashes[LIMIT_BATCH_COUNT];
    struct tlog_proof proof;
    bool fits = is_next(state, answer) && answer->count >= 1 &&
                answer->count <= LIMIT_BATCH_COUNT && answer->hub_ms <= STATION_MS_MAX;
    enum err err = fits ? station_note_open(station, answer->checkpoint, state->epoch, ret_head)
                        : ERR_CONFLICT;
    if (err == ERR_NONE) {
        err = station_proof_read(answer->proof, &proof);
    }
    for (uint32_t i = 0; err == ERR_NONE && i < answer->count; i++) {
        err = make_leaf(station, txn, answer, i, &hashes[i]);
    }
    if (err == ERR_NONE) {
        err = tlog_check_range(hashes, answer->first_index, answer->count, ret_head->size, &proof,
                               &ret_head->root);
    }
    return err;
}

/* A tree of the same size with another root: the hub tells two stories. */
static bool is_split(const struct station *station, const struct tlog_checkpoint *head)
{
    return head->size == station->state.head_size &&
           memcmp(&head->root, &station->state.head_root, sizeof head->root) != 0;
}

static void keep_answer(struct station *station, struct kv_txn *txn,
                        const struct sync_answer *answer, const struct tlog_checkpoint *head)
{
    struct station_state *state = &station->state;
    struct wire_envelope envelope;
    uint64_t last = answer->first_seq + answer->count - 1;
    for (uint32_t i = 0; i < answer->count; i++) {
        const struct sync_answered *said = &answer->answers[i];
        struct station_row row = {
            .index = answer->first_index + i,
            .hub_ms = answer->hub_ms,
            .verdict = said->verdict,
            .refusal = said->refusal,
            .void_reason = said->void_reason,
        };
        station_row_put(txn, answer->incarnation, answer->first_seq + i, &row);
        /* It leaves the tail now, even if its turn in the proven facts comes later. */
        station->state.dirty =
            station->state.dirty || said->verdict != WIRE_ACCEPTED || state->restoring;
    }
    /* What a life given up has left in the tail goes. */
    station->state.dirty =
        station->state.dirty || answer->incarnation != state->answered_incarnation;
    state->answered_incarnation = answer->incarnation;
    state->answered = last;
    if (station_envelope_get(station, txn, answer->incarnation, last, &envelope)) {
        seal_body_id(SEAL_EVENT, envelope.body, state->answered_id);
    }
    station_head_take(station, txn, head, answer->checkpoint);
    /* Only of a checkpoint that ends here do we know for sure when it was: an answer given again
     * comes with a newer one. But another machine in our name may have seen the former one, and
     * what it then wrote comes to us with our chain. */
    uint64_t end = answer->first_index + answer->count;
    bool shown = station_shown_epoch(station) == state->epoch;
    if (shown && end == head->size && head->size > state->seen_size) {
        state->seen_size = head->size;
        state->seen_root = head->root;
    }
    fold_seen_put(station->fold, txn, state->epoch, end, answer->hub_ms);
    state->alarm = SYNC_NACK_NONE;
}

enum err station_apply_answer(struct station *station, const struct sync_answer *answer,
                              uint64_t wall_ms)
{
    struct kv_txn txn;
    struct tlog_checkpoint head;
    kv_begin(station->kv, true, &txn);
    enum err err = check_answer(station, &txn, answer, &head);
    err = txn.err != ERR_NONE ? txn.err : err;
    if (err != ERR_NONE) {
        kv_abort(&txn);
        return err;
    }
    if (is_split(station, &head)) {
        kv_abort(&txn);
        err = station_keep_notes(station, STATION_MISFIT_SPLIT, answer->checkpoint);
        return err != ERR_NONE ? err : ERR_AUTH;
    }
    keep_answer(station, &txn, answer, &head);
    station->state.contact_ms = wall_ms;
    station_advance(station, &txn);
    return station_commit(station, &txn);
}

/* People must know of these; the others pass by themselves. */
static bool is_alarm(enum sync_nack_reason reason)
{
    switch (reason) {
    case SYNC_NACK_HEAD_SIGNATURE:
    case SYNC_NACK_FORK:
    case SYNC_NACK_OVERSIZE:
    case SYNC_NACK_NOT_OUR_HUB:
    case SYNC_NACK_REVOKED:
    case SYNC_NACK_SEEN:
    case SYNC_NACK_MALFORMED:
    case SYNC_NACK_FROZEN:
        return true;
    case SYNC_NACK_NONE:
    case SYNC_NACK_GAP:
    case SYNC_NACK_OLD_INCARNATION:
    case SYNC_NACK_BUSY:
        break;
    }
    return false;
}

/* The newest of each reason stays as evidence: a refusal that was wrong can be shown. */
static enum err keep_alarm(struct station *station, const struct sync_nack *nack,
                           enum sync_nack_reason reason)
{
    struct kv_key key;
    struct kv_txn txn;
    struct buf both;
    kv_key_init(&key);
    kv_key_u8(&key, 'N');
    kv_key_u8(&key, (uint8_t)reason);
    buf_init(&both, LIMIT_BODY_SIZE);
    buf_put_span(&both, nack->signature);
    buf_put_span(&both, nack->body);
    kv_begin(station->kv, true, &txn);
    kv_put(&txn, KV_EVIDENCE, kv_key_span(&key), buf_span(&both));
    station->state.alarm = (uint8_t)reason;
    enum err err = station_commit(station, &txn);
    buf_done(&both);
    return err;
}

enum err station_apply_nack(struct station *station, const struct sync_nack *nack,
                            struct sync_nack_body *ret_body)
{
    struct sync_nack_body body;
    if (nack->signature.size != LIMIT_SIGNATURE_SIZE ||
        !seal_verify(station->hub_public, SEAL_NACK, nack->body, nack->signature.data)) {
        return ERR_AUTH;
    }
    enum err err = wire_nack_decode(nack->body, &body);
    if (err != ERR_NONE) {
        return err;
    }
    if (memcmp(body.hub, station->hub, LIMIT_ID_SIZE) != 0 ||
        memcmp(body.device, signer_key_id_view(station->signer), LIMIT_KEY_SIZE) != 0) {
        return ERR_AUTH;
    }
    *ret_body = body;
    bool again = station->state.alarm == (uint8_t)body.reason;
    return is_alarm(body.reason) && !again ? keep_alarm(station, nack, body.reason) : ERR_NONE;
}
