#include "base/check.h"
#include "sim.h"

#include <stdlib.h>
#include <string.h>

enum { LATENCY_MS = 40, LATE_MS = 90 * 1000, OVERTAKEN_MS = 20 * 1000 };

static void post(struct sim *sim, size_t node, bool up, struct span bytes, uint64_t at_ms)
{
    struct sim_event event = {.at_ms = at_ms,
                              .what = up ? SIM_UP : SIM_DOWN,
                              .node = node,
                              .serial = sim->node[node].serial,
                              .size = bytes.size};
    event.bytes = malloc(bytes.size + 1);
    CHECK(event.bytes != NULL);
    memcpy(event.bytes, bytes.data, bytes.size);
    queue_push(&sim->queue, &event);
}

/* Flips a bit of bytes inside a decoded frame; room holds LIMIT_FRAME_SIZE. */
static bool flip(struct sim *sim, struct span *bytes, uint8_t *room)
{
    if (bytes->size == 0) {
        return false;
    }
    memcpy(room, bytes->data, bytes->size);
    room[random_below(&sim->random, bytes->size)] ^= (uint8_t)(1U << random_below(&sim->random, 8));
    bytes->data = room;
    return true;
}

static bool bend_answer(struct sim *sim, struct sync_answer *answer, uint8_t *room)
{
    struct sync_answered *one = &answer->answers[random_below(&sim->random, answer->count)];
    switch (random_below(&sim->random, 7)) {
    case 0:
        *one = one->verdict == WIRE_ACCEPTED
                   ? (struct sync_answered){WIRE_REFUSED, REFUSAL_EDITION_MISSING, 0}
                   : (struct sync_answered){WIRE_ACCEPTED, 0, 0};
        return true;
    case 1:
        answer->hub_ms += random_chance(&sim->random, 500) ? 1 : UINT64_C(864000000);
        return true;
    case 2:
        answer->first_index++;
        return true;
    case 3:
        answer->first_index -= answer->first_index > 0;
        return true;
    case 4:
        answer->count -= answer->count > 1;
        return true;
    case 5:
        return flip(sim, &answer->proof, room);
    default:
        return flip(sim, &answer->checkpoint, room);
    }
}

static bool bend_batch(struct sim *sim, struct sync_batch *batch, uint8_t *room)
{
    uint64_t at = batch->count > 0 ? random_below(&sim->random, batch->count) : 0;
    switch (random_below(&sim->random, 5)) {
    case 0:
        batch->indexes[at]++;
        return batch->count > 0 && batch->feed != SYNC_FEED_LOG;
    case 1:
        return flip(sim, &batch->packed, room);
    case 2:
        return batch->proof_count > 0 &&
               flip(sim, &batch->proofs[random_below(&sim->random, batch->proof_count)], room);
    case 3:
        return flip(sim, &batch->consistency, room);
    default:
        return flip(sim, &batch->checkpoint, room);
    }
}

/* One thing that is signed or proven becomes another; false: nothing of that kind in the frame. */
static bool bend(struct sim *sim, struct sync_frame *frame, uint8_t *room)
{
    bool first = random_chance(&sim->random, 500);
    switch (frame->kind) {
    case SYNC_ANSWER:
        return bend_answer(sim, &frame->answer, room);
    case SYNC_BATCH:
        return bend_batch(sim, &frame->batch, room);
    case SYNC_NACK:
        return flip(sim, first ? &frame->nack.body : &frame->nack.signature, room);
    case SYNC_WELCOME:
        return flip(sim, first ? &frame->welcome.checkpoint : &frame->welcome.consistency, room);
    case SYNC_PUSH:
        return flip(sim, first ? &frame->push.head.body : &frame->push.head.signature, room);
    case SYNC_BLOB:
        return flip(sim, &frame->blob.data, room);
    case SYNC_NONE:
    case SYNC_HELLO:
    case SYNC_PULL:
    case SYNC_BLOB_PUT:
    case SYNC_BLOB_STORED:
    case SYNC_BLOB_GET:
        break;
    }
    return false;
}

/* Lines are authenticated, so no stranger can alter a frame; a broken program can still send
 * nonsense. What is signed or proven may be altered in any way; the rest is only made unreadable.
 */
