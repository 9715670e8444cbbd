#include "fold/leaf_pack.h"
#include "unit.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

/* Whatever the leaves are, what is unpacked is what was packed. */

enum { DEVICES = 5, BODY_SIZE = 1800, SEALED_SIZE = 68, COUNTED = 40 };

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

enum kind { IN_CHAIN, STRANGE, FIRST, VOID, UNREADABLE, TWICE, KINDS };

static void put_prefix(struct buf *ret, unsigned field, size_t size)
{
    buf_put_varint(ret, field << 3 | 2);
    buf_put_varint(ret, size);
}

static void put_random(struct make *make, unsigned field, size_t size, struct buf *ret)
{
    put_prefix(ret, field, size);
    uint8_t *room = buf_grow(ret, size);
    assert_non_null(room);
    fill(make, room, size);
}

/* As an event is that names the id before, or not quite. */
static void put_body(struct make *make, enum kind kind, const uint8_t *last, struct buf *ret)
{
    size_t sealed = below(make, 2) * below(make, LIMIT_SEALED_COUNT + 2);
    buf_put(ret, "\x08\x01", 2);
    put_random(make, 2, LIMIT_ID_SIZE, ret);
    for (size_t i = 0; kind != FIRST && i <= (size_t)(kind == TWICE); i++) {
        put_prefix(ret, 6, LIMIT_HASH_SIZE);
        buf_put(ret, last, LIMIT_HASH_SIZE - (kind == STRANGE));
        buf_put(ret, "!", kind == STRANGE);
    }
    for (size_t i = 0; i < sealed; i++) {
        put_prefix(ret, 17, SEALED_SIZE);
        put_random(make, 4, LIMIT_HASH_SIZE, ret);
        put_random(make, 5, LIMIT_HASH_SIZE, ret);
    }
    put_random(make, 33, below(make, below(make, 50) == 0 ? 1000 : 60), ret);
    assert_int_equal(ret->err, ERR_NONE);
}

