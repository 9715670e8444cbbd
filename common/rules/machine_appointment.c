#include "rules/office.h"

enum appointment_verb {
    APPOINTMENT_REQUESTED = 1,
    APPOINTMENT_ASSIGNED = 2,
    APPOINTMENT_REASSIGNED = 3,
    APPOINTMENT_REMINDED = 4,
    APPOINTMENT_KEPT = 5,
    APPOINTMENT_MISSED_BY_US = 6,
    APPOINTMENT_MISSED_BY_APPLICANT = 7,
    APPOINTMENT_REFUSED = 8,
    APPOINTMENT_CANCELLED = 9
};

enum appointment_state {
    APPOINTMENT_STATE_REQUESTED = 1,
    APPOINTMENT_STATE_ASSIGNED = 2,
    APPOINTMENT_STATE_KEPT = 3,
    APPOINTMENT_STATE_MISSED_BY_US = 4,
    APPOINTMENT_STATE_MISSED_BY_APPLICANT = 5,
    APPOINTMENT_STATE_REFUSED = 6,
    APPOINTMENT_STATE_CANCELLED = 7
};

#define IN(state) ((uint32_t)1 << APPOINTMENT_STATE_##state)
#define TO(state) APPOINTMENT_STATE_##state
#define WHO_ASSIGNS (ROLE_STATION_HEAD | ROLE_LINE_LEADER | ROLE_HUB_LEADER)

static bool channel_holds(const struct rule_input *input)
{
    return input_number_within(input, FIELD_channel, CONTACT_CHANNEL_FIRST, CONTACT_CHANNEL_LAST);
}

static bool applicant_known_holds(const struct rule_input *input)
{
    return input_has_sealed(input, SEALED_LABEL_IDENTITY);
}

static bool item_in_catalogue_holds(const struct rule_input *input)
{
    return input->item != NULL;
}

static bool time_ahead_holds(const struct rule_input *input)
{
    return input_number(input, FIELD_agreed_ms) > input->event->legal_ms;
}

/* Within opening hours and what is added to them after closing (P17). */
static bool hours_holds(const struct rule_input *input)
{
    const struct policy *policy = input->world->policy;
    int64_t minute = civil_minute_of_ms(input_number(input, FIELD_agreed_ms));
    return minute >= policy_get(policy, POLICY_HOURS_OPENING) &&
           minute <=
               policy_get(policy, POLICY_HOURS_CLOSING) + policy_get(policy, POLICY_HOURS_OVERTIME);
}

static bool other_handler_holds(const struct rule_input *input)
{
    return !input_repeats(input, FIELD_handler);
}

static bool case_if_cited_holds(const struct rule_input *input)
{
    return !input_has(input, FIELD_case_record) || guard_case_known.holds(input);
}

static bool time_over_holds(const struct rule_input *input)
{
    return input->event->legal_ms > before_number(input, FIELD_agreed_ms);
}

static bool not_our_duty_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_destination);
}

RULE_GUARD(channel, NO_CHANNEL);
RULE_GUARD(applicant_known, NO_APPLICANT);
RULE_GUARD(item_in_catalogue, ITEM_UNKNOWN);
RULE_GUARD(time_ahead, APPOINTMENT_TIME);
RULE_GUARD(hours, APPOINTMENT_HOURS);
RULE_GUARD(other_handler, APPOINTMENT_SAME);
RULE_GUARD(case_if_cited, CASE_UNKNOWN);
RULE_GUARD(time_over, APPOINTMENT_EARLY);
RULE_GUARD(not_our_duty, APPOINTMENT_DUTY);

static void appointment_remind(struct rule_input *input)
{
    after_set_number(input, FIELD_told_ms, input->event->legal_ms);
}

static void appointment_keep(struct rule_input *input)
{
    after_store(input, FIELD_case_record);
}

static const struct rule_row appointment_rows[] = {
#include "rules/appointment.def"
};

static const struct rule_name appointment_states[] = {
    {APPOINTMENT_STATE_REQUESTED, "requested", "已预约"},
    {APPOINTMENT_STATE_ASSIGNED, "assigned", "已指派"},
    {APPOINTMENT_STATE_KEPT, "kept", "已办理"},
    {APPOINTMENT_STATE_MISSED_BY_US, "missed_by_us", "我方失约"},
    {APPOINTMENT_STATE_MISSED_BY_APPLICANT, "missed_by_applicant", "群众未到"},
    {APPOINTMENT_STATE_REFUSED, "refused", "不属职责"},
    {APPOINTMENT_STATE_CANCELLED, "cancelled", "取消"},
    {0, NULL, NULL},
};

static const struct rule_name appointment_verbs[] = {
    {APPOINTMENT_REQUESTED, "requested", "预约"},
    {APPOINTMENT_ASSIGNED, "assigned", "指派"},
    {APPOINTMENT_REASSIGNED, "reassigned", "改派"},
    {APPOINTMENT_REMINDED, "reminded", "提醒"},
    {APPOINTMENT_KEPT, "kept", "办理"},
    {APPOINTMENT_MISSED_BY_US, "missed_by_us", "我方失约"},
    {APPOINTMENT_MISSED_BY_APPLICANT, "missed_by_applicant", "群众未到"},
    {APPOINTMENT_REFUSED, "refused", "不予预约"},
    {APPOINTMENT_CANCELLED, "cancelled", "取消"},
    {0, NULL, NULL},
};

const struct rule_machine machine_appointment = {
    .id = MACHINE_APPOINTMENT,
    .name = "appointment",
    .zh = "预约",
    .states = appointment_states,
    .verbs = appointment_verbs,
    .rows = appointment_rows,
    .row_count = sizeof appointment_rows / sizeof *appointment_rows,
    .final_states =
        IN(KEPT) | IN(MISSED_BY_US) | IN(MISSED_BY_APPLICANT) | IN(REFUSED) | IN(CANCELLED),
    .payload_field = PAYLOAD_APPOINTMENT,
    .follows = IN(REQUESTED) | IN(ASSIGNED),
    .shut = true,
};
