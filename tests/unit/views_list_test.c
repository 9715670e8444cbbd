#include "views_shown.h"

/* What views show, row by row. */

/* R02: a contact that became a case shows the case's limit, progress and end. */
static void test_first_contacts(void **state)
{
    struct rig *rig = rig_new("2026-03-16 09:00");
    const struct views_scope march = rig_scope("2026-03-01", "2026-03-31");
    (void)state;
    struct record *contact = rig_add(rig, MACHINE_CONTACT, "became_case", 1);
    put_time(contact, FIELD_opened_ms, "2026-03-31 23:59");
    put_staff(contact, FIELD_first_responsible, 7);
    put_code(contact, FIELD_item, "I02");
    put(contact, FIELD_channel, 1);
    struct record *served = rig_case(rig, "archived", "2026-03-02 09:00", "2026-03-09");
    put_time(served, FIELD_finished_ms, "2026-03-08 10:00");
    put_record(contact, FIELD_case_record, served);
    struct record *first = rig_add(rig, MACHINE_CONTACT, "open", 1);
    put_time(first, FIELD_opened_ms, "2026-03-01 00:00");
    put(first, FIELD_channel, 2);
    put_time(rig_add(rig, MACHINE_CONTACT, "open", 1), FIELD_opened_ms, "2026-04-01 00:00");
    struct shown *shown = show(rig, "F04", &march, 0, 0);
    assert_int_equal(shown->count, 2);
    CELL(0, "received", "2026-03-01 00:00");
    CELL(0, "progress", "接待");
    CELL(0, "client", "*1@3");
    CELL(0, "due", "");
    CELL(1, "number", "@1");
    CELL(1, "responsible", "#7");
    CELL(1, "item", "老年证");
    CELL(1, "due", "2026-03-09");
    CELL(1, "progress", "归档");
    CELL(1, "finished", "2026-03-08");
    CELL(1, "channel", "来访");
    CELL(1, "phone", "*2@1");
    shown_free(shown);
    shown = show(rig, "F06", &march, 0, 0); /* R05: calls only */
    assert_int_equal(shown->count, 1);
    CELL(0, "number", "@3");
    shown_free(shown);
    shown = show(rig, "open-contacts", &march, 0, 0);
    assert_int_equal(shown->count, 3); /* oldest first, whatever the period */
    CELL(0, "number", "@3");
    shown_free(shown);
    rig_free(rig);
}

/* R15, P11: a fifth of ten days is two: amber two working days before, red on the day. */
static void test_due(void **state)
{
    static const struct {
        const char *now;
        const char *light;
        const char *left;
    } days[] = {
        {"2026-03-11 09:00", "正常", "3"}, {"2026-03-12 00:00", "预警", "2"},
        {"2026-03-13 09:00", "预警", "1"}, {"2026-03-15 09:00", "预警", "1"},
        {"2026-03-16 23:59", "告急", "0"}, {"2026-03-17 00:00", "超期", "-1"},
    };
    struct rig *rig = rig_new("2026-03-11 09:00");
    const struct views_scope any = rig_scope("2026-03-01", "2026-03-31");
    (void)state;
    rig_case(rig, "processing", "2026-03-02 09:00", "2026-03-16");
    rig_case(rig, "suspended", "2026-03-02 09:00", "2026-03-10");
    rig_case(rig, "returned", "2026-03-02 09:00", "2026-03-10");
    rig_case(rig, "examining", "2026-03-02 09:00", "");
    put_time(rig_case(rig, "finished", "2026-03-02 09:00", "2026-03-10"), FIELD_finished_ms,
             "2026-03-09 09:00");
    rig_case(rig, "accepted", "2026-03-02 09:00", "2026-03-27");
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        rig->source.now_ms = rig_ms(days[i].now);
        struct shown *shown = show(rig, "due", &any, 0, 0);
        assert_int_equal(shown->count, 2);
        CELL(0, "number", "@1");
        CELL(0, "light", days[i].light);
        CELL(0, "days_left", days[i].left);
        CELL(1, "number", "@6");
        shown_free(shown);
        shown = show(rig, "warnings", &any, 0, 0);
        assert_int_equal(shown->count, i == 0 ? 0 : 1);
        shown_free(shown);
    }
    rig_free(rig);
}

