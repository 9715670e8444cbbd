#include "base/check.h"
#include "fold/parts.h"
#include "seal/hash.h"
#include "sim.h"
#include "store/keys.h"

#include <stdlib.h>
#include <string.h>

/* What must hold once the faults have stopped and all is said. */

enum { RECORDS_SIZE = 1 << 24 };

static bool station_at_rest(struct sim *sim, const struct sim_node *node, struct kv_txn *hub)
{
    struct station_status status;
    struct log_head head;
    if (node->kv == NULL || !node->connected) {
        return false;
    }
    station_status(node->station, &status);
    (void)log_head_get(&hub_fold(sim->hub.hub)->log, hub, signer_key_id_view(node->who->signer),
                       &head);
    const struct sync_station *session = station_session_view(node->station);
    /* Somebody else may have written in its name: it must have come to know. */
    bool whole = head.incarnation == 0 ||
                 (head.incarnation == status.incarnation && head.seq == status.newest);
    return sync_station_idle(session) && whole && status.newest == status.answered &&
           status.outbox == 0 && session->wanted == 0 && !status.restoring &&
           !station_has_more(node->station) && !status.stuck &&
           status.common == hub_fold(sim->hub.hub)->log.common_seq && status.own == head.own_seq;
}

static bool auditor_at_rest(struct sim *sim, const struct sim_node *node)
{
    struct auditor_status status;
    if (node->kv == NULL || !node->connected) {
        return false;
    }
    auditor_status(node->auditor, &status);
    return auditor_idle(node->auditor) && status.replayed == hub_size(sim->hub.hub);
}

static const struct sim_node *restless(struct sim *sim)
{
    struct kv_txn txn;
    const struct sim_node *found = NULL;
    kv_begin(sim->hub.kv, false, &txn);
    for (size_t i = 0; i < SIM_NODES && found == NULL; i++) {
        const struct sim_node *node = &sim->node[i];
        bool rests =
            !node->used || node->retired ||
            (node->is_auditor ? auditor_at_rest(sim, node) : station_at_rest(sim, node, &txn));
        found = rests ? NULL : node;
    }
    kv_abort(&txn);
    return found;
}

bool inv_at_rest(struct sim *sim)
{
    return sim->hub.kv != NULL && !sim->hub.went_back && restless(sim) == NULL;
}

/* I15: after the faults everything kept is answered and every auditor has it, in time. */
static void inv_15_liveness(struct sim *sim)
{
    struct station_status status = {0};
    const struct sim_node *node = sim->hub.kv == NULL ? NULL : restless(sim);
    if (sim->hub.kv == NULL) {
        sim_fail(sim, "I15", "the hub is down at the end");
    } else if (node != NULL && node->station != NULL) {
        station_status(node->station, &status);
        sim_fail(
            sim, "I15",
            "%s does not come to rest: connected %d, %llu.%llu of which %llu answered, outbox "
            "%llu, common %llu, own %llu, restoring %d, refusal %d, phase %d, wanted %u, split %d",
            node->name, node->connected, (unsigned long long)status.incarnation,
            (unsigned long long)status.newest, (unsigned long long)status.answered,
            (unsigned long long)status.outbox, (unsigned long long)status.common,
            (unsigned long long)status.own, status.restoring, (int)status.refusal,
            (int)station_session_view(node->station)->phase,
            (unsigned)station_session_view(node->station)->wanted, status.split);
    } else if (node != NULL) {
        sim_fail(sim, "I15", "%s does not come to rest", node->name);
    }
}

/* I1 again, at the end: also what a restored station had to fetch back. */
static void inv_01_all_kept(struct sim *sim)
{
    struct kv_txn txn;
    for (size_t i = 0; i < sim->kept_count && !sim->failed; i++) {
        const struct sim_kept *kept = &sim->kept[i];
        if (kept->device == SIM_STATIONS || kept->lost || sim->node[kept->node].retired) {
            continue;
        }
        kv_begin(sim->node[kept->node].kv, false, &txn);
        bool here = inv_is_kept(&txn, kept, &sim->out);
        kv_abort(&txn);
        if (!here) {
            sim_fail(sim, "I1", "%s no longer has %llu.%llu", sim->node[kept->node].name,
                     (unsigned long long)kept->incarnation, (unsigned long long)kept->seq);
        }
    }
}

