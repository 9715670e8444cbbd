/* Bytes become a sequence of inputs, true and false reports, and passing time for a station's, an
 * auditor's and a hub's session. No order of them may break an invariant (CHECK), make a session
 * ask for a timer in the past, or hand out actions without end. */
#include "base/check.h"
#include "base/span.h"
#include "fuzz.h"
#include "sync/session_auditor.h"
#include "sync/session_hub.h"
#include "sync/session_station.h"

#include <string.h>

enum { FUZZ_ACTIONS = 256, FUZZ_INPUTS = 4096 };

struct fuzz {
    struct reader input;
    uint64_t now_ms;
    struct sync_station station;
    struct sync_frame station_frame;
    enum sync_act station_owes; /* APPLY action without report */
    struct sync_auditor auditor;
    struct sync_frame auditor_frame;
    enum sync_audit_act auditor_owes;
    struct sync_hub hub;
    struct sync_frame hub_frame;
    uint32_t ingests;
    uint32_t pulls;
    uint32_t blobs;
    bool greeting;
};

static struct fuzz fuzz;
static const uint8_t fuzz_bytes[LIMIT_BLOB_SIZE + 1];

/* Mostly small, often near where a session stands, sometimes at the end of the range. */
static uint64_t take_number(void)
{
    uint8_t kind = reader_u8(&fuzz.input);
    uint64_t near[] = {fuzz.station.answered, fuzz.station.sent,       fuzz.station.end,
                       fuzz.station.newest,   fuzz.auditor.next,       fuzz.auditor.seen_size,
                       fuzz.hub.wanted,       fuzz.station.own.applied};
    if (kind < 128) {
        return kind % 12;
    }
    if (kind < 240) {
        return near[kind % 8] + (kind / 8) % 3;
    }
    if (kind < 248) {
        return reader_u16(&fuzz.input);
    }
    return kind < 252 ? SYNC_NUMBER_MAX + (kind & 1) : UINT64_MAX - (kind & 3);
}

static enum err take_err(void)
{
    uint8_t byte = reader_u8(&fuzz.input);
    return byte < 200 ? ERR_NONE : (enum err)(byte % ERR_COUNT);
}

static void open_station(void)
{
    struct sync_options options = sync_options_default();
    struct sync_station_start start = {.incarnation = 1 + reader_u8(&fuzz.input) % 7,
                                       .newest = reader_u8(&fuzz.input)};
    options.batch_count = 1 + reader_u8(&fuzz.input) % LIMIT_BATCH_COUNT;
    options.pulls = 1 + reader_u8(&fuzz.input) % SYNC_PULLS_MAX;
    start.answered_incarnation = reader_u8(&fuzz.input) % (start.incarnation + 1);
    bool present = start.answered_incarnation == start.incarnation;
    start.answered = reader_u8(&fuzz.input) % ((present ? start.newest : 9) + 1);
    start.answered = start.answered_incarnation == 0 ? 0 : start.answered;
    start.epoch = reader_u8(&fuzz.input) % 4;
    start.seen_size = start.epoch == 0 ? 0 : reader_u8(&fuzz.input);
    start.common = reader_u8(&fuzz.input) % 8;
    start.own = reader_u8(&fuzz.input) % 8;
    start.restoring = reader_u8(&fuzz.input) % 8 == 0;
    fuzz.station_owes = SYNC_ACT_NONE;
    sync_station_init(&fuzz.station, &options, &start, fuzz.now_ms);
    struct sync_auditor_start audit = {.epoch = start.epoch, .seen_size = start.seen_size};
    audit.next = audit.seen_size / 2;
    fuzz.auditor_owes = SYNC_AUDIT_NONE;
    sync_auditor_init(&fuzz.auditor, &options, &audit, fuzz.now_ms);
}

static void open_hub(void)
{
    static const uint8_t hub_id[LIMIT_ID_SIZE] = {1};
    static const uint8_t device[LIMIT_KEY_SIZE] = {2};
    struct sync_options options = sync_options_default();
    enum sync_role role = (enum sync_role)(reader_u8(&fuzz.input) % 3);
    options.credit = 1 + reader_u8(&fuzz.input) % SYNC_CREDIT_MAX;
    fuzz.ingests = 0;
    fuzz.pulls = 0;
    fuzz.blobs = 0;
    fuzz.greeting = false;
    sync_hub_init(&fuzz.hub, &options, role, hub_id, device, fuzz.now_ms);
}

