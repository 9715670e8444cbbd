#include "fold/handover.h"
#include "village-node/inside.h"

#include <string.h>

/* Proven facts. What the hub has proven is kept when it is verified and folded when its turn has
 * come, because the line delivers in another order than the log holds:
 *   - the common feed in its order; an edition waits for its text, and what lies behind it waits;
 *   - answers of the own chain in their order, leaves of the own feed in theirs, of both the one
 *     that stands first in the log;
 *   - a leaf of the own feed waits while an unanswered event of ours names a record that it names
 *     too, since our event may stand before it in the log, unless our event was written in the
 *     knowledge of that leaf;
 *   - both wait for what their author knew of the feeds. What one waits for does not hold up the
 *     other: only the holder of a baton moves a record, so no two that pass each other touch the
 *     same one.
 * What does not verify or does not fit, although the hub has proven it, is a broken or lying hub:
 * the fold stands still there (stuck), the rest goes on. */

enum { NAMES_MAX = 64 };

/* Leaf at index into station->leaf, its event into station->event. */
static bool read_leaf(struct station *station, struct kv_txn *txn, uint64_t index,
                      struct wire_leaf *ret_leaf, uint8_t *ret_id)
{
    buf_clear(&station->leaf);
    wire_arena_reset(&station->event_arena);
    if (!log_leaf(&station->fold->log, txn, index, &station->leaf) ||
        wire_leaf_decode(buf_span(&station->leaf), ret_leaf) != ERR_NONE || ret_leaf->is_void ||
        wire_event_decode(ret_leaf->envelope.body, &station->event_arena, station->event) !=
            ERR_NONE) {
        return false;
    }
    seal_body_id(SEAL_EVENT, ret_leaf->envelope.body, ret_id);
    return memcmp(station->event->hub, station->hub, sizeof station->hub) == 0;
}

static bool author_signed(const struct station *station, const struct wire_envelope *envelope)
{
    const struct directory *directory = world_directory(station->fold->world);
    const uint8_t *key = directory_public(directory, station->event->author);
    return key != NULL && envelope->suite == SEAL_SUITE_ED25519 &&
           seal_verify(key, SEAL_EVENT, envelope->body, envelope->signature);
}

static enum station_turn turn_of(const struct kv_txn *txn, enum err err)
{
    return txn->err != ERR_NONE ? STATION_TURN_WAIT
           : err == ERR_NONE    ? STATION_TURN_DONE
                                : STATION_TURN_STUCK;
}

static enum err apply(struct station *station, struct kv_txn *txn, const struct fold_ask *with,
                      uint64_t common_seq)
{
    struct fold_ask ask = *with;
    ask.event = station->event;
    ask.space = FOLD_PROVEN;
    ask.record = station->record;
    enum err err = fold_apply(station->fold, txn, &ask, common_seq);
    if (station_is_fatal(err) && txn->err == ERR_NONE) {
        txn->err = err;
    }
    return err;
}

enum station_turn station_fold_common(struct station *station, struct kv_txn *txn)
{
    const struct station_state *state = &station->state;
    uint64_t seq = state->common.folded + 1;
    struct wire_leaf leaf;
    uint64_t index = 0;
    uint8_t id[LIMIT_HASH_SIZE];
    uint8_t wanted[LIMIT_HASH_SIZE];
    if (state->common.folded >= state->common.kept) {
        return STATION_TURN_WAIT;
    }
    if (!log_feed_index(&station->fold->log, txn, STATION_FEED_COMMON, seq, &index) ||
        !read_leaf(station, txn, index, &leaf, id) || !author_signed(station, &leaf.envelope)) {
        return turn_of(txn, ERR_MALFORMED);
    }
    enum err err = world_ready(station->event, txn, wanted);
    if (err == ERR_NOT_FOUND) {
        station_want(txn, true, wanted);
        return STATION_TURN_WAIT;
    }
    struct fold_ask ask = {.id = id, .leaf_ms = leaf.hub_ms, .leaf_index = index};
    err = err != ERR_NONE ? err : apply(station, txn, &ask, seq);
    if (err == ERR_NONE) {
        log_keep_feed_leaf(&station->fold->log, txn, STATION_FEED_FOLDED, seq, index,
                           buf_span(&station->leaf));
        station->state.common.folded = seq;
        if (station->event->payload == WIRE_EPOCH) {
            /* What was answered since the new log began may have been judged as of the old one. */
            station->anew = station->anew || station->state.folded_incarnation > 0;
            station_parts_again(station, txn,
                                values_number(&station->event->facts, FIELD_former_ms, 0));
        }
        /* Somebody may have been revoked whose events wait for their answers. */
        station->state.dirty = station->state.dirty || !station_tail_is_empty(station);
    }
    return turn_of(txn, err);
}

