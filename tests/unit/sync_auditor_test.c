/* An auditor follows one hub, row by row. */
#include "sync/session_auditor.h"
#include "sync_script.h"

struct auditor_rig {
    struct sync_auditor auditor;
    uint64_t now_ms;
    uint64_t size; /* reported with every checkpoint */
    enum err err;
    bool keep;
    enum sync_audit_act apply;
    uint8_t blob;
    bool blob_none;
    struct sync_frame frame;
    struct sync_nack_body nack;
    char out[SCRIPT_TEXT_SIZE];
};

static struct auditor_rig rig;

static void open_at(uint64_t epoch, uint64_t seen_size, uint64_t next)
{
    struct sync_options options = sync_options_default();
    struct sync_auditor_start start = {
        .epoch = epoch, .seen_size = seen_size, .next = next, .random = 3};
    memset(&rig, 0, sizeof rig);
    options.spread_ms = 0;
    options.pulls = 3;
    sync_auditor_init(&rig.auditor, &options, &start, 0);
}

static void rig_report(void)
{
    enum err err = rig.err;
    rig.err = ERR_NONE;
    rig.keep = false;
    if (rig.apply == SYNC_AUDIT_APPLY_WELCOME) {
        sync_auditor_welcomed(&rig.auditor, err, rig.size, rig.now_ms);
    } else if (rig.apply == SYNC_AUDIT_APPLY_BATCH) {
        sync_auditor_batch_applied(&rig.auditor, err, rig.size, rig.now_ms);
    } else if (rig.apply == SYNC_AUDIT_APPLY_NACK) {
        sync_auditor_nack_applied(&rig.auditor, err, err == ERR_NONE ? &rig.nack : NULL,
                                  rig.now_ms);
    } else {
        sync_auditor_blob_done(&rig.auditor, rig.now_ms);
    }
}

static void rig_show(const struct sync_auditor_action *action)
{
    static const char *const names[] = {
        [SYNC_AUDIT_SEND_HELLO] = "hello",        [SYNC_AUDIT_APPLY_WELCOME] = "apply welcome",
        [SYNC_AUDIT_SEND_PULL] = "pull",          [SYNC_AUDIT_APPLY_BATCH] = "apply batch",
        [SYNC_AUDIT_APPLY_NACK] = "apply nack",   [SYNC_AUDIT_SEND_BLOB_GET] = "get blob",
        [SYNC_AUDIT_APPLY_BLOB] = "apply blob",   [SYNC_AUDIT_NEW_EPOCH] = "new epoch",
        [SYNC_AUDIT_HUB_WENT_BACK] = "went back", [SYNC_AUDIT_RECONNECT] = "reconnect",
    };
    char text[128];
    bool run = action->kind == SYNC_AUDIT_SEND_PULL || action->kind == SYNC_AUDIT_APPLY_BATCH;
    (void)snprintf(text, sizeof text, "%s", names[action->kind]);
    if (run) {
        (void)snprintf(text, sizeof text, "%s %" PRIu64 "+%u", names[action->kind], action->from,
                       action->count);
    }
    script_put(rig.out, text);
}

static void rig_drain(void)
{
    struct sync_auditor_action action;
    rig.out[0] = '\0';
    for (int i = 0; sync_auditor_next(&rig.auditor, &action); i++) {
        assert_true(i < 64);
        rig_show(&action);
        uint8_t hash[LIMIT_HASH_SIZE];
        if (action.frame != NULL) {
            assert_false(sync_auditor_takes_frame(&rig.auditor));
            rig.apply = action.kind;
            if (!rig.keep) {
                rig_report();
            }
        } else if (action.kind == SYNC_AUDIT_SEND_BLOB_GET) {
            memset(hash, ++rig.blob, sizeof hash);
            sync_auditor_blob_asked(&rig.auditor, rig.blob_none ? NULL : hash, rig.now_ms);
        }
    }
    assert_int_equal(action.kind, SYNC_AUDIT_NONE);
}

