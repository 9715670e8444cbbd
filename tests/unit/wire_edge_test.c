/* What only happens when memory runs out, or when the inner bytes lie where the outer ones do not.
 */
#include "base/text.h"
#include "event.pb-c.h"
#include "sync.pb-c.h"
#include "unit.h"
#include "wire/json_names.h"
#include "wire_make.h"

#include <stdlib.h>
#include <zstd.h>

enum { ROOM = 32 * 1024 };

static struct wire_event event;
static struct wire_event event_back;
static struct values facts;
static _Alignas(max_align_t) uint8_t room[ROOM];

static struct wire_arena an_arena(size_t size)
{
    return (struct wire_arena){room, size, 0};
}

/* With each size of arena: no room, or the same event; and from some size on there is room. */
static void test_events_in_small_arenas(void **state)
{
    (void)state;
    struct buf body;
    buf_init(&body, LIMIT_BODY_SIZE);
    for (uint64_t seed = 0; seed < 4 * make_payload_count(); seed++) {
        struct make make = {seed};
        make_event(&make, make_payload(seed % make_payload_count()), &event);
        buf_clear(&body);
        assert_int_equal(wire_event_encode(&event, &body), ERR_NONE);
        bool fits = false;
        for (size_t size = 0; size <= WIRE_EVENT_ARENA; size += 64) {
            struct wire_arena arena = an_arena(size);
            enum err err = wire_event_decode(buf_span(&body), &arena, &event_back);
            assert_int_equal(err, fits ? ERR_NONE : err == ERR_NONE ? ERR_NONE : ERR_MEMORY);
            fits = fits || err == ERR_NONE;
        }
        assert_true(fits);
    }
    buf_done(&body);
}

static void frame_in_small_arenas(const struct sync_frame *frame)
{
    static struct sync_frame back;
    struct buf bytes;
    bool fits = false;
    buf_init(&bytes, LIMIT_FRAME_SIZE);
    assert_int_equal(wire_frame_encode(frame, &bytes), ERR_NONE);
    for (size_t size = 0; size < 8192; size += 8) {
        struct wire_arena arena = an_arena(size);
        enum err err = wire_frame_decode(buf_span(&bytes), &arena, &back);
        assert_int_equal(err, fits ? ERR_NONE : err == ERR_NONE ? ERR_NONE : ERR_MEMORY);
        fits = fits || err == ERR_NONE;
    }
    assert_true(fits);
    buf_done(&bytes);
}

static void test_frames_in_small_arenas(void **state)
{
    (void)state;
    static struct sync_frame frame;
    frame.kind = SYNC_HELLO;
    frame.hello.version = 1;
    frame.hello.role = SYNC_ROLE_STATION;
    frame.hello.hub[0] = 1;
    frame.hello.greeting = 1;
    frame.hello.software = span_text("village-node");
    frame_in_small_arenas(&frame);
    memset(&frame, 0, sizeof frame);
    frame.kind = SYNC_BATCH;
    frame.batch.feed = SYNC_FEED_OWN;
    frame.batch.count = 20;
    frame.batch.proof_count = 20;
    frame.batch.raw_size = 1;
    frame.batch.packed = span_text("x");
    frame_in_small_arenas(&frame);
    memset(&frame, 0, sizeof frame);
    frame.kind = SYNC_ANSWER;
    frame.answer.incarnation = 1;
    frame.answer.first_seq = 1;
    frame.answer.count = 20;
    for (size_t i = 0; i < 20; i++) {
        frame.answer.answers[i].verdict = WIRE_ACCEPTED;
    }
    frame_in_small_arenas(&frame);
}

static void test_facts_in_small_arenas(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 4 * make_payload_count(); seed++) {
        struct make make = {seed};
        /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): there are payloads */
        uint32_t payload = make_payload(seed % make_payload_count());
        bool fits = false;
        make_facts(&make, payload, 6, &facts);
        for (size_t size = 0; size < 8192; size += 8) {
            struct wire_arena arena = an_arena(size);
            ProtobufCMessage *message = NULL;
            enum err err = wire_facts_write(payload, &facts, &arena, &message);
            assert_int_equal(err, fits ? ERR_NONE : err == ERR_NONE ? ERR_NONE : ERR_LIMIT);
            fits = fits || err == ERR_NONE;
        }
        assert_true(fits);
    }
    /* Text that no arena of the encoder holds. */
    static uint8_t text[WIRE_EVENT_ARENA];
    struct make make = {1};
    struct buf body;
    buf_init(&body, LIMIT_BODY_SIZE);
    make_event(&make, WIRE_NOTE, &event);
    memset(text, 'a', sizeof text);
    event.has_seen = true;
    event.seen_origin = span_of(text, sizeof text);
    assert_int_equal(wire_event_encode(&event, &body), ERR_LIMIT);
    buf_done(&body);
}

