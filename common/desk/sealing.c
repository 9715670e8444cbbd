#include "desk/sealing.h"

#include "fold/parts.h"
#include "seal/hash.h"
#include "wire/dense.h"

#include <stdlib.h>
#include <string.h>

enum { KEYS_COUNT = LIMIT_PEER_COUNT + 2, BLOB_ARENA = 16 * 1024 };

static const uint8_t no_station[LIMIT_KEY_SIZE];

/* One audience whose secret was found; NULL secret: it was looked for in vain in that generation.
 */
struct audience_key {
    uint32_t kind;
    uint8_t station[LIMIT_KEY_SIZE]; /* zeros: not a station's */
    uint8_t wraps[LIMIT_HASH_SIZE];  /* the blob that was looked at */
    struct seal_box_secret *secret;
};

struct sealing_keys {
    const struct keyring *keyring;
    size_t count;
    struct audience_key list[KEYS_COUNT];
};

struct sealing_keys *sealing_keys_new(const struct keyring *keyring)
{
    struct sealing_keys *keys = calloc(1, sizeof *keys);
    if (keys != NULL) {
        keys->keyring = keyring;
    }
    return keys;
}

void sealing_keys_free(struct sealing_keys *keys)
{
    for (size_t i = 0; keys != NULL && i < keys->count; i++) {
        seal_box_free(keys->list[i].secret);
    }
    free(keys);
}

/* The audience's secret, its box key compared with what the log says. */
static enum err open_wraps(struct kv_txn *txn, const struct world_audience *audience,
                           const uint8_t *member_key, const struct seal_box_secret *member,
                           struct seal_box_secret **ret)
{
    struct buf blob;
    struct seal_box_secret *secret = NULL;
    buf_init(&blob, LIMIT_BLOB_SIZE);
    bool there = kv_get(txn, KV_BLOB, span_of(audience->wraps, LIMIT_HASH_SIZE), &blob);
    enum err err = txn->err != ERR_NONE ? txn->err : there ? ERR_NONE : ERR_NOT_FOUND;
    if (err == ERR_NONE) {
        err = sealing_wraps_open(buf_span(&blob), member_key, member, &secret);
    }
    if (err == ERR_NONE &&
        memcmp(seal_box_public_view(secret), audience->box_key, SEAL_BOX_PUBLIC_SIZE) != 0) {
        seal_box_free(secret);
        err = ERR_MALFORMED;
    }
    if (err == ERR_NONE) {
        *ret = secret;
    }
    buf_done(&blob);
    return err;
}

static enum err open_direct(struct kv_txn *txn, const struct keyring *keyring,
                            const struct world_audience *audience, struct seal_box_secret **ret)
{
    return open_wraps(txn, audience, signer_key_id_view(keyring_signer_view(keyring)),
                      keyring_box_view(keyring), ret);
}

enum err sealing_audience_open(const struct fold *fold, struct kv_txn *txn,
                               const struct keyring *keyring, uint32_t kind, const uint8_t *station,
                               struct seal_box_secret **ret_audience)
{
    const struct world_audience *hub = world_audience(fold->world, SEALING_HUB, NULL);
    const struct world_audience *own = world_audience(fold->world, kind, station);
    struct seal_box_secret *through = NULL;
    if (own == NULL) {
        return ERR_NOT_FOUND;
    }
    enum err err = open_direct(txn, keyring, own, ret_audience);
    if (err != ERR_NOT_FOUND || kind != SEALING_STATION || hub == NULL) {
        return err;
    }
    err = open_direct(txn, keyring, hub, &through);
    if (err == ERR_NONE) {
        err = open_wraps(txn, own, no_station, through, ret_audience);
        seal_box_free(through);
    }
    return err;
}

/* Where what was found of an audience is kept; NULL: no room. */
static struct audience_key *key_for(struct sealing_keys *keys, uint32_t kind,
                                    const uint8_t *station)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->list[i].kind == kind &&
            memcmp(keys->list[i].station, station, LIMIT_KEY_SIZE) == 0) {
            return &keys->list[i];
        }
    }
    if (keys->count == KEYS_COUNT) {
        return NULL;
    }
    struct audience_key *found = &keys->list[keys->count++];
    found->kind = kind;
    memcpy(found->station, station, LIMIT_KEY_SIZE);
    return found;
}

