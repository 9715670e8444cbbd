#ifndef JIELI_TESTS_SUPPORT_TOWN_H
#define JIELI_TESTS_SUPPORT_TOWN_H

#include "seal/sign.h"
#include "township-hub/hub.h"

/* A founded town for tests: a hub with a leader, a registrar and an operator, the shipped editions
 * in force, one station with a head, a window worker and a proxy agent. Everything real: store,
 * signatures, rules. Each town_ function ends the process when a step that must succeed fails. */

struct town_person {
    uint8_t staff[LIMIT_ID_SIZE];
    struct signer *signer;
};

struct town {
    char directory[256];
    struct kv *kv;
    struct hub *hub;
    uint8_t hub_id[LIMIT_ID_SIZE];
    struct signer *hub_signer;
    uint64_t now_ms; /* the town's wall clock: moves by a second with each event */
    struct town_person leader;
    struct town_person registrar;
    struct town_person operator;
    /* The station, as a bare chain: a test writes its events by hand. */
    struct signer *station;
    uint8_t station_curve[LIMIT_KEY_SIZE];
    struct town_person head;
    struct town_person worker;
    struct town_person agent;
    struct author_chain chain;
};

#define TOWN_ORIGIN_PREFIX "hub.xian.zhen.jieli"

/* directory: a new folder of the test's (files/town in it); start_ms: the first moment. */
struct town *town_open(uint64_t start_ms);
void town_close(struct town *town); /* removes its folder */
/* Closes and opens store and hub again, as after a crash. */
void town_restart(struct town *town);

struct signer *town_signer(uint32_t number); /* a key of its own for each number */

/* --- Facts --- */
struct town_act {
    struct values facts;
    int64_t claimed_shift_ms;
    uint32_t payload;
    uint32_t sealed_labels; /* parts with made-up hashes */
    uint8_t record[LIMIT_ID_SIZE];
    uint8_t attestation;
    bool sealed_anew; /* others for each event */
};
/* A fresh act; record number n stands for one record id. */
void town_act(struct town_act *act, uint32_t payload, uint32_t record_number, uint64_t verb);
void town_number(struct town_act *act, enum field field, uint16_t place, uint64_t number);
void town_text(struct town_act *act, enum field field, uint16_t place, const char *text);
void town_bytes(struct town_act *act, enum field field, uint16_t place, const void *bytes,
                size_t size);
/* Both papers every item asks for, present. */
void town_materials(struct town_act *act);

/* --- At the hub --- */
struct fold_verdict town_hub(struct town *town, const struct town_person *person,
                             const struct town_act *act);
/* The hub's device itself. */
struct fold_verdict town_device(struct town *town, const struct town_act *act);

/* --- At the station: writes the next link of the bare chain --- */
struct town_event {
    struct buf body;
    struct wire_envelope envelope;
    uint8_t id[LIMIT_HASH_SIZE];
};
void town_write(struct town *town, const struct town_person *person, const struct town_act *act,
                struct town_event *ret);
void town_event_done(struct town_event *event);
/* Pushes events that follow one another, ending at the chain's head, as one frame; the push is
 * checked and ingested. The caller frees it. */
struct hub_push *town_push(struct town *town, const struct town_event *events, size_t count,
                           uint64_t first_seq);
/* The same, neither checked nor ingested. */
struct hub_push *town_push_make(struct town *town, const struct town_event *events, size_t count,
                                uint64_t first_seq);
/* The same as a frame for the hub's socket, appended. */
void town_push_frame(struct town *town, const struct town_event *events, size_t count,
                     uint64_t first_seq, struct buf *ret_frame);
/* Writes, pushes and answers one event: its verdict. */
struct sync_answered town_station(struct town *town, const struct town_person *person,
                                  const struct town_act *act);
/* By the worker, accepted by the hub: a first contact; a case from a contact of its own, number
 * record + 1000, opened and accepted (6.3). */
void town_contact(struct town *town, uint32_t record_number);
void town_case(struct town *town, uint32_t record_number);

/* Facts of record n as the hub has them; false: none. */
bool town_record(struct town *town, uint32_t record_number, struct record *ret);

#endif
