/* Depth, counts, sizes and memory have bounds that no input passes. */
#include "event.pb-c.h"
#include "sealed.pb-c.h"
#include "sync.pb-c.h"
#include "wire_raw.h"

#include <stdio.h>

static void test_lists_and_sizes(void **state)
{
    struct raw *raw = *state;
    char hex[4 * 1024];
    static const struct {
        int count;
        enum err err;
    } rows[] = {{32, ERR_NONE}, {33, ERR_LIMIT}, {200, ERR_LIMIT}};
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        int size = rows[r].count * 4;
        int at = size < 128 ? snprintf(hex, sizeof hex, "8a02%02x", (unsigned)size)
                            : snprintf(hex, sizeof hex, "8a02%02x%02x", (unsigned)size % 128 + 128,
                                       (unsigned)size / 128);
        for (int i = 0; i < rows[r].count; i++) {
            at += snprintf(hex + at, sizeof hex - (size_t)at, "2a021002");
        }
        raw_build(raw, 37, hex);
        assert_int_equal(raw_decode(raw, buf_span(&raw->body)), rows[r].err);
    }
    static const uint8_t zeros[LIMIT_BODY_SIZE + 1];
    assert_int_equal(raw_decode(raw, span_of(zeros, LIMIT_BODY_SIZE + 1)), ERR_LIMIT);
    assert_int_equal(raw_decode(raw, span_of(zeros, LIMIT_BODY_SIZE)), ERR_MALFORMED);
    assert_int_equal(raw_decode(raw, span_of(NULL, 0)), ERR_MALFORMED);
}

/* More values than struct values holds: every list full, and every single fact. */
static void test_too_many_facts(void **state)
{
    struct raw *raw = *state;
    struct buf payload;
    buf_init(&payload, LIMIT_BODY_SIZE);
    for (int i = 0; i < 32; i++) {
        raw_put_hex(&payload, "2a0c0a01411001180120012a0141");
    }
    for (int i = 0; i < 32; i++) {
        raw_put_hex(&payload, "32070a014110011801");
    }
    char hex[16];
    raw_build(raw, 37, "");
    (void)snprintf(hex, sizeof hex, "8a02%02x%02x", (unsigned)(payload.size % 128 + 128),
                   (unsigned)(payload.size / 128));
    raw_put_hex(&raw->body, hex);
    buf_put_span(&raw->body, buf_span(&payload));
    /* 32 * 5 + 32 * 3 = 256 still fit. */
    assert_int_equal(raw_decode(raw, buf_span(&raw->body)), ERR_NONE);
    assert_int_equal(raw->event.facts.count, LIMIT_VALUE_COUNT);
    raw_put_hex(&payload, "4801"); /* remedies: one more */
    raw_build(raw, 37, "");
    (void)snprintf(hex, sizeof hex, "8a02%02x%02x", (unsigned)(payload.size % 128 + 128),
                   (unsigned)(payload.size / 128));
    raw_put_hex(&raw->body, hex);
    buf_put_span(&raw->body, buf_span(&payload));
    assert_int_equal(raw_decode(raw, buf_span(&raw->body)), ERR_LIMIT);
    buf_done(&payload);
}

static const ProtobufCMessageDescriptor *const roots[] = {
    &jieli__v1__event_body__descriptor, &jieli__v1__leaf__descriptor,
    &jieli__v1__frame__descriptor,      &jieli__v1__envelope_list__descriptor,
    &jieli__v1__leaf_list__descriptor,  &jieli__v1__sealed_blob__descriptor,
    &jieli__v1__identity__descriptor,   &jieli__v1__case_event__descriptor,
};

/* 8,739 messages one in the other broke the stack of protobuf-c's unpacker. */
static void test_depth_bomb(void **state)
{
    struct raw *raw = *state;
    enum { DEPTH = 8739 };
    size_t size = 0;
    uint8_t *bomb = malloc((size_t)DEPTH * 6);
    assert_non_null(bomb);
    uint8_t *at = bomb + (size_t)DEPTH * 6;
    for (int i = 0; i < DEPTH; i++) {
        uint8_t prefix[6] = {0x3a};
        size_t digits = 1;
        for (size_t rest = size; digits == 1 || rest > 0; rest >>= 7) {
            prefix[digits++] = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
            if (rest <= 0x7f) {
                break;
            }
        }
        at -= digits;
        memcpy(at, prefix, digits);
        size += digits;
    }
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        ProtobufCMessage *message = NULL;
        wire_arena_reset(&raw->arena);
        (void)!wire_read(roots[i], span_of(at, size), 32, &raw->arena, &message);
        assert_true(raw->arena.used < 4096);
    }
    static struct sync_frame frame;
    struct wire_leaf leaf;
    assert_int_equal(raw_decode(raw, span_of(at, size)), ERR_LIMIT);
    assert_int_equal(wire_leaf_decode(span_of(at, size), &leaf), ERR_LIMIT);
    /* A batch whose checkpoint is all the rest. */
    assert_int_equal(wire_frame_decode(span_of(at, size), &raw->arena, &frame), ERR_MALFORMED);
    free(bomb);
}

/* 30,000 empty entries made 50 times their size in memory. Here: the list's bound, then the arena.
 */
