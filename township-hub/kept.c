#include "township-hub/kept.h"

#include <string.h>

enum { KEPT_SPANS = 5 };

struct kept_event {
    size_t value_count;
    size_t storage_size;
    struct value *value;
    uint8_t *storage; /* what the values point to */
    struct span span[KEPT_SPANS];
    uint8_t head[offsetof(struct wire_event, facts)];
};

static bool keep_span(struct wire_arena *arena, struct span span, struct span *ret)
{
    uint8_t *copy = wire_arena_take(arena, span.size);
    if (copy == NULL) {
        return false;
    }
    if (span.size > 0) {
        memcpy(copy, span.data, span.size);
    }
    *ret = span_of(copy, span.size);
    return true;
}

static bool keep_spans(struct wire_arena *arena, const struct wire_event *event, struct span *ret)
{
    const struct span spans[KEPT_SPANS] = {event->seen_origin, event->paper_serial,
                                           event->back_reason, event->attestation_ground,
                                           event->attestation_evidence};
    bool kept = true;
    for (size_t i = 0; i < KEPT_SPANS && kept; i++) {
        kept = keep_span(arena, spans[i], &ret[i]);
    }
    return kept;
}

/* Values and their bytes, with the spans moved from one room to the other. */
static void move_values(const struct value *from, const uint8_t *from_storage, struct value *to,
                        uint8_t *to_storage, const struct kept_event *sizes)
{
    memcpy(to, from, sizes->value_count * sizeof *to);
    memcpy(to_storage, from_storage, sizes->storage_size);
    for (size_t i = 0; i < sizes->value_count; i++) {
        if (to[i].type == VALUE_BYTES) {
            to[i].bytes.data = to_storage + (from[i].bytes.data - from_storage);
        }
    }
}

const struct kept_event *kept_event_take(struct wire_arena *arena, const struct wire_event *event)
{
    const struct values *facts = &event->facts;
    struct kept_event *kept = wire_arena_take(arena, sizeof *kept);
    struct value *value = wire_arena_take(arena, facts->count * sizeof *value);
    uint8_t *storage = wire_arena_take(arena, facts->storage_used);
    if (kept == NULL || value == NULL || storage == NULL || !keep_spans(arena, event, kept->span)) {
        return NULL;
    }
    memcpy(kept->head, event, sizeof kept->head);
    kept->value_count = facts->count;
    kept->storage_size = facts->storage_used;
    kept->value = value;
    kept->storage = storage;
    move_values(facts->value, facts->storage, value, storage, kept);
    return kept;
}

void kept_event_give(const struct kept_event *kept, struct wire_event *ret)
{
    struct values *facts = &ret->facts;
    memcpy(ret, kept->head, sizeof kept->head);
    ret->seen_origin = kept->span[0];
    ret->paper_serial = kept->span[1];
    ret->back_reason = kept->span[2];
    ret->attestation_ground = kept->span[3];
    ret->attestation_evidence = kept->span[4];
    facts->count = kept->value_count;
    facts->storage_used = kept->storage_size;
    facts->err = ERR_NONE;
    move_values(kept->value, kept->storage, facts->value, facts->storage, kept);
}
