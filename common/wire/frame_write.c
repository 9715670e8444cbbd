#include "wire/answer.h"
#include "wire/frame.h"

#include <string.h>

/* Whatever one frame needs beside the caller's struct. */
struct building {
    Jieli__V1__Frame frame;
    Jieli__V1__SignedHead head;
    union {
        Jieli__V1__Hello hello;
        Jieli__V1__Welcome welcome;
        Jieli__V1__Push push;
        Jieli__V1__Nack nack;
        Jieli__V1__Pull pull;
        Jieli__V1__Batch batch;
        Jieli__V1__BlobPut blob_put;
        Jieli__V1__BlobStored blob_stored;
        Jieli__V1__BlobGet blob_get;
        Jieli__V1__Blob blob;
    };
    char software[65];
    uint64_t indexes[LIMIT_BATCH_COUNT];
    ProtobufCBinaryData proofs[LIMIT_BATCH_COUNT];
};

static ProtobufCBinaryData borrowed(struct span span)
{
    return wire_bytes(span.data, span.size);
}

static Jieli__V1__SignedHead *build_head(const struct sync_head *head, struct building *ret)
{
    if (!head->present) {
        return NULL;
    }
    jieli__v1__signed_head__init(&ret->head);
    ret->head.body = borrowed(head->body);
    ret->head.signature = borrowed(head->signature);
    return &ret->head;
}

static enum err build_hello(const struct sync_hello *hello, struct building *ret)
{
    Jieli__V1__Hello *message = &ret->hello;
    jieli__v1__hello__init(message);
    ret->frame.hello = message;
    if (hello->software.size >= sizeof ret->software || hello->role > SYNC_ROLE_AUDITOR) {
        return ERR_MALFORMED;
    }
    if (hello->software.size > 0) {
        memcpy(ret->software, hello->software.data, hello->software.size);
    }
    ret->software[hello->software.size] = 0;
    message->version = hello->version;
    message->role = (Jieli__V1__PeerRole)hello->role;
    message->hub = wire_bytes(hello->hub, sizeof hello->hub);
    message->head = build_head(&hello->head, ret);
    message->common = hello->common;
    message->own = hello->own;
    message->seen_size = hello->seen_size;
    message->epoch = hello->epoch;
    message->clock_ms = hello->clock_ms;
    message->software = ret->software;
    message->incarnation = hello->incarnation;
    message->backlog = hello->backlog;
    message->oldest_ms = hello->oldest_ms;
    message->greeting = hello->greeting;
    return strlen(ret->software) == hello->software.size ? ERR_NONE : ERR_MALFORMED;
}

static enum err build_welcome(const struct sync_welcome *welcome, struct building *ret)
{
    Jieli__V1__Welcome *message = &ret->welcome;
    jieli__v1__welcome__init(message);
    ret->frame.welcome = message;
    message->version = welcome->version;
    message->hub = wire_bytes(welcome->hub, sizeof welcome->hub);
    message->epoch = welcome->epoch;
    message->incarnation = welcome->incarnation;
    message->seq = welcome->seq;
    message->id = wire_bytes_optional(welcome->id, sizeof welcome->id);
    message->common = welcome->common;
    message->own = welcome->own;
    message->checkpoint = borrowed(welcome->checkpoint);
    message->clock_ms = welcome->clock_ms;
    message->credit = welcome->credit;
    message->consistency = borrowed(welcome->consistency);
    message->greeting = welcome->greeting;
    message->shared = welcome->shared;
    return ERR_NONE;
}

static enum err build_push(const struct sync_push *push, struct building *ret)
{
    Jieli__V1__Push *message = &ret->push;
    jieli__v1__push__init(message);
    ret->frame.push = message;
    message->head = build_head(&push->head, ret);
    message->incarnation = push->incarnation;
    message->first_seq = push->first_seq;
    message->count = push->count;
    message->raw_size = push->raw_size;
    message->packed = borrowed(push->packed);
    return ERR_NONE;
}

static enum err build_nack(const struct sync_nack *nack, struct building *ret)
{
    jieli__v1__nack__init(&ret->nack);
    ret->nack.body = borrowed(nack->body);
    ret->nack.signature = borrowed(nack->signature);
    ret->frame.nack = &ret->nack;
    return ERR_NONE;
}

static enum err build_pull(const struct sync_pull *pull, struct building *ret)
{
    Jieli__V1__Pull *message = &ret->pull;
    jieli__v1__pull__init(message);
    ret->frame.pull = message;
    message->feed = (Jieli__V1__FeedKind)pull->feed;
    message->from = pull->from;
    message->count = pull->count;
    message->incarnation = pull->incarnation;
    message->seen_size = pull->seen_size;
    return pull->feed <= SYNC_FEED_CHAIN ? ERR_NONE : ERR_MALFORMED;
}

