#include "views/select.h"

#include <string.h>

enum { NAME_MAX_SIZE = 40 };

void views_look_init(struct views_look *look, const struct views_source *source,
                     const struct views_scope *scope)
{
    *look = (struct views_look){
        .source = source, .scope = scope, .today = civil_day_of_ms(source->now_ms)};
}

/* --- editions --- */

const struct policy *views_policy_of(const struct views_source *source, const struct record *record)
{
    uint64_t edition = values_number(&record->facts, FIELD_policy_edition, 0);
    const struct policy *policy = source->policy_of == NULL || edition == 0
                                      ? NULL
                                      : source->policy_of(source->context, edition);
    return policy == NULL ? source->policy : policy;
}

const struct policy *views_policy_on(const struct views_source *source, int32_t day)
{
    const struct policy *policy = NULL;
    int32_t since = 1;
    if (source->policy_of == NULL || source->edition_since == NULL || day == 0) {
        return source->policy;
    }
    for (uint64_t edition = 1; since != 0; edition++) {
        since = source->edition_since(source->context, false, edition);
        if (since != 0 && (since <= day || policy == NULL)) {
            policy = source->policy_of(source->context, edition);
        }
    }
    return policy == NULL ? source->policy : policy;
}

int32_t views_day(const struct record *record, enum field field)
{
    return field_day(field, values_number(&record->facts, field, 0));
}

/* --- states by name --- */

static uint32_t state_bit(const struct rule_machine *machine, struct span name)
{
    for (const struct rule_name *at = machine->states; at->name != NULL; at++) {
        if (span_equal(span_text(at->name), name) && at->number < 32) {
            return (uint32_t)1 << at->number;
        }
    }
    return 0;
}

uint32_t views_states(enum machine_id machine_id, const char *names)
{
    const struct rule_machine *machine = rule_machine(machine_id);
    uint32_t states = 0;
    while (machine != NULL && *names != 0) {
        size_t size = strcspn(names, " ");
        uint32_t bit = state_bit(machine, span_of(names, size));
        if (bit == 0) {
            return 0;
        }
        states |= bit;
        names += size;
        names += strspn(names, " ");
    }
    return states;
}

static bool state_is_in(const struct record *record, const char *names)
{
    const char *name = rule_state_name(record->machine, record->state);
    size_t size = strlen(name);
    for (const char *at = names; size != 0 && *at != 0;) {
        size_t length = strcspn(at, " ");
        if (length == size && strncmp(at, name, size) == 0) {
            return true;
        }
        at += length;
        at += strspn(at, " ");
    }
    return false;
}

/* --- tests --- */

static int32_t other_day(const struct views_look *look, const struct views_test *test,
                         const struct record *record)
{
    int32_t day = test->other == 0 ? 0 : views_day(record, (enum field)test->other);
    return day == 0 ? look->today : day;
}

static bool overrun_holds(const struct views_look *look, const struct views_test *test,
                          const struct record *record)
{
    const struct policy *policy = look->source->policy;
    int32_t day = views_day(record, (enum field)test->field);
    struct deadline_rules rules = deadline_rules_of_policy(policy);
    struct deadline_clock clock = deadline_clock_start(policy_limit(policy, test->policy), day);
    return day != 0 &&
           other_day(look, test, record) > deadline_due(look->source->calendar, &rules, &clock).day;
}

static bool number_holds(const struct views_look *look, const struct views_test *test,
                         const struct record *record)
{
    uint64_t number = values_number(&record->facts, (enum field)test->field, 0);
    const struct policy *policy = look->source->policy;
    switch (test->op) {
    case VIEWS_IS:
        return number == test->number;
    case VIEWS_FROM:
        return number >= test->number;
    case VIEWS_UP_TO:
        return number != 0 && number <= test->number;
    case VIEWS_OVER_POLICY:
        return number > policy_get_count(policy, test->policy);
    case VIEWS_REACHES:
        return number != 0 && number >= policy_get_count(policy, test->policy);
    case VIEWS_POLICY_IS:
        return policy_get_count(policy, test->policy) == test->number;
    case VIEWS_ANY:
    case VIEWS_SET:
    case VIEWS_UNSET:
    case VIEWS_IN_PERIOD:
    case VIEWS_PAST:
    case VIEWS_BY:
    case VIEWS_AFTER:
    case VIEWS_OVERRUN:
    case VIEWS_IN:
    case VIEWS_NOT_IN:
    case VIEWS_ASK:
        break;
    }
    return false;
}

static bool day_holds(const struct views_look *look, const struct views_test *test,
                      const struct record *record)
{
    int32_t day = views_day(record, (enum field)test->field);
    if (day == 0) {
        return false;
    }
    switch (test->op) {
    case VIEWS_IN_PERIOD:
        return day >= look->scope->from_day && day <= look->scope->until_day;
    case VIEWS_PAST:
        return day < look->today;
    case VIEWS_BY:
        return views_day(record, (enum field)test->other) != 0 &&
               day <= views_day(record, (enum field)test->other);
    case VIEWS_AFTER:
        return views_day(record, (enum field)test->other) != 0 &&
               day > views_day(record, (enum field)test->other);
    case VIEWS_ANY:
    case VIEWS_SET:
    case VIEWS_UNSET:
    case VIEWS_IS:
    case VIEWS_FROM:
    case VIEWS_UP_TO:
    case VIEWS_OVER_POLICY:
    case VIEWS_REACHES:
    case VIEWS_POLICY_IS:
    case VIEWS_OVERRUN:
    case VIEWS_IN:
    case VIEWS_NOT_IN:
    case VIEWS_ASK:
        break;
    }
    return false;
}

