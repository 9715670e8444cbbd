#include "base/log.h"
#include "node/clock.h"
#include "village-node/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The station at work: its mind, the link to the hub, the control socket. No network is no error:
 * the link dials in the background and nothing waits for it. */

enum {
    SYNC_MS = 100,
    SECOND_MS = 1000,
    MINUTE_MS = 60 * 1000,
    RECEIVE_ROUND = 16,
    DRILL_SPREAD_MS = 20
};

static bool send_frame(void *context, struct span frame)
{
    struct daemon *daemon = context;
    return daemon->client != NULL && link_client_send(daemon->client, frame) == ERR_NONE;
}

static void reconnect(void *context)
{
    struct daemon *daemon = context;
    daemon->connected = false;
    station_disconnected(daemon->station, clock_mono_ms());
    if (daemon->client != NULL) {
        enum err err = link_client_reconnect(daemon->client);
        (void)err; /* the link goes on trying by itself */
    }
}

static struct station_port port_of(struct daemon *daemon)
{
    return (struct station_port){daemon, send_frame, reconnect};
}

static enum err open_station(struct daemon *daemon);

/* No room: nothing of the last step was written. The link rests and the mind is opened anew from
 * what is there, so that people go on reading, and writing as soon as there is room. */
static enum err rest(struct daemon *daemon)
{
    if (!daemon->link_rests) {
        log_warning("no room on the disk: the link rests");
    }
    daemon->full = true;
    daemon->link_rests = true;
    struct station *before = daemon->station;
    enum err err = daemon_link(daemon, false);
    if (err == ERR_NONE) {
        err = open_station(daemon);
    }
    if (err == ERR_NONE) {
        station_close(before);
    }
    return err;
}

/* Of the sync or of the store beneath: the mind must be opened again. */
static void note_failure(struct daemon *daemon, enum err err)
{
    err = err == ERR_FULL ? rest(daemon) : err;
    if (err == ERR_NONE) {
        return;
    }
    log_error("store: %s; opening everything again", err_name(err));
    daemon->failed = err;
    loop_stop(daemon->loop);
}

static void watch_link(struct daemon *daemon)
{
    struct station_port port = port_of(daemon);
    bool connected = daemon->client != NULL && link_client_status(daemon->client) == LINK_CONNECTED;
    if (connected && !daemon->connected) {
        daemon->connected = true;
        station_connected(daemon->station, &port, clock_mono_ms());
    } else if (!connected && daemon->connected) {
        daemon->connected = false;
        station_disconnected(daemon->station, clock_mono_ms());
    }
}

void daemon_sync(struct daemon *daemon)
{
    struct station_port port = port_of(daemon);
    watch_link(daemon);
    note_failure(daemon, station_tick(daemon->station, &port, clock_mono_ms(), clock_wall_ms()));
}

static bool receive(struct daemon *daemon)
{
    struct span frame;
    struct station_port port = port_of(daemon);
    watch_link(daemon);
    for (int i = 0; i < RECEIVE_ROUND && daemon->client != NULL && daemon->failed == ERR_NONE;
         i++) {
        if (link_client_receive(daemon->client, &frame) != ERR_NONE) {
            break;
        }
        note_failure(
            daemon, station_frame(daemon->station, &port, frame, clock_mono_ms(), clock_wall_ms()));
    }
    while (daemon->bell != NULL && link_client_receive(daemon->bell, &frame) == ERR_NONE) {
        station_doorbell(daemon->station, frame, clock_mono_ms());
    }
    if (station_deadline(daemon->station) <= clock_mono_ms()) {
        daemon_sync(daemon);
    }
    return station_has_more(daemon->station) ||
           (daemon->client != NULL &&
            (link_client_pending(daemon->client) || link_client_pending(daemon->bell)));
}

static bool on_idle(void *context)
{
    struct daemon *daemon = context;
    bool more = receive(daemon);
    if (!more && daemon->index_behind && daemon->failed == ERR_NONE) {
        daemon->index_behind = daemon_index_events(daemon);
        more = daemon->index_behind;
    }
    return more && daemon->failed == ERR_NONE;
}

