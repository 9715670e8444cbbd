#ifndef JIELI_SYNC_CURSOR_H
#define JIELI_SYNC_CURSOR_H

#include "sync/line.h"

/* Where a receiver stands. A position means something only within its epoch, so positions are
 * compared here and nowhere else. */

enum sync_epoch {
    SYNC_EPOCH_SAME,  /* same log, not shorter than what we have verified; or our first log */
    SYNC_EPOCH_NEW,   /* the hub opened a new log */
    SYNC_EPOCH_OLDER, /* a log that has ended, or ours but shorter: the hub went back */
};

/* epoch 0: no log known yet. */
enum sync_epoch sync_epoch_judge(uint64_t epoch, uint64_t size, const struct sync_claim *claim);

/* A place in a station's chain: the earlier life comes first. seq 0: before its first event. */
struct sync_place {
    uint64_t incarnation;
    uint64_t seq;
};

bool sync_place_before(struct sync_place a, struct sync_place b);

/* A run first .. first + count - 1, count >= 1. */
struct sync_range {
    uint64_t first;
    uint32_t count;
    bool stale; /* its answer will be thrown away */
};

/* What was asked and not answered, oldest first. */
struct sync_flight {
    struct sync_range ranges[SYNC_CREDIT_MAX];
    uint32_t count; /* <= SYNC_CREDIT_MAX */
};
_Static_assert((int)SYNC_CREDIT_MAX >= (int)SYNC_PULLS_MAX, "one flight serves both");

void sync_flight_clear(struct sync_flight *flight);
/* The caller has checked that there is room. */
void sync_flight_add(struct sync_flight *flight, uint64_t first, uint32_t count);
/* NULL: nothing in flight; else until the next call. */
const struct sync_range *sync_flight_oldest(const struct sync_flight *flight);
/* Takes count entries off the oldest range; 1 <= count <= its count. */
void sync_flight_take(struct sync_flight *flight, uint32_t count);
/* Removes the oldest range whole. */
void sync_flight_drop(struct sync_flight *flight);
/* Nothing that is in flight now will be used. */
void sync_flight_spoil(struct sync_flight *flight);

/* One feed of a station, or its own chain while it is being restored: one pull at a time. */
struct sync_feed_cursor {
    uint64_t applied;     /* newest entry the core has committed */
    uint64_t newest;      /* newest the hub has spoken of; may be less than applied */
    uint64_t due_ms;      /* pull then even if nothing new is known; SYNC_NEVER: only when known */
    uint64_t deadline_ms; /* of the pull in flight; SYNC_NEVER: none */
    uint64_t asked_from;  /* of the pull in flight: <= applied + 1 */
    uint32_t asked_count; /* 0: no pull in flight */
};

void sync_feed_init(struct sync_feed_cursor *feed, uint64_t applied);
/* Forgets the pull in flight. */
void sync_feed_reset(struct sync_feed_cursor *feed);
bool sync_feed_wants_pull(const struct sync_feed_cursor *feed, uint64_t now_ms);
void sync_feed_asked(struct sync_feed_cursor *feed, uint32_t count, uint64_t deadline_ms);
/* Does this batch answer the pull in flight, with nothing withheld? */
bool sync_feed_fits(const struct sync_feed_cursor *feed, const struct sync_batch *batch);
/* The core has committed the batch. */
void sync_feed_applied(struct sync_feed_cursor *feed, const struct sync_batch *batch);

#endif
