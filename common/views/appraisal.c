#include "views/appraisal.h"

#include "views/inside.h"

#include <stdlib.h>
#include <string.h>

enum { PERCENT = 100, DEDUCTION_FIRST = 1, DEDUCTION_LAST = 5, DECISION_UPHELD = 1 };

enum views_grade views_grade_of(const struct policy *policy, uint32_t points)
{
    if (points >= policy_get_count(policy, POLICY_SCORE_EXCELLENT)) {
        return VIEWS_GRADE_EXCELLENT;
    }
    return points >= policy_get_count(policy, POLICY_SCORE_PASS) ? VIEWS_GRADE_QUALIFIED
                                                                 : VIEWS_GRADE_UNQUALIFIED;
}

uint32_t views_life_score(const struct policy *policy, uint32_t community, uint32_t employer)
{
    return (community * policy_get_count(policy, POLICY_LIFE_COMMUNITY) +
            employer * policy_get_count(policy, POLICY_LIFE_EMPLOYER)) /
           PERCENT;
}

static uint32_t points_of(const struct policy *policy, uint8_t kind)
{
    static const enum policy_id ids[] = {
        [DEDUCTION_FIRST] = POLICY_SCORE_POST,
        POLICY_SCORE_AB,
        POLICY_SCORE_DELAY,
        POLICY_SCORE_APPEARANCE,
        POLICY_SCORE_TASK,
    };
    return kind < DEDUCTION_FIRST || kind > DEDUCTION_LAST ? 0
                                                           : policy_get_count(policy, ids[kind]);
}

/* --- gathering --- */

struct appraising {
    struct views_look look;
    struct views_entries upheld; /* records that the discipline role has decided on; by id */
    views_deduction_visit visit;
    void *context;
};

/* 1.K: which heading's "no" deducts what; 0: nothing by itself. */
static uint8_t heading_deducts(uint64_t heading)
{
    static const uint8_t deducts[] = {0, 0, 0, 0, 1, 4, 4, 1, 1, 1, 4, 5, 5};
    return heading < sizeof deducts ? deducts[heading] : 0;
}

/* A cabinet in disorder is no lost file: that needs a decision. */
static bool heading_is_pending(uint64_t heading)
{
    return heading_deducts(heading) == DEDUCTION_LAST;
}

static bool keep_upheld(void *context, const struct record *record)
{
    struct appraising *appraising = context;
    struct span subject = values_bytes(&record->facts, FIELD_subject, 0);
    bool told = views_state_is(record, "told") &&
                values_number(&record->facts, FIELD_decision, 0) == DECISION_UPHELD;
    if (record->machine == MACHINE_ACCOUNTABILITY && subject.size == LIMIT_ID_SIZE &&
        (told || views_state_is(record, "decided") || views_state_is(record, "sanctioned"))) {
        int32_t day = told ? views_day(record, FIELD_opened_ms) : 0;
        views_entries_add(&appraising->upheld, day, subject.data, false);
    }
    return appraising->upheld.err == ERR_NONE;
}

/* *ret_told_day: when the station was told of it; 0: it was not. */
static bool is_upheld(const struct appraising *appraising, const uint8_t *record,
                      int32_t *ret_told_day)
{
    bool upheld = false;
    for (size_t i = 0; i < appraising->upheld.count; i++) {
        const struct views_entry *entry = &appraising->upheld.entry[i];
        if (memcmp(entry->id, record, LIMIT_ID_SIZE) == 0) {
            upheld = true;
            *ret_told_day = entry->key != 0 ? (int32_t)entry->key : *ret_told_day;
        }
    }
    return upheld;
}

static void deduct_finding(void *context, const struct views_finding *finding)
{
    struct appraising *appraising = context;
    const struct policy *policy = appraising->look.source->policy;
    struct views_deduction deduction = {.kind = finding->rule->deducts,
                                        .points = points_of(policy, finding->rule->deducts),
                                        .day = finding->day,
                                        .ground = finding->rule->name};
    if (finding->rule->deducts == 0 || finding->cause == VIEWS_CAUSE_LINK) {
        return;
    }
    bool upheld =
        finding->has_record && is_upheld(appraising, finding->record, &deduction.told_day);
    bool decided = finding->rule->decided || upheld ||
                   (finding->rule->machine == MACHINE_COMPLAINT &&
                    !policy_is(policy, POLICY_SCORE_NEEDS_DECISION));
    deduction.pending = !decided;
    memcpy(deduction.record, finding->record, sizeof deduction.record);
    memcpy(deduction.station, finding->station, sizeof deduction.station);
    memcpy(deduction.staff, finding->staff, sizeof deduction.staff);
    deduction.has_event = finding->event_count != 0;
    if (deduction.has_event) {
        memcpy(deduction.event, finding->event[finding->event_count - 1], LIMIT_HASH_SIZE);
    }
    appraising->visit(appraising->context, &deduction);
}

