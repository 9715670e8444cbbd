#ifndef JIELI_WIRE_WIRE_H
#define JIELI_WIRE_WIRE_H

#include "base/limits.h"
#include "base/span.h"
#include "rules/value.h"
#include "sync/frame.h"

/* Bytes <-> structs. Everything from outside is checked here, in one walk over the bytes: size,
 * depth (<= 4), counts, known fields in ascending order, shortest varints, no zero that should be
 * absent, UTF-8 without NUL, exact lengths of ids and keys, the bounds of limits.h. So there is one
 * encoding of one content: packed again it gives the same bytes. No allocation but in the arena.
 * ERR_MALFORMED, ERR_LIMIT, ERR_VERSION (body of a later version) or ERR_MEMORY (arena full). */

/* Scratch for one decode; spans in results point into it or into the input. Reset, not freed,
 * between uses. size is fixed at init. */
struct wire_arena {
    uint8_t *data;
    size_t size;
    size_t used;
};
MUST_USE enum err wire_arena_init(struct wire_arena *arena, size_t size);
void wire_arena_done(struct wire_arena *arena);
void wire_arena_reset(struct wire_arena *arena);
/* size bytes, aligned for any struct; NULL when the arena is full. */
void *wire_arena_take(struct wire_arena *arena, size_t size);
enum { WIRE_EVENT_ARENA = 32 * 1024, WIRE_FRAME_ARENA = 1024 * 1024 };

struct wire_envelope {
    struct span body; /* as signed */
    uint8_t suite;
    uint8_t signature[LIMIT_SIGNATURE_SIZE];
};

struct wire_sealed {
    uint32_t label;
    uint32_t audience;
    uint32_t size;
    uint8_t hash[LIMIT_HASH_SIZE];
    uint8_t commitment[LIMIT_HASH_SIZE];
};

enum { WIRE_VERSION = 1, WIRE_ORIGIN_SIZE = 128 };

/* EventBody. Zeros and empty spans mean absent. */
struct wire_event { /* NOLINT(clang-analyzer-optin.performance.Padding) */
    uint32_t version;
    uint8_t hub[LIMIT_ID_SIZE];
    uint8_t device[LIMIT_KEY_SIZE];
    uint64_t incarnation; /* >= 1 */
    uint64_t seq;         /* >= 1 */
    uint8_t prev[LIMIT_HASH_SIZE];
    bool has_prev;
    struct span seen_origin;
    uint64_t seen_size;
    uint8_t seen_root[LIMIT_HASH_SIZE];
    bool has_seen;
    uint64_t applied_common;
    uint64_t applied_own;
    uint64_t applied_epoch; /* of the log they are places of; 0 with them */
    uint8_t author[LIMIT_KEY_SIZE];
    uint8_t record[LIMIT_ID_SIZE];
    uint64_t claimed_ms;
    uint8_t clock; /* ClockQuality */
    uint8_t boot[LIMIT_ID_SIZE];
    uint64_t mono_ms;
    bool back_entry;
    struct span paper_serial;
    uint64_t paper_ms;
    struct span back_reason;
    uint8_t attestation; /* AttestationKind */
    struct span attestation_ground;
    struct span attestation_evidence;
    uint32_t sealed_count;
    struct wire_sealed sealed[LIMIT_SEALED_COUNT];
    uint32_t payload; /* field number in EventBody: 32 contact, 33 case, ... 96 person, ... */
    /* Not of the bytes: set by who reads it back from a log or chain, where it is known. */
    uint8_t id[LIMIT_HASH_SIZE];
    uint64_t leaf_ms;    /* hub_ms of its leaf; 0: not answered yet */
    struct values facts; /* the payload, flattened; list entries as list_field with a place */
};

enum wire_payload {
    WIRE_CONTACT = 32,
    WIRE_CASE = 33,
    WIRE_REQUEST = 34,
    WIRE_TASK = 35,
    WIRE_DELEGATION = 36,
    WIRE_NOTE = 37,
    WIRE_COMPLAINT = 38,
    WIRE_SUGGESTION = 39,
    WIRE_APPOINTMENT = 40,
    WIRE_LEAVE = 41,
    WIRE_DUTY = 42,
    WIRE_ATTENDANCE = 43,
    WIRE_INSPECTION = 44,
    WIRE_REPORT = 45,
    WIRE_ACCOUNTABILITY = 46,
    WIRE_APPRAISAL = 47,
    WIRE_ADMISSION = 48,
    WIRE_TRAINING = 49,
    WIRE_MEETING = 50,
    WIRE_CIRCULAR = 51,
    WIRE_EQUIPMENT = 52,
    WIRE_CUSTODY = 53,
    WIRE_INCIDENT = 54,
    WIRE_LOST = 55,
    WIRE_OUTAGE = 56,
    WIRE_BOARD = 57,
    WIRE_SURVEY = 58,
    WIRE_PRINT = 59,
    WIRE_SUPPLIES = 60,
    WIRE_PERSON = 96,
    WIRE_STATION = 97,
    WIRE_EDITION = 98,
    WIRE_HEADS = 99,
    WIRE_CLOCK_STEP = 100,
    WIRE_EPOCH = 101,
    WIRE_LIFE = 102,
    WIRE_AUDIENCE = 103,
    WIRE_HANDOVER = 104
};

