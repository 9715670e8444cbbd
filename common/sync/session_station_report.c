#include "base/check.h"
#include "sync/session_station_inner.h"

#include <string.h>

static void station_hold(struct sync_station *station, enum sync_station_phase phase)
{
    station->line.state = SYNC_LINE_HELD;
    station->phase = phase;
    station->told = false;
}

static void station_set_credit(struct sync_station *station, uint32_t credit)
{
    struct sync_line *line = &station->line;
    station->credit = credit < SYNC_CREDIT_MAX ? credit : SYNC_CREDIT_MAX;
    if (credit == 0) {
        /* Not now: one push after a while asks again. */
        uint64_t random = sync_random_next(&line->random);
        station->push_ms = line->now_ms + sync_backoff_next(&station->push_backoff, random);
        station->credit = 1;
    }
}

static void station_chain_start(struct sync_station *station, uint64_t incarnation,
                                uint64_t applied)
{
    station->chain_incarnation = incarnation;
    sync_feed_init(&station->chain, applied);
    station->chain.due_ms = 0;
}

/* The claim is believed and no cursor of ours is beyond it: talk, or fetch our own past. */
static void station_settle(struct sync_station *station)
{
    struct sync_line *line = &station->line;
    const struct sync_claim *claim = &line->claim;
    struct sync_place held = {claim->incarnation, claim->seq};
    struct sync_place newest = {station->incarnation, station->newest};
    bool behind = sync_place_before(newest, held);
    if (behind || station->diverged) {
        if (claim->incarnation > station->incarnation + SYNC_INCARNATION_GAP) {
            sync_station_fail(station);
            return;
        }
        station->diverged = true;
        station_chain_start(station, station->life, station->answered);
        station_hold(station, SYNC_PHASE_RESTORE);
        return;
    }
    /* Where an earlier life ends is asked anew: the hub may hold more of it than was fetched. */
    sync_station_set_proven(station, station->proven);
    line->state = SYNC_LINE_READY;
    station->phase = SYNC_PHASE_TALK;
    uint64_t renew_ms = line->options.renew_ms;
    station->renew_ms = line->now_ms + sync_line_jitter(line, renew_ms, renew_ms + renew_ms / 4);
    station->common.newest = claim->common;
    station->own.newest = claim->own;
    /* One question each even when nothing is new: it is what ends a row of failures. */
    station->common.due_ms = line->now_ms;
    station->own.due_ms = line->now_ms;
    station_set_credit(station, claim->credit);
}

static bool station_hub_went_back(const struct sync_station *station)
{
    const struct sync_claim *claim = &station->line.claim;
    struct sync_place held = {claim->incarnation, claim->seq};
    bool lost = station->proven.seq > 0 && sync_place_before(held, station->proven);
    return lost || claim->common < station->common.applied || claim->own < station->own.applied;
}

void sync_station_welcomed(struct sync_station *station, enum err err, uint64_t size,
                           uint64_t now_ms)
{
    struct sync_line *line = &station->line;
    struct sync_claim *claim = &line->claim;
    bool stale = false;
    sync_line_at(line, now_ms);
    (void)sync_line_reported(line, SYNC_WELCOME, &stale);
    if (stale) {
        return;
    }
    if ((err != ERR_NONE && err != ERR_CONFLICT) || size > SYNC_NUMBER_MAX) {
        sync_station_fail(station);
        return;
    }
    line->deadline_ms = SYNC_NEVER;
    claim->size = size;
    station->diverged |= err == ERR_CONFLICT && claim->incarnation == station->incarnation;
    enum sync_epoch epoch = sync_epoch_judge(station->epoch, station->seen_size, claim);
    if (epoch == SYNC_EPOCH_NEW) {
        station_hold(station, SYNC_PHASE_EPOCH);
    } else if (epoch == SYNC_EPOCH_OLDER || station_hub_went_back(station)) {
        station_hold(station, SYNC_PHASE_BACK);
    } else {
        station->epoch = claim->epoch;
        station->seen_size = size;
        station_settle(station);
    }
    sync_station_check(station);
}

/* From here on only what the hub claims to hold counts, up to kept. */
static void station_accept_claim(struct sync_station *station, struct sync_place kept,
                                 uint64_t common, uint64_t own)
{
    const struct sync_claim *claim = &station->line.claim;
    struct sync_place held = {claim->incarnation, claim->seq};
    held = sync_place_before(kept, held) ? kept : held;
    bool lost = sync_place_before(held, station->proven);
    station->epoch = claim->epoch;
    station->seen_size = claim->size;
    station->rung_size = 0;
    station->life_floor = 0;
    sync_station_set_proven(station, lost ? held : station->proven);
    sync_feed_init(&station->common, common < claim->common ? common : claim->common);
    sync_feed_init(&station->own, own < claim->own ? own : claim->own);
    station_settle(station);
}

void sync_station_epoch_opened(struct sync_station *station, struct sync_place kept,
                               uint64_t common, uint64_t own, uint64_t now_ms)
{
    sync_line_at(&station->line, now_ms);
    if (station->line.state == SYNC_LINE_HELD && station->phase == SYNC_PHASE_EPOCH) {
        station_accept_claim(station, kept, common, own);
    }
    sync_station_check(station);
}

