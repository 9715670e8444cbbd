#include "base/text.h"
#include "node/clock.h"
#include "village-node/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The commands that talk to the running daemon, beside the common ones (desk/cli.h). */

enum { OPTION_OFFSET = 256, OPTION_DRILL, OPTION_TIMEOUT, OPTION_FROM, OPTION_TO, OPTION_CHECK };

static error_t parse_run(int key, char *argument, struct argp_state *state)
{
    struct run_options *options = state->input;
    switch (key) {
    case OPTION_OFFSET:
        options->clock_offset_ms = strtoll(argument, NULL, 10);
        return 0;
    case OPTION_DRILL:
        options->drill = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int command_run(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option table[] = {
        {"clock-offset", OPTION_OFFSET, "MS", 0, "shift the wall clock (drills) 演练用时钟偏移", 0},
        {"drill", OPTION_DRILL, NULL, 0, "allow drills over the control socket 允许演练", 0},
        {0}};
    static const struct argp argp = {.options = table, .parser = parse_run};
    struct run_options options = {.clock_offset_ms = 0};
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, &options, &code)) {
        return code;
    }
    const char *directory = cli_directory(cli);
    return directory == NULL ? CLI_USAGE : daemon_run(directory, &options);
}

static void show_status(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column columns[] = {
        {"已存本机", "kept", "kept"},
        {"镇中心已采纳到", "answered up to", "accepted"},
        {"待上报", "backlog", "backlog"},
        {"被退回待处理", "returned", "returned"},
        {"最早未上报", "oldest unsent", "oldestUnsent"},
        {"上次联系", "last contact", "lastContact"},
        {"中心日志条数", "log size", "logSize"},
        {"本机时间", "now", "now"},
    };
    (void)printf("%s\n",
                 wire_tree_is_true(wire_tree_get(answer, "connected"))
                     ? (cli_is_english(cli) ? "linked with the hub" : "已与镇中心连通")
                     : (cli_is_english(cli) ? "no link: working offline" : "未连通：离线工作中"));
    if (wire_tree_is_true(wire_tree_get(answer, "diskFull"))) {
        (void)printf("%s\n", cli_is_english(cli) ? "DISK FULL: the last entry was not saved"
                                                 : "磁盘已满：最近一次录入未保存");
    }
    if (wire_tree_is_true(wire_tree_get(answer, "hubWentBack"))) {
        (void)printf("%s\n", cli_is_english(cli) ? "ALARM: the hub shows an older log"
                                                 : "警报：镇中心出示的日志比以前短");
    }
    if (strcmp(wire_tree_member(answer, "clock"), "bad") == 0) {
        (void)printf("%s\n", cli_is_english(cli)
                                 ? "CLOCK: not plausible. Enter the date: clock 'YYYY-MM-DD HH:MM'"
                                 : "时钟不可信：请用 clock '年-月-日 时:分' 输入日期时间");
    }
    cli_sheet(cli, answer, columns, sizeof columns / sizeof *columns);
}

int command_status(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {.options = NULL};
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, NULL, &code)) {
        return code;
    }
    return cli_call_show(cli, "GET", "/api/v1/status", span_of(NULL, 0), show_status);
}

static void show_list(struct cli *cli, const struct wire_tree *answer, const char *name,
                      const char *title)
{
    static const struct cli_column columns[] = {
        {"编号", "number", "number"}, {"事项", "item", "itemZh"},
        {"状态", "state", "stateZh"}, {"到期", "due", "due"},
        {"紧急", "light", "light"},   {"剩余工作日", "days left", "daysLeft"},
    };
    const struct wire_tree *list = wire_tree_get(answer, name);
    if (wire_tree_count(list) > 0) {
        (void)printf("\n%s\n", title);
        cli_table(cli, list, columns, sizeof columns / sizeof *columns);
    }
}

