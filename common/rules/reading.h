#ifndef JIELI_RULES_READING_H
#define JIELI_RULES_READING_H

#include "rules/rule.h"

/* Who reads the events of a case: row "Read case events" of the rule book's matrix 4.3, a table by
 * role (reading.def). Who opens what is sealed in them is another question (rule_readers). */

enum reading {
    READING_NONE = 0,
    READING_OWN,      /* he, or somebody he stands in for, is named in it */
    READING_WINDOW,   /* own; the whole station where policy makes it one window */
    READING_STATION,  /* of the station he works at */
    READING_DOSSIER,  /* a complaint or an accountability record speaks of it */
    READING_DISTRICT, /* it went on to the district */
    READING_ALL
};

struct reading_ask {
    const struct record *record;
    enum tier tier;        /* where he reads */
    const uint8_t *device; /* LIMIT_KEY_SIZE: the machine there */
    uint64_t roles;        /* at that place, bits of rule_role */
    const uint8_t *people; /* LIMIT_ID_SIZE each: he himself, then those he stands in for */
    size_t people_count;
    bool in_dossier;
    bool one_window; /* policy reading.one_window */
};

/* What the role reads there; NONE when the table says nothing. One bit of rule_role. */
enum reading reading_of(uint64_t role, enum tier tier);
/* May he read the record's events? Only a case is asked for: of other records the machine's
 * readers decide. Source: 4.3 (inferred), X31 for the dossier. Example: tests/rules/matrix.cases.
 */
bool reading_may(const struct reading_ask *ask);

#endif
