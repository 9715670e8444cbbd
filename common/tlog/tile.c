#include "tlog/tile.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

enum {
    NODE_HEIGHTS = 32, /* that are remembered; above them a root is made of few hashes */
    NODE_COUNT = 2048  /* of each height: all of a commit's */
};
_Static_assert(TLOG_FOLD_APART *TLOG_TILE_WIDTH / 2 == NODE_COUNT, "nodes of height 1 of these");
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

/* Remembered in the place that index and height give, in the stead of an older one. */
struct node {
    uint64_t mark; /* index + 1; 0: none */
    struct tlog_hash hash;
};

struct tlog_nodes {
    struct node node[NODE_HEIGHTS][NODE_COUNT];
};

enum err tlog_nodes_new(struct tlog_nodes **ret_nodes)
{
    *ret_nodes = calloc(1, sizeof **ret_nodes);
    return *ret_nodes == NULL ? ERR_MEMORY : ERR_NONE;
}

void tlog_nodes_free(struct tlog_nodes *nodes)
{
    free(nodes);
}

bool tile_known(const struct tlog_nodes *nodes, struct tile_place place, struct tlog_hash *ret)
{
    if (nodes == NULL || place.height >= NODE_HEIGHTS) {
        return false;
    }
    const struct node *node = &nodes->node[place.height][place.index % NODE_COUNT];
    if (node->mark != place.index + 1) {
        return false;
    }
    *ret = node->hash;
    return true;
}

static void remember(struct tlog_nodes *nodes, struct tile_place place,
                     const struct tlog_hash *hash)
{
    if (nodes != NULL && place.height < NODE_HEIGHTS) {
        struct node *node = &nodes->node[place.height][place.index % NODE_COUNT];
        node->mark = place.index + 1;
        node->hash = *hash;
    }
}

void tile_fold(struct tlog_nodes *nodes, struct tile_place place, unsigned height,
               const struct tlog_hash *hashes, struct tlog_hash *ret)
{
    struct tlog_hash node[TLOG_TILE_WIDTH];
    CHECK(place.height >= height);
    CHECK(place.height - height <= TILE_HEIGHT);
    size_t left = (size_t)1 << (place.height - height);
    memcpy(node, hashes, left * sizeof *node);
    while (left > 1) {
        left /= 2;
        height++;
        for (size_t i = 0; i < left; i++) {
            tlog_node_hash(&node[2 * i], &node[2 * i + 1], &node[i]);
            remember(nodes, (struct tile_place){height, place.index * left + i}, &node[i]);
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
    struct tile_place place = {height, start >> height};
    if (tile_known(reader->tiles->nodes, place, ret)) {
        return ERR_NONE;
    }
    uint8_t level = (uint8_t)(height / TILE_HEIGHT);
    size_t width = (size_t)1 << (height % TILE_HEIGHT);
    uint64_t first = start >> (level * TILE_HEIGHT); /* the first hash wanted, in its level */
    size_t at = (size_t)(first % TLOG_TILE_WIDTH);
    enum err err = reader_load(reader, level, first / TLOG_TILE_WIDTH, at + width);
    if (err == ERR_NONE) {
        tile_fold(reader->tiles->nodes, place, level * TILE_HEIGHT, &reader->hash[at], ret);
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
