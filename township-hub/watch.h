#ifndef JIELI_TOWNSHIP_HUB_WATCH_H
#define JIELI_TOWNSHIP_HUB_WATCH_H

#include "township-hub/api.h"

/* GET /api/v1/stations: what each station last said of itself; a silent one is marked.
 * GET /api/v1/status: the log, the sockets, what was counted. */
bool watch_handle(struct api *api, struct http_exchange *exchange,
                  const struct http_request *request);
int watch_command(struct cli *cli, int argc, char **argv);
int watch_status_command(struct cli *cli, int argc, char **argv);

/* What is known of one station, for the list and the metrics. */
struct watch_station {
    struct directory_station station;
    struct log_head head;
    bool heard; /* contact is filled */
    struct daemon_contact contact;
    bool silent; /* not heard for longer than the policy's watch.silence */
};
/* Calls visit for each station that is not revoked. */
void watch_each(struct api *api, void *context,
                void (*visit)(void *context, const struct watch_station *station));

#endif
