#include "desk/cli_inside.h"
#include "rules/rule.h"
#include "seal/sign.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NOLINTBEGIN(concurrency-mt-unsafe): a command has one thread. */

enum { KEY_DIR = 0x1001, KEY_JSON, KEY_LANG, KEY_AS, KEY_PASSWORD_FILE, KEY_VERSION };

static const struct cli_command common_commands[] = {
    {"unlock", "用本人口令解锁", "unlock with your own password", cli_command_unlock},
    {"lock", "上锁", "lock", cli_command_lock},
    {"session", "现在是谁解锁", "who is unlocked", cli_command_session},
    {"show", "查看一条记录", "one record", cli_command_show},
    {"events", "一条记录的全部经过", "the events of a record", cli_command_events},
    {"list", "到期、按状态、按姓名列出", "lists by due day, state or name", cli_command_list},
    {"form", "表单：列出、查看、打印", "forms: list, show, print", cli_command_form},
    {"phone", "本站人员电话：查看、登记", "how a person is reached: show, tell", cli_command_phone},
    {"view", "台账、一览、排班、公示", "ledgers, due lists, rosters, boards", cli_command_view},
    {"kpi", "工作标准，分子分母及每件", "indicators with both halves", cli_command_kpi},
    {"findings", "追责线索", "findings: suspicions with their events", cli_command_findings},
    {"regimes", "制度一览：由什么承载、现状", "the rule book: what carries each, where it stands",
     cli_command_regimes},
    {"appraisal", "考核表、排名；或 appraisal VERB", "score sheet, ranking; or VERB --field value",
     cli_command_appraisal},
    {"import", "导入原有台账（XLSX、CSV）", "an existing ledger, XLSX or CSV", cli_command_import},
    {"catalogue", "办理事项目录", "the item catalogue", cli_command_catalogue},
    {"policy", "参数及其出处", "the parameters and their sources", cli_command_policy},
    {"calendar", "工作日历", "the working days", cli_command_calendar},
    {"refusal", "退回原因及依据", "why a rule refuses, with its article", cli_command_refusal},
};

