#include "fold/world.h"

#include "seal/hash.h"

#include <stdlib.h>
#include <string.h>

enum { EDITION_MAX = 4096, AUDIENCE_MAX = 1024, EPOCH_MAX = 256 };

/* One edition in force from since on. Of policy, catalogue and calendar one pointer is set; a
 * calendar's is made of the newest text of every year. */
struct edition {
    enum world_kind kind;
    uint64_t number;
    uint32_t year;
    uint64_t since;
    uint8_t hash[LIMIT_HASH_SIZE];
    struct policy *policy;
    struct catalogue *catalogue;
    struct calendar *calendar;
    struct stations *stations;
};

/* The first leaf of a new log of the hub. */
struct epoch {
    uint64_t number;
    uint64_t index;
    uint64_t common_seq;
    uint64_t former_ms;
};

struct world {
    struct directory *directory;
    uint64_t common_seq;
    struct edition *editions; /* in order of since */
    size_t count;
    size_t capacity;
    struct epoch epochs[EPOCH_MAX]; /* in order of the feed */
    size_t epoch_count;
    struct world_audience *audiences; /* newest generation of each; room for AUDIENCE_MAX */
    size_t audience_count;
};

enum err world_new(const uint8_t hub_device[LIMIT_KEY_SIZE],
                   const uint8_t hub_public[LIMIT_KEY_SIZE], struct world **ret_world)
{
    struct world *world = calloc(1, sizeof *world);
    if (world == NULL) {
        return ERR_MEMORY;
    }
    world->directory = directory_new(hub_device, hub_public);
    world->audiences = calloc(AUDIENCE_MAX, sizeof *world->audiences);
    if (world->directory == NULL || world->audiences == NULL) {
        world_free(world);
        return ERR_MEMORY;
    }
    *ret_world = world;
    return ERR_NONE;
}

void world_free(struct world *world)
{
    if (world == NULL) {
        return;
    }
    for (size_t i = 0; i < world->count; i++) {
        policy_free(world->editions[i].policy);
        catalogue_free(world->editions[i].catalogue);
        calendar_free(world->editions[i].calendar);
        stations_free(world->editions[i].stations);
    }
    free(world->editions);
    free(world->audiences);
    directory_free(world->directory);
    free(world);
}

struct directory *world_directory(struct world *world)
{
    return world->directory;
}

uint64_t world_common_seq(const struct world *world)
{
    return world->common_seq;
}

static bool read_blob(struct kv_txn *txn, const uint8_t *hash, struct buf *ret)
{
    return kv_get(txn, KV_BLOB, span_of(hash, LIMIT_HASH_SIZE), ret);
}

enum err world_ready(const struct wire_event *event, struct kv_txn *txn,
                     uint8_t ret_wanted[LIMIT_HASH_SIZE])
{
    if (event->payload != WIRE_EDITION && event->payload != WIRE_AUDIENCE) {
        return ERR_NONE;
    }
    enum field field = event->payload == WIRE_EDITION ? FIELD_hash : FIELD_wraps;
    struct span hash = values_bytes(&event->facts, field, 0);
    if (hash.size != LIMIT_HASH_SIZE || kv_has(txn, KV_BLOB, hash)) {
        return txn->err;
    }
    memcpy(ret_wanted, hash.data, LIMIT_HASH_SIZE);
    return ERR_NOT_FOUND;
}

static const struct edition *newest(const struct world *world, enum world_kind kind, uint32_t year,
                                    uint64_t applied)
{
    for (size_t i = world->count; i > 0; i--) {
        const struct edition *edition = &world->editions[i - 1];
        if (edition->kind == kind && edition->since <= applied &&
            (year == 0 || edition->year == year)) {
            return edition;
        }
    }
    return NULL;
}

uint64_t world_edition(const struct world *world, enum world_kind kind, uint32_t year,
                       uint8_t ret_hash[LIMIT_HASH_SIZE])
{
    const struct edition *edition = newest(world, kind, year, UINT64_MAX);
    if (edition == NULL) {
        memset(ret_hash, 0, LIMIT_HASH_SIZE);
        return 0;
    }
    memcpy(ret_hash, edition->hash, LIMIT_HASH_SIZE);
    return edition->number;
}

