#include "fold/leaf_pack.h"
#include "unit.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

/* Whatever the leaves are, what is unpacked is what was packed. */

enum { DEVICES = 5, BODY_SIZE = 200, PREV_AT = 70 };

struct make {
    uint64_t state;
    uint8_t last[DEVICES][LIMIT_HASH_SIZE];
    struct leaf_run run;
    struct leaf_run back;
    struct buf packed;
};

static uint64_t below(struct make *make, uint64_t end)
{
    make->state = make->state * 6364136223846793005u + 1442695040888963407u;
    return (make->state >> 33) % end;
}

static void fill(struct make *make, uint8_t *room, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        room[i] = (uint8_t)below(make, 256);
    }
}

static int set_up(void **state)
{
    struct make *make = calloc(1, sizeof *make);
    assert_non_null(make);
    make->state = 7;
    leaf_run_init(&make->run, 1 << 22);
    leaf_run_init(&make->back, 1 << 22);
    buf_init(&make->packed, 1 << 22);
    *state = make;
    return 0;
}

static int tear_down(void **state)
{
    struct make *make = *state;
    leaf_run_done(&make->run);
    leaf_run_done(&make->back);
    buf_done(&make->packed);
    free(make);
    return 0;
}

enum kind { IN_CHAIN, STRANGE, VOID, UNREADABLE, TWICE, KINDS };

/* The next leaf of a device: as an event is that names the id before, or not quite. */
static void add_leaf(struct make *make, enum kind kind, bool known)
{
    uint8_t body[BODY_SIZE];
    uint8_t id[LIMIT_HASH_SIZE] = {0};
    struct buf bytes;
    uint8_t *last = make->last[below(make, DEVICES)];
    struct wire_leaf leaf = {.hub_ms = 1790000000000, .verdict = WIRE_ACCEPTED};
    fill(make, body, sizeof body);
    body[PREV_AT - 2] = 6 << 3 | 2;
    body[PREV_AT - 1] = LIMIT_HASH_SIZE;
    memcpy(body + PREV_AT, last, kind == STRANGE ? 31 : 32);
    if (kind == TWICE) {
        memcpy(body, body + PREV_AT - 2, 2 + LIMIT_HASH_SIZE);
    }
    leaf.envelope.body = span_of(body, sizeof body);
    leaf.envelope.suite = 1;
    memcpy(leaf.envelope.signature, body + 100, sizeof leaf.envelope.signature);
    if (kind == VOID) {
        leaf = (struct wire_leaf){.hub_ms = 5, .verdict = WIRE_VOID, .is_void = true};
        leaf.void_reason = WIRE_VOID_SIGNATURE;
        leaf.void_incarnation = leaf.void_seq = 1;
        memcpy(leaf.void_device, body, sizeof leaf.void_device);
        memcpy(leaf.void_id, body + 32, sizeof leaf.void_id);
    }
    buf_init(&bytes, LIMIT_LEAF_SIZE);
    assert_int_equal(wire_leaf_encode(&leaf, &bytes), ERR_NONE);
    if (kind == UNREADABLE) {
        bytes.data[bytes.size - 1 - below(make, bytes.size)] ^= 0xff;
        bytes.size -= below(make, bytes.size);
    }
    if (leaf_id(buf_span(&bytes), id)) {
        memcpy(last, id, sizeof id);
    }
    assert_true(leaf_run_add(&make->run, buf_span(&bytes), known ? id : NULL));
    buf_done(&bytes);
}

static void pack(struct make *make, size_t from, size_t to)
{
    buf_clear(&make->packed);
    assert_int_equal(leaf_pack(&make->run, (const size_t[]){from, to}, &make->packed), ERR_NONE);
}

static void expect_same(struct make *make, size_t from, size_t to)
{
    pack(make, from, to);
    leaf_run_clear(&make->back, 1000 + from);
    assert_int_equal(leaf_unpack(buf_span(&make->packed), to - from, &make->back), ERR_NONE);
    assert_int_equal(make->back.count, to - from);
    for (size_t i = from; i < to; i++) {
        assert_true(leaf_run_has(&make->back, 1000 + i));
        assert_true(span_equal(leaf_run_view(&make->back, 1000 + i),
                               leaf_run_view(&make->run, make->run.first + i)));
    }
    assert_false(leaf_run_has(&make->back, 1000 + to));
}

