#include "base/text.h"
#include "desk/inside.h"
#include "node/uuid.h"
#include "store/keys.h"

#include <stdlib.h>
#include <string.h>

enum { EVENT_KEY_SIZE = 16, SEARCH_TICK = 512, LEAVES_AT_ONCE = 4096 };

struct fold *desk_fold(struct desk *desk)
{
    return desk->options.port.fold(desk->options.port.context);
}

void desk_next_place(struct desk *desk, struct kv_txn *txn, uint64_t *ret_incarnation,
                     uint64_t *ret_seq)
{
    struct log_head head = {0};
    struct buf key;
    if (desk->options.port.next != NULL) {
        desk->options.port.next(desk->options.port.context, ret_incarnation, ret_seq);
        return;
    }
    if (desk->options.tier == TIER_HUB) {
        (void)log_head_get(&desk_fold(desk)->log, txn, desk->device, &head);
    } else {
        buf_init(&key, KV_KEY_SIZE);
        if (kv_last(txn, KV_EVENT, span_of(NULL, 0), &key, NULL) && key.size == EVENT_KEY_SIZE) {
            head.incarnation = get_u64(key.data);
            head.seq = get_u64(key.data + sizeof(uint64_t));
        }
        buf_done(&key);
    }
    *ret_incarnation = head.incarnation == 0 ? 1 : head.incarnation;
    *ret_seq = head.seq + 1;
}

const char *desk_station_code(struct desk *desk, const uint8_t device[LIMIT_KEY_SIZE])
{
    const struct directory_station *station =
        directory_station(world_directory(desk_fold(desk)->world), device);
    return station == NULL ? NULL : station->code;
}

/* --- numbers --- */

struct first_event {
    bool found;
    struct desk_opened opened;
};

static bool take_first(void *context, const struct wire_event *event, const char *standing,
                       uint32_t refusal)
{
    struct first_event *first = context;
    struct span opener = values_bytes(&event->facts, FIELD_opener, 0);
    (void)standing;
    (void)refusal;
    first->found = true;
    memcpy(first->opened.device, event->device, LIMIT_KEY_SIZE);
    first->opened.incarnation = event->incarnation;
    first->opened.seq = event->seq;
    if (event->payload == WIRE_HANDOVER && opener.size == LIMIT_KEY_SIZE) {
        memcpy(first->opened.device, opener.data, LIMIT_KEY_SIZE);
        first->opened.incarnation = values_number(&event->facts, FIELD_former, 0);
        first->opened.seq = values_number(&event->facts, FIELD_former_seq, 0);
    }
    return false;
}

bool desk_record_opened(struct desk *desk, const uint8_t record[LIMIT_ID_SIZE],
                        struct desk_opened *ret)
{
    struct first_event first = {.found = false};
    desk->options.port.events(desk->options.port.context, record, &first, take_first);
    if (first.found) {
        *ret = first.opened;
    }
    return first.found;
}

void desk_record_number(struct desk *desk, const uint8_t record[LIMIT_ID_SIZE],
                        char ret_text[NUMBER_SIZE])
{
    struct desk_opened opened;
    struct number number;
    ret_text[0] = 0;
    if (desk_record_opened(desk, record, &opened)) {
        number_make(desk_station_code(desk, opened.device), opened.incarnation, opened.seq,
                    &number);
        number_format(&number, ret_text);
    }
}

/* Record of the event in an envelope. */
static bool record_of_body(struct span body, uint8_t *ret)
{
    struct wire_arena arena = {NULL, 0, 0};
    struct wire_event *event = calloc(1, sizeof *event);
    bool found = event != NULL && wire_arena_init(&arena, WIRE_EVENT_ARENA) == ERR_NONE &&
                 wire_event_decode(body, &arena, event) == ERR_NONE;
    if (found) {
        memcpy(ret, event->record, LIMIT_ID_SIZE);
    }
    wire_arena_done(&arena);
    free(event);
    return found;
}

