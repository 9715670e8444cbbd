#include "rules/machine_case.h"

#include <string.h>

void case_open(struct rule_input *input)
{
    static const enum field opening[] = {FIELD_contact, FIELD_item, FIELD_relation,
                                         FIELD_applicant_group, FIELD_priority};
    for (size_t i = 0; i < sizeof opening / sizeof *opening; i++) {
        after_store(input, opening[i]);
    }
    effect_take(input);
}

void case_count_deficiency(struct rule_input *input)
{
    after_add(input, FIELD_deficiency_count, 1);
}

void case_accept(struct rule_input *input)
{
    after_set_number(input, FIELD_accepted_ms, input->event->legal_ms);
    after_set_staff(input, FIELD_first_responsible);
    effect_take(input);
}

void case_entrust(struct rule_input *input)
{
    after_set_number(input, FIELD_proxy, 1);
    after_store(input, FIELD_consent);
}

void case_set_agent(struct rule_input *input)
{
    after_set_staff(input, FIELD_agent);
}

/* The agent of a proxy case changes with its handler, so that the rating stays apart from him. */
void case_assign(struct rule_input *input)
{
    if (record_number(input->after, FIELD_proxy) != 0 &&
        (input->event->verb == CASE_PROXY_ASSIGNED ||
         span_equal(record_bytes(input->after, FIELD_agent),
                    record_bytes(input->after, FIELD_handler)))) {
        values_set_bytes(&input->after->facts, FIELD_agent, 0, input_bytes(input, FIELD_handler));
    }
    after_store(input, FIELD_handler);
}

void case_approve(struct rule_input *input)
{
    after_set_number(input, FIELD_decision, CASE_DECISION_APPROVED);
}

void case_refuse(struct rule_input *input)
{
    after_set_number(input, FIELD_decision, CASE_DECISION_REFUSED);
}

void case_conclude(struct rule_input *input)
{
    after_set_number(input, FIELD_finished_ms, input->event->legal_ms);
    after_set_staff(input, FIELD_decider);
}

/* T04: what was handed up too late stays visible after the next hand-up. */
static void case_handed_up(struct rule_input *input)
{
    struct values *facts = &input->after->facts;
    uint64_t due = record_number(input->after, FIELD_report_up_due_day);
    if (input->event->tier != TIER_STATION) {
        return;
    }
    after_set_number(input, FIELD_handed_up_ms, input->event->legal_ms);
    if (due != 0 && input_day(input) > 0 && (uint64_t)input_day(input) > due) {
        values_set_number(facts, FIELD_late_up_ms, values_places(facts, FIELD_late_up_ms),
                          input->event->legal_ms);
    }
}

void case_to_hub(struct rule_input *input)
{
    case_handed_up(input);
    input->after->holder = HOLDER_HUB;
    after_set_number(input, FIELD_submitted_ms, input->event->legal_ms);
}

void case_to_intake(struct rule_input *input)
{
    after_set_number(input, FIELD_returned_ms, input->event->legal_ms);
    if (input->event->tier == TIER_HUB && !record_is_hubs_own(input->after)) {
        struct span responsible = record_bytes(input->after, FIELD_first_responsible);
        input->after->holder = HOLDER_STATION;
        if (responsible.size != 0) {
            values_set_bytes(&input->after->facts, FIELD_handler, 0, responsible);
        }
    }
}

void case_returned_by_hub(struct rule_input *input)
{
    after_set_number(input, FIELD_returned_by_hub, 1);
}

void case_to_district(struct rule_input *input)
{
    case_handed_up(input);
    after_store(input, FIELD_department);
    after_set_number(input, FIELD_submitted_ms, input->event->legal_ms);
}

void case_open_joint(struct rule_input *input)
{
    const struct values *facts = input->event->facts;
    uint16_t count = values_places(facts, FIELD_children);
    after_store(input, FIELD_lead);
    after_store(input, FIELD_order);
    for (uint16_t i = 0; i < count; i++) {
        values_set_bytes(&input->after->facts, FIELD_children, i,
                         values_bytes(facts, FIELD_children, i));
    }
}

/* Each approval is kept, so that none is used twice. */
void case_use_approval(struct rule_input *input)
{
    struct values *facts = &input->after->facts;
    values_set_bytes(facts, FIELD_approval, values_places(facts, FIELD_approval),
                     input_bytes(input, FIELD_approval));
}

void case_invite(struct rule_input *input)
{
    after_set_number(input, FIELD_until_ms, input->event->legal_ms);
}

void case_tell(struct rule_input *input)
{
    after_set_number(input, FIELD_told_ms, input->event->legal_ms);
}

void case_hand_out(struct rule_input *input)
{
    after_set_number(input, FIELD_handed_ms, input->event->legal_ms);
    if (record_number(input->after, FIELD_told_ms) == 0) {
        case_tell(input);
    }
}

void case_rate(struct rule_input *input)
{
    after_store(input, FIELD_rating);
    after_set_number(input, FIELD_rated_ms, input->event->legal_ms);
}

void case_take_fee(struct rule_input *input)
{
    after_store(input, FIELD_amount_minor);
    after_store(input, FIELD_receipt);
}
