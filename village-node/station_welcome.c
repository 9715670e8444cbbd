#include "village-node/inside.h"

#include <string.h>

/* Parts may follow their event by weeks, and the hub's copy may lack those of an event it has. */
#define PARTS_BACK_MS (UINT64_C(30) * 24 * 60 * 60 * 1000)

/* WELCOME, and what follows when the hub's log is another one than before. */

static enum err check_consistency(struct station *station, const struct sync_welcome *welcome)
{
    const struct station_state *state = &station->state;
    const struct tlog_checkpoint *now = &station->welcome;
    struct station_seen before = {state->head_size, state->head_root};
    /* Of a log with an earlier or later number, or a shorter one, the session knows what to do. */
    if (welcome->epoch != state->epoch || now->size < state->head_size) {
        return ERR_NONE;
    }
    return station_check_growth(station, &before, now, welcome->consistency, welcome->checkpoint);
}

static enum err check_welcome(struct station *station, const struct sync_welcome *welcome)
{
    if (welcome->version != SYNC_VERSION) {
        return ERR_VERSION;
    }
    if (memcmp(welcome->hub, station->hub, LIMIT_ID_SIZE) != 0) {
        return ERR_AUTH;
    }
    enum err err =
        station_note_open(station, welcome->checkpoint, welcome->epoch, &station->welcome);
    return err != ERR_NONE ? err : check_consistency(station, welcome);
}

/* Is the event that the hub holds at its newest place the one we hold there, if we do?
 * ERR_CONFLICT: another. ERR_AUTH: another than it has proven to us in this very log. */
static enum err compare_place(struct station *station, const struct sync_welcome *welcome)
{
    const struct station_state *state = &station->state;
    struct kv_txn txn;
    struct wire_envelope envelope;
    uint8_t id[LIMIT_HASH_SIZE];
    bool newest =
        welcome->incarnation == state->answered_incarnation && welcome->seq == state->answered;
    bool proven =
        newest || welcome->incarnation < state->answered_incarnation ||
        (welcome->incarnation == state->answered_incarnation && welcome->seq < state->answered);
    memcpy(id, state->answered_id, sizeof id);
    if (!newest) {
        kv_begin(station->kv, false, &txn);
        bool here =
            station_envelope_get(station, &txn, welcome->incarnation, welcome->seq, &envelope);
        kv_abort(&txn);
        if (!here) {
            return ERR_NONE;
        }
        seal_body_id(SEAL_EVENT, envelope.body, id);
    }
    if (memcmp(welcome->id, id, sizeof id) == 0) {
        return ERR_NONE;
    }
    return proven && welcome->epoch == state->epoch ? ERR_AUTH : ERR_CONFLICT;
}

/* What a verified WELCOME changes in the store. */
static enum err keep_welcome(struct station *station, const struct sync_welcome *welcome,
                             uint64_t wall_ms)
{
    struct station_state *state = &station->state;
    struct kv_txn txn;
    bool first = state->epoch == 0;
    bool same = welcome->epoch == state->epoch && station->welcome.size >= state->head_size;
    bool lifted = state->alarm == SYNC_NACK_REVOKED || state->alarm == SYNC_NACK_NOT_OUR_HUB;
    bool news = station->welcome.size > state->head_size ||
                state->common.newest != welcome->common || state->own.newest != welcome->own;
    if (!first && !(same && (news || lifted))) {
        return ERR_NONE;
    }
    kv_begin(station->kv, true, &txn);
    state->epoch = welcome->epoch;
    station_head_take(station, &txn, &station->welcome, welcome->checkpoint);
    state->common.newest = welcome->common;
    state->own.newest = welcome->own;
    state->compared = state->compared || state->own.got == welcome->own;
    state->contact_ms = wall_ms;
    state->alarm = lifted ? SYNC_NACK_NONE : state->alarm;
    if (state->catching) {
        station_advance(station, &txn); /* that was the end of the feeds, perhaps */
    }
    return station_commit(station, &txn);
}

enum err station_apply_welcome(struct station *station, const struct sync_welcome *welcome,
                               uint64_t wall_ms)
{
    enum err err = check_welcome(station, welcome);
    if (err != ERR_NONE) {
        return err;
    }
    buf_clear(&station->welcome_note);
    buf_put_span(&station->welcome_note, welcome->checkpoint);
    if (station->welcome_note.err != ERR_NONE) {
        return station->welcome_note.err;
    }
    enum err compared = compare_place(station, welcome);
    err = compared == ERR_AUTH ? compared : keep_welcome(station, welcome, wall_ms);
    if (err != ERR_NONE) {
        return err;
    }
    station->state.contact_ms = wall_ms;
    station->went_back = false;
    station->doubted = false;
    if (welcome->clock_ms <= STATION_MS_MAX && wall_ms <= STATION_MS_MAX) {
        station->clock_offset_ms = (int64_t)welcome->clock_ms - (int64_t)wall_ms;
    }
    return compared;
}

