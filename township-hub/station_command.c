#include "desk/json_text.h"
#include "township-hub/staff.h"

#include <stdio.h>
#include <string.h>

/* station revoke CODE; station handover CODE [--to PERSON] [--check] */

struct station_options {
    const char *verb;
    const char *code;
    const char *to;
    bool check;
};

enum { KEY_TO = 1000, KEY_CHECK };

static error_t parse_station(int key, char *argument, struct argp_state *state)
{
    struct station_options *options = state->input;
    switch (key) {
    case KEY_TO:
        options->to = argument;
        return 0;
    case KEY_CHECK:
        options->check = true;
        return 0;
    case ARGP_KEY_ARG:
        if (options->code != NULL) {
            return ARGP_ERR_UNKNOWN;
        }
        *(options->verb == NULL ? &options->verb : &options->code) = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option station_table[] = {
    {"to", KEY_TO, "PERSON", 0, "接续站点的承办人 / who goes on with the cases", 0},
    {"check", KEY_CHECK, NULL, 0, "只清点，不移交 / count only", 0},
    {0},
};
static const struct argp station_argp = {
    .options = station_table, .parser = parse_station, .args_doc = "revoke CODE\nhandover CODE"};

static void show_done(struct cli *cli, const struct wire_tree *answer)
{
    (void)answer;
    (void)printf("%s\n", cli_is_english(cli) ? "done" : "已办");
}

static void show_handover(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column counts[] = {{"记录", "machine", "zh"},
                                               {"件数", "count", "count"}};
    static const struct cli_column left[] = {
        {"编号", "number", "number"}, {"原因", "en", "zh"}, {"依据", "article", "article"}};
    const char *from = wire_tree_member(answer, "from");
    const char *into = wire_tree_member(answer, "into");
    const char *moved = wire_tree_member(answer, "moved");
    const char *closed = wire_tree_member(answer, "closed");
    bool english = cli_is_english(cli);
    cli_table(cli, wire_tree_get(answer, "machines"), counts, sizeof counts / sizeof *counts);
    if (wire_tree_is_true(wire_tree_get(answer, "check"))) {
        (void)printf(english ? "to be handed over: %s -> %s\n" : "待移交：%s → %s\n", from, into);
        return;
    }
    (void)printf(english ? "%s -> %s: %s handed over, %s not\n"
                         : "%s → %s：已移交 %s 件，未移交 %s 件\n",
                 from, into, moved, wire_tree_member(answer, "leftCount"));
    cli_table(cli, wire_tree_get(answer, "left"), left, sizeof left / sizeof *left);
    if (strcmp(closed, "0") != 0) {
        (void)printf(english ? "%s of them: texts stay open to discipline alone, here at the hub\n"
                             : "其中 %s 件的内容仍只对纪检开放，在镇中心查阅\n",
                     closed);
    }
}

/* One call: some hundreds. *ret_more: there is more to do. */
static int hand_some(struct cli *cli, const char *path, struct span body, bool *ret_more)
{
    struct http_answer answer;
    struct wire_tree *tree = NULL;
    *ret_more = false;
    int code = cli_call(cli, "POST", path, body, &answer);
    if (code == 0 && wire_tree_open(buf_span(&answer.body), &tree) == ERR_NONE) {
        *ret_more = wire_tree_is_true(wire_tree_get(tree, "more"));
        if (cli_is_json(cli)) {
            (void)printf("%s\n", buf_text(&answer.body));
        } else {
            show_handover(cli, tree);
        }
    }
    wire_tree_close(tree);
    buf_done(&answer.body);
    return code;
}

static int handover(struct cli *cli, const struct station_options *options)
{
    struct json_text json;
    struct buf path;
    struct buf body;
    bool more = true;
    int code = 0;
    buf_init(&path, 256);
    buf_init(&body, 1024);
    buf_put_text(&path, "/api/v1/stations/");
    cli_escape(&path, options->code);
    buf_put_text(&path, "/handover");
    json_text_init(&json, &body);
    json_text_open(&json, NULL);
    if (options->to != NULL) {
        json_text_string(&json, "to", options->to);
    }
    json_text_bool(&json, "check", options->check);
    json_text_close(&json);
    while (code == 0 && more) {
        code = hand_some(cli, buf_text(&path), buf_span(&body), &more);
    }
    buf_done(&path);
    buf_done(&body);
    return code;
}

static int revoke(struct cli *cli, const char *station)
{
    struct buf path;
    buf_init(&path, 256);
    buf_put_text(&path, "/api/v1/stations/");
    cli_escape(&path, station);
    buf_put_text(&path, "/revoke");
    int code = cli_call_show(cli, "POST", buf_text(&path), span_of(NULL, 0), show_done);
    buf_done(&path);
    return code;
}

int staff_station_command(struct cli *cli, int argc, char **argv)
{
    struct station_options options = {.verb = NULL};
    int code = 0;
    if (!cli_parse(cli, &station_argp, argc, argv, &options, &code)) {
        return code;
    }
    if (options.code != NULL && strcmp(options.verb, "revoke") == 0) {
        return revoke(cli, options.code);
    }
    if (options.code != NULL && strcmp(options.verb, "handover") == 0) {
        return handover(cli, &options);
    }
    return cli_fail(cli, CLI_USAGE, "用法：station revoke|handover 代码",
                    "usage: station revoke|handover CODE");
}
