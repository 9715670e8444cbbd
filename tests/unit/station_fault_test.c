#include "station_lives.h"

/* Mangled lines, a link that is full, a disk that is full or loses its power. */

static uint64_t dice;

static uint64_t roll(uint64_t below)
{
    dice += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = dice;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

/* Alters, doubles, drops or shortens what waits in the queue. */
static void mangle(struct rig *rig)
{
    if (rig->queued == 0 || roll(3) != 0) {
        return;
    }
    struct buf *frame = &rig->queue[rig->queued - 1];
    uint64_t kind = roll(4);
    if (kind == 0 && frame->size > 0) {
        frame->data[roll(frame->size)] ^= (uint8_t)(1 << roll(8));
    } else if (kind == 1 && frame->size > 0) {
        frame->size = roll(frame->size);
    } else if (kind == 2 && rig->queued < RIG_QUEUE) {
        struct buf *copy = &rig->queue[rig->queued++];
        buf_init(copy, LIMIT_FRAME_SIZE);
        buf_put_span(copy, buf_span(frame));
    } else {
        buf_done(frame);
        rig->queued--;
    }
}

static void test_mangled_lines(void **state)
{
    struct rig *rig = *state;
    struct town_act act;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_sync(rig);
    for (uint64_t seed = 0; seed < 40; seed++) {
        uint32_t record = 2 + (uint32_t)seed;
        dice = seed;
        rig_case(rig, record);
        rig_hand_up(rig, record);
        for (size_t i = 0; i < 60; i++) {
            (void)rig_talk(rig, 1);
            mangle(rig);
        }
        rig->mono_ms += 1000000;
        rig_sync(rig);
        hub_decides(rig->town, record);
        rig_ring(rig);
        for (size_t i = 0; i < 20; i++) {
            (void)rig_talk(rig, 1);
            mangle(rig);
        }
        rig->mono_ms += 1000000;
        rig_sync(rig);
        town_act(&act, WIRE_CASE, record, CASE_RESULT_RECEIVED);
        rig_write(rig, &rig->town->worker, &act);
    }
    rig_sync(rig);
    struct station_status status = rig_status(rig);
    assert_int_equal(status.incarnation, 1);
    assert_int_equal(status.answered, 3 + 40 * 5);
    assert_false(status.stuck);
    assert_false(status.split);
    rig_check(rig);
}

/* --- The link and the disk --- */

static void test_blocked_link(void **state)
{
    struct rig *rig = *state;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_ring(rig);
    rig->mono_ms += 10000;
    rig->blocked = true;
    assert_false(rig_talk(rig, 50));
    assert_true(station_deadline(rig->station) <= rig->mono_ms + 100);
    rig->blocked = false;
    rig_sync(rig);
    assert_int_equal(rig->reconnects, 0);
    assert_int_equal(rig_status(rig).answered, 3);
}

static void test_disk_full(void **state)
{
    struct rig *rig = *state;
    struct town_act act;
    struct author_draft draft;
    struct fold_verdict verdict;
    uint8_t id[LIMIT_HASH_SIZE];
    uint64_t seq = 0;
    rig_sync(rig);
    rig_contact(rig, 1);
    act_open(&act, 1);
    rig_draft(rig, &act, &draft);
    draft.sealed_count = 1;
    draft.sealed[0] = (struct wire_sealed){.label = 1, .audience = 3, .size = 9};
    memset(draft.sealed[0].hash, 1, LIMIT_HASH_SIZE);
    memset(draft.sealed[0].commitment, 1, LIMIT_HASH_SIZE);
    kv_memory_set_commit_fault(rig->kv, KV_MEMORY_FULL);
    assert_int_equal(station_submit(rig->station, &draft, rig->town->worker.signer,
                                    rig->town->now_ms, NULL, 0, &verdict, id, &seq),
                     ERR_FULL);
    assert_int_equal(rig_status(rig).newest, 1);
    kv_memory_set_commit_fault(rig->kv, KV_MEMORY_SOUND);
    assert_int_equal(station_submit(rig->station, &draft, rig->town->worker.signer,
                                    rig->town->now_ms, NULL, 0, &verdict, id, &seq),
                     ERR_NONE);
    assert_int_equal(verdict.verdict, WIRE_ACCEPTED);
    assert_int_equal(seq, 2);
    rig_sync(rig);
    rig_check(rig);
}

/* The power fails at one commit after another, before or after it is durable. */
static uint64_t commits_left;
static enum kv_memory_fault commit_fault;
static const struct kv *commit_kv;
static unsigned days_behind; /* opened without room for what was to be done */
static enum err day_error;   /* what a station answers then */

enum err rig_real_kv_commit(struct kv_txn *txn) __asm__("__real_kv_commit");
enum err rig_kv_commit(struct kv_txn *txn) __asm__("__wrap_kv_commit");
enum err rig_kv_commit(struct kv_txn *txn)
{
    if (txn->kv == commit_kv && txn->write && commits_left > 0 && --commits_left == 0) {
        kv_memory_set_commit_fault(txn->kv, commit_fault);
    }
    return rig_real_kv_commit(txn);
}

/* One step of the day; false: the disk failed and the program must begin again. */
static bool day_submit(struct rig *rig, const struct town_act *act)
{
    struct author_draft draft;
    struct fold_verdict verdict;
    uint8_t id[LIMIT_HASH_SIZE];
    uint64_t seq = 0;
    rig_draft(rig, act, &draft);
    if (act->sealed_labels != 0) {
        draft.sealed_count = 1;
        draft.sealed[0] = (struct wire_sealed){.label = 1, .audience = 3, .size = 9};
        memset(draft.sealed[0].hash, 1, LIMIT_HASH_SIZE);
        memset(draft.sealed[0].commitment, 1, LIMIT_HASH_SIZE);
    }
    enum err err = station_submit(rig->station, &draft, rig->town->worker.signer, rig->town->now_ms,
                                  NULL, 0, &verdict, id, &seq);
    assert_true(err == ERR_NONE || err == day_error);
    assert_true(err != ERR_NONE || verdict.verdict == WIRE_ACCEPTED);
    return err == ERR_NONE;
}

static bool day_sync(struct rig *rig)
{
    struct station_port port = rig_port(rig);
    if (!rig->online) {
        rig_connect(rig);
    }
    for (size_t i = 0; i < RIG_ROUNDS && !rig_quiet(rig); i++) {
        uint64_t due_ms = station_deadline(rig->station);
        enum err err = ERR_NONE;
        if (rig->queued > 0) {
            err = rig_deliver(rig);
        } else {
            rig->mono_ms = due_ms > rig->mono_ms ? due_ms : rig->mono_ms;
            err = station_tick(rig->station, &port, rig->mono_ms, rig->town->now_ms);
        }
        assert_true(err == ERR_NONE || err == day_error);
        if (err != ERR_NONE) {
            return false;
        }
    }
    return true;
}

/* Does whatever of the day is not yet done. */
static bool day_go_on(struct rig *rig)
{
    struct town_act acts[5];
    town_act(&acts[0], WIRE_CONTACT, 1001, CONTACT_RECEIVED);
    town_number(&acts[0], FIELD_channel, 0, 1);
    town_text(&acts[0], FIELD_item, 0, "I51");
    acts[0].sealed_labels = 2;
    act_open(&acts[1], 1);
    act_accept(&acts[2], 1);
    town_act(&acts[3], WIRE_CASE, 1, CASE_SUBMITTED_UP);
    town_act(&acts[4], WIRE_CASE, 1, CASE_RESULT_RECEIVED);
    if (!day_sync(rig)) {
        return false;
    }
    while (rig_status(rig).newest < 4) {
        if (!day_submit(rig, &acts[rig_status(rig).newest])) {
            return false;
        }
    }
    if (!day_sync(rig)) {
        return false;
    }
    if (hub_fold(rig->town->hub)->log.size > 0 && rig_status(rig).own == 0 && rig->pushes > 0 &&
        rig->blob_number == 0) {
        hub_decides(rig->town, 1);
        rig->blob_number = 1; /* the hub's part of the day is done */
        rig_ring(rig);
    }
    if (!day_sync(rig)) {
        return false;
    }
    if (rig_status(rig).newest < 5 && !day_submit(rig, &acts[4])) {
        return false;
    }
    return day_sync(rig);
}

/* The program is started anew, on a disk still full if it was that: then what was acknowledged can
 * be read, nothing can be written, and nothing is left behind once there is room. */
static void day_begins_again(struct rig *rig)
{
    uint64_t newest = rig_status(rig).newest;
    rig_stop(rig);
    assert_int_equal(kv_open(rig->directory, NULL, &rig->kv), ERR_NONE);
    if (day_error == ERR_FULL) {
        kv_memory_set_commit_fault(rig->kv, KV_MEMORY_FULL);
        assert_int_equal(rig_try_open(rig), ERR_NONE);
        assert_int_equal(rig_status(rig).newest, newest);
        days_behind += rig_status(rig).behind ? 1 : 0;
        station_close(rig->station);
        rig->station = NULL;
    }
    kv_memory_set_commit_fault(rig->kv, KV_MEMORY_SOUND);
    assert_int_equal(rig_try_open(rig), ERR_NONE);
    assert_false(rig_status(rig).behind);
    station_set_clock_quality(rig->station, 1);
}

/* False: the day has fewer commits. */
static bool day_with_fault(struct rig *rig, uint64_t at, enum kv_memory_fault fault)
{
    commits_left = at;
    commit_fault = fault;
    commit_kv = rig->kv;
    day_error = fault == KV_MEMORY_FULL ? ERR_FULL : ERR_STORE;
    while (!day_go_on(rig)) {
        day_begins_again(rig);
    }
    bool reached = commits_left == 0;
    commits_left = 0;
    commit_kv = NULL;
    struct station_status status = rig_status(rig);
    assert_int_equal(status.newest, 5);
    assert_int_equal(status.answered, 5);
    assert_int_equal(status.incarnation, 1);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "result_at_station");
    rig_check(rig);
    return reached;
}

