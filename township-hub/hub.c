#include "township-hub/hub.h"

#include "seal/hash.h"
#include "store/keys.h"
#include "township-hub/inside.h"

#include <stdlib.h>
#include <string.h>

static enum err open_fold(struct hub *hub)
{
    struct fold_options options = {
        .slot = 0,
        .hub = hub->id,
        .hub_device = signer_key_id_view(hub->signer),
        .hub_public = signer_public_view(hub->signer),
    };
    enum err err = fold_open(hub->kv, &options, &hub->fold);
    if (err == ERR_NONE) {
        hub->fold->log.help = hub->help;
    }
    return err;
}

void hub_set_help(struct hub *hub, const struct log_help *help)
{
    hub->help = help;
    if (hub->fold != NULL) {
        hub->fold->log.help = help;
    }
}

enum err hub_sign_checkpoint(struct hub *hub, const struct tlog_hash *root)
{
    struct tlog_checkpoint head = {.size = hub->fold->log.size, .root = *root};
    memcpy(head.origin, hub->origin, sizeof head.origin);
    buf_clear(&hub->checkpoint);
    hub->head = head;
    return tlog_checkpoint_sign(&head, hub->signer, &hub->checkpoint);
}

static enum err sign_stored(struct hub *hub)
{
    struct kv_txn txn;
    struct tlog_hash root;
    struct log_tiles context = {&hub->fold->log, &txn};
    struct tlog_tiles tiles = log_tiles(&context);
    kv_begin(hub->kv, false, &txn);
    enum err err = txn.err != ERR_NONE ? txn.err : tlog_root(&tiles, hub->fold->log.size, &root);
    kv_abort(&txn);
    return err != ERR_NONE ? err : hub_sign_checkpoint(hub, &root);
}

enum err hub_reload(struct hub *hub)
{
    (void)pthread_rwlock_wrlock(&hub->directory_lock);
    fold_close(hub->fold);
    hub->fold = NULL;
    enum err err = open_fold(hub);
    (void)pthread_rwlock_unlock(&hub->directory_lock);
    return err != ERR_NONE ? err : sign_stored(hub);
}

enum err hub_open(const struct hub_options *options, struct hub **ret_hub)
{
    struct hub *hub = calloc(1, sizeof *hub);
    if (hub == NULL) {
        return ERR_MEMORY;
    }
    size_t origin_size = strlen(options->origin);
    (void)pthread_rwlock_init(&hub->directory_lock, NULL);
    buf_init(&hub->checkpoint, LIMIT_NOTE_SIZE);
    buf_init(&hub->leaf, LIMIT_LEAF_SIZE);
    buf_init(&hub->expected, (size_t)LOG_PENDING * LIMIT_SEALED_COUNT * PARTS_NAME_SIZE);
    hub->kv = options->kv;
    memcpy(hub->id, options->hub, LIMIT_ID_SIZE);
    memcpy(hub->boot, options->boot, LIMIT_ID_SIZE);
    hub->epoch = options->epoch;
    hub->signer = options->signer;
    hub->credit = options->credit == 0 ? SYNC_CREDIT_MAX : options->credit;
    hub->record = calloc(1, sizeof *hub->record);
    hub->event = calloc(1, sizeof *hub->event);
    hub->frame = calloc(1, sizeof *hub->frame);
    bool memory = hub->record != NULL && hub->event != NULL && hub->frame != NULL;
    enum err err = !memory ? ERR_MEMORY : origin_size >= TLOG_ORIGIN_SIZE ? ERR_LIMIT : ERR_NONE;
    if (err == ERR_NONE) {
        memcpy(hub->origin, options->origin, origin_size);
        err = wire_arena_init(&hub->arena, WIRE_EVENT_ARENA);
    }
    if (err == ERR_NONE) {
        err = parts_new(&hub->parts);
    }
    if (err == ERR_NONE) {
        err = history_new(&hub->history);
    }
    if (err == ERR_NONE) {
        err = open_fold(hub);
    }
    if (err == ERR_NONE) {
        err = sign_stored(hub);
    }
    if (err == ERR_NONE) {
        err = hub_open_epoch(hub);
    }
    if (err != ERR_NONE) {
        hub_close(hub);
        return err;
    }
    *ret_hub = hub;
    return ERR_NONE;
}

