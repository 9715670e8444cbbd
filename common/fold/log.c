#include "fold/log.h"

#include "base/check.h"
#include "fold/chains.h"
#include "fold/leaf_rows.h"
#include "store/keys.h"

#include <stdlib.h>
#include <string.h>

enum { HASHED_TOGETHER = 64 }; /* leaves of one part of a help */

static struct span meta_key(struct kv_key *key, uint8_t slot)
{
    kv_key_init(key);
    kv_key_u8(key, 'L');
    kv_key_u8(key, slot);
    return kv_key_span(key);
}

static struct span feed_key(struct kv_key *key, const struct log *log, uint32_t number,
                            uint64_t seq)
{
    kv_key_init(key);
    kv_key_u8(key, log->slot);
    kv_key_u32(key, number);
    kv_key_u64(key, seq);
    return kv_key_span(key);
}

static struct span tile_key(struct kv_key *key, const struct log *log, uint8_t level,
                            uint64_t index)
{
    kv_key_init(key);
    kv_key_u8(key, log->slot);
    kv_key_u8(key, level);
    kv_key_u64(key, index);
    return kv_key_span(key);
}

/* Does a stored tile have hash at index of its level? */
static bool tile_has(const struct log_tiles *tiles, uint8_t level, uint64_t index,
                     const struct tlog_hash *hash)
{
    struct kv_key key;
    struct buf tile;
    size_t at = (size_t)(index % TLOG_TILE_WIDTH) * LIMIT_HASH_SIZE;
    buf_init(&tile, TLOG_TILE_SIZE);
    bool has = kv_get(tiles->txn, KV_TILE,
                      tile_key(&key, tiles->log, level, index / TLOG_TILE_WIDTH), &tile) &&
               tile.size >= at + LIMIT_HASH_SIZE &&
               memcmp(tile.data + at, hash->bytes, LIMIT_HASH_SIZE) == 0;
    buf_done(&tile);
    return has;
}

/* Only full tiles of level 0 are not stored: their leaves stand together in a row or few. A damaged
 * row may give other leaves, so the tile above must have the root of these. */
static enum err compute_tile(const struct log_tiles *tiles, uint64_t index)
{
    struct log_tile *tile = tiles->log->tile;
    struct tlog_peaks peaks;
    struct tlog_hash root;
    struct span leaf;
    if (tile->index == index) {
        return ERR_NONE;
    }
    tile->index = UINT64_MAX;
    tlog_peaks_init(&peaks);
    for (size_t i = 0; i < TLOG_TILE_WIDTH; i++) {
        if (!leaf_rows_get(tiles->log->leaves, tiles->txn, index * TLOG_TILE_WIDTH + i, &leaf)) {
            kv_fail(tiles->txn, ERR_STORE);
            return tiles->txn->err;
        }
        tlog_leaf_hash(leaf, &tile->hash[i]);
        tlog_peaks_push(&peaks, &tile->hash[i]);
    }
    tlog_peaks_root(&peaks, &root);
    if (!tile_has(tiles, 1, index, &root)) {
        kv_fail(tiles->txn, ERR_STORE);
        return tiles->txn->err;
    }
    tile->index = index;
    return ERR_NONE;
}

/* Leaves in tiles and peaks: those of the last flush. */
static uint64_t flushed_size(const struct log *log)
{
    return log->size - log->pending_count;
}

static const struct tlog_hash *recent_hashes(const struct log *log, uint64_t tile)
{
    return log->recent + (tile * TLOG_TILE_WIDTH - log->recent_first);
}

/* The full tile of level 0 that the last transactions made; NULL: another one. */
static const struct tlog_hash *recent_tile(const struct log *log, uint64_t index)
{
    bool known = index >= (log->recent_first + TLOG_TILE_WIDTH - 1) / TLOG_TILE_WIDTH &&
                 index < flushed_size(log) / TLOG_TILE_WIDTH;
    return known ? recent_hashes(log, index) : NULL;
}

static enum err tile_read(void *context, uint8_t level, uint64_t index, uint8_t *ret,
                          size_t *ret_size)
{
    struct log_tiles *tiles = context;
    const struct tlog_hash *recent = level == 0 ? recent_tile(tiles->log, index) : NULL;
    struct kv_key key;
    struct buf value;
    enum err err = ERR_NOT_FOUND;
    if (recent != NULL) {
        memcpy(ret, recent, TLOG_TILE_SIZE);
        *ret_size = TLOG_TILE_SIZE;
        return ERR_NONE;
    }
    buf_init(&value, TLOG_TILE_SIZE);
    if (kv_get(tiles->txn, KV_TILE, tile_key(&key, tiles->log, level, index), &value)) {
        memcpy(ret, value.data, value.size);
        *ret_size = value.size;
        err = ERR_NONE;
    } else if (level == 0 && index < flushed_size(tiles->log) / TLOG_TILE_WIDTH) {
        err = compute_tile(tiles, index);
        if (err == ERR_NONE) {
            memcpy(ret, tiles->log->tile->hash, TLOG_TILE_SIZE);
            *ret_size = TLOG_TILE_SIZE;
        }
    }
    buf_done(&value);
    return err;
}

