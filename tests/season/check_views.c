#include "check.h"
#include "views/appraisal.h"
#include "views/kpi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Findings, indicators and score sheets, as station, hub and auditor compute them from what each
 * holds: equal to the last digit, and the findings are the misdeeds that were planted. */

enum { KPIS = 32, FINDINGS = 4096, TOLD_MAX = 40 };

struct finding {
    struct views_finding copy;
    bool matched;
};

struct report {
    const char *who;
    size_t finding_count;
    struct finding *finding;
    size_t kpi_count;
    struct views_kpi_result kpi[KPIS];
    struct views_sheet sheet;
};

static struct views_scope scope_of(const struct season *season, const uint8_t *station)
{
    return (struct views_scope){
        .from_day = season->first_day, .until_day = season->end_day, .station = station};
}

static void take_finding(void *context, const struct views_finding *finding)
{
    struct report *report = context;
    MUST(report->finding_count < FINDINGS);
    report->finding[report->finding_count++] = (struct finding){*finding, false};
}

static void any_deduction(void *context, const struct views_deduction *deduction)
{
    (void)context;
    (void)deduction;
}

static void make(struct report *report, const char *who, const struct views_source *source,
                 const struct views_scope *scope)
{
    memset(report, 0, sizeof *report);
    report->who = who;
    report->finding = calloc(FINDINGS, sizeof *report->finding);
    MUST(report->finding != NULL);
    MUST(views_findings(source, scope, take_finding, report) == ERR_NONE);
    report->kpi_count = views_kpi_count();
    MUST(report->kpi_count <= KPIS);
    views_kpi_all(source, scope, report->kpi);
    MUST(views_appraise(source, scope, any_deduction, NULL, &report->sheet) == ERR_NONE);
}

static void unmake(struct report *report)
{
    free(report->finding);
}

/* --- planted and found --- */

static size_t station_of(const struct season *season, const uint8_t *device)
{
    for (size_t i = 0; i < SEASON_STATIONS; i++) {
        if (memcmp(signer_key_id_view(season->station[i].signer), device, LIMIT_KEY_SIZE) == 0) {
            return i;
        }
    }
    return SEASON_STATIONS;
}

static bool names(const struct season *season, const struct season_plant *plant,
                  const struct views_finding *finding)
{
    static const uint8_t nobody[LIMIT_ID_SIZE];
    uint32_t record = finding->has_record ? get_u32(finding->record + 12) : 0;
    bool person = plant->post == POST_NOBODY || plant->link
                      ? memcmp(finding->staff, nobody, LIMIT_ID_SIZE) == 0
                      : memcmp(finding->staff, plant->staff, LIMIT_ID_SIZE) == 0;
    return strcmp(plant->finding, finding->rule->name) == 0 && plant->record == record &&
           plant->station == station_of(season, finding->station) && person;
}

static void tell(struct check *check, const char *who, const char *what, const char *finding,
                 size_t station, uint32_t record, int32_t day)
{
    if (check->wrong++ < TOLD_MAX) {
        printf("WRONG %s: %s %s, station %u, record %u, month %d day %d\n", who, what, finding,
               (unsigned)station + 1, (unsigned)record, day_month(day), day_in_month(day));
    }
}

static void match(struct check *check, struct report *report)
{
    struct season *season = check->season;
    for (size_t i = 0; i < season->plant_count; i++) {
        struct season_plant *plant = &season->plant[i];
        plant->found = 0;
        for (size_t k = 0; k < report->finding_count; k++) {
            struct finding *finding = &report->finding[k];
            if (!finding->matched && names(season, plant, &finding->copy)) {
                finding->matched = true;
                plant->found++;
                break;
            }
        }
        if (plant->found != 1) {
            tell(check, report->who, "not found:", plant->finding, plant->station, plant->record,
                 plant->day);
        }
    }
    for (size_t k = 0; k < report->finding_count; k++) {
        const struct views_finding *finding = &report->finding[k].copy;
        if (!report->finding[k].matched) {
            tell(check, report->who, "nobody did:", finding->rule->name,
                 station_of(season, finding->station),
                 finding->has_record ? get_u32(finding->record + 12) : 0, finding->day);
            check->false_findings++;
        }
    }
}

/* --- two reports --- */

static bool same_finding(const struct views_finding *a, const struct views_finding *b)
{
    return a->rule == b->rule && a->cause == b->cause && a->day == b->day &&
           a->has_record == b->has_record && a->event_count == b->event_count &&
           memcmp(a->record, b->record, LIMIT_ID_SIZE) == 0 &&
           memcmp(a->station, b->station, LIMIT_KEY_SIZE) == 0 &&
           memcmp(a->staff, b->staff, LIMIT_ID_SIZE) == 0 &&
           memcmp(a->event, b->event, a->event_count * LIMIT_HASH_SIZE) == 0 &&
           a->claimed == b->claimed && a->recomputed == b->recomputed;
}

static bool same_sheet(const struct views_sheet *a, const struct views_sheet *b)
{
    return a->base == b->base && a->deducted == b->deducted && a->pending == b->pending &&
           a->points == b->points && a->grade == b->grade && a->count == b->count;
}

