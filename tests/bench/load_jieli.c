/* Our hub: what a station does, frames over CURVE, at most as many unanswered as the hub grants. */
#include "desk/device.h"
#include "link/link.h"
#include "tests/bench/load.h"
#include "wire/trust.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct jieli {
    struct load_share *share;
    struct device device;
    struct wire_trust trust;
    struct link_client *client;
    struct events_chain chain;
    struct buf frames;
    size_t *ends; /* of each frame within frames */
    size_t frame_count;
    size_t next;
    struct wire_arena arena;
    struct sync_frame frame;
};

static void read_bundle(struct jieli *jieli, const char *path)
{
    struct wire_bundle bundle;
    struct buf file;
    buf_init(&file, WIRE_TRUST_SIZE);
    if (files_read(path, &file) != ERR_NONE ||
        wire_bundle_open(buf_span(&file), NULL, &bundle, &jieli->trust) != ERR_NONE) {
        load_give_up("cannot read the bundle");
    }
    buf_done(&file);
}

/* Waits until there is something to receive. */
static void wait_for_frame(struct jieli *jieli)
{
    struct pollfd look = {link_client_fd(jieli->client), POLLIN, 0};
    if (!link_client_pending(jieli->client)) {
        (void)poll(&look, 1, 1000);
    }
}

static void dial(struct jieli *jieli)
{
    struct link_client_options options = {.kind = LINK_DIALOG,
                                          .endpoint = jieli->share->options->hub,
                                          .reconnect_ms = 100,
                                          .reconnect_max_ms = 1000};
    memcpy(options.server_public, jieli->trust.curve_key, LINK_KEY_SIZE);
    memcpy(options.secret, jieli->device.curve_secret, LINK_KEY_SIZE);
    if (link_client_open(&options, &jieli->client) != ERR_NONE) {
        load_give_up("cannot dial");
    }
    for (int i = 0; i < 1000 && link_client_status(jieli->client) == LINK_CONNECTING; i++) {
        struct pollfd look = {link_client_fd(jieli->client), POLLIN, 0};
        (void)link_client_pending(jieli->client);
        (void)poll(&look, 1, 10);
    }
    if (link_client_status(jieli->client) != LINK_CONNECTED) {
        load_give_up("the hub does not let this station in");
    }
}

static void send_bytes(struct jieli *jieli, struct span bytes)
{
    enum err err = link_client_send(jieli->client, bytes);
    while (err == ERR_BUSY) {
        const struct timespec wait = {0, 200000L};
        (void)nanosleep(&wait, NULL);
        (void)link_client_pending(jieli->client);
        err = link_client_send(jieli->client, bytes);
    }
    if (err != ERR_NONE) {
        load_give_up("cannot send");
    }
    jieli->share->sent_bytes += bytes.size;
}

static void next_frame(struct jieli *jieli)
{
    struct span bytes;
    enum err err = link_client_receive(jieli->client, &bytes);
    while (err == ERR_BUSY) {
        wait_for_frame(jieli);
        err = link_client_receive(jieli->client, &bytes);
    }
    if (err != ERR_NONE || wire_frame_decode(bytes, &jieli->arena, &jieli->frame) != ERR_NONE) {
        load_give_up("the hub sends something unreadable");
    }
    jieli->share->answer_bytes += bytes.size;
}

/* The hub must hold exactly what stands before our first event. */
static void greet(struct jieli *jieli)
{
    struct sync_frame *frame = calloc(1, sizeof *frame);
    struct buf bytes;
    if (frame == NULL) {
        load_give_up("memory");
    }
    buf_init(&bytes, LIMIT_FRAME_SIZE);
    frame->kind = SYNC_HELLO;
    frame->hello.version = SYNC_VERSION;
    frame->hello.role = SYNC_ROLE_STATION;
    frame->hello.incarnation = 1;
    frame->hello.greeting = 1;
    memcpy(frame->hello.hub, jieli->trust.hub, LIMIT_ID_SIZE);
    if (wire_frame_encode(frame, &bytes) != ERR_NONE) {
        load_give_up("cannot encode");
    }
    send_bytes(jieli, buf_span(&bytes));
    next_frame(jieli);
    if (jieli->frame.kind != SYNC_WELCOME ||
        jieli->frame.welcome.seq != jieli->share->options->first) {
        load_give_up("the hub does not stand where this load begins");
    }
    jieli->share->requests_max = jieli->frame.welcome.credit;
    buf_done(&bytes);
    free(frame);
}

