/* Answers are written by hand as protobuf-c writes them, byte for byte, and read as the reader by
 * descriptors would read them: the same of whatever bytes, and refused where it refuses. */
#include "sync.pb-c.h"
#include "unit.h"
#include "wire/read.h"
#include "wire_make.h"
#include "wire_spoil.h"

#include <stdlib.h>

enum { WRITTEN = 20000, SPOILED = 100000 };

static const uint8_t zeros[LIMIT_NOTE_SIZE];

static struct sync_answered an_answered(struct make *make)
{
    struct sync_answered answered = {.verdict = (uint8_t)(1 + make_below(make, WIRE_VOID))};
    if (make_below(make, 3) == 0) {
        answered.refusal = (uint32_t)make_edge(make, UINT32_MAX);
        answered.void_reason = (uint8_t)make_below(make, WIRE_VOID_CHAIN + 1);
    }
    return answered;
}

static void fill(struct make *make, uint32_t count_max, struct sync_frame *ret)
{
    static const size_t sizes[] = {0, 1, 127, 128, 300, LIMIT_NOTE_SIZE};
    struct sync_answer *answer = &ret->answer;
    ret->kind = SYNC_ANSWER;
    answer->incarnation = make_edge(make, UINT64_MAX) | 1;
    answer->first_seq = make_edge(make, UINT64_MAX) | 1;
    answer->first_index = make_edge(make, UINT64_MAX);
    answer->hub_ms = make_edge(make, UINT64_MAX);
    answer->count = (uint32_t)make_below(make, count_max + 1);
    for (uint32_t i = 0; i < answer->count; i++) {
        answer->answers[i] = an_answered(make);
    }
    answer->checkpoint = span_of(zeros, sizes[make_below(make, 6)]);
    answer->proof = span_of(zeros, make_below(make, LIMIT_PROOF_COUNT + 1) * LIMIT_HASH_SIZE);
    answer->credit = (uint32_t)make_edge(make, UINT32_MAX);
}

static void pack(const struct sync_answer *answer, struct buf *ret)
{
    Jieli__V1__Frame frame = JIELI__V1__FRAME__INIT;
    Jieli__V1__Answer message = JIELI__V1__ANSWER__INIT;
    Jieli__V1__Answered entries[LIMIT_BATCH_COUNT];
    Jieli__V1__Answered *pointers[LIMIT_BATCH_COUNT];
    for (uint32_t i = 0; i < answer->count; i++) {
        entries[i] = (Jieli__V1__Answered)JIELI__V1__ANSWERED__INIT;
        entries[i].void_reason = answer->answers[i].void_reason;
        entries[i].refusal = answer->answers[i].refusal;
        entries[i].verdict = (Jieli__V1__VerdictKind)answer->answers[i].verdict;
        pointers[i] = &entries[i];
    }
    message.credit = answer->credit;
    message.proof = wire_bytes(answer->proof.data, answer->proof.size);
    message.checkpoint = wire_bytes(answer->checkpoint.data, answer->checkpoint.size);
    message.n_answers = answer->count;
    message.answers = pointers;
    message.hub_ms = answer->hub_ms;
    message.first_index = answer->first_index;
    message.first_seq = answer->first_seq;
    message.incarnation = answer->incarnation;
    frame.kind_case = JIELI__V1__FRAME__KIND_ANSWER;
    frame.answer = &message;
    wire_write(&frame.base, ret);
}

static void test_written_like_protobuf(void **state)
{
    static struct sync_frame frame;
    struct make make = {1};
    struct buf ours;
    struct buf theirs;
    (void)state;
    buf_init(&ours, LIMIT_FRAME_SIZE);
    buf_init(&theirs, LIMIT_FRAME_SIZE);
    for (int i = 0; i < WRITTEN; i++) {
        fill(&make, LIMIT_BATCH_COUNT, &frame);
        buf_clear(&ours);
        buf_clear(&theirs);
        buf_put_text(&ours, "before");
        buf_put_text(&theirs, "before");
        assert_int_equal(wire_frame_encode(&frame, &ours), ERR_NONE);
        pack(&frame.answer, &theirs);
        assert_int_equal(theirs.err, ERR_NONE);
        assert_true(span_equal(buf_span(&ours), buf_span(&theirs)));
    }
    buf_done(&ours);
    buf_done(&theirs);
}

