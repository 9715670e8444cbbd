#include "node/clock.h"
#include "node/loop.h"
#include "unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Ends a test that waits for something that never happens. */
enum { PATIENCE_MS = 60000 };

struct rig {
    struct loop *loop;
    char trace[256];
    uint64_t timer;
    int pipe[2];
    unsigned count;
};

static void patience_ends(void *context)
{
    (void)context;
    fail_msg("nothing happened");
}

static int rig_setup(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);

    assert_non_null(rig);
    assert_int_equal(loop_new(&rig->loop), ERR_NONE);
    assert_int_equal(loop_add_timer(rig->loop, PATIENCE_MS, 0, patience_ends, NULL, NULL),
                     ERR_NONE);
    assert_int_equal(pipe(rig->pipe), 0);
    *state = rig;
    return 0;
}

static int rig_teardown(void **state)
{
    struct rig *rig = *state;

    loop_free(rig->loop);
    (void)close(rig->pipe[0]);
    (void)close(rig->pipe[1]);
    free(rig);
    return 0;
}

static void trace(struct rig *rig, const char *text)
{
    strncat(rig->trace, text, sizeof rig->trace - strlen(rig->trace) - 1);
}

static void stop(void *context)
{
    struct rig *rig = context;

    trace(rig, "stop ");
    loop_stop(rig->loop);
}

static void trace_a(void *context)
{
    trace(context, "a ");
}

static void trace_b(void *context)
{
    trace(context, "b ");
}

static void run(struct rig *rig)
{
    assert_int_equal(loop_run(rig->loop), ERR_NONE);
}

static void after(struct rig *rig, uint64_t after_ms, void (*fire)(void *context))
{
    assert_int_equal(loop_add_timer(rig->loop, after_ms, 0, fire, rig, NULL), ERR_NONE);
}

/* --- Timers --- */

static void timers_fire_in_order(void **state)
{
    struct rig *rig = *state;

    after(rig, 30, stop);
    after(rig, 20, trace_b);
    after(rig, 0, trace_a);
    after(rig, 0, trace_b);
    after(rig, 10, trace_a);
    run(rig);
    assert_string_equal(rig->trace, "a b a b stop ");
}

static void timers_are_cancelled(void **state)
{
    struct rig *rig = *state;
    uint64_t timer = 0;

    assert_int_equal(loop_add_timer(rig->loop, 1, 0, trace_a, rig, &timer), ERR_NONE);
    assert_true(timer != 0);
    loop_cancel_timer(rig->loop, timer);
    loop_cancel_timer(rig->loop, timer);
    loop_cancel_timer(rig->loop, 0);
    after(rig, 20, stop);
    run(rig);
    assert_string_equal(rig->trace, "stop ");
}

static void cancel_third(void *context)
{
    struct rig *rig = context;

    trace(rig, "p ");
    if (++rig->count == 3) {
        loop_cancel_timer(rig->loop, rig->timer);
        after(rig, 20, stop);
    }
}

static void periodic_until_cancelled(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(loop_add_timer(rig->loop, 0, 2, cancel_third, rig, &rig->timer), ERR_NONE);
    run(rig);
    assert_string_equal(rig->trace, "p p p stop ");
}

static void late_once(void *context)
{
    struct rig *rig = context;

    if (++rig->count == 1) {
        (void)usleep(50000);
        after(rig, 0, stop);
    }
}

static void late_loop_fires_a_period_once(void **state)
{
    struct rig *rig = *state;

    /* Ten periods go by in the first call; they are made up for by one, before the stop. */
    assert_int_equal(loop_add_timer(rig->loop, 0, 5, late_once, rig, NULL), ERR_NONE);
    run(rig);
    assert_int_equal(rig->count, 2);
}

static void timers_are_bounded(void **state)
{
    struct rig *rig = *state;
    uint64_t timer = 0;

    for (unsigned i = 1; i < LOOP_TIMER_COUNT; i++) {
        assert_int_equal(loop_add_timer(rig->loop, UINT64_MAX, 0, trace_a, rig, &timer), ERR_NONE);
    }
    assert_int_equal(loop_add_timer(rig->loop, 0, 0, trace_a, rig, NULL), ERR_LIMIT);
    loop_cancel_timer(rig->loop, timer);
    after(rig, 0, stop);
    run(rig);
    assert_string_equal(rig->trace, "stop ");
}