static const struct argp_option common_options[] = {
    {"dir", KEY_DIR, "DIR", 0, "程序目录 / folder of the program (else $JIELI_DIR)", 90},
    {"json", KEY_JSON, NULL, 0, "输出 JSON / print JSON", 90},
    {"lang", KEY_LANG, "zh|en", 0, "语言 / language", 90},
    {"as", KEY_AS, "STAFF", 0, "以此人身份解锁一次 / unlock as this person for one command", 90},
    {"password-file", KEY_PASSWORD_FILE, "FILE", 0, "口令文件 / file with the password", 90},
    {0}};

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
    struct cli *cli = state->input;
    switch (key) {
    case KEY_DIR:
        cli->directory = arg;
        return 0;
    case KEY_JSON:
        cli->json = true;
        return 0;
    case KEY_LANG:
        if (strcmp(arg, "zh") != 0 && strcmp(arg, "en") != 0) {
            argp_error(state, "--lang zh|en");
        }
        cli->english = strcmp(arg, "en") == 0;
        return 0;
    case KEY_AS:
        cli->staff = arg;
        return 0;
    case KEY_PASSWORD_FILE:
        cli->password_file = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp cli_common_argp = {.options = common_options, .parser = parse_common};

/* --- one command's options --- */

struct parse {
    struct cli *cli;
    void *input;
    bool has_own;
};

static error_t parse_command(int key, char *arg, struct argp_state *state)
{
    struct parse *parse = state->input;
    (void)arg;
    if (key != ARGP_KEY_INIT) {
        return ARGP_ERR_UNKNOWN;
    }
    state->child_inputs[0] = parse->cli;
    if (parse->has_own) {
        state->child_inputs[1] = parse->input;
    }
    return 0;
}

bool cli_parse(struct cli *cli, const struct argp *argp, int argc, char **argv, void *input,
               int *ret_exit)
{
    struct parse parse = {cli, input, argp != NULL};
    const struct argp_child children[] = {
        {&cli_common_argp, 0, NULL, 0}, {argp, 0, NULL, 0}, {NULL, 0, NULL, 0}};
    const struct argp whole = {.parser = parse_command, .children = children};
    char *word = argv[0];
    argv[0] = cli->title; /* what messages and the usage begin with */
    error_t err = argp_parse(&whole, argc, argv, 0, NULL, &parse);
    argv[0] = word;
    *ret_exit = err == 0 ? CLI_OK : CLI_USAGE;
    return err == 0;
}

/* --- the command itself --- */

struct first_words {
    struct cli *cli;
    int command; /* index in argv, 0: none */
};

static error_t parse_first(int key, char *arg, struct argp_state *state)
{
    struct first_words *first = state->input;
    (void)arg;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = first->cli;
        return 0;
    case KEY_VERSION:
        (void)printf("%s %s\n", first->cli->program->name, first->cli->program->version);
        exit(CLI_OK);
    case ARGP_KEY_ARG:
        first->command = state->next - 1;
        state->next = state->argc;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void put_command(struct buf *doc, const struct cli_command *command)
{
    size_t width = strlen(command->name);
    buf_put_format(doc, "  %s%*s %s / %s\n", command->name, (int)(width < 12 ? 12 - width : 0), "",
                   command->zh, command->en);
}

/* Each machine is a command of its own: "case VERB --field value". */
static bool machine_command(const char *name, struct cli_command *ret)
{
    for (int id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        const struct rule_machine *machine = rule_machine((enum machine_id)id);
        if (machine != NULL && strcmp(machine->name, name) == 0) {
            *ret = (struct cli_command){machine->name, machine->zh, "VERB --field value", cli_act};
            return true;
        }
    }
    return false;
}

/* Names of all commands, behind the options' help. */
static void put_doc(const struct cli_program *program, struct buf *doc)
{
    buf_put_format(doc, "%s / %s\v", program->zh, program->en);
    for (size_t i = 0; i < program->command_count; i++) {
        put_command(doc, &program->commands[i]);
    }
    for (size_t i = 0; i < sizeof common_commands / sizeof *common_commands; i++) {
        put_command(doc, &common_commands[i]);
    }
    for (int id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        const struct rule_machine *machine = rule_machine((enum machine_id)id);
        struct cli_command command;
        /* The score sheet's command stands for its machine's, too. */
        if (id != MACHINE_APPRAISAL && machine != NULL &&
            machine_command(machine->name, &command)) {
            put_command(doc, &command);
        }
    }
}

static int first_word(struct cli *cli, int argc, char **argv)
{
    enum { DOC_SIZE = 16384 };
    static const struct argp_option options[] = {
        {"version", KEY_VERSION, NULL, 0, "版本 / version", 0}, {0}};
    static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0},
                                                 {NULL, 0, NULL, 0}};
    struct first_words first = {cli, 0};
    struct buf doc;
    buf_init(&doc, DOC_SIZE);
    put_doc(cli->program, &doc);
    const struct argp argp = {.options = options,
                              .parser = parse_first,
                              .args_doc = "COMMAND ...",
                              .doc = buf_text(&doc),
                              .children = children};
    error_t err = argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &first);
    buf_done(&doc);
    return err == 0 ? first.command : 0;
}

static bool find_command(const struct cli_program *program, const char *name,
                         struct cli_command *ret)
{
    for (size_t i = 0; i < program->command_count; i++) {
        if (strcmp(program->commands[i].name, name) == 0) {
            *ret = program->commands[i];
            return true;
        }
    }
    for (size_t i = 0; i < sizeof common_commands / sizeof *common_commands; i++) {
        if (strcmp(common_commands[i].name, name) == 0) {
            *ret = common_commands[i];
            return true;
        }
    }
    return machine_command(name, ret);
}

