#include "base/check.h"
#include "sim.h"

#include <string.h>

/* What must come to light: two machines with one key, a hub from a backup, a
 * revoked key, a hub that lies. */

/* I7, I8: a cloned station leaves evidence, or one copy found out by itself. */
void inv_clone(struct sim *sim)
{
    struct station_status status;
    bool both_wrote = false;
    bool origin_wrote = false;
    for (size_t i = 0; i < sim->kept_count; i++) {
        const struct sim_kept *kept = &sim->kept[i];
        both_wrote = both_wrote || (kept->node == SIM_CLONE && kept->logged > 0);
        origin_wrote = origin_wrote || (kept->node == 0 && kept->logged > 0 && kept->cloned);
    }
    if (!both_wrote || !origin_wrote) {
        return;
    }
    station_status(sim->node[0].station, &status);
    bool noticed = hub_evidence_count(sim->hub.hub) > 0 || status.restored ||
                   status.displaced > 0 || sim->node[SIM_CLONE].noticed;
    if (!noticed) {
        sim_fail(sim, "I7", "two copies of a station wrote, and nobody noticed");
    }
}

/* I9: the hub lost what it had confirmed: who knows of it says so and keeps everything. */
void inv_hub_back(struct sim *sim)
{
    struct station_status status;
    for (size_t i = 0; i < sim->station_count && !sim->failed; i++) {
        struct sim_node *node = &sim->node[i];
        if (node->kv == NULL || !node->connected || node->tainted) {
            continue;
        }
        station_status(node->station, &status);
        bool knows_more = status.log_size > sim->hub.back_size;
        bool before = sim->knew[i] > sim->hub.back_size;
        bool alarmed = status.hub_went_back || status.split || status.restored ||
                       status.refusal != SYNC_NACK_NONE;
        if (knows_more && before && !alarmed) {
            sim_fail(sim, "I9", "%s had a checkpoint of %llu and says nothing of a log of %llu",
                     node->name, (unsigned long long)sim->knew[i],
                     (unsigned long long)sim->hub.back_size);
        }
    }
}

/* --- People whose keys are revoked --- */

struct revoked {
    bool staff[FOUNDING_STATIONS][FOUNDING_PEOPLE];
};

static bool *revoked_of(struct revoked *revoked, bool by_key, struct span who)
{
    const struct founding *town = founding_get();
    for (size_t i = 0; i < FOUNDING_STATIONS; i++) {
        for (size_t k = 0; k < FOUNDING_PEOPLE; k++) {
            const struct founding_person *person = &town->station[i].person[k];
            struct span key = span_of(signer_key_id_view(person->signer), LIMIT_KEY_SIZE);
            struct span staff = span_of(person->staff, sizeof person->staff);
            if (span_equal(by_key ? key : staff, who)) {
                return &revoked->staff[i][k];
            }
        }
    }
    return NULL;
}

/* I7: behind the leaf that revokes a person none of that person is accepted. */
void inv_revoked(struct sim *sim)
{
    struct revoked revoked = {0};
    const struct wire_event *event = sim->event;
    struct kv_txn txn;
    struct inv_leaf leaf;
    uint64_t size = hub_size(sim->hub.hub);
    kv_begin(sim->hub.kv, false, &txn);
    for (uint64_t i = 0; i < size && !sim->failed; i++) {
        if (!inv_leaf(sim, &hub_fold(sim->hub.hub)->log, &txn, i, &leaf) ||
            leaf.leaf.verdict != WIRE_ACCEPTED ||
            wire_event_decode(leaf.leaf.envelope.body, &sim->body_arena, sim->event) != ERR_NONE) {
            continue;
        }
        bool *author = revoked_of(&revoked, true, span_of(event->author, LIMIT_KEY_SIZE));
        bool *staff = revoked_of(&revoked, false, values_bytes(&event->facts, FIELD_staff, 0));
        if (author != NULL && *author) {
            sim_fail(sim, "I7", "leaf %llu is of somebody revoked before", (unsigned long long)i);
        }
        if (staff != NULL && event->payload == WIRE_PERSON &&
            values_number(&event->facts, FIELD_verb, 0) == PERSON_REVOKED) {
            *staff = true;
        }
    }
    kv_abort(&txn);
}

/* --- A hub that lies --- */

enum lie { LIE_VERDICT, LIE_TIME, LIE_LEFT_OUT, LIE_SIGNATURE, LIE_ORDER, LIE_COUNT };

struct forger {
    struct sim *sim;
    enum lie lie;
    uint64_t at; /* index of the leaf that the lie is about */
    struct log log;
    struct kv_txn txn;
    struct buf bytes;
};

