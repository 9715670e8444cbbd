#include "rules/office.h"

enum survey_verb { SURVEY_OPENED = 1, SURVEY_ANSWERED = 2, SURVEY_CLOSED = 3, SURVEY_IMPROVED = 4 };

enum survey_state { SURVEY_STATE_OPENED = 1, SURVEY_STATE_CLOSED = 2, SURVEY_STATE_IMPROVED = 3 };
enum { RATING_BEST = 1, RATING_SATISFIED = 2, RATING_WORST = 5 };

#define IN(state) ((uint32_t)1 << SURVEY_STATE_##state)
#define TO(state) SURVEY_STATE_##state
#define WHO_ASKS (ROLE_STATION_HEAD | WHO_HUB | ROLE_APPRAISER)

static bool within_days_holds(const struct rule_input *input)
{
    uint64_t day = (uint64_t)input_day(input);
    return before_number(input, FIELD_from_day) <= day &&
           day <= before_number(input, FIELD_until_day);
}

static bool grade_holds(const struct rule_input *input)
{
    return input_number_within(input, FIELD_rating, RATING_BEST, RATING_WORST);
}

static bool answers_there_holds(const struct rule_input *input)
{
    return before_number(input, FIELD_total_rated) != 0;
}

static bool result_given_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_result);
}

RULE_GUARD(within_days, SURVEY_OVER);
RULE_GUARD(grade, RATING_VALUE);
RULE_GUARD(answers_there, SURVEY_EMPTY);
RULE_GUARD(result_given, NO_RESULT);

/* All answers, and those that were satisfied. */
static void survey_count(struct rule_input *input)
{
    after_add(input, FIELD_total_rated, 1);
    if (input_number(input, FIELD_rating) <= RATING_SATISFIED) {
        after_add(input, FIELD_points, 1);
    }
}

/* The next survey is due when the next period begins (P19). */
static void survey_close(struct rule_input *input)
{
    after_set_day(input, FIELD_due_day,
                  period_next_day(policy_period(input->world->policy, POLICY_SURVEY_PERIOD),
                                  input_day(input)));
}

static const struct rule_row survey_rows[] = {
#include "rules/survey.def"
};

static const struct rule_name survey_states[] = {
    {SURVEY_STATE_OPENED, "opened", "调查中"},
    {SURVEY_STATE_CLOSED, "closed", "已统计"},
    {SURVEY_STATE_IMPROVED, "improved", "已改进"},
    {0, NULL, NULL},
};

static const struct rule_name survey_verbs[] = {
    {SURVEY_OPENED, "opened", "开始"},
    {SURVEY_ANSWERED, "answered", "作答"},
    {SURVEY_CLOSED, "closed", "统计"},
    {SURVEY_IMPROVED, "improved", "改进"},
    {0, NULL, NULL},
};

const struct rule_machine machine_survey = {
    .id = MACHINE_SURVEY,
    .name = "survey",
    .zh = "满意度调查",
    .states = survey_states,
    .verbs = survey_verbs,
    .rows = survey_rows,
    .row_count = sizeof survey_rows / sizeof *survey_rows,
    .final_states = IN(IMPROVED),
    .payload_field = PAYLOAD_SURVEY,
};