static void show_turn(struct cli *cli, const struct wire_tree *turn)
{
    static const struct cli_column columns[] = {{"件数", "count", "count"},
                                                {"年度交接", "the year's turn", "zh"}};
    const struct wire_tree *items = wire_tree_get(turn, "items");
    if (wire_tree_count(items) > 0) {
        (void)printf("\n%s %s\n", cli_is_english(cli) ? "Year" : "年度",
                     wire_tree_member(turn, "year"));
        cli_table(cli, items, columns, sizeof columns / sizeof *columns);
    }
}

static void show_tasks(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column columns[] = {
        {"序号", "seq", "seq"},         {"状态", "standing", "standing"},
        {"条款", "article", "article"}, {"说明", "what to do", "zh"},
        {"记录", "record", "record"},
    };
    bool english = cli_is_english(cli);
    const struct wire_tree *tasks = wire_tree_get(answer, "tasks");
    if (wire_tree_count(tasks) > 0) {
        (void)printf("%s\n", english ? "Returned" : "被退回");
        cli_table(cli, tasks, columns, sizeof columns / sizeof *columns);
    }
    show_list(cli, answer, "toTell", english ? "Results to tell" : "待告知结果");
    show_list(cli, answer, "toHandOut", english ? "To hand out" : "待取件");
    show_list(cli, answer, "overdue", english ? "Overdue" : "已超时");
    show_list(cli, answer, "amber", english ? "Due soon" : "即将到期");
    show_turn(cli, wire_tree_get(answer, "turn"));
}

int command_tasks(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {.options = NULL};
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, NULL, &code)) {
        return code;
    }
    return cli_call_show(cli, "GET", "/api/v1/tasks", span_of(NULL, 0), show_tasks);
}

struct drill_options {
    const char *word[2];
    int count;
};

static error_t parse_drill(int key, char *argument, struct argp_state *state)
{
    struct drill_options *options = state->input;
    if (key != ARGP_KEY_ARG) {
        return ARGP_ERR_UNKNOWN;
    }
    if (options->count == 2) {
        return EINVAL;
    }
    options->word[options->count++] = argument;
    return 0;
}

static void show_nothing(struct cli *cli, const struct wire_tree *answer)
{
    (void)cli;
    (void)answer;
}

struct word_options {
    const char *word;
};

static error_t parse_word(int key, char *argument, struct argp_state *state)
{
    struct word_options *options = state->input;
    if (key != ARGP_KEY_ARG) {
        return ARGP_ERR_UNKNOWN;
    }
    if (options->word != NULL) {
        return EINVAL;
    }
    options->word = argument;
    return 0;
}

/* "SEQ" or "INCARNATION-SEQ". */
static bool read_place(const char *text, uint64_t *ret_incarnation, uint64_t *ret_seq)
{
    const char *dash = strchr(text, '-');
    *ret_incarnation = 0;
    if (dash != NULL && text_get_number(span_of(text, (size_t)(dash - text)), INT64_MAX,
                                        ret_incarnation) != ERR_NONE) {
        return false;
    }
    return text_get_number(span_text(dash == NULL ? text : dash + 1), INT64_MAX, ret_seq) ==
           ERR_NONE;
}

int command_task_done(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {.parser = parse_word, .args_doc = "SEQ"};
    struct word_options options = {NULL};
    char body[96];
    uint64_t incarnation = 0;
    uint64_t seq = 0;
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, &options, &code)) {
        return code;
    }
    if (options.word == NULL || !read_place(options.word, &incarnation, &seq)) {
        return cli_fail(cli, CLI_USAGE, "task-done 序号（见 tasks）",
                        "task-done SEQ (as tasks shows it)");
    }
    (void)snprintf(body, sizeof body,
                   incarnation == 0 ? "{\"seq\":%llu}" : "{\"seq\":%llu,\"incarnation\":%llu}",
                   (unsigned long long)seq, (unsigned long long)incarnation);
    return cli_call_show(cli, "POST", "/api/v1/tasks/done", span_text(body), show_nothing);
}

