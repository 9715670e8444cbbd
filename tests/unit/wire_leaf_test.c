/* Envelopes, leaves, heads, nacks, doorbells and sealed blobs: round trips, and what each refuses.
 */
#include "unit.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

static uint8_t body_bytes[LIMIT_BODY_SIZE + 1];
static struct wire_arena blob_arena;

static struct wire_envelope an_envelope(size_t size)
{
    struct wire_envelope envelope = {.body = span_of(body_bytes, size), .suite = 1};
    memset(body_bytes, 0x5a, sizeof body_bytes);
    memset(envelope.signature, 0x51, sizeof envelope.signature);
    return envelope;
}

static struct wire_leaf a_leaf(void)
{
    struct wire_leaf leaf = {.hub_ms = 1790000000000u,
                             .verdict = WIRE_ACCEPTED,
                             .common_seq = 3,
                             .envelope = an_envelope(100)};
    return leaf;
}

static struct wire_leaf a_void(void)
{
    struct wire_leaf leaf = {.hub_ms = 1,
                             .verdict = WIRE_VOID,
                             .is_void = true,
                             .void_incarnation = 1,
                             .void_seq = 9,
                             .void_reason = WIRE_VOID_SIGNATURE};
    memset(leaf.void_device, 0x22, sizeof leaf.void_device);
    memset(leaf.void_id, 0x33, sizeof leaf.void_id);
    return leaf;
}

/* Every truncation and flip is refused or means something else, and never more than one thing. */
static void hurt(struct span good, enum err (*again)(struct span bytes, struct buf *ret))
{
    struct buf bytes;
    struct buf back;
    buf_init(&bytes, 65536);
    buf_init(&back, 65536);
    for (size_t cut = 0; cut < good.size; cut++) {
        uint8_t *exact = malloc(cut + 1);
        assert_non_null(exact);
        memcpy(exact, good.data, cut);
        buf_clear(&back);
        if (again(span_of(exact, cut), &back) == ERR_NONE) {
            assert_true(span_equal(buf_span(&back), span_of(exact, cut)));
        }
        free(exact);
    }
    for (size_t bit = 0; bit < good.size * 8; bit++) {
        buf_clear(&bytes);
        buf_clear(&back);
        buf_put_span(&bytes, good);
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (again(buf_span(&bytes), &back) == ERR_NONE) {
            assert_true(span_equal(buf_span(&back), buf_span(&bytes)));
        }
    }
    buf_done(&bytes);
    buf_done(&back);
}

static enum err envelope_again(struct span bytes, struct buf *ret)
{
    struct wire_envelope envelope;
    enum err err = wire_envelope_decode(bytes, &envelope);
    return err != ERR_NONE ? err : wire_envelope_encode(&envelope, ret);
}

static void test_envelope(void **state)
{
    (void)state;
    struct buf bytes;
    buf_init(&bytes, 4096);
    struct wire_envelope back;
    struct wire_envelope envelope = an_envelope(LIMIT_BODY_SIZE);
    assert_int_equal(wire_envelope_encode(&envelope, &bytes), ERR_NONE);
    assert_true(bytes.size <= LIMIT_ENVELOPE_SIZE);
    assert_int_equal(wire_envelope_decode(buf_span(&bytes), &back), ERR_NONE);
    assert_true(span_equal(back.body, envelope.body));
    assert_true(back.body.data > bytes.data && back.body.data < bytes.data + bytes.size);
    assert_int_equal(back.suite, 1);
    assert_memory_equal(back.signature, envelope.signature, sizeof back.signature);
    buf_clear(&bytes);
    envelope = an_envelope(40);
    assert_int_equal(wire_envelope_encode(&envelope, &bytes), ERR_NONE);
    hurt(buf_span(&bytes), envelope_again);
    size_t size = bytes.size;
    envelope = an_envelope(LIMIT_BODY_SIZE + 1);
    assert_int_equal(wire_envelope_encode(&envelope, &bytes), ERR_LIMIT);
    envelope = an_envelope(0);
    assert_int_equal(wire_envelope_encode(&envelope, &bytes), ERR_MALFORMED);
    envelope = an_envelope(1);
    envelope.suite = 0;
    assert_int_equal(wire_envelope_encode(&envelope, &bytes), ERR_MALFORMED);
    assert_int_equal(bytes.size, size);
    static const uint8_t large[LIMIT_ENVELOPE_SIZE + 1];
    assert_int_equal(wire_envelope_decode(span_of(large, sizeof large), &back), ERR_LIMIT);
    buf_done(&bytes);
}

