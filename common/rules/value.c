#include "rules/value.h"

#include "base/check.h"
#include "rules/civil.h"

#include <string.h>

struct field_row {
    const char *name;
    enum value_type type;
    size_t name_size;
};

static const struct field_row field_rows[FIELD_END] = {
#define FIELD(name, number, type) [(number)] = {#name, VALUE_##type, sizeof(#name) - 1},
#include "rules/fields.def"
#undef FIELD
};

const char *field_name(enum field field)
{
    return (unsigned)field < FIELD_END ? field_rows[field].name : NULL;
}

enum value_type field_type(enum field field)
{
    return (unsigned)field < FIELD_END ? field_rows[field].type : (enum value_type)0;
}

static bool name_ends(const struct field_row *row, const char *tail, size_t size)
{
    return row->name_size > size && memcmp(row->name + row->name_size - size, tail, size) == 0;
}

enum value_time field_time(enum field field)
{
    const struct field_row *row = &field_rows[(unsigned)field < FIELD_END ? field : 0];
    if (row->type != VALUE_NUMBER || field == FIELD_short_ms) { /* that is how long */
        return VALUE_NO_TIME;
    }
    return name_ends(row, "_ms", 3)    ? VALUE_TIME_MS
           : name_ends(row, "_day", 4) ? VALUE_TIME_DAY
                                       : VALUE_NO_TIME;
}

int32_t field_day(enum field field, uint64_t number)
{
    switch (number == 0 ? VALUE_NO_TIME : field_time(field)) {
    case VALUE_NO_TIME:
        break;
    case VALUE_TIME_MS:
        return civil_day_of_ms(number);
    case VALUE_TIME_DAY:
        return number > CIVIL_DAY_MAX ? CIVIL_DAY_MAX : (int32_t)number;
    }
    return 0;
}

enum field field_by_name(struct span name)
{
    for (unsigned i = 0; i < FIELD_END; i++) {
        if (field_rows[i].name != NULL && span_equal(name, span_text(field_rows[i].name))) {
            return (enum field)i;
        }
    }
    return FIELD_END;
}

static uint32_t value_key(unsigned field, unsigned place)
{
    return (uint32_t)field << 16 | (uint32_t)place;
}

/* Index of the first value not before (field, place); count when all are before it. */
static size_t values_search(const struct values *values, enum field field, uint16_t place)
{
    uint32_t key = value_key((unsigned)field, place);
    size_t low = 0;
    size_t high = values->count;
    /* Most facts come in their order. */
    if (high > 0 && value_key(values->value[high - 1].field, values->value[high - 1].place) < key) {
        return high;
    }
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct value *value = &values->value[middle];
        if (value_key(value->field, value->place) < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool values_stands_at(const struct values *values, size_t index, enum field field,
                             uint16_t place)
{
    return index < values->count && values->value[index].field == (uint16_t)field &&
           values->value[index].place == place;
}

void values_clear(struct values *values)
{
    values->count = 0;
    values->storage_used = 0;
    values->err = ERR_NONE;
}

void values_copy(struct values *to, const struct values *from)
{
    if (to == from) {
        return;
    }
    to->count = from->count;
    to->storage_used = from->storage_used;
    to->err = from->err;
    memcpy(to->value, from->value, from->count * sizeof *from->value);
    memcpy(to->storage, from->storage, from->storage_used);
    for (size_t i = 0; i < to->count; i++) {
        if (to->value[i].type == VALUE_BYTES) {
            to->value[i].bytes.data = to->storage + (from->value[i].bytes.data - from->storage);
        }
    }
}

/* Closes the gap that the bytes leave, so that storage_used is always the sum of what is held and
 * the limit depends on content alone. */
static void values_release(struct values *values, struct span bytes)
{
    size_t offset = (size_t)(bytes.data - values->storage);
    size_t behind = values->storage_used - offset - bytes.size;
    memmove(values->storage + offset, values->storage + offset + bytes.size, behind);
    values->storage_used -= bytes.size;
    for (size_t i = 0; i < values->count; i++) {
        struct value *value = &values->value[i];
        if (value->type == VALUE_BYTES && value->bytes.data > bytes.data) {
            value->bytes.data -= bytes.size;
        }
    }
}

static void values_remove(struct values *values, enum field field, uint16_t place)
{
    size_t index = values_search(values, field, place);
    if (!values_stands_at(values, index, field, place)) {
        return;
    }
    struct value old = values->value[index];
    values->count--;
    memmove(&values->value[index], &values->value[index + 1], (values->count - index) * sizeof old);
    if (old.type == VALUE_BYTES) {
        values_release(values, old.bytes);
    }
}

/* The value at (field, place), made if absent; NULL when there is no room. */
static struct value *values_make(struct values *values, enum field field, uint16_t place)
{
    size_t index = values_search(values, field, place);
    if (values_stands_at(values, index, field, place)) {
        return &values->value[index];
    }
    if (values->count == LIMIT_VALUE_COUNT) {
        values->err = ERR_LIMIT;
        return NULL;
    }
    memmove(&values->value[index + 1], &values->value[index],
            (values->count - index) * sizeof *values->value);
    values->count++;
    values->value[index] = (struct value){.field = (uint16_t)field, .place = place};
    return &values->value[index];
}

void values_set_number(struct values *values, enum field field, uint16_t place, uint64_t number)
{
    CHECK(field_type(field) == VALUE_NUMBER);
    if (values->err != ERR_NONE) {
        return;
    }
    if (number == 0) {
        values_remove(values, field, place);
        return;
    }
    struct value *value = values_make(values, field, place);
    if (value != NULL) {
        value->type = VALUE_NUMBER;
        value->number = number;
    }
}

void values_set_bytes(struct values *values, enum field field, uint16_t place, struct span bytes)
{
    CHECK(field_type(field) == VALUE_BYTES);
    if (values->err != ERR_NONE) {
        return;
    }
    if (bytes.size == 0) {
        values_remove(values, field, place);
        return;
    }
    /* Appended before the old bytes go: bytes may lie in this very storage. */
    if (bytes.size > sizeof values->storage - values->storage_used) {
        values->err = ERR_LIMIT;
        return;
    }
    struct value *value = values_make(values, field, place);
    if (value == NULL) {
        return;
    }
    struct span old = value->bytes;
    uint8_t *data = values->storage + values->storage_used;
    memcpy(data, bytes.data, bytes.size);
    values->storage_used += bytes.size;
    value->type = VALUE_BYTES;
    value->bytes = span_of(data, bytes.size);
    if (old.size != 0) {
        values_release(values, old);
    }
}

uint64_t values_number(const struct values *values, enum field field, uint16_t place)
{
    size_t index = values_search(values, field, place);
    return values_stands_at(values, index, field, place) ? values->value[index].number : 0;
}

struct span values_bytes(const struct values *values, enum field field, uint16_t place)
{
    size_t index = values_search(values, field, place);
    return values_stands_at(values, index, field, place) ? values->value[index].bytes
                                                         : (struct span){NULL, 0};
}

bool values_has(const struct values *values, enum field field)
{
    size_t index = values_search(values, field, 0);
    return index < values->count && values->value[index].field == (uint16_t)field;
}

uint16_t values_places(const struct values *values, enum field field)
{
    size_t index = values_search(values, field, UINT16_MAX);
    if (values_stands_at(values, index, field, UINT16_MAX)) {
        return UINT16_MAX;
    }
    if (index == 0 || values->value[index - 1].field != (uint16_t)field) {
        return 0;
    }
    return (uint16_t)(values->value[index - 1].place + 1);
}
