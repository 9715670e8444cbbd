#include "fold/handover.h"

#include "seal/hash.h"

#include <string.h>

static struct span fact(const struct values *facts, enum field field)
{
    return values_bytes(facts, field, 0);
}

enum err fold_handover_change(const struct values *facts, struct record *record)
{
    struct span into = fact(facts, FIELD_station);
    struct span from = fact(facts, FIELD_device);
    struct span handler = fact(facts, FIELD_handler);
    if (into.size != LIMIT_KEY_SIZE || from.size != LIMIT_KEY_SIZE) {
        return ERR_MALFORMED;
    }
    if (!values_has(&record->facts, FIELD_former_station)) {
        values_set_bytes(&record->facts, FIELD_former_station, 0, from);
    }
    if (handler.size == LIMIT_ID_SIZE && values_has(&record->facts, FIELD_handler)) {
        values_set_bytes(&record->facts, FIELD_handler, 0, handler);
    }
    if (handler.size == LIMIT_ID_SIZE && values_has(&record->facts, FIELD_agent)) {
        values_set_bytes(&record->facts, FIELD_agent, 0, handler);
    }
    memcpy(record->station, into.data, LIMIT_KEY_SIZE);
    record->baton_own_seq = 0;
    return record->facts.err == ERR_NONE ? ERR_NONE : ERR_LIMIT;
}

void fold_handover_blob(const struct record *record, struct buf *ret_blob)
{
    record_encode(record, ret_blob);
}

/* Does the stations edition known to the author say so? */
static bool is_merged(const struct fold *fold, const struct fold_ask *ask, int32_t day)
{
    struct rule_world world = {0};
    const struct directory *directory = world_directory(fold->world);
    const struct values *facts = &ask->event->facts;
    struct span from = fact(facts, FIELD_device);
    struct span into = fact(facts, FIELD_station);
    if (from.size != LIMIT_KEY_SIZE || into.size != LIMIT_KEY_SIZE ||
        !world_view(fold->world, fold_applied_common(fold, ask->event), 0, 0, &world)) {
        return false;
    }
    const struct directory_station *old = directory_station(directory, from.data);
    const struct directory_station *next = directory_station(directory, into.data);
    return old != NULL && next != NULL && next->revoked_index == 0 &&
           strcmp(old->code, next->code) != 0 &&
           strcmp(stations_successor(world.stations, old->code, day), next->code) == 0;
}

/* Who goes on with it, if somebody is named, works at the station that it goes to. */
static bool handler_works(const struct fold *fold, const struct fold_ask *ask, int32_t day)
{
    const struct values *facts = &ask->event->facts;
    struct span handler = fact(facts, FIELD_handler);
    const struct directory_ask there = {.device = fact(facts, FIELD_station).data,
                                        .day = day,
                                        .applied = fold_applied_common(fold, ask->event),
                                        .leaf_index = ask->leaf_index};
    return handler.size == 0 ||
           (handler.size == LIMIT_ID_SIZE &&
            directory_works_at(world_directory(fold->world), handler.data, &there));
}

static bool follows(const struct record *record)
{
    const struct rule_machine *machine = rule_machine(record->machine);
    return machine != NULL && record->state < 32 && (machine->follows >> record->state & 1) != 0;
}

static bool is_same(const struct record *record, const struct values *facts)
{
    struct buf blob;
    uint8_t hash[LIMIT_HASH_SIZE];
    buf_init(&blob, LIMIT_RECORD_SIZE);
    fold_handover_blob(record, &blob);
    seal_sha256(buf_span(&blob), hash);
    bool same = blob.err == ERR_NONE && blob.size == values_number(facts, FIELD_size, 0) &&
                span_equal(fact(facts, FIELD_hash), span_of(hash, sizeof hash));
    buf_done(&blob);
    return same;
}

/* The baton reaches the station with this place of its feed: what it wrote before was not its own.
 */
