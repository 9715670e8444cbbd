#ifndef JIELI_RULES_OFFICE_H
#define JIELI_RULES_OFFICE_H

#include "rules/engine.h"

/* What the machines of the office share: complaint, duty, leave, inspection, reports and so on.
 * Only they include this. Their verbs and states stand in their own files. */

/* Who investigates and decides complaints: the discipline organisations and the desk (4.1). */
#define WHO_DISCIPLINE (ROLE_DISCIPLINE | ROLE_UPPER_DISCIPLINE)
#define WHO_INVESTIGATES (WHO_DISCIPLINE | ROLE_COMPLAINT_DESK)

/* Channel of a complaint: 1..6 are those of a contact, visit .. online. */
enum office_channel {
    OFFICE_CHANNEL_FAX = 7, /* fax, telegram, data exchange */
    OFFICE_CHANNEL_BOX = 8,
    OFFICE_CHANNEL_EVALUATOR = 9
};

/* Facts "decision" of the office. */
enum office_decision { OFFICE_DECISION_YES = 1, OFFICE_DECISION_NO = 2 };

/* Bits of "informed": who was told at once. */
enum office_informed {
    OFFICE_INFORMED_HEAD = 1,
    OFFICE_INFORMED_LEADER = 2,
    OFFICE_INFORMED_SUPERIOR = 4,
    OFFICE_INFORMED_POLICE = 8,
    OFFICE_INFORMED_EMERGENCY = 16,
    OFFICE_INFORMED_ALL = 31
};

/* States of complaints that other machines ask about. */
enum complaint_state {
    COMPLAINT_STATE_RECEIVED = 1,
    COMPLAINT_STATE_REGISTERED = 2,
    COMPLAINT_STATE_INVESTIGATING = 3,
    COMPLAINT_STATE_TRANSFERRED = 4,
    COMPLAINT_STATE_DECIDED = 5,
    COMPLAINT_STATE_REPLIED = 6,
    COMPLAINT_STATE_RE_VERIFY = 7,
    COMPLAINT_STATE_FOLLOWED_UP = 8,
    COMPLAINT_STATE_ARCHIVED = 9,
    COMPLAINT_STATE_OUT_OF_SCOPE = 10,
    COMPLAINT_STATE_SUGGESTION = 11
};

enum leave_state {
    LEAVE_STATE_REQUESTED = 1,
    LEAVE_STATE_AGREED = 2,
    LEAVE_STATE_GRANTED = 3,
    LEAVE_STATE_REFUSED = 4,
    LEAVE_STATE_RETURNED = 5,
    LEAVE_STATE_CANCELLED = 6
};

/* --- questions --- */

/* first <= the event's number <= last. */
bool input_number_within(const struct rule_input *input, enum field field, uint64_t first,
                         uint64_t last);
/* The event names a member of staff in field who is not its author. */
bool input_names_other(const struct rule_input *input, enum field field);
/* The event's fact and the record's are there and equal. */
bool input_repeats(const struct rule_input *input, enum field field);
/* The record that the event names in field, of any machine and of this station (the hub: of any);
 * NULL: none. Borrowed until the next find. */
const struct record *input_subject(const struct rule_input *input, enum field field);
/* The day on which the next period begins after day: the next day, Monday, first of month ... */
int32_t period_next_day(enum policy_period period, int32_t day);
/* staff is among "people". */
bool input_people_list(const struct rule_input *input, struct span staff);
bool record_people_list(const struct record *record, struct span staff);
int32_t civil_add_months(int32_t day, uint32_t months);

/* --- effects --- */

/* Every fact of the first event; its author is the requester. */
void effect_open(struct rule_input *input);
void effect_note(struct rule_input *input);   /* reason, result, receipt, serial, destination */
void effect_decide(struct rule_input *input); /* the author is the decider; decision */
void effect_finish(struct rule_input *input);
void effect_to_hub(struct rule_input *input);     /* the baton goes up */
void effect_to_station(struct rule_input *input); /* and back, unless the record is the hub's own */
void effect_for_station(struct rule_input *input); /* the record belongs to the named station */
void effect_given(struct rule_input *input);       /* the person in "handler" has it now */

/* --- guards --- */

extern const struct rule_guard guard_other_than_requester; /* 4.2: asks and decides are two */
extern const struct rule_guard guard_assigned;             /* the author is the handler */
extern const struct rule_guard guard_days_ordered;         /* from_day <= until_day */
extern const struct rule_guard guard_people_named;
extern const struct rule_guard guard_person_given;
extern const struct rule_guard guard_day_ahead; /* agreed_day not in the past */
extern const struct rule_guard guard_receipt_given;
extern const struct rule_guard guard_department_given;
extern const struct rule_guard guard_destination_given;
extern const struct rule_guard guard_serial_given;
extern const struct rule_guard guard_way_told;
extern const struct rule_guard guard_decision_made;
extern const struct rule_guard guard_witness_named;
extern const struct rule_guard guard_location_given;

#endif