void hub_close(struct hub *hub)
{
    if (hub == NULL) {
        return;
    }
    fold_close(hub->fold);
    buf_done(&hub->checkpoint);
    buf_done(&hub->leaf);
    buf_done(&hub->expected);
    parts_free(hub->parts);
    history_free(hub->history);
    free(hub->order);
    wire_arena_done(&hub->arena);
    (void)pthread_rwlock_destroy(&hub->directory_lock);
    free(hub->record);
    free(hub->event);
    free(hub->frame);
    free(hub);
}

bool hub_is_lost(const struct hub *hub)
{
    return hub->fold == NULL || kv_has_failed(hub->kv);
}

struct fold *hub_fold(struct hub *hub)
{
    return hub->fold;
}

uint64_t hub_size(const struct hub *hub)
{
    return hub->head.size;
}

void hub_set_credit(struct hub *hub, uint32_t credit)
{
    hub->credit = credit;
}

uint64_t hub_epoch(const struct hub *hub)
{
    return hub->epoch;
}

struct span hub_checkpoint_view(const struct hub *hub)
{
    return buf_span(&hub->checkpoint);
}

enum err hub_root_at(struct hub *hub, struct kv_txn *txn, uint64_t size, struct tlog_hash *ret_root)
{
    if (size != hub->seen_size || size == 0) {
        struct log_tiles context = {&hub->fold->log, txn};
        struct tlog_tiles tiles = log_tiles(&context);
        enum err err = tlog_root(&tiles, size, &hub->seen_root);
        if (err != ERR_NONE) {
            hub->seen_size = 0;
            return err;
        }
        hub->seen_size = size;
    }
    *ret_root = hub->seen_root;
    return ERR_NONE;
}

void hub_put_proof(const struct tlog_proof *proof, struct buf *ret)
{
    for (size_t i = 0; i < proof->count; i++) {
        buf_put(ret, proof->hash[i].bytes, LIMIT_HASH_SIZE);
    }
}

void hub_keep_evidence(struct hub *hub, struct kv_txn *txn, const struct log_place *place,
                       struct span bytes)
{
    struct kv_key key;
    (void)hub;
    kv_key_init(&key);
    kv_key_bytes(&key, span_of(place->device, LIMIT_KEY_SIZE));
    kv_key_u64(&key, place->incarnation);
    kv_key_u64(&key, place->seq);
    kv_key_bytes(&key, span_of(place->id, LIMIT_HASH_SIZE));
    kv_put(txn, KV_EVIDENCE, kv_key_span(&key), bytes);
}

static bool count_one(void *context, struct span key, struct span value)
{
    uint64_t *count = context;
    (void)key;
    (void)value;
    (*count)++;
    return true;
}

uint64_t hub_evidence_count(struct hub *hub)
{
    struct kv_txn txn;
    uint64_t count = 0;
    kv_begin(hub->kv, false, &txn);
    kv_scan(&txn, KV_EVIDENCE, span_of(NULL, 0), span_of(NULL, 0), count_one, &count);
    kv_abort(&txn);
    return count;
}

enum err hub_blob_add(struct hub *hub, struct span bytes, uint8_t ret_hash[LIMIT_HASH_SIZE])
{
    struct kv_txn txn;
    if (bytes.size > LIMIT_BLOB_SIZE) {
        return ERR_LIMIT;
    }
    seal_sha256(bytes, ret_hash);
    kv_begin(hub->kv, true, &txn);
    kv_put(&txn, KV_BLOB, span_of(ret_hash, LIMIT_HASH_SIZE), bytes);
    enum err err = kv_commit(&txn);
    kv_abort(&txn);
    return err;
}

