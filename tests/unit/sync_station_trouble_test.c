/* What goes wrong between a station and its hub: silence, lost lines, false proofs, restored
 * machines on either side. */
#include "sync_station_rig.h"

static struct station_rig rig;

static void test_proof_that_does_not_hold(void **state)
{
    (void)state;
    rig_open_at(&rig, 5, 0);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 1 0 0 0 4", "apply welcome; push 1/1+5; " PULLS},
         {"bad", ""}, {"answer 1 1 5 4", "apply answer 1/1+5; reconnect"}, {"connect", ""},
         {"wait 999", ""}, {"wait 4002", "hello"},
         {"welcome 1 1 5 0 0 4", "apply welcome; push 1/1+5; " PULLS},
         {"answer 1 1 5 4", "apply answer 1/1+5"});
    assert_int_equal(rig.station.line.counts.errors, 1);
    assert_int_equal(rig.station.answered, 5);
}

static void test_silence(void **state)
{
    (void)state;
    rig_open_at(&rig, 5, 0);
    TALK(&rig, {"connect", "hello"}, {"wait 59999", ""}, {"wait 1", "reconnect"}, {"connect", ""},
         {"wait 5001", "hello"}, {"welcome 1 1 0 0 0 4", "apply welcome; push 1/1+5; " PULLS},
         QUIET_ROWS, {"wait 119999", ""}, {"wait 1", "reconnect"}, {"connect", ""},
         {"wait 10001", "hello"}, {"welcome 1 1 5 0 0 4", "apply welcome; push 1/1+5; " PULLS},
         {"wait 100000", ""}, {"answer 1 1 3 4", "apply answer 1/1+3; push 1/4+2"}, QUIET_ROWS,
         {"wait 119999", ""}, {"answer 1 4 2 4", "apply answer 1/4+2"});
    assert_int_equal(rig.station.line.counts.timeouts, 2);
    /* A pull that stays out. */
    rig_open_at(&rig, 0, 0);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 0 0 0 0 4", "apply welcome; " PULLS},
         {"batch common 1 0 0", "apply batch common 1+0"}, {"wait 119999", ""},
         {"wait 1", "reconnect"});
}

/* What the timer is set to, and that the seed of a station decides its waits. */
static void test_deadlines(void **state)
{
    bool differs = false;
    uint64_t first_ms = 0;
    (void)state;
    rig_open_at(&rig, 5, 0);
    assert_true(sync_station_deadline(&rig.station) == SYNC_NEVER);
    TALK(&rig, {"connect", "hello"});
    assert_int_equal(sync_station_deadline(&rig.station), rig.now_ms + 60000);
    TALK(&rig, {"welcome 1 0 0 0 0 2", "apply welcome; push 1/1+5; " PULLS}, QUIET_ROWS);
    assert_int_equal(sync_station_deadline(&rig.station), rig.now_ms + 120000);
    TALK(&rig, {"wait 1000", ""}, {"answer 1 1 5 2", "apply answer 1/1+5"});
    assert_in_range(sync_station_deadline(&rig.station) - rig.now_ms, 299000, 374000);
    TALK(&rig, {"blobs 1 0", "send blob"}, {"append 1 6", "push 1/6+1"});
    assert_int_equal(rig.station.push_deadline_ms, rig.now_ms + 420000);
    for (uint64_t i = 0; i < 8; i++) {
        struct sync_station_start start = {.incarnation = 1, .random = i};
        rig_open(&rig, &start);
        TALK(&rig, {"connect", "hello"}, {"malformed", "reconnect"});
        assert_in_range(rig.station.line.wait_ms, 1000, 5000);
        first_ms = i == 0 ? rig.station.line.wait_ms : first_ms;
        differs = differs || rig.station.line.wait_ms != first_ms;
    }
    assert_true(differs);
}

