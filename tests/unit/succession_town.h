#ifndef JIELI_TESTS_SUCCESSION_TOWN_H
#define JIELI_TESTS_SUCCESSION_TOWN_H

/* A second station in the founded town, which is merged into the first. */

#include "fold/handover.h"
#include "seal/hash.h"
#include "tests/support/town.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CODE "460200001001" /* the town's own */
#define OLD_CODE "460200001002"

/* Publishes the stations edition number, by the leader. */
static inline struct fold_verdict stations_publish(struct town *town, uint64_t number,
                                                   const char *text)
{
    struct town_act act;
    uint8_t hash[LIMIT_HASH_SIZE];
    assert_int_equal(hub_blob_add(town->hub, span_text(text), hash), ERR_NONE);
    town_act(&act, WIRE_EDITION, 1100 + (uint32_t)number, 0);
    town_number(&act, FIELD_kind, 0, WORLD_STATIONS);
    town_number(&act, FIELD_edition, 0, number);
    town_bytes(&act, FIELD_hash, 0, hash, sizeof hash);
    town_number(&act, FIELD_size, 0, strlen(text));
    return town_hub(town, &town->leader, &act);
}

/* Both called by their names; the second goes into the first from day on. */
static inline void stations_merge(struct town *town, uint64_t number, const char *day)
{
    char text[512];
    (void)snprintf(text, sizeof text,
                   "station " FIRST_CODE " 红旗村便民服务站\n"
                   "station " OLD_CODE " 光明村便民服务站\n"
                   "merged " OLD_CODE " %s " FIRST_CODE "\n",
                   day);
    assert_int_equal(stations_publish(town, number, text).refusal, REFUSAL_NONE);
}

/* The station whose chain town_ functions write, apart. */
struct other_station {
    struct signer *signer;
    struct author_chain chain;
};

/* From now on the town's station is the other one; again: as before. */
static inline void station_swap(struct town *town, struct other_station *other)
{
    struct other_station now = {town->station, town->chain};
    town->station = other->signer;
    town->chain = other->chain;
    town->chain.applied_common = hub_fold(town->hub)->log.common_seq;
    *other = now;
}

static inline void grant_at(struct town *town, const struct town_person *person, uint64_t roles,
                            const struct signer *station)
{
    struct town_act act;
    town_act(&act, WIRE_PERSON, person->staff[0], PERSON_GRANTED);
    town_bytes(&act, FIELD_staff, 0, person->staff, LIMIT_ID_SIZE);
    town_number(&act, FIELD_grants_roles, 0, roles);
    town_bytes(&act, FIELD_grants_station, 0, signer_key_id_view(station), LIMIT_KEY_SIZE);
    assert_int_equal(town_hub(town, &town->leader, &act).refusal, REFUSAL_NONE);
}

/* Enrols it, with the worker and the head of the first as its people. */
static inline void other_enrol(struct town *town, struct other_station *ret)
{
    struct town_act act;
    uint8_t curve[LIMIT_KEY_SIZE];
    memset(ret, 0, sizeof *ret);
    memset(curve, 6, sizeof curve);
    ret->signer = town_signer(101);
    town_act(&act, WIRE_STATION, 101, STATION_ENROLLED);
    town_bytes(&act, FIELD_device, 0, signer_key_id_view(ret->signer), LIMIT_KEY_SIZE);
    town_number(&act, FIELD_suite, 0, SEAL_SUITE_ED25519);
    town_bytes(&act, FIELD_public_key, 0, signer_public_view(ret->signer), LIMIT_KEY_SIZE);
    town_bytes(&act, FIELD_curve_key, 0, curve, sizeof curve);
    town_text(&act, FIELD_code, 0, OLD_CODE);
    assert_int_equal(town_hub(town, &town->registrar, &act).refusal, REFUSAL_NONE);
    grant_at(town, &town->worker, ROLE_WORKER, ret->signer);
    grant_at(town, &town->head, ROLE_STATION_HEAD | ROLE_WORKER, ret->signer);
    ret->chain = town->chain;
    memcpy(ret->chain.device, signer_key_id_view(ret->signer), LIMIT_KEY_SIZE);
    ret->chain.incarnation = 1;
    ret->chain.seq = 0;
    ret->chain.applied_own = 0;
}

/* The act that hands record n from the old station to the first, as the hub's program makes it. */
static inline void handover_act(struct town *town, uint32_t number, const struct signer *from,
                                const struct signer *into, const uint8_t *handler,
                                struct town_act *ret)
{
    struct record *record = calloc(1, sizeof *record);
    struct buf blob;
    uint8_t hash[LIMIT_HASH_SIZE];
    assert_non_null(record);
    town_act(ret, WIRE_HANDOVER, number, 0);
    ret->facts.count = 0;
    town_bytes(ret, FIELD_device, 0, signer_key_id_view(from), LIMIT_KEY_SIZE);
    town_bytes(ret, FIELD_station, 0, signer_key_id_view(into), LIMIT_KEY_SIZE);
    if (handler != NULL) {
        town_bytes(ret, FIELD_handler, 0, handler, LIMIT_ID_SIZE);
    }
    town_bytes(ret, FIELD_opener, 0, signer_key_id_view(from), LIMIT_KEY_SIZE);
    town_number(ret, FIELD_former, 0, 1);
    town_number(ret, FIELD_former_seq, 0, 2);
    buf_init(&blob, LIMIT_RECORD_SIZE);
    if (town_record(town, number, record)) {
        assert_int_equal(fold_handover_change(&ret->facts, record), ERR_NONE);
        fold_handover_blob(record, &blob);
    }
    assert_int_equal(hub_blob_add(town->hub, buf_span(&blob), hash), ERR_NONE);
    town_bytes(ret, FIELD_hash, 0, hash, sizeof hash);
    town_number(ret, FIELD_size, 0, blob.size);
    buf_done(&blob);
    free(record);
}

#endif
