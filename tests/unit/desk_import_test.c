#include "desk/import.h"
#include "print/grid.h"
#include "rules/civil.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reading a CSV file, and every mistake an old ledger may have, with its line and column. */

static struct csv *opened(const char *text)
{
    struct csv *csv = NULL;
    struct csv_place place = {0, 0};
    assert_int_equal(csv_open(span_text(text), &csv, &place), ERR_NONE);
    return csv;
}

static void test_csv(void **state)
{
    (void)state;
    struct csv *csv = opened("\xef\xbb\xbf"
                             "a,b\r\n\r\n\" x \"\"y\"\"\n2 \",3\r\n,\r\n4\n");
    assert_int_equal(csv_row_count(csv), 2);
    assert_int_equal(csv_column_count(csv), 2);
    assert_string_equal(csv_heading(csv, 0), "a");
    assert_string_equal(csv_cell(csv, 0, 0), "x \"y\"\n2");
    assert_string_equal(csv_cell(csv, 0, 1), "3");
    assert_int_equal(csv_line(csv, 0), 3);
    assert_string_equal(csv_cell(csv, 1, 0), "4");
    assert_string_equal(csv_cell(csv, 1, 1), "");
    assert_int_equal(csv_line(csv, 1), 6);
    csv_close(csv);
}

static void expect_wrong(const char *text, size_t size, enum err wanted, size_t line, size_t column)
{
    struct csv *csv = NULL;
    struct csv_place place = {0, 0};
    assert_int_equal(csv_open(span_of(text, size), &csv, &place), wanted);
    assert_null(csv);
    assert_int_equal(place.line, line);
    assert_int_equal(place.column, column);
}

static void test_wrong_csv(void **state)
{
    (void)state;
    expect_wrong("", 0, ERR_MALFORMED, 1, 0);
    expect_wrong("a,b\n1,2,3\n", 10, ERR_MALFORMED, 2, 3);
    expect_wrong("a,b\n1,\"2\n", 9, ERR_MALFORMED, 3, 2);
    expect_wrong("a\nb\n\xb1\xe0\n", 7, ERR_MALFORMED, 3, 1); /* GBK */
    char *wide = calloc(1, 2 * CSV_COLUMNS + 2);
    assert_non_null(wide);
    memset(wide, ',', CSV_COLUMNS);
    expect_wrong(wide, CSV_COLUMNS, ERR_LIMIT, 1, CSV_COLUMNS + 1);
    free(wide);
    char *cell = calloc(1, CSV_CELL_SIZE + 2);
    assert_non_null(cell);
    memset(cell, 'x', CSV_CELL_SIZE + 1);
    expect_wrong(cell, CSV_CELL_SIZE + 1, ERR_LIMIT, 1, 1);
    free(cell);
}

struct told {
    size_t count;
    char text[2048];
};

static void tell(void *context, size_t line, size_t column, const char *heading, const char *zh)
{
    struct told *told = context;
    size_t used = strlen(told->text);
    (void)heading;
    told->count++;
    (void)snprintf(told->text + used, sizeof told->text - used, "%zu:%zu %.9s|", line, column, zh);
}

static const struct import_map map = {
    .ledger = "L1", .heading = {"no", "day", "name", "id", "", "", "matter", "told"}};

static void expect_told(const char *rows, const char *wanted)
{
    char text[1024];
    struct told told = {0, ""};
    (void)snprintf(text, sizeof text, "no,day,name,id,matter,told\n%s", rows);
    struct csv *csv = opened(text);
    int32_t today = 20714;
    size_t count = import_check(csv, &map, today, &told, tell);
    assert_int_equal(count, told.count);
    assert_string_equal(told.text, wanted);
    csv_close(csv);
}

