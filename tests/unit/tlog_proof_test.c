#include "tlog/proof.h"
#include "tlog_memory.h"
#include "unit.h"

/* Every pair is proved up to SMALL, which reaches over a tile's border; damage is done to every
 * proof up to THOROUGH and to each third beyond. */
enum { SMALL = 280, THOROUGH = 72, RANGE_SMALL = 32, LARGE = 65537 };

static struct memory memory;
static struct tlog_hash leaf[LARGE];
static struct tlog_hash root[SMALL + 2];

static int set_up(void **state)
{
    (void)state;
    memory_init(&memory);
    for (size_t i = 0; i < LARGE; i++) {
        leaf[i] = memory_leaf(i);
    }
    /* As the log does: what is proved comes out of what is remembered where it can. */
    if (tlog_nodes_new(&memory.tiles.nodes) != ERR_NONE ||
        tlog_append(&memory.tiles, 0, leaf, LARGE) != ERR_NONE) {
        return -1;
    }
    for (size_t size = 0; size < SMALL + 2; size++) {
        if (tlog_root(&memory.tiles, size, &root[size]) != ERR_NONE) {
            return -1;
        }
    }
    return 0;
}

static struct tlog_hash root_of(uint64_t size)
{
    struct tlog_hash hash;
    if (size < SMALL + 2) {
        return root[size];
    }
    assert_int_equal(tlog_root(&memory.tiles, size, &hash), ERR_NONE);
    return hash;
}

/* One question, so that the same damage can be done to every kind of proof. */
struct question {
    enum { INCLUSION, CONSISTENCY, RANGE } kind;
    uint64_t first; /* index; old size; first */
    uint64_t count; /* of a range */
    uint64_t size;
    struct tlog_hash old_root;
    struct tlog_hash root;
};

static enum err ask(const struct question *q, const struct tlog_proof *proof)
{
    switch (q->kind) {
    case INCLUSION:
        return tlog_check_inclusion(&leaf[q->first], q->first, q->size, proof, &q->root);
    case CONSISTENCY:
        return tlog_check_consistency(q->first, &q->old_root, q->size, &q->root, proof);
    case RANGE:
        return tlog_check_range(&leaf[q->first], q->first, q->count, q->size, proof, &q->root);
    }
    return ERR_STATE;
}

static enum err prove(const struct question *q, struct tlog_proof *ret)
{
    switch (q->kind) {
    case INCLUSION:
        return tlog_prove_inclusion(&memory.tiles, q->first, q->size, ret);
    case CONSISTENCY:
        return tlog_prove_consistency(&memory.tiles, q->first, q->size, ret);
    case RANGE:
        return tlog_prove_range(&memory.tiles, q->first, q->count, q->size, ret);
    }
    return ERR_STATE;
}

static void assert_lengths_refused(const struct question *q, const struct tlog_proof *proof)
{
    struct tlog_proof wrong = *proof;
    wrong.hash[wrong.count++] = leaf[0];
    assert_int_equal(ask(q, &wrong), ERR_AUTH);
    if (proof->count > 0) {
        wrong.hash[wrong.count - 1] = wrong.hash[wrong.count - 2];
        assert_int_equal(ask(q, &wrong), ERR_AUTH);
        memcpy(wrong.hash + 1, proof->hash, proof->count * sizeof *proof->hash);
        assert_int_equal(ask(q, &wrong), ERR_AUTH);
        wrong = *proof;
        wrong.count--;
        assert_int_equal(ask(q, &wrong), ERR_AUTH);
        memmove(wrong.hash, wrong.hash + 1, wrong.count * sizeof *wrong.hash);
        assert_int_equal(ask(q, &wrong), ERR_AUTH);
    }
    wrong = *proof;
    wrong.count = LIMIT_PROOF_COUNT + 1;
    assert_int_equal(ask(q, &wrong), ERR_AUTH);
    wrong.count = SIZE_MAX;
    assert_int_equal(ask(q, &wrong), ERR_AUTH);
}

