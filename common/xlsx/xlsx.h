#ifndef JIELI_XLSX_XLSX_H
#define JIELI_XLSX_XLSX_H

#include "base/span.h"

/* Bounds: what is larger is refused with ERR_LIMIT. */
enum {
    XLSX_FILE_SIZE = 16 * 1024 * 1024, /* the archive */
    XLSX_PART_SIZE = 64 * 1024 * 1024, /* one part of it, unpacked */
    XLSX_CSV_SIZE = 16 * 1024 * 1024,
    XLSX_ROWS = 60000,
    XLSX_COLUMNS = 64,
    XLSX_CELL_SIZE = 4096,
    XLSX_STRINGS = 500000,
    XLSX_STYLES = 4096,
    XLSX_DEPTH = 32
};

/* Where reading ended, from 1; 0: not at a cell. */
struct xlsx_place {
    size_t row;
    size_t column;
};

/* Does it begin as a zip archive does? */
bool xlsx_is(struct span bytes);
/* Appends the first sheet as CSV (RFC 4180, UTF-8, one line a row). ERR_MALFORMED: not an XLSX
 * file, or broken; ERR_LIMIT: larger than the bounds; ERR_MEMORY. */
MUST_USE enum err xlsx_read(struct span bytes, struct buf *ret_csv, struct xlsx_place *ret_place);

#endif
