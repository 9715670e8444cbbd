#include "rules/record.h"

#include "base/check.h"

#include <string.h>

/* One record after another in hundred thousands: numbers are varints, a value's field is the
 * distance from the one before it, a time or day the difference (zigzag) to the one before it, an
 * id that stands before is only pointed at, an absent station or place takes nothing.
 *   format u8, machine u8, holder u8, state, resume state, form u8, id?, station?, baton own seq,
 *   count, then each value: (field distance << 1 | has place), place - 1?,
 *   number | size and bytes | 0 and how many values before the same id stands */
enum {
    RECORD_FORMAT = 3,
    FORM_STATION = 1, /* form: 32 bytes of station; */
    FORM_PREFIX = 2,  /* its first bytes; */
    FORM_ROW = 4,     /* no id */
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

static uint8_t *put_head(uint8_t *at, const struct record *record, unsigned form)
{
    *at++ = RECORD_FORMAT;
    *at++ = (uint8_t)record->machine;
    *at++ = (uint8_t)record->holder;
    at = put_varint(at, record->state);
    at = put_varint(at, record->resume_state);
    *at++ = (uint8_t)form;
    if ((form & FORM_ROW) == 0) {
        at = put_bytes(at, record->id, sizeof record->id);
    }
    if ((form & FORM_STATION) != 0) {
        at = put_bytes(at, record->station, sizeof record->station);
    }
    if ((form & FORM_PREFIX) != 0) {
        at = put_bytes(at, record->station, RECORD_STATION_PREFIX);
    }
    at = put_varint(at, record->baton_own_seq);
    return put_varint(at, record->facts.count);
}

/* What the values so far mean to the next one. */
struct place {
    bool first;
    unsigned field;
    unsigned place;
    uint64_t time[VALUE_TIME_DAY + 1]; /* the one before, by enum value_time */
};

/* How many values before value i of facts the same id stands; 0: it does not. */
static size_t same_before(const struct values *facts, size_t i)
{
    const struct value *value = &facts->value[i];
    for (size_t back = 1; value->bytes.size == LIMIT_ID_SIZE && back <= i; back++) {
        const struct value *other = &facts->value[i - back];
        if (other->type == VALUE_BYTES && span_equal(other->bytes, value->bytes)) {
            return back;
        }
    }
    return 0;
}

static uint64_t zigzag(uint64_t difference)
{
    return difference << 1 ^ (0 - (difference >> 63));
}

static uint8_t *put_value(uint8_t *at, const struct values *facts, size_t i, struct place *last)
{
    const struct value *value = &facts->value[i];
    uint64_t distance = value->field - last->field;
    last->field = value->field;
    at = put_varint(at, distance << 1 | (value->place != 0 ? 1 : 0));
    if (value->place != 0) {
        at = put_varint(at, value->place - 1U);
    }
    if (value->type == VALUE_NUMBER) {
        enum value_time time = field_time((enum field)value->field);
        uint64_t before = last->time[time];
        last->time[time] = time == VALUE_NO_TIME ? 0 : value->number;
        return put_varint(at,
                          time == VALUE_NO_TIME ? value->number : zigzag(value->number - before));
    }
    size_t back = same_before(facts, i);
    if (back > 0) {
        at = put_varint(at, 0);
        return put_varint(at, back);
    }
    at = put_varint(at, value->bytes.size);
    return put_bytes(at, value->bytes.data, value->bytes.size);
}

static void encode(const struct record *record, unsigned form, struct buf *ret)
{
    const struct values *facts = &record->facts;
    size_t bound = RECORD_HEAD_SIZE + facts->count * RECORD_VALUE_SIZE + facts->storage_used;
    uint8_t *start = buf_grow(ret, bound);
    struct place last = {.first = true};
    if (start == NULL) {
        return;
    }
    uint8_t *at = put_head(start, record, form);
    for (size_t i = 0; i < facts->count; i++) {
        at = put_value(at, facts, i, &last);
    }
    CHECK((size_t)(at - start) <= bound);
    ret->size -= bound - (size_t)(at - start);
}

void record_encode(const struct record *record, struct buf *ret)
{
    encode(record, has_station(record) ? FORM_STATION : 0, ret);
}

void record_encode_row(const struct record *record, bool station_known, struct buf *ret)
{
    unsigned whole = station_known ? FORM_PREFIX : FORM_STATION;
    encode(record, FORM_ROW | (has_station(record) ? whole : 0), ret);
}

/* --- Reading --- */

static uint64_t take_number(struct reader *reader, uint64_t max)
{
    uint64_t number = reader_varint(reader);
    reader->failed = reader->failed || number > max;
    return reader->failed ? 0 : number;
}

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
    last->first = false;
    last->field = (unsigned)field;
    last->place = (unsigned)place;
    *ret =
        (struct value){.field = (uint16_t)field, .place = (uint16_t)place, .type = (uint8_t)type};
    if (type == VALUE_NUMBER) {
        enum value_time time = field_time((enum field)field);
        uint64_t number = take_number(reader, UINT64_MAX);
        ret->number =
            time == VALUE_NO_TIME ? number : last->time[time] + (number >> 1 ^ (0 - (number & 1)));
        last->time[time] = ret->number;
        return !reader->failed && ret->number != 0;
    }
    size_t size = (size_t)take_number(reader, VALUES_STORAGE);
    if (size == 0) {
        ret->number = take_number(reader, LIMIT_VALUE_COUNT);
        return !reader->failed && ret->number != 0;
    }
    ret->bytes = reader_bytes(reader, size);
    return !reader->failed;
}