static void assert_hashes_refused(const struct question *q, const struct tlog_proof *proof)
{
    struct tlog_proof wrong = *proof;
    struct question other = *q;
    for (size_t i = 0; i < proof->count; i++) {
        uint8_t *byte = &wrong.hash[i].bytes[(q->first + 7 * i) % LIMIT_HASH_SIZE];
        uint8_t right = *byte;
        *byte ^= (uint8_t)(1U << (q->size + i) % 8);
        assert_int_equal(ask(q, &wrong), ERR_AUTH);
        *byte = right;
        if (i > 0) {
            struct tlog_hash before = wrong.hash[i - 1];
            wrong.hash[i - 1] = wrong.hash[i];
            wrong.hash[i] = before;
            assert_int_equal(ask(q, &wrong), ERR_AUTH);
            wrong = *proof;
        }
    }
    other.root.bytes[(q->size + q->first) % LIMIT_HASH_SIZE] ^= 0x40;
    /* From the empty tree every tree has grown. */
    enum err expected = q->kind == CONSISTENCY && q->first == 0 ? ERR_NONE : ERR_AUTH;
    assert_int_equal(ask(&other, proof), expected);
    if (q->kind == CONSISTENCY) {
        other = *q;
        other.old_root.bytes[q->size % LIMIT_HASH_SIZE] ^= 0x40;
        assert_int_equal(ask(&other, proof), ERR_AUTH);
    }
}

/* The same proof for a neighbour must fail; where sizes differ, with that size's true root. */
static void assert_neighbours_refused(const struct question *q, const struct tlog_proof *proof)
{
    struct question other = *q;
    other.size = q->size + 1;
    other.root = root_of(other.size);
    assert_int_equal(ask(&other, proof), ERR_AUTH);
    other.size = q->size - 1;
    if (other.size > 0) {
        other.root = root_of(other.size);
        assert_int_equal(ask(&other, proof), ERR_AUTH);
    }
    other = *q;
    other.first = q->first + 1;
    if (q->kind == CONSISTENCY && other.first <= q->size) {
        other.old_root = root_of(other.first);
    }
    assert_int_equal(ask(&other, proof), ERR_AUTH);
    if (q->first > 0) {
        other.first = q->first - 1;
        if (q->kind == CONSISTENCY) {
            other.old_root = root_of(other.first);
        }
        assert_int_equal(ask(&other, proof), ERR_AUTH);
    }
}

static void assert_proof(const struct question *q, bool neighbours)
{
    struct tlog_proof proof;
    assert_int_equal(prove(q, &proof), ERR_NONE);
    assert_int_equal(ask(q, &proof), ERR_NONE);
    assert_hashes_refused(q, &proof);
    assert_lengths_refused(q, &proof);
    if (neighbours) {
        assert_neighbours_refused(q, &proof);
    }
}

/* NOLINTBEGIN(misc-no-recursion): the definitions are recursions. */

/* RFC 6962, sections 2.1.1 and 2.1.2, word by word, over the subtree of count leaves at start. */
static struct tlog_hash mth(uint64_t start, uint64_t count)
{
    static struct tlog_hash cache[SMALL][SMALL + 1];
    static bool known[SMALL][SMALL + 1];
    struct tlog_hash *ret = &cache[start][count];
    if (!known[start][count]) {
        uint64_t split = 1;
        while (split * 2 < count) {
            split *= 2;
        }
        if (count == 1) {
            *ret = leaf[start];
        } else {
            struct tlog_hash left = mth(start, split);
            struct tlog_hash right = mth(start + split, count - split);
            tlog_node_hash(&left, &right, ret);
        }
        known[start][count] = true;
    }
    return *ret;
}

static void path(uint64_t index, uint64_t start, uint64_t count, struct tlog_proof *ret)
{
    uint64_t split = 1;
    if (count == 1) {
        return;
    }
    while (split * 2 < count) {
        split *= 2;
    }
    if (index < split) {
        path(index, start, split, ret);
        ret->hash[ret->count++] = mth(start + split, count - split);
    } else {
        path(index - split, start + split, count - split, ret);
        ret->hash[ret->count++] = mth(start, split);
    }
}

static void subproof(uint64_t old, uint64_t start, uint64_t count, bool whole,
                     struct tlog_proof *ret)
{
    uint64_t split = 1;
    if (old == count) {
        if (!whole) {
            ret->hash[ret->count++] = mth(start, count);
        }
        return;
    }
    while (split * 2 < count) {
        split *= 2;
    }
    if (old <= split) {
        subproof(old, start, split, whole, ret);
        ret->hash[ret->count++] = mth(start + split, count - split);
    } else {
        subproof(old - split, start + split, count - split, false, ret);
        ret->hash[ret->count++] = mth(start, split);
    }
}

