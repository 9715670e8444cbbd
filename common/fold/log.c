#include "fold/log.h"

#include "base/check.h"
#include "store/keys.h"

#include <stdlib.h>
#include <string.h>

static struct span meta_key(struct kv_key *key, uint8_t slot)
{
    kv_key_init(key);
    kv_key_u8(key, 'L');
    kv_key_u8(key, slot);
    return kv_key_span(key);
}

static struct span leaf_key(struct kv_key *key, const struct log *log, uint64_t index)
{
    kv_key_init(key);
    kv_key_u8(key, log->slot);
    kv_key_u64(key, index);
    return kv_key_span(key);
}

static struct span head_key(struct kv_key *key, const struct log *log, const uint8_t *device)
{
    kv_key_init(key);
    kv_key_u8(key, log->slot);
    kv_key_bytes(key, span_of(device, LIMIT_KEY_SIZE));
    return kv_key_span(key);
}

static struct span chain_key(struct kv_key *key, const struct log *log, uint32_t number,
                             uint64_t incarnation, uint64_t seq)
{
    kv_key_init(key);
    kv_key_u8(key, log->slot);
    kv_key_u32(key, number);
    kv_key_u32(key, (uint32_t)incarnation);
    kv_key_u64(key, seq);
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

static enum err tile_read(void *context, uint8_t level, uint64_t index, uint8_t *ret,
                          size_t *ret_size)
{
    struct log_tiles *tiles = context;
    struct kv_key key;
    struct buf value;
    enum err err = ERR_NOT_FOUND;
    kv_key_init(&key);
    kv_key_u8(&key, tiles->log->slot);
    kv_key_u8(&key, level);
    kv_key_u64(&key, index);
    buf_init(&value, TLOG_TILE_SIZE);
    if (kv_get(tiles->txn, KV_TILE, kv_key_span(&key), &value)) {
        memcpy(ret, value.data, value.size);
        *ret_size = value.size;
        err = ERR_NONE;
    }
    buf_done(&value);
    return err;
}

static enum err tile_write(void *context, uint8_t level, uint64_t index, struct span bytes)
{
    struct log_tiles *tiles = context;
    struct kv_key key;
    kv_key_init(&key);
    kv_key_u8(&key, tiles->log->slot);
    kv_key_u8(&key, level);
    kv_key_u64(&key, index);
    kv_put(tiles->txn, KV_TILE, kv_key_span(&key), bytes);
    return tiles->txn->err;
}

struct tlog_tiles log_tiles(struct log_tiles *context)
{
    return (struct tlog_tiles){context, tile_read, tile_write};
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

enum err log_init(struct log *log, struct kv_txn *txn, uint8_t slot)
{
    struct kv_key key;
    struct buf value;
    struct reader reader;
    enum err err = ERR_NONE;
    memset(log, 0, sizeof *log);
    log->slot = slot;
    log->pending = malloc(LOG_PENDING * sizeof *log->pending);
    if (log->pending == NULL) {
        return ERR_MEMORY;
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
    struct log_tiles context = {log, txn};
    struct tlog_tiles tiles = log_tiles(&context);
    uint8_t probe[TLOG_TILE_SIZE];
    size_t probe_size = 0;
    /* A station keeps feed leaves but no tree. */
    bool has_tree = err == ERR_NONE && log->size > 0 &&
                    tile_read(&context, 0, 0, probe, &probe_size) == ERR_NONE;
    if (has_tree) {
        err = tlog_peaks_read(&tiles, log->size, &log->peaks);
    }
    return err != ERR_NONE ? err : txn->err;
}

void log_done(struct log *log)
{
    free(log->pending);
    log->pending = NULL;
}

bool log_head_get(const struct log *log, struct kv_txn *txn, const uint8_t device[LIMIT_KEY_SIZE],
                  struct log_head *ret_head)
{
    struct kv_key key;
    struct buf value;
    struct reader reader;
    memset(ret_head, 0, sizeof *ret_head);
    buf_init(&value, 128);
    bool found = kv_get(txn, KV_HEAD, head_key(&key, log, device), &value);
    if (found) {
        reader_init(&reader, buf_span(&value));
        ret_head->number = reader_u32(&reader);
        ret_head->incarnation = reader_u64(&reader);
        ret_head->seq = reader_u64(&reader);
        reader_copy(&reader, ret_head->id, sizeof ret_head->id);
        ret_head->own_seq = reader_u64(&reader);
        ret_head->seen_size = reader_u64(&reader);
        ret_head->frozen = reader_u8(&reader) != 0;
    }
    buf_done(&value);
    return found;
}

void log_head_put(struct log *log, struct kv_txn *txn, const uint8_t device[LIMIT_KEY_SIZE],
                  struct log_head *head)
{
    struct kv_key key;
    struct buf value;
    if (head->number == 0) {
        log->device_count++;
        head->number = log->device_count;
    }
    buf_init(&value, 128);
    buf_put_u32(&value, head->number);
    buf_put_u64(&value, head->incarnation);
    buf_put_u64(&value, head->seq);
    buf_put(&value, head->id, sizeof head->id);
    buf_put_u64(&value, head->own_seq);
    buf_put_u64(&value, head->seen_size);
    buf_put_u8(&value, head->frozen ? 1 : 0);
    kv_put(txn, KV_HEAD, head_key(&key, log, device), buf_span(&value));
    buf_done(&value);
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
    struct kv_key key;
    struct log_head head;
    uint64_t index = log->size;
    if (log->pending_count == LOG_PENDING && txn->err == ERR_NONE) {
        txn->err = ERR_LIMIT;
    }
    if (txn->err != ERR_NONE) {
        return index;
    }
    kv_put(txn, KV_LEAF, leaf_key(&key, log, index), leaf_bytes);
    append_feeds(log, txn, leaf, index);
    (void)log_head_get(log, txn, place->device, &head);
    head.incarnation = place->incarnation;
    head.seq = place->seq;
    memcpy(head.id, place->id, sizeof head.id);
    log_head_put(log, txn, place->device, &head);
    put_index(txn, KV_CHAIN, chain_key(&key, log, head.number, place->incarnation, place->seq),
              index);
    struct tlog_hash *hash = &log->pending[log->pending_count++];
    tlog_leaf_hash(leaf_bytes, hash);
    tlog_peaks_push(&log->peaks, hash);
    log->size++;
    log->last_ms = leaf->hub_ms;
    return index;
}

void log_flush(struct log *log, struct kv_txn *txn, struct tlog_hash *ret_root)
{
    struct log_tiles context = {log, txn};
    struct tlog_tiles tiles = log_tiles(&context);
    struct tlog_hash root = {{0}};
    struct tlog_hash second = {{0}};
    enum err err = txn->err;
    if (err == ERR_NONE && log->pending_count > 0) {
        err = tlog_append(&tiles, log->size - log->pending_count, log->pending, log->pending_count);
    }
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
    } else if (txn->err == ERR_NONE) {
        txn->err = err;
    }
}

bool log_leaf(const struct log *log, struct kv_txn *txn, uint64_t index, struct buf *ret_bytes)
{
    struct kv_key key;
    return kv_get(txn, KV_LEAF, leaf_key(&key, log, index), ret_bytes);
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
    struct kv_key key;
    return get_index(txn, KV_CHAIN, chain_key(&key, log, number, incarnation, seq), ret_index);
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
    kv_put(txn, KV_LEAF, leaf_key(&key, log, index), leaf_bytes);
    put_index(txn, KV_FEED, feed_key(&key, log, number, seq), index);
    if (number == 0 && seq > log->common_seq) {
        log->common_seq = seq;
    }
    put_state(log, txn);
}
