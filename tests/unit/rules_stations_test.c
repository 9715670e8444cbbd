#include "rules/stations.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

/* The stations edition: names by day, mergers, and every mistake with its line. */

static struct stations *parsed(const char *text)
{
    struct stations *stations = NULL;
    struct text_errors errors;
    text_errors_init(&errors);
    assert_int_equal(stations_parse(span_text(text), &stations, &errors), ERR_NONE);
    assert_int_equal(errors.total, 0);
    return stations;
}

static int32_t day_of(const char *text)
{
    int32_t day = 0;
    assert_int_equal(civil_day_parse(span_text(text), &day), ERR_NONE);
    return day;
}

static const char book[] = "# 站点册\n"
                           "station 460200001001 红旗村便民服务站\n"
                           "站点 460200001002 光明村便民服务站\n"
                           "station 460200001003 东风村便民服务站\n"
                           "更名 460200001001 2026-12-01 红旗社区便民服务站 # 批复\n"
                           "merged 460200001002 2027-01-01 460200001001\n"
                           "并入 460200001001 2028-01-01 460200001003\n";

static void test_names(void **state)
{
    (void)state;
    struct stations *stations = parsed(book);
    assert_string_equal(stations_name(stations, "460200001001", day_of("2026-11-30")),
                        "红旗村便民服务站");
    assert_string_equal(stations_name(stations, "460200001001", day_of("2026-12-01")),
                        "红旗社区便民服务站");
    assert_string_equal(stations_name(stations, "460200001009", day_of("2026-12-01")), "");
    assert_string_equal(stations_name(NULL, "460200001001", day_of("2026-12-01")), "");
    stations_free(stations);
}

static void test_mergers(void **state)
{
    (void)state;
    struct stations *stations = parsed(book);
    assert_null(stations_merger(stations, "460200001003"));
    assert_null(stations_merger(NULL, "460200001002"));
    assert_int_equal(stations_merger(stations, "460200001002")->day, day_of("2027-01-01"));
    assert_string_equal(stations_merger(stations, "460200001002")->into, "460200001001");
    assert_string_equal(stations_successor(stations, "460200001002", day_of("2026-12-31")),
                        "460200001002");
    assert_string_equal(stations_successor(stations, "460200001002", day_of("2027-01-01")),
                        "460200001001");
    assert_string_equal(stations_successor(stations, "460200001002", day_of("2028-01-01")),
                        "460200001003");
    assert_string_equal(stations_successor(NULL, "460200001002", day_of("2028-01-01")),
                        "460200001002");
    stations_free(stations);
}

static void expect_wrong(const char *text, uint32_t line, const char *message)
{
    struct stations *stations = NULL;
    struct text_errors errors;
    text_errors_init(&errors);
    assert_int_equal(stations_parse(span_text(text), &stations, &errors), ERR_MALFORMED);
    assert_null(stations);
    assert_int_equal(errors.total, 1);
    assert_int_equal(errors.list[0].line, line);
    assert_memory_equal(errors.list[0].message, message, strlen(message));
}

#define TWO "station 1 甲\nstation 2 乙\n"

static void test_wrong(void **state)
{
    (void)state;
    expect_wrong("stations 1 甲\n", 1, "应以");
    expect_wrong("station A1 甲\n", 1, "站点代码");
    expect_wrong("station 123456789012345678901234 甲\n", 1, "站点代码");
    expect_wrong("station 1\n", 1, "站名为空");
    expect_wrong(TWO "station 1 丙\n", 3, "站点代码重复");
    expect_wrong("renamed 1 2026-12-01 甲\n", 1, "前面没有");
    expect_wrong(TWO "renamed 1 2026-02-29 丙\n", 3, "日期应为");
    expect_wrong(TWO "renamed 1 2026-12-01 丙\nrenamed 1 2026-12-01 丁\n", 4, "日期应晚于");
    expect_wrong(TWO "renamed 1 2026-12-01\n", 3, "站名为空");
    expect_wrong(TWO "merged 1 2026-12-01\n", 3, "应写并入");
    expect_wrong(TWO "merged 1 2026-12-01 2 乙\n", 3, "应写并入");
    expect_wrong(TWO "merged 1 2026-12-01 1\n", 3, "不能并入");
    expect_wrong(TWO "merged 1 2026-12-01 3\n", 3, "不能并入");
    expect_wrong(TWO "merged 1 2026-12-01 2\nmerged 1 2026-12-02 2\n", 4, "该站已并入");
    expect_wrong(TWO "merged 1 2026-12-01 2\nrenamed 1 2026-12-02 丙\n", 4, "该站已并入");
    expect_wrong(TWO "merged 1 2026-12-01 2\nmerged 2 2026-12-01 1\n", 4, "两站的先后");
    expect_wrong(TWO "merged 1 2026-12-01 2\nmerged 2 2026-12-02 1\n", 4, "两站的先后");
    expect_wrong(TWO "merged 1 2026-12-10 2\nmerged 2 2026-12-05 1\n", 4, "两站的先后");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_mergers),
        cmocka_unit_test(test_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
