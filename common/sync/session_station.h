#ifndef JIELI_SYNC_SESSION_STATION_H
#define JIELI_SYNC_SESSION_STATION_H

#include "sync/cursor.h"

/* A station's conversation with its hub, decided from numbers alone: no bytes are looked into,
 * nothing is stored, sent or verified here. The core calls an input, then pops actions until
 * SYNC_ACT_NONE and carries each out:
 *
 *     sync_station_frame(&station, &frame, now_ms);
 *     while (sync_station_next(&station, &action)) { carry out action, report where it says so }
 *     set the timer to sync_station_deadline(&station)
 *
 * A frame is taken only while sync_station_takes_frame; it is borrowed until the report of its
 * APPLY action (or until next returned false, when it led to none). Reports may come later, from
 * the loop; other inputs may come in between. */

enum sync_act {
    SYNC_ACT_NONE = 0,
    SYNC_ACT_SEND_HELLO,    /* greeting; from the store: head, cursors, newest checkpoint */
    SYNC_ACT_APPLY_WELCOME, /* frame: verify hub, checkpoint, consistency unless the epoch is
                               another; report sync_station_welcomed */
    SYNC_ACT_TELL_LIFE,     /* incarnation: one of our earlier lives; report sync_station_life */
    SYNC_ACT_SEND_PUSH,     /* incarnation, from, count; the head is that of this incarnation */
    SYNC_ACT_APPLY_ANSWER,  /* frame, incarnation, from, count: verify checkpoint and range proof,
                               commit; report sync_station_answer_applied */
    SYNC_ACT_APPLY_NACK,    /* frame: verify, decode; report sync_station_nack_applied */
    SYNC_ACT_SEND_PULL,     /* feed, from, count, incarnation (chain) */
    SYNC_ACT_APPLY_BATCH,   /* frame, feed, from, incarnation (chain): verify, commit; report
                               sync_station_batch_applied. Chain: each event must be ours and of
                               that incarnation and place; one that differs from our copy is kept
                               as evidence, the hub's copy wins */
    SYNC_ACT_SEND_BLOB,     /* the next of the outbox; report sync_station_blob_sent */
    SYNC_ACT_APPLY_STORED,  /* frame: hub has or refused the blob; report sync_station_blob_done */
    SYNC_ACT_SEND_BLOB_GET, /* the next that is wanted; report sync_station_blob_asked */
    SYNC_ACT_APPLY_BLOB,    /* frame, data may be empty; report sync_station_blob_done */
    SYNC_ACT_RESTORED,      /* claim: hub holds more of our chain, or another; the chain is now
                               pulled. Keep that fact (start.restoring), let nobody
                                  add to this life. Nothing to report */
    SYNC_ACT_OPEN_INCARNATION, /* incarnation: the whole chain is fetched; open this life, or a
                                  later one if the store holds events of it already, and report
                                  sync_station_appended */
    SYNC_ACT_NEW_EPOCH,        /* claim; report sync_station_epoch_opened */
    SYNC_ACT_HUB_WENT_BACK,    /* claim: alarm, keep everything; report sync_station_went_back */
    SYNC_ACT_RECONNECT,        /* drop the link with all that is in it and dial again at once; the
                                  session keeps still for wait_ms. Report the new connection */
};

/* Fields that an action does not name are zero. */
struct sync_station_action {
    enum sync_act kind;
    enum sync_feed feed;
    uint64_t incarnation;
    uint64_t from; /* first seq of the run */
    uint32_t count;
    uint64_t wait_ms;
    uint64_t greeting;
    const struct sync_frame *frame;
    const struct sync_claim *claim; /* until the next WELCOME */
};

