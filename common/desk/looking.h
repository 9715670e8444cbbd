#ifndef JIELI_DESK_LOOKING_H
#define JIELI_DESK_LOOKING_H

/* Private to desk: what views, indicators, findings and score sheets share. */

#include "desk/inside.h"
#include "fold/facts.h"
#include "views/views.h"

/* One answer under construction, over one read transaction. */
struct looking {
    struct desk *desk;
    struct desk_call *call;
    struct kv_txn txn;
    struct fold_facts *facts;
    const struct views_source *source;
    struct views_scope scope; /* of ?from, until, station, staff */
    struct views_page page;   /* of ?offset, limit */
    uint8_t staff[LIMIT_ID_SIZE];
    struct reply reply;
    struct json_text *json;
};

/* Reads the query; without from and until the running period counts. False: it was answered. */
MUST_USE bool looking_begin(struct looking *looking, enum policy_period period);
void looking_end(struct looking *looking);
/* Sends, or the failure; ends. */
void looking_send(struct looking *looking, enum err err);
/* Somebody with one of these roles (0: anybody) asks. False: it was answered. */
MUST_USE bool looking_may(struct desk *desk, struct desk_call *call, uint64_t roles);
/* "name": the names known on this PC, else the beginning of the ids; "nameId": the ids. */
void looking_put_staff(struct looking *looking, const char *name, struct span ids);
/* "record", "number" */
void looking_put_record(struct looking *looking, const uint8_t record[LIMIT_ID_SIZE]);

#endif
