#include "base/text.h"
#include "node/clock.h"
#include "node/files.h"
#include "seal/hash.h"
#include "store/keys.h"
#include "village-node/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* backups/<time>/: store/, the folder's own files, and a manifest: the chain's signed head and how
 * many entries each table has. A copy is opened again before it is called a backup; older ones are
 * left alone. */

enum { MANIFEST_SIZE = 16 * 1024, FILE_SIZE = 64 * 1024 };

static const char *const own_files[] = {"device.key", "device.secret", "curve.secret", "bundle",
                                        "node.conf"};

/* --- making one --- */

static enum err copy_file(const char *from_directory, const char *name, const char *to_directory)
{
    char from[FILES_PATH_SIZE];
    char to[FILES_PATH_SIZE];
    struct buf bytes;
    buf_init(&bytes, FILE_SIZE);
    enum err err = device_path(from_directory, name, from);
    if (err == ERR_NONE) {
        err = device_path(to_directory, name, to);
    }
    if (err == ERR_NONE) {
        err = files_read(from, &bytes);
    }
    if (err == ERR_NONE) {
        err = files_write(to, buf_span(&bytes), 0600);
    }
    buf_done(&bytes);
    return err;
}

static enum err copy_key(void *context, const char *path)
{
    const char *slash = strrchr(path, '/');
    char from[FILES_PATH_SIZE];
    (void)snprintf(from, sizeof from, "%.*s", (int)(slash - path), path);
    return copy_file(from, slash + 1, context);
}

enum err backup_copy_files(const char *from, const char *to)
{
    char keys[FILES_PATH_SIZE];
    char to_keys[FILES_PATH_SIZE];
    enum err err = device_path(from, "keys", keys);
    for (size_t i = 0; err == ERR_NONE && i < sizeof own_files / sizeof *own_files; i++) {
        err = copy_file(from, own_files[i], to);
        err = err == ERR_NOT_FOUND ? ERR_NONE : err;
    }
    if (err == ERR_NONE) {
        err = device_path(to, "keys", to_keys);
    }
    if (err == ERR_NONE) {
        err = files_make_directory(to_keys);
    }
    if (err == ERR_NONE) {
        err = files_each(keys, ".key", copy_key, to_keys);
    }
    if (err == ERR_NONE) {
        err = files_each(keys, ".name", copy_key, to_keys);
    }
    return err != ERR_NONE ? err : files_each(keys, ".phone", copy_key, to_keys);
}

void backup_head(const struct folder *folder, struct kv *kv, struct sync_head_body *ret)
{
    struct kv_txn txn;
    struct buf key;
    struct buf value;
    struct wire_envelope envelope;
    memset(ret, 0, sizeof *ret);
    memcpy(ret->hub, folder->trust.hub, LIMIT_ID_SIZE);
    memcpy(ret->device, signer_key_id_view(keyring_signer_view(folder->device.keyring)),
           LIMIT_KEY_SIZE);
    buf_init(&key, KV_KEY_CAPACITY);
    buf_init(&value, LIMIT_ENVELOPE_SIZE);
    kv_begin(kv, false, &txn);
    if (kv_last(&txn, KV_EVENT, span_of(NULL, 0), &key, &value) && key.size == 16 &&
        wire_envelope_decode(buf_span(&value), &envelope) == ERR_NONE) {
        ret->incarnation = get_u64(key.data);
        ret->seq = get_u64(key.data + 8);
        seal_body_id(SEAL_EVENT, envelope.body, ret->id);
    }
    kv_abort(&txn);
    buf_done(&key);
    buf_done(&value);
}

static enum err write_manifest(const struct folder *folder, struct kv *kv, const char *path)
{
    struct sync_head_body head;
    struct kv_stat stat;
    struct buf text;
    struct buf body;
    struct json_text json;
    uint8_t signature[LIMIT_SIGNATURE_SIZE];
    char file[FILES_PATH_SIZE];
    enum err err = kv_stat(kv, &stat);
    if (err == ERR_NONE) {
        err = device_path(path, "manifest.json", file);
    }
    if (err != ERR_NONE) {
        return err;
    }
    buf_init(&text, MANIFEST_SIZE);
    buf_init(&body, LIMIT_BODY_SIZE);
    backup_head(folder, kv, &head);
    wire_head_encode(&head, &body);
    signer_sign(keyring_signer_view(folder->device.keyring), SEAL_HEAD, buf_span(&body), signature);
    json_text_init(&json, &text);
    json_text_open(&json, NULL);
    json_text_ms(&json, "made", clock_wall_ms());
    json_text_big(&json, "incarnation", head.incarnation);
    json_text_big(&json, "seq", head.seq);
    json_text_hex(&json, "event", span_of(head.id, sizeof head.id));
    json_text_hex(&json, "head", buf_span(&body));
    json_text_hex(&json, "signature", span_of(signature, sizeof signature));
    json_text_open_list(&json, "entries");
    for (size_t i = 0; i < KV_TABLE_COUNT; i++) {
        json_text_big(&json, NULL, stat.entry_count[i]);
    }
    json_text_close_list(&json);
    json_text_big(&json, "bytes", stat.used_size);
    json_text_close(&json);
    err = text.err != ERR_NONE ? text.err : files_write(file, buf_span(&text), 0600);
    buf_done(&body);
    buf_done(&text);
    return err;
}

