#include "views_shown.h"

/* Views whose rows are owed by persons, or are the numbers of paper sheets. */

/* R50: each leader of the quarter's plan, from the half-month he is first named in; what was too
 * short does not count; where nobody is named the station owes it. */
static void test_leaders(void **state)
{
    static const struct {
        const char *day;
        const char *state;
        uint8_t leader;
        uint64_t short_ms;
    } duties[] = {{"2026-04-02", "ended", 5, 0},   {"2026-04-20", "ended", 5, 1},
                  {"2026-04-16", "ended", 6, 0},   {"2026-04-30", "ended", 6, 0},
                  {"2026-05-06", "planned", 5, 0}, {"2026-05-07", "cancelled", 7, 0},
                  {"2026-03-31", "ended", 8, 0}};
    struct rig *rig = rig_new("2026-05-10 09:00");
    struct views_scope weeks = rig_scope("2026-04-01", "2026-05-15");
    (void)state;
    weeks.station = rig->station[0].device;
    for (size_t i = 0; i < sizeof duties / sizeof *duties; i++) {
        struct record *duty = rig_add(rig, MACHINE_DUTY, duties[i].state, 1);
        put(duty, FIELD_kind, 2);
        put_day(duty, FIELD_from_day, duties[i].day);
        put_staff(duty, FIELD_people, duties[i].leader);
        put_staff(duty, FIELD_handler, duties[i].leader);
        put(duty, FIELD_short_ms, duties[i].short_ms);
    }
    struct shown *shown = show(rig, "leader-duty", &weeks, 0, 0);
    assert_int_equal(shown->count, 5);
    CELL(0, "from", "2026-04-01");
    CELL(0, "leader", "#5");
    CELL(0, "done", "1");
    CELL(0, "wanted", "1");
    CELL(0, "missing", "");
    CELL(1, "from", "2026-04-16");
    CELL(1, "leader", "#5");
    CELL(1, "done", "0");
    CELL(1, "missing", "缺");
    CELL(2, "leader", "#6");
    CELL(2, "done", "2");
    CELL(3, "from", "2026-05-01");
    CELL(3, "leader", "#5");
    CELL(4, "leader", "#6");
    CELL(4, "missing", "缺");
    shown_free(shown);
    shown = show(rig, "leaders-rota", &weeks, 0, 0);
    assert_int_equal(shown->count, 5);
    CELL(2, "short", "1");
    CELL(0, "short", "");
    shown_free(shown);
    weeks.station = rig->station[1].device;
    shown = show(rig, "leader-duty", &weeks, 0, 0);
    assert_int_equal(shown->count, 3);
    CELL(0, "leader", "");
    CELL(0, "missing", "缺");
    shown_free(shown);
    rig_free(rig);
}

/* R104: sheets handed out and neither entered nor voided. */
static void test_sheets(void **state)
{
    struct rig *rig = rig_new("2026-03-18 09:00");
    const struct views_scope march = rig_scope("2026-03-01", "2026-03-31");
    (void)state;
    struct record *outage = rig_add(rig, MACHINE_OUTAGE, "ended", 1);
    put(outage, FIELD_first_sheet, 10);
    put(outage, FIELD_last_sheet, 17);
    put(outage, FIELD_redeemed, 0x12); /* 11 and 14 */
    struct shown *shown = show(rig, "unredeemed", &march, 0, 0);
    assert_int_equal(shown->count, 1);
    CELL(0, "open", "6");
    CELL(0, "sheets", "10,12-13,15-17");
    shown_free(shown);
    put(outage, FIELD_redeemed, 0xff);
    shown = show(rig, "F17", &march, 0, 0);
    assert_int_equal(shown->count, 0);
    shown_free(shown);
    rig_free(rig);
}

/* R104: each serial number, wherever it went; a page of them is counted in numbers. */
static void test_serials(void **state)
{
    struct rig *rig = rig_new("2026-03-18 09:00");
    const struct views_scope march = rig_scope("2026-03-01", "2026-03-31");
    (void)state;
    struct record *outage = rig_add(rig, MACHINE_OUTAGE, "ended", 1);
    put_time(outage, FIELD_opened_ms, "2026-03-05 09:00");
    put(outage, FIELD_first_sheet, 10);
    put(outage, FIELD_last_sheet, 12);
    put(outage, FIELD_redeemed, 0x6);
    values_set_bytes(&outage->facts, FIELD_sheets_record, 1, span_of(outage->id, LIMIT_ID_SIZE));
    values_set_number(&outage->facts, FIELD_sheets_ms, 1, rig_ms("2026-03-06 10:00"));
    values_set_bytes(&outage->facts, FIELD_sheets_reason, 2, span_text("torn"));
    struct record *next = rig_add(rig, MACHINE_OUTAGE, "running", 1);
    put_time(next, FIELD_opened_ms, "2026-03-18 08:00");
    put(next, FIELD_first_sheet, 13);
    put(next, FIELD_last_sheet, 13);
    struct shown *shown = show(rig, "serials", &march, 0, 0);
    assert_int_equal(shown->count, 4);
    CELL(0, "sheet", "10");
    CELL(0, "state", "待补录");
    CELL(0, "entered_as", "");
    CELL(1, "state", "已补录");
    CELL(1, "entered_as", "@1");
    CELL(1, "told", "2026-03-06 10:00");
    CELL(2, "state", "作废");
    CELL(2, "reason", "torn");
    CELL(2, "told", "");
    CELL(3, "sheet", "13");
    CELL(3, "state", "已发出");
    CELL(3, "outage", "@2");
    shown_free(shown);
    shown = show(rig, "serials", &march, 2, 1);
    assert_int_equal(shown->count, 1);
    assert_int_equal(shown->total, 4);
    CELL(0, "sheet", "12");
    shown_free(shown);
    shown = show(rig, "outages", &march, 0, 0);
    assert_int_equal(shown->count, 2);
    CELL(0, "issued", "3");
    CELL(0, "entered", "1");
    CELL(0, "void", "1");
    CELL(0, "open", "1");
    shown_free(shown);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leaders),
        cmocka_unit_test(test_sheets),
        cmocka_unit_test(test_serials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
