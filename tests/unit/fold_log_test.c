#include "fold/leaf_rows.h"
#include "fold/log.h"
#include "node/team.h"
#include "seal/hash.h"
#include "store_place.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* The log in the store: whatever the transactions were, every leaf, place and root is found again,
 * before and after it was opened anew. */

enum { DEVICES = 3, LARGEST = 9000 };

struct rig {
    char *place;
    struct kv *kv;
    struct log log;
    struct tlog_peaks peaks;
    struct tlog_hash root[LARGEST + 1];
    uint64_t index_of[DEVICES + 1][LARGEST + 1]; /* by device and seq */
    uint64_t seq[DEVICES + 1];
};

/* Leaf number index: bytes that do not shrink, of a size of its own. */
static struct span leaf_bytes(uint64_t index, size_t size, uint8_t *room)
{
    uint8_t seed[8];
    put_u64(seed, index);
    for (size_t at = 0; at < size; at += LIMIT_HASH_SIZE) {
        uint8_t hash[LIMIT_HASH_SIZE];
        seal_sha256(at == 0 ? span_of(seed, sizeof seed)
                            : span_of(room + at - LIMIT_HASH_SIZE, LIMIT_HASH_SIZE),
                    hash);
        memcpy(room + at, hash, size - at < sizeof hash ? size - at : sizeof hash);
    }
    return span_of(room, size);
}

static size_t small_size(uint64_t index)
{
    return 1 + (size_t)(index * 37 % 200);
}

static size_t large_size(uint64_t index)
{
    return LIMIT_LEAF_SIZE - (size_t)(index % 3);
}

static void open_log(struct rig *rig)
{
    struct kv_txn txn;
    kv_begin(rig->kv, false, &txn);
    assert_int_equal(log_init(&rig->log, &txn, 7), ERR_NONE);
    kv_abort(&txn);
}

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    rig->place = store_place_new();
    rig->kv = store_open(rig->place);
    tlog_peaks_init(&rig->peaks);
    open_log(rig);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    log_done(&rig->log);
    kv_close(rig->kv);
    store_place_free(rig->place);
    free(rig);
    return 0;
}

/* count leaves in one transaction, in runs of a device each. */
static void append(struct rig *rig, size_t count, size_t (*size_of)(uint64_t))
{
    struct kv_txn txn;
    struct tlog_hash root;
    uint8_t room[LIMIT_LEAF_SIZE];
    kv_begin(rig->kv, true, &txn);
    for (size_t i = 0; i < count; i++) {
        struct wire_leaf leaf = {.hub_ms = 5};
        struct log_place place = {.incarnation = 2};
        struct tlog_hash hash;
        uint64_t index = rig->log.size;
        unsigned device = 1 + (unsigned)(index / 40 % DEVICES);
        memset(place.device, (int)device, sizeof place.device);
        place.seq = ++rig->seq[device];
        rig->index_of[device][place.seq] = index;
        struct span bytes = leaf_bytes(index, size_of(index), room);
        assert_int_equal(log_append(&rig->log, &txn, &leaf, bytes, &place), index);
        tlog_leaf_hash(bytes, &hash);
        tlog_peaks_push(&rig->peaks, &hash);
        tlog_peaks_root(&rig->peaks, &rig->root[index + 1]);
    }
    log_flush(&rig->log, &txn, &root);
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    assert_memory_equal(&root, &rig->root[rig->log.size], sizeof root);
}

static void expect_leaves(struct rig *rig, struct kv_txn *txn, size_t (*size_of)(uint64_t))
{
    uint8_t room[LIMIT_LEAF_SIZE];
    struct buf bytes;
    struct span view;
    buf_init(&bytes, LIMIT_LEAF_SIZE);
    for (uint64_t i = 0; i < rig->log.size; i++) {
        uint64_t index = (i * 89) % rig->log.size; /* not in order */
        assert_true(log_leaf(&rig->log, txn, index, &bytes));
        assert_true(log_leaf_view(&rig->log, txn, index, &view));
        struct span right = leaf_bytes(index, size_of(index), room);
        assert_true(span_equal(buf_span(&bytes), right));
        assert_true(span_equal(view, right));
    }
    assert_false(log_leaf(&rig->log, txn, rig->log.size, &bytes));
    buf_done(&bytes);
}

static void expect_roots(struct rig *rig, struct kv_txn *txn)
{
    struct log_tiles context = {&rig->log, txn};
    struct tlog_tiles tiles = log_tiles(&context);
    for (uint64_t size = 1; size <= rig->log.size; size++) {
        struct tlog_hash root;
        assert_int_equal(tlog_root(&tiles, size, &root), ERR_NONE);
        assert_memory_equal(&root, &rig->root[size], sizeof root);
    }
}

