/* Envelopes and leaves are written as protobuf-c writes them, byte for byte, and leaves are read as
 * the reader by descriptors would read them. */
#include "unit.h"
#include "wire/leaf.h"
#include "wire_make.h"
#include "wire_spoil.h"

enum { SPOILED = 60000 };

static uint8_t body_bytes[LIMIT_BODY_SIZE];

static struct wire_envelope an_envelope(size_t size)
{
    struct wire_envelope envelope = {.body = span_of(body_bytes, size), .suite = 1};
    memset(body_bytes, 0x5a, sizeof body_bytes);
    memset(envelope.signature, 0x51, sizeof envelope.signature);
    return envelope;
}

static Jieli__V1__Envelope envelope_message(const struct wire_envelope *envelope)
{
    Jieli__V1__Envelope message = JIELI__V1__ENVELOPE__INIT;
    message.body = wire_bytes(envelope->body.data, envelope->body.size);
    message.suite = envelope->suite;
    message.signature = wire_bytes(envelope->signature, LIMIT_SIGNATURE_SIZE);
    return message;
}

static Jieli__V1__Void void_message(const struct wire_leaf *leaf)
{
    Jieli__V1__Void message = JIELI__V1__VOID__INIT;
    message.reason = leaf->void_reason;
    message.id = wire_bytes(leaf->void_id, LIMIT_HASH_SIZE);
    message.device = wire_bytes(leaf->void_device, LIMIT_KEY_SIZE);
    message.incarnation = leaf->void_incarnation;
    message.seq = leaf->void_seq;
    return message;
}

/* What protobuf-c makes of leaf, behind what ret holds. */
static void pack_leaf(const struct wire_leaf *leaf, struct buf *ret)
{
    Jieli__V1__Leaf message = JIELI__V1__LEAF__INIT;
    Jieli__V1__Envelope envelope = envelope_message(&leaf->envelope);
    Jieli__V1__Void lost = void_message(leaf);
    message.envelope = leaf->is_void ? NULL : &envelope;
    message.void_ = leaf->is_void ? &lost : NULL;
    if (leaf->own_seq != 0) {
        message.feed_device = wire_bytes(leaf->feed_device, LIMIT_KEY_SIZE);
    }
    message.own_seq = leaf->own_seq;
    message.common_seq = leaf->common_seq;
    message.refusal = leaf->refusal;
    message.verdict = (Jieli__V1__VerdictKind)leaf->verdict;
    message.hub_ms = leaf->hub_ms;
    wire_write(&message.base, ret);
}

/* Behind something that is there already, which stays. */
static void expect_packed(const struct wire_leaf *leaf)
{
    struct buf ours;
    struct buf theirs;
    buf_init(&ours, 2 * LIMIT_LEAF_SIZE);
    buf_init(&theirs, 2 * LIMIT_LEAF_SIZE);
    buf_put_text(&ours, "before");
    buf_put_text(&theirs, "before");
    assert_int_equal(wire_leaf_encode(leaf, &ours), ERR_NONE);
    pack_leaf(leaf, &theirs);
    assert_true(span_equal(buf_span(&ours), buf_span(&theirs)));
    if (!leaf->is_void) {
        Jieli__V1__Envelope message = envelope_message(&leaf->envelope);
        assert_int_equal(wire_envelope_encode(&leaf->envelope, &ours), ERR_NONE);
        wire_write(&message.base, &theirs);
        assert_true(span_equal(buf_span(&ours), buf_span(&theirs)));
    }
    assert_int_equal(theirs.err, ERR_NONE);
    buf_done(&ours);
    buf_done(&theirs);
}

