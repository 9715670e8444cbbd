#include "rules/machine_case.h"

/* The author stands in for principal under a delegation that the event cites (row 41). */
static bool author_is_delegate(const struct rule_input *input, struct span principal)
{
    const struct record *delegation = input_find(input, FIELD_approval, 0, MACHINE_DELEGATION);
    if (delegation == NULL || delegation->state != DELEGATION_STATE_ACTIVE ||
        !input_author_is(input, record_bytes(delegation, FIELD_delegate)) ||
        !span_equal(record_bytes(delegation, FIELD_principal), principal)) {
        return false;
    }
    uint64_t today = (uint64_t)input_day(input);
    uint64_t until = record_number(delegation, FIELD_until_day);
    return today >= record_number(delegation, FIELD_from_day) && (until == 0 || today <= until);
}

/* The permission matrix gives the head and the B post less than the worker: the head acts on own
 * or delegated cases, B only while standing in. Any other role of the row acts in its own right. */
static bool author_acts_for_others(const struct rule_input *input, uint64_t role)
{
    const uint64_t lesser = ROLE_STATION_HEAD | ROLE_AB_POST;
    return !input_acts_as(input, ~lesser) && input_acts_as(input, role);
}

bool case_guard_own_case(const struct rule_input *input)
{
    struct span handler = before_bytes(input, FIELD_handler);
    return !author_acts_for_others(input, ROLE_STATION_HEAD) || input_author_is(input, handler) ||
           author_is_delegate(input, handler);
}

bool case_guard_valid_delegation(const struct rule_input *input)
{
    struct span handler = before_bytes(input, FIELD_handler);
    return !author_acts_for_others(input, ROLE_AB_POST) ||
           input_acts_as(input, ROLE_STATION_HEAD) || input_author_is(input, handler) ||
           author_is_delegate(input, handler);
}

bool case_guard_immediate(const struct rule_input *input)
{
    return input->item != NULL && input->item->kind == CATALOGUE_IMMEDIATE;
}

bool case_guard_same_visit(const struct rule_input *input)
{
    return input_day(input) == civil_day_of_ms(before_number(input, FIELD_accepted_ms));
}

bool case_guard_has_power(const struct rule_input *input)
{
    uint32_t here = input->event->tier == TIER_STATION ? CATALOGUE_STATION : CATALOGUE_TOWNSHIP;
    return input->item != NULL && (input->item->decides & here) != 0;
}

/* The hub leads what departments of the district decide in their parts; a station only its own. */
bool case_guard_joint_power(const struct rule_input *input)
{
    return input->event->tier == TIER_HUB || case_guard_has_power(input);
}

/* X28: what can go up is refused above; what cannot is the station's own to refuse. */
bool case_guard_may_refuse(const struct rule_input *input)
{
    return input->event->tier == TIER_HUB ||
           (input->item != NULL && input->item->route == CATALOGUE_ROUTE_NONE) ||
           policy_is(input->world->policy, POLICY_REFUSAL_BY_STATION);
}

bool case_guard_remedies_told(const struct rule_input *input)
{
    const uint64_t both = CASE_REMEDY_REVIEW | CASE_REMEDY_LITIGATION;
    return (input_number(input, FIELD_remedies) & both) == both;
}

bool case_guard_answer_kind(const struct rule_input *input)
{
    return input->item != NULL && input->item->kind == CATALOGUE_ANSWER;
}

/* An immediate item that takes longer: the reason is told and a date agreed [S2:210]. */
bool case_guard_later_agreed(const struct rule_input *input)
{
    uint64_t agreed = input_number(input, FIELD_agreed_day);
    if (!case_guard_immediate(input)) {
        return true;
    }
    return input_has(input, FIELD_reason) && agreed <= CIVIL_DAY_MAX &&
           (int32_t)agreed >= input_day(input);
}

bool case_guard_is_proxy(const struct rule_input *input)
{
    return before_number(input, FIELD_proxy) != 0;
}

bool case_guard_handler_named(const struct rule_input *input)
{
    struct span handler = input_bytes(input, FIELD_handler);
    bool is_assignment = input->event->verb == CASE_PROXY_ASSIGNED;
    return handler.size == LIMIT_ID_SIZE &&
           (is_assignment || !span_equal(handler, before_bytes(input, FIELD_handler)));
}

bool case_guard_head_or_handler(const struct rule_input *input)
{
    return input_acts_as(input, ROLE_STATION_HEAD | ROLE_HUB_LEADER) ||
           input_author_is(input, before_bytes(input, FIELD_handler));
}
