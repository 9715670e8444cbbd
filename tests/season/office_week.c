#include "season.h"
#include "verbs.h"

#include <string.h>

/* What weeks, months and the quarter bring: inspections, what is posted, reports, meetings, checks
 * and appraisals. */

enum { INSPECT = 10 * 60, REPORT = 10 * 60 + 30, POST = 8 * 60 + 50, FIX_DAYS = 1, FIX_WITHIN = 4 };

static uint32_t new_number(struct season *season)
{
    return RECORD_OFFICE + ++season->record_number;
}

static const struct season_person *person_of(struct season *season, size_t station, size_t post)
{
    return &season->station[station].person[post];
}

/* --- inspections --- */

static void inspect(struct season *season, size_t station, uint32_t number, uint32_t kind,
                    bool clean)
{
    struct town_act act;
    town_act(&act, WIRE_INSPECTION, number, INSPECTION_DONE);
    town_number(&act, FIELD_kind, 0, kind);
    town_text(&act, FIELD_post, 0, "HALL");
    town_number(&act, FIELD_from_day, 0, (uint64_t)day_of_ms(season->now_ms));
    act_staff(&act, FIELD_handler, 0, person_of(season, station, POST_WINDOW));
    act_staff(&act, FIELD_people, 0, person_of(season, station, POST_HEAD));
    act_staff(&act, FIELD_people, 1, person_of(season, station, POST_WATCH));
    act_staff(&act, FIELD_people, 2, person_of(season, station, POST_AGENT));
    for (uint16_t i = 0; i < INSPECTION_HEADINGS; i++) {
        town_number(&act, FIELD_lines_heading, i, i + 1U);
        town_number(&act, FIELD_lines_answer, i, !clean && i == 3 ? ANSWER_NO : ANSWER_YES);
        if (!clean && i == 3) {
            town_number(&act, FIELD_lines_question, i, 1);
            town_text(&act, FIELD_lines_reason, i, "dust");
        }
    }
    town_number(&act, FIELD_decision, 0, clean ? ANSWER_YES : ANSWER_NO);
    if (!clean) {
        town_number(&act, FIELD_agreed_day, 0,
                    (uint64_t)day_add(day_of_ms(season->now_ms), FIX_WITHIN));
    }
    act_station(season, station, person_of(season, station, POST_HEAD), &act);
}

static void report_inspection(struct season *season, size_t station, size_t number)
{
    struct town_act act;
    town_act(&act, WIRE_INSPECTION, (uint32_t)number, INSPECTION_REPORTED);
    town_text(&act, FIELD_receipt, 0, "M-1");
    act_station(season, station, person_of(season, station, POST_HEAD), &act);
}

static void rectify(struct season *season, size_t station, size_t number)
{
    struct town_act act;
    if (office_away(season, station, POST_WINDOW, day_of_ms(season->now_ms))) {
        step_at(season, day_ms(day_add(day_of_ms(season->now_ms), 1), INSPECT), rectify, station,
                number);
        return;
    }
    town_act(&act, WIRE_INSPECTION, (uint32_t)number, INSPECTION_RECTIFIED);
    town_text(&act, FIELD_result, 0, "cleaned");
    act_station(season, station, person_of(season, station, POST_WINDOW), &act);
    step_at(season, season->now_ms + 1800000, report_inspection, station, number);
}

static void weekly(struct season *season, size_t station, size_t index)
{
    uint32_t number = new_number(season);
    int32_t today = day_of_ms(season->now_ms);
    bool left = plant_meets(season, PLANT_NOT_RECTIFIED, station, today);
    bool clean = !left && !random_chance(&season->random, 80);
    (void)index;
    inspect(season, station, number, INSPECTION_FULL, clean);
    if (clean) {
        step_at(season, season->now_ms + 3600000, report_inspection, station, number);
    } else if (!left) {
        step_at(season, day_ms(day_add(today, FIX_DAYS), INSPECT), rectify, station, number);
    } else {
        plant_record(season, PLANT_NOT_RECTIFIED, station, number, NULL);
    }
}

