#include "fold/fold.h"

#include "fold/scratch.h"
#include "store/keys.h"

#include <stdlib.h>
#include <string.h>

enum err fold_open(struct kv *kv, const struct fold_options *options, struct fold **ret_fold)
{
    struct kv_txn txn;
    struct fold *fold = calloc(1, sizeof *fold);
    if (fold == NULL) {
        return ERR_MEMORY;
    }
    fold->kv = kv;
    memcpy(fold->hub, options->hub, LIMIT_ID_SIZE);
    fold->scratch = calloc(FOLD_SCRATCH, sizeof *fold->scratch);
    fold->event = calloc(1, sizeof *fold->event);
    fold->record_bytes = calloc(1, sizeof *fold->record_bytes);
    bool memory = fold->scratch != NULL && fold->event != NULL && fold->record_bytes != NULL;
    enum err err = memory ? ERR_NONE : ERR_MEMORY;
    if (memory) {
        buf_init(fold->record_bytes, LIMIT_RECORD_SIZE);
    }
    if (err == ERR_NONE) {
        err = wire_arena_init(&fold->arena, WIRE_EVENT_ARENA);
    }
    if (err == ERR_NONE) {
        err = world_new(options->hub_device, options->hub_public, &fold->world);
    }
    kv_begin(kv, false, &txn);
    if (err == ERR_NONE) {
        err = log_init(&fold->log, &txn, options->slot);
    }
    if (err == ERR_NONE && !options->lazy_world) {
        err = world_load(fold->world, &fold->log, &txn, fold->log.common_seq);
    }
    kv_abort(&txn);
    if (err != ERR_NONE) {
        fold_close(fold);
        return err;
    }
    *ret_fold = fold;
    return ERR_NONE;
}

void fold_close(struct fold *fold)
{
    if (fold == NULL) {
        return;
    }
    log_done(&fold->log);
    world_free(fold->world);
    wire_arena_done(&fold->arena);
    if (fold->record_bytes != NULL) {
        buf_done(fold->record_bytes);
    }
    free(fold->record_bytes);
    free(fold->scratch);
    free(fold->event);
    free(fold);
}
