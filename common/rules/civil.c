#include "rules/civil.h"

#include <stdio.h>

static const uint64_t china_ms = UINT64_C(8) * 3600 * 1000;
static const uint64_t day_ms = UINT64_C(86400) * 1000;
static const uint64_t minute_ms = 60000;

static bool year_is_leap(int32_t year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int32_t month_length(int32_t year, int32_t month) {
    static const int32_t lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && year_is_leap(year) ? 29 : lengths[month - 1];
}

bool civil_date_is_valid(struct civil_date date) {
    return date.year >= 1 && date.year <= 9999 && date.month >= 1 && date.month <= 12 &&
           date.day >= 1 && date.day <= month_length(date.year, date.month);
}

/* Years are counted from March, so that the leap day is the last of its year; 400 years are one
 * era of 146097 days; day 0 of era 0 is 0000-03-01, 719468 days before 1970-01-01. */
int32_t civil_day_of_date(struct civil_date date) {
    if (!civil_date_is_valid(date)) {
        return CIVIL_DAY_MIN;
    }
    int32_t year = date.month <= 2 ? date.year - 1 : date.year;
    int32_t month = (date.month + 9) % 12;
    int32_t era = year / 400;
    int32_t year_of_era = year % 400;
    int32_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
    int32_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static int32_t day_clamp(int32_t day) {
    return day < CIVIL_DAY_MIN ? CIVIL_DAY_MIN : day > CIVIL_DAY_MAX ? CIVIL_DAY_MAX : day;
}

struct civil_date civil_date_of_day(int32_t day) {
    int32_t shifted = day_clamp(day) + 719468;
    int32_t era = shifted / 146097;
    int32_t day_of_era = shifted % 146097;
    int32_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int32_t month = (5 * day_of_year + 2) / 153;
    struct civil_date date = {.year = era * 400 + year_of_era + (month >= 10 ? 1 : 0),
                              .month = month < 10 ? month + 3 : month - 9,
                              .day = day_of_year - (153 * month + 2) / 5 + 1};
    return date;
}

enum civil_weekday civil_weekday_of_day(int32_t day) {
    /* 0001-01-01 was a Monday. */
    return (enum civil_weekday)((day_clamp(day) - CIVIL_DAY_MIN) % 7 + 1);
}

static uint64_t ms_clamp(uint64_t ms) {
    uint64_t end = ((uint64_t)CIVIL_DAY_MAX + 1) * day_ms - china_ms - 1;
    return ms > end ? end : ms;
}

int32_t civil_day_of_ms(uint64_t ms) {
    return (int32_t)((ms_clamp(ms) + china_ms) / day_ms);
}

int32_t civil_minute_of_ms(uint64_t ms) {
    return (int32_t)((ms_clamp(ms) + china_ms) % day_ms / minute_ms);
}

uint64_t civil_ms_of_day(int32_t day) {
    day = day_clamp(day);
    return day <= 0 ? 0 : (uint64_t)day * day_ms - china_ms;
}

/* Exactly size digits; -1 when another byte stands there. */
static int32_t digits(const uint8_t *text, size_t size) {
    int32_t value = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

enum err civil_day_parse(struct span text, int32_t *ret_day) {
    if (text.size != CIVIL_DAY_SIZE - 1 || text.data[4] != '-' || text.data[7] != '-') {
        return ERR_MALFORMED;
    }
    struct civil_date date = {digits(text.data, 4), digits(text.data + 5, 2),
                              digits(text.data + 8, 2)};
    if (!civil_date_is_valid(date)) {
        return ERR_MALFORMED;
    }
    *ret_day = civil_day_of_date(date);
    return ERR_NONE;
}

enum err civil_time_parse(struct span text, uint64_t *ret_ms) {
    int32_t day = 0;
    if (text.size != CIVIL_TIME_SIZE - 1 || text.data[10] != ' ' || text.data[13] != ':' ||
        civil_day_parse(span_of(text.data, 10), &day) != ERR_NONE || day < 1) {
        return ERR_MALFORMED;
    }
    int32_t hour = digits(text.data + 11, 2);
    int32_t minute = digits(text.data + 14, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59) {
        return ERR_MALFORMED;
    }
    *ret_ms = civil_ms_of_day(day) + (uint64_t)(hour * 60 + minute) * minute_ms;
    return ERR_NONE;
}

void civil_day_format(int32_t day, char ret_text[CIVIL_DAY_SIZE]) {
    struct civil_date date = civil_date_of_day(day);
    /* The masks change nothing in a valid date; they let the compiler see that it fits. */
    (void)snprintf(ret_text, CIVIL_DAY_SIZE, "%04u-%02u-%02u", (unsigned)date.year % 10000U,
                   (unsigned)date.month % 100U, (unsigned)date.day % 100U);
}

void civil_time_format(uint64_t ms, char ret_text[CIVIL_TIME_SIZE]) {
    unsigned minute = (unsigned)civil_minute_of_ms(ms);
    civil_day_format(civil_day_of_ms(ms), ret_text);
    (void)snprintf(ret_text + CIVIL_DAY_SIZE - 1, CIVIL_TIME_SIZE - CIVIL_DAY_SIZE + 1,
                   " %02u:%02u", minute / 60 % 100U, minute % 60);
}
