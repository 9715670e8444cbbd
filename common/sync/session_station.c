#include "sync/session_station.h"

#include "base/check.h"
#include "sync/session_station_inner.h"

#include <string.h>

void sync_station_init(struct sync_station *station, const struct sync_options *options,
                       const struct sync_station_start *start, uint64_t now_ms)
{
    CHECK(start->incarnation >= 1);
    CHECK(start->answered_incarnation <= start->incarnation);
    CHECK(start->answered_incarnation >= 1 || start->answered == 0);
    memset(station, 0, sizeof *station);
    sync_line_init(&station->line, options, start->random, now_ms);
    station->incarnation = start->incarnation;
    station->newest = start->newest;
    station->push_deadline_ms = SYNC_NEVER;
    station->diverged = start->restoring;
    station->epoch = start->epoch;
    station->seen_size = start->seen_size;
    sync_feed_init(&station->common, start->common);
    sync_feed_init(&station->own, start->own);
    sync_feed_init(&station->chain, 0);
    station->blob_deadline_ms = SYNC_NEVER;
    sync_station_set_proven(station,
                            (struct sync_place){start->answered_incarnation, start->answered});
}

void sync_station_check(const struct sync_station *station)
{
    const struct sync_line *line = &station->line;
    CHECK(station->answered <= station->sent);
    CHECK(station->sent <= station->end);
    CHECK(station->life <= station->incarnation);
    CHECK(station->life < station->incarnation || station->life_known);
    CHECK(station->life < station->incarnation || station->end == station->newest);
    CHECK(station->flight.count <= SYNC_CREDIT_MAX);
    CHECK((station->push_deadline_ms == SYNC_NEVER) == (station->flight.count == 0));
    CHECK((station->sent == station->answered) == (station->flight.count == 0));
    CHECK(station->flight.count == 0 || line->state == SYNC_LINE_READY);
    CHECK((line->frame == NULL) == (line->apply == SYNC_APPLY_IDLE));
    CHECK((station->blob_deadline_ms == SYNC_NEVER) == (station->blob == SYNC_NONE));
}

void sync_station_set_life(struct sync_station *station, uint64_t life, uint64_t answered)
{
    bool present = life == station->incarnation;
    CHECK(station->flight.count == 0);
    station->life = life;
    station->answered = answered;
    station->sent = answered;
    station->life_known = present;
    station->life_told = false;
    station->end = present ? station->newest : answered;
}

void sync_station_set_proven(struct sync_station *station, struct sync_place proven)
{
    uint64_t life = proven.incarnation > 0 ? proven.incarnation : 1;
    station->proven = proven;
    life = life < station->life_floor ? station->life_floor : life;
    sync_station_set_life(station, life, life == proven.incarnation ? proven.seq : 0);
}

void sync_station_forget(struct sync_station *station)
{
    sync_flight_clear(&station->flight);
    station->sent = station->answered;
    station->push_deadline_ms = SYNC_NEVER;
    sync_feed_reset(&station->common);
    sync_feed_reset(&station->own);
    sync_feed_reset(&station->chain);
    station->phase = SYNC_PHASE_TALK;
    station->told = false;
    station->life_told = false;
    station->blob = SYNC_NONE;
    station->blob_told = false;
    station->blob_deadline_ms = SYNC_NEVER;
}

void sync_station_greet(struct sync_station *station, uint64_t wait_ms)
{
    sync_station_forget(station);
    sync_line_greet(&station->line, wait_ms);
}

void sync_station_fail(struct sync_station *station)
{
    sync_station_forget(station);
    sync_line_error(&station->line);
}

/* --- Inputs --- */

void sync_station_connected(struct sync_station *station, uint64_t now_ms)
{
    sync_line_at(&station->line, now_ms);
    sync_station_forget(station);
    sync_line_connected(&station->line);
    sync_station_check(station);
}

void sync_station_disconnected(struct sync_station *station, uint64_t now_ms)
{
    sync_line_at(&station->line, now_ms);
    sync_station_forget(station);
    sync_line_disconnected(&station->line);
    sync_station_check(station);
}

