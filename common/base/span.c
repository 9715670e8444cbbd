#include "base/span.h"

#include "base/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct span span_of(const void *data, size_t size)
{
    return (struct span){data, size};
}

struct span span_text(const char *text)
{
    return (struct span){(const uint8_t *)text, strlen(text)};
}

bool span_equal(struct span a, struct span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

int span_compare(struct span a, struct span b)
{
    size_t least = a.size < b.size ? a.size : b.size;
    int order = least == 0 ? 0 : memcmp(a.data, b.data, least);
    if (order != 0) {
        return order;
    }
    return a.size < b.size ? -1 : a.size > b.size ? 1 : 0;
}

void buf_init(struct buf *buf, size_t limit)
{
    *buf = (struct buf){.limit = limit};
}

void buf_done(struct buf *buf)
{
    if (buf->data != NULL) {
        explicit_bzero(buf->data, buf->capacity);
        free(buf->data);
    }
    *buf = (struct buf){.limit = buf->limit};
}

void buf_clear(struct buf *buf)
{
    buf->size = 0;
    buf->err = ERR_NONE;
}

/* Room for size more bytes and one NUL behind them. */
static bool buf_reserve(struct buf *buf, size_t size)
{
    if (buf->err != ERR_NONE) {
        return false;
    }
    if (size > buf->limit || buf->size > buf->limit - size) {
        buf->err = ERR_LIMIT;
        return false;
    }
    size_t need = buf->size + size + 1;
    if (need <= buf->capacity) {
        return true;
    }
    size_t capacity = buf->capacity < 64 ? 64 : buf->capacity;
    while (capacity < need) {
        capacity *= 2;
    }
    uint8_t *data = malloc(capacity);
    if (data == NULL) {
        buf->err = ERR_MEMORY;
        return false;
    }
    if (buf->data != NULL) {
        memcpy(data, buf->data, buf->size);
        explicit_bzero(buf->data, buf->capacity);
        free(buf->data);
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

uint8_t *buf_grow(struct buf *buf, size_t size)
{
    if (!buf_reserve(buf, size)) {
        return NULL;
    }
    uint8_t *start = buf->data + buf->size;
    buf->size += size;
    return start;
}

void buf_put(struct buf *buf, const void *data, size_t size)
{
    uint8_t *room = buf_grow(buf, size);
    if (room != NULL && size > 0) {
        memcpy(room, data, size);
    }
}

void buf_put_span(struct buf *buf, struct span span)
{
    buf_put(buf, span.data, span.size);
}

void buf_put_text(struct buf *buf, const char *text)
{
    buf_put(buf, text, strlen(text));
}

void buf_put_format(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int need = vsnprintf(NULL, 0, format, args);
    va_end(args);
    CHECK(need >= 0);
    uint8_t *room = buf_grow(buf, (size_t)need);
    if (room == NULL) {
        return;
    }
    va_start(args, format);
    int written = vsnprintf((char *)room, (size_t)need + 1, format, args);
    va_end(args);
    CHECK(written == need);
}

void buf_put_u8(struct buf *buf, uint8_t value)
{
    buf_put(buf, &value, 1);
}

void buf_put_u16(struct buf *buf, uint16_t value)
{
    uint8_t bytes[2];
    put_u16(bytes, value);
    buf_put(buf, bytes, sizeof bytes);
}

void buf_put_u32(struct buf *buf, uint32_t value)
{
    uint8_t bytes[4];
    put_u32(bytes, value);
    buf_put(buf, bytes, sizeof bytes);
}

void buf_put_u64(struct buf *buf, uint64_t value)
{
    uint8_t bytes[8];
    put_u64(bytes, value);
    buf_put(buf, bytes, sizeof bytes);
}

uint8_t *put_varint(uint8_t *at, uint64_t value)
{
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

void buf_put_varint(struct buf *buf, uint64_t value)
{
    uint8_t bytes[VARINT_SIZE];
    buf_put(buf, bytes, (size_t)(put_varint(bytes, value) - bytes));
}

struct span buf_span(const struct buf *buf)
{
    return (struct span){buf->data, buf->size};
}

const char *buf_text(struct buf *buf)
{
    if (!buf_reserve(buf, 0)) {
        return "";
    }
    buf->data[buf->size] = 0;
    return (const char *)buf->data;
}

void reader_init(struct reader *reader, struct span span)
{
    *reader = (struct reader){span.data, span.size, false};
}

struct span reader_bytes(struct reader *reader, size_t size)
{
    if (reader->failed || size > reader->left) {
        reader->failed = true;
        return (struct span){NULL, 0};
    }
    struct span span = {reader->data, size};
    reader->data += size;
    reader->left -= size;
    return span;
}

void reader_copy(struct reader *reader, void *ret, size_t size)
{
    struct span span = reader_bytes(reader, size);
    if (reader->failed) {
        memset(ret, 0, size);
    } else if (size > 0) {
        memcpy(ret, span.data, size);
    }
}

uint8_t reader_u8(struct reader *reader)
{
    struct span span = reader_bytes(reader, 1);
    return span.data == NULL ? 0 : span.data[0];
}

uint16_t reader_u16(struct reader *reader)
{
    struct span span = reader_bytes(reader, 2);
    return span.data == NULL ? 0 : get_u16(span.data);
}

uint32_t reader_u32(struct reader *reader)
{
    struct span span = reader_bytes(reader, 4);
    return span.data == NULL ? 0 : get_u32(span.data);
}

uint64_t reader_u64(struct reader *reader)
{
    struct span span = reader_bytes(reader, 8);
    return span.data == NULL ? 0 : get_u64(span.data);
}

uint64_t reader_varint(struct reader *reader)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < VARINT_SIZE && i < reader->left; i++) {
        uint8_t byte = reader->data[i];
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if ((byte & 0x80) != 0) {
            continue;
        }
        if ((byte == 0 && i > 0) || (i == VARINT_SIZE - 1 && byte > 1)) {
            break;
        }
        (void)reader_bytes(reader, i + 1);
        return value;
    }
    reader->failed = true;
    return 0;
}

void put_u16(uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

void put_u32(uint8_t *bytes, uint32_t value)
{
    put_u16(bytes, (uint16_t)(value >> 16));
    put_u16(bytes + 2, (uint16_t)value);
}

void put_u64(uint8_t *bytes, uint64_t value)
{
    put_u32(bytes, (uint32_t)(value >> 32));
    put_u32(bytes + 4, (uint32_t)value);
}

uint16_t get_u16(const uint8_t *bytes)
{
    return (uint16_t)((uint16_t)(bytes[0] << 8) | bytes[1]);
}

uint32_t get_u32(const uint8_t *bytes)
{
    return (uint32_t)get_u16(bytes) << 16 | get_u16(bytes + 2);
}

uint64_t get_u64(const uint8_t *bytes)
{
    return (uint64_t)get_u32(bytes) << 32 | get_u32(bytes + 4);
}