void sync_station_went_back(struct sync_station *station, bool resend, uint64_t now_ms)
{
    sync_line_at(&station->line, now_ms);
    if (station->line.state != SYNC_LINE_HELD || station->phase != SYNC_PHASE_BACK) {
        return;
    }
    if (resend) {
        station_accept_claim(station, station->proven, 0, 0);
    } else {
        uint64_t held_ms = station->line.options.held_ms;
        sync_station_greet(station, sync_line_jitter(&station->line, held_ms / 2, held_ms));
    }
    sync_station_check(station);
}

static void station_saw(struct sync_station *station, uint64_t size)
{
    bool larger = size > station->seen_size && size <= SYNC_NUMBER_MAX;
    station->seen_size = larger ? size : station->seen_size;
}

/* Only the first part of a push is answered: what came behind it leaves a gap at the hub. */
static void station_push_rest(struct sync_station *station)
{
    if (station->flight.count > 1) {
        sync_station_greet(station, 0);
        return;
    }
    sync_flight_clear(&station->flight);
    station->sent = station->answered;
    station->push_deadline_ms = SYNC_NEVER;
}

/* Takes the pushes that end by last out of the flight; does the last of them end right there? */
static bool station_flight_ends(struct sync_flight *flight, uint64_t last)
{
    const struct sync_range *oldest = sync_flight_oldest(flight);
    while (oldest != NULL && oldest->first - 1 + oldest->count <= last) {
        sync_flight_drop(flight);
        oldest = sync_flight_oldest(flight);
    }
    return oldest == NULL || oldest->first > last;
}

static void station_prove(struct sync_station *station, const struct sync_answer *answer)
{
    struct sync_line *line = &station->line;
    struct sync_place last = {answer->incarnation, answer->first_seq - 1 + answer->count};
    if (!sync_place_before(station->proven, last)) {
        return;
    }
    if (station->flight.count == 0) {
        sync_station_set_proven(station, last);
        return;
    }
    bool whole = station_flight_ends(&station->flight, last.seq);
    station->proven = last;
    station->answered = last.seq;
    if (!whole) {
        station_push_rest(station);
        return;
    }
    bool more = station->flight.count > 0;
    station->push_deadline_ms = more ? line->now_ms + line->options.push_ms : SYNC_NEVER;
}

void sync_station_answer_applied(struct sync_station *station, enum err err, uint64_t size,
                                 uint64_t now_ms)
{
    struct sync_line *line = &station->line;
    bool stale = false;
    sync_line_at(line, now_ms);
    const struct sync_answer *answer = &sync_line_reported(line, SYNC_ANSWER, &stale)->answer;
    if (err != ERR_NONE) {
        sync_station_fail(station);
        return;
    }
    station_saw(station, size);
    station_prove(station, answer);
    sync_line_progress(line);
    sync_backoff_reset(&station->push_backoff);
    if (!stale) {
        station_set_credit(station, answer->credit);
    }
    sync_station_check(station);
}

static uint64_t station_nack_wait(struct sync_station *station, enum sync_nack_reason reason)
{
    struct sync_line *line = &station->line;
    switch (reason) {
    case SYNC_NACK_BUSY:
    case SYNC_NACK_GAP:
    case SYNC_NACK_FORK:
    case SYNC_NACK_FROZEN:
    case SYNC_NACK_OLD_INCARNATION:
        return sync_backoff_next(&station->push_backoff, sync_random_next(&line->random));
    case SYNC_NACK_NONE:
    case SYNC_NACK_HEAD_SIGNATURE:
    case SYNC_NACK_OVERSIZE:
    case SYNC_NACK_NOT_OUR_HUB:
    case SYNC_NACK_REVOKED:
    case SYNC_NACK_SEEN:
    case SYNC_NACK_MALFORMED:
        break;
    }
    return sync_line_jitter(line, line->options.held_ms / 2, line->options.held_ms);
}

static bool station_nack_is_push(const struct sync_station *station,
                                 const struct sync_nack_body *body)
{
    return station->flight.count > 0 && body->incarnation == station->life &&
           body->first_seq > station->answered && body->first_seq <= station->sent;
}

/* The life that is being pushed cannot go on. The present one is ended by opening the next; of an
 * earlier one what is unproven stays so, and must not stop the later ones. */
static void station_nack_life(struct sync_station *station, const struct sync_nack_body *body)
{
    /* A gap before the first event: the life does not begin where the hub saw the last one end. */
    bool unjoined = body->reason == SYNC_NACK_GAP && body->first_seq == 1 && body->incarnation > 1;
    bool fork = body->reason == SYNC_NACK_FORK || body->reason == SYNC_NACK_FROZEN || unjoined;
    bool old = body->reason == SYNC_NACK_OLD_INCARNATION;
    if (station->life == station->incarnation) {
        station->diverged |= fork;
    } else if (fork || old) {
        uint64_t claimed = station->line.claim.incarnation;
        uint64_t floor = station->life + 1;
        floor = old && claimed > floor ? claimed : floor;
        station->life_floor = floor < station->incarnation ? floor : station->incarnation;
    }
}

