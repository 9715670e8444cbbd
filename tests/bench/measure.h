#ifndef JIELI_TESTS_BENCH_MEASURE_H
#define JIELI_TESTS_BENCH_MEASURE_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What programs that measure share. */

/* Milliseconds of that clock: CLOCK_MONOTONIC, or CLOCK_PROCESS_CPUTIME_ID, which counts no other
 * work on the machine. */
static inline double clock_ms(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Ends the process when a step has failed. */
static inline void must(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "%s failed: %s\n", what, strerror(errno));
        _Exit(2);
    }
}

#endif
