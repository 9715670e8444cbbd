#ifndef JIELI_DESK_CSV_H
#define JIELI_DESK_CSV_H

#include "base/span.h"

/* A CSV file (RFC 4180) of UTF-8, with or without byte order mark, read whole: an existing ledger
 * as a spreadsheet program saves it. */
enum { CSV_SIZE = 16 * 1024 * 1024, CSV_COLUMNS = 64, CSV_ROWS = 50000, CSV_CELL_SIZE = 4096 };

struct csv;

/* Where reading stopped, from 1. */
struct csv_place {
    size_t line;
    size_t column;
};

/* ERR_MALFORMED: not UTF-8, a quote that does not end, a row with more cells than the first;
 * ERR_LIMIT: one of the bounds above; both say where. text is borrowed for the call. */
MUST_USE enum err csv_open(struct span text, struct csv **ret_csv, struct csv_place *ret_place);
/* The same of a file as it was saved: CSV, or the first sheet of an XLSX file, whose lines are then
 * the sheet's rows. */
MUST_USE enum err csv_open_file(struct span bytes, struct csv **ret_csv,
                                struct csv_place *ret_place);
void csv_close(struct csv *csv);             /* wipes */
size_t csv_row_count(const struct csv *csv); /* without the headings; empty lines are left out */
size_t csv_column_count(const struct csv *csv);
/* Line of the file in which the row begins, from 1. */
size_t csv_line(const struct csv *csv, size_t row);
/* Trimmed of blanks at both ends; "" where the row is short. Until csv_close. */
const char *csv_cell(const struct csv *csv, size_t row, size_t column);
const char *csv_heading(const struct csv *csv, size_t column);

#endif