static bool station_asks(const struct sync_station *station)
{
    return station->common.asked_count > 0 || station->own.asked_count > 0 ||
           station->chain.asked_count > 0 || station->blob != SYNC_NONE;
}

void sync_station_nack_applied(struct sync_station *station, enum err err,
                               const struct sync_nack_body *body, uint64_t now_ms)
{
    struct sync_line *line = &station->line;
    bool stale = false;
    sync_line_at(line, now_ms);
    (void)sync_line_reported(line, SYNC_NACK, &stale);
    if (stale) {
        return;
    }
    if (err != ERR_NONE) {
        sync_station_fail(station);
        return;
    }
    bool greeting = line->state == SYNC_LINE_GREETING;
    if (station_nack_is_push(station, body)) {
        line->counts.nacks++;
        station_nack_life(station, body);
        station->push_ms = line->now_ms + station_nack_wait(station, body->reason);
        /* The pushes behind this one are refused too; feeds go on after the barrier. */
        sync_station_greet(station, 0);
        sync_station_set_proven(station, station->proven);
    } else if (greeting ? body->first_seq == 0 : station_asks(station)) {
        line->counts.nacks++;
        sync_station_greet(station, station_nack_wait(station, body->reason));
    } else {
        line->counts.late += greeting ? 1 : 0;
        line->counts.unsolicited += greeting ? 0 : 1;
    }
    sync_station_check(station);
}

/* One life is fetched: the next one, or all are here. */
static void station_chain_applied(struct sync_station *station)
{
    const struct sync_claim *claim = &station->line.claim;
    const struct sync_feed_cursor *chain = &station->chain;
    if (chain->applied < chain->newest || station->phase != SYNC_PHASE_RESTORE) {
        return;
    }
    if (station->chain_incarnation < claim->incarnation) {
        station_chain_start(station, station->chain_incarnation + 1, 0);
    } else if (station->chain_incarnation == claim->incarnation && chain->newest < claim->seq) {
        sync_station_fail(station);
    } else {
        station_hold(station, SYNC_PHASE_REOPEN);
    }
}

void sync_station_batch_applied(struct sync_station *station, enum err err, uint64_t size,
                                uint64_t now_ms)
{
    struct sync_line *line = &station->line;
    bool stale = false;
    sync_line_at(line, now_ms);
    const struct sync_batch *batch = &sync_line_reported(line, SYNC_BATCH, &stale)->batch;
    if (err != ERR_NONE) {
        sync_station_fail(station);
        return;
    }
    station_saw(station, size);
    struct sync_feed_cursor *feed = sync_station_feed(station, batch->feed);
    if (stale && batch->feed == SYNC_FEED_CHAIN) {
        return;
    }
    sync_feed_applied(feed, batch);
    /* A hub that answers pulls and spoils every push must not be dialled ever faster. */
    if (batch->count > 0 || sync_station_all_answered(station)) {
        sync_line_progress(line);
    }
    if (batch->feed == SYNC_FEED_CHAIN) {
        station_chain_applied(station);
    }
    sync_station_check(station);
}

static void station_blob_on_way(struct sync_station *station, enum sync_kind lane,
                                const uint8_t *hash)
{
    if (station->blob != lane || !station->blob_told) {
        return;
    }
    station->blob_told = false;
    if (hash != NULL) {
        memcpy(station->blob_hash, hash, sizeof station->blob_hash);
        return;
    }
    station->blob = SYNC_NONE;
    station->blob_deadline_ms = SYNC_NEVER;
}

void sync_station_blob_sent(struct sync_station *station, const uint8_t *hash, uint64_t now_ms)
{
    sync_line_at(&station->line, now_ms);
    station->outbox = hash == NULL ? 0 : station->outbox;
    station_blob_on_way(station, SYNC_BLOB_PUT, hash);
    sync_station_check(station);
}

void sync_station_blob_asked(struct sync_station *station, const uint8_t *hash, uint64_t now_ms)
{
    sync_line_at(&station->line, now_ms);
    station->wanted = hash == NULL ? 0 : station->wanted;
    station_blob_on_way(station, SYNC_BLOB_GET, hash);
    sync_station_check(station);
}

void sync_station_blob_done(struct sync_station *station, uint64_t now_ms)
{
    struct sync_line *line = &station->line;
    bool stale = false;
    sync_line_at(line, now_ms);
    CHECK(line->apply == SYNC_APPLY_GIVEN);
    enum sync_kind kind = line->frame->kind == SYNC_BLOB ? SYNC_BLOB : SYNC_BLOB_STORED;
    (void)sync_line_reported(line, kind, &stale);
    if (!stale) {
        station->blob = SYNC_NONE;
        station->blob_deadline_ms = SYNC_NEVER;
        sync_line_progress(line);
    }
    sync_station_check(station);
}
