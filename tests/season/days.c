#include "days.h"

#include <stddef.h>

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS, ZONE_MS = 8 * HOUR_MS, MINUTE_MS = 60000 };

struct date {
    int32_t year;
    int32_t month;
    int32_t day;
};

static bool leap(int32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int32_t month_length(int32_t year, int32_t month)
{
    static const int32_t length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return length[month - 1] + (month == 2 && leap(year) ? 1 : 0);
}

int32_t day_of(int32_t year, int32_t month, int32_t day)
{
    int32_t count = day - 1;
    for (int32_t y = 1970; y < year; y++) {
        count += leap(y) ? 366 : 365;
    }
    for (int32_t m = 1; m < month; m++) {
        count += month_length(year, m);
    }
    return count;
}

static struct date date_of(int32_t day)
{
    struct date date = {1970, 1, 1};
    while (day >= (leap(date.year) ? 366 : 365)) {
        day -= leap(date.year) ? 366 : 365;
        date.year++;
    }
    while (day >= month_length(date.year, date.month)) {
        day -= month_length(date.year, date.month);
        date.month++;
    }
    date.day = day + 1;
    return date;
}

int32_t day_of_ms(uint64_t ms)
{
    return (int32_t)((ms + ZONE_MS) / DAY_MS);
}

uint64_t day_ms(int32_t day, int32_t minute)
{
    return (uint64_t)day * DAY_MS - ZONE_MS + (uint64_t)minute * MINUTE_MS;
}

int32_t day_minute(uint64_t ms)
{
    return (int32_t)((ms + ZONE_MS) % DAY_MS / MINUTE_MS);
}

int32_t day_weekday(int32_t day)
{
    return (day + 3) % 7 + 1; /* 1970-01-01 was a Thursday */
}

int32_t day_month(int32_t day)
{
    return date_of(day).month;
}

int32_t day_in_month(int32_t day)
{
    return date_of(day).day;
}

/* Qingming 4-6 April, Labour Day 1-5 May with 9 May worked, Dragon Boat 19-21 June. */
static bool is_holiday(struct date date)
{
    return (date.month == 4 && date.day >= 4 && date.day <= 6) ||
           (date.month == 5 && date.day <= 5) ||
           (date.month == 6 && date.day >= 19 && date.day <= 21);
}

bool day_works(int32_t day)
{
    struct date date = date_of(day);
    bool made_up = date.month == 5 && date.day == 9;
    return made_up || (day_weekday(day) <= 5 && !is_holiday(date));
}

int32_t day_add(int32_t day, int32_t count)
{
    while (count > 0) {
        day++;
        count -= day_works(day) ? 1 : 0;
    }
    return day;
}

int32_t day_between(int32_t from, int32_t to)
{
    int32_t count = 0;
    for (int32_t day = from + 1; day <= to; day++) {
        count += day_works(day) ? 1 : 0;
    }
    return count;
}
