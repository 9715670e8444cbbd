/* Makes what the bench needs before any clock runs.
 *   bench_make write --dir HUB --out DIR --count N --start MS --days D --forms FILE
 *              STATION STAFF PASSWORD_FILE ...     N events of each station, signed by its worker
 *   bench_make fill --dir HUB --out DIR --count N --start MS STATION ...
 *              puts the events of DIR into the log of the stopped hub, by its mind alone
 * HUB and STATION are folders as the programs made them. */
#include "base/text.h"
#include "link/link.h"
#include "tests/bench/author.h"
#include "tests/bench/events.h"
#include "township-hub/setup.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { STATIONS_MAX = 16, WORDS_MAX = 3 * STATIONS_MAX, FORMS_MAX = 64, FORM_SIZE = 1024 };

struct making {
    struct cli *cli;
    const char *words[WORDS_MAX];
    int word_count;
    const char *out;
    const char *forms_path;
    uint64_t count;
    uint64_t start_ms;
    uint64_t days;
    struct folder folder;
    struct kv *kv;
    struct hub *hub;
    char form_text[FORMS_MAX][FORM_SIZE];
    const char *forms[FORMS_MAX];
    size_t form_count;
};

enum { KEY_OUT = 2000, KEY_COUNT, KEY_START, KEY_DAYS, KEY_FORMS };

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct making *making = state->input;
    switch (key) {
    case KEY_OUT:
        making->out = argument;
        return 0;
    case KEY_COUNT:
        making->count = strtoull(argument, NULL, 10);
        return 0;
    case KEY_START:
        making->start_ms = strtoull(argument, NULL, 10);
        return 0;
    case KEY_DAYS:
        making->days = strtoull(argument, NULL, 10);
        return 0;
    case KEY_FORMS:
        making->forms_path = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (making->word_count == WORDS_MAX) {
            return ARGP_ERR_UNKNOWN;
        }
        making->words[making->word_count++] = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option table[] = {
    {"out", KEY_OUT, "DIR", 0, "where the events are", 0},
    {"count", KEY_COUNT, "N", 0, "events of each station", 0},
    {"start", KEY_START, "MS", 0, "the first moment", 0},
    {"days", KEY_DAYS, "D", 0, "days they are spread over", 0},
    {"forms", KEY_FORMS, "FILE", 0, "Chinese texts, one a line", 0},
    {0},
};
static const struct argp argp_table = {.options = table, .parser = parse};

static enum err open_hub(struct making *making)
{
    enum err err = folder_store(&making->folder, &making->kv);
    return err != ERR_NONE ? err : folder_hub(&making->folder, making->kv, &making->hub);
}

static void close_hub(struct making *making)
{
    hub_close(making->hub);
    kv_close(making->kv);
    folder_close(&making->folder);
}

static enum err read_forms(struct making *making)
{
    FILE *file = fopen(making->forms_path, "r");
    if (file == NULL) {
        return ERR_NOT_FOUND;
    }
    while (making->form_count < FORMS_MAX &&
           fgets(making->form_text[making->form_count], FORM_SIZE, file) != NULL) {
        char *line = making->form_text[making->form_count];
        line[strcspn(line, "\n")] = 0;
        if (*line != 0) {
            making->forms[making->form_count++] = line;
        }
    }
    (void)fclose(file);
    return making->form_count > 1 ? ERR_NONE : ERR_MALFORMED;
}

/* --- write --- */

/* What a station that has just synced knows: the feeds so far and the newest checkpoint. */
static enum err begin_chain(struct making *making, struct pen *pen)
{
    struct tlog_checkpoint seen;
    struct author_chain *chain = &pen->chain;
    struct fold *fold = hub_fold(making->hub);
    const struct signer *hub_signer = keyring_signer_view(making->folder.device.keyring);
    const struct signer *device = keyring_signer_view(pen->device.keyring);
    struct log_head head;
    struct kv_txn txn;
    char origin[TLOG_ORIGIN_SIZE];
    (void)snprintf(origin, sizeof origin, "%.90s/%llu", making->folder.origin_prefix,
                   (unsigned long long)making->folder.epoch);
    enum err err = tlog_checkpoint_open(hub_checkpoint_view(making->hub), origin,
                                        signer_public_view(hub_signer), &seen);
    if (err != ERR_NONE) {
        return err;
    }
    memcpy(chain->hub, making->folder.hub, LIMIT_ID_SIZE);
    memcpy(chain->device, signer_key_id_view(device), LIMIT_KEY_SIZE);
    chain->incarnation = 1;
    chain->clock = 1;
    memcpy(chain->seen_origin, seen.origin, sizeof chain->seen_origin);
    chain->seen_size = seen.size;
    memcpy(chain->seen_root, seen.root.bytes, LIMIT_HASH_SIZE);
    memset(chain->boot, 4, sizeof chain->boot);
    chain->applied_common = fold->log.common_seq;
    kv_begin(making->kv, false, &txn);
    (void)log_head_get(&fold->log, &txn, chain->device, &head);
    kv_abort(&txn);
    chain->applied_own = head.own_seq;
    return sealing_readers_find(fold, MACHINE_CASE, chain->device, &pen->readers);
}

static FILE *open_out(const struct making *making, int station, const char *kind)
{
    char path[FILES_PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/%d.%s", making->out, station, kind);
    return fopen(path, "wb");
}

static enum err open_pen(struct making *making, int station, struct pen *pen)
{
    char keys[FILES_PATH_SIZE];
    uint8_t staff[LIMIT_ID_SIZE];
    struct buf password;
    const char *const *words = &making->words[station * 3];
    buf_init(&password, 256);
    enum err err = device_open(words[0], &pen->device);
    if (err == ERR_NONE) {
        err = text_get_hex(span_text(words[1]), staff, sizeof staff);
    }
    if (err == ERR_NONE) {
        err = device_path(words[0], "keys", keys);
    }
    if (err == ERR_NONE) {
        err = setup_password(words[2], &password);
    }
    if (err == ERR_NONE) {
        err =
            device_person_open(pen->device.secret, keys, staff, buf_span(&password), &pen->person);
    }
    buf_done(&password);
    pen->claimed_ms = making->start_ms;
    pen->step_ms = making->days * 86400000 / (making->count + 1) / 2;
    pen->state = (uint64_t)station * 7919;
    pen->forms = making->forms;
    pen->form_count = making->form_count;
    pen->events = open_out(making, station, "events");
    pen->parts = open_out(making, station, "parts");
    if (err == ERR_NONE && (pen->events == NULL || pen->parts == NULL)) {
        err = ERR_IO;
    }
    return err != ERR_NONE ? err : begin_chain(making, pen);
}

static enum err close_pen(struct pen *pen)
{
    bool ok = pen->events != NULL && fclose(pen->events) == 0;
    ok = pen->parts != NULL && fclose(pen->parts) == 0 && ok;
    keyring_free(pen->person);
    device_close(&pen->device);
    return ok ? ERR_NONE : ERR_IO;
}

struct writer {
    pthread_t thread;
    struct pen *pen;
    uint64_t count;
    enum err err;
    bool started;
};

static void *write_one(void *argument)
{
    struct writer *writer = argument;
    writer->err = pen_write(writer->pen, writer->count);
    return NULL;
}

static enum err write_all(struct making *making)
{
    struct writer writers[STATIONS_MAX] = {0};
    uint64_t events = 0;
    uint64_t parts = 0;
    uint64_t plain = 0;
    enum err err = making->word_count % 3 != 0 ? ERR_MALFORMED : ERR_NONE;
    int stations = making->word_count / 3;
    for (int i = 0; i < stations && err == ERR_NONE; i++) {
        writers[i].count = making->count;
        writers[i].pen = calloc(1, sizeof *writers[i].pen);
        err = writers[i].pen == NULL ? ERR_MEMORY : open_pen(making, i, writers[i].pen);
    }
    for (int i = 0; i < stations && err == ERR_NONE; i++) {
        writers[i].started = pthread_create(&writers[i].thread, NULL, write_one, &writers[i]) == 0;
        err = writers[i].started ? ERR_NONE : ERR_MEMORY;
    }
    for (int i = 0; i < stations; i++) {
        if (writers[i].started) {
            (void)pthread_join(writers[i].thread, NULL);
            err = err != ERR_NONE ? err : writers[i].err;
        }
        if (writers[i].pen != NULL) {
            events += writers[i].pen->written;
            parts += writers[i].pen->part_bytes;
            plain += writers[i].pen->plain_bytes;
            enum err closed = close_pen(writers[i].pen);
            err = err != ERR_NONE ? err : closed;
            free(writers[i].pen);
        }
    }
    (void)printf("{\"events\":%llu,\"part_bytes\":%llu,\"plain_bytes\":%llu}\n",
                 (unsigned long long)events, (unsigned long long)parts, (unsigned long long)plain);
    return err;
}

/* --- fill --- */

struct source {
    struct device device;
    struct events events;
    struct events_chain chain;
    size_t next;
};

static enum err open_source(struct making *making, int station, struct source *source)
{
    char path[FILES_PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/%d.events", making->out, station);
    enum err err = device_open(making->words[station], &source->device);
    if (err == ERR_NONE) {
        err = events_open(path, &source->events);
    }
    if (err == ERR_NONE) {
        source->chain.signer = keyring_signer_view(source->device.keyring);
        source->chain.incarnation = 1;
        memcpy(source->chain.hub, making->folder.hub, LIMIT_ID_SIZE);
        memcpy(source->chain.device, signer_key_id_view(source->chain.signer), LIMIT_KEY_SIZE);
    }
    return err;
}

static enum err make_push(struct making *making, struct source *source, struct wire_arena *arena,
                          struct hub_push **ret)
{
    struct buf bytes;
    struct sync_frame *frame = calloc(1, sizeof *frame);
    size_t left = making->count - source->next;
    size_t count = left < LIMIT_BATCH_COUNT ? left : LIMIT_BATCH_COUNT;
    buf_init(&bytes, LIMIT_FRAME_SIZE);
    enum err err = frame == NULL
                       ? ERR_MEMORY
                       : events_frame(&source->events, &source->chain, source->next, count, &bytes);
    if (err == ERR_NONE) {
        err = wire_frame_decode(buf_span(&bytes), arena, frame);
    }
    if (err == ERR_NONE) {
        err = hub_push_new(source->chain.device, &frame->push, ret);
    }
    if (err == ERR_NONE) {
        hub_push_check(making->hub, *ret);
        source->next += count;
    }
    buf_done(&bytes);
    free(frame);
    return err;
}

/* A frame of each station into one commit. */
static enum err fill_round(struct making *making, struct source *sources, struct wire_arena *arena)
{
    struct hub_push *pushes[STATIONS_MAX] = {NULL};
    size_t count = 0;
    enum err err = ERR_NONE;
    for (int i = 0; i < making->word_count && err == ERR_NONE; i++) {
        if (sources[i].next < making->count) {
            err = make_push(making, &sources[i], arena, &pushes[count]);
            count += err == ERR_NONE ? 1 : 0;
        }
    }
    if (err == ERR_NONE) {
        err = hub_ingest(making->hub, pushes, count, making->start_ms);
    }
    for (size_t i = 0; i < count; i++) {
        err = err == ERR_NONE && !hub_push_accepted(pushes[i]) ? ERR_CONFLICT : err;
        hub_push_free(pushes[i]);
    }
    return err;
}

static enum err fill_all(struct making *making)
{
    struct wire_arena arena = {0};
    struct source sources[STATIONS_MAX] = {0};
    enum err err = wire_arena_init(&arena, WIRE_FRAME_ARENA);
    bool more = true;
    for (int i = 0; i < making->word_count && err == ERR_NONE; i++) {
        err = open_source(making, i, &sources[i]);
        err = err == ERR_NONE && sources[i].events.count < making->count ? ERR_NOT_FOUND : err;
    }
    while (more && err == ERR_NONE) {
        err = fill_round(making, sources, &arena);
        more = false;
        for (int i = 0; i < making->word_count; i++) {
            more = more || sources[i].next < making->count;
        }
    }
    (void)printf("{\"size\":%llu}\n", (unsigned long long)hub_size(making->hub));
    for (int i = 0; i < making->word_count; i++) {
        events_close(&sources[i].events);
        device_close(&sources[i].device);
    }
    wire_arena_done(&arena);
    return err;
}

/* --- the two commands --- */

static int make(struct cli *cli, int argc, char **argv, bool writes)
{
    struct making *making = calloc(1, sizeof *making);
    int code = CLI_LATER;
    if (making == NULL || !cli_parse(cli, &argp_table, argc, argv, making, &code)) {
        free(making);
        return code;
    }
    making->cli = cli;
    code = making->out == NULL || making->word_count > (writes ? 3 : 1) * STATIONS_MAX
               ? CLI_USAGE
               : folder_open(cli, &making->folder);
    if (code == 0) {
        enum err err = writes ? read_forms(making) : ERR_NONE;
        err = err != ERR_NONE ? err : open_hub(making);
        if (err == ERR_NONE) {
            err = writes ? write_all(making) : fill_all(making);
        }
        code = err == ERR_NONE ? CLI_OK : cli_fail_err(cli, err, argv[0]);
    }
    close_hub(making);
    free(making);
    return code;
}

static int write_command(struct cli *cli, int argc, char **argv)
{
    return make(cli, argc, argv, true);
}

static int fill_command(struct cli *cli, int argc, char **argv)
{
    return make(cli, argc, argv, false);
}

static const struct cli_command commands[] = {
    {"write", "写事件", "write events", write_command},
    {"fill", "填入日志", "put events into a log", fill_command},
};
static const struct cli_program program = {
    .name = "bench_make",
    .version = JIELI_VERSION,
    .zh = "性能测试的材料",
    .en = "what the bench needs",
    .commands = commands,
    .command_count = sizeof commands / sizeof *commands,
};

int main(int argc, char **argv)
{
    return cli_main(&program, argc, argv);
}
