#include "base/text.h"
#include "node/clock.h"
#include "node/files.h"
#include "seal/hash.h"
#include "village-node/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* check: is what the stopped store holds what it must be? Works on a copy, so that looking never
 * changes what is looked at. */

struct check {
    struct folder folder;
    struct kv *kv;
    struct station *station;
    struct kv_txn txn;
    struct wire_arena arena;
    struct wire_event *event;
    uint64_t incarnation; /* of the event before */
    uint64_t seq;
    uint8_t id[LIMIT_HASH_SIZE];
    uint64_t log_size; /* of the newest verified checkpoint */
    uint64_t events;
    uint64_t answers;
    uint64_t findings;
    struct buf text; /* one line a finding */
};

static void find(struct check *check, uint64_t incarnation, uint64_t seq, const char *what)
{
    check->findings++;
    buf_put_format(&check->text, "%llu-%llu: %s\n", (unsigned long long)incarnation,
                   (unsigned long long)seq, what);
}

static bool author_signed(struct check *check, const struct wire_envelope *envelope)
{
    const struct signer *device = keyring_signer_view(check->folder.device.keyring);
    const uint8_t *author = check->event->author;
    const uint8_t *key =
        memcmp(author, signer_key_id_view(device), LIMIT_KEY_SIZE) == 0
            ? signer_public_view(device)
            : directory_public(world_directory(station_fold(check->station)->world), author);
    return key != NULL && seal_verify(key, SEAL_EVENT, envelope->body, envelope->signature);
}

static bool is_linked(const struct check *check, uint64_t incarnation, uint64_t seq)
{
    const struct wire_event *event = check->event;
    if (seq == 1) {
        return !event->has_prev;
    }
    return check->incarnation == incarnation && check->seq + 1 == seq && event->has_prev &&
           memcmp(event->prev, check->id, LIMIT_HASH_SIZE) == 0;
}

static bool look_at_event(void *context, struct span key, struct span value)
{
    struct check *check = context;
    struct wire_envelope envelope = {.suite = 0};
    uint64_t incarnation = key.size == 16 ? get_u64(key.data) : 0;
    uint64_t seq = key.size == 16 ? get_u64(key.data + 8) : 0;
    const struct wire_event *event = check->event;
    const uint8_t *device = signer_key_id_view(keyring_signer_view(check->folder.device.keyring));
    check->events++;
    if (wire_envelope_decode(value, &envelope) != ERR_NONE ||
        wire_event_decode(envelope.body, &check->arena, check->event) != ERR_NONE) {
        find(check, incarnation, seq, "unreadable");
    } else if (event->incarnation != incarnation || event->seq != seq ||
               memcmp(event->device, device, LIMIT_KEY_SIZE) != 0) {
        find(check, incarnation, seq, "stands in a wrong place");
    } else if (!author_signed(check, &envelope)) {
        find(check, incarnation, seq, "author unknown, or his signature does not hold");
    } else if (!is_linked(check, incarnation, seq)) {
        find(check, incarnation, seq, "not linked to the event before");
    }
    check->incarnation = incarnation;
    check->seq = seq;
    seal_body_id(SEAL_EVENT, envelope.body, check->id);
    return true;
}

static bool look_at_answer(void *context, struct span key, struct span value)
{
    struct check *check = context;
    uint64_t incarnation = key.size == 16 ? get_u64(key.data) : 0;
    uint64_t seq = key.size == 16 ? get_u64(key.data + 8) : 0;
    struct reader reader;
    reader_init(&reader, value);
    uint64_t index = reader_u64(&reader);
    (void)reader_u64(&reader);
    uint8_t verdict = reader_u8(&reader);
    check->answers++;
    if (reader.failed || verdict == WIRE_VERDICT_NONE || verdict > WIRE_VOID) {
        find(check, incarnation, seq, "answer unreadable");
    } else if (index >= check->log_size) {
        find(check, incarnation, seq, "answered beyond the newest verified checkpoint");
    } else if (!kv_has(&check->txn, KV_EVENT, key)) {
        find(check, incarnation, seq, "answer without its event");
    }
    return true;
}

/* --- facts --- */

static bool hash_entry(void *context, struct span key, struct span value)
{
    uint8_t sizes[8];
    put_u32(sizes, (uint32_t)key.size);
    put_u32(sizes + 4, (uint32_t)value.size);
    seal_sha256_update(context, span_of(sizes, sizeof sizes));
    seal_sha256_update(context, key);
    seal_sha256_update(context, value);
    return true;
}

static void hash_facts(struct kv *kv, uint8_t ret[LIMIT_HASH_SIZE])
{
    static const enum kv_table tables[] = {KV_RECORD, KV_TENTATIVE, KV_INDEX};
    struct seal_sha256 sha;
    struct kv_txn txn;
    seal_sha256_init(&sha);
    kv_begin(kv, false, &txn);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        kv_scan(&txn, tables[i], span_of(NULL, 0), span_of(NULL, 0), hash_entry, &sha);
    }
    kv_abort(&txn);
    seal_sha256_final(&sha, ret);
}

