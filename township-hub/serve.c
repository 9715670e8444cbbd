#include "seal/hash.h"
#include "store/keys.h"
#include "township-hub/inside.h"

#include <stdlib.h>
#include <string.h>

enum err hub_nack(struct hub *hub, const struct sync_nack_body *nack, struct buf *ret_frame)
{
    uint8_t signature[LIMIT_SIGNATURE_SIZE];
    struct buf body;
    buf_init(&body, LIMIT_BODY_SIZE);
    wire_nack_encode(nack, &body);
    signer_sign(hub->signer, SEAL_NACK, buf_span(&body), signature);
    struct sync_frame *frame = calloc(1, sizeof *frame);
    enum err err = frame == NULL ? ERR_MEMORY : body.err;
    if (err == ERR_NONE) {
        frame->kind = SYNC_NACK;
        frame->nack.body = buf_span(&body);
        frame->nack.signature = span_of(signature, sizeof signature);
        err = wire_frame_encode(frame, ret_frame);
    }
    free(frame);
    buf_done(&body);
    return err;
}

/* Proof that the log of size extends what the caller holds; empty when there is nothing to show. */
static enum err put_consistency(struct hub *hub, struct kv_txn *txn, uint64_t seen_size,
                                struct buf *ret)
{
    struct log_tiles context = {&hub->fold->log, txn};
    struct tlog_tiles tiles = log_tiles(&context);
    struct tlog_proof proof = {0};
    if (seen_size == 0 || seen_size >= hub->head.size) {
        return ERR_NONE;
    }
    enum err err = tlog_prove_consistency(&tiles, seen_size, hub->head.size, &proof);
    hub_put_proof(&proof, ret);
    return err != ERR_NONE ? err : ret->err;
}

static enum err send_welcome(struct hub *hub, const struct sync_hello *hello,
                             const struct log_head *head, uint64_t now_ms, struct buf *ret_frame)
{
    struct kv_txn txn;
    struct buf consistency;
    struct world_past past;
    struct sync_frame *frame = calloc(1, sizeof *frame);
    if (frame == NULL) {
        return ERR_MEMORY;
    }
    buf_init(&consistency, LIMIT_PROOF_SIZE);
    kv_begin(hub->kv, false, &txn);
    enum err err = txn.err;
    if (err == ERR_NONE && hello->epoch == hub->epoch) {
        err = put_consistency(hub, &txn, hello->seen_size, &consistency);
    }
    kv_abort(&txn);
    frame->kind = SYNC_WELCOME;
    struct sync_welcome *welcome = &frame->welcome;
    welcome->version = SYNC_VERSION;
    memcpy(welcome->hub, hub->id, LIMIT_ID_SIZE);
    welcome->epoch = hub->epoch;
    welcome->incarnation = head->incarnation;
    welcome->seq = head->seq;
    memcpy(welcome->id, head->id, LIMIT_HASH_SIZE);
    welcome->common = hub->fold->log.common_seq;
    welcome->own = head->own_seq;
    welcome->checkpoint = buf_span(&hub->checkpoint);
    welcome->clock_ms = now_ms;
    welcome->credit = hub->credit;
    welcome->greeting = hello->greeting;
    welcome->shared = world_past(hub->fold->world, hello->epoch, &past) ? past.size : 0;
    welcome->consistency = buf_span(&consistency);
    err = err != ERR_NONE ? err : wire_frame_encode(frame, ret_frame);
    buf_done(&consistency);
    free(frame);
    return err;
}

static enum sync_nack_reason greet_refusal(struct hub *hub, const uint8_t *device,
                                           const struct sync_hello *hello)
{
    const struct directory_station *station =
        directory_station(world_directory(hub->fold->world), device);
    if (memcmp(hello->hub, hub->id, LIMIT_ID_SIZE) != 0) {
        return SYNC_NACK_NOT_OUR_HUB;
    }
    if (hello->role == SYNC_ROLE_STATION && (station == NULL || station->revoked_index != 0)) {
        return SYNC_NACK_REVOKED;
    }
    return SYNC_NACK_NONE;
}

