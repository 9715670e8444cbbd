#include "rules/record.h"

#include "base/check.h"

#include <string.h>

/* One record after another in hundred thousands: numbers are varints, a value's field is the
 * distance from the one before it, an absent station or place takes nothing.
 *   format u8, machine u8, holder u8, state, resume state, id, has station u8, station?,
 *   baton own seq, count, then each value: (field distance << 1 | has place), place - 1?,
 *   number | size and bytes */
enum {
    RECORD_FORMAT = 2,
    RECORD_HEAD_SIZE = 4 + 4 * VARINT_SIZE + LIMIT_ID_SIZE + LIMIT_KEY_SIZE,
    RECORD_VALUE_SIZE = 3 + 3 + VARINT_SIZE /* a value without its bytes: at most this */
};

_Static_assert(RECORD_HEAD_SIZE + LIMIT_VALUE_COUNT * RECORD_VALUE_SIZE + VALUES_STORAGE <=
                   LIMIT_RECORD_SIZE,
               "every record can be encoded");

/* --- Writing: into room that is known to suffice --- */

static uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t size)
{
    memcpy(at, bytes, size);
    return at + size;
}

static bool has_station(const struct record *record)
{
    static const uint8_t none[LIMIT_KEY_SIZE];
    return memcmp(record->station, none, sizeof none) != 0;
}

static uint8_t *put_head(uint8_t *at, const struct record *record)
{
    *at++ = RECORD_FORMAT;
    *at++ = (uint8_t)record->machine;
    *at++ = (uint8_t)record->holder;
    at = put_varint(at, record->state);
    at = put_varint(at, record->resume_state);
    at = put_bytes(at, record->id, sizeof record->id);
    *at++ = has_station(record) ? 1 : 0;
    if (has_station(record)) {
        at = put_bytes(at, record->station, sizeof record->station);
    }
    at = put_varint(at, record->baton_own_seq);
    return put_varint(at, record->facts.count);
}

static uint8_t *put_value(uint8_t *at, const struct value *value, unsigned field_before)
{
    uint64_t distance = value->field - field_before;
    at = put_varint(at, distance << 1 | (value->place != 0 ? 1 : 0));
    if (value->place != 0) {
        at = put_varint(at, value->place - 1U);
    }
    if (value->type == VALUE_NUMBER) {
        return put_varint(at, value->number);
    }
    at = put_varint(at, value->bytes.size);
    return put_bytes(at, value->bytes.data, value->bytes.size);
}

void record_encode(const struct record *record, struct buf *ret)
{
    const struct values *facts = &record->facts;
    size_t bound = RECORD_HEAD_SIZE + facts->count * RECORD_VALUE_SIZE + facts->storage_used;
    uint8_t *start = buf_grow(ret, bound);
    unsigned field = 0;
    if (start == NULL) {
        return;
    }
    uint8_t *at = put_head(start, record);
    for (size_t i = 0; i < facts->count; i++) {
        at = put_value(at, &facts->value[i], field);
        field = facts->value[i].field;
    }
    CHECK((size_t)(at - start) <= bound);
    ret->size -= bound - (size_t)(at - start);
}

/* --- Reading --- */

static uint64_t take_number(struct reader *reader, uint64_t max)
{
    uint64_t number = reader_varint(reader);
    reader->failed = reader->failed || number > max;
    return reader->failed ? 0 : number;
}

struct place {
    bool first;
    unsigned field;
    unsigned place;
};

/* One value; false when it may not stand behind the one at last. */
static bool take_value(struct reader *reader, struct place *last, struct value *ret)
{
    uint64_t tag = take_number(reader, (uint64_t)FIELD_END << 1 | 1);
    uint64_t field = last->field + (tag >> 1);
    uint64_t place = (tag & 1) != 0 ? take_number(reader, UINT16_MAX - 1) + 1 : 0;
    bool follows = last->first || field > last->field || place > last->place;
    enum value_type type = field < FIELD_END ? field_type((enum field)field) : (enum value_type)0;
    if (reader->failed || type == 0 || !follows) {
        return false;
    }
    *last = (struct place){false, (unsigned)field, (unsigned)place};
    *ret =
        (struct value){.field = (uint16_t)field, .place = (uint16_t)place, .type = (uint8_t)type};
    if (type == VALUE_NUMBER) {
        ret->number = take_number(reader, UINT64_MAX);
        return !reader->failed && ret->number != 0;
    }
    size_t size = (size_t)take_number(reader, VALUES_STORAGE);
    ret->bytes = reader_bytes(reader, size);
    return !reader->failed && size != 0;
}

