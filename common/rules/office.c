#include "rules/office.h"

#include <string.h>

enum { DAYS_IN_WEEK = 7, MONTHS_IN_YEAR = 12, MONTHS_IN_QUARTER = 3, MONTHS_IN_HALF_YEAR = 6 };

bool input_number_within(const struct rule_input *input, enum field field, uint64_t first,
                         uint64_t last)
{
    uint64_t number = input_number(input, field);
    return number >= first && number <= last;
}

bool input_names_other(const struct rule_input *input, enum field field)
{
    struct span staff = input_bytes(input, field);
    return staff.size == LIMIT_ID_SIZE && !input_author_is(input, staff);
}

bool input_repeats(const struct rule_input *input, enum field field)
{
    struct span own = before_bytes(input, field);
    return own.size != 0 && span_equal(own, input_bytes(input, field));
}

const struct record *input_subject(const struct rule_input *input, enum field field)
{
    struct span id = input_bytes(input, field);
    if (id.size != LIMIT_ID_SIZE || input->world->find == NULL) {
        return NULL;
    }
    const struct record *record = input->world->find(input->world->context, id.data);
    bool seen =
        record != NULL && (input->event->tier == TIER_HUB || input_is_own_station(input, record));
    return seen ? record : NULL;
}

static bool people_list(const struct values *facts, struct span staff)
{
    uint16_t count = values_places(facts, FIELD_people);
    for (uint16_t i = 0; i < count; i++) {
        if (staff.size != 0 && span_equal(values_bytes(facts, FIELD_people, i), staff)) {
            return true;
        }
    }
    return false;
}

bool input_people_list(const struct rule_input *input, struct span staff)
{
    return people_list(input->event->facts, staff);
}

bool record_people_list(const struct record *record, struct span staff)
{
    return people_list(&record->facts, staff);
}

int32_t civil_add_months(int32_t day, uint32_t months)
{
    struct civil_date date = civil_date_of_day(day);
    int32_t month = date.month - 1 + (int32_t)months;
    date.year += month / MONTHS_IN_YEAR;
    date.month = month % MONTHS_IN_YEAR + 1;
    while (date.day > 1 && !civil_date_is_valid(date)) {
        date.day--;
    }
    return civil_date_is_valid(date) ? civil_day_of_date(date) : CIVIL_DAY_MAX;
}

static int32_t period_after_months(int32_t day, int32_t months)
{
    struct civil_date date = civil_date_of_day(day);
    date.day = 1;
    date.month -= (date.month - 1) % months;
    return civil_add_months(civil_day_of_date(date), (uint32_t)months);
}

/* The second half begins on the 16th. */
static int32_t period_after_half(int32_t day)
{
    enum { SECOND_HALF = 16 };
    struct civil_date date = civil_date_of_day(day);
    if (date.day >= SECOND_HALF) {
        return period_after_months(day, 1);
    }
    date.day = SECOND_HALF;
    return civil_day_of_date(date);
}

int32_t period_next_day(enum policy_period period, int32_t day)
{
    switch (period) {
    case POLICY_PERIOD_DAY:
        return day + 1;
    case POLICY_PERIOD_WEEK:
        return day + DAYS_IN_WEEK + 1 - (int32_t)civil_weekday_of_day(day);
    case POLICY_PERIOD_HALF_MONTH:
        return period_after_half(day);
    case POLICY_PERIOD_MONTH:
        return period_after_months(day, 1);
    case POLICY_PERIOD_QUARTER:
        return period_after_months(day, MONTHS_IN_QUARTER);
    case POLICY_PERIOD_HALF_YEAR:
        return period_after_months(day, MONTHS_IN_HALF_YEAR);
    case POLICY_PERIOD_YEAR:
        return period_after_months(day, MONTHS_IN_YEAR);
    }
    return day;
}

/* --- effects --- */

void effect_open(struct rule_input *input)
{
    const struct values *facts = input->event->facts;
    for (size_t i = 0; i < facts->count; i++) {
        const struct value *value = &facts->value[i];
        enum field field = (enum field)value->field;
        if (field == FIELD_verb) {
            continue;
        }
        if (value->type == VALUE_NUMBER) {
            values_set_number(&input->after->facts, field, value->place, value->number);
        } else {
            values_set_bytes(&input->after->facts, field, value->place, value->bytes);
        }
    }
    after_set_staff(input, FIELD_requester);
}

