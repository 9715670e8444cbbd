#ifndef JIELI_FOLD_LEAF_ROWS_H
#define JIELI_FOLD_LEAF_ROWS_H

#include "fold/leaf_pack.h"
#include "store/kv.h"

/* Inside fold: the leaves of one log in KV_LEAF. A row holds leaves that follow one another: what
 * one transaction appended, as it is, and once all LEAF_GROUP leaves of a group are there, the
 * whole group packed. A group is a tile of the tree, so its leaf hashes are never stored.
 *
 *   key:   slot, index of the row's last leaf u64
 *   value: form u8, count u16, then sizes u16 and bytes of the leaves; packed: leaf_pack.h */
struct leaf_rows;

/* One writer's view of slot's leaves: what is appended and not yet flushed, and the row read last.
 */
MUST_USE enum err leaf_rows_new(uint8_t slot, struct leaf_rows **ret_rows);
void leaf_rows_free(struct leaf_rows *rows);
/* Takes the next leaf, at most LIMIT_LEAF_SIZE bytes, and what leaf_id gives for it (zeros: not
 * known); false: no memory. In the store only after the flush, but read back at once. The first one
 * after a flush says where it stands, the others follow. */
MUST_USE bool leaf_rows_append(struct leaf_rows *rows, uint64_t index, struct span leaf,
                               const uint8_t id[LIMIT_HASH_SIZE]);
/* A leaf that was appended and is not flushed; borrowed until the next change. */
struct span leaf_rows_pending(const struct leaf_rows *rows, uint64_t index);
/* How many whole groups were appended. From then on until the flush each of them may be packed
 * ahead, leaf_rows_pack with i below that count, in any order and on several threads at once, while
 * nothing is appended: it reads what was appended and writes what is its own alone. */
size_t leaf_rows_whole(struct leaf_rows *rows);
void leaf_rows_pack(struct leaf_rows *rows, size_t i);
/* Writes what was appended; after leaf_rows_whole every group must have been packed. The sticky
 * error of txn tells a failure. */
void leaf_rows_flush(struct leaf_rows *rows, struct kv_txn *txn);
/* Stores one leaf by itself, outside the order (a station's feeds). */
void leaf_rows_put(struct leaf_rows *rows, struct kv_txn *txn, uint64_t index, struct span leaf);
/* Borrowed until the next call; false when absent. */
bool leaf_rows_get(struct leaf_rows *rows, struct kv_txn *txn, uint64_t index,
                   struct span *ret_leaf);

#endif
