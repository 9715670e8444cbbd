#include "season.h"
#include "verbs.h"

#include <stdlib.h>
#include <string.h>

/* The misdeeds: read from plants.def, looked up by those who would else do right, and remembered
 * with the record that shows each. */

struct planted { /* NOLINT(clang-analyzer-optin.performance.Padding): as the rows read */
    const char *finding;
    enum season_plant_kind what;
    size_t station;
    size_t post;
    int32_t working_day; /* of the quarter, from 1 */
};

static const struct planted planted[] = {
#define PLANT(finding_, what_, station_, post_, day_)                                              \
    {(finding_), PLANT_##what_, (station_), (post_), (day_)},
#include "plants.def"
#undef PLANT
};

/* Cases that go wrong: a path of their own. */
struct planted_path {
    enum season_plant_kind what;
    const char *path;
};

static const struct planted_path planted_paths[] = {
    {PLANT_CASE_LATE, "finished late"},
    {PLANT_CASE_LEFT, "never finished"},
    {PLANT_SAT_ON_IT, "handed up late"},
    {PLANT_TOLD_LATE, "told late"},
    {PLANT_SECOND_NOTICE, "told twice"},
    {PLANT_MANY_VISITS, "many visits"},
    {PLANT_CONTACT_LEFT, "left standing"},
    {PLANT_SUSPENDED_SILENT, "suspended in silence"},
    {PLANT_CASE_BACK_DATED, "back-dated"},
    {PLANT_CASE_REDATED, "given a new date"},
    {PLANT_JOINT_LATE, "joint part handed on late"},
    {PLANT_JOINT_OVERDUE, "joint part overdue"},
};

void plant_add(struct season *season, const struct season_plant *plant)
{
    if (season->plant_count == season->plant_capacity) {
        season->plant_capacity = season->plant_capacity * 2 + 64;
        season->plant = realloc(season->plant, season->plant_capacity * sizeof *season->plant);
        MUST(season->plant != NULL);
    }
    season->plant[season->plant_count++] = *plant;
}

static void plant_case(struct season *season, struct season_plant *plant)
{
    bool at_hub = plant->post == POST_HUB;
    for (size_t i = 0; i < sizeof planted_paths / sizeof *planted_paths; i++) {
        if (planted_paths[i].what != plant->what) {
            continue;
        }
        uint32_t index =
            matter_plant(season, planted_paths[i].path, plant->station,
                         at_hub ? POST_WINDOW : plant->post, day_ms(plant->day, 9 * 60 + 25));
        plant->done = true;
        plant->record = RECORD_CASE + index;
        if (plant->what == PLANT_CONTACT_LEFT) {
            plant->record = RECORD_CONTACT + index;
        } else if (at_hub) {
            plant->record = RECORD_TASK + index * SEASON_TASKS;
            memcpy(plant->staff, season->hub_person[HUB_OPERATOR].staff, LIMIT_ID_SIZE);
        }
    }
}

void plant_all(struct season *season)
{
    for (size_t i = 0; i < sizeof planted / sizeof *planted; i++) {
        struct season_plant plant = {.finding = planted[i].finding,
                                     .what = planted[i].what,
                                     .station = planted[i].station,
                                     .post = planted[i].post};
        plant.day = day_add(season->first_day - 1, planted[i].working_day);
        if (plant.post < SEASON_STAFF) {
            memcpy(plant.staff, season->station[plant.station].person[plant.post].staff,
                   LIMIT_ID_SIZE);
        }
        plant.done = plant.what == PLANT_FOLLOWS;
        plant_case(season, &plant);
        plant_add(season, &plant);
    }
}

/* Weekly things go wrong in the week of that day, monthly ones in its month. */
static bool same_time(enum season_plant_kind what, int32_t a, int32_t b)
{
    bool week = what == PLANT_NO_INSPECTION || what == PLANT_NOT_POSTED ||
                what == PLANT_NOT_RECTIFIED || what == PLANT_NO_GROUP_LEADER;
    bool month = what == PLANT_LATE_REPORT || what == PLANT_NO_REPORT || what == PLANT_COOKED;
    bool quarter = what == PLANT_NO_MEETING || what == PLANT_NO_HAZARDS || what == PLANT_NO_CHECK;
    if (what == PLANT_NO_LEADER_DUTY || what == PLANT_SHORT_LEADER_DUTY) {
        return day_month(a) == day_month(b) && (day_in_month(a) > 15) == (day_in_month(b) > 15);
    }
    if (week) {
        return a - day_weekday(a) == b - day_weekday(b);
    }
    return quarter || (month ? day_month(a) == day_month(b) : a == b);
}

bool plant_meets(struct season *season, enum season_plant_kind what, size_t station, int32_t day)
{
    bool meets = false;
    for (size_t i = 0; i < season->plant_count; i++) {
        struct season_plant *plant = &season->plant[i];
        if (plant->what == what && plant->station == station && same_time(what, plant->day, day)) {
            plant->done =
                plant->done || plant->post == POST_NOBODY || what == PLANT_SHORT_LEADER_DUTY;
            meets = true;
        }
    }
    return meets;
}

void plant_record(struct season *season, enum season_plant_kind what, size_t station,
                  uint32_t record, const struct season_person *person)
{
    int32_t today = day_of_ms(season->now_ms);
    struct season_plant *nearest = NULL;
    for (size_t i = 0; i < season->plant_count; i++) {
        struct season_plant *plant = &season->plant[i];
        if (plant->what != what || plant->station != station || plant->record != 0) {
            continue;
        }
        if (nearest == NULL || abs(plant->day - today) < abs(nearest->day - today)) {
            nearest = plant;
        }
    }
    MUST(nearest != NULL);
    for (size_t i = 0; i < season->plant_count; i++) {
        struct season_plant *plant = &season->plant[i];
        if (plant->what == what && plant->station == station && plant->record == 0 &&
            plant->day == nearest->day && (plant == nearest || what == PLANT_ABSENT)) {
            plant->record = record;
            plant->done = true;
            if (person != NULL) {
                memcpy(plant->staff, person->staff, LIMIT_ID_SIZE);
            }
        }
    }
}

void plant_cook(struct season *season, size_t station, uint32_t kind, int32_t last,
                const struct season_person *by, struct season_totals *totals)
{
    enum season_plant_kind what = kind == REPORT_OF_MONTH ? PLANT_COOKED
                                  : kind == REPORT_OF_DAY ? PLANT_COOKED_DAY
                                                          : PLANT_NONE;
    if (what == PLANT_NONE || !plant_meets(season, what, station, last)) {
        return;
    }
    totals->finished += 7;
    plant_record(season, what, station, office_report(season, last, station, kind), by);
}

/* Handed up in time and accepted late: the line was dead, and the finding must say so. */
void plant_links(struct season *season)
{
    for (uint32_t i = 0; i < season->case_count; i++) {
        const struct season_case *one = &season->cases[i];
        bool in_time = one->up_day != 0 && one->up_day <= one->up_due_day;
        if (in_time && one->up_leaf_day > one->up_due_day) {
            struct season_plant plant = {.finding = "late-by-link",
                                         .station = one->station,
                                         .day = one->up_due_day + 1,
                                         .record = RECORD_CASE + i,
                                         .done = true,
                                         .link = true};
            plant_add(season, &plant);
        }
    }
}
