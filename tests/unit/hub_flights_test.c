/* When pushes that are checked become a group, and which. */
#include "township-hub/flights.h"
#include "unit.h"

#include <stdlib.h>

enum { WORKERS = 2 };

struct rig {
    struct flights flights;
    struct peer peer;
};

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    flights_init(&rig->flights, WORKERS);
    rig->peer.used = true;
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    flights_done(&rig->flights);
    free(rig);
    return 0;
}

/* A push of count events that comes in. */
static struct flight *come(struct rig *rig, uint32_t count)
{
    struct sync_push frame = {
        .incarnation = 1, .first_seq = 1, .count = count, .raw_size = count, .packed = {NULL, 0}};
    struct flight *flight = NULL;
    assert_int_equal(flights_new(&rig->flights, &rig->peer, &frame, &flight), ERR_NONE);
    flights_add(&rig->flights, flight);
    return flight;
}

static void take(struct rig *rig, size_t count)
{
    assert_int_equal(flights_take(&rig->flights), count);
    for (size_t i = 0; i < count; i++) {
        flight_free(rig->flights.flight[i]);
    }
}

/* What comes alone is written alone, and at once. */
static void test_nobody_waits_for_nothing(void **state)
{
    struct rig *rig = *state;
    take(rig, 0);
    struct flight *flight = come(rig, 1);
    assert_true(flights_due(&rig->flights));
    take(rig, 0);
    flights_checked(&rig->flights, flight);
    assert_true(flights_due(&rig->flights));
    take(rig, 1);
    assert_int_equal(rig->flights.count, 0);
    assert_int_equal(rig->flights.size, 0);
}

/* More than the workers have in hand: more is to come, so the first waits for it. */
static void test_waits_for_more(void **state)
{
    struct rig *rig = *state;
    struct flight *flight[4];
    for (size_t i = 0; i < 4; i++) {
        flight[i] = come(rig, 100);
    }
    flights_checked(&rig->flights, flight[0]);
    assert_false(flights_due(&rig->flights));
    flights_checked(&rig->flights, flight[1]);
    assert_true(flights_due(&rig->flights));
    struct flight *late = come(rig, 1);
    assert_false(flights_due(&rig->flights));
    flights_checked(&rig->flights, flight[2]);
    assert_true(flights_due(&rig->flights));
    take(rig, 3);
    assert_true(flights_due(&rig->flights));
    take(rig, 0);
    flights_checked(&rig->flights, late);
    take(rig, 0); /* in the order in which they came */
    flights_checked(&rig->flights, flight[3]);
    take(rig, 2);
}

/* Enough is enough, however much is still to be checked. */
static void test_worth_a_commit(void **state)
{
    enum { ENOUGH = FLIGHTS_WORTH / 100 };
    struct rig *rig = *state;
    struct flight *flight[ENOUGH + 1];
    for (size_t i = 0; i < ENOUGH; i++) {
        flight[i] = come(rig, 100);
    }
    flight[ENOUGH] = come(rig, FLIGHTS_WORTH % 100);
    for (size_t i = 0; i < 20; i++) {
        (void)come(rig, 1);
    }
    for (size_t i = 0; i < ENOUGH; i++) {
        flights_checked(&rig->flights, flight[i]);
        assert_false(flights_due(&rig->flights));
    }
    flights_checked(&rig->flights, flight[ENOUGH]);
    assert_true(flights_due(&rig->flights));
    take(rig, ENOUGH + 1);
    assert_false(flights_due(&rig->flights)); /* counted anew */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nobody_waits_for_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_waits_for_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_worth_a_commit, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
