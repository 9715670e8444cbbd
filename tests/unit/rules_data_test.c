#include "rules/policy.h"
#include "rules_files.h"
#include "unit.h"

#include <string.h>

/* --- civil --- */

static int32_t day_of(const char *text)
{
    int32_t day = 0;
    assert_int_equal(civil_day_parse(span_text(text), &day), ERR_NONE);
    return day;
}

/* The calendar of the schoolbook, day by day, against the arithmetic. */
static void test_civil_every_day(void **state)
{
    (void)state;
    static const int32_t lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct civil_date date = {1, 1, 1};
    for (int32_t day = CIVIL_DAY_MIN; day <= CIVIL_DAY_MAX; day++) {
        struct civil_date got = civil_date_of_day(day);
        bool same = got.year == date.year && got.month == date.month && got.day == date.day &&
                    civil_day_of_date(date) == day &&
                    (int32_t)civil_weekday_of_day(day) == (day - CIVIL_DAY_MIN) % 7 + 1;
        assert_true(same);
        bool leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
        int32_t length = lengths[date.month - 1] + (leap && date.month == 2 ? 1 : 0);
        date.day = date.day == length ? 1 : date.day + 1;
        date.month = date.day > 1 ? date.month : date.month % 12 + 1;
        date.year += date.day == 1 && date.month == 1 ? 1 : 0;
    }
    assert_int_equal(date.year, 10000);
    assert_int_equal(civil_weekday_of_day(day_of("2026-10-01")), CIVIL_THURSDAY);
    assert_int_equal(day_of("2026-10-01"), 20727);
    assert_int_equal(day_of("1970-01-01"), 0);
    assert_int_equal(day_of("1900-03-01") - day_of("1900-02-28"), 1);
}

static void test_civil_time(void **state)
{
    (void)state;
    char text[CIVIL_TIME_SIZE];
    char date[CIVIL_DAY_SIZE];
    uint64_t ms = 0;
    assert_int_equal(civil_time_parse(span_text("2026-10-01 00:00"), &ms), ERR_NONE);
    assert_true(ms == UINT64_C(20727) * 86400000 - 28800000);
    assert_int_equal(civil_day_of_ms(ms), 20727);
    assert_int_equal(civil_day_of_ms(ms - 1), 20726);
    assert_int_equal(civil_minute_of_ms(ms - 1), 1439);
    assert_int_equal(civil_minute_of_ms(ms + 59999), 0);
    assert_int_equal(civil_minute_of_ms(ms + 60000), 1);
    assert_true(civil_ms_of_day(20727) == ms);
    civil_time_format(ms + UINT64_C(34259999), text);
    assert_string_equal(text, "2026-10-01 09:30");
    assert_int_equal(civil_day_of_ms(0), 0);
    assert_int_equal(civil_minute_of_ms(0), 480);
    assert_true(civil_ms_of_day(0) == 0);
    assert_true(civil_ms_of_day(1) == 57600000);
    assert_int_equal(civil_day_of_ms(UINT64_MAX), CIVIL_DAY_MAX);
    assert_int_equal(civil_minute_of_ms(UINT64_MAX), 1439);
    civil_day_format(INT32_MAX, date);
    assert_string_equal(date, "9999-12-31");
    civil_day_format(INT32_MIN, date);
    assert_string_equal(date, "0001-01-01");
}

