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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_envelopes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_leaves, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lying_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bombs, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