/* suite 256 would be suite 0 in a byte. */
static void test_envelope_suite(void **state)
{
    (void)state;
    struct buf bytes;
    struct wire_envelope back;
    buf_init(&bytes, 4096);
    buf_put(&bytes, "\x0a\x01\x5a\x10\x80\x02\x1a\x40", 8);
    for (int i = 0; i < LIMIT_SIGNATURE_SIZE; i++) {
        buf_put_u8(&bytes, 7);
    }
    assert_int_equal(wire_envelope_decode(buf_span(&bytes), &back), ERR_MALFORMED);
    memcpy(bytes.data + 4, "\xff\x01", 2);
    assert_int_equal(wire_envelope_decode(buf_span(&bytes), &back), ERR_NONE);
    assert_int_equal(back.suite, 255);
    buf_done(&bytes);
}

static enum err leaf_again(struct span bytes, struct buf *ret)
{
    struct wire_leaf leaf;
    enum err err = wire_leaf_decode(bytes, &leaf);
    return err != ERR_NONE ? err : wire_leaf_encode(&leaf, ret);
}

static void assert_same_leaf(const struct wire_leaf *a, const struct wire_leaf *b)
{
    assert_true(a->hub_ms == b->hub_ms);
    assert_int_equal(a->verdict, b->verdict);
    assert_int_equal(a->refusal, b->refusal);
    assert_true(a->common_seq == b->common_seq && a->own_seq == b->own_seq);
    assert_memory_equal(a->feed_device, b->feed_device, sizeof a->feed_device);
    assert_int_equal(a->is_void, b->is_void);
    assert_memory_equal(a->void_device, b->void_device, sizeof a->void_device);
    assert_true(a->void_incarnation == b->void_incarnation && a->void_seq == b->void_seq);
    assert_memory_equal(a->void_id, b->void_id, sizeof a->void_id);
    assert_int_equal(a->void_reason, b->void_reason);
    assert_true(span_equal(a->envelope.body, b->envelope.body));
    assert_int_equal(a->envelope.suite, b->envelope.suite);
    assert_memory_equal(a->envelope.signature, b->envelope.signature, LIMIT_SIGNATURE_SIZE);
}

static void test_leaf(void **state)
{
    (void)state;
    struct wire_leaf leaves[4] = {a_leaf(), a_leaf(), a_leaf(), a_void()};
    leaves[1].verdict = WIRE_REFUSED;
    leaves[1].refusal = 2007;
    leaves[1].own_seq = 1;
    memset(leaves[1].feed_device, 0x44, LIMIT_KEY_SIZE);
    leaves[2].verdict = WIRE_QUARANTINED;
    leaves[2].common_seq = 0;
    struct buf bytes;
    buf_init(&bytes, LIMIT_LEAF_SIZE);
    for (size_t i = 0; i < 4; i++) {
        struct wire_leaf back;
        buf_clear(&bytes);
        memset(&back, 0xa5, sizeof back);
        assert_int_equal(wire_leaf_encode(&leaves[i], &bytes), ERR_NONE);
        assert_int_equal(wire_leaf_decode(buf_span(&bytes), &back), ERR_NONE);
        assert_same_leaf(&leaves[i], &back);
        hurt(buf_span(&bytes), leaf_again);
    }
    buf_done(&bytes);
}

static void test_leaf_refusals(void **state)
{
    (void)state;
    struct wire_leaf rows[12];
    for (size_t i = 0; i < 12; i++) {
        rows[i] = i < 6 ? a_leaf() : a_void();
    }
    rows[0].verdict = WIRE_VERDICT_NONE;
    rows[1].verdict = WIRE_VOID; /* and an envelope */
    rows[2].verdict = 5;
    rows[3].own_seq = 1;        /* in no feed */
    rows[4].feed_device[0] = 1; /* at no place */
    rows[5].envelope.body.size = 0;
    rows[6].verdict = WIRE_ACCEPTED; /* and void */
    rows[7].void_incarnation = 0;
    rows[8].void_seq = 0;
    rows[9].void_reason = WIRE_VOID_NONE;
    rows[10].void_reason = WIRE_VOID_CHAIN + 1;
    memset(rows[11].void_device, 0, LIMIT_KEY_SIZE);
    struct buf bytes;
    buf_init(&bytes, LIMIT_LEAF_SIZE);
    for (size_t i = 0; i < 12; i++) {
        assert_int_equal(wire_leaf_encode(&rows[i], &bytes), ERR_MALFORMED);
        assert_int_equal(bytes.size, 0);
    }
    static const uint8_t large[LIMIT_LEAF_SIZE + 1];
    assert_int_equal(wire_leaf_decode(span_of(large, sizeof large), &rows[0]), ERR_LIMIT);
    assert_int_equal(wire_leaf_decode(span_of(NULL, 0), &rows[0]), ERR_MALFORMED);
    buf_done(&bytes);
}

