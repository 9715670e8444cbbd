#ifndef JIELI_FOLD_LOG_H
#define JIELI_FOLD_LOG_H

#include "store/kv.h"
#include "tlog/proof.h"
#include "wire/wire.h"

/* The tile of level 0 computed last. */
struct log_tile {
    uint64_t index; /* UINT64_MAX: none */
    struct tlog_hash hash[TLOG_TILE_WIDTH];
};

/* Somebody who calls part(argument, i) once for each i below count, perhaps on several threads at
 * once, and returns when all have ended (node/team.h). */
struct log_help {
    void (*each)(void *context, size_t count, void (*part)(void *argument, size_t i),
                 void *argument);
    void *context;
};

/* A hub's log in the store: leaves, the Merkle tree's tiles, the chains of the devices and the
 * feeds. The hub writes one, an auditor mirrors one a hub (slot tells them apart), a station keeps
 * only the leaves of its feeds. All functions work inside the caller's transaction, whose sticky
 * error tells what failed.
 *
 * Keys, all big endian:
 *   KV_META   'L' slot                                   -> struct log without the peaks
 *   KV_LEAF   leaf_rows.h
 *   KV_TILE   slot, level u8, tile u64                   -> hashes; whole tiles of level 0 are
 *                                                           computed from the leaves
 *   KV_HEAD, KV_CHAIN  chains.h
 *   KV_FEED   slot, number u32 (0: common), seq u64      -> leaf index u64 */
struct log {
    uint8_t slot;
    uint64_t size;       /* leaves */
    uint64_t last_ms;    /* hub_ms of the newest leaf; never decreases */
    uint64_t common_seq; /* newest of the common feed */
    uint32_t device_count;
    struct tlog_peaks peaks;  /* beside the tiles: the second way to the root */
    uint64_t recent_first;    /* leaf hashes from here to the last flush are in recent: all since */
    struct tlog_hash *recent; /* the tile was begun that the transaction before it left open */
    size_t pending_count;     /* leaves after the last flush: not hashed, not in tiles and peaks */
    struct leaf_rows *leaves;
    struct chains *chains;
    struct log_tile *tile;
    struct tlog_nodes *nodes;
    const struct log_help *help; /* in a flush; NULL: done alone. Same bytes in the store */
};

/* Leaves one transaction may append. */
enum { LOG_PENDING = 8192 };

/* What the log knows of one device. */
struct log_head {
    uint32_t number;      /* order of first appearance, from 1 */
    uint64_t incarnation; /* newest; 0: no event yet */
    uint64_t seq;         /* newest of that incarnation */
    uint8_t id[LIMIT_HASH_SIZE];
    uint64_t own_seq;   /* newest of the device's own feed */
    uint64_t seen_size; /* greatest checkpoint the device has shown */
    bool frozen;        /* a fork was seen in this incarnation */
};

/* Keys hold no more of an incarnation: what stands in a greater one is not found again, so a hub
 * takes none. */
#define LOG_INCARNATION_MAX UINT32_MAX

/* Where an event stands in its device's chain. */
struct log_place {
    uint8_t device[LIMIT_KEY_SIZE];
    uint64_t incarnation;
    uint64_t seq;
    uint8_t id[LIMIT_HASH_SIZE]; /* of its event, else zeros: by it leaves are packed */
};

/* Reads the state of slot; a new one is empty. log_done frees. */
MUST_USE enum err log_init(struct log *log, struct kv_txn *txn, uint8_t slot);
void log_done(struct log *log);

/* False: this device never appeared; *ret_head is then all zero. */
bool log_head_get(const struct log *log, struct kv_txn *txn, const uint8_t device[LIMIT_KEY_SIZE],
                  struct log_head *ret_head);
/* Stores, by the next flush; a head without a number is given the next one. */
void log_head_put(struct log *log, struct kv_txn *txn, const uint8_t device[LIMIT_KEY_SIZE],
                  struct log_head *head);

/* Gives leaf the next index and moves the device's head to place. The leaf's feed seqs must be the
 * next ones (log->common_seq + 1, feed device's own_seq + 1) or 0. The sticky error of txn is
 * ERR_LIMIT after LOG_PENDING leaves. Returns the index. The leaf, its place in chain and feeds can
 * be read at once; it has a hash, and is in tiles and peaks, only from the flush on. */
uint64_t log_append(struct log *log, struct kv_txn *txn, const struct wire_leaf *leaf,
                    struct span leaf_bytes, const struct log_place *place);
/* Hashes and writes what was appended, its tiles and the state. Call once before the commit; after
 * a transaction that failed the log is to be read again (log_done, log_init). Compares the root
 * from the tiles with that from the peaks: they differ only by a bug or a broken disk (ERR_STORE).
 */
void log_flush(struct log *log, struct kv_txn *txn, struct tlog_hash *ret_root);

/* A copy of a leaf; false when absent. Rows have no checksums: unless the last flush wrote it, a
 * leaf is given only if its hash is the tree's, else ERR_STORE. A station, which has no tree, gets
 * what is stored. */
bool log_leaf(const struct log *log, struct kv_txn *txn, uint64_t index, struct buf *ret_bytes);
/* The same without a copy: borrowed until the next call with this log. */
bool log_leaf_view(const struct log *log, struct kv_txn *txn, uint64_t index, struct span *ret);
/* Index of a chain entry or a feed entry; false when absent. number 0: the common feed. */
bool log_chain_index(const struct log *log, struct kv_txn *txn, uint32_t number,
                     uint64_t incarnation, uint64_t seq, uint64_t *ret_index);
/* Newest seq of an incarnation; 0: none. */
uint64_t log_chain_end(const struct log *log, struct kv_txn *txn, uint32_t number,
                       uint64_t incarnation);
bool log_feed_index(const struct log *log, struct kv_txn *txn, uint32_t number, uint64_t seq,
                    uint64_t *ret_index);
/* A leaf that came by a feed (station): kept at its index with its feed entry, no tree. */
void log_keep_feed_leaf(struct log *log, struct kv_txn *txn, uint32_t number, uint64_t seq,
                        uint64_t index, struct span leaf_bytes);

/* A tile store over txn, for roots and proofs. The context must outlive its use. */
struct log_tiles {
    const struct log *log;
    struct kv_txn *txn;
};
struct tlog_tiles log_tiles(struct log_tiles *context);

#endif
