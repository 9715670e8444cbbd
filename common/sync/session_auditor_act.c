#include "sync/session_auditor_inner.h"

static bool auditor_pull(struct sync_auditor *auditor, struct sync_auditor_action *ret)
{
    struct sync_line *line = &auditor->line;
    uint64_t goal = sync_auditor_goal(auditor);
    bool behind = auditor->asked < goal;
    bool poll = auditor->flight.count == 0 && line->now_ms >= auditor->due_ms;
    if (auditor->flight.count >= line->options.pulls || line->now_ms < auditor->rest_ms ||
        (!behind && !poll)) {
        return false;
    }
    uint64_t poll_ms = line->options.poll_ms;
    uint64_t left = goal - auditor->asked;
    uint32_t count = behind && left < auditor->window ? (uint32_t)left : auditor->window;
    ret->kind = SYNC_AUDIT_SEND_PULL;
    ret->from = auditor->asked;
    ret->count = count;
    sync_flight_add(&auditor->flight, auditor->asked, count);
    auditor->asked += count;
    auditor->due_ms = line->now_ms + sync_line_jitter(line, poll_ms, poll_ms + poll_ms / 4);
    if (auditor->deadline_ms == SYNC_NEVER) {
        auditor->deadline_ms = line->now_ms + line->options.pull_ms;
    }
    return true;
}

static bool auditor_blob(struct sync_auditor *auditor, struct sync_auditor_action *ret)
{
    if (auditor->blob || auditor->wanted == 0) {
        return false;
    }
    ret->kind = SYNC_AUDIT_SEND_BLOB_GET;
    auditor->blob = true;
    auditor->blob_told = true;
    auditor->blob_deadline_ms = auditor->line.now_ms + auditor->line.options.blob_ms;
    return true;
}

static bool auditor_decide(struct sync_auditor *auditor, struct sync_auditor_action *ret)
{
    struct sync_line *line = &auditor->line;
    ret->claim = &line->claim;
    if (auditor->went_back) {
        uint64_t held_ms = line->options.held_ms;
        ret->kind = SYNC_AUDIT_HUB_WENT_BACK;
        sync_auditor_greet(auditor, sync_line_jitter(line, held_ms / 2, held_ms));
        return true;
    }
    if (auditor->epoch_waits && !auditor->told) {
        ret->kind = SYNC_AUDIT_NEW_EPOCH;
        auditor->told = true;
        return true;
    }
    return false;
}

static void auditor_give(const struct sync_auditor *auditor, struct sync_auditor_action *ret)
{
    const struct sync_frame *frame = auditor->line.frame;
    ret->frame = frame;
    if (frame->kind == SYNC_BATCH) {
        ret->kind = SYNC_AUDIT_APPLY_BATCH;
        ret->from = frame->batch.from;
        ret->count = frame->batch.count;
    } else if (frame->kind == SYNC_WELCOME) {
        ret->kind = SYNC_AUDIT_APPLY_WELCOME;
    } else {
        bool nack = frame->kind == SYNC_NACK;
        ret->kind = nack ? SYNC_AUDIT_APPLY_NACK : SYNC_AUDIT_APPLY_BLOB;
    }
}

static bool auditor_next(struct sync_auditor *auditor, struct sync_auditor_action *ret)
{
    struct sync_line *line = &auditor->line;
    if (sync_line_reconnect(line)) {
        ret->kind = SYNC_AUDIT_RECONNECT;
        ret->wait_ms = line->wait_ms;
        return true;
    }
    if (sync_line_give(line)) {
        auditor_give(auditor, ret);
        return true;
    }
    if (line->apply != SYNC_APPLY_IDLE) {
        return false;
    }
    if (sync_line_hello(line)) {
        ret->kind = SYNC_AUDIT_SEND_HELLO;
        ret->greeting = line->greeting;
        return true;
    }
    if (line->state == SYNC_LINE_HELD) {
        return auditor_decide(auditor, ret);
    }
    return line->state == SYNC_LINE_READY &&
           (auditor_pull(auditor, ret) || auditor_blob(auditor, ret));
}

bool sync_auditor_next(struct sync_auditor *auditor, struct sync_auditor_action *ret_action)
{
    struct sync_auditor_action action = {.kind = SYNC_AUDIT_NONE};
    bool any = auditor_next(auditor, &action);
    *ret_action = any ? action : (struct sync_auditor_action){.kind = SYNC_AUDIT_NONE};
    sync_auditor_check(auditor);
    return any;
}

uint64_t sync_auditor_deadline(const struct sync_auditor *auditor)
{
    const struct sync_line *line = &auditor->line;
    uint64_t ms = sync_line_deadline(line);
    if (line->apply != SYNC_APPLY_IDLE) {
        return SYNC_NEVER;
    }
    ms = auditor->deadline_ms < ms ? auditor->deadline_ms : ms;
    ms = auditor->blob_deadline_ms < ms ? auditor->blob_deadline_ms : ms;
    if (line->state == SYNC_LINE_READY && auditor->flight.count < line->options.pulls) {
        bool behind = auditor->asked < sync_auditor_goal(auditor);
        uint64_t rest_ms = auditor->rest_ms;
        uint64_t poll_ms = auditor->due_ms > rest_ms ? auditor->due_ms : rest_ms;
        uint64_t want_ms = auditor->flight.count == 0 ? poll_ms : SYNC_NEVER;
        want_ms = behind ? rest_ms : want_ms;
        ms = want_ms < ms ? want_ms : ms;
    }
    return ms;
}

bool sync_auditor_idle(const struct sync_auditor *auditor)
{
    return auditor->line.state == SYNC_LINE_READY && auditor->flight.count == 0 &&
           auditor->line.apply == SYNC_APPLY_IDLE && auditor->next == sync_auditor_goal(auditor);
}
