/* What the hub's mind costs an event, beside the verification of its signature: one thread, real
 * rules, real store, pushes of 100 events, one commit a push. Prints one JSON object. */
#include "tests/bench/visits.h"
#include "township-hub/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EVENT_COUNT_DEFAULT = 10000, PUSH_COUNT = LIMIT_BATCH_COUNT, GROUP_COUNT = 8 };

static double cpu_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double wall_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static uint32_t accepted_of(const struct hub_push *push)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < hub_push_count(push); i++) {
        count += push->events[i].answer.verdict == WIRE_ACCEPTED ? 1 : 0;
    }
    return count;
}

static double time_verify(const struct town *town, const struct town_event *events)
{
    double start = cpu_us();
    size_t bad = 0;
    for (int i = 0; i < PUSH_COUNT; i++) {
        bad += seal_verify(signer_public_view(town->worker.signer), SEAL_EVENT,
                           events[i].envelope.body, events[i].envelope.signature)
                   ? 0
                   : 1;
    }
    if (bad != 0) {
        (void)fprintf(stderr, "a signature does not hold\n");
        _Exit(1);
    }
    return cpu_us() - start;
}

static double time_decode(const struct town *town, const struct town_event *events)
{
    double start = cpu_us();
    for (int i = 0; i < PUSH_COUNT; i++) {
        if (wire_event_decode(events[i].envelope.body, &town->hub->arena, town->hub->event) !=
            ERR_NONE) {
            _Exit(1);
        }
    }
    return cpu_us() - start;
}

static const char *const table_names[KV_TABLE_COUNT] = {
    [KV_META] = "meta",           [KV_EVENT] = "event",   [KV_ANSWER] = "answer",
    [KV_LEAF] = "leaf",           [KV_TILE] = "tile",     [KV_CHAIN] = "chain",
    [KV_HEAD] = "head",           [KV_FEED] = "feed",     [KV_RECORD] = "record",
    [KV_TENTATIVE] = "tentative", [KV_INDEX] = "index",   [KV_BLOB] = "blob",
    [KV_TASK] = "task",           [KV_OUTBOX] = "outbox", [KV_WORLD] = "world",
    [KV_EVIDENCE] = "evidence",   [KV_DRAFT] = "draft",   [KV_CACHE] = "cache",
    [KV_PART] = "part",
};

static void print_tables(const struct kv_stat *before, const struct kv_stat *after, double count)
{
    const char *comma = "";
    (void)printf(",\"table_bytes\":{");
    for (int i = 0; i < KV_TABLE_COUNT; i++) {
        double grown = (double)after->table_size[i] - (double)before->table_size[i];
        if (grown > 0) {
            (void)printf("%s\"%s\":%.1f", comma, table_names[i], grown / count);
            comma = ",";
        }
    }
    (void)printf("}");
}

struct sums {
    double verify; /* us of the processor */
    double decode;
    double check;
    double ingest;
    double wall;
    uint64_t bytes;
    uint32_t accepted;
};

/* One commit: a group of pushes, as the daemon makes it of what several stations send. */
static void run_group(struct town *town, uint32_t first, struct sums *sums)
{
    struct town_event events[PUSH_COUNT];
    struct hub_push *group[GROUP_COUNT];
    for (uint32_t push = 0; push < GROUP_COUNT; push++) {
        uint64_t seq = town->chain.seq + 1;
        for (uint32_t i = 0; i < PUSH_COUNT; i++) {
            visits_write(town, first + push * PUSH_COUNT + i, &events[i]);
            sums->bytes += events[i].envelope.body.size + LIMIT_SIGNATURE_SIZE;
        }
        sums->verify += time_verify(town, events);
        sums->decode += time_decode(town, events);
        group[push] = town_push_make(town, events, PUSH_COUNT, seq);
        for (uint32_t i = 0; i < PUSH_COUNT; i++) {
            town_event_done(&events[i]);
        }
    }
    double start = cpu_us();
    double wall = wall_us();
    for (uint32_t push = 0; push < GROUP_COUNT; push++) {
        hub_push_check(town->hub, group[push]);
    }
    double checked = cpu_us();
    if (hub_ingest(town->hub, group, GROUP_COUNT, town->now_ms) != ERR_NONE) {
        _Exit(3);
    }
    sums->check += checked - start;
    sums->ingest += cpu_us() - checked;
    sums->wall += wall_us() - wall;
    for (uint32_t push = 0; push < GROUP_COUNT; push++) {
        sums->accepted += accepted_of(group[push]);
        hub_push_free(group[push]);
    }
}

int main(int argc, char **argv)
{
    uint32_t total = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : EVENT_COUNT_DEFAULT;
    struct town *town = town_open(1789689600000);
    struct sums sums = {0};
    struct kv_stat before;
    struct kv_stat after;
    if (kv_stat(town->kv, &before) != ERR_NONE) {
        _Exit(2);
    }
    for (uint32_t first = 0; first < total; first += PUSH_COUNT * GROUP_COUNT) {
        run_group(town, first, &sums);
    }
    total = (total + PUSH_COUNT * GROUP_COUNT - 1) / (PUSH_COUNT * GROUP_COUNT) * PUSH_COUNT *
            GROUP_COUNT;
    if (kv_stat(town->kv, &after) != ERR_NONE) {
        _Exit(2);
    }
    double count = total;
    double beside = sums.check + sums.ingest - sums.verify;
    (void)printf(
        "{\"events\":%u,\"accepted\":%u,\"verify_us\":%.1f,\"decode_us\":%.2f,\"check_us\":%.1f,"
        "\"ingest_us\":%.1f,\"beside_verify_us\":%.1f,\"wall_us\":%.1f,"
        "\"envelope_bytes\":%.0f,\"disk_bytes\":%.0f",
        total, sums.accepted, sums.verify / count, sums.decode / count, sums.check / count,
        sums.ingest / count, beside / count, sums.wall / count, (double)sums.bytes / count,
        (double)(after.used_size - before.used_size) / count);
    print_tables(&before, &after, count);
    (void)printf("}\n");
    town_close(town);
    return 0;
}
