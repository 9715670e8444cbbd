#include "fold/leaf_rows.h"

#include "base/check.h"
#include "store/keys.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

enum {
    ROW_PLAIN = 1,
    ROW_PACKED = 2,
    ROW_HEAD = 3,
    ROW_SIZE = 160 * 1024, /* bytes of a row before packing: fits a value even if nothing shrinks */
    PENDING_SIZE = 64 << 20 /* of one transaction */
};
_Static_assert(ROW_SIZE + 4096 <= KV_VALUE_SIZE, "a row fits a value");

/* Leaves that follow one another. */
struct run {
    uint64_t first;
    size_t count;
    uint32_t *start; /* where each begins in bytes; start[count]: their end */
    size_t capacity; /* of start */
    struct buf bytes;
};

struct leaf_rows {
    uint8_t slot;
    struct run pending; /* appended, not flushed */
    struct run cached;  /* the row read last */
    struct run group;   /* being put together */
    struct buf value;
};

static void run_clear(struct run *run, uint64_t first)
{
    run->first = first;
    run->count = 0;
    buf_clear(&run->bytes);
}

static bool run_add(struct run *run, struct span leaf)
{
    if (run->count + 2 > run->capacity) {
        size_t capacity = run->capacity == 0 ? (size_t)LEAF_GROUP * 2 : run->capacity * 2;
        uint32_t *start = realloc(run->start, capacity * sizeof *start);
        if (start == NULL) {
            return false;
        }
        run->start = start;
        run->capacity = capacity;
    }
    run->start[run->count] = (uint32_t)run->bytes.size;
    buf_put_span(&run->bytes, leaf);
    run->count += run->bytes.err == ERR_NONE ? 1 : 0;
    run->start[run->count] = (uint32_t)run->bytes.size;
    return run->bytes.err == ERR_NONE;
}

static bool run_has(const struct run *run, uint64_t index)
{
    return index >= run->first && index - run->first < run->count;
}

static struct span run_leaf(const struct run *run, uint64_t index)
{
    size_t at = (size_t)(index - run->first);
    return span_of(run->bytes.data + run->start[at], run->start[at + 1] - run->start[at]);
}

static void run_done(struct run *run)
{
    free(run->start);
    buf_done(&run->bytes);
}

enum err leaf_rows_new(uint8_t slot, struct leaf_rows **ret_rows)
{
    struct leaf_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL) {
        return ERR_MEMORY;
    }
    rows->slot = slot;
    buf_init(&rows->pending.bytes, PENDING_SIZE);
    buf_init(&rows->cached.bytes, KV_VALUE_SIZE);
    buf_init(&rows->group.bytes, (size_t)LEAF_GROUP * LIMIT_LEAF_SIZE);
    buf_init(&rows->value, KV_VALUE_SIZE);
    *ret_rows = rows;
    return ERR_NONE;
}

