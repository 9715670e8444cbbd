#ifndef JIELI_RULES_RECORD_H
#define JIELI_RULES_RECORD_H

#include "rules/value.h"

enum machine_id {
    MACHINE_NONE = 0,
    MACHINE_CONTACT = 1,
    MACHINE_CASE = 2,
    MACHINE_REQUEST = 3,
    MACHINE_TASK = 4,
    MACHINE_DELEGATION = 5,
    MACHINE_NOTE = 6,
    MACHINE_COMPLAINT = 7,
    MACHINE_SUGGESTION = 8,
    MACHINE_APPOINTMENT = 9,
    MACHINE_LEAVE = 10,
    MACHINE_DUTY = 11,
    MACHINE_ATTENDANCE = 12,
    MACHINE_INSPECTION = 13,
    MACHINE_REPORT = 14,
    MACHINE_ACCOUNTABILITY = 15,
    MACHINE_APPRAISAL = 16,
    MACHINE_ADMISSION = 17,
    MACHINE_TRAINING = 18,
    MACHINE_MEETING = 19,
    MACHINE_CIRCULAR = 20,
    MACHINE_EQUIPMENT = 21,
    MACHINE_CUSTODY = 22,
    MACHINE_INCIDENT = 23,
    MACHINE_LOST = 24,
    MACHINE_OUTAGE = 25,
    MACHINE_BOARD = 26,
    MACHINE_SURVEY = 27,
    MACHINE_PRINT = 28,
    MACHINE_SUPPLIES = 29,
    MACHINE_END
};

/* Who may move a record now. */
enum holder { HOLDER_NONE = 0, HOLDER_STATION = 1, HOLDER_HUB = 2 };

/* Any thing with a state machine, as folded from its events. */
struct record {
    uint8_t id[LIMIT_ID_SIZE];
    enum machine_id machine;
    uint16_t state;
    uint16_t resume_state; /* where a suspension returns to */
    enum holder holder;
    uint8_t station[LIMIT_KEY_SIZE]; /* device whose record it is; zeros: the hub's own */
    uint64_t baton_own_seq; /* own-feed seq that gave the baton to the station; 0: from the start */
    struct values facts;
};

/* One encoding for one content: used for "fold == rebuild byte for byte" and for
 * comparing folds. At most LIMIT_RECORD_SIZE. */
void record_encode(const struct record *record, struct buf *ret);
/* Strict: sorted, no zero, known fields and types, exact length. On failure ret's content says
 * nothing. */
MUST_USE enum err record_decode(struct span bytes, struct record *ret);

/* The same as a row of a store: without the id, which is the row's key, and of the station's key
 * only the first bytes when whoever reads the row can tell the station by them: so many that
 * nobody makes himself two keys that begin alike. */
enum { RECORD_STATION_PREFIX = 12 };
void record_encode_row(const struct record *record, bool station_known, struct buf *ret);
/* *ret_cut: ret->station holds only those first bytes, then zeros. */
MUST_USE enum err record_decode_row(struct span bytes, const uint8_t id[LIMIT_ID_SIZE],
                                    struct record *ret, bool *ret_cut);

/* What lists need of a record. */
struct record_outline {
    enum machine_id machine;
    uint16_t state;
    uint64_t due_day;  /* 0: none */
    int32_t from_day;  /* earliest and latest day of its times and days; */
    int32_t until_day; /* 0: it has none */
};
void record_outline_of(const struct record *record, struct record_outline *ret);
/* The same off its bytes (either form), without decoding the rest. False: malformed. */
bool record_outline(struct span bytes, struct record_outline *ret);

#endif
