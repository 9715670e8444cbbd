#include "fold/parts.h"
#include "seal/hash.h"
#include "village-node/inside.h"

#include <stdlib.h>
#include <string.h>

/* Blobs, apart from the events that name them:
 *   KV_OUTBOX incarnation, seq, hash -> ""       to be handed over once the event is answered
 *   KV_CACHE  'w' class u8, hash     -> ""       to be fetched; class 0 holds the common feed up
 * What the hub refuses is not tried again on the same connection. What it does not have, or sends
 * spoilt, is: a line may stand for days. When the common feed waits for it that is soon, and no
 * more often than the hub is asked anyway; else with the same patience as a renewed greeting. */

enum { OUTBOX_KEY_SIZE = 16 + LIMIT_HASH_SIZE, WANTED_KEY_SIZE = 2 + LIMIT_HASH_SIZE };

static void vain_add(struct station_vain *vain, const uint8_t *hash)
{
    vain->full = vain->count == STATION_VAIN_COUNT;
    if (!vain->full) {
        memcpy(vain->hash[vain->count++], hash, LIMIT_HASH_SIZE);
    }
}

static bool vain_has(const struct station_vain *vain, const uint8_t *hash)
{
    for (size_t i = 0; i < vain->count; i++) {
        if (memcmp(vain->hash[i], hash, LIMIT_HASH_SIZE) == 0) {
            return true;
        }
    }
    return vain->full;
}

void station_blob_anew(struct station *station)
{
    station->unwanted = (struct station_vain){.due_ms = SYNC_NEVER};
    station->missing = (struct station_vain){.due_ms = SYNC_NEVER};
}

void station_blob_tick(struct station *station, uint64_t mono_ms)
{
    struct station_vain *missing = &station->missing;
    if (mono_ms >= missing->due_ms) {
        *missing = (struct station_vain){.due_ms = SYNC_NEVER, .backoff = missing->backoff};
        station_tell_blobs(station, mono_ms);
    }
}

static void missing_add(struct station *station, const uint8_t *hash, bool urgent)
{
    const struct sync_line *line = &station->session.line;
    struct station_vain *missing = &station->missing;
    vain_add(missing, hash);
    if (urgent && !missing->soon) {
        uint64_t random = sync_random_next(&station->random);
        missing->soon = true;
        missing->due_ms = line->now_ms + sync_backoff_next(&missing->backoff, random);
    } else if (missing->due_ms == SYNC_NEVER) {
        missing->due_ms = line->now_ms + line->options.renew_ms;
    }
}

bool station_blob_fits(const uint8_t hash[LIMIT_HASH_SIZE], struct span bytes)
{
    uint8_t real[LIMIT_HASH_SIZE];
    seal_sha256(bytes, real);
    return memcmp(real, hash, sizeof real) == 0 ||
           (parts_hash(bytes, real) && memcmp(real, hash, sizeof real) == 0);
}

void station_outbox_put(struct kv_txn *txn, const struct wire_event *event,
                        const uint8_t hash[LIMIT_HASH_SIZE])
{
    struct kv_key key;
    uint8_t one = 1;
    (void)station_chain_key(&key, event->incarnation, event->seq);
    kv_key_bytes(&key, span_of(hash, LIMIT_HASH_SIZE));
    kv_put(txn, KV_OUTBOX, kv_key_span(&key), span_of(&one, 1));
}

void station_outbox_drop(struct kv_txn *txn, uint64_t incarnation, uint64_t seq)
{
    struct kv_key key;
    kv_clear(txn, KV_OUTBOX, station_chain_key(&key, incarnation, seq));
}

static bool count_one(void *context, struct span key, struct span value)
{
    uint64_t *count = context;
    (void)key;
    (void)value;
    (*count)++;
    return true;
}

uint64_t station_outbox_count(struct kv_txn *txn)
{
    uint64_t count = 0;
    kv_scan(txn, KV_OUTBOX, span_of(NULL, 0), span_of(NULL, 0), count_one, &count);
    return count;
}

static struct span wanted_key(struct kv_key *key, uint8_t class, const uint8_t *hash)
{
    kv_key_init(key);
    kv_key_u8(key, 'w');
    kv_key_u8(key, class);
    kv_key_bytes(key, span_of(hash, LIMIT_HASH_SIZE));
    return kv_key_span(key);
}

