#include "node/workers.h"
#include "unit.h"

#include <pthread.h>
#include <sys/resource.h>

/* Ends a test that waits for something that never happens. */
enum { PATIENCE_MS = 60000 };

struct rig {
    struct loop *loop;
    unsigned count;
};

static void patience_ends(void *context)
{
    (void)context;
    fail_msg("nothing happened");
}

static int loop_setup(void **state)
{
    struct loop *loop = NULL;

    assert_int_equal(loop_new(&loop), ERR_NONE);
    assert_int_equal(loop_add_timer(loop, PATIENCE_MS, 0, patience_ends, NULL, NULL), ERR_NONE);
    *state = loop;
    return 0;
}

static int loop_teardown(void **state)
{
    loop_free(*state);
    return 0;
}

struct sum {
    struct workers_job job;
    struct rig *rig;
    struct workers *workers;
    pthread_t loop_thread;
    unsigned input;
    unsigned square;
};

static void sum_run(void *context)
{
    struct sum *sum = context;

    sum->square = pthread_equal(pthread_self(), sum->loop_thread) ? 0 : sum->input * sum->input;
}

static void sum_done(void *context)
{
    struct sum *sum = context;

    assert_true(pthread_equal(pthread_self(), sum->loop_thread));
    sum->rig->count += sum->square;
    if (sum->workers != NULL && workers_count(sum->workers) == 0) {
        loop_stop(sum->rig->loop);
    }
}

static struct sum sum_of(struct rig *rig, unsigned input)
{
    struct sum sum = {.rig = rig, .loop_thread = pthread_self(), .input = input};

    sum.job.run = sum_run;
    sum.job.done = sum_done;
    return sum;
}

static void jobs_run_elsewhere_and_end_here(void **state)
{
    enum { JOB_COUNT = 100 };
    struct rig rig = {.loop = *state};
    struct workers *workers = NULL;
    struct sum sums[JOB_COUNT];
    unsigned expected = 0;

    assert_int_equal(workers_new(rig.loop, 3, JOB_COUNT, 0, &workers), ERR_NONE);
    for (unsigned i = 0; i < JOB_COUNT; i++) {
        sums[i] = sum_of(&rig, i + 1);
        sums[i].workers = workers;
        sums[i].job.context = &sums[i];
        expected += (i + 1) * (i + 1);
        assert_int_equal(workers_push(workers, &sums[i].job), ERR_NONE);
    }
    assert_int_equal(loop_run(rig.loop), ERR_NONE);
    assert_int_equal(rig.count, expected);
    assert_int_equal(workers_count(workers), 0);
    workers_free(workers);
}

static void jobs_are_bounded_and_none_is_lost(void **state)
{
    struct rig rig = {.loop = *state};
    struct workers *workers = NULL;
    struct sum sums[3];

    assert_int_equal(workers_new(rig.loop, 1, 2, 0, &workers), ERR_NONE);
    for (unsigned i = 0; i < 3; i++) {
        sums[i] = sum_of(&rig, 10);
        sums[i].job.context = &sums[i];
        /* done runs on the loop only, so the third finds the queue full. */
        assert_int_equal(workers_push(workers, &sums[i].job), i < 2 ? ERR_NONE : ERR_BUSY);
    }
    assert_int_equal(workers_count(workers), 2);
    workers_free(workers);
    assert_int_equal(rig.count, 200);
}

static void waiting_ends_what_was_taken(void **state)
{
    enum { JOB_COUNT = 20 };
    struct rig rig = {.loop = *state};
    struct workers *workers = NULL;
    struct sum sums[JOB_COUNT];

    assert_int_equal(workers_new(rig.loop, 2, JOB_COUNT, 0, &workers), ERR_NONE);
    workers_wait(workers);
    for (unsigned i = 0; i < JOB_COUNT; i++) {
        sums[i] = sum_of(&rig, 3);
        sums[i].job.context = &sums[i];
        assert_int_equal(workers_push(workers, &sums[i].job), ERR_NONE);
    }
    workers_wait(workers);
    assert_int_equal(rig.count, 9 * JOB_COUNT);
    assert_int_equal(workers_count(workers), 0);
    workers_free(workers);
    assert_int_equal(rig.count, 9 * JOB_COUNT);
}

struct niceness {
    struct workers_job job;
    int there;
};

static void see_niceness(void *context)
{
    struct niceness *niceness = context;
    niceness->there = getpriority(PRIO_PROCESS, 0);
}

static void leave(void *context)
{
    (void)context;
}

static void workers_give_way_and_nobody_else(void **state)
{
    int here = getpriority(PRIO_PROCESS, 0);

    for (int nice = 0; nice <= 3; nice += 3) {
        struct niceness found = {.job = {see_niceness, leave, &found, NULL}, .there = -100};
        struct workers *workers = NULL;
        assert_int_equal(workers_new(*state, 1, 1, nice, &workers), ERR_NONE);
        assert_int_equal(workers_push(workers, &found.job), ERR_NONE);
        workers_wait(workers);
        workers_free(workers);
        assert_int_equal(found.there, here + nice > 19 ? 19 : here + nice);
        assert_int_equal(getpriority(PRIO_PROCESS, 0), here);
    }
}

#define RIG(test) cmocka_unit_test_setup_teardown(test, loop_setup, loop_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG(jobs_run_elsewhere_and_end_here),
        RIG(jobs_are_bounded_and_none_is_lost),
        RIG(waiting_ends_what_was_taken),
        RIG(workers_give_way_and_nobody_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
