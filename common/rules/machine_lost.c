#include "rules/office.h"

enum lost_verb { LOST_FOUND = 1, LOST_CLAIMED = 2, LOST_HANDED_IN = 3 };
enum lost_state { LOST_STATE_KEPT = 1, LOST_STATE_RETURNED = 2, LOST_STATE_HANDED_IN = 3 };

#define IN(state) ((uint32_t)1 << LOST_STATE_##state)
#define TO(state) LOST_STATE_##state

/* Who claims it is known, and what he says of it was compared. */
static bool owner_checked_holds(const struct rule_input *input)
{
    return input_has_sealed(input, SEALED_LABEL_IDENTITY) &&
           input_number(input, FIELD_decision) == OFFICE_DECISION_YES;
}

RULE_GUARD(owner_checked, OWNER_UNCHECKED);

static const struct rule_row lost_rows[] = {
#include "rules/lost.def"
};

static const struct rule_name lost_states[] = {
    {LOST_STATE_KEPT, "kept", "保管中"},
    {LOST_STATE_RETURNED, "returned", "已归还"},
    {LOST_STATE_HANDED_IN, "handed_in", "已移交"},
    {0, NULL, NULL},
};

static const struct rule_name lost_verbs[] = {
    {LOST_FOUND, "found", "拾得"},
    {LOST_CLAIMED, "claimed", "认领"},
    {LOST_HANDED_IN, "handed_in", "移交"},
    {0, NULL, NULL},
};

const struct rule_machine machine_lost = {
    .id = MACHINE_LOST,
    .name = "lost",
    .zh = "遗失物品",
    .states = lost_states,
    .verbs = lost_verbs,
    .rows = lost_rows,
    .row_count = sizeof lost_rows / sizeof *lost_rows,
    .final_states = IN(RETURNED) | IN(HANDED_IN),
    .payload_field = PAYLOAD_LOST,
    .follows = IN(KEPT),
};
