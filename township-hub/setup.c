#include "township-hub/setup.h"

#include "base/text.h"
#include "link/link.h"
#include "node/clock.h"
#include "node/conf.h"
#include "rules/textfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- The folder --- */

static const struct conf_key conf_keys[] = {
    {"hub", "code", CONF_TEXT, NULL, 0, 0},
    {"hub", "origin_prefix", CONF_TEXT, NULL, 0, 0},
    {"hub", "endpoint", CONF_TEXT, "tcp://127.0.0.1:0", 0, 0},
    {"hub", "bell_endpoint", CONF_TEXT, "tcp://127.0.0.1:0", 0, 0},
    {"hub", "announce", CONF_TEXT, NULL, 0, 0},
    {"hub", "announce_bell", CONF_TEXT, NULL, 0, 0},
    {"hub", "epoch", CONF_NUMBER, "1", 1, 1U << 30},
};

enum err folder_read(const struct folder *folder, const char *name, struct buf *ret)
{
    char path[FILES_PATH_SIZE];
    enum err err = device_path(folder->path, name, path);
    return err != ERR_NONE ? err : files_read(path, ret);
}

enum err folder_write(const struct folder *folder, const char *name, struct span bytes)
{
    char path[FILES_PATH_SIZE];
    enum err err = device_path(folder->path, name, path);
    return err != ERR_NONE ? err : files_write(path, bytes, 0600);
}

static enum err copy_text(char *ret, size_t size, const char *text)
{
    size_t length = strlen(text);
    if (length >= size) {
        return ERR_LIMIT;
    }
    memcpy(ret, text, length + 1);
    return ERR_NONE;
}

static enum err take_text(const struct conf *conf, const char *name, char *ret, size_t size)
{
    return copy_text(ret, size, conf_get_text(conf, "hub", name));
}

static int take_conf(struct cli *cli, const struct conf *conf, struct folder *ret)
{
    enum err err = take_text(conf, "code", ret->code, sizeof ret->code);
    if (err == ERR_NONE) {
        err = take_text(conf, "origin_prefix", ret->origin_prefix, sizeof ret->origin_prefix);
    }
    if (err == ERR_NONE) {
        err = take_text(conf, "endpoint", ret->endpoint, sizeof ret->endpoint);
    }
    if (err == ERR_NONE) {
        err = take_text(conf, "bell_endpoint", ret->bell_endpoint, sizeof ret->bell_endpoint);
    }
    if (err == ERR_NONE) {
        err = take_text(conf, "announce", ret->announce, sizeof ret->announce);
    }
    if (err == ERR_NONE) {
        err = take_text(conf, "announce_bell", ret->announce_bell, sizeof ret->announce_bell);
    }
    if (err == ERR_NONE && (ret->origin_prefix[0] == 0 || ret->code[0] == 0)) {
        err = ERR_MALFORMED;
    }
    ret->epoch = conf_get_number(conf, "hub", "epoch");
    return err == ERR_NONE ? 0 : cli_fail_err(cli, err, "hub.conf");
}

static int read_conf(struct cli *cli, struct folder *ret)
{
    char path[FILES_PATH_SIZE];
    struct conf_problem problem = {""};
    struct conf *conf = conf_new(conf_keys, sizeof conf_keys / sizeof *conf_keys);
    if (conf == NULL) {
        return cli_fail_err(cli, ERR_MEMORY, "hub.conf");
    }
    enum err err = device_path(ret->path, "hub.conf", path);
    if (err == ERR_NONE) {
        err = conf_read(conf, path, &problem);
    }
    int code = 0;
    if (err != ERR_NONE) {
        code = cli_fail_err(cli, err, problem.text[0] == 0 ? path : problem.text);
    } else {
        code = take_conf(cli, conf, ret);
    }
    conf_free(conf);
    return code;
}

static enum err read_id(struct folder *folder)
{
    struct buf id;
    buf_init(&id, 256);
    enum err err = folder_read(folder, "hub.id", &id);
    if (err == ERR_NONE && id.size != LIMIT_ID_SIZE) {
        err = ERR_MALFORMED;
    }
    if (err == ERR_NONE) {
        memcpy(folder->hub, id.data, LIMIT_ID_SIZE);
    }
    buf_done(&id);
    return err;
}

