#ifndef JIELI_TESTS_SIM_SHARES_H
#define JIELI_TESTS_SIM_SHARES_H

#include "sim.h"

/* The seeds of one run, shared out among processes: a seed is a world of its own. */

enum { SHARES_MAX = 64 };

/* Runs the seeds of one share, adds to sum; false: something was violated. */
typedef bool shares_work_fn(const void *context, unsigned share, struct sim_counters *sum);

/* work(context, 0..count-1, ...) in count processes at once; 1: in this one. Adds all counters to
 * *sum. False when a share says so, or when a process ended without its counters. */
bool shares_run(unsigned count, shares_work_fn *work, const void *context,
                struct sim_counters *sum);

#endif