static void rig_frame(struct sync_frame frame)
{
    rig.frame = frame;
    if (frame.kind == SYNC_WELCOME && frame.welcome.greeting == 0) {
        rig.frame.welcome.greeting = rig.auditor.line.greeting;
    }
    sync_auditor_frame(&rig.auditor, &rig.frame, rig.now_ms);
}

static void rig_set(const struct script_line *line)
{
    if (script_is(line, "bad")) {
        rig.err = ERR_AUTH;
    } else if (script_is(line, "keep")) {
        rig.keep = true;
    } else if (script_is(line, "noblob")) {
        rig.blob_none = true;
    } else if (script_is(line, "report")) {
        rig_report();
    } else {
        fail_msg("no such input: %s", line->verb);
    }
}

static void rig_do(const char *text)
{
    struct script_line line = script_parse(text);
    const uint64_t *n = line.numbers;
    if (script_is(&line, "connect")) {
        sync_auditor_connected(&rig.auditor, rig.now_ms);
    } else if (script_is(&line, "disconnect")) {
        sync_auditor_disconnected(&rig.auditor, rig.now_ms);
    } else if (script_is(&line, "wait")) {
        rig.now_ms += n[0];
        sync_auditor_tick(&rig.auditor, rig.now_ms);
    } else if (script_is(&line, "size")) {
        rig.size = n[0];
    } else if (script_is(&line, "welcome")) {
        rig_frame(script_welcome(&line));
    } else if (script_is(&line, "batch")) {
        rig_frame(script_batch(&line));
    } else if (script_is(&line, "nack")) {
        rig.nack = (struct sync_nack_body){.reason = script_reason(line.word), .first_seq = n[0]};
        rig_frame((struct sync_frame){.kind = SYNC_NACK});
    } else if (script_is(&line, "blob")) {
        rig_frame(script_blob(SYNC_BLOB, n[0]));
    } else if (script_is(&line, "kind")) {
        rig_frame((struct sync_frame){.kind = (enum sync_kind)n[0]});
    } else if (script_is(&line, "bell")) {
        sync_auditor_doorbell(&rig.auditor, n[0], n[1], rig.now_ms);
    } else if (script_is(&line, "malformed")) {
        sync_auditor_malformed(&rig.auditor, rig.now_ms);
    } else if (script_is(&line, "blobs")) {
        sync_auditor_blobs(&rig.auditor, (uint32_t)n[0], rig.now_ms);
    } else if (script_is(&line, "epoch")) {
        sync_auditor_epoch_opened(&rig.auditor, n[0], rig.now_ms);
    } else {
        rig_set(&line);
    }
}

static void rig_talk(const char *name, const struct sync_row *rows)
{
    for (; rows->in != NULL; rows++) {
        rig_do(rows->in);
        rig_drain();
        script_expect(name, rows, rig.out);
        if (sync_auditor_deadline(&rig.auditor) <= rig.now_ms) {
            fail_msg("%s, at '%s': would spin", name, rows->in);
        }
    }
}

#define TALK(...) rig_talk(__func__, (const struct sync_row[]){__VA_ARGS__, {NULL, NULL}})

