#ifndef JIELI_TLOG_TILE_H
#define JIELI_TLOG_TILE_H

#include "tlog/tree.h"

/* For tlog/ alone: subtrees of the log out of its tiles. */

/* The hashes of a tile that are present. ERR_NOT_FOUND: no such tile. ERR_STORE: its bytes are no
 * tile. ret may be written to on failure. */
MUST_USE enum err tile_read(const struct tlog_tiles *tiles, uint8_t level, uint64_t index,
                            struct tlog_hash *ret /* TLOG_TILE_WIDTH */, size_t *ret_count);
enum { TILE_HEIGHT = 8 }; /* 2^8 hashes in a tile */

/* Where a full subtree stands: index counts those of its height. */
struct tile_place {
    unsigned height;
    uint64_t index;
};

/* Root of the subtree at place, out of hashes, which are roots of height of its lower subtrees;
 * kept in nodes, as those between, unless that is NULL. */
void tile_fold(struct tlog_nodes *nodes, struct tile_place place, unsigned height,
               const struct tlog_hash *hashes, struct tlog_hash *ret);
/* False: not remembered. */
bool tile_known(const struct tlog_nodes *nodes, struct tile_place place, struct tlog_hash *ret);

/* Keeps the tile read last: neighbouring subtrees mostly come from the same one. */
struct tile_reader {
    const struct tlog_tiles *tiles;
    uint8_t level;
    uint64_t index;
    size_t count; /* hashes present in hash; 0: no tile read yet */
    struct tlog_hash hash[TLOG_TILE_WIDTH];
};

void tile_reader_init(struct tile_reader *reader, const struct tlog_tiles *tiles);
/* Root of the count leaves from start: RFC 6962 MTH(D[start:start+count]). start is a multiple of
 * the smallest power of two that is not below count; count >= 1. ERR_NOT_FOUND: a hash it needs is
 * in no tile. */
MUST_USE enum err tile_subtree(struct tile_reader *reader, uint64_t start, uint64_t count,
                               struct tlog_hash *ret);

#endif
