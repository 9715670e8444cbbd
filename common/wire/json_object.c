#include "base/text.h"
#include "rules/civil.h"
#include "wire/facts.h"
#include "wire/json_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OBJECT_ARENA = 192 * 1024, TYPE_SIZE = 4096 };

struct wire_object {
    json_t *root; /* the inner object of the payload, or the sealed message */
};

/* "materials[2].code" taken apart: at most a field, an index and an entry's field. */
struct path {
    char field[WIRE_NAME_SIZE];
    char inner[WIRE_NAME_SIZE];
    bool has_index;
    uint64_t index;
};

struct wire_object *wire_object_new(void)
{
    struct wire_object *object = calloc(1, sizeof *object);
    if (object != NULL) {
        object->root = json_object();
    }
    if (object != NULL && object->root == NULL) {
        free(object);
        object = NULL;
    }
    return object;
}

void wire_object_free(struct wire_object *object)
{
    if (object != NULL) {
        json_decref(object->root);
        free(object);
    }
}

/* One piece up to a dot or bracket, dashes as underscores. */
static const char *path_piece(const char *text, char ret[WIRE_NAME_SIZE])
{
    size_t size = strcspn(text, ".[]");
    if (size == 0 || size >= WIRE_NAME_SIZE) {
        return NULL;
    }
    for (size_t i = 0; i < size; i++) {
        ret[i] = text[i];
        if (text[i] == '-') {
            ret[i] = '_';
        }
    }
    ret[size] = 0;
    return text + size;
}

static bool path_parse(const char *name, struct path *ret)
{
    char index[WIRE_NAME_SIZE];
    *ret = (struct path){.has_index = false};
    const char *rest = path_piece(name, ret->field);
    if (rest == NULL || rest[0] == 0) {
        return rest != NULL;
    }
    bool bracket = rest[0] == '[';
    ret->has_index = true;
    rest = bracket || rest[0] == '.' ? path_piece(rest + 1, index) : NULL;
    if (rest == NULL || (rest[0] == ']') != bracket ||
        text_get_number(span_text(index), LIMIT_LIST_COUNT - 1, &ret->index) != ERR_NONE) {
        return false;
    }
    rest += bracket ? 1 : 0;
    if (rest[0] == 0) {
        return true;
    }
    rest = rest[0] == '.' ? path_piece(rest + 1, ret->inner) : NULL;
    return rest != NULL && rest[0] == 0;
}

static bool ends_with(const char *name, const char *tail)
{
    size_t size = strlen(name);
    size_t tail_size = strlen(tail);
    return size >= tail_size && strcmp(name + size - tail_size, tail) == 0;
}

/* "2026-10-01" for a day; "2026-10-01T09:00", with or without seconds and +08:00, for a time. */
static bool parse_civil(const char *name, const char *text, uint64_t *ret)
{
    char minute[CIVIL_TIME_SIZE];
    int32_t day = 0;
    if (ends_with(name, "_day")) {
        bool valid = civil_day_parse(span_text(text), &day) == ERR_NONE && day > 0;
        *ret = valid ? (uint64_t)day : *ret;
        return valid;
    }
    if (!ends_with(name, "_ms") || strlen(text) < sizeof minute - 1 ||
        (text[10] != 'T' && text[10] != ' ')) {
        return false;
    }
    (void)snprintf(minute, sizeof minute, "%.10s %.5s", text, text + 11);
    const char *rest = text + sizeof minute - 1;
    uint64_t seconds = 0;
    if (rest[0] == ':' && rest[1] >= '0' && rest[1] <= '5' && rest[2] >= '0' && rest[2] <= '9') {
        seconds = (uint64_t)(rest[1] - '0') * 10 + (uint64_t)(rest[2] - '0');
        rest += 3;
    }
    if ((rest[0] != 0 && strcmp(rest, "+08:00") != 0) ||
        civil_time_parse(span_text(minute), ret) != ERR_NONE) {
        return false;
    }
    *ret += seconds * 1000;
    return true;
}

static json_t *number_value(const ProtobufCFieldDescriptor *field, const char *text)
{
    uint64_t number = 0;
    char digits[24];
    uint64_t most = field->type == PROTOBUF_C_TYPE_FIXED64 ? UINT64_MAX : UINT32_MAX;
    if (text_get_number(span_text(text), most, &number) != ERR_NONE &&
        !parse_civil(field->name, text, &number)) {
        return json_string(text); /* the reader refuses it by its name */
    }
    (void)snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    return json_string(digits);
}