static struct wire_leaf random_leaf(struct make *make)
{
    static const size_t sizes[] = {1, 2, 52, 53, 127, 128, 129, LIMIT_BODY_SIZE};
    struct wire_leaf leaf = {.hub_ms = make_edge(make, UINT64_MAX),
                             .refusal = (uint32_t)make_edge(make, UINT32_MAX),
                             .common_seq = make_edge(make, UINT64_MAX),
                             .own_seq = make_edge(make, UINT64_MAX),
                             .is_void = make_below(make, 3) == 0};
    if (leaf.own_seq != 0) {
        make_bytes(make, leaf.feed_device, sizeof leaf.feed_device);
    }
    if (leaf.is_void) {
        leaf.verdict = WIRE_VOID;
        make_bytes(make, leaf.void_device, sizeof leaf.void_device);
        leaf.void_incarnation = make_edge(make, UINT64_MAX) | 1;
        leaf.void_seq = make_edge(make, UINT64_MAX) | 1 << 16;
        make_bytes(make, leaf.void_id, sizeof leaf.void_id);
        leaf.void_reason = (uint8_t)(1 + make_below(make, WIRE_VOID_CHAIN));
        return leaf;
    }
    size_t size = make_below(make, 2) == 0 ? sizes[make_below(make, 8)]
                                           : 1 + (size_t)make_below(make, LIMIT_BODY_SIZE);
    make_bytes(make, body_bytes, size);
    leaf.verdict = (uint8_t)(1 + make_below(make, WIRE_QUARANTINED));
    leaf.envelope.body = span_of(body_bytes, size);
    leaf.envelope.suite = (uint8_t)(1 + make_below(make, UINT8_MAX));
    make_bytes(make, leaf.envelope.signature, sizeof leaf.envelope.signature);
    return leaf;
}

static void test_same_as_protobuf(void **state)
{
    (void)state;
    struct make make = {1};
    for (size_t size = 1; size <= LIMIT_BODY_SIZE; size++) {
        struct wire_leaf leaf = {.verdict = WIRE_ACCEPTED, .envelope = an_envelope(size)};
        expect_packed(&leaf);
    }
    for (int i = 0; i < 20000; i++) {
        struct wire_leaf leaf = random_leaf(&make);
        expect_packed(&leaf);
    }
}

/* A leaf that has all fields, and each greatest, fits where leaves are kept. */
static void test_greatest_leaf(void **state)
{
    (void)state;
    struct buf bytes;
    struct wire_leaf leaf = {.hub_ms = UINT64_MAX,
                             .verdict = WIRE_QUARANTINED,
                             .refusal = UINT32_MAX,
                             .common_seq = UINT64_MAX,
                             .own_seq = UINT64_MAX,
                             .envelope = an_envelope(LIMIT_BODY_SIZE)};
    leaf.envelope.suite = UINT8_MAX;
    memset(leaf.feed_device, 0xff, sizeof leaf.feed_device);
    expect_packed(&leaf);
    buf_init(&bytes, LIMIT_LEAF_SIZE);
    assert_int_equal(wire_leaf_encode(&leaf, &bytes), ERR_NONE);
    /* hub_ms, verdict, refusal, the two places, the device; then the envelope of 2120 bytes. */
    assert_int_equal(bytes.size, 9 + 2 + 6 + 9 + 9 + 34 + 3 + (2051 + 3 + 66));
    size_t size = bytes.size;
    buf_done(&bytes);
    buf_init(&bytes, size);
    assert_int_equal(wire_leaf_encode(&leaf, &bytes), ERR_NONE);
    buf_done(&bytes);
    buf_init(&bytes, size - 1);
    assert_int_equal(wire_leaf_encode(&leaf, &bytes), ERR_LIMIT);
    assert_int_equal(bytes.size, 0);
    buf_done(&bytes);
}

/* What the fields of a leaf say together. */
static enum err check(const Jieli__V1__Leaf *leaf)
{
    bool is_void = leaf->verdict == JIELI__V1__VERDICT_KIND__VERDICT_VOID;
    const Jieli__V1__Void *lost = leaf->void_;
    if (leaf->verdict == JIELI__V1__VERDICT_KIND__VERDICT_NONE ||
        is_void == (leaf->envelope != NULL) || is_void != (lost != NULL) ||
        (leaf->own_seq != 0) != (leaf->feed_device.len != 0) ||
        !wire_is_id_or_empty(leaf->feed_device, LIMIT_KEY_SIZE)) {
        return ERR_MALFORMED;
    }
    if (is_void) {
        return wire_is_id(lost->device, LIMIT_KEY_SIZE) && lost->incarnation >= 1 &&
                       lost->seq >= 1 && wire_is_id(lost->id, LIMIT_HASH_SIZE) &&
                       lost->reason >= 1 && lost->reason <= WIRE_VOID_CHAIN
                   ? ERR_NONE
                   : ERR_MALFORMED;
    }
    return wire_envelope_check(leaf->envelope);
}

