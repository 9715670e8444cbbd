#include "rules/office.h"

enum suggestion_verb {
    SUGGESTION_BOX_OPENED = 1,
    SUGGESTION_RECEIVED = 2,
    SUGGESTION_FORWARDED = 3,
    SUGGESTION_REPLIED = 4,
    SUGGESTION_IMPROVED = 5,
    SUGGESTION_CLOSED = 6
};

enum suggestion_state {
    SUGGESTION_STATE_BOX_OPENED = 1,
    SUGGESTION_STATE_RECEIVED = 2,
    SUGGESTION_STATE_FORWARDED = 3,
    SUGGESTION_STATE_REPLIED = 4,
    SUGGESTION_STATE_IMPROVED = 5,
    SUGGESTION_STATE_CLOSED = 6
};

#define IN(state) ((uint32_t)1 << SUGGESTION_STATE_##state)
#define TO(state) SUGGESTION_STATE_##state

static bool channel_holds(const struct rule_input *input)
{
    return input_number_within(input, FIELD_channel, CONTACT_CHANNEL_FIRST,
                               OFFICE_CHANNEL_EVALUATOR);
}

/* From the box: the opening that held letters; from a complaint: one that was turned into it. */
static bool origin_holds(const struct rule_input *input)
{
    const struct record *origin = input_subject(input, FIELD_subject);
    if (origin == NULL) {
        return !input_has(input, FIELD_subject) &&
               input_number(input, FIELD_channel) != OFFICE_CHANNEL_BOX;
    }
    if (origin->machine == MACHINE_COMPLAINT) {
        return origin->state == COMPLAINT_STATE_SUGGESTION;
    }
    return origin->machine == MACHINE_SUGGESTION && record_is_in(origin, IN(BOX_OPENED)) &&
           record_number(origin, FIELD_letters) != 0;
}

static bool result_given_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_result);
}

static bool improved_or_reason_holds(const struct rule_input *input)
{
    return before_number(input, FIELD_fixed_ms) != 0 || input_has(input, FIELD_reason);
}

RULE_GUARD(channel, COMPLAINT_CHANNEL);
RULE_GUARD(origin, SUGGESTION_ORIGIN);
RULE_GUARD(result_given, NO_RESULT);
RULE_GUARD(improved_or_reason, NO_REASON);

/* The box is opened again when the next period begins (N44, P14). */
static void suggestion_open_box(struct rule_input *input)
{
    effect_open(input);
    after_set_day(
        input, FIELD_due_day,
        period_next_day(policy_period(input->world->policy, POLICY_BOX_OPENING), input_day(input)));
}

static void suggestion_open(struct rule_input *input)
{
    effect_open(input);
    after_start_limit(input, policy_limit(input->world->policy, POLICY_SUGGESTION_REPLY_LIMIT));
}

static void suggestion_forward(struct rule_input *input)
{
    after_store(input, FIELD_department);
    after_set_number(input, FIELD_submitted_ms, input->event->legal_ms);
}

/* The time to improve runs from the day the suggestion came. */
static void suggestion_reply(struct rule_input *input)
{
    struct deadline_rules rules = deadline_rules_of_policy(input->world->policy);
    uint64_t base = before_number(input, FIELD_clock_base_day);
    struct deadline_clock clock =
        deadline_clock_start(policy_limit(input->world->policy, POLICY_SUGGESTION_FIX_LIMIT),
                             base > CIVIL_DAY_MAX ? CIVIL_DAY_MAX : (int32_t)base);
    struct deadline_due due = deadline_due(input->world->calendar, &rules, &clock);
    after_set_number(input, FIELD_told_ms, input->event->legal_ms);
    after_set_number(input, FIELD_reply_mode, input_number(input, FIELD_mode));
    after_set_day(input, FIELD_due_day, due.day);
}

static void suggestion_improve(struct rule_input *input)
{
    after_set_number(input, FIELD_fixed_ms, input->event->legal_ms);
}

static const struct rule_row suggestion_rows[] = {
#include "rules/suggestion.def"
};

static const struct rule_name suggestion_states[] = {
    {SUGGESTION_STATE_BOX_OPENED, "box_opened", "意见箱已开启"},
    {SUGGESTION_STATE_RECEIVED, "received", "已收到"},
    {SUGGESTION_STATE_FORWARDED, "forwarded", "已转送"},
    {SUGGESTION_STATE_REPLIED, "replied", "已反馈"},
    {SUGGESTION_STATE_IMPROVED, "improved", "已改进"},
    {SUGGESTION_STATE_CLOSED, "closed", "办结"},
    {0, NULL, NULL},
};

static const struct rule_name suggestion_verbs[] = {
    {SUGGESTION_BOX_OPENED, "box_opened", "开启意见箱"},
    {SUGGESTION_RECEIVED, "received", "收到意见"},
    {SUGGESTION_FORWARDED, "forwarded", "转送"},
    {SUGGESTION_REPLIED, "replied", "反馈"},
    {SUGGESTION_IMPROVED, "improved", "改进"},
    {SUGGESTION_CLOSED, "closed", "办结"},
    {0, NULL, NULL},
};

const struct rule_machine machine_suggestion = {
    .id = MACHINE_SUGGESTION,
    .name = "suggestion",
    .zh = "意见建议",
    .states = suggestion_states,
    .verbs = suggestion_verbs,
    .rows = suggestion_rows,
    .row_count = sizeof suggestion_rows / sizeof *suggestion_rows,
    .final_states = IN(BOX_OPENED) | IN(CLOSED),
    .payload_field = PAYLOAD_SUGGESTION,
    .follows = IN(RECEIVED) | IN(FORWARDED),
    .shut = true,
};
