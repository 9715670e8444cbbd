#ifndef JIELI_RULES_MACHINES_H
#define JIELI_RULES_MACHINES_H

/* Verbs and states of the machines. Verb numbers are those of proto/record.proto; state numbers
 * stand in records. Neither ever changes its meaning. */

enum contact_verb {
    CONTACT_RECEIVED = 1,
    CONTACT_ANSWERED = 2,
    CONTACT_HANDED_OVER = 3,
    CONTACT_TAKEN_OVER = 4,
    CONTACT_TOLD_WHERE = 5,
    CONTACT_CASE_OPENED = 6,
    CONTACT_RESULT_TOLD = 7,
    CONTACT_ASKED_SUPERIOR = 8,
    CONTACT_CORRECTED = 9,
    CONTACT_ARCHIVED = 10
};

/* Channel of record.proto: visit .. online. */
enum contact_channel { CONTACT_CHANNEL_FIRST = 1, CONTACT_CHANNEL_LAST = 6 };

enum contact_state {
    CONTACT_STATE_OPEN = 1,
    CONTACT_STATE_OFFERED = 2, /* handed over, not yet acknowledged */
    CONTACT_STATE_ANSWERED = 3,
    CONTACT_STATE_TOLD_WHERE = 4,
    CONTACT_STATE_BECAME_CASE = 5,
    CONTACT_STATE_ENDED = 6, /* the person has the result */
    CONTACT_STATE_ARCHIVED = 7
};

enum case_verb {
    CASE_OPENED = 1,
    CASE_CORRECTED_ON_SPOT = 2,
    CASE_DEFICIENCY_NOTIFIED = 3,
    CASE_SUPPLEMENTED = 4,
    CASE_NOT_ACCEPTED = 5,
    CASE_ACCEPTED = 6,
    CASE_ASKED_SUPERIOR = 7,
    CASE_SUPERIOR_ANSWERED = 8,
    CASE_FINISHED = 9,
    CASE_STARTED = 10,
    CASE_REFUSED = 11,
    CASE_ANSWERED = 12,
    CASE_SUBMITTED_UP = 13,
    CASE_RECEIVED_AT_HUB = 14,
    CASE_RETURNED_FOR_SUPPLEMENT = 15,
    CASE_DECIDED = 16,
    CASE_SUBMITTED_DISTRICT = 17,
    CASE_RECEIVED_DISTRICT = 18,
    CASE_DISTRICT_DECIDED = 19,
    CASE_JOINT_OPENED = 20,
    CASE_ENTRUSTED = 21,
    CASE_PROXY_ACCEPTED = 22,
    CASE_PROXY_ASSIGNED = 23,
    CASE_PROXY_RETURNED = 24,
    CASE_EXTENDED = 25,
    CASE_SUSPENDED = 26,
    CASE_RESUMED = 27,
    CASE_INVITED = 28,
    CASE_WITHDRAWN = 29,
    CASE_RESULT_RETURNED = 30,
    CASE_RESULT_RECEIVED = 31,
    CASE_TOLD = 32,
    CASE_HANDED_OUT = 33,
    CASE_CONFIRMED = 34,
    CASE_RATED = 35,
    CASE_ARCHIVED = 36,
    CASE_CORRECTED = 37,
    CASE_PAPERS_MOVED = 38,
    CASE_TAKEN = 39,
    CASE_DISTRICT_RETURNED = 40,
    CASE_NOTICE_REISSUED = 41,
    CASE_FEE_TAKEN = 42
};

enum case_state {
    CASE_STATE_EXAMINING = 1,
    CASE_STATE_NEED_MATERIALS = 2,
    CASE_STATE_NOT_ACCEPTED = 3,
    CASE_STATE_ACCEPTED = 4,
    CASE_STATE_PROCESSING = 5,
    CASE_STATE_FINISHED = 6, /* approved; where the decision was made */
    CASE_STATE_REFUSED = 7,
    CASE_STATE_ANSWERED = 8,
    CASE_STATE_REFERRED_UP = 9,
    CASE_STATE_HUB_PROCESSING = 10,
    CASE_STATE_REFERRED_DISTRICT = 11,
    CASE_STATE_DISTRICT_PROCESSING = 12,
    CASE_STATE_JOINT = 13,
    CASE_STATE_ENTRUSTED = 14,
    CASE_STATE_SUSPENDED = 15,
    CASE_STATE_WITHDRAWN = 16,
    CASE_STATE_RESULT_ON_WAY = 17,
    CASE_STATE_RESULT_AT_STATION = 18,
    CASE_STATE_HANDED = 19,
    CASE_STATE_CONFIRMED = 20,
    CASE_STATE_RATED = 21,
    CASE_STATE_ARCHIVED = 22,
    CASE_STATE_RETURNED = 23 /* accepted, sent back by a higher tier for a supplement */
};

