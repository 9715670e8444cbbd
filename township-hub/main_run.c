#include "township-hub/main_run.h"

#include "base/log.h"
#include "base/text.h"
#include "node/clock.h"
#include "township-hub/queue.h"
#include "township-hub/staff.h"

#include <stdlib.h>
#include <string.h>

enum {
    SECOND_MS = 1000,
    MINUTE_MS = 60 * SECOND_MS,
    HEADS_MS = 10 * MINUTE_MS,
    HEARTBEAT_MS = 15 * SECOND_MS,
    CLOCK_STEP_MS = 2000,
    HEADS_MAX = 16
};

struct running {
    struct folder folder;
    struct loop *loop;
    struct api api;
    struct http_server_options http_options;
    struct http_server *http;
    char socket_path[FILES_PATH_SIZE];
    char keys_path[FILES_PATH_SIZE];
    bool linked;
};

/* --- The hub's own events --- */

static void on_grown(void *context, uint32_t payload)
{
    struct running *running = context;
    if (running->api.daemon == NULL) {
        return;
    }
    daemon_ring(running->api.daemon);
    if (payload == WIRE_STATION) {
        enum err err = api_allow_all(&running->api);
        if (err != ERR_NONE) {
            log_error("cannot let the stations in: %s", err_name(err));
        }
    }
}

static void machine_event(struct running *running, uint32_t payload, const struct values *facts)
{
    struct fold_verdict verdict = {.verdict = WIRE_ACCEPTED};
    enum err err = publish_event(&running->api.publisher, payload, facts,
                                 keyring_signer_view(running->folder.device.keyring), &verdict);
    if (err != ERR_NONE || verdict.verdict != WIRE_ACCEPTED) {
        log_error("cannot write event %u: %s, refusal %u", payload, err_name(err), verdict.refusal);
    }
}

static uint16_t put_head(struct values *facts, uint16_t place, const uint8_t *device,
                         const struct log_head *head)
{
    values_set_bytes(facts, FIELD_heads_device, place, span_of(device, LIMIT_KEY_SIZE));
    values_set_number(facts, FIELD_heads_incarnation, place, head->incarnation);
    values_set_number(facts, FIELD_heads_seq, place, head->seq);
    values_set_bytes(facts, FIELD_heads_id, place, span_of(head->id, LIMIT_HASH_SIZE));
    return (uint16_t)(place + 1);
}

/* Up to HEADS_MAX stations from *next on; how many are in facts. The fold is asked anew each time:
 * a commit that failed has replaced it. */
static uint16_t gather_heads(struct running *running, size_t *next, struct values *facts)
{
    const struct fold *fold = hub_fold(running->api.hub);
    const struct directory *directory = world_directory(fold->world);
    struct kv_txn txn;
    uint16_t placed = 0;
    values_clear(facts);
    kv_begin(running->api.kv, false, &txn);
    for (; *next < directory_station_count(directory) && placed < HEADS_MAX; (*next)++) {
        struct log_head head;
        const struct directory_station *station = directory_station_at(directory, *next);
        if (station->revoked_index == 0 && log_head_get(&fold->log, &txn, station->device, &head) &&
            head.seq != 0) {
            placed = put_head(facts, placed, station->device, &head);
        }
    }
    kv_abort(&txn);
    return placed;
}

/* Heads of all stations: one that never uploads shows by standing still. */
static void on_heads(void *context)
{
    struct running *running = context;
    struct values facts;
    size_t next = 0;
    while (daemon_settle(running->api.daemon) && gather_heads(running, &next, &facts) > 0) {
        machine_event(running, WIRE_HEADS, &facts);
    }
}

/* --- Timers --- */

static void look_at_clock(struct running *running)
{
    uint64_t now = clock_wall_ms();
    int64_t difference = (int64_t)now - (int64_t)clock_mono_ms();
    int64_t step = difference - running->api.clock_difference_ms;
    running->api.clock_difference_ms = difference;
    if (step <= CLOCK_STEP_MS && step >= -CLOCK_STEP_MS) {
        return;
    }
    struct values facts;
    values_clear(&facts);
    values_set_number(&facts, FIELD_before_ms, 0, (uint64_t)((int64_t)now - step));
    values_set_number(&facts, FIELD_after_ms, 0, now);
    running->api.clock_steps++;
    log_warning("the clock stepped by %lld ms", (long long)step);
    machine_event(running, WIRE_CLOCK_STEP, &facts);
}

