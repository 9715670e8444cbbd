#include "base/text.h"
#include "wire/facts.h"
#include "wire/json_names.h"

#include <stdio.h>
#include <string.h>

enum {
    JSON_SIZE = 128 * 1024,
    SEALED_TEXT_SIZE = 16 * 1024, /* one text of a sealed part */
    SHOWN_SIZE = 32               /* of an unknown name or value, in a message */
};

/* One walk. path names the member at hand: "materials[2].form". */
struct json_reading {
    uint32_t payload;
    struct wire_arena *arena;
    struct wire_problem *problem;
    char path[sizeof((struct wire_problem){0}.field)];
};

/* A member on the way into a message: list is NULL outside lists. */
struct json_target {
    const ProtobufCFieldDescriptor *list;
    const ProtobufCFieldDescriptor *field;
    void *member;
};

static enum err read_object(struct json_reading *reading, const ProtobufCFieldDescriptor *list,
                            const ProtobufCMessageDescriptor *type, json_t *object,
                            ProtobufCMessage **ret);

static size_t path_push(struct json_reading *reading, const char *dot, const char *name)
{
    size_t size = strlen(reading->path);
    (void)snprintf(reading->path + size, sizeof reading->path - size, "%s%s", size == 0 ? "" : dot,
                   name);
    return size;
}

static void path_pop(struct json_reading *reading, size_t size)
{
    reading->path[size] = 0;
}

static enum err no_memory(struct json_reading *reading)
{
    (void)wire_problem_set(reading->problem, reading->path, "Is too large.");
    return ERR_MEMORY;
}

/* Only what is surely printable goes into a message. */
static const char *shown(const char *text)
{
    return wire_is_code(text, SHOWN_SIZE) ? text : "...";
}

static enum err read_text(struct json_reading *reading, json_t *value, char **ret)
{
    const char *text = json_string_value(value);
    bool sealed = reading->payload >= WIRE_SEALED_PAYLOAD;
    if (text == NULL) {
        return wire_problem_set(reading->problem, reading->path, "Must be text.");
    }
    if (sealed && json_string_length(value) > SEALED_TEXT_SIZE) {
        return wire_problem_set(reading->problem, reading->path, "Is longer than %d bytes.",
                                (int)SEALED_TEXT_SIZE);
    }
    if (!sealed && !wire_is_code(text, WIRE_CODE_SIZE)) {
        return wire_problem_set(reading->problem, reading->path,
                                "Must be a code: at most %d printable ASCII characters.",
                                (int)WIRE_CODE_SIZE);
    }
    *ret = wire_arena_text(reading->arena, span_of(text, json_string_length(value)));
    return *ret == NULL ? no_memory(reading) : ERR_NONE;
}

static enum err read_hex(struct json_reading *reading, const struct json_target *target,
                         json_t *value, ProtobufCBinaryData *ret)
{
    size_t size = wire_fact_size(wire_payload_fact(reading->payload, target->list, target->field));
    const char *text = json_string_value(value);
    if (text != NULL && text[0] == 0) {
        *ret = wire_bytes(NULL, 0);
        return ERR_NONE;
    }
    uint8_t *bytes = wire_arena_take(reading->arena, size);
    if (bytes == NULL) {
        return no_memory(reading);
    }
    if (text == NULL || text_get_hex(span_text(text), bytes, size) != ERR_NONE) {
        return wire_problem_set(reading->problem, reading->path, "Must be %zu hex digits.",
                                2 * size);
    }
    *ret = wire_bytes(bytes, size);
    return ERR_NONE;
}

static enum err read_enum(struct json_reading *reading, const ProtobufCEnumDescriptor *type,
                          json_t *value, uint64_t *ret)
{
    const char *name = json_string_value(value);
    json_int_t number = json_integer_value(value);
    if (name != NULL) {
        return wire_enum_number(type, name, ret)
                   ? ERR_NONE
                   : wire_problem_set(reading->problem, reading->path, "Has no value named \"%s\".",
                                      shown(name));
    }
    if (!json_is_integer(value) || number < 0 || number > INT32_MAX ||
        protobuf_c_enum_descriptor_get_value(type, (int)number) == NULL) {
        return wire_problem_set(reading->problem, reading->path, "Must be one of the names of %s.",
                                type->short_name);
    }
    *ret = (uint64_t)number;
    return ERR_NONE;
}

