#include "station_lives.h"

#include <stdlib.h>

/* A hub that went back, and one that opened a new log. */

static void test_hub_went_back(void **state)
{
    struct rig *rig = *state;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_sync(rig);
    struct kv_image *image = snapshot(rig->town->directory);
    rig_case(rig, 2);
    rig_sync(rig);
    rig_cut(rig);
    put_hub_back(rig, image, TOWN_ORIGIN_PREFIX "/1", 1);
    assert_false(rig_talk(rig, 20));
    struct station_status status = rig_status(rig);
    assert_true(status.hub_went_back);
    assert_int_equal(status.answered, 6);
    assert_int_equal(evidence_rows(rig), 1);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 2), "accepted");
    rig_case(rig, 3);
    assert_false(rig_talk(rig, 20));
    assert_int_equal(rig_status(rig).answered, 6);
    assert_int_equal(evidence_rows(rig), 1);
}

/* The hub restored from a copy says so: a new epoch. What it lacks comes from us again. */
static void test_new_epoch(void **state)
{
    struct rig *rig = *state;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_hand_up(rig, 1);
    rig_case(rig, 2);
    rig_sync(rig);
    hub_does(rig->town, 1, CASE_RECEIVED_AT_HUB);
    struct kv_image *image = snapshot(rig->town->directory);
    hub_does(rig->town, 1, CASE_DECIDED);
    hub_does(rig->town, 1, CASE_RESULT_RETURNED);
    rig_case(rig, 3);
    rig_cut(rig);
    rig_sync(rig);
    rig_cut(rig);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "result_on_way");
    assert_int_equal(rig_status(rig).own, 3);
    /* A name of the new log differs; its leaves from here on are others. */
    put_hub_back(rig, image, TOWN_ORIGIN_PREFIX "/2", 2);
    hub_revokes(rig->town, &rig->town->agent);
    rig->blob_puts = 0;
    rig_sync(rig);
    struct station_status status = rig_status(rig);
    assert_int_equal(status.epoch, 2);
    assert_false(status.hub_went_back);
    assert_int_equal(status.answered, 10);
    assert_int_equal(status.own, 1);
    assert_int_equal(status.common, hub_fold(rig->town->hub)->log.common_seq);
    assert_int_equal(rig->blob_puts, 6);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "hub_processing");
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 3), "accepted");
    rig_check(rig);
    hub_does(rig->town, 1, CASE_DECIDED);
    rig_ring(rig);
    go_on(rig, 4);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "finished");
}

/* Only feeds were lost, and other leaves stand now at the same places of them. */
static void test_new_epoch_of_feeds(void **state)
{
    struct rig *rig = *state;
    struct town_act act;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_hand_up(rig, 1);
    rig_case(rig, 2);
    rig_hand_up(rig, 2);
    rig_sync(rig);
    struct kv_image *image = snapshot(rig->town->directory);
    hub_revokes(rig->town, &rig->town->head);
    hub_decides(rig->town, 1);
    rig_cut(rig);
    rig_sync(rig);
    rig_cut(rig);
    assert_int_equal(rig_status(rig).own, 3);
    put_hub_back(rig, image, TOWN_ORIGIN_PREFIX "/2", 2);
    hub_does(rig->town, 2, CASE_RECEIVED_AT_HUB);
    hub_revokes(rig->town, &rig->town->agent);
    uint64_t blobs = rig->blob_gets;
    rig_sync(rig);
    assert_int_equal(rig_status(rig).own, 1);
    assert_int_equal(rig->blob_gets, blobs);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "referred_up");
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 2), "hub_processing");
    rig_check(rig);
    /* The head of the station is nobody's victim any more. */
    town_act(&act, WIRE_CONTACT, 1003, CONTACT_RECEIVED);
    town_number(&act, FIELD_channel, 0, 1);
    town_text(&act, FIELD_item, 0, "I51");
    act.sealed_labels = 2;
    rig_write(rig, &rig->town->head, &act);
    rig_sync(rig);
    rig_restart(rig);
    rig_sync(rig);
    rig_check(rig);
}

