#ifndef JIELI_TLOG_PROOF_H
#define JIELI_TLOG_PROOF_H

#include "tlog/tree.h"

/* A list of hashes: an inclusion, consistency or range proof. */
struct tlog_proof {
    size_t count;
    struct tlog_hash hash[LIMIT_PROOF_COUNT];
};

/* RFC 6962 PATH(index, D[size]); index < size. */
MUST_USE enum err tlog_prove_inclusion(const struct tlog_tiles *tiles, uint64_t index,
                                       uint64_t size, struct tlog_proof *ret);
MUST_USE enum err tlog_check_inclusion(const struct tlog_hash *leaf, uint64_t index, uint64_t size,
                                       const struct tlog_proof *proof,
                                       const struct tlog_hash *root);
/* RFC 6962 PROOF(old, D[size]); old == 0 and old == size give the empty proof. */
MUST_USE enum err tlog_prove_consistency(const struct tlog_tiles *tiles, uint64_t old_size,
                                         uint64_t size, struct tlog_proof *ret);
MUST_USE enum err tlog_check_consistency(uint64_t old_size, const struct tlog_hash *old_root,
                                         uint64_t size, const struct tlog_hash *root,
                                         const struct tlog_proof *proof);
/* One proof for the leaves [first, first + count) of a tree of size: the roots of the maximal
 * subtrees left of the range, from left to right, then those right of it, from left to right.
 * With the leaves themselves the root follows. count >= 1. */
MUST_USE enum err tlog_prove_range(const struct tlog_tiles *tiles, uint64_t first, uint64_t count,
                                   uint64_t size, struct tlog_proof *ret);
/* ERR_AUTH when the root differs or the proof has a hash too few or too many (as all checks here).
 */
MUST_USE enum err tlog_check_range(const struct tlog_hash *leaves, uint64_t first, uint64_t count,
                                   uint64_t size, const struct tlog_proof *proof,
                                   const struct tlog_hash *root);

#endif
