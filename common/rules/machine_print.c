#include "rules/office.h"

enum print_verb { PRINT_ISSUED = 1, PRINT_REPRINTED = 2, PRINT_REPLACED = 3 };
enum print_state { PRINT_STATE_ISSUED = 1 };

#define IN(state) ((uint32_t)1 << PRINT_STATE_##state)
#define TO(state) PRINT_STATE_##state

/* A view that is no form of the book has the number of none. */
static bool form_named_holds(const struct rule_input *input)
{
    enum { FORM_OF_NONE = 900 };
    uint64_t form = input_number(input, FIELD_kind);
    return form != 0 && (form != FORM_OF_NONE || input_has(input, FIELD_view));
}

/* A guide or a name plate is about no record. */
static bool subject_if_given_holds(const struct rule_input *input)
{
    return !input_has(input, FIELD_subject) || input_subject(input, FIELD_subject) != NULL;
}

static bool event_cited_holds(const struct rule_input *input)
{
    bool about = input->before != NULL ? before_bytes(input, FIELD_subject).size != 0
                                       : input_has(input, FIELD_subject);
    about = about || input_has(input, FIELD_view) || before_bytes(input, FIELD_view).size != 0;
    return !about || input_has(input, FIELD_cited);
}

static bool copies_holds(const struct rule_input *input)
{
    enum { COPIES_MAX = 99, FORM_NOTICE = 3 };
    if (input_number(input, FIELD_kind) == FORM_NOTICE) { /* N19: the applicant's, and no more */
        return input_number(input, FIELD_copies) ==
               policy_get_count(input->world->policy, POLICY_NOTIFY_FORM_COPIES);
    }
    return input_number_within(input, FIELD_copies, 1, COPIES_MAX);
}

static bool same_form_holds(const struct rule_input *input)
{
    return input_number(input, FIELD_kind) == before_number(input, FIELD_kind);
}

static bool same_event_holds(const struct rule_input *input)
{
    return span_equal(input_bytes(input, FIELD_cited), before_bytes(input, FIELD_cited));
}

static bool other_event_holds(const struct rule_input *input)
{
    return !same_event_holds(input);
}

RULE_GUARD(form_named, PRINT_FORM);
RULE_GUARD(subject_if_given, CASE_UNKNOWN);
RULE_GUARD(event_cited, PRINT_EVENT);
RULE_GUARD(copies, PRINT_COPIES);
RULE_GUARD(same_form, PRINT_FORM);
RULE_GUARD(same_event, PRINT_CHANGED);
RULE_GUARD(other_event, PRINT_UNCHANGED);

static void print_count(struct rule_input *input)
{
    after_add(input, FIELD_sheet_count, input_number(input, FIELD_copies));
    after_add(input, FIELD_print_count, 1);
}

static void print_count_again(struct rule_input *input)
{
    after_add(input, FIELD_reprint_count, 1);
}

static void print_replace(struct rule_input *input)
{
    after_store(input, FIELD_cited);
    after_store(input, FIELD_reason);
}

static const struct rule_row print_rows[] = {
#include "rules/print.def"
};

static const struct rule_name print_states[] = {
    {PRINT_STATE_ISSUED, "issued", "已打印"},
    {0, NULL, NULL},
};

static const struct rule_name print_verbs[] = {
    {PRINT_ISSUED, "issued", "打印"},
    {PRINT_REPRINTED, "reprinted", "补打"},
    {PRINT_REPLACED, "replaced", "更正后重打"},
    {0, NULL, NULL},
};

const struct rule_machine machine_print = {
    .id = MACHINE_PRINT,
    .name = "print",
    .zh = "打印登记",
    .states = print_states,
    .verbs = print_verbs,
    .rows = print_rows,
    .row_count = sizeof print_rows / sizeof *print_rows,
    .final_states = 0,
    .payload_field = PAYLOAD_PRINT,
};