static bool keep_last(void *context, const struct views_event *event)
{
    memcpy(context, event->id, LIMIT_HASH_SIZE);
    return false;
}

/* The answers "no" of an inspection done within the period. */
static bool deduct_inspection(void *context, const struct record *record)
{
    struct appraising *appraising = context;
    const struct views_look *look = &appraising->look;
    const struct views_source *source = look->source;
    enum { ANSWER_NO = 2 };
    uint16_t count = values_places(&record->facts, FIELD_lines_heading);
    int32_t day = views_day(record, FIELD_told_ms);
    if (record->machine != MACHINE_INSPECTION || !views_in_scope(look, record) ||
        day < look->scope->from_day || day > look->scope->until_day) {
        return true;
    }
    for (uint16_t i = 0; i < count; i++) {
        uint64_t heading = values_number(&record->facts, FIELD_lines_heading, i);
        uint8_t kind = heading_deducts(heading);
        struct span head = values_bytes(&record->facts, FIELD_handler, 0);
        if (values_number(&record->facts, FIELD_lines_answer, i) != ANSWER_NO || kind == 0) {
            continue;
        }
        int32_t told_day = 0;
        bool upheld = is_upheld(appraising, record->id, &told_day);
        struct views_deduction deduction = {.kind = kind,
                                            .points = points_of(source->policy, kind),
                                            .pending = heading_is_pending(heading) && !upheld,
                                            .told_day = told_day,
                                            .day = day,
                                            .has_event = true,
                                            .ground = "inspection"};
        memcpy(deduction.record, record->id, sizeof deduction.record);
        memcpy(deduction.station, record->station, sizeof deduction.station);
        memcpy(deduction.staff, head.data == NULL ? deduction.staff : head.data,
               head.size == LIMIT_ID_SIZE ? LIMIT_ID_SIZE : 0);
        source->events(source->context, record->id, keep_last, deduction.event);
        appraising->visit(appraising->context, &deduction);
    }
    return true;
}

static enum err each_deduction(const struct views_source *source, const struct views_scope *scope,
                               views_deduction_visit visit, void *context)
{
    struct appraising appraising = {.visit = visit, .context = context};
    const struct views_reach decided = {.machine = MACHINE_ACCOUNTABILITY};
    struct views_reach inspections = {.machine = MACHINE_INSPECTION};
    views_reach_days(scope, &inspections);
    views_look_init(&appraising.look, source, scope);
    source->records(source->context, &decided, keep_upheld, &appraising);
    enum err err = appraising.upheld.err;
    if (err == ERR_NONE) {
        err = views_findings(source, scope, deduct_finding, &appraising);
    }
    if (err == ERR_NONE) {
        source->records(source->context, &inspections, deduct_inspection, &appraising);
    }
    views_entries_done(&appraising.upheld);
    return err;
}

/* --- sheets --- */

static void sheet_add(struct views_sheet *sheet, const struct views_deduction *deduction)
{
    uint32_t *sum = deduction->pending ? &sheet->pending : &sheet->deducted;
    *sum += deduction->points;
    sheet->count++;
}

static void sheet_close(const struct policy *policy, struct views_sheet *sheet)
{
    sheet->base = policy_get_count(policy, POLICY_SCORE_BASE);
    if (sheet->deducted > sheet->base) {
        sheet->deducted = sheet->base;
    }
    sheet->points = sheet->base - sheet->deducted;
    sheet->grade = views_grade_of(policy, sheet->points);
}

struct one_sheet {
    struct views_sheet *sheet;
    views_deduction_visit visit;
    void *context;
};

static void add_to_one(void *context, const struct views_deduction *deduction)
{
    struct one_sheet *one = context;
    sheet_add(one->sheet, deduction);
    if (one->visit != NULL) {
        one->visit(one->context, deduction);
    }
}