static void hazards(struct season *season, size_t station, size_t kind)
{
    uint32_t number = new_number(season);
    inspect(season, station, number, (uint32_t)kind, true);
    step_at(season, season->now_ms + 3600000, report_inspection, station, number);
}

/* --- posting last week's attendance --- */

static void post_attendance(struct season *season, size_t station, size_t index)
{
    struct town_act act;
    int32_t monday = day_of_ms(season->now_ms);
    (void)index;
    office_draw_up(season, station, REPORT_OF_ATTENDANCE, monday - 7, monday - 1);
    town_act(&act, WIRE_REPORT, office_report(season, monday - 1, station, REPORT_OF_ATTENDANCE),
             REPORT_POSTED);
    act_station(season, station, person_of(season, station, POST_HEAD), &act);
}

/* --- the monthly report --- */

static void take_report(struct season *season, size_t station, size_t number)
{
    struct town_act act;
    if (!act_find_hub(season, (uint32_t)number, season->record) ||
        season->record->holder != HOLDER_HUB) {
        step_at(season, season->now_ms + 3600000, take_report, station, number);
        return;
    }
    town_act(&act, WIRE_REPORT, (uint32_t)number, REPORT_RECEIVED);
    act_hub(season, &season->hub_person[HUB_OPERATOR], &act);
}

static void monthly(struct season *season, size_t station, size_t last)
{
    struct town_act act;
    int32_t until = (int32_t)last;
    bool late = plant_meets(season, PLANT_LATE_REPORT, station, until);
    uint32_t number = office_report(season, until, station, REPORT_OF_MONTH);
    if (office_away(season, station, POST_AGENT, day_of_ms(season->now_ms))) {
        step_at(season, day_ms(day_add(day_of_ms(season->now_ms), 1), REPORT), monthly, station,
                last);
        return;
    }
    office_draw_up(season, station, REPORT_OF_MONTH, until - day_in_month(until) + 1, until);
    town_act(&act, WIRE_REPORT, number, REPORT_SUBMITTED);
    act_station(season, station, person_of(season, station, POST_AGENT), &act);
    if (late) {
        plant_record(season, PLANT_LATE_REPORT, station, number, NULL);
    }
    step_at(season, season->now_ms + 3600000, take_report, station, number);
}

/* --- the quarter --- */

static void boards(struct season *season, size_t station)
{
    for (uint32_t kind = 1; kind <= BOARD_KINDS; kind++) {
        struct town_act act;
        uint32_t number = new_number(season);
        town_act(&act, WIRE_BOARD, number, BOARD_DRAFTED);
        town_number(&act, FIELD_kind, 0, kind);
        town_bytes(&act, FIELD_hash, 0, signer_key_id_view(season->hub_signer), LIMIT_HASH_SIZE);
        act_station(season, station, person_of(season, station, POST_SECOND), &act);
        town_act(&act, WIRE_BOARD, number, BOARD_POSTED);
        town_text(&act, FIELD_location, 0, "WALL");
        act_station(season, station, person_of(season, station, POST_HEAD), &act);
    }
}

static void devices(struct season *season, size_t station)
{
    struct town_act act;
    uint32_t number = new_number(season);
    season->station[station].device = number;
    town_act(&act, WIRE_EQUIPMENT, number, EQUIPMENT_REGISTERED);
    town_text(&act, FIELD_asset, 0, "PC-1");
    town_text(&act, FIELD_location, 0, "HALL");
    act_staff(&act, FIELD_handler, 0, person_of(season, station, POST_WINDOW));
    act_station(season, station, person_of(season, station, POST_HEAD), &act);
    number = new_number(season);
    town_act(&act, WIRE_CUSTODY, number, CUSTODY_REGISTERED);
    town_number(&act, FIELD_kind, 0, 1);
    town_text(&act, FIELD_asset, 0, "SEAL-1");
    act_staff(&act, FIELD_handler, 0, person_of(season, station, POST_SECOND));
    act_station(season, station, person_of(season, station, POST_HEAD), &act);
    town_act(&act, WIRE_CUSTODY, number, CUSTODY_USED);
    act_staff(&act, FIELD_receiver, 0, person_of(season, station, POST_WINDOW));
    town_text(&act, FIELD_serial, 0, "D-1");
    act_station(season, station, person_of(season, station, POST_SECOND), &act);
}

