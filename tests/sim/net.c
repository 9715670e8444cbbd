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

static bool frame_kind(struct sim *sim, struct span bytes, enum sync_kind *ret)
{
    bool good = wire_frame_decode(bytes, &sim->arena, sim->frame) == ERR_NONE;
    *ret = good ? sim->frame->kind : SYNC_NONE;
    return good;
}

/* Lines are authenticated, so no stranger can alter a frame; a broken program can still send
 * nonsense. What the hub says and signs or proves may be altered in any way; the rest is only
 * made unreadable. */
static void corrupt(struct sim *sim, bool up, struct buf *bytes)
{
    enum sync_kind kind = SYNC_NONE;
    uint64_t flips = random_between(&sim->random, 1, 4);
    for (uint64_t i = 0; i < flips; i++) {
        bytes->data[random_below(&sim->random, bytes->size)] ^=
            (uint8_t)(1U << random_below(&sim->random, 8));
    }
    if (!frame_kind(sim, buf_span(bytes), &kind)) {
        return;
    }
    bool proven = kind == SYNC_ANSWER || kind == SYNC_NACK;
    if (up || !proven) {
        bytes->size = random_below(&sim->random, bytes->size);
        bytes->data[0] = 0xff;
    }
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
        corrupt(sim, up, &copy);
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
