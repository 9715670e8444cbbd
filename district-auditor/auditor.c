#include "district-auditor/auditor.h"

#include "district-auditor/inside.h"
#include "store/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct span state_key(struct kv_key *key, uint8_t slot)
{
    kv_key_init(key);
    kv_key_u8(key, 'A');
    kv_key_u8(key, slot);
    return kv_key_span(key);
}

void auditor_state_put(struct auditor *auditor, struct kv_txn *txn)
{
    const struct auditor_state *state = &auditor->state;
    struct kv_key key;
    struct buf value;
    buf_init(&value, 1024);
    buf_put_u64(&value, state->epoch);
    buf_put_u64(&value, state->seen_size);
    buf_put(&value, state->seen_root.bytes, LIMIT_HASH_SIZE);
    buf_put_u64(&value, state->replayed);
    buf_put_u64(&value, state->common);
    buf_put_u64(&value, state->accepted);
    buf_put_u64(&value, state->refused);
    buf_put_u64(&value, state->quarantined);
    buf_put_u64(&value, state->void_count);
    for (int i = 0; i < UNSEEN_COUNT; i++) {
        buf_put_u64(&value, state->unseen[i]);
    }
    buf_put_u64(&value, state->last_ms);
    for (int i = 0; i < FINDING_COUNT; i++) {
        buf_put_u64(&value, state->findings[i]);
    }
    kv_put(txn, KV_META, state_key(&key, auditor->slot), buf_span(&value));
    buf_done(&value);
}

enum err auditor_state_get(struct auditor *auditor, struct kv_txn *txn)
{
    struct auditor_state *state = &auditor->state;
    struct kv_key key;
    struct buf value;
    struct reader reader;
    memset(state, 0, sizeof *state);
    buf_init(&value, 1024);
    bool found = kv_get(txn, KV_META, state_key(&key, auditor->slot), &value);
    reader_init(&reader, buf_span(&value));
    if (found) {
        state->epoch = reader_u64(&reader);
        state->seen_size = reader_u64(&reader);
        reader_copy(&reader, state->seen_root.bytes, LIMIT_HASH_SIZE);
        state->replayed = reader_u64(&reader);
        state->common = reader_u64(&reader);
        state->accepted = reader_u64(&reader);
        state->refused = reader_u64(&reader);
        state->quarantined = reader_u64(&reader);
        state->void_count = reader_u64(&reader);
        for (int i = 0; i < UNSEEN_COUNT; i++) {
            state->unseen[i] = reader_u64(&reader);
        }
        state->last_ms = reader_u64(&reader);
        for (int i = 0; i < FINDING_COUNT; i++) {
            state->findings[i] = reader_u64(&reader);
        }
    }
    buf_done(&value);
    return txn->err != ERR_NONE ? txn->err : reader.failed ? ERR_STORE : ERR_NONE;
}

/* The world stands where the replay stands, not where the mirror ends: the feed entries of leaves
 * not yet replayed must not be folded at start. */
static enum err open_fold(struct auditor *auditor)
{
    struct kv_txn txn;
    struct fold_options options = {.slot = auditor->slot,
                                   .hub = auditor->hub,
                                   .hub_device = auditor->hub_device,
                                   .hub_public = auditor->hub_public,
                                   .lazy_world = true};
    enum err err = fold_open(auditor->kv, &options, &auditor->fold);
    if (err != ERR_NONE) {
        return err;
    }
    kv_begin(auditor->kv, false, &txn);
    err = auditor_state_get(auditor, &txn);
    if (err == ERR_NONE) {
        err = world_load(auditor->fold->world, &auditor->fold->log, &txn, auditor->state.common);
    }
    kv_abort(&txn);
    return err;
}

enum err auditor_reload(struct auditor *auditor)
{
    ahead_drop(auditor->ahead);
    fold_close(auditor->fold);
    auditor->fold = NULL;
    return open_fold(auditor);
}

static enum err make_room(struct auditor *auditor)
{
    auditor->event = calloc(1, sizeof *auditor->event);
    auditor->record = calloc(1, sizeof *auditor->record);
    auditor->frame = calloc(1, sizeof *auditor->frame);
    if (auditor->event == NULL || auditor->record == NULL || auditor->frame == NULL) {
        return ERR_MEMORY;
    }
    enum err err = wire_arena_init(&auditor->frame_arena, WIRE_FRAME_ARENA);
    return err != ERR_NONE ? err
                           : wire_arena_init(&auditor->leaf_arena, (size_t)LIMIT_BATCH_SIZE * 2);
}

enum err auditor_open(const struct auditor_options *options, uint64_t now_ms,
                      struct auditor **ret_auditor)
{
    struct auditor *auditor = calloc(1, sizeof *auditor);
    struct sync_options defaults = sync_options_default();
    if (auditor == NULL) {
        return ERR_MEMORY;
    }
    (void)pthread_rwlock_init(&auditor->directory_lock, NULL);
    auditor->kv = options->kv;
    auditor->slot = options->slot;
    memcpy(auditor->hub, options->hub, LIMIT_ID_SIZE);
    memcpy(auditor->hub_device, options->hub_device, LIMIT_KEY_SIZE);
    memcpy(auditor->hub_public, options->hub_public, LIMIT_KEY_SIZE);
    int length = snprintf(auditor->prefix, sizeof auditor->prefix, "%s", options->origin_prefix);
    enum err err =
        length < 0 || (size_t)length > sizeof auditor->prefix - 24 ? ERR_LIMIT : make_room(auditor);
    if (err == ERR_NONE) {
        err = ahead_new(options->thread_count, &auditor->directory_lock, &auditor->ahead);
    }
    if (err == ERR_NONE) {
        err = open_fold(auditor);
    }
    if (err != ERR_NONE) {
        auditor_close(auditor);
        return err;
    }
    struct sync_auditor_start start = {.epoch = auditor->state.epoch,
                                       .seen_size = auditor->state.seen_size,
                                       .next = auditor->fold->log.size,
                                       .random = options->random};
    sync_auditor_init(&auditor->session, options->sync == NULL ? &defaults : options->sync, &start,
                      now_ms);
    *ret_auditor = auditor;
    return ERR_NONE;
}

