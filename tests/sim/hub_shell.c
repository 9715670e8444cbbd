#include "base/check.h"
#include "sim.h"
#include "township-hub/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The hub's daemon without sockets: what township-hub/daemon.c does with its core. */

enum { TICK_MS = 60 * 1000, COMMIT_MS = 30, DOWN_MS = 20 * 60 * 1000 };

static uint64_t wall(const struct sim *sim)
{
    return sim_wall(sim, &sim->hub.clock);
}

static const uint8_t *device_of(const struct sim *sim, size_t node)
{
    static const uint8_t auditors[SIM_AUDITORS][LIMIT_KEY_SIZE] = {{77}, {78}};
    const struct sim_node *who = &sim->node[node];
    return who->is_auditor ? auditors[node - SIM_CLONE - 1] : signer_key_id_view(who->who->signer);
}

const char *hub_shell_origin(const struct sim *sim)
{
    static char origin[TLOG_ORIGIN_SIZE];
    (void)snprintf(origin, sizeof origin, "%s/%llu", FOUNDING_PREFIX,
                   (unsigned long long)sim->hub.epoch);
    return origin;
}

void hub_shell_start(struct sim *sim)
{
    struct sim_hub *shell = &sim->hub;
    const struct founding *town = founding_get();
    if (shell->kv != NULL) {
        return;
    }
    CHECK(kv_open("hub", NULL, &shell->kv) == ERR_NONE);
    struct hub_options options = {.kv = shell->kv,
                                  .hub = town->hub_id,
                                  .origin = hub_shell_origin(sim),
                                  .epoch = shell->epoch,
                                  .signer = town->hub_signer};
    put_u64(options.boot, ++shell->boots);
    enum err err = hub_open(&options, &shell->hub);
    if (err == ERR_STORE || err == ERR_FULL) { /* a new log is committed when it is opened */
        kv_memory_set_commit_fault(shell->kv, KV_MEMORY_SOUND);
        hub_shell_died(sim);
        return;
    }
    if (err != ERR_NONE) {
        sim_fail(sim, "I2", "the hub does not open its store again: %s", err_name(err));
        kv_close(shell->kv);
        shell->kv = NULL;
        return;
    }
    inv_hub_committed(sim);
    sim_at_serial(sim, TICK_MS, SIM_HUB_TICK, 0, shell->boots);
}

void hub_shell_stop(struct sim *sim)
{
    struct sim_hub *shell = &sim->hub;
    for (size_t i = 0; i < shell->waiting; i++) {
        hub_push_free(shell->flight[i].push);
    }
    shell->waiting = 0;
    shell->commit_due = false;
    shell->dying = false;
    shell->rung_size = 0;
    memset(shell->peer, 0, sizeof shell->peer);
    if (shell->kv != NULL) {
        hub_close(shell->hub);
        kv_close(shell->kv);
    }
    shell->hub = NULL;
    shell->kv = NULL;
}

void hub_shell_died(struct sim *sim)
{
    hub_shell_stop(sim);
    for (size_t i = 0; i < SIM_NODES; i++) {
        if (sim->node[i].connected) {
            sim_at_serial(sim, random_between(&sim->random, 1, 30000), SIM_LOST, i,
                          sim->node[i].serial);
        }
    }
    sim_at(sim, random_between(&sim->random, 100, DOWN_MS), SIM_HUB_START, 0);
}

static void send_nack(struct sim *sim, const struct sim_peer *peer, enum sync_nack_reason reason,
                      const struct sync_hub_action *action)
{
    struct sync_nack_body nack = {.incarnation = action->incarnation,
                                  .first_seq = action->first_seq,
                                  .reason = reason,
                                  .wanted_seq = action->wanted_seq,
                                  .hub_ms = wall(sim)};
    memcpy(nack.hub, founding_get()->hub_id, LIMIT_ID_SIZE);
    memcpy(nack.device, device_of(sim, peer->node), LIMIT_KEY_SIZE);
    buf_clear(&sim->out);
    if (hub_nack(sim->hub.hub, &nack, &sim->out) == ERR_NONE &&
        sim->node[peer->node].serial == peer->line) {
        net_send(sim, peer->node, false, buf_span(&sim->out));
    }
}

static void send(struct sim *sim, const struct sim_peer *peer, struct span frame)
{
    if (sim->node[peer->node].serial == peer->line) {
        net_send(sim, peer->node, false, frame);
    }
}

