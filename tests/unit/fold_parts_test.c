#include "fold/parts.h"
#include "seal/hash.h"
#include "store_place.h"
#include "unit.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

struct rig {
    char *place;
    struct kv *kv;
    struct parts *parts;
};

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    rig->place = store_place_new();
    rig->kv = store_open(rig->place);
    assert_int_equal(parts_new(&rig->parts), ERR_NONE);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    parts_free(rig->parts);
    kv_close(rig->kv);
    store_place_free(rig->place);
    free(rig);
    return 0;
}

/* Part number i of record r: for a station (not for r 0) and the hub. */
static void make_part(unsigned record, unsigned number, struct buf *ret, uint8_t *ret_hash)
{
    struct wire_sealed_blob blob = {.wrap_count = record == 0 ? 1 : 2};
    uint8_t text[300];
    memset(text, (int)(record + 7 * number), sizeof text);
    text[0] = (uint8_t)number;
    for (uint32_t i = 0; i < blob.wrap_count; i++) {
        blob.wraps[i].audience = i + 1;
        blob.wraps[i].generation = 3;
        memset(blob.wraps[i].box, (int)(record + i), sizeof blob.wraps[i].box);
        if (i == 1) {
            memset(blob.wraps[i].station, 1 + (int)record % 2, LIMIT_KEY_SIZE);
        }
    }
    blob.ciphertext = span_of(text, sizeof text - number);
    seal_sha256(blob.ciphertext, ret_hash);
    buf_init(ret, LIMIT_BLOB_SIZE);
    assert_int_equal(wire_sealed_encode(&blob, ret), ERR_NONE);
}

static void put_one(struct rig *rig, unsigned record, unsigned number)
{
    struct kv_txn txn;
    struct buf part;
    struct buf none;
    uint8_t hash[LIMIT_HASH_SIZE];
    make_part(record, number, &part, hash);
    buf_init(&none, LIMIT_BLOB_SIZE);
    kv_begin(rig->kv, true, &txn);
    assert_false(parts_is_expected(&txn, hash));
    assert_false(parts_has(&txn, hash));
    parts_expect(&txn, hash);
    assert_true(parts_is_expected(&txn, hash));
    assert_false(parts_has(&txn, hash));
    assert_false(parts_get(&txn, hash, &none));
    parts_put(rig->parts, &txn, hash, buf_span(&part));
    assert_false(parts_is_expected(&txn, hash));
    parts_expect(&txn, hash); /* named once more: it is here */
    assert_true(parts_has(&txn, hash));
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    buf_done(&part);
    buf_done(&none);
}

static void expect_one(struct rig *rig, unsigned record, unsigned number)
{
    struct kv_txn txn;
    struct buf part;
    struct buf found;
    uint8_t hash[LIMIT_HASH_SIZE];
    make_part(record, number, &part, hash);
    buf_init(&found, LIMIT_BLOB_SIZE);
    kv_begin(rig->kv, false, &txn);
    assert_true(parts_get(&txn, hash, &found));
    assert_true(span_equal(buf_span(&found), buf_span(&part)));
    kv_abort(&txn);
    buf_done(&part);
    buf_done(&found);
}

static uint64_t rows(struct rig *rig)
{
    struct kv_stat stat;
    assert_int_equal(kv_stat(rig->kv, &stat), ERR_NONE);
    return stat.entry_count[KV_PART];
}

static void test_the_same_bytes(void **state)
{
    struct rig *rig = *state;
    for (unsigned record = 0; record < 5; record++) {
        put_one(rig, record, 0);
        put_one(rig, record, 1);
    }
    /* Ten parts and their hashes, five records' wraps, two stations. */
    assert_int_equal(rows(rig), 10 + 10 + 5 + 2);
    parts_forget(rig->parts);
    put_one(rig, 3, 2); /* its wraps are kept a second time, no more */
    assert_int_equal(rows(rig), 11 + 11 + 6 + 2);
    for (unsigned record = 0; record < 5; record++) {
        expect_one(rig, record, 0);
        expect_one(rig, record, 1);
    }
    expect_one(rig, 3, 2);
}

