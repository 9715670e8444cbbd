#include "matter.h"

#include <string.h>

/* The facts of each letter, and what the test itself expects of them. */

enum { CHANNEL_VISIT = 1, CHANNEL_TELEPHONE = 2 };

/* --- facts of a letter --- */

static void put_materials(struct season *season, const struct season_case *one,
                          struct town_act *act, bool missing)
{
    struct rule_world view;
    const struct world *world = hub_fold(season->hub)->world;
    MUST(world_view(world, world_common_seq(world), 0, 0, &view));
    const struct catalogue_item *item =
        catalogue_item_find(view.catalogue, span_text(one->item->code));
    MUST(item != NULL);
    uint16_t place = 0;
    for (uint32_t i = 0; i < item->material_count; i++) {
        const struct catalogue_material *material = &item->material[i];
        bool shown = material->form == CATALOGUE_SHOWN;
        bool there = !missing || i > 0;
        town_text(act, FIELD_materials_code, place, material->code);
        town_number(act, FIELD_materials_form, place, shown ? 1 : (uint64_t)material->form);
        town_number(act, FIELD_materials_pages, place, material->count);
        town_number(act, FIELD_materials_status, place,
                    !there  ? MATERIAL_STATUS_MISSING
                    : shown ? MATERIAL_STATUS_SHOWN
                            : MATERIAL_STATUS_PRESENT);
        if (!there) {
            town_text(act, FIELD_materials_reason, place, "none");
        }
        place++;
    }
}

static void move_paper(struct town_act *act, enum paper_holder holder)
{
    town_text(act, FIELD_papers_code, 0, "HOUSEHOLD");
    town_number(act, FIELD_papers_holder, 0, holder);
    town_number(act, FIELD_papers_pages, 0, 1);
    act->attestation = ATTESTATION_PAPER;
}

static bool brings_missing(const struct season_case *one)
{
    return strchr(one->path->script, 'n') != NULL;
}

static void fill_intake(struct season *season, struct season_case *one, uint32_t index, char letter,
                        struct town_act *act)
{
    if (letter == 'c') {
        town_number(act, FIELD_channel, 0,
                    one->path->script[1] == 'q' && index % 3 == 0 ? CHANNEL_TELEPHONE
                                                                  : CHANNEL_VISIT);
        town_number(act, FIELD_own_duty, 0, 1);
        town_text(act, FIELD_item, 0, one->item->code);
    } else if (letter == 'q') {
        act->sealed_labels = 1U << SEALED_LABEL_MATTER;
    } else if (letter == 'k') {
        act_record(act, FIELD_case_record, 0, RECORD_CASE + index);
    } else if (letter == 'o' || letter == 'e') {
        town_text(act, FIELD_item, 0, one->item->code);
        town_number(act, FIELD_visits, 0, 1);
        act_record(act, FIELD_contact, 0, RECORD_CONTACT + index);
        put_materials(season, one, act, brings_missing(one));
        act->sealed_labels = 1U << SEALED_LABEL_MATTER | 1U << SEALED_LABEL_IDENTITY;
    } else if (letter == 's') {
        put_materials(season, one, act, false);
        town_number(act, FIELD_visits, 0, one->visits);
        act->attestation = ATTESTATION_PAPER;
    } else if (letter == 'n') {
        put_materials(season, one, act, true);
        act->attestation = ATTESTATION_PAPER;
    } else if (letter == 'x') {
        town_text(act, FIELD_reason, 0, "not-here");
        town_text(act, FIELD_destination, 0, "TAX");
    }
    if (letter == 'e') {
        town_number(act, FIELD_consent, 0, 1);
        move_paper(act, PAPER_HOLDER_AGENT);
    }
}

static void fill_decision(const struct season_case *one, char letter, struct town_act *act)
{
    bool refuses = letter == 'N' || letter == 'r';
    if (letter == 'D' || letter == 'A' || letter == ')' || letter == 'N') {
        town_number(act, FIELD_decision, 0,
                    refuses ? CASE_DECISION_REFUSED : CASE_DECISION_APPROVED);
    }
    if (refuses) {
        town_text(act, FIELD_reason, 0, "law");
        town_number(act, FIELD_remedies, 0, CASE_REMEDY_REVIEW | CASE_REMEDY_LITIGATION);
    }
    if (letter == 'T' || letter == 'd') {
        town_text(act, FIELD_department, 0, one->item->department);
    }
    if (letter == 'R' || letter == '(') {
        town_text(act, FIELD_receipt, 0, "R-1");
    }
}

