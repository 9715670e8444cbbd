#include "rules/machine_case.h"

#undef IN
#define IN(state) ((uint32_t)1 << REQUEST_STATE_##state)
#define TO(state) REQUEST_STATE_##state
#define CASE_IN(state) ((uint32_t)1 << CASE_STATE_##state)

static const uint32_t cases_running = CASE_IN(ACCEPTED) | CASE_IN(PROCESSING) |
                                      CASE_IN(HUB_PROCESSING) | CASE_IN(REFERRED_DISTRICT) |
                                      CASE_IN(DISTRICT_PROCESSING) | CASE_IN(JOINT);
static const uint32_t cases_undecided =
    CASE_IN(EXAMINING) | CASE_IN(NEED_MATERIALS) | CASE_IN(RETURNED) | CASE_IN(ENTRUSTED) |
    CASE_IN(SUSPENDED) | CASE_IN(REFERRED_UP) | CASE_IN(ACCEPTED) | CASE_IN(PROCESSING) |
    CASE_IN(HUB_PROCESSING) | CASE_IN(REFERRED_DISTRICT) | CASE_IN(DISTRICT_PROCESSING) |
    CASE_IN(JOINT);

/* The case that the request is about: named by the first event, later by the record. */
static const struct record *request_case(const struct rule_input *input)
{
    if (input->before == NULL) {
        return input_find(input, FIELD_case_record, 0, MACHINE_CASE);
    }
    return world_find(input->world, before_bytes(input, FIELD_case_record), MACHINE_CASE);
}

static bool request_is(const struct rule_input *input, enum request_kind kind)
{
    return before_number(input, FIELD_kind) == (uint64_t)kind;
}

/* A request made after the decision loses: the log's order decides. */
static bool undecided_holds(const struct rule_input *input)
{
    return record_is_in(request_case(input), cases_undecided);
}

static bool other_tier_holds(const struct rule_input *input)
{
    bool station_holds = request_case(input)->holder == HOLDER_STATION;
    return station_holds != (input->event->tier == TIER_STATION);
}

static bool offered_holds(const struct rule_input *input)
{
    return policy_is(input->world->policy, POLICY_WITHDRAWAL_ALLOWED);
}

static bool running_holds(const struct rule_input *input)
{
    return record_is_in(request_case(input), cases_running);
}

static bool is_handler_holds(const struct rule_input *input)
{
    return input_author_is(input, record_bytes(request_case(input), FIELD_handler));
}

static enum deadline_extension request_extension(const struct rule_input *input)
{
    return case_extension(input->world, request_case(input),
                          input_number(input, FIELD_extension_days), input_day(input));
}

static bool count_left_holds(const struct rule_input *input)
{
    return request_extension(input) != DEADLINE_EXTENSION_TOO_MANY;
}

static bool length_holds(const struct rule_input *input)
{
    enum deadline_extension extension = request_extension(input);
    return extension != DEADLINE_EXTENSION_EMPTY && extension != DEADLINE_EXTENSION_TOO_LONG;
}

static bool in_time_holds(const struct rule_input *input)
{
    return request_extension(input) != DEADLINE_EXTENSION_TOO_LATE;
}

static bool consent_holds(const struct rule_input *input)
{
    return case_extension_has_consent(input->world, request_case(input),
                                      input_number(input, FIELD_consent));
}

/* Whoever holds the case answers; an extension needs a leader there, or one of the hub's. Any clerk
 * may take up a withdrawal or a reminder. */
static bool may_answer_holds(const struct rule_input *input)
{
    const struct record *record = request_case(input);
    bool at_station = input->event->tier == TIER_STATION;
    bool holds = record != NULL && (record->holder == HOLDER_STATION) == at_station;
    if (!request_is(input, REQUEST_EXTENSION)) {
        return holds;
    }
    return input_acts_as(input, WHO_LEADER) && (holds || !at_station);
}

