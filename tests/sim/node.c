#include "base/check.h"
#include "sim.h"

#include <string.h>

/* A station or an auditor as its daemon runs it: opened, connected, ticked, closed. */

enum { REPLAY_ROUND = 200, RETRY_MS = 20 * 1000, DOWN_MS = 10 * 60 * 1000 };

struct port {
    struct sim *sim;
    size_t index;
};

static bool send_frame(void *context, struct span frame)
{
    const struct port *port = context;
    struct sim *sim = port->sim;
    if (!sim->healed && sim->weather.trouble[FAULT_BLOCKED] && random_chance(&sim->random, 10)) {
        sim_count(sim, FAULT_BLOCKED);
        return false;
    }
    net_send(sim, port->index, true, frame);
    return true;
}

static void reconnect(void *context)
{
    const struct port *port = context;
    port->sim->node[port->index].wants_reconnect = true;
}

static enum err open_station(struct sim *sim, struct sim_node *node)
{
    /* In every other life few at a time: so there are crashes, frames and people between two steps
     * of the fold. */
    enum { STEP = 3 };
    const struct founding *town = founding_get();
    struct station_options options = {.kv = node->kv,
                                      .hub = town->hub_id,
                                      .hub_device = signer_key_id_view(town->hub_signer),
                                      .hub_public = signer_public_view(town->hub_signer),
                                      .origin_prefix = FOUNDING_PREFIX,
                                      .signer = node->who->signer,
                                      .random = random_next(&sim->random),
                                      .step_count = node->boots % 2 == 0 ? STEP : 0};
    put_u64(options.boot, node->boots);
    enum err err = station_open(&options, sim->now_ms, &node->station);
    if (err == ERR_NONE) {
        station_set_clock_quality(node->station, 1);
    }
    return err;
}

static enum err open_auditor(struct sim *sim, struct sim_node *node)
{
    const struct founding *town = founding_get();
    struct auditor_options options = {.kv = node->kv,
                                      .slot = 1,
                                      .hub = town->hub_id,
                                      .hub_device = signer_key_id_view(town->hub_signer),
                                      .hub_public = signer_public_view(town->hub_signer),
                                      .origin_prefix = FOUNDING_PREFIX,
                                      .random = random_next(&sim->random)};
    return auditor_open(&options, sim->now_ms, &node->auditor);
}

void node_start(struct sim *sim, size_t index)
{
    struct sim_node *node = &sim->node[index];
    if (!node->used || node->retired || node->kv != NULL) {
        return;
    }
    CHECK(kv_open(node->name, NULL, &node->kv) == ERR_NONE);
    node->boots++;
    if (sim->healed || random_chance(&sim->random, 300)) {
        kv_memory_set_commit_fault(node->kv, KV_MEMORY_SOUND); /* somebody has made room */
    }
    enum err err = node->is_auditor ? open_auditor(sim, node) : open_station(sim, node);
    bool dies = err == ERR_FULL || err == ERR_STORE; /* opening commits, too */
    if (dies && node->failed_opens < 100) {
        node->failed_opens++;
        node_died(sim, index, DOWN_MS);
        return;
    }
    node->failed_opens = 0;
    if (err != ERR_NONE) {
        sim_fail(sim, "I1", "%s does not open its store again: %s", node->name, err_name(err));
        kv_close(node->kv);
        node->kv = NULL;
        return;
    }
    sim_at(sim, random_between(&sim->random, 10, 2000), SIM_CONNECT, index);
    node_settle(sim, index, ERR_NONE);
}

void node_stop(struct sim *sim, size_t index)
{
    struct sim_node *node = &sim->node[index];
    if (node->kv == NULL) {
        return;
    }
    station_close(node->station);
    auditor_close(node->auditor);
    node->station = NULL;
    node->auditor = NULL;
    kv_close(node->kv);
    node->kv = NULL;
    node->connected = false;
    node->wants_reconnect = false;
    node->serial = ++sim->serials;
    node->tick_serial = ++sim->serials;
    node->tick_ms = 0;
}

void node_died(struct sim *sim, size_t index, uint64_t down_ms)
{
    node_stop(sim, index);
    inv_after_loss(sim, index);
    sim_at(sim, random_between(&sim->random, 100, down_ms), SIM_START, index);
}

bool node_is_behind(const struct sim_node *node)
{
    struct station_status status = {0};
    if (!node->is_auditor) {
        station_status(node->station, &status);
    }
    return status.behind;
}

