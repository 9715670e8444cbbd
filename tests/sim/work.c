#include "rules/machines.h"
#include "seal/hash.h"
#include "sim.h"

#include <string.h>

/* What people do: contacts, cases, requests and notes, at stations and at the hub. */

enum { STATION_PAUSE_MS = 6 * 60 * 1000, HUB_PAUSE_MS = 4 * 60 * 1000, VERBS = 64 };

static struct sim_record *new_record(struct sim *sim, enum machine_id machine, size_t device,
                                     const uint8_t *about)
{
    sim_grow((void **)&sim->record, sim->record_count, &sim->record_capacity, sizeof *sim->record);
    struct sim_record *record = &sim->record[sim->record_count++];
    memset(record, 0, sizeof *record);
    record->machine = machine;
    record->device = device;
    put_u64(record->id, random_next(&sim->random));
    put_u64(record->id + 8, random_next(&sim->random));
    if (about != NULL) {
        memcpy(record->about, about, sizeof record->about);
    }
    return record;
}

/* --- Drafts --- */

struct draft {
    struct work_act act;
    struct author_draft author;
    struct station_blob blob[LIMIT_SEALED_COUNT];
    struct buf bytes[LIMIT_SEALED_COUNT];
    size_t count;
};

static void seal_part(struct sim *sim, struct draft *draft, uint32_t label)
{
    uint8_t bytes[200];
    struct wire_sealed_blob blob = {.wrap_count = 1};
    struct wire_sealed *sealed = &draft->author.sealed[draft->count];
    struct buf *out = &draft->bytes[draft->count];
    memset(bytes, 17, sizeof bytes);
    put_u64(bytes, random_next(&sim->random));
    blob.wraps[0].audience = 1;
    blob.wraps[0].generation = 1;
    memset(blob.wraps[0].station, 3, sizeof blob.wraps[0].station);
    memset(blob.wraps[0].box, 9, sizeof blob.wraps[0].box);
    blob.ciphertext = span_of(bytes, sizeof bytes);
    buf_init(out, LIMIT_BLOB_SIZE);
    if (wire_sealed_encode(&blob, out) != ERR_NONE) {
        return;
    }
    seal_sha256(blob.ciphertext, draft->blob[draft->count].hash);
    draft->blob[draft->count].bytes = buf_span(out);
    sealed->label = label;
    sealed->audience = 3;
    sealed->size = (uint32_t)out->size;
    memcpy(sealed->hash, draft->blob[draft->count].hash, sizeof sealed->hash);
    memset(sealed->commitment, 99, sizeof sealed->commitment);
    draft->count++;
}

static void begin_draft(struct sim *sim, struct draft *draft, const struct sim_clock *clock)
{
    memset(&draft->author, 0, sizeof draft->author);
    draft->count = 0;
    memcpy(draft->author.record, draft->act.record, LIMIT_ID_SIZE);
    draft->author.payload = draft->act.payload;
    draft->author.facts = &draft->act.facts;
    draft->author.claimed_ms = sim_wall(sim, clock) - random_below(&sim->random, 60000);
    draft->author.mono_ms = sim->now_ms;
    draft->author.attestation = draft->act.attestation;
    for (uint32_t label = 1; label < LIMIT_SEALED_COUNT; label++) {
        if ((draft->act.sealed_labels >> label & 1) != 0) {
            seal_part(sim, draft, label);
        }
    }
    draft->author.sealed_count = (uint32_t)draft->count;
}

static void end_draft(struct draft *draft)
{
    for (size_t i = 0; i < draft->count; i++) {
        buf_done(&draft->bytes[i]);
    }
}

/* --- What to do next --- */

static bool find_record(struct kv *kv, struct fold *fold, enum fold_space space, const uint8_t *id,
                        struct record *ret)
{
    struct kv_txn txn;
    kv_begin(kv, false, &txn);
    bool found = fold_record_get(fold, &txn, space, id, ret);
    kv_abort(&txn);
    return found;
}

