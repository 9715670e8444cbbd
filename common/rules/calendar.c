#include "rules/calendar.h"

#include <stdlib.h>
#include <string.h>

struct calendar {
    uint32_t year_count;
    int32_t years[CALENDAR_YEAR_COUNT]; /* rising */
    size_t mark_count;
    struct calendar_mark marks[]; /* by rising day, one a day */
};

/* --- reading --- */

enum { RANGE_DAYS = 62 };

struct pending {
    struct calendar_mark mark;
    struct text_place place;
};

struct calendar_reader {
    struct text_errors *errors;
    struct text_place place;
    uint32_t year_count;
    int32_t years[CALENDAR_YEAR_COUNT];
    size_t pending_count;
    struct pending *pending; /* CALENDAR_MARK_COUNT of them */
};

static bool reader_has_year(const struct calendar_reader *reader, int32_t year)
{
    for (uint32_t i = 0; i < reader->year_count; i++) {
        if (reader->years[i] == year) {
            return true;
        }
    }
    return false;
}

static void read_year(struct calendar_reader *reader, struct span rest)
{
    char text[CIVIL_DAY_SIZE] = "0000-01-01";
    int32_t day = 0;
    if (rest.size == 4) {
        memcpy(text, rest.data, 4);
    }
    if (rest.size != 4 || civil_day_parse(span_text(text), &day) != ERR_NONE) {
        text_errors_add(reader->errors, reader->place,
                        "年份应为四位数字，如 year 2026 / a year has four digits: year 2026");
        return;
    }
    int32_t year = civil_date_of_day(day).year;
    if (reader_has_year(reader, year)) {
        text_errors_add(reader->errors, reader->place, "%d 年重复 / year %d is given twice",
                        (int)year, (int)year);
        return;
    }
    if (reader->year_count == CALENDAR_YEAR_COUNT) {
        text_errors_add(reader->errors, reader->place, "年份过多 / more than %d years",
                        CALENDAR_YEAR_COUNT);
        return;
    }
    reader->years[reader->year_count++] = year;
}

/* "2026-10-01" or "2026-10-01..2026-10-07". */
static bool read_range(struct calendar_reader *reader, struct span text, int32_t *ret_first,
                       int32_t *ret_last)
{
    int32_t first = 0;
    int32_t last = 0;
    bool single = text.size == 10;
    bool range = text.size == 22 && memcmp(text.data + 10, "..", 2) == 0;
    if ((!single && !range) || civil_day_parse(span_of(text.data, 10), &first) != ERR_NONE ||
        civil_day_parse(span_of(text.data + text.size - 10, 10), &last) != ERR_NONE) {
        text_errors_add(reader->errors, reader->place,
                        "日期应为 2026-10-01 或 2026-10-01..2026-10-07，且确有此日 / a day is "
                        "2026-10-01, a range 2026-10-01..2026-10-07");
        return false;
    }
    if (last < first || last - first >= RANGE_DAYS) {
        text_errors_add(reader->errors, reader->place,
                        "起止日期颠倒或超过 %d 天 / the range is reversed or longer than %d days",
                        RANGE_DAYS, RANGE_DAYS);
        return false;
    }
    *ret_first = first;
    *ret_last = last;
    return true;
}

/* A notice of one year may speak of the last or first days of its neighbours. */
static bool mark_is_sound(struct calendar_reader *reader, int32_t day, enum calendar_kind kind)
{
    char text[CIVIL_DAY_SIZE];
    int32_t year = civil_date_of_day(day).year;
    civil_day_format(day, text);
    if (kind == CALENDAR_CLOSED) {
        return true;
    }
    if (!reader_has_year(reader, year) && !reader_has_year(reader, year - 1) &&
        !reader_has_year(reader, year + 1)) {
        text_errors_add(reader->errors, reader->place,
                        "%s：缺少 year %d 一行 / %s: there is no line \"year %d\"", text, (int)year,
                        text, (int)year);
        return false;
    }
    if (kind == CALENDAR_WORKDAY && civil_weekday_of_day(day) <= CIVIL_FRIDAY) {
        text_errors_add(reader->errors, reader->place,
                        "%s 不是周六或周日，不能补班 / %s is neither Saturday nor Sunday", text,
                        text);
        return false;
    }
    return true;
}

static void read_marks(struct calendar_reader *reader, enum calendar_kind kind, struct span rest)
{
    struct span range = text_take_word(&rest);
    int32_t first = 0;
    int32_t last = 0;
    if (!read_range(reader, range, &first, &last)) {
        return;
    }
    if (rest.size == 0 || rest.size >= CALENDAR_NAME_SIZE) {
        text_errors_add(reader->errors, reader->place,
                        "日期后应写名称，不超过 %d 字节 / a name of 1 to %d bytes follows the day",
                        CALENDAR_NAME_SIZE - 1, CALENDAR_NAME_SIZE - 1);
        return;
    }
    for (int32_t day = first; day <= last; day++) {
        if (!mark_is_sound(reader, day, kind)) {
            return;
        }
        if (reader->pending_count == CALENDAR_MARK_COUNT) {
            text_errors_add(reader->errors, reader->place, "日期过多 / more than %d days",
                            CALENDAR_MARK_COUNT);
            return;
        }
        struct pending *pending = &reader->pending[reader->pending_count++];
        *pending = (struct pending){.mark = {.day = day, .kind = kind}, .place = reader->place};
        memcpy(pending->mark.name, rest.data, rest.size);
    }
}

