#include "township-hub/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A hub restored from a copy opens a new log over what the copy still holds; its first leaf says
 * where the former one was cut, so that everybody judges what was written under it alike. */

static void epoch_facts(const struct hub *hub, uint64_t former, struct values *ret)
{
    const char *slash = strrchr(hub->origin, '/');
    int prefix = slash == NULL ? 0 : (int)(slash - hub->origin);
    char origin[TLOG_ORIGIN_SIZE];
    int size = snprintf(origin, sizeof origin, "%.*s/%llu", prefix, hub->origin,
                        (unsigned long long)former);
    bool whole = size > 0 && (size_t)size < sizeof origin;
    values_clear(ret);
    values_set_number(ret, FIELD_epoch, 0, hub->epoch);
    values_set_bytes(ret, FIELD_former_origin, 0, span_text(whole ? origin : ""));
    values_set_number(ret, FIELD_former_size, 0, hub->head.size);
    values_set_bytes(ret, FIELD_former_root, 0,
                     span_of(hub->head.root.bytes, sizeof hub->head.root.bytes));
    values_set_number(ret, FIELD_former_ms, 0, hub->fold->log.last_ms);
}

/* The newest log that this one goes on from. */
static uint64_t former_epoch(struct hub *hub)
{
    struct kv_txn txn;
    struct log_head head;
    kv_begin(hub->kv, false, &txn);
    (void)log_head_get(&hub->fold->log, &txn, signer_key_id_view(hub->signer), &head);
    kv_abort(&txn);
    return head.incarnation > 0 && head.incarnation < hub->epoch ? head.incarnation
                                                                 : hub->epoch - 1;
}

enum err hub_open_epoch(struct hub *hub)
{
    struct fold_verdict verdict = {.verdict = WIRE_VERDICT_NONE};
    uint8_t id[LIMIT_HASH_SIZE];
    if (hub->epoch <= 1 || world_epoch(hub->fold->world) >= hub->epoch) {
        return ERR_NONE;
    }
    struct author_draft *draft = calloc(1, sizeof *draft);
    struct values *facts = malloc(sizeof *facts);
    enum err err = draft == NULL || facts == NULL ? ERR_MEMORY : ERR_NONE;
    if (err == ERR_NONE) {
        epoch_facts(hub, former_epoch(hub), facts);
        memcpy(draft->record, signer_key_id_view(hub->signer), sizeof draft->record);
        draft->payload = WIRE_EPOCH;
        draft->facts = facts;
        /* No clock is asked: it happens when the former log ended. */
        draft->claimed_ms = hub->fold->log.last_ms;
        err = hub_submit(hub, draft, hub->signer, hub->fold->log.last_ms, &verdict, id);
    }
    free(draft);
    free(facts);
    return err != ERR_NONE || verdict.verdict == WIRE_ACCEPTED ? err : ERR_STATE;
}
