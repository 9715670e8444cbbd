#ifndef JIELI_TOWNSHIP_HUB_QUEUE_H
#define JIELI_TOWNSHIP_HUB_QUEUE_H

#include "township-hub/api.h"

/* What lies at the hub, and what happened to a record. */

/* Makes the index of each record's leaves (history.h) anew from where it does not reach the log's
 * end. */
MUST_USE enum err queue_history_catch_up(struct kv *kv, struct hub *hub);

typedef bool (*queue_event_visit)(void *visit_context, const struct wire_event *event,
                                  const char *standing, uint32_t refusal);
/* A record's events in the log's order, up to its newest leaf. */
void queue_history_events(struct kv *kv, struct hub *hub, const uint8_t record[LIMIT_ID_SIZE],
                          void *visit_context, queue_event_visit visit);

/* GET /api/v1/queue[?limit=N]: open cases whose baton is here, by due date. */
bool queue_handle(struct api *api, struct http_exchange *exchange,
                  const struct http_request *request);
int queue_command(struct cli *cli, int argc, char **argv);

#endif
