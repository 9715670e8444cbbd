#include "rules/office.h"

enum board_verb { BOARD_DRAFTED = 1, BOARD_POSTED = 2, BOARD_CHECKED = 3, BOARD_TAKEN_DOWN = 4 };

enum board_state { BOARD_STATE_DRAFTED = 1, BOARD_STATE_POSTED = 2, BOARD_STATE_TAKEN_DOWN = 3 };

/* 1..6 the six regimes of S3-1 that must hang on the wall: 首问责任, 限时办结, 一次性告知,
 * 服务范围, 投诉, 责任追究; 7 items and limits, 8 fees, 9 rota, 10 AB pairs, 11 attendance, 12
 * appointments, 13 pledge, 14 covenant, 15 contact card, 16 agent, 17 self-service screen. */
enum { BOARD_FIRST = 1, BOARD_LAST = 17 };

#define IN(state) ((uint32_t)1 << BOARD_STATE_##state)
#define TO(state) BOARD_STATE_##state
#define WHO_DRAFTS (WHO_UP | WHO_HUB)
#define WHO_POSTS (ROLE_STATION_HEAD | ROLE_COMMITTEE | WHO_HUB)

static bool kind_holds(const struct rule_input *input)
{
    return input_number_within(input, FIELD_kind, BOARD_FIRST, BOARD_LAST);
}

static bool document_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_hash);
}

/* until_day 0: until it is replaced. */
static bool still_good_holds(const struct rule_input *input)
{
    uint64_t until = before_number(input, FIELD_until_day);
    return until == 0 || until >= (uint64_t)input_day(input);
}

RULE_GUARD(kind, BOARD_KIND);
RULE_GUARD(document, NO_DOCUMENT);
RULE_GUARD(still_good, BOARD_EXPIRED);

static void board_post(struct rule_input *input)
{
    after_store(input, FIELD_location);
    after_set_number(input, FIELD_told_ms, input->event->legal_ms);
}

/* 1: it hangs there and is what is in force; 2: not. */
static void board_check(struct rule_input *input)
{
    after_store(input, FIELD_decision);
}

static const struct rule_row board_rows[] = {
#include "rules/board.def"
};

static const struct rule_name board_states[] = {
    {BOARD_STATE_DRAFTED, "drafted", "已拟"},
    {BOARD_STATE_POSTED, "posted", "已公示"},
    {BOARD_STATE_TAKEN_DOWN, "taken_down", "已撤下"},
    {0, NULL, NULL},
};

static const struct rule_name board_verbs[] = {
    {BOARD_DRAFTED, "drafted", "拟稿"},
    {BOARD_POSTED, "posted", "公示"},
    {BOARD_CHECKED, "checked", "核对"},
    {BOARD_TAKEN_DOWN, "taken_down", "撤下"},
    {0, NULL, NULL},
};

const struct rule_machine machine_board = {
    .id = MACHINE_BOARD,
    .name = "board",
    .zh = "公示",
    .states = board_states,
    .verbs = board_verbs,
    .rows = board_rows,
    .row_count = sizeof board_rows / sizeof *board_rows,
    .final_states = IN(TAKEN_DOWN),
    .payload_field = PAYLOAD_BOARD,
};