void station_want(struct kv_txn *txn, bool urgent, const uint8_t hash[LIMIT_HASH_SIZE])
{
    struct kv_key key;
    uint8_t one = 1;
    if (!kv_has(txn, KV_BLOB, span_of(hash, LIMIT_HASH_SIZE))) {
        kv_put(txn, KV_CACHE, wanted_key(&key, urgent ? 0 : 1, hash), span_of(&one, 1));
    }
}

void station_want_named(struct kv_txn *txn, const struct wire_event *event)
{
    struct span text = values_bytes(&event->facts, FIELD_hash, 0);
    struct span wraps = values_bytes(&event->facts, FIELD_wraps, 0);
    bool holds_up = event->payload == WIRE_EDITION || event->payload == WIRE_HANDOVER;
    if (holds_up && text.size == LIMIT_HASH_SIZE) {
        station_want(txn, true, text.data);
    }
    if (event->payload == WIRE_AUDIENCE && wraps.size == LIMIT_HASH_SIZE) {
        station_want(txn, false, wraps.data);
    }
    for (uint32_t i = 0; i < event->sealed_count; i++) {
        station_want(txn, false, event->sealed[i].hash);
    }
}

/* The first blob of a lane that may go now. */
struct choice {
    const struct station_vain *vain;
    size_t hash_at; /* where the hash stands in the key */
    size_t key_size;
    bool bounded; /* by what is answered */
    uint64_t incarnation;
    uint64_t seq;
    bool found;
    uint8_t key[OUTBOX_KEY_SIZE];
};

static bool choose(void *context, struct span key, struct span value)
{
    struct choice *choice = context;
    (void)value;
    if (key.size != choice->key_size) {
        return true;
    }
    if (choice->bounded &&
        (get_u64(key.data) > choice->incarnation ||
         (get_u64(key.data) == choice->incarnation && get_u64(key.data + 8) > choice->seq))) {
        return false;
    }
    choice->found = !vain_has(choice->vain, key.data + choice->hash_at);
    if (choice->found) {
        memcpy(choice->key, key.data, key.size);
    }
    return !choice->found && !choice->vain->full;
}

static const uint8_t *next_to_send(const struct station *station, struct kv_txn *txn,
                                   struct choice *choice)
{
    *choice = (struct choice){
        .vain = &station->unwanted,
        .hash_at = 16,
        .key_size = OUTBOX_KEY_SIZE,
        .bounded = true,
        .incarnation = station->state.answered_incarnation,
        .seq = station->state.answered,
    };
    kv_scan(txn, KV_OUTBOX, span_of(NULL, 0), span_of(NULL, 0), choose, choice);
    return choice->found ? choice->key + choice->hash_at : NULL;
}

static const uint8_t *next_to_fetch(const struct station *station, struct kv_txn *txn,
                                    struct choice *choice)
{
    *choice = (struct choice){.vain = &station->missing, .hash_at = 2, .key_size = WANTED_KEY_SIZE};
    kv_scan(txn, KV_CACHE, span_text("w"), span_of(NULL, 0), choose, choice);
    return choice->found ? choice->key + choice->hash_at : NULL;
}

void station_tell_blobs(struct station *station, uint64_t mono_ms)
{
    struct kv_txn txn;
    struct choice choice;
    kv_begin(station->kv, false, &txn);
    uint32_t outbox = next_to_send(station, &txn, &choice) != NULL ? 1 : 0;
    uint32_t wanted = next_to_fetch(station, &txn, &choice) != NULL ? 1 : 0;
    kv_abort(&txn);
    sync_station_blobs(&station->session, outbox, wanted, mono_ms);
}

static enum err drop_row(struct station *station, enum kv_table table, struct span key)
{
    struct kv_txn txn;
    kv_begin(station->kv, true, &txn);
    kv_delete(&txn, table, key);
    return station_commit(station, &txn);
}

