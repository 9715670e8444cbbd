/* A frame from the other side, and all that is packed into it. */
#include "sync.pb-c.h"
#include "wire_fuzz.h"

static struct sync_frame frame;
static struct wire_envelope envelopes[LIMIT_BATCH_COUNT];
static struct span leaves[LIMIT_BATCH_COUNT];

static void try_push(struct wire_arena *arena)
{
    size_t count = 0;
    if (wire_envelopes_unpack(frame.push.packed, frame.push.raw_size, arena, envelopes, &count) !=
        ERR_NONE) {
        return;
    }
    CHECK(count >= 1 && count <= LIMIT_BATCH_COUNT);
    struct buf packed;
    uint32_t raw_size = 0;
    buf_init(&packed, (size_t)2 * LIMIT_BATCH_SIZE);
    CHECK(wire_envelopes_pack(envelopes, count, &packed, &raw_size) == ERR_NONE);
    CHECK(raw_size == frame.push.raw_size);
    buf_done(&packed);
}

static void try_batch(struct wire_arena *arena)
{
    struct wire_leaf leaf;
    size_t count = 0;
    if (wire_leaves_unpack(frame.batch.packed, frame.batch.raw_size, arena, leaves, &count) ==
        ERR_NONE) {
        CHECK(count >= 1 && count <= LIMIT_BATCH_COUNT);
        for (size_t i = 0; i < count; i++) {
            (void)!wire_leaf_decode(leaves[i], &leaf);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = span_of(data, size);
    struct wire_arena *arena = fuzz_arena();
    struct buf again;
    fuzz_compare(&jieli__v1__frame__descriptor, bytes);
    if (wire_frame_decode(bytes, arena, &frame) != ERR_NONE) {
        return 0;
    }
    buf_init(&again, LIMIT_FRAME_SIZE);
    CHECK(wire_frame_encode(&frame, &again) == ERR_NONE);
    CHECK(span_equal(buf_span(&again), bytes));
    buf_done(&again);
    if (frame.kind == SYNC_PUSH) {
        try_push(arena);
    } else if (frame.kind == SYNC_BATCH) {
        try_batch(arena);
    }
    return 0;
}
