#ifndef JIELI_FOLD_PART_NAMES_H
#define JIELI_FOLD_PART_NAMES_H

#include "store/kv.h"

/* Inside fold: where the sealed part with a hash stands. Millions of short rows would be mostly
 * heads and gaps, so a row holds up to 640 bytes of names, the first 8 bytes of hashes in ascending
 * order, and stands under the greatest one it may hold; a row that is full becomes two. One look
 * finds a name, however many there are and whoever chose them.
 *
 *   KV_PART 'h' greatest name -> name, place (varint), ... */

/* False: there is no such name, or an error. */
bool part_names_find(struct kv_txn *txn, const uint8_t hash[LIMIT_HASH_SIZE], uint64_t *ret_place);
/* A new name, or another place for an old one. */
void part_names_put(struct kv_txn *txn, const uint8_t hash[LIMIT_HASH_SIZE], uint64_t place);
/* A new name; an old one keeps its place. */
void part_names_add(struct kv_txn *txn, const uint8_t hash[LIMIT_HASH_SIZE], uint64_t place);

#endif
