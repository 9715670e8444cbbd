#include "wire/slots.h"

#include "base/check.h"
#include "event.pb-c.h"
#include "wire/facts.h"

#include <pthread.h>

enum { PAYLOAD_FIRST = 32, PAYLOAD_END = 112, SLOT_COUNT = 1024, ENTRY_COUNT = 32 };

static struct wire_shape payloads[PAYLOAD_END - PAYLOAD_FIRST];
static struct wire_shape entries[ENTRY_COUNT];
static struct wire_slot slots[SLOT_COUNT];
static size_t entries_used;
static size_t slots_used;

static struct wire_slot *shape_start(struct wire_shape *shape,
                                     const ProtobufCMessageDescriptor *type)
{
    struct wire_slot *first = &slots[slots_used];
    *shape = (struct wire_shape){first, type->fields[type->n_fields - 1].id + 1};
    slots_used += shape->count;
    CHECK(slots_used <= SLOT_COUNT);
    return first;
}

static void slot_fill(const ProtobufCFieldDescriptor *list, const ProtobufCFieldDescriptor *field,
                      struct wire_slot *ret)
{
    const ProtobufCEnumDescriptor *names = field->descriptor;
    enum field fact = wire_fact_of(list, field);
    CHECK(fact != FIELD_END);
    ret->fact = (uint16_t)fact;
    ret->list = field->label == PROTOBUF_C_LABEL_REPEATED;
    ret->kind = WIRE_SLOT_VARINT;
    ret->most = UINT32_MAX;
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        ret->kind = WIRE_SLOT_CODE;
        ret->most = WIRE_CODE_SIZE;
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        ret->kind = WIRE_SLOT_BYTES;
        ret->most = (uint32_t)wire_fact_size(fact);
    } else if (field->type == PROTOBUF_C_TYPE_FIXED64) {
        ret->kind = WIRE_SLOT_FIXED64;
    } else if (field->type == PROTOBUF_C_TYPE_FIXED32) {
        ret->kind = WIRE_SLOT_FIXED32;
    } else if (field->type == PROTOBUF_C_TYPE_BOOL) {
        ret->most = 1;
    } else if (field->type == PROTOBUF_C_TYPE_ENUM) {
        ret->most = names->n_values - 1;
        CHECK(names->values[ret->most].value == (int)ret->most); /* none is left out */
    } else {
        CHECK(field->type == PROTOBUF_C_TYPE_UINT32);
    }
}

static const struct wire_shape *entry_make(const ProtobufCFieldDescriptor *list)
{
    const ProtobufCMessageDescriptor *type = list->descriptor;
    CHECK(entries_used < ENTRY_COUNT);
    struct wire_shape *shape = &entries[entries_used++];
    struct wire_slot *slot = shape_start(shape, type);
    for (unsigned i = 0; i < type->n_fields; i++) {
        slot_fill(list, &type->fields[i], &slot[type->fields[i].id]);
    }
    return shape;
}

static void payload_make(const ProtobufCMessageDescriptor *type, struct wire_shape *shape)
{
    struct wire_slot *slot = shape_start(shape, type);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            slot[field->id].kind = WIRE_SLOT_ENTRY;
            slot[field->id].list = true;
            slot[field->id].entry = entry_make(field);
        } else {
            slot_fill(NULL, field, &slot[field->id]);
        }
    }
}

static void make(void)
{
    for (uint32_t payload = PAYLOAD_FIRST; payload < PAYLOAD_END; payload++) {
        const ProtobufCMessageDescriptor *type = wire_payload_type(payload);
        if (type != NULL) {
            payload_make(type, &payloads[payload - PAYLOAD_FIRST]);
        }
    }
}

const struct wire_shape *wire_payload_shape(uint32_t payload)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, make);
    if (payload < PAYLOAD_FIRST || payload >= PAYLOAD_END) {
        return NULL;
    }
    const struct wire_shape *shape = &payloads[payload - PAYLOAD_FIRST];
    return shape->slot != NULL ? shape : NULL;
}