/* --- Frames --- */

static struct sync_head take_head(void)
{
    uint8_t byte = reader_u8(&fuzz.input);
    return (struct sync_head){.present = byte % 4 != 0,
                              .body = span_of(fuzz_bytes, byte),
                              .signature = span_of(fuzz_bytes, byte == 255 ? 63 : 64)};
}

static void take_hello(struct sync_hello *hello)
{
    hello->version = SYNC_VERSION + (reader_u8(&fuzz.input) == 255 ? 1 : 0);
    hello->role = (enum sync_role)(reader_u8(&fuzz.input) % 3);
    hello->hub[0] = reader_u8(&fuzz.input) == 255 ? 9 : 1;
    hello->head = take_head();
    hello->seen_size = take_number();
    hello->incarnation = take_number();
    hello->software = span_of(fuzz_bytes, reader_u8(&fuzz.input) % 66);
}

static void take_welcome(struct sync_welcome *welcome, uint64_t greeting)
{
    uint8_t kind = reader_u8(&fuzz.input);
    welcome->version = SYNC_VERSION + (kind == 255 ? 1 : 0);
    welcome->greeting = kind == 254 ? greeting + 2 : greeting;
    welcome->epoch = take_number();
    welcome->incarnation = take_number();
    welcome->seq = take_number();
    welcome->common = take_number();
    welcome->own = take_number();
    welcome->credit = (uint32_t)take_number();
}

static void take_batch(struct sync_batch *batch)
{
    batch->feed = (enum sync_feed)(reader_u8(&fuzz.input) % (SYNC_FEED_CHAIN + 1));
    batch->from = take_number();
    batch->count = (uint32_t)take_number();
    batch->newest = take_number();
}

/* greeting: of the HELLO that a WELCOME would answer */
static void take_frame(struct sync_frame *frame, uint64_t greeting)
{
    memset(frame, 0, sizeof *frame);
    frame->kind = (enum sync_kind)(reader_u8(&fuzz.input) % (SYNC_BLOB + 1));
    if (frame->kind == SYNC_HELLO) {
        take_hello(&frame->hello);
    } else if (frame->kind == SYNC_WELCOME) {
        take_welcome(&frame->welcome, greeting);
    } else if (frame->kind == SYNC_PUSH) {
        frame->push.head = take_head();
        frame->push.incarnation = take_number();
        frame->push.first_seq = take_number();
        frame->push.count = (uint32_t)take_number();
    } else if (frame->kind == SYNC_ANSWER) {
        frame->answer.incarnation = take_number();
        frame->answer.first_seq = take_number();
        frame->answer.count = (uint32_t)take_number();
        frame->answer.credit = (uint32_t)take_number();
    } else if (frame->kind == SYNC_PULL) {
        frame->pull.feed = (enum sync_feed)(reader_u8(&fuzz.input) % (SYNC_FEED_CHAIN + 1));
        frame->pull.from = take_number();
        frame->pull.count = (uint32_t)take_number();
    } else if (frame->kind == SYNC_BATCH) {
        take_batch(&frame->batch);
    } else if (frame->kind != SYNC_NACK) {
        frame->blob.hash[0] = reader_u8(&fuzz.input) % 4;
        frame->blob.data = span_of(fuzz_bytes, reader_u8(&fuzz.input) * 800U % sizeof fuzz_bytes);
    }
}

static struct sync_nack_body take_nack(void)
{
    return (struct sync_nack_body){
        .reason = (enum sync_nack_reason)(reader_u8(&fuzz.input) % (SYNC_NACK_FROZEN + 1)),
        .incarnation = take_number(),
        .first_seq = take_number()};
}

/* --- Station --- */

