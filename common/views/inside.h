#ifndef JIELI_VIEWS_INSIDE_H
#define JIELI_VIEWS_INSIDE_H

/* Private to views: what its files share. */

#include "views/views.h"

/* --- collect.c: ids to be put in order --- */

struct views_entry {
    int64_t key;
    uint8_t id[LIMIT_ID_SIZE];
    bool mark;
};
struct views_entries {
    size_t count;
    size_t capacity;
    enum err err; /* sticky: ERR_MEMORY, ERR_LIMIT */
    struct views_entry *entry;
};
void views_entries_add(struct views_entries *entries, int64_t key, const uint8_t *id, bool mark);
void views_entries_sort(struct views_entries *entries); /* by key, then id */
void views_entries_done(struct views_entries *entries);

/* --- cell.c --- */

void views_cell_of(const struct views_look *look, const struct views_column *column,
                   const struct record *record, struct views_cell *ret,
                   uint8_t room[VIEWS_CELL_SIZE]);
struct views_cell views_cell_number(int64_t number);
struct views_cell views_cell_day(int32_t day);
struct views_cell views_cell_text(const char *zh, const char *en);

/* --- formulas.c: what no table can say --- */

bool views_ask_became_overdue(const struct views_look *look, const struct record *record);
bool views_ask_late(const struct views_look *look, const struct record *record);
bool views_ask_settled(const struct views_look *look, const struct record *record);
bool views_ask_extended(const struct views_look *look, const struct record *record);
bool views_ask_in_force(const struct views_look *look, const struct record *record);
bool views_ask_sheets_open(const struct views_look *look, const struct record *record);
bool views_ask_warns(const struct views_look *look, const struct record *record);

/* --- asks.c: of indicators and findings --- */

bool views_ask_disposed(const struct views_look *look, const struct record *record);
bool views_ask_appointment_over(const struct views_look *look, const struct record *record);
bool views_ask_within_duration(const struct views_look *look, const struct record *record);
bool views_ask_one_notice(const struct views_look *look, const struct record *record);
bool views_ask_few_visits(const struct views_look *look, const struct record *record);
bool views_ask_hand_up_over(const struct views_look *look, const struct record *record);
bool views_ask_reply_over(const struct views_look *look, const struct record *record);
bool views_ask_old_edition(const struct views_look *look, const struct record *record);
bool views_ask_tell_over(const struct views_look *look, const struct record *record);
bool views_state_is(const struct record *record, const char *name);
/* Suspended, returned for a supplement, withdrawn, not accepted: not late whatever the day. */
bool views_clock_is_off(const struct record *record);

#define VIEWS_FORMULA_OF(name)                                                                     \
    void views_formula_##name(const struct views_look *look, const struct record *record,          \
                              struct views_cell *ret, uint8_t room[VIEWS_CELL_SIZE])
VIEWS_FORMULA_OF(progress);
VIEWS_FORMULA_OF(kind);
VIEWS_FORMULA_OF(machine);
VIEWS_FORMULA_OF(overdue_days);
VIEWS_FORMULA_OF(result);
VIEWS_FORMULA_OF(sheets);
VIEWS_FORMULA_OF(sheet_count);
VIEWS_FORMULA_OF(sheet_number);
VIEWS_FORMULA_OF(sheet_state);
VIEWS_FORMULA_OF(sheets_issued);
VIEWS_FORMULA_OF(sheets_entered);
VIEWS_FORMULA_OF(sheets_void);
VIEWS_FORMULA_OF(short_minutes);

/* The day of an event in China, by its legal time: kept, within what it had seen and its leaf. */
int32_t views_event_day(const struct views_look *look, const struct views_event *event);

/* --- shapes: one file each --- */

struct views_asked {
    const struct views_view *view;
    const struct views_page *page;
    struct views_look look;
    views_row_visit visit;
    void *context;
    size_t total;
    struct views_row row;
};
enum err views_list_records(struct views_asked *asked);
enum err views_list_groups(struct views_asked *asked);
enum err views_list_slots(struct views_asked *asked);
/* Counts the row and shows it when it is of the page; false: stop. */
bool views_show(struct views_asked *asked, const struct record *record);

/* --- slots.c --- */

/* N26: each leader of the quarter's plan, so often in each half-month, so long each time. */
#define VIEWS_LEADERS                                                                              \
    {                                                                                              \
        .kind = VIEWS_SLOT_PERIODS, .policy = POLICY_LEADER_DUTY_PERIOD,                           \
        .least = POLICY_LEADER_DUTY_PER_HALF_MONTH, .field = FIELD_from_day,                       \
        .named = FIELD_people, .by = FIELD_handler, .named_in = POLICY_LEADER_DUTY_PLAN, .done = { \
            STATES("ended"),                                                                       \
            UNSET(short_ms)                                                                        \
        }                                                                                          \
    }

struct views_slot {
    size_t station; /* index in the source */
    int32_t key;    /* first day of the slot, or the number */
    int32_t until_day;
    uint32_t count;
    uint32_t least;
    bool has_record;
    uint8_t record[LIMIT_ID_SIZE]; /* the last by id of those that fill it */
    uint8_t staff[LIMIT_ID_SIZE];  /* who ought to fill it; zeros: the station */
};
typedef bool (*views_slot_visit)(void *context, const struct views_slot *slot);
/* One table of slots over records that pass where; context is its visit's. */
struct views_slots_ask {
    const struct views_slots *slots;
    const struct views_test *where; /* VIEWS_TESTS */
    void *context;
};
enum { VIEWS_SLOTS_TOGETHER = 8 };
/* Each slot of each station of the scope that begins within it and not before the station did;
 * stations in the source's order. Several tables, at most VIEWS_SLOTS_TOGETHER, one after the
 * other: their records are walked over once. */
enum err views_slots_each(const struct views_look *look, enum machine_id machine,
                          const struct views_slots_ask *asks, size_t count, views_slot_visit visit);

#endif