/* The largest answer there can be, into room for it and into a byte less. */
static void test_greatest(void **state)
{
    static struct sync_frame frame;
    struct sync_answer *answer = &frame.answer;
    struct buf bytes;
    (void)state;
    frame.kind = SYNC_ANSWER;
    *answer = (struct sync_answer){.incarnation = UINT64_MAX,
                                   .first_seq = UINT64_MAX,
                                   .first_index = UINT64_MAX,
                                   .hub_ms = UINT64_MAX,
                                   .count = LIMIT_BATCH_COUNT,
                                   .checkpoint = span_of(zeros, LIMIT_NOTE_SIZE),
                                   .proof = span_of(zeros, LIMIT_PROOF_SIZE),
                                   .credit = UINT32_MAX};
    for (size_t i = 0; i < LIMIT_BATCH_COUNT; i++) {
        answer->answers[i] = (struct sync_answered){WIRE_VOID, UINT32_MAX, WIRE_VOID_CHAIN};
    }
    /* Four numbers, the answers, note and proof, credit; behind their tag and size. */
    size_t size = 3 + 4 * 9 + 100 * (2 + 10) + 2 * (3 + 4096) + 6;
    buf_init(&bytes, size - 1);
    assert_int_equal(wire_frame_encode(&frame, &bytes), ERR_LIMIT);
    assert_int_equal(bytes.size, 0);
    buf_done(&bytes);
    buf_init(&bytes, size);
    assert_int_equal(wire_frame_encode(&frame, &bytes), ERR_NONE);
    assert_int_equal(bytes.size, size);
    buf_done(&bytes);
}

/* What the frame's fields say together. */
static bool is_right(const Jieli__V1__Answer *answer)
{
    bool right = answer->incarnation >= 1 && answer->first_seq >= 1 &&
                 answer->checkpoint.len <= LIMIT_NOTE_SIZE && wire_is_proof(answer->proof);
    for (size_t i = 0; i < answer->n_answers; i++) {
        right = right && answer->answers[i]->verdict != JIELI__V1__VERDICT_KIND__VERDICT_NONE &&
                answer->answers[i]->void_reason <= WIRE_VOID_CHAIN;
    }
    return right;
}

static enum err read_by_descriptors(struct span bytes, struct wire_arena *arena,
                                    const Jieli__V1__Answer **ret)
{
    ProtobufCMessage *message = NULL;
    wire_arena_reset(arena);
    enum err err =
        wire_read(&jieli__v1__frame__descriptor, bytes, LIMIT_BATCH_COUNT, arena, &message);
    const Jieli__V1__Frame *frame = (const Jieli__V1__Frame *)message;
    if (err != ERR_NONE) {
        return err;
    }
    *ret = frame->kind_case == JIELI__V1__FRAME__KIND_ANSWER ? frame->answer : NULL;
    return *ret == NULL || is_right(*ret) ? ERR_NONE : ERR_MALFORMED;
}

static void expect_same(const struct sync_answer *found, const Jieli__V1__Answer *expected)
{
    assert_true(found->incarnation == expected->incarnation);
    assert_true(found->first_seq == expected->first_seq);
    assert_true(found->first_index == expected->first_index);
    assert_true(found->hub_ms == expected->hub_ms);
    assert_int_equal(found->count, expected->n_answers);
    for (size_t i = 0; i < expected->n_answers; i++) {
        assert_int_equal(found->answers[i].verdict, expected->answers[i]->verdict);
        assert_int_equal(found->answers[i].refusal, expected->answers[i]->refusal);
        assert_int_equal(found->answers[i].void_reason, expected->answers[i]->void_reason);
    }
    assert_true(span_equal(found->checkpoint, wire_span(expected->checkpoint)));
    assert_true(span_equal(found->proof, wire_span(expected->proof)));
    assert_int_equal(found->credit, expected->credit);
}