int folder_open(struct cli *cli, struct folder *ret)
{
    const char *directory = cli_directory(cli);
    memset(ret, 0, sizeof *ret);
    if (directory == NULL) {
        return CLI_USAGE;
    }
    enum err err = copy_text(ret->path, sizeof ret->path, directory);
    if (err != ERR_NONE) {
        return cli_fail_err(cli, err, directory);
    }
    int code = read_conf(cli, ret);
    if (code != 0) {
        return code;
    }
    err = read_id(ret);
    if (err == ERR_NONE) {
        err = device_open(ret->path, &ret->device);
    }
    return err == ERR_NONE ? 0 : cli_fail_err(cli, err, directory);
}

void folder_close(struct folder *folder)
{
    device_close(&folder->device);
}

enum err folder_store(const struct folder *folder, struct kv **ret_kv)
{
    char path[FILES_PATH_SIZE];
    enum err err = device_path(folder->path, "store", path);
    return err != ERR_NONE ? err : kv_open(path, NULL, ret_kv);
}

enum err folder_hub(const struct folder *folder, struct kv *kv, struct hub **ret_hub)
{
    char origin[WIRE_ORIGIN_SIZE + 24];
    struct hub_options options = {.kv = kv,
                                  .hub = folder->hub,
                                  .origin = origin,
                                  .epoch = folder->epoch,
                                  .signer = keyring_signer_view(folder->device.keyring)};
    (void)snprintf(origin, sizeof origin, "%s/%llu", folder->origin_prefix,
                   (unsigned long long)folder->epoch);
    enum err err = clock_boot_id(options.boot);
    return err != ERR_NONE ? err : hub_open(&options, ret_hub);
}

enum err setup_password(const char *path, struct buf *ret)
{
    enum err err = path == NULL ? ERR_NOT_FOUND : files_read(path, ret);
    if (err == ERR_NONE) {
        const uint8_t *end = memchr(ret->data, '\n', ret->size);
        ret->size = end == NULL ? ret->size : (size_t)(end - ret->data);
        ret->size -= ret->size > 0 && ret->data[ret->size - 1] == '\r' ? 1 : 0;
    }
    return err == ERR_NONE && ret->size == 0 ? ERR_MALFORMED : err;
}

void setup_offset(const char *argument, struct argp_state *state, int64_t *ret_ms)
{
    char *end = NULL;
    *ret_ms = strtoll(argument, &end, 10);
    if (*argument == 0 || *end != 0) {
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): a command has one thread. */
        argp_error(state, "--clock-offset: %s", argument);
    }
}

void setup_person_facts(const uint8_t staff[LIMIT_ID_SIZE], const struct keyring *keyring,
                        struct values *ret)
{
    values_clear(ret);
    values_set_number(ret, FIELD_verb, 0, PERSON_ENROLLED);
    values_set_bytes(ret, FIELD_staff, 0, span_of(staff, LIMIT_ID_SIZE));
    values_set_number(ret, FIELD_suite, 0, SEAL_SUITE_ED25519);
    values_set_bytes(ret, FIELD_public_key, 0,
                     span_of(signer_public_view(keyring_signer_view(keyring)), LIMIT_KEY_SIZE));
    values_set_bytes(ret, FIELD_box_key, 0,
                     span_of(seal_box_public_view(keyring_box_view(keyring)), LIMIT_KEY_SIZE));
}

/* --- init --- */

struct init_options {
    const char *code;
    const char *origin;
    const char *endpoint;
    const char *bell_endpoint;
    const char *announce;
    const char *announce_bell;
};

enum { KEY_CODE = 1000, KEY_ORIGIN, KEY_ENDPOINT, KEY_BELL, KEY_ANNOUNCE, KEY_ANNOUNCE_BELL };