/* Decodes a signed body; ret borrows from body alone and is left as it was by a failure. arena is
 * reset first, and is free again afterwards. */
MUST_USE enum err wire_event_decode(struct span body, struct wire_arena *arena,
                                    struct wire_event *ret);
/* The same without a copy: after a failure ret holds whatever was read before it. */
MUST_USE enum err wire_event_read(struct span body, struct wire_event *ret);
/* Appends the one encoding of event; ERR_MALFORMED when a fact does not belong to the payload. */
MUST_USE enum err wire_event_encode(const struct wire_event *event, struct buf *ret);
/* Reads device, incarnation, seq, prev of a body that may be unreadable otherwise; false: not even
 * that. For void leaves and chain checks. */
MUST_USE bool wire_event_peek(struct span body, struct wire_event *ret);

MUST_USE enum err wire_envelope_encode(const struct wire_envelope *envelope, struct buf *ret);
MUST_USE enum err wire_envelope_decode(struct span bytes, struct wire_envelope *ret);
/* A push: count envelopes, packed with zstd level 3. ret_raw_size: before packing. */
MUST_USE enum err wire_envelopes_pack(const struct wire_envelope *envelopes, size_t count,
                                      struct buf *ret, uint32_t *ret_raw_size);
/* Unpacks into arena, behind what lies there; ret_envelopes has room for LIMIT_BATCH_COUNT, and
 * after a failure holds whatever was read before it. The announced sizes must be true. */
MUST_USE enum err wire_envelopes_unpack(struct span packed, uint32_t raw_size,
                                        struct wire_arena *arena,
                                        struct wire_envelope *ret_envelopes, size_t *ret_count);
MUST_USE enum err wire_leaves_pack(const struct span *leaves, size_t count, struct buf *ret,
                                   uint32_t *ret_raw_size);
MUST_USE enum err wire_leaves_unpack(struct span packed, uint32_t raw_size,
                                     struct wire_arena *arena, struct span *ret_leaves,
                                     size_t *ret_count);

/* Any bytes, for the store; appends. Quickly (zstd level -2): level -1 takes a tenth more of the
 * time a group of leaves needs to save 0.8 % of it. raw_size must be what was packed:
 * ERR_MALFORMED. */
MUST_USE enum err wire_bytes_pack(struct span raw, struct buf *ret);
MUST_USE enum err wire_bytes_unpack(struct span packed, uint32_t raw_size, struct buf *ret);

enum wire_verdict {
    WIRE_VERDICT_NONE = 0,
    WIRE_ACCEPTED = 1,
    WIRE_REFUSED = 2,
    WIRE_QUARANTINED = 3,
    WIRE_VOID = 4
};

enum wire_void {
    WIRE_VOID_NONE,
    WIRE_VOID_UNREADABLE,
    WIRE_VOID_SIGNATURE,
    WIRE_VOID_AUTHOR,
    WIRE_VOID_CHAIN
};

struct wire_leaf { /* NOLINT(clang-analyzer-optin.performance.Padding) */
    uint64_t hub_ms;
    uint8_t verdict; /* enum wire_verdict */
    uint32_t refusal;
    uint64_t common_seq;
    uint64_t own_seq;
    uint8_t feed_device[LIMIT_KEY_SIZE];
    bool is_void; /* then: */
    uint8_t void_device[LIMIT_KEY_SIZE];
    uint64_t void_incarnation;
    uint64_t void_seq;
    uint8_t void_id[LIMIT_HASH_SIZE];
    uint8_t void_reason;           /* enum wire_void */
    struct wire_envelope envelope; /* else */
};
MUST_USE enum err wire_leaf_encode(const struct wire_leaf *leaf, struct buf *ret);
MUST_USE enum err wire_leaf_decode(struct span bytes, struct wire_leaf *ret);

void wire_head_encode(const struct sync_head_body *head, struct buf *ret);
MUST_USE enum err wire_head_decode(struct span bytes, struct sync_head_body *ret);
void wire_nack_encode(const struct sync_nack_body *nack, struct buf *ret);
MUST_USE enum err wire_nack_decode(struct span bytes, struct sync_nack_body *ret);
/* Appends one frame; ERR_LIMIT beyond LIMIT_FRAME_SIZE. */
MUST_USE enum err wire_frame_encode(const struct sync_frame *frame, struct buf *ret);
/* arena is reset first. */
MUST_USE enum err wire_frame_decode(struct span bytes, struct wire_arena *arena,
                                    struct sync_frame *ret);
void wire_doorbell_encode(uint64_t epoch, uint64_t size, struct buf *ret);
MUST_USE enum err wire_doorbell_decode(struct span bytes, uint64_t *ret_epoch, uint64_t *ret_size);

/* Sealed blobs: wraps and ciphertext (sealed.proto). */
struct wire_wrap {
    uint32_t audience;
    uint8_t station[LIMIT_KEY_SIZE]; /* zeros: none */
    uint64_t generation;
    uint8_t box[80];
};
struct wire_sealed_blob {
    uint32_t wrap_count;
    struct wire_wrap wraps[8];
    struct span ciphertext;
};
MUST_USE enum err wire_sealed_encode(const struct wire_sealed_blob *blob, struct buf *ret);
MUST_USE enum err wire_sealed_decode(struct span bytes, struct wire_arena *arena,
                                     struct wire_sealed_blob *ret);

#endif