static void on_second(void *context)
{
    struct running *running = context;
    if (daemon_settle(running->api.daemon)) {
        look_at_clock(running);
    }
    if (hub_is_lost(running->api.hub)) {
        return;
    }
    desk_tick(running->api.desk);
    enum err err = queue_history_catch_up(running->api.kv, running->api.hub);
    if (err != ERR_NONE) {
        log_error("cannot index the log: %s", err_name(err));
    }
}

static void on_minute(void *context)
{
    struct running *running = context;
    enum err err = kv_reader_check(running->api.kv);
    if (err != ERR_NONE) {
        log_warning("reader check: %s", err_name(err));
    }
}

static void on_heartbeat(void *context)
{
    struct running *running = context;
    http_server_heartbeat(running->http);
}

static void on_http(void *context, unsigned events)
{
    struct running *running = context;
    (void)events;
    if (daemon_settle(running->api.daemon)) {
        http_server_run(running->http);
    }
}

static enum err add_timers(struct running *running)
{
    struct loop *loop = running->loop;
    enum err err = loop_add_fd(loop, http_server_fd(running->http), LOOP_READ, on_http, running);
    if (err == ERR_NONE) {
        err = loop_add_timer(loop, SECOND_MS, SECOND_MS, on_second, running, NULL);
    }
    if (err == ERR_NONE) {
        err = loop_add_timer(loop, MINUTE_MS, MINUTE_MS, on_minute, running, NULL);
    }
    if (err == ERR_NONE) {
        err = loop_add_timer(loop, HEADS_MS, HEADS_MS, on_heads, running, NULL);
    }
    if (err == ERR_NONE) {
        err = loop_add_timer(loop, HEARTBEAT_MS, HEARTBEAT_MS, on_heartbeat, running, NULL);
    }
    return err;
}

/* --- The desk's port --- */

static void port_next(void *context, uint64_t *ret_incarnation, uint64_t *ret_seq)
{
    struct running *running = context;
    const struct fold *fold = hub_fold(running->api.hub);
    struct log_head head;
    struct kv_txn txn;
    uint64_t epoch = hub_epoch(running->api.hub);
    kv_begin(running->api.kv, false, &txn);
    (void)log_head_get(&fold->log, &txn, directory_hub_view(world_directory(fold->world)), &head);
    kv_abort(&txn);
    *ret_incarnation = head.incarnation > epoch ? head.incarnation : epoch;
    *ret_seq = *ret_incarnation == head.incarnation ? head.seq + 1 : 1;
}

static enum err change_blobs(struct kv *kv, const struct desk_blob *blobs, size_t count, bool put)
{
    struct kv_txn txn;
    if (count == 0) {
        return ERR_NONE;
    }
    kv_begin(kv, true, &txn);
    for (size_t i = 0; i < count; i++) {
        struct span hash = span_of(blobs[i].hash, LIMIT_HASH_SIZE);
        if (put) {
            kv_put(&txn, KV_BLOB, hash, blobs[i].bytes);
        } else {
            kv_delete(&txn, KV_BLOB, hash);
        }
    }
    enum err err = kv_commit(&txn);
    kv_abort(&txn);
    return err;
}

/* Blobs first: an event in the log never names what is not here. A sealed part is new each time,
 * so what a refused event leaves behind belongs to nobody else. */
static enum err port_submit(void *context, const struct author_draft *draft,
                            const struct signer *signer, const struct desk_blob *blobs,
                            size_t blob_count, struct fold_verdict *ret_verdict,
                            uint8_t ret_id[LIMIT_HASH_SIZE], uint64_t *ret_seq)
{
    struct running *running = context;
    uint64_t incarnation = 0;
    port_next(running, &incarnation, ret_seq);
    enum err err = change_blobs(running->api.kv, blobs, blob_count, true);
    if (err != ERR_NONE) {
        return err;
    }
    err = hub_submit(running->api.hub, draft, signer, clock_wall_ms(), ret_verdict, ret_id);
    if (err == ERR_NONE && ret_verdict->verdict == WIRE_ACCEPTED) {
        on_grown(running, draft->payload);
    } else if (err == ERR_NONE) {
        err = change_blobs(running->api.kv, blobs, blob_count, false);
    }
    return err;
}

static uint64_t port_wall_ms(void *context)
{
    (void)context;
    return clock_wall_ms();
}

static uint64_t port_mono_ms(void *context)
{
    (void)context;
    return clock_mono_ms();
}

