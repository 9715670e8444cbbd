#include "district-auditor/inside.h"
#include "seal/hash.h"
#include "store/keys.h"

#include <string.h>

/* One leaf after another, in the log's order: what the hub should have done, done again. */

enum { BACK_DATED_MS = 10 * 60 * 1000, CLOCK_BAD = 3 };

struct step {
    struct auditor *auditor;
    struct kv_txn *txn;
    uint64_t index;
    struct wire_leaf leaf;
    const struct ahead_leaf *ahead;
    struct log_place place;
    bool decoded; /* auditor->event holds the event */
};

static void find(struct step *step, enum auditor_finding finding, uint32_t expected, uint32_t found)
{
    uint32_t pair[2] = {expected, found};
    auditor_find(step->auditor, step->txn, finding, step->index, pair);
}

static struct span chain_key(struct kv_key *key, const struct step *step, const uint8_t *device,
                             uint8_t kind)
{
    kv_key_init(key);
    kv_key_u8(key, kind);
    kv_key_u8(key, step->auditor->slot);
    kv_key_bytes(key, span_of(device, LIMIT_KEY_SIZE));
    return kv_key_span(key);
}

/* A station's new life begins by naming where its last one ended in this log. */
static bool joins(const struct step *step, uint64_t incarnation, uint64_t seq, const uint8_t *id)
{
    const struct wire_event *event = step->auditor->event;
    const struct values *facts = &event->facts;
    bool first = incarnation == 0 || step->place.incarnation == incarnation;
    return first || directory_is_hub(world_directory(step->auditor->fold->world), event->device) ||
           (event->payload == WIRE_LIFE && values_number(facts, FIELD_former, 0) == incarnation &&
            values_number(facts, FIELD_former_seq, 0) == seq &&
            span_equal(values_bytes(facts, FIELD_former_id, 0), span_of(id, LIMIT_HASH_SIZE)));
}

/* Each device's chain without gap or repeat; a new incarnation begins at 1. */
static void check_chain(struct step *step)
{
    struct kv_key key;
    struct buf value;
    struct reader reader;
    uint64_t incarnation = 0;
    uint64_t seq = 0;
    uint8_t id[LIMIT_HASH_SIZE] = {0};
    const struct log_place *place = &step->place;
    const struct wire_event *event = step->auditor->event;
    buf_init(&value, 64);
    if (kv_get(step->txn, KV_CACHE, chain_key(&key, step, place->device, 'C'), &value)) {
        reader_init(&reader, buf_span(&value));
        incarnation = reader_u64(&reader);
        seq = reader_u64(&reader);
        reader_copy(&reader, id, sizeof id);
    }
    bool next = place->incarnation == incarnation
                    ? place->seq == seq + 1
                    : place->incarnation > incarnation && place->seq == 1;
    bool linked = !step->decoded || (place->seq == 1 && joins(step, incarnation, seq, id)) ||
                  (event->has_prev && memcmp(event->prev, id, sizeof id) == 0);
    if (!next || !linked) {
        find(step, FINDING_CHAIN, (uint32_t)(seq + 1), (uint32_t)place->seq);
    }
    buf_clear(&value);
    buf_put_u64(&value, place->incarnation);
    buf_put_u64(&value, place->seq);
    buf_put(&value, place->id, sizeof place->id);
    kv_put(step->txn, KV_CACHE, chain_key(&key, step, place->device, 'C'), buf_span(&value));
    buf_done(&value);
}

/* The next place in a station's own feed, counted by the replay itself. */
static uint64_t next_own(struct step *step, bool take)
{
    struct kv_key key;
    struct buf value;
    uint8_t bytes[8];
    uint64_t seq = 0;
    struct span name = chain_key(&key, step, step->leaf.feed_device, 'F');
    buf_init(&value, 16);
    if (kv_get(step->txn, KV_CACHE, name, &value) && value.size == 8) {
        seq = get_u64(value.data);
    }
    buf_done(&value);
    if (take) {
        put_u64(bytes, seq + 1);
        kv_put(step->txn, KV_CACHE, name, span_of(bytes, sizeof bytes));
    }
    return seq + 1;
}

static void check_feeds(struct step *step, const struct fold_verdict *verdict)
{
    const struct wire_leaf *leaf = &step->leaf;
    uint64_t common = verdict->common ? step->auditor->state.common + 1 : 0;
    bool own_fits =
        verdict->own == (leaf->own_seq != 0) &&
        (!verdict->own || memcmp(verdict->feed_device, leaf->feed_device, LIMIT_KEY_SIZE) == 0);
    if (leaf->common_seq != common || !own_fits) {
        find(step, FINDING_FEED, (uint32_t)common, (uint32_t)leaf->common_seq);
    } else if (leaf->own_seq != 0 && leaf->own_seq != next_own(step, false)) {
        find(step, FINDING_FEED, (uint32_t)next_own(step, false), (uint32_t)leaf->own_seq);
    }
    if (leaf->own_seq != 0) {
        (void)next_own(step, true);
    }
}

