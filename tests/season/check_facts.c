#include "check.h"

#include <stdlib.h>
#include <string.h>

/* A side as the views read it: its facts, and which events speak of a record: at hub and auditor
 * those of the log, at a station its own chain and what its feed brought. */

enum { FEED_OWN = 1, CHAIN = 1, LEAF = 2 };

struct entry {
    uint8_t record[LIMIT_ID_SIZE];
    uint64_t order;
    uint64_t at; /* leaf index, or seq of the own chain */
    uint8_t where;
};

struct check_facts {
    struct check_facts *self;
    struct check_side side;
    struct station *station; /* NULL: hub, auditor */
    struct kv_txn txn;
    struct fold_facts *facts;
    struct entry *entry;
    size_t count;
    size_t capacity;
    struct wire_arena arena;
    struct wire_event *event;
    struct buf bytes;
};

static void enter(struct check_facts *facts, const uint8_t *record, uint64_t at, uint8_t where)
{
    if (facts->count == facts->capacity) {
        facts->capacity = facts->capacity * 2 + 4096;
        facts->entry = realloc(facts->entry, facts->capacity * sizeof *facts->entry);
        MUST(facts->entry != NULL);
    }
    struct entry *entry = &facts->entry[facts->count];
    memcpy(entry->record, record, LIMIT_ID_SIZE);
    entry->order = facts->count++;
    entry->at = at;
    entry->where = where;
}

/* The event at a place; false: none of a record. */
static bool read_leaf(struct check_facts *facts, uint64_t index)
{
    struct wire_leaf leaf;
    buf_clear(&facts->bytes);
    if (!log_leaf(&facts->side.fold->log, &facts->txn, index, &facts->bytes) ||
        wire_leaf_decode(buf_span(&facts->bytes), &leaf) != ERR_NONE || leaf.is_void ||
        wire_event_decode(leaf.envelope.body, &facts->arena, facts->event) != ERR_NONE) {
        return false;
    }
    seal_body_id(SEAL_EVENT, leaf.envelope.body, facts->event->id);
    facts->event->leaf_ms = leaf.hub_ms;
    return true;
}

static bool read_chain(struct check_facts *facts, uint64_t seq)
{
    struct station_answer answer;
    struct wire_envelope envelope;
    buf_clear(&facts->bytes);
    if (!station_event(facts->station, 1, seq, &facts->bytes, &answer) ||
        wire_envelope_decode(buf_span(&facts->bytes), &envelope) != ERR_NONE ||
        wire_event_decode(envelope.body, &facts->arena, facts->event) != ERR_NONE) {
        return false;
    }
    seal_body_id(SEAL_EVENT, envelope.body, facts->event->id);
    facts->event->leaf_ms = answer.hub_ms;
    return true;
}

static bool read_entry(struct check_facts *facts, const struct entry *entry)
{
    return entry->where == CHAIN ? read_chain(facts, entry->at) : read_leaf(facts, entry->at);
}

/* In the order of the log; what a station wrote itself comes by its chain. */
static void gather_station(struct check_facts *facts)
{
    struct station_status status;
    uint64_t index = 0;
    station_status(facts->station, &status);
    for (uint64_t seq = 1; seq <= status.newest; seq++) {
        MUST(read_chain(facts, seq));
        enter(facts, facts->event->record, seq, CHAIN);
    }
    for (uint64_t seq = 1; seq <= status.own; seq++) {
        MUST(log_feed_index(&facts->side.fold->log, &facts->txn, FEED_OWN, seq, &index));
        MUST(read_leaf(facts, index));
        enter(facts, facts->event->record, index, LEAF);
    }
}

static void gather_log(struct check_facts *facts)
{
    for (uint64_t index = 0; index < facts->side.fold->log.size; index++) {
        MUST(read_leaf(facts, index));
        enter(facts, facts->event->record, index, LEAF);
    }
}

static int compare(const void *a, const void *b)
{
    const struct entry *one = a;
    const struct entry *other = b;
    int order = memcmp(one->record, other->record, LIMIT_ID_SIZE);
    if (order != 0) {
        return order;
    }
    return one->order < other->order ? -1 : one->order > other->order ? 1 : 0;
}

static void each_event(void *context, const uint8_t record[LIMIT_ID_SIZE], void *visit_context,
                       fold_event_visit visit)
{
    struct check_facts *facts = context;
    size_t low = 0;
    size_t high = facts->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(facts->entry[middle].record, record, LIMIT_ID_SIZE) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < facts->count && memcmp(facts->entry[low].record, record, LIMIT_ID_SIZE) == 0;
         low++) {
        MUST(read_entry(facts, &facts->entry[low]));
        if (!visit(visit_context, facts->event, "accepted", 0)) {
            return;
        }
    }
}

struct check_facts *check_facts_new(const struct check_side *side, struct station *station,
                                    uint64_t now_ms)
{
    struct check_facts *facts = calloc(1, sizeof *facts);
    MUST(facts != NULL);
    facts->self = facts;
    facts->side = *side;
    facts->station = station;
    facts->event = calloc(1, sizeof *facts->event);
    MUST(facts->event != NULL && wire_arena_init(&facts->arena, WIRE_EVENT_ARENA) == ERR_NONE);
    buf_init(&facts->bytes, LIMIT_LEAF_SIZE);
    kv_begin(side->kv, false, &facts->txn);
    struct fold_facts_ask ask = {.fold = side->fold,
                                 .txn = &facts->txn,
                                 .space = FOLD_PROVEN,
                                 .now_ms = now_ms,
                                 .context = facts,
                                 .events = each_event};
    MUST(fold_facts_new(&ask, &facts->facts) == ERR_NONE);
    if (station != NULL) {
        gather_station(facts);
    } else {
        gather_log(facts);
    }
    if (facts->count > 0) {
        qsort(facts->entry, facts->count, sizeof *facts->entry, compare);
    }
    return facts;
}

const struct views_source *check_facts_source(const struct check_facts *facts)
{
    return fold_facts_source(facts->facts);
}

const struct check_side *check_facts_side(const struct check_facts *facts)
{
    return &facts->side;
}

void check_facts_events(const struct check_facts *facts, const uint8_t record[LIMIT_ID_SIZE],
                        void *context, fold_event_visit visit)
{
    each_event(facts->self, record, context, visit);
}

void check_facts_free(struct check_facts *facts)
{
    fold_facts_free(facts->facts);
    kv_abort(&facts->txn);
    wire_arena_done(&facts->arena);
    buf_done(&facts->bytes);
    free(facts->entry);
    free(facts->event);
    free(facts);
}
