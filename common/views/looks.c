#include "views/known.h"

#include <string.h>

/* What the rows of findings.def ask beyond their tests. */

static uint64_t number_of(const struct record *record, enum field field)
{
    return values_number(&record->facts, field, 0);
}

/* --- tests --- */

/* Handed up late by legal time, or not at all although the day is over. */
bool views_ask_hand_up_late(const struct views_look *look, const struct record *record)
{
    bool waits = views_state_is(record, "accepted") || views_state_is(record, "processing");
    return values_has(&record->facts, FIELD_late_up_ms) ||
           (waits && !values_has(&record->facts, FIELD_handed_up_ms) &&
            views_day(record, FIELD_report_up_due_day) < look->today);
}

/* Taken up above after the day, or not yet: worth looking at the events. */
bool views_ask_received_late(const struct views_look *look, const struct record *record)
{
    int32_t received = views_day(record, FIELD_received_hub_ms);
    int32_t due = views_day(record, FIELD_report_up_due_day);
    return (received == 0 ? look->today : received) > due;
}

static bool done_late(const struct views_look *look, const struct record *record, enum field done,
                      enum field due)
{
    int32_t day = views_day(record, done);
    return (day == 0 ? look->today : day) > views_day(record, due);
}

bool views_ask_told_late(const struct views_look *look, const struct record *record)
{
    return done_late(look, record, FIELD_told_ms, FIELD_tell_due_day);
}

bool views_ask_reply_late(const struct views_look *look, const struct record *record)
{
    return !views_state_is(record, "out_of_scope") && !views_state_is(record, "suggestion") &&
           done_late(look, record, FIELD_told_ms, FIELD_due_day);
}

bool views_ask_unfixed(const struct views_look *look, const struct record *record)
{
    return !views_state_is(record, "planned") && !views_state_is(record, "clean") &&
           done_late(look, record, FIELD_fixed_ms, FIELD_due_day);
}

/* No resume time was told, or it is over, and nobody was invited. */
bool views_ask_silent(const struct views_look *look, const struct record *record)
{
    return number_of(record, FIELD_until_ms) == 0 ||
           views_day(record, FIELD_until_ms) < look->today;
}

static const struct catalogue_item *item_of(const struct views_look *look,
                                            const struct record *record)
{
    struct span code = values_bytes(&record->facts, FIELD_item, 0);
    return code.size == 0 ? NULL : catalogue_item_find(look->source->catalogue, code);
}

bool views_ask_extra_material(const struct views_look *look, const struct record *record)
{
    const struct catalogue_item *item = item_of(look, record);
    uint16_t count = values_places(&record->facts, FIELD_materials_code);
    for (uint16_t i = 0; item != NULL && i < count; i++) {
        struct span code = values_bytes(&record->facts, FIELD_materials_code, i);
        if (code.size != 0 && catalogue_material_find(item, code) == NULL) {
            return true;
        }
    }
    return false;
}

bool views_ask_no_basis(const struct views_look *look, const struct record *record)
{
    const struct catalogue_item *item = item_of(look, record);
    return item != NULL && item->kind == CATALOGUE_APPROVAL && item->basis[0] == 0;
}

/* Not attitude, not fees: those are findings of their own. */
bool views_ask_other_fault(const struct views_look *look, const struct record *record)
{
    enum { ATTITUDE = 1, FEES = 4 };
    uint64_t scope = number_of(record, FIELD_scope);
    (void)look;
    return scope != ATTITUDE && scope != FEES;
}

/* --- looks --- */

/* What was handed up in time and is late above is no fault of the station. */
VIEWS_LOOK_OF(overdue)
{
    int32_t up_day = views_day(record, FIELD_handed_up_ms);
    bool up = up_day != 0 && up_day <= views_day(record, FIELD_report_up_due_day);
    (void)known;
    if (up && !views_state_is(record, "accepted") && !views_state_is(record, "processing")) {
        struct span above = values_bytes(&record->facts, FIELD_decider, 0);
        memset(finding->station, 0, sizeof finding->station);
        memset(finding->staff, 0, sizeof finding->staff);
        if (above.size == LIMIT_ID_SIZE) {
            memcpy(finding->staff, above.data, above.size);
        }
    }
    visit(context, finding);
}

VIEWS_LOOK_OF(late_hand_up)
{
    uint64_t last = number_of(record, FIELD_handed_up_ms);
    uint16_t count = values_places(&record->facts, FIELD_late_up_ms);
    int32_t due = views_day(record, FIELD_report_up_due_day);
    for (uint16_t i = 0; i < count; i++) {
        uint64_t up_ms = values_number(&record->facts, FIELD_late_up_ms, i);
        /* Of an earlier round only the day of handing up is known. */
        finding->day = up_ms == last ? due + 1 : civil_day_of_ms(up_ms);
        visit(context, finding);
    }
    if (last == 0 && due < known->look.today &&
        (views_state_is(record, "accepted") || views_state_is(record, "processing"))) {
        finding->day = due + 1;
        visit(context, finding);
    }
}