static void again(void *context)
{
    struct rig *rig = context;

    rig->count++;
    after(rig, 0, again);
}

static bool stop_when_checked(void *context)
{
    stop(context);
    return false;
}

static void timers_cannot_starve_the_rest(void **state)
{
    struct rig *rig = *state;

    after(rig, 0, again);
    assert_int_equal(loop_add_idle(rig->loop, stop_when_checked, rig), ERR_NONE);
    run(rig);
    assert_string_equal(rig->trace, "stop ");
    assert_in_range(rig->count, 1, LOOP_TIMER_COUNT);
}

/* --- Descriptors --- */

static void pipe_ready(void *context, unsigned events)
{
    struct rig *rig = context;
    char letter[2] = "";

    assert_true((events & LOOP_READ) != 0);
    assert_int_equal(read(rig->pipe[0], letter, 1), 1);
    trace(rig, letter);
    if (letter[0] == 'z') {
        stop(rig);
    }
}

static void descriptors_are_level_triggered(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(loop_add_fd(rig->loop, rig->pipe[0], LOOP_READ, pipe_ready, rig), ERR_NONE);
    assert_int_equal(loop_add_fd(rig->loop, rig->pipe[0], LOOP_READ, pipe_ready, rig),
                     ERR_CONFLICT);
    assert_int_equal(loop_add_fd(rig->loop, -1, LOOP_READ, pipe_ready, rig), ERR_IO);
    assert_int_equal(write(rig->pipe[1], "xyz", 3), 3);
    run(rig);
    assert_string_equal(rig->trace, "xyzstop ");
}

static void write_ready(void *context, unsigned events)
{
    struct rig *rig = context;

    trace(rig, events == LOOP_WRITE ? "w " : "? ");
    assert_int_equal(loop_change_fd(rig->loop, rig->pipe[1], 0), ERR_NONE);
    after(rig, 5, stop);
}

static void events_are_changed(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(loop_change_fd(rig->loop, rig->pipe[1], LOOP_WRITE), ERR_NOT_FOUND);
    assert_int_equal(loop_add_fd(rig->loop, rig->pipe[1], 0, write_ready, rig), ERR_NONE);
    assert_int_equal(loop_change_fd(rig->loop, rig->pipe[1], LOOP_WRITE), ERR_NONE);
    run(rig);
    assert_string_equal(rig->trace, "w stop ");
}

static void hung_up(void *context, unsigned events)
{
    struct rig *rig = context;

    assert_true((events & LOOP_HANGUP) != 0);
    stop(rig);
}

static void hangup_is_told(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(loop_add_fd(rig->loop, rig->pipe[0], LOOP_READ, hung_up, rig), ERR_NONE);
    assert_int_equal(close(rig->pipe[1]), 0);
    rig->pipe[1] = -1;
    run(rig);
}

static int twin_fds[2];
static int quiet_fds[2];

static void quiet_ready(void *context, unsigned events)
{
    (void)context;
    fail_msg("not ready, but called with %u", events);
}

static void twin_ready(void *context, unsigned events)
{
    struct rig *rig = context;
    (void)events;

    /* Both are ready in this round; the first called puts others in their places. */
    trace(rig, "one ");
    loop_remove_fd(rig->loop, twin_fds[0]);
    loop_remove_fd(rig->loop, twin_fds[1]);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(loop_add_fd(rig->loop, quiet_fds[i], LOOP_READ, quiet_ready, rig),
                         ERR_NONE);
    }
    after(rig, 10, stop);
}

static void removed_descriptor_is_silent_at_once(void **state)
{
    struct rig *rig = *state;
    int pipes[2][2] = {{0}};

    quiet_fds[0] = rig->pipe[0];
    quiet_fds[1] = dup(rig->pipe[0]);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pipe(pipes[i]), 0);
        assert_int_equal(write(pipes[i][1], "x", 1), 1);
        twin_fds[i] = pipes[i][0];
        assert_int_equal(loop_add_fd(rig->loop, twin_fds[i], LOOP_READ, twin_ready, rig), ERR_NONE);
    }
    run(rig);
    assert_string_equal(rig->trace, "one stop ");
    (void)close(quiet_fds[1]);
    for (size_t i = 0; i < 2; i++) {
        (void)close(pipes[i][0]);
        (void)close(pipes[i][1]);
    }
}

/* --- Hooks, calls, stopping --- */

