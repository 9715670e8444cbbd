#ifndef JIELI_RULES_RULE_H
#define JIELI_RULES_RULE_H

#include "rules/calendar.h"
#include "rules/catalogue.h"
#include "rules/policy.h"
#include "rules/record.h"
#include "rules/stations.h"

/* The one engine. A machine is a table of rows; a row says: in these states, this verb, by these
 * roles at this tier, if these guards hold, leads to that state with these effects, form and
 * timer. rule_judge picks the first row that fits and answers with new facts or with a refusal
 * that names its article. Pure: no clock, disk, socket or random numbers. */

/* Roles A01..A27 of the rule book 4.1, as bits 1 << (number - 1). */
enum rule_role {
    ROLE_APPLICANT = 1 << 0,         /* A01, by attestation */
    ROLE_FIRST_CONTACT = 1 << 1,     /* A02 */
    ROLE_WORKER = 1 << 2,            /* A03 窗口工作人员 */
    ROLE_AB_POST = 1 << 3,           /* A04 */
    ROLE_AGENT = 1 << 4,             /* A05 代办员 */
    ROLE_GUIDE = 1 << 5,             /* A06 */
    ROLE_DUTY = 1 << 6,              /* A07 值班 */
    ROLE_DUTY_LEADER = 1 << 7,       /* A08 */
    ROLE_WINDOW_HEAD = 1 << 8,       /* A09 */
    ROLE_STATION_HEAD = 1 << 9,      /* A10 站长 */
    ROLE_LINE_LEADER = 1 << 10,      /* A11 分管领导 */
    ROLE_COMMITTEE = 1 << 11,        /* A12 */
    ROLE_GROUP_LEADER = 1 << 12,     /* A13 */
    ROLE_INTEGRITY = 1 << 13,        /* A14 */
    ROLE_DISCIPLINE = 1 << 14,       /* A15 */
    ROLE_UPPER_DISCIPLINE = 1 << 15, /* A16 */
    ROLE_COMPLAINT_DESK = 1 << 16,   /* A17 */
    ROLE_HUB_OPERATOR = 1 << 17,     /* A18 */
    ROLE_HUB_LEADER = 1 << 18,       /* A19 */
    ROLE_DISTRICT = 1 << 19,         /* A20 */
    ROLE_GOVERNMENT = 1 << 20,       /* A21 */
    ROLE_AUDITOR = 1 << 21,          /* A22 */
    ROLE_APPRAISER = 1 << 22,        /* A23 */
    ROLE_CUSTODIAN = 1 << 23,        /* A24 */
    ROLE_TECHNICIAN = 1 << 24,       /* A25 */
    ROLE_VOLUNTEER = 1 << 25,        /* A26 */
    ROLE_REGISTRAR = 1 << 26,        /* A27 posts; enrols people together with the hub leader */
    ROLE_DEVICE = 1 << 27            /* the station or hub itself (machine events) */
};

enum tier { TIER_NONE = 0, TIER_STATION = 1, TIER_HUB = 2 };

/* Refusals by number: REFUSAL(number, name, article, zh, en) in refusals.def. The number goes into
 * the leaf; the article and the sentence are read off the table. 0 is "no refusal". */
enum refusal {
    REFUSAL_NONE = 0,
#define REFUSAL(number, name, article, zh, en) REFUSAL_##name = (number),
#include "rules/refusals.def"
#include "rules/refusals_office.def"
#include "rules/refusals_world.def"
#undef REFUSAL
    REFUSAL_END = 4096
};

struct refusal_text {
    const char *name;
    const char *article; /* source tag, such as "S4-9 [S4:450]" */
    const char *zh;      /* what is wrong and what to do */
    const char *en;
};
/* NULL for an unknown number. */
const struct refusal_text *refusal_text(uint32_t refusal);

/* An event as the rules see it. All pointers are borrowed for the call. */
struct rule_event {
    enum machine_id machine;
    uint16_t verb;
    uint8_t id[LIMIT_HASH_SIZE];
    uint8_t record[LIMIT_ID_SIZE];
    uint8_t device[LIMIT_KEY_SIZE];
    enum tier tier;               /* of the device */
    uint8_t staff[LIMIT_ID_SIZE]; /* of the author; zeros: the device itself */
    uint64_t roles;               /* the author's roles there and then, bits of rule_role */
    uint64_t legal_ms;            /* claimed (or paper) time clamped into the proven interval */
    uint64_t entered_ms;          /* claimed time clamped, also of what was written on paper */
    bool clock_marked;            /* it had to be clamped, or the clock was bad */
    bool back_entry;
    uint64_t paper_ms;
    struct span paper_serial;
    struct span back_reason;
    uint8_t attestation; /* AttestationKind of event.proto; 0: none */
    struct span attestation_ground;
    uint32_t sealed_labels;     /* bits 1 << label of the parts it carries */
    uint64_t applied_own;       /* own-feed seq its author's device had applied */
    uint64_t own_seq;           /* own-feed seq its leaf gets; 0: none, or not logged yet */
    const struct values *facts; /* the payload */
    const char *station_code;   /* of the device; NULL: the hub, or nobody knows it */
};

