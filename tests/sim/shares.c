#include "shares.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct result {
    struct sim_counters sum;
    bool good;
};

struct share {
    pid_t pid;
    int reads; /* the child's result comes out here */
};

static void add(struct sim_counters *sum, const struct sim_counters *more)
{
    sum->seeds += more->seeds;
    sum->steps += more->steps;
    sum->frames += more->frames;
    sum->events += more->events;
    sum->refused += more->refused;
    sum->leaves += more->leaves;
    sum->accepted += more->accepted;
    sum->returned += more->returned;
    sum->rebuilds += more->rebuilds;
    sum->forgeries += more->forgeries;
    sum->virtual_ms += more->virtual_ms;
    sum->violations += more->violations;
    for (int i = 0; i < FAULT_COUNT; i++) {
        sum->faults[i] += more->faults[i];
    }
}

static bool start(unsigned index, shares_work_fn *work, const void *context, struct share *share)
{
    int ends[2];
    if (pipe(ends) != 0) {
        return false;
    }
    (void)fflush(NULL);
    share->reads = ends[0];
    share->pid = fork();
    if (share->pid == 0) {
        struct result result;
        memset(&result, 0, sizeof result);
        result.good = work(context, index, &result.sum);
        /* Smaller than PIPE_BUF: written whole or not at all. */
        _exit(write(ends[1], &result, sizeof result) == (ssize_t)sizeof result ? 0 : 1);
    }
    (void)close(ends[1]);
    return share->pid > 0;
}

static bool finish(const struct share *share, struct sim_counters *sum)
{
    struct result result;
    int status = 0;
    ssize_t size = read(share->reads, &result, sizeof result);
    (void)close(share->reads);
    if (waitpid(share->pid, &status, 0) != share->pid || size != (ssize_t)sizeof result ||
        status != 0) {
        (void)fprintf(stderr, "a share of the seeds died\n");
        return false;
    }
    add(sum, &result.sum);
    return result.good;
}

bool shares_run(unsigned count, shares_work_fn *work, const void *context, struct sim_counters *sum)
{
    struct share shares[SHARES_MAX];
    bool good = true;
    unsigned started = 0;
    if (count <= 1) {
        return work(context, 0, sum);
    }
    while (started < count && start(started, work, context, &shares[started])) {
        started++;
    }
    good = started == count;
    for (unsigned i = 0; i < started; i++) {
        good = finish(&shares[i], sum) && good;
    }
    return good;
}
