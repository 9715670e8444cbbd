#include "tlog/tree.h"
#include "tlog_memory.h"
#include "unit.h"

static struct memory memory;
static struct memory other;

static void assert_same(const struct tlog_hash *a, const struct tlog_hash *b)
{
    assert_memory_equal(a->bytes, b->bytes, LIMIT_HASH_SIZE);
}

/* NOLINTBEGIN(misc-no-recursion): the definition is a recursion. */

/* RFC 6962, section 2.1, word by word. */
static struct tlog_hash definition(uint64_t start, uint64_t count)
{
    if (count == 1) {
        return memory_leaf(start);
    }
    uint64_t split = 1;
    while (split * 2 < count) {
        split *= 2;
    }
    struct tlog_hash left = definition(start, split);
    struct tlog_hash right = definition(start + split, count - split);
    tlog_node_hash(&left, &right, &left);
    return left;
}

/* NOLINTEND(misc-no-recursion) */

static void assert_peaks_same(const struct tlog_peaks *a, const struct tlog_peaks *b)
{
    assert_true(a->size == b->size);
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_same(&a->peak[i], &b->peak[i]);
    }
}

static void assert_root_is_peaks(const struct tlog_peaks *peaks)
{
    struct tlog_hash root;
    struct tlog_hash expected;
    struct tlog_peaks read;
    tlog_peaks_root(peaks, &expected);
    assert_int_equal(tlog_root(&memory.tiles, peaks->size, &root), ERR_NONE);
    assert_same(&root, &expected);
    assert_int_equal(tlog_peaks_read(&memory.tiles, peaks->size, &read), ERR_NONE);
    assert_peaks_same(&read, peaks);
}

static void test_every_size(void **state)
{
    struct tlog_peaks peaks;
    (void)state;
    memory_init(&memory);
    tlog_peaks_init(&peaks);
    for (uint64_t size = 0; size < 1100; size++) {
        assert_root_is_peaks(&peaks);
        if (size > 0 && size < 300) {
            struct tlog_hash expected = definition(0, size);
            struct tlog_hash root;
            tlog_peaks_root(&peaks, &root);
            assert_same(&root, &expected);
        }
        struct tlog_hash leaf = memory_leaf(size);
        assert_int_equal(tlog_append(&memory.tiles, size, &leaf, 1), ERR_NONE);
        tlog_peaks_push(&peaks, &leaf);
    }
}

/* Appends leaves [*size, to) in one call and to peaks. */
static void grow(struct memory *to_memory, struct tlog_peaks *peaks, uint64_t to)
{
    static struct tlog_hash leaves[70000];
    size_t count = (size_t)(to - peaks->size);
    uint64_t size = peaks->size;
    for (size_t i = 0; i < count; i++) {
        leaves[i] = memory_leaf(size + i);
        tlog_peaks_push(peaks, &leaves[i]);
    }
    assert_int_equal(tlog_append(&to_memory->tiles, size, leaves, count), ERR_NONE);
}

static void test_tile_borders(void **state)
{
    static const uint64_t sizes[] = {1,     254,   255,   256,   257,   511,   512,
                                     513,   65279, 65280, 65281, 65534, 65535, 65536,
                                     65537, 65538, 65791, 65792, 65793};
    struct tlog_peaks peaks;
    struct tlog_peaks at_once;
    (void)state;
    memory_init(&memory);
    memory_init(&other);
    tlog_peaks_init(&peaks);
    tlog_peaks_init(&at_once);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        grow(&memory, &peaks, sizes[i]);
        assert_root_is_peaks(&peaks);
    }
    /* However the leaves came, the tiles are the same. */
    grow(&other, &at_once, peaks.size);
    assert_peaks_same(&peaks, &at_once);
    for (size_t level = 0; level < MEMORY_LEVELS; level++) {
        for (size_t index = 0; index < MEMORY_TILES; index++) {
            const struct memory_tile *tile = &memory.tile[level][index];
            assert_int_equal(tile->size, other.tile[level][index].size);
            assert_memory_equal(tile->bytes, other.tile[level][index].bytes, tile->size);
        }
    }
    assert_int_equal(memory.tile[0][257].size, LIMIT_HASH_SIZE);
    assert_int_equal(memory.tile[1][0].size, TLOG_TILE_SIZE);
    assert_int_equal(memory.tile[1][1].size, LIMIT_HASH_SIZE);
    assert_int_equal(memory.tile[2][0].size, LIMIT_HASH_SIZE);
    /* The roots of the past stay what they were. */
    tlog_peaks_init(&peaks);
    for (uint64_t size = 0; size < 600; size++) {
        struct tlog_hash leaf = memory_leaf(size);
        assert_root_is_peaks(&peaks);
        tlog_peaks_push(&peaks, &leaf);
    }
}

