#include "store_place.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Opening, closing, filling and copying: what every store must do, see store_kv_test.c. */

static int set_up(void **state)
{
    *state = store_place_new();
    return 0;
}

static int tear_down(void **state)
{
    store_place_free(*state);
    return 0;
}

static void test_reopen_keeps_all(void **state)
{
    struct kv *kv = store_open(*state);
    for (int i = 0; i < KV_TABLE_COUNT; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "key%d", i);
        store_put_text(kv, (enum kv_table)i, key, "value");
    }
    kv_close(kv);
    kv_close(NULL);
    kv = store_open(*state);
    for (int i = 0; i < KV_TABLE_COUNT; i++) {
        char expected[32];
        (void)snprintf(expected, sizeof expected, "key%d=value ", i);
        store_expect_table(kv, (enum kv_table)i, expected);
    }
    assert_int_equal(kv_reader_check(kv), ERR_NONE);
    kv_close(kv);
}

static void test_second_open_is_refused(void **state)
{
    struct kv *second = NULL;
    struct kv_options reading = {.read_only = true};
    struct kv *kv = store_open(*state);
    assert_int_equal(kv_open(*state, NULL, &second), ERR_BUSY);
    assert_int_equal(kv_open(*state, &reading, &second), ERR_BUSY);
    assert_null(second);
    store_put_text(kv, KV_META, "a", "still works");
    kv_close(kv);
    assert_int_equal(kv_open(*state, NULL, &second), ERR_NONE);
    store_expect_text(second, KV_META, "a", "still works");
    kv_close(second);
}

static void test_must_exist(void **state)
{
    struct kv *kv = NULL;
    struct kv_options options = {.must_exist = true};
    struct kv_options reading = {.read_only = true};
    assert_int_equal(kv_open(*state, &options, &kv), ERR_NOT_FOUND);
    assert_int_equal(kv_open(*state, &reading, &kv), ERR_NOT_FOUND);
    assert_null(kv);
    kv_close(store_open(*state));
    assert_int_equal(kv_open(*state, &options, &kv), ERR_NONE);
    kv_close(kv);
}

static void test_read_only(void **state)
{
    struct kv_txn txn;
    struct kv_options options = {.read_only = true};
    struct kv *kv = store_open(*state);
    store_put_text(kv, KV_META, "a", "v");
    kv_close(kv);
    assert_int_equal(kv_open(*state, &options, &kv), ERR_NONE);
    store_expect_table(kv, KV_META, "a=v ");
    kv_begin(kv, true, &txn);
    assert_int_equal(txn.err, ERR_STATE);
    kv_put(&txn, KV_META, span_text("b"), span_text("v"));
    assert_int_equal(kv_commit(&txn), ERR_STATE);
    store_expect_table(kv, KV_META, "a=v ");
    kv_close(kv);
}

enum { SMALL_MAP = 1 << 20, PIECE_SIZE = 3000 };

static void test_map_size_bounds(void **state)
{
    struct kv *kv = NULL;
    struct kv_options options = {.map_size = SMALL_MAP - 1};
    assert_int_equal(kv_open(*state, &options, &kv), ERR_LIMIT);
    options.map_size = UINT64_MAX;
    assert_int_equal(kv_open(*state, &options, &kv), ERR_LIMIT);
    assert_null(kv);
}

static enum err put_piece(struct kv *kv, uint32_t number, size_t size)
{
    static uint8_t piece[KV_VALUE_SIZE];
    struct kv_txn txn;
    uint8_t key[4];
    put_u32(key, number);
    memset(piece, (int)number, size);
    kv_begin(kv, true, &txn);
    kv_put(&txn, KV_BLOB, span_of(key, sizeof key), span_of(piece, size));
    return kv_commit(&txn);
}

