#include "tlog/tree.h"

#include "base/check.h"
#include "seal/hash.h"
#include "tlog/tile.h"

#include <string.h>

void tlog_leaf_hash(struct span leaf, struct tlog_hash *ret)
{
    static const uint8_t prefix[] = {0x00};
    struct seal_sha256 sha;
    seal_sha256_init(&sha);
    seal_sha256_update(&sha, span_of(prefix, sizeof prefix));
    seal_sha256_update(&sha, leaf);
    seal_sha256_final(&sha, ret->bytes);
}

void tlog_node_hash(const struct tlog_hash *left, const struct tlog_hash *right,
                    struct tlog_hash *ret)
{
    uint8_t node[1 + 2 * LIMIT_HASH_SIZE];
    node[0] = 0x01;
    memcpy(node + 1, left->bytes, LIMIT_HASH_SIZE);
    memcpy(node + 1 + LIMIT_HASH_SIZE, right->bytes, LIMIT_HASH_SIZE);
    seal_sha256(span_of(node, sizeof node), ret->bytes);
}

/* The tiles at the right edge that an append is working on, one a level. */
struct edge {
    const struct tlog_tiles *tiles;
    struct edge_tile {
        bool loaded;
        size_t count; /* hashes in hash, once loaded */
        uint64_t index;
        struct tlog_hash hash[TLOG_TILE_WIDTH];
    } tile[TLOG_LEVELS];
};

static enum err edge_load(struct edge *edge, unsigned level, uint64_t level_size)
{
    struct edge_tile *tile = &edge->tile[level];
    uint64_t index = level_size / TLOG_TILE_WIDTH;
    size_t count = (size_t)(level_size % TLOG_TILE_WIDTH);
    if (count > 0) {
        size_t present = 0;
        enum err err = tile_read(edge->tiles, (uint8_t)level, index, tile->hash, &present);
        if (err != ERR_NONE) {
            return err;
        }
        if (present < count) {
            return ERR_NOT_FOUND;
        }
    }
    tile->index = index;
    tile->count = count;
    tile->loaded = true;
    return ERR_NONE;
}

static enum err edge_store(struct edge *edge, unsigned level)
{
    struct edge_tile *tile = &edge->tile[level];
    struct span bytes = span_of(tile->hash, tile->count * LIMIT_HASH_SIZE);
    tile->loaded = false;
    return edge->tiles->write(edge->tiles->context, (uint8_t)level, tile->index, bytes);
}

/* Adds one leaf to a log of size leaves, and at each level above the root of the tile it fills. */
static enum err edge_push(struct edge *edge, uint64_t size, const struct tlog_hash *leaf)
{
    struct tlog_hash hash = *leaf;
    for (unsigned level = 0; level < TLOG_LEVELS; level++) {
        struct edge_tile *tile = &edge->tile[level];
        if (!tile->loaded) {
            enum err err = edge_load(edge, level, size);
            if (err != ERR_NONE) {
                return err;
            }
        }
        CHECK(tile->count < TLOG_TILE_WIDTH);
        tile->hash[tile->count++] = hash;
        if (tile->count < TLOG_TILE_WIDTH) {
            return ERR_NONE;
        }
        enum err err = edge_store(edge, level);
        if (err != ERR_NONE) {
            return err;
        }
        struct tile_place place = {(level + 1) * TILE_HEIGHT, tile->index};
        if (!tile_known(edge->tiles->nodes, place, &hash)) {
            tile_fold(edge->tiles->nodes, place, level * TILE_HEIGHT, tile->hash, &hash);
        }
        size /= TLOG_TILE_WIDTH;
    }
    return ERR_NONE;
}

void tlog_fold_ahead(struct tlog_nodes *nodes, uint64_t tile, const struct tlog_hash *leaves)
{
    struct tlog_hash root;
    tile_fold(nodes, (struct tile_place){TILE_HEIGHT, tile}, 0, leaves, &root);
}

enum err tlog_append(const struct tlog_tiles *tiles, uint64_t size, const struct tlog_hash *leaves,
                     size_t count)
{
    struct edge edge;
    edge.tiles = tiles;
    for (unsigned level = 0; level < TLOG_LEVELS; level++) {
        edge.tile[level].loaded = false;
    }
    if (count > UINT64_MAX - size) {
        return ERR_LIMIT;
    }
    for (size_t i = 0; i < count; i++) {
        enum err err = edge_push(&edge, size + i, &leaves[i]);
        if (err != ERR_NONE) {
            return err;
        }
    }
    for (unsigned level = 0; level < TLOG_LEVELS; level++) {
        enum err err = edge.tile[level].loaded ? edge_store(&edge, level) : ERR_NONE;
        if (err != ERR_NONE) {
            return err;
        }
    }
    return ERR_NONE;
}

static void root_of_nothing(struct tlog_hash *ret)
{
    seal_sha256(span_of(NULL, 0), ret->bytes);
}

enum err tlog_root(const struct tlog_tiles *tiles, uint64_t size, struct tlog_hash *ret)
{
    if (size == 0) {
        root_of_nothing(ret);
        return ERR_NONE;
    }
    struct tile_reader reader;
    tile_reader_init(&reader, tiles);
    return tile_subtree(&reader, 0, size, ret);
}

void tlog_peaks_init(struct tlog_peaks *peaks)
{
    peaks->size = 0;
    peaks->count = 0;
}

void tlog_peaks_push(struct tlog_peaks *peaks, const struct tlog_hash *leaf)
{
    struct tlog_hash hash = *leaf;
    for (uint64_t size = peaks->size; (size & 1) != 0; size >>= 1) {
        CHECK(peaks->count > 0);
        tlog_node_hash(&peaks->peak[--peaks->count], &hash, &hash);
    }
    CHECK(peaks->count < 64);
    peaks->peak[peaks->count++] = hash;
    peaks->size++;
}

void tlog_peaks_root(const struct tlog_peaks *peaks, struct tlog_hash *ret)
{
    if (peaks->count == 0) {
        root_of_nothing(ret);
        return;
    }
    struct tlog_hash hash = peaks->peak[peaks->count - 1];
    for (size_t i = peaks->count - 1; i > 0; i--) {
        tlog_node_hash(&peaks->peak[i - 1], &hash, &hash);
    }
    *ret = hash;
}

enum err tlog_peaks_read(const struct tlog_tiles *tiles, uint64_t size, struct tlog_peaks *ret)
{
    struct tlog_peaks peaks;
    struct tile_reader reader;
    uint64_t start = 0;
    tlog_peaks_init(&peaks);
    tile_reader_init(&reader, tiles);
    for (int height = 63; height >= 0; height--) {
        uint64_t width = (uint64_t)1 << height;
        if ((size & width) == 0) {
            continue;
        }
        enum err err = tile_subtree(&reader, start, width, &peaks.peak[peaks.count++]);
        if (err != ERR_NONE) {
            return err;
        }
        start += width;
    }
    peaks.size = size;
    *ret = peaks;
    return ERR_NONE;
}