static bool station_expired(const struct sync_station *station)
{
    uint64_t now_ms = station->line.now_ms;
    return sync_line_expired(&station->line) || now_ms >= station->push_deadline_ms ||
           now_ms >= station->common.deadline_ms || now_ms >= station->own.deadline_ms ||
           now_ms >= station->chain.deadline_ms || now_ms >= station->blob_deadline_ms;
}

void sync_station_tick(struct sync_station *station, uint64_t now_ms)
{
    sync_line_at(&station->line, now_ms);
    /* While the core works on a frame the hub is not the one that is slow. */
    if (station->line.apply == SYNC_APPLY_IDLE && station_expired(station)) {
        sync_station_forget(station);
        sync_line_timeout(&station->line);
    }
    sync_station_check(station);
}

void sync_station_malformed(struct sync_station *station, uint64_t now_ms)
{
    sync_line_at(&station->line, now_ms);
    if (station->line.state == SYNC_LINE_DOWN) {
        station->line.counts.unsolicited++;
    } else {
        sync_station_fail(station);
    }
    sync_station_check(station);
}

void sync_station_doorbell(struct sync_station *station, uint64_t epoch, uint64_t size,
                           uint64_t now_ms)
{
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
                           uint64_t now_ms)
{
    CHECK(incarnation >= station->incarnation);
    sync_line_at(&station->line, now_ms);
    if (incarnation == station->incarnation) {
        CHECK(newest >= station->newest);
        station->newest = newest;
        station->end = station->life == incarnation ? newest : station->end;
    } else {
        station->incarnation = incarnation;
        station->newest = newest;
        station->diverged = false;
        sync_station_greet(station, 0);
        sync_station_set_proven(station, station->proven);
    }
    sync_station_check(station);
}

void sync_station_answered(struct sync_station *station, uint64_t incarnation, uint64_t seq,
                           uint64_t now_ms)
{
    struct sync_place place = {incarnation, seq};
    CHECK(incarnation <= station->incarnation);
    CHECK(incarnation < station->incarnation || seq <= station->newest);
    sync_line_at(&station->line, now_ms);
    if (sync_place_before(station->proven, place)) {
        if (station->flight.count > 0) {
            sync_station_greet(station, 0);
        }
        sync_station_set_proven(station, place);
    }
    sync_station_check(station);
}

void sync_station_life(struct sync_station *station, uint64_t incarnation, uint64_t newest,
                       uint64_t now_ms)
{
    sync_line_at(&station->line, now_ms);
    const struct sync_claim *claim = &station->line.claim;
    if (incarnation == station->life && !station->life_known) {
        station->end = newest > station->answered ? newest : station->answered;
        station->life_known = true;
        if (incarnation == claim->incarnation && newest < claim->seq) {
            /* Something of our past reached the hub after we had fetched it. */
            station->diverged = true;
            sync_station_greet(station, 0);
        }
    }
    sync_station_check(station);
}

void sync_station_applied(struct sync_station *station, enum sync_feed feed, uint64_t seq,
                          uint64_t now_ms)
{
    CHECK(feed == SYNC_FEED_COMMON || feed == SYNC_FEED_OWN);
    struct sync_feed_cursor *cursor = feed == SYNC_FEED_COMMON ? &station->common : &station->own;
    sync_line_at(&station->line, now_ms);
    cursor->applied = seq > cursor->applied ? seq : cursor->applied;
    sync_station_check(station);
}

void sync_station_blobs(struct sync_station *station, uint32_t outbox, uint32_t wanted,
                        uint64_t now_ms)
{
    sync_line_at(&station->line, now_ms);
    station->outbox = outbox;
    station->wanted = wanted;
}

void sync_station_renew(struct sync_station *station, uint64_t now_ms)
{
    sync_line_at(&station->line, now_ms);
    station->renew_ms = station->line.now_ms;
    sync_station_check(station);
}

void sync_station_hurry(struct sync_station *station, uint64_t now_ms)
{
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