/* Lost link: what was sent is sent again, an answer of before is not missed. */
static void test_lost_link(void **state)
{
    (void)state;
    rig_open_at(&rig, 150, 0);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 1 0 0 0 1", "apply welcome; push 1/1+100; " PULLS},
         {"disconnect", ""}, {"answer 1 1 100 1", ""}, {"connect", "hello"},
         {"answer 1 1 100 1", ""}, {"welcome 1 1 100 0 0 1", "apply welcome; push 1/1+100; " PULLS},
         {"answer 1 1 100 1", "apply answer 1/1+100; push 1/101+50"}, {"connect", "hello"},
         {"welcome 1 1 100 0 0 1", "apply welcome; push 1/101+50; " PULLS},
         {"answer 1 1 100 1", ""}, {"answer 1 101 50 1", "apply answer 1/101+50"});
    assert_int_equal(rig.station.answered, 150);
    assert_int_equal(rig.station.line.counts.errors, 0);
}

/* The core still works on a frame when the link goes: what it proves stays proven. */
static void test_late_report(void **state)
{
    (void)state;
    rig_open_at(&rig, 5, 0);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 1 0 0 0 4", "apply welcome; push 1/1+5; " PULLS},
         {"keep", ""}, {"answer 1 1 5 4", "apply answer 1/1+5"}, {"append 1 6", ""},
         {"disconnect", ""}, {"connect", ""}, {"wait 700000", ""}, {"report", "hello"},
         {"welcome 1 1 5 0 0 4", "apply welcome; push 1/6+1; " PULLS});
    assert_int_equal(rig.station.answered, 5);
    /* A WELCOME of the connection before says nothing about this one. */
    rig_open_at(&rig, 5, 0);
    TALK(&rig, {"connect", "hello"}, {"keep", ""}, {"welcome 1 1 0 0 0 4", "apply welcome"},
         {"disconnect", ""}, {"connect", ""}, {"report", "hello"},
         {"welcome 1 1 0 0 0 4", "apply welcome; push 1/1+5; " PULLS});
    /* What a feed brought stays; a NACK of before ends nothing. */
    rig_open_at(&rig, 0, 0);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 0 0 0 1 2", "apply welcome; " PULLS}, {"keep", ""},
         {"batch own 1 1 1", "apply batch own 1+1"}, {"disconnect", ""}, {"report", ""},
         {"connect", "hello"},
         {"welcome 1 0 0 0 1 2", "apply welcome; pull common 1+100; pull own 2+100"}, {"keep", ""},
         {"nack busy 0 2", "apply nack"}, {"connect", ""}, {"report", "hello"});
    assert_int_equal(rig.station.own.applied, 1);
    assert_int_equal(rig.station.line.counts.nacks, 0);
    /* And a bad proof found late still drops the line. */
    rig_open_at(&rig, 5, 0);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 1 0 0 0 4", "apply welcome; push 1/1+5; " PULLS});
    TALK(&rig, {"keep", ""}, {"bad", ""}, {"answer 1 1 5 4", "apply answer 1/1+5"},
         {"disconnect", ""}, {"connect", ""}, {"report", "reconnect"});
}

static void test_new_epoch(void **state)
{
    (void)state;
    rig_open_at(&rig, 9, 7);
    rig.station.common.applied = 30;
    rig.station.own.applied = 3;
    TALK(&rig, {"connect", "hello"}, {"size 2", ""},
         {"welcome 2 1 5 28 3 2", "apply welcome; new epoch"}, {"wait 1000", ""},
         {"append 1 10", ""}, {"epoch 28 3", "push 1/6+5; pull common 29+100; pull own 4+100"},
         {"answer 1 6 5 2", "apply answer 1/6+5"});
    assert_int_equal(rig.station.epoch, 2);
    assert_int_equal(rig.station.seen_size, 2);
    assert_int_equal(rig.station.answered, 10);
    /* The hub lost our whole life, and the core refolds its feeds from the start. */
    rig_open_at(&rig, 9, 7);
    TALK(&rig, {"connect", "hello"}, {"welcome 5 0 0 28 3 2", "apply welcome; new epoch"},
         {"epoch 0 99", "push 1/1+9; pull common 1+100; pull own 4+100"});
    /* Lost link while the core decides: told again. */
    rig_open_at(&rig, 9, 7);
    TALK(&rig, {"connect", "hello"}, {"welcome 2 1 5 0 0 2", "apply welcome; new epoch"},
         {"connect", "hello"}, {"epoch 0 0", ""},
         {"welcome 2 1 5 0 0 2", "apply welcome; new epoch"}, {"epoch 0 0", "push 1/6+4; " PULLS});
    /* The hub still holds more than we have proven. */
    rig_open_at(&rig, 9, 7);
    TALK(&rig, {"connect", "hello"}, {"welcome 2 1 9 0 0 2", "apply welcome; new epoch"},
         {"epoch 0 0", "push 1/8+2; " PULLS});
}

