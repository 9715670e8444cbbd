#include "seal/hash.h"
#include "village-node/inside.h"

#include <string.h>

static enum err check_blobs(const struct station_blob *blobs, size_t blob_count)
{
    for (size_t i = 0; i < blob_count; i++) {
        if (blobs[i].bytes.size > LIMIT_BLOB_SIZE) {
            return ERR_LIMIT;
        }
        if (!station_blob_fits(blobs[i].hash, blobs[i].bytes)) {
            return ERR_MALFORMED;
        }
    }
    return ERR_NONE;
}

static enum err may_submit(const struct station *station, const struct author_draft *draft)
{
    if (station->failed) {
        return ERR_STORE;
    }
    if (station->state.restoring || station_is_folding(station)) {
        return ERR_BUSY;
    }
    /* The leaf of a directory event carries its place in the common feed, which no answer tells. */
    return fold_machine_of(draft->payload) == MACHINE_NONE ? ERR_STATE : ERR_NONE;
}

/* station->event, signed, into station->envelope. */
static enum err write_event(struct station *station, const struct signer *signer, struct buf *body,
                            uint8_t *ret_id)
{
    struct wire_envelope envelope;
    enum err err = author_sign(station->event, signer, body, &envelope, ret_id);
    buf_clear(&station->envelope);
    return err != ERR_NONE ? err : wire_envelope_encode(&envelope, &station->envelope);
}

static enum err judge(struct station *station, struct kv_txn *txn, const uint8_t *id,
                      struct fold_verdict *ret_verdict)
{
    struct fold_ask ask = {
        .event = station->event,
        .id = id,
        .leaf_ms = station_tail_ms(station, txn, station->event),
        .leaf_index = UINT64_MAX,
        .space = FOLD_TENTATIVE,
        .record = station->record,
    };
    return fold_judge(station->fold, txn, &ask, ret_verdict);
}

static void keep(struct station *station, struct kv_txn *txn, const uint8_t *id,
                 const struct fold_verdict *verdict)
{
    struct kv_key key;
    struct station_state *state = &station->state;
    state->newest++;
    memcpy(state->id, id, sizeof state->id);
    kv_put(txn, KV_EVENT, station_chain_key(&key, state->incarnation, state->newest),
           buf_span(&station->envelope));
    station_tail_add(station, txn, verdict);
}

static enum err commit_event(struct station *station, struct kv_txn *txn, const uint8_t *id,
                             const struct station_blob *blobs, size_t blob_count,
                             const struct fold_verdict *verdict)
{
    struct station_state before = station->state;
    keep(station, txn, id, verdict);
    for (size_t i = 0; i < blob_count; i++) {
        kv_put(txn, KV_BLOB, span_of(blobs[i].hash, LIMIT_HASH_SIZE), blobs[i].bytes);
        station_outbox_put(txn, station->event, blobs[i].hash);
    }
    enum err err = station_commit(station, txn);
    if (err == ERR_FULL) {
        /* Nothing was written, and no fact in memory has changed. */
        station->state = before;
        station->failed = false;
    }
    return err;
}

enum err station_submit(struct station *station, const struct author_draft *draft,
                        const struct signer *signer, uint64_t wall_ms,
                        const struct station_blob *blobs, size_t blob_count,
                        struct fold_verdict *ret_verdict, uint8_t ret_id[LIMIT_HASH_SIZE],
                        uint64_t *ret_seq)
{
    struct kv_txn txn;
    struct buf body;
    struct author_chain chain;
    struct fold_verdict verdict = {.verdict = WIRE_VERDICT_NONE};
    uint8_t id[LIMIT_HASH_SIZE];
    enum err err = may_submit(station, draft);
    if (err == ERR_NONE) {
        err = check_blobs(blobs, blob_count);
    }
    if (err != ERR_NONE) {
        return err;
    }
    station_chain_fill(station, &chain);
    author_fill(&chain, draft, signer_key_id_view(signer), station->event);
    /* Nobody claims a time that the clock beside him has not reached. */
    if (station->event->claimed_ms > wall_ms) {
        station->event->claimed_ms = wall_ms;
    }
    buf_init(&body, LIMIT_BODY_SIZE + 1);
    err = write_event(station, signer, &body, id);
    if (err == ERR_NONE) {
        kv_begin(station->kv, true, &txn);
        err = judge(station, &txn, id, &verdict);
        if (err == ERR_NONE && verdict.verdict == WIRE_ACCEPTED) {
            err = commit_event(station, &txn, id, blobs, blob_count, &verdict);
        }
        kv_abort(&txn);
    }
    buf_done(&body);
    if (err != ERR_NONE) {
        return err;
    }
    *ret_verdict = verdict;
    if (verdict.verdict == WIRE_ACCEPTED) {
        memcpy(ret_id, id, sizeof id);
        *ret_seq = station->state.newest;
        sync_station_appended(&station->session, station->state.incarnation, station->state.newest,
                              station->session.line.now_ms);
    }
    return ERR_NONE;
}
