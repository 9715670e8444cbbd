/* A signed body -> struct wire_event, in one walk over the bytes. Each value is asked on the way
 * whether it stands there in its one form: tags ascend and are compared as bytes, lengths and
 * numbers are the shortest, nothing absent is written. So no other bytes can give the same event,
 * and nothing has to be packed again to see it. */
#include "event.pb-c.h"
#include "wire/facts.h"
#include "wire/slots.h"

#include <endian.h>
#include <string.h>

enum part_kind {
    PART_NUMBER, /* varint -> uint32_t */
    PART_CHOICE, /* varint -> uint8_t */
    PART_SIZE,   /* fixed32 -> uint32_t */
    PART_WORD,   /* fixed64 -> uint64_t */
    PART_CODE,   /* -> struct span */
    PART_ID,     /* not all zero -> an array */
    PART_HASH,   /* any value -> an array */
    PART_SPAN,   /* a hash -> struct span */
    PART_INNER,  /* a message whose values go into the same struct */
    PART_SEALED  /* the list of sealed parts */
};

struct part {
    uint16_t tag; /* as it stands in the bytes, the first one low */
    uint8_t kind; /* enum part_kind */
    uint8_t
        size; /* greatest choice; most bytes of a code, exact ones of an id, least of a message */
    bool required;
    uint16_t at;   /* offset of the value */
    uint16_t flag; /* offset of the bool that says it is there; 0: none */
    const struct part *inner;
};

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

#define TAG(number, type)                                                                          \
    ((number) < 16 ? (number) << 3 | (type)                                                        \
                   : (((number) << 3 | (type)) & 0x7f) | 0x80 | (number) >> 4 << 8)
enum { VARINT = 0, FIXED64 = 1, PREFIXED = 2, FIXED32 = 5 };

#define EVENT(member) offsetof(struct wire_event, member)
#define SEALED(member) offsetof(struct wire_sealed, member)

/* clang-format off */
static const struct part seen_parts[] = {
    {TAG(1, PREFIXED), PART_CODE, WIRE_ORIGIN_SIZE, true, EVENT(seen_origin), 0, NULL},
    {TAG(2, FIXED64), PART_WORD, 0, false, EVENT(seen_size), 0, NULL},
    {TAG(3, PREFIXED), PART_HASH, LIMIT_HASH_SIZE, true, EVENT(seen_root), 0, NULL},
    {0},
};

static const struct part applied_parts[] = {
    {TAG(1, FIXED64), PART_WORD, 0, false, EVENT(applied_common), 0, NULL},
    {TAG(2, FIXED64), PART_WORD, 0, false, EVENT(applied_own), 0, NULL},
    {TAG(3, FIXED64), PART_WORD, 0, false, EVENT(applied_epoch), 0, NULL},
    {0},
};

static const struct part back_entry_parts[] = {
    {TAG(1, PREFIXED), PART_CODE, WIRE_CODE_SIZE, false, EVENT(paper_serial), 0, NULL},
    {TAG(2, FIXED64), PART_WORD, 0, false, EVENT(paper_ms), 0, NULL},
    {TAG(3, PREFIXED), PART_CODE, WIRE_CODE_SIZE, false, EVENT(back_reason), 0, NULL},
    {0},
};

static const struct part attestation_parts[] = {
    {TAG(1, VARINT), PART_CHOICE, JIELI__V1__ATTESTATION_KIND__ATTEST_RELATIVE, true,
     EVENT(attestation), 0, NULL},
    {TAG(2, PREFIXED), PART_CODE, WIRE_CODE_SIZE, false, EVENT(attestation_ground), 0, NULL},
    {TAG(3, PREFIXED), PART_SPAN, LIMIT_HASH_SIZE, false, EVENT(attestation_evidence), 0, NULL},
    {0},
};

