#ifndef JIELI_TESTS_SIM_RANDOM_H
#define JIELI_TESTS_SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/* splitmix64: everything that happens by chance in a simulation comes from one of these. */
struct random {
    uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
    random->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = random->state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0 .. bound - 1; bound > 0. */
static inline uint64_t random_below(struct random *random, uint64_t bound)
{
    return random_next(random) % bound;
}

/* from .. to, both included. */
static inline uint64_t random_between(struct random *random, uint64_t from, uint64_t to)
{
    return from + random_below(random, to - from + 1);
}

static inline bool random_chance(struct random *random, uint32_t per_mille)
{
    return random_below(random, 1000) < per_mille;
}

#endif
