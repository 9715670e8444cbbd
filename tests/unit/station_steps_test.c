#include "station_lives.h"

/* What is to be folded goes in steps, one event each here, and the program ends after every one. */

enum { CASES = 8, MANY = 180, STEPS_MOST = 1000 };

static enum err submit_contact(struct rig *rig, uint32_t record)
{
    struct town_act act;
    struct author_draft draft;
    struct fold_verdict verdict;
    uint8_t id[LIMIT_HASH_SIZE];
    uint64_t seq = 0;
    town_act(&act, WIRE_CONTACT, record, CONTACT_RECEIVED);
    town_number(&act, FIELD_channel, 0, 1);
    town_text(&act, FIELD_item, 0, "I51");
    rig_draft(rig, &act, &draft);
    return station_submit(rig->station, &draft, rig->town->worker.signer, rig->town->now_ms, NULL,
                          0, &verdict, id, &seq);
}

/* Opens again and again: each time one step is taken. Returns how often nobody could write. */
static size_t crash_through(struct rig *rig)
{
    size_t busy = 0;
    for (size_t i = 0; station_has_more(rig->station); i++) {
        assert_true(i < STEPS_MOST);
        if (rig_status(rig).folding) {
            assert_int_equal(submit_contact(rig, 5000), ERR_BUSY);
            busy++;
        }
        rig_restart(rig);
    }
    return busy;
}

/* One frame of the hub, then the end, until nothing is left to say. Returns as crash_through. */
static size_t talk_and_crash(struct rig *rig)
{
    size_t busy = 0;
    for (size_t i = 0; i < STEPS_MOST; i++) {
        rig->stop_at = rig->delivered + 6;
        bool quiet = rig_talk(rig, RIG_ROUNDS);
        rig->stop_at = 0;
        if (quiet) {
            assert_false(rig_status(rig).folding);
            return busy;
        }
        busy += crash_through(rig);
        rig_restart(rig);
    }
    fail_msg("no end");
    return 0;
}

/* A new machine under the old key: the whole past comes back before the first edition does. */
static void test_restored_from_nothing(void **state)
{
    struct rig *rig = *state;
    struct kv_image *image = snapshot(rig->directory);
    rig_sync(rig);
    for (uint32_t i = 1; i <= CASES; i++) {
        rig_case(rig, i);
    }
    rig_hand_up(rig, 1);
    rig_sync(rig);
    hub_decides(rig->town, 1);
    rig_ring(rig);
    rig_sync(rig);
    uint64_t common = rig_status(rig).common;
    rig->step_count = 1;
    put_back(rig, image);
    assert_true(talk_and_crash(rig) > CASES);
    struct station_status status = rig_status(rig);
    assert_int_equal(status.incarnation, 2);
    assert_int_equal(status.answered, 1);
    assert_int_equal(status.common, common);
    assert_int_equal(status.own, 3);
    assert_false(status.stuck);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "result_on_way");
    assert_string_equal(rig_state(rig, FOLD_PROVEN, CASES), "accepted");
    go_on(rig, CASES + 1);
}

static bool has_editions(struct rig *rig)
{
    struct rule_world rules = {0};
    const struct world *world = station_fold(rig->station)->world;
    return world_view(world, world_common_seq(world), 0, 0, &rules);
}

/* The hub's text of its newest policy, taken away or put back. */
static void move_text(struct rig *rig, struct buf *text)
{
    struct town *town = rig->town;
    struct kv_txn txn;
    uint8_t hash[LIMIT_HASH_SIZE] = {0};
    struct span key = span_of(hash, sizeof hash);
    assert_int_equal(world_edition(hub_fold(town->hub)->world, WORLD_POLICY, 0, hash), 2);
    kv_begin(town->kv, true, &txn);
    if (text->size == 0) {
        assert_true(kv_get(&txn, KV_BLOB, key, text));
        kv_delete(&txn, KV_BLOB, key);
    } else {
        kv_put(&txn, KV_BLOB, key, buf_span(text));
    }
    assert_int_equal(kv_commit(&txn), ERR_NONE);
}

/* A year under the second policy, and a machine that has lost all of it. */
static void lose_a_year(struct rig *rig)
{
    struct kv_image *image = snapshot(rig->directory);
    rig_sync(rig);
    rig_case(rig, 1);
    rig_sync(rig);
    rig_new_policy(rig->town);
    rig_ring(rig);
    rig_cut(rig);
    rig_sync(rig);
    for (uint32_t i = 2; i <= MANY; i++) {
        rig_case(rig, i);
    }
    rig_sync(rig);
    put_back(rig, image);
}

/* A long past is here before the text by which it was judged: till then nobody writes beside what
 * he cannot see. */
static void test_nobody_writes_into_a_gap(void **state)
{
    enum { FRAMES = 60 };
    struct rig *rig = *state;
    struct buf text;
    buf_init(&text, LIMIT_BLOB_SIZE);
    lose_a_year(rig);
    move_text(rig, &text);
    for (size_t i = 0; i < FRAMES; i++) {
        rig->stop_at = rig->delivered + 1;
        (void)rig_talk(rig, RIG_ROUNDS);
        struct station_status status = rig_status(rig);
        bool gap = status.incarnation == 2 && has_editions(rig) &&
                   strcmp(rig_state(rig, FOLD_TENTATIVE, MANY), "accepted") != 0;
        if (gap) {
            assert_int_equal(submit_contact(rig, 5000), ERR_BUSY);
        }
    }
    rig->stop_at = 0;
    assert_true(has_editions(rig));
    assert_true(rig_status(rig).folding);
    move_text(rig, &text);
    buf_done(&text);
    rig_cut(rig);
    rig_sync(rig);
    assert_false(rig_status(rig).folding);
    go_on(rig, MANY + 1);
}

