#ifndef JIELI_RULES_CALENDAR_H
#define JIELI_RULES_CALENDAR_H

#include "rules/civil.h"
#include "rules/textfile.h"

/* Working days 工作日: Monday to Friday [S4:329], less public holidays, plus make-up days 补班,
 * less local closures 停办. Format and example: deploy/calendar/README.md. A year without its
 * "year" line has no data: Monday to Friday count and the answer is provisional 暂定. */
enum {
    CALENDAR_MARK_COUNT = 4096, /* days that differ from Monday to Friday, all years together */
    CALENDAR_YEAR_COUNT = 100,
    CALENDAR_FILE_COUNT = 120,
    CALENDAR_NAME_SIZE = 48 /* bytes with NUL */
};

enum calendar_kind {
    CALENDAR_PLAIN = 0, /* no line speaks of this day */
    CALENDAR_HOLIDAY,
    CALENDAR_WORKDAY, /* a make-up working day */
    CALENDAR_CLOSED   /* local closure; stronger than both others */
};

struct calendar_mark {
    int32_t day;
    enum calendar_kind kind;
    char name[CALENDAR_NAME_SIZE];
};

struct calendar; /* immutable once made */

/* Reads the files together (a file a year, and local closures). On ERR_MALFORMED or ERR_LIMIT
 * ret_errors says why, with file and line; ERR_MEMORY says nothing more. errors must be
 * initialized. No files at all is a calendar without any data. */
MUST_USE enum err calendar_parse(const struct span *files, size_t file_count,
                                 struct calendar **ret_calendar, struct text_errors *ret_errors);
void calendar_free(struct calendar *calendar);

bool calendar_has_year(const struct calendar *calendar, int32_t year);
size_t calendar_mark_count(const struct calendar *calendar);
/* Marks by rising day; until calendar_free. */
const struct calendar_mark *calendar_mark_at(const struct calendar *calendar, size_t index);
/* NULL when no line speaks of this day. Until calendar_free. */
const struct calendar_mark *calendar_mark_of_day(const struct calendar *calendar, int32_t day);

/* ret_provisional is set to true when the day's year has no data, and otherwise left alone, so
 * that one flag may gather many answers. It may be NULL. This holds for all four functions. */
bool calendar_is_working_day(const struct calendar *calendar, int32_t day, bool *ret_provisional);
/* The first working day after day. */
int32_t calendar_next_working_day(const struct calendar *calendar, int32_t day,
                                  bool *ret_provisional);
/* The count-th working day after day; count 0 gives day itself. Clamped to CIVIL_DAY_MAX. */
int32_t calendar_add_working_days(const struct calendar *calendar, int32_t day, uint32_t count,
                                  bool *ret_provisional);
/* Working days d with from < d <= to; negative, counted the other way, when to < from. */
int32_t calendar_working_days_between(const struct calendar *calendar, int32_t from, int32_t to,
                                      bool *ret_provisional);

#endif
