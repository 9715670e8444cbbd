#include "rules/engine.h"

static bool kind_holds(const struct rule_input *input)
{
    uint64_t kind = input_number(input, FIELD_kind);
    return kind >= NOTE_TEXT && kind <= NOTE_WORK;
}

/* A note and standing work are their text, which is sealed; a call or a reminder is a fact by
 * itself. */
static bool text_holds(const struct rule_input *input)
{
    uint64_t kind = input_number(input, FIELD_kind);
    return (kind != NOTE_TEXT && kind != NOTE_WORK) || input_has_sealed(input, SEALED_LABEL_MATTER);
}

/* Standing work of a post: an item of that kind, or one that is that besides (R120). */
static bool work_item_holds(const struct rule_input *input)
{
    return input_number(input, FIELD_kind) != NOTE_WORK ||
           (input->item != NULL && (input->item->kind == CATALOGUE_WORK || input->item->work_log));
}

/* All but standing work is about a case. */
static bool about_case_holds(const struct rule_input *input)
{
    return input_number(input, FIELD_kind) == NOTE_WORK || guard_case_known.holds(input);
}

RULE_GUARD(kind, NOTE_KIND);
RULE_GUARD(text, NO_CONTENT);
RULE_GUARD(work_item, NOT_WORK_ITEM);
RULE_GUARD(about_case, CASE_UNKNOWN);

static void note_keep(struct rule_input *input)
{
    after_store(input, FIELD_kind);
    after_store(input, FIELD_item);
    after_set_staff(input, FIELD_requester);
}

static const struct rule_row note_rows[] = {
    {FROM(FROM_NONE), DOES(NOTE_ADDED), BY(AT_BOTH, WHO_ANYONE), .to = NOTE_STATE_KEPT,
     .guards = {&guard_kind, &guard_about_case, &guard_work_item, &guard_text},
     .effects = {note_keep, effect_join_case}, SOURCE("S4-9四 [S4:452] S3-1三2", "R07 R24 R120")},
};

static const struct rule_name note_states[] = {{NOTE_STATE_KEPT, "kept", "已加注"},
                                               {0, NULL, NULL}};
static const struct rule_name note_verbs[] = {{NOTE_ADDED, "added", "加注"}, {0, NULL, NULL}};

const struct rule_machine machine_note = {
    .id = MACHINE_NOTE,
    .name = "note",
    .zh = "备注",
    .states = note_states,
    .verbs = note_verbs,
    .rows = note_rows,
    .row_count = sizeof note_rows / sizeof *note_rows,
    .final_states = (uint32_t)1 << NOTE_STATE_KEPT,
    .payload_field = PAYLOAD_NOTE,
};