static const struct text_word line_words[] = {
    {"year", "年份", CALENDAR_PLAIN},
    {"holiday", "放假", CALENDAR_HOLIDAY},
    {"workday", "补班", CALENDAR_WORKDAY},
    {"closed", "停办", CALENDAR_CLOSED},
};

/* First all years of all files, then the days: a day is checked against the years. */
static void read_lines(struct calendar_reader *reader, struct span text, uint32_t file, bool years)
{
    struct text_lines lines;
    struct span line;
    text_lines_init(&lines, text, file);
    while (text_lines_next(&lines, &line, NULL)) {
        int32_t kind = 0;
        reader->place = lines.place;
        struct span word = text_take_word(&line);
        if (text_word_find(line_words, sizeof line_words / sizeof line_words[0], word, &kind) !=
            ERR_NONE) {
            struct span shown = text_short(word);
            if (years) {
                text_errors_add(reader->errors, reader->place,
                                "“%.*s”不是 year、holiday、workday、closed / expected year, "
                                "holiday, workday or closed",
                                (int)shown.size, (const char *)shown.data);
            }
        } else if (kind == CALENDAR_PLAIN && years) {
            read_year(reader, line);
        } else if (kind != CALENDAR_PLAIN && !years) {
            read_marks(reader, (enum calendar_kind)kind, line);
        }
    }
}

/* By day; closures behind the others; then as read. */
static int pending_compare(const void *a, const void *b)
{
    const struct pending *left = a;
    const struct pending *right = b;
    bool left_closed = left->mark.kind == CALENDAR_CLOSED;
    bool right_closed = right->mark.kind == CALENDAR_CLOSED;
    if (left->mark.day != right->mark.day) {
        return left->mark.day < right->mark.day ? -1 : 1;
    }
    if (left_closed != right_closed) {
        return left_closed ? 1 : -1;
    }
    if (left->place.file != right->place.file) {
        return left->place.file < right->place.file ? -1 : 1;
    }
    return left->place.line < right->place.line ? -1 : 1;
}

/* Sorts, refuses a day stated twice, and lets a closure stand in place of a holiday or workday. */
static void pending_settle(struct calendar_reader *reader)
{
    size_t kept = 0;
    if (reader->pending_count > 0) {
        qsort(reader->pending, reader->pending_count, sizeof *reader->pending, pending_compare);
    }
    for (size_t i = 0; i < reader->pending_count; i++) {
        struct pending *now = &reader->pending[i];
        struct pending *last = kept == 0 ? NULL : &reader->pending[kept - 1];
        if (last == NULL || last->mark.day != now->mark.day) {
            reader->pending[kept++] = *now;
        } else if (now->mark.kind == CALENDAR_CLOSED && last->mark.kind != CALENDAR_CLOSED) {
            *last = *now;
        } else {
            char text[CIVIL_DAY_SIZE];
            civil_day_format(now->mark.day, text);
            text_errors_add(reader->errors, now->place,
                            "%s 已在第 %u 行写过 / %s was already given at line %u", text,
                            (unsigned)last->place.line, text, (unsigned)last->place.line);
        }
    }
    reader->pending_count = kept;
}

static int year_compare(const void *a, const void *b)
{
    const int32_t *left = a;
    const int32_t *right = b;
    return *left < *right ? -1 : *left > *right;
}

static enum err calendar_make(struct calendar_reader *reader, struct calendar **ret_calendar)
{
    struct calendar *calendar =
        calloc(1, sizeof *calendar + reader->pending_count * sizeof(struct calendar_mark));
    if (calendar == NULL) {
        return ERR_MEMORY;
    }
    calendar->year_count = reader->year_count;
    memcpy(calendar->years, reader->years, sizeof calendar->years);
    qsort(calendar->years, calendar->year_count, sizeof calendar->years[0], year_compare);
    calendar->mark_count = reader->pending_count;
    for (size_t i = 0; i < calendar->mark_count; i++) {
        calendar->marks[i] = reader->pending[i].mark;
    }
    *ret_calendar = calendar;
    return ERR_NONE;
}