static void test_follow(void **state)
{
    (void)state;
    open_at(0, 0, 0);
    TALK({"connect", "hello"}, {"size 450", ""},
         {"welcome 1 0 0 0 0 2", "apply welcome; pull 0+100; pull 100+100; pull 200+100"},
         {"batch log 0 100 449", "apply batch 0+100; pull 300+100"},
         {"batch log 100 100 449", "apply batch 100+100; pull 400+50"}, {"size 460", ""},
         {"batch log 200 100 459", "apply batch 200+100; pull 450+10"},
         {"batch log 300 100 459", "apply batch 300+100"},
         {"batch log 400 50 459", "apply batch 400+50"},
         {"batch log 450 10 459", "apply batch 450+10"});
    assert_true(sync_auditor_idle(&rig.auditor));
    assert_in_range(sync_auditor_deadline(&rig.auditor) - rig.now_ms, 300000, 375000);
    TALK({"bell 1 460", ""}, {"bell 1 461", "pull 460+1"}, {"size 461", ""},
         {"batch log 460 1 460", "apply batch 460+1"}, {"wait 299999", ""},
         {"wait 75002", "pull 461+100"}, {"batch log 461 0 460", "apply batch 461+0"},
         {"batch log 461 0 460", ""});
    assert_int_equal(rig.auditor.next, 461);
    assert_int_equal(rig.auditor.line.counts.unsolicited, 1);
    assert_int_equal(rig.auditor.line.counts.errors, 0);
}

static void test_restart_anywhere(void **state)
{
    (void)state;
    open_at(4, 77, 33);
    TALK({"bell 4 900", ""}, {"connect", "hello"}, {"bell 4 900", ""}, {"size 80", ""},
         {"welcome 4 0 0 0 0 2", "apply welcome; pull 33+47"},
         {"batch log 33 47 79", "apply batch 33+47"}, {"disconnect", ""}, {"connect", "hello"},
         {"welcome 4 0 0 0 0 2", "apply welcome; pull 80+100"},
         {"batch log 80 0 79", "apply batch 80+0"});
}

/* A frame holds fewer leaves than were asked for: those behind it are asked for again, in their
 * order, with a smaller window. */
static void test_short_batch(void **state)
{
    (void)state;
    open_at(1, 1000, 0);
    rig.size = 1000;
    TALK({"connect", "hello"},
         {"welcome 1 0 0 0 0 2", "apply welcome; pull 0+100; pull 100+100; pull 200+100"},
         {"batch log 0 60 999", "apply batch 0+60; pull 60+60"},
         {"batch log 100 100 999", "pull 120+60"}, {"batch log 200 100 999", "pull 180+60"},
         {"batch log 60 60 999", "apply batch 60+60; pull 240+100"},
         {"batch log 120 30 999", "apply batch 120+30; pull 150+30"},
         {"batch log 180 60 999", "pull 180+30"});
    assert_int_equal(rig.auditor.next, 150);
    assert_int_equal(rig.auditor.line.counts.late, 3);
}

/* A bell that lies costs a few empty answers. */
static void test_lying_bell(void **state)
{
    (void)state;
    open_at(1, 50, 50);
    rig.size = 50;
    TALK({"connect", "hello"}, {"welcome 1 0 0 0 0 2", "apply welcome; pull 50+100"},
         {"batch log 50 0 49", "apply batch 50+0"},
         {"bell 1 1000000", "pull 50+100; pull 150+100; pull 250+100"},
         {"batch log 50 0 49", "apply batch 50+0"}, {"batch log 150 0 49", ""},
         {"batch log 250 0 49", ""}, {"bell 1 18446744073709551615", ""}, {"bell 0 500", ""});
    assert_true(sync_auditor_idle(&rig.auditor));
    assert_int_equal(rig.auditor.line.counts.errors, 0);
    TALK({"bell 2 3", "hello"});
}

