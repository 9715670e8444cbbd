#ifndef JIELI_TESTS_SYNC_STATION_RIG_H
#define JIELI_TESTS_SYNC_STATION_RIG_H

#include "sync/session_station.h"
#include "sync_script.h"

/* A station's conversation, row by row. What waits is drawn at random between known bounds, so
 * "wait 5001" is always enough and what stands before it never is. Apply actions are reported at
 * once and as good, unless "bad", "conflict" or "keep" came before. */
struct station_rig {
    struct sync_station station;
    uint64_t now_ms;
    uint64_t size; /* reported with every checkpoint */
    enum err err;  /* of the next report */
    bool keep;     /* no report until "report" */
    bool due;      /* one is being kept */
    enum sync_act apply;
    uint8_t blob;
    bool blob_none;
    struct sync_frame frame;
    struct sync_nack_body nack;
    char out[SCRIPT_TEXT_SIZE];
};

static inline void rig_open(struct station_rig *rig, const struct sync_station_start *start)
{
    struct sync_options options = sync_options_default();
    memset(rig, 0, sizeof *rig);
    rig->now_ms = 1000;
    rig->size = 10;
    options.spread_ms = 0;
    sync_station_init(&rig->station, &options, start, rig->now_ms);
}

static inline void rig_report(struct station_rig *rig)
{
    struct sync_station *station = &rig->station;
    enum err err = rig->err;
    rig->err = ERR_NONE;
    rig->due = false;
    if (rig->apply == SYNC_ACT_APPLY_WELCOME) {
        sync_station_welcomed(station, err, rig->size, rig->now_ms);
    } else if (rig->apply == SYNC_ACT_APPLY_ANSWER) {
        sync_station_answer_applied(station, err, rig->size, rig->now_ms);
    } else if (rig->apply == SYNC_ACT_APPLY_BATCH) {
        sync_station_batch_applied(station, err, rig->size, rig->now_ms);
    } else if (rig->apply == SYNC_ACT_APPLY_NACK) {
        sync_station_nack_applied(station, err, err == ERR_NONE ? &rig->nack : NULL, rig->now_ms);
    } else {
        sync_station_blob_done(station, rig->now_ms);
    }
}

static inline void rig_apply(struct station_rig *rig, const struct sync_station_action *action)
{
    assert_ptr_equal(action->frame, &rig->frame);
    assert_false(sync_station_takes_frame(&rig->station));
    rig->apply = action->kind;
    rig->due = true;
    if (!rig->keep) {
        rig_report(rig);
    }
}

static inline void rig_show(struct station_rig *rig, const struct sync_station_action *action)
{
    static const char *const names[] = {
        [SYNC_ACT_SEND_HELLO] = "hello",
        [SYNC_ACT_TELL_LIFE] = "life",
        [SYNC_ACT_APPLY_WELCOME] = "apply welcome",
        [SYNC_ACT_SEND_PUSH] = "push",
        [SYNC_ACT_APPLY_ANSWER] = "apply answer",
        [SYNC_ACT_APPLY_NACK] = "apply nack",
        [SYNC_ACT_SEND_PULL] = "pull",
        [SYNC_ACT_APPLY_BATCH] = "apply batch",
        [SYNC_ACT_SEND_BLOB] = "send blob",
        [SYNC_ACT_APPLY_STORED] = "apply stored",
        [SYNC_ACT_SEND_BLOB_GET] = "get blob",
        [SYNC_ACT_APPLY_BLOB] = "apply blob",
        [SYNC_ACT_RESTORED] = "restored",
        [SYNC_ACT_OPEN_INCARNATION] = "open",
        [SYNC_ACT_NEW_EPOCH] = "new epoch",
        [SYNC_ACT_HUB_WENT_BACK] = "went back",
        [SYNC_ACT_RECONNECT] = "reconnect",
    };
    char text[128];
    int size = snprintf(text, sizeof text, "%s", names[action->kind]);
    size_t used = (size_t)size;
    if (action->feed != SYNC_FEED_NONE) {
        size = snprintf(text + used, sizeof text - used, " %s", script_feed_name(action->feed));
        used += (size_t)size;
    }
    if (action->incarnation != 0) {
        size = snprintf(text + used, sizeof text - used, " %" PRIu64, action->incarnation);
        used += (size_t)size;
    }
    if (action->from != 0) {
        (void)snprintf(text + used, sizeof text - used, "%s%" PRIu64 "+%u",
                       action->incarnation != 0 ? "/" : " ", action->from, action->count);
    }
    script_put(rig->out, text);
}

static inline void rig_drain(struct station_rig *rig)
{
    struct sync_station_action action;
    rig->out[0] = '\0';
    for (int i = 0; sync_station_next(&rig->station, &action); i++) {
        assert_true(i < 64);
        rig_show(rig, &action);
        uint8_t hash[LIMIT_HASH_SIZE];
        if (action.frame != NULL) {
            rig_apply(rig, &action);
        } else if (action.kind == SYNC_ACT_SEND_BLOB || action.kind == SYNC_ACT_SEND_BLOB_GET) {
            bool put = action.kind == SYNC_ACT_SEND_BLOB;
            memset(hash, ++rig->blob, sizeof hash);
            (put ? sync_station_blob_sent : sync_station_blob_asked)(
                &rig->station, rig->blob_none ? NULL : hash, rig->now_ms);
        }
    }
    assert_int_equal(action.kind, SYNC_ACT_NONE);
}

static inline void rig_frame(struct station_rig *rig, struct sync_frame frame)
{
    rig->frame = frame;
    if (frame.kind == SYNC_WELCOME && frame.welcome.greeting == 0) {
        rig->frame.welcome.greeting = rig->station.line.greeting;
    }
    sync_station_frame(&rig->station, &rig->frame, rig->now_ms);
}

