#ifndef JIELI_TOWNSHIP_HUB_HUB_H
#define JIELI_TOWNSHIP_HUB_HUB_H

#include "fold/author.h"
#include "fold/fold.h"
#include "seal/sign.h"
#include "sync/frame.h"
#include "sync/options.h"
#include "tlog/checkpoint.h"

/* The hub's mind: verifies, orders, judges and logs events, proves what it logged, serves feeds,
 * ranges and blobs. No sockets and no clock: the daemon and the simulator drive it. One writer
 * thread calls everything, except hub_push_check, which any worker may call. */
struct hub;

struct hub_options {
    struct kv *kv;
    const uint8_t *hub;          /* permanent id, LIMIT_ID_SIZE */
    const char *origin;          /* "hub.<county>.<town>.jieli/<epoch>" */
    uint64_t epoch;              /* >= 1 */
    const struct signer *signer; /* the hub's device key; borrowed until hub_close */
    uint8_t boot[LIMIT_ID_SIZE];
    uint32_t credit; /* batches a station may have in flight; 0: SYNC_CREDIT_MAX */
};

/* An epoch that the store does not know yet begins a new log over what it holds: its first leaf. */
MUST_USE enum err hub_open(const struct hub_options *options, struct hub **ret_hub);
void hub_close(struct hub *hub);
/* A commit failed and the store cannot be read any more: nothing but hub_close may follow. */
bool hub_is_lost(const struct hub *hub);
/* Borrowed; writer thread only. */
struct fold *hub_fold(struct hub *hub);
uint64_t hub_size(const struct hub *hub);
uint64_t hub_epoch(const struct hub *hub);
/* The newest signed checkpoint; until the next commit. */
struct span hub_checkpoint_view(const struct hub *hub);

/* --- Pushes --- */

struct hub_push;

/* Copies a push that came over device's connection. */
MUST_USE enum err hub_push_new(const uint8_t device[LIMIT_KEY_SIZE], const struct sync_push *frame,
                               struct hub_push **ret_push);
struct rooms;
/* The same in a room of rooms, to which hub_push_free gives it back: both on the thread that has
 * them. */
MUST_USE enum err hub_push_new_in(struct rooms *rooms, const uint8_t device[LIMIT_KEY_SIZE],
                                  const struct sync_push *frame, struct hub_push **ret_push);
void hub_push_free(struct hub_push *push);
/* The connection the push came over, not 0: pushes of one line may be answered together. Of those
 * of no line each is answered by itself. */
void hub_push_set_line(struct hub_push *push, uint64_t line);
uint32_t hub_push_events(const struct hub_push *push); /* that came with it */
/* Memory it holds until hub_push_free, in bytes. */
size_t hub_push_size(const struct hub_push *push);
/* On any thread: unpacks, checks the head's signature and each author's. */
void hub_push_check(struct hub *hub, struct hub_push *push);
/* Judges, logs and commits pushes as one group, with one checkpoint, and makes their replies: those
 * of a line behind one another in the order given, so that they stand together in the log. Any
 * error: nothing of the group is answered; the outcome is looked up when the stations come again.
 * ERR_STORE, ERR_FULL, ERR_MEMORY: then ask hub_is_lost. */
MUST_USE enum err hub_ingest(struct hub *hub, struct hub_push *const *pushes, size_t count,
                             uint64_t now_ms);
/* The frame to send back (ANSWER or NACK), after hub_ingest; until hub_push_free. Empty: a later
 * push of its line answers it, too. */
struct span hub_push_reply_view(const struct hub_push *push);
bool hub_push_accepted(const struct hub_push *push); /* false: the reply is a NACK */
uint32_t hub_push_count(const struct hub_push *push);
/* What WELCOME and ANSWER grant from now on, 1 to SYNC_CREDIT_MAX. */
void hub_set_credit(struct hub *hub, uint32_t credit);

/* Who helps with a commit from now on, on other threads; NULL: nobody. Borrowed. */
void hub_set_help(struct hub *hub, const struct log_help *help);

/* --- Serving --- */

/* WELCOME, or a NACK when the device is revoked, frozen or shows another log (*ret_ok false). */
MUST_USE enum err hub_welcome(struct hub *hub, const uint8_t device[LIMIT_KEY_SIZE],
                              const struct sync_hello *hello, uint64_t now_ms,
                              struct buf *ret_frame, bool *ret_ok, uint64_t *ret_incarnation,
                              uint64_t *ret_seq);
MUST_USE enum err hub_pull(struct hub *hub, const uint8_t device[LIMIT_KEY_SIZE],
                           const struct sync_pull *pull, struct buf *ret_frame);
MUST_USE enum err hub_nack(struct hub *hub, const struct sync_nack_body *nack,
                           struct buf *ret_frame);
/* Stores a blob that an event in the log (or an edition about to be) names; else refused. */
MUST_USE enum err hub_blob_put(struct hub *hub, const struct sync_blob *blob,
                               struct buf *ret_frame);
MUST_USE enum err hub_blob_get(struct hub *hub, const uint8_t hash[LIMIT_HASH_SIZE],
                               bool sealed_too, struct buf *ret_frame);

/* --- The hub's own staff and device --- */

/* Judges, signs and logs one event of the hub's chain. A refusal is not logged: who asked is told
 * at once (*ret_verdict). signer is the staff member's, or the hub's own. */
MUST_USE enum err hub_submit(struct hub *hub, const struct author_draft *draft,
                             const struct signer *signer, uint64_t now_ms,
                             struct fold_verdict *ret_verdict, uint8_t ret_id[LIMIT_HASH_SIZE]);
/* Stores a public blob (edition text, wraps) before the event that names it. */
MUST_USE enum err hub_blob_add(struct hub *hub, struct span bytes,
                               uint8_t ret_hash[LIMIT_HASH_SIZE]);

/* Forks and other evidence: how many entries KV_EVIDENCE holds. */
uint64_t hub_evidence_count(struct hub *hub);

#endif