static enum err take_values(struct reader *reader, size_t count, struct values *ret)
{
    struct place last = {true, 0, 0};
    values_clear(ret);
    for (size_t i = 0; i < count; i++) {
        struct value *value = &ret->value[i];
        if (!take_value(reader, &last, value)) {
            return ERR_MALFORMED;
        }
        if (value->bytes.size > VALUES_STORAGE - ret->storage_used) {
            return ERR_LIMIT;
        }
        if (value->type == VALUE_BYTES) {
            uint8_t *data = ret->storage + ret->storage_used;
            memcpy(data, value->bytes.data, value->bytes.size);
            value->bytes.data = data;
            ret->storage_used += value->bytes.size;
        }
        ret->count++;
    }
    return reader->left == 0 ? ERR_NONE : ERR_MALFORMED;
}

static void take_station(struct reader *reader, struct record *ret)
{
    uint8_t form = reader_u8(reader);
    memset(ret->station, 0, sizeof ret->station);
    if (form == 1) {
        reader_copy(reader, ret->station, sizeof ret->station);
    }
    reader->failed = reader->failed || form > 1 || has_station(ret) != (form == 1);
}

/* All before the values; their count. */
static enum err take_head(struct reader *reader, struct record *ret, size_t *ret_count)
{
    uint8_t format = reader_u8(reader);
    unsigned machine = reader_u8(reader);
    unsigned holder = reader_u8(reader);
    if (reader->failed || machine == MACHINE_NONE || machine >= MACHINE_END ||
        holder > HOLDER_HUB) {
        return ERR_MALFORMED;
    }
    if (format != RECORD_FORMAT) {
        return ERR_VERSION;
    }
    ret->machine = (enum machine_id)machine;
    ret->holder = (enum holder)holder;
    ret->state = (uint16_t)take_number(reader, UINT16_MAX);
    ret->resume_state = (uint16_t)take_number(reader, UINT16_MAX);
    reader_copy(reader, ret->id, sizeof ret->id);
    take_station(reader, ret);
    ret->baton_own_seq = take_number(reader, UINT64_MAX);
    *ret_count = (size_t)take_number(reader, UINT16_MAX);
    if (reader->failed) {
        return ERR_MALFORMED;
    }
    return *ret_count > LIMIT_VALUE_COUNT ? ERR_LIMIT : ERR_NONE;
}

enum err record_decode(struct span bytes, struct record *ret)
{
    struct reader reader;
    size_t count = 0;
    if (bytes.size > LIMIT_RECORD_SIZE) {
        return ERR_LIMIT;
    }
    reader_init(&reader, bytes);
    enum err err = take_head(&reader, ret, &count);
    return err != ERR_NONE ? err : take_values(&reader, count, &ret->facts);
}

/* --- Outline --- */

static void outline_add(struct record_outline *outline, const struct value *value)
{
    int32_t day =
        value->type == VALUE_NUMBER ? field_day((enum field)value->field, value->number) : 0;
    if (value->field == FIELD_due_day && value->place == 0) {
        outline->due_day = value->number;
    }
    if (day > 0) {
        outline->from_day =
            outline->from_day == 0 || day < outline->from_day ? day : outline->from_day;
        outline->until_day = day > outline->until_day ? day : outline->until_day;
    }
}

void record_outline_of(const struct record *record, struct record_outline *ret)
{
    *ret = (struct record_outline){.machine = record->machine, .state = record->state};
    for (size_t i = 0; i < record->facts.count; i++) {
        outline_add(ret, &record->facts.value[i]);
    }
}

bool record_outline(struct span bytes, struct record_outline *ret)
{
    struct reader reader;
    struct record head;
    struct value value;
    struct place last = {true, 0, 0};
    size_t count = 0;
    reader_init(&reader, bytes);
    if (take_head(&reader, &head, &count) != ERR_NONE) {
        return false;
    }
    *ret = (struct record_outline){.machine = head.machine, .state = head.state};
    for (size_t i = 0; i < count; i++) {
        if (!take_value(&reader, &last, &value)) {
            return false;
        }
        outline_add(ret, &value);
    }
    return true;
}
