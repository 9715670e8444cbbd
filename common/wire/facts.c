#include "wire/facts.h"

#include "base/check.h"
#include "event.pb-c.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum {
    MEMO_RECORDS = 32,
    MEMO_PAYLOADS = 48,
    MEMO_FIELDS = 40,
    MEMO_ENTRIES = 8,
    FACT_NAME_SIZE = 64
};

struct fact {
    enum field field;
    uint16_t place;
    uint64_t number;
    struct span bytes;
};

struct tally {
    size_t count;
    size_t size;
};

struct visitor {
    void *context;
    enum err (*visit)(void *context, const struct fact *fact);
};

/* Ids of people and records; every other fact of type bytes is a key or a hash. */
static const uint8_t fact_sizes[FIELD_END] = {
    [FIELD_receiver] = LIMIT_ID_SIZE,    [FIELD_case_record] = LIMIT_ID_SIZE,
    [FIELD_contact] = LIMIT_ID_SIZE,     [FIELD_approval] = LIMIT_ID_SIZE,
    [FIELD_handler] = LIMIT_ID_SIZE,     [FIELD_children] = LIMIT_ID_SIZE,
    [FIELD_principal] = LIMIT_ID_SIZE,   [FIELD_delegate] = LIMIT_ID_SIZE,
    [FIELD_staff] = LIMIT_ID_SIZE,       [FIELD_accused] = LIMIT_ID_SIZE,
    [FIELD_subject] = LIMIT_ID_SIZE,     [FIELD_witness] = LIMIT_ID_SIZE,
    [FIELD_cover] = LIMIT_ID_SIZE,       [FIELD_leader] = LIMIT_ID_SIZE,
    [FIELD_people] = LIMIT_ID_SIZE,      [FIELD_training] = LIMIT_ID_SIZE,
    [FIELD_posts_staff] = LIMIT_ID_SIZE,
};

size_t wire_fact_size(enum field field)
{
    return (unsigned)field < FIELD_END && fact_sizes[field] != 0 ? fact_sizes[field]
                                                                 : LIMIT_HASH_SIZE;
}

const ProtobufCFieldDescriptor *wire_payload_field(uint32_t payload)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(&jieli__v1__event_body__descriptor, payload);
    return field != NULL && (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 ? field : NULL;
}

const ProtobufCMessageDescriptor *wire_payload_type(uint32_t payload)
{
    const ProtobufCFieldDescriptor *field = wire_payload_field(payload);
    return field != NULL ? field->descriptor : NULL;
}

enum field wire_fact_of(const ProtobufCFieldDescriptor *list, const ProtobufCFieldDescriptor *field)
{
    char name[FACT_NAME_SIZE];
    int size = snprintf(name, sizeof name, "%s%s%s", list != NULL ? list->name : "",
                        list != NULL ? "_" : "", field->name);
    if (size < 0 || (size_t)size >= sizeof name) {
        return FIELD_END;
    }
    return field_by_name(span_text(name));
}

/* Names are compared once a field and process: the answer is a constant, so whichever thread
 * stores it first stores the same. 0 is not a fact's number. */
enum field wire_payload_fact(uint32_t payload, const ProtobufCFieldDescriptor *list,
                             const ProtobufCFieldDescriptor *field)
{
    static _Atomic uint16_t memo[MEMO_PAYLOADS][MEMO_FIELDS][MEMO_ENTRIES];
    uint32_t first =
        payload < WIRE_PERSON ? payload - WIRE_CONTACT : payload - WIRE_PERSON + MEMO_RECORDS;
    uint32_t second = list != NULL ? list->id : field->id;
    uint32_t third = list != NULL ? field->id : 0;
    if (first >= MEMO_PAYLOADS || second >= MEMO_FIELDS || third >= MEMO_ENTRIES) {
        return wire_fact_of(list, field);
    }
    _Atomic uint16_t *known = &memo[first][second][third];
    uint16_t number = atomic_load_explicit(known, memory_order_relaxed);
    if (number == 0) {
        number = (uint16_t)wire_fact_of(list, field);
        atomic_store_explicit(known, number, memory_order_relaxed);
    }
    return (enum field)number;
}

