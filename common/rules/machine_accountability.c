#include "rules/office.h"

enum accountability_verb {
    ACCOUNTABILITY_SUSPECTED = 1,
    ACCOUNTABILITY_INVESTIGATED = 2,
    ACCOUNTABILITY_PROPOSED = 3,
    ACCOUNTABILITY_DECIDED = 4,
    ACCOUNTABILITY_SANCTIONED = 5,
    ACCOUNTABILITY_DROPPED = 6
};

enum accountability_state {
    ACCOUNTABILITY_STATE_SUSPECTED = 1,
    ACCOUNTABILITY_STATE_INVESTIGATING = 2,
    ACCOUNTABILITY_STATE_PROPOSED = 3,
    ACCOUNTABILITY_STATE_DECIDED = 4,
    ACCOUNTABILITY_STATE_DROPPED = 5,
    ACCOUNTABILITY_STATE_SANCTIONED = 6
};

enum { TRIGGER_FIRST = 1, TRIGGER_MEDIA = 16, TRIGGER_DAMAGE = 22, TRIGGER_LAST = 25 };
enum { SANCTION_FIRST = 1, SANCTION_LAST = 9 };

#define IN(state) ((uint32_t)1 << ACCOUNTABILITY_STATE_##state)
#define TO(state) ACCOUNTABILITY_STATE_##state
#define WHO_SUSPECTS (WHO_INVESTIGATES | ROLE_DEVICE | ROLE_STATION_HEAD | WHO_HUB | ROLE_APPRAISER)

static bool trigger_holds(const struct rule_input *input)
{
    return input_number_within(input, FIELD_trigger, TRIGGER_FIRST, TRIGGER_LAST);
}

static bool accused_other_holds(const struct rule_input *input)
{
    return input_names_other(input, FIELD_accused);
}

/* Two triggers happen outside the records. */
static bool ground_holds(const struct rule_input *input)
{
    uint64_t trigger = input_number(input, FIELD_trigger);
    return trigger == TRIGGER_MEDIA || trigger == TRIGGER_DAMAGE ||
           input_subject(input, FIELD_subject) != NULL;
}

static bool not_accused_holds(const struct rule_input *input)
{
    return !input_author_is(input, before_bytes(input, FIELD_accused));
}

static bool not_investigator_holds(const struct rule_input *input)
{
    return !input_author_is(input, before_bytes(input, FIELD_handler));
}

static bool sanction_holds(const struct rule_input *input)
{
    return input_number_within(input, FIELD_sanction, SANCTION_FIRST, SANCTION_LAST);
}

RULE_GUARD(trigger, NO_TRIGGER);
RULE_GUARD(accused_other, NO_ACCUSED);
RULE_GUARD(ground, NO_GROUND);
RULE_GUARD(not_accused, ACCUSED_HANDLES);
RULE_GUARD(not_investigator, INVESTIGATOR_DECIDES);
RULE_GUARD(sanction, NO_SANCTION);

static void accountability_add_evidence(struct rule_input *input)
{
    after_store(input, FIELD_evidence);
}

static void accountability_leader(struct rule_input *input)
{
    after_store(input, FIELD_leader);
}

static void accountability_sanction(struct rule_input *input)
{
    after_store(input, FIELD_sanction);
}

static const struct rule_row accountability_rows[] = {
#include "rules/accountability.def"
};

static const struct rule_name accountability_states[] = {
    {ACCOUNTABILITY_STATE_SUSPECTED, "suspected", "线索"},
    {ACCOUNTABILITY_STATE_INVESTIGATING, "investigating", "调查"},
    {ACCOUNTABILITY_STATE_PROPOSED, "proposed", "已提处理意见"},
    {ACCOUNTABILITY_STATE_DECIDED, "decided", "已认定"},
    {ACCOUNTABILITY_STATE_DROPPED, "dropped", "不予追究"},
    {ACCOUNTABILITY_STATE_SANCTIONED, "sanctioned", "已处理"},
    {0, NULL, NULL},
};

static const struct rule_name accountability_verbs[] = {
    {ACCOUNTABILITY_SUSPECTED, "suspected", "列线索"},
    {ACCOUNTABILITY_INVESTIGATED, "investigated", "调查"},
    {ACCOUNTABILITY_PROPOSED, "proposed", "提处理意见"},
    {ACCOUNTABILITY_DECIDED, "decided", "决定"},
    {ACCOUNTABILITY_SANCTIONED, "sanctioned", "处理"},
    {ACCOUNTABILITY_DROPPED, "dropped", "不予追究"},
    {0, NULL, NULL},
};

const struct rule_machine machine_accountability = {
    .id = MACHINE_ACCOUNTABILITY,
    .name = "accountability",
    .zh = "责任追究",
    .states = accountability_states,
    .verbs = accountability_verbs,
    .rows = accountability_rows,
    .row_count = sizeof accountability_rows / sizeof *accountability_rows,
    .final_states = IN(DROPPED) | IN(SANCTIONED),
    .payload_field = PAYLOAD_ACCOUNTABILITY,
    .readers = RULE_READERS_DISCIPLINE,
};
