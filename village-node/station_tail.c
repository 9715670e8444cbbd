#include "seal/hash.h"
#include "village-node/inside.h"

#include <string.h>

/* The tentative tail: own events that are not yet in the proven facts. KV_CACHE keeps
 *   'u' record                -> newest tail event that names it, newest that changed it
 *   't' incarnation, seq      -> record, hash of its facts after this event (zeros: no effect)
 * so that an answer which confirms what was foreseen costs no second judging: the facts that the
 * proven fold arrives at have the hash that the tail has foreseen. */

enum { TOUCH_SIZE = 32, FORESEEN_SIZE = LIMIT_ID_SIZE + LIMIT_HASH_SIZE };

struct touch {
    uint64_t incarnation;
    uint64_t seq;
    uint64_t effect_incarnation;
    uint64_t effect_seq;
};

struct foreseen {
    uint8_t record[LIMIT_ID_SIZE];
    uint8_t hash[LIMIT_HASH_SIZE];
};

static struct span touch_key(struct kv_key *key, const uint8_t *record)
{
    kv_key_init(key);
    kv_key_u8(key, 'u');
    kv_key_bytes(key, span_of(record, LIMIT_ID_SIZE));
    return kv_key_span(key);
}

static struct span foreseen_key(struct kv_key *key, uint64_t incarnation, uint64_t seq)
{
    kv_key_init(key);
    kv_key_u8(key, 't');
    kv_key_u64(key, incarnation);
    kv_key_u64(key, seq);
    return kv_key_span(key);
}

static bool touch_get(struct kv_txn *txn, const uint8_t *record, struct touch *ret)
{
    struct kv_key key;
    struct buf bytes;
    struct reader reader;
    buf_init(&bytes, TOUCH_SIZE);
    bool found = kv_get(txn, KV_CACHE, touch_key(&key, record), &bytes);
    reader_init(&reader, buf_span(&bytes));
    ret->incarnation = reader_u64(&reader);
    ret->seq = reader_u64(&reader);
    ret->effect_incarnation = reader_u64(&reader);
    ret->effect_seq = reader_u64(&reader);
    buf_done(&bytes);
    return found;
}

static void touch_put(struct kv_txn *txn, const uint8_t *record, const struct touch *touch)
{
    struct kv_key key;
    uint8_t bytes[TOUCH_SIZE];
    put_u64(bytes, touch->incarnation);
    put_u64(bytes + 8, touch->seq);
    put_u64(bytes + 16, touch->effect_incarnation);
    put_u64(bytes + 24, touch->effect_seq);
    kv_put(txn, KV_CACHE, touch_key(&key, record), span_of(bytes, sizeof bytes));
}

/* Takes it out. */
static bool foreseen_take(struct kv_txn *txn, uint64_t incarnation, uint64_t seq,
                          struct foreseen *ret)
{
    struct kv_key key;
    struct buf bytes;
    buf_init(&bytes, FORESEEN_SIZE);
    bool found = kv_get(txn, KV_CACHE, foreseen_key(&key, incarnation, seq), &bytes) &&
                 bytes.size == FORESEEN_SIZE;
    if (found) {
        memcpy(ret->record, bytes.data, LIMIT_ID_SIZE);
        memcpy(ret->hash, bytes.data + LIMIT_ID_SIZE, LIMIT_HASH_SIZE);
        kv_delete(txn, KV_CACHE, kv_key_span(&key));
    }
    buf_done(&bytes);
    return found;
}

static void hash_record(const struct record *record, uint8_t *ret_hash)
{
    struct buf bytes;
    buf_init(&bytes, LIMIT_RECORD_SIZE);
    record_encode(record, &bytes);
    seal_sha256(buf_span(&bytes), ret_hash);
    buf_done(&bytes);
}

/* station->event stands in the tail; changed: station->record are its record's facts now. A later
 * event that names the record may be known already. */
static void note(struct station *station, struct kv_txn *txn, bool changed)
{
    const struct wire_event *event = station->event;
    struct kv_key key;
    struct touch touch;
    struct foreseen foreseen = {.hash = {0}};
    uint8_t bytes[FORESEEN_SIZE];
    struct sync_place place = {event->incarnation, event->seq};
    (void)touch_get(txn, event->record, &touch);
    if (sync_place_before((struct sync_place){touch.incarnation, touch.seq}, place)) {
        touch.incarnation = event->incarnation;
        touch.seq = event->seq;
    }
    if (changed) {
        touch.effect_incarnation = event->incarnation;
        touch.effect_seq = event->seq;
        hash_record(station->record, foreseen.hash);
    }
    touch_put(txn, event->record, &touch);
    memcpy(bytes, event->record, LIMIT_ID_SIZE);
    memcpy(bytes + LIMIT_ID_SIZE, foreseen.hash, LIMIT_HASH_SIZE);
    kv_put(txn, KV_CACHE, foreseen_key(&key, event->incarnation, event->seq),
           span_of(bytes, sizeof bytes));
}

/* The time of its leaf will not lie before the event's own nor before what it has seen. */
uint64_t station_tail_ms(struct station *station, struct kv_txn *txn,
                         const struct wire_event *event)
{
    uint64_t seen_ms = fold_seen_ms(station->fold, txn, event);
    return event->claimed_ms > seen_ms ? event->claimed_ms : seen_ms;
}

