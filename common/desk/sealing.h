#ifndef JIELI_DESK_SEALING_H
#define JIELI_DESK_SEALING_H

#include "fold/fold.h"
#include "seal/keyfile.h"

/* Who may open sealed parts. An audience is a key pair; its public half stands in the log, its
 * secret half is wrapped to each member in a blob that the log names:
 *   "JLW1", then for each member: key id (32 bytes; zeros: the hub audience), wrap (80 bytes).
 * The hub's case office is a member of every station's audience. */
enum { SEALING_MEMBER_COUNT = 1024 };

struct sealing_member {
    uint8_t key[LIMIT_KEY_SIZE]; /* signing key id; zeros: the hub audience */
    uint8_t box_key[SEAL_BOX_PUBLIC_SIZE];
};

/* --- Wraps blobs, for founding and grants --- */

/* Appends the blob. ERR_LIMIT: too many members. */
MUST_USE enum err sealing_wraps_make(const struct seal_box_secret *audience,
                                     const struct sealing_member *members, size_t count,
                                     struct buf *ret);
/* Appends wraps with the member added, or his wrap renewed. */
MUST_USE enum err sealing_wraps_add(struct span wraps, const struct seal_box_secret *audience,
                                    const struct sealing_member *member, struct buf *ret);
/* Appends wraps without him; what he has already opened he knows. */
MUST_USE enum err sealing_wraps_remove(struct span wraps, const uint8_t key[LIMIT_KEY_SIZE],
                                       struct buf *ret);
/* The audience's secret by the wrap of member key. ERR_NOT_FOUND: no member; ERR_AUTH: the wrap is
 * not for this secret. The caller frees it. */
MUST_USE enum err sealing_wraps_open(struct span wraps, const uint8_t key[LIMIT_KEY_SIZE],
                                     const struct seal_box_secret *member,
                                     struct seal_box_secret **ret_audience);

/* --- Audiences --- */

/* SealedAudience bits. Of stations there is one each; the hub's and discipline's are one a hub. */
enum { SEALING_STATION = 1, SEALING_HUB = 2, SEALING_DISCIPLINE = 4 };

/* The secret of an audience for who holds keyring: directly, or a station's through the hub's.
 * Discipline's opens to its own members only. station: whose, NULL for the other kinds.
 * ERR_NOT_FOUND: no such audience, its blob is not here yet, or he is no member. */
MUST_USE enum err sealing_audience_open(const struct fold *fold, struct kv_txn *txn,
                                        const struct keyring *keyring, uint32_t kind,
                                        const uint8_t *station,
                                        struct seal_box_secret **ret_audience);

/* What one unlocked person can open; filled as it is asked for. */
struct sealing_keys;
struct sealing_keys *sealing_keys_new(const struct keyring *keyring); /* borrowed; NULL: memory */
void sealing_keys_free(struct sealing_keys *keys);
/* Is he a reader of that station's audience? station NULL: of the hub's. */
bool sealing_keys_can(struct sealing_keys *keys, const struct fold *fold, struct kv_txn *txn,
                      const uint8_t *station);

/* --- Parts --- */

/* One part made ready: what the event says of it and the blob that travels beside it. */
struct sealing_part {
    struct wire_sealed sealed;
    struct buf blob; /* SealedBlob bytes, stored under sealed.hash */
};

/* Who shall read the parts of a record, by the column "readers" of its machine: its station's
 * audience and the hub's; or discipline's alone, not even who writes them. ERR_NOT_FOUND: there is
 * no audience yet, so nothing can be sealed. */
enum { SEALING_READERS_COUNT = 2 };
struct sealing_readers {
    uint32_t audiences; /* their bits */
    size_t count;
    struct world_audience list[SEALING_READERS_COUNT];
};
MUST_USE enum err sealing_readers_find(const struct fold *fold, enum machine_id machine,
                                       const uint8_t *station, struct sealing_readers *ret);

/* Encrypts a part, its text made dense, under the record key and wraps that for the readers; the
 * wrap for the station that writes does not name it. buf_done the blob. */
MUST_USE enum err sealing_part_make(const struct sealing_readers *readers,
                                    const uint8_t record_key[SEAL_RECORD_KEY_SIZE],
                                    const struct seal_part_context *context, struct span plaintext,
                                    struct sealing_part *ret);
/* The bytes of a part, and the device whose event it stands beside. */
struct sealing_blob {
    struct span bytes;
    const uint8_t *device;
};
/* The record key inside a blob. ERR_AUTH: none of keys opens it. */
MUST_USE enum err sealing_record_key(struct sealing_keys *keys, const struct fold *fold,
                                     struct kv_txn *txn, const struct sealing_blob *blob,
                                     uint8_t ret_key[SEAL_RECORD_KEY_SIZE]);
/* Opens part number index of event and checks hash and commitment. Appends the
 * plaintext. ERR_NOT_FOUND: its bytes are not here (yet); ERR_AUTH: not for this reader;
 * ERR_MALFORMED: they are not what the event says. */
MUST_USE enum err sealing_part_open(struct sealing_keys *keys, const struct fold *fold,
                                    struct kv_txn *txn, const struct wire_event *event,
                                    uint32_t index, struct buf *ret);

#endif
