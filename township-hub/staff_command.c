#include "base/text.h"
#include "desk/json_text.h"
#include "township-hub/staff.h"

#include <stdio.h>
#include <string.h>

/* The commands about people and stations, as clients of the daemon. */

struct staff_options {
    const char *verb;
    const char *person;
    const char *phone;
    const char *name;
    const char *station;
    const char *password_file;
    const char *keys;
    const char *number;
    const char *roles;
    const char *post;
    const char *from;
    const char *until;
};

enum {
    KEY_NAME = 1000,
    KEY_STATION,
    KEY_PASSWORD,
    KEY_KEYS,
    KEY_NUMBER,
    KEY_ROLES,
    KEY_POST,
    KEY_FROM,
    KEY_UNTIL
};

static const char **place_of(struct staff_options *options, int key)
{
    switch (key) {
    case KEY_NAME:
        return &options->name;
    case KEY_STATION:
        return &options->station;
    case KEY_PASSWORD:
        return &options->password_file;
    case KEY_KEYS:
        return &options->keys;
    case KEY_NUMBER:
        return &options->number;
    case KEY_ROLES:
        return &options->roles;
    case KEY_POST:
        return &options->post;
    case KEY_FROM:
        return &options->from;
    case KEY_UNTIL:
        return &options->until;
    case ARGP_KEY_ARG:
        return options->verb == NULL     ? &options->verb
               : options->person == NULL ? &options->person
               : options->phone == NULL  ? &options->phone
                                         : NULL;
    default:
        return NULL;
    }
}

static error_t parse_staff(int key, char *argument, struct argp_state *state)
{
    const char **place = place_of(state->input, key);
    if (place == NULL) {
        return ARGP_ERR_UNKNOWN;
    }
    *place = argument;
    return 0;
}

static const struct argp_option staff_table[] = {
    {"name", KEY_NAME, "NAME", 0, "姓名（不进日志）/ kept here, never in the log", 0},
    {"station", KEY_STATION, "CODE", 0, "站点代码或 hub / code of the station, or hub", 0},
    {"new-password-file", KEY_PASSWORD, "FILE", 0, "新人的口令 / password of the new key", 0},
    {"keys", KEY_KEYS, "DIR", 0, "密钥目录 / keys folder of the PC he works at", 0},
    {"number", KEY_NUMBER, "NUMBER", 0, "工号 / staff number", 0},
    {"roles", KEY_ROLES, "LIST", 0, "角色，逗号分隔 / worker,agent,...", 0},
    {"post", KEY_POST, "POST", 0, "岗位或窗口 / post or window", 0},
    {"from", KEY_FROM, "DATE", 0, "起始日 / first day, 2026-10-01", 0},
    {"until", KEY_UNTIL, "DATE", 0, "最后一日 / last day", 0},
    {0},
};
static const struct argp staff_argp = {
    .options = staff_table,
    .parser = parse_staff,
    .args_doc = "enrol|list\ngrant PERSON\nrevoke PERSON\nphone PERSON [NUMBER|-]",
};

/* --- enrol --- */

static enum err read_device_secret(const char *keys, struct device *ret)
{
    char path[FILES_PATH_SIZE];
    struct buf secret;
    buf_init(&secret, 1024);
    enum err err = device_path(keys, "../device.secret", path);
    if (err == ERR_NONE) {
        err = files_read(path, &secret);
    }
    if (err == ERR_NONE && secret.size != sizeof ret->secret) {
        err = ERR_MALFORMED;
    }
    if (err == ERR_NONE) {
        memcpy(ret->secret, secret.data, sizeof ret->secret);
    }
    buf_done(&secret);
    return err;
}

/* Of --new-password-file; without --as, --password-file or the terminal will do too. */
static int new_password(struct cli *cli, const struct staff_options *options, struct buf *ret)
{
    if (options->password_file == NULL && cli_staff(cli) == NULL) {
        return cli_password(cli, true, ret);
    }
    buf_init(ret, 1024);
    enum err err = setup_password(options->password_file, ret);
    return err == ERR_NONE ? 0
                           : cli_fail_err(cli, err,
                                          options->password_file == NULL ? "--new-password-file"
                                                                         : options->password_file);
}

static enum err make_key(const struct staff_options *options, struct span password,
                         const char *keys, const uint8_t *staff, struct keyring **ret)
{
    struct device device;
    memset(&device, 0, sizeof device);
    enum err err = files_make_directory(keys);
    if (err == ERR_NONE) {
        err = read_device_secret(keys, &device);
    }
    if (err == ERR_NONE) {
        err = device_person_create(&device, keys, staff, password, ret);
    }
    if (err == ERR_NONE) {
        err = device_name_write(keys, staff, options->name);
    }
    explicit_bzero(&device, sizeof device);
    return err;
}

