#ifndef JIELI_FORMS_INSIDE_H
#define JIELI_FORMS_INSIDE_H

/* Private to forms: the words of the tables, and what fills one line. */

#include "forms/forms.h"
#include "rules/civil.h"
#include "rules/machines.h"
#include "views/views.h"

#include <stddef.h>

enum { FORMS_ANY = 0 /* when_number: any value but zero */ };

/* A list of words and the fact that such a word is in, as one number of the table. */
#define FORMS_WORD(list, field) ((unsigned)(list) << 16 | (unsigned)(field))
/* "" when the number has none. */
const char *forms_word(const struct forms_work *work, enum views_words list, uint64_t number);
/* A code as words: reasons, departments. "" when it is not known. */
const char *forms_code(struct span code, bool english);

/* One line being filled. */
struct forms_work {
    const struct forms_input *input;
    struct forms_sheet *sheet;
    const struct forms_line *line;
    struct forms_cell *cell;
    const struct forms_event *cited;
};

/* --- writing the cell (cells.c) --- */

void forms_put(struct forms_work *work, struct span text);
void forms_put_text(struct forms_work *work, const char *text);
void forms_put_number(struct forms_work *work, uint64_t number);
void forms_put_day(struct forms_work *work, uint64_t day); /* 0: nothing */
void forms_put_time(struct forms_work *work, uint64_t ms); /* 0: nothing */
void forms_put_staff(struct forms_work *work, struct span staff);
void forms_put_record(struct forms_work *work, struct span record);
/* Turns the cell into a table; then forms_put of each cell and forms_next behind it. */
void forms_table(struct forms_work *work, const struct forms_column *columns, size_t count);
void forms_next(struct forms_work *work);
bool forms_is_empty(const struct forms_work *work);

/* --- reading (make_fact.c) --- */

/* The facts that hold field: of the cited event, else of the record, else of the newest event that
 * has it; never NULL (an empty list). */
const struct values *forms_facts(const struct forms_work *work, enum field field);
uint64_t forms_number(const struct forms_work *work, enum field field);
struct span forms_bytes(const struct forms_work *work, enum field field);
/* verbs: names with blanks between; "": the cited event. Newest of them; NULL. */
const struct forms_event *forms_newest(const struct forms_work *work, const char *verbs);
/* One of verbs is the name of that verb of the machine. */
bool forms_is_verb(enum machine_id machine, uint16_t verb, const char *verbs);
/* member: offsetof(struct forms_part, ...). */
const char *forms_part_text(const struct forms_part *part, size_t member);
/* Text of a catalogue without the source marks "[S4:462]" and "(inferred)". */
void forms_put_plain(struct forms_work *work, const char *text);

/* --- the makers; number and text as the tables give them --- */

#define FORMS_MAKER(name)                                                                          \
    void forms_make_##name(struct forms_work *work, unsigned number, const char *text)
FORMS_MAKER(number);
FORMS_MAKER(fact);
FORMS_MAKER(count);
FORMS_MAKER(total);
FORMS_MAKER(day);
FORMS_MAKER(time);
FORMS_MAKER(staff);
FORMS_MAKER(phone_of);
FORMS_MAKER(people);
FORMS_MAKER(other);
FORMS_MAKER(word);
FORMS_MAKER(bits);
FORMS_MAKER(yes);
FORMS_MAKER(days);
FORMS_MAKER(half_days);
FORMS_MAKER(days_between);
FORMS_MAKER(done_at);
FORMS_MAKER(done_day);
FORMS_MAKER(done_by);
FORMS_MAKER(state);
FORMS_MAKER(mode);
FORMS_MAKER(until);
FORMS_MAKER(due);
FORMS_MAKER(due_before);
FORMS_MAKER(part);
FORMS_MAKER(part_of);
FORMS_MAKER(entry);
FORMS_MAKER(reason);
FORMS_MAKER(complainant);
FORMS_MAKER(complaint_text);
FORMS_MAKER(accused);
FORMS_MAKER(replied);
FORMS_MAKER(delegated_for);
FORMS_MAKER(approver);
FORMS_MAKER(authority);
FORMS_MAKER(responsible);
FORMS_MAKER(department);
FORMS_MAKER(trigger);
FORMS_MAKER(assessed);
FORMS_MAKER(points);
FORMS_MAKER(scores);
FORMS_MAKER(log);
FORMS_MAKER(materials);
FORMS_MAKER(open_cases);
FORMS_MAKER(checklist);
FORMS_MAKER(totals);
FORMS_MAKER(deductions);
FORMS_MAKER(evaluated);
FORMS_MAKER(sheets);
FORMS_MAKER(board_items);
FORMS_MAKER(item);
FORMS_MAKER(remedies);
FORMS_MAKER(policy_limit);
FORMS_MAKER(base_points);
FORMS_MAKER(office);
FORMS_MAKER(fixed);
FORMS_MAKER(me);
FORMS_MAKER(pen);

enum forms_item {
    FORMS_ITEM_NAME,
    FORMS_ITEM_KIND,
    FORMS_ITEM_BASIS,
    FORMS_ITEM_CONDITION,
    FORMS_ITEM_PROCEDURE,
    FORMS_ITEM_LIMIT,
    FORMS_ITEM_FEE,
    FORMS_ITEM_REMEDY,
    FORMS_ITEM_WINDOW
};
enum forms_materials { FORMS_MATERIALS_RECEIVED, FORMS_MATERIALS_MISSING, FORMS_MATERIALS_ALL };
enum forms_me { FORMS_ME_NAME, FORMS_ME_POST, FORMS_ME_PHONE, FORMS_ME_ITEMS };

#endif
