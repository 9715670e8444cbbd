#include "rules/machine_case.h"

#include <string.h>

/* --- extension (row 30) --- */

/* The request that the event cites, if it is of that kind and for this case. */
static const struct record *cited_request(const struct rule_input *input, enum request_kind kind)
{
    const struct record *request = input_find(input, FIELD_approval, 0, MACHINE_REQUEST);
    struct span own = span_of(input->before->id, sizeof input->before->id);
    if (request == NULL || record_number(request, FIELD_kind) != (uint64_t)kind ||
        !span_equal(record_bytes(request, FIELD_case_record), own)) {
        return NULL;
    }
    return request;
}

static bool approval_is_asked(const struct rule_input *input)
{
    return policy_is(input->world->policy, POLICY_EXTENSION_NEEDS_LEADER) ||
           input_has(input, FIELD_approval);
}

bool case_guard_extension_approved(const struct rule_input *input)
{
    if (!approval_is_asked(input)) {
        return true;
    }
    const struct record *request = cited_request(input, REQUEST_EXTENSION);
    return request != NULL && request->state == REQUEST_STATE_APPROVED;
}

bool case_guard_approval_unused(const struct rule_input *input)
{
    const struct values *facts = &input->before->facts;
    uint16_t count = values_places(facts, FIELD_approval);
    for (uint16_t i = 0; i < count; i++) {
        if (span_equal(values_bytes(facts, FIELD_approval, i),
                       input_bytes(input, FIELD_approval))) {
            return false;
        }
    }
    return true;
}

bool case_guard_extension_days(const struct rule_input *input)
{
    const struct record *request = cited_request(input, REQUEST_EXTENSION);
    return request == NULL || record_number(request, FIELD_extension_days) ==
                                  input_number(input, FIELD_extension_days);
}

bool case_guard_extension_left(const struct rule_input *input)
{
    return case_extension(input->world, input->before, input_number(input, FIELD_extension_days),
                          INT32_MIN) != DEADLINE_EXTENSION_TOO_MANY;
}

bool case_guard_extension_length(const struct rule_input *input)
{
    return case_extension(input->world, input->before, input_number(input, FIELD_extension_days),
                          INT32_MIN) == DEADLINE_EXTENSION_OK;
}

/* A request was made in time when it stands; its approval may come later. */
bool case_guard_extension_in_time(const struct rule_input *input)
{
    return input_has(input, FIELD_approval) ||
           case_extension(input->world, input->before, input_number(input, FIELD_extension_days),
                          input_day(input)) != DEADLINE_EXTENSION_TOO_LATE;
}

bool case_extension_has_consent(const struct rule_world *world, const struct record *record,
                                uint64_t consent)
{
    enum policy_choice whose = policy_choice(world->policy, POLICY_EXTENSION_CLIENT_CONSENT);
    if (consent != 0 || whose == POLICY_CHOICE_NOBODY) {
        return true;
    }
    return whose == POLICY_CHOICE_PROXY && record_number(record, FIELD_proxy) == 0;
}

bool case_guard_extension_consent(const struct rule_input *input)
{
    const struct record *request = cited_request(input, REQUEST_EXTENSION);
    uint64_t asked = request != NULL ? record_number(request, FIELD_consent) : 0;
    return case_extension_has_consent(input->world, input->before,
                                      asked | input_number(input, FIELD_consent));
}

bool case_guard_extension_written(const struct rule_input *input)
{
    return !policy_is(input->world->policy, POLICY_EXTENSION_NEEDS_NOTICE) ||
           input_number(input, FIELD_mode) == CASE_MODE_WRITTEN;
}

/* --- fees (R32, R95) --- */

/* Only the catalogue's statutory fee, in full; a proxy case has no other. */
bool case_guard_fee_listed(const struct rule_input *input)
{
    return input->item != NULL && input->item->fee == CATALOGUE_FEE_STATUTORY &&
           input_number(input, FIELD_amount_minor) == input->item->fee_minor;
}

bool case_guard_fee_receipt(const struct rule_input *input)
{
    return input_has(input, FIELD_receipt);
}

bool case_guard_fee_once(const struct rule_input *input)
{
    return before_number(input, FIELD_amount_minor) == 0;
}

/* --- outage (rows 32, 33) --- */

bool case_guard_outage_cause(const struct rule_input *input)
{
    struct span reason = input_bytes(input, FIELD_reason);
    return span_equal(reason, span_text("power")) || span_equal(reason, span_text("network"));
}

/* X13: where the policy says so, what the paper register can carry goes on by it. */
bool case_guard_outage_way(const struct rule_input *input)
{
    return policy_choice(input->world->policy, POLICY_OUTAGE_DEFAULT) == POLICY_CHOICE_SUSPEND ||
           input->item == NULL || !input->item->manual_possible;
}