static enum err look_at_facts(struct check *check)
{
    uint8_t before[LIMIT_HASH_SIZE];
    uint8_t after[LIMIT_HASH_SIZE];
    hash_facts(check->kv, before);
    enum err err = station_rebuild(check->station);
    if (err == ERR_NONE) {
        hash_facts(check->kv, after);
        if (memcmp(before, after, sizeof before) != 0) {
            find(check, 0, 0, "facts folded anew are not the facts kept");
        }
    }
    return err;
}

/* --- on a copy --- */

static enum err copy_store(const char *from, const char *to)
{
    static const struct kv_options options = {.must_exist = true};
    struct kv *kv = NULL;
    enum err err = kv_open(from, &options, &kv);
    if (err == ERR_NONE) {
        err = files_make_directory(to);
    }
    if (err == ERR_NONE) {
        err = kv_copy(kv, to);
    }
    kv_close(kv);
    return err;
}

static enum err look(struct check *check)
{
    struct station_options options = {
        .kv = check->kv,
        .hub = check->folder.trust.hub,
        .hub_device = check->folder.hub_device,
        .hub_public = check->folder.trust.public_key,
        .origin_prefix = check->folder.trust.origin_prefix,
        .signer = keyring_signer_view(check->folder.device.keyring),
    };
    enum err err = station_open(&options, clock_mono_ms(), &check->station);
    if (err != ERR_NONE) {
        return err;
    }
    /* It may have been stopped while it folded, before it knew the authors again. */
    err = station_settle(check->station);
    if (err != ERR_NONE) {
        station_close(check->station);
        return err;
    }
    struct station_status status;
    station_status(check->station, &status);
    check->log_size = status.log_size;
    kv_begin(check->kv, false, &check->txn);
    kv_scan(&check->txn, KV_EVENT, span_of(NULL, 0), span_of(NULL, 0), look_at_event, check);
    kv_scan(&check->txn, KV_ANSWER, span_of(NULL, 0), span_of(NULL, 0), look_at_answer, check);
    err = check->txn.err;
    kv_abort(&check->txn);
    if (err == ERR_NONE) {
        err = look_at_facts(check);
    }
    station_close(check->station);
    return err;
}

static void remove_copy(const char *path)
{
    static const char *const names[] = {"data.mdb", "lock.mdb", "lock"};
    char file[FILES_PATH_SIZE];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (device_path(path, names[i], file) == ERR_NONE) {
            (void)unlink(file);
        }
    }
    (void)rmdir(path);
}

static enum err check_folder(const char *directory, struct check *check)
{
    char store[FILES_PATH_SIZE];
    char copy[FILES_PATH_SIZE];
    enum err err = device_path(directory, "store", store);
    if (err == ERR_NONE) {
        err = device_path(directory, "check.copy", copy);
    }
    if (err != ERR_NONE) {
        return err;
    }
    remove_copy(copy);
    err = copy_store(store, copy);
    if (err == ERR_NONE) {
        err = kv_open(copy, NULL, &check->kv);
    }
    if (err == ERR_NONE) {
        err = look(check);
    }
    kv_close(check->kv);
    remove_copy(copy);
    return err;
}

static int tell(struct cli *cli, struct check *check)
{
    struct buf text;
    struct json_text json;
    bool english = cli_is_english(cli);
    if (!cli_is_json(cli)) {
        (void)fputs(buf_text(&check->text), stdout);
        (void)printf(english ? "%llu events, %llu answers, %llu findings\n"
                             : "事件 %llu 条，答复 %llu 条，发现问题 %llu 处\n",
                     (unsigned long long)check->events, (unsigned long long)check->answers,
                     (unsigned long long)check->findings);
        return check->findings == 0 ? CLI_OK : CLI_DAMAGED;
    }
    buf_init(&text, REPLY_SIZE);
    json_text_init(&json, &text);
    json_text_open(&json, NULL);
    json_text_big(&json, "events", check->events);
    json_text_big(&json, "answers", check->answers);
    json_text_big(&json, "findings", check->findings);
    json_text_string(&json, "text", buf_text(&check->text));
    json_text_close(&json);
    (void)printf("%s\n", buf_text(&text));
    buf_done(&text);
    return check->findings == 0 ? CLI_OK : CLI_DAMAGED;
}

int command_check(struct cli *cli, int argc, char **argv)
{
    enum { TEXT_SIZE = 1024 * 1024 };
    static const struct argp argp = {.options = NULL};
    struct check check;
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, NULL, &code)) {
        return code;
    }
    const char *directory = cli_directory(cli);
    if (directory == NULL) {
        return CLI_USAGE;
    }
    memset(&check, 0, sizeof check);
    enum err err = folder_open(directory, &check.folder);
    if (err != ERR_NONE) {
        return cli_fail_err(cli, err, directory);
    }
    buf_init(&check.text, TEXT_SIZE);
    check.event = calloc(1, sizeof *check.event);
    err = check.event == NULL ? ERR_MEMORY : wire_arena_init(&check.arena, WIRE_EVENT_ARENA);
    if (err == ERR_NONE) {
        err = check_folder(directory, &check);
        wire_arena_done(&check.arena);
    }
    if (err == ERR_BUSY) {
        code = cli_fail(cli, CLI_CONFLICT, "请先停止站点服务。", "Stop the daemon first.");
    } else {
        code = err != ERR_NONE ? cli_fail_err(cli, err, directory) : tell(cli, &check);
    }
    buf_done(&check.text);
    free(check.event);
    folder_close(&check.folder);
    return code;
}