/* --- The log from end to end --- */

struct chain {
    uint8_t device[LIMIT_KEY_SIZE];
    uint64_t incarnation;
    uint64_t seq;
};

static struct chain *chain_of(struct chain *chains, const uint8_t *device)
{
    static const uint8_t none[LIMIT_KEY_SIZE];
    size_t i = 0;
    while (memcmp(chains[i].device, none, sizeof none) != 0 &&
           memcmp(chains[i].device, device, LIMIT_KEY_SIZE) != 0) {
        i++;
    }
    memcpy(chains[i].device, device, LIMIT_KEY_SIZE);
    return &chains[i];
}

static void count_leaf(struct sim *sim, const struct inv_leaf *leaf)
{
    sim->counters->leaves++;
    if (leaf->leaf.verdict == WIRE_ACCEPTED) {
        sim->counters->accepted++;
    } else {
        sim->counters->returned++;
    }
    for (size_t i = 0; i < sim->kept_count; i++) {
        struct sim_kept *kept = &sim->kept[i];
        if (memcmp(kept->id, leaf->id, LIMIT_HASH_SIZE) == 0) {
            sim->kept[i].logged++;
        }
    }
}

static bool is_trusted(const struct sim *sim, const uint8_t *device)
{
    for (size_t i = 0; i < sim->station_count; i++) {
        const struct sim_node *node = &sim->node[i];
        if (memcmp(signer_key_id_view(node->who->signer), device, LIMIT_KEY_SIZE) == 0) {
            return !node->tainted;
        }
    }
    return false;
}

/* I15: every sealed part of an accepted event has reached the hub. */
static void inv_15_parts(struct sim *sim, struct kv_txn *txn, const struct inv_leaf *leaf)
{
    const struct wire_event *event = sim->event;
    if (leaf->leaf.verdict != WIRE_ACCEPTED || !is_trusted(sim, leaf->device) ||
        wire_event_decode(leaf->leaf.envelope.body, &sim->body_arena, sim->event) != ERR_NONE) {
        return;
    }
    for (uint32_t i = 0; i < event->sealed_count; i++) {
        if (!parts_has(txn, event->sealed[i].hash)) {
            sim_fail(sim, "I15", "a sealed part of %llu.%llu never reached the hub",
                     (unsigned long long)leaf->incarnation, (unsigned long long)leaf->seq);
        }
    }
}

/* I4, I5: each device's events stand in the log one by one, none twice, none left out. */
static void inv_05_gapless(struct sim *sim)
{
    struct chain chains[SIM_STATIONS + 4] = {0};
    struct kv_txn txn;
    struct inv_leaf leaf;
    uint64_t size = hub_size(sim->hub.hub);
    kv_begin(sim->hub.kv, false, &txn);
    for (uint64_t i = 0; i < size && !sim->failed; i++) {
        if (!inv_leaf(sim, &hub_fold(sim->hub.hub)->log, &txn, i, &leaf)) {
            sim_fail(sim, "I6", "leaf %llu is not to be read", (unsigned long long)i);
            break;
        }
        struct chain *chain = chain_of(chains, leaf.device);
        bool next = leaf.incarnation == chain->incarnation && leaf.seq == chain->seq + 1;
        bool life = leaf.incarnation > chain->incarnation && leaf.seq == 1;
        if (!next && !life) {
            sim_fail(sim, "I5", "leaf %llu is %llu.%llu behind %llu.%llu", (unsigned long long)i,
                     (unsigned long long)leaf.incarnation, (unsigned long long)leaf.seq,
                     (unsigned long long)chain->incarnation, (unsigned long long)chain->seq);
        }
        chain->incarnation = leaf.incarnation;
        chain->seq = leaf.seq;
        count_leaf(sim, &leaf);
        inv_15_parts(sim, &txn, &leaf);
    }
    kv_abort(&txn);
}

