#include "tests/bench/station_line.h"

#include "tests/bench/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 10 * 1000 * 1000, QUEUE = 64 };

static const uint64_t START_MS = 1789689600000;

enum { SIGNER_HUB = 1, SIGNER_WORKER = 21, SIGNER_STATION = 100, HUB_ID_BYTE = 42 };

static enum err open_station(struct kv *kv, struct signer *hub, struct signer *device,
                             struct station **ret_station)
{
    uint8_t hub_id[LIMIT_ID_SIZE];
    struct station_options options = {.kv = kv,
                                      .hub = hub_id,
                                      .hub_device = signer_key_id_view(hub),
                                      .hub_public = signer_public_view(hub),
                                      .origin_prefix = TOWN_ORIGIN_PREFIX,
                                      .signer = device,
                                      .random = 7};
    memset(hub_id, HUB_ID_BYTE, sizeof hub_id);
    memset(options.boot, 4, sizeof options.boot);
    return station_open(&options, 1000, ret_station);
}

enum err station_line_open_alone(struct kv *kv, struct station **ret_station)
{
    must(seal_init() == ERR_NONE, "libsodium");
    return open_station(kv, town_signer(SIGNER_HUB), town_signer(SIGNER_STATION), ret_station);
}

/* --- The hub's side --- */

struct hub_side {
    struct town *town;
    struct sync_frame *frame;
    struct wire_arena arena;
};

/* One message: wall clock u64, size u32, bytes. False: the other end is gone. */
static bool receive(int socket, uint64_t *ret_now_ms, struct buf *ret)
{
    uint8_t head[12];
    buf_clear(ret);
    if (recv(socket, head, sizeof head, MSG_WAITALL) != (ssize_t)sizeof head) {
        return false;
    }
    *ret_now_ms = get_u64(head);
    size_t size = get_u32(head + 8);
    uint8_t *room = buf_grow(ret, size);
    return room != NULL && recv(socket, room, size, MSG_WAITALL) == (ssize_t)size;
}

static void transmit(int socket, uint64_t now_ms, struct span bytes)
{
    uint8_t head[12];
    put_u64(head, now_ms);
    put_u32(head + 8, (uint32_t)bytes.size);
    must(send(socket, head, sizeof head, MSG_NOSIGNAL) == (ssize_t)sizeof head, "send");
    size_t sent = 0;
    while (sent < bytes.size) {
        ssize_t part = send(socket, bytes.data + sent, bytes.size - sent, MSG_NOSIGNAL);
        must(part > 0, "send");
        sent += (size_t)part;
    }
}

static enum err answer_push(struct hub_side *side, struct buf *reply)
{
    struct town *town = side->town;
    struct hub_push *push = NULL;
    enum err err = hub_push_new(signer_key_id_view(town->station), &side->frame->push, &push);
    if (err == ERR_NONE) {
        hub_push_check(town->hub, push);
        err = hub_ingest(town->hub, &push, 1, town->now_ms);
        buf_put_span(reply, hub_push_reply_view(push));
    }
    hub_push_free(push);
    return err;
}

/* What the hub's shell does with a frame of the station. */
static void serve(struct hub_side *side, struct span bytes, struct buf *reply)
{
    struct town *town = side->town;
    struct sync_frame *frame = side->frame;
    const uint8_t *device = signer_key_id_view(town->station);
    uint64_t unused = 0;
    bool ok = false;
    enum err err = wire_frame_decode(bytes, &side->arena, frame);
    if (err == ERR_NONE && frame->kind == SYNC_HELLO) {
        err = hub_welcome(town->hub, device, &frame->hello, town->now_ms, reply, &ok, &unused,
                          &unused);
    } else if (err == ERR_NONE && frame->kind == SYNC_PUSH) {
        err = answer_push(side, reply);
    } else if (err == ERR_NONE && frame->kind == SYNC_PULL) {
        err = hub_pull(town->hub, device, &frame->pull, reply);
    } else if (err == ERR_NONE && frame->kind == SYNC_BLOB_GET) {
        err = hub_blob_get(town->hub, frame->blob.hash, true, reply);
    }
    must(err == ERR_NONE && reply->size > 0, "answer of the hub");
}

static _Noreturn void run_hub(int socket)
{
    struct hub_side side = {.town = town_open(START_MS), .frame = calloc(1, sizeof *side.frame)};
    struct buf in;
    struct buf reply;
    uint64_t now_ms = 0;
    buf_init(&in, LIMIT_FRAME_SIZE);
    buf_init(&reply, LIMIT_FRAME_SIZE);
    must(side.frame != NULL && wire_arena_init(&side.arena, WIRE_FRAME_ARENA) == ERR_NONE,
         "memory");
    while (receive(socket, &now_ms, &in)) {
        side.town->now_ms = now_ms > side.town->now_ms ? now_ms : side.town->now_ms;
        buf_clear(&reply);
        serve(&side, buf_span(&in), &reply);
        transmit(socket, side.town->now_ms, buf_span(&reply));
    }
    town_close(side.town);
    _Exit(0);
}