static void start_ingest(struct sim *sim, struct sim_peer *peer,
                         const struct sync_hub_action *action)
{
    struct sim_hub *shell = &sim->hub;
    struct hub_push *push = NULL;
    enum err err = shell->waiting >= SIM_FLIGHTS
                       ? ERR_BUSY
                       : hub_push_new(device_of(sim, peer->node), &action->frame->push, &push);
    if (err != ERR_NONE) {
        send_nack(sim, peer, SYNC_NACK_BUSY, action);
        sync_hub_ingested(&peer->session, false);
        return;
    }
    hub_push_set_line(push, peer->serial);
    hub_push_check(shell->hub, push);
    shell->flight[shell->waiting++] =
        (struct sim_flight){push, (size_t)(peer - shell->peer), peer->serial};
    if (!shell->commit_due) {
        shell->commit_due = true;
        sim_at_serial(sim, random_between(&sim->random, 1, COMMIT_MS), SIM_COMMIT, 0, shell->boots);
    }
}

static void answer(struct sim *sim, struct sim_peer *peer, const struct sync_hub_action *action)
{
    struct hub *hub = sim->hub.hub;
    const uint8_t *device = device_of(sim, peer->node);
    bool ok = false;
    uint64_t incarnation = 0;
    uint64_t seq = 0;
    enum err err = ERR_NONE;
    buf_clear(&sim->out);
    if (action->kind == SYNC_HUB_ANSWER_HELLO) {
        err =
            hub_welcome(hub, device, action->hello, wall(sim), &sim->out, &ok, &incarnation, &seq);
    } else if (action->kind == SYNC_HUB_ANSWER_PULL) {
        err = hub_pull(hub, device, &action->frame->pull, &sim->out);
    } else if (action->kind == SYNC_HUB_STORE_BLOB) {
        err = hub_blob_put(hub, &action->frame->blob, &sim->out);
    } else {
        err = hub_blob_get(hub, action->frame->blob.hash, peer->session.role == SYNC_ROLE_STATION,
                           &sim->out);
    }
    if (err == ERR_NONE) {
        send(sim, peer, buf_span(&sim->out));
    }
    sim->hub.dying = sim->hub.dying || err == ERR_STORE;
    if (action->kind == SYNC_HUB_ANSWER_HELLO) {
        sync_hub_greeted(&peer->session, err == ERR_NONE && ok, incarnation, seq);
    } else if (action->kind == SYNC_HUB_ANSWER_PULL) {
        sync_hub_pulled(&peer->session);
    } else {
        sync_hub_blob_done(&peer->session);
    }
}

/* False: the peer was dropped. */
static bool carry_out(struct sim *sim, struct sim_peer *peer, const struct sync_hub_action *action)
{
    switch (action->kind) {
    case SYNC_HUB_ANSWER_HELLO:
    case SYNC_HUB_ANSWER_PULL:
    case SYNC_HUB_STORE_BLOB:
    case SYNC_HUB_ANSWER_BLOB_GET:
        answer(sim, peer, action);
        return true;
    case SYNC_HUB_INGEST:
        start_ingest(sim, peer, action);
        return true;
    case SYNC_HUB_SEND_NACK:
        send_nack(sim, peer, action->reason, action);
        return true;
    case SYNC_HUB_DROP_PEER:
        peer->used = false;
        return false;
    case SYNC_HUB_NONE:
        return true;
    }
    return true;
}

static void drain(struct sim *sim, struct sim_peer *peer)
{
    struct sync_hub_action action;
    sync_hub_busy(&peer->session, sim->hub.waiting >= SIM_FLIGHTS);
    while (sync_hub_next(&peer->session, &action)) {
        if (!carry_out(sim, peer, &action)) {
            return;
        }
    }
}

static enum sync_role role_of(struct sim *sim, size_t node)
{
    const struct directory *directory = world_directory(hub_fold(sim->hub.hub)->world);
    if (sim->node[node].is_auditor) {
        return SYNC_ROLE_AUDITOR;
    }
    return directory_station(directory, device_of(sim, node)) != NULL ? SYNC_ROLE_STATION
                                                                      : SYNC_ROLE_NONE;
}

static struct sim_peer *peer_for(struct sim *sim, size_t node, uint64_t line)
{
    struct sim_hub *shell = &sim->hub;
    struct sync_options options = sync_options_default();
    struct sim_peer *chosen = &shell->peer[0];
    for (size_t i = 0; i < SIM_PEERS; i++) {
        struct sim_peer *peer = &shell->peer[i];
        if (peer->used && peer->node == node && peer->line == line) {
            return peer;
        }
        if (chosen->used && (!peer->used || peer->serial < chosen->serial)) {
            chosen = peer;
        }
    }
    memset(chosen, 0, sizeof *chosen);
    chosen->used = true;
    chosen->node = node;
    chosen->line = line;
    chosen->serial = ++shell->peer_serial;
    sync_hub_init(&chosen->session, &options, role_of(sim, node), founding_get()->hub_id,
                  device_of(sim, node), sim->now_ms);
    return chosen;
}