/* seen: how many were read, how many refused, of those how many for being too many. */
static void expect_alike(struct span bytes, struct wire_arena *arena, unsigned seen[3])
{
    static struct sync_frame found;
    static struct sync_frame before;
    const Jieli__V1__Answer *expected = NULL;
    enum err err = read_by_descriptors(bytes, arena, &expected);
    if (err == ERR_NONE && expected == NULL) {
        return; /* it became a frame of another kind */
    }
    struct wire_arena none = {NULL, 0, 0};
    memset(&found, 0xa5, sizeof found);
    memset(&before, 0xa5, sizeof before);
    bool is_answer = bytes.size > 0 && bytes.data[0] == 0x22;
    assert_int_equal(wire_frame_decode(bytes, is_answer ? &none : arena, &found), err);
    if (err == ERR_NONE) {
        assert_int_equal(found.kind, SYNC_ANSWER);
        expect_same(&found.answer, expected);
    } else {
        assert_memory_equal(&found, &before, sizeof found);
    }
    seen[0] += err == ERR_NONE ? 1 : 0;
    seen[1] += err != ERR_NONE ? 1 : 0;
    seen[2] += err == ERR_LIMIT ? 1 : 0;
}

static void test_read_like_descriptors(void **state)
{
    static struct sync_frame frame;
    struct make make = {2};
    struct wire_arena arena;
    struct buf bytes;
    unsigned seen[3] = {0, 0, 0};
    (void)state;
    assert_int_equal(wire_arena_init(&arena, WIRE_FRAME_ARENA), ERR_NONE);
    buf_init(&bytes, LIMIT_FRAME_SIZE);
    for (int i = 0; i < SPOILED; i++) {
        fill(&make, i % 16 == 0 ? LIMIT_BATCH_COUNT : 3, &frame);
        frame.answer.proof.size %= 5 * LIMIT_HASH_SIZE;
        frame.answer.checkpoint.size %= 200;
        buf_clear(&bytes);
        pack(&frame.answer, &bytes);
        for (uint64_t times = make_below(&make, 3); times > 0 && bytes.size > 0; times--) {
            spoil(make_number(&make), make_number(&make), &bytes);
        }
        expect_alike(buf_span(&bytes), &arena, seen);
    }
    assert_true(seen[0] > SPOILED / 4);
    assert_true(seen[1] > SPOILED / 4);
    buf_done(&bytes);
    wire_arena_done(&arena);
}

/* As many entries as may be and one more, each of them wrong or right. */
static void test_too_many(void **state)
{
    static const char *const entries[] = {"\x2a\x02\x08\x01", "\x2a\x02\x08\x05"};
    struct wire_arena arena;
    struct buf bytes;
    unsigned seen[3] = {0, 0, 0};
    (void)state;
    assert_int_equal(wire_arena_init(&arena, WIRE_FRAME_ARENA), ERR_NONE);
    buf_init(&bytes, LIMIT_FRAME_SIZE);
    for (size_t count = LIMIT_BATCH_COUNT; count <= LIMIT_BATCH_COUNT + 1; count++) {
        for (size_t wrong = 0; wrong < 2; wrong++) {
            buf_clear(&bytes);
            buf_put(&bytes, "\x22", 1);
            buf_put_u8(&bytes, (uint8_t)((18 + 4 * count) % 128 | 128));
            buf_put_u8(&bytes, (uint8_t)((18 + 4 * count) / 128));
            buf_put(&bytes, "\x09\1\0\0\0\0\0\0\0\x11\1\0\0\0\0\0\0\0", 18);
            for (size_t i = 0; i < count; i++) {
                buf_put(&bytes, entries[i == 7 ? wrong : 0], 4);
            }
            expect_alike(buf_span(&bytes), &arena, seen);
        }
    }
    assert_int_equal(seen[0], 1);
    assert_int_equal(seen[1], 3);
    assert_int_equal(seen[2], 2);
    buf_done(&bytes);
    wire_arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written_like_protobuf),
        cmocka_unit_test(test_greatest),
        cmocka_unit_test(test_read_like_descriptors),
        cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