static void fill_papers(const struct season_case *one, char letter, struct town_act *act)
{
    bool direct = strchr(one->path->script, 'd') != NULL;
    if (!one->proxy) {
        return;
    }
    if (letter == 'u') {
        move_paper(act, PAPER_HOLDER_HUB);
    } else if (letter == 'V') {
        move_paper(act, PAPER_HOLDER_COURIER);
    } else if (letter == 'v' && !direct) {
        move_paper(act, PAPER_HOLDER_AGENT);
    } else if (letter == 'j') {
        move_paper(act, PAPER_HOLDER_APPLICANT);
    }
}

static void fill_side(struct season *season, struct season_case *one, uint32_t index, char letter,
                      struct town_act *act)
{
    if (letter == 'E') {
        town_number(act, FIELD_kind, 0, REQUEST_EXTENSION);
        act_record(act, FIELD_case_record, 0, RECORD_CASE + index);
        town_number(act, FIELD_extension_days, 0, MATTER_EXTENSION_DAYS);
        town_text(act, FIELD_reason, 0, "complex");
    } else if (letter == 'X') {
        act_record(act, FIELD_approval, 0, RECORD_REQUEST + index);
        town_text(act, FIELD_reason, 0, "complex");
        town_number(act, FIELD_extension_days, 0, MATTER_EXTENSION_DAYS);
    } else if (letter == 'H') {
        town_text(act, FIELD_reason, 0, "network");
        town_number(act, FIELD_until_ms, 0, season->now_ms + UINT64_C(86400000));
    } else if (letter == 'K') {
        town_text(act, FIELD_reason, 0, "power");
    } else if (letter == '*') {
        uint8_t corrected[LIMIT_HASH_SIZE] = {1};
        town_bytes(act, FIELD_corrected, 0, corrected, sizeof corrected);
        town_number(act, FIELD_correction, 0, CASE_CORRECTION_DATE);
        town_number(act, FIELD_received_ms, 0, one->received_ms + UINT64_C(5) * 86400000);
        town_text(act, FIELD_reason, 0, "mistake");
        act->attestation = ATTESTATION_PAPER;
    } else if (letter == '^') {
        one->paper_ms = day_ms(day_add(one->base_day, one->limit - 1), 15 * 60);
        one->sheet = 900000;
    } else if (letter == 'W') {
        act->attestation = ATTESTATION_PAPER;
    } else if (letter == 'O') {
        town_text(act, FIELD_lead, 0, "CENTRE");
        town_number(act, FIELD_order, 0, CASE_ORDER_SEQUENCE);
        for (uint16_t i = 0; i < SEASON_TASKS; i++) {
            act_record(act, FIELD_children, i, RECORD_TASK + index * SEASON_TASKS + i);
        }
    } else if (letter == 'g') {
        act_staff(act, FIELD_handler, 0, &season->station[one->station].person[POST_AGENT]);
    } else if (letter == 'S') {
        put_materials(season, one, act, true);
    }
}

static void fill_result(struct season *season, struct season_case *one, char letter,
                        struct town_act *act)
{
    if (letter == 'h' || letter == 'j' || letter == 'm' || letter == 'z') {
        act->attestation = ATTESTATION_PAPER;
        town_text(act, FIELD_serial, 0, letter == 'h' ? "F01-1" : "");
    }
    if (letter == 'z') {
        one->rating = (uint8_t)random_between(&season->random, 1, 3);
        town_number(act, FIELD_rating, 0, one->rating);
    }
    if (letter == 'y') {
        act->sealed_labels = 1U << SEALED_LABEL_MATTER;
    }
}

uint32_t matter_record(const struct letter *letter, uint32_t index)
{
    return letter->payload == WIRE_CONTACT   ? RECORD_CONTACT + index
           : letter->payload == WIRE_REQUEST ? RECORD_REQUEST + index
           : letter->payload == WIRE_TASK    ? RECORD_TASK + index * SEASON_TASKS
                                             : RECORD_CASE + index;
}

