#include "base/check.h"
#include "sync/session_station_inner.h"

#include <string.h>

/* --- Frames --- */

enum station_reply { STATION_EXPECTED, STATION_REPEAT, STATION_BROKEN };

static enum station_reply station_judge_answer(const struct sync_station *station,
                                               const struct sync_answer *answer) {
    const struct sync_range *oldest = sync_flight_oldest(&station->flight);
    if (answer->count < 1 || answer->count > LIMIT_BATCH_COUNT) {
        return STATION_BROKEN;
    }
    if (answer->incarnation != station->incarnation) {
        return answer->incarnation < station->incarnation ? STATION_REPEAT : STATION_BROKEN;
    }
    if (answer->first_seq > SYNC_NUMBER_MAX) {
        return STATION_BROKEN;
    }
    if (oldest == NULL || answer->first_seq - 1 + answer->count <= station->answered) {
        return STATION_REPEAT;
    }
    /* A batch that came twice may stand in two places of the log: a shorter answer is the first
     * of several, each with its own run of leaves. */
    bool fits = answer->first_seq == oldest->first && answer->count <= oldest->count;
    return fits ? STATION_EXPECTED : STATION_BROKEN;
}

static struct sync_feed_cursor *station_feed(struct sync_station *station, enum sync_feed feed) {
    switch (feed) {
    case SYNC_FEED_COMMON:
        return &station->common;
    case SYNC_FEED_OWN:
        return &station->own;
    case SYNC_FEED_CHAIN:
        return &station->chain;
    case SYNC_FEED_NONE:
    case SYNC_FEED_LOG:
        break;
    }
    return NULL;
}

static enum station_reply station_judge_batch(struct sync_station *station,
                                              const struct sync_batch *batch) {
    const struct sync_feed_cursor *feed = station_feed(station, batch->feed);
    if (feed == NULL) {
        return STATION_BROKEN;
    }
    if (feed->asked_count == 0) {
        return STATION_REPEAT;
    }
    return sync_feed_fits(feed, batch) ? STATION_EXPECTED : STATION_BROKEN;
}

static enum station_reply station_judge_blob(const struct sync_station *station,
                                             const struct sync_frame *frame) {
    enum sync_kind lane = frame->kind == SYNC_BLOB ? SYNC_BLOB_GET : SYNC_BLOB_PUT;
    bool awaited = station->blob == lane && !station->blob_told;
    bool same = memcmp(frame->blob.hash, station->blob_hash, sizeof station->blob_hash) == 0;
    return awaited && same ? STATION_EXPECTED : STATION_REPEAT;
}

static enum station_reply station_judge(struct sync_station *station,
                                        const struct sync_frame *frame) {
    bool greeting = station->line.state == SYNC_LINE_GREETING;
    switch (frame->kind) {
    case SYNC_WELCOME:
        if (!greeting) {
            return STATION_REPEAT;
        }
        return sync_line_claim(&station->line, &frame->welcome) ? STATION_EXPECTED : STATION_BROKEN;
    case SYNC_NACK:
        return STATION_EXPECTED;
    case SYNC_ANSWER:
        return greeting ? STATION_REPEAT : station_judge_answer(station, &frame->answer);
    case SYNC_BATCH:
        return greeting ? STATION_REPEAT : station_judge_batch(station, &frame->batch);
    case SYNC_BLOB_STORED:
    case SYNC_BLOB:
        return greeting ? STATION_REPEAT : station_judge_blob(station, frame);
    case SYNC_NONE:
    case SYNC_HELLO:
    case SYNC_PUSH:
    case SYNC_PULL:
    case SYNC_BLOB_PUT:
    case SYNC_BLOB_GET:
        break;
    }
    return STATION_REPEAT;
}

bool sync_station_takes_frame(const struct sync_station *station) {
    return station->line.apply == SYNC_APPLY_IDLE;
}

