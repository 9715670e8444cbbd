/* What is signed or sent on its own beside frames: the station's head, the hub's nack, the
 * doorbell. */
#include "event.pb-c.h"
#include "sync.pb-c.h"
#include "wire/read.h"

#include <string.h>

enum { HEAD_ARENA = 512, HEAD_SIZE = 256 };

static enum err read_small(const ProtobufCMessageDescriptor *type, struct span bytes,
                           struct wire_arena *arena, ProtobufCMessage **ret)
{
    return bytes.size > HEAD_SIZE ? ERR_LIMIT : wire_read(type, bytes, 1, arena, ret);
}

void wire_head_encode(const struct sync_head_body *head, struct buf *ret)
{
    Jieli__V1__HeadBody message;
    jieli__v1__head_body__init(&message);
    message.hub = wire_bytes(head->hub, sizeof head->hub);
    message.device = wire_bytes(head->device, sizeof head->device);
    message.incarnation = head->incarnation;
    message.seq = head->seq;
    message.id = wire_bytes(head->id, sizeof head->id);
    wire_write(&message.base, ret);
}

enum err wire_head_decode(struct span bytes, struct sync_head_body *ret)
{
    WIRE_STACK_ARENA(arena, HEAD_ARENA);
    ProtobufCMessage *read = NULL;
    enum err err = read_small(&jieli__v1__head_body__descriptor, bytes, &arena, &read);
    if (err != ERR_NONE) {
        return err;
    }
    const Jieli__V1__HeadBody *head = (const Jieli__V1__HeadBody *)read;
    if (!wire_is_id(head->hub, LIMIT_ID_SIZE) || !wire_is_id(head->device, LIMIT_KEY_SIZE) ||
        head->incarnation == 0 || head->seq == 0 || !wire_is_id(head->id, LIMIT_HASH_SIZE)) {
        return ERR_MALFORMED;
    }
    wire_copy(head->hub, ret->hub, sizeof ret->hub);
    wire_copy(head->device, ret->device, sizeof ret->device);
    ret->incarnation = head->incarnation;
    ret->seq = head->seq;
    wire_copy(head->id, ret->id, sizeof ret->id);
    return ERR_NONE;
}

void wire_nack_encode(const struct sync_nack_body *nack, struct buf *ret)
{
    Jieli__V1__NackBody message;
    jieli__v1__nack_body__init(&message);
    message.hub = wire_bytes(nack->hub, sizeof nack->hub);
    message.device = wire_bytes_optional(nack->device, sizeof nack->device);
    message.incarnation = nack->incarnation;
    message.first_seq = nack->first_seq;
    message.reason = (Jieli__V1__NackReason)nack->reason;
    message.wanted_seq = nack->wanted_seq;
    message.hub_ms = nack->hub_ms;
    message.head_id = wire_bytes_optional(nack->head_id, sizeof nack->head_id);
    wire_write(&message.base, ret);
}

enum err wire_nack_decode(struct span bytes, struct sync_nack_body *ret)
{
    WIRE_STACK_ARENA(arena, HEAD_ARENA);
    ProtobufCMessage *read = NULL;
    enum err err = read_small(&jieli__v1__nack_body__descriptor, bytes, &arena, &read);
    if (err != ERR_NONE) {
        return err;
    }
    const Jieli__V1__NackBody *nack = (const Jieli__V1__NackBody *)read;
    if (!wire_is_id(nack->hub, LIMIT_ID_SIZE) ||
        !wire_is_id_or_empty(nack->device, LIMIT_KEY_SIZE) ||
        nack->reason == JIELI__V1__NACK_REASON__NACK_NONE ||
        !wire_is_id_or_empty(nack->head_id, LIMIT_HASH_SIZE)) {
        return ERR_MALFORMED;
    }
    wire_copy(nack->hub, ret->hub, sizeof ret->hub);
    wire_copy(nack->device, ret->device, sizeof ret->device);
    ret->incarnation = nack->incarnation;
    ret->first_seq = nack->first_seq;
    ret->reason = (enum sync_nack_reason)nack->reason;
    ret->wanted_seq = nack->wanted_seq;
    ret->hub_ms = nack->hub_ms;
    wire_copy(nack->head_id, ret->head_id, sizeof ret->head_id);
    return ERR_NONE;
}

void wire_doorbell_encode(uint64_t epoch, uint64_t size, struct buf *ret)
{
    Jieli__V1__Doorbell message;
    jieli__v1__doorbell__init(&message);
    message.epoch = epoch;
    message.size = size;
    wire_write(&message.base, ret);
}

enum err wire_doorbell_decode(struct span bytes, uint64_t *ret_epoch, uint64_t *ret_size)
{
    WIRE_STACK_ARENA(arena, HEAD_ARENA);
    ProtobufCMessage *read = NULL;
    enum err err = read_small(&jieli__v1__doorbell__descriptor, bytes, &arena, &read);
    if (err == ERR_NONE) {
        *ret_epoch = ((const Jieli__V1__Doorbell *)read)->epoch;
        *ret_size = ((const Jieli__V1__Doorbell *)read)->size;
    }
    return err;
}
