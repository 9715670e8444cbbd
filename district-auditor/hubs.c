#include "base/text.h"
#include "district-auditor/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum err hubs_root(const struct options *options, uint8_t *ret_root)
{
    char path[FILES_PATH_SIZE];
    enum err err = device_path(options->directory, "root.pub", path);
    return err != ERR_NONE ? err : device_root_read(path, ret_root);
}

static enum err open_bundle(const char *path, const uint8_t *root, struct hub_file *ret)
{
    struct buf file;
    buf_init(&file, WIRE_TRUST_SIZE);
    enum err err = files_read(path, &file);
    if (err == ERR_NONE) {
        err = wire_bundle_open(buf_span(&file), root, &ret->bundle, &ret->trust);
    }
    ret->bundle.trust = span_of(NULL, 0);
    buf_done(&file);
    return err;
}

/* hubs/<slot as two digits>-<name>.bundle */
struct reading {
    const struct options *options;
    const uint8_t *root;
    struct hub_list *list;
};

static enum err read_one(void *context, const char *path)
{
    struct reading *reading = context;
    struct hub_list *list = reading->list;
    const char *base = strrchr(path, '/') + 1;
    size_t length = strlen(base) - strlen(".bundle");
    uint64_t slot = 0;
    if (list->count == HUBS_MAX || length < 4 || length - 3 >= HUB_NAME_SIZE || base[2] != '-') {
        return ERR_LIMIT;
    }
    struct hub_file *hub = &list->hub[list->count];
    memset(hub, 0, sizeof *hub);
    memcpy(hub->name, base + 3, length - 3);
    size_t digits = base[0] == '0' ? 1 : 2;
    if (text_get_number(span_of(base + 2 - digits, digits), HUBS_MAX - 1, &slot) != ERR_NONE) {
        return ERR_MALFORMED;
    }
    hub->slot = (uint8_t)slot;
    if (reading->options->hub != NULL && strcmp(reading->options->hub, hub->name) != 0) {
        return ERR_NONE;
    }
    enum err err = open_bundle(path, reading->root, hub);
    list->count += err == ERR_NONE ? 1 : 0;
    return err;
}

enum err hubs_read(const struct options *options, struct hub_list *ret)
{
    char path[FILES_PATH_SIZE];
    uint8_t root[LIMIT_KEY_SIZE];
    struct reading reading = {options, root, ret};
    ret->count = 0;
    enum err err = hubs_root(options, root);
    if (err == ERR_NONE) {
        err = device_path(options->directory, "hubs", path);
    }
    return err != ERR_NONE ? err : files_each(path, ".bundle", read_one, &reading);
}

/* Known already: its slot; else the next free one. ERR_LIMIT: too many hubs. */
static enum err slot_of(const struct hub_list *list, const uint8_t *hub, uint8_t *ret_slot)
{
    uint8_t next = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (memcmp(list->hub[i].trust.hub, hub, LIMIT_ID_SIZE) == 0) {
            *ret_slot = list->hub[i].slot;
            return ERR_NONE;
        }
        next = list->hub[i].slot >= next ? (uint8_t)(list->hub[i].slot + 1) : next;
    }
    *ret_slot = next;
    return next >= HUBS_MAX ? ERR_LIMIT : ERR_NONE;
}

static enum err join(const struct options *options, const char *source, struct hub_file *ret)
{
    char path[FILES_PATH_SIZE];
    char name[HUB_NAME_SIZE + 32];
    uint8_t root[LIMIT_KEY_SIZE];
    struct buf file;
    struct hub_list *list = calloc(1, sizeof *list);
    if (list == NULL) {
        return ERR_MEMORY;
    }
    buf_init(&file, WIRE_TRUST_SIZE);
    enum err err = hubs_read(options, list);
    if (err == ERR_NONE) {
        err = hubs_root(options, root);
    }
    if (err == ERR_NONE) {
        err = open_bundle(source, root, ret);
    }
    if (err == ERR_NONE) {
        err = slot_of(list, ret->trust.hub, &ret->slot);
    }
    if (err == ERR_NONE) {
        err = files_read(source, &file);
    }
    (void)snprintf(ret->name, sizeof ret->name, "%.23s", ret->trust.code);
    (void)snprintf(name, sizeof name, "hubs/%02u-%s.bundle", ret->slot, ret->name);
    if (err == ERR_NONE) {
        err = device_path(options->directory, "hubs", path);
    }
    if (err == ERR_NONE) {
        err = files_make_directory(path);
    }
    if (err == ERR_NONE) {
        err = device_path(options->directory, name, path);
    }
    if (err == ERR_NONE) {
        err = files_write(path, buf_span(&file), 0600);
    }
    buf_done(&file);
    free(list);
    return err;
}

int command_join(const struct options *options)
{
    struct hub_file hub = {.slot = 0};
    if (options->argument_count != 1) {
        (void)fprintf(stderr, "district-auditor join BUNDLE\n");
        return EXIT_USAGE;
    }
    enum err err = join(options, options->arguments[0], &hub);
    if (err != ERR_NONE) {
        return fail(options, err, options->arguments[0]);
    }
    (void)printf(options->english ? "following %s (%s)\n" : "开始审计 %s（%s）\n", hub.name,
                 hub.trust.origin_prefix);
    return EXIT_OK;
}

enum err hub_auditor_open(const struct hub_file *hub, struct kv *kv, uint64_t now_ms,
                          struct auditor **ret_auditor)
{
    uint8_t device[LIMIT_KEY_SIZE];
    struct auditor_options options = {.kv = kv,
                                      .slot = hub->slot,
                                      .hub = hub->trust.hub,
                                      .hub_device = device,
                                      .hub_public = hub->trust.public_key,
                                      .origin_prefix = hub->trust.origin_prefix};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    options.thread_count = cores < 1 ? 1 : (unsigned)cores;
    seal_key_id(SEAL_SUITE_ED25519, hub->trust.public_key, device);
    seal_random(&options.random, sizeof options.random);
    return auditor_open(&options, now_ms, ret_auditor);
}
