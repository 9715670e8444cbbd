#ifndef JIELI_TESTS_BENCH_STATION_LINE_H
#define JIELI_TESTS_BENCH_STATION_LINE_H

#include "tests/support/town.h"
#include "village-node/station.h"

#include <sys/types.h>

/* A station at its town's hub, which runs in a process of its own (one process holds one store);
 * frames go through a socket pair. Each function ends the process when a step fails. */
struct station_line {
    pid_t hub;
    int socket;
    uint64_t now_ms; /* the wall clock of both */
    struct signer *hub_signer;
    struct signer *device;
    struct signer *worker;
    struct kv *kv;
    struct station *station;
    uint64_t mono_ms;
    size_t queued;
    struct buf queue[64]; /* from the hub, oldest first */
    bool reconnect;
};

/* Starts the hub. No store may be open. */
struct station_line *station_line_new(void);
void station_line_free(struct station_line *line);
/* The town's station over the store in directory, which is made when absent. */
void station_line_open(struct station_line *line, const char *directory);
void station_line_close(struct station_line *line);
/* Until both have nothing left to say. */
void station_line_sync(struct station_line *line);
/* The town's worker writes one event. */
void station_line_write(struct station_line *line, const struct town_act *act);

/* The town's station without its hub: for another process. kv stays the caller's. */
enum err station_line_open_alone(struct kv *kv, struct station **ret_station);

#endif
