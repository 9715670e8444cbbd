#ifndef JIELI_PRINT_GRID_H
#define JIELI_PRINT_GRID_H

#include "base/span.h"

/* Rows of texts and numbers, to be opened in a spreadsheet: XLSX by libxlsxwriter, or CSV. Text is
 * never a formula there: XLSX cells are strings, so that an identity number keeps all its digits;
 * in CSV a cell that begins with = + - @ gets an apostrophe. */
enum {
    GRID_COLUMN_COUNT = 64,
    GRID_ROW_COUNT = 100000,
    GRID_CELL_SIZE = 4096, /* bytes of one cell; the rest is cut off */
    GRID_SIZE = 32 * 1024 * 1024
};

struct grid {
    size_t column_count;
    size_t cell_count; /* headings are the first row */
    struct buf cells;
};

/* ERR_LIMIT: no or too many columns. */
MUST_USE enum err grid_init(struct grid *grid, size_t column_count);
void grid_done(struct grid *grid);
/* The next cell, row by row. Control characters become spaces, broken UTF-8 U+FFFD. Failures stick
 * in grid->cells. */
void grid_put_text(struct grid *grid, struct span text);
void grid_put_number(struct grid *grid, int64_t number);

/* Appends UTF-8 with a byte order mark, lines end with CR LF (RFC 4180). */
void grid_put_csv(const struct grid *grid, struct buf *ret);
/* Appends the file: one sheet of that name (at most 31 characters are taken), headings bold and
 * frozen, columns as wide as their content. created_s: seconds since 1970. ERR_IO: the file could
 * not be made in memory; ERR_LIMIT. */
MUST_USE enum err grid_put_xlsx(const struct grid *grid, const char *name, int64_t created_s,
                                struct buf *ret);

/* A cell as it was put; number: it was a number. The text lives as long as the grid. */
struct span grid_next(const struct grid *grid, size_t *at, bool *ret_number);

#endif