static enum err head_again(struct span bytes, struct buf *ret)
{
    struct sync_head_body head;
    enum err err = wire_head_decode(bytes, &head);
    if (err == ERR_NONE) {
        wire_head_encode(&head, ret);
    }
    return err;
}

static void test_head(void **state)
{
    (void)state;
    struct sync_head_body head = {.incarnation = 2, .seq = 77};
    struct sync_head_body back = {.incarnation = 0};
    memset(head.hub, 1, sizeof head.hub);
    memset(head.device, 2, sizeof head.device);
    memset(head.id, 3, sizeof head.id);
    struct buf bytes;
    buf_init(&bytes, 256);
    wire_head_encode(&head, &bytes);
    assert_int_equal(bytes.size, 18 + 34 + 9 + 9 + 34);
    assert_int_equal(wire_head_decode(buf_span(&bytes), &back), ERR_NONE);
    assert_memory_equal(back.hub, head.hub, sizeof head.hub);
    assert_memory_equal(back.device, head.device, sizeof head.device);
    assert_memory_equal(back.id, head.id, sizeof head.id);
    assert_true(back.incarnation == 2 && back.seq == 77);
    hurt(buf_span(&bytes), head_again);
    struct sync_head_body rows[5] = {head, head, head, head, head};
    rows[0].incarnation = 0;
    rows[1].seq = 0;
    memset(rows[2].hub, 0, sizeof head.hub);
    memset(rows[3].device, 0, sizeof head.device);
    memset(rows[4].id, 0, sizeof head.id);
    for (size_t i = 0; i < 5; i++) {
        buf_clear(&bytes);
        wire_head_encode(&rows[i], &bytes);
        assert_int_equal(wire_head_decode(buf_span(&bytes), &back), ERR_MALFORMED);
    }
    static const uint8_t large[257];
    assert_int_equal(wire_head_decode(span_of(large, 257), &back), ERR_LIMIT);
    assert_int_equal(wire_head_decode(span_of(large, 256), &back), ERR_MALFORMED);
    buf_done(&bytes);
}

static enum err nack_again(struct span bytes, struct buf *ret)
{
    struct sync_nack_body nack;
    enum err err = wire_nack_decode(bytes, &nack);
    if (err == ERR_NONE) {
        wire_nack_encode(&nack, ret);
    }
    return err;
}

static void test_nack(void **state)
{
    (void)state;
    struct sync_nack_body nack = {.incarnation = 1,
                                  .first_seq = 5,
                                  .reason = SYNC_NACK_GAP,
                                  .wanted_seq = 4,
                                  .hub_ms = 1790000000000u};
    struct sync_nack_body back;
    memset(nack.hub, 1, sizeof nack.hub);
    struct buf bytes;
    buf_init(&bytes, 256);
    for (int i = 0; i < 2; i++) {
        buf_clear(&bytes);
        memset(&back, 0xa5, sizeof back);
        wire_nack_encode(&nack, &bytes);
        assert_int_equal(wire_nack_decode(buf_span(&bytes), &back), ERR_NONE);
        assert_memory_equal(back.hub, nack.hub, sizeof nack.hub);
        assert_memory_equal(back.device, nack.device, sizeof nack.device);
        assert_memory_equal(back.head_id, nack.head_id, sizeof nack.head_id);
        assert_true(back.incarnation == 1 && back.first_seq == 5 && back.wanted_seq == 4);
        assert_int_equal(back.reason, SYNC_NACK_GAP);
        assert_true(back.hub_ms == nack.hub_ms);
        hurt(buf_span(&bytes), nack_again);
        memset(nack.device, 2, sizeof nack.device);
        memset(nack.head_id, 3, sizeof nack.head_id);
    }
    for (int reason = SYNC_NACK_NONE; reason <= SYNC_NACK_FROZEN + 1; reason++) {
        bool known = reason != SYNC_NACK_NONE && reason <= SYNC_NACK_FROZEN;
        nack.reason = (enum sync_nack_reason)reason;
        buf_clear(&bytes);
        wire_nack_encode(&nack, &bytes);
        assert_int_equal(wire_nack_decode(buf_span(&bytes), &back),
                         known ? ERR_NONE : ERR_MALFORMED);
    }
    buf_done(&bytes);
}

