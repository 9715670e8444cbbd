#ifndef JIELI_TESTS_SYNC_MODEL_H
#define JIELI_TESTS_SYNC_MODEL_H

#include "sync/session_auditor.h"
#include "sync/session_hub.h"
#include "sync/session_station.h"
#include "unit.h"

#include <string.h>

/* A world of one hub, one station and one auditor, joined by a line that loses, repeats, delays and
 * reorders. Events are numbers, a checkpoint is (epoch, branch, size): each restoration of the hub
 * starts a branch, and two checkpoints fit when the shorter ends before they parted. */
enum {
    MODEL_EVENTS = 160, /* of one life */
    MODEL_LIVES = 40,
    MODEL_LEAVES = 1024,
    MODEL_FEED = 96,
    MODEL_FEEDS = 2, /* COMMON, OWN */
    MODEL_PIPE = 256,
    MODEL_WORK = 32,
    MODEL_BRANCHES = 16,
};

enum model_peer { MODEL_STATION, MODEL_AUDITOR, MODEL_PEERS };

struct model_checkpoint {
    uint64_t epoch;
    uint32_t branch;
    uint64_t size;
};

struct model_life {
    uint32_t count;
    uint32_t ids[MODEL_EVENTS];
    uint32_t leaves[MODEL_EVENTS]; /* hub: where they stand */
};

struct model_feed {
    uint32_t count;
    uint32_t ids[MODEL_FEED];
};

/* What a backup of the hub holds. */
struct model_hub {
    uint64_t epoch;
    uint32_t branch;
    uint32_t size;
    uint32_t leaves[MODEL_LEAVES];
    uint32_t incarnation; /* newest life of the station; 0: none */
    bool frozen;          /* that life, after a fork */
    struct model_life lives[MODEL_LIVES];
    struct model_feed feeds[MODEL_FEEDS];
};

struct model_message {
    bool used;
    bool to_hub;
    enum model_peer peer;
    uint32_t connection;
    uint64_t due_ms;
    uint64_t order;
    struct sync_frame frame;
    struct sync_head_body head;
    struct sync_nack_body nack;
    struct model_checkpoint checkpoint;
    uint64_t life; /* of the events of a chain batch: each says so itself */
    uint32_t ids[LIMIT_BATCH_COUNT];
};

/* What the station's disk holds. */
struct model_station {
    uint64_t incarnation;
    struct sync_place proven;
    struct model_life lives[MODEL_LIVES];
    struct model_checkpoint seen; /* epoch 0: none */
    struct model_feed feeds[MODEL_FEEDS];
    bool restoring;
    uint32_t aside; /* events to be written again in the next life */
    uint32_t outbox;
    uint32_t wanted;
};

struct model_mirror {
    struct model_checkpoint seen;
    uint32_t next;
    uint32_t leaves[MODEL_LEAVES];
};

/* In percent, drawn for each seed. */
struct model_faults {
    uint32_t loss;
    uint32_t repeat;
    uint32_t reorder;
    uint32_t late; /* frames of a dead connection that still arrive */
    uint32_t defer;
    uint32_t noise; /* how often something happens */
};

struct model_world {
    uint64_t now_ms;
    uint64_t random;
    uint64_t order;
    uint64_t fifo_ms[MODEL_PEERS][2];
    uint32_t next_id;
    uint64_t max_epoch;
    struct model_faults faults;
    bool answers_old; /* hub: known events of earlier lives are answered again */
    bool resend;      /* station: takes the hub's word even without a new epoch */
    bool rolled_back; /* hub: went back and has not said so */
    uint32_t branch_count;
    struct {
        uint32_t parent;
        uint64_t parted;
    } branches[MODEL_BRANCHES];
    struct model_message pipe[MODEL_PIPE];
    struct model_hub hub;
    struct model_hub backup;
    struct sync_hub sessions[MODEL_PEERS];
    uint32_t session_connection[MODEL_PEERS];
    struct model_message work[MODEL_WORK];
    uint32_t work_count;
    struct model_station disk;
    struct model_station image; /* a copy of the disk that may come back */
    bool has_image;
    uint32_t image_connection; /* what the machine sent before its disk was restored is long gone */
    struct sync_station station;
    struct sync_place reported; /* newest proven place of this epoch and disk: never goes back */
    struct model_mirror mirror;
    struct sync_auditor auditor;
    uint32_t connection[MODEL_PEERS];
    uint64_t connect_ms[MODEL_PEERS]; /* SYNC_NEVER: connected */
    uint32_t fetched;                 /* blobs that came down */
    uint64_t went_back;
    uint64_t restored;
    uint64_t nacks;
};

