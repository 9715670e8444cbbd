#ifndef JIELI_RULES_ENGINE_H
#define JIELI_RULES_ENGINE_H

#include "rules/machines.h"
#include "rules/rule.h"

/* What the machines' guards and effects see, and the tools to write them short. Only the machines
 * and the engine include this. */
struct rule_input {
    const struct rule_world *world;
    const struct record *before; /* NULL: the record does not exist yet */
    const struct rule_event *event;
    const struct rule_row *row;
    const struct catalogue_item *item; /* the record's own, or the one the event opens it with */
    struct record *after;              /* for effects only; NULL while guards are asked */
    uint16_t form;                     /* row's form; an effect may change it */
};

enum { RULE_NO_ROW = 0xffff /* outcome.row when no row fitted */ };

/* Columns of the tables. */
enum { FROM_NONE = 1 << 0 };
enum {
    AT_STATION = 1 << TIER_STATION,
    AT_HUB = 1 << TIER_HUB,
    AT_BOTH = 1 << TIER_STATION | 1 << TIER_HUB
};

#define ROW(number_) .number = (number_)
#define FROM(states) .from = (states)
#define DOES(verb_) .verb = (verb_)
#define BY(tiers, roles) .tier = (tiers), .who = (roles)
#define WHEN(field, value) .when_field = FIELD_##field, .when_number = (value)
#define SOURCE(article_, regimes_) .article = (article_), .regimes = (regimes_)

/* Field numbers of the payloads in EventBody. */
enum {
    PAYLOAD_CONTACT = 32,
    PAYLOAD_CASE = 33,
    PAYLOAD_REQUEST = 34,
    PAYLOAD_TASK = 35,
    PAYLOAD_DELEGATION = 36,
    PAYLOAD_NOTE = 37,
    PAYLOAD_COMPLAINT = 38,
    PAYLOAD_SUGGESTION = 39,
    PAYLOAD_APPOINTMENT = 40,
    PAYLOAD_LEAVE = 41,
    PAYLOAD_DUTY = 42,
    PAYLOAD_ATTENDANCE = 43,
    PAYLOAD_INSPECTION = 44,
    PAYLOAD_REPORT = 45,
    PAYLOAD_ACCOUNTABILITY = 46,
    PAYLOAD_APPRAISAL = 47,
    PAYLOAD_ADMISSION = 48,
    PAYLOAD_TRAINING = 49,
    PAYLOAD_MEETING = 50,
    PAYLOAD_CIRCULAR = 51,
    PAYLOAD_EQUIPMENT = 52,
    PAYLOAD_CUSTODY = 53,
    PAYLOAD_INCIDENT = 54,
    PAYLOAD_LOST = 55,
    PAYLOAD_OUTAGE = 56,
    PAYLOAD_BOARD = 57,
    PAYLOAD_SURVEY = 58,
    PAYLOAD_PRINT = 59,
    PAYLOAD_SUPPLIES = 60
};

/* Who, by the permission matrix 4.3. The head and the B post act for others only by delegation:
 * see guard own_right. */
#define WHO_WINDOW                                                                                 \
    (ROLE_WORKER | ROLE_AB_POST | ROLE_DUTY | ROLE_WINDOW_HEAD | ROLE_STATION_HEAD |               \
     ROLE_HUB_OPERATOR)
#define WHO_FIRST (WHO_WINDOW | ROLE_FIRST_CONTACT | ROLE_AGENT | ROLE_GUIDE)
#define WHO_UP (WHO_WINDOW | ROLE_AGENT)
#define WHO_HUB (ROLE_HUB_OPERATOR | ROLE_HUB_LEADER)
#define WHO_DECIDES (WHO_WINDOW | ROLE_HUB_LEADER)
/* Who is on duty accepts, but does not hand up. */
#define WHO_REFERS (WHO_UP & ~(uint64_t)ROLE_DUTY)
#define WHO_HOLDER (WHO_UP | WHO_HUB)
#define WHO_LEADER                                                                                 \
    (ROLE_STATION_HEAD | ROLE_LINE_LEADER | ROLE_HUB_LEADER | ROLE_DUTY_LEADER | ROLE_DISTRICT)