static error_t parse_init(int key, char *argument, struct argp_state *state)
{
    struct init_options *options = state->input;
    switch (key) {
    case KEY_CODE:
        options->code = argument;
        return 0;
    case KEY_ORIGIN:
        options->origin = argument;
        return 0;
    case KEY_ENDPOINT:
        options->endpoint = argument;
        return 0;
    case KEY_BELL:
        options->bell_endpoint = argument;
        return 0;
    case KEY_ANNOUNCE:
        options->announce = argument;
        return 0;
    case KEY_ANNOUNCE_BELL:
        options->announce_bell = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option init_table[] = {
    {"code", KEY_CODE, "CODE", 0, "区划代码 / administrative code of the town", 0},
    {"origin", KEY_ORIGIN, "PREFIX", 0, "日志名 / hub.<county>.<town>.jieli", 0},
    {"endpoint", KEY_ENDPOINT, "TCP", 0, "监听地址 / tcp://address:port, port 0: a free one", 0},
    {"bell-endpoint", KEY_BELL, "TCP", 0, "门铃地址 / the doorbell's address", 0},
    {"announce", KEY_ANNOUNCE, "TCP", 0, "对外地址 / what stations dial, if not the same", 0},
    {"announce-bell", KEY_ANNOUNCE_BELL, "TCP", 0, "对外门铃地址 / likewise of the doorbell", 0},
    {0},
};
static const struct argp init_argp = {.options = init_table, .parser = parse_init};

static void put_line(struct buf *text, const char *name, const char *value)
{
    if (value != NULL) {
        buf_put_format(text, "%s = %s\n", name, value);
    }
}

static bool is_plain(const char *text)
{
    return text == NULL || text[strcspn(text, "\r\n;#")] == 0;
}

static enum err write_conf(const struct folder *folder, const struct init_options *options)
{
    struct buf text;
    if (!is_plain(options->code) || !is_plain(options->origin) || !is_plain(options->endpoint) ||
        !is_plain(options->bell_endpoint) || !is_plain(options->announce) ||
        !is_plain(options->announce_bell)) {
        return ERR_MALFORMED;
    }
    buf_init(&text, 4096);
    buf_put_text(&text, "[hub]\n");
    put_line(&text, "code", options->code);
    put_line(&text, "origin_prefix", options->origin);
    put_line(&text, "endpoint", options->endpoint);
    put_line(&text, "bell_endpoint", options->bell_endpoint);
    put_line(&text, "announce", options->announce);
    put_line(&text, "announce_bell", options->announce_bell);
    put_line(&text, "epoch", "1");
    enum err err =
        text.err != ERR_NONE ? text.err : folder_write(folder, "hub.conf", buf_span(&text));
    buf_done(&text);
    return err;
}

/* Asks the district root for its word about this hub. */
static enum err write_request(const struct folder *folder, const struct init_options *options)
{
    struct wire_enrolment request = {.kind = WIRE_ENROL_HUB, .made_ms = clock_wall_ms()};
    const struct signer *signer = keyring_signer_view(folder->device.keyring);
    struct buf file;
    memcpy(request.public_key, signer_public_view(signer), LIMIT_KEY_SIZE);
    memcpy(request.box_key, seal_box_public_view(keyring_box_view(folder->device.keyring)),
           LIMIT_KEY_SIZE);
    memcpy(request.hub, folder->hub, LIMIT_ID_SIZE);
    link_curve_public(folder->device.curve_secret, request.curve_key);
    enum err err = copy_text(request.code, sizeof request.code, options->code);
    if (err == ERR_NONE) {
        err = copy_text(request.origin_prefix, sizeof request.origin_prefix, options->origin);
    }
    buf_init(&file, WIRE_TRUST_SIZE);
    if (err == ERR_NONE) {
        err = wire_enrolment_seal(&request, signer, &file);
    }
    if (err == ERR_NONE) {
        err = folder_write(folder, "enrolment.request", buf_span(&file));
    }
    buf_done(&file);
    return err;
}

static enum err make_folder(const char *directory, const struct init_options *options)
{
    struct folder folder;
    memset(&folder, 0, sizeof folder);
    enum err err = copy_text(folder.path, sizeof folder.path, directory);
    if (err == ERR_NONE) {
        err = device_create(directory, &folder.device);
    }
    if (err != ERR_NONE) {
        return err;
    }
    seal_random(folder.hub, sizeof folder.hub);
    err = folder_write(&folder, "hub.id", span_of(folder.hub, sizeof folder.hub));
    if (err == ERR_NONE) {
        err = write_conf(&folder, options);
    }
    if (err == ERR_NONE) {
        err = write_request(&folder, options);
    }
    folder_close(&folder);
    return err;
}

int setup_init(struct cli *cli, int argc, char **argv)
{
    struct init_options options = {.endpoint = "tcp://127.0.0.1:0",
                                   .bell_endpoint = "tcp://127.0.0.1:0"};
    int code = 0;
    if (!cli_parse(cli, &init_argp, argc, argv, &options, &code)) {
        return code;
    }
    const char *directory = cli_directory(cli);
    if (directory == NULL) {
        return CLI_USAGE;
    }
    if (options.code == NULL || options.origin == NULL) {
        return cli_fail(cli, CLI_USAGE, "要有 --code 和 --origin",
                        "--code and --origin are needed");
    }
    enum err err = make_folder(directory, &options);
    if (err != ERR_NONE) {
        return cli_fail_err(cli, err, directory);
    }
    if (cli_is_json(cli)) {
        (void)printf("{\"request\":\"%s/enrolment.request\"}\n", directory);
    } else {
        (void)printf(cli_is_english(cli) ? "enrolment request: %s/enrolment.request\n"
                                         : "登记申请：%s/enrolment.request\n",
                     directory);
    }
    return CLI_OK;
}

/* --- trust --- */

struct trust_options {
    const char *file;
    const char *root;
};

enum { KEY_ROOT = 1000 };

static error_t parse_trust(int key, char *argument, struct argp_state *state)
{
    struct trust_options *options = state->input;
    if (key == KEY_ROOT) {
        options->root = argument;
        return 0;
    }
    if (key == ARGP_KEY_ARG && options->file == NULL) {
        options->file = argument;
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp_option trust_table[] = {
    {"root", KEY_ROOT, "FILE", 0, "县级根公钥 / the district root's public key, root.pub", 0},
    {0},
};
static const struct argp trust_argp = {
    .options = trust_table, .parser = parse_trust, .args_doc = "NOTE"};

/* The note must speak of this very hub. */
static enum err check_note(const struct folder *folder, struct span note,
                           const uint8_t root[LIMIT_KEY_SIZE])
{
    struct wire_trust trust;
    uint8_t curve[LIMIT_KEY_SIZE];
    enum err err = wire_trust_open(note, root, &trust);
    if (err != ERR_NONE) {
        return err;
    }
    const struct signer *signer = keyring_signer_view(folder->device.keyring);
    link_curve_public(folder->device.curve_secret, curve);
    bool ours = memcmp(trust.hub, folder->hub, sizeof trust.hub) == 0 &&
                memcmp(trust.public_key, signer_public_view(signer), LIMIT_KEY_SIZE) == 0 &&
                memcmp(trust.curve_key, curve, sizeof curve) == 0 &&
                strcmp(trust.origin_prefix, folder->origin_prefix) == 0;
    return ours ? ERR_NONE : ERR_AUTH;
}

static enum err keep_note(const struct folder *folder, const struct trust_options *options)
{
    struct buf note;
    struct buf hex;
    uint8_t root[LIMIT_KEY_SIZE];
    buf_init(&note, WIRE_TRUST_SIZE);
    buf_init(&hex, 128);
    enum err err = device_root_read(options->root, root);
    if (err == ERR_NONE) {
        err = files_read(options->file, &note);
    }
    if (err == ERR_NONE) {
        err = check_note(folder, buf_span(&note), root);
    }
    text_put_hex(&hex, span_of(root, sizeof root));
    if (err == ERR_NONE) {
        err = folder_write(folder, "root.pub", buf_span(&hex));
    }
    if (err == ERR_NONE) {
        err = folder_write(folder, "trust.note", buf_span(&note));
    }
    buf_done(&note);
    buf_done(&hex);
    return err;
}

int setup_trust(struct cli *cli, int argc, char **argv)
{
    struct trust_options options = {NULL, NULL};
    struct folder folder;
    int code = 0;
    if (!cli_parse(cli, &trust_argp, argc, argv, &options, &code)) {
        return code;
    }
    if (options.file == NULL || options.root == NULL) {
        return cli_fail(cli, CLI_USAGE, "用法：trust NOTE --root root.pub",
                        "usage: trust NOTE --root root.pub");
    }
    code = folder_open(cli, &folder);
    if (code == 0) {
        enum err err = keep_note(&folder, &options);
        code = err == ERR_NONE ? CLI_OK : cli_fail_err(cli, err, options.file);
    }
    folder_close(&folder);
    return code;
}
