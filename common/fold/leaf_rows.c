#include "fold/leaf_rows.h"

#include "base/check.h"
#include "fold/log.h"
#include "store/keys.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

enum {
    ROW_PLAIN = 1,
    ROW_PACKED = 3,
    ROW_SIZE = 160 * 1024, /* bytes of a row before packing: fits a value even if nothing shrinks */
    PENDING_SIZE = 64 << 20 /* of one transaction */
};
_Static_assert(ROW_SIZE + 4096 <= KV_VALUE_SIZE, "a row fits a value");

enum { WHOLE_GROUPS = LOG_PENDING / LEAF_GROUP };

/* A whole group of what is pending, as its row. */
struct packed_group {
    struct buf row;
    bool made; /* false: it takes more than one row, or there was no memory */
};

struct leaf_rows {
    uint8_t slot;
    struct leaf_run pending; /* appended, not flushed */
    struct leaf_run cached;  /* the row read last */
    struct leaf_run group;   /* being put together */
    struct buf value;
    struct packed_group packed[WHOLE_GROUPS];
    size_t packed_count;   /* 0: none was packed ahead */
    uint64_t packed_first; /* group number of the first of them */
    /* Ids of the group that is not whole yet, as far as they are known; else zeros. */
    uint64_t open_group;
    uint8_t open_ids[LEAF_GROUP][LIMIT_HASH_SIZE];
};

enum err leaf_rows_new(uint8_t slot, struct leaf_rows **ret_rows)
{
    struct leaf_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL) {
        return ERR_MEMORY;
    }
    rows->slot = slot;
    leaf_run_init(&rows->pending, PENDING_SIZE);
    leaf_run_init(&rows->cached, KV_VALUE_SIZE);
    leaf_run_init(&rows->group, (size_t)LEAF_GROUP * LIMIT_LEAF_SIZE);
    buf_init(&rows->value, KV_VALUE_SIZE);
    for (size_t i = 0; i < WHOLE_GROUPS; i++) {
        buf_init(&rows->packed[i].row, KV_VALUE_SIZE);
    }
    *ret_rows = rows;
    return ERR_NONE;
}

void leaf_rows_free(struct leaf_rows *rows)
{
    if (rows != NULL) {
        leaf_run_done(&rows->pending);
        leaf_run_done(&rows->cached);
        leaf_run_done(&rows->group);
        buf_done(&rows->value);
        for (size_t i = 0; i < WHOLE_GROUPS; i++) {
            buf_done(&rows->packed[i].row);
        }
        free(rows);
    }
}

static struct span row_key(struct kv_key *key, const struct leaf_rows *rows, uint64_t last)
{
    kv_key_init(key);
    kv_key_u8(key, rows->slot);
    kv_key_u64(key, last);
    return kv_key_span(key);
}

bool leaf_rows_append(struct leaf_rows *rows, uint64_t index, struct span leaf,
                      const uint8_t id[LIMIT_HASH_SIZE])
{
    if (rows->pending.count == 0) {
        leaf_run_clear(&rows->pending, index);
    }
    CHECK(index == rows->pending.first + rows->pending.count);
    return leaf_run_add(&rows->pending, leaf, id);
}

struct span leaf_rows_pending(const struct leaf_rows *rows, uint64_t index)
{
    CHECK(leaf_run_has(&rows->pending, index));
    return leaf_run_view(&rows->pending, index);
}

/* --- Writing --- */

/* The leaves [from, to) of run as the body of a row. */
static void put_body(const struct leaf_run *run, size_t from, size_t to, struct buf *ret)
{
    for (size_t i = from; i < to; i++) {
        buf_put_u16(ret, (uint16_t)(run->start[i + 1] - run->start[i]));
    }
    buf_put(ret, run->bytes.data + run->start[from], run->start[to] - run->start[from]);
}

/* The leaves [from, to) of run as a row's value. */
static enum err make_row(const struct leaf_run *run, const size_t bounds[2], bool packed,
                         struct buf *ret)
{
    enum err err = ERR_NONE;
    buf_clear(ret);
    buf_put_u8(ret, packed ? ROW_PACKED : ROW_PLAIN);
    buf_put_u16(ret, (uint16_t)(bounds[1] - bounds[0]));
    if (packed) {
        err = leaf_pack(run, bounds, ret);
    } else {
        put_body(run, bounds[0], bounds[1], ret);
    }
    return err != ERR_NONE ? err : ret->err;
}

static void write_row(struct leaf_rows *rows, struct kv_txn *txn, const struct leaf_run *run,
                      const size_t bounds[2], bool packed)
{
    struct kv_key key;
    enum err err = make_row(run, bounds, packed, &rows->value);
    if (err != ERR_NONE) {
        kv_fail(txn, err);
        return;
    }
    kv_put(txn, KV_LEAF, row_key(&key, rows, run->first + bounds[1] - 1), buf_span(&rows->value));
}

