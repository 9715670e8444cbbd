#ifndef JIELI_DESK_SHEET_H
#define JIELI_DESK_SHEET_H

#include "desk/inside.h"
#include "desk/office.h"
#include "desk/prints.h"
#include "forms/html.h"

/* Private to desk: one form put together from what the desk can read. */

struct sheet {
    struct desk *desk;
    struct desk_call *call;
    struct kv_txn *txn;
    const struct forms_form *form;
    struct record *record; /* of a form about a record; its own copy */
    struct record *other;  /* what find shows */
    struct record *scratch;
    char number[NUMBER_SIZE];
    bool closed; /* some part does not open to who asks */
    size_t event_count;
    struct forms_event events[FORMS_EVENT_COUNT];
    /* Of each event: its place, for the QR, and its facts, which are ours. */
    struct sheet_place {
        struct values *facts;
        uint64_t incarnation;
        uint64_t seq;
    } places[FORMS_EVENT_COUNT];
    struct rule_world world;
    struct desk_office office;
    uint8_t staff[LIMIT_ID_SIZE];
    char subject[FORMS_NAME_SIZE];
    char post[LIMIT_CODE_SIZE];
    struct forms_input input;
    const struct forms_event *cited;
    struct prints_about about;
    struct prints prints;
};

/* Reads record (NULL: none) with its events; opened parts need an unlocked call. The caller frees
 * with sheet_free. ERR_MEMORY. */
MUST_USE enum err sheet_new(struct desk *desk, struct desk_call *call, struct kv_txn *txn,
                            const struct record *record, struct sheet **ret_sheet);
void sheet_free(struct sheet *sheet); /* wipes what was opened */
/* Chooses the form and looks up its prints. key: what it is about when that is no record. False:
 * it does not exist for this record. */
bool sheet_choose(struct sheet *sheet, const struct forms_form *form, struct span key);
/* A form about an item, a person or the station; false: there is no such thing. word: code, staff
 * id or name. */
bool sheet_about(struct sheet *sheet, const struct forms_form *form, const char *word);
/* Fills the lines; as forms_fill. */
MUST_USE enum err sheet_fill(struct sheet *sheet, struct forms_sheet *ret,
                             const struct forms_line **ret_missing);
/* Appends the page of the last print, or a preview when the content has changed since. */
MUST_USE enum err sheet_page(struct sheet *sheet, const struct forms_sheet *filled,
                             struct buf *ret);

#endif
