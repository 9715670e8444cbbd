#include "store/keys.h"
#include "village-node/program.h"

#include <stdlib.h>
#include <string.h>

/* Which events speak of a record, in order. An index that is made when somebody asks and can be
 * thrown away; without 'E', which the mind takes away when what was kept gave way, it is made anew:
 *   KV_CACHE 'e' record, place u64 -> 'o' incarnation u64, seq u64 | 'f' leaf index u64
 *   KV_CACHE 'E'                   -> next place, incarnation and seq of own events, own-feed seq
 */

/* Events of one transaction. */
enum { PORTION = 512 };

struct index {
    uint64_t place;
    uint64_t incarnation;
    uint64_t seq;
    uint64_t feed;
};

struct indexing {
    struct daemon *daemon;
    struct kv_txn *txn;
    struct index at;
    size_t left; /* of the portion */
    struct wire_arena arena;
    struct wire_event *event;
};

static const uint8_t index_name = 'E';

/* False: it is to be made anew. */
static bool index_get(struct kv_txn *txn, struct index *ret)
{
    struct buf value;
    struct reader reader;
    buf_init(&value, 64);
    bool found = kv_get(txn, KV_CACHE, span_of(&index_name, 1), &value);
    reader_init(&reader, buf_span(&value));
    ret->place = reader_u64(&reader);
    ret->incarnation = reader_u64(&reader);
    ret->seq = reader_u64(&reader);
    ret->feed = reader_u64(&reader);
    buf_done(&value);
    return found;
}

static void index_put(struct kv_txn *txn, const struct index *index)
{
    uint8_t bytes[32];
    put_u64(bytes, index->place);
    put_u64(bytes + 8, index->incarnation);
    put_u64(bytes + 16, index->seq);
    put_u64(bytes + 24, index->feed);
    kv_put(txn, KV_CACHE, span_of(&index_name, 1), span_of(bytes, sizeof bytes));
}

static void enter(struct indexing *indexing, struct span entry)
{
    struct kv_key key;
    kv_key_init(&key);
    kv_key_u8(&key, 'e');
    kv_key_bytes(&key, span_of(indexing->event->record, LIMIT_ID_SIZE));
    kv_key_u64(&key, indexing->at.place++);
    kv_put(indexing->txn, KV_CACHE, kv_key_span(&key), entry);
}

static bool decode(struct indexing *indexing, struct span body)
{
    return wire_event_decode(body, &indexing->arena, indexing->event) == ERR_NONE;
}

static bool own_event(void *context, struct span key, struct span value)
{
    struct indexing *indexing = context;
    struct wire_envelope envelope;
    uint8_t entry[17] = {'o'};
    uint64_t incarnation = get_u64(key.data);
    uint64_t seq = get_u64(key.data + 8);
    bool behind = incarnation < indexing->at.incarnation ||
                  (incarnation == indexing->at.incarnation && seq <= indexing->at.seq);
    if (key.size != 16 || behind) {
        return true;
    }
    if (indexing->left == 0) {
        return false;
    }
    indexing->left--;
    if (wire_envelope_decode(value, &envelope) == ERR_NONE && decode(indexing, envelope.body)) {
        memcpy(entry + 1, key.data, 16);
        enter(indexing, span_of(entry, sizeof entry));
    }
    indexing->at.incarnation = incarnation;
    indexing->at.seq = seq;
    return true;
}

/* Leaves of the own feed that came since. */
static void feed_events(struct indexing *indexing)
{
    struct fold *fold = station_fold(indexing->daemon->station);
    struct buf bytes;
    struct wire_leaf leaf;
    uint64_t index = 0;
    uint8_t entry[9] = {'f'};
    buf_init(&bytes, LIMIT_LEAF_SIZE);
    while (indexing->left > 0 &&
           log_feed_index(&fold->log, indexing->txn, 1, indexing->at.feed + 1, &index)) {
        indexing->left--;
        indexing->at.feed++;
        if (log_leaf(&fold->log, indexing->txn, index, &bytes) &&
            wire_leaf_decode(buf_span(&bytes), &leaf) == ERR_NONE && !leaf.is_void &&
            decode(indexing, leaf.envelope.body)) {
            put_u64(entry + 1, index);
            enter(indexing, span_of(entry, sizeof entry));
        }
    }
    buf_done(&bytes);
}

/* False: all is in it, or it cannot be kept now: the next request goes on. */
static bool index_portion(struct indexing *indexing)
{
    struct kv_txn txn;
    uint8_t from[16];
    kv_begin(indexing->daemon->kv, true, &txn);
    indexing->txn = &txn;
    indexing->left = PORTION;
    bool found = index_get(&txn, &indexing->at);
    if (!found) {
        kv_clear(&txn, KV_CACHE, span_text("e"));
    }
    put_u64(from, indexing->at.incarnation);
    put_u64(from + 8, indexing->at.seq);
    kv_scan(&txn, KV_EVENT, span_of(NULL, 0), span_of(from, sizeof from), own_event, indexing);
    feed_events(indexing);
    enum err err = ERR_NONE;
    if (indexing->left < PORTION || !found) {
        index_put(&txn, &indexing->at);
        err = kv_commit(&txn);
    }
    kv_abort(&txn);
    return err == ERR_NONE && indexing->left == 0;
}

