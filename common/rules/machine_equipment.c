#include "rules/office.h"

enum equipment_verb {
    EQUIPMENT_REGISTERED = 1,
    EQUIPMENT_CHECKED = 2,
    EQUIPMENT_FAILED = 3,
    EQUIPMENT_REPAIRED = 4,
    EQUIPMENT_SCRAP_ASKED = 5,
    EQUIPMENT_SCRAP_APPROVED = 6,
    EQUIPMENT_SCRAP_REFUSED = 7,
    EQUIPMENT_DATA_MOVED = 8,
    EQUIPMENT_SCRAPPED = 9,
    EQUIPMENT_CONFIGURED = 10,
    EQUIPMENT_PASSED_ON = 11
};

enum equipment_state {
    EQUIPMENT_STATE_IN_USE = 1,
    EQUIPMENT_STATE_FAULTY = 2,
    EQUIPMENT_STATE_SCRAP_ASKED = 3,
    EQUIPMENT_STATE_SCRAP_APPROVED = 4,
    EQUIPMENT_STATE_DATA_MOVED = 5,
    EQUIPMENT_STATE_SCRAPPED = 6
};

#define IN(state) ((uint32_t)1 << EQUIPMENT_STATE_##state)
#define TO(state) EQUIPMENT_STATE_##state
#define WHO_KEEPS (ROLE_STATION_HEAD | ROLE_TECHNICIAN | ROLE_CUSTODIAN | WHO_HUB)

static bool asset_named_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_asset);
}

static bool result_given_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_result);
}

/* The station asks, the township or the district approves. */
static bool not_asker_holds(const struct rule_input *input)
{
    return !input_author_is(input, before_bytes(input, FIELD_assessor));
}

/* 未经许可不得增删软硬件配置. */
static bool change_allowed_holds(const struct rule_input *input)
{
    return input_names_other(input, FIELD_leader) && input_has(input, FIELD_reason);
}

static bool other_keeper_holds(const struct rule_input *input)
{
    return !input_repeats(input, FIELD_handler);
}

RULE_GUARD(other_keeper, SAME_KEEPER);
RULE_GUARD(change_allowed, CHANGE_UNALLOWED);
RULE_GUARD(asset_named, NO_ASSET);
RULE_GUARD(result_given, NO_RESULT);
RULE_GUARD(not_asker, OWN_REQUEST);

/* P22: looked at again when the next period begins. */
static void equipment_check(struct rule_input *input)
{
    after_set_day(
        input, FIELD_due_day,
        period_next_day(policy_period(input->world->policy, POLICY_EQUIPMENT_CHECK_PERIOD),
                        input_day(input)));
}

static void equipment_repair(struct rule_input *input)
{
    after_set_number(input, FIELD_fixed_ms, input->event->legal_ms);
}

static void equipment_ask(struct rule_input *input)
{
    after_set_staff(input, FIELD_assessor);
}

static const struct rule_row equipment_rows[] = {
#include "rules/equipment.def"
};

static const struct rule_name equipment_states[] = {
    {EQUIPMENT_STATE_IN_USE, "in_use", "在用"},
    {EQUIPMENT_STATE_FAULTY, "faulty", "故障"},
    {EQUIPMENT_STATE_SCRAP_ASKED, "scrap_asked", "申请报废"},
    {EQUIPMENT_STATE_SCRAP_APPROVED, "scrap_approved", "批准报废"},
    {EQUIPMENT_STATE_DATA_MOVED, "data_moved", "数据已迁移"},
    {EQUIPMENT_STATE_SCRAPPED, "scrapped", "已报废"},
    {0, NULL, NULL},
};

static const struct rule_name equipment_verbs[] = {
    {EQUIPMENT_REGISTERED, "registered", "登记"},
    {EQUIPMENT_CHECKED, "checked", "检查"},
    {EQUIPMENT_FAILED, "failed", "报障"},
    {EQUIPMENT_REPAIRED, "repaired", "修复"},
    {EQUIPMENT_SCRAP_ASKED, "scrap_asked", "申请报废"},
    {EQUIPMENT_SCRAP_APPROVED, "scrap_approved", "批准报废"},
    {EQUIPMENT_SCRAP_REFUSED, "scrap_refused", "不准报废"},
    {EQUIPMENT_DATA_MOVED, "data_moved", "迁移数据"},
    {EQUIPMENT_SCRAPPED, "scrapped", "报废"},
    {EQUIPMENT_CONFIGURED, "configured", "配置变更"},
    {EQUIPMENT_PASSED_ON, "passed_on", "移交保管"},
    {0, NULL, NULL},
};

const struct rule_machine machine_equipment = {
    .id = MACHINE_EQUIPMENT,
    .name = "equipment",
    .zh = "设备",
    .states = equipment_states,
    .verbs = equipment_verbs,
    .rows = equipment_rows,
    .row_count = sizeof equipment_rows / sizeof *equipment_rows,
    .final_states = IN(SCRAPPED),
    .payload_field = PAYLOAD_EQUIPMENT,
    .follows = IN(IN_USE) | IN(FAULTY) | IN(SCRAP_ASKED) | IN(SCRAP_APPROVED) | IN(DATA_MOVED),
    .shut = true,
};