static void test_hub_went_back(void **state)
{
    static const struct {
        const char *welcome;
        const char *size;
    } backs[] = {
        {"welcome 1 1 6 0 0 2", "size 10"}, /* fewer of our events */
        {"welcome 1 1 7 0 0 2", "size 9"},  /* a shorter log */
        {"welcome 1 0 0 0 0 2", "size 10"}, /* none of our lives */
    };
    (void)state;
    for (size_t i = 0; i < sizeof backs / sizeof backs[0]; i++) {
        rig_open_at(&rig, 9, 7);
        TALK(&rig, {"connect", "hello"}, {backs[i].size, ""},
             {backs[i].welcome, "apply welcome; went back"}, {"wait 1", ""}, {"back hold", ""},
             {"wait 149999", ""}, {"append 1 10", ""}, {"wait 150002", "hello"},
             {backs[i].welcome, "apply welcome; went back"});
        assert_int_equal(rig.station.answered, 7);
        assert_int_equal(rig.station.newest, 10);
    }
    /* An ended log, and feeds that shrank. */
    struct sync_station_start start = {.incarnation = 1, .epoch = 3, .common = 5, .own = 6};
    rig_open(&rig, &start);
    TALK(&rig, {"connect", "hello"}, {"welcome 2 0 0 5 6 2", "apply welcome; went back"},
         {"back hold", ""}, {"hurry", "hello"}, {"welcome 3 0 0 4 6 2", "apply welcome; went back"},
         {"connect", "hello"}, {"welcome 3 0 0 5 5 2", "apply welcome; went back"},
         {"back hold", ""}, {"connect", ""}, {"hurry", "hello"},
         {"welcome 3 0 0 5 6 2", "apply welcome; pull common 6+100; pull own 7+100"},
         {"back resend", ""});
    /* Shorter than the checkpoint that came with an answer. */
    rig_open_at(&rig, 9, 7);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 1 7 0 0 2", "apply welcome; push 1/8+2; " PULLS},
         {"size 20", ""}, {"answer 1 8 2 2", "apply answer 1/8+2"}, {"connect", "hello"},
         {"size 19", ""}, {"welcome 1 1 9 0 0 2", "apply welcome; went back"});
    /* Held until the hub opens a new log, or sent again at once. */
    rig_open_at(&rig, 9, 7);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 1 4 0 0 2", "apply welcome; went back"},
         {"back hold", ""}, {"wait 300001", "hello"},
         {"welcome 2 1 4 0 0 2", "apply welcome; new epoch"}, {"epoch 0 0", "push 1/5+5; " PULLS});
    rig_open_at(&rig, 9, 7);
    TALK(&rig, {"connect", "hello"}, {"size 4", ""},
         {"welcome 1 1 4 0 0 2", "apply welcome; went back"}, {"back resend", "push 1/5+5; " PULLS},
         {"answer 1 5 5 2", "apply answer 1/5+5"});
    assert_int_equal(rig.station.answered, 9);
    assert_int_equal(rig.station.seen_size, 4);
}

