#include "station_acts.h"

static void test_first_contact(void **state)
{
    struct rig *rig = *state;
    struct town_act act;
    struct author_draft draft;
    struct fold_verdict verdict;
    uint8_t id[LIMIT_HASH_SIZE];
    uint64_t seq = 0;
    act_open(&act, 1);
    rig_draft(rig, &act, &draft);
    /* Nobody is known yet; with a person known but no edition the rules cannot be asked either. */
    assert_int_equal(station_submit(rig->station, &draft, rig->town->worker.signer,
                                    rig->town->now_ms, NULL, 0, &verdict, id, &seq),
                     ERR_NONE);
    assert_int_equal(verdict.verdict, WIRE_VOID);
    assert_int_equal(rig_status(rig).newest, 0);
    rig_sync(rig);
    struct station_status status = rig_status(rig);
    assert_int_equal(status.common, hub_fold(rig->town->hub)->log.common_seq);
    assert_int_equal(status.log_size, hub_size(rig->town->hub));
    assert_int_equal(status.epoch, 1);
    assert_false(status.stuck);
    assert_int_equal(rig->blob_gets, 4);
    assert_int_equal(status.last_contact_ms, rig->town->now_ms);
    uint8_t hash[LIMIT_HASH_SIZE];
    assert_int_equal(world_edition(station_fold(rig->station)->world, WORLD_CALENDAR, 2026, hash),
                     1);
    rig_check(rig);
}

static void test_kept_then_accepted(void **state)
{
    struct rig *rig = *state;
    struct station_answer answer;
    struct buf envelope;
    rig_sync(rig);
    rig_cut(rig);
    rig_case(rig, 1);
    assert_string_equal(rig_state(rig, FOLD_TENTATIVE, 1), "accepted");
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "none");
    struct station_status status = rig_status(rig);
    assert_int_equal(status.newest, 3);
    assert_int_equal(status.answered, 0);
    assert_int_equal(status.outbox, 2);
    assert_int_not_equal(status.oldest_unsent_ms, 0);
    buf_init(&envelope, LIMIT_ENVELOPE_SIZE);
    assert_true(station_event(rig->station, 1, 2, &envelope, &answer));
    assert_int_equal(answer.standing, STATION_KEPT);
    uint64_t size = hub_size(rig->town->hub);
    rig_sync(rig);
    status = rig_status(rig);
    assert_int_equal(status.answered, 3);
    assert_int_equal(status.outbox, 0);
    assert_int_equal(status.oldest_unsent_ms, 0);
    assert_int_equal(rig->blob_puts, 2);
    assert_true(station_event(rig->station, 1, 2, &envelope, &answer));
    assert_int_equal(answer.standing, STATION_ACCEPTED);
    assert_int_equal(answer.leaf_index, size + 1);
    assert_false(station_event(rig->station, 1, 4, &envelope, &answer));
    assert_false(station_event(rig->station, 2, 1, &envelope, &answer));
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "accepted");
    assert_int_equal(rig_rows(rig, KV_TENTATIVE), 0);
    assert_int_equal(rig_rows(rig, KV_CACHE), 0);
    rig_check(rig);
    buf_done(&envelope);
}

/* A refusal of our own writes nothing: the seq is not used up. */
static void test_refused_here(void **state)
{
    struct rig *rig = *state;
    struct town_act act;
    rig_sync(rig);
    rig_contact(rig, 1);
    act_open(&act, 1);
    struct fold_verdict verdict = rig_submit(rig, &rig->town->agent, &act);
    assert_int_equal(verdict.verdict, WIRE_REFUSED);
    assert_int_not_equal(verdict.refusal, REFUSAL_NONE);
    assert_int_equal(rig_status(rig).newest, 1);
    assert_int_equal(rig_status(rig).outbox, 1);
    rig_check(rig);
}

