#include "sync/session_station_inner.h"

static bool station_talks(const struct sync_station *station)
{
    return station->line.state == SYNC_LINE_READY && station->phase == SYNC_PHASE_TALK;
}

/* An earlier blob fills the line for so long. */
static uint64_t station_patience(const struct sync_station *station, uint64_t own_ms)
{
    uint64_t blob_ms = station->blob == SYNC_NONE ? 0 : station->line.options.blob_ms;
    return station->line.now_ms + own_ms + blob_ms;
}

/* What the hub holds of this life already: it can be asked only for its answers. */
static uint64_t station_held(const struct sync_station *station)
{
    const struct sync_claim *claim = &station->line.claim;
    if (station->life == claim->incarnation) {
        return claim->seq;
    }
    return station->life < claim->incarnation ? SYNC_NEVER : 0;
}

/* How many events may be pushed now. Held events may stand anywhere in the log and be answered in
 * parts, so they go one push at a time and never together with new ones. */
static uint32_t station_window(const struct sync_station *station)
{
    uint64_t held = station_held(station);
    bool asking = station->answered < held;
    uint32_t credit = asking ? 1 : station->credit;
    uint64_t end = asking && held < station->end ? held : station->end;
    uint64_t most = station->line.options.batch_count;
    uint64_t count = end - station->sent < most ? end - station->sent : most;
    bool room = station->sent - station->answered + count <= SYNC_FLIGHT_BATCHES * most;
    if (!station_talks(station) || !station->life_known || station->flight.count >= credit ||
        !room) {
        return 0;
    }
    return (uint32_t)count;
}

static bool station_life(struct sync_station *station, struct sync_station_action *ret)
{
    bool whole = station->life_known && station->answered == station->end;
    if (whole && station->life < station->incarnation) {
        sync_station_set_life(station, station->life + 1, 0);
    }
    if (station->life_known || station->life_told) {
        return false;
    }
    station->life_told = true;
    ret->kind = SYNC_ACT_TELL_LIFE;
    ret->incarnation = station->life;
    return true;
}

static bool station_push(struct sync_station *station, struct sync_station_action *ret)
{
    uint32_t count = station_window(station);
    if (count == 0 || station->line.now_ms < station->push_ms) {
        return false;
    }
    ret->kind = SYNC_ACT_SEND_PUSH;
    ret->incarnation = station->life;
    ret->from = station->sent + 1;
    ret->count = count;
    sync_flight_add(&station->flight, ret->from, count);
    station->sent += count;
    if (station->push_deadline_ms == SYNC_NEVER) {
        station->push_deadline_ms = station_patience(station, station->line.options.push_ms);
    }
    return true;
}

static bool station_pull(struct sync_station *station, struct sync_feed_cursor *cursor,
                         enum sync_feed feed, struct sync_station_action *ret)
{
    if (!sync_feed_wants_pull(cursor, station->line.now_ms)) {
        return false;
    }
    const struct sync_options *options = &station->line.options;
    uint64_t poll_ms = options->poll_ms;
    sync_feed_asked(cursor, options->batch_count, station_patience(station, options->pull_ms));
    cursor->due_ms =
        station->line.now_ms + sync_line_jitter(&station->line, poll_ms, poll_ms + poll_ms / 4);
    ret->kind = SYNC_ACT_SEND_PULL;
    ret->feed = feed;
    ret->from = cursor->asked_from;
    ret->count = cursor->asked_count;
    return true;
}

bool sync_station_all_answered(const struct sync_station *station)
{
    return station->life == station->incarnation && station->answered == station->newest;
}

/* Bulky things go only when no event waits or is on its way. */
static bool station_blob(struct sync_station *station, struct sync_station_action *ret)
{
    if (station->blob != SYNC_NONE) {
        return false;
    }
    bool resting = station->line.now_ms < station->push_ms;
    bool quiet = station->flight.count == 0 && (sync_station_all_answered(station) || resting);
    if (station->wanted > 0) {
        station->blob = SYNC_BLOB_GET;
        ret->kind = SYNC_ACT_SEND_BLOB_GET;
    } else if (station->outbox > 0 && quiet) {
        station->blob = SYNC_BLOB_PUT;
        ret->kind = SYNC_ACT_SEND_BLOB;
    } else {
        return false;
    }
    station->blob_told = true;
    station->blob_deadline_ms = station->line.now_ms + station->line.options.blob_ms;
    return true;
}

static bool station_decide(struct sync_station *station, struct sync_station_action *ret)
{
    bool first = !station->told;
    uint64_t claimed = station->line.claim.incarnation;
    station->told = true;
    ret->claim = &station->line.claim;
    switch (station->phase) {
    case SYNC_PHASE_EPOCH:
        ret->kind = SYNC_ACT_NEW_EPOCH;
        return first;
    case SYNC_PHASE_BACK:
        ret->kind = SYNC_ACT_HUB_WENT_BACK;
        return first;
    case SYNC_PHASE_REOPEN:
        ret->kind = SYNC_ACT_OPEN_INCARNATION;
        ret->incarnation = (claimed > station->incarnation ? claimed : station->incarnation) + 1;
        return first;
    case SYNC_PHASE_RESTORE:
        ret->kind = SYNC_ACT_RESTORED;
        if (!first) {
            ret->claim = NULL;
            ret->incarnation = station->chain_incarnation;
            return station_pull(station, &station->chain, SYNC_FEED_CHAIN, ret);
        }
        return true;
    case SYNC_PHASE_TALK:
        break;
    }
    return false;
}