static const struct part sealed_parts[] = {
    {TAG(1, VARINT), PART_NUMBER, 0, true, SEALED(label), 0, NULL},
    {TAG(2, VARINT), PART_NUMBER, 0, true, SEALED(audience), 0, NULL},
    {TAG(3, FIXED32), PART_SIZE, 0, true, SEALED(size), 0, NULL},
    {TAG(4, PREFIXED), PART_ID, LIMIT_HASH_SIZE, true, SEALED(hash), 0, NULL},
    {TAG(5, PREFIXED), PART_ID, LIMIT_HASH_SIZE, true, SEALED(commitment), 0, NULL},
    {0},
};

static const struct part body_parts[] = {
    {TAG(1, VARINT), PART_NUMBER, 0, true, EVENT(version), 0, NULL},
    {TAG(2, PREFIXED), PART_ID, LIMIT_ID_SIZE, true, EVENT(hub), 0, NULL},
    {TAG(3, PREFIXED), PART_ID, LIMIT_KEY_SIZE, true, EVENT(device), 0, NULL},
    {TAG(4, FIXED64), PART_WORD, 0, true, EVENT(incarnation), 0, NULL},
    {TAG(5, FIXED64), PART_WORD, 0, true, EVENT(seq), 0, NULL},
    {TAG(6, PREFIXED), PART_HASH, LIMIT_HASH_SIZE, false, EVENT(prev), EVENT(has_prev), NULL},
    {TAG(7, PREFIXED), PART_INNER, 0, false, 0, EVENT(has_seen), seen_parts},
    {TAG(8, PREFIXED), PART_INNER, 1, false, 0, 0, applied_parts},
    {TAG(9, PREFIXED), PART_ID, LIMIT_KEY_SIZE, true, EVENT(author), 0, NULL},
    {TAG(10, PREFIXED), PART_ID, LIMIT_ID_SIZE, true, EVENT(record), 0, NULL},
    {TAG(11, FIXED64), PART_WORD, 0, false, EVENT(claimed_ms), 0, NULL},
    {TAG(12, VARINT), PART_CHOICE, JIELI__V1__CLOCK_QUALITY__CLOCK_BAD, false, EVENT(clock), 0,
     NULL},
    {TAG(13, PREFIXED), PART_ID, LIMIT_ID_SIZE, false, EVENT(boot), 0, NULL},
    {TAG(14, FIXED64), PART_WORD, 0, false, EVENT(mono_ms), 0, NULL},
    {TAG(15, PREFIXED), PART_INNER, 0, false, 0, EVENT(back_entry), back_entry_parts},
    {TAG(16, PREFIXED), PART_INNER, 0, false, 0, 0, attestation_parts},
    {TAG(17, PREFIXED), PART_SEALED, 0, false, EVENT(sealed), 0, sealed_parts},
    {0},
};
/* clang-format on */

/* The next tag as it stands there; its size in bytes, 0: none that any field of ours has. */
static size_t tag_peek(const struct cursor *cursor, uint16_t *ret)
{
    size_t left = (size_t)(cursor->end - cursor->at);
    if (left > 0 && cursor->at[0] < 0x80) {
        *ret = cursor->at[0];
        return 1;
    }
    if (left < 2 || cursor->at[1] == 0 || cursor->at[1] >= 0x80) {
        return 0;
    }
    *ret = (uint16_t)(cursor->at[0] | cursor->at[1] << 8);
    return 2;
}

static bool take_varint(struct cursor *cursor, uint64_t *ret)
{
    if (cursor->at < cursor->end && *cursor->at < 0x80) {
        *ret = *cursor->at++;
        return true;
    }
    struct span left = span_of(cursor->at, (size_t)(cursor->end - cursor->at));
    bool taken = wire_varint_take(&left, ret);
    cursor->at = left.data;
    return taken;
}

/* size: 4 or 8. */
static bool take_fixed(struct cursor *cursor, size_t size, uint64_t *ret)
{
    uint64_t number = 0;
    if ((size_t)(cursor->end - cursor->at) < size) {
        return false;
    }
    if (size == sizeof(uint32_t)) {
        memcpy(&number, cursor->at, sizeof(uint32_t));
    } else {
        memcpy(&number, cursor->at, sizeof number);
    }
    cursor->at += size;
    *ret = le64toh(number);
    return number != 0;
}

