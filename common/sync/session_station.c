#include "sync/session_station.h"

#include "base/check.h"
#include "sync/session_station_inner.h"

#include <string.h>

void sync_station_init(struct sync_station *station, const struct sync_options *options,
                       const struct sync_station_start *start, uint64_t now_ms) {
    CHECK(start->incarnation >= 1);
    CHECK(start->answered <= start->newest);
    memset(station, 0, sizeof *station);
    sync_line_init(&station->line, options, start->random, now_ms);
    station->incarnation = start->incarnation;
    station->answered = start->answered;
    station->sent = start->answered;
    station->newest = start->newest;
    station->push_deadline_ms = SYNC_NEVER;
    station->diverged = start->restoring;
    station->epoch = start->epoch;
    station->seen_size = start->seen_size;
    sync_feed_init(&station->common, start->common);
    sync_feed_init(&station->own, start->own);
    sync_feed_init(&station->chain, 0);
    station->blob_deadline_ms = SYNC_NEVER;
}

void sync_station_check(const struct sync_station *station) {
    const struct sync_line *line = &station->line;
    CHECK(station->answered <= station->sent);
    CHECK(station->sent <= station->newest);
    CHECK(station->flight.count <= SYNC_CREDIT_MAX);
    CHECK((station->push_deadline_ms == SYNC_NEVER) == (station->flight.count == 0));
    CHECK((station->sent == station->answered) == (station->flight.count == 0));
    CHECK(station->flight.count == 0 || line->state == SYNC_LINE_READY);
    CHECK((line->frame == NULL) == (line->apply == SYNC_APPLY_IDLE));
    CHECK((station->blob_deadline_ms == SYNC_NEVER) == (station->blob == SYNC_NONE));
}

void sync_station_forget(struct sync_station *station) {
    sync_flight_clear(&station->flight);
    station->sent = station->answered;
    station->push_deadline_ms = SYNC_NEVER;
    sync_feed_reset(&station->common);
    sync_feed_reset(&station->own);
    sync_feed_reset(&station->chain);
    station->phase = SYNC_PHASE_TALK;
    station->told = false;
    station->blob = SYNC_NONE;
    station->blob_told = false;
    station->blob_deadline_ms = SYNC_NEVER;
}

void sync_station_greet(struct sync_station *station, uint64_t wait_ms) {
    sync_station_forget(station);
    sync_line_greet(&station->line, wait_ms);
}

void sync_station_fail(struct sync_station *station) {
    sync_station_forget(station);
    sync_line_error(&station->line);
}

/* --- Inputs --- */

void sync_station_connected(struct sync_station *station, uint64_t now_ms) {
    sync_line_at(&station->line, now_ms);
    sync_station_forget(station);
    sync_line_connected(&station->line);
    sync_station_check(station);
}

void sync_station_disconnected(struct sync_station *station, uint64_t now_ms) {
    sync_line_at(&station->line, now_ms);
    sync_station_forget(station);
    sync_line_disconnected(&station->line);
    sync_station_check(station);
}

static bool station_expired(const struct sync_station *station) {
    uint64_t now_ms = station->line.now_ms;
    return sync_line_expired(&station->line) || now_ms >= station->push_deadline_ms ||
           now_ms >= station->common.deadline_ms || now_ms >= station->own.deadline_ms ||
           now_ms >= station->chain.deadline_ms || now_ms >= station->blob_deadline_ms;
}

void sync_station_tick(struct sync_station *station, uint64_t now_ms) {
    sync_line_at(&station->line, now_ms);
    /* While the core works on a frame the hub is not the one that is slow. */
    if (station->line.apply == SYNC_APPLY_IDLE && station_expired(station)) {
        sync_station_forget(station);
        sync_line_timeout(&station->line);
    }
    sync_station_check(station);
}

void sync_station_malformed(struct sync_station *station, uint64_t now_ms) {
    sync_line_at(&station->line, now_ms);
    if (station->line.state == SYNC_LINE_DOWN) {
        station->line.counts.unsolicited++;
    } else {
        sync_station_fail(station);
    }
    sync_station_check(station);
}

void sync_station_doorbell(struct sync_station *station, uint64_t epoch, uint64_t size,
                           uint64_t now_ms) {
    struct sync_line *line = &station->line;
    sync_line_at(line, now_ms);
    if (line->state != SYNC_LINE_READY || size > SYNC_NUMBER_MAX) {
        return;
    }
    uint64_t wait_ms = sync_line_jitter(line, 0, line->options.spread_ms);
    if (epoch > station->epoch) {
        sync_station_greet(station, wait_ms);
    } else if (epoch == station->epoch && size > station->rung_size) {
        uint64_t due_ms = line->now_ms + wait_ms;
        station->rung_size = size;
        station->common.due_ms = due_ms < station->common.due_ms ? due_ms : station->common.due_ms;
        station->own.due_ms = due_ms < station->own.due_ms ? due_ms : station->own.due_ms;
    }
    sync_station_check(station);
}

void sync_station_appended(struct sync_station *station, uint64_t incarnation, uint64_t newest,
                           uint64_t now_ms) {
    CHECK(incarnation >= station->incarnation);
    sync_line_at(&station->line, now_ms);
    if (incarnation == station->incarnation) {
        CHECK(newest >= station->newest);
        station->newest = newest;
    } else {
        station->incarnation = incarnation;
        station->answered = 0;
        station->newest = newest;
        station->diverged = false;
        sync_station_greet(station, 0);
    }
    sync_station_check(station);
}

