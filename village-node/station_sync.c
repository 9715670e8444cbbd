#include "village-node/inside.h"

#include <string.h>

/* Carries out what the session decides. Every frame is finished before the next input: an action
 * that applies one always ends with its report. */

/* How soon to offer the link again what it did not take. */
enum { RETRY_MS = 100 };

struct now {
    uint64_t mono_ms;
    uint64_t wall_ms;
};

/* What the hub did wrong is reported to the session; what the store did ends everything. */
static enum err fatal(enum err err)
{
    return station_is_fatal(err) ? (err == ERR_FULL ? ERR_FULL : ERR_STORE) : ERR_NONE;
}

static enum err carry_welcome(struct station *station, const struct sync_frame *frame,
                              const struct now *now)
{
    enum err err = station_apply_welcome(station, &frame->welcome, now->wall_ms);
    if (!station_is_fatal(err)) {
        bool known = err == ERR_NONE || err == ERR_CONFLICT;
        sync_station_welcomed(&station->session, err, known ? station->welcome.size : 0,
                              now->mono_ms);
    }
    return fatal(err);
}

static enum err carry_answer(struct station *station, const struct sync_frame *frame,
                             const struct now *now)
{
    enum err err = station_apply_answer(station, &frame->answer, now->wall_ms);
    if (!station_is_fatal(err)) {
        station_tell_blobs(station, now->mono_ms);
        sync_station_answer_applied(&station->session, err, station->state.head_size, now->mono_ms);
    }
    return fatal(err);
}

static enum err carry_nack(struct station *station, const struct sync_frame *frame,
                           const struct now *now)
{
    struct sync_nack_body body = {.reason = SYNC_NACK_NONE};
    enum err err = station_apply_nack(station, &frame->nack, &body);
    if (!station_is_fatal(err)) {
        sync_station_nack_applied(&station->session, err, &body, now->mono_ms);
    }
    return fatal(err);
}

/* Perhaps another machine writes in our name, and the hub rests on that. */
static void ask_why_stuck(struct station *station, bool was_stuck, uint64_t mono_ms)
{
    if (station->state.stuck && !was_stuck) {
        sync_station_renew(&station->session, mono_ms);
    }
}

static enum err carry_batch(struct station *station, const struct sync_station_action *action,
                            const struct now *now)
{
    const struct sync_batch *batch = &action->frame->batch;
    bool was_stuck = station->state.stuck;
    enum err err = action->feed == SYNC_FEED_CHAIN
                       ? station_apply_chain(station, batch, action->incarnation)
                       : station_apply_feed(station, batch, now->wall_ms);
    if (!station_is_fatal(err)) {
        station_tell_blobs(station, now->mono_ms);
        sync_station_batch_applied(&station->session, err, station->state.head_size, now->mono_ms);
        ask_why_stuck(station, was_stuck, now->mono_ms);
    }
    return fatal(err);
}

static enum err carry_blob(struct station *station, const struct sync_frame *frame,
                           const struct now *now)
{
    enum err err = frame->kind == SYNC_BLOB ? station_apply_blob(station, &frame->blob)
                                            : station_apply_stored(station, &frame->blob);
    if (!station_is_fatal(err)) {
        station_tell_blobs(station, now->mono_ms);
        sync_station_blob_done(&station->session, now->mono_ms);
    }
    return fatal(err);
}

static enum err carry_sends(struct station *station, const struct sync_station_action *action,
                            const struct now *now)
{
    const uint8_t *hash = NULL;
    enum err err = ERR_NONE;
    if (action->kind == SYNC_ACT_SEND_HELLO) {
        err = station_send_hello(station, action->greeting, now->wall_ms);
    } else if (action->kind == SYNC_ACT_SEND_PUSH) {
        err = station_send_push(station, action);
    } else if (action->kind == SYNC_ACT_SEND_PULL) {
        err = station_send_pull(station, action);
    } else if (action->kind == SYNC_ACT_SEND_BLOB) {
        err = station_send_blob(station, &hash);
        sync_station_blob_sent(&station->session, hash, now->mono_ms);
    } else {
        err = station_send_blob_get(station, &hash);
        sync_station_blob_asked(&station->session, hash, now->mono_ms);
    }
    bool vain = hash == NULL &&
                (action->kind == SYNC_ACT_SEND_BLOB || action->kind == SYNC_ACT_SEND_BLOB_GET);
    if (err == ERR_NONE && vain) {
        station_tell_blobs(station, now->mono_ms); /* that one was nothing: another may wait */
    }
    /* What cannot be said is a store that cannot be read. */
    return err == ERR_NONE || err == ERR_FULL ? err : ERR_STORE;
}

