#include "base/text.h"
#include "wire/frame.h"

#include <string.h>

enum { HEAD_BODY_SIZE = 256, SOFTWARE_SIZE = 64 };

static enum err right(bool holds)
{
    return holds ? ERR_NONE : ERR_MALFORMED;
}

static bool signed_is_right(ProtobufCBinaryData body, ProtobufCBinaryData signature)
{
    return body.len >= 1 && body.len <= HEAD_BODY_SIZE && signature.len == LIMIT_SIGNATURE_SIZE;
}

static bool head_is_right(const Jieli__V1__SignedHead *head)
{
    return signed_is_right(head->body, head->signature);
}

static enum err check_hello(const Jieli__V1__Hello *hello)
{
    struct span software = span_text(hello->software);
    return right(hello->version >= 1 && hello->role != JIELI__V1__PEER_ROLE__PEER_NONE &&
                 hello->greeting != 0 && wire_is_id(hello->hub, LIMIT_ID_SIZE) &&
                 (hello->head == NULL || head_is_right(hello->head)) &&
                 software.size <= SOFTWARE_SIZE && text_is_utf8(software));
}

static enum err check_welcome(const Jieli__V1__Welcome *welcome)
{
    return right(welcome->version >= 1 && welcome->greeting != 0 &&
                 wire_is_id(welcome->hub, LIMIT_ID_SIZE) &&
                 wire_is_id_or_empty(welcome->id, LIMIT_HASH_SIZE) &&
                 welcome->checkpoint.len <= LIMIT_NOTE_SIZE && wire_is_proof(welcome->consistency));
}

static bool batch_size_is_right(uint32_t count, uint32_t raw_size, ProtobufCBinaryData packed)
{
    return count <= LIMIT_BATCH_COUNT && raw_size <= LIMIT_BATCH_SIZE &&
           (count == 0) == (raw_size == 0) && (count == 0) == (packed.len == 0);
}

static enum err check_push(const Jieli__V1__Push *push)
{
    return right(push->head != NULL && head_is_right(push->head) && push->incarnation >= 1 &&
                 push->first_seq >= 1 && push->count >= 1 &&
                 batch_size_is_right(push->count, push->raw_size, push->packed));
}

static enum err check_pull(const Jieli__V1__Pull *pull)
{
    return right(pull->feed != JIELI__V1__FEED_KIND__FEED_NONE && pull->count >= 1 &&
                 pull->count <= LIMIT_BATCH_COUNT);
}

/* Feeds and chains skip leaves, so each entry has its index and its proof; the log does not. */
static enum err check_batch(const Jieli__V1__Batch *batch)
{
    bool log = batch->feed == JIELI__V1__FEED_KIND__FEED_LOG;
    bool proofs = log ? batch->n_proofs <= 1 : batch->n_proofs == batch->count;
    for (size_t i = 0; i < batch->n_proofs; i++) {
        proofs = proofs && wire_is_proof(batch->proofs[i]);
    }
    return right(batch->feed != JIELI__V1__FEED_KIND__FEED_NONE && proofs &&
                 batch->n_indexes == (log ? 0 : batch->count) &&
                 batch_size_is_right(batch->count, batch->raw_size, batch->packed) &&
                 batch->checkpoint.len <= LIMIT_NOTE_SIZE && wire_is_proof(batch->consistency));
}

static enum err check_blob(ProtobufCBinaryData hash, ProtobufCBinaryData data)
{
    if (data.len > LIMIT_BLOB_SIZE) {
        return ERR_LIMIT;
    }
    return right(hash.len == LIMIT_HASH_SIZE);
}

enum err wire_frame_check(const Jieli__V1__Frame *frame)
{
    static const ProtobufCBinaryData none = {0, NULL};
    switch ((enum sync_kind)frame->kind_case) {
    case SYNC_NONE:
    case SYNC_ANSWER: /* answer.c */
        return ERR_MALFORMED;
    case SYNC_HELLO:
        return check_hello(frame->hello);
    case SYNC_WELCOME:
        return check_welcome(frame->welcome);
    case SYNC_PUSH:
        return check_push(frame->push);
    case SYNC_NACK:
        return right(signed_is_right(frame->nack->body, frame->nack->signature));
    case SYNC_PULL:
        return check_pull(frame->pull);
    case SYNC_BATCH:
        return check_batch(frame->batch);
    case SYNC_BLOB_PUT:
        return frame->blob_put->data.len > LIMIT_BLOB_SIZE ? ERR_LIMIT
                                                           : right(frame->blob_put->data.len > 0);
    case SYNC_BLOB_STORED:
        return right(frame->blob_stored->hash.len == SYNC_BLOB_NAME_SIZE);
    case SYNC_BLOB_GET:
        return check_blob(frame->blob_get->hash, none);
    case SYNC_BLOB:
        return check_blob(frame->blob->hash, frame->blob->data);
    }
    return ERR_MALFORMED;
}
