#ifndef JIELI_FOLD_LEAF_PACK_H
#define JIELI_FOLD_LEAF_PACK_H

#include "base/limits.h"
#include "base/span.h"

/* Inside fold: leaves that follow one another, in memory and packed. */

enum {
    LEAF_GROUP = 256,
    LEAF_PACK_EACH = 3 /* bytes a leaf takes before packing, beside its own */
};

struct leaf_run {
    uint64_t first;
    size_t count;
    uint32_t *start; /* where each begins in bytes; start[count]: their end */
    size_t capacity; /* of start */
    struct buf bytes;
    struct buf ids; /* of the leaves' events; zeros: not known */
};

void leaf_run_init(struct leaf_run *run, size_t limit);
void leaf_run_done(struct leaf_run *run);
void leaf_run_clear(struct leaf_run *run, uint64_t first);
/* id: what leaf_id gives for it, zeros or NULL when that is not known. False: no memory. */
MUST_USE bool leaf_run_add(struct leaf_run *run, struct span leaf, const uint8_t *id);
bool leaf_run_has(const struct leaf_run *run, uint64_t index);
struct span leaf_run_view(const struct leaf_run *run, uint64_t index); /* until the next change */
const uint8_t *leaf_run_id(const struct leaf_run *run, size_t i);

/* The id of a leaf's event; false: there is none to be read. */
bool leaf_id(struct span leaf, uint8_t ret_id[LIMIT_HASH_SIZE]);

/* The leaves [bounds[0], bounds[1]) of run, at most LEAF_GROUP and each at most LIMIT_LEAF_SIZE,
 * appended to ret. Signatures, hashes and commitments (wire/cuts.h) do not shrink and keep the rest
 * from shrinking well and quickly, so they stand outside of what is packed, and nothing says where:
 * who unpacks finds the places again from the bytes before them. An event names the id of its
 * device's event before; where that one stands among these leaves, the id is left out, since it can
 * be computed from the leaf.
 *
 *   size u32 of what follows packed, unpacked; size u32 of what does not; the leaves' cuts but
 * those ids; then packed: sizes u16 of the leaves; u8 how many leaves before stands the one whose
 * id is left out (0: none is); the leaves' bytes but their cuts
 */
MUST_USE enum err leaf_pack(const struct leaf_run *run, const size_t bounds[2], struct buf *ret);
/* Adds the count leaves of packed to run, which is empty: the very bytes that were packed.
 * ERR_STORE for what leaf_pack never wrote, if that shows: a flipped bit may give other leaves. */
MUST_USE enum err leaf_unpack(struct span packed, size_t count, struct leaf_run *run);

#endif
