#include "rules/engine.h"

static bool kind_holds(const struct rule_input *input)
{
    uint64_t kind = input_number(input, FIELD_kind);
    return kind >= NOTE_TEXT && kind <= NOTE_REMINDER;
}

/* A note is its text, which is sealed; a call or a reminder is a fact by itself. */
static bool text_holds(const struct rule_input *input)
{
    return input_number(input, FIELD_kind) != NOTE_TEXT ||
           input_has_sealed(input, SEALED_LABEL_MATTER);
}

RULE_GUARD(kind, NOTE_KIND);
RULE_GUARD(text, NO_CONTENT);

static void note_keep(struct rule_input *input)
{
    after_store(input, FIELD_kind);
    after_set_staff(input, FIELD_requester);
}

static const struct rule_row note_rows[] = {
    {FROM(FROM_NONE), DOES(NOTE_ADDED), BY(AT_BOTH, WHO_ANYONE), .to = NOTE_STATE_KEPT,
     .guards = {&guard_case_known, &guard_kind, &guard_text},
     .effects = {note_keep, effect_join_case}, SOURCE("S4-9四 [S4:452]", "R07 R24")},
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
