/* A station talks with its hub: pushing, pulling, credit, refusals, blobs. */
#include "sync_station_rig.h"

static struct station_rig rig;

static void test_first_day(void **state)
{
    (void)state;
    rig_open_at(&rig, 0, 0);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 0 0 0 0 2", "apply welcome; " PULLS}, QUIET_ROWS,
         {"append 1 1", "push 1/1+1"}, {"append 1 250", "push 1/2+100"}, {"append 1 300", ""},
         {"answer 1 1 1 2", "apply answer 1/1+1; push 1/102+100"},
         {"answer 1 2 100 2", "apply answer 1/2+100; push 1/202+99"},
         {"answer 1 102 100 2", "apply answer 1/102+100"},
         {"answer 1 202 99 2", "apply answer 1/202+99"});
    assert_int_equal(rig.station.answered, 300);
    assert_true(sync_station_idle(&rig.station));
    assert_int_equal(rig.station.epoch, 1);
    assert_int_equal(rig.station.line.counts.errors, 0);
    assert_int_equal(rig.station.line.counts.unsolicited, 0);
}

static void test_nothing_before_hello(void **state)
{
    (void)state;
    rig_open_at(&rig, 5, 0);
    TALK(&rig, {"wait 10", ""}, {"answer 1 1 5 2", ""}, {"welcome 1 0 0 0 0 2", ""},
         {"bell 1 9", ""}, {"malformed", ""});
    assert_int_equal(rig.station.line.counts.unsolicited, 3);
    assert_int_equal(rig.station.line.counts.errors, 0);
    TALK(&rig, {"connect", "hello"}, {"answer 1 1 5 2", ""}, {"batch common 1 0 0", ""});
    assert_int_equal(rig.station.line.counts.late, 2);
    assert_int_equal(rig.station.answered, 0);
}

/* A WELCOME to an earlier HELLO, late or repeated, says what was, not what is. */
static void test_old_welcome(void **state)
{
    (void)state;
    rig_open_at(&rig, 2, 0);
    rig.station.seen_size = 9;
    rig.station.epoch = 1;
    TALK(&rig, {"connect", "hello"}, {"welcome 1 0 0 0 0 2 6", ""});
    assert_int_equal(rig.station.line.counts.late, 1);
    uint64_t first = rig.station.line.greeting;
    TALK(&rig, {"disconnect", ""}, {"connect", "hello"});
    assert_true(rig.station.line.greeting != first);
    assert_true(rig.station.line.greeting != 0);
    rig.size = 5;
    char old[64];
    (void)snprintf(old, sizeof old, "welcome 1 0 0 0 0 2 %" PRIu64, first);
    TALK(&rig, {old, ""});
    assert_int_equal(rig.station.line.counts.late, 2);
    rig.size = 9;
    TALK(&rig, {"welcome 1 1 0 0 0 4", "apply welcome; push 1/1+2; " PULLS});
    assert_int_equal(rig.station.line.counts.errors, 0);
}

/* Once an hour or so the station greets again, on the same line, but only when all is quiet. */
static void test_renewal(void **state)
{
    (void)state;
    rig_open_at(&rig, 0, 0);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 0 0 0 0 2", "apply welcome; " PULLS}, QUIET_ROWS);
    assert_in_range(rig.station.renew_ms - rig.now_ms, 3600000, 4500000);
    rig.now_ms = rig.station.renew_ms - 1;
    TALK(&rig, {"wait 0", PULLS}, {"wait 1", ""}, {"batch common 1 0 0", "apply batch common 1+0"},
         {"batch own 1 0 0", "apply batch own 1+0; hello"},
         {"welcome 1 0 0 0 0 2", "apply welcome; " PULLS}, QUIET_ROWS);
    assert_true(rig.station.renew_ms >= rig.now_ms + 3600000);
    assert_int_equal(rig.station.line.counts.timeouts, 0);
    sync_station_renew(&rig.station, rig.now_ms);
    TALK(&rig, {"wait 0", "hello"});
}