/* Any record of a station, or of all; mostly of a machine (NONE: any). */
static const struct sim_record *pick_record(struct sim *sim, size_t device, enum machine_id machine)
{
    const struct sim_record *second = NULL;
    for (size_t i = 0; i < 16 && sim->record_count > 0; i++) {
        const struct sim_record *record =
            &sim->record[random_below(&sim->random, sim->record_count)];
        bool near = record->device == device || device == SIM_STATIONS;
        if (near && (machine == MACHINE_NONE || record->machine == machine)) {
            return record;
        }
        second = near ? record : second;
    }
    return second;
}

/* Something new: a contact first, then a case about it, then what people ask about the case. */
static struct sim_record *start_something(struct sim *sim, size_t device, uint64_t *ret_verb)
{
    bool asked = random_chance(&sim->random, 650);
    const struct sim_record *about =
        pick_record(sim, device, asked ? MACHINE_CONTACT : MACHINE_CASE);
    *ret_verb = 1;
    if (about == NULL || random_chance(&sim->random, 200)) {
        return new_record(sim, MACHINE_CONTACT, device, NULL);
    }
    uint8_t id[LIMIT_ID_SIZE];
    memcpy(id, about->id, sizeof id);
    if (about->machine == MACHINE_CONTACT) {
        *ret_verb = random_chance(&sim->random, 850) ? CASE_OPENED : CASE_ENTRUSTED;
        return new_record(sim, MACHINE_CASE, device, id);
    }
    if (about->machine == MACHINE_CASE && random_chance(&sim->random, 300)) {
        *ret_verb = NOTE_ADDED;
        return new_record(sim, MACHINE_NOTE, device, id);
    }
    return about->machine == MACHINE_CASE ? new_record(sim, MACHINE_REQUEST, device, id)
                                          : new_record(sim, MACHINE_CONTACT, device, NULL);
}

/* A verb that the record's state allows this person; false: none. */
static bool next_verb(struct sim *sim, const struct record *record, enum tier tier, uint64_t roles,
                      uint64_t *ret_verb)
{
    uint16_t verbs[VERBS];
    size_t count = rule_allowed_verbs(record->machine, record->state, tier, roles, verbs, VERBS);
    if (count == 0) {
        return false;
    }
    /* The way through the hub is what the feeds and the baton are for. */
    bool main_way = random_chance(&sim->random, 750);
    for (size_t i = 0; i < count && main_way; i++) {
        bool upward = verbs[i] == CASE_SUBMITTED_UP || verbs[i] == CASE_DECIDED ||
                      verbs[i] == CASE_RESULT_RETURNED || verbs[i] == CASE_ACCEPTED;
        if (record->machine == MACHINE_CASE && upward) {
            *ret_verb = verbs[i];
            return true;
        }
    }
    /* The main way comes first in the tables. */
    size_t few = count > 4 && random_chance(&sim->random, 700) ? 4 : count;
    *ret_verb = verbs[random_below(&sim->random, few)];
    return true;
}

/* --- At a station --- */

static size_t device_of(const struct sim_node *node)
{
    return (size_t)(node->who - founding_get()->station);
}

static void keep(struct sim *sim, size_t index, uint64_t incarnation, uint64_t seq,
                 const uint8_t *id)
{
    sim_grow((void **)&sim->kept, sim->kept_count, &sim->kept_capacity, sizeof *sim->kept);
    struct sim_kept *kept = &sim->kept[sim->kept_count++];
    *kept =
        (struct sim_kept){.device = index < SIM_NODES ? device_of(&sim->node[index]) : SIM_STATIONS,
                          .node = index,
                          .incarnation = incarnation,
                          .seq = seq,
                          .cloned = sim->node[SIM_CLONE].used};
    memcpy(kept->id, id, sizeof kept->id);
}

