#include "wire/leaf.h"

#include "base/check.h"

#include <string.h>

enum { LEAF_ARENA = 1024 }; /* a leaf, its envelope or void, and no text */

enum err wire_envelope_check(const Jieli__V1__Envelope *envelope)
{
    if (envelope->body.len > LIMIT_BODY_SIZE) {
        return ERR_LIMIT;
    }
    return envelope->body.len >= 1 && envelope->suite >= 1 && envelope->suite <= UINT8_MAX &&
                   envelope->signature.len == LIMIT_SIGNATURE_SIZE
               ? ERR_NONE
               : ERR_MALFORMED;
}

void wire_envelope_build(const struct wire_envelope *envelope, Jieli__V1__Envelope *ret)
{
    jieli__v1__envelope__init(ret);
    ret->body = wire_bytes(envelope->body.data, envelope->body.size);
    ret->suite = envelope->suite;
    ret->signature = wire_bytes(envelope->signature, sizeof envelope->signature);
}

static void envelope_fill(const Jieli__V1__Envelope *envelope, struct wire_envelope *ret)
{
    ret->body = wire_span(envelope->body);
    ret->suite = (uint8_t)envelope->suite;
    wire_copy(envelope->signature, ret->signature, sizeof ret->signature);
}

/* --- Writing ---
 * The same bytes as protobuf-c's (wire_leaf_write_test), without two walks by descriptors: the
 * hub's one writer makes each leaf. Fields are below 16, so a tag is one byte; what is zero is left
 * out. */

static size_t varint_size(uint64_t value)
{
    size_t size = 1;
    while (value >= 0x80) {
        value >>= 7;
        size++;
    }
    return size;
}

static size_t number_size(uint64_t value)
{
    return value == 0 ? 0 : 1 + varint_size(value);
}

static size_t fixed_size(uint64_t value)
{
    return value == 0 ? 0 : 1 + sizeof value;
}

static size_t prefixed_size(size_t size)
{
    return 1 + varint_size(size) + size;
}

static size_t bytes_size(ProtobufCBinaryData bytes)
{
    return bytes.len == 0 ? 0 : prefixed_size(bytes.len);
}

static uint8_t *put_tag(uint8_t *at, unsigned field, ProtobufCWireType type)
{
    *at = (uint8_t)(field << 3 | (unsigned)type);
    return at + 1;
}

static uint8_t *put_number(uint8_t *at, unsigned field, uint64_t value)
{
    return value == 0 ? at : put_varint(put_tag(at, field, PROTOBUF_C_WIRE_TYPE_VARINT), value);
}

static uint8_t *put_fixed(uint8_t *at, unsigned field, uint64_t value)
{
    if (value == 0) {
        return at;
    }
    at = put_tag(at, field, PROTOBUF_C_WIRE_TYPE_64BIT);
    for (unsigned shift = 0; shift < 64; shift += 8) {
        *at++ = (uint8_t)(value >> shift);
    }
    return at;
}

static uint8_t *put_prefix(uint8_t *at, unsigned field, size_t size)
{
    return put_varint(put_tag(at, field, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED), size);
}

static uint8_t *put_bytes(uint8_t *at, unsigned field, ProtobufCBinaryData bytes)
{
    if (bytes.len == 0) {
        return at;
    }
    at = put_prefix(at, field, bytes.len);
    memcpy(at, bytes.data, bytes.len);
    return at + bytes.len;
}

static size_t envelope_size(const Jieli__V1__Envelope *envelope)
{
    return bytes_size(envelope->body) + number_size(envelope->suite) +
           bytes_size(envelope->signature);
}

static uint8_t *put_envelope(uint8_t *at, const Jieli__V1__Envelope *envelope)
{
    at = put_bytes(at, 1, envelope->body);
    at = put_number(at, 2, envelope->suite);
    return put_bytes(at, 3, envelope->signature);
}

static size_t void_size(const Jieli__V1__Void *message)
{
    return bytes_size(message->device) + fixed_size(message->incarnation) +
           fixed_size(message->seq) + bytes_size(message->id) + number_size(message->reason);
}

