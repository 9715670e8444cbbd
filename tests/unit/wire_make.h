#ifndef JIELI_TESTS_WIRE_MAKE_H
#define JIELI_TESTS_WIRE_MAKE_H

/* Events with random but well-formed content, by reflection; the same seed, the same event. */

#include "event.pb-c.h"
#include "wire/facts.h"
#include "wire/wire.h"

#include <string.h>

struct make {
    uint64_t state;
};

/* Number of the payload at that place among all that EventBody has; 0 behind the last. */
static inline uint32_t make_payload(size_t index)
{
    const ProtobufCMessageDescriptor *body = &jieli__v1__event_body__descriptor;
    for (unsigned i = 0; i < body->n_fields; i++) {
        if (wire_payload_field(body->fields[i].id) != NULL && index-- == 0) {
            return body->fields[i].id;
        }
    }
    return 0;
}

static inline size_t make_payload_count(void)
{
    size_t count = 0;
    while (make_payload(count) != 0) {
        count++;
    }
    return count;
}

/* splitmix64 */
static inline uint64_t make_number(struct make *make)
{
    make->state += 0x9e3779b97f4a7c15u;
    uint64_t z = make->state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline uint64_t make_below(struct make *make, uint64_t end)
{
    return make_number(make) % end;
}

static inline void make_bytes(struct make *make, uint8_t *ret, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ret[i] = (uint8_t)make_number(make);
    }
    ret[0] |= 1; /* never all zero, which would mean absent */
}

/* At most greatest, all its bits being ones: zero, any, the greatest, at the border of a varint's
 * next byte. */
static inline uint64_t make_edge(struct make *make, uint64_t greatest)
{
    uint64_t number = make_number(make);
    uint64_t border = (uint64_t)1 << make_below(make, 64);
    switch (number % 5) {
    case 0:
        return 0;
    case 1:
        return number >> 8 & greatest;
    case 2:
        return greatest;
    case 3:
        return border & greatest;
    default:
        return (border - 1) & greatest;
    }
}

/* Lives as long as the program: one of a few codes. */
static inline struct span make_code(struct make *make)
{
    static const char longest[] =
        "0123456789012345678901234567890123456789012345678901234567890123";
    static const char *const codes[] = {"I04", "F-01", "D12", "a", "guardian", longest};
    return span_text(codes[make_below(make, sizeof codes / sizeof codes[0])]);
}

static inline uint64_t make_value(struct make *make, const ProtobufCFieldDescriptor *field)
{
    if (field->type == PROTOBUF_C_TYPE_BOOL) {
        return 1;
    }
    if (field->type == PROTOBUF_C_TYPE_ENUM) {
        const ProtobufCEnumDescriptor *type = field->descriptor;
        return (uint64_t)type->values[1 + make_below(make, type->n_values - 1)].value;
    }
    uint64_t number = make_number(make) >> make_below(make, 64);
    number = field->type == PROTOBUF_C_TYPE_FIXED64 ? number : number & UINT32_MAX;
    return number == 0 ? 1 : number;
}

static inline void make_fact(struct make *make, const ProtobufCFieldDescriptor *list,
                             const ProtobufCFieldDescriptor *field, uint16_t place,
                             struct values *ret)
{
    enum field fact = wire_fact_of(list, field);
    uint8_t id[LIMIT_HASH_SIZE];
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        values_set_bytes(ret, fact, place, make_code(make));
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        make_bytes(make, id, sizeof id);
        values_set_bytes(ret, fact, place, span_of(id, wire_fact_size(fact)));
    } else {
        values_set_number(ret, fact, place, make_value(make, field));
    }
}