/* R66: the headings of F14; overdue working days; back-entered ones are marked. */
static void test_ledger(void **state)
{
    struct rig *rig = rig_new("2026-03-18 09:00");
    const struct views_scope march = rig_scope("2026-03-01", "2026-03-31");
    (void)state;
    struct record *late = rig_case(rig, "archived", "2026-03-02 09:00", "2026-03-06");
    put_time(late, FIELD_finished_ms, "2026-03-09 09:00");
    put(late, FIELD_decision, 1);
    struct record *open = rig_case(rig, "processing", "2026-03-03 09:00", "2026-03-16");
    put_code(open, FIELD_paper_serial, "P-0007");
    struct record *good = rig_case(rig, "refused", "2026-03-04 09:00", "2026-03-18");
    put_time(good, FIELD_finished_ms, "2026-03-18 17:00");
    put(good, FIELD_decision, 2);
    struct shown *shown = show(rig, "F14", &march, 0, 0);
    assert_int_equal(shown->count, 3);
    CELL(0, "result", "准予");
    CELL(0, "overdue_days", "1"); /* Friday to Monday */
    CELL(1, "overdue_days", "2");
    CELL(1, "result", "承办");
    CELL(1, "back_entered", "P-0007");
    CELL(2, "overdue_days", "");
    CELL(2, "result", "不予许可");
    CELL(2, "kind", "报批件");
    shown_free(shown);
    /* Pages: total is of all. */
    shown = show(rig, "F14", &march, 1, 1);
    assert_true(shown->count == 1 && shown->total == 3);
    CELL(0, "number", "@2");
    shown_free(shown);
    shown = show(rig, "F14", &march, 3, 1);
    assert_true(shown->count == 0 && shown->total == 3);
    shown_free(shown);
    rig_free(rig);
}

/* R30: the proxy ledger; R25: results to tell and told. */
static void test_proxy_and_results(void **state)
{
    struct rig *rig = rig_new("2026-03-18 09:00");
    const struct views_scope march = rig_scope("2026-03-01", "2026-03-31");
    (void)state;
    struct record *proxy = rig_case(rig, "result_at_station", "2026-03-02 09:00", "2026-03-16");
    put(proxy, FIELD_proxy, 1);
    put_staff(proxy, FIELD_agent, 9);
    put_day(proxy, FIELD_tell_due_day, "2026-03-12");
    rig_case(rig, "processing", "2026-03-03 09:00", "2026-03-17");
    struct shown *shown = show(rig, "F08", &march, 0, 0);
    assert_int_equal(shown->count, 1);
    CELL(0, "agent", "#9");
    CELL(0, "entrusted", "2026-03-02 09:00");
    shown_free(shown);
    shown = show(rig, "results-to-tell", &march, 0, 0);
    assert_int_equal(shown->count, 1);
    CELL(0, "tell_due", "2026-03-12");
    shown_free(shown);
    put_time(proxy, FIELD_told_ms, "2026-03-12 11:00");
    put(proxy, FIELD_mode, 3);
    shown = show(rig, "results-to-tell", &march, 0, 0);
    assert_int_equal(shown->count, 0);
    shown_free(shown);
    shown = show(rig, "results-told", &march, 0, 0);
    assert_int_equal(shown->count, 1);
    CELL(0, "mode", "电话");
    shown_free(shown);
    rig_free(rig);
}

/* R47: Monday to Sunday; R93, X22: the six that must hang on the wall. */
static void test_slots(void **state)
{
    static const char *const duty_days[] = {"2026-03-16", "2026-03-17", "2026-03-19", "2026-03-22"};
    struct rig *rig = rig_new("2026-03-18 09:00");
    struct views_scope week = rig_scope("2026-03-16", "2026-03-22");
    (void)state;
    week.station = rig->station[0].device;
    for (size_t i = 0; i < 4; i++) {
        struct record *duty = rig_add(rig, MACHINE_DUTY, i == 2 ? "cancelled" : "planned", 1);
        put(duty, FIELD_kind, 1);
        put_day(duty, FIELD_from_day, duty_days[i]);
    }
    struct shown *shown = show(rig, "roster-gaps", &week, 0, 0);
    assert_int_equal(shown->count, 4);
    CELL(0, "day", "2026-03-18");
    CELL(1, "day", "2026-03-19"); /* cancelled */
    CELL(3, "day", "2026-03-21");
    CELL(0, "there", "0");
    CELL(0, "station", "V01");
    shown_free(shown);
    rig_policy(rig, "rota.days ", "5");
    shown = show(rig, "roster-gaps", &week, 0, 0);
    assert_int_equal(shown->count, 3); /* no Saturday */
    shown_free(shown);
    for (uint64_t kind = 1; kind <= 5; kind++) {
        struct record *board = rig_add(rig, MACHINE_BOARD, kind == 2 ? "drafted" : "posted", 1);
        put(board, FIELD_kind, kind);
        put_time(board, FIELD_told_ms, "2026-03-02 09:00");
        put_day(board, FIELD_until_day, kind == 3 ? "2026-03-17" : "2026-03-18");
    }
    shown = show(rig, "board", &week, 0, 0);
    assert_int_equal(shown->count, 6);
    CELL(0, "regime", "首问责任");
    CELL(0, "missing", "");
    CELL(0, "posted", "2026-03-02");
    CELL(1, "missing", "缺"); /* only drafted */
    CELL(2, "missing", "缺"); /* expired yesterday */
    CELL(3, "missing", "");
    CELL(5, "missing", "缺");
    shown_free(shown);
    rig_free(rig);
}