/* The value at member as a fact; zero or empty when absent. */
static enum err fact_take(const ProtobufCFieldDescriptor *field, const void *member,
                          struct fact *fact)
{
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = wire_pointer(member);
        fact->bytes = span_text(text);
        return wire_is_code(text, WIRE_CODE_SIZE) ? ERR_NONE : ERR_MALFORMED;
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        ProtobufCBinaryData bytes;
        memcpy(&bytes, member, sizeof bytes);
        fact->bytes = wire_span(bytes);
        return bytes.len == 0 || bytes.len == wire_fact_size(fact->field) ? ERR_NONE
                                                                          : ERR_MALFORMED;
    }
    uint32_t small = 0;
    if (field->type == PROTOBUF_C_TYPE_FIXED64) {
        memcpy(&fact->number, member, sizeof fact->number);
    } else {
        memcpy(&small, member, sizeof small);
        fact->number = small;
    }
    return ERR_NONE;
}

static bool fact_is_absent(const struct fact *fact)
{
    return fact->number == 0 && fact->bytes.size == 0;
}

/* ret_absent: the value is zero or empty. */
static enum err walk_value(const struct visitor *visitor, struct fact fact,
                           const ProtobufCFieldDescriptor *field, const void *member,
                           bool *ret_absent)
{
    if (fact.field == FIELD_END) {
        return ERR_MALFORMED;
    }
    enum err err = fact_take(field, member, &fact);
    *ret_absent = fact_is_absent(&fact);
    if (err != ERR_NONE || *ret_absent) {
        return err;
    }
    return visitor->visit(visitor->context, &fact);
}

/* An entry without any value would be lost among flat facts, so it is refused. */
static enum err walk_entry(const struct visitor *visitor, uint32_t payload,
                           const ProtobufCFieldDescriptor *list, const ProtobufCMessage *entry,
                           uint16_t place)
{
    const ProtobufCMessageDescriptor *type = entry->descriptor;
    bool empty = true;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        struct fact fact = {.field = wire_payload_fact(payload, list, field), .place = place};
        bool absent = true;
        enum err err = walk_value(visitor, fact, field, wire_member(entry, field), &absent);
        if (err != ERR_NONE) {
            return err;
        }
        empty = empty && absent;
    }
    return empty ? ERR_MALFORMED : ERR_NONE;
}

static enum err walk_list(const struct visitor *visitor, uint32_t payload,
                          const ProtobufCMessage *message, const ProtobufCFieldDescriptor *list)
{
    size_t count =
        *(const size_t *)(const void *)((const uint8_t *)message + list->quantifier_offset);
    void *entries = wire_pointer(wire_member(message, list));
    enum err err = ERR_NONE;
    for (size_t i = 0; i < count && err == ERR_NONE; i++) {
        uint16_t place = (uint16_t)i;
        if (list->type == PROTOBUF_C_TYPE_MESSAGE) {
            err = walk_entry(visitor, payload, list, ((ProtobufCMessage **)entries)[i], place);
            continue;
        }
        struct fact fact = {.field = wire_payload_fact(payload, NULL, list), .place = place};
        bool absent = true;
        err = walk_value(visitor, fact, list, (ProtobufCBinaryData *)entries + i, &absent);
        err = err == ERR_NONE && absent ? ERR_MALFORMED : err;
    }
    return err;
}

static enum err walk(uint32_t payload, const ProtobufCMessage *message,
                     const struct visitor *visitor)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    enum err err = ERR_NONE;
    for (unsigned i = 0; i < type->n_fields && err == ERR_NONE; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        bool absent = true;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            err = walk_list(visitor, payload, message, field);
        } else {
            struct fact fact = {.field = wire_payload_fact(payload, NULL, field)};
            err = walk_value(visitor, fact, field, wire_member(message, field), &absent);
        }
    }
    return err;
}

static enum err visit_tally(void *context, const struct fact *fact)
{
    struct tally *tally = context;
    tally->count++;
    tally->size += fact->bytes.size;
    return tally->count > LIMIT_VALUE_COUNT || tally->size > VALUES_STORAGE ? ERR_LIMIT : ERR_NONE;
}

static enum err visit_set(void *context, const struct fact *fact)
{
    struct values *values = context;
    if (fact->bytes.size > 0) {
        values_set_bytes(values, fact->field, fact->place, fact->bytes);
    } else {
        values_set_number(values, fact->field, fact->place, fact->number);
    }
    return ERR_NONE;
}

enum err wire_facts_check(uint32_t payload, const ProtobufCMessage *message)
{
    struct tally tally = {0, 0};
    struct visitor visitor = {&tally, visit_tally};
    return walk(payload, message, &visitor);
}

void wire_facts_read(uint32_t payload, const ProtobufCMessage *message, struct values *ret)
{
    struct visitor visitor = {ret, visit_set};
    values_clear(ret);
    enum err err = walk(payload, message, &visitor);
    CHECK(err == ERR_NONE);
    CHECK(ret->err == ERR_NONE);
}
