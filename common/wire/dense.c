#include "wire/dense.h"

enum {
    IDEOGRAPH = 0x80, /* the lead bytes of each form */
    FULL_WIDTH = 0xf0,
    PUNCTUATION = 0xf1,
    AS_IS = 0xff,
    IDEOGRAPH_FIRST = 0x3000,
    IDEOGRAPH_LAST = 0x9fff
};

/* The character of three bytes at text, if it is one of those with a short form; else 0. */
static unsigned character(struct span text)
{
    if (text.size < 3 || (text.data[0] & 0xf0) != 0xe0 || (text.data[1] & 0xc0) != 0x80 ||
        (text.data[2] & 0xc0) != 0x80) {
        return 0;
    }
    unsigned code =
        (text.data[0] & 0x0fU) << 12 | (text.data[1] & 0x3fU) << 6 | (text.data[2] & 0x3fU);
    bool ours = (code >= IDEOGRAPH_FIRST && code <= IDEOGRAPH_LAST) ||
                (code >= 0xff00 && code <= 0xffef) || (code >= 0x2000 && code <= 0x20ff);
    return ours ? code : 0;
}

static void put_character(struct buf *ret, unsigned code)
{
    unsigned lead = code >= 0xff00  ? FULL_WIDTH
                    : code < 0x2100 ? PUNCTUATION
                                    : IDEOGRAPH + ((code - IDEOGRAPH_FIRST) >> 8);
    buf_put_u8(ret, (uint8_t)lead);
    buf_put_u8(ret, (uint8_t)code);
}

/* How many bytes at text have no other form. */
static size_t strange(struct span text)
{
    size_t size = 0;
    while (size < text.size && size < UINT8_MAX && text.data[size] >= 0x80 &&
           character(span_of(text.data + size, text.size - size)) == 0) {
        size++;
    }
    return size;
}

static void put_all(struct span text, struct buf *ret)
{
    buf_put_u8(ret, DENSE_MARK);
    for (size_t at = 0; at < text.size;) {
        struct span left = span_of(text.data + at, text.size - at);
        unsigned code = character(left);
        if (left.data[0] < 0x80) {
            buf_put_u8(ret, left.data[0]);
            at++;
        } else if (code != 0) {
            put_character(ret, code);
            at += 3;
        } else {
            size_t size = strange(left);
            buf_put_u8(ret, AS_IS);
            buf_put_u8(ret, (uint8_t)size);
            buf_put(ret, left.data, size);
            at += size;
        }
    }
}

void dense_put(struct span text, struct buf *ret)
{
    bool marked = text.size > 0 && text.data[0] == DENSE_MARK;
    size_t start = ret->size;
    if (ret->err != ERR_NONE) {
        return;
    }
    put_all(text, ret);
    /* What is longer so may well have room as it is. */
    if (!marked && (ret->err == ERR_LIMIT || ret->size - start >= text.size)) {
        ret->size = start;
        ret->err = ret->err == ERR_LIMIT ? ERR_NONE : ret->err;
        buf_put_span(ret, text);
    }
}

static void give_character(struct buf *ret, unsigned code)
{
    buf_put_u8(ret, (uint8_t)(0xe0 | code >> 12));
    buf_put_u8(ret, (uint8_t)(0x80 | (code >> 6 & 0x3f)));
    buf_put_u8(ret, (uint8_t)(0x80 | (code & 0x3f)));
}

static void take_one(struct reader *reader, struct buf *ret)
{
    uint8_t lead = reader_u8(reader);
    if (lead < IDEOGRAPH) {
        buf_put_u8(ret, lead);
    } else if (lead < FULL_WIDTH) {
        unsigned high = IDEOGRAPH_FIRST + ((lead - (unsigned)IDEOGRAPH) << 8);
        give_character(ret, high + reader_u8(reader));
    } else if (lead == FULL_WIDTH || lead == PUNCTUATION) {
        give_character(ret, (lead == FULL_WIDTH ? 0xff00U : 0x2000U) + reader_u8(reader));
    } else {
        size_t size = lead == AS_IS ? reader_u8(reader) : 0;
        reader->failed = reader->failed || size == 0;
        buf_put_span(ret, reader_bytes(reader, size));
    }
}

enum err dense_take(struct span bytes, size_t limit, struct buf *ret)
{
    struct reader reader;
    size_t start = ret->size;
    if (bytes.size == 0 || bytes.data[0] != DENSE_MARK) {
        buf_put_span(ret, bytes.size <= limit ? bytes : span_of(NULL, 0));
        return bytes.size <= limit ? ret->err : ERR_LIMIT;
    }
    reader_init(&reader, bytes);
    (void)reader_u8(&reader);
    while (reader.left > 0 && !reader.failed && ret->err == ERR_NONE &&
           ret->size - start <= limit) {
        take_one(&reader, ret);
    }
    bool fits = ret->size - start <= limit;
    enum err err = ret->err != ERR_NONE ? ret->err
                   : reader.failed      ? ERR_MALFORMED
                   : fits               ? ERR_NONE
                                        : ERR_LIMIT;
    ret->size = err == ERR_NONE ? ret->size : start;
    return err;
}