static void test_check(void **state)
{
    (void)state;
    expect_told("1,2026-09-18,a,11010519491231002X,m,\n", "");
    expect_told("1,2026-09-19,a,,m,\n", "2:2 日期晚|");
    expect_told("1,2026-02-29,a,,m,\n", "2:2 日期不|");
    expect_told("1,2024-02-29 24:00,a,,m,\n", "2:2 日期不|");
    expect_told("1,2024-02-29 23:59:07,a,,m,\n2,2024/2/29,,,m,\n3,2024年2月29日 8:05,,,m,\n", "");
    expect_told("1,2024-02-29x,a,,m,\n", "2:2 日期不|");
    expect_told(",2026-09-18,a,,m,\n", "2:1 编号为|");
    expect_told("号,2026-09-18,a,,m,\n", "2:1 编号为|");
    expect_told("1,2026-09-18,a,110105194912310021,,\n", "2:5 事项为|2:4 身份证|");
    expect_told("1,2026-09-18,a,1.10105E+17,m,\n", "2:4 身份证|");
    expect_told("7,2026-09-18,a,,m,\n8,2026-09-18,a,,m,\n7,2026-09-18,b,,m,\n", "4:1 编号与|");
}

static void test_missing_column(void **state)
{
    struct told told = {0, ""};
    (void)state;
    struct csv *csv = opened("no,day,matter\n1,2026-09-18,m\n");
    assert_int_equal(import_check(csv, &map, 20714, &told, tell), 3);
    assert_string_equal(told.text, "1:0 文件没|1:0 文件没|1:0 文件没|");
    csv_close(csv);
}

static void test_row(void **state)
{
    struct import_row row;
    struct import_row again;
    struct import_map other = map;
    struct buf body;
    (void)state;
    struct csv *csv = opened("no,day,name,id,matter,told\n1,2023/5/1,\"a\"\"<\",,m,t\n");
    import_row(csv, &map, 0, &row);
    import_row(csv, &map, 0, &again);
    assert_memory_equal(row.record, again.record, sizeof row.record);
    (void)snprintf(other.ledger, sizeof other.ledger, "L2");
    import_row(csv, &other, 0, &again);
    assert_memory_not_equal(row.record, again.record, sizeof row.record);
    assert_int_equal(row.time_ms, 1682899200000); /* 2023-05-01 08:00 in China */
    buf_init(&body, 4096);
    import_put_received(&row, "", &body);
    assert_non_null(strstr(buf_text(&body), "\"name\":\"a\\\"<\""));
    assert_non_null(strstr(buf_text(&body), "\"serial\":\"1\",\"time\":\"1682899200000\","
                                            "\"reason\":\"import\""));
    buf_clear(&body);
    assert_true(import_put_answered(&row, &body));
    assert_non_null(strstr(buf_text(&body), "\"told\":\"t\""));
    buf_done(&body);
    csv_close(csv);
}

/* A sheet is checked as a CSV file is, with its own row and column. */
static void test_sheet(void **state)
{
    static const char *const cells[] = {"no",     "day",
                                        "name",   "id",
                                        "matter", "told",
                                        "1",      "2026-09-18",
                                        "a",      "11010519491231002X",
                                        "m",      "",
                                        "2",      "2026-09-31",
                                        "b",      "",
                                        "m",      ""};
    struct grid grid;
    struct buf file;
    struct csv *csv = NULL;
    struct csv_place place = {0, 0};
    struct told told = {0, ""};
    (void)state;
    assert_int_equal(grid_init(&grid, 6), ERR_NONE);
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        grid_put_text(&grid, span_text(cells[i]));
    }
    buf_init(&file, CSV_SIZE);
    assert_int_equal(grid_put_xlsx(&grid, "台帐", 1789689600, &file), ERR_NONE);
    assert_int_equal(csv_open_file(buf_span(&file), &csv, &place), ERR_NONE);
    assert_int_equal(csv_row_count(csv), 2);
    assert_string_equal(csv_cell(csv, 0, 3), "11010519491231002X");
    assert_int_equal(import_check(csv, &map, 20714, &told, tell), 1);
    assert_string_equal(told.text, "3:2 日期不|");
    csv_close(csv);
    csv = NULL;
    assert_int_equal(csv_open_file(span_of(file.data, file.size / 2), &csv, &place), ERR_MALFORMED);
    assert_null(csv);
    buf_done(&file);
    grid_done(&grid);
}

