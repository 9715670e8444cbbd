#include "fold/directory.h"

#include "base/check.h"
#include "seal/sign.h"

#include <stdlib.h>
#include <string.h>

enum { DIRECTORY_MAX = 65536 };

struct directory {
    uint8_t hub_device[LIMIT_KEY_SIZE];
    uint8_t hub_public[LIMIT_KEY_SIZE];
    struct directory_key *keys; /* sorted by id */
    size_t key_count;
    size_t key_capacity;
    struct directory_grant *grants; /* in order of granting */
    size_t grant_count;
    size_t grant_capacity;
    struct directory_station *stations; /* sorted by device */
    size_t station_count;
    size_t station_capacity;
};

struct directory *directory_new(const uint8_t hub_device[LIMIT_KEY_SIZE],
                                const uint8_t hub_public[LIMIT_KEY_SIZE])
{
    struct directory *directory = calloc(1, sizeof *directory);
    if (directory != NULL) {
        memcpy(directory->hub_device, hub_device, LIMIT_KEY_SIZE);
        memcpy(directory->hub_public, hub_public, LIMIT_KEY_SIZE);
    }
    return directory;
}

void directory_free(struct directory *directory)
{
    if (directory != NULL) {
        free(directory->keys);
        free(directory->grants);
        free(directory->stations);
        free(directory);
    }
}

const uint8_t *directory_hub_view(const struct directory *directory)
{
    return directory->hub_device;
}

bool directory_is_hub(const struct directory *directory, const uint8_t device[LIMIT_KEY_SIZE])
{
    return memcmp(directory->hub_device, device, LIMIT_KEY_SIZE) == 0;
}

/* Index of id in a sorted array of entries that begin with a key id, or where it would stand. */
static size_t find(const void *entries, size_t count, size_t size, const uint8_t *id,
                   bool *ret_found)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp((const uint8_t *)entries + middle * size, id, LIMIT_KEY_SIZE);
        if (order == 0) {
            *ret_found = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *ret_found = false;
    return low;
}

/* Room for one more zeroed entry at index; NULL: no memory or DIRECTORY_MAX reached. */
static void *insert(void **entries, size_t *count, size_t *capacity, size_t size, size_t index)
{
    if (*count == *capacity) {
        size_t wanted = *capacity == 0 ? 16 : *capacity * 2;
        void *grown = *count >= DIRECTORY_MAX ? NULL : realloc(*entries, wanted * size);
        if (grown == NULL) {
            return NULL;
        }
        *entries = grown;
        *capacity = wanted;
    }
    uint8_t *at = (uint8_t *)*entries + index * size;
    memmove(at + size, at, (*count - index) * size);
    memset(at, 0, size);
    (*count)++;
    return at;
}

const struct directory_key *directory_key(const struct directory *directory,
                                          const uint8_t key_id[LIMIT_KEY_SIZE])
{
    bool found = false;
    size_t at =
        find(directory->keys, directory->key_count, sizeof *directory->keys, key_id, &found);
    return found ? &directory->keys[at] : NULL;
}

const struct directory_station *directory_station(const struct directory *directory,
                                                  const uint8_t device[LIMIT_KEY_SIZE])
{
    bool found = false;
    size_t at = find(directory->stations, directory->station_count, sizeof *directory->stations,
                     device, &found);
    return found ? &directory->stations[at] : NULL;
}

const struct directory_station *directory_station_like(const struct directory *directory,
                                                       struct span prefix)
{
    const struct directory_station *stations = directory->stations;
    uint8_t least[LIMIT_KEY_SIZE] = {0};
    bool found = false;
    CHECK(prefix.size <= sizeof least);
    memcpy(least, prefix.data, prefix.size);
    size_t at = find(stations, directory->station_count, sizeof *stations, least, &found);
    size_t left = directory->station_count - at;
    bool fits = left > 0 && memcmp(stations[at].device, prefix.data, prefix.size) == 0;
    bool twice = left > 1 && memcmp(stations[at + 1].device, prefix.data, prefix.size) == 0;
    return fits && !twice ? &stations[at] : NULL;
}

const uint8_t *directory_public(const struct directory *directory,
                                const uint8_t key_id[LIMIT_KEY_SIZE])
{
    if (directory_is_hub(directory, key_id)) {
        return directory->hub_public;
    }
    const struct directory_key *key = directory_key(directory, key_id);
    if (key != NULL) {
        return key->public_key;
    }
    const struct directory_station *station = directory_station(directory, key_id);
    return station == NULL ? NULL : station->public_key;
}

size_t directory_station_count(const struct directory *directory)
{
    return directory->station_count;
}

const struct directory_station *directory_station_at(const struct directory *directory,
                                                     size_t index)
{
    CHECK(index < directory->station_count);
    return &directory->stations[index];
}

size_t directory_key_count(const struct directory *directory)
{
    return directory->key_count;
}

const struct directory_key *directory_key_at(const struct directory *directory, size_t index)
{
    CHECK(index < directory->key_count);
    return &directory->keys[index];
}

