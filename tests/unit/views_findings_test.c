#include "rules/machines.h"
#include "views_rig.h"

/* Findings: each row raised, and not raised a day or a number before. */

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

/* Those of one rule within the year, of all stations. */
static struct found find(struct rig *rig, const char *rule)
{
    struct found ret = {0};
    struct views_scope year = rig_scope("2026-01-01", "2026-12-31");
    struct found *big = calloc(1, sizeof *big);
    assert_non_null(big);
    assert_non_null(views_rule_find(rule));
    rig->source.station_count = 0; /* nothing is expected of anybody here */
    assert_int_equal(views_findings(&rig->source, &year, take, big), ERR_NONE);
    rig->source.station_count = 2;
    for (size_t i = 0; i < big->count; i++) {
        if (strcmp(big->finding[i].rule->name, rule) == 0) {
            ret.finding[ret.count++] = big->finding[i];
        }
    }
    free(big);
    return ret;
}

static void check(struct rig *rig, const char *rule, size_t count)
{
    struct found found = find(rig, rule);
    if (found.count != count) {
        fail_msg("%s: %d found, wanted %d", rule, (int)found.count, (int)count);
    }
}

/* One of this rule, on this day, of this person (0: the station). */
static struct views_finding one(struct rig *rig, const char *rule, const char *day, uint8_t staff)
{
    struct found found = find(rig, rule);
    uint8_t id[LIMIT_ID_SIZE];
    memset(id, staff, sizeof id);
    if (found.count != 1) {
        fail_msg("%s: %d found, wanted 1", rule, (int)found.count);
    }
    if (found.finding[0].day != rig_day(day)) {
        char text[CIVIL_DAY_SIZE];
        civil_day_format(found.finding[0].day, text);
        fail_msg("%s: arose %s, wanted %s", rule, text, day);
    }
    if (memcmp(found.finding[0].staff, id, sizeof id) != 0) {
        fail_msg("%s: of %d, wanted %d", rule, found.finding[0].staff[0], staff);
    }
    return found.finding[0];
}

static void at(struct rig *rig, const char *now)
{
    rig->source.now_ms = rig_ms(now);
}

/* T05 T10 T17, R15: from the day after the due day on; the clock of some stands. */
static void test_overdue(void **state)
{
    struct rig *rig = rig_new("2026-03-09 23:59");
    (void)state;
    struct record *record = rig_case(rig, "processing", "2026-03-02 09:00", "2026-03-09");
    rig_event(rig, "accepted", "2026-03-02 09:00", "2026-03-02 09:01", 7);
    check(rig, "overdue", 0);
    at(rig, "2026-03-10 00:00");
    struct views_finding finding = one(rig, "overdue", "2026-03-10", 7);
    assert_int_equal(finding.cause, VIEWS_CAUSE_PERSON);
    assert_true(finding.event_count == 1 && finding.event[0][1] == 1);
    assert_memory_equal(finding.record, record->id, LIMIT_ID_SIZE);
    assert_memory_equal(finding.station, rig->station[0].device, LIMIT_KEY_SIZE);
    rig_policy(rig, "overdue.raises_finding", "no");
    check(rig, "overdue", 0);
    rig_policy(rig, "overdue.raises_finding", "yes");
    put_time(record, FIELD_finished_ms, "2026-03-09 23:59");
    check(rig, "overdue", 0);
    put_time(record, FIELD_finished_ms, "2026-03-10 00:00");
    check(rig, "overdue", 1);
    rig_case(rig, "suspended", "2026-03-02 09:00", "2026-03-09");
    rig_case(rig, "returned", "2026-03-02 09:00", "2026-03-09");
    rig_case(rig, "withdrawn", "2026-03-02 09:00", "2026-03-09");
    check(rig, "overdue", 1);
    /* Handed up in time: what is late above is not the station's. */
    put_day(record, FIELD_report_up_due_day, "2026-03-03");
    put_time(record, FIELD_handed_up_ms, "2026-03-03 09:00");
    put_staff(record, FIELD_decider, 9);
    record->state = CASE_STATE_RESULT_AT_STATION;
    finding = one(rig, "overdue", "2026-03-10", 9);
    assert_int_equal(finding.station[0], 0);
    rig_free(rig);
}

