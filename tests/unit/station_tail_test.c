#include "station_acts.h"

/* The tentative tail: what was foreseen, and what the hub says otherwise. */

struct tasks {
    size_t count;
    uint64_t seq;
    struct station_answer answer;
};

static bool see_task(void *context, uint64_t incarnation, uint64_t seq,
                     const struct station_answer *answer)
{
    struct tasks *tasks = context;
    assert_int_equal(incarnation, 1);
    tasks->count++;
    tasks->seq = seq;
    tasks->answer = *answer;
    return true;
}

static void make_request(struct town_act *act, uint32_t record, uint32_t about, uint64_t verb)
{
    struct town_act cited;
    town_act(&cited, WIRE_CASE, about, 0);
    town_act(act, WIRE_REQUEST, record, verb);
    if (verb == REQUEST_MADE) {
        town_number(act, FIELD_kind, 0, REQUEST_HURRY);
        town_bytes(act, FIELD_case_record, 0, cited.record, sizeof cited.record);
    }
}

/* Two events race for a request: the log's order decides, and the loser becomes a task. */
static void test_returned_is_a_task(void **state)
{
    struct rig *rig = *state;
    struct town_act act;
    struct tasks tasks = {0};
    rig_sync(rig);
    rig_case(rig, 1);
    rig_hand_up(rig, 1);
    rig_sync(rig);
    hub_does(rig->town, 1, CASE_RECEIVED_AT_HUB);
    make_request(&act, 500, 1, REQUEST_MADE);
    rig_write(rig, &rig->town->worker, &act);
    rig_cut(rig);
    rig_sync(rig);
    rig_cut(rig);
    /* Offline: cancelled here, approved there, and other work goes on. */
    make_request(&act, 500, 1, REQUEST_CANCELLED);
    rig_write(rig, &rig->town->worker, &act);
    rig_case(rig, 2);
    assert_string_equal(rig_state(rig, FOLD_TENTATIVE, 500), "cancelled");
    make_request(&act, 500, 1, REQUEST_APPROVED);
    struct fold_verdict verdict = town_hub(rig->town, &rig->town->operator, & act);
    assert_int_equal(verdict.verdict, WIRE_ACCEPTED);
    uint64_t cancelled = 6;
    rig_sync(rig);
    assert_string_equal(rig_state(rig, FOLD_TENTATIVE, 500), "approved");
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 2), "accepted");
    station_tasks(rig->station, see_task, &tasks);
    assert_int_equal(tasks.count, 1);
    assert_int_equal(tasks.seq, cancelled);
    assert_int_equal(tasks.answer.standing, STATION_RETURNED);
    assert_int_equal(tasks.answer.refusal, REFUSAL_FINAL_STATE);
    assert_int_equal(rig_status(rig).returned, 1);
    assert_int_equal(rig_rows(rig, KV_TENTATIVE), 0);
    rig_check(rig);
    assert_int_equal(station_task_done(rig->station, 1, cancelled), ERR_NONE);
    assert_int_equal(station_task_done(rig->station, 1, cancelled), ERR_NOT_FOUND);
    assert_int_equal(rig_status(rig).returned, 0);
    rig_check(rig);
    assert_int_equal(rig_status(rig).returned, 0);
}

/* The worker was revoked while the station was offline: all he wrote is set aside, and what was
 * foreseen is judged again. */
static void test_revoked_is_set_aside(void **state)
{
    struct rig *rig = *state;
    struct town_act act;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_sync(rig);
    rig_cut(rig);
    rig_contact(rig, 2);
    act_open(&act, 2);
    rig_write(rig, &rig->town->head, &act);
    rig_hand_up(rig, 1);
    hub_revokes(rig->town, &rig->town->worker);
    rig_sync(rig);
    struct buf envelope;
    struct station_answer answer;
    buf_init(&envelope, LIMIT_ENVELOPE_SIZE);
    assert_true(station_event(rig->station, 1, 4, &envelope, &answer));
    assert_int_equal(answer.standing, STATION_SET_ASIDE);
    assert_int_equal(answer.verdict, WIRE_QUARANTINED);
    assert_true(station_event(rig->station, 1, 5, &envelope, &answer));
    assert_int_equal(answer.standing, STATION_RETURNED);
    assert_true(station_event(rig->station, 1, 6, &envelope, &answer));
    assert_int_equal(answer.standing, STATION_SET_ASIDE);
    assert_string_equal(rig_state(rig, FOLD_TENTATIVE, 1), "accepted");
    assert_string_equal(rig_state(rig, FOLD_TENTATIVE, 2), "none");
    assert_int_equal(rig_status(rig).returned, 3);
    buf_done(&envelope);
    rig_check(rig);
}