void node_connect(struct sim *sim, size_t index)
{
    struct sim_node *node = &sim->node[index];
    struct port port = {sim, index};
    if (node->kv == NULL || node->connected) {
        return;
    }
    if (node->unplugged || node->cut[0] || node->cut[1] || sim->hub.kv == NULL) {
        sim_at(sim, random_between(&sim->random, 500, RETRY_MS), SIM_CONNECT, index);
        return;
    }
    if (node_is_behind(node)) { /* as with its daemon the line rests */
        node_died(sim, index, DOWN_MS);
        return;
    }
    node->serial = ++sim->serials;
    node->connected = true;
    node->last_ms[0] = sim->now_ms;
    node->last_ms[1] = sim->now_ms;
    if (node->is_auditor) {
        struct auditor_port to = {&port, send_frame, reconnect};
        auditor_connected(node->auditor, &to, sim->now_ms);
        node_settle(sim, index, auditor_tick(node->auditor, &to, sim->now_ms));
    } else {
        struct station_port to = {&port, send_frame, reconnect};
        station_connected(node->station, &to, sim->now_ms);
        node_settle(sim, index,
                    station_tick(node->station, &to, sim->now_ms, sim_wall(sim, &node->clock)));
    }
}

void node_line_lost(struct sim *sim, size_t index)
{
    struct sim_node *node = &sim->node[index];
    if (node->kv == NULL || !node->connected) {
        return;
    }
    node->connected = false;
    node->serial = ++sim->serials;
    if (node->is_auditor) {
        auditor_disconnected(node->auditor, sim->now_ms);
    } else {
        station_disconnected(node->station, sim->now_ms);
    }
    sim_at(sim, random_between(&sim->random, 50, 3000), SIM_CONNECT, index);
}

void node_frame(struct sim *sim, size_t index, struct span bytes)
{
    struct sim_node *node = &sim->node[index];
    struct port port = {sim, index};
    enum err err = ERR_NONE;
    if (node->is_auditor) {
        struct auditor_port to = {&port, send_frame, reconnect};
        err = auditor_frame(node->auditor, &to, bytes, sim->now_ms);
    } else {
        struct station_port to = {&port, send_frame, reconnect};
        err = station_frame(node->station, &to, bytes, sim->now_ms, sim_wall(sim, &node->clock));
    }
    node_settle(sim, index, err);
}

void node_bell(struct sim *sim, size_t index, struct span bytes)
{
    struct sim_node *node = &sim->node[index];
    if (node->is_auditor) {
        auditor_doorbell(node->auditor, bytes, sim->now_ms);
    } else {
        station_doorbell(node->station, bytes, sim->now_ms);
    }
    node_settle(sim, index, ERR_NONE);
}

/* As the auditor's program does: what was mirrored is verified before the next question. */
static enum err tick_auditor(struct sim *sim, struct sim_node *node, struct port *port)
{
    struct auditor_port to = {port, send_frame, reconnect};
    uint64_t done = 0;
    enum err err = auditor_replay(node->auditor, REPLAY_ROUND, &done);
    return err != ERR_NONE ? err : auditor_tick(node->auditor, &to, sim->now_ms);
}

void node_tick(struct sim *sim, size_t index)
{
    struct sim_node *node = &sim->node[index];
    struct port port = {sim, index};
    enum err err = ERR_NONE;
    if (node->is_auditor) {
        err = tick_auditor(sim, node, &port);
    } else {
        struct station_port to = {&port, send_frame, reconnect};
        err = station_tick(node->station, &to, sim->now_ms, sim_wall(sim, &node->clock));
    }
    node_settle(sim, index, err);
}

static uint64_t deadline(struct sim *sim, const struct sim_node *node)
{
    if (!node->is_auditor) {
        return station_deadline(node->station);
    }
    struct auditor_status status;
    auditor_status(node->auditor, &status);
    uint64_t at_ms = auditor_deadline(node->auditor);
    uint64_t soon_ms =
        sim->now_ms +
        (node->auditor != NULL && status.replayed < status.mirrored ? 500 : 60 * 1000);
    return at_ms < soon_ms ? at_ms : soon_ms;
}

/* After each input: the machine may have died, want a new line, or need a timer. */
void node_settle(struct sim *sim, size_t index, enum err err)
{
    struct sim_node *node = &sim->node[index];
    if (!node->is_auditor && err == ERR_NONE) {
        inv_station_moved(sim, index);
    }
    if (err != ERR_NONE) {
        node_died(sim, index, DOWN_MS);
        return;
    }
    if (node->wants_reconnect) {
        node->wants_reconnect = false;
        node_line_lost(sim, index);
    }
    uint64_t at_ms = deadline(sim, node);
    if (at_ms == SYNC_NEVER) {
        return;
    }
    at_ms = at_ms <= sim->now_ms ? sim->now_ms + 1 : at_ms;
    if (node->tick_ms <= sim->now_ms || at_ms < node->tick_ms) {
        node->tick_ms = at_ms;
        node->tick_serial = ++sim->serials;
        sim_at_serial(sim, at_ms - sim->now_ms, SIM_TICK, index, node->tick_serial);
    }
}
