#ifndef JIELI_TESTS_STATION_RIG_H
#define JIELI_TESTS_STATION_RIG_H

/* A station at the town's real hub, with a line between them that a test can cut, slow down or
 * falsify. Frames go through the codec both ways. */

#include "kv_memory.h"
#include "seal/hash.h"
#include "store/keys.h"
#include "tests/support/town.h"
#include "unit.h"
#include "village-node/station.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RIG_QUEUE = 64, RIG_ROUNDS = 4000 };

static const uint64_t rig_start_ms = 1789689600000; /* 2026-09-18 08:00 at +08:00, a Friday */

struct rig {
    struct town *town;
    char directory[64];
    struct kv *kv;
    struct station *station;
    uint64_t mono_ms;
    uint64_t ahead_ms; /* how far the station's wall clock is ahead of the town's */
    bool online;
    bool blocked;   /* the link takes nothing */
    bool reconnect; /* the session asked for it */
    size_t reconnects;
    struct buf queue[RIG_QUEUE]; /* from the hub, oldest first */
    size_t queued;
    size_t delivered;
    size_t stop_at; /* stop rig_run after so many delivered frames; 0: never */
    size_t pushes;
    size_t blob_puts;
    size_t blob_gets;
    bool refuse_blobs;
    enum sync_kind lose; /* frames of this kind from the hub vanish */
    size_t lose_count;
    /* Falsifies a frame of the hub; NULL: honest. */
    void (*falsify)(struct rig *rig, struct sync_frame *frame);
    size_t falsified;
    bool spoil_signature;     /* of the first event of the next push */
    struct sync_frame *frame; /* scratch */
    struct wire_arena arena;
    uint32_t blob_number;
    size_t step_count; /* of the station when it is opened */
};

/* --- Disks: one for each directory that is ever opened --- */

enum { RIG_DISKS = 8 };
struct rig_disk {
    char name[300];
    struct kv_disk *disk;
};
static struct rig_disk rig_disks[RIG_DISKS];

static inline struct kv_disk *rig_disk(const char *name)
{
    size_t i = 0;
    while (i < RIG_DISKS && rig_disks[i].disk != NULL && strcmp(rig_disks[i].name, name) != 0) {
        i++;
    }
    assert_true(i < RIG_DISKS);
    if (rig_disks[i].disk == NULL) {
        (void)snprintf(rig_disks[i].name, sizeof rig_disks[i].name, "%s", name);
        rig_disks[i].disk = kv_memory_disk_new(name);
    }
    return rig_disks[i].disk;
}

static inline void rig_free_disks(void)
{
    for (size_t i = 0; i < RIG_DISKS; i++) {
        if (rig_disks[i].disk != NULL) {
            kv_memory_disk_free(rig_disks[i].disk);
        }
        rig_disks[i].disk = NULL;
    }
}

/* Names that ld --wrap=kv_open knows. */
enum err rig_real_kv_open(const char *directory, const struct kv_options *options,
                          struct kv **ret_kv) __asm__("__real_kv_open");
enum err rig_kv_open(const char *directory, const struct kv_options *options,
                     struct kv **ret_kv) __asm__("__wrap_kv_open");
enum err rig_kv_open(const char *directory, const struct kv_options *options, struct kv **ret_kv)
{
    (void)rig_disk(directory);
    return rig_real_kv_open(directory, options, ret_kv);
}

/* --- The line --- */

static inline void rig_queue(struct rig *rig, struct span bytes)
{
    struct wire_arena arena;
    struct sync_frame *frame = calloc(1, sizeof *frame);
    assert_non_null(frame);
    assert_true(rig->queued < RIG_QUEUE);
    assert_int_equal(wire_arena_init(&arena, WIRE_FRAME_ARENA), ERR_NONE);
    assert_int_equal(wire_frame_decode(bytes, &arena, frame), ERR_NONE);
    if (rig->lose_count > 0 && frame->kind == rig->lose) {
        rig->lose_count--;
    } else {
        struct buf *slot = &rig->queue[rig->queued++];
        buf_init(slot, LIMIT_FRAME_SIZE);
        if (rig->falsify != NULL) {
            rig->falsify(rig, frame);
            assert_int_equal(wire_frame_encode(frame, slot), ERR_NONE);
        } else {
            buf_put_span(slot, bytes);
        }
    }
    wire_arena_done(&arena);
    free(frame);
}