void station_tail_add(struct station *station, struct kv_txn *txn,
                      const struct fold_verdict *verdict)
{
    bool changed = verdict->verdict == WIRE_ACCEPTED && verdict->has_record;
    if (changed) {
        fold_record_put(station->fold, txn, FOLD_TENTATIVE, station->record);
    }
    note(station, txn, changed);
}

void station_tail_settle(struct station *station, struct kv_txn *txn, uint64_t incarnation,
                         uint64_t seq, const struct record *record)
{
    struct kv_key key;
    struct foreseen foreseen;
    struct touch touch;
    uint8_t hash[LIMIT_HASH_SIZE] = {0};
    if (record != NULL) {
        hash_record(record, hash);
    }
    if (!foreseen_take(txn, incarnation, seq, &foreseen)) {
        station->state.dirty = station->state.dirty || record != NULL;
        return;
    }
    if (memcmp(hash, foreseen.hash, sizeof hash) != 0) {
        station->state.dirty = true;
    }
    if (!touch_get(txn, foreseen.record, &touch)) {
        return;
    }
    if (touch.effect_incarnation == incarnation && touch.effect_seq == seq) {
        fold_tentative_drop(station->fold, txn, foreseen.record);
    }
    if (touch.incarnation == incarnation && touch.seq == seq) {
        kv_delete(txn, KV_CACHE, touch_key(&key, foreseen.record));
    } else if (touch.effect_incarnation == incarnation && touch.effect_seq == seq) {
        touch.effect_incarnation = 0;
        touch.effect_seq = 0;
        touch_put(txn, foreseen.record, &touch);
    }
}

bool station_tail_touches(struct kv_txn *txn, const uint8_t record[LIMIT_ID_SIZE])
{
    struct kv_key key;
    return kv_has(txn, KV_CACHE, touch_key(&key, record));
}

bool station_tail_is_empty(const struct station *station)
{
    const struct station_state *state = &station->state;
    bool unborn = state->incarnation == 1 && state->newest == 0;
    return unborn ||
           (state->folded_incarnation == state->incarnation && state->folded == state->newest);
}

static void judge_again(struct station *station, struct kv_txn *txn, const uint8_t *id)
{
    struct fold_verdict verdict = {.verdict = WIRE_VERDICT_NONE};
    struct fold_ask ask = {
        .event = station->event,
        .id = id,
        .leaf_ms = station_tail_ms(station, txn, station->event),
        .leaf_index = UINT64_MAX,
        .space = FOLD_TENTATIVE,
        .record = station->record,
    };
    enum err err = fold_judge(station->fold, txn, &ask, &verdict);
    if (err != ERR_NONE) {
        /* No editions to judge by: it stays in the chain without effect. */
        verdict.verdict = WIRE_REFUSED;
    }
    station_tail_add(station, txn, &verdict);
}

/* While our past is fetched back, and until the feeds have come behind it, what was answered shows
 * when its turn in the proven facts comes: the tail would be all of that past, and each batch would
 * go through it. */
static struct sync_place first_of_tail(const struct station_state *state)
{
    return state->restoring || state->catching
               ? (struct sync_place){state->answered_incarnation, state->answered}
               : (struct sync_place){state->folded_incarnation, state->folded};
}

static void clear_next(struct station *station, struct kv_txn *txn)
{
    struct kv_key prefix;
    struct buf key;
    kv_key_init(&prefix);
    kv_key_u8(&prefix, station->fold->log.slot);
    buf_init(&key, KV_KEY_CAPACITY);
    if (kv_last(txn, KV_TENTATIVE, kv_key_span(&prefix), &key, NULL) &&
        key.size == 1 + LIMIT_ID_SIZE) {
        fold_tentative_drop(station->fold, txn, key.data + 1);
    } else {
        kv_clear(txn, KV_CACHE, span_text("t"));
        kv_clear(txn, KV_CACHE, span_text("u"));
        station->state.work = STATION_WORK_TAIL;
        station->state.work_at = first_of_tail(&station->state);
    }
    buf_done(&key);
}

/* An event that the rules refuse now stays where it is: the hub will say so. */
static void judge_next(struct station *station, struct kv_txn *txn, const struct sync_place *at)
{
    struct station_row row;
    uint8_t id[LIMIT_HASH_SIZE];
    bool out = station_row_get(txn, at->incarnation, at->seq, &row) && row.verdict != WIRE_ACCEPTED;
    if (!out && station_event_get(station, txn, at->incarnation, at->seq, id)) {
        judge_again(station, txn, id);
    }
}

static void index_next(struct station *station, struct kv_txn *txn, const struct sync_place *at)
{
    uint8_t id[LIMIT_HASH_SIZE];
    if (station_event_get(station, txn, at->incarnation, at->seq, id)) {
        note(station, txn, false);
    }
}

void station_tail_start(struct station *station, enum station_work work)
{
    station->state.work = work;
    station->state.work_at =
        (struct sync_place){station->state.answered_incarnation, station->state.answered};
}

void station_tail_work(struct station *station, struct kv_txn *txn)
{
    struct station_state *state = &station->state;
    struct sync_place *at = &state->work_at;
    if (state->work == STATION_WORK_CLEAR) {
        clear_next(station, txn);
    } else if (!station_next_place(txn, KV_EVENT, &at->incarnation, &at->seq)) {
        state->work = STATION_WORK_NONE;
    } else if (state->work == STATION_WORK_INDEX) {
        index_next(station, txn, at);
    } else {
        judge_next(station, txn, at);
    }
}
