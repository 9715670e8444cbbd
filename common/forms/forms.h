#ifndef JIELI_FORMS_FORMS_H
#define JIELI_FORMS_FORMS_H

#include "forms/cells.h"
#include "rules/rule.h"

/* The forms F01-F33 of the rule book, section 3: what they say, and filling them from events. */

enum {
    FORMS_EVENT_COUNT = 256, /* newest events of a record that a form looks at */
    FORMS_NAME_SIZE = 128,
    FORMS_NUMBER_SIZE = 64
};

/* What a form is about. */
enum forms_subject {
    FORMS_RECORD,  /* one record, from the first event of the row's verbs on */
    FORMS_LEDGER,  /* the rows of a view; printed from there */
    FORMS_ITEM,    /* one item of the catalogue */
    FORMS_STAFF,   /* one person */
    FORMS_STATION  /* the station itself */
};

enum forms_need {
    FORMS_MAY,  /* left out when there is nothing to say */
    FORMS_MUST, /* without it the sheet is not printed */
    FORMS_HAND, /* written by hand on the paper: a signature, a mark */
    FORMS_LATER /* written by hand on paper as long as no event has told it */
};

struct forms_work; /* inside.h */

/* One line of a form. Texts are constants. */
struct forms_line {
    enum forms_need need;
    const char *zh; /* as the source prints it, where it does */
    const char *en;
    const char *source; /* article, "S0-E4 [S0:54]"; "(inferred)" where no text prints it */
    void (*make)(struct forms_work *work, unsigned number, const char *text);
    unsigned number; /* what make reads */
    const char *text;
};

struct forms_form {
    uint16_t number; /* as in rule_row.form: 1 F01, 102 F02b, 110 F10b, 210 F10c, 114 F14b */
    const char *id;  /* "F02b" */
    const char *zh;
    const char *en;
    const char *source;
    enum forms_subject subject;
    enum machine_id machine; /* of a record */
    const char *verbs;       /* names; the newest event of these is the one the form is about */
    enum field when;         /* that event, or the record, has this value; FIELD_END: always */
    uint64_t when_number;
    bool is_written;     /* the book demands writing */
    bool has_seal;       /* a place for the seal */
    uint8_t copies;      /* of paper; see forms_copies */
    uint16_t copies_by;  /* policy id + 1 that says how many; 0: none does */
    const char *kept_zh; /* who gets or keeps which copy */
    const char *kept_en;
};

/* In the order of the rule book. */
size_t forms_count(void);
const struct forms_form *forms_at(size_t index);
/* By id, either case; NULL: there is none. */
const struct forms_form *forms_find(const char *id);
const struct forms_form *forms_by_number(uint16_t number);
/* The lines of a form of the table, in order; NULL behind the last. A ledger has none: its columns
 * are those of the view with that form. */
const struct forms_line *forms_line_at(const struct forms_form *form, size_t index);

/* How many sheets are printed at a time. policy may be NULL. */
uint32_t forms_copies(const struct forms_form *form, const struct policy *policy);

/* What was sealed, opened for the person who prints; NULL where nothing was. */
struct forms_part {
    const char *name;
    const char *id_number;
    const char *phone;
    const char *address;
    const char *unit;
    const char *relative_name;
    const char *text;
    const char *told;
    const char *handover;
};

struct forms_event {
    uint16_t verb;
    uint64_t time_ms;             /* as its author claimed, or of the paper */
    uint8_t staff[LIMIT_ID_SIZE]; /* zeros: the device itself */
    uint8_t id[LIMIT_HASH_SIZE];
    bool is_back_entry;
    const struct values *facts;
    struct forms_part part;
};

struct forms_office {
    const char *station; /* name; "" when the settings give none */
    const char *phone;   /* for progress */
    const char *complaints;
    const char *address;
    const char *hours;
};

/* What other records say about this one. */
struct forms_world {
    void *context;
    /* "" when nobody knows. */
    void (*staff_name)(void *context, const uint8_t staff[LIMIT_ID_SIZE],
                       char ret_name[FORMS_NAME_SIZE]);
    void (*staff_phone)(void *context, const uint8_t staff[LIMIT_ID_SIZE],
                        char ret_phone[FORMS_NAME_SIZE]);
    void (*record_number)(void *context, const uint8_t record[LIMIT_ID_SIZE],
                          char ret_number[FORMS_NUMBER_SIZE]);
    /* NULL: no such record. Until the next find. */
    const struct record *(*find)(void *context, const uint8_t record[LIMIT_ID_SIZE]);
    /* The open cases of a person, by due day. visit returns false to stop. */
    void (*cases_of)(void *context, const uint8_t staff[LIMIT_ID_SIZE], void *visit_context,
                     bool (*visit)(void *visit_context, const struct record *record));
};

/* All borrowed for the call. */
struct forms_input {
    const struct forms_form *form;
    const struct record *record;      /* NULL unless FORMS_RECORD */
    const char *number;               /* of the record, as people read it */
    const struct forms_event *events; /* of the record, in order; refused ones left out */
    size_t event_count;
    const struct catalogue *catalogue;
    const struct catalogue_item *item; /* of the record, or the one asked for; NULL: none */
    const struct policy *policy;
    const struct calendar *calendar;
    const uint8_t *staff; /* FORMS_STAFF */
    const char *post;     /* FORMS_STAFF: window, as in the catalogue; "" */
    const char *subject;  /* name of what the record is about: roles of a person,
                             the station assessed; "" */
    struct forms_office office;
    struct forms_world world;
    bool english; /* contents that have both languages */
};

/* The event that a form of this record is about: NULL when none of its verbs has happened, or the
 * record is of another kind. A view into events. */
const struct forms_event *forms_cited(const struct forms_form *form, const struct record *record,
                                      const struct forms_event *events, size_t event_count);

/* Fills every line into ret (initialised). ERR_NOT_FOUND: the form does not exist for this record;
 * ERR_STATE: a mandatory line has no content, *ret_missing names it; ERR_LIMIT, ERR_MEMORY. */
MUST_USE enum err forms_fill(const struct forms_input *input, struct forms_sheet *ret,
                             const struct forms_line **ret_missing);

#endif
