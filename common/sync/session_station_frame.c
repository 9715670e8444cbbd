#include "base/check.h"
#include "sync/session_station_inner.h"

#include <string.h>

enum station_reply { STATION_EXPECTED, STATION_REPEAT, STATION_BROKEN };

static enum station_reply station_judge_answer(const struct sync_station *station,
                                               const struct sync_answer *answer)
{
    const struct sync_range *oldest = sync_flight_oldest(&station->flight);
    if (answer->count < 1 || answer->count > LIMIT_BATCH_COUNT) {
        return STATION_BROKEN;
    }
    if (answer->incarnation != station->life) {
        return answer->incarnation < station->life ? STATION_REPEAT : STATION_BROKEN;
    }
    if (answer->first_seq > SYNC_NUMBER_MAX) {
        return STATION_BROKEN;
    }
    if (oldest == NULL || answer->first_seq - 1 + answer->count <= station->answered) {
        return STATION_REPEAT;
    }
    /* Pushes that stand together in the log are answered together. What the hub held already may
     * stand in several places: it then answers the first run only. */
    uint64_t last = answer->first_seq - 1 + answer->count;
    bool fits = answer->first_seq == oldest->first && last <= station->sent;
    return fits ? STATION_EXPECTED : STATION_BROKEN;
}

struct sync_feed_cursor *sync_station_feed(struct sync_station *station, enum sync_feed feed)
{
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
                                              const struct sync_batch *batch)
{
    const struct sync_feed_cursor *feed = sync_station_feed(station, batch->feed);
    if (feed == NULL) {
        return STATION_BROKEN;
    }
    if (feed->asked_count == 0) {
        return STATION_REPEAT;
    }
    return sync_feed_fits(feed, batch) ? STATION_EXPECTED : STATION_BROKEN;
}

static enum station_reply station_judge_blob(const struct sync_station *station,
                                             const struct sync_frame *frame)
{
    enum sync_kind lane = frame->kind == SYNC_BLOB ? SYNC_BLOB_GET : SYNC_BLOB_PUT;
    bool awaited = station->blob == lane && !station->blob_told;
    size_t size = frame->kind == SYNC_BLOB ? sizeof station->blob_hash : SYNC_BLOB_NAME_SIZE;
    bool same = memcmp(frame->blob.hash, station->blob_hash, size) == 0;
    return awaited && same ? STATION_EXPECTED : STATION_REPEAT;
}

static enum station_reply station_judge(struct sync_station *station,
                                        const struct sync_frame *frame)
{
    bool greeting = station->line.state == SYNC_LINE_GREETING;
    switch (frame->kind) {
    case SYNC_WELCOME:
        if (!sync_line_answered(&station->line, &frame->welcome)) {
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

bool sync_station_takes_frame(const struct sync_station *station)
{
    return station->line.apply == SYNC_APPLY_IDLE;
}

void sync_station_frame(struct sync_station *station, const struct sync_frame *frame,
                        uint64_t now_ms)
{
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
