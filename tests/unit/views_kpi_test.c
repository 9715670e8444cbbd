#include "views_rig.h"

/* Indicators: both halves, borders, what is left out. */

static struct views_kpi_result result_of(struct rig *rig, const char *name,
                                         const struct views_scope *scope)
{
    struct views_kpi_result results[32];
    assert_true(views_kpi_count() <= 32);
    views_kpi_all(&rig->source, scope, results);
    return results[views_kpi_find(name) - views_kpi_at(0)];
}

static void check(struct rig *rig, const char *name, uint64_t good, uint64_t of)
{
    const struct views_scope march = rig_scope("2026-03-01", "2026-03-31");
    struct views_kpi_result result = result_of(rig, name, &march);
    if (result.good != good || result.of != of) {
        fail_msg("%s: %d/%d, wanted %d/%d", name, (int)result.good, (int)result.of, (int)good,
                 (int)of);
    }
}

/* R85 */
static void test_on_time(void **state)
{
    struct rig *rig = rig_new("2026-03-16 09:00");
    (void)state;
    put_time(rig_case(rig, "archived", "2026-03-02 09:00", "2026-03-09"), FIELD_finished_ms,
             "2026-03-09 23:59"); /* on the day */
    put_time(rig_case(rig, "archived", "2026-03-02 09:00", "2026-03-09"), FIELD_finished_ms,
             "2026-03-10 00:00");                                  /* a day after */
    rig_case(rig, "processing", "2026-03-02 09:00", "2026-03-15"); /* late */
    rig_case(rig, "processing", "2026-03-02 09:00", "2026-03-16"); /* today: not settled */
    rig_case(rig, "suspended", "2026-03-02 09:00", "2026-03-10");  /* its clock stands */
    rig_case(rig, "returned", "2026-03-02 09:00", "2026-03-10");   /* and starts anew */
    rig_case(rig, "withdrawn", "2026-03-02 09:00", "2026-03-10");  /* or is gone */
    rig_case(rig, "archived", "2026-03-02 09:00", "2026-03-10");   /* and filed */
    rig_case(rig, "examining", "2026-03-02 09:00", "");            /* never accepted */
    put_time(rig_case(rig, "archived", "2026-02-20 09:00", "2026-02-28"), FIELD_finished_ms,
             "2026-03-02 09:00"); /* due in February */
    check(rig, "on-time", 1, 3);
    check(rig, "done-at-once", 3, 3);
    rig->source.now_ms = rig_ms("2026-03-17 00:00");
    check(rig, "on-time", 1, 4);
    rig_free(rig);
}

/* 95 of 100 reach 95 %, 94 do not; nothing counted is met. */
static void test_target(void **state)
{
    struct rig *rig = rig_new("2026-03-31 09:00");
    const struct views_scope march = rig_scope("2026-03-01", "2026-03-31");
    (void)state;
    struct views_kpi_result result = result_of(rig, "on-time", &march);
    assert_int_equal(result.target, 95);
    assert_true(result.met && result.of == 0 && result.per_mille == 1000);
    for (int i = 0; i < 100; i++) {
        put_time(rig_case(rig, "archived", "2026-03-02 09:00", "2026-03-09"), FIELD_finished_ms,
                 i < 95 ? "2026-03-09 10:00" : "2026-03-11 10:00");
    }
    result = result_of(rig, "on-time", &march);
    assert_true(result.met && result.good == 95 && result.of == 100 && result.per_mille == 950);
    put_time(rig->record[0], FIELD_finished_ms, "2026-03-10 10:00");
    result = result_of(rig, "on-time", &march);
    assert_true(!result.met && result.good == 94);
    rig_policy(rig, "kpi.on_time", "94 %");
    result = result_of(rig, "on-time", &march);
    assert_true(result.met && result.target == 94);
    rig_free(rig);
}

/* R01 R38 */
static void test_contacts(void **state)
{
    static const char *const states[] = {"open",     "offered",     "answered", "told_where",
                                         "archived", "became_case", "ended"};
    struct rig *rig = rig_new("2026-03-31 09:00");
    (void)state;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        put_time(rig_add(rig, MACHINE_CONTACT, states[i], 1), FIELD_opened_ms, "2026-03-02 09:00");
    }
    check(rig, "first-contact-accept", 5, 7);
    struct record *taken = rig_add(rig, MACHINE_CONTACT, "open", 1); /* handed over and taken */
    put_time(taken, FIELD_opened_ms, "2026-03-31 09:00");
    put_staff(taken, FIELD_receiver, 9);
    put_staff(taken, FIELD_handler, 9);
    check(rig, "first-contact-accept", 6, 8);
    put_staff(taken, FIELD_handler, 8); /* handed over, not taken */
    check(rig, "first-contact-accept", 5, 8);
    struct record *told = rig_case(rig, "handed", "2026-03-02 09:00", "2026-03-09");
    put_record(told, FIELD_contact, taken);
    put_time(told, FIELD_finished_ms, "2026-03-05 09:00");
    check(rig, "first-contact-closed", 0, 1);
    put_time(told, FIELD_told_ms, "2026-03-06 09:00");
    check(rig, "first-contact-closed", 1, 1);
    rig_free(rig);
}