static inline uint64_t model_draw(struct model_world *world, uint64_t below)
{
    return sync_random_next(&world->random) % below;
}

static inline bool model_chance(struct model_world *world, uint32_t percent)
{
    return model_draw(world, 100) < percent;
}

/* Size up to which two branches are the same log. */
static inline uint64_t model_shared(const struct model_world *world, uint32_t a, uint32_t b)
{
    uint64_t shared = UINT64_MAX;
    while (a != b) {
        uint32_t *newer = a > b ? &a : &b; /* a branch is younger than its parent */
        uint64_t parted = world->branches[*newer].parted;
        shared = parted < shared ? parted : shared;
        *newer = world->branches[*newer].parent;
    }
    return shared;
}

static inline bool model_fits(const struct model_world *world, const struct model_checkpoint *old,
                              const struct model_checkpoint *new)
{
    if (old->epoch == 0) {
        return true;
    }
    return new->epoch == old->epoch &&new->size >= old->size &&
           old->size <= model_shared(world, old->branch, new->branch);
}

static inline struct model_checkpoint model_checkpoint(const struct model_world *world)
{
    return (struct model_checkpoint){world->hub.epoch, world->hub.branch, world->hub.size};
}

/* --- The line --- */

static inline void model_put(struct model_world *world, const struct model_message *message)
{
    struct model_message *free = NULL;
    for (size_t i = 0; i < MODEL_PIPE && free == NULL; i++) {
        free = world->pipe[i].used ? NULL : &world->pipe[i];
    }
    if (free == NULL) {
        return; /* a full line loses */
    }
    uint64_t *fifo_ms = &world->fifo_ms[message->peer][message->to_hub ? 1 : 0];
    uint64_t due_ms = world->now_ms + 5 + model_draw(world, 400);
    *free = *message;
    free->used = true;
    free->order = ++world->order;
    if (model_chance(world, world->faults.reorder)) {
        free->due_ms = due_ms + model_draw(world, 20000);
    } else {
        *fifo_ms = due_ms > *fifo_ms ? due_ms : *fifo_ms;
        free->due_ms = *fifo_ms;
    }
}

static inline void model_send(struct model_world *world, struct model_message *message,
                              enum model_peer peer, bool to_hub, uint32_t connection)
{
    message->peer = peer;
    message->to_hub = to_hub;
    message->connection = connection;
    while (model_chance(world, world->faults.repeat)) {
        model_put(world, message);
    }
    if (!model_chance(world, world->faults.loss)) {
        model_put(world, message);
    }
}

/* --- The hub --- */

static inline void model_hub_open(struct model_world *world, enum model_peer peer,
                                  uint32_t connection)
{
    static const uint8_t hub_id[LIMIT_ID_SIZE] = {1};
    static const uint8_t device[LIMIT_KEY_SIZE] = {2};
    struct sync_options options = sync_options_default();
    enum sync_role role = peer == MODEL_STATION ? SYNC_ROLE_STATION : SYNC_ROLE_AUDITOR;
    options.credit = 3;
    world->session_connection[peer] = connection;
    sync_hub_init(&world->sessions[peer], &options, role, hub_id, device, world->now_ms);
}

static inline void model_hub_append(struct model_hub *hub, uint32_t id)
{
    assert_true(hub->size < MODEL_LEAVES);
    hub->leaves[hub->size++] = id;
}

static inline void model_reply_nack(struct model_message *reply, enum sync_nack_reason reason,
                                    uint64_t incarnation, uint64_t first_seq)
{
    reply->frame.kind = SYNC_NACK;
    reply->nack.reason = reason;
    reply->nack.incarnation = incarnation;
    reply->nack.first_seq = first_seq;
}

