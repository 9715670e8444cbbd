#include "node/clock.h"
#include "village-node/program.h"

#include <stdlib.h>

/* A year's turn 年度交接: from December on what the old year still wants, in /tasks as "turn". What
 * is open is carried over as it is, with its number, its limit and its clock: a year ends none of
 * it. */

enum { DECEMBER = 12, REPORT_YEAR = 5, REPORT_ARCHIVE = 7 };

struct turn {
    struct fold *fold;
    struct kv_txn *txn;
    struct record *record;
    uint64_t begin_ms; /* of the old year */
    uint64_t end_ms;
    int64_t carried;
    int64_t provisional;
    int64_t to_archive;
    int64_t reports;
    int64_t lists; /* 归档目录 */
    bool worked;   /* somebody came in the old year */
};

/* Done, but for the archive (R95). */
static const uint32_t ended_states = 1U << CASE_STATE_NOT_ACCEPTED | 1U << CASE_STATE_ANSWERED |
                                     1U << CASE_STATE_WITHDRAWN | 1U << CASE_STATE_HANDED |
                                     1U << CASE_STATE_CONFIRMED | 1U << CASE_STATE_RATED;

static bool count_case(void *context, const uint8_t id[LIMIT_ID_SIZE], uint32_t day)
{
    struct turn *turn = context;
    (void)day;
    if (!fold_record_get(turn->fold, turn->txn, FOLD_TENTATIVE, id, turn->record)) {
        return true;
    }
    const struct values *facts = &turn->record->facts;
    bool ended = (ended_states >> turn->record->state & 1) != 0;
    bool old = values_number(facts, FIELD_opened_ms, 0) < turn->end_ms;
    turn->to_archive += old && ended ? 1 : 0;
    turn->carried += old && !ended ? 1 : 0;
    turn->provisional += !ended && values_number(facts, FIELD_due_provisional, 0) != 0 ? 1 : 0;
    return true;
}

static bool count_report(void *context, const uint8_t id[LIMIT_ID_SIZE], uint32_t day)
{
    struct turn *turn = context;
    (void)day;
    if (fold_record_get(turn->fold, turn->txn, FOLD_TENTATIVE, id, turn->record)) {
        const struct values *facts = &turn->record->facts;
        uint64_t from = values_number(facts, FIELD_from_day, 0);
        uint64_t kind = values_number(facts, FIELD_kind, 0);
        bool of_year = from != 0 && from == (uint64_t)civil_day_of_ms(turn->begin_ms);
        turn->reports += of_year && kind == REPORT_YEAR ? 1 : 0;
        turn->lists += of_year && kind == REPORT_ARCHIVE ? 1 : 0;
    }
    return true;
}

static bool is_of_year(void *context, const uint8_t id[LIMIT_ID_SIZE], uint32_t day)
{
    struct turn *turn = context;
    (void)day;
    if (fold_record_get(turn->fold, turn->txn, FOLD_TENTATIVE, id, turn->record)) {
        uint64_t opened_ms = values_number(&turn->record->facts, FIELD_opened_ms, 0);
        turn->worked = opened_ms >= turn->begin_ms && opened_ms < turn->end_ms;
    }
    return !turn->worked;
}

static void count_all(struct turn *turn)
{
    const struct rule_machine *cases = rule_machine(MACHINE_CASE);
    const struct rule_machine *reports = rule_machine(MACHINE_REPORT);
    const struct fold_period year = {.from_day = civil_day_of_ms(turn->begin_ms),
                                     .until_day = civil_day_of_ms(turn->end_ms) - 1};
    fold_list_period(turn->fold, turn->txn, MACHINE_CONTACT, &year, is_of_year, turn);
    for (const struct rule_name *state = cases->states; state->name != NULL; state++) {
        if ((cases->final_states >> state->number & 1) == 0) {
            fold_list_state(turn->fold, turn->txn, MACHINE_CASE, state->number, NULL, count_case,
                            turn);
        }
    }
    for (const struct rule_name *state = reports->states; state->name != NULL; state++) {
        fold_list_state(turn->fold, turn->txn, MACHINE_REPORT, state->number, NULL, count_report,
                        turn);
    }
}

static void put_item(struct json_text *json, const char *code, int64_t count, const char *zh,
                     const char *en)
{
    json_text_open(json, NULL);
    json_text_string(json, "code", code);
    json_text_number(json, "count", count);
    json_text_string(json, "zh", zh);
    json_text_string(json, "en", en);
    json_text_close(json);
}

static void put_turn(const struct turn *turn, bool ended, bool calendar, struct json_text *json)
{
    if (!calendar) {
        put_item(
            json, "calendar", 1,
            "新年度工作日历尚未收到：跨年的期限都是暂定，到后自动重算。请催镇中心发布。",
            "The new year's calendar has not arrived: limits that reach into it are provisional.");
    }
    if (turn->provisional > 0) {
        put_item(json, "provisional", turn->provisional,
                 "期限暂定的未结件：日历到后核对，如有变动重新告知。",
                 "Open cases with a provisional limit: compare them when the calendar is there.");
    }
    if (ended && turn->carried > 0) {
        put_item(json, "carried", turn->carried,
                 "上年结转的未结件：编号、期限、承办人不变，继续办理。",
                 "Open cases carried over: number, limit and handler stay as they are.");
    }
    if (turn->to_archive > 0) {
        put_item(json, "to_archive", turn->to_archive,
                 "已办完而未归档的件：请逐件归档，年度归档目录见 view archive。",
                 "Cases that are done and not archived: archive each of them.");
    }
    if (ended && turn->worked && turn->reports == 0) {
        put_item(json, "year_report", 1, "上年年报尚未编制：report drawn_up --kind 5。",
                 "The report of the old year is not drawn up: report drawn_up --kind 5.");
    }
    if (ended && turn->worked && turn->lists == 0) {
        put_item(json, "archive_list", 1,
                 "上年归档目录尚未编制：先逐件归档，再 report drawn_up --kind 7；目录打印 view "
                 "archive --html。",
                 "The archive list of the old year is not drawn up: archive what is done, then "
                 "report drawn_up --kind 7; view archive --html prints the list.");
    }
}

void turn_put(struct daemon *daemon, struct json_text *json)
{
    struct kv_txn txn;
    struct rule_world world = {0};
    struct turn turn = {.fold = station_fold(daemon->station), .txn = &txn};
    struct civil_date today = civil_date_of_day(civil_day_of_ms(clock_wall_ms()));
    bool ended = today.month != DECEMBER;
    int32_t old = ended ? today.year - 1 : today.year;
    turn.begin_ms = civil_ms_of_day(civil_day_of_date((struct civil_date){old, 1, 1}));
    turn.end_ms = civil_ms_of_day(civil_day_of_date((struct civil_date){old + 1, 1, 1}));
    turn.record = malloc(sizeof *turn.record);
    bool known = world_view(turn.fold->world, world_common_seq(turn.fold->world), 0, 0, &world);
    if (turn.record != NULL && known) {
        kv_begin(daemon->kv, false, &txn);
        count_all(&turn);
        kv_abort(&txn);
        json_text_open(json, "turn");
        json_text_number(json, "year", old);
        json_text_open_list(json, "items");
        put_turn(&turn, ended, calendar_has_year(world.calendar, old + 1), json);
        json_text_close_list(json);
        json_text_close(json);
    }
    free(turn.record);
}