/* The first event's author cannot have signed what arrives. */
static inline void rig_spoil(struct rig *rig, struct sync_push *push, struct buf *packed)
{
    struct wire_envelope envelopes[LIMIT_BATCH_COUNT];
    struct wire_arena arena;
    size_t count = 0;
    rig->spoil_signature = false;
    assert_int_equal(wire_arena_init(&arena, (size_t)LIMIT_BATCH_SIZE * 2), ERR_NONE);
    assert_int_equal(wire_envelopes_unpack(push->packed, push->raw_size, &arena, envelopes, &count),
                     ERR_NONE);
    envelopes[0].signature[7] ^= 1;
    assert_int_equal(wire_envelopes_pack(envelopes, count, packed, &push->raw_size), ERR_NONE);
    push->packed = buf_span(packed);
    wire_arena_done(&arena);
}

static inline void rig_push(struct rig *rig, const struct sync_push *frame, struct buf *reply)
{
    struct town *town = rig->town;
    struct hub_push *push = NULL;
    const uint8_t *device = signer_key_id_view(town->station);
    struct sync_push copy = *frame;
    struct buf packed;
    buf_init(&packed, LIMIT_FRAME_SIZE);
    if (rig->spoil_signature) {
        rig_spoil(rig, &copy, &packed);
    }
    assert_int_equal(hub_push_new(device, &copy, &push), ERR_NONE);
    buf_done(&packed);
    hub_push_check(town->hub, push);
    town->now_ms += 1000;
    assert_int_equal(hub_ingest(town->hub, &push, 1, town->now_ms), ERR_NONE);
    buf_put_span(reply, hub_push_reply_view(push));
    hub_push_free(push);
    rig->pushes++;
}

/* What the hub's shell does with a frame of the station. */
static inline bool rig_serve(void *context, struct span bytes)
{
    struct rig *rig = context;
    struct town *town = rig->town;
    const uint8_t *device = signer_key_id_view(town->station);
    struct sync_frame *frame = rig->frame;
    struct buf reply;
    uint64_t unused = 0;
    bool ok = false;
    if (rig->blocked || !rig->online) {
        return false;
    }
    buf_init(&reply, LIMIT_FRAME_SIZE);
    enum err err = wire_frame_decode(bytes, &rig->arena, frame);
    assert_int_equal(err, ERR_NONE);
    if (frame->kind == SYNC_HELLO) {
        err = hub_welcome(town->hub, device, &frame->hello, town->now_ms, &reply, &ok, &unused,
                          &unused);
    } else if (frame->kind == SYNC_PUSH) {
        rig_push(rig, &frame->push, &reply);
    } else if (frame->kind == SYNC_PULL) {
        err = hub_pull(town->hub, device, &frame->pull, &reply);
    } else if (frame->kind == SYNC_BLOB_PUT) {
        rig->blob_puts++;
        err = hub_blob_put(town->hub, &frame->blob, &reply);
        if (rig->refuse_blobs && err == ERR_NONE) {
            assert_int_equal(wire_frame_decode(buf_span(&reply), &rig->arena, frame), ERR_NONE);
            frame->blob.refused = true;
            buf_clear(&reply);
            err = wire_frame_encode(frame, &reply);
        }
    } else {
        rig->blob_gets++;
        assert_int_equal(frame->kind, SYNC_BLOB_GET);
        err = hub_blob_get(town->hub, frame->blob.hash, true, &reply);
    }
    assert_int_equal(err, ERR_NONE);
    rig_queue(rig, buf_span(&reply));
    buf_done(&reply);
    return true;
}

static inline void rig_reconnect(void *context)
{
    struct rig *rig = context;
    rig->reconnect = true;
    rig->reconnects++;
}

static inline struct station_port rig_port(struct rig *rig)
{
    return (struct station_port){rig, rig_serve, rig_reconnect};
}

static inline void rig_drop_queue(struct rig *rig)
{
    for (size_t i = 0; i < rig->queued; i++) {
        buf_done(&rig->queue[i]);
    }
    rig->queued = 0;
}

static inline enum err rig_try_open(struct rig *rig)
{
    struct town *town = rig->town;
    struct station_options options = {.kv = rig->kv,
                                      .hub = town->hub_id,
                                      .hub_device = signer_key_id_view(town->hub_signer),
                                      .hub_public = signer_public_view(town->hub_signer),
                                      .origin_prefix = TOWN_ORIGIN_PREFIX,
                                      .signer = town->station,
                                      .random = 7,
                                      .step_count = rig->step_count};
    memset(options.boot, 4, sizeof options.boot);
    return station_open(&options, rig->mono_ms, &rig->station);
}

