#include "fold/fold.h"

#include "fold/scratch.h"
#include "store/keys.h"

#include <stdlib.h>
#include <string.h>

enum err fold_open(struct kv *kv, const struct fold_options *options, struct fold **ret_fold)
{
    struct kv_txn txn;
    struct fold *fold = calloc(1, sizeof *fold);
    if (fold == NULL) {
        return ERR_MEMORY;
    }
    fold->kv = kv;
    memcpy(fold->hub, options->hub, LIMIT_ID_SIZE);
    fold->scratch = calloc(FOLD_SCRATCH, sizeof *fold->scratch);
    fold->event = calloc(1, sizeof *fold->event);
    fold->record_bytes = calloc(1, sizeof *fold->record_bytes);
    bool memory = fold->scratch != NULL && fold->event != NULL && fold->record_bytes != NULL;
    enum err err = memory ? ERR_NONE : ERR_MEMORY;
    if (memory) {
        buf_init(fold->record_bytes, LIMIT_RECORD_SIZE);
    }
    if (err == ERR_NONE) {
        err = wire_arena_init(&fold->arena, WIRE_EVENT_ARENA);
    }
    if (err == ERR_NONE) {
        err = world_new(options->hub_device, options->hub_public, &fold->world);
    }
    kv_begin(kv, false, &txn);
    if (err == ERR_NONE) {
        err = log_init(&fold->log, &txn, options->slot);
    }
    if (err == ERR_NONE && !options->lazy_world) {
        err = world_load(fold->world, &fold->log, &txn, fold->log.common_seq);
    }
    kv_abort(&txn);
    if (err != ERR_NONE) {
        fold_close(fold);
        return err;
    }
    *ret_fold = fold;
    return ERR_NONE;
}

void fold_close(struct fold *fold)
{
    if (fold == NULL) {
        return;
    }
    log_done(&fold->log);
    world_free(fold->world);
    wire_arena_done(&fold->arena);
    if (fold->record_bytes != NULL) {
        buf_done(fold->record_bytes);
    }
    free(fold->record_bytes);
    free(fold->scratch);
    free(fold->event);
    free(fold);
}

static struct span seen_key(struct kv_key *key, const struct fold *fold, uint64_t size)
{
    kv_key_init(key);
    kv_key_u8(key, 's');
    kv_key_u8(key, fold->log.slot);
    kv_key_u64(key, size);
    return kv_key_span(key);
}

void fold_seen_put(struct fold *fold, struct kv_txn *txn, uint64_t size, uint64_t hub_ms)
{
    struct kv_key key;
    uint8_t bytes[8];
    put_u64(bytes, hub_ms);
    kv_put(txn, KV_META, seen_key(&key, fold, size), span_of(bytes, sizeof bytes));
}

uint64_t fold_seen_ms(struct fold *fold, struct kv_txn *txn, uint64_t size)
{
    struct kv_key key;
    struct buf value;
    struct wire_leaf leaf;
    uint64_t ms = 0;
    if (size == 0 || size == fold->seen_size) {
        return size == 0 ? 0 : fold->seen_ms;
    }
    buf_init(&value, LIMIT_LEAF_SIZE);
    if (kv_get(txn, KV_META, seen_key(&key, fold, size), &value) && value.size == 8) {
        ms = get_u64(value.data);
    } else if (log_leaf(&fold->log, txn, size - 1, &value) &&
               wire_leaf_decode(buf_span(&value), &leaf) == ERR_NONE) {
        ms = leaf.hub_ms;
    }
    buf_done(&value);
    if (ms != 0) {
        fold->seen_size = size;
        fold->seen_ms = ms;
    }
    return ms;
}