enum err station_note_went_back(struct station *station)
{
    station->went_back = true;
    /* What it says of feeds and chains is not signed; that its log is shorter is. */
    bool shorter = station->welcome.size < station->state.head_size;
    return shorter
               ? station_keep_notes(station, STATION_MISFIT_BACK, buf_span(&station->welcome_note))
               : ERR_NONE;
}

/* Its sealed parts go to the hub again, as far as they are here. */
static void resend_parts(struct station *station, struct kv_txn *txn, uint64_t incarnation,
                         uint64_t seq)
{
    uint8_t id[LIMIT_HASH_SIZE];
    if (!station_event_get(station, txn, incarnation, seq, id)) {
        return;
    }
    for (uint32_t i = 0; i < station->event->sealed_count; i++) {
        const uint8_t *hash = station->event->sealed[i].hash;
        if (kv_has(txn, KV_BLOB, span_of(hash, LIMIT_HASH_SIZE))) {
            station_outbox_put(txn, station->event, hash);
        }
    }
}

void station_parts_again(struct station *station, struct kv_txn *txn, uint64_t former_ms)
{
    struct station_row row;
    struct kv_key key;
    uint64_t incarnation = 0;
    uint64_t seq = 0;
    uint8_t one = 1;
    kv_key_init(&key);
    kv_key_u8(&key, 'P');
    kv_key_u64(&key, station->state.epoch);
    if (kv_has(txn, KV_META, kv_key_span(&key))) {
        return;
    }
    kv_put(txn, KV_META, kv_key_span(&key), span_of(&one, 1));
    station->state.seen_size = 0; /* it was of the former log */
    while (station_next_place(txn, KV_ANSWER, &incarnation, &seq)) {
        if (station_row_get(txn, incarnation, seq, &row) && row.verdict == WIRE_ACCEPTED &&
            row.hub_ms + PARTS_BACK_MS >= former_ms) {
            resend_parts(station, txn, incarnation, seq);
        }
    }
}

/* The hub no longer holds this answered event: it is pushed again, with its sealed parts. */
static void forget_answer(struct station *station, struct kv_txn *txn, uint64_t incarnation,
                          uint64_t seq)
{
    struct kv_key key;
    kv_delete(txn, KV_ANSWER, station_chain_key(&key, incarnation, seq));
    kv_delete(txn, KV_TASK, station_task_key(&key, incarnation, seq));
    resend_parts(station, txn, incarnation, seq);
}

/* First answer that no longer counts: beyond what the hub claims to hold, or given at a place of
 * the former log that the present one does not share (the event may have come back through another
 * machine in our name, and stands elsewhere now). ret_kept: the answer before it. */
static bool first_lost(struct kv_txn *txn, const struct sync_claim *claim,
                       struct sync_place *ret_kept, struct sync_place *ret_lost)
{
    struct sync_place held = {claim->incarnation, claim->seq};
    struct station_row row;
    *ret_kept = (struct sync_place){1, 0};
    *ret_lost = (struct sync_place){0, 0};
    while (station_next_place(txn, KV_ANSWER, &ret_lost->incarnation, &ret_lost->seq)) {
        if (sync_place_before(held, *ret_lost) ||
            !station_row_get(txn, ret_lost->incarnation, ret_lost->seq, &row) ||
            row.index >= claim->shared) {
            return true;
        }
        *ret_kept = *ret_lost;
    }
    return false;
}

/* False: every answer still counts. */
static bool forget_answers(struct station *station, struct kv_txn *txn,
                           const struct sync_claim *claim)
{
    struct station_state *state = &station->state;
    struct sync_place kept;
    struct sync_place lost;
    uint8_t id[LIMIT_HASH_SIZE];
    if (!first_lost(txn, claim, &kept, &lost)) {
        return false;
    }
    do {
        forget_answer(station, txn, lost.incarnation, lost.seq);
    } while (station_next_place(txn, KV_ANSWER, &lost.incarnation, &lost.seq));
    state->answered_incarnation = kept.incarnation;
    state->answered = kept.seq;
    memset(state->answered_id, 0, sizeof state->answered_id);
    if (kept.seq > 0 && station_event_get(station, txn, kept.incarnation, kept.seq, id)) {
        memcpy(state->answered_id, id, sizeof state->answered_id);
    }
    return true;
}

/* The hub opened a new log. Answers and feed leaves beyond what it shares with the former one are
 * void; the feeds are read again from the start and compared, while what is left of them serves. */
enum err station_open_epoch(struct station *station, const struct sync_claim *claim)
{
    struct station_state *state = &station->state;
    struct kv_txn txn;
    kv_begin(station->kv, true, &txn);
    bool lost = forget_answers(station, &txn, claim);
    state->epoch = claim->epoch;
    state->head_size = 0;
    state->split = false;
    station_head_take(station, &txn, &station->welcome, buf_span(&station->welcome_note));
    state->common.got = 0;
    state->common.newest = claim->common;
    state->own.got = 0;
    state->own.newest = claim->own;
    state->compared = claim->own == 0;
    station_truncate_feeds(station, &txn, claim->shared);
    if (lost || state->common.folded > state->common.kept || state->own.folded > state->own.kept) {
        station_fold_again(station, &txn);
    }
    return station_commit(station, &txn);
}