/* The longest run that stands together. NACK_FORK for another event at a known place. */
static inline void model_answer_known(const struct model_hub *hub, const struct model_message *push,
                                      struct model_message *reply)
{
    const struct sync_push *range = &push->frame.push;
    const struct model_life *life = &hub->lives[range->incarnation];
    struct sync_answer *answer = &reply->frame.answer;
    uint32_t at = (uint32_t)range->first_seq - 1;
    answer->first_index = life->leaves[at];
    while (answer->count < range->count && at < life->count &&
           life->leaves[at] == answer->first_index + answer->count) {
        if (life->ids[at] != push->ids[answer->count]) {
            model_reply_nack(reply, SYNC_NACK_FORK, range->incarnation, range->first_seq);
            return;
        }
        reply->ids[answer->count++] = life->ids[at++];
    }
}

static inline void model_append_new(struct model_hub *hub, const struct model_message *push,
                                    struct model_message *reply)
{
    const struct sync_push *range = &push->frame.push;
    struct model_life *life = &hub->lives[range->incarnation];
    struct sync_answer *answer = &reply->frame.answer;
    answer->first_index = hub->size;
    hub->frozen = range->incarnation == hub->incarnation && hub->frozen;
    hub->incarnation = (uint32_t)range->incarnation;
    for (uint32_t i = 0; i < range->count; i++) {
        life->leaves[life->count] = hub->size;
        life->ids[life->count++] = push->ids[i];
        model_hub_append(hub, push->ids[i]);
        reply->ids[i] = push->ids[i];
    }
    answer->count = range->count;
}

static inline void model_ingest(struct model_world *world, const struct model_message *push,
                                struct model_message *reply)
{
    struct model_hub *hub = &world->hub;
    const struct sync_push *range = &push->frame.push;
    uint64_t held = hub->lives[range->incarnation].count;
    reply->frame.kind = SYNC_ANSWER;
    reply->frame.answer.incarnation = range->incarnation;
    reply->frame.answer.first_seq = range->first_seq;
    reply->frame.answer.credit = model_chance(world, 5) ? 0 : 3;
    bool old = range->incarnation < hub->incarnation;
    if (old && (!world->answers_old || range->first_seq > held)) {
        model_reply_nack(reply, SYNC_NACK_OLD_INCARNATION, range->incarnation, range->first_seq);
    } else if (range->first_seq <= held) {
        model_answer_known(hub, push, reply);
        hub->frozen |= reply->frame.kind == SYNC_NACK && !old;
    } else if (range->incarnation == hub->incarnation && hub->frozen) {
        model_reply_nack(reply, SYNC_NACK_FROZEN, range->incarnation, range->first_seq);
    } else if (range->first_seq != held + 1) {
        model_reply_nack(reply, SYNC_NACK_GAP, range->incarnation, range->first_seq);
    } else {
        model_append_new(hub, push, reply);
    }
    reply->checkpoint = model_checkpoint(world);
}

static inline void model_answer_pull(struct model_world *world, const struct sync_pull *pull,
                                     struct model_message *reply)
{
    struct model_hub *hub = &world->hub;
    struct sync_batch *batch = &reply->frame.batch;
    const uint32_t *ids = hub->leaves;
    uint64_t count = hub->size;
    uint64_t first = pull->from;
    if (pull->feed == SYNC_FEED_CHAIN) {
        static const struct model_life none;
        const struct model_life *life =
            pull->incarnation < MODEL_LIVES ? &hub->lives[pull->incarnation] : &none;
        ids = life->ids;
        count = life->count;
        first--;
    } else if (pull->feed != SYNC_FEED_LOG) {
        const struct model_feed *feed = &hub->feeds[pull->feed == SYNC_FEED_COMMON ? 0 : 1];
        ids = feed->ids;
        count = feed->count;
        first--;
    }
    reply->frame.kind = SYNC_BATCH;
    reply->life = pull->incarnation;
    batch->feed = pull->feed;
    batch->from = pull->from;
    batch->newest = count;
    uint32_t most = model_chance(world, 20) ? 1 + pull->count / 3 : pull->count;
    while (batch->count < most && first + batch->count < count) {
        reply->ids[batch->count] = ids[first + batch->count];
        batch->count++;
    }
    reply->checkpoint = model_checkpoint(world);
}

