#include "sealed.pb-c.h"
#include "wire/read.h"

#include <string.h>

enum { WRAP_COUNT = sizeof((struct wire_sealed_blob){0}.wraps) / sizeof(struct wire_wrap) };

/* The count of wraps is bounded already, by the reader or the writer. */
static enum err blob_check(const Jieli__V1__SealedBlob *blob)
{
    for (size_t i = 0; i < blob->n_wraps; i++) {
        const Jieli__V1__Wrap *wrap = blob->wraps[i];
        if (wrap->audience == 0 || !wire_is_id_or_empty(wrap->station, LIMIT_KEY_SIZE) ||
            wrap->box.len != sizeof((struct wire_wrap){0}.box)) {
            return ERR_MALFORMED;
        }
    }
    return blob->ciphertext.len > 0 ? ERR_NONE : ERR_MALFORMED;
}

enum err wire_sealed_encode(const struct wire_sealed_blob *blob, struct buf *ret)
{
    Jieli__V1__SealedBlob message;
    Jieli__V1__Wrap wraps[WRAP_COUNT];
    Jieli__V1__Wrap *pointers[WRAP_COUNT];
    if (blob->wrap_count > WRAP_COUNT) {
        return ERR_LIMIT;
    }
    for (uint32_t i = 0; i < blob->wrap_count; i++) {
        const struct wire_wrap *wrap = &blob->wraps[i];
        jieli__v1__wrap__init(&wraps[i]);
        wraps[i].audience = wrap->audience;
        wraps[i].station = wire_bytes_optional(wrap->station, sizeof wrap->station);
        wraps[i].generation = wrap->generation;
        wraps[i].box = wire_bytes(wrap->box, sizeof wrap->box);
        pointers[i] = &wraps[i];
    }
    jieli__v1__sealed_blob__init(&message);
    message.n_wraps = blob->wrap_count;
    message.wraps = pointers;
    message.ciphertext = wire_bytes(blob->ciphertext.data, blob->ciphertext.size);
    enum err err = blob_check(&message);
    if (err != ERR_NONE) {
        return err;
    }
    if (protobuf_c_message_get_packed_size(&message.base) > LIMIT_BLOB_SIZE) {
        return ERR_LIMIT;
    }
    wire_write(&message.base, ret);
    return ret->err;
}

enum err wire_sealed_decode(struct span bytes, struct wire_arena *arena,
                            struct wire_sealed_blob *ret)
{
    ProtobufCMessage *message = NULL;
    wire_arena_reset(arena);
    if (bytes.size > LIMIT_BLOB_SIZE) {
        return ERR_LIMIT;
    }
    enum err err =
        wire_read(&jieli__v1__sealed_blob__descriptor, bytes, WRAP_COUNT, arena, &message);
    if (err == ERR_NONE) {
        err = blob_check((const Jieli__V1__SealedBlob *)message);
    }
    if (err != ERR_NONE) {
        return err;
    }
    const Jieli__V1__SealedBlob *blob = (const Jieli__V1__SealedBlob *)message;
    memset(ret, 0, sizeof *ret);
    ret->wrap_count = (uint32_t)blob->n_wraps;
    for (size_t i = 0; i < blob->n_wraps; i++) {
        const Jieli__V1__Wrap *wrap = blob->wraps[i];
        ret->wraps[i].audience = wrap->audience;
        wire_copy(wrap->station, ret->wraps[i].station, sizeof ret->wraps[i].station);
        ret->wraps[i].generation = wrap->generation;
        wire_copy(wrap->box, ret->wraps[i].box, sizeof ret->wraps[i].box);
    }
    ret->ciphertext = wire_span(blob->ciphertext);
    return ERR_NONE;
}
