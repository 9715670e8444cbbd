#ifndef JIELI_XLSX_INSIDE_H
#define JIELI_XLSX_INSIDE_H

/* Private to xlsx: what its files share. */

#include "xlsx/xlsx.h"

enum { XLSX_NAME_SIZE = 256 };

/* What the other parts say that cells need. */
struct xlsx_book {
    char sheet_id[64];          /* relation of the first sheet */
    char sheet[XLSX_NAME_SIZE]; /* its part */
    bool from_1904;             /* days are counted from 1904 */
    size_t style_count;
    bool dates[XLSX_STYLES]; /* is the style a date's? */
    size_t format_count;     /* formats of its own that are dates */
    uint32_t formats[XLSX_STYLES];
    struct buf strings; /* each with a NUL */
    size_t string_count;
    uint32_t *string_at; /* room for XLSX_STRINGS */
};

/* A part is given as events; "" where an attribute is missing. */
struct xlsx_reader {
    void *context;
    enum err (*begin)(void *context, const char *name, const char *const *attributes);
    enum err (*end)(void *context, const char *name);
    enum err (*text)(void *context, struct span text);
};

const char *xlsx_attribute(const char *const *attributes, const char *name);
/* Decimal digits up to most; false: anything else. */
bool xlsx_number(const char *text, uint32_t most, uint32_t *ret);

struct xlsx_archive;
/* ERR_NOT_FOUND: no such part. */
MUST_USE enum err xlsx_part(struct xlsx_archive *archive, const char *name,
                            const struct xlsx_reader *reader);

MUST_USE enum err xlsx_book_read(struct xlsx_archive *archive, struct xlsx_book *book);
void xlsx_book_done(struct xlsx_book *book);
MUST_USE enum err xlsx_cells_read(struct xlsx_archive *archive, const struct xlsx_book *book,
                                  struct buf *ret_csv, struct xlsx_place *ret_place);

#endif