static void test_batches_that_do_not_fit(void **state)
{
    static const char *const batches[] = {
        "batch log 100 100 999", "batch log 0 101 999", "batch own 0 100 999",
        "batch log 0 0 999", /* withheld */
    };
    (void)state;
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        open_at(1, 1000, 0);
        rig.size = 1000;
        TALK({"connect", "hello"},
             {"welcome 1 0 0 0 0 2", "apply welcome; pull 0+100; pull 100+100; pull 200+100"},
             {batches[i], "reconnect"}, {"connect", ""}, {"wait 999", ""}, {"wait 4002", "hello"});
        assert_int_equal(rig.auditor.line.counts.errors, 1);
        assert_int_equal(rig.auditor.next, 0);
    }
    /* A false proof, a checkpoint that does not reach the batch, a promise without leaves. */
    open_at(1, 50, 50);
    rig.size = 50;
    TALK({"connect", "hello"}, {"welcome 1 0 0 0 0 2", "apply welcome; pull 50+100"}, {"bad", ""},
         {"batch log 50 5 54", "apply batch 50+5; reconnect"}, {"connect", ""},
         {"wait 5001", "hello"}, {"welcome 1 0 0 0 0 2", "apply welcome; pull 50+100"},
         {"size 54", ""}, {"batch log 50 5 54", "apply batch 50+5; reconnect"}, {"connect", ""},
         {"wait 10001", "hello"}, {"size 50", ""},
         {"welcome 1 0 0 0 0 2", "apply welcome; pull 50+100"}, {"size 51", ""},
         {"batch log 50 0 54", "apply batch 50+0; reconnect"});
    assert_int_equal(rig.auditor.next, 50);
}

static void test_silence(void **state)
{
    (void)state;
    open_at(1, 250, 0);
    rig.size = 250;
    TALK({"connect", "hello"}, {"wait 59999", ""}, {"wait 1", "reconnect"}, {"kind 5", ""},
         {"connect", ""}, {"batch log 0 1 1", ""}, {"wait 5001", "hello"}, {"batch log 0 1 1", ""},
         {"welcome 1 0 0 0 0 2", "apply welcome; pull 0+100; pull 100+100; pull 200+50"},
         {"wait 100000", ""}, {"batch log 0 100 249", "apply batch 0+100"}, {"wait 119999", ""},
         {"wait 1", "reconnect"}, {"connect", ""}, {"wait 5001", "hello"},
         {"malformed", "reconnect"}, {"malformed", ""});
    assert_int_equal(rig.auditor.line.counts.timeouts, 2);
    assert_int_equal(rig.auditor.line.counts.late, 2);
    assert_int_equal(rig.auditor.next, 100);
}

static void test_late_report(void **state)
{
    (void)state;
    open_at(1, 250, 0);
    rig.size = 250;
    TALK({"connect", "hello"},
         {"welcome 1 0 0 0 0 2", "apply welcome; pull 0+100; pull 100+100; pull 200+50"},
         {"keep", ""}, {"batch log 0 100 249", "apply batch 0+100"}, {"disconnect", ""},
         {"connect", ""}, {"wait 999999", ""}, {"report", "hello"}, {"keep", ""},
         {"welcome 1 0 0 0 0 2", "apply welcome"}, {"connect", ""}, {"report", "hello"},
         {"welcome 1 0 0 0 0 2", "apply welcome; pull 100+100; pull 200+50"}, {"keep", ""},
         {"nack busy 100", "apply nack"}, {"connect", ""}, {"report", "hello"});
}

static void test_epochs(void **state)
{
    (void)state;
    open_at(2, 250, 250);
    rig.size = 9;
    TALK({"connect", "hello"}, {"welcome 3 0 0 0 0 2", "apply welcome; new epoch"},
         {"wait 999999", ""}, {"epoch 0", "pull 0+9"}, {"batch log 0 9 8", "apply batch 0+9"},
         {"epoch 4", ""}, {"connect", "hello"}, {"size 8", ""},
         {"welcome 3 0 0 0 0 2", "apply welcome; went back"}, {"wait 149999", ""},
         {"wait 150002", "hello"}, {"welcome 2 0 0 0 0 2", "apply welcome; went back"},
         {"wait 300001", "hello"}, {"size 12", ""},
         {"welcome 3 0 0 0 0 2", "apply welcome; pull 9+3"});
    assert_int_equal(rig.auditor.epoch, 3);
    /* The core cannot start behind the end. */
    open_at(2, 250, 250);
    rig.size = 9;
    TALK({"connect", "hello"}, {"welcome 3 0 0 0 0 2", "apply welcome; new epoch"},
         {"epoch 99", "pull 9+100"});
}

