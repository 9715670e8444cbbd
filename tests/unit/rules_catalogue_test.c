#include "rules/catalogue.h"
#include "rules/policy.h"
#include "rules_files.h"
#include "unit.h"

#include <string.h>

/* --- policy --- */

static struct policy *policy_shipped(void)
{
    struct buf text = shipped("policy/policy.txt");
    struct text_errors errors;
    struct policy *policy = NULL;
    text_errors_init(&errors);
    assert_int_equal(policy_parse(buf_span(&text), &policy, &errors), ERR_NONE);
    buf_done(&text);
    return policy;
}

static void test_policy_values(void **state)
{
    (void)state;
    struct policy *policy = policy_shipped();
    assert_int_equal(policy_get(policy, POLICY_NOTIFY_VISITS_TRIGGER), 2);
    assert_int_equal(policy_limit(policy, POLICY_REPORT_UP_LIMIT).count, 1);
    assert_int_equal(policy_limit(policy, POLICY_REPORT_UP_LIMIT).unit, DEADLINE_WORKING_DAY);
    assert_int_equal(policy_limit(policy, POLICY_SUGGESTION_REPLY_LIMIT).count, 3);
    assert_int_equal(policy_limit(policy, POLICY_SUGGESTION_REPLY_LIMIT).unit,
                     DEADLINE_CALENDAR_DAY);
    assert_int_equal(policy_get_count(policy, POLICY_HOURS_OPENING), 8 * 60 + 30);
    assert_int_equal(policy_get(policy, POLICY_GROUP_LEADER_WEEKDAY), CIVIL_THURSDAY);
    assert_int_equal(policy_period(policy, POLICY_MEETING_PERIOD), POLICY_PERIOD_QUARTER);
    assert_int_equal(policy_choice(policy, POLICY_PROXY_LIMIT), POLICY_CHOICE_SHORTER);
    assert_true(policy_is(policy, POLICY_PROXY_CONSENT));
    assert_false(policy_is(policy, POLICY_COMPLAINT_HEAD_DECIDES));
    assert_true(policy_entry(policy, POLICY_REPORT_UP_LIMIT).is_default);
    assert_false(policy_entry(policy, POLICY_KPI_ON_TIME).is_default);
    assert_string_equal(policy_info(POLICY_KPI_ON_TIME)->source, "N14 X12 [S2:182]");
    assert_int_equal(policy_by_name(span_text("kpi.on_time")), POLICY_KPI_ON_TIME);
    assert_int_equal(policy_by_name(span_text("kpi.on_tim")), POLICY_COUNT);
    struct deadline_rules rules = deadline_rules_of_policy(policy);
    assert_int_equal(rules.start_offset, 1);
    assert_int_equal(rules.supplement, DEADLINE_RESTART);
    assert_true(rules.suspension_stops && rules.extension_before_due && !rules.calendar_day_rolls);
    assert_int_equal(rules.amber_percent, 20);
    assert_int_equal(rules.amber_days_min, 1);
    assert_int_equal(rules.red_days, 0);
    assert_int_equal(rules.extension_count_max, 1);
    assert_int_equal(rules.extension_percent_max, 100);
    policy_free(policy);
    policy_free(NULL);
}

/* What is shown is what may be written; and the file's remark begins with the row's source. */
static void test_policy_lines(void **state)
{
    (void)state;
    struct buf file = shipped("policy/policy.txt");
    struct buf value;
    struct text_lines lines;
    struct span line;
    struct span comment;
    struct policy *policy = policy_shipped();
    size_t count = 0;
    buf_init(&value, 200);
    text_lines_init(&lines, buf_span(&file), 0);
    while (text_lines_next(&lines, &line, &comment)) {
        struct span name = text_take_until(&line, '=');
        if (name.size > 6 &&
            (memcmp(name.data, "check.", 6) == 0 || memcmp(name.data, "headin", 6) == 0)) {
            continue; /* the checklist stands in the same file */
        }
        enum policy_id id = policy_by_name(name);
        assert_true(id < POLICY_COUNT);
        struct policy_entry entry = policy_entry(policy, id);
        assert_int_equal(entry.line, lines.place.line);
        assert_true(text_is(comment, entry.info->source));
        assert_int_equal(text_take_suffix(&line, "默认"), entry.is_default);
        buf_clear(&value);
        policy_value_format(&entry, &value);
        assert_true(text_is(line, buf_text(&value)));
        int64_t before = entry.value;
        entry.value = -1;
        assert_int_equal(policy_value_parse(buf_span(&value), &entry), ERR_NONE);
        assert_true(entry.value == before);
        count++;
    }
    assert_int_equal(count, POLICY_COUNT);
    buf_done(&value);
    buf_done(&file);
    policy_free(policy);
}

