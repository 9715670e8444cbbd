#include "rules/catalogue.h"
#include "rules/policy.h"
#include "unit.h"

#include <string.h>

/* Several files read together, Chinese words, and the borders of single values. */

static void expect_error(const struct text_errors *errors, struct text_place place,
                         const char *words)
{
    for (uint32_t i = 0; i < errors->count; i++) {
        const struct text_error *error = &errors->list[i];
        if (error->file == place.file && error->line == place.line &&
            strstr(error->message, words) != NULL) {
            return;
        }
    }
    const struct text_error *first = text_errors_first(errors);
    fail_msg("no error %u:%u \"%s\"; first is %u:%u %s", place.file, place.line, words,
             first == NULL ? 0 : first->file, first == NULL ? 0 : first->line,
             first == NULL ? "" : first->message);
}

static void test_encoding_refused(void **state)
{
    (void)state;
    static const char gbk[] = "year 2026\nholiday 2026-10-01 \xb9\xfa\xc7\xec\n";
    struct span file = span_text(gbk);
    struct calendar *calendar = NULL;
    struct catalogue *catalogue = NULL;
    struct policy *policy = NULL;
    struct text_errors errors;
    text_errors_init(&errors);
    assert_int_equal(calendar_parse(&file, 1, &calendar, &errors), ERR_MALFORMED);
    assert_int_equal(catalogue_parse(&file, 1, &catalogue, &errors), ERR_MALFORMED);
    assert_int_equal(policy_parse(file, &policy, &errors), ERR_MALFORMED);
    assert_int_equal(errors.total, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(errors.list[i].line, 2);
        assert_non_null(strstr(errors.list[i].message, "UTF-8"));
    }
    assert_true(calendar == NULL && catalogue == NULL && policy == NULL);
}

static void test_calendar_files(void **state)
{
    (void)state;
    struct calendar *calendar = NULL;
    struct text_errors errors;
    struct span good[2] = {span_text("year 2027\nholiday 2026-12-31 元旦\n"),
                           span_text("# local\nclosed 2026-12-31 停\nyear 2026\n")};
    struct span bad[2] = {span_text("closed 2026-10-10 a\nholiday 2026-10-10 b\nyear 2026"),
                          span_text("workday 2026-10-10 c\nclosed 2026-10-10 d\nyear 2026")};
    text_errors_init(&errors);
    assert_int_equal(calendar_parse(good, 2, &calendar, &errors), ERR_NONE);
    assert_int_equal(calendar_mark_count(calendar), 1);
    assert_string_equal(calendar_mark_at(calendar, 0)->name, "停");
    assert_true(calendar_has_year(calendar, 2026) && calendar_has_year(calendar, 2027));
    calendar_free(calendar);
    calendar = NULL;
    assert_int_equal(calendar_parse(bad, 2, &calendar, &errors), ERR_MALFORMED);
    assert_int_equal(errors.total, 3);
    expect_error(&errors, (struct text_place){1, 3}, "2026 年重复");
    expect_error(&errors, (struct text_place){1, 1}, "2026-10-10 已在第 2 行");
    expect_error(&errors, (struct text_place){1, 2}, "2026-10-10 已在第 1 行");
    assert_int_equal(text_errors_first(&errors)->line, 1);
    assert_int_equal(text_errors_first(&errors)->file, 1);
    text_errors_init(&errors);
    assert_int_equal(calendar_parse(NULL, 0, &calendar, &errors), ERR_NONE);
    assert_int_equal(calendar_mark_count(calendar), 0);
    calendar_free(calendar);
}

static void test_calendar_ranges(void **state)
{
    (void)state;
    static const char *const bad[] = {"holiday 2026-10-01,,2026-10-07 x",
                                      "holiday 2026-10-0x x",
                                      "holiday 2026-10-01..2026-10-32 x",
                                      "holiday 2026-10-01..2026-10-072 x",
                                      "holiday",
                                      "workday 2026-10-05..2026-10-11 x"};
    struct text_errors errors;
    struct calendar *calendar = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct span files[2] = {span_text("year 2026"), span_text(bad[i])};
        text_errors_init(&errors);
        assert_int_equal(calendar_parse(files, 2, &calendar, &errors), ERR_MALFORMED);
        assert_int_equal(errors.total, 1);
        assert_int_equal(errors.list[0].line, 1);
        assert_int_equal(errors.list[0].file, 1);
    }
    struct span fine[2] = {span_text("year 2026"),
                           span_text("holiday 2026-01-01..2026-03-03 放\nworkday "
                                     "2026-10-10..2026-10-11 补")};
    text_errors_init(&errors);
    assert_int_equal(calendar_parse(fine, 2, &calendar, &errors), ERR_NONE);
    assert_int_equal(calendar_mark_count(calendar), 62 + 2);
    calendar_free(calendar);
}

