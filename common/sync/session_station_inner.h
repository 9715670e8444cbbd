#ifndef JIELI_SYNC_SESSION_STATION_INNER_H
#define JIELI_SYNC_SESSION_STATION_INNER_H

#include "sync/session_station.h"

/* Between the files session_station*.c only. */

/* Stops the program when an invariant of struct sync_station is broken. */
void sync_station_check(const struct sync_station *station);
/* All that was asked or sent counts as never asked or sent; what is proven stays. */
void sync_station_forget(struct sync_station *station);
void sync_station_greet(struct sync_station *station, uint64_t wait_ms);
/* From now on this life is pushed, from behind answered; nothing is in flight. */
void sync_station_set_life(struct sync_station *station, uint64_t life, uint64_t answered);
/* NULL: no feed of a station. */
struct sync_feed_cursor *sync_station_feed(struct sync_station *station, enum sync_feed feed);
/* Answers are proven up to here; nothing is in flight. */
void sync_station_set_proven(struct sync_station *station, struct sync_place proven);
bool sync_station_all_answered(const struct sync_station *station);
/* The hub broke the protocol. */
void sync_station_fail(struct sync_station *station);

#endif