static void report_station(void)
{
    struct sync_station *station = &fuzz.station;
    enum sync_act owed = fuzz.station_owes;
    enum err err = take_err();
    uint64_t size = take_number();
    fuzz.station_owes = SYNC_ACT_NONE;
    if (owed == SYNC_ACT_APPLY_WELCOME) {
        sync_station_welcomed(station, err, size, fuzz.now_ms);
    } else if (owed == SYNC_ACT_APPLY_ANSWER) {
        sync_station_answer_applied(station, err, size, fuzz.now_ms);
    } else if (owed == SYNC_ACT_APPLY_BATCH) {
        sync_station_batch_applied(station, err, size, fuzz.now_ms);
    } else if (owed == SYNC_ACT_APPLY_NACK) {
        struct sync_nack_body body = take_nack();
        sync_station_nack_applied(station, err, err == ERR_NONE ? &body : NULL, fuzz.now_ms);
    } else if (owed != SYNC_ACT_NONE) {
        sync_station_blob_done(station, fuzz.now_ms);
    }
}

static void answer_station(const struct sync_station_action *action)
{
    struct sync_station *station = &fuzz.station;
    uint8_t hash[LIMIT_HASH_SIZE] = {0};
    uint8_t byte = 0;
    if (action->kind == SYNC_ACT_TELL_LIFE) {
        CHECK(action->incarnation < station->incarnation);
        sync_station_life(station, action->incarnation, take_number(), fuzz.now_ms);
    } else if (action->kind == SYNC_ACT_SEND_PUSH) {
        CHECK(action->count >= 1 && action->count <= LIMIT_BATCH_COUNT);
        CHECK(action->from + action->count - 1 <= station->end);
    } else if (action->kind == SYNC_ACT_SEND_BLOB || action->kind == SYNC_ACT_SEND_BLOB_GET) {
        byte = reader_u8(&fuzz.input);
        hash[0] = byte % 4;
        (action->kind == SYNC_ACT_SEND_BLOB ? sync_station_blob_sent : sync_station_blob_asked)(
            station, byte < 200 ? hash : NULL, fuzz.now_ms);
    }
}

static void drain_station(void)
{
    struct sync_station_action action;
    int count = 0;
    while (sync_station_next(&fuzz.station, &action)) {
        CHECK(++count < FUZZ_ACTIONS);
        if (action.frame != NULL) {
            CHECK(fuzz.station_owes == SYNC_ACT_NONE);
            fuzz.station_owes = action.kind;
            if (reader_u8(&fuzz.input) < 200) {
                report_station();
            }
        } else {
            answer_station(&action);
        }
    }
}

static void append_station(uint8_t byte)
{
    struct sync_station *station = &fuzz.station;
    bool next_life = byte % 16 == 0 && station->incarnation < 1000;
    uint64_t incarnation = station->incarnation + (next_life ? 1 : 0);
    uint64_t newest = next_life ? byte / 16 : station->newest + byte;
    sync_station_appended(station, incarnation, newest, fuzz.now_ms);
}

static void tell_station(uint8_t byte)
{
    struct sync_station *station = &fuzz.station;
    uint64_t seq = take_number();
    switch (byte % 8) {
    case 0:
        sync_station_blobs(station, byte / 8, reader_u8(&fuzz.input) % 4, fuzz.now_ms);
        break;
    case 1:
        sync_station_epoch_opened(station, (struct sync_place){byte / 8, seq}, take_number(), seq,
                                  fuzz.now_ms);
        break;
    case 2:
        sync_station_went_back(station, byte >= 128, fuzz.now_ms);
        break;
    case 3:
        seq = seq < station->newest ? seq : station->newest;
        sync_station_answered(station, station->incarnation, seq, fuzz.now_ms);
        break;
    case 4:
        seq = seq < 100000 ? seq : 0;
        sync_station_applied(station, byte < 128 ? SYNC_FEED_OWN : SYNC_FEED_COMMON, seq,
                             fuzz.now_ms);
        break;
    case 5:
        sync_station_hurry(station, fuzz.now_ms);
        break;
    case 6:
        sync_station_malformed(station, fuzz.now_ms);
        break;
    default:
        sync_station_doorbell(station, byte / 64, seq, fuzz.now_ms);
        break;
    }
}

/* --- Auditor --- */

