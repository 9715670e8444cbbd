#ifndef JIELI_FOLD_PART_NAMES_H
#define JIELI_FOLD_PART_NAMES_H

#include "store/kv.h"

/* Inside fold: where the sealed part with a hash stands. Millions of short rows would be mostly
 * heads and gaps, so a row holds up to 640 bytes of names, the first 8 bytes of hashes in ascending
 * order, and stands under the greatest one it may hold; what does not fit is shared by several. One
 * look finds a name, however many there are and whoever chose them.
 *
 *   KV_PART 'h' greatest name -> name, place (varint), ... */

enum { PART_NAME_SIZE = 8 };

struct part_name {
    uint64_t name;  /* the bytes as one number, the first one high */
    uint64_t place; /* 0: of none yet */
};

/* False: there is no such name, or an error. */
bool part_names_find(struct kv_txn *txn, uint64_t name, uint64_t *ret_place);
/* count names, each greater than the one before. One that was there gets another place, but 0 takes
 * none away. */
void part_names_put(struct kv_txn *txn, const struct part_name *names, size_t count);

#endif
