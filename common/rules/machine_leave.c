#include "rules/office.h"

enum leave_verb {
    LEAVE_REQUESTED = 1,
    LEAVE_AGREED = 2,
    LEAVE_GRANTED = 3,
    LEAVE_REFUSED = 4,
    LEAVE_RETURNED = 5,
    LEAVE_CANCELLED = 6
};

#define IN(state) ((uint32_t)1 << LEAVE_STATE_##state)
#define TO(state) LEAVE_STATE_##state
#define WHO_LEAVES                                                                                 \
    (ROLE_WINDOW_HEAD | ROLE_STATION_HEAD | ROLE_LINE_LEADER | ROLE_COMMITTEE | ROLE_HUB_LEADER |  \
     ROLE_DISTRICT)

static const uint64_t leave_heads = ROLE_WINDOW_HEAD | ROLE_STATION_HEAD;
static const uint64_t leave_at_hub = ROLE_HUB_LEADER | ROLE_DISTRICT;

/* Who agrees first and who grants, as bits of roles. */
struct leave_chain {
    uint64_t agrees;
    uint64_t grants;
};

static uint64_t leave_approver(const struct policy *policy, enum policy_id id)
{
    enum policy_choice choice = policy_choice(policy, id);
    if (choice == POLICY_CHOICE_HUB) {
        return ROLE_HUB_LEADER;
    }
    return choice == POLICY_CHOICE_DISTRICT ? ROLE_DISTRICT : ROLE_COMMITTEE;
}

/* X05: S3-2 adds a level, S3-3 changes it, S4-6 knows the station head only. The head's own leave
 * goes to somebody above him (P13). */
static struct leave_chain leave_chain(const struct rule_input *input)
{
    const struct policy *policy = input->world->policy;
    uint64_t half_days = input_number(input, FIELD_half_days);
    uint64_t above = leave_approver(policy, POLICY_LEAVE_OVER_APPROVER);
    if ((input->event->roles & ROLE_STATION_HEAD) != 0) {
        return (struct leave_chain){0, leave_approver(policy, POLICY_LEAVE_HEAD_APPROVER)};
    }
    enum policy_choice ladder = policy_choice(policy, POLICY_LEAVE_LADDER);
    if (ladder == POLICY_CHOICE_LADDER_STATION) {
        return (struct leave_chain){0, ROLE_STATION_HEAD};
    }
    bool hall = ladder == POLICY_CHOICE_LADDER_HALL;
    enum policy_id head_max = hall ? POLICY_LEAVE_HALL_HEAD_MAX : POLICY_LEAVE_VILLAGE_HEAD_MAX;
    enum policy_id line_max = hall ? POLICY_LEAVE_HALL_LINE_MAX : POLICY_LEAVE_VILLAGE_LINE_MAX;
    if (half_days <= policy_get_count(policy, head_max)) {
        return (struct leave_chain){0, hall ? ROLE_STATION_HEAD : leave_heads};
    }
    if (half_days <= policy_get_count(policy, line_max)) {
        return (struct leave_chain){hall ? 0 : leave_heads, ROLE_LINE_LEADER};
    }
    return (struct leave_chain){hall ? 0 : ROLE_LINE_LEADER, above};
}

/* A day has two halves; a part of the first and of the last day may be free. */
static bool length_holds(const struct rule_input *input)
{
    enum { HALVES = 2 };
    uint64_t days = input_number(input, FIELD_until_day) - input_number(input, FIELD_from_day) + 1;
    return input_number_within(input, FIELD_half_days, 1, HALVES * days);
}

static bool cover_holds(const struct rule_input *input)
{
    return input_names_other(input, FIELD_cover);
}

static bool retroactive_holds(const struct rule_input *input)
{
    bool begun = input_number(input, FIELD_from_day) < (uint64_t)input_day(input);
    return begun == (input_number(input, FIELD_retroactive) != 0);
}

static bool agrees_first_holds(const struct rule_input *input)
{
    return (input->event->roles & before_number(input, FIELD_agree_roles)) != 0;
}

static bool first_level_done_holds(const struct rule_input *input)
{
    return before_number(input, FIELD_agree_roles) == 0 || record_is_in(input->before, IN(AGREED));
}

static bool may_grant_holds(const struct rule_input *input)
{
    return (input->event->roles & before_number(input, FIELD_grant_roles)) != 0;
}

static bool may_refuse_holds(const struct rule_input *input)
{
    return may_grant_holds(input) || agrees_first_holds(input);
}

static bool own_leave_holds(const struct rule_input *input)
{
    return input_author_is(input, before_bytes(input, FIELD_requester));
}

RULE_GUARD(length, LEAVE_LENGTH);
RULE_GUARD(cover, LEAVE_COVER);
RULE_GUARD(retroactive, LEAVE_RETROACTIVE);
RULE_GUARD(agrees_first, LEAVE_LEVEL);
RULE_GUARD(first_level_done, LEAVE_FIRST_LEVEL);
RULE_GUARD(may_grant, LEAVE_LEVEL);
RULE_GUARD(may_refuse, LEAVE_LEVEL);
RULE_GUARD(own_leave, LEAVE_NOT_YOURS);

static void leave_choose_chain(struct rule_input *input)
{
    struct leave_chain chain = leave_chain(input);
    after_set_number(input, FIELD_agree_roles, chain.agrees);
    after_set_number(input, FIELD_grant_roles, chain.grants);
}

static void leave_agree(struct rule_input *input)
{
    after_set_number(input, FIELD_agree_roles, 0);
}

/* When all that is left to do is done at the hub, the hub holds it. */
static void leave_send_up(struct rule_input *input)
{
    bool at_station = (record_number(input->after, FIELD_agree_roles) & ~leave_at_hub) != 0 ||
                      (record_number(input->after, FIELD_grant_roles) & leave_at_hub) == 0;
    if (!at_station) {
        effect_to_hub(input);
    }
}

static const struct rule_row leave_rows[] = {
#include "rules/leave.def"
};

static const struct rule_name leave_states[] = {
    {LEAVE_STATE_REQUESTED, "requested", "已申请"},
    {LEAVE_STATE_AGREED, "agreed", "已同意"},
    {LEAVE_STATE_GRANTED, "granted", "已批准"},
    {LEAVE_STATE_REFUSED, "refused", "不批准"},
    {LEAVE_STATE_RETURNED, "returned", "已销假"},
    {LEAVE_STATE_CANCELLED, "cancelled", "取消"},
    {0, NULL, NULL},
};

static const struct rule_name leave_verbs[] = {
    {LEAVE_REQUESTED, "requested", "请假"},
    {LEAVE_AGREED, "agreed", "同意"},
    {LEAVE_GRANTED, "granted", "批准"},
    {LEAVE_REFUSED, "refused", "不批准"},
    {LEAVE_RETURNED, "returned", "销假"},
    {LEAVE_CANCELLED, "cancelled", "取消"},
    {0, NULL, NULL},
};

const struct rule_machine machine_leave = {
    .id = MACHINE_LEAVE,
    .name = "leave",
    .zh = "请假",
    .states = leave_states,
    .verbs = leave_verbs,
    .rows = leave_rows,
    .row_count = sizeof leave_rows / sizeof *leave_rows,
    .final_states = IN(REFUSED) | IN(RETURNED) | IN(CANCELLED),
    .payload_field = PAYLOAD_LEAVE,
};
