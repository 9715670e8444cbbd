#include "township-hub/daemon.h"

#include "base/log.h"
#include "base/text.h"
#include "township-hub/flights.h"
#include "township-hub/writer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RECEIVE_ROUND = 16, /* frames taken before others get their turn: the writer, too */
    TICK_MS = 1000,
    RING_TICKS = 15 /* who missed a doorbell hears it so much later */
};
struct daemon {
    struct daemon_options options;
    struct sync_options sync;
    struct link_server *server;
    struct link_bell *bell;
    struct workers *workers;
    struct writer *writer;
    struct peers *peers;
    struct flights flights;
    uint64_t tick_timer;
    struct wire_arena arena;
    struct sync_frame frame;
    struct buf out;
    bool holding; /* some peer's held is not empty */
    bool lost;    /* what hub_is_lost said when the mind was last here */
    struct daemon_counts counts;
    uint64_t rung_size;
    unsigned ticks;
};

static void send(struct daemon *daemon, struct peer *peer, struct span frame)
{
    daemon->holding = peer_send(peer, daemon->server, frame) || daemon->holding;
}

void daemon_ring(struct daemon *daemon)
{
    struct buf payload;
    uint64_t size = hub_size(daemon->options.hub);
    if (size == daemon->rung_size) {
        return;
    }
    daemon->rung_size = size;
    buf_init(&payload, 64);
    wire_doorbell_encode(hub_epoch(daemon->options.hub), size, &payload);
    enum err err = link_bell_ring(daemon->bell, buf_span(&payload));
    (void)err; /* a lost doorbell costs time, not truth */
    buf_done(&payload);
}

static void set_credit(struct daemon *daemon)
{
    hub_set_credit(daemon->options.hub, flights_credit(&daemon->flights, daemon->sync.credit));
}

static void on_checked(void *context)
{
    struct flight *flight = context;
    struct daemon *daemon = flight->daemon;
    flights_checked(&daemon->flights, flight);
}

static void run_check(void *context)
{
    struct flight *flight = context;
    const struct daemon *daemon = flight->daemon;
    hub_push_check(daemon->options.hub, flight->push);
}

static void send_nack(struct daemon *daemon, struct peer *peer, enum sync_nack_reason reason,
                      const struct sync_hub_action *action)
{
    struct sync_nack_body nack = {.incarnation = action->incarnation,
                                  .first_seq = action->first_seq,
                                  .reason = reason,
                                  .wanted_seq = action->wanted_seq,
                                  .hub_ms = daemon->options.wall_ms()};
    memcpy(nack.hub, daemon->options.hub_id, LIMIT_ID_SIZE);
    memcpy(nack.device, peer->device, LIMIT_KEY_SIZE);
    buf_clear(&daemon->out);
    daemon->counts.nacks++;
    if (hub_nack(daemon->options.hub, &nack, &daemon->out) == ERR_NONE) {
        send(daemon, peer, buf_span(&daemon->out));
    }
}

static void start_ingest(struct daemon *daemon, struct peer *peer,
                         const struct sync_hub_action *action)
{
    struct flight *flight = NULL;
    enum err err = flights_new(&daemon->flights, peer, &action->frame->push, &flight);
    if (err == ERR_NONE) {
        flight->daemon = daemon;
        flight->job = (struct workers_job){run_check, on_checked, flight, NULL};
        err = workers_push(daemon->workers, &flight->job);
    }
    if (err != ERR_NONE) {
        flight_free(flight);
        send_nack(daemon, peer, SYNC_NACK_BUSY, action);
        sync_hub_ingested(&peer->session, false);
        return;
    }
    flights_add(&daemon->flights, flight);
    daemon->counts.pushes++;
}

static void answer_hello(struct daemon *daemon, struct peer *peer,
                         const struct sync_hub_action *action)
{
    bool ok = false;
    uint64_t incarnation = 0;
    uint64_t seq = 0;
    uint64_t now = daemon->options.wall_ms();
    peer_greeted(peer, action->hello, now);
    set_credit(daemon);
    buf_clear(&daemon->out);
    enum err err = hub_welcome(daemon->options.hub, peer->device, action->hello, now, &daemon->out,
                               &ok, &incarnation, &seq);
    if (err == ERR_NONE) {
        send(daemon, peer, buf_span(&daemon->out));
    }
    sync_hub_greeted(&peer->session, err == ERR_NONE && ok, incarnation, seq);
}

