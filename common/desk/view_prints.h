#ifndef JIELI_DESK_VIEW_PRINTS_H
#define JIELI_DESK_VIEW_PRINTS_H

#include "desk/looking.h"
#include "desk/prints.h"
#include "seal/hash.h"

/* Private to desk: prints of a view, by name, period, station, person and page. What it shows is
 * told by a hash over its open cells; of a sealed one, and so of people's names, numbers and words,
 * nothing goes into it. */

enum { VIEW_PRINT_KEY_SIZE = 320 };

struct view_print {
    const struct views_view *view;
    struct seal_sha256 sha;
    uint8_t hash[LIMIT_HASH_SIZE];
    char key[VIEW_PRINT_KEY_SIZE];
    struct prints_about about; /* borrows from the rest */
    struct prints prints;
};

void view_print_begin(struct view_print *print, const struct looking *looking,
                      const struct views_view *view);
void view_print_row(struct view_print *print, const struct views_row *row);
/* After the last row: which prints there are. */
void view_print_look(struct view_print *print, struct looking *looking);
/* "print" of the answer: its prints, and "same". */
void view_print_put(const struct view_print *print, struct json_text *json);
/* 404: there is no view of that name. */
void view_refuse_unknown(struct desk_call *call);

#endif
