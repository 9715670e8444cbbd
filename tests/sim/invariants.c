#include "sim.h"
#include "store/keys.h"

#include <string.h>

/* What must hold at every moment; design/hazards.md names the numbers. */

static uint64_t leaf_digest(const uint8_t id[LIMIT_HASH_SIZE], uint8_t verdict)
{
    return sim_digest(id, LIMIT_HASH_SIZE) ^ verdict;
}

bool inv_leaf(struct sim *sim, const struct log *log, struct kv_txn *txn, uint64_t index,
              struct inv_leaf *ret)
{
    struct wire_event *event = sim->event;
    memset(ret, 0, sizeof *ret);
    buf_clear(&sim->out);
    if (!log_leaf(log, txn, index, &sim->out) ||
        wire_leaf_decode(buf_span(&sim->out), &ret->leaf) != ERR_NONE) {
        return false;
    }
    if (ret->leaf.is_void) {
        memcpy(ret->device, ret->leaf.void_device, LIMIT_KEY_SIZE);
        memcpy(ret->id, ret->leaf.void_id, LIMIT_HASH_SIZE);
        ret->incarnation = ret->leaf.void_incarnation;
        ret->seq = ret->leaf.void_seq;
        return true;
    }
    if (!wire_event_peek(ret->leaf.envelope.body, event)) {
        return false;
    }
    seal_body_id(SEAL_EVENT, ret->leaf.envelope.body, ret->id);
    memcpy(ret->device, event->device, LIMIT_KEY_SIZE);
    ret->incarnation = event->incarnation;
    ret->seq = event->seq;
    return true;
}

/* I2: what the hub's log once held it holds for ever, at the same index. */
static void inv_02_log_only_grows(struct sim *sim)
{
    struct hub *hub = sim->hub.hub;
    struct kv_txn txn;
    struct inv_leaf leaf;
    uint64_t size = hub_size(hub);
    size_t known = sim->leaf_count;
    if (size < known) {
        sim_fail(sim, "I2", "the hub's log has %llu leaves after %zu", (unsigned long long)size,
                 known);
        return;
    }
    kv_begin(sim->hub.kv, false, &txn);
    bool all = sim->looked_boot != sim->hub.boots;
    for (uint64_t i = all ? 0 : known; i < size && !sim->failed; i++) {
        if (!inv_leaf(sim, &hub_fold(hub)->log, &txn, i, &leaf)) {
            sim_fail(sim, "I2", "leaf %llu of the hub is not to be read", (unsigned long long)i);
            break;
        }
        uint64_t digest = leaf_digest(leaf.id, leaf.leaf.verdict);
        if (i < known && sim->leaf[i] != digest) {
            sim_fail(sim, "I2", "leaf %llu of the hub is another now", (unsigned long long)i);
        } else if (i >= known) {
            sim_grow((void **)&sim->leaf, sim->leaf_count, &sim->leaf_capacity, sizeof *sim->leaf);
            sim->leaf[sim->leaf_count++] = digest;
        }
    }
    sim->looked_boot = sim->hub.boots;
    kv_abort(&txn);
}

/* I10: the hub never signs two trees of one size. */
static void inv_10_one_root(struct sim *sim)
{
    struct span note = hub_checkpoint_view(sim->hub.hub);
    uint64_t size = hub_size(sim->hub.hub);
    uint64_t digest = sim_digest(note.data, note.size);
    while (sim->root_count <= size) {
        sim_grow((void **)&sim->root, sim->root_count, &sim->root_capacity, sizeof *sim->root);
        sim->root[sim->root_count++] = 0;
    }
    if (sim->root[size] != 0 && sim->root[size] != digest) {
        sim_fail(sim, "I10", "the hub signs another tree of %llu leaves", (unsigned long long)size);
    }
    sim->root[size] = digest;
}

void inv_hub_committed(struct sim *sim)
{
    if (!sim->hub.went_back) {
        inv_10_one_root(sim);
        inv_02_log_only_grows(sim);
    }
}

/* I2: what a station counts as answered stands in the hub's log, at the place it was told. */
static void inv_02_answer_is_true(struct sim *sim, struct sim_node *node, uint64_t incarnation,
                                  uint64_t seq)
{
    struct station_answer answer;
    struct wire_envelope envelope;
    uint8_t id[LIMIT_HASH_SIZE];
    if (!station_event(node->station, incarnation, seq, &sim->out, &answer) ||
        answer.standing == STATION_KEPT) {
        sim_fail(sim, "I2", "%s counts %llu.%llu as answered without an answer", node->name,
                 (unsigned long long)incarnation, (unsigned long long)seq);
        return;
    }
    if (wire_envelope_decode(buf_span(&sim->out), &envelope) != ERR_NONE) {
        sim_fail(sim, "I6", "%s: an envelope of its own is broken", node->name);
        return;
    }
    seal_body_id(SEAL_EVENT, envelope.body, id);
    bool there = answer.leaf_index < sim->leaf_count &&
                 sim->leaf[answer.leaf_index] == leaf_digest(id, answer.verdict);
    if (!there) {
        sim_fail(sim, "I2", "%s was told that %llu.%llu is leaf %llu: it is not", node->name,
                 (unsigned long long)incarnation, (unsigned long long)seq,
                 (unsigned long long)answer.leaf_index);
    }
}

