#include "season.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* jieli_season [--seed S] [--cases N] [--verbose] */

static void exchange(struct season *season, size_t station, size_t index)
{
    (void)index;
    line_exchange(season, station);
}

static void new_cases(struct season *season, int32_t day, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        size_t station = random_below(&season->random, SEASON_STATIONS);
        uint64_t pick = random_below(&season->random, 1000);
        size_t path = 0;
        while (pick >= path_at(path)->weight) {
            pick -= path_at(path++)->weight;
        }
        int32_t minute = (int32_t)random_between(&season->random, 8 * 60 + 40, 16 * 60 + 20);
        (void)matter_open(season, path_at(path), station, day_ms(day, minute));
    }
}

static void live(struct season *season)
{
    int32_t days = day_between(season->first_day - 1, season->last_day);
    uint32_t left = season->case_total;
    for (int32_t day = season->first_day; day <= season->end_day; day++) {
        if (day_works(day) && days > 0 && day <= season->last_day) {
            uint32_t count = left / (uint32_t)days;
            new_cases(season, day, count);
            left -= count;
            days--;
        }
        office_day(season, day);
        office_week(season, day);
        office_rare(season, day);
        voices_day(season, day);
        for (size_t i = 0; i < 5; i++) {
            static const int32_t minutes[] = {8 * 60 + 50, 11 * 60, 13 * 60 + 30, 15 * 60 + 30,
                                              18 * 60};
            for (size_t k = 0; k < SEASON_STATIONS; k++) {
                step_at(season, day_ms(day, minutes[i]), exchange, k, 0);
            }
        }
        step_run(season, day_ms(day + 1, 0));
        line_audit(season);
    }
}

int main(int argc, char **argv)
{
    uint64_t seed = 1;
    uint32_t cases = SEASON_CASES;
    bool verbose = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            seed = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--cases") == 0 && i + 1 < argc) {
            cases = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--verbose") == 0) {
            verbose = true;
        } else {
            (void)fprintf(stderr, "usage: run [--seed S] [--cases N] [--verbose]\n");
            return 2;
        }
    }
    struct season *season = season_found(seed, cases);
    season->verbose = verbose;
    for (size_t i = 0; i < SEASON_STATIONS; i++) {
        line_exchange(season, i);
    }
    plant_all(season);
    people_plan(season);
    outage_plan(season);
    for (size_t i = 0; i < SEASON_STATIONS; i++) {
        season->station[i].planned_until = season->first_day - 1;
        office_plan(season, i, (size_t)season->first_day + 2);
    }
    live(season);
    printf("events %llu, refused %llu, frames %llu, exchanges %llu\n",
           (unsigned long long)season->counts.events, (unsigned long long)season->counts.refused,
           (unsigned long long)season->counts.frames, (unsigned long long)season->counts.exchanges);
    bool good = check_all(season);
    season_close(season);
    return good ? 0 : 1;
}