static void count_entry(void *context, const struct policy_entry *entry)
{
    int *next = context;
    assert_int_equal(entry->id, *next);
    assert_true(entry->info->zh[0] != 0 && entry->info->en[0] != 0);
    (*next)++;
}

/* Every value between the ends of a closed list has a word of its own. */
static void test_policy_each(void **state)
{
    (void)state;
    struct policy *policy = policy_shipped();
    struct buf text;
    int next = 0;
    policy_each(policy, count_entry, &next);
    assert_int_equal(next, POLICY_COUNT);
    buf_init(&text, 200);
    for (enum policy_id id = 0; id < POLICY_COUNT; id++) {
        struct policy_entry entry = policy_entry(policy, id);
        enum policy_unit unit = entry.info->unit;
        bool closed = unit == POLICY_UNIT_CHOICE || unit == POLICY_UNIT_PERIOD ||
                      unit == POLICY_UNIT_SWITCH || unit == POLICY_UNIT_WEEKDAY;
        assert_true(entry.info->min < entry.info->max);
        for (int64_t value = entry.info->min; closed && value <= entry.info->max; value++) {
            entry.value = value;
            buf_clear(&text);
            policy_value_format(&entry, &text);
            assert_int_equal(policy_value_parse(buf_span(&text), &entry), ERR_NONE);
            assert_true(entry.value == value);
        }
    }
    buf_done(&text);
    policy_free(policy);
}

/* Every N, P and X row is a parameter, or the tail of the file says what carries it. */
static void test_policy_rows(void **state)
{
    (void)state;
    static const struct {
        char letter;
        int last;
    } rows[] = {{'N', 76}, {'P', 24}, {'X', 33}};
    struct buf file = shipped("policy/policy.txt");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int number = 1; number <= rows[i].last; number++) {
            char name[16];
            (void)snprintf(name, sizeof name, "%c%02d", rows[i].letter, number);
            assert_non_null(strstr(buf_text(&file), name));
        }
    }
    buf_done(&file);
}

/* --- catalogue --- */

static struct catalogue *catalogue_shipped(void)
{
    struct buf text = shipped("catalogue/catalogue.txt");
    struct span file = buf_span(&text);
    struct text_errors errors;
    struct catalogue *catalogue = NULL;
    text_errors_init(&errors);
    enum err err = catalogue_parse(&file, 1, &catalogue, &errors);
    if (err != ERR_NONE) {
        const struct text_error *first = text_errors_first(&errors);
        fail_msg("catalogue.txt:%u: %s", first == NULL ? 0 : first->line,
                 first == NULL ? "" : first->message);
    }
    assert_true(file.size <= LIMIT_BLOB_SIZE);
    buf_done(&text);
    return catalogue;
}

static const struct catalogue_item *item_of(const struct catalogue *catalogue, const char *code)
{
    const struct catalogue_item *item = catalogue_item_find(catalogue, span_text(code));
    assert_non_null(item);
    return item;
}

static void test_catalogue_items(void **state)
{
    (void)state;
    static const int ranges[][2] = {{1, 26}, {31, 37}, {41, 49}, {51, 58}, {61, 73}};
    struct catalogue *catalogue = catalogue_shipped();
    struct deadline_limit fallback = {10, DEADLINE_WORKING_DAY};
    size_t count = 0;
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        for (int number = ranges[i][0]; number <= ranges[i][1]; number++) {
            char code[16];
            (void)snprintf(code, sizeof code, "I%02d", number);
            assert_ptr_equal(catalogue_item_at(catalogue, count), item_of(catalogue, code));
            count++;
        }
    }
    assert_int_equal(catalogue_item_count(catalogue), count);
    assert_int_equal(count, 63);
    assert_null(catalogue_item_at(catalogue, count));
    assert_null(catalogue_item_find(catalogue, span_text("I00")));
    assert_null(catalogue_item_find(catalogue, span_text("I5")));
    assert_null(catalogue_item_find(catalogue, span_text("I511")));
    assert_null(catalogue_item_find(catalogue, span_of(NULL, 0)));
    const struct catalogue_item *register_ = item_of(catalogue, "I51");
    assert_int_equal(catalogue_item_limit(register_, 0, fallback).count, 10);
    assert_string_equal(register_->stage[0].source, "N01 [S2:7]");
    assert_false(catalogue_item_is_inferred(register_, CATALOGUE_ATTRIBUTE_LIMIT));
    assert_true(catalogue_item_is_inferred(register_, CATALOGUE_ATTRIBUTE_KIND));
    const struct catalogue_item *declare = item_of(catalogue, "I53");
    assert_int_equal(declare->kind, CATALOGUE_IMMEDIATE);
    assert_int_equal(catalogue_item_limit(declare, 0, fallback).count, 2);
    assert_int_equal(catalogue_item_limit(declare, 0, fallback).unit, DEADLINE_CALENDAR_DAY);
    const struct catalogue_item *transfer = item_of(catalogue, "I54");
    assert_int_equal(transfer->stage_count, 3);
    assert_int_equal(transfer->stage[1].limit.count, 15);
    assert_string_equal(transfer->stage[2].name_en, "new place finishes");
    assert_int_equal(catalogue_item_limit(transfer, 3, fallback).count, 10);
    assert_int_equal(item_of(catalogue, "I55")->stage[0].limit.count, 20);
    assert_int_equal(catalogue_item_limit(item_of(catalogue, "I12"), 0, fallback).count, 0);
    assert_int_equal(catalogue_item_limit(item_of(catalogue, "I02"), 0, fallback).count, 10);
    catalogue_free(catalogue);
    catalogue_free(NULL);
}