static void on_ready(void *context, unsigned events)
{
    (void)context;
    (void)events;
}

static void on_http(void *context, unsigned events)
{
    struct daemon *daemon = context;
    (void)events;
    http_server_run(daemon->http);
}

/* Dials again where our key was refused; says so once, since nobody at a station can help it. */
static void tend_link(struct daemon *daemon)
{
    enum { REFUSALS_TOLD = 3 }; /* a hub that starts refuses for a moment */
    if (daemon->client == NULL) {
        return;
    }
    unsigned refusals = link_client_tend(daemon->client, clock_mono_ms());
    (void)link_client_tend(daemon->bell, clock_mono_ms());
    if (refusals == REFUSALS_TOLD && daemon->refusals < REFUSALS_TOLD) {
        log_warning("the hub refuses our key; trying again, ever slower");
    }
    daemon->refusals = refusals;
}

static void on_sync(void *context)
{
    tend_link(context);
    daemon_sync(context);
}

static void on_second(void *context)
{
    struct daemon *daemon = context;
    desk_tick(daemon->desk);
    daemon->index_behind = true;
    clock_guard_tick(daemon);
    http_server_run(daemon->http);
}

static void on_minute(void *context)
{
    struct daemon *daemon = context;
    struct station_status status;
    enum err err = kv_reader_check(daemon->kv);
    if (err == ERR_NONE && daemon->link_rests) {
        err = rest(daemon);
    }
    if (err == ERR_NONE && daemon->link_rests && !daemon->link_cut) {
        station_status(daemon->station, &status);
        daemon->link_rests = status.behind;
        daemon->full = status.behind;
        err = status.behind ? ERR_NONE : daemon_link(daemon, true);
    }
    if (err != ERR_NONE) {
        log_warning("%s", err_name(err));
    }
    http_server_heartbeat(daemon->http);
}

static void on_request(void *context, struct http_exchange *exchange,
                       const struct http_request *request)
{
    static const struct http_reply missing = {.status = 404};
    struct daemon *daemon = context;
    if (!desk_handle(daemon->desk, exchange, request) && !api_handle(daemon, exchange, request)) {
        http_exchange_reply(exchange, &missing);
    }
}

enum err daemon_submit(void *context, const struct author_draft *draft, const struct signer *signer,
                       const struct desk_blob *blobs, size_t blob_count,
                       struct fold_verdict *ret_verdict, uint8_t ret_id[LIMIT_HASH_SIZE],
                       uint64_t *ret_seq)
{
    struct daemon *daemon = context;
    struct station_blob kept[LIMIT_SEALED_COUNT];
    if (blob_count > LIMIT_SEALED_COUNT) {
        return ERR_LIMIT;
    }
    for (size_t i = 0; i < blob_count; i++) {
        memcpy(kept[i].hash, blobs[i].hash, LIMIT_HASH_SIZE);
        kept[i].bytes = blobs[i].bytes;
    }
    enum err err = station_submit(daemon->station, draft, signer, clock_wall_ms(), kept, blob_count,
                                  ret_verdict, ret_id, ret_seq);
    if (err == ERR_NONE || err == ERR_FULL) {
        daemon->full = err == ERR_FULL;
    } else if (err == ERR_STORE) {
        note_failure(daemon, err);
    }
    return err;
}

static void next_place(void *context, uint64_t *ret_incarnation, uint64_t *ret_seq)
{
    struct daemon *daemon = context;
    struct station_status status;
    station_status(daemon->station, &status);
    *ret_incarnation = status.incarnation;
    *ret_seq = status.newest + 1;
}

static uint64_t wall(void *context)
{
    (void)context;
    return clock_wall_ms();
}

static uint64_t mono(void *context)
{
    (void)context;
    return clock_mono_ms();
}

static struct fold *fold_of(void *context)
{
    struct daemon *daemon = context;
    return station_fold(daemon->station);
}

