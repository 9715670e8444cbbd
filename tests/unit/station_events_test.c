#include "station_lives.h"
#include "village-node/program.h"

/* Which events speak of a record, when what was indexed gave way to another past. */

struct shown {
    size_t count;
    size_t strange; /* of another record */
    uint8_t record[LIMIT_ID_SIZE];
    char standing[16]; /* of the newest */
};

static bool show(void *context, const struct wire_event *event, const char *standing,
                 uint32_t refusal)
{
    struct shown *shown = context;
    (void)refusal;
    shown->count++;
    shown->strange += memcmp(event->record, shown->record, LIMIT_ID_SIZE) != 0 ? 1 : 0;
    (void)snprintf(shown->standing, sizeof shown->standing, "%s", standing);
    return true;
}

static struct shown events_of(struct rig *rig, uint32_t record)
{
    struct daemon *daemon = calloc(1, sizeof *daemon);
    struct town_act act;
    struct shown shown = {.count = 0};
    assert_non_null(daemon);
    daemon->kv = rig->kv;
    daemon->station = rig->station;
    town_act(&act, WIRE_CASE, record, 0);
    memcpy(shown.record, act.record, sizeof shown.record);
    daemon_events(daemon, act.record, &shown, show);
    free(daemon);
    return shown;
}

static void expect(struct rig *rig, uint32_t record, size_t count, const char *standing)
{
    struct shown shown = events_of(rig, record);
    assert_int_equal(shown.strange, 0);
    assert_int_equal(shown.count, count);
    assert_string_equal(shown.standing, standing);
}

/* A restored machine was used before it met the hub: at the places of what it wrote stands what the
 * hub holds. */
static void test_displaced(void **state)
{
    struct rig *rig = *state;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_sync(rig);
    struct kv_image *image = snapshot(rig->directory);
    rig_case(rig, 2);
    rig_sync(rig);
    put_back(rig, image);
    rig_case(rig, 100);
    expect(rig, 100, 2, "kept");
    rig_sync(rig);
    assert_int_equal(rig_status(rig).displaced, 3);
    expect(rig, 1, 2, "accepted");
    expect(rig, 100, 0, "");
    expect(rig, 2, 2, "accepted");
    go_on(rig, 100);
    expect(rig, 100, 2, "accepted");
}

/* The hub opened a new log without its newest leaves, and others stand there. */
static void test_new_epoch(void **state)
{
    struct rig *rig = *state;
    rig_sync(rig);
    for (uint32_t i = 1; i <= 2; i++) {
        rig_case(rig, i);
        rig_hand_up(rig, i);
    }
    rig_sync(rig);
    struct kv_image *image = snapshot(rig->town->directory);
    hub_does(rig->town, 1, CASE_RECEIVED_AT_HUB);
    rig_cut(rig);
    rig_sync(rig);
    expect(rig, 1, 4, "accepted");
    expect(rig, 2, 3, "accepted");
    rig_cut(rig);
    put_hub_back(rig, image, TOWN_ORIGIN_PREFIX "/2", 2);
    hub_does(rig->town, 2, CASE_RECEIVED_AT_HUB);
    rig_sync(rig);
    expect(rig, 1, 3, "accepted");
    expect(rig, 2, 4, "accepted");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_displaced),
        RIG_TEST(test_new_epoch),
    };
    return cmocka_run_group_tests_name("station events", tests, NULL, NULL);
}