static enum err carry_reopen(struct station *station, const struct sync_station_action *action,
                             const struct now *now)
{
    struct sync_station *session = &station->session;
    const struct station_state *state = &station->state;
    if (!station_has_parted(station)) {
        /* The session has no word for it: it takes the claim back and drops the line. */
        session->diverged = false;
        sync_station_malformed(session, now->mono_ms);
        return station_stay(station);
    }
    enum err err =
        station_open_incarnation(station, action->incarnation, now->mono_ms, now->wall_ms);
    if (err == ERR_NONE) {
        sync_station_appended(session, state->incarnation, state->newest, now->mono_ms);
        /* The leaves fetched back were their own proofs. */
        sync_station_answered(session, state->answered_incarnation, state->answered, now->mono_ms);
    }
    return err;
}

/* Lives and epochs. */
static enum err carry_decision(struct station *station, const struct sync_station_action *action,
                               const struct now *now)
{
    struct sync_station *session = &station->session;
    enum err err = ERR_NONE;
    if (action->kind == SYNC_ACT_RESTORED) {
        err = station_note_restored(station);
    } else if (action->kind == SYNC_ACT_HUB_WENT_BACK) {
        err = station_note_went_back(station);
        if (err == ERR_NONE) {
            /* While it calls this the same log, nothing it signs now can be proven. */
            sync_station_went_back(session, false, now->mono_ms);
        }
    } else if (action->kind == SYNC_ACT_NEW_EPOCH) {
        err = station_open_epoch(station, action->claim);
        if (err == ERR_NONE) {
            struct sync_place kept = {station->state.answered_incarnation, station->state.answered};
            sync_station_epoch_opened(session, kept, 0, 0, now->mono_ms);
        }
    } else {
        err = carry_reopen(station, action, now);
    }
    return err == ERR_NONE || err == ERR_FULL ? err : ERR_STORE;
}

static enum err carry_life(struct station *station, const struct sync_station_action *action,
                           const struct now *now)
{
    struct kv_txn txn;
    uint8_t id[LIMIT_HASH_SIZE];
    kv_begin(station->kv, false, &txn);
    uint64_t end = station_life_end(station, &txn, action->incarnation, id);
    enum err err = txn.err;
    kv_abort(&txn);
    if (err == ERR_NONE) {
        sync_station_life(&station->session, action->incarnation, end, now->mono_ms);
    }
    return err == ERR_NONE ? err : ERR_STORE;
}

static enum err carry(struct station *station, const struct station_port *port,
                      const struct sync_station_action *action, const struct now *now)
{
    switch (action->kind) {
    case SYNC_ACT_SEND_HELLO:
    case SYNC_ACT_SEND_PUSH:
    case SYNC_ACT_SEND_PULL:
    case SYNC_ACT_SEND_BLOB:
    case SYNC_ACT_SEND_BLOB_GET:
        return carry_sends(station, action, now);
    case SYNC_ACT_TELL_LIFE:
        return carry_life(station, action, now);
    case SYNC_ACT_APPLY_WELCOME:
        return carry_welcome(station, action->frame, now);
    case SYNC_ACT_APPLY_ANSWER:
        return carry_answer(station, action->frame, now);
    case SYNC_ACT_APPLY_NACK:
        return carry_nack(station, action->frame, now);
    case SYNC_ACT_APPLY_BATCH:
        return carry_batch(station, action, now);
    case SYNC_ACT_APPLY_STORED:
    case SYNC_ACT_APPLY_BLOB:
        return carry_blob(station, action->frame, now);
    case SYNC_ACT_RESTORED:
    case SYNC_ACT_OPEN_INCARNATION:
    case SYNC_ACT_NEW_EPOCH:
    case SYNC_ACT_HUB_WENT_BACK:
        return carry_decision(station, action, now);
    case SYNC_ACT_RECONNECT:
        buf_clear(&station->out);
        port->reconnect(port->context);
        return ERR_NONE;
    case SYNC_ACT_NONE:
        break;
    }
    return ERR_NONE;
}

