#include "rules/deadline.h"

static uint32_t count_clamp(uint64_t count) {
    return count > DEADLINE_COUNT_MAX ? DEADLINE_COUNT_MAX : (uint32_t)count;
}

static int32_t day_clamp(int32_t day) {
    return day < CIVIL_DAY_MIN ? CIVIL_DAY_MIN : day > CIVIL_DAY_MAX ? CIVIL_DAY_MAX : day;
}

uint64_t deadline_receipt_ms(const struct deadline_receipt *receipt, bool *ret_moved) {
    uint64_t ms =
        receipt->claimed_ms < receipt->not_before_ms ? receipt->not_before_ms : receipt->claimed_ms;
    if (receipt->not_after_ms != 0 && ms > receipt->not_after_ms) {
        ms = receipt->not_after_ms;
    }
    bool moved = ms != receipt->claimed_ms;
    if (receipt->back_entry) {
        moved = receipt->paper_ms > ms;
        ms = moved ? ms : receipt->paper_ms;
    }
    if (ret_moved != NULL) {
        *ret_moved = moved;
    }
    return ms;
}

struct deadline_clock deadline_clock_start(struct deadline_limit limit, int32_t base_day) {
    return (struct deadline_clock){.limit = limit, .base_day = base_day};
}

/* Days of the unit after from up to to; 0 when to is not later. */
static uint32_t units_between(const struct calendar *calendar, enum deadline_unit unit,
                              int32_t from, int32_t to) {
    if (to <= from) {
        return 0;
    }
    int64_t days = unit == DEADLINE_CALENDAR_DAY
                       ? (int64_t)to - from
                       : calendar_working_days_between(calendar, from, to, NULL);
    return count_clamp((uint64_t)days);
}

struct deadline_due deadline_due(const struct calendar *calendar,
                                 const struct deadline_rules *rules,
                                 const struct deadline_clock *clock) {
    struct deadline_due due = {day_clamp(clock->base_day), false};
    uint64_t sum = (uint64_t)clock->limit.count + clock->extended + clock->paused;
    uint32_t count = count_clamp(sum);
    if (count == 0) {
        return due;
    }
    int32_t start = rules->start_offset == 0 ? day_clamp(due.day - 1) : due.day;
    if (clock->limit.unit != DEADLINE_CALENDAR_DAY) {
        due.day = calendar_add_working_days(calendar, start, count, &due.provisional);
        return due;
    }
    due.day = day_clamp(start + (int32_t)count);
    if (rules->calendar_day_rolls) {
        due.day = calendar_next_working_day(calendar, day_clamp(due.day - 1), &due.provisional);
    }
    return due;
}

void deadline_clock_supplement(const struct calendar *calendar, const struct deadline_rules *rules,
                               struct deadline_clock *clock, int32_t notice_day, int32_t day) {
    switch (rules->supplement) {
    case DEADLINE_RESTART:
        *clock = deadline_clock_start(clock->limit, day);
        return;
    case DEADLINE_RESUME: {
        int32_t from = notice_day < clock->base_day ? clock->base_day : notice_day;
        uint32_t days = units_between(calendar, clock->limit.unit, day_clamp(from), day_clamp(day));
        clock->paused = count_clamp((uint64_t)clock->paused + days);
        return;
    }
    }
}

uint32_t deadline_clock_suspend(const struct calendar *calendar, const struct deadline_rules *rules,
                                struct deadline_clock *clock, int32_t from_day,
                                int32_t resume_day) {
    int32_t from = day_clamp(from_day) - 1;
    int32_t base = day_clamp(clock->base_day);
    if (!rules->suspension_stops || from_day > deadline_due(calendar, rules, clock).day) {
        return 0;
    }
    from = from < base ? base : from;
    uint32_t days = units_between(calendar, clock->limit.unit, from, day_clamp(resume_day) - 1);
    clock->paused = count_clamp((uint64_t)clock->paused + days);
    return days;
}

enum deadline_extension deadline_extension_check(const struct calendar *calendar,
                                                 const struct deadline_rules *rules,
                                                 const struct deadline_clock *clock,
                                                 const struct deadline_extension_ask *ask) {
    uint64_t most = (uint64_t)clock->limit.count * rules->extension_percent_max / 100;
    if (ask->days == 0) {
        return DEADLINE_EXTENSION_EMPTY;
    }
    if (ask->granted_count >= rules->extension_count_max) {
        return DEADLINE_EXTENSION_TOO_MANY;
    }
    if ((uint64_t)clock->extended + ask->days > most) {
        return DEADLINE_EXTENSION_TOO_LONG;
    }
    if (rules->extension_before_due && ask->asked_day > deadline_due(calendar, rules, clock).day) {
        return DEADLINE_EXTENSION_TOO_LATE;
    }
    return DEADLINE_EXTENSION_OK;
}

void deadline_clock_extend(struct deadline_clock *clock, uint32_t days) {
    clock->extended = count_clamp((uint64_t)clock->extended + days);
}

struct deadline_due deadline_earlier(struct deadline_due a, struct deadline_due b) {
    if (a.day != b.day) {
        return a.day < b.day ? a : b;
    }
    return a.provisional ? b : a;
}

struct deadline_effective deadline_effective(int32_t printed_day, struct deadline_due recomputed) {
    if (recomputed.day > printed_day) {
        return (struct deadline_effective){printed_day, DEADLINE_HELD_BACK};
    }
    enum deadline_shift shift = recomputed.day < printed_day ? DEADLINE_EARLIER : DEADLINE_SAME;
    return (struct deadline_effective){recomputed.day, shift};
}

struct deadline_urgency deadline_urgency(const struct calendar *calendar,
                                         const struct deadline_rules *rules,
                                         struct deadline_limit limit, int32_t due_day,
                                         int32_t today) {
    due_day = day_clamp(due_day);
    today = day_clamp(today);
    struct deadline_urgency urgency = {
        DEADLINE_GREEN, calendar_working_days_between(calendar, today, due_day, NULL)};
    if (today > due_day) {
        urgency.state = DEADLINE_OVERDUE;
        return urgency;
    }
    uint32_t left = units_between(calendar, limit.unit, today, due_day);
    uint64_t share = ((uint64_t)limit.count * rules->amber_percent + 99) / 100;
    uint64_t amber = share < rules->amber_days_min ? rules->amber_days_min : share;
    if (left <= rules->red_days) {
        urgency.state = DEADLINE_RED;
    } else if (left <= amber) {
        urgency.state = DEADLINE_AMBER;
    }
    return urgency;
}

const char *deadline_state_name(enum deadline_state state) {
    switch (state) {
    case DEADLINE_GREEN:
        return "green";
    case DEADLINE_AMBER:
        return "amber";
    case DEADLINE_RED:
        return "red";
    case DEADLINE_OVERDUE:
        return "overdue";
    }
    return "";
}
