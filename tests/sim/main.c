#include "base/log.h"
#include "shares.h"
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* jieli_sim --seeds N [--from S] [--short] [--verbose] [--twice] [--new-log] [--jobs J]
 * [--file SEEDS] */

struct choice {
    uint64_t seeds;
    uint64_t from;
    unsigned jobs; /* processes, of which each runs every jobs-th seed */
    bool is_short;
    bool verbose;
    bool twice; /* each seed is run again: the same must happen */
    bool stop;  /* at the first violation */
    bool all_faults;
    bool new_log;
    const char *file;
};

static const char *const fault_texts[FAULT_COUNT] = {
#define FAULT(name, text) text,
#include "faults.def"
#undef FAULT
};

static unsigned long long number(uint64_t value)
{
    return (unsigned long long)value;
}

static void print(const struct sim_counters *sum)
{
    printf("seeds %llu, steps %llu, frames %llu, %.1f virtual days\n", number(sum->seeds),
           number(sum->steps), number(sum->frames), (double)sum->virtual_ms / 86400000.0);
    printf("events %llu written, %llu refused when written; leaves %llu, accepted %llu, "
           "returned %llu\n",
           number(sum->events), number(sum->refused), number(sum->leaves), number(sum->accepted),
           number(sum->returned));
    printf("rebuilds %llu, forged logs %llu\n", number(sum->rebuilds), number(sum->forgeries));
    for (int i = 0; i < FAULT_COUNT; i++) {
        printf("  %-28s %llu\n", fault_texts[i], number(sum->faults[i]));
    }
    printf("violations %llu\n", number(sum->violations));
}

/* I16: the same seed, the same course of events. */
static bool run_seed(const struct choice *choice, uint64_t seed, bool is_short,
                     struct sim_counters *sum)
{
    struct sim_options options = {seed, is_short, choice->verbose, choice->new_log};
    struct sim_counters unused = {0};
    uint64_t first = 0;
    uint64_t second = 0;
    bool good = sim_run(&options, sum, &first);
    if (!good || !choice->twice) {
        return good;
    }
    good = sim_run(&options, &unused, &second) && first == second;
    if (!good) {
        (void)fprintf(stderr, "seed %llu: I16 broken: two runs differ\n", number(seed));
        sum->violations++;
    }
    return good;
}

/* Lines: seed, and "short" or "new-log" when it was; the rest tells why. */
static bool run_file(const struct choice *choice, struct sim_counters *sum)
{
    char line[512];
    bool good = true;
    FILE *file = fopen(choice->file, "r");
    if (file == NULL) {
        (void)fprintf(stderr, "%s: cannot be read\n", choice->file);
        return false;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        char *end = NULL;
        unsigned long long seed = strtoull(line, &end, 10);
        if (end != line) {
            struct choice line_choice = *choice;
            bool is_short = strncmp(end, " short", 6) == 0;
            end += is_short ? 6 : 0;
            line_choice.new_log = strncmp(end, " new-log", 8) == 0;
            good = run_seed(&line_choice, seed, is_short, sum) && good;
        }
    }
    (void)fclose(file);
    return good;
}

static bool read_choice(int argc, char **argv, struct choice *ret)
{
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--seeds") == 0 && more) {
            ret->seeds = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--from") == 0 && more) {
            ret->from = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--jobs") == 0 && more) {
            ret->jobs = (unsigned)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--file") == 0 && more) {
            ret->file = argv[++i];
        } else if (strcmp(argv[i], "--short") == 0) {
            ret->is_short = true;
        } else if (strcmp(argv[i], "--verbose") == 0) {
            ret->verbose = true;
        } else if (strcmp(argv[i], "--twice") == 0) {
            ret->twice = true;
        } else if (strcmp(argv[i], "--stop") == 0) {
            ret->stop = true;
        } else if (strcmp(argv[i], "--all-faults") == 0) {
            ret->all_faults = true;
        } else if (strcmp(argv[i], "--new-log") == 0) {
            ret->new_log = true;
        } else {
            return false;
        }
    }
    return ret->jobs > 0 && ret->jobs <= SHARES_MAX;
}

/* Every jobs-th seed, from the share'th on. */
static bool run_share(const void *context, unsigned share, struct sim_counters *sum)
{
    const struct choice *choice = context;
    bool good = true;
    for (uint64_t i = share; i < choice->seeds && (good || !choice->stop); i += choice->jobs) {
        good = run_seed(choice, choice->from + i, choice->is_short, sum) && good;
    }
    founding_free();
    return good;
}

int main(int argc, char **argv)
{
    struct choice choice = {.from = 1, .jobs = 1};
    struct sim_counters sum = {0};
    if (!read_choice(argc, argv, &choice)) {
        (void)fprintf(stderr, "usage: run --seeds N [--from S] [--short] [--twice] [--stop] "
                              "[--all-faults] [--new-log] [--jobs J] [--file SEEDS] "
                              "[--verbose]\n");
        return 2;
    }
    bool good = choice.file == NULL || run_file(&choice, &sum);
    good = shares_run(choice.jobs, run_share, &choice, &sum) && good;
    for (int i = 0; i < FAULT_COUNT && choice.all_faults; i++) {
        good = good && sum.faults[i] > 0;
    }
    print(&sum);
    founding_free();
    return good && sum.violations == 0 ? 0 : 1;
}
