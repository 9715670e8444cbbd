#include "village-node/inside.h"

#include <string.h>

/* What is to be folded may be the whole past of a station. It goes in steps, each a transaction of
 * its own that takes up a bounded number of events, and what comes next follows from the stored
 * state alone, so that a crash between two steps changes nothing:
 *   1. after all was thrown away, the index of the unanswered events is made anew;
 *   2. the proven facts go on, event by event, the common feed first;
 *   3. if they ended elsewhere than the tail had foreseen, the tail is cleared and judged again.
 * While 1 or 3 is under way the proven facts stand still, and nobody writes: what he would be told
 * could rest on half a tail. Nor does anybody after our past came back until all that the feeds
 * hold is folded, as far as it can be: till then what was answered is in neither. */

/* False: txn tells why. */
static bool forget_folded(struct station *station, struct kv_txn *txn)
{
    struct fold *fold = station->fold;
    struct station_state *state = &station->state;
    struct world *world = NULL;
    struct kv_key prefix;
    enum err err = world_new(station->hub_device, station->hub_public, &world);
    if (err != ERR_NONE) {
        txn->err = txn->err != ERR_NONE ? txn->err : err;
        return false;
    }
    world_free(fold->world);
    fold->world = world;
    fold->log.common_seq = 0;
    fold->seen_size = 0;
    fold->seen_ms = 0;
    kv_key_init(&prefix);
    kv_key_u8(&prefix, fold->log.slot);
    kv_clear(txn, KV_RECORD, kv_key_span(&prefix));
    kv_clear(txn, KV_TENTATIVE, kv_key_span(&prefix));
    kv_clear(txn, KV_INDEX, kv_key_span(&prefix));
    kv_clear(txn, KV_CACHE, span_text("t"));
    kv_clear(txn, KV_CACHE, span_text("u"));
    state->common.folded = 0;
    state->own.folded = 0;
    state->folded_incarnation = 0;
    state->folded = 0;
    state->dirty = true;
    station_tail_start(station, STATION_WORK_INDEX);
    return true;
}

/* One event into the proven facts. Once *commons is not DONE, nothing more of the common feed comes
 * in this step. */
static bool fold_one(struct station *station, struct kv_txn *txn, enum station_turn *commons)
{
    bool stuck = false;
    if (*commons == STATION_TURN_DONE) {
        *commons = station_fold_common(station, txn);
        if (*commons == STATION_TURN_DONE) {
            bool anew = station->anew;
            station->anew = false;
            return !anew || forget_folded(station, txn);
        }
    }
    enum station_turn turn = station_fold_next(station, txn, &stuck);
    if (turn != STATION_TURN_DONE) {
        station->state.stuck =
            stuck || *commons == STATION_TURN_STUCK || turn == STATION_TURN_STUCK;
    }
    return turn == STATION_TURN_DONE;
}

/* Have the feeds come to their end, and with them all that this build can fold? */
static bool has_caught_up(const struct station_state *state)
{
    bool here = state->common.got >= state->common.newest && state->own.got >= state->own.newest;
    return !state->restoring && here &&
           (state->stuck || state->common.folded >= state->common.kept);
}

/* False: nothing is left to do now. */
static bool advance_one(struct station *station, struct kv_txn *txn, enum station_turn *commons)
{
    struct station_state *state = &station->state;
    if (state->work != STATION_WORK_NONE) {
        station_tail_work(station, txn);
        return true;
    }
    if (fold_one(station, txn, commons)) {
        return true;
    }
    if (state->catching && has_caught_up(state)) {
        state->catching = false;
        state->dirty = true;
    }
    if (state->dirty) {
        state->dirty = false;
        station_tail_start(station, STATION_WORK_CLEAR);
        return true;
    }
    return false;
}

void station_advance(struct station *station, struct kv_txn *txn)
{
    enum station_turn commons = STATION_TURN_DONE;
    size_t left = station->step_count;
    while (left > 0 && txn->err == ERR_NONE && advance_one(station, txn, &commons)) {
        left--;
    }
    station->more = left == 0;
}

void station_fold_again(struct station *station, struct kv_txn *txn)
{
    if (forget_folded(station, txn)) {
        station_advance(station, txn);
    }
}

enum err station_step(struct station *station)
{
    struct kv_txn txn;
    kv_begin(station->kv, true, &txn);
    station_advance(station, &txn);
    return station_commit(station, &txn);
}

bool station_is_folding(const struct station *station)
{
    return station->state.dirty || station->state.catching ||
           station->state.work != STATION_WORK_NONE;
}