static void test_restored(void **state)
{
    (void)state;
    rig_open_at(&rig, 5, 3);
    TALK(&rig, {"connect", "hello"},
         {"welcome 1 1 130 0 0 2", "apply welcome; restored; pull chain 1/4+100"},
         {"batch chain 4 100 130", "apply batch chain 1/4+100; pull chain 1/104+100"},
         {"batch chain 104 27 130", "apply batch chain 1/104+27; open 2"}, {"wait 50", ""},
         {"append 2 0", "hello"}, {"welcome 1 1 130 0 0 2", "apply welcome; life 1; " PULLS},
         {"append 2 2", ""},
         /* What came back is proven first, then the new life begins. */
         {"life 1 130", "push 1/4+100"},
         {"answer 1 4 100 2", "apply answer 1/4+100; push 1/104+27"},
         {"answer 1 104 27 2", "apply answer 1/104+27; push 2/1+2"}, {"append 2 3", "push 2/3+1"},
         {"answer 2 1 2 2", "apply answer 2/1+2"}, {"answer 2 3 1 2", "apply answer 2/3+1"});
    assert_int_equal(rig.station.incarnation, 2);
    assert_int_equal(rig.station.answered, 3);
    assert_true(rig.station.proven.incarnation == 2 && rig.station.proven.seq == 3);
    /* From a very old copy: two lives later, the middle one empty. */
    rig_open_at(&rig, 5, 5);
    TALK(&rig, {"connect", "hello"},
         {"welcome 1 3 2 0 0 2", "apply welcome; restored; pull chain 1/6+100"},
         {"batch chain 6 1 6", "apply batch chain 1/6+1; pull chain 2/1+100"},
         {"batch chain 1 0 0", "apply batch chain 2/1+0; pull chain 3/1+100"},
         {"batch chain 1 2 2", "apply batch chain 3/1+2; open 4"}, {"append 4 3", "hello"},
         {"welcome 1 3 2 0 0 2", "apply welcome; life 1; " PULLS}, {"life 1 6", "push 1/6+1"},
         {"answer 1 6 1 2", "apply answer 1/6+1; life 2"}, {"life 2 0", "life 3"}, {"life 7 9", ""},
         {"life 3 2", "push 3/1+2"}, {"answer 3 1 2 2", "apply answer 3/1+2; push 4/1+3"});
}

/* Earlier lives that the hub lacks, or of which it takes nothing any more. */
static void test_earlier_lives(void **state)
{
    struct sync_station_start start = {.incarnation = 3,
                                       .newest = 4,
                                       .answered_incarnation = 2,
                                       .answered = 7,
                                       .epoch = 1,
                                       .seen_size = 10};
    (void)state;
    /* The hub went back into our first life and opened a new log. */
    rig_open(&rig, &start);
    TALK(&rig, {"connect", "hello"}, {"welcome 2 1 5 0 0 2", "apply welcome; new epoch"},
         {"epoch 0 0", "life 1; " PULLS}, {"life 1 8", "push 1/6+3"},
         {"answer 1 6 3 2", "apply answer 1/6+3; life 2"}, {"life 2 7", "push 2/1+7"},
         {"answer 1 6 3 2", ""}, {"answer 2 1 7 2", "apply answer 2/1+7; push 3/1+4"},
         {"answer 3 1 4 2", "apply answer 3/1+4"});
    rig_open(&rig, &start);
    TALK(&rig, {"connect", "hello"}, {"welcome 2 0 0 0 0 2", "apply welcome; new epoch"},
         {"epoch 0 0", "life 1; " PULLS}, {"connect", "hello"},
         {"welcome 2 0 0 0 0 2", "apply welcome; life 1; " PULLS}, {"life 1 8", "push 1/1+8"});
    /* It holds a later life than the first unproven event and answers nothing before it. */
    start.answered_incarnation = 1;
    rig_open(&rig, &start);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 2 3 0 0 2", "apply welcome; life 1; " PULLS},
         {"life 1 9", "push 1/8+2"}, {"nack old 1 8", "apply nack; hello"}, {"hurry", ""},
         {"welcome 1 2 3 0 0 2", "apply welcome; life 2; " PULLS}, {"hurry", ""},
         {"life 2 5", "push 2/1+3"}, {"answer 2 1 3 2", "apply answer 2/1+3; push 2/4+2"},
         {"nack fork 2 4", "apply nack; hello"}, {"welcome 1 2 3 0 0 2", "apply welcome; " PULLS},
         {"hurry", "push 3/1+4"}, {"answer 3 1 4 2", "apply answer 3/1+4"});
    assert_false(rig.station.diverged);
    start.incarnation = 4;
    rig_open(&rig, &start);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 3 3 0 0 2", "apply welcome; life 1; " PULLS},
         {"life 1 9", "push 1/8+2"}, {"nack fork 1 8", "apply nack; hello"},
         {"welcome 1 3 3 0 0 2", "apply welcome; life 2; " PULLS});
    rig_open(&rig, &start);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 3 3 0 0 2", "apply welcome; life 1; " PULLS},
         {"life 1 9", "push 1/8+2"}, {"nack old 1 8", "apply nack; hello"},
         {"welcome 1 3 3 0 0 2", "apply welcome; life 3; " PULLS}, {"append 5 0", "hello"},
         {"disconnect", ""}, {"append 6 1", ""}, {"connect", "hello"},
         {"welcome 1 3 3 0 0 2", "apply welcome; life 3; " PULLS});
    start.incarnation = 3;
    /* It holds more of an earlier life than was fetched: a push of before came late. */
    start.answered_incarnation = 2;
    rig_open(&rig, &start);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 2 9 0 0 2", "apply welcome; life 2; " PULLS},
         {"life 2 8", "hello"},
         {"welcome 1 2 9 0 0 2", "apply welcome; restored; pull chain 2/8+100"},
         {"batch chain 8 2 9", "apply batch chain 2/8+2; open 4"}, {"append 4 0", "hello"},
         {"welcome 1 2 9 0 0 2", "apply welcome; life 2; " PULLS}, {"life 2 9", "push 2/8+2"});
    /* Before the proven place: it went back. */
    start.answered_incarnation = 2;
    rig_open(&rig, &start);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 2 6 0 0 2", "apply welcome; went back"},
         {"back resend", "life 2; " PULLS}, {"life 2 6", "push 3/1+4"});
}

