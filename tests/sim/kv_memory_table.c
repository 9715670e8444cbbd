#include "base/check.h"
#include "kv_memory_private.h"

#include <string.h>

static struct kv_tree *tree_of(struct kv_txn *txn, enum kv_table table)
{
    struct transaction *transaction = txn->handle;
    return &transaction->view.tables[table];
}

static bool is_usable(struct kv_txn *txn, enum kv_table table)
{
    CHECK(txn != NULL);
    CHECK((unsigned)table < KV_TABLE_COUNT);
    CHECK(txn->handle != NULL || txn->err != ERR_NONE);
    if (txn->kv->dead) {
        kv_fail(txn, ERR_STORE);
    }
    return txn->err == ERR_NONE;
}

static bool is_writable(struct kv_txn *txn, enum kv_table table)
{
    if (!is_usable(txn, table)) {
        return false;
    }
    const struct transaction *transaction = txn->handle;
    CHECK(txn->write);
    CHECK((transaction->scanning >> table & 1U) == 0);
    return true;
}

static bool is_within(struct kv_txn *txn, size_t size, size_t least, size_t most)
{
    if (size < least || size > most) {
        kv_fail(txn, ERR_LIMIT);
        return false;
    }
    return true;
}

void kv_put(struct kv_txn *txn, enum kv_table table, struct span key, struct span value)
{
    if (!is_writable(txn, table) || !is_within(txn, key.size, 1, KV_KEY_SIZE) ||
        !is_within(txn, value.size, 0, KV_VALUE_SIZE)) {
        return;
    }
    struct transaction *transaction = txn->handle;
    transaction->grew = true;
    kv_tree_put(tree_of(txn, table), key, value);
    if (tree_of(txn, table)->size > txn->kv->map_size + transaction->size_before) {
        kv_fail(txn, ERR_FULL); /* early: the commit decides, but memory is bounded */
    }
}

void kv_delete(struct kv_txn *txn, enum kv_table table, struct span key)
{
    if (is_writable(txn, table) && is_within(txn, key.size, 1, KV_KEY_SIZE)) {
        kv_tree_delete(tree_of(txn, table), key);
    }
}

static bool copy_out(struct kv_txn *txn, struct span bytes, struct buf *ret)
{
    buf_clear(ret);
    buf_put_span(ret, bytes);
    kv_fail(txn, ret->err);
    return ret->err == ERR_NONE;
}

static bool find(struct kv_txn *txn, enum kv_table table, struct span key, struct span *ret)
{
    return is_usable(txn, table) && is_within(txn, key.size, 1, KV_KEY_SIZE) &&
           kv_tree_get(tree_of(txn, table), key, ret);
}

bool kv_get(struct kv_txn *txn, enum kv_table table, struct span key, struct buf *ret)
{
    CHECK(ret != NULL);
    struct span value;
    return find(txn, table, key, &value) && copy_out(txn, value, ret);
}

bool kv_view(struct kv_txn *txn, enum kv_table table, struct span key, struct span *ret)
{
    CHECK(ret != NULL);
    return find(txn, table, key, ret);
}

bool kv_has(struct kv_txn *txn, enum kv_table table, struct span key)
{
    struct span value;
    return find(txn, table, key, &value);
}

struct scan {
    struct kv_txn *txn;
    struct span prefix;
    kv_visit visit;
    void *context;
};

static bool has_prefix(struct span key, struct span prefix)
{
    return key.size >= prefix.size && span_equal(span_of(key.data, prefix.size), prefix);
}

static bool visit_prefixed(void *context, struct span key, struct span value)
{
    const struct scan *scan = context;
    return has_prefix(key, scan->prefix) && scan->visit(scan->context, key, value) &&
           scan->txn->err == ERR_NONE;
}

void kv_scan(struct kv_txn *txn, enum kv_table table, struct span prefix, struct span from,
             kv_visit visit, void *context)
{
    CHECK(visit != NULL);
    if (!is_usable(txn, table) || !is_within(txn, prefix.size, 0, KV_KEY_SIZE) ||
        !is_within(txn, from.size, 0, KV_KEY_SIZE)) {
        return;
    }
    struct transaction *transaction = txn->handle;
    struct scan scan = {txn, prefix, visit, context};
    struct span start = span_compare(from, prefix) > 0 ? from : prefix;
    uint32_t scanning = transaction->scanning;
    transaction->scanning |= 1U << table;
    (void)kv_tree_visit(tree_of(txn, table), start, visit_prefixed, &scan);
    transaction->scanning = scanning;
}

bool kv_last(struct kv_txn *txn, enum kv_table table, struct span prefix, struct buf *ret_key,
             struct buf *ret_value)
{
    struct span key;
    struct span value;
    if (!is_usable(txn, table) || !is_within(txn, prefix.size, 0, KV_KEY_SIZE) ||
        !kv_tree_last(tree_of(txn, table), prefix, &key, &value)) {
        return false;
    }
    return (ret_key == NULL || copy_out(txn, key, ret_key)) &&
           (ret_value == NULL || copy_out(txn, value, ret_value));
}

void kv_clear(struct kv_txn *txn, enum kv_table table, struct span prefix)
{
    if (!is_writable(txn, table) || !is_within(txn, prefix.size, 0, KV_KEY_SIZE)) {
        return;
    }
    struct kv_tree *tree = tree_of(txn, table);
    if (prefix.size == 0) {
        kv_tree_done(tree);
        return;
    }
    uint8_t bytes[KV_KEY_SIZE];
    struct span key;
    struct span value;
    while (kv_tree_last(tree, prefix, &key, &value)) {
        memcpy(bytes, key.data, key.size); /* the key goes with its entry */
        kv_tree_delete(tree, span_of(bytes, key.size));
    }
}

enum err kv_stat(struct kv *kv, struct kv_stat *ret)
{
    CHECK(kv != NULL);
    CHECK(ret != NULL);
    if (kv->dead) {
        return ERR_STORE;
    }
    struct kv_stat found = {.map_size = kv->map_size,
                            .used_size = kv_memory_image_size(&kv->disk->now)};
    found.file_size = found.used_size;
    for (size_t i = 0; i < KV_TABLE_COUNT; i++) {
        found.entry_count[i] = kv->disk->now.tables[i].count;
        found.table_size[i] = kv->disk->now.tables[i].size;
    }
    *ret = found;
    return ERR_NONE;
}

enum err kv_copy(struct kv *kv, const char *directory)
{
    CHECK(kv != NULL);
    CHECK(directory != NULL);
    CHECK(!kv->writing);
    if (kv->dead) {
        return ERR_STORE;
    }
    struct kv_disk *target = kv_memory_find(directory);
    if (target == NULL) {
        return ERR_NOT_FOUND;
    }
    if (target->is_open || target->now.has_store) {
        return ERR_CONFLICT;
    }
    target->now = kv_memory_image_share(&kv->disk->now);
    return ERR_NONE;
}

enum err kv_reader_check(struct kv *kv)
{
    CHECK(kv != NULL);
    return kv->dead ? ERR_STORE : ERR_NONE;
}