static void test_busy(void **state)
{
    (void)state;
    open_at(1, 250, 0);
    rig.size = 250;
    TALK({"connect", "hello"}, {"nack busy 0", "apply nack"}, {"wait 999", ""},
         {"wait 4002", "hello"}, {"nack busy 7", "apply nack"},
         {"welcome 1 0 0 0 0 2", "apply welcome; pull 0+100; pull 100+100; pull 200+50"},
         {"nack busy 0", "apply nack"}, {"nack busy 100", ""}, {"wait 10001", "hello"},
         {"welcome 1 0 0 0 0 2", "apply welcome; pull 0+100; pull 100+100; pull 200+50"},
         {"nack revoked 0", "apply nack"}, {"wait 149999", ""}, {"wait 150002", "hello"},
         {"bad", ""}, {"nack revoked 0", "apply nack; reconnect"});
    open_at(1, 0, 0);
    TALK({"connect", "hello"}, {"welcome 1 0 0 0 0 2", "apply welcome; pull 0+100"},
         {"batch log 0 0 0", "apply batch 0+0"}, {"nack busy 0", "apply nack"});
    assert_int_equal(rig.auditor.line.counts.unsolicited, 1);
}

static void test_bad_welcome(void **state)
{
    (void)state;
    open_at(1, 250, 0);
    TALK({"connect", "hello"}, {"welcome 0 0 0 0 0 2", "reconnect"}, {"connect", ""},
         {"wait 5001", "hello"}, {"bad", ""}, {"welcome 1 0 0 0 0 2", "apply welcome; reconnect"},
         {"connect", ""}, {"wait 10001", "hello"}, {"size 18446744073709551615", ""},
         {"welcome 1 0 0 0 0 2", "apply welcome; reconnect"});
}

static void test_blobs(void **state)
{
    (void)state;
    open_at(1, 0, 0);
    TALK({"blobs 2", ""}, {"connect", "hello"},
         {"welcome 1 0 0 0 0 2", "apply welcome; pull 0+100; get blob"},
         {"batch log 0 0 0", "apply batch 0+0"}, {"blob 2", ""}, {"welcome 1 0 0 0 0 2", ""},
         {"blob 1", "apply blob; get blob"}, {"noblob", ""}, {"blob 2", "apply blob; get blob"},
         {"blobs 1", "get blob"}, {"wait 375001", "pull 0+100"});
    open_at(1, 0, 0);
    TALK({"blobs 2", ""}, {"connect", "hello"},
         {"welcome 1 0 0 0 0 2", "apply welcome; pull 0+100; get blob"},
         {"batch log 0 0 0", "apply batch 0+0"}, {"keep", ""}, {"blob 1", "apply blob"},
         {"connect", ""}, {"report", "hello"},
         {"welcome 1 0 0 0 0 2", "apply welcome; pull 0+100; get blob"},
         {"batch log 0 0 0", "apply batch 0+0"}, {"blob 1", ""}, {"nack busy 9", "apply nack"},
         {"wait 5001", "hello"}, {"welcome 1 0 0 0 0 2", "apply welcome; pull 0+100; get blob"},
         {"batch log 0 0 0", "apply batch 0+0"}, {"wait 299999", ""}, {"wait 1", "reconnect"});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follow),
        cmocka_unit_test(test_restart_anywhere),
        cmocka_unit_test(test_short_batch),
        cmocka_unit_test(test_lying_bell),
        cmocka_unit_test(test_batches_that_do_not_fit),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_late_report),
        cmocka_unit_test(test_epochs),
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_bad_welcome),
        cmocka_unit_test(test_blobs),
    };
    return cmocka_run_group_tests_name("sync_auditor", tests, NULL, NULL);
}