struct hand_up {
    const struct rule_machine *machine;
    const uint8_t *station;
    struct views_event newest;
    bool found;
};

static bool verb_is(const struct rule_machine *machine, uint16_t verb, const char *name)
{
    for (const struct rule_name *at = machine->verbs; at->name != NULL; at++) {
        if (at->number == verb) {
            return strcmp(at->name, name) == 0;
        }
    }
    return false;
}

static bool take_hand_up(void *context, const struct views_event *event)
{
    struct hand_up *hand_up = context;
    if (verb_is(hand_up->machine, event->verb, "submitted_up") ||
        verb_is(hand_up->machine, event->verb, "submitted_district")) {
        /* The station's newest: it counts anew after a supplement, and the hub sends on to the
         * district what the station had handed up. */
        bool own = memcmp(event->device, hand_up->station, LIMIT_KEY_SIZE) == 0;
        hand_up->newest = own ? *event : hand_up->newest;
        hand_up->found = hand_up->found || own;
    }
    return true;
}

/* Kept in time by a clock that no checkpoint contradicts, and in the log only after the day. */
VIEWS_LOOK_OF(late_by_link)
{
    const struct views_source *source = known->look.source;
    struct hand_up hand_up = {.machine = rule_machine(MACHINE_CASE), .station = record->station};
    int32_t due = views_day(record, FIELD_report_up_due_day);
    source->events(source->context, record->id, take_hand_up, &hand_up);
    const struct views_event *event = &hand_up.newest;
    int32_t accepted = !hand_up.found || event->accepted_ms == 0
                           ? known->look.today
                           : civil_day_of_ms(event->accepted_ms);
    if (hand_up.found && event->kept_ms >= event->seen_ms &&
        civil_day_of_ms(event->kept_ms) <= due && accepted > due) {
        memset(finding->staff, 0, sizeof finding->staff);
        visit(context, finding);
    }
}

static bool is_covered(const struct views_known *known, const uint8_t *staff, int32_t day)
{
    for (size_t i = 0; i < known->cover_count; i++) {
        const struct views_cover *cover = &known->cover[i];
        if (memcmp(cover->staff, staff, LIMIT_ID_SIZE) == 0 && cover->from_day <= day &&
            day <= cover->until_day) {
            return true;
        }
    }
    return false;
}

/* The first working day away that is over and that nobody covered. */
VIEWS_LOOK_OF(ab_gap)
{
    int32_t until =
        record->machine == MACHINE_LEAVE ? views_day(record, FIELD_until_day) : finding->day;
    for (int32_t day = finding->day; day <= until && day < known->look.today; day++) {
        if (calendar_is_working_day(known->look.source->calendar, day, NULL) &&
            !is_covered(known, finding->staff, day)) {
            finding->day = day;
            visit(context, finding);
            return;
        }
    }
}

VIEWS_LOOK_OF(changed)
{
    (void)known;
    (void)record;
    finding->what = "dueDay";
    finding->claimed = number_of(record, FIELD_due_day);
    finding->recomputed =
        values_number(&record->facts, FIELD_lapsed_due_day,
                      (uint16_t)(values_places(&record->facts, FIELD_lapsed_due_day) - 1));
    visit(context, finding);
}

struct back_entry {
    int32_t due;
    int32_t paper_day;
    struct views_event event;
    bool found;
};

static bool take_back_entry(void *context, const struct views_event *event)
{
    struct back_entry *entry = context;
    if (event->paper_ms != 0 && civil_day_of_ms(event->paper_ms) <= entry->due &&
        civil_day_of_ms(event->kept_ms) > entry->due) {
        entry->found = true;
        entry->event = *event;
        entry->paper_day = civil_day_of_ms(event->paper_ms);
    }
    return true;
}

/* Paper of a day without any outage that makes an overdue case one in time. */
VIEWS_LOOK_OF(back_entered)
{
    const struct views_source *source = known->look.source;
    struct back_entry entry = {.due = views_day(record, FIELD_due_day)};
    source->events(source->context, record->id, take_back_entry, &entry);
    for (size_t i = 0; i < known->outage_count; i++) {
        const struct views_outage *outage = &known->outage[i];
        if (memcmp(outage->station, record->station, LIMIT_KEY_SIZE) == 0 &&
            outage->from_day <= entry.paper_day && entry.paper_day <= outage->until_day) {
            return;
        }
    }
    if (entry.found) {
        memcpy(finding->staff, entry.event.staff, sizeof finding->staff);
        memcpy(finding->event[0], entry.event.id, sizeof finding->event[0]);
        finding->event_count = 1;
        finding->day = views_event_day(&known->look, &entry.event);
        visit(context, finding);
    }
}

VIEWS_LOOK_OF(report)
{
    const struct views_report *report = views_known_report(known, record->id);
    for (size_t i = 0; report != NULL && i < VIEWS_FIGURES; i++) {
        if (report->claimed[i] != report->recomputed[i]) {
            finding->what = views_figure_name(i);
            finding->claimed = report->claimed[i];
            finding->recomputed = report->recomputed[i];
            visit(context, finding);
        }
    }
}