/* T04, R33: late by a person, on the day, not at all, twice; and by a dead link. */
static void test_hand_up(void **state)
{
    struct rig *rig = rig_new("2026-03-03 09:00");
    (void)state;
    struct record *record = rig_case(rig, "accepted", "2026-03-02 09:00", "2026-03-16");
    put_day(record, FIELD_report_up_due_day, "2026-03-03");
    check(rig, "late-hand-up", 0);
    at(rig, "2026-03-04 00:00");
    (void)one(rig, "late-hand-up", "2026-03-04", 7);
    /* Handed up a day late: the same finding, the same day. */
    record->state = CASE_STATE_REFERRED_UP;
    put_time(record, FIELD_handed_up_ms, "2026-03-06 09:00");
    put_time(record, FIELD_late_up_ms, "2026-03-06 09:00");
    (void)one(rig, "late-hand-up", "2026-03-04", 7);
    check(rig, "late-by-link", 0);
    /* Returned, supplemented, handed up again in time: the first stays. */
    put_day(record, FIELD_report_up_due_day, "2026-03-20");
    put_time(record, FIELD_handed_up_ms, "2026-03-19 09:00");
    (void)one(rig, "late-hand-up", "2026-03-06", 7);
    rig_free(rig);
}

static void test_dead_link(void **state)
{
    struct rig *rig = rig_new("2026-03-10 09:00");
    (void)state;
    struct record *record = rig_case(rig, "referred_up", "2026-03-02 09:00", "2026-03-16");
    put_day(record, FIELD_report_up_due_day, "2026-03-03");
    put_time(record, FIELD_handed_up_ms, "2026-03-03 17:00");
    struct views_event *event =
        rig_event(rig, "submitted_up", "2026-03-03 17:00", "2026-03-03 23:59", 7);
    check(rig, "late-by-link", 0);
    event->accepted_ms = rig_ms("2026-03-04 00:00");
    struct views_finding finding = one(rig, "late-by-link", "2026-03-04", 0);
    assert_int_equal(finding.cause, VIEWS_CAUSE_LINK);
    check(rig, "late-hand-up", 0);
    event->accepted_ms = 0; /* still on the station */
    check(rig, "late-by-link", 1);
    /* A checkpoint it had seen is younger than the time it claims: no dead line. */
    event->seen_ms = rig_ms("2026-03-03 18:00");
    check(rig, "late-by-link", 0);
    event->seen_ms = 0;
    put_time(record, FIELD_received_hub_ms, "2026-03-03 17:30");
    check(rig, "late-by-link", 0);
    /* Returned, supplemented and handed up again, this time over a dead line; then the hub sends it
     * on, long after. */
    put_day(record, FIELD_report_up_due_day, "2026-03-06");
    put_time(record, FIELD_handed_up_ms, "2026-03-06 17:00");
    put_time(record, FIELD_received_hub_ms, "2026-03-09 09:00");
    (void)rig_event(rig, "submitted_up", "2026-03-06 17:00", "2026-03-09 08:50", 7);
    event = rig_event(rig, "submitted_district", "2026-03-09 16:00", "2026-03-09 16:00", 9);
    memset(event->device, 99, sizeof event->device);
    (void)one(rig, "late-by-link", "2026-03-07", 0);
    rig_free(rig);
}

/* T09 T15, R04: the second notice; the third visit, or the second where the policy says so. */
static void test_notices(void **state)
{
    struct rig *rig = rig_new("2026-03-10 09:00");
    (void)state;
    struct record *record = rig_case(rig, "need_materials", "2026-03-02 09:00", "");
    put(record, FIELD_deficiency_count, 1);
    rig_event(rig, "deficiency_notified", "2026-03-02 10:00", "2026-03-02 10:01", 7);
    check(rig, "second-notice", 0);
    put(record, FIELD_deficiency_count, 2);
    rig_event(rig, "deficiency_notified", "2026-03-05 10:00", "2026-03-05 10:01", 8);
    struct views_finding finding = one(rig, "second-notice", "2026-03-05", 8);
    assert_int_equal(finding.event_count, 2);
    put(record, FIELD_visits, 2);
    check(rig, "many-visits", 0);
    check(rig, "second-visit", 0);
    put(record, FIELD_visits, 3);
    check(rig, "many-visits", 1);
    rig_policy(rig, "notify.fault", "second-visit");
    put(record, FIELD_visits, 2);
    check(rig, "second-visit", 1);
    put(record, FIELD_visits, 1);
    check(rig, "second-visit", 0);
    put_code(record, FIELD_materials_code, "ID");
    check(rig, "extra-material", 0);
    put_code(record, FIELD_materials_code, "PASSPORT"); /* T24 */
    check(rig, "extra-material", 1);
    rig_free(rig);
}

