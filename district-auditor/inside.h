#ifndef JIELI_DISTRICT_AUDITOR_INSIDE_H
#define JIELI_DISTRICT_AUDITOR_INSIDE_H

#include "district-auditor/ahead.h"
#include "district-auditor/auditor.h"

/* What the files of the auditor's mind share.
 * KV_META 'A' slot -> struct auditor_state; KV_EVIDENCE slot, leaf index, finding -> expected u32,
 * found u32; KV_CACHE 'C' slot, device -> struct log_place of the replay (chain position). */

/* Kept in the store, always in the same transaction as what it counts. */
struct auditor_state {
    uint64_t epoch;
    uint64_t seen_size; /* newest verified checkpoint */
    struct tlog_hash seen_root;
    uint64_t replayed;
    uint64_t common; /* feed seq reached by the replay */
    uint64_t accepted;
    uint64_t refused;
    uint64_t quarantined;
    uint64_t void_count;
    uint64_t unseen[UNSEEN_COUNT];
    uint64_t last_ms; /* hub_ms of the newest replayed leaf */
    uint64_t findings[FINDING_COUNT];
};

struct auditor {
    struct kv *kv;
    uint8_t slot;
    struct fold *fold;
    uint8_t hub[LIMIT_ID_SIZE];
    uint8_t hub_device[LIMIT_KEY_SIZE];
    uint8_t hub_public[LIMIT_KEY_SIZE];
    char prefix[TLOG_ORIGIN_SIZE];
    struct auditor_state state;
    struct sync_auditor session;
    struct wire_arena frame_arena;
    struct wire_arena leaf_arena;
    struct wire_event *event;
    struct record *record;
    struct sync_frame *frame;
    uint8_t wanted[LIMIT_HASH_SIZE]; /* blob the replay waits for */
    bool wants;
    unsigned unproven;  /* checkpoints in a row that no proof joined to ours */
    bool alarm;         /* the hub went back or opened a new log: a person must look */
    uint64_t root_size; /* root of the first root_size leaves, remembered; 0: none */
    struct tlog_hash root;
    struct ahead *ahead;
    pthread_rwlock_t directory_lock; /* ahead's threads read while the replay folds */
};

void auditor_state_put(struct auditor *auditor, struct kv_txn *txn);
MUST_USE enum err auditor_state_get(struct auditor *auditor, struct kv_txn *txn);
/* Opens fold and state again from the store, after a failed transaction. */
MUST_USE enum err auditor_reload(struct auditor *auditor);
void auditor_find(struct auditor *auditor, struct kv_txn *txn, enum auditor_finding finding,
                  uint64_t leaf_index, const uint32_t expected_found[2]);
/* Origin of an epoch's log. */
void auditor_origin(const struct auditor *auditor, uint64_t epoch, char ret[TLOG_ORIGIN_SIZE]);
/* Verifies a checkpoint note and that it extends the newest one; on success it is the newest. */
MUST_USE enum err auditor_take_checkpoint(struct auditor *auditor, struct kv_txn *txn,
                                          uint64_t epoch, struct span note, struct span consistency,
                                          struct tlog_checkpoint *ret);
/* Verifies a batch of leaves against its checkpoint and stores them behind what is mirrored. */
MUST_USE enum err auditor_take_leaves(struct auditor *auditor, struct kv_txn *txn,
                                      const struct sync_batch *batch);
/* Appends one leaf that is proven or about to be. */
void auditor_store_leaf(struct auditor *auditor, struct kv_txn *txn, struct span bytes);
MUST_USE enum err auditor_unpack_proof(struct span bytes, struct tlog_proof *ret);

#endif
