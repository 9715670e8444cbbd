/* By hand, as leaves are (leaf.c): one such frame tells of a hundred events, and a generated struct
 * and walks by descriptors for each of them cost the hub's one writer as much as ordering them. */
#include "wire/answer.h"

#include "base/check.h"
#include "sync.pb-c.h"
#include "wire/fields.h"

/* Fields of an Answer, and of an Answered. */
enum { INCARNATION = 1, FIRST_SEQ, FIRST_INDEX, HUB_MS, ANSWERS, CHECKPOINT, PROOF, CREDIT };
enum { VERDICT = 1, REFUSAL, VOID_REASON };

enum { ANSWERED_MAX = 2 + 6 + 2, FRAME_MAX = 64 + LIMIT_NOTE_SIZE + LIMIT_PROOF_SIZE };
_Static_assert(FRAME_MAX + LIMIT_BATCH_COUNT * (2 + ANSWERED_MAX) <= LIMIT_FRAME_SIZE,
               "any answer fits a frame");
_Static_assert((int)WIRE_VOID == (int)JIELI__V1__VERDICT_KIND__VERDICT_VOID, "verdicts differ");

static bool proof_is_right(struct span proof)
{
    return wire_is_proof(wire_bytes(proof.data, proof.size));
}

static bool answered_is_right(const struct sync_answered *answered)
{
    return answered->verdict != WIRE_VERDICT_NONE && answered->verdict <= WIRE_VOID &&
           answered->void_reason <= WIRE_VOID_CHAIN;
}

static enum err check(const struct sync_answer *answer)
{
    bool right = answer->incarnation >= 1 && answer->first_seq >= 1 &&
                 answer->checkpoint.size <= LIMIT_NOTE_SIZE && proof_is_right(answer->proof);
    if (answer->count > LIMIT_BATCH_COUNT) {
        return ERR_LIMIT;
    }
    for (uint32_t i = 0; i < answer->count && right; i++) {
        right = answered_is_right(&answer->answers[i]);
    }
    return right ? ERR_NONE : ERR_MALFORMED;
}

/* --- Writing --- */

static size_t answered_size(const struct sync_answered *answered)
{
    return wire_number_size(answered->verdict) + wire_number_size(answered->refusal) +
           wire_number_size(answered->void_reason);
}

static uint8_t *put_answered(uint8_t *at, const struct sync_answered *answered)
{
    at = wire_prefix_put(at, ANSWERS, answered_size(answered));
    at = wire_number_put(at, VERDICT, answered->verdict);
    at = wire_number_put(at, REFUSAL, answered->refusal);
    return wire_number_put(at, VOID_REASON, answered->void_reason);
}

static size_t answer_size(const struct sync_answer *answer)
{
    size_t size = wire_fixed_size(answer->incarnation) + wire_fixed_size(answer->first_seq) +
                  wire_fixed_size(answer->first_index) + wire_fixed_size(answer->hub_ms) +
                  wire_bytes_size(answer->checkpoint) + wire_bytes_size(answer->proof) +
                  wire_number_size(answer->credit);
    for (uint32_t i = 0; i < answer->count; i++) {
        size += wire_prefixed_size(answered_size(&answer->answers[i]));
    }
    return size;
}

static uint8_t *put_answer(uint8_t *at, const struct sync_answer *answer)
{
    at = wire_fixed_put(at, INCARNATION, answer->incarnation);
    at = wire_fixed_put(at, FIRST_SEQ, answer->first_seq);
    at = wire_fixed_put(at, FIRST_INDEX, answer->first_index);
    at = wire_fixed_put(at, HUB_MS, answer->hub_ms);
    for (uint32_t i = 0; i < answer->count; i++) {
        at = put_answered(at, &answer->answers[i]);
    }
    at = wire_bytes_put(at, CHECKPOINT, answer->checkpoint);
    at = wire_bytes_put(at, PROOF, answer->proof);
    return wire_number_put(at, CREDIT, answer->credit);
}

enum err wire_answer_write(const struct sync_answer *answer, struct buf *ret)
{
    enum err err = check(answer);
    if (err != ERR_NONE) {
        return err;
    }
    size_t size = answer_size(answer);
    uint8_t *room = buf_grow(ret, wire_prefixed_size(size));
    if (room != NULL) {
        room = wire_prefix_put(room, SYNC_ANSWER, size);
        CHECK(put_answer(room, answer) == ret->data + ret->size);
    }
    return ret->err;
}

/* --- Reading --- */

static bool read_answered(struct span bytes, struct sync_answered *ret)
{
    uint64_t verdict = 0;
    uint64_t refusal = 0;
    uint64_t reason = 0;
    bool read = wire_may_number(&bytes, VERDICT, WIRE_VOID, &verdict) &&
                wire_may_number(&bytes, REFUSAL, UINT32_MAX, &refusal) &&
                wire_may_number(&bytes, VOID_REASON, WIRE_VOID_CHAIN, &reason) && bytes.size == 0;
    *ret = (struct sync_answered){(uint8_t)verdict, (uint32_t)refusal, (uint8_t)reason};
    return read;
}

/* Before any is read: how many there are is an error of its own. */
static enum err count_answers(struct span left, uint32_t *ret)
{
    struct span bytes;
    uint32_t count = 0;
    while (wire_tag_take(&left, ANSWERS, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)) {
        if (!wire_bytes_take(&left, &bytes)) {
            return ERR_MALFORMED;
        }
        if (count == LIMIT_BATCH_COUNT) {
            return ERR_LIMIT;
        }
        count++;
    }
    *ret = count;
    return ERR_NONE;
}

static enum err read_answer(struct span left, struct sync_answer *ret)
{
    struct span bytes;
    uint64_t credit = 0;
    if (!wire_may_fixed(&left, INCARNATION, &ret->incarnation) ||
        !wire_may_fixed(&left, FIRST_SEQ, &ret->first_seq) ||
        !wire_may_fixed(&left, FIRST_INDEX, &ret->first_index) ||
        !wire_may_fixed(&left, HUB_MS, &ret->hub_ms)) {
        return ERR_MALFORMED;
    }
    enum err err = count_answers(left, &ret->count);
    if (err != ERR_NONE) {
        return err;
    }
    for (uint32_t i = 0; i < ret->count; i++) {
        if (!wire_field_take(&left, ANSWERS, &bytes) || !read_answered(bytes, &ret->answers[i])) {
            return ERR_MALFORMED;
        }
    }
    bool read = wire_may_bytes(&left, CHECKPOINT, &ret->checkpoint) &&
                wire_may_bytes(&left, PROOF, &ret->proof) &&
                wire_may_number(&left, CREDIT, UINT32_MAX, &credit) && left.size == 0;
    ret->credit = (uint32_t)credit;
    return read ? check(ret) : ERR_MALFORMED;
}

bool wire_answer_is(struct span frame)
{
    return wire_tag_take(&frame, SYNC_ANSWER, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED);
}

enum err wire_answer_read(struct span frame, struct sync_frame *ret)
{
    struct sync_answer found;
    struct span bytes;
    if (!wire_field_take(&frame, SYNC_ANSWER, &bytes)) {
        return ERR_MALFORMED;
    }
    enum err err = read_answer(bytes, &found);
    if (err == ERR_NONE && frame.size != 0) {
        err = ERR_MALFORMED;
    }
    if (err == ERR_NONE) {
        ret->kind = SYNC_ANSWER;
        ret->answer = found;
    }
    return err;
}
