#include "township-hub/history.h"

#include "base/sort.h"
#include "store/keys.h"

#include <stdlib.h>
#include <string.h>

enum {
    NOTES_MIN = 256,
    ROW_COUNT = 4096, /* of one row: far below the largest value */
    /* Of a record's id stand in a key: its time, by which rows come in order, and of the rest as
     * much as tells apart what began in the same millisecond. */
    NAME_HEAD = 6,
    NAME_TAIL = 4,
    INDEX_SIZE = 5,
    KEY_SIZE = 1 + NAME_HEAD + NAME_TAIL + INDEX_SIZE
};

struct note {
    uint8_t record[LIMIT_ID_SIZE];
    uint64_t index;
};

struct history {
    uint64_t from;
    size_t count;
    size_t capacity;
    struct note *notes;
    struct sort_item *order; /* of the notes, by record and index; then room to sort them */
    bool lost;               /* no memory for a note: the index is made anew from here */
    struct buf row;
};

enum err history_new(struct history **ret_history)
{
    struct history *history = calloc(1, sizeof *history);
    if (history == NULL) {
        return ERR_MEMORY;
    }
    buf_init(&history->row, (size_t)VARINT_SIZE * ROW_COUNT);
    *ret_history = history;
    return ERR_NONE;
}

void history_free(struct history *history)
{
    if (history != NULL) {
        buf_done(&history->row);
        free(history->notes);
        free(history->order);
        free(history);
    }
}

static struct span record_key(struct kv_key *key, const uint8_t *record)
{
    kv_key_init(key);
    kv_key_u8(key, 'H');
    kv_key_bytes(key, span_of(record, NAME_HEAD));
    kv_key_bytes(key, span_of(record + LIMIT_ID_SIZE - NAME_TAIL, NAME_TAIL));
    return kv_key_span(key);
}

static struct span row_key(struct kv_key *key, const uint8_t *record, uint64_t index)
{
    uint8_t bytes[8];
    put_u64(bytes, index);
    (void)record_key(key, record);
    kv_key_bytes(key, span_of(bytes + sizeof bytes - INDEX_SIZE, INDEX_SIZE));
    return kv_key_span(key);
}

uint64_t history_reach(struct kv_txn *txn)
{
    struct buf value;
    uint64_t reach = 0;
    buf_init(&value, 64);
    if (kv_get(txn, KV_CACHE, span_of("I", 1), &value) && value.size == sizeof reach) {
        reach = get_u64(value.data);
    }
    buf_done(&value);
    return reach;
}

static void write_reach(struct kv_txn *txn, uint64_t reach)
{
    uint8_t bytes[sizeof reach];
    put_u64(bytes, reach);
    kv_put(txn, KV_CACHE, span_of("I", 1), span_of(bytes, sizeof bytes));
}

void history_restart(struct kv_txn *txn)
{
    write_reach(txn, 0);
}

/* --- Writing --- */

void history_begin(struct history *history, uint64_t size)
{
    history->from = size;
    history->count = 0;
    history->lost = false;
}

static bool make_room(struct history *history)
{
    size_t capacity = history->capacity == 0 ? NOTES_MIN : history->capacity * 2;
    struct note *notes = realloc(history->notes, capacity * sizeof *notes);
    if (notes == NULL) {
        return false;
    }
    history->notes = notes;
    struct sort_item *order = realloc(history->order, 2 * capacity * sizeof *order);
    if (order == NULL) {
        return false;
    }
    history->order = order;
    history->capacity = capacity;
    return true;
}

void history_note(struct history *history, const uint8_t record[LIMIT_ID_SIZE], uint64_t index)
{
    if (history->count == history->capacity && !make_room(history)) {
        history->lost = true;
        return;
    }
    struct note *note = &history->notes[history->count++];
    memcpy(note->record, record, sizeof note->record);
    note->index = index;
}

static const struct note *note_at(const struct history *history, size_t at)
{
    return &history->notes[history->order[at].value];
}

/* Eight bytes of the ten that stand in a key: not the first of the time, which stays the same for
 * decades, nor the last one. */
