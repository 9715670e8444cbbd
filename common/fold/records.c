#include "fold/fold.h"
#include "fold/periods.h"
#include "fold/scratch.h"
#include "rules/civil.h"
#include "store/keys.h"

#include <string.h>

/* KV_INDEX keys: slot 'D' due u32 id -> ""; slot 'S' machine u8 state u8 month u16 id -> how many
 * months behind that one its last is, u8, and due u32, without zeros at the end; slot 'P' for long
 * lives: periods.c. What they say of a record is read off its stored bytes before those change. */

enum { NO_DUE_DAY = 0x7fffffff };

struct entry {
    uint8_t machine;
    uint8_t state;
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

enum { STATE_AT = 3, MONTH_AT = 4, ID_AT = 6, DUE_SIZE = 4 }; /* in keys of 'S' */

static struct span machine_key(struct kv_key *key, const struct fold *fold, uint8_t machine)
{
    kv_key_init(key);
    kv_key_u8(key, fold->log.slot);
    kv_key_u8(key, 'S');
    kv_key_u8(key, machine);
    return kv_key_span(key);
}

static struct span month_key(struct kv_key *key, const struct fold *fold, uint8_t machine,
                             uint8_t state, uint16_t month)
{
    (void)machine_key(key, fold, machine);
    kv_key_u8(key, state);
    kv_key_u8(key, (uint8_t)(month >> 8));
    kv_key_u8(key, (uint8_t)month);
    return kv_key_span(key);
}

static struct span state_key(struct kv_key *key, const struct fold *fold, const struct entry *entry,
                             const uint8_t *id)
{
    (void)month_key(key, fold, entry->machine, entry->state, entry->periods.month);
    kv_key_bytes(key, span_of(id, LIMIT_ID_SIZE));
    return kv_key_span(key);
}

static struct span state_value(const struct entry *entry, uint8_t room[1 + DUE_SIZE])
{
    room[0] = periods_reach(&entry->periods);
    put_u32(room + 1, entry->due);
    return span_of(room, entry->due != 0 ? 1 + DUE_SIZE : room[0] != 0 ? 1 : 0);
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
    struct entry entry = {(uint8_t)outline->machine, (uint8_t)outline->state, 0,
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

/* The row among 'S'; NULL: nothing was or shall be said. */
static void state_change(const struct fold *fold, struct kv_txn *txn, const uint8_t *id,
                         const struct entry *old, const struct entry *now)
{
    struct kv_key key;
    uint8_t was[1 + DUE_SIZE];
    uint8_t is[1 + DUE_SIZE];
    bool same = old != NULL && now != NULL && old->machine == now->machine &&
                old->state == now->state && old->periods.month == now->periods.month;
    if (old != NULL && !same) {
        kv_delete(txn, KV_INDEX, state_key(&key, fold, old, id));
    }
    if (now != NULL && !(same && span_equal(state_value(old, was), state_value(now, is)))) {
        kv_put(txn, KV_INDEX, state_key(&key, fold, now, id), state_value(now, is));
    }
}

/* From what the index said (NULL: nothing) to what it should say (NULL: nothing). */
static void entry_change(const struct fold *fold, struct kv_txn *txn, const uint8_t *id,
                         const struct entry *old, const struct entry *now)
{
    static const struct periods none = {0, 0, 0, 0};
    struct kv_key key;
    bool same_due = old != NULL && now != NULL && old->due == now->due;
    if (old != NULL && old->due != 0 && !same_due) {
        kv_delete(txn, KV_INDEX, due_key(&key, fold, old->due, id));
    }
    state_change(fold, txn, id, old, now);
    if (old != NULL || now != NULL) {
        const struct entry *either = now != NULL ? now : old;
        periods_change(fold, txn, (enum machine_id)either->machine, id,
                       old == NULL ? &none : &old->periods, now == NULL ? &none : &now->periods);
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
    const uint8_t *skip;
    bool more;
    /* Of a list by days: the state that is walked through, the one to go on with, months. */
    unsigned state;
    unsigned next;
    uint16_t from;
    uint16_t until;
};

enum { DUE_ID_AT = 6, STATES = UINT8_MAX + 1 };

static bool walk_due(void *context, struct span key, struct span value)
{
    const struct walk *walk = context;
    (void)value;
    if (key.size != DUE_ID_AT + LIMIT_ID_SIZE) {
        return true;
    }
    uint32_t due = get_u32(key.data + 2);
    return walk->visit(walk->context, key.data + DUE_ID_AT, due == NO_DUE_DAY ? 0 : due);
}

void fold_list_due(const struct fold *fold, struct kv_txn *txn, uint32_t from_day, fold_visit visit,
                   void *context)
{
    struct kv_key prefix;
    struct kv_key from;
    struct walk walk = {.visit = visit, .context = context};
    kv_key_init(&prefix);
    kv_key_u8(&prefix, fold->log.slot);
    kv_key_u8(&prefix, 'D');
    kv_scan(txn, KV_INDEX, kv_key_span(&prefix), due_key(&from, fold, from_day, NULL), walk_due,
            &walk);
}

static bool is_state_row(struct span key, struct span value)
{
    return key.size == ID_AT + LIMIT_ID_SIZE && value.size <= 1 + DUE_SIZE;
}

static bool walk_state(void *context, struct span key, struct span value)
{
    const struct walk *walk = context;
    const uint8_t *id = key.data + ID_AT;
    if (!is_state_row(key, value) ||
        (walk->skip != NULL && memcmp(walk->skip, id, LIMIT_ID_SIZE) == 0)) {
        return true;
    }
    uint32_t due = value.size == 1 + DUE_SIZE ? get_u32(value.data + 1) : 0;
    return walk->visit(walk->context, id, due == NO_DUE_DAY ? 0 : due);
}

/* The month in which a record stands; one that is gone told when it began by its id. */
static uint16_t month_of(const struct fold *fold, struct kv_txn *txn, const uint8_t *id)
{
    struct entry entry;
    if (entry_get(fold, txn, id, &entry)) {
        return entry.periods.month;
    }
    uint64_t high = get_u16(id);
    return periods_month(civil_day_of_ms(high << 32 | get_u32(id + 2)));
}

void fold_list_state(const struct fold *fold, struct kv_txn *txn, enum machine_id machine,
                     uint16_t state, const uint8_t *after, fold_visit visit, void *context)
{
    struct kv_key prefix;
    struct kv_key from;
    struct walk walk = {.visit = visit, .context = context, .skip = after};
    (void)machine_key(&prefix, fold, (uint8_t)machine);
    kv_key_u8(&prefix, (uint8_t)state);
    from = prefix;
    if (after != NULL) {
        (void)month_key(&from, fold, (uint8_t)machine, (uint8_t)state, month_of(fold, txn, after));
        kv_key_bytes(&from, span_of(after, LIMIT_ID_SIZE));
    }
    kv_scan(txn, KV_INDEX, kv_key_span(&prefix), kv_key_span(&from), walk_state, &walk);
}

/* Within a state from the first month in which a record may begin to the last one; then the next
 * state that there is. */
static bool walk_days(void *context, struct span key, struct span value)
{
    struct walk *walk = context;
    if (!is_state_row(key, value)) {
        return true;
    }
    unsigned month = get_u16(key.data + MONTH_AT);
    unsigned reach = value.size == 0 ? 0 : value.data[0];
    if (key.data[STATE_AT] != walk->state || month > walk->until) {
        walk->next = key.data[STATE_AT] != walk->state ? key.data[STATE_AT] : walk->state + 1;
        return false;
    }
    if (reach < PERIODS_MONTHS && month + reach >= walk->from) {
        walk->more = walk->visit(walk->context, key.data + ID_AT, 0);
    }
    return walk->more;
}

static bool is_wanted(const struct fold_period *period, unsigned state)
{
    return period->states == 0 || (state < 32 && (period->states >> state & 1) != 0);
}

bool fold_record_get_of(const struct fold *fold, struct kv_txn *txn, enum fold_space space,
                        const uint8_t id[LIMIT_ID_SIZE], const struct fold_period *period,
                        struct record *ret)
{
    struct kv_key key;
    struct span bytes;
    struct record_outline outline;
    if (!view(fold, txn, space, id, &bytes)) {
        return false;
    }
    bool read = record_outline(bytes, &outline);
    bool touches = read && outline.until_day >= period->from_day &&
                   outline.from_day <= period->until_day && is_wanted(period, outline.state);
    /* What cannot be read is told by who reads it. */
    return (!read || touches) && fold_record_read(fold, txn, id_key(&key, fold, id), bytes, ret);
}

void fold_list_period(const struct fold *fold, struct kv_txn *txn, enum machine_id machine,
                      const struct fold_period *period, fold_visit visit, void *context)
{
    struct kv_key prefix;
    struct kv_key from;
    const int32_t days[2] = {period->from_day, period->until_day};
    struct walk walk = {.visit = visit,
                        .context = context,
                        .more = periods_list(fold, txn, machine, days, visit, context),
                        .from = periods_month(period->from_day),
                        .until = periods_month(period->until_day)};
    uint16_t begin = (uint16_t)(walk.from - (PERIODS_MONTHS - 1));
    struct span all = machine_key(&prefix, fold, (uint8_t)machine);
    for (; walk.more && walk.state < STATES; walk.state = walk.next) {
        walk.next = STATES;
        if (!is_wanted(period, walk.state)) {
            walk.next = walk.state + 1;
            continue;
        }
        kv_scan(txn, KV_INDEX, all,
                month_key(&from, fold, (uint8_t)machine, (uint8_t)walk.state, begin), walk_days,
                &walk);
    }
}