/* Text as JSON of the field's type; the reader checks it afterwards. NULL: not even text. */
static json_t *value_of(const ProtobufCFieldDescriptor *field, const char *text)
{
    uint64_t number = 0;
    if (field->type == PROTOBUF_C_TYPE_BOOL) {
        bool on = strcmp(text, "true") == 0 || strcmp(text, "yes") == 0 || strcmp(text, "1") == 0;
        bool off = strcmp(text, "false") == 0 || strcmp(text, "no") == 0 || strcmp(text, "0") == 0;
        return on ? json_true() : off ? json_false() : json_string(text);
    }
    if (field->type == PROTOBUF_C_TYPE_ENUM) {
        bool numeric = text_get_number(span_text(text), INT32_MAX, &number) == ERR_NONE;
        return numeric ? json_integer((json_int_t)number) : json_string(text);
    }
    if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_BYTES) {
        return json_string(text);
    }
    return number_value(field, text);
}

/* "FORM,2,1,1": the entry's fields in the order of the .proto; a piece may be empty. */
static json_t *entry_of(const ProtobufCMessageDescriptor *type, const char *text)
{
    json_t *entry = json_object();
    for (unsigned i = 0; entry != NULL; i++) {
        char piece[WIRE_NAME_SIZE * 2];
        char name[WIRE_NAME_SIZE];
        size_t size = strcspn(text, ",");
        if (i == type->n_fields || size >= sizeof piece) {
            json_decref(entry);
            return NULL;
        }
        (void)snprintf(piece, sizeof piece, "%.*s", (int)size, text);
        wire_json_name(type->fields[i].name, name);
        if (size > 0 && json_object_set_new(entry, name, value_of(&type->fields[i], piece)) != 0) {
            json_decref(entry);
            return NULL;
        }
        if (text[size] == 0) {
            break;
        }
        text += size + 1;
    }
    return entry;
}

/* The list of that name, made when it is not there yet; borrowed from root. */
static json_t *list_of(json_t *root, const char *name)
{
    json_t *list = json_object_get(root, name);
    if (list == NULL && json_object_set_new(root, name, json_array()) == 0) {
        list = json_object_get(root, name);
    }
    return list;
}

static bool set_inner(const ProtobufCFieldDescriptor *field, const struct path *path, json_t *list,
                      const char *value)
{
    const ProtobufCFieldDescriptor *inner =
        protobuf_c_message_descriptor_get_field_by_name(field->descriptor, path->inner);
    char name[WIRE_NAME_SIZE];
    if (path->index == json_array_size(list) && json_array_append_new(list, json_object()) != 0) {
        return false;
    }
    json_t *entry = json_array_get(list, (size_t)path->index);
    if (inner == NULL || entry == NULL) {
        return false;
    }
    wire_json_name(inner->name, name);
    return json_object_set_new(entry, name, value_of(inner, value)) == 0;
}

static bool set_list(const ProtobufCFieldDescriptor *field, const struct path *path, json_t *list,
                     const char *value)
{
    bool messages = field->type == PROTOBUF_C_TYPE_MESSAGE;
    if (path->inner[0] != 0) {
        return messages && set_inner(field, path, list, value);
    }
    json_t *entry = messages ? entry_of(field->descriptor, value) : value_of(field, value);
    if (path->has_index && path->index < json_array_size(list)) {
        return json_array_set_new(list, (size_t)path->index, entry) == 0;
    }
    bool next = !path->has_index || path->index == json_array_size(list);
    if (!next) {
        json_decref(entry);
    }
    return next && json_array_append_new(list, entry) == 0;
}

/* An empty object and text of every length the reader takes fit. */
static enum err read_root(uint32_t payload, json_t *root, struct wire_arena *arena,
                          ProtobufCMessage **ret, struct wire_problem *ret_problem)
{
    enum err err = wire_arena_init(arena, OBJECT_ARENA);
    return err != ERR_NONE ? err : wire_json_read(payload, root, arena, ret, ret_problem);
}

static enum err set_root(const ProtobufCFieldDescriptor *field, const struct path *path,
                         json_t *root, const char *value, struct wire_problem *ret_problem)
{
    char name[WIRE_NAME_SIZE];
    bool list = field->label == PROTOBUF_C_LABEL_REPEATED;
    wire_json_name(field->name, name);
    if (!list && path->has_index) {
        return wire_problem_set(ret_problem, name, "Is not a list.");
    }
    bool done = list ? set_list(field, path, list_of(root, name), value)
                     : json_object_set_new(root, name, value_of(field, value)) == 0;
    return done ? ERR_NONE : wire_problem_set(ret_problem, name, "Is not a value of this field.");
}