static bool record_in_own_chain(struct kv_txn *txn, const struct number *number, uint8_t *ret)
{
    struct kv_key key;
    struct buf bytes;
    struct wire_envelope envelope;
    kv_key_init(&key);
    kv_key_u64(&key, number->incarnation);
    kv_key_u64(&key, number->seq);
    buf_init(&bytes, LIMIT_ENVELOPE_SIZE);
    bool found = kv_get(txn, KV_EVENT, kv_key_span(&key), &bytes) &&
                 wire_envelope_decode(buf_span(&bytes), &envelope) == ERR_NONE &&
                 record_of_body(envelope.body, ret);
    buf_done(&bytes);
    return found;
}

static bool record_in_log(struct desk *desk, struct kv_txn *txn, const uint8_t *device,
                          const struct number *number, uint8_t *ret)
{
    struct log *log = &desk_fold(desk)->log;
    struct log_head head;
    struct wire_leaf leaf;
    struct buf bytes;
    uint64_t index = 0;
    buf_init(&bytes, LIMIT_LEAF_SIZE);
    bool found = log_head_get(log, txn, device, &head) &&
                 log_chain_index(log, txn, head.number, number->incarnation, number->seq, &index) &&
                 log_leaf(log, txn, index, &bytes) &&
                 wire_leaf_decode(buf_span(&bytes), &leaf) == ERR_NONE && !leaf.is_void &&
                 record_of_body(leaf.envelope.body, ret);
    buf_done(&bytes);
    return found;
}

/* A number of another station that was handed over to this one: its leaf in our feed names it. */
static bool record_handed_over(struct desk *desk, struct kv_txn *txn, const struct number *number,
                               uint8_t *ret)
{
    enum { OWN_FEED = 1 };
    struct log *log = &desk_fold(desk)->log;
    struct wire_arena arena = {NULL, 0, 0};
    struct wire_event *event = calloc(1, sizeof *event);
    struct wire_leaf leaf;
    struct buf bytes;
    uint64_t index = 0;
    bool found = false;
    buf_init(&bytes, LIMIT_LEAF_SIZE);
    bool ready = event != NULL && wire_arena_init(&arena, WIRE_EVENT_ARENA) == ERR_NONE;
    for (uint64_t seq = 1; ready && !found && log_feed_index(log, txn, OWN_FEED, seq, &index);
         seq++) {
        found = log_leaf(log, txn, index, &bytes) &&
                wire_leaf_decode(buf_span(&bytes), &leaf) == ERR_NONE && !leaf.is_void &&
                wire_event_decode(leaf.envelope.body, &arena, event) == ERR_NONE &&
                event->payload == WIRE_HANDOVER &&
                values_number(&event->facts, FIELD_former, 0) == number->incarnation &&
                values_number(&event->facts, FIELD_former_seq, 0) == number->seq;
    }
    if (found) {
        memcpy(ret, event->record, LIMIT_ID_SIZE);
    }
    wire_arena_done(&arena);
    buf_done(&bytes);
    free(event);
    return found;
}

/* The event there must be the record's first: other events have no number. */
static bool opens_record(struct desk *desk, const struct number *number, const uint8_t *record)
{
    char asked[NUMBER_SIZE];
    char real[NUMBER_SIZE];
    number_format(number, asked);
    desk_record_number(desk, record, real);
    return strcmp(asked, real) == 0;
}

static bool has_village(const char *code, const char *village)
{
    struct number number;
    number_make(code, 1, 1, &number);
    return strcmp(number.village, village) == 0;
}

static bool record_of_number(struct desk *desk, struct kv_txn *txn, const struct number *number,
                             uint8_t *ret)
{
    struct directory *directory = world_directory(desk_fold(desk)->world);
    if (desk->options.tier == TIER_STATION) {
        bool own = record_in_own_chain(txn, number, ret) && opens_record(desk, number, ret);
        return own ||
               (record_handed_over(desk, txn, number, ret) && opens_record(desk, number, ret));
    }
    if (has_village(NULL, number->village) && record_in_log(desk, txn, desk->device, number, ret) &&
        opens_record(desk, number, ret)) {
        return true;
    }
    /* The newest machine of a village first. */
    for (size_t i = directory_station_count(directory); i > 0; i--) {
        const struct directory_station *station = directory_station_at(directory, i - 1);
        uint8_t device[LIMIT_KEY_SIZE];
        memcpy(device, station->device, sizeof device);
        if (has_village(station->code, number->village) &&
            record_in_log(desk, txn, device, number, ret) && opens_record(desk, number, ret)) {
            return true;
        }
    }
    return false;
}

