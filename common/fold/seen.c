#include "fold/fold.h"
#include "store/keys.h"
#include "tlog/checkpoint.h"

static struct span seen_key(struct kv_key *key, const struct fold *fold, uint64_t epoch,
                            uint64_t size)
{
    kv_key_init(key);
    kv_key_u8(key, 's');
    kv_key_u8(key, fold->log.slot);
    kv_key_u64(key, epoch);
    kv_key_u64(key, size);
    return kv_key_span(key);
}

void fold_seen_put(struct fold *fold, struct kv_txn *txn, uint64_t epoch, uint64_t size,
                   uint64_t hub_ms)
{
    struct kv_key key;
    uint8_t bytes[8];
    put_u64(bytes, hub_ms);
    kv_put(txn, KV_META, seen_key(&key, fold, epoch, size), span_of(bytes, sizeof bytes));
    fold->seen_size = 0;
}

/* What the log of that epoch says of the time, or one since: they share the leaf. */
static uint64_t look_up(const struct fold *fold, struct kv_txn *txn, uint64_t epoch, uint64_t size)
{
    struct kv_key key;
    struct buf value;
    struct wire_leaf leaf;
    uint64_t ms = 0;
    buf_init(&value, LIMIT_LEAF_SIZE);
    do {
        if (kv_get(txn, KV_META, seen_key(&key, fold, epoch, size), &value) && value.size == 8) {
            ms = get_u64(value.data);
        }
        buf_clear(&value);
        epoch = world_later(fold->world, epoch);
    } while (ms == 0 && epoch != 0);
    if (ms == 0 && log_leaf(&fold->log, txn, size - 1, &value) &&
        wire_leaf_decode(buf_span(&value), &leaf) == ERR_NONE) {
        ms = leaf.hub_ms;
    }
    buf_done(&value);
    return ms;
}

uint64_t fold_seen_ms(struct fold *fold, struct kv_txn *txn, const struct wire_event *event)
{
    struct world_past past;
    uint64_t size = event->has_seen ? event->seen_size : 0;
    uint64_t epoch = tlog_origin_epoch(event->seen_origin);
    if (size == 0) {
        return 0;
    }
    if (world_past(fold->world, epoch, &past) && size > past.size) {
        return past.ms;
    }
    if (size != fold->seen_size || epoch != fold->seen_epoch) {
        uint64_t ms = look_up(fold, txn, epoch, size);
        fold->seen_size = ms != 0 ? size : 0;
        fold->seen_epoch = epoch;
        fold->seen_ms = ms;
    }
    return fold->seen_ms;
}