/* A length that a struct of ours cannot have, in each small message. */
static void test_wrong_lengths(void **state)
{
    (void)state;
    struct sync_nack_body nack = {.reason = SYNC_NACK_GAP};
    struct wire_leaf leaf = a_leaf();
    struct buf bytes;
    buf_init(&bytes, LIMIT_LEAF_SIZE);
    memset(nack.hub, 1, sizeof nack.hub);
    wire_nack_encode(&nack, &bytes);
    assert_int_equal(wire_nack_decode(buf_span(&bytes), &nack), ERR_NONE);
    buf_put(&bytes, "\x42\x01\x01", 3); /* head_id */
    assert_int_equal(wire_nack_decode(buf_span(&bytes), &nack), ERR_MALFORMED);
    buf_clear(&bytes);
    buf_put(&bytes, "\x0a\x01\x01\x28\x02", 5); /* hub */
    assert_int_equal(wire_nack_decode(buf_span(&bytes), &nack), ERR_MALFORMED);
    buf_clear(&bytes);
    buf_put(&bytes,
            "\x0a\x10"
            "0123456789abcdef"
            "\x12\x01\x01\x28\x02",
            23); /* device */
    assert_int_equal(wire_nack_decode(buf_span(&bytes), &nack), ERR_MALFORMED);
    /* own_seq 1, and a feed device of one byte, in front of an envelope. */
    struct buf whole;
    buf_init(&whole, LIMIT_LEAF_SIZE);
    buf_clear(&bytes);
    leaf.own_seq = 1;
    memset(leaf.feed_device, 7, sizeof leaf.feed_device);
    assert_int_equal(wire_leaf_encode(&leaf, &bytes), ERR_NONE);
    size_t at = 9 + 2 + 9 + 9; /* hub_ms, verdict, common_seq, own_seq */
    buf_put(&whole, bytes.data, at);
    buf_put(&whole, "\x32\x01\x07", 3);
    buf_put(&whole, bytes.data + at + 34, bytes.size - at - 34);
    assert_int_equal(wire_leaf_decode(buf_span(&bytes), &leaf), ERR_NONE);
    assert_int_equal(wire_leaf_decode(buf_span(&whole), &leaf), ERR_MALFORMED);
    buf_done(&whole);
    buf_done(&bytes);
}

/* A wrap of another station, and one of another size. */
static void test_wrong_wraps(void **state)
{
    (void)state;
    static struct wire_sealed_blob blob;
    struct buf bytes;
    assert_int_equal(wire_arena_init(&blob_arena, WIRE_EVENT_ARENA), ERR_NONE);
    buf_init(&bytes, 1024);
    buf_put(&bytes, "\x0a\x54\x08\x01\x22\x50", 6);
    for (int i = 0; i < 80; i++) {
        buf_put_u8(&bytes, 1);
    }
    buf_put(&bytes, "\x12\x01x", 3);
    assert_int_equal(wire_sealed_decode(buf_span(&bytes), &blob_arena, &blob), ERR_NONE);
    assert_int_equal(
        wire_sealed_decode(span_of("\x0a\x05\x08\x01\x22\x01x\x12\x01x", 10), &blob_arena, &blob),
        ERR_MALFORMED);
    buf_clear(&bytes);
    buf_put(&bytes, "\x0a\x57\x08\x01\x12\x01\x09\x22\x50", 9);
    for (int i = 0; i < 80; i++) {
        buf_put_u8(&bytes, 1);
    }
    buf_put(&bytes, "\x12\x01x", 3);
    assert_int_equal(wire_sealed_decode(buf_span(&bytes), &blob_arena, &blob), ERR_MALFORMED);
    wire_arena_done(&blob_arena);
    buf_done(&bytes);
}

static void test_doorbell(void **state)
{
    (void)state;
    uint64_t epoch = 7;
    uint64_t size = 7;
    struct buf bytes;
    buf_init(&bytes, 64);
    wire_doorbell_encode(3, UINT64_MAX, &bytes);
    assert_int_equal(bytes.size, 18);
    assert_int_equal(wire_doorbell_decode(buf_span(&bytes), &epoch, &size), ERR_NONE);
    assert_true(epoch == 3 && size == UINT64_MAX);
    for (size_t cut = 0; cut < 18; cut++) {
        /* Nothing at all, or the epoch alone, are doorbells too: zero is absent. */
        assert_int_equal(wire_doorbell_decode(span_of(bytes.data, cut), &epoch, &size),
                         cut == 0 || cut == 9 ? ERR_NONE : ERR_MALFORMED);
    }
    buf_put_u8(&bytes, 0);
    assert_int_equal(wire_doorbell_decode(buf_span(&bytes), &epoch, &size), ERR_MALFORMED);
    buf_done(&bytes);
}