void hub_shell_frame(struct sim *sim, size_t node, uint64_t line, struct span bytes)
{
    struct sync_head_body head;
    const struct sync_head *claimed = NULL;
    struct sync_frame *frame = sim->frame;
    if (sim->hub.kv == NULL) {
        return;
    }
    struct sim_peer *peer = peer_for(sim, node, line);
    if (wire_frame_decode(bytes, &sim->arena, frame) != ERR_NONE) {
        sync_hub_malformed(&peer->session, sim->now_ms);
    } else {
        if (frame->kind == SYNC_HELLO) {
            claimed = &frame->hello.head;
        } else if (frame->kind == SYNC_PUSH) {
            claimed = &frame->push.head;
        }
        bool readable = claimed != NULL && claimed->present &&
                        wire_head_decode(claimed->body, &head) == ERR_NONE;
        sync_hub_frame(&peer->session, frame, readable ? &head : NULL, sim->now_ms);
    }
    drain(sim, peer);
    if (sim->hub.dying) {
        hub_shell_died(sim);
    }
}

static struct sim_peer *peer_of(struct sim *sim, const struct sim_flight *flight)
{
    struct sim_peer *peer = &sim->hub.peer[flight->peer];
    return peer->used && peer->serial == flight->serial ? peer : NULL;
}

/* I7: a place is answered for the very event that was pushed, never for another one there. */
static void inv_07_answers_the_event(struct sim *sim, const struct hub_push *push)
{
    struct kv_txn txn;
    struct inv_leaf leaf;
    kv_begin(sim->hub.kv, false, &txn);
    for (uint32_t i = 0; i < push->answered && !sim->failed; i++) {
        bool there =
            inv_leaf(sim, &hub_fold(sim->hub.hub)->log, &txn, push->first_index + i, &leaf);
        if (!there || memcmp(leaf.id, push->events[i].id, sizeof leaf.id) != 0) {
            sim_fail(sim, "I7", "the hub answers %llu.%llu with a leaf of another event",
                     (unsigned long long)push->incarnation,
                     (unsigned long long)push->first_seq + i);
        }
    }
    kv_abort(&txn);
}

/* Nothing, when a later push's reply answers this one, too. */
static void send_reply(struct sim *sim, const struct sim_peer *peer, const struct hub_push *push)
{
    struct span reply = hub_push_reply_view(push);
    if (reply.size > 0) {
        send(sim, peer, reply);
    }
}

static void finish(struct sim *sim, struct sim_flight *flight, size_t count, enum err err)
{
    for (size_t i = 0; i < count; i++) {
        struct sim_peer *peer = peer_of(sim, &flight[i]);
        if (peer == NULL) {
            continue;
        }
        if (err == ERR_NONE) {
            inv_07_answers_the_event(sim, flight[i].push);
            send_reply(sim, peer, flight[i].push);
        }
        sync_hub_ingested(&peer->session, err == ERR_NONE && hub_push_accepted(flight[i].push));
    }
    net_ring(sim);
    for (size_t i = 0; i < count; i++) {
        struct sim_peer *peer = peer_of(sim, &flight[i]);
        if (peer != NULL) {
            drain(sim, peer);
        }
    }
}

void hub_shell_commit(struct sim *sim)
{
    struct sim_hub *shell = &sim->hub;
    struct sim_flight flight[SIM_GROUP];
    struct hub_push *group[SIM_GROUP];
    shell->commit_due = false;
    size_t count = shell->waiting < SIM_GROUP ? shell->waiting : SIM_GROUP;
    for (size_t i = 0; i < count; i++) {
        flight[i] = shell->flight[i];
        group[i] = flight[i].push;
    }
    shell->waiting -= count;
    memmove(shell->flight, shell->flight + count, shell->waiting * sizeof *shell->flight);
    enum err err = hub_ingest(shell->hub, group, count, wall(sim));
    bool died = err == ERR_STORE;
    if (err == ERR_NONE) {
        inv_hub_committed(sim);
    }
    if (!died) {
        finish(sim, flight, count, err);
    }
    for (size_t i = 0; i < count; i++) {
        hub_push_free(group[i]);
    }
    if (died || shell->dying) {
        hub_shell_died(sim);
    } else if (shell->waiting > 0 && !shell->commit_due) {
        shell->commit_due = true;
        sim_at_serial(sim, 1, SIM_COMMIT, 0, shell->boots);
    }
}

void hub_shell_tick(struct sim *sim)
{
    for (size_t i = 0; i < SIM_PEERS; i++) {
        struct sim_peer *peer = &sim->hub.peer[i];
        if (peer->used) {
            sync_hub_tick(&peer->session, sim->now_ms);
            drain(sim, peer);
        }
    }
    if (sim->hub.dying) {
        hub_shell_died(sim);
        return;
    }
    sim_at_serial(sim, TICK_MS, SIM_HUB_TICK, 0, sim->hub.boots);
}