static void test_civil_refused(void **state)
{
    (void)state;
    static const char *const days[] = {"",           "2026-1-01",   "2026-02-29", "2026-13-01",
                                       "2026-00-10", "2026-04-31",  "0000-01-01", "2026/10/01",
                                       "2026-10-1x", "2026-10-011", "-026-10-01", "２026-10-1"};
    static const char *const times[] = {"2026-10-01",       "2026-10-01 24:00", "2026-10-01 09:60",
                                        "2026-10-01T09:30", "2026-10-01 9:30",  "1970-01-01 00:00",
                                        "1969-12-31 10:00", "2026-10-01 0a:30", "2026-10-32 09:30"};
    int32_t day = 77;
    uint64_t ms = 77;
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        assert_int_equal(civil_day_parse(span_text(days[i]), &day), ERR_MALFORMED);
    }
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        assert_int_equal(civil_time_parse(span_text(times[i]), &ms), ERR_MALFORMED);
    }
    assert_int_equal(day, 77);
    assert_true(ms == 77);
    assert_false(civil_date_is_valid((struct civil_date){2100, 2, 29}));
    assert_true(civil_date_is_valid((struct civil_date){2000, 2, 29}));
}

/* --- text files --- */

static void test_text_lines(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbf"
                               "# head\r\n"
                               "\r\n"
                               "a = 1  # why \r\n"
                               "\xe3\x80\x80"
                               "b#2\tc\xe3\x80\x80\r\n"
                               "last";
    struct text_errors errors;
    struct text_lines lines;
    struct span line;
    struct span comment;
    text_errors_init(&errors);
    assert_true(text_file_check(span_text(text), 0, &errors));
    text_lines_init(&lines, span_text(text), 0);
    assert_true(text_lines_next(&lines, &line, &comment));
    assert_int_equal(lines.place.line, 3);
    assert_true(text_is(line, "a = 1"));
    assert_true(text_is(comment, "why"));
    struct span name = text_take_until(&line, '=');
    assert_true(text_is(name, "a") && text_is(line, "1"));
    assert_true(text_lines_next(&lines, &line, &comment));
    assert_true(text_is(line, "b#2\tc"));
    assert_int_equal(comment.size, 0);
    struct span word = text_take_word(&line);
    assert_true(text_is(word, "b#2") && text_is(line, "c"));
    assert_true(text_lines_next(&lines, &line, NULL));
    assert_int_equal(lines.place.line, 5);
    assert_true(text_is(line, "last"));
    assert_false(text_take_suffix(&line, "a last"));
    assert_true(text_take_suffix(&line, "st"));
    assert_true(text_is(line, "la"));
    assert_false(text_lines_next(&lines, &line, NULL));
}

static void test_text_refused(void **state)
{
    (void)state;
    struct text_errors errors;
    struct buf big;
    buf_init(&big, (size_t)2 * LIMIT_TEXT_FILE_SIZE);
    text_errors_init(&errors);
    assert_null(text_errors_first(&errors));
    /* GBK bytes in line 2, a NUL in line 3, an escape in line 4. */
    assert_false(text_file_check(span_of("ok\n\xb9\xfa\xc7\xec\na\0b\n\x1b[0m\n", 15), 7, &errors));
    assert_int_equal(errors.count, 3);
    assert_int_equal(errors.list[0].line, 2);
    assert_int_equal(errors.list[0].file, 7);
    assert_non_null(strstr(errors.list[0].message, "UTF-8"));
    assert_int_equal(errors.list[1].line, 3);
    assert_int_equal(errors.list[2].line, 4);
    for (size_t i = 0; i < TEXT_LINE_SIZE; i++) {
        buf_put_u8(&big, 'x');
    }
    text_errors_init(&errors);
    assert_true(text_file_check(buf_span(&big), 0, &errors));
    buf_put_u8(&big, 'x');
    assert_false(text_file_check(buf_span(&big), 0, &errors));
    assert_int_equal(errors.list[0].line, 1);
    while (big.size <= LIMIT_TEXT_FILE_SIZE) {
        buf_put_u8(&big, '\n');
    }
    text_errors_init(&errors);
    assert_false(text_file_check(buf_span(&big), 0, &errors));
    assert_int_equal(errors.total, 1);
    assert_int_equal(errors.list[0].line, 0);
    buf_done(&big);
}

