#include "season.h"
#include "verbs.h"

/* Power cuts, when cases are taken in on numbered sheets and entered afterwards, and days on which
 * the line is dead, when work goes on and only the hub does not hear of it. */

enum { DARK_FROM = 9 * 60 + 40, DARK_MAX = 4 * 60, ENTER_MINUTES = 50 };

static void begin_outage(struct season *season, size_t station, size_t kind)
{
    struct season_station *at = &season->station[station];
    struct town_act act;
    at->outage = RECORD_OFFICE + ++season->record_number;
    town_act(&act, WIRE_OUTAGE, at->outage, OUTAGE_BEGUN);
    town_number(&act, FIELD_kind, 0, kind);
    if (kind == OUTAGE_POWER) {
        at->first_sheet += SEASON_SHEETS;
        at->sheets = 0;
        town_number(&act, FIELD_first_sheet, 0, at->first_sheet);
        town_number(&act, FIELD_last_sheet, 0, at->first_sheet + SEASON_SHEETS - 1);
    }
    act_station(season, station, &at->person[POST_HEAD], &act);
}

static void end_outage(struct season *season, size_t station, size_t index)
{
    struct season_station *at = &season->station[station];
    struct town_act act;
    (void)index;
    town_act(&act, WIRE_OUTAGE, at->outage, OUTAGE_ENDED);
    act_station(season, station, &at->person[POST_HEAD], &act);
}

static void close_outage(struct season *season, size_t station, size_t index)
{
    struct season_station *at = &season->station[station];
    struct town_act act;
    (void)index;
    town_act(&act, WIRE_OUTAGE, at->outage, OUTAGE_CLOSED);
    act_station(season, station, &at->person[POST_HEAD], &act);
}

/* Which case came from which sheet is known by then; the sheets left over are void. */
static void redeem(struct season *season, size_t station, size_t left)
{
    struct season_station *at = &season->station[station];
    struct town_act act;
    bool used[SEASON_SHEETS] = {false};
    for (uint32_t i = 0; i < season->case_count; i++) {
        const struct season_case *one = &season->cases[i];
        if (one->station != station || one->sheet < at->first_sheet ||
            one->sheet >= at->first_sheet + SEASON_SHEETS) {
            continue;
        }
        town_act(&act, WIRE_OUTAGE, at->outage, OUTAGE_REDEEMED);
        town_number(&act, FIELD_first_sheet, 0, one->sheet);
        act_record(&act, FIELD_subject, 0, RECORD_CONTACT + i);
        act_station(season, station, &at->person[POST_WINDOW + one->sheet % 2], &act);
        used[one->sheet - at->first_sheet] = true;
    }
    for (uint32_t i = 0; i < SEASON_SHEETS; i++) {
        if (!used[i] && (left == 0 || i + 3 < SEASON_SHEETS)) {
            town_act(&act, WIRE_OUTAGE, at->outage, OUTAGE_VOIDED);
            town_number(&act, FIELD_first_sheet, 0, at->first_sheet + i);
            town_text(&act, FIELD_reason, 0, "unused");
            act_station(season, station, &at->person[POST_WINDOW], &act);
        }
    }
    if (left == 0) {
        close_outage(season, station, 0);
    } else {
        plant_record(season, PLANT_SHEETS_LEFT, station, at->outage, NULL);
    }
}

static void plan_dark(struct season *season, size_t station, int32_t day, bool left)
{
    struct season_station *at = &season->station[station];
    uint64_t from = day_ms(day, DARK_FROM + (int32_t)random_below(&season->random, 60));
    uint64_t until = from + (60 + random_below(&season->random, DARK_MAX - 60)) * 60000;
    MUST(at->dark_count < SEASON_LINKS);
    at->dark[at->dark_count++] = (struct season_cut){from, until};
    step_at(season, from - 60000, begin_outage, station, OUTAGE_POWER);
    step_at(season, until, end_outage, station, 0);
    step_at(season, until + (uint64_t)ENTER_MINUTES * 60000, redeem, station, left ? 1 : 0);
}

static void plan_cut(struct season *season, size_t station, int32_t day)
{
    struct season_station *at = &season->station[station];
    int32_t length = (int32_t)random_between(&season->random, 1, 3);
    uint64_t from = day_ms(day, 9 * 60 + (int32_t)random_below(&season->random, 400));
    uint64_t until = day_ms(day_add(day, length), 9 * 60 + 30);
    MUST(at->cut_count < SEASON_LINKS);
    at->cut[at->cut_count++] = (struct season_cut){from, until};
    step_at(season, from + 60000, begin_outage, station, OUTAGE_NETWORK);
    step_at(season, until + 60000, end_outage, station, 0);
    step_at(season, until + 120000, close_outage, station, 0);
}

static bool plain_day(const struct season *season, size_t station, int32_t day)
{
    return day_works(day) && !office_away(season, station, POST_HEAD, day) &&
           !office_away(season, station, POST_WINDOW, day) &&
           !office_away(season, station, POST_SECOND, day);
}

/* One of the two a fortnight, never two at a time. */
/* A case entered afterwards as if it had been in time: with an outage then nobody could know. */
static bool is_back_dated(const struct season *season, size_t station, int32_t day)
{
    enum { DAYS = 30 };
    for (size_t i = 0; i < season->plant_count; i++) {
        const struct season_plant *plant = &season->plant[i];
        if (plant->what == PLANT_CASE_BACK_DATED && plant->station == station &&
            plant->day <= day && day <= plant->day + DAYS) {
            return true;
        }
    }
    return false;
}

void outage_plan(struct season *season)
{
    for (size_t station = 0; station < SEASON_STATIONS; station++) {
        const struct season_plant *planted = NULL;
        for (size_t i = 0; i < season->plant_count; i++) {
            const struct season_plant *plant = &season->plant[i];
            if (plant->what == PLANT_SHEETS_LEFT && plant->station == station) {
                planted = plant;
                plan_dark(season, station, plant->day, true);
            }
        }
        for (int32_t fortnight = 0; fortnight < 6; fortnight++) {
            int32_t day = day_add(season->first_day,
                                  fortnight * 10 + (int32_t)random_between(&season->random, 2, 5));
            bool near = planted != NULL && day > planted->day - 8 && day < planted->day + 8;
            if (!plain_day(season, station, day) || near ||
                is_back_dated(season, station, day)) {
                continue;
            }
            if (fortnight % 2 == (int32_t)station % 2) {
                plan_cut(season, station, day);
            } else {
                plan_dark(season, station, day, false);
            }
        }
    }
}