/* What the store says at start; the caller has checked the bounds. */
struct sync_station_start {
    uint64_t incarnation; /* the present life, >= 1 */
    uint64_t newest;      /* seq of its newest own event; 0: none */
    /* The newest own event with a proven answer: all before it are proven too, or never will be. */
    uint64_t answered_incarnation; /* <= incarnation; 0: none yet */
    uint64_t answered;             /* seq; 0: none of that life */
    uint64_t epoch;                /* of the newest verified checkpoint; 0: none yet */
    uint64_t seen_size;            /* and its size */
    uint64_t common;               /* newest applied of each feed */
    uint64_t own;
    bool restoring;  /* RESTORED was told and no new incarnation was opened since: keep that fact */
    uint64_t random; /* spreads waiting; any number */
};

enum sync_station_phase {
    SYNC_PHASE_TALK,    /* pushing and pulling as the line allows */
    SYNC_PHASE_EPOCH,   /* NEW_EPOCH told, waiting for the core */
    SYNC_PHASE_BACK,    /* HUB_WENT_BACK told, waiting for the core */
    SYNC_PHASE_RESTORE, /* pulling our own chain */
    SYNC_PHASE_REOPEN,  /* OPEN_INCARNATION told, waiting for the core */
};

struct sync_station {
    struct sync_line line;
    enum sync_station_phase phase;
    bool told; /* the action of this phase is out */

    uint64_t incarnation;     /* the present life */
    uint64_t newest;          /* its newest event */
    struct sync_place proven; /* newest own event with a proven answer */
    uint64_t life;            /* being pushed, <= incarnation; earlier lives first, each whole */
    uint64_t answered;        /* of life: answered <= sent <= end */
    uint64_t sent;            /* end of the flight; answered when nothing is in flight */
    uint64_t end;             /* newest event of life as far as known */
    bool life_known;          /* end is the true one; always so for the present life */
    bool life_told;           /* TELL_LIFE is out */
    uint64_t life_floor;      /* the hub takes nothing of lives before this one */
    struct sync_flight flight;
    uint32_t credit; /* flight.count <= max credit of this line; <= SYNC_CREDIT_MAX */
    struct sync_backoff push_backoff;
    uint64_t push_ms;          /* no push before: the hub was busy or refuses for good */
    uint64_t push_deadline_ms; /* SYNC_NEVER exactly when nothing is in flight */
    bool diverged;             /* hub holds another event at one of our places */
    uint64_t renew_ms;         /* READY: greet again then, once all is quiet */

    uint64_t epoch;
    uint64_t seen_size;
    uint64_t rung_size; /* newest doorbell of this epoch */
    struct sync_feed_cursor common;
    struct sync_feed_cursor own;
    struct sync_feed_cursor chain;
    uint64_t chain_incarnation; /* the life being pulled: <= claim.incarnation */

    uint32_t outbox;     /* blobs waiting to be sent, as last told */
    uint32_t wanted;     /* blobs waiting to be fetched */
    enum sync_kind blob; /* BLOB_PUT or BLOB_GET in flight; NONE */
    bool blob_told;      /* action out, report not yet in */
    uint8_t blob_hash[LIMIT_HASH_SIZE];
    uint64_t blob_deadline_ms;
};

/* start and options are copied; nothing is allocated, there is no done. */
void sync_station_init(struct sync_station *station, const struct sync_options *options,
                       const struct sync_station_start *start, uint64_t now_ms);

/* --- Inputs --- */
void sync_station_connected(struct sync_station *station, uint64_t now_ms);
void sync_station_disconnected(struct sync_station *station, uint64_t now_ms);
void sync_station_tick(struct sync_station *station, uint64_t now_ms);
bool sync_station_takes_frame(const struct sync_station *station);
void sync_station_frame(struct sync_station *station, const struct sync_frame *frame,
                        uint64_t now_ms);
/* Bytes came that the wire layer refused. */
void sync_station_malformed(struct sync_station *station, uint64_t now_ms);
void sync_station_doorbell(struct sync_station *station, uint64_t epoch, uint64_t size,
                           uint64_t now_ms);
