#include "sim.h"

#include "base/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HOUR_MS = 60 * 60 * 1000,
    LOOK_MS = 6 * 60 * 1000,
    STEPS_MAX = 4000000,
    REST_MS = 45 * 60 * 1000
};

const char *const sim_what_names[] = {"tick", "connect", "lost",    "up",      "down",
                                      "bell", "start",   "work",    "trouble", "commit",
                                      "hub",  "hubtick", "hubwork", "look",    "heal"};

void sim_fail(struct sim *sim, const char *invariant, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    if (!sim->failed) {
        (void)fprintf(stderr, "seed %llu: %s broken at %llu ms: ", (unsigned long long)sim->seed,
                      invariant, (unsigned long long)sim->now_ms);
        (void)vfprintf(stderr, format, list);
        (void)fprintf(stderr, "\n  again: tests/sim/run --seeds 1 --from %llu%s --verbose\n",
                      (unsigned long long)sim->seed, sim->is_short ? " --short" : "");
    }
    va_end(list);
    sim->failed = true;
    sim->counters->violations++;
}

void sim_say(const struct sim *sim, const char *format, ...)
{
    va_list list;
    if (!sim->verbose) {
        return;
    }
    va_start(list, format);
    (void)printf("%10llu ", (unsigned long long)sim->now_ms);
    (void)vprintf(format, list);
    (void)printf("\n");
    va_end(list);
}

void sim_at_serial(struct sim *sim, uint64_t delay_ms, enum sim_what what, size_t node,
                   uint64_t serial)
{
    struct sim_event event = {
        .at_ms = sim->now_ms + delay_ms, .what = what, .node = node, .serial = serial};
    queue_push(&sim->queue, &event);
}

void sim_at(struct sim *sim, uint64_t delay_ms, enum sim_what what, size_t node)
{
    sim_at_serial(sim, delay_ms, what, node, 0);
}

void sim_count(struct sim *sim, enum sim_fault fault)
{
    sim->counters->faults[fault]++;
}

uint64_t sim_wall(const struct sim *sim, const struct sim_clock *clock)
{
    return clock->stopped ? clock->stopped_ms
                          : (uint64_t)((int64_t)(SIM_START_MS + sim->now_ms) + clock->offset_ms);
}

uint64_t sim_digest(const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint64_t digest = UINT64_C(0xcbf29ce484222325) ^ size;
    for (size_t i = 0; i < size; i++) {
        /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): all size bytes */
        digest = (digest ^ at[i]) * UINT64_C(0x100000001b3);
    }
    return digest;
}

void sim_grow(void **array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return;
    }
    *capacity = *capacity == 0 ? 64 : *capacity * 2;
    *array = realloc(*array, *capacity * size);
    CHECK(*array != NULL);
}

static void trace(struct sim *sim, const struct sim_event *event)
{
    uint64_t now[4] = {event->at_ms, (uint64_t)event->what, event->node,
                       event->size == 0 ? 0 : sim_digest(event->bytes, event->size)};
    uint64_t digest = sim_digest(now, sizeof now);
    sim->trace = (sim->trace ^ digest) * UINT64_C(0x9e3779b97f4a7c15);
}

/* --- A town of its own --- */

static void add_node(struct sim *sim, size_t index, const char *kind)
{
    struct sim_node *node = &sim->node[index];
    node->used = true;
    (void)snprintf(node->name, sizeof node->name, "%s-%zu", kind, index);
    node->disk = kv_memory_disk_new(node->name);
}

static void set_up(struct sim *sim)
{
    const struct founding *town = founding_get();
    sim->station_count = random_between(&sim->random, 1, SIM_STATIONS);
    size_t auditors = random_between(&sim->random, 1, SIM_AUDITORS);
    sim->hub.disk = kv_memory_disk_new("hub");
    kv_memory_restore(sim->hub.disk, town->hub_image);
    sim->hub.epoch = 1;
    for (size_t i = 0; i < sim->station_count; i++) {
        add_node(sim, i, "station");
        sim->node[i].who = &town->station[i];
    }
    for (size_t i = 0; i < auditors; i++) {
        add_node(sim, SIM_CLONE + 1 + i, "auditor");
        sim->node[SIM_CLONE + 1 + i].is_auditor = true;
    }
    hub_shell_start(sim);
    for (size_t i = 0; i < SIM_NODES; i++) {
        sim_at(sim, random_below(&sim->random, 5000), SIM_START, i);
    }
    for (size_t i = 0; i < sim->station_count; i++) {
        sim_at(sim, random_between(&sim->random, 20000, 120000), SIM_WORK, i);
    }
    sim_at(sim, 60000, SIM_HUB_WORK, 0);
    sim_at(sim, LOOK_MS, SIM_LOOK, 0);
    trouble_plan(sim);
}

static void tear_down(struct sim *sim)
{
    for (size_t i = 0; i < SIM_NODES; i++) {
        node_stop(sim, i);
        if (sim->node[i].disk != NULL) {
            kv_memory_disk_free(sim->node[i].disk);
        }
        kv_memory_image_free(sim->node[i].backup);
    }
    hub_shell_stop(sim);
    kv_memory_disk_free(sim->hub.disk);
    kv_memory_image_free(sim->hub.backup);
    queue_done(&sim->queue);
    wire_arena_done(&sim->arena);
    wire_arena_done(&sim->body_arena);
    buf_done(&sim->out);
    free(sim->kept);
    free(sim->leaf);
    free(sim->root);
    free(sim->record);
    free(sim->frame);
    free(sim->event);
    free(sim->scratch);
}

/* --- What happens next --- */