/* Tiles that were folded ahead, in any order, and those that were not: the append takes what is
 * there and computes the rest. */
static void test_folded_ahead(void **state)
{
    enum { TILES = 2 * TLOG_FOLD_APART + 2 };
    struct tlog_hash leaves[TLOG_TILE_WIDTH];
    struct tlog_peaks peaks;
    (void)state;
    memory_init(&memory);
    tlog_peaks_init(&peaks);
    assert_int_equal(tlog_nodes_new(&memory.tiles.nodes), ERR_NONE);
    for (uint64_t tile = TILES; tile-- > 0;) {
        for (size_t i = 0; i < TLOG_TILE_WIDTH && tile % 3 != 0; i++) {
            leaves[i] = memory_leaf(tile * TLOG_TILE_WIDTH + i);
        }
        if (tile % 3 != 0) {
            tlog_fold_ahead(memory.tiles.nodes, tile, leaves);
        }
    }
    grow(&memory, &peaks, TILES * TLOG_TILE_WIDTH + 100);
    tlog_nodes_free(memory.tiles.nodes);
    memory.tiles.nodes = NULL;
    assert_int_equal(memory.tile[1][0].size, TILES * LIMIT_HASH_SIZE);
    assert_root_is_peaks(&peaks);
    /* What was folded is believed: other leaves give another root than the peaks'. */
    memory_init(&memory);
    tlog_peaks_init(&peaks);
    assert_int_equal(tlog_nodes_new(&memory.tiles.nodes), ERR_NONE);
    tlog_fold_ahead(memory.tiles.nodes, 0, leaves);
    grow(&memory, &peaks, TLOG_TILE_WIDTH);
    tlog_nodes_free(memory.tiles.nodes);
    memory.tiles.nodes = NULL;
    struct tlog_hash root;
    struct tlog_hash second;
    assert_int_equal(tlog_root(&memory.tiles, TLOG_TILE_WIDTH, &root), ERR_NONE);
    tlog_peaks_root(&peaks, &second);
    assert_memory_not_equal(root.bytes, second.bytes, LIMIT_HASH_SIZE);
}

static void test_append_touches_tiles_once(void **state)
{
    struct tlog_peaks peaks;
    (void)state;
    memory_init(&memory);
    tlog_peaks_init(&peaks);
    grow(&memory, &peaks, 65500);
    for (size_t level = 0; level < MEMORY_LEVELS; level++) {
        for (size_t index = 0; index < MEMORY_TILES; index++) {
            memory.tile[level][index].writes = 0;
            memory.tile[level][index].reads = 0;
        }
    }
    grow(&memory, &peaks, 66100); /* fills two leaf tiles and the first tile above them */
    for (size_t level = 0; level < MEMORY_LEVELS; level++) {
        for (size_t index = 0; index < MEMORY_TILES; index++) {
            const struct memory_tile *tile = &memory.tile[level][index];
            bool touched = level == 0 ? index >= 255 && index <= 258 : index <= 2 - level;
            bool present = (level == 0 && index == 255) || (level == 1 && index == 0);
            assert_int_equal(tile->writes, touched ? 1 : 0);
            assert_int_equal(tile->reads, present ? 1 : 0);
        }
    }
    assert_root_is_peaks(&peaks);
}

