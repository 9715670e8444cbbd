#include "base/check.h"
#include "sync/session_auditor_inner.h"

#include <string.h>

void sync_auditor_init(struct sync_auditor *auditor, const struct sync_options *options,
                       const struct sync_auditor_start *start, uint64_t now_ms)
{
    CHECK(start->next <= start->seen_size);
    CHECK(start->epoch > 0 || start->seen_size == 0);
    memset(auditor, 0, sizeof *auditor);
    sync_line_init(&auditor->line, options, start->random, now_ms);
    auditor->epoch = start->epoch;
    auditor->seen_size = start->seen_size;
    auditor->next = start->next;
    auditor->asked = start->next;
    auditor->window = options->batch_count;
    auditor->due_ms = SYNC_NEVER;
    auditor->deadline_ms = SYNC_NEVER;
    auditor->blob_deadline_ms = SYNC_NEVER;
}

void sync_auditor_check(const struct sync_auditor *auditor)
{
    const struct sync_line *line = &auditor->line;
    CHECK(auditor->next <= auditor->asked);
    CHECK(auditor->next <= auditor->seen_size);
    CHECK(auditor->flight.count <= line->options.pulls);
    CHECK(auditor->flight.count == 0 || line->state == SYNC_LINE_READY);
    CHECK(auditor->window >= 1);
    CHECK(auditor->window <= line->options.batch_count);
    CHECK((auditor->deadline_ms == SYNC_NEVER) == (auditor->flight.count == 0));
    CHECK((auditor->blob_deadline_ms == SYNC_NEVER) == !auditor->blob);
    CHECK((line->frame == NULL) == (line->apply == SYNC_APPLY_IDLE));
}

static void auditor_forget(struct sync_auditor *auditor)
{
    sync_flight_clear(&auditor->flight);
    auditor->asked = auditor->next;
    auditor->deadline_ms = SYNC_NEVER;
    auditor->epoch_waits = false;
    auditor->told = false;
    auditor->went_back = false;
    auditor->blob = false;
    auditor->blob_told = false;
    auditor->blob_deadline_ms = SYNC_NEVER;
}

static void auditor_fail(struct sync_auditor *auditor)
{
    auditor_forget(auditor);
    sync_line_error(&auditor->line);
}

void sync_auditor_greet(struct sync_auditor *auditor, uint64_t wait_ms)
{
    auditor_forget(auditor);
    sync_line_greet(&auditor->line, wait_ms);
}

uint64_t sync_auditor_goal(const struct sync_auditor *auditor)
{
    return auditor->heard > auditor->seen_size ? auditor->heard : auditor->seen_size;
}

/* --- Inputs --- */

void sync_auditor_connected(struct sync_auditor *auditor, uint64_t now_ms)
{
    sync_line_at(&auditor->line, now_ms);
    auditor_forget(auditor);
    sync_line_connected(&auditor->line);
    sync_auditor_check(auditor);
}

void sync_auditor_disconnected(struct sync_auditor *auditor, uint64_t now_ms)
{
    sync_line_at(&auditor->line, now_ms);
    auditor_forget(auditor);
    sync_line_disconnected(&auditor->line);
    sync_auditor_check(auditor);
}

void sync_auditor_tick(struct sync_auditor *auditor, uint64_t now_ms)
{
    struct sync_line *line = &auditor->line;
    sync_line_at(line, now_ms);
    bool late = sync_line_expired(line) || line->now_ms >= auditor->deadline_ms ||
                line->now_ms >= auditor->blob_deadline_ms;
    if (line->apply == SYNC_APPLY_IDLE && late) {
        auditor_forget(auditor);
        sync_line_timeout(line);
    }
    sync_auditor_check(auditor);
}

void sync_auditor_malformed(struct sync_auditor *auditor, uint64_t now_ms)
{
    sync_line_at(&auditor->line, now_ms);
    if (auditor->line.state == SYNC_LINE_DOWN) {
        auditor->line.counts.unsolicited++;
    } else {
        auditor_fail(auditor);
    }
    sync_auditor_check(auditor);
}

void sync_auditor_doorbell(struct sync_auditor *auditor, uint64_t epoch, uint64_t size,
                           uint64_t now_ms)
{
    struct sync_line *line = &auditor->line;
    sync_line_at(line, now_ms);
    if (line->state != SYNC_LINE_READY || size > SYNC_NUMBER_MAX) {
        return;
    }
    uint64_t wait_ms = sync_line_jitter(line, 0, line->options.spread_ms);
    if (epoch > auditor->epoch) {
        sync_auditor_greet(auditor, wait_ms);
    } else if (epoch == auditor->epoch && size > sync_auditor_goal(auditor)) {
        bool caught_up = auditor->flight.count == 0 && auditor->next == sync_auditor_goal(auditor);
        uint64_t rest_ms = line->now_ms + wait_ms;
        auditor->rest_ms = caught_up && rest_ms > auditor->rest_ms ? rest_ms : auditor->rest_ms;
        auditor->heard = size;
    }
    sync_auditor_check(auditor);
}

