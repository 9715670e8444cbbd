/* Where the cuts of a leaf are, and that they are found again in what is left without them. */
#include "unit.h"
#include "wire/cuts.h"
#include "wire/json.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM = 4096, PREV_FILL = 0x11, HASH_FILL = 0x21, COMMITMENT_FILL = 0x31, SIGNED = 0x41 };

static struct wire_event an_event(uint32_t sealed_count)
{
    struct wire_event event = {.version = WIRE_VERSION,
                               .incarnation = 1,
                               .seq = 2,
                               .has_prev = true,
                               .claimed_ms = 1790000000000,
                               .clock = 1,
                               .mono_ms = 7,
                               .sealed_count = sealed_count};
    memset(event.hub, 1, sizeof event.hub);
    memset(event.device, 2, sizeof event.device);
    memset(event.prev, PREV_FILL, sizeof event.prev);
    memset(event.author, 3, sizeof event.author);
    memset(event.record, 4, sizeof event.record);
    memset(event.boot, 5, sizeof event.boot);
    for (uint32_t i = 0; i < sealed_count; i++) {
        event.sealed[i] = (struct wire_sealed){.label = i + 1, .audience = 3, .size = 184};
        memset(event.sealed[i].hash, (int)(HASH_FILL + i), LIMIT_HASH_SIZE);
        memset(event.sealed[i].commitment, (int)(COMMITMENT_FILL + i), LIMIT_HASH_SIZE);
    }
    return event;
}

/* Appends the leaf of event. */
static void put_leaf(struct wire_event *event, uint64_t own_seq, struct buf *ret)
{
    struct wire_problem problem;
    struct buf body;
    struct wire_leaf leaf = {.hub_ms = 1790000000000, .verdict = WIRE_ACCEPTED};
    const char *payload = "{\"contact\":{\"verb\":\"received\",\"channel\":1,\"item\":\"I04\"}}";
    buf_init(&body, LIMIT_BODY_SIZE);
    assert_int_equal(
        wire_payload_from_json(span_text(payload), &event->payload, &event->facts, &problem),
        ERR_NONE);
    assert_int_equal(wire_event_encode(event, &body), ERR_NONE);
    leaf.own_seq = own_seq;
    memset(leaf.feed_device, own_seq == 0 ? 0 : 9, sizeof leaf.feed_device);
    leaf.envelope.body = buf_span(&body);
    leaf.envelope.suite = 1;
    memset(leaf.envelope.signature, SIGNED, sizeof leaf.envelope.signature);
    assert_int_equal(wire_leaf_encode(&leaf, ret), ERR_NONE);
    buf_done(&body);
}

static void expect_fill(struct span leaf, struct wire_cut cut, size_t size, unsigned fill)
{
    assert_int_equal(cut.size, size);
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(leaf.data[cut.at + i], fill);
    }
    assert_int_not_equal(leaf.data[cut.at - 1], fill);
}

static void expect_same(const struct wire_cuts *a, const struct wire_cuts *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->cut, b->cut, a->count * sizeof a->cut[0]);
    assert_int_equal(a->prev, b->prev);
    assert_memory_equal(&a->body, &b->body, sizeof a->body);
    assert_memory_equal(&a->void_id, &b->void_id, sizeof a->void_id);
}

/* The leaf's cuts, which are found again without them, with another leaf's bytes behind or not. */
static void find(struct span leaf, struct wire_cuts *ret)
{
    struct wire_cuts again;
    struct buf left;
    size_t at = 0;
    buf_init(&left, (size_t)ROOM * 2);
    wire_cuts_find(leaf, ret);
    assert_in_range(ret->count, 0, WIRE_CUT_COUNT);
    for (size_t i = 0; i < ret->count; i++) {
        assert_in_range(ret->cut[i].at, at, leaf.size - ret->cut[i].size);
        buf_put(&left, leaf.data + at, ret->cut[i].at - at);
        at = (size_t)ret->cut[i].at + ret->cut[i].size;
    }
    buf_put(&left, leaf.data + at, leaf.size - at);
    uint8_t *exact = malloc(left.size + 1);
    assert_non_null(exact);
    memcpy(exact, left.data, left.size);
    wire_cuts_find_again(span_of(exact, left.size), leaf.size, &again);
    expect_same(ret, &again);
    free(exact);
    buf_put_span(&left, leaf);
    wire_cuts_find_again(buf_span(&left), leaf.size, &again);
    expect_same(ret, &again);
    buf_done(&left);
}

static void test_events(void **state)
{
    (void)state;
    for (uint32_t sealed = 0; sealed <= LIMIT_SEALED_COUNT; sealed++) {
        struct wire_event event = an_event(sealed);
        struct wire_cuts cuts;
        struct buf leaf;
        buf_init(&leaf, ROOM);
        put_leaf(&event, sealed, &leaf);
        find(buf_span(&leaf), &cuts);
        assert_int_equal(cuts.count, 2 + sealed * 2);
        assert_int_equal(cuts.prev, 0);
        expect_fill(buf_span(&leaf), cuts.cut[0], LIMIT_HASH_SIZE, PREV_FILL);
        for (uint32_t i = 0; i < sealed; i++) {
            expect_fill(buf_span(&leaf), cuts.cut[1 + i * 2], LIMIT_HASH_SIZE, HASH_FILL + i);
            expect_fill(buf_span(&leaf), cuts.cut[2 + i * 2], LIMIT_HASH_SIZE, COMMITMENT_FILL + i);
        }
        struct wire_cut last = cuts.cut[cuts.count - 1];
        expect_fill(buf_span(&leaf), last, LIMIT_SIGNATURE_SIZE, SIGNED);
        assert_int_equal(last.at + last.size, leaf.size);
        struct wire_leaf found;
        assert_int_equal(wire_leaf_decode(buf_span(&leaf), &found), ERR_NONE);
        assert_ptr_equal(leaf.data + cuts.body.at, found.envelope.body.data);
        assert_int_equal(cuts.body.size, found.envelope.body.size);
        assert_int_equal(cuts.void_id.size, 0);
        buf_done(&leaf);
    }
}

