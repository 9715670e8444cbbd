#include "rules/office.h"

enum custody_verb {
    CUSTODY_REGISTERED = 1,
    CUSTODY_USED = 2,
    CUSTODY_LENT = 3,
    CUSTODY_GIVEN_BACK = 4,
    CUSTODY_PASSED_ON = 5,
    CUSTODY_DESTROYED = 6
};

enum custody_state { CUSTODY_STATE_KEPT = 1, CUSTODY_STATE_LENT = 2, CUSTODY_STATE_DESTROYED = 3 };

enum custody_kind { CUSTODY_SEAL = 1, CUSTODY_ARCHIVE = 2 };

#define IN(state) ((uint32_t)1 << CUSTODY_STATE_##state)
#define TO(state) CUSTODY_STATE_##state
#define WHO_ENTRUSTS (ROLE_STATION_HEAD | ROLE_COMMITTEE | WHO_HUB)

static bool kind_holds(const struct rule_input *input)
{
    return input_number_within(input, FIELD_kind, CUSTODY_SEAL, CUSTODY_ARCHIVE);
}

static bool asset_named_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_asset);
}

/* Who wants it used or borrows it asks the custodian: they are two. */
static bool for_other_holds(const struct rule_input *input)
{
    return input_names_other(input, FIELD_receiver);
}

static bool is_archive_holds(const struct rule_input *input)
{
    return before_number(input, FIELD_kind) == CUSTODY_ARCHIVE;
}

static bool approved_by_head_holds(const struct rule_input *input)
{
    return input_names_other(input, FIELD_leader);
}

static bool other_keeper_holds(const struct rule_input *input)
{
    return !input_repeats(input, FIELD_handler);
}

/* P24: an archive is kept so many years; 0: for ever. */
static bool retention_holds(const struct rule_input *input)
{
    enum { MONTHS_A_YEAR = 12 };
    uint32_t years = policy_get_count(input->world->policy, POLICY_RETENTION_YEARS);
    int32_t registered = civil_day_of_ms(before_number(input, FIELD_opened_ms));
    return before_number(input, FIELD_kind) != CUSTODY_ARCHIVE ||
           (years != 0 && input_day(input) >= civil_add_months(registered, years * MONTHS_A_YEAR));
}

RULE_GUARD(retention, KEPT_STILL);
RULE_GUARD(kind, CUSTODY_KIND);
RULE_GUARD(asset_named, NO_ASSET);
RULE_GUARD(for_other, NO_BORROWER);
RULE_GUARD(is_archive, SEAL_STAYS);
RULE_GUARD(approved_by_head, CUSTODY_UNAPPROVED);
RULE_GUARD(other_keeper, SAME_KEEPER);

static void custody_use(struct rule_input *input)
{
    after_store(input, FIELD_serial);
    after_store(input, FIELD_receiver);
}

static void custody_lend(struct rule_input *input)
{
    after_store(input, FIELD_receiver);
    after_store(input, FIELD_leader);
    after_set_number(input, FIELD_due_day, input_number(input, FIELD_agreed_day));
}

static void custody_end_loan(struct rule_input *input)
{
    after_set_number(input, FIELD_due_day, 0);
    after_set_number(input, FIELD_returned_ms, input->event->legal_ms);
}

static void custody_destroy(struct rule_input *input)
{
    after_store(input, FIELD_witness);
    after_store(input, FIELD_leader);
}

static const struct rule_row custody_rows[] = {
#include "rules/custody.def"
};

static const struct rule_name custody_states[] = {
    {CUSTODY_STATE_KEPT, "kept", "在保管"},
    {CUSTODY_STATE_LENT, "lent", "外借"},
    {CUSTODY_STATE_DESTROYED, "destroyed", "已销毁"},
    {0, NULL, NULL},
};

static const struct rule_name custody_verbs[] = {
    {CUSTODY_REGISTERED, "registered", "登记"},
    {CUSTODY_USED, "used", "用印、查阅"},
    {CUSTODY_LENT, "lent", "外借"},
    {CUSTODY_GIVEN_BACK, "given_back", "归还"},
    {CUSTODY_PASSED_ON, "passed_on", "移交"},
    {CUSTODY_DESTROYED, "destroyed", "销毁"},
    {0, NULL, NULL},
};

const struct rule_machine machine_custody = {
    .id = MACHINE_CUSTODY,
    .name = "custody",
    .zh = "印章档案",
    .states = custody_states,
    .verbs = custody_verbs,
    .rows = custody_rows,
    .row_count = sizeof custody_rows / sizeof *custody_rows,
    .final_states = IN(DESTROYED),
    .payload_field = PAYLOAD_CUSTODY,
    .follows = IN(KEPT) | IN(LENT),
    .shut = true,
};
