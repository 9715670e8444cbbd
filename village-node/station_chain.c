#include "village-node/inside.h"

#include <stdlib.h>
#include <string.h>

/* Our own past fetched back. A store restored from a copy, or a second machine under the same key,
 * is behind the hub: the hub's leaves of our chain bring the events, their verdicts and their
 * proofs at once, so they become answers like all others and the proven facts follow from them and
 * from the own feed. Whatever else this store holds at those places, or beyond them, was never
 * accepted: it becomes evidence, and its authors must write it again. Then the next life begins,
 * whose first event names where the last one ended. */

enum err station_note_restored(struct station *station)
{
    struct kv_txn txn;
    if (station->state.restoring) {
        return ERR_NONE;
    }
    kv_begin(station->kv, true, &txn);
    station->state.restoring = true;
    station->state.catching = true;
    station->state.parted = false;
    station->state.dirty = true;
    station_advance(station, &txn);
    return station_commit(station, &txn);
}

/* One leaf of our chain, looked at. */
struct link {
    struct wire_leaf leaf;
    uint8_t id[LIMIT_HASH_SIZE];
    bool known; /* our store holds this very event */
    bool doubt; /* its author is not known yet */
};

static bool in_chain(const struct station *station, uint64_t incarnation, uint64_t seq,
                     const uint8_t *before)
{
    const struct wire_event *event = station->event;
    return memcmp(event->hub, station->hub, LIMIT_ID_SIZE) == 0 &&
           memcmp(event->device, signer_key_id_view(station->signer), LIMIT_KEY_SIZE) == 0 &&
           event->incarnation == incarnation && event->seq == seq && event->has_prev == (seq > 1) &&
           (seq == 1 || memcmp(event->prev, before, LIMIT_HASH_SIZE) == 0);
}

static enum err check_author(struct station *station, struct link *link)
{
    const uint8_t *key =
        directory_public(world_directory(station->fold->world), station->event->author);
    const struct wire_envelope *envelope = &link->leaf.envelope;
    if (link->known) {
        return ERR_NONE;
    }
    if (key == NULL) {
        link->doubt = link->leaf.verdict == WIRE_ACCEPTED;
        return ERR_NONE;
    }
    return envelope->suite == SEAL_SUITE_ED25519 &&
                   seal_verify(key, SEAL_EVENT, envelope->body, envelope->signature)
               ? ERR_NONE
               : ERR_AUTH;
}

static bool is_known(struct station *station, struct kv_txn *txn, uint64_t incarnation,
                     uint64_t seq, const uint8_t *id)
{
    struct wire_envelope envelope;
    uint8_t ours[LIMIT_HASH_SIZE];
    if (!station_envelope_get(station, txn, incarnation, seq, &envelope)) {
        return false;
    }
    seal_body_id(SEAL_EVENT, envelope.body, ours);
    return memcmp(ours, id, sizeof ours) == 0;
}

/* The leaf that should stand at the place behind all that is answered. */
static enum err check_link(struct station *station, struct kv_txn *txn, struct span bytes,
                           uint64_t seq, struct link *ret)
{
    const struct station_state *state = &station->state;
    uint64_t incarnation = state->answered_incarnation;
    memset(ret, 0, sizeof *ret);
    enum err err = wire_leaf_decode(bytes, &ret->leaf);
    if (err == ERR_NONE && ret->leaf.hub_ms > STATION_MS_MAX) {
        err = ERR_CONFLICT;
    }
    if (err != ERR_NONE) {
        return err;
    }
    if (ret->leaf.is_void) {
        memcpy(ret->id, ret->leaf.void_id, sizeof ret->id);
        ret->known = is_known(station, txn, incarnation, seq, ret->id);
        bool ours =
            memcmp(ret->leaf.void_device, signer_key_id_view(station->signer), LIMIT_KEY_SIZE) == 0;
        return ours && ret->leaf.void_incarnation == incarnation && ret->leaf.void_seq == seq
                   ? ERR_NONE
                   : ERR_CONFLICT;
    }
    seal_body_id(SEAL_EVENT, ret->leaf.envelope.body, ret->id);
    ret->known = is_known(station, txn, incarnation, seq, ret->id);
    err = wire_event_decode(ret->leaf.envelope.body, &station->event_arena, station->event);
    if (err == ERR_NONE && !in_chain(station, incarnation, seq, state->answered_id)) {
        err = ERR_CONFLICT;
    }
    return err != ERR_NONE ? err : check_author(station, ret);
}