/* Every person with a key (R118): no machine by itself, no auditor, who only reads (R87). */
#define WHO_ANYONE (UINT64_MAX & ~(uint64_t)(ROLE_APPLICANT | ROLE_DEVICE | ROLE_AUDITOR))

/* A guard of this file: name_holds, refused with REFUSAL_refusal. */
#define RULE_GUARD(name, refusal)                                                                  \
    static const struct rule_guard guard_##name = {#name, name##_holds, REFUSAL_##refusal}

/* --- facts of the event, and of the record before it (zero, empty: absent) --- */

uint64_t input_number(const struct rule_input *input, enum field field);
struct span input_bytes(const struct rule_input *input, enum field field);
bool input_has(const struct rule_input *input, enum field field);
uint64_t before_number(const struct rule_input *input, enum field field);
struct span before_bytes(const struct rule_input *input, enum field field);
/* Legal day of the event. */
int32_t input_day(const struct rule_input *input);
bool input_is_attested(const struct rule_input *input);
bool input_has_sealed(const struct rule_input *input, enum sealed_label label);
/* The author is this member of staff; never true for the device itself. */
bool input_author_is(const struct rule_input *input, struct span staff);
/* The author has a role that the row asks for and that is among roles. */
bool input_acts_as(const struct rule_input *input, uint64_t roles);
/* The record that the event names in field; NULL when it is no record of that machine. Borrowed
 * until the next find. */
const struct record *input_find(const struct rule_input *input, enum field field, uint16_t place,
                                enum machine_id machine);
const struct record *world_find(const struct rule_world *world, struct span id,
                                enum machine_id machine);
struct span record_bytes(const struct record *record, enum field field);
uint64_t record_number(const struct record *record, enum field field);
bool record_is_in(const struct record *record, uint32_t states);
/* The station the event's device speaks for; zeros at the hub. */
bool input_is_own_station(const struct rule_input *input, const struct record *record);
bool record_is_hubs_own(const struct record *record);

/* --- effects shared by all machines --- */

void effect_store_told(struct rule_input *input); /* reason, destination, mode, serial, ... */
void effect_archive(struct rule_input *input);    /* on that day it went into the archive */
void effect_take(struct rule_input *input);       /* the author is the handler now */
void effect_corrected(struct rule_input *input);
void effect_asked(struct rule_input *input);
void effect_answered(struct rule_input *input);
void effect_join_case(struct rule_input *input); /* the record belongs where its case belongs */
/* Copies a fact of the event to the record, if the event has it. */
void after_store(struct rule_input *input, enum field field);
void after_set_number(struct rule_input *input, enum field field, uint64_t number);
void after_add(struct rule_input *input, enum field field, uint64_t number);
void after_set_staff(struct rule_input *input, enum field field);
void after_set_day(struct rule_input *input, enum field field, int32_t day);
/* A limit that runs from the event's day: clock_base_day, limit_count, limit_unit, due_day. */
void after_start_limit(struct rule_input *input, struct deadline_limit limit);

/* --- guards shared by all machines --- */

extern const struct rule_guard guard_attested;
extern const struct rule_guard guard_reason;
extern const struct rule_guard guard_content;
extern const struct rule_guard guard_corrected_event;
extern const struct rule_guard guard_case_known;

/* Asked of every event before its row's own guards; ends with NULL. */
extern const struct rule_guard *const rule_common_guards[];

extern const struct rule_machine machine_contact;
extern const struct rule_machine machine_case;
extern const struct rule_machine machine_request;
extern const struct rule_machine machine_task;
extern const struct rule_machine machine_delegation;
extern const struct rule_machine machine_note;
#define MACHINE(id, name) extern const struct rule_machine machine_##name;
#include "rules/office.def"
#undef MACHINE

#endif
