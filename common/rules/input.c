#include "rules/machine_case.h"

#include <string.h>

uint64_t input_number(const struct rule_input *input, enum field field)
{
    return values_number(input->event->facts, field, 0);
}

struct span input_bytes(const struct rule_input *input, enum field field)
{
    return values_bytes(input->event->facts, field, 0);
}

bool input_has(const struct rule_input *input, enum field field)
{
    return values_has(input->event->facts, field);
}

uint64_t before_number(const struct rule_input *input, enum field field)
{
    return input->before != NULL ? record_number(input->before, field) : 0;
}

struct span before_bytes(const struct rule_input *input, enum field field)
{
    return input->before != NULL ? record_bytes(input->before, field) : (struct span){NULL, 0};
}

struct span record_bytes(const struct record *record, enum field field)
{
    return values_bytes(&record->facts, field, 0);
}

uint64_t record_number(const struct record *record, enum field field)
{
    return values_number(&record->facts, field, 0);
}

bool record_is_in(const struct record *record, uint32_t states)
{
    return record->state < 32 && (states >> record->state & 1) != 0;
}

int32_t input_day(const struct rule_input *input)
{
    return civil_day_of_ms(input->event->legal_ms);
}

bool input_is_attested(const struct rule_input *input)
{
    return input->event->attestation != ATTESTATION_NONE;
}

bool input_has_sealed(const struct rule_input *input, enum sealed_label label)
{
    return (input->event->sealed_labels >> (unsigned)label & 1) != 0;
}

bool input_author_is(const struct rule_input *input, struct span staff)
{
    static const uint8_t device[LIMIT_ID_SIZE];
    struct span author = span_of(input->event->staff, sizeof input->event->staff);
    return span_equal(author, staff) && !span_equal(author, span_of(device, sizeof device));
}

bool input_acts_as(const struct rule_input *input, uint64_t roles)
{
    return (input->event->roles & input->row->who & roles) != 0;
}

const struct record *world_find(const struct rule_world *world, struct span id,
                                enum machine_id machine)
{
    if (id.size != LIMIT_ID_SIZE || world->find == NULL) {
        return NULL;
    }
    const struct record *record = world->find(world->context, id.data);
    return record != NULL && record->machine == machine ? record : NULL;
}

const struct record *input_find(const struct rule_input *input, enum field field, uint16_t place,
                                enum machine_id machine)
{
    return world_find(input->world, values_bytes(input->event->facts, field, place), machine);
}

bool record_is_hubs_own(const struct record *record)
{
    static const uint8_t none[LIMIT_KEY_SIZE];
    return memcmp(record->station, none, sizeof none) == 0;
}

bool input_is_own_station(const struct rule_input *input, const struct record *record)
{
    if (input->event->tier == TIER_HUB) {
        return record_is_hubs_own(record);
    }
    return memcmp(record->station, input->event->device, sizeof record->station) == 0;
}

/* --- effects --- */

void after_store(struct rule_input *input, enum field field)
{
    if (!input_has(input, field)) {
        return;
    }
    switch (field_type(field)) {
    case VALUE_NUMBER:
        values_set_number(&input->after->facts, field, 0, input_number(input, field));
        return;
    case VALUE_BYTES:
        values_set_bytes(&input->after->facts, field, 0, input_bytes(input, field));
        return;
    }
}

void after_set_number(struct rule_input *input, enum field field, uint64_t number)
{
    values_set_number(&input->after->facts, field, 0, number);
}

void after_add(struct rule_input *input, enum field field, uint64_t number)
{
    after_set_number(input, field, record_number(input->after, field) + number);
}

void after_set_staff(struct rule_input *input, enum field field)
{
    static const uint8_t device[LIMIT_ID_SIZE];
    const uint8_t *staff = input->event->staff;
    if (memcmp(staff, device, sizeof device) != 0) {
        values_set_bytes(&input->after->facts, field, 0, span_of(staff, LIMIT_ID_SIZE));
    }
}

void after_set_day(struct rule_input *input, enum field field, int32_t day)
{
    after_set_number(input, field, day > 0 ? (uint64_t)day : 0);
}

void effect_archive(struct rule_input *input)
{
    after_set_number(input, FIELD_archived_ms, input->event->legal_ms);
}

void effect_store_told(struct rule_input *input)
{
    static const enum field told[] = {FIELD_reason,  FIELD_destination, FIELD_mode,
                                      FIELD_visits,  FIELD_remedies,    FIELD_serial,
                                      FIELD_receipt, FIELD_result};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        after_store(input, told[i]);
    }
}