static void answer_pull(struct daemon *daemon, struct peer *peer,
                        const struct sync_hub_action *action)
{
    buf_clear(&daemon->out);
    enum err err = hub_pull(daemon->options.hub, peer->device, &action->frame->pull, &daemon->out);
    if (err == ERR_NONE) {
        send(daemon, peer, buf_span(&daemon->out));
    } else {
        log_error("leaves cannot be read: %s", err_name(err));
    }
    sync_hub_pulled(&peer->session);
}

static void answer_blob(struct daemon *daemon, struct peer *peer,
                        const struct sync_hub_action *action)
{
    bool stores = action->kind == SYNC_HUB_STORE_BLOB;
    bool sealed_too = peer->session.role == SYNC_ROLE_STATION;
    buf_clear(&daemon->out);
    enum err err = stores ? hub_blob_put(daemon->options.hub, &action->frame->blob, &daemon->out)
                          : hub_blob_get(daemon->options.hub, action->frame->blob.hash, sealed_too,
                                         &daemon->out);
    if (err == ERR_NONE) {
        send(daemon, peer, buf_span(&daemon->out));
    }
    sync_hub_blob_done(&peer->session);
}

/* By a group, or by a command that wrote an event of the hub's own. Then nothing of the mind may be
 * used any more, and the loop is about to end. */
static bool is_lost(struct daemon *daemon)
{
    if (!writer_works(daemon->writer)) {
        daemon->lost = hub_is_lost(daemon->options.hub);
    }
    return daemon->lost;
}

/* False: the peer was dropped. */
static bool carry_out(struct daemon *daemon, struct peer *peer,
                      const struct sync_hub_action *action)
{
    switch (action->kind) {
    case SYNC_HUB_ANSWER_HELLO:
        answer_hello(daemon, peer, action);
        return true;
    case SYNC_HUB_INGEST:
        start_ingest(daemon, peer, action);
        return true;
    case SYNC_HUB_ANSWER_PULL:
        answer_pull(daemon, peer, action);
        return true;
    case SYNC_HUB_STORE_BLOB:
    case SYNC_HUB_ANSWER_BLOB_GET:
        answer_blob(daemon, peer, action);
        return true;
    case SYNC_HUB_SEND_NACK:
        send_nack(daemon, peer, action->reason, action);
        return true;
    case SYNC_HUB_DROP_PEER:
        peers_drop(daemon->peers, peer);
        return false;
    case SYNC_HUB_NONE:
        return true;
    }
    return true;
}

static void drain(struct daemon *daemon, struct peer *peer)
{
    struct sync_hub_action action;
    bool there = true;
    while (there && !is_lost(daemon) && sync_hub_next(&peer->session, &action)) {
        there = carry_out(daemon, peer, &action);
    }
}

static enum sync_role role_of(struct daemon *daemon, const uint8_t *device)
{
    const struct directory *directory = world_directory(hub_fold(daemon->options.hub)->world);
    if (directory_station(directory, device) != NULL) {
        return SYNC_ROLE_STATION;
    }
    return daemon->options.is_auditor(daemon->options.context, device) ? SYNC_ROLE_AUDITOR
                                                                       : SYNC_ROLE_NONE;
}

/* What daemon->frame says, to the session of its peer. */
static void hear(struct daemon *daemon, struct peer *peer, uint64_t now)
{
    struct sync_head_body head;
    const struct sync_head *claimed = NULL;
    if (daemon->frame.kind == SYNC_HELLO) {
        claimed = &daemon->frame.hello.head;
    } else if (daemon->frame.kind == SYNC_PUSH) {
        claimed = &daemon->frame.push.head;
    }
    bool readable =
        claimed != NULL && claimed->present && wire_head_decode(claimed->body, &head) == ERR_NONE;
    sync_hub_frame(&peer->session, &daemon->frame, readable ? &head : NULL, now);
}

static struct peer *meet(struct daemon *daemon, const struct link_peer *id, const uint8_t *device,
                         uint64_t now)
{
    struct peer *peer = peers_add(daemon->peers, id, device);
    if (peer != NULL) {
        sync_hub_init(&peer->session, &daemon->sync, role_of(daemon, device),
                      daemon->options.hub_id, device, now);
    }
    return peer;
}

/* Only a push from somebody known can be heard while a group is being written: to check it needs
 * nothing of the mind but what hub_push_check locks. */
