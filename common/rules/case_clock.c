#include "rules/machine_case.h"

/* The clocks of a case (6.2): the date promised to the applicant, the hub's own, and the days by
 * which a case is handed up and a result told. */

static struct deadline_rules clock_rules(const struct rule_input *input)
{
    return deadline_rules_of_policy(input->world->policy);
}

static int32_t day_number(uint64_t number)
{
    return number > CIVIL_DAY_MAX ? CIVIL_DAY_MAX : (int32_t)number;
}

static uint32_t day_count(uint64_t number)
{
    return number > DEADLINE_COUNT_MAX ? DEADLINE_COUNT_MAX : (uint32_t)number;
}

struct deadline_clock case_clock(const struct record *record)
{
    enum deadline_unit unit = record_number(record, FIELD_limit_unit) == DEADLINE_CALENDAR_DAY
                                  ? DEADLINE_CALENDAR_DAY
                                  : DEADLINE_WORKING_DAY;
    return (struct deadline_clock){
        .limit = {day_count(record_number(record, FIELD_limit_count)), unit},
        .base_day = day_number(record_number(record, FIELD_clock_base_day)),
        .extended = day_count(record_number(record, FIELD_extended_days)),
        .paused = day_count(record_number(record, FIELD_suspended_days)),
    };
}

enum deadline_extension case_extension(const struct rule_world *world, const struct record *record,
                                       uint64_t days, int32_t asked_day)
{
    struct deadline_rules rules = deadline_rules_of_policy(world->policy);
    struct deadline_clock clock = case_clock(record);
    struct deadline_extension_ask ask = {
        .granted_count = day_count(record_number(record, FIELD_extension_count)),
        .days = days > DEADLINE_COUNT_MAX ? DEADLINE_COUNT_MAX : (uint32_t)days,
        .asked_day = asked_day};
    return deadline_extension_check(world->calendar, &rules, &clock, &ask);
}

/* --- which limit --- */

/* All stages together; a later stage in another unit cannot be added and is left out. */
static struct deadline_limit limit_promised(const struct rule_world *world,
                                            const struct catalogue_item *item)
{
    struct deadline_limit fallback = policy_limit(world->policy, POLICY_ITEM_LIMIT);
    struct deadline_limit limit = catalogue_item_limit(item, 0, fallback);
    for (uint32_t stage = 1; stage < item->stage_count; stage++) {
        struct deadline_limit next = item->stage[stage].limit;
        limit.count += next.unit == limit.unit ? next.count : 0;
    }
    return limit;
}

struct deadline_limit case_limit(const struct rule_world *world, const struct catalogue_item *item,
                                 bool proxy, int32_t base_day)
{
    struct deadline_limit promised = limit_promised(world, item);
    enum policy_choice choice = policy_choice(world->policy, POLICY_PROXY_LIMIT);
    if (!proxy || item->statutory.count == 0 || choice == POLICY_CHOICE_SUPERIOR) {
        return promised;
    }
    struct deadline_rules rules = deadline_rules_of_policy(world->policy);
    struct deadline_clock ours = deadline_clock_start(promised, base_day);
    struct deadline_clock law = deadline_clock_start(item->statutory, base_day);
    bool law_is_later = deadline_due(world->calendar, &rules, &law).day >
                        deadline_due(world->calendar, &rules, &ours).day;
    return choice == POLICY_CHOICE_SHORTER && law_is_later ? promised : item->statutory;
}

static void clock_store(struct rule_input *input, const struct deadline_clock *clock)
{
    after_set_number(input, FIELD_limit_count, clock->limit.count);
    after_set_number(input, FIELD_limit_unit, clock->limit.unit);
    after_set_day(input, FIELD_clock_base_day, clock->base_day);
    after_set_number(input, FIELD_extended_days, clock->extended);
    after_set_number(input, FIELD_suspended_days, clock->paused);
}

static struct deadline_due clock_due(const struct rule_input *input)
{
    struct deadline_rules rules = clock_rules(input);
    struct deadline_clock clock = case_clock(input->after);
    return deadline_due(input->world->calendar, &rules, &clock);
}

static void clock_print(struct rule_input *input, struct deadline_due due)
{
    after_set_day(input, FIELD_due_day, due.day);
    after_set_number(input, FIELD_due_provisional, due.provisional ? 1 : 0);
}

/* A due day that has passed and is now moved later: whoever reads the new day must still be able
 * to see the old one. */
static void clock_keep_lapsed(struct rule_input *input, int32_t day)
{
    struct values *facts = &input->after->facts;
    int32_t printed = day_number(record_number(input->after, FIELD_due_day));
    if (printed != 0 && day > printed && input_day(input) > printed) {
        values_set_number(facts, FIELD_lapsed_due_day, values_places(facts, FIELD_lapsed_due_day),
                          (uint64_t)printed);
    }
}

static void clock_new_notice(struct rule_input *input)
{
    after_add(input, FIELD_notice_count, 1);
    input->form = 1;
}