enum err hub_welcome(struct hub *hub, const uint8_t device[LIMIT_KEY_SIZE],
                     const struct sync_hello *hello, uint64_t now_ms, struct buf *ret_frame,
                     bool *ret_ok, uint64_t *ret_incarnation, uint64_t *ret_seq)
{
    struct kv_txn txn;
    struct log_head head;
    kv_begin(hub->kv, false, &txn);
    (void)log_head_get(&hub->fold->log, &txn, device, &head);
    enum err err = txn.err;
    kv_abort(&txn);
    if (err != ERR_NONE) {
        return err; /* a failed read must not look like "nothing held" */
    }
    *ret_incarnation = head.incarnation;
    *ret_seq = head.seq;
    enum sync_nack_reason reason = greet_refusal(hub, device, hello);
    *ret_ok = reason == SYNC_NACK_NONE;
    if (*ret_ok) {
        return send_welcome(hub, hello, &head, now_ms, ret_frame);
    }
    struct sync_nack_body nack = {
        .incarnation = hello->incarnation, .reason = reason, .hub_ms = now_ms};
    memcpy(nack.hub, hub->id, LIMIT_ID_SIZE);
    memcpy(nack.device, device, LIMIT_KEY_SIZE);
    return hub_nack(hub, &nack, ret_frame);
}

/* --- Pulls --- */

/* A batch under construction. */
struct batch {
    struct sync_frame frame;
    struct buf leaves; /* all bytes one after another */
    size_t start[LIMIT_BATCH_COUNT];
    struct buf packed;
    struct buf consistency;
    struct buf proofs;
    size_t proof_start[LIMIT_BATCH_COUNT + 1];
};

static struct batch *batch_new(const struct sync_pull *pull)
{
    struct batch *batch = calloc(1, sizeof *batch);
    if (batch != NULL) {
        batch->frame.kind = SYNC_BATCH;
        batch->frame.batch.feed = pull->feed;
        batch->frame.batch.from = pull->from;
        buf_init(&batch->leaves, LIMIT_BATCH_SIZE);
        buf_init(&batch->packed, LIMIT_FRAME_SIZE);
        buf_init(&batch->consistency, LIMIT_PROOF_SIZE);
        buf_init(&batch->proofs, LIMIT_FRAME_SIZE);
    }
    return batch;
}

static void batch_free(struct batch *batch)
{
    if (batch != NULL) {
        buf_done(&batch->leaves);
        buf_done(&batch->packed);
        buf_done(&batch->consistency);
        buf_done(&batch->proofs);
        free(batch);
    }
}

/* Leaf index of an entry of what is pulled; false behind its end. */
static bool entry_index(struct hub *hub, struct kv_txn *txn, const struct log_head *head,
                        const struct sync_pull *pull, uint64_t at, uint64_t *ret_index)
{
    switch (pull->feed) {
    case SYNC_FEED_COMMON:
        return log_feed_index(&hub->fold->log, txn, 0, at, ret_index);
    case SYNC_FEED_OWN:
        return head->number != 0 &&
               log_feed_index(&hub->fold->log, txn, head->number, at, ret_index);
    case SYNC_FEED_CHAIN:
        return head->number != 0 && log_chain_index(&hub->fold->log, txn, head->number,
                                                    pull->incarnation, at, ret_index);
    case SYNC_FEED_LOG:
        *ret_index = at;
        return at < hub->head.size;
    case SYNC_FEED_NONE:
        return false;
    }
    return false;
}

/* Proofs of feed leaves are 32 bytes a level: this many leaves surely fit into one frame. */
enum { FRAME_RESERVE = 24 * 1024 };

