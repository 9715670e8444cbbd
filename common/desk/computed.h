#ifndef JIELI_DESK_COMPUTED_H
#define JIELI_DESK_COMPUTED_H

#include "desk/inside.h"
#include "wire/act.h"

/* Private to desk: facts that are counted, not typed. A table says which facts of which machine are
 * which column of which view, over the record's period and station (R66 R68, S4-4三(四)). What
 * somebody names, be it 0, stays as named: whether it is true is for whoever recomputes it. */

/* Sets those facts of act that request, its JSON, leaves out. station: whose records are counted,
 * LIMIT_KEY_SIZE, zeros: the hub. ERR_STATE: no policy, catalogue or calendar yet. ERR_MEMORY,
 * ERR_LIMIT, of the store. */
MUST_USE enum err computed_fill(struct desk *desk, const struct desk_call *call,
                                const uint8_t *station, struct wire_act *act);
/* "differing": a list of "name", "zh", "en", "claimed" and "recomputed" for each counted fact of
 * the record that says something else than the records do now. Nothing when they agree, or when
 * the records of its station are not here. Errors as above. */
MUST_USE enum err computed_put_differing(struct desk *desk, struct kv_txn *txn, uint64_t now_ms,
                                         const struct record *record, struct json_text *json);

#endif
