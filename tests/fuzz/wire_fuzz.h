#ifndef JIELI_TESTS_WIRE_FUZZ_H
#define JIELI_TESTS_WIRE_FUZZ_H

#include "base/check.h"
#include "base/text.h"
#include "fuzz.h"
#include "wire/json_names.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

/* Two readers against each other: ours, and protobuf-c's unpacker, which takes far more. Where
 * both take the bytes they must see the same; and what protobuf-c takes, packs to the same bytes
 * and holds nothing foreign, ours must take too. */

/* NOLINTBEGIN(misc-no-recursion): as deep as the types are nested. */
/* No unknown field, no unknown enum value, whole text in UTF-8, in every message. */
static inline bool fuzz_is_plain(const ProtobufCMessage *message);

static inline bool fuzz_value_is_plain(const ProtobufCFieldDescriptor *field, const void *member)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        const ProtobufCMessage *inner = wire_pointer(member);
        return inner == NULL || fuzz_is_plain(inner);
    }
    if (field->type == PROTOBUF_C_TYPE_ENUM) {
        int number = 0;
        memcpy(&number, member, sizeof number);
        return protobuf_c_enum_descriptor_get_value(field->descriptor, number) != NULL;
    }
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = wire_pointer(member);
        return text == NULL || text_is_utf8(span_text(text));
    }
    return true;
}

static inline bool fuzz_field_is_plain(const ProtobufCMessage *message,
                                       const ProtobufCFieldDescriptor *field)
{
    const uint8_t *quantifier = (const uint8_t *)message + field->quantifier_offset;
    uint32_t chosen = field->id;
    size_t count = 0;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        memcpy(&chosen, quantifier, sizeof chosen);
    }
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        return chosen != field->id || fuzz_value_is_plain(field, wire_member(message, field));
    }
    memcpy(&count, quantifier, sizeof count);
    const ProtobufCMessage *const *entries = wire_pointer(wire_member(message, field));
    for (size_t i = 0; field->type == PROTOBUF_C_TYPE_MESSAGE && i < count; i++) {
        if (!fuzz_is_plain(entries[i])) {
            return false;
        }
    }
    return true;
}

static inline bool fuzz_is_plain(const ProtobufCMessage *message)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        if (!fuzz_field_is_plain(message, &message->descriptor->fields[i])) {
            return false;
        }
    }
    return message->n_unknown_fields == 0;
}

/* NOLINTEND(misc-no-recursion) */

static inline bool fuzz_packs_to(const ProtobufCMessage *message, struct span bytes)
{
    struct buf packed;
    buf_init(&packed, 1048576);
    wire_write(message, &packed);
    bool same = packed.err == ERR_NONE && span_equal(buf_span(&packed), bytes);
    buf_done(&packed);
    return same;
}

static inline void fuzz_same_content(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    struct buf texts[2];
    buf_init(&texts[0], 4194304);
    buf_init(&texts[1], 4194304);
    wire_json_write(a, &texts[0]);
    wire_json_write(b, &texts[1]);
    CHECK(span_equal(buf_span(&texts[0]), buf_span(&texts[1])));
    buf_done(&texts[0]);
    buf_done(&texts[1]);
}

enum { FUZZ_ARENA = 8 * 1024 * 1024, FUZZ_SIZE = 32 * 1024 };

/* An arena that lives as long as the program, emptied. */
static inline struct wire_arena *fuzz_arena(void)
{
    static struct wire_arena arena;
    if (arena.data == NULL) {
        CHECK(wire_arena_init(&arena, FUZZ_ARENA) == ERR_NONE);
    }
    wire_arena_reset(&arena);
    return &arena;
}

static inline void fuzz_compare(const ProtobufCMessageDescriptor *type, struct span bytes)
{
    ProtobufCMessage *ours = NULL;
    if (bytes.size > FUZZ_SIZE) {
        return;
    }
    enum err err = wire_read(type, bytes, FUZZ_SIZE, fuzz_arena(), &ours);
    ProtobufCMessage *theirs = protobuf_c_message_unpack(type, NULL, bytes.size, bytes.data);
    if (err == ERR_NONE) {
        CHECK(theirs != NULL);
        CHECK(fuzz_packs_to(ours, bytes));
        fuzz_same_content(ours, theirs);
    } else {
        CHECK(err == ERR_MALFORMED);
        CHECK(theirs == NULL || !fuzz_is_plain(theirs) || !fuzz_packs_to(theirs, bytes));
    }
    if (theirs != NULL) {
        protobuf_c_message_free_unpacked(theirs, NULL);
    }
}

#endif
