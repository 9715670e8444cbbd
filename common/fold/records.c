#include "fold/fold.h"
#include "fold/scratch.h"
#include "store/keys.h"

#include <string.h>

/* KV_INDEX keys: slot 'R' id -> what the other entries of this record say;
 * slot 'D' due u32 id -> ""; slot 'S' machine u8 state u16 id -> due u32. */

enum { NO_DUE_DAY = 0x7fffffff };

struct entry {
    uint8_t machine;
    uint16_t state;
    uint32_t due; /* NO_DUE_DAY: open but none; 0: not in the due list */
};

static struct span id_key(struct kv_key *key, const struct fold *fold, const uint8_t *id)
{
    kv_key_init(key);
    kv_key_u8(key, fold->log.slot);
    kv_key_bytes(key, span_of(id, LIMIT_ID_SIZE));
    return kv_key_span(key);
}

static struct span info_key(struct kv_key *key, const struct fold *fold, const uint8_t *id)
{
    kv_key_init(key);
    kv_key_u8(key, fold->log.slot);
    kv_key_u8(key, 'R');
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

bool fold_record_get(const struct fold *fold, struct kv_txn *txn, enum fold_space space,
                     const uint8_t id[LIMIT_ID_SIZE], struct record *ret)
{
    struct kv_key key;
    struct buf value;
    buf_init(&value, LIMIT_RECORD_SIZE);
    bool found =
        (space == FOLD_TENTATIVE && kv_get(txn, KV_TENTATIVE, id_key(&key, fold, id), &value)) ||
        kv_get(txn, KV_RECORD, id_key(&key, fold, id), &value);
    if (found) {
        enum err err = record_decode(buf_span(&value), ret);
        if (err != ERR_NONE && txn->err == ERR_NONE) {
            txn->err = ERR_STORE;
        }
        found = err == ERR_NONE;
    }
    buf_done(&value);
    return found;
}

static void entry_of(const struct record *record, struct entry *ret)
{
    const struct rule_machine *machine = rule_machine(record->machine);
    bool final = machine == NULL || (machine->final_states >> record->state & 1) != 0;
    uint64_t due = values_number(&record->facts, FIELD_due_day, 0);
    ret->machine = (uint8_t)record->machine;
    ret->state = record->state;
    ret->due = final || record->machine != MACHINE_CASE ? 0
               : due == 0 || due > NO_DUE_DAY           ? NO_DUE_DAY
                                                        : (uint32_t)due;
}

static bool entry_get(const struct fold *fold, struct kv_txn *txn, const uint8_t *id,
                      struct entry *ret)
{
    struct kv_key key;
    struct buf value;
    struct reader reader;
    buf_init(&value, 16);
    bool found = kv_get(txn, KV_INDEX, info_key(&key, fold, id), &value);
    reader_init(&reader, buf_span(&value));
    ret->machine = reader_u8(&reader);
    ret->state = reader_u16(&reader);
    ret->due = reader_u32(&reader);
    buf_done(&value);
    return found;
}

static void entry_put(const struct fold *fold, struct kv_txn *txn, const uint8_t *id,
                      const struct entry *now)
{
    struct kv_key key;
    struct entry old;
    uint8_t bytes[7] = {now->machine};
    bool had = entry_get(fold, txn, id, &old);
    bool same_state = had && old.machine == now->machine && old.state == now->state;
    if (same_state && old.due == now->due) {
        return;
    }
    if (had && old.due != 0 && old.due != now->due) {
        kv_delete(txn, KV_INDEX, due_key(&key, fold, old.due, id));
    }
    if (had && !same_state) {
        kv_delete(txn, KV_INDEX, state_key(&key, fold, old.machine, old.state, id));
    }
    put_u16(bytes + 1, now->state);
    put_u32(bytes + 3, now->due);
    kv_put(txn, KV_INDEX, info_key(&key, fold, id), span_of(bytes, sizeof bytes));
    kv_put(txn, KV_INDEX, state_key(&key, fold, now->machine, now->state, id),
           span_of(bytes + 3, 4));
    if (now->due != 0 && (!had || old.due != now->due)) {
        kv_put(txn, KV_INDEX, due_key(&key, fold, now->due, id), span_of(bytes, 1));
    }
}

void fold_record_put(const struct fold *fold, struct kv_txn *txn, enum fold_space space,
                     const struct record *record)
{
    struct kv_key key;
    struct buf value;
    struct entry entry;
    bool tentative = space == FOLD_TENTATIVE;
    buf_init(&value, LIMIT_RECORD_SIZE);
    record_encode(record, &value);
    if (value.err != ERR_NONE && txn->err == ERR_NONE) {
        txn->err = value.err;
    }
    kv_put(txn, tentative ? KV_TENTATIVE : KV_RECORD, id_key(&key, fold, record->id),
           buf_span(&value));
    buf_done(&value);
    /* The index shows what people see: tentative facts hide proven ones. */
    if (tentative || !kv_has(txn, KV_TENTATIVE, id_key(&key, fold, record->id))) {
        entry_of(record, &entry);
        entry_put(fold, txn, record->id, &entry);
    }
}

void fold_tentative_drop(const struct fold *fold, struct kv_txn *txn,
                         const uint8_t id[LIMIT_ID_SIZE])
{
    struct kv_key key;
    struct entry entry;
    struct entry old;
    if (!kv_has(txn, KV_TENTATIVE, id_key(&key, fold, id))) {
        return;
    }
    kv_delete(txn, KV_TENTATIVE, id_key(&key, fold, id));
    if (fold_record_get(fold, txn, FOLD_PROVEN, id, &fold->scratch[FOLD_SCRATCH_DROP])) {
        entry_of(&fold->scratch[FOLD_SCRATCH_DROP], &entry);
        entry_put(fold, txn, id, &entry);
        return;
    }
    if (entry_get(fold, txn, id, &old)) {
        kv_delete(txn, KV_INDEX, due_key(&key, fold, old.due, id));
        kv_delete(txn, KV_INDEX, state_key(&key, fold, old.machine, old.state, id));
        kv_delete(txn, KV_INDEX, info_key(&key, fold, id));
    }
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