static void test_any_leaves(void **state)
{
    struct make *make = *state;
    for (size_t round = 0; round < 30; round++) {
        leaf_run_clear(&make->run, round);
        for (size_t i = 0; i < LEAF_GROUP; i++) {
            bool plain = below(make, 3) > 0;
            add_leaf(make, plain ? IN_CHAIN : (enum kind)below(make, KINDS), below(make, 8) > 0);
        }
        expect_same(make, 0, LEAF_GROUP);
        expect_same(make, 3, 200);
        expect_same(make, 255, 256);
    }
}

/* Each id that stands among the leaves is left out: 32 bytes that nothing would make shorter. */
static void test_ids_take_no_room(void **state)
{
    struct make *make = *state;
    leaf_run_clear(&make->run, 0);
    for (size_t i = 0; i < LEAF_GROUP; i++) {
        add_leaf(make, IN_CHAIN, false);
    }
    pack(make, 0, LEAF_GROUP);
    size_t unknown = make->packed.size;
    memset(make->last, 0, sizeof make->last);
    make->state = 7;
    leaf_run_clear(&make->run, 0);
    for (size_t i = 0; i < LEAF_GROUP; i++) {
        add_leaf(make, IN_CHAIN, true);
    }
    pack(make, 0, LEAF_GROUP);
    assert_in_range(unknown - make->packed.size, (LEAF_GROUP - DEVICES) * 24,
                    LEAF_GROUP * LIMIT_HASH_SIZE);
    expect_same(make, 0, LEAF_GROUP);
}

/* A packed body of our making. */
static enum err unpack_made(struct make *make, struct span body, size_t count)
{
    struct buf packed;
    buf_init(&packed, 4096);
    buf_put_u32(&packed, (uint32_t)body.size);
    assert_int_equal(wire_bytes_pack(body, &packed), ERR_NONE);
    leaf_run_clear(&make->back, 0);
    enum err err = leaf_unpack(buf_span(&packed), count, &make->back);
    buf_done(&packed);
    return err;
}

static void test_rows_that_were_never_packed(void **state)
{
    static const struct {
        uint8_t bytes[48];
        size_t size;
        size_t count;
        enum err err;
    } rows[] = {
        {{0, 1, 0, 0, 7}, 5, 1, ERR_NONE},
        {{0, 1, 0, 0, 7, 7}, 6, 1, ERR_STORE},            /* a byte too many */
        {{0, 2, 0, 0, 7}, 5, 1, ERR_STORE},               /* one too few */
        {{0, 1, 0}, 3, 1, ERR_STORE},                     /* no columns */
        {{0, 40, 3, 1, 7}, 13, 1, ERR_STORE},             /* the id of a leaf before the first */
        {{0, 40, 3, 0, 7}, 13, 1, ERR_STORE},             /* its own id */
        {{0, 1, 0, 9, 0, 3, 0, 1, 7}, 9, 2, ERR_STORE},   /* an id beyond the leaf's end */
        {{0, 1, 0, 36, 0, 3, 0, 1, 7}, 13, 2, ERR_STORE}, /* the id of a leaf that has none */
    };
    struct make *make = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(unpack_made(make, span_of(rows[i].bytes, rows[i].size), rows[i].count),
                         rows[i].err);
    }
    leaf_run_clear(&make->back, 0);
    assert_int_equal(leaf_unpack(span_of("\0\0", 2), 1, &make->back), ERR_STORE);
    assert_int_equal(leaf_unpack(span_of("\0\0\0\5nonsense", 12), 1, &make->back), ERR_STORE);
}

/* A flipped byte gives an error or other bytes, never more than that. */
static void test_damage(void **state)
{
    struct make *make = *state;
    leaf_run_clear(&make->run, 0);
    for (size_t i = 0; i < 40; i++) {
        add_leaf(make, IN_CHAIN, true);
    }
    pack(make, 0, 40);
    for (size_t i = 0; i < make->packed.size; i++) {
        make->packed.data[i] ^= (uint8_t)(1 + below(make, 255));
        leaf_run_clear(&make->back, 0);
        enum err err = leaf_unpack(buf_span(&make->packed), 40, &make->back);
        assert_true(err == ERR_NONE || err == ERR_STORE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_any_leaves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ids_take_no_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rows_that_were_never_packed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damage, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