static enum err build_batch(const struct sync_batch *batch, struct building *ret)
{
    Jieli__V1__Batch *message = &ret->batch;
    jieli__v1__batch__init(message);
    ret->frame.batch = message;
    if (batch->count > LIMIT_BATCH_COUNT || batch->proof_count > LIMIT_BATCH_COUNT) {
        return ERR_LIMIT;
    }
    memcpy(ret->indexes, batch->indexes, sizeof ret->indexes);
    for (uint32_t i = 0; i < batch->proof_count; i++) {
        ret->proofs[i] = borrowed(batch->proofs[i]);
    }
    message->feed = (Jieli__V1__FeedKind)batch->feed;
    message->from = batch->from;
    message->count = batch->count;
    message->n_indexes = batch->feed == SYNC_FEED_LOG ? 0 : batch->count;
    message->indexes = ret->indexes;
    message->raw_size = batch->raw_size;
    message->packed = borrowed(batch->packed);
    message->checkpoint = borrowed(batch->checkpoint);
    message->n_proofs = batch->proof_count;
    message->proofs = ret->proofs;
    message->consistency = borrowed(batch->consistency);
    message->newest = batch->newest;
    return batch->feed <= SYNC_FEED_CHAIN ? ERR_NONE : ERR_MALFORMED;
}

static enum err build_blob(const struct sync_frame *frame, struct building *ret)
{
    ProtobufCBinaryData hash = wire_bytes(frame->blob.hash, sizeof frame->blob.hash);
    ProtobufCBinaryData data = borrowed(frame->blob.data);
    if (frame->kind == SYNC_BLOB_PUT) {
        jieli__v1__blob_put__init(&ret->blob_put);
        ret->blob_put.data = data;
        ret->frame.blob_put = &ret->blob_put;
    } else if (frame->kind == SYNC_BLOB_STORED) {
        jieli__v1__blob_stored__init(&ret->blob_stored);
        ret->blob_stored.hash = wire_bytes(frame->blob.hash, SYNC_BLOB_NAME_SIZE);
        ret->blob_stored.refused = frame->blob.refused;
        ret->frame.blob_stored = &ret->blob_stored;
    } else if (frame->kind == SYNC_BLOB_GET) {
        jieli__v1__blob_get__init(&ret->blob_get);
        ret->blob_get.hash = hash;
        ret->frame.blob_get = &ret->blob_get;
    } else {
        jieli__v1__blob__init(&ret->blob);
        ret->blob.hash = hash;
        ret->blob.data = data;
        ret->frame.blob = &ret->blob;
    }
    return ERR_NONE;
}

static enum err build_frame(const struct sync_frame *frame, struct building *ret)
{
    jieli__v1__frame__init(&ret->frame);
    ret->frame.kind_case = (Jieli__V1__Frame__KindCase)frame->kind;
    switch (frame->kind) {
    case SYNC_NONE:
    case SYNC_ANSWER:
        return ERR_MALFORMED;
    case SYNC_HELLO:
        return build_hello(&frame->hello, ret);
    case SYNC_WELCOME:
        return build_welcome(&frame->welcome, ret);
    case SYNC_PUSH:
        return build_push(&frame->push, ret);
    case SYNC_NACK:
        return build_nack(&frame->nack, ret);
    case SYNC_PULL:
        return build_pull(&frame->pull, ret);
    case SYNC_BATCH:
        return build_batch(&frame->batch, ret);
    case SYNC_BLOB_PUT:
    case SYNC_BLOB_STORED:
    case SYNC_BLOB_GET:
    case SYNC_BLOB:
        return build_blob(frame, ret);
    }
    return ERR_MALFORMED;
}

enum err wire_frame_encode(const struct sync_frame *frame, struct buf *ret)
{
    struct building building;
    if (frame->kind == SYNC_ANSWER) {
        return wire_answer_write(&frame->answer, ret);
    }
    enum err err = build_frame(frame, &building);
    if (err == ERR_NONE) {
        err = wire_frame_check(&building.frame);
    }
    if (err != ERR_NONE) {
        return err;
    }
    if (protobuf_c_message_get_packed_size(&building.frame.base) > LIMIT_FRAME_SIZE) {
        return ERR_LIMIT;
    }
    wire_write(&building.frame.base, ret);
    return ret->err;
}
