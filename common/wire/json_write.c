#include "base/text.h"
#include "wire/json_names.h"

#include <string.h>

static void write_text(const char *text, struct buf *ret)
{
    buf_put_u8(ret, '"');
    for (size_t i = 0; text[i] != 0; i++) {
        uint8_t c = (uint8_t)text[i];
        if (c == '"' || c == '\\') {
            buf_put_u8(ret, '\\');
            buf_put_u8(ret, c);
        } else if (c < 0x20 || c == 0x7f) {
            buf_put_format(ret, "\\u%04x", c);
        } else {
            buf_put_u8(ret, c);
        }
    }
    buf_put_u8(ret, '"');
}

static void write_hex(ProtobufCBinaryData bytes, struct buf *ret)
{
    buf_put_u8(ret, '"');
    text_put_hex(ret, wire_span(bytes));
    buf_put_u8(ret, '"');
}

static void write_number(const ProtobufCFieldDescriptor *field, const void *member, struct buf *ret)
{
    uint64_t large = 0;
    uint32_t small = 0;
    char name[WIRE_NAME_SIZE];
    if (field->type == PROTOBUF_C_TYPE_FIXED64) {
        memcpy(&large, member, sizeof large);
        buf_put_format(ret, "\"%llu\"", (unsigned long long)large);
        return;
    }
    memcpy(&small, member, sizeof small);
    if (field->type == PROTOBUF_C_TYPE_BOOL) {
        buf_put_text(ret, "true"); /* false is absent */
    } else if (field->type == PROTOBUF_C_TYPE_ENUM &&
               wire_enum_name(field->descriptor, (int)small, name)) {
        buf_put_format(ret, "\"%s\"", name);
    } else {
        buf_put_format(ret, "%u", small);
    }
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the types are nested. */
/* One value of the field's type; for lists, one entry. */
static void write_value(const ProtobufCFieldDescriptor *field, const void *member, struct buf *ret)
{
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        write_text(wire_pointer(member), ret);
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        ProtobufCBinaryData bytes;
        memcpy(&bytes, member, sizeof bytes);
        write_hex(bytes, ret);
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        wire_json_write(wire_pointer(member), ret);
    } else {
        write_number(field, member, ret);
    }
}

static void write_list(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *list,
                       struct buf *ret)
{
    size_t count = 0;
    size_t size = list->type == PROTOBUF_C_TYPE_MESSAGE ? sizeof(ProtobufCMessage *)
                  : list->type == PROTOBUF_C_TYPE_BYTES ? sizeof(ProtobufCBinaryData)
                                                        : sizeof(uint64_t);
    memcpy(&count, (const uint8_t *)message + list->quantifier_offset, sizeof count);
    const uint8_t *entries = wire_pointer(wire_member(message, list));
    buf_put_u8(ret, '[');
    for (size_t i = 0; i < count; i++) {
        buf_put_text(ret, i > 0 ? "," : "");
        write_value(list, entries + i * size, ret);
    }
    buf_put_u8(ret, ']');
}

/* Zero and empty are absent; a member of a oneof is there when it is chosen. */
static bool is_absent(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const void *member = wire_member(message, field);
    const uint8_t *quantifier = (const uint8_t *)message + field->quantifier_offset;
    uint64_t large = 0;
    uint32_t small = 0;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        memcpy(&large, quantifier, sizeof large);
        return large == 0;
    }
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        memcpy(&small, quantifier, sizeof small);
        return small != field->id;
    }
    if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE) {
        const char *text = wire_pointer(member);
        return text == NULL || (field->type == PROTOBUF_C_TYPE_STRING && text[0] == 0);
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES || field->type == PROTOBUF_C_TYPE_FIXED64) {
        memcpy(&large, member, sizeof large); /* len comes first */
        return large == 0;
    }
    memcpy(&small, member, sizeof small);
    return small == 0;
}

void wire_json_write(const ProtobufCMessage *message, struct buf *ret)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    bool first = true;
    buf_put_u8(ret, '{');
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        char name[WIRE_NAME_SIZE];
        if (is_absent(message, field)) {
            continue;
        }
        wire_json_name(field->name, name);
        buf_put_format(ret, "%s\"%s\":", first ? "" : ",", name);
        first = false;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            write_list(message, field, ret);
        } else {
            write_value(field, wire_member(message, field), ret);
        }
    }
    buf_put_u8(ret, '}');
}
/* NOLINTEND(misc-no-recursion) */