static void report_auditor(void)
{
    struct sync_auditor *auditor = &fuzz.auditor;
    enum sync_audit_act owed = fuzz.auditor_owes;
    enum err err = take_err();
    uint64_t size = take_number();
    fuzz.auditor_owes = SYNC_AUDIT_NONE;
    if (owed == SYNC_AUDIT_APPLY_WELCOME) {
        sync_auditor_welcomed(auditor, err, size, fuzz.now_ms);
    } else if (owed == SYNC_AUDIT_APPLY_BATCH) {
        sync_auditor_batch_applied(auditor, err, size, fuzz.now_ms);
    } else if (owed == SYNC_AUDIT_APPLY_NACK) {
        struct sync_nack_body body = take_nack();
        sync_auditor_nack_applied(auditor, err, err == ERR_NONE ? &body : NULL, fuzz.now_ms);
    } else if (owed == SYNC_AUDIT_APPLY_BLOB) {
        sync_auditor_blob_done(auditor, fuzz.now_ms);
    }
}

static void drain_auditor(void)
{
    struct sync_auditor_action action;
    uint8_t hash[LIMIT_HASH_SIZE] = {0};
    int count = 0;
    while (sync_auditor_next(&fuzz.auditor, &action)) {
        CHECK(++count < FUZZ_ACTIONS);
        if (action.frame != NULL) {
            CHECK(fuzz.auditor_owes == SYNC_AUDIT_NONE);
            fuzz.auditor_owes = action.kind;
            if (reader_u8(&fuzz.input) < 200) {
                report_auditor();
            }
        } else if (action.kind == SYNC_AUDIT_SEND_BLOB_GET) {
            bool some = reader_u8(&fuzz.input) < 200;
            sync_auditor_blob_asked(&fuzz.auditor, some ? hash : NULL, fuzz.now_ms);
        } else if (action.kind == SYNC_AUDIT_SEND_PULL) {
            CHECK(action.count >= 1 && action.count <= LIMIT_BATCH_COUNT);
        }
    }
}

static void tell_auditor(uint8_t byte)
{
    struct sync_auditor *auditor = &fuzz.auditor;
    if (byte % 4 == 0) {
        sync_auditor_blobs(auditor, byte / 64, fuzz.now_ms);
    } else if (byte % 4 == 1) {
        sync_auditor_epoch_opened(auditor, take_number(), fuzz.now_ms);
    } else if (byte == 255) {
        sync_auditor_malformed(auditor, fuzz.now_ms);
    } else {
        sync_auditor_doorbell(auditor, byte / 64, take_number(), fuzz.now_ms);
    }
}

/* --- Hub --- */

static void drain_hub(void)
{
    struct sync_hub_action action;
    int count = 0;
    bool gone = false;
    while (sync_hub_next(&fuzz.hub, &action)) {
        CHECK(++count < FUZZ_ACTIONS);
        CHECK(!gone);
        fuzz.ingests += action.kind == SYNC_HUB_INGEST ? 1 : 0;
        fuzz.pulls += action.kind == SYNC_HUB_ANSWER_PULL ? 1 : 0;
        fuzz.blobs += action.kind == SYNC_HUB_STORE_BLOB ? 1 : 0;
        fuzz.blobs += action.kind == SYNC_HUB_ANSWER_BLOB_GET ? 1 : 0;
        fuzz.greeting |= action.kind == SYNC_HUB_ANSWER_HELLO;
        gone |= action.kind == SYNC_HUB_DROP_PEER;
        bool barrier = action.kind == SYNC_HUB_ANSWER_HELLO;
        CHECK(!barrier || fuzz.ingests + fuzz.pulls + fuzz.blobs == 0);
    }
    if (gone) {
        open_hub();
    }
}

static void feed_hub(void)
{
    uint8_t byte = reader_u8(&fuzz.input);
    struct sync_head_body head = {.incarnation = take_number(), .seq = take_number()};
    head.hub[0] = byte == 255 ? 7 : 1;
    head.device[0] = byte == 254 ? 7 : 2;
    take_frame(&fuzz.hub_frame, 1);
    sync_hub_frame(&fuzz.hub, &fuzz.hub_frame, byte == 253 ? NULL : &head, fuzz.now_ms);
}

