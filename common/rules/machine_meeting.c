#include "rules/office.h"

enum meeting_verb { MEETING_CALLED = 1, MEETING_HELD = 2, MEETING_CANCELLED = 3 };

enum meeting_state {
    MEETING_STATE_CALLED = 1,
    MEETING_STATE_HELD = 2,
    MEETING_STATE_CANCELLED = 3
};

#define IN(state) ((uint32_t)1 << MEETING_STATE_##state)
#define TO(state) MEETING_STATE_##state
#define WHO_CALLS (ROLE_STATION_HEAD | ROLE_COMMITTEE | WHO_HUB)

static bool long_enough_holds(const struct rule_input *input)
{
    return input_number(input, FIELD_half_days) >=
           policy_get_count(input->world->policy, POLICY_MEETING_LENGTH);
}

static bool day_come_holds(const struct rule_input *input)
{
    return before_number(input, FIELD_agreed_day) <= (uint64_t)input_day(input);
}

/* 会议期间不影响群众办事: somebody else stays at the window. */
static bool cover_holds(const struct rule_input *input)
{
    return input_names_other(input, FIELD_cover);
}

RULE_GUARD(cover, MEETING_COVER);
RULE_GUARD(long_enough, MEETING_SHORT);
RULE_GUARD(day_come, MEETING_DAY);

/* The next one is due when the next period begins (N42). */
static void meeting_hold(struct rule_input *input)
{
    uint16_t count = values_places(input->event->facts, FIELD_people);
    for (uint16_t i = 0; i < count; i++) {
        values_set_bytes(&input->after->facts, FIELD_people, i,
                         values_bytes(input->event->facts, FIELD_people, i));
    }
    after_set_day(input, FIELD_due_day,
                  period_next_day(policy_period(input->world->policy, POLICY_MEETING_PERIOD),
                                  input_day(input)));
    effect_finish(input);
}

static const struct rule_row meeting_rows[] = {
#include "rules/meeting.def"
};

static const struct rule_name meeting_states[] = {
    {MEETING_STATE_CALLED, "called", "已通知"},
    {MEETING_STATE_HELD, "held", "已召开"},
    {MEETING_STATE_CANCELLED, "cancelled", "取消"},
    {0, NULL, NULL},
};

static const struct rule_name meeting_verbs[] = {
    {MEETING_CALLED, "called", "通知"},
    {MEETING_HELD, "held", "召开"},
    {MEETING_CANCELLED, "cancelled", "取消"},
    {0, NULL, NULL},
};

const struct rule_machine machine_meeting = {
    .id = MACHINE_MEETING,
    .name = "meeting",
    .zh = "会议",
    .states = meeting_states,
    .verbs = meeting_verbs,
    .rows = meeting_rows,
    .row_count = sizeof meeting_rows / sizeof *meeting_rows,
    .final_states = IN(HELD) | IN(CANCELLED),
    .payload_field = PAYLOAD_MEETING,
};
