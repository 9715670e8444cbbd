/* What an auditor's whole replay costs beside the verification of the signatures: a log of visits,
 * mirrored and replayed with a verifying thread a core. Prints one JSON object; limit_per_second is
 * libsodium's verification on as many threads, measured before and after. */
#include "district-auditor/inside.h"
#include "tests/bench/visits.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_DEFAULT = 40000, PUSH_COUNT = LIMIT_BATCH_COUNT, GROUP_COUNT = 8, VERIFY_MS = 1500 };

static double now_s(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void must(enum err err, const char *what)
{
    if (err != ERR_NONE) {
        (void)fprintf(stderr, "%s: %s\n", what, err_name(err));
        _Exit(2);
    }
}

static void fill_town(struct town *town, uint32_t total)
{
    struct town_event events[PUSH_COUNT];
    struct hub_push *group[GROUP_COUNT];
    for (uint32_t at = 0; at < total; at += PUSH_COUNT * GROUP_COUNT) {
        for (uint32_t push = 0; push < GROUP_COUNT; push++) {
            uint64_t seq = town->chain.seq + 1;
            for (uint32_t i = 0; i < PUSH_COUNT; i++) {
                visits_write(town, at + push * PUSH_COUNT + i, &events[i]);
            }
            group[push] = town_push_make(town, events, PUSH_COUNT, seq);
            hub_push_check(town->hub, group[push]);
            for (uint32_t i = 0; i < PUSH_COUNT; i++) {
                town_event_done(&events[i]);
            }
        }
        must(hub_ingest(town->hub, group, GROUP_COUNT, town->now_ms), "ingest");
        for (uint32_t push = 0; push < GROUP_COUNT; push++) {
            hub_push_free(group[push]);
        }
    }
}

/* --- The limit --- */

struct limit {
    const struct town *town;
    struct town_event event;
    uint64_t count;
};

static void *verify_on(void *argument)
{
    struct limit *limit = argument;
    double end = now_s(CLOCK_MONOTONIC) + VERIFY_MS / 1e3;
    while (now_s(CLOCK_MONOTONIC) < end) {
        for (int i = 0; i < 50; i++) {
            if (!seal_verify(signer_public_view(limit->town->worker.signer), SEAL_EVENT,
                             limit->event.envelope.body, limit->event.envelope.signature)) {
                _Exit(3);
            }
        }
        limit->count += 50;
    }
    return NULL;
}

static double verify_limit(struct town *town, long cores, double *ret_cpu)
{
    enum { CORES_MAX = 64 };
    pthread_t threads[CORES_MAX];
    struct limit limits[CORES_MAX] = {0};
    uint64_t count = 0;
    cores = cores > CORES_MAX ? CORES_MAX : cores;
    double start = now_s(CLOCK_MONOTONIC);
    double cpu = now_s(CLOCK_PROCESS_CPUTIME_ID);
    for (long i = 0; i < cores; i++) {
        limits[i].town = town;
        visits_write(town, 8, &limits[i].event);
        if (pthread_create(&threads[i], NULL, verify_on, &limits[i]) != 0) {
            _Exit(2);
        }
    }
    for (long i = 0; i < cores; i++) {
        (void)pthread_join(threads[i], NULL);
        count += limits[i].count;
        town_event_done(&limits[i].event);
    }
    *ret_cpu = (now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)count;
    return (double)count / (now_s(CLOCK_MONOTONIC) - start);
}

/* --- The auditor --- */

static void mirror(struct auditor *auditor, struct town *town)
{
    struct kv_txn txn;
    struct tlog_hash root;
    struct buf bytes;
    const struct log *log = &hub_fold(town->hub)->log;
    buf_init(&bytes, LIMIT_LEAF_SIZE);
    for (uint64_t i = 0; i < log->size;) {
        kv_begin(town->kv, true, &txn);
        for (uint64_t end = i + 1000; i < end && i < log->size; i++) {
            if (!log_leaf(log, &txn, i, &bytes)) {
                _Exit(2);
            }
            auditor_store_leaf(auditor, &txn, buf_span(&bytes));
        }
        log_flush(&auditor->fold->log, &txn, &root);
        must(kv_commit(&txn), "mirror");
    }
    auditor->state.epoch = 1;
    buf_done(&bytes);
}

static void replay(struct auditor *auditor)
{
    uint64_t done = 1;
    while (done > 0) {
        must(auditor_replay(auditor, 1000, &done), "replay");
    }
}

int main(int argc, char **argv)
{
    uint32_t total = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : EVENTS_DEFAULT;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct town *town = town_open(1789689600000);
    struct auditor *auditor = NULL;
    struct auditor_options options = {.kv = town->kv,
                                      .slot = 1,
                                      .hub = town->hub_id,
                                      .hub_device = signer_key_id_view(town->hub_signer),
                                      .hub_public = signer_public_view(town->hub_signer),
                                      .origin_prefix = TOWN_ORIGIN_PREFIX,
                                      .thread_count = (unsigned)cores};
    fill_town(town, total);
    must(auditor_open(&options, 0, &auditor), "open");
    double verify_before = 0;
    double verify_after = 0;
    double before = verify_limit(town, cores, &verify_before);
    double wall = now_s(CLOCK_MONOTONIC);
    double cpu = now_s(CLOCK_PROCESS_CPUTIME_ID);
    mirror(auditor, town);
    double mirrored = now_s(CLOCK_MONOTONIC);
    replay(auditor);
    double end = now_s(CLOCK_MONOTONIC);
    cpu = now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    double after = verify_limit(town, cores, &verify_after);
    struct auditor_status status;
    auditor_status(auditor, &status);
    double count = (double)status.replayed;
    double limit = (before + after) / 2;
    (void)printf("{\"events\":%.0f,\"accepted\":%llu,\"cores\":%ld,\"limit_per_second\":%.0f,"
                 "\"limit_before\":%.0f,\"limit_after\":%.0f,\"mirror_us\":%.1f,"
                 "\"replay_us\":%.1f,",
                 count, (unsigned long long)status.accepted, cores, limit, before, after,
                 (mirrored - wall) * 1e6 / count, (end - mirrored) * 1e6 / count);
    (void)printf("\"cpu_us\":%.1f,\"verify_cpu_us\":%.1f,\"replay_ratio\":%.3f,"
                 "\"whole_ratio\":%.3f}\n",
                 cpu * 1e6 / count, (verify_before + verify_after) / 2 * 1e6,
                 count / (end - mirrored) / limit, count / (end - wall) / limit);
    auditor_close(auditor);
    town_close(town);
    return 0;
}
