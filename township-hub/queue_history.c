#include "store/keys.h"
#include "township-hub/queue.h"

#include <stdlib.h>
#include <string.h>

enum { CATCH_UP_COUNT = 4096 };

static struct span history_key(struct kv_key *key, const uint8_t *record)
{
    kv_key_init(key);
    kv_key_u8(key, 'H');
    kv_key_bytes(key, span_of(record, LIMIT_ID_SIZE));
    return kv_key_span(key);
}

static uint64_t read_cursor(struct kv_txn *txn)
{
    struct buf value;
    uint64_t cursor = 0;
    buf_init(&value, 64);
    if (kv_get(txn, KV_CACHE, span_of("I", 1), &value) && value.size == sizeof cursor) {
        cursor = get_u64(value.data);
    }
    buf_done(&value);
    return cursor;
}

static void write_cursor(struct kv_txn *txn, uint64_t cursor)
{
    uint8_t bytes[sizeof cursor];
    put_u64(bytes, cursor);
    kv_put(txn, KV_CACHE, span_of("I", 1), span_of(bytes, sizeof bytes));
}

/* One leaf taken apart. */
struct leaf_reader {
    struct buf bytes;
    struct wire_arena arena;
    struct wire_leaf leaf;
    struct wire_event event;
};

static struct leaf_reader *leaf_reader_new(void)
{
    struct leaf_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return NULL;
    }
    buf_init(&reader->bytes, LIMIT_LEAF_SIZE);
    if (wire_arena_init(&reader->arena, WIRE_EVENT_ARENA) != ERR_NONE) {
        free(reader);
        return NULL;
    }
    return reader;
}

static void leaf_reader_free(struct leaf_reader *reader)
{
    if (reader != NULL) {
        buf_done(&reader->bytes);
        wire_arena_done(&reader->arena);
        free(reader);
    }
}

/* False: void, or not there. */
static bool leaf_reader_event(struct leaf_reader *reader, const struct log *log, struct kv_txn *txn,
                              uint64_t index)
{
    return log_leaf(log, txn, index, &reader->bytes) &&
           wire_leaf_decode(buf_span(&reader->bytes), &reader->leaf) == ERR_NONE &&
           !reader->leaf.is_void &&
           wire_event_decode(reader->leaf.envelope.body, &reader->arena, &reader->event) ==
               ERR_NONE;
}

static void index_leaf(struct leaf_reader *reader, const struct log *log, struct kv_txn *txn,
                       uint64_t index)
{
    struct kv_key key;
    if (leaf_reader_event(reader, log, txn, index)) {
        (void)history_key(&key, reader->event.record);
        kv_key_u64(&key, index);
        kv_put(txn, KV_CACHE, kv_key_span(&key), span_of("1", 1));
    }
}

/* One portion; *ret_left: leaves still to be indexed. */
static enum err catch_up(struct kv *kv, const struct log *log, struct leaf_reader *reader,
                         uint64_t *ret_left)
{
    struct kv_txn txn;
    kv_begin(kv, true, &txn);
    uint64_t cursor = read_cursor(&txn);
    cursor = cursor > log->size ? 0 : cursor; /* of another log: begin again */
    for (unsigned i = 0; i < CATCH_UP_COUNT && cursor < log->size; i++) {
        index_leaf(reader, log, &txn, cursor);
        cursor++;
    }
    write_cursor(&txn, cursor);
    enum err err = kv_commit(&txn);
    kv_abort(&txn);
    *ret_left = log->size - cursor;
    return err;
}

static bool is_behind(struct kv *kv, const struct log *log)
{
    struct kv_txn txn;
    kv_begin(kv, false, &txn);
    bool behind = read_cursor(&txn) != log->size;
    kv_abort(&txn);
    return behind;
}

enum err queue_history_catch_up(struct kv *kv, struct hub *hub)
{
    const struct log *log = &hub_fold(hub)->log;
    uint64_t left = 1;
    enum err err = ERR_NONE;
    if (!is_behind(kv, log)) {
        return ERR_NONE;
    }
    struct leaf_reader *reader = leaf_reader_new();
    err = reader == NULL ? ERR_MEMORY : ERR_NONE;
    while (err == ERR_NONE && left > 0) {
        err = catch_up(kv, log, reader, &left);
    }
    leaf_reader_free(reader);
    return err;
}

struct walk {
    struct leaf_reader *reader;
    const struct log *log;
    struct kv_txn *txn;
    void *context;
    queue_event_visit visit;
};

static const char *standing_of(const struct wire_leaf *leaf)
{
    return leaf->verdict == WIRE_ACCEPTED  ? "accepted"
           : leaf->verdict == WIRE_REFUSED ? "returned"
                                           : "set_aside";
}

static bool walk_one(void *context, struct span key, struct span value)
{
    struct walk *walk = context;
    struct reader reader;
    (void)value;
    reader_init(&reader, key);
    (void)reader_bytes(&reader, 1 + LIMIT_ID_SIZE);
    uint64_t index = reader_u64(&reader);
    if (reader.failed || !leaf_reader_event(walk->reader, walk->log, walk->txn, index)) {
        return true;
    }
    const struct wire_leaf *leaf = &walk->reader->leaf;
    seal_body_id(SEAL_EVENT, leaf->envelope.body, walk->reader->event.id);
    walk->reader->event.leaf_ms = leaf->hub_ms;
    return walk->visit(walk->context, &walk->reader->event, standing_of(leaf), leaf->refusal);
}

void queue_history_events(struct kv *kv, struct hub *hub, const uint8_t record[LIMIT_ID_SIZE],
                          void *visit_context, queue_event_visit visit)
{
    struct kv_key key;
    struct kv_txn txn;
    /* What could not be indexed now is shown later: the list is only shorter. */
    (void)!queue_history_catch_up(kv, hub);
    struct walk walk = {.reader = leaf_reader_new(),
                        .log = &hub_fold(hub)->log,
                        .txn = &txn,
                        .context = visit_context,
                        .visit = visit};
    if (walk.reader == NULL) {
        return;
    }
    kv_begin(kv, false, &txn);
    kv_scan(&txn, KV_CACHE, history_key(&key, record), span_of(NULL, 0), walk_one, &walk);
    kv_abort(&txn);
    leaf_reader_free(walk.reader);
}