/* Answers of a resent run come in the pieces in which the log has them. */
static void test_answer_in_pieces(void **state)
{
    (void)state;
    rig_open_at(&rig, 20, 0);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 1 12 0 0 4", "apply welcome; push 1/1+12; " PULLS},
         {"answer 1 1 10 4", "apply answer 1/1+10; push 1/11+2"}, {"append 1 21", ""},
         {"answer 1 11 2 4", "apply answer 1/11+2; push 1/13+9"},
         {"answer 1 13 9 4", "apply answer 1/13+9"});
    assert_int_equal(rig.station.answered, 21);
    /* Of new events too, should a hub do that: those pushed behind are refused, so greet anew. */
    rig_open_at(&rig, 150, 0);
    TALK(&rig, {"connect", "hello"},
         {"welcome 1 0 0 0 0 4", "apply welcome; push 1/1+100; push 1/101+50; " PULLS},
         {"answer 1 1 10 4", "apply answer 1/1+10; hello"}, {"nack gap 1 101", "apply nack"},
         {"welcome 1 1 10 0 0 4", "apply welcome; push 1/11+100; push 1/111+40; " PULLS},
         {"answer 1 11 100 4", "apply answer 1/11+100"},
         {"answer 1 111 30 4", "apply answer 1/111+30; push 1/141+10"});
    assert_int_equal(rig.station.answered, 140);
    assert_int_equal(rig.station.line.counts.errors, 0);
}

static void test_answers_that_do_not_fit(void **state)
{
    static const char *const answers[] = {
        "answer 1 11 10 4", /* not the oldest */
        "answer 1 1 21 4",  /* beyond what was sent */
        "answer 1 2 5 4",
        "answer 2 1 20 4",
        "answer 1 1 0 4",
        "answer 1 1 101 4",
        "answer 1 18446744073709551615 20 4",
    };
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        rig_open_at(&rig, 20, 0);
        TALK(&rig, {"connect", "hello"},
             {"welcome 1 1 0 0 0 4", "apply welcome; push 1/1+20; " PULLS},
             {answers[i], "reconnect"});
        assert_int_equal(rig.station.line.counts.errors, 1);
        assert_int_equal(rig.station.answered, 0);
    }
}

static void test_repeated_answer(void **state)
{
    (void)state;
    rig_open_at(&rig, 20, 0);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 1 0 0 0 4", "apply welcome; push 1/1+20; " PULLS},
         {"answer 1 1 10 4", "apply answer 1/1+10; push 1/11+10"}, {"answer 1 1 10 4", ""},
         {"answer 1 11 10 4", "apply answer 1/11+10"}, {"answer 1 11 10 4", ""},
         {"welcome 1 1 0 0 0 4", ""}, {"stored 3", ""}, {"blob 3", ""}, {"kind 1", ""},
         {"kind 3", ""}, {"kind 0", ""});
    assert_int_equal(rig.station.line.counts.unsolicited, 8);
    assert_int_equal(rig.station.answered, 20);
    assert_int_equal(rig.station.line.state, SYNC_LINE_READY);
}

static void test_credit(void **state)
{
    (void)state;
    rig_open_at(&rig, 2000, 0);
    TALK(&rig, {"connect", "hello"},
         {"welcome 1 1 0 0 0 2", "apply welcome; push 1/1+100; push 1/101+100; " PULLS},
         {"answer 1 1 100 1", "apply answer 1/1+100"},
         {"answer 1 101 100 1", "apply answer 1/101+100; push 1/201+100"},
         {"answer 1 201 100 0", "apply answer 1/201+100"}, {"wait 999", ""},
         {"wait 4002", "push 1/301+100"},
         {"answer 1 301 100 3",
          "apply answer 1/301+100; push 1/401+100; push 1/501+100; push 1/601+100"});
    rig_open_at(&rig, 5000, 0);
    TALK(&rig, {"connect", "hello"},
         {"welcome 1 1 0 0 0 4000000000",
          "apply welcome; push 1/1+100; push 1/101+100; push 1/201+100; push 1/301+100; " PULLS},
         /* What stands together in the log is answered together. */
         {"answer 1 1 100 9", "apply answer 1/1+100; push 1/401+100"},
         {"answer 1 101 300 9", "reconnect"});
    rig_open_at(&rig, 1, 0);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 1 0 0 0 9", "apply welcome; push 1/1+1; " PULLS},
         {"append 1 3", "push 1/2+2"}, {"append 1 4", "push 1/4+1"}, {"append 1 6", "push 1/5+2"},
         {"answer 1 1 3 9", "apply answer 1/1+3"}, {"answer 1 1 4 9", "reconnect"});
    assert_int_equal(rig.station.answered, 3);
    /* One that ends within a push: what is behind it has left a gap. */
    rig_open_at(&rig, 1, 0);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 1 0 0 0 9", "apply welcome; push 1/1+1; " PULLS},
         {"append 1 3", "push 1/2+2"}, {"append 1 4", "push 1/4+1"},
         {"answer 1 1 2 9", "apply answer 1/1+2; hello"});
    assert_int_equal(rig.station.answered, 2);
    assert_int_equal(rig.station.flight.count, 0);
    rig_open_at(&rig, 1, 0);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 1 0 0 0 9", "apply welcome; push 1/1+1; " PULLS},
         {"append 1 3", "push 1/2+2"}, {"answer 1 1 2 9", "apply answer 1/1+2; push 1/3+1"},
         {"answer 1 3 2 9", "reconnect"});
}

