#include "forms/inside.h"

#include <string.h>
#include <strings.h>

/* A row of the table: a form, or a line of the form before it. */
struct forms_entry {
    struct forms_form form; /* first, so that a form finds its lines behind it; id NULL: a line */
    struct forms_line line;
};

#define RECORD(machine_, verbs_)                                                                   \
    .subject = FORMS_RECORD, .machine = MACHINE_##machine_, .verbs = (verbs_)
#define LEDGER .subject = FORMS_LEDGER
#define ABOUT_ITEM .subject = FORMS_ITEM
#define ABOUT_STAFF .subject = FORMS_STAFF
#define ABOUT_STATION .subject = FORMS_STATION
#define ALWAYS .when = FIELD_END
#define WHEN(field_, number_) .when = (field_), .when_number = (number_)
#define WRITTEN .is_written = true
#define SPOKEN .is_written = false
#define SEALED .has_seal = true
#define PLAIN .has_seal = false
#define COPIES(count_, zh_, en_) .copies = (count_), .kept_zh = (zh_), .kept_en = (en_)

#define COPIES_BY(id_, zh_, en_)                                                                   \
    .copies = 1, .copies_by = POLICY_##id_ + 1, .kept_zh = (zh_), .kept_en = (en_)

#define MAKE(name) .make = forms_make_##name
#define NUMBER MAKE(number)
#define FACT(field_) MAKE(fact), .number = FIELD_##field_
#define TOTAL(field_) MAKE(total), .number = FIELD_##field_
#define COUNT(field_) MAKE(count), .number = FIELD_##field_
#define DAY(field_) MAKE(day), .number = FIELD_##field_
#define TIME(field_) MAKE(time), .number = FIELD_##field_
#define STAFF(field_) MAKE(staff), .number = FIELD_##field_
#define PHONE_OF(field_) MAKE(phone_of), .number = FIELD_##field_
#define PEOPLE(field_) MAKE(people), .number = FIELD_##field_
#define OTHER(field_) MAKE(other), .number = FIELD_##field_
#define YES(field_) MAKE(yes), .number = FIELD_##field_
#define DAYS(field_) MAKE(days), .number = FIELD_##field_
#define DEPARTMENT(field_) MAKE(department), .number = FIELD_##field_
#define WORD(list_, field_) MAKE(word), .number = FORMS_WORD(VIEWS_WORDS_##list_, FIELD_##field_)
#define BITS(list_, field_) MAKE(bits), .number = FORMS_WORD(VIEWS_WORDS_##list_, FIELD_##field_)
#define HALF_DAYS MAKE(half_days)
#define DAYS_BETWEEN MAKE(days_between)
#define DONE_AT(verbs_) MAKE(done_at), .text = (verbs_)
#define DONE_DAY(verbs_) MAKE(done_day), .text = (verbs_)
#define DONE_BY(verbs_) MAKE(done_by), .text = (verbs_)
#define STATE MAKE(state)
#define MODE MAKE(mode)
#define UNTIL MAKE(until)
#define DUE MAKE(due)
#define DUE_BEFORE MAKE(due_before)
#define PART(member_) MAKE(part), .number = offsetof(struct forms_part, member_)
#define PART_OF(verbs_, member_)                                                                   \
    MAKE(part_of), .number = offsetof(struct forms_part, member_), .text = (verbs_)
#define ENTRY(label_) MAKE(entry), .text = (label_)
#define REASON MAKE(reason)
#define COMPLAINANT MAKE(complainant)
#define COMPLAINT_TEXT MAKE(complaint_text)
#define ACCUSED MAKE(accused)
#define REPLIED MAKE(replied)
#define DELEGATED_FOR MAKE(delegated_for)
#define APPROVER MAKE(approver)
#define AUTHORITY MAKE(authority)
#define RESPONSIBLE MAKE(responsible)
#define TRIGGER MAKE(trigger)
#define ASSESSED MAKE(assessed)
#define POINTS MAKE(points)
#define SCORES MAKE(scores)
#define LOG(verbs_) MAKE(log), .text = (verbs_)
#define MATERIALS(which_) MAKE(materials), .number = FORMS_MATERIALS_##which_
#define OPEN_CASES MAKE(open_cases)
#define CHECKLIST MAKE(checklist)
#define TOTALS MAKE(totals)
#define DEDUCTIONS MAKE(deductions)
#define EVALUATED MAKE(evaluated)
#define SHEETS MAKE(sheets)
#define BOARD_ITEMS MAKE(board_items)
#define ITEM(what_) MAKE(item), .number = FORMS_ITEM_##what_
#define REMEDIES MAKE(remedies)
#define POLICY_LIMIT(id_) MAKE(policy_limit), .number = POLICY_##id_
#define BASE_POINTS MAKE(base_points)
#define OFFICE(member_) MAKE(office), .number = offsetof(struct forms_office, member_)
#define FIXED(zh_, en_) MAKE(fixed), .text = zh_ "|" en_
#define ME(what_) MAKE(me), .number = FORMS_ME_##what_
#define PEN MAKE(pen)

static const struct forms_entry entries[] = {
#define FORM(number_, id_, zh_, en_, source_, subject_, when_, written_, seal_, copies_)           \
    {.form = {.number = (number_),                                                                 \
              .id = (id_),                                                                         \
              .zh = (zh_),                                                                         \
              .en = (en_),                                                                         \
              .source = (source_),                                                                 \
              subject_,                                                                            \
              when_,                                                                               \
              written_,                                                                            \
              seal_,                                                                               \
              copies_}},
#define LINE(need_, zh_, en_, source_, make_)                                                      \
    {.line = {.need = FORMS_##need_, .zh = (zh_), .en = (en_), .source = (source_), make_}},
#include "forms/forms.def"
};

enum { ENTRY_COUNT = sizeof entries / sizeof *entries };

size_t forms_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        count += entries[i].form.id != NULL ? 1 : 0;
    }
    return count;
}

const struct forms_form *forms_at(size_t index)
{
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        if (entries[i].form.id != NULL && index-- == 0) {
            return &entries[i].form;
        }
    }
    return NULL;
}

const struct forms_form *forms_find(const char *id)
{
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        if (entries[i].form.id != NULL && strcasecmp(entries[i].form.id, id) == 0) {
            return &entries[i].form;
        }
    }
    return NULL;
}

const struct forms_form *forms_by_number(uint16_t number)
{
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        if (entries[i].form.id != NULL && entries[i].form.number == number) {
            return &entries[i].form;
        }
    }
    return NULL;
}

const struct forms_line *forms_line_at(const struct forms_form *form, size_t index)
{
    const struct forms_entry *entry = (const struct forms_entry *)(const void *)form + 1;
    for (; entry < entries + ENTRY_COUNT && entry->form.id == NULL; entry++) {
        if (index-- == 0) {
            return &entry->line;
        }
    }
    return NULL;
}

uint32_t forms_copies(const struct forms_form *form, const struct policy *policy)
{
    return form->copies_by == 0 || policy == NULL
               ? form->copies
               : policy_get_count(policy, (enum policy_id)(form->copies_by - 1));
}
