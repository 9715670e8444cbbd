#include "season.h"
#include "verbs.h"

/* What happens seldom: an incident, something found, a call on duty, an outing, and, at the
 * township, what comes of a founded suspicion. */

enum { HOUR = 3600000, INFORMED_HEAD = 1, EVIDENCE = 4, TRIGGER_OVERDUE = 5, EDUCATION = 6 };
enum { INCIDENT_HAZARD = 11, CHANNEL_TELEPHONE = 2, OUTING_MINUTES = 20 };

static uint32_t new_number(struct season *season)
{
    return RECORD_OFFICE + ++season->record_number;
}

static const struct season_person *head_of(struct season *season, size_t station)
{
    return &season->station[station].person[POST_HEAD];
}

static void incident(struct season *season, size_t station, size_t index)
{
    uint32_t number = new_number(season);
    struct town_act act;
    (void)index;
    town_act(&act, WIRE_INCIDENT, number, INCIDENT_REPORTED);
    town_number(&act, FIELD_kind, 0, INCIDENT_HAZARD);
    town_number(&act, FIELD_informed, 0, INFORMED_HEAD);
    town_text(&act, FIELD_location, 0, "HALL");
    act.sealed_labels = 1U << SEALED_LABEL_MATTER;
    act_station(season, station, &season->station[station].person[POST_WATCH], &act);
    town_act(&act, WIRE_INCIDENT, number, INCIDENT_HANDLED);
    town_number(&act, FIELD_informed, 0, INFORMED_ALL);
    town_text(&act, FIELD_result, 0, "repaired");
    act_station(season, station, head_of(season, station), &act);
    town_act(&act, WIRE_INCIDENT, number, INCIDENT_CLOSED);
    town_number(&act, FIELD_informed, 0, INFORMED_ALL);
    act_station(season, station, head_of(season, station), &act);
}

static void found(struct season *season, size_t station, size_t index)
{
    uint32_t number = new_number(season);
    struct town_act act;
    (void)index;
    town_act(&act, WIRE_LOST, number, LOST_FOUND);
    town_text(&act, FIELD_location, 0, "HALL");
    act_staff(&act, FIELD_handler, 0, head_of(season, station));
    act.sealed_labels = 1U << SEALED_LABEL_MATTER;
    act_station(season, station, head_of(season, station), &act);
    town_act(&act, WIRE_LOST, number, LOST_CLAIMED);
    town_number(&act, FIELD_decision, 0, ANSWER_YES);
    act.attestation = ATTESTATION_PAPER;
    act.sealed_labels = 1U << SEALED_LABEL_IDENTITY;
    act_station(season, station, head_of(season, station), &act);
}

static void come_back(struct season *season, size_t station, size_t number)
{
    struct town_act act;
    town_act(&act, WIRE_ATTENDANCE, (uint32_t)number, ATTENDANCE_BACK);
    act_station(season, station, head_of(season, station), &act);
}

static void go_out(struct season *season, size_t station, size_t index)
{
    uint32_t number = office_attendance(season, day_of_ms(season->now_ms), station, POST_HEAD);
    struct town_act act;
    (void)index;
    town_act(&act, WIRE_ATTENDANCE, number, ATTENDANCE_WENT);
    town_text(&act, FIELD_reason, 0, "committee");
    town_number(&act, FIELD_until_ms, 0, season->now_ms + OUTING_MINUTES * 60000);
    act_station(season, station, head_of(season, station), &act);
    step_at(season, season->now_ms + 600000, come_back, station, number);
}

/* The leader's half day: a call comes in. */
static void log_call(struct season *season, size_t station, size_t index)
{
    uint32_t number = office_duty(season, day_of_ms(season->now_ms), station, DUTY_LEADERS);
    struct town_act act;
    (void)index;
    if (!act_find_station(season, station, number, season->record) ||
        season->record->state != DUTY_STATE_RUNNING) {
        return;
    }
    town_act(&act, WIRE_DUTY, number, DUTY_LOGGED);
    town_number(&act, FIELD_channel, 0, CHANNEL_TELEPHONE);
    act.sealed_labels = 1U << SEALED_LABEL_MATTER;
    act_station(season, station, &season->station[station].person[POST_WATCH], &act);
}

