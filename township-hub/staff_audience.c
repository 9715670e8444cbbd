#include "desk/sealing.h"
#include "township-hub/staff.h"

#include <string.h>

enum err staff_audience_new(const struct publisher *publisher, const uint8_t *station,
                            const struct signer *signer)
{
    struct sealing_member office = {{0}, {0}};
    struct buf wraps;
    const struct world_audience *hub =
        world_audience(hub_fold(publisher->hub)->world, SEALING_HUB, NULL);
    if (hub == NULL) {
        return ERR_STATE;
    }
    memcpy(office.box_key, hub->box_key, sizeof office.box_key);
    struct seal_box_secret *audience = seal_box_new_random();
    if (audience == NULL) {
        return ERR_MEMORY;
    }
    buf_init(&wraps, LIMIT_BLOB_SIZE);
    enum err err = sealing_wraps_make(audience, &office, 1, &wraps);
    if (err == ERR_NONE) {
        err = publish_audience(publisher, SEALING_STATION, station, seal_box_public_view(audience),
                               buf_span(&wraps), signer);
    }
    seal_box_free(audience);
    buf_done(&wraps);
    return err;
}

enum err staff_audience_found(const struct keyring *keyring, struct seal_box_secret **ret_audience,
                              struct buf *ret_wraps)
{
    struct sealing_member first;
    memcpy(first.key, signer_key_id_view(keyring_signer_view(keyring)), sizeof first.key);
    memcpy(first.box_key, seal_box_public_view(keyring_box_view(keyring)), sizeof first.box_key);
    *ret_audience = seal_box_new_random();
    return *ret_audience == NULL ? ERR_MEMORY
                                 : sealing_wraps_make(*ret_audience, &first, 1, ret_wraps);
}

/* The wraps blob of an audience, copied. */
static enum err read_wraps(const struct publisher *publisher, const struct world_audience *audience,
                           struct buf *ret)
{
    struct kv_txn txn;
    kv_begin(publisher->kv, false, &txn);
    bool found = kv_get(&txn, KV_BLOB, span_of(audience->wraps, LIMIT_HASH_SIZE), ret);
    kv_abort(&txn);
    return txn.err != ERR_NONE ? txn.err : found ? ERR_NONE : ERR_NOT_FOUND;
}

static enum err open_audience(const struct publisher *publisher, const struct keyring *keyring,
                              uint32_t kind, const uint8_t *station, struct seal_box_secret **ret)
{
    struct kv_txn txn;
    kv_begin(publisher->kv, false, &txn);
    enum err err =
        sealing_audience_open(hub_fold(publisher->hub), &txn, keyring, kind, station, ret);
    kv_abort(&txn);
    return err;
}

/* Adds each key of staff that is not revoked; swaps the two buffers until done. */
static enum err add_keys(const struct publisher *publisher, const uint8_t *staff,
                         const struct seal_box_secret *audience, struct buf *wraps)
{
    const struct directory *directory = world_directory(hub_fold(publisher->hub)->world);
    enum err err = ERR_NONE;
    for (size_t i = 0; i < directory_key_count(directory) && err == ERR_NONE; i++) {
        const struct directory_key *key = directory_key_at(directory, i);
        struct sealing_member member;
        struct buf next;
        if (memcmp(key->staff, staff, LIMIT_ID_SIZE) != 0 || key->revoked_index != 0) {
            continue;
        }
        memcpy(member.key, key->id, sizeof member.key);
        memcpy(member.box_key, key->box_key, sizeof member.box_key);
        buf_init(&next, LIMIT_BLOB_SIZE);
        err = sealing_wraps_add(buf_span(wraps), audience, &member, &next);
        buf_done(wraps);
        *wraps = next;
    }
    return err;
}