static void on_frame(struct daemon *daemon, const struct link_frame *in)
{
    uint8_t device[LIMIT_KEY_SIZE];
    uint64_t now = daemon->options.mono_ms();
    if (text_get_hex(span_text(in->user), device, sizeof device) != ERR_NONE) {
        return;
    }
    bool malformed = wire_frame_decode(in->payload, &daemon->arena, &daemon->frame) != ERR_NONE;
    struct peer *peer = peers_find(daemon->peers, &in->peer, device);
    if (malformed || daemon->frame.kind != SYNC_PUSH || peer == NULL) {
        if (!daemon_settle(daemon)) {
            return;
        }
        peer = peers_find(daemon->peers, &in->peer, device);
        peer = peer != NULL ? peer : meet(daemon, &in->peer, device, now);
    }
    if (peer == NULL) {
        return; /* full: it will come again */
    }
    peer->contact.last_ms = daemon->options.wall_ms();
    sync_hub_busy(&peer->session, flights_full(&daemon->flights));
    if (malformed) {
        daemon->counts.malformed++;
        sync_hub_malformed(&peer->session, now);
    } else {
        hear(daemon, peer, now);
    }
    drain(daemon, peer);
}

static void answer_push(struct daemon *daemon, struct flight *flight, enum err err)
{
    struct peer *peer = flight_peer(flight);
    bool ok = err == ERR_NONE && hub_push_accepted(flight->push);
    daemon->counts.events += ok ? hub_push_count(flight->push) : 0;
    if (peer == NULL) {
        return;
    }
    struct span reply = hub_push_reply_view(flight->push);
    if (err == ERR_NONE && reply.size > 0) {
        send(daemon, peer, reply);
    }
    sync_hub_ingested(&peer->session, ok);
}

/* A group has been written, and the mind is the loop's again. */
static void on_written(void *context, size_t count, enum err err)
{
    struct daemon *daemon = context;
    daemon->counts.groups++;
    if (err != ERR_NONE) {
        daemon->counts.store_errors++;
        log_error("commit of %zu pushes failed: %s; stations send again", count, err_name(err));
    }
    for (size_t i = 0; i < count; i++) {
        answer_push(daemon, daemon->flights.flight[i], err);
    }
    daemon_ring(daemon);
    for (size_t i = 0; i < count; i++) {
        struct flight *flight = daemon->flights.flight[i];
        struct peer *peer = flight_peer(flight);
        if (peer != NULL) {
            drain(daemon, peer);
        }
        flight_free(flight);
    }
}

bool daemon_settle(struct daemon *daemon)
{
    writer_settle(daemon->writer);
    return !is_lost(daemon);
}

/* Hands what is checked to the writer, unless it still has a group. */
static void commit_group(struct daemon *daemon)
{
    if (is_lost(daemon) || writer_works(daemon->writer) || !flights_due(&daemon->flights)) {
        return;
    }
    size_t count = flights_take(&daemon->flights);
    if (count > 0) {
        set_credit(daemon);
        writer_start(daemon->writer, daemon->flights.push, count, daemon->options.wall_ms());
    }
}

static bool on_idle(void *context)
{
    struct daemon *daemon = context;
    struct link_frame frame;
    if (is_lost(daemon)) {
        log_error("the store cannot be read any more; the hub ends");
        loop_stop(daemon->options.loop);
        return false;
    }
    /* The socket wakes the loop when a line has room again. */
    daemon->holding = daemon->holding && peers_send_held(daemon->peers, daemon->server);
    commit_group(daemon);
    for (int i = 0; i < RECEIVE_ROUND && !is_lost(daemon); i++) {
        if (link_server_receive(daemon->server, &frame) != ERR_NONE) {
            break;
        }
        on_frame(daemon, &frame);
    }
    commit_group(daemon);
    return is_lost(daemon) || link_server_pending(daemon->server);
}

static void on_readable(void *context, unsigned events)
{
    (void)context;
    (void)events;
}

static void tick_peer(void *context, struct peer *peer)
{
    struct daemon *daemon = context;
    sync_hub_tick(&peer->session, daemon->options.mono_ms());
    drain(daemon, peer);
}

static void on_tick(void *context)
{
    struct daemon *daemon = context;
    flights_tick(&daemon->flights);
    if (daemon_settle(daemon)) {
        peers_each(daemon->peers, tick_peer, daemon);
        daemon->ticks = (daemon->ticks + 1) % RING_TICKS;
        daemon->rung_size = daemon->ticks == 0 ? 0 : daemon->rung_size;
        daemon_ring(daemon);
    }
}