/* What was lost of the own feed is not replaced by anything. */
static void test_new_epoch_of_a_shorter_feed(void **state)
{
    struct rig *rig = *state;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_hand_up(rig, 1);
    rig_sync(rig);
    hub_does(rig->town, 1, CASE_RECEIVED_AT_HUB);
    struct kv_image *image = snapshot(rig->town->directory);
    hub_does(rig->town, 1, CASE_DECIDED);
    rig_cut(rig);
    rig_sync(rig);
    rig_cut(rig);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "finished");
    put_hub_back(rig, image, TOWN_ORIGIN_PREFIX "/2", 2);
    rig_sync(rig);
    assert_int_equal(rig_status(rig).own, 1);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "hub_processing");
    rig_check(rig);
}

/* While the line stands the hub is put back, and grows again to the size we know: an answer shows
 * another tree of that size. */
static void test_split_by_an_answer(void **state)
{
    struct rig *rig = *state;
    struct town_act act;
    rig_sync(rig);
    rig_cut(rig);
    struct kv_image *image = snapshot(rig->town->directory);
    town_act(&act, WIRE_CLOCK_STEP, 22, 0);
    town_number(&act, FIELD_before_ms, 0, 1);
    town_number(&act, FIELD_after_ms, 0, 2);
    assert_int_equal(town_device(rig->town, &act).verdict, WIRE_ACCEPTED);
    rig_sync(rig);
    put_hub_back(rig, image, TOWN_ORIGIN_PREFIX "/1", 1);
    rig_contact(rig, 1);
    (void)rig_talk(rig, 3);
    assert_true(rig_status(rig).split);
    assert_int_equal(evidence_rows(rig), 1);
    assert_int_equal(rig_status(rig).answered, 0);
}

/* The same, but the hub lost nothing of ours. */
static void test_new_epoch_without_loss(void **state)
{
    struct rig *rig = *state;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_sync(rig);
    rig_cut(rig);
    stop_hub(rig);
    start_hub(rig, TOWN_ORIGIN_PREFIX "/2", 2);
    rig->pushes = 0;
    rig_sync(rig);
    assert_int_equal(rig->pushes, 0);
    assert_int_equal(rig_status(rig).epoch, 2);
    assert_int_equal(rig_status(rig).answered, 3);
    go_on(rig, 2);
}

/* The station ends after each frame of a new epoch in turn. */
static void test_new_epoch_interrupted(void **state)
{
    struct rig *rig = *state;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_sync(rig);
    struct kv_image *old = snapshot(rig->town->directory);
    /* Times that are the hub's will be others in its new log. */
    rig->ahead_ms = 7200000;
    rig_case(rig, 2);
    rig_sync(rig);
    struct kv_image *station = snapshot(rig->directory);
    for (size_t frames = 1; frames < 10; frames++) {
        rig_stop(rig);
        kv_memory_restore(rig_disk(rig->directory), station);
        stop_hub(rig);
        kv_memory_restore(rig_disk(rig->town->directory), old);
        start_hub(rig, TOWN_ORIGIN_PREFIX "/2", 2);
        rig_start(rig);
        rig->stop_at = rig->delivered + frames;
        (void)rig_talk(rig, 100);
        rig->stop_at = 0;
        rig_restart(rig);
        rig_sync(rig);
        assert_int_equal(rig_status(rig).answered, 6);
        rig_check(rig);
    }
    kv_memory_image_free(station);
    kv_memory_image_free(old);
}

/* Leaves that the hub will lose, so that what our events have seen lies beyond its new log. */
static void lengthen(struct rig *rig)
{
    struct town_act act;
    for (uint32_t i = 0; i < 10; i++) {
        town_act(&act, WIRE_CLOCK_STEP, 22, 0);
        town_number(&act, FIELD_before_ms, 0, 1);
        town_number(&act, FIELD_after_ms, 0, 2);
        assert_int_equal(town_device(rig->town, &act).verdict, WIRE_ACCEPTED);
    }
}

