#ifndef JIELI_DESK_TWINS_H
#define JIELI_DESK_TWINS_H

#include "desk/inside.h"
#include "wire/act.h"

/* One matter entered twice (R26: what is entered is compared with what is stored, S3-3三4). Asked
 * over the names in memory, so without any network, too; no auditor recomputes what only sealed
 * content shows. A twin is the same person (ID number, or name and telephone where there is none)
 * with the same item: a case that is open, or was opened within duplicate.window days; a contact of
 * the same day. */

/* For ?check=1, which pages and the import ask before anything is written. False: answered 409
 * "duplicate" with a sentence that names the record, its article and what to do, and the records;
 * or 422 for an act with force and without its reason. */
bool twins_allow(struct desk *desk, struct desk_call *call, const struct wire_act *act,
                 const uint8_t record[LIMIT_ID_SIZE]);
/* The same sentences as the list "warnings" behind what was written; none of an act with force. */
void twins_warn(struct desk *desk, struct desk_call *call, const struct wire_act *act,
                const uint8_t record[LIMIT_ID_SIZE], struct json_text *json);

#endif
