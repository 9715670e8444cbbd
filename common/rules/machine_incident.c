#include "rules/office.h"

enum incident_verb { INCIDENT_REPORTED = 1, INCIDENT_HANDLED = 2, INCIDENT_CLOSED = 3 };
enum incident_state {
    INCIDENT_STATE_REPORTED = 1,
    INCIDENT_STATE_HANDLED = 2,
    INCIDENT_STATE_CLOSED = 3
};

/* 纠纷, 暴力, 疾病, 公共卫生, 地震, 洪水, 火情, 停水, 停电, 盗窃; 隐患 is a hazard, 演练 a drill.
 */
enum incident_kind {
    INCIDENT_DISPUTE = 1,
    INCIDENT_VIOLENCE = 2,
    INCIDENT_PUBLIC_HEALTH = 4,
    INCIDENT_EARTHQUAKE = 5,
    INCIDENT_FIRE = 7,
    INCIDENT_THEFT = 10,
    INCIDENT_DRILL = 12
};

#define IN(state) ((uint32_t)1 << INCIDENT_STATE_##state)
#define TO(state) INCIDENT_STATE_##state
#define WHO_CLOSES (ROLE_STATION_HEAD | ROLE_LINE_LEADER | ROLE_DUTY_LEADER | WHO_HUB)

static bool kind_holds(const struct rule_input *input)
{
    return input_number_within(input, FIELD_kind, INCIDENT_DISPUTE, INCIDENT_DRILL);
}

/* X24: the narrow list ends with public health. */
static bool wide_list_holds(const struct rule_input *input)
{
    return policy_is(input->world->policy, POLICY_INCIDENT_WIDE_LIST) ||
           input_number(input, FIELD_kind) <= INCIDENT_PUBLIC_HEALTH;
}

static bool told_head_holds(const struct rule_input *input)
{
    return (input_number(input, FIELD_informed) & OFFICE_INFORMED_HEAD) != 0 ||
           input_acts_as(input, ROLE_STATION_HEAD);
}

static bool police_told_holds(const struct rule_input *input)
{
    uint64_t kind = input_number(input, FIELD_kind);
    return (kind != INCIDENT_VIOLENCE && kind != INCIDENT_THEFT) ||
           (input_number(input, FIELD_informed) & OFFICE_INFORMED_POLICE) != 0;
}

static bool measure_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_result);
}

/* Disasters are told to the superior before they are closed. */
static bool superior_told_holds(const struct rule_input *input)
{
    uint64_t kind = before_number(input, FIELD_kind);
    return kind < INCIDENT_EARTHQUAKE || kind > INCIDENT_FIRE ||
           (before_number(input, FIELD_informed) & OFFICE_INFORMED_SUPERIOR) != 0;
}

RULE_GUARD(kind, INCIDENT_KIND);
RULE_GUARD(wide_list, INCIDENT_KIND);
RULE_GUARD(told_head, HEAD_NOT_TOLD);
RULE_GUARD(police_told, POLICE_NOT_TOLD);
RULE_GUARD(measure, NO_RESULT);
RULE_GUARD(superior_told, SUPERIOR_NOT_TOLD);

static void incident_handle(struct rule_input *input)
{
    after_set_number(input, FIELD_informed,
                     before_number(input, FIELD_informed) | input_number(input, FIELD_informed));
}

static const struct rule_row incident_rows[] = {
#include "rules/incident.def"
};

static const struct rule_name incident_states[] = {
    {INCIDENT_STATE_REPORTED, "reported", "已报告"},
    {INCIDENT_STATE_HANDLED, "handled", "处置中"},
    {INCIDENT_STATE_CLOSED, "closed", "已处置"},
    {0, NULL, NULL},
};

static const struct rule_name incident_verbs[] = {
    {INCIDENT_REPORTED, "reported", "报告"},
    {INCIDENT_HANDLED, "handled", "处置"},
    {INCIDENT_CLOSED, "closed", "结束"},
    {0, NULL, NULL},
};

const struct rule_machine machine_incident = {
    .id = MACHINE_INCIDENT,
    .name = "incident",
    .zh = "突发事件",
    .states = incident_states,
    .verbs = incident_verbs,
    .rows = incident_rows,
    .row_count = sizeof incident_rows / sizeof *incident_rows,
    .final_states = IN(CLOSED),
    .payload_field = PAYLOAD_INCIDENT,
    .follows = IN(REPORTED) | IN(HANDLED),
};