static void test_directory_events_are_not_ours(void **state)
{
    struct rig *rig = *state;
    struct town_act act;
    struct author_draft draft;
    struct fold_verdict verdict;
    uint8_t id[LIMIT_HASH_SIZE];
    uint64_t seq = 0;
    rig_sync(rig);
    town_act(&act, WIRE_PERSON, 21, PERSON_REVOKED);
    town_bytes(&act, FIELD_staff, 0, rig->town->worker.staff, LIMIT_ID_SIZE);
    rig_draft(rig, &act, &draft);
    assert_int_equal(station_submit(rig->station, &draft, rig->town->head.signer, rig->town->now_ms,
                                    NULL, 0, &verdict, id, &seq),
                     ERR_STATE);
}

static void test_blob_must_fit(void **state)
{
    struct rig *rig = *state;
    struct town_act act;
    struct author_draft draft;
    struct fold_verdict verdict;
    struct station_blob blob = {.bytes = span_text("not what the hash says")};
    uint8_t id[LIMIT_HASH_SIZE];
    uint64_t seq = 0;
    rig_sync(rig);
    act_open(&act, 1);
    rig_draft(rig, &act, &draft);
    memset(blob.hash, 3, sizeof blob.hash);
    assert_int_equal(station_submit(rig->station, &draft, rig->town->worker.signer,
                                    rig->town->now_ms, &blob, 1, &verdict, id, &seq),
                     ERR_MALFORMED);
    assert_int_equal(rig_status(rig).newest, 0);
}

/* The whole way of a case through the hub and back. */
static void test_handed_up_and_back(void **state)
{
    struct rig *rig = *state;
    struct town_act act;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_hand_up(rig, 1);
    rig_sync(rig);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "referred_up");
    hub_decides(rig->town, 1);
    rig_cut(rig);
    rig_sync(rig);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "result_on_way");
    assert_int_equal(rig_status(rig).own, 3);
    town_act(&act, WIRE_CASE, 1, CASE_RESULT_RECEIVED);
    rig_write(rig, &rig->town->worker, &act);
    rig_sync(rig);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "result_at_station");
    rig_check(rig);
}

/* The answer to the hand-up is lost; the hub's events on the case come first. */
static void test_feed_waits_for_answer(void **state)
{
    struct rig *rig = *state;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_case(rig, 2);
    rig_sync(rig);
    rig_hand_up(rig, 1);
    rig->lose = SYNC_ANSWER;
    rig->lose_count = 1;
    rig->stop_at = rig->delivered + 1;
    (void)rig_talk(rig, 100);
    rig->stop_at = 0;
    rig_cut(rig);
    assert_int_equal(rig_status(rig).answered, 6);
    hub_decides(rig->town, 1);
    /* The answer that is lost again lets the feed arrive alone. */
    rig->lose_count = 1;
    rig->stop_at = rig->delivered + 3;
    (void)rig_talk(rig, 100);
    rig->stop_at = 0;
    assert_int_equal(rig_status(rig).answered, 6);
    assert_int_equal(rig_status(rig).own, 0);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "accepted");
    rig_cut(rig);
    rig_restart(rig);
    assert_false(rig_status(rig).stuck);
    assert_int_equal(station_rebuild(rig->station), ERR_NONE);
    assert_int_equal(rig_status(rig).own, 0);
    assert_false(rig_status(rig).stuck);
    rig_sync(rig);
    assert_int_equal(rig_status(rig).own, 3);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "result_on_way");
    assert_false(rig_status(rig).stuck);
    rig_check(rig);
}

/* Many events: several pushes in flight, all foreseen, nothing judged twice. */
static void test_backlog(void **state)
{
    struct rig *rig = *state;
    rig_sync(rig);
    rig_cut(rig);
    for (uint32_t i = 1; i <= 120; i++) {
        rig_case(rig, i);
    }
    rig->pushes = 0;
    rig_sync(rig);
    assert_int_equal(rig->pushes, 4);
    assert_int_equal(rig_status(rig).answered, 360);
    assert_int_equal(rig->blob_puts, 240);
    assert_int_equal(rig_rows(rig, KV_CACHE), 0);
    rig_check(rig);
}

