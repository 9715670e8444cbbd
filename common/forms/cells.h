#ifndef JIELI_FORMS_CELLS_H
#define JIELI_FORMS_CELLS_H

#include "base/limits.h"
#include "base/span.h"

/* One filled sheet: a cell for each line that has content, as text or as a small table. The bytes
 * are well-formed UTF-8 without control characters but the line feed; whoever shows them escapes
 * them for where he shows them. */
enum {
    FORMS_CELL_COUNT = 48,
    FORMS_COLUMN_COUNT = 8,
    FORMS_TEXT_SIZE =
        64 * 1024, /* of one piece of text from outside; the rest is cut off, marked */
    FORMS_SHEET_SIZE = 1024 * 1024 /* of all cells */
};

struct forms_line;

struct forms_column {
    const char *zh;
    const char *en;
};

struct forms_cell {
    const struct forms_line *line;
    size_t start; /* of its text, or of its first row, in the sheet's bytes */
    size_t end;
    const struct forms_column *columns; /* NULL: plain text */
    size_t column_count;
    bool by_hand; /* left free for a pen */
};

struct forms_sheet {
    struct forms_cell cells[FORMS_CELL_COUNT];
    size_t cell_count;
    struct buf bytes; /* texts; in tables each cell ends with a NUL */
};

void forms_sheet_init(struct forms_sheet *sheet);
void forms_sheet_done(struct forms_sheet *sheet); /* wipes: there are names in it */
/* The text of a plain cell. Until the next change of the sheet, as below. */
struct span forms_cell_text(const struct forms_sheet *sheet, const struct forms_cell *cell);
/* Visits a table's cells row by row. */
void forms_cell_each(const struct forms_sheet *sheet, const struct forms_cell *cell, void *context,
                     void (*visit)(void *context, size_t row, size_t column, struct span text));
/* Appends text made harmless: broken UTF-8 becomes U+FFFD, control characters a space (line feeds
 * stay when keep_lines), and what is beyond FORMS_TEXT_SIZE "…". */
void forms_text_put(struct buf *ret, struct span text, bool keep_lines);

#endif