/* I4, I14: what was kept has its effect once; what the hub's staff did, once. */
static void inv_14_once(struct sim *sim)
{
    for (size_t i = 0; i < sim->kept_count && !sim->failed; i++) {
        const struct sim_kept *kept = &sim->kept[i];
        bool at_hub = kept->device == SIM_STATIONS;
        bool must = at_hub ? !kept->lost : (!kept->lost && !sim->node[kept->node].tainted);
        if (kept->logged > 1 || (must && kept->logged != 1)) {
            sim_fail(sim, at_hub ? "I14" : "I4", "an event of %s stands in the log %u times",
                     at_hub ? "the hub" : sim->node[kept->node].name, kept->logged);
        }
    }
}

/* I15: what stands in the log is answered where it was written, of earlier lives, too. */
static void inv_15_answered(struct sim *sim)
{
    for (size_t i = 0; i < sim->kept_count && !sim->failed; i++) {
        const struct sim_kept *kept = &sim->kept[i];
        struct station_answer answer = {.standing = STATION_KEPT};
        if (kept->device == SIM_STATIONS || kept->logged == 0 || kept->lost ||
            sim->node[kept->node].retired || sim->node[kept->node].tainted) {
            continue;
        }
        buf_clear(&sim->out);
        if (!station_event(sim->node[kept->node].station, kept->incarnation, kept->seq, &sim->out,
                           &answer) ||
            answer.standing == STATION_KEPT) {
            sim_fail(sim, "I15", "%s has no answer to %llu.%llu", sim->node[kept->node].name,
                     (unsigned long long)kept->incarnation, (unsigned long long)kept->seq);
        }
    }
}

/* --- Facts --- */

struct facts {
    struct sim *sim;
    struct buf bytes;
    struct kv_txn *other;
    const uint8_t *device; /* only records of this station; NULL: all */
    uint8_t slot;          /* of the others' keys */
    uint64_t differing;
    struct record *record;
};

static void tell_difference(struct facts *facts, struct span key, struct span value)
{
    static struct record one;
    static struct record other;
    bool cut = false;
    const uint8_t *id = key.data + 1;
    bool here = record_decode_row(value, id, &one, &cut) == ERR_NONE;
    bool there = record_decode_row(buf_span(&facts->bytes), id, &other, &cut) == ERR_NONE;
    sim_say(facts->sim,
            "record %02x%02x differs: %d %d, machine %d, states %u %u, batons %llu %llu",
            key.data[1], key.data[2], here, there, (int)one.machine, one.state, other.state,
            (unsigned long long)one.baton_own_seq, (unsigned long long)other.baton_own_seq);
    for (int field = 1; here && there && field < FIELD_END; field++) {
        uint64_t mine = values_number(&one.facts, (enum field)field, 0);
        uint64_t theirs = values_number(&other.facts, (enum field)field, 0);
        if (mine != theirs) {
            sim_say(facts->sim, "  %s: %llu, %llu", field_name((enum field)field),
                    (unsigned long long)mine, (unsigned long long)theirs);
        }
    }
}

static bool compare_one(void *context, struct span key, struct span value)
{
    struct facts *facts = context;
    uint8_t other[1 + LIMIT_ID_SIZE];
    if (key.size != sizeof other) {
        return true;
    }
    if (facts->device != NULL) {
        bool cut = false;
        bool good = record_decode_row(value, key.data + 1, facts->record, &cut) == ERR_NONE;
        size_t size = cut ? RECORD_STATION_PREFIX : LIMIT_KEY_SIZE;
        if (good && memcmp(facts->record->station, facts->device, size) != 0) {
            return true;
        }
    }
    memcpy(other, key.data, sizeof other);
    other[0] = facts->slot;
    buf_clear(&facts->bytes);
    bool same = kv_get(facts->other, KV_RECORD, span_of(other, sizeof other), &facts->bytes) &&
                span_equal(buf_span(&facts->bytes), value);
    facts->differing += !same;
    if (!same && facts->sim->verbose) {
        tell_difference(facts, key, value);
    }
    return true;
}

struct side {
    struct kv *kv;
    uint8_t slot;
};