uint64_t world_edition_since(const struct world *world, enum world_kind kind, uint64_t number)
{
    for (size_t i = 0; i < world->count; i++) {
        if (world->editions[i].kind == kind && world->editions[i].number == number) {
            return world->editions[i].since;
        }
    }
    return 0;
}

enum err world_check_text(enum world_kind kind, struct span text, struct text_errors *ret_errors)
{
    struct policy *policy = NULL;
    struct catalogue *catalogue = NULL;
    struct calendar *calendar = NULL;
    struct stations *stations = NULL;
    enum err err = ERR_NONE;
    switch (kind) {
    case WORLD_POLICY:
        err = policy_parse(text, &policy, ret_errors);
        break;
    case WORLD_CATALOGUE:
        err = catalogue_parse(&text, 1, &catalogue, ret_errors);
        break;
    case WORLD_CALENDAR:
        err = calendar_parse(&text, 1, &calendar, ret_errors);
        break;
    case WORLD_DEPARTMENTS:
        err = text_file_check(text, 0, ret_errors) ? ERR_NONE : ERR_MALFORMED;
        break;
    case WORLD_STATIONS:
        err = stations_parse(text, &stations, ret_errors);
        break;
    }
    policy_free(policy);
    catalogue_free(catalogue);
    calendar_free(calendar);
    stations_free(stations);
    return err;
}

enum refusal world_judge_edition(struct world *world, struct kv_txn *txn,
                                 const struct wire_event *event,
                                 const struct directory_author *author)
{
    struct span hash = values_bytes(&event->facts, FIELD_hash, 0);
    enum world_kind kind = (enum world_kind)values_number(&event->facts, FIELD_kind, 0);
    uint32_t year = (uint32_t)values_number(&event->facts, FIELD_year, 0);
    const struct edition *before = newest(world, kind, year, UINT64_MAX);
    uint64_t number = values_number(&event->facts, FIELD_edition, 0);
    bool may = author->tier == TIER_HUB && (author->roles & (ROLE_HUB_LEADER | ROLE_DEVICE)) != 0;
    if (!may) {
        return REFUSAL_DIRECTORY_LEADER_ONLY;
    }
    if (hash.size != LIMIT_HASH_SIZE || number != (before == NULL ? 1 : before->number + 1) ||
        (kind == WORLD_CALENDAR) != (year != 0)) {
        return REFUSAL_EDITION_NOT_NEXT;
    }
    struct buf text;
    struct text_errors errors;
    uint8_t real[LIMIT_HASH_SIZE];
    text_errors_init(&errors);
    buf_init(&text, LIMIT_BLOB_SIZE);
    bool good = read_blob(txn, hash.data, &text);
    seal_sha256(buf_span(&text), real);
    good = good && memcmp(real, hash.data, sizeof real) == 0 &&
           text.size == values_number(&event->facts, FIELD_size, 0) &&
           world_check_text(kind, buf_span(&text), &errors) == ERR_NONE;
    buf_done(&text);
    return good ? REFUSAL_NONE : REFUSAL_EDITION_UNREADABLE;
}

/* The newest text of every year, parsed together. */
static enum err parse_calendar(const struct world *world, struct kv_txn *txn,
                               struct calendar **ret_calendar)
{
    struct buf texts[TEXT_FILE_COUNT];
    struct span files[TEXT_FILE_COUNT];
    struct text_errors errors;
    size_t count = 0;
    text_errors_init(&errors);
    for (size_t i = 0; i < world->count && count < TEXT_FILE_COUNT; i++) {
        const struct edition *edition = &world->editions[i];
        if (edition->kind == WORLD_CALENDAR &&
            newest(world, WORLD_CALENDAR, edition->year, UINT64_MAX) == edition) {
            buf_init(&texts[count], LIMIT_BLOB_SIZE);
            (void)read_blob(txn, edition->hash, &texts[count]);
            files[count] = buf_span(&texts[count]);
            count++;
        }
    }
    enum err err = calendar_parse(files, count, ret_calendar, &errors);
    for (size_t i = 0; i < count; i++) {
        buf_done(&texts[i]);
    }
    return err;
}

