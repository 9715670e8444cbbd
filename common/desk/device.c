#include "desk/device.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { SECRET_MODE = 0600 };

enum err device_path(const char *directory, const char *name, char ret_path[FILES_PATH_SIZE])
{
    int length = snprintf(ret_path, FILES_PATH_SIZE, "%s/%s", directory, name);
    return length < 0 || length >= FILES_PATH_SIZE ? ERR_LIMIT : ERR_NONE;
}

static enum err write_file(const char *directory, const char *name, struct span bytes)
{
    char path[FILES_PATH_SIZE];
    enum err err = device_path(directory, name, path);
    return err != ERR_NONE ? err : files_write(path, bytes, SECRET_MODE);
}

/* Exactly size bytes. */
static enum err read_secret(const char *directory, const char *name, uint8_t *ret, size_t size)
{
    char path[FILES_PATH_SIZE];
    struct buf bytes;
    buf_init(&bytes, 1024);
    enum err err = device_path(directory, name, path);
    if (err == ERR_NONE) {
        err = files_read(path, &bytes);
    }
    if (err == ERR_NONE && bytes.size != size) {
        err = ERR_MALFORMED;
    }
    if (err == ERR_NONE) {
        memcpy(ret, bytes.data, size);
    }
    buf_done(&bytes);
    return err;
}

static enum err write_keyring(const struct keyring *keyring, struct span password,
                              const uint8_t *secret, const char *path)
{
    struct buf file;
    bool weak_is_fine = password.size == 0; /* the device's own: its secret is the protection */
    buf_init(&file, KEYFILE_SIZE_MAX);
    enum err err =
        keyfile_seal(keyring, password, secret,
                     weak_is_fine ? keyfile_cost_floor() : keyfile_cost_default(), &file);
    if (err == ERR_NONE) {
        err = files_write(path, buf_span(&file), SECRET_MODE);
    }
    buf_done(&file);
    return err;
}

static enum err read_keyring(const char *path, struct span password, const uint8_t *secret,
                             struct keyring **ret_keyring)
{
    struct buf file;
    buf_init(&file, KEYFILE_SIZE_MAX);
    enum err err = files_read(path, &file);
    if (err == ERR_NONE) {
        err = keyfile_open(buf_span(&file), password, secret, ret_keyring);
    }
    buf_done(&file);
    return err;
}

enum err device_create(const char *directory, struct device *ret_device)
{
    struct device device = {0};
    char path[FILES_PATH_SIZE];
    enum err err = files_make_directory(directory);
    if (err == ERR_NONE) {
        err = device_path(directory, "device.key", path);
    }
    if (err == ERR_NONE && files_exist(path)) {
        err = ERR_CONFLICT;
    }
    if (err != ERR_NONE) {
        return err;
    }
    seal_random(device.secret, sizeof device.secret);
    seal_random(device.curve_secret, sizeof device.curve_secret);
    device.keyring = keyring_new_random();
    err = device.keyring == NULL ? ERR_MEMORY : ERR_NONE;
    if (err == ERR_NONE) {
        err = write_file(directory, "device.secret", span_of(device.secret, sizeof device.secret));
    }
    if (err == ERR_NONE) {
        err = write_file(directory, "curve.secret",
                         span_of(device.curve_secret, sizeof device.curve_secret));
    }
    /* Last: a folder with a device.key is whole. */
    if (err == ERR_NONE) {
        err = write_keyring(device.keyring, span_of(NULL, 0), device.secret, path);
    }
    if (err != ERR_NONE) {
        device_close(&device);
        return err;
    }
    *ret_device = device;
    return ERR_NONE;
}

enum err device_open(const char *directory, struct device *ret_device)
{
    struct device device = {0};
    char path[FILES_PATH_SIZE];
    enum err err = read_secret(directory, "device.secret", device.secret, sizeof device.secret);
    if (err == ERR_NONE) {
        err =
            read_secret(directory, "curve.secret", device.curve_secret, sizeof device.curve_secret);
    }
    if (err == ERR_NONE) {
        err = device_path(directory, "device.key", path);
    }
    if (err == ERR_NONE) {
        err = read_keyring(path, span_of(NULL, 0), device.secret, &device.keyring);
    }
    if (err != ERR_NONE) {
        device_close(&device);
        return err;
    }
    *ret_device = device;
    return ERR_NONE;
}

void device_close(struct device *device)
{
    keyring_free(device->keyring);
    explicit_bzero(device, sizeof *device);
}

static enum err person_path(const char *directory, const uint8_t *staff,
                            char ret_path[FILES_PATH_SIZE])
{
    struct buf hex;
    buf_init(&hex, LIMIT_ID_SIZE * 2);
    text_put_hex(&hex, span_of(staff, LIMIT_ID_SIZE));
    int length = snprintf(ret_path, FILES_PATH_SIZE, "%s/%s.key", directory, buf_text(&hex));
    buf_done(&hex);
    return length < 0 || length >= FILES_PATH_SIZE ? ERR_LIMIT : ERR_NONE;
}

enum err device_person_create(const struct device *device, const char *directory,
                              const uint8_t staff[LIMIT_ID_SIZE], struct span password,
                              struct keyring **ret_keyring)
{
    char path[FILES_PATH_SIZE];
    enum err err = files_make_directory(directory);
    if (err == ERR_NONE) {
        err = person_path(directory, staff, path);
    }
    if (err == ERR_NONE && files_exist(path)) {
        err = ERR_CONFLICT;
    }
    if (err != ERR_NONE) {
        return err;
    }
    struct keyring *keyring = keyring_new_random();
    err = keyring == NULL ? ERR_MEMORY : write_keyring(keyring, password, device->secret, path);
    if (err != ERR_NONE) {
        keyring_free(keyring);
        return err;
    }
    *ret_keyring = keyring;
    return ERR_NONE;
}

enum err device_person_open(const uint8_t secret[DEVICE_SECRET_SIZE], const char *directory,
                            const uint8_t staff[LIMIT_ID_SIZE], struct span password,
                            struct keyring **ret_keyring)
{
    char path[FILES_PATH_SIZE];
    enum err err = person_path(directory, staff, path);
    return err != ERR_NONE ? err : read_keyring(path, password, secret, ret_keyring);
}
