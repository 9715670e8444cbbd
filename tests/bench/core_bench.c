/* What the hub's mind costs an event, beside the verification of its signature: one thread, real
 * rules, real store, pushes of 100 events, one commit a push. Prints one JSON object. */
#include "tests/support/town.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EVENT_COUNT_DEFAULT = 10000, PUSH_COUNT = LIMIT_BATCH_COUNT, CONTACT_RECEIVED = 1 };

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

/* A contact and a case that cites it, in turn; every case event changes a record. */
static void write_event(struct town *town, uint32_t number, struct town_event *ret)
{
    struct town_act contact;
    struct town_act act;
    town_act(&contact, WIRE_CONTACT, 100000 + number / 2, CONTACT_RECEIVED);
    if (number % 2 == 0) {
        town_number(&contact, FIELD_channel, 0, 1);
        town_text(&contact, FIELD_item, 0, "I51");
        contact.sealed_labels = 2;
        town_write(town, &town->worker, &contact, ret);
        return;
    }
    town_act(&act, WIRE_CASE, number / 2, 1);
    town_text(&act, FIELD_item, 0, "I51");
    town_bytes(&act, FIELD_contact, 0, contact.record, sizeof contact.record);
    act.sealed_labels = 2;
    town_write(town, &town->worker, &act, ret);
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

static const char *const table_names[KV_TABLE_COUNT] = {
    [KV_META] = "meta",           [KV_EVENT] = "event",   [KV_ANSWER] = "answer",
    [KV_LEAF] = "leaf",           [KV_TILE] = "tile",     [KV_CHAIN] = "chain",
    [KV_HEAD] = "head",           [KV_FEED] = "feed",     [KV_RECORD] = "record",
    [KV_TENTATIVE] = "tentative", [KV_INDEX] = "index",   [KV_BLOB] = "blob",
    [KV_TASK] = "task",           [KV_OUTBOX] = "outbox", [KV_WORLD] = "world",
    [KV_EVIDENCE] = "evidence",   [KV_DRAFT] = "draft",   [KV_CACHE] = "cache",
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

int main(int argc, char **argv)
{
    uint32_t total = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : EVENT_COUNT_DEFAULT;
    struct town *town = town_open(1789689600000);
    struct town_event *events = calloc(PUSH_COUNT, sizeof *events);
    double verify = 0;
    double push_cpu = 0;
    double push_wall = 0;
    uint64_t bytes = 0;
    uint32_t accepted = 0;
    struct kv_stat before;
    struct kv_stat after;
    if (events == NULL || kv_stat(town->kv, &before) != ERR_NONE) {
        _Exit(2);
    }
    for (uint32_t first = 0; first < total; first += PUSH_COUNT) {
        uint64_t seq = town->chain.seq + 1;
        for (uint32_t i = 0; i < PUSH_COUNT; i++) {
            write_event(town, first + i, &events[i]);
            bytes += events[i].envelope.body.size + LIMIT_SIGNATURE_SIZE;
        }
        verify += time_verify(town, events);
        double cpu = cpu_us();
        double wall = wall_us();
        struct hub_push *push = town_push(town, events, PUSH_COUNT, seq);
        push_cpu += cpu_us() - cpu;
        push_wall += wall_us() - wall;
        accepted += hub_push_accepted(push) ? hub_push_count(push) : 0;
        hub_push_free(push);
        for (uint32_t i = 0; i < PUSH_COUNT; i++) {
            town_event_done(&events[i]);
        }
    }
    if (kv_stat(town->kv, &after) != ERR_NONE) {
        _Exit(2);
    }
    double count = total;
    (void)printf("{\"events\":%u,\"logged\":%u,\"verify_us\":%.1f,\"push_cpu_us\":%.1f,"
                 "\"push_wall_us\":%.1f,\"beside_verify_us\":%.1f,\"envelope_bytes\":%.0f,"
                 "\"disk_bytes\":%.0f",
                 total, accepted, verify / count, push_cpu / count, push_wall / count,
                 (push_cpu - verify) / count, (double)bytes / count,
                 (double)(after.used_size - before.used_size) / count);
    print_tables(&before, &after, count);
    (void)printf("}\n");
    free(events);
    town_close(town);
    return 0;
}
