#ifndef JIELI_FOLD_PART_BYTES_H
#define JIELI_FOLD_PART_BYTES_H

#include "store/kv.h"

/* Inside fold: bytes one behind another without end, cut into rows that fill a page of the store
 * each, so that nothing is lost between what is kept. The last row grows until it is full.
 *
 *   KV_PART 'n' row's number u40 (from 1) -> 4080 bytes, fewer in the last one */

/* Where what is added next will stand; never 0. 0: an error. */
uint64_t part_bytes_end(struct kv_txn *txn);
void part_bytes_add(struct kv_txn *txn, struct span bytes);
/* Appends the size bytes from place on, or as many as there are. */
void part_bytes_get(struct kv_txn *txn, uint64_t place, size_t size, struct buf *ret);

#endif
