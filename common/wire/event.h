#ifndef JIELI_WIRE_EVENT_H
#define JIELI_WIRE_EVENT_H

/* Private to wire: an event as the generated struct, for packing and for JSON. */

#include "event.pb-c.h"
#include "wire/read.h"

enum { WIRE_BUILD_ARENA = 24 * 1024 }; /* holds whatever struct wire_event can say */

struct wire_body {
    Jieli__V1__EventBody body;
    Jieli__V1__Seen seen;
    Jieli__V1__Applied applied;
    Jieli__V1__BackEntry back_entry;
    Jieli__V1__Attestation attestation;
    Jieli__V1__SealedPart sealed[LIMIT_SEALED_COUNT];
    Jieli__V1__SealedPart *sealed_list[LIMIT_SEALED_COUNT];
};

/* Everything a reader cannot see: presence, lengths, codes, one encoding for one content. */
MUST_USE enum err wire_body_check(const Jieli__V1__EventBody *body);
/* ret borrows from event, from arena and from itself: it must not be moved. Checked. */
MUST_USE enum err wire_body_build(const struct wire_event *event, struct wire_arena *arena,
                                  struct wire_body *ret);

#endif
