#include "wire/json.h"

#include "wire/event.h"
#include "wire/facts.h"
#include "wire/json_names.h"

#include <string.h>

enum { SEALED_CONTENT_SIZE = LIMIT_SEALED_SIZE - 256 }; /* what seal_part_encrypt takes */

/* {"case": {...}}: exactly one member, which names the payload. */
static enum err payload_of(json_t *object, uint32_t *ret_payload, json_t **ret_inner,
                           struct wire_problem *ret_problem)
{
    void *member = json_object_iter(object);
    if (json_object_size(object) != 1) {
        return wire_problem_set(ret_problem, "", "Must have exactly one member: the payload.");
    }
    const ProtobufCFieldDescriptor *field =
        wire_json_field(&jieli__v1__event_body__descriptor, json_object_iter_key(member));
    if (field == NULL || wire_payload_field(field->id) == NULL) {
        return wire_problem_set(ret_problem, "", "The member is not the name of a payload.");
    }
    *ret_payload = field->id;
    *ret_inner = json_object_iter_value(member);
    return ERR_NONE;
}

enum err wire_payload_from_json(struct span json, uint32_t *ret_payload, struct values *ret_facts,
                                struct wire_problem *ret_problem)
{
    json_t *object = NULL;
    json_t *inner = NULL;
    struct wire_arena arena = {NULL, 0, 0};
    ProtobufCMessage *message = NULL;
    uint32_t payload = 0;
    enum err err = wire_json_load(json, &object, ret_problem);
    if (err == ERR_NONE) {
        err = payload_of(object, &payload, &inner, ret_problem);
    }
    if (err == ERR_NONE) {
        err = wire_arena_init(&arena, json.size + WIRE_BUILD_ARENA);
    }
    if (err == ERR_NONE) {
        err = wire_json_read(payload, inner, &arena, &message, ret_problem);
    }
    if (err == ERR_NONE) {
        err = wire_facts_check(payload, message);
        if (err != ERR_NONE) {
            (void)wire_problem_set(ret_problem, "", "Has more facts than an event may carry.");
        }
    }
    if (err == ERR_NONE) {
        *ret_payload = payload;
        wire_facts_read(payload, message, ret_facts);
    }
    wire_arena_done(&arena);
    json_decref(object);
    return err;
}

enum err wire_payload_to_json(uint32_t payload, const struct values *facts, struct buf *ret)
{
    WIRE_STACK_ARENA(arena, WIRE_BUILD_ARENA);
    ProtobufCMessage *message = NULL;
    char name[WIRE_NAME_SIZE];
    enum err err = wire_facts_write(payload, facts, &arena, &message);
    if (err != ERR_NONE) {
        return err;
    }
    wire_json_name(wire_payload_field(payload)->name, name);
    buf_put_format(ret, "{\"%s\":", name);
    wire_json_write(message, ret);
    buf_put_u8(ret, '}');
    return ret->err;
}

enum err wire_event_to_json(const struct wire_event *event, struct buf *ret)
{
    WIRE_STACK_ARENA(arena, WIRE_BUILD_ARENA);
    struct wire_body built;
    enum err err = wire_body_build(event, &arena, &built);
    if (err != ERR_NONE) {
        return err;
    }
    wire_json_write(&built.body.base, ret);
    return ret->err;
}

enum err wire_sealed_from_json(uint32_t label, struct span json, struct buf *ret,
                               struct wire_problem *ret_problem)
{
    json_t *object = NULL;
    struct wire_arena arena = {NULL, 0, 0};
    ProtobufCMessage *message = NULL;
    enum err err = wire_json_load(json, &object, ret_problem);
    if (err == ERR_NONE) {
        err = wire_arena_init(&arena, json.size + WIRE_BUILD_ARENA);
    }
    if (err == ERR_NONE) {
        err = wire_json_read(WIRE_SEALED_PAYLOAD + label, object, &arena, &message, ret_problem);
    }
    if (err == ERR_NONE && protobuf_c_message_get_packed_size(message) > SEALED_CONTENT_SIZE) {
        err = wire_problem_set(ret_problem, "", "Is longer than a sealed part may be.");
    }
    if (err == ERR_NONE) {
        wire_write(message, ret);
        err = ret->err;
    }
    wire_arena_done(&arena);
    json_decref(object);
    return err;
}

enum err wire_sealed_to_json(uint32_t label, struct span bytes, struct buf *ret)
{
    const ProtobufCMessageDescriptor *type =
        label < WIRE_SEALED_PAYLOAD ? wire_json_type(WIRE_SEALED_PAYLOAD + label) : NULL;
    struct wire_arena arena = {NULL, 0, 0};
    ProtobufCMessage *message = NULL;
    if (type == NULL || bytes.size > LIMIT_SEALED_SIZE) {
        return type == NULL ? ERR_MALFORMED : ERR_LIMIT;
    }
    enum err err = wire_arena_init(&arena, bytes.size + WIRE_BUILD_ARENA);
    if (err == ERR_NONE) {
        err = wire_read(type, bytes, 1, &arena, &message);
    }
    if (err == ERR_NONE) {
        wire_json_write(message, ret);
        err = ret->err;
    }
    wire_arena_done(&arena);
    return err;
}
