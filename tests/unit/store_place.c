#include "store_place.h"

#include "unit.h"

#include <stdio.h>

char *store_path_in(const char *place, const char *name)
{
    char *path = NULL;
    assert_true(asprintf(&path, "%s/%s", place, name) > 0);
    return path;
}

struct kv *store_open_sized(const char *place, uint64_t map_size)
{
    struct kv *kv = NULL;
    struct kv_options options = {.map_size = map_size};
    assert_int_equal(kv_open(place, &options, &kv), ERR_NONE);
    assert_non_null(kv);
    return kv;
}

struct kv *store_open(const char *place)
{
    return store_open_sized(place, 64 << 20);
}

void store_put_text(struct kv *kv, enum kv_table table, const char *key, const char *value)
{
    struct kv_txn txn;
    kv_begin(kv, true, &txn);
    kv_put(&txn, table, span_text(key), span_text(value));
    assert_int_equal(kv_commit(&txn), ERR_NONE);
}

void store_expect_text(struct kv *kv, enum kv_table table, const char *key, const char *value)
{
    struct kv_txn txn;
    struct buf found;
    buf_init(&found, KV_VALUE_SIZE);
    kv_begin(kv, false, &txn);
    bool has = kv_get(&txn, table, span_text(key), &found);
    assert_int_equal(txn.err, ERR_NONE);
    assert_int_equal(kv_has(&txn, table, span_text(key)), has);
    assert_int_equal(has, value != NULL);
    if (value != NULL) {
        assert_string_equal(buf_text(&found), value);
    }
    kv_abort(&txn);
    buf_done(&found);
}

static void put_readable(struct buf *text, struct span bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] > ' ' && bytes.data[i] < 0x7F) {
            buf_put_u8(text, bytes.data[i]);
        } else {
            buf_put_format(text, "\\%02x", bytes.data[i]);
        }
    }
}

bool store_visit_text(void *context, struct span key, struct span value)
{
    struct buf *text = context;
    put_readable(text, key);
    buf_put_text(text, "=");
    put_readable(text, value);
    buf_put_text(text, " ");
    return true;
}

void store_expect_table(struct kv *kv, enum kv_table table, const char *expected)
{
    struct kv_txn txn;
    struct buf text;
    buf_init(&text, 1 << 20);
    kv_begin(kv, false, &txn);
    kv_scan(&txn, table, span_text(""), span_text(""), store_visit_text, &text);
    assert_int_equal(txn.err, ERR_NONE);
    assert_string_equal(buf_text(&text), expected);
    kv_abort(&txn);
    buf_done(&text);
}
