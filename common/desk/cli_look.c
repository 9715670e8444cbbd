#include "desk/cli_inside.h"

#include <stdio.h>
#include <string.h>

enum { PATH_SIZE = 4096, FACT_SIZE = 64 * 1024, TOKEN_MODE = 0600 };

/* --- unlock, lock --- */

struct words {
    const char *first;
    const char *second;
    unsigned limit; /* how many words are allowed */
    bool flag;
};

static error_t parse_words(int key, char *arg, struct argp_state *state)
{
    struct words *words = state->input;
    if (key == 's') {
        words->flag = true;
        return 0;
    }
    if (key != ARGP_KEY_ARG || state->arg_num >= words->limit) {
        return ARGP_ERR_UNKNOWN;
    }
    *(state->arg_num == 0 ? &words->first : &words->second) = arg;
    return 0;
}

static void show_session(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column columns[] = {{"姓名", "name", "name"},
                                                {"人员", "staff", "staff"},
                                                {"岗位角色", "roles", "roles"},
                                                {"密钥", "key", "key"}};
    cli_sheet(cli, answer, columns, sizeof columns / sizeof *columns);
}

static int keep_token(struct cli *cli, const struct http_answer *answer)
{
    char path[FILES_PATH_SIZE];
    struct wire_tree *tree = NULL;
    if (!cli_path(cli, "token", path)) {
        return CLI_USAGE;
    }
    enum err err = files_write(path, span_text(cli->token), TOKEN_MODE);
    if (err == ERR_FULL && files_remove(path) == ERR_NONE) {
        /* The room of the old one, worthless by now: whoever reads needs no other. */
        err = files_write(path, span_text(cli->token), TOKEN_MODE);
    }
    if (err != ERR_NONE) {
        return cli_fail_err(cli, err, path);
    }
    if (cli->json) {
        (void)fwrite(answer->body.data, 1, answer->body.size, stdout);
        (void)printf("\n");
    } else if (wire_tree_open(buf_span(&answer->body), &tree) == ERR_NONE) {
        show_session(cli, tree);
    }
    wire_tree_close(tree);
    return CLI_OK;
}

int cli_command_unlock(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {.parser = parse_words, .args_doc = "[STAFF]"};
    struct words words = {.limit = 1};
    struct http_answer answer;
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, &words, &code)) {
        return code;
    }
    const char *staff = words.first != NULL ? words.first : cli->staff;
    if (staff == NULL) {
        return cli_fail(cli, CLI_USAGE, "请写明是谁：unlock 姓名或人员编号",
                        "say who: unlock STAFF");
    }
    code = cli_unlock(cli, staff, &answer);
    if (code == CLI_OK) {
        code = keep_token(cli, &answer);
    }
    buf_done(&answer.body);
    return code;
}

static void show_locked(struct cli *cli, const struct wire_tree *answer)
{
    (void)answer;
    (void)printf("%s\n", cli->english ? "locked" : "已上锁");
}

int cli_command_lock(struct cli *cli, int argc, char **argv)
{
    char path[FILES_PATH_SIZE];
    int code = CLI_OK;
    if (!cli_parse(cli, NULL, argc, argv, NULL, &code)) {
        return code;
    }
    code = cli_call_show(cli, "POST", "/api/v1/lock", span_of(NULL, 0), show_locked);
    if (code == CLI_OK && cli_path(cli, "token", path)) {
        enum err err = files_remove(path);
        code = err == ERR_NONE || err == ERR_NOT_FOUND ? CLI_OK : cli_fail_err(cli, err, path);
    }
    return code;
}

int cli_command_session(struct cli *cli, int argc, char **argv)
{
    int code = CLI_OK;
    if (!cli_parse(cli, NULL, argc, argv, NULL, &code)) {
        return code;
    }
    return cli_call_show(cli, "GET", "/api/v1/session", span_of(NULL, 0), show_session);
}

/* --- one record --- */

static const struct cli_column record_columns[] = {{"编号", "number", "number"},
                                                   {"记录", "record", "record"},
                                                   {"种类", "machine", "machineZh"},
                                                   {"状态", "state", "stateZh"},
                                                   {"办理方", "holder", "holder"},
                                                   {"站点", "station", "station"},
                                                   {"事项", "item", "item"},
                                                   {"名称", "item name", "itemZh"},
                                                   {"到期", "due", "due.day"},
                                                   {"暂定", "provisional", "due.provisional"},
                                                   {"紧急", "light", "due.light"},
                                                   {"剩余工作日", "days left", "due.daysLeft"},
                                                   {"姓名", "name", "identity.name"},
                                                   {"姓名", "name", "identity.zh"},
                                                   {"证件", "ID number", "identity.idNumber"},
                                                   {"电话", "phone", "identity.phone"},
                                                   {"地址", "address", "identity.address"},
                                                   {"事由", "text", "matter.text"},
                                                   {"事由", "text", "matter.zh"},
                                                   {"告知", "told", "matter.told"}};

static void print_fact(void *context, const char *name, const struct wire_tree *value)
{
    struct buf text;
    (void)context;
    buf_init(&text, FACT_SIZE);
    wire_tree_write(value, false, &text);
    (void)printf("  %s: ", name);
    cli_print(wire_tree_text(value) != NULL ? wire_tree_text(value) : buf_text(&text));
    (void)printf("\n");
    buf_done(&text);
}

