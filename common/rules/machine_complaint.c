#include "rules/office.h"

enum complaint_verb {
    COMPLAINT_RECEIVED = 1,
    COMPLAINT_RATED_BAD = 2,
    COMPLAINT_OUT_OF_SCOPE = 3,
    COMPLAINT_OPINION_ONLY = 4,
    COMPLAINT_REGISTERED = 5,
    COMPLAINT_SOLVED_ON_SPOT = 6,
    COMPLAINT_TAKEN_UP = 7,
    COMPLAINT_EVIDENCE_TAKEN = 8,
    COMPLAINT_TRANSFERRED = 9,
    COMPLAINT_DEPARTMENT_ANSWERED = 10,
    COMPLAINT_EXTENDED = 11,
    COMPLAINT_DECIDED = 12,
    COMPLAINT_REPLIED = 13,
    COMPLAINT_DISPUTED = 14,
    COMPLAINT_RECTIFIED = 15,
    COMPLAINT_FOLLOWED_UP = 16,
    COMPLAINT_FILED = 17,
    COMPLAINT_MALICIOUS = 18,
    COMPLAINT_RAISED = 19,
    COMPLAINT_ASSIGNED = 20
};

#define IN(state) ((uint32_t)1 << COMPLAINT_STATE_##state)
#define TO(state) COMPLAINT_STATE_##state
#define UNARCHIVED                                                                                 \
    (IN(RECEIVED) | IN(REGISTERED) | IN(INVESTIGATING) | IN(TRANSFERRED) | IN(DECIDED) |           \
     IN(REPLIED) | IN(RE_VERIFY) | IN(FOLLOWED_UP))
#define WHO_RESOLVES (WHO_INVESTIGATES | ROLE_STATION_HEAD)

enum { SCOPE_ATTITUDE = 1, SCOPE_INTEGRITY = 6 }; /* [S4:523]; 吃拿卡要 [S0:9] */
enum { RATING_BAD = 4, RATING_WORST = 5 };
enum { EVIDENCE_ALL = 15 }; /* complainant, window, system records, witnesses */
enum { MALICE_EDUCATED = 1, MALICE_POLICE = 2 };
enum { OPINION_SATISFIED = 1, OPINION_NOT = 2 };

/* --- taking it in --- */

static bool channel_holds(const struct rule_input *input)
{
    return input_number_within(input, FIELD_channel, CONTACT_CHANNEL_FIRST, OFFICE_CHANNEL_BOX);
}

/* Who complains is known, or wants not to be and the policy takes that (X26). */
static bool signed_or_anonymous_holds(const struct rule_input *input)
{
    if (input_number(input, FIELD_anonymous) != 0) {
        return policy_is(input->world->policy, POLICY_COMPLAINT_ANONYMOUS);
    }
    return input_has_sealed(input, SEALED_LABEL_IDENTITY);
}

static bool major_written_holds(const struct rule_input *input)
{
    return input_number(input, FIELD_major) == 0 ||
           input_number(input, FIELD_mode) == CASE_MODE_WRITTEN;
}

static bool group_reported_holds(const struct rule_input *input)
{
    uint64_t told = OFFICE_INFORMED_HEAD | OFFICE_INFORMED_LEADER;
    return input_number(input, FIELD_visitors) == 0 ||
           (input_number(input, FIELD_informed) & told) != 0;
}

/* A letter is opened the day it comes; later only with the reason. */
static bool letter_opened_holds(const struct rule_input *input)
{
    uint64_t came_ms = input_number(input, FIELD_received_ms);
    struct deadline_rules rules = deadline_rules_of_policy(input->world->policy);
    struct deadline_clock clock = deadline_clock_start(
        policy_limit(input->world->policy, POLICY_COMPLAINT_LETTER_OPEN), civil_day_of_ms(came_ms));
    if (came_ms == 0 || input_has(input, FIELD_reason)) {
        return true;
    }
    return input_day(input) <= deadline_due(input->world->calendar, &rules, &clock).day;
}

