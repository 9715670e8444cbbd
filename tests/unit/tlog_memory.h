#ifndef JIELI_TESTS_TLOG_MEMORY_H
#define JIELI_TESTS_TLOG_MEMORY_H

#include "tlog/tree.h"

#include <string.h>

/* A tile store in memory for up to 3 levels of 320 tiles, with counters and faults. */
enum { MEMORY_LEVELS = 3, MEMORY_TILES = 320 };

struct memory_tile {
    size_t size;
    unsigned reads;
    unsigned writes;
    uint8_t bytes[TLOG_TILE_SIZE];
};

struct memory {
    struct memory_tile tile[MEMORY_LEVELS][MEMORY_TILES];
    enum err read_err;  /* answered instead of reading, unless ERR_NONE */
    enum err write_err; /* likewise */
    struct tlog_tiles tiles;
};

static inline enum err memory_read(void *context, uint8_t level, uint64_t index, uint8_t *ret,
                                   size_t *ret_size)
{
    struct memory *memory = context;
    if (memory->read_err != ERR_NONE) {
        return memory->read_err;
    }
    if (level >= MEMORY_LEVELS || index >= MEMORY_TILES || memory->tile[level][index].size == 0) {
        return ERR_NOT_FOUND;
    }
    struct memory_tile *tile = &memory->tile[level][index];
    tile->reads++;
    *ret_size = tile->size;
    memcpy(ret, tile->bytes, tile->size < TLOG_TILE_SIZE ? tile->size : TLOG_TILE_SIZE);
    return ERR_NONE;
}

static inline enum err memory_write(void *context, uint8_t level, uint64_t index, struct span bytes)
{
    struct memory *memory = context;
    if (memory->write_err != ERR_NONE) {
        return memory->write_err;
    }
    if (level >= MEMORY_LEVELS || index >= MEMORY_TILES || bytes.size > TLOG_TILE_SIZE) {
        return ERR_FULL;
    }
    struct memory_tile *tile = &memory->tile[level][index];
    tile->writes++;
    tile->size = bytes.size;
    memcpy(tile->bytes, bytes.data, bytes.size);
    return ERR_NONE;
}

static inline void memory_init(struct memory *memory)
{
    memset(memory, 0, sizeof *memory);
    memory->tiles = (struct tlog_tiles){memory, memory_read, memory_write, NULL};
}

/* The leaf of the tests: the hash of its own number. */
static inline struct tlog_hash memory_leaf(uint64_t index)
{
    struct tlog_hash hash;
    uint8_t bytes[8];
    put_u64(bytes, index);
    tlog_leaf_hash(span_of(bytes, sizeof bytes), &hash);
    return hash;
}

/* A log of endlessly many equal leaves: tiles of any index without keeping any. */
struct endless {
    struct tlog_hash hash[64]; /* root of 2^i leaves */
    struct tlog_tiles tiles;
};

static inline enum err endless_read(void *context, uint8_t level, uint64_t index, uint8_t *ret,
                                    size_t *ret_size)
{
    const struct endless *endless = context;
    (void)index;
    for (size_t i = 0; i < TLOG_TILE_WIDTH; i++) {
        memcpy(ret + i * LIMIT_HASH_SIZE, endless->hash[(size_t)level * 8].bytes, LIMIT_HASH_SIZE);
    }
    *ret_size = TLOG_TILE_SIZE;
    return ERR_NONE;
}

static inline void endless_init(struct endless *endless)
{
    endless->hash[0] = memory_leaf(0);
    for (size_t i = 1; i < 64; i++) {
        tlog_node_hash(&endless->hash[i - 1], &endless->hash[i - 1], &endless->hash[i]);
    }
    endless->tiles = (struct tlog_tiles){endless, endless_read, NULL, NULL};
}

#endif