/* The secret and the wraps of an audience; of discipline's new ones when there is none yet. */
static enum err audience_get(const struct publisher *publisher, const struct keyring *keyring,
                             uint32_t kind, const uint8_t *station, struct seal_box_secret **ret,
                             struct buf *wraps)
{
    const struct world_audience *audience =
        world_audience(hub_fold(publisher->hub)->world, kind, station);
    if (audience == NULL) {
        return kind == SEALING_DISCIPLINE ? staff_audience_found(keyring, ret, wraps)
                                          : ERR_NOT_FOUND;
    }
    enum err err = read_wraps(publisher, audience, wraps);
    return err != ERR_NONE ? err : open_audience(publisher, keyring, kind, station, ret);
}

enum err staff_audience_admit(const struct publisher *publisher, const struct keyring *keyring,
                              const uint8_t staff[LIMIT_ID_SIZE], uint32_t kind,
                              const uint8_t *station)
{
    struct seal_box_secret *secret = NULL;
    struct buf wraps;
    buf_init(&wraps, LIMIT_BLOB_SIZE);
    enum err err = audience_get(publisher, keyring, kind, station, &secret, &wraps);
    if (err == ERR_NONE) {
        err = add_keys(publisher, staff, secret, &wraps);
    }
    if (err == ERR_NONE) {
        err = publish_audience(publisher, kind, station, seal_box_public_view(secret),
                               buf_span(&wraps), keyring_signer_view(keyring));
    }
    seal_box_free(secret);
    buf_done(&wraps);
    return err;
}

/* Wraps of one audience without any key of staff; *ret_found: there was one. */
static enum err without(const struct publisher *publisher, const uint8_t *staff, struct buf *wraps,
                        bool *ret_found)
{
    const struct directory *directory = world_directory(hub_fold(publisher->hub)->world);
    enum err err = ERR_NONE;
    *ret_found = false;
    for (size_t i = 0; i < directory_key_count(directory) && err == ERR_NONE; i++) {
        const struct directory_key *key = directory_key_at(directory, i);
        struct buf next;
        if (memcmp(key->staff, staff, LIMIT_ID_SIZE) != 0) {
            continue;
        }
        buf_init(&next, LIMIT_BLOB_SIZE);
        err = sealing_wraps_remove(buf_span(wraps), key->id, &next);
        *ret_found = *ret_found || next.size != wraps->size;
        buf_done(wraps);
        *wraps = next;
    }
    return err;
}

static enum err expel_from(const struct publisher *publisher, const struct keyring *keyring,
                           const uint8_t *staff, uint32_t kind, const uint8_t *station)
{
    const struct world_audience *audience =
        world_audience(hub_fold(publisher->hub)->world, kind, station);
    uint8_t box_key[LIMIT_KEY_SIZE];
    struct buf wraps;
    bool found = false;
    if (audience == NULL) {
        return ERR_NONE;
    }
    memcpy(box_key, audience->box_key, sizeof box_key);
    buf_init(&wraps, LIMIT_BLOB_SIZE);
    enum err err = read_wraps(publisher, audience, &wraps);
    if (err == ERR_NONE) {
        err = without(publisher, staff, &wraps, &found);
    }
    if (err == ERR_NONE && found) {
        err = publish_audience(publisher, kind, station, box_key, buf_span(&wraps),
                               keyring_signer_view(keyring));
    }
    buf_done(&wraps);
    return err;
}

enum err staff_audience_expel(const struct publisher *publisher, const struct keyring *keyring,
                              const uint8_t staff[LIMIT_ID_SIZE])
{
    const struct directory *directory = world_directory(hub_fold(publisher->hub)->world);
    size_t count = directory_station_count(directory);
    enum err err = expel_from(publisher, keyring, staff, SEALING_HUB, NULL);
    if (err == ERR_NONE) {
        err = expel_from(publisher, keyring, staff, SEALING_DISCIPLINE, NULL);
    }
    for (size_t i = 0; i < count && err == ERR_NONE; i++) {
        uint8_t station[LIMIT_KEY_SIZE];
        memcpy(station, directory_station_at(directory, i)->device, sizeof station);
        err = expel_from(publisher, keyring, staff, SEALING_STATION, station);
    }
    return err;
}
