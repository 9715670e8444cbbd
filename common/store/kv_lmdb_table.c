#include "base/check.h"
#include "store/kv_lmdb.h"

#include <string.h>

/* LMDB takes what it only reads as writable. */
static MDB_val val_of(struct span span)
{
    MDB_val val = {.mv_size = span.size};
    memcpy(&val.mv_data, &span.data, sizeof val.mv_data);
    return val;
}

static struct span span_of_val(const MDB_val *val)
{
    return span_of(val->mv_data, val->mv_size);
}

static bool has_prefix(struct span key, struct span prefix)
{
    return key.size >= prefix.size && span_equal(span_of(key.data, prefix.size), prefix);
}

/* False when there is nothing to do: after an error, or in a table this store does not have. */
static bool is_usable(struct kv_txn *txn, enum kv_table table)
{
    CHECK(txn != NULL);
    CHECK((unsigned)table < KV_TABLE_COUNT);
    CHECK(txn->handle != NULL || txn->err != ERR_NONE);
    return txn->err == ERR_NONE && txn->kv->tables[table] != 0;
}

static bool is_key(struct kv_txn *txn, struct span key)
{
    if (key.size == 0 || key.size > KV_KEY_SIZE) {
        kv_lmdb_fail(txn, MDB_BAD_VALSIZE);
        return false;
    }
    return true;
}

static bool is_prefix(struct kv_txn *txn, struct span prefix)
{
    if (prefix.size > KV_KEY_SIZE) {
        kv_lmdb_fail(txn, MDB_BAD_VALSIZE);
        return false;
    }
    return true;
}

static bool is_writable(struct kv_txn *txn, enum kv_table table)
{
    if (!is_usable(txn, table)) {
        return false;
    }
    CHECK(txn->write);
    CHECK((txn->kv->scanning >> table & 1U) == 0);
    return true;
}

void kv_put(struct kv_txn *txn, enum kv_table table, struct span key, struct span value)
{
    if (!is_writable(txn, table) || !is_key(txn, key)) {
        return;
    }
    struct kv *kv = txn->kv;
    if (value.size > KV_VALUE_SIZE) {
        kv_lmdb_fail(txn, MDB_BAD_VALSIZE);
        return;
    }
    if (!kv->grew) {
        kv->pages_before = kv_lmdb_page_count(txn);
        kv->grew = true;
    }
    if (txn->err != ERR_NONE) {
        return;
    }
    MDB_val key_val = val_of(key);
    MDB_val value_val = val_of(value);
    kv_lmdb_fail(txn, mdb_put(txn->handle, kv->tables[table], &key_val, &value_val, 0));
}

void kv_delete(struct kv_txn *txn, enum kv_table table, struct span key)
{
    if (!is_writable(txn, table) || !is_key(txn, key)) {
        return;
    }
    MDB_val key_val = val_of(key);
    int result = mdb_del(txn->handle, txn->kv->tables[table], &key_val, NULL);
    if (result != MDB_NOTFOUND) {
        kv_lmdb_fail(txn, result);
    }
}

/* Into ret, or as the transaction's error. */
static bool copy_out(struct kv_txn *txn, const MDB_val *val, struct buf *ret)
{
    buf_clear(ret);
    buf_put_span(ret, span_of_val(val));
    if (ret->err != ERR_NONE && txn->err == ERR_NONE) {
        txn->err = ret->err;
    }
    return ret->err == ERR_NONE;
}

static bool find(struct kv_txn *txn, enum kv_table table, struct span key, MDB_val *ret)
{
    if (!is_usable(txn, table) || !is_key(txn, key)) {
        return false;
    }
    MDB_val key_val = val_of(key);
    int result = mdb_get(txn->handle, txn->kv->tables[table], &key_val, ret);
    if (result != MDB_NOTFOUND) {
        kv_lmdb_fail(txn, result);
    }
    return result == 0;
}

bool kv_get(struct kv_txn *txn, enum kv_table table, struct span key, struct buf *ret)
{
    CHECK(ret != NULL);
    MDB_val value = {0, NULL};
    return find(txn, table, key, &value) && copy_out(txn, &value, ret);
}

bool kv_view(struct kv_txn *txn, enum kv_table table, struct span key, struct span *ret)
{
    MDB_val value = {0, NULL};
    CHECK(ret != NULL);
    if (!find(txn, table, key, &value)) {
        return false;
    }
    *ret = span_of_val(&value);
    return true;
}

bool kv_has(struct kv_txn *txn, enum kv_table table, struct span key)
{
    MDB_val value = {0, NULL};
    return find(txn, table, key, &value);
}

/* The first key >= start into key and value; MDB_NOTFOUND when there is none. */
static int seek(MDB_cursor *cursor, struct span start, MDB_val *ret_key, MDB_val *ret_value)
{
    *ret_key = val_of(start);
    return mdb_cursor_get(cursor, ret_key, ret_value, start.size == 0 ? MDB_FIRST : MDB_SET_RANGE);
}

static MDB_cursor *open_cursor(struct kv_txn *txn, enum kv_table table)
{
    MDB_cursor *cursor = NULL;
    int result = mdb_cursor_open(txn->handle, txn->kv->tables[table], &cursor);
    kv_lmdb_fail(txn, result);
    return result == 0 ? cursor : NULL;
}

