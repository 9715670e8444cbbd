#include "rules/machine_case.h"

#include <string.h>

bool case_guard_route_up(const struct rule_input *input)
{
    return input->item != NULL && (input->item->route == CATALOGUE_ROUTE_HUB ||
                                   input->item->route == CATALOGUE_ROUTE_HUB_DISTRICT);
}

/* A station goes to the district only where the item says so; the hub with all it may not decide
 * alone. */
bool case_guard_route_district(const struct rule_input *input)
{
    if (input->item == NULL || (input->item->decides & CATALOGUE_DISTRICT) == 0) {
        return false;
    }
    bool direct = input->event->tier == TIER_HUB ||
                  policy_choice(input->world->policy, POLICY_ROUTE_DEFAULT) == POLICY_CHOICE_DIRECT;
    return input->item->route == CATALOGUE_ROUTE_DISTRICT ||
           (direct && input->item->route == CATALOGUE_ROUTE_HUB_DISTRICT);
}

bool case_guard_department(const struct rule_input *input)
{
    struct span department = input_bytes(input, FIELD_department);
    bool listed = input->item != NULL && input->item->department_count == 0;
    for (uint32_t i = 0; input->item != NULL && i < input->item->department_count; i++) {
        listed = listed || span_equal(span_text(input->item->department[i]), department);
    }
    return department.size != 0 && listed;
}

bool case_guard_department_receipt(const struct rule_input *input)
{
    return input_has(input, FIELD_receipt);
}

bool case_guard_station_case(const struct rule_input *input)
{
    return !record_is_hubs_own(input->before);
}

bool case_guard_joint_kind(const struct rule_input *input)
{
    return input->item != NULL && input->item->kind == CATALOGUE_JOINT;
}

bool case_guard_joint_plan(const struct rule_input *input)
{
    const struct values *facts = input->event->facts;
    uint64_t order = values_number(facts, FIELD_order, 0);
    uint16_t count = values_places(facts, FIELD_children);
    for (uint16_t i = 0; i < count; i++) {
        struct span child = values_bytes(facts, FIELD_children, i);
        for (uint16_t k = 0; k < i; k++) {
            if (span_equal(values_bytes(facts, FIELD_children, k), child)) {
                return false;
            }
        }
        if (child.size != LIMIT_ID_SIZE) {
            return false;
        }
    }
    return count != 0 && count <= LIMIT_LIST_COUNT && input_has(input, FIELD_lead) &&
           (order == CASE_ORDER_SEQUENCE || order == CASE_ORDER_PARALLEL);
}

/* Whether every part of the joint case is in one of states. */
static bool tasks_all_in(const struct rule_input *input, uint32_t states)
{
    const struct values *facts = &input->before->facts;
    uint16_t count = values_places(facts, FIELD_children);
    for (uint16_t i = 0; i < count; i++) {
        const struct record *task =
            world_find(input->world, values_bytes(facts, FIELD_children, i), MACHINE_TASK);
        if (task == NULL || !record_is_in(task, states)) {
            return false;
        }
    }
    return true;
}

enum {
    TASKS_FINISHED = 1 << TASK_STATE_FINISHED | 1 << TASK_STATE_HANDED_OVER,
    TASKS_REFUSED = 1 << TASK_STATE_REFUSED
};

bool case_guard_tasks_done(const struct rule_input *input)
{
    return tasks_all_in(input, TASKS_FINISHED | TASKS_REFUSED);
}

bool case_guard_tasks_agree(const struct rule_input *input)
{
    return tasks_all_in(input, TASKS_FINISHED);
}
