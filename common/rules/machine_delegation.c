#include "rules/engine.h"

#define IN(state) ((uint32_t)1 << DELEGATION_STATE_##state)
#define TO(state) DELEGATION_STATE_##state
#define WHO_DELEGATES (WHO_UP | WHO_HUB | ROLE_GUIDE | ROLE_COMMITTEE | ROLE_LINE_LEADER)

/* The head of the place: names substitutes and ends what two people cannot end themselves. */
static const uint64_t delegation_heads =
    ROLE_STATION_HEAD | ROLE_COMMITTEE | ROLE_HUB_LEADER | ROLE_LINE_LEADER;

static bool two_people_holds(const struct rule_input *input)
{
    struct span principal = input_bytes(input, FIELD_principal);
    struct span delegate = input_bytes(input, FIELD_delegate);
    return principal.size == LIMIT_ID_SIZE && delegate.size == LIMIT_ID_SIZE &&
           !span_equal(principal, delegate);
}

/* until_day 0: until handed back. */
static bool days_holds(const struct rule_input *input)
{
    uint64_t from = input_number(input, FIELD_from_day);
    uint64_t until = input_number(input, FIELD_until_day);
    return until == 0 || (until >= from && until >= (uint64_t)input_day(input));
}

static bool is_head(const struct rule_input *input)
{
    return input_acts_as(input, delegation_heads);
}

static bool principal_or_head_holds(const struct rule_input *input)
{
    return is_head(input) || input_author_is(input, input_bytes(input, FIELD_principal));
}

static bool new_delegate_or_head_holds(const struct rule_input *input)
{
    return is_head(input) || input_author_is(input, input_bytes(input, FIELD_delegate));
}

static bool delegate_or_head_holds(const struct rule_input *input)
{
    return is_head(input) || input_author_is(input, before_bytes(input, FIELD_delegate));
}

static bool side_or_head_holds(const struct rule_input *input)
{
    return delegate_or_head_holds(input) ||
           input_author_is(input, before_bytes(input, FIELD_principal));
}

/* X16: B steps in by himself and the letter follows. */
static bool automatic_holds(const struct rule_input *input)
{
    return policy_is(input->world->policy, POLICY_AB_AUTOMATIC);
}

RULE_GUARD(two_people, DELEGATION_PEOPLE);
RULE_GUARD(days, DELEGATION_DAYS);
RULE_GUARD(principal_or_head, DELEGATION_STRANGER);
RULE_GUARD(new_delegate_or_head, DELEGATION_STRANGER);
RULE_GUARD(delegate_or_head, DELEGATION_ACCEPT);
RULE_GUARD(side_or_head, DELEGATION_STRANGER);
RULE_GUARD(automatic, DELEGATION_LETTER);

static void delegation_store(struct rule_input *input)
{
    static const enum field letter[] = {FIELD_principal, FIELD_delegate,  FIELD_post,
                                        FIELD_from_day,  FIELD_until_day, FIELD_automatic,
                                        FIELD_reason};
    for (size_t i = 0; i < sizeof letter / sizeof *letter; i++) {
        after_store(input, letter[i]);
    }
    /* Who stepped in by himself fills in the letter later (X16). */
    if (input_number(input, FIELD_automatic) != 0) {
        after_start_limit(input, policy_limit(input->world->policy, POLICY_AB_LETTER_LIMIT));
    }
}

static void delegation_letter(struct rule_input *input)
{
    after_set_number(input, FIELD_automatic, 0);
    after_set_number(input, FIELD_due_day, 0);
    after_store(input, FIELD_reason);
}

static void delegation_end(struct rule_input *input)
{
    after_set_number(input, FIELD_finished_ms, input->event->legal_ms);
    after_store(input, FIELD_reason);
}

static const struct rule_row delegation_rows[] = {
#include "rules/delegation.def"
};

static const struct rule_name delegation_states[] = {
    {DELEGATION_STATE_DRAFTED, "drafted", "已填委托书"},
    {DELEGATION_STATE_ACTIVE, "active", "生效"},
    {DELEGATION_STATE_ENDED, "ended", "结束"},
    {0, NULL, NULL},
};

static const struct rule_name delegation_verbs[] = {
    {DELEGATION_DRAFTED, "drafted", "填写委托书"},
    {DELEGATION_ACTIVE, "active", "顶岗"},
    {DELEGATION_ENDED, "ended", "交回"},
    {0, NULL, NULL},
};

const struct rule_machine machine_delegation = {
    .id = MACHINE_DELEGATION,
    .name = "delegation",
    .zh = "AB岗委托",
    .states = delegation_states,
    .verbs = delegation_verbs,
    .rows = delegation_rows,
    .row_count = sizeof delegation_rows / sizeof *delegation_rows,
    .final_states = IN(ENDED),
    .payload_field = PAYLOAD_DELEGATION,
};