/* What else the rules may look at. find gives another record or NULL; borrowed until the next
 * find. The editions are those in force for the author (applied), or pinned by the record. */
struct rule_world {
    const struct policy *policy;
    const struct catalogue *catalogue;
    const struct calendar *calendar;
    const struct stations *stations; /* NULL: no such edition yet */
    uint64_t policy_edition;
    uint64_t catalogue_edition;
    void *context;
    const struct record *(*find)(void *context, const uint8_t id[LIMIT_ID_SIZE]);
};

struct rule_outcome {
    enum refusal refusal; /* REFUSAL_NONE: accepted */
    uint16_t row;         /* index of the row that fitted or whose guard refused; 0xffff: none */
    uint16_t form;        /* F number to print, 0: none; 102 = F02b, 110 = F10b ... */
};

/* May this event happen, and what are the record's facts after it? record NULL: there is none yet.
 * *ret_record is written only when the outcome is accepted. record and ret_record may be the same.
 * Always answers; never fails. */
struct rule_outcome rule_judge(const struct rule_world *world, const struct record *record,
                               const struct rule_event *event, struct record *ret_record);
/* The same effects without asking guards, for a leaf already proven accepted: picks the first row
 * whose state, verb and selector fit; false when there is none (the fold is broken). */
MUST_USE bool rule_apply(const struct rule_world *world, const struct record *record,
                         const struct rule_event *event, struct record *ret_record);

/* --- tables, for everything that is read off them: buttons, docs, reports, tests --- */

enum { RULE_GUARDS = 10, RULE_EFFECTS = 10 };

struct rule_input; /* engine.h: what guards and effects see */

struct rule_guard {
    const char *name;
    bool (*holds)(const struct rule_input *input);
    enum refusal refusal;
};

struct rule_row {
    uint8_t number; /* row of the rule book's transition table; 0: none */
    uint8_t tier;   /* bits 1 << enum tier */
    uint16_t verb;
    uint32_t from;       /* bits 1 << state; 1 << 0: the record does not exist yet */
    uint64_t who;        /* bits of rule_role; one is enough */
    uint16_t when_field; /* selector: the event's field has this value; 0: always */
    uint16_t to;         /* state; RULE_SAME or RULE_RESUME */
    uint16_t form;
    uint64_t when_number;
    const struct rule_guard *guards[RULE_GUARDS];
    void (*effects[RULE_EFFECTS])(struct rule_input *input);
    const char *article;
    const char *regimes; /* "R04 R12" */
};

enum { RULE_SAME = 0xffff, RULE_RESUME = 0xfffe };

struct rule_name {
    uint16_t number;
    const char *name; /* lower case, as in commands and the API */
    const char *zh;
};

/* Who opens what is sealed in a machine's records. */
enum rule_readers {
    RULE_READERS_OFFICE = 0,    /* the record's station and the hub's case office */
    RULE_READERS_DISCIPLINE = 1 /* who investigates, of village and hub (4.2; S4-11) */
};

struct rule_machine {
    const char *name;
    const char *zh;
    const struct rule_name *states; /* state 0 is "none" and not listed; ends with a NULL name */
    const struct rule_name *verbs;  /* ends with a NULL name */
    const struct rule_row *rows;
    size_t row_count;
    enum machine_id id;
    uint32_t final_states;
    enum rule_readers readers;
    /* When their station is merged into another, records in these states (bits 1 << state) go on at
     * the other one; 0: they stay. shut: none is opened any more at the one that was merged. */
    uint32_t follows;
    uint16_t payload_field; /* field number of the payload in EventBody */
    bool shut;
};

/* NULL for MACHINE_NONE or an unknown id. */
const struct rule_machine *rule_machine(enum machine_id id);
enum rule_readers rule_readers(enum machine_id id);              /* OFFICE when unknown */
const char *rule_state_name(enum machine_id id, uint16_t state); /* "" when unknown */
const char *rule_state_zh(enum machine_id id, uint16_t state);
/* Verbs that author could emit on the record now, by state, tier and role alone (guards aside):
 * what pages show as buttons. Returns how many were written. */
size_t rule_allowed_verbs(enum machine_id id, uint16_t state, enum tier tier, uint64_t roles,
                          uint16_t *ret_verbs, size_t limit);

#endif
