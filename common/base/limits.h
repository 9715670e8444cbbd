#ifndef JIELI_BASE_LIMITS_H
#define JIELI_BASE_LIMITS_H

/* Every bound of the system, once. Sizes in bytes unless the name says _COUNT. */
enum {
    LIMIT_HASH_SIZE = 32,
    LIMIT_ID_SIZE = 16,  /* record id, hub id, boot id */
    LIMIT_KEY_SIZE = 32, /* key id, public key */
    LIMIT_SIGNATURE_SIZE = 64,
    LIMIT_CODE_SIZE = 24,   /* item, material, reason, role codes: ASCII */
    LIMIT_BODY_SIZE = 2048, /* EventBody bytes */
    LIMIT_ENVELOPE_SIZE = 2304,
    LIMIT_LEAF_SIZE = 4096,
    LIMIT_FRAME_SIZE = 256 * 1024, /* one ZeroMQ frame */
    LIMIT_BATCH_COUNT = 100,       /* events or leaves in one frame */
    LIMIT_BATCH_SIZE = 512 * 1024, /* a batch after decompression */
    LIMIT_NOTE_SIZE = 4096,        /* a checkpoint with its signatures */
    LIMIT_PROOF_COUNT = 128,       /* hashes in one range proof */
    LIMIT_PROOF_SIZE = LIMIT_PROOF_COUNT * LIMIT_HASH_SIZE,
    LIMIT_RECORD_SIZE = 16 * 1024, /* an encoded record */
    LIMIT_VALUE_COUNT = 256,       /* values in a record or an event */
    LIMIT_LIST_COUNT = 32,         /* entries of one list in an event */
    LIMIT_SEALED_COUNT = 4,        /* sealed parts of one event */
    LIMIT_SEALED_SIZE = 64 * 1024,
    LIMIT_BLOB_SIZE = 192 * 1024,       /* content-addressed blob: one frame carries it */
    LIMIT_TEXT_FILE_SIZE = 1024 * 1024, /* policy, catalogue, calendar text */
    LIMIT_PEER_COUNT = 512,
    LIMIT_HTTP_BODY_SIZE = 1024 * 1024,
};

#endif
