#include "views/inside.h"

#include <stdio.h>
#include <string.h>

enum { SHEETS_MAX = 64 };

bool views_ask_late(const struct views_look *look, const struct record *record)
{
    int32_t due = views_day(record, FIELD_due_day);
    int32_t finished = views_day(record, FIELD_finished_ms);
    if (due == 0 || views_state_is(record, "withdrawn")) {
        return false;
    }
    return finished != 0 ? finished > due : look->today > due && !views_clock_is_off(record);
}

/* Late since a day of the period: the day after the due day. So a day is summed up as it closes
 * and stays as it was. */
bool views_ask_became_overdue(const struct views_look *look, const struct record *record)
{
    int32_t since = views_day(record, FIELD_due_day) + 1;
    return views_ask_late(look, record) && since >= look->scope->from_day &&
           since <= look->scope->until_day;
}

/* Whether it was in time is known: finished, or the day is over. */
bool views_ask_settled(const struct views_look *look, const struct record *record)
{
    int32_t due = views_day(record, FIELD_due_day);
    return due != 0 && !views_clock_is_off(record) &&
           (values_has(&record->facts, FIELD_finished_ms) || due < look->today);
}

bool views_ask_extended(const struct views_look *look, const struct record *record)
{
    uint16_t count = values_places(&record->facts, FIELD_extended_ms);
    for (uint16_t i = 0; i < count; i++) {
        int32_t day = civil_day_of_ms(values_number(&record->facts, FIELD_extended_ms, i));
        if (day >= look->scope->from_day && day <= look->scope->until_day) {
            return true;
        }
    }
    return false;
}

bool views_ask_in_force(const struct views_look *look, const struct record *record)
{
    int32_t until = views_day(record, FIELD_until_day);
    return until == 0 || until >= look->today;
}

/* --- paper register sheets (R104) --- */

static uint64_t sheets_open(const struct record *record, uint64_t *ret_first)
{
    uint64_t first = values_number(&record->facts, FIELD_first_sheet, 0);
    uint64_t last = values_number(&record->facts, FIELD_last_sheet, 0);
    *ret_first = first;
    if (first == 0 || last < first || last - first >= SHEETS_MAX) {
        return 0;
    }
    return UINT64_MAX >> (SHEETS_MAX - 1 - (last - first)) &
           ~values_number(&record->facts, FIELD_redeemed, 0);
}

bool views_ask_sheets_open(const struct views_look *look, const struct record *record)
{
    uint64_t first = 0;
    (void)look;
    return sheets_open(record, &first) != 0;
}

static unsigned run_end(uint64_t open, unsigned from)
{
    unsigned end = from;
    while (end + 1 < SHEETS_MAX && (open >> (end + 1) & 1) != 0) {
        end++;
    }
    return end;
}

/* "3,5-7" */
VIEWS_FORMULA_OF(sheets)
{
    uint64_t first = 0;
    uint64_t open = sheets_open(record, &first);
    struct buf text;
    (void)look;
    buf_init(&text, VIEWS_CELL_SIZE);
    for (unsigned i = 0; i < SHEETS_MAX; i++) {
        if ((open >> i & 1) == 0) {
            continue;
        }
        unsigned end = run_end(open, i);
        buf_put_format(&text, "%s%llu", text.size == 0 ? "" : ",", (unsigned long long)first + i);
        if (end > i) {
            buf_put_format(&text, "-%llu", (unsigned long long)first + end);
        }
        i = end;
    }
    memcpy(room, buf_text(&text), text.err == ERR_NONE ? text.size : 0);
    *ret = views_cell_text("", "");
    ret->kind = text.size == 0 ? VIEWS_CELL_EMPTY : VIEWS_CELL_TEXT;
    ret->bytes = span_of(room, text.err == ERR_NONE ? text.size : 0);
    buf_done(&text);
}

VIEWS_FORMULA_OF(sheet_count)
{
    uint64_t first = 0;
    int64_t count = 0;
    (void)look;
    (void)room;
    for (uint64_t open = sheets_open(record, &first); open != 0; open &= open - 1) {
        count++;
    }
    *ret = views_cell_number(count);
}

VIEWS_FORMULA_OF(sheet_number)
{
    (void)room;
    *ret = views_cell_number(
        (int64_t)(values_number(&record->facts, FIELD_first_sheet, 0) + look->place));
}

/* Out, to be entered, entered, void: no sheet is in two of them. */
VIEWS_FORMULA_OF(sheet_state)
{
    uint64_t first = 0;
    bool open = (sheets_open(record, &first) >> look->place & 1) != 0;
    (void)room;
    if (open) {
        *ret = views_state_is(record, "running") ? views_cell_text("已发出", "handed out")
                                                 : views_cell_text("待补录", "to be entered");
    } else {
        *ret = values_bytes(&record->facts, FIELD_sheets_record, look->place).size != 0
                   ? views_cell_text("已补录", "entered")
                   : views_cell_text("作废", "void");
    }
}