static void test_amplification(void **state)
{
    struct raw *raw = *state;
    enum { COUNT = 30000 };
    uint8_t *bytes = malloc((size_t)COUNT * 2);
    assert_non_null(bytes);
    for (size_t i = 0; i < COUNT; i++) {
        bytes[2 * i] = 0x0a;
        bytes[2 * i + 1] = 0;
    }
    struct span list = span_of(bytes, (size_t)COUNT * 2);
    ProtobufCMessage *message = NULL;
    wire_arena_reset(&raw->arena);
    assert_int_equal(wire_read(&jieli__v1__envelope_list__descriptor, list, LIMIT_BATCH_COUNT,
                               &raw->arena, &message),
                     ERR_LIMIT);
    assert_true(raw->arena.used < 1024);
    wire_arena_reset(&raw->arena);
    assert_int_equal(
        wire_read(&jieli__v1__envelope_list__descriptor, list, COUNT, &raw->arena, &message),
        ERR_MEMORY);
    /* 100 are within the bound; an empty envelope is refused by whoever asked for the list. */
    wire_arena_reset(&raw->arena);
    assert_int_equal(wire_read(&jieli__v1__envelope_list__descriptor, span_of(bytes, 200),
                               LIMIT_BATCH_COUNT, &raw->arena, &message),
                     ERR_NONE);
    assert_int_equal(((const Jieli__V1__EnvelopeList *)message)->n_envelopes, 100);
    free(bytes);
}

static void test_arena_bounds(void **state)
{
    (void)state;
    struct wire_arena arena;
    assert_int_equal(wire_arena_init(&arena, 64), ERR_NONE);
    uint8_t *first = wire_arena_take(&arena, 1);
    uint8_t *second = wire_arena_take(&arena, 16);
    assert_ptr_equal(first, arena.data);
    assert_ptr_equal(second, arena.data + 16);
    assert_null(wire_arena_take(&arena, 33));
    assert_null(wire_arena_take(&arena, SIZE_MAX));
    assert_string_equal(wire_arena_text(&arena, span_text("0123456789abcde")), "0123456789abcde");
    assert_null(wire_arena_text(&arena, span_text("0123456789abcdef")));
    assert_non_null(wire_arena_take(&arena, 16));
    assert_null(wire_arena_text(&arena, span_text("")));
    assert_null(wire_arena_take(&arena, 1));
    wire_arena_reset(&arena);
    assert_ptr_equal(wire_arena_take(&arena, 64), arena.data);
    wire_arena_done(&arena);
    wire_arena_done(NULL);
}

static void test_peek(void **state)
{
    struct raw *raw = *state;
    static const struct { /* NOLINT(clang-analyzer-optin.performance.Padding): read as a table */
        unsigned replaced;
        const char *hex;
        bool found;
        uint64_t seq;
        bool has_prev;
    } rows[] = {
        {0, "", true, 1, false},
        {1, "0802", true, 1, false},                                 /* a later version */
        {1, "", true, 1, false},                                     /* none at all */
        {37, "ffffffff", true, 1, false},                            /* rubbish behind */
        {10, "9205021234", true, 1, false},                          /* an unknown field */
        {5, "2902000000000000003220" X32, true, 2, true},            /* */
        {5, "2902000000000000003210" X16, true, 2, false},           /* prev of another length */
        {5, "290200000000000000290300000000000000", true, 2, false}, /* the first counts */
        {3, "", false, 0, false},
        {3, "1a10" X16, false, 0, false},
        {4, "", false, 0, false},
        {4, "210000000000000000", false, 0, false},
        {5, "", false, 0, false},
        {5, "2801", false, 0, false},
        {2, "0f", false, 0, false}, /* rubbish before */
        {2, "ffffffffffffffffffffff01", false, 0, false},
        {2, "1000", true, 1, false},
        {2, "12ffffffffffffffffff01", false, 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        raw_build(raw, rows[i].replaced, rows[i].hex);
        memset(&raw->event, 0xa5, sizeof raw->event);
        bool found = wire_event_peek(buf_span(&raw->body), &raw->event);
        if (found != rows[i].found) {
            fail_msg("row %zu", i);
        }
        if (!found) {
            continue;
        }
        assert_int_equal(raw->event.seq, rows[i].seq);
        assert_int_equal(raw->event.incarnation, 1);
        assert_int_equal(raw->event.has_prev, rows[i].has_prev);
        assert_int_equal(raw->event.device[31], 0x11);
        assert_int_equal(raw->event.facts.count, 0);
        assert_int_equal(raw->event.payload, 0);
    }
    assert_false(wire_event_peek(span_of(NULL, 0), &raw->event));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lists_and_sizes, raw_setup, raw_teardown),
        cmocka_unit_test_setup_teardown(test_too_many_facts, raw_setup, raw_teardown),
        cmocka_unit_test_setup_teardown(test_depth_bomb, raw_setup, raw_teardown),
        cmocka_unit_test_setup_teardown(test_amplification, raw_setup, raw_teardown),
        cmocka_unit_test(test_arena_bounds),
        cmocka_unit_test_setup_teardown(test_peek, raw_setup, raw_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
