#ifndef JIELI_NODE_WORKERS_H
#define JIELI_NODE_WORKERS_H

#include "node/loop.h"

/* A few threads that take jobs off the loop. */
struct workers;

/* In memory of the caller, kept until done was called, which may free it. */
struct workers_job {
    void (*run)(void *context);  /* on a worker */
    void (*done)(void *context); /* on the loop afterwards */
    void *context;
    struct workers_job *next; /* the workers' */
};

/* thread_count 1 to 16; with one thread jobs run in order. queue_count bounds the jobs taken and
 * not yet done. nice is added to the niceness of who makes them, see nice(2): above 0 they give way
 * to the other threads when there are not enough cores. Make it after loop_watch_signals. */
MUST_USE enum err workers_new(struct loop *loop, unsigned thread_count, unsigned queue_count,
                              int nice, struct workers **ret_workers);
/* Runs all jobs taken to their end, calls their done here, then ends the threads. On the loop's
 * thread, before loop_free. */
void workers_free(struct workers *workers);
/* On the loop's thread. ERR_BUSY: queue_count jobs are on their way; the job was not taken. */
MUST_USE enum err workers_push(struct workers *workers, struct workers_job *job);
/* Returns when all jobs taken have run and their done was called, here: what done pushes is waited
 * for, too. On the loop's thread. */
void workers_wait(struct workers *workers);
/* Jobs taken and not yet done. */
unsigned workers_count(const struct workers *workers);

#endif