static void fill_chain(struct hub *hub, struct kv_txn *txn, struct author_chain *ret)
{
    struct log_head head;
    memset(ret, 0, sizeof *ret);
    memcpy(ret->hub, hub->id, LIMIT_ID_SIZE);
    memcpy(ret->device, signer_key_id_view(hub->signer), LIMIT_KEY_SIZE);
    (void)log_head_get(&hub->fold->log, txn, ret->device, &head);
    /* The hub's chain opens a new incarnation with each epoch of its log. */
    ret->incarnation = head.incarnation > hub->epoch ? head.incarnation : hub->epoch;
    if (ret->incarnation == head.incarnation) {
        ret->seq = head.seq;
        memcpy(ret->id, head.id, sizeof ret->id);
    }
    memcpy(ret->seen_origin, hub->origin, sizeof ret->seen_origin);
    ret->seen_size = hub->head.size;
    memcpy(ret->seen_root, hub->head.root.bytes, LIMIT_HASH_SIZE);
    ret->applied_common = hub->fold->log.common_seq;
    ret->applied_epoch = hub->epoch;
    ret->clock = 1;
    memcpy(ret->boot, hub->boot, LIMIT_ID_SIZE);
}

/* The hub's event as a push of one. */
static enum err local_push(struct hub *hub, const struct wire_event *event,
                           const struct signer *signer, struct buf *body, struct hub_push **ret)
{
    struct hub_push *push = NULL;
    enum err err = hub_push_make(NULL, signer_key_id_view(hub->signer), 1, 0, &push);
    if (err != ERR_NONE) {
        return err;
    }
    push->local = true;
    push->events[0] = (struct hub_event){.check = HUB_CHECK_GOOD};
    push->incarnation = event->incarnation;
    push->first_seq = event->seq;
    err = author_sign(event, signer, body, &push->events[0].envelope, push->events[0].id);
    if (err != ERR_NONE) {
        hub_push_free(push);
        return err;
    }
    *ret = push;
    return ERR_NONE;
}

static enum err judge_local(struct hub *hub, const struct author_draft *draft,
                            const struct signer *signer, uint64_t now_ms,
                            struct fold_verdict *ret_verdict)
{
    static const uint8_t no_id[LIMIT_HASH_SIZE];
    struct kv_txn txn;
    struct author_chain chain;
    kv_begin(hub->kv, false, &txn);
    fill_chain(hub, &txn, &chain);
    author_fill(&chain, draft, signer_key_id_view(signer), hub->event);
    if (hub->event->has_seen) {
        hub->event->seen_origin = span_text(hub->origin); /* the chain is gone after this call */
    }
    struct fold_ask ask = {.event = hub->event,
                           .id = no_id,
                           .leaf_ms =
                               now_ms > hub->fold->log.last_ms ? now_ms : hub->fold->log.last_ms,
                           .leaf_index = hub->fold->log.size,
                           .space = FOLD_PROVEN,
                           .record = hub->record};
    enum err err = fold_judge(hub->fold, &txn, &ask, ret_verdict);
    kv_abort(&txn);
    return err;
}

enum err hub_submit(struct hub *hub, const struct author_draft *draft, const struct signer *signer,
                    uint64_t now_ms, struct fold_verdict *ret_verdict,
                    uint8_t ret_id[LIMIT_HASH_SIZE])
{
    struct buf body;
    struct hub_push *push = NULL;
    enum err err = judge_local(hub, draft, signer, now_ms, ret_verdict);
    if (err != ERR_NONE || ret_verdict->verdict != WIRE_ACCEPTED) {
        return err;
    }
    buf_init(&body, LIMIT_BODY_SIZE);
    err = local_push(hub, hub->event, signer, &body, &push);
    if (err == ERR_NONE) {
        err = hub_ingest(hub, &push, 1, now_ms);
    }
    if (err == ERR_NONE) {
        ret_verdict->verdict = (enum wire_verdict)push->events[0].answer.verdict;
        ret_verdict->refusal = push->events[0].answer.refusal;
        memcpy(ret_id, push->events[0].id, LIMIT_HASH_SIZE);
    }
    hub_push_free(push);
    buf_done(&body);
    return err;
}
