/* A signed body -> struct wire_event, in one walk over the bytes. Each value is asked on the way
 * whether it stands there in its one form: tags ascend and are compared as bytes, lengths and
 * numbers are the shortest, nothing absent is written. So no other bytes can give the same event,
 * and nothing has to be packed again to see it. */
#include "event.pb-c.h"
#include "wire/facts.h"
#include "wire/slots.h"

#include <endian.h>
#include <string.h>

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

#define TAG(number, type)                                                                          \
    ((number) < 16 ? (number) << 3 | (type)                                                        \
                   : (((number) << 3 | (type)) & 0x7f) | 0x80 | (number) >> 4 << 8)
enum { VARINT = 0, FIXED64 = 1, PREFIXED = 2, FIXED32 = 5 };

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

static inline bool take_varint(struct cursor *cursor, uint64_t *ret)
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
static inline bool take_fixed(struct cursor *cursor, size_t size, uint64_t *ret)
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

static inline bool take_bytes(struct cursor *cursor, struct span *ret)
{
    uint64_t size = 0;
    if (!take_varint(cursor, &size) || size > (uint64_t)(cursor->end - cursor->at)) {
        return false;
    }
    *ret = span_of(cursor->at, (size_t)size);
    cursor->at += size;
    return true;
}

static inline bool take_number(struct cursor *cursor, uint64_t most, uint64_t *ret)
{
    return take_varint(cursor, ret) && *ret != 0 && *ret <= most;
}

static inline bool take_code(struct cursor *cursor, size_t most, struct span *ret)
{
    return take_bytes(cursor, ret) && ret->size > 0 && wire_is_code_span(*ret, most);
}

static inline bool take_exact(struct cursor *cursor, size_t size, struct span *ret)
{
    return take_bytes(cursor, ret) && ret->size == size;
}

/* Takes this tag if it is the next one. */
static inline bool take_tag(struct cursor *cursor, uint16_t tag)
{
    size_t size = tag < 0x80 ? 1 : 2;
    bool next = (size_t)(cursor->end - cursor->at) >= size && cursor->at[0] == (uint8_t)tag &&
                (size == 1 || cursor->at[1] == tag >> 8);
    cursor->at += next ? size : 0;
    return next;
}

/* --- Fields ---
 * Inlined, each where its field stands: so the processor learns of each by itself whether it comes,
 * and sizes are constants. may_x is true, too, when the next tag is another one. */

static inline bool need_number(struct cursor *cursor, uint16_t tag, uint32_t *ret)
{
    uint64_t number = 0;
    bool taken = take_tag(cursor, tag) && take_number(cursor, UINT32_MAX, &number);
    *ret = (uint32_t)number;
    return taken;
}

static inline bool take_choice(struct cursor *cursor, unsigned most, uint8_t *ret)
{
    uint64_t number = 0;
    bool taken = take_number(cursor, most, &number);
    *ret = (uint8_t)number;
    return taken;
}

static inline bool need_word(struct cursor *cursor, uint16_t tag, uint64_t *ret)
{
    return take_tag(cursor, tag) && take_fixed(cursor, sizeof *ret, ret);
}

static inline bool may_word(struct cursor *cursor, uint16_t tag, uint64_t *ret)
{
    return !take_tag(cursor, tag) || take_fixed(cursor, sizeof *ret, ret);
}

/* Whatever its bytes. */
static inline bool take_array(struct cursor *cursor, size_t size, uint8_t *ret)
{
    struct span bytes;
    if (!take_exact(cursor, size, &bytes)) {
        return false;
    }
    memcpy(ret, bytes.data, size);
    return true;
}

/* Not all zero. */
static inline bool take_id(struct cursor *cursor, size_t size, uint8_t *ret)
{
    return take_array(cursor, size, ret) && !wire_is_zero(ret, size);
}

static inline bool need_id(struct cursor *cursor, uint16_t tag, size_t size, uint8_t *ret)
{
    return take_tag(cursor, tag) && take_id(cursor, size, ret);
}

static inline bool may_code(struct cursor *cursor, uint16_t tag, struct span *ret)
{
    return !take_tag(cursor, tag) || take_code(cursor, WIRE_CODE_SIZE, ret);
}

/* --- The parts of a body --- */

/* The bytes of an inner message. */
static bool take_inner(struct cursor *cursor, struct cursor *ret)
{
    struct span bytes;
    if (!take_bytes(cursor, &bytes)) {
        return false;
    }
    *ret = (struct cursor){bytes.data, bytes.data + bytes.size};
    return true;
}

static bool read_seen(struct cursor *cursor, struct wire_event *event)
{
    struct cursor inner;
    event->has_seen = true;
    return take_inner(cursor, &inner) && take_tag(&inner, TAG(1, PREFIXED)) &&
           take_code(&inner, WIRE_ORIGIN_SIZE, &event->seen_origin) &&
           may_word(&inner, TAG(2, FIXED64), &event->seen_size) &&
           take_tag(&inner, TAG(3, PREFIXED)) &&
           take_array(&inner, LIMIT_HASH_SIZE, event->seen_root) && inner.at == inner.end;
}

static bool read_applied(struct cursor *cursor, struct wire_event *event)
{
    struct cursor inner;
    return take_inner(cursor, &inner) && inner.at != inner.end &&
           may_word(&inner, TAG(1, FIXED64), &event->applied_common) &&
           may_word(&inner, TAG(2, FIXED64), &event->applied_own) &&
           may_word(&inner, TAG(3, FIXED64), &event->applied_epoch) && inner.at == inner.end;
}

