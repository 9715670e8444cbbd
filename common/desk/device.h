#ifndef JIELI_DESK_DEVICE_H
#define JIELI_DESK_DEVICE_H

#include "node/files.h"
#include "seal/keyfile.h"

/* The secrets of a program's folder: device.key (signing and sealing keys under an empty password
 * mixed with device.secret), device.secret, curve.secret. Files with mode 0600 in a folder with
 * mode 0700; who can read the folder is the device. */
enum { DEVICE_SECRET_SIZE = KEYFILE_DEVICE_SECRET_SIZE, DEVICE_CURVE_SIZE = 32 };

struct device {
    struct keyring *keyring;
    uint8_t secret[DEVICE_SECRET_SIZE];
    uint8_t curve_secret[DEVICE_CURVE_SIZE]; /* link_curve_public gives the other half */
};

/* Makes the folder and fresh secrets. ERR_CONFLICT: a device.key is there already. */
MUST_USE enum err device_create(const char *directory, struct device *ret_device);
MUST_USE enum err device_open(const char *directory, struct device *ret_device);
/* Wipes and frees. */
void device_close(struct device *device);

/* "<directory>/<name>"; ERR_LIMIT when it does not fit. */
MUST_USE enum err device_path(const char *directory, const char *name,
                              char ret_path[FILES_PATH_SIZE]);

/* The district root's public key, in hex, of the file path (root.pub). */
MUST_USE enum err device_root_read(const char *path, uint8_t ret_root[LIMIT_KEY_SIZE]);

/* A person's key file <directory>/<staff hex>.key: made with a fresh key, or opened. The device
 * secret binds it to this PC. */
MUST_USE enum err device_person_create(const struct device *device, const char *directory,
                                       const uint8_t staff[LIMIT_ID_SIZE], struct span password,
                                       struct keyring **ret_keyring);
MUST_USE enum err device_person_open(const uint8_t secret[DEVICE_SECRET_SIZE],
                                     const char *directory, const uint8_t staff[LIMIT_ID_SIZE],
                                     struct span password, struct keyring **ret_keyring);

/* The name shown for a person on this PC, in <directory>/<staff hex>.name beside the key file. */
enum { DEVICE_NAME_SIZE = 128 /* with the NUL */ };
MUST_USE enum err device_name_write(const char *directory, const uint8_t staff[LIMIT_ID_SIZE],
                                    const char *name);
/* "" when none was written. */
void device_name_read(const char *directory, const uint8_t staff[LIMIT_ID_SIZE],
                      char ret_name[DEVICE_NAME_SIZE]);
/* His telephone, for rota, signs and slips, in <directory>/<staff hex>.phone: 3 to 15 digits, with
 * + - ( ) and blanks between, else ERR_MALFORMED; "" takes it away. */
MUST_USE enum err device_phone_write(const char *directory, const uint8_t staff[LIMIT_ID_SIZE],
                                     const char *phone);
/* "" when there is none. */
void device_phone_read(const char *directory, const uint8_t staff[LIMIT_ID_SIZE],
                       char ret_phone[DEVICE_NAME_SIZE]);
/* The person of this PC who is meant by text: staff id in hex, or the name. ERR_NOT_FOUND: nobody;
 * ERR_CONFLICT: two of that name. */
MUST_USE enum err device_person_find(const char *directory, const char *text,
                                     uint8_t ret_staff[LIMIT_ID_SIZE]);

#endif
