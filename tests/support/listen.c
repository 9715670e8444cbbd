#include "tests/support/listen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(condition) ((condition) ? (void)0 : must_failed(__LINE__, #condition))

static _Noreturn void must_failed(int line, const char *condition)
{
    (void)fprintf(stderr, "listen.c:%d: %s\n", line, condition);
    _Exit(2);
}

static void answer(struct listener *listener, const struct sync_frame *frame)
{
    static const uint8_t device[LIMIT_KEY_SIZE] = {77};
    struct hub *hub = listener->town->hub;
    bool ok = false;
    uint64_t incarnation = 0;
    uint64_t seq = 0;
    MUST(listener->waiting_count < sizeof listener->waiting / sizeof *listener->waiting);
    struct buf *out = &listener->waiting[listener->waiting_count];
    buf_init(out, LIMIT_FRAME_SIZE);
    if (frame->kind == SYNC_HELLO) {
        MUST(hub_welcome(hub, device, &frame->hello, listener->town->now_ms, out, &ok, &incarnation,
                         &seq) == ERR_NONE);
    } else if (frame->kind == SYNC_PULL) {
        MUST(hub_pull(hub, device, &frame->pull, out) == ERR_NONE);
    } else {
        MUST(frame->kind == SYNC_BLOB_GET);
        MUST(hub_blob_get(hub, frame->blob.hash, false, out) == ERR_NONE);
    }
    listener->answers++;
    if (listener->lose_every != 0 && listener->answers % listener->lose_every == 0) {
        buf_done(out);
        return;
    }
    listener->waiting_count++;
}

static bool send_frame(void *context, struct span bytes)
{
    struct wire_arena arena;
    struct sync_frame *frame = calloc(1, sizeof *frame);
    MUST(frame != NULL && wire_arena_init(&arena, WIRE_FRAME_ARENA) == ERR_NONE);
    MUST(wire_frame_decode(bytes, &arena, frame) == ERR_NONE);
    answer(context, frame);
    wire_arena_done(&arena);
    free(frame);
    return true;
}

static void drop_line(void *context)
{
    struct listener *listener = context;
    for (size_t i = 0; i < listener->waiting_count; i++) {
        buf_done(&listener->waiting[i]);
    }
    listener->waiting_count = 0;
    auditor_disconnected(listener->auditor, listener->mono_ms);
}

static struct auditor_port port_of(struct listener *listener)
{
    return (struct auditor_port){listener, send_frame, drop_line};
}

static void open_mind(struct listener *listener)
{
    struct town *town = listener->town;
    struct auditor_options options = {.kv = town->kv,
                                      .slot = 1,
                                      .hub = town->hub_id,
                                      .hub_device = signer_key_id_view(town->hub_signer),
                                      .hub_public = signer_public_view(town->hub_signer),
                                      .origin_prefix = TOWN_ORIGIN_PREFIX,
                                      .random = 5,
                                      .thread_count = 2};
    MUST(auditor_open(&options, listener->mono_ms, &listener->auditor) == ERR_NONE);
}

struct listener *listen_open(struct town *town)
{
    struct listener *listener = calloc(1, sizeof *listener);
    MUST(listener != NULL);
    listener->town = town;
    listener->mono_ms = 1000;
    open_mind(listener);
    return listener;
}

void listen_close(struct listener *listener)
{
    drop_line(listener);
    auditor_close(listener->auditor);
    free(listener);
}

void listen_restart(struct listener *listener)
{
    drop_line(listener);
    auditor_close(listener->auditor);
    open_mind(listener);
}

static void deliver(struct listener *listener, const struct auditor_port *port)
{
    struct buf frame = listener->waiting[0];
    listener->waiting_count--;
    memmove(listener->waiting, listener->waiting + 1,
            listener->waiting_count * sizeof *listener->waiting);
    MUST(auditor_frame(listener->auditor, port, buf_span(&frame), listener->mono_ms) == ERR_NONE);
    buf_done(&frame);
}

void listen_rounds(struct listener *listener, unsigned count)
{
    struct auditor_port port = port_of(listener);
    for (unsigned round = 0; round < count; round++) {
        uint64_t done = 0;
        listener->mono_ms += 500;
        if (listener->waiting_count > 0) {
            deliver(listener, &port);
        } else {
            auditor_connected(listener->auditor, &port, listener->mono_ms);
        }
        MUST(auditor_replay(listener->auditor, 50, &done) == ERR_NONE);
        MUST(auditor_tick(listener->auditor, &port, listener->mono_ms) == ERR_NONE);
    }
}

void listen_catch_up(struct listener *listener)
{
    struct auditor_status status;
    for (int round = 0; round < 20000; round++) {
        listen_rounds(listener, 1);
        auditor_status(listener->auditor, &status);
        if (listener->waiting_count == 0 && auditor_idle(listener->auditor) &&
            status.replayed == hub_size(listener->town->hub)) {
            return;
        }
    }
    MUST(false);
}
