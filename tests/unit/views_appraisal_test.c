#include "views/claims.h"
#include "views_rig.h"

/* The 100-point sheet: deductions, borders of the grades, what is only reported, last places. */

struct kinds {
    size_t count[6];
    size_t pending;
    int32_t told_day;
};

static void take(void *context, const struct views_deduction *deduction)
{
    struct kinds *kinds = context;
    kinds->count[deduction->kind]++;
    kinds->pending += deduction->pending ? 1 : 0;
    kinds->told_day = deduction->told_day;
}

static struct views_sheet sheet_of(struct rig *rig, const uint8_t *staff, struct kinds *kinds)
{
    struct views_scope march = rig_scope("2026-03-01", "2026-03-31");
    struct views_sheet sheet;
    march.staff = staff;
    memset(kinds, 0, sizeof *kinds);
    rig->source.station_count = 0; /* nothing is expected of anybody here */
    assert_int_equal(views_appraise(&rig->source, &march, take, kinds, &sheet), ERR_NONE);
    rig->source.station_count = RIG_STATIONS;
    return sheet;
}

/* R81, X17: 95 and 94, 90 and 89 points. */
static void test_grades(void **state)
{
    static const enum views_grade grades[] = {
        [100] = VIEWS_GRADE_EXCELLENT, [96] = VIEWS_GRADE_EXCELLENT, [95] = VIEWS_GRADE_EXCELLENT,
        [94] = VIEWS_GRADE_QUALIFIED,  [91] = VIEWS_GRADE_QUALIFIED, [90] = VIEWS_GRADE_QUALIFIED,
        [89] = VIEWS_GRADE_UNQUALIFIED};
    static const uint32_t points[] = {100, 96, 95, 94, 91, 90, 89};
    struct rig *rig = rig_new("2026-03-31 09:00");
    (void)state;
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        assert_int_equal(views_grade_of(rig->policy, points[i]), grades[points[i]]);
    }
    assert_int_equal(views_grade_of(rig->policy, 0), VIEWS_GRADE_UNQUALIFIED);
    rig_policy(rig, "score.excellent", "96 point");
    assert_int_equal(views_grade_of(rig->policy, 95), VIEWS_GRADE_QUALIFIED);
    rig_free(rig);
}

/* R83: 70/30, rounded down. */
static void test_life(void **state)
{
    struct rig *rig = rig_new("2026-03-31 09:00");
    (void)state;
    assert_int_equal(views_life_score(rig->policy, 100, 100), 100);
    assert_int_equal(views_life_score(rig->policy, 90, 80), 87);
    assert_int_equal(views_life_score(rig->policy, 95, 94), 94);
    assert_int_equal(views_life_score(rig->policy, 0, 100), 30);
    rig_free(rig);
}

static void add_line(struct record *inspection, uint64_t heading, uint64_t answer)
{
    uint16_t place = values_places(&inspection->facts, FIELD_lines_heading);
    values_set_number(&inspection->facts, FIELD_lines_heading, place, heading);
    values_set_number(&inspection->facts, FIELD_lines_answer, place, answer);
}

/* 1.K: which heading's "no" deducts what. */
static void test_inspection(void **state)
{
    struct rig *rig = rig_new("2026-03-31 09:00");
    struct kinds kinds;
    (void)state;
    struct record *inspection = rig_add(rig, MACHINE_INSPECTION, "findings", 1);
    put_time(inspection, FIELD_told_ms, "2026-03-10 09:00");
    put_staff(inspection, FIELD_handler, 7);
    rig_event(rig, "done", "2026-03-10 09:00", "2026-03-10 09:01", 4);
    for (uint64_t heading = 1; heading <= 16; heading++) {
        add_line(inspection, heading, 2);
    }
    struct views_sheet sheet = sheet_of(rig, NULL, &kinds);
    assert_true(kinds.count[1] == 4 && kinds.count[4] == 3 && kinds.count[5] == 2);
    assert_int_equal(kinds.pending, 2); /* no lost file is proven */
    assert_int_equal(sheet.deducted, 14);
    assert_int_equal(sheet.pending, 10);
    assert_true(sheet.points == 86 && sheet.grade == VIEWS_GRADE_UNQUALIFIED);
    put_time(inspection, FIELD_told_ms, "2026-04-01 00:00");
    sheet = sheet_of(rig, NULL, &kinds);
    assert_true(sheet.points == 100 && sheet.grade == VIEWS_GRADE_EXCELLENT);
    rig_free(rig);
}

