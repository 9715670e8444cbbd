#include "desk/cli_inside.h"

#include <stdio.h>
#include <string.h>

enum { PATH_SIZE = 1024 };

/* What is in force: catalogue, policy, calendar; and why rules refuse. */

struct book {
    const char *first;
    const char *second;
    bool sources;
};

static error_t parse_book(int key, char *arg, struct argp_state *state)
{
    struct book *book = state->input;
    if (key == 's') {
        book->sources = true;
        return 0;
    }
    if (key != ARGP_KEY_ARG || state->arg_num > 1) {
        return ARGP_ERR_UNKNOWN;
    }
    *(state->arg_num == 0 ? &book->first : &book->second) = arg;
    return 0;
}

/* path, then word escaped behind it. */
static int look(struct cli *cli, const char *prefix, const char *word,
                void (*show)(struct cli *cli, const struct wire_tree *answer))
{
    struct buf path;
    buf_init(&path, PATH_SIZE);
    buf_put_text(&path, prefix);
    if (word != NULL) {
        cli_escape(&path, word);
    }
    int code = path.err != ERR_NONE
                   ? cli_fail_err(cli, path.err, word)
                   : cli_call_show(cli, "GET", buf_text(&path), span_of(NULL, 0), show);
    buf_done(&path);
    return code;
}

static void show_item(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column columns[] = {{"代码", "code", "code"},
                                                {"名称", "name", "zh"},
                                                {"英文名", "English", "en"},
                                                {"办理方式", "kind", "kindZh"},
                                                {"窗口", "window", "window"},
                                                {"状态", "status", "statusZh"},
                                                {"路径", "route", "routeZh"},
                                                {"时限", "limit", "limit.count"},
                                                {"单位", "unit", "limit.unit"},
                                                {"代办", "proxy", "proxy"},
                                                {"须到场", "in person", "inPerson"},
                                                {"条件", "condition", "condition"},
                                                {"依据", "basis", "basis"},
                                                {"收费", "fee", "feeZh"},
                                                {"结果", "result", "result"},
                                                {"救济", "remedy", "remedy"},
                                                {"推定", "inferred", "inferred"}};
    static const struct cli_column materials[] = {{"材料", "material", "code"},
                                                  {"名称", "name", "zh"},
                                                  {"形式", "form", "formZh"},
                                                  {"份数", "count", "count"},
                                                  {"必需", "required", "required"}};
    cli_sheet(cli, answer, columns, sizeof columns / sizeof *columns);
    cli_table(cli, wire_tree_get(answer, "materials"), materials,
              sizeof materials / sizeof *materials);
}

static void show_catalogue(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column columns[] = {
        {"代码", "code", "code"},     {"名称", "name", "zh"},     {"方式", "kind", "kindZh"},
        {"窗口", "window", "window"}, {"代办", "proxy", "proxy"}, {"状态", "status", "statusZh"}};
    if (wire_tree_get(answer, "items") == NULL) {
        show_item(cli, answer);
        return;
    }
    cli_table(cli, wire_tree_get(answer, "items"), columns, sizeof columns / sizeof *columns);
}

int cli_command_catalogue(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {.parser = parse_book, .args_doc = "[CODE]"};
    struct book book = {0};
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, &book, &code)) {
        return code;
    }
    return look(cli, book.first == NULL ? "/api/v1/catalogue" : "/api/v1/catalogue/", book.first,
                show_catalogue);
}

static void show_policy(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column columns[] = {{"参数", "parameter", "name"},
                                                {"值", "value", "value"},
                                                {"默认", "default", "default"},
                                                {"说明", "meaning", "zh"}};
    cli_table(cli, wire_tree_get(answer, "parameters"), columns, sizeof columns / sizeof *columns);
}

static void show_sources(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column columns[] = {{"参数", "parameter", "name"},
                                                {"值", "value", "value"},
                                                {"默认", "default", "default"},
                                                {"出处", "source", "source"},
                                                {"说明", "meaning", "zh"}};
    cli_table(cli, wire_tree_get(answer, "parameters"), columns, sizeof columns / sizeof *columns);
}

int cli_command_policy(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"sources", 's', NULL, 0, "列出出处 / with their sources", 0}, {0}};
    static const struct argp argp = {
        .options = options, .parser = parse_book, .args_doc = "[show]"};
    struct book book = {0};
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, &book, &code)) {
        return code;
    }
    if (book.first != NULL && strcmp(book.first, "show") != 0) {
        return cli_fail(cli, CLI_USAGE, "policy show [--sources]", "policy show [--sources]");
    }
    return look(cli, "/api/v1/policy", NULL, book.sources ? show_sources : show_policy);
}

static void show_calendar(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column columns[] = {{"日期", "day", "day"},
                                                {"星期", "weekday", "weekday"},
                                                {"安排", "kind", "kindZh"},
                                                {"名称", "name", "name"}};
    if (!wire_tree_is_true(wire_tree_get(answer, "known"))) {
        (void)printf("%s\n", cli->english ? "no data for this year: due days are provisional"
                                          : "该年没有数据：到期日为暂定");
    }
    cli_table(cli, wire_tree_get(answer, "days"), columns, sizeof columns / sizeof *columns);
}

int cli_command_calendar(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {.parser = parse_book, .args_doc = "[YEAR]"};
    struct book book = {0};
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, &book, &code)) {
        return code;
    }
    return look(cli, book.first == NULL ? "/api/v1/calendar" : "/api/v1/calendar?year=", book.first,
                show_calendar);
}

static void show_refusals(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column columns[] = {{"号", "no", "number"},
                                                {"名称", "name", "name"},
                                                {"依据", "article", "article"},
                                                {"说明", "sentence", "zh"}};
    static const struct cli_column one[] = {{"号", "no", "number"},
                                            {"名称", "name", "name"},
                                            {"依据", "article", "article"},
                                            {"说明", "Chinese", "zh"},
                                            {"英文", "English", "en"}};
    if (wire_tree_get(answer, "refusals") == NULL) {
        cli_sheet(cli, answer, one, sizeof one / sizeof *one);
        return;
    }
    cli_table(cli, wire_tree_get(answer, "refusals"), columns, sizeof columns / sizeof *columns);
}

int cli_command_refusal(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {.parser = parse_book, .args_doc = "[NAME]"};
    struct book book = {0};
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, &book, &code)) {
        return code;
    }
    return look(cli, book.first == NULL ? "/api/v1/refusals" : "/api/v1/refusals/", book.first,
                show_refusals);
}
