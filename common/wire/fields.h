#ifndef JIELI_WIRE_FIELDS_H
#define JIELI_WIRE_FIELDS_H

/* Private to wire: fields written and read by hand, for messages that pass by the million: the same
 * bytes as protobuf-c's, without walks by descriptors. Field numbers are below 16, so a tag is one
 * byte; what is zero or empty is left out. */

#include "wire/read.h"

#include <string.h>

static inline uint8_t wire_tag(unsigned field, ProtobufCWireType type)
{
    return (uint8_t)(field << 3 | (unsigned)type);
}

static inline size_t wire_varint_size(uint64_t value)
{
    size_t size = 1;
    while (value >= 0x80) {
        value >>= 7;
        size++;
    }
    return size;
}

static inline size_t wire_number_size(uint64_t value)
{
    return value == 0 ? 0 : 1 + wire_varint_size(value);
}

static inline size_t wire_fixed_size(uint64_t value)
{
    return value == 0 ? 0 : 1 + sizeof value;
}

static inline size_t wire_prefixed_size(size_t size)
{
    return 1 + wire_varint_size(size) + size;
}

static inline size_t wire_bytes_size(struct span bytes)
{
    return bytes.size == 0 ? 0 : wire_prefixed_size(bytes.size);
}

/* Each puts a field at a place and returns where it ends. */
static inline uint8_t *wire_number_put(uint8_t *at, unsigned field, uint64_t value)
{
    if (value == 0) {
        return at;
    }
    *at = wire_tag(field, PROTOBUF_C_WIRE_TYPE_VARINT);
    return put_varint(at + 1, value);
}

static inline uint8_t *wire_fixed_put(uint8_t *at, unsigned field, uint64_t value)
{
    if (value == 0) {
        return at;
    }
    *at++ = wire_tag(field, PROTOBUF_C_WIRE_TYPE_64BIT);
    for (unsigned shift = 0; shift < 64; shift += 8) {
        *at++ = (uint8_t)(value >> shift);
    }
    return at;
}

/* Tag and size of a field of size bytes, which come next. */
static inline uint8_t *wire_prefix_put(uint8_t *at, unsigned field, size_t size)
{
    *at = wire_tag(field, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED);
    return put_varint(at + 1, size);
}

static inline uint8_t *wire_bytes_put(uint8_t *at, unsigned field, struct span bytes)
{
    if (bytes.size == 0) {
        return at;
    }
    at = wire_prefix_put(at, field, bytes.size);
    memcpy(at, bytes.data, bytes.size);
    return at + bytes.size;
}

/* Takes this tag off left, if it is the next one. */
static inline bool wire_tag_take(struct span *left, unsigned field, ProtobufCWireType type)
{
    if (left->size == 0 || left->data[0] != wire_tag(field, type)) {
        return false;
    }
    left->data++;
    left->size--;
    return true;
}

/* Each takes a field if it is the next one, else gives zero; what is there must not be zero. */
MUST_USE static inline bool wire_may_number(struct span *left, unsigned field, uint64_t most,
                                            uint64_t *ret)
{
    *ret = 0;
    return !wire_tag_take(left, field, PROTOBUF_C_WIRE_TYPE_VARINT) ||
           (wire_varint_take(left, ret) && *ret != 0 && *ret <= most);
}

MUST_USE static inline bool wire_may_fixed(struct span *left, unsigned field, uint64_t *ret)
{
    *ret = 0;
    return !wire_tag_take(left, field, PROTOBUF_C_WIRE_TYPE_64BIT) ||
           (wire_fixed_take(left, sizeof *ret, ret) && *ret != 0);
}

MUST_USE static inline bool wire_may_bytes(struct span *left, unsigned field, struct span *ret)
{
    *ret = span_of(NULL, 0);
    return !wire_tag_take(left, field, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED) ||
           (wire_bytes_take(left, ret) && ret->size > 0);
}

/* Takes a field of bytes, which must be there. */
MUST_USE static inline bool wire_field_take(struct span *left, unsigned field, struct span *ret)
{
    return wire_tag_take(left, field, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED) &&
           wire_bytes_take(left, ret);
}

#endif