int command_clock(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {.parser = parse_word, .args_doc = "'YYYY-MM-DD HH:MM'"};
    struct word_options options = {NULL};
    char body[64];
    uint64_t ms = 0;
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, &options, &code)) {
        return code;
    }
    if (options.word == NULL || civil_time_parse(span_text(options.word), &ms) != ERR_NONE) {
        return cli_fail(cli, CLI_USAGE, "clock '2026-10-01 09:30'", "clock '2026-10-01 09:30'");
    }
    (void)snprintf(body, sizeof body, "{\"time\":\"%s\"}", options.word);
    return cli_call_show(cli, "POST", "/api/v1/clock", span_text(body), show_nothing);
}

int command_metrics(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {.options = NULL};
    struct http_answer answer;
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, NULL, &code)) {
        return code;
    }
    code = cli_call(cli, "GET", "/api/v1/metrics", span_of(NULL, 0), &answer);
    if (code == CLI_OK) {
        (void)fwrite(answer.body.data, 1, answer.body.size, stdout);
    }
    buf_done(&answer.body);
    return code;
}

/* --- sync --- */

struct sync_wait {
    uint64_t timeout_ms;
};

static error_t parse_sync(int key, char *argument, struct argp_state *state)
{
    struct sync_wait *wait = state->input;
    uint64_t seconds = 0;
    if (key != OPTION_TIMEOUT) {
        return ARGP_ERR_UNKNOWN;
    }
    if (text_get_number(span_text(argument), 86400, &seconds) != ERR_NONE) {
        return EINVAL;
    }
    wait->timeout_ms = seconds * 1000;
    return 0;
}

/* 0: all is at the hub; CLI_LATER: not yet; else how to end. */
static int ask_backlog(struct cli *cli)
{
    struct http_answer answer;
    struct wire_tree *tree = NULL;
    int64_t backlog = 1;
    int64_t sealed = 1;
    int code = cli_call(cli, "GET", "/api/v1/status", span_of(NULL, 0), &answer);
    if (code == CLI_OK) {
        bool done = wire_tree_open(buf_span(&answer.body), &tree) == ERR_NONE &&
                    wire_tree_number(wire_tree_get(tree, "backlog"), &backlog) && backlog == 0 &&
                    wire_tree_number(wire_tree_get(tree, "sealedWaiting"), &sealed) &&
                    sealed == 0 && wire_tree_is_true(wire_tree_get(tree, "connected")) &&
                    wire_tree_get(tree, "lastContact") != NULL;
        code = done ? CLI_OK : CLI_LATER;
        wire_tree_close(tree);
    }
    buf_done(&answer.body);
    return code;
}

int command_sync(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option table[] = {
        {"timeout", OPTION_TIMEOUT, "SECONDS", 0, "how long to wait (60) 最多等待秒数", 0}, {0}};
    static const struct argp argp = {.options = table, .parser = parse_sync};
    static const struct timespec pause = {0, 200000000L};
    struct sync_wait wait = {60000};
    struct http_answer answer;
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, &wait, &code)) {
        return code;
    }
    uint64_t end_ms = clock_mono_ms() + wait.timeout_ms;
    code = cli_call(cli, "POST", "/api/v1/sync", span_of(NULL, 0), &answer);
    buf_done(&answer.body);
    if (code == CLI_OK) {
        code = ask_backlog(cli);
    }
    while (code == CLI_LATER && clock_mono_ms() < end_ms) {
        (void)nanosleep(&pause, NULL);
        code = ask_backlog(cli);
    }
    if (code == CLI_LATER) {
        return cli_fail(cli, CLI_LATER, "还没有全部上报；离线记录都在本机，连通后自动上报。",
                        "Not all is at the hub yet; it is kept here and goes up by itself.");
    }
    return code != CLI_OK
               ? code
               : cli_call_show(cli, "GET", "/api/v1/status", span_of(NULL, 0), show_status);
}

/* --- handover --- */

struct handover_options {
    const char *from;
    const char *to;
    bool check;
};

