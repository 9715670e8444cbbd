#include "rules/checklist.h"
#include "rules/office.h"

enum appraisal_verb {
    APPRAISAL_OPENED = 1,
    APPRAISAL_DEDUCTED = 2,
    APPRAISAL_SCORED = 3,
    APPRAISAL_CLOSED = 4,
    APPRAISAL_PUBLISHED = 5,
    APPRAISAL_REWARDED = 6
};

enum appraisal_state {
    APPRAISAL_STATE_OPENED = 1,
    APPRAISAL_STATE_CLOSED = 2,
    APPRAISAL_STATE_PUBLISHED = 3,
    APPRAISAL_STATE_REWARDED = 4
};

enum appraisal_kind { APPRAISAL_STATION = 1, APPRAISAL_PERSON = 2, APPRAISAL_LIFE = 3 };
enum { OCCASION_FIRST = 1, OCCASION_LAST = 2 };
enum { DEDUCTION_FIRST = 1, DEDUCTION_LAST = 5 };
enum { SIDE_COMMUNITY = 1, SIDE_EMPLOYER = 2 };
enum { PERCENT = 100 };
enum appraisal_grade { GRADE_EXCELLENT = 1, GRADE_QUALIFIED = 2, GRADE_UNQUALIFIED = 3 };

#define IN(state) ((uint32_t)1 << APPRAISAL_STATE_##state)
#define TO(state) APPRAISAL_STATE_##state
#define COMPLAINT_IN(state) ((uint32_t)1 << COMPLAINT_STATE_##state)
#define WHO_APPRAISES (WHO_HUB | ROLE_APPRAISER | ROLE_STATION_HEAD)
#define WHO_SCORES (WHO_APPRAISES | ROLE_COMMITTEE)

static bool kind_is(const struct rule_input *input, enum appraisal_kind kind)
{
    return before_number(input, FIELD_kind) == (uint64_t)kind;
}

static bool kind_holds(const struct rule_input *input)
{
    uint64_t kind = input_number(input, FIELD_kind);
    bool about = kind == APPRAISAL_STATION
                     ? input_bytes(input, FIELD_station).size == LIMIT_KEY_SIZE
                     : input_names_other(input, FIELD_staff);
    return kind >= APPRAISAL_STATION && kind <= APPRAISAL_LIFE && about &&
           input_number_within(input, FIELD_occasion, OCCASION_FIRST, OCCASION_LAST);
}

/* In between: within one period (P18); at the year's end: one whole (N48), where there is one. */
static bool occasion_holds(const struct rule_input *input)
{
    const struct policy *policy = input->world->policy;
    bool between = input_number(input, FIELD_occasion) == OCCASION_FIRST;
    enum policy_period period =
        policy_period(policy, between ? POLICY_APPRAISAL_PERIOD : POLICY_TASK_APPRAISE);
    uint64_t from = input_number(input, FIELD_from_day);
    uint64_t until = input_number(input, FIELD_until_day);
    if (from > CIVIL_DAY_MAX || (!between && !policy_is(policy, POLICY_APPRAISAL_YEAR_END))) {
        return false;
    }
    uint64_t next = (uint64_t)period_next_day(period, (int32_t)from);
    return between
               ? until < next
               : until + 1 == next && period_next_day(period, (int32_t)from - 1) == (int32_t)from;
}

/* The township appraises its stations; the head only his own people, day by day. */
static bool by_township_holds(const struct rule_input *input)
{
    return input_number(input, FIELD_kind) != APPRAISAL_STATION || input->event->tier == TIER_HUB;
}

static bool not_about_self_holds(const struct rule_input *input)
{
    return !input_author_is(input, before_bytes(input, FIELD_staff));
}

static bool deduction_holds(const struct rule_input *input)
{
    return !kind_is(input, APPRAISAL_LIFE) &&
           input_number_within(input, FIELD_deduction, DEDUCTION_FIRST, DEDUCTION_LAST);
}

/* An inspection shows what it answered with no: the deduction is that of such a question. */
static bool inspection_shows(const struct rule_input *input, const struct record *inspection)
{
    const struct checklist *checklist = policy_checklist(input->world->policy);
    uint16_t count = values_places(&inspection->facts, FIELD_lines_heading);
    for (uint16_t i = 0; i < count; i++) {
        const struct checklist_question *question =
            checklist_question(checklist, values_number(&inspection->facts, FIELD_lines_heading, i),
                               values_number(&inspection->facts, FIELD_lines_question, i));
        if (question != NULL && question->deduction == input_number(input, FIELD_deduction) &&
            values_number(&inspection->facts, FIELD_lines_answer, i) == OFFICE_DECISION_NO) {
            return true;
        }
    }
    return false;
}

/* X31: merely being complained of deducts nothing. */
static bool proven_holds(const struct rule_input *input)
{
    static const uint32_t decided = COMPLAINT_IN(DECIDED) | COMPLAINT_IN(REPLIED) |
                                    COMPLAINT_IN(FOLLOWED_UP) | COMPLAINT_IN(ARCHIVED);
    const struct record *subject = input_subject(input, FIELD_subject);
    if (subject == NULL ||
        (subject->machine == MACHINE_INSPECTION && !inspection_shows(input, subject))) {
        return false;
    }
    return subject->machine != MACHINE_COMPLAINT ||
           !policy_is(input->world->policy, POLICY_SCORE_NEEDS_DECISION) ||
           (record_is_in(subject, decided) &&
            record_number(subject, FIELD_decision) == OFFICE_DECISION_YES);
}

static enum field side_field(uint64_t side)
{
    return side == SIDE_COMMUNITY ? FIELD_community_score : FIELD_employer_score;
}