/* T19, R56: each working day away is covered by somebody. */
static void test_ab_gap(void **state)
{
    struct rig *rig = rig_new("2026-03-20 09:00");
    (void)state;
    struct record *leave = rig_add(rig, MACHINE_LEAVE, "granted", 1);
    put_staff(leave, FIELD_requester, 7);
    put_day(leave, FIELD_from_day, "2026-03-13"); /* Friday to Tuesday */
    put_day(leave, FIELD_until_day, "2026-03-17");
    (void)one(rig, "ab-gap", "2026-03-13", 7);
    struct record *letter = rig_add(rig, MACHINE_DELEGATION, "ended", 1);
    put_staff(letter, FIELD_principal, 7);
    put_staff(letter, FIELD_delegate, 8);
    put_day(letter, FIELD_from_day, "2026-03-13");
    put_day(letter, FIELD_until_day, "2026-03-16");
    (void)one(rig, "ab-gap", "2026-03-17", 7);
    put_day(letter, FIELD_until_day, "2026-03-17");
    check(rig, "ab-gap", 0);
    put_time(letter, FIELD_finished_ms, "2026-03-13 18:00"); /* handed back on Friday */
    (void)one(rig, "ab-gap", "2026-03-16", 7);
    letter->state = DELEGATION_STATE_DRAFTED;
    (void)one(rig, "ab-gap", "2026-03-13", 7);
    at(rig, "2026-03-13 18:00"); /* the day is not over */
    check(rig, "ab-gap", 0);
    at(rig, "2026-03-20 09:00");
    leave->state = 1; /* only requested */
    check(rig, "ab-gap", 0);
    struct record *absent = rig_add(rig, MACHINE_ATTENDANCE, "absent", 1);
    put_time(absent, FIELD_opened_ms, "2026-03-18 10:00");
    put_staff(absent, FIELD_staff, 5);
    put(absent, FIELD_day_status, 4);
    (void)one(rig, "ab-gap-absent", "2026-03-18", 5);
    (void)one(rig, "absent", "2026-03-18", 5);
    put(absent, FIELD_day_status, 3); /* late only */
    check(rig, "absent", 0);
    rig_free(rig);
}

/* T11 T18 T20 T23 */
static void test_posts(void **state)
{
    static const char *const rules[] = {"", "duty-unstarted", "leader-duty-missed",
                                        "group-leader-missed"};
    struct rig *rig = rig_new("2026-03-16 09:00");
    (void)state;
    struct record *duty = rig_add(rig, MACHINE_DUTY, "planned", 1);
    put_day(duty, FIELD_from_day, "2026-03-16");
    put_staff(duty, FIELD_people, 6);
    for (uint64_t kind = 1; kind <= 3; kind++) {
        put(duty, FIELD_kind, kind);
        at(rig, "2026-03-16 23:59");
        check(rig, rules[kind], 0);
        at(rig, "2026-03-17 00:00");
        (void)one(rig, rules[kind], "2026-03-16", 6);
    }
    struct record *missed = rig_add(rig, MACHINE_APPOINTMENT, "missed_by_us", 1);
    put_time(missed, FIELD_finished_ms, "2026-03-12 10:00");
    put_staff(missed, FIELD_handler, 7);
    (void)one(rig, "appointment-missed", "2026-03-12", 7);
    struct record *waiting = rig_add(rig, MACHINE_APPOINTMENT, "requested", 1);
    put_time(waiting, FIELD_agreed_ms, "2026-03-17 10:00");
    check(rig, "appointment-unassigned", 0);
    put_time(waiting, FIELD_agreed_ms, "2026-03-16 10:00");
    (void)one(rig, "appointment-unassigned", "2026-03-16", 0);
    struct record *part = rig_add(rig, MACHINE_TASK, "finished", 1);
    put_time(part, FIELD_finished_ms, "2026-03-13 10:00"); /* Friday; P05: one working day */
    at(rig, "2026-03-16 23:00");
    check(rig, "joint-late", 0);
    at(rig, "2026-03-17 00:00");
    check(rig, "joint-late", 1);
    put_time(part, FIELD_handed_ms, "2026-03-16 17:00");
    check(rig, "joint-late", 0);
    rig_free(rig);
}