static void expect_chains(struct rig *rig, struct kv_txn *txn)
{
    for (unsigned device = 1; device <= DEVICES; device++) {
        uint8_t id[LIMIT_KEY_SIZE];
        struct log_head head;
        uint64_t index = 0;
        memset(id, (int)device, sizeof id);
        if (!log_head_get(&rig->log, txn, id, &head)) {
            assert_int_equal(rig->seq[device], 0);
            continue;
        }
        assert_int_equal(head.seq, rig->seq[device]);
        for (uint64_t seq = 1; seq <= head.seq; seq++) {
            assert_true(log_chain_index(&rig->log, txn, head.number, 2, seq, &index));
            assert_int_equal(index, rig->index_of[device][seq]);
        }
        assert_false(log_chain_index(&rig->log, txn, head.number, 2, head.seq + 1, &index));
        assert_false(log_chain_index(&rig->log, txn, head.number, 1, 1, &index));
        assert_int_equal(log_chain_end(&rig->log, txn, head.number, 2), head.seq);
    }
}

static void expect_all(struct rig *rig, size_t (*size_of)(uint64_t))
{
    struct kv_txn txn;
    kv_begin(rig->kv, false, &txn);
    expect_leaves(rig, &txn, size_of);
    expect_roots(rig, &txn);
    expect_chains(rig, &txn);
    assert_int_equal(txn.err, ERR_NONE);
    kv_abort(&txn);
}

static void reopen(struct rig *rig)
{
    log_done(&rig->log);
    open_log(rig);
}

static void test_any_transactions(void **state)
{
    static const size_t sizes[] = {1, 1, 2, 251, 1, 1, 254, 3, 300, 211, 1, 100, 100, 100};
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        append(rig, sizes[i], small_size);
        if (i % 2 == 1) {
            reopen(rig);
        }
        expect_all(rig, small_size);
    }
    assert_int_equal(rig->log.size, 1326);
    struct kv_stat stat;
    assert_int_equal(kv_stat(rig->kv, &stat), ERR_NONE);
    /* Five whole groups, and the rest of the last transaction. */
    assert_int_equal(stat.entry_count[KV_LEAF], 5 + 1);
}

/* A group that no packing makes smaller takes several rows. */
static void test_large_leaves(void **state)
{
    struct rig *rig = *state;
    append(rig, 200, large_size);
    append(rig, 200, large_size);
    append(rig, 400, large_size);
    reopen(rig);
    expect_all(rig, large_size);
}

/* What a transaction appends is found inside it. */
static void last_first(void *context, size_t count, void (*part)(void *argument, size_t i),
                       void *argument)
{
    size_t *parts = context;
    *parts += count;
    while (count > 0) {
        count--;
        part(argument, count);
    }
}

static bool hash_row(void *context, struct span key, struct span value)
{
    seal_sha256_update(context, key);
    seal_sha256_update(context, value);
    return true;
}

static void hash_rows(struct rig *rig, uint8_t ret[LIMIT_HASH_SIZE])
{
    struct kv_txn txn;
    struct seal_sha256 sha;
    seal_sha256_init(&sha);
    kv_begin(rig->kv, false, &txn);
    kv_scan(&txn, KV_LEAF, span_of(NULL, 0), span_of(NULL, 0), hash_row, &sha);
    kv_scan(&txn, KV_TILE, span_of(NULL, 0), span_of(NULL, 0), hash_row, &sha);
    kv_scan(&txn, KV_META, span_of(NULL, 0), span_of(NULL, 0), hash_row, &sha);
    assert_int_equal(txn.err, ERR_NONE);
    kv_abort(&txn);
    seal_sha256_final(&sha, ret);
}

static void grow(struct rig *rig, uint8_t ret[LIMIT_HASH_SIZE])
{
    append(rig, 700, small_size);
    append(rig, 5, small_size);
    append(rig, 520, large_size);
    hash_rows(rig, ret);
}

/* Who helps leaves no trace in the store; what is too large for one row is packed without him. */
static void test_help(void **state)
{
    struct rig *rig = *state;
    size_t parts = 0;
    const struct log_help help = {last_first, &parts};
    uint8_t helped[LIMIT_HASH_SIZE];
    uint8_t alone[LIMIT_HASH_SIZE];
    rig->log.help = &help;
    grow(rig, helped);
    /* Hashes 64 at a time, then the peaks beside whole groups and full tiles: of the tile that was
     * open before 520 leaves only the tile is done, its group stands in rows already. */
    assert_int_equal(parts, (11 + 1 + 2 + 2) + (1 + 1) + (9 + 1 + 1 + 2));
    assert_int_equal(tear_down(state), 0);
    assert_int_equal(set_up(state), 0);
    grow(*state, alone);
    assert_int_equal(parts, 31);
    assert_memory_equal(helped, alone, sizeof helped);
}

