#ifndef JIELI_TLOG_TILE_H
#define JIELI_TLOG_TILE_H

#include "tlog/tree.h"

/* For tlog/ alone: subtrees of the log out of its tiles. */

/* The hashes of a tile that are present. ERR_NOT_FOUND: no such tile. ERR_STORE: its bytes are no
 * tile. ret may be written to on failure. */
MUST_USE enum err tile_read(const struct tlog_tiles *tiles, uint8_t level, uint64_t index,
                            struct tlog_hash *ret /* TLOG_TILE_WIDTH */, size_t *ret_count);
/* Root of count hashes, a power of two, at most TLOG_TILE_WIDTH. */
void tile_fold(const struct tlog_hash *hashes, size_t count, struct tlog_hash *ret);

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
