#include "wire/json_names.h"

#include "sealed.pb-c.h"
#include "wire/facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char lower(char c)
{
    if (c >= 'A' && c <= 'Z') {
        c = (char)(c - 'A' + 'a');
    }
    return c;
}

static char upper(char c)
{
    if (c >= 'a' && c <= 'z') {
        c = (char)(c - 'a' + 'A');
    }
    return c;
}

void wire_json_name(const char *name, char ret[WIRE_NAME_SIZE])
{
    size_t size = 0;
    for (size_t i = 0; name[i] != 0 && size + 1 < WIRE_NAME_SIZE; i++) {
        if (i > 0 && name[i - 1] == '_') {
            ret[size++] = upper(name[i]);
        } else if (name[i] != '_') {
            ret[size++] = name[i];
        }
    }
    ret[size] = 0;
}

const ProtobufCFieldDescriptor *wire_json_field(const ProtobufCMessageDescriptor *type,
                                                const char *name)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        char own[WIRE_NAME_SIZE];
        wire_json_name(type->fields[i].name, own);
        if (strcmp(own, name) == 0) {
            return &type->fields[i];
        }
    }
    return NULL;
}

/* What all names of the enum begin with, up to an underscore: "CASE_". */
static size_t enum_prefix(const ProtobufCEnumDescriptor *type)
{
    const char *first = type->values[0].name;
    size_t size = strlen(first);
    for (unsigned i = 1; i < type->n_values; i++) {
        size_t same = 0;
        while (same < size && first[same] == type->values[i].name[same]) {
            same++;
        }
        size = same;
    }
    while (size > 0 && first[size - 1] != '_') {
        size--;
    }
    return size;
}

bool wire_enum_name(const ProtobufCEnumDescriptor *type, int number, char ret[WIRE_NAME_SIZE])
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(type, number);
    if (value == NULL) {
        return false;
    }
    const char *name = value->name + enum_prefix(type);
    size_t size = 0;
    for (; name[size] != 0 && size + 1 < WIRE_NAME_SIZE; size++) {
        ret[size] = lower(name[size]);
    }
    ret[size] = 0;
    return true;
}

bool wire_enum_number(const ProtobufCEnumDescriptor *type, const char *name, uint64_t *ret)
{
    for (unsigned i = 0; i < type->n_values; i++) {
        char own[WIRE_NAME_SIZE] = "";
        (void)wire_enum_name(type, type->values[i].value, own);
        size_t at = 0;
        while (own[at] != 0 && own[at] == (name[at] == '-' ? '_' : name[at])) {
            at++;
        }
        if (own[at] == 0 && name[at] == 0) {
            *ret = (uint64_t)type->values[i].value;
            return true;
        }
    }
    return false;
}

const ProtobufCMessageDescriptor *wire_json_type(uint32_t payload)
{
    if (payload < WIRE_SEALED_PAYLOAD) {
        return wire_payload_type(payload);
    }
    if (payload == WIRE_SEALED_PAYLOAD + (uint32_t)JIELI__V1__SEALED_LABEL__SEALED_IDENTITY) {
        return &jieli__v1__identity__descriptor;
    }
    if (payload == WIRE_SEALED_PAYLOAD + (uint32_t)JIELI__V1__SEALED_LABEL__SEALED_MATTER) {
        return &jieli__v1__matter__descriptor;
    }
    return NULL;
}

enum err wire_problem_set(struct wire_problem *ret_problem, const char *field, const char *format,
                          ...)
{
    va_list args;
    *ret_problem = (struct wire_problem){{0}, {0}};
    (void)snprintf(ret_problem->field, sizeof ret_problem->field, "%s", field);
    va_start(args, format);
    (void)vsnprintf(ret_problem->message, sizeof ret_problem->message, format, args);
    va_end(args);
    return ERR_MALFORMED;
}