/* Is a record that the event names still open to unanswered events of ours? Ids of people look
 * alike and are never there. */
static bool named_in_tail(const struct station *station, struct kv_txn *txn)
{
    const struct wire_event *event = station->event;
    if (station_tail_touches(txn, event->record)) {
        return true;
    }
    for (size_t i = 0; i < event->facts.count; i++) {
        const struct value *value = &event->facts.value[i];
        if (value->type == VALUE_BYTES && value->bytes.size == LIMIT_ID_SIZE &&
            station_tail_touches(txn, value->bytes.data)) {
            return true;
        }
    }
    return false;
}

/* Records that a leaf names. */
struct names {
    size_t count;
    uint8_t id[NAMES_MAX][LIMIT_ID_SIZE];
};

/* False: more than there is room for. */
static bool collect_names(const struct wire_event *event, struct names *ret)
{
    ret->count = 0;
    memcpy(ret->id[ret->count++], event->record, LIMIT_ID_SIZE);
    for (size_t i = 0; i < event->facts.count; i++) {
        const struct value *value = &event->facts.value[i];
        if (value->type != VALUE_BYTES || value->bytes.size != LIMIT_ID_SIZE) {
            continue;
        }
        if (ret->count == NAMES_MAX) {
            return false;
        }
        memcpy(ret->id[ret->count++], value->bytes.data, LIMIT_ID_SIZE);
    }
    return true;
}