static bool other_person_holds(const struct rule_input *input)
{
    if (!request_is(input, REQUEST_EXTENSION)) {
        return true;
    }
    const struct record *record = request_case(input);
    return !input_author_is(input, before_bytes(input, FIELD_requester)) &&
           (record == NULL || !input_author_is(input, record_bytes(record, FIELD_handler)));
}

static bool case_open_holds(const struct rule_input *input)
{
    const struct record *record = request_case(input);
    return record != NULL && record_is_in(record, cases_undecided);
}

/* A withdrawal is the applicant's right: it is turned down only when it came too late after all. */
static bool may_be_refused_holds(const struct rule_input *input)
{
    return !request_is(input, REQUEST_WITHDRAWAL) || !case_open_holds(input);
}

static bool requester_holds(const struct rule_input *input)
{
    return input_author_is(input, before_bytes(input, FIELD_requester));
}

static bool applicant_agrees_holds(const struct rule_input *input)
{
    return !request_is(input, REQUEST_WITHDRAWAL) || input_is_attested(input);
}

RULE_GUARD(undecided, CASE_DECIDED_ALREADY);
RULE_GUARD(other_tier, HOLDS_ITSELF);
RULE_GUARD(offered, WITHDRAWAL_CLOSED);
RULE_GUARD(running, CASE_NOT_RUNNING);
RULE_GUARD(is_handler, NOT_HANDLER);
RULE_GUARD(count_left, EXTENSION_TOO_MANY);
RULE_GUARD(length, EXTENSION_TOO_LONG);
RULE_GUARD(in_time, EXTENSION_TOO_LATE);
RULE_GUARD(consent, NO_CONSENT);
RULE_GUARD(may_answer, NOT_LEADER);
RULE_GUARD(other_person, SAME_PERSON);
RULE_GUARD(case_open, CASE_DECIDED_ALREADY);
RULE_GUARD(may_be_refused, WITHDRAWAL_STANDS);
RULE_GUARD(requester, NOT_REQUESTER);
RULE_GUARD(applicant_agrees, NOT_ATTESTED);

static void request_make(struct rule_input *input)
{
    static const enum field asked[] = {FIELD_kind, FIELD_reason, FIELD_extension_days,
                                       FIELD_consent};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        after_store(input, asked[i]);
    }
    after_set_staff(input, FIELD_requester);
    after_set_number(input, FIELD_asked_ms, input->event->legal_ms);
    after_set_number(input, FIELD_withdrawal,
                     input_number(input, FIELD_kind) == REQUEST_WITHDRAWAL ? 1 : 0);
}

static void request_decide(struct rule_input *input)
{
    after_set_staff(input, FIELD_decider);
}

static const struct rule_row request_rows[] = {
#include "rules/request.def"
};

static const struct rule_name request_states[] = {
    {REQUEST_STATE_MADE, "made", "已提出"},
    {REQUEST_STATE_APPROVED, "approved", "同意"},
    {REQUEST_STATE_REFUSED, "refused", "不同意"},
    {REQUEST_STATE_CANCELLED, "cancelled", "取消"},
    {0, NULL, NULL},
};

static const struct rule_name request_verbs[] = {
    {REQUEST_MADE, "made", "提出"},
    {REQUEST_APPROVED, "approved", "同意"},
    {REQUEST_REFUSED, "refused", "不同意"},
    {REQUEST_CANCELLED, "cancelled", "取消"},
    {0, NULL, NULL},
};

const struct rule_machine machine_request = {
    .id = MACHINE_REQUEST,
    .name = "request",
    .zh = "申请",
    .states = request_states,
    .verbs = request_verbs,
    .rows = request_rows,
    .row_count = sizeof request_rows / sizeof *request_rows,
    .final_states = IN(APPROVED) | IN(REFUSED) | IN(CANCELLED),
    .payload_field = PAYLOAD_REQUEST,
    .follows = IN(MADE),
};
