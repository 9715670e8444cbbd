#ifndef JIELI_TESTS_WIRE_SAMPLES_H
#define JIELI_TESTS_WIRE_SAMPLES_H

#include "seal/sign.h"
#include "tlog/proof.h"
#include "wire/wire.h"

/* One conversation, the same bytes each time: what proto/PROTOCOL.md shows and what the fuzz
 * targets start from. A station writes two events and pushes them to a hub whose log holds one. */

enum { SAMPLE_COUNT = 64, SAMPLE_LEAVES = 3 };

#define SAMPLE_MORNING_MS UINT64_C(1790816400000) /* 2026-10-01 09:00 in China */

struct sample {
    char name[32];
    struct buf bytes;
};

struct samples {
    struct signer *station;
    struct signer *agent; /* who works at the station */
    struct signer *hub;
    struct tlog_hash hash[SAMPLE_LEAVES];
    struct tlog_hash root;
    size_t count;
    struct sample list[SAMPLE_COUNT];
};

/* seal_init must have been called. */
void samples_init(struct samples *samples);
void samples_done(struct samples *samples);
/* The bytes of a sample, which must exist; until samples_done. */
struct span samples_view(const struct samples *samples, const char *name);

/* An empty sample of that name, to be filled. */
struct buf *samples_add(struct samples *samples, const char *name);
/* Every frame; head: the station's. */
void samples_add_frames(struct samples *samples, const struct sync_head *head);

extern const uint8_t sample_hub[LIMIT_ID_SIZE];
extern const char sample_origin[];

#endif
