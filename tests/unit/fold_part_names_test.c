#include "fold/part_expected.h"
#include "fold/parts.h"
#include "store_place.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

struct rig {
    char *place;
    struct kv *kv;
};

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    rig->place = store_place_new();
    rig->kv = store_open(rig->place);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    kv_close(rig->kv);
    store_place_free(rig->place);
    free(rig);
    return 0;
}

static uint64_t rows(struct rig *rig)
{
    struct kv_stat stat;
    assert_int_equal(kv_stat(rig->kv, &stat), ERR_NONE);
    return stat.entry_count[KV_PART];
}

/* Many names, spread or close together, with and without a place, are all found, and no others. */
static void name_of(unsigned i, uint8_t ret[LIMIT_HASH_SIZE])
{
    memset(ret, 0, LIMIT_HASH_SIZE);
    if (i % 2 == 0) {
        put_u32(ret, i * 2654435761U);
        put_u32(ret + 4, i);
    } else {
        put_u32(ret + 4, i);
    }
}

static int compare_names(const void *a, const void *b)
{
    const struct part_name *first = a;
    const struct part_name *second = b;
    return (first->name > second->name) - (first->name < second->name);
}

/* Names from, from + step, ... below to, all with a place or none. */
static void put_names(struct kv_txn *txn, const unsigned range[3], bool placed)
{
    struct part_name *names = calloc(range[1], sizeof *names);
    size_t count = 0;
    assert_non_null(names);
    for (unsigned i = range[0]; i < range[1]; i += range[2]) {
        uint8_t hash[LIMIT_HASH_SIZE];
        name_of(i, hash);
        names[count++] = (struct part_name){get_u64(hash), placed ? (uint64_t)(i + 1) << 20 : 0};
    }
    qsort(names, count, sizeof *names, compare_names);
    part_names_put(txn, names, count);
    free(names);
}

/* By thousands and one by one, new and known, with places and without. */
static void test_names(void **state)
{
    enum { MANY = 5000 };
    static const struct {
        unsigned range[3];
        bool placed;
    } puts[] = {
        {{7, 8, 1}, false},    /* the first of all */
        {{0, MANY, 2}, false}, /* expected */
        {{0, MANY, 3}, true},  /* new ones, and places for old ones */
        {{0, MANY, 1}, false}, /* takes nothing away */
        {{11, 12, 1}, true},   /* one by one */
        {{4999, 5000, 1}, true}, {{7, 8, 1}, true},
    };
    struct rig *rig = *state;
    struct kv_txn txn;
    uint8_t hash[LIMIT_HASH_SIZE];
    uint64_t place = 0;
    kv_begin(rig->kv, true, &txn);
    for (size_t i = 0; i < sizeof puts / sizeof *puts; i++) {
        put_names(&txn, puts[i].range, puts[i].placed);
    }
    struct part_name edges[] = {{0, 5}, {UINT64_MAX, 6}};
    assert_false(part_names_find(&txn, UINT64_MAX, &place));
    part_names_put(&txn, edges, 2);
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    assert_in_range(rows(rig), MANY * 9 / 640, MANY * 13 / 400);
    kv_begin(rig->kv, false, &txn);
    assert_true(part_names_find(&txn, 0, &place));
    assert_int_equal(place, 5);
    assert_true(part_names_find(&txn, UINT64_MAX, &place));
    assert_int_equal(place, 6);
    for (unsigned i = 0; i < MANY; i++) {
        bool placed = i % 3 == 0 || i == 7 || i == 11 || i == 4999;
        name_of(i, hash);
        if (get_u64(hash) == 0) {
            continue;
        }
        assert_true(part_names_find(&txn, get_u64(hash), &place));
        assert_int_equal(place, placed ? (uint64_t)(i + 1) << 20 : 0);
        hash[3] ^= 1;
        assert_false(part_names_find(&txn, get_u64(hash), &place));
    }
    assert_int_equal(txn.err, ERR_NONE);
    kv_abort(&txn);
}

/* Nothing is written where nothing is new; a full row is shared by two of much the same size. */
static void test_names_rows(void **state)
{
    enum { FULL = 640 / 9 };
    struct rig *rig = *state;
    struct kv_txn txn;
    struct part_name names[FULL + 1];
    uint8_t key[9] = {'h'};
    struct span value;
    for (unsigned i = 0; i <= FULL; i++) {
        names[i] = (struct part_name){(uint64_t)(i + 1) << 8, 0};
    }
    kv_begin(rig->kv, true, &txn);
    part_names_put(&txn, names, FULL);
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    assert_int_equal(rows(rig), 1);
    kv_begin(rig->kv, true, &txn);
    part_names_put(&txn, names, FULL);
    part_names_put(&txn, names + FULL, 1);
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    assert_int_equal(rows(rig), 2);
    kv_begin(rig->kv, false, &txn);
    put_u64(key + 1, (FULL + 1) / 2 << 8);
    assert_true(kv_view(&txn, KV_PART, span_of(key, sizeof key), &value));
    assert_int_equal(value.size, (FULL + 1) / 2 * 9);
    memset(key + 1, 0xff, 8);
    assert_true(kv_view(&txn, KV_PART, span_of(key, sizeof key), &value));
    assert_int_equal(value.size, (FULL + 1) / 2 * 9);
    kv_abort(&txn);
}