/* More commits than a day has, so that each of them fails once. */
enum { DAY_COMMITS_LEAST = 12, DAY_COMMITS_MOST = 60 };

static void test_power_fails(void **state)
{
    static const enum kv_memory_fault faults[] = {KV_MEMORY_CRASH_BEFORE, KV_MEMORY_CRASH_AFTER,
                                                  KV_MEMORY_FULL};
    uint64_t at = 0;
    bool reached = true;
    (void)state;
    while (reached && at < DAY_COMMITS_MOST) {
        at++;
        for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
            struct rig *rig = rig_new(town_open(rig_start_ms));
            struct town *town = rig->town;
            reached = day_with_fault(rig, at, faults[i]);
            rig_free(rig);
            town_close(town);
            rig_free_disks();
        }
    }
    assert_in_range(at, DAY_COMMITS_LEAST, DAY_COMMITS_MOST - 1);
    assert_true(days_behind > 0);
}

/* The same while our own past is fetched back. */
static void test_power_fails_while_restoring(void **state)
{
    struct rig *rig = *state;
    uint64_t at = 0;
    bool reached = true;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_sync(rig);
    struct kv_image *image = snapshot(rig->directory);
    for (uint32_t i = 2; i < 8; i++) {
        rig_case(rig, i);
    }
    rig_sync(rig);
    rig_stop(rig);
    struct kv_image *hub = snapshot(rig->town->directory);
    rig_start(rig);
    while (reached && at < DAY_COMMITS_MOST) {
        at++;
        rig_stop(rig);
        kv_memory_restore(rig_disk(rig->directory), image);
        stop_hub(rig);
        kv_memory_restore(rig_disk(rig->town->directory), hub);
        start_hub(rig, TOWN_ORIGIN_PREFIX "/1", 1);
        rig_start(rig);
        commits_left = at;
        commit_fault = KV_MEMORY_CRASH_AFTER;
        day_error = ERR_STORE;
        commit_kv = rig->kv;
        while (!day_sync(rig)) {
            rig_restart(rig);
            kv_memory_set_commit_fault(rig->kv, KV_MEMORY_SOUND);
        }
        reached = commits_left == 0;
        commits_left = 0;
        commit_kv = NULL;
        assert_int_equal(rig_status(rig).incarnation, 2);
        assert_int_equal(rig_status(rig).answered, 1);
        assert_false(rig_status(rig).restoring);
        assert_int_equal(rig_status(rig).displaced, 0);
        rig_check(rig);
    }
    assert_in_range(at, 4, DAY_COMMITS_MOST - 1);
    kv_memory_image_free(image);
    kv_memory_image_free(hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_mangled_lines),
        RIG_TEST(test_blocked_link),
        RIG_TEST(test_disk_full),
        cmocka_unit_test(test_power_fails),
        RIG_TEST(test_power_fails_while_restoring),
    };
    return cmocka_run_group_tests_name("station faults", tests, NULL, NULL);
}
