#include "township-hub/inside.h"

#include <stdlib.h>
#include <string.h>

/* --- Order --- */

static void place(struct hub *hub, struct hub_push *push, size_t *done)
{
    push->placed = true;
    hub->order[(*done)++] = push;
}

/* Pushes of one line behind one another, else as they were given. */
static enum err put_in_order(struct hub *hub, struct hub_push *const *pushes, size_t count)
{
    size_t done = 0;
    if (count > hub->order_room) {
        struct hub_push **order = realloc(hub->order, count * sizeof(struct hub_push *));
        if (order == NULL) {
            return ERR_MEMORY;
        }
        hub->order = order;
        hub->order_room = count;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t line = pushes[i]->line;
        if (pushes[i]->placed) {
            continue;
        }
        place(hub, pushes[i], &done);
        for (size_t j = i + 1; j < count && line != 0; j++) {
            if (!pushes[j]->placed && pushes[j]->line == line) {
                place(hub, pushes[j], &done);
            }
        }
    }
    return ERR_NONE;
}

/* --- Answers --- */

static bool is_answered(const struct hub_push *push)
{
    return push->nack == SYNC_NACK_NONE && push->answered > 0 && !push->local;
}

/* Does next go on right where push ends, in the chain and in the log? */
static bool goes_on(const struct hub_push *push, const struct hub_push *next)
{
    return push->line != 0 && next->line == push->line && is_answered(next) &&
           push->answered == push->count && next->incarnation == push->incarnation &&
           next->first_seq == push->first_seq + push->count &&
           next->first_index == push->first_index + push->count && next->hub_ms == push->hub_ms;
}

/* Which pushes are answered by one frame: the last of them carries it. */
static void join(struct hub *hub, size_t count)
{
    uint32_t events = 0;
    for (size_t i = 0; i < count; i++) {
        struct hub_push *push = hub->order[i];
        struct hub_push *before = hub->order[i == 0 ? 0 : i - 1];
        if (!is_answered(push)) {
            continue;
        }
        bool joins = i > 0 && is_answered(before) && goes_on(before, push) &&
                     events + push->answered <= LIMIT_BATCH_COUNT;
        before->later = before->later || joins;
        push->joined = joins ? before->joined + 1 : 0;
        events = (joins ? events : 0) + push->answered;
    }
}

static uint32_t joined_count(struct hub_push *const *last)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i <= (*last)->joined; i++) {
        count += last[-(ptrdiff_t)i]->answered;
    }
    return count;
}

/* Range proofs against the tree as it will be committed. */
static void prove_all(struct hub *hub, struct kv_txn *txn, size_t count)
{
    struct log_tiles context = {&hub->fold->log, txn};
    struct tlog_tiles tiles = log_tiles(&context);
    for (size_t i = 0; i < count; i++) {
        struct hub_push *push = hub->order[i];
        if (!is_answered(push) || push->later) {
            continue;
        }
        const struct hub_push *first = hub->order[i - push->joined];
        enum err err = tlog_prove_range(&tiles, first->first_index, joined_count(&hub->order[i]),
                                        hub->fold->log.size, &push->proof);
        if (err != ERR_NONE && txn->err == ERR_NONE) {
            txn->err = err;
        }
    }
}

static enum err put_nack(struct hub *hub, struct hub_push *push)
{
    struct sync_nack_body nack = {.incarnation = push->incarnation,
                                  .first_seq = push->first_seq,
                                  .reason = push->nack,
                                  .wanted_seq = push->wanted_seq,
                                  .hub_ms = push->hub_ms};
    memcpy(nack.hub, hub->id, LIMIT_ID_SIZE);
    memcpy(nack.device, push->device, LIMIT_KEY_SIZE);
    memcpy(nack.head_id, push->head.id, LIMIT_HASH_SIZE);
    return hub_nack(hub, &nack, &push->reply);
}

/* The answer to *last and those joined to it, which stand before it. */
static enum err put_answer(struct hub *hub, struct hub_push *const *last)
{
    struct hub_push *push = *last;
    struct hub_push *const *first = last - push->joined;
    struct sync_answer *answer = &hub->frame->answer;
    struct buf proof;
    buf_init(&proof, LIMIT_PROOF_SIZE);
    hub_put_proof(&push->proof, &proof);
    hub->frame->kind = SYNC_ANSWER;
    answer->incarnation = push->incarnation;
    answer->first_seq = (*first)->first_seq;
    answer->first_index = (*first)->first_index;
    answer->hub_ms = push->hub_ms;
    answer->count = 0;
    for (struct hub_push *const *one = first; one <= last; one++) {
        for (uint32_t i = 0; i < (*one)->answered; i++) {
            answer->answers[answer->count++] = (*one)->events[i].answer;
        }
    }
    answer->checkpoint = buf_span(&hub->checkpoint);
    answer->proof = buf_span(&proof);
    answer->credit = hub->credit;
    enum err err = proof.err != ERR_NONE ? proof.err : wire_frame_encode(hub->frame, &push->reply);
    buf_done(&proof);
    return err;
}

static enum err reply_all(struct hub *hub, size_t count)
{
    enum err err = ERR_NONE;
    for (size_t i = 0; i < count && err == ERR_NONE; i++) {
        struct hub_push *push = hub->order[i];
        if (push->nack != SYNC_NACK_NONE) {
            err = put_nack(hub, push);
        } else if (!push->later && !push->local) {
            err = put_answer(hub, &hub->order[i]);
        }
    }
    return err;
}

enum err hub_ingest(struct hub *hub, struct hub_push *const *pushes, size_t count, uint64_t now_ms)
{
    struct kv_txn txn;
    struct tlog_hash root;
    uint64_t hub_ms = now_ms > hub->fold->log.last_ms ? now_ms : hub->fold->log.last_ms;
    enum err ordered = put_in_order(hub, pushes, count);
    if (ordered != ERR_NONE) {
        return ordered;
    }
    kv_begin(hub->kv, true, &txn);
    history_begin(hub->history, hub->fold->log.size);
    buf_clear(&hub->expected);
    for (size_t i = 0; i < count; i++) {
        hub_log_push(hub, &txn, hub->order[i], hub_ms);
    }
    if (hub->expected.err != ERR_NONE && txn.err == ERR_NONE) {
        txn.err = hub->expected.err;
    }
    parts_expect(&txn, buf_span(&hub->expected));
    log_flush(&hub->fold->log, &txn, &root);
    history_flush(hub->history, &txn, hub->fold->log.size);
    join(hub, count);
    prove_all(hub, &txn, count);
    enum err err = kv_commit(&txn);
    kv_abort(&txn);
    if (err != ERR_NONE) {
        enum err again = hub_reload(hub);
        return again != ERR_NONE ? again : err;
    }
    err = hub_sign_checkpoint(hub, &root);
    return err != ERR_NONE ? err : reply_all(hub, count);
}
