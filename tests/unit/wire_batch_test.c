/* Batches packed by zstd: what is announced must be true, and nothing else is unpacked. */
#include "unit.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

struct fixture {
    struct wire_arena arena;
    uint8_t body[LIMIT_BODY_SIZE];
    struct wire_envelope envelopes[LIMIT_BATCH_COUNT + 1];
    struct wire_envelope back[LIMIT_BATCH_COUNT];
    struct span leaves[LIMIT_BATCH_COUNT + 1];
    struct span leaves_back[LIMIT_BATCH_COUNT];
    struct buf packed;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    assert_int_equal(wire_arena_init(&fixture->arena, WIRE_FRAME_ARENA), ERR_NONE);
    buf_init(&fixture->packed, (size_t)2 * LIMIT_BATCH_SIZE);
    for (size_t i = 0; i < sizeof fixture->body; i++) {
        fixture->body[i] = (uint8_t)(i * i >> 3);
    }
    for (size_t i = 0; i <= LIMIT_BATCH_COUNT; i++) {
        fixture->envelopes[i].body = span_of(fixture->body + i, 200 + i);
        fixture->envelopes[i].suite = 1;
        memset(fixture->envelopes[i].signature, (int)i, LIMIT_SIGNATURE_SIZE);
        fixture->leaves[i] = span_of(fixture->body + i, 300 + i);
    }
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    wire_arena_done(&fixture->arena);
    buf_done(&fixture->packed);
    free(fixture);
    return 0;
}

static enum err unpack(struct fixture *fixture, struct span packed, uint32_t raw_size)
{
    size_t count = 77;
    wire_arena_reset(&fixture->arena);
    enum err err = wire_envelopes_unpack(packed, raw_size, &fixture->arena, fixture->back, &count);
    assert_true(err == ERR_NONE || count == 77);
    return err;
}

static void test_envelopes(void **state)
{
    struct fixture *fixture = *state;
    static const size_t counts[] = {1, 2, LIMIT_BATCH_COUNT};
    for (size_t i = 0; i < 3; i++) {
        uint32_t raw_size = 0;
        size_t count = 0;
        buf_clear(&fixture->packed);
        assert_int_equal(
            wire_envelopes_pack(fixture->envelopes, counts[i], &fixture->packed, &raw_size),
            ERR_NONE);
        assert_true(raw_size > counts[i] * 266 && raw_size < counts[i] * 400);
        wire_arena_reset(&fixture->arena);
        assert_int_equal(wire_envelopes_unpack(buf_span(&fixture->packed), raw_size,
                                               &fixture->arena, fixture->back, &count),
                         ERR_NONE);
        assert_int_equal(count, counts[i]);
        for (size_t j = 0; j < count; j++) {
            assert_true(span_equal(fixture->back[j].body, fixture->envelopes[j].body));
            assert_int_equal(fixture->back[j].suite, 1);
            assert_memory_equal(fixture->back[j].signature, fixture->envelopes[j].signature,
                                LIMIT_SIGNATURE_SIZE);
        }
    }
    uint32_t raw_size = 5;
    size_t size = fixture->packed.size;
    assert_int_equal(
        wire_envelopes_pack(fixture->envelopes, LIMIT_BATCH_COUNT + 1, &fixture->packed, &raw_size),
        ERR_LIMIT);
    assert_int_equal(wire_envelopes_pack(fixture->envelopes, 0, &fixture->packed, &raw_size),
                     ERR_MALFORMED);
    fixture->envelopes[1].suite = 0;
    assert_int_equal(wire_envelopes_pack(fixture->envelopes, 2, &fixture->packed, &raw_size),
                     ERR_MALFORMED);
    assert_int_equal(raw_size, 5);
    assert_int_equal(fixture->packed.size, size);
}