/* Borrowed from keys; NULL: cannot be opened. station zeros: not a station's. */
static const struct seal_box_secret *audience_secret(struct sealing_keys *keys,
                                                     const struct fold *fold, struct kv_txn *txn,
                                                     uint32_t kind, const uint8_t *station)
{
    const struct world_audience *audience = world_audience(fold->world, kind, station);
    struct audience_key *found = audience == NULL ? NULL : key_for(keys, kind, station);
    if (found == NULL || found->secret != NULL ||
        memcmp(found->wraps, audience->wraps, LIMIT_HASH_SIZE) == 0) {
        return found == NULL ? NULL : found->secret;
    }
    enum err err = sealing_audience_open(fold, txn, keys->keyring, kind, station, &found->secret);
    if (err != ERR_NONE) {
        found->secret = NULL;
    }
    /* A blob that has not arrived yet is asked for again. */
    if (kv_has(txn, KV_BLOB, span_of(audience->wraps, LIMIT_HASH_SIZE))) {
        memcpy(found->wraps, audience->wraps, LIMIT_HASH_SIZE);
    }
    return found->secret;
}

bool sealing_keys_can(struct sealing_keys *keys, const struct fold *fold, struct kv_txn *txn,
                      const uint8_t *station)
{
    return audience_secret(keys, fold, txn, station == NULL ? SEALING_HUB : SEALING_STATION,
                           station == NULL ? no_station : station) != NULL;
}

static void add_reader(struct sealing_readers *readers, const struct world_audience *audience)
{
    if (audience != NULL) {
        readers->audiences |= audience->audience;
        readers->list[readers->count++] = *audience;
    }
}

enum err sealing_readers_find(const struct fold *fold, enum machine_id machine,
                              const uint8_t *station, struct sealing_readers *ret)
{
    uint32_t last = SEALING_HUB;
    memset(ret, 0, sizeof *ret);
    switch (rule_readers(machine)) {
    case RULE_READERS_OFFICE:
        if (station != NULL) {
            add_reader(ret, world_audience(fold->world, SEALING_STATION, station));
        }
        break;
    case RULE_READERS_DISCIPLINE:
        last = SEALING_DISCIPLINE;
        break;
    }
    add_reader(ret, world_audience(fold->world, last, NULL));
    return (ret->audiences & last) != 0 ? ERR_NONE : ERR_NOT_FOUND;
}

/* The station is not named when it is the one that writes: its event says so. */
static void add_wrap(struct wire_sealed_blob *blob, const struct world_audience *audience,
                     const uint8_t *device, const uint8_t *record_key)
{
    struct wire_wrap *wrap = &blob->wraps[blob->wrap_count++];
    wrap->audience = audience->audience;
    wrap->generation = audience->generation;
    if (memcmp(audience->station, device, sizeof wrap->station) != 0) {
        memcpy(wrap->station, audience->station, sizeof wrap->station);
    }
    seal_wrap(audience->box_key, record_key, wrap->box);
}

enum err sealing_part_make(const struct sealing_readers *readers,
                           const uint8_t record_key[SEAL_RECORD_KEY_SIZE],
                           const struct seal_part_context *context, struct span plaintext,
                           struct sealing_part *ret)
{
    struct wire_sealed_blob blob = {.wrap_count = 0};
    uint8_t part_key[SEAL_PART_KEY_SIZE];
    struct buf ciphertext;
    struct buf dense;
    memset(&ret->sealed, 0, sizeof ret->sealed);
    buf_init(&ret->blob, LIMIT_BLOB_SIZE);
    buf_init(&ciphertext, LIMIT_BLOB_SIZE);
    buf_init(&dense, LIMIT_SEALED_SIZE);
    seal_part_key(record_key, context, part_key);
    dense_put(plaintext, &dense);
    enum err err = dense.err != ERR_NONE
                       ? dense.err
                       : seal_part_encrypt(part_key, context, buf_span(&dense), &ciphertext);
    if (err == ERR_NONE) {
        for (size_t i = 0; i < readers->count; i++) {
            add_wrap(&blob, &readers->list[i], context->device, record_key);
        }
        blob.ciphertext = buf_span(&ciphertext);
        err = wire_sealed_encode(&blob, &ret->blob);
    }
    if (err == ERR_NONE) {
        ret->sealed.label = context->label;
        ret->sealed.audience = readers->audiences;
        ret->sealed.size = (uint32_t)ret->blob.size;
        seal_sha256(blob.ciphertext, ret->sealed.hash);
        seal_part_commit(part_key, ret->sealed.commitment);
    }
    explicit_bzero(part_key, sizeof part_key);
    buf_done(&ciphertext);
    buf_done(&dense);
    return err;
}