static bool signature_holds(const struct step *step, const struct wire_event *event)
{
    const uint8_t *key =
        directory_public(world_directory(step->auditor->fold->world), event->author);
    if (key != NULL && step->ahead->checked &&
        memcmp(key, step->ahead->public_key, LIMIT_KEY_SIZE) == 0) {
        return step->ahead->signature;
    }
    /* The author became known since. */
    return key != NULL && step->leaf.envelope.suite == SEAL_SUITE_ED25519 &&
           seal_verify(key, SEAL_EVENT, step->leaf.envelope.body, step->leaf.envelope.signature);
}

/* Keeps what an accepted event did, by the log's word even where we disagree: later leaves rest
 * on it. */
static enum err keep(struct step *step, struct fold_ask *ask, const struct fold_verdict *verdict)
{
    struct auditor *auditor = step->auditor;
    enum err err = ERR_NONE;
    if (step->leaf.verdict != WIRE_ACCEPTED) {
        return ERR_NONE;
    }
    if (verdict->verdict == WIRE_ACCEPTED && verdict->has_record) {
        fold_record_put(auditor->fold, step->txn, FOLD_PROVEN, ask->record);
    } else {
        uint64_t common = step->leaf.common_seq;
        bool in_turn = common == auditor->state.common + 1;
        (void)pthread_rwlock_wrlock(&auditor->directory_lock);
        err = fold_apply(auditor->fold, step->txn, ask, in_turn ? common : 0);
        (void)pthread_rwlock_unlock(&auditor->directory_lock);
        err = err == ERR_STATE || err == ERR_NOT_FOUND ? ERR_NONE : err;
        auditor->state.common += in_turn ? 1 : 0;
    }
    return err;
}

/* E3 and E9: the event shows a checkpoint that is not one of this log, or was written, it says,
 * long before the checkpoint it had seen. */
static void check_seen(struct step *step)
{
    struct auditor *auditor = step->auditor;
    const struct wire_event *event = auditor->event;
    char origin[TLOG_ORIGIN_SIZE];
    auditor_origin(auditor, auditor->state.epoch, origin);
    if (!event->has_seen || !span_equal(event->seen_origin, span_text(origin))) {
        return;
    }
    if (event->seen_size != auditor->root_size && event->seen_size <= step->index) {
        struct log_tiles context = {&auditor->fold->log, step->txn};
        struct tlog_tiles tiles = log_tiles(&context);
        bool known = tlog_root(&tiles, event->seen_size, &auditor->root) == ERR_NONE;
        auditor->root_size = known ? event->seen_size : 0;
    }
    if (event->seen_size != auditor->root_size ||
        memcmp(auditor->root.bytes, event->seen_root, LIMIT_HASH_SIZE) != 0) {
        find(step, FINDING_SEEN, (uint32_t)step->index, (uint32_t)event->seen_size);
        return;
    }
    uint64_t seen_ms = fold_seen_ms(auditor->fold, step->txn, event);
    if (event->claimed_ms + BACK_DATED_MS < seen_ms && event->clock != CLOCK_BAD) {
        find(step, FINDING_BACK_DATED, (uint32_t)(seen_ms / 1000),
             (uint32_t)(event->claimed_ms / 1000));
    }
}

/* Each kind once an event. */
static void count_unseen(struct auditor *auditor)
{
    const struct wire_event *event = auditor->event;
    bool asked[UNSEEN_COUNT] = {false};
    for (size_t i = 0; i < event->sealed_count; i++) {
        uint32_t label = event->sealed[i].label; /* SealedLabel, counted from 1 */
        if (label >= 1 && label <= UNSEEN_ATTACHMENT + 1) {
            asked[label - 1] = true;
        }
    }
    asked[UNSEEN_CLOCK] = event->back_entry || values_has(&event->facts, FIELD_received_ms) ||
                          values_has(&event->facts, FIELD_agreed_day);
    for (size_t i = 0; i < UNSEEN_COUNT; i++) {
        auditor->state.unseen[i] += asked[i] ? 1 : 0;
    }
}