static enum err tile_write(void *context, uint8_t level, uint64_t index, struct span bytes)
{
    struct log_tiles *tiles = context;
    struct kv_key key;
    struct span name = tile_key(&key, tiles->log, level, index);
    if (level == 0 && bytes.size == TLOG_TILE_SIZE) {
        kv_delete(tiles->txn, KV_TILE, name);
    } else {
        kv_put(tiles->txn, KV_TILE, name, bytes);
    }
    return tiles->txn->err;
}

struct tlog_tiles log_tiles(struct log_tiles *context)
{
    return (struct tlog_tiles){context, tile_read, tile_write, context->log->nodes};
}

static void put_state(const struct log *log, struct kv_txn *txn)
{
    uint8_t bytes[28];
    struct kv_key key;
    put_u64(bytes, log->size);
    put_u64(bytes + 8, log->last_ms);
    put_u64(bytes + 16, log->common_seq);
    put_u32(bytes + 24, log->device_count);
    kv_put(txn, KV_META, meta_key(&key, log->slot), span_of(bytes, sizeof bytes));
}

static enum err make_room(struct log *log)
{
    log->recent = malloc((LOG_PENDING + TLOG_TILE_WIDTH) * sizeof *log->recent);
    log->tile = calloc(1, sizeof *log->tile);
    if (log->recent == NULL || log->tile == NULL) {
        return ERR_MEMORY;
    }
    log->tile->index = UINT64_MAX;
    enum err err = tlog_nodes_new(&log->nodes);
    if (err == ERR_NONE) {
        err = leaf_rows_new(log->slot, &log->leaves);
    }
    return err != ERR_NONE ? err : chains_new(log->slot, &log->chains);
}

enum err log_init(struct log *log, struct kv_txn *txn, uint8_t slot)
{
    struct kv_key key;
    struct buf value;
    struct reader reader;
    enum err err = ERR_NONE;
    memset(log, 0, sizeof *log);
    log->slot = slot;
    err = make_room(log);
    if (err != ERR_NONE) {
        return err;
    }
    tlog_peaks_init(&log->peaks);
    buf_init(&value, 64);
    if (kv_get(txn, KV_META, meta_key(&key, slot), &value)) {
        reader_init(&reader, buf_span(&value));
        log->size = reader_u64(&reader);
        log->last_ms = reader_u64(&reader);
        log->common_seq = reader_u64(&reader);
        log->device_count = reader_u32(&reader);
        err = reader.failed ? ERR_STORE : ERR_NONE;
    }
    buf_done(&value);
    log->recent_first = log->size;
    struct log_tiles context = {log, txn};
    struct tlog_tiles tiles = log_tiles(&context);
    /* A station keeps feed leaves but no tree: its size stays 0. */
    if (err == ERR_NONE && log->size > 0) {
        err = tlog_peaks_read(&tiles, log->size, &log->peaks);
    }
    return err != ERR_NONE ? err : txn->err;
}

void log_done(struct log *log)
{
    free(log->recent);
    free(log->tile);
    tlog_nodes_free(log->nodes);
    leaf_rows_free(log->leaves);
    chains_free(log->chains);
    log->recent = NULL;
    log->tile = NULL;
    log->nodes = NULL;
    log->leaves = NULL;
    log->chains = NULL;
}

bool log_head_get(const struct log *log, struct kv_txn *txn, const uint8_t device[LIMIT_KEY_SIZE],
                  struct log_head *ret_head)
{
    return chains_head_get(log->chains, txn, device, ret_head);
}

void log_head_put(struct log *log, struct kv_txn *txn, const uint8_t device[LIMIT_KEY_SIZE],
                  struct log_head *head)
{
    if (head->number == 0) {
        log->device_count++;
        head->number = log->device_count;
    }
    chains_head_put(log->chains, txn, device, head);
}

static void put_index(struct kv_txn *txn, enum kv_table table, struct span key, uint64_t index)
{
    uint8_t bytes[8];
    put_u64(bytes, index);
    kv_put(txn, table, key, span_of(bytes, sizeof bytes));
}

