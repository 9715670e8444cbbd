#include "season.h"
#include "verbs.h"

#include <stdlib.h>

/* What people say and ask for: complaints, suggestions, appointments. */

enum { HOUR = 3600000, SCOPE_ATTITUDE = 1, SCOPE_EFFICIENCY = 2, SCOPE_FEE = 4 };
enum { CHANNEL_TELEPHONE = 2, BY_TELEPHONE = 3 };
enum { EVIDENCE_WINDOW = 2, EVIDENCE_RECORDS = 4, FOLLOW_UP_DAYS = 18 };

/* A complaint on its way; index of a step. */
struct voice {
    size_t post;
    uint64_t scope;
    uint32_t record;
    bool founded;
    bool left;
    bool late; /* answered after its day */
};

enum { VOICES = 2048 };
static struct voice voices[VOICES];
static size_t voice_count;

static size_t new_voice(struct season *season, const struct voice *voice)
{
    MUST(voice_count < VOICES);
    voices[voice_count] = *voice;
    voices[voice_count].record = RECORD_OFFICE + ++season->record_number;
    return voice_count++;
}

static size_t present(const struct season *season, size_t station, size_t post)
{
    static const size_t other[] = {[POST_HEAD] = POST_WATCH,
                                   [POST_WINDOW] = POST_SECOND,
                                   [POST_SECOND] = POST_WINDOW,
                                   [POST_AGENT] = POST_SECOND,
                                   [POST_WATCH] = POST_HEAD};
    return office_away(season, station, post, day_of_ms(season->now_ms)) ? other[post] : post;
}

static const struct season_person *person_of(struct season *season, size_t station, size_t post)
{
    return &season->station[station].person[present(season, station, post)];
}

/* --- complaints: taken at the station, raised to the township's discipline --- */

static void hub_act(struct season *season, const struct voice *voice, enum season_hub_post post,
                    struct town_act *act, uint64_t verb)
{
    struct town_act empty;
    if (act == NULL) {
        act = &empty;
        town_act(act, WIRE_COMPLAINT, voice->record, verb);
    }
    act_hub(season, &season->hub_person[post], act);
}

static void file_complaint(struct season *season, size_t station, size_t index)
{
    const struct voice *voice = &voices[index];
    struct town_act act;
    (void)station;
    town_act(&act, WIRE_COMPLAINT, voice->record, COMPLAINT_FOLLOWED_UP);
    town_number(&act, FIELD_opinion, 0, 1);
    hub_act(season, voice, HUB_DESK, &act, 0);
    town_act(&act, WIRE_COMPLAINT, voice->record, COMPLAINT_FILED);
    town_text(&act, FIELD_serial, 0, "D-1");
    hub_act(season, voice, HUB_DESK, &act, 0);
}

static void answer_complaint(struct season *season, size_t station, size_t index)
{
    const struct voice *voice = &voices[index];
    struct town_act act;
    int32_t today = day_of_ms(season->now_ms);
    town_act(&act, WIRE_COMPLAINT, voice->record, COMPLAINT_DECIDED);
    town_number(&act, FIELD_decision, 0, voice->founded ? ANSWER_YES : ANSWER_NO);
    if (voice->founded) {
        town_text(&act, FIELD_result, 0, "criticised");
        town_number(&act, FIELD_agreed_day, 0, (uint64_t)today + 5);
    }
    hub_act(season, voice, HUB_DISCIPLINE, &act, 0);
    town_act(&act, WIRE_COMPLAINT, voice->record, COMPLAINT_REPLIED);
    town_number(&act, FIELD_mode, 0, BY_TELEPHONE);
    act.sealed_labels = 1U << SEALED_LABEL_MATTER;
    hub_act(season, voice, HUB_DISCIPLINE, &act, 0);
    if (voice->founded) {
        hub_act(season, voice, HUB_DISCIPLINE, NULL, COMPLAINT_RECTIFIED);
    }
    step_at(season, day_ms(day_add(today, FOLLOW_UP_DAYS), 10 * 60), file_complaint, station,
            index);
}

