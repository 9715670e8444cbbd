#include "rules/office.h"

enum attendance_verb {
    ATTENDANCE_SIGNED_IN = 1,
    ATTENDANCE_WENT_OUT = 2,
    ATTENDANCE_CAME_BACK = 3,
    ATTENDANCE_SIGNED_OUT = 4,
    ATTENDANCE_SPOT_CHECKED = 5,
    ATTENDANCE_FOUND_ABSENT = 6,
    ATTENDANCE_EXCUSED = 7
};

enum attendance_state {
    ATTENDANCE_STATE_PRESENT = 1,
    ATTENDANCE_STATE_OUT = 2,
    ATTENDANCE_STATE_LEFT = 3,
    ATTENDANCE_STATE_ABSENT = 4,
    ATTENDANCE_STATE_EXCUSED = 5
};

/* Stored as day_status. */
enum attendance_status {
    ATTENDANCE_PREPARED = 1, /* so many minutes early as the rule wants */
    ATTENDANCE_ON_TIME = 2,
    ATTENDANCE_LATE = 3,
    ATTENDANCE_ABSENT = 4, /* 缺席 */
    ATTENDANCE_TRUANT = 5, /* 旷工 */
    ATTENDANCE_ON_LEAVE = 6
};

enum { MS_A_MINUTE = 60 * 1000 };

#define IN(state) ((uint32_t)1 << ATTENDANCE_STATE_##state)
#define TO(state) ATTENDANCE_STATE_##state
#define WHO_CHECKS                                                                                 \
    (ROLE_STATION_HEAD | ROLE_WINDOW_HEAD | ROLE_COMMITTEE | ROLE_LINE_LEADER | ROLE_DUTY_LEADER | \
     ROLE_INTEGRITY | WHO_HUB)

static uint64_t clock_ms(const struct rule_input *input, enum policy_id id)
{
    return civil_ms_of_day(input_day(input)) +
           (uint64_t)policy_get_count(input->world->policy, id) * MS_A_MINUTE;
}

static uint64_t minutes_ms(const struct rule_input *input, enum policy_id id)
{
    return (uint64_t)policy_get_count(input->world->policy, id) * MS_A_MINUTE;
}

/* Leave that was granted to the person of this record and covers this day. */
static bool leave_is_good(const struct rule_input *input)
{
    const struct record *leave = input_find(input, FIELD_approval, 0, MACHINE_LEAVE);
    struct span person = input->before != NULL
                             ? before_bytes(input, FIELD_staff)
                             : span_of(input->event->staff, sizeof input->event->staff);
    uint64_t day =
        (uint64_t)(input->before != NULL ? civil_day_of_ms(before_number(input, FIELD_opened_ms))
                                         : input_day(input));
    return leave != NULL && leave->state == LEAVE_STATE_GRANTED &&
           span_equal(record_bytes(leave, FIELD_requester), person) &&
           record_number(leave, FIELD_from_day) <= day &&
           day <= record_number(leave, FIELD_until_day);
}

static bool leave_if_cited_holds(const struct rule_input *input)
{
    return !input_has(input, FIELD_approval) || leave_is_good(input);
}

static bool leave_cited_holds(const struct rule_input *input)
{
    return leave_is_good(input);
}

static bool own_day_holds(const struct rule_input *input)
{
    return input_author_is(input, before_bytes(input, FIELD_staff));
}

/* N35: longer outings need leave; the sign says when one is back. */
static bool back_in_time_holds(const struct rule_input *input)
{
    uint64_t back_ms = input_number(input, FIELD_until_ms);
    uint64_t now_ms = input->event->legal_ms;
    return back_ms > now_ms && (input_has(input, FIELD_approval) ||
                                back_ms - now_ms <= minutes_ms(input, POLICY_OUTING_MAX));
}

static bool not_early_holds(const struct rule_input *input)
{
    return input->event->legal_ms >= clock_ms(input, POLICY_HOURS_CLOSING) ||
           input_has(input, FIELD_reason) || input_has(input, FIELD_approval);
}

static bool other_than_checked_holds(const struct rule_input *input)
{
    return !input_author_is(input, before_bytes(input, FIELD_staff));
}

static bool person_other_holds(const struct rule_input *input)
{
    return input_names_other(input, FIELD_staff);
}

RULE_GUARD(leave_if_cited, LEAVE_NOT_GRANTED);
RULE_GUARD(leave_cited, LEAVE_NOT_GRANTED);
RULE_GUARD(own_day, NOT_YOUR_DAY);
RULE_GUARD(back_in_time, OUTING_TOO_LONG);
RULE_GUARD(not_early, LEFT_EARLY);
RULE_GUARD(other_than_checked, CHECKS_ITSELF);
RULE_GUARD(person_other, CHECKS_ITSELF);

