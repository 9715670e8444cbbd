#include "wire/answer.h"
#include "wire/frame.h"

#include <string.h>

/* The numbers of the oneof are those of our enum, so that no table has to be kept. */
_Static_assert((int)SYNC_HELLO == (int)JIELI__V1__FRAME__KIND_HELLO, "kinds differ");
_Static_assert((int)SYNC_PUSH == (int)JIELI__V1__FRAME__KIND_PUSH, "kinds differ");
_Static_assert((int)SYNC_NACK == (int)JIELI__V1__FRAME__KIND_NACK, "kinds differ");
_Static_assert((int)SYNC_BATCH == (int)JIELI__V1__FRAME__KIND_BATCH, "kinds differ");
_Static_assert((int)SYNC_BLOB_GET == (int)JIELI__V1__FRAME__KIND_BLOB_GET, "kinds differ");
_Static_assert((int)SYNC_BLOB == (int)JIELI__V1__FRAME__KIND_BLOB, "kinds differ");
_Static_assert((int)SYNC_ROLE_AUDITOR == (int)JIELI__V1__PEER_ROLE__PEER_AUDITOR, "roles differ");
_Static_assert((int)SYNC_FEED_CHAIN == (int)JIELI__V1__FEED_KIND__FEED_CHAIN, "feeds differ");
_Static_assert((int)SYNC_NACK_FROZEN == (int)JIELI__V1__NACK_REASON__NACK_FROZEN, "nacks differ");

static void fill_head(const Jieli__V1__SignedHead *head, struct sync_head *ret)
{
    *ret = (struct sync_head){0};
    if (head != NULL) {
        ret->present = true;
        ret->body = wire_span(head->body);
        ret->signature = wire_span(head->signature);
    }
}

static void fill_hello(const Jieli__V1__Hello *hello, struct sync_hello *ret)
{
    ret->version = hello->version;
    ret->role = (enum sync_role)hello->role;
    wire_copy(hello->hub, ret->hub, sizeof ret->hub);
    fill_head(hello->head, &ret->head);
    ret->common = hello->common;
    ret->own = hello->own;
    ret->seen_size = hello->seen_size;
    ret->epoch = hello->epoch;
    ret->clock_ms = hello->clock_ms;
    ret->software = span_text(hello->software);
    ret->incarnation = hello->incarnation;
    ret->backlog = hello->backlog;
    ret->oldest_ms = hello->oldest_ms;
    ret->greeting = hello->greeting;
}

static void fill_welcome(const Jieli__V1__Welcome *welcome, struct sync_welcome *ret)
{
    ret->version = welcome->version;
    wire_copy(welcome->hub, ret->hub, sizeof ret->hub);
    ret->epoch = welcome->epoch;
    ret->incarnation = welcome->incarnation;
    ret->seq = welcome->seq;
    wire_copy(welcome->id, ret->id, sizeof ret->id);
    ret->common = welcome->common;
    ret->own = welcome->own;
    ret->checkpoint = wire_span(welcome->checkpoint);
    ret->clock_ms = welcome->clock_ms;
    ret->credit = welcome->credit;
    ret->greeting = welcome->greeting;
    ret->shared = welcome->shared;
    ret->consistency = wire_span(welcome->consistency);
}

static void fill_push(const Jieli__V1__Push *push, struct sync_push *ret)
{
    fill_head(push->head, &ret->head);
    ret->incarnation = push->incarnation;
    ret->first_seq = push->first_seq;
    ret->count = push->count;
    ret->raw_size = push->raw_size;
    ret->packed = wire_span(push->packed);
}

static void fill_pull(const Jieli__V1__Pull *pull, struct sync_pull *ret)
{
    ret->feed = (enum sync_feed)pull->feed;
    ret->from = pull->from;
    ret->count = pull->count;
    ret->incarnation = pull->incarnation;
    ret->seen_size = pull->seen_size;
}

static void fill_batch(const Jieli__V1__Batch *batch, struct sync_batch *ret)
{
    ret->feed = (enum sync_feed)batch->feed;
    ret->from = batch->from;
    ret->count = batch->count;
    for (size_t i = 0; i < batch->n_indexes; i++) {
        ret->indexes[i] = batch->indexes[i];
    }
    ret->raw_size = batch->raw_size;
    ret->packed = wire_span(batch->packed);
    ret->checkpoint = wire_span(batch->checkpoint);
    ret->proof_count = (uint32_t)batch->n_proofs;
    for (size_t i = 0; i < batch->n_proofs; i++) {
        ret->proofs[i] = wire_span(batch->proofs[i]);
    }
    ret->consistency = wire_span(batch->consistency);
    ret->newest = batch->newest;
}

static void fill_blob(ProtobufCBinaryData hash, ProtobufCBinaryData data, struct sync_blob *ret)
{
    wire_copy(hash, ret->hash, sizeof ret->hash);
    ret->data = wire_span(data);
    ret->refused = false;
}

/* The kinds that are about one blob. */
static void fill_about_blob(const Jieli__V1__Frame *frame, struct sync_frame *ret)
{
    static const ProtobufCBinaryData none = {0, NULL};
    if (ret->kind == SYNC_BLOB_PUT) {
        fill_blob(none, frame->blob_put->data, &ret->blob);
    } else if (ret->kind == SYNC_BLOB_STORED) {
        fill_blob(frame->blob_stored->hash, none, &ret->blob);
        ret->blob.refused = frame->blob_stored->refused != 0;
    } else if (ret->kind == SYNC_BLOB_GET) {
        fill_blob(frame->blob_get->hash, none, &ret->blob);
    } else {
        fill_blob(frame->blob->hash, frame->blob->data, &ret->blob);
    }
}

static void fill_frame(const Jieli__V1__Frame *frame, struct sync_frame *ret)
{
    ret->kind = (enum sync_kind)frame->kind_case;
    switch (ret->kind) {
    case SYNC_NONE:
    case SYNC_ANSWER:
        break;
    case SYNC_HELLO:
        fill_hello(frame->hello, &ret->hello);
        break;
    case SYNC_WELCOME:
        fill_welcome(frame->welcome, &ret->welcome);
        break;
    case SYNC_PUSH:
        fill_push(frame->push, &ret->push);
        break;
    case SYNC_NACK:
        ret->nack.body = wire_span(frame->nack->body);
        ret->nack.signature = wire_span(frame->nack->signature);
        break;
    case SYNC_PULL:
        fill_pull(frame->pull, &ret->pull);
        break;
    case SYNC_BATCH:
        fill_batch(frame->batch, &ret->batch);
        break;
    case SYNC_BLOB_PUT:
    case SYNC_BLOB_STORED:
    case SYNC_BLOB_GET:
    case SYNC_BLOB:
        fill_about_blob(frame, ret);
        break;
    }
}

enum err wire_frame_decode(struct span bytes, struct wire_arena *arena, struct sync_frame *ret)
{
    ProtobufCMessage *message = NULL;
    wire_arena_reset(arena);
    if (bytes.size > LIMIT_FRAME_SIZE) {
        return ERR_LIMIT;
    }
    if (wire_answer_is(bytes)) {
        return wire_answer_read(bytes, ret);
    }
    enum err err =
        wire_read(&jieli__v1__frame__descriptor, bytes, LIMIT_BATCH_COUNT, arena, &message);
    if (err == ERR_NONE) {
        err = wire_frame_check((const Jieli__V1__Frame *)message);
    }
    if (err == ERR_NONE) {
        fill_frame((const Jieli__V1__Frame *)message, ret);
    }
    return err;
}