static void supplies_write(struct season *season, size_t station, size_t post, uint64_t quantity,
                           struct town_act *act)
{
    if (quantity != 0) {
        town_number(act, FIELD_quantity, 0, quantity);
    }
    act_station(season, station, person_of(season, station, post), act);
}

/* F28: bought, asked for, approved, handed out and signed for, counted. */
static void supplies(struct season *season, size_t station)
{
    struct town_act act;
    uint32_t number = new_number(season);
    town_act(&act, WIRE_SUPPLIES, number, SUPPLIES_REGISTERED);
    town_text(&act, FIELD_asset, 0, "A4_PAPER");
    act_staff(&act, FIELD_handler, 0, person_of(season, station, POST_SECOND));
    supplies_write(season, station, POST_HEAD, 2, &act);
    town_act(&act, WIRE_SUPPLIES, number, SUPPLIES_BOUGHT);
    town_text(&act, FIELD_receipt, 0, "B-1");
    supplies_write(season, station, POST_HEAD, 10, &act);
    town_act(&act, WIRE_SUPPLIES, number, SUPPLIES_REQUESTED);
    town_text(&act, FIELD_reason, 0, "work");
    supplies_write(season, station, POST_WINDOW, 4, &act);
    town_act(&act, WIRE_SUPPLIES, number, SUPPLIES_APPROVED);
    supplies_write(season, station, POST_HEAD, 3, &act);
    town_act(&act, WIRE_SUPPLIES, number, SUPPLIES_ISSUED);
    supplies_write(season, station, POST_HEAD, 0, &act);
    town_act(&act, WIRE_SUPPLIES, number, SUPPLIES_RECEIVED);
    supplies_write(season, station, POST_WINDOW, 0, &act);
    town_act(&act, WIRE_SUPPLIES, number, SUPPLIES_COUNTED);
    act_staff(&act, FIELD_witness, 0, person_of(season, station, POST_WINDOW));
    supplies_write(season, station, POST_HEAD, 9, &act);
}

static void begin_quarter(struct season *season, size_t station, size_t index)
{
    (void)index;
    boards(season, station);
    devices(season, station);
    supplies(season, station);
}

static void check_devices(struct season *season, size_t station, size_t index)
{
    struct town_act act;
    (void)index;
    town_act(&act, WIRE_EQUIPMENT, season->station[station].device, EQUIPMENT_CHECKED);
    act_station(season, station, person_of(season, station, POST_HEAD), &act);
}

static void hold_meeting(struct season *season, size_t station, size_t number)
{
    struct town_act act;
    town_act(&act, WIRE_MEETING, (uint32_t)number, MEETING_HELD);
    for (uint16_t i = 0; i < SEASON_STAFF; i++) {
        act_staff(&act, FIELD_people, i, person_of(season, station, i));
    }
    act.sealed_labels = 1U << SEALED_LABEL_MATTER;
    act_station(season, station, person_of(season, station, POST_HEAD), &act);
}

static void call_meeting(struct season *season, size_t station, size_t index)
{
    struct town_act act;
    uint32_t number = new_number(season);
    int32_t day = day_add(day_of_ms(season->now_ms), 3);
    (void)index;
    town_act(&act, WIRE_MEETING, number, MEETING_CALLED);
    town_number(&act, FIELD_agreed_day, 0, (uint64_t)day);
    town_number(&act, FIELD_half_days, 0, 1);
    act_staff(&act, FIELD_cover, 0, person_of(season, station, POST_SECOND));
    act_station(season, station, person_of(season, station, POST_HEAD), &act);
    step_at(season, day_ms(day, 14 * 60), hold_meeting, station, number);
}