void sync_station_frame(struct sync_station *station, const struct sync_frame *frame,
                        uint64_t now_ms) {
    struct sync_line *line = &station->line;
    CHECK(sync_station_takes_frame(station));
    sync_line_at(line, now_ms);
    if (line->state == SYNC_LINE_DOWN) {
        line->counts.unsolicited++;
        return;
    }
    if (line->state == SYNC_LINE_RESTING) {
        line->counts.late++;
        return;
    }
    switch (station_judge(station, frame)) {
    case STATION_EXPECTED:
        sync_line_hold(line, frame);
        break;
    case STATION_REPEAT:
        line->counts.late += line->state == SYNC_LINE_GREETING ? 1 : 0;
        line->counts.unsolicited += line->state == SYNC_LINE_GREETING ? 0 : 1;
        break;
    case STATION_BROKEN:
        sync_station_fail(station);
        break;
    }
    sync_station_check(station);
}

/* --- Reports --- */

/* What the hub holds of our present life. */
static uint64_t station_held(const struct sync_station *station) {
    const struct sync_claim *claim = &station->line.claim;
    return claim->incarnation == station->incarnation ? claim->seq : 0;
}

static void station_hold(struct sync_station *station, enum sync_station_phase phase) {
    station->line.state = SYNC_LINE_HELD;
    station->phase = phase;
    station->told = false;
}

static void station_set_credit(struct sync_station *station, uint32_t credit) {
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
                                uint64_t applied) {
    station->chain_incarnation = incarnation;
    sync_feed_init(&station->chain, applied);
    station->chain.due_ms = 0;
}

/* The claim is believed and no cursor of ours is beyond it: talk, or fetch our own past. */
static void station_settle(struct sync_station *station) {
    struct sync_line *line = &station->line;
    const struct sync_claim *claim = &line->claim;
    bool behind =
        claim->incarnation > station->incarnation || station_held(station) > station->newest;
    if (behind || station->diverged) {
        if (claim->incarnation > station->incarnation + SYNC_INCARNATION_GAP) {
            sync_station_fail(station);
            return;
        }
        station->diverged = true;
        station_chain_start(station, station->incarnation, station->answered);
        station_hold(station, SYNC_PHASE_RESTORE);
        return;
    }
    line->state = SYNC_LINE_READY;
    station->phase = SYNC_PHASE_TALK;
    station->common.newest = claim->common;
    station->own.newest = claim->own;
    /* One question each even when nothing is new: it is what ends a row of failures. */
    station->common.due_ms = line->now_ms;
    station->own.due_ms = line->now_ms;
    station_set_credit(station, claim->credit);
}

static bool station_hub_went_back(const struct sync_station *station) {
    const struct sync_claim *claim = &station->line.claim;
    bool own_life = claim->incarnation <= station->incarnation;
    return (own_life && station_held(station) < station->answered) ||
           claim->common < station->common.applied || claim->own < station->own.applied;
}