static void investigate(struct season *season, size_t station, size_t index)
{
    const struct voice *voice = &voices[index];
    struct town_act act;
    if (!act_find_hub(season, voice->record, season->record) ||
        season->record->holder != HOLDER_HUB) {
        step_at(season, season->now_ms + HOUR, investigate, station, index);
        return;
    }
    if (!day_works(day_of_ms(season->now_ms)) || day_minute(season->now_ms) > 16 * 60) {
        step_at(season, day_ms(day_add(day_of_ms(season->now_ms), 1), 9 * 60), investigate, station,
                index);
        return;
    }
    town_act(&act, WIRE_COMPLAINT, voice->record, COMPLAINT_REGISTERED);
    town_number(&act, FIELD_scope, 0, voice->scope);
    town_number(&act, FIELD_mode, 0, BY_TELEPHONE);
    hub_act(season, voice, HUB_DESK, &act, 0);
    hub_act(season, voice, HUB_DESK, NULL, COMPLAINT_TAKEN_UP);
    town_act(&act, WIRE_COMPLAINT, voice->record, COMPLAINT_EVIDENCE);
    town_number(&act, FIELD_evidence, 0, EVIDENCE_WINDOW | EVIDENCE_RECORDS);
    act.sealed_labels = 1U << SEALED_LABEL_MATTER;
    hub_act(season, voice, HUB_DESK, &act, 0);
    if (voice->late) {
        plant_record(season, PLANT_COMPLAINT_LATE, station, voice->record,
                     &season->hub_person[HUB_DESK]);
    }
    step_at(season, season->now_ms + (voice->late ? UINT64_C(100) : 1) * HOUR, answer_complaint,
            station, index);
}

static void complain(struct season *season, size_t station, size_t index)
{
    struct voice *voice = &voices[index];
    struct town_act act;
    const struct season_person *taker = &season->station[station].person[POST_WATCH];
    town_act(&act, WIRE_COMPLAINT, voice->record, COMPLAINT_RECEIVED);
    town_number(&act, FIELD_channel, 0, CHANNEL_TELEPHONE);
    town_number(&act, FIELD_mode, 0, BY_TELEPHONE);
    act_staff(&act, FIELD_accused, 0, &season->station[station].person[voice->post]);
    act.sealed_labels = 1U << SEALED_LABEL_MATTER | 1U << SEALED_LABEL_IDENTITY;
    act_station(season, station, taker, &act);
    if (season->complaint_count == season->complaint_capacity) {
        season->complaint_capacity = season->complaint_capacity * 2 + 64;
        season->complaint =
            realloc(season->complaint, season->complaint_capacity * sizeof *season->complaint);
        MUST(season->complaint != NULL);
    }
    season->complaint[season->complaint_count++] =
        (struct season_complaint){(uint8_t)station, day_of_ms(season->now_ms)};
    if (voice->left) {
        plant_record(season, PLANT_COMPLAINT_LEFT, station, voice->record, NULL);
        return;
    }
    town_act(&act, WIRE_COMPLAINT, voice->record, COMPLAINT_RAISED);
    town_text(&act, FIELD_reason, 0, "X11");
    act_station(season, station, taker, &act);
    if (voice->founded) {
        plant_record(season,
                     voice->scope == SCOPE_ATTITUDE ? PLANT_COMPLAINT_ATTITUDE
                     : voice->scope == SCOPE_FEE    ? PLANT_COMPLAINT_FEES
                                                    : PLANT_COMPLAINT_DELAY,
                     station, voice->record, &season->station[station].person[voice->post]);
    }
    step_at(season, season->now_ms + HOUR, investigate, station, index);
}

static void planted_complaint(struct season *season, const struct season_plant *plant)
{
    struct voice voice = {.post = plant->post, .scope = SCOPE_EFFICIENCY, .founded = true};
    if (plant->what == PLANT_COMPLAINT_ATTITUDE) {
        voice.scope = SCOPE_ATTITUDE;
    } else if (plant->what == PLANT_COMPLAINT_FEES) {
        voice.scope = SCOPE_FEE;
    } else if (plant->what == PLANT_COMPLAINT_LEFT) {
        voice.founded = false;
        voice.left = true;
    } else if (plant->what == PLANT_COMPLAINT_LATE) {
        voice = (struct voice){.post = POST_WINDOW, .scope = SCOPE_EFFICIENCY, .late = true};
    } else if (plant->what != PLANT_COMPLAINT_DELAY) {
        return;
    }
    step_at(season, day_ms(plant->day, 9 * 60 + 30), complain, plant->station,
            new_voice(season, &voice));
}

/* --- suggestions --- */

static void improve(struct season *season, size_t station, size_t index)
{
    struct town_act act;
    const struct season_person *head = &season->station[station].person[POST_HEAD];
    town_act(&act, WIRE_SUGGESTION, voices[index].record, SUGGESTION_IMPROVED);
    town_text(&act, FIELD_result, 0, "seats");
    act_station(season, station, head, &act);
    town_act(&act, WIRE_SUGGESTION, voices[index].record, SUGGESTION_CLOSED);
    act_station(season, station, head, &act);
}

