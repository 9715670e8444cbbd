#include "station_lives.h"

/* Stores that lost their newest part, and one key in two machines. */

static void payload_of(struct rig *rig, uint64_t incarnation, uint64_t seq,
                       struct wire_event *ret_event)
{
    struct station_answer answer;
    struct wire_envelope envelope;
    struct wire_arena arena;
    struct buf bytes;
    buf_init(&bytes, LIMIT_ENVELOPE_SIZE);
    assert_int_equal(wire_arena_init(&arena, WIRE_EVENT_ARENA), ERR_NONE);
    assert_true(station_event(rig->station, incarnation, seq, &bytes, &answer));
    assert_int_equal(wire_envelope_decode(buf_span(&bytes), &envelope), ERR_NONE);
    assert_int_equal(wire_event_decode(envelope.body, &arena, ret_event), ERR_NONE);
    wire_arena_done(&arena);
    buf_done(&bytes);
}

static void late_contact(struct rig *rig)
{
    struct town_act act;
    town_act(&act, WIRE_CONTACT, 999, CONTACT_RECEIVED);
    town_number(&act, FIELD_channel, 0, 1);
    town_text(&act, FIELD_item, 0, "I51");
    act.sealed_labels = 2;
    act.claimed_shift_ms = -7200000;
    rig_write(rig, &rig->town->worker, &act);
}

/* A year of work after the copy was made: cases that went to the hub and came back. */
static struct kv_image *work_after_copy(struct rig *rig)
{
    rig_sync(rig);
    rig_case(rig, 1);
    rig_sync(rig);
    struct kv_image *image = snapshot(rig->directory);
    for (uint32_t i = 2; i < 60; i++) {
        rig_case(rig, i);
    }
    rig_sync(rig);
    /* A time before what the station had seen: the law counts from there. */
    late_contact(rig);
    rig_hand_up(rig, 1);
    rig_sync(rig);
    hub_decides(rig->town, 1);
    rig_cut(rig);
    rig_sync(rig);
    struct town_act act;
    town_act(&act, WIRE_CASE, 1, CASE_RESULT_RECEIVED);
    rig_write(rig, &rig->town->worker, &act);
    rig_sync(rig);
    return image;
}

enum { EVENTS_BEFORE = 3, EVENTS_AFTER = 58 * 3 + 1 + 2 };

static void check_restored(struct rig *rig, uint64_t incarnation)
{
    struct wire_event *event = calloc(1, sizeof *event);
    assert_non_null(event);
    struct station_status status = rig_status(rig);
    assert_true(status.restored);
    assert_false(status.restoring);
    assert_false(status.stuck);
    assert_int_equal(status.incarnation, incarnation);
    assert_int_equal(status.newest, 1);
    assert_int_equal(status.answered, 1);
    assert_int_equal(status.own, 3);
    payload_of(rig, incarnation, 1, event);
    assert_int_equal(event->payload, WIRE_LIFE);
    assert_int_equal(values_number(&event->facts, FIELD_former, 0), incarnation - 1);
    assert_int_equal(values_number(&event->facts, FIELD_former_seq, 0),
                     EVENTS_BEFORE + EVENTS_AFTER);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "result_at_station");
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 59), "accepted");
    assert_int_equal(rig_rows(rig, KV_TENTATIVE), 0);
    rig_check(rig);
    free(event);
}

static void test_restored(void **state)
{
    struct rig *rig = *state;
    put_back(rig, work_after_copy(rig));
    assert_int_equal(rig_status(rig).newest, EVENTS_BEFORE);
    rig_sync(rig);
    check_restored(rig, 2);
    assert_int_equal(rig_status(rig).displaced, 0);
    assert_int_equal(evidence_rows(rig), 0);
    assert_int_equal(hub_evidence_count(rig->town->hub), 0);
    /* The sealed parts of the lost events come back too. */
    struct wire_event *event = calloc(1, sizeof *event);
    struct kv_txn txn;
    assert_non_null(event);
    payload_of(rig, 1, 100, event);
    kv_begin(rig->kv, false, &txn);
    for (uint32_t i = 0; i < event->sealed_count; i++) {
        assert_true(kv_has(&txn, KV_BLOB, span_of(event->sealed[i].hash, LIMIT_HASH_SIZE)));
    }
    kv_abort(&txn);
    free(event);
    go_on(rig, 70);
}

