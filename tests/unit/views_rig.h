#ifndef JIELI_TESTS_VIEWS_RIG_H
#define JIELI_TESTS_VIEWS_RIG_H

#include "rules_files.h"
#include "unit.h"
#include "views/appraisal.h"
#include "views/kpi.h"

#include <string.h>

/* Facts in memory, under the shipped policy, calendar and catalogue. Two stations, 1 and 2. */

enum { RIG_RECORDS = 512, RIG_EVENTS = 512, RIG_STATIONS = 3 };

struct rig_event {
    size_t record;
    struct views_event event;
};

struct rig {
    struct policy *policy;
    struct calendar *calendar;
    struct catalogue *catalogue;
    size_t count;
    struct record *record[RIG_RECORDS];
    size_t event_count;
    struct rig_event event[RIG_EVENTS];
    struct views_station station[RIG_STATIONS];
    struct views_source source;
    struct values no_facts;
};

static inline int32_t rig_day(const char *text)
{
    int32_t day = 0;
    assert_int_equal(civil_day_parse(span_text(text), &day), ERR_NONE);
    return day;
}

static inline uint64_t rig_ms(const char *text)
{
    uint64_t ms = 0;
    assert_int_equal(civil_time_parse(span_text(text), &ms), ERR_NONE);
    return ms;
}

/* As narrow as a source may be. */
static inline bool rig_reaches(const struct views_reach *reach, const struct record *record)
{
    struct record_outline outline;
    record_outline_of(record, &outline);
    return (reach->states == 0 || (reach->states >> record->state & 1) != 0) &&
           (reach->until_day == 0 ||
            (outline.from_day <= reach->until_day && outline.until_day >= reach->from_day));
}

static inline void rig_records(void *context, const struct views_reach *reach,
                               views_record_visit visit, void *visit_context)
{
    struct rig *rig = context;
    bool more = true;
    /* Backwards: nobody may rely on an order. */
    for (size_t i = rig->count; more && i > 0; i--) {
        struct record *record = rig->record[i - 1];
        if (record->machine == reach->machine && rig_reaches(reach, record)) {
            more = visit(visit_context, record);
        }
    }
}

static inline const struct record *rig_find(void *context, const uint8_t id[LIMIT_ID_SIZE])
{
    struct rig *rig = context;
    for (size_t i = 0; i < rig->count; i++) {
        if (memcmp(rig->record[i]->id, id, LIMIT_ID_SIZE) == 0) {
            return rig->record[i];
        }
    }
    return NULL;
}

static inline void rig_events(void *context, const uint8_t id[LIMIT_ID_SIZE],
                              views_event_visit visit, void *visit_context)
{
    struct rig *rig = context;
    bool more = true;
    for (size_t i = 0; more && i < rig->event_count; i++) {
        if (memcmp(rig->record[rig->event[i].record]->id, id, LIMIT_ID_SIZE) == 0) {
            more = visit(visit_context, &rig->event[i].event);
        }
    }
}

/* now: "2026-03-16 09:00" */
static inline struct rig *rig_new(const char *now)
{
    static const char *const codes[RIG_STATIONS] = {"V01", "V02", "V03"};
    struct rig *rig = calloc(1, sizeof *rig);
    struct buf policy = shipped("policy/policy.txt");
    struct buf catalogue = shipped("catalogue/catalogue.txt");
    struct buf calendar = shipped("calendar/cn-2026.txt");
    struct span file = buf_span(&calendar);
    struct span items = buf_span(&catalogue);
    struct text_errors errors;
    assert_non_null(rig);
    text_errors_init(&errors);
    assert_int_equal(policy_parse(buf_span(&policy), &rig->policy, &errors), ERR_NONE);
    assert_int_equal(catalogue_parse(&items, 1, &rig->catalogue, &errors), ERR_NONE);
    assert_int_equal(calendar_parse(&file, 1, &rig->calendar, &errors), ERR_NONE);
    buf_done(&policy);
    buf_done(&catalogue);
    buf_done(&calendar);
    for (size_t i = 0; i < RIG_STATIONS; i++) {
        memset(rig->station[i].device, (int)i + 1, LIMIT_KEY_SIZE);
        rig->station[i].code = codes[i];
        rig->station[i].since_day = rig_day("2026-03-02");
    }
    rig->source = (struct views_source){.context = rig,
                                        .policy = rig->policy,
                                        .calendar = rig->calendar,
                                        .catalogue = rig->catalogue,
                                        .now_ms = rig_ms(now),
                                        .station_count = 2,
                                        .stations = rig->station,
                                        .records = rig_records,
                                        .find = rig_find,
                                        .events = rig_events};
    return rig;
}

static inline void rig_free(struct rig *rig)
{
    for (size_t i = 0; i < rig->count; i++) {
        free(rig->record[i]);
    }
    policy_free(rig->policy);
    catalogue_free(rig->catalogue);
    calendar_free(rig->calendar);
    free(rig);
}

