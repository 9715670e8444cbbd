#include "township-hub/inside.h"

#include <stdlib.h>
#include <string.h>

/* Where event i of a push should stand. */
static void place_of(const struct hub_push *push, uint32_t i, struct log_place *ret)
{
    memcpy(ret->device, push->device, LIMIT_KEY_SIZE);
    ret->incarnation = push->incarnation;
    ret->seq = push->first_seq + i;
    memcpy(ret->id, push->events[i].id, LIMIT_HASH_SIZE);
}

/* Does the body say what its place demands? */
static bool in_place(const struct hub *hub, const struct wire_event *event,
                     const struct log_place *place, const uint8_t *before)
{
    return memcmp(event->hub, hub->id, LIMIT_ID_SIZE) == 0 &&
           memcmp(event->device, place->device, LIMIT_KEY_SIZE) == 0 &&
           event->incarnation == place->incarnation && event->seq == place->seq &&
           event->has_prev == (place->seq > 1) &&
           (place->seq == 1 || memcmp(event->prev, before, LIMIT_HASH_SIZE) == 0);
}

/* The author became known since the workers looked. */
static bool verify_late(struct hub *hub, const struct hub_push *push, uint32_t i,
                        const struct wire_event *event)
{
    const uint8_t *key = directory_public(world_directory(hub->fold->world), event->author);
    return key != NULL && seal_verify(key, SEAL_EVENT, push->events[i].envelope.body,
                                      push->events[i].envelope.signature);
}

/* Into hub->event. What came by a push, a worker has decoded with all checks, and kept if there was
 * room. */
static bool decode(struct hub *hub, const struct hub_push *push, uint32_t i)
{
    struct span body = push->events[i].envelope.body;
    if (push->events[i].kept != NULL) {
        kept_event_give(push->events[i].kept, hub->event);
        return true;
    }
    wire_arena_reset(&hub->arena);
    return push->events[i].check != HUB_CHECK_UNREADABLE &&
           wire_event_decode(body, &hub->arena, hub->event) == ERR_NONE;
}

/* Why event i must be void, or WIRE_VOID_NONE; decodes it into hub->event. */
static enum wire_void void_reason(struct hub *hub, const struct hub_push *push, uint32_t i,
                                  const struct log_place *place, const uint8_t *before)
{
    if (!decode(hub, push, i)) {
        return WIRE_VOID_UNREADABLE;
    }
    if (!in_place(hub, hub->event, place, before)) {
        return WIRE_VOID_CHAIN;
    }
    if (push->events[i].check == HUB_CHECK_SIGNATURE) {
        return WIRE_VOID_SIGNATURE;
    }
    if (push->events[i].check == HUB_CHECK_UNKNOWN && !verify_late(hub, push, i, hub->event)) {
        return WIRE_VOID_AUTHOR;
    }
    return WIRE_VOID_NONE;
}

/* Facts after an accepted event. */
static void keep_facts(struct hub *hub, struct kv_txn *txn, const struct fold_ask *ask,
                       const struct fold_verdict *verdict, uint64_t common_seq)
{
    if (verdict->verdict != WIRE_ACCEPTED) {
        return;
    }
    if (verdict->has_record) {
        fold_record_put(hub->fold, txn, FOLD_PROVEN, ask->record);
        return;
    }
    if (common_seq == 0) {
        return;
    }
    (void)pthread_rwlock_wrlock(&hub->directory_lock);
    enum err err = world_apply(hub->fold->world, txn, ask->event, common_seq, ask->leaf_index);
    (void)pthread_rwlock_unlock(&hub->directory_lock);
    if (err != ERR_NONE && txn->err == ERR_NONE) {
        txn->err = err;
    }
}

static void append_leaf(struct hub *hub, struct kv_txn *txn, const struct wire_leaf *leaf,
                        const struct log_place *place)
{
    buf_clear(&hub->leaf);
    enum err err = wire_leaf_encode(leaf, &hub->leaf);
    if (err != ERR_NONE && txn->err == ERR_NONE) {
        txn->err = err;
    }
    (void)log_append(&hub->fold->log, txn, leaf, buf_span(&hub->leaf), place);
}

static void log_void(struct hub *hub, struct kv_txn *txn, const struct log_place *place,
                     enum wire_void reason, uint64_t hub_ms)
{
    struct wire_leaf leaf = {.hub_ms = hub_ms,
                             .verdict = WIRE_VOID,
                             .is_void = true,
                             .void_incarnation = place->incarnation,
                             .void_seq = place->seq,
                             .void_reason = (uint8_t)reason};
    memcpy(leaf.void_device, place->device, LIMIT_KEY_SIZE);
    memcpy(leaf.void_id, place->id, LIMIT_HASH_SIZE);
    append_leaf(hub, txn, &leaf, place);
}

