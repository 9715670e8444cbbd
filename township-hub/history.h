#ifndef JIELI_TOWNSHIP_HUB_HISTORY_H
#define JIELI_TOWNSHIP_HUB_HISTORY_H

#include "store/kv.h"

/* Where the leaves of each record stand, written with the leaves themselves. Like all of KV_CACHE
 * it can be made anew from the log (queue.h), and is where it does not reach the log's end.
 *
 *   KV_CACHE 'H' first 6 and last 4 bytes of the record's id, first leaf index u40
 *                 -> how far each further leaf of the same commit stands behind the one before
 *                    (varints)
 *   KV_CACHE 'I'  -> how many leaves of the log are in it, u64 */
struct history;

MUST_USE enum err history_new(struct history **ret_history);
void history_free(struct history *history);
/* Forgets what was noted: the leaves from size on come next. */
void history_begin(struct history *history, uint64_t size);
void history_note(struct history *history, const uint8_t record[LIMIT_ID_SIZE], uint64_t index);
/* Writes the notes, the log being size long now; nothing when the index did not reach to where they
 * begin. */
void history_flush(struct history *history, struct kv_txn *txn, uint64_t size);

/* How far the index reaches, and beginning it again. */
uint64_t history_reach(struct kv_txn *txn);
void history_restart(struct kv_txn *txn);
/* The leaves of record in the log's order, and those of another one whose id has the same ends: the
 * caller looks which record an event names. visit returns false to stop. */
void history_each(struct kv_txn *txn, const uint8_t record[LIMIT_ID_SIZE],
                  bool (*visit)(void *context, uint64_t index), void *context);

#endif