static bool case_of_complaint_holds(const struct rule_input *input)
{
    return !input_has(input, FIELD_case_record) || guard_case_known.holds(input);
}

static bool rating_bad_holds(const struct rule_input *input)
{
    return input_number_within(input, FIELD_rating, RATING_BAD, RATING_WORST);
}

/* --- who may handle it --- */

/* X11: the station receives and forwards; its head decides only where the policy says so. */
static bool head_may_holds(const struct rule_input *input)
{
    return input_acts_as(input, WHO_INVESTIGATES) ||
           policy_is(input->world->policy, POLICY_COMPLAINT_HEAD_DECIDES);
}

/* The accused neither handles nor ends it; the case's handler of a bad rating is the accused. */
static bool not_accused_holds(const struct rule_input *input)
{
    return !input_author_is(input, before_bytes(input, FIELD_accused)) &&
           !input_author_is(input, input_bytes(input, FIELD_accused));
}

static bool new_handler_clean_holds(const struct rule_input *input)
{
    return !input_repeats(input, FIELD_handler) &&
           !span_equal(input_bytes(input, FIELD_handler), before_bytes(input, FIELD_accused));
}

static bool other_than_handler_holds(const struct rule_input *input)
{
    return !input_author_is(input, before_bytes(input, FIELD_handler));
}

/* --- registering and investigating --- */

static bool scope_holds(const struct rule_input *input)
{
    return input_number_within(input, FIELD_scope, SCOPE_ATTITUDE, SCOPE_INTEGRITY);
}

/* Neither the head nor the desk settles or decides what touches integrity. */
static bool integrity_holds(const struct rule_input *input)
{
    return before_number(input, FIELD_scope) != SCOPE_INTEGRITY ||
           input_acts_as(input, WHO_DISCIPLINE);
}

static bool accused_named_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_accused) || input_has(input, FIELD_post) ||
           before_bytes(input, FIELD_accused).size != 0 ||
           before_bytes(input, FIELD_post).size != 0;
}

static bool evidence_kind_holds(const struct rule_input *input)
{
    return input_number_within(input, FIELD_evidence, 1, EVIDENCE_ALL);
}

static bool evidence_there_holds(const struct rule_input *input)
{
    return before_number(input, FIELD_evidence) != 0;
}

/* 属实: what is done about it and by when; within the limit of the policy. */
static bool measure_holds(const struct rule_input *input)
{
    if (input_number(input, FIELD_decision) != OFFICE_DECISION_YES) {
        return true;
    }
    struct deadline_rules rules = deadline_rules_of_policy(input->world->policy);
    struct deadline_clock clock = deadline_clock_start(
        policy_limit(input->world->policy, POLICY_COMPLAINT_FIX_LIMIT), input_day(input));
    int32_t last = deadline_due(input->world->calendar, &rules, &clock).day;
    return input_has(input, FIELD_result) &&
           input_number_within(input, FIELD_agreed_day, (uint64_t)input_day(input), (uint64_t)last);
}

/* --- extension (P07) --- */

static struct deadline_clock complaint_clock(const struct rule_input *input)
{
    uint64_t count = before_number(input, FIELD_limit_count);
    bool working = before_number(input, FIELD_limit_unit) == DEADLINE_WORKING_DAY;
    struct deadline_limit limit = {count > DEADLINE_COUNT_MAX ? DEADLINE_COUNT_MAX
                                                              : (uint32_t)count,
                                   working ? DEADLINE_WORKING_DAY : DEADLINE_CALENDAR_DAY};
    uint64_t base = before_number(input, FIELD_clock_base_day);
    struct deadline_clock clock =
        deadline_clock_start(limit, base > CIVIL_DAY_MAX ? CIVIL_DAY_MAX : (int32_t)base);
    uint64_t extended = before_number(input, FIELD_extended_days);
    clock.extended = extended > DEADLINE_COUNT_MAX ? DEADLINE_COUNT_MAX : (uint32_t)extended;
    return clock;
}

