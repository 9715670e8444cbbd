#include "print/grid.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>

/* A cell ends with a NUL; a number begins with this, which no text can. */
enum { NUMBER_MARK = 1 };

enum err grid_init(struct grid *grid, size_t column_count)
{
    memset(grid, 0, sizeof *grid);
    buf_init(&grid->cells, GRID_SIZE);
    grid->column_count = column_count;
    return column_count == 0 || column_count > GRID_COLUMN_COUNT ? ERR_LIMIT : ERR_NONE;
}

void grid_done(struct grid *grid)
{
    buf_done(&grid->cells);
    grid->cell_count = 0;
}

static void end_cell(struct grid *grid)
{
    buf_put_u8(&grid->cells, 0);
    grid->cell_count++;
    if (grid->cell_count > grid->column_count * GRID_ROW_COUNT && grid->cells.err == ERR_NONE) {
        grid->cells.err = ERR_LIMIT;
    }
}

void grid_put_text(struct grid *grid, struct span text)
{
    for (size_t at = 0; at < text.size && at < GRID_CELL_SIZE;) {
        size_t size = text_character_size(text.data + at, text.size - at);
        bool control = size == 1 && (text.data[at] < 0x20 || text.data[at] == 0x7f);
        if (control || text.data[at] == 0) {
            buf_put_u8(&grid->cells, ' ');
        } else if (size == 0) {
            buf_put_text(&grid->cells, "\xef\xbf\xbd");
        } else {
            buf_put(&grid->cells, text.data + at, size);
        }
        at += size == 0 ? 1 : size;
    }
    end_cell(grid);
}

void grid_put_number(struct grid *grid, int64_t number)
{
    buf_put_u8(&grid->cells, NUMBER_MARK);
    buf_put_format(&grid->cells, "%" PRId64, number);
    end_cell(grid);
}

struct span grid_next(const struct grid *grid, size_t *at, bool *ret_number)
{
    const uint8_t *data = grid->cells.data + *at;
    size_t left = grid->cells.size - *at;
    const uint8_t *nul = left == 0 ? NULL : memchr(data, 0, left);
    size_t size = nul == NULL ? left : (size_t)(nul - data);
    *at += nul == NULL ? left : size + 1;
    *ret_number = size > 0 && data[0] == NUMBER_MARK;
    return *ret_number ? span_of(data + 1, size - 1) : span_of(data, size);
}

/* A spreadsheet takes these for the beginning of a formula. */
static bool looks_like_formula(struct span text)
{
    return text.size > 0 && strchr("=+-@", text.data[0]) != NULL;
}

static void put_csv_cell(struct span text, bool number, struct buf *ret)
{
    bool quoted = text.size > 0 && (memchr(text.data, ',', text.size) != NULL ||
                                    memchr(text.data, '"', text.size) != NULL ||
                                    text.data[0] == ' ' || text.data[text.size - 1] == ' ');
    buf_put_text(ret, quoted ? "\"" : "");
    buf_put_text(ret, !number && looks_like_formula(text) ? "'" : "");
    for (size_t i = 0; i < text.size; i++) {
        buf_put_text(ret, text.data[i] == '"' ? "\"" : "");
        buf_put_u8(ret, text.data[i]);
    }
    buf_put_text(ret, quoted ? "\"" : "");
}

void grid_put_csv(const struct grid *grid, struct buf *ret)
{
    size_t at = 0;
    buf_put_text(ret, "\xef\xbb\xbf");
    for (size_t i = 0; i < grid->cell_count; i++) {
        bool number = false;
        struct span text = grid_next(grid, &at, &number);
        put_csv_cell(text, number, ret);
        buf_put_text(ret, (i + 1) % grid->column_count == 0 ? "\r\n" : ",");
    }
    if (grid->cells.err != ERR_NONE && ret->err == ERR_NONE) {
        ret->err = grid->cells.err;
    }
}
