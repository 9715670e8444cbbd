#include "village-node/inside.h"

#include <string.h>

/* Batches of the feeds. A batch is verified whole, then kept; folding is another matter. */

static enum err check_note(struct station *station, const struct sync_batch *batch,
                           struct tlog_checkpoint *ret)
{
    enum err err = station_note_open(station, batch->checkpoint, station->state.epoch, ret);
    return err != ERR_NONE ? err
                           : station_check_growth(station, &station->pulled[batch->feed], ret,
                                                  batch->consistency, batch->checkpoint);
}

static enum err check_inclusion(const struct sync_batch *batch, const struct station_batch *leaves)
{
    struct tlog_proof proof;
    struct tlog_hash hash;
    const struct tlog_checkpoint *tree = &leaves->checkpoint;
    for (uint32_t i = 0; i < batch->count; i++) {
        enum err err = station_proof_read(batch->proofs[i], &proof);
        if (err != ERR_NONE) {
            return err;
        }
        if (i > 0 && batch->indexes[i] <= batch->indexes[i - 1]) {
            return ERR_CONFLICT;
        }
        tlog_leaf_hash(leaves->leaves[i], &hash);
        err = tlog_check_inclusion(&hash, batch->indexes[i], tree->size, &proof, &tree->root);
        if (err != ERR_NONE) {
            return err;
        }
    }
    return ERR_NONE;
}

enum err station_batch_open(struct station *station, const struct sync_batch *batch,
                            struct station_batch *ret)
{
    if (batch->count > LIMIT_BATCH_COUNT || batch->proof_count != batch->count) {
        return ERR_MALFORMED;
    }
    ret->count = 0;
    enum err err = check_note(station, batch, &ret->checkpoint);
    if (err != ERR_NONE || batch->count == 0) {
        return err;
    }
    wire_arena_reset(&station->batch_arena);
    err = wire_leaves_unpack(batch->packed, batch->raw_size, &station->batch_arena, ret->leaves,
                             &ret->count);
    if (err == ERR_NONE && ret->count != batch->count) {
        err = ERR_MALFORMED;
    }
    return err != ERR_NONE ? err : check_inclusion(batch, ret);
}

/* An event of a later version is kept for a later build; nothing can be asked of it now. */
static enum err check_leaf(struct station *station, struct span bytes, enum sync_feed feed,
                           uint64_t seq)
{
    struct wire_leaf leaf;
    bool own = feed == SYNC_FEED_OWN;
    enum err err = wire_leaf_decode(bytes, &leaf);
    if (err != ERR_NONE) {
        return err;
    }
    bool placed =
        own ? leaf.own_seq == seq &&
                  memcmp(leaf.feed_device, signer_key_id_view(station->signer), LIMIT_KEY_SIZE) == 0
            : leaf.common_seq == seq;
    if (!placed || leaf.is_void || leaf.verdict != WIRE_ACCEPTED || leaf.hub_ms > STATION_MS_MAX) {
        return ERR_CONFLICT;
    }
    err = wire_event_decode(leaf.envelope.body, &station->event_arena, station->event);
    if (err == ERR_VERSION) {
        return ERR_NONE;
    }
    bool ours = err == ERR_NONE &&
                memcmp(station->event->hub, station->hub, sizeof station->hub) == 0 &&
                (!own || memcmp(station->event->device, station->hub_device, LIMIT_KEY_SIZE) == 0);
    return ours ? ERR_NONE : err != ERR_NONE ? err : ERR_AUTH;
}

static void truncate_feed(struct station *station, struct kv_txn *txn, struct station_feed *feed,
                          uint32_t number, uint64_t index)
{
    uint64_t at = 0;
    while (feed->kept > feed->got &&
           (!log_feed_index(&station->fold->log, txn, number, feed->kept, &at) || at >= index)) {
        feed->kept--;
    }
}

void station_truncate_feeds(struct station *station, struct kv_txn *txn, uint64_t index)
{
    struct station_state *state = &station->state;
    truncate_feed(station, txn, &state->common, STATION_FEED_COMMON, index);
    truncate_feed(station, txn, &state->own, STATION_FEED_OWN, index);
}

/* Another leaf than this at its index, or at its place in the feed? ret_index: where the log as we
 * knew it ends. */
static bool differs(struct station *station, struct kv_txn *txn, const struct station_feed *feed,
                    uint32_t number, uint64_t seq, uint64_t *index, struct span bytes)
{
    const struct log *log = &station->fold->log;
    uint64_t old = 0;
    bool moved = seq <= feed->kept && log_feed_index(log, txn, number, seq, &old) && old != *index;
    buf_clear(&station->leaf);
    bool changed =
        log_leaf(log, txn, *index, &station->leaf) && !span_equal(buf_span(&station->leaf), bytes);
    if (moved && old < *index) {
        *index = old;
    }
    return moved || changed;
}

static bool keep_leaf(struct station *station, struct kv_txn *txn, struct station_feed *feed,
                      uint32_t number, uint64_t index, struct span bytes)
{
    struct wire_leaf leaf;
    uint64_t seq = feed->got + 1;
    uint64_t end = index;
    bool other = differs(station, txn, feed, number, seq, &end, bytes);
    if (other) {
        station_truncate_feeds(station, txn, end);
        station_retell(txn);
    }
    feed->got = seq;
    if (seq <= feed->kept) {
        return other;
    }
    feed->kept = seq;
    log_keep_feed_leaf(&station->fold->log, txn, number, seq, index, bytes);
    if (wire_leaf_decode(bytes, &leaf) == ERR_NONE &&
        wire_event_decode(leaf.envelope.body, &station->event_arena, station->event) == ERR_NONE) {
        station_want_named(txn, station->event);
    }
    return other;
}

enum err station_apply_feed(struct station *station, const struct sync_batch *batch,
                            uint64_t wall_ms)
{
    struct station_state *state = &station->state;
    struct station_batch leaves;
    struct kv_txn txn;
    bool own = batch->feed == SYNC_FEED_OWN;
    struct station_feed *feed = own ? &state->own : &state->common;
    uint32_t number = own ? STATION_FEED_OWN : STATION_FEED_COMMON;
    enum err err =
        batch->from == feed->got + 1 ? station_batch_open(station, batch, &leaves) : ERR_CONFLICT;
    for (uint32_t i = 0; err == ERR_NONE && i < batch->count; i++) {
        err = check_leaf(station, leaves.leaves[i], batch->feed, batch->from + i);
    }
    if (err != ERR_NONE) {
        return err;
    }
    bool again = false;
    uint64_t folded = feed->folded;
    kv_begin(station->kv, true, &txn);
    for (uint32_t i = 0; i < batch->count; i++) {
        bool other = keep_leaf(station, &txn, feed, number, batch->indexes[i], leaves.leaves[i]);
        again = again || other;
    }
    if (batch->newest == feed->got && feed->kept > feed->got) {
        feed->kept = feed->got;
        again = again || folded > feed->kept;
    }
    feed->newest = batch->newest;
    state->compared = state->compared || (own && feed->got == batch->newest);
    station_head_take(station, &txn, &leaves.checkpoint, batch->checkpoint);
    state->contact_ms = wall_ms;
    if (again) {
        station_fold_again(station, &txn);
    } else {
        station_advance(station, &txn);
    }
    return station_commit(station, &txn);
}