static void test_restore_disturbed(void **state)
{
    (void)state;
    rig_open_at(&rig, 5, 3);
    TALK(&rig, {"connect", "hello"},
         {"welcome 1 1 9 0 0 2", "apply welcome; restored; pull chain 1/4+100"}, {"bell 2 5", ""},
         {"answer 1 4 1 2", ""});
    rig_open_at(&rig, 5, 3);
    TALK(&rig, {"connect", "hello"},
         {"welcome 1 1 9 0 0 2", "apply welcome; restored; pull chain 1/4+100"}, {"epoch 0 0", ""},
         {"back resend", ""},
         /* All is here and yet no new life: the old one must not go on. */
         {"batch chain 4 6 9", "apply batch chain 1/4+6; open 2"}, {"append 1 9", ""},
         {"connect", "hello"},
         {"welcome 1 1 9 0 0 2", "apply welcome; restored; pull chain 1/4+100"}, {"keep", ""},
         {"batch chain 4 6 9", "apply batch chain 1/4+6"}, {"disconnect", ""}, {"connect", ""},
         {"report", "hello"},
         {"welcome 1 1 9 0 0 2", "apply welcome; restored; pull chain 1/4+100"},
         {"nack busy 1 4", "apply nack"}, {"wait 5001", "hello"},
         {"welcome 1 1 9 0 0 2", "apply welcome; restored; pull chain 1/4+100"},
         {"wait 120000", "reconnect"});
    struct sync_station_start start = {.incarnation = 1,
                                       .newest = 9,
                                       .answered_incarnation = 1,
                                       .answered = 9,
                                       .epoch = 1,
                                       .seen_size = 9,
                                       .restoring = true};
    rig_open(&rig, &start);
    TALK(&rig, {"connect", "hello"},
         {"welcome 1 1 9 0 0 2", "apply welcome; restored; pull chain 1/10+100"},
         {"batch chain 10 0 9", "apply batch chain 1/10+0; open 2"});
    /* The hub does not hold what it claims, or claims too many lives. */
    rig_open_at(&rig, 5, 3);
    TALK(&rig, {"connect", "hello"},
         {"welcome 1 1 9 0 0 2", "apply welcome; restored; pull chain 1/4+100"},
         {"batch chain 4 2 5", "apply batch chain 1/4+2; reconnect"});
    rig_open_at(&rig, 5, 3);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 1026 1 0 0 2", "apply welcome; reconnect"});
    rig_open_at(&rig, 5, 3);
    TALK(&rig, {"connect", "hello"},
         {"welcome 1 1025 1 0 0 2", "apply welcome; restored; pull chain 1/4+100"});
}