static void append(struct forger *forger, const struct inv_leaf *leaf)
{
    struct log_place place = {.incarnation = leaf->incarnation, .seq = leaf->seq};
    memcpy(place.device, leaf->device, LIMIT_KEY_SIZE);
    memcpy(place.id, leaf->id, LIMIT_HASH_SIZE);
    buf_clear(&forger->bytes);
    CHECK(wire_leaf_encode(&leaf->leaf, &forger->bytes) == ERR_NONE);
    (void)log_append(&forger->log, &forger->txn, &leaf->leaf, buf_span(&forger->bytes), &place);
}

static bool read_leaf(struct forger *forger, struct kv_txn *txn, uint64_t index,
                      struct inv_leaf *ret)
{
    struct sim *sim = forger->sim;
    return inv_leaf(sim, &hub_fold(sim->hub.hub)->log, txn, index, ret);
}

/* A leaf that nothing else refers to can be lied about without more lies. */
static bool find_victim(struct forger *forger, struct kv_txn *txn)
{
    struct sim *sim = forger->sim;
    struct inv_leaf leaf;
    struct inv_leaf next;
    uint64_t size = hub_size(sim->hub.hub);
    uint64_t from = random_below(&sim->random, size);
    for (uint64_t i = 0; i < size; i++) {
        uint64_t at = (from + i) % size;
        bool fits = at > 0 && at + 1 < size && read_leaf(forger, txn, at, &leaf) &&
                    leaf.leaf.verdict == WIRE_ACCEPTED && leaf.leaf.own_seq == 0 &&
                    leaf.leaf.common_seq == 0 && read_leaf(forger, txn, at + 1, &next) &&
                    memcmp(leaf.device, next.device, LIMIT_KEY_SIZE) == 0 &&
                    next.leaf.own_seq == 0 && leaf.incarnation == next.incarnation;
        if (fits) {
            forger->at = at;
            return true;
        }
    }
    return false;
}

static void tell_lie(struct forger *forger, struct kv_txn *txn)
{
    struct inv_leaf leaf;
    CHECK(read_leaf(forger, txn, forger->at, &leaf));
    switch (forger->lie) {
    case LIE_VERDICT:
        leaf.leaf.verdict = WIRE_REFUSED;
        leaf.leaf.refusal = REFUSAL_EDITION_MISSING;
        append(forger, &leaf);
        return;
    case LIE_TIME:
        leaf.leaf.hub_ms -= UINT64_C(86400000) * 4000;
        append(forger, &leaf);
        return;
    case LIE_SIGNATURE:
        leaf.leaf.envelope.signature[5] ^= 4;
        append(forger, &leaf);
        return;
    case LIE_ORDER:
        CHECK(read_leaf(forger, txn, forger->at + 1, &leaf));
        append(forger, &leaf);
        CHECK(read_leaf(forger, txn, forger->at, &leaf));
        append(forger, &leaf);
        return;
    case LIE_LEFT_OUT:
    case LIE_COUNT:
        return;
    }
}

static bool copy_blob(void *context, struct span key, struct span value)
{
    kv_put(context, KV_BLOB, key, value);
    return true;
}

static void forge_log(struct forger *forger, struct kv *forged, struct kv_txn *txn)
{
    struct tlog_hash root;
    struct inv_leaf leaf;
    uint64_t size = hub_size(forger->sim->hub.hub);
    kv_begin(forged, true, &forger->txn);
    CHECK(log_init(&forger->log, &forger->txn, 0) == ERR_NONE);
    kv_scan(txn, KV_BLOB, span_of(NULL, 0), span_of(NULL, 0), copy_blob, &forger->txn);
    for (uint64_t i = 0; i < size; i++) {
        if (i == forger->at) {
            tell_lie(forger, txn);
            i += forger->lie == LIE_ORDER;
        } else if (read_leaf(forger, txn, i, &leaf)) {
            append(forger, &leaf);
        }
    }
    log_flush(&forger->log, &forger->txn, &root);
    CHECK(kv_commit(&forger->txn) == ERR_NONE);
    log_done(&forger->log);
}

/* --- An auditor alone with that hub, every frame answered at once --- */

enum { WAITING = 64, ROUNDS = 3000 };

struct hearing {
    struct sim *sim;
    struct hub *hub;
    struct auditor *auditor;
    uint64_t now_ms;
    size_t count;
    struct buf waiting[WAITING];
};