static void test_json_in_small_arenas(void **state)
{
    (void)state;
    static const char json[] =
        "{\"verb\":\"accepted\",\"item\":\"I04\",\"handler\":\"000102030405060708090a0b0c0d0e0f\","
        "\"materials\":[{\"code\":\"FORM\"},{\"form\":2}],"
        "\"children\":[\"000102030405060708090a0b0c0d0e0f\"]}";
    struct wire_problem problem;
    json_t *object = NULL;
    bool fits = false;
    assert_int_equal(wire_json_load(span_text(json), &object, &problem), ERR_NONE);
    for (size_t size = 0; size < 2048; size += 8) {
        struct wire_arena arena = an_arena(size);
        ProtobufCMessage *message = NULL;
        enum err err = wire_json_read(WIRE_CASE, object, &arena, &message, &problem);
        assert_int_equal(err, fits ? ERR_NONE : err == ERR_NONE ? ERR_NONE : ERR_MEMORY);
        if (err != ERR_NONE) {
            assert_string_equal(problem.message, "Is too large.");
        }
        fits = fits || err == ERR_NONE;
    }
    assert_true(fits);
    json_decref(object);
}

static size_t allocations_left;

static void *failing_malloc(size_t size)
{
    if (allocations_left == 0) {
        return NULL;
    }
    allocations_left--;
    return malloc(size);
}

static bool assign_all(void)
{
    static const char *const assignments[][2] = {
        {"verb", "accepted"},
        {"item", "I04"},
        {"proxy", "yes"},
        {"materials", "FORM,1,2"},
        {"visits", "3"},
        {"materials.1.code", "ID"},
        {"children", "000102030405060708090a0b0c0d0e0f"},
    };
    struct wire_problem problem;
    struct buf json;
    bool done = true;
    struct wire_object *object = wire_object_new();
    buf_init(&json, 4096);
    for (size_t i = 0; object != NULL && i < sizeof assignments / sizeof assignments[0]; i++) {
        done = wire_object_set(object, WIRE_CASE, assignments[i][0], assignments[i][1], &problem) ==
                   ERR_NONE &&
               done;
    }
    done = object != NULL && wire_object_json(object, WIRE_CASE, &json) == ERR_NONE && done;
    if (done) {
        assert_string_equal(buf_text(&json),
                            "{\"case\":{\"verb\":\"accepted\",\"item\":\"I04\",\"proxy\":true,"
                            "\"materials\":[{\"code\":\"FORM\",\"form\":1,\"pages\":2},{\"code\":"
                            "\"ID\"}],\"visits\":3,"
                            "\"children\":[\"000102030405060708090a0b0c0d0e0f\"]}}");
    }
    wire_object_free(object);
    buf_done(&json);
    return done;
}

/* jansson out of memory at every place: an error, no leak, and never half an assignment as whole.
 */
static void test_assignments_without_memory(void **state)
{
    (void)state;
    size_t count = 0;
    json_set_alloc_funcs(failing_malloc, free);
    do {
        allocations_left = count++;
    } while (!assign_all() && count < 10000);
    json_set_alloc_funcs(malloc, free);
    assert_true(count > 50 && count < 10000);
    wire_object_free(NULL);
}

static void decode_hex(const char *hex, enum err err)
{
    static struct sync_frame frame;
    uint8_t bytes[512];
    size_t size = strlen(hex) / 2;
    struct wire_arena arena = an_arena(ROOM);
    assert_int_equal(text_get_hex(span_text(hex), bytes, size), ERR_NONE);
    enum err got = wire_frame_decode(span_of(bytes, size), &arena, &frame);
    if (got != err) {
        fail_msg("%s: %s", hex, err_name(got));
    }
}

/* Batches: feed 1, count 1, indexes, raw size 1, one byte, one empty proof. */
static void test_packed_lists(void **state)
{
    (void)state;
    decode_hex("3a1808011801220805000000000000002d010000003201784200", ERR_NONE);
    decode_hex("3a1808011801220800000000000000002d010000003201784200", ERR_NONE);
    decode_hex("3a100801180122002d010000003201784200", ERR_MALFORMED);
    decode_hex("3a17080118012207050000000000002d010000003201784200", ERR_MALFORMED);
    decode_hex("3a17080118012105000000000000002d010000003201784200", ERR_MALFORMED);
    decode_hex("3a220801180122080500000000000000220806000000000000002d010000003201784200",
               ERR_MALFORMED);
    decode_hex("3a0c0801180122ff0105000000000000", ERR_MALFORMED);
    /* 101 indexes: 808 bytes. */
    char hex[2048] = "3ab2060801186522a806";
    memset(hex + strlen(hex), '0', 1616);
    struct wire_arena arena = an_arena(ROOM);
    static struct sync_frame frame;
    uint8_t bytes[1024];
    size_t size = strlen(hex) / 2;
    assert_int_equal(text_get_hex(span_text(hex), bytes, size), ERR_NONE);
    bytes[1] = (uint8_t)((size - 3) % 128 + 128);
    bytes[2] = (uint8_t)((size - 3) / 128);
    assert_int_equal(wire_frame_decode(span_of(bytes, size), &arena, &frame), ERR_LIMIT);
}

