#include "base/text.h"
#include "node/clock.h"
#include "village-node/program.h"

#include <stdio.h>
#include <string.h>

/* The station's folder: init makes keys and the enrolment request, join takes the hub's bundle. */

static enum err write_request(const char *directory, const struct device *device, const char *code)
{
    char path[FILES_PATH_SIZE];
    struct buf file;
    struct wire_enrolment request = {.kind = WIRE_ENROL_STATION, .made_ms = clock_wall_ms()};
    const struct signer *signer = keyring_signer_view(device->keyring);
    memcpy(request.public_key, signer_public_view(signer), LIMIT_KEY_SIZE);
    memcpy(request.box_key, seal_box_public_view(keyring_box_view(device->keyring)),
           LIMIT_KEY_SIZE);
    link_curve_public(device->curve_secret, request.curve_key);
    (void)snprintf(request.code, sizeof request.code, "%s", code);
    buf_init(&file, WIRE_TRUST_SIZE);
    enum err err = wire_enrolment_seal(&request, signer, &file);
    if (err == ERR_NONE) {
        err = device_path(directory, "enrolment.request", path);
    }
    if (err == ERR_NONE) {
        err = files_write(path, buf_span(&file), 0644);
    }
    buf_done(&file);
    return err;
}

enum { OPTION_CODE = 256, OPTION_ROOT };

struct setup_options {
    const char *code;
    const char *root;
    const char *file;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct setup_options *options = state->input;
    switch (key) {
    case OPTION_CODE:
        options->code = argument;
        return 0;
    case OPTION_ROOT:
        options->root = argument;
        return 0;
    case ARGP_KEY_ARG:
        options->file = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option setup_table[] = {
    {"code", OPTION_CODE, "CODE", 0, "12-digit village code 村代码", 0},
    {"root", OPTION_ROOT, "FILE", 0, "public key of the district root 区级根公钥", 0},
    {0}};

static enum err write_settings(const char *directory)
{
    static const char text[] =
        "# Printed on slips and forms 凭条和表单上的站名、电话、监督投诉电话\n"
        "[slip]\n"
        "# station = 沿湖村便民服务站\n"
        "# complaints = 0898-00000000\n"
        "# phone = 0898-00000001\n"
        "# address = 沿湖路一号\n"
        "# hours = 08:00-17:00\n";
    char path[FILES_PATH_SIZE];
    enum err err = device_path(directory, "node.conf", path);
    return err != ERR_NONE ? err : files_write(path, span_text(text), 0600);
}

static void print_request(struct cli *cli, const char *directory)
{
    if (cli_is_json(cli)) {
        (void)printf("{\"request\":\"%s/enrolment.request\"}\n", directory);
    } else {
        (void)printf(cli_is_english(cli)
                         ? "Hand this file to the township hub: %s/enrolment.request\n"
                         : "请把登记申请交给镇中心：%s/enrolment.request\n",
                     directory);
    }
}

int command_init(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {.options = setup_table, .parser = parse};
    struct setup_options options = {NULL, NULL, NULL};
    struct device device;
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, &options, &code)) {
        return code;
    }
    const char *directory = cli_directory(cli);
    if (directory == NULL || options.code == NULL || strlen(options.code) != 12) {
        return cli_fail(cli, CLI_USAGE, "请用 --code 给出 12 位村代码",
                        "give the 12-digit village code with --code");
    }
    enum err err = device_create(directory, &device);
    if (err != ERR_NONE) {
        return cli_fail_err(cli, err, directory);
    }
    err = write_request(directory, &device, options.code);
    if (err == ERR_NONE) {
        err = write_settings(directory);
    }
    device_close(&device);
    if (err != ERR_NONE) {
        return cli_fail_err(cli, err, directory);
    }
    print_request(cli, directory);
    return CLI_OK;
}

/* Is the bundle good, and for this very device? */
static enum err check_bundle(struct span file, const uint8_t *root, const struct device *device,
                             struct wire_bundle *bundle, struct wire_trust *trust)
{
    enum err err = wire_bundle_open(file, root, bundle, trust);
    if (err == ERR_NONE &&
        (bundle->kind != WIRE_ENROL_STATION ||
         memcmp(bundle->device, signer_key_id_view(keyring_signer_view(device->keyring)),
                LIMIT_KEY_SIZE) != 0)) {
        err = ERR_CONFLICT;
    }
    return err;
}

static enum err join(const char *directory, const struct setup_options *options,
                     struct wire_bundle *bundle)
{
    char path[FILES_PATH_SIZE];
    uint8_t root[LIMIT_KEY_SIZE];
    struct wire_trust trust;
    struct buf file;
    struct device device;
    enum err err = device_open(directory, &device);
    if (err != ERR_NONE) {
        return err;
    }
    buf_init(&file, WIRE_TRUST_SIZE);
    err = files_read(options->file, &file);
    if (err == ERR_NONE && options->root != NULL) {
        err = device_root_read(options->root, root);
    }
    if (err == ERR_NONE) {
        err = check_bundle(buf_span(&file), options->root == NULL ? NULL : root, &device, bundle,
                           &trust);
    }
    if (err == ERR_NONE) {
        err = device_path(directory, "bundle", path);
    }
    if (err == ERR_NONE) {
        err = files_write(path, buf_span(&file), 0600);
    }
    buf_done(&file);
    device_close(&device);
    return err;
}

int command_join(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {.options = setup_table, .parser = parse, .args_doc = "BUNDLE"};
    struct setup_options options = {NULL, NULL, NULL};
    struct wire_bundle bundle;
    struct buf root;
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, &options, &code)) {
        return code;
    }
    const char *directory = cli_directory(cli);
    if (directory == NULL || options.file == NULL) {
        return cli_fail(cli, CLI_USAGE, "请给出镇中心发来的接入文件", "name the hub's bundle file");
    }
    enum err err = join(directory, &options, &bundle);
    if (err != ERR_NONE) {
        return cli_fail_err(cli, err, options.file);
    }
    buf_init(&root, 128);
    text_put_hex(&root, span_of(bundle.root, LIMIT_KEY_SIZE));
    if (cli_is_json(cli)) {
        (void)printf("{\"root\":\"%s\"}\n", buf_text(&root));
    } else {
        (void)printf(cli_is_english(cli) ? "Joined. District root (compare with the office): %s\n"
                                         : "已接入。区级根指纹（请与区里核对）：%s\n",
                     buf_text(&root));
    }
    buf_done(&root);
    return CLI_OK;
}

enum err folder_open(const char *directory, struct folder *ret)
{
    char path[FILES_PATH_SIZE];
    struct buf file;
    memset(ret, 0, sizeof *ret);
    ret->directory = directory;
    buf_init(&file, WIRE_TRUST_SIZE);
    enum err err = device_open(directory, &ret->device);
    if (err == ERR_NONE) {
        err = device_path(directory, "bundle", path);
    }
    if (err == ERR_NONE) {
        err = files_read(path, &file);
    }
    if (err == ERR_NONE) {
        err = check_bundle(buf_span(&file), NULL, &ret->device, &ret->bundle, &ret->trust);
    }
    ret->bundle.trust = span_of(NULL, 0);
    buf_done(&file);
    if (err != ERR_NONE) {
        folder_close(ret);
        return err;
    }
    seal_key_id(SEAL_SUITE_ED25519, ret->trust.public_key, ret->hub_device);
    return ERR_NONE;
}

void folder_close(struct folder *folder)
{
    device_close(&folder->device);
}
