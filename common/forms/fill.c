#include "forms/inside.h"

#include <string.h>

static bool is_about(const struct forms_form *form, const struct record *record,
                     const struct forms_event *event)
{
    if (form->when == FIELD_END) {
        return true;
    }
    uint64_t number = values_number(event->facts, form->when, 0);
    number = number != 0 ? number : values_number(&record->facts, form->when, 0);
    return form->when_number == FORMS_ANY ? number != 0 : number == form->when_number;
}

const struct forms_event *forms_cited(const struct forms_form *form, const struct record *record,
                                      const struct forms_event *events, size_t event_count)
{
    if (form->subject != FORMS_RECORD || record == NULL || record->machine != form->machine) {
        return NULL;
    }
    for (size_t i = event_count; i-- > 0;) {
        if (forms_is_verb(form->machine, events[i].verb, form->verbs)) {
            return is_about(form, record, &events[i]) ? &events[i] : NULL;
        }
    }
    return NULL;
}

/* Empty cells of a row are kept, so a table always has whole rows; one without any row is empty. */
static bool line_fill(struct forms_work *work)
{
    struct forms_sheet *sheet = work->sheet;
    const struct forms_line *line = work->line;
    struct forms_cell *cell = &sheet->cells[sheet->cell_count];
    *cell = (struct forms_cell){.line = line, .start = sheet->bytes.size};
    work->cell = cell;
    if (line->make != NULL) {
        line->make(work, line->number, line->text == NULL ? "" : line->text);
    }
    cell->end = sheet->bytes.size;
    bool empty = forms_is_empty(work);
    cell->by_hand = empty && (line->need == FORMS_HAND || line->need == FORMS_LATER);
    if (cell->by_hand) {
        cell->columns = NULL;
    }
    if (!empty || cell->by_hand) {
        sheet->cell_count++;
    }
    return !empty || line->need != FORMS_MUST;
}

enum err forms_fill(const struct forms_input *input, struct forms_sheet *ret,
                    const struct forms_line **ret_missing)
{
    struct forms_work work = {.input = input, .sheet = ret};
    const struct forms_line *line = NULL;
    if (input->form->subject == FORMS_RECORD) {
        work.cited = forms_cited(input->form, input->record, input->events, input->event_count);
        if (work.cited == NULL) {
            return ERR_NOT_FOUND;
        }
    }
    for (size_t i = 0; (line = forms_line_at(input->form, i)) != NULL; i++) {
        if (ret->cell_count >= FORMS_CELL_COUNT) {
            return ERR_LIMIT;
        }
        work.line = line;
        if (!line_fill(&work) && ret->bytes.err == ERR_NONE) {
            *ret_missing = line;
            return ERR_STATE;
        }
    }
    return ret->bytes.err;
}