/* Up to the largest batch: 100 leaves as long as a leaf may be. */
static void test_leaves(void **state)
{
    struct fixture *fixture = *state;
    uint32_t raw_size = 0;
    size_t count = 0;
    assert_int_equal(
        wire_leaves_pack(fixture->leaves, LIMIT_BATCH_COUNT, &fixture->packed, &raw_size),
        ERR_NONE);
    assert_int_equal(wire_leaves_unpack(buf_span(&fixture->packed), raw_size, &fixture->arena,
                                        fixture->leaves_back, &count),
                     ERR_NONE);
    assert_int_equal(count, LIMIT_BATCH_COUNT);
    for (size_t i = 0; i < count; i++) {
        assert_true(span_equal(fixture->leaves_back[i], fixture->leaves[i]));
    }
    /* Leaves are no envelopes. */
    assert_int_equal(unpack(fixture, buf_span(&fixture->packed), raw_size), ERR_MALFORMED);
    static uint8_t full[LIMIT_LEAF_SIZE + 1];
    for (size_t i = 0; i < LIMIT_BATCH_COUNT; i++) {
        fixture->leaves[i] = span_of(full, LIMIT_LEAF_SIZE);
    }
    buf_clear(&fixture->packed);
    assert_int_equal(
        wire_leaves_pack(fixture->leaves, LIMIT_BATCH_COUNT, &fixture->packed, &raw_size),
        ERR_NONE);
    assert_true(raw_size <= LIMIT_BATCH_SIZE);
    wire_arena_reset(&fixture->arena);
    assert_int_equal(wire_leaves_unpack(buf_span(&fixture->packed), raw_size, &fixture->arena,
                                        fixture->leaves_back, &count),
                     ERR_NONE);
    fixture->leaves[7].size = 0;
    assert_int_equal(wire_leaves_pack(fixture->leaves, 8, &fixture->packed, &raw_size),
                     ERR_MALFORMED);
    fixture->leaves[7].size = LIMIT_LEAF_SIZE + 1;
    assert_int_equal(wire_leaves_pack(fixture->leaves, 8, &fixture->packed, &raw_size), ERR_LIMIT);
    assert_int_equal(wire_leaves_pack(fixture->leaves, 0, &fixture->packed, &raw_size),
                     ERR_MALFORMED);
    assert_int_equal(wire_leaves_pack(fixture->leaves, 101, &fixture->packed, &raw_size),
                     ERR_LIMIT);
}

static void test_lying_sizes(void **state)
{
    struct fixture *fixture = *state;
    uint32_t raw_size = 0;
    assert_int_equal(wire_envelopes_pack(fixture->envelopes, 9, &fixture->packed, &raw_size),
                     ERR_NONE);
    struct span packed = buf_span(&fixture->packed);
    assert_int_equal(unpack(fixture, packed, raw_size), ERR_NONE);
    assert_int_equal(unpack(fixture, packed, raw_size - 1), ERR_MALFORMED);
    assert_int_equal(unpack(fixture, packed, raw_size + 1), ERR_MALFORMED);
    assert_int_equal(unpack(fixture, packed, 0), ERR_MALFORMED);
    assert_int_equal(unpack(fixture, packed, LIMIT_BATCH_SIZE), ERR_MALFORMED);
    assert_int_equal(unpack(fixture, packed, LIMIT_BATCH_SIZE + 1), ERR_LIMIT);
    assert_int_equal(unpack(fixture, packed, UINT32_MAX), ERR_LIMIT);
    assert_int_equal(unpack(fixture, span_of(NULL, 0), raw_size), ERR_MALFORMED);
    buf_put_u8(&fixture->packed, 0);
    assert_int_equal(unpack(fixture, buf_span(&fixture->packed), raw_size), ERR_MALFORMED);
    fixture->packed.size--;
    /* A second zstd frame behind the first. */
    size_t size = fixture->packed.size;
    uint8_t *copy = malloc(size);
    assert_non_null(copy);
    memcpy(copy, fixture->packed.data, size);
    buf_put(&fixture->packed, copy, size);
    assert_int_equal(unpack(fixture, buf_span(&fixture->packed), raw_size), ERR_MALFORMED);
    free(copy);
    fixture->packed.size = size;
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_equal(unpack(fixture, span_of(fixture->packed.data, cut), raw_size),
                         ERR_MALFORMED);
    }
}

