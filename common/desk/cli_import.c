#include "desk/cli_inside.h"
#include "desk/import.h"
#include "node/clock.h"
#include "rules/civil.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* import FILE --map FILE [--check] [--again REASON]: CSV or XLSX */

struct importing {
    struct cli *cli;
    const char *file;
    const char *map;
    const char *again; /* why what is registered is registered again; "": it is not */
    bool check;
    size_t shown;
};

static error_t parse_import(int key, char *arg, struct argp_state *state)
{
    struct importing *importing = state->input;
    if (key == 'm') {
        importing->map = arg;
        return 0;
    }
    if (key == 'a') {
        importing->again = arg;
        return 0;
    }
    if (key == 'c') {
        importing->check = true;
        return 0;
    }
    if (key != ARGP_KEY_ARG || state->arg_num > 0) {
        return ARGP_ERR_UNKNOWN;
    }
    importing->file = arg;
    return 0;
}

static void show_wrong(void *context, size_t line, size_t column, const char *heading,
                       const char *zh)
{
    enum { SHOWN = 200 };
    struct importing *importing = context;
    if (importing->shown++ < SHOWN) {
        (void)fprintf(stderr, "第 %zu 行 第 %zu 列（%s）：%s\n", line, column, heading, zh);
    }
}

/* One event; what is there already is no failure. */
static int post(struct cli *cli, struct span body, bool *ret_written)
{
    struct http_answer answer;
    int code = cli_call(cli, "POST", "/api/v1/events", body, &answer);
    *ret_written = code == CLI_OK;
    buf_done(&answer.body);
    return code;
}

/* The record of a row that was imported before: its state says what is left to do. */
static bool is_there(struct cli *cli, const struct import_row *row, bool *ret_open)
{
    struct http_answer answer;
    struct wire_tree *tree = NULL;
    char path[64 + 2 * LIMIT_ID_SIZE];
    size_t used = (size_t)snprintf(path, sizeof path, "/api/v1/records/");
    for (size_t i = 0; i < LIMIT_ID_SIZE; i++) {
        (void)snprintf(path + used + 2 * i, 3, "%02x", row->record[i]);
    }
    bool quiet = cli->quiet;
    cli->quiet = true;
    int code = cli_call(cli, "GET", path, span_of(NULL, 0), &answer);
    cli->quiet = quiet;
    bool found = code == CLI_OK && wire_tree_open(buf_span(&answer.body), &tree) == ERR_NONE;
    *ret_open = found && strcmp(wire_tree_member(tree, "state"), "open") == 0;
    wire_tree_close(tree);
    buf_done(&answer.body);
    return found;
}

/* Rows of matters that the store has from elsewhere, each with its sentence; none is written. What
 * else is wrong, a lock, say, is told when the row is written. */
static size_t check_store(struct importing *importing, const struct csv *csv,
                          const struct import_map *map)
{
    struct cli *cli = importing->cli;
    size_t wrong = 0;
    for (size_t i = 0; i < csv_row_count(csv); i++) {
        struct http_answer answer = {0};
        struct wire_tree *tree = NULL;
        struct import_row row;
        struct buf body;
        bool open = false;
        bool quiet = cli->quiet;
        import_row(csv, map, i, &row);
        buf_init(&body, CLI_BODY_SIZE);
        import_put_received(&row, importing->again, &body);
        cli->quiet = true;
        int code = body.err != ERR_NONE || is_there(cli, &row, &open)
                       ? CLI_OK
                       : cli_call(cli, "POST", "/api/v1/events?check=1", buf_span(&body), &answer);
        cli->quiet = quiet;
        bool twin = code != CLI_OK && wire_tree_open(buf_span(&answer.body), &tree) == ERR_NONE &&
                    strcmp(wire_tree_member(tree, "code"), "duplicate") == 0;
        if (twin) {
            (void)fprintf(stderr, "第 %zu 行：%s\n", csv_line(csv, i),
                          wire_tree_member(tree, cli_is_english(cli) ? "en" : "zh"));
        }
        wrong += twin ? 1 : 0;
        wire_tree_close(tree);
        buf_done(&answer.body);
        buf_done(&body);
    }
    return wrong;
}

static int write_row(struct cli *cli, const struct import_row *row, const char *again,
                     bool *ret_new)
{
    struct buf body;
    bool open = false;
    bool written = false;
    int code = CLI_OK;
    buf_init(&body, CLI_BODY_SIZE);
    bool there = is_there(cli, row, &open);
    if (!there) {
        import_put_received(row, again, &body);
        code = body.err == ERR_NONE ? post(cli, buf_span(&body), &written)
                                    : cli_fail_err(cli, body.err, "import");
    }
    buf_clear(&body);
    if (code == CLI_OK && (!there || open) && import_put_answered(row, &body)) {
        code = body.err == ERR_NONE ? post(cli, buf_span(&body), &written)
                                    : cli_fail_err(cli, body.err, "import");
    }
    *ret_new = written;
    buf_done(&body);
    return code;
}

