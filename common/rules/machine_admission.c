#include "rules/office.h"

enum admission_verb {
    ADMISSION_PROPOSED = 1,
    ADMISSION_REVIEWED = 2,
    ADMISSION_FORWARDED = 3,
    ADMISSION_AGREED = 4,
    ADMISSION_DECIDED = 5,
    ADMISSION_IN_FORCE = 6,
    ADMISSION_TURNED_DOWN = 7
};

enum admission_state {
    ADMISSION_STATE_PROPOSED = 1,
    ADMISSION_STATE_REVIEWED = 2,
    ADMISSION_STATE_FORWARDED = 3,
    ADMISSION_STATE_AGREED = 4,
    ADMISSION_STATE_DECIDED = 5,
    ADMISSION_STATE_IN_FORCE = 6,
    ADMISSION_STATE_TURNED_DOWN = 7
};

enum admission_kind { ADMISSION_ADMIT = 1, ADMISSION_WITHDRAW = 2, ADMISSION_CHANGE = 3 };

#define IN(state) ((uint32_t)1 << ADMISSION_STATE_##state)
#define WHO_PROPOSES (ROLE_WORKER | ROLE_WINDOW_HEAD | ROLE_STATION_HEAD | ROLE_HUB_OPERATOR)
#define TO(state) ADMISSION_STATE_##state

static bool kind_holds(const struct rule_input *input)
{
    return input_number_within(input, FIELD_kind, ADMISSION_ADMIT, ADMISSION_CHANGE);
}

/* What is to be withdrawn or changed must be there, what is to be admitted must not. */
static bool code_named_holds(const struct rule_input *input)
{
    bool is_new = input_number(input, FIELD_kind) == ADMISSION_ADMIT;
    struct span code = input_bytes(input, FIELD_code);
    return code.size != 0 && (catalogue_item_find(input->world->catalogue, code) == NULL) == is_new;
}

/* R90: an item rests on a law and its article; a withdrawal on its reason. */
static bool basis_holds(const struct rule_input *input)
{
    return input_has(input, input_number(input, FIELD_kind) == ADMISSION_WITHDRAW ? FIELD_reason
                                                                                  : FIELD_basis);
}

static bool other_than_reviewer_holds(const struct rule_input *input)
{
    return !input_author_is(input, before_bytes(input, FIELD_handler));
}

static bool decider_other_holds(const struct rule_input *input)
{
    return !input_author_is(input, before_bytes(input, FIELD_decider));
}

static bool edition_named_holds(const struct rule_input *input)
{
    return input_number(input, FIELD_edition) > input->world->catalogue_edition &&
           guard_day_ahead.holds(input);
}

RULE_GUARD(kind, ADMISSION_KIND);
RULE_GUARD(code_named, ADMISSION_ITEM);
RULE_GUARD(basis, NO_BASIS);
RULE_GUARD(other_than_reviewer, FIVE_HANDS);
RULE_GUARD(decider_other, FIVE_HANDS);
RULE_GUARD(edition_named, NO_EDITION);

static void admission_decide(struct rule_input *input)
{
    after_set_staff(input, FIELD_assessor);
}

static void admission_publish(struct rule_input *input)
{
    after_store(input, FIELD_edition);
    after_store(input, FIELD_agreed_day);
}

static const struct rule_row admission_rows[] = {
#include "rules/admission.def"
};

static const struct rule_name admission_states[] = {
    {ADMISSION_STATE_PROPOSED, "proposed", "已提出"},
    {ADMISSION_STATE_REVIEWED, "reviewed", "站长初审"},
    {ADMISSION_STATE_FORWARDED, "forwarded", "居（村）委会上报"},
    {ADMISSION_STATE_AGREED, "agreed", "中心同意"},
    {ADMISSION_STATE_DECIDED, "decided", "上级批准"},
    {ADMISSION_STATE_IN_FORCE, "in_force", "生效"},
    {ADMISSION_STATE_TURNED_DOWN, "turned_down", "不同意"},
    {0, NULL, NULL},
};

static const struct rule_name admission_verbs[] = {
    {ADMISSION_PROPOSED, "proposed", "提出"},         {ADMISSION_REVIEWED, "reviewed", "初审"},
    {ADMISSION_FORWARDED, "forwarded", "上报"},       {ADMISSION_AGREED, "agreed", "中心同意"},
    {ADMISSION_DECIDED, "decided", "批准"},           {ADMISSION_IN_FORCE, "in_force", "生效"},
    {ADMISSION_TURNED_DOWN, "turned_down", "不同意"}, {0, NULL, NULL},
};

const struct rule_machine machine_admission = {
    .id = MACHINE_ADMISSION,
    .name = "admission",
    .zh = "事项进退",
    .states = admission_states,
    .verbs = admission_verbs,
    .rows = admission_rows,
    .row_count = sizeof admission_rows / sizeof *admission_rows,
    .final_states = IN(IN_FORCE) | IN(TURNED_DOWN),
    .payload_field = PAYLOAD_ADMISSION,
};
