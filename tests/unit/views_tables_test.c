#include "views_rig.h"

/* The tables themselves: every name in them means something, and the headings are the book's. */

static void states_are_known(enum machine_id machine, const struct views_test *tests,
                             const char *name)
{
    for (size_t i = 0; i < VIEWS_TESTS && tests[i].op != VIEWS_ANY; i++) {
        bool named = tests[i].op == VIEWS_IN || tests[i].op == VIEWS_NOT_IN;
        if (named && views_states(machine, tests[i].states) == 0) {
            fail_msg("%s: unknown state in \"%s\"", name, tests[i].states);
        }
        bool policy = tests[i].op == VIEWS_OVER_POLICY || tests[i].op == VIEWS_REACHES ||
                      tests[i].op == VIEWS_OVERRUN;
        if (policy && policy_info(tests[i].policy) == NULL) {
            fail_msg("%s: no policy", name);
        }
    }
}

static void regimes_are_good(const char *regimes, const char *name)
{
    if (regimes[0] == 0) {
        fail_msg("%s: no regime", name);
    }
    for (const char *at = regimes; *at != 0; at += at[3] == ' ' ? 4 : strlen(at)) {
        int number = at[0] == 'R' ? (at[1] - '0') * 10 + (at[2] - '0') : 0;
        bool hundred = number >= 10 && number <= 12 && at[3] >= '0' && at[3] <= '9';
        if (hundred) {
            at++;
        }
        if (number < 1 || (at[3] != 0 && at[3] != ' ')) {
            fail_msg("%s: \"%s\"", name, regimes);
        }
    }
}

static void test_views(void **state)
{
    (void)state;
    assert_true(views_count() >= 35);
    assert_null(views_at(views_count()));
    for (size_t i = 0; i < views_count(); i++) {
        const struct views_view *view = views_at(i);
        size_t count = views_column_count(view);
        assert_ptr_equal(views_find(view->name), view);
        regimes_are_good(view->regimes, view->name);
        assert_true(count > 0 && view->zh[0] != 0 && view->en[0] != 0 && view->article[0] != 0);
        states_are_known(view->machine, view->where, view->name);
        if (view->states != NULL && views_states(view->machine, view->states) == 0) {
            fail_msg("%s: \"%s\"", view->name, view->states);
        }
        for (size_t k = 0; k < count; k++) {
            const struct views_column *column = &view->columns[k];
            enum machine_id of = column->of == MACHINE_NONE ? view->machine : column->of;
            states_are_known(of, column->tests, column->name);
            assert_true(column->zh[0] != 0 && column->en[0] != 0);
            for (size_t m = 0; m < k; m++) {
                assert_string_not_equal(view->columns[m].name, column->name);
            }
        }
    }
    assert_ptr_equal(views_find("F14"), views_find("service-ledger"));
    assert_null(views_find("nothing"));
}

static void test_indicators(void **state)
{
    (void)state;
    for (size_t i = 0; i < views_kpi_count(); i++) {
        const struct views_kpi *kpi = views_kpi_at(i);
        assert_ptr_equal(views_kpi_find(kpi->name), kpi);
        regimes_are_good(kpi->regimes, kpi->name);
        states_are_known(kpi->machine, kpi->of, kpi->name);
        states_are_known(kpi->machine, kpi->good, kpi->name);
        assert_true((kpi->not_computable == NULL) == (kpi->of[0].op != VIEWS_ANY));
    }
    assert_null(views_kpi_find("nothing"));
    assert_non_null(views_kpi_find("duty-phone")->not_computable);
}

/* T01..T25 of 1.H: each is on a row, and a row says whether a machine or people raise it. */
static void test_findings(void **state)
{
    (void)state;
    char trigger[8];
    for (size_t i = 0; i < views_rule_count(); i++) {
        const struct views_rule *rule = views_rule_at(i);
        assert_ptr_equal(views_rule_find(rule->name), rule);
        regimes_are_good(rule->regimes, rule->name);
        states_are_known(rule->machine, rule->where, rule->name);
        assert_true((rule->by_people != NULL) == (rule->machine == MACHINE_NONE));
        assert_true(rule->deducts <= 5);
    }
    for (int number = 1; number <= 25; number++) {
        bool found = false;
        (void)snprintf(trigger, sizeof trigger, "T%02d", number);
        for (size_t i = 0; i < views_rule_count(); i++) {
            found = found || strstr(views_rule_at(i)->triggers, trigger) != NULL;
        }
        if (!found) {
            fail_msg("no row for %s", trigger);
        }
    }
}