/* The maximal subtrees outside [first, end), from left to right. */
static void outside(uint64_t first, uint64_t end, uint64_t start, uint64_t count,
                    struct tlog_proof *ret)
{
    uint64_t split = 1;
    if (start + count <= first || start >= end) {
        ret->hash[ret->count++] = mth(start, count);
        return;
    }
    if (start >= first && start + count <= end) {
        return;
    }
    while (split * 2 < count) {
        split *= 2;
    }
    outside(first, end, start, split, ret);
    outside(first, end, start + split, count - split, ret);
}

/* NOLINTEND(misc-no-recursion) */

static void assert_proof_is(const struct question *q, const struct tlog_proof *expected)
{
    struct tlog_proof proof;
    assert_int_equal(prove(q, &proof), ERR_NONE);
    assert_int_equal(proof.count, expected->count);
    for (size_t i = 0; i < proof.count; i++) {
        assert_memory_equal(proof.hash[i].bytes, expected->hash[i].bytes, LIMIT_HASH_SIZE);
    }
    assert_int_equal(ask(q, &proof), ERR_NONE);
}

static void test_inclusion_pairs(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= SMALL; size++) {
        for (uint64_t index = 0; index < size; index++) {
            struct tlog_proof expected = {.count = 0};
            struct question q = {
                .kind = INCLUSION, .first = index, .size = size, .root = root[size]};
            path(index, 0, size, &expected);
            assert_proof_is(&q, &expected);
            if (size <= THOROUGH || (size + index) % 3 == 0) {
                assert_hashes_refused(&q, &expected);
                assert_lengths_refused(&q, &expected);
                assert_neighbours_refused(&q, &expected);
            }
        }
    }
}

static void test_consistency_pairs(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= SMALL; size++) {
        for (uint64_t old = 0; old <= size; old++) {
            struct tlog_proof expected = {.count = 0};
            struct question q = {.kind = CONSISTENCY,
                                 .first = old,
                                 .size = size,
                                 .old_root = root[old],
                                 .root = root[size]};
            if (old > 0) {
                subproof(old, 0, size, true, &expected);
            }
            assert_proof_is(&q, &expected);
            if (size > THOROUGH && (size + old) % 3 != 0) {
                continue;
            }
            assert_hashes_refused(&q, &expected);
            assert_lengths_refused(&q, &expected);
            if (old > 1 && old + 1 < size) {
                assert_neighbours_refused(&q, &expected);
            }
        }
    }
}

static void assert_range(uint64_t first, uint64_t count, uint64_t size)
{
    struct tlog_proof expected = {.count = 0};
    struct question q = {
        .kind = RANGE, .first = first, .count = count, .size = size, .root = root[size]};
    outside(first, first + count, 0, size, &expected);
    assert_proof_is(&q, &expected);
    assert_hashes_refused(&q, &expected);
    assert_lengths_refused(&q, &expected);
    assert_neighbours_refused(&q, &expected);
    q.count = count + 1;
    assert_int_equal(ask(&q, &expected), ERR_AUTH);
    q.count = count - 1;
    assert_int_equal(ask(&q, &expected), ERR_AUTH);
}

static void test_ranges(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= RANGE_SMALL; size++) {
        for (uint64_t first = 0; first < size; first++) {
            for (uint64_t count = 1; count <= size - first; count++) {
                assert_range(first, count, size);
            }
        }
    }
    for (uint64_t size = RANGE_SMALL + 1; size <= SMALL; size++) {
        for (uint64_t first = size % 17; first < size; first += 17) {
            uint64_t left = size - first;
            assert_range(first, 1 + size * 7 % left, size);
            assert_range(first, left, size);
        }
    }
}

