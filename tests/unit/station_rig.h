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

/* Verbs of proto/record.proto. */
enum { CONTACT_RECEIVED = 1 };
enum {
    CASE_OPENED = 1,
    CASE_ACCEPTED = 6,
    CASE_SUBMITTED_UP = 13,
    CASE_RECEIVED_AT_HUB = 14,
    CASE_DECIDED = 16,
    CASE_RESULT_RETURNED = 30,
    CASE_RESULT_RECEIVED = 31
};
enum { REQUEST_MADE = 1, REQUEST_APPROVED = 2, REQUEST_CANCELLED = 4, REQUEST_HURRY = 3 };

enum { RIG_QUEUE = 64, RIG_ROUNDS = 4000 };

static const uint64_t rig_start_ms = 1789689600000; /* 2026-09-18 08:00 at +08:00, a Friday */

struct rig {
    struct town *town;
    char directory[64];
    struct kv *kv;
    struct station *station;
    uint64_t mono_ms;
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
    struct sync_frame *frame; /* scratch */
    struct wire_arena arena;
    uint32_t blob_number;
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

enum err __real_kv_open(const char *directory, const struct kv_options *options,
                        struct kv **ret_kv);
enum err __wrap_kv_open(const char *directory, const struct kv_options *options,
                        struct kv **ret_kv);
enum err __wrap_kv_open(const char *directory, const struct kv_options *options, struct kv **ret_kv)
{
    (void)rig_disk(directory);
    return __real_kv_open(directory, options, ret_kv);
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

static inline void rig_push(struct rig *rig, const struct sync_push *frame, struct buf *reply)
{
    struct town *town = rig->town;
    struct hub_push *push = NULL;
    const uint8_t *device = signer_key_id_view(town->station);
    assert_int_equal(hub_push_new(device, frame, &push), ERR_NONE);
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
        struct sync_blob blob = frame->blob;
        if (rig->refuse_blobs) {
            blob.data = span_text("nonsense");
        }
        err = hub_blob_put(town->hub, &blob, &reply);
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
                                      .random = 7};
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
           session->outbox == 0 && session->blob == SYNC_NONE && !rung;
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

/* A sealed part with contents of its own. */
static inline void rig_blob(struct rig *rig, struct buf *bytes, uint8_t *ret_hash)
{
    uint8_t text[200];
    struct wire_sealed_blob blob = {.wrap_count = 1};
    rig->blob_number++;
    memset(text, 17, sizeof text);
    put_u32(text, rig->blob_number);
    blob.wraps[0].audience = 1;
    blob.wraps[0].generation = 1;
    memset(blob.wraps[0].station, 3, sizeof blob.wraps[0].station);
    memset(blob.wraps[0].box, 9, sizeof blob.wraps[0].box);
    blob.ciphertext = span_of(text, sizeof text);
    buf_init(bytes, LIMIT_BLOB_SIZE);
    assert_int_equal(wire_sealed_encode(&blob, bytes), ERR_NONE);
    seal_sha256(blob.ciphertext, ret_hash);
}

static inline void rig_draft(struct rig *rig, const struct town_act *act, struct author_draft *ret)
{
    memset(ret, 0, sizeof *ret);
    memcpy(ret->record, act->record, sizeof ret->record);
    ret->payload = act->payload;
    ret->facts = &act->facts;
    rig->town->now_ms += 1000;
    ret->claimed_ms = (uint64_t)((int64_t)rig->town->now_ms + act->claimed_shift_ms);
    ret->mono_ms = rig->mono_ms;
    ret->attestation = act->attestation;
}

/* Writes an event with one real blob a sealed label. */
static inline struct fold_verdict rig_submit(struct rig *rig, const struct town_person *person,
                                             const struct town_act *act)
{
    struct author_draft draft;
    struct station_blob blobs[LIMIT_SEALED_COUNT];
    struct buf bytes[LIMIT_SEALED_COUNT];
    struct fold_verdict verdict;
    uint8_t id[LIMIT_HASH_SIZE];
    uint64_t seq = 0;
    size_t count = 0;
    rig_draft(rig, act, &draft);
    for (uint32_t label = 1; label < LIMIT_SEALED_COUNT; label++) {
        if ((act->sealed_labels >> label & 1) != 0) {
            struct wire_sealed *sealed = &draft.sealed[count];
            rig_blob(rig, &bytes[count], blobs[count].hash);
            blobs[count].bytes = buf_span(&bytes[count]);
            sealed->label = label;
            sealed->audience = 3;
            sealed->size = (uint32_t)bytes[count].size;
            memcpy(sealed->hash, blobs[count].hash, sizeof sealed->hash);
            memset(sealed->commitment, 99, sizeof sealed->commitment);
            count++;
        }
    }
    draft.sealed_count = (uint32_t)count;
    assert_int_equal(station_submit(rig->station, &draft, person->signer, rig->town->now_ms, blobs,
                                    count, &verdict, id, &seq),
                     ERR_NONE);
    for (size_t i = 0; i < count; i++) {
        buf_done(&bytes[i]);
    }
    return verdict;
}

static inline void rig_write(struct rig *rig, const struct town_person *person,
                             const struct town_act *act)
{
    struct fold_verdict verdict = rig_submit(rig, person, act);
    assert_int_equal(verdict.refusal, REFUSAL_NONE);
    assert_int_equal(verdict.verdict, WIRE_ACCEPTED);
}

/* --- A case's way; record n, its contact 1000 + n --- */

static inline void rig_contact(struct rig *rig, uint32_t record)
{
    struct town_act act;
    town_act(&act, WIRE_CONTACT, record + 1000, CONTACT_RECEIVED);
    town_number(&act, FIELD_channel, 0, 1);
    town_text(&act, FIELD_item, 0, "I51");
    act.sealed_labels = 2;
    rig_write(rig, &rig->town->worker, &act);
}

static inline void act_open(struct town_act *act, uint32_t record)
{
    struct town_act cited;
    town_act(&cited, WIRE_CONTACT, record + 1000, CONTACT_RECEIVED);
    town_act(act, WIRE_CASE, record, CASE_OPENED);
    town_text(act, FIELD_item, 0, "I51");
    town_bytes(act, FIELD_contact, 0, cited.record, sizeof cited.record);
    act->sealed_labels = 2;
}

static inline void act_accept(struct town_act *act, uint32_t record)
{
    town_act(act, WIRE_CASE, record, CASE_ACCEPTED);
    town_materials(act);
}

/* Three events: contact, opened, accepted. */
static inline void rig_case(struct rig *rig, uint32_t record)
{
    struct town_act act;
    rig_contact(rig, record);
    act_open(&act, record);
    rig_write(rig, &rig->town->worker, &act);
    act_accept(&act, record);
    rig_write(rig, &rig->town->worker, &act);
}

static inline void rig_hand_up(struct rig *rig, uint32_t record)
{
    struct town_act act;
    town_act(&act, WIRE_CASE, record, CASE_SUBMITTED_UP);
    rig_write(rig, &rig->town->worker, &act);
}

static inline void hub_does(struct town *town, uint32_t record, uint64_t verb)
{
    struct town_act act;
    town_act(&act, WIRE_CASE, record, verb);
    if (verb == CASE_DECIDED) {
        town_number(&act, FIELD_decision, 0, 1);
    }
    struct fold_verdict verdict = town_hub(town, &town->operator, & act);
    assert_int_equal(verdict.refusal, REFUSAL_NONE);
    assert_int_equal(verdict.verdict, WIRE_ACCEPTED);
}

/* Received, decided, returned with the result: three leaves of the own feed. */
static inline void hub_decides(struct town *town, uint32_t record)
{
    hub_does(town, record, CASE_RECEIVED_AT_HUB);
    hub_does(town, record, CASE_DECIDED);
    hub_does(town, record, CASE_RESULT_RETURNED);
}

/* --- Looking --- */

static inline struct station_status rig_status(struct rig *rig)
{
    struct station_status status;
    station_status(rig->station, &status);
    return status;
}

static inline bool rig_dump_one(void *context, struct span key, struct span value)
{
    struct buf *dump = context;
    buf_put_u32(dump, (uint32_t)key.size);
    buf_put_span(dump, key);
    buf_put_u32(dump, (uint32_t)value.size);
    buf_put_span(dump, value);
    return true;
}

static inline void rig_dump(struct kv *kv, enum kv_table table, struct buf *dump)
{
    struct kv_txn txn;
    kv_begin(kv, false, &txn);
    kv_scan(&txn, table, span_of(NULL, 0), span_of(NULL, 0), rig_dump_one, dump);
    assert_int_equal(txn.err, ERR_NONE);
    kv_abort(&txn);
    assert_int_equal(dump->err, ERR_NONE);
}

static inline bool rig_same_table(struct kv *a, struct kv *b, enum kv_table table)
{
    struct buf first;
    struct buf second;
    buf_init(&first, 1 << 24);
    buf_init(&second, 1 << 24);
    rig_dump(a, table, &first);
    rig_dump(b, table, &second);
    bool same = span_equal(buf_span(&first), buf_span(&second));
    buf_done(&first);
    buf_done(&second);
    return same;
}

static inline bool rig_count_one(void *context, struct span key, struct span value)
{
    size_t *count = context;
    (void)key;
    (void)value;
    (*count)++;
    return true;
}

static inline size_t rig_rows(struct rig *rig, enum kv_table table)
{
    struct kv_txn txn;
    size_t count = 0;
    kv_begin(rig->kv, false, &txn);
    kv_scan(&txn, table, span_of(NULL, 0), span_of(NULL, 0), rig_count_one, &count);
    kv_abort(&txn);
    return count;
}

/* Proven fold == the hub's fold, and a rebuild gives the same bytes. */
static inline void rig_check(struct rig *rig)
{
    static const enum kv_table tables[] = {KV_RECORD, KV_TENTATIVE, KV_INDEX, KV_CACHE};
    struct buf before;
    struct buf after;
    assert_true(rig_same_table(rig->town->kv, rig->kv, KV_RECORD));
    buf_init(&before, 1 << 24);
    buf_init(&after, 1 << 24);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        rig_dump(rig->kv, tables[i], &before);
    }
    assert_int_equal(station_rebuild(rig->station), ERR_NONE);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        rig_dump(rig->kv, tables[i], &after);
    }
    assert_true(span_equal(buf_span(&before), buf_span(&after)));
    buf_done(&before);
    buf_done(&after);
}

static inline bool rig_record(struct rig *rig, enum fold_space space, uint32_t number,
                              struct record *ret)
{
    struct kv_txn txn;
    struct town_act act;
    town_act(&act, WIRE_CASE, number, 0);
    kv_begin(rig->kv, false, &txn);
    bool found = fold_record_get(station_fold(rig->station), &txn, space, act.record, ret);
    kv_abort(&txn);
    return found;
}

static inline const char *rig_state(struct rig *rig, enum fold_space space, uint32_t number)
{
    struct record *record = calloc(1, sizeof *record);
    assert_non_null(record);
    const char *name = rig_record(rig, space, number, record)
                           ? rule_state_name(record->machine, record->state)
                           : "none";
    free(record);
    return name;
}

#endif
