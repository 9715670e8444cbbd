#ifndef JIELI_SYNC_SESSION_HUB_H
#define JIELI_SYNC_SESSION_HUB_H

#include "sync/frame.h"
#include "sync/options.h"

/* The hub's side of one connection (one routing id). Who the peer is comes from ZAP, never from a
 * frame. Frames are judged at once; work goes to the core as actions and its end is reported, in
 * the order in which it was given within each kind. Answers to one peer leave in the order of its
 * frames within each kind, and a WELCOME only after everything that was under way: the station
 * takes it as a barrier. After DROP_PEER the core forgets the session and reports nothing more. */

enum sync_hub_act {
    SYNC_HUB_NONE = 0,
    SYNC_HUB_ANSWER_HELLO, /* hello, head (NULL: none): verify, answer WELCOME with credit; report
                              sync_hub_greeted */
    SYNC_HUB_INGEST, /* frame, head: verify, apply, commit; answer one ANSWER, for the whole or its
                        first part, or one NACK; report sync_hub_ingested. Pushes that stand
                        together in the log may be answered together. Copy the bytes when that is
                        not done at once */
    SYNC_HUB_ANSWER_PULL, /* frame: answer BATCH (count 0: nothing new); report sync_hub_pulled */
    SYNC_HUB_STORE_BLOB,  /* frame: store, answer BLOB_STORED; report sync_hub_blob_done */
    SYNC_HUB_ANSWER_BLOB_GET, /* frame: answer BLOB if this role may have it, else empty; report
                                 sync_hub_blob_done */
    SYNC_HUB_SEND_NACK,       /* reason, incarnation, first_seq, wanted_seq */
    SYNC_HUB_DROP_PEER,       /* silent too long or too many offences */
};

/* Spans and pointers until the next input; hello and head of ANSWER_HELLO until its report. */
struct sync_hub_action {
    enum sync_hub_act kind;
    const struct sync_frame *frame;
    const struct sync_hello *hello;
    const struct sync_head_body *head;
    enum sync_nack_reason reason;
    uint64_t incarnation;
    uint64_t first_seq;
    uint64_t wanted_seq;
    uint32_t credit;
};

enum { SYNC_HUB_HEAD_SIZE = 256, SYNC_HUB_SOFTWARE_SIZE = 64 };

enum sync_hub_state {
    SYNC_HUB_NEW,       /* must greet (again): all else is refused */
    SYNC_HUB_WAITING,   /* HELLO is here, work of before is still under way */
    SYNC_HUB_ANSWERING, /* ANSWER_HELLO is out */
    SYNC_HUB_GREETED,
    SYNC_HUB_GONE, /* DROP_PEER is due or told */
};

struct sync_hub {
    struct sync_options options;
    enum sync_hub_state state;
    enum sync_role role;            /* as enrolled */
    uint8_t hub[LIMIT_ID_SIZE];     /* ours */
    uint8_t device[LIMIT_KEY_SIZE]; /* the authenticated user */
    uint64_t now_ms;
    uint64_t idle_at_ms; /* then the peer is dropped */

    uint64_t present;     /* life of the station as it greeted */
    uint64_t incarnation; /* newest life we hold or are being sent */
    uint64_t wanted;      /* of it: next seq that leaves no gap */
    uint32_t ingests;     /* <= options.credit, under way */
    uint32_t pulls;       /* <= 2 * options.pulls */
    uint32_t blobs;       /* <= 2 */

    struct sync_hello hello; /* spans point into the next three */
    uint8_t hello_head[SYNC_HUB_HEAD_SIZE];
    uint8_t hello_signature[LIMIT_SIGNATURE_SIZE];
    uint8_t hello_software[SYNC_HUB_SOFTWARE_SIZE];
    struct sync_head_body head;
    bool busy;

    struct sync_hub_action pending; /* kind NONE: nothing */
    bool dropped_told;
    uint32_t offences; /* frames that no honest program sends */
    uint64_t refused;  /* NACKs of this session, offences or not */
};

/* role and device as the directory has them; a role of NONE can do nothing. */
void sync_hub_init(struct sync_hub *hub, const struct sync_options *options, enum sync_role role,
                   const uint8_t hub_id[LIMIT_ID_SIZE], const uint8_t device[LIMIT_KEY_SIZE],
                   uint64_t now_ms);

/* --- Inputs; pop all actions after each --- */
/* head: wire_head_decode of the HELLO's or PUSH's head; NULL when there is none or it is broken. */
void sync_hub_frame(struct sync_hub *hub, const struct sync_frame *frame,
                    const struct sync_head_body *head, uint64_t now_ms);
/* Bytes came that the wire layer refused. */
void sync_hub_malformed(struct sync_hub *hub, uint64_t now_ms);
/* The core's queue is full (or free again): pushes and pulls are answered with NACK_BUSY. */
void sync_hub_busy(struct sync_hub *hub, bool busy);
void sync_hub_tick(struct sync_hub *hub, uint64_t now_ms);

/* --- Reports --- */
/* What the WELCOME said; ok false: a NACK was sent instead (revoked, log differs, ...). */
void sync_hub_greeted(struct sync_hub *hub, bool ok, uint64_t incarnation, uint64_t seq);
/* ok false: a NACK was sent; the peer has to greet again. */
void sync_hub_ingested(struct sync_hub *hub, bool ok);
void sync_hub_pulled(struct sync_hub *hub);
void sync_hub_blob_done(struct sync_hub *hub);

/* --- Outputs --- */
bool sync_hub_next(struct sync_hub *hub, struct sync_hub_action *ret_action);
uint64_t sync_hub_deadline(const struct sync_hub *hub);

#endif