void sync_station_welcomed(struct sync_station *station, enum err err, uint64_t size,
                           uint64_t now_ms) {
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

/* From here on only what the hub claims to hold counts. */
static void station_accept_claim(struct sync_station *station, uint64_t common, uint64_t own) {
    const struct sync_claim *claim = &station->line.claim;
    uint64_t held = station_held(station);
    station->epoch = claim->epoch;
    station->seen_size = claim->size;
    station->rung_size = 0;
    station->answered = held < station->answered ? held : station->answered;
    station->sent = station->answered;
    sync_feed_init(&station->common, common < claim->common ? common : claim->common);
    sync_feed_init(&station->own, own < claim->own ? own : claim->own);
    station_settle(station);
}

void sync_station_epoch_opened(struct sync_station *station, uint64_t common, uint64_t own,
                               uint64_t now_ms) {
    sync_line_at(&station->line, now_ms);
    if (station->line.state == SYNC_LINE_HELD && station->phase == SYNC_PHASE_EPOCH) {
        station_accept_claim(station, common, own);
    }
    sync_station_check(station);
}

void sync_station_went_back(struct sync_station *station, bool resend, uint64_t now_ms) {
    sync_line_at(&station->line, now_ms);
    if (station->line.state != SYNC_LINE_HELD || station->phase != SYNC_PHASE_BACK) {
        return;
    }
    if (resend) {
        station_accept_claim(station, station->common.applied, station->own.applied);
    } else {
        uint64_t held_ms = station->line.options.held_ms;
        sync_station_greet(station, sync_line_jitter(&station->line, held_ms / 2, held_ms));
    }
    sync_station_check(station);
}

static void station_saw(struct sync_station *station, uint64_t size) {
    bool larger = size > station->seen_size && size <= SYNC_NUMBER_MAX;
    station->seen_size = larger ? size : station->seen_size;
}

void sync_station_answer_applied(struct sync_station *station, enum err err, uint64_t size,
                                 uint64_t now_ms) {
    struct sync_line *line = &station->line;
    bool stale = false;
    sync_line_at(line, now_ms);
    const struct sync_answer *answer = &sync_line_reported(line, SYNC_ANSWER, &stale)->answer;
    if (err != ERR_NONE) {
        sync_station_fail(station);
        return;
    }
    station_saw(station, size);
    if (answer->incarnation != station->incarnation) {
        return;
    }
    uint64_t last = answer->first_seq - 1 + answer->count;
    station->answered = last > station->answered ? last : station->answered;
    if (station->flight.count > 0) {
        sync_flight_take(&station->flight, answer->count);
        bool more = station->flight.count > 0;
        station->push_deadline_ms = more ? line->now_ms + line->options.push_ms : SYNC_NEVER;
    } else {
        station->sent = station->answered;
    }
    sync_line_progress(line);
    sync_backoff_reset(&station->push_backoff);
    if (!stale) {
        station_set_credit(station, answer->credit);
    }
    sync_station_check(station);
}

static uint64_t station_nack_wait(struct sync_station *station, enum sync_nack_reason reason) {
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
                                 const struct sync_nack_body *body) {
    return station->flight.count > 0 && body->incarnation == station->incarnation &&
           body->first_seq > station->answered && body->first_seq <= station->sent;
}

static bool station_asks(const struct sync_station *station) {
    return station->common.asked_count > 0 || station->own.asked_count > 0 ||
           station->chain.asked_count > 0 || station->blob != SYNC_NONE;
}

void sync_station_nack_applied(struct sync_station *station, enum err err,
                               const struct sync_nack_body *body, uint64_t now_ms) {
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
    bool fork = body->reason == SYNC_NACK_FORK || body->reason == SYNC_NACK_FROZEN;
    if (station_nack_is_push(station, body)) {
        line->counts.nacks++;
        station->diverged |= fork;
        station->push_ms = line->now_ms + station_nack_wait(station, body->reason);
        /* The pushes behind this one are refused too; feeds go on after the barrier. */
        sync_station_greet(station, 0);
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
static void station_chain_applied(struct sync_station *station) {
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
                                uint64_t now_ms) {
    struct sync_line *line = &station->line;
    bool stale = false;
    sync_line_at(line, now_ms);
    const struct sync_batch *batch = &sync_line_reported(line, SYNC_BATCH, &stale)->batch;
    if (err != ERR_NONE) {
        sync_station_fail(station);
        return;
    }
    station_saw(station, size);
    struct sync_feed_cursor *feed = station_feed(station, batch->feed);
    if (stale && batch->feed == SYNC_FEED_CHAIN) {
        return;
    }
    sync_feed_applied(feed, batch);
    /* A hub that answers pulls and spoils every push must not be dialled ever faster. */
    if (batch->count > 0 || station->answered == station->newest) {
        sync_line_progress(line);
    }
    if (batch->feed == SYNC_FEED_CHAIN) {
        station_chain_applied(station);
    }
    sync_station_check(station);
}

static void station_blob_on_way(struct sync_station *station, enum sync_kind lane,
                                const uint8_t *hash) {
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

void sync_station_blob_sent(struct sync_station *station, const uint8_t *hash, uint64_t now_ms) {
    sync_line_at(&station->line, now_ms);
    station->outbox = hash == NULL ? 0 : station->outbox;
    station_blob_on_way(station, SYNC_BLOB_PUT, hash);
    sync_station_check(station);
}

void sync_station_blob_asked(struct sync_station *station, const uint8_t *hash, uint64_t now_ms) {
    sync_line_at(&station->line, now_ms);
    station->wanted = hash == NULL ? 0 : station->wanted;
    station_blob_on_way(station, SYNC_BLOB_GET, hash);
    sync_station_check(station);
}

void sync_station_blob_done(struct sync_station *station, uint64_t now_ms) {
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
