#include "fold/part_names.h"

#include "base/check.h"
#include "store/keys.h"

#include <stdlib.h>
#include <string.h>

enum { ENTRY_SIZE = PART_NAME_SIZE + VARINT_SIZE, ROW_SIZE = 640 };

struct row {
    uint64_t wanted;
    bool found;
    bool damaged;
    uint64_t bound; /* no name in it is greater */
    size_t size;
    uint8_t bytes[ROW_SIZE];
};

static struct span row_key(struct kv_key *key, uint64_t bound)
{
    kv_key_init(key);
    kv_key_u8(key, 'h');
    kv_key_u64(key, bound);
    return kv_key_span(key);
}

/* The entry at a place; returns where it ends. 0: it is cut off. */
static size_t read_entry(const struct row *row, size_t at, struct part_name *ret)
{
    struct reader reader;
    reader_init(&reader, span_of(row->bytes + at, row->size - at));
    ret->name = reader_u64(&reader);
    ret->place = reader_varint(&reader);
    return reader.failed ? 0 : row->size - reader.left;
}

/* Only what is whole and in order may be changed. */
static bool is_whole(const struct row *row)
{
    struct part_name last = {0};
    struct part_name entry;
    bool whole = true;
    for (size_t at = 0, end = 0; at < row->size && whole; at = end) {
        end = read_entry(row, at, &entry);
        whole = end != 0 && entry.name <= row->bound && (at == 0 || entry.name > last.name);
        last = entry;
    }
    return whole;
}

static bool read_row(void *context, struct span key, struct span value)
{
    struct row *row = context;
    row->found = true;
    row->damaged =
        key.size != 1 + PART_NAME_SIZE || value.size == 0 || value.size > sizeof row->bytes;
    if (!row->damaged) {
        row->bound = get_u64(key.data + 1);
        row->size = value.size;
        memcpy(row->bytes, value.data, value.size);
        row->damaged = !is_whole(row);
    }
    return false;
}

/* The row in which a name stands or would stand. False: there are none yet, or an error. */
static bool load(struct kv_txn *txn, uint64_t name, struct row *ret)
{
    struct kv_key key;
    ret->found = false;
    ret->damaged = false;
    kv_scan(txn, KV_PART, span_text("h"), row_key(&key, name), read_row, ret);
    if (ret->damaged && txn->err == ERR_NONE) {
        txn->err = ERR_STORE;
    }
    return ret->found && txn->err == ERR_NONE;
}

bool part_names_find(struct kv_txn *txn, uint64_t name, uint64_t *ret_place)
{
    struct row row;
    struct part_name entry;
    size_t at = 0;
    if (!load(txn, name, &row)) {
        return false;
    }
    do {
        at = read_entry(&row, at, &entry);
    } while (at < row.size && entry.name < name);
    if (entry.name != name) {
        return false;
    }
    *ret_place = entry.place;
    return true;
}

/* --- Writing --- */

/* A row and what goes into it, in order; each entry's end. */
struct merged {
    uint8_t *bytes;
    size_t *end;
    uint64_t *name;
    size_t count;
};

static void add_entry(struct merged *merged, struct part_name entry)
{
    size_t at = merged->count == 0 ? 0 : merged->end[merged->count - 1];
    put_u64(merged->bytes + at, entry.name);
    uint8_t *end = put_varint(merged->bytes + at + PART_NAME_SIZE, entry.place);
    merged->name[merged->count] = entry.name;
    merged->end[merged->count++] = (size_t)(end - merged->bytes);
}

/* True: there is something new. */
static bool merge(const struct row *row, const struct part_name *names, size_t count,
                  struct merged *ret)
{
    struct part_name old = {0};
    size_t next = read_entry(row, 0, &old);
    size_t at = 0;
    bool changed = false;
    for (size_t i = 0; i < count || at < row->size;) {
        bool has_old = at < row->size;
        bool keeps = has_old && (i == count || old.name <= names[i].name);
        bool both = keeps && i < count && old.name == names[i].name;
        bool moves = both && names[i].place != 0 && names[i].place != old.place;
        add_entry(ret, keeps && !moves ? old : names[i]);
        changed = changed || !keeps || moves;
        i += !keeps || both ? 1 : 0;
        at = keeps ? next : at;
        next = keeps && at < row->size ? read_entry(row, at, &old) : next;
    }
    return changed;
}

/* As few rows as hold all of it, of much the same size; the last one under the bound. */
static void write_rows(struct kv_txn *txn, const struct merged *merged, uint64_t bound)
{
    struct kv_key key;
    size_t size = merged->end[merged->count - 1];
    size_t rows = (size + ROW_SIZE - 1) / ROW_SIZE;
    size_t share = (size + rows - 1) / rows;
    size_t from = 0;
    for (size_t i = 0; i < merged->count; i++) {
        bool last = i + 1 == merged->count;
        size_t end = merged->end[i];
        if (last || end - from >= share || merged->end[i + 1] - from > ROW_SIZE) {
            kv_put(txn, KV_PART, row_key(&key, last ? bound : merged->name[i]),
                   span_of(merged->bytes + from, end - from));
            from = end;
        }
    }
}

/* Puts those names that belong into the row of the first one; returns how many. */
static size_t put_into_row(struct kv_txn *txn, const struct part_name *names, size_t count,
                           struct merged *merged)
{
    struct row row;
    size_t fit = 1;
    if (!load(txn, names[0].name, &row)) {
        row.bound = UINT64_MAX;
        row.size = 0;
    }
    while (fit < count && names[fit].name <= row.bound) {
        CHECK(names[fit].name > names[fit - 1].name);
        fit++;
    }
    merged->count = 0;
    if (txn->err == ERR_NONE && merge(&row, names, fit, merged)) {
        write_rows(txn, merged, row.bound);
    }
    return fit;
}

void part_names_put(struct kv_txn *txn, const struct part_name *names, size_t count)
{
    size_t room = count + ROW_SIZE / (PART_NAME_SIZE + 1);
    struct merged merged = {malloc(room * ENTRY_SIZE), calloc(room, sizeof(size_t)),
                            calloc(room, sizeof(uint64_t)), 0};
    bool good = merged.bytes != NULL && merged.end != NULL && merged.name != NULL;
    if (!good && txn->err == ERR_NONE) {
        txn->err = ERR_MEMORY;
    }
    for (size_t i = 0; i < count && txn->err == ERR_NONE;) {
        i += put_into_row(txn, names + i, count - i, &merged);
    }
    free(merged.bytes);
    free(merged.end);
    free(merged.name);
}
