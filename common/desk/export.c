#include "desk/export.h"

#include "desk/office.h"
#include "forms/html.h"
#include "print/grid.h"
#include "rules/civil.h"
#include "wire/tree.h"

#include <stdio.h>
#include <string.h>

enum { MEMBER_SIZE = 96, NAME_SIZE = 64, SPAN_SIZE = 32, MS_A_SECOND = 1000 };

static const char *asked_format(const struct desk_call *call)
{
    return http_exchange_query(call->exchange, "format");
}

bool export_is_asked(struct desk_call *call, bool *ret_bad)
{
    static const struct reply_problem problem = {
        400, "bad_query", "格式只能是 xlsx、csv、html 或 json。",
        "The format is xlsx, csv, html or json.", "format"};
    const char *format = asked_format(call);
    *ret_bad = false;
    if (format == NULL || strcmp(format, "json") == 0) {
        return false;
    }
    bool known =
        strcmp(format, "xlsx") == 0 || strcmp(format, "csv") == 0 || strcmp(format, "html") == 0;
    *ret_bad = !known;
    if (!known) {
        reply_problem(call->exchange, &problem);
    }
    return known;
}

static bool is_english(const struct desk_call *call)
{
    const char *language = http_exchange_query(call->exchange, "lang");
    return language != NULL && strcmp(language, "en") == 0;
}

/* The member, or the one in the reader's language. */
static const struct wire_tree *member_of(const struct wire_tree *row, const char *name,
                                         bool english)
{
    char both[MEMBER_SIZE];
    const struct wire_tree *value = wire_tree_get(row, name);
    if (value == NULL) {
        (void)snprintf(both, sizeof both, "%s%s", name, english ? "En" : "Zh");
        value = wire_tree_get(row, both);
    }
    return value;
}

/* "2026-09-18T08:00:40.000+08:00" is read as "2026-09-18 08:00". */
static void put_plain(struct grid *grid, const char *text)
{
    static const char shape[] = "0000-00-00T00:00:00.000+08:00";
    char minutes[CIVIL_TIME_SIZE];
    bool is_time = strlen(text) == sizeof shape - 1;
    for (size_t i = 0; is_time && i < sizeof shape - 1; i++) {
        is_time =
            shape[i] == '0' && i < 24 ? text[i] >= '0' && text[i] <= '9' : text[i] == shape[i];
    }
    if (!is_time) {
        grid_put_text(grid, span_text(text));
        return;
    }
    (void)snprintf(minutes, sizeof minutes, "%.10s %.5s", text, text + 11);
    grid_put_text(grid, span_text(minutes));
}

static void put_cell(struct grid *grid, const struct wire_tree *value, bool english)
{
    int64_t number = 0;
    const char *text = wire_tree_text(value);
    if (text != NULL) {
        put_plain(grid, text);
    } else if (wire_tree_number(value, &number)) {
        grid_put_number(grid, number);
    } else if (wire_tree_is_true(value)) {
        grid_put_text(grid, span_text(english ? "yes" : "是"));
    } else {
        grid_put_text(grid, span_of(NULL, 0));
    }
}

static void fill(struct grid *grid, const struct wire_tree *answer, bool english)
{
    const struct wire_tree *columns = wire_tree_get(wire_tree_get(answer, "view"), "columns");
    const struct wire_tree *rows = wire_tree_get(answer, "rows");
    size_t row_count = wire_tree_count(rows);
    for (size_t k = 0; k < grid->column_count; k++) {
        grid_put_text(grid,
                      span_text(wire_tree_member(wire_tree_at(columns, k), english ? "en" : "zh")));
    }
    for (size_t i = 0; i < row_count; i++) {
        const struct wire_tree *row = wire_tree_at(rows, i);
        for (size_t k = 0; k < grid->column_count; k++) {
            const char *name = wire_tree_member(wire_tree_at(columns, k), "name");
            put_cell(grid, member_of(row, name, english), english);
        }
    }
}

struct printed {
    const char *number; /* "": what it shows now was not counted */
    const char *replaced;
    uint32_t same;
};

static struct printed printed_of(const struct wire_tree *answer)
{
    const struct wire_tree *print = wire_tree_get(answer, "print");
    bool current = wire_tree_is_true(wire_tree_get(print, "current"));
    int64_t same = 0;
    (void)wire_tree_number(wire_tree_get(print, "same"), &same);
    return (struct printed){.number = current ? wire_tree_member(print, "printed") : "",
                            .replaced = current ? wire_tree_member(print, "replaced") : "",
                            .same = (uint32_t)same};
}