static int32_t clock_day_after(const struct rule_input *input, struct deadline_limit limit)
{
    struct deadline_rules rules = clock_rules(input);
    struct deadline_clock clock = deadline_clock_start(limit, input_day(input));
    return deadline_due(input->world->calendar, &rules, &clock).day;
}

static void clock_report_up(struct rule_input *input)
{
    uint32_t here = input->event->tier == TIER_STATION ? CATALOGUE_STATION : CATALOGUE_TOWNSHIP;
    struct deadline_limit limit = policy_limit(input->world->policy, POLICY_REPORT_UP_LIMIT);
    if (input->item != NULL && (input->item->decides & here) == 0) {
        limit = input->item->forward.count != 0 ? input->item->forward : limit;
        after_set_day(input, FIELD_report_up_due_day, clock_day_after(input, limit));
        after_set_number(input, FIELD_handed_up_ms, 0);
    }
}

/* --- acceptance --- */

void case_clock_receive(struct rule_input *input)
{
    bool brings = values_places(input->event->facts, FIELD_materials_code) != 0 ||
                  values_places(input->event->facts, FIELD_papers_code) != 0;
    if (input_has(input, FIELD_received_ms)) {
        after_store(input, FIELD_received_ms);
    } else if (brings || record_number(input->after, FIELD_received_ms) == 0) {
        after_set_number(input, FIELD_received_ms, input->event->legal_ms);
    }
}

/* Day 0 is the day complete papers were there, not the day somebody got round to accepting. */
void case_clock_start(struct rule_input *input)
{
    const struct rule_world *world = input->world;
    int32_t base = civil_day_of_ms(record_number(input->after, FIELD_received_ms));
    bool proxy = record_number(input->after, FIELD_proxy) != 0;
    int32_t agreed = day_number(input_number(input, FIELD_agreed_day));
    struct deadline_limit limit = {0, DEADLINE_WORKING_DAY};
    if (input->item != NULL) {
        limit = case_limit(world, input->item, proxy, base);
    }
    bool by_agreement = limit.count == 0 && agreed > base;
    if (by_agreement) {
        int32_t days = calendar_working_days_between(world->calendar, base, agreed, NULL);
        limit = (struct deadline_limit){days > 0 ? (uint32_t)days : 0, DEADLINE_WORKING_DAY};
    }
    struct deadline_clock clock = deadline_clock_start(limit, base);
    clock_store(input, &clock);
    struct deadline_due due = clock_due(input);
    if (by_agreement || (agreed != 0 && agreed < due.day)) {
        due = (struct deadline_due){agreed, false};
    }
    after_store(input, FIELD_agreed_day);
    clock_print(input, due);
    clock_new_notice(input);
    clock_report_up(input);
}

/* It could not be finished in the same visit: from now on it has the agreed date [S2:210]. */
void case_clock_agree(struct rule_input *input)
{
    int32_t agreed = day_number(input_number(input, FIELD_agreed_day));
    int32_t base = day_number(record_number(input->after, FIELD_clock_base_day));
    if (agreed == 0 || input->item == NULL || input->item->kind != CATALOGUE_IMMEDIATE) {
        return;
    }
    int32_t days = calendar_working_days_between(input->world->calendar, base, agreed, NULL);
    struct deadline_limit limit = {days > 0 ? (uint32_t)days : 0, DEADLINE_WORKING_DAY};
    struct deadline_clock clock = deadline_clock_start(limit, base);
    clock_store(input, &clock);
    after_store(input, FIELD_agreed_day);
    clock_keep_lapsed(input, agreed);
    clock_print(input, (struct deadline_due){agreed, false});
    clock_new_notice(input);
}

/* --- supplement: the limit runs anew from the day after the supplemented papers [S4:494] --- */

void case_clock_supplement(struct rule_input *input)
{
    uint64_t received = input_has(input, FIELD_received_ms) ? input_number(input, FIELD_received_ms)
                                                            : input->event->legal_ms;
    after_set_number(input, FIELD_received_ms, received);
    after_set_number(input, FIELD_supplemented_ms, received);
}

void case_clock_restart(struct rule_input *input)
{
    struct deadline_rules rules = clock_rules(input);
    struct deadline_clock clock = case_clock(input->after);
    int32_t returned = civil_day_of_ms(record_number(input->after, FIELD_returned_ms));
    case_clock_supplement(input);
    int32_t received = civil_day_of_ms(record_number(input->after, FIELD_received_ms));
    deadline_clock_supplement(input->world->calendar, &rules, &clock, returned, received);
    clock_store(input, &clock);
    clock_print(input, clock_due(input));
    clock_new_notice(input);
    clock_report_up(input);
    after_set_number(input, FIELD_returned_by_hub, 0);
    after_set_number(input, FIELD_hub_base_day, 0);
    after_set_number(input, FIELD_hub_due_day, 0);
    after_set_number(input, FIELD_district_base_day, 0);
}

/* --- own clocks above --- */