/* What was decided about its own record, and no person. */
static void tell_station(struct season *season, size_t station, uint32_t decided, uint32_t about)
{
    struct town_act act;
    town_act(&act, WIRE_ACCOUNTABILITY, new_number(season), ACCOUNTABILITY_TOLD);
    act_record(&act, FIELD_case_record, 0, decided);
    act_record(&act, FIELD_subject, 0, about);
    town_number(&act, FIELD_trigger, 0, TRIGGER_OVERDUE);
    town_number(&act, FIELD_decision, 0, ANSWER_YES);
    town_text(&act, FIELD_serial, 0, "T-1");
    town_bytes(&act, FIELD_station, 0, signer_key_id_view(season->station[station].signer),
               LIMIT_KEY_SIZE);
    act_hub(season, &season->hub_person[HUB_DISCIPLINE], &act);
}

/* An overdue case is looked into; the desk proposes, the discipline organisation decides. */
static void account(struct season *season, size_t station, size_t index)
{
    const struct season_plant *plant = &season->plant[index];
    const struct season_person *desk = &season->hub_person[HUB_DESK];
    const struct season_person *discipline = &season->hub_person[HUB_DISCIPLINE];
    uint32_t number = new_number(season);
    struct town_act act;
    town_act(&act, WIRE_ACCOUNTABILITY, number, ACCOUNTABILITY_SUSPECTED);
    town_number(&act, FIELD_trigger, 0, TRIGGER_OVERDUE);
    town_bytes(&act, FIELD_accused, 0, plant->staff, LIMIT_ID_SIZE);
    act_record(&act, FIELD_subject, 0, plant->record);
    act_hub(season, desk, &act);
    town_act(&act, WIRE_ACCOUNTABILITY, number, ACCOUNTABILITY_INVESTIGATED);
    town_number(&act, FIELD_evidence, 0, EVIDENCE);
    act.sealed_labels = 1U << SEALED_LABEL_MATTER;
    act_hub(season, desk, &act);
    town_act(&act, WIRE_ACCOUNTABILITY, number, ACCOUNTABILITY_PROPOSED);
    town_number(&act, FIELD_decision, 0, ANSWER_YES);
    act.sealed_labels = 1U << SEALED_LABEL_MATTER;
    act_hub(season, desk, &act);
    town_act(&act, WIRE_ACCOUNTABILITY, number, ACCOUNTABILITY_DECIDED);
    town_number(&act, FIELD_decision, 0, ANSWER_YES);
    act.sealed_labels = 1U << SEALED_LABEL_MATTER;
    act_hub(season, discipline, &act);
    town_act(&act, WIRE_ACCOUNTABILITY, number, ACCOUNTABILITY_SANCTIONED);
    town_number(&act, FIELD_sanction, 0, EDUCATION);
    town_text(&act, FIELD_serial, 0, "A-1");
    act_hub(season, discipline, &act);
    tell_station(season, station, number, plant->record);
}

void office_rare(struct season *season, int32_t day)
{
    for (size_t i = 0; i < SEASON_STATIONS && day_works(day); i++) {
        bool mine = (size_t)day % SEASON_STATIONS == i;
        if (mine && !office_away(season, i, POST_HEAD, day)) {
            step_at(season, day_ms(day, 9 * 60 + 12), go_out, i, 0);
        }
        step_at(season, day_ms(day, 9 * 60 + 15), log_call, i, 0);
        if (day == day_add(season->first_day, 7 + (int32_t)i)) {
            step_at(season, day_ms(day, 15 * 60), incident, i, 0);
            step_at(season, day_ms(day, 15 * 60 + 10), found, i, 0);
        }
    }
    for (size_t i = 0; i < season->plant_count && day == day_add(season->first_day, 45); i++) {
        if (season->plant[i].what == PLANT_CASE_LATE) {
            step_at(season, day_ms(day, 10 * 60), account, season->plant[i].station, i);
        }
    }
}