/* An event that the hub cannot read has no effect, and its sealed parts are wanted nowhere. */
static void test_void(void **state)
{
    struct rig *rig = *state;
    struct station_answer answer;
    struct buf envelope;
    rig_sync(rig);
    rig_case(rig, 1);
    assert_int_equal(rig_status(rig).outbox, 2);
    rig->spoil_signature = true;
    rig_sync(rig);
    assert_int_equal(rig_status(rig).answered, 3);
    assert_int_equal(rig_status(rig).returned, 3);
    assert_int_equal(rig_status(rig).outbox, 0);
    assert_int_equal(rig->blob_puts, 0);
    buf_init(&envelope, LIMIT_ENVELOPE_SIZE);
    assert_true(station_event(rig->station, 1, 1, &envelope, &answer));
    assert_int_equal(answer.standing, STATION_SET_ASIDE);
    assert_int_equal(answer.verdict, WIRE_VOID);
    assert_true(station_event(rig->station, 1, 2, &envelope, &answer));
    assert_int_equal(answer.standing, STATION_RETURNED);
    buf_done(&envelope);
    assert_string_equal(rig_state(rig, FOLD_TENTATIVE, 1), "none");
    rig_check(rig);
}

/* A rebuild with a tail, also one that the rules refuse now. */
static void test_rebuild_with_tail(void **state)
{
    struct rig *rig = *state;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_sync(rig);
    rig_cut(rig);
    rig_case(rig, 2);
    rig_hand_up(rig, 1);
    rig_check(rig);
    hub_revokes(rig->town, &rig->town->worker);
    /* The feeds come, the answer does not. */
    rig->lose = SYNC_ANSWER;
    rig->lose_count = 1;
    rig->stop_at = rig->delivered + 3;
    (void)rig_talk(rig, 100);
    rig->stop_at = 0;
    assert_int_equal(rig_status(rig).answered, 3);
    assert_string_equal(rig_state(rig, FOLD_TENTATIVE, 2), "none");
    assert_string_equal(rig_state(rig, FOLD_TENTATIVE, 1), "accepted");
    assert_int_equal(rig_rows(rig, KV_TENTATIVE), 0);
    static const enum kv_table tables[] = {KV_TENTATIVE, KV_INDEX, KV_CACHE};
    struct buf before;
    struct buf after;
    buf_init(&before, 1 << 20);
    buf_init(&after, 1 << 20);
    for (size_t i = 0; i < 3; i++) {
        rig_dump(rig->kv, tables[i], &before);
    }
    assert_int_equal(station_rebuild(rig->station), ERR_NONE);
    for (size_t i = 0; i < 3; i++) {
        rig_dump(rig->kv, tables[i], &after);
    }
    assert_true(span_equal(buf_span(&before), buf_span(&after)));
    buf_done(&before);
    buf_done(&after);
    rig_cut(rig);
    rig_sync(rig);
    rig_check(rig);
}

/* Delivers the answer alone. */
static void answer_only(struct rig *rig)
{
    uint64_t answered = rig_status(rig).answered;
    rig->blocked = true;
    while (rig_status(rig).answered == answered) {
        assert_true(rig->queued > 0);
        assert_int_equal(rig_deliver(rig), ERR_NONE);
    }
    rig_drop_queue(rig);
    rig->blocked = false;
}

