#include "desk/device.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { SECRET_MODE = 0600 };

static const size_t hex_size = (size_t)LIMIT_ID_SIZE * 2;

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

enum err device_root_read(const char *path, uint8_t ret_root[LIMIT_KEY_SIZE])
{
    enum { HEX_SIZE = 2 * LIMIT_KEY_SIZE };
    struct buf text;
    buf_init(&text, 256);
    enum err err = files_read(path, &text);
    if (err == ERR_NONE && text.size > HEX_SIZE &&
        strspn(buf_text(&text) + HEX_SIZE, " \r\n") != text.size - HEX_SIZE) {
        err = ERR_MALFORMED;
    }
    if (err == ERR_NONE) {
        size_t size = text.size < HEX_SIZE ? text.size : HEX_SIZE;
        err = text_get_hex(span_of(text.data, size), ret_root, LIMIT_KEY_SIZE);
    }
    buf_done(&text);
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
    buf_init(&hex, hex_size);
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

/* --- names --- */

/* What is told of a person in a file of its own beside the key. */
static enum err told_path(const char *directory, const uint8_t *staff, const char *suffix,
                          char ret_path[FILES_PATH_SIZE])
{
    enum err err = person_path(directory, staff, ret_path);
    if (err == ERR_NONE) {
        size_t size = strlen(ret_path) - strlen(".key");
        int put = snprintf(ret_path + size, FILES_PATH_SIZE - size, "%s", suffix);
        err = put < 0 || size + (size_t)put >= FILES_PATH_SIZE ? ERR_LIMIT : ERR_NONE;
    }
    return err;
}

static enum err told_write(const char *directory, const uint8_t *staff, const char *suffix,
                           const char *text)
{
    char path[FILES_PATH_SIZE];
    if (text[0] == 0 || strlen(text) >= DEVICE_NAME_SIZE || !text_is_utf8(span_text(text))) {
        return ERR_MALFORMED;
    }
    enum err err = files_make_directory(directory);
    if (err == ERR_NONE) {
        err = told_path(directory, staff, suffix, path);
    }
    return err != ERR_NONE ? err : files_write(path, span_text(text), SECRET_MODE);
}

static void told_read(const char *directory, const uint8_t *staff, const char *suffix,
                      char ret_text[DEVICE_NAME_SIZE])
{
    char path[FILES_PATH_SIZE];
    struct buf text;
    buf_init(&text, DEVICE_NAME_SIZE - 1);
    ret_text[0] = 0;
    if (told_path(directory, staff, suffix, path) == ERR_NONE &&
        files_read(path, &text) == ERR_NONE && text_is_utf8(buf_span(&text))) {
        (void)snprintf(ret_text, DEVICE_NAME_SIZE, "%s", buf_text(&text));
    }
    buf_done(&text);
}

enum err device_name_write(const char *directory, const uint8_t staff[LIMIT_ID_SIZE],
                           const char *name)
{
    return told_write(directory, staff, ".name", name);
}

void device_name_read(const char *directory, const uint8_t staff[LIMIT_ID_SIZE],
                      char ret_name[DEVICE_NAME_SIZE])
{
    told_read(directory, staff, ".name", ret_name);
}

static bool is_phone(const char *text)
{
    enum { DIGITS_MIN = 3, DIGITS_MAX = 15, PHONE_MAX = 32 };
    size_t digits = 0;
    size_t size = strlen(text);
    for (size_t i = 0; i < size; i++) {
        digits += text[i] >= '0' && text[i] <= '9' ? 1 : 0;
    }
    return size <= PHONE_MAX && strspn(text, "0123456789+-() ") == size && text[0] != ' ' &&
           digits >= DIGITS_MIN && digits <= DIGITS_MAX;
}

enum err device_phone_write(const char *directory, const uint8_t staff[LIMIT_ID_SIZE],
                            const char *phone)
{
    char path[FILES_PATH_SIZE];
    if (phone[0] != 0) {
        return is_phone(phone) ? told_write(directory, staff, ".phone", phone) : ERR_MALFORMED;
    }
    enum err err = told_path(directory, staff, ".phone", path);
    err = err == ERR_NONE ? files_remove(path) : err;
    return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

void device_phone_read(const char *directory, const uint8_t staff[LIMIT_ID_SIZE],
                       char ret_phone[DEVICE_NAME_SIZE])
{
    told_read(directory, staff, ".phone", ret_phone);
}

struct person_search {
    const char *directory;
    const char *name;
    uint8_t *staff;
    unsigned count;
};

static enum err compare_name(void *context, const char *path)
{
    struct person_search *search = context;
    uint8_t staff[LIMIT_ID_SIZE];
    char name[DEVICE_NAME_SIZE];
    const char *file = strrchr(path, '/');
    file = file == NULL ? path : file + 1;
    size_t size = strlen(file);
    if (size != hex_size + strlen(".key") ||
        text_get_hex(span_of(file, hex_size), staff, sizeof staff) != ERR_NONE) {
        return ERR_NONE;
    }
    device_name_read(search->directory, staff, name);
    if (strcmp(name, search->name) == 0) {
        memcpy(search->staff, staff, sizeof staff);
        search->count++;
    }
    return ERR_NONE;
}

enum err device_person_find(const char *directory, const char *text,
                            uint8_t ret_staff[LIMIT_ID_SIZE])
{
    struct person_search search = {directory, text, ret_staff, 0};
    if (text_get_hex(span_text(text), ret_staff, LIMIT_ID_SIZE) == ERR_NONE) {
        return ERR_NONE;
    }
    enum err err =
        text[0] == 0 ? ERR_NOT_FOUND : files_each(directory, ".key", compare_name, &search);
    return err != ERR_NONE     ? err
           : search.count == 0 ? ERR_NOT_FOUND
           : search.count > 1  ? ERR_CONFLICT
                               : ERR_NONE;
}