static void compare(struct check *check, const struct report *a, const struct report *b,
                    size_t station)
{
    for (size_t i = 0; i < a->kpi_count; i++) {
        const struct views_kpi_result *one = &a->kpi[i];
        const struct views_kpi_result *other = &b->kpi[i];
        if (one->of != other->of || one->good != other->good || one->met != other->met ||
            one->per_mille != other->per_mille) {
            tell(check, b->who, "another figure than the auditor's:", one->kpi->name, station,
                 (uint32_t)other->good, check->season->first_day);
        }
    }
    bool same = a->finding_count == b->finding_count && same_sheet(&a->sheet, &b->sheet);
    for (size_t i = 0; same && i < a->finding_count; i++) {
        same = same_finding(&a->finding[i].copy, &b->finding[i].copy);
    }
    if (!same) {
        tell(check, b->who, "other findings or sheet than the auditor's,", "", station,
             (uint32_t)b->finding_count, check->season->first_day);
    }
}

/* --- the test's own count of the indicators --- */

static const struct views_kpi_result *result(const struct report *report, const char *name)
{
    for (size_t i = 0; i < report->kpi_count; i++) {
        if (strcmp(report->kpi[i].kpi->name, name) == 0) {
            return &report->kpi[i];
        }
    }
    season_failed(__FILE__, __LINE__, name);
}

static void expect(struct check *check, const struct report *report, const char *name,
                   size_t station, const uint64_t of_good[2])
{
    const struct views_kpi_result *found = result(report, name);
    if (found->of != of_good[0] || found->good != of_good[1]) {
        printf("WRONG %s: %s, station %u: expected %llu of %llu, found %llu of %llu\n", report->who,
               name, (unsigned)station + 1, (unsigned long long)of_good[1],
               (unsigned long long)of_good[0], (unsigned long long)found->good,
               (unsigned long long)found->of);
        check->wrong++;
    }
}

static void expect_all(struct check *check, const struct report *report, size_t station)
{
    struct season_rates rates;
    ledger_rates(check->season, station, &rates);
    expect(check, report, "on-time", station, rates.on_time);
    expect(check, report, "hand-up-on-time", station, rates.hand_up);
    expect(check, report, "result-told", station, rates.told);
    expect(check, report, "satisfaction", station, rates.satisfied);
    expect(check, report, "proxy-rated", station, rates.proxy_rated);
    expect(check, report, "extension-rate", station, rates.extended);
    expect(check, report, "first-contact-accept", station, rates.contacts);
}

static void print_station(const struct season *season, size_t station, const struct report *report)
{
    struct season_totals totals;
    const struct views_kpi_result *on_time = result(report, "on-time");
    const struct views_kpi_result *up = result(report, "hand-up-on-time");
    const struct views_kpi_result *told = result(report, "result-told");
    size_t plants = 0;
    for (size_t i = 0; i < season->plant_count; i++) {
        plants += season->plant[i].station == station && !season->plant[i].link;
    }
    ledger_totals(season, station, season->first_day, season->end_day, &totals);
    printf("%4u %9llu %9llu %8llu/%-6llu %5llu/%-5llu %6llu/%-6llu %8llu %9zu %7zu %6u\n",
           (unsigned)station + 1, (unsigned long long)totals.accepted,
           (unsigned long long)totals.finished, (unsigned long long)on_time->good,
           (unsigned long long)on_time->of, (unsigned long long)up->good,
           (unsigned long long)up->of, (unsigned long long)told->good, (unsigned long long)told->of,
           (unsigned long long)totals.overdue, plants, report->finding_count,
           (unsigned)report->sheet.points);
}

/* --- all sides --- */

static void check_station(struct check *check, const struct views_source *auditor,
                          const struct views_source *hub, size_t station)
{
    struct season *season = check->season;
    struct season_station *at = &season->station[station];
    struct report reports[3];
    struct views_scope scope = scope_of(season, signer_key_id_view(at->signer));
    struct check_facts *facts =
        check_facts_new(&check->stations[station], at->station, season->now_ms);
    make(&reports[0], "auditor", auditor, &scope);
    make(&reports[1], "hub", hub, &scope);
    make(&reports[2], at->name, check_facts_source(facts), &scope);
    compare(check, &reports[0], &reports[1], station);
    compare(check, &reports[0], &reports[2], station);
    expect_all(check, &reports[0], station);
    print_station(season, station, &reports[0]);
    for (size_t i = 0; i < 3; i++) {
        unmake(&reports[i]);
    }
    check_facts_free(facts);
}

void check_views(struct check *check)
{
    struct season *season = check->season;
    struct views_scope scope = scope_of(season, NULL);
    struct check_facts *auditor = check_facts_new(&check->auditor, NULL, season->now_ms);
    struct check_facts *hub = check_facts_new(&check->hub, NULL, season->now_ms);
    struct report whole[2];
    printf("站    accepted  finished      on time    handed up        told  overdue   planted  "
           "found points\n");
    for (size_t i = 0; i < SEASON_STATIONS; i++) {
        check_station(check, check_facts_source(auditor), check_facts_source(hub), i);
    }
    plant_links(season);
    make(&whole[0], "auditor", check_facts_source(auditor), &scope);
    make(&whole[1], "hub", check_facts_source(hub), &scope);
    compare(check, &whole[0], &whole[1], SEASON_STATIONS);
    match(check, &whole[0]);
    check_forms(check, hub);
    size_t links = 0;
    size_t found = 0;
    for (size_t i = 0; i < season->plant_count; i++) {
        links += season->plant[i].link;
        found += season->plant[i].found == 1 && !season->plant[i].link;
    }
    printf("misdeeds planted %zu, found %zu, false findings %llu; hand-ups late by a dead line, "
           "nobody's fault: %zu\n",
           season->plant_count - links, found, (unsigned long long)check->false_findings, links);
    unmake(&whole[0]);
    unmake(&whole[1]);
    check_facts_free(auditor);
    check_facts_free(hub);
}