static const char chinese[] = "[公共]\n"
                              "[common]\n"
                              "材料 = ID | 证 / card | 核验退还 1 |\n"
                              "[Z_9-A]\n"
                              "名称 = 甲 / a / b\n类别 = 生活\n窗口 = w\n件别 = 联办 （推定）\n"
                              "工作记录 = 是\n决定 = 区\n路径 = 直报区\n时限 = 5 个工作日 | x\n"
                              "法定时限 = 20 日\n转送时限 = 5 wd\n份额 = 0 0 100\n依据 = b\n"
                              "条件 = c\n代办 = 否\n须到场 = 是\n上门 = 是\n特殊群体 = g\n"
                              "部门 = POLICE CIVIL\n人工登记 = 是\n救济 = r\n结果 = s\n"
                              "收费 = 规费 0.05 | 条例\n去处 = u\n状态 = 未进驻\n"
                              "生效日 = 2026-01-01\n指南 = v1\n"
                              "材料 = ID （推定）\n材料 = M | 乙 / b | 复印件 20 可选 | [S1:1]\n"
                              "材料 = E | 丙 / c | electronic 1\n";

static void test_catalogue_chinese(void **state)
{
    (void)state;
    struct catalogue *catalogue = NULL;
    struct text_errors errors;
    struct span file = span_text(strchr(chinese, '\n') + 1);
    text_errors_init(&errors);
    assert_int_equal(catalogue_parse(&file, 1, &catalogue, &errors), ERR_NONE);
    const struct catalogue_item *item = catalogue_item_find(catalogue, span_text("Z_9-A"));
    assert_non_null(item);
    assert_string_equal(item->name_zh, "甲");
    assert_string_equal(item->name_en, "a / b");
    assert_int_equal(item->class, CATALOGUE_LIFE);
    assert_int_equal(item->kind, CATALOGUE_JOINT);
    assert_int_equal(item->inferred, 1 << CATALOGUE_ATTRIBUTE_KIND);
    assert_true(item->work_log && item->in_person && item->home_visit && item->manual_possible);
    assert_int_equal(item->decides, CATALOGUE_DISTRICT);
    assert_int_equal(item->route, CATALOGUE_ROUTE_DISTRICT);
    assert_int_equal(item->stage[0].limit.count, 5);
    assert_string_equal(item->stage[0].name_zh, "");
    assert_int_equal(item->statutory.count, 20);
    assert_int_equal(item->statutory.unit, DEADLINE_CALENDAR_DAY);
    assert_int_equal(item->forward.count, 5);
    assert_int_equal(item->share_percent[2], 100);
    assert_int_equal(item->fee, CATALOGUE_FEE_STATUTORY);
    assert_int_equal(item->fee_minor, 5);
    assert_string_equal(item->fee_basis, "条例");
    assert_string_equal(item->condition, "c");
    assert_string_equal(item->groups, "g");
    assert_string_equal(item->remedy, "r");
    assert_string_equal(item->result, "s");
    assert_string_equal(item->where, "u");
    assert_string_equal(item->guide, "v1");
    assert_string_equal(item->department[1], "CIVIL");
    assert_int_equal(item->status, CATALOGUE_ELSEWHERE);
    assert_int_equal(item->material_count, 3);
    assert_true(item->material[0].inferred && item->material[0].required);
    assert_string_equal(item->material[0].basis, "");
    assert_false(item->material[1].inferred || item->material[1].required);
    assert_int_equal(item->material[1].count, 20);
    assert_int_equal(item->material[2].form, CATALOGUE_ELECTRONIC);
    catalogue_free(catalogue);
    file = span_text(chinese);
    assert_int_equal(catalogue_parse(&file, 1, &catalogue, &errors), ERR_MALFORMED);
    assert_int_equal(errors.total, 1);
    expect_error(&errors, (struct text_place){0, 1}, "[I51]");
}

