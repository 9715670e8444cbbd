#include "season.h"
#include "verbs.h"

/* What each day brings beside the cases: attendance, duty, the box, the summary. */

enum {
    SIGN_IN = 8 * 60 + 12,
    LATE_IN = 9 * 60 + 5,
    DUTY_FROM = 8 * 60 + 25,
    DUTY_UNTIL = 17 * 60 + 35,
    REST_FROM = 9 * 60,
    REST_UNTIL = 16 * 60,
    BOX = 16 * 60 + 40,
    SUMMARY = 17 * 60 + 40,
    SIGN_OUT = 17 * 60 + 45,
    MORNING = 1,
    PLAN = 9 * 60 + 5
};

static uint32_t slot(const struct season *season, int32_t day, size_t station, uint32_t width)
{
    return (uint32_t)((day - season->first_day + 1) * SEASON_STATIONS + (int32_t)station) * width;
}

uint32_t office_attendance(const struct season *season, int32_t day, size_t station, size_t post)
{
    return RECORD_ATTENDANCE + slot(season, day, station, SEASON_STAFF) + (uint32_t)post;
}

uint32_t office_duty(const struct season *season, int32_t day, size_t station, uint32_t kind)
{
    return RECORD_DUTY + slot(season, day, station, 4) + kind;
}

uint32_t office_report(const struct season *season, int32_t day, size_t station, uint32_t kind)
{
    return RECORD_REPORT + slot(season, day, station, 8) + kind;
}

bool office_away(const struct season *season, size_t station, size_t post, int32_t day)
{
    const struct season_person *person = &season->station[station].person[post];
    for (size_t i = 0; i < person->leave_count; i++) {
        if (person->leave[i].from <= day && day <= person->leave[i].until) {
            return true;
        }
    }
    return false;
}

/* --- attendance --- */

static void sign_in(struct season *season, size_t station, size_t post)
{
    struct town_act act;
    int32_t today = day_of_ms(season->now_ms);
    town_act(&act, WIRE_ATTENDANCE, office_attendance(season, today, station, post), ATTENDANCE_IN);
    act_station(season, station, &season->station[station].person[post], &act);
}

static void sign_out(struct season *season, size_t station, size_t post)
{
    struct town_act act;
    int32_t today = day_of_ms(season->now_ms);
    town_act(&act, WIRE_ATTENDANCE, office_attendance(season, today, station, post),
             ATTENDANCE_OUT);
    act_station(season, station, &season->station[station].person[post], &act);
}

static void find_absent(struct season *season, size_t station, size_t post)
{
    struct town_act act;
    int32_t today = day_of_ms(season->now_ms);
    town_act(&act, WIRE_ATTENDANCE, office_attendance(season, today, station, post),
             ATTENDANCE_ABSENT);
    act_staff(&act, FIELD_staff, 0, &season->station[station].person[post]);
    act_station(season, station, &season->station[station].person[POST_HEAD], &act);
    plant_record(season, PLANT_ABSENT, station, office_attendance(season, today, station, post),
                 &season->station[station].person[post]);
}

static void attend(struct season *season, int32_t day, size_t station, size_t post)
{
    bool late = false;
    if (office_away(season, station, post, day)) {
        return;
    }
    if (post == POST_AGENT && plant_meets(season, PLANT_ABSENT, station, day)) {
        step_at(season, day_ms(day, PLAN + 30), find_absent, station, post);
        return;
    }
    if (post == POST_SECOND && plant_meets(season, PLANT_LATE, station, day)) {
        late = true;
        plant_record(season, PLANT_LATE, station, office_attendance(season, day, station, post),
                     &season->station[station].person[post]);
    }
    step_at(season, day_ms(day, late ? LATE_IN : SIGN_IN), sign_in, station, post);
    step_at(season, day_ms(day, SIGN_OUT), sign_out, station, post);
}

/* --- duty: planned ahead by the head, or by the committee while he is away --- */

static size_t on_duty(const struct season *season, size_t station, int32_t day)
{
    size_t post = (size_t)day % (SEASON_STAFF - 1) + 1;
    while (office_away(season, station, post, day)) {
        post = post % (SEASON_STAFF - 1) + 1;
    }
    return post;
}

static const struct season_person *planner(struct season *season, size_t station)
{
    bool away = office_away(season, station, POST_HEAD, day_of_ms(season->now_ms));
    return &season->station[station].person[away ? POST_WATCH : POST_HEAD];
}