void effect_take(struct rule_input *input)
{
    after_set_staff(input, FIELD_handler);
}

void effect_corrected(struct rule_input *input)
{
    after_add(input, FIELD_corrected_count, 1);
    after_store(input, FIELD_corrected);
    after_store(input, FIELD_reason);
}

void effect_asked(struct rule_input *input)
{
    after_set_number(input, FIELD_asked_ms, input->event->legal_ms);
}

void effect_answered(struct rule_input *input)
{
    after_set_number(input, FIELD_asked_ms, 0);
}

void effect_join_case(struct rule_input *input)
{
    const struct record *parent = input_find(input, FIELD_case_record, 0, MACHINE_CASE);
    after_store(input, FIELD_case_record);
    if (parent != NULL) {
        memcpy(input->after->station, parent->station, sizeof parent->station);
    }
}

void after_start_limit(struct rule_input *input, struct deadline_limit limit)
{
    struct deadline_rules rules = deadline_rules_of_policy(input->world->policy);
    struct deadline_clock clock = deadline_clock_start(limit, input_day(input));
    struct deadline_due due = deadline_due(input->world->calendar, &rules, &clock);
    after_set_day(input, FIELD_clock_base_day, clock.base_day);
    after_set_number(input, FIELD_limit_count, limit.count);
    after_set_number(input, FIELD_limit_unit, (uint64_t)limit.unit);
    after_set_day(input, FIELD_due_day, due.day);
    after_set_number(input, FIELD_due_provisional, due.provisional ? 1 : 0);
    after_set_number(input, FIELD_extension_count, 0);
    after_set_number(input, FIELD_extended_days, 0);
}

/* --- guards that several machines ask --- */

static bool attested_holds(const struct rule_input *input)
{
    return input_is_attested(input);
}

static bool reason_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_reason);
}

static bool content_holds(const struct rule_input *input)
{
    return input_has_sealed(input, SEALED_LABEL_MATTER);
}

static bool corrected_event_holds(const struct rule_input *input)
{
    return input_bytes(input, FIELD_corrected).size == LIMIT_HASH_SIZE;
}

/* A station may speak of its own cases only; the hub of all. */
static bool case_known_holds(const struct rule_input *input)
{
    const struct record *parent = input_find(input, FIELD_case_record, 0, MACHINE_CASE);
    return parent != NULL &&
           (input->event->tier == TIER_HUB || input_is_own_station(input, parent));
}

const struct rule_guard guard_attested = {"attested", attested_holds, REFUSAL_NOT_ATTESTED};
const struct rule_guard guard_reason = {"reason", reason_holds, REFUSAL_NO_REASON};
const struct rule_guard guard_content = {"content", content_holds, REFUSAL_NO_CONTENT};
const struct rule_guard guard_corrected_event = {"corrected_event", corrected_event_holds,
                                                 REFUSAL_NO_CORRECTED_EVENT};
const struct rule_guard guard_case_known = {"case_known", case_known_holds, REFUSAL_CASE_UNKNOWN};

/* --- guards asked of every event --- */

static bool back_entry_holds(const struct rule_input *input)
{
    const struct rule_event *event = input->event;
    return !event->back_entry || (event->paper_ms != 0 && event->paper_serial.size != 0);
}

static bool relative_holds(const struct rule_input *input)
{
    const struct rule_event *event = input->event;
    bool is_relative = event->attestation == ATTESTATION_RELATIVE;
    if (!is_relative && !input_has(input, FIELD_relation)) {
        return true;
    }
    return is_relative && event->attestation_ground.size != 0;
}

static bool receipt_holds(const struct rule_input *input)
{
    return input_number(input, FIELD_received_ms) <= input->event->legal_ms;
}

static bool priority_holds(const struct rule_input *input)
{
    return input_number(input, FIELD_priority) == 0 || input_has(input, FIELD_reason);
}

RULE_GUARD(back_entry, BACK_ENTRY_INCOMPLETE);
RULE_GUARD(relative, RELATIVE_UNATTESTED);
RULE_GUARD(receipt, RECEIVED_LATER);
RULE_GUARD(priority, PRIORITY_REASON);

const struct rule_guard *const rule_common_guards[] = {
    &guard_back_entry,       &guard_relative,
    &guard_receipt,          &guard_priority,
    &guard_materials_listed, &guard_papers_listed,
    &guard_papers_held,      &guard_papers_target,
    &guard_papers_signed,    NULL};