static void test_text_errors(void **state)
{
    (void)state;
    static const char *const names[] = {"a.txt", "b.txt"};
    struct text_errors errors;
    struct buf text;
    char expected[TEXT_MESSAGE_SIZE];
    buf_init(&text, 10000);
    text_errors_init(&errors);
    text_errors_add(&errors, (struct text_place){1, 2}, "later file");
    text_errors_add(&errors, (struct text_place){0, 0}, "whole file");
    text_errors_add(&errors, (struct text_place){0, 9}, "nine");
    assert_string_equal(text_errors_first(&errors)->message, "nine");
    text_errors_print(&errors, names, &text);
    assert_string_equal(buf_text(&text),
                        "b.txt:2: later file\na.txt:0: whole file\na.txt:9: nine\n");
    text_errors_init(&errors);
    for (int i = 0; i < 25; i++) {
        text_errors_add(
            &errors, (struct text_place){0, 1},
            "%d国国国国国国国国国国国国国国国国国国国国国国国国国国国国国国国国国国国国国国国国"
            "国国国国国国国国国国国国国国国国",
            i % 10);
    }
    assert_int_equal(errors.count, TEXT_ERROR_COUNT);
    assert_int_equal(errors.total, 25);
    /* 1 + 52 * 3 = 157 bytes fit before the NUL; no character is cut. */
    assert_int_equal(strlen(errors.list[0].message), 157);
    (void)snprintf(expected, sizeof expected, "%s", errors.list[0].message);
    assert_string_equal(expected + 154, "国");
    buf_clear(&text);
    text_errors_print(&errors, names, &text);
    assert_non_null(strstr(buf_text(&text), "另有 5 处错误 / 5 more errors\n"));
    buf_done(&text);
    assert_int_equal(text_short(span_text("一二三四五六七八九十一二三四五")).size, 39);
    assert_int_equal(text_short(span_of(NULL, 0)).size, 0);
}

/* --- calendar --- */

static struct calendar *calendar_of(const char *text)
{
    struct text_errors errors;
    struct calendar *calendar = NULL;
    struct span file = span_text(text);
    text_errors_init(&errors);
    assert_int_equal(calendar_parse(&file, 1, &calendar, &errors), ERR_NONE);
    return calendar;
}

static struct calendar *calendar_shipped(void)
{
    struct buf texts[3] = {shipped("calendar/cn-2026.txt"), shipped("calendar/cn-2024.txt"),
                           shipped("calendar/cn-2025.txt")};
    struct span files[3] = {buf_span(&texts[0]), buf_span(&texts[1]), buf_span(&texts[2])};
    struct text_errors errors;
    struct calendar *calendar = NULL;
    text_errors_init(&errors);
    assert_int_equal(calendar_parse(files, 3, &calendar, &errors), ERR_NONE);
    for (size_t i = 0; i < 3; i++) {
        buf_done(&texts[i]);
    }
    return calendar;
}

/* Working days of each month, counted from the npm package holiday-calendar 1.3.3. */
static void test_calendar_shipped(void **state)
{
    (void)state;
    static const int months[3][12] = {{22, 18, 21, 22, 21, 19, 23, 22, 21, 19, 21, 22},
                                      {19, 19, 21, 22, 19, 20, 23, 21, 23, 18, 20, 23},
                                      {21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23}};
    struct calendar *calendar = calendar_shipped();
    bool provisional = false;
    int count[3][12] = {{0}};
    for (int32_t day = day_of("2024-01-01"); day <= day_of("2026-12-31"); day++) {
        struct civil_date date = civil_date_of_day(day);
        count[date.year - 2024][date.month - 1] +=
            calendar_is_working_day(calendar, day, &provisional) ? 1 : 0;
    }
    assert_false(provisional);
    for (int i = 0; i < 36; i++) {
        assert_int_equal(count[i / 12][i % 12], months[i / 12][i % 12]);
    }
    assert_int_equal(calendar_mark_count(calendar), 28 + 8 + 28 + 5 + 33 + 6);
    assert_true(calendar_has_year(calendar, 2025));
    assert_false(calendar_has_year(calendar, 2027));
    const struct calendar_mark *mark = calendar_mark_of_day(calendar, day_of("2026-10-10"));
    assert_non_null(mark);
    assert_int_equal(mark->kind, CALENDAR_WORKDAY);
    assert_string_equal(mark->name, "国庆节补班");
    assert_null(calendar_mark_of_day(calendar, day_of("2026-10-11")));
    assert_int_equal(calendar_mark_at(calendar, 0)->day, day_of("2024-01-01"));
    assert_null(calendar_mark_at(calendar, calendar_mark_count(calendar)));
    calendar_free(calendar);
    calendar_free(NULL);
}

