#include "desk/cli_inside.h"
#include "desk/json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* view, kpi, findings, appraisal: the rows of common/views as tables. */

enum { PATH_SIZE = 1024, COLUMNS_MAX = 24, MEMBER_SIZE = 64 };

struct ask {
    const char *name;
    const char *query[6]; /* by QUERY_ */
    bool cases;
    bool ranking;
    bool preview;
    const char *reason;
    const char *file[3]; /* by FILE_: where the rows go instead */
};
enum { QUERY_FROM, QUERY_UNTIL, QUERY_STATION, QUERY_STAFF, QUERY_OFFSET, QUERY_LIMIT };
static const char *const query_names[] = {"from", "until", "station", "staff", "offset", "limit"};
enum { KEY_FROM = 0x200, KEY_CASES = KEY_FROM + 6, KEY_RANKING, KEY_REASON, KEY_PREVIEW, KEY_FILE };
enum { FILE_XLSX, FILE_CSV, FILE_HTML, FILE_MODE = 0600 };
static const char *const file_names[] = {"xlsx", "csv", "html"};

static error_t parse_ask(int key, char *arg, struct argp_state *state)
{
    struct ask *ask = state->input;
    if (key >= KEY_FROM && key < KEY_CASES) {
        ask->query[key - KEY_FROM] = arg;
        return 0;
    }
    if (key >= KEY_FILE && key <= KEY_FILE + FILE_HTML) {
        ask->file[key - KEY_FILE] = arg;
        return 0;
    }
    if (key == KEY_REASON) {
        ask->reason = arg;
        return 0;
    }
    if (key == KEY_PREVIEW) {
        ask->preview = true;
        return 0;
    }
    if (key == KEY_CASES || key == KEY_RANKING) {
        *(key == KEY_CASES ? &ask->cases : &ask->ranking) = true;
        return 0;
    }
    if (key != ARGP_KEY_ARG || state->arg_num > 0) {
        return ARGP_ERR_UNKNOWN;
    }
    ask->name = arg;
    return 0;
}

#define PERIOD_OPTIONS                                                                             \
    {"from", KEY_FROM + QUERY_FROM, "DAY", 0, "起始日 / first day", 0},                            \
        {"until", KEY_FROM + QUERY_UNTIL, "DAY", 0, "截止日 / last day", 0},                       \
        {"station", KEY_FROM + QUERY_STATION, "CODE", 0, "站点 / station", 0},                     \
        {"staff", KEY_FROM + QUERY_STAFF, "WHO", 0, "人员 / person", 0},                           \
        {"offset", KEY_FROM + QUERY_OFFSET, "N", 0, "从第几行起 / rows to leave out", 0},          \
    {                                                                                              \
        "limit", KEY_FROM + QUERY_LIMIT, "N", 0, "最多几行 / rows at most", 0                      \
    }

/* prefix/name tail ?query */
static void put_path(struct buf *path, const struct ask *ask, const char *prefix, const char *tail)
{
    const char *sign = "?";
    buf_put_text(path, prefix);
    if (ask->name != NULL) {
        buf_put_text(path, "/");
        cli_escape(path, ask->name);
    }
    buf_put_text(path, tail);
    for (size_t i = 0; i < sizeof query_names / sizeof *query_names; i++) {
        if (ask->query[i] != NULL) {
            buf_put_format(path, "%s%s=", sign, query_names[i]);
            cli_escape(path, ask->query[i]);
            sign = "&";
        }
    }
}

static int call_for(struct cli *cli, const struct ask *ask, const char *prefix, const char *tail,
                    void (*show)(struct cli *cli, const struct wire_tree *answer))
{
    struct buf path;
    buf_init(&path, PATH_SIZE);
    put_path(&path, ask, prefix, tail);
    int code = path.err != ERR_NONE
                   ? cli_fail_err(cli, path.err, prefix)
                   : cli_call_show(cli, "GET", buf_text(&path), span_of(NULL, 0), show);
    buf_done(&path);
    return code;
}

