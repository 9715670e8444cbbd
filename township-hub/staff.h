#ifndef JIELI_TOWNSHIP_HUB_STAFF_H
#define JIELI_TOWNSHIP_HUB_STAFF_H

#include "township-hub/api.h"

/* People and stations: enrolling, granting, revoking, and who can read sealed parts. */

/* --- Names: never in the log; DIR/staff.names, one line "<staff hex> <name>" each --- */
enum { STAFF_NAME_SIZE = 128 };

MUST_USE enum err staff_name_add(const char *directory, const uint8_t staff[LIMIT_ID_SIZE],
                                 const char *name);
/* "" when there is none. */
void staff_name_find(const char *directory, const uint8_t staff[LIMIT_ID_SIZE],
                     char ret_name[STAFF_NAME_SIZE]);
/* Staff id in hex, or a name. ERR_NOT_FOUND: nobody; ERR_CONFLICT: two of that name. */
MUST_USE enum err staff_find(const char *directory, const char *text,
                             uint8_t ret_staff[LIMIT_ID_SIZE]);

/* --- Roles by name --- */
uint64_t staff_role(struct span name); /* 0: no such role */
/* Names of the bits in order; NULL behind the last. zh: Chinese. */
const char *staff_role_name(uint64_t bit, bool zh);

/* --- Stations by code, or device id in hex --- */
/* ERR_NOT_FOUND: none that is not revoked. */
MUST_USE enum err staff_station_find(struct hub *hub, const char *text,
                                     uint8_t ret_device[LIMIT_KEY_SIZE]);

/* --- Audiences (staff_audience.c) --- */
/* A fresh key pair for a new station, its secret wrapped to the hub's audience. */
MUST_USE enum err staff_audience_new(const struct publisher *publisher, const uint8_t *station,
                                     const struct signer *signer);
/* A fresh key pair and the wraps of its first member, whose keyring it is. The caller frees it. */
MUST_USE enum err staff_audience_found(const struct keyring *keyring,
                                       struct seal_box_secret **ret_audience,
                                       struct buf *ret_wraps);
/* Lets all keys of staff read what is sealed for that audience (station: whose, NULL for the other
 * kinds). keyring is of who grants. ERR_NOT_FOUND: he is no reader himself. Discipline's is made
 * when there is none yet, with who grants as its first member. */
MUST_USE enum err staff_audience_admit(const struct publisher *publisher,
                                       const struct keyring *keyring,
                                       const uint8_t staff[LIMIT_ID_SIZE], uint32_t kind,
                                       const uint8_t *station);
/* Takes him out of every audience. */
MUST_USE enum err staff_audience_expel(const struct publisher *publisher,
                                       const struct keyring *keyring,
                                       const uint8_t staff[LIMIT_ID_SIZE]);
/* Do these roles read sealed parts at all? Auditors, appraisers and technicians do not. */
bool staff_roles_read(uint64_t roles);
/* Are these of the discipline audience: village and upper discipline organisation, complaint desk?
 */
bool staff_roles_investigate(uint64_t roles);

/* --- Routes --- */
bool staff_handle(struct api *api, struct http_exchange *exchange,
                  const struct http_request *request);
bool staff_station_handle(struct api *api, struct http_exchange *exchange,
                          const struct http_request *request);

/* --- Commands --- */
int staff_command(struct cli *cli, int argc, char **argv);
int staff_enrol_command(struct cli *cli, int argc, char **argv); /* a station or an auditor */
int staff_station_command(struct cli *cli, int argc, char **argv);

#endif
