#include "rules/office.h"

#include <string.h>

enum accountability_verb {
    ACCOUNTABILITY_SUSPECTED = 1,
    ACCOUNTABILITY_INVESTIGATED = 2,
    ACCOUNTABILITY_PROPOSED = 3,
    ACCOUNTABILITY_DECIDED = 4,
    ACCOUNTABILITY_SANCTIONED = 5,
    ACCOUNTABILITY_DROPPED = 6,
    ACCOUNTABILITY_TOLD = 7 /* to the station: a record of its own beside the closed one */
};

enum accountability_state {
    ACCOUNTABILITY_STATE_SUSPECTED = 1,
    ACCOUNTABILITY_STATE_INVESTIGATING = 2,
    ACCOUNTABILITY_STATE_PROPOSED = 3,
    ACCOUNTABILITY_STATE_DECIDED = 4,
    ACCOUNTABILITY_STATE_DROPPED = 5,
    ACCOUNTABILITY_STATE_SANCTIONED = 6,
    ACCOUNTABILITY_STATE_TOLD = 7
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

/* What a station is told is what was decided. */
static bool outcome_holds(const struct rule_input *input)
{
    const struct record *decided = input_subject(input, FIELD_case_record);
    if (decided == NULL || decided->machine != MACHINE_ACCOUNTABILITY ||
        record_number(decided, FIELD_trigger) != input_number(input, FIELD_trigger)) {
        return false;
    }
    return record_is_in(decided, input_number(input, FIELD_decision) == OFFICE_DECISION_YES
                                     ? IN(DECIDED) | IN(SANCTIONED)
                                     : IN(DROPPED)) &&
           input_number_within(input, FIELD_decision, OFFICE_DECISION_YES, OFFICE_DECISION_NO);
}

/* It is told of its own record, unless that one is closed itself, and of no person. */
static bool bare_holds(const struct rule_input *input)
{
    static const enum field withheld[] = {FIELD_accused,  FIELD_leader,   FIELD_corrected,
                                          FIELD_evidence, FIELD_sanction, FIELD_reason};
    struct span station = input_bytes(input, FIELD_station);
    const struct record *decided = input_subject(input, FIELD_case_record);
    uint8_t id[LIMIT_ID_SIZE] = {0};
    bool about = decided != NULL && record_bytes(decided, FIELD_subject).size == sizeof id;
    bool bare = station.size == LIMIT_KEY_SIZE && input->event->sealed_labels == 0;
    for (size_t i = 0; i < sizeof withheld / sizeof *withheld; i++) {
        bare = bare && !input_has(input, withheld[i]);
    }
    if (!bare || !about) {
        return bare && !input_has(input, FIELD_subject);
    }
    memcpy(id, record_bytes(decided, FIELD_subject).data, sizeof id);
    const struct record *subject = input->world->find(input->world->context, id);
    if (subject == NULL || rule_machine(subject->machine)->readers == RULE_READERS_DISCIPLINE) {
        return !input_has(input, FIELD_subject);
    }
    return span_equal(input_bytes(input, FIELD_subject), span_of(id, sizeof id)) &&
           span_equal(station, span_of(subject->station, LIMIT_KEY_SIZE));
}

RULE_GUARD(trigger, NO_TRIGGER);
RULE_GUARD(accused_other, NO_ACCUSED);
RULE_GUARD(ground, NO_GROUND);
RULE_GUARD(not_accused, ACCUSED_HANDLES);
RULE_GUARD(not_investigator, INVESTIGATOR_DECIDES);
RULE_GUARD(sanction, NO_SANCTION);
RULE_GUARD(outcome, OUTCOME_DIFFERS);
RULE_GUARD(bare, OUTCOME_REVEALS);

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
    {ACCOUNTABILITY_STATE_TOLD, "told", "已告知站点"},
    {0, NULL, NULL},
};

static const struct rule_name accountability_verbs[] = {
    {ACCOUNTABILITY_SUSPECTED, "suspected", "列线索"},
    {ACCOUNTABILITY_INVESTIGATED, "investigated", "调查"},
    {ACCOUNTABILITY_PROPOSED, "proposed", "提处理意见"},
    {ACCOUNTABILITY_DECIDED, "decided", "决定"},
    {ACCOUNTABILITY_SANCTIONED, "sanctioned", "处理"},
    {ACCOUNTABILITY_DROPPED, "dropped", "不予追究"},
    {ACCOUNTABILITY_TOLD, "told", "告知站点"},
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
    .final_states = IN(DROPPED) | IN(SANCTIONED) | IN(TOLD),
    .payload_field = PAYLOAD_ACCOUNTABILITY,
    .readers = RULE_READERS_DISCIPLINE,
};