static void test_catalogue_files(void **state)
{
    (void)state;
    struct catalogue *catalogue = NULL;
    struct text_errors errors;
    struct span files[TEXT_FILE_COUNT + 1] = {
        span_text("[common]\nmaterial = ID | 证 / card | copy 1\nname = x\n[bad\nany = thing\n"),
        span_text("stray = line\n[A]\nmaterial = ID\nmaterial = F | 表 / form | copy 0\n"),
        span_text("[A]\nname = 甲/a\nname = 甲 / \nfee = gratis\nshare = 50 50 0 0\n"),
        span_text("[common]\nmaterial = ID | 证 / card | copy 1\ndecides = Q\nwords\n"),
    };
    text_errors_init(&errors);
    assert_int_equal(catalogue_parse(files, 4, &catalogue, &errors), ERR_MALFORMED);
    expect_error(&errors, (struct text_place){0, 3}, "名称 = 值");
    expect_error(&errors, (struct text_place){0, 4}, "[I51]");
    expect_error(&errors, (struct text_place){1, 1}, "名称 = 值");
    expect_error(&errors, (struct text_place){1, 4}, "copy 1");
    expect_error(&errors, (struct text_place){1, 2}, "A 缺少 name");
    assert_true(errors.total > TEXT_ERROR_COUNT);
    for (uint32_t i = 0; i < errors.count; i++) {
        assert_false(errors.list[i].file == 0 && errors.list[i].line == 5);
    }
    text_errors_init(&errors);
    assert_int_equal(catalogue_parse(files + 2, 2, &catalogue, &errors), ERR_MALFORMED);
    expect_error(&errors, (struct text_place){0, 2}, "中文 / English");
    expect_error(&errors, (struct text_place){0, 3}, "name 写了两次");
    expect_error(&errors, (struct text_place){0, 4}, "external");
    expect_error(&errors, (struct text_place){0, 5}, "sum 100");
    expect_error(&errors, (struct text_place){1, 3}, "名称 = 值");
    expect_error(&errors, (struct text_place){1, 4}, "名称 = 值");
    text_errors_init(&errors);
    assert_int_equal(catalogue_parse(files, TEXT_FILE_COUNT + 1, &catalogue, &errors), ERR_LIMIT);
    text_errors_init(&errors);
    assert_int_equal(catalogue_parse(NULL, 0, &catalogue, &errors), ERR_NONE);
    assert_int_equal(catalogue_item_count(catalogue), 0);
    catalogue_free(catalogue);
}

static void test_catalogue_words(void **state)
{
    (void)state;
    assert_string_equal(catalogue_class_name(CATALOGUE_LIFE), "life");
    assert_string_equal(catalogue_class_zh(CATALOGUE_ADMINISTRATIVE), "行政");
    assert_string_equal(catalogue_kind_name(CATALOGUE_WORK), "work");
    assert_string_equal(catalogue_status_zh(CATALOGUE_WITHDRAWN), "已退出");
    assert_string_equal(catalogue_route_name(CATALOGUE_ROUTE_HUB_DISTRICT), "hub-district");
    assert_string_equal(catalogue_route_zh(CATALOGUE_ROUTE_NONE), "不上报");
    assert_string_equal(catalogue_form_name(CATALOGUE_SHOWN), "shown");
    assert_string_equal(catalogue_form_zh(CATALOGUE_COPY), "复印件");
    assert_string_equal(catalogue_fee_name(CATALOGUE_FEE_EXTERNAL), "external");
    assert_string_equal(catalogue_fee_zh(CATALOGUE_FEE_NONE), "免费");
    assert_string_equal(catalogue_attribute_zh(CATALOGUE_ATTRIBUTE_LIMIT), "时限");
    assert_string_equal(catalogue_attribute_zh(CATALOGUE_ATTRIBUTE_COUNT), "");
    assert_string_equal(deadline_state_name(DEADLINE_AMBER), "amber");
}

/* Values that no shipped line holds. */
static void test_policy_value_borders(void **state)
{
    (void)state;
    static const struct {
        enum policy_id id;
        const char *text;
        int64_t value; /* -1: refused */
    } values[] = {
        {POLICY_HOURS_OPENING, "23:59", 1439},
        {POLICY_HOURS_OPENING, "24:00", -1},
        {POLICY_HOURS_OPENING, "0830", -1},
        {POLICY_HOURS_OPENING, "8:30", -1},
        {POLICY_HOURS_OPENING, "08.30", -1},
        {POLICY_GROUP_LEADER_WEEKDAY, "星期日", 7},
        {POLICY_GROUP_LEADER_WEEKDAY, "4", -1},
        {POLICY_MEETING_PERIOD, "每半年", POLICY_PERIOD_HALF_YEAR},
        {POLICY_NOTIFY_NOTICES_MAX, "1000000", 1000000},
        {POLICY_NOTIFY_NOTICES_MAX, "1000001", -1},
        {POLICY_NOTIFY_NOTICES_MAX, "", -1},
        {POLICY_REPORT_UP_LIMIT, "7个工作日", 7},
        {POLICY_REPORT_UP_LIMIT, "7", -1},
        {POLICY_KPI_ON_TIME, "95 point", -1},
        {POLICY_KPI_ON_TIME, "95％", 95},
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct policy_entry entry = {.info = policy_info(values[i].id)};
        enum err err = policy_value_parse(span_text(values[i].text), &entry);
        assert_int_equal(err, values[i].value < 0 ? ERR_MALFORMED : ERR_NONE);
        assert_true(err != ERR_NONE || entry.value == values[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encoding_refused),     cmocka_unit_test(test_calendar_files),
        cmocka_unit_test(test_calendar_ranges),      cmocka_unit_test(test_catalogue_chinese),
        cmocka_unit_test(test_catalogue_files),      cmocka_unit_test(test_catalogue_words),
        cmocka_unit_test(test_policy_value_borders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