/* Another policy: "kpi.on_time = 94 %" for the shipped line of that name. */
static inline void rig_policy(struct rig *rig, const char *name, const char *value)
{
    struct buf text = shipped("policy/policy.txt");
    struct buf changed;
    struct text_errors errors;
    const char *line = strstr(buf_text(&text), name);
    const char *rest = line == NULL ? NULL : strchr(line, '\n');
    assert_non_null(rest);
    buf_init(&changed, LIMIT_TEXT_FILE_SIZE);
    buf_put(&changed, text.data, (size_t)(line - buf_text(&text)));
    buf_put_format(&changed, "%s = %s  # X", name, value);
    buf_put_text(&changed, rest);
    policy_free(rig->policy);
    text_errors_init(&errors);
    assert_int_equal(policy_parse(buf_span(&changed), &rig->policy, &errors), ERR_NONE);
    rig->source.policy = rig->policy;
    buf_done(&text);
    buf_done(&changed);
}

/* A record of station 1, 2 ..; its id is its number, from 1, in the last byte. */
static inline struct record *rig_add(struct rig *rig, enum machine_id machine, const char *state,
                                     unsigned station)
{
    struct record *record = calloc(1, sizeof *record);
    uint32_t bits = views_states(machine, state);
    assert_non_null(record);
    assert_int_not_equal(bits, 0);
    assert_true(rig->count < RIG_RECORDS);
    rig->record[rig->count++] = record;
    record->machine = machine;
    while ((bits >> record->state & 1) == 0) {
        record->state++;
    }
    record->holder = HOLDER_STATION;
    put_u16(record->id + LIMIT_ID_SIZE - 2, (uint16_t)rig->count);
    memset(record->station, (int)station, LIMIT_KEY_SIZE);
    return record;
}

static inline void put(struct record *record, enum field field, uint64_t number)
{
    values_set_number(&record->facts, field, 0, number);
}

static inline void put_time(struct record *record, enum field field, const char *time)
{
    put(record, field, rig_ms(time));
}

static inline void put_day(struct record *record, enum field field, const char *day)
{
    put(record, field, (uint64_t)rig_day(day));
}

/* Staff id: sixteen times the number. */
static inline void put_staff(struct record *record, enum field field, uint8_t number)
{
    uint8_t id[LIMIT_ID_SIZE];
    memset(id, number, sizeof id);
    values_set_bytes(&record->facts, field, 0, span_of(id, sizeof id));
}

static inline void put_code(struct record *record, enum field field, const char *code)
{
    values_set_bytes(&record->facts, field, 0, span_text(code));
}

static inline void put_record(struct record *record, enum field field, const struct record *other)
{
    values_set_bytes(&record->facts, field, 0, span_of(other->id, LIMIT_ID_SIZE));
}

/* An event of the newest record, kept and accepted at these times ("" : not accepted). Its id is
 * its number, from 1. */
static inline struct views_event *rig_event(struct rig *rig, const char *verb, const char *kept,
                                            const char *accepted, uint8_t staff)
{
    struct rig_event *event = &rig->event[rig->event_count++];
    const struct record *record = rig->record[rig->count - 1];
    const struct rule_name *name = rule_machine(record->machine)->verbs;
    assert_true(rig->event_count < RIG_EVENTS);
    while (name->name != NULL && strcmp(name->name, verb) != 0) {
        name++;
    }
    assert_non_null(name->name);
    event->record = rig->count - 1;
    event->event.verb = name->number;
    event->event.facts = &rig->no_facts;
    put_u16(event->event.id, (uint16_t)rig->event_count);
    memcpy(event->event.device, record->station, LIMIT_KEY_SIZE);
    memset(event->event.staff, staff, LIMIT_ID_SIZE);
    event->event.kept_ms = rig_ms(kept);
    event->event.accepted_ms = accepted[0] == 0 ? 0 : rig_ms(accepted);
    return &event->event;
}

/* A case of station 1, opened and accepted, due on that day ("" : none). */
static inline struct record *rig_case(struct rig *rig, const char *state, const char *opened,
                                      const char *due)
{
    struct record *record = rig_add(rig, MACHINE_CASE, state, 1);
    put_time(record, FIELD_opened_ms, opened);
    put_time(record, FIELD_accepted_ms, opened);
    put_time(record, FIELD_last_ms, opened);
    put(record, FIELD_limit_count, 10);
    put(record, FIELD_limit_unit, DEADLINE_WORKING_DAY);
    put_staff(record, FIELD_first_responsible, 7);
    put_staff(record, FIELD_handler, 7);
    put_code(record, FIELD_item, "I02");
    if (due[0] != 0) {
        put_day(record, FIELD_due_day, due);
    }
    return record;
}

static inline struct views_scope rig_scope(const char *from, const char *until)
{
    return (struct views_scope){.from_day = rig_day(from), .until_day = rig_day(until)};
}

#endif
