#include "rules/machine_case.h"

enum { RATING_BEST = 1, RATING_WORST = 5 };

/* Results go out where the case was taken in. */
bool case_guard_at_intake(const struct rule_input *input)
{
    return input->event->tier == TIER_STATION || record_is_hubs_own(input->before);
}

/* The acceptance notice is shown, or the identity is checked. */
bool case_guard_pickup_checked(const struct rule_input *input)
{
    return input_has(input, FIELD_serial) || input->event->attestation == ATTESTATION_SLIP ||
           input_has_sealed(input, SEALED_LABEL_IDENTITY);
}

bool case_guard_rating_grade(const struct rule_input *input)
{
    uint64_t rating = input_number(input, FIELD_rating);
    return rating >= RATING_BEST && rating <= RATING_WORST;
}

bool case_guard_rater_not_agent(const struct rule_input *input)
{
    return !input_author_is(input, before_bytes(input, FIELD_agent));
}

bool case_guard_not_proxy_unconfirmed(const struct rule_input *input)
{
    return before_number(input, FIELD_proxy) == 0;
}

bool case_guard_not_proxy_unrated(const struct rule_input *input)
{
    const uint32_t unrated = (uint32_t)1 << CASE_STATE_HANDED | (uint32_t)1 << CASE_STATE_CONFIRMED;
    return before_number(input, FIELD_proxy) == 0 || !record_is_in(input->before, unrated);
}