/* --- The station's side --- */

struct station_line *station_line_new(void)
{
    int sockets[2];
    struct station_line *line = calloc(1, sizeof *line);
    must(line != NULL && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == 0, "pair");
    must(seal_init() == ERR_NONE, "libsodium");
    line->hub = fork();
    must(line->hub >= 0, "fork");
    if (line->hub == 0) {
        (void)close(sockets[0]);
        run_hub(sockets[1]);
    }
    (void)close(sockets[1]);
    line->socket = sockets[0];
    line->now_ms = START_MS + 3600000;
    line->mono_ms = 1000;
    line->hub_signer = town_signer(SIGNER_HUB);
    line->device = town_signer(SIGNER_STATION);
    line->worker = town_signer(SIGNER_WORKER);
    return line;
}

void station_line_free(struct station_line *line)
{
    (void)close(line->socket);
    (void)waitpid(line->hub, NULL, 0);
    signer_free(line->hub_signer);
    signer_free(line->device);
    signer_free(line->worker);
    free(line);
}

void station_line_open(struct station_line *line, const char *directory)
{
    must(kv_open(directory, NULL, &line->kv) == ERR_NONE, "store");
    must(open_station(line->kv, line->hub_signer, line->device, &line->station) == ERR_NONE,
         "station");
    station_set_clock_quality(line->station, 1);
}

static void drop_queue(struct station_line *line)
{
    for (size_t i = 0; i < line->queued; i++) {
        buf_done(&line->queue[i]);
    }
    line->queued = 0;
}

void station_line_close(struct station_line *line)
{
    drop_queue(line);
    station_close(line->station);
    kv_close(line->kv);
}

static bool send_frame(void *context, struct span bytes)
{
    struct station_line *line = context;
    uint64_t now_ms = 0;
    if (line->queued == QUEUE) {
        return false;
    }
    struct buf *reply = &line->queue[line->queued++];
    buf_init(reply, LIMIT_FRAME_SIZE);
    transmit(line->socket, line->now_ms, bytes);
    must(receive(line->socket, &now_ms, reply), "hub");
    line->now_ms = now_ms > line->now_ms ? now_ms : line->now_ms;
    return true;
}

static void ask_reconnect(void *context)
{
    struct station_line *line = context;
    line->reconnect = true;
}

static void deliver(struct station_line *line, const struct station_port *port)
{
    struct buf frame = line->queue[0];
    line->queued--;
    memmove(&line->queue[0], &line->queue[1], line->queued * sizeof line->queue[0]);
    must(station_frame(line->station, port, buf_span(&frame), line->mono_ms, line->now_ms) ==
             ERR_NONE,
         "frame");
    buf_done(&frame);
}

static bool is_quiet(const struct station_line *line)
{
    const struct sync_station *session = station_session_view(line->station);
    return line->queued == 0 && sync_station_idle(session) && session->wanted == 0 &&
           session->blob == SYNC_NONE && session->common.due_ms > line->mono_ms + 2000;
}

void station_line_sync(struct station_line *line)
{
    struct station_port port = {line, send_frame, ask_reconnect};
    station_connected(line->station, &port, line->mono_ms);
    for (size_t i = 0; i < ROUNDS; i++) {
        if (line->reconnect) {
            line->reconnect = false;
            drop_queue(line);
            station_connected(line->station, &port, line->mono_ms);
        } else if (line->queued > 0) {
            deliver(line, &port);
        } else if (is_quiet(line)) {
            station_disconnected(line->station, line->mono_ms);
            return;
        } else {
            uint64_t due = station_deadline(line->station);
            must(due != SYNC_NEVER, "waiting");
            line->mono_ms = due > line->mono_ms ? due : line->mono_ms;
            must(station_tick(line->station, &port, line->mono_ms, line->now_ms) == ERR_NONE,
                 "tick");
        }
    }
    must(false, "end of the talk");
}

void station_line_write(struct station_line *line, const struct town_act *act)
{
    struct author_draft draft;
    struct fold_verdict verdict;
    uint8_t id[LIMIT_HASH_SIZE];
    uint64_t seq = 0;
    memset(&draft, 0, sizeof draft);
    memcpy(draft.record, act->record, sizeof draft.record);
    draft.payload = act->payload;
    draft.facts = &act->facts;
    line->now_ms += 20000;
    draft.claimed_ms = line->now_ms;
    draft.mono_ms = line->now_ms;
    enum err err = station_submit(line->station, &draft, line->worker, line->now_ms, NULL, 0,
                                  &verdict, id, &seq);
    if (err != ERR_NONE || verdict.verdict != WIRE_ACCEPTED) {
        (void)fprintf(stderr, "station_line: %s, verdict %d, refusal %u\n", err_name(err),
                      (int)verdict.verdict, verdict.refusal);
        _Exit(2);
    }
}
