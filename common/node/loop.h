#ifndef JIELI_NODE_LOOP_H
#define JIELI_NODE_LOOP_H

#include "base/span.h"

/* The one loop of a program. Everything belongs to the thread that runs it, except loop_post,
 * loop_wake and loop_stop, which may be called from any thread.
 *
 * A round: timers that are due, posted calls, idle hooks, then wait, then descriptors. Callbacks
 * may add and remove anything, themselves included; what is removed is not called any more. */
struct loop;

enum { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_HANGUP = 4 };
enum { LOOP_FD_COUNT = 256, LOOP_TIMER_COUNT = 256, LOOP_IDLE_COUNT = 32 };

/* Also ignores SIGPIPE for the process. ERR_IO: no descriptors. */
MUST_USE enum err loop_new(struct loop **ret_loop);
/* Posted calls that have not run are forgotten. */
void loop_free(struct loop *loop);

/* Level triggered; events is LOOP_READ | LOOP_WRITE, ready also gets LOOP_HANGUP on error or end.
 * The descriptor stays the caller's: remove it before closing it. ERR_CONFLICT: already there.
 * ERR_LIMIT: more than LOOP_FD_COUNT. */
MUST_USE enum err loop_add_fd(struct loop *loop, int fd, unsigned events,
                              void (*ready)(void *context, unsigned events), void *context);
MUST_USE enum err loop_change_fd(struct loop *loop, int fd, unsigned events);
void loop_remove_fd(struct loop *loop, int fd);

/* Fires once after after_ms, then every period_ms unless that is 0. A late loop fires a periodic
 * timer once, not once a missed period. ret_timer may be NULL. */
MUST_USE enum err loop_add_timer(struct loop *loop, uint64_t after_ms, uint64_t period_ms,
                                 void (*fire)(void *context), void *context, uint64_t *ret_timer);
/* A timer that has fired, was cancelled or is 0 is no error. */
void loop_cancel_timer(struct loop *loop, uint64_t timer);

/* check is called each round before waiting and does its work itself, a bounded portion of it;
 * true: work remains, so the loop must not sleep. */
MUST_USE enum err loop_add_idle(struct loop *loop, bool (*check)(void *context), void *context);
void loop_remove_idle(struct loop *loop, bool (*check)(void *context), void *context);

/* A call from another thread, in memory of the caller: keep it until run was called, which may
 * free it. Never fails. Calls run in the order they were posted. Not again while posted. */
struct loop_call {
    void (*run)(void *context);
    void *context;
    struct loop_call *next; /* the loop's */
};
void loop_post(struct loop *loop, struct loop_call *call);
/* Makes one more round happen. */
void loop_wake(struct loop *loop);

/* SIGTERM and SIGINT stop the loop, SIGHUP calls reload (may be NULL). Blocks the three signals in
 * the calling thread: call it before any other thread is made, those inherit it. */
MUST_USE enum err loop_watch_signals(struct loop *loop, void (*reload)(void *context),
                                     void *context);

/* Until loop_stop, or ERR_IO. A loop stopped before it ran returns at once; may run again. */
MUST_USE enum err loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

#endif