enum err daemon_link(struct daemon *daemon, bool up)
{
    if (!up && daemon->client != NULL) {
        loop_remove_fd(daemon->loop, link_client_fd(daemon->client));
        loop_remove_fd(daemon->loop, link_client_fd(daemon->bell));
        link_client_close(daemon->client);
        link_client_close(daemon->bell);
        daemon->client = NULL;
        daemon->bell = NULL;
    }
    if (!up || daemon->client != NULL) {
        watch_link(daemon);
        return ERR_NONE;
    }
    struct link_client_options options = {.kind = LINK_DIALOG,
                                          .endpoint = daemon->folder.bundle.endpoint,
                                          .reconnect_ms = daemon->drill ? 200 : 0,
                                          .reconnect_max_ms = daemon->drill ? 2000 : 0};
    memcpy(options.server_public, daemon->folder.trust.curve_key, LINK_KEY_SIZE);
    memcpy(options.secret, daemon->folder.device.curve_secret, LINK_KEY_SIZE);
    seal_random(&options.seed, sizeof options.seed);
    enum err err = link_client_open(&options, &daemon->client);
    if (err == ERR_NONE) {
        options.kind = LINK_DOORBELL;
        options.endpoint = daemon->folder.bundle.bell_endpoint;
        err = link_client_open(&options, &daemon->bell);
    }
    explicit_bzero(&options, sizeof options);
    if (err == ERR_NONE) {
        err =
            loop_add_fd(daemon->loop, link_client_fd(daemon->client), LOOP_READ, on_ready, daemon);
    }
    if (err == ERR_NONE) {
        err = loop_add_fd(daemon->loop, link_client_fd(daemon->bell), LOOP_READ, on_ready, daemon);
    }
    return err;
}

static enum err open_station(struct daemon *daemon)
{
    struct station_status status;
    struct sync_options sync = sync_options_default();
    sync.spread_ms = daemon->drill ? DRILL_SPREAD_MS : sync.spread_ms;
    struct station_options options = {
        .sync = &sync,
        .kv = daemon->kv,
        .hub = daemon->folder.trust.hub,
        .hub_device = daemon->folder.hub_device,
        .hub_public = daemon->folder.trust.public_key,
        .origin_prefix = daemon->folder.trust.origin_prefix,
        .signer = keyring_signer_view(daemon->folder.device.keyring),
    };
    memcpy(options.boot, daemon->boot, sizeof options.boot);
    seal_random(&options.random, sizeof options.random);
    enum err err = station_open(&options, clock_mono_ms(), &daemon->station);
    if (err == ERR_NONE) {
        station_status(daemon->station, &status);
        daemon->full = daemon->full || status.behind;
        daemon->link_rests = daemon->link_rests || status.behind;
        station_set_clock_quality(daemon->station, daemon->clock_quality);
        clock_guard_start(daemon);
    }
    return err;
}

static enum err open_mind(struct daemon *daemon)
{
    char path[FILES_PATH_SIZE];
    enum err err = device_path(daemon->folder.directory, "store", path);
    if (err == ERR_NONE) {
        err = kv_open(path, NULL, &daemon->kv);
    }
    return err != ERR_NONE ? err : open_station(daemon);
}

static enum err open_desk(struct daemon *daemon)
{
    char keys[FILES_PATH_SIZE];
    char settings[FILES_PATH_SIZE];
    char socket[FILES_PATH_SIZE];
    struct desk_options options = {
        .port = {daemon, next_place, daemon_submit, wall, mono, fold_of, daemon_events},
        .kv = daemon->kv,
        .tier = TIER_STATION,
        .space = FOLD_TENTATIVE,
        .device = signer_key_id_view(keyring_signer_view(daemon->folder.device.keyring)),
        .key_directory = keys,
        .signer = keyring_signer_view(daemon->folder.device.keyring),
        .office_path = settings,
        .device_secret = daemon->folder.device.secret,
    };
    struct http_server_options http = {
        .socket_path = socket, .handle = on_request, .context = daemon};
    enum err err = device_path(daemon->folder.directory, "keys", keys);
    if (err == ERR_NONE) {
        err = device_path(daemon->folder.directory, "node.conf", settings);
    }
    if (err == ERR_NONE) {
        err = device_path(daemon->folder.directory, "ctl.sock", socket);
    }
    if (err == ERR_NONE) {
        err = desk_new(&options, &daemon->desk);
    }
    if (err == ERR_NONE) {
        err = http_server_open(&http, &daemon->http);
    }
    return err != ERR_NONE ? err
                           : loop_add_fd(daemon->loop, http_server_fd(daemon->http), LOOP_READ,
                                         on_http, daemon);
}

