#ifndef JIELI_TESTS_SYNC_MODEL_STATION_H
#define JIELI_TESTS_SYNC_MODEL_STATION_H

#include "sync_model.h"

/* The station of the model: carries out what its session asks for, on a disk of numbers. */

static inline struct model_life *model_present(struct model_world *world)
{
    return &world->disk.lives[world->disk.incarnation];
}

static inline void model_station_open(struct model_world *world)
{
    const struct model_station *disk = &world->disk;
    struct sync_options options = sync_options_default();
    struct sync_station_start start = {
        .incarnation = disk->incarnation,
        .newest = disk->lives[disk->incarnation].count,
        .answered_incarnation = disk->proven.incarnation,
        .answered = disk->proven.seq,
        .epoch = disk->seen.epoch,
        .seen_size = disk->seen.size,
        .common = disk->feeds[0].count,
        .own = disk->feeds[1].count,
        .restoring = disk->restoring,
        .random = sync_random_next(&world->random),
    };
    options.batch_count = 7;
    sync_station_init(&world->station, &options, &start, world->now_ms);
    sync_station_blobs(&world->station, disk->outbox, disk->wanted, world->now_ms);
}

static inline void model_append(struct model_world *world)
{
    struct model_life *life = model_present(world);
    if (life->count < MODEL_EVENTS && !world->disk.restoring) {
        life->ids[life->count++] = ++world->next_id;
        sync_station_appended(&world->station, world->disk.incarnation, life->count, world->now_ms);
    }
}

static inline struct sync_head model_head(void)
{
    static const uint8_t bytes[64];
    return (struct sync_head){true, span_of(bytes, 40), span_of(bytes, 64)};
}

static inline void model_set_head(struct model_message *message, uint64_t incarnation, uint64_t seq)
{
    message->head = (struct sync_head_body){.incarnation = incarnation, .seq = seq};
    message->head.hub[0] = 1;
    message->head.device[0] = 2;
}

static inline void model_station_send(struct model_world *world, struct model_message *message)
{
    model_send(world, message, MODEL_STATION, true, world->connection[MODEL_STATION]);
}

static inline void model_send_hello(struct model_world *world, uint64_t greeting)
{
    const struct model_station *disk = &world->disk;
    struct model_message message = {.frame = {.kind = SYNC_HELLO}};
    struct sync_hello *hello = &message.frame.hello;
    hello->version = SYNC_VERSION;
    hello->role = SYNC_ROLE_STATION;
    hello->hub[0] = 1;
    hello->incarnation = disk->incarnation;
    hello->common = disk->feeds[0].count;
    hello->own = disk->feeds[1].count;
    hello->epoch = disk->seen.epoch;
    hello->seen_size = disk->seen.size;
    hello->greeting = greeting;
    if (model_present(world)->count > 0) {
        hello->head = model_head();
        model_set_head(&message, disk->incarnation, model_present(world)->count);
    }
    model_station_send(world, &message);
}

static inline void model_send_push(struct model_world *world,
                                   const struct sync_station_action *action)
{
    struct model_life *life = &world->disk.lives[action->incarnation];
    struct model_message message = {.frame = {.kind = SYNC_PUSH}};
    assert_true(action->from + action->count - 1 <= life->count);
    message.frame.push.head = model_head();
    message.frame.push.incarnation = action->incarnation;
    message.frame.push.first_seq = action->from;
    message.frame.push.count = action->count;
    model_set_head(&message, action->incarnation, life->count);
    memcpy(message.ids, &life->ids[action->from - 1], action->count * sizeof message.ids[0]);
    model_station_send(world, &message);
}

static inline void model_send_pull(struct model_world *world,
                                   const struct sync_station_action *action)
{
    struct model_message message = {.frame = {.kind = SYNC_PULL}};
    message.frame.pull.feed = action->feed;
    message.frame.pull.from = action->from;
    message.frame.pull.count = action->count;
    message.frame.pull.incarnation = action->incarnation;
    model_station_send(world, &message);
}

static inline void model_send_blob(struct model_world *world, bool put)
{
    struct model_message message = {.frame = {.kind = put ? SYNC_BLOB_PUT : SYNC_BLOB_GET}};
    static const uint8_t data[1];
    uint32_t number = put ? world->disk.outbox : world->disk.wanted;
    memcpy(message.frame.blob.hash, &number, sizeof number);
    message.frame.blob.data = span_of(data, put ? 1 : 0);
    model_station_send(world, &message);
    (put ? sync_station_blob_sent
         : sync_station_blob_asked)(&world->station, message.frame.blob.hash, world->now_ms);
}

