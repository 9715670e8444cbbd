#include "base/text.h"
#include "desk/cli_inside.h"
#include "desk/device.h"
#include "desk/json_text.h"

#include <stdio.h>
#include <string.h>

/* phone PERSON [NUMBER]: how a person is reached; on the rota, signs and slips, never in the log.
 */

enum { PATH_SIZE = 1024, KEY_KEYS = 1000 };

static error_t parse_phone(int key, char *argument, struct argp_state *state)
{
    struct cli_phone *phone = state->input;
    if (key == KEY_KEYS) {
        phone->keys = argument;
        return 0;
    }
    if (key != ARGP_KEY_ARG || state->arg_num > 1) {
        return ARGP_ERR_UNKNOWN;
    }
    *(state->arg_num == 0 ? &phone->person : &phone->number) = argument;
    return 0;
}

/* The other PC's copy, where enrolment has put the person's key and name. */
static int copy_phone(struct cli *cli, const struct cli_phone *phone, const char *number,
                      const struct wire_tree *answer)
{
    uint8_t staff[LIMIT_ID_SIZE];
    enum err err =
        files_exist(phone->keys)
            ? text_get_hex(span_text(wire_tree_member(answer, "staff")), staff, sizeof staff)
            : ERR_NOT_FOUND;
    if (err == ERR_NONE) {
        err = device_phone_write(phone->keys, staff, number);
    }
    return err == ERR_NONE ? CLI_OK : cli_fail_err(cli, err, phone->keys);
}

static int ask_phone(struct cli *cli, const struct cli_phone *phone, const char *number,
                     struct http_answer *ret)
{
    struct buf path;
    struct buf body;
    struct json_text json;
    buf_init(&path, PATH_SIZE);
    buf_init(&body, PATH_SIZE);
    buf_put_text(&path, "/api/v1/people/");
    cli_escape(&path, phone->person);
    buf_put_text(&path, "/phone");
    if (number != NULL) {
        json_text_init(&json, &body);
        json_text_open(&json, NULL);
        json_text_string(&json, "phone", number);
        json_text_close(&json);
    }
    enum err err = path.err == ERR_NONE ? body.err : path.err;
    int code = CLI_USAGE;
    if (err == ERR_NONE) {
        code =
            cli_call(cli, number == NULL ? "GET" : "POST", buf_text(&path), buf_span(&body), ret);
    } else {
        buf_init(&ret->body, PATH_SIZE);
        code = cli_fail_err(cli, err, phone->person);
    }
    buf_done(&path);
    buf_done(&body);
    return code;
}

int cli_phone(struct cli *cli, const struct cli_phone *phone)
{
    struct http_answer answer;
    struct wire_tree *tree = NULL;
    const char *number =
        phone->number == NULL || strcmp(phone->number, "-") != 0 ? phone->number : "";
    if (phone->person == NULL || (phone->keys != NULL && number == NULL)) {
        return cli_fail(cli, CLI_USAGE, "用法：phone 人员 [电话|-] [--keys 目录]",
                        "usage: phone PERSON [NUMBER|-] [--keys DIR]");
    }
    int code = ask_phone(cli, phone, number, &answer);
    if (code == CLI_OK && wire_tree_open(buf_span(&answer.body), &tree) != ERR_NONE) {
        code =
            cli_fail(cli, CLI_LATER, "后台程序的回答读不懂", "the daemon's answer is unreadable");
    }
    if (code == CLI_OK && phone->keys != NULL) {
        code = copy_phone(cli, phone, number, tree);
    }
    if (code == CLI_OK && cli->json) {
        (void)fwrite(answer.body.data, 1, answer.body.size, stdout);
        (void)printf("\n");
    } else if (code == CLI_OK) {
        const char *shown = wire_tree_member(tree, "phone");
        cli_print(shown[0] != 0 ? shown : "-");
        (void)printf("\n");
    }
    wire_tree_close(tree);
    buf_done(&answer.body);
    return code;
}

int cli_command_phone(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"keys", KEY_KEYS, "DIR", 0, "另一台电脑的密钥目录，一并写入 / keys folder of another PC",
         0},
        {0}};
    static const struct argp argp = {
        .options = options, .parser = parse_phone, .args_doc = "PERSON [NUMBER|-]"};
    struct cli_phone phone = {NULL, NULL, NULL};
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, &phone, &code)) {
        return code;
    }
    return cli_phone(cli, &phone);
}
