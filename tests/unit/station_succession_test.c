#include "station_acts.h"
#include "succession_town.h"

/* A station is merged into another: it takes in nothing new, what it has open goes on there. */

static void test_shut_from_its_day(void **state)
{
    struct rig *rig = *state;
    struct town *town = rig->town;
    struct other_station other;
    struct town_act act;
    other_enrol(town, &other);
    stations_merge(town, 1, "2026-09-18");
    station_swap(town, &other);
    town_act(&act, WIRE_CONTACT, 1, CONTACT_RECEIVED);
    town_number(&act, FIELD_channel, 0, 1);
    town_text(&act, FIELD_item, 0, "I51");
    act.sealed_labels = 2;
    assert_int_equal(town_station(town, &town->worker, &act).refusal, REFUSAL_STATION_MERGED);
    /* What it knew when it wrote decides: before the edition it could not know. */
    town->chain.applied_common--;
    assert_int_equal(town_station(town, &town->worker, &act).refusal, REFUSAL_NONE);
    town->chain.applied_common++;
    /* The day before, the edition known already. */
    stations_merge(town, 2, "2026-09-19");
    town->chain.applied_common = hub_fold(town->hub)->log.common_seq;
    town_act(&act, WIRE_CONTACT, 2, CONTACT_RECEIVED);
    town_number(&act, FIELD_channel, 0, 1);
    town_text(&act, FIELD_item, 0, "I51");
    act.sealed_labels = 2;
    assert_int_equal(town_station(town, &town->worker, &act).refusal, REFUSAL_NONE);
    station_swap(town, &other);
    signer_free(other.signer);
}

static void expect_refused(struct town *town, const struct town_person *by,
                           const struct town_act *act, enum refusal refusal)
{
    assert_int_equal(town_hub(town, by, act).refusal, refusal);
}

static void test_refusals(void **state)
{
    struct rig *rig = *state;
    struct town *town = rig->town;
    struct other_station other;
    struct town_act act;
    other_enrol(town, &other);
    station_swap(town, &other);
    town_case(town, 1);
    const struct signer *old = town->station;
    const struct signer *first = other.signer;
    handover_act(town, 1, old, first, NULL, &act);
    expect_refused(town, &town->operator, & act, REFUSAL_HANDOVER_NOT_MERGED);
    stations_merge(town, 1, "2026-09-19");
    expect_refused(town, &town->operator, & act, REFUSAL_HANDOVER_NOT_MERGED);
    stations_merge(town, 2, "2026-09-18");
    expect_refused(town, &town->registrar, &act, REFUSAL_HANDOVER_HUB_ONLY);
    assert_int_equal(town_station(town, &town->head, &act).refusal, REFUSAL_HANDOVER_HUB_ONLY);
    town_number(&act, FIELD_size, 0, 7);
    expect_refused(town, &town->operator, & act, REFUSAL_HANDOVER_DIFFERS);
    /* Whom nobody knows, or who works at the hub alone, goes on with nothing there. */
    uint8_t nobody[LIMIT_ID_SIZE];
    memset(nobody, 0x77, sizeof nobody);
    handover_act(town, 1, old, first, nobody, &act);
    expect_refused(town, &town->operator, & act, REFUSAL_HANDOVER_HANDLER);
    handover_act(town, 1, old, first, town->leader.staff, &act);
    expect_refused(town, &town->operator, & act, REFUSAL_HANDOVER_HANDLER);
    /* A contact that was answered is done: it stays. */
    town_act(&act, WIRE_CONTACT, 1001, CONTACT_ANSWERED);
    act.sealed_labels = 4;
    assert_int_equal(town_station(town, &town->worker, &act).refusal, REFUSAL_NONE);
    handover_act(town, 1001, old, first, NULL, &act);
    expect_refused(town, &town->operator, & act, REFUSAL_HANDOVER_STAYS);
    handover_act(town, 77, old, first, NULL, &act);
    expect_refused(town, &town->operator, & act, REFUSAL_NO_RECORD);
    handover_act(town, 1, first, old, NULL, &act);
    expect_refused(town, &town->operator, & act, REFUSAL_OTHER_STATION);
    handover_act(town, 1, old, first, town->worker.staff, &act);
    expect_refused(town, &town->operator, & act, REFUSAL_NONE);
    /* Once only. */
    expect_refused(town, &town->operator, & act, REFUSAL_OTHER_STATION);
    station_swap(town, &other);
    signer_free(other.signer);
}