static void expect_names(struct kv_txn *txn, unsigned from, unsigned to)
{
    struct buf names;
    buf_init(&names, (size_t)8 * (to - from));
    for (unsigned i = from; i < to; i++) {
        uint8_t hash[LIMIT_HASH_SIZE];
        name_of(i, hash);
        buf_put(&names, hash, 8);
    }
    part_expected_add(txn, buf_span(&names));
    assert_int_equal(names.err, ERR_NONE);
    buf_done(&names);
}

/* Names wait until there are many, and are expected all the time; a part that came is there. */
static void test_expected(void **state)
{
    enum { MANY = 40000, KEPT = 16384, ROW = 240 };
    static const unsigned steps[] = {0, 1, 3, 239, 241, 16383, 16384, 16385, 40000};
    struct rig *rig = *state;
    struct kv_txn txn;
    struct part_name came = {0};
    uint8_t hash[LIMIT_HASH_SIZE];
    uint64_t place = 0;
    name_of(1, hash);
    came = (struct part_name){get_u64(hash), 77};
    for (size_t i = 1; i < sizeof steps / sizeof *steps; i++) {
        unsigned kept = (steps[i] - 1) % KEPT + 1;
        kv_begin(rig->kv, true, &txn);
        expect_names(&txn, steps[i - 1], steps[i]);
        part_names_put(&txn, &came, 1);
        assert_int_equal(kv_commit(&txn), ERR_NONE);
        if (steps[i] <= KEPT) {
            assert_int_equal(rows(rig), (kept + ROW - 1) / ROW + 1);
        }
        kv_begin(rig->kv, false, &txn);
        for (unsigned j = steps[i] > 700 ? steps[i] - 700 : 0; j <= steps[i]; j++) {
            name_of(j, hash);
            bool lately = j / KEPT == (steps[i] - 1) / KEPT && j < steps[i];
            assert_int_equal(part_expected_has(&txn, get_u64(hash)), lately);
            assert_int_equal(parts_is_expected(&txn, hash), j < steps[i] && j != 1);
        }
        kv_abort(&txn);
    }
    kv_begin(rig->kv, false, &txn);
    assert_true(part_names_find(&txn, came.name, &place));
    assert_int_equal(place, 77);
    for (unsigned j = 0; j < MANY; j += 13) {
        name_of(j, hash);
        assert_int_equal(parts_is_expected(&txn, hash), j != 1);
    }
    assert_int_equal(txn.err, ERR_NONE);
    kv_abort(&txn);
}

static void test_damaged_expected(void **state)
{
    static const struct {
        const char *key;
        size_t key_size;
        size_t size;
    } damages[] = {
        {"e\0\0\0", 4, 8},           {"e\0\0\0\0", 5, 0},   {"e\0\0\0\0", 5, 7},
        {"e\0\0\0\0", 5, 1928},      {"e\0\0\x40\0", 5, 8}, {"e\0\0\x3f\xf9", 5, 64},
        {"e\xff\xff\xff\xff", 5, 8},
    };
    static const uint8_t zeros[2048];
    struct rig *rig = *state;
    struct kv_txn txn;
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        for (int write = 0; write < 2; write++) {
            kv_begin(rig->kv, true, &txn);
            kv_put(&txn, KV_PART, span_of(damages[i].key, damages[i].key_size),
                   span_of(zeros, damages[i].size));
            if (write == 1) {
                part_expected_add(&txn, span_text("12345678"));
            } else {
                assert_false(part_expected_has(&txn, 1));
            }
            assert_int_equal(txn.err, ERR_STORE);
            kv_abort(&txn);
        }
    }
    /* What cannot be handed on whole stays. */
    kv_begin(rig->kv, true, &txn);
    kv_put(&txn, KV_PART, span_of("e\0\0\x3f\xff", 5), span_of(zeros, 8));
    part_expected_add(&txn, span_text("12345678"));
    assert_int_equal(txn.err, ERR_STORE);
    kv_abort(&txn);
}

/* Rows that nobody wrote so. */
static void test_damaged_names(void **state)
{
    static const struct {
        const char *key;
        const char *value;
        size_t sizes[2];
    } damages[] = {
        {"h\x09\x09\x09\x09\x09\x09\x09", "\0\0\0\0\0\0\0\0\x01", {8, 9}},
        {"h\x09\x09\x09\x09\x09\x09\x09\x09", "", {9, 0}},
        {"h\x09\x09\x09\x09\x09\x09\x09\x09", "\0\0\0\0\0\0\0\0", {9, 8}},
        {"h\x09\x09\x09\x09\x09\x09\x09\x09", "\0\0\0\0\0\0\0\0\x80", {9, 9}},
        {"h\x09\x09\x09\x09\x09\x09\x09\x09", "\x0a\0\0\0\0\0\0\0\x01", {9, 9}},
        {"h\x09\x09\x09\x09\x09\x09\x09\x09",
         "\0\0\0\0\0\0\0\x01\x01\0\0\0\0\0\0\0\x01\x01",
         {9, 18}},
    };
    struct rig *rig = *state;
    struct kv_txn txn;
    struct part_name name = {(uint64_t)8 << 56, 1};
    uint64_t place = 0;
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        for (int write = 0; write < 2; write++) {
            kv_begin(rig->kv, true, &txn);
            kv_put(&txn, KV_PART, span_of(damages[i].key, damages[i].sizes[0]),
                   span_of(damages[i].value, damages[i].sizes[1]));
            if (write == 1) {
                part_names_put(&txn, &name, 1);
            } else {
                assert_false(part_names_find(&txn, name.name, &place));
            }
            assert_int_equal(txn.err, ERR_STORE);
            kv_abort(&txn);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_names_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_expected, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged_expected, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