/* Two events wait for the hub, and an edition sets the tail in motion. */
static void leave_half_folded(struct rig *rig)
{
    rig_sync(rig);
    rig_cut(rig);
    rig_case(rig, 1);
    rig_new_policy(rig->town);
    rig->step_count = 1;
    rig_restart(rig);
    rig->lose = SYNC_ANSWER;
    rig->lose_count = 100;
    for (size_t i = 0; i < STEPS_MOST && !rig_status(rig).folding; i++) {
        rig->stop_at = rig->delivered + 1;
        (void)rig_talk(rig, 1);
        rig->stop_at = 0;
    }
    rig->lose_count = 0;
    assert_true(rig_status(rig).folding);
}

/* Opened on a full disk in the middle of it: it waits for room, and does not spin. */
static void test_no_room_for_a_step(void **state)
{
    struct rig *rig = *state;
    leave_half_folded(rig);
    rig_stop(rig);
    assert_int_equal(kv_open(rig->directory, NULL, &rig->kv), ERR_NONE);
    kv_memory_set_commit_fault(rig->kv, KV_MEMORY_FULL);
    assert_int_equal(rig_try_open(rig), ERR_NONE);
    assert_true(rig_status(rig).behind);
    assert_false(station_has_more(rig->station));
    assert_true(station_deadline(rig->station) > rig->mono_ms);
    kv_memory_set_commit_fault(rig->kv, KV_MEMORY_SOUND);
    rig_restart(rig);
    assert_false(rig_status(rig).behind);
    rig_sync(rig);
    rig_check(rig);
}

/* Who looks at the whole of a store that was stopped in the middle goes on to the end first. */
static void test_settled(void **state)
{
    struct rig *rig = *state;
    leave_half_folded(rig);
    rig_restart(rig);
    assert_true(station_has_more(rig->station));
    assert_int_equal(station_settle(rig->station), ERR_NONE);
    assert_false(station_has_more(rig->station));
    assert_false(rig_status(rig).folding);
    rig_sync(rig);
    rig_check(rig);
}

/* The tail is judged again over a station's many events that wait for the hub. */
static void test_tail_in_steps(void **state)
{
    struct rig *rig = *state;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_sync(rig);
    rig_cut(rig);
    for (uint32_t i = 2; i <= CASES; i++) {
        rig_case(rig, i);
    }
    rig_new_policy(rig->town);
    rig->step_count = 1;
    rig_restart(rig);
    /* The editions come, the answers do not. */
    rig->lose = SYNC_ANSWER;
    rig->lose_count = 100;
    for (size_t i = 0; i < STEPS_MOST && !rig_status(rig).folding; i++) {
        rig->stop_at = rig->delivered + 1;
        (void)rig_talk(rig, 1);
        rig->stop_at = 0;
    }
    assert_true(crash_through(rig) >= 2 * (CASES - 1));
    assert_false(rig_status(rig).folding);
    assert_int_equal(rig_status(rig).newest, 3 * CASES);
    assert_int_equal(rig_status(rig).answered, 3);
    assert_string_equal(rig_state(rig, FOLD_TENTATIVE, CASES), "accepted");
    assert_string_equal(rig_state(rig, FOLD_PROVEN, CASES), "none");
    rig->lose_count = 0;
    assert_int_equal(submit_contact(rig, 5001), ERR_NONE);
    (void)talk_and_crash(rig);
    assert_int_equal(rig_status(rig).answered, 3 * CASES + 1);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, CASES), "accepted");
    rig_check(rig);
}

/* All thrown away, and the program ends in the middle: it goes on from what is stored. */
static void test_rebuilt_in_steps(void **state)
{
    static const enum kv_table tables[] = {KV_RECORD, KV_TENTATIVE, KV_INDEX, KV_CACHE};
    struct rig *rig = *state;
    struct buf before;
    struct buf after;
    rig_sync(rig);
    for (uint32_t i = 1; i <= CASES; i++) {
        rig_case(rig, i);
    }
    rig_sync(rig);
    rig_cut(rig);
    rig_case(rig, CASES + 1);
    buf_init(&before, 1 << 24);
    buf_init(&after, 1 << 24);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        rig_dump(rig->kv, tables[i], &before);
    }
    for (size_t step = 1; step <= 5; step++) {
        rig->step_count = step;
        rig_restart(rig);
        assert_int_equal(station_rebuild(rig->station), ERR_NONE);
        assert_false(station_has_more(rig->station));
        buf_clear(&after);
        for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
            rig_dump(rig->kv, tables[i], &after);
        }
        assert_true(span_equal(buf_span(&before), buf_span(&after)));
    }
    buf_done(&before);
    buf_done(&after);
    rig_sync(rig);
    rig_check(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_restored_from_nothing), RIG_TEST(test_nobody_writes_into_a_gap),
        RIG_TEST(test_no_room_for_a_step),    RIG_TEST(test_settled),
        RIG_TEST(test_tail_in_steps),         RIG_TEST(test_rebuilt_in_steps),
    };
    return cmocka_run_group_tests_name("station steps", tests, NULL, NULL);
}
