#include "base/log.h"
#include "node/clock.h"
#include "village-node/program.h"

#include <stdlib.h>

/* A PC whose battery is empty starts in some other year. Its events would carry that year, so the
 * clock is compared with what was kept, and a person is asked for the date (hazards.md). */

#define DAY_MS UINT64_C(86400000)
#define GAP_MS (400 * DAY_MS)
#define AGREED_MS 120000

bool clock_is_plausible(const struct clock_view *view)
{
    if (view->now_ms < view->built_ms) {
        return false;
    }
    return view->last_ms == 0 ||
           (view->now_ms >= view->last_ms && view->now_ms - view->last_ms <= GAP_MS);
}

/* Claimed time of the newest kept event. */
static uint64_t last_kept_ms(struct daemon *daemon)
{
    struct station_status status;
    struct station_answer answer;
    struct wire_envelope envelope;
    struct wire_arena arena;
    struct buf bytes;
    uint64_t ms = 0;
    struct wire_event *event = calloc(1, sizeof *event);
    station_status(daemon->station, &status);
    buf_init(&bytes, LIMIT_ENVELOPE_SIZE);
    if (event != NULL && wire_arena_init(&arena, WIRE_EVENT_ARENA) == ERR_NONE) {
        if (station_event(daemon->station, status.incarnation, status.newest, &bytes, &answer) &&
            wire_envelope_decode(buf_span(&bytes), &envelope) == ERR_NONE &&
            wire_event_decode(envelope.body, &arena, event) == ERR_NONE) {
            ms = event->claimed_ms;
        }
        wire_arena_done(&arena);
    }
    buf_done(&bytes);
    free(event);
    return ms;
}

void clock_guard_start(struct daemon *daemon)
{
    if (daemon->clock_looked || daemon->drill) {
        return;
    }
    daemon->clock_looked = true;
    const struct clock_view view = {clock_wall_ms(), (uint64_t)JIELI_BUILD_DAY * DAY_MS,
                                    last_kept_ms(daemon)};
    if (!clock_is_plausible(&view)) {
        daemon->clock_quality = CLOCK_BAD;
        station_set_clock_quality(daemon->station, daemon->clock_quality);
        log_warning("the clock is not plausible: enter the date with `clock`; events are marked");
    }
}

void clock_guard_tick(struct daemon *daemon)
{
    struct station_status status;
    if (daemon->clock_quality == CLOCK_GOOD || !daemon->connected) {
        return;
    }
    station_status(daemon->station, &status);
    if (status.last_contact_ms != 0 && llabs(status.clock_offset_ms) <= AGREED_MS &&
        llabs((int64_t)clock_wall_ms() - (int64_t)status.last_contact_ms) <= AGREED_MS) {
        daemon->clock_quality = CLOCK_GOOD;
        station_set_clock_quality(daemon->station, daemon->clock_quality);
    }
}

const char *clock_quality_name(uint8_t quality)
{
    static const char *const names[] = {"unknown", "good", "asked", "bad"};
    return quality < sizeof names / sizeof *names ? names[quality] : names[0];
}

/* What clock_set_offset_ms was given last: the command line's offset stays beneath. */
static int64_t asked_offset(const struct daemon *daemon, uint64_t wanted_ms)
{
    return daemon->clock_offset_ms + ((int64_t)wanted_ms - (int64_t)clock_wall_ms());
}

void clock_post(struct daemon *daemon, struct http_exchange *exchange,
                const struct http_request *request)
{
    uint8_t staff[LIMIT_ID_SIZE];
    uint64_t wanted_ms = 0;
    struct wire_tree *tree = NULL;
    if (desk_authorize(daemon->desk, exchange, staff) == NULL) {
        return;
    }
    enum err err = wire_tree_open(request->body, &tree);
    if (err == ERR_NONE) {
        err = civil_time_parse(span_text(wire_tree_member(tree, "time")), &wanted_ms);
    }
    wire_tree_close(tree);
    if (err != ERR_NONE) {
        api_refuse(exchange, 400, "bad_request", "请写 2026-10-01 09:30 这样的日期和时间。",
                   "Give date and time as 2026-10-01 09:30.");
        return;
    }
    daemon->clock_offset_ms = asked_offset(daemon, wanted_ms);
    clock_set_offset_ms(daemon->clock_offset_ms);
    daemon->clock_quality = CLOCK_ASKED;
    station_set_clock_quality(daemon->station, daemon->clock_quality);
    api_ok(exchange);
}
