#ifndef JIELI_TOWNSHIP_HUB_METRICS_H
#define JIELI_TOWNSHIP_HUB_METRICS_H

#include "township-hub/api.h"

/* GET /metrics: Prometheus text. Counts and codes of stations; no personal data. */
bool metrics_handle(struct api *api, struct http_exchange *exchange,
                    const struct http_request *request);
int metrics_command(struct cli *cli, int argc, char **argv);

#endif