static bool answer(void *context, struct span bytes)
{
    static const uint8_t device[LIMIT_KEY_SIZE] = {77};
    struct hearing *hearing = context;
    struct sync_frame *frame = hearing->sim->frame;
    bool ok = false;
    uint64_t unused = 0;
    enum err err = wire_frame_decode(bytes, &hearing->sim->arena, frame);
    if (hearing->count == WAITING || err != ERR_NONE) {
        return false;
    }
    struct buf *out = &hearing->waiting[hearing->count++];
    buf_init(out, LIMIT_FRAME_SIZE);
    if (frame->kind == SYNC_HELLO) {
        err = hub_welcome(hearing->hub, device, &frame->hello, SIM_START_MS, out, &ok, &unused,
                          &unused);
    } else if (frame->kind == SYNC_PULL) {
        err = hub_pull(hearing->hub, device, &frame->pull, out);
    } else {
        err = hub_blob_get(hearing->hub, frame->blob.hash, false, out);
    }
    return err == ERR_NONE;
}

static void ignore(void *context)
{
    (void)context;
}

/* Until all is replayed, or the auditor stops: how often it found what it had to find. */
static uint64_t hear(struct hearing *hearing, enum auditor_finding wanted)
{
    struct auditor_port port = {hearing, answer, ignore};
    struct auditor_status status;
    uint64_t done = 0;
    auditor_connected(hearing->auditor, &port, 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        hearing->now_ms += 500;
        if (hearing->count > 0) {
            struct buf frame = hearing->waiting[0];
            hearing->count--;
            memmove(hearing->waiting, hearing->waiting + 1,
                    hearing->count * sizeof *hearing->waiting);
            (void)!auditor_frame(hearing->auditor, &port, buf_span(&frame), hearing->now_ms);
            buf_done(&frame);
        }
        (void)!auditor_replay(hearing->auditor, 100, &done);
        (void)!auditor_tick(hearing->auditor, &port, hearing->now_ms);
        auditor_status(hearing->auditor, &status);
        if (status.replayed == hub_size(hearing->hub)) {
            break;
        }
    }
    for (size_t i = 0; i < hearing->count; i++) {
        buf_done(&hearing->waiting[i]);
    }
    return status.findings[wanted];
}

static uint64_t audit(struct sim *sim, struct kv *forged, struct kv *own,
                      enum auditor_finding wanted)
{
    const struct founding *town = founding_get();
    struct hearing hearing = {.sim = sim};
    struct hub_options hub = {.kv = forged,
                              .hub = town->hub_id,
                              .origin = FOUNDING_PREFIX "/1",
                              .epoch = 1,
                              .signer = town->hub_signer};
    struct auditor_options auditor = {.kv = own,
                                      .slot = 1,
                                      .hub = town->hub_id,
                                      .hub_device = signer_key_id_view(town->hub_signer),
                                      .hub_public = signer_public_view(town->hub_signer),
                                      .origin_prefix = FOUNDING_PREFIX};
    CHECK(hub_open(&hub, &hearing.hub) == ERR_NONE);
    CHECK(auditor_open(&auditor, 0, &hearing.auditor) == ERR_NONE);
    uint64_t findings = hear(&hearing, wanted);
    auditor_close(hearing.auditor);
    hub_close(hearing.hub);
    return findings;
}

/* I10: a hub that signs a lie is found out by whoever reads its log. */
void inv_forged(struct sim *sim)
{
    static const char *const lies[LIE_COUNT] = {"verdict", "time", "left out", "signature",
                                                "order"};
    static const enum auditor_finding wanted[LIE_COUNT] = {
        FINDING_VERDICT, FINDING_TIME, FINDING_CHAIN, FINDING_SIGNATURE, FINDING_CHAIN};
    struct forger forger = {.sim = sim, .lie = (enum lie)random_below(&sim->random, LIE_COUNT)};
    struct kv_txn txn;
    struct kv *forged = NULL;
    struct kv *own = NULL;
    kv_begin(sim->hub.kv, false, &txn);
    if (!find_victim(&forger, &txn)) {
        kv_abort(&txn);
        return;
    }
    struct kv_disk *disks[2] = {kv_memory_disk_new("forged"), kv_memory_disk_new("reader")};
    CHECK(kv_open("forged", NULL, &forged) == ERR_NONE);
    CHECK(kv_open("reader", NULL, &own) == ERR_NONE);
    buf_init(&forger.bytes, LIMIT_LEAF_SIZE);
    forge_log(&forger, forged, &txn);
    kv_abort(&txn);
    buf_done(&forger.bytes);
    sim->counters->forgeries++;
    if (audit(sim, forged, own, wanted[forger.lie]) == 0) {
        sim_fail(sim, "I10", "leaf %llu is a lie (%s) that no auditor finds",
                 (unsigned long long)forger.at, lies[forger.lie]);
    }
    kv_close(forged);
    kv_close(own);
    kv_memory_disk_free(disks[0]);
    kv_memory_disk_free(disks[1]);
}