/* "20261122T025400Z-<ms>": sorts by time, and a second one in the same second is another. */
static enum err new_directory(const struct folder *folder, char ret_path[FILES_PATH_SIZE])
{
    char name[BACKUP_NAME_SIZE + 16];
    uint64_t now = clock_wall_ms();
    struct civil_date date = civil_date_of_day(civil_day_of_ms(now));
    int32_t minute = civil_minute_of_ms(now);
    (void)snprintf(name, sizeof name, "backups/%04d%02d%02d-%02d%02d-%05u", date.year, date.month,
                   date.day, minute / 60, minute % 60, (unsigned)(now % 60000));
    enum err err = device_path(folder->directory, name, ret_path);
    if (err == ERR_NONE && files_exist(ret_path)) {
        err = ERR_CONFLICT;
    }
    return err != ERR_NONE ? err : files_make_directory(ret_path);
}

static enum err write_latest(const struct folder *folder)
{
    char path[FILES_PATH_SIZE];
    char text[BACKUP_LATEST_SIZE];
    int size = snprintf(text, sizeof text, "%llu", (unsigned long long)clock_wall_ms());
    enum err err = device_path(folder->directory, "backups/latest", path);
    return err != ERR_NONE ? err : files_write(path, span_of(text, (size_t)size), 0600);
}

enum err backup_make(const struct folder *folder, struct kv *kv, char ret_path[FILES_PATH_SIZE])
{
    char store[FILES_PATH_SIZE];
    enum err err = new_directory(folder, ret_path);
    if (err == ERR_NONE) {
        err = device_path(ret_path, "store", store);
    }
    if (err == ERR_NONE) {
        err = files_make_directory(store);
    }
    if (err == ERR_NONE) {
        err = kv_copy(kv, store);
    }
    if (err == ERR_NONE) {
        err = backup_copy_files(folder->directory, ret_path);
    }
    if (err == ERR_NONE) {
        err = write_manifest(folder, kv, ret_path);
    }
    return err != ERR_NONE ? err : write_latest(folder);
}

void backup_post(struct daemon *daemon, struct http_exchange *exchange)
{
    char path[FILES_PATH_SIZE];
    struct reply reply;
    enum err err = backup_make(&daemon->folder, daemon->kv, path);
    if (err != ERR_NONE) {
        reply_err(exchange, err);
        return;
    }
    reply_begin(&reply);
    json_text_string(&reply.json, "path", path);
    reply_send(&reply, exchange, 200);
}

/* --- looking at one --- */

static enum err read_manifest(const char *path, struct wire_tree **ret)
{
    char file[FILES_PATH_SIZE];
    struct buf text;
    buf_init(&text, MANIFEST_SIZE);
    enum err err = device_path(path, "manifest.json", file);
    if (err == ERR_NONE) {
        err = files_read(file, &text);
    }
    if (err == ERR_NONE) {
        err = wire_tree_open(buf_span(&text), ret);
    }
    buf_done(&text);
    return err;
}

static enum err read_head(const struct wire_tree *manifest, const struct folder *folder,
                          struct sync_head_body *ret)
{
    uint8_t body[LIMIT_BODY_SIZE];
    uint8_t signature[LIMIT_SIGNATURE_SIZE];
    const struct signer *signer = keyring_signer_view(folder->device.keyring);
    struct span hex = span_text(wire_tree_member(manifest, "head"));
    size_t size = hex.size / 2;
    if (size > sizeof body || text_get_hex(hex, body, size) != ERR_NONE ||
        text_get_hex(span_text(wire_tree_member(manifest, "signature")), signature,
                     sizeof signature) != ERR_NONE) {
        return ERR_MALFORMED;
    }
    enum err err = wire_head_decode(span_of(body, size), ret);
    if (err == ERR_NONE &&
        (memcmp(ret->device, signer_key_id_view(signer), LIMIT_KEY_SIZE) != 0 ||
         !seal_verify(signer_public_view(signer), SEAL_HEAD, span_of(body, size), signature))) {
        err = ERR_AUTH;
    }
    return err;
}

static enum err compare(const struct wire_tree *manifest, const struct folder *folder,
                        struct kv *kv, const struct sync_head_body *head)
{
    struct sync_head_body found;
    struct kv_stat stat;
    const struct wire_tree *entries = wire_tree_get(manifest, "entries");
    enum err err = kv_stat(kv, &stat);
    if (err != ERR_NONE) {
        return err;
    }
    for (size_t i = 0; i < KV_TABLE_COUNT; i++) {
        int64_t count = 0;
        if (!wire_tree_number(wire_tree_at(entries, i), &count) ||
            (uint64_t)count != stat.entry_count[i]) {
            return ERR_MALFORMED;
        }
    }
    backup_head(folder, kv, &found);
    bool same = found.incarnation == head->incarnation && found.seq == head->seq &&
                memcmp(found.id, head->id, sizeof found.id) == 0;
    return same ? ERR_NONE : ERR_MALFORMED;
}

enum err backup_verify(const char *path, struct sync_head_body *ret_head)
{
    static const struct kv_options options = {.must_exist = true, .read_only = true};
    char store[FILES_PATH_SIZE];
    struct folder folder;
    struct wire_tree *manifest = NULL;
    struct kv *kv = NULL;
    enum err err = folder_open(path, &folder);
    if (err != ERR_NONE) {
        return err;
    }
    err = read_manifest(path, &manifest);
    if (err == ERR_NONE) {
        err = read_head(manifest, &folder, ret_head);
    }
    if (err == ERR_NONE) {
        err = device_path(path, "store", store);
    }
    if (err == ERR_NONE) {
        err = kv_open(store, &options, &kv);
    }
    if (err == ERR_NONE) {
        err = compare(manifest, &folder, kv, ret_head);
    }
    kv_close(kv);
    wire_tree_close(manifest);
    folder_close(&folder);
    return err;
}
