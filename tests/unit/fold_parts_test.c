#include "fold/part_bytes.h"
#include "fold/part_names.h"
#include "fold/parts.h"
#include "seal/hash.h"
#include "store_place.h"
#include "unit.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

enum {
    FIRST_PLACE = 4080,
    WRAP = 1 + 1 + 1 + 80,
    WRAPS_OF_ONE = 2 + WRAP,
    WRAPS_OF_TWO = 2 + 2 * WRAP
};

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
    parts_expect(&txn, span_of(hash, PARTS_NAME_SIZE));
    assert_true(parts_is_expected(&txn, hash));
    assert_false(parts_has(&txn, hash));
    assert_false(parts_get(&txn, hash, &none));
    parts_put(rig->parts, &txn, hash, buf_span(&part));
    assert_false(parts_is_expected(&txn, hash));
    parts_expect(&txn, span_of(hash, PARTS_NAME_SIZE)); /* named once more: it is here */
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

static uint64_t bytes_end(struct rig *rig)
{
    struct kv_txn txn;
    kv_begin(rig->kv, false, &txn);
    uint64_t end = part_bytes_end(&txn);
    kv_abort(&txn);
    return end;
}

static void test_the_same_bytes(void **state)
{
    struct rig *rig = *state;
    for (unsigned record = 0; record < 5; record++) {
        put_one(rig, record, 0);
        put_one(rig, record, 1);
    }
    /* Ten parts of about 300 bytes (the first one's wraps are near) and five records' wraps, their
     * names, two stations. */
    uint64_t end = bytes_end(rig);
    assert_int_equal(end - FIRST_PLACE,
                     5 * ((300 + 4) + (299 + 4)) - 1 + WRAPS_OF_ONE + 4 * WRAPS_OF_TWO);
    assert_int_equal(rows(rig), 1 + 1 + 1 + 2);
    put_one(rig, 4, 2);
    assert_int_equal(bytes_end(rig) - end, 298 + 4);
    end = bytes_end(rig);
    parts_forget(rig->parts);
    put_one(rig, 3, 2); /* its wraps are kept a second time, no more */
    assert_int_equal(bytes_end(rig) - end, 298 + 4 + WRAPS_OF_TWO);
    for (unsigned record = 0; record < 5; record++) {
        expect_one(rig, record, 0);
        expect_one(rig, record, 1);
    }
    expect_one(rig, 3, 2);
    expect_one(rig, 4, 2);
}

/* Parts of all sizes, so that they and their heads are cut by rows everywhere. */
static void test_sizes(void **state)
{
    enum { SIZES = 700 };
    struct rig *rig = *state;
    struct kv_txn txn;
    struct buf part;
    struct buf found;
    uint8_t hash[SIZES][LIMIT_HASH_SIZE];
    static uint8_t text[2 + SIZES * 9];
    struct wire_sealed_blob blob = {.wrap_count = 1};
    blob.wraps[0].audience = 2;
    buf_init(&part, LIMIT_BLOB_SIZE);
    buf_init(&found, LIMIT_BLOB_SIZE);
    for (int get = 0; get < 2; get++) {
        kv_begin(rig->kv, get == 0, &txn);
        for (size_t i = 0; i < SIZES; i++) {
            memset(text, (int)i, sizeof text);
            blob.wraps[0].box[0] = (uint8_t)(i / 3);
            blob.ciphertext = span_of(text, 2 + i * (i % 10));
            text[0] = (uint8_t)(i >> 8);
            buf_clear(&part);
            assert_int_equal(wire_sealed_encode(&blob, &part), ERR_NONE);
            if (get == 0) {
                seal_sha256(blob.ciphertext, hash[i]);
                parts_put(rig->parts, &txn, hash[i], buf_span(&part));
            } else {
                assert_true(parts_get(&txn, hash[i], &found));
                assert_true(span_equal(buf_span(&found), buf_span(&part)));
            }
        }
        assert_int_equal(txn.err, ERR_NONE);
        if (get == 0) {
            assert_int_equal(kv_commit(&txn), ERR_NONE);
        }
        kv_abort(&txn);
    }
    buf_done(&part);
    buf_done(&found);
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
    parts_expect(&txn, span_of(hash, PARTS_NAME_SIZE));
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
    struct rig *rig = *state;
    struct kv_txn txn;
    struct buf found;
    uint8_t hash[LIMIT_HASH_SIZE] = {9};
    static const struct {
        const char *row;
        size_t size;
        uint64_t place;
    } damages[] = {
        {"", 0, FIRST_PLACE},                       /* there is nothing */
        {"\x01\x01x", 3, FIRST_PLACE + 9},          /* nor that far */
        {"\x00\x01x", 3, FIRST_PLACE},              /* wraps */
        {"x\x01\x01x", 4, FIRST_PLACE + 1},         /* its wraps are none */
        {"\x00\x01x\x03\x01x", 6, FIRST_PLACE + 3}, /* its wraps are cut off */
        {"\x00\x00\x02\x02x", 5, FIRST_PLACE + 2},  /* it is cut off */
        {"\x00\x00\xff\xff\xff\x7fx", 7, FIRST_PLACE + 2},
        {"\x00\x00\x02\xff\xff\xff\x7fx", 8, FIRST_PLACE + 2},
        {"\x00\x09\x02\x01x", 5, FIRST_PLACE + 2}, /* more wraps than there may be */
    };
    uint8_t key[6] = {'n', 0, 0, 0, 0, 1};
    buf_init(&found, 100);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        kv_begin(rig->kv, true, &txn);
        if (damages[i].size > 0) {
            kv_put(&txn, KV_PART, span_of(key, sizeof key),
                   span_of(damages[i].row, damages[i].size));
        }
        struct part_name name = {get_u64(hash), damages[i].place};
        part_names_put(&txn, &name, 1);
        assert_false(parts_get(&txn, hash, &found));
        assert_int_equal(txn.err, ERR_STORE);
        kv_abort(&txn);
    }
    key[5] = 9;
    kv_begin(rig->kv, true, &txn);
    kv_put(&txn, KV_PART, span_of(key, 5), span_text("x"));
    assert_int_equal(part_bytes_end(&txn), 0);
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
    /* Bytes, names, those expected and the station of before. */
    assert_int_equal(rows(rig), 1 + 1 + 1 + 1);
    for (unsigned record = 0; record < 4; record++) {
        expect_one(rig, record, 0);
        expect_one(rig, record, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_same_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sizes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_plain_blobs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_part, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hash_begins_alike, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_stations, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
