#include "wire/read.h"

#include "base/text.h"

#include <string.h>

struct reading {
    struct wire_arena *arena;
    size_t list_count;
};

static enum err read_message(const struct reading *reading, const ProtobufCMessageDescriptor *type,
                             struct span bytes, unsigned depth, ProtobufCMessage **ret);

static void skip(struct span *left, size_t size)
{
    left->data += size;
    left->size -= size;
}

bool wire_varint_take(struct span *left, uint64_t *ret)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < left->size && i < 10; i++) {
        uint8_t byte = left->data[i];
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if ((byte & 0x80) != 0) {
            continue;
        }
        if ((byte == 0 && i > 0) || (i == 9 && byte > 1)) {
            return false;
        }
        skip(left, i + 1);
        *ret = value;
        return true;
    }
    return false;
}

bool wire_fixed_take(struct span *left, size_t size, uint64_t *ret)
{
    uint64_t value = 0;
    if (left->size < size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t)left->data[i] << (8 * i);
    }
    skip(left, size);
    *ret = value;
    return true;
}

bool wire_bytes_take(struct span *left, struct span *ret)
{
    uint64_t size = 0;
    if (!wire_varint_take(left, &size) || size > left->size) {
        return false;
    }
    *ret = span_of(left->data, (size_t)size);
    skip(left, (size_t)size);
    return true;
}

static bool is_repeated(const ProtobufCFieldDescriptor *field)
{
    return field->label == PROTOBUF_C_LABEL_REPEATED;
}

static bool is_prefixed(ProtobufCType type)
{
    return type == PROTOBUF_C_TYPE_STRING || type == PROTOBUF_C_TYPE_BYTES ||
           type == PROTOBUF_C_TYPE_MESSAGE;
}

static uint64_t wire_type(const ProtobufCFieldDescriptor *field)
{
    if (is_prefixed(field->type) || is_repeated(field)) {
        return PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
    }
    if (field->type == PROTOBUF_C_TYPE_FIXED64) {
        return PROTOBUF_C_WIRE_TYPE_64BIT;
    }
    return field->type == PROTOBUF_C_TYPE_FIXED32 ? PROTOBUF_C_WIRE_TYPE_32BIT
                                                  : PROTOBUF_C_WIRE_TYPE_VARINT;
}

/* A scalar on its own; zero would have been left out. */
static enum err read_number(const ProtobufCFieldDescriptor *field, struct span *left, void *member)
{
    uint64_t number = 0;
    bool fixed = field->type == PROTOBUF_C_TYPE_FIXED64 || field->type == PROTOBUF_C_TYPE_FIXED32;
    size_t size = field->type == PROTOBUF_C_TYPE_FIXED64 ? 8 : 4;
    bool taken = fixed ? wire_fixed_take(left, size, &number) : wire_varint_take(left, &number);
    if (!taken || number == 0) {
        return ERR_MALFORMED;
    }
    if (field->type == PROTOBUF_C_TYPE_FIXED64) {
        memcpy(member, &number, sizeof number);
        return ERR_NONE;
    }
    bool fits = number <= UINT32_MAX;
    if (field->type == PROTOBUF_C_TYPE_BOOL) {
        fits = number == 1;
    } else if (field->type == PROTOBUF_C_TYPE_ENUM) {
        fits = number <= INT32_MAX &&
               protobuf_c_enum_descriptor_get_value(field->descriptor, (int)number) != NULL;
    } else if (!fixed && field->type != PROTOBUF_C_TYPE_UINT32) {
        fits = false; /* a type that no message of ours may use */
    }
    if (!fits) {
        return ERR_MALFORMED;
    }
    uint32_t small = (uint32_t)number;
    memcpy(member, &small, sizeof small);
    return ERR_NONE;
}

static enum err read_text(const struct reading *reading, struct span text, void *member)
{
    if (text.size == 0 || !text_is_utf8(text)) {
        return ERR_MALFORMED;
    }
    char *copy = wire_arena_text(reading->arena, text);
    if (copy == NULL) {
        return ERR_MEMORY;
    }
    wire_pointer_put(member, copy);
    return ERR_NONE;
}

/* NOLINTBEGIN(misc-no-recursion): at most WIRE_DEPTH deep. */
static enum err read_single(const struct reading *reading, ProtobufCMessage *message,
                            const ProtobufCFieldDescriptor *field, struct span *left,
                            unsigned depth)
{
    void *member = wire_member(message, field);
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        uint32_t *chosen = (uint32_t *)(void *)((uint8_t *)message + field->quantifier_offset);
        if (*chosen != 0) {
            return ERR_MALFORMED;
        }
        *chosen = field->id;
    }
    if (!is_prefixed(field->type)) {
        return read_number(field, left, member);
    }
    struct span bytes;
    if (!wire_bytes_take(left, &bytes)) {
        return ERR_MALFORMED;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        ProtobufCMessage *inner = NULL;
        enum err err = read_message(reading, field->descriptor, bytes, depth + 1, &inner);
        wire_pointer_put(member, inner);
        return err;
    }
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        return read_text(reading, bytes, member);
    }
    ProtobufCBinaryData data = wire_bytes(bytes.data, bytes.size);
    memcpy(member, &data, sizeof data);
    return bytes.size == 0 ? ERR_MALFORMED : ERR_NONE;
}