static void tell_hub(uint8_t byte)
{
    bool ok = byte < 200;
    if (byte % 8 == 0 && fuzz.ingests > 0) {
        fuzz.ingests--;
        sync_hub_ingested(&fuzz.hub, ok);
    } else if (byte % 8 == 1 && fuzz.pulls > 0) {
        fuzz.pulls--;
        sync_hub_pulled(&fuzz.hub);
    } else if (byte % 8 == 2 && fuzz.blobs > 0) {
        fuzz.blobs--;
        sync_hub_blob_done(&fuzz.hub);
    } else if (byte % 8 == 3 && fuzz.greeting) {
        fuzz.greeting = false;
        sync_hub_greeted(&fuzz.hub, ok, take_number(), take_number());
    } else if (byte % 8 == 4) {
        sync_hub_busy(&fuzz.hub, ok);
    } else if (byte == 253) {
        sync_hub_malformed(&fuzz.hub, fuzz.now_ms);
    }
}

/* --- Time and order --- */

static void pass_time(uint8_t byte)
{
    uint64_t deadline_ms = sync_station_deadline(&fuzz.station);
    uint64_t other_ms = sync_auditor_deadline(&fuzz.auditor);
    deadline_ms = other_ms < deadline_ms ? other_ms : deadline_ms;
    bool jump = byte < 128 && deadline_ms != SYNC_NEVER && deadline_ms > fuzz.now_ms;
    fuzz.now_ms = jump ? deadline_ms : fuzz.now_ms + byte * UINT64_C(997);
    sync_station_tick(&fuzz.station, fuzz.now_ms);
    drain_station();
    CHECK(sync_station_deadline(&fuzz.station) > fuzz.now_ms);
    sync_auditor_tick(&fuzz.auditor, fuzz.now_ms);
    drain_auditor();
    CHECK(sync_auditor_deadline(&fuzz.auditor) > fuzz.now_ms);
    sync_hub_tick(&fuzz.hub, fuzz.now_ms);
}

static void step_peer(uint8_t choice)
{
    if (choice == 0 && fuzz.station_owes == SYNC_ACT_NONE) {
        take_frame(&fuzz.station_frame, fuzz.station.line.greeting);
        sync_station_frame(&fuzz.station, &fuzz.station_frame, fuzz.now_ms);
    } else if (choice == 0) {
        report_station();
    } else if (choice == 1 && fuzz.auditor_owes == SYNC_AUDIT_NONE) {
        take_frame(&fuzz.auditor_frame, fuzz.auditor.line.greeting);
        sync_auditor_frame(&fuzz.auditor, &fuzz.auditor_frame, fuzz.now_ms);
    } else if (choice == 1) {
        report_auditor();
    } else {
        feed_hub();
    }
}

static void step(void)
{
    uint8_t choice = reader_u8(&fuzz.input) % 12;
    if (choice < 3) {
        step_peer(choice);
    } else if (choice == 3) {
        append_station(reader_u8(&fuzz.input));
    } else if (choice == 4) {
        tell_station(reader_u8(&fuzz.input));
    } else if (choice == 5) {
        tell_auditor(reader_u8(&fuzz.input));
    } else if (choice < 8) {
        tell_hub(reader_u8(&fuzz.input));
    } else if (choice == 8) {
        pass_time(reader_u8(&fuzz.input));
    } else if (choice == 9) {
        sync_station_connected(&fuzz.station, fuzz.now_ms);
    } else if (choice == 10) {
        sync_auditor_connected(&fuzz.auditor, fuzz.now_ms);
    } else {
        sync_station_disconnected(&fuzz.station, fuzz.now_ms);
        sync_auditor_disconnected(&fuzz.auditor, fuzz.now_ms);
    }
    drain_station();
    drain_auditor();
    drain_hub();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memset(&fuzz, 0, sizeof fuzz);
    reader_init(&fuzz.input, span_of(data, size));
    open_station();
    open_hub();
    for (int i = 0; i < FUZZ_INPUTS && fuzz.input.left > 0; i++) {
        step();
    }
    return 0;
}