static bool take_bytes(struct cursor *cursor, struct span *ret)
{
    uint64_t size = 0;
    if (!take_varint(cursor, &size) || size > (uint64_t)(cursor->end - cursor->at)) {
        return false;
    }
    *ret = span_of(cursor->at, (size_t)size);
    cursor->at += size;
    return true;
}

static bool take_number(struct cursor *cursor, uint64_t most, uint64_t *ret)
{
    return take_varint(cursor, ret) && *ret != 0 && *ret <= most;
}

static bool take_code(struct cursor *cursor, size_t most, struct span *ret)
{
    return take_bytes(cursor, ret) && ret->size > 0 && wire_is_code_span(*ret, most);
}

static bool take_exact(struct cursor *cursor, size_t size, struct span *ret)
{
    return take_bytes(cursor, ret) && ret->size == size;
}

static bool read_small(struct cursor *cursor, const struct part *part, void *value)
{
    uint64_t number = 0;
    uint64_t most = part->kind == PART_CHOICE ? part->size : UINT32_MAX;
    bool taken = part->kind == PART_SIZE ? take_fixed(cursor, 4, &number)
                                         : take_number(cursor, most, &number);
    if (part->kind == PART_CHOICE) {
        *(uint8_t *)value = (uint8_t)number;
    } else {
        *(uint32_t *)value = (uint32_t)number;
    }
    return taken;
}

static bool read_array(struct cursor *cursor, const struct part *part, uint8_t *value)
{
    struct span bytes;
    if (!take_exact(cursor, part->size, &bytes)) {
        return false;
    }
    memcpy(value, bytes.data, bytes.size);
    return part->kind == PART_HASH || !wire_is_zero(bytes.data, bytes.size);
}

static enum err read_parts(struct cursor *cursor, const struct part *part, uint8_t *base);

/* NOLINTBEGIN(misc-no-recursion): an inner part has none of its own. */
static enum err read_inner(struct cursor *cursor, const struct part *part, uint8_t *base)
{
    struct span bytes;
    if (!take_bytes(cursor, &bytes) || bytes.size < part->size) {
        return ERR_MALFORMED;
    }
    struct cursor inner = {bytes.data, bytes.data + bytes.size};
    enum err err = read_parts(&inner, part->inner, base);
    return err == ERR_NONE && inner.at != inner.end ? ERR_MALFORMED : err;
}

/* How many parts follow each other under this tag, the first one being taken already. */
static size_t count_sealed(struct cursor cursor, uint16_t tag)
{
    size_t count = 0;
    uint16_t next = tag;
    struct span bytes;
    for (size_t size = 0; next == tag && take_bytes(&cursor, &bytes); count++) {
        size = tag_peek(&cursor, &next);
        next = size == 0 ? 0 : next;
        cursor.at += size;
    }
    return count;
}

static enum err read_sealed(struct cursor *cursor, const struct part *part, uint8_t *base)
{
    struct wire_event *event = (struct wire_event *)(void *)base;
    size_t count = count_sealed(*cursor, part->tag);
    if (count > LIMIT_SEALED_COUNT) {
        return ERR_LIMIT;
    }
    enum err err = count == 0 ? ERR_MALFORMED : ERR_NONE;
    for (size_t i = 0; i < count && err == ERR_NONE; i++) {
        struct wire_sealed *sealed = &event->sealed[i];
        cursor->at += i > 0 ? 2 : 0; /* the tag again */
        err = read_inner(cursor, part, (uint8_t *)sealed);
        err = sealed->size > LIMIT_BLOB_SIZE ? ERR_MALFORMED : err;
    }
    event->sealed_count = (uint32_t)count;
    return err;
}