static void close_survey(struct season *season, size_t station, size_t number)
{
    struct town_act act;
    town_act(&act, WIRE_SURVEY, (uint32_t)number, SURVEY_CLOSED);
    act_station(season, station, person_of(season, station, POST_HEAD), &act);
    town_act(&act, WIRE_SURVEY, (uint32_t)number, SURVEY_IMPROVED);
    town_text(&act, FIELD_result, 0, "seats");
    act_station(season, station, person_of(season, station, POST_HEAD), &act);
}

static void survey(struct season *season, size_t station, size_t index)
{
    struct town_act act;
    uint32_t number = new_number(season);
    int32_t today = day_of_ms(season->now_ms);
    (void)index;
    town_act(&act, WIRE_SURVEY, number, SURVEY_OPENED);
    town_number(&act, FIELD_from_day, 0, (uint64_t)today);
    town_number(&act, FIELD_until_day, 0, (uint64_t)today + 10);
    town_text(&act, FIELD_serial, 0, "F32-1");
    act_station(season, station, person_of(season, station, POST_HEAD), &act);
    for (uint32_t i = 0; i < 10; i++) {
        town_act(&act, WIRE_SURVEY, number, SURVEY_ANSWERED);
        town_number(&act, FIELD_rating, 0, i % 3 + 1);
        act_station(season, station, person_of(season, station, POST_SECOND), &act);
    }
    step_at(season, day_ms(day_add(today, 9), 15 * 60), close_survey, station, number);
}

static void train(struct season *season, size_t station, size_t index)
{
    struct town_act act;
    uint32_t number = new_number(season);
    const struct season_person *head = person_of(season, station, POST_HEAD);
    int32_t today = day_of_ms(season->now_ms);
    (void)index;
    town_act(&act, WIRE_TRAINING, number, TRAINING_PLANNED);
    town_number(&act, FIELD_kind, 0, 2);
    town_number(&act, FIELD_from_day, 0, (uint64_t)today);
    town_number(&act, FIELD_until_day, 0, (uint64_t)today);
    town_number(&act, FIELD_hours, 0, 4);
    act_station(season, station, head, &act);
    town_act(&act, WIRE_TRAINING, number, TRAINING_HELD);
    for (uint16_t i = 1; i < SEASON_STAFF; i++) {
        act_staff(&act, FIELD_people, (uint16_t)(i - 1), person_of(season, station, i));
    }
    act_station(season, station, head, &act);
    for (uint16_t i = 1; i < SEASON_STAFF; i++) {
        town_act(&act, WIRE_TRAINING, number, TRAINING_EVALUATED);
        act_staff(&act, FIELD_staff, 0, person_of(season, station, i));
        town_number(&act, FIELD_decision, 0, ANSWER_YES);
        act_station(season, station, head, &act);
    }
    town_act(&act, WIRE_TRAINING, number, TRAINING_FILED);
    town_text(&act, FIELD_serial, 0, "T-1");
    act_station(season, station, head, &act);
}

static void read_circular(struct season *season, size_t station, size_t number)
{
    for (size_t i = 0; i < SEASON_STAFF; i++) {
        struct town_act act;
        if (!act_find_station(season, station, (uint32_t)number, season->record)) {
            step_at(season, season->now_ms + 7200000, read_circular, station, number);
            return;
        }
        town_act(&act, WIRE_CIRCULAR, (uint32_t)number, CIRCULAR_READ);
        act_station(season, station, person_of(season, station, i), &act);
    }
}

static void circular(struct season *season, size_t station, size_t index)
{
    struct town_act act;
    uint32_t number = new_number(season);
    (void)index;
    town_act(&act, WIRE_CIRCULAR, number, CIRCULAR_ISSUED);
    town_number(&act, FIELD_kind, 0, 1);
    town_text(&act, FIELD_serial, 0, "C-1");
    town_bytes(&act, FIELD_hash, 0, signer_key_id_view(season->hub_signer), LIMIT_HASH_SIZE);
    town_bytes(&act, FIELD_station, 0, signer_key_id_view(season->station[station].signer),
               LIMIT_KEY_SIZE);
    act_hub(season, &season->hub_person[HUB_LEADER], &act);
    step_at(season, season->now_ms + 3 * 3600000, read_circular, station, number);
}