/* Public blobs are found under their whole hash. */
static void test_plain_blobs(void **state)
{
    struct rig *rig = *state;
    struct kv_txn txn;
    struct buf found;
    uint8_t hash[LIMIT_HASH_SIZE] = {9};
    buf_init(&found, 100);
    kv_begin(rig->kv, true, &txn);
    kv_put(&txn, KV_BLOB, span_of(hash, sizeof hash), span_text("edition"));
    parts_expect(&txn, hash);
    assert_false(parts_is_expected(&txn, hash));
    assert_true(parts_has(&txn, hash));
    assert_true(parts_get(&txn, hash, &found));
    assert_string_equal(buf_text(&found), "edition");
    kv_abort(&txn);
    buf_done(&found);
}

static void test_no_part(void **state)
{
    struct rig *rig = *state;
    struct kv_txn txn;
    uint8_t hash[LIMIT_HASH_SIZE] = {9};
    kv_begin(rig->kv, true, &txn);
    parts_put(rig->parts, &txn, hash, span_text("no sealed blob"));
    assert_int_equal(txn.err, ERR_MALFORMED);
    kv_abort(&txn);
    assert_int_equal(rows(rig), 0);
}

/* A row that leads nowhere is the store's failure. */
static void test_damaged(void **state)
{
    static const uint8_t nowhere[] = {9};
    struct rig *rig = *state;
    struct kv_txn txn;
    struct buf found;
    uint8_t hash[LIMIT_HASH_SIZE] = {9};
    uint8_t key[9] = {'h', 9};
    buf_init(&found, 100);
    kv_begin(rig->kv, true, &txn);
    kv_put(&txn, KV_PART, span_of(key, sizeof key), span_of(nowhere, sizeof nowhere));
    assert_false(parts_get(&txn, hash, &found));
    assert_int_equal(txn.err, ERR_STORE);
    kv_abort(&txn);
    buf_done(&found);
}

/* Keys are the beginnings of hashes: a hash that goes on in another way is that of no part here. */
static void test_hash_begins_alike(void **state)
{
    struct rig *rig = *state;
    struct kv_txn txn;
    struct buf part;
    struct buf found;
    uint8_t hash[LIMIT_HASH_SIZE];
    put_one(rig, 1, 0);
    make_part(1, 0, &part, hash);
    hash[LIMIT_HASH_SIZE - 1] ^= 1;
    buf_init(&found, LIMIT_BLOB_SIZE);
    kv_begin(rig->kv, false, &txn);
    assert_false(parts_get(&txn, hash, &found));
    assert_int_equal(txn.err, ERR_NONE);
    assert_int_equal(found.size, 0);
    kv_abort(&txn);
    buf_done(&part);
    buf_done(&found);
}

/* Whoever wraps may name any keys as stations': theirs do not keep out those of others. */
static void test_many_stations(void **state)
{
    static const uint8_t device[LIMIT_KEY_SIZE] = {77};
    static const uint8_t key[3] = {'d', 0xff, 0xfe};
    struct rig *rig = *state;
    struct kv_txn txn;
    kv_begin(rig->kv, true, &txn);
    kv_put(&txn, KV_PART, span_of(key, sizeof key), span_of(device, sizeof device));
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    for (unsigned record = 0; record < 4; record++) {
        put_one(rig, record, 0);
        put_one(rig, record, 1);
    }
    /* Eight parts and their hashes, four records' wraps, the station of before. */
    assert_int_equal(rows(rig), 8 + 8 + 4 + 1);
    for (unsigned record = 0; record < 4; record++) {
        expect_one(rig, record, 0);
        expect_one(rig, record, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_same_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_plain_blobs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_part, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hash_begins_alike, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_stations, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