static bool is_among(const struct names *names, const uint8_t *id)
{
    for (size_t i = 0; i < names->count; i++) {
        if (memcmp(names->id[i], id, LIMIT_ID_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

/* Did its author have this place of the own feed before him? */
static bool knew_own(const struct station *station, uint64_t own_seq)
{
    const struct wire_event *event = station->event;
    return event->applied_epoch == station->state.epoch && event->applied_own >= own_seq;
}

/* May an unanswered event of ours that names a record of the leaf stand before it in the log? Uses
 * station->event. */
static bool may_precede(struct station *station, struct kv_txn *txn, const struct names *names,
                        uint64_t own_seq)
{
    uint64_t incarnation = station->state.answered_incarnation;
    uint64_t seq = station->state.answered;
    uint8_t id[LIMIT_HASH_SIZE];
    while (station_next_place(txn, KV_EVENT, &incarnation, &seq)) {
        if (!station_event_get(station, txn, incarnation, seq, id)) {
            continue;
        }
        if (knew_own(station, own_seq)) {
            return false; /* and so did all who wrote after him */
        }
        if (is_among(names, station->event->record)) {
            return true;
        }
    }
    return false;
}

/* overtaken: an answered event of ours stands behind it in the log, so all before it are known. */
static enum station_turn fold_own(struct station *station, struct kv_txn *txn, uint64_t index,
                                  bool overtaken)
{
    struct station_state *state = &station->state;
    struct wire_leaf leaf;
    struct names names;
    uint8_t id[LIMIT_HASH_SIZE];
    if (!read_leaf(station, txn, index, &leaf, id)) {
        return turn_of(txn, ERR_MALFORMED);
    }
    if (fold_applied_common(station->fold, station->event) > state->common.folded) {
        return STATION_TURN_WAIT;
    }
    if (!overtaken && named_in_tail(station, txn)) {
        bool all = collect_names(station->event, &names);
        if (!all || may_precede(station, txn, &names, state->own.folded + 1) ||
            !read_leaf(station, txn, index, &leaf, id)) {
            return STATION_TURN_WAIT;
        }
    }
    if (memcmp(station->event->device, station->hub_device, LIMIT_KEY_SIZE) != 0 ||
        !author_signed(station, &leaf.envelope)) {
        return STATION_TURN_STUCK;
    }
    uint8_t wanted[LIMIT_HASH_SIZE];
    if (fold_handover_ready(station->event, txn, wanted) == ERR_NOT_FOUND) {
        station_want(txn, true, wanted);
        return STATION_TURN_WAIT;
    }
    struct fold_ask ask = {
        .id = id, .leaf_ms = leaf.hub_ms, .leaf_index = index, .own_seq = leaf.own_seq};
    enum err err = apply(station, txn, &ask, 0);
    if (err == ERR_NONE) {
        state->own.folded++;
        station->state.dirty = station->state.dirty || !station_tail_is_empty(station);
    }
    return turn_of(txn, err);
}

/* Must a leaf of the own feed be folded before this answered event of ours, which knew it? Places
 * that it had of an earlier log's feed mean something only as far as the present log shares them;
 * whether it does is known once the feed was read to its end. */
static bool own_comes_first(const struct station *station, struct kv_txn *txn,
                            const struct wire_event *event)
{
    const struct station_state *state = &station->state;
    struct world_past past;
    uint64_t index = 0;
    if (event->applied_own <= state->own.folded) {
        return false;
    }
    if (event->applied_epoch >= state->epoch ||
        !world_past(station->fold->world, event->applied_epoch, &past)) {
        return true;
    }
    bool kept =
        state->own.folded < state->own.kept &&
        log_feed_index(&station->fold->log, txn, STATION_FEED_OWN, state->own.folded + 1, &index);
    return kept ? index < past.size : !state->compared;
}

static struct span doubt_key(struct kv_key *key, uint64_t incarnation, uint64_t seq)
{
    kv_key_init(key);
    kv_key_u8(key, 'v');
    kv_key_u64(key, incarnation);
    kv_key_u64(key, seq);
    return kv_key_span(key);
}

void station_doubt_put(struct kv_txn *txn, uint64_t incarnation, uint64_t seq)
{
    struct kv_key key;
    uint8_t one = 1;
    kv_put(txn, KV_CACHE, doubt_key(&key, incarnation, seq), span_of(&one, 1));
}

/* An event fetched back before its author was known to us is verified now. */
static bool doubt_holds(struct station *station, struct kv_txn *txn, uint64_t incarnation,
                        uint64_t seq)
{
    struct kv_key key;
    struct wire_envelope envelope;
    return !kv_has(txn, KV_CACHE, doubt_key(&key, incarnation, seq)) ||
           (wire_envelope_decode(buf_span(&station->envelope), &envelope) == ERR_NONE &&
            author_signed(station, &envelope));
}

static enum station_turn fold_answer(struct station *station, struct kv_txn *txn,
                                     uint64_t incarnation, uint64_t seq,
                                     const struct station_row *row)
{
    struct station_state *state = &station->state;
    uint8_t id[LIMIT_HASH_SIZE];
    const struct record *record = NULL;
    enum err err = ERR_NONE;
    if (row->verdict == WIRE_ACCEPTED) {
        if (!station_event_get(station, txn, incarnation, seq, id)) {
            return turn_of(txn, ERR_MALFORMED);
        }
        const struct wire_event *event = station->event;
        if (fold_applied_common(station->fold, event) > state->common.folded ||
            own_comes_first(station, txn, event)) {
            return STATION_TURN_WAIT;
        }
        if (!doubt_holds(station, txn, incarnation, seq)) {
            return STATION_TURN_STUCK;
        }
        struct fold_ask ask = {.id = id, .leaf_ms = row->hub_ms, .leaf_index = row->index};
        err = apply(station, txn, &ask, 0);
        record = fold_machine_of(event->payload) != MACHINE_NONE ? station->record : NULL;
    }
    if (err == ERR_NONE) {
        state->folded_incarnation = incarnation;
        state->folded = seq;
        station_tail_settle(station, txn, incarnation, seq, record);
    }
    return turn_of(txn, err);
}

/* Does an answered event of ours stand behind this index? Then all of ours before it are known. */
static bool is_overtaken(const struct station *station, struct kv_txn *txn, uint64_t index)
{
    const struct station_state *state = &station->state;
    struct station_row row;
    return station_row_get(txn, state->answered_incarnation, state->answered, &row) &&
           row.index > index;
}

enum station_turn station_fold_next(struct station *station, struct kv_txn *txn, bool *stuck)
{
    const struct station_state *state = &station->state;
    struct station_row row = {.verdict = WIRE_VERDICT_NONE};
    uint64_t incarnation = state->folded_incarnation;
    uint64_t seq = state->folded;
    uint64_t index = 0;
    enum station_turn turn = STATION_TURN_WAIT;
    bool answer = station_next_place(txn, KV_ANSWER, &incarnation, &seq) &&
                  station_row_get(txn, incarnation, seq, &row);
    bool own = state->own.folded < state->own.kept;
    if (own && !log_feed_index(&station->fold->log, txn, STATION_FEED_OWN, state->own.folded + 1,
                               &index)) {
        *stuck = txn->err == ERR_NONE;
        own = false;
    }
    if (own && (!answer || index < row.index)) {
        turn = fold_own(station, txn, index, is_overtaken(station, txn, index));
        *stuck = turn == STATION_TURN_STUCK;
    }
    return turn == STATION_TURN_DONE || !answer ? turn
                                                : fold_answer(station, txn, incarnation, seq, &row);
}