static void reply(struct season *season, size_t station, size_t index)
{
    struct town_act act;
    town_act(&act, WIRE_SUGGESTION, voices[index].record, SUGGESTION_REPLIED);
    town_number(&act, FIELD_mode, 0, BY_TELEPHONE);
    act.sealed_labels = 1U << SEALED_LABEL_MATTER;
    act_station(season, station, &season->station[station].person[POST_HEAD], &act);
    step_at(season, day_ms(day_add(day_of_ms(season->now_ms), 1), 15 * 60), improve, station,
            index);
}

static void suggest(struct season *season, size_t station, size_t index)
{
    struct town_act act;
    town_act(&act, WIRE_SUGGESTION, voices[index].record, SUGGESTION_RECEIVED);
    town_number(&act, FIELD_channel, 0, 1);
    act.sealed_labels = 1U << SEALED_LABEL_MATTER;
    act_station(season, station, person_of(season, station, POST_SECOND), &act);
    step_at(season, season->now_ms + HOUR, reply, station, index);
}

/* --- appointments --- */

static void keep(struct season *season, size_t station, size_t index)
{
    struct town_act act;
    bool missed = voices[index].left;
    town_act(&act, WIRE_APPOINTMENT, voices[index].record,
             missed ? APPOINTMENT_MISSED_BY_US : APPOINTMENT_KEPT);
    if (missed) {
        town_text(&act, FIELD_reason, 0, "forgot");
    }
    act_station(season, station, &season->station[station].person[voices[index].post], &act);
}

static void make_appointment(struct season *season, size_t station, size_t index)
{
    struct voice *voice = &voices[index];
    struct town_act act;
    int32_t day = day_add(day_of_ms(season->now_ms), 1);
    uint64_t at_ms = day_ms(day, 15 * 60);
    bool forgotten = voice->scope != 0;
    while (!forgotten && office_away(season, station, voice->post, day)) {
        day = day_add(day, 1);
        at_ms = day_ms(day, 15 * 60);
    }
    town_act(&act, WIRE_APPOINTMENT, voice->record, APPOINTMENT_REQUESTED);
    town_number(&act, FIELD_channel, 0, CHANNEL_TELEPHONE);
    town_text(&act, FIELD_item, 0, "I06");
    town_number(&act, FIELD_agreed_ms, 0, at_ms);
    act.sealed_labels = 1U << SEALED_LABEL_IDENTITY;
    act_station(season, station, person_of(season, station, POST_WINDOW), &act);
    if (forgotten) {
        plant_record(season, PLANT_APPOINTMENT_LEFT, station, voice->record, NULL);
        return;
    }
    town_act(&act, WIRE_APPOINTMENT, voice->record, APPOINTMENT_ASSIGNED);
    act_staff(&act, FIELD_handler, 0, &season->station[station].person[voice->post]);
    act_station(season, station, &season->station[station].person[POST_HEAD], &act);
    if (voice->left) {
        plant_record(season, PLANT_APPOINTMENT_MISSED, station, voice->record,
                     &season->station[station].person[voice->post]);
    }
    step_at(season, at_ms + (voice->left ? HOUR : 5 * 60000), keep, station, index);
}

static void planted_appointment(struct season *season, const struct season_plant *plant)
{
    struct voice voice = {.post = plant->post};
    if (plant->what == PLANT_APPOINTMENT_MISSED) {
        voice.left = true;
    } else if (plant->what == PLANT_APPOINTMENT_LEFT) {
        voice.scope = 1;
    } else {
        return;
    }
    step_at(season, day_ms(plant->day, 9 * 60), make_appointment, plant->station,
            new_voice(season, &voice));
}

/* --- a day --- */

void voices_day(struct season *season, int32_t day)
{
    bool late = day > season->last_day - 14; /* follow-up visits must still come */
    voice_count = day == season->first_day ? 0 : voice_count;
    for (size_t i = 0; i < season->plant_count && day == season->first_day; i++) {
        planted_complaint(season, &season->plant[i]);
        planted_appointment(season, &season->plant[i]);
    }
    for (size_t station = 0; station < SEASON_STATIONS && day_works(day); station++) {
        struct voice voice = {.post = POST_WINDOW + random_below(&season->random, 2)};
        uint64_t at_ms = day_ms(day, 9 * 60 + (int32_t)random_below(&season->random, 360));
        if (!late && random_chance(&season->random, 80)) {
            voice.scope = random_between(&season->random, 1, 5);
            step_at(season, at_ms, complain, station, new_voice(season, &voice));
        }
        voice.scope = 0;
        if (!late && random_chance(&season->random, 60)) {
            step_at(season, at_ms, suggest, station, new_voice(season, &voice));
        }
        if (!late && random_chance(&season->random, 400)) {
            step_at(season, at_ms, make_appointment, station, new_voice(season, &voice));
        }
    }
}