/* The same with threads that do help, and the most leaves that a transaction takes. */
static void test_team(void **state)
{
    struct rig *rig = *state;
    struct team *team = NULL;
    assert_int_equal(team_new(2, &team), ERR_NONE);
    const struct log_help help = {team_each, team};
    rig->log.help = &help;
    append(rig, 65, small_size);
    append(rig, LOG_PENDING, small_size);
    append(rig, 64, small_size);
    team_free(team);
    reopen(rig);
    expect_all(rig, small_size);
}

static void expect_root(struct rig *rig, struct kv_txn *txn, uint64_t size)
{
    struct log_tiles context = {&rig->log, txn};
    struct tlog_tiles tiles = log_tiles(&context);
    struct tlog_hash root;
    assert_int_equal(tlog_root(&tiles, size, &root), ERR_NONE);
    assert_memory_equal(&root, &rig->root[size], sizeof root);
}

/* Roots are read while leaves wait for the flush: of the tree as it was, and of no other. */
static void test_roots_before_flush(void **state)
{
    struct rig *rig = *state;
    struct kv_txn txn;
    uint8_t room[LIMIT_LEAF_SIZE];
    struct tlog_hash root;
    struct log_tiles context = {&rig->log, &txn};
    struct tlog_tiles tiles = log_tiles(&context);
    append(rig, 300, small_size);
    kv_begin(rig->kv, true, &txn);
    for (uint64_t i = 300; i < 600; i++) {
        struct wire_leaf leaf = {.hub_ms = 6};
        struct log_place place = {.incarnation = 2, .seq = i};
        memset(place.device, 9, sizeof place.device);
        (void)log_append(&rig->log, &txn, &leaf, leaf_bytes(i, small_size(i), room), &place);
    }
    for (uint64_t size = 1; size <= 300; size++) {
        expect_root(rig, &txn, size);
    }
    assert_int_equal(rig->log.peaks.size, 300);
    assert_int_equal(tlog_root(&tiles, 301, &root), ERR_NOT_FOUND);
    assert_int_equal(tlog_root(&tiles, 512, &root), ERR_NOT_FOUND);
    assert_int_equal(tlog_root(&tiles, 600, &root), ERR_NOT_FOUND);
    assert_int_equal(txn.err, ERR_NONE);
    log_flush(&rig->log, &txn, &root);
    assert_int_equal(rig->log.peaks.size, 600);
    for (uint64_t i = 300; i < 600; i++) {
        struct tlog_hash hash;
        tlog_leaf_hash(leaf_bytes(i, small_size(i), room), &hash);
        tlog_peaks_push(&rig->peaks, &hash);
        tlog_peaks_root(&rig->peaks, &rig->root[i + 1]);
        expect_root(rig, &txn, i + 1);
    }
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    assert_memory_equal(&root, &rig->root[600], sizeof root);
}

static void test_before_flush(void **state)
{
    struct rig *rig = *state;
    struct kv_txn txn;
    struct span view;
    uint64_t index = 0;
    uint8_t room[LIMIT_LEAF_SIZE];
    append(rig, 255, small_size);
    kv_begin(rig->kv, true, &txn);
    for (uint64_t i = 255; i < 260; i++) {
        struct wire_leaf leaf = {.hub_ms = 6};
        struct log_place place = {.incarnation = 1, .seq = i};
        memset(place.device, 9, sizeof place.device);
        (void)log_append(&rig->log, &txn, &leaf, leaf_bytes(i, 50, room), &place);
    }
    assert_true(log_leaf_view(&rig->log, &txn, 259, &view));
    assert_true(span_equal(view, leaf_bytes(259, 50, room)));
    assert_true(log_leaf_view(&rig->log, &txn, 0, &view));
    assert_true(log_chain_index(&rig->log, &txn, rig->log.device_count, 1, 258, &index));
    assert_int_equal(index, 258);
    kv_abort(&txn);
    /* The transaction failed: read again, nothing of it is there. */
    reopen(rig);
    expect_all(rig, small_size);
}