/* A list that zstd gives back well, with an entry that is none. */
static void test_wrong_entries(void **state)
{
    (void)state;
    static struct wire_envelope envelopes[LIMIT_BATCH_COUNT];
    static struct span leaves[LIMIT_BATCH_COUNT];
    static uint8_t raw[LIMIT_LEAF_SIZE + 8] = {0x0a, 0x00};
    uint8_t packed[8192];
    struct wire_arena arena = an_arena(ROOM);
    size_t count = 0;
    size_t size = ZSTD_compress(packed, sizeof packed, raw, 2, 3);
    assert_int_equal(wire_envelopes_unpack(span_of(packed, size), 2, &arena, envelopes, &count),
                     ERR_MALFORMED);
    assert_int_equal(wire_leaves_unpack(span_of(packed, size), 2, &arena, leaves, &count),
                     ERR_MALFORMED);
    raw[1] = (LIMIT_LEAF_SIZE + 1) % 128 + 128;
    raw[2] = (LIMIT_LEAF_SIZE + 1) / 128;
    size = ZSTD_compress(packed, sizeof packed, raw, LIMIT_LEAF_SIZE + 4, 3);
    arena = an_arena(ROOM);
    assert_int_equal(
        wire_leaves_unpack(span_of(packed, size), LIMIT_LEAF_SIZE + 4, &arena, leaves, &count),
        ERR_LIMIT);
    assert_int_equal(count, 0);
    static const uint8_t large[LIMIT_FRAME_SIZE + 1];
    assert_int_equal(wire_leaves_unpack(span_of(large, sizeof large), 2, &arena, leaves, &count),
                     ERR_LIMIT);
}

/* Every flipped bit of a packed batch: refused, or another batch of the announced size. */
static void test_flipped_batches(void **state)
{
    (void)state;
    static struct wire_envelope envelopes[LIMIT_BATCH_COUNT];
    static uint8_t body[600];
    struct wire_envelope envelope = {.body = span_of(body, sizeof body), .suite = 1};
    struct buf packed;
    uint32_t raw_size = 0;
    size_t refused = 0;
    buf_init(&packed, LIMIT_FRAME_SIZE);
    for (size_t i = 0; i < sizeof body; i++) {
        body[i] = (uint8_t)((size_t) "relay"[i % 5] + i / 100);
    }
    assert_int_equal(wire_envelopes_pack(&envelope, 1, &packed, &raw_size), ERR_NONE);
    for (size_t bit = 0; bit < packed.size * 8; bit++) {
        size_t count = 0;
        struct wire_arena arena = an_arena(ROOM);
        packed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        enum err err =
            wire_envelopes_unpack(buf_span(&packed), raw_size, &arena, envelopes, &count);
        assert_true(err == ERR_NONE ? count == 1 : err == ERR_MALFORMED);
        refused += err != ERR_NONE ? 1 : 0;
        packed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(refused > packed.size);
    /* No room in what the caller gives: nothing is appended. */
    struct buf small;
    buf_init(&small, 100);
    buf_put_text(&small, "before");
    assert_int_equal(wire_envelopes_pack(&envelope, 1, &small, &raw_size), ERR_LIMIT);
    assert_int_equal(small.size, 6);
    buf_done(&small);
    buf_done(&packed);
}

/* Output that does not fit: the buffer's error is the answer. */
static void test_small_outputs(void **state)
{
    (void)state;
    struct make make = {3};
    struct buf small;
    struct wire_leaf leaf = {.verdict = WIRE_ACCEPTED, .hub_ms = 1};
    struct sync_frame frame = {.kind = SYNC_BLOB_GET};
    struct wire_sealed_blob blob = {.ciphertext = span_text("ciphertext")};
    leaf.envelope = (struct wire_envelope){.body = span_text("body"), .suite = 1};
    make_event(&make, WIRE_CASE, &event);
    for (int i = 0; i < 8; i++) {
        buf_init(&small, 8);
        enum err errs[] = {
            i == 0 ? wire_event_encode(&event, &small) : ERR_LIMIT,
            i == 1 ? wire_envelope_encode(&leaf.envelope, &small) : ERR_LIMIT,
            i == 2 ? wire_leaf_encode(&leaf, &small) : ERR_LIMIT,
            i == 3 ? wire_frame_encode(&frame, &small) : ERR_LIMIT,
            i == 4 ? wire_sealed_encode(&blob, &small) : ERR_LIMIT,
            i == 5 ? wire_event_to_json(&event, &small) : ERR_LIMIT,
            i == 6 ? wire_payload_to_json(event.payload, &event.facts, &small) : ERR_LIMIT,
        };
        for (size_t j = 0; j < sizeof errs / sizeof errs[0]; j++) {
            assert_int_equal(errs[j], ERR_LIMIT);
        }
        assert_true(i == 7 || small.err == ERR_LIMIT);
        buf_done(&small);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_in_small_arenas),
        cmocka_unit_test(test_frames_in_small_arenas),
        cmocka_unit_test(test_facts_in_small_arenas),
        cmocka_unit_test(test_json_in_small_arenas),
        cmocka_unit_test(test_assignments_without_memory),
        cmocka_unit_test(test_packed_lists),
        cmocka_unit_test(test_wrong_entries),
        cmocka_unit_test(test_flipped_batches),
        cmocka_unit_test(test_small_outputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
