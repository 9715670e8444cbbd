#include "views/findings.h"
#include "views_shown.h"

/* 归档目录: what a report says of a year's archive against the events, and the list itself. */

struct found {
    size_t count;
    struct views_finding last;
};

static void take(void *context, const struct views_finding *finding)
{
    struct found *found = context;
    if (strcmp(finding->rule->name, "report-differs") == 0) {
        found->count++;
        found->last = *finding;
    }
}

static struct found differing(struct rig *rig)
{
    struct found found = {.count = 0};
    const struct views_scope scope = rig_scope("2026-01-01", "2026-12-31");
    assert_int_equal(views_findings(&rig->source, &scope, take, &found), ERR_NONE);
    return found;
}

/* R69: a year's archive list against the events, from its first day to its last. */
static void test_archive_list(void **state)
{
    static const char *const days[] = {"2024-12-31 23:59", "2025-01-01 00:00", "2025-12-31 23:59",
                                       "2026-01-01 00:00"};
    struct rig *rig = rig_new("2026-01-08 09:00");
    (void)state;
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        struct record *record = rig_add(rig, MACHINE_CASE, "archived", 1);
        put_time(record, FIELD_opened_ms, "2024-12-30 09:00");
        put_time(record, FIELD_archived_ms, days[i]);
    }
    put_time(rig_add(rig, MACHINE_CONTACT, "archived", 1), FIELD_archived_ms, days[1]);
    put_time(rig_add(rig, MACHINE_COMPLAINT, "archived", 1), FIELD_archived_ms, days[2]);
    struct record *list = rig_add(rig, MACHINE_REPORT, "drawn_up", 1);
    put(list, FIELD_kind, 7);
    put_time(list, FIELD_opened_ms, "2026-01-04 09:00");
    put_day(list, FIELD_from_day, "2025-01-01");
    put_day(list, FIELD_until_day, "2025-12-31");
    put(list, FIELD_total_archived, 2);
    put(list, FIELD_total_contacts, 1);
    put(list, FIELD_total_dossiers, 1);
    assert_int_equal(differing(rig).count, 0);
    put(list, FIELD_total_archived, 3);
    struct found found = differing(rig);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.last.what, "archived");
    assert_true(found.last.claimed == 3 && found.last.recomputed == 2);
    put(list, FIELD_total_contacts, 2);
    put(list, FIELD_total_dossiers, 0);
    assert_int_equal(differing(rig).count, 3);
    put(list, FIELD_kind, 5); /* another report has none of these figures */
    assert_int_equal(differing(rig).count, 0);
    rig_free(rig);
}

/* R69: a year's list has the files of two registers in one order, and the days of that year alone.
 */
static void test_archive(void **state)
{
    static const struct {
        enum machine_id machine;
        const char *time;
    } files[] = {
        {MACHINE_CASE, "2025-12-31 23:59"},    {MACHINE_CASE, "2026-12-31 23:59"},
        {MACHINE_CONTACT, "2026-01-01 00:00"}, {MACHINE_CASE, "2027-01-01 00:00"},
        {MACHINE_CASE, "2026-02-02 09:00"},    {MACHINE_COMPLAINT, "2026-03-03 09:00"},
    };
    struct rig *rig = rig_new("2027-01-08 09:00");
    const struct views_scope year = rig_scope("2026-01-01", "2026-12-31");
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct record *record = rig_add(rig, files[i].machine, "archived", 1);
        put_time(record, FIELD_opened_ms, "2025-12-30 09:00");
        put_time(record, FIELD_archived_ms, files[i].time);
        put_code(record, FIELD_serial, "T-6");
    }
    rig_case(rig, "rated", "2026-03-02 09:00", "2026-03-09");
    struct shown *shown = show(rig, "archive", &year, 0, 0);
    assert_int_equal(shown->count, 3);
    CELL(0, "number", "@3");
    CELL(0, "register", "首问");
    CELL(0, "archived", "2026-01-01");
    CELL(1, "number", "@5");
    CELL(1, "register", "办件");
    CELL(2, "number", "@2");
    CELL(2, "archived", "2026-12-31");
    shown_free(shown);
    shown = show(rig, "archive", &year, 1, 1);
    assert_int_equal(shown->total, 3);
    CELL(0, "number", "@5");
    shown_free(shown);
    shown = show(rig, "dossiers", &year, 0, 0);
    assert_int_equal(shown->count, 1);
    CELL(0, "serial", "T-6");
    shown_free(shown);
    shown = show(rig, "archive-figures", &year, 0, 0);
    CELL(0, "archived", "2");
    CELL(0, "contacts", "1");
    CELL(0, "dossiers", "1");
    CELL(1, "archived", "0");
    shown_free(shown);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_archive_list),
        cmocka_unit_test(test_archive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