enum err wire_object_set(struct wire_object *object, uint32_t payload, const char *name,
                         const char *value, struct wire_problem *ret_problem)
{
    struct path path;
    struct wire_arena arena = {NULL, 0, 0};
    ProtobufCMessage *message = NULL;
    const ProtobufCMessageDescriptor *type = wire_json_type(payload);
    const ProtobufCFieldDescriptor *field =
        type != NULL && path_parse(name, &path)
            ? protobuf_c_message_descriptor_get_field_by_name(type, path.field)
            : NULL;
    if (field == NULL) {
        (void)wire_problem_set(ret_problem, "", "There is no such field.");
        return ERR_NOT_FOUND;
    }
    /* On a copy, so that a refused value leaves the object as it was. */
    json_t *root = json_deep_copy(object->root);
    enum err err = root == NULL ? ERR_MEMORY : set_root(field, &path, root, value, ret_problem);
    if (err == ERR_NONE) {
        err = read_root(payload, root, &arena, &message, ret_problem);
    }
    if (err == ERR_NONE) {
        json_t *old = object->root;
        object->root = root;
        root = old;
    }
    wire_arena_done(&arena);
    json_decref(root);
    return err;
}

enum err wire_object_json(const struct wire_object *object, uint32_t payload, struct buf *ret)
{
    struct wire_arena arena = {NULL, 0, 0};
    struct wire_problem problem;
    ProtobufCMessage *message = NULL;
    const ProtobufCFieldDescriptor *field = wire_payload_field(payload);
    char name[WIRE_NAME_SIZE];
    enum err err = read_root(payload, object->root, &arena, &message, &problem);
    if (err == ERR_NONE && field == NULL) {
        wire_json_write(message, ret);
        err = ret->err;
    } else if (err == ERR_NONE) {
        wire_json_name(field->name, name);
        buf_put_format(ret, "{\"%s\":", name);
        wire_json_write(message, ret);
        buf_put_u8(ret, '}');
        err = ret->err;
    }
    wire_arena_done(&arena);
    return err;
}

static void type_of_enum(const ProtobufCEnumDescriptor *type, struct buf *ret)
{
    for (unsigned i = 0; i < type->n_values; i++) {
        char name[WIRE_NAME_SIZE];
        if (type->values[i].value != 0 && wire_enum_name(type, type->values[i].value, name)) {
            buf_put_format(ret, "%s%s", ret->size > 0 ? "|" : "", name);
        }
    }
}

static void type_of_entry(const ProtobufCMessageDescriptor *type, struct buf *ret)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        buf_put_format(ret, "%s%s", i > 0 ? "," : "", type->fields[i].name);
    }
}

static void type_of_field(uint32_t payload, const ProtobufCFieldDescriptor *field, struct buf *ret)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        type_of_entry(field->descriptor, ret);
    } else if (field->type == PROTOBUF_C_TYPE_ENUM) {
        type_of_enum(field->descriptor, ret);
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        buf_put_format(ret, "hex%zu", wire_fact_size(wire_fact_of(NULL, field)));
    } else if (field->type == PROTOBUF_C_TYPE_STRING) {
        buf_put_text(ret, payload < WIRE_SEALED_PAYLOAD ? "code" : "text");
    } else if (field->type == PROTOBUF_C_TYPE_BOOL) {
        buf_put_text(ret, "yes|no");
    } else {
        buf_put_text(ret, ends_with(field->name, "_day")  ? "day"
                          : ends_with(field->name, "_ms") ? "time"
                                                          : "number");
    }
}

void wire_payload_fields(uint32_t payload, void *context,
                         void (*visit)(void *context, const char *name, const char *type))
{
    const ProtobufCMessageDescriptor *message = wire_json_type(payload);
    struct buf type;
    buf_init(&type, TYPE_SIZE);
    for (unsigned i = 0; message != NULL && i < message->n_fields; i++) {
        char name[WIRE_NAME_SIZE];
        (void)snprintf(name, sizeof name, "%s", message->fields[i].name);
        for (char *dash = strchr(name, '_'); dash != NULL; dash = strchr(dash, '_')) {
            *dash = '-';
        }
        buf_clear(&type);
        type_of_field(payload, &message->fields[i], &type);
        visit(context, name, buf_text(&type));
    }
    buf_done(&type);
}