static struct fold *port_fold(void *context)
{
    struct running *running = context;
    return hub_fold(running->api.hub);
}

static void port_events(void *context, const uint8_t record[LIMIT_ID_SIZE], void *visit_context,
                        queue_event_visit visit)
{
    struct running *running = context;
    queue_history_events(running->api.kv, running->api.hub, record, visit_context, visit);
}

static enum err open_desk(struct running *running)
{
    char office[FILES_PATH_SIZE];
    struct desk_options options = {
        .port = {.context = running,
                 .next = port_next,
                 .submit = port_submit,
                 .wall_ms = port_wall_ms,
                 .mono_ms = port_mono_ms,
                 .fold = port_fold,
                 .events = port_events},
        .kv = running->api.kv,
        .tier = TIER_HUB,
        .space = FOLD_PROVEN,
        .device = signer_key_id_view(keyring_signer_view(running->folder.device.keyring)),
        .key_directory = running->keys_path,
        .find_person = staff_find,
        .people_directory = running->folder.path,
        .signer = keyring_signer_view(running->folder.device.keyring),
        .office_path = office,
        .device_secret = running->folder.device.secret,
    };
    enum err err = device_path(running->folder.path, "keys", running->keys_path);
    err = err != ERR_NONE ? err : device_path(running->folder.path, "office.conf", office);
    return err != ERR_NONE ? err : desk_new(&options, &running->api.desk);
}

/* --- Sockets --- */

/* Port 0 means a free one, but the same as last time when it can be had: stations have it in their
 * bundles. */
static void remembered(const struct folder *folder, const char *name, const char *configured,
                       char ret[WIRE_ENDPOINT_SIZE])
{
    struct buf text;
    size_t length = strlen(configured);
    memcpy(ret, configured, length + 1);
    if (length < 2 || strcmp(configured + length - 2, ":0") != 0) {
        return;
    }
    buf_init(&text, WIRE_ENDPOINT_SIZE - 1);
    if (folder_read(folder, name, &text) == ERR_NONE && text.size > length - 1 &&
        memcmp(text.data, configured, length - 1) == 0) {
        memcpy(ret, buf_text(&text), text.size + 1);
    }
    buf_done(&text);
}

/* Written only when it is new, so that a hub also starts on a full disk. */
static enum err remember(const struct folder *folder, const char *name, const char *endpoint)
{
    struct buf text;
    buf_init(&text, WIRE_ENDPOINT_SIZE);
    bool known = folder_read(folder, name, &text) == ERR_NONE &&
                 span_equal(buf_span(&text), span_text(endpoint));
    buf_done(&text);
    return known ? ERR_NONE : folder_write(folder, name, span_text(endpoint));
}

static enum err open_sockets(struct running *running, const char *endpoint, const char *bell)
{
    struct daemon_options options = {.loop = running->loop,
                                     .hub = running->api.hub,
                                     .hub_id = running->folder.hub,
                                     .curve_secret = running->folder.device.curve_secret,
                                     .endpoint = endpoint,
                                     .bell_endpoint = bell,
                                     .wall_ms = clock_wall_ms,
                                     .mono_ms = clock_mono_ms,
                                     .is_auditor = api_is_auditor,
                                     .context = &running->api};
    return daemon_open(&options, &running->api.daemon);
}

static enum err open_daemon(struct running *running)
{
    char endpoint[WIRE_ENDPOINT_SIZE];
    char bell[WIRE_ENDPOINT_SIZE];
    const struct folder *folder = &running->folder;
    remembered(folder, "endpoint", folder->endpoint, endpoint);
    remembered(folder, "bell_endpoint", folder->bell_endpoint, bell);
    enum err err = open_sockets(running, endpoint, bell);
    if (err == ERR_CONFLICT) {
        log_warning("%s or %s is taken, using a free port", endpoint, bell);
        err = open_sockets(running, folder->endpoint, folder->bell_endpoint);
    }
    if (err == ERR_NONE) {
        err = remember(folder, "endpoint", daemon_endpoint_view(running->api.daemon));
    }
    if (err == ERR_NONE) {
        err = remember(folder, "bell_endpoint", daemon_bell_endpoint_view(running->api.daemon));
    }
    return err != ERR_NONE ? err : api_allow_all(&running->api);
}

static enum err open_http(struct running *running)
{
    enum err err = device_path(running->folder.path, "ctl.sock", running->socket_path);
    if (err != ERR_NONE) {
        return err;
    }
    running->http_options = (struct http_server_options){
        .socket_path = running->socket_path, .handle = api_handle, .context = &running->api};
    return http_server_open(&running->http_options, &running->http);
}

