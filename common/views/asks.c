#include "views/inside.h"

#include <string.h>

/* What indicators and findings ask that no list of tests can say. */

enum { MS_IN_A_MINUTE = 60 * 1000 };

bool views_state_is(const struct record *record, const char *name)
{
    return strcmp(rule_state_name(record->machine, record->state), name) == 0;
}

/* Filed without an end: withdrawn, or not accepted. */
bool views_clock_is_off(const struct record *record)
{
    bool filed =
        views_state_is(record, "archived") && !values_has(&record->facts, FIELD_finished_ms);
    return filed || views_state_is(record, "suspended") || views_state_is(record, "returned") ||
           views_state_is(record, "withdrawn") || views_state_is(record, "not_accepted");
}

/* Answered, told where, a case, or taken over by who it was handed to (2.3). */
bool views_ask_disposed(const struct views_look *look, const struct record *record)
{
    struct span receiver = values_bytes(&record->facts, FIELD_receiver, 0);
    struct span handler = values_bytes(&record->facts, FIELD_handler, 0);
    (void)look;
    if (views_state_is(record, "offered")) {
        return false;
    }
    return !views_state_is(record, "open") || (receiver.size != 0 && span_equal(receiver, handler));
}

/* Kept or missed, or its day is over. */
bool views_ask_appointment_over(const struct views_look *look, const struct record *record)
{
    return values_has(&record->facts, FIELD_finished_ms) ||
           views_day(record, FIELD_agreed_ms) < look->today;
}

bool views_ask_within_duration(const struct views_look *look, const struct record *record)
{
    uint64_t agreed = values_number(&record->facts, FIELD_agreed_ms, 0);
    uint64_t finished = values_number(&record->facts, FIELD_finished_ms, 0);
    uint64_t most = (uint64_t)policy_get_count(look->source->policy, POLICY_APPOINTMENT_DURATION) *
                    MS_IN_A_MINUTE;
    return finished <= agreed || finished - agreed <= most;
}

bool views_ask_one_notice(const struct views_look *look, const struct record *record)
{
    return values_number(&record->facts, FIELD_deficiency_count, 0) <=
           policy_get_count(look->source->policy, POLICY_NOTIFY_NOTICES_MAX);
}

bool views_ask_few_visits(const struct views_look *look, const struct record *record)
{
    return values_number(&record->facts, FIELD_visits, 0) <=
           policy_get_count(look->source->policy, POLICY_NOTIFY_VISITS_MAX);
}

static bool is_over(const struct views_look *look, const struct record *record, enum field done,
                    enum field due)
{
    return values_has(&record->facts, done) || views_day(record, due) < look->today;
}

bool views_ask_hand_up_over(const struct views_look *look, const struct record *record)
{
    return !views_clock_is_off(record) &&
           is_over(look, record, FIELD_handed_up_ms, FIELD_report_up_due_day);
}

bool views_ask_reply_over(const struct views_look *look, const struct record *record)
{
    return !views_state_is(record, "out_of_scope") && !views_state_is(record, "suggestion") &&
           is_over(look, record, FIELD_told_ms, FIELD_due_day);
}

bool views_ask_tell_over(const struct views_look *look, const struct record *record)
{
    return is_over(look, record, FIELD_told_ms, FIELD_tell_due_day);
}

static bool is_old(const struct views_look *look, const struct record *record, bool catalogue)
{
    const struct views_source *source = look->source;
    enum field field = catalogue ? FIELD_catalogue_edition : FIELD_policy_edition;
    uint64_t edition = values_number(&record->facts, field, 0);
    int32_t since = edition == 0 || source->edition_since == NULL
                        ? 0
                        : source->edition_since(source->context, catalogue, edition + 1);
    struct deadline_rules rules = deadline_rules_of_policy(source->policy);
    struct deadline_clock clock =
        deadline_clock_start(policy_limit(source->policy, POLICY_EDITION_LIMIT), since);
    return since != 0 &&
           views_day(record, FIELD_opened_ms) > deadline_due(source->calendar, &rules, &clock).day;
}

/* Opened under an edition although the next one had long been in force. */
bool views_ask_old_edition(const struct views_look *look, const struct record *record)
{
    return is_old(look, record, false) || is_old(look, record, true);
}

int32_t views_event_day(const struct views_look *look, const struct views_event *event)
{
    uint64_t latest = event->accepted_ms == 0 ? look->source->now_ms : event->accepted_ms;
    uint64_t ms = event->kept_ms < event->seen_ms ? event->seen_ms : event->kept_ms;
    return civil_day_of_ms(ms > latest ? latest : ms);
}