static void put_enrolment(const struct staff_options *options, const uint8_t *staff,
                          const struct keyring *keyring, struct buf *ret)
{
    struct json_text json;
    json_text_init(&json, ret);
    json_text_open(&json, NULL);
    json_text_hex(&json, "staff", span_of(staff, LIMIT_ID_SIZE));
    json_text_hex(&json, "publicKey",
                  span_of(signer_public_view(keyring_signer_view(keyring)), LIMIT_KEY_SIZE));
    json_text_hex(&json, "boxKey",
                  span_of(seal_box_public_view(keyring_box_view(keyring)), LIMIT_KEY_SIZE));
    json_text_string(&json, "name", options->name);
    json_text_string(&json, "number", options->number == NULL ? "" : options->number);
    json_text_close(&json);
}

/* A key that was not enrolled opens nothing: it goes again. */
static void drop_key(const char *keys, const uint8_t *staff)
{
    static const char *const ends[] = {"key", "name", "phone"};
    struct buf path;
    buf_init(&path, FILES_PATH_SIZE);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        buf_clear(&path);
        buf_put_format(&path, "%s/", keys);
        text_put_hex(&path, span_of(staff, LIMIT_ID_SIZE));
        buf_put_format(&path, ".%s", ends[i]);
        (void)!files_remove(buf_text(&path));
    }
    buf_done(&path);
}

static void show_staff(struct cli *cli, const uint8_t *staff)
{
    struct buf hex;
    buf_init(&hex, 128);
    text_put_hex(&hex, span_of(staff, LIMIT_ID_SIZE));
    (void)printf(cli_is_json(cli) ? "{\"staff\":\"%s\"}\n" : "%s\n", buf_text(&hex));
    buf_done(&hex);
}

static int send_enrolment(struct cli *cli, const struct staff_options *options, const char *keys,
                          const uint8_t *staff, const struct keyring *keyring)
{
    struct http_answer answer;
    struct buf body;
    buf_init(&body, 8192);
    put_enrolment(options, staff, keyring, &body);
    int code = cli_call(cli, "POST", "/api/v1/staff", buf_span(&body), &answer);
    if (code == 0) {
        show_staff(cli, staff);
    } else if (code != CLI_LATER) { /* then the outcome is unknown: the key is kept */
        drop_key(keys, staff);
    }
    buf_done(&answer.body);
    buf_done(&body);
    return code;
}

static int enrol(struct cli *cli, const struct staff_options *options)
{
    char home[FILES_PATH_SIZE];
    uint8_t staff[LIMIT_ID_SIZE];
    struct keyring *keyring = NULL;
    struct buf password;
    const char *directory = cli_directory(cli);
    if (directory == NULL) {
        return CLI_USAGE;
    }
    if (options->name == NULL) {
        return cli_fail(cli, CLI_USAGE, "要有 --name", "--name is needed");
    }
    int code = new_password(cli, options, &password);
    if (code != 0) {
        buf_done(&password);
        return code;
    }
    seal_random(staff, sizeof staff);
    enum err err = device_path(directory, "keys", home);
    const char *keys = options->keys == NULL ? home : options->keys;
    if (err == ERR_NONE) {
        err = make_key(options, buf_span(&password), keys, staff, &keyring);
    }
    code = err == ERR_NONE ? send_enrolment(cli, options, keys, staff, keyring)
                           : cli_fail_err(cli, err, keys);
    keyring_free(keyring);
    buf_done(&password);
    return code;
}

/* --- grant, revoke, list --- */

static void put_text(struct json_text *json, const char *name, const char *text)
{
    if (text != NULL) {
        json_text_string(json, name, text);
    }
}

static void show_grant(struct cli *cli, const struct wire_tree *answer)
{
    bool reads = wire_tree_is_true(wire_tree_get(answer, "reads"));
    const char *problem = wire_tree_member(answer, "readsProblem");
    if (problem[0] != 0) {
        (void)printf(cli_is_english(cli)
                         ? "granted, but sealed parts stay closed to him: %s\n"
                         : "已授权，但未能开放密件（%s），请由能开密件的负责人重新授权\n",
                     problem);
        return;
    }
    (void)printf("%s\n", cli_is_english(cli) ? (reads ? "granted, may read sealed parts"
                                                      : "granted, without sealed parts")
                                             : (reads ? "已授权，可开密件" : "已授权，不开密件"));
}

