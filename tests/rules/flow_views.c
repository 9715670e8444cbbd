#include "base/text.h"
#include "flow.h"
#include "views/appraisal.h"
#include "views/kpi.h"
#include "views/views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 64 };

/* What the views make of a scenario's records: findings, indicators, the score sheet. */

/* --- the scenario's facts as a source --- */

static void source_records(void *context, const struct views_reach *reach, views_record_visit visit,
                           void *visit_context)
{
    struct flow *flow = context;
    bool more = true;
    for (size_t i = 0; more && i < flow->world.record_count; i++) {
        const struct world_record *named = &flow->world.records[i];
        if (named->exists && named->record.machine == reach->machine &&
            (reach->states == 0 || (reach->states >> named->record.state & 1) != 0)) {
            more = visit(visit_context, &named->record);
        }
    }
}

static const struct record *source_find(void *context, const uint8_t id[LIMIT_ID_SIZE])
{
    struct flow *flow = context;
    struct rule_world rules = world_rules(&flow->world);
    return rules.find(rules.context, id);
}

static void source_events(void *context, const uint8_t id[LIMIT_ID_SIZE], views_event_visit visit,
                          void *visit_context)
{
    struct flow *flow = context;
    bool more = true;
    for (size_t i = 0; more && i < flow->event_count; i++) {
        const struct flow_event *event = &flow->events[i];
        if (memcmp(event->record, id, LIMIT_ID_SIZE) == 0) {
            struct views_event seen = {.verb = event->verb,
                                       .kept_ms = event->legal_ms,
                                       .accepted_ms = event->legal_ms,
                                       .facts = &flow->no_facts};
            memcpy(seen.id, event->id, sizeof seen.id);
            memcpy(seen.staff, event->staff, sizeof seen.staff);
            more = visit(visit_context, &seen);
        }
    }
}

static struct views_source flow_source(struct flow *flow, struct views_station *ret_station)
{
    static const struct actor station_one = {.station = 1, .tier = TIER_STATION};
    *ret_station = (struct views_station){.code = "V01"};
    world_device_id(&station_one, ret_station->device);
    return (struct views_source){.context = flow,
                                 .policy = flow->world.policy,
                                 .calendar = flow->world.calendar,
                                 .catalogue = flow->world.catalogue,
                                 .now_ms = flow->world.now_ms,
                                 .station_count = 1,
                                 .stations = ret_station,
                                 .records = source_records,
                                 .find = source_find,
                                 .events = source_events};
}

/* --- lines --- */

/* "2026-03-01..2026-03-31" */
static bool read_scope(struct span word, struct views_scope *ret)
{
    enum { DAY = 10, DOTS = 2 };
    return word.size == DAY + DOTS + DAY &&
           civil_day_parse(span_of(word.data, DAY), &ret->from_day) == ERR_NONE &&
           civil_day_parse(span_of(word.data + DAY + DOTS, DAY), &ret->until_day) == ERR_NONE;
}

struct tally {
    struct span name;
    unsigned count;
};

static void count_finding(void *context, const struct views_finding *finding)
{
    struct tally *tally = context;
    tally->count += text_is(tally->name, finding->rule->name) ? 1U : 0U;
}

/* "NAME FROM..UNTIL -> 2" */
static void run_finding(struct flow *flow, struct span line)
{
    struct views_station station;
    struct views_source source = flow_source(flow, &station);
    struct views_scope scope = {.station = station.device};
    struct tally tally = {.name = text_take_word(&line)};
    char name[64];
    uint64_t expected = 0;
    (void)snprintf(name, sizeof name, "%.*s", CASES_TEXT(tally.name));
    bool good = read_scope(text_take_word(&line), &scope) && text_is(text_take_word(&line), "->") &&
                text_get_number(line, UINT32_MAX, &expected) == ERR_NONE;
    station.since_day = scope.from_day;
    if (!good || views_rule_find(name) == NULL ||
        views_findings(&source, &scope, count_finding, &tally) != ERR_NONE) {
        cases_fail(&flow->cases, "this line is not understood");
    } else if (tally.count != expected) {
        cases_fail(&flow->cases, "%s: %u, not %u", name, tally.count, (unsigned)expected);
    }
}