static enum err parse_edition(const struct world *world, struct kv_txn *txn,
                              struct edition *edition)
{
    struct buf text;
    struct text_errors errors;
    enum err err = ERR_NONE;
    text_errors_init(&errors);
    buf_init(&text, LIMIT_BLOB_SIZE);
    if (!read_blob(txn, edition->hash, &text)) {
        err = txn->err != ERR_NONE ? txn->err : ERR_NOT_FOUND;
    } else if (edition->kind == WORLD_POLICY) {
        err = policy_parse(buf_span(&text), &edition->policy, &errors);
    } else if (edition->kind == WORLD_CATALOGUE) {
        struct span file = buf_span(&text);
        err = catalogue_parse(&file, 1, &edition->catalogue, &errors);
    } else if (edition->kind == WORLD_CALENDAR) {
        err = parse_calendar(world, txn, &edition->calendar);
    } else if (edition->kind == WORLD_STATIONS) {
        err = stations_parse(buf_span(&text), &edition->stations, &errors);
    }
    buf_done(&text);
    return err;
}

static enum err add_edition(struct world *world, struct kv_txn *txn, const struct wire_event *event,
                            uint64_t common_seq)
{
    struct span hash = values_bytes(&event->facts, FIELD_hash, 0);
    if (world->count == world->capacity) {
        size_t wanted = world->capacity == 0 ? 16 : world->capacity * 2;
        struct edition *grown =
            wanted > EDITION_MAX ? NULL : realloc(world->editions, wanted * sizeof *grown);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        world->editions = grown;
        world->capacity = wanted;
    }
    struct edition *edition = &world->editions[world->count];
    memset(edition, 0, sizeof *edition);
    edition->kind = (enum world_kind)values_number(&event->facts, FIELD_kind, 0);
    edition->number = values_number(&event->facts, FIELD_edition, 0);
    edition->year = (uint32_t)values_number(&event->facts, FIELD_year, 0);
    edition->since = common_seq;
    memcpy(edition->hash, hash.data, LIMIT_HASH_SIZE);
    world->count++;
    enum err err = parse_edition(world, txn, edition);
    if (err != ERR_NONE) {
        world->count--;
    }
    return err;
}

const struct world_audience *world_audience(const struct world *world, uint32_t audience,
                                            const uint8_t *station)
{
    static const uint8_t at_hub[LIMIT_KEY_SIZE];
    const uint8_t *place = station == NULL ? at_hub : station;
    for (size_t i = 0; i < world->audience_count; i++) {
        const struct world_audience *known = &world->audiences[i];
        if (known->audience == audience && memcmp(known->station, place, LIMIT_KEY_SIZE) == 0) {
            return known;
        }
    }
    return NULL;
}

static enum err add_audience(struct world *world, const struct wire_event *event)
{
    struct world_audience now = {0};
    struct span station = values_bytes(&event->facts, FIELD_station, 0);
    struct span box_key = values_bytes(&event->facts, FIELD_box_key, 0);
    struct span wraps = values_bytes(&event->facts, FIELD_wraps, 0);
    if (box_key.size != LIMIT_KEY_SIZE || wraps.size != LIMIT_HASH_SIZE) {
        return ERR_NONE;
    }
    now.audience = (uint32_t)values_number(&event->facts, FIELD_audience, 0);
    now.generation = values_number(&event->facts, FIELD_generation, 0);
    memcpy(now.box_key, box_key.data, sizeof now.box_key);
    memcpy(now.wraps, wraps.data, sizeof now.wraps);
    if (station.size == LIMIT_KEY_SIZE) {
        memcpy(now.station, station.data, sizeof now.station);
    }
    for (size_t i = 0; i < world->audience_count; i++) {
        struct world_audience *known = &world->audiences[i];
        if (known->audience == now.audience &&
            memcmp(known->station, now.station, LIMIT_KEY_SIZE) == 0) {
            *known = now.generation > known->generation ? now : *known;
            return ERR_NONE;
        }
    }
    if (world->audience_count == AUDIENCE_MAX) {
        return ERR_LIMIT;
    }
    world->audiences[world->audience_count++] = now;
    return ERR_NONE;
}

static enum err add_epoch(struct world *world, const struct wire_event *event, uint64_t common_seq,
                          uint64_t leaf_index)
{
    if (world->epoch_count == EPOCH_MAX) {
        return ERR_LIMIT;
    }
    world->epochs[world->epoch_count++] = (struct epoch){
        .number = values_number(&event->facts, FIELD_epoch, 0),
        .index = leaf_index,
        .common_seq = common_seq,
        .former_ms = values_number(&event->facts, FIELD_former_ms, 0),
    };
    return ERR_NONE;
}