static int write_all(struct cli *cli, const struct csv *csv, const struct import_map *map,
                     const char *again)
{
    size_t written = 0;
    size_t kept = 0;
    size_t count = csv_row_count(csv);
    int code = CLI_OK;
    for (size_t i = 0; i < count && code == CLI_OK; i++) {
        struct import_row row;
        bool is_new = false;
        import_row(csv, map, i, &row);
        code = write_row(cli, &row, again, &is_new);
        written += is_new ? 1 : 0;
        kept += code == CLI_OK && !is_new ? 1 : 0;
        if (code != CLI_OK) {
            (void)fprintf(stderr, "停在第 %zu 行；前面的已登记。原因消除后再导入一次，不会重复。\n",
                          csv_line(csv, i));
        }
    }
    (void)printf(cli_is_english(cli) ? "%zu imported, %zu were there already\n"
                                     : "导入 %zu 条，原已导入 %zu 条\n",
                 written, kept);
    return code;
}

/* The items that rows may name, as the daemon has them; the caller frees. */
static int read_items(struct cli *cli, struct import_map *map, struct import_item **ret_items)
{
    struct http_answer answer;
    struct wire_tree *tree = NULL;
    int code = cli_call(cli, "GET", "/api/v1/catalogue", span_of(NULL, 0), &answer);
    if (code == CLI_OK && wire_tree_open(buf_span(&answer.body), &tree) == ERR_NONE) {
        const struct wire_tree *list = wire_tree_get(tree, "items");
        struct import_item *items = calloc(wire_tree_count(list) + 1, sizeof *items);
        map->item_count = items == NULL ? 0 : wire_tree_count(list);
        for (size_t i = 0; i < map->item_count; i++) {
            const struct wire_tree *item = wire_tree_at(list, i);
            (void)snprintf(items[i].code, sizeof items[i].code, "%s",
                           wire_tree_member(item, "code"));
            (void)snprintf(items[i].name, sizeof items[i].name, "%s", wire_tree_member(item, "zh"));
        }
        *ret_items = items;
        map->items = items;
    }
    wire_tree_close(tree);
    buf_done(&answer.body);
    return code;
}

static int check_and_write(struct importing *importing, const struct csv *csv,
                           const struct import_map *map)
{
    int32_t today = civil_day_of_ms(clock_wall_ms());
    size_t wrong = import_check(csv, map, today, importing, show_wrong);
    wrong += wrong == 0 ? check_store(importing, csv, map) : 0;
    if (wrong > 0) {
        (void)fprintf(stderr, "共 %zu 处有误，一条也没有导入。\n", wrong);
        return CLI_FINDING;
    }
    if (importing->check) {
        (void)printf(cli_is_english(importing->cli) ? "%zu rows, all good\n"
                                                    : "%zu 行，没有发现错误\n",
                     csv_row_count(csv));
        return CLI_OK;
    }
    return write_all(importing->cli, csv, map, importing->again);
}

static int import_file(struct importing *importing, const struct csv *csv)
{
    struct cli *cli = importing->cli;
    struct import_map map;
    struct import_item *items = NULL;
    char problem[IMPORT_PROBLEM_SIZE];
    enum err err = import_map_read(importing->map, &map, problem);
    if (err != ERR_NONE) {
        return cli_fail_err(cli, err, problem[0] != 0 ? problem : importing->map);
    }
    int code = map.heading[IMPORT_ITEM][0] == 0 ? CLI_OK : read_items(cli, &map, &items);
    if (code == CLI_OK) {
        code = check_and_write(importing, csv, &map);
    }
    free(items);
    return code;
}

int cli_command_import(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"map", 'm', "FILE", 0, "列的对应 / which column is what", 0},
        {"check", 'c', NULL, 0, "只检查 / check only", 0},
        {"again", 'a', "REASON", 0, "已登记的仍登记，注明原因 / register again, and why", 0},
        {0}};
    static const struct argp argp = {
        .options = options, .parser = parse_import, .args_doc = "FILE --map FILE"};
    struct importing importing = {.cli = cli, .again = ""};
    struct csv_place place = {0, 0};
    struct csv *csv = NULL;
    struct buf text;
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, &importing, &code)) {
        return code;
    }
    if (importing.file == NULL || importing.map == NULL) {
        return cli_fail(cli, CLI_USAGE, "import 台账.xlsx --map 映射", "import FILE --map FILE");
    }
    buf_init(&text, CSV_SIZE);
    enum err err = files_read(importing.file, &text);
    if (err != ERR_NONE) {
        code = cli_fail_err(cli, err, importing.file);
    } else {
        err = csv_open_file(buf_span(&text), &csv, &place);
        if (err != ERR_NONE) {
            (void)fprintf(stderr,
                          err == ERR_LIMIT
                              ? "第 %zu 行 第 %zu 列：文件过大。请分成几个文件导入。\n"
                              : "第 %zu 行 第 %zu 列：文件读不懂。请在电子表格中另存为 XLSX "
                                "或“CSV UTF-8”。\n",
                          place.line, place.column);
            code = CLI_FINDING;
        } else {
            code = import_file(&importing, csv);
        }
    }
    csv_close(csv);
    buf_done(&text);
    return code;
}
