#include "views_rig.h"

/* Findings of what ought to be there and is not: before its day is over, and behind it. */

enum { FOUND = 64 };

struct found {
    size_t count;
    struct views_finding finding[FOUND];
};

static void take(void *context, const struct views_finding *finding)
{
    struct found *found = context;
    assert_true(found->count < FOUND);
    found->finding[found->count++] = *finding;
}

static void at(struct rig *rig, const char *now)
{
    rig->source.now_ms = rig_ms(now);
}

struct expected {
    const char *rule;
    size_t count;
};

static void count_rule(void *context, const struct views_finding *finding)
{
    struct expected *expected = context;
    expected->count += strcmp(finding->rule->name, expected->rule) == 0 ? 1 : 0;
}

static size_t missing(struct rig *rig, const char *rule, const char *from, const char *until)
{
    struct expected expected = {rule, 0};
    struct views_scope scope = rig_scope(from, until);
    scope.station = rig->station[0].device;
    assert_int_equal(views_findings(&rig->source, &scope, count_rule, &expected), ERR_NONE);
    return expected.count;
}

/* R47 R66 R67 R68 R113: what is not there, from the day the station began. */
static void test_expected(void **state)
{
    struct rig *rig = rig_new("2026-03-08 23:00"); /* began on Monday the 2nd */
    (void)state;
    assert_int_equal(missing(rig, "inspection-missing", "2026-01-01", "2026-12-31"), 0);
    assert_int_equal(missing(rig, "rota-gap", "2026-01-01", "2026-12-31"), 6);
    assert_int_equal(missing(rig, "summary-missing", "2026-01-01", "2026-12-31"), 5);
    at(rig, "2026-03-09 00:00");
    assert_int_equal(missing(rig, "inspection-missing", "2026-01-01", "2026-12-31"), 1);
    assert_int_equal(missing(rig, "inspection-missing", "2026-03-09", "2026-03-09"), 1);
    assert_int_equal(missing(rig, "inspection-missing", "2026-03-10", "2026-12-31"), 0);
    assert_int_equal(missing(rig, "rota-gap", "2026-01-01", "2026-12-31"), 7);
    struct record *inspection = rig_add(rig, MACHINE_INSPECTION, "clean", 1);
    put_time(inspection, FIELD_told_ms, "2026-03-08 17:00");
    put(inspection, FIELD_kind, 2);
    assert_int_equal(missing(rig, "inspection-missing", "2026-01-01", "2026-12-31"), 1);
    put(inspection, FIELD_kind, 1);
    assert_int_equal(missing(rig, "inspection-missing", "2026-01-01", "2026-12-31"), 0);
    rig_policy(rig, "inspection.per_week", "2");
    assert_int_equal(missing(rig, "inspection-missing", "2026-01-01", "2026-12-31"), 1);
    /* P12: the third working day of the next month; the first whole month is April. */
    at(rig, "2026-05-08 23:00"); /* 1 to 5 May off: 6, 7, 8 */
    assert_int_equal(missing(rig, "report-missing", "2026-01-01", "2026-12-31"), 0);
    at(rig, "2026-05-09 00:00");
    assert_int_equal(missing(rig, "report-missing", "2026-01-01", "2026-12-31"), 1);
    struct record *report = rig_add(rig, MACHINE_REPORT, "submitted", 1);
    put(report, FIELD_kind, 3);
    put_day(report, FIELD_from_day, "2026-04-01");
    put_day(report, FIELD_until_day, "2026-04-30");
    assert_int_equal(missing(rig, "report-missing", "2026-01-01", "2026-12-31"), 0);
    at(rig, "2026-07-01 00:00");
    assert_int_equal(missing(rig, "meeting-missing", "2026-01-01", "2026-12-31"), 1);
    rig_free(rig);
}

static size_t wanting(struct rig *rig, const char *rule, const char *from, const char *until,
                      struct found *found)
{
    struct views_scope scope = rig_scope(from, until);
    size_t count = 0;
    scope.station = rig->station[0].device;
    *found = (struct found){0};
    assert_int_equal(views_wanting(&rig->source, &scope, take, found), ERR_NONE);
    for (size_t i = 0; i < found->count; i++) {
        if (strcmp(found->finding[i].rule->name, rule) == 0) {
            found->finding[count++] = found->finding[i];
        }
    }
    return count;
}

/* R50, R67: what this week, half-month and quarter still want, before anybody is late. */
static void test_wanting(void **state)
{
    struct rig *rig = rig_new("2026-03-11 09:00");
    struct found found;
    (void)state;
    assert_int_equal(wanting(rig, "inspection-missing", "2026-03-09", "2026-03-15", &found), 1);
    assert_int_equal(missing(rig, "inspection-missing", "2026-03-09", "2026-03-15"), 1);
    struct record *inspection = rig_add(rig, MACHINE_INSPECTION, "clean", 1);
    put_time(inspection, FIELD_told_ms, "2026-03-10 17:00");
    put(inspection, FIELD_kind, 1);
    assert_int_equal(wanting(rig, "inspection-missing", "2026-03-09", "2026-03-15", &found), 0);
    at(rig, "2026-03-20 09:00"); /* the half-month goes on after the week */
    for (uint8_t leader = 5; leader <= 6; leader++) {
        struct record *duty = rig_add(rig, MACHINE_DUTY, leader == 5 ? "ended" : "planned", 1);
        put(duty, FIELD_kind, 2);
        put_day(duty, FIELD_from_day, "2026-03-18");
        put_staff(duty, FIELD_people, leader);
        put_staff(duty, FIELD_handler, leader);
    }
    assert_int_equal(wanting(rig, "leader-duty-few", "2026-03-16", "2026-03-22", &found), 1);
    assert_int_equal(found.finding[0].staff[0], 6);
    assert_int_equal(found.finding[0].cause, VIEWS_CAUSE_PERSON);
    assert_int_equal(found.finding[0].recomputed, 1);
    assert_int_equal(missing(rig, "leader-duty-few", "2026-03-16", "2026-03-31"), 0);
    at(rig, "2026-04-01 00:00");
    assert_int_equal(missing(rig, "leader-duty-few", "2026-04-01", "2026-04-01"), 1);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expected),
        cmocka_unit_test(test_wanting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