bool world_past(const struct world *world, uint64_t epoch, struct world_past *ret)
{
    bool found = false;
    for (size_t i = 0; i < world->epoch_count; i++) {
        const struct epoch *later = &world->epochs[i];
        if (later->number > epoch && (!found || later->index < ret->size)) {
            *ret = (struct world_past){later->index, later->former_ms, later->common_seq - 1};
            found = true;
        }
    }
    return found;
}

uint64_t world_epoch(const struct world *world)
{
    return world->epoch_count == 0 ? 0 : world->epochs[world->epoch_count - 1].number;
}

uint64_t world_later(const struct world *world, uint64_t epoch)
{
    uint64_t next = 0;
    for (size_t i = 0; i < world->epoch_count; i++) {
        uint64_t number = world->epochs[i].number;
        next = number > epoch && (next == 0 || number < next) ? number : next;
    }
    return next;
}

enum err world_apply(struct world *world, struct kv_txn *txn, const struct wire_event *event,
                     uint64_t common_seq, uint64_t leaf_index)
{
    enum err err = ERR_NONE;
    if (event->payload == WIRE_EDITION) {
        err = add_edition(world, txn, event, common_seq);
    } else if (event->payload == WIRE_AUDIENCE) {
        err = add_audience(world, event);
    } else if (event->payload == WIRE_EPOCH) {
        err = add_epoch(world, event, common_seq, leaf_index);
    } else {
        err = directory_apply(world->directory, event, common_seq, leaf_index);
    }
    if (err == ERR_NONE) {
        world->common_seq = common_seq;
    }
    return err;
}

/* Folds the leaf at one place of the common feed. */
static enum err load_one(struct world *world, const struct log *log, struct kv_txn *txn,
                         uint64_t seq, struct wire_arena *arena)
{
    struct buf bytes;
    struct wire_leaf leaf;
    struct wire_event *event = malloc(sizeof *event);
    uint64_t index = 0;
    enum err err = event == NULL ? ERR_MEMORY : ERR_NONE;
    buf_init(&bytes, LIMIT_LEAF_SIZE);
    if (err == ERR_NONE &&
        (!log_feed_index(log, txn, 0, seq, &index) || !log_leaf(log, txn, index, &bytes))) {
        err = ERR_STORE;
    }
    if (err == ERR_NONE) {
        err = wire_leaf_decode(buf_span(&bytes), &leaf);
    }
    if (err == ERR_NONE) {
        err = wire_event_decode(leaf.envelope.body, arena, event);
    }
    if (err == ERR_NONE) {
        err = world_apply(world, txn, event, seq, index);
    }
    free(event);
    buf_done(&bytes);
    return err;
}

enum err world_load(struct world *world, const struct log *log, struct kv_txn *txn, uint64_t until)
{
    struct wire_arena arena;
    enum err err = wire_arena_init(&arena, WIRE_EVENT_ARENA);
    for (uint64_t seq = 1; err == ERR_NONE && seq <= until; seq++) {
        err = load_one(world, log, txn, seq, &arena);
    }
    wire_arena_done(&arena);
    return err;
}

bool world_view(const struct world *world, uint64_t applied, uint64_t pinned_policy,
                uint64_t pinned_catalogue, struct rule_world *ret)
{
    const struct edition *policy = newest(world, WORLD_POLICY, 0, applied);
    const struct edition *catalogue = newest(world, WORLD_CATALOGUE, 0, applied);
    const struct edition *calendar = newest(world, WORLD_CALENDAR, 0, applied);
    for (size_t i = 0; i < world->count; i++) {
        const struct edition *edition = &world->editions[i];
        if (edition->kind == WORLD_POLICY && edition->number == pinned_policy) {
            policy = edition;
        }
        if (edition->kind == WORLD_CATALOGUE && edition->number == pinned_catalogue) {
            catalogue = edition;
        }
    }
    if (policy == NULL || catalogue == NULL || calendar == NULL) {
        return false;
    }
    ret->policy = policy->policy;
    ret->policy_edition = policy->number;
    ret->catalogue = catalogue->catalogue;
    ret->catalogue_edition = catalogue->number;
    ret->calendar = calendar->calendar;
    const struct edition *stations = newest(world, WORLD_STATIONS, 0, applied);
    ret->stations = stations == NULL ? NULL : stations->stations;
    return true;
}
