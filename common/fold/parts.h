#ifndef JIELI_FOLD_PARTS_H
#define JIELI_FOLD_PARTS_H

#include "store/kv.h"

/* Sealed parts as a hub keeps them: many and for ever, so one behind another as they come, found by
 * their hash, and the wraps of a record's key once for all parts that came with the same. What is
 * given out are the very bytes that were put in.
 *
 *   KV_PART 'h' names of hashes -> places (part_names.h); 0: expected, not here yet
 *           'e' names that are expected since lately (part_expected.h)
 *           'n' the bytes at those places (part_bytes.h):
 *               how far before it its wraps stand, ciphertext's size, ciphertext; or
 *               0, count u8, wraps: audience, generation, station (0: none; 65535: device[32]
 *               follows), box[80]
 *           'd' station u16 -> device[32]
 *
 * Numbers in what stands there are varints.
 *
 * Public blobs and a station's own parts stand in KV_BLOB under their whole hash; they are found
 * here, too. */
struct parts;

/* Remembers the wraps that came last. */
MUST_USE enum err parts_new(struct parts **ret_parts);
void parts_free(struct parts *parts);
/* After a transaction with parts_put that failed. */
void parts_forget(struct parts *parts);

/* Of a hash stand this many bytes in the lists of names. */
enum { PARTS_NAME_SIZE = 8 };

/* Events in the log name these parts: parts_put will take them. names: of their hashes one behind
 * another. Best all of a transaction at once. */
void parts_expect(struct kv_txn *txn, struct span names);
bool parts_is_expected(struct kv_txn *txn, const uint8_t hash[LIMIT_HASH_SIZE]);
/* bytes: a SealedBlob whose ciphertext has that hash (the caller has checked); else they are
 * ERR_MALFORMED in txn. */
void parts_put(struct parts *parts, struct kv_txn *txn, const uint8_t hash[LIMIT_HASH_SIZE],
               struct span bytes);
bool parts_has(struct kv_txn *txn, const uint8_t hash[LIMIT_HASH_SIZE]);
/* The hash by which a sealed part is known: of its ciphertext alone, since its wraps change when
 * members do. False: it is no sealed part. */
bool parts_hash(struct span bytes, uint8_t ret_hash[LIMIT_HASH_SIZE]);
/* Replaces ret's bytes; false when absent, also where only another hash begins alike, or after an
 * error. */
bool parts_get(struct kv_txn *txn, const uint8_t hash[LIMIT_HASH_SIZE], struct buf *ret);

#endif