/* The next leaf of a device. */
static void add_leaf(struct make *make, enum kind kind, bool known)
{
    uint8_t id[LIMIT_HASH_SIZE] = {0};
    struct buf body;
    struct buf bytes;
    uint8_t *last = make->last[below(make, DEVICES)];
    struct wire_leaf leaf = {.hub_ms = 1790000000000, .verdict = WIRE_ACCEPTED};
    buf_init(&body, BODY_SIZE);
    put_body(make, kind, last, &body);
    leaf.envelope.body = buf_span(&body);
    leaf.envelope.suite = 1;
    fill(make, leaf.envelope.signature, sizeof leaf.envelope.signature);
    if (kind == VOID) {
        leaf = (struct wire_leaf){.hub_ms = 5, .verdict = WIRE_VOID, .is_void = true};
        leaf.void_reason = WIRE_VOID_SIGNATURE;
        leaf.void_incarnation = leaf.void_seq = 1;
        fill(make, leaf.void_device, sizeof leaf.void_device);
        fill(make, leaf.void_id, sizeof leaf.void_id);
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
    buf_done(&body);
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
    uint32_t raw_size[2];
    for (size_t round = 0; round < 2; round++) {
        memset(make->last, 0, sizeof make->last);
        make->state = 7;
        leaf_run_clear(&make->run, 0);
        for (size_t i = 0; i < LEAF_GROUP; i++) {
            add_leaf(make, IN_CHAIN, round == 1);
        }
        pack(make, 0, LEAF_GROUP);
        raw_size[round] = get_u32(make->packed.data + 4);
    }
    assert_int_equal(raw_size[0] - raw_size[1], (LEAF_GROUP - DEVICES) * LIMIT_HASH_SIZE);
    expect_same(make, 0, LEAF_GROUP);
}

/* The smallest leaves that name, and have, an id. */
static const uint8_t void_leaf[] = {0x42, 34,  0x22, 32,  'v', 'v', 'v', 'v', 'v', 'v', 'v', 'v',
                                    'v',  'v', 'v',  'v', 'v', 'v', 'v', 'v', 'v', 'v', 'v', 'v',
                                    'v',  'v', 'v',  'v', 'v', 'v', 'v', 'v', 'v', 'v', 'v', 'v'};
static const uint8_t naming_leaf[] = {0x3a, 36, 0x0a, 34, 0x32, 32}; /* and the id */
enum { NAMING_SIZE = sizeof naming_leaf + LIMIT_HASH_SIZE };

static void test_layout(void **state)
{
    struct make *make = *state;
    struct buf body;
    uint8_t naming[NAMING_SIZE];
    uint8_t strange[NAMING_SIZE];
    memcpy(naming, naming_leaf, sizeof naming_leaf);
    memcpy(naming + sizeof naming_leaf, void_leaf + 4, LIMIT_HASH_SIZE);
    memcpy(strange, naming, sizeof naming);
    strange[NAMING_SIZE - 1] = '!';
    leaf_run_clear(&make->run, 0);
    assert_true(leaf_run_add(&make->run, span_of(void_leaf, sizeof void_leaf), void_leaf + 4));
    assert_true(leaf_run_add(&make->run, span_of(strange, sizeof strange), NULL));
    assert_true(leaf_run_add(&make->run, span_of(naming, sizeof naming), NULL));
    expect_same(make, 0, 3);
    enum { BODY = 3 * 2 + 3 + sizeof void_leaf + 2 * sizeof naming_leaf };
    const uint8_t *at = make->packed.data;
    assert_int_equal(get_u32(at), BODY);
    assert_int_equal(get_u32(at + 4), LIMIT_HASH_SIZE);
    assert_memory_equal(at + 8, strange + sizeof naming_leaf, LIMIT_HASH_SIZE);
    buf_init(&body, 4096);
    at += 8 + LIMIT_HASH_SIZE;
    struct span frame = span_of(at, make->packed.size - 8 - LIMIT_HASH_SIZE);
    assert_int_equal(wire_bytes_unpack(frame, BODY, &body), ERR_NONE);
    static const uint8_t columns[] = {0, sizeof void_leaf, 0, NAMING_SIZE, 0, NAMING_SIZE, 0, 0, 2};
    assert_memory_equal(body.data, columns, sizeof columns);
    at = body.data + sizeof columns;
    assert_memory_equal(at, void_leaf, sizeof void_leaf);
    assert_memory_equal(at + sizeof void_leaf, naming_leaf, sizeof naming_leaf);
    at += sizeof void_leaf + sizeof naming_leaf;
    assert_memory_equal(at, naming_leaf, sizeof naming_leaf);
    buf_done(&body);
}

/* A packed group of our making. */
static enum err unpack_made(struct make *make, struct span body, size_t raw_size, size_t count)
{
    struct buf packed;
    static const uint8_t raw[1 << 14];
    buf_init(&packed, 1 << 20);
    buf_put_u32(&packed, (uint32_t)body.size);
    buf_put_u32(&packed, (uint32_t)raw_size);
    buf_put(&packed, raw, raw_size);
    assert_int_equal(wire_bytes_pack(body, &packed), ERR_NONE);
    leaf_run_clear(&make->back, 0);
    enum err err = leaf_unpack(buf_span(&packed), count, &make->back);
    buf_done(&packed);
    return err;
}

#define NAMING 0x3a, 36, 0x0a, 34, 0x32, 32

static void test_rows_that_were_never_packed(void **state)
{
    static const struct {
        uint8_t bytes[24];
        size_t size;
        size_t raw_size;
        size_t count;
        enum err err;
    } rows[] = {
        {{0, 1, 0, 7}, 4, 0, 1, ERR_NONE},
        {{0, 1, 0, 7, 7}, 5, 0, 1, ERR_STORE}, /* a byte too many */
        {{0, 2, 0, 7}, 4, 0, 1, ERR_STORE},    /* one too few */
        {{255, 255, 0, 7}, 4, 0, 1, ERR_STORE},
        {{0, 1}, 2, 0, 1, ERR_STORE},       /* no columns */
        {{0, 1, 0, 7}, 4, 1, 1, ERR_STORE}, /* bytes of no cut */
        {{0, 0, 0}, 3, 0, 1, ERR_NONE},
        {{0, NAMING_SIZE, 0, NAMING}, 9, 32, 1, ERR_NONE},
        {{0, NAMING_SIZE, 0, NAMING}, 9, 31, 1, ERR_STORE},
        {{0, NAMING_SIZE, 0, NAMING}, 9, 33, 1, ERR_STORE},
        {{0, NAMING_SIZE - 1, 0, NAMING}, 9, 32, 1, ERR_STORE},         /* no cut there */
        {{0, NAMING_SIZE, 1, NAMING}, 9, 0, 1, ERR_STORE},              /* before the first */
        {{0, 1, 0, NAMING_SIZE, 0, 1, 7, NAMING}, 13, 0, 2, ERR_STORE}, /* it has no id */
        {{0, 1, 0, 1, 0, 1, 7, 7}, 8, 0, 2, ERR_STORE},                 /* none is named */
        {{0, NAMING_SIZE, 0, NAMING_SIZE, 0, 1, NAMING, NAMING}, 18, 32, 2, ERR_NONE},
        {{0, NAMING_SIZE, 0, NAMING_SIZE, 0, 1, NAMING, NAMING}, 18, 64, 2, ERR_STORE},
    };
    struct make *make = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct span body = span_of(rows[i].bytes, rows[i].size);
        assert_int_equal(unpack_made(make, body, rows[i].raw_size, rows[i].count), rows[i].err);
    }
    static const uint8_t empty[(LEAF_GROUP + 1) * 3];
    assert_int_equal(unpack_made(make, span_of(empty, LEAF_GROUP * 3), 0, LEAF_GROUP), ERR_NONE);
    assert_int_equal(unpack_made(make, span_of(empty, sizeof empty), 0, LEAF_GROUP + 1), ERR_STORE);
    static const char *const texts[] = {"", "\0\0\0\5\0\0", "\0\0\0\5\0\0\0\0nonsense",
                                        "\0\0\0\5\0\0\0\377nonsense"};
    static const size_t sizes[] = {0, 6, 16, 16};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        leaf_run_clear(&make->back, 0);
        assert_int_equal(leaf_unpack(span_of(texts[i], sizes[i]), 1, &make->back), ERR_STORE);
    }
}