/* X31: merely complained of is pending; decided deducts; other people's are not mine. */
static void test_pending(void **state)
{
    struct rig *rig = rig_new("2026-03-31 09:00");
    struct kinds kinds;
    uint8_t seven[LIMIT_ID_SIZE];
    uint8_t eight[LIMIT_ID_SIZE];
    (void)state;
    memset(seven, 7, sizeof seven);
    memset(eight, 8, sizeof eight);
    struct record *complaint = rig_add(rig, MACHINE_COMPLAINT, "investigating", 1);
    put_time(complaint, FIELD_opened_ms, "2026-03-10 09:00");
    put_staff(complaint, FIELD_accused, 7);
    struct views_sheet sheet = sheet_of(rig, seven, &kinds);
    assert_true(sheet.points == 100 && sheet.pending == 2 && kinds.pending == 1);
    rig_policy(rig, "score.needs_decision", "no");
    sheet = sheet_of(rig, seven, &kinds);
    assert_true(sheet.points == 98 && sheet.pending == 0);
    rig_policy(rig, "score.needs_decision", "yes");
    put(complaint, FIELD_scope, 1);
    put(complaint, FIELD_decision, 1);
    rig_event(rig, "decided", "2026-03-12 09:00", "2026-03-12 09:01", 4);
    complaint->state = 5;
    sheet = sheet_of(rig, seven, &kinds);
    assert_true(sheet.points == 98 && kinds.count[1] == 1 && kinds.pending == 0);
    sheet = sheet_of(rig, eight, &kinds);
    assert_true(sheet.points == 100 && sheet.count == 0);
    rig_free(rig);
}

/* A suspicion deducts once the discipline role has decided on it. */
static void test_decided(void **state)
{
    struct rig *rig = rig_new("2026-03-31 09:00");
    struct kinds kinds;
    (void)state;
    struct record *late = rig_case(rig, "processing", "2026-03-02 09:00", "2026-03-09");
    struct views_sheet sheet = sheet_of(rig, NULL, &kinds);
    assert_true(sheet.points == 100 && sheet.pending == 5 && kinds.count[5] == 1);
    struct record *suspicion = rig_add(rig, MACHINE_ACCOUNTABILITY, "investigating", 1);
    put_record(suspicion, FIELD_subject, late);
    sheet = sheet_of(rig, NULL, &kinds);
    assert_int_equal(sheet.points, 100);
    suspicion->state = 4; /* decided */
    sheet = sheet_of(rig, NULL, &kinds);
    assert_true(sheet.points == 95 && sheet.grade == VIEWS_GRADE_EXCELLENT);
    suspicion->state = 5; /* dropped */
    sheet = sheet_of(rig, NULL, &kinds);
    assert_int_equal(sheet.points, 100);
    suspicion->state = 7; /* R77: what the station was told, all that it knows of it */
    put(suspicion, FIELD_decision, 2);
    sheet = sheet_of(rig, NULL, &kinds);
    assert_int_equal(sheet.points, 100);
    put(suspicion, FIELD_decision, 1);
    put_time(suspicion, FIELD_opened_ms, "2026-03-20 10:00");
    sheet = sheet_of(rig, NULL, &kinds);
    assert_int_equal(sheet.points, 95);
    assert_int_equal(sheet.pending, 0);
    assert_int_equal(kinds.told_day, rig_day("2026-03-20"));
    rig_free(rig);
}

static void absences(struct rig *rig, unsigned station, const char *day, int count)
{
    char time[CIVIL_TIME_SIZE];
    (void)snprintf(time, sizeof time, "%s 10:00", day);
    for (int i = 0; i < count; i++) {
        struct record *record = rig_add(rig, MACHINE_ATTENDANCE, "absent", station);
        put_time(record, FIELD_opened_ms, time);
        put(record, FIELD_day_status, 4);
        put_staff(record, FIELD_staff, 7);
    }
}