static bool add_leaf(struct hub *hub, struct kv_txn *txn, struct batch *batch, uint64_t index)
{
    struct sync_batch *out = &batch->frame.batch;
    struct log_tiles context = {&hub->fold->log, txn};
    struct tlog_tiles tiles = log_tiles(&context);
    struct tlog_proof proof = {0};
    buf_clear(&hub->leaf);
    if (!log_leaf(&hub->fold->log, txn, index, &hub->leaf)) {
        return false;
    }
    size_t proof_size = (size_t)out->count * 64 * LIMIT_HASH_SIZE / 2;
    if (batch->leaves.size + hub->leaf.size + proof_size + FRAME_RESERVE > LIMIT_FRAME_SIZE) {
        return false;
    }
    if (out->feed != SYNC_FEED_LOG) {
        if (tlog_prove_inclusion(&tiles, index, hub->head.size, &proof) != ERR_NONE) {
            return false;
        }
        batch->proof_start[out->count] = batch->proofs.size;
        hub_put_proof(&proof, &batch->proofs);
    }
    batch->start[out->count] = batch->leaves.size;
    buf_put_span(&batch->leaves, buf_span(&hub->leaf));
    out->indexes[out->count] = index;
    out->count++;
    return true;
}

static void collect(struct hub *hub, struct kv_txn *txn, const struct log_head *head,
                    const struct sync_pull *pull, struct batch *batch)
{
    uint64_t index = 0;
    for (uint32_t i = 0; i < pull->count; i++) {
        if (!entry_index(hub, txn, head, pull, pull->from + i, &index) || index >= hub->head.size ||
            !add_leaf(hub, txn, batch, index)) {
            return;
        }
    }
}

static enum err prove_batch(struct hub *hub, struct kv_txn *txn, struct batch *batch)
{
    struct sync_batch *out = &batch->frame.batch;
    struct log_tiles context = {&hub->fold->log, txn};
    struct tlog_tiles tiles = log_tiles(&context);
    struct tlog_proof proof = {0};
    enum err err = ERR_NONE;
    if (out->feed == SYNC_FEED_LOG && out->count > 0) {
        err = tlog_prove_range(&tiles, out->indexes[0], out->count, hub->head.size, &proof);
        hub_put_proof(&proof, &batch->proofs);
        out->proof_count = 1;
        out->proofs[0] = buf_span(&batch->proofs);
        return err;
    }
    batch->proof_start[out->count] = batch->proofs.size;
    for (uint32_t i = 0; i < out->count; i++) {
        out->proofs[i] = span_of(batch->proofs.data + batch->proof_start[i],
                                 batch->proof_start[i + 1] - batch->proof_start[i]);
    }
    out->proof_count = out->count;
    return err;
}

static enum err pack_batch(struct batch *batch)
{
    struct sync_batch *out = &batch->frame.batch;
    struct span leaves[LIMIT_BATCH_COUNT];
    if (out->count == 0) {
        return ERR_NONE;
    }
    for (uint32_t i = 0; i < out->count; i++) {
        size_t end = i + 1 < out->count ? batch->start[i + 1] : batch->leaves.size;
        leaves[i] = span_of(batch->leaves.data + batch->start[i], end - batch->start[i]);
    }
    enum err err = wire_leaves_pack(leaves, out->count, &batch->packed, &out->raw_size);
    out->packed = buf_span(&batch->packed);
    return err;
}

static uint64_t newest_entry(const struct hub *hub, const struct log_head *head,
                             const struct sync_pull *pull)
{
    switch (pull->feed) {
    case SYNC_FEED_COMMON:
        return hub->fold->log.common_seq;
    case SYNC_FEED_OWN:
        return head->own_seq;
    case SYNC_FEED_LOG:
        return hub->head.size;
    case SYNC_FEED_CHAIN:
        return pull->incarnation == head->incarnation ? head->seq : 0;
    case SYNC_FEED_NONE:
        return 0;
    }
    return 0;
}