enum material_form {
    MATERIAL_FORM_ORIGINAL = 1,
    MATERIAL_FORM_COPY = 2,
    MATERIAL_FORM_ELECTRONIC = 3
};

enum material_status {
    MATERIAL_STATUS_PRESENT = 1,
    MATERIAL_STATUS_MISSING = 2,
    MATERIAL_STATUS_DEFECTIVE = 3,
    MATERIAL_STATUS_SHOWN = 4
};

enum paper_holder {
    PAPER_HOLDER_APPLICANT = 1,
    PAPER_HOLDER_STATION = 2,
    PAPER_HOLDER_AGENT = 3,
    PAPER_HOLDER_HUB = 4,
    PAPER_HOLDER_DISTRICT = 5, /* moved by the tier that holds the case */
    PAPER_HOLDER_COURIER = 6   /* handed on by one tier, taken up by the other */
};

enum case_decision { CASE_DECISION_APPROVED = 1, CASE_DECISION_REFUSED = 2 };
enum case_correction {
    CASE_CORRECTION_PERSON = 1,
    CASE_CORRECTION_ITEM = 2,
    CASE_CORRECTION_MATERIAL = 3,
    CASE_CORRECTION_DATE = 4
};
enum case_mode { CASE_MODE_WRITTEN = 1, CASE_MODE_ORAL = 2, CASE_MODE_TELEPHONE = 3 };
/* Bits of the fact "remedies": both are told with every refusal [S4:462]. */
enum case_remedy { CASE_REMEDY_REVIEW = 1, CASE_REMEDY_LITIGATION = 2 };
enum case_order { CASE_ORDER_SEQUENCE = 1, CASE_ORDER_PARALLEL = 2 };

enum request_verb {
    REQUEST_MADE = 1,
    REQUEST_APPROVED = 2,
    REQUEST_REFUSED = 3,
    REQUEST_CANCELLED = 4
};
enum request_state {
    REQUEST_STATE_MADE = 1,
    REQUEST_STATE_APPROVED = 2,
    REQUEST_STATE_REFUSED = 3,
    REQUEST_STATE_CANCELLED = 4
};
enum request_kind { REQUEST_WITHDRAWAL = 1, REQUEST_EXTENSION = 2, REQUEST_HURRY = 3 };

enum task_verb {
    TASK_OPENED = 1,
    TASK_RECEIVED = 2,
    TASK_FINISHED = 3,
    TASK_HANDED_OVER = 4,
    TASK_REFUSED = 5
};
enum task_state {
    TASK_STATE_OPENED = 1,
    TASK_STATE_RECEIVED = 2,
    TASK_STATE_FINISHED = 3,
    TASK_STATE_HANDED_OVER = 4,
    TASK_STATE_REFUSED = 5
};

enum delegation_verb { DELEGATION_DRAFTED = 1, DELEGATION_ACTIVE = 2, DELEGATION_ENDED = 3 };
enum delegation_state {
    DELEGATION_STATE_DRAFTED = 1,
    DELEGATION_STATE_ACTIVE = 2,
    DELEGATION_STATE_ENDED = 3
};

/* 岗前培训, 专门业务培训, 更新知识培训 (N65). */
enum training_kind { TRAINING_KIND_BEFORE_POST = 1, TRAINING_KIND_RENEWING = 3 };

enum note_verb { NOTE_ADDED = 0 }; /* NoteEvent has no verb of its own */
enum note_state { NOTE_STATE_KEPT = 1 };
enum note_kind { NOTE_TEXT = 1, NOTE_CALL_LIST = 2, NOTE_REMINDER = 3, NOTE_WORK = 4 };

/* Of event.proto and sealed.proto. */
enum attestation_kind {
    ATTESTATION_NONE = 0,
    ATTESTATION_PAPER = 1,
    ATTESTATION_SCREEN = 2,
    ATTESTATION_THUMB = 3,
    ATTESTATION_WITNESS = 4,
    ATTESTATION_CALL_BACK = 5,
    ATTESTATION_SLIP = 6,
    ATTESTATION_RELATIVE = 7
};
enum sealed_label { SEALED_LABEL_IDENTITY = 1, SEALED_LABEL_MATTER = 2 };

#endif