static void test_fork(void **state)
{
    static const char *const nacks[] = {"nack fork 1 4", "nack frozen 1 4"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        rig_open_at(&rig, 9, 3);
        TALK(&rig, {"connect", "hello"},
             {"welcome 1 1 6 0 0 2", "apply welcome; push 1/4+3; " PULLS},
             {nacks[i], "apply nack; hello"},
             {"welcome 1 1 6 0 0 2", "apply welcome; restored; pull chain 1/4+100"},
             {"batch chain 4 3 6", "apply batch chain 1/4+3; open 2"}, {"append 2 6", "hello"},
             {"welcome 1 1 6 0 0 2", "apply welcome; life 1; " PULLS}, {"life 1 6", ""},
             {"hurry", "push 1/4+3"}, {"answer 1 4 3 2", "apply answer 1/4+3; push 2/1+6"});
    }
    /* Seen already in WELCOME. */
    rig_open_at(&rig, 9, 3);
    TALK(&rig, {"connect", "hello"}, {"conflict", ""},
         {"welcome 1 1 6 0 0 2", "apply welcome; restored; pull chain 1/4+100"});
    /* Another life runs elsewhere. */
    rig_open_at(&rig, 9, 3);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 1 3 0 0 2", "apply welcome; push 1/4+6; " PULLS},
         {"nack old 1 4", "apply nack; hello"},
         {"welcome 1 2 1 0 0 2", "apply welcome; restored; pull chain 1/4+100"});
    /* Our present life does not begin where the hub saw the last one end. */
    struct sync_station_start start = {
        .incarnation = 2, .newest = 3, .answered_incarnation = 1, .answered = 6, .epoch = 1};
    rig_open(&rig, &start);
    TALK(&rig, {"connect", "hello"}, {"welcome 1 1 6 0 0 2", "apply welcome; life 1; " PULLS},
         {"life 1 6", "push 2/1+3"}, {"nack gap 2 1", "apply nack; hello"},
         {"welcome 1 1 7 0 0 2", "apply welcome; restored; pull chain 1/7+100"},
         {"batch chain 7 1 7", "apply batch chain 1/7+1; open 3"});
}

static void test_bad_welcome(void **state)
{
    static const char *const welcomes[] = {
        "welcome 0 1 0 0 0 2",
        "welcome 18446744073709551615 1 0 0 0 2",
        "welcome 1 18446744073709551615 0 0 0 2",
        "welcome 1 1 18446744073709551615 0 0 2",
        "welcome 1 1 0 18446744073709551615 0 2",
        "welcome 1 1 0 0 4611686018427387904 2",
    };
    (void)state;
    for (size_t i = 0; i < sizeof welcomes / sizeof welcomes[0]; i++) {
        rig_open_at(&rig, 5, 3);
        TALK(&rig, {"connect", "hello"}, {welcomes[i], "reconnect"}, {"connect", ""},
             {"wait 5001", "hello"}, {"malformed", "reconnect"});
    }
    rig_open_at(&rig, 5, 3);
    TALK(&rig, {"connect", "hello"}, {"bad", ""},
         {"welcome 1 1 3 0 0 2", "apply welcome; reconnect"}, {"connect", ""},
         {"wait 5001", "hello"}, {"size 18446744073709551615", ""},
         {"welcome 1 1 3 0 0 2", "apply welcome; reconnect"}, {"connect", ""},
         {"wait 10001", "hello"});
    struct sync_frame frame = {.kind = SYNC_WELCOME};
    frame.welcome.epoch = 1;
    for (uint32_t version = 0; version <= SYNC_VERSION + 1; version += SYNC_VERSION + 1) {
        frame.welcome.version = version;
        rig_open_at(&rig, 5, 3);
        TALK(&rig, {"connect", "hello"});
        rig_frame(&rig, frame);
        rig_drain(&rig);
        assert_string_equal(rig.out, "reconnect");
    }
}

