#include "forms/inside.h"

#include <string.h>

/* Facts, days, people and words. */

static const struct values no_facts;

bool forms_is_verb(enum machine_id machine, uint16_t verb, const char *verbs)
{
    const struct rule_machine *table = rule_machine(machine);
    for (const struct rule_name *name = table == NULL ? NULL : table->verbs;
         name != NULL && name->name != NULL; name++) {
        size_t size = strlen(name->name);
        if (name->number != verb) {
            continue;
        }
        for (const char *at = verbs; (at = strstr(at, name->name)) != NULL; at += size) {
            bool begins = at == verbs || at[-1] == ' ';
            if (begins && (at[size] == 0 || at[size] == ' ')) {
                return true;
            }
        }
    }
    return false;
}

const struct forms_event *forms_newest(const struct forms_work *work, const char *verbs)
{
    const struct forms_input *input = work->input;
    if (verbs[0] == 0 || input->record == NULL) {
        return work->cited;
    }
    for (size_t i = input->event_count; i-- > 0;) {
        if (forms_is_verb(input->record->machine, input->events[i].verb, verbs)) {
            return &input->events[i];
        }
    }
    return NULL;
}

const struct values *forms_facts(const struct forms_work *work, enum field field)
{
    const struct forms_input *input = work->input;
    if (work->cited != NULL && values_has(work->cited->facts, field)) {
        return work->cited->facts;
    }
    if (input->record != NULL && values_has(&input->record->facts, field)) {
        return &input->record->facts;
    }
    for (size_t i = input->event_count; i-- > 0;) {
        if (values_has(input->events[i].facts, field)) {
            return input->events[i].facts;
        }
    }
    return &no_facts;
}

uint64_t forms_number(const struct forms_work *work, enum field field)
{
    return values_number(forms_facts(work, field), field, 0);
}

struct span forms_bytes(const struct forms_work *work, enum field field)
{
    return values_bytes(forms_facts(work, field), field, 0);
}

/* A derived fact is the record's alone. */
static uint64_t record_number_of(const struct forms_work *work, enum field field)
{
    const struct record *record = work->input->record;
    return record == NULL ? 0 : values_number(&record->facts, field, 0);
}

FORMS_MAKER(number)
{
    (void)number;
    (void)text;
    forms_put_text(work, work->input->number);
}

FORMS_MAKER(fact)
{
    (void)text;
    struct span bytes = forms_bytes(work, (enum field)number);
    const char *words = forms_code(bytes, work->input->english);
    if (words[0] != 0) {
        forms_put_text(work, words);
    } else {
        forms_put(work, bytes);
    }
}

FORMS_MAKER(count)
{
    (void)text;
    if (values_has(forms_facts(work, (enum field)number), (enum field)number)) {
        forms_put_number(work, forms_number(work, (enum field)number));
    }
}

/* A sum of the record: none is 0. */
FORMS_MAKER(total)
{
    (void)text;
    forms_put_number(work, record_number_of(work, (enum field)number));
}

FORMS_MAKER(day)
{
    (void)text;
    forms_put_day(work, forms_number(work, (enum field)number));
}

FORMS_MAKER(time)
{
    (void)text;
    forms_put_time(work, forms_number(work, (enum field)number));
}

FORMS_MAKER(staff)
{
    (void)text;
    forms_put_staff(work, forms_bytes(work, (enum field)number));
}

FORMS_MAKER(phone_of)
{
    const struct forms_world *world = &work->input->world;
    const struct values *facts = forms_facts(work, (enum field)number);
    uint16_t count = values_places(facts, (enum field)number);
    (void)text;
    for (uint16_t i = 0; i < count && world->staff_phone != NULL; i++) {
        char phone[FORMS_NAME_SIZE] = "";
        struct span staff = values_bytes(facts, (enum field)number, i);
        if (staff.size == LIMIT_ID_SIZE) {
            world->staff_phone(world->context, staff.data, phone);
        }
        forms_put_text(work, phone[0] == 0 || forms_is_empty(work) ? "" : "、");
        forms_put_text(work, phone);
    }
}

FORMS_MAKER(people)
{
    const struct values *facts = forms_facts(work, (enum field)number);
    uint16_t count = values_places(facts, (enum field)number);
    (void)text;
    for (uint16_t i = 0; i < count; i++) {
        forms_put_text(work, i == 0 ? "" : "、");
        forms_put_staff(work, values_bytes(facts, (enum field)number, i));
    }
}

FORMS_MAKER(other)
{
    (void)text;
    forms_put_record(work, forms_bytes(work, (enum field)number));
}

FORMS_MAKER(word)
{
    (void)text;
    enum field field = (enum field)(number & 0xffff);
    forms_put_text(work,
                   forms_word(work, (enum views_words)(number >> 16), forms_number(work, field)));
}

