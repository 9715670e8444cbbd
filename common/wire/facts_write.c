#include "wire/facts.h"

#include <string.h>

struct writing {
    uint32_t payload;
    const struct values *facts;
    struct wire_arena *arena;
    size_t used; /* facts found a place in the message */
};

static enum err write_text(struct writing *writing, struct span text, void *member)
{
    char *copy = wire_arena_text(writing->arena, text);
    if (copy == NULL) {
        return ERR_LIMIT;
    }
    wire_pointer_put(member, copy);
    return strlen(copy) == text.size ? ERR_NONE : ERR_MALFORMED;
}

static enum err write_number(const ProtobufCFieldDescriptor *field, uint64_t number, void *member)
{
    if (field->type == PROTOBUF_C_TYPE_FIXED64) {
        memcpy(member, &number, sizeof number);
        return ERR_NONE;
    }
    uint64_t most = field->type == PROTOBUF_C_TYPE_BOOL ? 1 : UINT32_MAX;
    if (number > most || (field->type == PROTOBUF_C_TYPE_ENUM &&
                          (number > INT32_MAX || protobuf_c_enum_descriptor_get_value(
                                                     field->descriptor, (int)number) == NULL))) {
        return ERR_MALFORMED;
    }
    uint32_t small = (uint32_t)number;
    memcpy(member, &small, sizeof small);
    return ERR_NONE;
}

/* Leaves the default when the fact is absent. */
static enum err write_value(struct writing *writing, enum field fact, size_t place,
                            const ProtobufCFieldDescriptor *field, void *member)
{
    uint64_t number = values_number(writing->facts, fact, (uint16_t)place);
    struct span bytes = values_bytes(writing->facts, fact, (uint16_t)place);
    if (number == 0 && bytes.size == 0) {
        return ERR_NONE;
    }
    writing->used++;
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        return write_text(writing, bytes, member);
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        ProtobufCBinaryData data = wire_bytes(bytes.data, bytes.size);
        memcpy(member, &data, sizeof data);
        return ERR_NONE;
    }
    return write_number(field, number, member);
}

static enum err write_entry(struct writing *writing, const ProtobufCFieldDescriptor *list,
                            size_t place, ProtobufCMessage **ret)
{
    const ProtobufCMessageDescriptor *type = list->descriptor;
    ProtobufCMessage *entry = wire_arena_take(writing->arena, type->sizeof_message);
    if (entry == NULL) {
        return ERR_LIMIT;
    }
    type->message_init(entry);
    enum err err = ERR_NONE;
    for (unsigned i = 0; i < type->n_fields && err == ERR_NONE; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        enum field fact = wire_payload_fact(writing->payload, list, field);
        err = write_value(writing, fact, place, field, wire_member(entry, field));
    }
    *ret = entry;
    return err;
}

static size_t count_places(const struct writing *writing, const ProtobufCFieldDescriptor *list)
{
    if (list->type != PROTOBUF_C_TYPE_MESSAGE) {
        return values_places(writing->facts, wire_payload_fact(writing->payload, NULL, list));
    }
    const ProtobufCMessageDescriptor *type = list->descriptor;
    size_t most = 0;
    for (unsigned i = 0; i < type->n_fields; i++) {
        enum field fact = wire_payload_fact(writing->payload, list, &type->fields[i]);
        size_t places = values_places(writing->facts, fact);
        most = places > most ? places : most;
    }
    return most;
}

static enum err write_list(struct writing *writing, ProtobufCMessage *message,
                           const ProtobufCFieldDescriptor *list)
{
    size_t count = count_places(writing, list);
    if (count == 0) {
        return ERR_NONE;
    }
    bool messages = list->type == PROTOBUF_C_TYPE_MESSAGE;
    size_t size = messages ? sizeof(ProtobufCMessage *) : sizeof(ProtobufCBinaryData);
    uint8_t *entries =
        count <= LIMIT_LIST_COUNT ? wire_arena_take(writing->arena, count * size) : NULL;
    if (entries == NULL) {
        return ERR_LIMIT;
    }
    memset(entries, 0, count * size);
    enum err err = ERR_NONE;
    for (size_t i = 0; i < count && err == ERR_NONE; i++) {
        ProtobufCMessage *entry = NULL;
        if (messages) {
            err = write_entry(writing, list, i, &entry);
            wire_pointer_put(entries + i * size, entry);
        } else {
            enum field fact = wire_payload_fact(writing->payload, NULL, list);
            err = write_value(writing, fact, i, list, entries + i * size);
        }
    }
    wire_pointer_put(wire_member(message, list), entries);
    memcpy((uint8_t *)message + list->quantifier_offset, &count, sizeof count);
    return err;
}

enum err wire_facts_write(uint32_t payload, const struct values *facts, struct wire_arena *arena,
                          ProtobufCMessage **ret)
{
    struct writing writing = {payload, facts, arena, 0};
    const ProtobufCMessageDescriptor *type = wire_payload_type(payload);
    if (type == NULL || facts->err != ERR_NONE) {
        return type == NULL ? ERR_MALFORMED : facts->err;
    }
    ProtobufCMessage *message = wire_arena_take(arena, type->sizeof_message);
    if (message == NULL) {
        return ERR_LIMIT;
    }
    type->message_init(message);
    enum err err = ERR_NONE;
    for (unsigned i = 0; i < type->n_fields && err == ERR_NONE; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            err = write_list(&writing, message, field);
        } else {
            enum field fact = wire_payload_fact(payload, NULL, field);
            err = write_value(&writing, fact, 0, field, wire_member(message, field));
        }
    }
    if (err == ERR_NONE && writing.used != facts->count) {
        err = ERR_MALFORMED;
    }
    if (err == ERR_NONE) {
        err = wire_facts_check(payload, message);
    }
    if (err == ERR_NONE) {
        *ret = message;
    }
    return err;
}