int cli_main(const struct cli_program *program, int argc, char **argv)
{
    struct cli cli = {.program = program};
    argp_err_exit_status = CLI_USAGE;
    (void)setlocale(LC_ALL, "C.UTF-8");
    cli.directory = getenv("JIELI_DIR");
    (void)snprintf(cli.title, sizeof cli.title, "%s", program->name);
    if (seal_init() != ERR_NONE) {
        return cli_fail(&cli, CLI_LATER, "加密库无法启动", "libsodium cannot start");
    }
    int at = first_word(&cli, argc, argv);
    if (at == 0) {
        return cli_fail(&cli, CLI_USAGE, "缺少命令，--help 列出全部命令",
                        "no command; --help lists them");
    }
    struct cli_command command;
    if (!find_command(program, argv[at], &command)) {
        return cli_fail(&cli, CLI_USAGE, "没有这个命令，--help 列出全部命令",
                        "no such command; --help lists them");
    }
    (void)snprintf(cli.title, sizeof cli.title, "%s %s", program->name, command.name);
    int code = command.run(&cli, argc - at, argv + at);
    cli_lock_again(&cli);
    explicit_bzero(cli.token, sizeof cli.token);
    if (fflush(stdout) != 0 && code == CLI_OK) {
        code = CLI_LATER;
    }
    return code;
}

/* --- what commands ask --- */

const char *cli_directory(struct cli *cli)
{
    if (cli->directory == NULL || cli->directory[0] == 0) {
        (void)cli_fail(cli, CLI_USAGE, "请用 --dir 或环境变量 JIELI_DIR 指定程序目录",
                       "name the program's folder with --dir or JIELI_DIR");
        return NULL;
    }
    return cli->directory;
}

bool cli_is_json(const struct cli *cli)
{
    return cli->json;
}

bool cli_is_english(const struct cli *cli)
{
    return cli->english;
}

const char *cli_staff(const struct cli *cli)
{
    return cli->staff;
}

int cli_fail(const struct cli *cli, enum cli_exit code, const char *zh, const char *en)
{
    (void)fflush(stdout);
    if (cli->english) {
        (void)fprintf(stderr, "%s: %s\n", cli->title, en);
    } else {
        (void)fprintf(stderr, "%s: %s / %s\n", cli->title, zh, en);
    }
    return (int)code;
}

struct err_words {
    enum cli_exit code;
    const char *zh;
    const char *en;
};

static struct err_words words_of(enum err err)
{
    switch (err) {
    case ERR_NONE:
        return (struct err_words){CLI_OK, "正常", "fine"};
    case ERR_NOT_FOUND:
        return (struct err_words){CLI_USAGE, "找不到", "not found"};
    case ERR_MALFORMED:
        return (struct err_words){CLI_DAMAGED, "格式不对或已损坏", "malformed or damaged"};
    case ERR_LIMIT:
        return (struct err_words){CLI_DAMAGED, "太大或太多", "too large or too many"};
    case ERR_VERSION:
        return (struct err_words){CLI_DAMAGED, "本程序不认识的版本", "of an unknown version"};
    case ERR_STORE:
        return (struct err_words){CLI_DAMAGED, "存储出错", "the store failed"};
    case ERR_AUTH:
        return (struct err_words){CLI_NOT_PERMITTED, "没有权限，或密钥、签名不对",
                                  "no permission, or a wrong key or signature"};
    case ERR_CONFLICT:
        return (struct err_words){CLI_CONFLICT, "已经存在，或正被占用",
                                  "is there already, or in use"};
    case ERR_STATE:
        return (struct err_words){CLI_CONFLICT, "现在不能这样做", "not possible in this state"};
    case ERR_MEMORY:
        return (struct err_words){CLI_LATER, "内存不足", "out of memory"};
    case ERR_FULL:
        return (struct err_words){CLI_LATER, "磁盘已满", "the disk is full"};
    case ERR_IO:
        return (struct err_words){CLI_LATER, "读写失败", "input or output failed"};
    case ERR_BUSY:
        return (struct err_words){CLI_LATER, "正忙，请稍后再试", "busy: try again later"};
    case ERR_COUNT:
        break;
    }
    return (struct err_words){CLI_LATER, "出错", "failed"};
}

int cli_fail_err(const struct cli *cli, enum err err, const char *what)
{
    struct err_words words = words_of(err);
    (void)fflush(stdout);
    if (cli->english) {
        (void)fprintf(stderr, "%s: %s: %s\n", cli->title, what, words.en);
    } else {
        (void)fprintf(stderr, "%s: %s：%s / %s\n", cli->title, what, words.zh, words.en);
    }
    return (int)words.code;
}
/* NOLINTEND(concurrency-mt-unsafe) */
