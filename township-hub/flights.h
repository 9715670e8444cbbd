#ifndef JIELI_TOWNSHIP_HUB_FLIGHTS_H
#define JIELI_TOWNSHIP_HUB_FLIGHTS_H

#include "township-hub/peers.h"
#include "township-hub/rooms.h"

/* Pushes on their way through the daemon: checked by workers, then committed in groups in the order
 * in which they came. Bounded by count and by the memory they hold. */
struct flight {
    void *daemon;
    struct hub_push *push;
    struct peer *peer;
    uint64_t serial; /* of peer: another by now means that the connection is gone */
    struct workers_job job;
    bool checked;
    struct flight *next;
};

enum {
    FLIGHTS_COUNT = 4096,            /* beyond either, */
    FLIGHTS_SIZE = 32 * 1024 * 1024, /* bytes, more is answered with busy */
    FLIGHTS_WORTH = 1024,            /* events for which a commit need not wait for more */
    FLIGHTS_GROUP = 1024,            /* pushes of one commit */
    FLIGHTS_GROUP_EVENTS = 4096,     /* and events; more by one push at most */
    /* Of who checks: what is checked already goes first, its senders wait. Else a group competes
     * with the checks of the next, and then works alone and syncs with nothing left to check. Even
     * where other programs want all cores, what is left checks some hundred events a second. */
    FLIGHTS_NICE = 19
};

struct flights {
    struct flight *first;
    struct flight **last;
    unsigned worker_count;
    unsigned count;
    unsigned unchecked;
    size_t checked_events;
    size_t size;
    struct rooms rooms;
    struct flight *flight[FLIGHTS_GROUP]; /* the group taken last */
    struct hub_push *push[FLIGHTS_GROUP];
};

/* worker_count: of those who check pushes. */
void flights_init(struct flights *flights, unsigned worker_count);
/* Frees those still on their way; no worker may have them any more. */
void flights_done(struct flights *flights);
/* For a push that came from peer; not on its way yet. flight_free, or flights_add. */
MUST_USE enum err flights_new(struct flights *flights, struct peer *peer,
                              const struct sync_push *frame, struct flight **ret_flight);
/* Once a second: lets go of memory that no push needed. */
void flights_tick(struct flights *flights);
void flights_add(struct flights *flights, struct flight *flight);
/* A worker has checked it. */
void flights_checked(struct flights *flights, struct flight *flight);
/* Is it time for a group? A commit costs much the same however much it holds, and while more pushes
 * are there than the workers have in hand, more is sure to come: then it waits for FLIGHTS_WORTH
 * events, which is as long as checking them takes and no longer. */
bool flights_due(const struct flights *flights);
bool flights_full(const struct flights *flights);
/* Of credit, what the room left allows; at least 1. */
uint32_t flights_credit(const struct flights *flights, uint32_t credit);
/* Takes what is checked, in order of arrival, into flight and push; the caller frees each. Returns
 * how many. */
size_t flights_take(struct flights *flights);
/* NULL: the connection is gone. */
struct peer *flight_peer(const struct flight *flight);
void flight_free(struct flight *flight);

#endif
