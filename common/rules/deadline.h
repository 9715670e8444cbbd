#ifndef JIELI_RULES_DEADLINE_H
#define JIELI_RULES_DEADLINE_H

#include "rules/calendar.h"

/* The clock rules of the time-limit regime (R15-R17, R31, R104, R105). Days are China days.
 * Every function always answers; hostile numbers are clamped. */

/* Values are stored in records (limit_unit). */
enum deadline_unit { DEADLINE_WORKING_DAY = 1 /* 工作日 */, DEADLINE_CALENDAR_DAY = 2 /* 日 */ };

enum { DEADLINE_COUNT_MAX = 3660 /* days of any one limit; larger counts are clamped */ };

struct deadline_limit {
    uint32_t count; /* 0: at once 即办 */
    enum deadline_unit unit;
};

enum deadline_supplement { DEADLINE_RESTART, DEADLINE_RESUME };

/* How days are counted; deadline_rules_of_policy (policy.h) fills it. */
struct deadline_rules {
    uint32_t start_offset; /* 1: day 1 is the day after receipt 次日起算 [S4:494] */
    enum deadline_supplement supplement; /* X33: a supplement starts the limit anew, or goes on */
    bool suspension_stops;               /* 6.2 rule 5: an outage stops the clock */
    bool calendar_day_rolls;        /* X01: 日 ending on a day off moves to the next workday */
    uint32_t amber_percent;         /* P11 */
    uint32_t amber_days_min;        /* P11 */
    uint32_t red_days;              /* P11: red when so many days or fewer are left */
    uint32_t extension_count_max;   /* P02 */
    uint32_t extension_percent_max; /* P02: all extensions together, of the original limit */
    bool extension_before_due;      /* 6.2, row 30 */
};

/* --- which day counts as receipt --- */

/* claimed_ms is the time the author's machine wrote. Outside what is proven, not_before_ms to
 * not_after_ms, it is moved to the nearer end; not_after_ms 0: no upper bound yet. */
struct deadline_receipt {
    uint64_t claimed_ms;
    uint64_t not_before_ms;
    uint64_t not_after_ms;
    bool back_entry;   /* from the paper register: paper_ms counts (R104) */
    uint64_t paper_ms; /* never later than the entry itself */
};

/* The legal time. ret_moved (may be NULL): it is not what was claimed. A back entry may lie before
 * not_before_ms, since paper is older than its entry; a paper time after the entry is moved. */
uint64_t deadline_receipt_ms(const struct deadline_receipt *receipt, bool *ret_moved);

/* --- due day --- */

/* One running limit. base_day is day 0: receipt of complete papers 文件、材料 or of the instruction
 * 指令, at this tier. Each tier has its own clock (6.2 rule 4). */
struct deadline_clock {
    struct deadline_limit limit;
    int32_t base_day;
    uint32_t extended; /* days added by approved extensions, in the limit's unit */
    uint32_t paused;   /* days that do not count, in the limit's unit */
};

struct deadline_due {
    int32_t day;
    bool provisional; /* 暂定: a year without calendar data was counted */
};

struct deadline_clock deadline_clock_start(struct deadline_limit limit, int32_t base_day);

/* Source: S4-10 art. 4 [S4:494]: limits count in working days from the day after receipt.
 * Example: complete papers on Thursday, 5 working days: due next Thursday; papers on Saturday
 * duty: day 1 is Monday. An immediate item is due on base_day itself, also on a day off. */
struct deadline_due deadline_due(const struct calendar *calendar,
                                 const struct deadline_rules *rules,
                                 const struct deadline_clock *clock);

/* Defective papers, notified on notice_day and supplemented on day: the whole limit runs anew from
 * the day after [S4:494]; earlier pauses and extensions belong to the old limit and are dropped.
 * With DEADLINE_RESUME the days after notice_day up to day do not count instead. */
void deadline_clock_supplement(const struct calendar *calendar, const struct deadline_rules *rules,
                               struct deadline_clock *clock, int32_t notice_day, int32_t day);

/* Days of an outage that do not count: from the day it began up to, not with, the day work was
 * resumed, as far as they lie after base_day. Adds them to paused and returns how many; 0 when the
 * policy lets the clock run, or when the outage began after the due day. */
uint32_t deadline_clock_suspend(const struct calendar *calendar, const struct deadline_rules *rules,
                                struct deadline_clock *clock, int32_t from_day, int32_t resume_day);

enum deadline_extension {
    DEADLINE_EXTENSION_OK,
    DEADLINE_EXTENSION_EMPTY,    /* no day is added */
    DEADLINE_EXTENSION_TOO_MANY, /* count used up */
    DEADLINE_EXTENSION_TOO_LONG, /* more than the policy's share of the original limit */
    DEADLINE_EXTENSION_TOO_LATE  /* asked after the due day */
};

struct deadline_extension_ask {
    uint32_t granted_count; /* extensions of this clock so far */
    uint32_t days;          /* asked, in the limit's unit */
    int32_t asked_day;
};

/* May this clock be extended? Who approves it and who is told is the machine's matter (R17). */
enum deadline_extension deadline_extension_check(const struct calendar *calendar,
                                                 const struct deadline_rules *rules,
                                                 const struct deadline_clock *clock,
                                                 const struct deadline_extension_ask *ask);
/* Call after approval. */
void deadline_clock_extend(struct deadline_clock *clock, uint32_t days);

/* The earlier day; of equal days the certain one. For a proxy case under two limits (X20), and for
 * an own clock inside the date promised to the applicant (6.2 rule 4). */
struct deadline_due deadline_earlier(struct deadline_due a, struct deadline_due b);

/* --- a due date once printed never moves later in silence --- */

enum deadline_shift {
    DEADLINE_SAME,
    DEADLINE_EARLIER,  /* the recomputed day is earlier and counts from now on */
    DEADLINE_HELD_BACK /* it would be later: the printed day stands until a new notice is printed */
};

struct deadline_effective {
    int32_t day;
    enum deadline_shift shift;
};

/* printed_day: of the newest notice (F01, F05) the person holds; after an approved and printed
 * extension it is the new day. */
struct deadline_effective deadline_effective(int32_t printed_day, struct deadline_due recomputed);

/* --- how urgent --- */

enum deadline_state {
    DEADLINE_GREEN,
    DEADLINE_AMBER,
    DEADLINE_RED,
    DEADLINE_OVERDUE /* today is after the due day */
};

struct deadline_urgency {
    enum deadline_state state;
    int32_t days_left; /* working days after today up to the due day; overdue: 0 or less */
};

/* Amber from P11 on: that share of the limit, rounded up, is left, at least amber_days_min;
 * measured in the limit's unit. Red: red_days or fewer are left; 0 is the due day itself. */
struct deadline_urgency deadline_urgency(const struct calendar *calendar,
                                         const struct deadline_rules *rules,
                                         struct deadline_limit limit, int32_t due_day,
                                         int32_t today);

/* English word: "green", "amber", "red", "overdue". */
const char *deadline_state_name(enum deadline_state state);

#endif
