#include "sim.h"

#include <string.h>

/* What goes wrong, and when. Each seed does without some of it, so that no fault hides another. */

enum { MINUTE_MS = 60 * 1000, PAUSE_MS = 12 * MINUTE_MS, DAY_MS = 24 * 60 * MINUTE_MS };

static uint32_t some(struct sim *sim, uint32_t per_mille_max)
{
    return random_chance(&sim->random, 400)
               ? 0
               : (uint32_t)random_between(&sim->random, 1, per_mille_max);
}

void trouble_plan(struct sim *sim)
{
    struct sim_weather *weather = &sim->weather;
    weather->loss = some(sim, 300);
    weather->duplicate = some(sim, 300);
    weather->reorder = some(sim, 200);
    weather->delay = some(sim, 200);
    weather->corrupt = some(sim, 60);
    weather->bell_loss = 300;
    for (int i = 0; i < FAULT_COUNT; i++) {
        weather->trouble[i] = random_chance(&sim->random, 500);
    }
    sim_at(sim, random_between(&sim->random, MINUTE_MS, UINT64_C(2) * PAUSE_MS), SIM_TROUBLE, 0);
    sim_at(sim, sim->heal_ms, SIM_HEAL, 0);
}

static struct sim_node *some_station(struct sim *sim, size_t *ret_index)
{
    size_t last = sim->node[SIM_CLONE].used ? sim->station_count + 1 : sim->station_count;
    size_t index = random_below(&sim->random, last);
    index = index == sim->station_count ? SIM_CLONE : index;
    *ret_index = index;
    return &sim->node[index];
}

static void trouble_hub(struct sim *sim, enum sim_fault fault)
{
    struct sim_hub *shell = &sim->hub;
    if (shell->kv == NULL) {
        return;
    }
    if (fault == FAULT_HUB_BEFORE) {
        kv_memory_set_commit_fault(shell->kv, KV_MEMORY_CRASH_BEFORE);
    } else if (fault == FAULT_HUB_AFTER) {
        kv_memory_set_commit_fault(shell->kv, KV_MEMORY_CRASH_AFTER);
    } else if (fault == FAULT_HUB_FULL) {
        kv_memory_set_commit_fault(shell->kv, random_chance(&sim->random, 500) ? KV_MEMORY_FULL
                                                                               : KV_MEMORY_SOUND);
    } else {
        kv_memory_crash(shell->kv);
        hub_shell_died(sim);
    }
    sim_count(sim, fault);
}

/* The machine loses its power; a disk that lied loses more. */
static void cut_power(struct sim *sim, size_t index, uint64_t down_ms)
{
    struct sim_node *node = &sim->node[index];
    if (node->kv != NULL) {
        kv_memory_crash(node->kv);
        node_died(sim, index, down_ms);
    }
}

static void lie(struct sim *sim, size_t index)
{
    struct sim_node *node = &sim->node[index];
    if (node->kv == NULL) {
        return;
    }
    node->tainted = true;
    cut_power(sim, index, PAUSE_MS);
    inv_after_loss(sim, index);
    kv_memory_set_lying_flush(node->disk, random_between(&sim->random, 1, 6));
    sim_count(sim, FAULT_LYING_FLUSH);
}

/* A backup is taken, and comes back later. */
static void restore_station(struct sim *sim, size_t index)
{
    struct sim_node *node = &sim->node[index];
    if (node->backup == NULL) {
        node->backup = kv_memory_snapshot(node->disk);
        return;
    }
    node_stop(sim, index);
    kv_memory_restore(node->disk, node->backup);
    kv_memory_image_free(node->backup);
    node->backup = NULL;
    node->tainted = true;
    inv_after_loss(sim, index);
    sim_at(sim, random_between(&sim->random, 1000, PAUSE_MS), SIM_START, index);
    sim_count(sim, FAULT_STATION_RESTORED);
}

static void trouble_disk(struct sim *sim, enum sim_fault fault)
{
    size_t index = 0;
    struct sim_node *node = some_station(sim, &index);
    if (fault == FAULT_STATION_RESTORED) {
        restore_station(sim, index);
        return;
    }
    if (fault == FAULT_LYING_FLUSH) {
        lie(sim, index);
        return;
    }
    if (node->kv == NULL) {
        return;
    }
    sim_count(sim, fault);
    if (fault == FAULT_STATION_BEFORE) {
        kv_memory_set_commit_fault(node->kv, KV_MEMORY_CRASH_BEFORE);
    } else if (fault == FAULT_STATION_AFTER) {
        kv_memory_set_commit_fault(node->kv, KV_MEMORY_CRASH_AFTER);
    } else if (fault == FAULT_DISK_FULL) {
        kv_memory_set_commit_fault(node->kv, random_chance(&sim->random, 500) ? KV_MEMORY_FULL
                                                                              : KV_MEMORY_SOUND);
    } else {
        cut_power(sim, index, PAUSE_MS);
        inv_after_loss(sim, index);
    }
}

