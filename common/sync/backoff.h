#ifndef JIELI_SYNC_BACKOFF_H
#define JIELI_SYNC_BACKOFF_H

#include <stdint.h>

/* Randomised exponential waiting: the first wait is 1 to 5 s, each further one doubles both ends,
 * up to 60 to 300 s. */
enum {
    SYNC_BACKOFF_LOW_MS = 1000,
    SYNC_BACKOFF_HIGH_MS = 5000,
    SYNC_BACKOFF_MAX_MS = 300 * 1000,
};

struct sync_backoff {
    uint32_t failures; /* in a row; saturates */
};

/* The next wait in ms; random is any number, its bits decide within the bounds. */
uint64_t sync_backoff_next(struct sync_backoff *backoff, uint64_t random);
void sync_backoff_reset(struct sync_backoff *backoff);

/* Steps a caller-seeded generator (splitmix64): not for secrets, only for spreading load. */
uint64_t sync_random_next(uint64_t *state);
/* A number in [low, high] from random; low <= high. */
uint64_t sync_random_between(uint64_t random, uint64_t low, uint64_t high);

#endif
