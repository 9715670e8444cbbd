#include "season.h"

#include <string.h>

/* The test's own count of what a report must say. */

static bool within(uint64_t ms, int32_t first, int32_t last)
{
    int32_t day = ms == 0 ? 0 : day_of_ms(ms);
    return day >= first && day <= last;
}

/* Overdue by the end of the day before today. */
bool ledger_late(const struct season_case *one, int32_t today)
{
    if (one->due_day == 0 || one->withdrawn) {
        return false;
    }
    if (one->finished_ms != 0) {
        return day_of_ms(one->finished_ms) > one->due_day;
    }
    return today > one->due_day && !one->silent && one->suspended_ms == 0;
}

void ledger_totals(const struct season *season, size_t station, int32_t first, int32_t last,
                   struct season_totals *ret)
{
    int32_t today = day_of_ms(season->now_ms);
    memset(ret, 0, sizeof *ret);
    for (uint32_t i = 0; i < season->case_count; i++) {
        const struct season_case *one = &season->cases[i];
        if (one->station != station || one->opened_ms == 0) {
            continue;
        }
        ret->accepted += within(one->accepted_ms, first, last);
        ret->finished += within(one->finished_ms, first, last);
        ret->extended += within(one->extended_ms, first, last);
        ret->rated += within(one->rated_ms, first, last);
        ret->proxy += one->proxy && within(one->accepted_ms, first, last);
        ret->overdue +=
            ledger_late(one, today) && one->due_day + 1 >= first && one->due_day + 1 <= last;
    }
    for (size_t i = 0; i < season->complaint_count; i++) {
        ret->complaints += season->complaint[i].station == station &&
                           season->complaint[i].day >= first && season->complaint[i].day <= last;
    }
}