/* The restored machine was used before it met the hub. */
static void test_restored_after_writing(void **state)
{
    struct rig *rig = *state;
    struct town_act act;
    struct author_draft draft;
    struct fold_verdict verdict;
    uint8_t id[LIMIT_HASH_SIZE];
    uint64_t seq = 0;
    put_back(rig, work_after_copy(rig));
    size_t puts = rig->blob_puts;
    rig_case(rig, 100);
    rig_case(rig, 101);
    assert_string_equal(rig_state(rig, FOLD_TENTATIVE, 100), "accepted");
    rig->stop_at = rig->delivered + 2;
    assert_false(rig_talk(rig, 100));
    rig->stop_at = 0;
    assert_true(rig_status(rig).restoring);
    /* Nobody adds to a life that is over. */
    act_open(&act, 100);
    rig_draft(rig, &act, &draft);
    assert_int_equal(station_submit(rig->station, &draft, rig->town->worker.signer,
                                    rig->town->now_ms, NULL, 0, &verdict, id, &seq),
                     ERR_BUSY);
    rig_sync(rig);
    check_restored(rig, 2);
    assert_int_equal(rig_status(rig).displaced, 6);
    assert_int_equal(evidence_rows(rig), 6);
    assert_string_equal(rig_state(rig, FOLD_TENTATIVE, 100), "none");
    /* Their sealed parts go nowhere. */
    assert_int_equal(rig_status(rig).outbox, 0);
    assert_int_equal(rig->blob_puts, puts);
    go_on(rig, 100);
}

/* More was written than the hub holds: what lies beyond is displaced as well. */
static void test_restored_with_a_longer_tail(void **state)
{
    struct rig *rig = *state;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_sync(rig);
    struct kv_image *image = snapshot(rig->directory);
    rig_case(rig, 2);
    rig_sync(rig);
    put_back(rig, image);
    rig_case(rig, 3);
    rig_case(rig, 4);
    rig_sync(rig);
    assert_int_equal(rig_status(rig).displaced, 6);
    assert_int_equal(rig_status(rig).incarnation, 2);
    assert_string_equal(rig_state(rig, FOLD_TENTATIVE, 2), "accepted");
    assert_string_equal(rig_state(rig, FOLD_TENTATIVE, 4), "none");
    rig_check(rig);
    go_on(rig, 4);
}

/* After each frame of a restore in turn the line breaks, or the program ends and begins again. */
static void test_restore_interrupted(void **state)
{
    struct rig *rig = *state;
    struct kv_image *image = work_after_copy(rig);
    put_back(rig, image);
    rig_case(rig, 100);
    struct kv_image *station = snapshot(rig->directory);
    struct kv_image *hub = snapshot(rig->town->directory);
    for (size_t round = 2; round < 28; round++) {
        rig_stop(rig);
        kv_memory_restore(rig_disk(rig->directory), station);
        stop_hub(rig);
        kv_memory_restore(rig_disk(rig->town->directory), hub);
        start_hub(rig, TOWN_ORIGIN_PREFIX "/1", 1);
        rig_start(rig);
        rig->stop_at = rig->delivered + round / 2;
        (void)rig_talk(rig, 100);
        rig->stop_at = 0;
        assert_false(rig_status(rig).stuck);
        if (round % 2 == 0) {
            rig_restart(rig);
        } else {
            rig_cut(rig);
        }
        rig_sync(rig);
        check_restored(rig, 2);
        assert_int_equal(rig_status(rig).displaced, 3);
    }
    kv_memory_image_free(station);
    kv_memory_image_free(hub);
}

/* Restored again from the same copy: the life in between is fetched too. */
static void test_restored_twice(void **state)
{
    struct rig *rig = *state;
    struct kv_image *image = work_after_copy(rig);
    rig_stop(rig);
    kv_memory_restore(rig_disk(rig->directory), image);
    rig_start(rig);
    rig_sync(rig);
    check_restored(rig, 2);
    rig_case(rig, 70);
    rig_sync(rig);
    put_back(rig, image);
    rig_case(rig, 71);
    rig_sync(rig);
    struct station_status status = rig_status(rig);
    assert_int_equal(status.incarnation, 3);
    assert_int_equal(status.displaced, 3);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 70), "accepted");
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 71), "none");
    rig_check(rig);
    go_on(rig, 72);
}

/* Two machines under one key: the second to speak is told so by its own past. */
static void test_clone(void **state)
{
    struct rig *rig = *state;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_sync(rig);
    rig_cut(rig);
    struct kv_image *image = snapshot(rig->directory);
    rig_case(rig, 2);
    rig_sync(rig);
    struct kv_image *first = snapshot(rig->directory);
    put_back(rig, image);
    rig_case(rig, 3);
    rig_sync(rig);
    assert_int_equal(rig_status(rig).incarnation, 2);
    assert_int_equal(rig_status(rig).displaced, 3);
    rig_case(rig, 3);
    rig_sync(rig);
    /* The first machine comes back: it too opens a life of its own. */
    put_back(rig, first);
    rig_case(rig, 4);
    rig_sync(rig);
    assert_int_equal(rig_status(rig).incarnation, 3);
    assert_int_equal(rig_status(rig).displaced, 3);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 3), "accepted");
    rig_check(rig);
    go_on(rig, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_restored),
        RIG_TEST(test_restored_after_writing),
        RIG_TEST(test_restored_with_a_longer_tail),
        RIG_TEST(test_restore_interrupted),
        RIG_TEST(test_restored_twice),
        RIG_TEST(test_clone),
    };
    return cmocka_run_group_tests_name("station restore", tests, NULL, NULL);
}
