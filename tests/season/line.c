#include "season.h"

#include <stdlib.h>
#include <string.h>

/* The wire between the minds, replaced by calls: what township-hub/daemon.c and
 * village-node/daemon.c do with their cores. A frame goes its way whole and in order, or, while a
 * station is cut off, not at all. */

enum { QUEUE = 256, ROUNDS = 4000, STEP_MS = 500 };

struct post {
    struct season *season;
    size_t station; /* SEASON_STATIONS: the auditor */
    struct buf frame[QUEUE];
    bool up[QUEUE];
    size_t first;
    size_t count;
    struct hub_push *push[QUEUE];
    size_t push_count;
};

static const uint8_t auditor_device[LIMIT_KEY_SIZE] = {77};

static void post_put(struct post *post, struct span bytes, bool up)
{
    MUST(post->count < QUEUE);
    size_t at = (post->first + post->count++) % QUEUE;
    buf_init(&post->frame[at], LIMIT_FRAME_SIZE);
    buf_put_span(&post->frame[at], bytes);
    post->up[at] = up;
    post->season->counts.frames++;
}

static bool send_up(void *context, struct span frame)
{
    post_put(context, frame, true);
    return true;
}

static void no_reconnect(void *context)
{
    (void)context;
    season_failed(__FILE__, __LINE__, "a sound line is dropped");
}

static struct sync_hub *session_of(struct post *post)
{
    return &post->season->station[post->station].session;
}

static const uint8_t *device_of(const struct post *post)
{
    return signer_key_id_view(post->season->station[post->station].signer);
}

/* --- the hub's side --- */

static void answer(struct post *post, const struct sync_hub_action *action)
{
    struct season *season = post->season;
    struct sync_hub *session = session_of(post);
    bool ok = false;
    uint64_t incarnation = 0;
    uint64_t seq = 0;
    buf_clear(&season->out);
    if (action->kind == SYNC_HUB_ANSWER_HELLO) {
        MUST(hub_welcome(season->hub, device_of(post), action->hello, season->now_ms, &season->out,
                         &ok, &incarnation, &seq) == ERR_NONE);
    } else if (action->kind == SYNC_HUB_ANSWER_PULL) {
        MUST(hub_pull(season->hub, device_of(post), &action->frame->pull, &season->out) ==
             ERR_NONE);
    } else if (action->kind == SYNC_HUB_STORE_BLOB) {
        MUST(hub_blob_put(season->hub, &action->frame->blob, &season->out) == ERR_NONE);
    } else {
        MUST(hub_blob_get(season->hub, action->frame->blob.hash, true, &season->out) == ERR_NONE);
    }
    post_put(post, buf_span(&season->out), false);
    if (action->kind == SYNC_HUB_ANSWER_HELLO) {
        MUST(ok);
        sync_hub_greeted(session, ok, incarnation, seq);
    } else if (action->kind == SYNC_HUB_ANSWER_PULL) {
        sync_hub_pulled(session);
    } else {
        sync_hub_blob_done(session);
    }
}

static void drain(struct post *post)
{
    struct sync_hub_action action;
    while (sync_hub_next(session_of(post), &action)) {
        MUST(action.kind != SYNC_HUB_SEND_NACK && action.kind != SYNC_HUB_DROP_PEER);
        if (action.kind == SYNC_HUB_INGEST) {
            struct hub_push *push = NULL;
            MUST(hub_push_new(device_of(post), &action.frame->push, &push) == ERR_NONE);
            hub_push_check(post->season->hub, push);
            MUST(post->push_count < QUEUE);
            post->push[post->push_count++] = push;
        } else {
            answer(post, &action);
        }
    }
}

static void hub_frame(struct post *post, struct span bytes)
{
    struct season *season = post->season;
    struct sync_head_body head;
    const struct sync_head *claimed = NULL;
    MUST(wire_frame_decode(bytes, &season->arena, season->frame) == ERR_NONE);
    if (season->frame->kind == SYNC_HELLO) {
        claimed = &season->frame->hello.head;
    } else if (season->frame->kind == SYNC_PUSH) {
        claimed = &season->frame->push.head;
    }
    bool readable =
        claimed != NULL && claimed->present && wire_head_decode(claimed->body, &head) == ERR_NONE;
    sync_hub_frame(session_of(post), season->frame, readable ? &head : NULL, season->mono_ms);
    drain(post);
}

static void hub_commit(struct post *post)
{
    struct season *season = post->season;
    size_t count = post->push_count;
    post->push_count = 0;
    MUST(hub_ingest(season->hub, post->push, count, season->now_ms) == ERR_NONE);
    for (size_t i = 0; i < count; i++) {
        MUST(hub_push_accepted(post->push[i]));
        post_put(post, hub_push_reply_view(post->push[i]), false);
        sync_hub_ingested(session_of(post), true);
        hub_push_free(post->push[i]);
    }
    drain(post);
}