static const struct import_item items[] = {{"I04", "残疾证"}, {"I51", "低保"}};
static const struct import_map whole = {
    .ledger = "L1",
    .heading = {"no", "day", "", "id", "", "", "matter", "told", "item", "done", "agent"},
    .items = items,
    .item_count = 2};

static size_t check_whole(const char *rows, struct told *told)
{
    char text[1024];
    (void)snprintf(text, sizeof text, "no,day,id,matter,told,item,done,agent\n%s", rows);
    struct csv *csv = opened(text);
    *told = (struct told){0, ""};
    size_t count = import_check(csv, &whole, 20714, told, tell);
    csv_close(csv);
    return count;
}

static void test_whole_register(void **state)
{
    struct told told;
    (void)state;
    assert_int_equal(check_whole("1,2026-09-01,,m,t,I04,2026-09-01,a\n"
                                 "2,2026-09-01,,m,t,低保,2026-09-18,\n3,2026-09-01,,m,,,,\n",
                                 &told),
                     0);
    (void)check_whole("1,2026-09-01,,m,,I05,,\n", &told);
    assert_string_equal(told.text, "2:6 事项目|");
    (void)check_whole("1,2026-09-02,,m,t,,2026-09-01,\n", &told);
    assert_string_equal(told.text, "2:7 办结日|");
    (void)check_whole("1,2026-09-02,,m,t,,2026-09-19,\n", &told);
    assert_string_equal(told.text, "2:7 办结日|");
    (void)check_whole("1,2026-09-02,,m,t,,2026-09-31,\n", &told);
    assert_string_equal(told.text, "2:7 办结日|");
    (void)check_whole("1,2026-09-02,,m,,,2026-09-03,\n", &told);
    assert_string_equal(told.text, "2:5 有办结|");
}

/* The same person, day and item is one matter; another day, item or person is not. */
static void test_entered_twice(void **state)
{
    struct told told;
    (void)state;
    (void)check_whole("1,2026-09-01,11010519491231002X,m,,I04,,\n"
                      "2,2026-09-02,11010519491231002X,m,,I04,,\n"
                      "3,2026-09-01,11010519491231002X,m,,I51,,\n"
                      "4,2026-09-01,,m,,I04,,\n5,2026-09-01,,m,,I04,,\n"
                      "6,2026-09-01 10:00,11010519491231002X,n,,I04,,\n",
                      &told);
    assert_string_equal(told.text, "7:4 与第 2 |");
}

static void test_result_day(void **state)
{
    struct import_row row;
    struct buf body;
    (void)state;
    struct csv *csv = opened("no,day,id,matter,told,item,done,agent\n"
                             "1,2023-05-01,,m,t,低保,2023-05-09,王\n2,2023-05-01,,m,t,,,\n");
    import_row(csv, &whole, 0, &row);
    buf_init(&body, 4096);
    import_put_received(&row, "", &body);
    assert_non_null(strstr(buf_text(&body), "\"item\":\"I51\""));
    assert_non_null(strstr(buf_text(&body), "\"time\":\"1682899200000\""));
    assert_null(strstr(buf_text(&body), "force"));
    buf_clear(&body);
    import_put_received(&row, "renewed", &body);
    assert_non_null(strstr(buf_text(&body), "\"reason\":\"renewed\"}"));
    assert_non_null(strstr(buf_text(&body), "\"force\":true"));
    buf_clear(&body);
    assert_true(import_put_answered(&row, &body));
    assert_non_null(strstr(buf_text(&body), "\"told\":\"t（经办：王）\""));
    assert_non_null(strstr(buf_text(&body), "\"time\":\"1683590400000\""));
    import_row(csv, &whole, 1, &row);
    assert_int_equal(row.done_ms, row.time_ms);
    assert_string_equal(row.item, "");
    buf_done(&body);
    csv_close(csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_wrong_csv),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_missing_column),
        cmocka_unit_test(test_row),
        cmocka_unit_test(test_sheet),
        cmocka_unit_test(test_whole_register),
        cmocka_unit_test(test_entered_twice),
        cmocka_unit_test(test_result_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