static void corrupt(struct sim *sim, struct buf *bytes)
{
    static uint8_t room[LIMIT_FRAME_SIZE];
    struct buf bent;
    buf_init(&bent, LIMIT_FRAME_SIZE);
    bool good = random_chance(&sim->random, 800) &&
                wire_frame_decode(buf_span(bytes), &sim->arena, sim->frame) == ERR_NONE &&
                bend(sim, sim->frame, room) && wire_frame_encode(sim->frame, &bent) == ERR_NONE;
    if (good) {
        buf_clear(bytes);
        buf_put_span(bytes, buf_span(&bent));
    } else {
        bytes->size = random_below(&sim->random, bytes->size);
        bytes->data[0] = 0xff;
    }
    buf_done(&bent);
}

static uint64_t arrival(struct sim *sim, struct sim_node *node, bool up)
{
    uint64_t at_ms = sim->now_ms + random_between(&sim->random, 1, LATENCY_MS);
    if (sim->healed) {
        at_ms = at_ms < node->last_ms[!up] ? node->last_ms[!up] : at_ms;
    } else if (random_chance(&sim->random, sim->weather.delay)) {
        at_ms += random_below(&sim->random, LATE_MS);
        sim_count(sim, FAULT_DELAY);
    }
    if (!sim->healed && random_chance(&sim->random, sim->weather.reorder)) {
        at_ms += random_below(&sim->random, OVERTAKEN_MS);
    } else if (at_ms < node->last_ms[!up]) {
        at_ms = node->last_ms[!up];
    }
    if (at_ms > node->last_ms[!up]) {
        node->last_ms[!up] = at_ms;
    } else if (at_ms < node->last_ms[!up]) {
        sim_count(sim, FAULT_REORDER);
    }
    return at_ms;
}

void net_send(struct sim *sim, size_t index, bool up, struct span bytes)
{
    struct sim_node *node = &sim->node[index];
    if (!node->connected || node->cut[!up]) {
        return;
    }
    if (sim->healed) {
        post(sim, index, up, bytes, arrival(sim, node, up));
        return;
    }
    if (random_chance(&sim->random, sim->weather.loss)) {
        sim_count(sim, FAULT_LOSS);
        return;
    }
    if (random_chance(&sim->random, sim->weather.corrupt)) {
        struct buf copy;
        buf_init(&copy, LIMIT_FRAME_SIZE);
        buf_put_span(&copy, bytes);
        corrupt(sim, &copy);
        post(sim, index, up, buf_span(&copy), arrival(sim, node, up));
        buf_done(&copy);
        sim_count(sim, FAULT_CORRUPT);
        return;
    }
    post(sim, index, up, bytes, arrival(sim, node, up));
    if (random_chance(&sim->random, sim->weather.duplicate)) {
        post(sim, index, up, bytes, sim->now_ms + random_between(&sim->random, 1, OVERTAKEN_MS));
        sim_count(sim, FAULT_DUPLICATE);
    }
}

static void ring_one(struct sim *sim, size_t index, struct span payload)
{
    struct sim_node *node = &sim->node[index];
    struct sim_event event = {.what = SIM_BELL, .node = index, .serial = node->serial};
    if (!node->used || !node->connected || node->cut[1]) {
        return;
    }
    if (!sim->healed && random_chance(&sim->random, sim->weather.bell_loss)) {
        sim_count(sim, FAULT_BELL_LOST);
        return;
    }
    event.at_ms = sim->now_ms + random_between(&sim->random, 1, LATENCY_MS);
    event.size = payload.size;
    event.bytes = malloc(payload.size + 1);
    CHECK(event.bytes != NULL);
    memcpy(event.bytes, payload.data, payload.size);
    queue_push(&sim->queue, &event);
}

void net_ring(struct sim *sim)
{
    struct sim_hub *shell = &sim->hub;
    struct buf payload;
    uint64_t size = hub_size(shell->hub);
    if (size == shell->rung_size) {
        return;
    }
    shell->rung_size = size;
    buf_init(&payload, 64);
    wire_doorbell_encode(hub_epoch(shell->hub), size, &payload);
    for (size_t i = 0; i < SIM_NODES; i++) {
        ring_one(sim, i, buf_span(&payload));
    }
    buf_done(&payload);
}