/* False: it was not kept. */
static bool submit_at_station(struct sim *sim, size_t index, struct draft *draft,
                              const struct founding_person *person)
{
    struct sim_node *node = &sim->node[index];
    struct fold_verdict verdict;
    struct station_status status;
    uint8_t id[LIMIT_HASH_SIZE];
    uint64_t seq = 0;
    /* The disk is full, and somebody makes room as soon as he is told. */
    bool full = sim->weather.trouble[FAULT_DISK_FULL] && random_chance(&sim->random, 30) &&
                !kv_memory_is_faulty(node->kv);
    if (full) {
        kv_memory_set_commit_fault(node->kv, KV_MEMORY_FULL);
        sim_count(sim, FAULT_DISK_FULL);
    }
    begin_draft(sim, draft, &node->clock);
    enum err err =
        station_submit(node->station, &draft->author, person->signer, sim_wall(sim, &node->clock),
                       draft->blob, draft->count, &verdict, id, &seq);
    if (full) {
        kv_memory_set_commit_fault(node->kv, KV_MEMORY_SOUND);
    }
    end_draft(draft);
    if (err == ERR_NONE && verdict.verdict == WIRE_ACCEPTED) {
        station_status(node->station, &status);
        keep(sim, index, status.incarnation, seq, id);
        sim->counters->events++;
        sim_say(sim, "%s wrote %llu.%llu payload %u verb %llu", node->name,
                (unsigned long long)status.incarnation, (unsigned long long)seq, draft->act.payload,
                (unsigned long long)values_number(&draft->act.facts, FIELD_verb, 0));
    } else if (err == ERR_NONE) {
        sim->counters->refused++;
        sim_say(sim, "%s refused payload %u verb %llu: %u", node->name, draft->act.payload,
                (unsigned long long)values_number(&draft->act.facts, FIELD_verb, 0),
                verdict.refusal);
    } else if (err == ERR_MALFORMED || err == ERR_LIMIT) {
        sim_fail(sim, "work", "%s: a draft of payload %u verb %llu is %s", node->name,
                 draft->act.payload,
                 (unsigned long long)values_number(&draft->act.facts, FIELD_verb, 0),
                 err_name(err));
    }
    /* A full disk ends nothing: who wrote is told that it is not kept. */
    node_settle(sim, index, err == ERR_STORE ? err : ERR_NONE);
    return err == ERR_NONE && verdict.verdict == WIRE_ACCEPTED;
}

static void do_one(struct sim *sim, size_t index)
{
    struct sim_node *node = &sim->node[index];
    static struct draft draft;
    const struct founding_person *person =
        &node->who->person[random_below(&sim->random, FOUNDING_PEOPLE)];
    size_t device = device_of(node);
    enum machine_id machine = random_chance(&sim->random, 800) ? MACHINE_CASE : MACHINE_NONE;
    const struct sim_record *record = pick_record(sim, device, machine);
    struct fold *fold = station_fold(node->station);
    uint64_t verb = 0;
    bool known = record != NULL && random_chance(&sim->random, 750) &&
                 find_record(node->kv, fold, FOLD_TENTATIVE, record->id, sim->scratch) &&
                 next_verb(sim, sim->scratch, TIER_STATION, person->roles, &verb);
    if (!known) {
        record = start_something(sim, device, &verb);
    }
    act_fill(sim, &draft.act, record, record->machine, verb);
    if (!submit_at_station(sim, index, &draft, person) && !known) {
        sim->record_count--; /* nothing came of it */
    }
}

void work_at_station(struct sim *sim, size_t index)
{
    struct sim_node *node = &sim->node[index];
    uint64_t burst = random_chance(&sim->random, 20) ? 120 : random_between(&sim->random, 1, 5);
    if (sim->healed || node->retired) {
        return;
    }
    for (uint64_t i = 0; i < burst && node->kv != NULL && !sim->failed; i++) {
        do_one(sim, index);
    }
    /* Often while the answer to the last is still out. */
    bool soon = random_chance(&sim->random, 250);
    sim_at(sim, random_between(&sim->random, 50, soon ? 3000 : UINT64_C(2) * STATION_PAUSE_MS),
           SIM_WORK, index);
}

/* --- At the hub --- */