static uint8_t *put_void(uint8_t *at, const Jieli__V1__Void *message)
{
    at = put_bytes(at, 1, message->device);
    at = put_fixed(at, 2, message->incarnation);
    at = put_fixed(at, 3, message->seq);
    at = put_bytes(at, 4, message->id);
    return put_number(at, 5, message->reason);
}

static size_t leaf_size(const Jieli__V1__Leaf *leaf)
{
    size_t inner = leaf->envelope != NULL ? envelope_size(leaf->envelope) : void_size(leaf->void_);
    return fixed_size(leaf->hub_ms) + number_size((uint64_t)leaf->verdict) +
           number_size(leaf->refusal) + fixed_size(leaf->common_seq) + fixed_size(leaf->own_seq) +
           bytes_size(leaf->feed_device) + prefixed_size(inner);
}

static uint8_t *put_leaf(uint8_t *at, const Jieli__V1__Leaf *leaf)
{
    at = put_fixed(at, 1, leaf->hub_ms);
    at = put_number(at, 2, (uint64_t)leaf->verdict);
    at = put_number(at, 3, leaf->refusal);
    at = put_fixed(at, 4, leaf->common_seq);
    at = put_fixed(at, 5, leaf->own_seq);
    at = put_bytes(at, 6, leaf->feed_device);
    return leaf->envelope != NULL
               ? put_envelope(put_prefix(at, 7, envelope_size(leaf->envelope)), leaf->envelope)
               : put_void(put_prefix(at, 8, void_size(leaf->void_)), leaf->void_);
}

enum err wire_envelope_encode(const struct wire_envelope *envelope, struct buf *ret)
{
    Jieli__V1__Envelope message;
    wire_envelope_build(envelope, &message);
    enum err err = wire_envelope_check(&message);
    if (err != ERR_NONE) {
        return err;
    }
    uint8_t *room = buf_grow(ret, envelope_size(&message));
    if (room != NULL) {
        CHECK(put_envelope(room, &message) == ret->data + ret->size);
    }
    return ret->err;
}

static bool take_tag(struct span *left, unsigned field, ProtobufCWireType type)
{
    uint8_t tag = 0;
    (void)put_tag(&tag, field, type);
    if (left->size == 0 || left->data[0] != tag) {
        return false;
    }
    *left = span_of(left->data + 1, left->size - 1);
    return true;
}

bool wire_field_take(struct span *left, unsigned field, struct span *ret)
{
    return take_tag(left, field, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED) &&
           wire_bytes_take(left, ret);
}

enum err wire_envelope_read(struct span bytes, struct wire_envelope *ret)
{
    struct span signature;
    uint64_t suite = 0;
    if (!wire_field_take(&bytes, 1, &ret->body) || ret->body.size == 0 ||
        !take_tag(&bytes, 2, PROTOBUF_C_WIRE_TYPE_VARINT) || !wire_varint_take(&bytes, &suite) ||
        suite == 0 || suite > UINT8_MAX || !wire_field_take(&bytes, 3, &signature) ||
        signature.size != LIMIT_SIGNATURE_SIZE || bytes.size != 0) {
        return ERR_MALFORMED;
    }
    ret->suite = (uint8_t)suite;
    memcpy(ret->signature, signature.data, LIMIT_SIGNATURE_SIZE);
    return ret->body.size > LIMIT_BODY_SIZE ? ERR_LIMIT : ERR_NONE;
}

enum err wire_envelope_decode(struct span bytes, struct wire_envelope *ret)
{
    struct wire_envelope found;
    if (bytes.size > LIMIT_ENVELOPE_SIZE) {
        return ERR_LIMIT;
    }
    enum err err = wire_envelope_read(bytes, &found);
    if (err == ERR_NONE) {
        *ret = found;
    }
    return err;
}

/* --- Leaves --- */

static bool void_is_right(const Jieli__V1__Void *message)
{
    return wire_is_id(message->device, LIMIT_KEY_SIZE) && message->incarnation >= 1 &&
           message->seq >= 1 && wire_is_id(message->id, LIMIT_HASH_SIZE) &&
           message->reason >= WIRE_VOID_UNREADABLE && message->reason <= WIRE_VOID_CHAIN;
}

