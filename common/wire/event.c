#include "wire/event.h"

#include "wire/facts.h"

#include <string.h>

enum { PEEK_DEVICE = 3, PEEK_INCARNATION, PEEK_SEQ, PEEK_PREV };

static const ProtobufCMessage *body_payload(const Jieli__V1__EventBody *body)
{
    const ProtobufCFieldDescriptor *field = wire_payload_field((uint32_t)body->payload_case);
    return field != NULL ? wire_pointer(wire_member(&body->base, field)) : NULL;
}

static bool chain_is_right(const Jieli__V1__EventBody *body)
{
    return body->incarnation >= 1 && body->seq >= 1 &&
           (body->seq == 1 ? body->prev.len == 0 : body->prev.len == LIMIT_HASH_SIZE);
}

static bool ids_are_right(const Jieli__V1__EventBody *body)
{
    return wire_is_id(body->hub, LIMIT_ID_SIZE) && wire_is_id(body->device, LIMIT_KEY_SIZE) &&
           wire_is_id(body->author, LIMIT_KEY_SIZE) && wire_is_id(body->record, LIMIT_ID_SIZE) &&
           wire_is_id_or_empty(body->boot, LIMIT_ID_SIZE);
}

static bool seen_is_right(const Jieli__V1__Seen *seen)
{
    return seen == NULL || (seen->origin[0] != 0 && wire_is_code(seen->origin, WIRE_ORIGIN_SIZE) &&
                            seen->root.len == LIMIT_HASH_SIZE);
}

static bool back_entry_is_right(const Jieli__V1__BackEntry *entry)
{
    return entry == NULL || (wire_is_code(entry->serial, WIRE_CODE_SIZE) &&
                             wire_is_code(entry->reason, WIRE_CODE_SIZE));
}

static bool attestation_is_right(const Jieli__V1__Attestation *attestation)
{
    return attestation == NULL ||
           (attestation->kind != JIELI__V1__ATTESTATION_KIND__ATTEST_NONE &&
            wire_is_code(attestation->ground, WIRE_CODE_SIZE) &&
            (attestation->evidence.len == 0 || attestation->evidence.len == LIMIT_HASH_SIZE));
}

static bool sealed_is_right(const Jieli__V1__SealedPart *part)
{
    return part->label != 0 && part->audience != 0 && part->size != 0 &&
           part->size <= LIMIT_BLOB_SIZE && wire_is_id(part->hash, LIMIT_HASH_SIZE) &&
           wire_is_id(part->commitment, LIMIT_HASH_SIZE);
}

enum err wire_body_check(const Jieli__V1__EventBody *body)
{
    const Jieli__V1__Applied *applied = body->applied;
    const ProtobufCMessage *payload = body_payload(body);
    if (body->version > WIRE_VERSION) {
        return ERR_VERSION;
    }
    if (body->version == 0 || payload == NULL || !ids_are_right(body) || !chain_is_right(body) ||
        !seen_is_right(body->seen) || !back_entry_is_right(body->back_entry) ||
        !attestation_is_right(body->attestation) ||
        (applied != NULL && ((applied->common == 0 && applied->own == 0) || applied->epoch == 1))) {
        return ERR_MALFORMED;
    }
    if (body->n_sealed > LIMIT_SEALED_COUNT) {
        return ERR_LIMIT;
    }
    for (size_t i = 0; i < body->n_sealed; i++) {
        if (!sealed_is_right(body->sealed[i])) {
            return ERR_MALFORMED;
        }
    }
    return wire_facts_check((uint32_t)body->payload_case, payload);
}

static bool peek_value(struct reader *reader, uint64_t *ret)
{
    *ret = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = reader_u8(reader);
        *ret |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            return !reader->failed;
        }
    }
    return false;
}

/* The next field, whatever its number; false at the end or at bytes that are no field. */
static bool peek_field(struct reader *reader, uint64_t *ret_tag, struct span *ret_bytes)
{
    static const size_t sizes[8] = {[1] = 8, [5] = 4};
    uint64_t size = 0;
    if (reader->left == 0 || !peek_value(reader, ret_tag)) {
        return false;
    }
    unsigned wire_type = *ret_tag & 7;
    if (wire_type == 0) {
        *ret_bytes = span_of(NULL, 0);
        return peek_value(reader, &size);
    }
    size = sizes[wire_type];
    if (wire_type == 2 ? !peek_value(reader, &size) : size == 0) {
        return false;
    }
    if (size > reader->left) {
        return false;
    }
    *ret_bytes = reader_bytes(reader, (size_t)size);
    return true;
}

static uint64_t little_endian(struct span bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        value |= (uint64_t)bytes.data[i] << (8 * i);
    }
    return value;
}

bool wire_event_peek(struct span body, struct wire_event *ret)
{
    struct span found[PEEK_PREV + 1] = {{NULL, 0}};
    struct reader reader;
    uint64_t tag = 0;
    struct span bytes;
    reader_init(&reader, body);
    while (peek_field(&reader, &tag, &bytes)) {
        uint64_t number = tag >> 3;
        uint64_t fits = number == PEEK_DEVICE || number == PEEK_PREV ? 2 : 1;
        if (number <= PEEK_PREV && (tag & 7) == fits && found[number].data == NULL) {
            found[number] = bytes;
        }
    }
    uint64_t incarnation = little_endian(found[PEEK_INCARNATION]);
    uint64_t seq = little_endian(found[PEEK_SEQ]);
    if (found[PEEK_DEVICE].size != LIMIT_KEY_SIZE || incarnation == 0 || seq == 0) {
        return false;
    }
    memset(ret, 0, offsetof(struct wire_event, facts));
    values_clear(&ret->facts);
    memcpy(ret->device, found[PEEK_DEVICE].data, sizeof ret->device);
    ret->incarnation = incarnation;
    ret->seq = seq;
    ret->has_prev = found[PEEK_PREV].size == LIMIT_HASH_SIZE;
    if (ret->has_prev) {
        memcpy(ret->prev, found[PEEK_PREV].data, sizeof ret->prev);
    }
    return true;
}