static int grant(struct cli *cli, const struct staff_options *options)
{
    struct buf path;
    struct buf body;
    struct json_text json;
    if (options->person == NULL || options->roles == NULL || options->station == NULL) {
        return cli_fail(cli, CLI_USAGE, "用法：staff grant 人员 --roles 角色 --station 代码|hub",
                        "usage: staff grant PERSON --roles LIST --station CODE|hub");
    }
    buf_init(&path, 1024);
    buf_init(&body, 8192);
    buf_put_text(&path, "/api/v1/staff/");
    cli_escape(&path, options->person);
    buf_put_text(&path, "/grants");
    json_text_init(&json, &body);
    json_text_open(&json, NULL);
    put_text(&json, "roles", options->roles);
    put_text(&json, "station", options->station);
    put_text(&json, "post", options->post);
    put_text(&json, "from", options->from);
    put_text(&json, "until", options->until);
    json_text_close(&json);
    int code = cli_call_show(cli, "POST", buf_text(&path), buf_span(&body), show_grant);
    buf_done(&path);
    buf_done(&body);
    return code;
}

static void show_done(struct cli *cli, const struct wire_tree *answer)
{
    (void)answer;
    (void)printf("%s\n", cli_is_english(cli) ? "done" : "已办");
}

static int revoke(struct cli *cli, const char *person)
{
    struct buf path;
    buf_init(&path, 1024);
    buf_put_text(&path, "/api/v1/staff/");
    cli_escape(&path, person);
    buf_put_text(&path, "/revoke");
    int code = cli_call_show(cli, "POST", buf_text(&path), span_of(NULL, 0), show_done);
    buf_done(&path);
    return code;
}

static void show_list(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column columns[] = {
        {"人员编号", "staff", "staff"},   {"姓名", "name", "name"},
        {"角色", "roles", "rolesZh"},     {"电话", "telephone", "phone"},
        {"已撤销", "revoked", "revoked"},
    };
    cli_table(cli, wire_tree_get(answer, "staff"), columns, sizeof columns / sizeof *columns);
}

int staff_command(struct cli *cli, int argc, char **argv)
{
    struct staff_options options;
    int code = 0;
    memset(&options, 0, sizeof options);
    if (!cli_parse(cli, &staff_argp, argc, argv, &options, &code)) {
        return code;
    }
    const char *verb = options.verb == NULL ? "" : options.verb;
    if (strcmp(verb, "enrol") == 0) {
        return enrol(cli, &options);
    }
    if (strcmp(verb, "grant") == 0) {
        return grant(cli, &options);
    }
    if (strcmp(verb, "revoke") == 0 && options.person != NULL) {
        return revoke(cli, options.person);
    }
    if (strcmp(verb, "phone") == 0) {
        const struct cli_phone phone = {options.person, options.phone, options.keys};
        return cli_phone(cli, &phone);
    }
    if (strcmp(verb, "list") == 0) {
        return cli_call_show(cli, "GET", "/api/v1/staff", span_of(NULL, 0), show_list);
    }
    return cli_fail(cli, CLI_USAGE, "用法：staff enrol|grant|revoke|phone|list",
                    "usage: staff enrol|grant|revoke|phone|list");
}

/* --- enrol REQUEST --- */

struct enrol_options {
    const char *request;
    const char *out;
};

enum { KEY_OUT = 1000 };

static error_t parse_enrol(int key, char *argument, struct argp_state *state)
{
    struct enrol_options *options = state->input;
    if (key == KEY_OUT) {
        options->out = argument;
        return 0;
    }
    if (key == ARGP_KEY_ARG && options->request == NULL) {
        options->request = argument;
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp_option enrol_table[] = {
    {"out", KEY_OUT, "FILE", 0, "入网文件 / where the bundle goes; else to the standard output", 0},
    {0},
};
static const struct argp enrol_argp = {
    .options = enrol_table, .parser = parse_enrol, .args_doc = "REQUEST"};

static int put_bundle(struct cli *cli, const char *out, struct span bundle)
{
    enum err err = ERR_NONE;
    if (out != NULL) {
        err = files_write(out, bundle, 0600);
    } else if (fwrite(bundle.data, 1, bundle.size, stdout) != bundle.size) {
        err = ERR_IO;
    }
    return err == ERR_NONE ? CLI_OK : cli_fail_err(cli, err, out == NULL ? "stdout" : out);
}

int staff_enrol_command(struct cli *cli, int argc, char **argv)
{
    struct enrol_options options = {NULL, NULL};
    struct http_answer answer;
    struct buf request;
    int code = 0;
    if (!cli_parse(cli, &enrol_argp, argc, argv, &options, &code)) {
        return code;
    }
    if (options.request == NULL) {
        return cli_fail(cli, CLI_USAGE, "用法：enrol 申请文件 > 入网文件",
                        "usage: enrol REQUEST > BUNDLE");
    }
    buf_init(&request, WIRE_TRUST_SIZE);
    enum err err = files_read(options.request, &request);
    if (err != ERR_NONE) {
        code = cli_fail_err(cli, err, options.request);
    } else {
        code = cli_call(cli, "POST", "/api/v1/enrolments", buf_span(&request), &answer);
        code = code != 0 ? code : put_bundle(cli, options.out, buf_span(&answer.body));
        buf_done(&answer.body);
    }
    buf_done(&request);
    return code;
}
