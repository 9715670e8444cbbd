#include "rules/checklist.h"
#include "rules/office.h"

enum inspection_verb {
    INSPECTION_PLANNED = 1,
    INSPECTION_DONE = 2,
    INSPECTION_RECTIFIED = 3,
    INSPECTION_RECHECKED = 4,
    INSPECTION_REPORTED = 5
};

enum inspection_state {
    INSPECTION_STATE_PLANNED = 1,
    INSPECTION_STATE_CLEAN = 2,
    INSPECTION_STATE_FINDINGS = 3,
    INSPECTION_STATE_RECTIFIED = 4,
    INSPECTION_STATE_REPORTED = 5
};

/* 6: what an outside body found when it supervised (R87). */
enum inspection_kind { INSPECTION_FULL = 1, INSPECTION_OUTSIDE = 6 };
enum { ANSWER_YES = 1, ANSWER_NO = 2, ANSWER_LAST = 3 };
enum { INSPECTOR_GROUPS = 3 }; /* committee, integrity supervisor, window heads [S3:79] */

#define IN(state) ((uint32_t)1 << INSPECTION_STATE_##state)
#define TO(state) INSPECTION_STATE_##state
#define WHO_INSPECTS                                                                               \
    (ROLE_STATION_HEAD | ROLE_WINDOW_HEAD | ROLE_COMMITTEE | ROLE_INTEGRITY | ROLE_DISCIPLINE |    \
     ROLE_GROUP_LEADER | WHO_HUB)

/* A plan may be followed by an inspection that says it all again. */
static bool kind_holds(const struct rule_input *input)
{
    bool same = input->before == NULL ||
                before_number(input, FIELD_kind) == input_number(input, FIELD_kind);
    return same && input_has(input, FIELD_post) &&
           input_number_within(input, FIELD_kind, INSPECTION_FULL, INSPECTION_OUTSIDE);
}

static bool people_are_distinct(const struct values *facts)
{
    uint16_t count = values_places(facts, FIELD_people);
    for (uint16_t i = 0; i < count; i++) {
        for (uint16_t k = 0; k < i; k++) {
            if (span_equal(values_bytes(facts, FIELD_people, i),
                           values_bytes(facts, FIELD_people, k))) {
                return false;
            }
        }
    }
    return true;
}

static bool three_groups_holds(const struct rule_input *input)
{
    return input_number(input, FIELD_kind) != INSPECTION_FULL ||
           (values_places(input->event->facts, FIELD_people) >= INSPECTOR_GROUPS &&
            people_are_distinct(input->event->facts));
}

static bool own_window_holds(const struct rule_input *input)
{
    struct span window_head = input_bytes(input, FIELD_handler);
    return window_head.size == LIMIT_ID_SIZE && !input_author_is(input, window_head) &&
           !input_people_list(input, window_head);
}

static bool not_own_holds(const struct rule_input *input)
{
    return !input_author_is(input, before_bytes(input, FIELD_handler));
}

static bool supervisor_holds(const struct rule_input *input)
{
    return input_number(input, FIELD_kind) != INSPECTION_OUTSIDE ||
           guard_department_given.holds(input);
}

static bool line_is_repeated(const struct values *facts, uint16_t place)
{
    for (uint16_t i = 0; i < place; i++) {
        if (values_number(facts, FIELD_lines_heading, i) ==
                values_number(facts, FIELD_lines_heading, place) &&
            values_number(facts, FIELD_lines_question, i) ==
                values_number(facts, FIELD_lines_question, place)) {
            return true;
        }
    }
    return false;
}

static const struct checklist_question *line_question(const struct rule_input *input,
                                                      uint16_t place)
{
    const struct values *facts = input->event->facts;
    return checklist_question(policy_checklist(input->world->policy),
                              values_number(facts, FIELD_lines_heading, place),
                              values_number(facts, FIELD_lines_question, place));
}

static bool line_is_good(const struct rule_input *input, uint16_t place)
{
    const struct values *facts = input->event->facts;
    uint64_t answer = values_number(facts, FIELD_lines_answer, place);
    bool reason = values_bytes(facts, FIELD_lines_reason, place).size != 0;
    return checklist_heading(policy_checklist(input->world->policy),
                             values_number(facts, FIELD_lines_heading, place)) != NULL &&
           answer >= ANSWER_YES && answer <= ANSWER_LAST && !line_is_repeated(facts, place) &&
           (answer != ANSWER_NO || reason);
}

static bool heading_is_answered(const struct values *facts, uint32_t heading)
{
    uint16_t count = values_places(facts, FIELD_lines_heading);
    for (uint16_t i = 0; i < count; i++) {
        if (values_number(facts, FIELD_lines_heading, i) == heading) {
            return true;
        }
    }
    return false;
}

/* Each question once; a full inspection answers every heading that the checklist marks so. */
static bool checklist_holds(const struct rule_input *input)
{
    const struct values *facts = input->event->facts;
    const struct checklist *checklist = policy_checklist(input->world->policy);
    uint16_t count = values_places(facts, FIELD_lines_heading);
    for (uint16_t i = 0; i < count; i++) {
        if (!line_is_good(input, i)) {
            return false;
        }
    }
    bool full = input_number(input, FIELD_kind) == INSPECTION_FULL;
    for (uint32_t number = 1; full && number <= CHECKLIST_HEADINGS; number++) {
        const struct checklist_heading *heading = checklist_heading(checklist, number);
        if (heading != NULL && heading->full && !heading_is_answered(facts, number)) {
            return false;
        }
    }
    return count != 0;
}