void effect_note(struct rule_input *input)
{
    static const enum field noted[] = {FIELD_reason, FIELD_result, FIELD_receipt, FIELD_serial,
                                       FIELD_destination};
    for (size_t i = 0; i < sizeof noted / sizeof *noted; i++) {
        after_store(input, noted[i]);
    }
}

void effect_decide(struct rule_input *input)
{
    after_store(input, FIELD_decision);
    after_set_staff(input, FIELD_decider);
}

void effect_finish(struct rule_input *input)
{
    after_set_number(input, FIELD_finished_ms, input->event->legal_ms);
}

void effect_to_hub(struct rule_input *input)
{
    input->after->holder = HOLDER_HUB;
    after_set_number(input, FIELD_submitted_ms, input->event->legal_ms);
}

void effect_to_station(struct rule_input *input)
{
    if (!record_is_hubs_own(input->after)) {
        input->after->holder = HOLDER_STATION;
        after_set_number(input, FIELD_returned_ms, input->event->legal_ms);
    }
}

void effect_for_station(struct rule_input *input)
{
    struct span station = input_bytes(input, FIELD_station);
    if (input->event->tier == TIER_HUB && station.size == LIMIT_KEY_SIZE) {
        memcpy(input->after->station, station.data, LIMIT_KEY_SIZE);
    }
}

void effect_given(struct rule_input *input)
{
    after_store(input, FIELD_handler);
}

/* --- guards --- */

static bool other_than_requester_holds(const struct rule_input *input)
{
    return !input_author_is(input, before_bytes(input, FIELD_requester));
}

static bool assigned_holds(const struct rule_input *input)
{
    return input_author_is(input, before_bytes(input, FIELD_handler));
}

static bool days_ordered_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_from_day) &&
           input_number(input, FIELD_from_day) <= input_number(input, FIELD_until_day);
}

static bool people_named_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_people);
}

static bool person_given_holds(const struct rule_input *input)
{
    return input_bytes(input, FIELD_handler).size == LIMIT_ID_SIZE;
}

static bool day_ahead_holds(const struct rule_input *input)
{
    return input_number(input, FIELD_agreed_day) >= (uint64_t)input_day(input);
}

static bool receipt_given_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_receipt);
}

static bool department_given_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_department);
}

static bool destination_given_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_destination);
}

static bool serial_given_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_serial);
}

static bool way_told_holds(const struct rule_input *input)
{
    return input_number_within(input, FIELD_mode, CASE_MODE_WRITTEN, CASE_MODE_TELEPHONE);
}

static bool decision_made_holds(const struct rule_input *input)
{
    return input_number_within(input, FIELD_decision, OFFICE_DECISION_YES, OFFICE_DECISION_NO);
}

static bool witness_named_holds(const struct rule_input *input)
{
    return input_names_other(input, FIELD_witness);
}

static bool location_given_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_location);
}

#define OFFICE_GUARD(name, refusal)                                                                \
    const struct rule_guard guard_##name = {#name, name##_holds, REFUSAL_##refusal}

OFFICE_GUARD(other_than_requester, OWN_REQUEST);
OFFICE_GUARD(assigned, NOT_ASSIGNED);
OFFICE_GUARD(days_ordered, PERIOD_WRONG);
OFFICE_GUARD(people_named, NO_PEOPLE);
OFFICE_GUARD(person_given, NO_HANDLER);
OFFICE_GUARD(day_ahead, DAY_PAST);
OFFICE_GUARD(receipt_given, NO_RECEIPT);
OFFICE_GUARD(department_given, NO_DEPARTMENT);
OFFICE_GUARD(destination_given, NO_DESTINATION);
OFFICE_GUARD(serial_given, NO_SERIAL);
OFFICE_GUARD(way_told, NOT_TOLD);
OFFICE_GUARD(decision_made, NO_DECISION);
OFFICE_GUARD(witness_named, NO_WITNESS);
OFFICE_GUARD(location_given, NO_LOCATION);