static struct deadline_rules complaint_rules(const struct rule_input *input)
{
    const struct policy *policy = input->world->policy;
    struct deadline_rules rules = deadline_rules_of_policy(policy);
    rules.extension_count_max = policy_get_count(policy, POLICY_COMPLAINT_EXTENSIONS);
    rules.extension_percent_max = policy_get_count(policy, POLICY_COMPLAINT_EXTENSION_MAX);
    return rules;
}

static uint32_t complaint_days(const struct rule_input *input)
{
    uint64_t days = input_number(input, FIELD_extension_days);
    return days > DEADLINE_COUNT_MAX ? DEADLINE_COUNT_MAX : (uint32_t)days;
}

static enum deadline_extension complaint_extension(const struct rule_input *input)
{
    uint64_t granted = before_number(input, FIELD_extension_count);
    struct deadline_rules rules = complaint_rules(input);
    struct deadline_clock clock = complaint_clock(input);
    struct deadline_extension_ask ask = {granted > UINT32_MAX ? UINT32_MAX : (uint32_t)granted,
                                         complaint_days(input), input_day(input)};
    return deadline_extension_check(input->world->calendar, &rules, &clock, &ask);
}

static bool extension_count_holds(const struct rule_input *input)
{
    return complaint_extension(input) != DEADLINE_EXTENSION_TOO_MANY;
}

static bool extension_length_holds(const struct rule_input *input)
{
    enum deadline_extension extension = complaint_extension(input);
    return extension != DEADLINE_EXTENSION_EMPTY && extension != DEADLINE_EXTENSION_TOO_LONG;
}

static bool extension_in_time_holds(const struct rule_input *input)
{
    return complaint_extension(input) != DEADLINE_EXTENSION_TOO_LATE;
}

/* --- answering and filing --- */

/* A written complaint is answered in writing [S4:561]. */
static bool reply_form_holds(const struct rule_input *input)
{
    return before_number(input, FIELD_mode) != CASE_MODE_WRITTEN ||
           input_number(input, FIELD_mode) == CASE_MODE_WRITTEN;
}

static bool was_founded_holds(const struct rule_input *input)
{
    return before_number(input, FIELD_decision) == OFFICE_DECISION_YES;
}

static bool opinion_heard_holds(const struct rule_input *input)
{
    return input_number_within(input, FIELD_opinion, OPINION_SATISFIED, OPINION_NOT);
}

static bool was_rectified_holds(const struct rule_input *input)
{
    return !was_founded_holds(input) || before_number(input, FIELD_fixed_ms) != 0;
}

/* What was verified again is followed up before it is filed. */
static bool was_followed_up_holds(const struct rule_input *input)
{
    return before_number(input, FIELD_reopened_count) == 0 ||
           record_is_in(input->before, IN(FOLLOWED_UP));
}

static bool malice_kind_holds(const struct rule_input *input)
{
    return input_number_within(input, FIELD_kind, MALICE_EDUCATED, MALICE_POLICE);
}

RULE_GUARD(channel, COMPLAINT_CHANNEL);
RULE_GUARD(signed_or_anonymous, COMPLAINT_ANONYMOUS_CLOSED);
RULE_GUARD(major_written, COMPLAINT_MAJOR_WRITTEN);
RULE_GUARD(group_reported, GROUP_NOT_REPORTED);
RULE_GUARD(letter_opened, LETTER_LATE);
RULE_GUARD(case_of_complaint, CASE_UNKNOWN);
RULE_GUARD(rating_bad, RATING_NOT_BAD);
RULE_GUARD(head_may, COMPLAINT_FORWARD_ONLY);
RULE_GUARD(not_accused, ACCUSED_HANDLES);
RULE_GUARD(new_handler_clean, ACCUSED_HANDLES);
RULE_GUARD(other_than_handler, SAME_PERSON);
RULE_GUARD(scope, COMPLAINT_SCOPE);
RULE_GUARD(integrity, INTEGRITY_DISCIPLINE);
RULE_GUARD(accused_named, NO_ACCUSED);
RULE_GUARD(evidence_kind, EVIDENCE_KIND);
RULE_GUARD(evidence_there, NO_EVIDENCE);
RULE_GUARD(measure, NO_MEASURE);
RULE_GUARD(extension_count, COMPLAINT_EXTENSIONS_USED);
RULE_GUARD(extension_length, EXTENSION_TOO_LONG);
RULE_GUARD(extension_in_time, EXTENSION_TOO_LATE);
RULE_GUARD(reply_form, REPLY_NOT_WRITTEN);
RULE_GUARD(was_founded, NOT_FOUNDED);
RULE_GUARD(opinion_heard, NO_OPINION);
RULE_GUARD(was_rectified, NOT_RECTIFIED);
RULE_GUARD(was_followed_up, NOT_FOLLOWED_UP);
RULE_GUARD(malice_kind, MALICE_KIND);