static bool indexing_open(struct indexing *indexing, struct daemon *daemon)
{
    *indexing = (struct indexing){.daemon = daemon};
    indexing->event = calloc(1, sizeof *indexing->event);
    return indexing->event != NULL &&
           wire_arena_init(&indexing->arena, WIRE_EVENT_ARENA) == ERR_NONE;
}

static void indexing_close(struct indexing *indexing)
{
    wire_arena_done(&indexing->arena);
    free(indexing->event);
}

bool daemon_index_events(struct daemon *daemon)
{
    struct indexing indexing;
    bool more = indexing_open(&indexing, daemon) && index_portion(&indexing);
    indexing_close(&indexing);
    return more;
}

struct showing {
    struct indexing *indexing;
    const uint8_t *record;
    void *context;
    bool (*visit)(void *context, const struct wire_event *event, const char *standing,
                  uint32_t refusal);
};

static const char *standing_name(enum station_standing standing)
{
    switch (standing) {
    case STATION_KEPT:
        return "kept";
    case STATION_ACCEPTED:
        return "accepted";
    case STATION_RETURNED:
        return "returned";
    case STATION_SET_ASIDE:
        return "set_aside";
    }
    return "kept";
}

/* What stood there when it was indexed may have given way. */
static bool is_asked(const struct showing *showing)
{
    return memcmp(showing->indexing->event->record, showing->record, LIMIT_ID_SIZE) == 0;
}

static bool show_own(struct showing *showing, uint64_t incarnation, uint64_t seq)
{
    struct buf bytes;
    struct wire_envelope envelope;
    struct station_answer answer;
    bool more = true;
    buf_init(&bytes, LIMIT_ENVELOPE_SIZE);
    if (station_event(showing->indexing->daemon->station, incarnation, seq, &bytes, &answer) &&
        wire_envelope_decode(buf_span(&bytes), &envelope) == ERR_NONE &&
        decode(showing->indexing, envelope.body) && is_asked(showing)) {
        seal_body_id(SEAL_EVENT, envelope.body, showing->indexing->event->id);
        showing->indexing->event->leaf_ms = answer.hub_ms;
        more = showing->visit(showing->context, showing->indexing->event,
                              standing_name(answer.standing), answer.refusal);
    }
    buf_done(&bytes);
    return more;
}

static bool show_leaf(struct showing *showing, uint64_t index)
{
    struct buf bytes;
    struct wire_leaf leaf;
    bool more = true;
    struct fold *fold = station_fold(showing->indexing->daemon->station);
    buf_init(&bytes, LIMIT_LEAF_SIZE);
    if (log_leaf(&fold->log, showing->indexing->txn, index, &bytes) &&
        wire_leaf_decode(buf_span(&bytes), &leaf) == ERR_NONE &&
        decode(showing->indexing, leaf.envelope.body) && is_asked(showing)) {
        seal_body_id(SEAL_EVENT, leaf.envelope.body, showing->indexing->event->id);
        showing->indexing->event->leaf_ms = leaf.hub_ms;
        more = showing->visit(showing->context, showing->indexing->event, "accepted", 0);
    }
    buf_done(&bytes);
    return more;
}

static bool show_one(void *context, struct span key, struct span value)
{
    (void)key;
    if (value.size == 17 && value.data[0] == 'o') {
        return show_own(context, get_u64(value.data + 1), get_u64(value.data + 9));
    }
    return value.size != 9 || show_leaf(context, get_u64(value.data + 1));
}

void daemon_events(void *context, const uint8_t record[LIMIT_ID_SIZE], void *visit_context,
                   bool (*visit)(void *visit_context, const struct wire_event *event,
                                 const char *standing, uint32_t refusal))
{
    struct indexing indexing;
    struct showing showing = {&indexing, record, visit_context, visit};
    struct kv_txn txn;
    struct kv_key prefix;
    if (indexing_open(&indexing, context)) {
        while (index_portion(&indexing)) {
        }
        kv_key_init(&prefix);
        kv_key_u8(&prefix, 'e');
        kv_key_bytes(&prefix, span_of(record, LIMIT_ID_SIZE));
        kv_begin(indexing.daemon->kv, false, &txn);
        indexing.txn = &txn;
        kv_scan(&txn, KV_CACHE, kv_key_span(&prefix), span_of(NULL, 0), show_one, &showing);
        kv_abort(&txn);
    }
    indexing_close(&indexing);
}