/* A no says to which question. */
static bool questions_known_holds(const struct rule_input *input)
{
    const struct values *facts = input->event->facts;
    uint16_t count = values_places(facts, FIELD_lines_heading);
    for (uint16_t i = 0; i < count; i++) {
        bool named = values_number(facts, FIELD_lines_question, i) != 0 ||
                     values_number(facts, FIELD_lines_answer, i) == ANSWER_NO;
        if (named && line_question(input, i) == NULL) {
            return false;
        }
    }
    return true;
}

/* Where a number is read off, it decides: yes inside the limit, no outside (N69). */
static bool measures_agree_holds(const struct rule_input *input)
{
    const struct values *facts = input->event->facts;
    uint16_t count = values_places(facts, FIELD_lines_heading);
    for (uint16_t i = 0; i < count; i++) {
        const struct checklist_question *question = line_question(input, i);
        uint64_t answer = values_number(facts, FIELD_lines_answer, i);
        uint64_t measure = values_number(facts, FIELD_lines_measure, i);
        if (question == NULL || question->bound == CHECKLIST_FREE || answer == ANSWER_LAST) {
            continue;
        }
        if (measure == 0 || checklist_measure_is_good(input->world->policy, question, measure) !=
                                (answer == ANSWER_YES)) {
            return false;
        }
    }
    return true;
}

static bool conclusion_holds(const struct rule_input *input)
{
    const struct values *facts = input->event->facts;
    uint16_t count = values_places(facts, FIELD_lines_answer);
    bool found = false;
    for (uint16_t i = 0; i < count; i++) {
        found = found || values_number(facts, FIELD_lines_answer, i) == ANSWER_NO;
    }
    if (input_number(input, FIELD_decision) == OFFICE_DECISION_YES) {
        return !found;
    }
    return found && guard_day_ahead.holds(input);
}

/* 周清: what is found is put right before the next clearing but one. */
static bool cleared_holds(const struct rule_input *input)
{
    enum policy_period clear = policy_period(input->world->policy, POLICY_TASK_CLEAR);
    int32_t last = period_next_day(clear, period_next_day(clear, input_day(input)));
    return input_number(input, FIELD_decision) != OFFICE_DECISION_NO ||
           input_number(input, FIELD_agreed_day) < (uint64_t)last;
}

static bool measure_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_result);
}

RULE_GUARD(kind, INSPECTION_KIND);
RULE_GUARD(three_groups, INSPECTORS_FEW);
RULE_GUARD(own_window, OWN_WINDOW);
RULE_GUARD(not_own, OWN_WINDOW);
RULE_GUARD(checklist, CHECKLIST_INCOMPLETE);
RULE_GUARD(questions_known, QUESTION_UNKNOWN);
RULE_GUARD(measures_agree, MEASURE_DISAGREES);
RULE_GUARD(supervisor, NO_DEPARTMENT);
RULE_GUARD(conclusion, FINDINGS_DISAGREE);
RULE_GUARD(cleared, NOT_CLEARED);
RULE_GUARD(measure, NO_RESULT);

/* Those who came, not those who were planned. */
static void inspection_keep(struct rule_input *input)
{
    uint16_t planned = values_places(&input->after->facts, FIELD_people);
    for (uint16_t i = 0; i < planned; i++) {
        values_set_bytes(&input->after->facts, FIELD_people, i, (struct span){NULL, 0});
    }
    effect_open(input);
    after_set_number(input, FIELD_due_day, input_number(input, FIELD_agreed_day));
    after_set_number(input, FIELD_told_ms, input->event->legal_ms);
}

static void inspection_fix(struct rule_input *input)
{
    after_set_number(input, FIELD_fixed_ms, input->event->legal_ms);
}

static void inspection_reopen(struct rule_input *input)
{
    after_set_number(input, FIELD_fixed_ms, 0);
    after_add(input, FIELD_reopened_count, 1);
    after_set_number(input, FIELD_due_day, input_number(input, FIELD_agreed_day));
}

static const struct rule_row inspection_rows[] = {
#include "rules/inspection.def"
};

static const struct rule_name inspection_states[] = {
    {INSPECTION_STATE_PLANNED, "planned", "已安排"},
    {INSPECTION_STATE_CLEAN, "clean", "未发现问题"},
    {INSPECTION_STATE_FINDINGS, "findings", "待整改"},
    {INSPECTION_STATE_RECTIFIED, "rectified", "已整改"},
    {INSPECTION_STATE_REPORTED, "reported", "已通报"},
    {0, NULL, NULL},
};

static const struct rule_name inspection_verbs[] = {
    {INSPECTION_PLANNED, "planned", "安排"},     {INSPECTION_DONE, "done", "检查"},
    {INSPECTION_RECTIFIED, "rectified", "整改"}, {INSPECTION_RECHECKED, "rechecked", "复查未过"},
    {INSPECTION_REPORTED, "reported", "通报"},   {0, NULL, NULL},
};

const struct rule_machine machine_inspection = {
    .id = MACHINE_INSPECTION,
    .name = "inspection",
    .zh = "督查",
    .states = inspection_states,
    .verbs = inspection_verbs,
    .rows = inspection_rows,
    .row_count = sizeof inspection_rows / sizeof *inspection_rows,
    .final_states = IN(REPORTED),
    .payload_field = PAYLOAD_INSPECTION,
};