/* A station keeps single leaves of its feeds, out of order. */
static void test_feed_leaves(void **state)
{
    static const uint64_t indexes[] = {900, 3, 901, 4, 255, 256};
    struct rig *rig = *state;
    struct kv_txn txn;
    struct span view;
    uint8_t room[LIMIT_LEAF_SIZE];
    kv_begin(rig->kv, true, &txn);
    for (size_t i = 0; i < 6; i++) {
        log_keep_feed_leaf(&rig->log, &txn, 0, i + 1, indexes[i], leaf_bytes(indexes[i], 70, room));
    }
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    reopen(rig);
    kv_begin(rig->kv, false, &txn);
    for (size_t i = 0; i < 6; i++) {
        uint64_t index = 0;
        assert_true(log_feed_index(&rig->log, &txn, 0, i + 1, &index));
        assert_int_equal(index, indexes[i]);
        assert_true(log_leaf_view(&rig->log, &txn, index, &view));
        assert_true(span_equal(view, leaf_bytes(index, 70, room)));
    }
    assert_false(log_leaf_view(&rig->log, &txn, 5, &view));
    assert_false(log_leaf_view(&rig->log, &txn, 902, &view));
    kv_abort(&txn);
}

static void put_row(struct rig *rig, uint64_t last, struct span value)
{
    struct kv_txn txn;
    uint8_t key[9] = {7};
    put_u64(key + 1, last);
    kv_begin(rig->kv, true, &txn);
    kv_put(&txn, KV_LEAF, span_of(key, sizeof key), value);
    assert_int_equal(kv_commit(&txn), ERR_NONE);
}

/* Rows that are no rows are the store's failure, never ours. */
static void test_damaged_rows(void **state)
{
    static const uint8_t rows[][12] = {{0},
                                       {1, 0, 0},
                                       {1, 0, 2, 0, 1, 0, 1, 7},
                                       {1, 0, 1, 0, 1, 7, 7},
                                       {2, 0, 1, 0, 0, 0, 9, 1},
                                       {3, 0, 1, 0, 1, 7},
                                       {1, 0xff, 0xff}};
    static const size_t sizes[] = {1, 3, 8, 7, 8, 6, 3};
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct kv_txn txn;
        struct span view;
        put_row(rig, 500, span_of(rows[i], sizes[i]));
        kv_begin(rig->kv, false, &txn);
        assert_false(log_leaf_view(&rig->log, &txn, 500, &view));
        assert_int_equal(txn.err, ERR_STORE);
        kv_abort(&txn);
    }
}

/* With one byte of the row that ends with last another one: each leaf is as it was or is the
 * store's failure, and so is what is computed from them. Returns whether anything failed. */
static bool is_damage_seen(struct rig *rig, uint64_t last, size_t at)
{
    struct log log;
    struct kv_txn txn;
    struct buf row;
    uint8_t room[LIMIT_LEAF_SIZE];
    uint8_t key[9] = {7};
    bool seen = false;
    put_u64(key + 1, last);
    buf_init(&row, KV_VALUE_SIZE);
    kv_begin(rig->kv, true, &txn);
    assert_true(kv_get(&txn, KV_LEAF, span_of(key, sizeof key), &row));
    row.data[at % row.size] ^= 1;
    kv_put(&txn, KV_LEAF, span_of(key, sizeof key), buf_span(&row));
    assert_int_equal(log_init(&log, &txn, 7), ERR_NONE);
    for (uint64_t i = 0; i < log.size; i++) {
        struct span view;
        if (log_leaf_view(&log, &txn, i, &view)) {
            assert_true(span_equal(view, leaf_bytes(i, small_size(i), room)));
        } else {
            assert_int_equal(txn.err, ERR_STORE);
            txn.err = ERR_NONE;
            seen = true;
        }
    }
    struct log_tiles context = {&log, &txn};
    struct tlog_tiles tiles = log_tiles(&context);
    struct tlog_hash root;
    if (tlog_root(&tiles, TLOG_TILE_WIDTH - 1, &root) == ERR_NONE) {
        assert_memory_equal(&root, &rig->root[TLOG_TILE_WIDTH - 1], sizeof root);
    } else {
        assert_int_equal(txn.err, ERR_STORE);
    }
    log_done(&log);
    kv_abort(&txn);
    buf_done(&row);
    return seen;
}

/* Rows have no checksum: the tree is theirs. */
static void test_flipped_bits(void **state)
{
    enum { WHOLE = TLOG_TILE_WIDTH - 1, OPEN = 299, STEP = 1009, FLIPS = 25 };
    struct rig *rig = *state;
    append(rig, OPEN + 1, small_size);
    for (size_t i = 0; i < FLIPS; i++) {
        assert_true(is_damage_seen(rig, WHOLE, i * STEP));
        assert_true(is_damage_seen(rig, OPEN, i * STEP));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_any_transactions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_large_leaves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_help, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_team, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_roots_before_flush, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_before_flush, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_feed_leaves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_flipped_bits, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
