#ifndef JIELI_TLOG_TREE_H
#define JIELI_TLOG_TREE_H

#include "base/limits.h"
#include "base/span.h"

/* The RFC 6962 Merkle tree of a log, kept as C2SP tiles: a tile (level, index) holds up to 256
 * hashes, each the root of a full subtree of 256^level leaves. Nothing here reads a disk: tiles
 * come and go through struct tlog_tiles. All indexes and sizes count leaves. */

enum { TLOG_TILE_WIDTH = 256, TLOG_TILE_SIZE = TLOG_TILE_WIDTH * LIMIT_HASH_SIZE, TLOG_LEVELS = 8 };

struct tlog_hash {
    uint8_t bytes[LIMIT_HASH_SIZE];
};

/* Roots of full subtrees, remembered: the proofs of one commit need the same few again and again.
 * All of them are of one tree, of which nothing was taken back since. */
struct tlog_nodes;
MUST_USE enum err tlog_nodes_new(struct tlog_nodes **ret_nodes);
void tlog_nodes_free(struct tlog_nodes *nodes);

/* Where tiles are kept. read gives the tile's present bytes (a multiple of 32, *ret_size says how
 * many) or ERR_NOT_FOUND; write replaces a tile by a longer one. */
struct tlog_tiles {
    void *context;
    enum err (*read)(void *context, uint8_t level, uint64_t index,
                     uint8_t *ret /* TLOG_TILE_SIZE */, size_t *ret_size);
    enum err (*write)(void *context, uint8_t level, uint64_t index, struct span bytes);
    struct tlog_nodes *nodes; /* NULL: none are remembered */
};

void tlog_leaf_hash(struct span leaf, struct tlog_hash *ret); /* 0x00 || leaf */
void tlog_node_hash(const struct tlog_hash *left, const struct tlog_hash *right,
                    struct tlog_hash *ret); /* 0x01 || l || r */

/* Folds a full tile of level 0 ahead of the tlog_append that brings it, which then has less to do.
 * On several threads at once for different tiles, unless TLOG_FOLD_APART divides what lies between
 * them: their nodes share places. Only while nothing else uses nodes. */
enum { TLOG_FOLD_APART = 16 };
void tlog_fold_ahead(struct tlog_nodes *nodes, uint64_t tile,
                     const struct tlog_hash *leaves /* TLOG_TILE_WIDTH */);
/* Appends count leaf hashes to a log of size leaves; each tile touched is read and written once. */
MUST_USE enum err tlog_append(const struct tlog_tiles *tiles, uint64_t size,
                              const struct tlog_hash *leaves, size_t count);
/* Root of the first size leaves; the root of the empty tree is SHA-256(""). */
MUST_USE enum err tlog_root(const struct tlog_tiles *tiles, uint64_t size, struct tlog_hash *ret);
/* Root of leaves recomputed from scratch by another code path (a right-leaning recursion over the
 * hashes given): what the hub compares before it signs. peaks: the roots of the full subtrees of
 * the tree of size leaves, largest first, at most 64; see tlog_peaks. */
struct tlog_peaks {
    uint64_t size;
    size_t count;
    struct tlog_hash peak[64];
};
void tlog_peaks_init(struct tlog_peaks *peaks);
void tlog_peaks_push(struct tlog_peaks *peaks, const struct tlog_hash *leaf);
void tlog_peaks_root(const struct tlog_peaks *peaks, struct tlog_hash *ret);
/* The peaks of a log read from its tiles. */
MUST_USE enum err tlog_peaks_read(const struct tlog_tiles *tiles, uint64_t size,
                                  struct tlog_peaks *ret);

#endif
