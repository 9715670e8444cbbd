#include "base/text.h"
#include "desk/cli_inside.h"
#include "desk/json_text.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { ANSWER_SIZE = 16 * 1024 * 1024, CALL_MS = 60000, PASSWORD_SIZE = 1024, HEADER_SIZE = 128 };

bool cli_path(struct cli *cli, const char *name, char ret_path[FILES_PATH_SIZE])
{
    const char *directory = cli_directory(cli);
    if (directory == NULL) {
        return false;
    }
    int size = snprintf(ret_path, FILES_PATH_SIZE, "%s/%s", directory, name);
    if (size < 0 || size >= FILES_PATH_SIZE) {
        (void)cli_fail_err(cli, ERR_LIMIT, directory);
        return false;
    }
    return true;
}

/* --- passwords --- */

static void keep_first_line(struct buf *text)
{
    const uint8_t *end = text->size == 0 ? NULL : memchr(text->data, '\n', text->size);
    if (end != NULL) {
        text->size = (size_t)(end - text->data);
    }
    if (text->size > 0 && text->data[text->size - 1] == '\r') {
        text->size--;
    }
}

/* One line from the terminal, unseen. */
static enum err ask_terminal(const char *prompt, struct buf *ret)
{
    struct termios before;
    struct termios quiet;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return ERR_NOT_FOUND;
    }
    if (tcgetattr(fd, &before) != 0) {
        (void)close(fd);
        return ERR_IO;
    }
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(fd, TCSAFLUSH, &quiet);
    (void)dprintf(fd, "%s", prompt);
    char letter = 0;
    while (read(fd, &letter, 1) == 1 && letter != '\n') {
        buf_put(ret, &letter, 1);
    }
    (void)dprintf(fd, "\n");
    (void)tcsetattr(fd, TCSAFLUSH, &before);
    (void)close(fd);
    return ret->err;
}

static int password_of_terminal(struct cli *cli, bool twice, struct buf *ret)
{
    struct buf again;
    int code = CLI_OK;
    enum err err = ask_terminal("口令 / password: ", ret);
    buf_init(&again, PASSWORD_SIZE);
    if (err == ERR_NONE && twice) {
        err = ask_terminal("再输一次 / again: ", &again);
    }
    if (err != ERR_NONE) {
        code = cli_fail(cli, CLI_USAGE, "没有终端可以输入口令，请用 --password-file",
                        "there is no terminal to ask on; use --password-file");
    } else if (twice && !span_equal(buf_span(ret), buf_span(&again))) {
        code = cli_fail(cli, CLI_USAGE, "两次输入的口令不同", "the two passwords differ");
    }
    buf_done(&again);
    return code;
}

int cli_password(struct cli *cli, bool twice, struct buf *ret)
{
    int code = CLI_OK;
    buf_init(ret, PASSWORD_SIZE);
    if (cli->password_file != NULL) {
        enum err err = files_read(cli->password_file, ret);
        keep_first_line(ret);
        code = err == ERR_NONE ? CLI_OK : cli_fail_err(cli, err, cli->password_file);
    } else {
        code = password_of_terminal(cli, twice, ret);
    }
    if (code == CLI_OK && memchr(buf_text(ret), 0, ret->size) != NULL) {
        code = cli_fail(cli, CLI_USAGE, "口令里有不能用的字符", "the password holds a NUL");
    }
    if (code != CLI_OK) {
        buf_done(ret);
        buf_init(ret, PASSWORD_SIZE);
    }
    return code;
}

/* --- calls --- */

static int code_of_status(unsigned status, const char *code)
{
    switch (status) {
    case 401:
    case 403:
        return CLI_NOT_PERMITTED;
    case 409:
        return strcmp(code, "refused") == 0 ? CLI_FINDING : CLI_CONFLICT;
    case 422:
        return CLI_FINDING;
    case 429:
    case 503:
        return CLI_LATER;
    case 500:
        return strcmp(code, "store") == 0 ? CLI_DAMAGED : CLI_LATER;
    default:
        return CLI_USAGE;
    }
}

/* What the daemon says is wrong. */
static int fail_answer(struct cli *cli, const struct http_answer *answer)
{
    struct wire_tree *problem = NULL;
    if (wire_tree_open(buf_span(&answer->body), &problem) != ERR_NONE) {
        return cli_fail(cli, CLI_LATER, "后台程序的回答读不懂",
                        "the daemon's answer is unreadable");
    }
    int code = code_of_status(answer->status, wire_tree_member(problem, "code"));
    const struct wire_tree *refusal = wire_tree_get(problem, "refusal");
    if (cli->json) {
        (void)fwrite(answer->body.data, 1, answer->body.size, stdout);
        (void)printf("\n");
    }
    (void)cli_fail(cli, (enum cli_exit)code, wire_tree_member(problem, "zh"),
                   wire_tree_member(problem, "en"));
    if (refusal != NULL) {
        (void)fprintf(stderr, "  %s  %s\n", wire_tree_member(refusal, "name"),
                      wire_tree_member(refusal, "article"));
    }
    if (wire_tree_get(problem, "field") != NULL) {
        (void)fprintf(stderr, "  %s\n", wire_tree_member(problem, "field"));
    }
    wire_tree_close(problem);
    return code;
}