/* X32: "within half an hour" and "half an hour and more" both hold at the border itself. */
static enum attendance_status attendance_status(const struct rule_input *input, uint64_t late_ms)
{
    const struct policy *policy = input->world->policy;
    uint64_t border_ms = minutes_ms(input, POLICY_ATTENDANCE_LATE_MAX);
    if (input_has(input, FIELD_approval)) {
        return ATTENDANCE_ON_LEAVE;
    }
    bool late = late_ms < border_ms ||
                (late_ms == border_ms &&
                 policy_choice(policy, POLICY_ATTENDANCE_AT_BORDER) == POLICY_CHOICE_LATE);
    return late ? ATTENDANCE_LATE : ATTENDANCE_ABSENT;
}

static void attendance_sign_in(struct rule_input *input)
{
    uint64_t now_ms = input->event->legal_ms;
    uint64_t opening_ms = clock_ms(input, POLICY_HOURS_OPENING);
    enum attendance_status status = ATTENDANCE_ON_TIME;
    effect_open(input);
    after_set_staff(input, FIELD_staff);
    if (now_ms > opening_ms) {
        status = attendance_status(input, now_ms - opening_ms);
        after_set_number(input, FIELD_short_ms,
                         status == ATTENDANCE_ON_LEAVE ? 0 : now_ms - opening_ms);
    } else if (opening_ms - now_ms >= minutes_ms(input, POLICY_SIGN_IN_EARLY)) {
        status = ATTENDANCE_PREPARED;
    }
    after_set_number(input, FIELD_day_status, status);
}

static void attendance_go_out(struct rule_input *input)
{
    after_set_number(input, FIELD_asked_ms, input->event->legal_ms);
    after_store(input, FIELD_until_ms);
}

/* Back later than the sign said: what is over counts. */
static void attendance_come_back(struct rule_input *input)
{
    uint64_t told_ms = before_number(input, FIELD_until_ms);
    uint64_t now_ms = input->event->legal_ms;
    if (now_ms > told_ms) {
        after_add(input, FIELD_short_ms, now_ms - told_ms);
    }
    after_set_number(input, FIELD_asked_ms, 0);
    after_set_number(input, FIELD_until_ms, 0);
}

static void attendance_sign_out(struct rule_input *input)
{
    uint64_t closing_ms = clock_ms(input, POLICY_HOURS_CLOSING);
    if (input->event->legal_ms < closing_ms && !input_has(input, FIELD_approval)) {
        after_add(input, FIELD_short_ms, closing_ms - input->event->legal_ms);
    }
    effect_finish(input);
}

/* X06: by the thirty-minute rule the person is absent; by the other, who explains nothing is
 * truant. */
static void attendance_find_absent(struct rule_input *input)
{
    bool unexplained =
        policy_choice(input->world->policy, POLICY_ATTENDANCE_RULE) == POLICY_CHOICE_UNEXPLAINED;
    effect_open(input);
    after_set_number(input, FIELD_day_status,
                     unexplained && !input_has(input, FIELD_reason) ? ATTENDANCE_TRUANT
                                                                    : ATTENDANCE_ABSENT);
}

static void attendance_excuse(struct rule_input *input)
{
    after_store(input, FIELD_approval);
    after_set_number(input, FIELD_day_status, ATTENDANCE_ON_LEAVE);
}

static const struct rule_row attendance_rows[] = {
#include "rules/attendance.def"
};

static const struct rule_name attendance_states[] = {
    {ATTENDANCE_STATE_PRESENT, "present", "在岗"}, {ATTENDANCE_STATE_OUT, "out", "外出"},
    {ATTENDANCE_STATE_LEFT, "left", "已签退"},     {ATTENDANCE_STATE_ABSENT, "absent", "缺席"},
    {ATTENDANCE_STATE_EXCUSED, "excused", "请假"}, {0, NULL, NULL},
};

static const struct rule_name attendance_verbs[] = {
    {ATTENDANCE_SIGNED_IN, "signed_in", "签到"},
    {ATTENDANCE_WENT_OUT, "went_out", "外出"},
    {ATTENDANCE_CAME_BACK, "came_back", "返回"},
    {ATTENDANCE_SIGNED_OUT, "signed_out", "签退"},
    {ATTENDANCE_SPOT_CHECKED, "spot_checked", "抽查"},
    {ATTENDANCE_FOUND_ABSENT, "found_absent", "认定缺席"},
    {ATTENDANCE_EXCUSED, "excused", "补假"},
    {0, NULL, NULL},
};

const struct rule_machine machine_attendance = {
    .id = MACHINE_ATTENDANCE,
    .name = "attendance",
    .zh = "考勤",
    .states = attendance_states,
    .verbs = attendance_verbs,
    .rows = attendance_rows,
    .row_count = sizeof attendance_rows / sizeof *attendance_rows,
    .final_states = IN(LEFT) | IN(EXCUSED),
    .payload_field = PAYLOAD_ATTENDANCE,
};
