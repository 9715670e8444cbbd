#include "base/log.h"
#include "base/text.h"
#include "district-auditor/program.h"
#include "link/link.h"
#include "node/clock.h"
#include "node/loop.h"
#include "wire/json.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* follow: one conversation and one doorbell a hub, all in one loop. */

enum { TICK_MS = 200, REPLAY_ROUND = 200, RECEIVE_ROUND = 16, LINE_SIZE = 64 * 1024 };

struct followed {
    struct follow *follow;
    const struct hub_file *file;
    struct auditor *auditor;
    struct link_client *client;
    struct link_client *bell;
    bool connected;
    unsigned refusals; /* of our key, in a row */
    uint64_t rings;    /* of the doorbell */
    uint64_t rings_lost;
    uint64_t streamed; /* leaves written to the stream */
};

struct follow {
    const struct options *options;
    struct loop *loop;
    struct kv *kv;
    struct device device;
    struct hub_list *hubs;
    struct followed hub[HUBS_MAX];
    size_t count;
    enum err failed;
};

static bool send_frame(void *context, struct span frame)
{
    struct followed *hub = context;
    return link_client_send(hub->client, frame) == ERR_NONE;
}

static void reconnect(void *context)
{
    struct followed *hub = context;
    enum err err = link_client_reconnect(hub->client);
    hub->connected = false;
    auditor_disconnected(hub->auditor, clock_mono_ms());
    (void)err; /* tried again by the link itself */
}

static struct auditor_port port_of(struct followed *hub)
{
    return (struct auditor_port){hub, send_frame, reconnect};
}

static void note_failure(struct follow *follow, enum err err)
{
    if (err != ERR_NONE && follow->failed == ERR_NONE) {
        follow->failed = err;
        loop_stop(follow->loop);
    }
}

/* One event as a CloudEvents 1.0 structured JSON line. */
static void stream_leaf(struct followed *hub, uint64_t index, struct span bytes)
{
    struct wire_leaf leaf;
    struct wire_arena arena;
    struct buf line;
    uint8_t id[LIMIT_HASH_SIZE];
    struct wire_event *event = calloc(1, sizeof *event);
    buf_init(&line, LINE_SIZE);
    if (event != NULL && wire_leaf_decode(bytes, &leaf) == ERR_NONE && !leaf.is_void &&
        wire_arena_init(&arena, WIRE_EVENT_ARENA) == ERR_NONE) {
        if (wire_event_decode(leaf.envelope.body, &arena, event) == ERR_NONE) {
            seal_body_id(SEAL_EVENT, leaf.envelope.body, id);
            buf_put_text(&line, "{\"specversion\":\"1.0\",\"id\":\"");
            text_put_hex(&line, span_of(id, sizeof id));
            buf_put_format(&line,
                           "\",\"source\":\"/cn/%s\",\"type\":\"cn.jieli.event.v1\","
                           "\"datacontenttype\":\"application/json\",\"leafindex\":%llu,"
                           "\"hubms\":\"%llu\",\"verdict\":%u,\"refusal\":%u,\"data\":",
                           hub->file->trust.code, (unsigned long long)index,
                           (unsigned long long)leaf.hub_ms, leaf.verdict, leaf.refusal);
            enum err err = wire_event_to_json(event, &line);
            if (err == ERR_NONE && line.err == ERR_NONE) {
                (void)printf("%s}\n", buf_text(&line));
            }
        }
        wire_arena_done(&arena);
    }
    buf_done(&line);
    free(event);
}

static void stream(struct followed *hub)
{
    struct auditor_status status;
    struct kv_txn txn;
    struct buf bytes;
    const struct log *log = &auditor_fold(hub->auditor)->log;
    auditor_status(hub->auditor, &status);
    if (!hub->follow->options->json || hub->streamed >= status.replayed) {
        return;
    }
    buf_init(&bytes, LIMIT_LEAF_SIZE);
    kv_begin(hub->follow->kv, false, &txn);
    while (hub->streamed < status.replayed && log_leaf(log, &txn, hub->streamed, &bytes)) {
        stream_leaf(hub, hub->streamed, buf_span(&bytes));
        hub->streamed++;
    }
    kv_abort(&txn);
    buf_done(&bytes);
    (void)fflush(stdout);
}

