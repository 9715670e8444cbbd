#include "district-auditor/inside.h"
#include "seal/hash.h"

#include <string.h>

/* What comes from the hub: nothing is believed that is not proven by a signed checkpoint. */

/* Greetings in a row whose proof fails, before that is held against the hub. */
enum { UNPROVEN_MAX = 8 };

enum err auditor_unpack_proof(struct span bytes, struct tlog_proof *ret)
{
    if (bytes.size % LIMIT_HASH_SIZE != 0 || bytes.size / LIMIT_HASH_SIZE > LIMIT_PROOF_COUNT) {
        return ERR_MALFORMED;
    }
    ret->count = bytes.size / LIMIT_HASH_SIZE;
    for (size_t i = 0; i < ret->count; i++) {
        memcpy(ret->hash[i].bytes, bytes.data + i * LIMIT_HASH_SIZE, LIMIT_HASH_SIZE);
    }
    return ERR_NONE;
}

/* A proof is not signed and may be for a checkpoint we held when we asked: one that fails says
 * little, but a hub whose every proof fails has none. Two roots of one size say all. */
static enum err check_growth(struct auditor *auditor, const struct tlog_checkpoint *checkpoint,
                             struct span consistency)
{
    const struct auditor_state *state = &auditor->state;
    struct tlog_proof proof;
    if (checkpoint->size == state->seen_size) {
        return memcmp(&checkpoint->root, &state->seen_root, LIMIT_HASH_SIZE) == 0 ? ERR_NONE
                                                                                  : ERR_AUTH;
    }
    enum err err = auditor_unpack_proof(consistency, &proof);
    if (err == ERR_NONE) {
        err = tlog_check_consistency(state->seen_size, &state->seen_root, checkpoint->size,
                                     &checkpoint->root, &proof);
    }
    if (err == ERR_NONE) {
        auditor->unproven = 0;
        return ERR_NONE;
    }
    auditor->unproven++;
    return auditor->unproven > UNPROVEN_MAX ? ERR_AUTH : ERR_BUSY;
}

/* Is checkpoint consistent with the newest one we hold? An older one must be a former root of
 * what is mirrored. */
static enum err check_against_seen(struct auditor *auditor, struct kv_txn *txn,
                                   const struct tlog_checkpoint *checkpoint,
                                   struct span consistency)
{
    struct tlog_hash root;
    const struct auditor_state *state = &auditor->state;
    if (checkpoint->size >= state->seen_size) {
        return state->seen_size == 0 ? ERR_NONE : check_growth(auditor, checkpoint, consistency);
    }
    if (checkpoint->size > auditor->fold->log.size) {
        return ERR_BUSY; /* between mirror and newest: a later batch brings a newer one */
    }
    struct log_tiles context = {&auditor->fold->log, txn};
    struct tlog_tiles tiles = log_tiles(&context);
    enum err err = tlog_root(&tiles, checkpoint->size, &root);
    if (err != ERR_NONE) {
        return err;
    }
    return memcmp(&root, &checkpoint->root, sizeof root) == 0 ? ERR_NONE : ERR_AUTH;
}

enum err auditor_take_checkpoint(struct auditor *auditor, struct kv_txn *txn, uint64_t epoch,
                                 struct span note, struct span consistency,
                                 struct tlog_checkpoint *ret)
{
    static const uint32_t nothing[2] = {0, 0};
    char origin[TLOG_ORIGIN_SIZE];
    auditor_origin(auditor, epoch, origin);
    enum err err = tlog_checkpoint_open(note, origin, auditor->hub_public, ret);
    if (err != ERR_NONE) {
        return err;
    }
    err = check_against_seen(auditor, txn, ret, consistency);
    if (err == ERR_AUTH) {
        /* Signed by the hub and yet another history: that is evidence, not noise. */
        auditor_find(auditor, txn, FINDING_CHECKPOINT, ret->size, nothing);
    }
    if (err == ERR_NONE && ret->size > auditor->state.seen_size) {
        auditor->state.epoch = epoch;
        auditor->state.seen_size = ret->size;
        auditor->state.seen_root = ret->root;
    }
    return err;
}

