#ifndef JIELI_DESK_PRINTS_H
#define JIELI_DESK_PRINTS_H

#include "desk/inside.h"

/* Private to desk: what left the printer, forms and ledgers alike, as the print records tell it. */

enum { PRINTS_LEDGER = 900 }; /* kind of a view that is no form of the book */

/* What is printed. */
struct prints_about {
    uint16_t kind;     /* number of the form, or PRINTS_LEDGER */
    struct span key;   /* record, item, person, or view with its period; empty: the station */
    struct span cited; /* event or hash of the content; empty: nothing that changes */
};

/* What is known of the sheets printed of it. */
struct prints {
    uint8_t record[LIMIT_ID_SIZE]; /* print record: follows from device, kind and key */
    bool exists;
    bool is_current;          /* the last one was of the same content */
    uint64_t prints;          /* all */
    uint64_t reprints;        /* all that were marked 补打 */
    uint64_t sheets;          /* copies */
    uint32_t same;            /* sheets since the content changed: 1, then 2 for the first 补打 */
    char number[NUMBER_SIZE]; /* of the last */
    char replaced[NUMBER_SIZE]; /* of the last before the content changed; "" */
};

/* room: for a record, its content says nothing afterwards. */
void prints_look(struct desk *desk, struct kv_txn *txn, struct record *room,
                 const struct prints_about *about, struct prints *ret);
/* "prints", "reprints", "sheets"; once printed "printed", "replaced", "current". */
void prints_put(struct json_text *json, const struct prints *prints);
/* {"copies","reason"} of the body; copies is left as it is without any. False: answered 400. */
MUST_USE bool prints_read(struct desk_call *call, int64_t *copies,
                          char ret_reason[LIMIT_CODE_SIZE]);
/* What every print says: issued, reprinted while nothing has changed, or replaced. */
void prints_facts(const struct prints *prints, const struct prints_about *about, int64_t copies,
                  const char *reason, struct values *ret);
/* Writes it; no transaction may be open. False: answered. */
MUST_USE bool prints_submit(struct desk *desk, struct desk_call *call, const struct prints *prints,
                            const struct values *facts, uint8_t ret_id[LIMIT_HASH_SIZE]);

#endif