/* R53: late at most half an hour, absent, on leave; minutes short. */
static void test_attendance(void **state)
{
    static const uint64_t status[] = {1, 2, 3, 4, 5, 6, 2};
    struct rig *rig = rig_new("2026-03-18 09:00");
    const struct views_scope week = rig_scope("2026-03-16", "2026-03-22");
    (void)state;
    for (size_t i = 0; i < 7; i++) {
        struct record *record = rig_add(rig, MACHINE_ATTENDANCE, "left", 1);
        put_time(record, FIELD_opened_ms, "2026-03-16 08:30");
        put_staff(record, FIELD_staff, 7);
        put(record, FIELD_day_status, status[i]);
        put(record, FIELD_short_ms, i == 2 ? 29 * 60000 + 59999 : i == 6 ? 60000 : 0);
    }
    put_staff(rig->record[0], FIELD_staff, 5);
    struct shown *shown = show(rig, "F21", &week, 0, 0);
    assert_int_equal(shown->count, 2);
    CELL(0, "staff", "#5");
    CELL(1, "staff", "#7");
    CELL(1, "days", "6");
    CELL(1, "good", "2");
    CELL(1, "late", "1");
    CELL(1, "absent", "1");
    CELL(1, "truant", "1");
    CELL(1, "leave", "1");
    CELL(1, "early", "1");
    CELL(1, "short", "30");
    shown_free(shown);
    rig_free(rig);
}

/* R66, R68: the day's summary and the month's figures, station by station. */
static void test_figures(void **state)
{
    struct rig *rig = rig_new("2026-03-18 09:00");
    const struct views_scope march = rig_scope("2026-03-01", "2026-03-31");
    const struct views_scope day = rig_scope("2026-03-10", "2026-03-10");
    (void)state;
    struct record *late = rig_case(rig, "archived", "2026-03-02 09:00", "2026-03-09");
    put_time(late, FIELD_finished_ms, "2026-03-11 09:00");
    values_set_number(&late->facts, FIELD_extended_ms, 0, rig_ms("2026-02-27 09:00"));
    values_set_number(&late->facts, FIELD_extended_ms, 1, rig_ms("2026-03-05 09:00"));
    put(rig_case(rig, "processing", "2026-03-10 09:00", "2026-03-18"), FIELD_proxy, 1);
    put_time(rig_add(rig, MACHINE_COMPLAINT, "received", 1), FIELD_opened_ms, "2026-03-12 09:00");
    struct shown *shown = show(rig, "figures", &march, 0, 0);
    assert_int_equal(shown->count, 2); /* the other station has a row of zeros */
    CELL(0, "station", "V01");
    CELL(0, "accepted", "2");
    CELL(0, "finished", "1");
    CELL(0, "overdue", "1");
    CELL(0, "extended", "1");
    CELL(0, "complaints", "1");
    CELL(0, "rated", "0");
    CELL(0, "proxy", "1");
    CELL(1, "accepted", "0");
    shown_free(shown);
    shown = show(rig, "F14b", &day, 0, 0);
    assert_int_equal(shown->count, 1);
    CELL(0, "item", "老年证");
    CELL(0, "accepted", "1");
    CELL(0, "finished", "0");
    CELL(0, "overdue", "1"); /* since the day after the due day */
    CELL(0, "open", "1");
    shown_free(shown);
    shown = show(rig, "stations", &march, 0, 0);
    CELL(0, "due", "1"); /* the other is due today */
    CELL(0, "on_time", "0");
    CELL(0, "on_time_share", "0");
    CELL(1, "on_time_share", "");
    shown_free(shown);
    rig_free(rig);
}

/* The same facts give the same bytes, in whatever order they come. */
static void test_same_bytes(void **state)
{
    struct rig *rig = rig_new("2026-03-18 09:00");
    const struct views_scope march = rig_scope("2026-03-01", "2026-03-31");
    (void)state;
    for (int machine = MACHINE_CONTACT; machine < MACHINE_END; machine++) {
        const struct rule_name *name = rule_machine((enum machine_id)machine)->states;
        for (; name->name != NULL; name++) {
            struct record *record = rig_add(rig, (enum machine_id)machine, name->name, 1);
            put_time(record, FIELD_opened_ms, "2026-03-03 09:00");
            put_time(record, FIELD_told_ms, "2026-03-04 09:00");
            put_day(record, FIELD_from_day, "2026-03-05");
            put_day(record, FIELD_due_day, "2026-03-06");
            put_staff(record, FIELD_staff, 7);
            put(record, FIELD_kind, 1);
        }
    }
    for (size_t i = 0; i < views_count(); i++) {
        struct shown *once = show(rig, views_at(i)->name, &march, 0, 0);
        for (size_t low = 0, high = rig->count - 1; low < high; low++, high--) {
            struct record *swapped = rig->record[low];
            rig->record[low] = rig->record[high];
            rig->record[high] = swapped;
        }
        struct shown *again = show(rig, views_at(i)->name, &march, 0, 0);
        if (!span_equal(buf_span(&once->all), buf_span(&again->all))) {
            fail_msg("%s", views_at(i)->name);
        }
        shown_free(once);
        shown_free(again);
    }
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_contacts), cmocka_unit_test(test_due),
        cmocka_unit_test(test_ledger),         cmocka_unit_test(test_proxy_and_results),
        cmocka_unit_test(test_slots),          cmocka_unit_test(test_attendance),
        cmocka_unit_test(test_figures),        cmocka_unit_test(test_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