static inline void rig_start(struct rig *rig)
{
    assert_int_equal(kv_open(rig->directory, NULL, &rig->kv), ERR_NONE);
    assert_int_equal(rig_try_open(rig), ERR_NONE);
    station_set_clock_quality(rig->station, 1);
}

/* The program ends, as after a crash: what was committed is all there is. */
static inline void rig_stop(struct rig *rig)
{
    rig_drop_queue(rig);
    rig->online = false;
    rig->reconnect = false;
    station_close(rig->station);
    rig->station = NULL;
    kv_close(rig->kv);
    rig->kv = NULL;
}

static inline void rig_restart(struct rig *rig)
{
    rig_stop(rig);
    rig_start(rig);
}

/* For cmocka: a founded town and a station that has never spoken to it. */
static inline struct rig *rig_new(struct town *town)
{
    struct rig *rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    rig->town = town;
    rig->mono_ms = 1000;
    rig->frame = calloc(1, sizeof *rig->frame);
    assert_non_null(rig->frame);
    assert_int_equal(wire_arena_init(&rig->arena, WIRE_FRAME_ARENA), ERR_NONE);
    (void)snprintf(rig->directory, sizeof rig->directory, "station");
    rig_start(rig);
    return rig;
}

static inline void rig_free(struct rig *rig)
{
    rig_stop(rig);
    wire_arena_done(&rig->arena);
    free(rig->frame);
    free(rig);
}

static inline int rig_setup(void **state)
{
    *state = rig_new(town_open(rig_start_ms));
    return 0;
}

static inline int rig_teardown(void **state)
{
    struct rig *rig = *state;
    struct town *town = rig->town;
    rig_free(rig);
    town_close(town);
    rig_free_disks();
    return 0;
}

#define RIG_TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

static inline void rig_connect(struct rig *rig)
{
    struct station_port port = rig_port(rig);
    rig->online = true;
    station_connected(rig->station, &port, rig->mono_ms);
}

static inline void rig_cut(struct rig *rig)
{
    rig_drop_queue(rig);
    rig->online = false;
    station_disconnected(rig->station, rig->mono_ms);
}

static inline enum err rig_deliver(struct rig *rig)
{
    struct station_port port = rig_port(rig);
    struct buf frame = rig->queue[0];
    rig->queued--;
    memmove(&rig->queue[0], &rig->queue[1], rig->queued * sizeof rig->queue[0]);
    rig->delivered++;
    enum err err =
        station_frame(rig->station, &port, buf_span(&frame), rig->mono_ms, rig->town->now_ms);
    buf_done(&frame);
    return err;
}

static inline bool rig_quiet(const struct rig *rig)
{
    const struct sync_station *session = station_session_view(rig->station);
    bool rung = session->common.due_ms <= rig->mono_ms + 2000;
    return rig->queued == 0 && sync_station_idle(session) && session->wanted == 0 &&
           session->outbox == 0 && session->blob == SYNC_NONE && !rung &&
           !station_has_more(rig->station);
}

/* Lets both talk until nothing is left to say, or for so many rounds. True: all was said. */
static inline bool rig_talk(struct rig *rig, size_t rounds)
{
    struct station_port port = rig_port(rig);
    if (!rig->online) {
        rig_connect(rig);
    }
    for (size_t i = 0; i < rounds; i++) {
        if (rig->stop_at > 0 && rig->delivered >= rig->stop_at) {
            return false;
        }
        if (rig->reconnect) {
            rig->reconnect = false;
            rig_drop_queue(rig);
            station_connected(rig->station, &port, rig->mono_ms);
        } else if (rig->queued > 0) {
            assert_int_equal(rig_deliver(rig), ERR_NONE);
        } else if (rig_quiet(rig)) {
            return true;
        } else {
            uint64_t due_ms = station_deadline(rig->station);
            if (due_ms == SYNC_NEVER) {
                return false;
            }
            rig->mono_ms = due_ms > rig->mono_ms ? due_ms : rig->mono_ms;
            assert_int_equal(station_tick(rig->station, &port, rig->mono_ms, rig->town->now_ms),
                             ERR_NONE);
        }
    }
    return false;
}

static inline void rig_ring(struct rig *rig)
{
    struct buf payload;
    buf_init(&payload, 64);
    wire_doorbell_encode(hub_epoch(rig->town->hub), hub_size(rig->town->hub), &payload);
    station_doorbell(rig->station, buf_span(&payload), rig->mono_ms);
    buf_done(&payload);
}

static inline void rig_sync(struct rig *rig)
{
    assert_true(rig_talk(rig, RIG_ROUNDS));
}

#endif