void sync_station_answered(struct sync_station *station, uint64_t seq, uint64_t now_ms) {
    CHECK(seq <= station->newest);
    sync_line_at(&station->line, now_ms);
    if (seq > station->answered) {
        bool flying = station->flight.count > 0;
        station->answered = seq;
        if (flying) {
            sync_station_greet(station, 0);
        }
        station->sent = station->answered;
    }
    sync_station_check(station);
}

void sync_station_applied(struct sync_station *station, enum sync_feed feed, uint64_t seq,
                          uint64_t now_ms) {
    CHECK(feed == SYNC_FEED_COMMON || feed == SYNC_FEED_OWN);
    struct sync_feed_cursor *cursor = feed == SYNC_FEED_COMMON ? &station->common : &station->own;
    sync_line_at(&station->line, now_ms);
    cursor->applied = seq > cursor->applied ? seq : cursor->applied;
    sync_station_check(station);
}

void sync_station_blobs(struct sync_station *station, uint32_t outbox, uint32_t wanted,
                        uint64_t now_ms) {
    sync_line_at(&station->line, now_ms);
    station->outbox = outbox;
    station->wanted = wanted;
}

void sync_station_hurry(struct sync_station *station, uint64_t now_ms) {
    struct sync_line *line = &station->line;
    sync_line_at(line, now_ms);
    line->greet_ms = line->now_ms;
    station->push_ms = line->now_ms;
    if (line->state == SYNC_LINE_READY) {
        station->common.due_ms = line->now_ms;
        station->own.due_ms = line->now_ms;
    }
    sync_station_check(station);
}

/* --- Outputs --- */

static bool station_talks(const struct sync_station *station) {
    return station->line.state == SYNC_LINE_READY && station->phase == SYNC_PHASE_TALK;
}

/* An earlier blob fills the line for so long. */
static uint64_t station_patience(const struct sync_station *station, uint64_t own_ms) {
    uint64_t blob_ms = station->blob == SYNC_NONE ? 0 : station->line.options.blob_ms;
    return station->line.now_ms + own_ms + blob_ms;
}

static bool station_window_open(const struct sync_station *station) {
    return station_talks(station) && station->sent < station->newest &&
           station->flight.count < station->credit;
}

static bool station_push(struct sync_station *station, struct sync_station_action *ret) {
    if (!station_window_open(station) || station->line.now_ms < station->push_ms) {
        return false;
    }
    uint64_t left = station->newest - station->sent;
    uint32_t count = station->line.options.batch_count;
    count = left < count ? (uint32_t)left : count;
    ret->kind = SYNC_ACT_SEND_PUSH;
    ret->incarnation = station->incarnation;
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
                         enum sync_feed feed, struct sync_station_action *ret) {
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

/* Bulky things go only when no event waits or is on its way. */
static bool station_blob(struct sync_station *station, struct sync_station_action *ret) {
    if (station->blob != SYNC_NONE) {
        return false;
    }
    bool resting = station->line.now_ms < station->push_ms;
    bool quiet = station->flight.count == 0 && (station->sent == station->newest || resting);
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

static bool station_decide(struct sync_station *station, struct sync_station_action *ret) {
    bool first = !station->told;
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
        ret->incarnation = station->line.claim.incarnation + 1;
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

static enum sync_act station_apply_act(enum sync_kind kind) {
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

static void station_give(struct sync_station *station, struct sync_station_action *ret) {
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

static bool station_next(struct sync_station *station, struct sync_station_action *ret) {
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
    if (sync_line_hello(line)) {
        ret->kind = SYNC_ACT_SEND_HELLO;
        return true;
    }
    if (line->state == SYNC_LINE_HELD) {
        return station_decide(station, ret);
    }
    if (!station_talks(station)) {
        return false;
    }
    return station_push(station, ret) ||
           station_pull(station, &station->common, SYNC_FEED_COMMON, ret) ||
           station_pull(station, &station->own, SYNC_FEED_OWN, ret) || station_blob(station, ret);
}

bool sync_station_next(struct sync_station *station, struct sync_station_action *ret_action) {
    struct sync_station_action action = {.kind = SYNC_ACT_NONE};
    bool any = station_next(station, &action);
    *ret_action = any ? action : (struct sync_station_action){.kind = SYNC_ACT_NONE};
    sync_station_check(station);
    return any;
}

static void station_sooner(uint64_t *ms, uint64_t other_ms) {
    *ms = other_ms < *ms ? other_ms : *ms;
}

uint64_t sync_station_deadline(const struct sync_station *station) {
    uint64_t ms = sync_line_deadline(&station->line);
    if (station->line.apply != SYNC_APPLY_IDLE) {
        return SYNC_NEVER;
    }
    station_sooner(&ms, station->push_deadline_ms);
    station_sooner(&ms, station->common.deadline_ms);
    station_sooner(&ms, station->own.deadline_ms);
    station_sooner(&ms, station->chain.deadline_ms);
    station_sooner(&ms, station->blob_deadline_ms);
    if (station_talks(station)) {
        bool common = station->common.asked_count == 0;
        bool own = station->own.asked_count == 0;
        station_sooner(&ms, station_window_open(station) ? station->push_ms : SYNC_NEVER);
        station_sooner(&ms, common ? station->common.due_ms : SYNC_NEVER);
        station_sooner(&ms, own ? station->own.due_ms : SYNC_NEVER);
    }
    return ms;
}

bool sync_station_idle(const struct sync_station *station) {
    return station_talks(station) && station->line.apply == SYNC_APPLY_IDLE &&
           station->answered == station->newest && station->common.asked_count == 0 &&
           station->own.asked_count == 0 && station->common.newest <= station->common.applied &&
           station->own.newest <= station->own.applied;
}