/* Verbs of the findings' events are verbs of their machines. */
static void test_verbs(void **state)
{
    (void)state;
    for (size_t i = 0; i < views_rule_count(); i++) {
        const struct views_rule *rule = views_rule_at(i);
        for (const char *at = rule->verbs == NULL ? "" : rule->verbs; *at != 0;) {
            size_t size = strcspn(at, " ");
            const struct rule_name *verb = rule_machine(rule->machine)->verbs;
            while (verb->name != NULL &&
                   (strlen(verb->name) != size || strncmp(verb->name, at, size) != 0)) {
                verb++;
            }
            if (verb->name == NULL) {
                fail_msg("%s: \"%s\"", rule->name, at);
            }
            at += size;
            at += strspn(at, " ");
        }
    }
}

static void headings(const char *form, const char *const *wanted, size_t count)
{
    const struct views_view *view = views_find(form);
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        for (size_t k = 0; k < views_column_count(view); k++) {
            found = found || strcmp(view->columns[k].zh, wanted[i]) == 0;
        }
        if (!found) {
            fail_msg("%s has no column %s", form, wanted[i]);
        }
    }
}

/* The exact columns of 3-forms.md. */
static void test_headings(void **state)
{
    static const char *const f04[] = {"首次接待时间", "首问责任人姓名", "办事群众姓名", "办理事项",
                                      "办理期限",     "办理情况",       "办结日期",     "联系电话"};
    static const char *const f14[] = {"受理时间", "服务事项", "来访人员",
                                      "受理人员", "办理结果", "办结时间"};
    static const char *const f16[] = {"设备编号", "启用时间", "使用部门", "报废日期", "原因"};
    (void)state;
    headings("F04", f04, sizeof f04 / sizeof *f04);
    headings("F14", f14, sizeof f14 / sizeof *f14);
    headings("F16", f16, sizeof f16 / sizeof *f16);
}

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(views_word_zh(VIEWS_WORDS_CHANNEL, 2), "来电");
    assert_string_equal(views_word_en(VIEWS_WORDS_GRADE, 3), "not qualified");
    assert_string_equal(views_word_zh(VIEWS_WORDS_GRADE, 4), "");
}

static void period(enum policy_period kind, const char *day, const char *from, const char *until)
{
    int32_t first = 0;
    int32_t last = 0;
    views_period(kind, rig_day(day), &first, &last);
    assert_int_equal(first, rig_day(from));
    assert_int_equal(last, rig_day(until));
}

static void test_periods(void **state)
{
    (void)state;
    period(POLICY_PERIOD_DAY, "2026-03-16", "2026-03-16", "2026-03-16");
    period(POLICY_PERIOD_WEEK, "2026-03-16", "2026-03-16", "2026-03-22");
    period(POLICY_PERIOD_WEEK, "2026-03-15", "2026-03-09", "2026-03-15");
    period(POLICY_PERIOD_MONTH, "2028-02-29", "2028-02-01", "2028-02-29");
    period(POLICY_PERIOD_QUARTER, "2026-12-31", "2026-10-01", "2026-12-31");
    period(POLICY_PERIOD_HALF_YEAR, "2026-06-30", "2026-01-01", "2026-06-30");
    period(POLICY_PERIOD_YEAR, "2026-03-16", "2026-01-01", "2026-12-31");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views),    cmocka_unit_test(test_indicators),
        cmocka_unit_test(test_findings), cmocka_unit_test(test_verbs),
        cmocka_unit_test(test_headings), cmocka_unit_test(test_words),
        cmocka_unit_test(test_periods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