void auditor_close(struct auditor *auditor)
{
    if (auditor == NULL) {
        return;
    }
    ahead_free(auditor->ahead);
    fold_close(auditor->fold);
    (void)pthread_rwlock_destroy(&auditor->directory_lock);
    wire_arena_done(&auditor->frame_arena);
    wire_arena_done(&auditor->leaf_arena);
    free(auditor->event);
    free(auditor->record);
    free(auditor->frame);
    free(auditor);
}

struct fold *auditor_fold(struct auditor *auditor)
{
    return auditor->fold;
}

void auditor_origin(const struct auditor *auditor, uint64_t epoch, char ret[TLOG_ORIGIN_SIZE])
{
    (void)snprintf(ret, TLOG_ORIGIN_SIZE, "%.100s/%llu", auditor->prefix,
                   (unsigned long long)epoch);
}

const char *auditor_finding_name(enum auditor_finding finding)
{
    static const char *const names[FINDING_COUNT] = {
        [FINDING_NONE] = "none",
        [FINDING_CHECKPOINT] = "checkpoint",
        [FINDING_RANGE] = "range",
        [FINDING_LEAF] = "leaf",
        [FINDING_TIME] = "time",
        [FINDING_SIGNATURE] = "signature",
        [FINDING_CHAIN] = "chain",
        [FINDING_FEED] = "feed",
        [FINDING_VERDICT] = "verdict",
        [FINDING_SEEN] = "seen",
        [FINDING_BACK_DATED] = "back_dated",
    };
    return (unsigned)finding < FINDING_COUNT ? names[finding] : "unknown";
}

const char *auditor_unseen_name(enum auditor_unseen unseen)
{
    static const char *const names[UNSEEN_COUNT] = {
        [UNSEEN_IDENTITY] = "identity",
        [UNSEEN_MATTER] = "matter",
        [UNSEEN_ATTACHMENT] = "attachment",
        [UNSEEN_CLOCK] = "clock",
    };
    return (unsigned)unseen < UNSEEN_COUNT ? names[unseen] : "unknown";
}

void auditor_find(struct auditor *auditor, struct kv_txn *txn, enum auditor_finding finding,
                  uint64_t leaf_index, const uint32_t expected_found[2])
{
    struct kv_key key;
    uint8_t value[8];
    kv_key_init(&key);
    kv_key_u8(&key, auditor->slot);
    kv_key_u64(&key, leaf_index);
    kv_key_u8(&key, (uint8_t)finding);
    put_u32(value, expected_found[0]);
    put_u32(value + 4, expected_found[1]);
    if (!kv_has(txn, KV_EVIDENCE, kv_key_span(&key))) {
        kv_put(txn, KV_EVIDENCE, kv_key_span(&key), span_of(value, sizeof value));
        auditor->state.findings[finding]++;
    }
}

struct finding_walk {
    auditor_finding_visit visit;
    void *context;
};

static bool visit_finding(void *context, struct span key, struct span value)
{
    struct finding_walk *walk = context;
    if (key.size != 10 || value.size != 8) {
        return true;
    }
    return walk->visit(walk->context, (enum auditor_finding)key.data[9], get_u64(key.data + 1),
                       get_u32(value.data), get_u32(value.data + 4));
}

void auditor_findings(struct auditor *auditor, auditor_finding_visit visit, void *context)
{
    struct kv_txn txn;
    struct finding_walk walk = {visit, context};
    kv_begin(auditor->kv, false, &txn);
    kv_scan(&txn, KV_EVIDENCE, span_of(&auditor->slot, 1), span_of(NULL, 0), visit_finding, &walk);
    kv_abort(&txn);
}

void auditor_status(struct auditor *auditor, struct auditor_status *ret)
{
    const struct auditor_state *state = &auditor->state;
    struct tlog_hash root;
    memset(ret, 0, sizeof *ret);
    ret->epoch = state->epoch;
    ret->checkpoint_size = state->seen_size;
    ret->mirrored = auditor->fold->log.size;
    ret->replayed = state->replayed;
    ret->accepted = state->accepted;
    ret->refused = state->refused;
    ret->quarantined = state->quarantined;
    ret->void_count = state->void_count;
    memcpy(ret->unseen, state->unseen, sizeof ret->unseen);
    ret->last_ms = state->last_ms;
    ret->alarm = auditor->alarm;
    memcpy(ret->findings, state->findings, sizeof ret->findings);
    tlog_peaks_root(&auditor->fold->log.peaks, &root);
    memcpy(ret->root, root.bytes, sizeof ret->root);
}