static bool busy_five_times(void *context)
{
    struct rig *rig = context;

    if (++rig->count == 5) {
        loop_stop(rig->loop);
    }
    return rig->count < 5;
}

static void idle_keeps_the_loop_awake(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(loop_add_idle(rig->loop, busy_five_times, rig), ERR_NONE);
    run(rig);
    assert_int_equal(rig->count, 5);
    loop_remove_idle(rig->loop, busy_five_times, rig);
    after(rig, 0, stop);
    run(rig);
    assert_int_equal(rig->count, 5);
}

static void idles_are_bounded(void **state)
{
    struct rig *rig = *state;

    for (unsigned i = 0; i < LOOP_IDLE_COUNT; i++) {
        assert_int_equal(loop_add_idle(rig->loop, busy_five_times, rig), ERR_NONE);
    }
    assert_int_equal(loop_add_idle(rig->loop, busy_five_times, rig), ERR_LIMIT);
}

static void stop_before_run(void **state)
{
    struct rig *rig = *state;

    loop_stop(rig->loop);
    run(rig);
    after(rig, 0, stop);
    run(rig);
    assert_string_equal(rig->trace, "stop ");
}

enum { POSTER_COUNT = 4, POST_COUNT = 2000 };

struct poster {
    struct rig *rig;
    unsigned next; /* calls of one thread arrive in order */
};

struct numbered_call {
    struct loop_call call;
    struct poster *poster;
    unsigned number;
};

static void numbered_run(void *context)
{
    struct numbered_call *numbered = context;
    struct rig *rig = numbered->poster->rig;

    assert_int_equal(numbered->number, numbered->poster->next);
    numbered->poster->next++;
    free(numbered);
    if (++rig->count == POSTER_COUNT * POST_COUNT) {
        loop_stop(rig->loop);
    }
}

static void *poster_run(void *context)
{
    struct poster *poster = context;

    for (unsigned i = 0; i < POST_COUNT; i++) {
        struct numbered_call *numbered = calloc(1, sizeof *numbered);
        if (numbered == NULL) {
            abort();
        }
        *numbered = (struct numbered_call){.poster = poster, .number = i};
        numbered->call.run = numbered_run;
        numbered->call.context = numbered;
        loop_post(poster->rig->loop, &numbered->call);
    }
    return NULL;
}

static void calls_from_threads_arrive_once_in_order(void **state)
{
    struct rig *rig = *state;
    struct poster posters[POSTER_COUNT];
    pthread_t threads[POSTER_COUNT];

    for (size_t i = 0; i < POSTER_COUNT; i++) {
        posters[i] = (struct poster){.rig = rig};
        assert_int_equal(pthread_create(&threads[i], NULL, poster_run, &posters[i]), 0);
    }
    run(rig);
    for (size_t i = 0; i < POSTER_COUNT; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(posters[i].next, POST_COUNT);
    }
}

/* --- Signals --- */

static void reloaded(void *context)
{
    trace(context, "reload ");
    (void)kill(getpid(), SIGTERM);
}

static void signals_arrive_in_the_loop(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(loop_watch_signals(rig->loop, reloaded, rig), ERR_NONE);
    assert_int_equal(loop_watch_signals(rig->loop, reloaded, rig), ERR_STATE);
    (void)kill(getpid(), SIGHUP);
    run(rig);
    assert_string_equal(rig->trace, "reload ");
    (void)kill(getpid(), SIGINT);
    run(rig);
    assert_string_equal(rig->trace, "reload ");
}

static void broken_pipe_is_an_error_not_a_signal(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(close(rig->pipe[0]), 0);
    rig->pipe[0] = -1;
    assert_int_equal(write(rig->pipe[1], "x", 1), -1);
}

#define RIG(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG(timers_fire_in_order),
        RIG(timers_are_cancelled),
        RIG(periodic_until_cancelled),
        RIG(late_loop_fires_a_period_once),
        RIG(timers_are_bounded),
        RIG(timers_cannot_starve_the_rest),
        RIG(descriptors_are_level_triggered),
        RIG(events_are_changed),
        RIG(hangup_is_told),
        RIG(removed_descriptor_is_silent_at_once),
        RIG(idle_keeps_the_loop_awake),
        RIG(idles_are_bounded),
        RIG(stop_before_run),
        RIG(calls_from_threads_arrive_once_in_order),
        RIG(signals_arrive_in_the_loop),
        RIG(broken_pipe_is_an_error_not_a_signal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