static enum err judge(struct step *step)
{
    struct auditor *auditor = step->auditor;
    struct fold_verdict verdict;
    struct fold_ask ask = {.event = auditor->event,
                           .id = step->place.id,
                           .leaf_ms = step->leaf.hub_ms,
                           .leaf_index = step->index,
                           .own_seq = step->leaf.own_seq,
                           .space = FOLD_PROVEN,
                           .record = auditor->record};
    if (!signature_holds(step, auditor->event)) {
        find(step, FINDING_SIGNATURE, 0, step->leaf.verdict);
    }
    enum err err = fold_judge(auditor->fold, step->txn, &ask, &verdict);
    if (err == ERR_STATE) {
        verdict =
            (struct fold_verdict){.verdict = WIRE_REFUSED, .refusal = REFUSAL_EDITION_MISSING};
    } else if (err != ERR_NONE) {
        return err;
    }
    if (verdict.verdict != step->leaf.verdict || verdict.refusal != step->leaf.refusal) {
        find(step, FINDING_VERDICT, (uint32_t)verdict.verdict << 16 | verdict.refusal,
             (uint32_t)step->leaf.verdict << 16 | step->leaf.refusal);
    }
    check_feeds(step, &verdict);
    check_seen(step);
    count_unseen(auditor);
    return keep(step, &ask, &verdict);
}

static void count(struct step *step)
{
    struct auditor_state *state = &step->auditor->state;
    switch ((enum wire_verdict)step->leaf.verdict) {
    case WIRE_ACCEPTED:
        state->accepted++;
        break;
    case WIRE_REFUSED:
        state->refused++;
        break;
    case WIRE_QUARANTINED:
        state->quarantined++;
        break;
    case WIRE_VOID:
    case WIRE_VERDICT_NONE:
        state->void_count++;
        break;
    }
    if (step->leaf.hub_ms < state->last_ms) {
        find(step, FINDING_TIME, 0, 0);
    }
    state->last_ms = step->leaf.hub_ms;
}

/* Reads the leaf into step. ERR_NOT_FOUND: it names a blob that is not here yet. */
static enum err read_leaf(struct step *step)
{
    struct auditor *auditor = step->auditor;
    enum err err = ahead_get(auditor->ahead, auditor->fold, step->txn, step->index, &step->ahead);
    if (err != ERR_NONE) {
        return err;
    }
    if (!step->ahead->readable) {
        return ERR_MALFORMED;
    }
    step->leaf = step->ahead->leaf;
    if (step->leaf.is_void) {
        memcpy(step->place.device, step->leaf.void_device, LIMIT_KEY_SIZE);
        step->place.incarnation = step->leaf.void_incarnation;
        step->place.seq = step->leaf.void_seq;
        memcpy(step->place.id, step->leaf.void_id, LIMIT_HASH_SIZE);
        return ERR_NONE;
    }
    if (!step->ahead->decoded ||
        wire_event_read(step->leaf.envelope.body, auditor->event) != ERR_NONE) {
        return ERR_MALFORMED;
    }
    step->decoded = true;
    memcpy(step->place.device, auditor->event->device, LIMIT_KEY_SIZE);
    step->place.incarnation = auditor->event->incarnation;
    step->place.seq = auditor->event->seq;
    memcpy(step->place.id, step->ahead->id, LIMIT_HASH_SIZE);
    return step->leaf.verdict == WIRE_ACCEPTED
               ? world_ready(auditor->event, step->txn, auditor->wanted)
               : ERR_NONE;
}

static enum err replay_one(struct auditor *auditor, struct kv_txn *txn, uint64_t index)
{
    struct step step = {.auditor = auditor, .txn = txn, .index = index};
    enum err err = read_leaf(&step);
    if (err == ERR_MALFORMED) {
        find(&step, FINDING_LEAF, 0, 0);
        err = ERR_NONE;
    } else if (err == ERR_NONE) {
        check_chain(&step);
        err = step.decoded ? judge(&step) : ERR_NONE;
        count(&step);
    }
    if (err == ERR_NONE) {
        auditor->state.replayed = index + 1;
    }
    return err;
}

enum err auditor_replay(struct auditor *auditor, uint64_t max, uint64_t *ret_done)
{
    struct kv_txn txn;
    enum err err = ERR_NONE;
    *ret_done = 0;
    if (auditor->state.replayed >= auditor->fold->log.size || max == 0) {
        return ERR_NONE;
    }
    auditor->wants = false;
    kv_begin(auditor->kv, true, &txn);
    while (err == ERR_NONE && txn.err == ERR_NONE && *ret_done < max &&
           auditor->state.replayed < auditor->fold->log.size) {
        err = replay_one(auditor, &txn, auditor->state.replayed);
        *ret_done += err == ERR_NONE ? 1 : 0;
    }
    if (err == ERR_NOT_FOUND) {
        auditor->wants = true;
        err = ERR_NONE;
    }
    auditor_state_put(auditor, &txn);
    if (err == ERR_NONE) {
        err = kv_commit(&txn);
    }
    kv_abort(&txn);
    if (err != ERR_NONE) {
        enum err again = auditor_reload(auditor);
        return again != ERR_NONE ? again : err;
    }
    return ERR_NONE;
}