bool case_guard_resume_time(const struct rule_input *input)
{
    uint64_t until_ms = input_number(input, FIELD_until_ms);
    return until_ms == 0 || until_ms > input->event->legal_ms;
}

bool case_guard_resume_told(const struct rule_input *input)
{
    return before_number(input, FIELD_until_ms) != 0;
}

/* --- withdrawal (row 35) --- */

bool case_guard_withdrawal_offered(const struct rule_input *input)
{
    return policy_is(input->world->policy, POLICY_WITHDRAWAL_ALLOWED);
}

bool case_guard_withdrawal_requested(const struct rule_input *input)
{
    if (record_is_hubs_own(input->before) && input_is_attested(input)) {
        return true;
    }
    const struct record *request = cited_request(input, REQUEST_WITHDRAWAL);
    return request != NULL &&
           record_is_in(request, 1u << REQUEST_STATE_MADE | 1u << REQUEST_STATE_APPROVED);
}

/* --- correction --- */

bool case_guard_identity_given(const struct rule_input *input)
{
    return input_has_sealed(input, SEALED_LABEL_IDENTITY);
}

static const struct catalogue_item *new_item(const struct rule_input *input)
{
    return catalogue_item_find(input->world->catalogue, input_bytes(input, FIELD_item));
}

bool case_guard_new_item_known(const struct rule_input *input)
{
    return new_item(input) != NULL;
}

bool case_guard_new_item_open(const struct rule_input *input)
{
    const struct catalogue_item *item = new_item(input);
    return item->kind != CATALOGUE_WORK && catalogue_item_is_open(item, input_day(input));
}

/* Could the case be with the district under item? */
static bool item_fits_district(const struct rule_input *input, const struct catalogue_item *item)
{
    if ((item->decides & CATALOGUE_DISTRICT) == 0) {
        return false;
    }
    if (input->event->tier == TIER_STATION) {
        return item->route == CATALOGUE_ROUTE_DISTRICT;
    }
    return record_is_hubs_own(input->before) || item->route == CATALOGUE_ROUTE_HUB_DISTRICT;
}

/* Could the case have come where it is under the right item, and go on from there? What was
 * decided under the wrong item needs a new case. */
static bool item_fits_state(const struct rule_input *input, const struct catalogue_item *item,
                            uint16_t state)
{
    switch ((enum case_state)state) {
    case CASE_STATE_EXAMINING:
    case CASE_STATE_NEED_MATERIALS:
    case CASE_STATE_ENTRUSTED:
    case CASE_STATE_ACCEPTED:
    case CASE_STATE_PROCESSING:
    case CASE_STATE_RETURNED:
        return true;
    case CASE_STATE_REFERRED_UP:
    case CASE_STATE_HUB_PROCESSING:
        return item->route == CATALOGUE_ROUTE_HUB || item->route == CATALOGUE_ROUTE_HUB_DISTRICT;
    case CASE_STATE_REFERRED_DISTRICT:
    case CASE_STATE_DISTRICT_PROCESSING:
        return item_fits_district(input, item);
    case CASE_STATE_JOINT:
        return item->kind == CATALOGUE_JOINT;
    case CASE_STATE_SUSPENDED:
    case CASE_STATE_NOT_ACCEPTED:
    case CASE_STATE_FINISHED:
    case CASE_STATE_REFUSED:
    case CASE_STATE_ANSWERED:
    case CASE_STATE_WITHDRAWN:
    case CASE_STATE_RESULT_ON_WAY:
    case CASE_STATE_RESULT_AT_STATION:
    case CASE_STATE_HANDED:
    case CASE_STATE_CONFIRMED:
    case CASE_STATE_RATED:
    case CASE_STATE_ARCHIVED:
        return false;
    }
    return false;
}

bool case_guard_new_item_path(const struct rule_input *input)
{
    const struct catalogue_item *item = new_item(input);
    uint16_t state = input->before->state == CASE_STATE_SUSPENDED ? input->before->resume_state
                                                                  : input->before->state;
    bool proxy = before_number(input, FIELD_proxy) != 0;
    return item_fits_state(input, item, state) && (!proxy || (item->proxy && !item->in_person));
}

bool case_guard_lists_given(const struct rule_input *input)
{
    return values_places(input->event->facts, FIELD_materials_code) != 0 ||
           values_places(input->event->facts, FIELD_papers_code) != 0;
}

bool case_guard_date_given(const struct rule_input *input)
{
    return input_has(input, FIELD_received_ms);
}
