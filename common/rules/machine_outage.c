#include "rules/office.h"

enum outage_verb {
    OUTAGE_BEGUN = 1,
    OUTAGE_ENDED = 2,
    OUTAGE_REDEEMED = 3,
    OUTAGE_VOIDED = 4,
    OUTAGE_CLOSED = 5
};

enum outage_state { OUTAGE_STATE_RUNNING = 1, OUTAGE_STATE_ENDED = 2, OUTAGE_STATE_CLOSED = 3 };
enum { OUTAGE_POWER = 1, OUTAGE_NETWORK = 2 };
enum { OUTAGE_SHEETS_MAX = 64 }; /* of one outage: a bit each */

#define IN(state) ((uint32_t)1 << OUTAGE_STATE_##state)
#define TO(state) OUTAGE_STATE_##state

static bool kind_holds(const struct rule_input *input)
{
    return input_number_within(input, FIELD_kind, OUTAGE_POWER, OUTAGE_NETWORK);
}

/* The register's pre-numbered sheets that are handed out: first to last. */
static bool sheets_holds(const struct rule_input *input)
{
    uint64_t first = input_number(input, FIELD_first_sheet);
    uint64_t last = input_number(input, FIELD_last_sheet);
    return (first == 0 && last == 0) ||
           (first != 0 && last >= first && last - first < OUTAGE_SHEETS_MAX);
}

static uint64_t sheet_bit(const struct rule_input *input)
{
    uint64_t sheet = input_number(input, FIELD_first_sheet);
    uint64_t first = before_number(input, FIELD_first_sheet);
    uint64_t last = before_number(input, FIELD_last_sheet);
    bool known = first != 0 && sheet >= first && sheet <= last && sheet - first < OUTAGE_SHEETS_MAX;
    return known ? (uint64_t)1 << (sheet - first) : 0;
}

static bool sheet_of_outage_holds(const struct rule_input *input)
{
    uint64_t bit = sheet_bit(input);
    return bit != 0 && (before_number(input, FIELD_redeemed) & bit) == 0;
}

static bool sheet_entered_holds(const struct rule_input *input)
{
    const struct record *entered = input_subject(input, FIELD_subject);
    return entered != NULL && record_number(entered, FIELD_paper_ms) != 0;
}

static uint64_t sheets_all(const struct rule_input *input)
{
    uint64_t first = before_number(input, FIELD_first_sheet);
    uint64_t last = before_number(input, FIELD_last_sheet);
    if (first == 0 || last < first || last - first >= OUTAGE_SHEETS_MAX) {
        return 0;
    }
    return UINT64_MAX >> (OUTAGE_SHEETS_MAX - 1 - (last - first));
}

static bool all_sheets_holds(const struct rule_input *input)
{
    return before_number(input, FIELD_redeemed) == sheets_all(input);
}

static bool in_time_or_reason_holds(const struct rule_input *input)
{
    return (uint64_t)input_day(input) <= before_number(input, FIELD_due_day) ||
           input_has(input, FIELD_reason);
}

RULE_GUARD(kind, OUTAGE_KIND);
RULE_GUARD(sheets, SHEETS_WRONG);
RULE_GUARD(sheet_of_outage, SHEET_UNKNOWN);
RULE_GUARD(sheet_entered, SHEET_NOT_ENTERED);
RULE_GUARD(all_sheets, SHEETS_OPEN);
RULE_GUARD(in_time_or_reason, BACK_ENTRY_LATE);

/* P15: what was written by hand is entered within this time. */
static void outage_end(struct rule_input *input)
{
    after_set_number(input, FIELD_fixed_ms, input->event->legal_ms);
    after_start_limit(input, policy_limit(input->world->policy, POLICY_BACK_ENTRY_LIMIT));
}

/* What is told of a sheet stands at its place, from the first one. */
static void sheet_tell(struct rule_input *input, enum field told, enum field by)
{
    struct values *facts = &input->after->facts;
    uint16_t place = (uint16_t)(input_number(input, FIELD_first_sheet) -
                                before_number(input, FIELD_first_sheet));
    after_set_number(input, FIELD_redeemed,
                     before_number(input, FIELD_redeemed) | sheet_bit(input));
    values_set_number(facts, FIELD_sheets_ms, place, input->event->legal_ms);
    values_set_bytes(facts, told, place, input_bytes(input, by));
}

static void outage_redeem(struct rule_input *input)
{
    sheet_tell(input, FIELD_sheets_record, FIELD_subject);
}

static void outage_void(struct rule_input *input)
{
    sheet_tell(input, FIELD_sheets_reason, FIELD_reason);
}

static const struct rule_row outage_rows[] = {
#include "rules/outage.def"
};

static const struct rule_name outage_states[] = {
    {OUTAGE_STATE_RUNNING, "running", "停电断网中"},
    {OUTAGE_STATE_ENDED, "ended", "已恢复，待补录"},
    {OUTAGE_STATE_CLOSED, "closed", "补录完成"},
    {0, NULL, NULL},
};

static const struct rule_name outage_verbs[] = {
    {OUTAGE_BEGUN, "begun", "开始"},       {OUTAGE_ENDED, "ended", "恢复"},
    {OUTAGE_REDEEMED, "redeemed", "补录"}, {OUTAGE_VOIDED, "voided", "作废"},
    {OUTAGE_CLOSED, "closed", "结束"},     {0, NULL, NULL},
};

const struct rule_machine machine_outage = {
    .id = MACHINE_OUTAGE,
    .name = "outage",
    .zh = "停电登记",
    .states = outage_states,
    .verbs = outage_verbs,
    .rows = outage_rows,
    .row_count = sizeof outage_rows / sizeof *outage_rows,
    .final_states = IN(CLOSED),
    .payload_field = PAYLOAD_OUTAGE,
};