static void test_calendar_arithmetic(void **state)
{
    (void)state;
    struct calendar *calendar = calendar_shipped();
    int32_t start = day_of("2025-09-15");
    for (int32_t from = start; from < start + 60; from++) {
        int32_t working = 0;
        for (int32_t to = from + 1; to < from + 200; to++) {
            working += calendar_is_working_day(calendar, to, NULL) ? 1 : 0;
            assert_int_equal(calendar_working_days_between(calendar, from, to, NULL), working);
            assert_int_equal(calendar_working_days_between(calendar, to, from, NULL), -working);
            if (calendar_is_working_day(calendar, to, NULL)) {
                assert_int_equal(calendar_add_working_days(calendar, from, (uint32_t)working, NULL),
                                 to);
            }
        }
    }
    bool provisional = false;
    assert_int_equal(calendar_add_working_days(calendar, start, 0, &provisional), start);
    assert_int_equal(calendar_working_days_between(calendar, day_of("2026-12-01"),
                                                   day_of("2026-12-31"), &provisional),
                     22);
    assert_false(provisional);
    assert_int_equal(calendar_working_days_between(calendar, day_of("2026-12-31"),
                                                   day_of("2027-01-01"), &provisional),
                     1);
    assert_true(provisional);
    assert_int_equal(calendar_working_days_between(calendar, INT32_MIN, INT32_MIN + 9, NULL), 0);
    assert_true(calendar_working_days_between(calendar, INT32_MIN, INT32_MAX, NULL) > 2600000);
    assert_int_equal(calendar_add_working_days(calendar, CIVIL_DAY_MAX - 3, UINT32_MAX, NULL),
                     CIVIL_DAY_MAX);
    assert_int_equal(calendar_next_working_day(calendar, INT32_MAX, NULL), CIVIL_DAY_MAX);
    calendar_free(calendar);
}

static void test_calendar_details(void **state)
{
    (void)state;
    struct calendar *calendar = calendar_of("年份 2027\n放假 2026-12-31 元旦\n补班 2027-01-02 补\n"
                                            "closed 2027-01-02 停\nclosed 2031-05-05 停");
    bool provisional = false;
    assert_false(calendar_is_working_day(calendar, day_of("2026-12-31"), &provisional));
    assert_true(provisional); /* 2026 itself has no data here */
    provisional = false;
    assert_false(calendar_is_working_day(calendar, day_of("2027-01-02"), &provisional));
    assert_int_equal(calendar_mark_of_day(calendar, day_of("2027-01-02"))->kind, CALENDAR_CLOSED);
    assert_false(provisional);
    assert_false(calendar_is_working_day(calendar, day_of("2031-05-05"), &provisional));
    assert_true(provisional);
    assert_int_equal(calendar_mark_count(calendar), 3);
    calendar_free(calendar);
}