/* T12 T13 T14 T25, X31 */
static void test_complaints(void **state)
{
    struct rig *rig = rig_new("2026-03-16 09:00");
    (void)state;
    struct record *complaint = rig_add(rig, MACHINE_COMPLAINT, "investigating", 1);
    put_staff(complaint, FIELD_accused, 7);
    put_time(complaint, FIELD_opened_ms, "2026-03-10 09:00");
    put_day(complaint, FIELD_due_day, "2026-03-15");
    rig_event(rig, "received", "2026-03-10 09:00", "2026-03-10 09:01", 3);
    (void)one(rig, "complaint-pending", "2026-03-10", 7);
    (void)one(rig, "complaint-late", "2026-03-16", 0);
    put_time(complaint, FIELD_told_ms, "2026-03-15 20:00");
    check(rig, "complaint-late", 0);
    complaint->state = 5;
    put(complaint, FIELD_decision, 1);
    rig_event(rig, "decided", "2026-03-14 09:00", "2026-03-14 09:01", 4);
    for (uint64_t scope = 1; scope <= 5; scope++) {
        put(complaint, FIELD_scope, scope);
        check(rig, "complaint-attitude", scope == 1 ? 1 : 0);
        check(rig, "complaint-fees", scope == 4 ? 1 : 0);
        check(rig, "complaint-founded", scope != 1 && scope != 4 ? 1 : 0);
    }
    (void)one(rig, "complaint-founded", "2026-03-14", 7);
    check(rig, "complaint-pending", 0);
    put(complaint, FIELD_decision, 2); /* unfounded */
    check(rig, "complaint-founded", 0);
    rig_free(rig);
}

/* Ledger cooked after the fact. */
static void test_cooked(void **state)
{
    struct rig *rig = rig_new("2026-03-20 09:00");
    (void)state;
    struct record *record = rig_case(rig, "finished", "2026-03-02 09:00", "2026-03-09");
    put_time(record, FIELD_finished_ms, "2026-03-09 16:00");
    put_time(record, FIELD_paper_ms, "2026-03-09 16:00");
    struct views_event *event =
        rig_event(rig, "finished", "2026-03-12 08:00", "2026-03-12 08:01", 8);
    event->paper_ms = rig_ms("2026-03-09 16:00");
    (void)one(rig, "back-entered-in-time", "2026-03-12", 8);
    check(rig, "overdue", 0);
    event->kept_ms = rig_ms("2026-03-09 18:00"); /* entered the same day */
    check(rig, "back-entered-in-time", 0);
    event->kept_ms = rig_ms("2026-03-12 08:00");
    struct record *outage = rig_add(rig, MACHINE_OUTAGE, "closed", 1); /* the power was out */
    put_time(outage, FIELD_opened_ms, "2026-03-09 10:00");
    put_time(outage, FIELD_fixed_ms, "2026-03-11 10:00");
    check(rig, "back-entered-in-time", 0);
    memset(outage->station, 2, LIMIT_KEY_SIZE); /* elsewhere */
    check(rig, "back-entered-in-time", 1);
    struct record *moved = rig_case(rig, "processing", "2026-03-02 09:00", "2026-03-18");
    rig_event(rig, "corrected", "2026-03-11 09:00", "2026-03-11 09:01", 7);
    check(rig, "changed-after-due", 0);
    put_day(moved, FIELD_lapsed_due_day, "2026-03-10");
    struct views_finding finding = one(rig, "changed-after-due", "2026-03-11", 7);
    assert_int_equal(finding.recomputed, rig_day("2026-03-10"));
    assert_int_equal(finding.claimed, rig_day("2026-03-18"));
    rig_free(rig);
}