static void build_frames(struct jieli *jieli)
{
    const struct load_options *options = jieli->share->options;
    size_t count = (options->count + options->batch - 1) / options->batch;
    jieli->ends = calloc(count, sizeof *jieli->ends);
    buf_init(&jieli->frames, (size_t)4 << 30);
    if (jieli->ends == NULL) {
        load_give_up("memory");
    }
    for (size_t done = 0; done < options->count; done += options->batch) {
        size_t left = options->count - done;
        size_t size = left < options->batch ? left : options->batch;
        if (events_frame(&jieli->share->events, &jieli->chain, options->first + done, size,
                         &jieli->frames) != ERR_NONE) {
            load_give_up("cannot build a frame");
        }
        jieli->ends[jieli->frame_count++] = jieli->frames.size;
    }
}

static void *jieli_open(struct load_share *share)
{
    struct jieli *jieli = calloc(1, sizeof *jieli);
    const struct load_options *options = share->options;
    if (jieli == NULL ||
        device_open(options->stations[share->client], &jieli->device) != ERR_NONE ||
        wire_arena_init(&jieli->arena, WIRE_FRAME_ARENA) != ERR_NONE) {
        load_give_up("cannot open a station's folder");
    }
    const struct signer *signer = keyring_signer_view(jieli->device.keyring);
    jieli->share = share;
    read_bundle(jieli, options->bundle);
    jieli->chain.incarnation = 1;
    jieli->chain.signer = options->unsigned_heads ? NULL : signer;
    memcpy(jieli->chain.hub, jieli->trust.hub, LIMIT_ID_SIZE);
    memcpy(jieli->chain.device, signer_key_id_view(signer), LIMIT_KEY_SIZE);
    build_frames(jieli);
    dial(jieli);
    greet(jieli);
    return jieli;
}

static void jieli_send(void *self, size_t first, size_t count)
{
    struct jieli *jieli = self;
    size_t start = jieli->next == 0 ? 0 : jieli->ends[jieli->next - 1];
    (void)first;
    (void)count;
    send_bytes(jieli, span_of(jieli->frames.data + start, jieli->ends[jieli->next] - start));
    jieli->next++;
}

static size_t jieli_receive(void *self)
{
    struct jieli *jieli = self;
    const struct sync_answer *answer = &jieli->frame.answer;
    struct sync_nack_body nack = {.reason = SYNC_NACK_NONE};
    next_frame(jieli);
    if (jieli->frame.kind != SYNC_ANSWER) {
        enum err err = jieli->frame.kind == SYNC_NACK
                           ? wire_nack_decode(jieli->frame.nack.body, &nack)
                           : ERR_STATE;
        (void)fprintf(stderr, "bench_load: frame %d, nack reason %d (%s)\n", (int)jieli->frame.kind,
                      (int)nack.reason, err_name(err));
        load_give_up("the hub does not answer with an answer");
    }
    for (uint32_t i = 0; i < answer->count; i++) {
        jieli->share->refused += answer->answers[i].verdict == WIRE_ACCEPTED ? 0 : 1;
    }
    return answer->count;
}

static void jieli_part(void *self, const uint8_t hash[LIMIT_HASH_SIZE], struct span blob)
{
    struct jieli *jieli = self;
    struct sync_frame *frame = calloc(1, sizeof *frame);
    struct buf bytes;
    if (frame == NULL) {
        load_give_up("memory");
    }
    buf_init(&bytes, LIMIT_FRAME_SIZE);
    frame->kind = SYNC_BLOB_PUT;
    memcpy(frame->blob.hash, hash, LIMIT_HASH_SIZE);
    frame->blob.data = blob;
    if (wire_frame_encode(frame, &bytes) != ERR_NONE) {
        load_give_up("cannot encode");
    }
    send_bytes(jieli, buf_span(&bytes));
    next_frame(jieli);
    bool stored = jieli->frame.kind == SYNC_BLOB_STORED && !jieli->frame.blob.refused;
    jieli->share->refused += stored ? 0 : 1;
    buf_done(&bytes);
    free(frame);
}

static void jieli_close(void *self)
{
    struct jieli *jieli = self;
    link_client_close(jieli->client);
    device_close(&jieli->device);
    wire_arena_done(&jieli->arena);
    buf_done(&jieli->frames);
    free(jieli->ends);
    free(jieli);
}

const struct load_driver load_jieli = {"jieli",       jieli_open, jieli_send,
                                       jieli_receive, jieli_part, jieli_close};