/* --- effects --- */

static void complaint_by_rating(struct rule_input *input)
{
    const struct record *rated = input_find(input, FIELD_case_record, 0, MACHINE_CASE);
    effect_open(input);
    after_set_number(input, FIELD_channel, OFFICE_CHANNEL_EVALUATOR);
    if (rated != NULL && record_bytes(rated, FIELD_handler).size != 0) {
        values_set_bytes(&input->after->facts, FIELD_accused, 0,
                         record_bytes(rated, FIELD_handler));
    }
}

static void complaint_register(struct rule_input *input)
{
    static const enum field found[] = {FIELD_scope, FIELD_accused, FIELD_post};
    for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
        after_store(input, found[i]);
    }
    after_start_limit(input, policy_limit(input->world->policy, POLICY_COMPLAINT_REPLY_LIMIT));
}

static void complaint_add_evidence(struct rule_input *input)
{
    after_set_number(input, FIELD_evidence,
                     before_number(input, FIELD_evidence) | input_number(input, FIELD_evidence));
}

static void complaint_transfer(struct rule_input *input)
{
    after_store(input, FIELD_department);
    after_store(input, FIELD_agreed_day);
    after_set_number(input, FIELD_submitted_ms, input->event->legal_ms);
}

static void complaint_extend(struct rule_input *input)
{
    struct deadline_rules rules = complaint_rules(input);
    struct deadline_clock clock = complaint_clock(input);
    deadline_clock_extend(&clock, complaint_days(input));
    struct deadline_due due = deadline_due(input->world->calendar, &rules, &clock);
    after_add(input, FIELD_extension_count, 1);
    after_set_number(input, FIELD_extended_days, clock.extended);
    after_set_day(input, FIELD_due_day, due.day);
    after_set_number(input, FIELD_due_provisional, due.provisional ? 1 : 0);
}

static void complaint_decide(struct rule_input *input)
{
    effect_decide(input);
    after_set_number(input, FIELD_agreed_day, input_number(input, FIELD_agreed_day));
    after_set_number(input, FIELD_fixed_ms, 0);
}

static int32_t complaint_next_visit(const struct rule_input *input)
{
    return civil_add_months(input_day(input),
                            policy_get_count(input->world->policy, POLICY_COMPLAINT_FOLLOW_UP));
}

static void complaint_reply(struct rule_input *input)
{
    after_set_number(input, FIELD_told_ms, input->event->legal_ms);
    after_set_number(input, FIELD_reply_mode, input_number(input, FIELD_mode));
    after_set_day(input, FIELD_follow_up_due_day, complaint_next_visit(input));
}

static void complaint_reopen(struct rule_input *input)
{
    after_add(input, FIELD_reopened_count, 1);
    after_set_number(input, FIELD_finished_ms, 0);
    after_start_limit(input, policy_limit(input->world->policy, POLICY_COMPLAINT_REPLY_LIMIT));
}

static void complaint_fix(struct rule_input *input)
{
    after_set_number(input, FIELD_fixed_ms, input->event->legal_ms);
}

