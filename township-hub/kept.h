#ifndef JIELI_TOWNSHIP_HUB_KEPT_H
#define JIELI_TOWNSHIP_HUB_KEPT_H

#include "wire/wire.h"

/* A decoded event on its way from the worker that read it to the writer: as small as what it holds,
 * where a struct wire_event has room for the largest. */
struct kept_event;

/* A copy in arena of all that event says; its spans still point into its body, but for the facts,
 * which are copied. NULL: no room. */
const struct kept_event *kept_event_take(struct wire_arena *arena, const struct wire_event *event);
/* The event again, for as long as arena and body live. */
void kept_event_give(const struct kept_event *kept, struct wire_event *ret);

#endif