/* A hub of a new epoch that lacks the end of an earlier life of ours gets it before the present
 * one. */
static void test_new_epoch_after_restore(void **state)
{
    struct rig *rig = *state;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_sync(rig);
    struct kv_image *hub = snapshot(rig->town->directory);
    struct kv_image *station = snapshot(rig->directory);
    lengthen(rig);
    rig_case(rig, 2);
    rig_sync(rig);
    put_back(rig, station);
    rig_sync(rig);
    assert_int_equal(rig_status(rig).incarnation, 2);
    rig_case(rig, 3);
    rig_sync(rig);
    rig_cut(rig);
    put_hub_back(rig, hub, TOWN_ORIGIN_PREFIX "/2", 2);
    rig_sync(rig);
    assert_int_equal(rig_status(rig).incarnation, 2);
    assert_int_equal(rig_status(rig).answered, 4);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 2), "accepted");
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 3), "accepted");
    rig_check(rig);
    go_on(rig, 4);
}

/* The hub lost entries of the common feed that we had applied: what we wrote since is judged with
 * what it still has, not refused for knowing more. */
static void test_new_epoch_of_lost_common(void **state)
{
    struct rig *rig = *state;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_sync(rig);
    struct kv_image *image = snapshot(rig->town->directory);
    uint64_t shared = rig_status(rig).common;
    hub_revokes(rig->town, &rig->town->agent);
    hub_revokes(rig->town, &rig->town->head);
    rig_ring(rig);
    rig_sync(rig);
    assert_int_equal(rig_status(rig).common, shared + 2);
    rig_case(rig, 2);
    rig_cut(rig);
    rig_case(rig, 3);
    put_hub_back(rig, image, TOWN_ORIGIN_PREFIX "/2", 2);
    rig_sync(rig);
    /* The new log's own first leaf is the only entry since. */
    assert_int_equal(rig_status(rig).common, shared + 1);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 2), "accepted");
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 3), "accepted");
    rig_check(rig);
    rig_restart(rig);
    rig_sync(rig);
    rig_check(rig);
    go_on(rig, 4);
}

/* What our event had seen is gone, and another, later leaf stands there now: it must not move the
 * time of the event, neither here nor at the hub. */
static void test_new_epoch_of_a_lost_checkpoint(void **state)
{
    struct rig *rig = *state;
    struct record *record = calloc(1, sizeof *record);
    rig_sync(rig);
    rig_case(rig, 1);
    rig_sync(rig);
    struct kv_image *image = snapshot(rig->town->directory);
    lengthen(rig);
    rig_contact(rig, 7);
    rig_sync(rig);
    rig_cut(rig);
    uint64_t size = rig_status(rig).log_size;
    rig_case(rig, 2);
    uint64_t written_ms = rig->town->now_ms;
    put_hub_back(rig, image, TOWN_ORIGIN_PREFIX "/2", 2);
    rig->town->now_ms += UINT64_C(3) * 3600000;
    lengthen(rig);
    lengthen(rig);
    assert_true(hub_size(rig->town->hub) > size);
    rig_sync(rig);
    assert_true(rig_record(rig, FOLD_PROVEN, 2, record));
    assert_true(values_number(&record->facts, FIELD_opened_ms, 0) <= written_ms);
    rig_check(rig);
    free(record);
    go_on(rig, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_hub_went_back),
        RIG_TEST(test_new_epoch),
        RIG_TEST(test_new_epoch_without_loss),
        RIG_TEST(test_new_epoch_of_feeds),
        RIG_TEST(test_new_epoch_of_a_shorter_feed),
        RIG_TEST(test_split_by_an_answer),
        RIG_TEST(test_new_epoch_interrupted),
        RIG_TEST(test_new_epoch_after_restore),
        RIG_TEST(test_new_epoch_of_lost_common),
        RIG_TEST(test_new_epoch_of_a_lost_checkpoint),
    };
    return cmocka_run_group_tests_name("station epoch", tests, NULL, NULL);
}
