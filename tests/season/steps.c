#include "season.h"

#include <stdlib.h>

/* What is to be done, by time: a heap; of equal times the first asked for comes first. */

static bool earlier(const struct season_step *a, const struct season_step *b)
{
    return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->order < b->order);
}

static void swap(struct season_step *a, struct season_step *b)
{
    struct season_step step = *a;
    *a = *b;
    *b = step;
}

void step_at(struct season *season, uint64_t at_ms, season_do what, size_t station, size_t index)
{
    if (season->step_count == season->step_capacity) {
        season->step_capacity = season->step_capacity * 2 + 1024;
        season->step = realloc(season->step, season->step_capacity * sizeof *season->step);
        MUST(season->step != NULL);
    }
    size_t at = season->step_count++;
    season->step[at] = (struct season_step){at_ms, season->order++, what, station, index};
    while (at > 0 && earlier(&season->step[at], &season->step[(at - 1) / 2])) {
        swap(&season->step[at], &season->step[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

static struct season_step pop(struct season *season)
{
    struct season_step *step = season->step;
    struct season_step first = step[0];
    step[0] = step[--season->step_count];
    size_t at = 0;
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < season->step_count;
             child++) {
            least = earlier(&step[child], &step[least]) ? child : least;
        }
        if (least == at) {
            return first;
        }
        swap(&step[at], &step[least]);
        at = least;
    }
}

/* Nothing is done while there is no power; who comes is written down. */
static void wait_for_light(struct season *season, const struct season_step *step)
{
    const struct season_station *at = &season->station[step->station];
    uint64_t light_ms = step->at_ms;
    for (size_t i = 0; i < at->dark_count; i++) {
        if (step->at_ms >= at->dark[i].from_ms && step->at_ms < at->dark[i].until_ms) {
            light_ms = at->dark[i].until_ms;
        }
    }
    if (step->what == matter_step) {
        matter_paper(season, step->station, step->index);
    }
    step_at(season, light_ms + random_between(&season->random, 2, 15) * 60000, step->what,
            step->station, step->index);
}

void step_run(struct season *season, uint64_t until_ms)
{
    while (season->step_count > 0 && season->step[0].at_ms <= until_ms) {
        struct season_step step = pop(season);
        season->now_ms = step.at_ms > season->now_ms ? step.at_ms : season->now_ms;
        if (matter_dark(season, step.station)) {
            wait_for_light(season, &step);
            continue;
        }
        step.what(season, step.station, step.index);
    }
    season->now_ms = until_ms > season->now_ms ? until_ms : season->now_ms;
}