/* Sealed parts of a logged event may follow: hub_blob_put takes these and no others. */
static void expect_parts(struct hub *hub, const struct wire_event *event)
{
    for (uint32_t i = 0; i < event->sealed_count; i++) {
        buf_put(&hub->expected, event->sealed[i].hash, PARTS_NAME_SIZE);
    }
}

static void log_judged(struct hub *hub, struct kv_txn *txn, struct hub_push *push, uint32_t i,
                       const struct log_place *place)
{
    struct fold_verdict verdict;
    struct log_head feed;
    struct fold_ask ask = {.event = hub->event,
                           .id = place->id,
                           .leaf_ms = push->hub_ms,
                           .leaf_index = hub->fold->log.size,
                           .space = FOLD_PROVEN,
                           .record = hub->record};
    enum err err = fold_judge(hub->fold, txn, &ask, &verdict);
    if (err != ERR_NONE) {
        /* No editions yet: the station cannot have had any either. */
        verdict =
            (struct fold_verdict){.verdict = WIRE_REFUSED, .refusal = REFUSAL_EDITION_MISSING};
    }
    push->events[i].answer.verdict = (uint8_t)verdict.verdict;
    push->events[i].answer.refusal = verdict.refusal;
    if (verdict.verdict == WIRE_VOID) {
        push->events[i].answer.void_reason = (uint8_t)verdict.void_reason;
        log_void(hub, txn, place, verdict.void_reason, push->hub_ms);
        return;
    }
    struct wire_leaf leaf = {.hub_ms = push->hub_ms,
                             .verdict = (uint8_t)verdict.verdict,
                             .refusal = verdict.refusal,
                             .common_seq = verdict.common ? hub->fold->log.common_seq + 1 : 0,
                             .envelope = push->events[i].envelope};
    if (verdict.own) {
        (void)log_head_get(&hub->fold->log, txn, verdict.feed_device, &feed);
        leaf.own_seq = feed.own_seq + 1;
        memcpy(leaf.feed_device, verdict.feed_device, LIMIT_KEY_SIZE);
    }
    append_leaf(hub, txn, &leaf, place);
    history_note(hub->history, hub->event->record, ask.leaf_index);
    keep_facts(hub, txn, &ask, &verdict, leaf.common_seq);
    if (verdict.verdict != WIRE_REFUSED) {
        expect_parts(hub, hub->event);
    }
}

/* Another log than ours was shown to this device, or it says so. */
static bool shows_other_log(struct hub *hub, struct kv_txn *txn, const struct hub_seen *seen,
                            struct log_head *head)
{
    struct tlog_hash root;
    if (!seen->shown) {
        return false;
    }
    if (seen->size > hub->head.size || seen->size < head->seen_size) {
        return true;
    }
    if (hub_root_at(hub, txn, seen->size, &root) != ERR_NONE) {
        return false;
    }
    head->seen_size = seen->size;
    return memcmp(root.bytes, seen->root, LIMIT_HASH_SIZE) != 0;
}

static void refuse(struct hub_push *push, enum sync_nack_reason reason, uint64_t wanted_seq)
{
    push->nack = reason;
    push->wanted_seq = wanted_seq;
}

/* All events of the push are new. A log that differs is found before anything is appended. */
static void log_new(struct hub *hub, struct kv_txn *txn, struct hub_push *push,
                    struct log_head *head)
{
    const uint8_t *before = head->id;
    struct log_place place;
    for (uint32_t i = 0; i < push->count; i++) {
        if (!push->local && push->events[i].check == HUB_CHECK_GOOD &&
            shows_other_log(hub, txn, &push->events[i].seen, head)) {
            place_of(push, i, &place);
            hub_keep_evidence(hub, txn, &place, push->events[i].envelope.body);
            refuse(push, SYNC_NACK_SEEN, push->first_seq);
            return;
        }
    }
    log_head_put(&hub->fold->log, txn, push->device, head);
    push->first_index = hub->fold->log.size;
    for (uint32_t i = 0; i < push->count; i++) {
        place_of(push, i, &place);
        enum wire_void reason = void_reason(hub, push, i, &place, before);
        if (reason == WIRE_VOID_NONE) {
            log_judged(hub, txn, push, i, &place);
        } else {
            push->events[i].answer.verdict = WIRE_VOID;
            push->events[i].answer.void_reason = (uint8_t)reason;
            log_void(hub, txn, &place, reason, push->hub_ms);
        }
        before = push->events[i].id;
    }
    push->answered = push->count;
}

/* The id and verdict a stored leaf gives event i. */
static bool stored_answer(struct hub *hub, struct kv_txn *txn, uint64_t index,
                          struct sync_answered *ret, uint8_t *ret_id, uint64_t *ret_ms)
{
    struct wire_leaf leaf;
    buf_clear(&hub->leaf);
    if (!log_leaf(&hub->fold->log, txn, index, &hub->leaf) ||
        wire_leaf_decode(buf_span(&hub->leaf), &leaf) != ERR_NONE) {
        return false;
    }
    *ret = (struct sync_answered){leaf.verdict, leaf.refusal, leaf.void_reason};
    *ret_ms = leaf.hub_ms;
    if (leaf.is_void) {
        memcpy(ret_id, leaf.void_id, LIMIT_HASH_SIZE);
    } else {
        seal_body_id(SEAL_EVENT, leaf.envelope.body, ret_id);
    }
    return true;
}