void leaf_rows_free(struct leaf_rows *rows)
{
    if (rows != NULL) {
        run_done(&rows->pending);
        run_done(&rows->cached);
        run_done(&rows->group);
        buf_done(&rows->value);
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

static void fail(struct kv_txn *txn, enum err err)
{
    if (txn->err == ERR_NONE) {
        txn->err = err;
    }
}

bool leaf_rows_append(struct leaf_rows *rows, uint64_t index, struct span leaf)
{
    if (rows->pending.count == 0) {
        run_clear(&rows->pending, index);
    }
    CHECK(index == rows->pending.first + rows->pending.count);
    return run_add(&rows->pending, leaf);
}

/* --- Writing --- */

/* The leaves [from, to) of run as the body of a row. */
static void put_body(const struct run *run, size_t from, size_t to, struct buf *ret)
{
    for (size_t i = from; i < to; i++) {
        buf_put_u16(ret, (uint16_t)(run->start[i + 1] - run->start[i]));
    }
    buf_put(ret, run->bytes.data + run->start[from], run->start[to] - run->start[from]);
}

static enum err pack_body(const struct run *run, size_t from, size_t to, struct buf *ret)
{
    struct buf body;
    buf_init(&body, ROW_SIZE);
    put_body(run, from, to, &body);
    buf_put_u32(ret, (uint32_t)body.size);
    enum err err = body.err != ERR_NONE ? body.err : wire_bytes_pack(buf_span(&body), ret);
    buf_done(&body);
    return err;
}

static void write_row(struct leaf_rows *rows, struct kv_txn *txn, const struct run *run,
                      const size_t bounds[2], bool packed)
{
    struct kv_key key;
    struct buf *value = &rows->value;
    size_t from = bounds[0];
    size_t to = bounds[1];
    buf_clear(value);
    buf_put_u8(value, packed ? ROW_PACKED : ROW_PLAIN);
    buf_put_u16(value, (uint16_t)(to - from));
    enum err err = ERR_NONE;
    if (packed) {
        err = pack_body(run, from, to, value);
    } else {
        put_body(run, from, to, value);
    }
    err = err != ERR_NONE ? err : value->err;
    if (err != ERR_NONE) {
        fail(txn, err);
        return;
    }
    kv_put(txn, KV_LEAF, row_key(&key, rows, run->first + to - 1), buf_span(value));
}

/* The leaves [from, to) of run, which lie in one group, as rows. */
static void write_rows(struct leaf_rows *rows, struct kv_txn *txn, const struct run *run,
                       const size_t bounds[2], bool packed)
{
    size_t from = bounds[0];
    while (from < bounds[1]) {
        size_t to = from + 1;
        while (to < bounds[1] &&
               run->start[to + 1] - run->start[from] + 2 * (to + 1 - from) <= ROW_SIZE) {
            to++;
        }
        size_t row[2] = {from, to};
        write_row(rows, txn, run, row, packed);
        from = to;
    }
}

/* --- Reading --- */

/* A stored row into ret, as far as its bytes make sense. */
static enum err read_row(struct span value, uint64_t last, struct run *ret)
{
    struct reader reader;
    struct buf body;
    enum err err = ERR_NONE;
    reader_init(&reader, value);
    uint8_t form = reader_u8(&reader);
    size_t count = reader_u16(&reader);
    if (reader.failed || count == 0 || count > LEAF_GROUP || count - 1 > last) {
        return ERR_STORE;
    }
    run_clear(ret, last + 1 - count);
    buf_init(&body, ROW_SIZE);
    if (form == ROW_PACKED) {
        uint32_t size = reader_u32(&reader);
        err = wire_bytes_unpack(span_of(reader.data, reader.left), size, &body);
        reader_init(&reader, buf_span(&body));
    } else if (form != ROW_PLAIN) {
        err = ERR_STORE;
    }
    struct span sizes = reader_bytes(&reader, count * 2);
    for (size_t i = 0; err == ERR_NONE && i < count && !reader.failed; i++) {
        struct span leaf = reader_bytes(&reader, get_u16(sizes.data + i * 2));
        if (!reader.failed && !run_add(ret, leaf)) {
            err = ERR_MEMORY;
        }
    }
    bool whole = !reader.failed && reader.left == 0;
    buf_done(&body);
    return err == ERR_MEMORY ? err : err == ERR_NONE && whole ? ERR_NONE : ERR_STORE;
}

struct finding {
    struct run *run;
    enum err err;
};

static bool take_row(void *context, struct span key, struct span value)
{
    struct finding *finding = context;
    finding->err = key.size == 9 ? read_row(value, get_u64(key.data + 1), finding->run) : ERR_STORE;
    return false;
}

/* The row with index, if there is one, into run. */
static bool load(struct leaf_rows *rows, struct kv_txn *txn, uint64_t index, struct run *run)
{
    struct kv_key key;
    struct finding finding = {run, ERR_NONE};
    run_clear(run, 0);
    kv_scan(txn, KV_LEAF, span_of(&rows->slot, 1), row_key(&key, rows, index), take_row, &finding);
    if (finding.err != ERR_NONE || txn->err != ERR_NONE) {
        run_clear(run, 0);
        fail(txn, finding.err);
        return false;
    }
    return run_has(run, index);
}

bool leaf_rows_get(struct leaf_rows *rows, struct kv_txn *txn, uint64_t index,
                   struct span *ret_leaf)
{
    if (run_has(&rows->pending, index)) {
        *ret_leaf = run_leaf(&rows->pending, index);
        return true;
    }
    if (!run_has(&rows->cached, index) && !load(rows, txn, index, &rows->cached)) {
        return false;
    }
    *ret_leaf = run_leaf(&rows->cached, index);
    return true;
}

void leaf_rows_put(struct leaf_rows *rows, struct kv_txn *txn, uint64_t index, struct span leaf)
{
    size_t bounds[2] = {0, 1};
    struct run *run = &rows->group;
    run_clear(&rows->cached, 0);
    run_clear(run, index);
    if (run_add(run, leaf)) {
        write_rows(rows, txn, run, bounds, false);
    } else {
        fail(txn, ERR_MEMORY);
    }
}

/* --- Flushing --- */

/* The group that pending completes, of which the leaves before pending are stored already. */
static bool gather(struct leaf_rows *rows, struct kv_txn *txn, uint64_t first)
{
    struct kv_key key;
    struct span leaf;
    run_clear(&rows->group, first);
    for (uint64_t index = first; index < first + LEAF_GROUP; index++) {
        if (!leaf_rows_get(rows, txn, index, &leaf)) {
            fail(txn, ERR_STORE);
            return false;
        }
        if (!run_add(&rows->group, leaf)) {
            fail(txn, ERR_MEMORY);
            return false;
        }
        /* A plain row goes with its last leaf. */
        if (index < rows->pending.first && !run_has(&rows->cached, index + 1)) {
            kv_delete(txn, KV_LEAF, row_key(&key, rows, index));
        }
    }
    return true;
}

static void flush_group(struct leaf_rows *rows, struct kv_txn *txn, uint64_t first)
{
    const struct run *pending = &rows->pending;
    uint64_t end = pending->first + pending->count;
    if (end >= first + LEAF_GROUP) {
        size_t whole[2] = {0, LEAF_GROUP};
        if (pending->first <= first) {
            size_t from = (size_t)(first - pending->first);
            size_t inside[2] = {from, from + LEAF_GROUP};
            write_rows(rows, txn, pending, inside, true);
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
    run_clear(&rows->pending, 0);
}
