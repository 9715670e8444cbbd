#ifndef JIELI_TOWNSHIP_HUB_SETUP_H
#define JIELI_TOWNSHIP_HUB_SETUP_H

#include "desk/cli.h"
#include "desk/device.h"
#include "township-hub/hub.h"
#include "wire/trust.h"

/* The hub's folder: hub.conf, hub.id, the device's secrets, trust.note, root.pub, keys/, store/,
 * ctl.sock. */
struct folder {
    char path[FILES_PATH_SIZE];
    struct device device;
    uint8_t hub[LIMIT_ID_SIZE];
    char code[LIMIT_CODE_SIZE];
    char origin_prefix[WIRE_ORIGIN_SIZE];
    char endpoint[WIRE_ENDPOINT_SIZE];
    char bell_endpoint[WIRE_ENDPOINT_SIZE];
    char announce[WIRE_ENDPOINT_SIZE]; /* what bundles name instead of the address bound */
    char announce_bell[WIRE_ENDPOINT_SIZE];
    uint64_t epoch;
};

/* Reads all of it. 0, or the exit code after a message. */
MUST_USE int folder_open(struct cli *cli, struct folder *ret);
void folder_close(struct folder *folder);
/* A file of the folder; ret->limit bounds it. */
MUST_USE enum err folder_read(const struct folder *folder, const char *name, struct buf *ret);
MUST_USE enum err folder_write(const struct folder *folder, const char *name, struct span bytes);
/* Opens DIR/store; ERR_BUSY: a daemon has it. */
MUST_USE enum err folder_store(const struct folder *folder, struct kv **ret_kv);
MUST_USE enum err folder_hub(const struct folder *folder, struct kv *kv, struct hub **ret_hub);

/* First line of a password file; ERR_MALFORMED when it is empty. */
MUST_USE enum err setup_password(const char *path, struct buf *ret);
/* The argument of --clock-offset. */
void setup_offset(const char *argument, struct argp_state *state, int64_t *ret_ms);
/* Appends the public key as PersonEvent facts want it: one enrolment. */
void setup_person_facts(const uint8_t staff[LIMIT_ID_SIZE], const struct keyring *keyring,
                        struct values *ret);

int setup_init(struct cli *cli, int argc, char **argv);
int setup_trust(struct cli *cli, int argc, char **argv);
int setup_found(struct cli *cli, int argc, char **argv);

#endif