/* The last row of a spreadsheet: which print it is. */
static void put_printed(struct grid *grid, const struct wire_tree *answer, bool english)
{
    const struct printed printed = printed_of(answer);
    char text[MEMBER_SIZE * 2];
    if (printed.number[0] == 0) {
        (void)snprintf(text, sizeof text, "%s",
                       english ? "preview, not counted" : "预览，未登记打印");
    } else if (printed.same > 1) {
        (void)snprintf(text, sizeof text,
                       english ? "No. %s, reprint, sheet %u" : "第 %s 号，补打，第 %u 次打印",
                       printed.number, printed.same);
    } else {
        (void)snprintf(text, sizeof text, english ? "No. %s" : "第 %s 号", printed.number);
    }
    grid_put_text(grid, span_text(text));
    for (size_t i = 1; i < grid->column_count; i++) {
        grid_put_text(grid, span_of(NULL, 0));
    }
}

/* Headings and cells of a grid for the page; both are NUL-ended there already. */
static enum err put_page(struct desk *desk, const struct desk_call *call,
                         const struct wire_tree *answer, const struct grid *grid, struct buf *ret)
{
    struct forms_column columns[GRID_COLUMN_COUNT];
    char time[CIVIL_TIME_SIZE];
    char span[SPAN_SIZE];
    struct desk_office office;
    struct buf cells;
    size_t at = 0;
    const struct wire_tree *view = wire_tree_get(answer, "view");
    desk_office_read(desk->office_path[0] == 0 ? NULL : desk->office_path, &office);
    desk_office_call(desk_fold(desk), desk->device, NULL, call->now_ms, &office);
    civil_time_format(call->now_ms, time);
    (void)snprintf(span, sizeof span, "%.10s — %.10s", wire_tree_member(answer, "from"),
                   wire_tree_member(answer, "until"));
    buf_init(&cells, GRID_SIZE);
    for (size_t i = 0; i < grid->cell_count; i++) {
        bool number = false;
        struct span cell = grid_next(grid, &at, &number);
        if (i < grid->column_count) {
            columns[i] = (struct forms_column){(const char *)cell.data, (const char *)cell.data};
        } else {
            buf_put_span(&cells, cell);
            buf_put_u8(&cells, 0);
        }
    }
    const struct printed printed = printed_of(answer);
    const struct forms_ledger ledger = {.form = forms_find(wire_tree_member(view, "form")),
                                        .title_zh = wire_tree_member(view, "zh"),
                                        .title_en = wire_tree_member(view, "en"),
                                        .station = office.station,
                                        .span = span,
                                        .time = time,
                                        .number = printed.number,
                                        .print = printed.same,
                                        .replaces = printed.replaced,
                                        .columns = columns,
                                        .column_count = grid->column_count,
                                        .cells = buf_span(&cells),
                                        .english = is_english(call)};
    forms_ledger_put(&ledger, ret);
    enum err err = cells.err == ERR_NONE ? ret->err : cells.err;
    buf_done(&cells);
    return err;
}

static void send_file(struct desk_call *call, const char *format, const char *name,
                      const struct buf *file)
{
    char disposition[MEMBER_SIZE + NAME_SIZE];
    bool page = strcmp(format, "html") == 0;
    (void)snprintf(disposition, sizeof disposition, "%s; filename=\"%.40s.%.4s\"",
                   page ? "inline" : "attachment", name, format);
    const struct http_header headers[] = {
        {"Content-Disposition", disposition},
        {"Cache-Control", "no-store"},
        {"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"}};
    const struct http_reply reply = {
        .status = 200,
        .content_type = page ? "text/html; charset=utf-8"
                        : strcmp(format, "csv") == 0
                            ? "text/csv; charset=utf-8"
                            : "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        .body = buf_span(file),
        .headers = headers,
        .header_count = sizeof headers / sizeof *headers};
    http_exchange_reply(call->exchange, &reply);
}

void export_send(struct desk *desk, struct desk_call *call, struct span json)
{
    const char *format = asked_format(call);
    struct wire_tree *answer = NULL;
    struct grid grid;
    struct buf file;
    enum err err = wire_tree_open(json, &answer);
    const struct wire_tree *view = wire_tree_get(answer, "view");
    enum err fits = grid_init(&grid, wire_tree_count(wire_tree_get(view, "columns")));
    buf_init(&file, GRID_SIZE);
    err = err == ERR_NONE ? fits : err;
    if (err == ERR_NONE) {
        fill(&grid, answer, is_english(call));
        if (strcmp(format, "html") != 0) {
            put_printed(&grid, answer, is_english(call));
        }
        err = grid.cells.err;
    }
    if (err == ERR_NONE && strcmp(format, "html") == 0) {
        err = put_page(desk, call, answer, &grid, &file);
    } else if (err == ERR_NONE && strcmp(format, "csv") == 0) {
        grid_put_csv(&grid, &file);
        err = file.err;
    } else if (err == ERR_NONE) {
        const char *name = wire_tree_member(view, is_english(call) ? "en" : "zh");
        err = grid_put_xlsx(&grid, name, (int64_t)(call->now_ms / MS_A_SECOND), &file);
    }
    if (err == ERR_NONE) {
        send_file(call, format, wire_tree_member(view, "name"), &file);
    } else {
        reply_err(call->exchange, err);
    }
    buf_done(&file);
    grid_done(&grid);
    wire_tree_close(answer);
}