static void test_calendar_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t line;
        const char *words;
    } bad[] = {
        {"year 2026\nholidays 2026-10-01 x", 2, "holidays"},
        {"# c\nyear 26", 2, "year 2026"},
        {"year 0000", 1, "year 2026"},
        {"year 2026\n\nyear 2026", 3, "2026 年重复"},
        {"year 2026\nholiday 2026-02-29 x", 2, "2026-10-01"},
        {"year 2026\nholiday 2026-10-01...2026-10-07 x", 2, "2026-10-01"},
        {"year 2026\nholiday 2026-10-07..2026-10-01 x", 2, "颠倒"},
        {"year 2026\nholiday 2026-01-01..2026-03-04 x", 2, "62"},
        {"year 2026\nholiday 2026-10-01", 2, "名称"},
        {"year 2026\nholiday 2026-10-01 一二三四五六七八九十一二三四五六", 2, "名称"},
        {"year 2026\nholiday 2028-10-02 x", 2, "缺少 year 2028"},
        {"holiday 2026-10-01 x", 1, "缺少 year 2026"},
        {"year 2026\nworkday 2026-10-12 x", 2, "不是周六或周日"},
        {"year 2026\nworkday 2026-10-09 x", 2, "不是周六或周日"},
        {"year 2026\nholiday 2026-10-01..2026-10-07 x\nholiday 2026-10-07 y", 3, "第 2 行"},
        {"year 2026\nholiday 2026-10-10 x\nworkday 2026-10-10 y", 3, "第 2 行"},
        {"closed 2026-10-10 x\nclosed 2026-10-10 y", 2, "第 1 行"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct text_errors errors;
        struct calendar *calendar = NULL;
        struct span file = span_text(bad[i].text);
        text_errors_init(&errors);
        assert_int_equal(calendar_parse(&file, 1, &calendar, &errors), ERR_MALFORMED);
        assert_null(calendar);
        assert_int_equal(text_errors_first(&errors)->line, bad[i].line);
        assert_non_null(strstr(text_errors_first(&errors)->message, bad[i].words));
    }
}

static void test_calendar_bounds(void **state)
{
    (void)state;
    struct buf text;
    struct text_errors errors;
    struct calendar *calendar = NULL;
    static struct span many[CALENDAR_FILE_COUNT + 1];
    buf_init(&text, LIMIT_TEXT_FILE_SIZE);
    for (int year = 1; year <= CALENDAR_YEAR_COUNT; year++) {
        buf_put_format(&text, "year %04d\n", 2000 + year);
    }
    int32_t first = day_of("2001-01-01");
    for (int32_t i = 0; i < CALENDAR_MARK_COUNT; i++) {
        char day[CIVIL_DAY_SIZE];
        civil_day_format(first + i, day);
        buf_put_format(&text, "closed %s x\n", day);
    }
    struct span file = buf_span(&text);
    text_errors_init(&errors);
    assert_int_equal(calendar_parse(&file, 1, &calendar, &errors), ERR_NONE);
    assert_int_equal(calendar_mark_count(calendar), CALENDAR_MARK_COUNT);
    calendar_free(calendar);
    buf_put_text(&text, "closed 2090-01-01 x\nyear 2200\n");
    file = buf_span(&text);
    assert_int_equal(calendar_parse(&file, 1, &calendar, &errors), ERR_MALFORMED);
    assert_int_equal(errors.total, 2);
    assert_int_equal(errors.list[0].line, CALENDAR_YEAR_COUNT + CALENDAR_MARK_COUNT + 2);
    assert_int_equal(errors.list[1].line, CALENDAR_YEAR_COUNT + CALENDAR_MARK_COUNT + 1);
    text_errors_init(&errors);
    assert_int_equal(calendar_parse(many, CALENDAR_FILE_COUNT + 1, &calendar, &errors), ERR_LIMIT);
    buf_done(&text);
}

/* --- deadline: numbers no honest file or event would hold --- */