void matter_fill(struct season *season, struct season_case *one, uint32_t index,
                 const struct letter *letter, struct town_act *act)
{
    town_act(act, letter->payload, matter_record(letter, index), letter->verb);
    if (letter->payload == WIRE_CASE) {
        town_number(act, FIELD_mode, 0, CASE_MODE_WRITTEN);
    }
    fill_intake(season, one, index, letter->letter, act);
    fill_decision(one, letter->letter, act);
    fill_side(season, one, index, letter->letter, act);
    fill_papers(one, letter->letter, act);
    fill_result(season, one, letter->letter, act);
}

/* --- what the test keeps in mind --- */

static void start_clock(struct season_case *one)
{
    one->base_day = day_of_ms(one->received_ms);
    one->limit = one->item->limit;
    one->extended = 0;
    one->paused = 0;
}

static void print_due(struct season_case *one)
{
    if (one->limit == 0) {
        one->due_day = one->base_day;
        return;
    }
    one->due_day = day_add(one->base_day, one->limit + one->extended + one->paused);
}

static void note_clock(struct season_case *one, char letter, uint64_t now_ms)
{
    int32_t today = day_of_ms(now_ms);
    if (letter == 'o' || letter == 'e' || letter == 's') {
        one->received_ms = now_ms;
    }
    if (letter == 'a' || letter == 'p') {
        one->accepted_ms = now_ms;
    }
    if (letter == 'a' || letter == 'p' || (letter == 's' && one->accepted_ms != 0)) {
        start_clock(one);
        print_due(one);
        one->up_due_day = one->item->forward == 0 ? 0 : day_add(today, one->item->forward);
    } else if (letter == '*') {
        one->received_ms += UINT64_C(5) * 86400000;
        one->base_day = day_of_ms(one->received_ms);
        print_due(one);
    } else if (letter == 'X') {
        one->extended_ms = now_ms;
        one->extended += MATTER_EXTENSION_DAYS;
        print_due(one);
    } else if (letter == 'H' || letter == 'K') {
        one->suspended_ms = now_ms;
    } else if (letter == 'J') {
        int32_t from = day_of_ms(one->suspended_ms);
        from = from > one->base_day ? from : one->base_day + 1;
        one->paused += day_between(from - 1, today - 1);
        print_due(one);
        one->suspended_ms = 0;
    }
}

/* Where a letter leaves the case; those not here leave it where it is. */
static const struct {
    char letter;
    uint16_t state;
} leads_to[] = {
    {'o', CASE_STATE_EXAMINING},
    {'e', CASE_STATE_ENTRUSTED},
    {'n', CASE_STATE_NEED_MATERIALS},
    {'x', CASE_STATE_NOT_ACCEPTED},
    {'a', CASE_STATE_ACCEPTED},
    {'p', CASE_STATE_ACCEPTED},
    {'g', CASE_STATE_PROCESSING},
    {'w', CASE_STATE_PROCESSING},
    {'f', CASE_STATE_FINISHED},
    {'^', CASE_STATE_FINISHED},
    {'r', CASE_STATE_REFUSED},
    {'y', CASE_STATE_ANSWERED},
    {'u', CASE_STATE_REFERRED_UP},
    {'U', CASE_STATE_HUB_PROCESSING},
    {'S', CASE_STATE_RETURNED},
    {'D', CASE_STATE_FINISHED},
    {'N', CASE_STATE_REFUSED},
    {'T', CASE_STATE_REFERRED_DISTRICT},
    {'d', CASE_STATE_REFERRED_DISTRICT},
    {'R', CASE_STATE_DISTRICT_PROCESSING},
    {'(', CASE_STATE_DISTRICT_PROCESSING},
    {'A', CASE_STATE_FINISHED},
    {')', CASE_STATE_RESULT_ON_WAY},
    {'V', CASE_STATE_RESULT_ON_WAY},
    {'v', CASE_STATE_RESULT_AT_STATION},
    {'h', CASE_STATE_HANDED},
    {'j', CASE_STATE_HANDED},
    {'m', CASE_STATE_CONFIRMED},
    {'z', CASE_STATE_RATED},
    {'i', CASE_STATE_ARCHIVED},
    {'H', CASE_STATE_SUSPENDED},
    {'K', CASE_STATE_SUSPENDED},
    {'J', CASE_STATE_PROCESSING},
    {'W', CASE_STATE_WITHDRAWN},
    {'O', CASE_STATE_JOINT},
    {'M', CASE_STATE_FINISHED},
};