/* R78, N58: last three years running, not two, not when all are equal. */
static void test_ranking(void **state)
{
    struct rig *rig = rig_new("2026-12-31 09:00");
    struct views_rank ranks[RIG_STATIONS];
    struct views_scope year = rig_scope("2026-01-01", "2026-12-31");
    (void)state;
    rig->source.station_count = RIG_STATIONS;
    for (size_t i = 0; i < RIG_STATIONS; i++) {
        rig->station[i].since_day = rig_day("2020-01-01");
    }
    absences(rig, 2, "2026-06-01", 2);
    absences(rig, 1, "2026-06-01", 1);
    absences(rig, 2, "2025-06-02", 1);
    assert_int_equal(views_ranking(&rig->source, &year, ranks), ERR_NONE);
    assert_true(ranks[0].station == 2 && ranks[0].rank == 1 && ranks[0].sheet.points == 100);
    assert_true(ranks[1].station == 0 && ranks[1].rank == 2 && ranks[1].sheet.points == 98);
    assert_true(ranks[2].station == 1 && ranks[2].rank == 3 && ranks[2].sheet.points == 96);
    assert_true(ranks[2].last_years == 2 && !ranks[2].reassign && ranks[1].last_years == 0);
    absences(rig, 2, "2024-06-03", 1);
    assert_int_equal(views_ranking(&rig->source, &year, ranks), ERR_NONE);
    assert_true(ranks[2].last_years == 3 && ranks[2].reassign);
    absences(rig, 1, "2026-06-01", 1);
    absences(rig, 3, "2026-06-01", 2);
    assert_int_equal(views_ranking(&rig->source, &year, ranks), ERR_NONE);
    assert_true(ranks[0].rank == 1 && ranks[2].rank == 1 && ranks[2].last_years == 0);
    rig_free(rig);
}

struct claims {
    size_t count;
    char text[256];
};

static void take_claim(void *context, const struct views_claim *claim)
{
    struct claims *claims = context;
    size_t size = strlen(claims->text);
    claims->count++;
    (void)snprintf(claims->text + size, sizeof claims->text - size, "%s %d/%d;", claim->what,
                   (int)claim->claimed, (int)claim->recomputed);
}

static void claims_are(struct rig *rig, const char *wanted)
{
    const struct views_scope year = rig_scope("2026-01-01", "2026-12-31");
    struct claims claims = {0, ""};
    rig->source.station_count = 0;
    assert_int_equal(views_claims(&rig->source, &year, take_claim, &claims), ERR_NONE);
    rig->source.station_count = RIG_STATIONS;
    assert_string_equal(claims.text, wanted);
}

/* R79 R81 R83: what an appraisal claims, against the sheet recomputed for its period. */
static void test_claims(void **state)
{
    struct rig *rig = rig_new("2026-12-31 09:00");
    (void)state;
    absences(rig, 1, "2026-06-01", 3);
    struct record *appraisal = rig_add(rig, MACHINE_APPRAISAL, "opened", 1);
    put(appraisal, FIELD_kind, 1);
    put_day(appraisal, FIELD_from_day, "2026-06-01");
    put_day(appraisal, FIELD_until_day, "2026-06-30");
    put(appraisal, FIELD_points, 94);
    put(appraisal, FIELD_deducted, 6);
    claims_are(rig, "");
    appraisal->state++; /* closed */
    put(appraisal, FIELD_grade, VIEWS_GRADE_QUALIFIED);
    claims_are(rig, "");
    put(appraisal, FIELD_points, 95);
    put(appraisal, FIELD_deducted, 5);
    put(appraisal, FIELD_grade, VIEWS_GRADE_EXCELLENT);
    claims_are(rig, "deducted 5/6;points 95/94;grade 1/2;");
    put(appraisal, FIELD_kind, 3); /* of a life-service person: 0.7 * 90 + 0.3 * 80 */
    put(appraisal, FIELD_community_score, 91);
    put(appraisal, FIELD_employer_score, 81);
    put(appraisal, FIELD_points, 87);
    put(appraisal, FIELD_grade, VIEWS_GRADE_UNQUALIFIED);
    claims_are(rig, "");
    put(appraisal, FIELD_points, 88);
    claims_are(rig, "points 88/87;");
    put_day(appraisal, FIELD_until_day, "2027-01-01"); /* not of this year */
    claims_are(rig, "");
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grades),     cmocka_unit_test(test_life),
        cmocka_unit_test(test_inspection), cmocka_unit_test(test_pending),
        cmocka_unit_test(test_decided),    cmocka_unit_test(test_ranking),
        cmocka_unit_test(test_claims),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
