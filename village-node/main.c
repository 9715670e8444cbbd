#include "village-node/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The commands of village-node beside the common ones (desk/cli.h). */

enum { OPTION_OFFSET = 256, OPTION_DRILL };

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

static void show_tasks(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column columns[] = {
        {"序号", "seq", "seq"},         {"状态", "standing", "standing"},
        {"条款", "article", "article"}, {"说明", "what to do", "zh"},
        {"记录", "record", "record"},
    };
    cli_table(cli, wire_tree_get(answer, "tasks"), columns, sizeof columns / sizeof *columns);
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

int main(int argc, char **argv)
{
    static const struct cli_command commands[] = {
        {"init", "新建站点文件夹、密钥和登记申请", "make the station's folder, keys and request",
         command_init},
        {"join", "用镇中心的接入文件接入", "join the hub whose bundle this is", command_join},
        {"run", "运行站点服务", "run the station's daemon", command_run},
        {"status", "站点与镇中心的同步情况", "how the station stands with the hub", command_status},
        {"tasks", "被退回、待处理的事项", "what was returned and must be dealt with",
         command_tasks},
        {"drill", "演练：移动时钟、断开网络", "drills: move the clock, cut the link",
         command_drill},
    };
    static const struct cli_program program = {
        .name = "village-node",
        .version = "0.1.0",
        .zh = "村级便民服务站",
        .en = "the village station",
        .commands = commands,
        .command_count = sizeof commands / sizeof *commands,
    };
    if (seal_init() != ERR_NONE) {
        return CLI_LATER;
    }
    return cli_main(&program, argc, argv);
}
