#ifndef JIELI_TESTS_SIM_FOUNDING_H
#define JIELI_TESTS_SIM_FOUNDING_H

#include "kv_memory.h"
#include "seal/sign.h"
#include "township-hub/hub.h"

/* A town founded once a process: people, stations, the shipped editions. Every simulation starts
 * from a copy of its hub's disk. Ends the process when a step that must succeed fails. */

enum { FOUNDING_STATIONS = 4, FOUNDING_PEOPLE = 4 };
#define FOUNDING_PREFIX "hub.xian.zhen.jieli"

struct founding_person {
    uint8_t staff[LIMIT_ID_SIZE];
    struct signer *signer;
    uint64_t roles;
};

struct founding_station {
    struct signer *signer;
    struct founding_person person[FOUNDING_PEOPLE]; /* head, worker, worker, agent */
};

struct founding {
    uint8_t hub_id[LIMIT_ID_SIZE];
    struct signer *hub_signer;
    struct founding_person registrar;
    struct founding_person leader;
    struct founding_person operator;
    struct founding_station station[FOUNDING_STATIONS];
    struct kv_image *hub_image;
    uint8_t policy[LIMIT_HASH_SIZE]; /* a second edition, not in force yet; its blob is there */
    uint64_t policy_size;
};

const struct founding *founding_get(void);
void founding_free(void);

#endif