static enum err unwrap_any(struct sealing_keys *keys, const struct fold *fold, struct kv_txn *txn,
                           const struct wire_sealed_blob *blob, const uint8_t *device,
                           uint8_t *ret_key)
{
    for (uint32_t i = 0; i < blob->wrap_count; i++) {
        const struct wire_wrap *wrap = &blob->wraps[i];
        bool named = memcmp(wrap->station, no_station, sizeof no_station) != 0;
        bool own = wrap->audience == SEALING_STATION && !named;
        const struct seal_box_secret *secret =
            audience_secret(keys, fold, txn, wrap->audience, own ? device : wrap->station);
        if (secret != NULL && seal_unwrap(secret, wrap->box, ret_key) == ERR_NONE) {
            return ERR_NONE;
        }
    }
    return txn->err != ERR_NONE ? txn->err : ERR_AUTH;
}

enum err sealing_record_key(struct sealing_keys *keys, const struct fold *fold, struct kv_txn *txn,
                            const struct sealing_blob *blob, uint8_t ret_key[SEAL_RECORD_KEY_SIZE])
{
    struct wire_arena arena = {NULL, 0, 0};
    struct wire_sealed_blob sealed;
    enum err err = wire_arena_init(&arena, LIMIT_BLOB_SIZE + BLOB_ARENA);
    if (err == ERR_NONE) {
        err = wire_sealed_decode(blob->bytes, &arena, &sealed);
    }
    if (err == ERR_NONE) {
        err = unwrap_any(keys, fold, txn, &sealed, blob->device, ret_key);
    }
    wire_arena_done(&arena);
    return err;
}

static enum err decrypt(const uint8_t *part_key, const struct seal_part_context *context,
                        struct span ciphertext, struct buf *ret)
{
    struct buf dense;
    buf_init(&dense, LIMIT_SEALED_SIZE);
    enum err err = seal_part_decrypt(part_key, context, ciphertext, &dense);
    if (err == ERR_NONE) {
        err = dense_take(buf_span(&dense), LIMIT_SEALED_SIZE, ret);
    }
    buf_done(&dense);
    return err;
}

/* The part's key must be the one the event commits to, and its bytes those it names. */
static enum err open_with(const uint8_t *record_key, const struct wire_event *event, uint32_t index,
                          struct span ciphertext, struct buf *ret)
{
    const struct wire_sealed *sealed = &event->sealed[index];
    const struct seal_part_context context = {event->device, event->incarnation, event->seq,
                                              event->record, sealed->label};
    uint8_t part_key[SEAL_PART_KEY_SIZE];
    uint8_t commitment[LIMIT_HASH_SIZE];
    uint8_t hash[LIMIT_HASH_SIZE];
    seal_part_key(record_key, &context, part_key);
    seal_part_commit(part_key, commitment);
    seal_sha256(ciphertext, hash);
    enum err err = memcmp(commitment, sealed->commitment, sizeof commitment) != 0 ||
                           memcmp(hash, sealed->hash, sizeof hash) != 0
                       ? ERR_MALFORMED
                       : decrypt(part_key, &context, ciphertext, ret);
    explicit_bzero(part_key, sizeof part_key);
    return err;
}

enum err sealing_part_open(struct sealing_keys *keys, const struct fold *fold, struct kv_txn *txn,
                           const struct wire_event *event, uint32_t index, struct buf *ret)
{
    struct wire_arena arena = {NULL, 0, 0};
    struct wire_sealed_blob sealed;
    uint8_t record_key[SEAL_RECORD_KEY_SIZE];
    struct buf bytes;
    if (index >= event->sealed_count || index >= LIMIT_SEALED_COUNT) {
        return ERR_NOT_FOUND;
    }
    buf_init(&bytes, LIMIT_BLOB_SIZE);
    bool there = parts_get(txn, event->sealed[index].hash, &bytes);
    enum err err = txn->err != ERR_NONE ? txn->err : there ? ERR_NONE : ERR_NOT_FOUND;
    if (err == ERR_NONE) {
        err = wire_arena_init(&arena, LIMIT_BLOB_SIZE + BLOB_ARENA);
    }
    if (err == ERR_NONE) {
        err = wire_sealed_decode(buf_span(&bytes), &arena, &sealed);
    }
    if (err == ERR_NONE) {
        err = unwrap_any(keys, fold, txn, &sealed, event->device, record_key);
    }
    if (err == ERR_NONE) {
        err = open_with(record_key, event, index, sealed.ciphertext, ret);
    }
    explicit_bzero(record_key, sizeof record_key);
    wire_arena_done(&arena);
    buf_done(&bytes);
    return err;
}