static enum err read_part(struct cursor *cursor, const struct part *part, uint8_t *base)
{
    void *value = base + part->at;
    bool taken = false;
    switch ((enum part_kind)part->kind) {
    case PART_NUMBER:
    case PART_CHOICE:
    case PART_SIZE:
        taken = read_small(cursor, part, value);
        break;
    case PART_WORD:
        taken = take_fixed(cursor, 8, value);
        break;
    case PART_CODE:
        taken = take_code(cursor, part->size, value);
        break;
    case PART_ID:
    case PART_HASH:
        taken = read_array(cursor, part, value);
        break;
    case PART_SPAN:
        taken = take_exact(cursor, part->size, value);
        break;
    case PART_INNER:
        return read_inner(cursor, part, base);
    case PART_SEALED:
        return read_sealed(cursor, part, base);
    }
    return taken ? ERR_NONE : ERR_MALFORMED;
}

/* Up to the first tag that is none of these parts; what is required has been there. */
static enum err read_parts(struct cursor *cursor, const struct part *part, uint8_t *base)
{
    for (; part->tag != 0; part++) {
        uint16_t tag = 0;
        size_t size = tag_peek(cursor, &tag);
        if (size == 0 || tag != part->tag) {
            if (part->required) {
                return ERR_MALFORMED;
            }
            continue;
        }
        cursor->at += size;
        if (part->flag != 0) {
            *(bool *)(base + part->flag) = true;
        }
        enum err err = read_part(cursor, part, base);
        if (err != ERR_NONE) {
            return err;
        }
    }
    return ERR_NONE;
}

static bool read_fact(struct cursor *cursor, const struct wire_slot *slot, uint16_t place,
                      struct values *ret)
{
    uint64_t number = 0;
    struct span bytes = {NULL, 0};
    bool taken = false;
    switch ((enum wire_slot_kind)slot->kind) {
    case WIRE_SLOT_VARINT:
        taken = take_number(cursor, slot->most, &number);
        break;
    case WIRE_SLOT_FIXED32:
        taken = take_fixed(cursor, 4, &number);
        break;
    case WIRE_SLOT_FIXED64:
        taken = take_fixed(cursor, 8, &number);
        break;
    case WIRE_SLOT_CODE:
        taken = take_code(cursor, slot->most, &bytes);
        break;
    case WIRE_SLOT_BYTES:
        taken = take_exact(cursor, slot->most, &bytes);
        break;
    case WIRE_SLOT_NONE:
    case WIRE_SLOT_ENTRY:
        break;
    }
    if (taken && bytes.size > 0) {
        values_set_bytes(ret, (enum field)slot->fact, place, bytes);
    } else if (taken) {
        values_set_number(ret, (enum field)slot->fact, place, number);
    }
    return taken;
}

static enum err read_facts(struct cursor *cursor, const struct wire_shape *shape, uint16_t place,
                           struct values *ret);

static enum err read_entry(struct cursor *cursor, const struct wire_shape *shape, uint16_t place,
                           struct values *ret)
{
    struct span bytes;
    if (!take_bytes(cursor, &bytes) || bytes.size == 0) {
        return ERR_MALFORMED; /* an entry without any value would be lost among flat facts */
    }
    struct cursor entry = {bytes.data, bytes.data + bytes.size};
    return read_facts(&entry, shape, place, ret);
}

/* place: of the entry whose facts these are; else 0. */
static enum err read_facts(struct cursor *cursor, const struct wire_shape *shape, uint16_t place,
                           struct values *ret)
{
    static const uint8_t types[] = {
        [WIRE_SLOT_VARINT] = VARINT, [WIRE_SLOT_FIXED32] = FIXED32, [WIRE_SLOT_FIXED64] = FIXED64,
        [WIRE_SLOT_CODE] = PREFIXED, [WIRE_SLOT_BYTES] = PREFIXED,  [WIRE_SLOT_ENTRY] = PREFIXED,
    };
    unsigned last = 0;
    uint16_t run = 0; /* entries of the same list before this one */
    while (cursor->at < cursor->end) {
        uint16_t tag = 0;
        size_t size = tag_peek(cursor, &tag);
        unsigned number = size < 2 ? tag >> 3 : (tag & 0x7fu) >> 3 | (unsigned)(tag >> 8) << 4;
        const struct wire_slot *slot = &shape->slot[number < shape->count ? number : 0];
        if (size == 0 || slot->kind == WIRE_SLOT_NONE || types[slot->kind] != (tag & 7) ||
            number < last || (number == last && !slot->list)) {
            return ERR_MALFORMED;
        }
        run = number == last ? run + 1 : 0;
        last = number;
        if (run == LIMIT_LIST_COUNT) {
            return ERR_LIMIT;
        }
        cursor->at += size;
        uint16_t at = slot->list ? run : place;
        enum err err = slot->kind == WIRE_SLOT_ENTRY      ? read_entry(cursor, slot->entry, at, ret)
                       : read_fact(cursor, slot, at, ret) ? ERR_NONE
                                                          : ERR_MALFORMED;
        if (err != ERR_NONE) {
            return err;
        }
    }
    return ret->err;
}

