/* By hand: the hub's one writer makes each leaf, and all others read each. */
#include "wire/leaf.h"

#include "base/check.h"

#include <string.h>

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

/* --- Checking, of what is written as of what was read --- */

static enum err envelope_check(const struct wire_envelope *envelope)
{
    if (envelope->body.size > LIMIT_BODY_SIZE) {
        return ERR_LIMIT;
    }
    return envelope->body.size >= 1 && envelope->suite >= 1 ? ERR_NONE : ERR_MALFORMED;
}

static enum err leaf_check(const struct wire_leaf *leaf)
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

/* --- Writing --- */

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

enum err wire_leaf_encode(const struct wire_leaf *leaf, struct buf *ret)
{
    enum err err = leaf_check(leaf);
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

/* --- Reading --- */

static bool read_envelope(struct span bytes, struct wire_envelope *ret)
{
    struct span signature;
    uint64_t suite = 0;
    if (!wire_field_take(&bytes, 1, &ret->body) || !wire_may_number(&bytes, 2, UINT8_MAX, &suite) ||
        !wire_field_take(&bytes, 3, &signature) || signature.size != LIMIT_SIGNATURE_SIZE ||
        bytes.size != 0) {
        return false;
    }
    ret->suite = (uint8_t)suite;
    memcpy(ret->signature, signature.data, LIMIT_SIGNATURE_SIZE);
    return true;
}

enum err wire_envelope_read(struct span bytes, struct wire_envelope *ret)
{
    return read_envelope(bytes, ret) ? envelope_check(ret) : ERR_MALFORMED;
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

static bool read_void(struct span bytes, struct wire_leaf *ret)
{
    struct span device;
    struct span id;
    uint64_t reason = 0;
    if (!wire_field_take(&bytes, 1, &device) || device.size != LIMIT_KEY_SIZE ||
        !wire_may_fixed(&bytes, 2, &ret->void_incarnation) ||
        !wire_may_fixed(&bytes, 3, &ret->void_seq) || !wire_field_take(&bytes, 4, &id) ||
        id.size != LIMIT_HASH_SIZE || !wire_may_number(&bytes, 5, UINT8_MAX, &reason) ||
        bytes.size != 0) {
        return false;
    }
    memcpy(ret->void_device, device.data, LIMIT_KEY_SIZE);
    memcpy(ret->void_id, id.data, LIMIT_HASH_SIZE);
    ret->void_reason = (uint8_t)reason;
    return true;
}

/* Fields 1 to 6: what the hub says of it. */
static bool read_answer(struct span *left, struct wire_leaf *ret)
{
    uint64_t verdict = 0;
    uint64_t refusal = 0;
    struct span device;
    if (!wire_may_fixed(left, 1, &ret->hub_ms) || !wire_may_number(left, 2, WIRE_VOID, &verdict) ||
        !wire_may_number(left, 3, UINT32_MAX, &refusal) ||
        !wire_may_fixed(left, 4, &ret->common_seq) || !wire_may_fixed(left, 5, &ret->own_seq) ||
        !wire_may_bytes(left, 6, &device)) {
        return false;
    }
    ret->verdict = (uint8_t)verdict;
    ret->refusal = (uint32_t)refusal;
    if (device.size != (ret->own_seq != 0 ? LIMIT_KEY_SIZE : 0)) {
        return false;
    }
    if (device.size > 0) {
        memcpy(ret->feed_device, device.data, LIMIT_KEY_SIZE);
    }
    return true;
}

static bool read_leaf(struct span bytes, struct wire_leaf *ret)
{
    const ProtobufCWireType prefixed = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
    struct span inner;
    if (!read_answer(&bytes, ret)) {
        return false;
    }
    ret->is_void = !wire_tag_take(&bytes, 7, prefixed);
    if ((ret->is_void && !wire_tag_take(&bytes, 8, prefixed)) || !wire_bytes_take(&bytes, &inner) ||
        bytes.size != 0) {
        return false;
    }
    return ret->is_void ? read_void(inner, ret) : read_envelope(inner, &ret->envelope);
}

enum err wire_leaf_decode(struct span bytes, struct wire_leaf *ret)
{
    struct wire_leaf found = {0};
    if (bytes.size > LIMIT_LEAF_SIZE) {
        return ERR_LIMIT;
    }
    enum err err = read_leaf(bytes, &found) ? leaf_check(&found) : ERR_MALFORMED;
    if (err == ERR_NONE) {
        *ret = found;
    }
    return err;
}
