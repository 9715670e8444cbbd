#ifndef JIELI_DESK_SUCCESSION_H
#define JIELI_DESK_SUCCESSION_H

#include "desk/desk.h"

/* Bulk handover 移交: all that a merged station has open goes on at the one it went into (by the
 * stations edition in force), an event a record, with its names and texts sealed anew for that
 * station. At the hub, by its leader or operator. */
struct desk_succession {
    const char *code;       /* of the station that was merged */
    const uint8_t *handler; /* staff id of who goes on with it; NULL: as it was */
    bool check;             /* count only */
};

/* Answers {"from","into","machines":[{"machine","zh","count"}],"moved","left":[...],"closed",
 * "more"}: some hundreds at a time, more says that there is more to do. Done again it goes on where
 * it was cut off. closed: records whose texts discipline alone reads, at the hub as before. */
void desk_hand_over(struct desk *desk, struct http_exchange *exchange,
                    const struct desk_succession *ask);

#endif