/* Entries that follow each other under the same tag, the first tag being taken already. */
static enum err count_run(const struct reading *reading, uint64_t tag, struct span left,
                          size_t *ret_count)
{
    struct span bytes;
    uint64_t next = tag;
    size_t count = 0;
    while (next == tag) {
        if (!wire_bytes_take(&left, &bytes)) {
            return ERR_MALFORMED;
        }
        count++;
        if (count > reading->list_count) {
            return ERR_LIMIT;
        }
        if (left.size == 0 || !wire_varint_take(&left, &next)) {
            break;
        }
    }
    *ret_count = count;
    return ERR_NONE;
}

/* The only packed list that messages of ours may use: fixed64. */
static enum err read_packed(const struct reading *reading, const ProtobufCFieldDescriptor *field,
                            struct span *left, size_t *ret_count, void *member)
{
    struct span bytes;
    if (field->type != PROTOBUF_C_TYPE_FIXED64 || !wire_bytes_take(left, &bytes) ||
        bytes.size == 0 || bytes.size % 8 != 0) {
        return ERR_MALFORMED;
    }
    size_t count = bytes.size / 8;
    if (count > reading->list_count) {
        return ERR_LIMIT;
    }
    uint64_t *list = wire_arena_take(reading->arena, bytes.size);
    if (list == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        (void)wire_fixed_take(&bytes, 8, &list[i]);
    }
    wire_pointer_put(member, list);
    *ret_count = count;
    return ERR_NONE;
}

static enum err read_entry(const struct reading *reading, const ProtobufCFieldDescriptor *field,
                           struct span bytes, unsigned depth, void *entry)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        ProtobufCMessage *inner = NULL;
        enum err err = read_message(reading, field->descriptor, bytes, depth + 1, &inner);
        wire_pointer_put(entry, inner);
        return err;
    }
    if (field->type != PROTOBUF_C_TYPE_BYTES) {
        return ERR_MALFORMED; /* no message of ours may have a list of strings */
    }
    ProtobufCBinaryData data = wire_bytes(bytes.data, bytes.size);
    memcpy(entry, &data, sizeof data);
    return ERR_NONE;
}

static enum err read_repeated(const struct reading *reading, ProtobufCMessage *message,
                              const ProtobufCFieldDescriptor *field, struct span *left,
                              unsigned depth)
{
    size_t *count = (size_t *)(void *)((uint8_t *)message + field->quantifier_offset);
    if (!is_prefixed(field->type)) {
        return read_packed(reading, field, left, count, wire_member(message, field));
    }
    uint64_t tag = (uint64_t)field->id << 3 | PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
    size_t total = 0;
    enum err err = count_run(reading, tag, *left, &total);
    if (err != ERR_NONE) {
        return err;
    }
    size_t size = field->type == PROTOBUF_C_TYPE_MESSAGE ? sizeof(ProtobufCMessage *)
                                                         : sizeof(ProtobufCBinaryData);
    uint8_t *list = wire_arena_take(reading->arena, total * size);
    if (list == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < total && err == ERR_NONE; i++) {
        struct span bytes;
        /* count_run has seen each tag and length. */
        if ((i > 0 && !wire_varint_take(left, &tag)) || !wire_bytes_take(left, &bytes)) {
            return ERR_MALFORMED;
        }
        err = read_entry(reading, field, bytes, depth, list + i * size);
    }
    wire_pointer_put(wire_member(message, field), list);
    *count = total;
    return err;
}

static enum err read_message(const struct reading *reading, const ProtobufCMessageDescriptor *type,
                             struct span bytes, unsigned depth, ProtobufCMessage **ret)
{
    if (depth > WIRE_DEPTH) {
        return ERR_LIMIT;
    }
    ProtobufCMessage *message = wire_arena_take(reading->arena, type->sizeof_message);
    if (message == NULL) {
        return ERR_MEMORY;
    }
    type->message_init(message);
    /* Ascending, so the fields before next cannot come any more. */
    unsigned next = 0;
    enum err err = ERR_NONE;
    while (bytes.size > 0 && err == ERR_NONE) {
        uint64_t tag = 0;
        if (!wire_varint_take(&bytes, &tag)) {
            return ERR_MALFORMED;
        }
        while (next < type->n_fields && type->fields[next].id < tag >> 3) {
            next++;
        }
        const ProtobufCFieldDescriptor *field = &type->fields[next];
        if (next == type->n_fields || field->id != tag >> 3 || wire_type(field) != (tag & 7)) {
            return ERR_MALFORMED;
        }
        err = is_repeated(field) ? read_repeated(reading, message, field, &bytes, depth)
                                 : read_single(reading, message, field, &bytes, depth);
        next++;
    }
    *ret = message;
    return err;
}

/* NOLINTEND(misc-no-recursion) */

enum err wire_read(const ProtobufCMessageDescriptor *type, struct span bytes, size_t list_count,
                   struct wire_arena *arena, ProtobufCMessage **ret)
{
    struct reading reading = {arena, list_count};
    ProtobufCMessage *message = NULL;
    enum err err = read_message(&reading, type, bytes, 1, &message);
    if (err == ERR_NONE) {
        *ret = message;
    }
    return err;
}

void wire_write(const ProtobufCMessage *message, struct buf *ret)
{
    uint8_t *room = buf_grow(ret, protobuf_c_message_get_packed_size(message));
    if (room != NULL) {
        (void)protobuf_c_message_pack(message, room);
    }
}
