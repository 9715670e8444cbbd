/* What the reader, the facts and the API rely on in the .proto files, checked over the generated
 * descriptors: so a field that was added in one place only is found here. */
#include "event.pb-c.h"
#include "sealed.pb-c.h"
#include "sync.pb-c.h"
#include "unit.h"
#include "wire/json.h"
#include "wire_make.h"

#include <jansson.h>
#include <stdio.h>

static const ProtobufCMessageDescriptor *const roots[] = {
    &jieli__v1__event_body__descriptor, &jieli__v1__envelope__descriptor,
    &jieli__v1__leaf__descriptor,       &jieli__v1__head_body__descriptor,
    &jieli__v1__nack_body__descriptor,  &jieli__v1__frame__descriptor,
    &jieli__v1__doorbell__descriptor,   &jieli__v1__envelope_list__descriptor,
    &jieli__v1__leaf_list__descriptor,  &jieli__v1__identity__descriptor,
    &jieli__v1__matter__descriptor,     &jieli__v1__sealed_blob__descriptor,
    &jieli__v1__staff_name__descriptor,
};

/* The types that the strict reader knows. */
static bool type_is_known(const ProtobufCFieldDescriptor *field)
{
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
    case PROTOBUF_C_TYPE_BYTES:
        return true;
    case PROTOBUF_C_TYPE_FIXED64:
        return !repeated || (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED) != 0;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_STRING:
        return !repeated;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        return false;
    }
    return false;
}

/* A map is generated as a message whose name ends so. */
static bool is_map_entry(const char *name)
{
    size_t size = strlen(name);
    return size > 5 && strcmp(name + size - 5, "Entry") == 0 && strcmp(name, "BackEntry") != 0;
}

/* Recursive messages would go on for ever, so the depth says both. */
/* NOLINTNEXTLINE(misc-no-recursion): bounded by the first line */
static void check_message(const ProtobufCMessageDescriptor *type, unsigned depth)
{
    assert_true(depth <= WIRE_DEPTH);
    assert_false(is_map_entry(type->short_name));
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        if (!type_is_known(field)) {
            fail_msg("%s.%s has a type the reader does not know", type->short_name, field->name);
        }
        assert_true(i == 0 || field->id > type->fields[i - 1].id);
        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            check_message(field->descriptor, depth + 1);
        }
        if (field->type == PROTOBUF_C_TYPE_ENUM) {
            const ProtobufCEnumDescriptor *names = field->descriptor;
            assert_int_equal(names->values[0].value, 0);
        }
    }
}

static void test_messages_are_plain(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        check_message(roots[i], 1);
    }
}

static void check_fact(const ProtobufCFieldDescriptor *list, const ProtobufCFieldDescriptor *field,
                       bool *used)
{
    enum field fact = wire_fact_of(list, field);
    bool bytes = field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_BYTES;
    if (fact == FIELD_END) {
        fail_msg("fields.def has no %s%s%s", list != NULL ? list->name : "",
                 list != NULL ? "_" : "", field->name);
    }
    assert_int_equal(field_type(fact), bytes ? VALUE_BYTES : VALUE_NUMBER);
    used[fact] = true;
}

static void test_every_field_is_a_fact(void **state)
{
    (void)state;
    bool used[FIELD_END] = {false};
    for (size_t p = 0; p < make_payload_count(); p++) {
        const ProtobufCMessageDescriptor *type = wire_payload_type(make_payload(p));
        assert_non_null(type);
        for (unsigned i = 0; i < type->n_fields; i++) {
            const ProtobufCFieldDescriptor *field = &type->fields[i];
            const ProtobufCMessageDescriptor *inner = field->descriptor;
            assert_true(field->id < 40); /* the memo of facts.c */
            if (field->type != PROTOBUF_C_TYPE_MESSAGE) {
                check_fact(NULL, field, used);
                continue;
            }
            assert_int_equal(field->label, PROTOBUF_C_LABEL_REPEATED);
            for (unsigned j = 0; j < inner->n_fields; j++) {
                assert_true(inner->fields[j].id < 8);
                assert_int_equal(inner->fields[j].label, PROTOBUF_C_LABEL_NONE);
                check_fact(field, &inner->fields[j], used);
            }
        }
    }
    for (unsigned fact = 1; fact < 200; fact++) {
        if (field_name((enum field)fact) != NULL && !used[fact]) {
            fail_msg("no payload has %s", field_name((enum field)fact));
        }
    }
}

static void test_payload_numbers(void **state)
{
    (void)state;
    assert_true(make_payload_count() >= 14);
    for (size_t i = 0; i < make_payload_count(); i++) {
        assert_true(make_payload(i) >= WIRE_CONTACT && make_payload(i) < 112);
    }
    assert_string_equal(wire_payload_field(WIRE_CASE)->name, "case");
    assert_string_equal(wire_payload_field(WIRE_LIFE)->name, "life");
    assert_string_equal(wire_payload_field(WIRE_AUDIENCE)->name, "audience");
    assert_null(wire_payload_field(4)); /* a field, but no payload */
}