/* Enters the leaf into the feeds it names. */
static void append_feeds(struct log *log, struct kv_txn *txn, const struct wire_leaf *leaf,
                         uint64_t index)
{
    struct kv_key key;
    if (leaf->common_seq != 0) {
        CHECK(leaf->common_seq == log->common_seq + 1);
        log->common_seq = leaf->common_seq;
        put_index(txn, KV_FEED, feed_key(&key, log, 0, leaf->common_seq), index);
    }
    if (leaf->own_seq != 0) {
        struct log_head head;
        (void)log_head_get(log, txn, leaf->feed_device, &head);
        CHECK(leaf->own_seq == head.own_seq + 1 || txn->err != ERR_NONE);
        head.own_seq = leaf->own_seq;
        log_head_put(log, txn, leaf->feed_device, &head);
        put_index(txn, KV_FEED, feed_key(&key, log, head.number, leaf->own_seq), index);
    }
}

uint64_t log_append(struct log *log, struct kv_txn *txn, const struct wire_leaf *leaf,
                    struct span leaf_bytes, const struct log_place *place)
{
    struct log_head head;
    uint64_t index = log->size;
    if (log->pending_count == LOG_PENDING) {
        kv_fail(txn, ERR_LIMIT);
    }
    if (txn->err == ERR_NONE && !leaf_rows_append(log->leaves, index, leaf_bytes, place->id)) {
        kv_fail(txn, ERR_MEMORY);
    }
    if (txn->err != ERR_NONE) {
        return index;
    }
    append_feeds(log, txn, leaf, index);
    (void)log_head_get(log, txn, place->device, &head);
    head.incarnation = place->incarnation;
    head.seq = place->seq;
    memcpy(head.id, place->id, sizeof head.id);
    log_head_put(log, txn, place->device, &head);
    struct chain_place at = {head.number, place->incarnation, place->seq};
    chains_add(log->chains, txn, &at, index);
    log->size++;
    log->pending_count++;
    log->last_ms = leaf->hub_ms;
    return index;
}

/* The hashes of what is pending, in recent. */
static struct tlog_hash *pending_hashes(const struct log *log)
{
    return log->recent + (flushed_size(log) - log->recent_first);
}

/* Makes room in recent: of what stands in it only the open tile is kept. */
static void forget_recent(struct log *log)
{
    uint64_t open = flushed_size(log) / TLOG_TILE_WIDTH * TLOG_TILE_WIDTH;
    if (log->recent_first < open) {
        memmove(log->recent, log->recent + (open - log->recent_first),
                (size_t)(flushed_size(log) - open) * sizeof *log->recent);
        log->recent_first = open;
    }
}

static void hash_some(void *argument, size_t i)
{
    struct log *log = argument;
    size_t left = log->pending_count - i * HASHED_TOGETHER;
    size_t end = i * HASHED_TOGETHER + (left < HASHED_TOGETHER ? left : HASHED_TOGETHER);
    for (size_t at = i * HASHED_TOGETHER; at < end; at++) {
        tlog_leaf_hash(leaf_rows_pending(log->leaves, flushed_size(log) + at),
                       &pending_hashes(log)[at]);
    }
}

/* What a help does beside the peaks. Nothing of it when done alone: a flush does it anyway. */
struct ahead {
    struct log *log;
    size_t groups;       /* to be packed */
    uint64_t first_tile; /* to be folded: full ones, all of whose hashes are in recent */
    uint64_t end_tile;
};

static struct ahead what_ahead(struct log *log)
{
    struct ahead ahead = {.log = log};
    uint64_t open = flushed_size(log) / TLOG_TILE_WIDTH;
    if (log->help != NULL) {
        ahead.groups = leaf_rows_whole(log->leaves);
        ahead.first_tile = log->recent_first > open * TLOG_TILE_WIDTH ? open + 1 : open;
        ahead.end_tile = log->size / TLOG_TILE_WIDTH;
    }
    return ahead;
}

/* Parts: the peaks, which take one hash after another; the groups; tiles, those together that may
 * not be folded at once. */
static void go_ahead(void *argument, size_t i)
{
    const struct ahead *ahead = argument;
    struct log *log = ahead->log;
    if (i == 0) {
        for (size_t at = 0; at < log->pending_count; at++) {
            tlog_peaks_push(&log->peaks, &pending_hashes(log)[at]);
        }
        return;
    }
    if (i <= ahead->groups) {
        leaf_rows_pack(log->leaves, i - 1);
        return;
    }
    uint64_t tile = ahead->first_tile + (i - 1 - ahead->groups);
    for (; tile < ahead->end_tile; tile += TLOG_FOLD_APART) {
        tlog_fold_ahead(log->nodes, tile, recent_hashes(log, tile));
    }
}

static void each(const struct log *log, size_t count, void (*part)(void *argument, size_t i),
                 void *argument)
{
    if (log->help != NULL) {
        log->help->each(log->help->context, count, part, argument);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        part(argument, i);
    }
}