/* Every leaf of a range is bound, not only the outside. */
static void test_range_leaves(void **state)
{
    struct tlog_proof proof;
    (void)state;
    for (uint64_t first = 0; first < 20; first++) {
        assert_int_equal(tlog_prove_range(&memory.tiles, first, 100, 150, &proof), ERR_NONE);
        for (size_t i = 0; i < 100; i++) {
            struct tlog_hash right = leaf[first + i];
            leaf[first + i].bytes[i % LIMIT_HASH_SIZE] ^= 1;
            assert_int_equal(tlog_check_range(&leaf[first], first, 100, 150, &proof, &root[150]),
                             ERR_AUTH);
            leaf[first + i] = right;
        }
        assert_int_equal(tlog_check_range(&leaf[first], first, 100, 150, &proof, &root[150]),
                         ERR_NONE);
    }
}

static void test_large_borders(void **state)
{
    static const uint64_t sizes[] = {65535, 65536};
    static const uint64_t spots[] = {0,     1,     254,   255,   256,   257,   32767, 32768,
                                     65279, 65280, 65281, 65533, 65534, 65535, 65536};
    size_t spot_count = sizeof spots / sizeof *spots;
    (void)state;
    for (size_t i = 0; i < 2 * spot_count; i++) {
        uint64_t size = sizes[i / spot_count];
        uint64_t spot = spots[i % spot_count];
        struct question q = {.kind = INCLUSION, .first = spot, .size = size, .root = root_of(size)};
        if (spot >= size) {
            continue;
        }
        assert_proof(&q, true);
        q.kind = RANGE;
        q.count = 1;
        assert_proof(&q, true);
        q.count = size - spot < 100 ? size - spot : 100;
        assert_proof(&q, true);
        q.kind = CONSISTENCY;
        q.old_root = root_of(spot);
        assert_proof(&q, spot > 1 && spot + 1 < size);
    }
    /* The largest tree of the store: nothing stands behind it, so no neighbours. */
    for (size_t i = 0; i < spot_count; i++) {
        struct question q = {
            .kind = INCLUSION, .first = spots[i], .size = LARGE, .root = root_of(LARGE)};
        assert_proof(&q, false);
        q.kind = RANGE;
        q.count = LARGE - spots[i] < 300 ? LARGE - spots[i] : 300;
        assert_proof(&q, false);
        q.kind = CONSISTENCY;
        q.old_root = root_of(spots[i]);
        assert_proof(&q, false);
    }
}

static void test_questions_outside(void **state)
{
    struct tlog_proof proof = {.count = 77};
    (void)state;
    assert_int_equal(tlog_prove_inclusion(&memory.tiles, 5, 5, &proof), ERR_NOT_FOUND);
    assert_int_equal(tlog_prove_inclusion(&memory.tiles, 0, 0, &proof), ERR_NOT_FOUND);
    assert_int_equal(tlog_prove_consistency(&memory.tiles, 6, 5, &proof), ERR_NOT_FOUND);
    assert_int_equal(tlog_prove_range(&memory.tiles, 0, 0, 5, &proof), ERR_NOT_FOUND);
    assert_int_equal(tlog_prove_range(&memory.tiles, 6, 1, 5, &proof), ERR_NOT_FOUND);
    assert_int_equal(tlog_prove_range(&memory.tiles, 3, 3, 5, &proof), ERR_NOT_FOUND);
    assert_int_equal(tlog_prove_range(&memory.tiles, 3, UINT64_MAX, 5, &proof), ERR_NOT_FOUND);
    assert_int_equal(tlog_prove_inclusion(&memory.tiles, 0, LARGE + 1, &proof), ERR_NOT_FOUND);
    assert_int_equal(tlog_prove_range(&memory.tiles, 0, 1, LARGE + 1, &proof), ERR_NOT_FOUND);
    assert_int_equal(tlog_prove_consistency(&memory.tiles, 3, LARGE + 1, &proof), ERR_NOT_FOUND);
    assert_int_equal(proof.count, 77);
    proof.count = 0;
    assert_int_equal(tlog_check_inclusion(&leaf[0], 0, 0, &proof, &root[0]), ERR_AUTH);
    assert_int_equal(tlog_check_inclusion(&leaf[0], 1, 1, &proof, &leaf[0]), ERR_AUTH);
    assert_int_equal(tlog_check_consistency(2, &root[2], 1, &root[1], &proof), ERR_AUTH);
    assert_int_equal(tlog_check_range(leaf, 0, 0, 0, &proof, &root[0]), ERR_AUTH);
    assert_int_equal(tlog_check_range(leaf, 1, UINT64_MAX, 1, &proof, &root[1]), ERR_AUTH);
    assert_int_equal(tlog_check_range(leaf, 0, 2, 1, &proof, &root[1]), ERR_AUTH);
}