static inline void model_saw(struct model_world *world, const struct model_checkpoint *checkpoint)
{
    if (checkpoint->size >= world->disk.seen.size) {
        world->disk.seen = *checkpoint;
    }
}

static inline void model_take_claim(struct model_world *world, const struct model_message *message,
                                    const struct sync_claim *claim)
{
    struct model_station *disk = &world->disk;
    struct sync_place held = {claim->incarnation, claim->seq};
    disk->seen = message->checkpoint;
    disk->proven = sync_place_before(held, disk->proven) ? held : disk->proven;
    world->reported = disk->proven;
}

static inline void model_apply_welcome(struct model_world *world,
                                       const struct model_message *message)
{
    struct model_station *disk = &world->disk;
    const struct sync_welcome *welcome = &message->frame.welcome;
    const struct model_checkpoint *checkpoint = &message->checkpoint;
    enum err err = ERR_NONE;
    if (checkpoint->epoch == disk->seen.epoch && checkpoint->size >= disk->seen.size &&
        !model_fits(world, &disk->seen, checkpoint)) {
        err = ERR_AUTH;
    } else if (welcome->seq > 0 && welcome->incarnation < MODEL_LIVES &&
               welcome->seq <= disk->lives[welcome->incarnation].count) {
        uint32_t id = disk->lives[welcome->incarnation].ids[welcome->seq - 1];
        err = memcmp(welcome->id, &id, sizeof id) == 0 ? ERR_NONE : ERR_CONFLICT;
    }
    if (err != ERR_AUTH && model_fits(world, &disk->seen, checkpoint)) {
        model_saw(world, checkpoint);
    }
    sync_station_welcomed(&world->station, err, checkpoint->size, world->now_ms);
}

static inline void model_apply_answer(struct model_world *world,
                                      const struct model_message *message)
{
    struct model_station *disk = &world->disk;
    const struct sync_answer *answer = &message->frame.answer;
    const struct model_life *life = &disk->lives[answer->incarnation];
    struct sync_place last = {answer->incarnation, answer->first_seq - 1 + answer->count};
    bool good = model_fits(world, &disk->seen, &message->checkpoint) &&
                answer->first_index + answer->count <= message->checkpoint.size;
    for (uint32_t i = 0; i < answer->count; i++) {
        good = good && life->ids[answer->first_seq - 1 + i] == message->ids[i];
    }
    if (good) {
        model_saw(world, &message->checkpoint);
        disk->proven = sync_place_before(disk->proven, last) ? last : disk->proven;
    }
    sync_station_answer_applied(&world->station, good ? ERR_NONE : ERR_AUTH, disk->seen.size,
                                world->now_ms);
}

/* What differs from the hub's copy is put aside; an unproven event may be written once more. */
static inline void model_apply_chain(struct model_world *world, const struct model_message *message,
                                     uint64_t incarnation)
{
    struct model_station *disk = &world->disk;
    const struct sync_batch *batch = &message->frame.batch;
    struct model_life *life = &disk->lives[incarnation];
    for (uint32_t i = 0; i < batch->count; i++) {
        uint64_t at = batch->from - 1 + i;
        bool differs = at < life->count && life->ids[at] != message->ids[i];
        disk->aside += differs ? 1 : 0;
        life->ids[at] = message->ids[i];
        life->count = at < life->count ? life->count : (uint32_t)at + 1;
    }
    if (batch->from - 1 + batch->count >= batch->newest && batch->newest < life->count) {
        disk->aside += life->count - (uint32_t)batch->newest;
        life->count = (uint32_t)batch->newest;
        struct sync_place end = {incarnation, batch->newest};
        bool cut = incarnation == disk->proven.incarnation && sync_place_before(end, disk->proven);
        disk->proven = cut ? end : disk->proven; /* proven to a log that is no more */
    }
}

static inline void model_apply_batch(struct model_world *world, const struct model_message *message,
                                     uint64_t incarnation)
{
    struct model_station *disk = &world->disk;
    const struct sync_batch *batch = &message->frame.batch;
    bool good = model_fits(world, &disk->seen, &message->checkpoint) &&
                (batch->count == 0 || message->life == incarnation);
    if (good && batch->feed == SYNC_FEED_CHAIN) {
        model_apply_chain(world, message, incarnation);
    } else if (good) {
        struct model_feed *feed = &disk->feeds[batch->feed == SYNC_FEED_COMMON ? 0 : 1];
        memcpy(&feed->ids[batch->from - 1], message->ids, batch->count * sizeof feed->ids[0]);
        feed->count = (uint32_t)(batch->from - 1) + batch->count;
    }
    if (good) {
        model_saw(world, &message->checkpoint);
    }
    sync_station_batch_applied(&world->station, good ? ERR_NONE : ERR_AUTH, disk->seen.size,
                               world->now_ms);
}

