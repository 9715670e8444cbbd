#ifndef JIELI_RULES_VALUE_H
#define JIELI_RULES_VALUE_H

#include "base/limits.h"
#include "base/span.h"

/* Facts as a flat, sorted list of (field, place) -> number or bytes. Events arrive as one, records
 * are one; so one engine, one codec and one printer serve every machine. */

enum field {
#define FIELD(name, number, type) FIELD_##name = (number),
#include "rules/fields.def"
#undef FIELD
    FIELD_END = 320
};

enum value_type { VALUE_NUMBER = 1, VALUE_BYTES = 2 };

struct value {
    uint16_t field;
    uint16_t place; /* 0 for a single fact; 0, 1, ... within a list */
    uint8_t type;   /* enum value_type */
    uint64_t number;
    struct span bytes;
};

enum { VALUES_STORAGE = 8 * 1024 };

/* Owns its bytes (storage). Sorted by (field, place), no duplicates, no zero numbers and no empty
 * bytes: absent and zero are the same. err sticks at the first overflow (ERR_LIMIT). */
struct values {
    size_t count;
    size_t storage_used;
    enum err err;
    struct value value[LIMIT_VALUE_COUNT];
    uint8_t storage[VALUES_STORAGE];
};

void values_clear(struct values *values);
void values_copy(struct values *to, const struct values *from);
/* Setting zero or empty bytes removes. Bytes are copied. */
void values_set_number(struct values *values, enum field field, uint16_t place, uint64_t number);
void values_set_bytes(struct values *values, enum field field, uint16_t place, struct span bytes);
uint64_t values_number(const struct values *values, enum field field, uint16_t place);
/* Borrowed until the next change; empty when absent. */
struct span values_bytes(const struct values *values, enum field field, uint16_t place);
bool values_has(const struct values *values, enum field field);
/* One more than the greatest place of the field; 0 when absent. */
uint16_t values_places(const struct values *values, enum field field);

/* Name and type from fields.def; NULL and 0 for an unknown number. */
const char *field_name(enum field field);
enum value_type field_type(enum field field);
/* How a number of the field tells a day: by its name's ending. */
enum value_time { VALUE_NO_TIME, VALUE_TIME_MS, VALUE_TIME_DAY };
enum value_time field_time(enum field field);
/* The day of a time in China; 0: no time, or not set. */
int32_t field_day(enum field field, uint64_t number);
/* FIELD_END when there is no such name. */
enum field field_by_name(struct span name);

#endif
