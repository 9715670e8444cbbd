#include "rules/office.h"

enum report_verb {
    REPORT_DRAWN_UP = 1,
    REPORT_CORRECTED = 2,
    REPORT_SIGNED = 3,
    REPORT_SUBMITTED = 4,
    REPORT_RECEIVED = 5,
    REPORT_RETURNED = 6,
    REPORT_POSTED = 7
};

enum report_state {
    REPORT_STATE_DRAWN_UP = 1,
    REPORT_STATE_SIGNED = 2,
    REPORT_STATE_SUBMITTED = 3,
    REPORT_STATE_RECEIVED = 4,
    REPORT_STATE_POSTED = 5
};

enum report_kind {
    REPORT_DAY = 1,
    REPORT_WEEK = 2,
    REPORT_MONTH = 3,
    REPORT_QUARTER = 4,
    REPORT_YEAR = 5,
    REPORT_ATTENDANCE = 6, /* of a week */
    REPORT_ARCHIVE = 7     /* 归档目录: what a year put into the archive (R69) */
};

#define IN(state) ((uint32_t)1 << REPORT_STATE_##state)
#define TO(state) REPORT_STATE_##state
#define WHO_REPORTS (WHO_WINDOW | ROLE_AGENT | ROLE_DEVICE | ROLE_HUB_LEADER)
#define WHO_SIGNS (ROLE_STATION_HEAD | ROLE_LINE_LEADER | ROLE_HUB_LEADER)

static bool report_period(uint64_t kind, enum policy_period *ret_period)
{
    static const enum policy_period periods[] = {
        [REPORT_DAY] = POLICY_PERIOD_DAY,      [REPORT_WEEK] = POLICY_PERIOD_WEEK,
        [REPORT_MONTH] = POLICY_PERIOD_MONTH,  [REPORT_QUARTER] = POLICY_PERIOD_QUARTER,
        [REPORT_YEAR] = POLICY_PERIOD_YEAR,    [REPORT_ATTENDANCE] = POLICY_PERIOD_WEEK,
        [REPORT_ARCHIVE] = POLICY_PERIOD_YEAR,
    };
    if (kind < REPORT_DAY || kind > REPORT_ARCHIVE) {
        return false;
    }
    *ret_period = periods[kind];
    return true;
}

/* Begins on the first day of its period and ends on the last. */
static bool kind_and_period_holds(const struct rule_input *input)
{
    enum policy_period period = POLICY_PERIOD_DAY;
    uint64_t from = input_number(input, FIELD_from_day);
    uint64_t until = input_number(input, FIELD_until_day);
    if (!report_period(input_number(input, FIELD_kind), &period) || from == 0 || until < from ||
        until >= CIVIL_DAY_MAX) {
        return false;
    }
    int32_t first = (int32_t)from;
    return period_next_day(period, first - 1) == first &&
           period_next_day(period, first) == (int32_t)until + 1;
}

/* A day is summed up when the window closes; longer periods when they are over. */
static bool period_over_holds(const struct rule_input *input)
{
    uint64_t until = input_number(input, FIELD_until_day);
    uint64_t today = (uint64_t)input_day(input);
    return until < today || (until == today && input_number(input, FIELD_kind) == REPORT_DAY);
}

/* Overdue are those that became so in the period, whenever they were accepted: they may be more. */
static bool totals_holds(const struct rule_input *input)
{
    return input_number(input, FIELD_total_proxy) <= input_number(input, FIELD_total_accepted);
}

static bool same_period_holds(const struct rule_input *input)
{
    return input_number(input, FIELD_kind) == before_number(input, FIELD_kind) &&
           input_number(input, FIELD_from_day) == before_number(input, FIELD_from_day) &&
           input_number(input, FIELD_until_day) == before_number(input, FIELD_until_day);
}

static bool posting_day_holds(const struct rule_input *input)
{
    return before_number(input, FIELD_kind) == REPORT_ATTENDANCE &&
           (uint32_t)civil_weekday_of_day(input_day(input)) ==
               policy_get_count(input->world->policy, POLICY_ATTENDANCE_PUBLISH_DAY);
}