/* The answer says otherwise than foreseen, while more stands on what was foreseen. */
static void test_tail_judged_again(void **state)
{
    struct rig *rig = *state;
    struct station_port port = rig_port(rig);
    struct town_act act;
    rig_sync(rig);
    rig_contact(rig, 1);
    hub_revokes(rig->town, &rig->town->worker);
    assert_int_equal(station_tick(rig->station, &port, rig->mono_ms, rig->town->now_ms), ERR_NONE);
    act_open(&act, 1);
    rig_write(rig, &rig->town->head, &act);
    assert_string_equal(rig_state(rig, FOLD_TENTATIVE, 1), "examining");
    answer_only(rig);
    assert_string_equal(rig_state(rig, FOLD_TENTATIVE, 1), "none");
    rig_cut(rig);
    rig_sync(rig);
    rig_check(rig);
}

/* A clock that is ahead: the hub's time wins, and what follows from it is computed again. */
static void test_clock_ahead(void **state)
{
    struct rig *rig = *state;
    struct station_port port = rig_port(rig);
    struct town_act act;
    rig_sync(rig);
    rig->ahead_ms = 7200000;
    rig_contact(rig, 1);
    act_open(&act, 1);
    rig_write(rig, &rig->town->worker, &act);
    assert_int_equal(station_tick(rig->station, &port, rig->mono_ms, rig->town->now_ms), ERR_NONE);
    act_accept(&act, 1);
    rig_write(rig, &rig->town->worker, &act);
    answer_only(rig);
    assert_int_equal(rig_status(rig).answered, 2);
    rig_check(rig);
    rig_cut(rig);
    rig_sync(rig);
    assert_int_equal(rig_status(rig).answered, 3);
    rig_check(rig);
}

static void test_claims_of_the_future(void **state)
{
    struct rig *rig = *state;
    struct town_act act;
    struct record *record = calloc(1, sizeof *record);
    assert_non_null(record);
    rig_sync(rig);
    rig_contact(rig, 1);
    act_open(&act, 1);
    act.claimed_shift_ms = INT64_C(86400000);
    rig_write(rig, &rig->town->worker, &act);
    assert_true(rig_record(rig, FOLD_TENTATIVE, 1, record));
    assert_int_equal(values_number(&record->facts, FIELD_opened_ms, 0), rig->town->now_ms);
    rig_sync(rig);
    rig_check(rig);
    free(record);
}

static size_t dump_all(struct rig *rig, struct buf *ret)
{
    static const enum kv_table tables[] = {KV_RECORD, KV_TENTATIVE, KV_INDEX, KV_CACHE};
    buf_init(ret, 1 << 20);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        rig_dump(rig->kv, tables[i], ret);
    }
    return ret->size;
}

/* What was written in the knowledge of a leaf of the hub does not hold that leaf up when all is
 * folded again before the answer has come. */
static void test_rebuild_with_a_tail(void **state)
{
    struct rig *rig = *state;
    struct town_act act;
    struct buf before;
    struct buf after;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_hand_up(rig, 1);
    rig_sync(rig);
    hub_decides(rig->town, 1);
    rig_ring(rig);
    rig_sync(rig);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "result_on_way");
    rig_cut(rig);
    town_act(&act, WIRE_CASE, 1, CASE_RESULT_RECEIVED);
    rig_write(rig, &rig->town->worker, &act);
    assert_true(dump_all(rig, &before) > 0);
    assert_int_equal(station_rebuild(rig->station), ERR_NONE);
    (void)dump_all(rig, &after);
    assert_true(span_equal(buf_span(&before), buf_span(&after)));
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "result_on_way");
    buf_done(&before);
    buf_done(&after);
    rig_sync(rig);
    rig_check(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_returned_is_a_task),
        RIG_TEST(test_revoked_is_set_aside),
        RIG_TEST(test_void),
        RIG_TEST(test_rebuild_with_tail),
        RIG_TEST(test_clock_ahead),
        RIG_TEST(test_tail_judged_again),
        RIG_TEST(test_claims_of_the_future),
        RIG_TEST(test_rebuild_with_a_tail),
    };
    return cmocka_run_group_tests_name("station tail", tests, NULL, NULL);
}