/* "NAME FROM..UNTIL -> 19/20 met|missed" */
static void run_kpi(struct flow *flow, struct span line)
{
    enum { KPIS = 32 };
    static struct views_kpi_result results[KPIS];
    struct views_station station;
    struct views_source source = flow_source(flow, &station);
    struct views_scope scope = {.station = station.device};
    struct span name = text_take_word(&line);
    char came[64] = "no such indicator";
    bool good = read_scope(text_take_word(&line), &scope) && text_is(text_take_word(&line), "->") &&
                views_kpi_count() <= KPIS;
    if (!good) {
        cases_fail(&flow->cases, "this line is not understood");
        return;
    }
    views_kpi_all(&source, &scope, results);
    for (size_t i = 0; i < views_kpi_count(); i++) {
        if (text_is(name, results[i].kpi->name)) {
            (void)snprintf(came, sizeof came, "%u/%u %s", (unsigned)results[i].good,
                           (unsigned)results[i].of, results[i].met ? "met" : "missed");
        }
    }
    if (!text_is(line, came)) {
        cases_fail(&flow->cases, "%s, not %.*s", came, CASES_TEXT(line));
    }
}

static void no_deduction(void *context, const struct views_deduction *deduction)
{
    (void)context;
    (void)deduction;
}

/* "FROM..UNTIL -> 95 1": points and grade of the station; "life COMMUNITY EMPLOYER -> POINTS" */
static void run_sheet(struct flow *flow, struct span line)
{
    struct views_station station;
    struct views_source source = flow_source(flow, &station);
    struct views_scope scope = {.station = station.device};
    struct views_sheet sheet;
    char came[64] = "";
    struct span word = text_take_word(&line);
    if (text_is(word, "grade")) {
        uint64_t points = 0;
        enum err err = text_get_number(text_take_word(&line), UINT32_MAX, &points);
        (void)snprintf(came, sizeof came, "%d",
                       err == ERR_NONE ? (int)views_grade_of(flow->world.policy, (uint32_t)points)
                                       : 0);
    } else if (read_scope(word, &scope) &&
               views_appraise(&source, &scope, no_deduction, NULL, &sheet) == ERR_NONE) {
        (void)snprintf(came, sizeof came, "%u %d", (unsigned)sheet.points, (int)sheet.grade);
    }
    if (!text_is(text_take_word(&line), "->") || !text_is(line, came)) {
        cases_fail(&flow->cases, "%s, not %.*s", came, CASES_TEXT(line));
    }
}

static bool count_row(void *context, const struct views_row *row)
{
    unsigned *count = context;
    (void)row;
    *count += 1;
    return true;
}

/* "board 2026-03-05..2026-03-05 -> 6" */
static void run_list(struct flow *flow, struct span line)
{
    struct views_station station;
    struct views_source source = flow_source(flow, &station);
    struct views_scope scope = {.station = station.device};
    const struct views_page all = {0, 0};
    char name[NAME_SIZE];
    char came[NAME_SIZE];
    unsigned count = 0;
    struct span word = text_take_word(&line);
    (void)snprintf(name, sizeof name, "%.*s", CASES_TEXT(word));
    const struct views_view *view = views_find(name);
    if (view == NULL || !read_scope(text_take_word(&line), &scope) ||
        views_list(&source, view, &scope, &all, NULL, count_row, &count) != ERR_NONE) {
        cases_fail(&flow->cases, "%s: this list cannot be asked for", name);
        return;
    }
    (void)snprintf(came, sizeof came, "%u", count);
    if (!text_is(text_take_word(&line), "->") || !text_is(line, came)) {
        cases_fail(&flow->cases, "%s rows, not %.*s", came, CASES_TEXT(line));
    }
}

/* "watch.silence -> 24 h" */
static void run_shipped(struct flow *flow, struct span line)
{
    struct span name = text_take_word(&line);
    struct buf text;
    buf_init(&text, NAME_SIZE);
    for (enum policy_id id = 0; id < POLICY_COUNT; id++) {
        struct policy_entry entry = policy_entry(flow->world.policy, id);
        if (text_is(name, entry.info->name)) {
            policy_value_format(&entry, &text);
        }
    }
    if (!text_is(text_take_word(&line), "->") || !text_is(line, buf_text(&text))) {
        cases_fail(&flow->cases, "%s, not %.*s", buf_text(&text), CASES_TEXT(line));
    }
    buf_done(&text);
}

bool flow_run_view(struct flow *flow, struct span word, struct span rest)
{
    if (text_is(word, "finding")) {
        run_finding(flow, rest);
    } else if (text_is(word, "kpi")) {
        run_kpi(flow, rest);
    } else if (text_is(word, "sheet")) {
        run_sheet(flow, rest);
    } else if (text_is(word, "view")) {
        run_list(flow, rest);
    } else if (text_is(word, "shipped")) {
        run_shipped(flow, rest);
    } else {
        return false;
    }
    flow->cases.run++;
    return true;
}