/* What of ours stands in the way goes; the hub's copy takes its place. */
static void keep_event(struct station *station, struct kv_txn *txn, uint64_t incarnation,
                       uint64_t seq, const struct link *link)
{
    struct kv_key key;
    const struct station_state *state = &station->state;
    if (link->known) {
        return;
    }
    station->state.parted = true;
    station_displace(station, txn, incarnation, seq);
    if (incarnation < state->incarnation || seq <= state->newest) {
        station_retell(txn); /* it comes to stand before others */
    }
    if (link->leaf.is_void) {
        return;
    }
    buf_clear(&station->envelope);
    enum err err = wire_envelope_encode(&link->leaf.envelope, &station->envelope);
    if (err != ERR_NONE && txn->err == ERR_NONE) {
        txn->err = err;
    }
    kv_put(txn, KV_EVENT, station_chain_key(&key, incarnation, seq), buf_span(&station->envelope));
    station_want_named(txn, station->event);
    if (link->doubt) {
        station_doubt_put(txn, incarnation, seq);
    }
    station->state.dirty = true;
}

static void keep_link(struct station *station, struct kv_txn *txn, uint64_t seq, uint64_t index,
                      const struct link *link)
{
    struct station_state *state = &station->state;
    struct station_row row = {
        .index = index,
        .hub_ms = link->leaf.hub_ms,
        .verdict = link->leaf.verdict,
        .refusal = link->leaf.refusal,
        .void_reason = link->leaf.void_reason,
    };
    keep_event(station, txn, state->answered_incarnation, seq, link);
    station_row_put(txn, state->answered_incarnation, seq, &row);
    station->state.dirty = true; /* what is answered is no longer in the tail while we restore */
    /* The checkpoints that this life's events have seen end with one of its own leaves. */
    fold_seen_put(station->fold, txn, station->state.epoch, index + 1, link->leaf.hub_ms);
    state->answered = seq;
    memcpy(state->answered_id, link->id, sizeof link->id);
    if (state->answered_incarnation == state->incarnation && seq >= state->newest) {
        state->newest = seq;
        memcpy(state->id, link->id, sizeof link->id);
    }
}

/* Own events behind all that is answered, of lives before this one: the hub does not hold them, so
 * they were never accepted anywhere. */
static void end_lives(struct station *station, struct kv_txn *txn, uint64_t incarnation)
{
    uint64_t at = station->state.answered_incarnation;
    uint64_t seq = station->state.answered;
    while (station_next_place(txn, KV_EVENT, &at, &seq) && at < incarnation) {
        station_displace(station, txn, at, seq);
    }
}

/* The hub's next life of ours; it may be one that this store has never seen. */
static void enter_life(struct station *station, struct kv_txn *txn, uint64_t incarnation)
{
    struct station_state *state = &station->state;
    end_lives(station, txn, incarnation);
    if (incarnation > state->incarnation) {
        state->incarnation = incarnation;
        state->newest = 0;
        memset(state->id, 0, sizeof state->id);
    }
    state->answered_incarnation = incarnation;
    state->answered = 0;
    memset(state->answered_id, 0, sizeof state->answered_id);
}

/* Verifies the leaves one after another and keeps each; the caller's abort undoes all. What came
 * before the line broke comes again and is passed over. */
static enum err take_links(struct station *station, struct kv_txn *txn,
                           const struct sync_batch *batch, const struct station_batch *leaves)
{
    struct station_state *state = &station->state;
    struct link link;
    enum err err = ERR_NONE;
    for (uint32_t i = 0; err == ERR_NONE && i < batch->count; i++) {
        uint64_t seq = batch->from + i;
        if (seq <= state->answered) {
            continue;
        }
        err = check_link(station, txn, leaves->leaves[i], seq, &link);
        if (err == ERR_NONE) {
            keep_link(station, txn, seq, batch->indexes[i], &link);
        }
    }
    return err;
}

enum err station_apply_chain(struct station *station, const struct sync_batch *batch,
                             uint64_t incarnation)
{
    struct station_state *state = &station->state;
    struct station_state before = station->state;
    struct station_batch leaves;
    struct kv_txn txn;
    bool next = incarnation > state->answered_incarnation;
    bool past = incarnation < state->answered_incarnation;
    uint64_t most = next ? 1 : state->answered + 1;
    if (!state->restoring || (!past && batch->from > most)) {
        return ERR_CONFLICT;
    }
    enum err err = station_batch_open(station, batch, &leaves);
    if (err != ERR_NONE) {
        return err;
    }
    kv_begin(station->kv, true, &txn);
    if (next && batch->count > 0) {
        enter_life(station, &txn, incarnation);
    }
    if (!past) {
        err = take_links(station, &txn, batch, &leaves);
    }
    if (err != ERR_NONE) {
        station->state = before;
        kv_abort(&txn);
        return err;
    }
    station_head_take(station, &txn, &leaves.checkpoint, batch->checkpoint);
    station_advance(station, &txn);
    return station_commit(station, &txn);
}