/* Value i is an id that stands before: it is given its bytes. False: it is not, or should have been
 * pointed at and was not. */
static bool find_same(struct values *facts, size_t i)
{
    struct value *value = &facts->value[i];
    size_t back = (size_t)value->number;
    if (value->type == VALUE_NUMBER) {
        return true;
    }
    if (back > 0 && back <= i) {
        value->bytes = facts->value[i - back].bytes;
        value->number = 0;
    }
    return value->number == 0 && same_before(facts, i) == back;
}

static enum err take_values(struct reader *reader, size_t count, struct values *ret)
{
    struct place last = {.first = true};
    values_clear(ret);
    for (size_t i = 0; i < count; i++) {
        struct value *value = &ret->value[i];
        if (!take_value(reader, &last, value) || !find_same(ret, i)) {
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

static void take_station(struct reader *reader, unsigned form, struct record *ret)
{
    unsigned kind = form & (FORM_STATION | FORM_PREFIX);
    memset(ret->station, 0, sizeof ret->station);
    if (kind == FORM_STATION) {
        reader_copy(reader, ret->station, sizeof ret->station);
    } else if (kind == FORM_PREFIX) {
        reader_copy(reader, ret->station, RECORD_STATION_PREFIX);
    }
    bool known = form <= (FORM_ROW | FORM_PREFIX) && kind <= FORM_PREFIX &&
                 form != FORM_PREFIX; /* only a row */
    reader->failed = reader->failed || !known || has_station(ret) != (kind != 0);
}

/* All before the values; their count. */
static enum err take_head(struct reader *reader, struct record *ret, unsigned *ret_form,
                          size_t *ret_count)
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
    *ret_form = reader_u8(reader);
    if ((*ret_form & FORM_ROW) == 0) {
        reader_copy(reader, ret->id, sizeof ret->id);
    }
    take_station(reader, *ret_form, ret);
    ret->baton_own_seq = take_number(reader, UINT64_MAX);
    *ret_count = (size_t)take_number(reader, UINT16_MAX);
    if (reader->failed) {
        return ERR_MALFORMED;
    }
    return *ret_count > LIMIT_VALUE_COUNT ? ERR_LIMIT : ERR_NONE;
}

static enum err decode(struct span bytes, struct record *ret, unsigned *ret_form)
{
    struct reader reader;
    size_t count = 0;
    if (bytes.size > LIMIT_RECORD_SIZE) {
        return ERR_LIMIT;
    }
    reader_init(&reader, bytes);
    enum err err = take_head(&reader, ret, ret_form, &count);
    return err != ERR_NONE ? err : take_values(&reader, count, &ret->facts);
}

enum err record_decode(struct span bytes, struct record *ret)
{
    unsigned form = 0;
    enum err err = decode(bytes, ret, &form);
    return err == ERR_NONE && (form & FORM_ROW) != 0 ? ERR_MALFORMED : err;
}

enum err record_decode_row(struct span bytes, const uint8_t id[LIMIT_ID_SIZE], struct record *ret,
                           bool *ret_cut)
{
    unsigned form = 0;
    enum err err = decode(bytes, ret, &form);
    memcpy(ret->id, id, LIMIT_ID_SIZE);
    *ret_cut = (form & FORM_PREFIX) != 0;
    return err == ERR_NONE && (form & FORM_ROW) == 0 ? ERR_MALFORMED : err;
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
    struct place last = {.first = true};
    size_t count = 0;
    unsigned form = 0;
    reader_init(&reader, bytes);
    if (take_head(&reader, &head, &form, &count) != ERR_NONE) {
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