static const struct record *via_record(const struct views_look *look, const struct views_test *test,
                                       const struct record *record)
{
    struct span id = values_bytes(&record->facts, (enum field)test->via, 0);
    return id.size == LIMIT_ID_SIZE ? look->source->find(look->source->context, id.data) : NULL;
}

bool views_holds(const struct views_look *look, const struct views_test *test,
                 const struct record *record)
{
    record = test->via == 0 ? record : via_record(look, test, record);
    if (record == NULL) {
        return test->op == VIEWS_UNSET;
    }
    switch (test->op) {
    case VIEWS_ANY:
        return true;
    case VIEWS_SET:
        return values_has(&record->facts, (enum field)test->field);
    case VIEWS_UNSET:
        return !values_has(&record->facts, (enum field)test->field);
    case VIEWS_IN:
        return state_is_in(record, test->states);
    case VIEWS_NOT_IN:
        return !state_is_in(record, test->states);
    case VIEWS_ASK:
        return test->ask(look, record);
    case VIEWS_OVERRUN:
        return overrun_holds(look, test, record);
    case VIEWS_IS:
    case VIEWS_FROM:
    case VIEWS_UP_TO:
    case VIEWS_OVER_POLICY:
    case VIEWS_REACHES:
    case VIEWS_POLICY_IS:
        return number_holds(look, test, record);
    case VIEWS_IN_PERIOD:
    case VIEWS_PAST:
    case VIEWS_BY:
    case VIEWS_AFTER:
        return day_holds(look, test, record);
    }
    return false;
}

bool views_all_hold(const struct views_look *look, const struct views_test tests[VIEWS_TESTS],
                    const struct record *record)
{
    for (size_t i = 0; i < VIEWS_TESTS && tests[i].op != VIEWS_ANY; i++) {
        if (!views_holds(look, &tests[i], record)) {
            return false;
        }
    }
    return true;
}

/* --- reach --- */

bool views_reach_period(const struct views_scope *scope, const struct views_test tests[VIEWS_TESTS],
                        struct views_reach *reach)
{
    for (size_t i = 0; i < VIEWS_TESTS && tests[i].op != VIEWS_ANY; i++) {
        bool asks_of_it = tests[i].op == VIEWS_ASK && tests[i].of_period;
        if ((tests[i].op == VIEWS_IN_PERIOD && tests[i].via == 0) || asks_of_it) {
            views_reach_days(scope, reach);
            return true;
        }
    }
    return false;
}

void views_reach_days(const struct views_scope *scope, struct views_reach *reach)
{
    reach->from_day = scope->from_day - 1;
    reach->until_day = scope->until_day;
}

void views_reach_states(const struct views_test tests[VIEWS_TESTS], struct views_reach *reach)
{
    for (size_t i = 0; i < VIEWS_TESTS && tests[i].op != VIEWS_ANY; i++) {
        if (tests[i].op == VIEWS_IN && tests[i].via == 0) {
            reach->states = views_states(reach->machine, tests[i].states);
        }
    }
}

/* --- scope --- */

static bool is_about(const struct record *record, const uint8_t *staff)
{
    static const enum field people[] = {
        FIELD_first_responsible, FIELD_handler,  FIELD_agent, FIELD_staff,
        FIELD_accused,           FIELD_requester};
    struct span id = span_of(staff, LIMIT_ID_SIZE);
    for (size_t i = 0; i < sizeof people / sizeof *people; i++) {
        struct span found = values_bytes(&record->facts, people[i], 0);
        if (found.size != 0) {
            return span_equal(found, id);
        }
    }
    return false;
}

bool views_in_scope(const struct views_look *look, const struct record *record)
{
    const struct views_scope *scope = look->scope;
    if (scope->station != NULL && memcmp(record->station, scope->station, LIMIT_KEY_SIZE) != 0) {
        return false;
    }
    return scope->staff == NULL || is_about(record, scope->staff);
}

static int32_t first_of(struct civil_date date, int32_t month)
{
    date.month = month;
    date.day = 1;
    return civil_day_of_date(date);
}

static int32_t months_after(int32_t first_day, int32_t months)
{
    struct civil_date date = civil_date_of_day(first_day);
    int32_t month = date.month - 1 + months;
    date.year += month / 12;
    return first_of(date, month % 12 + 1);
}

void views_period(enum policy_period period, int32_t day, int32_t *ret_from, int32_t *ret_until)
{
    static const int32_t months[] = {[POLICY_PERIOD_MONTH] = 1,
                                     [POLICY_PERIOD_QUARTER] = 3,
                                     [POLICY_PERIOD_HALF_YEAR] = 6,
                                     [POLICY_PERIOD_YEAR] = 12};
    enum { SECOND_HALF = 16 };
    struct civil_date date = civil_date_of_day(day);
    *ret_from = day;
    *ret_until = day;
    switch (period) {
    case POLICY_PERIOD_DAY:
        return;
    case POLICY_PERIOD_WEEK:
        *ret_from = day - ((int32_t)civil_weekday_of_day(day) - CIVIL_MONDAY);
        *ret_until = *ret_from + 6;
        return;
    case POLICY_PERIOD_HALF_MONTH:
        *ret_from = date.day < SECOND_HALF ? day - date.day + 1 : day - date.day + SECOND_HALF;
        *ret_until = date.day < SECOND_HALF ? *ret_from + SECOND_HALF - 2
                                            : months_after(first_of(date, date.month), 1) - 1;
        return;
    case POLICY_PERIOD_MONTH:
    case POLICY_PERIOD_QUARTER:
    case POLICY_PERIOD_HALF_YEAR:
    case POLICY_PERIOD_YEAR:
        *ret_from = first_of(date, (date.month - 1) / months[period] * months[period] + 1);
        *ret_until = months_after(*ret_from, months[period]) - 1;
        return;
    }
}