/* zstd that unpacks well, to something that is no list, or to more than was announced. */
static void test_bombs(void **state)
{
    struct fixture *fixture = *state;
    enum { BOMB = 64 * 1024 * 1024 };
    uint8_t *zeros = calloc(1, BOMB);
    uint8_t *packed = malloc(ZSTD_compressBound(BOMB));
    assert_non_null(zeros);
    assert_non_null(packed);
    size_t size = ZSTD_compress(packed, ZSTD_compressBound(BOMB), zeros, BOMB, 3);
    assert_true(size < LIMIT_FRAME_SIZE);
    assert_int_equal(unpack(fixture, span_of(packed, size), BOMB), ERR_LIMIT);
    assert_int_equal(unpack(fixture, span_of(packed, size), LIMIT_BATCH_SIZE), ERR_MALFORMED);
    size = ZSTD_compress(packed, ZSTD_compressBound(BOMB), zeros, LIMIT_BATCH_SIZE, 3);
    assert_int_equal(unpack(fixture, span_of(packed, size), LIMIT_BATCH_SIZE), ERR_MALFORMED);
    /* The content size left out of the frame: not what we make, so not what we take. */
    ZSTD_CCtx *context = ZSTD_createCCtx();
    assert_non_null(context);
    assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0)));
    size = ZSTD_compress2(context, packed, ZSTD_compressBound(BOMB), "\x0a\x00", 2);
    assert_int_equal(unpack(fixture, span_of(packed, size), 2), ERR_MALFORMED);
    (void)ZSTD_freeCCtx(context);
    /* 101 entries; an arena that is too small. */
    for (size_t i = 0; i < 101; i++) {
        zeros[3 * i] = 0x0a;
        zeros[3 * i + 1] = 1;
    }
    size_t count = 0;
    size = ZSTD_compress(packed, ZSTD_compressBound(BOMB), zeros, 303, 3);
    wire_arena_reset(&fixture->arena);
    assert_int_equal(wire_leaves_unpack(span_of(packed, size), 303, &fixture->arena,
                                        fixture->leaves_back, &count),
                     ERR_LIMIT);
    size = ZSTD_compress(packed, ZSTD_compressBound(BOMB), zeros, 300, 3);
    wire_arena_reset(&fixture->arena);
    assert_int_equal(wire_leaves_unpack(span_of(packed, size), 300, &fixture->arena,
                                        fixture->leaves_back, &count),
                     ERR_NONE);
    assert_int_equal(count, 100);
    fixture->arena.used = fixture->arena.size - 100;
    assert_int_equal(wire_leaves_unpack(span_of(packed, size), 300, &fixture->arena,
                                        fixture->leaves_back, &count),
                     ERR_MEMORY);
    free(zeros);
    free(packed);
}

/* One envelope of 3 bytes, from its list's tag to the end of its signature. */
enum { LISTED = 0, SIZE, BODY, BODY_SIZE, SUITE = 7, SUITE_VALUE, SIGNATURE, SIGNATURE_SIZE };
enum { ONE_SIZE = 75, MANY = LIMIT_BATCH_COUNT + 1 };

static void one_listed(uint8_t ret[ONE_SIZE])
{
    static const uint8_t start[] = {0x0a, 73, 0x0a, 3, 'a', 'b', 'c', 0x10, 1, 0x1a, 64};
    memset(ret, 0x77, ONE_SIZE);
    memcpy(ret, start, sizeof start);
}

/* Packs size bytes as a list of envelopes and unpacks it. */
static enum err read_list(struct fixture *fixture, const uint8_t *bytes, size_t size)
{
    buf_clear(&fixture->packed);
    assert_int_equal(wire_bytes_pack(span_of(bytes, size), &fixture->packed), ERR_NONE);
    return unpack(fixture, buf_span(&fixture->packed), (uint32_t)size);
}

/* Every other value of every byte, and every end: refused, or it gives the very same bytes again.
 */
static void test_one_form(void **state)
{
    struct fixture *fixture = *state;
    uint8_t bytes[ONE_SIZE];
    struct buf again;
    struct buf raw;
    unsigned taken = 0;
    buf_init(&again, LIMIT_BATCH_SIZE);
    buf_init(&raw, LIMIT_BATCH_SIZE);
    for (size_t i = 0; i < (size_t)256 * ONE_SIZE; i++) {
        uint32_t raw_size = 0;
        one_listed(bytes);
        bytes[i / 256] = (uint8_t)i;
        if (read_list(fixture, bytes, ONE_SIZE) != ERR_NONE) {
            continue;
        }
        taken++;
        buf_clear(&again);
        buf_clear(&raw);
        assert_int_equal(wire_envelopes_pack(fixture->back, 1, &again, &raw_size), ERR_NONE);
        assert_int_equal(raw_size, ONE_SIZE);
        assert_int_equal(wire_bytes_unpack(buf_span(&again), raw_size, &raw), ERR_NONE);
        assert_memory_equal(raw.data, bytes, ONE_SIZE);
    }
    /* Any byte of body and signature, suites from 1 to 127, and each of the others as it was. */
    assert_int_equal(taken, 3 * 256 + 64 * 256 + 127 + 7);
    one_listed(bytes);
    for (size_t size = 1; size < ONE_SIZE; size++) {
        assert_int_equal(read_list(fixture, bytes, size), ERR_MALFORMED);
    }
    buf_done(&again);
    buf_done(&raw);
}

