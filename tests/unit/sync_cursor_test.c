/* Waiting, flights and feed cursors. */
#include "sync/cursor.h"
#include "unit.h"

#include <string.h>

static void test_backoff_bounds(void **state)
{
    static const uint64_t low[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    static const uint64_t high[] = {5000, 10000, 20000, 40000, 80000, 160000, 300000, 300000};
    struct sync_backoff backoff = {0};
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        struct sync_backoff twin = backoff;
        assert_int_equal(sync_backoff_next(&twin, 0), low[i]);
        assert_int_equal(sync_backoff_next(&backoff, high[i] - low[i]), high[i]);
        assert_int_equal(backoff.failures, i + 1);
    }
    backoff.failures = UINT32_MAX;
    assert_int_equal(sync_backoff_next(&backoff, 0), 60000);
    assert_int_equal(backoff.failures, UINT32_MAX);
    sync_backoff_reset(&backoff);
    assert_int_equal(sync_backoff_next(&backoff, 4001), 1000);
}

static void test_random(void **state)
{
    /* The first numbers of splitmix64 from seed 0, as published with it. */
    uint64_t seed = 0;
    (void)state;
    assert_true(sync_random_next(&seed) == 0xe220a8397b1dcdafU);
    assert_true(sync_random_next(&seed) == 0x6e789e6aa1b965f4U);
    assert_true(sync_random_next(&seed) == 0x06c45d188009454fU);
    assert_int_equal(sync_random_between(17, 5, 5), 5);
    assert_int_equal(sync_random_between(17, 0, 9), 7);
    assert_true(sync_random_between(99, 0, UINT64_MAX) == 99);
}

static void test_epochs(void **state)
{
    static const struct {
        uint64_t epoch, size, claimed_epoch, claimed_size;
        enum sync_epoch answer;
    } rows[] = {
        {0, 0, 5, 0, SYNC_EPOCH_SAME},  {5, 9, 5, 9, SYNC_EPOCH_SAME},
        {5, 9, 5, 10, SYNC_EPOCH_SAME}, {5, 9, 5, 8, SYNC_EPOCH_OLDER},
        {5, 9, 6, 0, SYNC_EPOCH_NEW},   {5, 9, 4, 99, SYNC_EPOCH_OLDER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sync_claim claim = {.epoch = rows[i].claimed_epoch, .size = rows[i].claimed_size};
        assert_int_equal(sync_epoch_judge(rows[i].epoch, rows[i].size, &claim), rows[i].answer);
    }
}

static void test_flight(void **state)
{
    struct sync_flight flight;
    (void)state;
    memset(&flight, 0xff, sizeof flight);
    sync_flight_clear(&flight);
    assert_null(sync_flight_oldest(&flight));
    for (uint32_t i = 0; i < SYNC_CREDIT_MAX; i++) {
        sync_flight_add(&flight, 10 * i, 10);
    }
    sync_flight_take(&flight, 4);
    assert_int_equal(sync_flight_oldest(&flight)->first, 4);
    assert_int_equal(sync_flight_oldest(&flight)->count, 6);
    sync_flight_take(&flight, 6);
    assert_int_equal(sync_flight_oldest(&flight)->first, 10);
    assert_int_equal(flight.count, SYNC_CREDIT_MAX - 1);
    sync_flight_drop(&flight);
    assert_int_equal(sync_flight_oldest(&flight)->first, 20);
    sync_flight_spoil(&flight);
    sync_flight_add(&flight, 7, 1);
    assert_true(flight.ranges[0].stale);
    assert_true(flight.ranges[flight.count - 2].stale);
    assert_false(flight.ranges[flight.count - 1].stale);
}

static void test_feed(void **state)
{
    struct sync_feed_cursor feed;
    struct sync_batch batch = {.from = 6, .count = 3, .newest = 8};
    (void)state;
    sync_feed_init(&feed, 5);
    assert_false(sync_feed_wants_pull(&feed, 1000));
    feed.newest = 6;
    assert_true(sync_feed_wants_pull(&feed, 1000));
    feed.newest = 0;
    feed.due_ms = 1000;
    assert_false(sync_feed_wants_pull(&feed, 999));
    assert_true(sync_feed_wants_pull(&feed, 1000));
    assert_false(sync_feed_fits(&feed, &batch));
    sync_feed_asked(&feed, 3, 77);
    assert_false(sync_feed_wants_pull(&feed, 1000));
    assert_true(sync_feed_fits(&feed, &batch));
    batch.newest = 7;
    assert_false(sync_feed_fits(&feed, &batch));
    batch.newest = SYNC_NUMBER_MAX + 1;
    assert_false(sync_feed_fits(&feed, &batch));
    batch.newest = SYNC_NUMBER_MAX;
    assert_true(sync_feed_fits(&feed, &batch));
    batch.count = 4;
    assert_false(sync_feed_fits(&feed, &batch));
    batch = (struct sync_batch){.from = 6, .count = 0, .newest = 5};
    assert_true(sync_feed_fits(&feed, &batch));
    batch.newest = 4;
    assert_false(sync_feed_fits(&feed, &batch));
    batch.feed = SYNC_FEED_CHAIN;
    assert_true(sync_feed_fits(&feed, &batch));
    batch.newest = 6;
    assert_false(sync_feed_fits(&feed, &batch));
    batch = (struct sync_batch){.from = 6, .count = 2, .newest = 9};
    feed.applied = 9; /* meanwhile, by another way */
    sync_feed_applied(&feed, &batch);
    assert_int_equal(feed.applied, 9);
    assert_int_equal(feed.newest, 9);
    assert_int_equal(feed.asked_count, 0);
    assert_true(feed.deadline_ms == SYNC_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backoff_bounds), cmocka_unit_test(test_random),
        cmocka_unit_test(test_epochs),         cmocka_unit_test(test_flight),
        cmocka_unit_test(test_feed),
    };
    return cmocka_run_group_tests_name("sync_cursor", tests, NULL, NULL);
}
