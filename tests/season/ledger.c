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

static void count(uint64_t of_good[2], bool of, bool good)
{
    of_good[0] += of;
    of_good[1] += of && good;
}

static bool in_season(const struct season *season, int32_t day)
{
    return day >= season->first_day && day <= season->end_day;
}

static int32_t day_or_none(uint64_t ms)
{
    return ms == 0 ? 0 : day_of_ms(ms);
}

/* Due days that count: not while the clock stands still, not before the day is over. */
static bool settled(const struct season_case *one, int32_t today)
{
    bool off = one->withdrawn || one->not_accepted || one->suspended_ms != 0;
    return !off && (one->finished_ms != 0 || one->due_day < today);
}

void ledger_rates(const struct season *season, size_t station, struct season_rates *ret)
{
    int32_t today = day_of_ms(season->now_ms);
    memset(ret, 0, sizeof *ret);
    for (uint32_t i = 0; i < season->case_count; i++) {
        const struct season_case *one = &season->cases[i];
        if (one->station != station || one->contact_ms == 0) {
            continue;
        }
        int32_t finished = day_or_none(one->finished_ms);
        int32_t told = day_or_none(one->told_ms);
        bool up =
            in_season(season, one->up_due_day) && (one->up_day != 0 || one->up_due_day < today);
        bool tell =
            in_season(season, one->tell_due_day) && (told != 0 || one->tell_due_day < today);
        count(ret->contacts, true, strcmp(one->path->script, "c") != 0);
        count(ret->on_time, in_season(season, one->due_day) && settled(one, today),
              finished != 0 && finished <= one->due_day);
        count(ret->hand_up, up, one->up_day != 0 && one->up_day <= one->up_due_day);
        count(ret->told, tell, told != 0 && told <= one->tell_due_day);
        count(ret->satisfied, one->rated_ms != 0, one->rating <= 2);
        count(ret->proxy_rated, one->proxy && one->handed_ms != 0, one->rating != 0);
        count(ret->extended, one->accepted_ms != 0, one->extended != 0);
    }
}
