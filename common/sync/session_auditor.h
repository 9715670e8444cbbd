#ifndef JIELI_SYNC_SESSION_AUDITOR_H
#define JIELI_SYNC_SESSION_AUDITOR_H

#include "sync/cursor.h"

/* An auditor's conversation with one hub: every leaf from its own index on, in order, several
 * ranges in flight. Used like sync/session_station.h: an input, then actions until NONE; one frame
 * at a time, borrowed until its report. */

enum sync_audit_act {
    SYNC_AUDIT_NONE = 0,
    SYNC_AUDIT_SEND_HELLO,    /* greeting */
    SYNC_AUDIT_APPLY_WELCOME, /* frame: verify; report sync_auditor_welcomed */
    SYNC_AUDIT_SEND_PULL,     /* FEED_LOG: from, count */
    SYNC_AUDIT_APPLY_BATCH, /* frame, from, count: verify the range against its checkpoint, commit;
                               count 0: only the checkpoint; report sync_auditor_batch_applied */
    SYNC_AUDIT_APPLY_NACK,  /* frame; report sync_auditor_nack_applied */
    SYNC_AUDIT_SEND_BLOB_GET, /* the next that is wanted; report sync_auditor_blob_asked */
    SYNC_AUDIT_APPLY_BLOB,    /* frame; report sync_auditor_blob_done */
    SYNC_AUDIT_NEW_EPOCH,     /* claim; report sync_auditor_epoch_opened */
    SYNC_AUDIT_HUB_WENT_BACK, /* claim: alarm, keep the mirror. The session looks again later */
    SYNC_AUDIT_RECONNECT,     /* as SYNC_ACT_RECONNECT */
};

struct sync_auditor_action {
    enum sync_audit_act kind;
    uint64_t from; /* leaf index */
    uint32_t count;
    uint64_t wait_ms;
    uint64_t greeting;
    const struct sync_frame *frame;
    const struct sync_claim *claim; /* until the next WELCOME */
};

struct sync_auditor_start {
    uint64_t epoch;     /* 0: none yet */
    uint64_t seen_size; /* newest verified checkpoint of it */
    uint64_t next;      /* first leaf not yet in the mirror, <= seen_size; 0 with epoch 0 */
    uint64_t random;
};

struct sync_auditor {
    struct sync_line line;
    bool epoch_waits; /* NEW_EPOCH: the core has to answer */
    bool told;        /* the action is out */
    bool went_back;   /* HUB_WENT_BACK is still to be told */

    uint64_t epoch;
    uint64_t seen_size; /* newest verified checkpoint */
    uint64_t heard;     /* a size somebody claimed, unproven: only a reason to ask */
    uint64_t next;      /* next <= asked; next <= seen_size */
    uint64_t asked;     /* end of what is in flight and not stale; next when there is none */
    struct sync_flight flight;
    uint32_t window;      /* leaves asked for at once: 1 .. options.batch_count */
    uint64_t due_ms;      /* ask anyway then */
    uint64_t rest_ms;     /* no pull before: the hub was busy */
    uint64_t deadline_ms; /* of the oldest pull; SYNC_NEVER: none */

    uint32_t wanted;
    bool blob;      /* a BLOB_GET is in flight */
    bool blob_told; /* its action is out, the report not yet in */
    uint8_t blob_hash[LIMIT_HASH_SIZE];
    uint64_t blob_deadline_ms;
};

void sync_auditor_init(struct sync_auditor *auditor, const struct sync_options *options,
                       const struct sync_auditor_start *start, uint64_t now_ms);

/* --- Inputs --- */
void sync_auditor_connected(struct sync_auditor *auditor, uint64_t now_ms);
void sync_auditor_disconnected(struct sync_auditor *auditor, uint64_t now_ms);
void sync_auditor_tick(struct sync_auditor *auditor, uint64_t now_ms);
bool sync_auditor_takes_frame(const struct sync_auditor *auditor);
void sync_auditor_frame(struct sync_auditor *auditor, const struct sync_frame *frame,
                        uint64_t now_ms);
void sync_auditor_malformed(struct sync_auditor *auditor, uint64_t now_ms);
void sync_auditor_doorbell(struct sync_auditor *auditor, uint64_t epoch, uint64_t size,
                           uint64_t now_ms);
void sync_auditor_blobs(struct sync_auditor *auditor, uint32_t wanted, uint64_t now_ms);

/* --- Reports. size: newest verified checkpoint of the hub's epoch --- */
void sync_auditor_welcomed(struct sync_auditor *auditor, enum err err, uint64_t size,
                           uint64_t now_ms);
/* ERR_NONE: every leaf of the batch is in the mirror; else none, reconnect later. size is that of
 * the batch's own checkpoint. */
void sync_auditor_batch_applied(struct sync_auditor *auditor, enum err err, uint64_t size,
                                uint64_t now_ms);
void sync_auditor_nack_applied(struct sync_auditor *auditor, enum err err,
                               const struct sync_nack_body *body, uint64_t now_ms);
/* NULL: there was none after all. */
void sync_auditor_blob_asked(struct sync_auditor *auditor, const uint8_t *hash, uint64_t now_ms);
void sync_auditor_blob_done(struct sync_auditor *auditor, uint64_t now_ms);
/* The mirror of the old log is closed; the new one starts at leaf next. */
void sync_auditor_epoch_opened(struct sync_auditor *auditor, uint64_t next, uint64_t now_ms);

/* --- Outputs --- */
bool sync_auditor_next(struct sync_auditor *auditor, struct sync_auditor_action *ret_action);
uint64_t sync_auditor_deadline(const struct sync_auditor *auditor);
/* Greeted, nothing in flight, the mirror reaches the newest size heard of. */
bool sync_auditor_idle(const struct sync_auditor *auditor);

#endif
