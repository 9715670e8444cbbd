#include "base/text.h"
#include "print/grid.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xlsxwriter.h>

/* The library writes files only: this one has no name and lives in memory. */

enum { SHEET_NAME_CHARACTERS = 31, NAME_SIZE = 160, WIDTH_MIN = 8, WIDTH_MAX = 60, BLOCK = 65536 };

/* Columns that a text takes: a Chinese character is two. */
static size_t width_of(struct span text)
{
    size_t width = 0;
    for (size_t at = 0; at < text.size;) {
        size_t size = text_character_size(text.data + at, text.size - at);
        width += size > 2 ? 2 : 1;
        at += size == 0 ? 1 : size;
    }
    return width;
}

/* A sheet's name has no []:*?/\ and at most 31 characters. */
static void sheet_name(const char *name, char ret[NAME_SIZE])
{
    struct span text = span_text(name);
    size_t used = 0;
    size_t at = 0;
    for (size_t i = 0; i < SHEET_NAME_CHARACTERS && at < text.size; i++) {
        size_t size = text_character_size(text.data + at, text.size - at);
        if (size == 0 || (size == 1 && strchr("[]:*?/\\'", text.data[at]) != NULL)) {
            ret[used++] = '_';
            at++;
            continue;
        }
        memcpy(ret + used, text.data + at, size);
        used += size;
        at += size;
    }
    ret[used] = 0;
    if (used == 0) {
        (void)snprintf(ret, NAME_SIZE, "Sheet1");
    }
}

/* Its own copy ends with a NUL in the grid already; a number loses its mark. */
static lxw_error put_cell(lxw_worksheet *sheet, size_t index, size_t columns, struct span text,
                          bool number, lxw_format *bold)
{
    lxw_row_t row = (lxw_row_t)(index / columns);
    lxw_col_t column = (lxw_col_t)(index % columns);
    const char *cell = (const char *)text.data; /* ends with a NUL in the grid */
    if (number) {
        return worksheet_write_number(sheet, row, column, (double)strtoll(cell, NULL, 10), NULL);
    }
    return text.size == 0
               ? LXW_NO_ERROR
               : worksheet_write_string(sheet, row, column, cell, row == 0 ? bold : NULL);
}

static lxw_error fill(lxw_workbook *book, lxw_worksheet *sheet, const struct grid *grid)
{
    size_t widths[GRID_COLUMN_COUNT] = {0};
    size_t at = 0;
    lxw_error failed = LXW_NO_ERROR;
    lxw_format *bold = workbook_add_format(book);
    format_set_bold(bold);
    for (size_t i = 0; i < grid->cell_count && failed == LXW_NO_ERROR; i++) {
        bool number = false;
        struct span text = grid_next(grid, &at, &number);
        size_t width = width_of(text) + 2;
        size_t *widest = &widths[i % grid->column_count];
        *widest = width > *widest ? width : *widest;
        failed = put_cell(sheet, i, grid->column_count, text, number, bold);
    }
    for (size_t i = 0; i < grid->column_count && failed == LXW_NO_ERROR; i++) {
        size_t width = widths[i] < WIDTH_MIN   ? WIDTH_MIN
                       : widths[i] > WIDTH_MAX ? WIDTH_MAX
                                               : widths[i];
        failed = worksheet_set_column(sheet, (lxw_col_t)i, (lxw_col_t)i, (double)width, NULL);
    }
    worksheet_freeze_panes(sheet, 1, 0);
    worksheet_set_landscape(sheet);
    worksheet_set_paper(sheet, 9); /* A4 */
    (void)worksheet_repeat_rows(sheet, 0, 0);
    return failed;
}

static enum err read_back(int fd, struct buf *ret)
{
    off_t at = 0;
    ssize_t size = 1;
    while (size > 0 && ret->err == ERR_NONE) {
        uint8_t block[BLOCK];
        size = pread(fd, block, sizeof block, at);
        if (size > 0) {
            buf_put(ret, block, (size_t)size);
            at += size;
        }
    }
    return size < 0 ? ERR_IO : ret->err;
}

enum err grid_put_xlsx(const struct grid *grid, const char *name, int64_t created_s,
                       struct buf *ret)
{
    char path[64];
    char title[NAME_SIZE];
    lxw_doc_properties properties = {.created = (time_t)created_s};
    if (grid->cells.err != ERR_NONE) {
        return grid->cells.err;
    }
    int fd = memfd_create("grid", MFD_CLOEXEC);
    if (fd < 0) {
        return ERR_IO;
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    sheet_name(name, title);
    lxw_workbook *book = workbook_new(path);
    lxw_worksheet *sheet = book == NULL ? NULL : workbook_add_worksheet(book, title);
    enum err err = ERR_IO;
    if (sheet != NULL) {
        lxw_error failed = workbook_set_properties(book, &properties);
        failed = failed != LXW_NO_ERROR ? failed : fill(book, sheet, grid);
        lxw_error closed = workbook_close(book); /* frees it, also after a failure */
        err = failed == LXW_NO_ERROR && closed == LXW_NO_ERROR ? read_back(fd, ret) : ERR_IO;
    } else if (book != NULL) {
        (void)workbook_close(book);
    }
    (void)close(fd);
    return err;
}
