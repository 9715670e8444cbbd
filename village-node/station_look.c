#include "village-node/inside.h"

#include <string.h>

static bool count_one(void *context, struct span key, struct span value)
{
    uint64_t *count = context;
    (void)key;
    (void)value;
    (*count)++;
    return true;
}

void station_status(struct station *station, struct station_status *ret)
{
    const struct station_state *state = &station->state;
    struct kv_txn txn;
    memset(ret, 0, sizeof *ret);
    ret->incarnation = state->incarnation;
    ret->newest = state->newest;
    ret->answered = station_answered(station);
    ret->oldest_unsent_ms = station_oldest_ms(station);
    ret->epoch = state->epoch;
    ret->log_size = state->head_size;
    ret->common = state->common.folded;
    ret->own = state->own.folded;
    ret->last_contact_ms = state->contact_ms;
    ret->clock_offset_ms = station->clock_offset_ms;
    ret->hub_went_back = station->went_back;
    ret->restored = state->restored;
    ret->restoring = state->restoring;
    ret->folding = station_is_folding(station);
    ret->refusal = (enum sync_nack_reason)state->alarm;
    ret->split = state->split || station->doubted;
    ret->stuck = state->stuck;
    struct span device = span_of(signer_key_id_view(station->signer), LIMIT_KEY_SIZE);
    kv_begin(station->kv, false, &txn);
    kv_scan(&txn, KV_TASK, span_text("R"), span_of(NULL, 0), count_one, &ret->returned);
    kv_scan(&txn, KV_EVIDENCE, device, span_of(NULL, 0), count_one, &ret->displaced);
    ret->outbox = station_outbox_count(&txn);
    ret->behind = station->behind;
    kv_abort(&txn);
}

bool station_has_more(const struct station *station)
{
    return station->more;
}

static void fill_answer(const struct station_row *row, struct station_answer *ret)
{
    *ret = (struct station_answer){
        .standing = row->verdict == WIRE_ACCEPTED  ? STATION_ACCEPTED
                    : row->verdict == WIRE_REFUSED ? STATION_RETURNED
                                                   : STATION_SET_ASIDE,
        .leaf_index = row->index,
        .hub_ms = row->hub_ms,
        .verdict = row->verdict,
        .refusal = row->refusal,
    };
}

bool station_event(struct station *station, uint64_t incarnation, uint64_t seq,
                   struct buf *ret_envelope, struct station_answer *ret_answer)
{
    struct kv_txn txn;
    struct kv_key key;
    struct station_row row;
    kv_begin(station->kv, false, &txn);
    bool found = kv_get(&txn, KV_EVENT, station_chain_key(&key, incarnation, seq), ret_envelope);
    if (found) {
        *ret_answer = (struct station_answer){.standing = STATION_KEPT};
        if (station_row_get(&txn, incarnation, seq, &row)) {
            fill_answer(&row, ret_answer);
        }
    }
    kv_abort(&txn);
    return found;
}

struct task_walk {
    struct kv_txn *txn;
    station_task_visit visit;
    void *context;
};

static bool visit_task(void *context, struct span key, struct span value)
{
    struct task_walk *walk = context;
    struct station_row row;
    struct station_answer answer = {.standing = STATION_KEPT};
    (void)value;
    if (key.size != 17) {
        return true;
    }
    uint64_t incarnation = get_u64(key.data + 1);
    uint64_t seq = get_u64(key.data + 9);
    if (!station_row_get(walk->txn, incarnation, seq, &row)) {
        return true;
    }
    fill_answer(&row, &answer);
    return walk->visit(walk->context, incarnation, seq, &answer);
}

void station_tasks(struct station *station, station_task_visit visit, void *context)
{
    struct kv_txn txn;
    struct task_walk walk = {&txn, visit, context};
    kv_begin(station->kv, false, &txn);
    kv_scan(&txn, KV_TASK, span_text("R"), span_of(NULL, 0), visit_task, &walk);
    kv_abort(&txn);
}

enum err station_task_done(struct station *station, uint64_t incarnation, uint64_t seq)
{
    struct kv_txn txn;
    struct kv_key key;
    if (station->failed) {
        return ERR_STORE;
    }
    struct span task = station_task_key(&key, incarnation, seq);
    kv_begin(station->kv, true, &txn);
    if (!kv_has(&txn, KV_TASK, task)) {
        enum err err = txn.err != ERR_NONE ? ERR_STORE : ERR_NOT_FOUND;
        kv_abort(&txn);
        return err;
    }
    kv_delete(&txn, KV_TASK, task);
    return station_commit(station, &txn);
}
