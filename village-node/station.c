#include "village-node/inside.h"

#include <stdlib.h>
#include <string.h>

/* "/" and the digits of an epoch behind the prefix. */
enum { EPOCH_ROOM = 22 };

static enum err open_memory(struct station *station)
{
    station->event = calloc(1, sizeof *station->event);
    station->record = calloc(1, sizeof *station->record);
    station->reply = calloc(1, sizeof *station->reply);
    if (station->event == NULL || station->record == NULL || station->reply == NULL) {
        return ERR_MEMORY;
    }
    enum err err = wire_arena_init(&station->frame_arena, WIRE_FRAME_ARENA);
    if (err == ERR_NONE) {
        err = wire_arena_init(&station->batch_arena, (size_t)LIMIT_BATCH_SIZE * 2);
    }
    return err != ERR_NONE ? err : wire_arena_init(&station->event_arena, WIRE_EVENT_ARENA);
}

/* What waited for a newer build may go on now; and a crash between a new epoch and its first leaf
 * can leave the world as folded ahead of the state. */
static bool fold_waits(const struct station *station, struct kv_txn *txn)
{
    const struct station_state *state = &station->state;
    uint64_t incarnation = state->folded_incarnation;
    uint64_t seq = state->folded;
    return state->common.folded != station->fold->log.common_seq || station_is_folding(station) ||
           state->common.kept > state->common.folded || state->own.kept > state->own.folded ||
           station_next_place(txn, KV_ANSWER, &incarnation, &seq);
}

static enum err catch_up(struct station *station)
{
    struct kv_txn txn;
    kv_begin(station->kv, false, &txn);
    bool waits = fold_waits(station, &txn);
    enum err err = txn.err;
    kv_abort(&txn);
    if (err != ERR_NONE || !waits) {
        return err;
    }
    kv_begin(station->kv, true, &txn);
    if (station->state.common.folded != station->fold->log.common_seq) {
        station_fold_again(station, &txn);
    } else {
        station_advance(station, &txn);
    }
    return station_commit(station, &txn);
}

static void open_session(struct station *station, const struct station_options *options,
                         uint64_t now_ms)
{
    const struct station_state *state = &station->state;
    struct sync_options defaults = sync_options_default();
    struct sync_station_start start = {
        .incarnation = state->incarnation,
        .newest = state->newest,
        .answered_incarnation = state->answered_incarnation,
        .answered = state->answered,
        .epoch = state->epoch,
        .seen_size = state->head_size,
        .common = state->common.got,
        .own = state->own.got,
        .restoring = state->restoring,
        .random = options->random,
    };
    sync_station_init(&station->session, options->sync != NULL ? options->sync : &defaults, &start,
                      now_ms);
}

static enum err load(struct station *station)
{
    struct fold_options fold = {
        .slot = 0,
        .hub = station->hub,
        .hub_device = station->hub_device,
        .hub_public = station->hub_public,
    };
    fold_close(station->fold);
    station->fold = NULL;
    enum err err = station_state_load(station);
    return err != ERR_NONE ? err : fold_open(station->kv, &fold, &station->fold);
}

static enum err open_parts(struct station *station, const struct station_options *options)
{
    size_t prefix_size = strlen(options->origin_prefix);
    if (prefix_size + EPOCH_ROOM >= TLOG_ORIGIN_SIZE) {
        return ERR_LIMIT;
    }
    memcpy(station->origin_prefix, options->origin_prefix, prefix_size);
    enum err err = open_memory(station);
    if (err == ERR_NONE) {
        err = load(station);
    }
    if (err == ERR_NONE) {
        err = catch_up(station);
    }
    if (err != ERR_FULL) {
        return err;
    }
    /* Nothing was written: the facts stand where they stood, and can be read. */
    station->failed = false;
    station->behind = true;
    station->more = false;
    return load(station);
}

enum err station_open(const struct station_options *options, uint64_t now_ms,
                      struct station **ret_station)
{
    struct station *station = calloc(1, sizeof *station);
    if (station == NULL) {
        return ERR_MEMORY;
    }
    buf_init(&station->envelope, LIMIT_ENVELOPE_SIZE);
    buf_init(&station->leaf, LIMIT_LEAF_SIZE);
    buf_init(&station->out, LIMIT_FRAME_SIZE);
    buf_init(&station->welcome_note, LIMIT_NOTE_SIZE);
    station->kv = options->kv;
    memcpy(station->hub, options->hub, sizeof station->hub);
    memcpy(station->hub_device, options->hub_device, sizeof station->hub_device);
    memcpy(station->hub_public, options->hub_public, sizeof station->hub_public);
    memcpy(station->boot, options->boot, sizeof station->boot);
    station->signer = options->signer;
    station->random = options->random;
    station->step_count = options->step_count != 0 ? options->step_count : STATION_STEP;
    station_blob_anew(station);
    enum err err = open_parts(station, options);
    if (err != ERR_NONE) {
        station_close(station);
        return err;
    }
    open_session(station, options, now_ms);
    station_tell_blobs(station, now_ms);
    *ret_station = station;
    return ERR_NONE;
}

void station_close(struct station *station)
{
    if (station == NULL) {
        return;
    }
    fold_close(station->fold);
    wire_arena_done(&station->frame_arena);
    wire_arena_done(&station->batch_arena);
    wire_arena_done(&station->event_arena);
    buf_done(&station->envelope);
    buf_done(&station->leaf);
    buf_done(&station->out);
    buf_done(&station->welcome_note);
    free(station->event);
    free(station->record);
    free(station->reply);
    free(station);
}

struct fold *station_fold(struct station *station)
{
    return station->fold;
}

const struct sync_station *station_session_view(const struct station *station)
{
    return &station->session;
}

void station_set_clock_quality(struct station *station, uint8_t quality)
{
    station->clock_quality = quality;
}

enum err station_settle(struct station *station)
{
    enum err err = station->failed ? ERR_STORE : ERR_NONE;
    while (err == ERR_NONE && station->more) {
        err = station_step(station);
    }
    return err;
}

enum err station_rebuild(struct station *station)
{
    struct kv_txn txn;
    if (station->failed) {
        return ERR_STORE;
    }
    kv_begin(station->kv, true, &txn);
    station_fold_again(station, &txn);
    enum err err = station_commit(station, &txn);
    return err != ERR_NONE ? err : station_settle(station);
}