/* R38 */
static void test_appointments(void **state)
{
    static const char *const states[] = {
        "requested",           "assigned", "kept",     "missed_by_us",
        "missed_by_applicant", "refused",  "cancelled"};
    struct rig *rig = rig_new("2026-03-16 09:00");
    (void)state;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        struct record *record = rig_add(rig, MACHINE_APPOINTMENT, states[i], 1);
        put_time(record, FIELD_opened_ms, "2026-03-02 09:00");
        put_time(record, FIELD_agreed_ms, "2026-03-10 09:00");
        if (i >= 1 && i <= 4) {
            put_staff(record, FIELD_handler, 7);
        }
        if (i >= 2) {
            put_time(record, FIELD_finished_ms, "2026-03-10 11:00");
        }
    }
    check(rig, "appointment-accept", 4, 5);
    check(rig, "appointment-on-time", 1, 4);
    check(rig, "appointment-duration", 1, 1);
    put_time(rig->record[2], FIELD_finished_ms, "2026-03-10 11:01"); /* two hours and a minute */
    check(rig, "appointment-duration", 0, 1);
    check(rig, "appointment-on-time", 1, 4);
    put_time(rig->record[2], FIELD_finished_ms, "2026-03-11 08:00");
    check(rig, "appointment-on-time", 0, 4);
    rig_free(rig);
}

/* R04 R35 R37 R73 R17 R25 R33 */
static void test_others(void **state)
{
    struct rig *rig = rig_new("2026-03-31 09:00");
    (void)state;
    for (uint64_t rating = 1; rating <= 5; rating++) {
        struct record *record = rig_case(rig, "rated", "2026-03-02 09:00", "2026-03-09");
        put_time(record, FIELD_finished_ms, "2026-03-09 09:00");
        put_time(record, FIELD_rated_ms, "2026-03-09 10:00");
        put_time(record, FIELD_handed_ms, "2026-03-09 09:30");
        put(record, FIELD_rating, rating);
        put(record, FIELD_proxy, rating <= 2 ? 1 : 0);
        put(record, FIELD_deficiency_count, rating - 1);
        put(record, FIELD_visits, 3 - rating / 2);
        put(record, FIELD_extension_count, rating == 1 ? 1 : 0);
    }
    check(rig, "satisfaction", 2, 5);
    check(rig, "proxy-rated", 2, 2);
    put(rig->record[0], FIELD_rating, 0);
    check(rig, "proxy-rated", 1, 2);
    check(rig, "satisfaction", 1, 4);
    check(rig, "done-at-once", 1, 5); /* second: one notice, two visits */
    check(rig, "extension-rate", 1, 5);
    struct record *up = rig_case(rig, "referred_up", "2026-03-02 09:00", "2026-03-09");
    put_day(up, FIELD_report_up_due_day, "2026-03-03");
    put_time(up, FIELD_handed_up_ms, "2026-03-03 17:00");
    check(rig, "hand-up-on-time", 1, 1);
    put_time(up, FIELD_handed_up_ms, "2026-03-04 00:00");
    check(rig, "hand-up-on-time", 0, 1);
    put_day(up, FIELD_tell_due_day, "2026-03-10");
    put_time(up, FIELD_told_ms, "2026-03-10 17:00");
    check(rig, "result-told", 1, 1);
    rig_free(rig);
}

/* R70 R74 */
static void test_complaints(void **state)
{
    struct rig *rig = rig_new("2026-03-16 09:00");
    (void)state;
    struct record *complaint = rig_add(rig, MACHINE_COMPLAINT, "investigating", 1);
    put_day(complaint, FIELD_due_day, "2026-03-16");
    check(rig, "complaint-reply", 0, 0);
    rig->source.now_ms = rig_ms("2026-03-17 09:00");
    check(rig, "complaint-reply", 0, 1);
    put_time(complaint, FIELD_told_ms, "2026-03-16 20:00");
    check(rig, "complaint-reply", 1, 1);
    struct record *survey = rig_add(rig, MACHINE_SURVEY, "closed", 1);
    put_time(survey, FIELD_opened_ms, "2026-03-02 09:00");
    put(survey, FIELD_total_rated, 40);
    put(survey, FIELD_points, 33);
    check(rig, "survey-satisfaction", 33, 40);
    check(rig, "duty-phone", 0, 0);
    rig_free(rig);
}

struct seen {
    size_t count;
    size_t good;
    uint8_t last;
};

static bool see(void *context, const struct record *record, bool good)
{
    struct seen *seen = context;
    assert_true(record->id[LIMIT_ID_SIZE - 1] > seen->last); /* by id */
    seen->last = record->id[LIMIT_ID_SIZE - 1];
    seen->count++;
    seen->good += good ? 1 : 0;
    return true;
}

/* Every record behind a number can be listed; station and person narrow it. */
static void test_cases(void **state)
{
    struct rig *rig = rig_new("2026-03-31 09:00");
    struct views_scope march = rig_scope("2026-03-01", "2026-03-31");
    struct seen seen = {0};
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct record *record = rig_case(rig, "archived", "2026-03-02 09:00", "2026-03-09");
        memset(record->station, i % 2 + 1, LIMIT_KEY_SIZE);
        put_staff(record, FIELD_first_responsible, i < 4 ? 7 : 8);
        put_time(record, FIELD_finished_ms, i < 3 ? "2026-03-09 09:00" : "2026-03-10 09:00");
    }
    const struct views_kpi *kpi = views_kpi_find("on-time");
    assert_int_equal(views_kpi_cases(&rig->source, kpi, &march, see, &seen), ERR_NONE);
    assert_true(seen.count == 6 && seen.good == 3);
    march.station = rig->station[1].device;
    struct views_kpi_result result = result_of(rig, "on-time", &march);
    assert_true(result.of == 3 && result.good == 1);
    uint8_t staff[LIMIT_ID_SIZE];
    memset(staff, 8, sizeof staff);
    march.staff = staff;
    result = result_of(rig, "on-time", &march);
    assert_true(result.of == 1 && result.good == 0);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_on_time),  cmocka_unit_test(test_target),
        cmocka_unit_test(test_contacts), cmocka_unit_test(test_appointments),
        cmocka_unit_test(test_others),   cmocka_unit_test(test_complaints),
        cmocka_unit_test(test_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