static inline void model_welcome(struct model_world *world, const struct sync_hello *hello,
                                 enum model_peer peer)
{
    const struct model_hub *hub = &world->hub;
    struct model_message reply = {.frame = {.kind = SYNC_WELCOME}};
    struct sync_welcome *welcome = &reply.frame.welcome;
    bool station = peer == MODEL_STATION;
    assert_true(!station || hello->incarnation > 0);
    welcome->version = SYNC_VERSION;
    welcome->epoch = hub->epoch;
    welcome->incarnation = station ? hub->incarnation : 0;
    welcome->seq = station ? hub->lives[hub->incarnation].count : 0;
    if (welcome->seq > 0) {
        memcpy(welcome->id, &hub->lives[hub->incarnation].ids[welcome->seq - 1], sizeof(uint32_t));
    }
    welcome->common = hub->feeds[0].count;
    welcome->own = hub->feeds[1].count;
    welcome->credit = 3;
    welcome->greeting = hello->greeting;
    reply.checkpoint = model_checkpoint(world);
    model_send(world, &reply, peer, false, world->session_connection[peer]);
    sync_hub_greeted(&world->sessions[peer], true, welcome->incarnation, welcome->seq);
}

static inline void model_hub_drain(struct model_world *world, enum model_peer peer,
                                   const struct model_message *message);

/* Carries out the oldest piece of work, commits, answers. */
static inline void model_hub_work(struct model_world *world)
{
    struct model_message work = world->work[0];
    struct model_message reply = {.used = false};
    enum model_peer peer = work.peer;
    struct sync_hub *session = &world->sessions[peer];
    bool alive = work.connection == world->session_connection[peer];
    world->work_count--;
    memmove(&world->work[0], &world->work[1], world->work_count * sizeof world->work[0]);
    if (work.frame.kind == SYNC_PUSH) {
        model_ingest(world, &work, &reply);
    } else if (work.frame.kind == SYNC_PULL) {
        model_answer_pull(world, &work.frame.pull, &reply);
    } else {
        reply.frame = work.frame;
        reply.frame.kind = work.frame.kind == SYNC_BLOB_PUT ? SYNC_BLOB_STORED : SYNC_BLOB;
    }
    model_send(world, &reply, peer, false, work.connection);
    if (alive && work.frame.kind == SYNC_PUSH) {
        sync_hub_ingested(session, reply.frame.kind == SYNC_ANSWER);
    } else if (alive && work.frame.kind == SYNC_PULL) {
        sync_hub_pulled(session);
    } else if (alive) {
        sync_hub_blob_done(session);
    }
    model_hub_drain(world, peer, NULL);
}

static inline void model_hub_drain(struct model_world *world, enum model_peer peer,
                                   const struct model_message *message)
{
    struct sync_hub *session = &world->sessions[peer];
    struct sync_hub_action action;
    while (sync_hub_next(session, &action)) {
        if (action.kind == SYNC_HUB_ANSWER_HELLO) {
            model_welcome(world, action.hello, peer);
        } else if (action.kind == SYNC_HUB_SEND_NACK) {
            struct model_message reply = {.used = false};
            model_reply_nack(&reply, action.reason, action.incarnation, action.first_seq);
            model_send(world, &reply, peer, false, world->session_connection[peer]);
        } else if (action.kind == SYNC_HUB_DROP_PEER) {
            assert_int_equal(session->offences, 0);
            model_hub_open(world, peer, world->session_connection[peer]);
        } else {
            assert_true(message != NULL && world->work_count < MODEL_WORK);
            /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): never without a frame */
            world->work[world->work_count] = *message;
            world->work[world->work_count++].connection = world->session_connection[peer];
        }
    }
    assert_int_equal(session->offences, 0);
}

static inline void model_hub_receive(struct model_world *world, const struct model_message *message)
{
    enum model_peer peer = message->peer;
    bool late = message->connection != world->connection[peer];
    bool past = message->connection < world->image_connection && peer == MODEL_STATION;
    if (past || (late && !model_chance(world, world->faults.late))) {
        return;
    }
    if (world->session_connection[peer] != world->connection[peer]) {
        model_hub_open(world, peer, world->connection[peer]);
    }
    while (world->work_count == MODEL_WORK) {
        model_hub_work(world);
    }
    bool hello = message->frame.kind == SYNC_HELLO;
    bool headed = hello ? message->frame.hello.head.present : message->frame.kind == SYNC_PUSH;
    sync_hub_frame(&world->sessions[peer], &message->frame, headed ? &message->head : NULL,
                   world->now_ms);
    model_hub_drain(world, peer, message);
    while (world->work_count > 0 && !model_chance(world, world->faults.defer)) {
        model_hub_work(world);
    }
}

#endif
