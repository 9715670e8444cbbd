#include "fold/fold.h"
#include "fold/periods.h"
#include "fold/scratch.h"
#include "store/keys.h"

#include <string.h>

/* KV_INDEX keys: slot 'D' due u32 id -> ""; slot 'S' machine u8 state u16 id -> due u32, nothing
 * for 0; slot 'P': periods.c. What they say of a record is read off its stored bytes before those
 * change. */

enum { NO_DUE_DAY = 0x7fffffff };

struct entry {
    uint8_t machine;
    uint16_t state;
    uint32_t due; /* NO_DUE_DAY: open but none; 0: not in the due list */
    struct periods periods;
};

static struct span id_key(struct kv_key *key, const struct fold *fold, const uint8_t *id)
{
    kv_key_init(key);
    kv_key_u8(key, fold->log.slot);
    kv_key_bytes(key, span_of(id, LIMIT_ID_SIZE));
    return kv_key_span(key);
}

static struct span due_key(struct kv_key *key, const struct fold *fold, uint32_t due,
                           const uint8_t *id)
{
    kv_key_init(key);
    kv_key_u8(key, fold->log.slot);
    kv_key_u8(key, 'D');
    kv_key_u32(key, due);
    if (id != NULL) {
        kv_key_bytes(key, span_of(id, LIMIT_ID_SIZE));
    }
    return kv_key_span(key);
}

static struct span state_key(struct kv_key *key, const struct fold *fold, uint8_t machine,
                             uint16_t state, const uint8_t *id)
{
    kv_key_init(key);
    kv_key_u8(key, fold->log.slot);
    kv_key_u8(key, 'S');
    kv_key_u8(key, machine);
    kv_key_u8(key, (uint8_t)(state >> 8));
    kv_key_u8(key, (uint8_t)state);
    if (id != NULL) {
        kv_key_bytes(key, span_of(id, LIMIT_ID_SIZE));
    }
    return kv_key_span(key);
}

/* The bytes that people see: tentative facts hide proven ones. Borrowed until the next write. */
static bool view(const struct fold *fold, struct kv_txn *txn, enum fold_space space,
                 const uint8_t *id, struct span *ret)
{
    struct kv_key key;
    struct span name = id_key(&key, fold, id);
    return (space == FOLD_TENTATIVE && kv_view(txn, KV_TENTATIVE, name, ret)) ||
           kv_view(txn, KV_RECORD, name, ret);
}

bool fold_record_get(const struct fold *fold, struct kv_txn *txn, enum fold_space space,
                     const uint8_t id[LIMIT_ID_SIZE], struct record *ret)
{
    struct kv_key key;
    struct span bytes;
    return view(fold, txn, space, id, &bytes) &&
           fold_record_read(fold, txn, id_key(&key, fold, id), bytes, ret);
}

/* The station a row's first bytes stand for. */
static const struct directory_station *station_of(const struct fold *fold, const uint8_t *station)
{
    return directory_station_like(world_directory(fold->world),
                                  span_of(station, RECORD_STATION_PREFIX));
}

bool fold_record_read(const struct fold *fold, struct kv_txn *txn, struct span key,
                      struct span value, struct record *ret)
{
    bool cut = false;
    bool good = key.size == 1 + LIMIT_ID_SIZE &&
                record_decode_row(value, key.data + 1, ret, &cut) == ERR_NONE;
    const struct directory_station *station = good && cut ? station_of(fold, ret->station) : NULL;
    if (station != NULL) {
        memcpy(ret->station, station->device, sizeof ret->station);
    }
    if (!good || (cut && station == NULL)) {
        txn->err = txn->err != ERR_NONE ? txn->err : ERR_STORE;
        return false;
    }
    return true;
}

/* Can the whole key be found again by the part of it that a row keeps? */
static bool is_station_known(const struct fold *fold, const struct record *record)
{
    const struct directory_station *station = station_of(fold, record->station);
    return station != NULL && memcmp(station->device, record->station, sizeof record->station) == 0;
}

static struct entry entry_of(const struct record_outline *outline)
{
    const struct rule_machine *machine = rule_machine(outline->machine);
    bool final = machine == NULL || (machine->final_states >> outline->state & 1) != 0;
    struct entry entry = {(uint8_t)outline->machine, outline->state, 0,
                          periods_of(outline->from_day, outline->until_day)};
    if (!final && outline->machine == MACHINE_CASE) {
        bool none = outline->due_day == 0 || outline->due_day > NO_DUE_DAY;
        entry.due = none ? NO_DUE_DAY : (uint32_t)outline->due_day;
    }
    return entry;
}

/* What the index says of a record now. */
static bool entry_get(const struct fold *fold, struct kv_txn *txn, const uint8_t *id,
                      struct entry *ret)
{
    struct span bytes;
    struct record_outline outline;
    if (!view(fold, txn, FOLD_TENTATIVE, id, &bytes)) {
        return false;
    }
    if (!record_outline(bytes, &outline)) {
        txn->err = ERR_STORE;
        return false;
    }
    *ret = entry_of(&outline);
    return true;
}

