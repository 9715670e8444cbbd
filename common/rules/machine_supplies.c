#include "rules/office.h"

enum supplies_verb {
    SUPPLIES_REGISTERED = 1,
    SUPPLIES_BOUGHT = 2,
    SUPPLIES_REQUESTED = 3,
    SUPPLIES_APPROVED = 4,
    SUPPLIES_REFUSED = 5,
    SUPPLIES_ISSUED = 6,
    SUPPLIES_RECEIVED = 7,
    SUPPLIES_COUNTED = 8,
    SUPPLIES_PASSED_ON = 9,
    SUPPLIES_USED_UP = 10
};

enum supplies_state {
    SUPPLIES_STATE_KEPT = 1,
    SUPPLIES_STATE_REQUESTED = 2,
    SUPPLIES_STATE_APPROVED = 3,
    SUPPLIES_STATE_ISSUED = 4, /* not signed for yet */
    SUPPLIES_STATE_USED_UP = 5
};

#define IN(state) ((uint32_t)1 << SUPPLIES_STATE_##state)
#define TO(state) SUPPLIES_STATE_##state
#define OPEN_STATES (IN(KEPT) | IN(REQUESTED) | IN(APPROVED) | IN(ISSUED))
#define WHO_KEEPS (ROLE_STATION_HEAD | ROLE_CUSTODIAN | WHO_HUB)
#define WHO_WRITES_OFF (ROLE_STATION_HEAD | WHO_HUB)
#define WHO_APPROVES (ROLE_STATION_HEAD | ROLE_COMMITTEE | WHO_HUB)

static bool asset_named_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_asset);
}

/* Four digits an event, so that sums stay far from their end. */
static bool quantity_from(const struct rule_input *input, uint64_t least)
{
    enum { FOUR_DIGITS = 9999 };
    return input_number_within(input, FIELD_quantity, least, FOUR_DIGITS);
}

static bool quantity_given_holds(const struct rule_input *input)
{
    return quantity_from(input, 1);
}

/* None given: there is none. */
static bool quantity_if_given_holds(const struct rule_input *input)
{
    return quantity_from(input, 0);
}

static bool within_request_holds(const struct rule_input *input)
{
    return input_number(input, FIELD_quantity) <= before_number(input, FIELD_quantity);
}

static bool in_stock_holds(const struct rule_input *input)
{
    return before_number(input, FIELD_quantity) <= before_number(input, FIELD_stock);
}

static bool requester_signs_holds(const struct rule_input *input)
{
    return input_author_is(input, before_bytes(input, FIELD_requester));
}

static bool difference_explained_holds(const struct rule_input *input)
{
    return input_number(input, FIELD_quantity) == before_number(input, FIELD_stock) ||
           input_has(input, FIELD_reason);
}

static bool other_keeper_holds(const struct rule_input *input)
{
    return !input_repeats(input, FIELD_handler);
}

static bool nothing_left_holds(const struct rule_input *input)
{
    return before_number(input, FIELD_stock) == 0;
}

RULE_GUARD(asset_named, NO_ASSET);
RULE_GUARD(quantity_given, NO_QUANTITY);
RULE_GUARD(quantity_if_given, NO_QUANTITY);
RULE_GUARD(within_request, MORE_THAN_REQUESTED);
RULE_GUARD(in_stock, NOT_IN_STOCK);
RULE_GUARD(requester_signs, SIGNED_BY_OTHER);
RULE_GUARD(difference_explained, COUNT_UNEXPLAINED);
RULE_GUARD(other_keeper, SAME_KEEPER);
RULE_GUARD(nothing_left, STOCK_LEFT);

static void supplies_buy(struct rule_input *input)
{
    after_add(input, FIELD_stock, input_number(input, FIELD_quantity));
    after_add(input, FIELD_taken_in, input_number(input, FIELD_quantity));
}

/* "quantity" of the record is what somebody waits for; at first nobody does. */
static void supplies_settle(struct rule_input *input)
{
    after_set_number(input, FIELD_quantity, 0);
}

static void supplies_begin(struct rule_input *input)
{
    supplies_buy(input);
    supplies_settle(input);
}

static void supplies_request(struct rule_input *input)
{
    after_store(input, FIELD_quantity);
    after_set_staff(input, FIELD_requester);
}

static void supplies_approve(struct rule_input *input)
{
    after_store(input, FIELD_quantity);
    after_set_staff(input, FIELD_decider);
}

static void supplies_issue(struct rule_input *input)
{
    uint64_t quantity = before_number(input, FIELD_quantity);
    after_set_number(input, FIELD_stock, before_number(input, FIELD_stock) - quantity);
    after_add(input, FIELD_handed_out, quantity);
}

static void supplies_count(struct rule_input *input)
{
    after_set_number(input, FIELD_stock, input_number(input, FIELD_quantity));
    after_set_number(input, FIELD_counted_ms, input->event->legal_ms);
}

static const struct rule_row supplies_rows[] = {
#include "rules/supplies.def"
};

static const struct rule_name supplies_states[] = {
    {SUPPLIES_STATE_KEPT, "kept", "在库"},
    {SUPPLIES_STATE_REQUESTED, "requested", "待批准"},
    {SUPPLIES_STATE_APPROVED, "approved", "待发放"},
    {SUPPLIES_STATE_ISSUED, "issued", "待签收"},
    {SUPPLIES_STATE_USED_UP, "used_up", "已用完"},
    {0, NULL, NULL},
};

static const struct rule_name supplies_verbs[] = {
    {SUPPLIES_REGISTERED, "registered", "建帐"},
    {SUPPLIES_BOUGHT, "bought", "购入"},
    {SUPPLIES_REQUESTED, "requested", "申领"},
    {SUPPLIES_APPROVED, "approved", "批准"},
    {SUPPLIES_REFUSED, "refused", "不批准"},
    {SUPPLIES_ISSUED, "issued", "发放"},
    {SUPPLIES_RECEIVED, "received", "签收"},
    {SUPPLIES_COUNTED, "counted", "盘点"},
    {SUPPLIES_PASSED_ON, "passed_on", "移交保管"},
    {SUPPLIES_USED_UP, "used_up", "用完销帐"},
    {0, NULL, NULL},
};

const struct rule_machine machine_supplies = {
    .id = MACHINE_SUPPLIES,
    .name = "supplies",
    .zh = "办公用品",
    .states = supplies_states,
    .verbs = supplies_verbs,
    .rows = supplies_rows,
    .row_count = sizeof supplies_rows / sizeof *supplies_rows,
    .final_states = IN(USED_UP),
    .payload_field = PAYLOAD_SUPPLIES,
    .follows = OPEN_STATES,
    .shut = true,
};