static void happen_at_node(struct sim *sim, const struct sim_event *event)
{
    struct sim_node *node = &sim->node[event->node];
    struct span bytes = span_of(event->bytes, event->size);
    bool up = node->kv != NULL;
    bool same_line = up && node->connected && node->serial == event->serial;
    if (event->what == SIM_START) {
        node_start(sim, event->node);
    } else if (event->what == SIM_CONNECT) {
        node_connect(sim, event->node);
    } else if (event->what == SIM_TICK && up && node->tick_serial == event->serial) {
        node->tick_ms = 0;
        node_tick(sim, event->node);
    } else if (event->what == SIM_LOST && same_line) {
        node_line_lost(sim, event->node);
    } else if (event->what == SIM_DOWN && same_line) {
        sim->counters->frames++;
        node_frame(sim, event->node, bytes);
    } else if (event->what == SIM_BELL && same_line) {
        node_bell(sim, event->node, bytes);
    } else if (event->what == SIM_WORK) {
        work_at_station(sim, event->node);
    }
}

/* Now and then a station's facts are folded anew. */
static void look(struct sim *sim)
{
    inv_04_rebuild(sim, random_below(&sim->random, SIM_CLONE));
    sim_at(sim, random_between(&sim->random, 1, UINT64_C(2) * LOOK_MS), SIM_LOOK, 0);
}

static void happen(struct sim *sim, const struct sim_event *event)
{
    bool hub_up = sim->hub.kv != NULL;
    bool this_boot = hub_up && event->serial == sim->hub.boots;
    switch (event->what) {
    case SIM_TICK:
    case SIM_CONNECT:
    case SIM_LOST:
    case SIM_DOWN:
    case SIM_BELL:
    case SIM_START:
    case SIM_WORK:
        happen_at_node(sim, event);
        return;
    case SIM_UP:
        sim->counters->frames += hub_up;
        hub_shell_frame(sim, event->node, event->serial, span_of(event->bytes, event->size));
        return;
    case SIM_TROUBLE:
        trouble_next(sim);
        return;
    case SIM_COMMIT:
        if (this_boot) {
            hub_shell_commit(sim);
        }
        return;
    case SIM_HUB_START:
        hub_shell_start(sim);
        return;
    case SIM_HUB_TICK:
        if (this_boot) {
            hub_shell_tick(sim);
        }
        return;
    case SIM_HUB_WORK:
        work_at_hub(sim);
        return;
    case SIM_LOOK:
        look(sim);
        return;
    case SIM_HEAL:
        trouble_heal(sim);
        return;
    }
}

static void run_on(struct sim *sim)
{
    struct sim_event event;
    uint64_t look_ms = 0;
    for (uint64_t step = 0; step < STEPS_MAX && !sim->failed; step++) {
        if (!queue_pop(&sim->queue, &event)) {
            break;
        }
        sim->now_ms = event.at_ms;
        trace(sim, &event);
        happen(sim, &event);
        free(event.bytes);
        sim->counters->steps++;
        if (sim->healed && sim->now_ms >= look_ms) {
            look_ms = sim->now_ms + 60000;
            if (inv_at_rest(sim)) {
                return;
            }
        }
        if (sim->healed && sim->now_ms > sim->end_ms) {
            return; /* inv_15_liveness tells who is late */
        }
    }
}

static void choose(struct sim *sim)
{
    uint64_t dice = random_below(&sim->random, 100);
    sim->scenario = dice < 15   ? SCENARIO_CLONE
                    : dice < 23 ? SCENARIO_HUB_RESTORED
                    : dice < 50 ? SCENARIO_FORGED
                                : SCENARIO_PLAIN;
    sim->scenario = sim->new_log ? SCENARIO_NEW_EPOCH : sim->scenario;
    uint64_t hours = sim->is_short ? 2 : random_between(&sim->random, 2, 8);
    sim->heal_ms = hours * HOUR_MS;
    /* A copy that writes nothing hears of the other when it renews its greeting. */
    bool slow = sim->scenario == SCENARIO_CLONE || sim->scenario == SCENARIO_HUB_RESTORED;
    sim->end_ms = sim->heal_ms + (slow ? 2 * HOUR_MS : REST_MS);
}

bool sim_run(const struct sim_options *options, struct sim_counters *counters, uint64_t *ret_trace)
{
    struct sim *sim = calloc(1, sizeof *sim);
    CHECK(sim != NULL);
    sim->seed = options->seed;
    sim->is_short = options->is_short;
    sim->new_log = options->new_log;
    sim->verbose = options->verbose;
    sim->random.state = options->seed * UINT64_C(0x2545f4914f6cdd1d) + 1;
    sim->counters = counters;
    sim->frame = calloc(1, sizeof *sim->frame);
    sim->event = calloc(1, sizeof *sim->event);
    sim->scratch = calloc(1, sizeof *sim->scratch);
    CHECK(sim->frame != NULL && sim->event != NULL && sim->scratch != NULL);
    CHECK(wire_arena_init(&sim->arena, WIRE_FRAME_ARENA) == ERR_NONE);
    CHECK(wire_arena_init(&sim->body_arena, WIRE_EVENT_ARENA) == ERR_NONE);
    buf_init(&sim->out, LIMIT_FRAME_SIZE);
    choose(sim);
    set_up(sim);
    run_on(sim);
    if (!sim->failed) {
        inv_end(sim);
    }
    if (!sim->failed && sim->scenario == SCENARIO_FORGED) {
        inv_forged(sim);
    }
    counters->seeds++;
    counters->virtual_ms += sim->now_ms;
    bool good = !sim->failed;
    *ret_trace = sim->trace;
    tear_down(sim);
    free(sim);
    return good;
}