static void test_deadline_hostile(void **state)
{
    (void)state;
    static const int32_t days[] = {INT32_MIN, CIVIL_DAY_MIN, -1,       0,
                                   20727,     CIVIL_DAY_MAX, INT32_MAX};
    static const uint32_t counts[] = {0, 1, DEADLINE_COUNT_MAX, UINT32_MAX};
    struct calendar *calendar = calendar_shipped();
    struct deadline_rules rules = {.start_offset = 0,
                                   .suspension_stops = true,
                                   .calendar_day_rolls = true,
                                   .amber_percent = UINT32_MAX,
                                   .extension_count_max = UINT32_MAX,
                                   .extension_percent_max = UINT32_MAX};
    for (size_t i = 0; i < 392; i++) { /* 7 * 7 days, 4 counts, 2 units */
        enum deadline_unit unit = i % 2 == 0 ? DEADLINE_WORKING_DAY : DEADLINE_CALENDAR_DAY;
        struct deadline_limit limit = {counts[i / 2 % 4], unit};
        int32_t a = days[i / 8 % 7];
        int32_t b = days[i / 56 % 7];
        struct deadline_clock clock = deadline_clock_start(limit, a);
        struct deadline_extension_ask ask = {0, UINT32_MAX, b};
        (void)deadline_clock_suspend(calendar, &rules, &clock, a, b);
        (void)deadline_extension_check(calendar, &rules, &clock, &ask);
        deadline_clock_extend(&clock, UINT32_MAX);
        assert_in_range(clock.paused, 0, DEADLINE_COUNT_MAX);
        assert_int_equal(clock.extended, DEADLINE_COUNT_MAX);
        struct deadline_due due = deadline_due(calendar, &rules, &clock);
        assert_true(due.day >= CIVIL_DAY_MIN && due.day <= CIVIL_DAY_MAX);
        (void)deadline_urgency(calendar, &rules, limit, a, b);
        rules.supplement = i % 3 == 0 ? DEADLINE_RESTART : DEADLINE_RESUME;
        deadline_clock_supplement(calendar, &rules, &clock, a, b);
    }
    calendar_free(calendar);
}

static void test_deadline_receipt(void **state)
{
    (void)state;
    bool moved = true;
    struct deadline_receipt receipt = {.claimed_ms = 50, .not_before_ms = 50, .not_after_ms = 50};
    assert_true(deadline_receipt_ms(&receipt, &moved) == 50);
    assert_false(moved);
    receipt.claimed_ms = 49;
    assert_true(deadline_receipt_ms(&receipt, &moved) == 50);
    assert_true(moved);
    receipt.not_after_ms = 0;
    receipt.claimed_ms = UINT64_MAX;
    assert_true(deadline_receipt_ms(&receipt, &moved) == UINT64_MAX);
    assert_false(moved);
    receipt.not_after_ms = 60;
    assert_true(deadline_receipt_ms(&receipt, NULL) == 60);
    receipt.back_entry = true;
    receipt.paper_ms = 60;
    assert_true(deadline_receipt_ms(&receipt, &moved) == 60);
    assert_false(moved);
    receipt.paper_ms = 61;
    assert_true(deadline_receipt_ms(&receipt, &moved) == 60);
    assert_true(moved);
    struct deadline_due late = {9, false};
    struct deadline_due early = {8, true};
    assert_int_equal(deadline_earlier(late, early).day, 8);
    early.day = 9;
    assert_false(deadline_earlier(early, late).provisional);
    assert_false(deadline_earlier(late, early).provisional);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_civil_every_day),  cmocka_unit_test(test_civil_time),
        cmocka_unit_test(test_civil_refused),    cmocka_unit_test(test_text_lines),
        cmocka_unit_test(test_text_refused),     cmocka_unit_test(test_text_errors),
        cmocka_unit_test(test_calendar_shipped), cmocka_unit_test(test_calendar_arithmetic),
        cmocka_unit_test(test_calendar_details), cmocka_unit_test(test_calendar_refused),
        cmocka_unit_test(test_calendar_bounds),  cmocka_unit_test(test_deadline_hostile),
        cmocka_unit_test(test_deadline_receipt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