/* What needs no transaction: the hashes of what is pending, the peaks and, with help, more. */
static void prepare(struct log *log)
{
    forget_recent(log);
    each(log, (log->pending_count + HASHED_TOGETHER - 1) / HASHED_TOGETHER, hash_some, log);
    struct ahead ahead = what_ahead(log);
    uint64_t tiles = ahead.end_tile > ahead.first_tile ? ahead.end_tile - ahead.first_tile : 0;
    size_t folds = tiles < TLOG_FOLD_APART ? (size_t)tiles : TLOG_FOLD_APART;
    each(log, 1 + ahead.groups + folds, go_ahead, &ahead);
}

void log_flush(struct log *log, struct kv_txn *txn, struct tlog_hash *ret_root)
{
    struct log_tiles context = {log, txn};
    struct tlog_tiles tiles = log_tiles(&context);
    struct tlog_hash root = {{0}};
    struct tlog_hash second = {{0}};
    if (txn->err == ERR_NONE && log->pending_count > 0) {
        prepare(log);
    }
    chains_flush(log->chains, txn);
    leaf_rows_flush(log->leaves, txn);
    enum err err = txn->err;
    if (err == ERR_NONE && log->pending_count > 0) {
        err = tlog_append(&tiles, flushed_size(log), pending_hashes(log), log->pending_count);
    }
    tiles.nodes = NULL; /* from what is stored alone */
    if (err == ERR_NONE) {
        err = tlog_root(&tiles, log->size, &root);
    }
    tlog_peaks_root(&log->peaks, &second);
    if (err == ERR_NONE && memcmp(&root, &second, sizeof root) != 0) {
        err = ERR_STORE;
    }
    if (err == ERR_NONE) {
        put_state(log, txn);
        log->pending_count = 0;
        *ret_root = root;
    } else {
        kv_fail(txn, err);
    }
}

/* What was written just now is believed: an auditor's replay of a whole log would pay for it. */
bool log_leaf_view(const struct log *log, struct kv_txn *txn, uint64_t index, struct span *ret)
{
    const struct log_tiles tiles = {log, txn};
    uint64_t tile = index / TLOG_TILE_WIDTH;
    bool old = index < log->recent_first;
    bool whole = tile < flushed_size(log) / TLOG_TILE_WIDTH;
    struct tlog_hash hash;
    if ((old && whole && compute_tile(&tiles, tile) != ERR_NONE) ||
        !leaf_rows_get(log->leaves, txn, index, ret)) {
        return false;
    }
    if (old && !whole) {
        tlog_leaf_hash(*ret, &hash);
        if (!tile_has(&tiles, 0, index, &hash)) {
            kv_fail(txn, ERR_STORE);
            return false;
        }
    }
    return true;
}

bool log_leaf(const struct log *log, struct kv_txn *txn, uint64_t index, struct buf *ret_bytes)
{
    struct span leaf;
    if (!log_leaf_view(log, txn, index, &leaf)) {
        return false;
    }
    buf_clear(ret_bytes);
    buf_put_span(ret_bytes, leaf);
    if (ret_bytes->err != ERR_NONE) {
        kv_fail(txn, ret_bytes->err);
    }
    return ret_bytes->err == ERR_NONE;
}

static bool get_index(struct kv_txn *txn, enum kv_table table, struct span key, uint64_t *ret_index)
{
    struct buf value;
    buf_init(&value, 16);
    bool found = kv_get(txn, table, key, &value) && value.size == 8;
    if (found) {
        *ret_index = get_u64(value.data);
    }
    buf_done(&value);
    return found;
}

bool log_chain_index(const struct log *log, struct kv_txn *txn, uint32_t number,
                     uint64_t incarnation, uint64_t seq, uint64_t *ret_index)
{
    struct chain_place place = {number, incarnation, seq};
    return chains_find(log->chains, txn, &place, ret_index);
}

uint64_t log_chain_end(const struct log *log, struct kv_txn *txn, uint32_t number,
                       uint64_t incarnation)
{
    return chains_end(log->chains, txn, number, incarnation);
}

bool log_feed_index(const struct log *log, struct kv_txn *txn, uint32_t number, uint64_t seq,
                    uint64_t *ret_index)
{
    struct kv_key key;
    return get_index(txn, KV_FEED, feed_key(&key, log, number, seq), ret_index);
}

void log_keep_feed_leaf(struct log *log, struct kv_txn *txn, uint32_t number, uint64_t seq,
                        uint64_t index, struct span leaf_bytes)
{
    struct kv_key key;
    leaf_rows_put(log->leaves, txn, index, leaf_bytes);
    put_index(txn, KV_FEED, feed_key(&key, log, number, seq), index);
    if (number == 0 && seq > log->common_seq) {
        log->common_seq = seq;
    }
    put_state(log, txn);
}
