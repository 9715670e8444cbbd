#ifndef JIELI_RULES_CIVIL_H
#define JIELI_RULES_CIVIL_H

#include "base/span.h"

/* Civil dates. A day is an int32_t: days since 1970-01-01 (negative before), Gregorian throughout.
 * All times are China time, UTC+08:00 the whole year. Days outside the range below are clamped. */
enum {
    CIVIL_DAY_MIN = -719162, /* 0001-01-01 */
    CIVIL_DAY_MAX = 2932896, /* 9999-12-31 */
    CIVIL_DAY_SIZE = 11,     /* "2026-10-01" and NUL */
    CIVIL_TIME_SIZE = 17,    /* "2026-10-01 09:30" and NUL */
    CIVIL_MINUTES_A_DAY = 1440
};

struct civil_date {
    int32_t year;  /* 1..9999 */
    int32_t month; /* 1..12 */
    int32_t day;   /* 1..31 */
};

enum civil_weekday {
    CIVIL_MONDAY = 1,
    CIVIL_TUESDAY,
    CIVIL_WEDNESDAY,
    CIVIL_THURSDAY,
    CIVIL_FRIDAY,
    CIVIL_SATURDAY,
    CIVIL_SUNDAY
};

bool civil_date_is_valid(struct civil_date date);
/* The date must be valid. */
int32_t civil_day_of_date(struct civil_date date);
struct civil_date civil_date_of_day(int32_t day);
enum civil_weekday civil_weekday_of_day(int32_t day);

/* ms since 1970-01-01 00:00 UTC -> the day in China; 16:00 UTC is already the next day there. */
int32_t civil_day_of_ms(uint64_t ms);
/* Minute of that day in China, 0..1439. */
int32_t civil_minute_of_ms(uint64_t ms);
/* The first ms of the day in China; 0 for days before 1970-01-02. */
uint64_t civil_ms_of_day(int32_t day);

/* Exactly "2026-10-01". ERR_MALFORMED: not that form, or no such day. */
MUST_USE enum err civil_day_parse(struct span text, int32_t *ret_day);
/* Exactly "2026-10-01 09:30", China time, not before 1970-01-02. ERR_MALFORMED as above. */
MUST_USE enum err civil_time_parse(struct span text, uint64_t *ret_ms);
void civil_day_format(int32_t day, char ret_text[CIVIL_DAY_SIZE]);
void civil_time_format(uint64_t ms, char ret_text[CIVIL_TIME_SIZE]);

#endif