static enum err open_sockets(struct daemon *daemon)
{
    const struct daemon_options *options = &daemon->options;
    struct link_server_options link = {.endpoint = options->endpoint};
    memcpy(link.secret, options->curve_secret, LINK_KEY_SIZE);
    enum err err = link_server_open(&link, &daemon->server);
    explicit_bzero(&link, sizeof link);
    if (err == ERR_NONE) {
        err = link_server_selftest(daemon->server, 10000);
    }
    if (err == ERR_NONE) {
        err = link_bell_open(daemon->server, options->bell_endpoint, &daemon->bell);
    }
    if (err == ERR_NONE) {
        err = loop_add_fd(options->loop, link_server_fd(daemon->server), LOOP_READ, on_readable,
                          daemon);
    }
    if (err == ERR_NONE) {
        err = loop_add_idle(options->loop, on_idle, daemon);
    }
    return err;
}

static unsigned default_workers(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > 16 ? 16 : (unsigned)cores;
}

enum err daemon_open(const struct daemon_options *options, struct daemon **ret_daemon)
{
    struct daemon *daemon = calloc(1, sizeof *daemon);
    if (daemon == NULL) {
        return ERR_MEMORY;
    }
    daemon->options = *options;
    daemon->sync = options->sync == NULL ? sync_options_default() : *options->sync;
    buf_init(&daemon->out, LIMIT_FRAME_SIZE);
    unsigned workers = options->worker_count == 0 ? default_workers() : options->worker_count;
    flights_init(&daemon->flights, workers);
    enum err err = wire_arena_init(&daemon->arena, WIRE_FRAME_ARENA);
    if (err == ERR_NONE) {
        err = peers_new(&daemon->peers);
    }
    if (err == ERR_NONE) {
        err = workers_new(options->loop, workers, FLIGHTS_COUNT, FLIGHTS_NICE, &daemon->workers);
    }
    if (err == ERR_NONE) {
        err = writer_new(options->loop, options->hub, workers - 1, on_written, daemon,
                         &daemon->writer);
    }
    if (err == ERR_NONE) {
        err = open_sockets(daemon);
    }
    if (err == ERR_NONE) {
        err = loop_add_timer(options->loop, TICK_MS, TICK_MS, on_tick, daemon, &daemon->tick_timer);
    }
    if (err != ERR_NONE) {
        daemon_close(daemon);
        return err;
    }
    *ret_daemon = daemon;
    return ERR_NONE;
}

void daemon_close(struct daemon *daemon)
{
    if (daemon == NULL) {
        return;
    }
    loop_cancel_timer(daemon->options.loop, daemon->tick_timer);
    loop_remove_idle(daemon->options.loop, on_idle, daemon);
    writer_free(daemon->writer);
    workers_free(daemon->workers);
    flights_done(&daemon->flights);
    if (daemon->server != NULL) {
        loop_remove_fd(daemon->options.loop, link_server_fd(daemon->server));
    }
    link_bell_close(daemon->bell);
    link_server_close(daemon->server);
    peers_free(daemon->peers);
    wire_arena_done(&daemon->arena);
    buf_done(&daemon->out);
    free(daemon);
}

const char *daemon_endpoint_view(const struct daemon *daemon)
{
    return link_server_endpoint_view(daemon->server);
}

const char *daemon_bell_endpoint_view(const struct daemon *daemon)
{
    return link_bell_endpoint_view(daemon->bell);
}

enum err daemon_allow(struct daemon *daemon, const uint8_t device[LIMIT_KEY_SIZE],
                      const uint8_t curve_key[LINK_KEY_SIZE])
{
    struct buf user;
    buf_init(&user, LINK_USER_SIZE);
    text_put_hex(&user, span_of(device, LIMIT_KEY_SIZE));
    enum err err = link_server_allow(daemon->server, curve_key, buf_text(&user));
    buf_done(&user);
    return err;
}

void daemon_revoke(struct daemon *daemon, const uint8_t curve_key[LINK_KEY_SIZE])
{
    link_server_revoke(daemon->server, curve_key);
}

size_t daemon_contacts(const struct daemon *daemon, struct daemon_contact *ret, size_t limit)
{
    return peers_contacts(daemon->peers, ret, limit);
}

void daemon_counts(const struct daemon *daemon, struct daemon_counts *ret)
{
    *ret = daemon->counts;
}
