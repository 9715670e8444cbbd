#include "village-node/inside.h"

#include <string.h>

enum { STATE_VERSION = 2, STATE_SIZE = 512, ROW_SIZE = 22 };

struct span station_chain_key(struct kv_key *key, uint64_t incarnation, uint64_t seq)
{
    kv_key_init(key);
    kv_key_u64(key, incarnation);
    kv_key_u64(key, seq);
    return kv_key_span(key);
}

struct span station_task_key(struct kv_key *key, uint64_t incarnation, uint64_t seq)
{
    kv_key_init(key);
    kv_key_u8(key, 'R');
    kv_key_u64(key, incarnation);
    kv_key_u64(key, seq);
    return kv_key_span(key);
}

static void put_feed(struct buf *buf, const struct station_feed *feed)
{
    buf_put_u64(buf, feed->got);
    buf_put_u64(buf, feed->kept);
    buf_put_u64(buf, feed->folded);
    buf_put_u64(buf, feed->newest);
}

static void get_feed(struct reader *reader, struct station_feed *ret)
{
    ret->got = reader_u64(reader);
    ret->kept = reader_u64(reader);
    ret->folded = reader_u64(reader);
    ret->newest = reader_u64(reader);
}

static uint8_t flags_of(const struct station_state *state)
{
    return (uint8_t)((state->restoring ? 1 : 0) | (state->restored ? 2 : 0) |
                     (state->split ? 4 : 0) | (state->stuck ? 8 : 0) | (state->parted ? 16 : 0) |
                     (state->compared ? 32 : 0) | (state->dirty ? 64 : 0) |
                     (state->catching ? 128 : 0));
}

void station_state_put(const struct station *station, struct kv_txn *txn)
{
    const struct station_state *state = &station->state;
    struct buf bytes;
    buf_init(&bytes, STATE_SIZE);
    buf_put_u8(&bytes, STATE_VERSION);
    buf_put_u64(&bytes, state->incarnation);
    buf_put_u64(&bytes, state->newest);
    buf_put(&bytes, state->id, sizeof state->id);
    buf_put_u64(&bytes, state->answered_incarnation);
    buf_put_u64(&bytes, state->answered);
    buf_put(&bytes, state->answered_id, sizeof state->answered_id);
    buf_put_u64(&bytes, state->folded_incarnation);
    buf_put_u64(&bytes, state->folded);
    buf_put_u64(&bytes, state->epoch);
    buf_put_u64(&bytes, state->head_size);
    buf_put(&bytes, state->head_root.bytes, sizeof state->head_root.bytes);
    buf_put_u64(&bytes, state->seen_size);
    buf_put(&bytes, state->seen_root.bytes, sizeof state->seen_root.bytes);
    put_feed(&bytes, &state->common);
    put_feed(&bytes, &state->own);
    buf_put_u64(&bytes, state->contact_ms);
    buf_put_u8(&bytes, state->alarm);
    buf_put_u8(&bytes, flags_of(state));
    buf_put_u8(&bytes, (uint8_t)state->work);
    buf_put_u64(&bytes, state->work_at.incarnation);
    buf_put_u64(&bytes, state->work_at.seq);
    if (bytes.err != ERR_NONE && txn->err == ERR_NONE) {
        txn->err = bytes.err;
    }
    kv_put(txn, KV_META, span_text("S"), buf_span(&bytes));
    buf_done(&bytes);
}

/* Absent before version 2. */
static bool read_work(struct reader *reader, struct station_state *ret)
{
    uint8_t work = reader_u8(reader);
    ret->work_at.incarnation = reader_u64(reader);
    ret->work_at.seq = reader_u64(reader);
    ret->work = (enum station_work)work;
    return work <= STATION_WORK_TAIL;
}