/* With the token in cli, if there is one. */
static int call_daemon(struct cli *cli, const char *method, const char *path, struct span body,
                       struct http_answer *ret)
{
    char socket[FILES_PATH_SIZE];
    char header[HEADER_SIZE];
    const char *headers[] = {header, NULL};
    (void)snprintf(header, sizeof header, "Authorization: Bearer %s", cli->token);
    buf_init(&ret->body, ANSWER_SIZE);
    if (!cli_path(cli, "ctl.sock", socket)) {
        return CLI_USAGE;
    }
    const struct http_call call = {.socket_path = socket,
                                   .method = method,
                                   .path = path,
                                   .headers = cli->token[0] == 0 ? NULL : headers,
                                   .body = body,
                                   .timeout_ms = CALL_MS};
    enum err err = http_call(&call, ret);
    explicit_bzero(header, sizeof header);
    if (err == ERR_NOT_FOUND) {
        return cli_fail(cli, CLI_NO_DAEMON, "后台程序没有运行，请先启动 run",
                        "the daemon is not running: start it with run");
    }
    if (err != ERR_NONE) {
        return cli_fail_err(cli, err, socket);
    }
    if (ret->status >= 200 && ret->status < 300) {
        return CLI_OK;
    }
    return cli->quiet ? CLI_FINDING : fail_answer(cli, ret);
}

int cli_unlock(struct cli *cli, const char *staff, struct http_answer *ret_answer)
{
    struct buf password;
    struct buf body;
    struct json_text json;
    struct wire_tree *answer = NULL;
    buf_init(&ret_answer->body, 1);
    int code = cli_password(cli, false, &password);
    if (code != CLI_OK) {
        return code;
    }
    buf_init(&body, CLI_BODY_SIZE);
    json_text_init(&json, &body);
    json_text_open(&json, NULL);
    json_text_string(&json, "staff", staff);
    json_text_span(&json, "password", buf_span(&password));
    json_text_close(&json);
    cli->token[0] = 0;
    code = call_daemon(cli, "POST", "/api/v1/unlock", buf_span(&body), ret_answer);
    if (code == CLI_OK && wire_tree_open(buf_span(&ret_answer->body), &answer) == ERR_NONE) {
        (void)snprintf(cli->token, sizeof cli->token, "%s", wire_tree_member(answer, "token"));
    }
    wire_tree_close(answer);
    buf_done(&password);
    buf_done(&body);
    return code;
}

void cli_lock_again(struct cli *cli)
{
    struct http_answer answer;
    if (cli->unlocked) {
        cli->unlocked = false;
        (void)call_daemon(cli, "POST", "/api/v1/lock", span_of(NULL, 0), &answer);
        buf_done(&answer.body);
    }
}

/* The token of an earlier unlock; a missing or strange file is none. */
static void read_token(struct cli *cli)
{
    char path[FILES_PATH_SIZE];
    struct buf text;
    uint8_t token[(CLI_TOKEN_SIZE - 1) / 2];
    buf_init(&text, CLI_TOKEN_SIZE);
    if (cli->directory != NULL && cli_path(cli, "token", path) &&
        files_read(path, &text) == ERR_NONE) {
        keep_first_line(&text);
        if (text_get_hex(buf_span(&text), token, sizeof token) == ERR_NONE) {
            (void)snprintf(cli->token, sizeof cli->token, "%.*s", (int)text.size,
                           (const char *)text.data);
        }
    }
    explicit_bzero(token, sizeof token);
    buf_done(&text);
}

int cli_call(struct cli *cli, const char *method, const char *path, struct span body,
             struct http_answer *ret_answer)
{
    struct http_answer unlocked;
    if (cli->staff != NULL && !cli->unlocked) {
        int code = cli_unlock(cli, cli->staff, &unlocked);
        buf_done(&unlocked.body);
        if (code != CLI_OK) {
            buf_init(&ret_answer->body, 1);
            return code;
        }
        cli->unlocked = true;
    } else if (cli->token[0] == 0) {
        read_token(cli);
    }
    return call_daemon(cli, method, path, body, ret_answer);
}

int cli_call_show(struct cli *cli, const char *method, const char *path, struct span body,
                  void (*show)(struct cli *cli, const struct wire_tree *answer))
{
    struct http_answer answer;
    struct wire_tree *tree = NULL;
    int code = cli_call(cli, method, path, body, &answer);
    if (code == CLI_OK && cli->json) {
        (void)fwrite(answer.body.data, 1, answer.body.size, stdout);
        (void)printf("\n");
    } else if (code == CLI_OK && wire_tree_open(buf_span(&answer.body), &tree) == ERR_NONE) {
        show(cli, tree);
    } else if (code == CLI_OK) {
        code =
            cli_fail(cli, CLI_LATER, "后台程序的回答读不懂", "the daemon's answer is unreadable");
    }
    wire_tree_close(tree);
    buf_done(&answer.body);
    return code;
}

void cli_escape(struct buf *path, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    for (; *text != 0; text++) {
        if (strchr(plain, *text) != NULL) {
            buf_put_u8(path, (uint8_t)*text);
        } else {
            buf_put_format(path, "%%%02X", (unsigned)(uint8_t)*text);
        }
    }
}