/* Sizes that would take more memory than a row's leaves can. */
static void test_limit(void **state)
{
    struct make *make = *state;
    static uint8_t body[3 * 3 + 3 * 60000];
    leaf_run_done(&make->back);
    leaf_run_init(&make->back, 1 << 17);
    for (size_t i = 0; i < 3; i++) {
        put_u16(body + i * 2, 60000);
    }
    memset(body + 9, 7, sizeof body - 9);
    assert_int_equal(unpack_made(make, span_of(body, sizeof body), 0, 3), ERR_STORE);
    assert_int_equal(unpack_made(make, span_of(body, sizeof body - 1), 0, 3), ERR_STORE);
}

/* A flipped byte gives an error or other bytes, never more than that. */
static void test_damage(void **state)
{
    struct make *make = *state;
    leaf_run_clear(&make->run, 0);
    for (size_t i = 0; i < COUNTED; i++) {
        add_leaf(make, IN_CHAIN, true);
    }
    pack(make, 0, COUNTED);
    for (size_t i = 0; i < make->packed.size; i++) {
        uint8_t kept = make->packed.data[i];
        make->packed.data[i] ^= (uint8_t)(1 + below(make, 255));
        leaf_run_clear(&make->back, 0);
        enum err err = leaf_unpack(buf_span(&make->packed), COUNTED, &make->back);
        assert_true(err == ERR_NONE || err == ERR_STORE);
        make->packed.data[i] = kept;
    }
}

/* The same of the bytes before they were packed: sizes, columns, tags. */
static void test_damage_inside(void **state)
{
    struct make *make = *state;
    struct buf body;
    leaf_run_clear(&make->run, 0);
    for (size_t i = 0; i < COUNTED; i++) {
        add_leaf(make, IN_CHAIN, true);
    }
    pack(make, 0, COUNTED);
    size_t raw_size = get_u32(make->packed.data + 4);
    buf_init(&body, 1 << 20);
    struct span frame = span_of(make->packed.data + 8 + raw_size, make->packed.size - 8 - raw_size);
    assert_int_equal(wire_bytes_unpack(frame, get_u32(make->packed.data), &body), ERR_NONE);
    assert_in_range(raw_size, COUNTED * LIMIT_SIGNATURE_SIZE, 1 << 14);
    assert_int_equal(unpack_made(make, buf_span(&body), raw_size, COUNTED), ERR_NONE);
    for (size_t i = 0; i < body.size; i++) {
        uint8_t kept = body.data[i];
        body.data[i] ^= (uint8_t)(1 + below(make, 255));
        enum err err = unpack_made(make, buf_span(&body), raw_size, COUNTED);
        assert_true(err == ERR_NONE || err == ERR_STORE);
        assert_true(i >= COUNTED * 2 || err == ERR_STORE); /* a size */
        body.data[i] = kept;
    }
    buf_done(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_any_leaves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ids_take_no_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_layout, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rows_that_were_never_packed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damage_inside, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
