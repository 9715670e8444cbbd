/* The small questions that every check and every copy asks of generated structs. */
#include "wire/read.h"

#include <string.h>

/* protobuf-c has no const in its structs; what is packed is only read. */
static void *writable(const void *data)
{
    union {
        const void *from;
        void *to;
    } cast = {data};
    return cast.to;
}

void *wire_member(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return (uint8_t *)writable(message) + field->offset;
}

void *wire_pointer(const void *member)
{
    void *pointer = NULL;
    memcpy(&pointer, member, sizeof pointer);
    return pointer;
}

void wire_pointer_put(void *member, const void *pointer)
{
    memcpy(member, &pointer, sizeof pointer);
}

struct span wire_span(ProtobufCBinaryData bytes)
{
    return span_of(bytes.data, bytes.len);
}

ProtobufCBinaryData wire_bytes(const void *data, size_t size)
{
    return (ProtobufCBinaryData){size, writable(data)};
}

ProtobufCBinaryData wire_bytes_optional(const uint8_t *data, size_t size)
{
    return wire_is_zero(data, size) ? (ProtobufCBinaryData){0, NULL} : wire_bytes(data, size);
}

char *wire_text(const char *text)
{
    return writable(text);
}

bool wire_is_zero(const uint8_t *data, size_t size)
{
    uint64_t any = 0;
    uint64_t word = 0;
    size_t i = 0;
    for (; i + sizeof word <= size; i += sizeof word) {
        memcpy(&word, data + i, sizeof word);
        any |= word;
    }
    for (; i < size; i++) {
        any |= data[i];
    }
    return any == 0;
}

bool wire_is_id(ProtobufCBinaryData bytes, size_t size)
{
    return bytes.len == size && !wire_is_zero(bytes.data, size);
}

bool wire_is_id_or_empty(ProtobufCBinaryData bytes, size_t size)
{
    return bytes.len == 0 || wire_is_id(bytes, size);
}

bool wire_is_proof(ProtobufCBinaryData bytes)
{
    return bytes.len % LIMIT_HASH_SIZE == 0 &&
           bytes.len <= (size_t)LIMIT_PROOF_COUNT * LIMIT_HASH_SIZE;
}

bool wire_is_code_span(struct span text, size_t max)
{
    if (text.size > max) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x20 || text.data[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

bool wire_is_code(const char *text, size_t max)
{
    return wire_is_code_span(span_text(text), max);
}

void wire_copy(ProtobufCBinaryData bytes, uint8_t *ret, size_t size)
{
    memset(ret, 0, size);
    if (bytes.len > 0) {
        memcpy(ret, bytes.data, bytes.len < size ? bytes.len : size);
    }
}
