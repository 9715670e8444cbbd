#ifndef JIELI_TESTS_BENCH_EVENTS_H
#define JIELI_TESTS_BENCH_EVENTS_H

#include "seal/sign.h"
#include "wire/wire.h"

/* Events of one station, made before any clock runs: a file of (size u32, body, signature), mapped;
 * and the push frames that carry them. */
struct events {
    void *map;
    size_t map_size;
    size_t count;
    struct wire_envelope *envelope; /* bodies point into the map */
};

MUST_USE enum err events_open(const char *path, struct events *ret);
void events_close(struct events *events);

/* Whose pushes they are. */
struct events_chain {
    uint8_t hub[LIMIT_ID_SIZE];
    uint8_t device[LIMIT_KEY_SIZE];
    uint64_t incarnation;
    const struct signer *signer; /* signs heads; NULL: heads under a signature of zeros */
};

/* The frame of events first .. first + count - 1 (from 0; seq is one more) as a station sends it,
 * appended to ret. count at most LIMIT_BATCH_COUNT. */
MUST_USE enum err events_frame(const struct events *events, const struct events_chain *chain,
                               size_t first, size_t count, struct buf *ret);

#endif