static void plan_one(struct season *season, size_t station, int32_t day, uint32_t kind, size_t post)
{
    struct season_station *at = &season->station[station];
    struct town_act act;
    town_act(&act, WIRE_DUTY, office_duty(season, day, station, kind), DUTY_PLANNED);
    town_number(&act, FIELD_kind, 0, kind);
    town_number(&act, FIELD_from_day, 0, (uint64_t)day);
    act_staff(&act, FIELD_people, 0, &at->person[post]);
    if (kind == DUTY_DAILY) {
        act_staff(&act, FIELD_leader, 0, &at->person[POST_HEAD]);
    }
    town_number(&act, FIELD_half_days, 0, 1);
    if (kind == DUTY_GROUP_LEADERS) {
        town_number(&act, FIELD_half, 0, MORNING);
    }
    act_station(season, station, planner(season, station), &act);
}

static bool leaders_day(int32_t day)
{
    int32_t date = day_in_month(day);
    int32_t first = date <= 15 ? day - date + 1 : day - date + 16;
    while (!day_works(first)) {
        first++;
    }
    return day == first;
}

void office_plan(struct season *season, size_t station, size_t until)
{
    struct season_station *at = &season->station[station];
    for (int32_t day = at->planned_until + 1; day <= (int32_t)until; day++) {
        bool thursday = day_weekday(day) == 4 && day_works(day);
        if (!plant_meets(season, PLANT_NO_ROTA, station, day)) {
            plan_one(season, station, day, DUTY_DAILY, on_duty(season, station, day));
        }
        if (thursday) {
            plan_one(season, station, day, DUTY_GROUP_LEADERS, POST_WATCH);
        }
        if (leaders_day(day)) {
            plan_one(season, station, day, DUTY_LEADERS, POST_WATCH);
        }
    }
    at->planned_until = (int32_t)until;
}

static void duty_write(struct season *season, size_t station, size_t kind, uint64_t verb)
{
    struct town_act act;
    int32_t today = day_of_ms(season->now_ms);
    size_t post = kind == DUTY_DAILY ? on_duty(season, station, today) : POST_WATCH;
    uint32_t number = office_duty(season, today, station, (uint32_t)kind);
    if (!act_find_station(season, station, number, season->record)) {
        return;
    }
    town_act(&act, WIRE_DUTY, number, verb);
    if (kind == DUTY_LEADERS && verb == DUTY_ENDED) {
        town_number(&act, FIELD_solved, 0, 2);
        town_number(&act, FIELD_suggestions, 0, 1);
    }
    act_station(season, station, &season->station[station].person[post], &act);
}

/* Planned, and nobody comes. */
static bool stays_away(struct season *season, size_t station, size_t kind)
{
    enum season_plant_kind what = kind == DUTY_DAILY     ? PLANT_NO_DUTY
                                  : kind == DUTY_LEADERS ? PLANT_NO_LEADER_DUTY
                                                         : PLANT_NO_GROUP_LEADER;
    int32_t today = day_of_ms(season->now_ms);
    return plant_meets(season, what, station, today);
}

static void duty_start(struct season *season, size_t station, size_t kind)
{
    int32_t today = day_of_ms(season->now_ms);
    size_t post = kind == DUTY_DAILY ? on_duty(season, station, today) : POST_WATCH;
    if (stays_away(season, station, kind)) {
        plant_record(season,
                     kind == DUTY_DAILY     ? PLANT_NO_DUTY
                     : kind == DUTY_LEADERS ? PLANT_NO_LEADER_DUTY
                                            : PLANT_NO_GROUP_LEADER,
                     station, office_duty(season, today, station, (uint32_t)kind),
                     &season->station[station].person[post]);
        return;
    }
    duty_write(season, station, kind, DUTY_STARTED);
}

/* Handed to the next one, who does not take it. */
static void duty_offer(struct season *season, size_t station)
{
    struct season_station *at = &season->station[station];
    struct town_act act;
    int32_t today = day_of_ms(season->now_ms);
    size_t post = on_duty(season, station, today);
    uint32_t number = office_duty(season, today, station, DUTY_DAILY);
    town_act(&act, WIRE_DUTY, number, DUTY_HANDED_OVER);
    act_staff(&act, FIELD_receiver, 0, &at->person[post == POST_WATCH ? POST_AGENT : POST_WATCH]);
    act_staff(&act, FIELD_leader, 0, &at->person[POST_HEAD]);
    town_text(&act, FIELD_reason, 0, "ill");
    town_number(&act, FIELD_letters, 0, 1);
    act_station(season, station, &at->person[post], &act);
    plant_record(season, PLANT_DUTY_OFFERED, station, number, &at->person[post]);
}