static bool fits_row(const struct leaf_run *run, size_t from, size_t to)
{
    return run->start[to] - run->start[from] + LEAF_PACK_EACH * (to - from) <= ROW_SIZE;
}

/* The leaves [from, to) of run, which lie in one group, as rows. */
static void write_rows(struct leaf_rows *rows, struct kv_txn *txn, const struct leaf_run *run,
                       const size_t bounds[2], bool packed)
{
    size_t from = bounds[0];
    while (from < bounds[1]) {
        size_t to = from + 1;
        while (to < bounds[1] && fits_row(run, from, to + 1)) {
            to++;
        }
        size_t row[2] = {from, to};
        write_row(rows, txn, run, row, packed);
        from = to;
    }
}

/* --- Reading --- */

static enum err read_plain(struct reader *reader, size_t count, struct leaf_run *ret)
{
    struct span sizes = reader_bytes(reader, count * 2);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        struct span leaf = reader_bytes(reader, get_u16(sizes.data + i * 2));
        if (!reader->failed && !leaf_run_add(ret, leaf, NULL)) {
            return ERR_MEMORY;
        }
    }
    return reader->failed || reader->left != 0 ? ERR_STORE : ERR_NONE;
}

/* A stored row into ret, as far as its bytes make sense. */
static enum err read_row(struct span value, uint64_t last, struct leaf_run *ret)
{
    struct reader reader;
    reader_init(&reader, value);
    uint8_t form = reader_u8(&reader);
    size_t count = reader_u16(&reader);
    if (reader.failed || count == 0 || count > LEAF_GROUP || count - 1 > last) {
        return ERR_STORE;
    }
    leaf_run_clear(ret, last + 1 - count);
    return form == ROW_PACKED  ? leaf_unpack(span_of(reader.data, reader.left), count, ret)
           : form == ROW_PLAIN ? read_plain(&reader, count, ret)
                               : ERR_STORE;
}

struct finding {
    struct leaf_run *run;
    enum err err;
};

static bool take_row(void *context, struct span key, struct span value)
{
    struct finding *finding = context;
    finding->err = key.size == 9 ? read_row(value, get_u64(key.data + 1), finding->run) : ERR_STORE;
    return false;
}

/* The row with index, if there is one, into run. */
static bool load(struct leaf_rows *rows, struct kv_txn *txn, uint64_t index, struct leaf_run *run)
{
    struct kv_key key;
    struct finding finding = {run, ERR_NONE};
    leaf_run_clear(run, 0);
    kv_scan(txn, KV_LEAF, span_of(&rows->slot, 1), row_key(&key, rows, index), take_row, &finding);
    if (finding.err != ERR_NONE || txn->err != ERR_NONE) {
        leaf_run_clear(run, 0);
        kv_fail(txn, finding.err);
        return false;
    }
    return leaf_run_has(run, index);
}

bool leaf_rows_get(struct leaf_rows *rows, struct kv_txn *txn, uint64_t index,
                   struct span *ret_leaf)
{
    if (leaf_run_has(&rows->pending, index)) {
        *ret_leaf = leaf_run_view(&rows->pending, index);
        return true;
    }
    if (!leaf_run_has(&rows->cached, index) && !load(rows, txn, index, &rows->cached)) {
        return false;
    }
    *ret_leaf = leaf_run_view(&rows->cached, index);
    return true;
}

void leaf_rows_put(struct leaf_rows *rows, struct kv_txn *txn, uint64_t index, struct span leaf)
{
    size_t bounds[2] = {0, 1};
    struct leaf_run *run = &rows->group;
    leaf_run_clear(&rows->cached, 0);
    leaf_run_clear(run, index);
    if (leaf_run_add(run, leaf, NULL)) {
        write_rows(rows, txn, run, bounds, false);
    } else {
        kv_fail(txn, ERR_MEMORY);
    }
}

/* --- Flushing --- */

/* The id of a leaf in the group that is being put together; zeros when it has none. */
static const uint8_t *id_of(const struct leaf_rows *rows, uint64_t index, struct span leaf,
                            uint8_t room[LIMIT_HASH_SIZE])
{
    static const uint8_t none[LIMIT_HASH_SIZE];
    const uint8_t *kept = rows->open_ids[index % LEAF_GROUP];
    if (leaf_run_has(&rows->pending, index)) {
        return leaf_run_id(&rows->pending, (size_t)(index - rows->pending.first));
    }
    if (rows->open_group == index / LEAF_GROUP && memcmp(kept, none, sizeof none) != 0) {
        return kept;
    }
    return leaf_id(leaf, room) ? room : none;
}

