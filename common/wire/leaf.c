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
 * By hand: the hub's one writer makes each leaf. */

static enum err envelope_check(const struct wire_envelope *envelope)
{
    if (envelope->body.size > LIMIT_BODY_SIZE) {
        return ERR_LIMIT;
    }
    return envelope->body.size >= 1 && envelope->suite >= 1 ? ERR_NONE : ERR_MALFORMED;
}

static size_t envelope_size(const struct wire_envelope *envelope)
{
    return wire_bytes_size(envelope->body) + wire_number_size(envelope->suite) +
           wire_prefixed_size(LIMIT_SIGNATURE_SIZE);
}

static uint8_t *put_envelope(uint8_t *at, const struct wire_envelope *envelope)
{
    at = wire_bytes_put(at, 1, envelope->body);
    at = wire_number_put(at, 2, envelope->suite);
    return wire_bytes_put(at, 3, span_of(envelope->signature, LIMIT_SIGNATURE_SIZE));
}

static size_t void_size(const struct wire_leaf *leaf)
{
    return wire_prefixed_size(LIMIT_KEY_SIZE) + wire_fixed_size(leaf->void_incarnation) +
           wire_fixed_size(leaf->void_seq) + wire_prefixed_size(LIMIT_HASH_SIZE) +
           wire_number_size(leaf->void_reason);
}

static uint8_t *put_void(uint8_t *at, const struct wire_leaf *leaf)
{
    at = wire_bytes_put(at, 1, span_of(leaf->void_device, LIMIT_KEY_SIZE));
    at = wire_fixed_put(at, 2, leaf->void_incarnation);
    at = wire_fixed_put(at, 3, leaf->void_seq);
    at = wire_bytes_put(at, 4, span_of(leaf->void_id, LIMIT_HASH_SIZE));
    return wire_number_put(at, 5, leaf->void_reason);
}

static struct span feed_device(const struct wire_leaf *leaf)
{
    return span_of(leaf->feed_device, leaf->own_seq != 0 ? LIMIT_KEY_SIZE : 0);
}

static size_t leaf_size(const struct wire_leaf *leaf, size_t inner)
{
    return wire_fixed_size(leaf->hub_ms) + wire_number_size(leaf->verdict) +
           wire_number_size(leaf->refusal) + wire_fixed_size(leaf->common_seq) +
           wire_fixed_size(leaf->own_seq) + wire_bytes_size(feed_device(leaf)) +
           wire_prefixed_size(inner);
}

static uint8_t *put_leaf(uint8_t *at, const struct wire_leaf *leaf, size_t inner)
{
    at = wire_fixed_put(at, 1, leaf->hub_ms);
    at = wire_number_put(at, 2, leaf->verdict);
    at = wire_number_put(at, 3, leaf->refusal);
    at = wire_fixed_put(at, 4, leaf->common_seq);
    at = wire_fixed_put(at, 5, leaf->own_seq);
    at = wire_bytes_put(at, 6, feed_device(leaf));
    return leaf->is_void ? put_void(wire_prefix_put(at, 8, inner), leaf)
                         : put_envelope(wire_prefix_put(at, 7, inner), &leaf->envelope);
}

enum err wire_envelope_encode(const struct wire_envelope *envelope, struct buf *ret)
{
    enum err err = envelope_check(envelope);
    if (err != ERR_NONE) {
        return err;
    }
    uint8_t *room = buf_grow(ret, envelope_size(envelope));
    if (room != NULL) {
        CHECK(put_envelope(room, envelope) == ret->data + ret->size);
    }
    return ret->err;
}

enum err wire_envelope_read(struct span bytes, struct wire_envelope *ret)
{
    struct span signature;
    uint64_t suite = 0;
    if (!wire_field_take(&bytes, 1, &ret->body) || ret->body.size == 0 ||
        !wire_tag_take(&bytes, 2, PROTOBUF_C_WIRE_TYPE_VARINT) ||
        !wire_varint_take(&bytes, &suite) || suite == 0 || suite > UINT8_MAX ||
        !wire_field_take(&bytes, 3, &signature) || signature.size != LIMIT_SIGNATURE_SIZE ||
        bytes.size != 0) {
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

/* What leaf_check asks of a leaf that was read. */
static enum err written_check(const struct wire_leaf *leaf)
{
    if (leaf->verdict == WIRE_VERDICT_NONE || leaf->verdict > WIRE_VOID ||
        leaf->is_void != (leaf->verdict == WIRE_VOID) ||
        (leaf->own_seq == 0) != wire_is_zero(leaf->feed_device, LIMIT_KEY_SIZE)) {
        return ERR_MALFORMED;
    }
    if (!leaf->is_void) {
        return envelope_check(&leaf->envelope);
    }
    return !wire_is_zero(leaf->void_device, LIMIT_KEY_SIZE) && leaf->void_incarnation >= 1 &&
                   leaf->void_seq >= 1 && !wire_is_zero(leaf->void_id, LIMIT_HASH_SIZE) &&
                   leaf->void_reason >= WIRE_VOID_UNREADABLE && leaf->void_reason <= WIRE_VOID_CHAIN
               ? ERR_NONE
               : ERR_MALFORMED;
}

enum err wire_leaf_encode(const struct wire_leaf *leaf, struct buf *ret)
{
    enum err err = written_check(leaf);
    if (err != ERR_NONE) {
        return err;
    }
    size_t inner = leaf->is_void ? void_size(leaf) : envelope_size(&leaf->envelope);
    uint8_t *room = buf_grow(ret, leaf_size(leaf, inner));
    if (room != NULL) {
        CHECK(put_leaf(room, leaf, inner) == ret->data + ret->size);
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
