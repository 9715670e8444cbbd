#ifndef JIELI_TESTS_VIEWS_SHOWN_H
#define JIELI_TESTS_VIEWS_SHOWN_H

#include "views_rig.h"

/* A view's rows as text. */

enum { ROWS = 32 };

struct shown {
    const struct views_view *view;
    size_t count;
    size_t total;
    char text[ROWS][VIEWS_COLUMNS][VIEWS_CELL_SIZE * 2];
    struct buf all; /* every cell in one text, to compare bytes */
};

static inline void write_cell(const struct views_cell *cell, struct buf *text)
{
    char day[CIVIL_DAY_SIZE];
    char time[CIVIL_TIME_SIZE];
    switch (cell->kind) {
    case VIEWS_CELL_EMPTY:
        return;
    case VIEWS_CELL_TEXT:
    case VIEWS_CELL_STATION:
        buf_put_text(text, cell->text);
        buf_put(text, cell->bytes.data, cell->text[0] == 0 ? cell->bytes.size : 0);
        return;
    case VIEWS_CELL_NUMBER:
    case VIEWS_CELL_SHARE:
        buf_put_format(text, "%lld", (long long)cell->number);
        return;
    case VIEWS_CELL_DAY:
        civil_day_format((int32_t)cell->number, day);
        buf_put_text(text, day);
        return;
    case VIEWS_CELL_TIME:
        civil_time_format((uint64_t)cell->number, time);
        buf_put_text(text, time);
        return;
    case VIEWS_CELL_STAFF:
    case VIEWS_CELL_PHONE:
        for (size_t i = 0; i < cell->bytes.size; i += LIMIT_ID_SIZE) {
            buf_put_format(text, "#%u", (unsigned)cell->bytes.data[i]);
        }
        return;
    case VIEWS_CELL_RECORD:
        buf_put_format(text, "@%u", (unsigned)cell->bytes.data[LIMIT_ID_SIZE - 1]);
        return;
    case VIEWS_CELL_SEALED:
        buf_put_format(text, "*%d@%u", (int)cell->number,
                       (unsigned)cell->bytes.data[LIMIT_ID_SIZE - 1]);
        return;
    }
}

static inline bool shown_take(void *context, const struct views_row *row)
{
    struct shown *shown = context;
    assert_int_equal(row->count, views_column_count(shown->view));
    for (size_t i = 0; i < row->count; i++) {
        struct buf text;
        buf_init(&text, VIEWS_CELL_SIZE * 2);
        write_cell(&row->cell[i], &text);
        if (shown->count < ROWS) {
            (void)snprintf(shown->text[shown->count][i], sizeof shown->text[0][0], "%s",
                           buf_text(&text));
        }
        buf_put_format(&shown->all, "%s|", buf_text(&text));
        buf_done(&text);
    }
    buf_put_text(&shown->all, "\n");
    shown->count++;
    return true;
}

static inline struct shown *show(struct rig *rig, const char *name, const struct views_scope *scope,
                                 size_t offset, size_t limit)
{
    struct shown *shown = calloc(1, sizeof *shown);
    const struct views_page page = {offset, limit};
    assert_non_null(shown);
    buf_init(&shown->all, 1 << 20);
    shown->view = views_find(name);
    assert_non_null(shown->view);
    assert_int_equal(
        views_list(&rig->source, shown->view, scope, &page, &shown->total, shown_take, shown),
        ERR_NONE);
    return shown;
}

static inline void shown_free(struct shown *shown)
{
    buf_done(&shown->all);
    free(shown);
}

static inline const char *cell(const struct shown *shown, size_t row, const char *column)
{
    for (size_t i = 0; i < views_column_count(shown->view); i++) {
        if (strcmp(shown->view->columns[i].name, column) == 0) {
            assert_true(row < shown->count);
            return shown->text[row][i];
        }
    }
    fail_msg("no column %s", column);
    return "";
}

#define CELL(row, column, wanted) assert_string_equal(cell(shown, row, column), wanted)

#endif