static void settle_baton(const struct fold *fold, struct kv_txn *txn, const struct fold_ask *ask,
                         struct record *record)
{
    struct log_head head = {0};
    if (record->holder != HOLDER_STATION) {
        return;
    }
    if (ask->own_seq == 0) {
        (void)log_head_get(&fold->log, txn, record->station, &head);
    }
    record->baton_own_seq = ask->own_seq != 0 ? ask->own_seq : head.own_seq + 1;
}

enum refusal fold_handover_judge(const struct fold *fold, struct kv_txn *txn,
                                 const struct fold_ask *ask, const struct directory_author *author,
                                 int32_t day)
{
    const struct values *facts = &ask->event->facts;
    struct record *record = ask->record;
    if (author->tier != TIER_HUB || (author->roles & (ROLE_HUB_LEADER | ROLE_HUB_OPERATOR)) == 0) {
        return REFUSAL_HANDOVER_HUB_ONLY;
    }
    if (!fold_record_get(fold, txn, ask->space, ask->event->record, record)) {
        return REFUSAL_NO_RECORD;
    }
    if (!span_equal(fact(facts, FIELD_device), span_of(record->station, LIMIT_KEY_SIZE))) {
        return REFUSAL_OTHER_STATION;
    }
    if (!is_merged(fold, ask, day)) {
        return REFUSAL_HANDOVER_NOT_MERGED;
    }
    if (!follows(record)) {
        return REFUSAL_HANDOVER_STAYS;
    }
    if (!handler_works(fold, ask, day)) {
        return REFUSAL_HANDOVER_HANDLER;
    }
    if (fold_handover_change(facts, record) != ERR_NONE) {
        return REFUSAL_TOO_MUCH;
    }
    if (!is_same(record, facts)) {
        return REFUSAL_HANDOVER_DIFFERS;
    }
    settle_baton(fold, txn, ask, record);
    return REFUSAL_NONE;
}

enum err fold_handover_ready(const struct wire_event *event, struct kv_txn *txn,
                             uint8_t ret_wanted[LIMIT_HASH_SIZE])
{
    struct span hash = fact(&event->facts, FIELD_hash);
    if (event->payload != WIRE_HANDOVER || hash.size != LIMIT_HASH_SIZE ||
        kv_has(txn, KV_BLOB, hash)) {
        return txn->err;
    }
    memcpy(ret_wanted, hash.data, LIMIT_HASH_SIZE);
    return ERR_NOT_FOUND;
}

static bool read_blob(struct kv_txn *txn, const struct fold_ask *ask)
{
    struct span hash = fact(&ask->event->facts, FIELD_hash);
    struct buf blob;
    buf_init(&blob, LIMIT_BLOB_SIZE);
    bool good = hash.size == LIMIT_HASH_SIZE && kv_get(txn, KV_BLOB, hash, &blob) &&
                record_decode(buf_span(&blob), ask->record) == ERR_NONE &&
                is_same(ask->record, &ask->event->facts) &&
                memcmp(ask->record->id, ask->event->record, LIMIT_ID_SIZE) == 0 &&
                span_equal(fact(&ask->event->facts, FIELD_station),
                           span_of(ask->record->station, LIMIT_KEY_SIZE));
    buf_done(&blob);
    return good;
}

enum err fold_handover_apply(const struct fold *fold, struct kv_txn *txn,
                             const struct fold_ask *ask)
{
    bool here = read_blob(txn, ask) ||
                (fold_record_get(fold, txn, ask->space, ask->event->record, ask->record) &&
                 fold_handover_change(&ask->event->facts, ask->record) == ERR_NONE);
    if (!here) {
        return txn->err != ERR_NONE ? txn->err : ERR_STATE;
    }
    settle_baton(fold, txn, ask, ask->record);
    fold_record_put(fold, txn, ask->space, ask->record);
    return txn->err;
}
