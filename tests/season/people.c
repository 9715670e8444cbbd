#include "season.h"
#include "verbs.h"

/* Leave and who stands in: asked for two days before, granted by the ladder of S3-2, with a letter
 * for the AB post; on the way back the leave and the letter end. */

enum { ASK = 9 * 60 + 20, BEGIN = 8 * 60 + 5, LEAVES_A_PERSON = 3 };

struct absence {
    size_t post;
    size_t cover;
    int32_t from;
    int32_t until;
    uint32_t leave;
    uint32_t letter;
    bool no_cover;
    bool no_letter;
};

enum { ABSENCES = 1024 };
static struct absence absences[ABSENCES];
static size_t absence_count;

static uint64_t half_days(const struct absence *absence)
{
    return 2 * (uint64_t)(absence->until - absence->from + 1);
}

static void leave(struct season *season, size_t station, size_t post, uint32_t number,
                  uint64_t verb)
{
    struct town_act act;
    town_act(&act, WIRE_LEAVE, number, verb);
    act_station(season, station, &season->station[station].person[post], &act);
}

static void letter(struct season *season, size_t station, size_t post,
                   const struct absence *absence, uint64_t verb)
{
    struct season_person *person = season->station[station].person;
    struct town_act act;
    town_act(&act, WIRE_DELEGATION, absence->letter, verb);
    if (verb == DELEGATION_LETTER || absence->no_letter) {
        act_staff(&act, FIELD_principal, 0, &person[absence->post]);
        act_staff(&act, FIELD_delegate, 0, &person[absence->cover]);
        town_number(&act, FIELD_from_day, 0, (uint64_t)absence->from);
        town_number(&act, FIELD_until_day, 0, (uint64_t)absence->until);
        town_text(&act, FIELD_post, 0, "HALL");
        town_number(&act, FIELD_automatic, 0, absence->no_letter ? 1 : 0);
    }
    act_station(season, station, &person[post], &act);
}

static void ask(struct season *season, size_t station, size_t index)
{
    struct absence *absence = &absences[index];
    struct season_person *person = season->station[station].person;
    struct town_act act;
    absence->leave = RECORD_OFFICE + ++season->record_number;
    absence->letter = RECORD_OFFICE + ++season->record_number;
    town_act(&act, WIRE_LEAVE, absence->leave, LEAVE_REQUESTED);
    town_number(&act, FIELD_half_days, 0, half_days(absence));
    town_number(&act, FIELD_from_day, 0, (uint64_t)absence->from);
    town_number(&act, FIELD_until_day, 0, (uint64_t)absence->until);
    town_text(&act, FIELD_reason, 0, "family");
    act_staff(&act, FIELD_cover, 0, &person[absence->cover]);
    act_station(season, station, &person[absence->post], &act);
    if (half_days(absence) > 2) {
        leave(season, station, POST_HEAD, absence->leave, LEAVE_AGREED);
        leave(season, station, POST_WATCH, absence->leave, LEAVE_GRANTED);
    } else {
        leave(season, station, POST_HEAD, absence->leave, LEAVE_GRANTED);
    }
    if (absence->no_cover) {
        plant_record(season, PLANT_NO_COVER, station, absence->leave, &person[absence->post]);
    } else if (!absence->no_letter) {
        letter(season, station, absence->post, absence, DELEGATION_LETTER);
    }
}

static void step_in(struct season *season, size_t station, size_t index)
{
    const struct absence *absence = &absences[index];
    letter(season, station, absence->cover, absence, DELEGATION_BEGUN);
    if (absence->no_letter) {
        plant_record(season, PLANT_NO_LETTER, station, absence->letter,
                     &season->station[station].person[absence->post]);
    }
}

static void come_back(struct season *season, size_t station, size_t index)
{
    const struct absence *absence = &absences[index];
    leave(season, station, absence->post, absence->leave, LEAVE_RETURNED);
    if (!absence->no_cover) {
        letter(season, station, absence->post, absence, DELEGATION_OVER);
    }
}

static bool is_free(const struct season *season, size_t station, int32_t from, int32_t until)
{
    for (size_t post = 0; post < SEASON_STAFF; post++) {
        for (int32_t day = from - 4; day <= until + 2; day++) {
            if (office_away(season, station, post, day)) {
                return false;
            }
        }
    }
    return true;
}

/* Who is to do something wrong in those days must be there. */
static bool is_needed(const struct season *season, size_t station, const struct absence *absence)
{
    for (size_t i = 0; i < season->plant_count; i++) {
        const struct season_plant *plant = &season->plant[i];
        if (plant->station == station && plant->post == absence->post &&
            absence->from <= plant->day && plant->day <= absence->until) {
            return true;
        }
    }
    return false;
}

static void plan_one(struct season *season, size_t station, const struct absence *wanted)
{
    size_t index = absence_count++;
    struct season_person *person = &season->station[station].person[wanted->post];
    MUST(index < ABSENCES && person->leave_count < SEASON_LEAVES);
    absences[index] = *wanted;
    person->leave[person->leave_count++] = (struct season_leave){wanted->from, wanted->until};
    int32_t asked = wanted->from - 1;
    while (!day_works(asked) || asked > wanted->from - 2) {
        asked--;
    }
    step_at(season, day_ms(asked, ASK), ask, station, index);
    if (!wanted->no_cover) {
        step_at(season, day_ms(wanted->from, BEGIN), step_in, station, index);
    }
    step_at(season, day_ms(day_add(wanted->until, 1), BEGIN), come_back, station, index);
}

static void plan_planted(struct season *season, size_t station)
{
    static const enum season_plant_kind kinds[] = {PLANT_NO_COVER, PLANT_NO_LETTER};
    for (size_t i = 0; i < season->plant_count; i++) {
        const struct season_plant *plant = &season->plant[i];
        struct absence absence = {.post = plant->post,
                                  .cover = plant->post == POST_WINDOW ? POST_SECOND : POST_WINDOW,
                                  .from = plant->day,
                                  .until = plant->day,
                                  .no_cover = plant->what == kinds[0],
                                  .no_letter = plant->what == kinds[1]};
        if (plant->station == station && (plant->what == kinds[0] || plant->what == kinds[1])) {
            plan_one(season, station, &absence);
        }
    }
}

void people_plan(struct season *season)
{
    static const size_t posts[] = {POST_WINDOW, POST_SECOND, POST_AGENT};
    static const size_t covers[] = {POST_SECOND, POST_WINDOW, POST_SECOND};
    absence_count = 0;
    for (size_t station = 0; station < SEASON_STATIONS; station++) {
        plan_planted(season, station);
        for (size_t i = 0; i < LEAVES_A_PERSON * 3; i++) {
            struct absence absence = {.post = posts[i % 3], .cover = covers[i % 3]};
            absence.from =
                day_add(season->first_day, (int32_t)random_between(&season->random, 6, 55));
            absence.until = absence.from;
            if (random_chance(&season->random, 400) && day_works(absence.from + 1)) {
                absence.until++;
            }
            if (is_free(season, station, absence.from, absence.until) &&
                !is_needed(season, station, &absence)) {
                plan_one(season, station, &absence);
            }
        }
    }
}