static void test_catalogue_details(void **state)
{
    (void)state;
    struct catalogue *catalogue = catalogue_shipped();
    const struct catalogue_item *pension = item_of(catalogue, "I57");
    assert_int_equal(pension->forward.count, 5);
    assert_int_equal(pension->decides, CATALOGUE_TOWNSHIP);
    assert_int_equal(pension->route, CATALOGUE_ROUTE_HUB);
    assert_int_equal(pension->material_count, 3);
    const struct catalogue_material *id = catalogue_material_find(pension, span_text("ID"));
    assert_int_equal(id->form, CATALOGUE_COPY);
    assert_false(id->inferred);
    assert_string_equal(id->basis, "[S2:25]");
    assert_null(catalogue_material_find(pension, span_text("FORM")));
    assert_int_equal(pension->department_count, 2);
    assert_string_equal(pension->department[1], "BANK");
    const struct catalogue_item *senior = item_of(catalogue, "I02");
    assert_string_equal(senior->name_zh, "老年证");
    assert_string_equal(senior->name_en, "senior citizen's card");
    assert_int_equal(senior->decides, CATALOGUE_TOWNSHIP | CATALOGUE_DISTRICT);
    id = catalogue_material_find(senior, span_text("ID"));
    assert_int_equal(id->form, CATALOGUE_SHOWN);
    assert_true(id->inferred && id->required);
    assert_true(catalogue_material_find(senior, span_text("FORM"))->inferred);
    assert_true(catalogue_item_is_open(senior, senior->valid_from_day));
    assert_false(catalogue_item_is_open(senior, senior->valid_from_day - 1));
    const struct catalogue_item *road = item_of(catalogue, "I71");
    assert_int_equal(road->status, CATALOGUE_ELSEWHERE);
    assert_false(catalogue_item_is_open(road, CIVIL_DAY_MAX));
    assert_true(road->where[0] != 0);
    assert_int_equal(item_of(catalogue, "I68")->route, CATALOGUE_ROUTE_DISTRICT);
    assert_int_equal(item_of(catalogue, "I35")->class, CATALOGUE_LIFE);
    assert_int_equal(item_of(catalogue, "I35")->fee, CATALOGUE_FEE_EXTERNAL);
    assert_int_equal(item_of(catalogue, "I21")->kind, CATALOGUE_WORK);
    assert_int_equal(item_of(catalogue, "I21")->material_count, 0);
    assert_true(item_of(catalogue, "I13")->work_log);
    assert_true(item_of(catalogue, "I01")->in_person);
    assert_false(item_of(catalogue, "I01")->proxy);
    assert_string_equal(catalogue_kind_zh(CATALOGUE_JOINT), "联办");
    assert_string_equal(catalogue_status_name(CATALOGUE_ACTIVE), "active");
    assert_string_equal(catalogue_attribute_name(CATALOGUE_ATTRIBUTE_MANUAL), "manual");
    assert_string_equal(catalogue_attribute_name(CATALOGUE_ATTRIBUTE_COUNT), "");
    catalogue_free(catalogue);
}