/* --- a station's conversation --- */

bool line_is_up(const struct season *season, size_t station)
{
    const struct season_station *at = &season->station[station];
    for (size_t i = 0; i < at->cut_count; i++) {
        if (season->now_ms >= at->cut[i].from_ms && season->now_ms < at->cut[i].until_ms) {
            return false;
        }
    }
    return true;
}

static void station_next(struct post *post, const struct station_port *port)
{
    struct season *season = post->season;
    struct station *station = season->station[post->station].station;
    if (post->count == 0) {
        if (post->push_count > 0) {
            hub_commit(post);
            return;
        }
        season->mono_ms += STEP_MS;
        MUST(station_tick(station, port, season->mono_ms, season->now_ms) == ERR_NONE);
        return;
    }
    struct buf frame = post->frame[post->first];
    bool up = post->up[post->first];
    post->first = (post->first + 1) % QUEUE;
    post->count--;
    if (up) {
        hub_frame(post, buf_span(&frame));
    } else {
        MUST(station_frame(station, port, buf_span(&frame), season->mono_ms, season->now_ms) ==
             ERR_NONE);
    }
    buf_done(&frame);
}

static bool at_rest(const struct post *post)
{
    struct season_station *at = &post->season->station[post->station];
    struct station_status status;
    station_status(at->station, &status);
    return post->count == 0 && post->push_count == 0 && status.outbox == 0 &&
           sync_station_idle(station_session_view(at->station));
}

void line_exchange(struct season *season, size_t station)
{
    struct season_station *at = &season->station[station];
    struct post *post = NULL;
    if (!line_is_up(season, station)) {
        return;
    }
    post = calloc(1, sizeof *post);
    MUST(post != NULL);
    post->season = season;
    post->station = station;
    struct station_port port = {post, send_up, no_reconnect};
    struct sync_options options = sync_options_default();
    sync_hub_init(&at->session, &options, SYNC_ROLE_STATION, season->hub_id,
                  signer_key_id_view(at->signer), season->mono_ms);
    station_connected(at->station, &port, season->mono_ms);
    MUST(station_tick(at->station, &port, season->mono_ms, season->now_ms) == ERR_NONE);
    int round = 0;
    while (!at_rest(post) && round++ < ROUNDS) {
        station_next(post, &port);
    }
    MUST(at_rest(post));
    station_disconnected(at->station, season->mono_ms);
    season->counts.exchanges++;
    matter_taken_up(season, station);
    free(post);
}

/* --- the auditor --- */

static bool ask_hub(void *context, struct span bytes)
{
    struct post *post = context;
    struct season *season = post->season;
    struct sync_frame *frame = season->frame;
    bool ok = false;
    uint64_t place[2] = {0, 0};
    MUST(wire_frame_decode(bytes, &season->arena, frame) == ERR_NONE);
    buf_clear(&season->out);
    if (frame->kind == SYNC_HELLO) {
        MUST(hub_welcome(season->hub, auditor_device, &frame->hello, season->now_ms, &season->out,
                         &ok, &place[0], &place[1]) == ERR_NONE);
    } else if (frame->kind == SYNC_PULL) {
        MUST(hub_pull(season->hub, auditor_device, &frame->pull, &season->out) == ERR_NONE);
    } else {
        MUST(frame->kind == SYNC_BLOB_GET);
        MUST(hub_blob_get(season->hub, frame->blob.hash, false, &season->out) == ERR_NONE);
    }
    post_put(post, buf_span(&season->out), false);
    return true;
}

static bool audited(const struct season *season)
{
    struct auditor_status status;
    auditor_status(season->auditor, &status);
    return status.replayed == hub_size(season->hub) && auditor_idle(season->auditor);
}

void line_audit(struct season *season)
{
    struct post *post = calloc(1, sizeof *post);
    uint64_t done = 0;
    MUST(post != NULL);
    post->season = season;
    post->station = SEASON_STATIONS;
    struct auditor_port port = {post, ask_hub, no_reconnect};
    auditor_connected(season->auditor, &port, season->mono_ms);
    for (int round = 0; round < 100 * ROUNDS && (post->count > 0 || !audited(season)); round++) {
        if (post->count > 0) {
            struct buf frame = post->frame[post->first];
            post->first = (post->first + 1) % QUEUE;
            post->count--;
            MUST(auditor_frame(season->auditor, &port, buf_span(&frame), season->mono_ms) ==
                 ERR_NONE);
            buf_done(&frame);
        } else {
            season->mono_ms += STEP_MS;
        }
        MUST(auditor_replay(season->auditor, 200, &done) == ERR_NONE);
        MUST(auditor_tick(season->auditor, &port, season->mono_ms) == ERR_NONE);
    }
    MUST(audited(season));
    auditor_disconnected(season->auditor, season->mono_ms);
    free(post);
}