void sync_auditor_blobs(struct sync_auditor *auditor, uint32_t wanted, uint64_t now_ms)
{
    sync_line_at(&auditor->line, now_ms);
    auditor->wanted = wanted;
}

/* --- Frames --- */

enum auditor_reply { AUDITOR_EXPECTED, AUDITOR_REPEAT, AUDITOR_BROKEN, AUDITOR_STALE };

static enum auditor_reply auditor_judge_batch(const struct sync_auditor *auditor,
                                              const struct sync_batch *batch)
{
    const struct sync_range *oldest = sync_flight_oldest(&auditor->flight);
    if (batch->feed != SYNC_FEED_LOG || batch->count > LIMIT_BATCH_COUNT) {
        return AUDITOR_BROKEN;
    }
    if (oldest == NULL) {
        return AUDITOR_REPEAT;
    }
    if (batch->from != oldest->first || batch->count > oldest->count) {
        return AUDITOR_BROKEN;
    }
    if (oldest->stale) {
        return AUDITOR_STALE;
    }
    /* A leaf below a proven size exists: not to send it is to withhold it. */
    bool withheld = batch->count == 0 && batch->from < auditor->seen_size;
    return withheld ? AUDITOR_BROKEN : AUDITOR_EXPECTED;
}

static enum auditor_reply auditor_judge(struct sync_auditor *auditor,
                                        const struct sync_frame *frame)
{
    bool greeting = auditor->line.state == SYNC_LINE_GREETING;
    bool known = false;
    switch (frame->kind) {
    case SYNC_WELCOME:
        if (!sync_line_answered(&auditor->line, &frame->welcome)) {
            return AUDITOR_REPEAT;
        }
        known = sync_line_claim(&auditor->line, &frame->welcome);
        return known ? AUDITOR_EXPECTED : AUDITOR_BROKEN;
    case SYNC_NACK:
        return AUDITOR_EXPECTED;
    case SYNC_BATCH:
        return greeting ? AUDITOR_REPEAT : auditor_judge_batch(auditor, &frame->batch);
    case SYNC_BLOB:
        known = auditor->blob && !auditor->blob_told &&
                memcmp(frame->blob.hash, auditor->blob_hash, sizeof auditor->blob_hash) == 0;
        return known ? AUDITOR_EXPECTED : AUDITOR_REPEAT;
    case SYNC_NONE:
    case SYNC_HELLO:
    case SYNC_PUSH:
    case SYNC_ANSWER:
    case SYNC_PULL:
    case SYNC_BLOB_PUT:
    case SYNC_BLOB_STORED:
    case SYNC_BLOB_GET:
        break;
    }
    return AUDITOR_REPEAT;
}

bool sync_auditor_takes_frame(const struct sync_auditor *auditor)
{
    return auditor->line.apply == SYNC_APPLY_IDLE;
}

/* The oldest range is over; the next one has its full time. */
static void auditor_land(struct sync_auditor *auditor)
{
    const struct sync_line *line = &auditor->line;
    sync_flight_drop(&auditor->flight);
    bool more = auditor->flight.count > 0;
    auditor->deadline_ms = more ? line->now_ms + line->options.pull_ms : SYNC_NEVER;
}

void sync_auditor_frame(struct sync_auditor *auditor, const struct sync_frame *frame,
                        uint64_t now_ms)
{
    struct sync_line *line = &auditor->line;
    CHECK(sync_auditor_takes_frame(auditor));
    sync_line_at(line, now_ms);
    if (line->state == SYNC_LINE_DOWN) {
        line->counts.unsolicited++;
        return;
    }
    if (line->state == SYNC_LINE_RESTING) {
        line->counts.late++;
        return;
    }
    switch (auditor_judge(auditor, frame)) {
    case AUDITOR_EXPECTED:
        sync_line_hold(line, frame);
        break;
    case AUDITOR_REPEAT:
        line->counts.late += line->state == SYNC_LINE_GREETING ? 1 : 0;
        line->counts.unsolicited += line->state == SYNC_LINE_GREETING ? 0 : 1;
        break;
    case AUDITOR_STALE:
        line->counts.late++;
        auditor_land(auditor);
        break;
    case AUDITOR_BROKEN:
        auditor_fail(auditor);
        break;
    }
    sync_auditor_check(auditor);
}

/* --- Reports --- */

static void auditor_ready(struct sync_auditor *auditor)
{
    struct sync_line *line = &auditor->line;
    line->state = SYNC_LINE_READY;
    auditor->epoch = line->claim.epoch;
    auditor->seen_size = line->claim.size;
    auditor->asked = auditor->next;
    auditor->heard = 0;
    auditor->due_ms = line->now_ms;
}

