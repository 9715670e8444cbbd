#include "fold/part_names.h"

#include "store/keys.h"

#include <string.h>

enum { NAME_SIZE = 8, ENTRY_SIZE = NAME_SIZE + VARINT_SIZE, ROW_SIZE = 640 };

/* A row, and where in it a name stands or would stand. */
struct row {
    uint64_t name;
    bool found;
    bool damaged;
    uint64_t bound;
    size_t size;
    size_t at;
    size_t end; /* of the entry at that place: the same place when it is another name's */
    size_t half;
    uint64_t half_name; /* the last one before half */
    uint8_t bytes[ROW_SIZE + ENTRY_SIZE];
};

static struct span row_key(struct kv_key *key, uint64_t name)
{
    kv_key_init(key);
    kv_key_u8(key, 'h');
    kv_key_u64(key, name);
    return kv_key_span(key);
}

/* Where the entry ends that begins at a place; 0: it is cut off. */
static size_t entry_end(const struct row *row, size_t at)
{
    size_t end = at + NAME_SIZE;
    while (end < row->size && row->bytes[end] >= 0x80) {
        end++;
    }
    return end < row->size ? end + 1 : 0;
}

/* Looks through all of it, since only what is whole and in order may be changed. */
static void look(struct row *row)
{
    uint64_t last = 0;
    row->at = row->end = row->size;
    row->half = 0;
    for (size_t at = 0, end = 0; at < row->size && !row->damaged; at = end) {
        end = entry_end(row, at);
        uint64_t name = end == 0 ? 0 : get_u64(row->bytes + at);
        row->damaged = end == 0 || name > row->bound || (at > 0 && name <= last);
        last = name;
        if (row->at == row->size && name >= row->name) {
            row->at = at;
            row->end = name == row->name ? end : at;
        }
        if (row->half == 0 && end >= ROW_SIZE / 2) {
            row->half = end;
            row->half_name = name;
        }
    }
}

static bool read_row(void *context, struct span key, struct span value)
{
    struct row *row = context;
    row->found = true;
    row->damaged = key.size != 1 + NAME_SIZE || value.size == 0 || value.size > ROW_SIZE;
    if (!row->damaged) {
        row->bound = get_u64(key.data + 1);
        row->size = value.size;
        memcpy(row->bytes, value.data, value.size);
        look(row);
    }
    return false;
}

/* The row in which a name stands or would stand. False: there are none yet, or an error. */
static bool load(struct kv_txn *txn, const uint8_t *hash, struct row *ret)
{
    struct kv_key key;
    ret->name = get_u64(hash);
    ret->found = false;
    ret->damaged = false;
    kv_scan(txn, KV_PART, span_text("h"), row_key(&key, ret->name), read_row, ret);
    if (ret->damaged && txn->err == ERR_NONE) {
        txn->err = ERR_STORE;
    }
    return ret->found && txn->err == ERR_NONE;
}

bool part_names_find(struct kv_txn *txn, const uint8_t hash[LIMIT_HASH_SIZE], uint64_t *ret_place)
{
    struct row row;
    struct reader reader;
    if (!load(txn, hash, &row) || row.end == row.at) {
        return false;
    }
    reader_init(&reader, span_of(row.bytes + row.at, row.end - row.at));
    (void)reader_u64(&reader);
    *ret_place = reader_varint(&reader);
    if (reader.failed) {
        txn->err = ERR_STORE;
    }
    return !reader.failed;
}

static void write_rows(struct kv_txn *txn, struct row *row)
{
    struct kv_key key;
    size_t from = 0;
    if (row->size > ROW_SIZE) {
        look(row); /* for the half */
        from = row->half;
        kv_put(txn, KV_PART, row_key(&key, row->half_name), span_of(row->bytes, from));
    }
    kv_put(txn, KV_PART, row_key(&key, row->bound), span_of(row->bytes + from, row->size - from));
}

/* Over the entry that is there, if any. */
static void put(struct kv_txn *txn, struct row *row, uint64_t place)
{
    uint8_t entry[ENTRY_SIZE];
    put_u64(entry, row->name);
    size_t size = (size_t)(put_varint(entry + NAME_SIZE, place) - entry);
    memmove(row->bytes + row->at + size, row->bytes + row->end, row->size - row->end);
    memcpy(row->bytes + row->at, entry, size);
    row->size = row->size - (row->end - row->at) + size;
    write_rows(txn, row);
}

/* The row for a new name. False after an error. */
static bool load_to_write(struct kv_txn *txn, const uint8_t *hash, struct row *ret)
{
    if (!load(txn, hash, ret)) {
        ret->bound = UINT64_MAX;
        ret->size = ret->at = ret->end = 0;
    }
    return txn->err == ERR_NONE;
}

void part_names_put(struct kv_txn *txn, const uint8_t hash[LIMIT_HASH_SIZE], uint64_t place)
{
    struct row row;
    if (load_to_write(txn, hash, &row)) {
        put(txn, &row, place);
    }
}

void part_names_add(struct kv_txn *txn, const uint8_t hash[LIMIT_HASH_SIZE], uint64_t place)
{
    struct row row;
    if (load_to_write(txn, hash, &row) && row.end == row.at) {
        put(txn, &row, place);
    }
}
