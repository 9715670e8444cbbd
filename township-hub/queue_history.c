#include "township-hub/history.h"
#include "township-hub/queue.h"

#include <stdlib.h>
#include <string.h>

enum { CATCH_UP_COUNT = 4096 };

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

/* One portion; *ret_left: leaves still to be indexed. */
static enum err catch_up(struct kv *kv, const struct log *log, struct leaf_reader *reader,
                         struct history *history, uint64_t *ret_left)
{
    struct kv_txn txn;
    kv_begin(kv, true, &txn);
    uint64_t cursor = history_reach(&txn);
    if (cursor > log->size) {
        history_restart(&txn); /* of another log */
        cursor = 0;
    }
    history_begin(history, cursor);
    for (unsigned i = 0; i < CATCH_UP_COUNT && cursor < log->size; i++) {
        if (leaf_reader_event(reader, log, &txn, cursor)) {
            history_note(history, reader->event.record, cursor);
        }
        cursor++;
    }
    history_flush(history, &txn, cursor);
    enum err err = kv_commit(&txn);
    kv_abort(&txn);
    *ret_left = log->size - cursor;
    return err;
}

static bool is_behind(struct kv *kv, const struct log *log)
{
    struct kv_txn txn;
    kv_begin(kv, false, &txn);
    bool behind = history_reach(&txn) != log->size;
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
    struct history *history = NULL;
    err = reader == NULL ? ERR_MEMORY : history_new(&history);
    while (err == ERR_NONE && left > 0) {
        err = catch_up(kv, log, reader, history, &left);
    }
    history_free(history);
    leaf_reader_free(reader);
    return err;
}

struct walk {
    struct leaf_reader *reader;
    const struct log *log;
    struct kv_txn *txn;
    const uint8_t *record;
    void *context;
    queue_event_visit visit;
};

static const char *standing_of(const struct wire_leaf *leaf)
{
    return leaf->verdict == WIRE_ACCEPTED  ? "accepted"
           : leaf->verdict == WIRE_REFUSED ? "returned"
                                           : "set_aside";
}

static bool walk_one(void *context, uint64_t index)
{
    struct walk *walk = context;
    if (!leaf_reader_event(walk->reader, walk->log, walk->txn, index) ||
        memcmp(walk->reader->event.record, walk->record, LIMIT_ID_SIZE) != 0) {
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
    struct kv_txn txn;
    /* What could not be indexed now is shown later: the list is only shorter. */
    (void)!queue_history_catch_up(kv, hub);
    struct walk walk = {.reader = leaf_reader_new(),
                        .log = &hub_fold(hub)->log,
                        .txn = &txn,
                        .record = record,
                        .context = visit_context,
                        .visit = visit};
    if (walk.reader == NULL) {
        return;
    }
    kv_begin(kv, false, &txn);
    history_each(&txn, record, walk_one, &walk);
    kv_abort(&txn);
    leaf_reader_free(walk.reader);
}
