#include "forms/slip_code.h"

#include "base/text.h"

#include <string.h>

enum {
    TAG_PUBLIC_KEY = 1 << 3 | 2,
    TAG_INCARNATION = 2 << 3 | 1,
    TAG_SEQ = 3 << 3 | 1,
    TAG_ID = 4 << 3 | 2,
    TAG_DUE_DAY = 5 << 3 | 5,
    BODY_MAX = 128
};

static const char prefix[] = "JL1:";

/* Little endian, as protobuf has it. */
static void put_fixed(struct buf *body, uint8_t tag, uint64_t value, unsigned size)
{
    buf_put_u8(body, tag);
    for (unsigned i = 0; i < size; i++) {
        buf_put_u8(body, (uint8_t)(value >> 8 * i));
    }
}

static void put_bytes(struct buf *body, uint8_t tag, const uint8_t *bytes, uint8_t size)
{
    buf_put_u8(body, tag);
    buf_put_u8(body, size);
    buf_put(body, bytes, size);
}

void slip_code_make(const struct slip_code *slip, const struct signer *signer, struct buf *ret)
{
    uint8_t signature[LIMIT_SIGNATURE_SIZE];
    struct buf body;
    buf_init(&body, BODY_MAX + LIMIT_SIGNATURE_SIZE);
    put_bytes(&body, TAG_PUBLIC_KEY, signer_public_view(signer), LIMIT_KEY_SIZE);
    put_fixed(&body, TAG_INCARNATION, slip->incarnation, 8);
    put_fixed(&body, TAG_SEQ, slip->seq, 8);
    put_bytes(&body, TAG_ID, slip->id, LIMIT_HASH_SIZE);
    if (slip->due_day != 0) {
        put_fixed(&body, TAG_DUE_DAY, slip->due_day, 4);
    }
    signer_sign(signer, SEAL_SLIP, buf_span(&body), signature);
    buf_put(&body, signature, sizeof signature);
    if (body.err != ERR_NONE && ret->err == ERR_NONE) {
        ret->err = body.err;
    }
    buf_put_text(ret, prefix);
    text_put_base64(ret, buf_span(&body));
    buf_done(&body);
}

static uint64_t get_fixed(struct reader *reader, uint8_t tag, unsigned size)
{
    uint64_t value = 0;
    if (reader_u8(reader) != tag) {
        reader->failed = true;
    }
    for (unsigned i = 0; i < size; i++) {
        value |= (uint64_t)reader_u8(reader) << 8 * i;
    }
    return value;
}

static void get_bytes(struct reader *reader, uint8_t tag, uint8_t *ret, uint8_t size)
{
    if (reader_u8(reader) != tag || reader_u8(reader) != size) {
        reader->failed = true;
    }
    reader_copy(reader, ret, size);
}

static bool read_body(struct span body, struct slip_code *ret)
{
    struct reader reader;
    memset(ret, 0, sizeof *ret);
    reader_init(&reader, body);
    get_bytes(&reader, TAG_PUBLIC_KEY, ret->public_key, LIMIT_KEY_SIZE);
    ret->incarnation = get_fixed(&reader, TAG_INCARNATION, 8);
    ret->seq = get_fixed(&reader, TAG_SEQ, 8);
    get_bytes(&reader, TAG_ID, ret->id, LIMIT_HASH_SIZE);
    if (reader.left > 0) {
        ret->due_day = (uint32_t)get_fixed(&reader, TAG_DUE_DAY, 4);
        reader.failed = reader.failed || ret->due_day == 0;
    }
    return !reader.failed && reader.left == 0 && ret->incarnation != 0 && ret->seq != 0;
}

enum err slip_code_open(struct span text, struct slip_code *ret)
{
    struct buf bytes;
    size_t skipped = sizeof prefix - 1;
    if (text.size < skipped || text.size >= SLIP_CODE_SIZE ||
        memcmp(text.data, prefix, skipped) != 0) {
        return ERR_MALFORMED;
    }
    buf_init(&bytes, SLIP_CODE_SIZE);
    enum err err = text_get_base64(span_of(text.data + skipped, text.size - skipped), &bytes);
    if (err == ERR_NONE && bytes.size <= LIMIT_SIGNATURE_SIZE) {
        err = ERR_MALFORMED;
    }
    if (err == ERR_NONE) {
        struct span body = span_of(bytes.data, bytes.size - LIMIT_SIGNATURE_SIZE);
        err = !read_body(body, ret) ? ERR_MALFORMED
              : !seal_verify(ret->public_key, SEAL_SLIP, body, body.data + body.size) ? ERR_AUTH
                                                                                      : ERR_NONE;
    }
    buf_done(&bytes);
    return err == ERR_LIMIT ? ERR_MALFORMED : err;
}
