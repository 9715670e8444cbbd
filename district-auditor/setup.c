#include "base/text.h"
#include "district-auditor/program.h"
#include "link/link.h"
#include "node/clock.h"

#include <stdio.h>
#include <string.h>

/* Folders: the district root's (root.key, root.pub) and the auditor's. */

int fail(const struct options *options, enum err err, const char *what)
{
    static const struct {
        enum err err;
        int code;
        const char *zh;
    } words[] = {
        {ERR_MALFORMED, EXIT_DAMAGED, "文件内容有误"},
        {ERR_LIMIT, EXIT_DAMAGED, "超出允许的大小"},
        {ERR_MEMORY, EXIT_TEMPORARY, "内存不足"},
        {ERR_STORE, EXIT_DAMAGED, "存储出错"},
        {ERR_FULL, EXIT_TEMPORARY, "磁盘已满"},
        {ERR_NOT_FOUND, EXIT_USAGE, "找不到"},
        {ERR_CONFLICT, EXIT_CONFLICT, "已经存在"},
        {ERR_AUTH, EXIT_FORBIDDEN, "签名或口令不符"},
        {ERR_BUSY, EXIT_TEMPORARY, "正被另一个程序使用"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (words[i].err == err) {
            (void)fprintf(stderr, "%s：%s\n", what, options->english ? err_name(err) : words[i].zh);
            return words[i].code;
        }
    }
    (void)fprintf(stderr, "%s：%s\n", what, err_name(err));
    return EXIT_DAMAGED;
}

/* The password's first line. */
static enum err read_password(const char *path, struct buf *ret)
{
    enum err err = path == NULL ? ERR_NOT_FOUND : files_read(path, ret);
    while (err == ERR_NONE && ret->size > 0 &&
           (ret->data[ret->size - 1] == '\n' || ret->data[ret->size - 1] == '\r')) {
        ret->size--;
    }
    return err == ERR_NONE && ret->size == 0 ? ERR_MALFORMED : err;
}

/* The root's key is bound to a password alone: it may move between machines. */
static const uint8_t no_device[KEYFILE_DEVICE_SECRET_SIZE];

static enum err root_create(const char *directory, struct span password, struct buf *public_hex)
{
    char path[FILES_PATH_SIZE];
    struct buf file;
    struct keyring *keyring = NULL;
    buf_init(&file, KEYFILE_SIZE_MAX);
    enum err err = files_make_directory(directory);
    if (err == ERR_NONE) {
        err = device_path(directory, "root.key", path);
    }
    if (err == ERR_NONE && files_exist(path)) {
        err = ERR_CONFLICT;
    }
    if (err == ERR_NONE) {
        keyring = keyring_new_random();
        err = keyring == NULL
                  ? ERR_MEMORY
                  : keyfile_seal(keyring, password, no_device, keyfile_cost_default(), &file);
    }
    if (err == ERR_NONE) {
        text_put_hex(public_hex,
                     span_of(signer_public_view(keyring_signer_view(keyring)), LIMIT_KEY_SIZE));
        buf_put_text(public_hex, "\n");
        err = files_write(path, buf_span(&file), 0600);
    }
    if (err == ERR_NONE) {
        err = device_path(directory, "root.pub", path);
    }
    if (err == ERR_NONE) {
        err = files_write(path, buf_span(public_hex), 0644);
    }
    keyring_free(keyring);
    buf_done(&file);
    return err;
}

static int root_init(const struct options *options)
{
    struct buf password;
    struct buf public_hex;
    buf_init(&password, 1024);
    buf_init(&public_hex, 128);
    enum err err = read_password(options->password_file, &password);
    if (err == ERR_NONE) {
        err = root_create(options->directory, buf_span(&password), &public_hex);
    }
    if (err == ERR_NONE) {
        (void)printf("%s", buf_text(&public_hex));
    }
    buf_done(&password);
    buf_done(&public_hex);
    return err == ERR_NONE ? EXIT_OK : fail(options, err, "root init");
}

static enum err root_open(const struct options *options, struct keyring **ret_keyring)
{
    char path[FILES_PATH_SIZE];
    struct buf password;
    struct buf file;
    buf_init(&password, 1024);
    buf_init(&file, KEYFILE_SIZE_MAX);
    enum err err = read_password(options->password_file, &password);
    if (err == ERR_NONE) {
        err = device_path(options->directory, "root.key", path);
    }
    if (err == ERR_NONE) {
        err = files_read(path, &file);
    }
    if (err == ERR_NONE) {
        err = keyfile_open(buf_span(&file), buf_span(&password), no_device, ret_keyring);
    }
    buf_done(&password);
    buf_done(&file);
    return err;
}

static enum err make_note(const struct wire_enrolment *enrolment, const struct keyring *root,
                          struct buf *ret)
{
    struct wire_trust trust = {.issued_ms = clock_wall_ms()};
    if (enrolment->kind != WIRE_ENROL_HUB || enrolment->origin_prefix[0] == 0) {
        return ERR_MALFORMED;
    }
    memcpy(trust.hub, enrolment->hub, sizeof trust.hub);
    memcpy(trust.public_key, enrolment->public_key, sizeof trust.public_key);
    memcpy(trust.curve_key, enrolment->curve_key, sizeof trust.curve_key);
    memcpy(trust.origin_prefix, enrolment->origin_prefix, sizeof trust.origin_prefix);
    memcpy(trust.code, enrolment->code, sizeof trust.code);
    return wire_trust_seal(&trust, keyring_signer_view(root), ret);
}

static int root_sign(const struct options *options, const char *request_path)
{
    struct buf request;
    struct buf note;
    struct keyring *root = NULL;
    struct wire_enrolment enrolment;
    buf_init(&request, WIRE_TRUST_SIZE);
    buf_init(&note, WIRE_TRUST_SIZE);
    enum err err = files_read(request_path, &request);
    if (err == ERR_NONE) {
        err = wire_enrolment_open(buf_span(&request), &enrolment);
    }
    if (err == ERR_NONE) {
        err = root_open(options, &root);
    }
    if (err == ERR_NONE) {
        err = make_note(&enrolment, root, &note);
    }
    if (err == ERR_NONE && fwrite(note.data, 1, note.size, stdout) != note.size) {
        err = ERR_IO;
    }
    keyring_free(root);
    buf_done(&request);
    buf_done(&note);
    return err == ERR_NONE ? EXIT_OK : fail(options, err, request_path);
}

int command_root(const struct options *options)
{
    const char *what = options->argument_count > 0 ? options->arguments[0] : "";
    if (strcmp(what, "init") == 0) {
        return root_init(options);
    }
    if (strcmp(what, "sign") == 0 && options->argument_count == 2) {
        return root_sign(options, options->arguments[1]);
    }
    (void)fprintf(stderr, "district-auditor root init | root sign REQUEST > NOTE\n");
    return EXIT_USAGE;
}

static enum err write_request(const struct options *options, const struct device *device)
{
    char path[FILES_PATH_SIZE];
    struct buf file;
    struct wire_enrolment request = {.kind = WIRE_ENROL_AUDITOR, .made_ms = clock_wall_ms()};
    const struct signer *signer = keyring_signer_view(device->keyring);
    memcpy(request.public_key, signer_public_view(signer), LIMIT_KEY_SIZE);
    link_curve_public(device->curve_secret, request.curve_key);
    (void)snprintf(request.code, sizeof request.code, "%s",
                   options->code == NULL ? "" : options->code);
    buf_init(&file, WIRE_TRUST_SIZE);
    enum err err = wire_enrolment_seal(&request, signer, &file);
    if (err == ERR_NONE) {
        err = device_path(options->directory, "enrolment.request", path);
    }
    if (err == ERR_NONE) {
        err = files_write(path, buf_span(&file), 0644);
    }
    buf_done(&file);
    return err;
}

static enum err copy_root(const struct options *options)
{
    char path[FILES_PATH_SIZE];
    uint8_t key[LIMIT_KEY_SIZE] = {0};
    struct buf text;
    buf_init(&text, 2 * LIMIT_KEY_SIZE + 1);
    enum err err = device_root_read(options->root_file, key);
    if (err == ERR_NONE) {
        err = device_path(options->directory, "root.pub", path);
    }
    text_put_hex(&text, span_of(key, sizeof key));
    buf_put_text(&text, "\n");
    if (err == ERR_NONE) {
        err = files_write(path, buf_span(&text), 0644);
    }
    buf_done(&text);
    return err;
}

int command_init(const struct options *options)
{
    struct device device;
    if (options->root_file == NULL) {
        (void)fprintf(stderr, "district-auditor init --dir DIR --root root.pub\n");
        return EXIT_USAGE;
    }
    enum err err = device_create(options->directory, &device);
    if (err != ERR_NONE) {
        return fail(options, err, options->directory);
    }
    err = copy_root(options);
    if (err == ERR_NONE) {
        err = write_request(options, &device);
    }
    device_close(&device);
    if (err == ERR_NONE && !options->json) {
        (void)printf(options->english ? "enrolment request: %s/enrolment.request\n"
                                      : "登记申请：%s/enrolment.request\n",
                     options->directory);
    }
    return err == ERR_NONE ? EXIT_OK : fail(options, err, options->directory);
}
