#ifndef JIELI_TESTS_SEASON_DAYS_H
#define JIELI_TESTS_SEASON_DAYS_H

#include <stdbool.h>
#include <stdint.h>

/* The season's own idea of days, so that expected dates owe nothing to common/rules: the working
 * days of spring 2026 by the State Council's notice. A day is days since 1970-01-01, China time. */

int32_t day_of(int32_t year, int32_t month, int32_t day);
int32_t day_of_ms(uint64_t ms);
uint64_t day_ms(int32_t day, int32_t minute);
int32_t day_minute(uint64_t ms);  /* of its day */
int32_t day_weekday(int32_t day); /* 1 Monday .. 7 Sunday */
int32_t day_month(int32_t day);   /* 1..12 */
int32_t day_in_month(int32_t day);
bool day_works(int32_t day);
/* The count-th working day after day. */
int32_t day_add(int32_t day, int32_t count);
/* Working days d with from < d <= to. */
int32_t day_between(int32_t from, int32_t to);

#endif