static void former_facts(const struct station_state *state, struct values *ret)
{
    values_clear(ret);
    values_set_number(ret, FIELD_former, 0, state->answered_incarnation);
    values_set_number(ret, FIELD_former_seq, 0, state->answered);
    if (state->answered > 0) {
        values_set_bytes(ret, FIELD_former_id, 0,
                         span_of(state->answered_id, sizeof state->answered_id));
    }
    values_set_bytes(ret, FIELD_reason, 0, span_text("restored"));
}

/* The first event of the new life into station->event and station->envelope. */
static enum err write_life(struct station *station, uint64_t mono_ms, uint64_t wall_ms,
                           const struct values *facts, uint8_t *ret_id)
{
    struct author_chain chain;
    struct author_draft *draft = calloc(1, sizeof *draft);
    struct wire_envelope envelope;
    struct buf body;
    if (draft == NULL) {
        return ERR_MEMORY;
    }
    /* It is about the device, so the record is named after it. */
    memcpy(draft->record, signer_key_id_view(station->signer), sizeof draft->record);
    draft->payload = WIRE_LIFE;
    draft->facts = facts;
    draft->claimed_ms = wall_ms;
    draft->mono_ms = mono_ms;
    station_chain_fill(station, &chain);
    author_fill(&chain, draft, chain.device, station->event);
    buf_init(&body, LIMIT_BODY_SIZE + 1);
    enum err err = author_sign(station->event, station->signer, &body, &envelope, ret_id);
    buf_clear(&station->envelope);
    if (err == ERR_NONE) {
        err = wire_envelope_encode(&envelope, &station->envelope);
    }
    /* The next event is decoded into it: nothing of chain may stay behind. */
    station->event->seen_origin = span_of(NULL, 0);
    buf_done(&body);
    free(draft);
    return err;
}

/* Only what it has proven, or signed, parts us from our present life: else a word of the hub could
 * take everything that waits for its answer. */
bool station_has_parted(const struct station *station)
{
    return station->state.parted || station->state.alarm == SYNC_NACK_FORK ||
           station->state.alarm == SYNC_NACK_FROZEN;
}

enum err station_stay(struct station *station)
{
    struct kv_txn txn;
    kv_begin(station->kv, true, &txn);
    station->state.restoring = false;
    station->state.catching = false;
    station->state.dirty = true;
    station_advance(station, &txn);
    return station_commit(station, &txn);
}

enum err station_open_incarnation(struct station *station, uint64_t incarnation, uint64_t mono_ms,
                                  uint64_t wall_ms)
{
    struct station_state *state = &station->state;
    struct fold_verdict verdict = {.verdict = WIRE_ACCEPTED};
    struct kv_key key;
    struct kv_txn txn;
    uint8_t id[LIMIT_HASH_SIZE];
    struct values *facts = malloc(sizeof *facts);
    if (facts == NULL) {
        return ERR_MEMORY;
    }
    kv_begin(station->kv, true, &txn);
    end_lives(station, &txn, UINT64_MAX);
    former_facts(state, facts);
    state->incarnation = incarnation > state->incarnation ? incarnation : state->incarnation + 1;
    state->newest = 0;
    /* The hub has seen this chain show newer checkpoints than this store knows. */
    state->seen_size = 0;
    enum err err = write_life(station, mono_ms, wall_ms, facts, id);
    free(facts);
    if (err != ERR_NONE) {
        station->failed = true;
        kv_abort(&txn);
        return ERR_STORE;
    }
    state->newest = 1;
    memcpy(state->id, id, sizeof state->id);
    state->restoring = false;
    state->parted = false;
    state->restored = true;
    state->alarm = SYNC_NACK_NONE;
    kv_put(&txn, KV_EVENT, station_chain_key(&key, state->incarnation, 1),
           buf_span(&station->envelope));
    station_tail_add(station, &txn, &verdict);
    station->state.dirty = true;
    station_advance(station, &txn);
    return station_commit(station, &txn);
}