static error_t parse_handover(int key, char *argument, struct argp_state *state)
{
    struct handover_options *options = state->input;
    switch (key) {
    case OPTION_FROM:
        options->from = argument;
        return 0;
    case OPTION_TO:
        options->to = argument;
        return 0;
    case OPTION_CHECK:
        options->check = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void show_handover(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column columns[] = {{"编号", "number", "number"},
                                                {"类别", "what", "machineZh"},
                                                {"原因", "why", "zh"},
                                                {"条款", "article", "article"}};
    static const struct cli_column moved[] = {{"编号", "number", "number"},
                                              {"类别", "what", "machineZh"},
                                              {"事项", "item", "itemZh"},
                                              {"状态", "state", "stateZh"},
                                              {"到期", "due", "due"}};
    static const struct cli_column counts[] = {
        {"移交件数", "handed over", "count"},
        {"随移交的原件", "original papers with them", "papers"},
        {"随移交的草稿", "drafts with them", "draftsMoved"},
        {"留下的草稿", "drafts left", "draftsLeft"},
        {"说明", "note", "draftsZh"}};
    const struct wire_tree *left = wire_tree_get(answer, "left");
    bool check = wire_tree_is_true(wire_tree_get(answer, "check"));
    if (cli_is_english(cli)) {
        (void)printf("\n%s\n",
                     check ? "To be handed over (nothing is written yet)" : "Handed over");
    } else {
        (void)printf("\n%s\n", check ? "将移交（尚未写入，核对后去掉 --check 再办）" : "已移交");
    }
    cli_table(cli, wire_tree_get(answer, "moved"), moved, sizeof moved / sizeof *moved);
    cli_sheet(cli, answer, counts, sizeof counts / sizeof *counts);
    if (wire_tree_count(left) > 0) {
        (void)printf("\n%s\n", cli_is_english(cli) ? "Not handed over" : "未能移交");
        cli_table(cli, left, columns, sizeof columns / sizeof *columns);
    }
}

int command_handover(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option table[] = {
        {"from", OPTION_FROM, "STAFF", 0, "who leaves 移交人", 0},
        {"to", OPTION_TO, "STAFF", 0, "who takes over 接收人", 0},
        {"check", OPTION_CHECK, NULL, 0, "list only, write nothing 只列出，不写入", 0},
        {0}};
    static const struct argp argp = {.options = table, .parser = parse_handover};
    struct handover_options options = {NULL, NULL, false};
    struct buf body;
    struct json_text json;
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, &options, &code)) {
        return code;
    }
    if (options.from == NULL || options.to == NULL) {
        return cli_fail(cli, CLI_USAGE, "handover --from 移交人 --to 接收人",
                        "handover --from STAFF --to STAFF");
    }
    buf_init(&body, 4096);
    json_text_init(&json, &body);
    json_text_open(&json, NULL);
    json_text_string(&json, "from", options.from);
    json_text_string(&json, "to", options.to);
    json_text_bool(&json, "check", options.check);
    json_text_close(&json);
    code = cli_call_show(cli, "POST", "/api/v1/handover", buf_span(&body), show_handover);
    buf_done(&body);
    return code;
}

int command_drill(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {.parser = parse_drill, .args_doc = "clock MS | link up|down"};
    struct drill_options options = {.count = 0};
    char body[64];
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, &options, &code)) {
        return code;
    }
    bool clock = options.count == 2 && strcmp(options.word[0], "clock") == 0;
    if (options.count != 2 || (!clock && strcmp(options.word[0], "link") != 0)) {
        return cli_fail(cli, CLI_USAGE, "drill clock 毫秒 | drill link up|down",
                        "drill clock MS | drill link up|down");
    }
    long long value =
        clock ? strtoll(options.word[1], NULL, 10) : strcmp(options.word[1], "up") == 0;
    (void)snprintf(body, sizeof body, clock ? "{\"offset_ms\":%lld}" : "{\"up\":%lld}", value);
    return cli_call_show(cli, "POST", clock ? "/api/v1/drill/clock" : "/api/v1/drill/link",
                         span_text(body), show_nothing);
}
