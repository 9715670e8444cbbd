#include "sync/cursor.h"

#include "base/check.h"

#include <string.h>

enum sync_epoch sync_epoch_judge(uint64_t epoch, uint64_t size, const struct sync_claim *claim)
{
    if (epoch == 0) {
        return SYNC_EPOCH_SAME;
    }
    if (claim->epoch > epoch) {
        return SYNC_EPOCH_NEW;
    }
    if (claim->epoch < epoch || claim->size < size) {
        return SYNC_EPOCH_OLDER;
    }
    return SYNC_EPOCH_SAME;
}

bool sync_place_before(struct sync_place a, struct sync_place b)
{
    return a.incarnation < b.incarnation || (a.incarnation == b.incarnation && a.seq < b.seq);
}

void sync_flight_clear(struct sync_flight *flight)
{
    memset(flight, 0, sizeof *flight);
}

void sync_flight_add(struct sync_flight *flight, uint64_t first, uint32_t count)
{
    CHECK(flight->count < SYNC_CREDIT_MAX);
    CHECK(count >= 1);
    flight->ranges[flight->count++] = (struct sync_range){.first = first, .count = count};
}

const struct sync_range *sync_flight_oldest(const struct sync_flight *flight)
{
    return flight->count > 0 ? &flight->ranges[0] : NULL;
}

void sync_flight_take(struct sync_flight *flight, uint32_t count)
{
    CHECK(flight->count > 0);
    struct sync_range *oldest = &flight->ranges[0];
    CHECK(count >= 1);
    CHECK(count <= oldest->count);
    oldest->first += count;
    oldest->count -= count;
    if (oldest->count == 0) {
        sync_flight_drop(flight);
    }
}

void sync_flight_drop(struct sync_flight *flight)
{
    CHECK(flight->count > 0);
    flight->count--;
    memmove(&flight->ranges[0], &flight->ranges[1], flight->count * sizeof flight->ranges[0]);
}

void sync_flight_spoil(struct sync_flight *flight)
{
    for (uint32_t i = 0; i < flight->count; i++) {
        flight->ranges[i].stale = true;
    }
}

void sync_feed_init(struct sync_feed_cursor *feed, uint64_t applied)
{
    *feed = (struct sync_feed_cursor){
        .applied = applied,
        .newest = applied,
        .due_ms = SYNC_NEVER,
        .deadline_ms = SYNC_NEVER,
    };
}

void sync_feed_reset(struct sync_feed_cursor *feed)
{
    feed->asked_from = 0;
    feed->asked_count = 0;
    feed->deadline_ms = SYNC_NEVER;
}

bool sync_feed_wants_pull(const struct sync_feed_cursor *feed, uint64_t now_ms)
{
    return feed->asked_count == 0 && (feed->newest > feed->applied || now_ms >= feed->due_ms);
}

void sync_feed_asked(struct sync_feed_cursor *feed, uint32_t count, uint64_t deadline_ms)
{
    CHECK(count >= 1);
    CHECK(feed->asked_count == 0);
    feed->asked_from = feed->applied + 1;
    feed->asked_count = count;
    feed->deadline_ms = deadline_ms;
}

bool sync_feed_fits(const struct sync_feed_cursor *feed, const struct sync_batch *batch)
{
    if (feed->asked_count == 0 || batch->from != feed->asked_from) {
        return false;
    }
    if (batch->count > feed->asked_count || batch->newest > SYNC_NUMBER_MAX) {
        return false;
    }
    uint64_t last = batch->from - 1 + batch->count;
    if (batch->count > 0) {
        return batch->newest >= last;
    }
    /* Nothing may mean only that there is nothing; of our own chain the hub may hold less than we
     * do, if it went back and the present life began since. */
    return batch->feed == SYNC_FEED_CHAIN ? batch->newest <= last : batch->newest == last;
}

void sync_feed_applied(struct sync_feed_cursor *feed, const struct sync_batch *batch)
{
    uint64_t last = batch->from - 1 + batch->count;
    feed->applied = last > feed->applied ? last : feed->applied;
    feed->newest = batch->newest;
    sync_feed_reset(feed);
}