/* incarnation first count credit */
static inline void rig_answer(struct station_rig *rig, const uint64_t *n)
{
    struct sync_frame frame = {.kind = SYNC_ANSWER};
    frame.answer.incarnation = n[0];
    frame.answer.first_seq = n[1];
    frame.answer.count = (uint32_t)n[2];
    frame.answer.credit = (uint32_t)n[3];
    rig_frame(rig, frame);
}

static inline bool rig_peer(struct station_rig *rig, const struct script_line *line)
{
    const uint64_t *n = line->numbers;
    if (script_is(line, "welcome")) {
        rig_frame(rig, script_welcome(line));
    } else if (script_is(line, "answer")) {
        rig_answer(rig, n);
    } else if (script_is(line, "batch")) {
        rig_frame(rig, script_batch(line));
    } else if (script_is(line, "nack")) {
        rig->nack = (struct sync_nack_body){
            .reason = script_reason(line->word), .incarnation = n[0], .first_seq = n[1]};
        rig_frame(rig, (struct sync_frame){.kind = SYNC_NACK});
    } else if (script_is(line, "stored")) {
        rig_frame(rig, script_blob(SYNC_BLOB_STORED, n[0]));
    } else if (script_is(line, "blob")) {
        rig_frame(rig, script_blob(SYNC_BLOB, n[0]));
    } else if (script_is(line, "kind")) {
        rig_frame(rig, (struct sync_frame){.kind = (enum sync_kind)n[0]});
    } else if (script_is(line, "bell")) {
        sync_station_doorbell(&rig->station, n[0], n[1], rig->now_ms);
    } else if (script_is(line, "malformed")) {
        sync_station_malformed(&rig->station, rig->now_ms);
    } else {
        return false;
    }
    return true;
}

static inline bool rig_core(struct station_rig *rig, const struct script_line *line)
{
    struct sync_station *station = &rig->station;
    const uint64_t *n = line->numbers;
    if (script_is(line, "append")) {
        sync_station_appended(station, n[0], n[1], rig->now_ms);
    } else if (script_is(line, "blobs")) {
        sync_station_blobs(station, (uint32_t)n[0], (uint32_t)n[1], rig->now_ms);
    } else if (script_is(line, "epoch")) {
        sync_station_epoch_opened(station, station->proven, n[0], n[1], rig->now_ms);
    } else if (script_is(line, "back")) {
        sync_station_went_back(station, strcmp(line->word, "resend") == 0, rig->now_ms);
    } else if (script_is(line, "stick")) {
        sync_station_answered(station, n[0], n[1], rig->now_ms);
    } else if (script_is(line, "applied")) {
        sync_station_applied(station, script_feed(line->word), n[0], rig->now_ms);
    } else if (script_is(line, "life")) {
        sync_station_life(station, n[0], n[1], rig->now_ms);
    } else if (script_is(line, "hurry")) {
        sync_station_hurry(station, rig->now_ms);
    } else if (script_is(line, "report")) {
        rig->keep = false;
        rig_report(rig);
    } else {
        return false;
    }
    return true;
}

static inline void rig_do(struct station_rig *rig, const char *text)
{
    struct script_line line = script_parse(text);
    const uint64_t *n = line.numbers;
    if (rig_peer(rig, &line) || rig_core(rig, &line)) {
        return;
    }
    if (script_is(&line, "connect")) {
        sync_station_connected(&rig->station, rig->now_ms);
    } else if (script_is(&line, "disconnect")) {
        sync_station_disconnected(&rig->station, rig->now_ms);
    } else if (script_is(&line, "wait")) {
        rig->now_ms += n[0];
        sync_station_tick(&rig->station, rig->now_ms);
    } else if (script_is(&line, "size")) {
        rig->size = n[0];
    } else if (script_is(&line, "bad")) {
        rig->err = ERR_AUTH;
    } else if (script_is(&line, "conflict")) {
        rig->err = ERR_CONFLICT;
    } else if (script_is(&line, "keep")) {
        rig->keep = true;
    } else if (script_is(&line, "noblob")) {
        rig->blob_none = true;
    } else {
        fail_msg("no such input: %s", text);
    }
}

static inline void rig_talk(struct station_rig *rig, const char *name, const struct sync_row *rows)
{
    for (; rows->in != NULL; rows++) {
        rig_do(rig, rows->in);
        rig_drain(rig);
        script_expect(name, rows, rig->out);
        uint64_t deadline_ms = sync_station_deadline(&rig->station);
        if (deadline_ms <= rig->now_ms) {
            fail_msg("%s, at '%s': would spin", name, rows->in);
        }
    }
}

#define TALK(rig, ...) rig_talk(rig, __func__, (const struct sync_row[]){__VA_ARGS__, {NULL, NULL}})

/* Ends a greeting with both feeds empty or at their newest. */
#define QUIET_ROWS                                                                                 \
    {"batch common 1 0 0", "apply batch common 1+0"},                                              \
    {                                                                                              \
        "batch own 1 0 0", "apply batch own 1+0"                                                   \
    }
#define PULLS "pull common 1+100; pull own 1+100"

static inline void rig_open_at(struct station_rig *rig, uint64_t newest, uint64_t answered)
{
    struct sync_station_start start = {.incarnation = 1,
                                       .newest = newest,
                                       .answered_incarnation = 1,
                                       .answered = answered,
                                       .random = 7};
    if (answered > 0) {
        start.epoch = 1;
        start.seen_size = 10;
    }
    rig_open(rig, &start);
}

#endif
