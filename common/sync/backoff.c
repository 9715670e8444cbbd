#include "sync/backoff.h"

#include "base/check.h"

uint64_t sync_random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

uint64_t sync_random_between(uint64_t random, uint64_t low, uint64_t high)
{
    CHECK(low <= high);
    uint64_t width = high - low;
    return width == UINT64_MAX ? random : low + random % (width + 1);
}

uint64_t sync_backoff_next(struct sync_backoff *backoff, uint64_t random)
{
    uint64_t low = SYNC_BACKOFF_LOW_MS;
    uint64_t high = SYNC_BACKOFF_HIGH_MS;
    uint64_t low_max = (uint64_t)SYNC_BACKOFF_MAX_MS * SYNC_BACKOFF_LOW_MS / SYNC_BACKOFF_HIGH_MS;
    for (uint32_t i = 0; i < backoff->failures && high < SYNC_BACKOFF_MAX_MS; i++) {
        low *= 2;
        high *= 2;
    }
    low = low < low_max ? low : low_max;
    high = high < SYNC_BACKOFF_MAX_MS ? high : SYNC_BACKOFF_MAX_MS;
    if (backoff->failures < UINT32_MAX) {
        backoff->failures++;
    }
    return sync_random_between(random, low, high);
}

void sync_backoff_reset(struct sync_backoff *backoff)
{
    backoff->failures = 0;
}