static enum err blob_again(struct span bytes, struct buf *ret)
{
    struct wire_sealed_blob blob;
    enum err err = wire_sealed_decode(bytes, &blob_arena, &blob);
    return err != ERR_NONE ? err : wire_sealed_encode(&blob, ret);
}

static void test_sealed_blob(void **state)
{
    (void)state;
    static struct wire_sealed_blob blob;
    static struct wire_sealed_blob back;
    static uint8_t large[LIMIT_BLOB_SIZE + 1];
    assert_int_equal(wire_arena_init(&blob_arena, WIRE_EVENT_ARENA), ERR_NONE);
    struct buf bytes;
    buf_init(&bytes, LIMIT_BLOB_SIZE + 1024);
    blob.wrap_count = 2;
    for (uint32_t i = 0; i < 8; i++) {
        blob.wraps[i].audience = 1 + i;
        blob.wraps[i].generation = i;
        memset(blob.wraps[i].box, (int)i + 1, sizeof blob.wraps[i].box);
    }
    memset(blob.wraps[1].station, 9, LIMIT_KEY_SIZE);
    blob.ciphertext = span_text("ciphertext");
    assert_int_equal(wire_sealed_encode(&blob, &bytes), ERR_NONE);
    assert_int_equal(wire_sealed_decode(buf_span(&bytes), &blob_arena, &back), ERR_NONE);
    assert_int_equal(back.wrap_count, 2);
    assert_memory_equal(back.wraps, blob.wraps, 2 * sizeof blob.wraps[0]);
    assert_true(span_equal(back.ciphertext, blob.ciphertext));
    hurt(buf_span(&bytes), blob_again);
    blob.wrap_count = 8;
    buf_clear(&bytes);
    assert_int_equal(wire_sealed_encode(&blob, &bytes), ERR_NONE);
    /* A ninth wrap, written in front of the ciphertext. */
    assert_int_equal(wire_sealed_decode(buf_span(&bytes), &blob_arena, &back), ERR_NONE);
    struct buf nine;
    buf_init(&nine, 4096);
    buf_put(&nine, bytes.data, 2 + bytes.data[1]);
    buf_put_span(&nine, buf_span(&bytes));
    assert_int_equal(wire_sealed_decode(buf_span(&nine), &blob_arena, &back), ERR_LIMIT);
    buf_clear(&bytes);
    blob.wrap_count = 9;
    assert_int_equal(wire_sealed_encode(&blob, &bytes), ERR_LIMIT);
    blob.wrap_count = 1;
    blob.wraps[0].audience = 0;
    assert_int_equal(wire_sealed_encode(&blob, &bytes), ERR_MALFORMED);
    blob.wrap_count = 0;
    blob.ciphertext = span_of(large, LIMIT_BLOB_SIZE - 4); /* a tag and three bytes of length */
    assert_int_equal(wire_sealed_encode(&blob, &bytes), ERR_NONE);
    assert_int_equal(bytes.size, LIMIT_BLOB_SIZE);
    assert_int_equal(wire_sealed_decode(buf_span(&bytes), &blob_arena, &back), ERR_NONE);
    buf_clear(&bytes);
    blob.ciphertext = span_of(large, LIMIT_BLOB_SIZE - 3);
    assert_int_equal(wire_sealed_encode(&blob, &bytes), ERR_LIMIT);
    blob.ciphertext = span_of(NULL, 0);
    assert_int_equal(wire_sealed_encode(&blob, &bytes), ERR_MALFORMED);
    assert_int_equal(bytes.size, 0);
    assert_int_equal(wire_sealed_decode(span_of(large, sizeof large), &blob_arena, &back),
                     ERR_LIMIT);
    wire_arena_done(&blob_arena);
    buf_done(&nine);
    buf_done(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_envelope),      cmocka_unit_test(test_envelope_suite),
        cmocka_unit_test(test_leaf),          cmocka_unit_test(test_leaf_refusals),
        cmocka_unit_test(test_head),          cmocka_unit_test(test_nack),
        cmocka_unit_test(test_doorbell),      cmocka_unit_test(test_sealed_blob),
        cmocka_unit_test(test_wrong_lengths), cmocka_unit_test(test_wrong_wraps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
