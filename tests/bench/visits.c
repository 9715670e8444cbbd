#include "tests/bench/visits.h"

#include "rules/machines.h"

void visits_write(struct town *town, uint32_t number, struct town_event *ret)
{
    static const struct {
        uint32_t payload;
        uint32_t verb;
        uint32_t sealed_labels;
    } acts[] = {
        {WIRE_CONTACT, CONTACT_RECEIVED, 6}, {WIRE_CONTACT, CONTACT_ANSWERED, 4},
        {WIRE_CONTACT, CONTACT_RECEIVED, 6}, {WIRE_CASE, CASE_OPENED, 2},
        {WIRE_CASE, CASE_ACCEPTED, 0},       {WIRE_CASE, CASE_FINISHED, 0},
        {WIRE_CASE, CASE_HANDED_OUT, 0},     {WIRE_CASE, CASE_RATED, 0},
        {WIRE_CASE, CASE_ARCHIVED, 0},
    };
    enum { ACTS = sizeof acts / sizeof *acts, RECORDS = 3 };
    uint32_t step = number % ACTS;
    uint32_t record = number / ACTS * RECORDS + (step < 2 ? 0 : step == 2 ? 1 : 2);
    struct town_act contact;
    struct town_act act;
    town_act(&contact, WIRE_CONTACT, record - 1, CONTACT_RECEIVED);
    town_act(&act, acts[step].payload, record, acts[step].verb);
    act.sealed_labels = acts[step].sealed_labels;
    act.sealed_anew = true;
    if (acts[step].payload == WIRE_CONTACT && acts[step].verb == CONTACT_RECEIVED) {
        town_number(&act, FIELD_channel, 0, 1);
        town_text(&act, FIELD_item, 0, "I06");
    } else if (step == 3) {
        town_text(&act, FIELD_item, 0, "I06");
        town_bytes(&act, FIELD_contact, 0, contact.record, sizeof contact.record);
        town_materials(&act);
    } else if (step == 4) {
        town_materials(&act);
    } else if (step == 5) {
        town_text(&act, FIELD_result, 0, "CERT");
    } else if (step == 6) {
        town_text(&act, FIELD_serial, 0, "N-1");
        act.attestation = ATTESTATION_SCREEN;
    } else if (step == 7) {
        town_number(&act, FIELD_rating, 0, 1);
        act.attestation = ATTESTATION_SCREEN;
    }
    town_write(town, &town->worker, &act, ret);
}