/* Puts until the store is full; every accepted piece and no other must then be there. */
static uint32_t fill_up(struct kv *kv, uint32_t number, uint32_t step, size_t size)
{
    while (put_piece(kv, number, size) == ERR_NONE) {
        number += step;
        assert_true(number < 100000);
    }
    assert_int_equal(put_piece(kv, number, size), ERR_FULL);
    return number;
}

static uint64_t blob_count(struct kv *kv)
{
    struct kv_stat stat;
    assert_int_equal(kv_stat(kv, &stat), ERR_NONE);
    return stat.entry_count[KV_BLOB];
}

static void delete_piece(struct kv *kv, uint32_t number)
{
    struct kv_txn txn;
    uint8_t key[4];
    put_u32(key, number);
    kv_begin(kv, true, &txn);
    kv_delete(&txn, KV_BLOB, span_of(key, sizeof key));
    assert_int_equal(kv_commit(&txn), ERR_NONE);
}

static void test_full_then_delete(void **state)
{
    struct kv_stat stat;
    struct kv *kv = store_open_sized(*state, SMALL_MAP);
    uint32_t count = fill_up(kv, 0, 1, PIECE_SIZE);
    assert_in_range(count, 100, SMALL_MAP / PIECE_SIZE);
    assert_int_equal(blob_count(kv), count);
    assert_int_equal(kv_stat(kv, &stat), ERR_NONE);
    assert_int_equal(stat.map_size, SMALL_MAP);
    assert_in_range(stat.used_size, SMALL_MAP / 2, SMALL_MAP / 8 * 7);
    for (int round = 0; round < 20; round++) {
        for (uint32_t i = 0; i < count; i += 2) {
            delete_piece(kv, i); /* one transaction each: the hardest way out of a full map */
        }
        assert_int_equal(blob_count(kv), count / 2);
        for (uint32_t i = 0; i < count; i += 2) {
            assert_int_equal(put_piece(kv, i, PIECE_SIZE), ERR_NONE);
        }
        assert_int_equal(put_piece(kv, count, PIECE_SIZE), ERR_FULL);
    }
    kv_close(kv);
    kv = store_open_sized(*state, SMALL_MAP);
    assert_int_equal(blob_count(kv), count);
    assert_int_equal(put_piece(kv, count, PIECE_SIZE), ERR_FULL);
    delete_piece(kv, 0);
    assert_int_equal(put_piece(kv, count, 1), ERR_NONE);
    kv_close(kv);
}

/* Full for large values first, then for small ones, so that nothing at all fits. */
static void test_full_to_the_brim(void **state)
{
    struct kv *kv = store_open_sized(*state, SMALL_MAP);
    struct kv_txn txn;
    uint32_t count = fill_up(kv, 0, 1, 100000);
    count = fill_up(kv, count, 1, PIECE_SIZE);
    count = fill_up(kv, count, 1, 10);
    assert_int_equal(blob_count(kv), count);

    /* What replaces something larger is no growth. */
    kv_begin(kv, true, &txn);
    uint8_t key[4];
    put_u32(key, 0);
    kv_delete(&txn, KV_BLOB, span_of(key, sizeof key));
    kv_put(&txn, KV_TASK, span_text("told"), span_text("pruned"));
    assert_int_equal(kv_commit(&txn), ERR_NONE);

    kv_begin(kv, true, &txn);
    kv_clear(&txn, KV_BLOB, span_text(""));
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    assert_int_equal(blob_count(kv), 0);
    assert_int_equal(put_piece(kv, 0, 100000), ERR_NONE);
    kv_close(kv);
}

/* Opened with a smaller map than it was filled with: more than allowed is in use, and whatever does
 * not add to it must still be possible. */