/* The rows as a file of that format. */
static int save_rows(struct cli *cli, const struct ask *ask, size_t format)
{
    struct http_answer answer;
    struct buf path;
    bool queried = false;
    for (size_t i = 0; i < sizeof query_names / sizeof *query_names; i++) {
        queried = queried || ask->query[i] != NULL;
    }
    buf_init(&path, PATH_SIZE);
    put_path(&path, ask, "/api/v1/views", "");
    buf_put_format(&path, "%sformat=%s%s", queried ? "&" : "?", file_names[format],
                   cli->english ? "&lang=en" : "");
    int code = cli_call(cli, "GET", buf_text(&path), span_of(NULL, 0), &answer);
    if (code == CLI_OK) {
        enum err err = files_write(ask->file[format], buf_span(&answer.body), FILE_MODE);
        code = err == ERR_NONE ? CLI_OK : cli_fail_err(cli, err, ask->file[format]);
    }
    buf_done(&answer.body);
    buf_done(&path);
    return code;
}

static void show_counted(struct cli *cli, const struct wire_tree *answer)
{
    (void)printf(cli->english ? "%s number %s\n" : "%s 编号 %s\n", wire_tree_member(answer, "form"),
                 wire_tree_member(answer, "printed"));
}

/* Counts the print first: what the file says, the record says, too. */
static int count_rows(struct cli *cli, const struct ask *ask)
{
    const char *reason = ask->reason == NULL ? "" : ask->reason;
    struct json_text json;
    struct buf path;
    struct buf body;
    buf_init(&path, PATH_SIZE);
    buf_init(&body, PATH_SIZE);
    put_path(&path, ask, "/api/v1/views", "/prints");
    json_text_init(&json, &body);
    json_text_open(&json, NULL);
    json_text_string(&json, "reason", reason);
    json_text_close(&json);
    int code = cli_call_show(cli, "POST", buf_text(&path), buf_span(&body), show_counted);
    buf_done(&body);
    buf_done(&path);
    return code;
}

static int save_all(struct cli *cli, const struct ask *ask, bool *ret_saved)
{
    bool saves =
        ask->file[FILE_XLSX] != NULL || ask->file[FILE_CSV] != NULL || ask->file[FILE_HTML] != NULL;
    int code = saves && !ask->preview ? count_rows(cli, ask) : CLI_OK;
    *ret_saved = saves;
    for (size_t i = 0; i < sizeof file_names / sizeof *file_names && code == CLI_OK; i++) {
        if (ask->file[i] != NULL) {
            code = save_rows(cli, ask, i);
        }
    }
    return code;
}

static void print_period(struct cli *cli, const struct wire_tree *answer, const char *title)
{
    cli_print(title);
    (void)printf(cli->english ? "  %s to %s\n" : "  %s 至 %s\n", wire_tree_member(answer, "from"),
                 wire_tree_member(answer, "until"));
}

static const char *text_of(const struct cli *cli, const struct wire_tree *object)
{
    const char *text = wire_tree_member(object, cli->english ? "en" : "zh");
    return text == NULL ? "" : text;
}

static void print_total(struct cli *cli, const struct wire_tree *answer, size_t shown)
{
    int64_t total = 0;
    if (wire_tree_number(wire_tree_get(answer, "total"), &total) && (size_t)total != shown) {
        (void)printf(cli->english ? "%zu of %lld\n" : "列出 %zu 条，共 %lld 条\n", shown,
                     (long long)total);
    }
}

/* --- view --- */

/* The member that a column's cells have: "stateZh" where they are words, "state" else. */
static void member_of(const struct wire_tree *rows, const char *name, char ret[MEMBER_SIZE])
{
    (void)snprintf(ret, MEMBER_SIZE, "%sZh", name);
    for (size_t i = 0; i < wire_tree_count(rows); i++) {
        if (wire_tree_get(wire_tree_at(rows, i), ret) != NULL) {
            return;
        }
    }
    (void)snprintf(ret, MEMBER_SIZE, "%s", name);
}

