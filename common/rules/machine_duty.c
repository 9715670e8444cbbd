#include "rules/office.h"

enum duty_verb {
    DUTY_PLANNED = 1,
    DUTY_STARTED = 2,
    DUTY_LOGGED = 3,
    DUTY_HANDED_OVER = 4,
    DUTY_TAKEN_OVER = 5,
    DUTY_ENDED = 6,
    DUTY_CANCELLED = 7,
    DUTY_ROTATED = 8,
    DUTY_POSTS_PLANNED = 9, /* who holds which post until when */
    DUTY_REPLACED = 10
};

enum duty_state {
    DUTY_STATE_PLANNED = 1,
    DUTY_STATE_RUNNING = 2,
    DUTY_STATE_OFFERED = 3, /* to a stand-in who has not taken it yet */
    DUTY_STATE_ENDED = 4,
    DUTY_STATE_CANCELLED = 5
};

enum duty_kind { DUTY_DAILY = 1, DUTY_LEADERS = 2, DUTY_GROUP_LEADERS = 3, DUTY_RECEPTION = 4 };
enum { HALF_MORNING = 1, HALF_AFTERNOON = 2 };

#define IN(state) ((uint32_t)1 << DUTY_STATE_##state)
#define TO(state) DUTY_STATE_##state
#define WHO_PLANS (ROLE_STATION_HEAD | ROLE_COMMITTEE | WHO_HUB)

static bool kind_is(const struct rule_input *input, enum duty_kind kind)
{
    return input_number(input, FIELD_kind) == (uint64_t)kind;
}

static int32_t duty_day(uint64_t day)
{
    return day > CIVIL_DAY_MAX ? CIVIL_DAY_MAX : (int32_t)day;
}

static bool kind_holds(const struct rule_input *input)
{
    return input_number_within(input, FIELD_kind, DUTY_DAILY, DUTY_RECEPTION) &&
           input_has(input, FIELD_from_day);
}

/* On a working day, and on any day where the rota covers the whole week, no day has too few. */
static bool enough_people_holds(const struct rule_input *input)
{
    const struct policy *policy = input->world->policy;
    int32_t day = duty_day(input_number(input, FIELD_from_day));
    bool covered =
        (uint32_t)civil_weekday_of_day(day) <= policy_get_count(policy, POLICY_ROTA_DAYS);
    return !kind_is(input, DUTY_DAILY) || !covered ||
           values_places(input->event->facts, FIELD_people) >=
               policy_get_count(policy, POLICY_ROTA_PER_WORKING_DAY);
}

static bool leader_set_holds(const struct rule_input *input)
{
    struct span leader = input_bytes(input, FIELD_leader);
    return !kind_is(input, DUTY_DAILY) ||
           (leader.size == LIMIT_ID_SIZE && !input_people_list(input, leader));
}

static bool group_leader_day_holds(const struct rule_input *input)
{
    int32_t day = duty_day(input_number(input, FIELD_from_day));
    bool morning =
        policy_choice(input->world->policy, POLICY_GROUP_LEADER_HALF) == POLICY_CHOICE_MORNING;
    return !kind_is(input, DUTY_GROUP_LEADERS) ||
           ((uint32_t)civil_weekday_of_day(day) ==
                policy_get_count(input->world->policy, POLICY_GROUP_LEADER_WEEKDAY) &&
            input_number(input, FIELD_half) == (morning ? HALF_MORNING : HALF_AFTERNOON));
}

static bool leader_long_enough_holds(const struct rule_input *input)
{
    return !kind_is(input, DUTY_LEADERS) ||
           input_number(input, FIELD_half_days) >=
               policy_get_count(input->world->policy, POLICY_LEADER_DUTY_LENGTH);
}

static bool author_is_listed(const struct rule_input *input)
{
    struct span author = span_of(input->event->staff, LIMIT_ID_SIZE);
    return input_author_is(input, author) && record_people_list(input->before, author);
}

static bool on_the_list_holds(const struct rule_input *input)
{
    return author_is_listed(input);
}

static bool duty_day_holds(const struct rule_input *input)
{
    return before_number(input, FIELD_from_day) == (uint64_t)input_day(input);
}

static bool channel_holds(const struct rule_input *input)
{
    return input_number_within(input, FIELD_channel, CONTACT_CHANNEL_FIRST, OFFICE_CHANNEL_FAX);
}

static bool hands_on_holds(const struct rule_input *input)
{
    return record_is_in(input->before, IN(PLANNED)) ? author_is_listed(input)
                                                    : guard_assigned.holds(input);
}