static bool state_read(struct span bytes, struct station_state *ret)
{
    struct reader reader;
    reader_init(&reader, bytes);
    uint8_t version = reader_u8(&reader);
    ret->incarnation = reader_u64(&reader);
    ret->newest = reader_u64(&reader);
    reader_copy(&reader, ret->id, sizeof ret->id);
    ret->answered_incarnation = reader_u64(&reader);
    ret->answered = reader_u64(&reader);
    reader_copy(&reader, ret->answered_id, sizeof ret->answered_id);
    ret->folded_incarnation = reader_u64(&reader);
    ret->folded = reader_u64(&reader);
    ret->epoch = reader_u64(&reader);
    ret->head_size = reader_u64(&reader);
    reader_copy(&reader, ret->head_root.bytes, sizeof ret->head_root.bytes);
    ret->seen_size = reader_u64(&reader);
    reader_copy(&reader, ret->seen_root.bytes, sizeof ret->seen_root.bytes);
    get_feed(&reader, &ret->common);
    get_feed(&reader, &ret->own);
    ret->contact_ms = reader_u64(&reader);
    ret->alarm = reader_u8(&reader);
    uint8_t flags = reader_u8(&reader);
    ret->restoring = (flags & 1) != 0;
    ret->restored = (flags & 2) != 0;
    ret->split = (flags & 4) != 0;
    ret->stuck = (flags & 8) != 0;
    ret->parted = (flags & 16) != 0;
    ret->compared = (flags & 32) != 0;
    ret->dirty = (flags & 64) != 0;
    ret->catching = (flags & 128) != 0;
    bool known = version == 1 || (version == STATE_VERSION && read_work(&reader, ret));
    bool present = ret->answered_incarnation == ret->incarnation;
    return known && !reader.failed && reader.left == 0 && ret->answered_incarnation >= 1 &&
           ret->answered_incarnation <= ret->incarnation &&
           (!present || ret->answered <= ret->newest);
}

enum err station_state_load(struct station *station)
{
    struct kv_txn txn;
    struct buf bytes;
    buf_init(&bytes, STATE_SIZE);
    memset(&station->state, 0, sizeof station->state);
    station->state.incarnation = 1;
    station->state.answered_incarnation = 1;
    kv_begin(station->kv, false, &txn);
    bool found = kv_get(&txn, KV_META, span_text("S"), &bytes);
    enum err err = txn.err;
    kv_abort(&txn);
    if (err == ERR_NONE && found && !state_read(buf_span(&bytes), &station->state)) {
        err = ERR_STORE;
    }
    buf_done(&bytes);
    return err;
}

enum err station_commit(struct station *station, struct kv_txn *txn)
{
    station_state_put(station, txn);
    enum err err = kv_commit(txn);
    kv_abort(txn);
    station->failed = station->failed || err != ERR_NONE;
    return err == ERR_NONE || err == ERR_FULL ? err : ERR_STORE;
}

uint64_t station_answered(const struct station *station)
{
    const struct station_state *state = &station->state;
    return state->answered_incarnation == state->incarnation ? state->answered : 0;
}

bool station_is_fatal(enum err err)
{
    return err == ERR_STORE || err == ERR_FULL || err == ERR_MEMORY;
}

void station_row_put(struct kv_txn *txn, uint64_t incarnation, uint64_t seq,
                     const struct station_row *row)
{
    struct kv_key key;
    uint8_t bytes[ROW_SIZE];
    put_u64(bytes, row->index);
    put_u64(bytes + 8, row->hub_ms);
    bytes[16] = row->verdict;
    put_u32(bytes + 17, row->refusal);
    bytes[21] = row->void_reason;
    kv_put(txn, KV_ANSWER, station_chain_key(&key, incarnation, seq), span_of(bytes, sizeof bytes));
    if (row->verdict != WIRE_ACCEPTED) {
        kv_put(txn, KV_TASK, station_task_key(&key, incarnation, seq), span_of(bytes + 16, 1));
    }
    if (row->verdict == WIRE_VOID || row->verdict == WIRE_REFUSED) {
        station_outbox_drop(txn, incarnation, seq);
    }
}

bool station_row_get(struct kv_txn *txn, uint64_t incarnation, uint64_t seq,
                     struct station_row *ret)
{
    struct kv_key key;
    struct buf bytes;
    struct reader reader;
    buf_init(&bytes, ROW_SIZE);
    bool found = kv_get(txn, KV_ANSWER, station_chain_key(&key, incarnation, seq), &bytes);
    if (found) {
        reader_init(&reader, buf_span(&bytes));
        ret->index = reader_u64(&reader);
        ret->hub_ms = reader_u64(&reader);
        ret->verdict = reader_u8(&reader);
        ret->refusal = reader_u32(&reader);
        ret->void_reason = reader_u8(&reader);
    }
    buf_done(&bytes);
    return found;
}

struct place {
    bool found;
    uint64_t incarnation;
    uint64_t seq;
};