static bool side_holds(const struct rule_input *input)
{
    uint64_t side = input_number(input, FIELD_side);
    return kind_is(input, APPRAISAL_LIFE) && side >= SIDE_COMMUNITY && side <= SIDE_EMPLOYER &&
           before_number(input, side_field(side)) == 0 &&
           !input_author_is(input, before_bytes(input, FIELD_assessor)) &&
           input_number(input, FIELD_points) <=
               policy_get_count(input->world->policy, POLICY_SCORE_BASE);
}

static bool scores_there_holds(const struct rule_input *input)
{
    return !kind_is(input, APPRAISAL_LIFE) || (before_number(input, FIELD_community_score) != 0 &&
                                               before_number(input, FIELD_employer_score) != 0);
}

static bool consequence_holds(const struct rule_input *input)
{
    return before_number(input, FIELD_grade) != GRADE_QUALIFIED && input_has(input, FIELD_result);
}

RULE_GUARD(kind, APPRAISAL_KIND);
RULE_GUARD(occasion, APPRAISAL_PERIOD);
RULE_GUARD(by_township, STATION_APPRAISES);
RULE_GUARD(not_about_self, APPRAISAL_KIND);
RULE_GUARD(deduction, DEDUCTION_KIND);
RULE_GUARD(proven, DEDUCTION_UNPROVEN);
RULE_GUARD(side, SCORE_SIDE);
RULE_GUARD(scores_there, SCORES_MISSING);
RULE_GUARD(consequence, REWARD_GRADE);

static void appraisal_open(struct rule_input *input)
{
    effect_open(input);
    after_set_number(input, FIELD_points,
                     policy_get_count(input->world->policy, POLICY_SCORE_BASE));
}

/* N50-N54; never below nothing. */
static void appraisal_deduct(struct rule_input *input)
{
    static const enum policy_id points[] = {
        [DEDUCTION_FIRST] = POLICY_SCORE_POST,
        POLICY_SCORE_AB,
        POLICY_SCORE_DELAY,
        POLICY_SCORE_APPEARANCE,
        POLICY_SCORE_TASK,
    };
    uint64_t which = input_number(input, FIELD_deduction);
    if (which < DEDUCTION_FIRST || which > DEDUCTION_LAST) {
        return;
    }
    uint64_t left = before_number(input, FIELD_points);
    uint64_t less = policy_get_count(input->world->policy, points[which]);
    less = less > left ? left : less;
    after_set_number(input, FIELD_points, left - less);
    after_add(input, FIELD_deducted, less);
}

static void appraisal_score(struct rule_input *input)
{
    after_set_number(input, side_field(input_number(input, FIELD_side)),
                     input_number(input, FIELD_points) + 1);
    after_set_staff(input, FIELD_assessor);
}

static uint64_t appraisal_weighted(const struct rule_input *input)
{
    const struct policy *policy = input->world->policy;
    uint64_t community = before_number(input, FIELD_community_score);
    uint64_t employer = before_number(input, FIELD_employer_score);
    return ((community > 0 ? community - 1 : 0) * policy_get_count(policy, POLICY_LIFE_COMMUNITY) +
            (employer > 0 ? employer - 1 : 0) * policy_get_count(policy, POLICY_LIFE_EMPLOYER)) /
           PERCENT;
}

static void appraisal_close(struct rule_input *input)
{
    const struct policy *policy = input->world->policy;
    uint64_t points = kind_is(input, APPRAISAL_LIFE) ? appraisal_weighted(input)
                                                     : before_number(input, FIELD_points);
    enum appraisal_grade grade = GRADE_UNQUALIFIED;
    if (points >= policy_get_count(policy, POLICY_SCORE_EXCELLENT)) {
        grade = GRADE_EXCELLENT;
    } else if (points >= policy_get_count(policy, POLICY_SCORE_PASS)) {
        grade = GRADE_QUALIFIED;
    }
    after_set_number(input, FIELD_points, points);
    after_set_number(input, FIELD_grade, grade);
}

static void appraisal_tell(struct rule_input *input)
{
    after_set_number(input, FIELD_told_ms, input->event->legal_ms);
}

static const struct rule_row appraisal_rows[] = {
#include "rules/appraisal.def"
};

static const struct rule_name appraisal_states[] = {
    {APPRAISAL_STATE_OPENED, "opened", "考核中"},
    {APPRAISAL_STATE_CLOSED, "closed", "已评定"},
    {APPRAISAL_STATE_PUBLISHED, "published", "已公布"},
    {APPRAISAL_STATE_REWARDED, "rewarded", "已奖惩"},
    {0, NULL, NULL},
};

static const struct rule_name appraisal_verbs[] = {
    {APPRAISAL_OPENED, "opened", "开始考核"},
    {APPRAISAL_DEDUCTED, "deducted", "扣分"},
    {APPRAISAL_SCORED, "scored", "评分"},
    {APPRAISAL_CLOSED, "closed", "评定"},
    {APPRAISAL_PUBLISHED, "published", "公布"},
    {APPRAISAL_REWARDED, "rewarded", "奖惩"},
    {0, NULL, NULL},
};

const struct rule_machine machine_appraisal = {
    .id = MACHINE_APPRAISAL,
    .name = "appraisal",
    .zh = "考核",
    .states = appraisal_states,
    .verbs = appraisal_verbs,
    .rows = appraisal_rows,
    .row_count = sizeof appraisal_rows / sizeof *appraisal_rows,
    .final_states = IN(REWARDED),
    .payload_field = PAYLOAD_APPRAISAL,
};