static void appraise(struct season *season, size_t station, size_t index)
{
    struct town_act act;
    uint32_t number = new_number(season);
    const struct season_person *appraiser = &season->hub_person[HUB_APPRAISER];
    (void)index;
    season->station[station].appraisal = number;
    town_act(&act, WIRE_APPRAISAL, number, APPRAISAL_OPENED);
    town_number(&act, FIELD_kind, 0, 1);
    town_number(&act, FIELD_occasion, 0, 1);
    town_bytes(&act, FIELD_station, 0, signer_key_id_view(season->station[station].signer),
               LIMIT_KEY_SIZE);
    town_number(&act, FIELD_from_day, 0, (uint64_t)season->first_day);
    town_number(&act, FIELD_until_day, 0, (uint64_t)season->last_day);
    act_hub(season, appraiser, &act);
    town_act(&act, WIRE_APPRAISAL, number, APPRAISAL_CLOSED);
    act_hub(season, appraiser, &act);
    town_act(&act, WIRE_APPRAISAL, number, APPRAISAL_PUBLISHED);
    act_hub(season, appraiser, &act);
}

/* --- which day brings which --- */

static void quarter(struct season *season, int32_t day, size_t station)
{
    int32_t first = season->first_day;
    if (day == first) {
        step_at(season, day_ms(day, POST), begin_quarter, station, 0);
    } else if (day == day_add(first, 5) && !plant_meets(season, PLANT_NO_MEETING, station, day)) {
        step_at(season, day_ms(day, REPORT), call_meeting, station, 0);
    } else if (day == day_add(first, 11) && !plant_meets(season, PLANT_NO_HAZARDS, station, day)) {
        step_at(season, day_ms(day, INSPECT), hazards, station, INSPECTION_HAZARDS);
    } else if (day == day_add(first, 14) && !plant_meets(season, PLANT_NO_CHECK, station, day)) {
        step_at(season, day_ms(day, INSPECT), hazards, station, INSPECTION_EQUIPMENT);
    } else if (day == day_add(first, 16)) {
        step_at(season, day_ms(day, REPORT), survey, station, 0);
    } else if (day == day_add(first, 21)) {
        step_at(season, day_ms(day, REPORT), train, station, 0);
    } else if (day == day_add(first, 26)) {
        step_at(season, day_ms(day, REPORT), circular, station, 0);
    } else if (day == day_add(season->last_day, 1)) {
        step_at(season, day_ms(day, INSPECT), check_devices, station, 0);
    } else if (day == day_add(season->last_day, 3)) {
        step_at(season, day_ms(day, INSPECT), appraise, station, 0);
    }
}

static bool first_working_day(int32_t day)
{
    int32_t first = day - day_in_month(day) + 1;
    return day == day_add(first - 1, 1);
}

void office_week(struct season *season, int32_t day)
{
    int32_t monday = day - day_weekday(day) + 1;
    int32_t inspected = day_add(monday, 1); /* the second working day of a plain week */
    for (size_t i = 0; i < SEASON_STATIONS; i++) {
        if (day == inspected && !plant_meets(season, PLANT_NO_INSPECTION, i, day)) {
            step_at(season, day_ms(day, INSPECT), weekly, i, 0);
        }
        if (day == monday && day > season->first_day + 7 &&
            !plant_meets(season, PLANT_NOT_POSTED, i, day)) {
            step_at(season, day_ms(day, POST), post_attendance, i, 0);
        }
        if (day > season->first_day + 7 && first_working_day(day)) {
            int32_t last = day - day_in_month(day);
            int32_t at = plant_meets(season, PLANT_LATE_REPORT, i, last) ? day_add(day, 3) : day;
            if (!plant_meets(season, PLANT_NO_REPORT, i, last)) {
                step_at(season, day_ms(at, REPORT), monthly, i, (size_t)last);
            }
        }
        quarter(season, day, i);
    }
}