/* NOLINTEND(misc-no-recursion) */

/* The last field of a body, and all that is left of it. */
static enum err read_payload(struct cursor *cursor, struct wire_event *event)
{
    uint16_t tag = 0;
    struct span bytes;
    size_t size = tag_peek(cursor, &tag);
    if (size != 2 || (tag & 7) != PREFIXED) {
        return ERR_MALFORMED;
    }
    event->payload = (tag & 0x7fu) >> 3 | (unsigned)(tag >> 8) << 4;
    const struct wire_shape *shape = wire_payload_shape(event->payload);
    cursor->at += size;
    if (shape == NULL || !take_bytes(cursor, &bytes) || cursor->at != cursor->end) {
        return ERR_MALFORMED;
    }
    struct cursor payload = {bytes.data, bytes.data + bytes.size};
    return read_facts(&payload, shape, 0, &event->facts);
}

/* Before the strict reading: a later version may well have fields that this build cannot know. */
static enum err read_version(struct span body)
{
    struct cursor cursor = {body.data, body.data + body.size};
    uint16_t tag = 0;
    uint64_t version = 0;
    if (body.size > LIMIT_BODY_SIZE) {
        return ERR_LIMIT;
    }
    size_t size = tag_peek(&cursor, &tag);
    cursor.at += size;
    if (size != 1 || tag != TAG(1, VARINT) || !take_number(&cursor, UINT32_MAX, &version)) {
        return ERR_MALFORMED;
    }
    return version > WIRE_VERSION ? ERR_VERSION : ERR_NONE;
}

/* What several fields say together. The first log's epoch is not written. */
static bool agrees(struct wire_event *event)
{
    bool applied = event->applied_common != 0 || event->applied_own != 0;
    if (event->has_prev != (event->seq != 1) || event->applied_epoch == 1 ||
        (!applied && event->applied_epoch != 0)) {
        return false;
    }
    if (applied && event->applied_epoch == 0) {
        event->applied_epoch = 1;
    }
    return true;
}

static enum err read_body(struct span body, struct wire_event *ret)
{
    struct cursor cursor = {body.data, body.data + body.size};
    enum err err = read_parts(&cursor, body_parts, (uint8_t *)ret);
    if (err != ERR_NONE) {
        return err;
    }
    return agrees(ret) ? read_payload(&cursor, ret) : ERR_MALFORMED;
}

enum err wire_event_read(struct span body, struct wire_event *ret)
{
    memset(ret, 0, offsetof(struct wire_event, facts)); /* the facts are large */
    values_clear(&ret->facts);
    enum err err = read_version(body);
    return err != ERR_NONE ? err : read_body(body, ret);
}

enum err wire_event_decode(struct span body, struct wire_arena *arena, struct wire_event *ret)
{
    wire_arena_reset(arena);
    /* Not into ret: a failure leaves that alone. */
    struct wire_event *found = wire_arena_take(arena, sizeof *found);
    enum err err = found == NULL ? ERR_MEMORY : wire_event_read(body, found);
    if (err == ERR_NONE) {
        memcpy(ret, found, offsetof(struct wire_event, facts));
        values_copy(&ret->facts, &found->facts);
    }
    return err;
}