static bool is_named(const struct record *record, struct span staff)
{
    return record_people_list(record, staff) ||
           span_equal(values_bytes(&record->facts, FIELD_leader, 0), staff);
}

static bool leaver_listed_holds(const struct rule_input *input)
{
    struct span leaver = input_bytes(input, FIELD_handler);
    return leaver.size == LIMIT_ID_SIZE && is_named(input->before, leaver);
}

static bool newcomer_holds(const struct rule_input *input)
{
    struct span newcomer = input_bytes(input, FIELD_receiver);
    return newcomer.size == LIMIT_ID_SIZE && !is_named(input->before, newcomer);
}

static bool stand_in_holds(const struct rule_input *input)
{
    return input_names_other(input, FIELD_receiver);
}

/* A daily duty has its leader; the others are their own. */
static bool approved_by_leader_holds(const struct rule_input *input)
{
    return before_bytes(input, FIELD_leader).size == 0 || input_repeats(input, FIELD_leader);
}

static bool is_stand_in_holds(const struct rule_input *input)
{
    return input_author_is(input, before_bytes(input, FIELD_receiver));
}

/* --- who holds which post (R57, R58, R60) --- */

static bool posts_complete_holds(const struct rule_input *input)
{
    const struct values *facts = input->event->facts;
    uint16_t count = values_places(facts, FIELD_posts_code);
    for (uint16_t i = 0; i < count; i++) {
        if (values_bytes(facts, FIELD_posts_code, i).size == 0 ||
            values_bytes(facts, FIELD_posts_staff, i).size != LIMIT_ID_SIZE ||
            values_bytes(facts, FIELD_posts_department, i).size == 0) {
            return false;
        }
    }
    return count != 0 && count == values_places(facts, FIELD_posts_staff) &&
           count == values_places(facts, FIELD_posts_department) && guard_days_ordered.holds(input);
}

static uint32_t posts_of(const struct values *facts, struct span staff)
{
    uint32_t held = 0;
    for (uint16_t i = 0; i < values_places(facts, FIELD_posts_staff); i++) {
        held += span_equal(values_bytes(facts, FIELD_posts_staff, i), staff) ? 1U : 0U;
    }
    return held;
}

/* One person, two posts or more (N30); fewer only with the reason. */
static bool posts_enough_holds(const struct rule_input *input)
{
    const struct values *facts = input->event->facts;
    uint32_t least = policy_get_count(input->world->policy, POLICY_POSTS_PER_WORKER);
    for (uint16_t i = 0; i < values_places(facts, FIELD_posts_staff); i++) {
        if (posts_of(facts, values_bytes(facts, FIELD_posts_staff, i)) < least) {
            return input_has(input, FIELD_reason);
        }
    }
    return true;
}

/* One agent a station (N29): as many people as the policy says hold the post of that name. */
static bool agents_holds(const struct rule_input *input)
{
    const struct values *facts = input->event->facts;
    uint32_t agents = 0;
    for (uint16_t i = 0; i < values_places(facts, FIELD_posts_code); i++) {
        agents +=
            span_equal(values_bytes(facts, FIELD_posts_code, i), span_text("AGENT")) ? 1U : 0U;
    }
    return agents <= policy_get_count(input->world->policy, POLICY_PROXY_AGENT_COUNT);
}

static int32_t rotation_day(const struct rule_input *input, uint64_t from_day)
{
    return period_next_day(policy_period(input->world->policy, POLICY_ROTATION_PERIOD),
                           duty_day(from_day));
}

static bool rotation_holds(const struct rule_input *input)
{
    uint64_t next = (uint64_t)rotation_day(input, input_number(input, FIELD_from_day));
    return input_number(input, FIELD_until_day) < next;
}

static bool is_post_plan_holds(const struct rule_input *input)
{
    return before_bytes(input, FIELD_posts_code).size != 0;
}

RULE_GUARD(posts_complete, POSTS_INCOMPLETE);
RULE_GUARD(posts_enough, POSTS_FEW);
RULE_GUARD(agents, AGENTS_MANY);
RULE_GUARD(rotation, POSTS_LONG);
RULE_GUARD(is_post_plan, NOT_POST_PLAN);
RULE_GUARD(kind, DUTY_KIND);
RULE_GUARD(enough_people, ROTA_GAP);
RULE_GUARD(leader_set, NO_DUTY_LEADER);
RULE_GUARD(group_leader_day, GROUP_LEADER_DAY);
RULE_GUARD(leader_long_enough, LEADER_DUTY_SHORT);
RULE_GUARD(on_the_list, NOT_ON_DUTY);
RULE_GUARD(duty_day, DUTY_DAY);
RULE_GUARD(channel, NO_CHANNEL);
RULE_GUARD(hands_on, NOT_ON_DUTY);
RULE_GUARD(stand_in, NO_STAND_IN);
RULE_GUARD(leaver_listed, NOT_ON_DUTY);
RULE_GUARD(newcomer, NO_STAND_IN);
RULE_GUARD(approved_by_leader, DUTY_UNAPPROVED);
RULE_GUARD(is_stand_in, NOT_STAND_IN);

