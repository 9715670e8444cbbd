#include "wire/event.h"
#include "wire/facts.h"

#include <string.h>

/* protobuf-c wants a NUL behind text; a NUL inside would cut it. */
static enum err build_text(struct wire_arena *arena, struct span text, char **ret)
{
    char *copy = wire_arena_text(arena, text);
    if (copy == NULL) {
        return ERR_LIMIT;
    }
    *ret = copy;
    return strlen(copy) == text.size ? ERR_NONE : ERR_MALFORMED;
}

static enum err build_seen(const struct wire_event *event, struct wire_arena *arena,
                           struct wire_body *ret)
{
    if (!event->has_seen) {
        return event->seen_origin.size == 0 && event->seen_size == 0 ? ERR_NONE : ERR_MALFORMED;
    }
    jieli__v1__seen__init(&ret->seen);
    ret->seen.size = event->seen_size;
    ret->seen.root = wire_bytes(event->seen_root, sizeof event->seen_root);
    ret->body.seen = &ret->seen;
    return build_text(arena, event->seen_origin, &ret->seen.origin);
}

static enum err build_back_entry(const struct wire_event *event, struct wire_arena *arena,
                                 struct wire_body *ret)
{
    if (!event->back_entry) {
        bool empty =
            event->paper_serial.size == 0 && event->paper_ms == 0 && event->back_reason.size == 0;
        return empty ? ERR_NONE : ERR_MALFORMED;
    }
    jieli__v1__back_entry__init(&ret->back_entry);
    ret->back_entry.paper_ms = event->paper_ms;
    ret->body.back_entry = &ret->back_entry;
    enum err err = build_text(arena, event->paper_serial, &ret->back_entry.serial);
    return err != ERR_NONE ? err : build_text(arena, event->back_reason, &ret->back_entry.reason);
}

static enum err build_attestation(const struct wire_event *event, struct wire_arena *arena,
                                  struct wire_body *ret)
{
    if (event->attestation == 0) {
        bool empty = event->attestation_ground.size == 0 && event->attestation_evidence.size == 0;
        return empty ? ERR_NONE : ERR_MALFORMED;
    }
    if (protobuf_c_enum_descriptor_get_value(&jieli__v1__attestation_kind__descriptor,
                                             event->attestation) == NULL) {
        return ERR_MALFORMED;
    }
    jieli__v1__attestation__init(&ret->attestation);
    ret->attestation.kind = (Jieli__V1__AttestationKind)event->attestation;
    ret->attestation.evidence =
        wire_bytes(event->attestation_evidence.data, event->attestation_evidence.size);
    ret->body.attestation = &ret->attestation;
    return build_text(arena, event->attestation_ground, &ret->attestation.ground);
}

static void build_sealed(const struct wire_event *event, struct wire_body *ret)
{
    for (uint32_t i = 0; i < event->sealed_count; i++) {
        const struct wire_sealed *sealed = &event->sealed[i];
        Jieli__V1__SealedPart *part = &ret->sealed[i];
        jieli__v1__sealed_part__init(part);
        part->label = sealed->label;
        part->audience = sealed->audience;
        part->size = sealed->size;
        part->hash = wire_bytes(sealed->hash, sizeof sealed->hash);
        part->commitment = wire_bytes(sealed->commitment, sizeof sealed->commitment);
        ret->sealed_list[i] = part;
    }
    ret->body.n_sealed = event->sealed_count;
    ret->body.sealed = ret->sealed_list;
}

static enum err build_header(const struct wire_event *event, struct wire_body *ret)
{
    Jieli__V1__EventBody *body = &ret->body;
    jieli__v1__event_body__init(body);
    if (event->sealed_count > LIMIT_SEALED_COUNT) {
        return ERR_LIMIT;
    }
    if (protobuf_c_enum_descriptor_get_value(&jieli__v1__clock_quality__descriptor, event->clock) ==
        NULL) {
        return ERR_MALFORMED;
    }
    body->version = event->version;
    body->hub = wire_bytes(event->hub, sizeof event->hub);
    body->device = wire_bytes(event->device, sizeof event->device);
    body->incarnation = event->incarnation;
    body->seq = event->seq;
    if (event->has_prev) {
        body->prev = wire_bytes(event->prev, sizeof event->prev);
    }
    if (event->applied_common != 0 || event->applied_own != 0) {
        jieli__v1__applied__init(&ret->applied);
        ret->applied.common = event->applied_common;
        ret->applied.own = event->applied_own;
        ret->applied.epoch = event->applied_epoch > 1 ? event->applied_epoch : 0;
        body->applied = &ret->applied;
    }
    body->author = wire_bytes(event->author, sizeof event->author);
    body->record = wire_bytes(event->record, sizeof event->record);
    body->claimed_ms = event->claimed_ms;
    body->clock = (Jieli__V1__ClockQuality)event->clock;
    body->boot = wire_bytes_optional(event->boot, sizeof event->boot);
    body->mono_ms = event->mono_ms;
    build_sealed(event, ret);
    return ERR_NONE;
}

enum err wire_body_build(const struct wire_event *event, struct wire_arena *arena,
                         struct wire_body *ret)
{
    ProtobufCMessage *payload = NULL;
    enum err err = build_header(event, ret);
    if (err == ERR_NONE) {
        err = build_seen(event, arena, ret);
    }
    if (err == ERR_NONE) {
        err = build_back_entry(event, arena, ret);
    }
    if (err == ERR_NONE) {
        err = build_attestation(event, arena, ret);
    }
    if (err == ERR_NONE) {
        err = wire_facts_write(event->payload, &event->facts, arena, &payload);
    }
    if (err != ERR_NONE) {
        return err;
    }
    ret->body.payload_case = (Jieli__V1__EventBody__PayloadCase)event->payload;
    wire_pointer_put(wire_member(&ret->body.base, wire_payload_field(event->payload)), payload);
    return wire_body_check(&ret->body);
}

enum err wire_event_encode(const struct wire_event *event, struct buf *ret)
{
    struct wire_body built;
    WIRE_STACK_ARENA(arena, WIRE_BUILD_ARENA);
    enum err err = wire_body_build(event, &arena, &built);
    if (err != ERR_NONE) {
        return err;
    }
    if (protobuf_c_message_get_packed_size(&built.body.base) > LIMIT_BODY_SIZE) {
        return ERR_LIMIT;
    }
    wire_write(&built.body.base, ret);
    return ret->err;
}