/* From what the index said (NULL: nothing) to what it should say (NULL: nothing). */
static void entry_change(const struct fold *fold, struct kv_txn *txn, const uint8_t *id,
                         const struct entry *old, const struct entry *now)
{
    struct kv_key key;
    uint8_t due[4];
    bool same_state =
        old != NULL && now != NULL && old->machine == now->machine && old->state == now->state;
    bool same_due = old != NULL && now != NULL && old->due == now->due;
    if (old != NULL && old->due != 0 && !same_due) {
        kv_delete(txn, KV_INDEX, due_key(&key, fold, old->due, id));
    }
    if (old != NULL && !same_state) {
        kv_delete(txn, KV_INDEX, state_key(&key, fold, old->machine, old->state, id));
    }
    static const struct periods none = {0, 0, 0};
    if (old != NULL || now != NULL) {
        const struct entry *either = now != NULL ? now : old;
        periods_change(fold, txn, (enum machine_id)either->machine, id,
                       old == NULL ? &none : &old->periods, now == NULL ? &none : &now->periods);
    }
    if (now != NULL && !(same_state && same_due)) {
        put_u32(due, now->due);
        kv_put(txn, KV_INDEX, state_key(&key, fold, now->machine, now->state, id),
               span_of(due, now->due == 0 ? 0 : sizeof due));
    }
    if (now != NULL && now->due != 0 && !same_due) {
        kv_put(txn, KV_INDEX, due_key(&key, fold, now->due, id), span_of(NULL, 0));
    }
}

void fold_record_put(const struct fold *fold, struct kv_txn *txn, enum fold_space space,
                     const struct record *record)
{
    struct kv_key key;
    struct entry old;
    struct span name = id_key(&key, fold, record->id);
    struct buf *value = fold->record_bytes;
    bool tentative = space == FOLD_TENTATIVE;
    bool shows = tentative || !kv_has(txn, KV_TENTATIVE, name);
    bool had = shows && entry_get(fold, txn, record->id, &old);
    buf_clear(value);
    record_encode_row(record, is_station_known(fold, record), value);
    if (value->err != ERR_NONE && txn->err == ERR_NONE) {
        txn->err = value->err;
    }
    kv_put(txn, tentative ? KV_TENTATIVE : KV_RECORD, name, buf_span(value));
    if (shows) {
        struct record_outline outline;
        record_outline_of(record, &outline);
        struct entry now = entry_of(&outline);
        entry_change(fold, txn, record->id, had ? &old : NULL, &now);
    }
}

void fold_tentative_drop(const struct fold *fold, struct kv_txn *txn,
                         const uint8_t id[LIMIT_ID_SIZE])
{
    struct kv_key key;
    struct entry now;
    struct entry old;
    struct span name = id_key(&key, fold, id);
    if (!kv_has(txn, KV_TENTATIVE, name)) {
        return;
    }
    bool had = entry_get(fold, txn, id, &old);
    kv_delete(txn, KV_TENTATIVE, name);
    bool proven = entry_get(fold, txn, id, &now);
    entry_change(fold, txn, id, had ? &old : NULL, proven ? &now : NULL);
}

struct walk {
    fold_visit visit;
    void *context;
    size_t id_at; /* where the id stands in the key */
    const uint8_t *skip;
};

static bool walk_one(void *context, struct span key, struct span value)
{
    struct walk *walk = context;
    if (key.size != walk->id_at + LIMIT_ID_SIZE) {
        return true;
    }
    const uint8_t *id = key.data + walk->id_at;
    if (walk->skip != NULL && memcmp(walk->skip, id, LIMIT_ID_SIZE) == 0) {
        return true;
    }
    uint32_t due = walk->id_at == 6  ? get_u32(key.data + 2)
                   : value.size == 4 ? get_u32(value.data)
                                     : 0;
    return walk->visit(walk->context, id, due == NO_DUE_DAY ? 0 : due);
}

void fold_list_due(const struct fold *fold, struct kv_txn *txn, uint32_t from_day, fold_visit visit,
                   void *context)
{
    struct kv_key prefix;
    struct kv_key from;
    struct walk walk = {visit, context, 6, NULL};
    kv_key_init(&prefix);
    kv_key_u8(&prefix, fold->log.slot);
    kv_key_u8(&prefix, 'D');
    kv_scan(txn, KV_INDEX, kv_key_span(&prefix), due_key(&from, fold, from_day, NULL), walk_one,
            &walk);
}

void fold_list_state(const struct fold *fold, struct kv_txn *txn, enum machine_id machine,
                     uint16_t state, const uint8_t *after, fold_visit visit, void *context)
{
    struct kv_key prefix;
    struct kv_key from;
    struct walk walk = {visit, context, 5, after};
    kv_scan(txn, KV_INDEX, state_key(&prefix, fold, (uint8_t)machine, state, NULL),
            state_key(&from, fold, (uint8_t)machine, state, after), walk_one, &walk);
}