static void test_busy(void **state)
{
    (void)state;
    rig_open_at(&rig, 250, 0);
    TALK(&rig, {"connect", "hello"},
         {"welcome 1 1 0 0 0 2", "apply welcome; push 1/1+100; push 1/101+100; " PULLS},
         {"nack busy 1 1", "apply nack; hello"}, {"nack busy 1 101", "apply nack"},
         {"batch common 1 0 0", ""}, {"welcome 1 1 0 0 0 2", "apply welcome; " PULLS}, QUIET_ROWS,
         {"wait 999", ""}, {"wait 4002", "push 1/1+100; push 1/101+100"});
    assert_int_equal(rig.station.line.counts.nacks, 1);
    assert_int_equal(rig.station.line.counts.late, 2);
    /* A busy hub does not even greet. */
    rig_open_at(&rig, 0, 0);
    TALK(&rig, {"connect", "hello"}, {"nack busy 0 0", "apply nack"}, {"wait 999", ""},
         {"wait 4002", "hello"}, {"nack busy 0 0", "apply nack"}, {"wait 1999", ""},
         {"wait 8002", "hello"});
    /* A pull comes too early. */
    rig_open_at(&rig, 0, 0);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 0 0 0 0 2", "apply welcome; " PULLS},
         {"nack busy 0 1", "apply nack"}, {"wait 999", ""}, {"wait 4002", "hello"});
    /* One nobody asked for, and one with a false signature. */
    rig_open_at(&rig, 0, 0);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 0 0 0 0 2", "apply welcome; " PULLS}, QUIET_ROWS,
         {"nack busy 0 1", "apply nack"}, {"nack gap 1 1", "apply nack"});
    assert_int_equal(rig.station.line.counts.unsolicited, 2);
    TALK(&rig, {"bad", ""}, {"nack busy 0 1", "apply nack; reconnect"});
}

static void test_refused_for_good(void **state)
{
    static const char *const nacks[] = {
        "nack revoked 1 1",   "nack oversize 1 1", "nack malformed 1 1", "nack hub 1 1",
        "nack signature 1 1", "nack seen 1 1",     "nack none 1 1"};
    (void)state;
    for (size_t i = 0; i < sizeof nacks / sizeof nacks[0]; i++) {
        rig_open_at(&rig, 5, 0);
        TALK(&rig, {"connect", "hello"},
             {"welcome 1 1 0 0 0 2", "apply welcome; push 1/1+5; " PULLS},
             {nacks[i], "apply nack; hello"},
             /* Results still come down while nothing goes up. */
             {"welcome 1 1 0 3 0 2", "apply welcome; " PULLS},
             {"batch common 1 3 3", "apply batch common 1+3"},
             {"batch own 1 0 0", "apply batch own 1+0"}, {"wait 149999", ""},
             {"wait 150002", "push 1/1+5"});
    }
    rig_open_at(&rig, 5, 0);
    TALK(&rig, {"connect", "hello"}, {"nack revoked 0 0", "apply nack"}, {"wait 149999", ""},
         {"hurry", "hello"});
}

static void test_gap(void **state)
{
    (void)state;
    rig_open_at(&rig, 5, 0);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 1 0 0 0 2", "apply welcome; push 1/1+5; " PULLS},
         {"nack gap 1 1", "apply nack; hello"}, {"welcome 1 1 0 0 0 2", "apply welcome; " PULLS},
         {"hurry", "push 1/1+5"}, {"answer 1 1 5 2", "apply answer 1/1+5"});
}

static void test_feeds(void **state)
{
    (void)state;
    rig_open_at(&rig, 0, 0);
    rig.station.common.applied = 4;
    TALK(&rig, {"connect", "hello"},
         {"welcome 1 0 0 210 1 2", "apply welcome; pull common 5+100; pull own 1+100"},
         {"batch own 1 1 1", "apply batch own 1+1"},
         {"batch common 5 100 210", "apply batch common 5+100; pull common 105+100"},
         {"batch common 105 60 210", "apply batch common 105+60; pull common 165+100"},
         {"batch common 165 46 211", "apply batch common 165+46; pull common 211+100"},
         {"batch common 211 1 211", "apply batch common 211+1"}, {"batch own 2 0 1", ""},
         {"wait 299999", ""}, {"wait 75002", "pull common 212+100; pull own 2+100"},
         {"batch common 212 0 211", "apply batch common 212+0"},
         {"batch own 2 0 1", "apply batch own 2+0"});
    assert_true(sync_station_idle(&rig.station));
    assert_int_equal(rig.station.common.applied, 211);
    TALK(&rig, {"hurry", "pull common 212+100; pull own 2+100"});
}