static void show_rows(struct cli *cli, const struct wire_tree *answer)
{
    struct cli_column columns[COLUMNS_MAX];
    char members[COLUMNS_MAX][MEMBER_SIZE];
    const struct wire_tree *view = wire_tree_get(answer, "view");
    const struct wire_tree *rows = wire_tree_get(answer, "rows");
    const struct wire_tree *list = wire_tree_get(view, "columns");
    size_t count = wire_tree_count(list) < COLUMNS_MAX ? wire_tree_count(list) : COLUMNS_MAX;
    for (size_t i = 0; i < count; i++) {
        const struct wire_tree *column = wire_tree_at(list, i);
        const char *name = wire_tree_member(column, "name");
        member_of(rows, name == NULL ? "" : name, members[i]);
        columns[i] = (struct cli_column){wire_tree_member(column, "zh"),
                                         wire_tree_member(column, "en"), members[i]};
    }
    print_period(cli, answer, text_of(cli, view));
    cli_table(cli, rows, columns, count);
    print_total(cli, answer, wire_tree_count(rows));
}

static void show_views(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column columns[] = {{"名称", "name", "name"},
                                                {"表号", "form", "form"},
                                                {"台账、一览", "view", "zh"},
                                                {"制度", "regimes", "regimes"}};
    if (wire_tree_get(answer, "views") == NULL) {
        show_rows(cli, answer);
        return;
    }
    cli_table(cli, wire_tree_get(answer, "views"), columns, sizeof columns / sizeof *columns);
}

int cli_command_view(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        PERIOD_OPTIONS,
        {"xlsx", KEY_FILE + FILE_XLSX, "FILE", 0, "存为电子表格 / as a spreadsheet", 0},
        {"csv", KEY_FILE + FILE_CSV, "FILE", 0, "存为 CSV / as CSV", 0},
        {"html", KEY_FILE + FILE_HTML, "FILE", 0, "存为可打印的网页 / as a page to print", 0},
        {"reason", KEY_REASON, "CODE", 0, "补打原因 / why it is printed again", 0},
        {"preview", KEY_PREVIEW, NULL, 0, "只预览，不登记 / look, do not count", 0},
        {0}};
    static const struct argp argp = {.options = options, .parser = parse_ask, .args_doc = "[NAME]"};
    struct ask ask = {0};
    int code = CLI_OK;
    bool saved = false;
    if (!cli_parse(cli, &argp, argc, argv, &ask, &code)) {
        return code;
    }
    code = save_all(cli, &ask, &saved);
    return saved ? code : call_for(cli, &ask, "/api/v1/views", "", show_views);
}

/* --- kpi --- */

static void show_kpi(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column columns[] = {{"指标", "indicator", "zh"},
                                                {"分子", "of these", "good"},
                                                {"分母", "all", "of"},
                                                {"比率", "share", "share"},
                                                {"目标%", "target %", "target"},
                                                {"达标", "met", "met"},
                                                {"不可计算", "not computable", "notComputable"},
                                                {"名称", "name", "name"}};
    static const struct cli_column cases[] = {{"编号", "number", "number"},
                                              {"状态", "state", "stateZh"},
                                              {"计入分子", "counted above", "good"}};
    if (wire_tree_get(answer, "indicators") != NULL) {
        print_period(cli, answer, cli->english ? "Indicators" : "工作标准");
        cli_table(cli, wire_tree_get(answer, "indicators"), columns,
                  sizeof columns / sizeof *columns);
        return;
    }
    print_period(cli, answer, text_of(cli, answer));
    cli_sheet(cli, answer, columns, sizeof columns / sizeof *columns);
    cli_table(cli, wire_tree_get(answer, "cases"), cases, sizeof cases / sizeof *cases);
}

int cli_command_kpi(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {PERIOD_OPTIONS, {0}};
    static const struct argp argp = {.options = options, .parser = parse_ask, .args_doc = "[NAME]"};
    struct ask ask = {0};
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, &ask, &code)) {
        return code;
    }
    return call_for(cli, &ask, "/api/v1/kpi", ask.name == NULL ? "" : "/cases", show_kpi);
}

/* --- findings --- */