static void duty_end(struct season *season, size_t station, size_t kind)
{
    int32_t today = day_of_ms(season->now_ms);
    if (stays_away(season, station, kind)) {
        return;
    }
    if (kind == DUTY_DAILY && plant_meets(season, PLANT_DUTY_OFFERED, station, today)) {
        duty_offer(season, station);
        return;
    }
    duty_write(season, station, kind, DUTY_ENDED);
}

static void duty(struct season *season, int32_t day, size_t station)
{
    bool works = day_works(day);
    step_at(season, day_ms(day, works ? DUTY_FROM : REST_FROM), duty_start, station, DUTY_DAILY);
    step_at(season, day_ms(day, works ? DUTY_UNTIL : REST_UNTIL), duty_end, station, DUTY_DAILY);
    if (works && day_weekday(day) == 4) {
        step_at(season, day_ms(day, DUTY_FROM), duty_start, station, DUTY_GROUP_LEADERS);
        step_at(season, day_ms(day, 12 * 60), duty_end, station, DUTY_GROUP_LEADERS);
    }
    if (leaders_day(day)) {
        step_at(season, day_ms(day, DUTY_FROM), duty_start, station, DUTY_LEADERS);
        bool hurries = plant_meets(season, PLANT_SHORT_LEADER_DUTY, station, day);
        step_at(season, day_ms(day, hurries ? 10 * 60 : 14 * 60), duty_end, station, DUTY_LEADERS);
    }
}

/* --- box and summary --- */

static void open_box(struct season *season, size_t station, size_t index)
{
    struct season_station *at = &season->station[station];
    struct town_act act;
    (void)index;
    town_act(&act, WIRE_SUGGESTION,
             RECORD_BOX + slot(season, day_of_ms(season->now_ms), station, 1),
             SUGGESTION_BOX_OPENED);
    act_staff(&act, FIELD_witness, 0, &at->person[POST_SECOND]);
    town_text(&act, FIELD_location, 0, "HALL");
    act_station(season, station, &at->person[POST_HEAD], &act);
}

/* Draws up and signs a report of the days first .. last; the figures are the test's own. */
void office_draw_up(struct season *season, size_t station, uint32_t kind, int32_t first,
                    int32_t last)
{
    struct season_station *at = &season->station[station];
    struct season_totals totals;
    struct town_act act;
    uint32_t number = office_report(season, last, station, kind);
    bool away = office_away(season, station, POST_WINDOW, day_of_ms(season->now_ms));
    const struct season_person *by = &at->person[away ? POST_SECOND : POST_WINDOW];
    if (kind == REPORT_OF_MONTH) {
        by = &at->person[POST_AGENT];
    }
    ledger_totals(season, station, first, last, &totals);
    plant_cook(season, station, kind, last, by, &totals);
    town_act(&act, WIRE_REPORT, number, REPORT_DRAWN_UP);
    town_number(&act, FIELD_kind, 0, kind);
    town_number(&act, FIELD_from_day, 0, (uint64_t)first);
    town_number(&act, FIELD_until_day, 0, (uint64_t)last);
    town_number(&act, FIELD_total_accepted, 0, totals.accepted);
    town_number(&act, FIELD_total_finished, 0, totals.finished);
    town_number(&act, FIELD_total_overdue, 0, totals.overdue);
    town_number(&act, FIELD_total_extended, 0, totals.extended);
    town_number(&act, FIELD_total_complaints, 0, totals.complaints);
    town_number(&act, FIELD_total_rated, 0, totals.rated);
    town_number(&act, FIELD_total_proxy, 0, totals.proxy);
    act_station(season, station, by, &act);
    town_act(&act, WIRE_REPORT, number, REPORT_SIGNED);
    act_station(season, station, &at->person[POST_HEAD], &act);
}

static void sum_up(struct season *season, size_t station, size_t index)
{
    int32_t today = day_of_ms(season->now_ms);
    (void)index;
    office_draw_up(season, station, REPORT_OF_DAY, today, today);
}

static void plan_ahead(struct season *season, size_t station, size_t index)
{
    (void)index;
    int32_t until = day_add(day_of_ms(season->now_ms), 1) + 1;
    office_plan(season, station, (size_t)until);
}

void office_day(struct season *season, int32_t day)
{
    for (size_t i = 0; i < SEASON_STATIONS; i++) {
        duty(season, day, i);
        if (!day_works(day)) {
            continue;
        }
        for (size_t post = 0; post < SEASON_STAFF; post++) {
            attend(season, day, i, post);
        }
        step_at(season, day_ms(day, PLAN), plan_ahead, i, 0);
        step_at(season, day_ms(day, BOX), open_box, i, 0);
        if (!plant_meets(season, PLANT_NO_SUMMARY, i, day)) {
            step_at(season, day_ms(day, SUMMARY), sum_up, i, 0);
        }
    }
}