FORMS_MAKER(bits)
{
    (void)text;
    uint64_t bits = forms_number(work, (enum field)(number & 0xffff));
    for (unsigned i = 0; i < 16; i++) {
        const char *word = (bits >> i & 1) == 0 ? ""
                                                : forms_word(work, (enum views_words)(number >> 16),
                                                             (uint64_t)1 << i);
        if (word[0] != 0) {
            forms_put_text(work, forms_is_empty(work) ? "" : "、");
            forms_put_text(work, word);
        }
    }
}

FORMS_MAKER(yes)
{
    (void)text;
    if (forms_number(work, (enum field)number) != 0) {
        forms_put_text(work, work->input->english ? "yes" : "是");
    }
}

FORMS_MAKER(days)
{
    (void)text;
    if (forms_number(work, (enum field)number) != 0) {
        forms_put_number(work, forms_number(work, (enum field)number));
        forms_put_text(work, work->input->english ? " working days" : " 个工作日");
    }
}

FORMS_MAKER(half_days)
{
    uint64_t halves = forms_number(work, FIELD_half_days);
    (void)number;
    (void)text;
    if (halves != 0) {
        forms_put_number(work, halves / 2);
        forms_put_text(work, halves % 2 != 0 ? ".5" : "");
        forms_put_text(work, work->input->english ? " days" : " 天");
    }
}

FORMS_MAKER(days_between)
{
    uint64_t from = forms_number(work, FIELD_from_day);
    uint64_t until = forms_number(work, FIELD_until_day);
    (void)number;
    (void)text;
    if (from == 0 && work->cited != NULL) {
        from = (uint64_t)civil_day_of_ms(work->cited->time_ms); /* at once */
    }
    forms_put_day(work, from);
    if (until == 0) {
        forms_put_text(work, work->input->english ? " on" : " 起");
    } else if (until != from) {
        forms_put_text(work, work->input->english ? " to " : " 至 ");
        forms_put_day(work, until);
    }
}

FORMS_MAKER(done_at)
{
    const struct forms_event *event = forms_newest(work, text);
    (void)number;
    forms_put_time(work, event == NULL ? 0 : event->time_ms);
}

FORMS_MAKER(done_day)
{
    const struct forms_event *event = forms_newest(work, text);
    (void)number;
    forms_put_day(work, event == NULL ? 0 : (uint64_t)civil_day_of_ms(event->time_ms));
}

FORMS_MAKER(done_by)
{
    static const uint8_t device[LIMIT_ID_SIZE];
    const struct forms_event *event = forms_newest(work, text);
    (void)number;
    if (event == NULL) {
        return;
    }
    if (memcmp(event->staff, device, sizeof device) == 0) {
        forms_put_text(work, work->input->english ? "the system" : "系统");
    } else {
        forms_put_staff(work, span_of(event->staff, LIMIT_ID_SIZE));
    }
}

FORMS_MAKER(state)
{
    const struct record *record = work->input->record;
    (void)number;
    (void)text;
    if (record != NULL) {
        forms_put_text(work, work->input->english ? rule_state_name(record->machine, record->state)
                                                  : rule_state_zh(record->machine, record->state));
    }
}

/* X02: what is defective is always told in writing, whatever else was said. */
FORMS_MAKER(mode)
{
    uint64_t mode = forms_number(work, FIELD_mode);
    (void)number;
    (void)text;
    forms_put_text(work, forms_word(work, VIEWS_WORDS_MODE, mode == 0 ? CASE_MODE_WRITTEN : mode));
}

FORMS_MAKER(until)
{
    (void)number;
    (void)text;
    forms_put_time(work,
                   work->cited == NULL ? 0 : values_number(work->cited->facts, FIELD_until_ms, 0));
}

FORMS_MAKER(due)
{
    (void)number;
    (void)text;
    forms_put_day(work, record_number_of(work, FIELD_due_day));
    if (record_number_of(work, FIELD_due_provisional) != 0) {
        forms_put_text(work, work->input->english ? " (provisional)" : "（暂定）");
    }
}

/* The due day as it was before the extension: the same clock without the days it added. */
FORMS_MAKER(due_before)
{
    struct deadline_rules rules;
    uint64_t added = forms_number(work, FIELD_extension_days);
    uint64_t extended = record_number_of(work, FIELD_extended_days);
    struct deadline_clock clock = {
        .limit = {(uint32_t)record_number_of(work, FIELD_limit_count),
                  (enum deadline_unit)record_number_of(work, FIELD_limit_unit)},
        .base_day = (int32_t)record_number_of(work, FIELD_clock_base_day),
        .extended = (uint32_t)(extended > added ? extended - added : 0),
        .paused = (uint32_t)record_number_of(work, FIELD_suspended_days)};
    (void)number;
    (void)text;
    if (work->input->calendar != NULL && work->input->policy != NULL && clock.base_day != 0) {
        rules = deadline_rules_of_policy(work->input->policy);
        forms_put_day(work, (uint64_t)deadline_due(work->input->calendar, &rules, &clock).day);
    }
}
