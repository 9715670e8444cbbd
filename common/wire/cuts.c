#include "wire/cuts.h"

#include "base/check.h"

/* Without the generated structs: half of what is walked is missing when cuts are found again. One
 * loop instead of a function a message, as each leaf passes here on its way in and out. */

enum wire_type { VARINT = 0, FIXED_64 = 1, PREFIXED = 2, FIXED_32 = 5 };

enum part { LEAF, ENVELOPE, BODY, SEALED, VOIDED, PART_COUNT };
enum { DEPTH = 3, NUMBER_COUNT = 18, PREV = 6, VOID_ID = 4 };

/* What stands in a field of bytes. */
struct meaning {
    uint8_t cut;  /* its size; 0: none */
    uint8_t part; /* 0: not walked */
};

static const struct meaning meanings[PART_COUNT][NUMBER_COUNT] = {
    [LEAF] = {[7] = {.part = ENVELOPE}, [8] = {.part = VOIDED}},
    [ENVELOPE] = {[1] = {.part = BODY}, [3] = {.cut = LIMIT_SIGNATURE_SIZE}},
    [BODY] = {[PREV] = {.cut = LIMIT_HASH_SIZE}, [17] = {.part = SEALED}},
    [SEALED] = {[4] = {.cut = LIMIT_HASH_SIZE}, [5] = {.cut = LIMIT_HASH_SIZE}},
};

/* Places count in the leaf; its byte at a place stands in bytes `removed` before that. */
struct walk {
    struct span bytes;
    size_t at;
    size_t end; /* of the part */
    size_t removed;
    enum part part;
    size_t depth; /* parts around it */
    size_t outer_end[DEPTH];
    enum part outer[DEPTH];
};

static bool byte_take(struct walk *walk, size_t *ret)
{
    size_t from = walk->at - walk->removed;
    if (walk->at >= walk->end || from >= walk->bytes.size) {
        return false;
    }
    *ret = walk->bytes.data[from];
    walk->at++;
    return true;
}

/* Tags and sizes: up to two bytes. */
static bool number_take(struct walk *walk, size_t *ret)
{
    size_t high = 0;
    if (!byte_take(walk, ret)) {
        return false;
    }
    if (*ret < 0x80) {
        return true;
    }
    bool good = byte_take(walk, &high) && high < 0x80;
    *ret = (*ret & 0x7f) | high << 7;
    return good;
}

static bool varint_skip(struct walk *walk)
{
    size_t byte = 0x80;
    while (byte >= 0x80) {
        if (!byte_take(walk, &byte)) {
            return false;
        }
    }
    return true;
}

/* Takes the tag of the part's next field, and a varint whole; ret_size: what is left of it. */
static bool field_take(struct walk *walk, size_t *ret_tag, size_t *ret_size)
{
    *ret_size = 0;
    if (!number_take(walk, ret_tag)) {
        return false;
    }
    switch (*ret_tag & 7) {
    case VARINT:
        return varint_skip(walk);
    case FIXED_64:
        *ret_size = sizeof(uint64_t);
        break;
    case FIXED_32:
        *ret_size = sizeof(uint32_t);
        break;
    case PREFIXED:
        if (!number_take(walk, ret_size)) {
            return false;
        }
        break;
    default:
        return false;
    }
    return *ret_size <= walk->end - walk->at;
}

static void part_enter(struct walk *walk, enum part part, size_t size)
{
    walk->outer[walk->depth] = walk->part;
    walk->outer_end[walk->depth] = walk->end;
    walk->depth++;
    walk->part = part;
    walk->end = walk->at + size;
}

/* False: that was the leaf. What is wrong in a part ends it, and not the part around it. */
static bool part_leave(struct walk *walk)
{
    walk->at = walk->end;
    if (walk->depth == 0) {
        return false;
    }
    walk->depth--;
    walk->part = walk->outer[walk->depth];
    walk->end = walk->outer_end[walk->depth];
    return true;
}

/* The content of a field of bytes. */
static void bytes_take(struct walk *walk, size_t number, size_t size, struct wire_cuts *ret)
{
    struct meaning meaning = meanings[walk->part][number];
    struct wire_cut place = {(uint16_t)walk->at, (uint16_t)size};
    if (meaning.part == BODY) {
        ret->body = place;
    }
    if (meaning.part != 0) {
        part_enter(walk, (enum part)meaning.part, size);
        return;
    }
    if (walk->part == VOIDED && number == VOID_ID && size == LIMIT_HASH_SIZE) {
        ret->void_id = place;
    }
    if (meaning.cut != 0 && meaning.cut == size && ret->count < WIRE_CUT_COUNT) {
        bool first = walk->part == BODY && number == PREV && ret->prev == WIRE_CUT_COUNT;
        ret->prev = first ? ret->count : ret->prev;
        ret->cut[ret->count++] = place;
    }
    walk->at += size;
}

static void find(struct span bytes, size_t size, bool again, struct wire_cuts *ret)
{
    struct walk walk = {.bytes = bytes, .end = size, .part = LEAF};
    size_t tag = 0;
    CHECK(size <= UINT16_MAX);
    ret->count = 0;
    ret->prev = WIRE_CUT_COUNT;
    ret->body = ret->void_id = (struct wire_cut){0, 0};
    do {
        /* Behind the highest number come the payload, which has no cuts, and what is unknown. */
        while (field_take(&walk, &tag, &size) && tag >> 3 < NUMBER_COUNT) {
            size_t count = ret->count;
            if ((tag & 7) != PREFIXED) {
                walk.at += size;
                continue;
            }
            bytes_take(&walk, tag >> 3, size, ret);
            walk.removed += again && ret->count > count ? size : 0;
        }
    } while (part_leave(&walk));
    ret->prev = ret->prev < ret->count ? ret->prev : ret->count;
}

void wire_cuts_find(struct span leaf, struct wire_cuts *ret)
{
    find(leaf, leaf.size, false, ret);
}

void wire_cuts_find_again(struct span left, size_t size, struct wire_cuts *ret)
{
    find(left, size, true, ret);
}
