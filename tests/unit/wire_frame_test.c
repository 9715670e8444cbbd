/* Frames: every kind there and back, borders, and what is refused whichever way it goes. */
#include "unit.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t bytes_of_all[LIMIT_FRAME_SIZE];
static const char signature[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

struct fixture {
    struct wire_arena arena;
    struct sync_frame frame;
    struct sync_frame back;
    struct buf bytes;
    struct buf again;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    assert_int_equal(wire_arena_init(&fixture->arena, WIRE_FRAME_ARENA), ERR_NONE);
    buf_init(&fixture->bytes, LIMIT_FRAME_SIZE + 1024);
    buf_init(&fixture->again, LIMIT_FRAME_SIZE + 1024);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    wire_arena_done(&fixture->arena);
    buf_done(&fixture->bytes);
    buf_done(&fixture->again);
    free(fixture);
    return 0;
}

static enum err encode(struct fixture *fixture)
{
    buf_clear(&fixture->bytes);
    return wire_frame_encode(&fixture->frame, &fixture->bytes);
}

static enum err decode(struct fixture *fixture, struct span bytes)
{
    memset(&fixture->back, 0xa5, sizeof fixture->back);
    return wire_frame_decode(bytes, &fixture->arena, &fixture->back);
}

/* Refused, or something that has these very bytes as its encoding. */
static void hurt(struct fixture *fixture, struct span bytes)
{
    if (decode(fixture, bytes) == ERR_NONE) {
        buf_clear(&fixture->again);
        assert_int_equal(wire_frame_encode(&fixture->back, &fixture->again), ERR_NONE);
        assert_true(span_equal(buf_span(&fixture->again), bytes));
    }
}

/* Encodes, decodes, encodes: the same bytes; every flip and truncation of small frames. */
static void round_trip(struct fixture *fixture)
{
    uint8_t copy[2048];
    assert_int_equal(encode(fixture), ERR_NONE);
    size_t size = fixture->bytes.size;
    if (size <= sizeof copy) {
        memcpy(copy, fixture->bytes.data, size);
        for (size_t cut = 0; cut < size; cut++) {
            hurt(fixture, span_of(copy, cut));
        }
        for (size_t bit = 0; bit < size * 8; bit++) {
            copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
            hurt(fixture, span_of(copy, size));
            copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    assert_int_equal(decode(fixture, buf_span(&fixture->bytes)), ERR_NONE);
    assert_int_equal(fixture->back.kind, fixture->frame.kind);
    buf_clear(&fixture->again);
    assert_int_equal(wire_frame_encode(&fixture->back, &fixture->again), ERR_NONE);
    assert_true(span_equal(buf_span(&fixture->again), buf_span(&fixture->bytes)));
}

static void refused(struct fixture *fixture, enum err err)
{
    assert_int_equal(encode(fixture), err);
    assert_int_equal(fixture->bytes.size, 0);
}

static struct sync_head a_head(void)
{
    return (struct sync_head){true, span_text("head"), span_of(signature, 64)};
}

static void test_hello(void **state)
{
    struct fixture *fixture = *state;
    fixture->frame.kind = SYNC_HELLO;
    struct sync_hello *hello = &fixture->frame.hello;
    hello->version = 1;
    hello->role = SYNC_ROLE_AUDITOR;
    memset(hello->hub, 1, sizeof hello->hub);
    refused(fixture, ERR_MALFORMED);
    hello->greeting = 10;
    round_trip(fixture);
    assert_false(fixture->back.hello.head.present);
    assert_int_equal(fixture->back.hello.software.size, 0);
    hello->head = a_head();
    hello->common = 2;
    hello->own = 3;
    hello->seen_size = 4;
    hello->epoch = 5;
    hello->clock_ms = 6;
    hello->software = span_text("village-node 0.1.0 \xe6\x9d\x91");
    hello->incarnation = 7;
    hello->backlog = 8;
    hello->oldest_ms = 9;
    round_trip(fixture);
    const struct sync_hello *back = &fixture->back.hello;
    assert_int_equal(back->version, 1);
    assert_int_equal(back->role, SYNC_ROLE_AUDITOR);
    assert_memory_equal(back->hub, hello->hub, sizeof hello->hub);
    assert_true(back->common == 2 && back->own == 3 && back->seen_size == 4 && back->epoch == 5);
    assert_true(back->clock_ms == 6 && back->incarnation == 7 && back->backlog == 8);
    assert_true(back->oldest_ms == 9 && back->greeting == 10 && back->head.present);
    hello->software = span_of(bytes_of_all, 65);
    refused(fixture, ERR_MALFORMED);
    hello->software = span_of("a\0b", 3);
    refused(fixture, ERR_MALFORMED);
    hello->software = span_text("\xff");
    refused(fixture, ERR_MALFORMED);
    hello->software = span_text(signature); /* 64 bytes */
    round_trip(fixture);
    hello->head.signature.size = 63;
    refused(fixture, ERR_MALFORMED);
    hello->head = a_head();
    hello->version = 0;
    refused(fixture, ERR_MALFORMED);
    hello->version = 2; /* the session answers that */
    round_trip(fixture);
    memset(hello->hub, 0, sizeof hello->hub);
    refused(fixture, ERR_MALFORMED);
    hello->hub[15] = 1;
    hello->head.body.size = 0;
    refused(fixture, ERR_MALFORMED);
    hello->head.body = span_of(bytes_of_all, 257);
    refused(fixture, ERR_MALFORMED);
    hello->head = a_head();
    hello->role = SYNC_ROLE_NONE;
    refused(fixture, ERR_MALFORMED);
    hello->role = (enum sync_role)3;
    refused(fixture, ERR_MALFORMED);
}

static void test_welcome(void **state)
{
    struct fixture *fixture = *state;
    fixture->frame.kind = SYNC_WELCOME;
    struct sync_welcome *welcome = &fixture->frame.welcome;
    welcome->version = 1;
    memset(welcome->hub, 1, sizeof welcome->hub);
    refused(fixture, ERR_MALFORMED);
    welcome->greeting = 9;
    round_trip(fixture);
    welcome->epoch = 2;
    welcome->incarnation = 3;
    welcome->seq = 4;
    memset(welcome->id, 5, sizeof welcome->id);
    welcome->common = 6;
    welcome->own = 7;
    welcome->checkpoint = span_text("note");
    welcome->clock_ms = 8;
    welcome->credit = 9;
    welcome->consistency = span_of(bytes_of_all, 64);
    round_trip(fixture);
    const struct sync_welcome *back = &fixture->back.welcome;
    assert_true(back->epoch == 2 && back->incarnation == 3 && back->seq == 4 && back->common == 6);
    assert_true(back->own == 7 && back->clock_ms == 8 && back->credit == 9 && back->greeting == 9);
    assert_memory_equal(back->id, welcome->id, sizeof welcome->id);
    assert_true(span_equal(back->checkpoint, span_text("note")));
    assert_int_equal(back->consistency.size, 64);
    welcome->consistency.size = 63;
    refused(fixture, ERR_MALFORMED);
    welcome->consistency.size = (size_t)LIMIT_PROOF_COUNT * 32;
    round_trip(fixture);
    welcome->consistency.size += 32;
    refused(fixture, ERR_MALFORMED);
    welcome->consistency.size = 0;
    welcome->checkpoint = span_of(bytes_of_all, LIMIT_NOTE_SIZE);
    round_trip(fixture);
    welcome->checkpoint.size++;
    refused(fixture, ERR_MALFORMED);
    welcome->checkpoint.size = 0;
    welcome->version = 0;
    refused(fixture, ERR_MALFORMED);
    welcome->version = 1;
    memset(welcome->hub, 0, sizeof welcome->hub);
    refused(fixture, ERR_MALFORMED);
    /* An id of one byte: no struct of ours has it. */
    static const char wrong[] = "\x12\x20\x08\x01\x12\x10"
                                "0123456789abcdef"
                                "\x32\x01\x01\x69\x01\x00\x00\x00\x00\x00\x00\x00";
    assert_int_equal(decode(fixture, span_of(wrong, sizeof wrong - 1)), ERR_MALFORMED);
}

static void test_push(void **state)
{
    struct fixture *fixture = *state;
    fixture->frame.kind = SYNC_PUSH;
    struct sync_push *push = &fixture->frame.push;
    push->head = a_head();
    push->incarnation = 1;
    push->first_seq = 2;
    push->count = 3;
    push->raw_size = 4;
    push->packed = span_text("packed");
    round_trip(fixture);
    const struct sync_push *back = &fixture->back.push;
    assert_true(back->head.present && back->incarnation == 1 && back->first_seq == 2);
    assert_true(back->count == 3 && back->raw_size == 4);
    assert_true(span_equal(back->packed, span_text("packed")));
    assert_true(span_equal(back->head.signature, span_of(signature, 64)));
    struct sync_push good = *push;
    push->head.present = false;
    refused(fixture, ERR_MALFORMED);
    *push = good;
    push->head.body.size = 0;
    refused(fixture, ERR_MALFORMED);
    *push = good;
    push->incarnation = 0;
    refused(fixture, ERR_MALFORMED);
    *push = good;
    push->first_seq = 0;
    refused(fixture, ERR_MALFORMED);
    *push = good;
    push->count = 0;
    refused(fixture, ERR_MALFORMED);
    push->count = LIMIT_BATCH_COUNT;
    round_trip(fixture);
    push->count++;
    refused(fixture, ERR_MALFORMED);
    *push = good;
    push->raw_size = 0;
    refused(fixture, ERR_MALFORMED);
    push->raw_size = LIMIT_BATCH_SIZE;
    round_trip(fixture);
    push->raw_size++;
    refused(fixture, ERR_MALFORMED);
    *push = good;
    push->packed.size = 0;
    refused(fixture, ERR_MALFORMED);
    push->packed = span_of(bytes_of_all, LIMIT_FRAME_SIZE);
    refused(fixture, ERR_LIMIT);
}

static void test_answer(void **state)
{
    struct fixture *fixture = *state;
    fixture->frame.kind = SYNC_ANSWER;
    struct sync_answer *answer = &fixture->frame.answer;
    answer->incarnation = 1;
    answer->first_seq = 2;
    answer->first_index = 3;
    answer->hub_ms = 4;
    answer->count = 4;
    answer->answers[0].verdict = WIRE_ACCEPTED;
    answer->answers[1].verdict = WIRE_REFUSED;
    answer->answers[1].refusal = 2001;
    answer->answers[2].verdict = WIRE_QUARANTINED;
    answer->answers[3].verdict = WIRE_VOID;
    answer->answers[3].void_reason = WIRE_VOID_CHAIN;
    answer->checkpoint = span_text("note");
    answer->proof = span_of(bytes_of_all, 96);
    answer->credit = 5;
    round_trip(fixture);
    const struct sync_answer *back = &fixture->back.answer;
    assert_true(back->incarnation == 1 && back->first_seq == 2 && back->first_index == 3);
    assert_true(back->hub_ms == 4 && back->count == 4 && back->credit == 5);
    assert_int_equal(back->answers[1].refusal, 2001);
    assert_int_equal(back->answers[3].verdict, WIRE_VOID);
    assert_int_equal(back->answers[3].void_reason, WIRE_VOID_CHAIN);
    assert_int_equal(back->proof.size, 96);
    answer->answers[3].void_reason++;
    refused(fixture, ERR_MALFORMED);
    answer->answers[3].void_reason = 0;
    answer->answers[3].verdict = WIRE_VERDICT_NONE;
    refused(fixture, ERR_MALFORMED);
    answer->answers[3].verdict = WIRE_VOID + 1;
    refused(fixture, ERR_MALFORMED);
    answer->count = LIMIT_BATCH_COUNT + 1;
    refused(fixture, ERR_LIMIT);
    answer->count = LIMIT_BATCH_COUNT;
    for (size_t i = 0; i < LIMIT_BATCH_COUNT; i++) {
        answer->answers[i].verdict = WIRE_ACCEPTED;
    }
    round_trip(fixture);
    answer->proof.size = 31;
    refused(fixture, ERR_MALFORMED);
    answer->proof.size = 0;
    answer->first_seq = 0;
    refused(fixture, ERR_MALFORMED);
    answer->first_seq = 1;
    answer->incarnation = 0;
    refused(fixture, ERR_MALFORMED);
    answer->incarnation = 1;
    answer->checkpoint = span_of(bytes_of_all, LIMIT_NOTE_SIZE + 1);
    refused(fixture, ERR_MALFORMED);
}

static void test_nack_and_pull(void **state)
{
    struct fixture *fixture = *state;
    fixture->frame.kind = SYNC_NACK;
    fixture->frame.nack.body = span_text("nack");
    fixture->frame.nack.signature = span_of(signature, 64);
    round_trip(fixture);
    fixture->frame.nack.body.size = 1;
    round_trip(fixture);
    assert_true(span_equal(fixture->back.nack.body, span_text("n")));
    fixture->frame.nack.body.size = 0;
    refused(fixture, ERR_MALFORMED);
    memset(&fixture->frame, 0, sizeof fixture->frame);
    fixture->frame.kind = SYNC_PULL;
    struct sync_pull *pull = &fixture->frame.pull;
    pull->count = 1;
    for (int feed = SYNC_FEED_COMMON; feed <= SYNC_FEED_CHAIN; feed++) {
        pull->feed = (enum sync_feed)feed;
        round_trip(fixture);
        assert_int_equal(fixture->back.pull.feed, feed);
    }
    pull->from = 1;
    pull->incarnation = 2;
    pull->seen_size = 3;
    pull->count = LIMIT_BATCH_COUNT;
    round_trip(fixture);
    assert_true(fixture->back.pull.from == 1 && fixture->back.pull.incarnation == 2);
    assert_true(fixture->back.pull.seen_size == 3);
    assert_int_equal(fixture->back.pull.count, LIMIT_BATCH_COUNT);
    pull->count++;
    refused(fixture, ERR_MALFORMED);
    pull->count = 0;
    refused(fixture, ERR_MALFORMED);
    pull->count = 1;
    pull->feed = SYNC_FEED_NONE;
    refused(fixture, ERR_MALFORMED);
    pull->feed = (enum sync_feed)(SYNC_FEED_CHAIN + 1);
    refused(fixture, ERR_MALFORMED);
}

static void fill_batch(struct sync_batch *batch, enum sync_feed feed, uint32_t count)
{
    memset(batch, 0, sizeof *batch);
    batch->feed = feed;
    batch->from = 1;
    batch->count = count;
    batch->raw_size = count * 10;
    batch->packed = span_of(bytes_of_all, count);
    batch->checkpoint = span_text("note");
    batch->newest = 900;
    batch->proof_count = feed == SYNC_FEED_LOG ? 1 : count;
    for (uint32_t i = 0; i < count && feed != SYNC_FEED_LOG; i++) {
        batch->indexes[i] = (uint64_t)i * 3; /* index 0 is an index */
        batch->proofs[i] = span_of(bytes_of_all, (size_t)32 * (i % 2));
    }
}

static void test_batch(void **state)
{
    struct fixture *fixture = *state;
    static const uint32_t counts[] = {0, 1, 3, LIMIT_BATCH_COUNT};
    struct sync_batch *batch = &fixture->frame.batch;
    fixture->frame.kind = SYNC_BATCH;
    for (int feed = SYNC_FEED_COMMON; feed <= SYNC_FEED_CHAIN; feed++) {
        for (size_t i = 0; i < 4; i++) {
            fill_batch(batch, (enum sync_feed)feed, counts[i]);
            round_trip(fixture);
            const struct sync_batch *back = &fixture->back.batch;
            assert_int_equal(back->feed, feed);
            assert_int_equal(back->count, counts[i]);
            assert_int_equal(back->proof_count, batch->proof_count);
            assert_int_equal(back->raw_size, counts[i] * 10);
            assert_true(back->from == 1 && back->newest == 900);
            if (feed != SYNC_FEED_LOG && counts[i] > 0) {
                uint32_t last = counts[i] - 1;
                assert_true(back->indexes[last] == (uint64_t)last * 3);
                assert_int_equal(back->proofs[last].size, last % 2 * 32);
            }
        }
    }
}

static void test_batch_refusals(void **state)
{
    struct fixture *fixture = *state;
    struct sync_batch *batch = &fixture->frame.batch;
    fixture->frame.kind = SYNC_BATCH;
    fill_batch(batch, SYNC_FEED_OWN, 3);
    batch->proof_count = 2;
    refused(fixture, ERR_MALFORMED);
    batch->proof_count = 4;
    refused(fixture, ERR_MALFORMED);
    batch->proof_count = LIMIT_BATCH_COUNT + 1;
    refused(fixture, ERR_LIMIT);
    fill_batch(batch, SYNC_FEED_LOG, 3);
    batch->proof_count = 0;
    round_trip(fixture);
    batch->proof_count = 2;
    refused(fixture, ERR_MALFORMED);
    fill_batch(batch, SYNC_FEED_OWN, 3);
    batch->proofs[1].size = 33;
    refused(fixture, ERR_MALFORMED);
    fill_batch(batch, SYNC_FEED_OWN, 3);
    batch->raw_size = 0;
    refused(fixture, ERR_MALFORMED);
    fill_batch(batch, SYNC_FEED_OWN, 0);
    batch->packed = span_text("x");
    refused(fixture, ERR_MALFORMED);
    fill_batch(batch, SYNC_FEED_OWN, 1);
    batch->raw_size = LIMIT_BATCH_SIZE + 1;
    refused(fixture, ERR_MALFORMED);
    fill_batch(batch, SYNC_FEED_NONE, 1);
    refused(fixture, ERR_MALFORMED);
    fill_batch(batch, (enum sync_feed)9, 1);
    refused(fixture, ERR_MALFORMED);
    fill_batch(batch, SYNC_FEED_OWN, 1);
    batch->count = LIMIT_BATCH_COUNT + 1;
    refused(fixture, ERR_LIMIT);
    fill_batch(batch, SYNC_FEED_OWN, 1);
    batch->consistency = span_of(bytes_of_all, 1);
    refused(fixture, ERR_MALFORMED);
    fill_batch(batch, SYNC_FEED_OWN, 1);
    batch->checkpoint = span_of(bytes_of_all, LIMIT_NOTE_SIZE + 1);
    refused(fixture, ERR_MALFORMED);
    /* No indexes, and one too many: feed 1, count 1, raw size 1, one byte, an empty proof. */
    static const char none[] = "\x3a\x0e\x08\x01\x18\x01\x2d\x01\0\0\0\x32\x01x\x42\0";
    assert_int_equal(decode(fixture, span_of(none, sizeof none - 1)), ERR_MALFORMED);
    static const char two[] = "\x3a\x20\x08\x01\x18\x01\x22\x10\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0"
                              "\x2d\x01\0\0\0\x32\x01x\x42\0";
    assert_int_equal(decode(fixture, span_of(two, sizeof two - 1)), ERR_MALFORMED);
}

static void test_blobs(void **state)
{
    struct fixture *fixture = *state;
    struct sync_blob *blob = &fixture->frame.blob;
    memset(blob->hash, 7, sizeof blob->hash);
    for (int kind = SYNC_BLOB_PUT; kind <= SYNC_BLOB; kind++) {
        bool full = kind == SYNC_BLOB_PUT || kind == SYNC_BLOB;
        fixture->frame.kind = (enum sync_kind)kind;
        blob->data = full ? span_text("blob") : span_of(NULL, 0);
        blob->refused = kind == SYNC_BLOB_STORED;
        round_trip(fixture);
        size_t told = kind == SYNC_BLOB_STORED ? SYNC_BLOB_NAME_SIZE : LIMIT_HASH_SIZE;
        int differ = memcmp(fixture->back.blob.hash, blob->hash, told);
        assert_true((differ != 0) == (kind == SYNC_BLOB_PUT));
        assert_true(span_equal(fixture->back.blob.data, blob->data));
        assert_int_equal(fixture->back.blob.refused, blob->refused);
    }
    blob->data = span_of(NULL, 0); /* not here */
    round_trip(fixture);
    fixture->frame.kind = SYNC_BLOB_PUT;
    refused(fixture, ERR_MALFORMED);
    blob->data = span_of(bytes_of_all, LIMIT_BLOB_SIZE);
    round_trip(fixture); /* not copied: it lies in the frame */
    assert_in_range(fixture->back.blob.data.data - fixture->bytes.data, 1, fixture->bytes.size - 1);
    blob->data.size++;
    refused(fixture, ERR_LIMIT);
    fixture->frame.kind = SYNC_BLOB;
    refused(fixture, ERR_LIMIT);
}

static void test_no_frame(void **state)
{
    struct fixture *fixture = *state;
    fixture->frame.kind = SYNC_NONE;
    refused(fixture, ERR_MALFORMED);
    fixture->frame.kind = (enum sync_kind)12;
    refused(fixture, ERR_MALFORMED);
    assert_int_equal(decode(fixture, span_of(NULL, 0)), ERR_MALFORMED);
    assert_int_equal(decode(fixture, span_of(bytes_of_all, LIMIT_FRAME_SIZE)), ERR_MALFORMED);
    static const uint8_t larger[LIMIT_FRAME_SIZE + 1];
    assert_int_equal(decode(fixture, span_of(larger, sizeof larger)), ERR_LIMIT);
    /* Two kinds in one frame: a welcome behind a blob request. */
    assert_int_equal(decode(fixture, span_of("\x12\x00\x52\x00", 4)), ERR_MALFORMED);
    assert_int_equal(decode(fixture, span_of("\x62\x00", 2)), ERR_MALFORMED); /* kind 12 */
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_hello),          CASE(test_welcome),       CASE(test_push),
        CASE(test_answer),         CASE(test_nack_and_pull), CASE(test_batch),
        CASE(test_batch_refusals), CASE(test_blobs),         CASE(test_no_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