/* Failures in a row wait ever longer. A pull answered with nothing does not end the row while
 * events are refused; an answer does, and so does a feed's entry. */
static void test_backoff_row(void **state)
{
    (void)state;
    rig_open_at(&rig, 5, 0);
    TALK(&rig, {"connect", "hello"}, {"malformed", "reconnect"}, {"connect", ""},
         {"wait 5001", "hello"}, {"malformed", "reconnect"}, {"connect", ""}, {"wait 1999", ""},
         {"wait 8002", "hello"}, {"welcome 1 1 0 0 0 2", "apply welcome; push 1/1+5; " PULLS},
         QUIET_ROWS, {"malformed", "reconnect"}, {"connect", ""}, {"wait 3999", ""},
         {"wait 16002", "hello"}, {"welcome 1 1 0 0 0 2", "apply welcome; push 1/1+5; " PULLS},
         {"answer 1 1 5 2", "apply answer 1/1+5"}, {"malformed", "reconnect"}, {"connect", ""},
         {"wait 5001", "hello"}, {"malformed", "reconnect"}, {"connect", ""},
         {"wait 10001", "hello"}, {"append 1 6", ""},
         {"welcome 1 1 5 1 0 2", "apply welcome; push 1/6+1; " PULLS},
         {"batch common 1 1 1", "apply batch common 1+1"}, {"malformed", "reconnect"},
         {"connect", ""}, {"wait 5001", "hello"},
         {"welcome 1 1 6 1 0 2", "apply welcome; push 1/6+1; pull common 2+100; pull own 1+100"},
         {"answer 1 6 1 2", "apply answer 1/6+1"}, {"malformed", "reconnect"}, {"connect", ""},
         {"wait 5001", "hello"}, {"malformed", "reconnect"}, {"connect", ""},
         {"wait 10001", "hello"},
         {"welcome 1 1 6 1 0 2", "apply welcome; pull common 2+100; pull own 1+100"},
         {"batch own 1 0 0", "apply batch own 1+0"}, {"malformed", "reconnect"}, {"connect", ""},
         {"wait 5001", "hello"});
}

static void test_bundles(void **state)
{
    (void)state;
    rig_open_at(&rig, 9, 0);
    TALK(&rig, {"stick 1 4", ""}, {"applied common 6", ""}, {"connect", "hello"},
         {"welcome 1 1 4 6 0 2", "apply welcome; push 1/5+5; pull common 7+100; pull own 1+100"},
         {"stick 1 3", ""}, {"stick 1 7", "hello"},
         {"welcome 1 1 9 6 2 2", "apply welcome; push 1/8+2; pull common 7+100; pull own 1+100"},
         {"applied own 2", ""}, {"batch own 1 2 2", "apply batch own 1+2"}, {"keep", ""},
         {"answer 1 8 2 2", "apply answer 1/8+2"}, {"stick 1 9", ""}, {"report", "hello"});
    assert_int_equal(rig.station.own.applied, 2);
    assert_int_equal(rig.station.answered, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proof_that_does_not_hold),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_lost_link),
        cmocka_unit_test(test_late_report),
        cmocka_unit_test(test_new_epoch),
        cmocka_unit_test(test_hub_went_back),
        cmocka_unit_test(test_restored),
        cmocka_unit_test(test_earlier_lives),
        cmocka_unit_test(test_restore_disturbed),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_bad_welcome),
        cmocka_unit_test(test_backoff_row),
        cmocka_unit_test(test_bundles),
    };
    return cmocka_run_group_tests_name("sync_station_trouble", tests, NULL, NULL);
}
