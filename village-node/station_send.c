#include "base/check.h"
#include "village-node/inside.h"

#include <string.h>

/* Frames from the store's contents, encoded into station->out. */

static enum err encode(struct station *station)
{
    buf_clear(&station->out);
    return wire_frame_encode(station->reply, &station->out);
}

uint64_t station_life_end(struct station *station, struct kv_txn *txn, uint64_t incarnation,
                          uint8_t ret_id[LIMIT_HASH_SIZE])
{
    static const enum kv_table tables[] = {KV_EVENT, KV_ANSWER};
    struct kv_key prefix;
    struct buf key;
    struct wire_envelope envelope;
    uint64_t end = 0;
    kv_key_init(&prefix);
    kv_key_u64(&prefix, incarnation);
    buf_init(&key, KV_KEY_CAPACITY);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        if (kv_last(txn, tables[i], kv_key_span(&prefix), &key, NULL) && key.size == 16 &&
            get_u64(key.data + 8) > end) {
            end = get_u64(key.data + 8);
        }
    }
    buf_done(&key);
    memset(ret_id, 0, LIMIT_HASH_SIZE);
    if (station_envelope_get(station, txn, incarnation, end, &envelope)) {
        seal_body_id(SEAL_EVENT, envelope.body, ret_id);
    }
    return end;
}

/* The device signs where a life ends. */
static enum err put_head(struct station *station, uint64_t incarnation, struct buf *body,
                         uint8_t *signature, struct sync_head *ret)
{
    const struct station_state *state = &station->state;
    struct sync_head_body head = {.incarnation = incarnation, .seq = state->newest};
    struct kv_txn txn;
    memcpy(head.hub, station->hub, sizeof head.hub);
    memcpy(head.device, signer_key_id_view(station->signer), sizeof head.device);
    memcpy(head.id, state->id, sizeof head.id);
    if (incarnation != state->incarnation) {
        kv_begin(station->kv, false, &txn);
        head.seq = station_life_end(station, &txn, incarnation, head.id);
        enum err err = txn.err;
        kv_abort(&txn);
        if (err != ERR_NONE) {
            return err;
        }
    }
    wire_head_encode(&head, body);
    if (body->err != ERR_NONE) {
        return body->err;
    }
    signer_sign(station->signer, SEAL_HEAD, buf_span(body), signature);
    *ret = (struct sync_head){true, buf_span(body), span_of(signature, LIMIT_SIGNATURE_SIZE)};
    return ERR_NONE;
}

uint64_t station_oldest_ms(struct station *station)
{
    struct kv_txn txn;
    uint64_t incarnation = station->state.answered_incarnation;
    uint64_t seq = station->state.answered;
    uint8_t id[LIMIT_HASH_SIZE];
    kv_begin(station->kv, false, &txn);
    bool found = station_next_place(&txn, KV_EVENT, &incarnation, &seq) &&
                 station_event_get(station, &txn, incarnation, seq, id);
    kv_abort(&txn);
    return found ? station->event->claimed_ms : 0;
}

enum err station_send_hello(struct station *station, uint64_t greeting, uint64_t wall_ms)
{
    const struct station_state *state = &station->state;
    struct sync_hello *hello = &station->reply->hello;
    uint8_t signature[LIMIT_SIGNATURE_SIZE];
    struct buf body;
    uint64_t oldest_ms = station_oldest_ms(station);
    memset(station->reply, 0, sizeof *station->reply);
    station->reply->kind = SYNC_HELLO;
    hello->version = SYNC_VERSION;
    hello->role = SYNC_ROLE_STATION;
    memcpy(hello->hub, station->hub, sizeof hello->hub);
    hello->common = state->common.got;
    hello->own = state->own.got;
    hello->seen_size = state->head_size;
    hello->epoch = state->epoch;
    hello->clock_ms = wall_ms;
    hello->software = span_text("jieli village-node");
    hello->incarnation = state->incarnation;
    hello->backlog = state->newest - station_answered(station);
    hello->oldest_ms = oldest_ms;
    hello->greeting = greeting;
    buf_init(&body, LIMIT_BODY_SIZE);
    enum err err = state->newest > 0
                       ? put_head(station, state->incarnation, &body, signature, &hello->head)
                       : ERR_NONE;
    err = err != ERR_NONE ? err : encode(station);
    buf_done(&body);
    return err;
}

/* Copies of the envelopes, one after another; bytes must not move while they are pointed to. */
static enum err read_run(struct station *station, const struct sync_station_action *action,
                         struct buf *bytes, struct wire_envelope *ret_envelopes)
{
    struct kv_txn txn;
    struct kv_key key;
    size_t end[LIMIT_BATCH_COUNT] = {0};
    kv_begin(station->kv, false, &txn);
    for (uint32_t i = 0; i < action->count; i++) {
        struct span at = station_chain_key(&key, action->incarnation, action->from + i);
        if (kv_get(&txn, KV_EVENT, at, &station->envelope)) {
            buf_put_span(bytes, buf_span(&station->envelope));
        }
        end[i] = bytes->size;
    }
    enum err err = txn.err != ERR_NONE ? txn.err : bytes->err;
    kv_abort(&txn);
    for (uint32_t i = 0; err == ERR_NONE && i < action->count; i++) {
        size_t start = i == 0 ? 0 : end[i - 1];
        if (wire_envelope_decode(span_of(bytes->data + start, end[i] - start), &ret_envelopes[i]) !=
            ERR_NONE) {
            err = ERR_STORE;
        }
    }
    return err;
}

enum err station_send_push(struct station *station, const struct sync_station_action *action)
{
    struct sync_push *push = &station->reply->push;
    struct wire_envelope envelopes[LIMIT_BATCH_COUNT];
    uint8_t signature[LIMIT_SIGNATURE_SIZE];
    struct buf bytes;
    struct buf packed;
    struct buf body;
    CHECK(action->count <= LIMIT_BATCH_COUNT);
    buf_init(&bytes, (size_t)LIMIT_BATCH_COUNT * LIMIT_ENVELOPE_SIZE);
    buf_init(&packed, LIMIT_BATCH_SIZE);
    buf_init(&body, LIMIT_BODY_SIZE);
    memset(station->reply, 0, sizeof *station->reply);
    station->reply->kind = SYNC_PUSH;
    push->incarnation = action->incarnation;
    push->first_seq = action->from;
    push->count = action->count;
    enum err err = read_run(station, action, &bytes, envelopes);
    if (err == ERR_NONE) {
        err = wire_envelopes_pack(envelopes, action->count, &packed, &push->raw_size);
    }
    if (err == ERR_NONE) {
        push->packed = buf_span(&packed);
        err = put_head(station, action->incarnation, &body, signature, &push->head);
    }
    err = err != ERR_NONE ? err : encode(station);
    buf_done(&bytes);
    buf_done(&packed);
    buf_done(&body);
    return err;
}

enum err station_send_pull(struct station *station, const struct sync_station_action *action)
{
    struct sync_pull *pull = &station->reply->pull;
    memset(station->reply, 0, sizeof *station->reply);
    station->reply->kind = SYNC_PULL;
    pull->feed = action->feed;
    pull->from = action->from;
    pull->count = action->count;
    pull->incarnation = action->incarnation;
    pull->seen_size = station->state.head_size;
    /* The batch proves that it extends this one, whatever answers come in between. */
    CHECK(action->feed <= SYNC_FEED_CHAIN);
    station->pulled[action->feed].size = station->state.head_size;
    station->pulled[action->feed].root = station->state.head_root;
    return encode(station);
}