static void test_batches_that_do_not_fit(void **state)
{
    static const char *const batches[] = {
        "batch common 2 1 9",                           /* not what was asked */
        "batch common 1 101 200", "batch common 1 0 9", /* withheld */
        "batch common 1 5 4",     "batch common 1 1 18446744073709551615",
        "batch log 1 1 9",        "batch none 1 1 9",
    };
    (void)state;
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        rig_open_at(&rig, 0, 0);
        TALK(&rig, {"connect", "hello"}, {"welcome 1 0 0 9 9 2", "apply welcome; " PULLS},
             {batches[i], "reconnect"});
        assert_int_equal(rig.station.common.applied, 0);
    }
    rig_open_at(&rig, 0, 0);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 0 0 9 9 2", "apply welcome; " PULLS},
         {"batch chain 1 1 9", ""}, {"bad", ""},
         {"batch own 1 9 9", "apply batch own 1+9; reconnect"});
    assert_int_equal(rig.station.own.applied, 0);
}

static void test_doorbell(void **state)
{
    (void)state;
    rig_open_at(&rig, 0, 0);
    TALK(&rig, {"connect", "hello"}, {"welcome 2 0 0 0 0 2", "apply welcome; " PULLS},
         {"bell 2 11", ""}, {"batch common 1 0 0", "apply batch common 1+0; pull common 1+100"},
         {"batch own 1 1 1", "apply batch own 1+1; pull own 2+100"},
         {"batch common 1 0 0", "apply batch common 1+0"},
         {"batch own 2 0 1", "apply batch own 2+0"}, {"bell 2 11", ""}, {"bell 2 10", ""},
         {"bell 1 99", ""}, {"bell 2 18446744073709551615", ""},
         {"bell 2 12", "pull common 1+100; pull own 2+100"}, {"bell 3 1", "hello"},
         {"bell 4 1", ""});
}

static void test_blobs(void **state)
{
    (void)state;
    rig_open_at(&rig, 1, 0);
    TALK(&rig, {"connect", "hello"}, {"blobs 2 0", ""},
         {"welcome 1 0 0 0 0 2", "apply welcome; push 1/1+1; " PULLS}, QUIET_ROWS,
         {"blobs 2 1", "get blob"}, {"answer 1 1 1 2", "apply answer 1/1+1"}, {"blobs 2 0", ""},
         {"blob 9", ""}, {"blob 1", "apply blob; send blob"},
         /* An event does not wait for the photo. */
         {"append 1 2", "push 1/2+1"}, {"stored 1", ""}, {"blobs 1 0", ""},
         {"stored 2", "apply stored"}, {"answer 1 2 1 2", "apply answer 1/2+1; send blob"},
         {"append 1 3", "push 1/3+1"}, {"wait 299999", ""}, {"wait 1", "reconnect"});
    rig_open_at(&rig, 0, 0);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 0 0 0 0 2", "apply welcome; " PULLS},
         {"noblob", ""}, {"blobs 1 1", "get blob; send blob"}, QUIET_ROWS);
    assert_int_equal(rig.station.blob, SYNC_NONE);
    /* While pushes rest, blobs may go. */
    rig_open_at(&rig, 1, 0);
    TALK(&rig, {"connect", "hello"}, {"blobs 1 0", ""},
         {"welcome 1 0 0 0 0 2", "apply welcome; push 1/1+1; " PULLS},
         {"nack busy 1 1", "apply nack; hello"},
         {"welcome 1 0 0 0 0 2", "apply welcome; " PULLS "; send blob"}, {"keep", ""},
         {"stored 1", "apply stored"}, {"connect", ""}, {"blobs 0 0", ""}, {"report", "hello"});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_day),
        cmocka_unit_test(test_nothing_before_hello),
        cmocka_unit_test(test_old_welcome),
        cmocka_unit_test(test_renewal),
        cmocka_unit_test(test_answer_in_pieces),
        cmocka_unit_test(test_answers_that_do_not_fit),
        cmocka_unit_test(test_repeated_answer),
        cmocka_unit_test(test_credit),
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_refused_for_good),
        cmocka_unit_test(test_gap),
        cmocka_unit_test(test_feeds),
        cmocka_unit_test(test_batches_that_do_not_fit),
        cmocka_unit_test(test_doorbell),
        cmocka_unit_test(test_blobs),
    };
    return cmocka_run_group_tests_name("sync_station", tests, NULL, NULL);
}