/* Everything is right but the size that is claimed for the root. */
static void test_claimed_size(void **state)
{
    struct tlog_proof proof;
    (void)state;
    for (uint64_t size = 1; size <= SMALL / 2; size *= 2) {
        const struct tlog_hash *true_root = &root[size];
        assert_int_equal(tlog_prove_inclusion(&memory.tiles, 0, size, &proof), ERR_NONE);
        assert_int_equal(tlog_check_inclusion(&leaf[0], 0, size * 2, &proof, true_root), ERR_AUTH);
        assert_int_equal(tlog_prove_consistency(&memory.tiles, 1, size, &proof), ERR_NONE);
        assert_int_equal(tlog_check_consistency(1, &root[1], size * 2, true_root, &proof),
                         ERR_AUTH);
        proof.count = 0;
        assert_int_equal(tlog_check_consistency(size * 2, true_root, size, true_root, &proof),
                         ERR_AUTH);
        assert_int_equal(tlog_check_range(leaf, 0, size, size * 2, &proof, true_root), ERR_AUTH);
        assert_int_equal(tlog_check_range(leaf, 0, size, size - 1, &proof, true_root), ERR_AUTH);
    }
}

/* The longest proofs there can be fit. */
static void test_endless(void **state)
{
    static const uint64_t sizes[] = {((uint64_t)1 << 40) + 12345, (uint64_t)INT64_MAX,
                                     (uint64_t)1 << 63, UINT64_MAX};
    struct endless endless;
    (void)state;
    endless_init(&endless);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct tlog_hash whole;
        struct tlog_hash old;
        struct tlog_proof proof;
        struct tlog_hash pair[2] = {endless.hash[0], endless.hash[0]};
        uint64_t size = sizes[i];
        uint64_t middle = ((uint64_t)1 << 39) - 1;
        assert_int_equal(tlog_root(&endless.tiles, size, &whole), ERR_NONE);
        assert_int_equal(tlog_root(&endless.tiles, middle, &old), ERR_NONE);
        assert_int_equal(tlog_prove_inclusion(&endless.tiles, middle, size, &proof), ERR_NONE);
        assert_int_equal(tlog_check_inclusion(pair, middle, size, &proof, &whole), ERR_NONE);
        assert_int_equal(tlog_prove_inclusion(&endless.tiles, size - 1, size, &proof), ERR_NONE);
        assert_int_equal(tlog_check_inclusion(pair, size - 1, size, &proof, &whole), ERR_NONE);
        assert_int_equal(tlog_prove_consistency(&endless.tiles, middle, size, &proof), ERR_NONE);
        assert_int_equal(tlog_check_consistency(middle, &old, size, &whole, &proof), ERR_NONE);
        assert_int_equal(tlog_prove_range(&endless.tiles, middle, 2, size, &proof), ERR_NONE);
        assert_int_equal(tlog_check_range(pair, middle, 2, size, &proof, &whole), ERR_NONE);
        proof.hash[proof.count - 1].bytes[0] ^= 1;
        assert_int_equal(tlog_check_range(pair, middle, 2, size, &proof, &whole), ERR_AUTH);
    }
    struct tlog_proof longest;
    uint64_t half = ((uint64_t)1 << 63) - 1;
    assert_int_equal(tlog_prove_range(&endless.tiles, half, 2, UINT64_MAX, &longest), ERR_NONE);
    assert_int_equal(longest.count, 63 + 63);
}

static int tear_down(void **state)
{
    (void)state;
    tlog_nodes_free(memory.tiles.nodes);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inclusion_pairs), cmocka_unit_test(test_consistency_pairs),
        cmocka_unit_test(test_ranges),          cmocka_unit_test(test_range_leaves),
        cmocka_unit_test(test_large_borders),   cmocka_unit_test(test_questions_outside),
        cmocka_unit_test(test_claimed_size),    cmocka_unit_test(test_endless),
    };
    return cmocka_run_group_tests_name("tlog proof", tests, set_up, tear_down);
}