/* Another event stands at this place than the one pushed: both are kept, the life ends. */
static void note_fork(struct hub *hub, struct kv_txn *txn, struct hub_push *push, uint32_t i,
                      struct log_head *head)
{
    struct log_place place;
    place_of(push, i, &place);
    hub_keep_evidence(hub, txn, &place, push->events[i].envelope.body);
    if (push->incarnation == head->incarnation) {
        head->frozen = true;
        log_head_put(&hub->fold->log, txn, push->device, head);
    }
    refuse(push, SYNC_NACK_FORK, head->seq + 1);
}

/* The push begins with what the log holds already, of this life or an earlier one: the same answers
 * again, for the longest run that stands together in the log; another event at a known place is a
 * fork. */
static void answer_known(struct hub *hub, struct kv_txn *txn, struct hub_push *push,
                         struct log_head *head)
{
    uint8_t id[LIMIT_HASH_SIZE];
    uint64_t index = 0;
    uint64_t ms = 0;
    for (uint32_t i = 0; i < push->count; i++) {
        bool found = log_chain_index(&hub->fold->log, txn, head->number, push->incarnation,
                                     push->first_seq + i, &index) &&
                     (i == 0 || index == push->first_index + i) &&
                     stored_answer(hub, txn, index, &push->events[i].answer, id, &ms) &&
                     (i == 0 || ms == push->hub_ms);
        if (!found) {
            break;
        }
        if (memcmp(id, push->events[i].id, sizeof id) != 0) {
            note_fork(hub, txn, push, i, head);
            return;
        }
        if (i == 0) {
            push->first_index = index;
            push->hub_ms = ms;
        }
        push->answered = i + 1;
    }
    if (push->answered == 0 && txn->err == ERR_NONE) {
        txn->err = ERR_STORE;
    }
}

/* A later life must begin by naming where the last one ended here: a machine that does not know
 * all of it (a copy of another, or one whose last frames came late) has to fetch the rest first. */
static bool names_former(struct hub *hub, const struct hub_push *push, const struct log_head *head)
{
    const struct values *facts = &hub->event->facts;
    if (push->local || head->incarnation == 0) {
        return true;
    }
    if (push->first_seq != 1 || !decode(hub, push, 0) || hub->event->payload != WIRE_LIFE) {
        return false;
    }
    return values_number(facts, FIELD_former, 0) == head->incarnation &&
           values_number(facts, FIELD_former_seq, 0) == head->seq &&
           span_equal(values_bytes(facts, FIELD_former_id, 0), span_of(head->id, sizeof head->id));
}

/* Events of a life that has ended: those the log holds are answered, no others are taken. */
static void answer_earlier(struct hub *hub, struct kv_txn *txn, struct hub_push *push,
                           struct log_head *head)
{
    uint64_t index = 0;
    if (log_chain_index(&hub->fold->log, txn, head->number, push->incarnation, push->first_seq,
                        &index)) {
        answer_known(hub, txn, push, head);
    } else {
        refuse(push, SYNC_NACK_OLD_INCARNATION, head->incarnation + 1);
    }
}

void hub_log_push(struct hub *hub, struct kv_txn *txn, struct hub_push *push, uint64_t hub_ms)
{
    struct log_head head;
    const struct directory_station *station =
        directory_station(world_directory(hub->fold->world), push->device);
    if (push->nack != SYNC_NACK_NONE) {
        return;
    }
    push->hub_ms = hub_ms;
    (void)log_head_get(&hub->fold->log, txn, push->device, &head);
    if (!push->local && (station == NULL || station->revoked_index != 0)) {
        refuse(push, SYNC_NACK_REVOKED, 0);
    } else if (push->incarnation < head.incarnation) {
        answer_earlier(hub, txn, push, &head);
    } else if (push->incarnation == head.incarnation && push->first_seq <= head.seq) {
        answer_known(hub, txn, push, &head);
    } else if (push->incarnation == head.incarnation && head.frozen) {
        refuse(push, SYNC_NACK_FROZEN, head.seq + 1);
    } else {
        uint64_t wanted = push->incarnation == head.incarnation ? head.seq + 1 : 1;
        bool next = push->incarnation != head.incarnation;
        if (push->first_seq != wanted || (next && !names_former(hub, push, &head))) {
            refuse(push, SYNC_NACK_GAP, wanted);
            return;
        }
        head.frozen = head.frozen && !next;
        log_new(hub, txn, push, &head);
    }
}