/* The next rotation is due when its period begins. */
static void duty_plan_posts(struct rule_input *input)
{
    after_set_day(input, FIELD_due_day, rotation_day(input, input_number(input, FIELD_from_day)));
}

static void duty_rotate(struct rule_input *input)
{
    after_store(input, FIELD_letters);
    effect_finish(input);
}

/* Who takes a duty over answers for his own part of it, from now on. */
static void duty_begin(struct rule_input *input)
{
    effect_take(input);
    after_set_number(input, FIELD_started_ms, input->event->legal_ms);
}

/* N26: what a leader did, and by how much his duty was shorter than it ought to be. */
static void duty_serve(struct rule_input *input)
{
    enum { MS_A_MINUTE = 60 * 1000 };
    const struct policy *policy = input->world->policy;
    uint64_t wanted_ms = (uint64_t)policy_get_count(policy, POLICY_LEADER_DUTY_LENGTH) *
                         policy_get_count(policy, POLICY_LEADER_DUTY_HALF_DAY) * MS_A_MINUTE;
    uint64_t served_ms = input->event->legal_ms - before_number(input, FIELD_started_ms);
    if (before_number(input, FIELD_kind) != DUTY_LEADERS) {
        return;
    }
    after_store(input, FIELD_solved);
    after_store(input, FIELD_complaints);
    after_store(input, FIELD_suggestions);
    if (served_ms < wanted_ms) {
        after_set_number(input, FIELD_short_ms, wanted_ms - served_ms);
    }
}

static void duty_log(struct rule_input *input)
{
    after_store(input, FIELD_channel);
    after_set_number(input, FIELD_told_ms, input->event->legal_ms);
}

static void duty_offer(struct rule_input *input)
{
    after_store(input, FIELD_receiver);
    after_store(input, FIELD_letters);
}

/* Who left stands on no shift to come. */
static void duty_replace(struct rule_input *input)
{
    struct span leaver = input_bytes(input, FIELD_handler);
    struct span newcomer = input_bytes(input, FIELD_receiver);
    uint16_t count = values_places(&input->before->facts, FIELD_people);
    for (uint16_t i = 0; i < count; i++) {
        if (span_equal(values_bytes(&input->before->facts, FIELD_people, i), leaver)) {
            values_set_bytes(&input->after->facts, FIELD_people, i, newcomer);
        }
    }
    if (span_equal(before_bytes(input, FIELD_leader), leaver)) {
        values_set_bytes(&input->after->facts, FIELD_leader, 0, newcomer);
    }
}

static const struct rule_row duty_rows[] = {
#include "rules/duty.def"
};

static const struct rule_name duty_states[] = {
    {DUTY_STATE_PLANNED, "planned", "已排班"},   {DUTY_STATE_RUNNING, "running", "值班中"},
    {DUTY_STATE_OFFERED, "offered", "待代班"},   {DUTY_STATE_ENDED, "ended", "值班结束"},
    {DUTY_STATE_CANCELLED, "cancelled", "取消"}, {0, NULL, NULL},
};

static const struct rule_name duty_verbs[] = {
    {DUTY_PLANNED, "planned", "排班"},
    {DUTY_STARTED, "started", "到岗"},
    {DUTY_LOGGED, "logged", "值班记录"},
    {DUTY_HANDED_OVER, "handed_over", "请人代班"},
    {DUTY_TAKEN_OVER, "taken_over", "接班"},
    {DUTY_ENDED, "ended", "交班"},
    {DUTY_CANCELLED, "cancelled", "取消排班"},
    {DUTY_ROTATED, "rotated", "轮岗"},
    {DUTY_POSTS_PLANNED, "posts_planned", "岗位安排"},
    {DUTY_REPLACED, "replaced", "换人"},
    {0, NULL, NULL},
};

const struct rule_machine machine_duty = {
    .id = MACHINE_DUTY,
    .name = "duty",
    .zh = "值班",
    .states = duty_states,
    .verbs = duty_verbs,
    .rows = duty_rows,
    .row_count = sizeof duty_rows / sizeof *duty_rows,
    .final_states = IN(ENDED) | IN(CANCELLED),
    .payload_field = PAYLOAD_DUTY,
};