/* How many records of one side the other has not got, byte for byte. */
static uint64_t differing(struct sim *sim, struct side one, struct side other,
                          const uint8_t *device)
{
    struct kv_txn first;
    struct kv_txn second;
    struct facts facts = {
        .sim = sim, .other = &second, .device = device, .slot = other.slot, .record = sim->scratch};
    buf_init(&facts.bytes, LIMIT_RECORD_SIZE);
    kv_begin(one.kv, false, &first);
    kv_begin(other.kv, false, &second);
    kv_scan(&first, KV_RECORD, span_of(&one.slot, 1), span_of(NULL, 0), compare_one, &facts);
    kv_abort(&first);
    kv_abort(&second);
    buf_done(&facts.bytes);
    return facts.differing;
}

/* I4, I11: the same facts at station, hub and auditor, whatever their clocks said. */
static void inv_11_same_facts(struct sim *sim)
{
    struct side hub = {sim->hub.kv, 0};
    for (size_t i = 0; i < SIM_NODES && !sim->failed; i++) {
        struct sim_node *node = &sim->node[i];
        if (!node->used || node->retired) {
            continue;
        }
        struct side own = {node->kv, node->is_auditor ? 1 : 0};
        const uint8_t *device = node->is_auditor ? NULL : signer_key_id_view(node->who->signer);
        uint64_t extra = differing(sim, own, hub, NULL);
        uint64_t missing = differing(sim, hub, own, device);
        if (extra + missing > 0) {
            sim_fail(sim, "I4", "%s has %llu records that the hub has not, lacks %llu", node->name,
                     (unsigned long long)extra, (unsigned long long)missing);
        }
    }
}

static bool dump_one(void *context, struct span key, struct span value)
{
    struct buf *dump = context;
    buf_put_u32(dump, (uint32_t)key.size);
    buf_put_span(dump, key);
    buf_put_u32(dump, (uint32_t)value.size);
    buf_put_span(dump, value);
    return true;
}

static void dump(struct kv *kv, struct buf *ret)
{
    static const enum kv_table tables[] = {KV_RECORD, KV_TENTATIVE, KV_INDEX, KV_CACHE};
    struct kv_txn txn;
    buf_clear(ret);
    kv_begin(kv, false, &txn);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        kv_scan(&txn, tables[i], span_of(NULL, 0), span_of(NULL, 0), dump_one, ret);
    }
    kv_abort(&txn);
}

/* I4: thrown away and folded again, the same bytes, if it had come to an end of its fold. */
void inv_04_rebuild(struct sim *sim, size_t index)
{
    struct buf before;
    struct buf after;
    struct sim_node *node = &sim->node[index];
    if (!node->used || node->retired || node->kv == NULL || kv_memory_is_faulty(node->kv) ||
        station_has_more(node->station) || node_is_behind(node)) {
        return;
    }
    buf_init(&before, RECORDS_SIZE);
    buf_init(&after, RECORDS_SIZE);
    dump(node->kv, &before);
    enum err err = station_rebuild(node->station);
    dump(node->kv, &after);
    sim->counters->rebuilds++;
    if (err != ERR_NONE || !span_equal(buf_span(&before), buf_span(&after))) {
        sim_fail(sim, "I4", "%s is not the same after a rebuild: %s", node->name, err_name(err));
    }
    buf_done(&before);
    buf_done(&after);
}

/* RFC 6962, section 2.1, as it stands there: one hash over the two halves.
 * NOLINTNEXTLINE(misc-no-recursion): the definition is a recursion. */
static void tree_hash(const struct tlog_hash *leaf, uint64_t count, struct tlog_hash *ret)
{
    struct tlog_hash left;
    struct tlog_hash right;
    uint64_t half = 1;
    if (count == 1) {
        *ret = *leaf;
        return;
    }
    while (half * 2 < count) {
        half *= 2;
    }
    tree_hash(leaf, half, &left);
    tree_hash(leaf + half, count - half, &right);
    uint8_t both[1 + 2 * LIMIT_HASH_SIZE] = {1};
    memcpy(both + 1, left.bytes, LIMIT_HASH_SIZE);
    memcpy(both + 1 + LIMIT_HASH_SIZE, right.bytes, LIMIT_HASH_SIZE);
    seal_sha256(span_of(both, sizeof both), ret->bytes);
}