static int64_t bytes_count(const struct record *record, enum field field)
{
    int64_t count = 0;
    for (uint16_t i = 0; i < values_places(&record->facts, field); i++) {
        count += values_bytes(&record->facts, field, i).size != 0 ? 1 : 0;
    }
    return count;
}

VIEWS_FORMULA_OF(sheets_issued)
{
    uint64_t first = values_number(&record->facts, FIELD_first_sheet, 0);
    uint64_t last = values_number(&record->facts, FIELD_last_sheet, 0);
    (void)look;
    (void)room;
    *ret = views_cell_number(first == 0 || last < first ? 0 : (int64_t)(last - first + 1));
}

VIEWS_FORMULA_OF(sheets_entered)
{
    (void)look;
    (void)room;
    *ret = views_cell_number(bytes_count(record, FIELD_sheets_record));
}

VIEWS_FORMULA_OF(sheets_void)
{
    (void)look;
    (void)room;
    *ret = views_cell_number(bytes_count(record, FIELD_sheets_reason));
}

/* --- duty --- */

/* Begun minutes count: what is a second short is short. */
VIEWS_FORMULA_OF(short_minutes)
{
    enum { MS_A_MINUTE = 60000 };
    uint64_t short_ms = values_number(&record->facts, FIELD_short_ms, 0);
    (void)look;
    (void)room;
    *ret = views_cell_text("", "");
    if (short_ms != 0) {
        *ret = views_cell_number((int64_t)((short_ms + MS_A_MINUTE - 1) / MS_A_MINUTE));
    }
}

/* --- cases --- */

bool views_ask_warns(const struct views_look *look, const struct record *record)
{
    static const struct views_column light = {.name = "light", .kind = VIEWS_LIGHT};
    struct views_cell cell;
    uint8_t room[VIEWS_CELL_SIZE];
    views_cell_of(look, &light, record, &cell, room);
    return cell.kind == VIEWS_CELL_TEXT &&
           strcmp(cell.text_en, deadline_state_name(DEADLINE_GREEN)) != 0;
}

/* 办理情况: of the case, when it became one. */
VIEWS_FORMULA_OF(progress)
{
    struct span id = values_bytes(&record->facts, FIELD_case_record, 0);
    const struct record *found =
        id.size == LIMIT_ID_SIZE ? look->source->find(look->source->context, id.data) : NULL;
    const struct record *shown = found == NULL ? record : found;
    (void)room;
    *ret = views_cell_text(rule_state_zh(shown->machine, shown->state),
                           rule_state_name(shown->machine, shown->state));
}

VIEWS_FORMULA_OF(machine)
{
    const struct rule_machine *machine = rule_machine(record->machine);
    (void)look;
    (void)room;
    *ret =
        views_cell_text(machine == NULL ? "" : machine->zh, machine == NULL ? "" : machine->name);
}

VIEWS_FORMULA_OF(kind)
{
    static const char *const zh[] = {
        [CATALOGUE_IMMEDIATE] = "即办件", [CATALOGUE_COMMITMENT] = "承诺件",
        [CATALOGUE_ANSWER] = "答复件",    [CATALOGUE_JOINT] = "联办件",
        [CATALOGUE_APPROVAL] = "报批件",  [CATALOGUE_WORK] = "工作项"};
    static const char *const en[] = {
        [CATALOGUE_IMMEDIATE] = "immediate", [CATALOGUE_COMMITMENT] = "commitment",
        [CATALOGUE_ANSWER] = "answer",       [CATALOGUE_JOINT] = "joint",
        [CATALOGUE_APPROVAL] = "approval",   [CATALOGUE_WORK] = "work"};
    struct span code = values_bytes(&record->facts, FIELD_item, 0);
    const struct catalogue_item *item =
        code.size == 0 ? NULL : catalogue_item_find(look->source->catalogue, code);
    (void)room;
    *ret = item == NULL ? views_cell_text("", "") : views_cell_text(zh[item->kind], en[item->kind]);
}

/* Working days after the due day, until it was finished or today; empty: not late. */
VIEWS_FORMULA_OF(overdue_days)
{
    int32_t due = views_day(record, FIELD_due_day);
    int32_t finished = views_day(record, FIELD_finished_ms);
    (void)room;
    *ret = views_cell_text("", "");
    if (views_ask_late(look, record)) {
        *ret = views_cell_number(calendar_working_days_between(
            look->source->calendar, due, finished == 0 ? look->today : finished, NULL));
    }
}

/* 办理结果: the decision; where there is none, how far it is. */
VIEWS_FORMULA_OF(result)
{
    uint64_t decision = values_number(&record->facts, FIELD_decision, 0);
    (void)look;
    (void)room;
    *ret = decision == 0 ? views_cell_text(rule_state_zh(record->machine, record->state),
                                           rule_state_name(record->machine, record->state))
                         : views_cell_text(views_word_zh(VIEWS_WORDS_DECISION, decision),
                                           views_word_en(VIEWS_WORDS_DECISION, decision));
}