/* Remembers the ids of the group that what is pending leaves open. */
static void keep_ids(struct leaf_rows *rows)
{
    const struct leaf_run *pending = &rows->pending;
    uint64_t end = pending->first + pending->count;
    uint64_t group = end / LEAF_GROUP;
    uint64_t first = group * LEAF_GROUP > pending->first ? group * LEAF_GROUP : pending->first;
    if (rows->open_group != group) {
        memset(rows->open_ids, 0, sizeof rows->open_ids);
        rows->open_group = group;
    }
    for (uint64_t index = first; index < end; index++) {
        memcpy(rows->open_ids[index % LEAF_GROUP],
               leaf_run_id(pending, (size_t)(index - pending->first)), LIMIT_HASH_SIZE);
    }
}

/* The group that pending completes, of which the leaves before pending are stored already. */
static bool gather(struct leaf_rows *rows, struct kv_txn *txn, uint64_t first)
{
    struct kv_key key;
    struct span leaf;
    uint8_t room[LIMIT_HASH_SIZE];
    leaf_run_clear(&rows->group, first);
    for (uint64_t index = first; index < first + LEAF_GROUP; index++) {
        if (!leaf_rows_get(rows, txn, index, &leaf)) {
            kv_fail(txn, ERR_STORE);
            return false;
        }
        if (!leaf_run_add(&rows->group, leaf, id_of(rows, index, leaf, room))) {
            kv_fail(txn, ERR_MEMORY);
            return false;
        }
        /* A plain row goes with its last leaf. */
        if (index < rows->pending.first && !leaf_run_has(&rows->cached, index + 1)) {
            kv_delete(txn, KV_LEAF, row_key(&key, rows, index));
        }
    }
    return true;
}

/* The bounds within what is pending of the whole group of it that begins with first. */
static void group_bounds(const struct leaf_rows *rows, uint64_t first, size_t ret[2])
{
    ret[0] = (size_t)(first - rows->pending.first);
    ret[1] = ret[0] + LEAF_GROUP;
}

size_t leaf_rows_whole(struct leaf_rows *rows)
{
    const struct leaf_run *pending = &rows->pending;
    uint64_t end = (pending->first + pending->count) / LEAF_GROUP;
    rows->packed_first = (pending->first + LEAF_GROUP - 1) / LEAF_GROUP;
    rows->packed_count = end > rows->packed_first ? (size_t)(end - rows->packed_first) : 0;
    if (rows->packed_count > WHOLE_GROUPS) {
        rows->packed_count = 0;
    }
    return rows->packed_count;
}

void leaf_rows_pack(struct leaf_rows *rows, size_t i)
{
    struct packed_group *packed = &rows->packed[i];
    size_t bounds[2];
    group_bounds(rows, (rows->packed_first + i) * LEAF_GROUP, bounds);
    packed->made = fits_row(&rows->pending, bounds[0], bounds[1]) &&
                   make_row(&rows->pending, bounds, true, &packed->row) == ERR_NONE;
}

/* A whole group that lies within what is pending. */
static void write_whole(struct leaf_rows *rows, struct kv_txn *txn, uint64_t first)
{
    struct kv_key key;
    size_t i = (size_t)(first / LEAF_GROUP - rows->packed_first);
    size_t bounds[2];
    if (i < rows->packed_count && rows->packed[i].made) {
        kv_put(txn, KV_LEAF, row_key(&key, rows, first + LEAF_GROUP - 1),
               buf_span(&rows->packed[i].row));
        return;
    }
    group_bounds(rows, first, bounds);
    write_rows(rows, txn, &rows->pending, bounds, true);
}

static void flush_group(struct leaf_rows *rows, struct kv_txn *txn, uint64_t first)
{
    const struct leaf_run *pending = &rows->pending;
    uint64_t end = pending->first + pending->count;
    if (end >= first + LEAF_GROUP) {
        size_t whole[2] = {0, LEAF_GROUP};
        if (pending->first <= first) {
            write_whole(rows, txn, first);
        } else if (gather(rows, txn, first)) {
            write_rows(rows, txn, &rows->group, whole, true);
        }
        return;
    }
    uint64_t from = pending->first > first ? pending->first : first;
    size_t open[2] = {(size_t)(from - pending->first), pending->count};
    write_rows(rows, txn, pending, open, false);
}

void leaf_rows_flush(struct leaf_rows *rows, struct kv_txn *txn)
{
    uint64_t end = rows->pending.first + rows->pending.count;
    if (rows->pending.count == 0) {
        return;
    }
    uint64_t group = rows->pending.first / LEAF_GROUP * LEAF_GROUP;
    while (group < end && txn->err == ERR_NONE) {
        flush_group(rows, txn, group);
        group += LEAF_GROUP;
    }
    keep_ids(rows);
    leaf_run_clear(&rows->pending, 0);
    rows->packed_count = 0;
}
