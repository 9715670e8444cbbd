#include "township-hub/kept.h"

#include <string.h>

/* Of a fact, what its struct value says, in less than half the room. */
struct kept_value {
    uint16_t field;
    uint16_t place;
    uint32_t size;   /* of its bytes; 0: a number */
    uint64_t number; /* or where its bytes begin in the storage */
};

_Static_assert((int)LIMIT_VALUE_COUNT <= UINT16_MAX, "counts fit");
_Static_assert((int)VALUES_STORAGE <= UINT16_MAX, "sizes fit");

/* Its values come behind it in the arena. */
struct kept_event {
    uint16_t value_count;
    uint16_t storage_size;
    uint32_t payload;
    const struct kept_value *value;
    const uint8_t *storage; /* what the values point to */
    const struct wire_sealed *sealed;
    uint8_t head[offsetof(struct wire_event, sealed)];
};

static void keep_values(const struct values *facts, struct kept_value *ret)
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct value *value = &facts->value[i];
        bool bytes = value->type == VALUE_BYTES;
        ret[i] = (struct kept_value){
            .field = value->field,
            .place = value->place,
            .size = bytes ? (uint32_t)value->bytes.size : 0,
            .number = bytes ? (uint64_t)(value->bytes.data - facts->storage) : value->number,
        };
    }
}

static void give_values(const struct kept_event *kept, struct values *ret)
{
    ret->count = kept->value_count;
    ret->storage_used = kept->storage_size;
    ret->err = ERR_NONE;
    memcpy(ret->storage, kept->storage, kept->storage_size);
    for (size_t i = 0; i < kept->value_count; i++) {
        const struct kept_value *from = &kept->value[i];
        struct value *to = &ret->value[i];
        bool bytes = from->size > 0;
        to->field = from->field;
        to->place = from->place;
        to->type = bytes ? VALUE_BYTES : VALUE_NUMBER;
        to->number = bytes ? 0 : from->number;
        to->bytes =
            bytes ? span_of(ret->storage + from->number, from->size) : (struct span){NULL, 0};
    }
}

const struct kept_event *kept_event_take(struct wire_arena *arena, const struct wire_event *event)
{
    const struct values *facts = &event->facts;
    size_t sealed_size = event->sealed_count * sizeof *event->sealed;
    struct kept_event *kept = wire_arena_take(arena, sizeof *kept);
    struct kept_value *value = wire_arena_take(arena, facts->count * sizeof *value);
    struct wire_sealed *sealed = wire_arena_take(arena, sealed_size);
    uint8_t *storage = wire_arena_take(arena, facts->storage_used);
    if (kept == NULL || value == NULL || sealed == NULL || storage == NULL) {
        return NULL;
    }
    kept->value_count = (uint16_t)facts->count;
    kept->storage_size = (uint16_t)facts->storage_used;
    kept->payload = event->payload;
    kept->value = value;
    kept->storage = storage;
    kept->sealed = sealed;
    memcpy(kept->head, event, sizeof kept->head);
    memcpy(sealed, event->sealed, sealed_size);
    memcpy(storage, facts->storage, facts->storage_used);
    keep_values(facts, value);
    return kept;
}

void kept_event_give(const struct kept_event *kept, struct wire_event *ret)
{
    memcpy(ret, kept->head, sizeof kept->head);
    memcpy(ret->sealed, kept->sealed, ret->sealed_count * sizeof *ret->sealed);
    ret->payload = kept->payload;
    memset(ret->id, 0, sizeof ret->id);
    ret->leaf_ms = 0;
    give_values(kept, &ret->facts);
}