static enum sync_act station_apply_act(enum sync_kind kind)
{
    switch (kind) {
    case SYNC_WELCOME:
        return SYNC_ACT_APPLY_WELCOME;
    case SYNC_ANSWER:
        return SYNC_ACT_APPLY_ANSWER;
    case SYNC_NACK:
        return SYNC_ACT_APPLY_NACK;
    case SYNC_BATCH:
        return SYNC_ACT_APPLY_BATCH;
    case SYNC_BLOB_STORED:
        return SYNC_ACT_APPLY_STORED;
    case SYNC_BLOB:
        return SYNC_ACT_APPLY_BLOB;
    case SYNC_NONE:
    case SYNC_HELLO:
    case SYNC_PUSH:
    case SYNC_PULL:
    case SYNC_BLOB_PUT:
    case SYNC_BLOB_GET:
        break;
    }
    return SYNC_ACT_NONE;
}

static void station_give(struct sync_station *station, struct sync_station_action *ret)
{
    const struct sync_frame *frame = station->line.frame;
    ret->kind = station_apply_act(frame->kind);
    ret->frame = frame;
    if (frame->kind == SYNC_ANSWER) {
        ret->incarnation = frame->answer.incarnation;
        ret->from = frame->answer.first_seq;
        ret->count = frame->answer.count;
    } else if (frame->kind == SYNC_BATCH) {
        bool chain = frame->batch.feed == SYNC_FEED_CHAIN;
        ret->feed = frame->batch.feed;
        ret->from = frame->batch.from;
        ret->count = frame->batch.count;
        ret->incarnation = chain ? station->chain_incarnation : 0;
    }
}

static bool station_is_quiet(const struct sync_station *station)
{
    const struct sync_line *line = &station->line;
    return station_talks(station) && line->apply == SYNC_APPLY_IDLE && station->flight.count == 0 &&
           station->common.asked_count == 0 && station->own.asked_count == 0 &&
           station->blob == SYNC_NONE;
}

/* A line that stands for days would never learn that another machine writes in our name, nor tell
 * our clock and backlog. */
static void station_renew(struct sync_station *station)
{
    if (station_is_quiet(station) && station->line.now_ms >= station->renew_ms) {
        sync_station_greet(station, 0);
    }
}

static bool station_next(struct sync_station *station, struct sync_station_action *ret)
{
    struct sync_line *line = &station->line;
    if (sync_line_reconnect(line)) {
        ret->kind = SYNC_ACT_RECONNECT;
        ret->wait_ms = line->wait_ms;
        return true;
    }
    if (sync_line_give(line)) {
        station_give(station, ret);
        return true;
    }
    if (line->apply != SYNC_APPLY_IDLE) {
        return false;
    }
    station_renew(station);
    if (sync_line_hello(line)) {
        ret->kind = SYNC_ACT_SEND_HELLO;
        ret->greeting = line->greeting;
        return true;
    }
    if (line->state == SYNC_LINE_HELD) {
        return station_decide(station, ret);
    }
    if (!station_talks(station)) {
        return false;
    }
    return station_life(station, ret) || station_push(station, ret) ||
           station_pull(station, &station->common, SYNC_FEED_COMMON, ret) ||
           station_pull(station, &station->own, SYNC_FEED_OWN, ret) || station_blob(station, ret);
}

bool sync_station_next(struct sync_station *station, struct sync_station_action *ret_action)
{
    struct sync_station_action action = {.kind = SYNC_ACT_NONE};
    bool any = station_next(station, &action);
    *ret_action = any ? action : (struct sync_station_action){.kind = SYNC_ACT_NONE};
    sync_station_check(station);
    return any;
}

static void station_sooner(uint64_t *ms, uint64_t other_ms)
{
    *ms = other_ms < *ms ? other_ms : *ms;
}

uint64_t sync_station_deadline(const struct sync_station *station)
{
    uint64_t ms = sync_line_deadline(&station->line);
    if (station->line.apply != SYNC_APPLY_IDLE) {
        return SYNC_NEVER;
    }
    station_sooner(&ms, station->push_deadline_ms);
    station_sooner(&ms, station->common.deadline_ms);
    station_sooner(&ms, station->own.deadline_ms);
    station_sooner(&ms, station->chain.deadline_ms);
    station_sooner(&ms, station->blob_deadline_ms);
    if (station_is_quiet(station)) {
        station_sooner(&ms, station->renew_ms);
    }
    if (station_talks(station)) {
        bool common = station->common.asked_count == 0;
        bool own = station->own.asked_count == 0;
        station_sooner(&ms, station_window(station) > 0 ? station->push_ms : SYNC_NEVER);
        station_sooner(&ms, common ? station->common.due_ms : SYNC_NEVER);
        station_sooner(&ms, own ? station->own.due_ms : SYNC_NEVER);
    }
    return ms;
}

bool sync_station_idle(const struct sync_station *station)
{
    return station_talks(station) && station->line.apply == SYNC_APPLY_IDLE &&
           sync_station_all_answered(station) && station->common.asked_count == 0 &&
           station->own.asked_count == 0 && station->common.newest <= station->common.applied &&
           station->own.newest <= station->own.applied;
}