static void trouble_clock(struct sim *sim)
{
    static const int64_t spans_ms[] = {1000,   60000,         3600000,
                                       DAY_MS, 90LL * DAY_MS, 3650LL * DAY_MS};
    size_t index = 0;
    struct sim_node *node = some_station(sim, &index);
    bool at_hub = random_chance(&sim->random, 150);
    struct sim_clock *clock = at_hub ? &sim->hub.clock : &node->clock;
    int64_t span_ms = spans_ms[random_below(&sim->random, at_hub ? 4 : 6)];
    uint64_t wall_ms = sim_wall(sim, clock);
    clock->stopped = random_chance(&sim->random, 150);
    clock->stopped_ms = wall_ms;
    clock->offset_ms = random_chance(&sim->random, 500) ? span_ms : -span_ms;
    sim_count(sim, FAULT_CLOCK);
}

static void trouble_line(struct sim *sim, enum sim_fault fault)
{
    size_t index = random_below(&sim->random, SIM_NODES);
    struct sim_node *node = &sim->node[index];
    if (!node->used) {
        return;
    }
    sim_count(sim, fault);
    if (fault == FAULT_LINE_LOST) {
        node_line_lost(sim, index);
    } else if (fault == FAULT_PARTITION) {
        node->cut[random_below(&sim->random, 2)] = true;
    } else {
        node->unplugged = true;
        node_line_lost(sim, index);
    }
}

static void mend_lines(struct sim *sim)
{
    for (size_t i = 0; i < SIM_NODES; i++) {
        if (random_chance(&sim->random, 600)) {
            sim->node[i].cut[0] = false;
            sim->node[i].cut[1] = false;
            sim->node[i].unplugged = false;
        }
    }
}

/* Two machines from one disk, both writing. */
static void clone_station(struct sim *sim)
{
    struct sim_node *origin = &sim->node[0];
    struct sim_node *copy = &sim->node[SIM_CLONE];
    if (copy->used) {
        return;
    }
    struct kv_image *image = kv_memory_snapshot(origin->disk);
    copy->used = true;
    copy->who = origin->who;
    copy->tainted = true;
    origin->tainted = true;
    memcpy(copy->name, "clone", sizeof "clone");
    copy->disk = kv_memory_disk_new(copy->name);
    kv_memory_restore(copy->disk, image);
    kv_memory_image_free(image);
    sim_at(sim, 1000, SIM_START, SIM_CLONE);
    sim_at(sim, 60000, SIM_WORK, SIM_CLONE);
    sim_count(sim, FAULT_CLONE);
}

/* What the hub's people did since the backup is gone, and its new log starts behind what is left.
 * Whoever mirrors it starts a new mirror. */
static void begin_epoch(struct sim *sim)
{
    struct sim_hub *shell = &sim->hub;
    shell->epoch++;
    shell->backup = NULL;
    for (size_t i = shell->backup_kept; i < sim->kept_count; i++) {
        sim->kept[i].lost = sim->kept[i].lost || sim->kept[i].device == SIM_STATIONS;
    }
    sim->leaf_count = shell->backup_size;
    memset(sim->root, 0, sim->root_count * sizeof *sim->root);
    sim->policy_published = false;
    for (size_t i = SIM_CLONE + 1; i < SIM_NODES; i++) {
        struct sim_node *node = &sim->node[i];
        if (node->used) {
            node_stop(sim, i);
            kv_memory_disk_free(node->disk);
            node->disk = kv_memory_disk_new(node->name);
            sim_at(sim, random_between(&sim->random, 100, PAUSE_MS), SIM_START, i);
        }
    }
}