enum err hub_pull(struct hub *hub, const uint8_t device[LIMIT_KEY_SIZE],
                  const struct sync_pull *pull, struct buf *ret_frame)
{
    struct kv_txn txn;
    struct log_head head;
    struct batch *batch = batch_new(pull);
    if (batch == NULL) {
        return ERR_MEMORY;
    }
    struct sync_batch *out = &batch->frame.batch;
    kv_begin(hub->kv, false, &txn);
    (void)log_head_get(&hub->fold->log, &txn, device, &head);
    collect(hub, &txn, &head, pull, batch);
    enum err err = prove_batch(hub, &txn, batch);
    if (err == ERR_NONE) {
        err = put_consistency(hub, &txn, pull->seen_size, &batch->consistency);
    }
    out->newest = newest_entry(hub, &head, pull);
    if (pull->feed == SYNC_FEED_CHAIN && pull->incarnation != head.incarnation) {
        out->newest = log_chain_end(&hub->fold->log, &txn, head.number, pull->incarnation);
    }
    err = err != ERR_NONE ? err : txn.err;
    kv_abort(&txn);
    if (err == ERR_NONE) {
        err = pack_batch(batch);
    }
    out->checkpoint = buf_span(&hub->checkpoint);
    out->consistency = buf_span(&batch->consistency);
    err = err != ERR_NONE ? err : wire_frame_encode(&batch->frame, ret_frame);
    batch_free(batch);
    return err;
}

/* --- Blobs --- */

static enum err send_blob(enum sync_kind kind, const uint8_t *hash, struct span data, bool refused,
                          struct buf *ret_frame)
{
    struct sync_frame *frame = calloc(1, sizeof *frame);
    if (frame == NULL) {
        return ERR_MEMORY;
    }
    frame->kind = kind;
    memcpy(frame->blob.hash, hash, LIMIT_HASH_SIZE);
    frame->blob.data = data;
    frame->blob.refused = refused;
    enum err err = wire_frame_encode(frame, ret_frame);
    free(frame);
    return err;
}

enum err hub_blob_put(struct hub *hub, const struct sync_blob *blob, struct buf *ret_frame)
{
    struct kv_txn txn;
    uint8_t hash[LIMIT_HASH_SIZE];
    bool fits = parts_hash(blob->data, hash);
    if (!fits) {
        seal_sha256(blob->data, hash); /* the answer names it all the same */
    }
    kv_begin(hub->kv, true, &txn);
    bool expected = parts_is_expected(&txn, hash);
    fits = fits && (expected || parts_has(&txn, hash));
    enum err err = txn.err; /* what could not be read is not refused */
    if (fits && expected && err == ERR_NONE) {
        parts_put(hub->parts, &txn, hash, blob->data);
        err = kv_commit(&txn);
    }
    if (err != ERR_NONE) {
        parts_forget(hub->parts);
    }
    kv_abort(&txn);
    return err != ERR_NONE ? err
                           : send_blob(SYNC_BLOB_STORED, hash, span_of(NULL, 0), !fits, ret_frame);
}

enum err hub_blob_get(struct hub *hub, const uint8_t hash[LIMIT_HASH_SIZE], bool sealed_too,
                      struct buf *ret_frame)
{
    struct kv_txn txn;
    struct buf data;
    uint8_t part[LIMIT_HASH_SIZE];
    buf_init(&data, LIMIT_BLOB_SIZE);
    kv_begin(hub->kv, false, &txn);
    (void)parts_get(&txn, hash, &data);
    kv_abort(&txn);
    bool sealed = parts_hash(buf_span(&data), part) && memcmp(part, hash, sizeof part) == 0;
    if (!sealed_too && sealed) {
        buf_clear(&data);
    }
    enum err err = txn.err != ERR_NONE
                       ? txn.err
                       : send_blob(SYNC_BLOB, hash, buf_span(&data), false, ret_frame);
    buf_done(&data);
    return err;
}