static bool take_place(void *context, struct span key, struct span value)
{
    struct place *place = context;
    (void)value;
    place->found = key.size == 16;
    if (place->found) {
        place->incarnation = get_u64(key.data);
        place->seq = get_u64(key.data + 8);
    }
    return !place->found;
}

bool station_next_place(struct kv_txn *txn, enum kv_table table, uint64_t *incarnation,
                        uint64_t *seq)
{
    struct kv_key key;
    struct place place = {.found = false};
    kv_scan(txn, table, span_of(NULL, 0), station_chain_key(&key, *incarnation, *seq + 1),
            take_place, &place);
    if (place.found) {
        *incarnation = place.incarnation;
        *seq = place.seq;
    }
    return place.found;
}

bool station_envelope_get(struct station *station, struct kv_txn *txn, uint64_t incarnation,
                          uint64_t seq, struct wire_envelope *ret)
{
    struct kv_key key;
    buf_clear(&station->envelope);
    return kv_get(txn, KV_EVENT, station_chain_key(&key, incarnation, seq), &station->envelope) &&
           wire_envelope_decode(buf_span(&station->envelope), ret) == ERR_NONE;
}

bool station_event_get(struct station *station, struct kv_txn *txn, uint64_t incarnation,
                       uint64_t seq, uint8_t ret_id[LIMIT_HASH_SIZE])
{
    struct wire_envelope envelope;
    wire_arena_reset(&station->event_arena);
    if (!station_envelope_get(station, txn, incarnation, seq, &envelope) ||
        wire_event_decode(envelope.body, &station->event_arena, station->event) != ERR_NONE) {
        return false;
    }
    seal_body_id(SEAL_EVENT, envelope.body, ret_id);
    return true;
}

uint64_t station_shown_epoch(const struct station *station)
{
    uint64_t known = world_epoch(station->fold->world);
    uint64_t former = known > 0 ? known : 1;
    return former < station->state.epoch ? former : station->state.epoch;
}

/* In a new log only what has been read again counts. */
static uint64_t shown_place(const struct station *station, const struct station_feed *feed)
{
    bool again = station_shown_epoch(station) == station->state.epoch && feed->got < feed->folded;
    return again ? feed->got : feed->folded;
}

void station_chain_fill(const struct station *station, struct author_chain *ret)
{
    const struct station_state *state = &station->state;
    memset(ret, 0, sizeof *ret);
    memcpy(ret->hub, station->hub, sizeof ret->hub);
    memcpy(ret->device, signer_key_id_view(station->signer), sizeof ret->device);
    ret->incarnation = state->incarnation;
    ret->seq = state->newest;
    memcpy(ret->id, state->id, sizeof ret->id);
    station_origin(station, station_shown_epoch(station), ret->seen_origin);
    ret->seen_size = state->seen_size;
    memcpy(ret->seen_root, state->seen_root.bytes, sizeof ret->seen_root);
    ret->applied_common = shown_place(station, &state->common);
    ret->applied_own = shown_place(station, &state->own);
    ret->applied_epoch = station_shown_epoch(station);
    ret->clock = station->clock_quality;
    memcpy(ret->boot, station->boot, sizeof ret->boot);
}

void station_retell(struct kv_txn *txn)
{
    kv_delete(txn, KV_CACHE, span_text("E"));
}

void station_displace(struct station *station, struct kv_txn *txn, uint64_t incarnation,
                      uint64_t seq)
{
    struct kv_key key;
    struct wire_envelope envelope;
    uint8_t id[LIMIT_HASH_SIZE];
    if (!station_envelope_get(station, txn, incarnation, seq, &envelope)) {
        return;
    }
    seal_body_id(SEAL_EVENT, envelope.body, id);
    kv_key_init(&key);
    kv_key_bytes(&key, span_of(signer_key_id_view(station->signer), LIMIT_KEY_SIZE));
    kv_key_u64(&key, incarnation);
    kv_key_u64(&key, seq);
    kv_key_bytes(&key, span_of(id, sizeof id));
    kv_put(txn, KV_EVIDENCE, kv_key_span(&key), buf_span(&station->envelope));
    kv_delete(txn, KV_EVENT, station_chain_key(&key, incarnation, seq));
    station_outbox_drop(txn, incarnation, seq);
    station_retell(txn);
    station->state.dirty = true;
}