/* The hub comes back from a backup, with or without the new epoch that an operator owes it. */
static void restore_hub(struct sim *sim)
{
    struct sim_hub *shell = &sim->hub;
    if (shell->backup == NULL) {
        shell->backup = kv_memory_snapshot(shell->disk);
        shell->backup_size = sim->leaf_count;
        shell->backup_kept = sim->kept_count;
        return;
    }
    if (shell->went_back || shell->epoch > 1 || sim->leaf_count < shell->backup_size + 5) {
        return;
    }
    for (size_t i = 0; i < sim->station_count; i++) {
        struct station_status status = {0};
        if (sim->node[i].kv != NULL) {
            station_status(sim->node[i].station, &status);
        }
        sim->knew[i] = status.log_size;
    }
    hub_shell_stop(sim);
    kv_memory_restore(shell->disk, shell->backup);
    shell->back_size = shell->backup_size;
    sim_say(sim, "the hub is restored: %zu leaves become %llu", sim->leaf_count,
            (unsigned long long)shell->back_size);
    if (sim->scenario == SCENARIO_NEW_EPOCH) {
        kv_memory_image_free(shell->backup);
        begin_epoch(sim);
    } else {
        shell->went_back = true;
    }
    sim_count(sim, FAULT_HUB_RESTORED);
    hub_shell_died(sim);
}

static void restart_auditor(struct sim *sim)
{
    size_t index = SIM_CLONE + 1 + random_below(&sim->random, SIM_AUDITORS);
    if (sim->node[index].kv != NULL) {
        cut_power(sim, index, PAUSE_MS);
        sim_count(sim, FAULT_AUDITOR_RESTART);
    }
}

static void do_trouble(struct sim *sim, enum sim_fault fault)
{
    switch (fault) {
    case FAULT_HUB_BEFORE:
    case FAULT_HUB_AFTER:
    case FAULT_HUB_POWER:
    case FAULT_HUB_FULL:
        trouble_hub(sim, fault);
        return;
    case FAULT_STATION_BEFORE:
    case FAULT_STATION_AFTER:
    case FAULT_STATION_POWER:
    case FAULT_DISK_FULL:
    case FAULT_LYING_FLUSH:
    case FAULT_STATION_RESTORED:
        trouble_disk(sim, fault);
        return;
    case FAULT_CLOCK:
        trouble_clock(sim);
        return;
    case FAULT_AUDITOR_RESTART:
        restart_auditor(sim);
        return;
    case FAULT_PARTITION:
    case FAULT_LINE_LOST:
    case FAULT_OFFLINE:
        trouble_line(sim, fault);
        return;
    case FAULT_LOSS:
    case FAULT_DUPLICATE:
    case FAULT_REORDER:
    case FAULT_DELAY:
    case FAULT_CORRUPT:
    case FAULT_BELL_LOST:
    case FAULT_BLOCKED:
    case FAULT_HUB_RESTORED:
    case FAULT_CLONE:
    case FAULT_COUNT:
        return;
    }
}

void trouble_next(struct sim *sim)
{
    if (sim->healed) {
        return;
    }
    mend_lines(sim);
    if (sim->scenario == SCENARIO_CLONE && random_chance(&sim->random, 300)) {
        clone_station(sim);
    }
    bool hub = sim->scenario == SCENARIO_HUB_RESTORED || sim->scenario == SCENARIO_NEW_EPOCH;
    if (hub && random_chance(&sim->random, 300)) {
        restore_hub(sim);
    }
    uint64_t count = random_between(&sim->random, 1, 4);
    for (uint64_t i = 0; i < count; i++) {
        enum sim_fault fault = (enum sim_fault)random_below(&sim->random, FAULT_COUNT);
        if (sim->weather.trouble[fault]) {
            do_trouble(sim, fault);
        }
    }
    sim_at(sim, random_between(&sim->random, 1000, PAUSE_MS), SIM_TROUBLE, 0);
}

void trouble_heal(struct sim *sim)
{
    sim->healed = true;
    sim_say(sim, "healed");
    for (size_t i = 0; i < SIM_NODES; i++) {
        struct sim_node *node = &sim->node[i];
        node->cut[0] = false;
        node->cut[1] = false;
        node->unplugged = false;
        if (node->kv != NULL) {
            kv_memory_set_commit_fault(node->kv, KV_MEMORY_SOUND);
        }
        if (node->disk != NULL) {
            kv_memory_set_lying_flush(node->disk, 0);
        }
        node_start(sim, i);
        if (node->kv != NULL) {
            kv_memory_set_commit_fault(node->kv, KV_MEMORY_SOUND);
        }
    }
    if (sim->node[SIM_CLONE].used) {
        node_stop(sim, SIM_CLONE);
        sim->node[SIM_CLONE].retired = true;
    }
    hub_shell_start(sim);
    if (sim->hub.kv != NULL) {
        kv_memory_set_commit_fault(sim->hub.kv, KV_MEMORY_SOUND);
    }
}