void kv_scan(struct kv_txn *txn, enum kv_table table, struct span prefix, struct span from,
             kv_visit visit, void *context)
{
    CHECK(visit != NULL);
    if (!is_usable(txn, table) || !is_prefix(txn, prefix) || !is_prefix(txn, from)) {
        return;
    }
    MDB_cursor *cursor = open_cursor(txn, table);
    if (cursor == NULL) {
        return;
    }
    uint32_t scanning = 0;
    if (txn->write) {
        scanning = txn->kv->scanning;
        txn->kv->scanning |= 1U << table;
    }
    MDB_val key = {0, NULL};
    MDB_val value = {0, NULL};
    int result = seek(cursor, span_compare(from, prefix) > 0 ? from : prefix, &key, &value);
    bool more = true;
    while (result == 0 && more && has_prefix(span_of_val(&key), prefix)) {
        more = visit(context, span_of_val(&key), span_of_val(&value));
        /* The callback may have met an error of its own; after one, LMDB's cursors are void. */
        if (!more || txn->err != ERR_NONE) {
            break;
        }
        result = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    if (result != MDB_NOTFOUND) {
        kv_lmdb_fail(txn, result);
    }
    if (txn->write) {
        txn->kv->scanning = scanning;
    }
    mdb_cursor_close(cursor);
}

/* The least key above every key with prefix; false when there is none such. */
static bool next_prefix(struct span prefix, uint8_t ret[KV_KEY_SIZE], size_t *ret_size)
{
    size_t size = prefix.size;
    while (size > 0 && prefix.data[size - 1] == 0xFF) {
        size--;
    }
    if (size == 0) {
        return false;
    }
    memcpy(ret, prefix.data, size);
    ret[size - 1]++;
    *ret_size = size;
    return true;
}

static int seek_last(MDB_cursor *cursor, struct span prefix, MDB_val *ret_key, MDB_val *ret_value)
{
    uint8_t bytes[KV_KEY_SIZE];
    size_t size = 0;
    if (!next_prefix(prefix, bytes, &size)) {
        return mdb_cursor_get(cursor, ret_key, ret_value, MDB_LAST);
    }
    int result = seek(cursor, span_of(bytes, size), ret_key, ret_value);
    if (result == MDB_NOTFOUND) {
        return mdb_cursor_get(cursor, ret_key, ret_value, MDB_LAST);
    }
    return result == 0 ? mdb_cursor_get(cursor, ret_key, ret_value, MDB_PREV) : result;
}

bool kv_last(struct kv_txn *txn, enum kv_table table, struct span prefix, struct buf *ret_key,
             struct buf *ret_value)
{
    if (!is_usable(txn, table) || !is_prefix(txn, prefix)) {
        return false;
    }
    MDB_cursor *cursor = open_cursor(txn, table);
    if (cursor == NULL) {
        return false;
    }
    MDB_val key = {0, NULL};
    MDB_val value = {0, NULL};
    int result = seek_last(cursor, prefix, &key, &value);
    if (result != MDB_NOTFOUND) {
        kv_lmdb_fail(txn, result);
    }
    bool found = result == 0 && has_prefix(span_of_val(&key), prefix);
    if (found && ret_key != NULL) {
        found = copy_out(txn, &key, ret_key);
    }
    if (found && ret_value != NULL) {
        found = copy_out(txn, &value, ret_value);
    }
    mdb_cursor_close(cursor);
    return found;
}

/* Do all keys of the table begin with it? Then its pages go without being looked at. */
static bool is_all(MDB_cursor *cursor, struct span prefix)
{
    MDB_val key = {0, NULL};
    MDB_val value = {0, NULL};
    return mdb_cursor_get(cursor, &key, &value, MDB_FIRST) == 0 &&
           has_prefix(span_of_val(&key), prefix) &&
           mdb_cursor_get(cursor, &key, &value, MDB_LAST) == 0 &&
           has_prefix(span_of_val(&key), prefix);
}

static void drop_all(struct kv_txn *txn, enum kv_table table)
{
    kv_lmdb_fail(txn, mdb_drop(txn->handle, txn->kv->tables[table], 0));
}

void kv_clear(struct kv_txn *txn, enum kv_table table, struct span prefix)
{
    if (!is_writable(txn, table) || !is_prefix(txn, prefix)) {
        return;
    }
    if (prefix.size == 0) {
        drop_all(txn, table);
        return;
    }
    MDB_cursor *cursor = open_cursor(txn, table);
    if (cursor == NULL) {
        return;
    }
    MDB_val key = {0, NULL};
    MDB_val value = {0, NULL};
    if (is_all(cursor, prefix)) {
        mdb_cursor_close(cursor);
        drop_all(txn, table);
        return;
    }
    int result = seek(cursor, prefix, &key, &value);
    while (result == 0 && has_prefix(span_of_val(&key), prefix)) {
        result = mdb_cursor_del(cursor, 0);
        if (result == 0) {
            /* Anew each time: where a cursor stands after a deletion at a page's end depends on
             * LMDB's version. */
            result = seek(cursor, prefix, &key, &value);
        }
    }
    if (result != MDB_NOTFOUND) {
        kv_lmdb_fail(txn, result);
    }
    mdb_cursor_close(cursor);
}