static void note_state(struct season_case *one, char letter)
{
    for (size_t i = 0; i < sizeof leads_to / sizeof *leads_to; i++) {
        if (leads_to[i].letter == letter) {
            one->state = leads_to[i].state;
        }
    }
    if (letter == 's') {
        one->state = one->accepted_ms != 0 ? CASE_STATE_ACCEPTED : CASE_STATE_EXAMINING;
    }
}

void matter_note(struct season_case *one, char letter, uint64_t now_ms)
{
    static const char decided[] = "fryDNA)M^";
    note_clock(one, letter, now_ms);
    note_state(one, letter);
    one->contact_ms = letter == 'c' ? now_ms : one->contact_ms;
    one->opened_ms = letter == 'o' || letter == 'e' ? now_ms : one->opened_ms;
    one->notices = (uint8_t)(one->notices + (letter == 'n' || letter == 'S'));
    one->refused = one->refused || letter == 'N' || letter == 'r';
    if (strchr(decided, letter) != NULL) {
        one->finished_ms = now_ms;
    }
    one->withdrawn = one->withdrawn || letter == 'W';
    one->not_accepted = one->not_accepted || letter == 'x';
    one->silent = one->silent || letter == 'K';
    one->rated_ms = letter == 'z' ? now_ms : one->rated_ms;
    if (strchr("f^rv", letter) != NULL) {
        one->tell_due_day = day_add(day_of_ms(now_ms), 1);
    }
    if (letter == 'u' || letter == 'd') {
        one->submitted_ms = now_ms;
        one->up_day = day_of_ms(now_ms);
    } else if (letter == 't' || letter == 'y') {
        one->told_ms = now_ms;
    } else if (letter == 'h' || letter == 'j') {
        one->handed_ms = now_ms;
        one->told_ms = one->told_ms == 0 ? now_ms : one->told_ms;
    }
}

/* --- the parts of a joint case --- */

static void task(struct season *season, const struct season_person *person, uint32_t number,
                 uint64_t verb)
{
    struct town_act act;
    town_act(&act, WIRE_TASK, number, verb);
    if (verb == TASK_RECEIVED) {
        town_text(&act, FIELD_receipt, 0, "R-1");
    }
    act_hub(season, person, &act);
}

static void task_whole(struct season *season, const struct season_person *person, uint32_t number)
{
    task(season, person, number, TASK_RECEIVED);
    task(season, person, number, TASK_FINISHED);
    task(season, person, number, TASK_HANDED_OVER);
}

/* One part after another: each is handed on before the next. */
void matter_tasks(struct season *season, const struct season_person *person, uint32_t index,
                  const struct letter *letter)
{
    static const char *const departments[SEASON_TASKS] = {"PETITION", "JUSTICE"};
    uint32_t first = RECORD_TASK + index * SEASON_TASKS;
    for (uint32_t i = 0; i < SEASON_TASKS && letter->letter == 'P'; i++) {
        struct town_act act;
        town_act(&act, WIRE_TASK, first + i, TASK_OPENED);
        act_record(&act, FIELD_case_record, 0, RECORD_CASE + index);
        town_text(&act, FIELD_department, 0, departments[i]);
        town_number(&act, FIELD_place, 0, i + 1);
        town_number(&act, FIELD_limit_days, 0, 3);
        act_hub(season, person, &act);
    }
    if (letter->letter == 'Q') {
        task_whole(season, person, first);
        task_whole(season, person, first + 1);
    } else if (letter->letter == 'B') {
        task(season, person, first, TASK_RECEIVED);
        task(season, person, first, TASK_FINISHED);
    } else if (letter->letter == 'C') {
        task(season, person, first, TASK_HANDED_OVER);
        task_whole(season, person, first + 1);
    } else if (letter->letter == 'Z') {
        task(season, person, first, TASK_RECEIVED);
    } else if (letter->letter == 'F') {
        task(season, person, first, TASK_FINISHED);
        task(season, person, first, TASK_HANDED_OVER);
        task_whole(season, person, first + 1);
    }
}
