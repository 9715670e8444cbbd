#include "rules/machines.h"
#include "sim.h"

#include <string.h>

/* Facts that make a verb likely to be accepted, with a mistake now and then. */

static const char *const items[] = {"I51", "I51", "I61", "I06", "I12", "I13", "I17", "I04"};

static const char *pick_item(struct sim *sim)
{
    return items[random_below(&sim->random, sizeof items / sizeof *items)];
}

static void number(struct work_act *act, enum field field, uint64_t value)
{
    values_set_number(&act->facts, field, 0, value);
}

static void text(struct work_act *act, enum field field, const char *value)
{
    values_set_bytes(&act->facts, field, 0, span_text(value));
}

static void id(struct work_act *act, enum field field, const uint8_t *value)
{
    values_set_bytes(&act->facts, field, 0, span_of(value, LIMIT_ID_SIZE));
}

/* missing: one paper of the two that every item asks for is not there. */
static void materials(struct work_act *act, bool missing)
{
    static const char *const codes[] = {"FORM", "ID"};
    for (uint16_t i = 0; i < 2; i++) {
        bool there = !missing || i == 1;
        values_set_bytes(&act->facts, FIELD_materials_code, i, span_text(codes[i]));
        values_set_number(&act->facts, FIELD_materials_form, i, 1);
        values_set_number(&act->facts, FIELD_materials_pages, i, 1);
        values_set_number(&act->facts, FIELD_materials_status, i,
                          there ? (i == 0 ? MATERIAL_STATUS_PRESENT : MATERIAL_STATUS_SHOWN)
                                : MATERIAL_STATUS_MISSING);
        if (!there) {
            values_set_bytes(&act->facts, FIELD_materials_reason, i, span_text("none"));
        }
    }
}

static void fill_contact(struct sim *sim, struct work_act *act, uint64_t verb)
{
    if (verb == CONTACT_RECEIVED) {
        number(act, FIELD_channel, random_between(&sim->random, 1, 6));
        text(act, FIELD_item, pick_item(sim));
    }
    act->sealed_labels = 1U << SEALED_LABEL_MATTER;
    text(act, FIELD_reason, "asked");
    if (verb == CONTACT_HANDED_OVER) {
        text(act, FIELD_department, "HRSS");
    }
    if (verb == CONTACT_TOLD_WHERE) {
        text(act, FIELD_destination, "TAX");
    }
}

static void fill_decision(struct sim *sim, struct work_act *act, uint64_t verb)
{
    if (verb == CASE_DECIDED || verb == CASE_DISTRICT_DECIDED) {
        number(act, FIELD_decision,
               random_chance(&sim->random, 800) ? CASE_DECISION_APPROVED : CASE_DECISION_REFUSED);
    }
    if (verb == CASE_DECIDED || verb == CASE_REFUSED || verb == CASE_DISTRICT_DECIDED) {
        text(act, FIELD_reason, "law");
        number(act, FIELD_remedies, CASE_REMEDY_REVIEW | CASE_REMEDY_LITIGATION);
    }
    if (verb == CASE_RATED) {
        number(act, FIELD_rating, random_between(&sim->random, 1, 6));
    }
    if (verb == CASE_HANDED_OUT) {
        text(act, FIELD_serial, "F01-1");
    }
    if (verb == CASE_SUBMITTED_DISTRICT) {
        text(act, FIELD_department, "HRSS");
    }
    if (verb == CASE_RECEIVED_DISTRICT) {
        text(act, FIELD_receipt, "R-7");
    }
}

static bool lists_materials(uint64_t verb)
{
    return verb == CASE_ACCEPTED || verb == CASE_PROXY_ACCEPTED || verb == CASE_SUPPLEMENTED ||
           verb == CASE_CORRECTED_ON_SPOT;
}

static void fill_case(struct sim *sim, struct work_act *act, const struct sim_record *record,
                      uint64_t verb)
{
    if (verb == CASE_OPENED || verb == CASE_ENTRUSTED) {
        text(act, FIELD_item, pick_item(sim));
        number(act, FIELD_consent, 1);
        id(act, FIELD_contact, record->about);
        act->sealed_labels = 1U << SEALED_LABEL_MATTER;
    }
    if (lists_materials(verb)) {
        materials(act, random_chance(&sim->random, 50));
    }
    if (verb == CASE_DEFICIENCY_NOTIFIED || verb == CASE_RETURNED_FOR_SUPPLEMENT ||
        verb == CASE_DISTRICT_RETURNED) {
        materials(act, true);
    }
    if (verb == CASE_STARTED || verb == CASE_NOT_ACCEPTED || verb == CASE_CORRECTED) {
        text(act, FIELD_reason, "load");
        text(act, FIELD_destination, "TAX");
    }
    if (verb == CASE_SUSPENDED) {
        text(act, FIELD_reason, "power");
    }
    if (verb == CASE_WITHDRAWN || verb == CASE_EXTENDED) {
        id(act, FIELD_approval, record->about);
    }
    if (verb == CASE_EXTENDED) {
        text(act, FIELD_reason, "survey");
    }
    number(act, FIELD_mode, CASE_MODE_WRITTEN);
    fill_decision(sim, act, verb);
    if (verb == CASE_ANSWERED) {
        act->sealed_labels = 1U << SEALED_LABEL_MATTER;
    }
}

static void fill_request(struct sim *sim, struct work_act *act, const struct sim_record *record,
                         uint64_t verb)
{
    if (verb == REQUEST_MADE) {
        number(act, FIELD_kind,
               random_chance(&sim->random, 700) ? REQUEST_HURRY : REQUEST_WITHDRAWAL);
        id(act, FIELD_case_record, record->about);
    }
}

void act_fill(struct sim *sim, struct work_act *act, const struct sim_record *record,
              enum machine_id machine, uint64_t verb)
{
    memset(act, 0, sizeof *act);
    values_clear(&act->facts);
    memcpy(act->record, record->id, sizeof act->record);
    act->payload = machine == MACHINE_CONTACT   ? WIRE_CONTACT
                   : machine == MACHINE_CASE    ? WIRE_CASE
                   : machine == MACHINE_REQUEST ? WIRE_REQUEST
                                                : WIRE_NOTE;
    if (verb != 0) {
        number(act, FIELD_verb, verb);
    }
    act->attestation = random_chance(&sim->random, 900) ? ATTESTATION_PAPER : ATTESTATION_NONE;
    if (machine == MACHINE_CONTACT) {
        fill_contact(sim, act, verb);
    } else if (machine == MACHINE_CASE) {
        fill_case(sim, act, record, verb);
    } else if (machine == MACHINE_REQUEST) {
        fill_request(sim, act, record, verb);
    } else {
        number(act, FIELD_kind, NOTE_REMINDER);
        id(act, FIELD_case_record, record->about);
    }
}