bool directory_knows(const struct directory *directory, const uint8_t staff[LIMIT_ID_SIZE])
{
    for (size_t i = 0; i < directory->key_count; i++) {
        if (memcmp(directory->keys[i].staff, staff, LIMIT_ID_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

size_t directory_grant_count(const struct directory *directory)
{
    return directory->grant_count;
}

const struct directory_grant *directory_grant_at(const struct directory *directory, size_t index)
{
    CHECK(index < directory->grant_count);
    return &directory->grants[index];
}

static bool grant_holds(const struct directory_grant *grant, const struct directory_ask *ask,
                        const uint8_t *place)
{
    bool known = grant->since <= ask->applied && (grant->ended == 0 || grant->ended > ask->applied);
    bool today = (grant->from_day == 0 || grant->from_day <= ask->day) &&
                 (grant->until_day == 0 || ask->day <= grant->until_day);
    return known && today && memcmp(grant->station, place, LIMIT_KEY_SIZE) == 0;
}

static bool revoked_before(uint64_t revoked_index, uint64_t leaf_index)
{
    return revoked_index != 0 && revoked_index - 1 < leaf_index;
}

void directory_ask(const struct directory *directory, const struct directory_ask *ask,
                   struct directory_author *ret)
{
    static const uint8_t hub_place[LIMIT_KEY_SIZE];
    memset(ret, 0, sizeof *ret);
    bool at_hub = directory_is_hub(directory, ask->device);
    ret->tier = at_hub ? TIER_HUB : TIER_STATION;
    if (memcmp(ask->author, ask->device, LIMIT_KEY_SIZE) == 0) {
        const struct directory_station *station = directory_station(directory, ask->device);
        ret->known = at_hub || station != NULL;
        ret->device = true;
        ret->roles = ROLE_DEVICE;
        ret->revoked = station != NULL && revoked_before(station->revoked_index, ask->leaf_index);
        return;
    }
    const struct directory_key *key = directory_key(directory, ask->author);
    if (key == NULL || key->since > ask->applied) {
        return;
    }
    ret->known = true;
    ret->revoked = revoked_before(key->revoked_index, ask->leaf_index);
    memcpy(ret->staff, key->staff, LIMIT_ID_SIZE);
    const uint8_t *place = at_hub ? hub_place : ask->device;
    for (size_t i = 0; i < directory->grant_count; i++) {
        const struct directory_grant *grant = &directory->grants[i];
        if (memcmp(grant->staff, key->staff, LIMIT_ID_SIZE) == 0 &&
            grant_holds(grant, ask, place)) {
            ret->roles |= grant->roles;
        }
    }
}

bool directory_works_at(const struct directory *directory, const uint8_t staff[LIMIT_ID_SIZE],
                        const struct directory_ask *ask)
{
    bool has_key = false;
    bool granted = false;
    for (size_t i = 0; i < directory->key_count && !has_key; i++) {
        const struct directory_key *key = &directory->keys[i];
        has_key = memcmp(key->staff, staff, LIMIT_ID_SIZE) == 0 && key->since <= ask->applied &&
                  !revoked_before(key->revoked_index, ask->leaf_index);
    }
    for (size_t i = 0; has_key && !granted && i < directory->grant_count; i++) {
        const struct directory_grant *grant = &directory->grants[i];
        granted =
            memcmp(grant->staff, staff, LIMIT_ID_SIZE) == 0 && grant_holds(grant, ask, ask->device);
    }
    return granted;
}

static void copy_fact(const struct wire_event *event, enum field field, void *ret, size_t size)
{
    struct span bytes = values_bytes(&event->facts, field, 0);
    if (bytes.size == size) {
        memcpy(ret, bytes.data, size);
    }
}

static void copy_text(const struct values *facts, enum field field, uint16_t place, char *ret)
{
    struct span bytes = values_bytes(facts, field, place);
    size_t size = bytes.size < LIMIT_CODE_SIZE ? bytes.size : LIMIT_CODE_SIZE - 1;
    if (size > 0) {
        memcpy(ret, bytes.data, size);
    }
    ret[size] = 0;
}

static enum err add_key(struct directory *directory, const struct wire_event *event, uint64_t since)
{
    struct span public_key = values_bytes(&event->facts, FIELD_public_key, 0);
    uint8_t id[LIMIT_KEY_SIZE];
    bool found = false;
    CHECK(public_key.size == LIMIT_KEY_SIZE);
    seal_key_id(SEAL_SUITE_ED25519, public_key.data, id);
    size_t at = find(directory->keys, directory->key_count, sizeof *directory->keys, id, &found);
    if (found) {
        return ERR_NONE;
    }
    struct directory_key *key = insert((void **)&directory->keys, &directory->key_count,
                                       &directory->key_capacity, sizeof *key, at);
    if (key == NULL) {
        return ERR_MEMORY;
    }
    memcpy(key->id, id, sizeof key->id);
    copy_fact(event, FIELD_public_key, key->public_key, sizeof key->public_key);
    copy_fact(event, FIELD_box_key, key->box_key, sizeof key->box_key);
    copy_fact(event, FIELD_staff, key->staff, sizeof key->staff);
    key->since = since;
    return ERR_NONE;
}

static enum err add_grants(struct directory *directory, const struct wire_event *event,
                           uint64_t since)
{
    uint16_t count = values_places(&event->facts, FIELD_grants_roles);
    for (uint16_t i = 0; i < count; i++) {
        uint32_t number = 1;
        struct span staff = values_bytes(&event->facts, FIELD_staff, 0);
        for (size_t j = 0; j < directory->grant_count; j++) {
            number += memcmp(directory->grants[j].staff, staff.data, LIMIT_ID_SIZE) == 0 ? 1 : 0;
        }
        struct directory_grant *grant =
            insert((void **)&directory->grants, &directory->grant_count, &directory->grant_capacity,
                   sizeof *grant, directory->grant_count);
        if (grant == NULL) {
            return ERR_MEMORY;
        }
        struct span station = values_bytes(&event->facts, FIELD_grants_station, i);
        copy_fact(event, FIELD_staff, grant->staff, sizeof grant->staff);
        if (station.size == LIMIT_KEY_SIZE) {
            memcpy(grant->station, station.data, LIMIT_KEY_SIZE);
        }
        copy_text(&event->facts, FIELD_grants_post, i, grant->post);
        grant->roles = values_number(&event->facts, FIELD_grants_roles, i);
        grant->from_day = (int32_t)values_number(&event->facts, FIELD_grants_from_day, i);
        grant->until_day = (int32_t)values_number(&event->facts, FIELD_grants_until_day, i);
        grant->number = number;
        grant->since = since;
    }
    return ERR_NONE;
}

static void end_grant(struct directory *directory, const struct wire_event *event, uint64_t ended)
{
    struct span staff = values_bytes(&event->facts, FIELD_staff, 0);
    uint64_t number = values_number(&event->facts, FIELD_grant, 0);
    for (size_t i = 0; i < directory->grant_count; i++) {
        struct directory_grant *grant = &directory->grants[i];
        if (grant->number == number && grant->ended == 0 &&
            memcmp(grant->staff, staff.data, LIMIT_ID_SIZE) == 0) {
            grant->ended = ended;
        }
    }
}

static void revoke_keys(struct directory *directory, const struct wire_event *event,
                        uint64_t leaf_index)
{
    struct span staff = values_bytes(&event->facts, FIELD_staff, 0);
    struct span only = values_bytes(&event->facts, FIELD_key, 0);
    for (size_t i = 0; i < directory->key_count; i++) {
        struct directory_key *key = &directory->keys[i];
        bool meant = only.size != LIMIT_KEY_SIZE || memcmp(key->id, only.data, only.size) == 0;
        if (meant && key->revoked_index == 0 &&
            memcmp(key->staff, staff.data, LIMIT_ID_SIZE) == 0) {
            key->revoked_index = leaf_index + 1;
        }
    }
}

static enum err apply_station(struct directory *directory, const struct wire_event *event,
                              uint64_t since, uint64_t leaf_index)
{
    struct span device = values_bytes(&event->facts, FIELD_device, 0);
    bool found = false;
    size_t at = find(directory->stations, directory->station_count, sizeof *directory->stations,
                     device.data, &found);
    if (values_number(&event->facts, FIELD_verb, 0) == STATION_REVOKED) {
        if (found && directory->stations[at].revoked_index == 0) {
            directory->stations[at].revoked_index = leaf_index + 1;
        }
        return ERR_NONE;
    }
    if (found) {
        return ERR_NONE;
    }
    struct directory_station *station =
        insert((void **)&directory->stations, &directory->station_count,
               &directory->station_capacity, sizeof *station, at);
    if (station == NULL) {
        return ERR_MEMORY;
    }
    memcpy(station->device, device.data, LIMIT_KEY_SIZE);
    copy_fact(event, FIELD_public_key, station->public_key, LIMIT_KEY_SIZE);
    copy_fact(event, FIELD_curve_key, station->curve_key, LIMIT_KEY_SIZE);
    copy_fact(event, FIELD_box_key, station->box_key, LIMIT_KEY_SIZE);
    copy_fact(event, FIELD_replaces, station->replaces, LIMIT_KEY_SIZE);
    copy_text(&event->facts, FIELD_code, 0, station->code);
    station->since = since;
    return ERR_NONE;
}

enum err directory_apply(struct directory *directory, const struct wire_event *event,
                         uint64_t common_seq, uint64_t leaf_index)
{
    if (event->payload == WIRE_STATION) {
        return apply_station(directory, event, common_seq, leaf_index);
    }
    if (event->payload != WIRE_PERSON) {
        return ERR_NONE;
    }
    switch ((enum person_verb)values_number(&event->facts, FIELD_verb, 0)) {
    case PERSON_ENROLLED:
    case PERSON_KEY_ADDED:
        return add_key(directory, event, common_seq);
    case PERSON_GRANTED:
        return add_grants(directory, event, common_seq);
    case PERSON_GRANT_ENDED:
        end_grant(directory, event, common_seq);
        return ERR_NONE;
    case PERSON_REVOKED:
    case PERSON_KEY_REVOKED:
        revoke_keys(directory, event, leaf_index);
        return ERR_NONE;
    }
    return ERR_NONE;
}