static void show_record(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column verbs[] = {
        {"可办", "possible", "zh"}, {"动作", "verb", "verb"}, {"表单", "form", "form"}};
    static const struct cli_column differing[] = {{"数字不符", "figure that differs", "zh"},
                                                  {"所报", "claimed", "claimed"},
                                                  {"重算", "recomputed", "recomputed"}};
    cli_sheet(cli, answer, record_columns, sizeof record_columns / sizeof *record_columns);
    (void)printf("%s\n", cli->english ? "facts" : "事实");
    wire_tree_each(wire_tree_get(answer, "facts"), cli, print_fact);
    if (wire_tree_count(wire_tree_get(answer, "differing")) > 0) {
        cli_table(cli, wire_tree_get(answer, "differing"), differing,
                  sizeof differing / sizeof *differing);
    }
    if (wire_tree_count(wire_tree_get(answer, "allowed")) > 0) {
        cli_table(cli, wire_tree_get(answer, "allowed"), verbs, sizeof verbs / sizeof *verbs);
    }
}

static void show_events(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column columns[] = {{"时间", "time", "time"},
                                                {"去向", "standing", "standing"},
                                                {"首问", "contact", "event.contact.verb"},
                                                {"办件", "case", "event.case.verb"},
                                                {"申请", "request", "event.request.verb"},
                                                {"子事项", "task", "event.task.verb"},
                                                {"作者", "author", "event.author"},
                                                {"退回原因", "refusal", "refusalZh"}};
    cli_table(cli, wire_tree_get(answer, "events"), columns, sizeof columns / sizeof *columns);
}

/* "PREFIX word SUFFIX" with one word from the command line. */
static int look(struct cli *cli, const char *prefix, const char *word, const char *suffix,
                void (*show)(struct cli *cli, const struct wire_tree *answer))
{
    struct buf path;
    buf_init(&path, PATH_SIZE);
    buf_put_text(&path, prefix);
    if (word != NULL) {
        cli_escape(&path, word);
    }
    buf_put_text(&path, suffix);
    int code = path.err != ERR_NONE
                   ? cli_fail_err(cli, path.err, word)
                   : cli_call_show(cli, "GET", buf_text(&path), span_of(NULL, 0), show);
    buf_done(&path);
    return code;
}

static int look_record(struct cli *cli, int argc, char **argv, const char *suffix,
                       void (*show)(struct cli *cli, const struct wire_tree *answer))
{
    static const struct argp argp = {.parser = parse_words, .args_doc = "ID"};
    struct words words = {.limit = 1};
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, &words, &code)) {
        return code;
    }
    if (words.first == NULL) {
        return cli_fail(cli, CLI_USAGE, "请写记录编号", "name the record");
    }
    return look(cli, "/api/v1/records/", words.first, suffix, show);
}

int cli_command_show(struct cli *cli, int argc, char **argv)
{
    return look_record(cli, argc, argv, "?open=1", show_record);
}

int cli_command_events(struct cli *cli, int argc, char **argv)
{
    return look_record(cli, argc, argv, "/events", show_events);
}

/* --- lists --- */

struct list_ask {
    struct buf path;
    bool has_query;
};

static void add_query(struct list_ask *ask, const char *name, const char *value)
{
    buf_put_format(&ask->path, "%c%s=", ask->has_query ? '&' : '?', name);
    cli_escape(&ask->path, value);
    ask->has_query = true;
}

static const struct argp_option list_options[] = {
    {"due", 'd', "DAY", OPTION_ARG_OPTIONAL,
     "从该日起到期的（today、all 或日期）/ due from that day on", 0},
    {"state", 's', "STATE", 0, "该状态的 / in that state", 0},
    {"machine", 'm', "NAME", 0, "记录种类，缺省 case / kind of record", 0},
    {"search", 'q', "TEXT", 0, "姓名、证件号、电话 / by name, ID number or telephone", 0},
    {"after", 'a', "CURSOR", 0, "接着上一页 / continue behind the last page", 0},
    {"limit", 'n', "N", 0, "条数 / how many", 0},
    {0}};

static error_t parse_list(int key, char *arg, struct argp_state *state)
{
    struct list_ask *ask = state->input;
    for (size_t i = 0; list_options[i].name != NULL; i++) {
        if (list_options[i].key == key) {
            add_query(ask, list_options[i].name, arg == NULL ? "all" : arg);
            return 0;
        }
    }
    /* "--due today" as well as "--due=today". */
    if (key == ARGP_KEY_ARG && !ask->has_query) {
        add_query(ask, "due", arg);
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static void show_list(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column columns[] = {
        {"编号", "number", "number"},     {"状态", "state", "stateZh"},
        {"到期", "due", "due.day"},       {"紧急", "light", "due.light"},
        {"剩余", "left", "due.daysLeft"}, {"办理方", "holder", "holder"},
        {"事项", "item", "itemZh"},       {"姓名", "name", "name"}};
    cli_table(cli, wire_tree_get(answer, "records"), columns, sizeof columns / sizeof *columns);
    if (wire_tree_get(answer, "next") != NULL) {
        (void)printf("%s --after %s\n", cli->english ? "more:" : "还有：",
                     wire_tree_member(answer, "next"));
    }
}

int cli_command_list(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {.options = list_options, .parser = parse_list};
    struct list_ask ask = {.has_query = false};
    int code = CLI_OK;
    buf_init(&ask.path, PATH_SIZE);
    buf_put_text(&ask.path, "/api/v1/cases");
    if (cli_parse(cli, &argp, argc, argv, &ask, &code)) {
        code = ask.path.err != ERR_NONE
                   ? cli_fail_err(cli, ask.path.err, "list")
                   : cli_call_show(cli, "GET", buf_text(&ask.path), span_of(NULL, 0), show_list);
    }
    buf_done(&ask.path);
    return code;
}
