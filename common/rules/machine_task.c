#include "rules/machine_case.h"

#include <string.h>

#define IN(state) ((uint32_t)1 << TASK_STATE_##state)
#define TO(state) TASK_STATE_##state

/* The case must be handled jointly now, by this tier, and list this part. */
static bool is_part_holds(const struct rule_input *input)
{
    const struct record *parent = input_find(input, FIELD_case_record, 0, MACHINE_CASE);
    bool at_station = input->event->tier == TIER_STATION;
    if (parent == NULL || parent->state != CASE_STATE_JOINT ||
        (parent->holder == HOLDER_STATION) != at_station) {
        return false;
    }
    struct span own = span_of(input->event->record, sizeof input->event->record);
    uint16_t count = values_places(&parent->facts, FIELD_children);
    for (uint16_t i = 0; i < count; i++) {
        if (span_equal(values_bytes(&parent->facts, FIELD_children, i), own)) {
            return true;
        }
    }
    return false;
}

static bool department_named_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_department);
}

static bool place_given_holds(const struct rule_input *input)
{
    uint64_t place = input_number(input, FIELD_place);
    return place != 0 && place <= LIMIT_LIST_COUNT;
}

/* The id of the index-th part, copied: what find gives lives only until the next find. */
static bool parent_child(const struct rule_input *input, uint16_t index,
                         uint8_t ret_id[LIMIT_ID_SIZE], bool *ret_in_sequence)
{
    const struct record *parent =
        world_find(input->world, before_bytes(input, FIELD_case_record), MACHINE_CASE);
    struct span id = {NULL, 0};
    if (parent != NULL) {
        id = values_bytes(&parent->facts, FIELD_children, index);
        *ret_in_sequence = record_number(parent, FIELD_order) == CASE_ORDER_SEQUENCE;
    }
    if (id.size != LIMIT_ID_SIZE) {
        return false;
    }
    memcpy(ret_id, id.data, id.size);
    return true;
}

/* One after another: every part placed before this one has been handed over. */
static bool turn_holds(const struct rule_input *input)
{
    uint8_t id[LIMIT_ID_SIZE];
    bool in_sequence = false;
    uint64_t place = before_number(input, FIELD_place);
    for (uint16_t i = 0; i < LIMIT_LIST_COUNT && parent_child(input, i, id, &in_sequence); i++) {
        const struct record *part = world_find(input->world, span_of(id, sizeof id), MACHINE_TASK);
        if (in_sequence && part != NULL && record_number(part, FIELD_place) < place &&
            part->state != TASK_STATE_HANDED_OVER) {
            return false;
        }
    }
    return true;
}

static bool task_receipt_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_receipt);
}

RULE_GUARD(is_part, NOT_A_PART);
RULE_GUARD(department_named, NO_DEPARTMENT);
RULE_GUARD(place_given, PART_INCOMPLETE);
RULE_GUARD(turn, NOT_YOUR_TURN);
RULE_GUARD(task_receipt, NO_RECEIPT);

static void task_open(struct rule_input *input)
{
    static const enum field opening[] = {FIELD_department, FIELD_place, FIELD_limit_days};
    for (size_t i = 0; i < sizeof opening / sizeof *opening; i++) {
        after_store(input, opening[i]);
    }
    effect_take(input);
}

/* The department's own clock starts with its receipt; its limit is in working days. */
static void task_receive(struct rule_input *input)
{
    struct deadline_rules rules = deadline_rules_of_policy(input->world->policy);
    uint64_t days = record_number(input->after, FIELD_limit_days);
    struct deadline_limit limit = {days > DEADLINE_COUNT_MAX ? DEADLINE_COUNT_MAX : (uint32_t)days,
                                   DEADLINE_WORKING_DAY};
    struct deadline_clock clock = deadline_clock_start(limit, input_day(input));
    after_set_day(input, FIELD_clock_base_day, clock.base_day);
    if (limit.count != 0) {
        struct deadline_due due = deadline_due(input->world->calendar, &rules, &clock);
        after_set_day(input, FIELD_due_day, due.day);
        after_set_number(input, FIELD_due_provisional, due.provisional ? 1 : 0);
    }
}

/* The next department must have it within the limit of P05. */
static void task_finish(struct rule_input *input)
{
    const struct policy *policy = input->world->policy;
    struct deadline_rules rules = deadline_rules_of_policy(policy);
    struct deadline_clock clock =
        deadline_clock_start(policy_limit(policy, POLICY_JOINT_HANDOVER_LIMIT), input_day(input));
    after_set_day(input, FIELD_report_up_due_day,
                  deadline_due(input->world->calendar, &rules, &clock).day);
    after_set_number(input, FIELD_finished_ms, input->event->legal_ms);
}

static void task_hand_over(struct rule_input *input)
{
    after_set_number(input, FIELD_handed_ms, input->event->legal_ms);
}

static const struct rule_row task_rows[] = {
#include "rules/task.def"
};

static const struct rule_name task_states[] = {
    {TASK_STATE_OPENED, "opened", "已分办"},     {TASK_STATE_RECEIVED, "received", "部门收件"},
    {TASK_STATE_FINISHED, "finished", "办结"},   {TASK_STATE_HANDED_OVER, "handed_over", "已移交"},
    {TASK_STATE_REFUSED, "refused", "不予许可"}, {0, NULL, NULL},
};

static const struct rule_name task_verbs[] = {
    {TASK_OPENED, "opened", "分办"},       {TASK_RECEIVED, "received", "收件"},
    {TASK_FINISHED, "finished", "办结"},   {TASK_HANDED_OVER, "handed_over", "移交"},
    {TASK_REFUSED, "refused", "不予许可"}, {0, NULL, NULL},
};

const struct rule_machine machine_task = {
    .id = MACHINE_TASK,
    .name = "task",
    .zh = "联办子事项",
    .states = task_states,
    .verbs = task_verbs,
    .rows = task_rows,
    .row_count = sizeof task_rows / sizeof *task_rows,
    .final_states = IN(HANDED_OVER) | IN(REFUSED),
    .payload_field = PAYLOAD_TASK,
    .follows = IN(OPENED) | IN(RECEIVED) | IN(FINISHED),
};