static void test_append_nothing(void **state)
{
    struct tlog_hash leaf = memory_leaf(0);
    (void)state;
    memory_init(&memory);
    assert_int_equal(tlog_append(&memory.tiles, 0, NULL, 0), ERR_NONE);
    assert_int_equal(memory.tile[0][0].writes, 0);
    assert_int_equal(tlog_append(&memory.tiles, UINT64_MAX, &leaf, 1), ERR_LIMIT);
    assert_int_equal(tlog_append(&memory.tiles, UINT64_MAX, NULL, 0), ERR_NONE);
}

static void test_broken_store(void **state)
{
    struct tlog_peaks peaks;
    struct tlog_hash leaf = memory_leaf(300);
    struct tlog_hash root = leaf;
    (void)state;
    memory_init(&memory);
    tlog_peaks_init(&peaks);
    grow(&memory, &peaks, 300);
    assert_int_equal(tlog_root(&memory.tiles, 301, &root), ERR_NOT_FOUND);
    assert_int_equal(tlog_root(&memory.tiles, 512, &root), ERR_NOT_FOUND);
    assert_int_equal(tlog_root(&memory.tiles, UINT64_MAX, &root), ERR_NOT_FOUND);
    assert_int_equal(tlog_peaks_read(&memory.tiles, 301, &peaks), ERR_NOT_FOUND);
    assert_int_equal(tlog_append(&memory.tiles, 301, &leaf, 1), ERR_NOT_FOUND);
    memory.read_err = ERR_STORE;
    assert_int_equal(tlog_root(&memory.tiles, 300, &root), ERR_STORE);
    assert_int_equal(tlog_peaks_read(&memory.tiles, 300, &peaks), ERR_STORE);
    assert_int_equal(tlog_append(&memory.tiles, 300, &leaf, 1), ERR_STORE);
    memory.read_err = ERR_NONE;
    memory.write_err = ERR_FULL;
    assert_int_equal(tlog_append(&memory.tiles, 300, &leaf, 1), ERR_FULL);
    assert_int_equal(tlog_append(&memory.tiles, 255, &leaf, 1), ERR_FULL);
    memory.write_err = ERR_NONE;
    memory.tile[0][1].size -= 1;
    assert_int_equal(tlog_root(&memory.tiles, 300, &root), ERR_STORE);
    memory.tile[0][1].size = TLOG_TILE_SIZE + LIMIT_HASH_SIZE;
    assert_int_equal(tlog_root(&memory.tiles, 300, &root), ERR_STORE);
    assert_int_equal(peaks.size, 300);
    assert_same(&root, &leaf); /* results stay untouched on failure */
}

static void test_endless(void **state)
{
    static const uint64_t sizes[] = {1,
                                     (uint64_t)1 << 24,
                                     ((uint64_t)1 << 40) + 12345,
                                     (uint64_t)INT64_MAX,
                                     (uint64_t)1 << 63,
                                     UINT64_MAX};
    struct endless endless;
    (void)state;
    endless_init(&endless);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct tlog_peaks expected = {.size = sizes[i]};
        struct tlog_peaks peaks;
        struct tlog_hash root;
        struct tlog_hash expected_root;
        for (size_t height = 64; height-- > 0;) {
            if ((sizes[i] >> height & 1) != 0) {
                expected.peak[expected.count++] = endless.hash[height];
            }
        }
        assert_int_equal(tlog_peaks_read(&endless.tiles, sizes[i], &peaks), ERR_NONE);
        assert_peaks_same(&peaks, &expected);
        assert_int_equal(tlog_root(&endless.tiles, sizes[i], &root), ERR_NONE);
        tlog_peaks_root(&expected, &expected_root);
        assert_same(&root, &expected_root);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_size),     cmocka_unit_test(test_tile_borders),
        cmocka_unit_test(test_folded_ahead),   cmocka_unit_test(test_append_touches_tiles_once),
        cmocka_unit_test(test_append_nothing), cmocka_unit_test(test_broken_store),
        cmocka_unit_test(test_endless),
    };
    return cmocka_run_group_tests_name("tlog tree", tests, NULL, NULL);
}
