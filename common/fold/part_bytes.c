#include "fold/part_bytes.h"

#include "store/keys.h"

#include <string.h>

enum {
    NUMBER_SIZE = 5, /* in keys */
    ROW_KEY_SIZE = 1 + NUMBER_SIZE,
    /* What LMDB keeps in a page of its own: one of 4096 less its head. Two rows in a page would be
     * one: who is put behind a full page takes the last row along. */
    ROW_SIZE = 4080
};

struct row {
    uint64_t number;
    struct buf bytes;
};

static struct span row_key(struct kv_key *key, uint64_t number)
{
    uint8_t bytes[8];
    put_u64(bytes, number);
    kv_key_init(key);
    kv_key_u8(key, 'n');
    kv_key_bytes(key, span_of(bytes + sizeof bytes - NUMBER_SIZE, NUMBER_SIZE));
    return kv_key_span(key);
}

/* The last row, to be done with by the caller; an empty one with number 1 before there is any. */
static void load_last(struct kv_txn *txn, struct row *ret)
{
    struct buf key;
    buf_init(&key, KV_KEY_SIZE);
    buf_init(&ret->bytes, KV_VALUE_SIZE);
    ret->number = 1;
    if (kv_last(txn, KV_PART, span_text("n"), &key, &ret->bytes)) {
        bool good = key.size == ROW_KEY_SIZE && ret->bytes.size > 0 && ret->bytes.size <= ROW_SIZE;
        ret->number = good ? (uint64_t)key.data[1] << 32 | get_u32(key.data + 2) : 0;
    }
    if (txn->err == ERR_NONE && ret->number == 0) {
        txn->err = ERR_STORE;
    }
    buf_done(&key);
}

uint64_t part_bytes_end(struct kv_txn *txn)
{
    struct row row;
    load_last(txn, &row);
    uint64_t end = row.number * ROW_SIZE + row.bytes.size;
    buf_done(&row.bytes);
    return txn->err == ERR_NONE ? end : 0;
}

void part_bytes_add(struct kv_txn *txn, struct span bytes)
{
    struct kv_key key;
    struct row row;
    size_t at = 0;
    load_last(txn, &row);
    while (at < bytes.size && txn->err == ERR_NONE) {
        if (row.bytes.size == ROW_SIZE) {
            row.number++;
            buf_clear(&row.bytes);
        }
        size_t room = ROW_SIZE - row.bytes.size;
        size_t size = bytes.size - at < room ? bytes.size - at : room;
        buf_put(&row.bytes, bytes.data + at, size);
        at += size;
        if (row.bytes.err != ERR_NONE) {
            txn->err = row.bytes.err;
        }
        kv_put(txn, KV_PART, row_key(&key, row.number), buf_span(&row.bytes));
    }
    buf_done(&row.bytes);
}

void part_bytes_get(struct kv_txn *txn, uint64_t place, size_t size, struct buf *ret)
{
    struct kv_key key;
    struct span row;
    while (size > 0 && kv_view(txn, KV_PART, row_key(&key, place / ROW_SIZE), &row)) {
        size_t from = (size_t)(place % ROW_SIZE);
        if (from >= row.size) {
            return;
        }
        size_t take = row.size - from < size ? row.size - from : size;
        buf_put(ret, row.data + from, take);
        place += take;
        size -= take;
    }
}