static bool read_back_entry(struct cursor *cursor, struct wire_event *event)
{
    struct cursor inner;
    event->back_entry = true;
    return take_inner(cursor, &inner) && may_code(&inner, TAG(1, PREFIXED), &event->paper_serial) &&
           may_word(&inner, TAG(2, FIXED64), &event->paper_ms) &&
           may_code(&inner, TAG(3, PREFIXED), &event->back_reason) && inner.at == inner.end;
}

static bool read_attestation(struct cursor *cursor, struct wire_event *event)
{
    const unsigned most = JIELI__V1__ATTESTATION_KIND__ATTEST_RELATIVE;
    struct cursor inner;
    return take_inner(cursor, &inner) && take_tag(&inner, TAG(1, VARINT)) &&
           take_choice(&inner, most, &event->attestation) &&
           may_code(&inner, TAG(2, PREFIXED), &event->attestation_ground) &&
           (!take_tag(&inner, TAG(3, PREFIXED)) ||
            take_exact(&inner, LIMIT_HASH_SIZE, &event->attestation_evidence)) &&
           inner.at == inner.end;
}

static bool read_sealed(struct cursor *cursor, struct wire_sealed *sealed)
{
    struct cursor inner;
    uint64_t size = 0;
    bool read = take_inner(cursor, &inner) && need_number(&inner, TAG(1, VARINT), &sealed->label) &&
                need_number(&inner, TAG(2, VARINT), &sealed->audience) &&
                take_tag(&inner, TAG(3, FIXED32)) && take_fixed(&inner, 4, &size) &&
                need_id(&inner, TAG(4, PREFIXED), LIMIT_HASH_SIZE, sealed->hash) &&
                need_id(&inner, TAG(5, PREFIXED), LIMIT_HASH_SIZE, sealed->commitment);
    sealed->size = (uint32_t)size;
    return read && inner.at == inner.end && size <= LIMIT_BLOB_SIZE;
}

/* How many parts follow each other. */
static size_t count_sealed(struct cursor cursor)
{
    size_t count = 0;
    struct span bytes;
    while (take_tag(&cursor, TAG(17, PREFIXED)) && take_bytes(&cursor, &bytes)) {
        count++;
    }
    return count;
}

static enum err read_all_sealed(struct cursor *cursor, struct wire_event *event)
{
    size_t count = count_sealed(*cursor);
    if (count > LIMIT_SEALED_COUNT) {
        return ERR_LIMIT;
    }
    for (; event->sealed_count < count; event->sealed_count++) {
        struct wire_sealed *sealed = &event->sealed[event->sealed_count];
        if (!take_tag(cursor, TAG(17, PREFIXED)) || !read_sealed(cursor, sealed)) {
            return ERR_MALFORMED;
        }
    }
    return ERR_NONE;
}

/* Fields 1 to 8: whose event it is, and what its author knew. */
static bool read_place(struct cursor *cursor, struct wire_event *event)
{
    if (!need_number(cursor, TAG(1, VARINT), &event->version) ||
        !need_id(cursor, TAG(2, PREFIXED), LIMIT_ID_SIZE, event->hub) ||
        !need_id(cursor, TAG(3, PREFIXED), LIMIT_KEY_SIZE, event->device) ||
        !need_word(cursor, TAG(4, FIXED64), &event->incarnation) ||
        !need_word(cursor, TAG(5, FIXED64), &event->seq)) {
        return false;
    }
    if (take_tag(cursor, TAG(6, PREFIXED))) {
        event->has_prev = true;
        if (!take_array(cursor, LIMIT_HASH_SIZE, event->prev)) {
            return false;
        }
    }
    return (!take_tag(cursor, TAG(7, PREFIXED)) || read_seen(cursor, event)) &&
           (!take_tag(cursor, TAG(8, PREFIXED)) || read_applied(cursor, event));
}

/* Fields 9 to 16: who did what when. */
static bool read_act(struct cursor *cursor, struct wire_event *event)
{
    const unsigned most = JIELI__V1__CLOCK_QUALITY__CLOCK_BAD;
    return need_id(cursor, TAG(9, PREFIXED), LIMIT_KEY_SIZE, event->author) &&
           need_id(cursor, TAG(10, PREFIXED), LIMIT_ID_SIZE, event->record) &&
           may_word(cursor, TAG(11, FIXED64), &event->claimed_ms) &&
           (!take_tag(cursor, TAG(12, VARINT)) || take_choice(cursor, most, &event->clock)) &&
           (!take_tag(cursor, TAG(13, PREFIXED)) || take_id(cursor, LIMIT_ID_SIZE, event->boot)) &&
           may_word(cursor, TAG(14, FIXED64), &event->mono_ms) &&
           (!take_tag(cursor, TAG(15, PREFIXED)) || read_back_entry(cursor, event)) &&
           (!take_tag(cursor, TAG(16, PREFIXED)) || read_attestation(cursor, event));
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

/* NOLINTBEGIN(misc-no-recursion): an entry has none of its own. */
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
    if (!read_place(&cursor, ret) || !read_act(&cursor, ret)) {
        return ERR_MALFORMED;
    }
    enum err err = read_all_sealed(&cursor, ret);
    if (err != ERR_NONE) {
        return err;
    }
    return agrees(ret) ? read_payload(&cursor, ret) : ERR_MALFORMED;
}

enum err wire_event_read(struct span body, struct wire_event *ret)
{
    /* The facts are large, and of sealed parts those that are counted are filled. */
    memset(ret, 0, offsetof(struct wire_event, sealed));
    memset(&ret->payload, 0,
           offsetof(struct wire_event, facts) - offsetof(struct wire_event, payload));
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