/* The chain place a leaf claims; checked in the replay. False: unreadable. */
static bool leaf_place(const struct wire_leaf *leaf, struct wire_event *event,
                       struct log_place *ret)
{
    if (leaf->is_void) {
        memcpy(ret->device, leaf->void_device, LIMIT_KEY_SIZE);
        ret->incarnation = leaf->void_incarnation;
        ret->seq = leaf->void_seq;
        memcpy(ret->id, leaf->void_id, LIMIT_HASH_SIZE);
        return true;
    }
    if (!wire_event_peek(leaf->envelope.body, event)) {
        return false;
    }
    memcpy(ret->device, event->device, LIMIT_KEY_SIZE);
    ret->incarnation = event->incarnation;
    ret->seq = event->seq;
    seal_body_id(SEAL_EVENT, leaf->envelope.body, ret->id);
    return true;
}

/* Stores one proven leaf. Feed seqs that are not the next ones are kept out of the feed tables;
 * the replay reports them. */
void auditor_store_leaf(struct auditor *auditor, struct kv_txn *txn, struct span bytes)
{
    struct wire_leaf leaf;
    struct log_place place;
    struct log_head head;
    memset(&place, 0, sizeof place);
    bool readable =
        wire_leaf_decode(bytes, &leaf) == ERR_NONE && leaf_place(&leaf, auditor->event, &place);
    if (!readable) {
        memset(&leaf, 0, sizeof leaf);
        memset(&place, 0, sizeof place);
    }
    if (leaf.common_seq != auditor->fold->log.common_seq + 1) {
        leaf.common_seq = 0;
    }
    (void)log_head_get(&auditor->fold->log, txn, leaf.feed_device, &head);
    if (leaf.own_seq != head.own_seq + 1) {
        leaf.own_seq = 0;
    }
    (void)log_append(&auditor->fold->log, txn, &leaf, bytes, &place);
}

static enum err check_range(const struct tlog_checkpoint *checkpoint,
                            const struct sync_batch *batch, const struct span *leaves)
{
    struct tlog_hash hashes[LIMIT_BATCH_COUNT];
    struct tlog_proof proof;
    if (batch->proof_count != 1 || batch->from > checkpoint->size ||
        batch->count > checkpoint->size - batch->from) {
        return ERR_MALFORMED;
    }
    enum err err = auditor_unpack_proof(batch->proofs[0], &proof);
    if (err != ERR_NONE) {
        return err;
    }
    for (uint32_t i = 0; i < batch->count; i++) {
        tlog_leaf_hash(leaves[i], &hashes[i]);
    }
    return tlog_check_range(hashes, batch->from, batch->count, checkpoint->size, &proof,
                            &checkpoint->root);
}

enum err auditor_take_leaves(struct auditor *auditor, struct kv_txn *txn,
                             const struct sync_batch *batch)
{
    struct span leaves[LIMIT_BATCH_COUNT];
    struct tlog_checkpoint checkpoint;
    struct tlog_hash root;
    size_t count = 0;
    enum err err = auditor_take_checkpoint(auditor, txn, auditor->state.epoch, batch->checkpoint,
                                           batch->consistency, &checkpoint);
    if (err != ERR_NONE || batch->count == 0) {
        return err;
    }
    if (batch->from != auditor->fold->log.size) {
        return ERR_STATE;
    }
    wire_arena_reset(&auditor->leaf_arena);
    err = wire_leaves_unpack(batch->packed, batch->raw_size, &auditor->leaf_arena, leaves, &count);
    if (err == ERR_NONE && count != batch->count) {
        err = ERR_MALFORMED;
    }
    if (err == ERR_NONE) {
        err = check_range(&checkpoint, batch, leaves);
    }
    if (err != ERR_NONE) {
        return err;
    }
    for (size_t i = 0; i < count; i++) {
        auditor_store_leaf(auditor, txn, leaves[i]);
    }
    log_flush(&auditor->fold->log, txn, &root);
    return txn->err;
}