/* I3: no station counts more as answered than the hub holds, in one epoch. */
static void inv_03_not_ahead(struct sim *sim, const struct sim_node *node,
                             const struct station_status *status)
{
    struct kv_txn txn;
    struct log_head head;
    kv_begin(sim->hub.kv, false, &txn);
    bool readable = txn.err == ERR_NONE;
    (void)log_head_get(&hub_fold(sim->hub.hub)->log, &txn, signer_key_id_view(node->who->signer),
                       &head);
    kv_abort(&txn);
    bool ahead = status->incarnation > head.incarnation
                     ? status->answered > 0
                     : status->incarnation == head.incarnation && status->answered > head.seq;
    if (readable && ahead) {
        sim_fail(sim, "I3", "%s counts %llu.%llu as answered, the hub holds %llu.%llu", node->name,
                 (unsigned long long)status->incarnation, (unsigned long long)status->answered,
                 (unsigned long long)head.incarnation, (unsigned long long)head.seq);
    }
}

/* I12: nothing that a peer can fill grows without bound. */
static void inv_12_bounds(struct sim *sim, const struct sim_node *node)
{
    const struct sync_station *session = station_session_view(node->station);
    if (session->flight.count > session->credit || session->credit > SYNC_CREDIT_MAX ||
        sim->hub.waiting > SIM_FLIGHTS) {
        sim_fail(sim, "I12", "%s has %u pushes in flight for a credit of %u", node->name,
                 (unsigned)session->flight.count, (unsigned)session->credit);
    }
}

void inv_station_moved(struct sim *sim, size_t index)
{
    struct sim_node *node = &sim->node[index];
    struct station_status status;
    station_status(node->station, &status);
    /* What the other of two machines wrote is not here before the next greeting. */
    bool copied = sim->node[SIM_CLONE].used && (index == 0 || index == SIM_CLONE);
    if (status.stuck && !sim->hub.went_back && !copied) {
        sim_fail(sim, "I6", "%s is stuck", node->name);
    }
    if (!node->tainted && !sim->hub.went_back) {
        if (status.restored || status.restoring || status.hub_went_back) {
            sim_fail(sim, "I8", "%s raises a false alarm: restored %d %d, went back %d", node->name,
                     status.restored, status.restoring, status.hub_went_back);
        }
    }
    if (status.epoch != node->epoch) {
        node->epoch = status.epoch;
        node->log_size = 0;
    }
    if (status.log_size < node->log_size) {
        sim_fail(sim, "I10", "%s knew a checkpoint of %llu and now of %llu", node->name,
                 (unsigned long long)node->log_size, (unsigned long long)status.log_size);
    }
    node->log_size = status.log_size;
    node->noticed = node->noticed || status.restored || status.displaced > 0 ||
                    status.refusal != SYNC_NACK_NONE;
    inv_12_bounds(sim, node);
    /* What it was told in an earlier log may be lost with it. */
    if (sim->hub.went_back || status.epoch != sim->hub.epoch) {
        return;
    }
    if (sim->hub.kv != NULL) {
        inv_03_not_ahead(sim, node, &status);
    }
    if (status.incarnation != node->told_incarnation || status.answered < node->told) {
        node->told_incarnation = status.incarnation;
        node->told = 0;
    }
    bool parts = node->told < status.answered && status.answered < status.newest;
    while (node->told < status.answered && !sim->failed) {
        node->told++;
        inv_02_answer_is_true(sim, node, status.incarnation, node->told);
    }
    if (parts && !sim->failed) {
        inv_04_rebuild(sim, index);
    }
}

bool inv_is_kept(struct kv_txn *txn, const struct sim_kept *kept, struct buf *scratch)
{
    struct kv_key key;
    struct wire_envelope envelope;
    uint8_t id[LIMIT_HASH_SIZE];
    const struct founding_station *who = &founding_get()->station[kept->device];
    kv_key_init(&key);
    kv_key_u64(&key, kept->incarnation);
    kv_key_u64(&key, kept->seq);
    buf_clear(scratch);
    if (kv_get(txn, KV_EVENT, kv_key_span(&key), scratch) &&
        wire_envelope_decode(buf_span(scratch), &envelope) == ERR_NONE) {
        seal_body_id(SEAL_EVENT, envelope.body, id);
        if (memcmp(id, kept->id, sizeof id) == 0) {
            return true;
        }
    }
    kv_key_init(&key);
    kv_key_bytes(&key, span_of(signer_key_id_view(who->signer), LIMIT_KEY_SIZE));
    kv_key_u64(&key, kept->incarnation);
    kv_key_u64(&key, kept->seq);
    kv_key_bytes(&key, span_of(kept->id, LIMIT_HASH_SIZE));
    return kv_has(txn, KV_EVIDENCE, kv_key_span(&key));
}

/* I1: what was kept is on the disk after every crash, unless the disk itself lost it. */
static void inv_01_kept(struct sim *sim, size_t index, struct kv *kv)
{
    struct sim_node *node = &sim->node[index];
    struct kv_txn txn;
    kv_begin(kv, false, &txn);
    for (size_t i = 0; i < sim->kept_count; i++) {
        struct sim_kept *kept = &sim->kept[i];
        if (kept->node != index || kept->lost || inv_is_kept(&txn, kept, &sim->out)) {
            continue;
        }
        kept->lost = true;
        if (!node->tainted) {
            sim_fail(sim, "I1", "%s has lost %llu.%llu", node->name,
                     (unsigned long long)kept->incarnation, (unsigned long long)kept->seq);
        }
    }
    kv_abort(&txn);
}

void inv_after_loss(struct sim *sim, size_t index)
{
    struct sim_node *node = &sim->node[index];
    struct kv *kv = node->kv;
    if (!node->used || node->is_auditor) {
        return;
    }
    node->log_size = node->tainted ? 0 : node->log_size;
    if (kv != NULL) {
        inv_01_kept(sim, index, kv);
        return;
    }
    if (kv_open(node->name, NULL, &kv) == ERR_NONE) {
        inv_01_kept(sim, index, kv);
        kv_close(kv);
    }
}