/* The case and who goes on with it are at the other station, as the hub has them; the old one is
 * told by whom it is held now. */
static void test_goes_on(void **state)
{
    struct rig *rig = *state;
    struct town *town = rig->town;
    struct other_station other;
    struct town_act act;
    struct town_act step;
    struct record *record = calloc(1, sizeof *record);
    assert_non_null(record);
    rig_sync(rig);
    other_enrol(town, &other);
    station_swap(town, &other);
    town_case(town, 1);
    stations_merge(town, 1, "2026-09-18");
    handover_act(town, 1, town->station, other.signer, town->head.staff, &act);
    assert_int_equal(town_hub(town, &town->leader, &act).refusal, REFUSAL_NONE);
    assert_true(town_record(town, 1, record));
    assert_memory_equal(record->station, signer_key_id_view(other.signer), LIMIT_KEY_SIZE);
    assert_memory_equal(values_bytes(&record->facts, FIELD_former_station, 0).data,
                        signer_key_id_view(town->station), LIMIT_KEY_SIZE);
    assert_memory_equal(values_bytes(&record->facts, FIELD_handler, 0).data, town->head.staff,
                        LIMIT_ID_SIZE);
    town_act(&step, WIRE_CASE, 1, CASE_SUBMITTED_UP);
    assert_int_equal(town_station(town, &town->worker, &step).refusal, REFUSAL_OTHER_STATION);
    handover_act(town, 1001, town->station, other.signer, NULL, &act);
    assert_int_equal(town_hub(town, &town->leader, &act).refusal, REFUSAL_NONE);
    station_swap(town, &other);
    rig_ring(rig);
    rig_sync(rig);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "accepted");
    rig_check(rig);
    struct fold_verdict verdict = rig_submit(rig, &town->head, &step);
    assert_int_equal(verdict.refusal, REFUSAL_NONE);
    rig_sync(rig);
    rig_check(rig);
    assert_true(town_record(town, 1, record));
    assert_string_equal(rule_state_name(MACHINE_CASE, record->state), "referred_up");
    signer_free(other.signer);
    free(record);
}

/* The blob did not come: the feed waits for it, all else goes on; a restart changes nothing. */
static void test_waits_for_the_record(void **state)
{
    struct rig *rig = *state;
    struct town *town = rig->town;
    struct other_station other;
    struct town_act act;
    struct town_act contact;
    rig_sync(rig);
    other_enrol(town, &other);
    station_swap(town, &other);
    town_case(town, 1);
    stations_merge(town, 1, "2026-09-18");
    handover_act(town, 1, town->station, other.signer, NULL, &act);
    handover_act(town, 1001, town->station, other.signer, NULL, &contact);
    station_swap(town, &other);
    rig_ring(rig);
    rig_sync(rig);
    assert_int_equal(town_hub(town, &town->leader, &act).refusal, REFUSAL_NONE);
    assert_int_equal(town_hub(town, &town->leader, &contact).refusal, REFUSAL_NONE);
    rig->lose = SYNC_BLOB;
    rig->lose_count = RIG_ROUNDS;
    rig_ring(rig);
    (void)rig_talk(rig, 40);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "none");
    assert_false(rig_status(rig).stuck);
    rig_case(rig, 5);
    rig->lose_count = 0;
    rig_restart(rig);
    rig_sync(rig);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "accepted");
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 5), "accepted");
    rig_check(rig);
    signer_free(other.signer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_shut_from_its_day),
        RIG_TEST(test_refusals),
        RIG_TEST(test_goes_on),
        RIG_TEST(test_waits_for_the_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
