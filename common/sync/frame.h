#ifndef JIELI_SYNC_FRAME_H
#define JIELI_SYNC_FRAME_H

#include "base/limits.h"
#include "base/span.h"

/* The frames of proto/sync.proto as plain structs; common/wire turns them into bytes and back and
 * has checked every size here. Spans are borrowed from the frame's bytes or the caller's arena. */

enum sync_kind {
    SYNC_NONE = 0,
    SYNC_HELLO,
    SYNC_WELCOME,
    SYNC_PUSH,
    SYNC_ANSWER,
    SYNC_NACK,
    SYNC_PULL,
    SYNC_BATCH,
    SYNC_BLOB_PUT,
    SYNC_BLOB_STORED,
    SYNC_BLOB_GET,
    SYNC_BLOB,
};

enum sync_role { SYNC_ROLE_NONE = 0, SYNC_ROLE_STATION = 1, SYNC_ROLE_AUDITOR = 2 };

/* NackReason of sync.proto. */
enum sync_nack_reason {
    SYNC_NACK_NONE = 0,
    SYNC_NACK_HEAD_SIGNATURE = 1,
    SYNC_NACK_GAP = 2,
    SYNC_NACK_FORK = 3,
    SYNC_NACK_OVERSIZE = 4,
    SYNC_NACK_NOT_OUR_HUB = 5,
    SYNC_NACK_REVOKED = 6,
    SYNC_NACK_OLD_INCARNATION = 7,
    SYNC_NACK_SEEN = 8,
    SYNC_NACK_BUSY = 9,
    SYNC_NACK_MALFORMED = 10,
    SYNC_NACK_FROZEN = 11,
};

enum sync_feed {
    SYNC_FEED_NONE = 0,
    SYNC_FEED_COMMON = 1,
    SYNC_FEED_OWN = 2,
    SYNC_FEED_LOG = 3,
    SYNC_FEED_CHAIN = 4,
};

enum { SYNC_VERSION = 1 };

struct sync_head {
    bool present;
    struct span body;      /* HeadBody as signed */
    struct span signature; /* 64 bytes */
};

struct sync_hello {
    uint32_t version;
    enum sync_role role;
    uint8_t hub[LIMIT_ID_SIZE];
    struct sync_head head;
    uint64_t common;
    uint64_t own;
    uint64_t seen_size;
    uint64_t epoch;
    uint64_t clock_ms;
    struct span software; /* UTF-8, at most 64 bytes */
    uint64_t incarnation;
    uint64_t backlog;
    uint64_t oldest_ms;
    uint64_t greeting; /* not 0 */
};

struct sync_welcome {
    uint32_t version;
    uint8_t hub[LIMIT_ID_SIZE];
    uint64_t epoch;
    uint64_t incarnation;
    uint64_t seq;
    uint8_t id[LIMIT_HASH_SIZE]; /* zeros: nothing held */
    uint64_t common;
    uint64_t own;
    struct span checkpoint; /* signed note */
    uint64_t clock_ms;
    uint32_t credit;
    struct span consistency; /* multiple of 32 */
    uint64_t greeting;       /* of the HELLO it answers */
    uint64_t shared;         /* leaves the HELLO's log and this one share; 0: it is the same */
};

struct sync_push {
    struct sync_head head;
    uint64_t incarnation;
    uint64_t first_seq;
    uint32_t count;    /* 1..LIMIT_BATCH_COUNT */
    uint32_t raw_size; /* <= LIMIT_BATCH_SIZE */
    struct span packed;
};

struct sync_answered {
    uint8_t verdict; /* VerdictKind */
    uint32_t refusal;
    uint8_t void_reason;
};

struct sync_answer {
    uint64_t incarnation;
    uint64_t first_seq;
    uint64_t first_index;
    uint64_t hub_ms;
    uint32_t count;
    struct sync_answered answers[LIMIT_BATCH_COUNT];
    struct span checkpoint;
    struct span proof;
    uint32_t credit;
};

struct sync_nack {
    struct span body; /* NackBody as signed */
    struct span signature;
};

/* NackBody decoded. */
struct sync_nack_body {
    uint8_t hub[LIMIT_ID_SIZE];
    uint8_t device[LIMIT_KEY_SIZE];
    uint64_t incarnation;
    uint64_t first_seq;
    enum sync_nack_reason reason;
    uint64_t wanted_seq;
    uint64_t hub_ms;
    uint8_t head_id[LIMIT_HASH_SIZE];
};

/* HeadBody decoded. */
struct sync_head_body {
    uint8_t hub[LIMIT_ID_SIZE];
    uint8_t device[LIMIT_KEY_SIZE];
    uint64_t incarnation;
    uint64_t seq;
    uint8_t id[LIMIT_HASH_SIZE];
};

struct sync_pull {
    enum sync_feed feed;
    uint64_t from;
    uint32_t count; /* 1..LIMIT_BATCH_COUNT */
    uint64_t incarnation;
    uint64_t seen_size;
};

struct sync_batch {
    enum sync_feed feed;
    uint64_t from;
    uint32_t count; /* 0: nothing there yet */
    uint64_t indexes[LIMIT_BATCH_COUNT];
    uint32_t raw_size;
    struct span packed;
    struct span checkpoint;
    uint32_t proof_count; /* feeds and chain: one an entry; log: one */
    struct span proofs[LIMIT_BATCH_COUNT];
    struct span consistency;
    uint64_t newest;
};

/* BlobPut, Blob (empty data: not here), BlobGet (no data), BlobStored (refused). */
enum { SYNC_BLOB_NAME_SIZE = 16 };
struct sync_blob {
    /* On its way BLOB_PUT has none (it follows from data), BLOB_STORED the first
     * SYNC_BLOB_NAME_SIZE bytes; the others are zeros. */
    uint8_t hash[LIMIT_HASH_SIZE];
    struct span data;
    bool refused;
};

struct sync_frame {
    enum sync_kind kind;
    union {
        struct sync_hello hello;
        struct sync_welcome welcome;
        struct sync_push push;
        struct sync_answer answer;
        struct sync_nack nack;
        struct sync_pull pull;
        struct sync_batch batch;
        struct sync_blob blob;
    };
};

#endif
