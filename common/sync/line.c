#include "sync/line.h"

#include "base/check.h"

#include <string.h>

struct sync_options sync_options_default(void)
{
    return (struct sync_options){
        .hello_ms = 60 * 1000,
        .push_ms = 120 * 1000,
        .pull_ms = 120 * 1000,
        .blob_ms = 300 * 1000,
        .poll_ms = 300 * 1000,
        .renew_ms = 3600 * 1000,
        .spread_ms = 2 * 1000,
        .held_ms = 300 * 1000,
        .batch_count = LIMIT_BATCH_COUNT,
        .credit = SYNC_CREDIT_MAX,
        .pulls = 4,
        .idle_ms = 900 * 1000,
        .offences = 16,
    };
}

void sync_line_init(struct sync_line *line, const struct sync_options *options, uint64_t random,
                    uint64_t now_ms)
{
    CHECK(options->batch_count >= 1);
    CHECK(options->batch_count <= LIMIT_BATCH_COUNT);
    CHECK(options->pulls >= 1);
    CHECK(options->pulls <= SYNC_PULLS_MAX);
    memset(line, 0, sizeof *line);
    line->options = *options;
    line->random = random;
    line->now_ms = now_ms;
    line->greet_ms = now_ms;
    line->deadline_ms = SYNC_NEVER;
}

void sync_line_at(struct sync_line *line, uint64_t now_ms)
{
    /* A clock that steps back costs waiting, never order. */
    line->now_ms = now_ms > line->now_ms ? now_ms : line->now_ms;
}

uint64_t sync_line_jitter(struct sync_line *line, uint64_t low_ms, uint64_t high_ms)
{
    return sync_random_between(sync_random_next(&line->random), low_ms, high_ms);
}

/* What the core still works on belongs to the past; what it never saw is forgotten. */
static void line_turn(struct sync_line *line, enum sync_line_state state)
{
    line->state = state;
    line->deadline_ms = SYNC_NEVER;
    if (line->apply == SYNC_APPLY_WAITING) {
        line->apply = SYNC_APPLY_IDLE;
        line->frame = NULL;
    }
    line->stale = line->apply == SYNC_APPLY_GIVEN;
}

void sync_line_connected(struct sync_line *line)
{
    line_turn(line, SYNC_LINE_RESTING);
}

void sync_line_disconnected(struct sync_line *line)
{
    line_turn(line, SYNC_LINE_DOWN);
}

static void line_break(struct sync_line *line)
{
    line->wait_ms = sync_backoff_next(&line->backoff, sync_random_next(&line->random));
    line->greet_ms = line->now_ms + line->wait_ms;
    line->reconnect = true;
    line_turn(line, SYNC_LINE_DOWN);
}

void sync_line_error(struct sync_line *line)
{
    line->counts.errors++;
    line_break(line);
}

void sync_line_timeout(struct sync_line *line)
{
    line->counts.timeouts++;
    line_break(line);
}

void sync_line_greet(struct sync_line *line, uint64_t wait_ms)
{
    if (line->state == SYNC_LINE_DOWN) {
        return;
    }
    uint64_t greet_ms = line->now_ms + wait_ms;
    line->greet_ms = greet_ms > line->greet_ms ? greet_ms : line->greet_ms;
    line_turn(line, SYNC_LINE_RESTING);
}

bool sync_line_hello(struct sync_line *line)
{
    if (line->state != SYNC_LINE_RESTING || line->now_ms < line->greet_ms) {
        return false;
    }
    line_turn(line, SYNC_LINE_GREETING);
    line->deadline_ms = line->now_ms + line->options.hello_ms;
    line->greeting = sync_random_next(&line->random) | 1;
    return true;
}

void sync_line_progress(struct sync_line *line)
{
    sync_backoff_reset(&line->backoff);
}

uint64_t sync_line_deadline(const struct sync_line *line)
{
    switch (line->state) {
    case SYNC_LINE_RESTING:
        return line->greet_ms;
    case SYNC_LINE_GREETING:
        return line->deadline_ms;
    case SYNC_LINE_DOWN:
    case SYNC_LINE_READY:
    case SYNC_LINE_HELD:
        break;
    }
    return SYNC_NEVER;
}

bool sync_line_expired(const struct sync_line *line)
{
    return line->state == SYNC_LINE_GREETING && line->now_ms >= line->deadline_ms;
}

bool sync_line_reconnect(struct sync_line *line)
{
    bool told = line->reconnect;
    line->reconnect = false;
    return told;
}

void sync_line_hold(struct sync_line *line, const struct sync_frame *frame)
{
    CHECK(line->apply == SYNC_APPLY_IDLE);
    line->apply = SYNC_APPLY_WAITING;
    line->frame = frame;
}

bool sync_line_give(struct sync_line *line)
{
    if (line->apply != SYNC_APPLY_WAITING) {
        return false;
    }
    line->apply = SYNC_APPLY_GIVEN;
    line->stale = false;
    return true;
}

const struct sync_frame *sync_line_reported(struct sync_line *line, enum sync_kind kind,
                                            bool *ret_stale)
{
    CHECK(line->apply == SYNC_APPLY_GIVEN);
    CHECK(line->frame->kind == kind);
    const struct sync_frame *frame = line->frame;
    *ret_stale = line->stale;
    line->apply = SYNC_APPLY_IDLE;
    line->frame = NULL;
    line->stale = false;
    return frame;
}

bool sync_line_answered(const struct sync_line *line, const struct sync_welcome *welcome)
{
    return line->state == SYNC_LINE_GREETING && welcome->greeting == line->greeting;
}

bool sync_line_claim(struct sync_line *line, const struct sync_welcome *welcome)
{
    uint64_t all = welcome->epoch | welcome->incarnation | welcome->seq | welcome->common |
                   welcome->own | welcome->shared;
    bool known = welcome->version >= 1 && welcome->version <= SYNC_VERSION;
    if (!known || welcome->epoch == 0 || all > SYNC_NUMBER_MAX) {
        return false;
    }
    line->claim = (struct sync_claim){
        .epoch = welcome->epoch,
        .incarnation = welcome->incarnation,
        .seq = welcome->seq,
        .common = welcome->common,
        .own = welcome->own,
        .shared = welcome->shared,
        .credit = welcome->credit,
    };
    memcpy(line->claim.id, welcome->id, sizeof line->claim.id);
    return true;
}