/* Lines 1-15; further lines of a case begin at 16. */
static const char whole[] = "[common]\n"
                            "material = ID | 证 / card | shown 1 | [S1:1]\n"
                            "[A-1]\n"
                            "name = 甲 / a\n"
                            "class = 行政\n"
                            "window = w\n"
                            "kind = 承诺 （推定）\n"
                            "decides = 站 镇\n"
                            "route = hub\n"
                            "basis = b\n"
                            "proxy = 是\n"
                            "in_person = no\n"
                            "home_visit = no\nmanual = no\nfee = none\n";

static const struct catalogue_bad {
    const char *more; /* behind whole */
    uint32_t line;    /* 0: must be fine */
    const char *words;
} catalogue_bad[] = {
    {"status = active\nvalid_from = 2026-01-01\n", 0, ""},
    {"status = 在办\nvalid_from = 2026-01-01\nmaterial = ID\nlimit = 5 wd | x\nshare = 20 30 50\n",
     0, ""},
    {"status = active\n", 3, "valid_from"},
    {"status = active\nvalid_from = 2026-02-30\n", 17, "2026-01-01"},
    {"status = gone\nvalid_from = 2026-01-01\n", 16, "withdrawn"},
    {"colour = red\n", 16, "colour"},
    {"kind = answer\n", 16, "kind 写了两次"},
    {"just words\n", 16, "名称 = 值"},
    {"limit = 5 h | x\n", 16, "10 wd"},
    {"limit = 0 wd | x\n", 16, "10 wd"},
    {"limit = 3661 wd | x\n", 16, "10 wd"},
    {"limit = 5 wd\n", 16, "10 wd"},
    {"limit = 5 wd | 段 | x\n", 16, "10 wd"},
    {"limit = 1 d|x\nlimit = 1 d|x\nlimit = 1 d|x\nlimit = 1 d|x\nlimit = 1 d|x\n", 20, "10 wd"},
    {"share = 20 30 51\n", 16, "sum 100"},
    {"share = 20 80\n", 16, "sum 100"},
    {"departments = police\n", 16, "POLICE"},
    {"departments = A B C D E F G H I\n", 16, "POLICE"},
    {"material = NO\n", 16, "[common]"},
    {"material = lower | 甲 / a | copy 1 |\n", 16, "大写"},
    {"material = ABCDEFGHIJKLMNOPQRSTUVWX | 甲 / a | copy 1 |\n", 16, "大写"},
    {"material = M | 甲 | copy 1 |\n", 16, "中文 / English"},
    {"material = M | 甲 / a | paper 1 |\n", 16, "中文 / English"},
    {"material = M | 甲 / a | copy 21 |\n", 16, "中文 / English"},
    {"material = M | 甲 / a | copy 1 perhaps |\n", 16, "中文 / English"},
    {"material = ID\nmaterial = ID\n", 17, "材料 ID 重复"},
    {"[A-1\n", 16, "[I51]"},
    {"[a]\n", 16, "[I51]"},
    {"[]\n", 16, "[I51]"},
    {"status = active\nvalid_from = 2026-01-01\n[A-1]\nname = 乙 / b\n", 18, "A-1"},
    {"status = elsewhere\nvalid_from = 2026-01-01\n", 3, "where"},
    {"statutory = 4 wd\nlimit = 5 wd | x\nstatus = active\nvalid_from = 2026-01-01\n", 3, "法定"},
    {"statutory = 4 d\nlimit = 5 wd | x\nstatus = active\nvalid_from = 2026-01-01\n", 0, ""},
    {"statutory = 5 wd\nlimit = 5 wd | x\nstatus = active\nvalid_from = 2026-01-01\n", 0, ""},
};

static void test_catalogue_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof catalogue_bad / sizeof catalogue_bad[0]; i++) {
        const struct catalogue_bad *bad = &catalogue_bad[i];
        struct catalogue *catalogue = NULL;
        struct text_errors errors;
        struct buf text;
        buf_init(&text, 10000);
        buf_put_text(&text, whole);
        buf_put_text(&text, bad->more);
        struct span file = buf_span(&text);
        text_errors_init(&errors);
        enum err err = catalogue_parse(&file, 1, &catalogue, &errors);
        buf_done(&text); /* the catalogue keeps its own texts */
        if (bad->line == 0) {
            assert_int_equal(err, ERR_NONE);
            assert_string_equal(item_of(catalogue, "A-1")->name_zh, "甲");
            assert_true(
                catalogue_item_is_inferred(item_of(catalogue, "A-1"), CATALOGUE_ATTRIBUTE_KIND));
        } else {
            assert_int_equal(err, ERR_MALFORMED);
            assert_null(catalogue);
            bool found = false;
            for (uint32_t k = 0; k < errors.count; k++) {
                found = found || (errors.list[k].line == bad->line &&
                                  strstr(errors.list[k].message, bad->words) != NULL);
            }
            if (!found) {
                fail_msg("case %zu: line %u: %s", i, text_errors_first(&errors)->line,
                         text_errors_first(&errors)->message);
            }
        }
        catalogue_free(catalogue);
    }
}