static void test_smaller_map(void **state)
{
    struct kv *kv = store_open_sized(*state, (uint64_t)2 * SMALL_MAP);
    uint32_t count = fill_up(kv, 0, 1, PIECE_SIZE);
    kv_close(kv);
    kv = store_open_sized(*state, SMALL_MAP);
    assert_int_equal(blob_count(kv), count);
    assert_int_equal(put_piece(kv, count, PIECE_SIZE), ERR_FULL);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(put_piece(kv, i, PIECE_SIZE), ERR_NONE); /* as large as the old one */
    }
    for (uint32_t i = 0; i < count; i++) {
        delete_piece(kv, i);
    }
    assert_int_equal(put_piece(kv, count, PIECE_SIZE), ERR_NONE);
    assert_int_equal(blob_count(kv), 1);
    kv_close(kv);
}

/* One transaction larger than the map leaves nothing behind. */
static void test_full_in_one_transaction(void **state)
{
    static const uint8_t zeros[100000];
    struct kv *kv = store_open_sized(*state, SMALL_MAP);
    struct kv_txn txn;
    store_put_text(kv, KV_META, "a", "v");
    for (int round = 0; round < 5; round++) {
        kv_begin(kv, true, &txn);
        kv_put(&txn, KV_META, span_text("b"), span_text("v"));
        for (uint8_t i = 0; i < 20; i++) {
            kv_put(&txn, KV_BLOB, span_of(&i, 1), span_of(zeros, sizeof zeros));
        }
        assert_int_equal(kv_commit(&txn), ERR_FULL);
        store_expect_table(kv, KV_META, "a=v ");
        assert_int_equal(blob_count(kv), 0);
    }
    store_put_text(kv, KV_META, "c", "v");
    kv_close(kv);
}

static void test_stat(void **state)
{
    struct kv *kv = store_open_sized(*state, 8 << 20);
    struct kv_stat before;
    struct kv_stat stat;
    assert_int_equal(kv_stat(kv, &before), ERR_NONE);
    assert_int_equal(before.map_size, 8 << 20);
    for (int i = 0; i < KV_TABLE_COUNT; i++) {
        assert_int_equal(before.entry_count[i], 0);
    }
    assert_int_equal(put_piece(kv, 1, 100000), ERR_NONE);
    store_put_text(kv, KV_CACHE, "a", "v");
    store_put_text(kv, KV_CACHE, "b", "v");
    assert_int_equal(kv_stat(kv, &stat), ERR_NONE);
    assert_int_equal(stat.entry_count[KV_BLOB], 1);
    assert_int_equal(stat.entry_count[KV_CACHE], 2);
    assert_int_equal(stat.entry_count[KV_META], 0);
    assert_in_range(stat.used_size - before.used_size, 100000, 140000);
    assert_in_range(stat.file_size, stat.used_size, stat.used_size + (1 << 20));
    kv_close(kv);
}

static void test_copy(void **state)
{
    char *target = store_place_new();
    struct kv *kv = store_open(*state);
    struct kv_txn reader;
    store_put_text(kv, KV_META, "a", "v");
    assert_int_equal(put_piece(kv, 7, 100000), ERR_NONE);
    kv_begin(kv, false, &reader); /* readers may go on meanwhile */
    assert_int_equal(kv_copy(kv, target), ERR_NONE);
    kv_abort(&reader);
    assert_int_equal(kv_copy(kv, target), ERR_CONFLICT); /* never over an older copy */
    store_put_text(kv, KV_META, "a", "later");
    kv_close(kv);

    struct kv *copy = store_open(target);
    store_expect_table(copy, KV_META, "a=v ");
    assert_int_equal(blob_count(copy), 1);
    store_put_text(copy, KV_META, "a", "of its own");
    kv_close(copy);
    kv = store_open(*state);
    store_expect_table(kv, KV_META, "a=later ");
    kv_close(kv);
    store_place_free(target);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_reopen_keeps_all),
        CASE(test_second_open_is_refused),
        CASE(test_must_exist),
        CASE(test_read_only),
        CASE(test_map_size_bounds),
        CASE(test_full_then_delete),
        CASE(test_full_to_the_brim),
        CASE(test_full_in_one_transaction),
        CASE(test_smaller_map),
        CASE(test_stat),
        CASE(test_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