static void submit_at_hub(struct sim *sim, struct draft *draft, const struct signer *signer)
{
    struct sim_hub *shell = &sim->hub;
    struct fold_verdict verdict;
    uint8_t id[LIMIT_HASH_SIZE];
    begin_draft(sim, draft, &shell->clock);
    enum err err =
        hub_submit(shell->hub, &draft->author, signer, sim_wall(sim, &shell->clock), &verdict, id);
    end_draft(draft);
    if (err == ERR_STORE) {
        hub_shell_died(sim);
        return;
    }
    if (err == ERR_NONE && verdict.verdict == WIRE_ACCEPTED) {
        keep(sim, SIM_NODES, 0, 0, id);
        sim->counters->events++;
        inv_hub_committed(sim);
        net_ring(sim);
        sim_say(sim, "hub wrote payload %u", draft->act.payload);
    } else if (err == ERR_NONE) {
        sim->counters->refused++;
    } else if (err != ERR_FULL) {
        sim_fail(sim, "work", "the hub answers %s to payload %u verb %llu", err_name(err),
                 draft->act.payload,
                 (unsigned long long)values_number(&draft->act.facts, FIELD_verb, 0));
    }
}

static void clear_act(struct work_act *act, uint32_t payload)
{
    memset(act, 0, sizeof *act);
    values_clear(&act->facts);
    act->payload = payload;
    act->record[0] = 2;
}

static void publish_policy(struct sim *sim, struct draft *draft)
{
    const struct founding *town = founding_get();
    clear_act(&draft->act, WIRE_EDITION);
    values_set_number(&draft->act.facts, FIELD_kind, 0, WORLD_POLICY);
    values_set_number(&draft->act.facts, FIELD_edition, 0, 2);
    values_set_bytes(&draft->act.facts, FIELD_hash, 0, span_of(town->policy, LIMIT_HASH_SIZE));
    values_set_number(&draft->act.facts, FIELD_size, 0, town->policy_size);
    submit_at_hub(sim, draft, town->leader.signer);
}

static void revoke_someone(struct sim *sim, struct draft *draft)
{
    const struct founding *town = founding_get();
    size_t station = random_below(&sim->random, sim->station_count);
    size_t person = random_between(&sim->random, 2, FOUNDING_PEOPLE - 1);
    clear_act(&draft->act, WIRE_PERSON);
    values_set_number(&draft->act.facts, FIELD_verb, 0, PERSON_REVOKED);
    values_set_bytes(&draft->act.facts, FIELD_staff, 0,
                     span_of(town->station[station].person[person].staff, LIMIT_ID_SIZE));
    submit_at_hub(sim, draft, town->leader.signer);
}

static void serve_case(struct sim *sim, struct draft *draft)
{
    const struct founding *town = founding_get();
    struct sim_hub *shell = &sim->hub;
    bool leads = random_chance(&sim->random, 200);
    const struct founding_person *person = leads ? &town->leader : &town->operator;
    const struct sim_record *record = NULL;
    uint64_t verb = 0;
    bool found = false;
    for (size_t i = 0; i < 20 && !found; i++) {
        record = pick_record(sim, SIM_STATIONS, MACHINE_CASE);
        found =
            record != NULL && record->machine == MACHINE_CASE &&
            find_record(shell->kv, hub_fold(shell->hub), FOLD_PROVEN, record->id, sim->scratch) &&
            next_verb(sim, sim->scratch, TIER_HUB, person->roles, &verb);
    }
    if (!found) {
        return;
    }
    act_fill(sim, &draft->act, record, record->machine, verb);
    submit_at_hub(sim, draft, person->signer);
}

void work_at_hub(struct sim *sim)
{
    static struct draft draft;
    uint64_t burst = random_between(&sim->random, 1, 12);
    if (sim->healed) {
        return;
    }
    for (uint64_t i = 0; i < burst && sim->hub.kv != NULL && !sim->failed; i++) {
        if (!sim->policy_published && random_chance(&sim->random, 30)) {
            sim->policy_published = true;
            publish_policy(sim, &draft);
        } else if (sim->revoked < 3 && random_chance(&sim->random, 20)) {
            sim->revoked++;
            revoke_someone(sim, &draft);
        } else {
            serve_case(sim, &draft);
        }
    }
    sim_at(sim, random_between(&sim->random, 1000, UINT64_C(2) * HUB_PAUSE_MS), SIM_HUB_WORK, 0);
}