static enum err open_all(struct daemon *daemon)
{
    enum err err = loop_new(&daemon->loop);
    if (err == ERR_NONE) {
        err = loop_watch_signals(daemon->loop, NULL, NULL);
    }
    if (err == ERR_NONE) {
        err = open_mind(daemon);
    }
    if (err == ERR_NONE) {
        err = open_desk(daemon);
    }
    if (err == ERR_NONE && !daemon->link_cut && !daemon->link_rests) {
        err = daemon_link(daemon, true);
    }
    if (err == ERR_NONE) {
        err = loop_add_timer(daemon->loop, SYNC_MS, SYNC_MS, on_sync, daemon, NULL);
    }
    if (err == ERR_NONE) {
        err = loop_add_timer(daemon->loop, SECOND_MS, SECOND_MS, on_second, daemon, NULL);
    }
    if (err == ERR_NONE) {
        err = loop_add_timer(daemon->loop, MINUTE_MS, MINUTE_MS, on_minute, daemon, NULL);
    }
    return err != ERR_NONE ? err : loop_add_idle(daemon->loop, on_idle, daemon);
}

static void close_all(struct daemon *daemon)
{
    http_server_close(daemon->http);
    desk_free(daemon->desk);
    station_close(daemon->station);
    link_client_close(daemon->client);
    link_client_close(daemon->bell);
    kv_close(daemon->kv);
    loop_free(daemon->loop);
    daemon->http = NULL;
    daemon->desk = NULL;
    daemon->station = NULL;
    daemon->client = NULL;
    daemon->bell = NULL;
    daemon->kv = NULL;
    daemon->loop = NULL;
    daemon->connected = false;
}

/* Opens, runs until stopped, closes. A store that failed is opened again: what was acknowledged is
 * in it, the rest is looked up (hazards.md, L2). */
static enum err serve(struct daemon *daemon)
{
    enum { TRIES = 5 };
    enum err err = ERR_NONE;
    int tries = 0;
    while (tries < TRIES) {
        daemon->failed = ERR_NONE;
        err = open_all(daemon);
        if (err == ERR_NONE) {
            log_info("station ready: %s", daemon->folder.directory);
            err = loop_run(daemon->loop);
        }
        err = err == ERR_NONE ? daemon->failed : err;
        close_all(daemon);
        if (err != ERR_STORE) {
            return err;
        }
        tries++;
    }
    return err;
}

int daemon_run(const char *directory, const struct run_options *options)
{
    struct daemon *daemon = calloc(1, sizeof *daemon);
    int code = CLI_OK;
    if (daemon == NULL) {
        return CLI_LATER;
    }
    clock_set_offset_ms(options->clock_offset_ms);
    daemon->clock_offset_ms = options->clock_offset_ms;
    daemon->drill = options->drill;
    daemon->clock_quality = CLOCK_GOOD;
    enum err err = folder_open(directory, &daemon->folder);
    if (err == ERR_NONE) {
        err = clock_boot_id(daemon->boot);
    }
    if (err == ERR_NONE) {
        err = link_init();
    }
    if (err == ERR_NONE) {
        err = serve(daemon);
        link_done();
    }
    if (err != ERR_NONE) {
        log_error("%s: %s", directory, err_name(err));
        code = err == ERR_BUSY || err == ERR_CONFLICT ? CLI_CONFLICT
               : err == ERR_FULL || err == ERR_MEMORY ? CLI_LATER
               : err == ERR_NOT_FOUND                 ? CLI_USAGE
                                                      : CLI_DAMAGED;
    }
    folder_close(&daemon->folder);
    free(daemon);
    return code;
}