static enum err read_by_descriptors(struct span bytes)
{
    WIRE_STACK_ARENA(arena, 1024);
    ProtobufCMessage *message = NULL;
    if (bytes.size > LIMIT_LEAF_SIZE) {
        return ERR_LIMIT;
    }
    enum err err = wire_read(&jieli__v1__leaf__descriptor, bytes, 1, &arena, &message);
    return err != ERR_NONE ? err : check((const Jieli__V1__Leaf *)message);
}

/* What was read says the same as the bytes, since protobuf-c packs it to the same. */
static void expect_read(struct span bytes, unsigned seen[2])
{
    struct wire_leaf found;
    struct wire_leaf before;
    struct buf again;
    memset(&found, 0xa5, sizeof found);
    memset(&before, 0xa5, sizeof before);
    enum err err = read_by_descriptors(bytes);
    assert_int_equal(wire_leaf_decode(bytes, &found), err);
    seen[err == ERR_NONE ? 0 : 1]++;
    if (err != ERR_NONE) {
        assert_memory_equal(&found, &before, sizeof found);
        return;
    }
    buf_init(&again, LIMIT_LEAF_SIZE);
    pack_leaf(&found, &again);
    assert_true(span_equal(buf_span(&again), bytes));
    buf_done(&again);
}

static void test_read_like_descriptors(void **state)
{
    (void)state;
    struct make make = {2};
    struct buf bytes;
    unsigned seen[2] = {0, 0};
    buf_init(&bytes, 2 * LIMIT_LEAF_SIZE);
    for (int i = 0; i < SPOILED; i++) {
        struct wire_leaf leaf = random_leaf(&make);
        leaf.envelope.body.size = leaf.envelope.body.size % 200 + (leaf.is_void ? 0 : 1);
        buf_clear(&bytes);
        pack_leaf(&leaf, &bytes);
        for (uint64_t times = make_below(&make, 3); times > 0 && bytes.size > 0; times--) {
            spoil(make_number(&make), make_number(&make), &bytes);
        }
        expect_read(buf_span(&bytes), seen);
    }
    assert_true(seen[0] > SPOILED / 4);
    assert_true(seen[1] > SPOILED / 4);
    buf_done(&bytes);
}

/* An envelope, a void part, both or none, under either verdict; a feed's device with its place or
 * without, of zeros or not. */
static void test_read_in_any_mix(void **state)
{
    (void)state;
    static const uint8_t zeros[LIMIT_KEY_SIZE];
    struct make make = {3};
    struct buf bytes;
    unsigned seen[2] = {0, 0};
    buf_init(&bytes, 2 * LIMIT_LEAF_SIZE);
    for (unsigned i = 0; i < 64; i++) {
        struct wire_leaf leaf = random_leaf(&make);
        Jieli__V1__Leaf message = JIELI__V1__LEAF__INIT;
        Jieli__V1__Envelope envelope = envelope_message(&leaf.envelope);
        Jieli__V1__Void lost = void_message(&leaf);
        message.verdict = (i & 1) != 0 ? JIELI__V1__VERDICT_KIND__VERDICT_VOID
                                       : JIELI__V1__VERDICT_KIND__VERDICT_ACCEPTED;
        message.envelope = (i & 2) != 0 ? &envelope : NULL;
        message.void_ = (i & 4) != 0 ? &lost : NULL;
        message.own_seq = (i & 8) != 0 ? 7 : 0;
        message.feed_device =
            wire_bytes((i & 16) != 0 ? body_bytes : zeros, (i & 32) != 0 ? LIMIT_KEY_SIZE : 0);
        buf_clear(&bytes);
        wire_write(&message.base, &bytes);
        expect_read(buf_span(&bytes), seen);
    }
    assert_int_equal(seen[0] + seen[1], 64);
    assert_true(seen[0] > 0);
    buf_done(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_protobuf),
        cmocka_unit_test(test_greatest_leaf),
        cmocka_unit_test(test_read_like_descriptors),
        cmocka_unit_test(test_read_in_any_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