/* --- Start and end --- */

static enum err open_all(struct running *running)
{
    enum err err = folder_store(&running->folder, &running->api.kv);
    if (err == ERR_NONE) {
        err = folder_hub(&running->folder, running->api.kv, &running->api.hub);
    }
    running->api.publisher = (struct publisher){
        .kv = running->api.kv, .hub = running->api.hub, .grown = on_grown, .context = running};
    if (err == ERR_NONE) {
        err = loop_new(&running->loop);
    }
    if (err == ERR_NONE) {
        err = loop_watch_signals(running->loop, NULL, NULL);
    }
    if (err == ERR_NONE) {
        err = link_init();
        running->linked = err == ERR_NONE;
    }
    if (err == ERR_NONE) {
        err = open_daemon(running);
    }
    if (err == ERR_NONE) {
        err = open_desk(running);
    }
    if (err == ERR_NONE) {
        err = open_http(running);
    }
    return err != ERR_NONE ? err : add_timers(running);
}

static void close_all(struct running *running)
{
    if (running->http != NULL) {
        loop_remove_fd(running->loop, http_server_fd(running->http));
        http_server_close(running->http);
    }
    desk_free(running->api.desk);
    daemon_close(running->api.daemon);
    if (running->linked) {
        link_done();
    }
    loop_free(running->loop);
    hub_close(running->api.hub);
    kv_close(running->api.kv);
    folder_close(&running->folder);
}

static int run(struct cli *cli, struct running *running)
{
    running->api.folder = &running->folder;
    running->api.started_ms = clock_wall_ms();
    running->api.clock_difference_ms = (int64_t)clock_wall_ms() - (int64_t)clock_mono_ms();
    enum err err = open_all(running);
    if (err == ERR_BUSY && running->api.kv == NULL) {
        return cli_fail(cli, CLI_CONFLICT, "这个目录的中心已在运行",
                        "a hub already runs in this folder");
    }
    if (err == ERR_NONE) {
        log_info("township-hub %s at %s, log of %llu leaves", running->folder.code,
                 daemon_endpoint_view(running->api.daemon),
                 (unsigned long long)hub_size(running->api.hub));
        err = loop_run(running->loop);
        err = daemon_settle(running->api.daemon) || err != ERR_NONE ? err : ERR_STORE;
    }
    return err == ERR_NONE ? CLI_OK : cli_fail_err(cli, err, running->folder.path);
}

struct run_options {
    int64_t clock_offset_ms;
    bool drill;
};

enum { KEY_OFFSET = 1000, KEY_DRILL };

static error_t parse_run(int key, char *argument, struct argp_state *state)
{
    struct run_options *options = state->input;
    if (key == KEY_DRILL) {
        options->drill = true;
        return 0;
    }
    if (key == KEY_OFFSET) {
        setup_offset(argument, state, &options->clock_offset_ms);
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp_option run_table[] = {
    {"clock-offset", KEY_OFFSET, "MS", 0, "演练：时钟偏移 / for drills: shifts the clock", 0},
    {"drill", KEY_DRILL, NULL, 0, "演练：允许改时钟 / for drills: the clock can be moved", 0},
    {0},
};
static const struct argp run_argp = {.options = run_table, .parser = parse_run};

#if defined(__SANITIZE_ADDRESS__)
enum { WATCHED = 1 };
#elif defined(__has_feature)
enum { WATCHED = __has_feature(address_sanitizer) };
#else
enum { WATCHED = 0 };
#endif

int run_command(struct cli *cli, int argc, char **argv)
{
    struct run_options options = {0, false};
    int code = 0;
    if (!cli_parse(cli, &run_argp, argc, argv, &options, &code)) {
        return code;
    }
    /* The leak checker must be able to look into the process. */
    if (!WATCHED && seal_harden_process() != ERR_NONE) {
        return cli_fail(cli, CLI_LATER, "不能锁定内存，不启动", "memory cannot be locked");
    }
    clock_set_offset_ms(options.clock_offset_ms);
    struct running *running = calloc(1, sizeof *running);
    if (running == NULL) {
        return cli_fail_err(cli, ERR_MEMORY, "run");
    }
    running->api.drill = options.drill;
    code = folder_open(cli, &running->folder);
    if (code == 0) {
        code = run(cli, running);
    }
    close_all(running);
    free(running);
    return code;
}