/* A checkpoint is named as seen only when its time is known for sure. The answer given again comes
 * with a newer one, whose last leaf is somebody else's and later. */
static void test_seen_is_proven(void **state)
{
    struct rig *rig = *state;
    struct town_act act;
    rig_sync(rig);
    rig_contact(rig, 1);
    rig->lose = SYNC_ANSWER;
    rig->lose_count = 1;
    (void)rig_talk(rig, 3);
    rig_cut(rig);
    rig->town->now_ms += 60000;
    town_act(&act, WIRE_CLOCK_STEP, 22, 0);
    town_number(&act, FIELD_before_ms, 0, 1);
    town_number(&act, FIELD_after_ms, 0, 2);
    assert_int_equal(town_device(rig->town, &act).verdict, WIRE_ACCEPTED);
    rig_sync(rig);
    assert_int_equal(rig_status(rig).answered, 1);
    assert_int_equal(rig_status(rig).log_size, hub_size(rig->town->hub));
    act_open(&act, 1);
    act.claimed_shift_ms = -30000;
    rig_write(rig, &rig->town->worker, &act);
    rig_sync(rig);
    rig_check(rig);
    act_accept(&act, 1);
    act.claimed_shift_ms = -30000;
    rig_write(rig, &rig->town->worker, &act);
    rig_sync(rig);
    rig_check(rig);
}

/* The hub works by an edition whose text has not reached us: its events wait, ours go on. */
static void test_feed_waits_for_edition(void **state)
{
    struct rig *rig = *state;
    struct town_act act;
    struct station_answer answer;
    struct buf envelope;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_hand_up(rig, 1);
    rig_sync(rig);
    rig_new_policy(rig->town);
    hub_decides(rig->town, 1);
    hub_revokes(rig->town, &rig->town->head);
    rig_case(rig, 2);
    rig_contact(rig, 3);
    act_open(&act, 3);
    rig_write(rig, &rig->town->head, &act);
    rig->lose = SYNC_BLOB;
    rig->lose_count = 1;
    rig->stop_at = rig->delivered + 6;
    rig_ring(rig);
    (void)rig_talk(rig, 100);
    rig->stop_at = 0;
    struct station_status status = rig_status(rig);
    assert_int_equal(status.own, 0);
    assert_int_equal(status.common, hub_fold(rig->town->hub)->log.common_seq - 2);
    assert_false(status.stuck);
    assert_int_equal(status.answered, 9);
    buf_init(&envelope, LIMIT_ENVELOPE_SIZE);
    assert_true(station_event(rig->station, 1, 9, &envelope, &answer));
    assert_int_equal(answer.verdict, WIRE_QUARANTINED);
    buf_done(&envelope);
    for (int i = 0; i < 2; i++) {
        assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "referred_up");
        assert_string_equal(rig_state(rig, FOLD_PROVEN, 2), "accepted");
        assert_string_equal(rig_state(rig, FOLD_TENTATIVE, 3), "none");
        assert_int_equal(station_rebuild(rig->station), ERR_NONE);
    }
    rig_restart(rig);
    assert_int_equal(rig_status(rig).own, 0);
    rig_sync(rig);
    assert_int_equal(rig_status(rig).own, 3);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "result_on_way");
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 2), "accepted");
    town_act(&act, WIRE_CASE, 1, CASE_RESULT_RECEIVED);
    rig_write(rig, &rig->town->worker, &act);
    rig_sync(rig);
    rig_check(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_first_contact),         RIG_TEST(test_kept_then_accepted),
        RIG_TEST(test_refused_here),          RIG_TEST(test_directory_events_are_not_ours),
        RIG_TEST(test_blob_must_fit),         RIG_TEST(test_handed_up_and_back),
        RIG_TEST(test_feed_waits_for_answer), RIG_TEST(test_backlog),
        RIG_TEST(test_seen_is_proven),        RIG_TEST(test_feed_waits_for_edition),
    };
    return cmocka_run_group_tests_name("station", tests, NULL, NULL);
}
