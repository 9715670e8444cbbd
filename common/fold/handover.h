#ifndef JIELI_FOLD_HANDOVER_H
#define JIELI_FOLD_HANDOVER_H

#include "fold/fold.h"

/* Handing over 移交 what a merged station has open: an event of the hub about each record (payload
 * WIRE_HANDOVER). Hub and auditor have the record and compute what it becomes; the station that
 * goes on has it from a blob whose hash the event names, and which they have compared. */

/* The record as it stands after the event, but for the place of its baton. ERR_LIMIT: no room. */
MUST_USE enum err fold_handover_change(const struct values *facts, struct record *record);
/* The blob of a record so changed. Appends. */
void fold_handover_blob(const struct record *record, struct buf *ret_blob);

/* May it be handed over? By the hub's leader or operator; of a station that the edition known to
 * its author says was merged by day into the one named; in a state that follows; to a handler, if
 * one is named, who then works at that station; and as the record is. *ask->record is then what it
 * becomes. */
enum refusal fold_handover_judge(const struct fold *fold, struct kv_txn *txn,
                                 const struct fold_ask *ask, const struct directory_author *author,
                                 int32_t day);
/* Is its blob here, for who has not the record? ERR_NOT_FOUND with its hash else. */
MUST_USE enum err fold_handover_ready(const struct wire_event *event, struct kv_txn *txn,
                                      uint8_t ret_wanted[LIMIT_HASH_SIZE]);
/* Writes the record, of the blob or of the one here. ERR_STATE: neither is there or fits. */
MUST_USE enum err fold_handover_apply(const struct fold *fold, struct kv_txn *txn,
                                      const struct fold_ask *ask);

#endif