static inline void model_open_life(struct model_world *world, uint64_t incarnation)
{
    struct model_station *disk = &world->disk;
    /* A life fetched from a hub that went back since is not ours to begin again. */
    while (incarnation < MODEL_LIVES && disk->lives[incarnation].count > 0) {
        incarnation++;
    }
    assert_true(incarnation < MODEL_LIVES);
    disk->incarnation = incarnation;
    disk->restoring = false;
    struct model_life *life = model_present(world);
    while (disk->aside > 0 && life->count < MODEL_EVENTS) {
        life->ids[life->count++] = ++world->next_id;
        disk->aside--;
    }
    sync_station_appended(&world->station, incarnation, life->count, world->now_ms);
}

/* The parts that need the frame being worked on. */
static inline void model_station_apply(struct model_world *world,
                                       const struct sync_station_action *action,
                                       const struct model_message *message)
{
    assert_non_null(message);
    assert_ptr_equal(action->frame, &message->frame);
    if (action->kind == SYNC_ACT_APPLY_WELCOME) {
        model_apply_welcome(world, message);
    } else if (action->kind == SYNC_ACT_APPLY_ANSWER) {
        model_apply_answer(world, message);
    } else if (action->kind == SYNC_ACT_APPLY_BATCH) {
        model_apply_batch(world, message, action->incarnation);
    } else if (action->kind == SYNC_ACT_APPLY_NACK) {
        world->nacks++;
        sync_station_nack_applied(&world->station, ERR_NONE, &message->nack, world->now_ms);
    } else {
        bool stored = action->kind == SYNC_ACT_APPLY_STORED;
        world->disk.outbox -= stored ? 1 : 0;
        world->disk.wanted -= stored ? 0 : 1;
        world->fetched += stored ? 0 : 1;
        sync_station_blobs(&world->station, world->disk.outbox, world->disk.wanted, world->now_ms);
        sync_station_blob_done(&world->station, world->now_ms);
    }
}

static inline void model_station_decide(struct model_world *world,
                                        const struct sync_station_action *action,
                                        const struct model_message *message)
{
    struct sync_station *station = &world->station;
    bool back = action->kind == SYNC_ACT_HUB_WENT_BACK;
    if (action->kind == SYNC_ACT_RESTORED) {
        world->disk.restoring = true;
        world->restored++;
    } else if (action->kind == SYNC_ACT_OPEN_INCARNATION) {
        model_open_life(world, action->incarnation);
    } else if (back && !world->resend) {
        world->went_back++;
        sync_station_went_back(station, false, world->now_ms);
    } else {
        model_take_claim(world, message, action->claim);
        world->disk.feeds[0].count = 0;
        world->disk.feeds[1].count = 0;
        if (back) {
            sync_station_went_back(station, true, world->now_ms);
        } else {
            sync_station_epoch_opened(station, station->proven, 0, 0, world->now_ms);
        }
    }
}

static inline void model_reconnect(struct model_world *world, enum model_peer peer)
{
    world->connection[peer]++;
    world->connect_ms[peer] = world->now_ms + model_draw(world, 3000);
}

/* message: the frame just handed in, if any. */
static inline void model_station_drain(struct model_world *world,
                                       const struct model_message *message)
{
    struct sync_station *station = &world->station;
    struct sync_station_action action;
    while (sync_station_next(station, &action)) {
        if (action.frame != NULL) {
            model_station_apply(world, &action, message);
        } else if (action.kind == SYNC_ACT_SEND_HELLO) {
            model_send_hello(world, action.greeting);
        } else if (action.kind == SYNC_ACT_SEND_PUSH) {
            model_send_push(world, &action);
        } else if (action.kind == SYNC_ACT_SEND_PULL) {
            model_send_pull(world, &action);
        } else if (action.kind == SYNC_ACT_SEND_BLOB || action.kind == SYNC_ACT_SEND_BLOB_GET) {
            model_send_blob(world, action.kind == SYNC_ACT_SEND_BLOB);
        } else if (action.kind == SYNC_ACT_TELL_LIFE) {
            sync_station_life(station, action.incarnation,
                              world->disk.lives[action.incarnation].count, world->now_ms);
        } else if (action.kind == SYNC_ACT_RECONNECT) {
            model_reconnect(world, MODEL_STATION);
        } else {
            model_station_decide(world, &action, message);
        }
    }
    assert_false(sync_place_before(station->proven, world->reported));
    assert_false(sync_place_before(station->proven, world->disk.proven));
    world->reported = world->disk.proven;
}

#endif