static void show_findings(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column columns[] = {
        {"日期", "day", "day"},           {"线索", "finding", "zh"},
        {"情形", "triggers", "triggers"}, {"缘由", "cause", "causeZh"},
        {"站点", "station", "station"},   {"人员", "person", "staff"},
        {"编号", "number", "number"},     {"项目", "figure", "what"},
        {"所报", "claimed", "claimed"},   {"重算", "recomputed", "recomputed"}};
    static const struct cli_column rules[] = {{"名称", "name", "name"},
                                              {"情形", "triggers", "triggers"},
                                              {"线索", "finding", "zh"},
                                              {"依据", "article", "article"},
                                              {"只由人提出", "raised by people only", "byPeople"}};
    const struct wire_tree *list = wire_tree_get(answer, "findings");
    if (list == NULL) {
        cli_table(cli, wire_tree_get(answer, "rules"), rules, sizeof rules / sizeof *rules);
        return;
    }
    print_period(cli, answer,
                 cli->english ? "Findings: suspicions, decided by the discipline role only"
                              : "追责线索（由纪检认定）");
    cli_table(cli, list, columns, sizeof columns / sizeof *columns);
    print_total(cli, answer, wire_tree_count(list));
}

int cli_command_findings(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {PERIOD_OPTIONS, {0}};
    static const struct argp argp = {
        .options = options, .parser = parse_ask, .args_doc = "[RULE | rules]"};
    struct ask ask = {0};
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, &ask, &code)) {
        return code;
    }
    return call_for(cli, &ask, "/api/v1/findings", "", show_findings);
}

/* --- regimes --- */

static void show_regimes(struct cli *cli, const struct wire_tree *answer)
{
    const struct cli_column columns[] = {
        {"编号", "number", "number"},
        {"类", "class", "class"},
        {"制度", "regime", cli->english ? "en" : "zh"},
        {"现状", "where it stands", cli->english ? "liveEn" : "liveZh"},
        {"承载", "carried by", "carriedBy"}};
    cli_table(cli, wire_tree_get(answer, "regimes"), columns, sizeof columns / sizeof *columns);
}

int cli_command_regimes(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {PERIOD_OPTIONS, {0}};
    static const struct argp argp = {.options = options, .parser = parse_ask, .args_doc = ""};
    struct ask ask = {0};
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, &ask, &code)) {
        return code;
    }
    return call_for(cli, &ask, "/api/v1/regimes", "", show_regimes);
}

/* --- the score sheet --- */

static void show_appraisal(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column sheet[] = {{"基础分", "base", "base"},
                                              {"扣分", "deducted", "deducted"},
                                              {"待查实", "pending", "pending"},
                                              {"得分", "points", "points"},
                                              {"等次", "grade", "gradeZh"}};
    static const struct cli_column lines[] = {
        {"项", "kind", "kind"},           {"分值", "points", "points"},
        {"待查实", "pending", "pending"}, {"日期", "day", "day"},
        {"事由", "ground", "groundZh"},   {"站点", "station", "station"},
        {"人员", "person", "staff"},      {"编号", "number", "number"}};
    static const struct cli_column ranking[] = {
        {"名次", "rank", "rank"},          {"站点", "station", "station"},
        {"得分", "points", "points"},      {"等次", "grade", "gradeZh"},
        {"待查实", "pending", "pending"},  {"连续末位年数", "years last", "lastYears"},
        {"须调整", "reassign", "reassign"}};
    print_period(cli, answer, cli->english ? "Appraisal" : "考核");
    if (wire_tree_get(answer, "ranking") != NULL) {
        cli_table(cli, wire_tree_get(answer, "ranking"), ranking, sizeof ranking / sizeof *ranking);
        return;
    }
    cli_table(cli, wire_tree_get(answer, "deductions"), lines, sizeof lines / sizeof *lines);
    cli_sheet(cli, answer, sheet, sizeof sheet / sizeof *sheet);
}

/* "appraisal opened --kind 1" writes an event of that machine; else the sheet is shown. */
int cli_command_appraisal(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        PERIOD_OPTIONS, {"ranking", KEY_RANKING, NULL, 0, "各站排名 / stations in order", 0}, {0}};
    static const struct argp argp = {.options = options, .parser = parse_ask, .args_doc = ""};
    struct ask ask = {0};
    int code = CLI_OK;
    if (argc > 1 && argv[1][0] != '-') {
        return cli_act(cli, argc, argv);
    }
    if (!cli_parse(cli, &argp, argc, argv, &ask, &code)) {
        return code;
    }
    return call_for(cli, &ask, "/api/v1/appraisal", ask.ranking ? "/ranking" : "", show_appraisal);
}