/* The hub's share of the limit (P21), counted from receipt at the hub (6.2 rule 4). */
void case_clock_hub(struct rule_input *input)
{
    enum { HUB = 1, TIERS = 3, WHOLE = 100 }; /* of share_percent: station, hub, district */
    const struct catalogue_item *item = input->item;
    struct deadline_limit limit = case_clock(input->after).limit;
    uint32_t share = policy_get_count(input->world->policy, POLICY_SHARE_TOWNSHIP);
    bool own = false;
    for (size_t i = 0; item != NULL && i < TIERS; i++) {
        own = own || item->share_percent[i] != 0;
    }
    share = own ? item->share_percent[HUB] : share;
    limit.count = (uint32_t)(((uint64_t)limit.count * share + WHOLE - 1) / WHOLE);
    after_set_number(input, FIELD_received_hub_ms, input->event->legal_ms);
    after_set_day(input, FIELD_hub_base_day, input_day(input));
    after_set_day(input, FIELD_hub_due_day, clock_day_after(input, limit));
}

void case_clock_district(struct rule_input *input)
{
    after_set_day(input, FIELD_district_base_day, input_day(input));
}

/* --- extension, outage, correction --- */

void case_clock_extend(struct rule_input *input)
{
    struct deadline_clock clock = case_clock(input->after);
    deadline_clock_extend(&clock, day_count(input_number(input, FIELD_extension_days)));
    clock_store(input, &clock);
    struct values *facts = &input->after->facts;
    after_add(input, FIELD_extension_count, 1);
    values_set_number(facts, FIELD_extended_ms, values_places(facts, FIELD_extended_ms),
                      input->event->legal_ms);
    clock_keep_lapsed(input, clock_due(input).day);
    clock_print(input, clock_due(input));
}

void case_clock_suspend(struct rule_input *input)
{
    input->after->resume_state = input->after->state;
    after_set_number(input, FIELD_suspended_from_ms, input->event->legal_ms);
    after_set_number(input, FIELD_until_ms, input_number(input, FIELD_until_ms));
}

/* The applicant was told when work resumes, so the new date does not come in silence. */
void case_clock_resume(struct rule_input *input)
{
    struct deadline_rules rules = clock_rules(input);
    struct deadline_clock clock = case_clock(input->after);
    int32_t from = civil_day_of_ms(record_number(input->after, FIELD_suspended_from_ms));
    after_set_number(input, FIELD_suspended_from_ms, 0);
    after_set_number(input, FIELD_until_ms, 0);
    if (record_number(input->after, FIELD_accepted_ms) != 0 &&
        deadline_clock_suspend(input->world->calendar, &rules, &clock, from, input_day(input)) !=
            0) {
        clock_store(input, &clock);
        clock_print(input, clock_due(input));
        clock_new_notice(input);
    }
}

void case_change_item(struct rule_input *input)
{
    const struct catalogue_item *item =
        catalogue_item_find(input->world->catalogue, input_bytes(input, FIELD_item));
    struct deadline_clock clock = case_clock(input->after);
    after_store(input, FIELD_item);
    if (item != NULL && record_number(input->after, FIELD_accepted_ms) != 0) {
        bool proxy = record_number(input->after, FIELD_proxy) != 0;
        clock.limit = case_limit(input->world, item, proxy, clock.base_day);
        clock_store(input, &clock);
    }
}

void case_clock_date(struct rule_input *input)
{
    struct deadline_clock clock = case_clock(input->after);
    after_store(input, FIELD_received_ms);
    if (record_number(input->after, FIELD_accepted_ms) != 0) {
        clock.base_day = civil_day_of_ms(input_number(input, FIELD_received_ms));
        clock_store(input, &clock);
    }
}

/* A due date once printed never moves later in silence: only the applicant's hand on the new
 * notice lets a later day stand. */
void case_clock_reprint(struct rule_input *input)
{
    int32_t printed = day_number(record_number(input->after, FIELD_due_day));
    if (record_number(input->after, FIELD_accepted_ms) == 0 ||
        record_number(input->after, FIELD_finished_ms) != 0) {
        return;
    }
    struct deadline_due due = clock_due(input);
    if (!input_is_attested(input) && deadline_effective(printed, due).day == printed) {
        due.day = printed;
    }
    clock_keep_lapsed(input, due.day);
    clock_print(input, due);
    clock_new_notice(input);
}

void case_clock_tell(struct rule_input *input)
{
    bool at_intake = input->event->tier == TIER_STATION || record_is_hubs_own(input->after);
    if (at_intake) {
        struct deadline_limit limit = policy_limit(input->world->policy, POLICY_RESULT_TELL_LIMIT);
        after_set_day(input, FIELD_tell_due_day, clock_day_after(input, limit));
    }
}

void case_clock_remind(struct rule_input *input)
{
    bool told = input->event->verb == CASE_TOLD;
    struct deadline_limit limit = policy_limit(
        input->world->policy, told ? POLICY_RESULT_REMINDER : POLICY_SUPPLEMENT_REMINDER);
    after_set_day(input, FIELD_follow_up_due_day, clock_day_after(input, limit));
}

void case_clock_reminded(struct rule_input *input)
{
    after_set_number(input, FIELD_follow_up_due_day, 0);
}
