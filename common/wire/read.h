#ifndef JIELI_WIRE_READ_H
#define JIELI_WIRE_READ_H

/* Private to wire: bytes <-> the generated structs.
 * protobuf-c's own unpacker has no depth limit, allocates by what the peer says and takes many
 * encodings for one value. So this reader walks the bytes by the generated descriptors, accepts the
 * one canonical encoding only and fills the same structs; bytes fields point into the input. Packed
 * by protobuf-c, what it accepted gives the very same bytes: the tests see to that. */

#include "wire/wire.h"

#include <protobuf-c/protobuf-c.h>

enum { WIRE_DEPTH = 4, WIRE_CODE_SIZE = 64 };

/* A copy with a NUL behind it; NULL when the arena is full. */
char *wire_arena_text(struct wire_arena *arena, struct span text);

/* An arena on the stack, for messages of a known small size. */
#define WIRE_STACK_ARENA(name, bytes)                                                              \
    _Alignas(max_align_t) uint8_t name##_bytes[bytes];                                             \
    struct wire_arena name = {name##_bytes, sizeof name##_bytes, 0}

/* The message lies in arena, which is not reset; its bytes fields borrow from bytes. Each list has
 * at most list_count entries. ERR_MALFORMED, ERR_LIMIT (depth, list), ERR_MEMORY (arena full). */
MUST_USE enum err wire_read(const ProtobufCMessageDescriptor *type, struct span bytes,
                            size_t list_count, struct wire_arena *arena, ProtobufCMessage **ret);
/* Takes one varint off left, the shortest form only. */
MUST_USE bool wire_varint_take(struct span *left, uint64_t *ret);
/* Takes size bytes, 8 at most, the low ones first. */
bool wire_fixed_take(struct span *left, size_t size, uint64_t *ret);
/* Takes a size, as such a varint, and that many bytes; ret borrows. */
MUST_USE bool wire_bytes_take(struct span *left, struct span *ret);
/* Appends; the buffer's err tells a failure. */
void wire_write(const ProtobufCMessage *message, struct buf *ret);

/* The member of message that field describes. */
void *wire_member(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

/* The pointer that stands at member, whatever it points to; and setting it. */
void *wire_pointer(const void *member);
void wire_pointer_put(void *member, const void *pointer);

struct span wire_span(ProtobufCBinaryData bytes);
/* Borrows; protobuf-c only reads from what is packed. */
ProtobufCBinaryData wire_bytes(const void *data, size_t size);
/* Empty when all size bytes are zero: zeros stand for an absent id. */
ProtobufCBinaryData wire_bytes_optional(const uint8_t *data, size_t size);
char *wire_text(const char *text);

bool wire_is_zero(const uint8_t *data, size_t size);
/* Exactly size bytes, not all zero. */
bool wire_is_id(ProtobufCBinaryData bytes, size_t size);
/* The same, or empty. */
bool wire_is_id_or_empty(ProtobufCBinaryData bytes, size_t size);
/* Hashes one after another, LIMIT_PROOF_COUNT at most. */
bool wire_is_proof(ProtobufCBinaryData bytes);
/* Printable ASCII, at most max bytes; may be empty. */
bool wire_is_code(const char *text, size_t max);
bool wire_is_code_span(struct span text, size_t max);
/* Zeros when empty. */
void wire_copy(ProtobufCBinaryData bytes, uint8_t *ret, size_t size);

#endif
