/* The small messages: leaf, envelope, head, nack, doorbell; and where a leaf does not shrink. */
#include "event.pb-c.h"
#include "sync.pb-c.h"
#include "wire/cuts.h"
#include "wire_fuzz.h"

#include <string.h>

static void try_leaf(struct span bytes, struct buf *again)
{
    struct wire_leaf leaf;
    if (wire_leaf_decode(bytes, &leaf) == ERR_NONE) {
        CHECK(wire_leaf_encode(&leaf, again) == ERR_NONE);
        CHECK(span_equal(buf_span(again), bytes));
        buf_clear(again);
    }
}

/* Where the cuts of any bytes are is found again without them. */
static void try_cuts(struct span bytes, struct buf *left)
{
    struct wire_cuts cuts;
    struct wire_cuts again;
    size_t at = 0;
    if (bytes.size > LIMIT_LEAF_SIZE) {
        return;
    }
    wire_cuts_find(bytes, &cuts);
    for (size_t i = 0; i < cuts.count; i++) {
        CHECK(cuts.cut[i].at >= at);
        buf_put(left, bytes.data + at, cuts.cut[i].at - at);
        at = (size_t)cuts.cut[i].at + cuts.cut[i].size;
    }
    CHECK(at <= bytes.size);
    CHECK((size_t)cuts.body.at + cuts.body.size <= bytes.size);
    CHECK((size_t)cuts.void_id.at + cuts.void_id.size <= bytes.size);
    buf_put(left, bytes.data + at, bytes.size - at);
    wire_cuts_find_again(buf_span(left), bytes.size, &again);
    CHECK(again.count == cuts.count);
    CHECK(again.prev == cuts.prev);
    CHECK(memcmp(again.cut, cuts.cut, cuts.count * sizeof cuts.cut[0]) == 0);
    CHECK(again.body.at == cuts.body.at);
    CHECK(again.void_id.at == cuts.void_id.at);
    buf_clear(left);
}

static void try_envelope(struct span bytes, struct buf *again)
{
    struct wire_envelope envelope;
    if (wire_envelope_decode(bytes, &envelope) == ERR_NONE) {
        CHECK(wire_envelope_encode(&envelope, again) == ERR_NONE);
        CHECK(span_equal(buf_span(again), bytes));
        buf_clear(again);
    }
}

static void try_signed(struct span bytes, struct buf *again)
{
    struct sync_head_body head;
    struct sync_nack_body nack;
    uint64_t epoch = 0;
    uint64_t count = 0;
    if (wire_head_decode(bytes, &head) == ERR_NONE) {
        wire_head_encode(&head, again);
        CHECK(span_equal(buf_span(again), bytes));
        buf_clear(again);
    }
    if (wire_nack_decode(bytes, &nack) == ERR_NONE) {
        wire_nack_encode(&nack, again);
        CHECK(span_equal(buf_span(again), bytes));
        buf_clear(again);
    }
    if (wire_doorbell_decode(bytes, &epoch, &count) == ERR_NONE) {
        wire_doorbell_encode(epoch, count, again);
        CHECK(span_equal(buf_span(again), bytes));
        buf_clear(again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = span_of(data, size);
    struct buf again;
    buf_init(&again, LIMIT_LEAF_SIZE);
    fuzz_compare(&jieli__v1__leaf__descriptor, bytes);
    try_leaf(bytes, &again);
    try_cuts(bytes, &again);
    try_envelope(bytes, &again);
    try_signed(bytes, &again);
    buf_done(&again);
    return 0;
}