static void test_first_of_a_chain(void **state)
{
    (void)state;
    struct wire_event event = an_event(1);
    struct wire_cuts cuts;
    struct buf leaf;
    event.seq = 1;
    event.has_prev = false;
    buf_init(&leaf, ROOM);
    put_leaf(&event, 0, &leaf);
    find(buf_span(&leaf), &cuts);
    assert_int_equal(cuts.count, 3);
    assert_int_equal(cuts.prev, 3);
    buf_done(&leaf);
}

static void test_void(void **state)
{
    (void)state;
    struct wire_leaf leaf = {.hub_ms = 5, .verdict = WIRE_VOID, .is_void = true};
    struct wire_cuts cuts;
    struct buf bytes;
    leaf.void_reason = WIRE_VOID_SIGNATURE;
    leaf.void_incarnation = leaf.void_seq = 1;
    memset(leaf.void_device, 8, sizeof leaf.void_device);
    memset(leaf.void_id, 9, sizeof leaf.void_id);
    buf_init(&bytes, ROOM);
    assert_int_equal(wire_leaf_encode(&leaf, &bytes), ERR_NONE);
    find(buf_span(&bytes), &cuts);
    assert_int_equal(cuts.count, 0);
    assert_int_equal(cuts.prev, 0);
    assert_int_equal(cuts.body.size, 0);
    expect_fill(buf_span(&bytes), cuts.void_id, LIMIT_HASH_SIZE, 9);
    buf_done(&bytes);
}

/* Every value of every byte and every end: found again, whatever was found. */
static void test_any_bytes(void **state)
{
    (void)state;
    struct wire_event event = an_event(2);
    struct wire_cuts cuts;
    struct buf leaf;
    buf_init(&leaf, ROOM);
    put_leaf(&event, 3, &leaf);
    for (size_t i = 0; i < leaf.size; i++) {
        uint8_t kept = leaf.data[i];
        for (unsigned value = 0; value < 256; value += i < 60 ? 1 : 37) {
            leaf.data[i] = (uint8_t)value;
            find(buf_span(&leaf), &cuts);
        }
        leaf.data[i] = kept;
        find(span_of(leaf.data, i), &cuts);
    }
    buf_done(&leaf);
}

/* As many as there is room for; a size that is not a hash's; one past its part's end. */
static void test_made(void **state)
{
    (void)state;
    enum { PARTS = 30, PART = 34 };
    uint8_t bytes[ROOM] = {0x3a, 0x80, 8, 0x0a, 0x83, 8};
    struct wire_cuts cuts;
    size_t size = 6;
    for (size_t i = 0; i < PARTS; i++) {
        bytes[size] = 6 << 3 | 2;
        bytes[size + 1] = LIMIT_HASH_SIZE;
        memset(bytes + size + 2, 6 << 3 | 2, LIMIT_HASH_SIZE);
        size += PART;
    }
    bytes[1] = (uint8_t)(0x80 | ((size - 3) & 0x7f));
    bytes[2] = (uint8_t)((size - 3) >> 7);
    bytes[4] = (uint8_t)(0x80 | ((size - 6) & 0x7f));
    bytes[5] = (uint8_t)((size - 6) >> 7);
    find(span_of(bytes, size), &cuts);
    assert_int_equal(cuts.count, WIRE_CUT_COUNT);
    assert_int_equal(cuts.prev, 0);
    assert_int_equal(cuts.cut[WIRE_CUT_COUNT - 1].at, 8 + (WIRE_CUT_COUNT - 1) * PART);
    find(span_of(bytes, size - 1), &cuts);
    assert_int_equal(cuts.count, 0); /* the envelope goes beyond the leaf */
    bytes[7] = LIMIT_HASH_SIZE - 2;
    bytes[8 + LIMIT_HASH_SIZE - 2] = 1 << 3;
    find(span_of(bytes, size), &cuts);
    assert_int_equal(cuts.count, WIRE_CUT_COUNT);
    assert_int_equal(cuts.prev, 0);
    assert_int_equal(cuts.cut[0].at, 8 + PART);
    /* A group's start ends the body, but not what is around it. */
    bytes[6] = 6 << 3 | 3;
    find(span_of(bytes, size), &cuts);
    assert_int_equal(cuts.count, 0);
    assert_int_equal(cuts.body.at, 6);
    assert_int_equal(cuts.body.size, size - 6);
    wire_cuts_find_again(span_of(NULL, 0), 100, &cuts);
    assert_int_equal(cuts.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events), cmocka_unit_test(test_first_of_a_chain),
        cmocka_unit_test(test_void),   cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
