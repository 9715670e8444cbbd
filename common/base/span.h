#ifndef JIELI_BASE_SPAN_H
#define JIELI_BASE_SPAN_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed bytes; the owner is whoever the giving function names. data may be NULL when size is 0.
 */
struct span {
    const uint8_t *data;
    size_t size;
};

struct span span_of(const void *data, size_t size);
struct span span_text(const char *text); /* without the terminating NUL */
bool span_equal(struct span a, struct span b);
int span_compare(struct span a, struct span b); /* lexicographic, shorter first */

/* Growing bytes, bounded by limit (bytes). The first failure sticks: later appends do nothing and
 * err tells it. buf_init borrows nothing; buf_done frees and zeroes; buf_clear keeps the memory. */
struct buf {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t limit;
    enum err err;
};

void buf_init(struct buf *buf, size_t limit);
void buf_done(struct buf *buf);
void buf_clear(struct buf *buf);
void buf_put(struct buf *buf, const void *data, size_t size);
void buf_put_span(struct buf *buf, struct span span);
void buf_put_text(struct buf *buf, const char *text);
void buf_put_format(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_put_u8(struct buf *buf, uint8_t value);
void buf_put_u16(struct buf *buf, uint16_t value); /* big endian, as all below */
void buf_put_u32(struct buf *buf, uint32_t value);
void buf_put_u64(struct buf *buf, uint64_t value);
void buf_put_varint(struct buf *buf, uint64_t value); /* 1 to VARINT_SIZE bytes */
/* size more bytes to be filled by the caller; NULL after a failure. */
uint8_t *buf_grow(struct buf *buf, size_t size);
struct span buf_span(const struct buf *buf); /* until the next append, clear or done */
/* The bytes as a C string (a NUL is kept behind them, not counted); "" after a failure. */
const char *buf_text(struct buf *buf);

/* Reads big-endian values from borrowed bytes; the first short read sticks in failed and every
 * later read gives zeros. */
struct reader {
    const uint8_t *data;
    size_t left;
    bool failed;
};

void reader_init(struct reader *reader, struct span span);
uint8_t reader_u8(struct reader *reader);
uint16_t reader_u16(struct reader *reader);
uint32_t reader_u32(struct reader *reader);
uint64_t reader_u64(struct reader *reader);
/* Seven bits a byte, the low ones first, as protobuf does; the shortest form only. */
uint64_t reader_varint(struct reader *reader);
struct span reader_bytes(struct reader *reader, size_t size);
void reader_copy(struct reader *reader, void *ret, size_t size);

enum { VARINT_SIZE = 10 }; /* at most */
/* Into room for VARINT_SIZE bytes; returns the place behind it. */
uint8_t *put_varint(uint8_t *at, uint64_t value);
void put_u16(uint8_t *bytes, uint16_t value);
void put_u32(uint8_t *bytes, uint32_t value);
void put_u64(uint8_t *bytes, uint64_t value);
uint16_t get_u16(const uint8_t *bytes);
uint32_t get_u32(const uint8_t *bytes);
uint64_t get_u64(const uint8_t *bytes);

#endif