RULE_GUARD(kind_and_period, REPORT_KIND);
RULE_GUARD(period_over, REPORT_UNFINISHED);
/* X29: the township unless the policy names the district. */
static bool recipient_holds(const struct rule_input *input)
{
    bool hub = policy_choice(input->world->policy, POLICY_REPORT_RECIPIENT) == POLICY_CHOICE_HUB;
    return input_acts_as(input, hub ? WHO_HUB : (uint64_t)ROLE_DISTRICT);
}

/* N11: the day's own summary comes at closing time, or as long before it as the policy allows. */
static bool closing_time_holds(const struct rule_input *input)
{
    const struct policy *policy = input->world->policy;
    int64_t earliest =
        policy_get(policy, POLICY_HOURS_CLOSING) - policy_get(policy, POLICY_FILING_BEFORE_CLOSING);
    return input_number(input, FIELD_until_day) != (uint64_t)input_day(input) ||
           civil_minute_of_ms(input->event->legal_ms) >= earliest;
}

RULE_GUARD(recipient, REPORT_RECIPIENT);
RULE_GUARD(closing_time, BEFORE_CLOSING);
RULE_GUARD(totals, REPORT_TOTALS);
RULE_GUARD(same_period, REPORT_KIND);
RULE_GUARD(posting_day, POSTING_DAY);

/* Due so many days after its last day (P12). */
static void report_open(struct rule_input *input)
{
    struct deadline_rules rules = deadline_rules_of_policy(input->world->policy);
    uint64_t until = input_number(input, FIELD_until_day);
    struct deadline_clock clock =
        deadline_clock_start(policy_limit(input->world->policy, POLICY_REPORT_LIMIT),
                             until > CIVIL_DAY_MAX ? CIVIL_DAY_MAX : (int32_t)until);
    effect_open(input);
    if (input_number(input, FIELD_kind) != REPORT_DAY) {
        after_set_day(input, FIELD_due_day,
                      deadline_due(input->world->calendar, &rules, &clock).day);
    }
}

static void report_correct(struct rule_input *input)
{
    static const enum field totals[] = {
        FIELD_total_accepted,   FIELD_total_finished, FIELD_total_overdue, FIELD_total_extended,
        FIELD_total_complaints, FIELD_total_rated,    FIELD_total_proxy,   FIELD_total_archived,
        FIELD_total_contacts,   FIELD_total_dossiers,
    };
    for (size_t i = 0; i < sizeof totals / sizeof *totals; i++) {
        after_set_number(input, totals[i], input_number(input, totals[i]));
    }
    after_store(input, FIELD_hash);
    after_store(input, FIELD_reason);
    after_add(input, FIELD_corrected_count, 1);
}

static void report_post(struct rule_input *input)
{
    uint32_t length = policy_get_count(input->world->policy, POLICY_ATTENDANCE_PUBLISH_LENGTH);
    after_set_number(input, FIELD_told_ms, input->event->legal_ms);
    after_set_day(input, FIELD_agreed_day, input_day(input) + (int32_t)length);
}

static const struct rule_row report_rows[] = {
#include "rules/report.def"
};

static const struct rule_name report_states[] = {
    {REPORT_STATE_DRAWN_UP, "drawn_up", "已汇总"},   {REPORT_STATE_SIGNED, "signed", "已签发"},
    {REPORT_STATE_SUBMITTED, "submitted", "已上报"}, {REPORT_STATE_RECEIVED, "received", "已收"},
    {REPORT_STATE_POSTED, "posted", "已公示"},       {0, NULL, NULL},
};

static const struct rule_name report_verbs[] = {
    {REPORT_DRAWN_UP, "drawn_up", "汇总"}, {REPORT_CORRECTED, "corrected", "更正"},
    {REPORT_SIGNED, "signed", "签发"},     {REPORT_SUBMITTED, "submitted", "上报"},
    {REPORT_RECEIVED, "received", "收到"}, {REPORT_RETURNED, "returned", "退回"},
    {REPORT_POSTED, "posted", "公示"},     {0, NULL, NULL},
};

const struct rule_machine machine_report = {
    .id = MACHINE_REPORT,
    .name = "report",
    .zh = "汇总报表",
    .states = report_states,
    .verbs = report_verbs,
    .rows = report_rows,
    .row_count = sizeof report_rows / sizeof *report_rows,
    .final_states = IN(RECEIVED) | IN(POSTED),
    .payload_field = PAYLOAD_REPORT,
};