/* Ids of 16 bytes: the same in facts.c and in deploy/openapi.py. */
static void check_property(json_t *property, const ProtobufCFieldDescriptor *list,
                           const ProtobufCFieldDescriptor *field)
{
    char pattern[64];
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        assert_int_equal(json_integer_value(json_object_get(property, "maxItems")),
                         LIMIT_LIST_COUNT);
        property = json_object_get(property, "items");
    }
    assert_non_null(property);
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        (void)snprintf(pattern, sizeof pattern, "^[0-9a-f]{%zu}$",
                       2 * wire_fact_size(wire_fact_of(list, field)));
        assert_string_equal(json_string_value(json_object_get(property, "pattern")), pattern);
    } else if (field->type == PROTOBUF_C_TYPE_BOOL) {
        assert_string_equal(json_string_value(json_object_get(property, "type")), "boolean");
    } else if (field->type == PROTOBUF_C_TYPE_UINT32) {
        assert_string_equal(json_string_value(json_object_get(property, "type")), "integer");
    } else if (field->type == PROTOBUF_C_TYPE_FIXED64) {
        assert_string_equal(json_string_value(json_object_get(property, "type")), "string");
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): the depth is checked above */
static void check_schema(json_t *schemas, const ProtobufCFieldDescriptor *list,
                         const ProtobufCMessageDescriptor *type)
{
    json_t *schema = json_object_get(schemas, type->short_name);
    json_t *properties = json_object_get(schema, "properties");
    assert_int_equal(json_object_size(properties), type->n_fields);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        const ProtobufCEnumDescriptor *names = field->descriptor;
        char name[64];
        size_t size = 0;
        for (size_t at = 0; field->name[at] != 0; at++) {
            if (field->name[at] != '_') {
                bool raise = at > 0 && field->name[at - 1] == '_';
                name[size++] = (char)(field->name[at] - (raise ? 'a' - 'A' : 0));
            }
        }
        name[size] = 0;
        check_property(json_object_get(properties, name), list, field);
        if (field->type == PROTOBUF_C_TYPE_ENUM) {
            json_t *offered = json_object_get(json_object_get(schemas, names->short_name), "enum");
            assert_int_equal(json_array_size(offered), names->n_values - 1);
        }
        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            check_schema(schemas, field, field->descriptor);
        }
    }
}

static void test_openapi_says_the_same(void **state)
{
    (void)state;
    struct span text = wire_openapi_json();
    json_t *document = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(document);
    json_t *schemas = json_object_get(json_object_get(document, "components"), "schemas");
    for (size_t p = 0; p < make_payload_count(); p++) {
        check_schema(schemas, NULL, wire_payload_type(make_payload(p)));
    }
    assert_string_equal(json_string_value(json_object_get(document, "openapi")), "3.1.0");
    json_t *verbs = json_object_get(json_object_get(schemas, "CaseVerb"), "enum");
    assert_string_equal(json_string_value(json_array_get(verbs, 2)), "deficiency_notified");
    json_t *request = json_object_get(json_object_get(schemas, "EventRequest"), "properties");
    assert_non_null(json_object_get(request, "identity"));
    assert_non_null(json_object_get(request, "matter"));
    assert_non_null(json_object_get(request, "attestation"));
    assert_non_null(json_object_get(request, "backEntry"));
    assert_null(json_object_get(request, "heads"));
    json_decref(document);
}

/* Each name that the document offers is taken, and means the number it stands for. */
static void test_openapi_names_are_read(void **state)
{
    (void)state;
    static struct values facts;
    const ProtobufCEnumDescriptor *verbs = &jieli__v1__case_verb__descriptor;
    struct span text = wire_openapi_json();
    json_t *document = json_loadb((const char *)text.data, text.size, 0, NULL);
    json_t *names = json_object_get(
        json_object_get(json_object_get(json_object_get(document, "components"), "schemas"),
                        "CaseVerb"),
        "enum");
    for (unsigned i = 1; i < verbs->n_values; i++) {
        char json[128];
        uint32_t payload = 0;
        struct wire_problem problem;
        (void)snprintf(json, sizeof json, "{\"case\":{\"verb\":\"%s\"}}",
                       json_string_value(json_array_get(names, i - 1)));
        assert_int_equal(wire_payload_from_json(span_text(json), &payload, &facts, &problem),
                         ERR_NONE);
        assert_int_equal(values_number(&facts, FIELD_verb, 0), verbs->values[i].value);
    }
    json_decref(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_are_plain),     cmocka_unit_test(test_every_field_is_a_fact),
        cmocka_unit_test(test_payload_numbers),        cmocka_unit_test(test_openapi_says_the_same),
        cmocka_unit_test(test_openapi_names_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