enum err views_appraise(const struct views_source *source, const struct views_scope *scope,
                        views_deduction_visit visit, void *context, struct views_sheet *ret)
{
    struct one_sheet one = {ret, visit, context};
    *ret = (struct views_sheet){.count = 0};
    enum err err = each_deduction(source, scope, add_to_one, &one);
    sheet_close(source->policy, ret);
    return err;
}

struct many_sheets {
    const struct views_source *source;
    struct views_sheet *sheet;
};

static void add_to_many(void *context, const struct views_deduction *deduction)
{
    struct many_sheets *many = context;
    for (size_t i = 0; i < many->source->station_count; i++) {
        if (memcmp(many->source->stations[i].device, deduction->station, LIMIT_KEY_SIZE) == 0) {
            sheet_add(&many->sheet[i], deduction);
        }
    }
}

enum err views_appraise_stations(const struct views_source *source, const struct views_scope *scope,
                                 struct views_sheet *ret)
{
    struct many_sheets many = {source, ret};
    for (size_t i = 0; i < source->station_count; i++) {
        ret[i] = (struct views_sheet){.count = 0};
    }
    enum err err = each_deduction(source, scope, add_to_many, &many);
    for (size_t i = 0; i < source->station_count; i++) {
        sheet_close(source->policy, &ret[i]);
    }
    return err;
}

/* --- ranking --- */

/* Better first; equal points by code, so that the order is one. */
static int rank_compare(const struct views_source *source, const struct views_rank *a,
                        const struct views_rank *b)
{
    if (a->sheet.points != b->sheet.points) {
        return a->sheet.points > b->sheet.points ? -1 : 1;
    }
    return strcmp(source->stations[a->station].code, source->stations[b->station].code);
}

static void rank_sort(const struct views_source *source, struct views_rank *ranks)
{
    for (size_t i = 1; i < source->station_count; i++) {
        struct views_rank moved = ranks[i];
        size_t at = i;
        while (at > 0 && rank_compare(source, &moved, &ranks[at - 1]) < 0) {
            ranks[at] = ranks[at - 1];
            at--;
        }
        ranks[at] = moved;
    }
    for (size_t i = 0; i < source->station_count; i++) {
        bool tie = i > 0 && ranks[i].sheet.points == ranks[i - 1].sheet.points;
        ranks[i].rank = tie ? ranks[i - 1].rank : (uint32_t)i + 1;
    }
}

/* Who came or was merged within the year is not measured against those who stood all of it. */
static bool stood_all(const struct views_station *station, const struct views_scope *year)
{
    return station->since_day <= year->from_day &&
           (station->until_day == 0 || station->until_day >= year->until_day);
}

/* Last alone or among equals, but not when all are equal. */
static bool is_last(const struct views_source *source, const struct views_sheet *sheets,
                    size_t station, const struct views_scope *year)
{
    bool another = false;
    for (size_t i = 0; i < source->station_count; i++) {
        if (!stood_all(&source->stations[i], year)) {
            continue;
        }
        if (sheets[i].points < sheets[station].points) {
            return false;
        }
        another = another || sheets[i].points > sheets[station].points;
    }
    return another && stood_all(&source->stations[station], year);
}

enum err views_ranking(const struct views_source *source, const struct views_scope *scope,
                       struct views_rank *ret)
{
    uint32_t most = policy_get_count(source->policy, POLICY_LAST_PLACE_YEARS);
    struct views_sheet *sheets = calloc(source->station_count + 1, sizeof *sheets);
    struct views_scope year = {.from_day = 0};
    enum err err = sheets == NULL ? ERR_MEMORY : ERR_NONE;
    int32_t day = scope->until_day;
    for (uint32_t back = 0; err == ERR_NONE && back < most; back++) {
        views_period(POLICY_PERIOD_YEAR, day, &year.from_day, &year.until_day);
        err = views_appraise_stations(source, &year, sheets);
        for (size_t i = 0; err == ERR_NONE && i < source->station_count; i++) {
            if (back == 0) {
                ret[i] = (struct views_rank){.station = i, .sheet = sheets[i]};
            }
            if (ret[i].last_years == back && is_last(source, sheets, i, &year)) {
                ret[i].last_years++;
            }
        }
        day = year.from_day - 1;
    }
    for (size_t i = 0; err == ERR_NONE && i < source->station_count; i++) {
        ret[i].reassign = ret[i].last_years >= most;
    }
    if (err == ERR_NONE) {
        rank_sort(source, ret);
    }
    free(sheets);
    return err;
}