/* Own events were committed up to newest; a higher incarnation starts a new life. */
void sync_station_appended(struct sync_station *station, uint64_t incarnation, uint64_t newest,
                           uint64_t now_ms);
/* By another way than this session (a bundle file): answers proven up to a place of our chain; a
 * feed (COMMON or OWN) applied up to seq. */
void sync_station_answered(struct sync_station *station, uint64_t incarnation, uint64_t seq,
                           uint64_t now_ms);
void sync_station_applied(struct sync_station *station, enum sync_feed feed, uint64_t seq,
                          uint64_t now_ms);
/* How many blobs the core could send and would fetch now. Call it when that changes. */
void sync_station_blobs(struct sync_station *station, uint32_t outbox, uint32_t wanted,
                        uint64_t now_ms);
/* Greets again as soon as all is quiet: what the hub says does not fit what we hold. */
void sync_station_renew(struct sync_station *station, uint64_t now_ms);
/* A person presses "now": nothing that waits for a time waits any longer. */
void sync_station_hurry(struct sync_station *station, uint64_t now_ms);

/* --- Reports. size: newest checkpoint of the hub's epoch verified by now --- */
/* ERR_NONE; ERR_CONFLICT: all verified, but our own event at the claimed incarnation and seq has
 * another id; anything else: not believed, reconnect later. size is that of the WELCOME's
 * checkpoint. */
void sync_station_welcomed(struct sync_station *station, enum err err, uint64_t size,
                           uint64_t now_ms);
/* The seq at which an earlier life ends, events put aside not counted; 0: nothing of it is here. */
void sync_station_life(struct sync_station *station, uint64_t incarnation, uint64_t newest,
                       uint64_t now_ms);
/* ERR_NONE: the whole answer is committed; anything else: nothing of it, reconnect later. */
void sync_station_answer_applied(struct sync_station *station, enum err err, uint64_t size,
                                 uint64_t now_ms);
/* ERR_NONE and the decoded body of a NACK with a good signature; else body may be NULL. */
void sync_station_nack_applied(struct sync_station *station, enum err err,
                               const struct sync_nack_body *body, uint64_t now_ms);
void sync_station_batch_applied(struct sync_station *station, enum err err, uint64_t size,
                                uint64_t now_ms);
/* hash: the blob that was sent, or asked for; NULL: there was none after all. */
void sync_station_blob_sent(struct sync_station *station, const uint8_t *hash, uint64_t now_ms);
void sync_station_blob_asked(struct sync_station *station, const uint8_t *hash, uint64_t now_ms);
/* After APPLY_STORED and APPLY_BLOB, whatever came of it; tell the new counts first. */
void sync_station_blob_done(struct sync_station *station, uint64_t now_ms);
/* The core has opened its cursors for the claimed epoch: feeds go on behind common and own, and no
 * answer beyond kept, nor beyond the claimed place, counts any more. The hub may have filled its
 * feeds anew since it went back, so a count alone proves nothing: 0 and 0 pull all again, to be
 * compared. */
void sync_station_epoch_opened(struct sync_station *station, struct sync_place kept,
                               uint64_t common, uint64_t own, uint64_t now_ms);
/* resend: take the hub's word as with a new epoch, feeds from the start. Else hold still and look
 * again after held_ms: the rule, since while the epoch is the same nothing new can be proven. */
void sync_station_went_back(struct sync_station *station, bool resend, uint64_t now_ms);

/* --- Outputs --- */
/* false and SYNC_ACT_NONE: nothing more to do until the next input. */
bool sync_station_next(struct sync_station *station, struct sync_station_action *ret_action);
/* When sync_station_tick is needed, at the latest; SYNC_NEVER: not at all. May be in the past. */
uint64_t sync_station_deadline(const struct sync_station *station);
/* Greeted, nothing in flight, every own event answered, both feeds at their newest known entry. */
bool sync_station_idle(const struct sync_station *station);

#endif
