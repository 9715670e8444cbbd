#include "tlog/tile.h"

#include "base/check.h"

#include <string.h>

enum { TILE_HEIGHT = 8 };
_Static_assert(1 << TILE_HEIGHT == TLOG_TILE_WIDTH, "a tile holds 2^8 hashes");
_Static_assert(sizeof(struct tlog_hash) == LIMIT_HASH_SIZE, "an array of hashes is a tile's bytes");

enum err tile_read(const struct tlog_tiles *tiles, uint8_t level, uint64_t index,
                   struct tlog_hash *ret, size_t *ret_count)
{
    size_t size = 0;
    enum err err = tiles->read(tiles->context, level, index, ret->bytes, &size);
    if (err != ERR_NONE) {
        return err;
    }
    if (size > TLOG_TILE_SIZE || size % LIMIT_HASH_SIZE != 0) {
        return ERR_STORE;
    }
    *ret_count = size / LIMIT_HASH_SIZE;
    return ERR_NONE;
}

void tile_fold(const struct tlog_hash *hashes, size_t count, struct tlog_hash *ret)
{
    struct tlog_hash node[TLOG_TILE_WIDTH];
    CHECK(count >= 1);
    CHECK(count <= TLOG_TILE_WIDTH);
    CHECK((count & (count - 1)) == 0);
    memcpy(node, hashes, count * sizeof *node);
    for (size_t left = count / 2; left > 0; left /= 2) {
        for (size_t i = 0; i < left; i++) {
            tlog_node_hash(&node[2 * i], &node[2 * i + 1], &node[i]);
        }
    }
    *ret = node[0];
}

void tile_reader_init(struct tile_reader *reader, const struct tlog_tiles *tiles)
{
    reader->tiles = tiles;
    reader->level = 0;
    reader->index = 0;
    reader->count = 0;
}

/* Makes the first count hashes of a tile present in reader. */
static enum err reader_load(struct tile_reader *reader, uint8_t level, uint64_t index, size_t count)
{
    if (reader->level == level && reader->index == index && reader->count >= count) {
        return ERR_NONE;
    }
    reader->count = 0;
    reader->level = level;
    reader->index = index;
    enum err err = tile_read(reader->tiles, level, index, reader->hash, &reader->count);
    if (err != ERR_NONE) {
        return err;
    }
    return reader->count < count ? ERR_NOT_FOUND : ERR_NONE;
}

/* Root of the 2^height leaves from start, which is a multiple of 2^height. */
static enum err full_subtree(struct tile_reader *reader, uint64_t start, unsigned height,
                             struct tlog_hash *ret)
{
    uint8_t level = (uint8_t)(height / TILE_HEIGHT);
    size_t width = (size_t)1 << (height % TILE_HEIGHT);
    uint64_t first = start >> (level * TILE_HEIGHT); /* the first hash wanted, in its level */
    size_t at = (size_t)(first % TLOG_TILE_WIDTH);
    enum err err = reader_load(reader, level, first / TLOG_TILE_WIDTH, at + width);
    if (err == ERR_NONE) {
        tile_fold(&reader->hash[at], width, ret);
    }
    return err;
}

enum err tile_subtree(struct tile_reader *reader, uint64_t start, uint64_t count,
                      struct tlog_hash *ret)
{
    struct tlog_hash hash = {{0}};
    uint64_t end = start + count;
    bool found = false;
    CHECK(count >= 1);
    /* From the smallest full subtree at the right edge to the largest at the left. */
    for (unsigned height = 0; height < 64; height++) {
        struct tlog_hash left;
        if ((count >> height & 1) == 0) {
            continue;
        }
        end -= (uint64_t)1 << height;
        enum err err = full_subtree(reader, end, height, &left);
        if (err != ERR_NONE) {
            return err;
        }
        if (found) {
            tlog_node_hash(&left, &hash, &hash);
        } else {
            hash = left;
        }
        found = true;
    }
    *ret = hash;
    return ERR_NONE;
}