enum err calendar_parse(const struct span *files, size_t file_count, struct calendar **ret_calendar,
                        struct text_errors *ret_errors)
{
    struct calendar_reader reader = {.errors = ret_errors};
    uint32_t before = ret_errors->total;
    enum err err = ERR_NONE;
    if (file_count > CALENDAR_FILE_COUNT) {
        text_errors_add(ret_errors, (struct text_place){0}, "文件过多 / too many files");
        return ERR_LIMIT;
    }
    for (size_t i = 0; i < file_count; i++) {
        (void)text_file_check(files[i], (uint32_t)i, ret_errors);
    }
    if (ret_errors->total != before) {
        return ERR_MALFORMED;
    }
    reader.pending = malloc(CALENDAR_MARK_COUNT * sizeof *reader.pending);
    if (reader.pending == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < 2 * file_count; i++) {
        size_t file = i % file_count;
        read_lines(&reader, files[file], (uint32_t)file, i < file_count);
    }
    pending_settle(&reader);
    err = ret_errors->total == before ? calendar_make(&reader, ret_calendar) : ERR_MALFORMED;
    free(reader.pending);
    return err;
}

void calendar_free(struct calendar *calendar)
{
    free(calendar);
}

/* --- asking --- */

bool calendar_has_year(const struct calendar *calendar, int32_t year)
{
    return bsearch(&year, calendar->years, calendar->year_count, sizeof year, year_compare) != NULL;
}

size_t calendar_mark_count(const struct calendar *calendar)
{
    return calendar->mark_count;
}

const struct calendar_mark *calendar_mark_at(const struct calendar *calendar, size_t index)
{
    return index < calendar->mark_count ? &calendar->marks[index] : NULL;
}

/* Index of the first mark on day or later. */
static size_t mark_from(const struct calendar *calendar, int32_t day)
{
    size_t low = 0;
    size_t high = calendar->mark_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (calendar->marks[middle].day < day) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct calendar_mark *calendar_mark_of_day(const struct calendar *calendar, int32_t day)
{
    size_t index = mark_from(calendar, day);
    bool found = index < calendar->mark_count && calendar->marks[index].day == day;
    return found ? &calendar->marks[index] : NULL;
}

static void provisional_gather(bool provisional, bool *ret_provisional)
{
    if (provisional && ret_provisional != NULL) {
        *ret_provisional = true;
    }
}

bool calendar_is_working_day(const struct calendar *calendar, int32_t day, bool *ret_provisional)
{
    const struct calendar_mark *mark = calendar_mark_of_day(calendar, day);
    provisional_gather(!calendar_has_year(calendar, civil_date_of_day(day).year), ret_provisional);
    enum calendar_kind kind = mark == NULL ? CALENDAR_PLAIN : mark->kind;
    return kind == CALENDAR_WORKDAY ||
           (kind == CALENDAR_PLAIN && civil_weekday_of_day(day) <= CIVIL_FRIDAY);
}

int32_t calendar_next_working_day(const struct calendar *calendar, int32_t day,
                                  bool *ret_provisional)
{
    return calendar_add_working_days(calendar, day, 1, ret_provisional);
}

int32_t calendar_add_working_days(const struct calendar *calendar, int32_t day, uint32_t count,
                                  bool *ret_provisional)
{
    day = day < CIVIL_DAY_MIN ? CIVIL_DAY_MIN : day;
    while (count > 0 && day < CIVIL_DAY_MAX) {
        day++;
        count -= calendar_is_working_day(calendar, day, ret_provisional) ? 1U : 0U;
    }
    return day > CIVIL_DAY_MAX ? CIVIL_DAY_MAX : day;
}

/* Mondays to Fridays from CIVIL_DAY_MIN, a Monday, through day. */
static int32_t weekdays_through(int32_t day)
{
    int32_t days = day - CIVIL_DAY_MIN + 1;
    int32_t rest = days % 7;
    return days / 7 * 5 + (rest < 5 ? rest : 5);
}

/* from <= to: working days d with from < d <= to. */
static int32_t working_days_count(const struct calendar *calendar, int32_t from, int32_t to)
{
    int32_t count = weekdays_through(to) - weekdays_through(from);
    for (size_t i = mark_from(calendar, from + 1); i < calendar->mark_count; i++) {
        const struct calendar_mark *mark = &calendar->marks[i];
        if (mark->day > to) {
            break;
        }
        bool weekday = civil_weekday_of_day(mark->day) <= CIVIL_FRIDAY;
        if (mark->kind == CALENDAR_WORKDAY) {
            count += weekday ? 0 : 1;
        } else {
            count -= weekday ? 1 : 0;
        }
    }
    return count;
}

static int32_t day_clamp(int32_t day)
{
    return day < CIVIL_DAY_MIN ? CIVIL_DAY_MIN : day > CIVIL_DAY_MAX ? CIVIL_DAY_MAX : day;
}

int32_t calendar_working_days_between(const struct calendar *calendar, int32_t from, int32_t to,
                                      bool *ret_provisional)
{
    from = day_clamp(from);
    to = day_clamp(to);
    int32_t low = from < to ? from : to;
    int32_t high = from < to ? to : from;
    if (low == high) {
        return 0;
    }
    int32_t last = civil_date_of_day(high).year;
    for (int32_t year = civil_date_of_day(low + 1).year; year <= last; year++) {
        if (!calendar_has_year(calendar, year)) {
            provisional_gather(true, ret_provisional);
            break;
        }
    }
    int32_t count = working_days_count(calendar, low, high);
    return from < to ? count : -count;
}
