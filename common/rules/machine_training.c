#include "rules/office.h"

enum training_verb {
    TRAINING_PLANNED = 1,
    TRAINING_HELD = 2,
    TRAINING_EVALUATED = 3, /* one person's result */
    TRAINING_FILED = 4
};

enum training_state {
    TRAINING_STATE_PLANNED = 1,
    TRAINING_STATE_HELD = 2,
    TRAINING_STATE_EVALUATED = 3,
    TRAINING_STATE_FILED = 4
};

#define IN(state) ((uint32_t)1 << TRAINING_STATE_##state)
#define TO(state) TRAINING_STATE_##state
#define WHO_TRAINS (ROLE_STATION_HEAD | WHO_HUB | ROLE_DISTRICT)

static bool kind_holds(const struct rule_input *input)
{
    return input_number_within(input, FIELD_kind, TRAINING_KIND_BEFORE_POST,
                               TRAINING_KIND_RENEWING);
}

static bool hours_holds(const struct rule_input *input)
{
    uint64_t least = input_number(input, FIELD_kind) == TRAINING_KIND_BEFORE_POST
                         ? policy_get_count(input->world->policy, POLICY_TRAINING_HOURS)
                         : 0;
    return input_number(input, FIELD_hours) >= (least == 0 ? 1 : least);
}

static bool day_come_holds(const struct rule_input *input)
{
    return before_number(input, FIELD_from_day) <= (uint64_t)input_day(input);
}

/* Nobody says of himself that he passed. */
static bool was_there_holds(const struct rule_input *input)
{
    return input_names_other(input, FIELD_staff) &&
           record_people_list(input->before, input_bytes(input, FIELD_staff));
}

RULE_GUARD(kind, TRAINING_KIND);
RULE_GUARD(hours, NO_HOURS);
RULE_GUARD(day_come, TRAINING_DAY);
RULE_GUARD(was_there, NOT_TRAINED);

static void training_hold(struct rule_input *input)
{
    uint16_t count = values_places(input->event->facts, FIELD_people);
    for (uint16_t i = 0; i < count; i++) {
        values_set_bytes(&input->after->facts, FIELD_people, i,
                         values_bytes(input->event->facts, FIELD_people, i));
    }
}

/* Who has passed stands in the list "passed", in the order of the results. */
static void training_evaluate(struct rule_input *input)
{
    if (input_number(input, FIELD_decision) == OFFICE_DECISION_YES) {
        values_set_bytes(&input->after->facts, FIELD_passed,
                         values_places(&input->after->facts, FIELD_passed),
                         input_bytes(input, FIELD_staff));
    }
}

static const struct rule_row training_rows[] = {
#include "rules/training.def"
};

static const struct rule_name training_states[] = {
    {TRAINING_STATE_PLANNED, "planned", "已计划"},
    {TRAINING_STATE_HELD, "held", "已举办"},
    {TRAINING_STATE_EVALUATED, "evaluated", "已考核"},
    {TRAINING_STATE_FILED, "filed", "已建档"},
    {0, NULL, NULL},
};

static const struct rule_name training_verbs[] = {
    {TRAINING_PLANNED, "planned", "计划"},
    {TRAINING_HELD, "held", "举办"},
    {TRAINING_EVALUATED, "evaluated", "考核"},
    {TRAINING_FILED, "filed", "建档上报"},
    {0, NULL, NULL},
};

const struct rule_machine machine_training = {
    .id = MACHINE_TRAINING,
    .name = "training",
    .zh = "培训",
    .states = training_states,
    .verbs = training_verbs,
    .rows = training_rows,
    .row_count = sizeof training_rows / sizeof *training_rows,
    .final_states = IN(FILED),
    .payload_field = PAYLOAD_TRAINING,
};