/* True: there is more to replay. */
static bool replay(struct followed *hub)
{
    uint64_t done = 0;
    struct auditor_status status;
    note_failure(hub->follow, auditor_replay(hub->auditor, REPLAY_ROUND, &done));
    stream(hub);
    auditor_status(hub->auditor, &status);
    return done > 0 && status.replayed < status.mirrored;
}

static bool caught_up(struct followed *hub)
{
    struct auditor_status status;
    auditor_status(hub->auditor, &status);
    return auditor_idle(hub->auditor) && status.checkpoint_size > 0 &&
           status.replayed == status.mirrored && status.mirrored == status.checkpoint_size;
}

static void watch_link(struct followed *hub)
{
    struct auditor_port port = port_of(hub);
    bool connected = link_client_status(hub->client) == LINK_CONNECTED;
    if (connected && !hub->connected) {
        auditor_connected(hub->auditor, &port, clock_mono_ms());
    } else if (!connected && hub->connected) {
        auditor_disconnected(hub->auditor, clock_mono_ms());
    }
    hub->connected = connected;
}

/* In drills some doorbells are lost, spread evenly. */
static bool hears(struct followed *hub)
{
    enum { STEP = 37 }; /* no divisor of 100: visits each percent once */
    hub->rings++;
    bool lost = hub->rings * STEP % 100 < hub->follow->options->deafness;
    hub->rings_lost += lost ? 1 : 0;
    return !lost;
}

static void receive(struct followed *hub)
{
    struct span frame;
    struct auditor_port port = port_of(hub);
    watch_link(hub);
    for (int i = 0; i < RECEIVE_ROUND && link_client_receive(hub->client, &frame) == ERR_NONE;
         i++) {
        note_failure(hub->follow, auditor_frame(hub->auditor, &port, frame, clock_mono_ms()));
    }
    while (link_client_receive(hub->bell, &frame) == ERR_NONE) {
        if (hears(hub)) {
            auditor_doorbell(hub->auditor, frame, clock_mono_ms());
        }
    }
}

/* What is due, and what the replay found to be missing. True: there is more to receive. */
static bool act(struct followed *hub)
{
    struct auditor_port port = port_of(hub);
    note_failure(hub->follow, auditor_tick(hub->auditor, &port, clock_mono_ms()));
    return link_client_pending(hub->client) || link_client_pending(hub->bell);
}

static bool on_idle(void *context)
{
    struct follow *follow = context;
    bool more = false;
    bool all = true;
    for (size_t i = 0; i < follow->count; i++) {
        receive(&follow->hub[i]);
        more = replay(&follow->hub[i]) || more;
        more = act(&follow->hub[i]) || more;
        all = all && caught_up(&follow->hub[i]);
    }
    if (all && follow->options->once) {
        loop_stop(follow->loop);
    }
    return more && follow->failed == ERR_NONE;
}

/* Each tick also makes a round of the loop, so on_idle does all that is due. */
static void on_tick(void *context)
{
    enum { REFUSALS_TOLD = 3 }; /* a hub that starts refuses for a moment */
    struct follow *follow = context;
    for (size_t i = 0; i < follow->count; i++) {
        struct followed *hub = &follow->hub[i];
        unsigned refusals = link_client_tend(hub->client, clock_mono_ms());
        (void)link_client_tend(hub->bell, clock_mono_ms());
        if (refusals == REFUSALS_TOLD && hub->refusals < REFUSALS_TOLD) {
            log_warning("%s refuses our key; trying again, ever slower", hub->file->name);
        }
        hub->refusals = refusals;
    }
}

static void on_ready(void *context, unsigned events)
{
    (void)context;
    (void)events;
}

