#include "rules/reading.h"

#include <string.h>

struct reading_row {
    uint64_t role;
    enum tier tier;
    enum reading reading;
};

static const struct reading_row reading_rows[] = {
#define READING(role, tier, reading) {ROLE_##role, TIER_##tier, READING_##reading},
#include "rules/reading.def"
#undef READING
};

enum reading reading_of(uint64_t role, enum tier tier)
{
    for (size_t i = 0; i < sizeof reading_rows / sizeof *reading_rows; i++) {
        if (reading_rows[i].role == role && reading_rows[i].tier == tier) {
            return reading_rows[i].reading;
        }
    }
    return READING_NONE;
}

static bool is_named(const struct reading_ask *ask)
{
    static const enum field people[] = {FIELD_first_responsible, FIELD_handler, FIELD_agent,
                                        FIELD_receiver, FIELD_decider};
    for (size_t i = 0; i < sizeof people / sizeof *people; i++) {
        struct span named = values_bytes(&ask->record->facts, people[i], 0);
        for (size_t k = 0; named.size == LIMIT_ID_SIZE && k < ask->people_count; k++) {
            if (memcmp(named.data, ask->people + k * LIMIT_ID_SIZE, LIMIT_ID_SIZE) == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool reads(const struct reading_ask *ask, enum reading reading)
{
    bool here = memcmp(ask->record->station, ask->device, LIMIT_KEY_SIZE) == 0;
    switch (reading) {
    case READING_NONE:
        return false;
    case READING_OWN:
        return is_named(ask);
    case READING_WINDOW:
        return (here && ask->one_window) || is_named(ask);
    case READING_STATION:
        return here;
    case READING_DOSSIER:
        return ask->in_dossier;
    case READING_DISTRICT:
        return values_has(&ask->record->facts, FIELD_district_base_day);
    case READING_ALL:
        return true;
    }
    return false;
}

bool reading_may(const struct reading_ask *ask)
{
    bool may = ask->record->machine != MACHINE_CASE;
    for (uint64_t role = 1; !may && role <= ROLE_DEVICE; role <<= 1) {
        may = (ask->roles & role) != 0 && reads(ask, reading_of(role, ask->tier));
    }
    return may;
}