static uint64_t short_name(const uint8_t *record)
{
    return get_u64(record + NAME_HEAD - 5) >> 24 << 24 |
           get_u32(record + LIMIT_ID_SIZE - NAME_TAIL) >> 8;
}

/* Has each record here a short name of its own? */
static bool are_told_apart(const struct history *history)
{
    for (size_t i = 1; i < history->count; i++) {
        const uint8_t *before = note_at(history, i - 1)->record;
        if (history->order[i].key == history->order[i - 1].key &&
            memcmp(note_at(history, i)->record, before, LIMIT_ID_SIZE) != 0) {
            return false;
        }
    }
    return true;
}

/* By record; those of one stay in the order of the log. As a rule by short names, so that rows are
 * written as the store has them. Where two records have the same one, by both halves of the id:
 * first by the second, then by the first, since what is alike in that stays in order. */
static void sort(struct history *history)
{
    _Static_assert(LIMIT_ID_SIZE == 2 * sizeof(uint64_t), "halves of an id");
    struct sort_item *order = history->order;
    struct sort_item *room = order + history->capacity;
    for (size_t i = 0; i < history->count; i++) {
        order[i] = (struct sort_item){short_name(history->notes[i].record), i};
    }
    sort_items(order, room, history->count);
    if (are_told_apart(history)) {
        return;
    }
    for (size_t i = 0; i < history->count; i++) {
        order[i] = (struct sort_item){get_u64(history->notes[i].record + sizeof(uint64_t)), i};
    }
    sort_items(order, room, history->count);
    for (size_t i = 0; i < history->count; i++) {
        order[i].key = get_u64(note_at(history, i)->record);
    }
    sort_items(order, room, history->count);
}

/* One row from the notes at, as many as are of one record; returns how many. */
static size_t write_row(struct history *history, struct kv_txn *txn, size_t at)
{
    const struct note *first = note_at(history, at);
    uint64_t last = first->index;
    struct kv_key key;
    size_t count = 1;
    buf_clear(&history->row);
    while (at + count < history->count && count < ROW_COUNT) {
        const struct note *note = note_at(history, at + count);
        if (memcmp(note->record, first->record, sizeof first->record) != 0) {
            break;
        }
        buf_put_varint(&history->row, note->index - last);
        last = note->index;
        count++;
    }
    kv_put(txn, KV_CACHE, row_key(&key, first->record, first->index), buf_span(&history->row));
    if (history->row.err != ERR_NONE && txn->err == ERR_NONE) {
        txn->err = history->row.err;
    }
    return count;
}

void history_flush(struct history *history, struct kv_txn *txn, uint64_t size)
{
    if (history->lost || size == history->from || history_reach(txn) != history->from) {
        return;
    }
    if (history->count > 0) {
        sort(history);
    }
    for (size_t at = 0; at < history->count && txn->err == ERR_NONE;) {
        at += write_row(history, txn, at);
    }
    write_reach(txn, size);
}

/* --- Reading --- */

struct walk {
    bool (*visit)(void *context, uint64_t index);
    void *context;
};

static bool walk_row(void *context, struct span key, struct span value)
{
    const struct walk *walk = context;
    struct reader name;
    struct reader row;
    reader_init(&name, key);
    (void)reader_bytes(&name, KEY_SIZE - INDEX_SIZE);
    uint64_t high = reader_u8(&name);
    uint64_t index = high << 32 | reader_u32(&name);
    reader_init(&row, value);
    bool more = !name.failed && walk->visit(walk->context, index);
    while (more && row.left > 0) {
        index += reader_varint(&row);
        more = !row.failed && walk->visit(walk->context, index);
    }
    return more;
}

void history_each(struct kv_txn *txn, const uint8_t record[LIMIT_ID_SIZE],
                  bool (*visit)(void *context, uint64_t index), void *context)
{
    struct kv_key key;
    struct walk walk = {visit, context};
    kv_scan(txn, KV_CACHE, record_key(&key, record), span_of(NULL, 0), walk_row, &walk);
}