enum err desk_record_id(struct desk *desk, struct kv_txn *txn, const char *text,
                        uint8_t ret[LIMIT_ID_SIZE])
{
    struct number number;
    if (text_get_hex(span_text(text), ret, LIMIT_ID_SIZE) == ERR_NONE ||
        uuid_parse(span_text(text), ret) == ERR_NONE) {
        return ERR_NONE;
    }
    if (number_parse(text, &number) != ERR_NONE) {
        return ERR_MALFORMED;
    }
    return record_of_number(desk, txn, &number, ret) ? ERR_NONE : ERR_NOT_FOUND;
}

/* --- search index --- */

struct search_ask desk_search_ask(struct desk *desk, struct desk_session *session)
{
    return (struct search_ask){.port = &desk->options.port,
                               .kv = desk->options.kv,
                               .space = desk->options.space,
                               .keys = session->keys};
}

bool desk_may_search(struct desk *desk, struct desk_session *session)
{
    struct kv_txn txn;
    bool hub = desk->options.tier == TIER_HUB;
    if (session == NULL) {
        return false;
    }
    kv_begin(desk->options.kv, false, &txn);
    bool can = sealing_keys_can(session->keys, desk_fold(desk), &txn, hub ? NULL : desk->device);
    kv_abort(&txn);
    return can;
}

/* A leaf with sealed parts makes its record worth another look. */
static void touch_leaf(struct desk *desk, struct span leaf_bytes, struct wire_arena *arena,
                       struct wire_event *event)
{
    struct wire_leaf leaf;
    if (wire_leaf_decode(leaf_bytes, &leaf) == ERR_NONE && !leaf.is_void &&
        wire_event_decode(leaf.envelope.body, arena, event) == ERR_NONE &&
        event->sealed_count > 0) {
        search_touch(desk->search, event->record);
    }
}

/* The hub: the leaves that came since, some at a time. */
static void notice_leaves(struct desk *desk)
{
    struct log *log = &desk_fold(desk)->log;
    struct wire_event *event = calloc(1, sizeof *event);
    struct wire_arena arena = {NULL, 0, 0};
    struct kv_txn txn;
    struct buf bytes;
    buf_init(&bytes, LIMIT_LEAF_SIZE);
    if (event != NULL && wire_arena_init(&arena, WIRE_EVENT_ARENA) == ERR_NONE) {
        kv_begin(desk->options.kv, false, &txn);
        for (unsigned i = 0; i < LEAVES_AT_ONCE && desk->searched < log->size; i++) {
            if (log_leaf(log, &txn, desk->searched++, &bytes)) {
                touch_leaf(desk, buf_span(&bytes), &arena, event);
            }
        }
        kv_abort(&txn);
    }
    wire_arena_done(&arena);
    buf_done(&bytes);
    free(event);
}

/* The station: its own events pass through the desk; what the hub sent it counts in its feed. */
static void notice_feed(struct desk *desk)
{
    struct kv_txn txn;
    struct log_head head;
    kv_begin(desk->options.kv, false, &txn);
    bool known = log_head_get(&desk_fold(desk)->log, &txn, desk->device, &head);
    kv_abort(&txn);
    if (known && head.own_seq != desk->searched) {
        desk->searched = head.own_seq;
        search_again(desk->search);
    }
}

bool desk_search_work(struct desk *desk, struct desk_session *session, size_t limit)
{
    struct search_ask ask = desk_search_ask(desk, session);
    if (search_is_new(desk->search)) {
        desk->searched = desk->options.tier == TIER_HUB ? desk_fold(desk)->log.size : 0;
    }
    if (desk->options.tier == TIER_HUB) {
        notice_leaves(desk);
    } else {
        notice_feed(desk);
    }
    return search_work(desk->search, &ask, limit);
}

void desk_search_tick(struct desk *desk)
{
    for (size_t i = 0; i < DESK_SESSION_COUNT; i++) {
        struct desk_session *session = &desk->sessions[i];
        if (session->used && desk_may_search(desk, session)) {
            (void)desk_search_work(desk, session, SEARCH_TICK);
            return;
        }
    }
}