static enum err read_integer(struct json_reading *reading, uint64_t most, json_t *value,
                             uint64_t *ret)
{
    const char *text = json_string_value(value);
    json_int_t number = json_integer_value(value);
    if (text != NULL && text_get_number(span_text(text), most, ret) == ERR_NONE) {
        return ERR_NONE;
    }
    if (!json_is_integer(value) || number < 0 || (uint64_t)number > most) {
        return wire_problem_set(reading->problem, reading->path,
                                "Must be a whole number from 0 to %llu.", (unsigned long long)most);
    }
    *ret = (uint64_t)number;
    return ERR_NONE;
}

static enum err read_number(struct json_reading *reading, const struct json_target *target,
                            json_t *value)
{
    const ProtobufCFieldDescriptor *field = target->field;
    bool large = field->type == PROTOBUF_C_TYPE_FIXED64;
    uint64_t number = 0;
    enum err err = ERR_NONE;
    if (field->type == PROTOBUF_C_TYPE_BOOL) {
        number = json_is_true(value) ? 1 : 0;
        err = json_is_boolean(value)
                  ? ERR_NONE
                  : wire_problem_set(reading->problem, reading->path, "Must be true or false.");
    } else if (field->type == PROTOBUF_C_TYPE_ENUM) {
        err = read_enum(reading, field->descriptor, value, &number);
    } else {
        err = read_integer(reading, large ? UINT64_MAX : UINT32_MAX, value, &number);
    }
    uint32_t small = (uint32_t)number;
    if (err == ERR_NONE) {
        memcpy(target->member, large ? (const void *)&number : (const void *)&small,
               large ? sizeof number : sizeof small);
    }
    return err;
}

static enum err read_value(struct json_reading *reading, const struct json_target *target,
                           json_t *value)
{
    if (target->field->type == PROTOBUF_C_TYPE_STRING) {
        char *text = NULL;
        enum err err = read_text(reading, value, &text);
        if (err == ERR_NONE) {
            wire_pointer_put(target->member, text);
        }
        return err;
    }
    if (target->field->type == PROTOBUF_C_TYPE_BYTES) {
        ProtobufCBinaryData bytes = {0, NULL};
        enum err err = read_hex(reading, target, value, &bytes);
        memcpy(target->member, &bytes, sizeof bytes);
        return err;
    }
    return read_number(reading, target, value);
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the types are nested, whatever the text says. */
static enum err read_entry(struct json_reading *reading, const ProtobufCFieldDescriptor *list,
                           json_t *value, void *entry)
{
    if (list->type == PROTOBUF_C_TYPE_MESSAGE) {
        ProtobufCMessage *inner = NULL;
        enum err err = read_object(reading, list, list->descriptor, value, &inner);
        if (err == ERR_NONE && protobuf_c_message_get_packed_size(inner) == 0) {
            err = wire_problem_set(reading->problem, reading->path, "Is empty.");
        }
        wire_pointer_put(entry, inner);
        return err;
    }
    struct json_target target = {NULL, list, entry};
    enum err err = read_value(reading, &target, value);
    ProtobufCBinaryData bytes;
    memcpy(&bytes, entry, sizeof bytes);
    if (err == ERR_NONE && bytes.len == 0) {
        err = wire_problem_set(reading->problem, reading->path, "Is empty.");
    }
    return err;
}

static enum err read_list(struct json_reading *reading, ProtobufCMessage *message,
                          const ProtobufCFieldDescriptor *list, json_t *values)
{
    size_t count = json_array_size(values);
    size_t size = list->type == PROTOBUF_C_TYPE_MESSAGE ? sizeof(ProtobufCMessage *)
                                                        : sizeof(ProtobufCBinaryData);
    if (!json_is_array(values) || count > LIMIT_LIST_COUNT) {
        return wire_problem_set(reading->problem, reading->path,
                                "Must be a list of at most %d entries.", (int)LIMIT_LIST_COUNT);
    }
    if (count == 0) {
        return ERR_NONE;
    }
    uint8_t *entries = wire_arena_take(reading->arena, count * size);
    if (entries == NULL) {
        return no_memory(reading);
    }
    memset(entries, 0, count * size);
    for (size_t i = 0; i < count; i++) {
        char index[WIRE_NAME_SIZE];
        (void)snprintf(index, sizeof index, "[%zu]", i);
        size_t path = path_push(reading, "", index);
        enum err err = read_entry(reading, list, json_array_get(values, i), entries + i * size);
        if (err != ERR_NONE) {
            return err;
        }
        path_pop(reading, path);
    }
    wire_pointer_put(wire_member(message, list), entries);
    memcpy((uint8_t *)message + list->quantifier_offset, &count, sizeof count);
    return ERR_NONE;
}

static enum err read_member(struct json_reading *reading, const ProtobufCFieldDescriptor *list,
                            ProtobufCMessage *message, const char *name, json_t *value)
{
    const ProtobufCFieldDescriptor *field = wire_json_field(message->descriptor, name);
    size_t path = path_push(reading, ".", shown(name));
    if (field == NULL) {
        return wire_problem_set(reading->problem, reading->path, "Is not a field of %s.",
                                message->descriptor->short_name);
    }
    enum err err = ERR_NONE;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        err = read_list(reading, message, field, value);
    } else {
        struct json_target target = {list, field, wire_member(message, field)};
        err = read_value(reading, &target, value);
    }
    if (err == ERR_NONE) {
        path_pop(reading, path);
    }
    return err;
}