/* I10: what the hub signs is the root of just these leaves. */
static void inv_10_root(struct sim *sim)
{
    const struct hub *hub = sim->hub.hub;
    uint64_t size = hub_size(hub);
    struct tlog_hash *leaf = calloc(size, sizeof *leaf);
    struct tlog_hash root;
    struct tlog_checkpoint signed_root = {.size = 0};
    struct kv_txn txn;
    struct buf bytes;
    CHECK(leaf != NULL);
    buf_init(&bytes, LIMIT_LEAF_SIZE);
    kv_begin(sim->hub.kv, false, &txn);
    for (uint64_t i = 0; i < size; i++) {
        buf_clear(&sim->out);
        buf_put_u8(&sim->out, 0);
        buf_clear(&bytes);
        CHECK(log_leaf(&hub_fold(sim->hub.hub)->log, &txn, i, &bytes));
        buf_put_span(&sim->out, buf_span(&bytes));
        seal_sha256(buf_span(&sim->out), leaf[i].bytes);
    }
    kv_abort(&txn);
    tree_hash(leaf, size, &root);
    buf_done(&bytes);
    free(leaf);
    enum err err =
        tlog_checkpoint_open(hub_checkpoint_view(hub), hub_shell_origin(sim),
                             signer_public_view(founding_get()->hub_signer), &signed_root);
    if (err != ERR_NONE || signed_root.size != size ||
        memcmp(&signed_root.root, &root, sizeof root) != 0) {
        sim_fail(sim, "I10", "the hub signs %llu leaves, and has %llu with another root",
                 (unsigned long long)signed_root.size, (unsigned long long)size);
    }
}

uint64_t inv_findings(const struct auditor_status *status)
{
    uint64_t sum = 0;
    for (int i = FINDING_NONE + 1; i < FINDING_COUNT; i++) {
        /* Wrong clocks are what this finding is for. */
        sum += i == FINDING_BACK_DATED ? 0 : status->findings[i];
    }
    return sum;
}

/* I6, I10: auditors have the hub's log to the last leaf, and nothing to say against it. */
static void inv_10_auditors(struct sim *sim)
{
    struct auditor_status status;
    struct tlog_hash root;
    tlog_peaks_root(&hub_fold(sim->hub.hub)->log.peaks, &root);
    sim->trace ^= sim_digest(root.bytes, sizeof root.bytes);
    for (size_t i = SIM_CLONE + 1; i < SIM_NODES && !sim->failed; i++) {
        struct sim_node *node = &sim->node[i];
        if (!node->used) {
            continue;
        }
        auditor_status(node->auditor, &status);
        if (memcmp(status.root, root.bytes, sizeof status.root) != 0 || status.alarm) {
            sim_fail(sim, "I10", "%s mirrors another log", node->name);
        }
        for (int k = 0; k < FINDING_COUNT && inv_findings(&status) > 0; k++) {
            if (status.findings[k] > 0 && k != FINDING_BACK_DATED) {
                sim_fail(sim, "I10", "%s finds %s against an honest hub", node->name,
                         auditor_finding_name((enum auditor_finding)k));
            }
        }
    }
}

void inv_end(struct sim *sim)
{
    if (sim->scenario == SCENARIO_HUB_RESTORED && sim->hub.went_back) {
        inv_01_all_kept(sim);
        inv_hub_back(sim);
        return;
    }
    inv_15_liveness(sim);
    if (!sim->failed) {
        inv_01_all_kept(sim);
        inv_05_gapless(sim);
        inv_14_once(sim);
        inv_15_answered(sim);
        inv_revoked(sim);
        inv_11_same_facts(sim);
        inv_10_root(sim);
        inv_10_auditors(sim);
        for (size_t i = 0; i < SIM_CLONE && !sim->failed; i++) {
            inv_04_rebuild(sim, i);
        }
        inv_clone(sim);
    }
}
