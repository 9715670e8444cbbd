#ifndef JIELI_TOWNSHIP_HUB_EXPORT_H
#define JIELI_TOWNSHIP_HUB_EXPORT_H

#include "township-hub/api.h"

/* The log as files that anyone can verify without this hub; layout in district-auditor/auditor.h.
 * GET /api/v1/log/checkpoint, /api/v1/log/leaves?from=N (up to 100, each u32 size and bytes),
 * /api/v1/log/blobs/HEX (public ones only). */
enum { EXPORT_LEAVES = 100 };

bool export_handle(struct api *api, struct http_exchange *exchange,
                   const struct http_request *request);
int export_log_command(struct cli *cli, int argc, char **argv);
/* On a stopped hub: the whole store against itself. */
int export_check_command(struct cli *cli, int argc, char **argv);

#endif