static inline void make_list(struct make *make, const ProtobufCFieldDescriptor *list,
                             struct values *ret)
{
    uint16_t count = (uint16_t)make_below(make, 4);
    for (uint16_t place = 0; place < count; place++) {
        if (list->type != PROTOBUF_C_TYPE_MESSAGE) {
            make_fact(make, NULL, list, place, ret);
            continue;
        }
        const ProtobufCMessageDescriptor *type = list->descriptor;
        unsigned always = (unsigned)make_below(make, type->n_fields);
        for (unsigned i = 0; i < type->n_fields; i++) {
            if (i == always || make_below(make, 2) == 0) {
                make_fact(make, list, &type->fields[i], place, ret);
            }
        }
    }
}

/* few of 8: how many of the fields are set. */
static inline void make_facts(struct make *make, uint32_t payload, unsigned few, struct values *ret)
{
    const ProtobufCMessageDescriptor *type = wire_payload_type(payload);
    values_clear(ret);
    for (unsigned i = 0; i < type->n_fields; i++) {
        if (make_below(make, 8) >= few) {
            continue;
        }
        if (type->fields[i].label == PROTOBUF_C_LABEL_REPEATED) {
            make_list(make, &type->fields[i], ret);
        } else {
            make_fact(make, NULL, &type->fields[i], 0, ret);
        }
    }
}

static inline void make_claims(struct make *make, struct wire_event *ret)
{
    static const char evidence[] = "0123456789abcdef0123456789abcdef";
    if (make_below(make, 4) == 0) {
        ret->back_entry = true;
        ret->paper_serial = make_code(make);
        ret->paper_ms = make_number(make);
        ret->back_reason = make_code(make);
    }
    if (make_below(make, 4) == 0) {
        ret->attestation = (uint8_t)(1 + make_below(make, 7));
        ret->attestation_ground = make_code(make);
        ret->attestation_evidence = span_of(evidence, LIMIT_HASH_SIZE);
    }
    ret->sealed_count = (uint32_t)make_below(make, LIMIT_SEALED_COUNT + 1);
    for (uint32_t i = 0; i < ret->sealed_count; i++) {
        ret->sealed[i].label = 1 + i;
        ret->sealed[i].audience = 1 + (uint32_t)make_below(make, 15);
        ret->sealed[i].size = 1 + (uint32_t)make_below(make, LIMIT_SEALED_SIZE);
        make_bytes(make, ret->sealed[i].hash, sizeof ret->sealed[i].hash);
        make_bytes(make, ret->sealed[i].commitment, sizeof ret->sealed[i].commitment);
    }
}

static inline void make_event(struct make *make, uint32_t payload, struct wire_event *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->version = WIRE_VERSION;
    make_bytes(make, ret->hub, sizeof ret->hub);
    make_bytes(make, ret->device, sizeof ret->device);
    make_bytes(make, ret->author, sizeof ret->author);
    make_bytes(make, ret->record, sizeof ret->record);
    ret->incarnation = 1 + make_below(make, 3);
    ret->seq = 1 + make_below(make, 3);
    ret->has_prev = ret->seq > 1;
    if (ret->has_prev) {
        make_bytes(make, ret->prev, sizeof ret->prev);
    }
    ret->has_seen = make_below(make, 2) == 0;
    if (ret->has_seen) {
        ret->seen_origin = span_text("hub.hechi.shuiwan.jieli/1");
        ret->seen_size = make_below(make, 100);
        make_bytes(make, ret->seen_root, sizeof ret->seen_root);
    }
    ret->applied_common = make_below(make, 2);
    ret->applied_own = make_below(make, 2);
    ret->applied_epoch = ret->applied_common + ret->applied_own > 0 ? 1 + make_below(make, 3) : 0;
    ret->claimed_ms = make_number(make);
    ret->clock = (uint8_t)make_below(make, 4);
    if (make_below(make, 2) == 0) {
        make_bytes(make, ret->boot, sizeof ret->boot);
    }
    ret->mono_ms = make_number(make);
    make_claims(make, ret);
    ret->payload = payload;
    make_facts(make, payload, 3, &ret->facts);
}

#endif