void sync_auditor_welcomed(struct sync_auditor *auditor, enum err err, uint64_t size,
                           uint64_t now_ms)
{
    struct sync_line *line = &auditor->line;
    bool stale = false;
    sync_line_at(line, now_ms);
    (void)sync_line_reported(line, SYNC_WELCOME, &stale);
    if (stale) {
        return;
    }
    if (err != ERR_NONE || size > SYNC_NUMBER_MAX) {
        auditor_fail(auditor);
        return;
    }
    line->deadline_ms = SYNC_NEVER;
    line->claim.size = size;
    line->state = SYNC_LINE_HELD;
    switch (sync_epoch_judge(auditor->epoch, auditor->seen_size, &line->claim)) {
    case SYNC_EPOCH_SAME:
        auditor_ready(auditor);
        break;
    case SYNC_EPOCH_NEW:
        auditor->epoch_waits = true;
        break;
    case SYNC_EPOCH_OLDER:
        auditor->went_back = true;
        break;
    }
    sync_auditor_check(auditor);
}

void sync_auditor_epoch_opened(struct sync_auditor *auditor, uint64_t next, uint64_t now_ms)
{
    sync_line_at(&auditor->line, now_ms);
    if (auditor->epoch_waits) {
        uint64_t size = auditor->line.claim.size;
        auditor->epoch_waits = false;
        auditor->told = false;
        auditor->next = next < size ? next : size;
        auditor_ready(auditor);
    }
    sync_auditor_check(auditor);
}

/* The batch ended early: what was asked behind it will come and not fit. */
static void auditor_shorten(struct sync_auditor *auditor, uint32_t count)
{
    sync_flight_spoil(&auditor->flight);
    auditor->asked = auditor->next;
    if (auditor->next < auditor->seen_size) {
        auditor->window = count; /* so many filled a frame */
    } else {
        auditor->heard = 0; /* the log ends here, whatever was said */
    }
}

void sync_auditor_batch_applied(struct sync_auditor *auditor, enum err err, uint64_t size,
                                uint64_t now_ms)
{
    struct sync_line *line = &auditor->line;
    bool stale = false;
    sync_line_at(line, now_ms);
    const struct sync_batch *batch = &sync_line_reported(line, SYNC_BATCH, &stale)->batch;
    uint64_t end = batch->from + batch->count;
    bool sound = err == ERR_NONE && size <= SYNC_NUMBER_MAX && size >= end;
    /* An empty batch with a checkpoint beyond it withholds what it proves to exist. */
    if (!sound || (batch->count == 0 && size > end)) {
        auditor_fail(auditor);
        return;
    }
    auditor->seen_size = size > auditor->seen_size ? size : auditor->seen_size;
    auditor->next = end > auditor->next ? end : auditor->next;
    auditor->asked = auditor->next > auditor->asked ? auditor->next : auditor->asked;
    sync_line_progress(line);
    if (!stale) {
        bool whole = batch->count == auditor->flight.ranges[0].count;
        uint32_t most = line->options.batch_count;
        auditor_land(auditor);
        if (whole) {
            auditor->window = auditor->window < most / 2 ? auditor->window * 2 : most;
        } else {
            auditor_shorten(auditor, batch->count);
        }
    }
    sync_auditor_check(auditor);
}

void sync_auditor_nack_applied(struct sync_auditor *auditor, enum err err,
                               const struct sync_nack_body *body, uint64_t now_ms)
{
    struct sync_line *line = &auditor->line;
    bool stale = false;
    sync_line_at(line, now_ms);
    (void)sync_line_reported(line, SYNC_NACK, &stale);
    if (stale) {
        return;
    }
    if (err != ERR_NONE) {
        auditor_fail(auditor);
        return;
    }
    bool greeting = line->state == SYNC_LINE_GREETING;
    bool asks = auditor->flight.count > 0 || auditor->blob;
    if (greeting ? body->first_seq != 0 : !asks) {
        line->counts.late += greeting ? 1 : 0;
        line->counts.unsolicited += greeting ? 0 : 1;
        return;
    }
    uint64_t held_ms = line->options.held_ms;
    bool busy = body->reason == SYNC_NACK_BUSY;
    line->counts.nacks++;
    sync_auditor_greet(auditor,
                       busy ? sync_backoff_next(&line->backoff, sync_random_next(&line->random))
                            : sync_line_jitter(line, held_ms / 2, held_ms));
    sync_auditor_check(auditor);
}

void sync_auditor_blob_asked(struct sync_auditor *auditor, const uint8_t *hash, uint64_t now_ms)
{
    sync_line_at(&auditor->line, now_ms);
    auditor->wanted = hash == NULL ? 0 : auditor->wanted;
    if (!auditor->blob_told) {
        return;
    }
    auditor->blob_told = false;
    if (hash != NULL) {
        memcpy(auditor->blob_hash, hash, sizeof auditor->blob_hash);
    } else {
        auditor->blob = false;
        auditor->blob_deadline_ms = SYNC_NEVER;
    }
    sync_auditor_check(auditor);
}

void sync_auditor_blob_done(struct sync_auditor *auditor, uint64_t now_ms)
{
    bool stale = false;
    sync_line_at(&auditor->line, now_ms);
    (void)sync_line_reported(&auditor->line, SYNC_BLOB, &stale);
    if (!stale) {
        auditor->blob = false;
        auditor->blob_deadline_ms = SYNC_NEVER;
    }
    sync_auditor_check(auditor);
}