enum err station_send_blob(struct station *station, const uint8_t **ret_hash)
{
    struct kv_txn txn;
    struct choice choice;
    struct buf data;
    struct sync_frame *reply = station->reply;
    bool here = false;
    *ret_hash = NULL;
    kv_begin(station->kv, false, &txn);
    const uint8_t *hash = next_to_send(station, &txn, &choice);
    buf_init(&data, LIMIT_BLOB_SIZE);
    if (hash != NULL) {
        here = kv_get(&txn, KV_BLOB, span_of(hash, LIMIT_HASH_SIZE), &data) && data.size > 0;
    }
    enum err err = txn.err;
    kv_abort(&txn);
    if (err == ERR_NONE && here && !station_blob_fits(hash, buf_span(&data))) {
        /* Damaged here: under its own name the hub would never know it. The others go on. */
        vain_add(&station->unwanted, hash);
        buf_done(&data);
        return ERR_NONE;
    }
    if (err == ERR_NONE && here) {
        memset(reply, 0, sizeof *reply);
        reply->kind = SYNC_BLOB_PUT;
        memcpy(reply->blob.hash, hash, LIMIT_HASH_SIZE);
        reply->blob.data = buf_span(&data);
        *ret_hash = reply->blob.hash;
        buf_clear(&station->out);
        err = wire_frame_encode(reply, &station->out);
        reply->blob.data = span_of(NULL, 0);
    } else if (err == ERR_NONE && hash != NULL) {
        /* The part was shredded meanwhile: there is nothing to hand over. */
        err = drop_row(station, KV_OUTBOX, span_of(choice.key, choice.key_size));
    }
    buf_done(&data);
    return err;
}

enum err station_send_blob_get(struct station *station, const uint8_t **ret_hash)
{
    struct kv_txn txn;
    struct choice choice;
    struct sync_frame *reply = station->reply;
    *ret_hash = NULL;
    kv_begin(station->kv, false, &txn);
    const uint8_t *hash = next_to_fetch(station, &txn, &choice);
    enum err err = txn.err;
    kv_abort(&txn);
    if (err == ERR_NONE && hash != NULL) {
        memset(reply, 0, sizeof *reply);
        reply->kind = SYNC_BLOB_GET;
        memcpy(reply->blob.hash, hash, LIMIT_HASH_SIZE);
        *ret_hash = reply->blob.hash;
        buf_clear(&station->out);
        err = wire_frame_encode(reply, &station->out);
    }
    return err;
}

/* The row of the outbox that names a hash, by its first bytes: near the outbox's front, since that
 * is what was sent. */
struct search {
    const uint8_t *hash;
    bool found;
    uint8_t key[OUTBOX_KEY_SIZE];
};

static bool find_hash(void *context, struct span key, struct span value)
{
    struct search *search = context;
    (void)value;
    search->found = key.size == OUTBOX_KEY_SIZE &&
                    memcmp(key.data + 16, search->hash, SYNC_BLOB_NAME_SIZE) == 0;
    if (search->found) {
        memcpy(search->key, key.data, key.size);
    }
    return !search->found;
}

enum err station_apply_stored(struct station *station, const struct sync_blob *blob)
{
    struct kv_txn txn;
    struct search search = {.hash = blob->hash};
    kv_begin(station->kv, !blob->refused, &txn);
    kv_scan(&txn, KV_OUTBOX, span_of(NULL, 0), span_of(NULL, 0), find_hash, &search);
    if (blob->refused) {
        enum err err = txn.err;
        kv_abort(&txn);
        if (search.found) {
            vain_add(&station->unwanted, search.key + 16);
        }
        return err;
    }
    if (search.found) {
        kv_delete(&txn, KV_OUTBOX, span_of(search.key, sizeof search.key));
    }
    return station_commit(station, &txn);
}

enum err station_apply_blob(struct station *station, const struct sync_blob *blob)
{
    struct kv_txn txn;
    struct kv_key urgent;
    struct kv_key later;
    struct span first = wanted_key(&urgent, 0, blob->hash);
    struct span second = wanted_key(&later, 1, blob->hash);
    bool good = blob->data.size > 0 && station_blob_fits(blob->hash, blob->data);
    kv_begin(station->kv, good, &txn);
    bool holds_up = kv_has(&txn, KV_CACHE, first);
    if (!good || (!holds_up && !kv_has(&txn, KV_CACHE, second))) {
        enum err err = txn.err;
        kv_abort(&txn);
        if (!good && err == ERR_NONE) {
            missing_add(station, blob->hash, holds_up);
        }
        return err;
    }
    if (holds_up) {
        sync_backoff_reset(&station->missing.backoff);
    }
    kv_put(&txn, KV_BLOB, span_of(blob->hash, LIMIT_HASH_SIZE), blob->data);
    kv_delete(&txn, KV_CACHE, first);
    kv_delete(&txn, KV_CACHE, second);
    station_advance(station, &txn);
    return station_commit(station, &txn);
}