static void complaint_follow_up(struct rule_input *input)
{
    after_store(input, FIELD_opinion);
    after_set_day(input, FIELD_follow_up_due_day, complaint_next_visit(input));
}

static void complaint_note_malice(struct rule_input *input)
{
    after_store(input, FIELD_kind);
    effect_note(input);
}

static const struct rule_row complaint_rows[] = {
#include "rules/complaint.def"
};

static const struct rule_name complaint_states[] = {
    {COMPLAINT_STATE_RECEIVED, "received", "已收到"},
    {COMPLAINT_STATE_REGISTERED, "registered", "已登记"},
    {COMPLAINT_STATE_INVESTIGATING, "investigating", "调查核实"},
    {COMPLAINT_STATE_TRANSFERRED, "transferred", "转办"},
    {COMPLAINT_STATE_DECIDED, "decided", "已认定"},
    {COMPLAINT_STATE_REPLIED, "replied", "已答复"},
    {COMPLAINT_STATE_RE_VERIFY, "re_verify", "重新核实"},
    {COMPLAINT_STATE_FOLLOWED_UP, "followed_up", "已回访"},
    {COMPLAINT_STATE_ARCHIVED, "archived", "归档"},
    {COMPLAINT_STATE_OUT_OF_SCOPE, "out_of_scope", "不属受理范围"},
    {COMPLAINT_STATE_SUGGESTION, "suggestion", "转为意见建议"},
    {0, NULL, NULL},
};

static const struct rule_name complaint_verbs[] = {
    {COMPLAINT_RECEIVED, "received", "收到"},
    {COMPLAINT_RATED_BAD, "rated_bad", "差评"},
    {COMPLAINT_OUT_OF_SCOPE, "out_of_scope", "不属受理范围"},
    {COMPLAINT_OPINION_ONLY, "opinion_only", "转为意见建议"},
    {COMPLAINT_REGISTERED, "registered", "登记受理"},
    {COMPLAINT_SOLVED_ON_SPOT, "solved_on_spot", "当场解决"},
    {COMPLAINT_TAKEN_UP, "taken_up", "开始调查"},
    {COMPLAINT_EVIDENCE_TAKEN, "evidence_taken", "取证"},
    {COMPLAINT_TRANSFERRED, "transferred", "转办"},
    {COMPLAINT_DEPARTMENT_ANSWERED, "department_answered", "部门答复"},
    {COMPLAINT_EXTENDED, "extended", "延期"},
    {COMPLAINT_DECIDED, "decided", "认定"},
    {COMPLAINT_REPLIED, "replied", "答复"},
    {COMPLAINT_DISPUTED, "disputed", "不满意"},
    {COMPLAINT_RECTIFIED, "rectified", "整改完成"},
    {COMPLAINT_FOLLOWED_UP, "followed_up", "回访"},
    {COMPLAINT_FILED, "filed", "立卷归档"},
    {COMPLAINT_MALICIOUS, "malicious", "恶意投诉"},
    {COMPLAINT_RAISED, "raised", "报上级纪检"},
    {COMPLAINT_ASSIGNED, "assigned", "改派"},
    {0, NULL, NULL},
};

const struct rule_machine machine_complaint = {
    .id = MACHINE_COMPLAINT,
    .name = "complaint",
    .zh = "投诉",
    .states = complaint_states,
    .verbs = complaint_verbs,
    .rows = complaint_rows,
    .row_count = sizeof complaint_rows / sizeof *complaint_rows,
    .final_states = IN(ARCHIVED) | IN(SUGGESTION),
    .payload_field = PAYLOAD_COMPLAINT,
    .follows = IN(RECEIVED) | IN(REGISTERED) | IN(INVESTIGATING) | IN(TRANSFERRED) | IN(DECIDED) |
               IN(REPLIED) | IN(RE_VERIFY) | IN(FOLLOWED_UP),
    .shut = true,
    .readers = RULE_READERS_DISCIPLINE,
};