static enum err open_links(struct followed *hub)
{
    struct link_client_options options = {.kind = LINK_DIALOG,
                                          .endpoint = hub->file->bundle.endpoint,
                                          .reconnect_ms = 200,
                                          .reconnect_max_ms = 5000};
    memcpy(options.server_public, hub->file->trust.curve_key, LINK_KEY_SIZE);
    memcpy(options.secret, hub->follow->device.curve_secret, LINK_KEY_SIZE);
    seal_random(&options.seed, sizeof options.seed);
    enum err err = link_client_open(&options, &hub->client);
    options.kind = LINK_DOORBELL;
    options.endpoint = hub->file->bundle.bell_endpoint;
    if (err == ERR_NONE) {
        err = link_client_open(&options, &hub->bell);
    }
    explicit_bzero(&options, sizeof options);
    struct loop *loop = hub->follow->loop;
    if (err == ERR_NONE) {
        err = loop_add_fd(loop, link_client_fd(hub->client), LOOP_READ, on_ready, hub);
    }
    if (err == ERR_NONE) {
        err = loop_add_fd(loop, link_client_fd(hub->bell), LOOP_READ, on_ready, hub);
    }
    return err;
}

static enum err open_hub(struct follow *follow, const struct hub_file *file)
{
    struct followed *hub = &follow->hub[follow->count++];
    struct auditor_status status;
    hub->follow = follow;
    hub->file = file;
    enum err err = hub_auditor_open(file, follow->kv, clock_mono_ms(), &hub->auditor);
    if (err != ERR_NONE) {
        return err;
    }
    auditor_status(hub->auditor, &status);
    hub->streamed = status.replayed;
    return open_links(hub);
}

static enum err open_all(struct follow *follow)
{
    char path[FILES_PATH_SIZE];
    enum err err = device_open(follow->options->directory, &follow->device);
    if (err == ERR_NONE) {
        err = device_path(follow->options->directory, "store", path);
    }
    if (err == ERR_NONE) {
        err = kv_open(path, NULL, &follow->kv);
    }
    if (err == ERR_NONE) {
        err = hubs_read(follow->options, follow->hubs);
    }
    if (err == ERR_NONE) {
        err = loop_new(&follow->loop);
    }
    if (err == ERR_NONE) {
        err = loop_watch_signals(follow->loop, NULL, NULL);
    }
    if (err == ERR_NONE) {
        err = link_init();
    }
    for (size_t i = 0; err == ERR_NONE && i < follow->hubs->count; i++) {
        err = open_hub(follow, &follow->hubs->hub[i]);
    }
    if (err == ERR_NONE) {
        err = loop_add_timer(follow->loop, TICK_MS, TICK_MS, on_tick, follow, NULL);
    }
    return err != ERR_NONE ? err : loop_add_idle(follow->loop, on_idle, follow);
}

static void close_all(struct follow *follow)
{
    for (size_t i = 0; i < follow->count; i++) {
        auditor_close(follow->hub[i].auditor);
        link_client_close(follow->hub[i].client);
        link_client_close(follow->hub[i].bell);
    }
    link_done();
    loop_free(follow->loop);
    kv_close(follow->kv);
    device_close(&follow->device);
    free(follow->hubs);
    free(follow);
}

static int tell_end(const struct followed *hub)
{
    const struct options *options = hub->follow->options;
    if (!options->once) {
        log_info("%s: %llu doorbells, %llu not heard", hub->file->name,
                 (unsigned long long)hub->rings, (unsigned long long)hub->rings_lost);
    }
    return options->json ? EXIT_OK : print_verified(options, hub->file->name, hub->auditor);
}

int command_follow(const struct options *options)
{
    struct follow *follow = calloc(1, sizeof *follow);
    int code = EXIT_OK;
    if (follow == NULL) {
        return EXIT_TEMPORARY;
    }
    follow->options = options;
    follow->hubs = calloc(1, sizeof *follow->hubs);
    enum err err = follow->hubs == NULL ? ERR_MEMORY : open_all(follow);
    if (err == ERR_NONE && follow->count == 0) {
        err = ERR_NOT_FOUND;
    }
    if (err == ERR_NONE) {
        err = loop_run(follow->loop);
    }
    if (err == ERR_NONE) {
        err = follow->failed;
    }
    for (size_t i = 0; err == ERR_NONE && i < follow->count; i++) {
        int one = tell_end(&follow->hub[i]);
        code = one > code ? one : code;
    }
    close_all(follow);
    return err == ERR_NONE ? code : fail(options, err, "follow");
}
