#ifndef JIELI_FOLD_CHAINS_H
#define JIELI_FOLD_CHAINS_H

#include "store/kv.h"

/* Inside fold: where the events of each device stand in the log. Events that follow one another in
 * both are one row, so a push of a hundred costs one row and not a hundred. What one transaction
 * adds is collected and written by the flush, and is found before it, too.
 *
 *   KV_HEAD   slot, device[32]                                    -> struct log_head
 *   KV_CHAIN  slot, number u32, incarnation u32, newest seq u64   -> first index u64, count u32 */
struct chains;

/* The place of one event. */
struct chain_place {
    uint32_t number;
    uint64_t incarnation;
    uint64_t seq;
};

struct log_head;

MUST_USE enum err chains_new(uint8_t slot, struct chains **ret_chains);
void chains_free(struct chains *chains);
/* False: the device is not known; *ret_head is then all zero. */
bool chains_head_get(const struct chains *chains, struct kv_txn *txn, const uint8_t *device,
                     struct log_head *ret_head);
void chains_head_put(struct chains *chains, struct kv_txn *txn, const uint8_t *device,
                     const struct log_head *head);
void chains_add(struct chains *chains, struct kv_txn *txn, const struct chain_place *place,
                uint64_t index);
/* False when absent. */
bool chains_find(const struct chains *chains, struct kv_txn *txn, const struct chain_place *place,
                 uint64_t *ret_index);
/* Newest seq of an incarnation; 0: none. */
uint64_t chains_end(const struct chains *chains, struct kv_txn *txn, uint32_t number,
                    uint64_t incarnation);
void chains_flush(struct chains *chains, struct kv_txn *txn);

#endif