/* R68: each figure of a report against the events; a late one. */
static void test_reports(void **state)
{
    struct rig *rig = rig_new("2026-04-10 09:00");
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct record *record = rig_case(rig, "archived", "2026-03-02 09:00", "2026-03-09");
        put_time(record, FIELD_finished_ms, i == 0 ? "2026-03-10 09:00" : "2026-03-09 09:00");
        put_time(record, FIELD_rated_ms, "2026-03-31 23:59");
    }
    memset(rig_case(rig, "archived", "2026-03-02 09:00", "")->station, 2, LIMIT_KEY_SIZE);
    struct record *report = rig_add(rig, MACHINE_REPORT, "submitted", 1);
    put(report, FIELD_kind, 3);
    put_time(report, FIELD_opened_ms, "2026-04-01 09:00");
    put_day(report, FIELD_from_day, "2026-03-01");
    put_day(report, FIELD_until_day, "2026-03-31");
    put_day(report, FIELD_due_day, "2026-04-03");
    put_time(report, FIELD_submitted_ms, "2026-04-03 17:00");
    put_staff(report, FIELD_requester, 5);
    put(report, FIELD_total_accepted, 3);
    put(report, FIELD_total_finished, 3);
    put(report, FIELD_total_overdue, 1);
    put(report, FIELD_total_rated, 3);
    check(rig, "report-differs", 0);
    check(rig, "report-late", 0);
    put(report, FIELD_total_overdue, 0);
    struct views_finding finding = one(rig, "report-differs", "2026-04-01", 5);
    assert_string_equal(finding.what, "overdue");
    assert_true(finding.claimed == 0 && finding.recomputed == 1);
    put(report, FIELD_total_accepted, 4);
    check(rig, "report-differs", 2);
    put_time(report, FIELD_submitted_ms, "2026-04-04 00:00");
    (void)one(rig, "report-late", "2026-04-04", 5);
    rig_free(rig);
}

/* R104 R105 R67 R25 R01 */
static void test_others(void **state)
{
    struct rig *rig = rig_new("2026-03-16 09:00");
    (void)state;
    struct record *outage = rig_add(rig, MACHINE_OUTAGE, "ended", 1);
    put(outage, FIELD_first_sheet, 1);
    put(outage, FIELD_last_sheet, 1);
    put_day(outage, FIELD_due_day, "2026-03-16");
    check(rig, "back-entry-late", 0);
    put_day(outage, FIELD_due_day, "2026-03-15");
    (void)one(rig, "back-entry-late", "2026-03-16", 0);
    put(outage, FIELD_redeemed, 1);
    check(rig, "back-entry-late", 0);
    struct record *suspended = rig_case(rig, "suspended", "2026-03-02 09:00", "2026-03-30");
    put_time(suspended, FIELD_suspended_from_ms, "2026-03-12 09:00");
    (void)one(rig, "suspended-silent", "2026-03-12", 7);
    put_time(suspended, FIELD_until_ms, "2026-03-16 08:00");
    check(rig, "suspended-silent", 0);
    struct record *inspection = rig_add(rig, MACHINE_INSPECTION, "findings", 1);
    put_day(inspection, FIELD_due_day, "2026-03-13");
    put_staff(inspection, FIELD_handler, 4);
    (void)one(rig, "rectification-late", "2026-03-14", 4);
    put_time(inspection, FIELD_fixed_ms, "2026-03-13 17:00");
    check(rig, "rectification-late", 0);
    struct record *told = rig_case(rig, "result_at_station", "2026-03-02 09:00", "2026-03-30");
    put_day(told, FIELD_tell_due_day, "2026-03-15");
    (void)one(rig, "late-telling", "2026-03-16", 7);
    put_time(told, FIELD_told_ms, "2026-03-15 09:00");
    check(rig, "late-telling", 0);
    struct record *contact = rig_add(rig, MACHINE_CONTACT, "open", 1);
    put_time(contact, FIELD_opened_ms, "2026-03-16 08:00");
    check(rig, "contact-undisposed", 0);
    put_time(contact, FIELD_opened_ms, "2026-03-15 08:00");
    check(rig, "contact-undisposed", 1);
    struct record *stand_in = rig_add(rig, MACHINE_DELEGATION, "active", 1);
    put(stand_in, FIELD_automatic, 1);
    put_staff(stand_in, FIELD_principal, 7);
    put_day(stand_in, FIELD_from_day, "2026-03-02");
    (void)one(rig, "ab-letter-missing", "2026-03-02", 7);
    put(stand_in, FIELD_automatic, 0);
    check(rig, "ab-letter-missing", 0);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overdue),    cmocka_unit_test(test_hand_up),
        cmocka_unit_test(test_dead_link),  cmocka_unit_test(test_notices),
        cmocka_unit_test(test_ab_gap),     cmocka_unit_test(test_posts),
        cmocka_unit_test(test_complaints), cmocka_unit_test(test_cooked),
        cmocka_unit_test(test_reports),    cmocka_unit_test(test_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
