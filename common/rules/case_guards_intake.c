#include "rules/machine_case.h"

#define GUARD(name, refusal_)                                                                      \
    const struct rule_guard guard_##name = {#name, case_guard_##name, REFUSAL_##refusal_};
#include "rules/case_guards.def"
#undef GUARD

bool case_guard_contact_cited(const struct rule_input *input)
{
    const struct record *contact = input_find(input, FIELD_contact, 0, MACHINE_CONTACT);
    return contact != NULL && contact->state != CONTACT_STATE_ARCHIVED &&
           input_is_own_station(input, contact);
}

bool case_guard_item_known(const struct rule_input *input)
{
    return input->item != NULL;
}

bool case_guard_item_here(const struct rule_input *input)
{
    return input->item->status != CATALOGUE_ELSEWHERE;
}

/* Standing work of a post has no applications (R120); an item opens with its guide (R06). */
bool case_guard_item_open(const struct rule_input *input)
{
    return input->item != NULL && input->item->kind != CATALOGUE_WORK &&
           catalogue_item_is_open(input->item, input_day(input));
}

bool case_guard_one_notice(const struct rule_input *input)
{
    const struct policy *policy = input->world->policy;
    return !policy_is(policy, POLICY_NOTIFY_OVER_MAX_REFUSED) ||
           before_number(input, FIELD_deficiency_count) <
               policy_get_count(policy, POLICY_NOTIFY_NOTICES_MAX);
}

bool case_guard_defects_written(const struct rule_input *input)
{
    uint64_t mode = input_number(input, FIELD_mode);
    return policy_is(input->world->policy, POLICY_NOTIFY_DEFECTS_WRITTEN)
               ? mode == CASE_MODE_WRITTEN
               : mode >= CASE_MODE_WRITTEN && mode <= CASE_MODE_TELEPHONE;
}

bool case_guard_notice_signed(const struct rule_input *input)
{
    return input_number(input, FIELD_mode) != CASE_MODE_WRITTEN || input_is_attested(input);
}

bool case_guard_destination(const struct rule_input *input)
{
    return input_has(input, FIELD_destination);
}

/* A date is agreed where no limit is set; it never lies in the past. */
bool case_guard_limit_agreed(const struct rule_input *input)
{
    uint64_t agreed = input_number(input, FIELD_agreed_day);
    int32_t today = input_day(input);
    if (agreed != 0) {
        return agreed <= CIVIL_DAY_MAX && (int32_t)agreed >= today;
    }
    bool proxy = before_number(input, FIELD_proxy) != 0;
    return input->item != NULL && (input->item->kind == CATALOGUE_IMMEDIATE ||
                                   case_limit(input->world, input->item, proxy, today).count != 0);
}

bool case_guard_not_entrusted(const struct rule_input *input)
{
    return before_number(input, FIELD_proxy) == 0;
}

bool case_guard_was_asked(const struct rule_input *input)
{
    return before_number(input, FIELD_asked_ms) != 0;
}

/* Only where the policy sets an end to waiting (P10); each notice or reminder starts it anew. */
bool case_guard_supplement_expired(const struct rule_input *input)
{
    const struct rule_world *world = input->world;
    struct deadline_limit limit = policy_limit(world->policy, POLICY_SUPPLEMENT_CLOSE);
    struct deadline_rules rules = deadline_rules_of_policy(world->policy);
    struct deadline_clock clock =
        deadline_clock_start(limit, civil_day_of_ms(before_number(input, FIELD_last_ms)));
    return limit.count != 0 && input_day(input) > deadline_due(world->calendar, &rules, &clock).day;
}

bool case_guard_proxy_allowed(const struct rule_input *input)
{
    return input->item != NULL && input->item->proxy;
}

bool case_guard_need_not_appear(const struct rule_input *input)
{
    return input->item != NULL && !input->item->in_person;
}

bool case_guard_proxy_consent(const struct rule_input *input)
{
    return !policy_is(input->world->policy, POLICY_PROXY_CONSENT) ||
           input_number(input, FIELD_consent) != 0;
}

/* X19: proxy is for what this tier may not decide, or, by policy, cannot finish at once. */
bool case_guard_proxy_needed(const struct rule_input *input)
{
    uint32_t here = input->event->tier == TIER_STATION ? CATALOGUE_STATION : CATALOGUE_TOWNSHIP;
    if ((input->item->decides & here) == 0) {
        return true;
    }
    return policy_choice(input->world->policy, POLICY_PROXY_WHEN) ==
               POLICY_CHOICE_NO_POWER_OR_NOT_AT_ONCE &&
           input->item->kind != CATALOGUE_IMMEDIATE;
}

bool case_guard_proxy_day(const struct rule_input *input)
{
    return policy_is(input->world->policy, POLICY_PROXY_ON_HOLIDAYS) ||
           calendar_is_working_day(input->world->calendar, input_day(input), NULL);
}

bool case_guard_entrusted(const struct rule_input *input)
{
    return before_number(input, FIELD_proxy) != 0;
}

bool case_guard_mode_told(const struct rule_input *input)
{
    uint64_t mode = input_number(input, FIELD_mode);
    return mode >= CASE_MODE_WRITTEN && mode <= CASE_MODE_TELEPHONE;
}

/* 岗前培训 passed by the author himself; the event cites its record. */
bool case_guard_trained(const struct rule_input *input)
{
    if (!policy_is(input->world->policy, POLICY_TRAINING_BEFORE_POST)) {
        return true;
    }
    const struct record *training = input_find(input, FIELD_training, 0, MACHINE_TRAINING);
    uint16_t passed =
        training == NULL || record_number(training, FIELD_kind) != TRAINING_KIND_BEFORE_POST
            ? 0
            : values_places(&training->facts, FIELD_passed);
    for (uint16_t i = 0; i < passed; i++) {
        if (input_author_is(input, values_bytes(&training->facts, FIELD_passed, i))) {
            return true;
        }
    }
    return false;
}

/* 4.3: the agent as such acts on entrusted cases only. */
bool case_guard_agent_on_proxy(const struct rule_input *input)
{
    return input_acts_as(input, ~(uint64_t)ROLE_AGENT) || before_number(input, FIELD_proxy) != 0;
}
