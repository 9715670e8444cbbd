#ifndef JIELI_TOWNSHIP_HUB_INSIDE_H
#define JIELI_TOWNSHIP_HUB_INSIDE_H

#include "fold/parts.h"
#include "store/keys.h"
#include "township-hub/history.h"
#include "township-hub/hub.h"
#include "township-hub/kept.h"
#include "township-hub/rooms.h"

#include <pthread.h>

/* What the files of the hub's mind share. */

struct hub {
    struct kv *kv;
    struct fold *fold;
    uint8_t id[LIMIT_ID_SIZE];
    char origin[TLOG_ORIGIN_SIZE];
    uint64_t epoch;
    const struct signer *signer;
    uint8_t boot[LIMIT_ID_SIZE];
    uint32_t credit;
    struct buf checkpoint; /* signed note of the committed log */
    struct tlog_checkpoint head;
    /* Workers read the directory while the writer may fold into it. */
    pthread_rwlock_t directory_lock;
    /* Root at one former size: the checkpoints that stations have seen are few. */
    uint64_t seen_size;
    struct tlog_hash seen_root;
    struct record *record; /* scratch of the writer */
    struct wire_event *event;
    struct wire_arena arena;
    struct sync_frame *frame;
    struct history *history;
    struct hub_push **order; /* of the group that is being logged */
    size_t order_room;
    struct buf leaf;
    struct parts *parts;
    struct buf expected; /* names of the sealed parts of the events that are being logged */
    const struct log_help *help;
};

enum hub_check { HUB_CHECK_GOOD, HUB_CHECK_UNREADABLE, HUB_CHECK_SIGNATURE, HUB_CHECK_UNKNOWN };

/* The checkpoint of this log that an event shows. */
struct hub_seen {
    bool shown;
    uint64_t size;
    uint8_t root[LIMIT_HASH_SIZE];
};

/* One event of a push. */
struct hub_event {
    struct wire_envelope envelope;
    uint8_t id[LIMIT_HASH_SIZE];
    enum hub_check check;
    struct hub_seen seen;
    const struct kept_event *kept; /* NULL: the writer decodes it again */
    struct sync_answered answer;
};

struct hub_push {
    uint8_t device[LIMIT_KEY_SIZE];
    uint64_t line; /* 0: none */
    uint64_t incarnation;
    uint64_t first_seq;
    uint32_t count;
    uint32_t raw_size;
    struct span packed; /* in arena, as all that follows from it */
    struct span head_body;
    uint8_t head_signature[LIMIT_SIGNATURE_SIZE];
    struct sync_head_body head;
    struct rooms *rooms;
    struct wire_arena arena;  /* the room this push begins: itself, its events, what they hold */
    struct hub_event *events; /* count; set once the push is unpacked */
    bool local;               /* the hub's own event: signed here */
    /* Results. */
    enum sync_nack_reason nack;
    uint64_t wanted_seq;
    uint64_t first_index;
    uint64_t hub_ms;
    uint32_t answered;
    bool placed;             /* in the order of its group */
    bool later;              /* a later push's reply answers it, too */
    uint32_t joined;         /* pushes before it that its reply answers, too */
    struct tlog_proof proof; /* of all of them */
    struct buf reply;
};

/* An empty push with room for count events, which are not set, and for size bytes in its arena.
 * rooms NULL: from the heap. */
MUST_USE enum err hub_push_make(struct rooms *rooms, const uint8_t device[LIMIT_KEY_SIZE],
                                uint32_t count, size_t size, struct hub_push **ret_push);
/* Commits what push says within txn: fills its results. Errors are the transaction's. */
void hub_log_push(struct hub *hub, struct kv_txn *txn, struct hub_push *push, uint64_t hub_ms);
/* Writes the first leaf of a new log, unless it is there. ERR_STATE: the store does not know this
 * hub's device. */
MUST_USE enum err hub_open_epoch(struct hub *hub);
/* Reads log, world and checkpoint again after a transaction that failed. */
MUST_USE enum err hub_reload(struct hub *hub);
/* Signs the checkpoint of the log as committed. */
MUST_USE enum err hub_sign_checkpoint(struct hub *hub, const struct tlog_hash *root);
/* The root of the first size leaves, remembered for the next call. */
MUST_USE enum err hub_root_at(struct hub *hub, struct kv_txn *txn, uint64_t size,
                              struct tlog_hash *ret_root);
/* Appends a consistency or other proof's hashes one after another. */
void hub_put_proof(const struct tlog_proof *proof, struct buf *ret);
/* Keeps two bytes strings that contradict each other. */
void hub_keep_evidence(struct hub *hub, struct kv_txn *txn, const struct log_place *place,
                       struct span bytes);

#endif
