#ifndef JIELI_FOLD_PART_EXPECTED_H
#define JIELI_FOLD_PART_EXPECTED_H

#include "fold/part_names.h"

/* Inside fold: names of sealed parts that are expected since lately. They come by thousands in one
 * transaction and belong all over the rows of part_names.h; so they first stand behind one another
 * as they came, and go there together when there are many: each of those rows is then written once
 * for several. Here they stay only that long, whether their parts have come or not.
 *
 *   KV_PART 'e' how many names stand before u32 -> up to 240 names u64 */

/* Names of PART_NAME_SIZE bytes, one behind another. */
void part_expected_add(struct kv_txn *txn, struct span names);
bool part_expected_has(struct kv_txn *txn, uint64_t name);

#endif