static enum err leaf_check(const Jieli__V1__Leaf *leaf)
{
    bool is_void = leaf->verdict == JIELI__V1__VERDICT_KIND__VERDICT_VOID;
    bool has_own = leaf->own_seq != 0;
    if (leaf->verdict == JIELI__V1__VERDICT_KIND__VERDICT_NONE ||
        is_void == (leaf->envelope != NULL) || is_void != (leaf->void_ != NULL) ||
        has_own != (leaf->feed_device.len != 0) ||
        !wire_is_id_or_empty(leaf->feed_device, LIMIT_KEY_SIZE)) {
        return ERR_MALFORMED;
    }
    if (is_void) {
        return void_is_right(leaf->void_) ? ERR_NONE : ERR_MALFORMED;
    }
    return wire_envelope_check(leaf->envelope);
}

static void void_build(const struct wire_leaf *leaf, Jieli__V1__Void *ret)
{
    jieli__v1__void__init(ret);
    ret->device = wire_bytes(leaf->void_device, sizeof leaf->void_device);
    ret->incarnation = leaf->void_incarnation;
    ret->seq = leaf->void_seq;
    ret->id = wire_bytes(leaf->void_id, sizeof leaf->void_id);
    ret->reason = leaf->void_reason;
}

enum err wire_leaf_encode(const struct wire_leaf *leaf, struct buf *ret)
{
    Jieli__V1__Leaf message;
    Jieli__V1__Envelope envelope;
    Jieli__V1__Void void_part;
    if (leaf->verdict > WIRE_VOID) {
        return ERR_MALFORMED;
    }
    jieli__v1__leaf__init(&message);
    message.hub_ms = leaf->hub_ms;
    message.verdict = (Jieli__V1__VerdictKind)leaf->verdict;
    message.refusal = leaf->refusal;
    message.common_seq = leaf->common_seq;
    message.own_seq = leaf->own_seq;
    message.feed_device = wire_bytes_optional(leaf->feed_device, sizeof leaf->feed_device);
    if (leaf->is_void) {
        void_build(leaf, &void_part);
        message.void_ = &void_part;
    } else {
        wire_envelope_build(&leaf->envelope, &envelope);
        message.envelope = &envelope;
    }
    enum err err = leaf_check(&message);
    if (err != ERR_NONE) {
        return err;
    }
    uint8_t *room = buf_grow(ret, leaf_size(&message));
    if (room != NULL) {
        CHECK(put_leaf(room, &message) == ret->data + ret->size);
    }
    return ret->err;
}

static void leaf_fill(const Jieli__V1__Leaf *leaf, struct wire_leaf *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->hub_ms = leaf->hub_ms;
    ret->verdict = (uint8_t)leaf->verdict;
    ret->refusal = leaf->refusal;
    ret->common_seq = leaf->common_seq;
    ret->own_seq = leaf->own_seq;
    wire_copy(leaf->feed_device, ret->feed_device, sizeof ret->feed_device);
    if (leaf->envelope != NULL) {
        envelope_fill(leaf->envelope, &ret->envelope);
        return;
    }
    ret->is_void = true;
    wire_copy(leaf->void_->device, ret->void_device, sizeof ret->void_device);
    ret->void_incarnation = leaf->void_->incarnation;
    ret->void_seq = leaf->void_->seq;
    wire_copy(leaf->void_->id, ret->void_id, sizeof ret->void_id);
    ret->void_reason = (uint8_t)leaf->void_->reason;
}

enum err wire_leaf_decode(struct span bytes, struct wire_leaf *ret)
{
    WIRE_STACK_ARENA(arena, LEAF_ARENA);
    ProtobufCMessage *message = NULL;
    if (bytes.size > LIMIT_LEAF_SIZE) {
        return ERR_LIMIT;
    }
    enum err err = wire_read(&jieli__v1__leaf__descriptor, bytes, 1, &arena, &message);
    if (err == ERR_NONE) {
        err = leaf_check((const Jieli__V1__Leaf *)message);
    }
    if (err == ERR_NONE) {
        leaf_fill((const Jieli__V1__Leaf *)message, ret);
    }
    return err;
}