/* Puts count bytes in place of one. */
static enum err read_with(struct fixture *fixture, size_t place, const uint8_t *bytes, size_t count)
{
    uint8_t one[ONE_SIZE];
    uint8_t wrong[ONE_SIZE + 8];
    one_listed(one);
    memcpy(wrong, one, place);
    memcpy(wrong + place, bytes, count);
    memcpy(wrong + place + count, one + place + 1, ONE_SIZE - place - 1);
    wrong[SIZE] = (uint8_t)(one[SIZE] + count - 1);
    return read_list(fixture, wrong, ONE_SIZE + count - 1);
}

static void test_strict_envelopes(void **state)
{
    struct fixture *fixture = *state;
    static uint8_t many[MANY * ONE_SIZE];
    uint8_t one[ONE_SIZE];
    one_listed(one);
    assert_int_equal(read_with(fixture, SUITE_VALUE, (const uint8_t[]){1}, 1), ERR_NONE);
    assert_int_equal(fixture->back[0].suite, 1);
    /* 255 is the last suite; 1 in two bytes is not its shortest form. */
    assert_int_equal(read_with(fixture, SUITE_VALUE, (const uint8_t[]){0xff, 1}, 2), ERR_NONE);
    assert_int_equal(fixture->back[0].suite, 255);
    assert_int_equal(read_with(fixture, SUITE_VALUE, (const uint8_t[]){0x80, 2}, 2), ERR_MALFORMED);
    assert_int_equal(read_with(fixture, SUITE_VALUE, (const uint8_t[]){0x81, 0}, 2), ERR_MALFORMED);
    /* Sizes and tags in two bytes; a field of a later version. */
    assert_int_equal(read_with(fixture, BODY_SIZE, (const uint8_t[]){0x83, 0}, 2), ERR_MALFORMED);
    assert_int_equal(read_with(fixture, BODY, (const uint8_t[]){0x8a, 0}, 2), ERR_MALFORMED);
    assert_int_equal(read_with(fixture, ONE_SIZE - 1, (const uint8_t[]){0x77, 0x20, 1}, 3),
                     ERR_MALFORMED);
    /* A signature of 65 bytes; a body named twice. */
    assert_int_equal(read_with(fixture, SIGNATURE_SIZE, (const uint8_t[]){65, 1}, 2),
                     ERR_MALFORMED);
    assert_int_equal(read_with(fixture, SUITE, (const uint8_t[]){0x0a, 1, 'x', 0x10}, 4),
                     ERR_MALFORMED);
    for (size_t i = 0; i < MANY; i++) {
        memcpy(many + i * ONE_SIZE, one, ONE_SIZE);
    }
    assert_int_equal(read_list(fixture, many, sizeof many - ONE_SIZE), ERR_NONE);
    assert_int_equal(read_list(fixture, many, sizeof many), ERR_LIMIT);
    many[(LIMIT_BATCH_COUNT - 1) * ONE_SIZE + SIGNATURE] = 0x22;
    assert_int_equal(read_list(fixture, many, sizeof many - ONE_SIZE), ERR_MALFORMED);
}

/* A body of the greatest size, and of one byte more. */
static void test_large_body(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned over = 0; over < 2; over++) {
        uint8_t bytes[LIMIT_BODY_SIZE + 80] = {0};
        unsigned body = LIMIT_BODY_SIZE + over;
        unsigned size = body + 3 + 2 + 2 + LIMIT_SIGNATURE_SIZE;
        uint8_t start[] = {0x0a, (uint8_t)(size % 128 + 128), (uint8_t)(size / 128),
                           0x0a, (uint8_t)(body % 128 + 128), (uint8_t)(body / 128)};
        memcpy(bytes, start, sizeof start);
        memcpy(bytes + 6 + body, (const uint8_t[]){0x10, 1, 0x1a, 64}, 4);
        assert_int_equal(read_list(fixture, bytes, size + 3), over == 0 ? ERR_NONE : ERR_LIMIT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_envelopes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_leaves, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lying_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bombs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_form, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strict_envelopes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_body, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