static enum err read_object(struct json_reading *reading, const ProtobufCFieldDescriptor *list,
                            const ProtobufCMessageDescriptor *type, json_t *object,
                            ProtobufCMessage **ret)
{
    ProtobufCMessage *message = wire_arena_take(reading->arena, type->sizeof_message);
    const char *name = NULL;
    json_t *value = NULL;
    if (message == NULL) {
        return no_memory(reading);
    }
    if (!json_is_object(object)) {
        return wire_problem_set(reading->problem, reading->path, "Must be an object.");
    }
    type->message_init(message);
    json_object_foreach(object, name, value)
    {
        enum err err = read_member(reading, list, message, name, value);
        if (err != ERR_NONE) {
            return err;
        }
    }
    *ret = message;
    return ERR_NONE;
}

/* NOLINTEND(misc-no-recursion) */

enum err wire_json_read(uint32_t payload, json_t *object, struct wire_arena *arena,
                        ProtobufCMessage **ret, struct wire_problem *ret_problem)
{
    struct json_reading reading = {.payload = payload, .arena = arena, .problem = ret_problem};
    const ProtobufCFieldDescriptor *field = wire_payload_field(payload);
    const ProtobufCMessageDescriptor *type = wire_json_type(payload);
    if (type == NULL) {
        return wire_problem_set(ret_problem, "", "There is no payload %u.", payload);
    }
    if (field != NULL) {
        wire_json_name(field->name, reading.path);
    }
    return read_object(&reading, NULL, type, object, ret);
}

/* jansson recurses a level a bracket; so brackets outside texts are counted first. */
static bool is_flat(struct span json)
{
    unsigned depth = 0;
    bool inside = false;
    for (size_t i = 0; i < json.size; i++) {
        uint8_t c = json.data[i];
        if (inside) {
            inside = c != '"';
            i += c == '\\' ? 1 : 0;
        } else {
            inside = c == '"';
            depth += c == '{' || c == '[' ? 1 : 0;
            depth -= (c == '}' || c == ']') && depth > 0 ? 1 : 0;
        }
        if (depth > WIRE_JSON_DEPTH) {
            return false;
        }
    }
    return true;
}

enum err wire_json_load(struct span json, json_t **ret, struct wire_problem *ret_problem)
{
    json_error_t error;
    if (json.size > JSON_SIZE || !is_flat(json)) {
        (void)wire_problem_set(ret_problem, "", "The JSON text is too large or too deep.");
        return ERR_LIMIT;
    }
    json_t *loaded = json_loadb((const char *)json.data, json.size, JSON_REJECT_DUPLICATES, &error);
    if (loaded == NULL) {
        return wire_problem_set(ret_problem, "", "The JSON text is wrong at line %d, column %d.",
                                error.line, error.column);
    }
    if (!json_is_object(loaded)) {
        json_decref(loaded);
        return wire_problem_set(ret_problem, "", "Must be an object.");
    }
    *ret = loaded;
    return ERR_NONE;
}