/* Attributes of one item that do not go together. */
static void test_catalogue_together(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *to;
        const char *words;
    } changes[] = {
        {"route = hub\n", "route = none\n", "route"},
        {"route = hub\n", "route = hub-district\n", "route"},
        {"decides = 站 镇", "decides = S", "route"},
        {"decides = 站 镇", "decides = D", "route"},
        {"in_person = no", "in_person = yes", "proxy"},
        {"kind = 承诺", "kind = joint", "departments"},
        {"fee = none", "fee = statutory 12.5 | x", "statutory 12.50"},
        {"fee = none", "fee = statutory 12.50", "statutory 12.50"},
        {"fee = none", "fee = none 3", "statutory 12.50"},
        {"fee = none", "fee = statutory 12.50 | x", NULL},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct catalogue *catalogue = NULL;
        struct text_errors errors;
        struct buf text;
        const char *at = strstr(whole, changes[i].from);
        assert_non_null(at);
        buf_init(&text, 10000);
        buf_put(&text, whole, (size_t)(at - whole));
        buf_put_text(&text, changes[i].to);
        buf_put_text(&text, at + strlen(changes[i].from));
        buf_put_text(&text, "status = active\nvalid_from = 2026-01-01\n");
        struct span file = buf_span(&text);
        text_errors_init(&errors);
        enum err err = catalogue_parse(&file, 1, &catalogue, &errors);
        if (changes[i].words == NULL) {
            assert_int_equal(err, ERR_NONE);
            assert_int_equal(item_of(catalogue, "A-1")->fee_minor, 1250);
            assert_string_equal(item_of(catalogue, "A-1")->fee_basis, "x");
        } else {
            assert_int_equal(err, ERR_MALFORMED);
            assert_non_null(strstr(text_errors_first(&errors)->message, changes[i].words));
        }
        catalogue_free(catalogue);
        buf_done(&text);
    }
}

static void test_catalogue_bounds(void **state)
{
    (void)state;
    struct catalogue *catalogue = NULL;
    struct text_errors errors;
    struct buf text;
    buf_init(&text, LIMIT_TEXT_FILE_SIZE);
    buf_put_text(&text, whole);
    buf_put_text(&text, "status = active\nvalid_from = 2026-01-01\n");
    for (int i = 0; i < CATALOGUE_MATERIAL_COUNT; i++) {
        buf_put_format(&text, "material = M%d | 甲 / a | copy 1 |\n", i);
    }
    const char *body = strstr(whole, "name");
    for (int i = 1; i < CATALOGUE_ITEM_COUNT; i++) {
        buf_put_format(&text, "[B%d]\n%sstatus = active\nvalid_from = 2026-01-01\n", i, body);
    }
    struct span file = buf_span(&text);
    text_errors_init(&errors);
    assert_int_equal(catalogue_parse(&file, 1, &catalogue, &errors), ERR_NONE);
    assert_int_equal(catalogue_item_count(catalogue), CATALOGUE_ITEM_COUNT);
    assert_int_equal(item_of(catalogue, "A-1")->material_count, CATALOGUE_MATERIAL_COUNT);
    catalogue_free(catalogue);
    catalogue = NULL;
    buf_put_text(&text, "material = M | 甲 / a | copy 1 |\n");
    for (int i = 0; i < CATALOGUE_MATERIAL_COUNT; i++) {
        buf_put_format(&text, "material = M%d | 甲 / a | copy 1 |\n", i);
    }
    file = buf_span(&text);
    assert_int_equal(catalogue_parse(&file, 1, &catalogue, &errors), ERR_MALFORMED);
    assert_int_equal(errors.total, 1);
    buf_put_format(&text, "[C]\n[D]\n");
    file = buf_span(&text);
    assert_int_equal(catalogue_parse(&file, 1, &catalogue, &errors), ERR_LIMIT);
    assert_null(catalogue);
    buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policy_values),     cmocka_unit_test(test_policy_lines),
        cmocka_unit_test(test_policy_each),       cmocka_unit_test(test_policy_rows),
        cmocka_unit_test(test_catalogue_items),   cmocka_unit_test(test_catalogue_details),
        cmocka_unit_test(test_catalogue_refused), cmocka_unit_test(test_catalogue_together),
        cmocka_unit_test(test_catalogue_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