/* False: the link takes nothing now. */
static bool flush(struct station *station, const struct station_port *port)
{
    if (station->out.size > 0 && port->send(port->context, buf_span(&station->out))) {
        buf_clear(&station->out);
    }
    return station->out.size == 0;
}

static enum err pump(struct station *station, const struct station_port *port,
                     const struct now *now)
{
    const struct sync_line *line = &station->session.line;
    struct sync_station_action action;
    for (;;) {
        /* While a frame waits for the link, only what needs no sending goes on. */
        bool quiet = line->reconnect || line->apply == SYNC_APPLY_WAITING;
        if (!flush(station, port) && !quiet) {
            return ERR_NONE;
        }
        if (!sync_station_next(&station->session, &action)) {
            return ERR_NONE;
        }
        enum err err = carry(station, port, &action, now);
        if (err != ERR_NONE) {
            station->failed = true;
            return err;
        }
    }
}

void station_connected(struct station *station, const struct station_port *port, uint64_t mono_ms)
{
    (void)port;
    buf_clear(&station->out);
    station_blob_anew(station);
    sync_station_connected(&station->session, mono_ms);
    station_tell_blobs(station, mono_ms);
}

void station_disconnected(struct station *station, uint64_t mono_ms)
{
    buf_clear(&station->out);
    sync_station_disconnected(&station->session, mono_ms);
}

enum err station_frame(struct station *station, const struct station_port *port, struct span frame,
                       uint64_t mono_ms, uint64_t wall_ms)
{
    struct now now = {mono_ms, wall_ms};
    if (station->failed) {
        return ERR_STORE;
    }
    enum err err = wire_frame_decode(frame, &station->frame_arena, &station->frame);
    if (err == ERR_NONE) {
        sync_station_frame(&station->session, &station->frame, mono_ms);
    } else {
        sync_station_malformed(&station->session, mono_ms);
    }
    return pump(station, port, &now);
}

void station_doorbell(struct station *station, struct span payload, uint64_t mono_ms)
{
    uint64_t epoch = 0;
    uint64_t size = 0;
    if (wire_doorbell_decode(payload, &epoch, &size) == ERR_NONE) {
        sync_station_doorbell(&station->session, epoch, size, mono_ms);
    }
}

/* Goes on folding where the last transaction ended. */
static enum err fold_more(struct station *station, uint64_t mono_ms)
{
    bool was_stuck = station->state.stuck;
    enum err err = station_step(station);
    if (err == ERR_NONE) {
        station_tell_blobs(station, mono_ms);
        ask_why_stuck(station, was_stuck, mono_ms);
    }
    return err;
}

enum err station_tick(struct station *station, const struct station_port *port, uint64_t mono_ms,
                      uint64_t wall_ms)
{
    struct now now = {mono_ms, wall_ms};
    enum err err = station->failed ? ERR_STORE : ERR_NONE;
    if (err == ERR_NONE && station->more) {
        err = fold_more(station, mono_ms);
    }
    if (err != ERR_NONE) {
        return err;
    }
    sync_station_tick(&station->session, mono_ms);
    station_blob_tick(station, mono_ms);
    return pump(station, port, &now);
}

uint64_t station_deadline(const struct station *station)
{
    uint64_t session_ms = sync_station_deadline(&station->session);
    uint64_t retry_ms = station->session.line.now_ms + RETRY_MS;
    if (station->more) {
        return station->session.line.now_ms;
    }
    uint64_t blob_ms = station->missing.due_ms;
    uint64_t due_ms = blob_ms < session_ms ? blob_ms : session_ms;
    return station->out.size > 0 && retry_ms < due_ms ? retry_ms : due_ms;
}
