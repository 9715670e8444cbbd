#ifndef JIELI_SYNC_SESSION_STATION_INNER_H
#define JIELI_SYNC_SESSION_STATION_INNER_H

#include "sync/session_station.h"

/* Between session_station.c and session_station_frame.c only. */

/* Stops the program when an invariant of struct sync_station is broken. */
void sync_station_check(const struct sync_station *station);
/* All that was asked or sent counts as never asked or sent; what is proven stays. */
void sync_station_forget(struct sync_station *station);
void sync_station_greet(struct sync_station *station, uint64_t wait_ms);
/* The hub broke the protocol. */
void sync_station_fail(struct sync_station *station);

#endif
