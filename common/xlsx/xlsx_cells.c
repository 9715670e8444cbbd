#include "rules/civil.h"
#include "xlsx/inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Day 25569 of a spreadsheet is 1970-01-01. Before 61 its calendar has a 29 February 1900. */
enum { DAY_1970 = 25569, DAY_FIRST = 61, DAY_LAST = 2958465, DAYS_1904 = 1462 };

struct cells {
    const struct xlsx_book *book;
    struct buf *csv;
    struct xlsx_place *place;
    size_t row;    /* rows written so far */
    size_t column; /* cells written of the present row */
    bool in_row;
    char kind[12]; /* of the cell: attribute t */
    uint32_t style;
    bool in_value;
    struct buf value;
};

/* "AB12" -> 28; 0: no letters. */
static size_t column_of(const char *name)
{
    size_t column = 0;
    for (; *name >= 'A' && *name <= 'Z' && column <= XLSX_COLUMNS; name++) {
        column = column * 26 + (size_t)(*name - 'A') + 1;
    }
    return column;
}

static void put_text(struct buf *csv, struct span text)
{
    buf_put_u8(csv, '"');
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (byte == '"') {
            buf_put_u8(csv, '"');
        }
        buf_put_u8(csv, byte < 0x20 ? ' ' : byte);
    }
    buf_put_u8(csv, '"');
}

/* False: no day of ours; it stays a number. */
static bool put_date(const struct cells *cells, const char *text)
{
    enum { MINUTES = CIVIL_MINUTES_A_DAY };
    char day[CIVIL_DAY_SIZE];
    char *end = NULL;
    double serial = strtod(text, &end) + (cells->book->from_1904 ? DAYS_1904 : 0);
    if (end == text || *end != 0 || !(serial >= DAY_FIRST) || !(serial < DAY_LAST)) {
        return false;
    }
    int64_t minutes = (int64_t)floor(serial * MINUTES + 0.5);
    int32_t whole = (int32_t)(minutes / MINUTES);
    int32_t rest = (int32_t)(minutes % MINUTES);
    civil_day_format(whole - DAY_1970, day);
    buf_put_text(cells->csv, day);
    if (rest != 0) {
        buf_put_format(cells->csv, " %02d:%02d", (int)(rest / 60), (int)(rest % 60));
    }
    return true;
}

static enum err put_value(struct cells *cells)
{
    const struct xlsx_book *book = cells->book;
    const char *text = buf_text(&cells->value);
    uint32_t index = 0;
    bool number = cells->kind[0] == 0 || strcmp(cells->kind, "n") == 0;
    if (cells->value.size == 0) {
        return ERR_NONE;
    }
    if (strcmp(cells->kind, "s") == 0) {
        if (!xlsx_number(text, XLSX_STRINGS, &index) || index >= book->string_count) {
            return ERR_MALFORMED;
        }
        const char *string = (const char *)book->strings.data + book->string_at[index];
        if (strlen(string) > XLSX_CELL_SIZE) {
            return ERR_LIMIT;
        }
        put_text(cells->csv, span_text(string));
        return ERR_NONE;
    }
    bool date = number && cells->style < book->style_count && book->dates[cells->style];
    if (!date || !put_date(cells, text)) {
        put_text(cells->csv, buf_span(&cells->value));
    }
    return ERR_NONE;
}

/* Rows that a file leaves out are empty lines. */
static enum err begin_row(struct cells *cells, const char *const *attributes)
{
    uint32_t row = 0;
    const char *name = xlsx_attribute(attributes, "r");
    if (name[0] == 0) {
        row = (uint32_t)cells->row + 1;
    } else if (!xlsx_number(name, UINT32_MAX, &row)) {
        return ERR_MALFORMED;
    }
    cells->place->row = row;
    if (row > XLSX_ROWS) {
        return ERR_LIMIT;
    }
    if (row <= cells->row || cells->in_row) {
        return ERR_MALFORMED;
    }
    for (; cells->row + 1 < row; cells->row++) {
        buf_put_u8(cells->csv, '\n');
    }
    cells->column = 0;
    cells->in_row = true;
    return cells->csv->err;
}

static enum err begin_cell(struct cells *cells, const char *const *attributes)
{
    const char *name = xlsx_attribute(attributes, "r");
    size_t column = name[0] == 0 ? cells->column + 1 : column_of(name);
    cells->place->column = column;
    if (!cells->in_row || column <= cells->column) {
        return ERR_MALFORMED;
    }
    if (column > XLSX_COLUMNS) {
        return ERR_LIMIT;
    }
    for (; cells->column < column; cells->column++) {
        if (cells->column > 0) {
            buf_put_u8(cells->csv, ',');
        }
    }
    (void)snprintf(cells->kind, sizeof cells->kind, "%s", xlsx_attribute(attributes, "t"));
    if (!xlsx_number(xlsx_attribute(attributes, "s"), UINT32_MAX, &cells->style)) {
        cells->style = 0;
    }
    buf_clear(&cells->value);
    return cells->csv->err;
}

static enum err cells_begin(void *context, const char *name, const char *const *attributes)
{
    struct cells *cells = context;
    if (strcmp(name, "row") == 0) {
        return begin_row(cells, attributes);
    }
    if (strcmp(name, "c") == 0) {
        return begin_cell(cells, attributes);
    }
    cells->in_value = strcmp(name, "v") == 0 || strcmp(name, "t") == 0;
    return ERR_NONE;
}

static enum err cells_end(void *context, const char *name)
{
    struct cells *cells = context;
    enum err err = ERR_NONE;
    cells->in_value = false;
    if (strcmp(name, "c") == 0) {
        err = put_value(cells);
        buf_clear(&cells->value);
    } else if (strcmp(name, "row") == 0) {
        buf_put_u8(cells->csv, '\n');
        cells->in_row = false;
        cells->row++;
    }
    return err != ERR_NONE ? err : cells->csv->err;
}

static enum err cells_text(void *context, struct span text)
{
    struct cells *cells = context;
    if (cells->in_value) {
        buf_put_span(&cells->value, text);
    }
    return cells->value.err;
}

enum err xlsx_cells_read(struct xlsx_archive *archive, const struct xlsx_book *book,
                         struct buf *ret_csv, struct xlsx_place *ret_place)
{
    struct cells cells = {.book = book, .csv = ret_csv, .place = ret_place};
    const struct xlsx_reader reader = {&cells, cells_begin, cells_end, cells_text};
    buf_init(&cells.value, XLSX_CELL_SIZE);
    enum err err = xlsx_part(archive, book->sheet, &reader);
    buf_done(&cells.value);
    return err;
}
